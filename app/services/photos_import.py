"""考生照片 by the zip (6.2; R47–R53, E60–E68): each photo is judged and normalised in the dry run and waits in the
file store; applying only points the candidates to their pictures."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.documents.photo_archive import ArchiveLimits, PhotoEntry, photo_entries
from app.documents.photos import check_photo
from app.services import files
from app.services.candidates_import import candidates_by_number, state_after
from app.services.errors import DomainError
from app.services.imports import Context, Importer, expect, register
from app.services.staging import Row, Staged
from config import settings
from models.candidates import Photo
from models.jobs import StoredFile

CHUNK = 100
LABEL = "文件名"


def _limits() -> ArchiveLimits:
    config = settings()
    return ArchiveLimits(config.upload_zip_bytes, config.upload_zip_files, config.upload_photo_bytes)


def _guard(path: Path) -> None:
    photo_entries(path, _limits()).close()  # type: ignore[attr-defined]  # a generator: opened, judged, closed


def _count(path: Path) -> int:
    return sum(1 for _ in photo_entries(path, _limits()))


def _read(path: Path, after: int) -> Iterator[list[Row]]:
    """Files in the order of the archive; their number is their place in it."""
    entries = enumerate(photo_entries(path, _limits()), 1)
    later = (_row(number, entry) for number, entry in entries if number > after)
    while rows := list(islice(later, CHUNK)):
        yield rows


def _row(number: int, entry: PhotoEntry) -> Row:
    row = Row(number, {"file_name": entry.name, "id_number": entry.id_number, "data": entry.data})
    if entry.error is not None:
        row.refuse(entry.error)
    return row


def _check(session: Session, actor: Actor, rows: list[Row], context: Context) -> None:
    """Whose photo it is, whether it may still be changed (R51), and then the picture itself."""
    found = candidates_by_number(session, [row.values["id_number"] for row in rows])
    known = _known(session, [candidate.id for candidate in found.values()])
    for row in rows:
        candidate = found.get(row.values["id_number"])
        if candidate is None:
            row.refuse("找不到该考生")
        elif hashlib.sha256(row.values["data"]).hexdigest() == known.get(candidate.id):
            row.unchanged(candidate.id)
        elif candidate.signed_at is not None:
            row.refuse("已签发证书,照片请走更正流程")
        else:
            row.change(candidate.id)
            _keep(session, actor, row)
    session.expunge_all()


def _known(session: Session, candidates: list[int]) -> dict[int, str]:
    """Digests of the current originals: the same archive a second time changes nothing and voids no check."""
    current = (
        sa.select(Photo.candidate_id, StoredFile.digest)
        .join(StoredFile, StoredFile.key == Photo.original)
        .where(Photo.candidate_id.in_(candidates), Photo.current)
    )
    return {row.candidate_id: row.digest for row in session.execute(current)}


def _keep(session: Session, actor: Actor, row: Row) -> None:
    data: bytes = row.values["data"]
    try:
        photo = check_photo(data)
    except DomainError as error:
        row.refuse(error.message)
        return
    kind = "png" if data.startswith(b"\x89PNG") else "jpg"
    row.values |= {
        "file": files.keep(session, actor, "照片.jpg", "jpg", photo.normalised),
        "original": files.keep(session, actor, f"原始照片.{kind}", kind, data),
        "width": photo.width,
        "height": photo.height,
        "size": len(data),
        "red_share": f"{photo.red_share:.3f}",
    }


def _apply(session: Session, actor: Actor, staged: Staged) -> None:
    for rows in staged.rows():
        found = candidates_by_number(session, [row.values["id_number"] for row in rows])
        expect(sum(candidate.signed_at is None for candidate in found.values()), len(rows))
        mine = [found[row.values["id_number"]].id for row in rows]
        session.execute(
            sa.update(Photo).where(Photo.candidate_id.in_(mine), Photo.current).values(current=False)
        )
        for row in rows:
            candidate = found[row.values["id_number"]]
            candidate.photo = row.values["file"]
            candidate.identity_state = state_after(candidate, voided=True)
            kept = {
                name: row.values[name]
                for name in ("file", "original", "width", "height", "size", "red_share")
            }
            session.add(Photo(candidate_id=candidate.id, school_id=candidate.school_id, **kept))
        session.flush()
        session.expunge_all()


photos = register(
    Importer(
        table="candidate",
        name="photos",
        label="考生照片",
        check=_check,
        apply=_apply,
        read=_read,
        count=_count,
        shown=(("file_name", LABEL),),
        dropped=("data",),
        personal={"id_number": "id", "file_name": "id"},
        verb="import_photos",
        accept=".zip",
        guard=_guard,
        max_bytes=lambda: settings().upload_zip_bytes,
        hints=(
            "照片以身份证号命名,如 34052419800101001X.jpg,格式为jpg或png,每张不超过5 MB。",
            "小一寸红底照片,295×413像素;稍有偏差会自动调整,白底、蓝底会被退回。",
            "把照片直接打包为zip(不要设密码,不要再套压缩包),不超过2 GB、20,000张。",
        ),
    )
)
