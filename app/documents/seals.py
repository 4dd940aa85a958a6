"""The seal picture of a principal (签名章, R122, E132)."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.services.errors import DomainError

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_BYTES = 1024 * 1024
SUGGESTED_SIDE = 95
_SMALLEST, _LARGEST = 60, 600
_MIN_TRANSPARENT = 0.1


@dataclass(frozen=True, slots=True)
class Seal:
    """An accepted seal: PNG with alpha, without metadata, in its own resolution; `hint` when it is not 95×95."""

    image: bytes
    side: int
    hint: str | None


def check_seal(data: bytes) -> Seal:
    """Accept and normalise a seal, or say what to change.

    The resolution is kept: documents fit the seal to its place, and a larger one only prints sharper.
    """
    if len(data) > MAX_BYTES:
        raise _refused("too_large", "签名章图片不能超过1M,请压缩后重新上传")
    if not data.startswith(b"\x89PNG\r\n\x1a\n"):
        raise _refused("format", "签名章须为PNG格式的图片")
    picture = _decoded(data)
    share = picture.getchannel("A").histogram()[0] / (picture.width * picture.height)
    if share < _MIN_TRANSPARENT:
        raise _refused("opaque", "签名章须为透明底色的PNG图片,请去除背景后重新上传")
    return Seal(_encoded(picture), picture.width, _hint(picture.width))


def _decoded(data: bytes) -> Image:
    """The first frame with its alpha channel; the size is judged before anything is decoded."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data), formats=("PNG",)) as image:
            _check_size(*image.size)
            return image.convert("RGBA")
    except DomainError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _refused("size", _size_message()) from error
    except Exception as error:  # a hostile file can fail anywhere in the decoder, with any error
        raise _refused("damaged", "签名章图片已损坏,请重新上传") from error


def _check_size(width: int, height: int) -> None:
    if width != height:
        raise _refused(
            "square", f"签名章须为正方形,建议{SUGGESTED_SIDE}×{SUGGESTED_SIDE}像素(当前{width}×{height})"
        )
    if not _SMALLEST <= width <= _LARGEST:
        raise _refused("size", _size_message())


def _size_message() -> str:
    return f"签名章边长须在{_SMALLEST}–{_LARGEST}像素之间,建议{SUGGESTED_SIDE}×{SUGGESTED_SIDE}像素"


def _hint(side: int) -> str | None:
    if side == SUGGESTED_SIDE:
        return None
    return f"建议尺寸为{SUGGESTED_SIDE}×{SUGGESTED_SIDE}像素,当前{side}×{side},将自动缩放"


def _encoded(picture: Image) -> bytes:
    from PIL import Image

    plain = Image.new("RGBA", picture.size)  # a fresh image carries no metadata or appended payload
    plain.paste(picture)
    out = io.BytesIO()
    plain.save(out, "PNG", optimize=True)
    return out.getvalue()


def _refused(code: str, message: str) -> DomainError:
    return DomainError(f"seal.{code}", message, field="image")
