"""A school registers and gets its one account; whoever forgot the password sets another (R1, R5–R13, 4.2, E1–E9).

All of it runs as `auth`: nobody is logged in. Functions that count a try commit, whatever the answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.services import logins, notify, sms_codes
from app.services.errors import Conflict, DomainError
from config import settings
from models.accounts import Account, AccountState, Kind
from models.directory import SchoolDirectory
from models.kit import Mobile, formats
from models.platform import CodePurpose
from models.regions import City, Province

REGISTERED = "该院校已注册,不能重复注册。请直接登录;忘记密码可以通过短信重设"
WRONG_CODE = "手机验证码不正确或已过期"
WRONG_FORGOT = "账号、手机号码或验证码不正确,或验证码已过期"


@dataclass(frozen=True)
class Entry:
    """A school of the official list, as the registration page offers it."""

    id: int
    name: str
    school_code: str
    registered: bool


@dataclass(frozen=True)
class Registered:
    """A new account and its first password, to be shown once (R6)."""

    school: str
    username: str
    password: str


# What is offered


def provinces(session: Session) -> list[tuple[int, str]]:
    return [(row.id, row.name) for row in session.scalars(sa.select(Province).order_by(Province.code))]


def cities(session: Session, province: int, words: str = "") -> list[City]:
    """The cities of a province, by name."""
    found = sa.select(City).where(City.province_id == province, City.name.contains(words, autoescape=True))
    return list(session.scalars(found.order_by(City.code).limit(settings().picker_limit * 2)))


def schools(session: Session, province: int, city: int, words: str = "") -> Sequence[Entry]:
    """The schools of that region alone, by name or code (R9); those of the whole province that stand in no city too."""
    has_account = sa.exists().where(Account.school_id == SchoolDirectory.id, Account.is_principal)
    found = (
        sa.select(SchoolDirectory.id, SchoolDirectory.name, SchoolDirectory.school_code, has_account)
        .where(
            SchoolDirectory.active,
            SchoolDirectory.province_id == province,
            sa.or_(SchoolDirectory.city_id == city, SchoolDirectory.city_id.is_(None)),
            sa.or_(
                SchoolDirectory.name.contains(words, autoescape=True),
                SchoolDirectory.school_code.startswith(words, autoescape=True),
            ),
        )
        .order_by(SchoolDirectory.name)
        .limit(settings().picker_limit)
    )
    return [Entry(*row) for row in session.execute(found)]


# Registering


def send_code(session: Session, mobile: str) -> int:
    """A code for registering; the same answer whoever has the phone. Seconds until the next may be asked."""
    return sms_codes.send(session, CodePurpose.REGISTER, _mobile(mobile))


def register(
    session: Session, *, school: int, province: int, city: int, school_code: str, mobile: str, code: str
) -> Registered:
    """The account of a school, once (R11). What the form says is checked before the code is used up."""
    phone = _mobile(mobile)
    entry = _entry(session, school, province, city, school_code)
    right = sms_codes.use(session, CodePurpose.REGISTER, phone, code)
    session.commit()
    if not right:
        raise DomainError("sms.code", WRONG_CODE, "code")
    password = logins.first_password()
    made = session.scalar(
        sa.select(
            sa.func.panel_register_school(
                entry.id, city, sa.bindparam("phone", phone, Mobile()), logins.hash_password(password)
            )
        )
    )
    if made is None:
        session.rollback()
        raise Conflict("school.registered", REGISTERED, "school")
    params = {"username": entry.school_code, "password": password}
    notify.sms(session, phone, "first_password", params, about=("account", made))
    session.commit()
    return Registered(entry.name, entry.school_code, password)


def _entry(session: Session, school: int, province: int, city: int, school_code: str) -> SchoolDirectory:
    """The chosen school, if its region and the typed code agree with the list (R9, R10, R13; E1, E3)."""
    entry = session.get(SchoolDirectory, school)
    if entry is None or not entry.active:
        raise DomainError("school.unknown", _unknown(session, province), "school")
    if entry.province_id != province or entry.city_id not in (None, city):
        raise DomainError("school.region", "该院校不在所选的省份、地市,请重新选择", "school")
    prefix = session.get_one(Province, province).prefix
    try:
        typed = formats.school_code(school_code, prefix)
    except formats.FormatError as error:
        raise DomainError("school_code", error.message, "school_code") from None
    if typed != entry.school_code:
        raise DomainError("school_code.other", "院校代码与所选院校不一致,请核对", "school_code")
    taken = sa.exists().where(Account.school_id == entry.id, Account.is_principal)
    if session.scalar(sa.select(taken)):
        raise Conflict("school.registered", REGISTERED, "school")
    return entry


def _unknown(session: Session, province: int) -> str:
    """Whom to ask about a school that is not in the list (R10, E1)."""
    found = session.get(Province, province)
    contact = " ".join(filter(None, (found.contact_name, found.contact_phone))) if found else ""
    return f"名录中没有该院校,请从列表中选择;缺少院校请联系本省项目联系人{f'({contact})' if contact else ''},或提交名录反馈"


def _mobile(text: str) -> str:
    try:
        return formats.mobile(text)
    except formats.FormatError as error:
        raise DomainError("mobile", error.message, "mobile") from None


# A forgotten password


def send_forgot_code(session: Session, username: str, mobile: str) -> int:
    """A code if the account has this mobile; the answer does not tell whether it does (R5, check 27)."""
    phone = _mobile(mobile)
    known = _account(session, username, phone) is not None
    return sms_codes.send(session, CodePurpose.FORGOT, phone, deliver=known)


def reset_password(session: Session, username: str, mobile: str, code: str, password: str) -> Account:
    """Another password for who has account name, mobile and code; all sessions end (R5)."""
    phone = _mobile(mobile)
    logins.check_new_password(password)
    right = sms_codes.use(session, CodePurpose.FORGOT, phone, code)
    session.commit()
    account = _account(session, username, phone)
    if not right or account is None:
        raise DomainError("forgot.wrong", WRONG_FORGOT)
    logins.set_password(session, account.id, password, must_change=False)
    session.commit()
    return account


def _account(session: Session, username: str, mobile: str) -> Account | None:
    name = formats.half_width(username).strip()[:40]
    return session.scalars(
        sa.select(Account).where(
            Account.username == name,
            Account.mobile == mobile,
            Account.kind != Kind.CANDIDATE,
            Account.state == AccountState.ACTIVE,
        )
    ).one_or_none()
