"""Declarations on the authorities' side: city first where the batch asks for it, then province; and taking a
decision back while its message still waits (4.3, R32–R34, E26–E28). Every decision takes many rows at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, distinct_on
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from app.access.actor import Actor
from app.services import notify, pilot, quotas
from app.services.actions import Ask, move
from app.services.declarations import tell_reviewers
from app.services.errors import Conflict, DomainError, Refused
from app.services.recommendations import proposed_counts, proposed_social
from app.services.review_records import (
    RETRACTABLE,
    Answer,
    Verdict,
    answer,
    clean_remarks,
    record,
    stop_texts,
    tell_schools,
)
from models.declarations import (
    Decision,
    Declaration,
    DeclarationState,
    Review,
    ReviewStage,
    SocialQuotaMode,
)
from models.jobs import MessageKind
from models.kit import Flag, Int, Text, clock
from models.quotas import QuotaKind

_REASON = Ask("reason", "不通过原因", Text(500, 2), help="2–500字,会短信告知院校")

# City


@move(Declaration, "agree", order=20, primary=True, aside=True)
def agree(session: Session, actor: Actor, rows: list[Declaration]) -> str:
    """待地市审核 → 待审核: now the province decides."""
    _decide(session, rows, DeclarationState.CITY_PENDING, state=DeclarationState.PENDING)
    record(session, actor, rows, Verdict(ReviewStage.CITY, Decision.APPROVED))
    tell_reviewers(session, rows, "province_id")
    return f"已同意{len(rows)}项申报,转省级教育行政部门审核"


@move(Declaration, "disagree", order=21, asks=(_REASON,), aside=True)
def disagree(
    session: Session,
    actor: Actor,
    rows: list[Declaration],
    reason: Answer[str],
    remarks: Mapping[str, str] | None = None,
) -> str:
    """待地市审核 → 审核不通过: the province never sees it pending (E27)."""
    return _refuse(session, actor, rows, reason, DeclarationState.CITY_PENDING, ReviewStage.CITY, remarks)


# Province


def separate(rows: Sequence[Declaration]) -> bool:
    """Whether a batch among them keeps places for social candidates apart (R39)."""
    return any(row.batch.social_quota_mode is SocialQuotaMode.SEPARATE for row in rows)


@move(
    Declaration,
    "approve",
    order=22,
    primary=True,
    aside=True,
    confirm="批准人数即成为院校本年度的指标,10分钟后短信告知院校",
    asks=(
        Ask(
            "approved_count",
            "批准人数",
            Int(1, 99_999),
            required=False,
            each=proposed_counts,
            help="可多于或少于申报人数",
        ),
        Ask(
            "social_count",
            "其中社会考生",
            Int(0, 99_999),
            required=False,
            each=proposed_social,
            when=separate,
            help="仅当批次规定社会考生单列指标时填写",
        ),
        Ask("exceed", "批准人数多于申报人数时,仍然批准", Flag(), required=False),
    ),
)
def approve(
    session: Session,
    actor: Actor,
    rows: list[Declaration],
    approved_count: Answer[int] = None,
    social_count: Answer[int] = None,
    exceed: bool = False,
) -> str:
    """待审核 → 审核通过 with a number of the province's own choice, which becomes quota (R34, E26). Without any number
    several rows are approved as applied for."""
    if approved_count is None and len(rows) == 1:
        raise DomainError("approve.count", "请填写批准人数", "approved_count")
    counts: dict[int, int] = {}
    grants: list[quotas.Grant] = []
    for row in rows:
        counts[row.id] = granted(row, approved_count, exceed)
        grants += split(row, counts[row.id], answer(social_count, row))
    _decide(session, rows, DeclarationState.PENDING, state=DeclarationState.APPROVED, counts=counts)
    record(session, actor, rows, Verdict(ReviewStage.PROVINCE, Decision.APPROVED, counts=counts))
    quotas.grant(session, actor, grants)
    pilot.number_schools(session, {row.school_id for row in rows})
    tell_schools(session, rows, "declaration_approved", "审核通过")
    return f"已通过{len(rows)}项申报"


def granted(row: Declaration, number: Answer[int], exceed: bool) -> int:
    """The number for this row, asked twice where it is more than was applied for (E26)."""
    given = answer(number, row)
    if given is None and isinstance(number, Mapping):
        raise DomainError("approve.count", f"请填写“{row}”的批准人数", "approved_count")
    count = row.applied_count if given is None else given
    if not 1 <= count <= 99_999:
        raise DomainError("approve.count", "批准人数为1–99999", "approved_count")
    if count > row.applied_count and not exceed:
        message = f"批准{count}人,多于“{row}”申报的{row.applied_count}人;如确定,请勾选“仍然批准”后再次提交"
        raise DomainError("approve.exceed", message, "exceed")
    return count


def split(row: Declaration, count: int, social: int | None) -> list[quotas.Grant]:
    """One pot, or two where the batch keeps social candidates apart (R39, 9.9)."""
    if row.batch.social_quota_mode is SocialQuotaMode.SHARED:
        if social:
            raise DomainError("approve.social", "本批次社会考生与院校考生共用指标,不用填写", "social_count")
        return [(row, QuotaKind.ANY, count)]
    if (social or 0) > count:
        raise DomainError("approve.social", "社会考生人数不能多于批准人数", "social_count")
    return [(row, QuotaKind.STUDENT, count - (social or 0)), (row, QuotaKind.SOCIAL, social or 0)]


@move(Declaration, "refuse", order=23, asks=(_REASON,), aside=True)
def refuse(
    session: Session,
    actor: Actor,
    rows: list[Declaration],
    reason: Answer[str],
    remarks: Mapping[str, str] | None = None,
) -> str:
    """待审核 → 审核不通过, with a reason, and remarks on single fields where there are any."""
    return _refuse(session, actor, rows, reason, DeclarationState.PENDING, ReviewStage.PROVINCE, remarks)


def check_reason(reason: str | None) -> str:
    """The reason, where it is one (4.3)."""
    if not 2 <= len(reason or "") <= 500:
        raise DomainError("refuse.reason", "不通过原因为2–500字", "reason")
    return reason or ""


def _refuse(
    session: Session,
    actor: Actor,
    rows: list[Declaration],
    reason: Answer[str],
    state: DeclarationState,
    stage: ReviewStage,
    remarks: Mapping[str, str] | None,
) -> str:
    reasons = {row.id: check_reason(answer(reason, row)) for row in rows}
    _decide(session, rows, state, state=DeclarationState.REFUSED, reasons=reasons)
    said = clean_remarks(remarks or {})
    record(session, actor, rows, Verdict(stage, Decision.REFUSED, reasons=reasons, remarks=said))
    tell_schools(session, rows, "declaration_refused", "审核不通过", reasons)
    return f"已退回{len(rows)}项申报"


# Either, within ten minutes


@move(
    Declaration,
    "retract",
    order=30,
    when=lambda row: (
        row.state in (DeclarationState.APPROVED, DeclarationState.REFUSED)
        and row.updated_at > clock.now() - RETRACTABLE
    ),
)
def retract(session: Session, actor: Actor, rows: list[Declaration]) -> str:
    """Back to waiting: by whoever decided, while the message to the school still waits and no place is used."""
    last = _last_reviews(session, rows)
    stages = {row.id: _retractable(actor, row, last.get(row.id)) for row in rows}
    gone = stop_texts(session, {row.id: last[row.id].decided_at for row in rows})
    if late := [row for row in rows if row.id in gone]:
        raise Conflict("retract.late", f"“{late[0]}”的结果已通知院校,不能收回")
    if approved := [row for row in rows if row.state is DeclarationState.APPROVED]:
        quotas.take_back(session, actor, approved)
    for stage, state in (
        (ReviewStage.CITY, DeclarationState.CITY_PENDING),
        (ReviewStage.PROVINCE, DeclarationState.PENDING),
    ):
        own = [row for row in rows if stages[row.id] is stage]
        if own:
            _change(session, own, state, {} if stage is ReviewStage.PROVINCE else None)
            record(session, actor, own, Verdict(stage, Decision.RETRACTED))
    notify.messages(
        session,
        [
            notify.Note(
                "证书试点申报重新审核",
                f"“{row.certificate.full_name}”的审核决定已收回,请等待新的结果",
                link=f"/console/declaration/{row.id}",
                kind=MessageKind.NOTICE,
                to={"school_id": row.school_id},
            )
            for row in rows
        ],
    )
    return f"已收回{len(rows)}项决定"


def _last_reviews(session: Session, rows: Sequence[Declaration]) -> dict[int, Review]:
    newest = (
        sa.select(Review)
        .ext(distinct_on(Review.declaration_id))
        .where(Review.declaration_id.in_([row.id for row in rows]))
        .order_by(Review.declaration_id, Review.id.desc())
    )
    return {review.declaration_id: review for review in session.scalars(newest)}


def _retractable(actor: Actor, row: Declaration, last: Review | None) -> ReviewStage:
    if last is None or row.state not in (DeclarationState.APPROVED, DeclarationState.REFUSED):
        raise Conflict("retract.state", "还没有可以收回的决定")
    if last.reviewer_id != actor.account or last.stage.value != actor.kind.upper():
        raise Refused("retract.other", "只有作出决定的人可以收回")
    if last.decided_at <= clock.now() - RETRACTABLE:
        raise Conflict("retract.late", "结果已通知院校,不能收回")
    return last.stage


# What all decisions share


def _decide(
    session: Session,
    rows: Sequence[Declaration],
    source: DeclarationState,
    *,
    state: DeclarationState,
    counts: Mapping[int, int] | None = None,
    reasons: Mapping[int, str] = MappingProxyType({}),
) -> None:
    for row in rows:
        require_turn(row, source)
    _change(session, rows, state, counts, reasons)


def require_turn(row: Declaration, state: DeclarationState) -> None:
    """Whether the declaration waits in this state, or whose turn it is."""
    if row.state is DeclarationState.CITY_PENDING and state is DeclarationState.PENDING:
        raise Conflict("review.city", "本批次须先由地市级教育局审核")
    if row.state is not state:
        raise Conflict("review.state", f"“{row}”当前为“{row.state.label}”,不能这样处理")


def _change(
    session: Session,
    rows: Sequence[Declaration],
    state: DeclarationState,
    counts: Mapping[int, int] | None,
    reasons: Mapping[int, str] = MappingProxyType({}),
) -> None:
    """All rows in one statement, each still as it was read: what somebody else decided meanwhile is not overwritten.
    `counts` are the province's: without them the column is left alone, for a city may not even touch it."""
    given = counts or {}
    new = (
        sa.func.unnest(
            sa.cast([row.id for row in rows], ARRAY(sa.BigInteger)),
            sa.cast([row.version for row in rows], ARRAY(sa.Integer)),
            sa.cast([given.get(row.id) for row in rows], ARRAY(sa.Integer)),
            sa.cast([reasons.get(row.id) for row in rows], ARRAY(sa.Text)),
        )
        .table_valued("id", "seen", "count", "reason", name="new")
        .render_derived()
    )
    values: dict[Any, Any] = {Declaration.state: state, Declaration.refusal_reason: new.c.reason}
    if counts is not None:
        values[Declaration.approved_count] = new.c.count
    changed = session.execute(
        sa.update(Declaration)
        .where(Declaration.id == new.c.id, Declaration.version == new.c.seen)
        .values(values)
        .returning(Declaration.id, Declaration.version, Declaration.updated_at)
        .execution_options(synchronize_session=False)
    ).all()
    now = {key: (version, updated_at) for key, version, updated_at in changed}
    for row in rows:
        if row.id not in now:
            raise Conflict("review.stale", f"“{row}”刚被他人处理,请刷新后再看")
        fresh = dict(zip(("version", "updated_at"), now[row.id], strict=True))
        if counts is not None:
            fresh["approved_count"] = given.get(row.id)
        for name, value in {**fresh, "state": state, "refusal_reason": reasons.get(row.id)}.items():
            set_committed_value(row, name, value)
