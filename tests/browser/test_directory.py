"""院校管理 of a province in the browser: find a school, ask for its correction, the platform adopts it, the answer
arrives; an account for a city that has none (1.1, 1.4, 7.3; R1, R10)."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from playwright.sync_api import expect

from models.accounts import Account
from models.directory import SchoolDirectory
from models.regions import City
from tests.browser.installation import Installation
from tests.browser.people import People

pytestmark = pytest.mark.browser

PROVINCE, OPERATOR = "province33", "operator"
RIGHT = "浙江更名职业大学"


def test_the_province_asks_and_the_platform_corrects(people: People, installation: Installation) -> None:
    with installation.session() as session:
        wrong, key = session.execute(
            sa.select(SchoolDirectory.name, SchoolDirectory.id)
            .join(Account, Account.school_id == SchoolDirectory.id)
            .where(Account.username == "school01")
        ).one()

    officer = people.as_person(PROVINCE)
    officer.go("院校管理", "院校名录")
    officer.page.locator(".ui-tabs").get_by_role("link", name="已注册").click()
    expect(officer.page.locator(".ui-tabs .is-active")).to_contain_text("已注册")
    officer.album.take(officer.page, "directory")
    officer.search("院校名称", wrong)
    officer.press("申请更正", officer.row(wrong))
    officer.choose("问题", "名称有误")
    officer.press("申请更正")
    officer.sees("请填写正确的院校名称")
    officer.fill({"正确的院校名称": RIGHT, "情况说明": "教育部函〔2026〕12号"})
    officer.press("申请更正")
    officer.told("已报平台更正")
    officer.album.take(officer.page, "directory-report")

    operator = people.as_person(OPERATOR)
    operator.go("院校管理", "名录反馈")
    operator.open(wrong)
    operator.sees(f"名录现为:{wrong}", RIGHT)
    operator.press("采用并更正")
    operator.press("采用并更正")
    operator.told("处理意见已告知")
    with installation.session() as session:
        assert session.get_one(SchoolDirectory, key).name == RIGHT

    officer.visit("/console/message/")
    officer.sees(f"院校名录已更正:{wrong}")


def test_a_city_without_an_account_gets_one(people: People, installation: Installation) -> None:
    with installation.session() as session:
        free = session.scalars(
            sa.select(City.name)
            .where(
                City.code.startswith("33"),
                ~sa.exists().where(Account.city_id == City.id, Account.is_principal),
            )
            .order_by(City.code)
        ).first()
    assert free is not None
    officer = people.as_person(PROVINCE)
    officer.go("院校管理", "地市账号")
    officer.press("新增账号", officer.row(free))
    expect(officer.control("地市").locator("option:checked")).to_have_text(free)
    officer.fill({"姓名": "孙科长", "手机号码": "13912345678"})
    officer.press("保存")
    officer.sees("账号已开通", "初始密码")
    officer.press("返回")
    assert officer.value(free, "姓名") == "孙科长"
