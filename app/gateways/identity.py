"""Is this person who the data say? A port (D12) with one call; settings choose who answers.

`local`, the embedded default, has no register to ask and no face to compare, so it never says "passed": data that the
platform's own checks found sound go to the school's confirmation (4.6, E69). An adapter on a vendor's service compares
name, number and face, and answers with PASSED or FAILED.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from config import settings


class Unreachable(Exception):  # not a verdict, and nobody's error
    """No answer could be had: to be asked again later."""


class Answer(Enum):
    PASSED = auto()
    FAILED = auto()


@dataclass(frozen=True)
class Claim:
    """Whom to check; `photo` is a JPEG of the person."""

    name: str
    id_number: str
    photo: bytes


@dataclass(frozen=True)
class Verdict:
    """`score` is the likeness in percent where faces were compared; `reason` is for the school to read."""

    answer: Answer
    reason: str = ""
    score: float | None = None


Check = Callable[[Claim], Verdict]


def check(claim: Claim) -> Verdict:
    """Ask whoever the settings name. Raises Unreachable, also where nobody of that name is installed."""
    asked = _ADAPTERS.get(settings().identity)
    if asked is None:
        raise Unreachable(f"no identity adapter is called {settings().identity}")
    return asked(claim)


def compares_faces() -> bool:
    """Whether the answers rest on a face comparison, or only on what could be judged on the premises."""
    return settings().identity != "local"


def leave_to_people(claim: Claim) -> Verdict:
    return Verdict(Answer.FAILED, "信息和照片符合要求;未接入联网核验,请人工核对后点“确认无误”")


_ADAPTERS: dict[str, Check] = {"local": leave_to_people}


def adapter(name: str, function: Check) -> None:
    """Add an adapter under the name the setting `identity` uses."""
    _ADAPTERS[name] = function
