"""What is certain before a run: missing seats and the least number of room sessions."""

from __future__ import annotations

from hypothesis import given

from app.scheduling.bounds import least_room_sessions, precheck
from app.scheduling.model import Problem
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


@given(problems())
@AT_RANDOM
def test_a_problem_that_is_short_for_certain_never_seats_everybody(problem: Problem) -> None:
    if precheck(problem):
        assert solve(problem).left


@given(problems())
@AT_RANDOM
def test_a_plan_that_seats_everybody_opens_no_fewer_room_sessions_than_the_bound(problem: Problem) -> None:
    plan = solve(problem)
    if not plan.left:
        assert plan.room_sessions >= least_room_sessions(problem)


def test_a_missing_kind_of_room_is_told_before_the_run() -> None:
    problem = Problem((subject(mode="笔试"),), sessions(MORNING), (room(),), tuple(people(4)))
    (shortage,) = precheck(problem)
    assert (shortage.mode, shortage.needed, shortage.places) == ("笔试", 4, 0)
    assert shortage.message == "考点没有可用的笔试考场,需要4个座位"


def test_sessions_that_overlap_are_not_counted_twice_for_one_room() -> None:
    crossing = sessions(MORNING, span("09:00", "11:00"), AFTERNOON)
    (shortage,) = precheck(
        Problem((subject(allowed=(1, 2, 3)),), crossing, (room(seats=10),), tuple(people(21)))
    )
    assert (shortage.needed, shortage.places) == (21, 20)


def test_two_subjects_that_share_rooms_are_short_together() -> None:
    problem = Problem(
        (subject(1, (1,)), subject(2, (1,))),
        sessions(MORNING),
        (room(seats=10),),
        (*people(8, 1), *people(8, 2, first=9)),
    )
    seats, rooms = precheck(problem)
    assert seats.subject is None and (seats.needed, seats.places) == (16, 10)
    assert rooms.message == "考点机考考场至多可提供1个考场场次,至少需要2个,缺1个"


def test_linked_sessions_need_a_seat_in_each() -> None:
    problem = Problem(
        (subject(allowed=(1, 2), every=True),), sessions(MORNING, AFTERNOON), (room(),), tuple(people(31))
    )
    (shortage,) = precheck(problem)
    assert (shortage.needed, shortage.places) == (62, 60)
