"""申报进度: a batch city by city, as chart, table and workbook (4.1, 7.3)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa
from flask import Response, render_template, request
from flask_appbuilder import BaseView, expose
from sqlalchemy.orm import Session

from app.access.actor import current_actor
from app.access.roles import may
from app.panel.exporting import workbook
from app.panel.gates import opens
from app.panel.menus import add_entry
from app.panel.pages import Cell, Column, Crumb, Link, Row
from app.services import batch_progress
from app.services.batch_progress import PAGE, Line, Progress
from app.services.batches import window_text
from app.services.errors import DomainError
from app.sheets.spec import Kind
from models.declarations import BatchPhase, DeclarationBatch, DeclarationState
from models.kit import Moment, clock, formats
from views.consoles.declaration_reports import BARS, ReportPage

TITLE, AREA = "申报进度", "申报管理"
_FIGURES = (
    ("directory", "名录院校"), ("registered", "已注册"), ("declared", "已提交院校"), ("idle", "未提交院校"),
    ("city_waiting", "待地市初审"), ("city_agreed", "地市同意"), ("city_refused", "地市退回"),
    ("waiting", "待省级审核"), ("approved", "通过"), ("refused", "不通过"), ("applied", "申报人数"),
    ("granted", "批准人数"),
)  # fmt: skip
_OF_CITY = ("city_waiting", "city_agreed", "city_refused")
_TABS = {
    "city_waiting": DeclarationState.CITY_PENDING,
    "waiting": DeclarationState.PENDING,
    "approved": DeclarationState.APPROVED,
}

add_entry(
    f"{AREA}/{TITLE}", PAGE, "timeline-event", 31, lambda actor: may(actor, "declaration_batch", "progress")
)


@dataclass
class ProgressPage(ReportPage):
    chosen: int | None = None


class BatchProgress(BaseView):
    """`/console/batch_progress/`."""

    route_base = PAGE.rstrip("/")
    default_view = "page"
    session: Session

    @expose("/")
    @opens("declaration_batch:progress")
    def page(self) -> str:
        offered = batch_progress.batches(self.session)
        batch = _chosen(offered)
        crumbs = [Crumb("首页", "/console/"), Crumb(AREA), Crumb(TITLE)]
        if batch is None:
            blank = ProgressPage(title=TITLE, crumbs=crumbs, blank="还没有发布的申报批次")
            return render_template("declaring/progress.html", page=blank)
        found, shown = batch_progress.progress(self.session, batch), _shown(batch)
        page = ProgressPage(
            title=TITLE,
            crumbs=crumbs,
            hint=f"{batch.phase(clock.now()).label},申报时间:{window_text(batch)};等待最久的排在最前",
            batches=[(one.id, _name(one)) for one in offered],
            chosen=batch.id,
            figures=[(label, f"{getattr(found.total, name):,}") for name, label in shown],
            columns=[
                Column("city", "地市"),
                *(Column(name, label, "number") for name, label in shown),
                Column("since", "最早待审", "moment"),
            ],
            rows=[_row(line, batch, shown) for line in found.lines],
            chart=_chart(found),
            summary=_summary(found),
            blank="本地区的院校名录还是空的,也没有提交的申报",
            links=_links(batch, found),
        )
        return render_template("declaring/progress.html", page=page)

    @expose("/excel", methods=["POST"])
    @opens("declaration_batch:progress")
    def excel(self) -> Response:
        """The same as a workbook; noted in the trail as every export is (R135)."""
        batch = _chosen(batch_progress.batches(self.session))
        if batch is None:
            raise DomainError("progress.none", "还没有发布的申报批次")
        found, shown = batch_progress.progress(self.session, batch), _shown(batch)
        name = f"申报进度-{batch.name}.xlsx"
        self.session.execute(
            sa.select(sa.func.panel_note("EXPORT", "declaration", sa.null(), "导出申报进度"))
        )
        self.session.commit()
        columns: list[tuple[str, Kind]] = [
            ("地市", "text"),
            *((label, "integer") for _, label in shown),
            ("最早待审", "text"),
        ]
        lines = (
            [line.city, *(getattr(line, column) for column, _ in shown), _since(line)]
            for line in (*found.lines, found.total)
        )
        return workbook(columns, lines, name)


def _chosen(offered: Sequence[DeclarationBatch]) -> DeclarationBatch | None:
    """The batch of the address; without one that is there: the one that is open, else the latest."""
    asked, now = formats.row_id(request.args.get("batch")), clock.now()
    named = (one for one in offered if one.id == asked)
    opened = (one for one in offered if one.phase(now) is BatchPhase.OPEN)
    return next(named, None) or next(opened, None) or next(iter(offered), None)


def _links(batch: DeclarationBatch, found: Progress) -> list[Link]:
    excel = Link("导出Excel", f"{PAGE}excel?batch={batch.id}", "download", "post", name="export")
    return [excel] if found.lines else []


def _name(batch: DeclarationBatch) -> str:
    name = f"{batch.name}({batch.year}年度)"
    return name if current_actor().kind != "platform" else f"{batch.province.name} · {name}"


def _shown(batch: DeclarationBatch) -> list[tuple[str, str]]:
    """The figures there are: a city decides only where the batch asks for it (4.3)."""
    return [(n, label) for n, label in _FIGURES if n not in _OF_CITY or batch.requires_city_review]


def _since(line: Line) -> str:
    return Moment().shown(line.since) if line.since else ""


def _row(line: Line, batch: DeclarationBatch, shown: Sequence[tuple[str, str]]) -> Row:
    numbers = [
        Cell(f"{value:,}", "number", href=_href(name, line, batch) if value else "")
        for name, value in ((name, getattr(line, name)) for name, _ in shown)
    ]
    return Row("", [Cell(line.city), *numbers, Cell(_since(line) or "—", "moment")], title=line.city)


def _href(name: str, line: Line, batch: DeclarationBatch) -> str:
    """The list that a number counts."""
    if line.key is None:
        return ""
    if name in ("directory", "registered"):
        table = "school_directory" if name == "directory" else "school"
        asked: dict[str, Any] = {"f_city_id": line.key} | ({"f_active": "1"} if name == "directory" else {})
        return f"/console/{table}/?{urlencode(asked)}"
    if name not in _TABS:
        return ""
    asked = {"tab": _TABS[name].value, "f_batch_id": batch.id, "f_city_id": line.key}
    return f"/console/declaration/?{urlencode(asked)}"


def _chart(found: Progress) -> str:
    top = list(found.lines[:BARS])
    if len(top) < 2 or not any(line.registered or line.declared for line in top):
        return ""
    series = [
        {"name": "已注册院校", "data": [line.registered for line in top]},
        {"name": "已提交院校", "data": [line.declared for line in top]},
    ]
    return json.dumps({"labels": [line.city for line in top], "series": series}, ensure_ascii=False)


def _summary(found: Progress) -> str:
    total, waiting = found.total, next((line for line in found.lines if line.since), None)
    longest = f",等待最久的是{waiting.city}({_since(waiting)}提交)" if waiting else ""
    few = f",图中为前{BARS}个地市" if len(found.lines) > BARS else ""
    return (
        f"{len(found.lines)}个地市,注册{total.registered}所,已提交{total.declared}所"
        f",待审核{total.waiting + total.city_waiting}项{longest}{few}"
    )
