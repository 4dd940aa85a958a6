"""Seat numbers: 1..n without holes in every room session, by school, then ticket number (R92)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.scheduling.model import Problem, Seat, seating_order


def number_seats(problem: Problem, opened: Mapping[tuple[int, int], Sequence[int]]) -> tuple[Seat, ...]:
    """Seats for the registrations in each (session, room)."""
    known = problem.registration_by_id
    return tuple(
        Seat(session, room, number, member)
        for (session, room), members in sorted(opened.items())
        for number, member in enumerate(sorted(members, key=lambda m: seating_order(known[m])), start=1)
    )
