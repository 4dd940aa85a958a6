"""Notices: draft, published now or at a time, withdrawn; the pictures their text shows (4.16)."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.documents.pictures import web_picture
from app.jobs.registry import periodic
from app.services import files
from app.services.actions import after_save, before_save, deletable_when, editable_when, move, page_link
from app.services.errors import DomainError
from app.services.richtext import PICTURES, pictures
from models.content import Notice, NoticePicture, NoticeState
from models.jobs import StoredFile
from models.kit import clock

# As it is being written; what is over cannot come back by itself.
_OPEN = (NoticeState.DRAFT, NoticeState.SCHEDULED, NoticeState.PUBLISHED)

page_link(
    Notice, "preview", "预览", "/console/notice/{id}/preview", icon="eye", order=10,
    when=lambda row: row.state in _OPEN,
)  # fmt: skip


@move(Notice, "publish")
def publish(session: Session, actor: Actor, rows: list[Notice]) -> str:
    """草稿 → 已发布, or 待发布 when its time is still to come (4.16)."""
    now, later = clock.now(), 0
    for notice in rows:
        if notice.publish_to is not None and notice.publish_to <= now:
            raise DomainError("notice.over", f"“{notice}”的撤下时间已过,请先修改撤下时间")
        notice.publish_from = notice.publish_from or now
        waits = notice.publish_from > now
        notice.state = NoticeState.SCHEDULED if waits else NoticeState.PUBLISHED
        later += waits
    session.flush()
    if later == len(rows) == 1:
        return f"已安排定时发布,{rows[0].publish_from:%Y-%m-%d %H:%M}起在门户显示"
    return f"已发布{len(rows) - later}篇" + (f",定时发布{later}篇" if later else "")


@periodic("notices", every=60)
def turn(session: Session) -> None:
    """待发布 → 已发布, 已发布 → 已下线 by the clock. Readers do not wait for it: the wall goes by the times themselves."""
    now = clock.now()
    due = sa.update(Notice).where(Notice.state == NoticeState.SCHEDULED, Notice.publish_from <= now)
    session.execute(due.values(state=NoticeState.PUBLISHED))
    over = sa.update(Notice).where(Notice.state == NoticeState.PUBLISHED, Notice.publish_to <= now)
    session.execute(over.values(state=NoticeState.WITHDRAWN))


@before_save(Notice)
def _times_fit_the_state(session: Session, actor: Actor, row: Notice, values: dict[str, Any]) -> None:
    """What stands on the portal cannot be sent back into the future by editing it."""
    if row.state is NoticeState.SCHEDULED and row.publish_from is None:
        raise DomainError(
            "notice.time", "已安排定时发布,请填写发布时间;要立即发布请填现在的时间", "publish_from"
        )
    if row.state is NoticeState.PUBLISHED and (row.publish_from is None or row.publish_from > clock.now()):
        raise DomainError("notice.time", "已发布的内容不能改成将来发布,请先下线", "publish_from")


@after_save(Notice)
def _know_its_pictures(session: Session, actor: Actor, row: Notice, values: dict[str, Any]) -> None:
    """A row for each picture in the text: whoever may read the text may see it, nobody else. Somebody else's file
    cannot be made public by writing its address: it must be the editor's own, or on the portal already."""
    named = pictures(row.body or "")
    there = {
        picture.file: picture
        for picture in session.scalars(sa.select(NoticePicture).where(NoticePicture.notice_id == row.id))
    }
    for key in there.keys() - named:
        session.delete(there[key])
    if fresh := named - there.keys():
        shown = sa.select(NoticePicture.file).where(NoticePicture.file.in_(fresh))
        for key in files.claim(session, fresh) | set(session.scalars(shown)):
            session.add(NoticePicture(notice_id=row.id, file=key))


@editable_when(Notice)
def _not_withdrawn(row: Notice) -> bool:
    return row.state in _OPEN


@deletable_when(Notice)
def _only_drafts_go(row: Notice) -> bool:
    return row.state is NoticeState.DRAFT


def keep_picture(session: Session, actor: Actor, name: str, data: bytes) -> str:
    """Store a picture for a text, redrawn so that nothing but the picture is left; returns its address."""
    kind, drawn = web_picture(data)
    return PICTURES + files.keep(session, actor, name or f"图片.{kind}", kind, drawn, ahead=True)


def may_see_picture(session: Session, actor: Actor, key: str) -> bool:
    """In a text this actor may read, or uploaded by this account and not saved in one yet."""
    seen: sa.ColumnElement[bool] = sa.exists().where(NoticePicture.file == key)
    if actor.account is not None:
        seen |= sa.exists().where(StoredFile.key == key, StoredFile.account_id == actor.account)
    return bool(session.scalar(sa.select(seen)))
