"""Numbers that never repeat: plan, ticket, certificate, slip, site and platform numbers (R15, R65, R75, R76, R116).

Each scope has one counter in the database, advanced by a definer function; a number once taken is never given
again, whatever happens to the row that carries it.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.services.errors import Conflict


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
