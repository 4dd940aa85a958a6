"""What was declared and approved in a year, by certificate, organisation, city, school type or school (7.3, 1.5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.services.actions import page_link
from models.certificates import Certificate
from models.declarations import Declaration, DeclarationBatch, DeclarationState
from models.directory import Organisation, School, SchoolKind
from models.quotas import Quota
from models.regions import City

PAGE = "/console/declaration_report/"
DIMENSIONS = {
    "certificate": "证书",
    "organisation": "颁证机构",
    "city": "地市",
    "kind": "院校类型",
    "school": "院校",
}

page_link(Declaration, "report", "统计报表", PAGE, on="list", icon="chart-bar", order=70)


@dataclass(frozen=True)
class Line:
    """One line of the report; `granted` and `used` are of the whole year's quotas, None where one batch is looked at."""

    label: str
    schools: int
    declared: int
    applied: int
    waiting: int
    passed: int
    refused: int
    approved: int
    granted: int | None = None
    used: int | None = None


@dataclass(frozen=True)
class Report:
    lines: Sequence[Line]
    total: Line


def years(session: Session) -> list[int]:
    """The years in which anything could be declared, the newest first."""
    found = sa.select(DeclarationBatch.year).distinct().order_by(DeclarationBatch.year.desc())
    return list(session.scalars(found))


def batches(session: Session, year: int) -> list[tuple[int, str]]:
    """The published batches of a year."""
    found = (
        sa.select(DeclarationBatch.id, DeclarationBatch.name)
        .where(DeclarationBatch.year == year, DeclarationBatch.published_at.is_not(None))
        .order_by(DeclarationBatch.window_from)
    )
    return [(key, name) for key, name in session.execute(found)]


def report(session: Session, by: str, year: int, batch_id: int | None = None) -> Report:
    """The lines of a dimension, most applied for first, and the total: two statements, and one for the names."""
    declared = session.execute(declared_by(by, year, batch_id)).all()
    quotas = (
        {}
        if batch_id
        else {key: (granted, used) for key, granted, used in session.execute(quota_by(by, year))}
    )
    names = _names(session, by, [row[0] for row in declared])
    lines: list[Line] = []
    total = Line("合计", 0, 0, 0, 0, 0, 0, 0)
    for key, whole, *numbers in declared:
        if whole:
            pots = (sum(g for g, _ in quotas.values()), sum(u for _, u in quotas.values()))
            total = Line("合计", *numbers, *(pots if not batch_id else ()))
        else:
            lines.append(
                Line(names.get(key, "其他"), *numbers, *(quotas.get(key, (0, 0)) if not batch_id else ()))
            )
    return Report(sorted(lines, key=lambda line: (-line.applied, line.label)), total)


def declared_by(by: str, year: int, batch_id: int | None = None) -> Any:
    """Key, whether it is the total, and the figures of submitted declarations."""
    key = _key(by, Declaration)

    def among(*states: DeclarationState) -> Any:
        return sa.func.count().filter(Declaration.state.in_(states))

    figures = (
        sa.func.count(sa.distinct(Declaration.school_id)),
        sa.func.count(),
        sa.func.coalesce(sa.func.sum(Declaration.applied_count), 0),
        among(DeclarationState.PENDING, DeclarationState.CITY_PENDING),
        among(DeclarationState.APPROVED),
        among(DeclarationState.REFUSED),
        sa.func.coalesce(sa.func.sum(Declaration.approved_count), 0),
    )
    where = [Declaration.year == year, Declaration.state != DeclarationState.DRAFT]
    if batch_id:
        where.append(Declaration.batch_id == batch_id)
    statement = sa.select(key, sa.func.grouping(key), *figures).select_from(Declaration)
    if by == "kind":
        statement = statement.join(School, School.id == Declaration.school_id)
    return statement.where(*where).group_by(sa.func.grouping_sets(sa.tuple_(key), sa.text("()")))


def quota_by(by: str, year: int) -> Any:
    """Key, granted, used."""
    key = _key(by, Quota)
    statement = sa.select(key, sa.func.sum(Quota.granted), sa.func.sum(Quota.used)).select_from(Quota)
    if by == "kind":
        statement = statement.join(School, School.id == Quota.school_id)
    return statement.where(Quota.year == year).group_by(key)


def _key(by: str, model: type[Declaration] | type[Quota]) -> Any:
    return School.kind if by == "kind" else getattr(model, f"{by}_id")


def _names(session: Session, by: str, keys: Sequence[Any]) -> dict[Any, str]:
    if by == "kind":
        return {kind: kind.label for kind in SchoolKind}
    model: Any = {"certificate": Certificate, "organisation": Organisation, "city": City, "school": School}[
        by
    ]
    rows = session.scalars(sa.select(model).where(model.id.in_([key for key in keys if key is not None])))
    return {row.id: str(row) for row in rows}
