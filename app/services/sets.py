"""Sets of ids as one parameter: a statement about two hundred thousand rows binds no more than one about ten."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

_BIGINTS = ARRAY(sa.BigInteger)


def among(column: Any, ids: Iterable[int]) -> sa.ColumnElement[bool]:
    """`column = any(ids)`."""
    return sa.type_coerce(column, sa.BigInteger) == sa.any_(sa.cast(list(ids), _BIGINTS))
