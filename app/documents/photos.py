"""Candidate photos: one at a time (R48–R50) and as a zip of many (R47, E60–E68)."""

from __future__ import annotations

import io
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from app.services.errors import DomainError

if TYPE_CHECKING:
    from PIL.Image import Image

WIDTH, HEIGHT = 295, 413
MAX_BYTES = 5 * 1024 * 1024
MIN_RED_SHARE = 0.8
_SIDE_TOLERANCE = Fraction(5, 100)
_ASPECT_TOLERANCE = Fraction(3, 100)
_CORNER_WIDTH, _CORNER_HEIGHT = Fraction(15, 100), Fraction(20, 100)
_QUALITY = 92
_ORIENTATION, _SIDEWAYS = 0x0112, {5, 6, 7, 8}

FORMAT = "格式不是jpg/png"
TOO_LARGE = "超过5M"
SIZE = "像素应为295×413"
GROUND = "底色不是红色"
DAMAGED = "图片已损坏"


@dataclass(frozen=True, slots=True)
class Photo:
    """An accepted photo: `normalised` is a 295×413 JPEG without metadata, `width` and `height` the original's."""

    normalised: bytes
    width: int
    height: int
    red_share: float


def check_photo(data: bytes) -> Photo:
    """Accept and normalise a photo, or refuse it with the text the import shows (6.2).

    The pixel size is read from the header and judged before anything is decoded, so a picture of 50,000×50,000
    costs nothing (E65). Content decides the format, not the name (E64).
    """
    if len(data) > MAX_BYTES:
        raise _refused("too_large", TOO_LARGE)
    if not data.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")):
        raise _refused("format", FORMAT)
    width, height, picture = _decoded(data)
    share = red_share(picture)
    if share < MIN_RED_SHARE:
        raise _refused("ground", GROUND)
    return Photo(_normalised(picture), width, height, share)


def _decoded(data: bytes) -> tuple[int, int, Image]:
    """The upright size and the picture in RGB."""
    from PIL import Image, ImageOps

    try:
        with Image.open(io.BytesIO(data), formats=("JPEG", "PNG")) as image:
            width, height = _upright_size(image)
            if not _fits(width, height):
                raise _refused("size", SIZE)
            image.load()
            upright = ImageOps.exif_transpose(image) if image.format == "JPEG" else image
            return width, height, _flattened(upright)
    except DomainError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _refused("size", SIZE) from error
    except Exception as error:  # a hostile file can fail anywhere in the decoders, with any error
        raise _refused("damaged", DAMAGED) from error


def red_share(picture: Image) -> float:
    """Share of red pixels in the two upper corners taken together (R50).

    Exact in integers: hue within 20° of red, saturation ≥ 0.35, value ≥ 0.3.
    """
    width, height = picture.size
    corner_width, corner_height = round(width * _CORNER_WIDTH), round(height * _CORNER_HEIGHT)
    red = pixels = 0
    for left in (0, width - corner_width):
        corner = picture.crop((left, 0, left + corner_width, corner_height))
        channels = (corner.getchannel(name).tobytes() for name in "RGB")
        for colour, count in Counter(zip(*channels, strict=True)).items():
            pixels += count
            red += count * _is_red(*colour)
    return red / pixels


def _is_red(red: int, green: int, blue: int) -> bool:
    spread = red - min(green, blue)
    if red < max(green, blue) or spread == 0:
        return False
    near_hue = 3 * abs(green - blue) <= spread  # 60° × difference ÷ spread ≤ 20°
    saturated = 20 * spread >= 7 * red  # spread ÷ red ≥ 0.35
    bright = 10 * red >= 3 * 255  # red ÷ 255 ≥ 0.3
    return near_hue and saturated and bright


def _fits(width: int, height: int) -> bool:
    """Each side within 5 %, the aspect within 3 % (R49)."""
    if min(width, height) <= 0:
        return False
    sides = all(
        abs(Fraction(side, wanted) - 1) <= _SIDE_TOLERANCE
        for side, wanted in ((width, WIDTH), (height, HEIGHT))
    )
    return sides and abs(Fraction(width * HEIGHT, height * WIDTH) - 1) <= _ASPECT_TOLERANCE


def _upright_size(image: Image) -> tuple[int, int]:
    """The size as a viewer shows it: cameras store portraits lying, with a note to turn them.

    Only JPEG is asked for that note: Pillow decodes a PNG to look for it, before its size is judged.
    """
    width, height = image.size
    if image.format == "JPEG" and image.getexif().get(_ORIENTATION) in _SIDEWAYS:
        return height, width
    return width, height


def _flattened(image: Image) -> Image:
    """RGB; a transparent ground becomes white, which is what it would be on paper."""
    from PIL import Image

    if image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info:
        layer = image.convert("RGBA")
        ground = Image.new("RGBA", layer.size, (255, 255, 255, 255))
        return Image.alpha_composite(ground, layer).convert("RGB")
    return image.convert("RGB")


def _normalised(picture: Image) -> bytes:
    from PIL import Image

    if picture.size != (WIDTH, HEIGHT):
        picture = picture.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
    plain = Image.new("RGB", picture.size)  # a fresh image carries no EXIF, comment or appended payload
    plain.paste(picture)
    out = io.BytesIO()
    plain.save(out, "JPEG", quality=_QUALITY)
    return out.getvalue()


def _refused(code: str, message: str) -> DomainError:
    return DomainError(f"photo.{code}", message, field="photo")
