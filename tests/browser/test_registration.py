"""A new school, from the portal's entrance to pilot: 注册, 首次登录, 改密码, 完善基础信息, 申报, 审核通过, 批次结束 (4.2, 7.1,
R5–R13, R15–R17, R36, E2, E4, E6, E10, E32)."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa
from playwright.sync_api import Dialog, expect

from app.services import notify
from models.accounts import Account
from models.declarations import DeclarationBatch
from models.directory import SchoolDirectory
from models.kit import formats
from models.platform import SmsMessage
from models.regions import Province
from tests.browser.installation import Installation
from tests.browser.people import People, Person
from tests.factories_declarations import at

pytestmark = pytest.mark.browser
MOBILE, SCHOOL, CERTIFICATE = "13866660001", "杭州新苗职业技术学院", "Python程序开发(中级)"
DIGITS = "12330000470009001"
USCC = DIGITS + formats.uscc_check_character(DIGITS)


def picture(person: Person, name: str, *, whole: bool = False) -> None:
    expect(person.page.locator(".ts-dropdown:visible")).to_have_count(0)
    person.album.take(person.page, name, whole=whole)


def text_message(installation: Installation, mobile: str) -> str:
    """The code in the newest message on this phone."""
    with installation.session() as session:
        newest = sa.select(SmsMessage.body).where(SmsMessage.mobile == mobile).order_by(SmsMessage.id.desc())
        found = re.search(r"\d{6}", session.scalars(newest.limit(1)).one())
    assert found
    return found[0]


def ground(installation: Installation) -> str:
    """A batch of the province is open; the code of the school that will register."""
    with installation.session() as session:
        province = session.scalars(sa.select(Province).where(Province.code == "330000")).one()
        session.add(
            DeclarationBatch(
                province_id=province.id,
                name="2026年第一次",
                year=2026,
                window_from=at("2026-03-01 00:00"),
                window_to=at("2026-03-21 00:00"),
                published_at=at("2026-02-20 09:00"),
            )
        )
        code = session.scalars(
            sa.select(SchoolDirectory.school_code).where(SchoolDirectory.name == SCHOOL)
        ).one()
        session.commit()
    return code


def test_a_new_school_from_registration_to_pilot(people: People, installation: Installation) -> None:
    code = ground(installation)
    school = people.window()
    username = registers(people, school, installation, code)
    logs_in_for_the_first_time(people, school)
    completes_its_basics(school)
    a_province_reads_a_message(people, installation)
    declares(school)
    a_province_approves(people)
    sees_the_result_and_waits_for_the_end_of_the_batch(school)
    the_operator_reads_the_outbox(people)
    becomes_pilot(people, installation, username)
    assert [told for told in people.complaints if "status of 422" not in told] == []  # the refused form
    assert people.album.findings == []
    assert "Traceback" not in installation.logs()


def registers(people: People, school: Person, installation: Installation, code: str) -> str:
    """The account it was given."""
    school.visit("/")
    school.page.get_by_role("link", name="试点申报系统").first.click()
    expect(school.page.get_by_role("heading", level=1)).to_have_text("选择身份")
    picture(school, "choose")
    school.page.locator(".ui-choose").get_by_role("link", name="院校", exact=False).first.click()
    school.follow("立即注册")
    school.control("省份").click()
    school.control("省份").fill("浙江")
    expect(school.page.locator(".ts-dropdown:visible .option")).to_have_count(1)  # the list is narrowed
    school.page.locator(".ts-dropdown:visible .option").click()
    school.pick("地市", "杭州市")
    school.pick("院校名称", "厚朴")
    school.sees("该院校已注册,不能重复注册。")
    school.control("院校代码").focus()  # the list of schools closes
    expect(school.page.locator(".ts-wrapper.dropdown-active")).to_have_count(0)
    picture(school, "register-marked")
    school.pick("院校名称", "新苗")
    expect(school.page.locator("#note-school")).to_be_hidden()
    school.fill({"院校代码": code, "+86 手机号码": MOBILE, "验证码": people.read_captcha(school)})
    school.press("获取验证码")
    school.told("验证码已发送")
    expect(school.page.get_by_role("button", name=re.compile(r"\d+ 秒后重发"))).to_be_disabled()
    school.fill({"手机验证码": text_message(installation, MOBILE)})
    picture(school, "register", whole=True)
    school.press("注册")
    expect(school.page.get_by_role("heading", level=1)).to_have_text("注册成功")
    picture(school, "registered")
    return school.page.locator(".ui-given dd").first.inner_text()


def logs_in_for_the_first_time(people: People, school: Person) -> None:
    username, password = school.page.locator(".ui-given dd").all_inner_texts()
    school.press("开始申报试点证书")
    expect(school.page.get_by_role("heading", level=1)).to_have_text("登录")
    school.page.wait_for_load_state("load")  # the picture is there, and its answer in the cookie
    school.fill({"账号": username, "密码": password, "验证码": people.read_captcha(school)})
    school.press("登录")
    expect(school.page.get_by_role("heading", level=1)).to_have_text("修改密码")
    school.fill({"原密码": password, "新密码": "Mingde2026", "再次输入新密码": "Mingde2026"})
    picture(school, "first-password")
    school.press("保存新密码")
    school.told("密码已修改")
    picture(school, "declaring-new")


def completes_its_basics(school: Person) -> None:
    school.press("完善院校基础信息")
    expect(school.page.get_by_role("heading", level=1)).to_have_text("完善基础信息")
    expect(school.page.locator(".ui-progress [aria-current=step]")).to_contain_text("完善基础信息")
    expect(school.control("联系人手机号")).to_have_value(MOBILE)
    school.fill(
        {
            "统一社会信用代码": USCC,
            "院校网址": "www.mingde.example.cn",
            "详细地址": "西湖区明德路88号",
            "联系人姓名": "李校长",
            "联系人邮箱": "office@mingde.example.cn",
        }
    )
    school.pick("单位所在地(区县)", "西湖区")
    school.tick("接收提醒短信")
    picture(school, "basics", whole=True)
    stays(school)
    school.fill({"统一社会信用代码": f"{USCC[:-1]}{'1' if USCC[-1] != '1' else '2'}"})
    school.press("保存,进入下一步")
    school.sees("统一社会信用代码校验位错误")
    picture(school, "basics-wrong", whole=True)
    school.fill({"统一社会信用代码": USCC})
    school.press("保存,进入下一步")
    school.told("已保存")
    expect(school.page.locator(".ui-progress [aria-current=step]")).to_contain_text("申报证书试点")
    picture(school, "declaring-ready")
    school.press("申报证书试点")
    expect(school.page).to_have_url(re.compile("/console/declaration/add"))
    expect(school.control("拟申报的培训人数")).to_be_visible()


def declares(school: Person) -> None:
    school.pick("试点证书", CERTIFICATE)
    school.fill({"拟申报的培训人数": "80"})
    school.write("师资情况描述", "专任教师八名,双师型教师五名。")
    school.write("场地情况描述", "网络实训室两间共一百个工位。")
    school.press("保存,暂不提交")
    school.told("已新增证书试点申报")
    school.press("提交审核")
    school.press("提交审核")
    school.told("已提交1项申报")


def a_province_approves(people: People) -> None:
    officer = people.as_person("province33")
    officer.go("申报管理", "申报审核")
    officer.row(SCHOOL).get_by_role("link", name="审核").click()
    officer.fill({"批准人数": "60"})
    officer.press("通过")
    officer.told("已通过1项申报")


def sees_the_result_and_waits_for_the_end_of_the_batch(school: Person) -> None:
    """E32: approved is seen at once; the business platform opens when the batch is over."""
    school.visit("/console/declaring/")
    expect(school.page.locator("tr", has_text=CERTIFICATE)).to_contain_text("审核通过")
    school.visit("/console/candidate/")  # E10
    expect(school.page).to_have_url(re.compile("/console/declaring/$"))
    picture(school, "declaring-approved")


def becomes_pilot(people: People, installation: Installation, username: str) -> None:
    installation.travel_to("2026-03-21 00:01")
    school = people.window()
    school.visit("/login/")
    school.page.wait_for_load_state("load")
    school.fill({"账号": username, "密码": "Mingde2026", "验证码": people.read_captcha(school)})
    school.press("登录")
    school.go("证书管理", "证书信息管理")
    expect(school.row(CERTIFICATE)).to_contain_text("60")
    school.go("考试管理", "考生管理")
    school.sees("批量导入院校考生")
    picture(school, "pilot")


def the_operator_reads_the_outbox(people: People) -> None:
    """Without a carrier this is where the messages are; and where their words are kept."""
    operator = people.as_person("operator")
    operator.go("系统管理", "短信发件箱")
    operator.sees("首次登录请修改", "138****0001")
    picture(operator, "outbox")
    operator.go("系统管理", "短信模板")
    operator.row("账号开通和重置密码").get_by_role("link", name="编辑").click()
    operator.fill({"短信内容": "您的账号{账号}已开通,初始密码{pass}。"})
    picture(operator, "template")
    operator.press("保存")
    operator.sees("不能使用变量{pass}")


def a_province_reads_a_message(people: People, installation: Installation) -> None:
    """Looking at it is reading it."""
    with installation.session() as session:
        zhejiang = session.scalars(sa.select(Province.id).where(Province.code == "330000")).one()
        notify.message(
            session,
            "院校名录反馈:杭州新办学院",
            "名录中没有本校",
            link="/console/directory_report/",
            province_id=zhejiang,
        )
        session.commit()
    officer = people.as_person("province33")
    officer.visit("/console/message/")
    picture(officer, "messages")
    officer.row("杭州新办学院").get_by_role("link", name="查看").click()
    with officer.page.expect_response(lambda answer: "/action/read" in answer.url):
        expect(officer.page.locator("#ui-sheet")).to_contain_text("名录中没有本校")
    picture(officer, "message")
    officer.visit("/console/message/")
    expect(officer.page.get_by_role("link", name="未读 0")).to_be_visible()


def stays(school: Person) -> None:
    """Who leaves with something unsaved is asked, and stays where it was."""
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    school.page.once("dialog", stay)
    school.page.get_by_role("navigation", name="业务领域").get_by_role("link").first.click(no_wait_after=True)
    expect(school.control("院校网址")).to_have_value("www.mingde.example.cn")
    assert asked == ["beforeunload"]


def test_the_pages_before_an_account_are_readable_and_never_scroll_sideways(people: People) -> None:
    for look in ({}, {"dark": True}, {"phone": True}, {"dark": True, "phone": True}):
        visitor = people.window(**look)
        for address in ("/declare/", "/register/", "/register/feedback", "/forgot/"):
            visitor.visit(address)
            expect(visitor.page.get_by_role("heading", level=1)).to_be_visible()
            name = "-".join([*look, address.strip("/").replace("/", "-")])
            picture(visitor, f"entrance-{name}", whole=True)
            assert visitor.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
    assert people.album.findings == []
    assert people.complaints == []


def test_a_forgotten_password_is_set_anew_by_text_message(people: People, installation: Installation) -> None:
    """忘记密码 from the log-in page, with the wrong code first; the new password opens the console (7.1, R5)."""
    with installation.session() as session:
        account = session.scalars(sa.select(Account).where(Account.username == "school01")).one()
        account.mobile = mobile = "13866660009"
        session.commit()
    school = people.window(phone=True)
    school.visit("/login/")
    school.follow("忘记密码")
    expect(school.page.get_by_role("heading", level=1)).to_have_text("忘记密码")
    school.page.wait_for_load_state("load")
    school.fill({"账号": "school01", "+86 手机号码": mobile, "验证码": people.read_captcha(school)})
    school.press("获取验证码")
    school.told("验证码已发送")
    code = text_message(installation, mobile)
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    school.fill({"手机验证码": wrong, "新密码": "Chongshe2026", "再次输入新密码": "Chongshe2026"})
    school.press("重设密码")
    school.sees("账号、手机号码或验证码不正确")
    school.fill({"手机验证码": code, "新密码": "Chongshe2026", "再次输入新密码": "Chongshe2026"})
    picture(school, "forgot")
    school.press("重设密码")
    school.told("密码已重设")
    school.page.wait_for_load_state("load")
    school.fill({"账号": "school01", "密码": "Chongshe2026", "验证码": people.read_captcha(school)})
    school.press("登录")
    expect(school.page.locator(".ui-user")).to_be_visible()
    assert [told for told in people.complaints if "status of 422" not in told] == []
    assert people.album.findings == []
