"""Registering candidates for the subjects of a plan, and taking it back (4.7, R69–R78, E83–E93).

Everything works on sets: an import of a thousand rows asks the database as often as one of ten.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.services import numbers, quotas
from app.services.actions import action
from app.services.errors import Conflict, DomainError
from app.services.pilot import is_pilot
from app.services.plan_offers import Offer
from app.services.quota_forecast import Forecast
from app.services.sets import among, insert_rows
from models.candidates import Candidate
from models.certificates import Certificate
from models.directory import Organisation, School
from models.fees import FeeSlip, FeeSlipLine, SlipState
from models.kit import clock, fields_of, formats
from models.plans import ExamPlan, PlanState
from models.registrations import AdmissionTicket, Registration, RegistrationState

OUTSIDE = "不在报考时间内"
NOT_PUBLISHED = "计划不存在或未发布"

REGISTERED, SCHEDULED = RegistrationState.REGISTERED, RegistrationState.SCHEDULED


@dataclass(slots=True)
class Wish:
    """A candidate to be registered for a certificate of a plan: for the named subjects (R72), or, with none named,
    for all that the certificate has for the candidate's group (R71).

    `examine` and `register` fill in `subject_ids`, and say in `problem` why the wish is refused, in `clash` which
    of the candidate's subjects cannot both be sat (R78: a warning only).
    """

    candidate_id: int
    certificate_id: int
    subject_ids: tuple[int, ...] = ()
    group_id: int | None = None
    problem: str = ""
    clash: str = ""


# Guards


def closed(plan: ExamPlan | None) -> str:
    """Why nothing of the plan may be registered or deleted now; empty while it may (R69, R70, E83)."""
    if plan is None or plan.state is not PlanState.PUBLISHED:
        return NOT_PUBLISHED
    return "" if plan.holds("registration", clock.now()) else OUTSIDE


def examine(
    session: Session,
    actor: Actor,
    plan: ExamPlan,
    wishes: Sequence[Wish],
    spent: dict[str, Any] | None = None,
) -> None:
    """Say of each wish whether it would be granted (R52, R60, R70–R73). Writes nothing.

    `spent` carries through the chunks of an import what earlier rows would take of the quotas (E40).
    """
    if refusal := closed(plan) or _not_pilot(session, actor, plan):
        for wish in wishes:
            wish.problem = refusal
        return
    offer = Offer(session, plan.id)
    candidates = _candidates(session, {wish.candidate_id for wish in wishes})
    entered = _entered(session, plan, candidates)
    forecast = Forecast(session, _school(actor), plan.exam_year, {} if spent is None else spent)
    forecast.prepare(
        (w.certificate_id, candidates[w.candidate_id].person_id)
        for w in wishes
        if w.candidate_id in candidates
    )
    for wish in wishes:
        wish.problem = (
            _candidate_problem(candidates.get(wish.candidate_id))
            or _subjects_problem(offer, wish)
            or _entered_problem(offer, wish, entered[wish.candidate_id])
            or forecast.problem(
                wish.certificate_id, candidates[wish.candidate_id], counting=spent is not None
            )
        )
        if not wish.problem:
            entered[wish.candidate_id] |= dict.fromkeys(wish.subject_ids, wish.group_id)
            wish.clash = offer.clash(entered[wish.candidate_id], wish.subject_ids)


def _school(actor: Actor) -> int:
    if actor.kind != "school" or actor.tenant is None:
        raise ValueError("only a school registers candidates")
    return actor.tenant


def _not_pilot(session: Session, actor: Actor, plan: ExamPlan) -> str:
    """R70, R36: the school is pilot in the year of the exam."""
    pilot = is_pilot(session, _school(actor), plan.exam_year)
    return "" if pilot else f"贵校不是{plan.exam_year}年度的试点院校,不能报考"


def _candidates(session: Session, ids: set[int]) -> dict[int, Candidate]:
    rows = session.scalars(sa.select(Candidate).where(among(Candidate.id, ids)))
    return {row.id: row for row in rows}


def _entered(session: Session, plan: ExamPlan, candidates: Iterable[int]) -> dict[int, dict[int, int | None]]:
    """What each candidate is registered for in the plan: subject → target group."""
    found: dict[int, dict[int, int | None]] = defaultdict(dict)
    rows = session.execute(
        sa.select(Registration.candidate_id, Registration.subject_id, Registration.target_group_id).where(
            Registration.plan_id == plan.id, among(Registration.candidate_id, candidates)
        )
    )
    for candidate, subject, group in rows:
        found[candidate][subject] = group
    return found


def _candidate_problem(candidate: Candidate | None) -> str:
    """R52, E56, E70: all data there, and the person real."""
    if candidate is None:
        return "考生不存在"
    if missing := candidate.missing:
        labels = fields_of(Candidate)
        return f"信息或照片不完善(缺{'、'.join(labels[name].label for name in missing)})"
    return "" if candidate.is_real else f"未通过实名认证(现为{candidate.identity_state.label})"


def _subjects_problem(offer: Offer, wish: Wish) -> str:
    """R60, R71–R73, E84: the subjects are in the plan and meant for the candidate's group."""
    if not wish.subject_ids:
        wish.subject_ids, problem = offer.subjects_for(wish.certificate_id, wish.group_id)
        return problem
    return next(
        filter(None, (offer.refusal(s, wish.certificate_id, wish.group_id) for s in wish.subject_ids)), ""
    )


def _entered_problem(offer: Offer, wish: Wish, entered: Mapping[int, int | None]) -> str:
    """No subject twice, all or nothing (R70, R71, E85); one group a certificate (R60)."""
    if twice := [offer.subjects[subject].subject_name for subject in wish.subject_ids if subject in entered]:
        return f"已报考({'、'.join(twice)})"
    groups = {
        group
        for subject, group in entered.items()
        if group is not None and offer.subjects[subject].certificate_id == wish.certificate_id
    }
    if wish.group_id is not None and groups - {wish.group_id}:
        return "参考对象类型与该考生已报科目的不一致"
    return ""


# Registering


def register(session: Session, actor: Actor, plan: ExamPlan, wishes: Sequence[Wish]) -> int:
    """Write what may be granted; the refused wishes say why (`problem`). Returns how many registrations were made.

    Places, ticket numbers and registrations are taken in the order of the wishes, in the caller's transaction.
    """
    hold(session, plan, _school(actor))
    if refusal := closed(plan):
        raise Conflict("registration.closed", refusal)
    examine(session, actor, plan, wishes)
    _use_places(session, plan, [wish for wish in wishes if not wish.problem])
    granted = [wish for wish in wishes if not wish.problem]
    tickets = _tickets(session, actor, plan, granted)
    offer = Offer(session, plan.id)
    rows = [
        {
            "candidate_id": wish.candidate_id,
            "subject_id": subject,
            "certificate_id": wish.certificate_id,
            "target_group_id": wish.group_id,
            "plan_subject_id": offer.subjects[subject].id,
            "ticket_id": tickets[wish.candidate_id, wish.certificate_id],
        }
        for wish in granted
        for subject in wish.subject_ids
    ]
    if rows:
        session.execute(insert_rows(Registration, rows, plan_id=plan.id, school_id=actor.tenant))
    return len(rows)


def register_for_certificate(
    session: Session,
    actor: Actor,
    plan: ExamPlan,
    certificate_id: int,
    candidate_ids: Iterable[int],
    group_id: int | None = None,
) -> int:
    """All subjects of the certificate for each candidate (R71); a refusal refuses all, naming the first reason."""
    wishes = [Wish(candidate, certificate_id, group_id=group_id) for candidate in candidate_ids]
    made = register(session, actor, plan, wishes)
    if refused := next((wish for wish in wishes if wish.problem), None):
        raise DomainError("registration.refused", refused.problem)
    return made


def hold(session: Session, plan: ExamPlan, school_id: int | None = None) -> None:
    """Until the transaction ends: a school works on its registrations of a plan one after another, and while any
    school does the plan is not cancelled (4.5). Without a school the plan is held against all. Then it is read anew."""
    plan_key = sa.func.hashtextextended(f"exam_plan:{plan.id}", 0)
    if school_id is None:
        session.execute(sa.select(sa.func.pg_advisory_xact_lock(plan_key)))
    else:
        session.execute(sa.select(sa.func.pg_advisory_xact_lock_shared(plan_key)))
        own_key = sa.func.hashtextextended(f"exam_plan:{plan.id}:{school_id}", 0)
        session.execute(sa.select(sa.func.pg_advisory_xact_lock(own_key)))
    session.refresh(plan)


def _use_places(session: Session, plan: ExamPlan, wishes: Sequence[Wish]) -> None:
    """A place of the quota for each person and certificate, the certificates in order of their ids (R37, E36)."""
    candidates = _candidates(session, {wish.candidate_id for wish in wishes})
    by_certificate: dict[int, list[Wish]] = defaultdict(list)
    for wish in wishes:
        by_certificate[wish.certificate_id].append(wish)
    for certificate, group in sorted(by_certificate.items()):
        people = [(candidates[w.candidate_id].person_id, candidates[w.candidate_id].kind) for w in group]
        won = quotas.use_places(session, certificate, plan.exam_year, people)
        losers = [wish for wish, (person, _) in zip(group, people, strict=True) if person not in won]
        if losers:
            school = candidates[losers[0].candidate_id].school_id
            left = quotas.places_left(session, school, certificate, plan.exam_year) or 0
        for wish in losers:
            wish.problem = f"本年度该证书指标不足(剩余{left})"


def _tickets(
    session: Session, actor: Actor, plan: ExamPlan, wishes: Sequence[Wish]
) -> dict[tuple[int, int], int]:
    """The ticket of each candidate and certificate, made where there is none yet (R75, R76, E90, E91)."""
    wanted = list(dict.fromkeys((wish.candidate_id, wish.certificate_id) for wish in wishes))
    known = session.execute(
        sa.select(AdmissionTicket.candidate_id, AdmissionTicket.certificate_id, AdmissionTicket.id).where(
            AdmissionTicket.plan_id == plan.id, among(AdmissionTicket.candidate_id, {c for c, _ in wanted})
        )
    )
    tickets = {(candidate, certificate): key for candidate, certificate, key in known}
    fresh = [pair for pair in wanted if pair not in tickets]
    if fresh:
        rows = [
            {"candidate_id": candidate, "certificate_id": certificate, "number": number}
            for (candidate, certificate), number in _numbered(session, actor, plan, fresh)
        ]
        made = session.execute(
            insert_rows(AdmissionTicket, rows, plan_id=plan.id, school_id=actor.tenant).returning(
                AdmissionTicket.candidate_id, AdmissionTicket.certificate_id, AdmissionTicket.id
            )
        )
        tickets |= {(candidate, certificate): key for candidate, certificate, key in made}
    return tickets


def _numbered(
    session: Session, actor: Actor, plan: ExamPlan, pairs: Sequence[tuple[int, int]]
) -> Iterable[tuple[tuple[int, int], str]]:
    """A number for each pair: one counter a (YY, organisation, level, school) (R75, E90, E92)."""
    certificates = session.scalars(sa.select(Certificate).where(Certificate.id.in_({c for _, c in pairs})))
    levels = {certificate.id: certificate.level.number for certificate in certificates}
    organisation = session.get_one(Organisation, plan.organisation_id).code
    school = session.get_one(School, _school(actor)).platform_number
    if school is None:
        raise Conflict("school.number", "贵校还没有院校平台编号,请联系省级教育行政部门")
    for level in sorted(set(levels.values())):
        own = [pair for pair in pairs if levels[pair[1]] == level]
        scope = f"ticket:{plan.exam_year % 100:02d}:{organisation}:{level}:{school}"
        serials = numbers.take_watched(session, "准考证号", scope, len(own))
        for pair, serial in zip(own, serials, strict=True):
            yield pair, formats.make_ticket_number(plan.exam_year, organisation, level, school, serial)


# Taking back


def deletion_problems(session: Session, rows: Sequence[Registration]) -> dict[int, str]:
    """Why registrations may not be deleted, by id (4.7, R77, E86, E87)."""
    slips = live_slips(session, [row.id for row in rows])
    plans = {row.plan_id: session.get(ExamPlan, row.plan_id) for row in rows}
    found = {}
    for row in rows:
        problem = closed(plans[row.plan_id])
        if not problem and row.state is SCHEDULED:
            problem = "已排考,不能删除"
        if not problem and row.id in slips:
            problem = f"已在缴费单{slips[row.id]}中"
        if problem:
            found[row.id] = problem
    return found


def live_slips(session: Session, registrations: Sequence[int]) -> dict[int, str]:
    """The number of the slip that a registration stands on, if it is not sent back."""
    rows = session.execute(
        sa.select(FeeSlipLine.registration_id, FeeSlip.slip_number)
        .join(FeeSlip, FeeSlip.id == FeeSlipLine.slip_id)
        .where(
            among(FeeSlipLine.registration_id, registrations), FeeSlipLine.slip_state != SlipState.RETURNED
        )
    )
    return {row.registration_id: row.slip_number for row in rows}


def unregister(session: Session, actor: Actor, rows: Sequence[Registration]) -> int:
    """Delete registrations; the place of a person's last one of the certificate and year goes back (R38, E39).
    The ticket stays: its number is nobody else's (R76)."""
    for plan_id in sorted({row.plan_id for row in rows}):
        hold(session, session.get_one(ExamPlan, plan_id), _school(actor))
    if problems := deletion_problems(session, rows):
        first = next(row for row in rows if row.id in problems)
        raise Conflict(
            "registration.kept", f"{first.candidate_name}({first.subject_name}):{problems[first.id]}"
        )
    persons: dict[tuple[int, int], set[int]] = defaultdict(set)
    for row in rows:
        persons[row.certificate_id, row.exam_year].add(row.person_id)
    ids = [row.id for row in rows]
    for row in rows:
        session.expunge(row)
    try:
        with session.begin_nested():
            gone = _delete_rows(session, ids)
    except IntegrityError as error:  # a seat or a slip was given at this moment
        raise Conflict("registration.kept", "已排考或已在缴费单中,不能删除") from error
    if gone != len(ids):
        raise Conflict("stale", "数据已被他人修改,请刷新")
    for (certificate, year), group in sorted(persons.items()):
        quotas.return_places(session, certificate, year, sorted(group))
    return len(ids)


def _delete_rows(session: Session, ids: Sequence[int]) -> int:
    """Registrations that have no seat, off the slips that were sent back; how many went."""
    session.execute(
        sa.delete(FeeSlipLine).where(
            among(FeeSlipLine.registration_id, ids), FeeSlipLine.slip_state == SlipState.RETURNED
        )
    )
    gone = session.execute(
        sa.delete(Registration)
        .where(among(Registration.id, ids), Registration.state == REGISTERED)
        .execution_options(synchronize_session=False)
    )
    return int(gone.rowcount)  # type: ignore[attr-defined]


def _deletable(row: Registration) -> bool:
    return row.state is REGISTERED and not closed(row.plan)


@action(
    Registration,
    "delete_registration",
    "删除报考",
    icon="trash",
    danger=True,
    when=_deletable,
    confirm="将删除所选的{n}条报考;该证书本年度没有其他报考的考生,其指标退回",
)
def _delete(session: Session, actor: Actor, rows: list[Registration]) -> str:
    return f"已删除{unregister(session, actor, rows)}条报考"


__all__ = [
    "NOT_PUBLISHED",
    "OUTSIDE",
    "Wish",
    "closed",
    "deletion_problems",
    "examine",
    "hold",
    "live_slips",
    "register",
    "register_for_certificate",
    "unregister",
]
