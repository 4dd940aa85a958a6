"""Pictures for demonstration data, drawn and plainly so: no real person, no real seal, no real signature."""

from __future__ import annotations

import io
from functools import cache
from hashlib import sha256
from math import cos, pi, sin
from random import Random
from typing import TYPE_CHECKING

from app.documents.fonts import sans_path

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont

_PHOTO = (295, 413)  # R49
_OVERSAMPLING = 2
_GROUND = (200, 22, 29)
_SKIN = ((244, 208, 177), (234, 192, 160), (224, 178, 145), (250, 220, 194))
_HAIR = ((28, 24, 22), (46, 34, 28), (18, 18, 22))
_CLOTHES = ((38, 52, 84), (60, 66, 74), (236, 238, 242), (32, 78, 74), (86, 74, 60))
_SEAL_RED = (200, 20, 30, 255)
_FACE = 2  # SC face of the font collection


def placeholder_photo(name: str, seed: int) -> bytes:
    """A drawn person on a red ground, 295×413 JPEG; passes `check_photo`. Same arguments, same bytes."""
    from PIL import Image, ImageDraw

    random = _random(name, seed)
    scale = _OVERSAMPLING
    image = Image.new("RGB", (_PHOTO[0] * scale, _PHOTO[1] * scale), _GROUND)
    _draw_person(_Scaled(ImageDraw.Draw(image), scale), random)
    image = image.resize(_PHOTO, Image.Resampling.LANCZOS)
    draw = ImageDraw.Draw(image)
    draw.text((_PHOTO[0] / 2, 400), f"示例 {name}", font=_font(15), fill=(130, 134, 140), anchor="mm")
    out = io.BytesIO()
    image.save(out, "JPEG", quality=88)
    return out.getvalue()


def demo_seal(text: str) -> bytes:
    """A round red seal on transparent ground, 190×190 PNG, `text` around a star."""
    from PIL import Image, ImageDraw

    size, scale = 190, 3
    side = size * scale
    image = Image.new("RGBA", (side, side), (200, 20, 30, 0))
    draw = ImageDraw.Draw(image)
    centre = side / 2
    draw.ellipse((9, 9, side - 10, side - 10), outline=_SEAL_RED, width=15)
    _write_round(image, text, centre, radius=centre * 0.73)
    star = [_polar(centre, centre * (0.3 if i % 2 == 0 else 0.115), pi / 5 * i - pi / 2) for i in range(10)]
    draw.polygon(star, fill=_SEAL_RED)
    draw.text((centre, centre * 1.56), "示例专用", font=_font(42), fill=_SEAL_RED, anchor="mm")
    out = io.BytesIO()
    image.resize((size, size), Image.Resampling.LANCZOS).save(out, "PNG", optimize=True)
    return out.getvalue()


def demo_hand_signature(name: str) -> bytes:
    """A name as if drawn with a finger: slanted, uneven, with a closing stroke; 480×200 PNG, transparent."""
    from PIL import Image, ImageDraw

    random = _random(name, 0)
    width, height = 480, 200
    image = Image.new("RGBA", (width, height), (20, 24, 60, 0))
    step = min(110.0, 400 / max(1, len(name)))
    for index, character in enumerate(name):
        glyph = Image.new("RGBA", (200, 200), (20, 24, 60, 0))
        ImageDraw.Draw(glyph).text(
            (100, 100), character, font=_font(int(step)), fill=(20, 24, 60, 255), anchor="mm"
        )
        slant = random.uniform(0.18, 0.34)
        shear = (1.0, slant, -100 * slant, 0.0, 1.0, 0.0)
        glyph = glyph.transform(glyph.size, Image.Transform.AFFINE, shear, Image.Resampling.BICUBIC)
        glyph = glyph.rotate(random.uniform(-9, 9), Image.Resampling.BICUBIC)
        image.alpha_composite(glyph, (int(max(0, 40 + step * (index + 0.5) - 100)), random.randint(0, 12)))
    _closing_stroke(ImageDraw.Draw(image), random, 40 + step * len(name))
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()


def _closing_stroke(draw: ImageDraw, random: Random, end: float) -> None:
    rise, points = random.uniform(12, 26), []
    for i in range(60):
        part = i / 59
        points.append((30 + (end + 20 - 30) * part, 168 - rise * sin(pi * part) + 8 * sin(3 * pi * part)))
    for i in range(len(points) - 1):
        draw.line((points[i], points[i + 1]), fill=(20, 24, 60, 230), width=5 - i // 15)


def _draw_person(draw: _Scaled, random: Random) -> None:
    skin, hair, clothes = random.choice(_SKIN), random.choice(_HAIR), random.choice(_CLOTHES)
    long_hair = random.random() < 0.5
    width = random.randint(62, 70)  # half the head
    x, y = 147, 178
    if long_hair:
        draw.rounded((x - width - 16, y - 76, x + width + 16, y + 148), 62, hair)
    draw.ellipse((x - 128, 318, x + 128, 640), clothes)
    draw.polygon([(x - 34, 300), (x + 34, 300), (x, 372)], (250, 250, 252))
    draw.rounded((x - 28, y + 50, x + 28, 326), 22, _darker(skin, 0.92))
    draw.ellipse((x - width - 9, y - 16, x - width + 13, y + 26), _darker(skin, 0.96))
    draw.ellipse((x + width - 13, y - 16, x + width + 9, y + 26), _darker(skin, 0.96))
    draw.ellipse((x - width, y - 88, x + width, y + 92), skin)
    draw.pie((x - width - 4, y - 96, x + width + 4, y + 40), 180, 360, hair)
    draw.rounded((x - width + 12, y - 48, x + width - 12, y - 12), 16, skin)
    for side in (-1, 1):
        eye = x + side * 27
        draw.ellipse((eye - 8, y - 2, eye + 8, y + 9), (252, 252, 252))
        draw.ellipse((eye - 5, y - 2, eye + 5, y + 9), (40, 32, 30))
        draw.rounded((eye - 13, y - 18, eye + 13, y - 13), 2, hair)
    draw.rounded((x - 4, y + 10, x + 4, y + 34), 4, _darker(skin, 0.93))
    draw.arc((x - 20, y + 34, x + 20, y + 58), 20, 160, (176, 82, 78), 4)


class _Scaled:
    """Pillow's drawing with all coordinates enlarged, to be reduced afterwards (smooth edges)."""

    def __init__(self, draw: ImageDraw, scale: int) -> None:
        self._draw, self._scale = draw, scale

    def ellipse(self, box: tuple[int, ...], fill: tuple[int, ...]) -> None:
        self._draw.ellipse(self._enlarge(box), fill=fill)

    def pie(self, box: tuple[int, ...], start: float, end: float, fill: tuple[int, ...]) -> None:
        self._draw.pieslice(self._enlarge(box), start, end, fill=fill)

    def arc(self, box: tuple[int, ...], start: float, end: float, fill: tuple[int, ...], width: int) -> None:
        self._draw.arc(self._enlarge(box), start, end, fill=fill, width=width * self._scale)

    def rounded(self, box: tuple[int, ...], radius: int, fill: tuple[int, ...]) -> None:
        self._draw.rounded_rectangle(self._enlarge(box), radius * self._scale, fill=fill)

    def polygon(self, points: list[tuple[int, int]], fill: tuple[int, ...]) -> None:
        self._draw.polygon([(x * self._scale, y * self._scale) for x, y in points], fill=fill)

    def _enlarge(self, box: tuple[int, ...]) -> list[float]:
        return [value * self._scale for value in box]


def _write_round(image: Image, text: str, centre: float, radius: float) -> None:
    """The characters along the upper arc, upright towards the centre; long names stand closer and smaller."""
    from PIL import Image, ImageDraw

    count = len(text)
    sweep = min(1.5 * pi, 0.19 * pi * max(1, count - 1))
    step = sweep / max(1, count - 1)
    size = int(min(66, step * radius * 1.02)) if count > 1 else 66
    for index, character in enumerate(text):
        angle = -sweep / 2 + step * index if count > 1 else 0.0
        glyph = Image.new("RGBA", (120, 120), (200, 20, 30, 0))
        ImageDraw.Draw(glyph).text((60, 60), character, font=_font(size), fill=_SEAL_RED, anchor="mm")
        glyph = glyph.rotate(-angle * 180 / pi, Image.Resampling.BICUBIC)
        x, y = _polar(centre, radius, angle - pi / 2)
        image.alpha_composite(glyph, (int(x) - 60, int(y) - 60))


def _polar(centre: float, radius: float, angle: float) -> tuple[float, float]:
    return centre + radius * cos(angle), centre + radius * sin(angle)


def _darker(colour: tuple[int, ...], factor: float) -> tuple[int, ...]:
    return tuple(int(channel * factor) for channel in colour)


def _random(name: str, seed: int) -> Random:
    return Random(sha256(f"{seed}:{name}".encode()).digest())  # noqa: S311  pictures, not secrets


@cache
def _font(size: int) -> FreeTypeFont:
    from PIL import ImageFont

    return ImageFont.truetype(sans_path(), size, index=_FACE)
