"""What a reviewer needs beside a declaration: who waits before and after it, what the school did last year (1.2, 7.3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from app.services.actions import page_link
from app.services.declaration_papers import majors
from app.services.recommendations import STAGES, latest
from config import settings
from models.declarations import (
    Declaration,
    DeclarationFile,
    DeclarationState,
    Recommendation,
    Review,
)
from models.directory import School
from models.quotas import Quota

PAGE = "/console/reviewing/"
_WAITING = tuple(state for _, state in STAGES.values())

page_link(
    Declaration, "review", "审核", PAGE + "{id}/", on="one", icon="checks", order=18, primary=True,
    when=lambda row: row.state in _WAITING,
)  # fmt: skip
page_link(Declaration, "review_next", "逐项审核", PAGE, on="list", icon="checks", order=18)


@dataclass(frozen=True)
class Place:
    """Where a declaration stands among those that wait; `number` 0 = it does not wait for this actor."""

    number: int
    total: int
    before: int | None
    after: int | None


@dataclass(frozen=True)
class YearFigures:
    """A school's year with one certificate."""

    certificate: str
    here: bool  # the certificate that is declared now
    applied: int = 0
    approved: int = 0
    granted: int = 0
    used: int = 0
    sat: int = 0
    passed: int = 0


@dataclass(frozen=True)
class Case:
    """One declaration with all that is decided upon."""

    row: Declaration
    school: School
    majors: Sequence[str]
    files: Sequence[DeclarationFile]
    reviews: Sequence[Review]
    opinion: Recommendation | None
    last_year: Sequence[YearFigures]
    this_year: Sequence[YearFigures]
    place: Place
    others: Sequence[Declaration] = field(default=())


def waiting(kind: str) -> Any:
    """The condition of what waits for this kind of reviewer."""
    return Declaration.state == STAGES[kind][1]


def oldest(session: Session, kind: str, where: Sequence[Any] = ()) -> int | None:
    """The declaration that has waited longest."""
    first = sa.select(Declaration.id).where(waiting(kind), *where)
    return session.scalar(first.order_by(Declaration.submitted_at, Declaration.id).limit(1))


def case(session: Session, kind: str, key: int, where: Sequence[Any] = ()) -> Case | None:
    """The declaration and everything beside it; None where the wall shows none. `where` narrows the queue."""
    loads = [
        joinedload(getattr(Declaration, name)) for name in ("batch", "certificate", "organisation", "city")
    ]
    row = session.scalars(sa.select(Declaration).where(Declaration.id == key).options(*loads)).one_or_none()
    school = session.get(School, row.school_id) if row is not None else None
    if row is None or school is None:
        return None
    return Case(
        row=row,
        school=school,
        majors=majors(session, key),
        files=session.scalars(
            sa.select(DeclarationFile)
            .where(DeclarationFile.declaration_id == key)
            .order_by(DeclarationFile.id)
        ).all(),
        reviews=session.scalars(
            sa.select(Review).where(Review.declaration_id == key).order_by(Review.id)
        ).all(),
        opinion=latest(session, [key]).get(key),
        last_year=year_figures(session, row, row.year - 1, results=True),
        this_year=year_figures(session, row, row.year, results=False),
        place=place(session, kind, row, where),
    )


# The queue


def place(session: Session, kind: str, row: Declaration, where: Sequence[Any] = ()) -> Place:
    """Neighbours and number in the order of the work list, by the index it is sorted by."""
    order = sa.tuple_(Declaration.submitted_at, Declaration.id)
    here = sa.tuple_(sa.literal(row.submitted_at), sa.literal(row.id))
    queue = [waiting(kind), *where]

    def neighbour(condition: Any, *by: Any) -> Any:
        return sa.select(Declaration.id).where(*queue, condition).order_by(*by).limit(1).scalar_subquery()

    def few(*conditions: Any) -> Any:
        capped = sa.select(sa.literal(1)).where(*queue, *conditions).select_from(Declaration)
        inner = capped.limit(settings().count_cap + 1).subquery()
        return sa.select(sa.func.count()).select_from(inner).scalar_subquery()

    after = neighbour(order > here, Declaration.submitted_at, Declaration.id)
    before = neighbour(order < here, Declaration.submitted_at.desc(), Declaration.id.desc())
    earlier, total, behind, ahead = session.execute(sa.select(few(order < here), few(), before, after)).one()
    number = earlier + 1 if row.state is STAGES[kind][1] else 0
    return Place(number, total, behind, ahead)


# Figures of a year


def year_figures(session: Session, row: Declaration, year: int, *, results: bool) -> list[YearFigures]:
    """What the school applied for, got, used and passed in a year, the declared certificate first."""
    found: dict[int, dict[str, Any]] = {}
    declared = (
        sa.select(
            Declaration.certificate_id,
            sa.func.sum(Declaration.applied_count).label("applied"),
            sa.func.coalesce(sa.func.sum(Declaration.approved_count), 0).label("approved"),
        )
        .where(
            Declaration.school_id == row.school_id,
            Declaration.year == year,
            Declaration.id != row.id,
            Declaration.state != DeclarationState.DRAFT,
        )
        .group_by(Declaration.certificate_id)
    )
    pots = (
        sa.select(
            Quota.certificate_id,
            sa.func.sum(Quota.granted).label("granted"),
            sa.func.sum(Quota.used).label("used"),
        )
        .where(Quota.school_id == row.school_id, Quota.year == year)
        .group_by(Quota.certificate_id)
    )
    figures = sa.func.panel_pass_figures(row.school_id, year).table_valued(
        sa.column("certificate", sa.BigInteger),
        sa.column("sat", sa.BigInteger),
        sa.column("passed", sa.BigInteger),
    )
    passes = sa.select(figures.c.certificate.label("certificate_id"), figures.c.sat, figures.c.passed)
    for statement in (declared, pots, passes) if results else (declared, pots):
        for line in session.execute(statement).mappings():
            values = dict(line)
            found.setdefault(values.pop("certificate_id"), {}).update(values)
    names = _names(session, found)
    lines = [
        YearFigures(names.get(key, ""), key == row.certificate_id, **values) for key, values in found.items()
    ]
    return sorted(lines, key=lambda line: (not line.here, -line.granted, line.certificate))


def _names(session: Session, keys: Any) -> dict[int, str]:
    from models.certificates import Certificate

    rows = session.scalars(sa.select(Certificate).where(Certificate.id.in_(list(keys))))
    return {certificate.id: certificate.full_name for certificate in rows}
