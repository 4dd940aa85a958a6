"""The header row: where the declared columns are in this file (6.1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.services.errors import DomainError
from app.sheets.spec import REASON_LABEL, SheetSpec, label_key
from app.sheets.values import Cell, clean_text

_LONGEST_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Header:
    """The place of each declared column, None where it is absent, and the labels nobody declared."""

    places: tuple[int | None, ...]
    unknown: tuple[str, ...]


def find_header(cells: Sequence[Cell], spec: SheetSpec, template: tuple[str, int] | None) -> Header:
    """Match the file's labels with the declared ones; their order is free, other columns are ignored."""
    labels = [clean_text(cell) if isinstance(cell, str) else "" for cell in cells]
    declared = {label_key(column.label) for column in spec.columns}
    found: dict[str, int] = {}
    for place, label in enumerate(labels):
        key = label_key(label)
        if key in found and key in declared:
            raise DomainError("sheet.duplicate_column", f"列名重复:{label.rstrip('*')},请只保留一列")
        if key:
            found.setdefault(key, place)
    places = tuple(found.get(label_key(column.label)) for column in spec.columns)
    _require_columns(places, spec, template)
    known = declared | {label_key(REASON_LABEL)}
    return Header(
        places, tuple(labels[place][:_LONGEST_SHOWN] for key, place in found.items() if key not in known)
    )


def _require_columns(places: Sequence[int | None], spec: SheetSpec, template: tuple[str, int] | None) -> None:
    absent = [column for column, place in zip(spec.columns, places, strict=True) if place is None]
    missing = [column.label for column in absent if column.required]
    if len(absent) == len(spec.columns):
        missing = missing or [column.label for column in absent]
    if missing:
        other = "上传的是另一种模板," if template and template[0] != spec.name else ""
        message = f"缺少列:{'、'.join(missing)}({other}请使用「{spec.title}」模板)"
        raise DomainError("sheet.missing_columns", message)
