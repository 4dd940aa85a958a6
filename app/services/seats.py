"""Seats by hand: given, moved, taken back, one by one or by the sheet (4.7, 4.9; R85–R92, E98, E100, E103).

Every change is put to the independent checker together with the seats that stand, before it is written.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.scheduling.check import Violation, check
from app.scheduling.model import Plan, Seat
from app.services import scheduling_rows as rows
from app.services.actions import Ask, action, page_link
from app.services.errors import Conflict, DomainError
from app.services.scheduling import as_drafts, in_window, lock, require_window, subjects_of, tell_schools
from app.services.scheduling_ground import as_scheduled
from app.services.sets import among
from models.kit import Code, Int, Moment, Text, clock
from models.plans import ExamPlan, ExamSession, ScheduleState
from models.registrations import Registration, RegistrationState
from models.scheduling import RoomSession, SeatAssignment
from models.sites import ExamSite, Room

_OF_OTHERS = {"lost", "both", "every_session"}
BEGUN = "场次已开始,不能再调整"


def problems(session: Session, plan: ExamPlan, wanted: Sequence[Seat]) -> dict[int, str]:
    """Why seats cannot be given so, by registration; those that can are not in it. Writes nothing."""
    subject_of = _subjects_of(session, [one.registration for one in wanted])
    ground, standing = as_scheduled(session, plan, set(subject_of.values()), wanted)
    known = set(ground.problem.session_by_id)
    found = {one.registration: "没有该报考记录或场次" for one in wanted if one.session not in known}
    found |= _begun(session, wanted)
    if found:
        return found
    seated = Plan(standing.seats, standing.left)
    for violation in check(ground.problem, seated, ground.params, automatic=False):
        for one in wanted:
            if violation.code not in _OF_OTHERS and _concerns(violation, one):
                found.setdefault(one.registration, violation.message)
    return found


def _concerns(violation: Violation, one: Seat) -> bool:
    if violation.registration is not None:
        return violation.registration == one.registration
    if violation.code == "seat_taken":
        return (violation.session, violation.room) == (
            one.session,
            one.room,
        ) and f":{one.number}号" in violation.message
    return violation.room == one.room and violation.session in (None, one.session)


def _begun(session: Session, wanted: Sequence[Seat]) -> dict[int, str]:
    """Neither the seat that is left nor the new one lies in a session that has begun (4.9)."""
    moment, ids = clock.now(), [one.registration for one in wanted]
    left = session.scalars(
        sa.select(SeatAssignment.registration_id).where(
            among(SeatAssignment.registration_id, ids), SeatAssignment.starts_at <= moment
        )
    )
    late = set(
        session.scalars(
            sa.select(ExamSession.id).where(
                ExamSession.id.in_({one.session for one in wanted}), ExamSession.starts_at <= moment
            )
        )
    )
    return dict.fromkeys(left, BEGUN) | {one.registration: BEGUN for one in wanted if one.session in late}


def give_seats(session: Session, plan: ExamPlan, wanted: Sequence[Seat]) -> None:
    """Write them, in place of what these registrations had; Conflict with the reason where one cannot be."""
    lock(session, plan)
    require_window(plan)
    if found := problems(session, plan, wanted):
        raise Conflict("seats.refused", ";".join(dict.fromkeys(found.values()))[:500])
    subject_of = _subjects_of(session, [one.registration for one in wanted])
    subjects = {one.id: one for one in subjects_of(session, plan)}
    _leave(session, wanted, {key for key, one in subjects.items() if one.consecutive}, subject_of)
    with rows.conflicts_told():
        opened = _rooms_for(session, plan, wanted, subject_of)
        rows.add_seats(session, plan, wanted, subject_of, opened)
    _settle(session, plan, set(subject_of.values()), [one.registration for one in wanted], "座位有调整")


def _leave(session: Session, wanted: Sequence[Seat], linked: set[int], subject_of: dict[int, int]) -> None:
    """The seats they had: all of them, or of a 多场连考 subject the one in that session."""
    alone = [one.registration for one in wanted if subject_of[one.registration] not in linked]
    pairs = [(one.registration, one.session) for one in wanted if subject_of[one.registration] in linked]
    session.execute(
        sa.delete(SeatAssignment)
        .where(
            sa.or_(
                among(SeatAssignment.registration_id, alone),
                sa.tuple_(SeatAssignment.registration_id, SeatAssignment.session_id).in_(pairs),
            )
        )
        .execution_options(synchronize_session=False)
    )


def _rooms_for(
    session: Session, plan: ExamPlan, wanted: Sequence[Seat], subject_of: dict[int, int]
) -> dict[tuple[int, int], int]:
    """The room session of each (session, room), opened where there is none yet."""
    keys = {(one.session, one.room): subject_of[one.registration] for one in wanted}
    found = {
        (row.session_id, row.room_id): row.id
        for row in session.execute(
            sa.select(RoomSession.session_id, RoomSession.room_id, RoomSession.id).where(
                RoomSession.plan_id == plan.id, RoomSession.room_id.in_({room for _, room in keys})
            )
        )
    }
    missing = [(subject, *key, 0) for key, subject in sorted(keys.items()) if key not in found]
    if missing:
        found |= rows.open_rooms(session, plan, missing)
    return found


def take_seats(session: Session, plan: ExamPlan, registration_ids: Collection[int]) -> int:
    """已排考 → 已报考 for these registrations, all their seats (4.7 撤销排考)."""
    lock(session, plan)
    require_window(plan)
    mine = among(SeatAssignment.registration_id, registration_ids)
    seats = session.execute(
        sa.select(SeatAssignment.plan_subject_id, SeatAssignment.starts_at).where(mine)
    ).all()
    if any(row.starts_at <= clock.now() for row in seats):
        raise Conflict("seats.begun", BEGUN)
    rows.free_registrations(session, among(Registration.id, registration_ids))
    session.execute(sa.delete(SeatAssignment).where(mine).execution_options(synchronize_session=False))
    _settle(
        session, plan, {row.plan_subject_id for row in seats}, list(registration_ids), "有考生的排考已撤销"
    )
    return len(set(registration_ids))


def _settle(session: Session, plan: ExamPlan, subject_ids: set[int], changed: list[int], what: str) -> None:
    """Everything that follows from seats: registrations, counts, allocations, states, tickets, messages."""
    rows.mark_registrations(session, changed)
    rows.recount(session, subject_ids)
    rows.rebuild_allocations(session, subject_ids)
    used = set(
        session.scalars(
            sa.select(SeatAssignment.plan_subject_id).where(SeatAssignment.plan_id == plan.id).distinct()
        )
    )
    subjects = subjects_of(session, plan)
    as_drafts(session, subjects, used)
    shown = {one.id for one in subjects if one.schedule_state is ScheduleState.PUBLISHED} & subject_ids
    if shown:
        rows.flag_tickets(session, among(Registration.id, changed), Registration.plan_subject_id.in_(shown))
        tell_schools(session, plan, shown, what)
    session.expire_all()


def _subjects_of(session: Session, registration_ids: Collection[int]) -> dict[int, int]:
    found = sa.select(Registration.id, Registration.plan_subject_id).where(
        among(Registration.id, registration_ids)
    )
    return dict(session.execute(found).all())


# Buttons


def _placement(
    session: Session, entry: Registration, site_code: str, room: str, starts_at: datetime, number: int | None
) -> Seat:
    """The seat a person named, or the first empty one of the room session."""
    room_id = room_named(session, entry.plan_id, site_code, room)
    session_id = session.scalar(
        sa.select(ExamSession.id).where(
            ExamSession.plan_subject_id == entry.plan_subject_id, ExamSession.starts_at == starts_at
        )
    )
    if room_id is None:
        raise DomainError("seats.room", "该计划没有这个站点和考场", "room")
    if session_id is None:
        raise DomainError("seats.session", "该科目没有这个时间开始的场次", "starts_at")
    return Seat(session_id, room_id, number or _first_empty(session, session_id, room_id, entry.id), entry.id)


def room_named(session: Session, plan_id: int, site_code: str, name: str) -> int | None:
    return session.scalar(
        sa.select(Room.id)
        .join(ExamSite, ExamSite.id == Room.site_id)
        .where(Room.plan_id == plan_id, Room.name == name, ExamSite.site_code == site_code)
    )


def _first_empty(session: Session, session_id: int, room_id: int, registration_id: int) -> int:
    taken = set(
        session.scalars(
            sa.select(SeatAssignment.seat_number)
            .join(RoomSession, RoomSession.id == SeatAssignment.room_session_id)
            .where(
                RoomSession.session_id == session_id,
                RoomSession.room_id == room_id,
                SeatAssignment.registration_id != registration_id,
            )
        )
    )
    return next(number for number in range(1, 1002) if number not in taken)


_WHERE = (
    Ask("site_code", "站点代码", Code(5)),
    Ask("room", "考场名称", Text(50)),
    Ask("starts_at", "场次开始时间", Moment()),
    Ask("seat_number", "座位号", Int(1, 1000), required=False, help="留空即最小的空座位号"),
)


def _movable(row: Any) -> bool:
    return in_window(row.plan) and bool(row.starts_at is None or row.starts_at > clock.now())


@action(
    Registration,
    "give_seat",
    "手工排考",
    on="one",
    icon="armchair",
    order=40,
    asks=_WHERE,
    when=lambda row: row.state is RegistrationState.REGISTERED and in_window(row.plan),
)
def _give(session: Session, actor: Actor, chosen: list[Registration], **where: Any) -> str:
    return _seat_one(session, chosen[0], where)


@action(
    SeatAssignment,
    "move_seat",
    "调整座位",
    on="one",
    icon="transfer",
    order=40,
    when=_movable,
    asks=_WHERE,
    confirm="排考发布后调整的,准考证将标记为须重新打印",
)
def _move(session: Session, actor: Actor, chosen: list[SeatAssignment], **where: Any) -> str:
    return _seat_one(session, session.get_one(Registration, chosen[0].registration_id), where)


def _seat_one(session: Session, entry: Registration, where: dict[str, Any]) -> str:
    seat = _placement(
        session,
        entry,
        where["site_code"],
        where["room"],
        where["starts_at"],
        where.get("seat_number") or None,
    )
    give_seats(session, session.get_one(ExamPlan, entry.plan_id), [seat])
    return f"{entry.candidate_name}已安排到{where['room']}{seat.number}号座位"


@action(
    SeatAssignment,
    "take_seat",
    "撤销座位",
    icon="arrow-back-up",
    order=41,
    danger=True,
    when=_movable,
    confirm="撤销{n}个座位,考生回到未排考",
)
def _take(session: Session, actor: Actor, chosen: list[SeatAssignment]) -> str:
    by_plan: dict[int, list[int]] = {}
    for row in chosen:
        by_plan.setdefault(row.plan_id, []).append(row.registration_id)
    count = sum(take_seats(session, session.get_one(ExamPlan, key), ids) for key, ids in by_plan.items())
    return f"已撤销{count}名考生的座位"


page_link(
    SeatAssignment,
    "import",
    "批量导入排考明细",
    "/console/seat_assignment/import/manual",
    on="list",
    icon="upload",
)
