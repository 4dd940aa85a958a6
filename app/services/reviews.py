"""Declarations on the authorities' side: city first where the batch asks for it, then province; and taking a
decision back while its message still waits (4.3, R32–R34, E26–E28)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.services import notify, pilot, quotas
from app.services.actions import Ask, move
from app.services.declarations import tell_reviewer
from app.services.errors import Conflict, DomainError, Refused
from models.declarations import (
    Decision,
    Declaration,
    DeclarationBatch,
    DeclarationState,
    Review,
    ReviewStage,
    SocialQuotaMode,
)
from models.directory import School
from models.jobs import MessageKind
from models.kit import Flag, Int, Text, clock
from models.platform import SmsMessage, SmsState
from models.quotas import QuotaKind

RETRACTABLE = timedelta(minutes=10)
_REASON = Ask("reason", "不通过原因", Text(500, 2), help="2–500字,会短信告知院校")


# City


@move(Declaration, "agree", order=20, primary=True)
def agree(session: Session, actor: Actor, rows: list[Declaration]) -> str:
    """待地市审核 → 待审核: now the province decides."""
    for row in rows:
        _require(row, DeclarationState.CITY_PENDING)
        row.state = DeclarationState.PENDING
        _review(session, actor, row, ReviewStage.CITY, Decision.APPROVED)
        tell_reviewer(session, row, province_id=row.province_id)
    session.flush()
    return f"已同意{len(rows)}项申报,转省级教育行政部门审核"


@move(Declaration, "disagree", order=21, asks=(_REASON,))
def disagree(session: Session, actor: Actor, rows: list[Declaration], reason: str) -> str:
    """待地市审核 → 审核不通过: the province never sees it pending (E27)."""
    return _refuse(session, actor, rows, reason, DeclarationState.CITY_PENDING, ReviewStage.CITY)


# Province


@move(
    Declaration,
    "approve",
    order=22,
    primary=True,
    asks=(
        Ask(
            "approved_count",
            "批准人数",
            Int(1, 99_999),
            required=False,
            help="批量通过时可留空,即按各自的申报人数批准",
        ),
        Ask(
            "social_count",
            "其中社会考生",
            Int(0, 99_999),
            required=False,
            help="仅当批次规定社会考生单列指标时填写",
        ),
        Ask("exceed", "批准人数多于申报人数时,仍然批准", Flag(), required=False),
    ),
)
def approve(
    session: Session,
    actor: Actor,
    rows: list[Declaration],
    approved_count: int | None = None,
    social_count: int | None = None,
    exceed: bool = False,
) -> str:
    """待审核 → 审核通过 with a number of the province's own choice, which becomes quota (R34, E26)."""
    if approved_count is None and len(rows) == 1:
        raise DomainError("approve.count", "请填写批准人数", "approved_count")
    batches = {
        batch.id: batch
        for batch in session.scalars(
            sa.select(DeclarationBatch).where(DeclarationBatch.id.in_({row.batch_id for row in rows}))
        )
    }
    grants: list[quotas.Grant] = []
    for row in rows:
        _require(row, DeclarationState.PENDING)
        count = row.applied_count if approved_count is None else approved_count
        if not 1 <= count <= 99_999:
            raise DomainError("approve.count", "批准人数为1–99999", "approved_count")
        if count > row.applied_count and not exceed:
            message = (
                f"批准{count}人,多于“{row}”申报的{row.applied_count}人;如确定,请勾选“仍然批准”后再次提交"
            )
            raise DomainError("approve.exceed", message, "exceed")
        grants += _split(row, batches[row.batch_id], count, social_count)
        row.state, row.approved_count, row.refusal_reason = DeclarationState.APPROVED, count, None
        _review(session, actor, row, ReviewStage.PROVINCE, Decision.APPROVED, count=count)
    session.flush()
    quotas.grant(session, actor, grants)
    pilot.number_schools(session, {row.school_id for row in rows})
    _tell(session, rows, "declaration_approved", "审核通过")
    return f"已通过{len(rows)}项申报"


def _split(row: Declaration, batch: DeclarationBatch, count: int, social: int | None) -> list[quotas.Grant]:
    """One pot, or two where the batch keeps social candidates apart (R39, 9.9)."""
    if batch.social_quota_mode is SocialQuotaMode.SHARED:
        if social:
            raise DomainError("approve.social", "本批次社会考生与院校考生共用指标,不用填写", "social_count")
        return [(row, QuotaKind.ANY, count)]
    if (social or 0) > count:
        raise DomainError("approve.social", "社会考生人数不能多于批准人数", "social_count")
    return [(row, QuotaKind.STUDENT, count - (social or 0)), (row, QuotaKind.SOCIAL, social or 0)]


@move(Declaration, "refuse", order=23, asks=(_REASON,))
def refuse(session: Session, actor: Actor, rows: list[Declaration], reason: str) -> str:
    """待审核 → 审核不通过, with a reason."""
    return _refuse(session, actor, rows, reason, DeclarationState.PENDING, ReviewStage.PROVINCE)


def _refuse(
    session: Session,
    actor: Actor,
    rows: list[Declaration],
    reason: str,
    state: DeclarationState,
    stage: ReviewStage,
) -> str:
    if not 2 <= len(reason) <= 500:
        raise DomainError("refuse.reason", "不通过原因为2–500字", "reason")
    for row in rows:
        _require(row, state)
        row.state, row.refusal_reason = DeclarationState.REFUSED, reason
        _review(session, actor, row, stage, Decision.REFUSED, reason=reason)
    session.flush()
    _tell(session, rows, "declaration_refused", "审核不通过", reason)
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
    for row in rows:
        last = session.scalars(
            sa.select(Review).where(Review.declaration_id == row.id).order_by(Review.id.desc()).limit(1)
        ).one_or_none()
        if last is None or row.state not in (DeclarationState.APPROVED, DeclarationState.REFUSED):
            raise Conflict("retract.state", "还没有可以收回的决定")
        if last.reviewer_id != actor.account or last.stage.value != actor.kind.upper():
            raise Refused("retract.other", "只有作出决定的人可以收回")
        if last.decided_at <= clock.now() - RETRACTABLE or not _stop_message(session, row):
            raise Conflict("retract.late", "结果已通知院校,不能收回")
        if row.state is DeclarationState.APPROVED:
            quotas.take_back(session, actor, row)
        city = last.stage is ReviewStage.CITY
        if row.approved_count is not None:
            row.approved_count = None
        row.state = DeclarationState.CITY_PENDING if city else DeclarationState.PENDING
        row.refusal_reason = None
        _review(session, actor, row, last.stage, Decision.RETRACTED)
        notify.message(
            session,
            "证书试点申报重新审核",
            f"“{row.certificate.full_name}”的审核决定已收回,请等待新的结果",
            kind=MessageKind.NOTICE,
            link=f"/console/declaration/{row.id}",
            school_id=row.school_id,
        )
    session.flush()
    return f"已收回{len(rows)}项决定"


def _stop_message(session: Session, row: Declaration) -> bool:
    """Take the waiting message out of the outbox; False when it has gone already."""
    stopped = session.execute(
        sa.update(SmsMessage)
        .where(
            SmsMessage.about_table == "declaration",
            SmsMessage.about_id == row.id,
            SmsMessage.state == SmsState.QUEUED,
        )
        .values(state=SmsState.CANCELLED)
        .returning(SmsMessage.id)
    ).all()
    return bool(stopped)


# What all decisions share


def _require(row: Declaration, state: DeclarationState) -> None:
    if row.state is DeclarationState.CITY_PENDING and state is DeclarationState.PENDING:
        raise Conflict("review.city", "本批次须先由地市级教育局审核")
    if row.state is not state:
        raise Conflict("review.state", f"“{row}”当前为“{row.state.label}”,不能这样处理")


def _review(
    session: Session,
    actor: Actor,
    row: Declaration,
    stage: ReviewStage,
    decision: Decision,
    *,
    count: int | None = None,
    reason: str | None = None,
) -> None:
    session.add(
        Review(
            declaration_id=row.id,
            school_id=row.school_id,
            stage=stage,
            decision=decision,
            approved_count=count,
            reason=reason,
            reviewer_id=actor.account,
            decided_at=clock.now(),
        )
    )


def _tell(
    session: Session, rows: Sequence[Declaration], template: str, result: str, reason: str = ""
) -> None:
    """The school reads it at once; the text message waits as long as the decision can be taken back (R32)."""
    mobiles = dict(
        session.execute(
            sa.select(School.id, School.contact_mobile).where(School.id.in_({row.school_id for row in rows}))
        ).all()
    )
    later = clock.now() + RETRACTABLE
    for row in rows:
        certificate = row.certificate.full_name
        notify.message(
            session,
            f"证书试点申报{result}:{certificate}",
            reason or f"批准{row.approved_count}人",
            kind=MessageKind.RESULT,
            link=f"/console/declaration/{row.id}",
            school_id=row.school_id,
        )
        params = {"certificate": certificate, "count": row.approved_count, "reason": reason}
        notify.sms(
            session,
            mobiles.get(row.school_id),
            template,
            params,
            about=("declaration", row.id),
            send_after=later,
        )
