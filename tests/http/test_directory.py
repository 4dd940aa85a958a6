"""The official list of schools as the authorities see it: who has registered, declared, become pilot; what is wrong in
it, from the officer who says so to the platform that corrects it (1.1, 1.4, 7.3; R10, R13, R36)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from python_calamine import CalamineWorkbook

from app.access.actor import JOB
from models.accounts import Account, Role
from models.declarations import DeclarationState
from models.directory import DirectoryReport, ReportKind, ReportState, SchoolDirectory, SchoolKind
from models.jobs import Message
from models.kit import clock
from models.platform import SmsMessage
from tests.conftest import Browser
from tests.factories import account
from tests.factories_declarations import at, batch, declaration
from tests.models.world import PLATFORM, found

LIST, REPORTS = "/console/school_directory/", "directory_report"
As = Callable[..., Any]


@pytest.fixture(autouse=True)
def in_the_window() -> Any:
    with clock.travel(at("2020-04-02 09:00")):
        yield


@pytest.fixture
def officer(as_: As, browse: Any) -> Browser:
    return _person(as_, browse, Role.PROVINCE_PRINCIPAL, province_id=2)


@pytest.fixture
def operator(officer: Browser, as_: As, browse: Any) -> Browser:
    return _opened(as_, browse, Role.PLATFORM_OPERATOR)


def _person(as_: As, browse: Any, role: Role, **tenant: Any) -> Browser:
    found(as_)
    with as_(PLATFORM) as db:
        for key, name, city in ((12, "济南学院", 3), (13, "青岛二院", 2), (14, "青岛旧校", 2)):
            db.add(
                SchoolDirectory(
                    id=key, school_code=f"413701003{key - 10}", name=name, kind=SchoolKind.VOCATIONAL,
                    province_id=2, city_id=city, active=key != 14,
                )
            )  # fmt: skip
        db.commit()
    return _opened(as_, browse, role, **tenant)


def _opened(as_: As, browse: Any, role: Role, **tenant: Any) -> Browser:
    with as_(JOB) as db:
        made = account(db, role, name="周处长", mobile="13912345678", **tenant)
        db.commit()
        return browse(db.get_one(Account, made.id))  # type: ignore[no-any-return]


def _declared(as_: As, state: DeclarationState, **values: Any) -> None:
    with as_(JOB) as db:
        made = batch(db, **values)
        more = {"approved_count": 80} if state is DeclarationState.APPROVED else {}
        submitted = {} if state is DeclarationState.DRAFT else {"submitted_at": at("2020-04-01 09:00")}
        declaration(db, made.id, state=state, **more, **submitted)
        db.commit()


def _tabs(browser: Browser) -> dict[str, str]:
    page = browser.get(LIST).get_data(as_text=True)
    tabs = page[page.index('aria-label="按状态查看"') :].split("</nav>")[0]
    return {
        part.split(">")[1].split("<")[0].strip(): part.split('ui-count">')[1].split("<")[0]
        for part in tabs.split("<a ")[1:]
    }


def _row(browser: Browser, name: str, query: str = "") -> str:
    page = browser.get(f"{LIST}?f_name={name}{query}").get_data(as_text=True)
    return page[page.index("<tbody>") :].split("</tbody>")[0]


# Where schools stand


def test_the_list_says_who_has_registered_declared_and_become_pilot(
    officer: Browser, as_: As, browse: Any
) -> None:
    """R36, 9.3, 9.4: the tabs count all that holds, the row says the furthest; a draft is nobody's business yet."""
    assert _tabs(officer) == {
        "全部": "4", "未注册": "2", "已注册": "1", "本年度已申报": "0", "本年度试点": "0", "已停用": "1",
    }  # fmt: skip
    _declared(as_, DeclarationState.DRAFT)
    assert "已注册" in _row(officer, "青岛学院") and "未注册" in _row(officer, "青岛二院")
    assert "已停用" in _row(officer, "青岛旧校")
    _declared(as_, DeclarationState.APPROVED)
    assert "本年度已申报" in _row(officer, "青岛学院")
    assert (_tabs(officer)["本年度已申报"], _tabs(officer)["本年度试点"]) == ("1", "0")
    with clock.travel(at("2020-04-05 00:00")):
        later = _opened(as_, browse, Role.PROVINCE_STAFF, province_id=2)
        assert "本年度试点" in _row(later, "青岛学院", "&tab=本年度试点")
        assert _tabs(later)["已注册"] == "1"
    with clock.travel(at("2021-01-01 00:00")):
        next_year = _opened(as_, browse, Role.PROVINCE_STAFF, province_id=2)
        assert (_tabs(next_year)["本年度试点"], _tabs(next_year)["已注册"]) == ("0", "1")


def test_export_and_api_say_where_a_school_stands_too(officer: Browser, tmp_path: Any) -> None:
    answer = officer.post(f"{LIST}export")
    path = tmp_path / "list.xlsx"
    path.write_bytes(answer.data)
    head, *lines = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
    at_column = head.index("状态")
    assert {line[head.index("院校名称")]: line[at_column] for line in lines} == {
        "青岛学院": "已注册", "济南学院": "未注册", "青岛二院": "未注册", "青岛旧校": "已停用",
    }  # fmt: skip


def test_a_city_sees_its_own_schools_and_asks_for_nothing(as_: As, browse: Any) -> None:
    """1.5: its own city; corrections go through the province."""
    city = _person(as_, browse, Role.CITY_PRINCIPAL, city_id=2)
    assert _tabs(city)["全部"] == "3" and "已注册" in _row(city, "青岛学院")
    assert "济南学院" not in city.get(LIST).get_data(as_text=True) and "申请更正" not in city.text()
    assert city.act("school_directory", "ask_correction", [11], {"kind": "CLOSED"}).status_code == 403


def test_who_may_not_read_registrations_reads_the_list_all_the_same(officer: Browser, browse: Any) -> None:
    """Where a school stands is read only where it is drawn: visitors still find their school (R9)."""
    answer = browse().get("/register/schools?province_id=2&city_id=2&q=青岛")
    assert answer.status_code == 200 and "青岛二院" in answer.get_data(as_text=True)


# Corrections


def _ask(browser: Browser, key: int = 13, **said: Any) -> int:
    return browser.act("school_directory", "ask_correction", [key], said).status_code


def _reports(as_: As) -> list[DirectoryReport]:
    with as_(JOB) as db:
        return list(db.scalars(sa.select(DirectoryReport).order_by(DirectoryReport.id)))


def test_an_officer_asks_and_the_platform_adopts_it_in_one_step(
    officer: Browser, operator: Browser, as_: As
) -> None:
    """1.1: from the row of the list to the platform, back to the province with the answer; no text message."""
    assert _ask(officer, kind="NAME", right_name="青岛第二学院", description="教育部函〔2020〕1号") == 302
    (report,) = _reports(as_)
    assert (report.kind, report.state, report.directory_id) == (
        ReportKind.NAME, ReportState.FORWARDED, 13,
    )  # fmt: skip
    assert (report.contact_name, report.contact_mobile) == ("周处长", "13912345678")
    page = operator.get(f"/console/directory_report/{report.id}").get_data(as_text=True)
    assert "名录现为:青岛二院(4137010033)" in page and "青岛第二学院" in page
    opened = operator.post(f"/console/directory_report/action/open_entry?rowid={report.id}")
    assert opened.location == "/console/school_directory/13/edit"
    assert operator.act(REPORTS, "adopt", [report.id], {"answer": "已按函更名"}).status_code == 302
    with as_(JOB) as db:
        assert db.get_one(SchoolDirectory, 13).name == "青岛第二学院"
        told = db.scalars(sa.select(Message).where(Message.province_id == 2)).all()
        assert [(m.title, m.body) for m in told] == [("院校名录已更正:青岛二院", "已按函更名")]
        assert db.scalars(sa.select(SmsMessage.template)).all() == []
    assert _reports(as_)[0].state is ReportState.DONE
    assert operator.act(REPORTS, "adopt", [report.id], {"answer": "已按函更名"}).status_code == 409


def test_a_closed_school_is_switched_off_and_a_wrong_code_corrected(
    officer: Browser, operator: Browser, as_: As
) -> None:
    assert _ask(officer, kind="CLOSED", description="并入青岛学院") == 302
    assert _ask(officer, 12, kind="CODE", right_code="4137010099") == 302
    for report in _reports(as_):
        assert operator.act(REPORTS, "adopt", [report.id], {"answer": "已更正"}).status_code == 302
    with as_(JOB) as db:
        assert not db.get_one(SchoolDirectory, 13).active
        assert db.get_one(SchoolDirectory, 12).school_code == "4137010099"


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"kind": "NAME"}, "请填写正确的院校名称"),
        ({"kind": "NAME", "right_name": "青岛二院"}, "名录中已是这个名称"),
        ({"kind": "CODE"}, "请填写正确的院校代码"),
        ({"kind": "CODE", "right_code": "4111010099"}, "第3–4位应为37"),
        ({"kind": "OTHER"}, "请写明情况"),
        ({"kind": "MISSING"}, ""),
    ],
)
def test_what_is_asked_must_say_what_is_right(
    officer: Browser, as_: As, said: dict[str, str], why: str
) -> None:
    """R13, E3: nothing is passed on that the platform could not carry out."""
    assert _ask(officer, **said) == 422 and why in officer.text()
    assert _reports(as_) == []


def test_one_request_a_school_waits_at_a_time_and_none_for_another_province(
    officer: Browser, as_: As
) -> None:
    assert _ask(officer, kind="CLOSED", description="已并入他校") == 302
    assert _ask(officer, kind="OTHER", description="已并入他校") == 409
    assert "已有更正申请正在处理" in officer.text()
    assert _ask(officer, 10, kind="OTHER", description="不是本省的") == 404


def test_what_staff_asks_waits_for_the_principal(officer: Browser, as_: As, browse: Any) -> None:
    """1.2: staff prepare, the principal passes on."""
    staff = _opened(as_, browse, Role.PROVINCE_STAFF, province_id=2)
    assert _ask(staff, kind="CLOSED", description="已并入他校") == 302
    (report,) = _reports(as_)
    assert report.state is ReportState.OPEN
    assert staff.act(REPORTS, "forward", [report.id]).status_code == 403
    assert officer.act(REPORTS, "forward", [report.id]).status_code == 302
    assert _reports(as_)[0].state is ReportState.FORWARDED


def _missing(browser: Browser, **said: Any) -> int:
    asked = {
        "school_name": "青岛新办学院",
        "school_code": "4137010077",
        "city_id": "2",
        "description": "新设高职",
    }
    return browser.act("school_directory", "ask_missing", [], {**asked, **said}).status_code


def test_a_missing_school_comes_into_the_list(officer: Browser, operator: Browser, as_: As) -> None:
    """R10: the list is the only source of names; a school that is there already is not asked for again."""
    assert _missing(officer, school_code="4137010033") == 409 and "名录中已有“青岛二院”" in officer.text()
    assert _missing(officer, city_id="1") == 422
    assert _missing(officer) == 302
    (report,) = _reports(as_)
    told = {"answer": "已加入", "school_kind": "VOCATIONAL"}
    assert operator.act(REPORTS, "adopt", [report.id], {"answer": "已加入"}).status_code == 422
    assert operator.act(REPORTS, "adopt", [report.id], told).status_code == 302
    with as_(JOB) as db:
        made = db.scalars(sa.select(SchoolDirectory).where(SchoolDirectory.name == "青岛新办学院")).one()
        assert (made.school_code, made.province_id, made.city_id) == ("4137010077", 2, 2)
    assert _reports(as_)[0].directory_id == made.id
    assert "未注册" in _row(officer, "青岛新办学院")


def test_what_the_list_cannot_take_is_refused_and_nothing_is_answered(
    officer: Browser, operator: Browser, as_: As
) -> None:
    """The list keeps its own keys: two schools of one code cannot be."""
    assert _ask(officer, kind="CODE", right_code="4137010028") == 302
    (report,) = _reports(as_)
    assert operator.act(REPORTS, "adopt", [report.id], {"answer": "已更正"}).status_code in (409, 422)
    assert _reports(as_)[0].state is ReportState.FORWARDED


# A registered school


def test_a_schools_page_shows_what_it_declared_and_may_examine(
    officer: Browser, operator: Browser, as_: As
) -> None:
    """1.4 注册院校: declarations and quotas; accounts are the platform's business (R1)."""
    _declared(as_, DeclarationState.APPROVED)
    page = officer.get("/console/school/11").get_data(as_text=True)
    assert "2020年度申报" in page and "证书试点申报" in page and "指标" in page
    assert '<a href="/console/declaration/1">' in page
    assert 'href="/console/school/11"' in officer.get(f"{LIST}11").get_data(as_text=True)
    assert 'href="/console/school/13"' not in officer.get(f"{LIST}13").get_data(as_text=True)
    assert "青岛学院" in officer.get(
        "/console/declaration/?tab=all&f_school_name=青岛学院&f_year=2020"
    ).get_data(as_text=True)
    with as_(JOB) as db:
        account(db, Role.SCHOOL_PRINCIPAL, school_id=11)
        db.commit()
    seen = operator.get("/console/school/11").get_data(as_text=True)
    assert "/console/account/?f_username=4137010028" in seen
