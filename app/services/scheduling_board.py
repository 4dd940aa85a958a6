"""The scheduling of a plan as the organisation looks at it: subject → session → site, and what the sites offer (4.9, R91)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.services.scheduling import SubjectProgress, progress
from models.certificates import ExamMode
from models.kit import clock
from models.plans import ExamPlan, ExamSession, PlanState
from models.registrations import Registration, RegistrationState
from models.scheduling import RoomSession, SiteAllocation
from models.sites import ExamSite, Room

SCHOOLS_SHOWN, PLANS_SHOWN = 20, 50


@dataclass(frozen=True)
class SiteUse:
    """A site in a session: rooms opened, their seats, people seated, guests among them."""

    id: int
    site: str
    rooms: int
    seats: int
    seated: int
    guests: int


@dataclass(frozen=True)
class SessionUse:
    starts_at: datetime
    ends_at: datetime
    sites: tuple[SiteUse, ...]


@dataclass(frozen=True)
class SubjectBoard:
    subject: SubjectProgress
    sessions: tuple[SessionUse, ...]

    @property
    def sentence(self) -> str:
        """As the handbook has it (7.2 考点编排)."""
        sites = {use.id for session in self.sessions for use in session.sites}
        left = f",尚余{self.subject.left}人未排考" if self.subject.left else ""
        return f"该科目共安排了{len(sites)}个考点,已安排{self.subject.seated}人{left}"


@dataclass(frozen=True)
class SiteOffer:
    """What a site has set for the plan: rooms and seats by kind; one that set nothing yet has none."""

    id: int
    site: str
    school: str
    kinds: tuple[tuple[str, int, int], ...]


@dataclass(frozen=True)
class Board:
    subjects: tuple[SubjectBoard, ...]
    offers: tuple[SiteOffer, ...]
    waiting: tuple[tuple[str, int], ...]  # schools with people left, most first

    @property
    def registered(self) -> int:
        return sum(one.subject.registered for one in self.subjects)

    @property
    def seated(self) -> int:
        return sum(one.subject.seated for one in self.subjects)


def board(session: Session, plan: ExamPlan) -> Board:
    """Six statements whatever the size of the plan."""
    uses = _uses(session, plan)
    sessions: dict[int, list[SessionUse]] = defaultdict(list)
    for row in session.scalars(
        sa.select(ExamSession).where(ExamSession.plan_id == plan.id).order_by(ExamSession.starts_at)
    ):
        sessions[row.plan_subject_id].append(
            SessionUse(row.starts_at, row.ends_at, tuple(uses.get(row.id, ())))
        )
    return Board(
        tuple(SubjectBoard(one, tuple(sessions[one.id])) for one in progress(session, plan).subjects),
        tuple(_offers(session, plan)),
        tuple(_waiting(session, plan)),
    )


@dataclass(frozen=True)
class PlanLine:
    """A plan in the overview: how many are registered, how many have a seat."""

    plan: ExamPlan
    registered: int
    seated: int


def overview(session: Session) -> list[PlanLine]:
    """The published plans whose exams are not over, next ones first."""
    plans = session.scalars(
        sa.select(ExamPlan)
        .where(ExamPlan.state == PlanState.PUBLISHED, ExamPlan.exam_to > clock.now())
        .order_by(ExamPlan.scheduling_to, ExamPlan.id)
        .limit(PLANS_SHOWN)
    ).unique()
    found = {plan.id: plan for plan in plans}
    seated = sa.func.count().filter(Registration.state == RegistrationState.SCHEDULED)
    counts = {
        key: (registered, done)
        for key, registered, done in session.execute(
            sa.select(Registration.plan_id, sa.func.count(), seated)
            .where(Registration.plan_id.in_(found), Registration.state != RegistrationState.CANCELLED)
            .group_by(Registration.plan_id)
        )
    }
    return [PlanLine(plan, *counts.get(key, (0, 0))) for key, plan in found.items()]


def _uses(session: Session, plan: ExamPlan) -> dict[int, list[SiteUse]]:
    guests = {
        (row.session_id, row.site_id): row.places
        for row in session.execute(
            sa.select(
                SiteAllocation.session_id,
                SiteAllocation.site_id,
                sa.func.sum(SiteAllocation.places).label("places"),
            )
            .where(SiteAllocation.plan_id == plan.id, SiteAllocation.guest_school_id.is_not(None))
            .group_by(SiteAllocation.session_id, SiteAllocation.site_id)
        )
    }
    found: dict[int, list[SiteUse]] = defaultdict(list)
    for row in session.execute(
        sa.select(
            RoomSession.session_id,
            RoomSession.site_id,
            sa.func.min(RoomSession.site_name).label("site"),
            sa.func.count().label("rooms"),
            sa.func.sum(RoomSession.seats).label("seats"),
            sa.func.sum(RoomSession.expected).label("seated"),
        )
        .where(RoomSession.plan_id == plan.id)
        .group_by(RoomSession.session_id, RoomSession.site_id)
        .order_by(RoomSession.session_id, RoomSession.site_id)
    ):
        known = guests.get((row.session_id, row.site_id), 0)
        found[row.session_id].append(SiteUse(row.site_id, row.site, row.rooms, row.seats, row.seated, known))
    return found


def _offers(session: Session, plan: ExamPlan) -> list[SiteOffer]:
    kinds: dict[int, list[tuple[str, int, int]]] = defaultdict(list)
    names: dict[int, tuple[str, str]] = {}
    for row in session.execute(
        sa.select(
            Room.site_id,
            Room.kind,
            sa.func.min(ExamSite.name).label("site"),
            sa.func.min(ExamSite.school_name).label("school"),
            sa.func.count().label("rooms"),
            sa.func.sum(Room.seats).label("seats"),
        )
        .join(ExamSite, ExamSite.id == Room.site_id)
        .where(Room.plan_id == plan.id)
        .group_by(Room.site_id, Room.kind)
        .order_by(Room.site_id, Room.kind)
    ):
        kinds[row.site_id].append((ExamMode(row.kind).label, row.rooms, row.seats))
        names[row.site_id] = (row.site, row.school)
    return [SiteOffer(site, *names[site], tuple(own)) for site, own in kinds.items()]


def _waiting(session: Session, plan: ExamPlan) -> list[tuple[str, int]]:
    number = sa.func.count()
    rows = session.execute(
        sa.select(Registration.school_name, number)
        .where(Registration.plan_id == plan.id, Registration.state == RegistrationState.REGISTERED)
        .group_by(Registration.school_id, Registration.school_name)
        .order_by(number.desc(), Registration.school_name)
        .limit(SCHOOLS_SHOWN)
    )
    return [(name, count) for name, count in rows]
