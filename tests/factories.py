"""Rows for tests, in the field's terms. Each function adds, flushes and returns; the caller's actor must be allowed.

`world` (tests/models/world.py) holds the fixed provinces, schools and organisation; these make accounts and more.
"""

from __future__ import annotations

import itertools
from typing import Any

from sqlalchemy.orm import Session

from models.accounts import Account, Kind, Role

_count = itertools.count(1)


def account(session: Session, role: Role, **values: Any) -> Account:
    """An active account of a role; its tenant by `school_id=…`, `organisation_id=…`, … (as the job actor)."""
    number = next(_count)
    made = Account(
        username=values.pop("username", f"{role.value.replace('.', '-')}-{number}"),
        name=values.pop("name", "张经办"),
        kind=Kind(role.kind),
        role=role,
        is_principal=role.value.endswith(".principal"),
        mobile=values.pop("mobile", f"139{number:08d}"),
        **values,
    )
    session.add(made)
    session.flush()
    return made
