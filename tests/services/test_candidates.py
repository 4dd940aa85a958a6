"""Candidates in the school's hands and the real-name check (4.6, R40–R58, E53–E72)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from app.access.actor import JOB, Actor
from app.documents.drawn import placeholder_photo
from app.gateways import identity as gateway
from app.gateways import storage
from app.panel import saving
from app.panel.resolve import resolve
from app.services import candidates, identity, registrations
from app.services.errors import DomainError
from config import reset_settings
from models.accounts import Role
from models.candidates import (
    Candidate,
    CandidateKind,
    IdentityCheck,
    IdentityMethod,
    IdentityOutcome,
    IdentityState,
    Person,
    Photo,
)
from models.certificates import EducationLevel
from models.kit import clock
from models.plans import ExamPlan
from models.quotas import QuotaUse
from models.registrations import AdmissionTicket
from tests import factories
from tests import factories_registrations as make
from tests.factories_registrations import IN_REGISTRATION
from tests.models.world import BEIJING, QINGDAO, found

ID_NUMBER = "34052419800101001X"
OTHER_ID = "830000199001010012"
RESOLVED = resolve(Candidate)
FILLED = {
    "kind": CandidateKind.STUDENT, "name": "张三", "name_pinyin": None, "id_number": ID_NUMBER, "mobile": "13800000001",
    "major": "软件技术", "education_level": EducationLevel.VOCATIONAL, "enrolment_year": 2019,
}  # fmt: skip


@pytest.fixture(autouse=True)
def december() -> Iterator[None]:
    with clock.travel(IN_REGISTRATION):
        yield


@pytest.fixture
def manager(as_: Any) -> Actor:
    found(as_)
    with as_(JOB) as db:
        account = factories.account(db, Role.SCHOOL_MANAGER, school_id=11)
        db.commit()
        return Actor("school", account.id, 11, "school.manager", account.name)


def photo() -> str:
    key = storage.new_key("jpg")
    storage.put(key, placeholder_photo("张三", 1))
    return key


def add(db: Any, actor: Actor, **values: Any) -> Candidate:
    made = saving.create(db, RESOLVED, actor, {**FILLED, **values})
    assert isinstance(made, Candidate)
    db.commit()
    return made


def change(db: Any, actor: Actor, row: Candidate, **values: Any) -> None:
    try:
        saving.update(db, RESOLVED, actor, row, values, row.version)
        db.commit()
    except DomainError:
        db.rollback()
        raise


def turn(as_: Any) -> object:
    with as_(JOB) as db:
        answered = identity.check_waiting(db)
        db.commit()
        return answered


def state(as_: Any, key: int) -> IdentityState:
    with as_(JOB) as db:
        found: IdentityState = db.get_one(Candidate, key).identity_state
        return found


# Entering and changing


def test_a_new_candidate_has_a_person_a_suggested_pinyin_and_what_the_number_tells(
    as_: Any, manager: Actor
) -> None:
    with as_(manager) as db:
        row = add(db, manager)
        assert (row.name_pinyin, row.id_masked, row.identity_state) == (
            "Zhang San",
            "340524********001X",
            IdentityState.INCOMPLETE,
        )
        key, person = row.id, row.person_id
    with as_(JOB) as db:
        assert db.get_one(Person, person).id_number == ID_NUMBER
        assert db.get_one(Candidate, key).school_name == "青岛学院"


def test_e53_a_person_is_entered_once_a_school_and_pointed_to_the_change_import(
    as_: Any, manager: Actor
) -> None:
    with as_(manager) as db:
        add(db, manager)
        with pytest.raises(DomainError, match="考生已存在,请使用批量修改") as refused:
            add(db, manager, name="李四")
        assert (refused.value.field, refused.value.status) == ("id_number", 409)


def test_e54_two_schools_enter_one_person_who_stays_one(as_: Any, manager: Actor) -> None:
    with as_(manager) as db:
        add(db, manager)
    with as_(BEIJING) as db:
        row = add(db, BEIJING)
        assert db.scalars(sa.select(Candidate.id)).all() == [row.id]
    with as_(JOB) as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(Person)) == 1


@pytest.mark.parametrize("name", ["mobile", "major", "education_level", "enrolment_year"])
def test_r40_what_a_student_needs_is_asked_for_by_name(as_: Any, manager: Actor, name: str) -> None:
    with as_(manager) as db, pytest.raises(DomainError, match="请填写") as refused:
        add(db, manager, **{name: None})
    assert refused.value.field == name


def test_r40_a_social_candidate_may_leave_the_school_data_out(as_: Any, manager: Actor) -> None:
    bare = {"major": None, "education_level": None, "enrolment_year": None}
    with as_(manager) as db:
        assert add(db, manager, kind=CandidateKind.SOCIAL, **bare).missing == ["photo"]


@pytest.mark.parametrize("year", [1980, 1989, 2021])
def test_e59_the_year_of_enrolment_is_from_1990_to_this_year(as_: Any, manager: Actor, year: int) -> None:
    with as_(manager) as db, pytest.raises(DomainError, match="入学年份应在1990–2020之间"):
        add(db, manager, enrolment_year=year)


def test_a_photo_completes_the_candidate_and_is_kept_with_its_predecessors(as_: Any, manager: Actor) -> None:
    with as_(manager) as db:
        row = add(db, manager)
        first, second = photo(), photo()
        change(db, manager, row, photo=first)
        assert row.identity_state is IdentityState.WAITING
        change(db, manager, row, photo=second)
        history = db.execute(sa.select(Photo.file, Photo.current).order_by(Photo.id)).all()
        assert [tuple(line) for line in history] == [(first, False), (second, True)]


def test_e56_an_old_record_is_completed_step_by_step(as_: Any, manager: Actor) -> None:
    (old,) = make.candidates(
        as_,
        1,
        identity_state=IdentityState.INCOMPLETE,
        photo=None,
        mobile=None,
        major=None,
        name_pinyin=None,
        education_level=None,
        enrolment_year=None,
    )
    with as_(manager) as db:
        row = db.get_one(Candidate, old)
        change(db, manager, row, mobile="13800000001")
        assert row.identity_state is IdentityState.INCOMPLETE
        rest = {"major": "软件技术", "education_level": EducationLevel.VOCATIONAL, "enrolment_year": 2019}
        change(db, manager, row, photo=photo(), **rest)
        assert (row.missing, row.identity_state) == ([], IdentityState.WAITING)


def test_a_complete_candidate_cannot_lose_what_is_required(as_: Any, manager: Actor) -> None:
    (key,) = make.candidates(as_, 1)
    with as_(manager) as db, pytest.raises(DomainError, match="请填写手机号码"):
        change(db, manager, db.get_one(Candidate, key), mobile=None)


@pytest.mark.parametrize("changed", [{"name": "李四"}, {"photo": "other.jpg"}, {"id_number": OTHER_ID}])
def test_e72_after_the_first_signature_only_a_correction_changes_who_one_is(
    as_: Any, manager: Actor, changed: dict[str, Any]
) -> None:
    (key,) = make.candidates(as_, 1, signed_at=IN_REGISTRATION)
    with as_(manager) as db:
        with pytest.raises(DomainError, match="请走更正流程") as refused:
            change(db, manager, db.get_one(Candidate, key), **changed)
        assert refused.value.field in changed
        change(db, manager, db.get_one(Candidate, key), mobile="13811111111", name="李考生")


def test_r56_the_kind_is_fixed_while_there_is_a_registration(as_: Any, manager: Actor) -> None:
    make.a_pilot_school_with_quota(as_)
    plan = make.a_published_plan(as_)
    (bound,) = make.registered_candidates(as_, 1, plan_id=plan)
    (free,) = make.candidates(as_, 1)
    with as_(manager) as db:
        change(db, manager, db.get_one(Candidate, free), kind=CandidateKind.SOCIAL)
        with pytest.raises(DomainError, match="不能更改学生类型"):
            change(db, manager, db.get_one(Candidate, bound), kind=CandidateKind.SOCIAL)


def test_a_corrected_id_number_is_another_person_who_keeps_the_place(as_: Any, manager: Actor) -> None:
    make.a_pilot_school_with_quota(as_)
    plan = make.a_published_plan(as_)
    (key,) = make.registered_candidates(as_, 1, plan_id=plan)
    with as_(manager) as db:
        row = db.get_one(Candidate, key)
        was = row.person_id
        change(db, manager, row, id_number=OTHER_ID)
        assert (row.person_id != was, row.identity_state) == (True, IdentityState.WAITING)
        assert db.scalars(sa.select(QuotaUse.person_id)).all() == [row.person_id]
        assert {r.person_id for r in make.registrations_of(db, key)} == {row.person_id}
        registrations.unregister(db, manager, make.registrations_of(db, key))
        assert db.scalars(sa.select(QuotaUse.person_id)).all() == []


# Deleting


def test_r57_a_registered_candidate_stays_and_one_without_registration_goes_with_all_its_traces(
    as_: Any, manager: Actor
) -> None:
    make.a_pilot_school_with_quota(as_)
    plan = make.a_published_plan(as_)
    (key,) = make.candidates(as_, 1, identity_state=IdentityState.FAILED)
    with as_(manager) as db:
        candidates.confirm(db, manager, [db.get_one(Candidate, key)])
        registrations.register_for_certificate(db, manager, db.get_one(ExamPlan, plan), 1, [key])
        db.commit()
        with pytest.raises(DomainError, match="考生已有报考记录,不能删除"):
            saving.delete(db, RESOLVED, manager, db.get_one(Candidate, key))
        db.rollback()
        registrations.unregister(db, manager, make.registrations_of(db, key))
        assert db.scalar(sa.select(sa.func.count()).select_from(AdmissionTicket)) == 1
        saving.delete(db, RESOLVED, manager, db.get_one(Candidate, key))
        db.commit()
        for model in (Candidate, IdentityCheck, AdmissionTicket):
            assert db.scalar(sa.select(sa.func.count()).select_from(model)) == 0


def test_a_check_is_a_fact_that_nobody_changes_or_takes_away(as_: Any, manager: Actor) -> None:
    (key,) = make.candidates(as_, 1, identity_state=IdentityState.FAILED)
    with as_(manager) as db:
        candidates.confirm(db, manager, [db.get_one(Candidate, key)])
        db.commit()
    for statement in (sa.update(IdentityCheck).values(reason="改写"), sa.delete(IdentityCheck)):
        with as_(JOB) as db, pytest.raises(DBAPIError, match="认证记录不能修改或删除"):
            db.execute(statement)


# The real-name check


def test_e69_the_check_on_the_premises_ends_in_the_schools_own_confirmation(as_: Any, manager: Actor) -> None:
    (key,) = make.candidates(
        as_, 1, identity_state=IdentityState.WAITING, photo=photo(), mobile="13811112222"
    )
    assert turn(as_) == 1
    with as_(manager) as db:
        row = db.get_one(Candidate, key)
        assert (row.identity_state, row.is_real) == (IdentityState.FAILED, False)
        assert row.identity_reason == "信息和照片符合要求;未接入联网核验,请人工核对后点“确认无误”"
        candidates.confirm(db, manager, [row])
        db.commit()
        assert (row.identity_state, row.is_real, row.identity_reason) == (IdentityState.CONFIRMED, True, None)
        local, manual = db.scalars(sa.select(IdentityCheck).order_by(IdentityCheck.id))
        assert (local.method, local.outcome) == (IdentityMethod.LOCAL, IdentityOutcome.FAILED)
        assert (manual.method, manual.account_id, manual.at) == (
            IdentityMethod.MANUAL,
            manager.account,
            manual.at,
        )
        assert manual.made_for == local.made_for == identity.digest(row)
        person = row.person_id
    with as_(JOB) as db:
        bound = db.get_one(Person, person)
        assert (bound.mobile, bound.bound_at is not None) == ("13811112222", True)


def test_the_check_on_the_premises_names_what_is_wrong(as_: Any, manager: Actor) -> None:
    bad = storage.new_key("jpg")
    storage.put(bad, b"GIF89a")
    lost, wrong = make.candidates(as_, 2, identity_state=IdentityState.WAITING)
    with as_(JOB) as db:
        db.get_one(Candidate, wrong).photo = bad
        db.commit()
    turn(as_)
    with as_(JOB) as db:
        reasons = {row.id: row.identity_reason for row in db.scalars(sa.select(Candidate))}
    assert reasons == {
        lost: "没有找到照片文件,请重新上传照片",
        wrong: "照片不符合要求:格式不是jpg/png",
    }


def test_e70_a_confirmed_candidate_whose_name_is_changed_waits_again_and_cannot_register(
    as_: Any, manager: Actor
) -> None:
    make.a_pilot_school_with_quota(as_)
    plan = make.a_published_plan(as_)
    (key,) = make.candidates(as_, 1, identity_state=IdentityState.CONFIRMED)
    with as_(manager) as db:
        row = db.get_one(Candidate, key)
        before = identity.digest(row)
        change(db, manager, row, mobile="13899999999")
        assert row.identity_state is IdentityState.CONFIRMED
        change(db, manager, row, name="李真名")
        assert (row.identity_state, identity.digest(row) != before) == (IdentityState.WAITING, True)
        with pytest.raises(DomainError, match="未通过实名认证"):
            registrations.register_for_certificate(db, manager, db.get_one(ExamPlan, plan), 1, [key])


@pytest.fixture
def remote(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """An adapter whose answers the test gives: a verdict, or None for no answer."""
    answers: list[Any] = []

    def answer(claim: gateway.Claim) -> gateway.Verdict:
        verdict: gateway.Verdict | None = answers.pop(0)
        if verdict is None:
            raise gateway.Unreachable
        return verdict

    gateway.adapter("tencent", answer)
    for name, value in {
        "IDENTITY": "tencent",
        "TENCENT_SECRET_ID": "id",
        "TENCENT_SECRET_KEY": "key",
    }.items():
        monkeypatch.setenv(f"PANEL_{name}", value)
    reset_settings()
    yield answers
    monkeypatch.undo()
    reset_settings()


def test_a_face_that_fits_verifies_and_one_that_does_not_goes_to_the_school(
    as_: Any, manager: Actor, remote: list[Any]
) -> None:
    one, other = make.candidates(as_, 2, identity_state=IdentityState.WAITING, photo=photo())
    remote += [
        gateway.Verdict(gateway.Answer.PASSED, score=96.5),
        gateway.Verdict(gateway.Answer.FAILED, "与公安照片不一致", 41.2),
    ]
    assert turn(as_) == 2
    assert (state(as_, one), state(as_, other)) == (IdentityState.VERIFIED, IdentityState.FAILED)
    with as_(QINGDAO) as db:
        assert db.get_one(Candidate, other).identity_reason == "与公安照片不一致"
        scores = db.execute(
            sa.select(IdentityCheck.method, IdentityCheck.score).order_by(IdentityCheck.id)
        ).all()
        assert [(m, str(s)) for m, s in scores] == [
            (IdentityMethod.FACE, "96.50"),
            (IdentityMethod.FACE, "41.20"),
        ]


def test_e71_a_gateway_that_does_not_answer_is_asked_three_times_and_then_the_school_decides(
    as_: Any, manager: Actor, remote: list[Any]
) -> None:
    first, second = make.candidates(as_, 2, identity_state=IdentityState.WAITING, photo=photo())
    for tries in (1, 2, 3):
        remote[:] = [None]  # the second of the turn is not even sent
        with clock.travel(IN_REGISTRATION + tries * timedelta(minutes=2)):
            assert turn(as_) == 0
            assert turn(as_) == 0  # nobody is asked again within the minute
        assert state(as_, first) is state(as_, second)
        assert state(as_, second) is (IdentityState.FAILED if tries == 3 else IdentityState.WAITING)
    with clock.travel(IN_REGISTRATION + timedelta(hours=1)), as_(manager) as db:
        rows = [db.get_one(Candidate, key) for key in (first, second)]
        assert {row.identity_reason for row in rows} == {identity.GAVE_UP}
        candidates.confirm(db, manager, rows[:1])
        candidates.recheck(db, manager, rows[1:])
        db.commit()
    remote[:] = [None, gateway.Verdict(gateway.Answer.PASSED)]
    with clock.travel(IN_REGISTRATION + timedelta(hours=2)):
        turn(as_)
        assert state(as_, second) is IdentityState.WAITING
    with clock.travel(IN_REGISTRATION + timedelta(hours=3)):
        turn(as_)
    assert (state(as_, first), state(as_, second)) == (IdentityState.CONFIRMED, IdentityState.VERIFIED)
