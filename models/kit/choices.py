"""Closed lists of values with their Chinese words and colours, and the flows between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Self


class Choices(StrEnum):
    """A closed list: `PENDING = "PENDING", "待审核", "amber"`. The value is stored, the label shown.

    The third part is the colour of a state (look: amber waiting, green good, red refused, blue paid,
    violet issued, grey draft).
    """

    label: str
    tone: str

    def __new__(cls, value: str, label: str = "", tone: str = "grey") -> Self:
        self = str.__new__(cls, value)
        self._value_ = value
        self.label = label or value
        self.tone = tone
        return self

    @classmethod
    def pairs(cls) -> list[tuple[str, str]]:
        return [(member.value, member.label) for member in cls]

    @classmethod
    def by_label(cls, label: str) -> Self | None:
        return next((member for member in cls if member.label == label), None)


@dataclass(frozen=True)
class Move:
    """One arrow of a flow: a button for those whose role has the permission `<model>:<name>`.

    `plain` moves need no service: the panel itself sets the state (and asks `reason` into that column
    when given). Others are carried out by an action registered under the same name.
    """

    name: str
    label: str
    sources: tuple[Choices, ...]
    target: Choices
    confirm: str = ""
    reason: str = ""
    plain: bool = False
    danger: bool = False
    icon: str = ""


@dataclass(frozen=True)
class Flow:
    """The states of a column and the only moves between them (section 4: all others are refused with 409).

    The database refuses undeclared moves too, by a trigger made from this table.
    """

    states: type[Choices]
    start: Choices
    moves: tuple[Move, ...]
    also: tuple[tuple[Choices, Choices], ...] = ()  # moves made by the system, without a button

    def pairs(self) -> list[tuple[str, str]]:
        """Every allowed (from, to), sorted."""
        found = {(source.value, move.target.value) for move in self.moves for source in move.sources}
        return sorted(found | {(a.value, b.value) for a, b in self.also})


def moves(*items: Move) -> tuple[Move, ...]:
    return items


def labels(choices: type[Choices]) -> Sequence[str]:
    return [member.label for member in choices]
