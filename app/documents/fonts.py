"""The fonts of printed documents, and whether a name can be printed with them (E58).

A character no font has would be drawn as a crossed box and lost from the text layer without a warning, so names
are checked against the font's character map before rendering.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from app.services.errors import DomainError

if TYPE_CHECKING:
    import typst

SANS = "Noto Sans CJK SC"
_SERIF_PACKAGE = "pylopdf_fonts_zh_cn"
_SIMPLIFIED_CHINESE = 2  # position of the SC face in the font collection (JP, KR, SC, TC, HK)
_IGNORED = {0x0A, *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)}  # line break, variation selectors
_REPLACEMENT = "□"


def sans_path() -> Path:
    """The font collection every document and every drawn picture uses."""
    return _package_folder("noto_cjk_sans_otc") / "NotoSansCJK-Regular.ttc"


def serif_family() -> str:
    """The face certificates are set in: Song style (宋体), or the sans face where its package is not installed.

    It is a matter of dignity, not of coverage: rare characters come from the sans face in any case.
    """
    return "Noto Serif SC" if find_spec(_SERIF_PACKAGE) is not None else SANS


def font_folders() -> list[Path]:
    """Where the renderer finds its fonts."""
    folders = [sans_path().parent]
    if serif_family() != SANS:
        folders.append(_package_folder(_SERIF_PACKAGE))
    return folders


@cache
def typst_fonts() -> typst.Fonts:
    """The fonts, read once per process and shared by all layouts; the machine's own fonts never matter."""
    import typst

    return typst.Fonts(include_system_fonts=False, font_paths=list(font_folders()))


def missing_characters(text: str) -> str:
    """The characters of `text` no font can draw, each once, in order of appearance."""
    if text.isascii() and text.isprintable():
        return ""
    drawn = _coverage()
    return "".join(dict.fromkeys(c for c in text if not _is_drawn(ord(c), drawn)))


def check_printable(texts: Iterable[str]) -> None:
    """Refuse to print a document with a hole in somebody's name (E58)."""
    for text in texts:
        if missing := missing_characters(text):
            points = "、".join(f"U+{ord(c):04X}" for c in missing)
            message = f"“{text}”中有无法打印的字符({points}),请改用规范汉字或联系平台运维补充字库"
            raise DomainError("document.character", message)


def replace_unprintable(text: str) -> str:
    """Free text for printing: what no font has (an emoji in a description) becomes a plain box."""
    for character in missing_characters(text):
        text = text.replace(character, _REPLACEMENT)
    return text


def _is_drawn(point: int, drawn: bytes) -> bool:
    if point in _IGNORED:
        return True
    return point >> 3 < len(drawn) and bool(drawn[point >> 3] & 1 << (point & 7))


@cache
def _coverage() -> bytes:
    """One bit a code point: a 40 KB string instead of a dictionary of 45,000 entries that lives for ever."""
    from fontTools.ttLib import TTFont

    with TTFont(sans_path(), fontNumber=_SIMPLIFIED_CHINESE, lazy=True) as font:
        points = font.getBestCmap()
        bits = bytearray(max(points) // 8 + 1)
        for point in points:
            bits[point >> 3] |= 1 << (point & 7)
    return bytes(bits)


def _package_folder(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise RuntimeError(f"font package {package} is not installed; run: make setup")
    return Path(spec.origin).parent
