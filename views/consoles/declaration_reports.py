"""申报统计: the report of a year as chart, table and workbook (7.3)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
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
from app.panel.pages import Cell, Column, Crumb, Link, Page, Row, Tab
from app.panel.resolve import resolve
from app.services import declaration_reports as reports
from app.services.declaration_reports import DIMENSIONS, PAGE, Line, Report
from app.sheets.spec import Kind
from models.declarations import Declaration
from models.kit import clock, formats

BARS, LINES = 12, 100
_FIGURES = (
    ("schools", "院校数"), ("declared", "申报项"), ("applied", "申报人数"), ("waiting", "待审核"), ("passed", "通过"),
    ("refused", "不通过"), ("approved", "批准人数"), ("granted", "现有指标"), ("used", "已用指标"),
)  # fmt: skip
_OF_QUOTAS = ("granted", "used")

add_entry("申报管理/申报统计", PAGE, "chart-bar", 33, lambda actor: may(actor, "declaration", "report"))


@dataclass(frozen=True)
class Asked:
    """What the address asks, cleaned."""

    by: str
    year: int
    batch: int | None

    def address(self, **changes: Any) -> str:
        pairs = {"by": self.by, "year": self.year, "batch": self.batch or "", **changes}
        return f"{PAGE}?{urlencode({name: value for name, value in pairs.items() if value != ''})}"


@dataclass
class ReportPage(Page):
    tabs: Sequence[Tab] = ()
    years: Sequence[int] = ()
    batches: Sequence[tuple[int, str]] = ()
    asked: Asked | None = None
    figures: Sequence[tuple[str, str]] = ()
    columns: Sequence[Column] = ()
    rows: Sequence[Row] = ()
    chart: str = ""  # JSON for the chart script; "" = nothing to draw
    summary: str = ""  # what the chart shows, in words
    blank: str = ""  # instead of the table
    links: Sequence[Link] = field(default_factory=list)


class DeclarationReports(BaseView):
    """`/console/declaration_report/`."""

    route_base = PAGE.rstrip("/")
    default_view = "page"
    session: Session

    @expose("/")
    @opens("declaration:report")
    def page(self) -> str:
        years, batches, asked = self._asked()
        found = reports.report(self.session, asked.by, asked.year, asked.batch)
        page = ReportPage(
            title="申报统计",
            crumbs=[Crumb("首页", "/console/"), Crumb(resolve(Declaration).menu[0]), Crumb("申报统计")],
            hint="已提交的申报;指标为全年合计,选择单个批次时不显示",
            tabs=[
                Tab(f"按{label}", asked.address(by=name), "", name == asked.by)
                for name, label in DIMENSIONS.items()
            ],
            years=years,
            batches=batches,
            asked=asked,
            figures=[(label, f"{getattr(found.total, name):,}") for name, label in _shown(found)],
            columns=[
                Column("label", DIMENSIONS[asked.by]),
                *(Column(n, t, "number") for n, t in _shown(found)),
            ],
            rows=[_row(line, found) for line in found.lines[:LINES]],
            chart=_chart(found),
            summary=_summary(found, asked),
            blank=f"{asked.year}年度还没有提交的申报",
            links=self._links(asked, found),
        )
        return render_template("declaring/report.html", page=page)

    def _links(self, asked: Asked, found: Report) -> list[Link]:
        if not found.lines or not may(current_actor(), "declaration", "export"):
            return []
        return [
            Link("导出Excel", asked.address().replace("/?", "/excel?"), "download", "post", name="export")
        ]

    @expose("/excel", methods=["POST"])
    @opens("declaration:export")
    def excel(self) -> Response:
        """The same as a workbook; noted in the trail as every export is (R135)."""
        _, _, asked = self._asked()
        found = reports.report(self.session, asked.by, asked.year, asked.batch)
        self.session.execute(
            sa.select(sa.func.panel_note("EXPORT", "declaration", sa.null(), "导出申报统计"))
        )
        self.session.commit()
        shown = _shown(found)
        columns: list[tuple[str, Kind]] = [
            (DIMENSIONS[asked.by], "text"),
            *((label, "integer") for _, label in shown),
        ]
        lines = (
            [line.label, *(getattr(line, name) for name, _ in shown)] for line in (*found.lines, found.total)
        )
        return workbook(columns, lines, f"申报统计-按{DIMENSIONS[asked.by]}-{asked.year}年度.xlsx")

    def _asked(self) -> tuple[list[int], list[tuple[int, str]], Asked]:
        """The years and the year's batches that are offered; anything else that is asked falls back to them."""
        years = reports.years(self.session) or [clock.today().year]
        year = formats.row_id(request.args.get("year"))
        now = clock.today().year
        chosen = year if year in years else now if now in years else years[0]
        batch = formats.row_id(request.args.get("batch"))
        batches = reports.batches(self.session, chosen)
        by = request.args.get("by", "")
        known = batch if batch in {key for key, _ in batches} else None
        return years, batches, Asked(by if by in DIMENSIONS else "certificate", chosen, known)


def _shown(found: Report) -> list[tuple[str, str]]:
    """The figures there are: quotas are of a whole year."""
    return [(n, label) for n, label in _FIGURES if n not in _OF_QUOTAS or found.total.granted is not None]


def _row(line: Line, found: Report) -> Row:
    numbers = [Cell(f"{getattr(line, name):,}", "number") for name, _ in _shown(found)]
    return Row("", [Cell(line.label), *numbers], title=line.label)


def _chart(found: Report) -> str:
    top = list(found.lines[:BARS])
    if not top:
        return ""
    series = [
        {"name": "申报人数", "data": [line.applied for line in top]},
        {"name": "批准人数", "data": [line.approved for line in top]},
    ]
    return json.dumps({"labels": [line.label for line in top], "series": series}, ensure_ascii=False)


def _summary(found: Report, asked: Asked) -> str:
    count = len(found.lines)
    most = f",申报人数最多的是{found.lines[0].label}({found.lines[0].applied}人)" if found.lines else ""
    few = f",图中为前{BARS}项" if count > BARS else ""
    few += f",表中为前{LINES}项,全部见导出的Excel" if count > LINES else ""
    return f"{asked.year}年度按{DIMENSIONS[asked.by]}统计,共{count}项{most}{few}"
