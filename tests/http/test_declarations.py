"""A certificate on its way from batch to quota, through the pages (4.1, 4.3, E10, E15, E26, E28)."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from pypdf import PdfReader

from app.access.actor import JOB
from models.accounts import Account, Role
from models.certificates import EducationLevel, Major
from models.declarations import (
    Declaration,
    DeclarationBatch,
    DeclarationFile,
    DeclarationMajor,
    DeclarationState,
    Review,
)
from models.kit import clock
from models.quotas import Quota
from tests.conftest import Browser
from tests.documents.given import pdf
from tests.factories import account
from tests.factories_declarations import WORDS, Cast, at, cast
from tests.http import filled
from tests.http.api import client_of
from tests.models.world import PLATFORM

BATCH = {
    "name": "2020年第一次",
    "year": "2020",
    "ordinal": "1",
    "window_from": "2020-04-01 00:00",
    "window_to": "2020-04-04 23:59",
    "requires_majors": "y",
    "social_quota_mode": "SHARED",
}
Opened = Callable[[int | None], Browser]


@pytest.fixture
def stage(as_: Any, browse: Any) -> tuple[Cast, Opened]:
    """The people of Shandong, a major, and a browser for whichever of them."""
    people = cast(as_)
    with as_(PLATFORM) as db:
        db.add(Major(id=1, code="610201", name="计算机应用技术", level=EducationLevel.VOCATIONAL))
        db.commit()

    def opened(key: int | None) -> Browser:
        with as_(JOB) as db:
            found = db.get_one(Account, key)
        return browse(found)  # type: ignore[no-any-return]

    return people, opened


def only(as_: Any, model: Any) -> Any:
    with as_(JOB) as db:
        return db.scalars(sa.select(model)).one()


def draft(**values: str) -> dict[str, Any]:
    return {
        "batch_id": "1",
        "certificate_id": "1",
        "applied_count": "100",
        "teachers_description": WORDS,
        "venue_description": WORDS,
        "declaration_major-0-major_id": "1",
        "declaration_major-0-id": "",
        **values,
    }


def publish(stage: tuple[Cast, Opened], as_: Any, **values: str) -> DeclarationBatch:
    people, opened = stage
    with clock.travel(at("2020-03-20 09:00")):
        province = opened(people.province.account)
        answer = province.post("/console/declaration_batch/add", {**BATCH, **values})
        assert answer.status_code == 302, province.text()
        made: DeclarationBatch = only(as_, DeclarationBatch)
        assert province.act("declaration_batch", "publish", [made.id]).status_code == 302, province.text()
    return made


def test_from_batch_to_quota_through_the_pages(stage: tuple[Cast, Opened], as_: Any) -> None:
    people, opened = stage
    made = publish(stage, as_)
    assert made.window_to == at("2020-04-05 00:00")
    with clock.travel(at("2020-04-02 09:00")):
        school = opened(people.school.account)
        home = school.get("/console/declaring/").get_data(as_text=True)
        assert "2020-04-01 00:00 ~ 2020-04-04 23:59" in home
        assert f"/console/declaration/add?batch_id={made.id}" in home
        answer = school.post(
            "/console/declaration/add",
            {
                **draft(batch_id=str(made.id)),
                "declaration_file-0-id": "",
                "declaration_file-0-file": (
                    io.BytesIO(b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"),
                    "师资.pdf",
                ),
            },
        )
        assert answer.status_code == 302, school.text()
        row: Declaration = only(as_, Declaration)
        assert only(as_, DeclarationMajor).major_id == 1
        assert only(as_, DeclarationFile).name == "师资.pdf"
        assert "提交后在审核结束前不能修改" in school.post(
            "/console/declaration/action/submit", {"rowid": str(row.id)}
        ).get_data(as_text=True)
        assert school.act("declaration", "submit", [row.id]).status_code == 302, school.text()
        assert school.post(f"/console/declaration/{row.id}/edit", draft()).status_code == 409  # E16
        assert school.post(f"/console/declaration/{row.id}/delete").status_code == 409

        province = opened(people.province.account)
        assert "青岛学院" in province.get("/console/declaration/").get_data(as_text=True)
        more = province.act("declaration", "approve", [row.id], {"approved_count": "150"})  # E26
        assert "仍然批准" in more.get_data(as_text=True)
        assert only(as_, Declaration).state is DeclarationState.PENDING
        answer = province.act("declaration", "approve", [row.id], {"approved_count": "150", "exceed": "y"})
        assert answer.status_code == 302, province.text()

        assert "150" in school.get(f"/console/declaration/{row.id}").get_data(as_text=True)
        paper = school.get(f"/console/declaring/{row.id}/print")
        assert (paper.mimetype, paper.data[:5]) == ("application/pdf", b"%PDF-")
        assert school.get("/console/declaring/999/print").status_code == 404
        quota: Quota = only(as_, Quota)
        listed = school.get("/console/quota/").get_data(as_text=True)
        assert re.search(r"150.*0.*150", listed, re.S)
        answer = province.act("quota", "adjust", [quota.id], {"granted": "120", "reason": "核减指标"})
        assert answer.status_code == 302, province.text()
        assert only(as_, Quota).granted == 120


@pytest.mark.parametrize("name", ["staff", "city", "school", "manager"])
def test_e29_nobody_but_the_provinces_principal_decides_or_grants(
    stage: tuple[Cast, Opened], as_: Any, name: str
) -> None:
    people, opened = stage
    browser = opened(getattr(people, name).account)
    for table, action in (("quota", "adjust"), ("declaration", "approve")):
        assert browser.act(table, action, [1], {"granted": "500", "reason": "核增"}).status_code == 403


@pytest.mark.parametrize("role", [Role.PLATFORM_OPERATOR, Role.ORGANISATION_PRINCIPAL])
def test_e29_platform_and_organisation_write_no_quota(
    stage: tuple[Cast, Opened], as_: Any, browse: Any, role: Role
) -> None:
    with as_(JOB) as db:
        made = account(db, role, **({} if role is Role.PLATFORM_OPERATOR else {"organisation_id": 5}))
        db.commit()
    assert browse(made).act("quota", "adjust", [1], {"granted": "500", "reason": "核增"}).status_code == 403


def test_e15_without_an_open_batch_the_button_says_why_and_a_forged_post_is_refused(
    stage: tuple[Cast, Opened], as_: Any
) -> None:
    people, opened = stage
    made = publish(stage, as_)
    with clock.travel(at("2020-04-05 00:00")):
        school = opened(people.school.account)
        assert "当前没有开放的申报批次" in school.get("/console/declaring/").get_data(as_text=True)
        answer = school.post("/console/declaration/add", draft(batch_id=str(made.id)))
        assert answer.status_code == 409
        assert "申报已截止(申报时间:2020-04-01 00:00 ~ 2020-04-04 23:59)" in school.text()


def test_e28_another_citys_declaration_is_not_there(
    stage: tuple[Cast, Opened], as_: Any, browse: Any
) -> None:
    people, opened = stage
    made = publish(stage, as_, requires_city_review="y")
    with as_(JOB) as db:
        jinan = account(db, Role.CITY_PRINCIPAL, city_id=3)
        db.commit()
    with clock.travel(at("2020-04-02 09:00")):
        school = opened(people.school.account)
        school.post("/console/declaration/add", draft(batch_id=str(made.id)))
        row: Declaration = only(as_, Declaration)
        assert school.act("declaration", "submit", [row.id]).status_code == 302, school.text()
        other = browse(jinan)
        assert other.get(f"/console/declaration/{row.id}").status_code == 404
        assert other.act("declaration", "agree", [row.id]).status_code == 404
        own = opened(people.city.account)
        assert own.act("declaration", "agree", [row.id]).status_code == 302, own.text()
        assert only(as_, Declaration).state is DeclarationState.PENDING


def test_e10_a_school_that_is_not_pilot_is_led_back_to_the_declaration_system(
    stage: tuple[Cast, Opened], as_: Any
) -> None:
    people, opened = stage
    made = publish(stage, as_, requires_majors="")
    with clock.travel(at("2020-04-02 09:00")):
        school = opened(people.school.account)
        for page in ("/console/", "/console/candidate/", "/console/exam_plan/"):
            answer = school.get(page)
            assert (answer.status_code, answer.location) == (302, "/console/declaring/")
        assert school.post("/console/candidate/add").status_code == 403
        assert "考试管理" not in school.get("/console/declaration/").get_data(as_text=True)
        school.post("/console/declaration/add", draft(batch_id=str(made.id)))
        row: Declaration = only(as_, Declaration)
        school.act("declaration", "submit", [row.id])
        opened(people.province.account).act("declaration", "approve", [row.id], {"approved_count": "80"})
        assert school.get("/console/candidate/").status_code == 302  # E32: only from the end of the batch
    with clock.travel(at("2020-04-05 00:00")):
        school = opened(people.school.account)
        assert school.get("/console/candidate/").status_code == 200
        assert "考试管理" in school.text()


def declare(stage: tuple[Cast, Opened], as_: Any, **values: Any) -> Browser:
    """A school that has posted one draft in an open batch; the answer is in `.last`."""
    people, opened = stage
    made = publish(stage, as_, requires_majors="")
    with clock.travel(at("2020-04-02 09:00")):
        school = opened(people.school.account)
        school.post("/console/declaration/add", draft(batch_id=str(made.id), **values))
    return school


def drafts(as_: Any) -> list[Declaration]:
    with as_(JOB) as db:
        return list(db.scalars(sa.select(Declaration)))


@pytest.mark.parametrize("number", ["0", "-1", "-5", "1.5", "100人", "100000", "1000000000", "1e9", ""])
def test_e20_the_number_applied_for_is_a_whole_number_from_1_to_99999(
    stage: tuple[Cast, Opened], as_: Any, number: str
) -> None:
    school = declare(stage, as_, applied_count=number)
    assert school.last is not None
    assert school.last.status_code == 422
    assert drafts(as_) == []


@pytest.mark.parametrize("number", [1, 99_999])
def test_e20_its_bounds_are_accepted(stage: tuple[Cast, Opened], as_: Any, number: int) -> None:
    declare(stage, as_, applied_count=str(number))
    assert [row.applied_count for row in drafts(as_)] == [number]


@pytest.mark.parametrize("words", ["   ", "<p><br></p>", "<p>太短了</p>"])
def test_e21_a_description_without_words_is_refused(stage: tuple[Cast, Opened], as_: Any, words: str) -> None:
    school = declare(stage, as_, teachers_description=words)
    assert school.last is not None
    assert school.last.status_code == 422
    assert drafts(as_) == []


def test_e22_a_description_is_stored_without_its_scripts(stage: tuple[Cast, Opened], as_: Any) -> None:
    hostile = f'{WORDS}<script>alert(1)</script><img src=x onerror="alert(2)">'
    declare(stage, as_, venue_description=hostile)
    stored = drafts(as_)[0].venue_description
    assert WORDS in stored
    assert "alert" not in stored


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.pdf", b"MZ\x90\x00" * 64), ("a.docx", b"PK\x05\x06" + b"\x00" * 18), ("a.txt", b"words")],
)
def test_e23_a_supporting_file_is_what_its_name_says(
    stage: tuple[Cast, Opened], as_: Any, name: str, content: bytes
) -> None:
    upload = {"declaration_file-0-id": "", "declaration_file-0-file": (io.BytesIO(content), name)}
    school = declare(stage, as_, **upload)
    assert school.last is not None
    assert school.last.status_code in (415, 422)
    assert drafts(as_) == []


def test_e24_supporting_files_may_be_left_out(stage: tuple[Cast, Opened], as_: Any) -> None:
    declare(stage, as_)
    assert len(drafts(as_)) == 1


def test_e10_the_api_answers_403_for_the_business_platform(
    stage: tuple[Cast, Opened], as_: Any, app: Any
) -> None:
    people, _ = stage
    with as_(JOB) as db:
        school = db.get_one(Account, people.school.account)
    api = client_of(app, school)
    assert api.get("candidate/").status_code == 403
    assert api.get("declaration/").status_code == 200


def test_the_printed_form_gathers_what_was_declared_and_what_was_decided(
    stage: tuple[Cast, Opened], as_: Any
) -> None:
    """6.4 申报表: majors with their codes, files, every review with its reason and its reviewer, the number approved;
    the contact's mobile masked (R24)."""
    people, opened = stage
    made = publish(stage, as_, requires_city_review="y")
    with clock.travel(at("2020-04-02 09:00")):
        school, city, province = map(
            opened, (people.school.account, people.city.account, people.province.account)
        )
        upload = {
            "declaration_file-0-id": "",
            "declaration_file-0-file": (io.BytesIO(pdf()), "师资证明.pdf"),
        }
        school.post("/console/declaration/add", {**draft(batch_id=str(made.id)), **upload})
        row: Declaration = only(as_, Declaration)

        def does(browser: Browser, name: str, **asked: str) -> None:
            answer = browser.act("declaration", name, [row.id], asked)
            assert answer.status_code == 302, (name, browser.text())

        does(school, "submit")
        does(city, "agree")
        does(province, "refuse", reason="场地面积没有写明")
        page = school.get(f"/console/declaration/{row.id}/edit").get_data(as_text=True)
        words = "<p>机房三间,共六百平方米,设备齐全</p>"
        answer = school.post(*filled.form(page, venue_description=words))
        assert answer.status_code == 302, school.text()
        does(school, "submit")
        does(city, "agree")
        does(province, "approve", approved_count="80")
        paper = school.get(f"/console/declaring/{row.id}/print")
        other = province.get(f"/console/declaring/{row.id}/print")
    words = "".join(page.extract_text() for page in PdfReader(io.BytesIO(paper.data)).pages)
    words = re.sub(r"\s", "", words)
    for expected in (
        "2020年第一次", "青岛学院", "610201计算机应用技术", "师资证明.pdf", "100人", "80人", "审核通过",
        "专任教师十二人", "共六百平方米", "场地面积没有写明", "地市初审", "省级审核", "2020-04-0209:00", "139****0011",
    ):  # fmt: skip
        assert expected in words, expected
    with as_(JOB) as db:
        trail = db.execute(sa.select(Review.stage, Review.decision, Review.reviewer_name).order_by(Review.id))
        reviews = [(stage.label, decision.label, name) for stage, decision, name in trail]
    assert len(reviews) == 4
    places = [words.find(f"{stage}{decision}") for stage, decision, _ in reviews]
    assert -1 not in places
    assert all(name and name in words for _, _, name in reviews)
    assert "13900000011" not in words
    assert other.status_code == 200 and other.mimetype == "application/pdf"
