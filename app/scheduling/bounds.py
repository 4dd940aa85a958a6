"""What can be said before a run: seats missing for certain, and the least number of room sessions.

Both ignore clashes between a candidate's subjects: "short" is proven, "enough" is not.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from app.scheduling.model import Params, Problem, Room, Subject


@dataclass(frozen=True, slots=True)
class Shortage:
    """Seats, or room sessions, that cannot exist: `needed` for one mode at one site, `places` at most."""

    site: int
    mode: str
    subject: int | None
    needed: int
    places: int
    unit: str = "个座位"

    @property
    def message(self) -> str:
        if not self.places:
            return f"考点没有可用的{self.mode}考场,需要{self.needed}{self.unit}"
        missing = self.needed - self.places
        return f"考点{self.mode}考场至多可提供{self.places}{self.unit},至少需要{self.needed}个,缺{missing}个"


def precheck(problem: Problem, params: Params | None = None) -> list[Shortage]:
    """Sites and subjects, and sites and modes, whose rooms cannot hold the registrations in any plan."""
    found: list[Shortage] = []
    for (site, mode), loads in sorted(_loads(problem, params or Params()).items()):
        by_subject = [
            Shortage(site, mode, subject.id, people * _sittings(subject), _places(problem, site, subject))
            for subject, people in sorted(loads.items(), key=lambda load: load[0].id)
        ]
        uses = [
            (room, _uses(problem, room, [s for s in loads if room.takes(s)]))
            for room in _rooms(problem, site, loads)
        ]
        seats = Shortage(
            site, mode, None, _seats_needed(loads), sum(room.seats * count for room, count in uses)
        )
        rooms = Shortage(
            site,
            mode,
            None,
            _least_by_subject(problem, site, loads),
            sum(count for _, count in uses),
            "个考场场次",
        )
        together = (seats, rooms) if len(loads) > 1 else ()  # for a single subject they say the same again
        found += [one for one in (*by_subject, *together) if one.places < one.needed]
    return found


def least_room_sessions(problem: Problem, params: Params | None = None) -> int:
    """No plan that seats everybody opens fewer (the bound LB of the measurements)."""
    return sum(
        max(
            _least_by_subject(problem, site, loads),
            _fewest_holding(problem, _rooms(problem, site, loads), loads),
        )
        for (site, _mode), loads in _loads(problem, params or Params()).items()
    )


def _rooms(problem: Problem, site: int, loads: dict[Subject, int]) -> list[Room]:
    return list({room.id: room for subject in loads for room in problem.rooms_for(site, subject)}.values())


def _least_by_subject(problem: Problem, site: int, loads: dict[Subject, int]) -> int:
    """Room sessions when every subject has its largest room each time; no two subjects share one."""
    largest = {
        subject: max((room.seats for room in problem.rooms_for(site, subject)), default=0)
        for subject in loads
    }
    return sum(-(-people * _sittings(s) // largest[s]) for s, people in loads.items() if largest[s])


def _seats_needed(loads: dict[Subject, int]) -> int:
    return sum(people * _sittings(subject) for subject, people in loads.items())


def _fewest_holding(problem: Problem, rooms: list[Room], loads: dict[Subject, int]) -> int:
    needed, count = _seats_needed(loads), 0
    for room in sorted(rooms, key=lambda room: -room.seats):
        for _ in range(_uses(problem, room, [s for s in loads if room.takes(s)])):
            if needed <= 0:
                return count
            needed, count = needed - room.seats, count + 1
    return count


def _loads(problem: Problem, params: Params) -> dict[tuple[int, str], dict[Subject, int]]:
    loads: dict[tuple[int, str], dict[Subject, int]] = defaultdict(lambda: defaultdict(int))
    for registration in problem.registrations:
        if registration.site is not None and params.may_sit(registration):
            subject = problem.subject_by_id[registration.subject]
            loads[registration.site, subject.mode][subject] += 1
    return loads


def _sittings(subject: Subject) -> int:
    """Seats one registration takes: one, or one a session (9.5)."""
    return len(subject.sessions) if subject.every_session else 1


def _places(problem: Problem, site: int, subject: Subject) -> int:
    return sum(room.seats * _uses(problem, room, [subject]) for room in problem.rooms_for(site, subject))


def _uses(problem: Problem, room: Room, subjects: list[Subject]) -> int:
    """The most sessions of these subjects a room can take one after the other (earliest end first)."""
    spans = sorted(
        {problem.span(session) for subject in subjects for session in subject.sessions},
        key=lambda span: span.end,
    )
    uses, last = 0, None
    for span in spans:
        if (last is None or last.end <= span.start) and not any(span.meets(taken) for taken in room.busy):
            uses, last = uses + 1, span
    return uses
