"""证书信息 (7.1): browsed by organisation, level and major; each certificate with its subjects and rule."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from flask import request
from flask_appbuilder import BaseView, expose
from werkzeug.wrappers import Response

from app.panel.pages import (
    Cell,
    CertificateCard,
    CertificatePage,
    Column,
    Crumb,
    Empty,
    LevelPart,
    Link,
    NewsList,
    Pick,
    Related,
    Row,
)
from app.services import files, portal
from app.services.errors import NotFound
from app.services.portal import Card, Described, Examination
from app.services.richtext import clean_html
from models.certificates import Certificate, CertificateState, Level, Standard
from models.kit import formats
from models.plans import PassMode
from views.portal.shell import PAGE_SIZE, as_public, draw, number_of_page, pager, words_asked

HOME = "/certificates/"


class Catalogue(BaseView):
    """What everybody may know of certificates."""

    route_base = ""
    default_view = "certificates"
    session: Any

    @expose("/certificates/")
    def certificates(self) -> str:
        number, wanted = number_of_page(), _wanted()
        with as_public(self.session) as session:
            found = portal.certificates(session, wanted, start=(number - 1) * PAGE_SIZE, limit=PAGE_SIZE)
            total = portal.count_certificates(session, wanted)
            selects = [
                Pick("organisation", "颁证机构", portal.organisations(session), _text(wanted.organisation)),
                Pick("level", "证书等级", Level.pairs(), wanted.level.value if wanted.level else ""),
                Pick("major", "适用专业", portal.majors(session), wanted.major),
            ]
        asked = _asked(wanted)
        page = NewsList(
            title="证书信息",
            hint="按颁证机构、等级和适用专业查找,点开查看考试科目和通过条件",
            crumbs=[Crumb("首页", "/"), Crumb("证书信息")],
            cards=[card(one) for one in found],
            action=HOME,
            query=wanted.words,
            placeholder="证书或机构名称",
            selects=selects,
            narrowed=_narrowed(selects, asked),
            count=f"共{total}个证书",
            pager=pager(HOME, asked, number, total),
            empty=Empty(
                "没有符合条件的证书", "减少几个条件再找" if asked else "", Link("查看全部证书", HOME)
            ),
        )
        return draw("portal/list.html", page)

    @expose("/certificates/<int:key>")
    def certificate(self, key: int) -> str:
        with as_public(self.session) as session:
            page = _page(portal.certificate(session, key))
        return draw("portal/certificate.html", page)

    @expose("/certificates/standards/<int:key>")
    def standard(self, key: int) -> Response:
        with as_public(self.session) as session:
            found = session.get(Standard, key) if key < portal.LARGEST_ID else None
            if found is None:
                raise NotFound("没有找到该标准")
            kind = found.file.rpartition(".")[2]
            return files.respond(session, found.file, name=f"{found.name}.{kind}")


def card(found: Card) -> CertificateCard:
    levels = " · ".join(level.label for level in found.levels)
    return CertificateCard(found.name, f"{HOME}{found.key}", found.organisation, levels)


def _wanted() -> portal.Catalogue:
    """What the address asks for; what makes no sense narrows nothing."""
    level = request.args.get("level", "")
    major = request.args.get("major", "")[:10]
    return portal.Catalogue(
        words=words_asked(),
        organisation=formats.row_id(request.args.get("organisation")),
        level=Level(level) if level in list(Level) else None,
        major=major if major.isascii() and major.isalnum() else "",
    )


def _asked(wanted: portal.Catalogue) -> dict[str, str]:
    """The same as an address."""
    asked = {
        "q": wanted.words,
        "organisation": _text(wanted.organisation),
        "level": wanted.level.value if wanted.level else "",
        "major": wanted.major,
    }
    return {name: value for name, value in asked.items() if value}


def _text(key: int | None) -> str:
    return "" if key is None else str(key)


def _narrowed(selects: list[Pick], asked: dict[str, str]) -> list[Link]:
    """Each condition as a link that takes it back."""
    links = []
    for pick in selects:
        chosen = dict(pick.options).get(pick.value)
        if chosen is not None:
            rest = {name: value for name, value in asked.items() if name != pick.name}
            links.append(Link(f"{pick.label}:{chosen}", f"{HOME}?{urlencode(rest)}" if rest else HOME))
    return links


def _page(found: Described) -> CertificatePage:
    first = found.levels[0]
    return CertificatePage(
        title=first.name,
        crumbs=[Crumb("首页", "/"), Crumb("证书信息", HOME), Crumb(first.name)],
        heading=first.name,
        facts=[
            ("颁证机构", Cell(first.organisation_name, href=f"{HOME}?organisation={first.organisation_id}")),
            ("等级", Cell(" · ".join(row.level.label for row in found.levels))),
        ],
        tags=[Link(name, f"{HOME}?major={code}") for code, name in found.majors],
        levels=[_level(row, found.examinations[row.id]) for row in found.levels],
        tables=[_standards(found.standards)],
    )


def _level(row: Certificate, examined: Examination) -> LevelPart:
    state = Cell(row.state.label, "state", row.state.tone)  # type: ignore[arg-type]
    return LevelPart(
        f"{row.level.label}(证书编号 {row.code})",
        state if row.state is not CertificateState.ENABLED else None,
        clean_html(row.intro) if row.intro else "",
        _rule(examined),
        _subjects(row.level, examined),
    )


def _rule(examined: Examination) -> str:
    """考核通过条件 in one sentence (R66, R67)."""
    if examined.mode is None:
        return "以考试计划公布的为准"
    source = f"(按{examined.year}年度最近一次考试计划)"
    if examined.mode is PassMode.WEIGHTED and examined.total is not None:
        return f"各科目按比例合计,综合成绩达到{_points(examined.total)}分为合格{source}"
    return f"每个科目都达到合格分数为合格{source}"


def _subjects(level: Level, examined: Examination) -> Related:
    weighted = examined.mode is PassMode.WEIGHTED
    each = examined.mode is PassMode.EACH
    columns = [
        Column("code", "科目编号"), Column("name", "科目名称"), Column("mode", "考试方式"),
        Column("target", "参考对象"), Column("full", "满分", "number"),
        *([Column("pass", "合格分数", "number")] if each else []),
        *([Column("weight", "所占比例", "number")] if weighted else []),
    ]  # fmt: skip
    rows = [
        Row(
            one.code,
            [
                Cell(one.code), Cell(one.name), Cell(one.mode.label), Cell(one.target),
                _mark(one.full_mark),
                *([_mark(one.pass_mark)] if each else []),
                *([Cell(f"{one.weight}%" if one.weight is not None else "—", "number")] if weighted else []),
            ],
        )
        for one in examined.subjects
    ]  # fmt: skip
    return Related(f"{level.label}考试科目", columns, rows, empty="还没有公布考试科目")


def _mark(value: Decimal | None) -> Cell:
    return Cell(_points(value) if value is not None else "—", "number")


def _points(value: Decimal) -> str:
    """Without zeros nobody needs: 60, 59.5."""
    return f"{value.normalize():f}"


def _standards(standards: list[Standard]) -> Related:
    rows = [
        Row(
            str(row.id),
            [
                Cell(row.name, href=f"{HOME}standards/{row.id}"), Cell(row.edition),
                Cell(str(row.published_on), "date"),
            ],
        )
        for row in standards
    ]  # fmt: skip
    columns = [Column("name", "标准名称"), Column("edition", "版本"), Column("published_on", "发布日期")]
    return Related("证书标准", columns, rows, empty="还没有发布证书标准")
