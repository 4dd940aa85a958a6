"""申报证书试点: the declaration system's page, where a school sees its province's batches and its own declarations,
and what to do next (1.4, 7.2, R8, E15). What a school that is not pilot yet is led to (E10)."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Response, render_template, request
from flask_appbuilder import BaseView, expose
from sqlalchemy.orm import Session, joinedload

from app.access.actor import Actor, current_actor
from app.access.roles import may
from app.panel.cells import cell, plain
from app.panel.form_pages import closing
from app.panel.gates import opens
from app.panel.lists import column, row_links
from app.panel.menus import add_entry
from app.panel.pages import Cell, Column, Crumb, DetailPage, Item, Link, Related, Row, Section
from app.panel.resolve import resolve
from app.panel.web import DECLARING_HOME
from app.panel.wish import Wish
from app.services.actions import page_link
from app.services.batches import window_text
from app.services.declaration_choices import ADD, closed_reason, open_batches
from app.services.declaration_papers import printed
from app.services.errors import NotFound
from models.declarations import BatchPhase, Declaration, DeclarationBatch, DeclarationState
from models.directory import School
from models.kit import clock
from views.consoles.basics import steps
from views.consoles.papers import pdf

_YEARS, _BATCHES, _DECLARATIONS = 10, 20, 50
_SHOWN = ("batch_id", "certificate_id", "organisation_id", "applied_count", "approved_count", "state")


def _is_open(batch: DeclarationBatch) -> bool:
    return batch.phase(clock.now()) is BatchPhase.OPEN


page_link(
    DeclarationBatch,
    "declare",
    "申报证书试点",
    ADD,
    on="one",
    icon="clipboard-plus",
    order=5,
    primary=True,
    when=_is_open,
)
add_entry(
    "证书管理/申报计划",
    DECLARING_HOME,
    "calendar-event",
    31,
    lambda actor: may(actor, "declaration", "add"),
)


class Declaring(BaseView):
    """`/console/declaring/`."""

    route_base = DECLARING_HOME.rstrip("/")
    default_view = "page"
    session: Session

    @expose("/")
    @opens("declaration:add")  # a school's alone
    def page(self) -> Any:
        actor = current_actor()
        school = self.session.get_one(School, actor.tenant)
        years, opened = self._years(), open_batches(self.session)
        first = opened[0] if opened else None
        year = request.args.get("year", type=int) if request.args.get("year") else None
        if year not in years:  # the year in which something can be declared now, else the newest
            year = first.year if first else next(iter(years), None)
        batches, declared = self._batches(year), self._declarations(year)
        page = DetailPage(
            title="申报证书试点",
            crumbs=[Crumb("首页", "/console/"), Crumb("证书管理"), Crumb("申报计划")],
            hint="先完善院校基础信息,再申报证书试点并提交审核;批次结束且有证书通过审核后,业务平台自动开通",
            heading=school.name,
            steps=steps(school, self._states(), actor),
            links=_buttons(school, first, "" if first else closed_reason(self.session), actor),
            sections=_notes(batches),
            related=[
                Related(
                    f"{school.province.name}的申报计划",
                    _columns(),
                    [_batch_row(batch, actor) for batch in batches],
                    empty="本省还没有发布申报批次,请留意通知",
                    tabs=_year_tabs(years, year),
                ),
                _declared(declared, actor),
            ],
            closes=closing(self.session, resolve(Declaration), {"batch_id": first.id}, None)
            if first
            else None,
        )
        return render_template("panel/detail.html", page=page)

    @expose("/<int:key>/print")
    @opens("declaration:print")
    def print(self, key: int) -> Response:
        if key >= 2**63:
            raise NotFound()
        return pdf(*printed(self.session, key))

    def _years(self) -> list[int]:
        years = sa.select(DeclarationBatch.year).distinct().order_by(DeclarationBatch.year.desc())
        return list(self.session.scalars(years.limit(_YEARS)))

    def _batches(self, year: int | None) -> list[DeclarationBatch]:
        of_year = sa.select(DeclarationBatch).where(DeclarationBatch.year == year)
        newest = of_year.order_by(DeclarationBatch.window_from.desc()).limit(_BATCHES)
        return list(self.session.scalars(newest))

    def _declarations(self, year: int | None) -> list[Declaration]:
        loads = [joinedload(getattr(Declaration, name)) for name in ("batch", "certificate", "organisation")]
        of_year = sa.select(Declaration).where(Declaration.year == year).options(*loads)
        return list(self.session.scalars(of_year.order_by(Declaration.id.desc()).limit(_DECLARATIONS)))

    def _states(self) -> list[DeclarationState]:
        """The states that any of the school's declarations is in."""
        return list(self.session.scalars(sa.select(Declaration.state).distinct()))


def _year_tabs(years: list[int], shown: int | None) -> list[Link]:
    if len(years) < 2:
        return []
    return [Link(f"{year}年", "" if year == shown else f"{DECLARING_HOME}?year={year}") for year in years]


def _notes(batches: list[DeclarationBatch]) -> list[Section]:
    """What the province has to say about the batches that are open (7.2)."""
    return [
        Section(f"申报说明 · {batch.name}", [Item("申报说明", Cell("", "rich", html=batch.notes), wide=True)])
        for batch in batches
        if batch.notes and _is_open(batch)
    ]


def _buttons(school: School, first: DeclarationBatch | None, closed: str, actor: Actor) -> list[Link]:
    links = []
    if may(actor, "school", "edit"):
        label = "院校基础信息" if school.basics_completed else "完善院校基础信息"
        basics = not school.basics_completed
        href = f"/console/school/{school.id}/edit?next={DECLARING_HOME}"
        links.append(Link(label, href, "school", primary=basics, name="basics"))
    if may(actor, "declaration", "add"):
        links.append(
            Link(
                "申报证书试点",
                ADD.format(id=first.id) if first else "",
                "clipboard-plus",
                primary=school.basics_completed,
                disabled=closed,
                name="declare",
            )
        )
    return links


def _columns() -> list[Column]:
    return [
        Column("name", "申报批次/申报学期"),
        Column("window", "申报时间"),
        Column("requires_majors", "是否要求按专业填报", "flag"),
        Column("requires_city_review", "是否需要地市级教育局审批", "flag"),
        Column("phase", "状态", "state"),
    ]


def _batch_row(batch: DeclarationBatch, actor: Actor) -> Row:
    phase = batch.phase(clock.now())
    cells = [
        Cell(batch.name, href=f"/console/declaration_batch/{batch.id}"),
        Cell(window_text(batch)),
        Cell(plain(batch.requires_majors), "flag"),
        Cell(plain(batch.requires_city_review), "flag"),
        Cell(phase.label, "state", phase.tone),  # type: ignore[arg-type]
    ]
    links = (
        [Link("申报证书试点", ADD.format(id=batch.id))]
        if _is_open(batch) and may(actor, "declaration", "add")
        else []
    )
    return Row(str(batch.id), cells, links, title=batch.name)


def _declared(rows: list[Declaration], actor: Actor) -> Related:
    resolved = resolve(Declaration)
    columns = [column(resolved, name, Wish()) for name in _SHOWN]
    shown = [
        Row(
            str(row.id),
            [cell(resolved, row, name) for name in _SHOWN],
            row_links(resolved, actor, row),
            title=str(row),
        )
        for row in rows
    ]
    return Related(
        "我的申报",
        columns,
        shown,
        Link("查看全部", f"{resolved.url}/"),
        empty="还没有申报。批次开放后点“申报证书试点”",
    )
