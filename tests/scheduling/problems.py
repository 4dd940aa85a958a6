"""Small scheduling problems for the tests: built by hand or drawn at random."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from app.scheduling.model import Problem, Registration, Room, Session, Span, Subject


def span(start: str, end: str, day: int = 18) -> Span:
    """span("13:00", "16:50") on 2020-07-18."""
    return Span(*(datetime.fromisoformat(f"2020-07-{day:02d}T{time}+08:00") for time in (start, end)))


# Drawing a whole problem takes its time on a busy machine; that is no fault of the code under test.
AT_RANDOM = settings(deadline=None, max_examples=120, suppress_health_check=[HealthCheck.too_slow])

MORNING, LATE_MORNING = span("08:30", "10:00"), span("10:10", "11:40")
AFTERNOON = span("13:00", "16:50")


def sessions(*spans: Span) -> tuple[Session, ...]:
    """Sessions 1, 2, ..."""
    return tuple(Session(number, one) for number, one in enumerate(spans, start=1))


def subject(
    id_: int = 1, allowed: tuple[int, ...] = (1,), mode: str = "机考", every: bool = False
) -> Subject:
    return Subject(id_, f"科目{id_}", certificate=id_, mode=mode, sessions=allowed, every_session=every)


def room(
    id_: int = 1, seats: int = 30, site: int = 1, kind: str = "机考", busy: tuple[Span, ...] = ()
) -> Room:
    return Room(id_, f"{100 + id_}室", site, kind, seats, busy=busy)


def people(
    count: int, subject_id: int = 1, site: int | None = 1, school: int = 1, first: int = 1
) -> list[Registration]:
    """Candidates first, first+1, ... of one school, each registered for one subject."""
    return [
        Registration(subject_id * 10_000 + who, who, subject_id, site, school, f"{who:020d}")
        for who in range(first, first + count)
    ]


_OPENING = datetime.fromisoformat("2020-07-18T08:00+08:00")
_SPANS = st.builds(
    lambda day, start, length: Span(
        _OPENING + timedelta(days=day, minutes=start), _OPENING + timedelta(days=day, minutes=start + length)
    ),
    st.integers(0, 1),
    st.integers(0, 40).map(lambda step: step * 10),
    st.integers(3, 20).map(lambda step: step * 10),
)


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    """Anything the rules allow: several sites and modes, guests, unpaid, busy people and rooms."""
    spans = draw(st.lists(_SPANS, min_size=1, max_size=6))
    numbers = st.sampled_from(range(1, len(spans) + 1))
    modes = st.sampled_from(["机考", "实操"])
    busy = st.lists(_SPANS, max_size=2).map(tuple)
    subjects = [
        Subject(
            number,
            f"科目{number}",
            draw(st.integers(1, 2)),
            draw(modes),
            tuple(draw(st.lists(numbers, max_size=4, unique=True))),
            draw(st.booleans()),
        )
        for number in range(1, draw(st.integers(1, 4)) + 1)
    ]
    rooms = [
        Room(
            number,
            f"{number}室",
            draw(st.integers(1, 2)),
            draw(modes),
            draw(st.integers(1, 4)),
            draw(st.frozensets(st.integers(1, 2), max_size=1)),
            draw(busy),
        )
        for number in range(1, draw(st.integers(0, 6)) + 1)
    ]
    registrations = []
    for candidate in range(1, draw(st.integers(1, 12)) + 1):
        school = draw(st.integers(1, 3))
        for chosen in draw(st.lists(st.sampled_from(subjects), min_size=1, max_size=3, unique=True)):
            site = draw(st.sampled_from([1, 1, 2, None]))
            ticket = f"{draw(st.integers(0, 99)):020d}"
            paid = draw(st.booleans())
            key = candidate * 100 + chosen.id
            registrations.append(Registration(key, candidate, chosen.id, site, school, ticket, paid))
    occupied = draw(st.dictionaries(st.integers(1, 12), busy, max_size=4))
    return Problem(tuple(subjects), sessions(*spans), tuple(rooms), tuple(registrations), occupied)
