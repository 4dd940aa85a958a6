"""What is easily forgotten: a draft whose batch is about to close. In the console for everybody concerned, as a text
message for schools that asked for reminders (R28, 4.3)."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.jobs.registry import periodic
from app.services import notify
from models.declarations import Declaration, DeclarationBatch, DeclarationState
from models.jobs import Message
from models.kit import clock

AHEAD = timedelta(days=3)
DAYTIME = range(8, 20)  # nobody's phone rings at night for something that can wait


@periodic("reminders.declarations", "7 * * * *")
def remind_of_drafts(session: Session) -> int:
    """Each school once a batch; whom it has told it knows by the message, so it may run as often as it likes."""
    now = clock.now()
    if now.hour not in DAYTIME:
        return 0
    rows = session.execute(_drafts(now)).all()
    for school, batch, name, closes, count in rows:
        until = (closes - timedelta(minutes=1)).strftime("%m月%d日%H:%M")
        params = {"items": count, "batch": name, "until": until}
        notify.remind(session, school, "declaration_closing", params, _title(name), link=_link(batch))
    return len(rows)


def _drafts(now: datetime) -> sa.Select[int, int, str, datetime, int]:
    told = sa.exists().where(
        Message.school_id == Declaration.school_id,
        Message.link == sa.func.concat(_link(""), sa.cast(DeclarationBatch.id, sa.Text)),
    )
    return (
        sa.select(
            Declaration.school_id,
            DeclarationBatch.id,
            DeclarationBatch.name,
            DeclarationBatch.window_to,
            sa.func.count(),
        )
        .join(DeclarationBatch, DeclarationBatch.id == Declaration.batch_id)
        .where(
            Declaration.state == DeclarationState.DRAFT,
            DeclarationBatch.window_from <= now,
            DeclarationBatch.window_to > now,
            DeclarationBatch.window_to <= now + AHEAD,
            ~told,
        )
        .group_by(
            Declaration.school_id, DeclarationBatch.id, DeclarationBatch.name, DeclarationBatch.window_to
        )
        .order_by(Declaration.school_id, DeclarationBatch.id)
    )


def _title(batch: str) -> str:
    return f"申报即将截止:{batch}"


def _link(batch: object) -> str:
    return f"/console/declaration/?tab=DRAFT&f_batch_id={batch}"
