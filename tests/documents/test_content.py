"""Supporting files are judged by content as well as by name (R18, E23)."""

from __future__ import annotations

import io
import struct
import zipfile

import pytest

from app.documents.content import MAX_BYTES, check_supporting_file, kind_of
from app.services.errors import DomainError
from tests.documents.samples import encoded, jpeg

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
MACRO = "application/vnd.ms-word.document.macroEnabled.main+xml"
EXE = b"MZ\x90\x00\x03" + bytes(200)
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\nstartxref\n9\n%%EOF\n"


def docx(content_type: str = WORD, part: str = "word/document.xml", **more: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        override = f'<Override PartName="/{part}" ContentType="{content_type}"/>'
        archive.writestr("[Content_Types].xml", f"<Types>{override}</Types>")
        archive.writestr(part, "<w:document/>")
        for name, data in more.items():
            archive.writestr(name, data)
    return out.getvalue()


def compound(stream: str) -> bytes:
    """A compound file (OLE 2) with one small stream: header, allocation table, directory."""
    free, end, table = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    header += struct.pack("<HHHHH6x", 0x3E, 3, 0xFFFE, 9, 6)
    header += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, end, 0, end, 0)
    header += struct.pack("<109I", 0, *[free] * 108)
    sectors = struct.pack("<128I", table, end, *[free] * 126)
    root = directory_entry("Root Entry", 5, child=1)
    return header + sectors + root + directory_entry(stream, 2) + bytes(256)


def directory_entry(name: str, kind: int, child: int = 0xFFFFFFFF) -> bytes:
    encoded_name = (name + "\0").encode("utf-16-le")
    free, end = 0xFFFFFFFF, 0xFFFFFFFE
    entry = encoded_name.ljust(64, b"\0") + struct.pack("<HBB", len(encoded_name), kind, 1)
    entry += struct.pack("<III", free, free, child) + bytes(16) + struct.pack("<I", 0) + bytes(16)
    return entry + struct.pack("<IQ", end, 0)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (PDF, "pdf"),
        (docx(), "docx"),
        (compound("WordDocument"), "doc"),
        (jpeg(), "jpg"),
        (b"\x89PNG\r\n\x1a\n", "png"),
        (b"", None),
        (EXE, None),
        (b"plain text", None),
        (b"%PDF-1.7\nno end", None),
        (EXE + PDF, None),
        (compound("Workbook"), "xls"),
        (compound("Installer"), None),
        (compound("WordDocument")[:600], None),
        (docx(MACRO), None),
        (docx(part="xl/workbook.xml"), None),
        (docx()[:-20], None),
    ],
)
def test_the_kind_of_a_file_is_told_by_its_content(data: bytes, kind: str | None) -> None:
    assert kind_of(data) == kind
    assert kind_of(io.BytesIO(data)) == kind


def test_a_bare_zip_is_no_docx() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.txt", "hello")
    assert kind_of(out.getvalue()) is None


@pytest.mark.parametrize(
    ("name", "data"),
    [("师资.pdf", PDF), ("师资.PDF", PDF), ("场地.docx", docx()), ("场地.doc", compound("WordDocument"))],
)
def test_supporting_files_of_the_three_kinds_are_accepted(name: str, data: bytes) -> None:
    assert check_supporting_file(name, data) == name.rpartition(".")[2].lower()


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("a.pdf", EXE, "file.content"),
        ("a.docx", b"PK\x05\x06" + bytes(18), "file.content"),
        ("a.doc", docx(), "file.content"),
        ("a.pdf", docx(), "file.content"),
        ("a.txt", b"hello", "file.type"),
        ("a", PDF, "file.type"),
        ("a.pdf.exe", PDF, "file.type"),
        ("a.jpg", jpeg(), "file.type"),
        ("a.pdf", b"", "file.empty"),
    ],
)
def test_e23_other_supporting_files_are_refused_by_name_or_content(name: str, data: bytes, code: str) -> None:
    with pytest.raises(DomainError) as error:
        check_supporting_file(name, data)
    assert error.value.code == code
    assert name in error.value.message


def test_r18_twenty_megabytes_are_accepted_and_one_byte_more_is_refused() -> None:
    padding = bytes(MAX_BYTES - len(PDF))
    body = PDF[:9] + padding + PDF[9:]
    assert check_supporting_file("a.pdf", body) == "pdf"
    with pytest.raises(DomainError) as error:
        check_supporting_file("a.pdf", body[:9] + b"\0" + body[9:])
    assert error.value.status == 413


def test_a_content_type_list_that_expands_without_end_is_read_to_a_bound_only() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", b" " * 50_000_000 + WORD.encode())
        archive.writestr("word/document.xml", "<w:document/>")
    assert kind_of(out.getvalue()) is None


def test_a_png_needs_no_more_than_its_signature() -> None:
    from PIL import Image

    assert kind_of(encoded(Image.new("RGB", (1, 1)), "PNG")) == "png"
