"""Documents as people upload them: a PDF of some pages, one that wants to run something, a Word document."""

from __future__ import annotations

import io
import zipfile

from pypdf import PdfWriter
from pypdf.generic import DictionaryObject, NameObject, TextStringObject

_TYPES = (
    '<?xml version="1.0" encoding="UTF-8"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Override PartName="/word/document.xml" ContentType='
    '"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
)
_RELATIONS = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type='
    '"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/>'
    "</Relationships>"
)
_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def pdf(pages: int = 1) -> bytes:
    """Blank pages of A4."""
    return _written(_blank(pages))


def acting_pdf(*, packed: bool = False) -> bytes:
    """A PDF that runs a script when it is opened; `packed`: the script's object is inside a compressed one."""
    writer = _blank(1)
    script = DictionaryObject(
        {
            NameObject("/S"): NameObject("/JavaScript"),
            NameObject("/JS"): TextStringObject("app.alert('hello')"),
        }
    )
    writer.root_object[NameObject("/OpenAction")] = writer._add_object(script)
    plain = _written(writer)
    if not packed:
        return plain
    return _packed(plain)


def _packed(plain: bytes) -> bytes:
    """The same as one object stream behind a cross-reference stream, as modern writers do."""
    import re
    import zlib

    found = re.findall(rb"(\d+) 0 obj\s*(.*?)\s*endobj", plain, flags=re.S)
    root = re.search(rb"/Root (\d+) 0 R", plain)
    assert root is not None
    heads, bodies = b"", b""
    for number, body in found:
        heads += number + b" " + str(len(bodies)).encode() + b" "
        bodies += body + b" "
    content = zlib.compress(heads + bodies)
    last = max(int(number) for number, _ in found)
    out = b"%PDF-1.5\n"
    at = len(out)
    out += (
        f"{last + 1} 0 obj\n<</Type/ObjStm/N {len(found)}/First {len(heads)}/Filter/FlateDecode"
        f"/Length {len(content)}>>\nstream\n".encode()
        + content
        + b"\nendstream\nendobj\n"
    )
    table = bytearray(b"\0\0\0\0\0\0\xff")
    places = {int(number): index for index, (number, _) in enumerate(found)}
    for number in range(1, last + 1):
        kind, second, third = (2, last + 1, places[number]) if number in places else (0, 0, 0)
        table += bytes([kind]) + second.to_bytes(4, "big") + third.to_bytes(2, "big")
    table += b"\1" + at.to_bytes(4, "big") + b"\0\0"
    start = len(out)
    table += b"\1" + start.to_bytes(4, "big") + b"\0\0"
    packed = zlib.compress(bytes(table))
    out += (
        f"{last + 2} 0 obj\n<</Type/XRef/Size {last + 3}/W[1 4 2]/Root {root[1].decode()} 0 R"
        f"/Filter/FlateDecode/Length {len(packed)}>>\nstream\n".encode()
        + packed
        + b"\nendstream\nendobj\n"
    )
    return out + f"startxref\n{start}\n%%EOF\n".encode()


def docx(*paragraphs: str, link: str = "") -> bytes:
    """A Word document with these paragraphs."""
    body = "".join(f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>" for text in paragraphs)
    if link:
        field = f'<w:instrText xml:space="preserve"> HYPERLINK "{link}" </w:instrText>'
        body += f"<w:p><w:r>{field}</w:r><w:r><w:t>点这里</w:t></w:r></w:p>"
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", _TYPES)
        archive.writestr("_rels/.rels", _RELATIONS)
        archive.writestr(
            "word/document.xml", f'<w:document xmlns:w="{_WORD}"><w:body>{body}</w:body></w:document>'
        )
    return out.getvalue()


def _blank(pages: int) -> PdfWriter:
    writer = PdfWriter()
    for _ in range(pages):
        writer.add_blank_page(595, 842)
    return writer


def _written(writer: PdfWriter) -> bytes:
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()
