"""Reasons in the trail: what a person says when a deed leaves no column to keep it in (R135)."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from models.kit import Declared


def note(session: Session, deed: str, row: Declared, reason: str) -> None:
    """Write the reason beside the row's history, in the actor's name and at this moment."""
    session.execute(sa.select(sa.func.panel_note(deed, row.__tablename__, row.id, reason)))
