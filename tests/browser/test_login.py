"""Logging in as everybody does: account, password, picture (R3, R4, R6, E8)."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PASSWORD
from tests.browser.people import People, Person

pytestmark = pytest.mark.browser


def log_in(person: Person, password: str, captcha: str) -> None:
    person.fill({"账号": "school01m", "密码": password, "验证码": captcha})
    person.press("登录")


def test_a_person_logs_in_and_out_again(people: People) -> None:
    person = people.window()
    person.visit("/console/declaring/")
    expect(person.page).to_have_url(f"{person.address}/login/?next=/console/declaring/")
    log_in(person, PASSWORD, people.read_captcha(person))
    expect(person.page).to_have_url(f"{person.address}/console/declaring/")
    person.page.locator(".ui-user summary").click()
    person.press("退出")
    person.told("已退出登录")
    person.visit("/console/declaring/")
    expect(person.page.get_by_role("button", name="登录")).to_be_visible()
    assert people.complaints == []


def test_a_wrong_picture_and_a_wrong_password_are_told_and_the_name_stays(people: People) -> None:
    person = people.window()
    person.visit("/login/")
    log_in(person, PASSWORD, "0000")
    person.sees("验证码不正确或已过期")
    expect(person.control("账号")).to_have_value("school01m")
    log_in(person, "Wrong2026", people.read_captcha(person))
    person.sees("账号或密码不正确")
    expect(person.control("账号")).to_have_value("school01m")
    people.album.take(person.page, "login-wrong")
    assert people.album.findings == []
