"""Declaration batches: a province's timetable for declaring, from draft to reopening (4.1, R27, R28)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.services import audit
from app.services.actions import Ask, Figure, action, before_delete, before_save, counted, editable_when
from app.services.errors import Conflict, DomainError
from models.declarations import (
    BatchPhase,
    Declaration,
    DeclarationBatch,
    DeclarationBatchCertificate,
    DeclarationState,
)
from models.directory import School
from models.kit import Moment, Text, clock

_CHANGEABLE = (BatchPhase.DRAFT, BatchPhase.COMING)


def window_text(batch: DeclarationBatch) -> str:
    """The window as people read it, to the last minute inside (R28)."""
    return f"{Moment().shown(batch.window_from)} ~ {Moment(closing=True).shown(batch.window_to)}"


@editable_when(DeclarationBatch)
def _editable(row: DeclarationBatch) -> bool:
    """草稿 and 未开始 are edited; once it has begun a batch can only be extended (4.1)."""
    return row.phase(clock.now()) in _CHANGEABLE


@before_save(DeclarationBatch)
def _check(session: Session, actor: Actor, row: DeclarationBatch, values: dict[str, Any]) -> None:
    if row.window_from >= row.window_to:
        raise DomainError("batch.window", "申报开始应早于申报截止", "window_to")
    _require_within_year(row.year, row.window_to)
    if row.id is not None:
        _require_changeable(row)
    if row.published_at is not None and row.window_to <= clock.now():
        raise DomainError("batch.window", "申报截止应晚于当前时间", "window_to")


def _require_within_year(year: int, window_to: datetime) -> None:
    """What is approved counts in the year of the batch alone (R35): approved later, it would be void at once."""
    if window_to > datetime(year + 1, 1, 1, tzinfo=clock.ZONE):
        raise DomainError("batch.year", f"{year}年度的批次最晚到{year}年12月31日24:00截止", "window_to")


def _require_changeable(row: DeclarationBatch) -> None:
    """By its window before this change: a batch that has begun cannot be moved out of it by editing."""
    begins = sa.inspect(row).attrs.window_from.history.deleted
    began = begins[0] if begins else row.window_from
    if row.published_at is not None and began <= clock.now():
        raise Conflict("batch.begun", "批次已开始申报,不能修改;需要更多时间请用“延长”")


@before_save(DeclarationBatchCertificate)
def _limit(session: Session, actor: Actor, row: DeclarationBatchCertificate, values: dict[str, Any]) -> None:
    _require_changeable(session.get_one(DeclarationBatch, row.batch_id))


@before_delete(DeclarationBatchCertificate)
def _lift_limit(session: Session, actor: Actor, row: DeclarationBatchCertificate) -> None:
    _require_changeable(session.get_one(DeclarationBatch, row.batch_id))


@before_delete(DeclarationBatch)
def _only_drafts_go(session: Session, actor: Actor, row: DeclarationBatch) -> None:
    if row.published_at is not None:
        raise Conflict("batch.published", "已发布的批次不能删除;没有院校申报时可以先撤回")


@action(
    DeclarationBatch,
    "publish",
    "发布",
    icon="send",
    order=10,
    when=lambda row: row.published_at is None,
    confirm="发布后本省院校即可看到批次,确定发布吗?",
)
def publish(session: Session, actor: Actor, rows: list[DeclarationBatch]) -> str:
    """草稿 → 未开始 or 申报中."""
    now = clock.now()
    for batch in rows:
        if batch.published_at is not None:
            raise Conflict("batch.published", f"“{batch}”已发布")
        if batch.window_to <= now:
            raise DomainError("batch.window", f"“{batch}”的申报截止应晚于当前时间,请先修改")
        batch.published_at = now
    session.flush()
    return f"已发布{len(rows)}个批次"


@action(
    DeclarationBatch,
    "extend",
    "延长",
    on="one",
    icon="clock-plus",
    order=11,
    when=lambda row: row.phase(clock.now()) in (BatchPhase.OPEN, BatchPhase.OVER),
    asks=(
        Ask("window_to", "新的申报截止", Moment(closing=True)),
        Ask("reason", "原因", Text(500, 2), help="2–500字,记入操作记录"),
    ),
    confirm="延长期间院校可以继续新增、修改和提交申报;已成为试点的院校不受影响",
)
def extend(
    session: Session,
    actor: Actor,
    rows: list[DeclarationBatch],
    window_to: datetime,
    reason: str,
) -> str:
    """A later end, for a reason; one that is over opens again, and who became pilot by then stays it (R36)."""
    now = clock.now()
    for batch in rows:
        phase = batch.phase(now)
        if phase not in (BatchPhase.OPEN, BatchPhase.OVER):
            raise Conflict("batch.phase", f"“{batch}”还没有开始申报,请直接修改申报时间")
        if window_to <= now or window_to <= batch.window_to:
            raise DomainError("batch.window", "新的申报截止应晚于当前时间和原申报截止", "window_to")
        _require_within_year(batch.year, window_to)
        if not 2 <= len(reason.strip()) <= 500:
            raise DomainError("batch.reason", "请写明延长的原因(2–500字)", "reason")
        if phase is BatchPhase.OVER:
            batch.first_over_at = batch.first_over_at or batch.window_to
        batch.window_to = window_to
        session.flush()
        audit.note(session, "extend", batch, reason)
    return f"已延长,申报时间:{window_text(rows[0])}"


@action(
    DeclarationBatch,
    "withdraw",
    "撤回",
    icon="arrow-back-up",
    order=12,
    danger=True,
    when=lambda row: row.published_at is not None,
    confirm="撤回后批次回到草稿,院校不再看到",
)
def withdraw(session: Session, actor: Actor, rows: list[DeclarationBatch]) -> str:
    """Back to 草稿, as long as nobody has declared in it; drafts count, though the province does not see them.

    The batches are locked first: a declaration on its way is waited for, and one that comes later finds no batch.
    """
    keys = sa.select(DeclarationBatch.id).where(DeclarationBatch.id.in_([row.id for row in rows]))
    session.execute(keys.order_by(DeclarationBatch.id).with_for_update())
    used = session.scalar(
        sa.select(DeclarationBatch.name)
        .where(
            DeclarationBatch.id.in_([row.id for row in rows]),
            sa.func.panel_batch_is_used(DeclarationBatch.id),
        )
        .limit(1)
    )
    if used is not None:
        raise Conflict("batch.used", f"“{used}”中已有院校申报,不能撤回")
    for batch in rows:
        if batch.published_at is None:
            raise Conflict("batch.draft", f"“{batch}”尚未发布")
        batch.published_at = None
    session.flush()
    return f"已撤回{len(rows)}个批次"


# Live progress


@counted(DeclarationBatch)
def _progress(session: Session, actor: Actor, row: DeclarationBatch) -> list[Figure]:
    """How far the batch has come, for those who lead it; drafts are the schools' own until they are submitted."""
    if actor.kind == "school" or row.published_at is None:
        return []
    found = session.execute(
        sa.select(
            Declaration.state,
            sa.func.count(),
            sa.func.sum(Declaration.applied_count),
            sa.func.sum(Declaration.approved_count),
        )
        .where(Declaration.batch_id == row.id, Declaration.state != DeclarationState.DRAFT)
        .group_by(Declaration.state)
    ).all()
    schools, registered = session.execute(_schools(row)).one()
    link = f"/console/declaration/?f_batch_id={row.id}"
    by_state = {state: count for state, count, _, _ in found}
    return [
        Figure("已注册院校", registered),
        Figure("已提交院校", schools, "blue"),
        *(
            Figure(state.label, by_state.get(state, 0), state.tone, f"{link}&tab={state.value}")
            for state in DeclarationState
            if state is not DeclarationState.DRAFT
            and (state is not DeclarationState.CITY_PENDING or row.requires_city_review)
        ),
        Figure("申报人数", sum(applied or 0 for _, _, applied, _ in found)),
        Figure("已批准人数", sum(approved or 0 for _, _, _, approved in found), "green"),
    ]


def _schools(row: DeclarationBatch) -> sa.Select[int, int]:
    """(schools that have submitted something in the batch, schools that could)."""
    submitted = sa.select(sa.func.count(sa.distinct(Declaration.school_id))).where(
        Declaration.batch_id == row.id, Declaration.state != DeclarationState.DRAFT
    )
    registered = sa.select(sa.func.count()).select_from(School).where(School.province_id == row.province_id)
    return sa.select(submitted.scalar_subquery(), registered.scalar_subquery())
