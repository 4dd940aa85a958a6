"""What a candidate sees of the own exams (7.3): the wall shows own rows only, scores from publicity on (R100, E115)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.services.errors import Conflict, NotFound, Refused
from models.candidates import Candidate, Person, PersonMobile
from models.certificates import Certificate
from models.e_certificates import CertificateEvent, CorrectionRequest, ECertificate, EventKind
from models.issuance import IssuanceTask
from models.kit import Declared, clock
from models.plans import ExamPlan
from models.registrations import AdmissionTicket, Registration, RegistrationState
from models.scheduling import SeatAssignment
from models.scores import CertificateResult, Recheck, Score

Row = TypeVar("Row", bound=Declared)


@dataclass
class Exam:
    """One ticket: a certificate in a plan, its subjects, and where they are sat once that is published."""

    ticket: AdmissionTicket
    plan: ExamPlan
    certificate: Certificate
    registrations: list[Registration] = field(default_factory=list)
    seats: dict[int, list[SeatAssignment]] = field(default_factory=dict)

    @property
    def is_seated(self) -> bool:
        return any(self.seats.get(entry.id) for entry in self.registrations)


def exams(session: Session) -> list[Exam]:
    """The newest plan first."""
    tickets = list(session.scalars(sa.select(AdmissionTicket).order_by(AdmissionTicket.id.desc())))
    plans = _by_id(session, ExamPlan, {ticket.plan_id for ticket in tickets})
    certificates = _by_id(session, Certificate, {ticket.certificate_id for ticket in tickets})
    entries: dict[int, list[Registration]] = defaultdict(list)
    live = sa.select(Registration).where(Registration.state != RegistrationState.CANCELLED)
    for entry in session.scalars(live.order_by(Registration.starts_at, Registration.id)):
        entries[entry.ticket_id].append(entry)
    seats: dict[int, list[SeatAssignment]] = defaultdict(list)
    for seat in session.scalars(sa.select(SeatAssignment).order_by(SeatAssignment.starts_at)):
        if seat.schedule_published_at is not None:
            seats[seat.registration_id].append(seat)
    return [
        Exam(ticket, plans[ticket.plan_id], certificates[ticket.certificate_id], entries[ticket.id], seats)
        for ticket in tickets
        if entries[ticket.id] and ticket.plan_id in plans and ticket.certificate_id in certificates
    ]


@dataclass
class Marks:
    """The scores of a certificate in a plan, and what they come to."""

    plan: str
    certificate: str
    scores: list[Score] = field(default_factory=list)
    result: CertificateResult | None = None


def marks(session: Session) -> list[Marks]:
    """What the publicity shows (R100). The result is told with them."""
    found: dict[tuple[int, int], Marks] = {}
    for score in session.scalars(sa.select(Score).order_by(Score.plan_id.desc(), Score.subject_id)):
        key = (score.plan_id, score.certificate_id)
        if key not in found:
            found[key] = Marks(str(score.plan), str(session.get(Certificate, score.certificate_id) or ""))
        found[key].scores.append(score)
    for result in session.scalars(sa.select(CertificateResult)):
        if (result.plan_id, result.certificate_id) in found:
            found[result.plan_id, result.certificate_id].result = result
    return list(found.values())


def rechecks(session: Session) -> list[Recheck]:
    return list(session.scalars(sa.select(Recheck).order_by(Recheck.id.desc())))


def corrections(session: Session) -> list[CorrectionRequest]:
    return list(session.scalars(sa.select(CorrectionRequest).order_by(CorrectionRequest.id.desc())))


def score(session: Session, key: int) -> Score:
    return _own(session, Score, key)


@dataclass
class Issue:
    """A certificate on its way or issued; `made` is its newest edition."""

    task: IssuanceTask | None
    made: ECertificate | None


def certificates(session: Session) -> list[Issue]:
    """Tasks the publicity has shown, each with its e-certificate once made; historic certificates besides."""
    made: dict[int, ECertificate] = {}
    historic = []
    for one in session.scalars(sa.select(ECertificate).order_by(ECertificate.edition)):
        if one.task_id is None:
            historic.append(Issue(None, one))
        else:
            made[one.task_id] = one
    tasks = session.scalars(sa.select(IssuanceTask).order_by(IssuanceTask.id.desc()))
    return [Issue(task, made.get(task.id)) for task in tasks] + historic


def certificate(session: Session, key: int) -> ECertificate:
    """One's own e-certificate."""
    return _own(session, ECertificate, key)


def download(session: Session, actor: Actor, key: int) -> ECertificate:
    """One's own certificate, its download noted (4.14)."""
    one = certificate(session, key)
    if one.file is None:
        raise NotFound("历史证书没有电子文件")
    session.execute(
        sa.insert(CertificateEvent)
        .values(
            e_certificate_id=one.id,
            kind=EventKind.DOWNLOADED,
            account_id=actor.account,
            at=clock.now(),
            organisation_id=one.organisation_id,
        )
        .inline()
    )
    return one


def person(session: Session, actor: Actor) -> tuple[Person, Sequence[Candidate]]:
    """Who one is, and the data each school holds."""
    who = _own(session, Person, actor.tenant or 0)
    return who, session.scalars(sa.select(Candidate).order_by(Candidate.id)).all()


# More than one mobile (3.5)


def confirmed(session: Session) -> set[str]:
    """The mobiles that open the whole space beside the bound one."""
    return set(session.scalars(sa.select(PersonMobile.mobile)))


def confirm_mobile(session: Session, actor: Actor, key: int, *, bound: bool) -> None:
    """The mobile another school has of this person is the person's own: from now on it opens the whole space. `bound`:
    this log-in went by the bound one."""
    row = _of_bound(session, actor, key, bound)
    who = _own(session, Person, actor.tenant or 0)
    if row.mobile is None or row.mobile == who.mobile:
        raise Conflict("mobile.bound", "该校登记的就是绑定的手机号码,不需要确认")
    made = insert(PersonMobile).values(person_id=who.id, mobile=row.mobile, confirmed_at=clock.now())
    session.execute(made.on_conflict_do_nothing(index_elements=["person_id", "mobile"]))


def forget_mobile(session: Session, actor: Actor, key: int, *, bound: bool) -> None:
    """It opens only that school's rows again."""
    row = _of_bound(session, actor, key, bound)
    session.execute(sa.delete(PersonMobile).where(PersonMobile.mobile == row.mobile))


def _of_bound(session: Session, actor: Actor, key: int, bound: bool) -> Candidate:
    row = _own(session, Candidate, key)
    if actor.schools or not bound:
        raise Refused("mobile.narrow", "请退出后用绑定手机的验证码登录,再确认其他手机号码")
    return row


def photo(session: Session, key: int) -> str:
    row = _own(session, Candidate, key)
    if not row.photo:
        raise NotFound("没有照片")
    return row.photo


def _own(session: Session, model: type[Row], key: int) -> Row:
    row = session.get(model, key) if 0 < key < 2**63 else None
    if row is None:
        raise NotFound()
    return row


def _by_id(session: Session, model: type[Row], keys: set[int]) -> dict[int, Row]:
    return {row.id: row for row in session.scalars(sa.select(model).where(model.id.in_(keys)))}
