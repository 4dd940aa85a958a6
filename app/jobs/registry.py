"""What can be run in the background: tasks by name, and what is due by the clock. Services register here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

if TYPE_CHECKING:
    from app.jobs.running import Run

Work = Callable[["Run"], None]
Due = Callable[[Session], object]


@dataclass(frozen=True)
class Periodic:
    """Work that is due by the clock, whoever is logged in: runs as `job`, in one transaction."""

    name: str
    cron: str
    run: Due


_tasks: dict[str, Work] = {}
_periodic: dict[str, Periodic] = {}


def task(name: str) -> Callable[[Work], Work]:
    """Register `(run) -> None` as the work behind jobs of that name. It must be able to begin again: whatever it
    has committed in chunks stays, and `run.cursor` tells where the last chunk ended (D4)."""

    def register(work: Work) -> Work:
        _add(_tasks, name, work)
        return work

    return register


def task_named(name: str) -> Work | None:
    """The work behind a job; None for a name that is no longer known."""
    return _tasks.get(name)


def periodic(name: str, every: int | str) -> Callable[[Due], Due]:
    """Register `(session) -> object`, due every so many seconds (a divisor of 60) or by a cron line.

    One worker of all runs it at a time; it is committed when it returns and finds its own work by state and
    time, so a missed or doubled turn does no harm.
    """

    def register(due: Due) -> Due:
        _add(_periodic, name, Periodic(name, _cron(every), due))
        return due

    return register


def periodic_tasks() -> list[Periodic]:
    return list(_periodic.values())


def _add(known: dict[str, Any], name: str, item: Any) -> None:
    if name in known:
        raise ValueError(f"{name} is registered twice")
    known[name] = item


def _cron(every: int | str) -> str:
    """Seconds stand last in a cron line of six."""
    if isinstance(every, str):
        return every
    if not 1 <= every <= 60 or 60 % every:
        raise ValueError(f"{every} seconds do not divide a minute: give a cron line")
    return "* * * * *" if every == 60 else f"* * * * * */{every}"
