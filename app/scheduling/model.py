"""What scheduling reads and writes: plain values, no rows, no screens (R85-R92).

Times may be naive or aware, as long as one problem uses one kind. `Room.kind` and `Subject.mode` are compared
for equality and shown to people, so they hold the label (机考). Identifiers are the caller's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from itertools import pairwise
from typing import Final

WALK: Final = timedelta(minutes=10)  # R88: from one room to another


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Half-open time `[start, end)`."""

    start: datetime
    end: datetime

    def meets(self, other: Span, gap: timedelta = timedelta(0)) -> bool:
        """Whether the two overlap or lie less than `gap` apart."""
        return self.start < other.end + gap and other.start < self.end + gap

    def __str__(self) -> str:
        end = f"{self.end:%H:%M}" if self.end.date() == self.start.date() else f"{self.end:%Y-%m-%d %H:%M}"
        return f"{self.start:%Y-%m-%d %H:%M}~{end}"


@dataclass(frozen=True, slots=True)
class Session:
    """A dated time span in which subjects are sat (场次)."""

    id: int
    span: Span


@dataclass(frozen=True, slots=True)
class Subject:
    """A subject of the plan; `sessions` are the allowed ones, `every_session` is 多场连考 (9.5)."""

    id: int
    name: str
    certificate: int
    mode: str
    sessions: tuple[int, ...]
    every_session: bool = False


@dataclass(frozen=True, slots=True)
class Room:
    """A room at a site; no `certificates` means any (R87), `busy` is what other plans have of the venue."""

    id: int
    name: str
    site: int
    kind: str
    seats: int
    certificates: frozenset[int] = frozenset()
    busy: tuple[Span, ...] = ()

    def takes(self, subject: Subject) -> bool:
        """R81, R87: the subject's mode and certificate."""
        fits_certificate = not self.certificates or subject.certificate in self.certificates
        return self.kind == subject.mode and fits_certificate


@dataclass(frozen=True, slots=True)
class Registration:
    """A candidate's wish to sit a subject at a site, own or borrowed (R89); None if there is neither."""

    id: int
    candidate: int
    subject: int
    site: int | None
    school: int
    ticket: str
    paid: bool = True


@dataclass(frozen=True)
class Problem:
    """All of one plan; `busy` holds each candidate's seats in other plans (E100)."""

    subjects: tuple[Subject, ...]
    sessions: tuple[Session, ...]
    rooms: tuple[Room, ...]
    registrations: tuple[Registration, ...]
    busy: Mapping[int, tuple[Span, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for what in (self.subjects, self.sessions, self.rooms, self.registrations):
            if len({item.id for item in what}) != len(what):
                raise ValueError(f"identifiers repeat: {type(what[0]).__name__}")
        wanted = {session for subject in self.subjects for session in subject.sessions}
        if not wanted <= self.session_by_id.keys():
            raise ValueError(f"unknown sessions: {sorted(wanted - self.session_by_id.keys())}")
        named = {registration.subject for registration in self.registrations}
        if not named <= self.subject_by_id.keys():
            raise ValueError(f"unknown subjects: {sorted(named - self.subject_by_id.keys())}")
        if len({(r.candidate, r.subject) for r in self.registrations}) != len(self.registrations):
            raise ValueError("a candidate is registered twice for one subject")

    def canonical(self) -> Problem:
        """The same problem in the one order every run works in: input order never shows in a result."""
        return Problem(
            tuple(sorted(self.subjects, key=lambda s: s.id)),
            tuple(sorted(self.sessions, key=lambda s: (s.span, s.id))),
            tuple(sorted(self.rooms, key=lambda r: (r.site, r.id))),
            tuple(sorted(self.registrations, key=seating_order)),
            self.busy,
        )

    @cached_property
    def subject_by_id(self) -> dict[int, Subject]:
        return {subject.id: subject for subject in self.subjects}

    @cached_property
    def session_by_id(self) -> dict[int, Session]:
        return {session.id: session for session in self.sessions}

    @cached_property
    def room_by_id(self) -> dict[int, Room]:
        return {room.id: room for room in self.rooms}

    @cached_property
    def registration_by_id(self) -> dict[int, Registration]:
        return {registration.id: registration for registration in self.registrations}

    @cached_property
    def rooms_by_site(self) -> dict[int, list[Room]]:
        found: dict[int, list[Room]] = {}
        for room in self.rooms:
            found.setdefault(room.site, []).append(room)
        return found

    def rooms_for(self, site: int | None, subject: Subject) -> list[Room]:
        """The rooms of a site a subject may use, whether free or not."""
        at_site = self.rooms_by_site.get(site, []) if site is not None else []
        return [room for room in at_site if room.takes(subject)]

    def span(self, session: int) -> Span:
        return self.session_by_id[session].span

    def overlap_within(self, subject: Subject) -> bool:
        """Whether sessions of the subject overlap, against R63: then nobody can sit all of them."""
        spans = sorted(self.span(session) for session in subject.sessions)
        return any(one.meets(other) for one, other in pairwise(spans))


def seating_order(registration: Registration) -> tuple[int, str, int, int, int]:
    """R92: by school, then ticket number; identifiers only to make the order total."""
    r = registration
    return r.school, r.ticket, r.candidate, r.subject, r.id


@dataclass(frozen=True)
class Params:
    """What the organisation decides: unpaid candidates (R90), the walk between two rooms (R88)."""

    schedule_unpaid: bool = True
    walk: timedelta = WALK

    def may_sit(self, registration: Registration) -> bool:
        """R89, R90: there is a site, and a fee is paid or need not be."""
        return registration.site is not None and (registration.paid or self.schedule_unpaid)


@dataclass(frozen=True, slots=True, order=True)
class Seat:
    """A registration's place in a room session (排考明细)."""

    session: int
    room: int
    number: int
    registration: int


@dataclass(frozen=True, slots=True)
class Left:
    """A registration without a seat, and why. `proven`: no plan seats everybody here; else none was found."""

    registration: int
    subject: int
    code: str
    message: str
    proven: bool


@dataclass(frozen=True)
class Plan:
    """The outcome: every registration is either seated or left with a reason."""

    seats: tuple[Seat, ...]
    left: tuple[Left, ...]

    @property
    def room_sessions(self) -> int:
        """How many rooms are opened, each session counted."""
        return len({(seat.session, seat.room) for seat in self.seats})
