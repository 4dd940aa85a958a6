"""The photos of a candidate, one current and the older ones kept (3.5, R47–R50)."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.documents.photos import check_photo
from app.gateways import storage
from models.candidates import Candidate, Photo


def keep_history(session: Session, candidate: Candidate) -> None:
    """The picture a form has put on the candidate becomes the current entry of its history."""
    key = candidate.photo
    mine = Photo.candidate_id == candidate.id
    if (
        key is None
        or session.scalar(sa.select(Photo.id).where(mine, Photo.file == key, Photo.current)) is not None
    ):
        return
    data = storage.get(key)
    checked = check_photo(data)
    session.execute(sa.update(Photo).where(mine, Photo.current).values(current=False))
    session.add(
        Photo(
            candidate_id=candidate.id,
            school_id=candidate.school_id,
            file=key,
            original=key,
            width=checked.width,
            height=checked.height,
            size=len(data),
            red_share=round(checked.red_share, 3),
        )
    )
    session.flush()
