"""Seals (R122, E132), captchas, and the drawn pictures of the demonstration data."""

from __future__ import annotations

import io

import pytest
from PIL import Image, PngImagePlugin

from app.documents.captcha import ALPHABET, captcha
from app.documents.drawn import demo_hand_signature, demo_seal, placeholder_photo
from app.documents.photos import check_photo
from app.documents.seals import check_seal
from app.services.errors import DomainError
from tests.documents.samples import encoded
from tests.documents.test_photos import chunk, png_header


def seal(side: int = 95, height: int | None = None, clear_rows: float = 0.5) -> Image.Image:
    image = Image.new("RGBA", (side, height or side), (200, 20, 30, 255))
    image.paste((0, 0, 0, 0), (0, 0, side, round((height or side) * clear_rows)))
    return image


def refusal(data: bytes) -> str:
    with pytest.raises(DomainError) as error:
        check_seal(data)
    return error.value.code


def test_e132_a_transparent_seal_of_95_pixels_is_accepted_without_hint() -> None:
    checked = check_seal(encoded(seal(), "PNG"))
    assert (checked.side, checked.hint) == (95, None)
    with Image.open(io.BytesIO(checked.image)) as image:
        assert (image.format, image.mode, image.size) == ("PNG", "RGBA", (95, 95))


@pytest.mark.parametrize("side", [60, 190, 600])
def test_e132_another_square_is_accepted_with_a_hint(side: int) -> None:
    checked = check_seal(encoded(seal(side), "PNG"))
    assert checked.hint is not None
    assert f"{side}×{side}" in checked.hint
    assert checked.side == side


@pytest.mark.parametrize("side", [59, 601])
def test_r122_too_small_and_too_large_squares_are_refused(side: int) -> None:
    assert refusal(encoded(seal(side), "PNG")) == "seal.size"


def test_e132_a_jpeg_a_seal_without_alpha_and_a_rectangle_are_refused() -> None:
    assert refusal(encoded(seal().convert("RGB"), "JPEG")) == "seal.format"
    assert refusal(encoded(seal().convert("RGB"), "PNG")) == "seal.opaque"
    assert refusal(encoded(seal(95, 80), "PNG")) == "seal.square"


def test_e132_one_byte_over_a_megabyte_is_refused() -> None:
    data = encoded(seal(), "PNG")
    assert check_seal(data + bytes(1_048_576 - len(data))).side == 95
    assert refusal(data + bytes(1_048_577 - len(data))) == "seal.too_large"


def test_r122_ten_percent_of_fully_transparent_pixels_suffice() -> None:
    assert check_seal(encoded(seal(100, clear_rows=0.10), "PNG")).side == 100
    assert refusal(encoded(seal(100, clear_rows=0.09), "PNG")) == "seal.opaque"


def test_a_palette_with_a_transparent_colour_is_transparent() -> None:
    image = Image.new("P", (95, 95), 0)
    image.putpalette([255, 255, 255, 200, 20, 30])
    image.paste(1, (0, 50, 95, 95))
    assert check_seal(encoded(image, "PNG", transparency=0)).side == 95


def test_a_damaged_seal_and_a_bomb_are_refused() -> None:
    data = encoded(seal(), "PNG")
    assert refusal(data[: len(data) // 2]) == "seal.damaged"
    assert refusal(png_header(50_000, 50_000) + chunk(b"IDAT", b"")) == "seal.size"


def test_metadata_and_appended_bytes_are_gone_after_normalising() -> None:
    notes = PngImagePlugin.PngInfo()
    notes.add_text("place", "secret")
    checked = check_seal(encoded(seal(), "PNG", pnginfo=notes) + b"secret")
    assert b"secret" not in checked.image


def test_a_captcha_has_four_clear_letters_and_a_picture() -> None:
    text, picture = captcha()
    assert len(text) == 4
    assert set(text) <= set(ALPHABET)
    assert not set(ALPHABET) & set("0O1IL5S2Z8B")
    with Image.open(io.BytesIO(picture)) as image:
        assert (image.format, image.size) == ("PNG", (160, 60))


def test_captchas_differ() -> None:
    assert len({captcha()[0] for _ in range(20)}) > 10


@pytest.mark.parametrize("seed", range(12))
def test_a_placeholder_photo_passes_the_check_it_is_made_for(seed: int) -> None:
    data = placeholder_photo("阿卜杜拉·买买提", seed)
    assert check_photo(data).red_share > 0.95
    assert data == placeholder_photo("阿卜杜拉·买买提", seed)


@pytest.mark.parametrize(
    "text", ["甲", "北京时代教育科技有限公司", "新疆维吾尔自治区石河子工程职业技术学院考核站点专用章"]
)
def test_a_demonstration_seal_passes_the_check_it_is_made_for(text: str) -> None:
    assert check_seal(demo_seal(text)).side == 190


@pytest.mark.parametrize("name", ["李", "王小明", "阿卜杜热合曼江·图尔荪尼亚孜"])
def test_a_hand_signature_is_a_picture_with_ink_on_it(name: str) -> None:
    with Image.open(io.BytesIO(demo_hand_signature(name))) as image:
        assert image.size == (480, 200)
        box = image.getchannel("A").getbbox()
        assert box is not None
        assert box[2] - box[0] > 60
