"""A school enters its candidates, applies for a site, sets rooms, registers by workbook."""

from __future__ import annotations

from tests.browser.path.walk import CERTIFICATE, LEVEL, ORGANISATION_MANAGER, PLAN, SCHOOL_MANAGER, SITE, Walk
from tests.browser.workbooks import filled, photo_zip


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
    manager.pick(manager.page.locator("#field-exam_site_certificate").get_by_role("combobox"), CERTIFICATE)
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
