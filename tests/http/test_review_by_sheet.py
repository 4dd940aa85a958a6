"""Reviewing by Excel, from the list to the confirmed decisions (7.3 "batch approval by Excel"; R32–R35, R39, R134;
E26–E28, E52)."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import sqlalchemy as sa

from app.access.actor import JOB
from app.jobs.running import run_pending
from models.accounts import AuditEntry, Role
from models.certificates import Certificate
from models.declarations import (
    Declaration,
    DeclarationState,
    Recommendation,
    Review,
    SocialQuotaMode,
)
from models.jobs import Job, JobState, Message
from models.kit import clock
from models.platform import SmsMessage
from models.quotas import Quota
from tests.conftest import Browser
from tests.factories import account
from tests.factories_declarations import at, quota
from tests.http.review_world import NOW, THREE, Desk
from tests.imports.conftest import data_folder
from tests.jobs.conftest import factory

__all__ = ["data_folder", "factory"]

PAGE = "/console/declaration/import/decisions"
FIRST, SECOND, THIRD = "Python程序开发", "证书2号", "证书3号"


@pytest.fixture(autouse=True)
def in_the_window() -> Iterator[None]:
    with clock.travel(NOW):
        yield


class Sheets:
    """A reviewer who downloads what waits, fills it in, sends it back and confirms."""

    def __init__(self, desk: Desk, factory: Any, folder: Path) -> None:
        self.desk, self.factory, self.folder = desk, factory, folder

    def download(self, browser: Browser, query: str = "") -> openpyxl.Workbook:
        answer = browser.post(f"{PAGE}/worklist{query}")
        assert answer.status_code == 200, answer.status_code
        return openpyxl.load_workbook(io.BytesIO(answer.data))

    def fill(self, book: openpyxl.Workbook, **cells: dict[str, Any]) -> openpyxl.Workbook:
        """`fill(book, 证书1号={"审核结果": "通过"})`: cells of the row of a certificate, by their headings."""
        sheet = book.worksheets[0]
        heads = {str(cell.value).removesuffix("*"): cell.column for cell in sheet[1]}
        rows = {sheet.cell(n, heads["证书"]).value: n for n in range(2, sheet.max_row + 1)}
        for name, values in cells.items():
            for label, value in values.items():
                sheet.cell(rows[name], heads[label]).value = value
        return book

    def upload(self, browser: Browser, book: openpyxl.Workbook) -> str:
        """The address of the job, with its dry run done."""
        data = io.BytesIO()
        book.save(data)
        data.seek(0)
        answer = browser.post(PAGE, {"file": (data, "审核.xlsx")}, content_type="multipart/form-data")
        assert answer.status_code == 302, browser.text()
        run_pending(self.factory)
        browser.get(answer.location)
        return str(answer.location)

    def confirm(self, browser: Browser, job: str, mode: str = "") -> int:
        answer = browser.post(f"{job}confirm{mode}")
        run_pending(self.factory)
        browser.get(job)
        return answer.status_code

    def job(self, address: str) -> Job:
        with self.desk.as_(JOB) as db:
            return db.get_one(Job, int(address.split("/")[3]))  # type: ignore[no-any-return]

    def refused(self, browser: Browser, book: openpyxl.Workbook) -> list[tuple[int, str, str]]:
        """Row, column and reason of what the dry run refuses; and that the workbook it returns says the same."""
        job = self.upload(browser, book)
        errors = [(number, column, reason) for number, column, reason in self.job(job).errors or []]
        if errors:
            sheet = openpyxl.load_workbook(io.BytesIO(browser.get(f"{job}result").data)).worksheets[0]
            reasons = {number: sheet.cell(number, sheet.max_column).value for number, _, _ in errors}
            assert reasons == {number: reason for number, _, reason in errors}
            browser.get(job)
        return errors


@pytest.fixture
def desk(as_: Any, browse: Any) -> Desk:
    return Desk(as_, browse)


@pytest.fixture
def sheets(desk: Desk, factory: Any, tmp_path: Path) -> Sheets:
    return Sheets(desk, factory, tmp_path)


def figures(browser: Browser) -> dict[str, int]:
    """The counters of the job's page."""
    found = re.findall(r"<dt>(.*?)</dt><dd>(\d+)</dd>", browser.text())
    return {label: int(number) for label, number in found}


APPROVE = {"审核结果": "通过"}


# From the list to the quota


def test_the_principal_decides_what_waits_in_one_workbook(desk: Desk, sheets: Sheets) -> None:
    """Each row its own number; what is left blank stays; all that a decision leaves behind is there (4.3, R32)."""
    keys = desk.waiting(*THREE)
    province = desk.opened(desk.people.province)
    assert f'href="{PAGE}"' in province.get("/console/declaration/").get_data(as_text=True).replace(
        "?tab=PENDING", ""
    )
    assert "下载待处理的数据" in province.get(PAGE).get_data(as_text=True)
    book = sheets.download(province)
    rows = list(book.worksheets[0].values)
    assert [row[2] for row in rows[1:]] == [SECOND, FIRST, THIRD]  # the oldest first
    line = dict(zip([str(head).removesuffix("*") for head in rows[0]], rows[1], strict=True))
    assert line | {"版本": 0} == {
        "申报编号": keys[1], "院校": "青岛学院", "证书": SECOND, "等级": "初级", "颁证机构": "评价组织",
        "批次": desk.batch_name(keys[1]), "申报人数": 101, "上年使用": 0, "地市初审": None, "经办意见": None,
        "审核结果": None, "批准人数": 101, "其中社会考生": None, "超额批准": None, "理由": None, "版本": 0,
    }  # fmt: skip
    filled = sheets.fill(
        book,
        **{FIRST: {**APPROVE, "批准人数": 80}, SECOND: {"审核结果": "不通过", "理由": "师资不足"}},
    )
    job = sheets.upload(province, filled)
    assert figures(province) == {"通过": 1, "人数合计": 80, "不通过": 1, "未填": 1, "错误": 0}
    assert "确认后:通过1项,共80人;不通过1项。" in province.text()
    assert "通过1项,共80人;不通过1项。确认?" in province.text()  # asked once more, in numbers
    assert desk.all(Quota) == []
    assert sheets.confirm(province, job) == 302
    assert "通过1项,共80人;不通过1项" in province.text()
    assert [desk.row(key).state.value for key in keys] == ["APPROVED", "REFUSED", "PENDING"]
    assert [(quota.certificate_id, quota.granted) for quota in desk.all(Quota)] == [(1, 80)]
    assert [(r.approved_count, r.reason) for r in desk.all(Review)] == [(80, None), (None, "师资不足")]
    texts = desk.all(SmsMessage)
    assert sorted(sms.template for sms in texts) == ["declaration_approved", "declaration_refused"]
    assert min(sms.send_after for sms in texts) >= at("2020-04-02 09:10")  # as long as it can be taken back
    told = [message.title for message in desk.all(Message) if message.school_id]
    assert sorted(told) == [f"证书试点申报审核不通过:{SECOND}(初级)", f"证书试点申报审核通过:{FIRST}(中级)"]


def test_a_decision_by_sheet_is_taken_back_as_any_other(desk: Desk, sheets: Sheets) -> None:
    keys = desk.waiting(*THREE)
    province = desk.opened(desk.people.province)
    book = sheets.fill(sheets.download(province), **dict.fromkeys((FIRST, SECOND, THIRD), APPROVE))
    assert sheets.confirm(province, sheets.upload(province, book)) == 302
    assert sum(quota.granted for quota in desk.all(Quota)) == 303
    assert province.act("declaration", "retract", keys).status_code == 302
    assert {desk.row(key).state for key in keys} == {DeclarationState.PENDING}
    assert sum(quota.granted for quota in desk.all(Quota)) == 0
    assert {sms.state.value for sms in desk.all(SmsMessage)} == {"CANCELLED"}
    again = sheets.refused(province, book)  # what was downloaded before it is out of date
    assert {column for _, column, _ in again} == {"版本"}


def test_the_filters_of_the_list_narrow_the_workbook(desk: Desk, sheets: Sheets) -> None:
    desk.waiting(*THREE)
    province = desk.opened(desk.people.province)
    assert f"{PAGE}/worklist?f_certificate_id=3" in province.get(f"{PAGE}?f_certificate_id=3").get_data(
        as_text=True
    )
    book = sheets.download(province, "?f_certificate_id=3")
    assert [row[2] for row in list(book.worksheets[0].values)[1:]] == [THIRD]
    assert province.post(f"{PAGE}/worklist?f_certificate_id=9").status_code == 409
    assert "没有符合条件" in province.text()


def test_r135_a_download_leaves_a_trace(desk: Desk, sheets: Sheets, owner: sa.Engine) -> None:
    desk.waiting(*THREE)
    sheets.download(desk.opened(desk.people.province))
    with owner.connect() as admin:
        noted = sa.select(AuditEntry.reason).where(AuditEntry.action == "EXPORT")
        assert admin.scalars(noted).all() == ["下载批量审核(Excel)(3行)"]


def test_last_years_use_and_what_staff_and_city_said_stand_in_the_workbook(
    desk: Desk, sheets: Sheets, owner: sa.Engine
) -> None:
    (key,) = desk.waiting(THREE[0], requires_city_review=True)
    with desk.as_(desk.people.province) as db:
        quota(db, 90, year=2019)
        db.commit()
    with owner.begin() as connection:
        connection.execute(sa.text("update quota set used = 73"))
    assert desk.decide(desk.opened(desk.people.city), key, "agree") == 302
    staff = desk.opened(desk.people.staff)
    assert desk.decide(staff, key, "recommend_for", approved_count="60") == 302
    rows = list(sheets.download(desk.opened(desk.people.province)).worksheets[0].values)
    line = dict(zip(rows[0], rows[1], strict=True))
    assert (line["上年使用"], line["地市初审"], line["经办意见"]) == (73, "同意", "建议通过60人")
    assert line["批准人数"] == 60


def test_the_same_file_once_more_decides_nothing(desk: Desk, sheets: Sheets) -> None:
    desk.waiting(*THREE)
    province = desk.opened(desk.people.province)
    book = sheets.fill(
        sheets.download(province), **{FIRST: APPROVE, SECOND: {"审核结果": "不通过", "理由": "师资不足"}}
    )
    sheets.confirm(province, sheets.upload(province, book))
    job = sheets.upload(province, book)
    assert sheets.job(job).state is JobState.DONE
    assert figures(province) == {"通过": 0, "人数合计": 0, "不通过": 0, "未填": 1, "已是此结果": 2, "错误": 0}
    assert "没有需要处理的行" in province.text()
    assert len(desk.all(Review)) == 2


def test_right_rows_alone_are_decided_when_the_others_are_to_be_left_out(desk: Desk, sheets: Sheets) -> None:
    keys = desk.waiting(*THREE)
    province = desk.opened(desk.people.province)
    book = sheets.fill(sheets.download(province), **{FIRST: APPROVE, SECOND: {"审核结果": "不通过"}})
    job = sheets.upload(province, book)
    assert figures(province)["错误"] == 1
    assert sheets.confirm(province, job) == 409
    assert desk.all(Quota) == []
    assert sheets.confirm(province, job, "?mode=good") == 302
    assert [desk.row(key).state.value for key in keys] == ["APPROVED", "PENDING", "PENDING"]


# What is refused, each with its row, its column and what to do


@pytest.mark.parametrize(
    ("cells", "column", "reason"),
    [
        ({**APPROVE, "批准人数": -1}, "批准人数", "应为1–99999的整数"),
        ({**APPROVE, "批准人数": 0}, "批准人数", "应为1–99999的整数"),
        ({**APPROVE, "批准人数": 1_000_000_000}, "批准人数", "应为1–99999的整数"),
        ({**APPROVE, "批准人数": "八十"}, "批准人数", "应为整数"),
        ({**APPROVE, "批准人数": 80.5}, "批准人数", "应为整数"),
        ({**APPROVE, "批准人数": None}, "批准人数", "通过时必填"),
        ({**APPROVE, "批准人数": 150}, "批准人数", "多于申报的101人;如确定,请在“超额批准”列填“是”"),
        ({**APPROVE, "其中社会考生": 5}, "其中社会考生", "共用指标,不用填写"),
        ({**APPROVE, "理由": "师资不足"}, "理由", "结果为“通过”时不填"),
        ({"审核结果": "不通过"}, "理由", "不通过时必填,2–500字"),
        ({"审核结果": "不通过", "理由": "差"}, "理由", "至少2"),
        ({"审核结果": "不通过", "理由": "差" * 501}, "理由", "500"),
        ({"审核结果": "同意"}, "审核结果", "不在可选范围"),
        ({"理由": "师资不足"}, "审核结果", "请选择通过或不通过"),
        ({**APPROVE, "院校": "济南学院"}, "院校", "请核对行是否错位"),
        ({**APPROVE, "等级": "高级"}, "等级", "请核对行是否错位"),
        ({**APPROVE, "版本": None}, "版本", "不能为空"),
        ({**APPROVE, "申报编号": None}, "申报编号", "不能为空"),
        ({**APPROVE, "批准人数": "=40+40"}, "", "公式"),
    ],
)
def test_a_cell_that_is_wrong_is_refused_in_its_row(
    desk: Desk, sheets: Sheets, cells: dict[str, Any], column: str, reason: str
) -> None:
    desk.waiting(*THREE)
    province = desk.opened(desk.people.province)
    ((number, at_fault, said),) = sheets.refused(
        province, sheets.fill(sheets.download(province), **{SECOND: cells})
    )
    assert number == 2
    assert at_fault == column or not column
    assert reason in said
    assert "未写入任何数据" in province.text()


def test_e26_more_than_was_applied_for_is_approved_where_the_row_says_so(desk: Desk, sheets: Sheets) -> None:
    keys = desk.waiting(*THREE)
    province = desk.opened(desk.people.province)
    more = {**APPROVE, "批准人数": 150, "超额批准": "是"}
    sheets.confirm(province, sheets.upload(province, sheets.fill(sheets.download(province), **{FIRST: more})))
    assert desk.row(keys[0]).approved_count == 150


def test_r39_social_places_apart_are_filled_in_beside_the_number(desk: Desk, sheets: Sheets) -> None:
    desk.waiting(THREE[0], social_quota_mode=SocialQuotaMode.SEPARATE)
    province = desk.opened(desk.people.province)
    book = sheets.download(province)
    ((_, column, _),) = sheets.refused(
        province, sheets.fill(book, **{FIRST: {**APPROVE, "批准人数": 80, "其中社会考生": 81}})
    )
    assert column == "其中社会考生"
    sheets.confirm(province, sheets.upload(province, sheets.fill(book, **{FIRST: {"其中社会考生": 20}})))
    assert {quota.kind.value: quota.granted for quota in desk.all(Quota)} == {"STUDENT": 60, "SOCIAL": 20}


def test_what_somebody_else_has_decided_meanwhile_is_refused(desk: Desk, sheets: Sheets) -> None:
    keys = desk.waiting(*THREE)
    province = desk.opened(desk.people.province)
    book = sheets.fill(sheets.download(province), **{FIRST: {**APPROVE, "批准人数": 80}, SECOND: APPROVE})
    assert desk.decide(province, keys[0], "refuse", reason="师资不足") == 302
    assert sheets.refused(province, book) == [
        (3, "申报编号", "申报编号:“青岛学院 · Python程序开发(中级)”当前为“审核不通过”,不能这样处理")
    ]


def test_what_was_submitted_anew_since_the_download_is_refused(desk: Desk, sheets: Sheets) -> None:
    (key, *_) = desk.waiting(*THREE)
    province = desk.opened(desk.people.province)
    book = sheets.fill(sheets.download(province), **{FIRST: APPROVE})
    assert desk.decide(province, key, "refuse", reason="师资不足") == 302
    desk.resubmit(key)
    ((number, column, reason),) = sheets.refused(province, book)
    assert (number, column) == (3, "版本")
    assert "请重新下载核对" in reason


def test_what_is_decided_between_check_and_confirmation_stops_all_of_it(desk: Desk, sheets: Sheets) -> None:
    keys = desk.waiting(*THREE)
    province = desk.opened(desk.people.province)
    job = sheets.upload(province, sheets.fill(sheets.download(province), **{FIRST: APPROVE, SECOND: APPROVE}))
    assert desk.decide(province, keys[0], "refuse", reason="师资不足") == 302
    sheets.confirm(province, job)
    assert sheets.job(job).state is JobState.FAILED
    assert "“青岛学院 · Python程序开发(中级)”在检查之后被他人处理或修改,未作任何决定" in province.text()
    assert desk.all(Quota) == []
    assert desk.row(keys[1]).state is DeclarationState.PENDING


def test_e52_a_declaration_twice_in_the_file_is_decided_once_or_not_at_all(
    desk: Desk, sheets: Sheets
) -> None:
    desk.waiting(*THREE)
    province = desk.opened(desk.people.province)
    book = sheets.fill(sheets.download(province), **{SECOND: APPROVE})
    page = book.worksheets[0]
    page.append([cell.value for cell in page[2]])
    assert sheets.refused(province, book) == [(5, "", "与第2行重复")]


def test_e27_what_the_city_has_not_agreed_to_is_neither_in_the_workbook_nor_taken_from_it(
    desk: Desk, sheets: Sheets
) -> None:
    (waits,) = desk.waiting(THREE[0], requires_city_review=True)
    desk.waiting(*THREE)
    province = desk.opened(desk.people.province)
    book = sheets.download(province)
    page = book.worksheets[0]
    assert waits not in [row[0] for row in page.values]
    forged = [*(cell.value for cell in page[3])]
    forged[0], forged[10] = waits, "通过"
    page.append(forged)
    ((_, column, reason),) = sheets.refused(province, book)
    assert (column, reason) == ("申报编号", "申报编号:本批次须先由地市级教育局审核")


def test_e28_another_provinces_rows_are_not_there(desk: Desk, sheets: Sheets) -> None:
    """The same words as for a number that never was (R136)."""
    desk.waiting(*THREE)
    book = sheets.fill(sheets.download(desk.opened(desk.people.province)), **{FIRST: APPROVE})
    with desk.as_(JOB) as db:
        beijing = account(db, Role.PROVINCE_PRINCIPAL, province_id=1)
        db.commit()
    stranger = desk.browse(beijing)
    assert stranger.post(f"{PAGE}/worklist").status_code == 409
    assert sheets.refused(stranger, book) == [(3, "申报编号", "申报编号:没有这项申报,或不由您审核")]
    never = sheets.fill(book, **{FIRST: {"申报编号": 99_999}})
    assert sheets.refused(stranger, never) == [(3, "申报编号", "申报编号:没有这项申报,或不由您审核")]


# Who may


def test_staff_note_opinions_by_sheet_and_decide_nothing(desk: Desk, sheets: Sheets) -> None:
    """1.2: what they may do with a selection they may do with a sheet; the principal finds it in his."""
    keys = desk.waiting(*THREE)
    staff, province = desk.opened(desk.people.staff), desk.opened(desk.people.province)
    decisions = sheets.fill(sheets.download(province), **{FIRST: APPROVE})
    answer = sheets.upload(staff, decisions)
    assert figures(staff)["建议通过"] == 0  # a workbook of decisions says nothing to an opinion
    assert sheets.job(answer).state is JobState.DONE
    book = sheets.fill(
        sheets.download(staff),
        **{
            FIRST: {"经办结论": "建议通过", "建议批准人数": 60, "说明": "师资充足"},
            SECOND: {"经办结论": "建议不通过", "说明": "场地不足"},
        },
    )
    job = sheets.upload(staff, book)
    assert figures(staff) == {"建议通过": 1, "人数合计": 60, "建议不通过": 1, "未填": 1, "错误": 0}
    sheets.confirm(staff, job)
    assert {desk.row(key).state for key in keys} == {DeclarationState.PENDING}
    assert sorted((o.declaration_id, o.opinion.value, o.suggested_count, o.reason) for o in desk.all(Recommendation)) == [
        (keys[0], "FOR", 60, "师资充足"),
        (keys[1], "AGAINST", None, "场地不足"),
    ]  # fmt: skip
    sheets.upload(staff, book)
    assert figures(staff)["已是此结果"] == 2
    rows = {row[2]: row for row in sheets.download(province).worksheets[0].values}
    assert (rows[FIRST][9], rows[FIRST][11]) == ("建议通过60人:师资充足", 60)
    assert rows[SECOND][9] == "建议不通过:场地不足"


def test_staff_say_why_they_advise_against(desk: Desk, sheets: Sheets) -> None:
    desk.waiting(*THREE)
    staff = desk.opened(desk.people.staff)
    book = sheets.fill(sheets.download(staff), **{SECOND: {"经办结论": "建议不通过"}})
    assert sheets.refused(staff, book) == [(2, "说明", "说明:建议不通过时必填,2–500字")]


def test_the_city_has_its_first_review_by_sheet_without_a_number(desk: Desk, sheets: Sheets) -> None:
    keys = desk.waiting(*THREE, requires_city_review=True)
    city = desk.opened(desk.people.city)
    book = sheets.download(city)
    heads = [str(cell.value) for cell in book.worksheets[0][1]]
    assert "审核结果" in heads
    assert not {"批准人数", "其中社会考生", "超额批准", "地市初审"} & set(heads)
    book = sheets.fill(
        book, **{FIRST: {"审核结果": "同意"}, SECOND: {"审核结果": "不同意", "理由": "场地不足"}}
    )
    job = sheets.upload(city, book)
    assert figures(city) == {"同意": 1, "不同意": 1, "未填": 1, "错误": 0}
    sheets.confirm(city, job)
    assert [desk.row(key).state.value for key in keys] == ["PENDING", "REFUSED", "CITY_PENDING"]
    assert [
        row[2] for row in list(sheets.download(desk.opened(desk.people.province)).worksheets[0].values)[1:]
    ] == [FIRST]


def test_nobody_else_reaches_the_workbook_or_the_upload(desk: Desk, sheets: Sheets) -> None:
    desk.waiting(*THREE)
    school = desk.opened(desk.people.school)
    assert school.get(PAGE).status_code == 403
    assert school.post(f"{PAGE}/worklist").status_code == 403
    assert school.post(PAGE, {"file": (io.BytesIO(b"PK"), "a.xlsx")}).status_code == 403
    assert "批量审核" not in school.get("/console/declaration/").get_data(as_text=True)


def test_an_import_without_a_list_has_no_workbook_to_work_on(desk: Desk) -> None:
    assert (
        desk.opened(desk.people.province).post("/console/candidate/import/changes/worklist").status_code
        == 403
    )


def test_e138_a_name_that_looks_like_a_formula_stays_text_and_is_recognised(
    desk: Desk, sheets: Sheets, owner: sa.Engine
) -> None:
    desk.waiting(*THREE)
    with owner.begin() as connection:
        connection.execute(sa.update(Certificate).where(Certificate.id == 2).values(name="=cmd()"))
    province = desk.opened(desk.people.province)
    book = sheets.download(province)
    assert [row[2] for row in book.worksheets[0].values][1] == "'=cmd()"
    sheets.confirm(province, sheets.upload(province, sheets.fill(book, **{"'=cmd()": APPROVE})))
    with desk.as_(JOB) as db:
        decided = sa.select(Declaration.certificate_id).where(Declaration.state == DeclarationState.APPROVED)
        assert db.scalars(decided).all() == [2]


def test_hidden_rows_are_decided_as_any_other_and_named(desk: Desk, sheets: Sheets) -> None:
    """A filter left on in Excel hides rows; they count, and the page says so."""
    desk.waiting(*THREE)
    province = desk.opened(desk.people.province)
    book = sheets.fill(sheets.download(province), **{FIRST: APPROVE, SECOND: APPROVE})
    book.worksheets[0].row_dimensions[2].hidden = True
    sheets.upload(province, book)
    assert figures(province)["通过"] == 2
    assert "有1个隐藏行,已照常读取:第2行" in province.text()
