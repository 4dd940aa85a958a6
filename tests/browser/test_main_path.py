"""The main path, from a province's batch to a stranger who checks a certificate, every step by the right person."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.installation import Installation
from tests.browser.people import People, Person

pytestmark = pytest.mark.browser

CERTIFICATE, LEVEL = "人工智能数据处理", "中级"
FULL = f"{CERTIFICATE}({LEVEL})"
SUBJECTS = (("600101", "数据处理基础理论", "机考"), ("600102", "数据标注与质检实操", "实操"))
SCHOOL_PRINCIPAL, SCHOOL_MANAGER = "school01", "school01m"
ORGANISATION_PRINCIPAL, ORGANISATION_MANAGER, CLERK = "org1", "org1m", "org1c"
PROVINCE, OPERATOR = "province33", "operator"


@dataclass
class Walk:
    """What the chapters share."""

    people: People
    installation: Installation
    folder: Path


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
            "申报截止": "2026-03-20",
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
    school.pick("选择试点证书", CERTIFICATE)
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


CHAPTERS = [
    an_organisation_describes_its_certificate,
    the_platform_approves_the_certificate,
    a_province_publishes_a_batch,
    a_school_declares,
    the_province_approves_a_quota,
]


def test_the_main_path(people: People, installation: Installation, tmp_path: Path) -> None:
    people.album.begin()
    walk = Walk(people, installation, tmp_path)
    for chapter in CHAPTERS:
        chapter(walk)
    assert people.complaints == []
    assert people.album.findings == []
    assert "Traceback" not in installation.logs()
