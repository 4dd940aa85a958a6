"""Pilot status: derived, never stored; what it opens, and how a school learns of it (4.2, R8, R15, R36, E31, E32)."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from app.jobs.registry import periodic
from app.services import notify, numbers
from app.services.errors import Conflict, Refused
from app.services.review_records import RETRACTABLE
from models.declarations import Declaration, DeclarationState
from models.directory import School
from models.jobs import Message, MessageKind
from models.kit import clock, formats
from models.regions import Province

log = logging.getLogger(__name__)
_BECAME_PILOT = "已成为%s年度试点院校"
_NUMBERS = 999  # nnn of 5PPnnn (R15)


def is_pilot(session: Session, school_id: int, year: int) -> bool:
    """From the moment the batch is over and a declaration of the year is approved (R36, 9.3)."""
    return bool(session.scalar(sa.select(sa.func.panel_is_pilot(school_id, year))))


def was_ever_pilot(session: Session, school_id: int) -> bool:
    """Whether the business platform has opened for it: it stays open, so that work of past years finishes (4.2)."""
    return bool(session.scalar(sa.select(sa.func.panel_is_pilot(school_id, None))))


def require_pilot(session: Session, school_id: int, year: int) -> None:
    """For whatever only a pilot school of the year may do (R26, E31)."""
    if not is_pilot(session, school_id, year):
        raise Refused("pilot", f"{year}年度还不是试点院校:申报审核通过且批次结束后才能使用")


def number_schools(session: Session, schools: Collection[int]) -> list[tuple[int, str]]:
    """The platform number 5PPnnn of those who have none yet, given at the first approval and never reused (R15).

    The 1000th of a province gets none: numbers never wrap. Its approval stands; who went without comes back as
    (school, province), and the worker alarms the platform (E92).
    """
    waiting = session.execute(
        sa.select(School.id, Province.code, Province.name)
        .join(Province, Province.id == School.province_id)
        .where(School.id.in_(schools), School.platform_number.is_(None))
        .order_by(School.id)
        .with_for_update(of=School)
    ).all()
    without: list[tuple[int, str]] = []
    for code in dict.fromkeys(code for _, code, _ in waiting):
        own = [(key, province) for key, other, province in waiting if other == code]
        serials = _serials(session, code[:2], len(own))
        given = {
            key: formats.make_platform_number(code[:2], serial)
            for (key, _), serial in zip(own, serials, strict=False)
        }
        _give(session, given)
        without += own[len(given) :]
    return without


def _serials(session: Session, prefix: str, count: int) -> list[int]:
    """As many as are wanted, or as many as there still are."""
    scope = f"school:{prefix}"
    try:
        return list(numbers.take(session, scope, count, ceiling=_NUMBERS))
    except Conflict:
        if count == 1:
            return []
    half = count // 2
    first = _serials(session, prefix, half)
    return first + (_serials(session, prefix, count - half) if len(first) == half else [])


def _give(session: Session, given: Mapping[int, str]) -> None:
    new = (
        sa.func.unnest(
            sa.cast(list(given), ARRAY(sa.BigInteger)), sa.cast(list(given.values()), ARRAY(sa.Text))
        )
        .table_valued("id", "number", name="new")
        .render_derived()
    )
    if given:
        session.execute(
            sa.update(School)
            .where(School.id == new.c.id)
            .values(platform_number=new.c.number)
            .execution_options(synchronize_session=False)
        )


@periodic("pilot.number", every=60)
def number_pilots(session: Session) -> int:
    """Numbers for approved schools that have none yet; where a province has used up its own, one alarm to the
    platform (R15, E92). May run as often as it likes: whom it has numbered or reported it passes over."""
    approved = sa.select(Declaration.school_id).where(Declaration.state == DeclarationState.APPROVED)
    missing = session.scalars(
        sa.select(School.id).where(School.platform_number.is_(None), School.id.in_(approved))
    ).all()
    without = number_schools(session, missing) if missing else []
    for province in dict.fromkeys(province for _, province in without):
        schools = sorted(key for key, other in without if other == province)
        title = f"院校平台编号已用完:{province}"
        known = sa.select(Message.id).where(Message.for_platform, Message.title == title)
        if session.scalar(known.limit(1)) is None:
            log.error("platform numbers of %s are used up: %s schools wait", province, len(schools))
            body = f"{province}的999个编号已用完,{len(schools)}所获批院校没有编号,不能生成准考证号"
            numbers.alarm(session, title, body)
    return len(missing) - len(without)


@periodic("pilot.announce", every=60)
def announce(session: Session) -> int:
    """Tell each school once that it has become pilot for the year, when the decision can no longer be taken back
    (4.3); how many were told. May run as often as it likes: whom it has told it knows by the message."""
    now = clock.now()
    session.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext("pilot.announce"))))
    told = (
        sa.select(Message.id)
        .where(
            Message.school_id == School.id,
            Message.title == sa.func.format(_BECAME_PILOT, sa.cast(Declaration.year, sa.Text)),
        )
        .exists()
    )
    fresh = session.execute(
        sa.select(School.id, School.contact_mobile, Declaration.year)
        .join(Declaration, Declaration.school_id == School.id)
        .where(
            Declaration.year >= now.year,
            Declaration.makes_pilot(Declaration.year, now),
            Declaration.updated_at <= now - RETRACTABLE,
            ~told,
        )
        .distinct()
        .order_by(School.id)
    ).all()
    for school_id, mobile, year in fresh:
        notify.sms(session, mobile, "became_pilot", {"year": year}, about=("school", school_id))
        notify.message(
            session,
            _BECAME_PILOT % year,
            "业务平台已开通,可用原账号登录",
            kind=MessageKind.RESULT,
            link="/console/",
            school_id=school_id,
        )
    return len(fresh)
