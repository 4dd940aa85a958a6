"""The papers of an exam as data: sign-in sheets, desk and door labels, tickets, the matrix of a site (6.4; R94, R95, E109).

What is printed is what the actor may see; before publication there is nothing to print.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.documents import exam_papers as papers
from app.gateways import storage
from app.services.errors import Conflict, NotFound
from models.certificates import Certificate, Subject
from models.kit import clock
from models.plans import ExamPlan
from models.registrations import AdmissionTicket, Registration
from models.scheduling import RoomSession, SeatAssignment
from models.sites import ExamSite, Room

NOT_PUBLISHED = "排考尚未发布,发布后才能下载"
NAMES = {"sign_in": "签到表", "desk": "桌贴", "door": "门贴", "tickets": "准考证"}


def room_papers(session: Session, actor: Actor, kind: str, room_session_ids: Collection[int]) -> bytes:
    """One PDF of a kind (`NAMES`) for some room sessions. Raises NotFound, or Conflict before publication (E109)."""
    rows = room_sessions(session, room_session_ids)
    if kind == "tickets":
        return ticket_papers(session, tickets_of_rooms(session, actor, [row.id for row in rows]))
    return _MAKERS[kind](session, rows)


def room_sessions(session: Session, ids: Collection[int]) -> list[RoomSession]:
    """Published room sessions by time and room; one that is not this actor's is 404 (R136)."""
    rows = session.scalars(
        sa.select(RoomSession)
        .where(RoomSession.id.in_(ids))
        .order_by(RoomSession.starts_at, RoomSession.room_name, RoomSession.id)
    ).unique()
    found = list(rows)
    if not found or len(found) != len(set(ids)):
        raise NotFound()
    if any(row.schedule_published_at is None for row in found):
        raise Conflict("papers.draft", NOT_PUBLISHED)
    return found


def file_name(kind: str, row: RoomSession) -> str:
    """No personal number in it (R25)."""
    return f"{NAMES[kind]}_{row.room_name}_{row.starts_at.astimezone(clock.ZONE):%Y%m%d-%H%M}"


# Sheets and labels


def _sign_in(session: Session, rows: Sequence[RoomSession]) -> bytes:
    seats, certificates, subjects, plans = _surroundings(session, rows)
    sheets = [
        papers.SignInSheet(
            plan=plans[row.plan_id],
            room=row.room_name,
            site=row.site_name,
            school=row.host_school_name,
            subject=subjects[row.subject_id].name,
            certificate=certificates[row.certificate_id].name,
            level=certificates[row.certificate_id].level.label,
            time=span(row.starts_at, row.ends_at),
            expected=row.expected,
            attended=row.attended,
            absent=row.absent,
            invigilators=_names(row.invigilators),
            patrols=_names(row.patrols),
            rows=[
                papers.SignInRow(
                    name=seat.candidate_name, id_masked=seat.id_masked, ticket_number=seat.ticket_number,
                    school=seat.school_name, seat=seat.seat_number,
                )
                for seat in seats[row.id]
            ],
        )
        for row in rows
    ]  # fmt: skip
    return papers.sign_in_sheet(*sheets, printed_at=clock.now())


def _desk(session: Session, rows: Sequence[RoomSession]) -> bytes:
    seats, _, subjects, _ = _surroundings(session, rows)
    labels = [
        papers.DeskLabel(
            seat=seat.seat_number,
            room=row.room_name,
            name=seat.candidate_name,
            ticket_number=seat.ticket_number,
            id_masked=seat.id_masked,
            subject=subjects[row.subject_id].name,
            time=span(row.starts_at, row.ends_at),
            photo=picture(seat.photo),
        )
        for row in rows
        for seat in seats[row.id]
    ]
    return papers.desk_labels(labels, printed_at=clock.now())


def _door(session: Session, rows: Sequence[RoomSession]) -> bytes:
    seats, certificates, subjects, _ = _surroundings(session, rows)
    labels = [
        papers.DoorLabel(
            room=row.room_name,
            site=row.site_name,
            subject=subjects[row.subject_id].name,
            certificate=certificates[row.certificate_id].name,
            level=certificates[row.certificate_id].level.label,
            time=span(row.starts_at, row.ends_at),
            seats=_range([str(seat.seat_number) for seat in seats[row.id]]),
            tickets=_range(sorted(seat.ticket_number for seat in seats[row.id])),
            people=[
                papers.SeatedPerson(seat=seat.seat_number, name=seat.candidate_name) for seat in seats[row.id]
            ],
        )
        for row in rows
    ]
    return papers.door_label(*labels, printed_at=clock.now())


_MAKERS: dict[str, Callable[[Session, Sequence[RoomSession]], bytes]] = {
    "sign_in": _sign_in,
    "desk": _desk,
    "door": _door,
}


def _surroundings(session: Session, rows: Sequence[RoomSession]) -> tuple[Any, Any, Any, dict[int, str]]:
    """Seats by room session, and the certificates, subjects and plan names of the rows."""
    seats: dict[int, list[SeatAssignment]] = defaultdict(list)
    found = session.scalars(
        sa.select(SeatAssignment)
        .where(SeatAssignment.room_session_id.in_([row.id for row in rows]))
        .order_by(SeatAssignment.room_session_id, SeatAssignment.seat_number)
    )
    for seat in found:
        seats[seat.room_session_id].append(seat)
    certificates = _by_id(session, Certificate, {row.certificate_id for row in rows})
    subjects = _by_id(session, Subject, {row.subject_id for row in rows})
    plans = {key: plan.name for key, plan in _by_id(session, ExamPlan, {row.plan_id for row in rows}).items()}
    return seats, certificates, subjects, plans


def _by_id(session: Session, model: Any, ids: set[int]) -> dict[int, Any]:
    return {row.id: row for row in session.scalars(sa.select(model).where(model.id.in_(ids))).unique()}


def _names(text: str | None) -> list[str]:
    return [name for name in (text or "").split("、") if name]


def _range(values: list[str]) -> str:
    if not values:
        return ""
    return values[0] if len(values) == 1 else f"{values[0]}–{values[-1]}"


def span(starts: datetime, ends: datetime) -> str:
    """2020-07-18 13:00~16:50."""
    return f"{starts.astimezone(clock.ZONE):%Y-%m-%d %H:%M}~{ends.astimezone(clock.ZONE):%H:%M}"


def picture(key: str | None) -> bytes | None:
    """The stored photo; a missing file leaves the frame empty rather than the room without labels."""
    if not key:
        return None
    try:
        return storage.get(key)
    except FileNotFoundError:
        return None


# Tickets


def tickets_of_rooms(session: Session, actor: Actor, room_session_ids: Collection[int]) -> list[int]:
    """The tickets of those who sit there, in seat order. They show the full ID number (R23), so a school prints its
    own candidates' only: guests get theirs from their own school (R95, E101)."""
    rows = session.execute(
        sa.select(Registration.ticket_id)
        .join(SeatAssignment, SeatAssignment.registration_id == Registration.id)
        .where(
            SeatAssignment.room_session_id.in_(room_session_ids),
            *([SeatAssignment.school_id == actor.tenant] if actor.kind == "school" else []),
        )
        .order_by(SeatAssignment.room_session_id, SeatAssignment.seat_number)
    )
    ids = list(dict.fromkeys(row.ticket_id for row in rows))
    if not ids:
        raise Conflict("papers.guests", "所选考场没有本校考生;借考考生的准考证由其所属院校下载")
    return ids


def ticket_papers(session: Session, ticket_ids: Sequence[int]) -> bytes:
    """准考证 of these tickets, one a page, with every published sitting (R95). Conflict while none is (E109)."""
    tickets = _by_id(session, AdmissionTicket, set(ticket_ids))
    if len(tickets) != len(set(ticket_ids)) or not tickets:
        raise NotFound()
    sittings, people = _sittings(session, ticket_ids)
    if any(key not in sittings for key in ticket_ids):
        raise Conflict("papers.draft", NOT_PUBLISHED)
    certificates = _by_id(session, Certificate, {ticket.certificate_id for ticket in tickets.values()})
    plans = _by_id(session, ExamPlan, {ticket.plan_id for ticket in tickets.values()})
    made = []
    for key in dict.fromkeys(ticket_ids):
        ticket, person = tickets[key], people[key]
        certificate = certificates[ticket.certificate_id]
        made.append(
            papers.Ticket(
                number=ticket.number,
                name=person.candidate_name,
                id_number=person.id_number,
                school=person.school_name,
                plan=plans[ticket.plan_id].name,
                certificate=certificate.name,
                level=certificate.level.label,
                photo=picture(person.photo),
                subjects=sittings[key],
            )
        )
    return papers.admission_tickets(made, printed_at=clock.now())


def _sittings(
    session: Session, ticket_ids: Sequence[int]
) -> tuple[dict[int, list[Any]], dict[int, Registration]]:
    """Published seats of each ticket by time, and a registration that tells who it is."""
    rows = session.execute(
        sa.select(SeatAssignment, Registration, Subject.subject_code, Subject.name.label("subject"))
        .join(Registration, Registration.id == SeatAssignment.registration_id)
        .join(Subject, Subject.id == SeatAssignment.subject_id)
        .where(Registration.ticket_id.in_(ticket_ids), SeatAssignment.schedule_published_at.is_not(None))
        .order_by(SeatAssignment.starts_at, SeatAssignment.id)
    )
    sittings: dict[int, list[papers.TicketSubject]] = defaultdict(list)
    people: dict[int, Registration] = {}
    for seat, registration, code, name in rows:
        people[registration.ticket_id] = registration
        sittings[registration.ticket_id].append(
            papers.TicketSubject(
                code=code, name=name, mode=seat.mode.label, time=span(seat.starts_at, seat.ends_at),
                site=seat.site_name, room=seat.room_name, seat=seat.seat_number, address=seat.address,
            )
        )  # fmt: skip
    return sittings, people


# The matrix of a site


def matrix(session: Session, plan_id: int, site_id: int) -> bytes:
    """考场编排总表: the rooms a site has set for the plan against the times at which something is sat there."""
    plan, site = session.get(ExamPlan, plan_id), session.get(ExamSite, site_id)
    if plan is None or site is None:
        raise NotFound()
    rooms = session.scalars(
        sa.select(Room).where(Room.plan_id == plan_id, Room.site_id == site_id).order_by(Room.kind, Room.name)
    ).unique()
    uses = session.execute(
        sa.select(
            RoomSession.room_id,
            RoomSession.starts_at,
            RoomSession.ends_at,
            RoomSession.expected,
            Subject.name,
        )
        .join(Subject, Subject.id == RoomSession.subject_id)
        .where(RoomSession.plan_id == plan_id, RoomSession.site_id == site_id)
    ).all()
    if not uses:
        raise Conflict("papers.draft", "该站点还没有考场编排")
    times = sorted({(use.starts_at, use.ends_at) for use in uses})
    cells = {
        (use.room_id, use.starts_at, use.ends_at): papers.MatrixCell(subject=use.name, count=use.expected)
        for use in uses
    }
    sheet = papers.ScheduleMatrix(
        plan=plan.name,
        plan_code=plan.plan_code or "",
        site=site.name,
        school=site.school_name,
        sessions=[span(*time) for time in times],
        rooms=[
            papers.MatrixRoom(
                name=room.name, kind=room.kind.label, seats=room.seats,
                cells=[cells.get((room.id, *time)) for time in times],
            )
            for room in rooms
        ],
    )  # fmt: skip
    return papers.schedule_matrix(sheet, printed_at=clock.now())
