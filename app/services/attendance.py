"""Attendance: recorded by the host school once the session has begun; expected = attended + absent (R96, 9.24)."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.services.actions import page_link
from app.services.errors import Conflict, DomainError
from models.kit import clock
from models.plans import ExamPlan
from models.registrations import Attendance, Registration
from models.scheduling import RoomSession, SeatAssignment

MARKS = (Attendance.PRESENT, Attendance.ABSENT, Attendance.MISCONDUCT)


def is_open(row: RoomSession) -> bool:
    """Published and begun (4.9 登记考勤)."""
    return row.schedule_published_at is not None and row.starts_at <= clock.now()


page_link(
    RoomSession,
    "attendance",
    "登记考勤",
    "/console/room_session/{id}/attendance",
    on="one",
    icon="user-check",
    order=21,
    when=is_open,
)


def seats_of(session: Session, row: RoomSession) -> list[SeatAssignment]:
    """By seat number."""
    found = sa.select(SeatAssignment).where(SeatAssignment.room_session_id == row.id)
    return list(session.scalars(found.order_by(SeatAssignment.seat_number)).unique())


def record(session: Session, row: RoomSession, marks: Mapping[int, Attendance]) -> None:
    """Everybody of the room at once, by seat id; misconduct was present. May be corrected until scores are public."""
    if not is_open(row):
        raise Conflict("attendance.early", "考试开始后才能登记考勤")
    if clock.now() >= session.get_one(ExamPlan, row.plan_id).publicity_from:
        raise Conflict("attendance.late", "成绩公示已开始,不能再修改考勤")
    seats = {seat.id for seat in seats_of(session, row)}
    if set(marks) != seats or not set(marks.values()) <= set(MARKS):
        raise DomainError("attendance.marks", "名单已变化或有考生未登记,请刷新后重新登记")
    for mark in MARKS:
        chosen = [key for key, given in marks.items() if given is mark]
        if chosen:
            session.execute(
                sa.update(SeatAssignment)
                .where(SeatAssignment.id.in_(chosen))
                .values(attendance=mark)
                .execution_options(synchronize_session=False)
            )
    _mark_registrations(session, row)
    absent = sum(given is Attendance.ABSENT for given in marks.values())
    row.attended, row.absent, row.recorded_at = len(marks) - absent, absent, clock.now()
    session.flush()


def _mark_registrations(session: Session, row: RoomSession) -> None:
    """Of a subject sat in several sessions one is absent who was absent from all (多场连考, 9.5)."""
    seat = SeatAssignment
    here = sa.select(seat.registration_id).where(seat.room_session_id == row.id)
    value = sa.case(
        (sa.func.bool_or(seat.attendance == Attendance.MISCONDUCT), Attendance.MISCONDUCT.value),
        (sa.func.bool_or(seat.attendance == Attendance.PRESENT), Attendance.PRESENT.value),
        (sa.func.bool_or(seat.attendance == Attendance.UNKNOWN), Attendance.UNKNOWN.value),
        else_=Attendance.ABSENT.value,
    )
    summed = (
        sa.select(seat.registration_id, value.label("attendance"))
        .where(seat.registration_id.in_(here))
        .group_by(seat.registration_id)
        .subquery()
    )
    session.execute(
        sa.update(Registration)
        .where(Registration.id == summed.c.registration_id)
        .values(attendance=summed.c.attendance)
        .execution_options(synchronize_session=False)
    )
