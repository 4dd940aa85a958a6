"""What an uploaded file really is, by its content (R18, E23)."""

from __future__ import annotations

import io
import logging
import re
import zlib
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any, BinaryIO, Literal
from zipfile import BadZipFile, ZipFile

from app.services.errors import DomainError

Kind = Literal["pdf", "doc", "docx", "xls", "xlsx", "png", "jpg"]

SUPPORTING_KINDS: tuple[Kind, ...] = ("pdf", "doc", "docx")
MAX_BYTES = 20 * 1024 * 1024
_EXTENSIONS: dict[str, Kind] = {
    ".pdf": "pdf",
    ".doc": "doc",
    ".docx": "docx",
    ".xls": "xls",
    ".xlsx": "xlsx",
    ".png": "png",
    ".jpg": "jpg",
    ".jpeg": "jpg",
}
_ACTS = re.compile(rb"/(?:JavaScript|Launch)(?![0-9A-Za-z])")
_ESCAPED = re.compile(rb"#([0-9A-Fa-f]{2})")
_MOST_OBJECT_STREAMS = 5_000
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_WORD = (
    "word/document.xml",
    b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml",
)
_EXCEL = ("xl/workbook.xml", b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml")
_TYPES_BYTES = 1024 * 1024
_ENTRIES = 10_000
_TAIL = 2048


def kind_of(file: bytes | BinaryIO) -> Kind | None:
    """The kind of a whole file, or None for anything we do not take.

    A docx must name a Word main part, so a bare zip, a workbook and a document with macros are none; a doc must hold
    a Word stream, so an installer is none; workbooks likewise; a pdf must have its end.
    """
    stream = io.BytesIO(file) if isinstance(file, bytes) else file
    stream.seek(0)
    head = stream.read(8)
    if head.startswith(b"%PDF-"):
        return "pdf" if b"%%EOF" in _tail(stream) else None
    if head == b"\x89PNG\r\n\x1a\n":
        return "png"
    if head.startswith(b"\xff\xd8\xff"):
        return "jpg"
    if head == _OLE:
        if _has_stream(stream, "WordDocument"):
            return "doc"
        return "xls" if _has_stream(stream, "Workbook", "Book") else None
    if head.startswith(b"PK\x03\x04"):
        if _is_office_zip(stream, *_WORD):
            return "docx"
        return "xlsx" if _is_office_zip(stream, *_EXCEL) else None
    return None


def check_supporting_file(
    name: str, file: bytes | BinaryIO, accepts: Sequence[str] = SUPPORTING_KINDS
) -> Kind:
    """Accept a file by name and by content, at most 20 MB (R18); 其他佐证材料 are pdf, doc or docx."""
    stream = io.BytesIO(file) if isinstance(file, bytes) else file
    size = stream.seek(0, 2)
    if size > MAX_BYTES:
        raise _refused("too_large", f"文件“{name}”超过20M,请压缩后上传", 413)
    if size == 0:
        raise _refused("empty", f"文件“{name}”是空文件", 422)
    claimed = _EXTENSIONS.get(PurePath(name.replace("\\", "/")).suffix.lower())
    if claimed is None or claimed not in accepts:
        raise _refused("type", f"文件“{name}”类型不支持,只能上传{'、'.join(accepts)}文件", 415)
    kind = kind_of(stream)
    if kind != claimed:
        raise _refused(
            "content",
            f"文件“{name}”的内容不是{claimed}文件或已损坏,请用{'Excel' if claimed.startswith('xls') else 'Word'}或WPS另存后上传",
            415,
        )
    if kind == "pdf" and acts(stream):
        raise _refused("script", f"文件“{name}”含有脚本或自动执行的动作,请用“打印为PDF”另存一份后上传", 415)
    return claimed


def acts(stream: BinaryIO) -> bool:
    """Whether a PDF holds a script or starts a program: looked for in its plain objects and its packed ones."""
    import pypdf
    from pypdf.errors import PyPdfError

    stream.seek(0)
    data = stream.read()
    if _says_so(data):
        return True
    logging.getLogger("pypdf").setLevel(logging.ERROR)  # what a damaged file lacks is no news
    try:
        reader = pypdf.PdfReader(io.BytesIO(data), strict=False)
        packed = sorted({number for number, _ in reader.xref_objStm.values()})[:_MOST_OBJECT_STREAMS]
        return any(_says_so(_unpacked(reader, number)) for number in packed)
    except (PyPdfError, ValueError, TypeError, KeyError, AttributeError, RecursionError, OSError, zlib.error):
        return False  # nothing packed that a reader could find either


def _unpacked(reader: Any, number: int) -> bytes:
    from pypdf.generic import IndirectObject

    found = reader.get_object(IndirectObject(number, 0, reader))
    return bytes(found.get_data()) if hasattr(found, "get_data") else b""


def _says_so(data: bytes) -> bool:
    """A name may spell its letters as #4A."""
    if _ACTS.search(data):
        return True
    return b"#" in data and bool(_ACTS.search(_ESCAPED.sub(lambda found: bytes((int(found[1], 16),)), data)))


def _tail(stream: BinaryIO) -> bytes:
    stream.seek(max(0, stream.seek(0, 2) - _TAIL))
    return stream.read()


def _has_stream(stream: BinaryIO, *names: str) -> bool:
    """An Office 97–2003 file is a compound file with a stream of that name."""
    import olefile  # type: ignore[import-untyped]

    stream.seek(0)
    try:
        with olefile.OleFileIO(stream) as compound:
            return any(compound.exists(name) for name in names)
    except Exception:  # noqa: BLE001  a hostile compound file can fail anywhere in the parser; it is no document then
        return False


def _is_office_zip(stream: BinaryIO, part: str, kind: bytes) -> bool:
    stream.seek(0)
    try:
        with ZipFile(stream) as archive:
            if len(archive.namelist()) > _ENTRIES or part not in archive.namelist():
                return False
            with archive.open("[Content_Types].xml") as types:
                return kind in types.read(_TYPES_BYTES)
    except (
        BadZipFile,
        KeyError,
        OSError,
        RuntimeError,
        NotImplementedError,
        ValueError,
        EOFError,
        zlib.error,
    ):
        return False


def _refused(code: str, message: str, status: int) -> DomainError:
    return DomainError(f"file.{code}", message, field="file", status=status)
