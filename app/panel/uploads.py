"""One uploaded file of a form: bounded, checked by content, stored (R18, R48)."""

from __future__ import annotations

from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage

from app.access.actor import Actor
from app.documents.content import check_upload
from app.documents.photos import check_photo
from app.panel.resolve import kind_of
from app.services import files
from app.services.errors import DomainError
from config import settings
from models.kit import Field


def keep_upload(session: Session, actor: Actor, declared: Field, upload: FileStorage, field: str) -> str:
    """Check and keep it; returns the key. Raises DomainError beside the field."""
    photo = kind_of(declared) == "photo"
    most = settings().upload_photo_bytes if photo else settings().upload_support_bytes
    data = upload.stream.read(most + 1)
    if len(data) > most:
        raise DomainError("upload.large", f"文件不能超过{most // 1024**2}M", field, status=413)
    try:
        if photo:
            return files.keep(session, actor, upload.filename or "照片.jpg", "jpg", check_photo(data).normalised)
        kind = check_upload(upload.filename or "", data, declared.type.accepts)
    except DomainError as error:
        raise DomainError(error.code, error.message, field, error.status) from None
    return files.keep(session, actor, upload.filename or f"文件.{kind}", kind, data)
