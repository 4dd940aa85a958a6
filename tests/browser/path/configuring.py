"""An organisation describes a certificate, the platform approves it, a plan examines it."""

from __future__ import annotations

import re

from tests.browser.path.walk import (
    CERTIFICATE,
    FULL,
    LEVEL,
    OPERATOR,
    ORGANISATION_MANAGER,
    PLAN,
    SUBJECTS,
    Walk,
)

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
