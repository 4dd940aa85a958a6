"""Candidates, registrations and fee slips through the pages (7.2; R33, R51, R54, R57, E69, E87, E104, E107, E137)."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from app.access.actor import JOB
from app.services import fees
from models.accounts import Account, Role
from models.candidates import Candidate, IdentityCheck, IdentityState, Photo
from models.certificates import Certificate
from models.fees import FeeBasis, FeeSlip, SlipState
from models.kit import clock
from models.plans import ExamPlan, FeeMode, PlanState
from models.registrations import Registration, RegistrationState
from tests import factories
from tests import factories_registrations as make
from tests.documents.samples import jpeg
from tests.factories_registrations import IN_REGISTRATION
from tests.models.world import QINGDAO

ID_NUMBER = "34052419800101001X"
FORM = {
    "kind": "STUDENT", "name": "张三", "id_number": ID_NUMBER, "mobile": "13800000001", "major": "软件技术",
    "education_level": "VOCATIONAL", "enrolment_year": "2019",
}  # fmt: skip


@pytest.fixture(autouse=True)
def december() -> Iterator[None]:
    with clock.travel(IN_REGISTRATION):
        yield


@pytest.fixture
def people(as_: Any) -> Callable[[Role], Account]:
    """An account of a role: Qingdao's, Beijing's with `school_id=10`, or the organisation's."""
    make.a_pilot_school_with_quota(as_)
    make.a_pilot_school_with_quota(as_, school_id=10)

    def account(role: Role, **values: Any) -> Account:
        tenant = {"school_id": 11} if role.kind == "school" else {"organisation_id": 5}
        with as_(JOB) as db:
            made = factories.account(db, role, **{**tenant, **values})
            db.commit()
            db.expunge(made)
            return made

    return account


def get(as_: Any, model: Any, key: int) -> Any:
    with as_(JOB) as db:
        row = db.get_one(model, key)
        db.expunge(row)
        return row


# Candidates


def test_a_candidate_is_entered_with_a_photo_and_waits_for_the_check(
    as_: Any, people: Any, browse: Any
) -> None:
    manager = browse(people(Role.SCHOOL_MANAGER))
    answer = manager.post(
        "/console/candidate/add",
        {**FORM, "photo": (io.BytesIO(jpeg()), "照片.jpg")},
        content_type="multipart/form-data",
    )
    assert answer.status_code == 302, manager.text()
    with as_(QINGDAO) as db:
        row = db.scalars(sa.select(Candidate)).one()
        assert (row.name_pinyin, row.identity_state) == ("Zhang San", IdentityState.WAITING)
        assert db.scalars(sa.select(Photo.current)).all() == [True]
    page = manager.get("/console/candidate/").get_data(as_text=True)
    assert ("340524********001X" in page, ID_NUMBER in page) == (True, False)


def test_what_is_wrong_stands_beside_its_field(people: Any, browse: Any) -> None:
    manager = browse(people(Role.SCHOOL_MANAGER))
    for wrong, words in (
        ({"id_number": "340524198001010010"}, "身份证号校验位错误"),
        ({"enrolment_year": "2021"}, "入学年份应在1990–2020之间"),
        ({"major": ""}, "请填写就读专业"),
        ({"name": "张3"}, "姓名不能含数字"),
    ):
        manager.post("/console/candidate/add", {**FORM, **wrong})
        assert words in manager.text()
    manager.post("/console/candidate/add", FORM)
    manager.post("/console/candidate/add", FORM)
    assert "考生已存在,请使用批量修改" in manager.text()


def test_e58_a_rare_character_is_stored_and_found_by_the_list(as_: Any, people: Any, browse: Any) -> None:
    """𠮷 is four bytes: neither PostgreSQL nor the search may take it for another, 吉 above all."""
    manager = browse(people(Role.SCHOOL_MANAGER))
    for name, number in (("𠮷小野", ID_NUMBER), ("吉小野", "340524199801010020")):
        answer = manager.post(
            "/console/candidate/add", {**FORM, "name": name, "id_number": number, "name_pinyin": "Ji Xiaoye"}
        )
        assert answer.status_code == 302, manager.text()
    with as_(QINGDAO) as db:
        assert db.scalars(sa.select(Candidate.name).order_by(Candidate.id)).all() == ["𠮷小野", "吉小野"]
        assert db.scalar(sa.text("select octet_length(name) from candidate order by id limit 1")) == 10
    for wanted in ("𠮷小野", "𠮷"):
        for page in (
            manager.get("/console/candidate/", query_string={"f_name": wanted}),
            manager.post("/console/candidate/", {"f_name": wanted}),
        ):
            text = page.get_data(as_text=True)
            assert (
                page.status_code == 200 and "340524********001X" in text and "340524********0020" not in text
            )
    assert "𠮷小野" not in manager.post("/console/candidate/", {"f_name": "吉"}).get_data(as_text=True)


def test_e69_failed_checks_are_confirmed_in_one_go_by_a_manager_and_not_by_staff(
    as_: Any, people: Any, browse: Any
) -> None:
    ids = make.candidates(as_, 3, identity_state=IdentityState.FAILED)
    staff = browse(people(Role.SCHOOL_STAFF, menus=["考试管理/考生管理"]))
    assert staff.act("candidate", "confirm", ids).status_code == 403
    manager = browse(people(Role.SCHOOL_MANAGER))
    assert manager.act("candidate", "confirm", ids).status_code == 302
    with as_(QINGDAO) as db:
        assert set(db.scalars(sa.select(Candidate.identity_state))) == {IdentityState.CONFIRMED}
        assert len(db.scalars(sa.select(IdentityCheck)).all()) == 3


def test_before_many_are_changed_it_is_said_how_many_fit_and_how_many_are_left_out(
    as_: Any, people: Any, browse: Any
) -> None:
    failed = make.candidates(as_, 2, identity_state=IdentityState.FAILED)
    (confirmed,) = make.candidates(as_, 1, identity_state=IdentityState.CONFIRMED)
    manager = browse(people(Role.SCHOOL_MANAGER))
    ids = [str(key) for key in (*failed, confirmed)]
    manager.post("/console/candidate/action/confirm", {"rowid": ids})
    page = re.sub(r"(\s*<[^>]+>\s*)+", " ", manager.text())
    assert ("将处理 2 条" in page, "状态不符,跳过 1 条" in page) == (True, True)
    with as_(QINGDAO) as db:
        untouched = db.scalars(
            sa.select(Candidate.id).where(Candidate.identity_state == IdentityState.FAILED)
        )
        assert set(untouched) == set(failed)


def test_r57_a_registered_candidate_is_not_deleted(as_: Any, people: Any, browse: Any) -> None:
    plan = make.a_published_plan(as_)
    (bound,) = make.registered_candidates(as_, 1, plan_id=plan)
    (free,) = make.candidates(as_, 1)
    manager = browse(people(Role.SCHOOL_MANAGER))
    assert manager.post(f"/console/candidate/{bound}/delete").status_code == 409
    assert manager.post(f"/console/candidate/{free}/delete").status_code == 302


# Registrations


def test_the_registration_page_offers_both_imports_and_the_deletion(
    as_: Any, people: Any, browse: Any
) -> None:
    plan = make.a_published_plan(as_)
    make.registered_candidates(as_, 1, plan_id=plan)
    page = browse(people(Role.SCHOOL_MANAGER)).get("/console/registration/").get_data(as_text=True)
    for words in (
        "批量导入报考数据(按证书)",
        "批量导入报考数据(按科目)",
        "批量删除报考数据",
        "20600031253700400001",
    ):
        assert words in page
    for address in ("by_certificate", "by_subject", "deletions"):
        assert f"/console/registration/import/{address}" in page


@pytest.mark.parametrize("name", ["by_certificate", "by_subject", "deletions"])
def test_each_import_has_its_page_and_its_template(people: Any, browse: Any, name: str) -> None:
    manager = browse(people(Role.SCHOOL_MANAGER))
    assert manager.get(f"/console/registration/import/{name}").status_code == 200
    template = manager.get(f"/console/registration/import/{name}/template")
    assert (template.status_code, template.get_data()[:2]) == (200, b"PK")


def test_registrations_are_deleted_from_the_list_and_another_schools_are_not_there(
    as_: Any, people: Any, browse: Any
) -> None:
    plan = make.a_published_plan(as_)
    (person,) = make.registered_candidates(as_, 1, plan_id=plan)
    with as_(QINGDAO) as db:
        ids = [row.id for row in make.registrations_of(db, person)]
    stranger = browse(people(Role.SCHOOL_MANAGER, school_id=10))
    assert stranger.act("registration", "delete_registration", ids).status_code == 404
    manager = browse(people(Role.SCHOOL_MANAGER))
    assert manager.act("registration", "delete_registration", ids[:1]).status_code == 302
    with as_(QINGDAO) as db:
        assert [row.id for row in make.registrations_of(db, person)] == ids[1:]


# Fee slips


@pytest.fixture
def slip(as_: Any, people: Any) -> int:
    plan = make.a_published_plan(as_, fee_mode=FeeMode.EITHER)
    with as_(JOB) as db:
        db.get_one(Certificate, 1).fee_per_certificate = Decimal(100)
        db.commit()
    ids = make.registered_candidates(as_, 2, plan_id=plan)
    with as_(QINGDAO) as db:
        rows = make.registrations_of(db, *ids)
        made = fees.make_slip(db, QINGDAO, db.get_one(ExamPlan, plan), FeeBasis.BY_CERTIFICATE, rows)
        db.commit()
        return int(made.id)


def test_a_slip_is_made_from_ticked_registrations(as_: Any, people: Any, browse: Any) -> None:
    plan = make.a_published_plan(as_, fee_mode=FeeMode.BY_SUBJECT)
    people_ids = make.registered_candidates(as_, 2, plan_id=plan)
    with as_(QINGDAO) as db:
        ids = [row.id for row in make.registrations_of(db, *people_ids)]
    manager = browse(people(Role.SCHOOL_MANAGER))
    assert manager.act("registration", "make_slip", ids, {"basis": "BY_CERTIFICATE"}).status_code == 409
    assert "该计划不按证书收费" in manager.text()
    assert manager.act("registration", "make_slip", ids[:3], {"basis": "BY_SUBJECT"}).status_code == 302
    with as_(QINGDAO) as db:
        assert db.scalars(sa.select(FeeSlip.person_times)).all() == [3]


def test_the_slip_is_printed_by_both_sides_and_by_nobody_else(slip: int, people: Any, browse: Any) -> None:
    for account in (people(Role.SCHOOL_MANAGER), people(Role.ORGANISATION_MANAGER)):
        browser = browse(account)
        assert f"/console/fee_slip/{slip}/print" in browser.get(f"/console/fee_slip/{slip}").get_data(
            as_text=True
        )
        paper = browser.get(f"/console/fee_slip/{slip}/print")
        assert (paper.status_code, paper.mimetype, paper.get_data()[:5]) == (200, "application/pdf", b"%PDF-")
    assert (
        browse(people(Role.SCHOOL_MANAGER, school_id=10)).get(f"/console/fee_slip/{slip}/print").status_code
        == 404
    )
    assert browse(people(Role.ORGANISATION_CLERK)).get(f"/console/fee_slip/{slip}/print").status_code == 403


def test_e107_the_organisation_confirms_a_difference_only_knowingly(
    as_: Any, slip: int, people: Any, browse: Any
) -> None:
    organisation = browse(people(Role.ORGANISATION_MANAGER))
    told = {"received_amount": "190.00", "received_on": "2020-12-09"}
    assert organisation.act("fee_slip", "record_payment", [slip], told).status_code == 422
    assert "实收金额与应收不符(应收200.00)" in organisation.text()
    answer = organisation.act("fee_slip", "record_payment", [slip], {**told, "accept_difference": "y"})
    assert answer.status_code == 302, organisation.text()
    row = get(as_, FeeSlip, slip)
    assert (row.state, row.received_amount) == (SlipState.CONFIRMED, Decimal("190.00"))


def test_e104_a_school_deletes_its_slip_until_it_is_confirmed_and_never_confirms_it(
    as_: Any, slip: int, people: Any, browse: Any
) -> None:
    manager = browse(people(Role.SCHOOL_MANAGER))
    assert manager.act("fee_slip", "confirm", [slip]).status_code == 403
    assert browse(people(Role.ORGANISATION_MANAGER)).act("fee_slip", "confirm", [slip]).status_code == 302
    assert manager.post(f"/console/fee_slip/{slip}/delete").status_code == 409
    with as_(QINGDAO) as db:
        assert set(db.scalars(sa.select(Registration.paid))) == {True}


def test_a_slip_sent_back_says_why(as_: Any, slip: int, people: Any, browse: Any) -> None:
    organisation = browse(people(Role.ORGANISATION_MANAGER))
    assert organisation.act("fee_slip", "send_back", [slip], {"reason": "请分开填写"}).status_code == 302
    manager = browse(people(Role.SCHOOL_MANAGER))
    assert "请分开填写" in manager.get(f"/console/fee_slip/{slip}").get_data(as_text=True)
    assert manager.post(f"/console/fee_slip/{slip}/delete").status_code == 302


# Cancelling


def test_only_the_organisations_principal_cancels_a_plan(as_: Any, people: Any, browse: Any) -> None:
    plan = make.a_published_plan(as_)
    make.registered_candidates(as_, 1, plan_id=plan)
    reason = {"reason": "考场不足"}
    assert (
        browse(people(Role.ORGANISATION_MANAGER)).act("exam_plan", "cancel", [plan], reason).status_code
        == 403
    )
    assert (
        browse(people(Role.ORGANISATION_PRINCIPAL)).act("exam_plan", "cancel", [plan], reason).status_code
        == 302
    )
    assert get(as_, ExamPlan, plan).state is PlanState.CANCELLED
    with as_(QINGDAO) as db:
        assert set(db.scalars(sa.select(Registration.state))) == {RegistrationState.CANCELLED}
