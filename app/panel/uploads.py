"""One uploaded file of a form: bounded, checked by content, stored (R18, R48).

A file comes with the form, or was sent ahead while the person was still typing; then the form carries a signed token
in its place, so that a refused form, or one that is opened again, still has its files."""

from __future__ import annotations

from typing import Any

from flask import request
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage, MultiDict
from wtforms import Form

from app.access.actor import Actor
from app.documents.content import check_supporting_file
from app.documents.photos import check_photo
from app.panel.resolve import Resolved, kind_of
from app.services import files
from app.services.errors import DomainError
from config import settings
from models.kit import Field


def keep_upload(
    session: Session, actor: Actor, declared: Field, upload: FileStorage, field: str, *, ahead: bool = False
) -> str:
    """Check and keep it; returns the key. Raises DomainError beside the field."""
    photo = kind_of(declared) == "photo"
    most = settings().upload_photo_bytes if photo else settings().upload_support_bytes
    data = upload.stream.read(most + 1)
    if len(data) > most:
        raise DomainError("upload.large", f"文件不能超过{most // 1024**2}M", field, status=413)
    try:
        if photo:
            drawn = check_photo(data).normalised
            return files.keep(session, actor, upload.filename or "照片.jpg", "jpg", drawn, ahead=ahead)
        kind = check_supporting_file(upload.filename or "", data, declared.type.accepts)
    except DomainError as error:
        raise DomainError(error.code, error.message, field, error.status) from None
    return files.keep(session, actor, upload.filename or f"文件.{kind}", kind, data, ahead=ahead)


def sent_ahead(
    session: Session, actor: Actor, resolved: Resolved, column: str, upload: FileStorage
) -> tuple[str, str]:
    """Keep a file whose form is still being filled in: (token, name). The token is good for this account and this
    column only."""
    key = keep_upload(session, actor, resolved.fields[column], upload, column, ahead=True)
    name = files.plain_name(upload.filename or "")
    return files.token(actor.account, f"{resolved.table}.{column}", key, name), name


def name_ahead(token: Any) -> str:
    """The name of the file a token stands for; none where it is no token of ours."""
    read = files.read_token(token)
    return read[3] if read is not None else ""


def _taken(session: Session, actor: Actor, resolved: Resolved, column: str, token: str) -> str:
    """The key of the file that was sent ahead; from here on it stays."""
    account, place, key, name = files.read_token(token) or (None, "", "", "")
    if (account, place) != (actor.account, f"{resolved.table}.{column}"):
        raise DomainError("upload.token", "文件没有上传成功,请重新选择", column)
    if not files.claim(session, [key]):
        raise DomainError("upload.gone", f"“{name}”上传后长时间没有保存,已被清除,请重新选择", column)
    return key


def kept_uploads(
    session: Session, actor: Actor, resolved: Resolved, form: Form, *, adding: bool
) -> dict[str, str]:
    """The files a form brought, kept: column → key. A new row must bring the ones it cannot be without."""
    kept = {}
    for name, declared in resolved.fields.items():
        field = form._fields.get(name)
        if field is None or kind_of(declared) not in ("file", "photo"):
            continue
        if isinstance(field.data, FileStorage) and field.data.filename:
            kept[name] = keep_upload(session, actor, declared, field.data, name)
        elif isinstance(field.data, str) and field.data:
            kept[name] = _taken(session, actor, resolved, name, field.data)
        elif adding and not resolved.model.__table__.c[name].nullable:
            raise DomainError("required", f"请上传{declared.label}", name)
    return kept


def posted() -> MultiDict[str, Any]:
    """The posted form, its files among the fields."""
    data: MultiDict[str, Any] = MultiDict(request.form)
    for name, upload in request.files.items(multi=True):
        data.add(name, upload)
    return data
