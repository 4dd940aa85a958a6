"""Pictures for texts on the portal: whatever camera or screen they come from, small and without hidden notes."""

from __future__ import annotations

import io
from typing import Literal

from app.services.errors import DomainError
from config import settings

WIDEST = 1600
_QUALITY = 85


def web_picture(data: bytes) -> tuple[Literal["png", "jpg"], bytes]:
    """Redrawn: upright, at most 1600 pixels wide, no metadata; PNG stays PNG. The size is judged before decoding (E65)."""
    from PIL import Image, ImageOps

    if len(data) > settings().upload_photo_bytes:
        raise _refused(f"图片不能超过{settings().upload_photo_bytes // 1024**2}M", 413)
    if not data.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")):
        raise _refused("只能插入jpg或png图片", 415)
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG", "PNG")) as image:
            if image.width * image.height > settings().upload_photo_pixels:
                raise _refused("图片的像素太多,请缩小后再插入", 413)
            kind: Literal["png", "jpg"] = "png" if image.format == "PNG" else "jpg"
            drawn = ImageOps.exif_transpose(image) if kind == "jpg" else image
            drawn = drawn.convert("RGBA" if kind == "png" else "RGB")
            drawn.thumbnail((WIDEST, WIDEST * 4))
            out = io.BytesIO()
            if kind == "png":
                drawn.save(out, "PNG", optimize=True)
            else:
                drawn.save(out, "JPEG", quality=_QUALITY, progressive=True)
    except DomainError:
        raise
    except Exception as error:  # a hostile file can fail anywhere in the decoders, with any error
        raise _refused("图片已损坏,请另存后再插入", 422) from error
    return kind, out.getvalue()


def _refused(message: str, status: int) -> DomainError:
    return DomainError("picture", message, "file", status)
