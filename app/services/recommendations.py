"""Staff prepare, the principal decides: an opinion on a declaration that only the authority itself sees (1.2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.services.actions import Ask, action
from app.services.errors import Conflict, DomainError
from app.services.review_records import Answer, answer, clean_remarks
from models.declarations import Declaration, DeclarationState, Opinion, Recommendation, ReviewStage
from models.kit import Int, Text, clock

STAGES = {
    "city": (ReviewStage.CITY, DeclarationState.CITY_PENDING),
    "province": (ReviewStage.PROVINCE, DeclarationState.PENDING),
}
"""At which stage a kind of actor reviews, and in which state declarations wait for it."""
_WAITING = tuple(state for _, state in STAGES.values())


def latest(session: Session, declarations: Sequence[int]) -> dict[int, Recommendation]:
    """The last opinion on each, of the stage the actor sees."""
    newest = (
        sa.select(Recommendation)
        .ext(distinct_on(Recommendation.declaration_id))
        .where(Recommendation.declaration_id.in_(declarations))
        .order_by(Recommendation.declaration_id, Recommendation.id.desc())
    )
    return {found.declaration_id: found for found in session.scalars(newest)}


def proposed_counts(session: Session, rows: Sequence[Declaration]) -> dict[int, int]:
    """What to propose as approved number: what staff suggest, else what was applied for."""
    said = latest(session, [row.id for row in rows])
    return {row.id: proposed_count(row, said.get(row.id)) for row in rows}


def proposed_count(row: Declaration, said: Recommendation | None) -> int:
    """The number that stands in the principal's form."""
    return (said.suggested_count if said else None) or row.applied_count


def proposed_social(session: Session, rows: Sequence[Declaration]) -> dict[int, int | None]:
    """The same for the part of social candidates (R39)."""
    said = latest(session, [row.id for row in rows])
    return {row.id: said[row.id].social_count if row.id in said else None for row in rows}


@action(
    Declaration,
    "recommend",
    "提出意见",
    icon="message-2",
    order=19,
    aside=True,
    when=lambda row: row.state in _WAITING,
    asks=(
        Ask(
            "opinion",
            "意见",
            Text(10),
            options=lambda session: [(opinion.value, opinion.label) for opinion in Opinion],
            default=Opinion.FOR.value,
        ),
        Ask("suggested_count", "建议批准人数", Int(1, 99_999), required=False, each=proposed_counts),
        Ask("reason", "说明", Text(500, 2), required=False, help="建议不通过时必填,负责人可直接采用"),
    ),
)
def recommend(
    session: Session,
    actor: Actor,
    rows: list[Declaration],
    opinion: str,
    suggested_count: Answer[int] = None,
    reason: Answer[str] = None,
    social_count: Answer[int] = None,
    remarks: Mapping[str, str] | None = None,
) -> str:
    """Note an opinion for the principal; the declaration itself stays as it is. A later one replaces it."""
    stage, state = STAGES[actor.kind]
    said = Opinion(opinion)
    for row in rows:
        if said is Opinion.AGAINST and not answer(reason, row):
            raise DomainError("recommend.reason", "建议不通过要写明理由", "reason")
        if row.state is not state:
            raise Conflict("review.state", f"“{row}”当前为“{row.state.label}”,不能这样处理")
    counted = said is Opinion.FOR and stage is ReviewStage.PROVINCE
    session.execute(
        sa.insert(Recommendation).inline(),
        [
            {
                "declaration_id": row.id,
                "school_id": row.school_id,
                "stage": stage,
                "opinion": said,
                "suggested_count": answer(suggested_count, row) if counted else None,
                "social_count": answer(social_count, row) if counted else None,
                "reason": answer(reason, row),
                "remarks": clean_remarks(remarks or {}) or None,
                "author_id": actor.account,
                "made_at": clock.now(),
            }
            for row in rows
        ],
    )
    return f"已对{len(rows)}项申报提出意见,由负责人决定"
