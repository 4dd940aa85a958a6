"""Seats for those the first pass left over, by moving one seat: their own other one, or somebody else's.

Runs before anything is published, so nobody has been told of the old one. Each registration is tried once, in
seating order; people in the same state fail alike and are not tried again.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from app.scheduling.board import ANY_ROOM, NOWHERE, Board
from app.scheduling.model import Params, Registration, Room, Subject

State = tuple[int, tuple[tuple[int, int], ...]]


def improve(board: Board, params: Params) -> None:
    """Seat more people on the board; nobody loses a seat. 多场连考 subjects stay as they are."""
    problem = board.problem
    seated = {member for members in board.opened.values() for member in members}
    improver = _Improver(board)
    for person in problem.registrations:
        linked = problem.subject_by_id[person.subject].every_session
        if person.id not in seated and not linked and params.may_sit(person):
            improver.seat(person)


class _Improver:
    def __init__(self, board: Board) -> None:
        self.board, self.problem = board, board.problem
        self.hopeless: set[tuple[int | None, int, State]] = set()
        self.rooms = cache(self._rooms)

    def seat(self, person: Registration) -> None:
        """Directly (an earlier move may have made room), by moving the person, by moving another."""
        key = (person.site, person.subject, self.board.state(person.candidate))
        if key in self.hopeless:
            return
        if not (self._directly(person) or self._by_own_move(person) or self._by_other(person)):
            self.hopeless.add(key)

    def _rooms(self, site: int | None, subject: Subject) -> list[Room]:
        return sorted(self.problem.rooms_for(site, subject), key=lambda room: (room.seats, room.id))

    def _places(self, person: Registration, state: State) -> Iterator[tuple[int, int]]:
        """One room in every session the person could sit in that state, earliest first."""
        subject = self.problem.subject_by_id[person.subject]
        for session in sorted(subject.sessions, key=lambda session: (self.problem.span(session), session)):
            allowed = self.board.where(*state, session)
            if allowed != NOWHERE:
                rooms = self.rooms(person.site, subject)
                yield from (
                    (session, room.id)
                    for room in self.board.rooms_with_a_seat(subject, rooms, session, allowed)[:1]
                )

    def _directly(self, person: Registration) -> bool:
        for session, room in self._places(person, self.board.state(person.candidate)):
            self.board.seat(person, session, room)
            return True
        return False

    def _by_own_move(self, person: Registration) -> bool:
        """Another subject of the same candidate goes to another time."""
        for session, room in self.board.state(person.candidate)[1]:
            other = self.problem.registration_by_id[self.board.seated_at[person.candidate, session]]
            if self.problem.subject_by_id[other.subject].every_session:
                continue
            self.board.unseat(other, session, room)
            for place in list(self._places(person, self.board.state(person.candidate))):
                self.board.seat(person, *place)
                if self._directly(other):
                    return True
                self.board.unseat(person, *place)
            self.board.seat(other, session, room)
        return False

    def _by_other(self, person: Registration) -> bool:
        """Somebody of the same subject, who can sit elsewhere, gives up a seat the person can take."""
        subject = self.problem.subject_by_id[person.subject]
        state = self.board.state(person.candidate)
        for session in sorted(subject.sessions, key=lambda session: (self.problem.span(session), session)):
            allowed = self.board.where(*state, session)
            for room in self.rooms(person.site, subject):
                if allowed in (ANY_ROOM, room.id) and self._give_way(person, session, room.id):
                    return True
        return False

    def _give_way(self, person: Registration, session: int, room: int) -> bool:
        if self.board.subject_of.get((session, room)) != person.subject:
            return False
        tried: set[State] = set()
        for member in self.board.opened[session, room]:
            other = self.problem.registration_by_id[member]
            barred, sits = self.board.state(other.candidate)
            without: State = barred, tuple(seat for seat in sits if seat != (session, room))
            if without in tried:
                continue
            tried.add(without)
            place = next((p for p in self._places(other, without) if p != (session, room)), None)
            if place is not None:
                self.board.unseat(other, session, room)
                self.board.seat(other, *place)
                self.board.seat(person, session, room)
                return True
        return False
