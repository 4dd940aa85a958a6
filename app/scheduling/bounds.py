"""What can be said before a run: seats missing for certain, and the least number of room sessions.

Both ignore clashes between a candidate's subjects: "short" is proven, "enough" is not.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from app.scheduling.model import Params, Problem, Room, Subject


@dataclass(frozen=True, slots=True)
class Shortage:
    """Seats that cannot exist: `needed` places for subjects of one mode at one site, `places` at most."""

    site: int
    mode: str
    subject: int | None
    needed: int
    places: int

    @property
    def message(self) -> str:
        if not self.places:
            return f"考点没有可用的{self.mode}考场,{self.needed}个座位需求无法安排"
        missing = self.needed - self.places
        return f"考点{self.mode}考场至多可提供{self.places}个座位,需要{self.needed}个,至少缺{missing}个"


def precheck(problem: Problem, params: Params | None = None) -> list[Shortage]:
    """Sites and subjects, and sites and modes, whose rooms cannot hold the registrations in any plan."""
    found: list[Shortage] = []
    for (site, mode), loads in sorted(_loads(problem, params or Params()).items()):
        needs = {subject.id: people * _sittings(subject) for subject, people in loads.items()}
        for subject in sorted(loads, key=lambda s: s.id):
            places = _places(problem, problem.rooms_for(site, subject), [subject])
            if places < needs[subject.id]:
                found.append(Shortage(site, mode, subject.id, needs[subject.id], places))
        rooms = {room.id: room for subject in loads for room in problem.rooms_for(site, subject)}
        places = sum(_places(problem, [room], [s for s in loads if room.takes(s)]) for room in rooms.values())
        if len(loads) > 1 and places < sum(needs.values()):
            found.append(Shortage(site, mode, None, sum(needs.values()), places))
    return found


def least_room_sessions(problem: Problem, params: Params | None = None) -> int:
    """No plan that seats everybody opens fewer (the bound LB of the measurements)."""
    total = 0
    for (site, _mode), loads in _loads(problem, params or Params()).items():
        by_subject, rooms = 0, {}
        for subject, people in loads.items():
            fitting = problem.rooms_for(site, subject)
            rooms.update({room.id: room for room in fitting})
            if fitting:
                by_subject += -(-people * _sittings(subject) // max(room.seats for room in fitting))
        total += max(by_subject, _fewest_holding(problem, list(rooms.values()), loads))
    return total


def _fewest_holding(problem: Problem, rooms: list[Room], loads: dict[Subject, int]) -> int:
    needed, count = sum(people * _sittings(subject) for subject, people in loads.items()), 0
    for room in sorted(rooms, key=lambda room: -room.seats):
        for _ in range(_uses(problem, room, [s for s in loads if room.takes(s)])):
            if needed <= 0:
                return count
            needed, count = needed - room.seats, count + 1
    return count


def _loads(problem: Problem, params: Params) -> dict[tuple[int, str], dict[Subject, int]]:
    loads: dict[tuple[int, str], dict[Subject, int]] = defaultdict(lambda: defaultdict(int))
    for registration in problem.registrations:
        if registration.site is not None and (registration.paid or params.schedule_unpaid):
            subject = problem.subject_by_id[registration.subject]
            loads[registration.site, subject.mode][subject] += 1
    return loads


def _sittings(subject: Subject) -> int:
    """Seats one registration takes: one, or one a session (9.5)."""
    return len(subject.sessions) if subject.every_session else 1


def _places(problem: Problem, rooms: Iterable[Room], subjects: list[Subject]) -> int:
    return sum(room.seats * _uses(problem, room, subjects) for room in rooms)


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
