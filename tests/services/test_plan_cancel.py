"""Cancelling a plan (4.5)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from app.access.actor import JOB, Actor
from app.services import fees, plan_cancel, registrations
from app.services.errors import DomainError
from models.accounts import Role
from models.fees import FeeBasis, FeeSlip, SlipState
from models.jobs import Message
from models.kit import clock
from models.plans import ExamPlan, FeeMode, PlanState
from models.platform import SmsMessage
from models.quotas import Quota
from models.registrations import Registration, RegistrationState
from tests import factories
from tests import factories_registrations as make
from tests.factories_registrations import IN_REGISTRATION, at
from tests.models.world import QINGDAO


@pytest.fixture(autouse=True)
def december() -> Iterator[None]:
    with clock.travel(IN_REGISTRATION):
        yield


@pytest.fixture
def principal(as_: Any) -> Actor:
    """Of the organisation whose plan has three people of Qingdao, one of them in a second plan too."""
    make.a_pilot_school_with_quota(as_)
    with as_(JOB) as db:
        account = factories.account(db, Role.ORGANISATION_PRINCIPAL, organisation_id=5)
        db.commit()
        return Actor("organisation", account.id, 5, "organisation.principal", account.name)


def cancel(as_: Any, actor: Actor, plan_id: int) -> None:
    with as_(actor) as db:
        plan_cancel.cancel(db, actor, [db.get_one(ExamPlan, plan_id)], "考场不足")
        db.commit()


def test_all_registrations_go_places_come_back_and_everybody_is_told(as_: Any, principal: Actor) -> None:
    plan = make.a_published_plan(as_, fee_mode=FeeMode.EITHER)
    other = make.a_published_plan(as_)
    people = make.registered_candidates(as_, 3, plan_id=plan, mobile="13800009999")
    with as_(QINGDAO) as db:
        registrations.register_for_certificate(db, QINGDAO, db.get_one(ExamPlan, other), 1, people[:1])
        fees.make_slip(
            db, QINGDAO, db.get_one(ExamPlan, plan), FeeBasis.BY_SUBJECT, make.registrations_of(db, people[1])
        )
        db.commit()
    cancel(as_, principal, plan)
    with as_(QINGDAO) as db:
        states = db.execute(sa.select(Registration.plan_id, Registration.state).distinct()).all()
        assert {tuple(row) for row in states} == {
            (plan, RegistrationState.CANCELLED),
            (other, RegistrationState.REGISTERED),
        }
        assert db.scalar(sa.select(Quota.used)) == 1
        assert db.execute(sa.select(FeeSlip.state, FeeSlip.refusal_reason)).one() == (
            SlipState.RETURNED,
            "考试计划已取消",
        )
        (message,) = db.scalars(sa.select(Message))
        assert "全部报考已取消,指标已退回" in (message.body or "")
        row = db.get_one(ExamPlan, plan)
        assert (row.state, row.cancel_reason) == (PlanState.CANCELLED, "考场不足")
        with pytest.raises(DomainError, match="计划不存在或未发布"):
            registrations.register_for_certificate(db, QINGDAO, row, 1, people[:1])
    with as_(JOB) as db:
        (sms,) = db.scalars(sa.select(SmsMessage).where(SmsMessage.template == "plan_cancelled"))
        assert (sms.mobile, sms.about_id) == ("13800009999", plan)
        assert "考场不足" in sms.body


def test_a_plan_with_a_seat_is_not_cancelled(as_: Any, principal: Actor) -> None:
    plan = make.a_published_plan(as_)
    (person,) = make.registered_candidates(as_, 1, plan_id=plan)
    with as_(QINGDAO) as db:
        entry = make.registrations_of(db, person)[0].id
    make.scheduled(as_, entry)
    with pytest.raises(DomainError, match="请先撤销排考"):
        cancel(as_, principal, plan)


def test_a_plan_is_cancelled_before_its_first_session_only(as_: Any, principal: Actor) -> None:
    plan = make.a_published_plan(as_)
    with clock.travel(at("2020-12-21T08:30")), pytest.raises(DomainError, match="第一场考试已开始"):
        cancel(as_, principal, plan)
    with clock.travel(at("2020-12-21T08:29")):
        cancel(as_, principal, plan)


def test_a_cancelled_plan_stays_cancelled(as_: Any, principal: Actor) -> None:
    plan = make.a_published_plan(as_)
    cancel(as_, principal, plan)
    with pytest.raises(DomainError, match="计划已取消,不能取消"):
        cancel(as_, principal, plan)
