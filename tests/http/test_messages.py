"""站内消息: who is told sees it, reads it by looking at it, and goes on to what it is about."""

from __future__ import annotations

import re
from typing import Any

import pytest
import sqlalchemy as sa

from app.access.actor import JOB
from app.services import notify
from models.accounts import Role
from models.jobs import Message
from tests.conftest import Browser
from tests.factories import account
from tests.factories_declarations import make_pilot
from tests.models import world


@pytest.fixture
def school(as_: Any, browse: Any) -> Browser:
    """A school with two messages; another school has one."""
    world.found(as_)
    with as_(JOB) as db:
        make_pilot(db)
        made = account(db, Role.SCHOOL_PRINCIPAL, school_id=11)
        notify.message(db, "指标已调整", "本年度指标为5人", link="/console/quota/", school_id=11)
        notify.message(db, "系统将于周六维护", school_id=11)
        notify.message(db, "别校的消息", school_id=10)
        db.commit()
    return browse(made)  # type: ignore[no-any-return]


def unread(as_: Any) -> list[str]:
    with as_(JOB) as db:
        rows = sa.select(Message.title).where(Message.read_at.is_(None)).order_by(Message.id)
        return list(db.scalars(rows))


def key(as_: Any, title: str) -> int:
    with as_(JOB) as db:
        return db.scalars(sa.select(Message.id).where(Message.title == title)).one()


def test_the_list_shows_ones_own_with_unread_and_read_apart(school: Browser, as_: Any) -> None:
    page = school.get("/console/message/").get_data(as_text=True)
    assert "指标已调整" in page and "系统将于周六维护" in page and "别校的消息" not in page
    assert re.search(r"未读.{0,80}2", page, re.DOTALL) and "已读" in page
    school.act("message", "read", [key(as_, "系统将于周六维护")])
    page = school.get("/console/message/?tab=未读").get_data(as_text=True)
    assert "指标已调整" in page and "系统将于周六维护" not in page


def test_looking_at_a_message_is_reading_it_and_a_get_alone_is_not(school: Browser, as_: Any) -> None:
    number = key(as_, "系统将于周六维护")
    page = school.get(f"/console/message/{number}").get_data(as_text=True)
    posted = re.search(r'data-on-sight="([^"]+)"', page)
    assert posted and unread(as_) == ["指标已调整", "系统将于周六维护", "别校的消息"]
    assert school.post(posted[1]).status_code == 302
    assert unread(as_) == ["指标已调整", "别校的消息"]
    assert "data-on-sight" not in school.get(f"/console/message/{number}").get_data(as_text=True)


def test_one_goes_on_to_what_a_message_is_about(school: Browser, as_: Any) -> None:
    number = key(as_, "指标已调整")
    assert school.post(f"/console/message/action/follow?rowid={number}").location == "/console/quota/"
    assert unread(as_) == ["系统将于周六维护", "别校的消息"]
    without = key(as_, "系统将于周六维护")
    assert school.post(f"/console/message/action/follow?rowid={without}").status_code == 409


def test_all_ones_own_are_read_at_once_and_nobody_elses(school: Browser, as_: Any) -> None:
    assert school.post("/console/message/action/read_all").status_code == 302
    assert unread(as_) == ["别校的消息"]
    foreign = key(as_, "别校的消息")
    assert school.post(f"/console/message/action/read?rowid={foreign}").status_code == 404
    assert unread(as_) == ["别校的消息"]
