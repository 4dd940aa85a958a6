"""The frame of the public pages, and the one way they read: as the public, whoever is logged in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from flask import g, render_template, request
from sqlalchemy.orm import Session, scoped_session

from app.access.actor import Actor, acting_as, current_actor
from app.panel.pages import MenuArea, Pager
from config import settings
from models.content import NoticeKind
from models.kit import clock, formats

PAGE_SIZE = 20
OLDEST_PAGE = 500
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
    address = f"{settings().base_url}{request.path}"
    return render_template(template, page=page, menu=menu, home_url=home, canonical=address, **context)


def number_of_page() -> int:
    """`?page=`: anything that is no number is the first."""
    text = request.args.get("page", "1")
    return min(max(int(text), 1), OLDEST_PAGE) if text.isascii() and text.isdecimal() and len(text) < 6 else 1


def words_asked() -> str:
    """`?q=`: what is searched for, within measure."""
    return formats.clean_text(request.args.get("q", "")[:50])


def pager(url: str, words: dict[str, str], number: int, total: int) -> Pager | None:
    pages = max(1, -(-total // PAGE_SIZE))
    if pages == 1:
        return None

    def address(page: int) -> str:
        return f"{url}?{urlencode({**words, 'page': page})}"

    near = [page for page in range(number - 2, number + 3) if 1 <= page <= pages]
    return Pager(
        page=number,
        pages=pages,
        size=PAGE_SIZE,
        total=str(total),
        numbers=[(str(page), "" if page == number else address(page)) for page in near],
        previous=address(number - 1) if number > 1 else "",
        next=address(number + 1) if number < pages else "",
    )


def day(moment: datetime | None) -> str:
    return str(moment.astimezone(clock.ZONE).date()) if moment is not None else ""


def _holds(href: str) -> bool:
    return request.path == href if href == "/" else request.path.startswith(href)
