"""Codes sent to a mobile: six digits, five minutes, five tries; one a minute, ten a day, and no more than a few
hundred a day for one address (R7, E6, E7).

Both functions run as `auth`, and their caller commits whatever the answer: a try must be counted even when refused.
"""

from __future__ import annotations

import hmac
import secrets
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.access.actor import current_actor
from app.services import notify
from app.services.errors import DomainError
from config import settings
from models.kit import clock
from models.platform import CodePurpose, SmsCode


def send(session: Session, purpose: CodePurpose, mobile: str, *, deliver: bool = True) -> int:
    """Queue a code; returns the seconds to wait for the next. With `deliver` off everything is as if one was sent, so
    that the answer does not tell whether the mobile is known."""
    now, config, address = clock.now(), settings(), current_actor().address
    _one_at_a_time(session, mobile)
    _require_pause(session, mobile, now)
    _require_address(session, address, now)
    code = f"{secrets.randbelow(10**6):06d}"
    session.add(
        SmsCode(
            purpose=purpose,
            target=mobile,
            code_hash=_digest(purpose, mobile, code),
            expires_at=now + timedelta(minutes=config.sms_code_minutes),
            created_at=now,
            address=address or None,
        )
    )
    session.flush()
    if deliver:
        notify.sms(session, mobile, "code", {"code": code, "minutes": config.sms_code_minutes})
    return config.sms_interval_seconds


def _one_at_a_time(session: Session, mobile: str) -> None:
    """Two requests in the same instant: the second waits, and then sees the first's code (E6)."""
    digest = hmac.new(settings().secret_key.get_secret_value().encode(), mobile.encode(), "sha256").digest()
    lock = int.from_bytes(digest[:8], "big", signed=True)
    session.execute(sa.select(sa.func.pg_advisory_xact_lock(lock)))


def _require_address(session: Session, address: str, now: datetime) -> None:
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    asked = sa.select(sa.func.count(SmsCode.id)).where(
        SmsCode.address == address, SmsCode.created_at >= midnight
    )
    if address and (session.scalar(asked) or 0) >= settings().sms_per_address_per_day:
        raise DomainError("sms.address", "本网络今日获取验证码次数已达上限,请明日再试", "code", status=429)


def _require_pause(session: Session, mobile: str, now: datetime) -> None:
    config = settings()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    today, last = session.execute(
        sa.select(sa.func.count(SmsCode.id), sa.func.max(SmsCode.created_at)).where(
            SmsCode.target == mobile,
            SmsCode.created_at >= min(midnight, now - timedelta(seconds=config.sms_interval_seconds)),
        )
    ).one()
    if last is not None and (waits := config.sms_interval_seconds - (now - last).total_seconds()) > 0:
        raise DomainError("sms.wait", f"验证码已发送,请{int(waits) + 1}秒后再获取", "code", status=429)
    if today >= config.sms_per_day:
        raise DomainError("sms.day", "该手机号今日获取验证码次数已达上限,请明日再试", "code", status=429)


def use(session: Session, purpose: CodePurpose, mobile: str, code: str) -> bool:
    """Whether it is the newest code of this mobile, in time and not tried out; a right one is used up."""
    newest = session.scalars(
        sa.select(SmsCode)
        .where(SmsCode.purpose == purpose, SmsCode.target == mobile)
        .order_by(SmsCode.id.desc())
        .limit(1)
        .with_for_update()
    ).one_or_none()
    if newest is None or newest.used_at is not None or newest.expires_at <= clock.now():
        return False
    if newest.attempts >= settings().sms_code_tries:
        return False
    newest.attempts += 1
    right = hmac.compare_digest(newest.code_hash, _digest(purpose, mobile, code.strip()))
    if right:
        newest.used_at = clock.now()
    session.flush()
    return right


def _digest(purpose: CodePurpose, mobile: str, code: str) -> str:
    key = settings().secret_key.get_secret_value().encode()
    return hmac.new(key, f"sms:{purpose}:{mobile}:{code}".encode(), "sha256").hexdigest()
