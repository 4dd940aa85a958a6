"""The error workbook (6.1): the rows as uploaded, with a last column 错误原因; refused rows are tinted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import time, timedelta
from pathlib import Path
from typing import Any

from rustpy_xlsxwriter import Format

from app.sheets.export import LONGEST_TEXT, write
from app.sheets.reader import read_raw
from app.sheets.spec import REASON_LABEL, Kind, SheetLimits, SheetSpec, column_letters, label_key
from app.sheets.values import Cell, clean_text

_TINT = "#FDECEA"


def annotate(
    path: Path,
    spec: SheetSpec,
    errors: Mapping[int, str],
    out: Path,
    *,
    limits: SheetLimits | None = None,
) -> None:
    """Write the uploaded rows under their own numbers (a reason may say 与第3行重复), each with its error.

    `errors` maps Excel row numbers to texts. The result can be corrected and uploaded as it is.
    """
    rows = read_raw(path, limits=limits)
    skipped, head = _head(rows)
    columns = _columns(head, spec)
    kinds = {label_key(column.label): column.kind for column in spec.columns}
    shown: list[tuple[str, Kind]] = [(label, kinds.get(label_key(label), "text")) for _, label in columns]
    tint = Format().set_background_color(_TINT)
    write(
        _records(rows, columns, errors),
        [*shown, (REASON_LABEL, "text")],
        out,
        header_row=skipped,
        row_formats={number - 1: tint for number in errors},
        data_validations=_drop_downs(shown, spec),
    )


def _head(rows: Iterator[tuple[int, list[Cell]]]) -> tuple[int, list[Cell]]:
    """How many rows stand above the header, and the header."""
    for number, cells in rows:
        if any(cell != "" for cell in cells):
            return number - 1, cells
    return 0, []


def _columns(head: Sequence[Cell], spec: SheetSpec) -> list[tuple[int, str]]:
    """Place and header of every uploaded column; an unnamed or repeated one is called by its letter."""
    columns: list[tuple[int, str]] = []
    used = {label_key(REASON_LABEL)}
    for place, cell in enumerate(head):
        label = clean_text(cell) if isinstance(cell, str) else ""
        if label_key(label) == label_key(REASON_LABEL):
            continue  # an error workbook uploaded again gets its reasons anew
        if not label or label_key(label) in used:
            label = f"{label}({column_letters(place)}列)"
        used.add(label_key(label))
        columns.append((place, label))
    return columns


def _records(
    rows: Iterator[tuple[int, list[Cell]]],
    columns: list[tuple[int, str]],
    errors: Mapping[int, str],
) -> Iterator[dict[str, Any]]:
    places = [place for place, _ in columns]
    labels = [label for _, label in columns] + [REASON_LABEL]
    for number, cells in rows:
        values = [_as_is(cells[place]) for place in places]
        values.append(_as_is(errors.get(number, "")))
        yield dict(zip(labels, values, strict=True))


def _as_is(cell: Cell) -> Cell | None:
    """The cell unchanged, unless no workbook could hold it; text stays text, `=1+1` included (E138)."""
    if isinstance(cell, str):
        return cell[:LONGEST_TEXT] or None
    if isinstance(cell, (time, timedelta)):
        return str(cell)
    return cell


def _drop_downs(shown: list[tuple[str, Kind]], spec: SheetSpec) -> dict[str, Any] | None:
    """Short lists only: the fast writer knows no hidden sheet, and an inline list ends at 255 characters."""
    choices = {label_key(column.label): column.choices for column in spec.columns if column.choices}
    rules = {}
    for label, _ in shown:
        values = choices.get(label_key(label), ())
        if values and len(",".join(values)) <= 255 and not any("," in value for value in values):
            rules[label] = {"type": "list", "values": list(values)}
    return rules or None
