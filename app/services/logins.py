"""Logging in: captcha, password, lockout, passwords, and the one-time link of the operator. R1–R8, E8."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import string
from datetime import datetime, timedelta

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.services import second_factor
from app.services.errors import DomainError
from config import settings
from models.accounts import Account, AccountState, Credential, LoginRecord
from models.kit import clock, formats
from models.platform import Captcha

_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)  # OWASP's Argon2id figures
_NOBODY = _hasher.hash(
    "nobody has this password"
)  # so that an unknown name takes as long as a wrong password
WRONG = "账号或密码不正确"
UNKNOWN = "未知账号"


def _digest(text: str) -> str:
    return hmac.new(
        settings().secret_key.get_secret_value().encode(), text.encode(), hashlib.sha256
    ).hexdigest()


# Captcha (R3)


def issue_captcha(session: Session, answer: str) -> str:
    """Remember a picture's answer for five minutes; returns the token that the form carries."""
    token = secrets.token_urlsafe(24)
    expires = clock.now() + timedelta(minutes=settings().captcha_minutes)
    session.add(Captcha(token=token, code_hash=_digest(f"{token}:{answer.casefold()}"), expires_at=expires))
    session.flush()
    return token


def use_captcha(session: Session, token: str, answer: str) -> bool:
    """Whether the answer is right; whatever it was, the captcha is used up."""
    used = session.execute(
        sa.update(Captcha)
        .where(Captcha.token == token[:64], Captcha.used_at.is_(None), Captcha.expires_at > clock.now())
        .values(used_at=clock.now())
        .returning(Captcha.code_hash)
    ).scalar()
    text = formats.half_width(answer).strip().casefold()
    return used is not None and hmac.compare_digest(used, _digest(f"{token}:{text}"))


# Passwords


def first_password() -> str:
    """Ten letters and digits, both present, none that are mistaken for each other (R6)."""
    alphabet = [c for c in string.ascii_letters + string.digits if c not in "0O1lI"]
    while True:
        made = "".join(secrets.choice(alphabet) for _ in range(settings().password_first_length))
        if any(c.isdigit() for c in made) and any(c.isalpha() for c in made):
            return made


def check_new_password(password: str) -> None:
    """R5: at least 8 characters with letters and digits."""
    if len(password) < settings().password_min_length or len(password) > 128:
        raise DomainError("password.short", f"密码为{settings().password_min_length}–128个字符", "password")
    if not any(c.isdigit() for c in password) or not any(c.isalpha() for c in password):
        raise DomainError("password.simple", "密码须同时包含字母和数字", "password")


def hash_password(password: str) -> str:
    return _hasher.hash(password)


def set_password(session: Session, account_id: int, password: str, *, must_change: bool) -> None:
    """Store the hash (as the auth actor); all sessions of the account end (R5)."""
    hashed = hash_password(password)
    changed = session.execute(
        sa.update(Credential)
        .where(Credential.account_id == account_id)
        .values(password_hash=hashed, must_change=must_change, failures=0, locked_until=None)
        .returning(Credential.id)
    ).scalar()
    if changed is None:
        session.add(Credential(account_id=account_id, password_hash=hashed, must_change=must_change))
    session.execute(
        sa.update(Account)
        .where(Account.id == account_id)
        .values(epoch=Account.epoch + 1)
        .execution_options(synchronize_session=False)
    )
    session.flush()


def change_password(session: Session, account: Account, old: str, new: str) -> None:
    """The owner changes it, knowing the old one."""
    credential = _credential(session, account.id)
    if credential is None or not _matches(credential.password_hash, old):
        raise DomainError("password.wrong", "原密码不正确", "old")
    check_new_password(new)
    if old == new:
        raise DomainError("password.same", "新密码不能与原密码相同", "password")
    set_password(session, account.id, new, must_change=False)


def choose_password(session: Session, account: Account, new: str) -> None:
    """By a candidate who came in with a code to the bound mobile: the first password, or one for a forgotten one."""
    check_new_password(new)
    set_password(session, account.id, new, must_change=False)


def _credential(session: Session, account_id: int) -> Credential | None:
    return session.scalars(sa.select(Credential).where(Credential.account_id == account_id)).one_or_none()


def _matches(hashed: str, password: str) -> bool:
    try:
        return _hasher.verify(hashed, password)
    except VerifyMismatchError:
        return False


# Logging in


def authenticate(session: Session, username: str, password: str, address: str) -> Account:
    """The account, or the one refusal for unknown user and wrong password (R4). Runs as the auth actor and
    commits: a failure must be counted even though the request is refused. Where one-time codes are switched on, the
    right password alone raises `SecondStep`."""
    account = session.scalars(sa.select(Account).where(Account.username == username[:40])).one_or_none()
    credential = _credential(session, account.id) if account is not None else None
    until = credential.locked_until if credential is not None else _as_if_locked(session, _written(username))
    if until is not None and until > clock.now():
        _matches(_NOBODY, password)
        raise _locked(session, account, username, until, address)
    if account is None or credential is None:
        _matches(_NOBODY, password)
        _record(session, None, username, UNKNOWN, address)
        raise DomainError("login.wrong", WRONG, status=401)
    if not _matches(credential.password_hash, password):
        _count_failure(session, credential)
        _record(session, account, username, "密码错误", address)
        raise DomainError("login.wrong", WRONG, status=401)
    if account.state is not AccountState.ACTIVE:
        _record(session, account, username, "已停用", address)
        raise DomainError("login.disabled", "账号已停用,请联系本单位负责人", status=403)
    if second_factor.active(session, account.id):
        raise SecondStep(account)
    return enter(session, account, address)


class SecondStep(DomainError):
    """The password was right; the one-time code is still to come."""

    def __init__(self, account: Account) -> None:
        super().__init__("login.code", "该账号已开启动态验证码,请填写", "code", status=401)
        self.account = account


def second_step(session: Session, account: Account, code: str, address: str) -> Account:
    """The code after the password. Wrong ones are counted with the wrong passwords (R4). Commits as they do."""
    credential, username = _credential(session, account.id), account.username
    if credential is None or account.state is not AccountState.ACTIVE:
        raise DomainError("login.disabled", "账号已停用,请联系本单位负责人", status=403)
    if credential.locked_until is not None and credential.locked_until > clock.now():
        raise _locked(session, account, username, credential.locked_until, address)
    if not second_factor.use(session, account.id, code):
        _count_failure(session, credential)
        _record(session, account, username, "动态验证码错误", address)
        raise DomainError("login.code_wrong", second_factor.WRONG, "code", status=401)
    return enter(session, account, address)


def _locked(
    session: Session, account: Account | None, username: str, until: datetime, address: str
) -> DomainError:
    """The refusal while the lock holds; it is recorded."""
    _record(session, account, username, "锁定中", address)
    minutes = -(-int((until - clock.now()).total_seconds()) // 60)
    return DomainError("login.locked", f"密码错误次数过多,请{minutes}分钟后再试", status=429)


def enter(session: Session, account: Account, address: str) -> Account:
    """Note a successful log-in and commit."""
    session.execute(
        sa.update(Credential).where(Credential.account_id == account.id).values(failures=0, locked_until=None)
    )
    account.last_login_at = clock.now()
    _record(session, account, account.username, "成功", address)
    return account


def must_change(session: Session, account_id: int) -> bool:
    """R6: the platform-made password must be changed at first login."""
    credential = _credential(session, account_id)
    return credential is not None and credential.must_change


def _count_failure(session: Session, credential: Credential) -> None:
    """R4: five within fifteen minutes lock for fifteen."""
    now, config = clock.now(), settings()
    window = timedelta(minutes=config.login_failure_minutes)
    if credential.first_failure_at is None or now - credential.first_failure_at > window:
        credential.first_failure_at, credential.failures = now, 0
    credential.failures += 1
    if credential.failures >= config.login_failures:
        credential.locked_until = now + timedelta(minutes=config.login_lock_minutes)
        credential.failures = 0
    session.flush()


def _as_if_locked(session: Session, username: str) -> datetime | None:
    """When a name nobody has would be free again, were it an account: the lock must not tell which names there are."""
    config = settings()
    window, lock = (
        timedelta(minutes=config.login_failure_minutes),
        timedelta(minutes=config.login_lock_minutes),
    )
    tries = session.scalars(
        sa.select(LoginRecord.at)
        .where(
            LoginRecord.username == username,
            LoginRecord.outcome == UNKNOWN,
            LoginRecord.at > clock.now() - lock - window,
        )
        .order_by(LoginRecord.at)
    )
    first, count, until = None, 0, None
    for at in tries:
        if first is None or at - first > window:
            first, count = at, 0
        count += 1
        if count >= config.login_failures:
            until, count = at + lock, 0
    return until


def _written(username: str) -> str:
    """A name as the log keeps it: what is a personal number and no name is masked (R25)."""
    name = formats.half_width(username).strip()
    if re.fullmatch(r"\d{17}[\dXx]|\d{15}", name):
        return formats.mask_id(name)
    return (formats.mask_mobile(name) if re.fullmatch(r"1\d{10}", name) else name)[:60]


def nobody(number: str) -> str:
    """A name that no account has and that stands for an unknown ID number in counting failures (R4, R25)."""
    return f"-{_digest(f'nobody:{number}')[:30]}"


def _record(session: Session, account: Account | None, username: str, outcome: str, address: str) -> None:
    tenant = {
        name: getattr(account, name)
        for name in ("school_id", "organisation_id", "province_id", "city_id")
        if account is not None
    }
    values = {
        "username": _written(username),
        "outcome": outcome,
        "address": address,
        "at": clock.now(),
        **tenant,
    }
    session.execute(sa.insert(LoginRecord).values(account_id=account.id if account else None, **values))
    session.commit()


def actor_of(account: Account, address: str = "", request: str = "") -> Actor:
    """The actor an account acts as."""
    tenant = {
        "province": account.province_id,
        "city": account.city_id,
        "school": account.school_id,
        "organisation": account.organisation_id,
        "candidate": account.person_id,
    }.get(account.kind.value)
    return Actor(
        account.kind.value,
        account.id,
        tenant,
        account.role.value,
        account.name,
        tuple(account.menus or ()),
        address,
        request,
    )


# The operator's one-time link


def login_token(account: Account) -> str:
    """A link's token: good once (the epoch moves when it is used) and for two minutes."""
    expires = int((clock.now() + timedelta(minutes=settings().login_link_minutes)).timestamp())
    body = f"{account.id}.{account.epoch}.{expires}"
    return f"{body}.{_digest(f'link:{body}')}"


def use_login_token(session: Session, token: str, address: str) -> Account:
    """Log in by a link of `panel login-link`; refused where the setting forbids it, when late, or used before."""
    refusal = DomainError("link.invalid", "登录链接无效或已过期", status=403)
    body, _, signature = token.rpartition(".")
    parts = body.split(".")
    if (
        not settings().login_link_allowed
        or len(parts) != 3
        or not hmac.compare_digest(signature, _digest(f"link:{body}"))
    ):
        raise refusal
    account_id, epoch, expires = (int(part) for part in parts)
    used = session.execute(
        sa.update(Account)
        .where(Account.id == account_id, Account.epoch == epoch)
        .values(epoch=Account.epoch + 1)
        .returning(Account.id)
    ).scalar()
    if used is None or expires < clock.now().timestamp():
        session.rollback()
        raise refusal
    account = session.get_one(Account, account_id, populate_existing=True)
    if account.state is not AccountState.ACTIVE:
        raise refusal
    return enter(session, account, address)
