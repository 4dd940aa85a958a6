"""门户首页 (7.1): verification, the doors of everybody, what is new, certificates."""

from __future__ import annotations

from typing import Any

from flask import current_app
from flask_appbuilder import BaseView, expose
from werkzeug.wrappers import Response

from app.panel.pages import Entrance, Link, News, PortalHome, Way
from app.services import portal
from views.portal.catalogue import card
from views.portal.news import news
from views.portal.shell import NOTICES, as_public, draw

SCORES = "/space/scores/"
WAYS = (
    Way("院校", "school", "职业院校、应用型本科高校", (
        Entrance("试点申报系统", "/declare/", hint="首次参加试点,申报证书"),
        Entrance("试点院校业务平台", "/login/", hint="考生、报考、排考、发证"),
    )),
    Way("培训评价组织", "building-bank", "证书的开发与评价机构", (
        Entrance("培训评价组织业务平台", "/login/", hint="证书、考试计划、成绩、签发"),
    )),
    Way("教育行政部门", "building-community", "省级、地市级教育行政部门", (
        Entrance("省级 / 地市级管理平台", "/login/", hint="申报审核、指标管理、统计"),
    )),
    Way("个人", "user-circle", "参加考核的学生和社会人员", (
        Entrance("学生个人空间", "/space/", hint="准考证、成绩、电子证书"),
        Entrance("成绩查询", SCORES, hint="登录个人空间后查看"),
    )),
)  # fmt: skip
SHOWN = 8


class Portal(BaseView):
    """The front page; it reads as the public in one short transaction."""

    route_base = ""
    default_view = "home"
    session: Any

    @expose("/")
    def home(self) -> str:
        with as_public(self.session) as session:
            lists = {slug: (kind, portal.notices(session, kind)) for slug, kind in NOTICES.items()}
            page = PortalHome(
                title="",
                scores_url=SCORES,
                search_action="/search",
                pinned=_pinned([row for _, rows in lists.values() for row in rows]),
                ways=WAYS,
                lists=[
                    (kind.label, f"/notices/{slug}/", [news(row) for row in rows])
                    for slug, (kind, rows) in lists.items()
                ],
                certificates=[card(found) for found in portal.certificates(session, limit=SHOWN)],
                certificates_url="/certificates/",
                organisations=[
                    Link(name, f"/certificates/?organisation={key}")
                    for key, name in portal.organisations(session)[:SHOWN]
                ],
                figures=portal.figures(session),
            )
        return draw("portal/home.html", page)

    @expose("/favicon.ico")
    def icon(self) -> Response:
        """What a browser asks for beside a page that is no HTML: a ticket, a certificate."""
        return current_app.send_static_file("icon.svg")


def _pinned(rows: list[Any]) -> News | None:
    """The newest of the pinned ones stands above everything."""
    pinned = [row for row in rows if row.pinned]
    return news(max(pinned, key=lambda row: row.publish_from)) if pinned else None
