"""City and province review in the browser: by keyboard from one to the next, refusal with remarks, resubmission, many
at once, staff before their principal, a decision taken back, the report (4.3, 7.3; E26, E27)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from openpyxl import load_workbook
from playwright.sync_api import expect

from app.access.actor import Actor, WalledSession, acting_as
from app.services import declarations, reviews
from app.services.logins import actor_of
from models.accounts import Account
from models.certificates import Certificate, CertificateState
from models.declarations import Declaration, DeclarationBatch, SocialQuotaMode
from models.directory import School
from models.quotas import Quota
from tests.browser.installation import Installation
from tests.browser.people import People, Person
from tests.factories_declarations import at

pytestmark = pytest.mark.browser

SCHOOL, PROVINCE, STAFF, CITY = "school01", "province33", "province33b", "city330100"
TEACHERS = "<p>专任教师十二名,其中双师型教师七名,均取得相应等级证书。</p>"
VENUE = "<p>实训室三间,工位一百五十个,配备云桌面和监控设备。</p>"


class Office:
    """Declarations of one school that wait, arranged by the services."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        with installation.session() as session:
            session.execute(sa.update(School).values(basics_completed=True))
            school = session.scalars(sa.select(Account).where(Account.username == SCHOOL)).one()
            province = session.scalars(
                sa.select(School.province_id).where(School.id == school.school_id)
            ).one()
            certificates = session.scalars(
                sa.select(Certificate.id)
                .where(Certificate.state == CertificateState.ENABLED)
                .order_by(Certificate.id)
            ).all()
            made = DeclarationBatch(
                province_id=province, name="2026年第一次", year=2026, ordinal=1,
                window_from=at("2026-03-01 00:00"), window_to=at("2026-03-21 00:00"),
                published_at=at("2026-02-20 09:00"), requires_city_review=True, social_quota_mode=SocialQuotaMode.SHARED,
            )  # fmt: skip
            session.add(made)
            session.commit()
        self.keys = [
            self._declare(actor_of(school), made.id, key, 60 + 20 * n)
            for n, key in enumerate(certificates[:4])
        ]

    def _declare(self, school: Actor, batch: int, certificate: int, count: int) -> int:
        def declare(session: Any) -> int:
            row = Declaration(
                school_id=school.tenant, batch_id=batch, certificate_id=certificate, applied_count=count,
                teachers_description=TEACHERS, venue_description=VENUE,
            )  # fmt: skip
            session.add(row)
            session.flush()
            declarations.submit(session, school, [row])
            return row.id

        return int(self.by(SCHOOL, declare))

    def actor(self, username: str) -> Actor:
        with self.installation.session() as session:
            return actor_of(session.scalars(sa.select(Account).where(Account.username == username)).one())

    def by(self, username: str, work: Callable[[Any], Any]) -> Any:
        """Something done by a service in somebody's name."""
        actor = self.actor(username)
        with (
            WalledSession(self.installation.engine, expire_on_commit=False) as session,
            acting_as(actor, session),
        ):
            done = work(session)
            session.commit()
            return done

    def states(self) -> list[str]:
        with self.installation.session() as session:
            return [
                row.state.value for row in session.scalars(sa.select(Declaration).order_by(Declaration.id))
            ]

    def granted(self) -> list[int]:
        with self.installation.session() as session:
            return list(session.scalars(sa.select(Quota.granted).order_by(Quota.certificate_id)))


def picture(person: Person, name: str, *, whole: bool = False) -> None:
    person.album.take(person.page, name, whole=whole)


def decides(person: Person, key: str) -> None:
    """By one letter; the next declaration comes up."""
    place = person.page.locator(".ui-queue-place").inner_text()
    person.page.keyboard.press(key)
    expect(person.page.locator(".ui-queue-place, .ui-message")).not_to_have_text(place)


def corrects(school: Person, key: int, said: str, field: str, text: str) -> None:
    """The school reads why, mends it, and submits it again."""
    school.visit(f"/console/declaration/{key}/edit")
    school.sees(said)
    school.write(field, text)
    school.press("提交审核")
    school.press("提交审核")
    school.told("已提交1项申报")


def city_agrees(city: Person) -> None:
    """To the one that waits."""
    city.go("申报管理", "申报初审")
    city.follow("审核", city.page.locator("#list"))
    city.press("同意,转省级审核")
    city.told("已同意1项申报")


def test_city_and_province_review_refuse_and_see_it_again(people: People, installation: Installation) -> None:
    office = Office(installation)

    city = people.as_person(CITY)
    city.go("申报管理", "申报初审")
    expect(city.page.locator("#list tbody tr")).to_have_count(4)
    city.press("逐项审核")
    for key, place in (("j", "2 / 4"), ("k", "1 / 4")):
        city.page.keyboard.press(key)
        expect(city.page.locator(".ui-queue-place")).to_contain_text(place)
    picture(city, "city-review")
    decides(city, "a")
    city.page.keyboard.press("r")  # no reason yet: the letter leads to where it is written
    expect(city.page.locator("#reason")).to_be_focused()
    city.page.locator("#reason").fill("场地信息不完整")
    city.page.locator(".ui-piece", has_text="场地情况描述").locator("summary").click()
    city.page.get_by_label("对场地情况描述的批注").fill("请补充各实训室的工位数")
    city.press("不同意")
    city.told("已退回1项申报")
    for _ in range(2):
        decides(city, "a")
    city.sees("待审核的申报都已处理完")
    assert office.states() == ["PENDING", "REFUSED", "PENDING", "PENDING"]

    school = people.as_person(SCHOOL)
    school.visit(f"/console/declaration/{office.keys[1]}/edit")
    school.sees("场地信息不完整")
    corrects(school, office.keys[1], "请补充各实训室的工位数", "场地情况描述", "三间实训室各五十个工位。")
    city_agrees(city)

    staff = people.as_person(STAFF)
    staff.visit(f"/console/reviewing/{office.keys[0]}/")
    staff.fill({"建议批准人数": "50"})
    staff.press("建议通过")
    staff.told("由负责人决定")

    province = people.as_person(PROVINCE)
    province.go("申报管理", "申报审核")
    expect(province.page.locator("#list tbody tr")).to_have_count(4)
    picture(province, "review-list")
    province.press("逐项审核")
    province.sees("建议通过 50人")
    expect(province.control("批准人数")).to_have_value("50")
    picture(province, "review-desk", whole=True)
    province.fill({"批准人数": "500"})
    province.press("通过")
    province.sees("仍然批准")
    province.fill({"批准人数": "55"})
    province.press("通过")
    province.told("已通过1项申报")
    province.press("收回决定")
    province.press("收回决定")
    province.told("已收回1项决定")
    assert office.granted() == [0]

    province.visit(f"/console/reviewing/{office.keys[2]}/")
    province.page.locator("#reason").fill("双师型教师比例偏低")
    province.press("不通过")
    province.told("已退回1项申报")
    assert office.states() == ["PENDING", "PENDING", "REFUSED", "PENDING"]
    corrects(school, office.keys[2], "双师型教师比例偏低", "师资情况描述", "专任教师十二名,双师型教师九名。")
    city_agrees(city)

    province.go("申报管理", "申报审核")
    province.page.locator("[data-tick-all]").check()
    province.press("通过")
    first = province.page.locator(".ui-each-ask input").first
    first.fill("40")
    picture(province, "review-many")
    province.page.locator("#form").get_by_role("button", name="通过", exact=True).click()
    province.told("已通过4项申报")
    assert office.states() == ["APPROVED"] * 4
    assert sorted(office.granted()) == [40, 80, 100, 120]

    province.go("申报管理", "申报统计")
    expect(province.page.locator(".ui-chart canvas")).to_be_visible()
    picture(province, "review-report", whole=True)
    province.go("申报管理", "申报进度")
    expect(province.page.locator(".ui-chart canvas, .ui-table").first).to_be_visible()
    picture(province, "batch-progress", whole=True)
    asked_twice = "422"  # the one answer on the way that is a refusal, as the browser notes it (E26)
    assert [said for said in people.complaints if asked_twice not in said] == []
    assert people.album.findings == []


def test_the_principal_decides_by_a_workbook(people: People, installation: Installation) -> None:
    """Downloaded, filled in and sent back; asked once more in numbers before it counts (7.3, R134)."""
    office = Office(installation)
    by = office.actor(CITY)
    rows = sa.select(Declaration).order_by(Declaration.id)
    office.by(CITY, lambda session: reviews.agree(session, by, session.scalars(rows).all()))
    province = people.as_person(PROVINCE)
    province.go("申报管理", "申报审核")
    province.press("批量审核(Excel)")
    sheet = province.download("下载待处理的数据")
    book = load_workbook(sheet)
    page = book.worksheets[0]
    columns = {str(cell.value).removesuffix("*"): cell.column for cell in page[1]}
    for line, number in ((2, 50), (3, 70), (4, 90)):
        page.cell(line, columns["审核结果"]).value = "通过"
        page.cell(line, columns["批准人数"]).value = number
    page.cell(5, columns["审核结果"]).value = "不通过"
    page.cell(5, columns["理由"]).value = "师资不足"
    book.save(sheet)
    province.upload(sheet)
    province.job("待确认")
    province.sees("确认后:通过3项,共210人;不通过1项。")
    picture(province, "review-sheet")
    province.press("确认导入4行")
    expect(province.page.locator("#ui-confirm")).to_contain_text("通过3项,共210人;不通过1项。确认?")
    province.agree()
    province.job("已完成")
    assert office.states() == ["APPROVED"] * 3 + ["REFUSED"]
    assert sorted(office.granted()) == [50, 70, 90]
    assert people.complaints == []
    assert people.album.findings == []


@pytest.mark.parametrize("look", [{"dark": True}, {"phone": True}], ids=["dark", "phone"])
def test_the_desk_is_readable_in_the_dark_and_on_a_phone(
    people: People, installation: Installation, look: dict[str, bool]
) -> None:
    office = Office(installation)
    city = people.as_person(CITY, **look)
    for page, name in (
        (f"/console/reviewing/{office.keys[0]}/", "desk"),
        ("/console/declaration_report/", "report"),
    ):
        city.visit(page)
        picture(city, f"review-{name}-{next(iter(look))}", whole=True)
        wide = city.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert wide <= 0
    assert people.complaints == []
    assert people.album.findings == []
