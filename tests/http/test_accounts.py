"""Opening and handing on accounts through the pages (1.2, R2, R6, E8, E12)."""

from __future__ import annotations

import re
from typing import Any

import pytest
import sqlalchemy as sa

from app.access.actor import AUTH, JOB
from app.services import logins
from models.accounts import Account, Credential, Role
from tests.factories import account
from tests.factories_declarations import Cast, cast
from tests.models.world import found

FORM = {
    "role": "school.staff",
    "name": "赵业务",
    "mobile": "13700000001",
    "menus": ["考试管理/考生管理", "证书管理/证书试点申报"],
}


@pytest.fixture
def people(as_: Any) -> Cast:
    return cast(as_)


def of(as_: Any, key: int | None) -> Account:
    with as_(JOB) as db:
        return db.get_one(Account, key)  # type: ignore[no-any-return]


def count(as_: Any) -> int:
    with as_(JOB) as db:
        return len(db.scalars(sa.select(Account)).all())


def test_a_principal_opens_a_staff_account_whose_password_is_shown_once(
    as_: Any, people: Cast, browse: Any
) -> None:
    browser = browse(of(as_, people.school.account))
    assert "新增账号" in browser.get("/console/account/").get_data(as_text=True)
    page = browser.post("/console/accounts/add", FORM)
    assert page.status_code == 200, browser.text()
    username = re.search(r"4137010028-\d\d", browser.text())
    assert username is not None
    password = re.search(r"<dt>初始密码</dt><dd>(\w{10})</dd>", browser.text())
    assert password is not None
    assert password[1] not in browser.get("/console/account/").get_data(as_text=True)
    with as_(AUTH) as db:
        made = logins.authenticate(db, username[0], password[1], "127.0.0.1")
    assert (made.role, made.menus) == (Role.SCHOOL_STAFF, FORM["menus"])
    assert browse(made).get("/console/declaration/").location == "/password/"  # R6: changed at first log-in
    with as_(AUTH) as db:
        logins.set_password(db, made.id, "chosen1234", must_change=False)
        db.commit()
    staff = browse(made)
    assert staff.get("/console/declaration/").status_code == 200
    assert staff.get("/console/quota/").status_code == 403
    assert staff.get("/console/accounts/add").status_code == 403


@pytest.mark.parametrize("role", ["school.principal", "platform.operator", "province.principal", "nobody"])
def test_e12_a_forged_role_is_neither_offered_nor_taken(
    as_: Any, people: Cast, browse: Any, role: str
) -> None:
    browser, before = browse(of(as_, people.school.account)), count(as_)
    assert f'value="{role}"' not in browser.get("/console/accounts/add").get_data(as_text=True)
    assert browser.post("/console/accounts/add", {**FORM, "role": role}).status_code == 403
    assert count(as_) == before


def test_a_manager_opens_staff_only_and_touches_nobody_above(as_: Any, people: Cast, browse: Any) -> None:
    browser = browse(of(as_, people.manager.account))
    assert browser.post("/console/accounts/add", {**FORM, "role": "school.manager"}).status_code == 403
    assert browser.post("/console/accounts/add", FORM).status_code == 200, browser.text()
    assert browser.get(f"/console/accounts/{people.school.account}/edit").status_code == 403
    assert browser.act("account", "reset_password", [people.school.account or 0]).status_code in (403, 409)


def test_an_account_of_another_tenant_is_not_there(as_: Any, people: Cast, browse: Any) -> None:
    browser = browse(of(as_, people.school.account))
    assert browser.get(f"/console/accounts/{people.province.account}/edit").status_code == 404
    assert browser.act("account", "disable", [people.province.account or 0]).status_code == 404


def test_a_principal_hands_its_account_over_and_is_logged_out(as_: Any, people: Cast, browse: Any) -> None:
    browser = browse(of(as_, people.school.account))
    answer = browser.act(
        "account",
        "hand_over",
        [people.school.account or 0],
        {"name": "钱校长", "mobile": "13700000002", "proof": "青院任〔2020〕3号"},
    )
    assert answer.status_code == 302, browser.text()
    assert browser.get("/console/declaration/").location.startswith("/login/")
    assert of(as_, people.school.account).name == "钱校长"


def test_a_province_opens_the_account_of_a_city(as_: Any, people: Cast, browse: Any) -> None:
    browser = browse(of(as_, people.province.account))
    page = "/console/accounts/principal/city/3"
    assert page in browser.get("/console/city/3").get_data(as_text=True)
    assert browser.post(page, {"name": "周地市", "mobile": "13700000003"}).status_code == 200, browser.text()
    assert "370100" in browser.text()
    assert browser.post(page, {"name": "周地市", "mobile": "13700000003"}).status_code == 409
    school = browse(of(as_, people.school.account))
    assert school.post(page, {"name": "周地市", "mobile": "13700000003"}).status_code == 403


def test_e8_a_wrong_captcha_leaves_the_password_unchecked_and_uncounted(
    as_: Any, people: Cast, browse: Any
) -> None:
    with as_(AUTH) as db:
        logins.set_password(db, people.school.account or 0, "right1234", must_change=False)
        db.commit()
    browser, username = browse(), of(as_, people.school.account).username
    for password in ("right1234", "wrong1234"):
        browser.get("/captcha.png")
        answer = browser.post("/login/", {"username": username, "password": password, "captcha": "nope"})
        assert answer.status_code == 422
        assert "验证码不正确" in browser.text()
    with as_(AUTH) as db:
        assert db.scalars(sa.select(Credential.failures)).all() == [0]


# 地市账号


def test_a_province_gives_each_of_its_cities_one_account(as_: Any, browse: Any) -> None:
    """1.1, R1: the list says which city has none; only one's own are offered, and none twice."""
    found(as_)
    with as_(JOB) as db:
        principal = account(db, Role.PROVINCE_PRINCIPAL, province_id=2)
        staff = account(db, Role.PROVINCE_STAFF, province_id=2)
        taken = account(db, Role.CITY_PRINCIPAL, city_id=2, username="city370200")
        db.commit()
    officer, page = browse(principal), "/console/city_accounts/"
    listed = officer.get(page).get_data(as_text=True)
    assert "济南市" in listed and "city370200" in listed and "北京市" not in listed
    assert "city370200" not in officer.get(f"{page}?tab=未开通").get_data(as_text=True)
    form = officer.get(f"{page}add?city=3").get_data(as_text=True)
    assert '<option selected value="3">济南市' in form and "青岛市" not in form
    person = {"name": "孙科长", "mobile": "13912345678"}
    for city in ("1", "2"):  # another province's, and one that has its account
        assert officer.post(f"{page}add", {"city": city, **person}).status_code == 422
    assert officer.post(f"{page}add", {"city": "3", **person}).status_code == 200
    assert "初始密码" in officer.text() and "370100" in officer.text()
    assert "本省各地市都已有负责人账号" in officer.get(page).get_data(as_text=True)
    assert officer.act("account", "disable", [taken.id]).status_code == 302
    assert "city370200" in officer.get(f"{page}?tab=已停用").get_data(as_text=True)
    assert browse(staff).get(page).status_code == 403
