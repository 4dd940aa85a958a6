"""The frame of the public pages, and the one way they read: as the public, whoever is logged in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import g, render_template, request
from sqlalchemy.orm import Session, scoped_session

from app.access.actor import Actor, acting_as, current_actor
from app.panel.pages import MenuArea
from models.content import NoticeKind

NOTICES = {"policy": NoticeKind.POLICY, "news": NoticeKind.NEWS, "announcement": NoticeKind.ANNOUNCEMENT}
MENU = (
    ("首页", "/"),
    *((kind.label, f"/notices/{slug}/") for slug, kind in NOTICES.items()),
    ("证书信息", "/certificates/"),
    ("证书查验", "/verify"),
)


@contextmanager
def as_public(session: scoped_session[Any]) -> Iterator[Session]:
    """The portal shows everybody the same: an editor's drafts are no part of it."""
    actor = Actor("public", role="public", address=request.remote_addr or "", request=g.get("request_id", ""))
    with acting_as(actor, session()):
        yield session()


def draw(template: str, page: Any, **context: Any) -> str:
    """A page of the portal, under its own menu."""
    here = max((href for _, href in MENU if _holds(href)), key=len, default="")
    menu = [MenuArea(label, href, active=href == here) for label, href in MENU]
    home = "/space/" if current_actor().kind == "candidate" else "/console/"
    return render_template(template, page=page, menu=menu, home_url=home, **context)


def _holds(href: str) -> bool:
    return request.path == href if href == "/" else request.path.startswith(href)
