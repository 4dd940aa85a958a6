"""In-app messages: read by looking at them, and the way to what they are about (站内消息)."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.services.actions import Outcome, action
from models.jobs import Message
from models.kit import clock


@action(
    Message,
    "read",
    "标为已读",
    icon="mail-opened",
    order=20,
    at_once=True,
    on_sight=True,
    when=lambda row: row.read_at is None,
)
def read(session: Session, actor: Actor, rows: Sequence[Message]) -> Outcome:
    for row in rows:
        row.read_at = row.read_at or clock.now()
    session.flush()
    return Outcome("", "/console/message/")


@action(
    Message,
    "follow",
    "前往处理",
    on="one",
    icon="arrow-right",
    order=10,
    primary=True,
    at_once=True,
    when=lambda row: bool(row.link),
)
def follow(session: Session, actor: Actor, rows: Sequence[Message]) -> Outcome:
    """Read, and on to what it is about."""
    read(session, actor, rows)
    return Outcome("", rows[0].link or "")


@action(Message, "read_all", "全部标为已读", on="list", icon="checks", at_once=True)
def read_all(session: Session, actor: Actor, rows: Sequence[Message]) -> str:
    """Whatever the wall shows this actor: its own."""
    session.execute(sa.update(Message).where(Message.read_at.is_(None)).values(read_at=clock.now()))
    return "已全部标为已读"
