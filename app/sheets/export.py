"""Rows out (6.3): typed cells, and no text that a spreadsheet could take for a formula (6.1, E138)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from rustpy_xlsxwriter import Format, write_worksheet

from app.services.errors import DomainError
from app.sheets.spec import DATA_SHEET, NUMBER_FORMATS, Kind

MAX_ROWS = 1_048_575
"""What one sheet holds beside its header."""

LONGEST_TEXT = 32_767
_LONGEST_EXACT = 10**15
_FORMULA_SIGNS = frozenset("=+-@\t\r\n=+-@")
_SHANGHAI = ZoneInfo("Asia/Shanghai")
_WIDTHS: dict[Kind, float] = {"integer": 12, "decimal": 12, "date": 12, "moment": 18, "code": 22}


def export(
    columns: Sequence[tuple[str, Kind]],
    rows: Iterable[Sequence[Any]],
    out: Path,
    *,
    sheet: str = DATA_SHEET,
) -> int:
    """Write rows under styled headers and return how many; an empty result still has its headers.

    `out` appears whole or not at all.
    """
    labels = [label for label, _ in columns]
    convert = [_CONVERTERS[kind] for _, kind in columns]
    counter = _Counter()
    records = (
        dict(zip(labels, [change(value) for change, value in zip(convert, row, strict=True)], strict=True))
        for row in counter.pass_on(rows)
    )
    write(records, columns, out, sheet=sheet)
    return counter.count


def write(
    records: Iterable[dict[str, Any]],
    columns: Sequence[tuple[str, Kind]],
    out: Path,
    *,
    sheet: str = DATA_SHEET,
    header_row: int = 0,
    **options: Any,
) -> None:
    """The one place that knows the writer: rustpy-xlsxwriter, five times as fast as the others, streaming."""
    labels = [label for label, _ in columns]
    if len(set(labels)) < len(labels):
        raise ValueError("two columns of an export share a label")
    records = iter(records)
    first = next(records, None)
    partial = out.with_name(f".{out.name}.{uuid4().hex}.part")
    try:
        write_worksheet(
            # without a record the writer would leave the sheet empty, headers included
            chain([first if first is not None else dict.fromkeys(labels)], records),
            partial,
            sheet_name=sheet,
            header_row=header_row,
            freeze_row=header_row + 1,
            autofilter=True,
            header_format=Format().set_bold().set_background_color("#EAF1FB").set_border("thin"),
            column_widths=[_WIDTHS.get(kind, max(14, 2.2 * len(label) + 2)) for label, kind in columns],
            column_formats=[Format().set_num_format(NUMBER_FORMATS[kind]) for _, kind in columns],
            ignore_errors=[label for label, kind in columns if kind == "code"] or None,
            **options,
        )
        partial.replace(out)
    finally:
        partial.unlink(missing_ok=True)


class _Counter:
    """Counts rows on their way and stops before the sheet is full."""

    def __init__(self) -> None:
        self.count = 0

    def pass_on(self, rows: Iterable[Sequence[Any]]) -> Iterator[Sequence[Any]]:
        for row in rows:
            self.count += 1
            if self.count > MAX_ROWS:
                raise DomainError("export.too_many_rows", f"导出超过{MAX_ROWS}行,请先缩小筛选范围再导出")
            yield row


def safe_text(value: Any) -> str | None:
    """Text for a cell: an apostrophe before `= + - @`, tab and line end, at most what Excel holds."""
    if value is None or value == "":
        return None
    text = value if isinstance(value, str) else _plain(value)
    if text[0] in _FORMULA_SIGNS:
        text = "'" + text
    if len(text) > LONGEST_TEXT:
        text = text[: LONGEST_TEXT - 1] + "…"
    return text


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, datetime):
        return f"{_local(value):%Y-%m-%d %H:%M}"
    return str(value)


def _number(value: Any) -> Any:
    """A number beyond what a cell keeps exactly goes out as text, and so does anything that is no number."""
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        return safe_text(value)
    return value if abs(float(value)) < _LONGEST_EXACT else safe_text(value)


def _date(value: Any) -> Any:
    if isinstance(value, datetime):
        value = _local(value).date()
    return value if isinstance(value, date) and value.year >= 1900 else safe_text(value)


def _moment(value: Any) -> Any:
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time())
    return _local(value) if isinstance(value, datetime) and value.year >= 1900 else safe_text(value)


def _local(value: datetime) -> datetime:
    """Excel knows no time zones: moments go out in local time (D11)."""
    return value.astimezone(_SHANGHAI).replace(tzinfo=None) if value.tzinfo else value


_CONVERTERS: dict[Kind, Callable[[Any], Any]] = {
    "text": safe_text,
    "code": safe_text,
    "choice": safe_text,
    "integer": _number,
    "decimal": _number,
    "date": _date,
    "moment": _moment,
}
