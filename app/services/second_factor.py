"""One-time codes of an authenticator app: for platform, province and signing accounts (design 7).

Everything here runs as `auth`, which alone reads the secrets. A code is good for its half minute and the ones beside
it, once; ten recovery codes stand in for a lost phone, each once.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from datetime import timedelta

import pyotp
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.services.errors import Conflict, DomainError
from config import settings
from models.accounts import Account, Kind, Role, SecondFactor
from models.kit import clock, formats

STEP_SECONDS = 30
DRIFT = (0, -1, 1)  # steps a phone's clock may be off
RECOVERY_CODES = 10
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # none that are mistaken for each other
ISSUER = "1+X证书平台"
WRONG = "动态验证码不正确或已使用过,请等待新的验证码"


def obliged(account: Account) -> bool:
    """Platform and province accounts, and the principals who sign certificates."""
    return account.kind in (Kind.PLATFORM, Kind.PROVINCE) or account.role in (
        Role.SCHOOL_PRINCIPAL,
        Role.ORGANISATION_PRINCIPAL,
    )


def active(session: Session, account_id: int) -> bool:
    """Whether the account's log-in asks for a code."""
    found = sa.select(SecondFactor.id).where(SecondFactor.account_id == account_id, SecondFactor.active)
    return session.scalar(found) is not None


def owed(session: Session, account: Account) -> bool:
    """Whether the account must set its codes up before it does anything else."""
    return settings().second_factor_required and obliged(account) and not active(session, account.id)


def of(session: Session, account_id: int) -> SecondFactor | None:
    return session.scalars(sa.select(SecondFactor).where(SecondFactor.account_id == account_id)).one_or_none()


# Setting up


def begin(session: Session, account_id: int) -> None:
    """A new secret that waits for its first code; one that is in use stays."""
    found = of(session, account_id)
    if found is not None and found.active:
        raise Conflict("second_factor.active", "动态验证码已开启")
    if found is None:
        session.add(SecondFactor(account_id=account_id, secret=pyotp.random_base32(), recovery=[]))
    else:
        found.secret = pyotp.random_base32()
    session.flush()


def address(factor: SecondFactor, account: Account) -> str:
    """What the app reads from the QR code."""
    return pyotp.TOTP(factor.secret).provisioning_uri(name=account.username, issuer_name=ISSUER)


def confirm(session: Session, account_id: int, code: str) -> list[str]:
    """The first right code switches it on; returns the recovery codes, to be shown once."""
    found = of(session, account_id)
    if found is None or found.active:
        raise Conflict("second_factor.none", "请先开启动态验证码")
    if not _use_code(session, found, code):
        raise DomainError("second_factor.wrong", WRONG, "code")
    found.active = True
    return _renew(session, found)


def renew_recovery(session: Session, account_id: int, code: str) -> list[str]:
    """Ten new recovery codes; the old ones are void."""
    return _renew(session, _proved(session, account_id, code))


def end(session: Session, account: Account, code: str) -> None:
    """Switch it off, with a code in hand."""
    if settings().second_factor_required and obliged(account):
        raise Conflict("second_factor.required", "本账号按规定须使用动态验证码,不能关闭")
    session.delete(_proved(session, account.id, code))
    session.flush()


def _proved(session: Session, account_id: int, code: str) -> SecondFactor:
    found = of(session, account_id)
    if found is None or not found.active:
        raise Conflict("second_factor.none", "请先开启动态验证码")
    if not use(session, account_id, code):
        raise DomainError("second_factor.wrong", WRONG, "code")
    return found


def _renew(session: Session, factor: SecondFactor) -> list[str]:
    made = ["".join(secrets.choice(_LETTERS) for _ in range(10)) for _ in range(RECOVERY_CODES)]
    factor.recovery = [_digest(factor.account_id, code) for code in made]
    session.flush()
    return [f"{code[:5]}-{code[5:]}" for code in made]


# Using


def use(session: Session, account_id: int, code: str) -> bool:
    """Whether the code, or recovery code, is right and was not used before; it is used now."""
    found = of(session, account_id)
    if found is None or not found.active:
        return False
    return _use_code(session, found, code) or _use_recovery(session, found, code)


def _use_code(session: Session, factor: SecondFactor, code: str) -> bool:
    given, totp, now = "".join(formats.half_width(code).split()), pyotp.TOTP(factor.secret), clock.now()
    if not re.fullmatch(r"[0-9]{6}", given):
        return False
    for drift in DRIFT:
        moment = now + timedelta(seconds=drift * STEP_SECONDS)
        if hmac.compare_digest(totp.at(moment), given):
            return _advance(session, factor, int(moment.timestamp()) // STEP_SECONDS)
    return False


def _advance(session: Session, factor: SecondFactor, step: int) -> bool:
    """Of two who bring the same code at once, one comes in."""
    moved = (
        sa.update(SecondFactor)
        .where(SecondFactor.id == factor.id, SecondFactor.last_step < step)
        .values(last_step=step)
        .returning(SecondFactor.id)
    )
    return _done(session, factor, moved)


def _use_recovery(session: Session, factor: SecondFactor, code: str) -> bool:
    given = re.sub(r"[\s-]", "", formats.half_width(code)).upper()[:40]
    hashed = _digest(factor.account_id, given)
    used = (
        sa.update(SecondFactor)
        .where(SecondFactor.id == factor.id, SecondFactor.recovery.contains([hashed]))
        .values(recovery=sa.func.array_remove(SecondFactor.recovery, hashed))
        .returning(SecondFactor.id)
    )
    return _done(session, factor, used)


def _done(session: Session, factor: SecondFactor, statement: sa.Executable) -> bool:
    changed = session.execute(statement.execution_options(synchronize_session=False)).scalar()
    session.refresh(factor)  # its version moved
    return changed is not None


def _digest(account_id: int, code: str) -> str:
    key = settings().secret_key.get_secret_value().encode()
    return hmac.new(key, f"recovery:{account_id}:{code}".encode(), hashlib.sha256).hexdigest()
