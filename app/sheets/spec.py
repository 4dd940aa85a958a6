"""The vocabulary of a sheet: columns, limits, rows and cell errors (domain 6.1)."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal, NamedTuple

Kind = Literal["text", "code", "integer", "decimal", "date", "moment", "choice"]
Value = str | int | Decimal | date | None  # `datetime` is a `date`

DATA_SHEET = "数据"
NUMBER_FORMATS: dict[Kind, str] = {
    "text": "@",
    "code": "@",
    "choice": "@",
    "integer": "0",
    "decimal": "General",
    "date": "yyyy-mm-dd",
    "moment": "yyyy-mm-dd hh:mm",
}

REASON_LABEL = "错误原因"
"""Last column of the error workbook; ignored without a note when such a workbook is uploaded again (6.1)."""

_LABEL_NOISE = re.compile(r"[\s*\u00ad\u200b-\u200f\u2060\ufeff]+")


def label_key(label: str) -> str:
    """What makes two header texts one label: no required `*`, no spaces, full width equals half width."""
    return _LABEL_NOISE.sub("", unicodedata.normalize("NFKC", label)).casefold()


def column_letters(index: int) -> str:
    """`0` → `A`, `26` → `AA`."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def column_index(letters: str) -> int:
    """`A` → `0`, `AA` → `26`."""
    index = 0
    for letter in letters:
        index = index * 26 + ord(letter) - 64
    return index - 1


def address(column: int, number: int) -> str:
    """Column index and row number as Excel says it: `(1, 3)` → `B3`."""
    return f"{column_letters(column)}{number}"


@dataclass(frozen=True, slots=True)
class SheetColumn:
    """One column. `code` is a long number kept as text: a numeric cell in it is refused (R59, E50, E73).

    A `moment` is read as a naive `datetime` in local time (Asia/Shanghai, D11). A `given` column comes filled with the
    rows there are to work on and is only read.
    """

    name: str
    label: str
    kind: Kind = "text"
    required: bool = False
    choices: tuple[str, ...] = ()
    help: str = ""
    sample: str = ""
    width: int = 18
    given: bool = False

    @property
    def starred(self) -> bool:
        """Whether a person has to fill it in."""
        return self.required and not self.given

    @property
    def header(self) -> str:
        """The label as the template prints it: a column that must be filled in carries a `*`."""
        return f"{self.label}*" if self.starred else self.label


@dataclass(frozen=True, slots=True)
class SheetSpec:
    """One kind of import. Rows that agree in all `unique` columns are refused from the second on (E52)."""

    name: str
    title: str
    columns: tuple[SheetColumn, ...]
    notes: tuple[str, ...] = ()
    version: int = 1
    unique: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        keys = [label_key(column.label) for column in self.columns]
        if len(set(keys)) < len(keys) or len({column.name for column in self.columns}) < len(keys):
            raise ValueError(f"sheet {self.name}: two columns share a name or label")
        if unknown := set(self.unique) - {column.name for column in self.columns}:
            raise ValueError(f"sheet {self.name}: unique names no column: {sorted(unknown)}")


@dataclass(frozen=True, slots=True)
class SheetLimits:
    """How large an upload may be (6.1, E139); the application fills it from its settings, whose defaults these are."""

    max_bytes: int = 100 * 1024 * 1024
    max_rows: int = 200_000
    max_expanded: int = 600 * 1024 * 1024
    max_entries: int = 1_000
    max_columns: int = 100
    max_memory: int = 1024 * 1024 * 1024
    max_seconds: int = 120


class CellError(NamedTuple):
    """What is wrong with one cell; an empty `label` means the whole row."""

    label: str
    address: str
    message: str

    def sentence(self, number: int) -> str:
        """The sentence for people, e.g. `第3行 证件号码:单元格为数字格式…` (6.1)."""
        if not self.label or self.message.startswith(self.label):
            return f"第{number}行:{self.message}"
        return f"第{number}行 {self.label}:{self.message}"

    @property
    def text(self) -> str:
        """The same without the row, for the 错误原因 column."""
        if not self.label or self.message.startswith(self.label):
            return self.message
        return f"{self.label}:{self.message}"


@dataclass(slots=True)
class SheetRow:
    """One data row: its number in Excel, its cells in declared order (`None` = blank or wrong)."""

    number: int
    names: tuple[str, ...]
    cells: tuple[Value, ...]
    errors: tuple[CellError, ...] = ()

    @property
    def values(self) -> dict[str, Value]:
        return dict(zip(self.names, self.cells, strict=True))

    @property
    def error_text(self) -> str:
        """All errors of the row for the 错误原因 column."""
        return ";".join(error.text for error in self.errors)


@dataclass(slots=True)
class SheetChunk:
    """The same rows as plain tuples, for callers that pass them straight to COPY."""

    numbers: list[int]
    cells: list[tuple[Value, ...]]
    errors: dict[int, tuple[CellError, ...]] = field(default_factory=dict)
    """Keyed by Excel row number; rows without an error are absent."""


@dataclass(slots=True)
class ReadReport:
    """What the reader wants people to know beside the rows; complete once the last chunk has been taken."""

    rows: int = 0
    blank_rows: int = 0
    hidden_rows: tuple[int, ...] = ()
    unknown_columns: tuple[str, ...] = ()
    sample_skipped: bool = False
    notes: list[str] = field(default_factory=list)
