"""Logging in under attack (check 27): lockout, names that cannot be told from each other, fixation, sessions that
end, pictures used once (E8, R3–R6), addresses that lead nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from lxml import html
from sqlalchemy.engine import Engine
from werkzeug.test import TestResponse

from app.access.actor import AUTH
from app.services import logins
from models.accounts import Account, AccountState, Role
from models.kit import clock
from tests import factories
from tests.conftest import Browser
from tests.models import world

PASSWORD, OTHER = "Muster2026", "Anders2026"
As = Callable[..., Any]
Browse = Callable[..., Browser]
_visitors = count(1)


@pytest.fixture
def account(as_: As) -> Account:
    """A school's principal with a password of its own."""
    world.found(as_)
    with as_() as db:
        made = factories.account(db, Role.SCHOOL_PRINCIPAL, school_id=11)
        db.commit()
    with as_(AUTH) as db:
        logins.set_password(db, made.id, PASSWORD, must_change=False)
        db.commit()
    return made


@pytest.fixture
def try_(as_: As, browse: Browse) -> Callable[..., TestResponse]:
    """`try_(name, password)`: a visitor of an address of its own fills in the form, the picture read rightly."""

    def tried(name: str, password: str, browser: Browser | None = None, **data: str) -> TestResponse:
        browser = browser or browse()
        picture(as_, browser)
        number = next(_visitors)
        browser.client.environ_base["REMOTE_ADDR"] = f"10.0.{number // 250}.{number % 250}"
        return browser.post("/login/", {"username": name, "password": password, "captcha": "AB12", **data})

    return tried


def picture(as_: As, browser: Browser) -> str:
    """A picture whose answer is AB12, as /captcha.png would have left it in the cookie."""
    with as_(AUTH) as db:
        token = logins.issue_captcha(db, "AB12")
        db.commit()
    with browser.client.session_transaction() as cookie:
        cookie["captcha"] = token
    return token


def said(answer: TestResponse) -> tuple[int, str]:
    """Status and words, without what differs by itself."""
    page = answer.get_data(as_text=True)
    return answer.status_code, page[page.find("ui-error") :][:300] if "ui-error" in page else ""


def test_five_wrong_passwords_lock_for_fifteen_minutes(
    account: Account, try_: Callable[..., TestResponse]
) -> None:
    """R4; the right password does not open a locked account, and does afterwards."""
    for _ in range(5):
        assert try_(account.username, "falsch").status_code == 401
    assert try_(account.username, PASSWORD).status_code == 429
    with clock.travel(timedelta(minutes=15, seconds=1)):
        assert try_(account.username, PASSWORD).status_code == 302


def test_an_unknown_name_is_answered_and_locked_like_a_known_one(
    account: Account, try_: Callable[..., TestResponse]
) -> None:
    """Neither a wrong password nor the lock tells which names there are (ASVS 6.3.8)."""
    known = [said(try_(account.username, "falsch1")) for _ in range(8)]
    unknown = [said(try_("4199999999", "falsch1")) for _ in range(8)]
    assert [status for status, _ in known] == [401] * 5 + [429] * 3
    assert known == unknown
    with clock.travel(timedelta(minutes=15, seconds=1)):
        assert try_("4199999999", "falsch1").status_code == 401


@pytest.mark.parametrize("tries", [1, 6], ids=["open", "locked"])
def test_every_refusal_costs_one_password_check(
    tries: int, account: Account, try_: Callable[..., TestResponse], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one expensive step is taken whoever is named, so that time tells nothing (no clock is asked here)."""
    checked: list[str] = []
    verify = PasswordHasher.verify

    def counted(self: PasswordHasher, hashed: Any, password: Any) -> Any:
        checked.append(hashed)
        return verify(self, hashed, password)

    monkeypatch.setattr(PasswordHasher, "verify", counted)
    for name in (account.username, "4199999999"):
        checked.clear()
        for _ in range(tries):
            try_(name, "falsch1")
        assert len(checked) == tries
        assert {PasswordHasher.check_needs_rehash(logins._hasher, used) for used in checked} == {False}


def test_a_disabled_account_is_told_so_only_with_its_password(
    account: Account, as_: As, try_: Callable[..., TestResponse]
) -> None:
    _disable(as_, account)
    assert try_(account.username, "falsch").status_code == 401
    assert try_(account.username, PASSWORD).status_code == 403


def test_E8_a_wrong_picture_is_refused_before_the_password_is_looked_at(
    account: Account, try_: Callable[..., TestResponse], owner: Engine
) -> None:
    for _ in range(6):
        assert try_(account.username, "falsch", captcha="ZZZZ").status_code == 422
    with owner.connect() as connection:
        assert connection.scalar(sa.text("select count(*) from login_record")) == 0
        assert connection.scalar(sa.text("select max(failures) from credential")) == 0
    assert try_(account.username, PASSWORD).status_code == 302


def test_E8_a_picture_answers_once(account: Account, as_: As, browse: Browse) -> None:
    """Whatever the first answer was, and though the cookie is sent again as it was."""
    browser = browse()
    token = picture(as_, browser)
    form = {"username": account.username, "password": PASSWORD}
    assert browser.post("/login/", {**form, "captcha": "ZZZZ"}).status_code == 422
    with browser.client.session_transaction() as cookie:
        cookie["captcha"] = token
    assert browser.post("/login/", {**form, "captcha": "AB12"}).status_code == 422
    picture(as_, browser)
    assert browser.post("/login/", {**form, "captcha": "AB12"}).status_code == 302


@pytest.mark.parametrize("address", ["/login/", "/register/", "/forgot/", "/space/login/", "/verify"])
def test_every_picture_can_be_changed_for_another(browse: Browse, address: str) -> None:
    """看不清,换一张 (R3): the button beside the picture names it, and each time it is asked for it is another."""
    browser = browse()
    page = html.fromstring(browser.get(address).get_data(as_text=True))
    (button,) = [one for one in page.iter("button") if one.get("data-captcha")]
    shown = page.get_element_by_id(button.get("data-captcha"))
    assert (button.text_content(), shown.tag) == ("看不清，换一张", "img")
    pictures, tokens = set(), set()
    for _ in range(3):
        answer = browser.get(shown.get("src"))
        assert (answer.mimetype, "no-store" in answer.headers["Cache-Control"]) == ("image/png", True)
        pictures.add(answer.data)
        with browser.client.session_transaction() as cookie:
            tokens.add(cookie["captcha"])
    assert len(pictures) == len(tokens) == 3


def test_the_text_of_a_picture_that_was_changed_is_void(account: Account, as_: As, browse: Browse) -> None:
    browser = browse()
    picture(as_, browser)
    form = {"username": account.username, "password": PASSWORD, "captcha": "AB12"}
    browser.get("/captcha.png")
    answer = browser.post("/login/", form)
    assert answer.status_code == 422 and "验证码不正确或已过期" in browser.text()
    assert not browser.logged_in()
    picture(as_, browser)
    assert browser.post("/login/", form).status_code == 302


def test_E8_a_picture_is_good_for_five_minutes(account: Account, as_: As, browse: Browse) -> None:
    browser = browse()
    picture(as_, browser)
    with clock.travel(timedelta(minutes=5, seconds=1)):
        answer = browser.post(
            "/login/", {"username": account.username, "password": PASSWORD, "captcha": "AB12"}
        )
    assert answer.status_code == 422


def test_nothing_of_the_session_before_survives_logging_in(
    account: Account, browse: Browse, try_: Callable[..., TestResponse]
) -> None:
    """Fixation: whatever somebody planted in the cookie is gone, the CSRF token is a new one."""
    browser = browse()
    before = browser.token()
    with browser.client.session_transaction() as cookie:
        cookie["planted"] = "by somebody else"
    assert try_(account.username, PASSWORD, browser).status_code == 302
    with browser.client.session_transaction() as cookie:
        assert "planted" not in cookie and "captcha" not in cookie
    assert browser.token() not in ("", before)


def test_the_session_cookie_is_closed_to_scripts_and_other_sites(
    account: Account, try_: Callable[..., TestResponse]
) -> None:
    cookies = try_(account.username, PASSWORD).headers.getlist("Set-Cookie")
    assert cookies
    for cookie in cookies:
        assert "HttpOnly" in cookie and "SameSite=Lax" in cookie


def test_a_disabled_account_is_out_at_its_next_request(account: Account, as_: As, browse: Browse) -> None:
    browser = browse(account)
    assert browser.get("/password/").status_code == 200
    _disable(as_, account)
    answer = browser.get("/password/")
    assert answer.status_code == 302 and answer.location.startswith("/login/")
    assert not browser.logged_in()


def test_a_new_password_ends_all_sessions_but_the_one_that_set_it(account: Account, browse: Browse) -> None:
    """R5."""
    here = browse(account)
    with here.client.session_transaction() as cookie:
        stolen = dict(cookie)
    new = {"old": PASSWORD, "password": OTHER, "repeat": OTHER}
    assert here.post("/password/", new).status_code == 302
    assert here.get("/password/").status_code == 200
    elsewhere = browse()
    with elsewhere.client.session_transaction() as cookie:
        cookie.update(stolen)
    assert elsewhere.get("/password/").location.startswith("/login/")


def test_logging_out_needs_its_token_and_is_for_good(account: Account, browse: Browse) -> None:
    browser = browse(account)
    assert browser.get("/logout/").status_code == 405
    assert browser.client.post("/logout/").status_code == 400
    assert browser.logged_in()
    browser.post("/logout/")
    assert not browser.logged_in()


def test_a_session_ends_when_idle_and_after_twelve_hours_in_any_case(
    account: Account, browse: Browse
) -> None:
    browser = browse(account)
    for minutes in range(0, 12 * 60, 50):
        with clock.travel(timedelta(minutes=minutes)):
            assert browser.get("/password/").status_code == 200
    with clock.travel(timedelta(hours=12, minutes=1)):
        assert browser.get("/password/").status_code == 302
    idle = browse(account)
    with clock.travel(timedelta(minutes=61)):
        assert idle.get("/password/").status_code == 302


def test_one_address_may_not_go_on_trying(account: Account, as_: As, browse: Browse) -> None:
    """Thirty a minute by default, whatever the names (CVE-2023-29005 of the framework)."""
    browser = browse()
    browser.client.environ_base["REMOTE_ADDR"] = "10.9.9.9"
    answers = []
    for number in range(32):
        picture(as_, browser)
        form = {"username": f"nobody{number}", "password": "falsch", "captcha": "AB12"}
        answers.append(browser.post("/login/", form).status_code)
    assert answers[:30] == [401] * 30 and answers[-1] == 429


@pytest.mark.parametrize(
    "elsewhere",
    [
        "//evil.example", "https://evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example",
        "/\n/evil.example", "/\r/evil.example", "/ /evil.example", "javascript:alert(1)", "/\x00/evil.example",
        "\t//evil.example", "evil.example",
    ],
)  # fmt: skip
def test_logging_in_leads_to_no_other_site(
    elsewhere: str, account: Account, try_: Callable[..., TestResponse]
) -> None:
    """Open redirect (CVE-2021-32805 and its like): only a plain path of ours is followed."""
    answer = try_(account.username, PASSWORD, next=elsewhere)
    assert (answer.status_code, answer.location) == (302, "/console/")


def test_a_path_of_ours_is_followed(account: Account, try_: Callable[..., TestResponse]) -> None:
    answer = try_(account.username, PASSWORD, next="/console/candidate/?tab=VERIFIED&page=2")
    assert answer.location == "/console/candidate/?tab=VERIFIED&page=2"


@pytest.mark.parametrize("typed", ["370101200301011237", "13812345678", "37010120030101123X"])
def test_a_personal_number_typed_as_a_name_is_not_kept(
    typed: str, account: Account, try_: Callable[..., TestResponse], owner: Engine
) -> None:
    """R25: the log of log-ins is read by others."""
    try_(typed, "falsch")
    with owner.connect() as connection:
        names = connection.scalars(sa.text("select username from login_record")).all()
    assert names and not any(typed in name for name in names)


def test_a_login_link_opens_once_and_for_two_minutes(account: Account, as_: As, browse: Browse) -> None:
    with as_(AUTH) as db:
        token = logins.login_token(db.get_one(Account, account.id))
    with clock.travel(timedelta(minutes=3)):
        assert browse().get(f"/login/link/{token}").status_code == 403
    assert browse().get(f"/login/link/{token}").status_code == 302
    assert browse().get(f"/login/link/{token}").status_code == 403
    for forged in ("1.1.9999999999.00", "x", "a.b.c.d", f"{token}0", "9" * 500):
        assert browse().get(f"/login/link/{forged}").status_code == 403, forged


def test_a_forged_cookie_is_nobodys(account: Account, browse: Browse) -> None:
    """Signed with another key, or cut: the visitor is a stranger, and no fault comes of it."""
    for value in ("eyJhY3RvciI6WyJwbGF0Zm9ybSJdfQ.Zm9v.YmFy", "x", ".", "a" * 3000):
        browser = browse()
        browser.client.set_cookie("session", value)
        assert browser.get("/console/").status_code == 302
        assert browser.last is not None and browser.last.location.startswith("/login/")


def _disable(as_: As, account: Account) -> None:
    with as_() as db:
        db.get_one(Account, account.id).state = AccountState.DISABLED
        db.commit()
