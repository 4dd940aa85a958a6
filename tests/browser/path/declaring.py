"""A province publishes a batch, a school declares, the province approves a quota."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.path.walk import CERTIFICATE, PROVINCE, SCHOOL_PRINCIPAL, Walk


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
    school.press("保存,暂不提交")
    school.told("已新增证书试点申报")
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
