"""Numbers that never repeat: plan, ticket, certificate, slip, site and platform numbers (R15, R65, R75, R76, R116).

Each scope has one counter in the database, advanced by a definer function; a number once taken is never given
again, whatever happens to the row that carries it.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.services import notify
from app.services.errors import Conflict
from models.jobs import MessageKind

NEARLY_USED_UP = 95_000
"""Of the 99,999 numbers of a counter: the platform's operator is told, long before one is refused (E92)."""


def take(session: Session, scope: str, count: int = 1, ceiling: int = 99_999) -> range:
    """The next `count` numbers of a scope, in order. Past the ceiling it refuses (E92), never wraps."""
    try:
        with session.begin_nested():
            first = session.scalars(sa.select(sa.func.panel_take_numbers(scope, count, ceiling))).one()
    except DBAPIError as error:
        if getattr(getattr(error.orig, "diag", None), "constraint_name", "") == "panel_numbers":
            raise Conflict("numbers.used_up", "编号已用完,请联系平台运营处理") from error
        raise
    return range(first, first + count)


def take_watched(session: Session, what: str, scope: str, count: int = 1) -> range:
    """`take` of a counter whose end would stop people's work: the platform's operator sees it come (E92)."""
    serials = take(session, scope, count)
    if NEARLY_USED_UP in serials:
        alarm(session, f"{what}即将用完:{scope}", f"已用到{serials[-1]},最多99999")
    return serials


def alarm(session: Session, title: str, body: str) -> None:
    """To the platform's operator."""
    notify.message(session, title, body, kind=MessageKind.TODO, for_platform=True)
