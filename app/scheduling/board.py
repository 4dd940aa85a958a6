"""What is taken while a plan is being made: bit masks of sessions by candidate and by room.

One bit a session, so that "does this person already sit nearby in time" is one `&`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from app.scheduling.model import Params, Problem, Registration, Room, Span, Subject

ANY_ROOM: Final = -1
NOWHERE: Final = -2


class Board:
    """Seats given so far, and who and what is free when."""

    def __init__(self, problem: Problem, params: Params) -> None:
        """Empty but for what other plans hold; `papers` are the (subject, session) pairs in use."""
        self.problem = problem
        self.bit = {session.id: 1 << place for place, session in enumerate(problem.sessions)}
        self.overlapping = {s.id: self._mask(s.span) for s in problem.sessions}
        self.too_near = {s.id: self._mask(s.span, params.walk) for s in problem.sessions}
        self.room_busy = {room.id: self._mask_of(room.busy) for room in problem.rooms}
        self.room_taken = dict(self.room_busy)
        self.barred = {person: self._mask_of(spans, params.walk) for person, spans in problem.busy.items()}
        self.sits: dict[int, tuple[tuple[int, int], ...]] = {}
        self.opened: dict[tuple[int, int], list[int]] = {}
        self.subject_of: dict[tuple[int, int], int] = {}
        self.papers: set[tuple[int, int]] = set()
        self.seated_at: dict[tuple[int, int], int] = {}

    def _mask(self, span: Span, gap: timedelta = timedelta(0)) -> int:
        return sum(self.bit[s.id] for s in self.problem.sessions if s.span.meets(span, gap))

    def _mask_of(self, spans: Iterable[Span], gap: timedelta = timedelta(0)) -> int:
        mask = 0
        for span in spans:
            mask |= self._mask(span, gap)
        return mask

    def room_free(self, room: int, sessions: Iterable[int]) -> bool:
        """No other room session and no other plan in the room at these times."""
        taken = self.room_taken[room]
        return not any(taken & self.bit[session] for session in sessions)

    def where(self, barred: int, sits: tuple[tuple[int, int], ...], session: int) -> int:
        """In which room somebody could sit the session: ANY_ROOM, one room's id, or NOWHERE (R88).

        Nearer than the walk is allowed in the same room only; other plans count as another room (E100).
        """
        if barred & self.bit[session]:
            return NOWHERE
        answer = ANY_ROOM
        for other, room in sits:
            if self.overlapping[session] & self.bit[other]:
                return NOWHERE
            if self.too_near[session] & self.bit[other]:
                if answer not in (ANY_ROOM, room):
                    return NOWHERE
                answer = room
        return answer

    def where_all(self, barred: int, sits: tuple[tuple[int, int], ...], sessions: Iterable[int]) -> int:
        """The same for several sessions sat in one room (多场连考)."""
        answers = {self.where(barred, sits, session) for session in sessions} - {ANY_ROOM}
        if not answers:
            return ANY_ROOM
        return answers.pop() if len(answers) == 1 else NOWHERE

    def state(self, candidate: int) -> tuple[int, tuple[tuple[int, int], ...]]:
        """What decides where a candidate can sit: sessions barred by other plans, seats in this one."""
        return self.barred.get(candidate, 0), self.sits.get(candidate, ())

    def rooms_with_a_seat(
        self, subject: Subject, rooms: list[Room], session: int, allowed: int
    ) -> list[Room]:
        """Rooms open for the subject, then free ones, largest first; `allowed` is what `where` answered."""
        opened, free = [], []
        for room in rooms:
            if allowed not in (ANY_ROOM, room.id):
                continue
            key = (session, room.id)
            if self.subject_of.get(key) == subject.id and len(self.opened[key]) < room.seats:
                opened.append(room)
            elif self.room_free(room.id, (session,)):
                free.append(room)
        return opened + free[::-1]

    def seat(self, person: Registration, session: int, room: int) -> None:
        """Give a place; the first one opens the room session and takes the room at that time."""
        key = (session, room)
        if key not in self.opened:
            self.opened[key] = []
            self.subject_of[key] = person.subject
            self.papers.add((person.subject, session))
            self.room_taken[room] |= self.overlapping[session]
        self.opened[key].append(person.id)
        self.sits[person.candidate] = tuple(sorted((*self.sits.get(person.candidate, ()), key)))
        self.seated_at[person.candidate, session] = person.id

    def unseat(self, person: Registration, session: int, room: int) -> None:
        """Take a place back; the last one closes the room session."""
        key = (session, room)
        self.opened[key].remove(person.id)
        self.sits[person.candidate] = tuple(seat for seat in self.sits[person.candidate] if seat != key)
        del self.seated_at[person.candidate, session]
        if not self.opened[key]:
            del self.opened[key], self.subject_of[key]
            taken = self.room_busy[room]
            for other in self.overlapping:
                if (other, room) in self.opened:
                    taken |= self.overlapping[other]
            self.room_taken[room] = taken
