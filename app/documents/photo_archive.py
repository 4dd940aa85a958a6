"""A zip of photos named by ID number (R47): read entry by entry, bounded, nothing ever written to disk (E60–E68)."""

from __future__ import annotations

import re
import struct
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from zipfile import BadZipFile, ZipFile, ZipInfo

from app.documents.photos import DAMAGED, FORMAT, MAX_BYTES, TOO_LARGE
from app.services.errors import DomainError

NOT_AN_ID = "文件名不是身份证号"
SEVERAL = "同一考生有多张照片"
BAD_PATH = "文件路径不合法"
NESTED = "压缩包内不能再放压缩包"
METHOD = "压缩方式不受支持,请用系统自带的zip压缩重新打包"

_ID_NUMBER = re.compile(r"[0-9]{17}[0-9X]")
_EXTENSIONS = {"jpg", "jpeg", "png"}
_ARCHIVES = {"zip", "rar", "7z", "tar", "gz", "bz2", "xz"}
_ENCRYPTED = 0x1
_UTF8_NAME = 0x800
_END, _END64_LOCATOR = b"PK\x05\x06", b"PK\x06\x07"
_DIRECTORY_BYTES_A_FILE = 400  # directory record with a long name and time stamps


@dataclass(frozen=True, slots=True)
class ArchiveLimits:
    """How much an archive may hold; the caller sets them from the settings."""

    archive_bytes: int = 2 * 1024**3
    files: int = 20_000
    photo_bytes: int = MAX_BYTES


@dataclass(frozen=True, slots=True)
class PhotoEntry:
    """One file of the archive: its bytes, still to be checked by `check_photo`, or why it is refused."""

    name: str
    id_number: str | None
    data: bytes | None
    error: str | None


def photo_entries(path: Path, limits: ArchiveLimits = ArchiveLimits()) -> Iterator[PhotoEntry]:
    """The photos of the archive in its order. What refuses the archive as a whole is raised at once.

    Folders, `__MACOSX` and hidden files are passed over; a photo inside a folder counts by its own name. Two files
    for one ID number are both refused: which one is meant only the school knows.
    """
    _check_archive(path, limits)
    try:
        archive = ZipFile(path)
    except (BadZipFile, ValueError, struct.error, OSError, NotImplementedError) as error:
        raise _refused("format", "文件不是zip压缩包或已损坏,请用zip格式重新打包") from error
    try:
        files = [(_name(info), info) for info in archive.infolist() if not info.is_dir()]
        files = [(name, info) for name, info in files if not _is_ignored(name)]
        _check_files([info for _, info in files], limits)
    except DomainError:
        archive.close()
        raise
    return _read(archive, files, limits)


def _read(archive: ZipFile, files: list[tuple[str, ZipInfo]], limits: ArchiveLimits) -> Iterator[PhotoEntry]:
    owners = Counter(id_number for name, _ in files if (id_number := _id_number(name)))
    with archive:
        for name, info in files:
            id_number = _id_number(name)
            error = _fault(name, id_number, info, limits)
            if error is None and id_number is not None and owners[id_number] > 1:
                error = SEVERAL
            data = None
            if error is None:
                data, error = _content(archive, info, limits)
            yield PhotoEntry(name, id_number, data, error)


def _fault(name: str, id_number: str | None, info: ZipInfo, limits: ArchiveLimits) -> str | None:
    """What is wrong with a file before it is read."""
    extension = _extension(name)
    if ".." in name.split("/") or name.startswith("/") or re.match(r"[A-Za-z]:", name):
        return BAD_PATH
    if extension in _ARCHIVES:
        return NESTED
    if id_number is None:
        return NOT_AN_ID
    if extension not in _EXTENSIONS:
        return FORMAT
    return TOO_LARGE if info.file_size > limits.photo_bytes else None


def _content(archive: ZipFile, info: ZipInfo, limits: ArchiveLimits) -> tuple[bytes | None, str | None]:
    """The bytes of a file, never more than the limit, whatever size its header claims."""
    try:
        with archive.open(info) as file:
            data = file.read(limits.photo_bytes + 1)
    except NotImplementedError:
        return None, METHOD
    except (BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError, struct.error):
        return None, DAMAGED
    if len(data) > limits.photo_bytes:
        return None, TOO_LARGE
    return (None, NESTED) if data.startswith((b"PK\x03\x04", b"Rar!", b"7z\xbc\xaf")) else (data, None)


def _check_archive(path: Path, limits: ArchiveLimits) -> None:
    """Size, kind and length of the directory, before the directory is read into memory."""
    if path.stat().st_size > limits.archive_bytes:
        raise _refused("too_large", f"压缩包超过{_size(limits.archive_bytes)},请分批上传", status=413)
    with path.open("rb") as file:
        if not file.read(4).startswith((b"PK\x03\x04", _END)):
            raise _refused("format", "文件不是zip压缩包,请用zip格式重新打包(将rar改名为zip无效)", status=415)
        if _directory_bytes(file) > _entries_allowed(limits) * _DIRECTORY_BYTES_A_FILE:
            raise _too_many(limits)


def _check_files(files: list[ZipInfo], limits: ArchiveLimits) -> None:
    if len(files) > limits.files:
        raise _too_many(limits)
    if any(info.flag_bits & _ENCRYPTED for info in files):
        raise _refused("encrypted", "压缩包设有密码,请去掉密码后重新打包")
    if sum(info.file_size for info in files) > 2 * limits.archive_bytes:
        raise _refused("too_large", "压缩包解压后过大,请分批上传", status=413)


def _directory_bytes(file: BinaryIO) -> int:
    """Size of the central directory as the archive's end states it; 0 when there is no end (refused later)."""
    end = file.seek(0, 2)
    start = max(0, end - 0xFFFF - 22)
    file.seek(start)
    tail = file.read()
    position = tail.rfind(_END)
    if position < 0 or len(tail) - position < 22:
        return 0
    locator = tail[max(0, position - 20) : position]
    if locator.startswith(_END64_LOCATOR):
        file.seek(int.from_bytes(locator[8:16], "little"))
        return int.from_bytes(file.read(56)[40:48], "little")
    return int.from_bytes(tail[position + 12 : position + 16], "little")


def _entries_allowed(limits: ArchiveLimits) -> int:
    """macOS adds a hidden twin to every file, and there are folders."""
    return 2 * limits.files + 1_000


def _name(info: ZipInfo) -> str:
    """The name as its maker saw it: without the UTF-8 flag it is UTF-8 (macOS) or GBK (Windows in China)."""
    name = info.filename
    if not info.flag_bits & _UTF8_NAME:
        raw = name.encode("cp437", "replace")
        for encoding in ("utf-8", "gbk"):
            try:
                name = raw.decode(encoding)
                break
            except UnicodeDecodeError:
                continue
    return name.replace("\\", "/")


def _is_ignored(name: str) -> bool:
    parts = name.split("/")
    return (
        "__MACOSX" in parts
        or parts[-1] in {"", "Thumbs.db", "desktop.ini"}
        or (parts[-1].startswith(".") and ".." not in parts)
    )


def _id_number(name: str) -> str | None:
    """The ID number a file is named by, in upper case (R41)."""
    stem = name.rsplit("/", 1)[-1].rpartition(".")[0].upper()
    return stem if _ID_NUMBER.fullmatch(stem) else None


def _extension(name: str) -> str:
    return name.rpartition(".")[2].lower()


def _size(count: int) -> str:
    return f"{count // 1024**3}G" if count >= 1024**3 else f"{count // 1024**2}M"


def _too_many(limits: ArchiveLimits) -> DomainError:
    return _refused("too_many", f"压缩包内照片超过{limits.files}张,请分批上传", status=413)


def _refused(code: str, message: str, status: int = 422) -> DomainError:
    return DomainError(f"photo_archive.{code}", message, field="file", status=status)
