"""From a layout and data to PDF bytes, with typst.

Data reaches the layout as JSON in `sys.inputs`, so a name like `张#panic("x")` stays text; pictures lie in a
private folder that is the layout's root, so a layout cannot read anything else. The same data and the same
`printed_at` give the same bytes. Importing this module loads neither typst nor a font.
"""

from __future__ import annotations

import ctypes
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from app.documents.fonts import check_printable, typst_fonts

if TYPE_CHECKING:
    import typst
    from _typeshed import DataclassInstance

LOCAL_TIME = ZoneInfo("Asia/Shanghai")
_forgetting = Lock()
_LAYOUTS = Path(__file__).parent / "layouts"
_ITEMS_A_PART = 40
_REMEMBERED = (
    4_000  # characters of data; a certificate has 800, and setting the next one gains from the memory
)
_GENERATIONS = 11  # typst drops what ten compilations in a row did not use
_PICTURE_TYPES = {b"\xff\xd8": "jpg", b"\x89P": "png", b"<s": "svg"}


def render(layout: str, data: object, *, printed_at: datetime, archival: bool = False) -> bytes:
    """Set `data` (dataclasses, mappings, sequences, scalars, pictures as bytes) in `layouts/{layout}.typ`.

    `archival` makes PDF/A-2b, which also refuses a missing glyph; other sheets are written without tags, which
    halves them. Raises DomainError for a text that cannot be printed.
    """
    pdf, _ = render_with_warnings(layout, data, printed_at=printed_at, archival=archival)
    return pdf


def render_with_warnings(
    layout: str, data: object, *, printed_at: datetime, archival: bool = False
) -> tuple[bytes, list[str]]:
    """As `render`, with what typst warned about (an unknown font family is only a warning)."""
    pictures: dict[str, bytes] = {}
    plain = _plain(data, pictures)
    check_printable(_texts(plain))
    moment = local(printed_at)
    inputs = {"data": json.dumps(plain, ensure_ascii=False), "printed_at": f"{moment:%Y-%m-%d %H:%M}"}
    with _laid_out(pictures) as root:
        return _layout(layout).compile(root, inputs, int(moment.timestamp()), archival)


def render_picture(layout: str, data: object, *, printed_at: datetime, pixels_per_inch: float = 110) -> bytes:
    """The first page as PNG, to be looked at on a screen (R123); printing and signing take `render`."""
    pictures: dict[str, bytes] = {}
    plain = _plain(data, pictures)
    check_printable(_texts(plain))
    inputs = {
        "data": json.dumps(plain, ensure_ascii=False),
        "printed_at": f"{local(printed_at):%Y-%m-%d %H:%M}",
    }
    with _laid_out(pictures) as root:
        return _layout(layout).picture(root, inputs, pixels_per_inch)


@contextmanager
def _laid_out(pictures: Mapping[str, bytes]) -> Iterator[str]:
    """The private folder a layout may read: what all layouts share, and this document's pictures."""
    with TemporaryDirectory(prefix="document-") as root:
        (Path(root) / "common.typ").write_bytes(_common())
        for name, picture in pictures.items():
            (Path(root) / name).write_bytes(picture)
        yield root


def render_each(layout: str, items: Sequence[object], *, printed_at: datetime) -> bytes:
    """Many documents of one kind in one PDF, each with its own page numbers, in bounded memory.

    typst keeps about 1 MB a page while it works and longer than linear time for thousands of pages, so long runs
    are set in parts and joined.
    """
    parts = [
        render(layout, items[start : start + _ITEMS_A_PART], printed_at=printed_at)
        for start in range(0, max(1, len(items)), _ITEMS_A_PART)
    ]
    return parts[0] if len(parts) == 1 else _joined(parts)


def members(item: DataclassInstance) -> dict[str, Any]:
    """The fields of a dataclass by name, to which a document adds what only its layout needs (a QR code)."""
    return {field.name: getattr(item, field.name) for field in fields(item)}


def local(moment: datetime) -> datetime:
    """The moment in the platform's time zone; a naive one is taken to be in it already."""
    return moment.replace(tzinfo=LOCAL_TIME) if moment.tzinfo is None else moment.astimezone(LOCAL_TIME)


class _Layout:
    """One layout and its compiler. A compiler refuses a second thread ("Already borrowed"), hence the lock."""

    def __init__(self, name: str) -> None:
        import typst

        self._source = (_LAYOUTS / f"{name}.typ").read_bytes()
        self._compiler: typst.Compiler = typst.Compiler(font_paths=typst_fonts(), ignore_system_fonts=True)
        self._lock = Lock()

    def compile(
        self, root: str, inputs: dict[str, str], timestamp: int, archival: bool
    ) -> tuple[bytes, list[str]]:
        with self._lock:
            pdf, warnings = self._compiler.compile_with_warnings(
                input=self._source,
                root=root,
                format="pdf",
                sys_inputs=inputs,
                timestamp=timestamp,
                pdf_standards="a-2b" if archival else [],
                pdf_tags=False,
            )
        if len(inputs["data"]) > _REMEMBERED:
            _forget()
        if not isinstance(pdf, bytes):
            raise TypeError("typst returned pages instead of one PDF")
        return pdf, [warning.message for warning in warnings]

    def picture(self, root: str, inputs: dict[str, str], pixels_per_inch: float) -> bytes:
        """PNG of the first page."""
        with self._lock:
            page = self._compiler.compile(
                input=self._source, root=root, format="png", sys_inputs=inputs, ppi=pixels_per_inch
            )
        if isinstance(page, list):
            page = page[0]
        if not isinstance(page, bytes):
            raise TypeError("typst returned no picture")
        return page


@cache
def _layout(name: str) -> _Layout:
    return _Layout(name)


def _joined(parts: Sequence[bytes]) -> bytes:
    """One PDF of several, with the first one's title; deterministic like its parts."""
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter()
    for part in parts:
        writer.append(BytesIO(part), import_outline=False)
    information = PdfReader(BytesIO(parts[0])).metadata
    if information is not None:
        writer.add_metadata(information)
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def _forget() -> None:
    """Let typst drop what it remembers of a large document: hundreds of megabytes, for the whole process."""
    compiler = _empty_compiler()
    with _forgetting:
        for _ in range(_GENERATIONS):
            compiler.compile(input=b"", format="svg")
    _return_memory()


def _return_memory() -> None:
    """Give the freed pages back to the system where the C library can (glibc keeps them otherwise)."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


@cache
def _empty_compiler() -> typst.Compiler:
    import typst

    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False)
    return typst.Compiler(font_paths=fonts, ignore_system_fonts=True)


@cache
def _common() -> bytes:
    return (_LAYOUTS / "common.typ").read_bytes()


def _plain(value: object, pictures: dict[str, bytes]) -> Any:
    """JSON-ready copy of `value`; pictures are put aside under the name the layout will find them by."""
    match value:
        case None | bool() | int() | str():
            return value
        case bytes():
            return _put_aside(value, pictures)
        case Decimal():
            return f"{value:f}"
        case datetime():
            return f"{local(value):%Y-%m-%d %H:%M}"
        case date():
            return value.isoformat()
        case Mapping():
            return {str(key): _plain(item, pictures) for key, item in value.items()}
        case Sequence():
            return [_plain(item, pictures) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(members(value), pictures)
    raise TypeError(f"cannot print {type(value).__name__}")


def _put_aside(picture: bytes, pictures: dict[str, bytes]) -> str:
    extension = _PICTURE_TYPES.get(picture[:2])
    if extension is None:
        raise ValueError("a picture must be JPEG, PNG or SVG")
    name = f"{sha256(picture).hexdigest()[:32]}.{extension}"
    pictures[name] = picture
    return f"/{name}"


def _texts(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for item in value.values():
                yield from _texts(item)
        case list():
            for item in value:
                yield from _texts(item)
