"""What is typed into a form and not saved yet, kept for the account that types it (`FormDraft`): a crash, a closed
window or a refusal costs nothing that was there a few seconds ago."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.services.errors import DomainError
from models.jobs import FormDraft
from models.kit import clock

MOST_VALUES, MOST_CHARACTERS = 1000, 400_000
_NOT_KEPT = ("csrf_token", "then")


@dataclass(frozen=True)
class Typed:
    """A kept form: its (name, value) pairs and when they were kept."""

    values: list[tuple[str, str]]
    saved_at: datetime


def keep(
    session: Session, actor: Actor, table: str, place: str, pairs: Iterable[tuple[str, str]]
) -> datetime | None:
    """Keep what stands in the form now, instead of what was kept before; nothing typed is nothing to keep."""
    values = [[name, value] for name, value in pairs if name not in _NOT_KEPT]
    if not any(value for _, value in values):
        return None
    if len(values) > MOST_VALUES or sum(len(name) + len(value) for name, value in values) > MOST_CHARACTERS:
        raise DomainError("draft.large", "内容太多,不能自动保存,请先保存", status=413)
    now = clock.now()
    row = insert(FormDraft).values(
        account_id=actor.account, table_name=table, place=place[:120], values=values, saved_at=now
    )
    key = [FormDraft.account_id, FormDraft.table_name, FormDraft.place]
    session.execute(row.on_conflict_do_update(index_elements=key, set_={"values": values, "saved_at": now}))
    return now


def find(session: Session, actor: Actor, table: str, place: str) -> Typed | None:
    found = session.execute(
        sa.select(FormDraft.values, FormDraft.saved_at).where(*_here(actor, table, place))
    ).one_or_none()
    return Typed([(name, value) for name, value in found[0]], found[1]) if found is not None else None


def forget(session: Session, actor: Actor, table: str, place: str) -> None:
    session.execute(sa.delete(FormDraft).where(*_here(actor, table, place)))


def _here(actor: Actor, table: str, place: str) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        FormDraft.account_id == actor.account,
        FormDraft.table_name == table,
        FormDraft.place == place[:120],
    )
