"""The workbooks in which one reviews (7.3; R33, R34): what each kind of reviewer fills in, and what waits for him in
rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session, joinedload

from app.access.actor import Actor
from app.access.roles import may
from app.services.recommendations import latest, proposed_count
from app.services.review_desk import waiting
from app.services.sets import among
from app.sheets.spec import SheetColumn, SheetSpec
from models.declarations import Decision, Declaration, Recommendation, Review, ReviewStage
from models.quotas import Quota

MOST = 5_000
"""What one workbook holds; the rest comes with the next one."""

_GIVEN = (
    SheetColumn("declaration_id", "申报编号", "integer", True, width=12, given=True),
    SheetColumn("school_name", "院校", width=28, given=True),
    SheetColumn("certificate_name", "证书", width=28, given=True),
    SheetColumn("level", "等级", width=8, given=True),
    SheetColumn("organisation", "颁证机构", width=28, given=True),
    SheetColumn("batch", "批次", width=18, given=True),
    SheetColumn("applied_count", "申报人数", "integer", width=10, given=True),
    SheetColumn(
        "last_used", "上年使用", "integer", width=10, help="上一年度该院校该证书已用的指标", given=True
    ),
    SheetColumn("city_review", "地市初审", width=18, given=True),
    SheetColumn("opinion", "经办意见", width=28, given=True),
)
_VERSION = SheetColumn(
    "version", "版本", "integer", True, width=8, help="下载之后有变化的申报不会处理", given=True
)
MOST_PLACES = 99_999


@dataclass(frozen=True)
class Paper:
    """One kind of workbook: the words for yes and no, and the labels of what is filled in. `final`: what stands in it
    is decided, not proposed."""

    name: str
    title: str
    final: bool
    result: str
    yes: str
    no: str
    number: str = ""  # without: whoever fills it in has no say in numbers
    reason: str = "理由"

    @property
    def spec(self) -> SheetSpec:
        numbers = (
            SheetColumn(
                "count", self.number, "integer", width=12, help=f"1–{MOST_PLACES},可多于或少于申报人数"
            ),
            SheetColumn(
                "social", "其中社会考生", "integer", width=14, help="仅当批次规定社会考生单列指标时填写"
            ),
        )
        exceed = SheetColumn(
            "exceed", "超额批准", "choice", False, ("是",), "批准人数多于申报人数时填“是”", width=10
        )
        columns = (
            *(column for column in _GIVEN if self.number or column.name != "city_review"),
            SheetColumn(
                "result", self.result, "choice", False, (self.yes, self.no), "不填即暂不处理", width=12
            ),
            *(numbers if self.number else ()),
            *((exceed,) if self.final and self.number else ()),
            SheetColumn("reason", self.reason, width=40, help=f"{self.no}时必填,2–500字"),
            _VERSION,
        )
        return SheetSpec(f"declaration_{self.name}", self.title, columns, notes=self.notes)

    @property
    def notes(self) -> tuple[str, ...]:
        return (
            f"只处理填写了“{self.result}”的行,不填的保持不变。",
            f"填“{self.no}”的须写明{self.reason}(2–500字)。",
            "下载之后被他人处理或修改过的申报不会处理,请重新下载。",
        )


_PAPERS = {
    ("province", True): Paper("decisions", "批量审核", True, "审核结果", "通过", "不通过", "批准人数"),
    ("province", False): Paper(
        "opinions", "批量提出意见", False, "经办结论", "建议通过", "建议不通过", "建议批准人数", "说明"
    ),
    ("city", True): Paper("first_reviews", "批量初审", True, "审核结果", "同意", "不同意"),
    ("city", False): Paper(
        "first_opinions", "批量提出初审意见", False, "经办结论", "建议通过", "建议不通过", reason="说明"
    ),
}
"""By the reviewer's kind, and whether he decides. A city has its first review by sheet as well, without a number: only
the province sets one (R33, R34; 7.3 names both)."""


def paper_of(actor: Actor) -> Paper:
    """What this reviewer fills in."""
    return _PAPERS[actor.kind, may(actor, "declaration", "agree" if actor.kind == "city" else "approve")]


def rows_to_review(session: Session, actor: Actor, where: Sequence[Any]) -> Iterator[Mapping[str, Any]]:
    """What waits for this reviewer, the oldest first; the numbers proposed are those of the form (review_desk)."""
    rows = session.scalars(
        sa.select(Declaration)
        .where(waiting(actor.kind), *where)
        .order_by(Declaration.submitted_at, Declaration.id)
        .limit(MOST)
        .options(*LOADS)
    ).all()
    said, used = latest(session, [row.id for row in rows]), _used_last_year(session, rows)
    agreed = _first_reviews(session, rows) if actor.kind == "province" else {}
    for row in rows:
        opinion = said.get(row.id)
        yield {
            "declaration_id": row.id,
            "school_name": row.school_name,
            "certificate_name": row.certificate.name,
            "level": row.certificate.level.label,
            "organisation": str(row.organisation),
            "batch": row.batch.name,
            "applied_count": row.applied_count,
            "last_used": used.get((row.school_id, row.certificate_id, row.year - 1), 0),
            "city_review": agreed.get(row.id),
            "opinion": _in_words(opinion),
            "count": proposed_count(row, opinion),
            "social": opinion.social_count if opinion else None,
            "version": row.version,
        }


LOADS = tuple(joinedload(getattr(Declaration, name)) for name in ("batch", "certificate", "organisation"))


def _used_last_year(session: Session, rows: Sequence[Declaration]) -> dict[tuple[int, int, int], int]:
    """Places used by (school, certificate, year)."""
    key = (Quota.school_id, Quota.certificate_id, Quota.year)
    pots = (
        sa.select(*key, sa.func.sum(Quota.used))
        .where(
            among(Quota.school_id, {row.school_id for row in rows}),
            Quota.year.in_({row.year - 1 for row in rows}),
        )
        .group_by(*key)
    )
    return {(school, certificate, year): used for school, certificate, year, used in session.execute(pots)}


def _first_reviews(session: Session, rows: Sequence[Declaration]) -> dict[int, str]:
    """What the city has said last of each."""
    newest = (
        sa.select(Review)
        .ext(distinct_on(Review.declaration_id))
        .where(among(Review.declaration_id, [row.id for row in rows]), Review.stage == ReviewStage.CITY)
        .order_by(Review.declaration_id, Review.id.desc())
    )
    words = {Decision.APPROVED: "同意", Decision.REFUSED: "不同意"}
    return {
        found.declaration_id: words.get(found.decision, found.decision.label)
        for found in session.scalars(newest)
    }


def _in_words(said: Recommendation | None) -> str | None:
    if said is None:
        return None
    number = f"{said.suggested_count}人" if said.suggested_count else ""
    return f"{said.opinion.label}{number}" + (f":{said.reason}" if said.reason else "")
