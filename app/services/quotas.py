"""Quotas: granted by the province, used by registrations, void after their year. R33–R39, E26–E40."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from app.access.actor import Actor, current_actor
from app.jobs.registry import periodic
from app.services import notify
from app.services.actions import Ask, action
from app.services.errors import Conflict, DomainError, NotFound
from app.services.sets import insert_rows
from models.declarations import Declaration
from models.directory import School
from models.jobs import Message, MessageKind
from models.kit import Int, Text, clock
from models.quotas import EXPIRING_DAYS, Quota, QuotaChange, QuotaKind

# Places used by registrations


def use_places(
    session: Session,
    certificate_id: int,
    year: int,
    persons: Sequence[tuple[int, str]],
    school_id: int | None = None,
) -> set[int]:
    """Give each `(person_id, kind)` a place of the school's quota, in the given order (E40); who has one comes back.

    Someone counted already in this year takes no further place (E37). One atomic statement under a lock: the last
    place is never given twice (R37, E36). `kind` is the candidate's, STUDENT or SOCIAL (R39). Callers that use
    several certificates go in the order of their ids, so that two of them never wait for each other.
    """
    if not persons:
        return set()
    ids, kinds = [person for person, _ in persons], [str(kind) for _, kind in persons]
    call = sa.func.panel_use_quota(
        _school(school_id), certificate_id, year, sa.cast(ids, _BIGINTS), sa.cast(kinds, _TEXTS)
    )
    session.flush()
    return set(session.scalars(sa.select(call)))


def return_places(
    session: Session, certificate_id: int, year: int, persons: Sequence[int], school_id: int | None = None
) -> set[int]:
    """After registrations were deleted: those who have none left for the certificate and year give their place
    back (R38, E39); who did comes back."""
    if not persons:
        return set()
    session.flush()
    call = sa.func.panel_return_quota(
        _school(school_id), certificate_id, year, sa.cast(list(persons), _BIGINTS)
    )
    return set(session.scalars(sa.select(call)))


def return_place(
    session: Session, certificate_id: int, year: int, person_id: int, school_id: int | None = None
) -> bool:
    """`return_places` of one person."""
    return bool(return_places(session, certificate_id, year, [person_id], school_id))


_BIGINTS, _TEXTS = ARRAY(sa.BigInteger), ARRAY(sa.Text)


def _school(school_id: int | None) -> int:
    """The school meant: the actor's own, unless a job or an organisation names one (the database checks)."""
    actor = current_actor()
    if school_id is None and actor.kind == "school":
        school_id = actor.tenant
    if school_id is None:
        raise ValueError("whose quota?")
    return school_id


def places_left(session: Session, school_id: int, certificate_id: int, year: int) -> int | None:
    """What is left of all pots together; None when the certificate was not approved for the year at all (R26, E89)."""
    left = sa.select(sa.func.sum(Quota.remaining)).where(
        Quota.school_id == school_id,
        Quota.certificate_id == certificate_id,
        Quota.year == year,
        Quota.granted > 0,
    )
    found = session.scalar(left)
    return None if found is None else int(found)


# Places granted by the province (R33, R34)

Grant = tuple[Declaration, QuotaKind, int]
_KEY = (Quota.school_id, Quota.certificate_id, Quota.year, Quota.kind)


def grant(session: Session, actor: Actor, grants: Sequence[Grant]) -> None:
    """What approvals bring: added to the quota of (school, certificate, year, kind), made where there is none yet;
    a later batch of the year adds to it (R29, E33). In the order of the keys, so that two of them never wait for each
    other."""
    added: Counter[tuple[int, int, int, QuotaKind]] = Counter()
    for row, kind, count in grants:
        added[row.school_id, row.certificate_id, row.year, kind] += count
    names = [column.key for column in _KEY]
    rows = [
        {**dict(zip(names, key, strict=True)), "granted": count}
        for key, count in sorted(added.items())
        if count
    ]
    statement = insert_rows(Quota, rows)
    upsert = statement.on_conflict_do_update(
        index_elements=names, set_={"granted": Quota.granted + statement.excluded.granted}
    )
    found = session.execute(upsert.returning(Quota.id, *_KEY)).all()
    quotas = {tuple(key): quota_id for quota_id, *key in found}
    _note(
        session,
        actor,
        [
            (quotas[row.school_id, row.certificate_id, row.year, kind], row.id, count, "申报审核通过")
            for row, kind, count in grants
            if count
        ],
    )


def take_back(session: Session, actor: Actor, declarations: Sequence[Declaration]) -> None:
    """The places that approvals brought, if none of them is in use (4.3 收回决定)."""
    brought = (
        sa.select(QuotaChange.quota_id, QuotaChange.declaration_id, sa.func.sum(QuotaChange.delta))
        .where(QuotaChange.declaration_id.in_([row.id for row in declarations]))
        .group_by(QuotaChange.quota_id, QuotaChange.declaration_id)
        .order_by(QuotaChange.quota_id)
    )
    changes = [(quota, key, int(count)) for quota, key, count in session.execute(brought) if count]
    lost: Counter[int] = Counter()
    for quota_id, _, count in changes:
        lost[quota_id] += count
    for quota_id, count in lost.items():
        left = sa.update(Quota).where(Quota.id == quota_id, Quota.granted - Quota.used >= count)
        taken = session.execute(left.values(granted=Quota.granted - count).returning(Quota.id)).scalar()
        if taken is None:
            raise Conflict("quota.used", "该申报带来的指标已被使用或调减,不能收回决定")
    _note(session, actor, [(quota_id, key, -count, "收回审核决定") for quota_id, key, count in changes])


def _note(session: Session, actor: Actor, changes: Sequence[tuple[int, int | None, int, str]]) -> None:
    """Rows of the history: (quota, declaration, delta, reason)."""
    names = ("quota_id", "declaration_id", "delta", "reason")
    if changes:
        rows = [dict(zip(names, change, strict=True)) for change in changes]
        session.execute(
            insert_rows(QuotaChange, rows, changed_by_id=actor.account, changed_at=clock.now()).inline()
        )


@action(
    Quota,
    "adjust",
    "调整指标",
    on="one",
    icon="adjustments",
    when=lambda row: row.year >= clock.today().year,
    asks=(
        Ask("granted", "调整后的批准人数", Int(0, 9_999_999), help="不能少于已用人数"),
        Ask("reason", "原因", Text(500, 2)),
    ),
    confirm="调整后的指标立即生效,并短信通知院校",
)
def adjust(session: Session, actor: Actor, rows: list[Quota], granted: int, reason: str) -> str:
    """The province sets the number anew, never below what is used, with its reason (R33, 4.3, E30)."""
    for quota in rows:
        now = session.execute(
            sa.select(Quota.granted, Quota.used).where(Quota.id == quota.id).with_for_update()
        ).one_or_none()
        if now is None:
            raise NotFound()
        if quota.year < clock.today().year:
            raise Conflict("quota.expired", f"{quota.year}年度的指标已作废,不能调整")
        if granted < now.used:
            raise DomainError("quota.used", f"已使用{now.used}人,批准人数至少为{now.used}", "granted")
        if granted == now.granted:
            raise DomainError("quota.same", "与现在的批准人数相同", "granted")
        session.execute(sa.update(Quota).where(Quota.id == quota.id).values(granted=granted))
        _note(session, actor, [(quota.id, None, granted - now.granted, reason)])
        _tell_school(session, quota, granted, reason)
    return f"指标已调整为{granted}人"


def _tell_school(session: Session, quota: Quota, granted: int, reason: str) -> None:
    certificate = quota.certificate.full_name
    notify.message(
        session,
        f"{quota.year}年度{certificate}的指标调整为{granted}人",
        reason,
        kind=MessageKind.RESULT,
        link=f"/console/quota/{quota.id}",
        school_id=quota.school_id,
    )
    mobile = session.scalar(sa.select(School.contact_mobile).where(School.id == quota.school_id))
    notify.sms(
        session,
        mobile,
        "quota_changed",
        {"certificate": certificate, "count": granted},
        about=("quota", quota.id),
    )


# The end of the year (R35)

_REMINDERS = (7, 30, EXPIRING_DAYS)


@periodic("quotas.remind", every="0 9 * * *")
def remind(session: Session) -> int:
    """Tell schools what they have left before it expires: about two months, one month and a week ahead, each once
    however often the clock comes by; returns how many were told."""
    today = clock.today()
    left_days = (date(today.year + 1, 1, 1) - today).days
    ahead = next((days for days in _REMINDERS if left_days <= days), None)
    if ahead is None:
        return 0
    title = f"{today.year}年度指标将在{ahead}天内作废"
    told = sa.select(Message.school_id).where(Message.title == title, Message.school_id.is_not(None))
    unused = session.execute(
        sa.select(
            Quota.school_id,
            sa.func.count(sa.distinct(Quota.certificate_id)),
            sa.func.sum(Quota.granted - Quota.used),
        )
        .where(Quota.year == today.year, Quota.used < Quota.granted, Quota.school_id.not_in(told))
        .group_by(Quota.school_id)
        .order_by(Quota.school_id)
    ).all()
    for school_id, count, left in unused:
        params = {"year": today.year, "items": count, "left": int(left)}
        notify.remind(session, school_id, "quota_expiring", params, title)
    return len(unused)
