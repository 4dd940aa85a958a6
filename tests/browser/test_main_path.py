"""The main path, from a province's batch to a stranger who checks a certificate, every step by the right person."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import pytest
import sqlalchemy as sa
from playwright.sync_api import expect

from app.documents import codes
from app.documents.drawn import demo_seal
from app.services import signing
from models.issuance import SigningRequest
from models.platform import SmsMessage
from tests.browser.installation import Installation
from tests.browser.people import People, Person, picture_of, pictures_of, text_of
from tests.browser.workbooks import Student, filled, photo_zip, sheet_rows, students

pytestmark = pytest.mark.browser

CERTIFICATE, LEVEL = "人工智能数据处理", "中级"
FULL = f"{CERTIFICATE}({LEVEL})"
SUBJECTS = (("600101", "数据处理基础理论", "机考"), ("600102", "数据标注与质检实操", "实操"))
PLAN = "2026年春季人工智能数据处理考试"
SITE = "杭州厚朴信息职业技术学院AI数据考核站点"
SESSIONS = (("2026-05-16 09:00", "2026-05-16 10:30"), ("2026-05-16 14:00", "2026-05-16 16:00"))
STROKES = (
    ((0.25, 0.3), (0.25, 0.7)),
    ((0.2, 0.45), (0.35, 0.35), (0.4, 0.7)),
    ((0.5, 0.3), (0.6, 0.65), (0.75, 0.35)),
)
WINDOWS = {
    "报考开始": "2026-04-01 00:00",
    "报考结束": "2026-04-20 23:59",
    "排考开始": "2026-04-15 00:00",
    "排考结束": "2026-04-30 23:59",
    "考试开始": "2026-05-16 00:00",
    "考试结束": "2026-05-17 23:59",
    "成绩登记开始": "2026-05-18 00:00",
    "成绩登记结束": "2026-05-25 23:59",
    "成绩公示开始": "2026-05-26 00:00",
    "成绩公示结束": "2026-06-01 23:59",
}
SCHOOL_PRINCIPAL, SCHOOL_MANAGER = "school01", "school01m"
ORGANISATION_PRINCIPAL, ORGANISATION_MANAGER, CLERK = "org1", "org1m", "org1c"
PROVINCE, OPERATOR = "province33", "operator"


@dataclass
class Walk:
    """What the chapters share."""

    people: People
    installation: Installation
    folder: Path
    students: list[Student] = field(default_factory=lambda: students(300))
    plan_code: str = ""
    certificate_number: str = ""

    @property
    def holder(self) -> Student:
        """The one whose certificate is looked at."""
        return self.students[-1]

    def text_message(self, mobile: str) -> str:
        """The code in the newest text message on this phone."""
        with self.installation.session() as session:
            newest = (
                sa.select(SmsMessage.body).where(SmsMessage.mobile == mobile).order_by(SmsMessage.id.desc())
            )
            found = re.search(r"\d{6}", session.scalars(newest.limit(1)).one())
        assert found
        return found[0]

    def scanned(self, principal: Person) -> str:
        """What the code on the screen says: made here anew, and the picture compared with the one shown."""
        with self.installation.session() as session:
            newest = sa.select(SigningRequest).order_by(SigningRequest.id.desc()).limit(1)
            token = signing.token_of(session.scalars(newest).one())
        address = f"{principal.address}/sign/#t={token}"
        shown = principal.page.get_by_alt_text("签字二维码").get_attribute("src")
        assert shown == f"data:image/svg+xml;base64,{base64.b64encode(codes.qr(address)).decode()}"
        return address


def an_organisation_describes_its_certificate(walk: Walk) -> None:
    walk.installation.travel_to("2026-03-02 09:00")
    manager = walk.people.as_person(ORGANISATION_MANAGER)
    manager.shot("organisation-home")
    manager.go("证书管理", "证书信息管理")
    manager.press("新增")
    manager.fill({"证书编号": "600031020", "证书名称": CERTIFICATE, "证书简称": "AI数据"})
    manager.choose("证书等级", LEVEL)
    manager.fill({"每证书收费(元)": "200"})
    manager.write("证书介绍", "面向人工智能数据采集、清洗、标注与质量管理岗位的职业技能等级证书。")
    for code, name, mode in SUBJECTS:
        manager.press("添加一行", manager.page.locator("#field-subject"))
        line = manager.page.locator("#field-subject tbody tr").last
        line.get_by_label("科目编号").fill(code)
        line.get_by_label("科目名称").fill(name)
        line.get_by_label("考试方式").select_option(label=mode)
    manager.shot("certificate-form", whole=True)
    manager.press("保存")
    manager.told(f"已新增证书“{FULL}”")
    manager.shot("certificate", whole=True)
    manager.press("提交审核")
    manager.shot("certificate-submit")
    manager.press("提交审核")
    manager.told("已提交1个证书")


def the_platform_approves_the_certificate(walk: Walk) -> None:
    operator = walk.people.as_person(OPERATOR)
    operator.shot("platform-home")
    operator.follow("1 待审核证书")
    operator.shot("platform-certificates")
    operator.open(CERTIFICATE)
    operator.shot("platform-certificate", whole=True)
    operator.press("通过")
    operator.press("通过")
    operator.told("已通过1个证书")


def a_province_publishes_a_batch(walk: Walk) -> None:
    walk.installation.travel_to("2026-03-03 10:00")
    province = walk.people.as_person(PROVINCE)
    province.shot("province-home")
    province.go("申报管理", "申报批次")
    province.shot("batches-empty")
    province.press("新增")
    province.fill(
        {
            "申报批次/学期": "2026年第一次",
            "年度": "2026",
            "申报开始": "2026-03-05 00:00",
            "申报截止": "2026-03-20 23:59",
        }
    )
    province.write("申报说明", "请各试点院校按专业人才培养方案申报,3月20日24:00截止。")
    province.shot("batch-form", whole=True)
    province.press("保存")
    province.told("已新增申报批次“2026年第一次”")
    province.shot("batch")
    province.press("发布")
    province.shot("batch-publish")
    province.press("发布")
    province.told("已发布1个批次")


def a_school_declares(walk: Walk) -> None:
    walk.installation.travel_to("2026-03-06 09:30")
    school = walk.people.as_person(SCHOOL_PRINCIPAL)
    school.shot("school-declaring")
    school.press("申报证书试点")
    school.pick("试点证书", CERTIFICATE)
    school.fill({"拟申报的培训人数": "400"})
    school.write("师资情况描述", "专任教师十六名,双师型教师九名,企业兼职教师四名。")
    school.write("场地情况描述", "数据标注实训室三间共一百八十个工位,综合实训室两间。")
    school.shot("declaration-form", whole=True)
    school.press("保存")
    school.shot("declaration", whole=True)
    school.press("提交审核")
    school.press("提交审核")
    school.told("已提交1项申报")
    school.shot("declaration-submitted")


def the_province_approves_a_quota(walk: Walk) -> None:
    walk.installation.travel_to("2026-03-09 14:00")
    province = walk.people.as_person(PROVINCE)
    province.shot("province-todo")
    province.follow("1 待审核申报")
    province.shot("declarations")
    province.page.locator("#list tbody tr").first.get_by_role("link", name="查看").click()
    expect(province.page.locator("#ui-sheet")).to_be_visible()
    province.shot("declaration-sheet")
    province.page.locator("#ui-sheet").get_by_role("button", name="通过", exact=True).click()
    province.fill({"批准人数": "320"})
    province.shot("declaration-approve")
    province.press("通过")
    province.told("已通过")
    province.shot("declaration-approved")
    province.go("指标管理")
    province.shot("quotas")


def the_organisation_publishes_a_plan(walk: Walk) -> None:
    walk.installation.travel_to("2026-03-25 09:00")
    manager = walk.people.as_person(ORGANISATION_MANAGER)
    manager.go("考试管理", "考试计划")
    manager.shot("plans-empty")
    manager.press("新增")
    manager.fill({"计划名称": PLAN, **WINDOWS})
    manager.write("要求", "请考生携带准考证和身份证,提前三十分钟到达考场。")
    manager.shot("plan-form", whole=True)
    manager.press("保存")
    manager.told(f"已新增考试计划“{PLAN}”")
    manager.shot("plan-draft", whole=True)
    manager.press("添加证书")
    manager.choose("考核证书", FULL)
    manager.shot("plan-add-certificate")
    manager.press("添加证书")
    manager.told("及其科目")
    manager.shot("plan-with-certificate", whole=True)
    manager.press("编辑")
    weights = manager.page.get_by_label("所占总成绩比例")
    weights.nth(0).fill("40")
    weights.nth(1).fill("60")
    manager.shot("plan-weights", whole=True)
    manager.press("保存")
    manager.told("已保存")
    plan = manager.page.url
    for (_, subject, _), span in zip(SUBJECTS, SESSIONS, strict=True):
        manager.page.goto(plan)
        manager.follow(subject)
        manager.press("编辑")
        manager.press("添加一行", manager.page.locator("#field-exam_session"))
        manager.fill(dict(zip(("开始时间", "结束时间"), span, strict=True)))
        manager.shot("plan-session")
        manager.press("保存")
        manager.told("已保存")
    manager.page.goto(plan)
    manager.shot("plan-ready", whole=True)
    manager.press("发布")
    manager.press("发布")
    manager.told("已发布1个计划")
    manager.shot("plan-published")
    manager.go("考试管理", "考试计划")
    manager.shot("plans")
    walk.plan_code = manager.row(PLAN).get_by_text(re.compile(r"^K\d{12}$")).inner_text()


def the_school_enters_300_candidates(walk: Walk) -> None:
    walk.installation.travel_to("2026-03-24 09:00")
    manager = walk.people.as_person(SCHOOL_MANAGER)
    manager.shot("school-home")
    manager.go("考试管理", "考生管理")
    manager.shot("candidates-empty")
    manager.press("批量导入院校考生")
    manager.shot("candidates-import")
    template = manager.download("下载模板")
    rows = [
        {
            "姓名": one.name,
            "姓名拼音": one.pinyin,
            "身份证号": one.id_number,
            "手机号": one.mobile,
            "就读专业": "人工智能技术应用",
            "专业层次": "高职",
            "入学年份": 2024,
        }
        for one in walk.students
    ]
    manager.upload(filled(template, rows, "考生"))
    manager.job("待确认")
    manager.shot("candidates-checked")
    manager.press("确认导入300行")
    manager.job("已完成")
    manager.shot("candidates-imported")
    manager.go("考试管理", "考生管理")
    manager.press("批量导入考生照片")
    manager.shot("photos-import")
    manager.upload(photo_zip(walk.students, walk.folder / "照片.zip"))
    manager.job("待确认")
    manager.shot("photos-checked")
    manager.press("确认导入300行")
    manager.job("已完成")
    manager.go("考试管理", "考生管理")
    manager.shot("candidates")


def the_school_applies_for_a_site(walk: Walk) -> None:
    walk.installation.travel_to("2026-03-27 09:00")
    manager = walk.people.as_person(SCHOOL_MANAGER)
    manager.go("考试管理", "考生管理")
    waiting = manager.page.locator(".ui-tabs a", has_text="待人工确认")
    manager.reloads_until(waiting.get_by_text("300"))
    waiting.click()
    manager.page.get_by_label("选择本页全部").check()
    manager.press("选择全部 300 条")
    manager.shot("candidates-to-confirm")
    manager.press("确认无误")
    manager.shot("candidates-confirm")
    manager.press("确认无误")
    manager.told("300")
    manager.shot("candidates-confirmed")
    manager.go("考试管理", "考点申报")
    manager.shot("sites-empty")
    manager.press("申报考核站点")
    manager.pick("申报对象", "华信智能软件评价中心")
    manager.fill({"站点名称": SITE})
    manager.pick("所在区域", "杭州市")
    manager.fill(
        {
            "详细地址": "职教大道1号实训楼",
            "考点简介": "校内独立考区,机房和实训室相邻,可同时容纳三百人考试。",
            "联系人姓名": "赵考务",
            "联系人手机号": "13811112222",
            "联系人邮箱": "exam@example.cn",
        }
    )
    manager.press("添加一行", manager.page.locator("#field-exam_site_certificate"))
    manager.pick(
        manager.page.locator("#field-exam_site_certificate tbody tr").last.get_by_role("combobox"),
        CERTIFICATE,
    )
    manager.shot("site-form", whole=True)
    manager.press("保存")
    manager.told("已新增考核站点")
    manager.shot("site", whole=True)


def the_organisation_approves_the_site(walk: Walk) -> None:
    walk.installation.travel_to("2026-03-30 09:00")
    manager = walk.people.as_person(ORGANISATION_MANAGER)
    manager.shot("organisation-todo")
    manager.follow("1 待审考点")
    manager.open(SITE)
    manager.shot("site-review", whole=True)
    manager.press("通过")
    manager.press("通过")
    manager.told("已通过")
    manager.shot("site-approved")


def the_school_sets_rooms(walk: Walk) -> None:
    walk.installation.travel_to("2026-03-31 09:00")
    manager = walk.people.as_person(SCHOOL_MANAGER)
    manager.go("考试管理", "考场管理")
    manager.shot("rooms-empty")
    manager.press("设置考场")
    manager.pick("考试计划", PLAN)
    manager.pick("站点名称", SITE)
    manager.fill({"考场名称": "101机房", "考场座位数": "50", "详细地址": "职教大道1号实训楼101室"})
    manager.choose("考场类型", "机考")
    manager.shot("room-form", whole=True)
    manager.press("保存")
    manager.told("101机房")
    manager.go("考试管理", "考点申报")
    site_code = manager.value(SITE, "站点代码")
    manager.go("考试管理", "考场管理")
    manager.press("批量导入考场")
    template = manager.download("下载模板")
    rooms = [(f"10{n}机房", "机考", f"10{n}") for n in range(2, 7)]
    rooms += [(f"20{n}实训室", "实操", f"20{n}") for n in range(1, 7)]
    rows = [
        {
            "计划编号": walk.plan_code,
            "站点代码": site_code,
            "考场名称": name,
            "考场类型": kind,
            "座位数": 50,
            "详细地址": f"职教大道1号实训楼{door}室",
        }
        for name, kind, door in rooms
    ]
    manager.upload(filled(template, rows, "考场"))
    manager.job("待确认")
    manager.press("确认导入11行")
    manager.job("已完成")
    manager.go("考试管理", "考场管理")
    manager.shot("rooms")


def the_school_registers_by_workbook(walk: Walk) -> None:
    walk.installation.travel_to("2026-04-02 09:00")
    manager = walk.people.as_person(SCHOOL_MANAGER)
    manager.shot("school-home-registration")
    manager.go("考试管理", "报考管理")
    manager.shot("registrations-empty")
    manager.press("批量导入报考数据(按证书)")
    rows = [
        {
            "计划编号": walk.plan_code,
            "证书名称": CERTIFICATE,
            "证书等级": LEVEL,
            "身份证号": one.id_number,
            "姓名": one.name,
        }
        for one in walk.students
    ]
    manager.upload(filled(manager.download("下载模板"), rows, "报考"))
    manager.job("待确认")
    manager.shot("registrations-checked")
    manager.press("确认导入300行")
    manager.job("已完成")
    manager.go("考试管理", "报考管理")
    manager.shot("registrations")


def the_organisation_schedules(walk: Walk) -> None:
    walk.installation.travel_to("2026-04-22 09:00")
    manager = walk.people.as_person(ORGANISATION_MANAGER)
    manager.go("考试管理", "排考")
    manager.shot("scheduling")
    manager.press("排考", manager.page.get_by_role("row", name=PLAN))
    manager.shot("board", whole=True)
    manager.press("自动排考")
    manager.shot("board-auto")
    manager.press("自动排考")
    manager.job("已完成")
    manager.shot("board-job")
    manager.press("查看结果")
    manager.shot("board-draft", whole=True)
    manager.press("发布排考")
    manager.shot("board-publish")
    manager.press("发布排考")
    manager.shot("board-published", whole=True)


def the_school_prints_tickets(walk: Walk) -> None:
    walk.installation.travel_to("2026-05-06 09:00")
    manager = walk.people.as_person(SCHOOL_MANAGER)
    manager.go("考试管理", "考场编排")
    manager.shot("room-sessions")
    manager.search("考场名称", "101机房")
    manager.press("设置监考人员", manager.row("101机房"))
    manager.fill({"监考老师": "周老师 13900001111\n吴老师", "巡考老师": "郑主任"})
    manager.shot("invigilators")
    manager.press("设置监考人员")
    manager.told("已设置“101机房”的监考人员")
    manager.go("考试管理", "准考证")
    manager.shot("tickets")
    ticket = text_of(manager.paper("打印准考证", manager.row(walk.students[-1].name)))
    assert walk.students[-1].name in ticket
    assert walk.students[-1].id_number in ticket
    assert "职教大道1号实训楼106室" in ticket


def the_school_records_attendance(walk: Walk) -> None:
    walk.installation.travel_to("2026-05-16 10:40")
    manager = walk.people.as_person(SCHOOL_MANAGER)
    manager.go("考试管理", "考场编排")
    manager.search("考场名称", "101机房")
    manager.press("登记考勤", manager.row("101机房"))
    manager.page.get_by_role("row").nth(1).get_by_label("缺考").check()
    manager.shot("attendance")
    manager.press("保存考勤")
    manager.told("应考50人,实考49人,缺考1人")


def the_clerk_imports_scores(walk: Walk) -> None:
    walk.installation.travel_to("2026-05-18 10:00")
    clerk = walk.people.as_person(CLERK)
    clerk.go("考试管理", "排考明细")
    clerk.shot("seats")
    seats = sheet_rows(clerk.download("导出"))
    clerk.go("考试管理", "成绩登记与公示")
    clerk.shot("scores-empty")
    clerk.press("批量导入科目成绩")
    rows = [
        {
            "计划编号": walk.plan_code,
            "科目编号": SUBJECTS[0][0] if SUBJECTS[0][1] in str(seat) else SUBJECTS[1][0],
            "准考证号": seat["准考证号"],
            "姓名": seat["学生姓名"],
            "考试状态": "正常",
            "考试分数": 52 + int(str(seat["准考证号"])[-3:]) % 45,
        }
        for seat in seats
    ]
    clerk.upload(filled(clerk.download("下载模板"), rows, "成绩"))
    clerk.job("待确认")
    clerk.shot("scores-checked")
    clerk.press("确认导入600行")
    clerk.job("已完成")
    clerk.go("考试管理", "成绩登记与公示")
    clerk.shot("scores")


def a_candidate_sees_the_scores(walk: Walk) -> None:
    walk.installation.travel_to("2026-05-26 08:00")
    one = walk.students[-1]
    candidate = walk.people.window(phone=True)
    candidate.visit("/space/login/")
    candidate.fill({"证件号码": one.id_number, "手机号码": one.mobile})
    candidate.shot("space-login")
    candidate.fill({"图形验证码": walk.people.read_captcha(candidate)})
    candidate.press("获取验证码")
    candidate.told("验证码已发送")
    candidate.fill({"手机验证码": walk.text_message(one.mobile)})
    candidate.press("登录")
    candidate.sees(PLAN)
    candidate.shot("space-exams")
    candidate.visit("/space/scores/")
    candidate.sees(SUBJECTS[0][1], "公示中")
    candidate.shot("space-scores")


def results_are_locked_and_tasks_appear(walk: Walk) -> None:
    walk.installation.travel_to("2026-06-02 00:10")
    principal = walk.people.as_person(ORGANISATION_PRINCIPAL)
    principal.go("考试管理", "考证结果")
    principal.reloads_until(
        principal.page.locator(".ui-tabs a", has_text="已通过").locator(".ui-count:not(:text-is('0'))")
    )
    principal.shot("results")
    principal.go("证书管理", "证书发放管理")
    principal.reloads_until(
        principal.page.locator(".ui-tabs a", has_text="培训评价组织待签发").locator(
            ".ui-count:not(:text-is('0'))"
        )
    )
    principal.shot("issuance-waiting")


def the_organisation_signs(walk: Walk) -> None:
    walk.installation.travel_to("2026-06-02 09:00")
    principal = walk.people.as_person(ORGANISATION_PRINCIPAL)
    upload_seal(walk, principal, ("机构管理", "签章管理"), "华信智能软件评价中心")
    sign_all(walk, principal, "organisation")


def the_school_signs(walk: Walk) -> None:
    walk.installation.travel_to("2026-06-03 09:00")
    principal = walk.people.as_person(SCHOOL_PRINCIPAL)
    upload_seal(walk, principal, ("机构管理", "试点院校管理"), "杭州厚朴信息职业技术学院")
    sign_all(walk, principal, "school")


def upload_seal(walk: Walk, principal: Person, menu: tuple[str, str], text: str) -> None:
    picture = walk.folder / "seal.png"
    picture.write_bytes(demo_seal(text))
    principal.go(*menu)
    principal.shot("seal-none")
    principal.attach("签名章图片", picture)
    principal.fill({"负责人姓名": "陈明远"})
    principal.page.get_by_label("职务").select_option(index=1)
    principal.press("预览样张")
    principal.shot("seal-specimen", whole=True)
    principal.tick("我已阅读并同意")
    principal.press("保存签名章")
    principal.told("签名章已保存")
    principal.shot("seal-saved")


def sign_all(walk: Walk, principal: Person, name: str) -> None:
    """The code is shown at the desk; the phone that scans it draws."""
    principal.go("证书管理", "证书发放管理")
    principal.press("批量确认签发")
    principal.page.get_by_label("考试计划").select_option(index=1)
    principal.shot(f"sign-{name}-ask")
    principal.press("批量确认签发")
    principal.sees("等待扫码")
    principal.shot(f"sign-{name}-code")
    phone = walk.people.window(phone=True)
    phone.page.goto(walk.scanned(principal), wait_until="load")
    phone.sees("请在框内手写签名")
    draw(phone)
    phone.shot(f"sign-{name}-phone")
    phone.press("确认签字")
    phone.sees("可关闭本页")
    phone.shot(f"sign-{name}-phone-done")
    principal.sees("签字完成")
    principal.shot(f"sign-{name}-done")


def draw(phone: Person) -> None:
    """A few strokes with a finger."""
    pad = phone.page.locator("canvas").bounding_box()
    assert pad is not None
    finger = phone.page.context.new_cdp_session(phone.page)

    def touch(kind: str, *place: float) -> None:
        x, y = (pad["x"] + pad["width"] * place[0], pad["y"] + pad["height"] * place[1]) if place else (0, 0)
        points = [{"x": x, "y": y}] if place else []
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    for stroke in STROKES:
        touch("touchStart", *stroke[0])
        for (x0, y0), (x1, y1) in pairwise(stroke):
            for step in range(1, 6):
                touch("touchMove", x0 + (x1 - x0) * step / 5, y0 + (y1 - y0) * step / 5)
        touch("touchEnd")


def the_certificate_is_there(walk: Walk) -> None:
    walk.installation.travel_to("2026-06-03 10:00")
    manager = walk.people.as_person(SCHOOL_MANAGER)
    manager.go("证书管理", "证书发放管理")
    manager.shot("issuance-signed")
    manager.go("证书管理", "电子证书")
    manager.reloads_until(manager.row(walk.holder.name))
    manager.shot("certificates-issued")
    row = manager.row(walk.holder.name)
    number = row.get_by_text(re.compile(r"^\d{23}$")).inner_text()
    paper = manager.download("下载", row)
    words = text_of(paper)
    for word in (
        walk.holder.name,
        number,
        CERTIFICATE,
        LEVEL,
        "华信智能软件评价中心",
        "杭州厚朴信息职业技术学院",
    ):
        assert word in words.replace(" ", "")
    # the photo and both seals, in colours
    assert len(pictures_of(paper)) >= 3
    picture_of(paper, walk.people.album.folder / "certificate.png")
    walk.certificate_number = number


def a_stranger_verifies(walk: Walk) -> None:
    stranger = walk.people.window()
    stranger.visit("/")
    stranger.shot("portal", whole=True)
    stranger.page.get_by_placeholder("请输入证书编号").fill(walk.certificate_number)
    stranger.press("查验")
    stranger.shot("verify")
    ask(walk, stranger, walk.students[0].id_number)
    stranger.sees("未查询到")
    stranger.shot("verify-nothing")
    ask(walk, stranger, walk.holder.id_number)
    stranger.sees("证书真实有效", walk.holder.name, FULL.removesuffix(f"({LEVEL})"))
    stranger.shot("verify-found")


def ask(walk: Walk, stranger: Person, id_number: str) -> None:
    """Number, ID number and the picture's letters."""
    stranger.fill({"证书编号": walk.certificate_number, "证件号码": id_number})
    stranger.fill({"验证码": walk.people.read_captcha(stranger)})
    stranger.press("查验")


CHAPTERS = [
    an_organisation_describes_its_certificate,
    the_platform_approves_the_certificate,
    a_province_publishes_a_batch,
    a_school_declares,
    the_province_approves_a_quota,
    the_school_enters_300_candidates,
    the_organisation_publishes_a_plan,
    the_school_applies_for_a_site,
    the_organisation_approves_the_site,
    the_school_sets_rooms,
    the_school_registers_by_workbook,
    the_organisation_schedules,
    the_school_prints_tickets,
    the_school_records_attendance,
    the_clerk_imports_scores,
    a_candidate_sees_the_scores,
    results_are_locked_and_tasks_appear,
    the_organisation_signs,
    the_school_signs,
    the_certificate_is_there,
    a_stranger_verifies,
]


def test_the_main_path(people: People, installation: Installation, tmp_path: Path) -> None:
    people.album.begin()
    walk = Walk(people, installation, tmp_path)
    for chapter in CHAPTERS:
        chapter(walk)
    assert people.complaints == []
    assert people.album.findings == []
    assert "Traceback" not in installation.logs()
