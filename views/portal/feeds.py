"""The portal for machines: /feed.xml (Atom), /sitemap.xml, /robots.txt."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from flask_appbuilder import BaseView, expose
from werkzeug.wrappers import Response

from app.panel.web import BRAND
from app.services import portal, syndication
from config import settings
from views.portal.shell import MENU, as_public

SECONDS = 600


class Feeds(BaseView):
    """What programs read; it shows no more than the pages do."""

    route_base = ""
    default_view = "feed"
    session: Any

    @expose("/feed.xml")
    def feed(self) -> Response:
        with as_public(self.session) as session:
            document = syndication.feed(settings().base_url, BRAND, portal.latest(session))
        return _answer(document, "application/atom+xml")

    @expose("/sitemap.xml")
    def site_map(self) -> Response:
        with as_public(self.session) as session:
            document = syndication.site_map(settings().base_url, _pages(*portal.addresses(session)))
        return _answer(document, "application/xml")

    @expose("/robots.txt")
    def robots(self) -> Response:
        return _answer(syndication.robots(settings().base_url).encode(), "text/plain")


def _pages(
    notices: list[tuple[int, datetime]], certificates: list[int]
) -> Iterator[tuple[str, datetime | None]]:
    for _, path in MENU:
        yield path, None
    for key, changed in notices:
        yield f"/notices/{key}", changed
    for key in certificates:
        yield f"/certificates/{key}", None


def _answer(document: bytes, kind: str) -> Response:
    answer = Response(document, mimetype=kind, content_type=f"{kind}; charset=utf-8")
    answer.headers["Cache-Control"] = f"public, max-age={SECONDS}"
    return answer
