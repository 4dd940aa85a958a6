"""From 注册 to the declaration system over HTTP: the pages of a school that has no account yet, and of one that has
forgotten its password (7.1, R5–R13, R16, R17, E1–E10)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from app.access.actor import AUTH, JOB
from app.panel.limits import limiter
from app.services import logins
from models.accounts import Account, Role
from models.declarations import DeclarationState
from models.directory import DirectoryReport, ReportState, School, SchoolDirectory, SchoolKind
from models.jobs import Message
from models.kit import formats
from models.platform import SmsMessage
from models.regions import County, Province
from tests.conftest import Browser
from tests.factories import account
from tests.factories_declarations import at, batch, declaration
from tests.models import world

CAPTCHA, MOBILE = "3FK9", "13800000088"
FORM = {"province_id": "2", "city_id": "2", "school": "12", "school_code": "4237010030", "mobile": MOBILE}
SHORT = {"Accept": "application/json"}
DIGITS = "123701000000000001"[:17]
BASICS = {
    "uscc": DIGITS + formats.uscc_check_character(DIGITS),
    "website": "www.mingde.example.cn",
    "city_id": "2",
    "county_id": "1",
    "address": "职教大道1号",
    "contact_name": "李校长",
    "contact_mobile": MOBILE,
    "contact_email": "office@mingde.example.cn",
}
As = Callable[..., Any]


@pytest.fixture(autouse=True)
def ground(as_: As, app: Any) -> None:
    limiter.reset()
    world.found(as_)
    with as_(JOB) as db:
        db.add(
            SchoolDirectory(
                id=12,
                school_code="4237010030",
                name="青岛明德学院",
                kind=SchoolKind.VOCATIONAL,
                province_id=2,
                city_id=2,
            )
        )
        db.add(County(id=1, city_id=2, code="370202", name="市南区"))
        shandong = db.get_one(Province, 2)
        shandong.contact_name, shandong.contact_phone = "张老师", "0531-00000000"
        account(db, Role.SCHOOL_PRINCIPAL, school_id=11, username="4137010028", mobile="13900000011")
        db.commit()


def solve(browser: Browser, as_: As) -> str:
    """The picture of this browser has a known answer from now on."""
    with as_(AUTH) as db:
        token = logins.issue_captcha(db, CAPTCHA)
        db.commit()
    with browser.client.session_transaction() as cookie:
        cookie["captcha"] = token
    return CAPTCHA


def ask_code(browser: Browser, as_: As, **changed: str) -> Any:
    given = {**FORM, "captcha": solve(browser, as_), **changed}
    return browser.post("/register/code", given, headers=SHORT)


def code_on(as_: As, mobile: str = MOBILE) -> str:
    with as_(JOB) as db:
        newest = sa.select(SmsMessage.body).where(SmsMessage.mobile == mobile).order_by(SmsMessage.id.desc())
        found = re.search(r"\d{6}", db.scalars(newest.limit(1)).one())
    assert found
    return found[0]


def registered(browser: Browser, as_: As) -> tuple[str, str]:
    """Account and first password, off the page."""
    assert ask_code(browser, as_).json == {"message": "验证码已发送,请查收短信", "wait": 60}
    answer = browser.post("/register/", {**FORM, "code": code_on(as_)})
    assert answer.status_code == 200, browser.text()
    shown = re.findall(r"<dd>(\w+)</dd>", browser.text())
    return shown[0], shown[1]


def log_in(browser: Browser, as_: As, username: str, password: str) -> Any:
    given = {"username": username, "password": password, "captcha": solve(browser, as_)}
    return browser.post("/login/", given)


def at_basics(browser: Browser, as_: As) -> None:
    """Registered, logged in, password changed: at the first step."""
    username, password = registered(browser, as_)
    assert log_in(browser, as_, username, password).location == "/password/"
    new = {"old": password, "password": "Mingde2026", "repeat": "Mingde2026"}
    assert browser.post("/password/", new).status_code == 302, browser.text()


def save(browser: Browser, as_: As, **changed: str) -> Any:
    with as_(JOB) as db:
        version = db.get_one(School, 12).version
    values = {"row_version": str(version), **BASICS, **changed}
    return browser.post("/console/school/12/edit", values)


# Registering


def test_a_school_registers_logs_in_changes_the_password_and_completes_its_basics(
    as_: As, browse: Any
) -> None:
    """4.2, R6, R8: until the password is changed there is no other page; then comes the first step."""
    browser = browse()
    username, password = registered(browser, as_)
    assert username == "4237010030" and "注册成功" in browser.text() and "开始申报试点证书" in browser.text()
    assert "no-store" in browser.last.headers["Cache-Control"]
    assert log_in(browser, as_, username, password).location == "/password/"
    assert browser.get("/console/declaring/").location == "/password/"
    new = {"old": password, "password": "Mingde2026", "repeat": "Mingde2026"}
    assert browser.post("/password/", new).location == "/console/"
    page = browser.get("/console/", follow_redirects=True).get_data(as_text=True)
    assert "完善院校基础信息" in page
    page = browser.get("/console/school/12/edit?next=/console/declaring/").get_data(as_text=True)
    assert "完善基础信息" in page and "保存,进入下一步" in page and "data-guard" in page
    assert "查看审批结果" in page and f'value="{MOBILE}"' in page, "the registered mobile is filled in"
    answer = save(browser, as_, next="/console/declaring/")
    assert answer.location == "/console/declaring/", browser.text()
    with as_(JOB) as db:
        school = db.get_one(School, 12)
        assert school.basics_completed and school.website == "http://www.mingde.example.cn"
        assert (school.city_id, school.county_id, school.uscc) == (2, 1, BASICS["uscc"])


def test_e1_a_name_that_was_typed_and_not_chosen_is_refused_with_the_way_to_the_province(
    as_: As, browse: Any
) -> None:
    browser = browse()
    assert browser.post("/register/", {**FORM, "school": "青岛某学院", "code": "123456"}).status_code == 422
    assert "名录中没有该院校" in browser.text() and "张老师" in browser.text() and "0531" in browser.text()
    assert "/register/feedback" in browser.text()


def test_e2_a_registered_school_is_marked_and_a_second_registration_refused_with_links(
    as_: As, browse: Any
) -> None:
    browser = browse()
    offered = browser.get("/register/schools?province_id=2&city_id=2&q=青岛").json["results"]
    assert {o["text"]: (o["hint"], o["marked"]) for o in offered} == {
        "青岛学院": ("4137010028 · 已注册", True),
        "青岛明德学院": ("4237010030", False),
    }
    ask_code(browser, as_)
    again = {**FORM, "school": "11", "school_code": "4137010028", "code": code_on(as_)}
    assert browser.post("/register/", again).status_code == 409
    note = re.search(r'<div class="ui-alert"[^>]*id="note-school"([^>]*)>(.*?)</div></div>', browser.text())
    assert note and "hidden" not in note[1]
    assert 'href="/login/"' in note[2] and 'href="/forgot/"' in note[2]
    with as_(JOB) as db:
        assert db.scalar(sa.select(sa.func.count()).where(Account.school_id == 11)) == 1


def test_e3_a_school_code_of_another_province_is_refused_beside_the_code(as_: As, browse: Any) -> None:
    browser = browse()
    beijing = {"province_id": "1", "city_id": "1", "school": "10", "school_code": "4137010028"}
    assert browser.post("/register/", {**FORM, **beijing, "code": "1"}).status_code == 422
    assert "代码与省份不符" in browser.text()


def test_e4_before_a_province_is_chosen_the_list_is_empty_and_says_so(browse: Any) -> None:
    browser = browse()
    assert browser.get("/register/schools?q=青岛").json == {"results": [], "message": "请先选择省份和地市"}
    assert browser.get("/register/cities").json == {"results": [], "message": "请先选择省份"}
    assert browser.get("/register/schools?province_id=2&city_id=3").json["results"] == []
    assert browser.get("/register/schools?province_id=' or 1=1&city_id=9e9").json["results"] == []


def test_a_city_of_another_province_is_refused(browse: Any) -> None:
    browser = browse()
    assert browser.post("/register/", {**FORM, "city_id": "1", "code": "1"}).status_code == 422
    assert "重新选择" in browser.text()


def test_e5_a_wrong_mobile_gets_a_sentence_and_no_code(as_: As, browse: Any) -> None:
    answer = ask_code(browse(), as_, mobile="12345678901")
    assert answer.status_code == 422 and "手机号" in answer.json["message"]


def test_e6_asking_twice_is_refused_with_the_seconds_left(as_: As, browse: Any) -> None:
    browser = browse()
    ask_code(browser, as_)
    answer = ask_code(browser, as_)
    assert answer.status_code == 429 and re.search(r"请\d+秒后再获取", answer.json["message"])


def test_no_code_is_sent_without_a_right_picture_and_a_picture_counts_once(as_: As, browse: Any) -> None:
    """R7: a captcha replayed with its cookie is used up too."""
    browser = browse()
    assert ask_code(browser, as_, captcha="AAAA").status_code == 422
    solve(browser, as_)
    with browser.client.session_transaction() as cookie:
        token = cookie["captcha"]
    given = {**FORM, "captcha": CAPTCHA}
    assert browser.post("/register/code", given, headers=SHORT).status_code == 200
    with browser.client.session_transaction() as cookie:
        cookie["captcha"] = token
    again = browser.post("/register/code", {**given, "mobile": "13800000099"}, headers=SHORT)
    assert again.status_code == 422 and "验证码不正确或已过期" in again.json["message"]
    with as_(JOB) as db:
        assert len(db.scalars(sa.select(SmsMessage)).all()) == 1


def test_e7_a_wrong_code_is_refused_beside_its_field_and_what_was_typed_stays(as_: As, browse: Any) -> None:
    browser = browse()
    ask_code(browser, as_)
    wrong = f"{(int(code_on(as_)) + 1) % 10**6:06d}"
    assert browser.post("/register/", {**FORM, "code": wrong}).status_code == 422
    assert "手机验证码不正确或已过期" in browser.text()
    assert '<option selected value="12">青岛明德学院</option>' in browser.text()
    assert '<option selected value="2">青岛市</option>' in browser.text()


def test_e10_a_school_that_only_declares_sees_no_business_page(as_: As, browse: Any) -> None:
    browser = browse()
    at_basics(browser, as_)
    assert browser.get("/console/candidate/").location == "/console/declaring/"


# Base information


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"uscc": "12370100000000000X"}, "校验位"),
        ({"uscc": "1237010000"}, "须为18位"),
        ({"website": "javascript:alert(1)"}, "网址格式不正确"),
        ({"address": "   "}, "请填写详细地址"),
        ({"address": "路"}, "至少5个字"),
        ({"county_id": ""}, "请选择单位所在地的区县"),
        ({"city_id": "1"}, "不属于所选的单位所在地"),
        ({"city_id": "1", "county_id": ""}, "没有找到所选的单位所在地"),
        ({"contact_email": "office@"}, "邮箱"),
        ({"contact_mobile": "123"}, "手机号应为11位"),
        ({"contact_name": ""}, "请填写联系人姓名"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_is_wrong_in_the_basics_is_said_beside_it(
    as_: As, browse: Any, changed: dict[str, str], said: str
) -> None:
    """3.1, R16, R17: and nothing is saved."""
    browser = browse()
    at_basics(browser, as_)
    assert save(browser, as_, **changed).status_code == 422
    assert said in browser.text()
    with as_(JOB) as db:
        school = db.get_one(School, 12)
        assert (school.uscc, school.basics_completed) == ("", False)


def test_cities_and_counties_are_searched_within_what_is_chosen(as_: As, browse: Any) -> None:
    """The region is a cascade: the school's own province, then the city, then its counties."""
    browser = browse()
    at_basics(browser, as_)
    page = browser.get("/console/school/12/edit").get_data(as_text=True)
    assert 'data-remote="/console/school/picker/city_id?province_id=2"' in page
    assert 'data-within="city_id"' in page
    cities = browser.get("/console/school/picker/city_id?province_id=2").json
    assert {c["text"] for c in cities} == {"青岛市", "济南市"}
    assert browser.get("/console/school/picker/county_id?city_id=3").json == []
    assert [c["text"] for c in browser.get("/console/school/picker/county_id?city_id=2").json] == ["市南区"]


def test_kind_and_code_are_never_changed_by_the_school(as_: As, browse: Any) -> None:
    browser = browse()
    at_basics(browser, as_)
    save(browser, as_, name="别的学院", kind="UNDERGRADUATE", school_code="4237019999", province_id="1")
    with as_(JOB) as db:
        school = db.get_one(School, 12)
        assert (school.name, school.kind, school.school_code, school.province_id) == (
            "青岛明德学院",
            SchoolKind.VOCATIONAL,
            "4237010030",
            2,
        )


# 忘记密码


def test_a_forgotten_password_is_set_by_text_message(as_: As, browse: Any) -> None:
    """R5."""
    browser = browse()
    known = {"username": "4137010028", "mobile": "13900000011"}
    sent = browser.post("/forgot/code", {**known, "captcha": solve(browser, as_)}, headers=SHORT)
    unknown = {"username": "nobody", "mobile": "13900000012", "captcha": solve(browser, as_)}
    assert browser.post("/forgot/code", unknown, headers=SHORT).json == sent.json
    code = code_on(as_, "13900000011")
    new = {"password": "Another2026", "repeat": "Another2027"}
    assert browser.post("/forgot/", {**known, "code": code, **new}).status_code == 422
    assert "两次输入的新密码不一致" in browser.text()
    assert (
        browser.post("/forgot/", {**known, "code": "000000", "password": "x", "repeat": "x"}).status_code
        == 422
    )
    new["repeat"] = "Another2026"
    assert browser.post("/forgot/", {**known, "code": code, **new}).location == "/login/", browser.text()
    assert log_in(browser, as_, "4137010028", "Another2026").location == "/console/"


# 名录反馈


def test_a_report_on_the_list_reaches_its_province_and_is_answered_by_text_message(
    as_: As, browse: Any
) -> None:
    """R10: the province checks and passes it on, the platform corrects; nobody else sees it."""
    browser = browse()
    said = {
        "province_id": "2",
        "city_id": "2",
        "kind": "MISSING",
        "school_name": "青岛新办学院",
        "contact_name": "王老师",
        "contact_mobile": "13700000033",
    }
    assert browser.post("/register/feedback", {**said, "captcha": "nope"}).status_code == 422
    assert (
        browser.post(
            "/register/feedback", {**said, "contact_mobile": "1", "captcha": solve(browser, as_)}
        ).status_code
        == 422
    )
    answer = browser.post("/register/feedback", {**said, "captcha": solve(browser, as_)})
    assert answer.location == "/register/", browser.text()
    with as_(JOB) as db:
        (row,) = db.scalars(sa.select(DirectoryReport))
        assert (row.province_id, row.state, row.school_code) == (2, ReportState.OPEN, None)
        assert db.scalars(sa.select(Message.title).where(Message.province_id == 2)).all() == [
            "院校名录反馈:青岛新办学院"
        ]
        province = account(db, Role.PROVINCE_PRINCIPAL, province_id=2)
        beijing = account(db, Role.PROVINCE_PRINCIPAL, province_id=1)
        operator = account(db, Role.PLATFORM_OPERATOR)
        db.commit()
    assert "青岛新办学院" not in browse(beijing).get("/console/directory_report/").get_data(as_text=True)
    officer = browse(province)
    page = officer.get("/console/directory_report/").get_data(as_text=True)
    assert "青岛新办学院" in page and "137****0033" in page
    assert officer.act("directory_report", "forward", [row.id]).status_code == 302
    assert officer.act("directory_report", "correct", [row.id], {"answer": "x"}).status_code == 403
    platform = browse(operator)
    assert platform.act("directory_report", "correct", [row.id], {"answer": "已增加"}).status_code == 302
    with as_(JOB) as db:
        body = db.scalars(sa.select(SmsMessage.body).where(SmsMessage.mobile == "13700000033")).one()
        assert body == "您反映的青岛新办学院名录问题已更正:已增加"


# 选择身份


def test_the_declaration_system_begins_with_who_one_is(browse: Any) -> None:
    """1.3."""
    browser = browse()
    page = browser.get("/declare/").get_data(as_text=True)
    assert "选择身份" in page and "院校" in page and "培训评价组织" in page
    assert 'href="/register/"' in page and 'href="/forgot/"' in page
    login = browser.get("/login/").get_data(as_text=True)
    assert 'href="/register/"' in login and 'href="/forgot/"' in login


def test_while_a_declaration_is_under_review_only_the_contact_may_change(as_: As, browse: Any) -> None:
    """4.2."""
    browser = browse()
    at_basics(browser, as_)
    assert save(browser, as_).status_code == 302
    with as_(JOB) as db:
        waiting = DeclarationState.PENDING
        declaration(db, batch(db).id, school_id=12, state=waiting, submitted_at=at("2020-04-01 09:00"))
        db.commit()
    assert save(browser, as_, address="职教大道2号").status_code == 409
    assert "有申报正在审核" in browser.text()
    assert save(browser, as_, contact_name="赵主任").status_code == 302, browser.text()
