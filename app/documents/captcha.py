"""Picture codes (图形验证码)."""

from __future__ import annotations

import secrets
from functools import cache
from typing import TYPE_CHECKING

from app.documents.fonts import sans_path

if TYPE_CHECKING:
    from captcha.image import ImageCaptcha

LENGTH = 4
# Without what looks alike once turned and warped: 0 O D Q, 1 I J L 7, 2 Z, 5 S, 6 G, 8 B, U V, M W N.
ALPHABET = "3469ACEFHKPRTXY"


def captcha() -> tuple[str, bytes]:
    """A text of four characters (capitals; compare without case) and its PNG picture, 160×60."""
    text = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    return text, _drawer().generate(text, format="png").getvalue()


@cache
def _drawer() -> ImageCaptcha:
    from captcha.image import ImageCaptcha

    return ImageCaptcha(width=160, height=60, fonts=[str(sans_path())], font_sizes=(38, 42, 46))
