"""What is refused before anything is read: wrong format, size, bombs, macros, outside links (6.1, E139).

`check_container` looks at the zip directory only (milliseconds, for the upload request); `check_workbook`
also passes once over the first sheet (bounded memory) and returns what the reader and a progress bar need.
"""

from __future__ import annotations

import errno
import posixpath
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from xml.etree import ElementTree as ET

from app.services.errors import DomainError
from app.sheets.scan import SheetScan, damaged, xml_chunks
from app.sheets.spec import SheetLimits

USE_TEMPLATE = "请使用下载的 .xlsx 模板"
VERSION_NAME = "SheetTemplate"
"""The hidden defined name that carries `name:version` of our template."""

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED_STREAM = "EncryptedPackage".encode("utf-16-le")
_END_RECORD = struct.Struct("<4s4H2LH")
_LONGEST_DIRECTORY = 128 * 1024
_LARGEST_SMALL_PART = 4 * 1024 * 1024
_STRINGS_PER_ROW = 20
_LARGEST_STYLES = 32 * 1024 * 1024
_PACKAGE_NS = "{http://schemas.openxmlformats.org/package/2006/relationships}"
_VERSION = re.compile(r'^"?([\w.-]+):(\d{1,6})"?$')
_FOREIGN_PARTS = (
    "/externallinks/",
    "/connections",
    "/querytables/",
    "/embeddings/",
    "/activex/",
    "/ctrlprops/",
)


@dataclass(frozen=True, slots=True)
class SheetInfo:
    """What is known of the first sheet without building it.

    `faults` says for a row which addresses refuse it, and with what message around the address.
    """

    sheet: str
    rows: int
    last_row: int
    hidden: frozenset[int]
    faults: dict[int, list[tuple[str, str]]]
    template: tuple[str, int] | None = None

    @property
    def data_rows(self) -> int:
        """Upper bound for the progress bar: rows in the sheet without the header."""
        return max(self.rows - 1, 0)


def check_container(path: Path, limits: SheetLimits | None = None) -> None:
    """Refuse by name, size, format and zip directory; nothing is decompressed but the content types."""
    with _opened(path, limits or SheetLimits()):
        pass


def check_workbook(path: Path, limits: SheetLimits | None = None) -> SheetInfo:
    """Refuse what must not be read, and describe the first sheet."""
    bounds = limits or SheetLimits()
    with _opened(path, bounds) as parts:
        sheet, target, template = _first_sheet(parts)
        for name in parts.entries:
            if name.endswith(("sharedstrings.xml", "styles.xml")):
                with parts.open(name) as stream:
                    _check_strings(stream, bounds)
        scan = SheetScan(bounds)
        with parts.open(target) as stream:
            scan.read(stream)
    return SheetInfo(sheet, scan.rows, scan.last_row, frozenset(scan.hidden), scan.faults, template)


def _check_strings(stream: IO[bytes], limits: SheetLimits) -> None:
    """Millions of one-letter strings are a small file that fills the memory."""
    tags = 0
    for chunk in xml_chunks(stream):
        tags += chunk.count(b"si>")  # one at the start of a string, one at its end, whatever the prefix
        if tags > 2 * _STRINGS_PER_ROW * limits.max_rows:
            raise damaged()


class _Parts:
    """The parts of the package by lower-case name, as Excel and calamine look them up."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._entries = {_part_name(entry.filename): entry for entry in archive.infolist()}
        if len(self._entries) < len(archive.infolist()):
            raise damaged()  # two entries under one name: readers would disagree on which counts

    @property
    def entries(self) -> dict[str, zipfile.ZipInfo]:
        return self._entries

    def has(self, name: str) -> bool:
        return name in self._entries

    def open(self, name: str) -> IO[bytes]:
        if name not in self._entries:
            raise damaged()
        return self._archive.open(self._entries[name])

    def small(self, name: str) -> bytes:
        """A part that is a page of XML in every honest file."""
        with self.open(name) as stream:
            content = stream.read(_LARGEST_SMALL_PART + 1)
        if len(content) > _LARGEST_SMALL_PART or b"<!DOCTYPE" in content or b"\0" in content:
            raise damaged()  # a NUL byte: UTF-16, in which the document type would go unseen
        return content

    def xml(self, name: str) -> ET.Element:
        return ET.fromstring(self.small(name))  # noqa: S314  # small, and no document type


@contextmanager
def _opened(path: Path, limits: SheetLimits) -> Iterator[_Parts]:
    """The checked package; whatever a broken zip or XML raises becomes one Chinese answer."""
    _check_outside(path, limits)
    try:
        with zipfile.ZipFile(path) as archive:
            _check_entries(archive.infolist(), limits)
            parts = _Parts(archive)
            _check_content(parts)
            yield parts
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        NotImplementedError,
        UnicodeError,
        struct.error,
        ET.ParseError,
        ValueError,
    ) as error:
        raise damaged() from error
    except OSError as error:
        if (
            error.errno != errno.EINVAL
        ):  # a forged offset before the file's start; a failing disk stays a failure
            raise
        raise damaged() from error


def _check_outside(path: Path, limits: SheetLimits) -> None:
    size = path.stat().st_size
    if size == 0:
        raise DomainError("sheet.empty_file", f"文件是空的,{USE_TEMPLATE}填写后上传")
    if size > limits.max_bytes:
        megabytes = limits.max_bytes // (1024 * 1024)
        raise DomainError("sheet.too_large", f"文件超过{megabytes}MB,请分成几个文件上传", status=413)
    with path.open("rb") as file:
        magic = file.read(8)
        if magic == _OLE:
            raise _refuse_ole(file)
        if magic[:2] != b"PK":
            raise _wrong_format("文件不是 .xlsx 格式(可能是 .csv 或改了扩展名)")
        _check_directory(file, size, limits)


def _refuse_ole(file: IO[bytes]) -> DomainError:
    """The old binary format; a password-protected .xlsx hides in the same container."""
    tail = b""
    while chunk := file.read(1024 * 1024):
        if _ENCRYPTED_STREAM in tail + chunk:
            return _encrypted()
        tail = chunk[-len(_ENCRYPTED_STREAM) :]
    return _wrong_format("文件是旧版 .xls 格式")


def _wrong_format(what: str) -> DomainError:
    return DomainError("sheet.format", f"{what},{USE_TEMPLATE}", status=415)


def _encrypted() -> DomainError:
    return DomainError("sheet.encrypted", "文件已加密,请在 Excel 中取消打开密码后再上传", status=415)


def _check_directory(file: IO[bytes], size: int, limits: SheetLimits) -> None:
    """Bound the zip directory before `zipfile` builds an object for each of a million entries."""
    file.seek(max(size - _END_RECORD.size - 65_535, 0))
    tail = file.read()
    start = tail.rfind(b"PK\x05\x06")
    if start < 0 or len(tail) - start < _END_RECORD.size:
        raise damaged()
    _, _, _, _, entries, length, _, _ = _END_RECORD.unpack_from(tail, start)
    if tail[max(start - 20, 0) : start].startswith(b"PK\x06\x07"):
        raise damaged()  # zip64: more or larger entries than any sheet within the limits has
    if entries > limits.max_entries or length > _LONGEST_DIRECTORY:
        raise DomainError("sheet.too_many_parts", f"文件内部过于复杂,{USE_TEMPLATE}填写", status=413)


def _check_entries(entries: list[zipfile.ZipInfo], limits: SheetLimits) -> None:
    if len(entries) > limits.max_entries:
        raise DomainError("sheet.too_many_parts", f"文件内部过于复杂,{USE_TEMPLATE}填写", status=413)
    if sum(entry.file_size for entry in entries) > limits.max_expanded:
        raise DomainError("sheet.expands", "文件解压后过大,请分成几个文件上传", status=413)
    for entry in entries:
        name = _part_name(entry.filename)
        if name.startswith("/") or ".." in name.split("/") or stat.S_ISLNK(entry.external_attr >> 16):
            raise damaged()
        if entry.flag_bits & 0x1:
            raise _encrypted()
        if name.endswith("/styles.xml") and entry.file_size > _LARGEST_STYLES:
            raise damaged()


def _check_content(parts: _Parts) -> None:
    """A spreadsheet of the right kind, without macros and without links to elsewhere."""
    if not parts.has("[content_types].xml") or any(name.endswith("/workbook.bin") for name in parts.entries):
        raise _wrong_format("文件不是 .xlsx 表格")
    types = parts.small("[content_types].xml").lower()
    macros = any("vbaproject" in name or "/macrosheets/" in name for name in parts.entries)
    if macros or b"macroenabled" in types:
        raise DomainError("sheet.macro", f"文件含有宏,不能导入,{USE_TEMPLATE}", status=415)
    if b"spreadsheetml.sheet.main+xml" not in types:
        raise _wrong_format("文件不是 .xlsx 表格")
    if any(foreign in name for name in parts.entries for foreign in _FOREIGN_PARTS):
        raise DomainError(
            "sheet.external",
            f"文件含有外部链接或嵌入对象,请只复制数值到模板中,{USE_TEMPLATE}",
            status=415,
        )


def _first_sheet(parts: _Parts) -> tuple[str, str, tuple[str, int] | None]:
    """Name and part of the first visible worksheet, and which template of ours the file was made from."""
    book = next((target for kind, target in _related(parts, "").values() if kind == "officeDocument"), "")
    targets = _related(parts, book)
    workbook = parts.xml(book)
    template = None
    for node in workbook.iter():
        if _local(node.tag) == "definedName" and node.get("name") == VERSION_NAME:
            found = _VERSION.match((node.text or "").strip())
            template = (found[1], int(found[2])) if found else None
    for node in workbook.iter():
        if _local(node.tag) != "sheet" or node.get("state", "visible") != "visible":
            continue
        relation = next((value for key, value in node.attrib.items() if _local(key) == "id"), "")
        kind, target = targets.get(relation, ("", ""))
        if kind == "worksheet":
            return node.get("name", ""), target, template
    raise damaged()


def _related(parts: _Parts, source: str) -> dict[str, tuple[str, str]]:
    """What a part points to: id → last word of the type, and the part's name. Source `""` is the package."""
    folder, name = posixpath.split(source)
    return {
        node.get("Id", ""): (
            node.get("Type", "").rpartition("/")[2],
            posixpath.normpath(posixpath.join("/", folder, node.get("Target", ""))).lstrip("/").lower(),
        )
        for node in parts.xml(posixpath.join(folder, "_rels", f"{name}.rels")).iter(
            f"{_PACKAGE_NS}Relationship"
        )
    }


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _part_name(name: str) -> str:
    return name.replace("\\", "/").lower()
