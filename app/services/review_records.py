"""What decisions on declarations leave behind: their records, and messages to the school (3.2, R32).

Set-wise, so that a thousand decisions are a handful of statements.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, TypeAlias, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.services import notify
from app.services.sets import insert_rows
from models.declarations import Decision, Declaration, Review, ReviewStage
from models.directory import School
from models.jobs import MessageKind
from models.kit import clock
from models.platform import SmsMessage, SmsState

RETRACTABLE = timedelta(minutes=10)
REMARKED = {
    "certificate_id": "试点证书",
    "declaration_major": "拟申请的专业",
    "applied_count": "拟申报的培训人数",
    "teachers_description": "师资情况描述",
    "venue_description": "场地情况描述",
    "declaration_file": "其他佐证材料",
}
"""What a reviewer may remark on, by the names of the school's form."""
LONGEST_REMARK = 500


T = TypeVar("T")
Answer: TypeAlias = T | Mapping[int, T | None] | None
"""What is said of declarations decided together: one answer for all of them, or one each by its id."""


def answer(given: Answer[T], row: Declaration) -> T | None:
    """What was said of this one."""
    return given.get(row.id) if isinstance(given, Mapping) else given


@dataclass(frozen=True)
class Verdict:
    """A decision of one stage; `counts` by declaration where it approves, `reasons` where it refuses."""

    stage: ReviewStage
    decision: Decision
    counts: Mapping[int, int] = field(default_factory=dict)
    reasons: Mapping[int, str] = field(default_factory=dict)
    remarks: Mapping[str, str] = field(default_factory=dict)


def record(session: Session, actor: Actor, rows: Sequence[Declaration], verdict: Verdict) -> None:
    """One review a declaration, kept for ever."""
    each = [
        {
            "declaration_id": row.id,
            "school_id": row.school_id,
            "approved_count": verdict.counts.get(row.id),
            "reason": verdict.reasons.get(row.id),
        }
        for row in rows
    ]
    same = {
        "stage": verdict.stage,
        "decision": verdict.decision,
        "reviewer_id": actor.account,
        "decided_at": clock.now(),
        **({"remarks": dict(verdict.remarks)} if verdict.remarks else {}),
    }
    session.execute(insert_rows(Review, each, **same).inline())


def clean_remarks(remarks: Mapping[str, str]) -> dict[str, str]:
    """Remarks on fields that a declaration has, without the empty ones."""
    kept = {name: text.strip()[:LONGEST_REMARK] for name, text in remarks.items() if name in REMARKED}
    return {name: text for name, text in kept.items() if text}


def tell_schools(
    session: Session,
    rows: Sequence[Declaration],
    template: str,
    result: str,
    reasons: Mapping[int, str] = MappingProxyType({}),
) -> None:
    """Each school reads it at once; the text message waits as long as the decision can be taken back (R32)."""
    mobiles: dict[int, str] = dict(
        session.execute(
            sa.select(School.id, School.contact_mobile).where(School.id.in_({row.school_id for row in rows}))
        ).all()
    )
    later = clock.now() + RETRACTABLE
    notify.messages(
        session,
        [
            notify.Note(
                f"证书试点申报{result}:{row.certificate.full_name}",
                reasons.get(row.id) or f"批准{row.approved_count}人",
                link=f"/console/declaration/{row.id}",
                kind=MessageKind.RESULT,
                to={"school_id": row.school_id},
            )
            for row in rows
        ],
    )
    notify.sms_each(
        session,
        template,
        [
            notify.Sms(
                mobiles.get(row.school_id),
                {
                    "certificate": row.certificate.full_name,
                    "count": row.approved_count,
                    "reason": reasons.get(row.id, ""),
                },
                about=("declaration", row.id),
                send_after=later,
            )
            for row in rows
        ],
    )


def stop_texts(session: Session, decided: Mapping[int, datetime]) -> set[int]:
    """Take the text messages of these decisions (declaration → when) out of the outbox; returns the declarations whose
    message has gone all the same. Where the operators have switched the message off, there is none to stop."""
    about = (SmsMessage.about_table == "declaration", SmsMessage.about_id.in_(decided))
    session.execute(
        sa.update(SmsMessage)
        .where(*about, SmsMessage.state == SmsState.QUEUED)
        .values(state=SmsState.CANCELLED)
        .execution_options(synchronize_session=False)
    )
    gone = sa.select(SmsMessage.about_id, SmsMessage.send_after).where(
        *about, SmsMessage.state != SmsState.CANCELLED
    )
    rows: Iterable[Any] = session.execute(gone)
    return {key for key, due in rows if due >= decided[key] + RETRACTABLE}
