"""What machines write is read as words: the home page's rings, a plan's course, the trail, the rule behind a result."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest
import sqlalchemy as sa

from app.access.actor import JOB
from app.panel.cells import cell
from app.panel.resolve import resolve
from models.accounts import Account, Role
from models.kit import clock
from models.platform import NumberSequence
from models.scheduling import RoomSession
from models.scores import CertificateResult
from tests import factories
from tests.factories_scheduling import IN_SCHEDULING, a_plan_with, scheduled
from tests.imports.conftest import data_folder
from tests.jobs.conftest import factory

__all__ = ["data_folder", "factory"]


@pytest.fixture(autouse=True)
def in_scheduling() -> Iterator[None]:
    with clock.travel(IN_SCHEDULING):
        yield


def somebody(as_: Any, role: Role = Role.SCHOOL_PRINCIPAL, **tenant: int) -> Account:
    with as_() as db:
        account = factories.account(db, role, **tenant)
        db.commit()
        return account


def words(page: str) -> str:
    """What a reader sees, without markup."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def test_each_part_of_a_ring_on_the_home_page_leads_to_as_many_rows(as_: Any, browse: Any) -> None:
    """7.2 首页; R133."""
    plan, _ = a_plan_with(as_, 3, 30)
    scheduled(as_, plan, publish=True)
    browser = browse(somebody(as_, school_id=11))
    home = browser.get("/console/").get_data(as_text=True)
    parts = re.findall(r'<li data-tone="\w+"><a href="([^"]+)">([^<]+)</a><b>(\d+)</b>', home)
    assert {label for _, label, _ in parts} >= {"已排考"}
    assert home.count("<svg viewBox") == home.count('class="ui-legend"') > 0
    for href, label, count in parts:
        listed = browser.get(unescape(href)).get_data(as_text=True)
        tabs = listed[listed.index('class="ui-tabs"') :]
        tab = re.search(r'class="is-active" aria-current="true">(.*?)</a>', tabs)
        assert tab is not None and words(tab[1]).split() == [label, count]


def test_a_home_page_without_any_business_draws_no_ring(as_: Any, browse: Any) -> None:
    home = browse(somebody(as_, Role.PLATFORM_OPERATOR)).get("/console/").get_data(as_text=True)
    assert "ui-legend" not in home and "正在进行的时间窗口" in home


def test_e78_a_published_plan_shows_its_windows_in_time(as_: Any, browse: Any) -> None:
    """Registration and scheduling are both open on 2020-12-16."""
    plan, _ = a_plan_with(as_, 1, 30)
    page = browse(somebody(as_, school_id=11)).get(f"/console/exam_plan/{plan}").get_data(as_text=True)
    steps = re.findall(r'<li class="is-(\w+)"[^>]*>.*?ui-progress-label">([^<]+)<', page)
    assert [label for _, label in steps] == ["报考", "排考", "考试", "成绩登记", "成绩公示"]
    assert [state for state, _ in steps] == ["current", "current", "todo", "todo", "todo"]
    assert "报考时间" in page and "报考开始" not in page
    assert re.search(r">\d+%<", page), "a share of the total is told in percent (R66)"


def test_a_table_under_a_row_does_not_repeat_what_the_row_says(as_: Any, browse: Any) -> None:
    plan, _ = a_plan_with(as_, 2, 30)
    scheduled(as_, plan, publish=True)
    with as_(JOB) as db:
        room = db.scalars(sa.select(RoomSession)).first()
    page = browse(somebody(as_, school_id=11)).get(f"/console/room_session/{room.id}").get_data(as_text=True)
    seats = page[page.index("排考明细") :]
    head = re.findall(r"<th[^>]*>(?:<[^>]+>)*([^<]+)", seats[: seats.index("</table>")])
    assert "学生姓名" in head and "座位号" in head
    assert not {"考场名称", "考核站点", "考试科目"} & set(head)


def test_r135_the_trail_is_told_in_words(as_: Any, browse: Any) -> None:
    a_plan_with(as_, 1, 30)
    account = somebody(as_, school_id=11)
    browser = browse(account)
    page = words(browser.get("/console/audit_entry/").get_data(as_text=True))
    assert "登录与认证" in page or "院校负责人" in page
    listed = page[page.index("对象编号") :]
    assert not re.search(r"\b(INSERT|UPDATE|DELETE|account|school|principal|auth)\b", listed)
    key = re.search(r'href="/console/audit_entry/(\d+)"', browser.text())
    assert key is not None
    detail = words(browser.get(f"/console/audit_entry/{key[1]}").get_data(as_text=True))
    assert "{" not in detail and "null" not in detail
    chosen = browser.get("/console/audit_entry/?f_action=DELETE").get_data(as_text=True)
    assert '<option value="DELETE" selected>删除</option>' in chosen


def test_the_rule_behind_a_result_is_told_in_words() -> None:
    """R110, R66: what a result was computed from can be read by those it concerns."""
    rule = {
        "mode": "WEIGHTED",
        "total_pass_mark": 60.0,
        "subjects": [
            {"code": "098694", "weight": 40, "pass_mark": 60, "score": 59.9},
            {"code": "043194", "weight": 60, "pass_mark": 60, "score": None},
        ],
    }
    shown = cell(resolve(CertificateResult), CertificateResult(rule_snapshot=rule), "rule_snapshot")
    assert shown.text.splitlines() == [
        "综合成绩合格,综合成绩合格分数60.0",
        "科目098694:59.9分,占40%",
        "科目043194:未登记或缺考,占60%",
    ]


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("certificate:600031:01:561001:20", "证书编号(机构600031,等级01,院校561001,年份20)"),
        ("site", "站点代码"),
        ("plan:20200522", "计划编号(日期20200522)"),
    ],
)
def test_the_scope_of_a_number_is_told_in_words(key: str, told: str) -> None:
    row = NumberSequence(scope_key=key)
    assert cell(resolve(NumberSequence), row, "scope_key").text == told == str(row)


def test_an_empty_list_names_a_next_step_only_to_those_who_have_it(as_: Any, browse: Any) -> None:
    """A school makes fee slips, an organisation waits for them: neither is told to press the other's button."""
    a_plan_with(as_, 1, 30)
    with as_(JOB) as db:
        db.execute(sa.text("delete from fee_slip_line"))
        db.execute(sa.text("delete from fee_slip"))
        db.commit()
    own = browse(somebody(as_, school_id=11)).get("/console/fee_slip/").get_data(as_text=True)
    assert "点“按报考证书生成缴费申请单”" in own
    theirs = browse(somebody(as_, Role.ORGANISATION_MANAGER, organisation_id=5))
    page = theirs.get("/console/fee_slip/").get_data(as_text=True)
    assert "还没有缴费单" in page and "按报考证书生成" not in page


def test_the_menu_leads_straight_to_ones_own_institution(as_: Any, browse: Any) -> None:
    """1.4 机构管理→院校信息: there is one row, so there is no list to look it up in."""
    a_plan_with(as_, 1, 30)
    browser = browse(somebody(as_, school_id=11))
    entry = r'<a [^>]*href="/console/school/11"[^>]*>(?:<svg.*?</svg>)?\s*(?:<span>)?院校信息'
    home = browser.get("/console/school/").get_data(as_text=True)
    assert re.search(entry, home, re.DOTALL)
    page = browser.get("/console/school/11/edit").get_data(as_text=True)
    marked = re.search(r'<a [^>]*aria-current="page"[^>]*>.*?院校信息', page, re.DOTALL)
    assert marked is not None
