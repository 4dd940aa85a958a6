"""Automatic scheduling: R85-R92, E98-E100, E103, decision 9.5."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.scheduling.bounds import least_room_sessions
from app.scheduling.check import check
from app.scheduling.explain import summary
from app.scheduling.model import Params, Plan, Problem, Registration
from app.scheduling.solve import solve
from tests.scheduling.problems import (
    AFTERNOON,
    AT_RANDOM,
    LATE_MORNING,
    MORNING,
    people,
    problems,
    room,
    sessions,
    span,
    subject,
)


def reasons(plan: Plan) -> set[tuple[str, str]]:
    return {(left.code, left.message) for left in plan.left}


@given(problems(), st.booleans())
@AT_RANDOM
def test_no_plan_breaks_a_rule_and_everybody_is_seated_or_told_why(problem: Problem, unpaid: bool) -> None:
    params = Params(schedule_unpaid=unpaid)
    plan = solve(problem, params)
    assert check(problem, plan, params) == []
    seated = {seat.registration for seat in plan.seats}
    left = {entry.registration for entry in plan.left}
    assert seated | left == {registration.id for registration in problem.registrations} and not seated & left
    assert all(entry.message for entry in plan.left)


@given(problems(), st.randoms(use_true_random=False))
@AT_RANDOM
def test_the_order_of_the_input_never_shows_in_the_plan(problem: Problem, shuffle: random.Random) -> None:
    def mixed(items: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(shuffle.sample(items, len(items)))

    shuffled = Problem(
        tuple(replace(one, sessions=mixed(one.sessions)) for one in mixed(problem.subjects)),
        mixed(problem.sessions),
        mixed(problem.rooms),
        mixed(problem.registrations),
        {person: mixed(spans) for person, spans in mixed(tuple(problem.busy.items()))},
    )
    assert solve(shuffled) == solve(problem)


def test_E98_a_computer_subject_never_goes_into_a_practical_room() -> None:
    plan = solve(Problem((subject(),), sessions(MORNING), (room(kind="实操"),), tuple(people(3))))
    assert plan.seats == () and reasons(plan) == {("no_room", "站点没有机考考场")}


def test_R87_a_room_kept_for_other_certificates_is_not_used() -> None:
    other = replace(room(), certificates=frozenset({7}))
    plan = solve(Problem((subject(),), sessions(MORNING), (other,), tuple(people(3))))
    assert reasons(plan) == {("no_room", "站点的机考考场均不用于该证书")}


def test_E99_61_candidates_and_60_seats_leave_one() -> None:
    problem = Problem((subject(),), sessions(MORNING), (room(1), room(2)), tuple(people(61)))
    plan = solve(problem)
    assert len(plan.seats) == 60
    assert [left.registration for left in plan.left] == [10_061] and plan.left[0].proven
    assert "至多可提供60个座位,至少需要61个,缺1个" in plan.left[0].message
    assert [line.sentence for line in summary(problem, plan)] == ["尚余1人未排考"]


def test_E99_a_second_session_seats_the_61st() -> None:
    problem = Problem(
        (subject(allowed=(1, 2)),), sessions(MORNING, AFTERNOON), (room(1), room(2)), tuple(people(61))
    )
    plan = solve(problem)
    assert plan.left == () and plan.room_sessions == 3 == least_room_sessions(problem)
    assert [line.sentence for line in summary(problem, plan)] == [""]


def test_E100_a_seat_in_another_plan_is_named_with_both_times() -> None:
    elsewhere = span("14:00", "15:00")
    problem = Problem((subject(),), sessions(AFTERNOON), (room(),), tuple(people(2)), {1: (elsewhere,)})
    plan = solve(problem)
    assert [seat.registration for seat in plan.seats] == [10_002]
    assert reasons(plan) == {
        ("busy", "考生时间冲突:本场次2020-07-18 13:00~16:50,其他计划2020-07-18 14:00~15:00")
    }


def test_E100_another_session_is_taken_if_there_is_one() -> None:
    problem = Problem(
        (subject(allowed=(1, 2)),),
        sessions(MORNING, AFTERNOON),
        (room(),),
        tuple(people(1)),
        {1: (span("08:00", "12:00"),)},
    )
    assert [seat.session for seat in solve(problem).seats] == [2]


def test_E100_ten_minutes_lie_between_two_plans() -> None:
    for free_from, seated in (("08:21", 0), ("08:20", 1)):
        problem = Problem(
            (subject(),), sessions(MORNING), (room(),), tuple(people(1)), {1: (span("08:00", free_from),)}
        )
        assert len(solve(problem).seats) == seated


def test_R88_two_subjects_of_a_candidate_never_overlap() -> None:
    overlapping = sessions(MORNING, span("09:00", "10:30"))
    both = (*people(2, 1), *people(2, 2))
    plan = solve(Problem((subject(1, (1,)), subject(2, (2,))), overlapping, (room(1), room(2)), both))
    assert len(plan.seats) == 2 and {left.code for left in plan.left} == {"clash"}
    assert all("科目1" in left.message and not left.proven for left in plan.left)


def test_R88_less_than_ten_minutes_apart_is_allowed_in_the_same_room_only() -> None:
    close = sessions(MORNING, span("10:05", "11:35"))
    subjects, both = (subject(1, (1,)), subject(2, (2,))), (*people(2, 1), *people(2, 2))
    assert len(solve(Problem(subjects, close, (room(1),), both)).seats) == 4
    two_modes = (subject(1, (1,)), subject(2, (2,), mode="实操"))
    assert len(solve(Problem(two_modes, close, (room(1), room(2, kind="实操")), both)).seats) == 2


def test_R88_ten_minutes_are_enough_to_change_rooms() -> None:
    two_modes = (subject(1, (1,)), subject(2, (2,), mode="实操"))
    both = (*people(2, 1), *people(2, 2))
    problem = Problem(two_modes, sessions(MORNING, LATE_MORNING), (room(1), room(2, kind="实操")), both)
    assert len(solve(problem).seats) == 4


def test_R89_candidates_sit_at_the_site_they_are_given() -> None:
    guests = people(5, site=2, school=1)
    own = people(5, site=1, school=2, first=6)
    plan = solve(
        Problem((subject(),), sessions(MORNING), (room(1, site=1), room(2, site=2)), (*guests, *own))
    )
    assert {seat.room for seat in plan.seats if seat.registration <= 10_005} == {2}
    assert {seat.room for seat in plan.seats if seat.registration > 10_005} == {1}


def test_R89_without_own_or_borrowed_site_nobody_is_seated() -> None:
    plan = solve(Problem((subject(),), sessions(MORNING), (room(),), tuple(people(1, site=None))))
    assert reasons(plan) == {("no_site", "所在院校没有该证书的考核站点,也未分配借考站点")}


def test_E103_unpaid_candidates_are_left_out_unless_the_organisation_allows_them() -> None:
    unpaid: list[Registration] = [replace(person, paid=False) for person in people(2)]
    problem = Problem((subject(),), sessions(MORNING), (room(),), tuple(unpaid))
    refused = solve(problem, Params(schedule_unpaid=False))
    assert refused.seats == () and {left.code for left in refused.left} == {"unpaid"}
    assert len(solve(problem, Params(schedule_unpaid=True)).seats) == 2


def test_a_room_another_plan_has_is_left_alone() -> None:
    taken = room(busy=(span("09:00", "12:00"),))
    assert reasons(solve(Problem((subject(),), sessions(MORNING), (taken,), tuple(people(1))))) == {
        ("room_busy", "站点的机考考场在该科目的场次已被其他计划占用")
    }
    later = Problem((subject(allowed=(1, 2)),), sessions(MORNING, AFTERNOON), (taken,), tuple(people(1)))
    assert [seat.session for seat in solve(later).seats] == [2]


def test_R92_seats_run_from_one_without_holes_by_school_then_ticket() -> None:
    mixed = (*people(3, school=2, first=1), *people(3, school=1, first=4))
    plan = solve(Problem((subject(),), sessions(MORNING), (room(),), mixed))
    in_order = [seat.registration - 10_000 for seat in sorted(plan.seats, key=lambda seat: seat.number)]
    assert in_order == [4, 5, 6, 1, 2, 3]
    assert sorted(seat.number for seat in plan.seats) == [1, 2, 3, 4, 5, 6]


def test_9_5_a_subject_with_several_sessions_is_sat_in_one_of_them() -> None:
    plan = solve(
        Problem((subject(allowed=(1, 2)),), sessions(MORNING, AFTERNOON), (room(),), tuple(people(5)))
    )
    assert len(plan.seats) == 5 and plan.room_sessions == 1


def test_9_5_a_subject_of_linked_sessions_gives_a_seat_in_each_of_them_in_one_room() -> None:
    linked = subject(allowed=(1, 2), every=True)
    plan = solve(Problem((linked,), sessions(MORNING, AFTERNOON), (room(1, 5), room(2, 3)), tuple(people(8))))
    assert len(plan.seats) == 16 and plan.left == ()
    rooms_of = {registration.id: set[int]() for registration in people(8)}
    for seat in plan.seats:
        rooms_of[seat.registration].add(seat.room)
    assert all(len(rooms) == 1 for rooms in rooms_of.values())


def test_9_5_linked_sessions_use_two_rooms_where_no_room_is_free_in_both() -> None:
    linked = subject(allowed=(1, 2), every=True)
    rooms = (room(1, busy=(MORNING,)), room(2, busy=(AFTERNOON,)))
    plan = solve(Problem((linked,), sessions(MORNING, AFTERNOON), rooms, tuple(people(8))))
    assert len(plan.seats) == 16 and {(seat.session, seat.room) for seat in plan.seats} == {(1, 2), (2, 1)}


def test_9_5_linked_sessions_are_all_or_nothing() -> None:
    linked = subject(allowed=(1, 2), every=True)
    problem = Problem((linked,), sessions(MORNING, AFTERNOON), (room(busy=(AFTERNOON,)),), tuple(people(2)))
    plan = solve(problem)
    assert plan.seats == () and {left.code for left in plan.left} == {"room_busy"}


def test_a_subject_without_sessions_says_so() -> None:
    plan = solve(Problem((subject(allowed=()),), sessions(MORNING), (room(),), tuple(people(1))))
    assert reasons(plan) == {("no_session", "科目“科目1”在计划中没有场次")}


def test_a_small_rest_gets_the_smallest_room_that_holds_it() -> None:
    plan = solve(
        Problem((subject(),), sessions(MORNING), (room(1, 60), room(2, 10), room(3, 20)), tuple(people(9)))
    )
    assert {seat.room for seat in plan.seats} == {2}


def test_R63_linked_sessions_that_overlap_are_named_as_the_fault() -> None:
    linked = subject(allowed=(1, 2), every=True)
    plan = solve(Problem((linked,), sessions(MORNING, span("09:00", "10:30")), (room(),), tuple(people(1))))
    assert {left.code for left in plan.left} == {"sessions_overlap"}
