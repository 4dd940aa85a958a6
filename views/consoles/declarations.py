"""申报证书试点: the declaration system's page, where a school sees its province's batches and its own declarations,
and what to do next (1.4, 7.2, R8, E15). What a school that is not pilot yet is led to (E10)."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Response, render_template
from flask_appbuilder import BaseView, expose
from sqlalchemy.orm import Session, joinedload

from app.access.actor import Actor, current_actor
from app.access.roles import may
from app.panel.cells import cell, plain
from app.panel.gates import opens
from app.panel.menus import add_entry
from app.panel.pages import Cell, Column, Crumb, DetailPage, Item, Link, Related, Row, Section
from app.panel.resolve import resolve
from app.panel.web import DECLARING_HOME
from app.services.actions import page_link
from app.services.batches import window_text
from app.services.declaration_papers import printed
from app.services.errors import NotFound
from models.declarations import BatchPhase, Declaration, DeclarationBatch
from models.directory import School
from models.kit import clock
from views.consoles.basics import steps
from views.consoles.papers import pdf

ADD = "/console/declaration/add?batch_id={id}"
_BATCHES, _DECLARATIONS = 20, 50
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
        batches, declared = self._batches(), self._declarations()
        page = DetailPage(
            title="申报证书试点",
            crumbs=[Crumb("首页", "/console/"), Crumb("证书管理"), Crumb("申报计划")],
            hint="先完善院校基础信息,再申报证书试点并提交审核;批次结束且有证书通过审核后,业务平台自动开通",
            heading=school.name,
            steps=steps(school, [row.state for row in declared], actor),
            links=_buttons(school, batches, actor),
            sections=_notes(batches),
            related=[
                Related(
                    f"{school.province.name}的申报计划",
                    _columns(),
                    [_batch_row(batch, actor) for batch in batches],
                    empty="本省还没有发布申报批次,请留意通知",
                ),
                _declared(declared),
            ],
        )
        return render_template("panel/detail.html", page=page)

    @expose("/<int:key>/print")
    @opens("declaration:print")
    def print(self, key: int) -> Response:
        if key >= 2**63:
            raise NotFound()
        return pdf(*printed(self.session, key))

    def _batches(self) -> list[DeclarationBatch]:
        newest = sa.select(DeclarationBatch).order_by(DeclarationBatch.window_from.desc()).limit(_BATCHES)
        return list(self.session.scalars(newest))

    def _declarations(self) -> list[Declaration]:
        loads = [joinedload(getattr(Declaration, name)) for name in ("batch", "certificate", "organisation")]
        newest = sa.select(Declaration).order_by(Declaration.id.desc()).limit(_DECLARATIONS).options(*loads)
        return list(self.session.scalars(newest))


def _notes(batches: list[DeclarationBatch]) -> list[Section]:
    """What the province has to say about the batches that are open (7.2)."""
    return [
        Section(f"申报说明 · {batch.name}", [Item("申报说明", Cell("", "rich", html=batch.notes), wide=True)])
        for batch in batches
        if batch.notes and _is_open(batch)
    ]


def _buttons(school: School, batches: list[DeclarationBatch], actor: Actor) -> list[Link]:
    links = []
    if may(actor, "school", "edit"):
        label = "院校基础信息" if school.basics_completed else "完善院校基础信息"
        first = not school.basics_completed
        links.append(
            Link(
                label,
                f"/console/school/{school.id}/edit?next={DECLARING_HOME}",
                "school",
                primary=first,
                name="basics",
            )
        )
    if may(actor, "declaration", "add"):
        opened = next(filter(_is_open, batches), None)
        href = ADD.format(id=opened.id) if opened else ""
        reason = "" if opened else "当前没有开放的申报批次"
        links.append(
            Link(
                "申报证书试点",
                href,
                "clipboard-plus",
                primary=school.basics_completed,
                disabled=reason,
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


def _declared(rows: list[Declaration]) -> Related:
    resolved = resolve(Declaration)
    labels = {**{name: resolved.fields[name].label for name in _SHOWN}, "certificate_id": "试点证书"}
    columns = [Column(name, labels[name]) for name in _SHOWN]
    shown = [
        Row(
            str(row.id),
            [cell(resolved, row, name) for name in _SHOWN],
            [Link("查看", f"{resolved.url}/{row.id}")],
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
