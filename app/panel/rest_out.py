"""A row → JSON: the same columns and the same masking as list and detail (R20–R23), numbers and moments for programs."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from app.access.actor import Actor
from app.access.roles import may
from app.panel.cells import standing
from app.panel.forms import parent_column
from app.panel.resolve import Resolved, kind_of, readable, related, resolve_table
from models.kit import Declared, Mark
from models.kit.clock import ZONE

ROOT = "/api/v1"


def list_item(resolved: Resolved, row: Declared) -> dict[str, Any]:
    """A row as the list shows it."""
    found = {"id": row.id, "version": row.version, **_columns(resolved, row, resolved.listed)}
    return found | _standing(resolved, row)


def item(session: Session, resolved: Resolved, actor: Actor, row: Declared) -> dict[str, Any]:
    """A row as its detail shows it: its columns, its child rows, and the actions open to this actor now."""
    found = {"id": row.id, "version": row.version, **_columns(resolved, row, resolved.shown)}
    found |= _standing(resolved, row)
    found |= {"created_at": _plain(row.created_at), "updated_at": _plain(row.updated_at)}
    for table in resolved.panel.children:
        found[table] = _children(session, resolve_table(table), resolved, row) if readable(table) else []
    found["actions"] = [
        action.name
        for action in resolved.actions
        if action.run and action.on != "list" and may(actor, resolved.table, action.name) and action.when(row)
    ]
    return found


def _standing(resolved: Resolved, row: Declared) -> dict[str, Any]:
    """The state that no column holds, in the words of the list."""
    stands = standing(row) if resolved.derived else None
    return {} if stands is None else {"standing": stands.text}


def unmasked(resolved: Resolved, row: Declared) -> dict[str, Any]:
    """The full values of the masked columns; for those who may, and said why (R23)."""
    return {name: getattr(row, name) for name in resolved.marked(Mark.MASKED)}


def _columns(resolved: Resolved, row: Any, names: Iterable[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in names:
        found[name] = _value(resolved, row, name)
        if resolved.fields[name].refers:  # its title beside the id; null where the wall hides it
            target = related(resolved, row, name)
            found[name.removesuffix("_id")] = None if target is None else str(target)
    return found


def _value(resolved: Resolved, row: Any, name: str) -> Any:
    declared, value = resolved.fields[name], getattr(row, name)
    if value and declared.has(Mark.MASKED) and declared.type.mask:
        return declared.type.mask(value)
    if value and kind_of(declared) in ("file", "photo"):
        return f"{ROOT}/{resolved.table}/{row.id}/file/{name}"
    return _plain(value)


def _plain(value: Any) -> Any:
    """Exact decimals travel as text, never as floats (R109); moments carry their zone."""
    if isinstance(value, datetime):
        return value.astimezone(ZONE).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, str):
        return str(value)
    return value


def _children(session: Session, child: Resolved, parent: Resolved, row: Declared) -> list[dict[str, Any]]:
    above = parent_column(child, parent)
    names = [name for name in child.shown if name != above]
    loads = [
        joinedload(getattr(child.model, name.removesuffix("_id")))
        for name in names
        if child.fields[name].refers and readable(child.fields[name].refers)
    ]
    rows = session.scalars(
        sa.select(child.model)
        .where(getattr(child.model, above) == row.id)
        .order_by(child.model.id)
        .options(*loads)
    ).unique()
    return [{"id": r.id, "version": r.version, **_columns(child, r, names)} for r in rows]
