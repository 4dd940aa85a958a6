"""One bounded pass over a worksheet's XML, before any library builds the sheet in memory.

It finds what calamine does not tell (formulas, error values, hidden rows) and what would kill it (extents
far apart, E139). It searches bytes and is no XML parser: 100,000 rows take a third of a second. Where a forged
file fools it, the child process still has its memory limit, and rows the scan has not seen are refused.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO

from app.services.errors import DomainError
from app.sheets.spec import SheetLimits, column_index

_CHUNK = 512 * 1024  # longer than the longest legal cell (32,767 characters, each at most 6 bytes)
_LONGEST_HEAD = 8 * 1024 * 1024
_LONGEST_ROW = 8 * 1024 * 1024
_FAULTS_PER_ROW = 3

_SHEET_DATA = re.compile(rb"<(?:([A-Za-z_][\w.-]*):)?sheetData(?=[\s/>])")
_ROW_NUMBER = re.compile(rb"\sr\s*=\s*[\"'](\d{1,10})[\"']")
_CELL_REF = re.compile(rb"\sr\s*=\s*[\"']([A-Z]{1,3})(\d{1,7})[\"']")
_RANGE = re.compile(rb"\sref\s*=\s*[\"']([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})[\"']")
_HIDDEN = re.compile(rb"\shidden\s*=\s*[\"'](?:1|true)[\"']")
_WIDE = re.compile(rb' r="([A-Z]{2,3})\d')
_ERROR_TYPE = re.compile(rb"\st\s*=\s*[\"']e[\"']")
_SPREAD = re.compile(rb"\st\s*=\s*[\"'](?:array|dataTable)[\"']")

FORMULA = "不支持公式({}),请改为填写结果"
MERGED = "不支持合并单元格({}),请取消合并后逐格填写"
ERROR_VALUE = "单元格是错误值({}),请改为实际内容"


def damaged() -> DomainError:
    """The file cannot be taken apart."""
    return DomainError("sheet.damaged", "文件损坏或过大,请用 Excel 或 WPS 打开后另存为 .xlsx 再上传")


def too_many_rows(limit: int, number: int) -> DomainError:
    return DomainError(
        "sheet.too_many_rows",
        f"数据超过{limit}行(表中第{number}行仍有内容或格式),请分成几个文件上传,并删除多余的空白行",
        status=413,
    )


@dataclass(slots=True)
class SheetScan:
    """What the pass has found. `faults`: Excel row → address and message (with a place for it) that refuse it."""

    limits: SheetLimits
    rows: int = 0
    last_row: int = 0
    hidden: list[int] = field(default_factory=list)
    faults: dict[int, list[tuple[str, str]]] = field(default_factory=dict)
    _count: int = 0

    def read(self, stream: IO[bytes]) -> None:
        """Scan the whole part; raises as soon as a bound is passed."""
        chunks = xml_chunks(stream)
        buffer, prefix = _skip_head(chunks)
        patterns = _Patterns(prefix)
        for chunk in chunks:
            end = buffer.find(patterns.end)
            if end >= 0:
                break
            cut = buffer.rfind(patterns.row_start)
            if cut > 0:
                self._take_rows(buffer[:cut], patterns)
                buffer = buffer[cut:]
            if len(buffer) > _LONGEST_ROW:
                raise damaged()
            buffer += chunk
        else:
            chunk = b""
            end = buffer.find(patterns.end)
        self._take_rows(buffer if end < 0 else buffer[:end], patterns)
        self._take_tail(buffer[end:] + chunk if end >= 0 else b"", chunks, patterns)

    def _take_rows(self, block: bytes, patterns: _Patterns) -> None:
        tags = patterns.row.findall(block)
        numbers = self._number(tags)
        if b"hidden" in block:
            self.hidden += [
                number for number, tag in zip(numbers, tags, strict=True) if _HIDDEN.search(tag[1])
            ]
        self.rows += len(tags)
        if max(self.rows, self.last_row) > self.limits.max_rows + 1:  # the header is a row too
            raise too_many_rows(self.limits.max_rows, max(self.rows, self.last_row))
        self._check_width(block)
        if patterns.formula.search(block):
            self._take_formulas(block, patterns, numbers)
        if b'"e"' in block or b"'e'" in block:
            self._take_error_values(block, patterns, numbers)

    def _number(self, tags: list[tuple[bytes, bytes]]) -> list[int]:
        """Row numbers; a row that names none follows the one before."""
        numbers: list[int] = []
        last = self.last_row
        for first_attribute, rest in tags:
            found = None if first_attribute else _ROW_NUMBER.search(rest)
            last = int(first_attribute or (found[1] if found else last + 1))
            numbers.append(last)
        self.last_row = max(self.last_row, max(numbers, default=0))
        return numbers

    def _check_width(self, block: bytes) -> None:
        for letters in set(_WIDE.findall(block)):
            if column_index(letters.decode()) >= self.limits.max_columns:
                raise DomainError(
                    "sheet.too_wide",
                    f"表格超过{self.limits.max_columns}列({letters.decode()}列仍有内容或格式),"
                    "请删除多余的空白列,或重新下载模板填写",
                    status=413,
                )

    def _take_formulas(self, block: bytes, patterns: _Patterns, numbers: list[int]) -> None:
        starts = [match.start() for match in patterns.row.finditer(block)]
        for match in patterns.formula.finditer(block):
            cell_at = max(block.rfind(patterns.cell_start, 0, match.start()), 0)
            number, address = _place(block[cell_at : match.start()], match.start(), starts, numbers)
            self._fault(number, address, FORMULA)
            spread = _RANGE.search(match[0]) if _SPREAD.search(match[0]) else None
            if spread:
                self._fault_range(spread, FORMULA)

    def _take_error_values(self, block: bytes, patterns: _Patterns, numbers: list[int]) -> None:
        starts = [match.start() for match in patterns.row.finditer(block)]
        for match in patterns.cell.finditer(block):
            if _ERROR_TYPE.search(match[0]):
                number, address = _place(match[0], match.start(), starts, numbers)
                if all(known != address for known, _ in self.faults.get(number, ())):
                    self._fault(number, address, ERROR_VALUE)

    def _take_tail(self, buffer: bytes, chunks: Iterator[bytes], patterns: _Patterns) -> None:
        """After the rows: merged ranges, among validations and formats that may be long."""
        while True:
            cut = buffer.rfind(b"<")
            for match in patterns.merged.finditer(buffer[:cut] if cut > 0 else buffer):
                spread = _RANGE.search(match[0])
                if spread:
                    self._fault_range(spread, MERGED)
            chunk = next(chunks, None)
            if chunk is None:
                return
            buffer = buffer[max(cut, 0) :] + chunk

    def _fault(self, number: int, address: str, message: str) -> None:
        self._count += 1
        if self._count > self.limits.max_rows:
            raise DomainError(
                "sheet.too_many_faults",
                f"表中公式、错误值或合并单元格过多(如{address}),请复制全部内容,“选择性粘贴—数值”到模板后再上传",
            )
        faults = self.faults.setdefault(number, [])
        if len(faults) < _FAULTS_PER_ROW:
            faults.append((address, message))

    def _fault_range(self, spread: re.Match[bytes], message: str) -> None:
        address = spread[0].split(b"=", 1)[1].strip(b" \"'").decode()
        top, bottom = int(spread[2]), min(int(spread[4]), self.last_row)
        for number in range(top, bottom + 1):
            self._fault(number, address, message)


class _Patterns:
    """The searches, for the namespace prefix this sheet uses (Excel writes none, others `x:`)."""

    def __init__(self, prefix: bytes) -> None:
        start = b"<" + prefix
        safe = re.escape(start)
        self.row_start = start + b"row"
        self.cell_start = start + b"c"
        self.end = b"</" + prefix + b"sheetData"
        self.row = re.compile(safe + rb"row(?=[\s/>])(?: r=\"(\d{1,10})\")?([^>]*)")
        self.cell = re.compile(safe + rb"c(?=[\s/>])[^>]*")
        self.formula = re.compile(safe + rb"f(?=[\s/>])[^>]*")
        self.merged = re.compile(safe + rb"mergeCell\s[^>]*")


def _place(tag: bytes, position: int, starts: list[int], numbers: list[int]) -> tuple[int, str]:
    """Row number and address of a cell; a cell without an address of its own is known by its row only."""
    if cell := _CELL_REF.search(tag):
        return int(cell[2]), (cell[1] + cell[2]).decode()
    before = bisect(starts, position)
    number = numbers[before - 1] if before else 0
    return number, f"第{number}行"


def _skip_head(chunks: Iterator[bytes]) -> tuple[bytes, bytes]:
    """Everything before the rows is dropped; returns the rest and the prefix of the element names."""
    head = b""
    for chunk in chunks:
        head += chunk
        found = _SHEET_DATA.search(head)
        if found:
            return head[found.start() :], found[1] + b":" if found[1] else b""
        if len(head) > _LONGEST_HEAD:
            raise damaged()
    return b"", b""


def xml_chunks(stream: IO[bytes]) -> Iterator[bytes]:
    """A part in pieces. A document type (entity bombs) or a text no spreadsheet can hold is refused."""
    tail = b""
    while chunk := stream.read(_CHUNK):
        if len(chunk) == _CHUNK and b"<" not in chunk:
            raise damaged()
        if b"<!DOCTYPE" in chunk or b"<!DOCTYPE" in tail + chunk[:16]:
            raise damaged()
        tail = chunk[-16:]
        yield chunk
