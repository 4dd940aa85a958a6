"""Moving one seat seats one more; nobody loses a seat by it."""

from __future__ import annotations

from hypothesis import given

from app.scheduling.greedy import assign
from app.scheduling.improve import improve
from app.scheduling.model import Params, Problem
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
def test_whoever_had_a_seat_still_has_one(problem: Problem) -> None:
    board = assign(problem.canonical(), Params())
    before = {member for members in board.opened.values() for member in members}
    improve(board, Params())
    assert before <= {member for members in board.opened.values() for member in members}


def test_a_candidates_other_subject_makes_way() -> None:
    rooms = (room(1), room(2, kind="实操", busy=(AFTERNOON,)))
    subjects = (subject(1, (1, 2)), subject(2, (1, 2), mode="实操"))
    problem = Problem(subjects, sessions(MORNING, AFTERNOON), rooms, (*people(3, 1), *people(1, 2)))
    assert set(assign(problem.canonical(), Params()).opened) == {(1, 1)}
    plan = solve(problem)
    assert plan.left == ()
    assert {(seat.registration, seat.session) for seat in plan.seats} >= {(10_001, 2), (20_001, 1)}


def test_somebody_with_another_chance_makes_way() -> None:
    rooms = (room(1, seats=1, busy=(span("18:00", "19:00"),)),)
    evening = span("18:00", "19:00")
    busy = {1: (evening,), 2: (AFTERNOON,)}
    problem = Problem(
        (subject(1, (1, 2, 3)),), sessions(MORNING, AFTERNOON, evening), rooms, tuple(people(2)), busy
    )
    plan = solve(problem)
    assert {(seat.registration, seat.session) for seat in plan.seats} == {(10_001, 2), (10_002, 1)}
