"""The engraved ground of a certificate: a woven border, corner rosettes and a large faint rosette (guilloche).

Computed instead of drawn by hand, as on banknotes: a few sine strands shifted against each other. Lengths are
millimetres on A4 landscape.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from math import cos, pi, sin

_WIDTH, _HEIGHT = 297.0, 210.0
_INSET, _BAND = 13.0, 9.0  # centre line of the border from the paper's edge; width of the weave
_GOLD, _PALE, _RED = "#b8924a", "#efe3c8", "#9f2a22"
_BEZIER = 0.3642  # control point of the cubic nearest to half a sine wave

Point = tuple[float, float]


@cache
def certificate_ground() -> bytes:
    """The whole ground as SVG, the same for every certificate."""
    centre = (_WIDTH / 2, _HEIGHT / 2)
    parts = [
        _stroke(_rosette(centre, (66, 52, 38), petals=24, strands=10), _PALE, 0.14),
        _stroke(_border(), _GOLD, 0.17),
        _frame(_INSET - _BAND / 2 - 1.6, _GOLD, 0.7),
        _frame(_INSET - _BAND / 2 - 0.5, _GOLD, 0.2),
        _frame(_INSET + _BAND / 2 + 0.5, _GOLD, 0.2),
        _frame(_INSET + _BAND / 2 + 1.7, _RED, 0.5),
        *_corners(),
    ]
    view = f'xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH:g} {_HEIGHT:g}"'
    return f"<svg {view}>{''.join(parts)}</svg>".encode()


def _border() -> Iterator[str]:
    """Five strands in each of two amplitudes along the four sides; a whole number of waves fits each side."""
    left, top, right, bottom = _INSET, _INSET, _WIDTH - _INSET, _HEIGHT - _INSET
    sides = [((left, top), (right, top)), ((left, bottom), (right, bottom))]
    sides += [((left, top), (left, bottom)), ((right, top), (right, bottom))]
    for start, end in sides:
        for amplitude, count in ((_BAND / 2, 5), (_BAND / 4, 3)):
            for strand in range(count):
                yield _wave(start, end, amplitude, phase=strand / count)


def _wave(start: Point, end: Point, amplitude: float, phase: float) -> str:
    """A sine strand from `start` to `end` as cubic curves, one for each half wave."""
    (x0, y0), (x1, y1) = start, end
    horizontal = y0 == y1
    length = (x1 - x0) if horizontal else (y1 - y0)
    halves = 2 * round(length / 13.0)
    half = length / halves
    height = amplitude * 4 / 3

    def at(along: float, across: float) -> str:
        x, y = (x0 + along, y0 + across) if horizontal else (x0 + across, y0 + along)
        return f"{x:.2f} {y:.2f}"

    shift = phase * 2 * half
    path: list[str] = []
    position, sign = -shift, 1
    while position < length - 1e-6:
        if position >= -1e-6 and position + half <= length + 1e-6:
            if not path:
                path.append(f"M{at(position, 0)}")
            first = at(position + _BEZIER * half, sign * height)
            second = at(position + (1 - _BEZIER) * half, sign * height)
            path.append(f"C{first} {second} {at(position + half, 0)}")
        position += half
        sign = -sign
    return "".join(path)


def _rosette(centre: Point, radii: tuple[float, ...], petals: int, strands: int) -> Iterator[str]:
    """Rings of closed waves round a centre, each strand turned a little further."""
    for ring, radius in enumerate(radii):
        for strand in range(strands):
            turn = 2 * pi * strand / strands
            swing = radius * (0.13 + 0.03 * ring)
            yield _closed(centre, radius, swing, petals, turn)


def _closed(centre: Point, radius: float, swing: float, petals: int, turn: float) -> str:
    """A wave closed into a circle: a smooth curve through eight points a petal."""
    steps = petals * 8
    points = []
    for step in range(steps):
        angle = 2 * pi * step / steps
        distance = radius + swing * sin(petals * angle + turn)
        points.append((centre[0] + distance * cos(angle), centre[1] + distance * sin(angle)))
    return "M" + "L".join(f"{x:.2f} {y:.2f}" for x, y in points) + "Z"


def _corners() -> Iterator[str]:
    """A small rosette on a plain disc over each corner, where the strands of two sides meet."""
    for x in (_INSET, _WIDTH - _INSET):
        for y in (_INSET, _HEIGHT - _INSET):
            yield f'<circle cx="{x:g}" cy="{y:g}" r="8" fill="#fffdf8" stroke="{_GOLD}" stroke-width="0.5"/>'
            yield _stroke(_rosette((x, y), (5.6, 3.2), petals=12, strands=4), _GOLD, 0.16)
            yield f'<circle cx="{x:g}" cy="{y:g}" r="1.5" fill="{_RED}"/>'


def _frame(inset: float, colour: str, width: float) -> str:
    box = f'x="{inset:g}" y="{inset:g}" width="{_WIDTH - 2 * inset:g}" height="{_HEIGHT - 2 * inset:g}"'
    return f'<rect {box} fill="none" stroke="{colour}" stroke-width="{width:g}"/>'


def _stroke(paths: Iterator[str], colour: str, width: float) -> str:
    return f'<path d="{"".join(paths)}" fill="none" stroke="{colour}" stroke-width="{width:g}"/>'
