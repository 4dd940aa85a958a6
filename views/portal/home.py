"""门户首页, news and certificates (7.1): what everybody may read."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import current_app, request
from flask_appbuilder import BaseView, expose
from werkzeug.wrappers import Response

from app.panel.cells import plain
from app.panel.pages import (
    Cell,
    CertificateCard,
    CertificatePage,
    Column,
    Crumb,
    Empty,
    Entrance,
    Link,
    News,
    NewsList,
    NoticePage,
    Pager,
    PortalHome,
    Related,
    Row,
    Tab,
)
from app.services import files, portal
from app.services.errors import NotFound
from app.services.portal import Card
from app.services.richtext import clean_html
from models.certificates import Certificate, Standard
from models.content import Notice, NoticeFile
from models.kit import clock, formats
from views.portal.shell import NOTICES, as_public, draw

PAGE_SIZE = 20
OLDEST_PAGE = 500
WAYS = (
    Entrance("试点申报系统", "/declare/", "flag", "院校申报证书试点"),
    Entrance("试点院校业务平台", "/login/", "school", "考生、报考、排考、发证"),
    Entrance("培训评价组织业务平台", "/login/", "building-bank", "考试计划、成绩、签发"),
    Entrance("省级 / 地市级管理平台", "/login/", "building-community", "申报审核、指标管理"),
    Entrance("学生个人空间", "/space/", "user-circle", "准考证、成绩、证书"),
)


class Portal(BaseView):
    """Public pages; each reads as the public in one short transaction."""

    route_base = ""
    default_view = "home"
    session: Any

    @expose("/")
    def home(self) -> str:
        with as_public(self.session) as session:
            page = PortalHome(
                title="",
                entrances=WAYS,
                lists=[
                    (kind.label, f"/notices/{slug}/", [_news(row) for row in portal.notices(session, kind)])
                    for slug, kind in NOTICES.items()
                ],
                certificates=[_card(card) for card in portal.certificates(session)],
                certificates_url="/certificates/",
                figures=portal.figures(session),
            )
        return draw("portal/home.html", page)

    @expose("/favicon.ico")
    def icon(self) -> Response:
        """What a browser asks for beside a page that is no HTML: a ticket, a certificate."""
        return current_app.send_static_file("icon.svg")

    @expose("/notices/<kind>/")
    def notices(self, kind: str) -> str:
        if kind not in NOTICES:
            raise NotFound("没有找到该栏目")
        number = _number()
        with as_public(self.session) as session:
            rows = portal.notices(session, NOTICES[kind], start=(number - 1) * PAGE_SIZE, limit=PAGE_SIZE)
            total = portal.count_notices(session, NOTICES[kind])
            items = [_news(row) for row in rows]
        page = NewsList(
            title=NOTICES[kind].label,
            crumbs=[Crumb("首页", "/"), Crumb(NOTICES[kind].label)],
            tabs=[Tab(other.label, f"/notices/{slug}/", "", slug == kind) for slug, other in NOTICES.items()],
            items=items,
            pager=_pager(f"/notices/{kind}/", {}, number, total),
        )
        return draw("portal/list.html", page)

    @expose("/notices/<int:key>")
    def notice(self, key: int) -> str:
        with as_public(self.session) as session:
            found, attached = portal.notice(session, key)
            page = NoticePage(
                title=found.title,
                crumbs=[
                    Crumb("首页", "/"),
                    Crumb(found.kind.label, f"/notices/{_slug(found)}/"),
                    Crumb("正文"),
                ],
                when=_day(found.publish_from),
                html=clean_html(found.body),
                files=[Link(file.name, f"/notices/{key}/files/{file.id}") for file in attached],
            )
        return draw("portal/notice.html", page)

    @expose("/notices/<int:key>/files/<int:file>")
    def notice_file(self, key: int, file: int) -> Response:
        with as_public(self.session) as session:
            attached = session.get(NoticeFile, file) if file < 2**63 else None
            if attached is None or attached.notice_id != key:
                raise NotFound("没有找到该附件")
            return files.respond(session, attached.file, name=attached.name)

    @expose("/certificates/")
    def certificates(self) -> str:
        number, words = _number(), formats.clean_text(request.args.get("q", "")[:50])
        with as_public(self.session) as session:
            found = portal.certificates(session, words, start=(number - 1) * PAGE_SIZE, limit=PAGE_SIZE)
            total = portal.count_certificates(session, words)
        page = NewsList(
            title="证书信息",
            crumbs=[Crumb("首页", "/"), Crumb("证书信息")],
            cards=[_card(card) for card in found],
            action="/certificates/",
            query=words,
            pager=_pager("/certificates/", {"q": words} if words else {}, number, total),
            empty=Empty("没有符合条件的证书", "换个名称再搜索" if words else ""),
        )
        return draw("portal/list.html", page)

    @expose("/certificates/<int:key>")
    def certificate(self, key: int) -> str:
        with as_public(self.session) as session:
            levels, standards = portal.certificate(session, key)
            page = _certificate_page(levels, standards)
        return draw("portal/certificate.html", page)

    @expose("/certificates/standards/<int:key>")
    def standard(self, key: int) -> Response:
        with as_public(self.session) as session:
            found = session.get(Standard, key) if key < 2**63 else None
            if found is None:
                raise NotFound("没有找到该标准")
            kind = found.file.rpartition(".")[2]
            return files.respond(session, found.file, name=f"{found.name}.{kind}")


def _certificate_page(levels: list[Certificate], standards: list[Standard]) -> CertificatePage:
    first = levels[0]
    texts = [(f"{row.level.label}介绍", clean_html(row.intro)) for row in levels if row.intro]
    return CertificatePage(
        title=first.name,
        crumbs=[Crumb("首页", "/"), Crumb("证书信息", "/certificates/"), Crumb(first.name)],
        heading=first.name,
        facts=[
            ("颁证机构", Cell(first.organisation_name)),
            ("等级", Cell(" · ".join(row.level.label for row in levels))),
        ],
        texts=texts,
        tables=[_levels_table(levels), _standards_table(standards)],
    )


def _levels_table(levels: list[Certificate]) -> Related:
    rows = [
        Row(
            str(row.id),
            [Cell(row.code), Cell(row.level.label), Cell(row.state.label, "state", row.state.tone)],  # type: ignore[arg-type]
        )
        for row in levels
    ]
    return Related(
        "证书等级", [Column("code", "证书编号"), Column("level", "等级"), Column("state", "状态")], rows
    )


def _standards_table(standards: list[Standard]) -> Related:
    rows = [
        Row(
            str(row.id),
            [
                Cell(row.name, href=f"/certificates/standards/{row.id}"), Cell(row.edition),
                Cell(str(row.published_on), "date"),
            ],
        )
        for row in standards
    ]  # fmt: skip
    columns = [Column("name", "标准名称"), Column("edition", "版本"), Column("published_on", "发布日期")]
    return Related("证书标准", columns, rows, empty="还没有发布证书标准")


def _slug(row: Notice) -> str:
    return next(slug for slug, kind in NOTICES.items() if kind is row.kind)


def _news(row: Notice) -> News:
    return News(row.title, _day(row.publish_from), f"/notices/{row.id}")


def _day(moment: Any) -> str:
    return plain(moment.astimezone(clock.ZONE).date()) if moment is not None else ""


def _card(card: Card) -> CertificateCard:
    levels = " · ".join(level.label for level in card.levels)
    return CertificateCard(card.name, f"/certificates/{card.key}", card.organisation, levels)


def _number() -> int:
    text = request.args.get("page", "1")
    return min(max(int(text), 1), OLDEST_PAGE) if text.isascii() and text.isdecimal() and len(text) < 6 else 1


def _pager(url: str, words: dict[str, str], number: int, total: int) -> Pager | None:
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
