"""Rules over a row and its child rows, asked once all of them are written: just before the transaction is committed.

The generated forms save the parent first and its child rows after it, so a hook of the parent is too early to ask
for "at least one certificate" (E94).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

_KEY = "at_commit"


def at_commit(session: Session, check: Callable[[Session], None]) -> None:
    """Run a check before this transaction is committed; a DomainError in it keeps the transaction from it. Nothing
    happens if the transaction is taken back instead."""
    real: Any = session() if callable(session) else session  # the web's session is a scoped one
    real.info.setdefault(_KEY, []).append((real.get_transaction(), check))


@sa.event.listens_for(Session, "before_commit")
def _ask(session: Session) -> None:
    if session.in_nested_transaction() or _KEY not in session.info:
        return
    transaction = session.get_transaction()
    for belongs, check in session.info.pop(_KEY):
        if belongs is transaction:
            session.flush()
            check(session)
