"""Invigilators: R93, E108."""

from __future__ import annotations

from app.scheduling.invigilate import Duty, conflicts
from tests.scheduling.problems import AFTERNOON, MORNING, span


def test_E108_one_person_in_two_rooms_at_one_time_is_a_conflict() -> None:
    (conflict,) = conflicts(
        [Duty("李老师", 1, "101室", AFTERNOON), Duty("李老师", 2, "102室", span("16:00", "17:00"))]
    )
    assert conflict.message == "监考老师时间冲突:102室(2020-07-18 13:00~16:50已在101室)"


def test_R93_one_after_the_other_and_different_people_are_no_conflict() -> None:
    duties = [
        Duty("李老师", 1, "101室", MORNING),
        Duty("李老师", 2, "102室", span("10:00", "11:00")),
        Duty("王老师", 2, "102室", MORNING),
    ]
    assert conflicts(duties) == []


def test_R93_each_overlapping_pair_is_told_in_an_order_of_its_own() -> None:
    duties = [Duty("李老师", number, f"{number}室", MORNING) for number in (3, 1, 2)]
    pairs = [(one.one.room, one.other.room) for one in conflicts(duties)]
    assert pairs == [(1, 2), (1, 3), (2, 3)] == [(c.one.room, c.other.room) for c in conflicts(duties[::-1])]
