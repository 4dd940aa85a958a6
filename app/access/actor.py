"""Each transaction carries exactly one actor, or is refused. The only file that sets a role (D2, wall.md)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import psycopg
from sqlalchemy import create_engine, event, text
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from models.kit import clock
from models.kit.scope import KINDS, TENANTS


@dataclass(frozen=True)
class Actor:
    """Who acts: `kind` chooses the database role, `tenant` the rows, `role` the permissions.

    `tenant` is the id of the school, organisation, province, city or person. `request` ties audit rows together.
    `declaring`: a school that has not become pilot yet; it uses the declaration system alone (R8). `schools`: of a
    candidate, the only ones whose rows are seen, where the log-in went by a mobile that only they know (3.5).
    """

    kind: str
    account: int | None = None
    tenant: int | None = None
    role: str = ""
    name: str = ""
    menus: tuple[str, ...] = ()
    address: str = ""
    request: str = ""
    declaring: bool = False
    schools: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in KINDS or (self.kind in TENANTS) != (self.tenant is not None):
            raise ValueError(f"not an actor: {self}")


PUBLIC = Actor("public", role="public")
AUTH = Actor("auth", role="auth")
JOB = Actor("job", role="job")


class ActorError(RuntimeError):
    """No actor, or another one than the session's: a bug of ours, never the user's fault."""


_current: ContextVar[Actor | None] = ContextVar("actor", default=None)
_ENTER = text(
    "select set_config('app.tenant', :tenant, true), set_config('app.account', :account, true),"
    " set_config('app.role', :name, true), set_config('app.address', :address, true),"
    " set_config('app.request', :request, true), set_config('app.moved', :moved, true),"
    " set_config('app.schools', :schools, true),"
    " set_config('role', :role, true)"
)


def current_actor() -> Actor:
    """The actor of this request, job chunk or command."""
    actor = _current.get()
    if actor is None:
        raise ActorError("no actor")
    return actor


class WalledSession(Session):
    """The only session class. A session belongs to one actor; loaded rows never cross to another."""

    def _get_impl(
        self, *args: Any, **kwargs: Any
    ) -> Any:  # get() may answer from memory, without a statement
        _check(self)
        return super()._get_impl(*args, **kwargs)


@contextmanager
def acting_as(actor: Actor, session: Session) -> Iterator[Actor]:
    """Web: around the request; worker, commands, tests: around a chunk. Closes the session at both ends."""
    session.close()
    session.info.pop("actor", None)
    token = _current.set(actor)
    try:
        yield actor
    finally:
        session.close()
        session.info.pop("actor", None)
        _current.reset(token)


def _check(session: Session) -> None:
    actor = current_actor()
    if session.info.get("actor", actor) != actor and (session.in_transaction() or len(session.identity_map)):
        raise ActorError("the session holds another actor's rows; close it first")
    session.info["actor"] = actor


@event.listens_for(WalledSession, "after_begin")
def _enter(session: Session, transaction: Any, connection: Any) -> None:
    _check(session)
    if transaction.nested:  # a savepoint inherits; the actor's role may not set_config
        return
    actor, moved = current_actor(), clock.offset()
    connection.execute(
        _ENTER,
        {
            "role": f"panel_{actor.kind}",
            "tenant": str(actor.tenant or ""),
            "account": str(actor.account or ""),
            "name": actor.role,
            "address": actor.address,
            "request": actor.request,
            "schools": f"{{{','.join(map(str, actor.schools))}}}" if actor.schools else "",
            "moved": str(moved.total_seconds()) if moved else "",
        },
    )


class ExtendedCursor(psycopg.Cursor[Any]):
    """Speaks only the extended protocol: a statement smuggled in behind a semicolon is refused by the server."""

    def _execute_send(self, query: Any, *, force_extended: bool = False, binary: bool | None = None) -> None:
        super()._execute_send(query, force_extended=True, binary=binary)


def make_engine(url: str, **options: Any) -> Engine:
    """The engine of the web and the worker: logs in as a role that owns nothing; parameters never reach a log."""
    return create_engine(
        url,
        hide_parameters=True,
        connect_args={"cursor_factory": ExtendedCursor, "prepare_threshold": 5},
        **{"pool_size": 16, "max_overflow": 8, "pool_pre_ping": False, **options},
    )
