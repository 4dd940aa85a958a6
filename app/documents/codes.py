"""Barcodes and QR codes as SVG, for the layouts."""

from __future__ import annotations

import io

# Bar and space widths of the 106 Code 128 symbols and the stop pattern (ISO/IEC 15417, table 1), six digits each.
_CODE128 = (
    "212222222122222221121223121322131222122213122312132212221213221312231212112232122132122231113222"
    "123122123221223211221132221231213212223112312131311222321122321221312212322112322211212123212321"
    "232121111323131123131321112313132113132311211313231113231311112133112331132131113123113321133121"
    "313121211331231131213113213311213131311123311321331121312113312311332111314111221411431111111224"
    "111422121124121421141122141221112214112412122114122411142112142211241211221114413111241112134111"
    "111242121142121241114212124112124211411212421112421211212141214121412121111143111341131141114113"
    "114311411113411311113141114131311141411131211412211214211232"
)
_STOP = "2331112"
_START_C, _MODULO, _QUIET_ZONE = 105, 103, 10


def code128(digits: str) -> bytes:
    """Code 128 (set C) of an even number of digits, such as the 20-digit ticket number (R75)."""
    if not digits.isascii() or not digits.isdigit() or len(digits) % 2:
        raise ValueError("code set C holds pairs of digits")
    pairs = [int(digits[i : i + 2]) for i in range(0, len(digits), 2)]
    check = (_START_C + sum(position * pair for position, pair in enumerate(pairs, 1))) % _MODULO
    symbols = [_START_C, *pairs, check]
    widths = "".join(_CODE128[symbol * 6 : symbol * 6 + 6] for symbol in symbols) + _STOP
    x, path = _QUIET_ZONE, []
    for index, width in enumerate(map(int, widths)):
        if index % 2 == 0:
            path.append(f"M{x} 0h{width}v30h-{width}z")
        x += width
    size = f"{x + _QUIET_ZONE} 30"
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size}"><path d="{"".join(path)}"/></svg>'.encode()


def qr(text: str) -> bytes:
    """A QR code with error correction M and two modules of quiet zone (the layouts leave white around it)."""
    import segno

    out = io.BytesIO()
    segno.make(text, error="m", micro=False).save(out, kind="svg", xmldecl=False, border=2, nl=False)
    return out.getvalue()
