"""Cancelling a published plan: registrations, places, slips, and those who must know (4.5)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.services import notify, quotas, sms_words
from app.services.actions import Ask, move
from app.services.errors import Conflict
from app.services.registrations import hold
from models.candidates import Candidate
from models.fees import FeeSlip, SlipState
from models.jobs import MessageKind
from models.kit import Text, clock
from models.plans import ExamPlan, ExamSession, PlanState
from models.platform import SmsMessage
from models.registrations import Registration, RegistrationState
from models.scheduling import SeatAssignment


def _may_cancel(plan: ExamPlan) -> bool:
    return plan.state is PlanState.PUBLISHED


@move(ExamPlan, "cancel", order=90, when=_may_cancel, asks=(Ask("reason", "取消原因", Text(500, 2)),))
def cancel(session: Session, actor: Actor, rows: Sequence[ExamPlan], reason: str) -> str:
    """已发布 → 已取消, before the first session and while no seat is assigned; cannot be undone."""
    for plan in rows:
        hold(session, plan)
        _require_unseated(session, plan)
        told = _schools(session, plan)
        _tell_candidates(session, plan, reason)
        _cancel_registrations(session, plan)
        _send_slips_back(session, plan)
        plan.state, plan.cancelled_at, plan.cancel_reason = PlanState.CANCELLED, clock.now(), reason
        session.flush()
        for school_id in told:
            notify.message(
                session,
                f"考试计划已取消:{plan.name}"[:120],
                f"{reason}。全部报考已取消,指标已退回",
                kind=MessageKind.RESULT,
                link=f"/console/exam_plan/{plan.id}",
                school_id=school_id,
            )
    return f"已取消{len(rows)}个计划"


def _require_unseated(session: Session, plan: ExamPlan) -> None:
    if plan.state is not PlanState.PUBLISHED:
        raise Conflict("plan.state", f"计划{plan.state.label},不能取消")
    first = session.scalar(
        sa.select(sa.func.min(ExamSession.starts_at)).where(ExamSession.plan_id == plan.id)
    )
    if first is not None and clock.now() >= first:
        raise Conflict("plan.begun", "第一场考试已开始,不能取消计划")
    seated = sa.exists().where(SeatAssignment.plan_id == plan.id)
    scheduled = sa.exists().where(
        Registration.plan_id == plan.id, Registration.state == RegistrationState.SCHEDULED
    )
    if session.scalar(sa.select(sa.or_(seated, scheduled))):
        raise Conflict("plan.seated", "已有考生安排了座位,请先撤销排考再取消计划")


def _schools(session: Session, plan: ExamPlan) -> Sequence[int]:
    rows = sa.select(Registration.school_id).where(Registration.plan_id == plan.id)
    return session.scalars(rows.distinct().order_by(Registration.school_id)).all()


def _tell_candidates(session: Session, plan: ExamPlan, reason: str) -> None:
    """One text message a mobile; the number goes from row to row inside the database."""
    words = notify.wording(session, "plan_cancelled")
    if words is None:
        return
    params = {"plan": plan.name, "reason": reason}
    body = sms_words.render(words, params)
    registered = sa.exists().where(Registration.plan_id == plan.id, Registration.candidate_id == Candidate.id)
    mobiles = (
        sa.select(
            Candidate.mobile,
            sa.literal("plan_cancelled"),
            sa.literal(notify.NAMES["plan_cancelled"]),
            sa.literal(params, SmsMessage.params.type),
            sa.literal(body),
            sa.literal(clock.now(), sa.DateTime(timezone=True)),
            sa.literal("exam_plan"),
            sa.literal(plan.id),
        )
        .where(registered, Candidate.mobile.is_not(None))
        .distinct()
    )
    columns = ["mobile", "template", "subject", "params", "body", "send_after", "about_table", "about_id"]
    session.execute(sa.insert(SmsMessage).from_select(columns, mobiles))


def _cancel_registrations(session: Session, plan: ExamPlan) -> None:
    """All of them, and the places of those who have no other registration of the certificate in the year (R38)."""
    rows = session.execute(
        sa.select(Registration.certificate_id, Registration.school_id, Registration.person_id)
        .where(Registration.plan_id == plan.id)
        .distinct()
    )
    persons: dict[tuple[int, int], list[int]] = defaultdict(list)
    for certificate, school, person in rows:
        persons[certificate, school].append(person)
    session.execute(
        sa.update(Registration)
        .where(Registration.plan_id == plan.id)
        .values(state=RegistrationState.CANCELLED),
        execution_options={"synchronize_session": False},
    )
    for (certificate, school), group in sorted(persons.items()):
        quotas.return_places(session, certificate, plan.exam_year, group, school_id=school)


def _send_slips_back(session: Session, plan: ExamPlan) -> None:
    """What nobody has paid need not be paid; refunds of confirmed slips are settled outside the platform."""
    session.execute(
        sa.update(FeeSlip)
        .where(FeeSlip.plan_id == plan.id, FeeSlip.state == SlipState.PENDING)
        .values(state=SlipState.RETURNED, refusal_reason="考试计划已取消"),
        execution_options={"synchronize_session": False},
    )


__all__ = ["cancel"]
