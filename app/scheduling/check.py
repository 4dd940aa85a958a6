"""The independent checker: run on every plan before it is saved, made by hand or by machine (R86-R92).

It shares no code with the search: it compares times, not masks, and knows nothing of how a plan came to be.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from app.scheduling.model import Params, Plan, Problem, Seat, seating_order


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule a plan breaks, and where."""

    code: str
    message: str
    registration: int | None = None
    session: int | None = None
    room: int | None = None


def check(
    problem: Problem, plan: Plan, params: Params | None = None, *, automatic: bool = True
) -> list[Violation]:
    """All violations; `automatic` plans also have seats 1..n without holes in seating order (R92)."""
    strange = list(_unknown(problem, plan))
    if strange:
        return strange
    rules = params or Params()
    return [
        *_places(problem, plan, rules),
        *_completeness(problem, plan),
        *_rooms(problem, plan, automatic),
        *_people(problem, plan, rules),
    ]


def _unknown(problem: Problem, plan: Plan) -> Iterator[Violation]:
    for seat in plan.seats:
        known = (
            seat.registration in problem.registration_by_id
            and seat.session in problem.session_by_id
            and seat.room in problem.room_by_id
        )
        if not known:
            yield _at(seat, "unknown", "报考记录、场次或考场不在本计划内")
    for left in plan.left:
        if left.registration not in problem.registration_by_id:
            yield Violation("unknown", "报考记录不在本计划内", left.registration)


def _places(problem: Problem, plan: Plan, params: Params) -> Iterator[Violation]:
    """Each seat by itself: mode, certificate (R87, E98), site (R89), session, payment (R90), number (R86)."""
    for seat in plan.seats:
        registration = problem.registration_by_id[seat.registration]
        subject, room = problem.subject_by_id[registration.subject], problem.room_by_id[seat.room]
        if room.kind != subject.mode:
            yield _at(
                seat, "kind", f"考场类型与考试方式不符:{room.name}为{room.kind}考场,科目为{subject.mode}"
            )
        elif not room.takes(subject):
            yield _at(seat, "certificate", f"考场{room.name}不用于该证书")
        if room.site != registration.site:
            yield _at(seat, "site", "该考生不能在此站点考试")
        if seat.session not in subject.sessions:
            yield _at(seat, "session", f"科目“{subject.name}”没有该场次")
        if not registration.paid and not params.schedule_unpaid:
            yield _at(seat, "unpaid", "未缴费考生不可排考")
        if not 1 <= seat.number <= room.seats:
            yield _at(seat, "seat_number", f"座位号应为1–{room.seats}")


def _completeness(problem: Problem, plan: Plan) -> Iterator[Violation]:
    """One seat a registration, or one in each session of 多场连考 (9.5); else a reason, never both."""
    sessions: dict[int, list[int]] = defaultdict(list)
    for seat in plan.seats:
        sessions[seat.registration].append(seat.session)
    reasons = Counter(left.registration for left in plan.left)
    for registration in problem.registrations:
        got = sessions.get(registration.id, [])
        subject = problem.subject_by_id[registration.subject]
        if not got:
            if reasons[registration.id] != 1:
                yield Violation("lost", "未排考的报考记录没有原因", registration.id)
        elif reasons[registration.id]:
            yield Violation("both", "报考记录既已排考又列为未排考", registration.id)
        elif subject.every_session and sorted(got) != sorted(subject.sessions):
            yield Violation("every_session", "多场连考的科目应在每个场次各有一个座位", registration.id)
        elif not subject.every_session and len(got) > 1:
            yield Violation("twice", "同一报考记录有多个座位", registration.id)


def _rooms(problem: Problem, plan: Plan, automatic: bool) -> Iterator[Violation]:
    """Each room: one subject a session, no two sessions at once, none while another plan has it."""
    members: dict[int, dict[int, list[Seat]]] = defaultdict(lambda: defaultdict(list))
    for seat in plan.seats:
        members[seat.room][seat.session].append(seat)
    for room_id, sessions in members.items():
        room = problem.room_by_id[room_id]
        ordered = sorted(sessions, key=lambda session: (problem.span(session), session))
        for one, other in pairwise(ordered):
            if problem.span(one).meets(problem.span(other)):
                yield Violation(
                    "room_clash", f"考场{room.name}同一时间有两个场次", session=other, room=room_id
                )
        for session in ordered:
            for taken in room.busy:
                if problem.span(session).meets(taken):
                    message = f"考场{room.name}时间冲突:本场次{problem.span(session)},其他计划{taken}"
                    yield Violation("room_busy", message, session=session, room=room_id)
            yield from _room_session(problem, sessions[session], automatic)


def _room_session(problem: Problem, seats: list[Seat], automatic: bool) -> Iterator[Violation]:
    first, room = seats[0], problem.room_by_id[seats[0].room]
    registrations = {seat.registration: problem.registration_by_id[seat.registration] for seat in seats}
    if len({registration.subject for registration in registrations.values()}) > 1:
        message = f"考场{room.name}同一场次只能安排一个科目"
        yield Violation("two_subjects", message, session=first.session, room=room.id)
    if len(seats) > room.seats:
        message = f"考场{room.name}有{room.seats}个座位,安排了{len(seats)}人"
        yield Violation("overfull", message, session=first.session, room=room.id)
    for number, times in Counter(seat.number for seat in seats).items():
        if times > 1:
            yield Violation("seat_taken", f"座位已被占用:{number}号", session=first.session, room=room.id)
    if automatic:
        by_number = sorted(seats, key=lambda seat: seat.number)
        in_order = sorted(seats, key=lambda seat: seating_order(registrations[seat.registration]))
        if by_number != in_order or [seat.number for seat in by_number] != list(range(1, len(seats) + 1)):
            message = f"考场{room.name}的座位号应从1起连续,按院校、准考证号排列"
            yield Violation("seat_order", message, session=first.session, room=room.id)


def _people(problem: Problem, plan: Plan, params: Params) -> Iterator[Violation]:
    """Each candidate: no two seats at once, time to walk (R88), no seat in another plan (E100)."""
    seats: dict[int, list[Seat]] = defaultdict(list)
    for seat in plan.seats:
        seats[problem.registration_by_id[seat.registration].candidate].append(seat)
    for candidate, own in seats.items():
        own.sort(key=lambda seat: problem.span(seat.session))
        for place, seat in enumerate(own):
            span = problem.span(seat.session)
            for later in own[place + 1 :]:
                then = problem.span(later.session)
                if span.meets(then) or (seat.room != later.room and span.meets(then, params.walk)):
                    yield _at(later, "clash", f"考生时间冲突:{span}与{then}")
            for taken in problem.busy.get(candidate, ()):
                if span.meets(taken, params.walk):
                    yield _at(seat, "busy", f"考生时间冲突:本场次{span},其他计划{taken}")


def _at(seat: Seat, code: str, message: str) -> Violation:
    return Violation(code, message, seat.registration, seat.session, seat.room)
