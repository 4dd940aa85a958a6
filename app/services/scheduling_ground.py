"""From rows to a scheduling problem: who must sit, where they may sit, what is already taken (R79, R85–R90).

The algorithm (`app/scheduling`) knows no rows. Here a subject is a `plan_subject`, a person the human being behind
the candidate rows, and a site follows from the school's own approved sites and its borrowed-site grants.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.scheduling import model
from app.scheduling.model import Left, Params, Plan, Problem, Span
from models.directory import FeeChannel, Organisation
from models.plans import ExamPlan, ExamSession, FeeMode, PlanSubject
from models.registrations import Registration, RegistrationState
from models.scheduling import RoomSession, SeatAssignment
from models.sites import BorrowedSite, ExamSite, ExamSiteCertificate, Room, RoomCertificate, SiteState

SchoolCertificate = tuple[int, int]
GRANT_FULL = "借考名额已用完,请增加借考人数或安排其他站点"
TWICE = "该考生已由其他院校报考同一科目"


@dataclass(frozen=True)
class Sites:
    """Where a school's people may sit for a certificate: its own sites (R79), and grants with places (R89)."""

    own: dict[SchoolCertificate, list[int]]
    grants: dict[SchoolCertificate, list[tuple[int, int]]]

    def allowed(self, school: int, certificate: int) -> set[int]:
        key = (school, certificate)
        return {*self.own.get(key, ()), *(site for site, _ in self.grants.get(key, ()))}


@dataclass(frozen=True)
class Ground:
    """A problem with what the pure side cannot say of it: `excused` are kept out, for a reason of ours."""

    problem: Problem
    params: Params
    sites: Sites
    excused: dict[int, tuple[str, str]] = field(default_factory=dict)

    def reworded(self, plan: Plan) -> Plan:
        """The plan with our reasons in place of the general ones."""
        left = tuple(
            replace(one, code=self.excused[one.registration][0], message=self.excused[one.registration][1])
            if one.registration in self.excused
            else one
            for one in plan.left
        )
        return Plan(plan.seats, left)


def to_schedule(session: Session, plan: ExamPlan, moment: datetime) -> Ground:
    """Everybody without a seat, the sessions still to come; seats and room sessions that stand are taken time."""
    sessions = _sessions(session, plan, since=moment)
    subjects = _subjects(session, plan, sessions)
    people = _people(session, plan, sa.and_(Registration.state == RegistrationState.REGISTERED))
    taken_people, taken_rooms = _busy_elsewhere(session, plan), _room_spans_elsewhere(session, plan)
    seats = sa.select(
        SeatAssignment.person_id,
        SeatAssignment.plan_subject_id,
        SeatAssignment.starts_at,
        SeatAssignment.ends_at,
    )
    seated: set[tuple[int, int]] = set()
    for person, subject, starts, ends in session.execute(seats.where(SeatAssignment.plan_id == plan.id)):
        taken_people[person].append(Span(starts, ends))
        seated.add((person, subject))
    opened = sa.select(RoomSession.room_id, RoomSession.starts_at, RoomSession.ends_at)
    for room, starts, ends in session.execute(opened.where(RoomSession.plan_id == plan.id)):
        taken_rooms[room].append(Span(starts, ends))
    rooms = _rooms(session, plan, taken_rooms)
    sites = _sites(session, plan)
    registrations, excused = _placed(people, subjects, rooms, sites, _guests_seated(session, plan), seated)
    problem = Problem(
        tuple(subjects), tuple(sessions), tuple(rooms), tuple(registrations), _frozen(taken_people)
    )
    return Ground(problem, params(session, plan), sites, excused)


def as_scheduled(
    session: Session, plan: ExamPlan, subject_ids: Iterable[int], changes: Sequence[model.Seat] = ()
) -> tuple[Ground, Plan]:
    """The seats as they stand, made by hand or by machine, for the independent checker; `changes` in place of what
    their registrations have (in the same session, for 多场连考)."""
    sessions = _sessions(session, plan)
    subjects = _subjects(session, plan, sessions)
    rooms = _rooms(session, plan, _room_spans_elsewhere(session, plan))
    sites = _sites(session, plan)
    chosen = set(subject_ids)
    seats = [
        model.Seat(row.session_id, row.room_id, row.seat_number, row.registration_id)
        for row in session.execute(
            sa.select(
                SeatAssignment.session_id,
                RoomSession.room_id,
                SeatAssignment.seat_number,
                SeatAssignment.registration_id,
            )
            .join(RoomSession, RoomSession.id == SeatAssignment.room_session_id)
            .where(SeatAssignment.plan_id == plan.id)
        )
    ]
    people = _people(session, plan, Registration.state != RegistrationState.CANCELLED)
    seats = _changed(seats, changes, {row.id: row.plan_subject_id for row in people}, subjects)
    site_of = {room.id: room.site for room in rooms}
    sitting = {seat.registration: site_of.get(seat.room) for seat in seats}
    registrations = [
        model.Registration(
            row.id,
            row.person_id,
            row.plan_subject_id,
            _standing(sitting.get(row.id), sites.allowed(row.school_id, row.certificate_id)),
            row.school_id,
            row.ticket_number,
            row.paid,
        )
        for row in people
        if row.id in sitting or row.plan_subject_id in chosen
    ]
    seen: set[tuple[int, int]] = set()
    for place, one in enumerate(registrations):
        if (one.candidate, one.subject) in seen:
            registrations[place] = replace(one, candidate=-one.id)
        seen.add((one.candidate, one.subject))
    left = tuple(
        Left(one.id, one.subject, "left", "未排考", False) for one in registrations if one.id not in sitting
    )
    busy = _frozen(_busy_elsewhere(session, plan))
    problem = Problem(tuple(subjects), tuple(sessions), tuple(rooms), tuple(registrations), busy)
    return Ground(problem, params(session, plan), sites), Plan(tuple(seats), left)


def _changed(
    seats: list[model.Seat],
    changes: Sequence[model.Seat],
    subject_of: dict[int, int],
    subjects: list[model.Subject],
) -> list[model.Seat]:
    linked = {subject.id for subject in subjects if subject.every_session}
    moved = {(one.registration, one.session) for one in changes}
    alone = {one.registration for one in changes if subject_of.get(one.registration) not in linked}
    kept = [
        one for one in seats if one.registration not in alone and (one.registration, one.session) not in moved
    ]
    return [*kept, *changes]


def _standing(site: int | None, allowed: set[int]) -> int | None:
    """The site of a seat where the person may sit there; else one of those allowed, so that the checker objects."""
    return site if site in allowed else min(allowed, default=None)


def params(session: Session, plan: ExamPlan) -> Params:
    """R90, 9.22: the organisation's switch, which plans without fees on the platform ignore."""
    organisation = session.get_one(Organisation, plan.organisation_id)
    free = plan.fee_mode is FeeMode.NONE or organisation.fee_channel is FeeChannel.OTHER
    return Params(schedule_unpaid=free or organisation.schedule_unpaid)


# Rows


def _sessions(session: Session, plan: ExamPlan, since: datetime | None = None) -> list[model.Session]:
    rows = session.execute(
        sa.select(ExamSession.id, ExamSession.starts_at, ExamSession.ends_at).where(
            ExamSession.plan_id == plan.id, *([ExamSession.starts_at > since] if since is not None else [])
        )
    )
    return [model.Session(row.id, Span(row.starts_at, row.ends_at)) for row in rows]


def _subjects(session: Session, plan: ExamPlan, sessions: list[model.Session]) -> list[model.Subject]:
    """A 多场连考 subject of which a session has begun cannot be sat any more: it keeps none."""
    coming = {one.id for one in sessions}
    ids: dict[int, list[int]] = defaultdict(list)
    for row in session.execute(
        sa.select(ExamSession.id, ExamSession.plan_subject_id).where(ExamSession.plan_id == plan.id)
    ):
        ids[row.plan_subject_id].append(row.id)
    found = []
    for subject in session.scalars(sa.select(PlanSubject).where(PlanSubject.plan_id == plan.id)):
        usable = tuple(one for one in ids[subject.id] if one in coming)
        if subject.consecutive and len(usable) < len(ids[subject.id]):
            usable = ()
        found.append(
            model.Subject(
                subject.id,
                subject.subject_name,
                subject.certificate_id,
                subject.mode.label,
                usable,
                subject.consecutive,
            )
        )
    return found


def _people(session: Session, plan: ExamPlan, which: sa.ColumnElement[bool]) -> list[Any]:
    return list(
        session.execute(
            sa.select(
                Registration.id,
                Registration.person_id,
                Registration.plan_subject_id,
                Registration.school_id,
                Registration.certificate_id,
                Registration.ticket_number,
                Registration.paid,
            )
            .where(Registration.plan_id == plan.id, which)
            .order_by(Registration.school_id, Registration.ticket_number, Registration.id)
        )
    )


def _rooms(session: Session, plan: ExamPlan, taken: dict[int, list[Span]]) -> list[model.Room]:
    """The rooms of the plan at sites that may be used (R79, R80)."""
    kept: dict[int, set[int]] = defaultdict(set)
    for room, certificate in session.execute(
        sa.select(RoomCertificate.room_id, RoomCertificate.certificate_id)
        .join(Room, Room.id == RoomCertificate.room_id)
        .where(Room.plan_id == plan.id)
    ):
        kept[room].add(certificate)
    rows = session.execute(
        sa.select(Room.id, Room.name, Room.site_id, Room.kind, Room.seats)
        .join(ExamSite, ExamSite.id == Room.site_id)
        .where(Room.plan_id == plan.id, *_usable())
    )
    return [
        model.Room(
            row.id,
            row.name,
            row.site_id,
            row.kind.label,
            row.seats,
            frozenset(kept[row.id]),
            tuple(taken[row.id]),
        )
        for row in rows
    ]


def _usable() -> tuple[sa.ColumnElement[bool], ...]:
    return ExamSite.approved_at.is_not(None), ExamSite.state != SiteState.DISABLED


def _sites(session: Session, plan: ExamPlan) -> Sites:
    own: dict[SchoolCertificate, list[int]] = defaultdict(list)
    approved: set[tuple[int, int]] = set()
    for site, certificate, school in session.execute(
        sa.select(ExamSiteCertificate.site_id, ExamSiteCertificate.certificate_id, ExamSite.school_id)
        .join(ExamSite, ExamSite.id == ExamSiteCertificate.site_id)
        .where(
            ExamSite.organisation_id == plan.organisation_id,
            ExamSiteCertificate.approved_at.is_not(None),
            *_usable(),
        )
        .order_by(ExamSiteCertificate.site_id)
    ):
        own[school, certificate].append(site)
        approved.add((site, certificate))
    grants: dict[SchoolCertificate, list[tuple[int, int]]] = defaultdict(list)
    for row in session.execute(
        sa.select(
            BorrowedSite.guest_school_id,
            BorrowedSite.certificate_id,
            BorrowedSite.site_id,
            BorrowedSite.places,
        )
        .where(BorrowedSite.plan_id == plan.id)
        .order_by(BorrowedSite.id)
    ):
        if (row.site_id, row.certificate_id) in approved:
            grants[row.guest_school_id, row.certificate_id].append((row.site_id, row.places))
    return Sites(own, grants)


def _busy_elsewhere(session: Session, plan: ExamPlan) -> dict[int, list[Span]]:
    return _spans(session, "panel_busy_people", plan)


def _room_spans_elsewhere(session: Session, plan: ExamPlan) -> dict[int, list[Span]]:
    return _spans(session, "panel_busy_rooms", plan)


def _spans(session: Session, function: str, plan: ExamPlan) -> dict[int, list[Span]]:
    found: dict[int, list[Span]] = defaultdict(list)
    moment = sa.DateTime(timezone=True)
    rows = getattr(sa.func, function)(plan.id).table_valued(
        sa.column("who", sa.BigInteger), sa.column("starts", moment), sa.column("ends", moment)
    )
    for who, starts, ends in session.execute(sa.select(*rows.render_derived().c)):
        found[who].append(Span(starts, ends))
    return found


def _guests_seated(session: Session, plan: ExamPlan) -> dict[tuple[int, int, int], int]:
    """How many people of (school, certificate) already have a seat at a site."""
    people = sa.func.count(sa.distinct(SeatAssignment.person_id))
    where = (SeatAssignment.school_id, SeatAssignment.certificate_id, SeatAssignment.site_id)
    rows = session.execute(
        sa.select(*where, people).where(SeatAssignment.plan_id == plan.id).group_by(*where)
    )
    return {(school, certificate, site): number for school, certificate, site, number in rows}


def _frozen(spans: dict[int, list[Span]]) -> dict[int, tuple[Span, ...]]:
    return {who: tuple(sorted(taken)) for who, taken in spans.items()}


# Who goes where


def _placed(
    people: list[Any],
    subjects: list[model.Subject],
    rooms: list[model.Room],
    sites: Sites,
    guests: dict[tuple[int, int, int], int],
    seen: set[tuple[int, int]],
) -> tuple[list[model.Registration], dict[int, tuple[str, str]]]:
    """Each registration with its site. A grant takes its places in ticket order, the rest stays at home (R89)."""
    by_subject = {subject.id: subject for subject in subjects}
    groups: dict[SchoolCertificate, list[Any]] = defaultdict(list)
    placed: dict[int, int | None] = {}
    excused: dict[int, tuple[str, str]] = {}
    for row in people:
        if (row.person_id, row.plan_subject_id) in seen:
            excused[row.id], placed[row.id] = ("twice", TWICE), None
            continue
        seen.add((row.person_id, row.plan_subject_id))
        groups[row.school_id, row.certificate_id].append(row)
    for key, members in groups.items():
        at_guest = _granted(key, members, sites.grants.get(key, []), guests)
        home: dict[int, list[Any]] = defaultdict(list)
        for row in members:
            if row.person_id in at_guest:
                placed[row.id] = at_guest[row.person_id]
            else:
                home[row.plan_subject_id].append(row)
        for subject, own in home.items():
            split = _shared_out(own, _capacities(by_subject[subject], sites.own.get(key, []), rooms))
            placed.update(split)
            if sites.grants.get(key) and not sites.own.get(key):
                excused.update({row.id: ("grant_full", GRANT_FULL) for row in own})
    registrations = [
        model.Registration(
            row.id,
            -row.id if row.id in excused and excused[row.id][0] == "twice" else row.person_id,
            row.plan_subject_id,
            placed[row.id],
            row.school_id,
            row.ticket_number,
            row.paid,
        )
        for row in people
    ]
    return registrations, excused


def _granted(
    key: SchoolCertificate,
    members: list[Any],
    grants: list[tuple[int, int]],
    seated: dict[tuple[int, int, int], int],
) -> dict[int, int]:
    """Person → site of a grant, all subjects of the certificate at one place."""
    queue = list(dict.fromkeys(row.person_id for row in members))
    found: dict[int, int] = {}
    for site, places in grants:
        free = max(0, places - seated.get((*key, site), 0))
        found.update(dict.fromkeys(queue[:free], site))
        queue = queue[free:]
    return found


def _capacities(subject: model.Subject, own: list[int], rooms: list[model.Room]) -> list[tuple[int, int]]:
    """The school's own sites with the seats of their rooms that fit the subject."""
    seats: dict[int, int] = defaultdict(int)
    for room in rooms:
        if room.site in own and room.takes(subject):
            seats[room.site] += room.seats
    return [(site, seats[site]) for site in own if seats[site]] or [(site, 1) for site in own[:1]]


def _shared_out(own: list[Any], capacities: list[tuple[int, int]]) -> dict[int, int | None]:
    """In ticket order, by the sites' seats: nobody is sent to a site that is full while another is not."""
    if not capacities:
        return {row.id: None for row in own}
    total, upto, start = sum(seats for _, seats in capacities), 0, 0
    found: dict[int, int | None] = {}
    for site, seats in capacities:
        upto += seats
        end = len(own) * upto // total
        found.update({row.id: site for row in own[start:end]})
        start = end
    return found
