"""The hand signature drawn on a phone (R118, R121): a PNG that somebody really wrote on."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from app.services.errors import DomainError

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_BYTES = 1024 * 1024
_LARGEST_SIDE = 8_000
_KEPT_WIDTH = 800
_LEAST_INK = 100  # dots; a signature of thirty points has more on the smallest screen
_LEAST_STROKES, _LEAST_POINTS, _MOST_STROKES = 2, 30, 1_000
_LEAST_EXTENT = 24  # dots in one direction: a tap is smaller on any screen


def check_strokes(strokes: object) -> None:
    """4.13: two strokes, or thirty points in one; `strokes` is the number of points of each, as the phone counted."""
    counts = strokes if isinstance(strokes, list) and len(strokes) <= _MOST_STROKES else []
    if not counts or not all(type(count) is int and count > 0 for count in counts):
        raise _refused("strokes", "签名不完整,请重新签名")
    if len(counts) < _LEAST_STROKES and sum(counts) < _LEAST_POINTS:
        raise _refused("short", "签名笔画太少,请完整书写姓名")


def check_signature(data: bytes) -> bytes:
    """The picture made small and plain, or a refusal: unreadable, blank, or no more than a tap (4.13)."""
    if len(data) > MAX_BYTES or not data.startswith(b"\x89PNG\r\n\x1a\n"):
        raise _refused("format", "签名图片无法识别,请重新签名")
    picture = _decoded(data)
    ink = picture.getchannel("A").point(lambda alpha: 255 if alpha > 96 else 0)
    box = ink.getbbox()
    if box is None:
        raise _refused("blank", "请先手写签名")
    if ink.histogram()[255] < _LEAST_INK or max(box[2] - box[0], box[3] - box[1]) < _LEAST_EXTENT:
        raise _refused("short", "签名笔画太少,请完整书写姓名")
    return _encoded(picture)


def _decoded(data: bytes) -> Image:
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data), formats=("PNG",)) as image:
            if max(image.size) > _LARGEST_SIDE or image.width * image.height > _LARGEST_SIDE * 2_000:
                raise _refused("size", "签名图片尺寸过大,请重新签名")
            return _on_clear_ground(image.convert("RGBA"))
    except DomainError:
        raise
    except Exception as error:  # a hostile file can fail anywhere in the decoder, with any error
        raise _refused("damaged", "签名图片已损坏,请重新签名") from error


def _on_clear_ground(picture: Image) -> Image:
    """A canvas may come with a white ground: what is light counts as clear."""
    from PIL import ImageChops

    darkness = picture.convert("L").point(lambda light: 255 - light)
    picture.putalpha(ImageChops.multiply(picture.getchannel("A"), darkness))
    return picture


def _encoded(picture: Image) -> bytes:
    from PIL import Image

    if picture.width > _KEPT_WIDTH:
        picture = picture.resize((_KEPT_WIDTH, max(1, picture.height * _KEPT_WIDTH // picture.width)))
    plain = Image.new("RGBA", picture.size)  # a fresh image carries no metadata or appended payload
    plain.paste(picture)
    out = io.BytesIO()
    plain.save(out, "PNG", optimize=True)
    return out.getvalue()


def _refused(code: str, message: str) -> DomainError:
    return DomainError(f"signature.{code}", message, field="image")
