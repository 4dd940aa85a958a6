"""Jobs in their owner's hands: cancel from the list of the task centre, and lead to the page of each."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.jobs import queue
from app.services.actions import move, page_link
from models.jobs import Job


@move(Job, "cancel", order=90)
def cancel(session: Session, actor: Actor, rows: Sequence[Job]) -> str:
    """取消: nothing is written of what has not begun (6.1)."""
    for row in rows:
        queue.cancel(session, row.id)
    return f"已取消{len(rows)}个任务"


page_link(Job, "list", "进度与结果", "/console/jobs/{id}/", on="one", icon="progress", order=10, primary=True)
