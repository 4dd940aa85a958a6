"""Logging in to the candidate's space: ID number with a code to the bound mobile, or with a password (7.3, 3.5).

Another school's mobile for the same ID number opens only that school's rows, until the person confirms it from the
bound one (app/services/space.py).

All of it runs as `auth`. What is wrong is never told: an unknown ID number, another mobile and a wrong code or password
get the same answer (R4).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.services import logins, sms_codes
from app.services.errors import DomainError
from models.accounts import Account, AccountState
from models.candidates import Person
from models.kit import IdNumber, Mobile, formats
from models.platform import CodePurpose

WRONG_CODE = "证件号码、手机号码或验证码不正确,或验证码已过期"
WRONG_PASSWORD = "证件号码或密码不正确"  # noqa: S105  a sentence
NOBODY = "-"  # no account has this name


@dataclass(frozen=True)
class Entrance:
    """Who comes in: `schools` are the only ones whose rows are seen (none = all), `bound` says that it is by the
    mobile the space is bound to."""

    account: Account
    schools: tuple[int, ...] = ()
    bound: bool = False


def send_code(session: Session, id_number: str, mobile: str) -> int:
    """Send a code if the mobile is the person's; returns the seconds until the next may be asked."""
    number, phone = _numbers(id_number, mobile)
    return sms_codes.send(
        session, CodePurpose.LOGIN, phone, deliver=_found(session, number, phone) is not None
    )


def by_code(session: Session, id_number: str, mobile: str, code: str, address: str) -> Entrance:
    """The person's account, opened at the first time. Commits: a wrong code is counted."""
    number, phone = _numbers(id_number, mobile)
    right = sms_codes.use(session, CodePurpose.LOGIN, phone, code)
    session.commit()
    found = _found(session, number, phone)
    if not right or found is None:
        raise DomainError("login.wrong", WRONG_CODE, status=401)
    key = session.scalar(sa.select(sa.func.panel_candidate_account(found.of_person)))
    account = session.get_one(Account, key, populate_existing=True)
    if account.state is not AccountState.ACTIVE:
        raise DomainError("login.disabled", "账号已停用", status=403)
    return Entrance(logins.enter(session, account, address), tuple(found.schools), found.bound)


def by_password(session: Session, id_number: str, password: str, address: str) -> Entrance:
    """As every log-in (R4: lockout, one answer); the ID number only finds the account and is kept nowhere (R25)."""
    number = _normal(id_number)
    username = session.scalar(
        sa.select(Account.username)
        .join(Person, Person.id == Account.person_id)
        .where(Person.id_number == number)
    )
    try:
        return Entrance(logins.authenticate(session, username or logins.nobody(number), password, address))
    except DomainError as refusal:
        if refusal.code == "login.wrong":
            raise DomainError(refusal.code, WRONG_PASSWORD, status=refusal.status) from None
        raise


def _found(session: Session, number: str, mobile: str) -> sa.Row[Any] | None:
    """`of_person`, `schools`, `bound`; none where the two do not belong together."""
    asked = sa.func.panel_candidate_entrance(
        sa.bindparam("number", number, IdNumber()), sa.bindparam("phone", mobile, Mobile())
    )
    found = sa.select("*").select_from(asked.table_valued("of_person", "schools", "bound"))
    return session.execute(found).one_or_none()


def _numbers(id_number: str, mobile: str) -> tuple[str, str]:
    try:
        return _normal(id_number), formats.mobile(mobile)
    except formats.FormatError as error:
        raise DomainError("mobile", error.message, "mobile") from error


def _normal(id_number: str) -> str:
    """As it would be stored, whether it is well-formed or not: what is not, is nobody's."""
    return "".join(formats.half_width(id_number).split()).upper()[:40] or NOBODY
