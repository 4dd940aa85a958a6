"""Who sits when and where: hardest subjects first, always the room session that seats most (R86-R90).

Sites share nothing but people, so they are worked one after the other; a person's seats elsewhere are on
the board. Near its lower bound wherever the plan has slack; it never moves somebody already seated.
"""

from __future__ import annotations

from collections import defaultdict

from app.scheduling.board import ANY_ROOM, NOWHERE, Board
from app.scheduling.model import Params, Problem, Registration, Room, Subject

Bundle = tuple[int, ...]
"""The sessions one registration sits: a single one, or all of a 多场连考 subject (9.5)."""


def assign(problem: Problem, params: Params) -> Board:
    """The board of a canonical problem with everybody seated who could be."""
    board = Board(problem, params)
    for site, loads in sorted(_demand(problem, params).items()):
        subjects = [problem.subject_by_id[subject] for subject in loads]
        for subject in sorted(subjects, key=lambda s: _ease(problem, s, len(loads[s.id]))):
            _SubjectAtSite(board, subject, problem.rooms_for(site, subject), loads[subject.id]).run()
    return board


def bundles(problem: Problem, subject: Subject) -> list[Bundle]:
    """What a registration of the subject may choose from, earliest first."""
    ordered = tuple(sorted(subject.sessions, key=lambda session: (problem.span(session), session)))
    if subject.every_session:
        return [ordered] if ordered and not problem.overlap_within(subject) else []
    return [(session,) for session in ordered]


def _demand(problem: Problem, params: Params) -> dict[int, dict[int, list[Registration]]]:
    """Registrations to seat, by site and subject."""
    loads: dict[int, dict[int, list[Registration]]] = defaultdict(lambda: defaultdict(list))
    for registration in problem.registrations:
        if registration.site is not None and params.may_sit(registration):
            loads[registration.site][registration.subject].append(registration)
    return loads


def _ease(problem: Problem, subject: Subject, load: int) -> tuple[bool, int, float, int, int]:
    """Sorts the hardest first: all sessions at once, few sessions, long ones, many people."""
    lengths = ((span := problem.span(session)).end - span.start for session in subject.sessions)
    longest = max((length.total_seconds() for length in lengths), default=0.0)
    return not subject.every_session, len(subject.sessions), -longest, -load, subject.id


class _SubjectAtSite:
    """The people of one subject at one site, grouped by where they can still sit."""

    def __init__(self, board: Board, subject: Subject, rooms: list[Room], people: list[Registration]) -> None:
        self.board, self.subject = board, subject
        self.rooms = sorted(rooms, key=lambda room: (room.seats, room.id))
        self.bundles = bundles(board.problem, subject)
        self.groups: dict[tuple[int, ...], list[tuple[int, Registration]]] = defaultdict(list)
        self.able: dict[tuple[int, int], int] = defaultdict(int)
        options_of: dict[tuple[int, tuple[tuple[int, int], ...]], tuple[int, ...]] = {}
        for place, person in enumerate(people):
            state = board.state(person.candidate)
            if state not in options_of:
                options_of[state] = tuple(board.where_all(*state, bundle) for bundle in self.bundles)
            self.groups[options_of[state]].append((place, person))
        for options, members in self.groups.items():
            self._count(options, len(members))

    def run(self) -> None:
        while (choice := self._best()) is not None:
            at, room, fill = choice
            for person in self._take(at, room.id, fill):
                for session in self.bundles[at]:
                    self.board.seat(person, session, room.id)
        if self.subject.every_session and self.bundles:
            self._over_several_rooms()

    def _count(self, options: tuple[int, ...], people: int) -> None:
        for at, room in enumerate(options):
            if room != NOWHERE:
                self.able[at, room] += people

    def _best(self) -> tuple[int, Room, int] | None:
        """Most people, least empty seats, a paper already in use, earliest (as the loops run)."""
        best: tuple[int, int, bool] | None = None
        chosen: tuple[int, Room, int] | None = None
        for at, bundle in enumerate(self.bundles):
            new_paper = (self.subject.id, bundle[0]) not in self.board.papers
            anywhere = self.able[at, ANY_ROOM]
            for room in self.rooms:
                fill = min(room.seats, anywhere + self.able.get((at, room.id), 0))
                rank = (-fill, room.seats - fill, new_paper)
                if fill and (best is None or rank < best) and self.board.room_free(room.id, bundle):
                    best, chosen = rank, (at, room, fill)
        return chosen

    def _take(self, at: int, room: int, fill: int) -> list[Registration]:
        """Those with the fewest other chances first, then in seating order, so that schools stay together."""
        fitting = [options for options in self.groups if options[at] in (ANY_ROOM, room)]
        queue = sorted(
            (sum(option != NOWHERE for option in options), place, person.id, options)
            for options in fitting
            for place, person in self.groups[options]
        )[:fill]
        taken = {person for _, _, person, _ in queue}
        people: list[tuple[int, Registration]] = []
        for options in fitting:
            people += [entry for entry in self.groups[options] if entry[1].id in taken]
            rest = [entry for entry in self.groups[options] if entry[1].id not in taken]
            self._count(options, len(rest) - len(self.groups[options]))
            self.groups[options] = rest
        return [person for _, person in sorted(people, key=lambda entry: entry[0])]

    def _over_several_rooms(self) -> None:
        """多场连考 without one room free in all sessions: a room for each session, person by person."""
        hopeless = set()  # seats only get fewer, so what failed once for a state fails again
        left = sorted(
            (entry for members in self.groups.values() for entry in members), key=lambda entry: entry[0]
        )
        for _, person in left:
            state = self.board.state(person.candidate)
            route = None if state in hopeless else self._route(*state, self.bundles[0], set())
            if route is None:
                hopeless.add(state)
                continue
            for session, room in route:
                self.board.seat(person, session, room)

    def _route(
        self, barred: int, sits: tuple[tuple[int, int], ...], sessions: Bundle, dead: set[tuple[int, int]]
    ) -> tuple[tuple[int, int], ...] | None:
        """A seat in each session; `dead` are seats after which the walk allows no next one."""
        if not sessions:
            return ()
        allowed = self.board.where(barred, sits, sessions[0])
        for room in self.board.rooms_with_a_seat(self.subject, self.rooms, sessions[0], allowed):
            seat = (sessions[0], room.id)
            if seat in dead:
                continue
            rest = self._route(barred, (*sits, seat), sessions[1:], dead)
            if rest is not None:
                return (seat, *rest)
            dead.add(seat)
        return None
