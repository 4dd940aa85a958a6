"""One-time codes for platform, province and signing accounts (design 7; check 27): asked after the password, good once,
counted like passwords, replaced by recovery codes, and secrets nobody reads."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pyotp
import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.engine import Engine

from app.access.actor import AUTH, Actor
from app.access.roles import ROLES
from app.panel.limits import limiter
from app.services import accounts, logins, second_factor
from config import reset_settings
from models.accounts import Account, Kind, Role, SecondFactor
from models.kit import clock
from tests import factories
from tests.conftest import Browser
from tests.http.api import PASSWORD, Client, refusal
from tests.models import exams, world
from tests.security.test_login import picture

As = Callable[..., Any]
Browse = Callable[..., Browser]


@pytest.fixture(autouse=True)
def untried() -> None:
    """No other test's attempts are counted."""
    limiter.reset()


@pytest.fixture
def account(as_: As) -> Account:
    """A school's principal, who signs certificates."""
    world.found(as_)
    with as_() as db:
        made = factories.account(db, Role.SCHOOL_PRINCIPAL, school_id=11)
        db.commit()
    with as_(AUTH) as db:
        logins.set_password(db, made.id, PASSWORD, must_change=False)
        db.commit()
        return db.get_one(Account, made.id, populate_existing=True)  # type: ignore[no-any-return]


@pytest.fixture
def required(monkeypatch: pytest.MonkeyPatch) -> Any:
    """As in production."""
    monkeypatch.setenv("PANEL_SECOND_FACTOR_REQUIRED", "1")
    reset_settings()
    yield
    monkeypatch.undo()
    reset_settings()


def secret_of(as_: As, account: Account) -> str:
    with as_(AUTH) as db:
        return db.scalars(  # type: ignore[no-any-return]
            sa.select(SecondFactor.secret).where(SecondFactor.account_id == account.id)
        ).one()


def code_of(secret: str) -> str:
    """What the phone shows now."""
    return pyotp.TOTP(secret).at(clock.now())


def enrol(as_: As, browser: Browser, account: Account) -> tuple[str, list[str]]:
    """Switch it on through the page; the secret as the phone keeps it, and the recovery codes."""
    assert browser.post("/security/begin").status_code == 302
    browser.get("/security/")
    secret = secret_of(as_, account)
    assert secret in re.sub(r"\s", "", browser.text()) and "data:image/svg+xml;base64," in browser.text()
    assert browser.post("/security/confirm", {"code": code_of(secret)}).status_code == 200
    return secret, re.findall(r"<li>([A-Z2-9]{5}-[A-Z2-9]{5})</li>", browser.text())


def password_step(as_: As, browser: Browser, account: Account, **more: str) -> Any:
    picture(as_, browser)
    form = {"username": account.username, "password": PASSWORD, "captcha": "AB12", **more}
    return browser.post("/login/", form)


def test_the_password_alone_does_not_log_in_and_the_code_does(
    account: Account, as_: As, browse: Browse
) -> None:
    secret, recovery = enrol(as_, browse(account), account)
    assert len(recovery) == second_factor.RECOVERY_CODES
    browser = browse()
    answer = password_step(as_, browser, account, next="/console/candidate/")
    assert answer.location.startswith("/login/code/") and not browser.logged_in()
    assert browser.get("/console/").location.startswith("/login/")
    assert browser.get(answer.location).status_code == 200
    assert browser.post("/login/code/", {"code": "000000"}).status_code == 401
    assert not browser.logged_in()
    with clock.travel(timedelta(minutes=1)):
        form = {"code": f" {code_of(secret)[:3]} {code_of(secret)[3:]} ", "next": "/console/candidate/"}
        assert browser.post("/login/code/", form).location == "/console/candidate/"
        assert browser.logged_in()


def test_a_code_opens_once(account: Account, as_: As, browse: Browse) -> None:
    """Seen over a shoulder it is worth nothing: neither the one that switched it on nor the one that logged in."""
    secret, _ = enrol(as_, browse(account), account)
    with clock.travel(timedelta(minutes=1)):
        code, first, second = code_of(secret), browse(), browse()
        for browser in (first, second):
            password_step(as_, browser, account)
        assert first.post("/login/code/", {"code": code}).status_code == 302
        assert second.post("/login/code/", {"code": code}).status_code == 401
        assert not second.logged_in()


def test_a_recovery_code_stands_in_once_for_a_lost_phone(
    account: Account, as_: As, browse: Browse, owner: Engine
) -> None:
    _, recovery = enrol(as_, browse(account), account)
    first, second = browse(), browse()
    for browser in (first, second):
        password_step(as_, browser, account)
    typed = recovery[3].lower().replace("-", " ")
    assert first.post("/login/code/", {"code": typed}).status_code == 302
    assert second.post("/login/code/", {"code": recovery[3]}).status_code == 401
    with owner.connect() as connection:
        kept = str(connection.execute(sa.text("select secret, recovery from second_factor")).one())
    assert not any(code.replace("-", "") in kept for code in recovery)
    first.get("/security/")
    assert "还有 9 个恢复码" in first.text()


def test_wrong_codes_lock_as_wrong_passwords_do(account: Account, as_: As, browse: Browse) -> None:
    """R4: five of them, whatever the password; the log of log-ins names them."""
    secret, _ = enrol(as_, browse(account), account)
    browser = browse()
    password_step(as_, browser, account)
    assert [browser.post("/login/code/", {"code": "x"}).status_code for _ in range(6)] == [401] * 5 + [429]
    with clock.travel(timedelta(minutes=2)):
        assert browser.post("/login/code/", {"code": code_of(secret)}).status_code == 429
        assert password_step(as_, browser, account).status_code == 429
    with as_() as db:
        outcomes = db.scalars(sa.text("select outcome from login_record order by id")).all()
    assert outcomes.count("动态验证码错误") == 5


def test_the_second_step_is_open_for_five_minutes_and_only_after_the_password(
    account: Account, as_: As, browse: Browse
) -> None:
    secret, _ = enrol(as_, browse(account), account)
    assert browse().post("/login/code/", {"code": code_of(secret)}).location == "/login/"
    browser = browse()
    password_step(as_, browser, account)
    with clock.travel(timedelta(minutes=5, seconds=1)):
        assert browser.post("/login/code/", {"code": code_of(secret)}).location == "/login/"
    password_step(as_, browser, account)
    with as_(AUTH) as db:
        logins.set_password(db, account.id, "Anders2026", must_change=False)
        db.commit()
    with clock.travel(timedelta(minutes=2)):
        assert browser.post("/login/code/", {"code": code_of(secret)}).location == "/login/"
        assert not browser.logged_in()


def test_the_api_asks_for_the_code_too(account: Account, as_: As, browse: Browse, app: Flask) -> None:
    secret, _ = enrol(as_, browse(account), account)
    client = Client(app)
    assert refusal(client.log_in(account.username)) == (401, "code")
    with clock.travel(timedelta(minutes=1)):
        asked = {"username": account.username, "password": PASSWORD}
        assert client.post("security/login", {**asked, "code": "000000"}).status_code == 401
        assert client.post("security/login", {**asked, "code": code_of(secret)}).status_code == 200
        assert client.post("security/login", {**asked, "code": code_of(secret)}).status_code == 401


def test_switching_off_and_new_recovery_codes_need_a_code(
    account: Account, as_: As, browse: Browse, owner: Engine
) -> None:
    """A session left open at a desk is not enough; both leave a row in the trail (R135)."""
    browser = browse(account)
    secret, old = enrol(as_, browser, account)
    for door in ("renew", "end"):
        assert browser.post(f"/security/{door}", {"code": "000000"}).status_code == 422
        assert browser.post(f"/security/{door}", {}).status_code == 422
    assert browser.post("/security/begin").status_code == 409
    assert browser.post("/security/renew", {"code": old[0]}).status_code == 200
    assert browser.post("/security/end", {"code": old[1]}).status_code == 422
    with clock.travel(timedelta(minutes=1)):
        assert browser.post("/security/end", {"code": code_of(secret)}).status_code == 302
    with owner.connect() as connection:
        assert connection.scalar(sa.text("select count(*) from second_factor")) == 0
        deeds = connection.scalars(
            sa.text("select reason from audit_entry where action = 'SECURITY' order by id")
        ).all()
    assert deeds == ["开启动态验证码", "重新生成恢复码", "关闭动态验证码"]
    assert password_step(as_, browse(), account).location == "/console/"


def test_a_code_before_the_first_one_is_confirmed_asks_nothing(
    account: Account, as_: As, browse: Browse
) -> None:
    """Somebody who closed the page before scanning is not locked out."""
    browser = browse(account)
    browser.post("/security/begin")
    assert browser.post("/security/confirm", {"code": "000000"}).status_code == 422
    assert password_step(as_, browse(), account).location == "/console/"


def test_where_it_is_required_nothing_else_opens_before_it(
    account: Account, as_: As, browse: Browse, app: Flask, required: None
) -> None:
    """The production setting; a manager, who signs nothing, is not asked."""
    browser = browse(account)
    assert browser.get("/console/").location == "/security/"
    assert browser.post("/console/candidate/export").location == "/security/"
    assert refusal(Client(app).log_in(account.username))[0] == 403
    secret, _ = enrol(as_, browser, account)
    assert browser.get("/console/candidate/").status_code in (200, 302)
    assert "/security/" not in (browser.get("/console/candidate/").location or "")
    with clock.travel(timedelta(minutes=1)):
        assert browser.post("/security/end", {"code": code_of(secret)}).status_code == 409
    with as_() as db:
        manager = factories.account(db, Role.SCHOOL_MANAGER, school_id=11)
        db.commit()
    assert "/security/" not in (browse(manager).get("/console/").location or "")


@pytest.mark.parametrize("role", [role for role in ROLES if role not in ("public", "candidate")])
def test_platform_province_and_signing_roles_are_obliged_and_no_others(role: str) -> None:
    account = Account(role=Role(role), kind=Kind(role.partition(".")[0]))
    due = role.startswith(("platform", "province")) or "seal" in ROLES[role]
    assert second_factor.obliged(account) is due


def test_a_password_given_anew_by_a_superior_takes_the_second_factor_with_it(
    account: Account, as_: As, browse: Browse
) -> None:
    """Lost phone and codes, or another person in the office (R1): whoever proves anew who one is begins anew."""
    enrol(as_, browse(account), account)
    with as_() as db:
        operator = factories.account(db, Role.PLATFORM_OPERATOR)
        db.commit()
    with as_(Actor("platform", operator.id, None, "platform.operator")) as db:
        accounts.set_first_password(db, db.get_one(Account, account.id))
        db.commit()
    with as_(AUTH) as db:
        assert second_factor.of(db, account.id) is None


def test_the_secret_is_encrypted_and_only_the_log_in_reads_it(
    account: Account, as_: As, browse: Browse, owner: Engine
) -> None:
    secret, _ = enrol(as_, browse(account), account)
    with owner.connect() as connection:
        stored = bytes(connection.scalar(sa.text("select secret from second_factor")))
        readers = connection.scalars(
            sa.text(
                "select distinct grantee::text from information_schema.role_table_grants"
                " where table_name = 'second_factor' and grantee like 'panel_%' and privilege_type = 'SELECT'"
            )
        ).all()
        trail = str(connection.execute(sa.text("select changes from audit_entry")).all())
    assert secret.encode() not in stored and secret not in trail
    assert set(readers) <= {"panel_auth", "panel_job", "panel_owner"}


def test_a_candidate_has_no_such_page(as_: As, browse: Browse) -> None:
    """Who logs in by a code to the phone needs no second one."""
    exams.registered(as_)
    with as_() as db:
        account = factories.account(db, Role.CANDIDATE, person_id=1)
        db.commit()
    assert browse(account).get("/security/").status_code == 404
    assert browse().get("/security/").location.startswith("/login/")
