"""Candidate photos: size, kind, pixels, ground (R48–R50, E60–E65)."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from PIL import Image

from app.documents.drawn import placeholder_photo
from app.documents.photos import MAX_BYTES, check_photo, red_share
from app.services.errors import DomainError
from tests.documents.samples import encoded, jpeg

RED = (200, 20, 30)


def refusal(data: bytes) -> str:
    with pytest.raises(DomainError) as error:
        check_photo(data)
    assert error.value.field == "photo"
    return error.value.message


def test_a_photo_of_the_right_size_on_red_is_accepted() -> None:
    photo = check_photo(jpeg())
    assert (photo.width, photo.height, photo.red_share) == (295, 413, 1.0)
    with Image.open(io.BytesIO(photo.normalised)) as image:
        assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (295, 413))


@pytest.mark.parametrize("size", [(300, 420), (281, 393), (309, 433), (295, 413), (290, 415)])
def test_e61_a_small_deviation_is_accepted_and_normalised(size: tuple[int, int]) -> None:
    photo = check_photo(jpeg(size))
    assert (photo.width, photo.height) == size
    with Image.open(io.BytesIO(photo.normalised)) as image:
        assert image.size == (295, 413)


@pytest.mark.parametrize(
    "size", [(413, 295), (640, 480), (280, 413), (310, 434), (295, 392), (281, 433), (309, 393), (1, 1)]
)
def test_e61_other_sizes_are_refused(size: tuple[int, int]) -> None:
    assert refusal(jpeg(size)) == "像素应为295×413"


@pytest.mark.parametrize(
    "colour", [(255, 255, 255), (67, 142, 219), (0, 0, 0), (128, 128, 128), (255, 200, 200)]
)
def test_e62_another_ground_is_refused(colour: tuple[int, int, int]) -> None:
    assert refusal(jpeg(colour=colour)) == "底色不是红色"


@pytest.mark.parametrize(
    ("colour", "red"),
    [
        ((255, 0, 0), True),
        ((255, 85, 0), True),  # hue 20°
        ((255, 86, 0), False),
        ((255, 0, 85), True),  # hue 340°
        ((255, 0, 86), False),
        ((100, 65, 65), True),  # saturation 0.35
        ((100, 66, 66), False),
        ((77, 0, 0), True),  # value 0.302
        ((76, 0, 0), False),
    ],
)
def test_r50_the_limits_of_red_are_exact(colour: tuple[int, int, int], red: bool) -> None:
    assert red_share(Image.new("RGB", (295, 413), colour)) == float(red)


def test_r50_80_percent_of_the_two_upper_corners_suffice() -> None:
    """Each corner is 44 × 83 pixels; the middle, where the hair is, does not count."""
    image = Image.new("RGB", (295, 413), RED)
    image.paste((20, 20, 20), (44, 0, 251, 413))
    assert red_share(image) == 1.0
    image.paste((255, 255, 255), (0, 0, 44, 33))
    assert 0.8 <= red_share(image) < 0.81
    image.paste((255, 255, 255), (0, 33, 44, 34))
    assert red_share(image) < 0.8


def test_e63_five_megabytes_are_accepted_and_one_byte_more_is_refused() -> None:
    photo = jpeg()
    assert check_photo(photo + bytes(MAX_BYTES - len(photo))).red_share == 1.0
    assert refusal(photo + bytes(MAX_BYTES - len(photo) + 1)) == "超过5M"


@pytest.mark.parametrize("mode", ["RGB", "P", "RGBA"])
def test_e64_a_png_is_accepted_whatever_its_name(mode: str) -> None:
    image = Image.new("RGB", (295, 413), RED).convert(mode)
    assert check_photo(encoded(image, "PNG")).red_share == 1.0


@pytest.mark.parametrize("kind", ["GIF", "BMP", "WEBP", "TIFF"])
def test_e64_other_formats_are_refused_by_content(kind: str) -> None:
    assert refusal(encoded(Image.new("RGB", (295, 413), RED), kind)) == "格式不是jpg/png"


@pytest.mark.parametrize("data", [b"", b"hello", b"MZ\x90\x00", b"%PDF-1.7", b"<svg/>"])
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    assert refusal(data) == "格式不是jpg/png"


def test_a_transparent_ground_is_not_red() -> None:
    assert refusal(encoded(Image.new("RGBA", (295, 413), (255, 0, 0, 0)), "PNG")) == "底色不是红色"


def test_a_cmyk_or_grey_jpeg_is_judged_as_seen() -> None:
    assert check_photo(encoded(Image.new("CMYK", (295, 413), (0, 255, 255, 30)), "JPEG")).red_share == 1.0
    assert refusal(encoded(Image.new("L", (295, 413), 90), "JPEG")) == "底色不是红色"


@pytest.mark.parametrize("share", [0.05, 0.5, 0.95])
def test_e65_a_truncated_jpeg_is_damaged(share: float) -> None:
    photo = placeholder_photo("张三", 1)
    assert refusal(photo[: int(len(photo) * share)]) == "图片已损坏"


def test_e65_a_truncated_png_is_damaged() -> None:
    photo = encoded(Image.open(io.BytesIO(placeholder_photo("张三", 1))), "PNG")
    assert refusal(photo[: len(photo) // 2]) == "图片已损坏"


@pytest.mark.parametrize("side", [2_000, 10_000, 50_000, 2**31 - 1])
def test_e65_a_decompression_bomb_is_refused_before_it_is_decoded(side: int) -> None:
    assert refusal(png_header(side, side) + chunk(b"IDAT", b"no pixels needed")) == "像素应为295×413"


def test_a_picture_of_the_right_size_with_rubbish_inside_is_damaged() -> None:
    assert refusal(png_header(295, 413) + chunk(b"IDAT", b"rubbish")) == "图片已损坏"


def test_a_portrait_a_camera_stored_lying_is_turned() -> None:
    lying = Image.new("RGB", (413, 295), (255, 255, 255))
    lying.paste(RED, (0, 0, 100, 295))  # the left edge becomes the upper one
    exif = Image.Exif()
    exif[0x0112] = 6  # turn a quarter to the right
    photo = check_photo(encoded(lying, "JPEG", exif=exif))
    assert (photo.width, photo.height, photo.red_share) == (295, 413, 1.0)


def test_metadata_and_appended_bytes_are_gone_after_normalising() -> None:
    exif = Image.Exif()
    exif[0x010E] = "secret place"
    photo = check_photo(jpeg(exif=exif, comment=b"secret remark") + b"<?php secret")
    assert b"secret" not in photo.normalised
    with Image.open(io.BytesIO(photo.normalised)) as image:
        assert not image.getexif()


def test_normalising_gives_the_same_bytes_again() -> None:
    photo = placeholder_photo("张三", 1)
    assert check_photo(photo).normalised == check_photo(photo).normalised


def png_header(width: int, height: int, bits: int = 8, colour: int = 2) -> bytes:
    """The start of a PNG that claims a size."""
    return b"\x89PNG\r\n\x1a\n" + chunk(
        b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    )


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
