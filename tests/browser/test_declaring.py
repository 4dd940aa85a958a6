"""A school declares in the browser: what it types survives a crash, what it submits is locked, what is refused comes
back with the reviewer's remarks beside the fields (4.3, E16, E17, E19, E23)."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from playwright.sync_api import expect

from app.access.actor import WalledSession, acting_as
from app.services import reviews
from app.services.logins import actor_of
from models.accounts import Account
from models.declarations import Declaration, DeclarationBatch, DeclarationState
from models.directory import School
from models.kit import clock
from tests.browser.installation import Installation
from tests.browser.people import People, Person
from tests.documents import given

pytestmark = pytest.mark.browser

SCHOOL, PROVINCE = "school01", "province33"
CERTIFICATE, OTHER = "Python程序开发(中级)", "Web前端开发(初级)"
TEACHERS = "专任教师十六名,双师型教师九名,企业兼职教师四名。"
VENUE = "数据标注实训室三间共一百八十个工位,综合实训室两间。"
KEPT = "已自动保存"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=clock.ZONE)


@pytest.fixture
def batch(installation: Installation) -> int:
    """An open batch of the school's province that asks for majors."""
    with installation.session() as session:
        province = session.scalars(
            sa.select(School.province_id)
            .join(Account, Account.school_id == School.id)
            .where(Account.username == SCHOOL)
        ).one()
        session.execute(sa.update(School).values(basics_completed=True))
        made = DeclarationBatch(
            province_id=province,
            name="2026年第一次",
            year=2026,
            ordinal=1,
            window_from=at("2026-03-05 00:00"),
            window_to=at("2026-03-21 00:00"),
            requires_majors=True,
            notes="<p>请各试点院校按专业人才培养方案申报。</p>",
            published_at=at("2026-03-02 09:00"),
        )
        session.add(made)
        session.commit()
        return made.id


@pytest.fixture
def paperwork(tmp_path: Path) -> dict[str, Path]:
    """What the clerk has on the desk: one good file of each kind, and two that are not what they say."""
    held = {
        "师资证明.pdf": given.pdf(2),
        "场地说明.docx": given.docx("实训室三间", "工位一百八十个"),
        "安装程序.docx": b"MZ\x90\x00" * 200,
        "带脚本.pdf": given.acting_pdf(),
    }
    for name, data in held.items():
        (tmp_path / name).write_bytes(data)
    return {name: tmp_path / name for name in held}


def declaration(installation: Installation) -> Declaration:
    with installation.session() as session:
        return session.scalars(sa.select(Declaration)).one()


def refused(installation: Installation, reason: str, remarks: dict[str, str]) -> None:
    """What the province's page does when it refuses."""
    with installation.session() as session:
        account = session.scalars(sa.select(Account).where(Account.username == PROVINCE)).one()
    province = actor_of(account)
    with (
        WalledSession(installation.engine, expire_on_commit=False) as session,
        acting_as(province, session),
    ):
        reviews.refuse(session, province, [session.scalars(sa.select(Declaration)).one()], reason, remarks)
        session.commit()


def chosen(person: Person, child: str) -> list[str]:
    rows = person.page.locator(f"#field-{child} tbody tr")
    return [text.strip() for text in rows.locator("[data-picked-text]").all_inner_texts()]


def add_major(person: Person, words: str) -> None:
    person.pick(person.page.locator("#field-declaration_major").get_by_role("combobox"), words)


def begin(person: Person) -> None:
    """From the plan into the form, and everything typed."""
    person.press("申报证书试点")
    box = person.control("试点证书")
    box.click()
    box.fill("华信 中级")  # by organisation and level
    person.page.locator(".ts-dropdown .option", has_text=CERTIFICATE).click()
    add_major(person, "计算机")
    add_major(person, "计算机")
    person.told("已在列表中,不用重复添加".replace(",", "，"))  # E19
    assert len(chosen(person, "declaration_major")) == 1
    person.fill({"拟申报的培训人数": "400"})
    person.write("师资情况描述", TEACHERS)
    person.write("场地情况描述", VENUE)


def test_a_declaration_from_draft_over_a_crash_and_a_refusal_to_resubmission(
    people: People, installation: Installation, batch: int, paperwork: dict[str, Path]
) -> None:
    installation.travel_to("2026-03-06 09:30")
    school = people.as_person(SCHOOL)
    school.sees("2026-03-05 00:00 ~ 2026-03-20 23:59", "请各试点院校按专业人才培养方案申报。")
    school.shot("declaring-plan")
    begin(school)
    expect(school.page.locator("[data-autosaved]")).to_contain_text(KEPT)
    school.page.context.close()  # the browser is gone, without a word to the page

    school = people.as_person(SCHOOL)
    school.press("申报证书试点")
    school.sees("尚未保存的内容", TEACHERS, VENUE, CERTIFICATE)
    assert school.control("拟申报的培训人数").input_value() == "400"
    assert len(chosen(school, "declaration_major")) == 1
    school.shot("declaring-restored", whole=True)

    files = school.page.locator("#field-declaration_file")
    school.attach("选择其他佐证材料", *paperwork.values())
    expect(files.locator("tbody tr")).to_have_count(4)
    expect(files.locator("tr.has-error")).to_have_count(2)  # E23
    expect(files).to_contain_text("的内容不是docx文件")
    expect(files).to_contain_text("含有脚本")
    school.shot("declaring-files", whole=True)
    for _ in range(2):
        school.press("移除", files.locator("tr.has-error").first)
    school.press("提交审核")
    school.sees("审核不通过时可以修改后再次提交")
    school.shot("declaring-confirm")
    school.press("提交审核")
    school.told("已提交1项申报")
    assert declaration(installation).state is DeclarationState.PENDING
    expect(school.page.get_by_role("link", name="编辑", exact=True)).to_have_count(0)
    school.shot("declaring-submitted", whole=True)
    look_at_the_files(school)

    refused(installation, "师资材料不足", {"teachers_description": "请补充教师的相关证书"})
    school.visit("/console/declaring/")
    school.press("编辑")
    school.sees("省级审核不通过", "师资材料不足", "请补充教师的相关证书")
    school.shot("declaring-refused", whole=True)
    school.write("师资情况描述", TEACHERS + "全部取得相关证书。")
    school.press("提交审核")
    school.press("提交审核")
    school.told("已提交1项申报")
    school.sees("审核记录", "师资材料不足")
    again = declaration(installation)
    assert again.state is DeclarationState.PENDING
    assert "全部取得相关证书" in again.teachers_description
    school.shot("declaring-resubmitted", whole=True)
    assert people.album.findings == []
    assert unexpected(people, 415) == []


def unexpected(people: People, refusal: int) -> list[str]:
    """What the browser has complained of, except for the refusals that the test is about."""
    return [complaint for complaint in people.complaints if f"status of {refusal}" not in complaint]


def look_at_the_files(school: Person) -> None:
    """Both kinds in a frame that can do nothing."""
    here = school.page.url
    for name, words in (("师资证明.pdf", None), ("场地说明.docx", "工位一百八十个")):
        school.page.locator("tr", has_text=name).get_by_role("link", name="预览").click()
        frame = school.page.frame_locator("iframe[sandbox='']")
        shown = frame.get_by_text(words) if words else frame.get_by_role("img", name="第2页")
        expect(shown).to_be_visible()
        school.shot(f"declaring-{Path(name).suffix[1:]}")
        school.page.goto(here)


def test_the_last_minutes_are_counted_down_and_what_comes_too_late_is_kept(
    people: People, installation: Installation, batch: int
) -> None:
    installation.travel_to("2026-03-20 23:52")
    school = people.as_person(SCHOOL)
    expect(school.page.locator("[data-countdown]")).to_contain_text("距申报截止还有 7分")
    begin(school)
    expect(school.page.locator("[data-countdown]")).to_be_visible()
    school.shot("declaring-countdown")
    installation.travel_to("2026-03-21 00:00")
    school.press("保存,暂不提交")
    school.sees("申报已截止(申报时间:2026-03-05 00:00 ~ 2026-03-20 23:59)", "您填写的内容已保留", TEACHERS)
    school.shot("declaring-late", whole=True)
    school.visit("/console/declaring/")
    expect(school.page.get_by_role("button", name="申报证书试点")).to_have_attribute("aria-disabled", "true")
    with installation.session() as session:
        assert session.scalars(sa.select(Declaration)).all() == []
        session.execute(sa.update(DeclarationBatch).values(window_to=at("2026-03-25 00:00")))
        session.commit()
    school.visit(f"/console/declaration/add?batch_id={batch}")  # extended: it goes on where it stood
    school.sees("尚未保存的内容", TEACHERS)
    school.press("保存,暂不提交")
    school.told("已新增证书试点申报")
    assert declaration(installation).state is DeclarationState.DRAFT
    assert people.album.findings == []
    assert unexpected(people, 409) == []


def test_declaring_is_readable_in_the_dark_and_on_a_phone(
    people: People, installation: Installation, batch: int
) -> None:
    installation.travel_to("2026-03-06 09:30")
    pages = (("plan", "/console/declaring/"), ("form", f"/console/declaration/add?batch_id={batch}"))
    for look in ({"dark": True}, {"phone": True}, {"dark": True, "phone": True}):
        school = people.as_person(SCHOOL, **look)
        for name, path in pages:
            school.visit(path)
            expect(school.page.get_by_role("heading", level=1)).to_be_visible()
            picture = f"{'-'.join(look)}-declaring-{name}"
            people.album.take(school.page, picture, whole=True)
            assert school.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), picture
    assert people.album.findings == []
    assert people.complaints == []


def test_a_search_that_looks_up_late_leaves_the_focus_where_the_person_has_gone(
    people: People, installation: Installation, batch: int
) -> None:
    """Type, choose, go on to the next field, faster than the page looks up what was typed."""
    installation.travel_to("2026-03-06 09:30")
    school = people.as_person(SCHOOL)
    school.page.clock.install()
    school.press("申报证书试点")
    majors = school.page.locator("#field-declaration_major")
    box = majors.get_by_role("combobox")
    box.click()
    box.fill("计算机")
    option = majors.locator(".ts-dropdown .option", has_text="计算机").first
    expect(option).to_be_visible()
    school.page.clock.pause_at(school.page.evaluate("Date.now() + 5000"))
    box.fill("计算机科")
    option.click()
    expect(majors.locator(".ts-dropdown:visible")).to_have_count(0)
    headcount = school.control("拟申报的培训人数")
    headcount.focus()
    school.page.clock.run_for(2000)
    expect(headcount).to_be_focused()
    expect(majors.locator(".ts-dropdown:visible")).to_have_count(0)
    box.focus()
    box.fill("计算机科")
    headcount.focus()
    school.page.clock.run_for(2000)
    expect(headcount).to_be_focused()
