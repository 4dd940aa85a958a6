"""The zip of photos: friendly to how people pack, closed to what is dangerous (R47, E60–E68)."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path

import pytest

from app.documents.photo_archive import ArchiveLimits, PhotoEntry, photo_entries
from app.documents.photos import check_photo
from app.services.errors import DomainError
from tests.documents.samples import jpeg

ID = "34052419800101001X"
OTHER = "110101199003070177"
PHOTO = jpeg()


def packed(folder: Path, files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    path = folder / "photos.zip"
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def read(path: Path, limits: ArchiveLimits | None = None) -> list[PhotoEntry]:
    return list(photo_entries(path) if limits is None else photo_entries(path, limits))


def refusal(path: Path, limits: ArchiveLimits | None = None) -> DomainError:
    """The archive is refused as a whole, and at once: before the first entry is asked for."""
    with pytest.raises(DomainError) as error:
        photo_entries(path) if limits is None else photo_entries(path, limits)
    return error.value


@pytest.mark.parametrize(
    "name", [f"{ID}.jpg", f"{ID.lower()}.JPG", f"{ID}.jpeg", f"{ID}.PNG", f"一班/{ID}.jpg"]
)
def test_e60_a_photo_is_found_by_its_id_number_in_any_case(tmp_path: Path, name: str) -> None:
    (entry,) = read(packed(tmp_path, {name: PHOTO}))
    assert (entry.id_number, entry.error) == (ID, None)
    assert entry.data is not None
    assert check_photo(entry.data).red_share == 1.0


@pytest.mark.parametrize(
    "name", ["张三.jpg", "photo.jpg", f"{ID}a.jpg", f"{ID[:-1]}.jpg", "说明.txt", ID, f"{ID}(1).jpg"]
)
def test_a_file_not_named_by_an_id_number_is_an_error_of_its_own(tmp_path: Path, name: str) -> None:
    wrong, right = read(packed(tmp_path, {name: PHOTO, f"{OTHER}.jpg": PHOTO}))
    assert (wrong.name, wrong.id_number, wrong.data, wrong.error) == (name, None, None, "文件名不是身份证号")
    assert right.error is None


@pytest.mark.parametrize("extension", ["gif", "bmp", "txt", "exe", "webp"])
def test_a_file_of_another_type_is_refused_by_its_extension(tmp_path: Path, extension: str) -> None:
    (entry,) = read(packed(tmp_path, {f"{ID}.{extension}": PHOTO}))
    assert entry.error == "格式不是jpg/png"


def test_e66_folders_macosx_and_hidden_files_are_passed_over(tmp_path: Path) -> None:
    files = {
        "photos/": b"",
        "__MACOSX/": b"",
        f"__MACOSX/._{ID}.jpg": b"x",
        f"photos/__MACOSX/._{ID}.jpg": b"x",
        ".DS_Store": b"x",
        "photos/.DS_Store": b"x",
        "Thumbs.db": b"x",
        "desktop.ini": b"x",
        f"photos/{ID}.jpg": PHOTO,
    }
    (entry,) = read(packed(tmp_path, files))
    assert (entry.id_number, entry.error) == (ID, None)


@pytest.mark.parametrize(
    "name",
    [f"../{ID}.jpg", f"a/../../{ID}.jpg", f"..\\{ID}.jpg", f"/etc/{ID}.jpg", f"C:\\{ID}.jpg", "../.hidden"],
)
def test_e66_a_path_that_leaves_the_archive_is_refused_and_read_no_further(tmp_path: Path, name: str) -> None:
    escaping, right = read(packed(tmp_path, {name: PHOTO, f"{OTHER}.jpg": PHOTO}))
    assert (escaping.error, escaping.data, right.error) == ("文件路径不合法", None, None)


def test_e66_an_archive_in_the_archive_is_refused(tmp_path: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr(f"{ID}.jpg", PHOTO)
    by_name, by_content, right = read(
        packed(tmp_path, {"more.zip": inner.getvalue(), f"{ID}.jpg": inner.getvalue(), f"{OTHER}.jpg": PHOTO})
    )
    assert [by_name.error, by_content.error, right.error] == ["压缩包内不能再放压缩包"] * 2 + [None]


def test_e66_an_encrypted_archive_is_refused_as_a_whole(tmp_path: Path) -> None:
    path = packed(tmp_path, {f"{ID}.jpg": PHOTO})
    data = bytearray(path.read_bytes())
    data[data.rindex(b"PK\x01\x02") + 8] |= 1  # the flag in the directory
    path.write_bytes(data)
    assert refusal(path).message == "压缩包设有密码,请去掉密码后重新打包"


@pytest.mark.parametrize(
    "head", [b"Rar!\x1a\x07\x01\x00", b"7z\xbc\xaf\x27\x1c", b"\x1f\x8b\x08", b"", b"MZ", b"PK"]
)
def test_e68_another_archive_renamed_zip_is_refused_as_a_whole(tmp_path: Path, head: bytes) -> None:
    path = tmp_path / "photos.zip"
    path.write_bytes(head + bytes(200 if head else 0))
    assert (refusal(path).code, refusal(path).status) == ("photo_archive.format", 415)


def test_a_truncated_zip_is_refused_as_a_whole(tmp_path: Path) -> None:
    path = packed(tmp_path, {f"{ID}.jpg": PHOTO})
    path.write_bytes(path.read_bytes()[:-30])
    assert refusal(path).code == "photo_archive.format"


@pytest.mark.parametrize("second", [f"{ID.lower()}.JPG", f"{ID}.png", f"二班/{ID}.jpg"])
def test_two_photos_of_one_candidate_are_both_refused(tmp_path: Path, second: str) -> None:
    entries = read(packed(tmp_path, {f"{ID}.jpg": PHOTO, second: PHOTO, f"{OTHER}.jpg": PHOTO}))
    assert [entry.error for entry in entries] == ["同一考生有多张照片"] * 2 + [None]


@pytest.mark.parametrize("encoding", ["utf-8", "gbk"])
def test_names_packed_without_a_utf8_flag_are_read_as_their_maker_meant(
    tmp_path: Path, encoding: str
) -> None:
    path = packed(tmp_path, {"00000000.jpg": PHOTO})
    name = "张三".encode(encoding).ljust(8, b"_")
    path.write_bytes(path.read_bytes().replace(b"00000000", name))
    (entry,) = read(path)
    assert entry.name.startswith("张三")


def test_a_photo_over_the_limit_is_refused_without_being_read(tmp_path: Path) -> None:
    limits = ArchiveLimits(photo_bytes=len(PHOTO))
    large, right = read(packed(tmp_path, {f"{ID}.jpg": PHOTO + b"x", f"{OTHER}.jpg": PHOTO}), limits)
    assert [large.error, large.data, right.error] == ["超过5M", None, None]


def test_a_header_that_lies_about_the_size_gives_no_more_than_the_limit(tmp_path: Path) -> None:
    path = packed(tmp_path, {f"{ID}.jpg": bytes(1_000_000)})
    data = path.read_bytes()
    path.write_bytes(data.replace(struct.pack("<I", 1_000_000), struct.pack("<I", 100)))
    (entry,) = read(path, ArchiveLimits(photo_bytes=1000))
    assert entry.data is None
    assert entry.error in {"超过5M", "图片已损坏"}


def test_a_damaged_entry_is_an_error_of_its_own(tmp_path: Path) -> None:
    path = packed(tmp_path, {f"{ID}.jpg": PHOTO, f"{OTHER}.jpg": PHOTO + b"\0"}, zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    data[data.index(PHOTO) + 100] ^= 0xFF
    path.write_bytes(data)
    damaged, right = read(path)
    assert [damaged.error, right.error] == ["图片已损坏", None]


def test_an_unknown_compression_says_how_to_pack(tmp_path: Path) -> None:
    path = packed(tmp_path, {f"{ID}.jpg": PHOTO})
    data = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        data[data.index(signature) + offset] = 97
    path.write_bytes(data)
    (entry,) = read(path)
    assert entry.error is not None
    assert "重新打包" in entry.error


def test_too_many_files_too_large_an_archive_and_too_much_inside_are_refused(tmp_path: Path) -> None:
    path = packed(tmp_path, {f"{110101199003070000 + index}.jpg": bytes(100) for index in range(5)})
    assert refusal(path, ArchiveLimits(files=4)).message == "压缩包内照片超过4张,请分批上传"
    assert refusal(path, ArchiveLimits(archive_bytes=100)).status == 413
    bomb = packed(tmp_path, {f"{ID}.jpg": bytes(3_000_000)})
    assert refusal(bomb, ArchiveLimits(archive_bytes=1_000_000)).code == "photo_archive.too_large"


@pytest.mark.parametrize("zip64", [False, True])
def test_a_huge_directory_is_refused_before_it_is_read(tmp_path: Path, zip64: bool) -> None:
    path = packed(tmp_path, {f"{ID}.jpg": PHOTO})
    data = path.read_bytes()
    end = data.rindex(b"PK\x05\x06")
    head, tail = data[:end], bytearray(data[end:])
    if zip64:
        record = b"PK\x06\x06" + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, 9, 9, 3_000_000_000, 0)
        head += record + b"PK\x06\x07" + struct.pack("<IQI", 0, end, 1)
    else:
        tail[12:16] = struct.pack("<I", 3_000_000_000)
    path.write_bytes(head + tail)
    assert refusal(path).code == "photo_archive.too_many"


def test_an_empty_zip_has_no_entries(tmp_path: Path) -> None:
    assert read(packed(tmp_path, {})) == []


def test_entries_come_one_by_one_and_the_rest_need_not_be_read(tmp_path: Path) -> None:
    path = packed(tmp_path, {f"{ID}.jpg": PHOTO, f"{OTHER}.jpg": PHOTO})
    entries = photo_entries(path)
    assert next(entries).id_number == ID
    entries.close()  # type: ignore[attr-defined]
    path.unlink()
