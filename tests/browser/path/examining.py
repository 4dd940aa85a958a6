"""The organisation schedules, the school prints and watches, the clerk records, a candidate looks."""

from __future__ import annotations

from tests.browser.papers import text_of
from tests.browser.path.walk import CLERK, ORGANISATION_MANAGER, PLAN, SCHOOL_MANAGER, SUBJECTS, Walk
from tests.browser.workbooks import filled, sheet_rows


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
    manager.page.get_by_role("row").last.get_by_label("缺考").check()
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
            "考试分数": 90 - int(str(seat["准考证号"])[-3:]) % 45,
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
    one = walk.holder
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
