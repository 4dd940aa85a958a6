"""The main path, from a province's batch to a stranger who checks a certificate, every step by the right person."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.installation import Installation
from tests.browser.people import People
from tests.browser.workbooks import Student, filled, photo_zip, students

pytestmark = pytest.mark.browser

CERTIFICATE, LEVEL = "人工智能数据处理", "中级"
FULL = f"{CERTIFICATE}({LEVEL})"
SUBJECTS = (("600101", "数据处理基础理论", "机考"), ("600102", "数据标注与质检实操", "实操"))
PLAN = "2026年春季人工智能数据处理考试"
SITE = "杭州厚朴信息职业技术学院AI数据考核站点"
SESSIONS = (("2026-05-16 09:00", "2026-05-16 10:30"), ("2026-05-16 14:00", "2026-05-16 16:00"))
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
    manager.pick(manager.page.locator("#field-exam_site_certificate tbody tr").last.get_by_role("combobox"), CERTIFICATE)
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
    manager.go("考试管理", "考试计划")
    manager.open(PLAN)
    manager.press("排考")
    manager.shot("board", whole=True)
    manager.press("自动排考")
    manager.shot("board-auto")
    manager.press("自动排考")
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
    manager.go("考试管理", "准考证")
    manager.shot("tickets")


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
]


def test_the_main_path(people: People, installation: Installation, tmp_path: Path) -> None:
    people.album.begin()
    walk = Walk(people, installation, tmp_path)
    for chapter in CHAPTERS:
        chapter(walk)
    assert people.complaints == []
    assert people.album.findings == []
    assert "Traceback" not in installation.logs()
