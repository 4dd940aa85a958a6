"""From what a cell holds to a typed value, strictly: what is not certain is an error, never a guess (E50).

Converters take a whole column of a chunk, because a clean column is recognised by a few searches over the
joined text; only a column with something to clean pays for a look at each cell.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from app.sheets.spec import SheetColumn, Value

Cell = str | float | bool | date | time | timedelta
Errors = dict[int, str]
"""Index in the chunk → message."""
Converter = Callable[[Sequence[Cell], Errors], list[Value]]


class Wrong(Exception):
    """The cell does not hold what its column declares; the message is for people."""


NUMERIC_CODE = "单元格为数字格式,长号码会丢失末位,请将该列设为“文本”格式后重新填写"

_LONGEST_EXACT = 10**15
_MEMO = 20_000
_INTEGER = re.compile(r"[+-]?\d{1,15}", re.ASCII)
_DECIMAL = re.compile(r"[+-]?\d{1,18}(?:\.\d{1,12})?", re.ASCII)
_DATE = re.compile(
    r"(\d{4})(?:-(\d{1,2})-|/(\d{1,2})/|\.(\d{1,2})\.|年(\d{1,2})月|(?=\d{4}$)(\d{2}))(\d{1,2})日?", re.ASCII
)
_TIME = re.compile(r"[ T]+(\d{1,2}):(\d{2})(?::(\d{2}))?", re.ASCII)

_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
_CHINESE_PUNCTUATION = ",!?:;()~"
_INVISIBLE = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]"
)
_SPACES = re.compile(r"[\t\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
_LINE_ENDS = re.compile(r"\r\n?|[\u2028\u2029]")
_HAS_FULL_WIDTH = re.compile(r"[\uff01-\uff5e]")
_ESCAPED = re.compile(r"'(?=[=+\-@\t\r])")

# Chinese text keeps its own punctuation; digits, letters and signs become half width.
_TEXT_WIDTH = {code: to for code, to in _FULL_WIDTH.items() if chr(code) not in _CHINESE_PUNCTUATION}


def clean_text(text: str) -> str:
    """Trimmed, without invisible characters, full-width digits and letters as half width (6.1, E51).

    Names keep their rare characters, `·` and inner spaces. The apostrophe of our own exports (E138) goes.
    """
    if _ESCAPED.match(text):
        text = text[1:]
    return _LINE_ENDS.sub("\n", _INVISIBLE.sub("", _SPACES.sub(" ", text))).translate(_TEXT_WIDTH).strip()


def clean_code(text: str) -> str:
    """As `clean_text`, and without any white space inside (E51: `41 0102\\t1990…` typed in groups)."""
    return "".join(clean_text(text).translate(_FULL_WIDTH).split())


def converter(column: SheetColumn) -> Converter:
    """The converter of a column, made once per file."""
    if column.kind == "choice":
        return _Choices(column)
    one = {
        "code": _code,
        "integer": _integer,
        "decimal": _decimal,
        "date": _date,
        "moment": _moment,
        "text": _text,
    }[column.kind]
    if column.kind in ("text", "code"):
        return _Texts(column, one, spaces_allowed=column.kind == "text")
    return _Each(column, one)


class _Each:
    """A converter that looks at every cell; what repeats (years, scores, dates) is converted once."""

    def __init__(self, column: SheetColumn, one: Callable[[Cell, str], Value]) -> None:
        self.label, self.one = column.label, one
        self.memo: dict[Cell, Value] = {"": None}

    def __call__(self, cells: Sequence[Cell], errors: Errors) -> list[Value]:
        if len(self.memo) > _MEMO:
            self.memo = {"": None}
        memo, values = self.memo, []
        for index, cell in enumerate(cells):
            alike = type(cell) is str or type(cell) is float  # else True would be found under 1.0
            if alike and cell in memo:
                values.append(memo[cell])
                continue
            try:
                value = self.one(cell, self.label)
            except Wrong as error:
                errors[index] = str(error)
                value = None
            else:
                if alike:
                    memo[cell] = value
            values.append(value)
        return values


class _Texts(_Each):
    """Text and codes: a column that is clean as it stands is taken as it stands."""

    def __init__(
        self, column: SheetColumn, one: Callable[[Cell, str], Value], *, spaces_allowed: bool
    ) -> None:
        super().__init__(column, one)
        self.spaces_allowed = spaces_allowed

    def __call__(self, cells: Sequence[Cell], errors: Errors) -> list[Value]:
        if self._clean(cells):
            return [cell or None for cell in cells]  # type: ignore[misc]  # all are str: `_clean` joined them
        return super().__call__(cells, errors)

    def _clean(self, cells: Sequence[Cell]) -> bool:
        try:
            joined = "|".join(cells)  # type: ignore[arg-type]  # a number in the column is the TypeError below
        except TypeError:
            return False
        if not joined.isprintable() or "|'" in joined or joined[:1] in ("'", " ") or joined[-1:] == " ":
            return False
        if not joined.isascii() and _HAS_FULL_WIDTH.search(joined):
            return False
        return "| " not in joined and " |" not in joined if self.spaces_allowed else " " not in joined


class _Choices(_Each):
    """One of the declared texts; a yes/no list also takes Excel's TRUE and FALSE."""

    def __init__(self, column: SheetColumn) -> None:
        super().__init__(column, self._one)
        self.known: dict[Cell, Value] = {"": None}
        self.known.update((choice, choice) for choice in column.choices)
        self.folded = {clean_code(choice): choice for choice in column.choices}
        shown = "、".join(column.choices[:6]) + ("等" if len(column.choices) > 6 else "")
        self.message = f"{column.label}不在可选范围(可填:{shown})"

    def __call__(self, cells: Sequence[Cell], errors: Errors) -> list[Value]:
        try:
            return [self.known[cell] for cell in cells]
        except KeyError:
            return super().__call__(cells, errors)

    def _one(self, cell: Cell, label: str) -> Value:
        if isinstance(cell, bool):
            cell = "是" if cell else "否"
        text = clean_code(_plain(cell, label) or "")
        if not text:
            return None
        if text not in self.folded:
            raise Wrong(self.message)
        return self.folded[text]


def _text(cell: Cell, label: str) -> str | None:
    return clean_text(_plain(cell, label)) or None


def _plain(cell: Cell, label: str) -> str:
    """A text column may hold a number or a date that people typed; it reads as Excel shows it."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, datetime):
        return cell.isoformat(" ", "seconds")
    if isinstance(cell, (date, time)):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        raise Wrong(f"{label}应为文本")
    if not math.isfinite(cell) or abs(cell) >= _LONGEST_EXACT:
        raise Wrong(NUMERIC_CODE)
    return str(int(cell)) if cell.is_integer() else repr(cell)


def _code(cell: Cell, label: str) -> str | None:
    if not isinstance(cell, str):
        raise Wrong(NUMERIC_CODE)
    return clean_code(cell) or None


def _integer(cell: Cell, label: str) -> int | None:
    if isinstance(cell, str):
        text = clean_code(cell)
        if not text:
            return None
        if _INTEGER.fullmatch(text):
            return int(text)
    elif isinstance(cell, float) and cell.is_integer() and abs(cell) < _LONGEST_EXACT:
        return int(cell)
    raise Wrong(f"{label}应为整数")


def _decimal(cell: Cell, label: str) -> Decimal | None:
    if isinstance(cell, str):
        text = clean_code(cell)
        if not text:
            return None
        if _DECIMAL.fullmatch(text):
            return Decimal(text)
    elif isinstance(cell, float) and math.isfinite(cell) and abs(cell) < _LONGEST_EXACT:
        return Decimal(int(cell)) if cell.is_integer() else Decimal(repr(cell))
    raise Wrong(f"{label}应为数字")


def _date(cell: Cell, label: str) -> date | None:
    if isinstance(cell, datetime) and cell.time() == time():
        cell = cell.date()
    if isinstance(cell, str):
        text = clean_code(cell)
        if not text:
            return None
        cell = _read_date(text) or cell
    if type(cell) is date and 1900 <= cell.year <= 2199:
        return cell
    raise Wrong(f"{label}应为日期,如2020-07-18")


def _read_date(text: str) -> date | None:
    found = _DATE.fullmatch(text)
    if not found:
        return None
    month = found[2] or found[3] or found[4] or found[5] or found[6]
    try:
        return date(int(found[1]), int(month), int(found[7]))
    except ValueError:
        return None


def _moment(cell: Cell, label: str) -> datetime | None:
    if isinstance(cell, str):
        text = clean_text(cell).translate(_FULL_WIDTH)
        if not text:
            return None
        cell = _read_moment(text) or cell
    elif isinstance(cell, date) and not isinstance(cell, datetime):
        cell = datetime.combine(cell, time())
    if isinstance(cell, datetime) and 1900 <= cell.year <= 2199:
        # Excel keeps moments as fractions of a day; the nearest second is what was typed
        return (cell + timedelta(microseconds=500_000)).replace(microsecond=0, tzinfo=None)
    raise Wrong(f"{label}应为日期时间,如2020-07-18 13:00")


def _read_moment(text: str) -> datetime | None:
    clock = _TIME.search(text)
    day = _read_date(text[: clock.start()] if clock else text)
    if day is None or (clock and clock.end() != len(text)):
        return None
    try:
        at = time(int(clock[1]), int(clock[2]), int(clock[3] or 0)) if clock else time()
    except ValueError:
        return None
    return datetime.combine(day, at)
