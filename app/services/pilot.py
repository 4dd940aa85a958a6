"""Pilot status: derived, never stored; what it opens, and how a school learns of it (4.2, R8, R15, R36, E31, E32)."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.jobs.registry import periodic
from app.services import notify, numbers
from app.services.errors import Refused
from models.declarations import Declaration, DeclarationBatch, DeclarationState
from models.directory import School
from models.jobs import MessageKind
from models.kit import clock, formats
from models.platform import SmsMessage
from models.regions import Province

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


def number_schools(session: Session, schools: Collection[int]) -> None:
    """The platform number 5PPnnn of those who have none yet, given at the first approval and never reused (R15, E92)."""
    waiting = session.execute(
        sa.select(School.id, Province.code)
        .join(Province, Province.id == School.province_id)
        .where(School.id.in_(schools), School.platform_number.is_(None))
        .order_by(School.id)
        .with_for_update(of=School)
    ).all()
    for school_id, code in waiting:
        prefix = code[:2]
        serial = numbers.take(session, f"school:{prefix}", ceiling=_NUMBERS)[0]
        session.execute(
            sa.update(School)
            .where(School.id == school_id)
            .values(platform_number=formats.make_platform_number(prefix, serial))
        )


@periodic("pilot.announce", every=60)
def announce(session: Session) -> int:
    """Tell each school once that it has become pilot for the year; how many were told. May run as often as it likes:
    whom it has told it knows by the message."""
    now = clock.now()
    session.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext("pilot.announce"))))
    told = (
        sa.select(SmsMessage.id)
        .where(
            SmsMessage.about_table == "school",
            SmsMessage.about_id == School.id,
            SmsMessage.template == "became_pilot",
            SmsMessage.params["year"].as_integer() == Declaration.year,
        )
        .exists()
    )
    fresh = session.execute(
        sa.select(School.id, School.contact_mobile, Declaration.year)
        .join(Declaration, Declaration.school_id == School.id)
        .join(DeclarationBatch, DeclarationBatch.id == Declaration.batch_id)
        .where(
            Declaration.state == DeclarationState.APPROVED,
            Declaration.year >= now.year,
            DeclarationBatch.window_to <= now,
            ~told,
        )
        .distinct()
        .order_by(School.id)
    ).all()
    for school_id, mobile, year in fresh:
        notify.sms(session, mobile, "became_pilot", {"year": year}, about=("school", school_id))
        notify.message(
            session,
            f"已成为{year}年度试点院校",
            "业务平台已开通,可用原账号登录",
            kind=MessageKind.RESULT,
            link="/console/",
            school_id=school_id,
        )
    return len(fresh)
