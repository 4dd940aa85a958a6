"""From calamine's grid to checked rows. Runs in the reader's child process, next to the untrusted file.

Work is done column by column over a chunk of rows: so 100,000 rows cost little more than reading them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from app.services.errors import DomainError
from app.sheets.guard import SheetInfo
from app.sheets.header import find_header
from app.sheets.spec import SheetColumn, SheetSpec, Value, address
from app.sheets.values import Cell, Converter, Errors, converter

RawError = tuple[str, str, str]
"""Label, address, message: a `CellError` as it crosses the pipe."""
Frame = tuple[list[int], list[tuple[Value, ...]], list[tuple[int, list[RawError]]]]
"""Excel row numbers, the rows, and for the wrong ones number and errors."""

_SHOWN = 10


@dataclass(slots=True)
class RowReader:
    """Turns raw rows into frames of checked rows; `report()` is complete after the last frame."""

    spec: SheetSpec
    info: SheetInfo
    chunk: int
    start_after_row: int = 0
    _rows: int = 0
    _blank: int = 0
    _hidden: list[int] = field(default_factory=list)
    _unknown: tuple[str, ...] = ()
    _sample_skipped: bool = False
    _seen: dict[tuple[Value, ...], int] = field(default_factory=dict)

    def frames(self, raw: Iterable[list[Cell]], first_column: int) -> Iterator[Frame]:
        """`raw` starts at Excel's row 1 and at column `first_column`."""
        numbered = enumerate(raw, start=1)
        head = next((cells for _, cells in numbered if any(cell != "" for cell in cells)), [])
        header = find_header(head, self.spec, self.info.template)
        self._unknown = header.unknown
        columns = [
            _Column(index, place, first_column, self.spec.columns[index])
            for index, place in enumerate(header.places)
            if place is not None
        ]
        sample = self._sample(columns)
        blank = [""] * len(head)
        while rows := list(islice(numbered, self.chunk)):
            kept = [row for row in rows if row[1] != blank or row[0] in self.info.faults]
            self._blank += len(rows) - len(kept)
            if kept and (frame := self._frame(kept, columns, sample))[0]:
                yield frame
        if not self._rows:
            raise DomainError("sheet.no_rows", "表格中没有数据行,请从第2行起填写后上传")

    def report(self) -> dict[str, Any]:
        """The fields of a `ReadReport`."""
        return {
            "rows": self._rows,
            "blank_rows": self._blank,
            "hidden_rows": tuple(self._hidden),
            "unknown_columns": self._unknown,
            "sample_skipped": self._sample_skipped,
            "notes": self._notes(),
        }

    def _frame(
        self, kept: list[tuple[int, list[Cell]]], columns: list[_Column], sample: tuple[Value, ...]
    ) -> Frame:
        batch = _Batch(kept, columns, len(self.spec.columns))
        self._drop_blank(batch)
        self._drop_sample(batch, sample)
        for index, number in enumerate(batch.numbers) if self.info.faults else ():
            for place, message in self.info.faults.get(number, ()):
                batch.refuse(index, "", place, message.format(place))
        for column in columns:
            if column.required:
                self._require(batch, column)
        if self.spec.unique:
            self._refuse_repeated(batch, columns)
        self._count(batch)
        return batch.frame(self.start_after_row)

    def _drop_blank(self, batch: _Batch) -> None:
        """Rows of nothing but spaces; a blank row with a formula or a merged cell is a row with an error."""
        nothing = (None,) * len(self.spec.columns)
        for index in batch.find(nothing):
            if index not in batch.errors and batch.numbers[index] not in self.info.faults:
                batch.dropped.add(index)
                self._blank += 1

    def _drop_sample(self, batch: _Batch, sample: tuple[Value, ...]) -> None:
        """The template's grey row, where nobody has touched it (6.1)."""
        if any(value is not None for value in sample):
            samples = [index for index in batch.find(sample) if index not in batch.errors]
            batch.dropped.update(samples)
            self._sample_skipped = self._sample_skipped or bool(samples)

    def _require(self, batch: _Batch, column: _Column) -> None:
        values = batch.values[column.index]
        if None not in values:
            return
        for index, value in enumerate(values):
            if value is not None or index in batch.dropped or batch.numbers[index] in self.info.faults:
                continue
            place = column.address(batch.numbers[index])
            if all(error[1] != place for error in batch.errors.get(index, ())):
                batch.refuse(index, column.label, place, f"{column.label}不能为空")

    def _refuse_repeated(self, batch: _Batch, columns: list[_Column]) -> None:
        """E52: the first row of a key stands, later ones point to it."""
        names = [column.name for column in self.spec.columns]
        places = [names.index(name) for name in self.spec.unique]
        shown = next((column for column in columns if column.index == places[0]), None)
        for index, key in enumerate(zip(*(batch.values[place] for place in places), strict=True)):
            if None in key or index in batch.dropped:
                continue
            number = batch.numbers[index]
            first = self._seen.setdefault(key, number)
            if first != number:
                batch.refuse(index, "", shown.address(number) if shown else "", f"与第{first}行重复")

    def _count(self, batch: _Batch) -> None:
        self._rows += len(batch.numbers) - len(batch.dropped)
        if not self.info.hidden.isdisjoint(batch.numbers):
            self._hidden += [
                number
                for index, number in enumerate(batch.numbers)
                if number in self.info.hidden and index not in batch.dropped
            ]

    def _sample(self, columns: list[_Column]) -> tuple[Value, ...]:
        """The sample row as it reads when nobody has touched it, for the columns present in the file."""
        values: list[Value] = [None] * len(self.spec.columns)
        for column in columns:
            values[column.index] = column.convert([self.spec.columns[column.index].sample], {})[0]
        return tuple(values)

    def _notes(self) -> list[str]:
        notes = []
        if self._hidden:
            notes.append(f"有{len(self._hidden)}个隐藏行,已照常读取:第{_ranges(self._hidden)}行")
        if self._unknown:
            more = "等" if len(self._unknown) > _SHOWN else ""
            notes.append(f"模板中没有的列已忽略:{'、'.join(self._unknown[:_SHOWN])}{more}")
        if self._blank:
            notes.append(f"已跳过{self._blank}个空白行")
        if self._sample_skipped:
            notes.append("示例行未修改,已跳过")
        name, version = self.info.template or ("", 0)
        if name == self.spec.name and version < self.spec.version:
            notes.append("使用的是旧版模板,建议重新下载")
        return notes


class _Column:
    """A declared column that is present in the file."""

    def __init__(self, index: int, place: int, first_column: int, column: SheetColumn) -> None:
        self.index, self.place, self.first_column = index, place, first_column
        self.label, self.required = column.label, column.required
        self.convert: Converter = converter(column)

    def address(self, number: int) -> str:
        return address(self.first_column + self.place, number)


class _Batch:
    """The rows of one chunk on their way: values by column, errors and dropped rows by index."""

    def __init__(self, kept: list[tuple[int, list[Cell]]], columns: list[_Column], width: int) -> None:
        self.numbers = [number for number, _ in kept]
        self.errors: dict[int, list[RawError]] = {}
        self.dropped: set[int] = set()
        self.values: list[Sequence[Value]] = [[None] * len(kept)] * width
        grid = list(zip(*(cells for _, cells in kept), strict=True))
        for column in columns:
            found: Errors = {}
            self.values[column.index] = column.convert(grid[column.place], found)
            for index, message in found.items():
                self.refuse(index, column.label, column.address(self.numbers[index]), message)
        self.rows: list[tuple[Value, ...]] = list(zip(*self.values, strict=True))

    def refuse(self, index: int, label: str, place: str, message: str) -> None:
        self.errors.setdefault(index, []).append((label, place, message))

    def find(self, wanted: tuple[Value, ...]) -> list[int]:
        if wanted not in self.rows:  # the usual case, at the speed of a list search
            return []
        return [index for index, row in enumerate(self.rows) if row == wanted]

    def frame(self, start_after_row: int) -> Frame:
        """What is left; rows that an interrupted run has already stored are not given again (E140)."""
        numbers, rows = self.numbers, self.rows
        if self.dropped or numbers[0] <= start_after_row:
            taken = [
                index
                for index, number in enumerate(numbers)
                if index not in self.dropped and number > start_after_row
            ]
            numbers, rows = [numbers[index] for index in taken], [rows[index] for index in taken]
        given = set(numbers) if self.errors else set()
        wrong = [(self.numbers[index], found) for index, found in sorted(self.errors.items())]
        return numbers, rows, [(number, found) for number, found in wrong if number in given]


def _ranges(numbers: list[int]) -> str:
    """`[4, 5, 6, 9]` → `4–6、9`; a long list ends with 等."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    shown = [str(first) if first == last else f"{first}–{last}" for first, last in spans[:_SHOWN]]
    return "、".join(shown) + ("等" if len(spans) > _SHOWN else "")
