"""From calamine's grid to checked rows. Runs in the reader's child process, next to the untrusted file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from app.services.errors import DomainError
from app.sheets.guard import SheetInfo
from app.sheets.spec import REASON_LABEL, SheetSpec, Value, address, label_key
from app.sheets.values import Cell, Converter, Errors, clean_text, converter

RawError = tuple[str, str, str]
"""Label, address, message: a `CellError` as it crosses the pipe."""
Frame = tuple[list[int], list[tuple[Value, ...]], list[tuple[int, list[RawError]]]]

_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Header:
    """Where the declared columns are; their order in the file is free (6.1)."""

    places: tuple[int | None, ...]
    unknown: tuple[str, ...]


def find_header(cells: Sequence[Cell], spec: SheetSpec, template: tuple[str, int] | None) -> Header:
    """Match the first row that is not blank with the declared labels."""
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
    ignored = declared | {label_key(REASON_LABEL)}
    return Header(places, tuple(labels[place][:20] for key, place in found.items() if key not in ignored))


def _require_columns(places: Sequence[int | None], spec: SheetSpec, template: tuple[str, int] | None) -> None:
    absent = [column for column, place in zip(spec.columns, places, strict=True) if place is None]
    missing = [column.label for column in absent if column.required]
    if len(absent) == len(spec.columns):
        missing = missing or [column.label for column in absent]
    if missing:
        other = "上传的是另一种模板," if template and template[0] != spec.name else ""
        raise DomainError("sheet.missing_columns", f"缺少列:{'、'.join(missing)}({other}请使用「{spec.title}」模板)")


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
        columns = [_Column(index, place, self.spec) for index, place in enumerate(header.places) if place is not None]
        for column in columns:
            column.letter_index = first_column + column.place
        sample = self._sample(columns)
        blank = [""] * len(head)
        while batch := list(islice(numbered, self.chunk)):
            kept = [row for row in batch if row[1] != blank or row[0] in self.info.faults]
            self._blank += len(batch) - len(kept)
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

    def _frame(self, kept: list[tuple[int, list[Cell]]], columns: list[_Column], sample: tuple[Value, ...]) -> Frame:
        numbers = [number for number, _ in kept]
        errors: dict[int, list[RawError]] = {}
        grid = list(zip(*(cells for _, cells in kept), strict=True))
        values: list[Sequence[Value]] = [[None] * len(kept)] * len(self.spec.columns)
        for column in columns:
            values[column.index] = column.read(grid[column.place], numbers, errors)
        rows = list(zip(*values, strict=True))
        dropped = self._drop(rows, numbers, errors, sample)
        for index, number in enumerate(numbers) if self.info.faults else ():
            for place, message in self.info.faults.get(number, ()):
                errors.setdefault(index, []).append(("", place, message))
        for column in columns:
            if column.required and None in values[column.index]:
                self._require(column, values[column.index], numbers, errors)
        if self.spec.unique:
            self._refuse_repeated(rows, numbers, columns, errors, dropped)
        return self._deliver(numbers, rows, errors, dropped)

    def _drop(
        self,
        rows: list[tuple[Value, ...]],
        numbers: list[int],
        errors: dict[int, list[RawError]],
        sample: tuple[Value, ...],
    ) -> set[int]:
        """Indices of rows that are no data: nothing but spaces, or the template's sample row unchanged."""
        nothing = (None,) * len(self.spec.columns)
        dropped: set[int] = set()
        if nothing in rows:
            dropped = {
                index
                for index, row in enumerate(rows)
                if row == nothing and index not in errors and numbers[index] not in self.info.faults
            }
            self._blank += len(dropped)
        if sample != nothing and sample in rows:
            samples = {index for index, row in enumerate(rows) if row == sample and index not in errors}
            self._sample_skipped = self._sample_skipped or bool(samples)
            dropped |= samples
        return dropped

    def _require(
        self,
        column: _Column,
        values: Sequence[Value],
        numbers: list[int],
        errors: dict[int, list[RawError]],
    ) -> None:
        for index, value in enumerate(values):
            if value is not None or numbers[index] in self.info.faults:
                continue
            place = address(column.letter_index, numbers[index])
            known = errors.setdefault(index, [])
            if all(error[1] != place for error in known):
                known.append((column.label, place, f"{column.label}不能为空"))

    def _refuse_repeated(
        self,
        rows: list[tuple[Value, ...]],
        numbers: list[int],
        columns: list[_Column],
        errors: dict[int, list[RawError]],
        dropped: set[int],
    ) -> None:
        """E52: the first row of a key stands, later ones point to it."""
        names = [column.name for column in self.spec.columns]
        places = [names.index(name) for name in self.spec.unique]
        letter = next((column.letter_index for column in columns if column.index == places[0]), 0)
        for index, row in enumerate(rows):
            key = tuple(row[place] for place in places)
            if index in dropped or None in key:
                continue
            first = self._seen.setdefault(key, numbers[index])
            if first != numbers[index]:
                error = ("", address(letter, numbers[index]), f"与第{first}行重复")
                errors.setdefault(index, []).append(error)

    def _deliver(
        self,
        numbers: list[int],
        rows: list[tuple[Value, ...]],
        errors: dict[int, list[RawError]],
        dropped: set[int],
    ) -> Frame:
        self._rows += len(rows) - len(dropped)
        if self.info.hidden:
            visible = self.info.hidden.isdisjoint(numbers)
            self._hidden += [] if visible else [
                number for index, number in enumerate(numbers) if number in self.info.hidden and index not in dropped
            ]
        if dropped or numbers[0] <= self.start_after_row:
            taken = [i for i, number in enumerate(numbers) if i not in dropped and number > self.start_after_row]
            errors = {i: errors[i] for i in taken if i in errors}
            rows = [rows[i] for i in taken]
        else:
            taken = list(range(len(numbers)))
        return (
            [numbers[i] for i in taken],
            rows,
            [(numbers[index], found) for index, found in sorted(errors.items()) if found],
        )

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
        if self.info.template and self.info.template[0] == self.spec.name and self.info.template[1] < self.spec.version:
            notes.append("使用的是旧版模板,建议重新下载")
        return notes


class _Column:
    """One declared column that is present in the file."""

    def __init__(self, index: int, place: int, spec: SheetSpec) -> None:
        column = spec.columns[index]
        self.index, self.place, self.letter_index = index, place, place
        self.label, self.required = column.label, column.required
        self.convert: Converter = converter(column)

    def read(
        self, cells: Sequence[Cell], numbers: list[int], errors: dict[int, list[RawError]]
    ) -> Sequence[Value]:
        found: Errors = {}
        values = self.convert(cells, found)
        for index, message in found.items():
            place = address(self.letter_index, numbers[index])
            errors.setdefault(index, []).append((self.label, place, message))
        return values


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
