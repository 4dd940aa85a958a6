"""Reviewing on pages: the work list, one declaration beside its figures, many at once (4.3, 7.3; R32–R36, E26–E32)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from python_calamine import CalamineWorkbook

from app.access.actor import JOB
from app.services import reviews
from models.accounts import Role
from models.declarations import Declaration, DeclarationState, Recommendation, Review
from models.kit import clock
from models.quotas import Quota
from tests.factories import account
from tests.factories_declarations import at
from tests.http.review_world import NOW, THREE, Desk
from tests.security.test_queries import counted


@pytest.fixture(autouse=True)
def in_the_window() -> Any:
    with clock.travel(NOW):
        yield


@pytest.fixture
def desk(as_: Any, browse: Any) -> Desk:
    return Desk(as_, browse)


def test_the_work_list_opens_with_what_waits_and_the_oldest_comes_first(desk: Desk) -> None:
    keys = desk.waiting(*THREE)
    province = desk.opened(desk.people.province)
    shown = province.get("/console/declaration/").get_data(as_text=True)
    order = re.findall(r"/console/reviewing/(\d+)/", shown)
    assert [int(key) for key in dict.fromkeys(order)] == [keys[1], keys[0], keys[2]]
    assert re.search(r'is-active"[^>]*>待审核 <span class="ui-count">3</span>', shown)
    everything = province.get("/console/declaration/?tab=all").get_data(as_text=True)
    assert re.search(r'is-active"[^>]*>全部 <span', everything)


def test_reviewing_goes_from_one_to_the_next_and_ends_where_nothing_waits(desk: Desk) -> None:
    keys = desk.waiting(*THREE)
    province = desk.opened(desk.people.province)
    first = province.get("/console/reviewing/")
    assert first.location == f"/console/reviewing/{keys[1]}/"
    shown = province.get(first.location).get_data(as_text=True)
    assert "第 <b>1</b> / 3 项" in shown
    assert f'href="/console/reviewing/{keys[0]}/" data-key="j"' in shown
    assert desk.decide(province, keys[1], "approve", approved_count="80") == 302
    assert province.last is not None
    assert province.last.location == f"/console/reviewing/{keys[0]}/?done={keys[1]}"
    assert "收回决定" in province.get(province.last.location).get_data(as_text=True)
    assert desk.decide(province, keys[0], "refuse", reason="师资不足") == 302
    assert desk.decide(province, keys[2], "approve", approved_count="102") == 302
    assert "都已处理完" in province.get("/console/reviewing/").get_data(as_text=True)
    assert [(quota.certificate_id, quota.granted) for quota in desk.all(Quota)] == [(2, 80), (3, 102)]


def test_a_filter_of_the_list_narrows_the_queue(desk: Desk) -> None:
    keys = desk.waiting(*THREE)
    province = desk.opened(desk.people.province)
    assert (
        province.get("/console/reviewing/?f_certificate_id=3").location
        == f"/console/reviewing/{keys[2]}/?f_certificate_id=3"
    )
    shown = province.get(f"/console/reviewing/{keys[2]}/?f_certificate_id=3").get_data(as_text=True)
    assert "第 <b>1</b> / 1 项" in shown


def test_e26_more_than_was_applied_for_is_asked_again_on_the_page(desk: Desk) -> None:
    (key,) = desk.waiting(THREE[0])
    province = desk.opened(desk.people.province)
    assert desk.decide(province, key, "approve", approved_count="150") == 422
    assert "仍然批准" in province.text()
    assert 'value="150"' in province.text()
    assert desk.decide(province, key, "approve", approved_count="150", exceed="y") == 302
    assert desk.row(key).approved_count == 150


def test_a_refusal_without_a_reason_is_not_one_and_remarks_go_with_it(desk: Desk) -> None:
    (key,) = desk.waiting(THREE[0])
    province = desk.opened(desk.people.province)
    assert desk.decide(province, key, "refuse", **{"remark-venue_description": "工位数量?"}) == 422
    assert "工位数量?" in province.text()  # nothing typed is lost
    assert desk.row(key).state is DeclarationState.PENDING
    assert (
        desk.decide(province, key, "refuse", reason="场地不足", **{"remark-venue_description": "工位数量?"})
        == 302
    )
    (review,) = desk.all(Review)
    assert (review.reason, review.remarks) == ("场地不足", {"venue_description": "工位数量?"})


def test_what_somebody_else_decided_meanwhile_is_told(desk: Desk) -> None:
    (key,) = desk.waiting(THREE[0])
    province = desk.opened(desk.people.province)
    stale = desk.row(key).version - 1
    answer = province.post(
        f"/console/reviewing/{key}/",
        {"decision": "approve", "row_version": str(stale), "approved_count": "80"},
    )
    assert answer.status_code == 409
    assert "刚被他人处理" in province.text()
    assert desk.all(Quota) == []


def test_staff_recommend_and_their_opinion_stands_in_the_principals_form(desk: Desk) -> None:
    (key,) = desk.waiting(THREE[0])
    staff = desk.opened(desk.people.staff)
    page = staff.get(f"/console/reviewing/{key}/").get_data(as_text=True)
    for words in ("经办意见", "建议通过", "建议批准人数", "供负责人采用,院校看不到"):
        assert words in page
    assert "审核决定" not in page
    assert desk.decide(staff, key, "approve", approved_count="60") == 403
    assert desk.decide(staff, key, "recommend_for", approved_count="60") == 302
    assert [(said.opinion.value, said.suggested_count) for said in desk.all(Recommendation)] == [("FOR", 60)]
    shown = desk.opened(desk.people.province).get(f"/console/reviewing/{key}/").get_data(as_text=True)
    assert "建议通过 60人" in shown
    assert 'value="60"' in shown
    school = desk.opened(desk.people.school).get(f"/console/declaration/{key}").get_data(as_text=True)
    assert "建议" not in school  # the authority's own


def test_the_previous_years_figures_stand_beside_it(desk: Desk, owner: sa.Engine) -> None:
    with clock.travel(at("2019-04-02 09:00")):
        (last,) = desk.waiting(
            "2019-04-02 09:00",
            year=2019,
            window_from=at("2019-04-01 00:00"),
            window_to=at("2019-05-01 00:00"),
        )
        with desk.as_(desk.people.province) as db:
            reviews.approve(db, desk.people.province, [db.get_one(Declaration, last)], approved_count=90)
            db.commit()
    with owner.begin() as connection:
        connection.execute(sa.text("update quota set used = 73"))
    (key,) = desk.waiting(THREE[0])
    shown = desk.opened(desk.people.province).get(f"/console/reviewing/{key}/").get_data(as_text=True)
    figures = shown[shown.index("2019年度情况") :]
    assert re.search(r"本证书.*?>90<.*?>73<.*?>0<.*?>0<", figures, re.S)


def test_many_are_approved_at_once_each_with_its_own_number(desk: Desk) -> None:
    keys = desk.waiting(*THREE)
    province = desk.opened(desk.people.province)
    asked = province.post("/console/declaration/action/approve", {"rowid": [str(key) for key in keys]})
    page = asked.get_data(as_text=True)
    assert [re.search(rf'name="approved_count-{key}"[^>]*value="(\d+)"', page).group(1) for key in keys] == [  # type: ignore[union-attr]
        "100", "101", "102",
    ]  # fmt: skip
    numbers = {f"approved_count-{key}": str(10 * (place + 1)) for place, key in enumerate(keys)}
    missing = province.act("declaration", "approve", keys, {**numbers, f"approved_count-{keys[1]}": ""})
    assert missing.status_code == 422
    assert desk.all(Quota) == []
    assert province.act("declaration", "approve", keys, numbers).status_code == 302
    assert [desk.row(key).approved_count for key in keys] == [10, 20, 30]


def test_what_has_changed_since_the_page_asked_is_shown_anew_before_it_is_decided(
    desk: Desk, owner: sa.Engine
) -> None:
    keys = desk.waiting(*THREE)
    province = desk.opened(desk.people.province)
    asked = {"rowid": [str(key) for key in keys]}
    page = province.post("/console/declaration/action/refuse", asked).get_data(as_text=True)
    with owner.begin() as connection:  # refused by a colleague, corrected and submitted again
        connection.execute(
            sa.text("update declaration set applied_count = 99 where id = :key"), {"key": keys[1]}
        )
    answer = {**asked, "confirmed": "1", "reason": "师资不足", "seen": seen(page)}
    again = province.post("/console/declaration/action/refuse", answer)
    assert again.status_code == 409
    page = again.get_data(as_text=True)
    assert "在您确认之前已有变化,请核对后再次确认" in page
    assert "师资不足" in page  # what was typed stays
    assert {desk.row(key).state for key in keys} == {DeclarationState.PENDING}
    assert (
        province.post("/console/declaration/action/refuse", {**answer, "seen": seen(page)}).status_code == 302
    )
    assert {desk.row(key).state for key in keys} == {DeclarationState.REFUSED}


def seen(page: str) -> str:
    found = re.search(r'name="seen" value="([^"]+)"', page)
    assert found
    return found[1]


def test_e27_the_city_agrees_on_its_page_before_the_province_may_decide(desk: Desk) -> None:
    (key,) = desk.waiting(THREE[0], requires_city_review=True)
    province, city = desk.opened(desk.people.province), desk.opened(desk.people.city)
    shown = province.get(f"/console/reviewing/{key}/").get_data(as_text=True)
    assert "须先由地市级教育局审核" in shown
    assert desk.decide(province, key, "approve", approved_count="80") == 409
    assert "approved_count" not in city.get(f"/console/reviewing/{key}/").get_data(as_text=True)
    assert desk.decide(city, key, "agree") == 302
    assert desk.decide(province, key, "approve", approved_count="80") == 302


@pytest.mark.parametrize(
    "page", ["/console/reviewing/{}/", "/console/declaration/{}", "/console/declaring/{}/print"]
)
def test_e137_another_provinces_file_is_not_there_by_its_address(desk: Desk, as_: Any, page: str) -> None:
    (key,) = desk.waiting(THREE[0])
    with as_(JOB) as db:
        beijing = account(db, Role.PROVINCE_PRINCIPAL, province_id=1)
        db.commit()
    stranger = desk.browse(beijing)
    assert stranger.get(page.format(key)).status_code == 404
    assert desk.decide(stranger, key, "approve", approved_count="80") == 404
    assert stranger.act("declaration", "approve", [key], {"approved_count": "80"}).status_code == 404
    assert desk.row(key).state is DeclarationState.PENDING


def test_e32_what_is_approved_is_seen_at_once_though_the_school_is_pilot_only_from_the_end(
    desk: Desk,
) -> None:
    keys = desk.waiting(*THREE)
    province, school = desk.opened(desk.people.province), desk.opened(desk.people.school)
    assert desk.decide(province, keys[0], "approve", approved_count="80") == 302
    assert "审核通过" in school.get("/console/declaring/").get_data(as_text=True)
    assert school.get("/console/candidate/").status_code == 302
    with clock.travel(at("2020-04-05 00:00")):
        assert desk.opened(desk.people.school).get("/console/candidate/").status_code == 200


def test_e31_a_school_all_of_whose_declarations_were_refused_stays_outside(desk: Desk) -> None:
    keys = desk.waiting(*THREE)
    province = desk.opened(desk.people.province)
    assert province.act("declaration", "refuse", keys, {"reason": "师资不足"}).status_code == 302
    with clock.travel(at("2020-05-01 00:00")):
        assert desk.opened(desk.people.school).get("/console/candidate/").location == "/console/declaring/"


def test_e35_after_the_year_the_school_sees_nothing_left_though_the_history_stays(desk: Desk) -> None:
    (key,) = desk.waiting(THREE[0])
    assert desk.decide(desk.opened(desk.people.province), key, "approve", approved_count="80") == 302
    with clock.travel(at("2021-01-01 00:00")):
        school = desk.opened(desk.people.school)
        listed = school.get("/console/quota/").get_data(as_text=True)
        assert re.search(r'data-label="批准人数">80<.*?data-label="剩余">0<.*?已作废', listed, re.S)
        (quota,) = desk.all(Quota)
        assert "申报审核通过" in school.get(f"/console/quota/{quota.id}").get_data(as_text=True)
        province = desk.opened(desk.people.province)
        answer = province.act("quota", "adjust", [quota.id], {"granted": "90", "reason": "追加指标"})
        assert answer.status_code == 409


def test_the_report_counts_what_the_list_shows_and_its_workbook_says_the_same(
    desk: Desk, tmp_path: Path
) -> None:
    keys = desk.waiting(*THREE)
    province = desk.opened(desk.people.province)
    assert desk.decide(province, keys[0], "approve", approved_count="80") == 302
    assert desk.decide(province, keys[1], "refuse", reason="师资不足") == 302
    for by, label in (
        ("certificate", "证书2号(初级)"),
        ("organisation", "评价组织"),
        ("city", "青岛市"),
        ("kind", "高职院校"),
        ("school", "青岛学院"),
    ):
        shown = province.get(f"/console/declaration_report/?by={by}").get_data(as_text=True)
        assert label in shown, by
        total = dict(re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", shown))
        assert total == {
            "院校数": "1", "申报项": "3", "申报人数": "303", "待审核": "1", "通过": "1", "不通过": "1", "批准人数": "80",
            "现有指标": "80", "已用指标": "0",
        }  # fmt: skip
    answer = province.post("/console/declaration_report/excel?by=city")
    book = tmp_path / "report.xlsx"
    book.write_bytes(answer.data)
    rows = CalamineWorkbook.from_path(str(book)).get_sheet_by_index(0).to_python()
    assert rows[0][:3] == ["地市", "院校数", "申报项"]
    assert [row[0] for row in rows[1:]] == ["青岛市", "合计"]
    assert [int(number) for number in rows[2][1:8]] == [1, 3, 303, 1, 1, 1, 80]


def test_the_report_asks_for_its_batches_once(desk: Desk, engine: sa.Engine) -> None:
    (key,) = desk.waiting(THREE[0])
    province = desk.opened(desk.people.province)
    with counted(engine) as asked:
        shown = province.get(f"/console/declaration_report/?year=2020&batch={desk.row(key).batch_id}")
    assert desk.batch_name(key) in shown.get_data(as_text=True)
    assert sum("declaration_batch.name" in statement for statement in asked) == 1


def test_a_report_of_another_year_or_batch_falls_back_and_nobody_else_opens_it(desk: Desk, as_: Any) -> None:
    desk.waiting(THREE[0])
    province = desk.opened(desk.people.province)
    shown = province.get("/console/declaration_report/?by=drop&year=1850&batch=999").get_data(as_text=True)
    assert "2020年度按证书统计,共1项" in shown
    with as_(JOB) as db:
        beijing = account(db, Role.PROVINCE_PRINCIPAL, province_id=1)
        db.commit()
    assert "还没有提交的申报" in desk.browse(beijing).get("/console/declaration_report/").get_data(
        as_text=True
    )
    assert desk.opened(desk.people.school).get("/console/declaration_report/").status_code == 403
