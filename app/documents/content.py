"""What an uploaded file really is, by its content (R18, E23)."""

from __future__ import annotations

import io
import logging
import re
import zlib
from pathlib import PurePath
from typing import Any, BinaryIO, Literal
from zipfile import BadZipFile, ZipFile

from app.services.errors import DomainError

Kind = Literal["pdf", "doc", "docx", "png", "jpg"]

SUPPORTING_KINDS: tuple[Kind, ...] = ("pdf", "doc", "docx")
MAX_BYTES = 20 * 1024 * 1024
_EXTENSIONS: dict[str, Kind] = {
    ".pdf": "pdf",
    ".doc": "doc",
    ".docx": "docx",
    ".png": "png",
    ".jpg": "jpg",
    ".jpeg": "jpg",
}
_ACTS = re.compile(rb"/(?:JavaScript|Launch)(?![0-9A-Za-z])")
_ESCAPED = re.compile(rb"#([0-9A-Fa-f]{2})")
_MOST_OBJECT_STREAMS = 5_000
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_WORD_TYPE = b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
_TYPES_BYTES = 1024 * 1024
_ENTRIES = 10_000
_TAIL = 2048


def kind_of(file: bytes | BinaryIO) -> Kind | None:
    """The kind of a whole file, or None for anything we do not take.

    A docx must name a Word main part, so a bare zip, a workbook and a document with macros are none; a doc must hold
    a Word stream, so an installer or an old workbook is none; a pdf must have its end.
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
        return "doc" if _is_word(stream) else None
    if head.startswith(b"PK\x03\x04"):
        return "docx" if _is_word_zip(stream) else None
    return None


def check_supporting_file(name: str, file: bytes | BinaryIO) -> Kind:
    """Accept a supporting file (其他佐证材料): pdf, doc or docx by name and by content, at most 20 MB (R18)."""
    stream = io.BytesIO(file) if isinstance(file, bytes) else file
    size = stream.seek(0, 2)
    if size > MAX_BYTES:
        raise _refused("too_large", f"文件“{name}”超过20M,请压缩后上传", 413)
    if size == 0:
        raise _refused("empty", f"文件“{name}”是空文件", 422)
    claimed = _EXTENSIONS.get(PurePath(name.replace("\\", "/")).suffix.lower())
    if claimed not in SUPPORTING_KINDS:
        raise _refused("type", f"文件“{name}”类型不支持,只能上传pdf、doc、docx文件", 415)
    kind = kind_of(stream)
    if kind != claimed:
        raise _refused("content", f"文件“{name}”的内容不是{claimed}文件或已损坏,请用Word或WPS另存后上传", 415)
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


def _is_word(stream: BinaryIO) -> bool:
    """A Word 97–2003 file is a compound file with a WordDocument stream."""
    import olefile  # type: ignore[import-untyped]

    stream.seek(0)
    try:
        with olefile.OleFileIO(stream) as compound:
            return bool(compound.exists("WordDocument"))
    except Exception:  # noqa: BLE001  a hostile compound file can fail anywhere in the parser; it is no Word file then
        return False


def _is_word_zip(stream: BinaryIO) -> bool:
    stream.seek(0)
    try:
        with ZipFile(stream) as archive:
            if len(archive.namelist()) > _ENTRIES or "word/document.xml" not in archive.namelist():
                return False
            with archive.open("[Content_Types].xml") as types:
                return _WORD_TYPE in types.read(_TYPES_BYTES)
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
