"""How far a batch has come in each city, for those who lead it: 4.1, issue 4's live progress by city."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from app.access.actor import current_actor
from app.services.actions import page_link
from models.declarations import Decision, Declaration, DeclarationBatch, DeclarationState, Review, ReviewStage
from models.directory import School, SchoolDirectory
from models.regions import City

PAGE = "/console/batch_progress/"
ELSEWHERE = "名录未注明地市"
MOST = 200

page_link(
    DeclarationBatch,
    "progress",
    "各地市进度",
    PAGE + "?batch={id}",
    on="one",
    icon="chart-bar",
    order=5,
    when=lambda row: row.published_at is not None and current_actor().kind != "school",
)


@dataclass(frozen=True)
class Line:
    """One city. Schools are counted once, declarations one by one; a school's draft is its own until it is submitted
    (4.3), so a school with nothing but drafts has not declared yet."""

    key: int | None
    city: str
    directory: int = 0  # schools of the list that are open
    registered: int = 0
    declared: int = 0  # schools that have submitted
    city_waiting: int = 0
    city_agreed: int = 0
    city_refused: int = 0
    waiting: int = 0
    approved: int = 0
    refused: int = 0
    applied: int = 0
    granted: int = 0
    since: datetime | None = None  # when what waits longest was submitted

    @property
    def idle(self) -> int:
        """Registered schools that have submitted nothing."""
        return max(0, self.registered - self.declared)


@dataclass(frozen=True)
class Progress:
    lines: Sequence[Line]
    total: Line


def batches(session: Session) -> Sequence[DeclarationBatch]:
    """The published batches this actor sees, the latest first."""
    found = sa.select(DeclarationBatch).where(DeclarationBatch.published_at.is_not(None))
    newest = found.order_by(DeclarationBatch.window_from.desc(), DeclarationBatch.id.desc())
    return session.scalars(newest.options(joinedload(DeclarationBatch.province)).limit(MOST)).all()


def progress(session: Session, batch: DeclarationBatch) -> Progress:
    """The cities of the batch's province that this actor sees, what waits longest first, and the sum: one statement."""
    lines = [Line(*row) for row in session.execute(by_city(batch.id, batch.province_id))]
    numbers = [f.name for f in fields(Line) if f.name not in ("key", "city", "since")]
    sums = {name: sum(getattr(line, name) for line in lines) for name in numbers}
    since = min((line.since for line in lines if line.since), default=None)
    return Progress(lines, Line(None, "合计", **sums, since=since))


def by_city(batch: int, province: int) -> Any:
    """City, and the figures of `Line` in their order. The wall leaves a city its own schools only."""
    listed = (
        sa.select(SchoolDirectory.city_id.label("city_id"), sa.func.count().label("listed"))
        .where(SchoolDirectory.province_id == province, SchoolDirectory.active)
        .group_by(SchoolDirectory.city_id)
        .subquery("listed")
    )
    registered = (
        sa.select(School.city_id, sa.func.count().label("registered"))
        .where(School.province_id == province)
        .group_by(School.city_id)
        .subquery("registered")
    )
    declared = _declared(batch).subquery("declared")
    city = sa.func.coalesce(listed.c.city_id, registered.c.city_id, declared.c.city_id)
    figures = [column for column in declared.c if column.name not in ("city_id", "since")]
    joined = listed.join(registered, registered.c.city_id == listed.c.city_id, full=True).join(
        declared,
        declared.c.city_id == sa.func.coalesce(listed.c.city_id, registered.c.city_id),
        full=True,
    )
    return (
        sa.select(
            City.id,
            sa.func.coalesce(City.name, ELSEWHERE),
            *(sa.func.coalesce(column, 0) for column in (listed.c.listed, registered.c.registered, *figures)),
            declared.c.since,
        )
        .select_from(joined.join(City, City.id == city, isouter=True))
        .order_by(declared.c.since.asc().nulls_last(), City.code.asc().nulls_last())
    )


def _declared(batch: int) -> sa.Select[Any]:
    """What was submitted in the batch, by city; of the city's own decisions on a declaration the last one counts."""
    said = (
        sa.select(Review.decision)
        .where(Review.declaration_id == Declaration.id, Review.stage == ReviewStage.CITY)
        .order_by(Review.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    mine = (
        sa.select(
            Declaration.city_id,
            Declaration.school_id,
            Declaration.state,
            Declaration.applied_count,
            Declaration.approved_count,
            Declaration.submitted_at,
            said.label("said"),
        )
        .where(Declaration.batch_id == batch, Declaration.state != DeclarationState.DRAFT)
        .subquery("mine")
    )

    def among(*conditions: Any) -> Any:
        return sa.func.count().filter(*conditions)

    at_city, at_province = DeclarationState.CITY_PENDING, DeclarationState.PENDING
    return sa.select(
        mine.c.city_id,
        sa.func.count(sa.distinct(mine.c.school_id)).label("declared"),
        among(mine.c.state == at_city).label("city_waiting"),
        among(mine.c.said == Decision.APPROVED, mine.c.state != at_city).label("city_agreed"),
        among(mine.c.said == Decision.REFUSED, mine.c.state == DeclarationState.REFUSED).label(
            "city_refused"
        ),
        among(mine.c.state == at_province).label("waiting"),
        among(mine.c.state == DeclarationState.APPROVED).label("approved"),
        among(mine.c.state == DeclarationState.REFUSED, mine.c.said.is_distinct_from(Decision.REFUSED)).label(
            "refused"
        ),
        sa.func.coalesce(sa.func.sum(mine.c.applied_count), 0).label("applied"),
        sa.func.coalesce(sa.func.sum(mine.c.approved_count), 0).label("granted"),
        sa.func.min(mine.c.submitted_at).filter(mine.c.state.in_((at_city, at_province))).label("since"),
    ).group_by(mine.c.city_id)
