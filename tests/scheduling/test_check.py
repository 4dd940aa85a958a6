"""The independent checker finds each fault by itself: plans are spoiled one rule at a time."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.scheduling.check import check
from app.scheduling.model import Left, Params, Plan, Problem, Seat
from app.scheduling.solve import solve
from tests.scheduling.problems import (
    AFTERNOON,
    AT_RANDOM,
    MORNING,
    people,
    problems,
    room,
    sessions,
    span,
    subject,
)

PROBLEM = Problem(
    (subject(1, (1, 2)), subject(2, (2, 3))),
    sessions(MORNING, AFTERNOON, span("09:30", "11:00")),
    (room(1, 3), room(2, 3), room(3, 3, kind="实操"), room(4, 3, site=2)),
    (*people(3, 1), *people(3, 2)),
    {2: (span("09:50", "10:30", day=19),)},
)
GOOD = Plan(
    tuple(Seat(1, 1, n, 10_000 + n) for n in (1, 2, 3)) + tuple(Seat(2, 1, n, 20_000 + n) for n in (1, 2, 3)),
    (),
)


def codes(seats: tuple[Seat, ...], left: tuple[Left, ...] = (), problem: Problem = PROBLEM) -> set[str]:
    return {violation.code for violation in check(problem, Plan(seats, left), Params(schedule_unpaid=False))}


def moved(registration: int, /, **changes: int) -> tuple[Seat, ...]:
    return tuple(
        replace(seat, **changes) if seat.registration == registration else seat for seat in GOOD.seats
    )


def test_a_good_plan_has_no_violation() -> None:
    assert check(PROBLEM, GOOD) == []


@pytest.mark.parametrize(
    ("seats", "code"),
    [
        (moved(10_001, room=3), "kind"),
        (moved(10_001, room=4), "site"),
        (moved(10_001, session=3), "session"),
        (moved(10_001, number=4), "seat_number"),
        (moved(10_001, number=2), "seat_taken"),
        (moved(10_001, room=99), "unknown"),
        (moved(10_001, session=99), "unknown"),
        (moved(10_001, registration=99), "unknown"),
        (GOOD.seats[1:], "lost"),
        (GOOD.seats[1:], "seat_order"),
        ((*GOOD.seats, Seat(1, 2, 1, 10_001)), "twice"),
        (moved(20_001, session=3, room=2), "clash"),
        (moved(20_001, session=3), "room_clash"),
    ],
)
def test_each_fault_is_found(seats: tuple[Seat, ...], code: str) -> None:
    assert code in codes(seats)


def test_E98_is_worded_as_in_the_import_of_manual_scheduling() -> None:
    (violation,) = [one for one in check(PROBLEM, Plan(moved(10_001, room=3), ())) if one.code == "kind"]
    assert violation.message.startswith("考场类型与考试方式不符") and violation.registration == 10_001


def test_R87_a_room_of_other_certificates_is_found() -> None:
    narrowed = replace(
        PROBLEM, rooms=(replace(PROBLEM.rooms[0], certificates=frozenset({1})), *PROBLEM.rooms[1:])
    )
    assert codes(GOOD.seats, problem=narrowed) == {"certificate"}


def test_E103_an_unpaid_candidate_is_found_unless_allowed() -> None:
    first, *others = PROBLEM.registrations
    unpaid = replace(PROBLEM, registrations=(replace(first, paid=False), *others))
    assert codes(GOOD.seats, problem=unpaid) == {"unpaid"}
    assert check(unpaid, GOOD, Params(schedule_unpaid=True)) == []


def test_R86_more_people_than_seats_is_found() -> None:
    shrunk = replace(PROBLEM, rooms=(replace(PROBLEM.rooms[0], seats=2), *PROBLEM.rooms[1:]))
    assert {"overfull", "seat_number"} <= codes(GOOD.seats, problem=shrunk)


def test_two_subjects_in_one_room_session_are_found() -> None:
    crowded = replace(PROBLEM, rooms=(replace(PROBLEM.rooms[0], seats=6), *PROBLEM.rooms[1:]))
    assert "two_subjects" in codes(moved(10_001, session=2, number=4), problem=crowded)


def test_E100_a_seat_in_another_plan_is_found_with_both_times() -> None:
    elsewhere = replace(PROBLEM, busy={1: (span("10:05", "11:00"),)})
    (violation,) = check(elsewhere, GOOD)
    assert violation.code == "busy" and violation.registration == 10_001
    assert violation.message == "考生时间冲突:本场次2020-07-18 08:30~10:00,其他计划2020-07-18 10:05~11:00"


def test_a_room_another_plan_has_is_found() -> None:
    taken = replace(PROBLEM, rooms=(replace(PROBLEM.rooms[0], busy=(AFTERNOON,)), *PROBLEM.rooms[1:]))
    assert codes(GOOD.seats, problem=taken) == {"room_busy"}


def test_a_reason_for_somebody_seated_or_unknown_is_found() -> None:
    assert "both" in codes(GOOD.seats, (Left(10_001, 1, "x", "x", False),))
    assert codes(GOOD.seats, (Left(99, 1, "x", "x", False),)) == {"unknown"}


def test_9_5_a_missing_seat_of_linked_sessions_is_found() -> None:
    linked = Problem((subject(1, (1, 2), every=True),), PROBLEM.sessions, PROBLEM.rooms, tuple(people(1)))
    assert codes((Seat(1, 1, 1, 10_001),), problem=linked) == {"every_session"}
    assert codes((Seat(1, 1, 1, 10_001), Seat(2, 1, 1, 10_001)), problem=linked) == set()


def test_R92_seat_order_is_asked_of_automatic_plans_only() -> None:
    swapped = tuple(
        replace(seat, number={1: 2, 2: 1}.get(seat.number, seat.number)) if seat.session == 1 else seat
        for seat in GOOD.seats
    )
    assert [violation.code for violation in check(PROBLEM, Plan(swapped, ()))] == ["seat_order"]
    assert check(PROBLEM, Plan(swapped, ()), automatic=False) == []


@given(problems(), st.data())
@AT_RANDOM
def test_a_seat_taken_out_of_any_plan_is_missed(problem: Problem, data: st.DataObject) -> None:
    plan = solve(problem)
    assume(plan.seats)
    gone = data.draw(st.sampled_from(plan.seats))
    found = check(problem, Plan(tuple(seat for seat in plan.seats if seat != gone), plan.left))
    assert {violation.code for violation in found} & {"lost", "every_session"}
