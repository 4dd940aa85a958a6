"""Sets as one parameter: a statement about two hundred thousand rows binds no more than one about ten, and rows go in
by one statement, which the triggers and the audit see as one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, Insert, insert

_BIGINTS = ARRAY(sa.BigInteger)


def among(column: Any, ids: Iterable[int]) -> sa.ColumnElement[bool]:
    """`column = any(ids)`."""
    return sa.type_coerce(column, sa.BigInteger) == sa.any_(sa.cast(list(ids), _BIGINTS))


def insert_rows(model: Any, rows: Sequence[Mapping[str, Any]], **same: Any) -> Insert:
    """`insert into model … select … from unnest(…)` of rows with the same columns, in their order; `same` holds the
    values all of them share. Declared defaults are filled in."""
    columns = model.__table__.c
    arrays = [sa.cast([row[name] for row in rows], ARRAY(columns[name].type)) for name in rows[0]]
    given = sa.func.unnest(*arrays).table_valued(
        *(sa.column(name, columns[name].type) for name in rows[0]), with_ordinality="place", name="given"
    ).render_derived()  # fmt: skip
    shared = [sa.literal(value, columns[name].type).label(name) for name, value in same.items()]
    source = sa.select(*(given.c[name] for name in rows[0]), *shared).order_by(given.c.place)
    return insert(model).from_select([*rows[0], *same], source)
