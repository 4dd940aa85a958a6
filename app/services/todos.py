"""What waits for this actor: the counters of the console's first page (7.2, 7.3 首页). Each leads to the list it counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.roles import may
from app.services import plans
from models.candidates import Candidate, IdentityState
from models.certificates import Certificate, CertificateState
from models.declarations import Declaration, DeclarationBatch, DeclarationState
from models.fees import FeeSlip
from models.issuance import IssuanceState, IssuanceTask
from models.kit import Declared, clock
from models.plans import ExamPlan, PlanState
from models.quotas import Quota
from models.regions import Province
from models.registrations import Registration, RegistrationState
from models.scores import Recheck, RecheckState
from models.sites import ExamSite

MOST = 1000
SHOWN = 8


@dataclass(frozen=True)
class Waiting:
    """One counter: what it counts, for which kinds of actor, and the tab of the list that shows the rows."""

    label: str
    model: type[Declared]
    kinds: tuple[str, ...]
    where: Callable[[], Any]
    tab: str
    icon: str
    tone: str = "amber"


WAITING = (
    Waiting(
        "待补全考生",
        Candidate,
        ("school",),
        lambda: Candidate.identity_state == IdentityState.INCOMPLETE,
        "待补全",
        "user-edit",
    ),
    Waiting(
        "待人工确认",
        Candidate,
        ("school",),
        lambda: Candidate.identity_state == IdentityState.FAILED,
        "待人工确认",
        "user-check",
    ),
    Waiting(
        "未排考",
        Registration,
        ("school", "organisation"),
        lambda: Registration.state == RegistrationState.REGISTERED,
        "未排考",
        "clipboard-list",
        "blue",
    ),
    Waiting(
        "待签发",
        IssuanceTask,
        ("school",),
        lambda: IssuanceTask.state == IssuanceState.WAITING_SITE,
        "考核站点待签发",
        "signature",
        "violet",
    ),
    Waiting(
        "待审考点", ExamSite, ("organisation",), lambda: ExamSite.state == "PENDING", "PENDING", "map-pin"
    ),
    Waiting(
        "待确认缴费", FeeSlip, ("organisation",), lambda: FeeSlip.state == "PENDING", "PENDING", "receipt"
    ),
    Waiting(
        "待处理复核",
        Recheck,
        ("organisation",),
        lambda: Recheck.state == RecheckState.OPEN,
        "OPEN",
        "message-2-question",
    ),
    Waiting(
        "待签发",
        IssuanceTask,
        ("organisation",),
        lambda: IssuanceTask.state == IssuanceState.WAITING_ORGANISATION,
        "培训评价组织待签发",
        "signature",
        "violet",
    ),
    Waiting(
        "待审核申报",
        Declaration,
        ("province",),
        lambda: Declaration.state == DeclarationState.PENDING,
        "PENDING",
        "clipboard-check",
    ),
    Waiting(
        "待初审申报",
        Declaration,
        ("city",),
        lambda: Declaration.state == DeclarationState.CITY_PENDING,
        "CITY_PENDING",
        "clipboard-check",
    ),
    Waiting(
        "待审核证书",
        Certificate,
        ("platform",),
        lambda: Certificate.state == CertificateState.PENDING,
        "PENDING",
        "certificate",
    ),
)


def waiting(session: Session, actor: Actor) -> list[tuple[Waiting, int]]:
    """The counters of this actor, capped, in one statement."""
    mine = [
        item for item in WAITING if actor.kind in item.kinds and may(actor, item.model.__tablename__, "list")
    ]
    if not mine:
        return []
    counts = session.execute(sa.select(*(_capped(item) for item in mine))).one()
    return list(zip(mine, counts, strict=True))


def _capped(item: Waiting) -> Any:
    few = sa.select(sa.literal(1)).select_from(item.model).where(item.where()).limit(MOST).subquery()
    return sa.select(sa.func.count()).select_from(few).scalar_subquery()


def open_windows(session: Session, actor: Actor) -> list[tuple[str, str, datetime, datetime]]:
    """(plan or batch, window, from, to) that are open now or begin within 14 days, nearest end first."""
    now, found = clock.now(), []
    if may(actor, "exam_plan", "list"):
        published = session.scalars(
            sa.select(ExamPlan)
            .where(ExamPlan.state == PlanState.PUBLISHED, ExamPlan.publicity_to > now)
            .order_by(ExamPlan.exam_from)
            .limit(20)
        )
        for plan in published:
            for name, label in plans.WINDOWS.items():
                starts, ends = getattr(plan, f"{name}_from"), getattr(plan, f"{name}_to")
                if ends > now and (starts - now).days < 14:
                    found.append((plan.name, label, starts, ends))
    if may(actor, "declaration_batch", "list"):
        batches = session.scalars(
            sa.select(DeclarationBatch)
            .where(DeclarationBatch.published_at.is_not(None), DeclarationBatch.window_to > now)
            .limit(10)
        )
        found += [
            (_batch_name(batch, actor), "申报时间", batch.window_from, batch.window_to) for batch in batches
        ]
    return sorted(found, key=lambda item: item[3])[:8]


def _batch_name(batch: DeclarationBatch, actor: Actor) -> str:
    """Provinces name their batches alike; who sees several must tell them apart."""
    return f"{batch.province.name}{batch.name}" if actor.kind == "platform" else batch.name


@dataclass(frozen=True)
class QuotaUse:
    """Places granted and used this year: of a quota, or of all quotas of a certificate or a province."""

    label: str
    used: int
    granted: int
    href: str = ""


def quotas_of_year(session: Session, actor: Actor) -> list[QuotaUse]:
    """A school's own quotas, the scarcest first; of others' quotas the sums by certificate, of the whole country
    those by province, the largest first (R33, R37)."""
    if actor.kind == "school":
        own = session.scalars(
            sa.select(Quota)
            .where(Quota.year == clock.now().year)
            .order_by((Quota.granted - Quota.used).asc())
            .limit(SHOWN)
        )
        return [QuotaUse(str(q.certificate), q.used, q.granted, f"/console/quota/{q.id}") for q in own]
    of = Province if actor.kind == "platform" else Certificate
    key, filtered = (
        ("province_id", "") if of is Province else ("certificate_id", "/console/quota/?f_certificate_id=")
    )
    sums = (
        sa.select(
            getattr(Quota, key).label("key"),
            sa.func.sum(Quota.used).label("used"),
            sa.func.sum(Quota.granted).label("granted"),
        )
        .where(Quota.year == clock.now().year)
        .group_by(getattr(Quota, key))
        .order_by(sa.desc("granted"), "key")
        .limit(SHOWN)
        .subquery()
    )
    rows = session.execute(
        sa.select(of, sums.c.used, sums.c.granted)
        .join(sums, sums.c.key == of.id)
        .order_by(sums.c.granted.desc(), of.id)
    )
    return [
        QuotaUse(str(row), used, granted, f"{filtered}{row.id}" if filtered else "")
        for row, used, granted in rows
    ]
