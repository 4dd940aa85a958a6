"""A value → what is drawn for it. The only place that formats and masks."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from app.panel.pages import Cell
from app.panel.resolve import Resolved, kind_of, related, resolve
from models.kit import Declared, Field, Mark
from models.kit.clock import ZONE

NOTHING = "—"


def cell(resolved: Resolved, row: Any, name: str, *, link: bool = False, unmasked: bool = False) -> Cell:
    """The cell of a column; a dotted name (`candidate.name`) goes through references."""
    if "." in name:
        head, _, rest = name.partition(".")
        target: Declared | None = getattr(row, head, None)
        return Cell(NOTHING) if target is None else cell(resolve(type(target)), target, rest)
    declared, value = resolved.fields[name], getattr(row, name)
    if value is None or value == "":
        return Cell(NOTHING)
    shown = _draw(resolved, row, name, declared, value, unmasked)
    if link and name == resolved.panel.title:
        return Cell(shown.text, shown.kind, shown.tone, f"{resolved.url}/{row.id}")
    return shown


def _draw(resolved: Resolved, row: Any, name: str, declared: Field, value: Any, unmasked: bool) -> Cell:
    kind = kind_of(declared)
    if declared.has(Mark.MASKED) and declared.type.mask and not unmasked:
        return Cell(declared.type.mask(value), "masked")
    if kind == "reference":
        return _reference(resolved, row, name)
    if kind in ("choice", "state"):
        return Cell(value.label, "state" if kind == "state" else "choice", value.tone)
    if kind in ("photo", "file"):
        return Cell("查看", kind, href=f"{resolved.url}/{row.id}/file/{name}")  # type: ignore[arg-type]
    if kind == "rich":
        return Cell("", "rich", html=value)
    if kind in ("integer", "decimal"):
        return Cell(number(value), "number")
    if kind == "moment":
        return Cell(declared.type.shown(value), "moment")
    return Cell(plain(value), _CELL.get(kind, "text"))  # type: ignore[arg-type]


_CELL = {"date": "date", "flag": "flag", "lines": "lines"}


def _reference(resolved: Resolved, row: Any, name: str) -> Cell:
    target = related(resolved, row, name)
    if target is None:  # the wall hides it: show no more than there is something
        return Cell(NOTHING)
    return Cell(str(target), "reference")


def number(value: int | Decimal) -> str:
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def plain(value: Any) -> str:
    """Text of a value as it stands in a cell, a sheet or a history line."""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, datetime):
        return value.astimezone(ZONE).strftime("%Y-%m-%d %H:%M")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal | int):
        return number(value)
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, Declared):
        return str(value)
    return str(getattr(value, "label", value))
