"""Applying for a site, deciding, changing, closing; borrowed sites (4.4, 3.4; R79, R85, R89; E94, E102)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from app.panel import saving
from app.panel.resolve import resolve
from app.services import borrowing, sites
from app.services.errors import Conflict, DomainError, Refused
from models.jobs import Message
from models.kit import clock
from models.platform import SmsMessage
from models.sites import BorrowedSite, BorrowRequest, BorrowState, ExamSite, ExamSiteCertificate, SiteState
from tests import factories_registrations as made
from tests.factories_scheduling import (
    IN_SCHEDULING,
    a_plan_with,
    a_second_organisation,
    a_site,
    count,
    lent,
    scheduled,
    with_account,
)
from tests.models.world import BEIJING, ORGANISATION, QINGDAO, found

APPLICATION = {
    "organisation_id": 5, "name": "青岛学院Python考核站点", "place_city_id": 2, "address": "市南区一号路1号",
    "intro": "机房三间,设备齐全,交通便利", "contact_name": "李站长", "contact_mobile": "13900000012",
    "contact_email": "site@example.cn",
}  # fmt: skip


@pytest.fixture(autouse=True)
def in_scheduling() -> Iterator[None]:
    with clock.travel(IN_SCHEDULING):
        yield


def apply_for(as_: Any, *certificates: int, **values: Any) -> int:
    """As the form saves it: the row, then its child rows, then the commit."""
    with as_(QINGDAO) as db:
        site = saving.create(db, resolve(ExamSite), QINGDAO, {**APPLICATION, **values})
        for certificate in certificates:
            child = {
                "site_id": site.id, "certificate_id": certificate, "school_id": 11,
                "organisation_id": site.organisation_id,
            }  # fmt: skip
            saving.create(db, resolve(ExamSiteCertificate), QINGDAO, child)
        db.commit()
        return int(site.id)


def decide(as_: Any, key: int, decision: Any, *reason: str) -> None:
    """By an account of the organisation: only accounts send text messages."""
    actor = with_account(as_, ORGANISATION)
    with as_(actor) as db:
        decision(db, actor, [db.get_one(ExamSite, key)], *reason)
        db.commit()


def approved(as_: Any) -> int:
    site = apply_for(as_, 1)
    decide(as_, site, sites.approve)
    return site


def site_of(db: Any, key: int) -> ExamSite:
    return db.get_one(ExamSite, key, populate_existing=True)


def test_an_application_waits_with_a_code_and_the_organisation_is_told(as_: Any) -> None:
    made.a_pilot_school_with_quota(as_)
    key = apply_for(as_, 1)
    with as_(QINGDAO) as db:
        site = site_of(db, key)
        assert (site.state, len(site.site_code), site.certificate_count) == (SiteState.PENDING, 5, 1)
        assert not site.usable
    with as_(ORGANISATION) as db:
        assert "青岛学院申报了考核站点" in db.scalars(sa.select(Message.title)).one()


def test_e94_an_application_without_certificate_is_refused(as_: Any) -> None:
    made.a_pilot_school_with_quota(as_)
    with pytest.raises(DomainError, match="至少添加一个申请考试的证书") as refused:
        apply_for(as_)
    assert refused.value.field == "exam_site_certificate"
    with as_(QINGDAO) as db:
        assert count(db, ExamSite) == 0


def test_e94_a_certificate_of_another_organisation_is_refused(as_: Any) -> None:
    made.a_pilot_school_with_quota(as_)
    a_second_organisation(as_)
    with pytest.raises(DomainError, match=r"只能添加申报对象\(考核单位\)的证书"):
        apply_for(as_, 2)


def test_a_school_that_is_not_pilot_cannot_apply(as_: Any) -> None:
    """4.4: pilot this year."""
    found(as_)
    with pytest.raises(Refused, match="还不是试点院校"):
        apply_for(as_, 1)


def test_an_organisation_that_is_suspended_takes_no_application(as_: Any) -> None:
    from models.directory import Organisation
    from tests.models.world import PLATFORM

    made.a_pilot_school_with_quota(as_)
    with as_(PLATFORM) as db:
        row = db.get_one(Organisation, 5)
        row.active, row.inactive_reason = False, "停业整顿"
        db.commit()
    with pytest.raises(DomainError, match="不存在或已停用"):
        apply_for(as_, 1)


def test_approval_opens_the_site_and_tells_the_contact_by_sms(as_: Any) -> None:
    made.a_pilot_school_with_quota(as_)
    key = approved(as_)
    with as_(QINGDAO) as db:
        site = site_of(db, key)
        assert site.usable and site.approved_at == site.decided_at
        assert count(db, ExamSiteCertificate, ExamSiteCertificate.approved_at.is_not(None)) == 1
        assert "已通过审核" in db.scalars(sa.select(Message.title)).one()
    with as_() as db:
        text = db.scalars(sa.select(SmsMessage).where(SmsMessage.template == "site_decided")).one()
        assert (text.mobile, text.body) == ("13900000012", "贵校考点青岛学院Python考核站点的申报已通过审核。")


def test_a_refused_application_is_changed_and_submitted_again(as_: Any) -> None:
    made.a_pilot_school_with_quota(as_)
    key = apply_for(as_, 1)
    decide(as_, key, sites.refuse, "地址不完整")
    with as_(QINGDAO) as db:
        site = site_of(db, key)
        assert (site.state, site.refusal_reason) == (SiteState.REFUSED, "地址不完整")
        saving.update(db, resolve(ExamSite), QINGDAO, site, {"address": "市南区一号路2号"}, site.version)
        db.commit()
        sites.resubmit(db, QINGDAO, [site])
        db.commit()
        assert (site.state, site.refusal_reason) == (SiteState.PENDING, None)


def test_an_approved_site_is_neither_edited_nor_deleted_in_the_form(as_: Any) -> None:
    made.a_pilot_school_with_quota(as_)
    key = approved(as_)
    with as_(QINGDAO) as db:
        site = site_of(db, key)
        assert not sites.editable(site)
        with pytest.raises(Conflict, match="变更申请"):
            saving.update(db, resolve(ExamSite), QINGDAO, site, {"address": "别处路9号"}, None)
        db.rollback()
        with pytest.raises(Conflict, match="变更申请"):
            saving.delete(db, resolve(ExamSite), QINGDAO, site_of(db, key))


def test_old_data_stay_valid_while_a_change_waits_and_become_true_with_its_approval(as_: Any) -> None:
    """4.4 增加证书, 变更地址."""
    made.a_pilot_school_with_quota(as_)
    key, certificate = approved(as_), made.a_certificate(as_)
    with as_(QINGDAO) as db:
        sites.amend(db, QINGDAO, site_of(db, key), certificates=[certificate], address="崂山区二号路2号")
        db.commit()
        site = site_of(db, key)
        assert (site.state, site.usable, site.address) == (SiteState.PENDING, True, "市南区一号路1号")
    decide(as_, key, sites.approve)
    with as_(ORGANISATION) as db:
        site = site_of(db, key)
        assert (site.state, site.address, site.certificate_count) == (
            SiteState.APPROVED,
            "崂山区二号路2号",
            2,
        )
        assert count(db, ExamSiteCertificate, ExamSiteCertificate.approved_at.is_(None)) == 0


def test_a_refused_change_leaves_the_site_as_it_was(as_: Any) -> None:
    made.a_pilot_school_with_quota(as_)
    key, certificate = approved(as_), made.a_certificate(as_)
    with as_(QINGDAO) as db:
        sites.amend(db, QINGDAO, site_of(db, key), certificates=[certificate])
        db.commit()
    decide(as_, key, sites.refuse, "设备不足")
    with as_(ORGANISATION) as db:
        site = site_of(db, key)
        assert (site.state, site.usable, site.pending_change) == (SiteState.APPROVED, True, None)
        assert count(db, ExamSiteCertificate, ExamSiteCertificate.approved_at.is_not(None)) == 1


def test_a_change_of_nothing_is_refused(as_: Any) -> None:
    made.a_pilot_school_with_quota(as_)
    key = approved(as_)
    with as_(QINGDAO) as db, pytest.raises(DomainError, match="没有变更内容"):
        sites.amend(db, QINGDAO, site_of(db, key), certificates=[1], address="市南区一号路1号")


def test_a_site_with_exams_to_come_is_not_closed_even_if_they_are_a_draft(as_: Any) -> None:
    """4.4 停用: the school does not see the draft, the guard does."""
    plan, site = a_plan_with(as_, 1, 30)
    scheduled(as_, plan)
    with as_(QINGDAO) as db, pytest.raises(Conflict, match="还有未结束的考场安排"):
        sites.disable(db, QINGDAO, [site_of(db, site)])


def test_an_idle_site_is_closed(as_: Any) -> None:
    made.a_pilot_school_with_quota(as_)
    key = approved(as_)
    with as_(QINGDAO) as db:
        sites.disable(db, QINGDAO, [site_of(db, key)])
        db.commit()
        assert not site_of(db, key).usable


# Borrowed sites


def test_a_school_asks_and_the_organisation_assigns(as_: Any) -> None:
    plan, site = a_plan_with(as_, 0, 20)
    made.a_pilot_school_with_quota(as_, school_id=10)
    with as_(BEIJING) as db:
        values = {"plan_id": plan, "certificate_id": 1, "places": 12, "reason": "本校没有机房"}
        request = saving.create(db, resolve(BorrowRequest), BEIJING, values)
        db.commit()
        key = request.id
    with as_(ORGANISATION) as db:
        asked = db.get_one(BorrowRequest, key)
        grant = borrowing.assign(db, ORGANISATION, asked, site)
        db.commit()
        assert (grant.places, grant.host_school_id, asked.state) == (12, 11, BorrowState.ASSIGNED)
        with pytest.raises(Conflict, match="已分配"):
            borrowing.assign(db, ORGANISATION, asked, site)
    with as_(QINGDAO) as db:
        assert "北京学院的考生" in str(db.scalars(sa.select(Message.body)).one())


def test_places_of_a_second_request_are_added_to_the_grant(as_: Any) -> None:
    plan, site = a_plan_with(as_, 0, 20)
    made.a_pilot_school_with_quota(as_, school_id=10)
    lent(as_, plan, site, 5)
    with as_(BEIJING) as db:
        values = {"plan_id": plan, "certificate_id": 1, "places": 3, "reason": "还差三个座位"}
        key = saving.create(db, resolve(BorrowRequest), BEIJING, values).id
        db.commit()
    with as_(ORGANISATION) as db:
        assert borrowing.assign(db, ORGANISATION, db.get_one(BorrowRequest, key), site).places == 8


def grant(db: Any, actor: Any, plan: int, site: int, **values: Any) -> None:
    given = {
        "plan_id": plan,
        "site_id": site,
        "certificate_id": 1,
        "guest_school_id": 10,
        "places": 5,
        **values,
    }
    saving.create(db, resolve(BorrowedSite), actor, given)


def test_e102_a_school_cannot_assign_itself_a_site(as_: Any) -> None:
    plan, site = a_plan_with(as_, 0, 20)
    with as_(BEIJING) as db, pytest.raises(Refused):
        grant(db, BEIJING, plan, site)
    with as_(BEIJING) as db, pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
        db.execute(
            sa.insert(BorrowedSite).values(
                plan_id=plan, certificate_id=1, guest_school_id=10, site_id=site, places=5, organisation_id=5
            )
        )


def test_host_and_guest_are_two_schools(as_: Any) -> None:
    plan, site = a_plan_with(as_, 0, 20)
    with as_(ORGANISATION) as db, pytest.raises(DomainError, match="不能是站点所属院校"):
        grant(db, ORGANISATION, plan, site, guest_school_id=11)


def test_only_a_site_approved_for_the_certificate_is_lent(as_: Any) -> None:
    plan, _ = a_plan_with(as_, 0, 20)
    waiting = a_site(as_, approved=False)
    with as_(ORGANISATION) as db, pytest.raises(DomainError, match="未通过该证书的审批"):
        grant(db, ORGANISATION, plan, waiting)


def test_sites_are_lent_in_the_scheduling_window_only(as_: Any) -> None:
    """R85."""
    plan, site = a_plan_with(as_, 0, 20)
    with (
        clock.travel(made.IN_REGISTRATION),
        as_(ORGANISATION) as db,
        pytest.raises(Conflict, match="不在排考时间内"),
    ):
        grant(db, ORGANISATION, plan, site)


def test_a_grant_whose_guests_are_seated_stays(as_: Any) -> None:
    plan, site = a_plan_with(as_, 0, 20)
    made.a_pilot_school_with_quota(as_, school_id=10)
    made.registered_candidates(as_, 1, plan_id=plan, school_id=10)
    lent(as_, plan, site, 1)
    scheduled(as_, plan)
    with as_(ORGANISATION) as db, pytest.raises(Conflict, match="请先撤销排考"):
        saving.delete(db, resolve(BorrowedSite), ORGANISATION, db.scalars(sa.select(BorrowedSite)).one())
