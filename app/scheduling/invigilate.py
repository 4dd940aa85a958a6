"""Invigilators and patrols: nobody in two rooms at one time (R93, E108)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from app.scheduling.model import Span


@dataclass(frozen=True, slots=True)
class Duty:
    """A person in a room for a session; `person` tells people apart (mobile, or name within the school)."""

    person: str
    room: int
    room_name: str
    span: Span


@dataclass(frozen=True, slots=True)
class DutyConflict:
    """Two duties one person cannot both do."""

    one: Duty
    other: Duty

    @property
    def message(self) -> str:
        """As the import of 监考安排 words it."""
        return f"监考老师时间冲突:{self.other.room_name}({self.one.span}已在{self.one.room_name})"


def conflicts(duties: Iterable[Duty]) -> list[DutyConflict]:
    """Every pair of duties of one person at overlapping times in different rooms, earliest first."""
    by_person: dict[str, list[Duty]] = defaultdict(list)
    for duty in duties:
        by_person[duty.person].append(duty)
    found: list[DutyConflict] = []
    for _person, own in sorted(by_person.items()):
        own.sort(key=lambda duty: (duty.span, duty.room))
        for place, duty in enumerate(own):
            found += [
                DutyConflict(duty, later)
                for later in own[place + 1 :]
                if duty.room != later.room and duty.span.meets(later.span)
            ]
    return found
