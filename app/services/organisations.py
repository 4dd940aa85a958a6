"""Evaluation organisations: admission with the principal's account, suspension, resumption (4.17, R14)."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.services import accounts, notify
from app.services.actions import Ask, action, after_save
from models.directory import Organisation
from models.kit import Text


@after_save(Organisation)
def _open_principal(session: Session, actor: Actor, row: Organisation, values: dict[str, Any]) -> None:
    """准入: the contact of a new organisation gets its principal account; the first password goes to that mobile (R6)."""
    if row.version == 1 and actor.kind == "platform" and "code" in values:
        accounts.open_principal(
            session, "organisation", row.id, name=row.contact_name, mobile=row.contact_mobile
        )


@action(
    Organisation,
    "suspend",
    "停用",
    icon="player-pause",
    danger=True,
    order=20,
    when=lambda row: row.active,
    asks=(Ask("reason", "停用原因", Text(500, 2)),),
    confirm="停用后仍可登录查看,但不能再办理业务",
)
def suspend(session: Session, actor: Actor, rows: list[Organisation], reason: str) -> str:
    """启用 → 停用: log-in stays, writing stops (every unsafe request of the organisation is refused)."""
    for row in rows:
        row.active, row.inactive_reason = False, reason
        notify.message(session, "机构已被平台停用", reason, organisation_id=row.id)
    session.flush()
    return f"已停用{len(rows)}家"


@action(Organisation, "resume", "恢复", icon="player-play", order=21, when=lambda row: not row.active)
def resume(session: Session, actor: Actor, rows: list[Organisation]) -> str:
    for row in rows:
        row.active, row.inactive_reason = True, None
        notify.message(session, "机构已恢复", organisation_id=row.id)
    session.flush()
    return f"已恢复{len(rows)}家"
