"""Files that were sent ahead of a form and never saved go by night (R18): their rows and what is in the store.

Chosen in one transaction, removed in the next: whoever saves a form meanwhile has either claimed the file first
(`files.claim`), and it is let be, or finds it chosen and is told to send it again. A job killed in between leaves
files chosen, which the next night removes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.gateways import storage
from app.jobs.registry import periodic
from app.services import files
from app.services.richtext import pictures
from config import settings
from models.jobs import FileStanding, FormDraft, StoredFile
from models.kit import clock, declared_models, fields_of
from models.kit.types import File

A_BATCH = 500
_LONGEST_TOKEN = 2_000


@periodic("files.unsaved", "41 18 * * *")  # the queue counts in UTC: 02:41 in China
def remove_unsaved(session: Session) -> int:
    """Remove what nothing refers to after `upload_unsaved_hours`; how many files went."""
    after = 0
    while batch := _old(session, after):
        after = batch[-1].id
        keys = {row.key for row in batch}.difference(_drafted(session))
        keys -= _named(session, keys)
        for row in batch:
            if row.key in keys:
                row.standing = FileStanding.GOING
        session.commit()
    return _remove(session)


def _old(session: Session, after: int) -> list[StoredFile]:
    """The next files that have waited long enough, locked; one that is being claimed just now is passed over."""
    limit = clock.now() - timedelta(hours=settings().upload_unsaved_hours)
    rows = (
        sa.select(StoredFile)
        .where(
            StoredFile.standing == FileStanding.AHEAD, StoredFile.created_at < limit, StoredFile.id > after
        )
        .order_by(StoredFile.id)
        .limit(A_BATCH)
        .with_for_update(skip_locked=True)
    )
    return list(session.scalars(rows))


def _named(session: Session, keys: Collection[str]) -> set[str]:
    """Those that a row names after all. Whoever names a file claims it; a file is dearer than a scan by night."""
    found: set[str] = set()
    for model in declared_models() if keys else ():
        for name, declared in fields_of(model).items():
            if isinstance(declared.type, File):
                column = getattr(model, name)
                found.update(session.scalars(sa.select(column).where(column.in_(keys))))
    return found


def _drafted(session: Session) -> Iterator[str]:
    """The files of forms that are still being filled in: as tokens, or as pictures in a text."""
    drafts = sa.select(FormDraft.values).execution_options(yield_per=100)
    for values in session.scalars(drafts):
        for _, value in values:
            read = files.read_token(value) if len(value) <= _LONGEST_TOKEN else None
            if read is not None:
                yield read[2]
            else:
                yield from pictures(value)


def _remove(session: Session) -> int:
    """The bytes, then the row: what is interrupted is done again."""
    count = 0
    while rows := session.scalars(
        sa.select(StoredFile)
        .where(StoredFile.standing == FileStanding.GOING)
        .order_by(StoredFile.id)
        .limit(A_BATCH)
        .with_for_update(skip_locked=True)
    ).all():
        for row in rows:
            storage.delete(row.key)
            session.delete(row)
        session.commit()
        count += len(rows)
    return count
