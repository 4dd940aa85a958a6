"""Looking at papers with the eyes of other programs (poppler-utils)."""

from __future__ import annotations

import subprocess
from pathlib import Path

import segno
from PIL import Image


def text_of(paper: Path) -> str:
    """The words of a PDF."""
    return subprocess.run(
        ["pdftotext", "-layout", paper, "-"], capture_output=True, text=True, check=True
    ).stdout


def pictures_of(paper: Path) -> list[str]:
    """The pictures in a PDF, a line each."""
    found = subprocess.run(["pdfimages", "-list", paper], capture_output=True, text=True, check=True)
    return found.stdout.splitlines()[2:]


def picture_of(paper: Path, target: Path) -> None:
    """Its first page as a picture."""
    subprocess.run(
        ["pdftoppm", "-png", "-r", "200", "-singlefile", paper, target.with_suffix("")], check=True
    )


def shows_code(picture: Path, address: str, place: tuple[float, float, float, float]) -> bool:
    """Whether the QR code at this place (left, top, right, bottom as parts of the page) holds exactly the address:
    each of its modules is compared with a code made of it."""
    with Image.open(picture) as page:
        part = page.convert("L").crop(
            tuple(int(side * length) for side, length in zip(place, page.size * 2, strict=True))
        )
    box = part.point(lambda light: 255 if light < 128 else 0).getbbox()
    assert box is not None
    matrix = segno.make(address, error="m", micro=False).matrix
    step = (box[2] - box[0]) / len(matrix)
    return all(
        bool(module) == (part.getpixel((box[0] + (x + 0.5) * step, box[1] + (y + 0.5) * step)) < 128)
        for y, row in enumerate(matrix)
        for x, module in enumerate(row)
    )
