"""The platform's only clock (D11). Rules ask `now()`; tests and rehearsals move it.

A moved clock is announced to the database in each transaction (`app.now`), so that triggers and policies
that compare with time see the same moment as the Python that asked.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Shanghai")

_moved: ContextVar[timedelta | None] = ContextVar("clock_moved", default=None)


def offset() -> timedelta | None:
    """How far the clock is moved: by `travel()` here, or for all processes by the file `PANEL_CLOCK_FILE`
    names (seconds, as text; rehearsals and browser tests only: the settings refuse it in production)."""
    if (moved := _moved.get()) is not None:
        return moved
    if name := os.environ.get("PANEL_CLOCK_FILE"):
        try:
            return timedelta(seconds=float(Path(name).read_text() or 0)) or None
        except (OSError, ValueError):
            return None
    return None


def now() -> datetime:
    """The moment, in Asia/Shanghai."""
    return datetime.now(ZONE) + (offset() or timedelta())


def today() -> date:
    return now().date()


@contextmanager
def travel(to: datetime | timedelta) -> Iterator[None]:
    """Move the clock for this context: to a moment (it goes on ticking from there) or by an amount."""
    if isinstance(to, datetime):
        moment = to if to.tzinfo else to.replace(tzinfo=ZONE)
        to = moment - datetime.now(ZONE)
    token = _moved.set(to)
    try:
        yield
    finally:
        _moved.reset(token)
