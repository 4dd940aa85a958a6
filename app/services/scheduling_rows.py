"""What a schedule is in rows: room sessions, seats, site allocations, and what registrations say of them (3.6).

Everything here is a handful of statements whatever the number of people; the database's own constraints (one seat
a person and time, one use of a room and time, seats within the room) are the last word.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.scheduling.model import Seat
from app.services.errors import Conflict
from app.services.sets import among, insert_rows
from models.kit import clock
from models.plans import ExamPlan
from models.registrations import AdmissionTicket, Attendance, Registration, RegistrationState
from models.scheduling import RoomSession, SeatAssignment, SiteAllocation

_MEANINGS = {
    "ex_seat_assignment_person_id": "考生时间冲突:排考期间该考生在其他计划有了安排,请重新排考",
    "ex_room_session_venue_id": "考场时间冲突:排考期间其他计划占用了同一物理考场,请重新排考",
    "ex_room_session_room_id": "考场时间冲突:同一考场的考试时间不能重叠",
}


@contextmanager
def conflicts_told() -> Iterator[None]:
    """Somebody else was faster: the constraint that says so, in words."""
    try:
        yield
    except IntegrityError as error:
        name = getattr(getattr(error.orig, "diag", None), "constraint_name", "") or ""
        if name not in _MEANINGS:
            raise
        raise Conflict("scheduling.raced", _MEANINGS[name]) from error


def write_seats(session: Session, plan: ExamPlan, seats: Sequence[Seat], subject_of: dict[int, int]) -> None:
    """New room sessions and their seats; `subject_of` tells the subject of each registration."""
    if not seats:
        return
    expected = Counter((seat.session, seat.room) for seat in seats)
    papers = {(seat.session, seat.room): subject_of[seat.registration] for seat in seats}
    with conflicts_told():
        opened = open_rooms(
            session, plan, [(papers[key], *key, people) for key, people in sorted(expected.items())]
        )
        add_seats(session, plan, seats, subject_of, opened)
    mark_registrations(session, {seat.registration for seat in seats})


def open_rooms(
    session: Session, plan: ExamPlan, rows: list[tuple[int, int, int, int]]
) -> dict[tuple[int, int], int]:
    """New room sessions from (subject, session, room, expected): (session, room) → id."""
    names = ("plan_subject_id", "session_id", "room_id", "expected")
    values = [dict(zip(names, row, strict=True)) for row in rows]
    back = RoomSession.session_id, RoomSession.room_id, RoomSession.id
    found = session.execute(insert_rows(RoomSession, values, plan_id=plan.id).returning(*back))
    return {(session_id, room_id): row_id for session_id, room_id, row_id in found}


def add_seats(
    session: Session,
    plan: ExamPlan,
    seats: Sequence[Seat],
    subject_of: dict[int, int],
    opened: dict[tuple[int, int], int],
) -> None:
    """Seats in room sessions that are there."""
    values = [
        {
            "plan_subject_id": subject_of[seat.registration],
            "registration_id": seat.registration,
            "room_session_id": opened[seat.session, seat.room],
            "seat_number": seat.number,
        }
        for seat in seats
    ]
    session.execute(insert_rows(SeatAssignment, values, plan_id=plan.id))


def mark_registrations(session: Session, registration_ids: Collection[int]) -> None:
    """→ 已排考 for those that have a seat: site and span are those of the seats (4.7).

    Read and written back as arrays: the planner knows nothing yet of seats just inserted, and would join row by row.
    """
    seat = SeatAssignment
    spans = session.execute(
        sa.select(
            seat.registration_id,
            sa.func.min(seat.site_id),
            sa.func.min(seat.starts_at),
            sa.func.max(seat.ends_at),
        )
        .where(among(seat.registration_id, registration_ids))
        .group_by(seat.registration_id)
    ).all()
    if not spans:
        return
    moment: Any = sa.DateTime(timezone=True)
    kinds: dict[str, Any] = {
        "id": sa.BigInteger(),
        "site_id": sa.BigInteger(),
        "starts_at": moment,
        "ends_at": moment,
    }
    columns = [sa.column(name, kind) for name, kind in kinds.items()]
    arrays = [
        sa.cast(list(values), ARRAY(kind))
        for values, kind in zip(zip(*spans, strict=True), kinds.values(), strict=True)
    ]
    span = sa.func.unnest(*arrays).table_valued(*columns, name="span").render_derived()
    session.execute(
        sa.update(Registration)
        .where(Registration.id == span.c.id)
        .values(
            state=RegistrationState.SCHEDULED,
            site_id=span.c.site_id,
            starts_at=span.c.starts_at,
            ends_at=span.c.ends_at,
        )
        .execution_options(synchronize_session=False)
    )


def free_registrations(session: Session, *which: sa.ColumnElement[bool]) -> None:
    """已排考 → 已报考 for registrations that lose all their seats."""
    session.execute(
        sa.update(Registration)
        .where(Registration.state == RegistrationState.SCHEDULED, *which)
        .values(
            state=RegistrationState.REGISTERED,
            site_id=None,
            starts_at=None,
            ends_at=None,
            attendance=Attendance.UNKNOWN,
        )
        .execution_options(synchronize_session=False)
    )


def clear_subjects(session: Session, subject_ids: Collection[int]) -> None:
    """Every seat, room session and allocation of these subjects."""
    seats = sa.select(SeatAssignment.id).where(SeatAssignment.plan_subject_id.in_(subject_ids)).limit(1)
    if session.scalar(seats) is None:
        return
    free_registrations(session, Registration.plan_subject_id.in_(subject_ids))
    for model in (SeatAssignment, RoomSession, SiteAllocation):
        session.execute(
            sa.delete(model)
            .where(model.plan_subject_id.in_(subject_ids))
            .execution_options(synchronize_session=False)
        )


def recount(session: Session, subject_ids: Collection[int]) -> None:
    """应考人数 as the seats make it; a room session without anybody goes."""
    if not subject_ids:
        return
    seated = (
        sa.select(sa.func.count())
        .where(SeatAssignment.room_session_id == RoomSession.id)
        .correlate(RoomSession)
        .scalar_subquery()
    )
    mine = RoomSession.plan_subject_id.in_(subject_ids)
    options = {"synchronize_session": False}
    session.execute(sa.delete(RoomSession).where(mine, seated == 0).execution_options(**options))
    session.execute(
        sa.update(RoomSession)
        .where(mine, RoomSession.expected != seated)
        .values(expected=seated)
        .execution_options(**options)
    )


def rebuild_allocations(session: Session, subject_ids: Collection[int]) -> None:
    """考点编排 as the seats make it: places of each site in each session, guests apart (4.9)."""
    if not subject_ids:
        return
    session.execute(
        sa.delete(SiteAllocation)
        .where(SiteAllocation.plan_subject_id.in_(subject_ids))
        .execution_options(synchronize_session=False)
    )
    seat = SeatAssignment
    guest = sa.case((seat.school_id != seat.host_school_id, seat.school_id))
    keys = (seat.plan_id, seat.plan_subject_id, seat.session_id, seat.site_id, guest)
    counted = (
        sa.select(*keys, sa.func.count(sa.distinct(seat.registration_id)))
        .where(seat.plan_subject_id.in_(subject_ids))
        .group_by(*keys)
    )
    columns = ["plan_id", "plan_subject_id", "session_id", "site_id", "guest_school_id", "places"]
    session.execute(sa.insert(SiteAllocation).from_select(columns, counted))


def flag_tickets(session: Session, *which: sa.ColumnElement[bool]) -> None:
    """Tickets of these registrations may have been printed and no longer tell the truth (4.9)."""
    tickets = set(session.scalars(sa.select(Registration.ticket_id).where(*which)))
    session.execute(
        sa.update(AdmissionTicket)
        .where(among(AdmissionTicket.id, tickets))
        .values(changed_at=clock.now())
        .execution_options(synchronize_session=False)
    )
