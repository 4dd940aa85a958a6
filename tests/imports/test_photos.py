"""Photos by the zip (6.2 考生照片; E60–E68)."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from PIL import Image

from app.access.actor import JOB, Actor
from app.gateways import storage
from app.jobs.running import run_pending
from app.services import imports, photos_import
from app.services.errors import DomainError
from models.candidates import Candidate, IdentityState, Photo
from models.jobs import JobState
from tests.documents.test_photos import chunk, png_header
from tests.imports.conftest import id_number, student


def picture(size: tuple[int, int] = (295, 413), colour: str = "#cc1122") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "JPEG")
    return out.getvalue()


@pytest.fixture
def entered(manager: Any, factory: Any, upload: Any, confirm: Any) -> None:
    job_id = upload(manager, [student(1), student(2), student(3)])
    run_pending(factory)
    confirm(manager, job_id)


@pytest.fixture
def send(as_: Any, tmp_path: Path, factory: Any, see: Any) -> Callable[..., Any]:
    """`send(actor, {name: bytes})` uploads an archive and returns its checked job."""

    def sent(actor: Actor, entries: dict[str, bytes]) -> Any:
        path = tmp_path / "photos.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in entries.items():
                archive.writestr(name, data)
        with as_(actor) as db:
            job_id = imports.start(db, actor, photos_import.photos, path, "照片.zip").id
            db.commit()
        run_pending(factory)
        return see(job_id)

    return sent


def test_e60_photos_named_by_id_number_complete_their_candidates(
    as_: Any, manager: Any, send: Any, confirm: Any, candidates: Any, entered: None
) -> None:
    job = send(
        manager, {f"{id_number(1)}.jpg": picture(), f"照片/{id_number(2).lower()}.JPG": picture((300, 420))}
    )
    assert (job.state, job.counts, job.total) == (JobState.READY, {"changed": 2}, 2)
    assert candidates(Candidate.photo) == [(None,)] * 3
    confirm(manager, job.id)
    states = candidates(Candidate.identity_state)
    assert states == [(IdentityState.WAITING,), (IdentityState.WAITING,), (IdentityState.INCOMPLETE,)]
    (first, *_) = candidates(Candidate.photo)
    assert Image.open(io.BytesIO(storage.get(first[0]))).size == (295, 413)
    with as_(JOB) as db:
        kept = db.execute(sa.select(Photo.width, Photo.height, Photo.current).order_by(Photo.id)).all()
    assert [tuple(row) for row in kept] == [(295, 413, True), (300, 420, True)]


def test_what_is_wrong_with_a_photo_is_told_beside_its_name(manager: Any, send: Any, entered: None) -> None:
    job = send(
        manager,
        {
            f"{id_number(1)}.jpg": picture(colour="white"),
            f"{id_number(2)}.jpg": picture((640, 480)),
            f"{id_number(3)}.jpg": picture()[:500],
            f"{id_number(9)}.jpg": picture(),
            "张三.jpg": picture(),
            "__MACOSX/._x.jpg": b"",
        },
    )
    assert job.state is JobState.FAILED
    assert [reason for _, _, reason in job.errors] == [
        "底色不是红色", "像素应为295×413", "图片已损坏", "找不到该考生", "文件名不是身份证号",
    ]  # fmt: skip


def bomb(side: int) -> bytes:
    """A whole PNG of a few hundred kilobytes whose pixels would fill memory."""
    packer, line = zlib.compressobj(1), bytes(1 + side // 8)
    pixels = b"".join(packer.compress(line) for _ in range(side)) + packer.flush()
    return png_header(side, side, bits=1, colour=0) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def test_e65_a_bomb_is_refused_in_its_row_and_the_others_go_on(
    manager: Any, send: Any, confirm: Any, candidates: Any, see: Any, entered: None
) -> None:
    packed = bomb(50_000)
    assert len(packed) < 5_242_880  # R48: it is not its size that gives it away
    cut = picture()[:500]
    job = send(
        manager,
        {
            f"{id_number(1)}.jpg": picture(),
            f"{id_number(2)}.png": packed,
            f"{id_number(3)}.jpg": cut,
        },
    )
    assert (job.state, job.counts) == (JobState.READY, {"changed": 1, "refused": 2})
    assert [reason for _, _, reason in job.errors] == ["像素应为295×413", "图片已损坏"]
    assert confirm(manager, job.id, imports.GOOD).state is JobState.DONE
    assert [photo is not None for (photo,) in candidates(Candidate.photo)] == [True, False, False]


def test_e67_another_schools_candidate_is_as_unknown_as_nobody(
    beijing: Any, send: Any, entered: None
) -> None:
    job = send(beijing, {f"{id_number(1)}.jpg": picture()})
    assert [reason for _, _, reason in job.errors] == ["找不到该考生"]


def test_the_same_archive_a_second_time_changes_nothing_and_voids_no_check(
    as_: Any, manager: Any, send: Any, confirm: Any, candidates: Any, entered: None
) -> None:
    entries = {f"{id_number(1)}.jpg": picture()}
    confirm(manager, send(manager, entries).id)
    with as_(JOB) as db:
        db.execute(
            sa.update(Candidate)
            .where(Candidate.photo.is_not(None))
            .values(identity_state=IdentityState.VERIFIED)
        )
        db.commit()
    job = send(manager, entries)
    assert (job.state, job.counts) == (JobState.DONE, {"unchanged": 1})
    assert candidates(Candidate.identity_state)[0] == (IdentityState.VERIFIED,)


def test_a_new_photo_replaces_the_current_one_keeps_the_old_and_voids_the_check(
    as_: Any, manager: Any, send: Any, confirm: Any, candidates: Any, entered: None
) -> None:
    confirm(manager, send(manager, {f"{id_number(1)}.jpg": picture()}).id)
    with as_(JOB) as db:
        db.execute(
            sa.update(Candidate)
            .where(Candidate.photo.is_not(None))
            .values(identity_state=IdentityState.VERIFIED)
        )
        db.commit()
    confirm(manager, send(manager, {f"{id_number(1)}.jpg": picture(colour="#dd0011")}).id)
    assert candidates(Candidate.identity_state)[0] == (IdentityState.WAITING,)
    with as_(JOB) as db:
        assert db.scalars(sa.select(Photo.current).order_by(Photo.id)).all() == [False, True]


def test_e68_an_archive_that_is_no_zip_is_refused_at_once(as_: Any, manager: Any, tmp_path: Path) -> None:
    path = tmp_path / "photos.zip"
    path.write_bytes(b"Rar!\x1a\x07\x00" + b"\0" * 100)
    with as_(manager) as db, pytest.raises(DomainError, match="不是zip压缩包"):
        imports.start(db, manager, photos_import.photos, path, "照片.zip")


def test_no_id_number_stands_in_the_job_or_its_staging(
    as_: Any, manager: Any, send: Any, owner: Any, entered: None
) -> None:
    send(manager, {f"{id_number(1)}.jpg": picture(), f"{id_number(9)}.jpg": picture()})
    with owner.connect() as admin:
        text = admin.scalar(
            sa.text(
                "select (select string_agg(j::text, '') from job j) || (select string_agg(s::text, '') from staged_chunk s)"
            )
        )
    assert id_number(1) not in text
    assert id_number(9) not in text
