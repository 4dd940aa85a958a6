"""Stored files: keep, find, answer. The key is a secret that only rows carry (StoredFile)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.access.actor import Actor
from app.documents import preview
from app.gateways import storage
from app.services.errors import NotFound
from config import settings
from models.jobs import FileStanding, StoredFile

_TYPES = {
    "pdf": "application/pdf",
    "png": "image/png",
    "jpg": "image/jpeg",
    "doc": "application/msword",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xls": "application/vnd.ms-excel",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "zip": "application/zip",
}


def owner(actor: Actor) -> dict[str, Any]:
    """The tenant columns of a file or job of this actor."""
    column = "person_id" if actor.kind == "candidate" else f"{actor.kind}_id"
    tenant = {column: actor.tenant} if actor.tenant is not None else {}
    return {"account_id": actor.account, **tenant}


def keep(
    session: Session, actor: Actor, name: str, kind: str, data: bytes | Path, *, ahead: bool = False
) -> str:
    """Store a file and its row; returns the key. The bytes are there before the row is. `ahead`: what it belongs to is
    not saved yet, and whoever saves it must `claim` the file."""
    key = storage.new_key(kind)
    if isinstance(data, Path):
        with data.open("rb") as file:
            digest, size = hashlib.file_digest(file, "sha256").hexdigest(), data.stat().st_size
        storage.put(key, data)
    else:
        digest, size = hashlib.sha256(data).hexdigest(), len(data)
        storage.put(key, data)
    session.execute(
        sa.insert(StoredFile).values(
            key=key,
            name=plain_name(name),
            kind=kind,
            size=size,
            digest=digest,
            standing=FileStanding.AHEAD if ahead else FileStanding.KEPT,
            **(owner(actor) if actor.kind != "job" else {}),
        )
    )
    return key


def claim(session: Session, keys: Collection[str]) -> set[str]:
    """Those of the files that are there to stay, in the transaction that names them. One that the nightly job
    (app/services/files_unsaved.py) has chosen already is not among them; one that is claimed it lets be."""
    session.execute(
        sa.update(StoredFile)
        .where(StoredFile.key.in_(keys), StoredFile.standing == FileStanding.AHEAD)
        .values(standing=FileStanding.KEPT),
        execution_options={"synchronize_session": False},
    )
    kept = sa.select(StoredFile.key).where(StoredFile.key.in_(keys), StoredFile.standing == FileStanding.KEPT)
    return set(session.scalars(kept))


def token(account: int | None, place: str, key: str, name: str) -> str:
    """What a form carries in place of a file that was sent ahead: good for this account and this place only."""
    return _signer().dumps([account, place, key, name])


def read_token(text: object) -> tuple[int | None, str, str, str] | None:
    """(account, place, key, name); None where it is no token of ours."""
    try:
        account, place, key, name = _signer().loads(str(text or ""))
    except (BadSignature, TypeError, ValueError):
        return None
    return account, str(place), str(key), str(name)


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(settings().secret_key.get_secret_value(), salt="upload")


def plain_name(name: str) -> str:
    """The last part of a name as people gave it: no folder, nothing unprintable."""
    return "".join(char for char in re.split(r"[/\\]", name)[-1] if char.isprintable())[-200:] or "文件"


def name_of(session: Session, key: str) -> str:
    """What the file was called, for those who may know; else what kind it is."""
    known = session.scalar(sa.select(StoredFile.name).where(StoredFile.key == key))
    return known or f"文件.{key.rpartition('.')[2]}"


def respond(session: Session, key: str, *, inline: bool = False, name: str = "") -> Response:
    """The file as an answer: never guessed by the browser, never cached, outside our own origin's powers."""
    kind = key.rpartition(".")[2]
    shown = name or name_of(session, key)
    try:
        pieces = storage.stream(key)
    except FileNotFoundError:
        raise NotFound("文件已不存在,请联系平台") from None
    response = Response(pieces, mimetype=_TYPES.get(kind, "application/octet-stream"))
    disposition = "inline" if inline else "attachment"
    response.headers["Content-Disposition"] = f"{disposition}; filename*=UTF-8''{quote(shown, safe='')}"
    response.headers["Content-Security-Policy"] = (
        "sandbox; default-src 'none'; img-src 'self'; style-src 'unsafe-inline'"
    )
    response.headers["Cache-Control"] = "private, no-store"
    return response


_FRAME = "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; frame-ancestors 'self'"


def previewable(key: str) -> bool:
    """Whether the file can be looked at in the browser; a .doc can only be downloaded (R18)."""
    return key.rpartition(".")[2] in preview.KINDS


def respond_preview(key: str) -> Response:
    """The file as a page for a frame of ours: a stranger's document in a sandbox, which can do nothing at all."""
    kind = key.rpartition(".")[2]
    if kind not in preview.KINDS:
        raise NotFound("该文件不能预览,请下载后查看")
    try:
        data = b"".join(storage.stream(key))
    except FileNotFoundError:
        raise NotFound("文件已不存在,请联系平台") from None
    response = Response(preview.html_of(kind, data), mimetype="text/html")
    response.headers["Content-Security-Policy"] = _FRAME
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    response.headers["Cache-Control"] = "private, no-store"
    return response
