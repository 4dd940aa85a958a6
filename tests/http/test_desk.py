"""The configuration desk end to end: its first page, and child rows inside the parent's form (features 3, D5)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from tests.http.desk_world import MINE, THEIRS, furnished

As = Callable[..., Any]
Browse = Callable[..., Any]
EDIT = f"/desk/certificate/{MINE}/edit"


def fields(page: str) -> dict[str, str]:
    """The values a browser would send back from the form on the page, the `<template>` of new rows left out."""
    form = re.sub(r"<template>.*?</template>", "", page[page.index('<form id="form"') :], flags=re.S)
    found: dict[str, str] = {}
    for tag in re.findall(r"<input [^>]+>", form):
        name = re.search(r' name="([^"]+)"', tag)
        value = re.search(r' value="([^"]*)"', tag)
        if name and 'type="file"' not in tag and ('type="checkbox"' not in tag or " checked" in tag):
            found[name.group(1)] = value.group(1) if value else ""
    for name, body in re.findall(r'<select [^>]*name="([^"]+)"[^>]*>(.*?)</select>', form, flags=re.S):
        chosen = re.search(r'<option[^>]*selected[^>]*value="([^"]*)"', body)
        found[name] = chosen.group(1) if chosen else ""
    for name, body in re.findall(r'<textarea [^>]*name="([^"]+)"[^>]*>(.*?)</textarea>', form, flags=re.S):
        found[name] = body.strip()
    return found


def subjects(owner: Engine, certificate: int = MINE) -> list[tuple[str, str]]:
    with owner.connect() as connection:
        rows = connection.execute(
            sa.text("select subject_code, name from subject where certificate_id = :c order by subject_code"),
            {"c": certificate},
        )
        return [(code, name) for code, name in rows]


def test_the_first_page_lists_the_tables_one_keeps_in_groups_with_counts(as_: As, browse: Browse) -> None:
    desk = furnished(as_)
    browser = browse(desk.principal)
    assert browser.get("/desk/").status_code == 200
    page = browser.text()
    assert re.search(r'href="/desk/certificate/".*?<strong>2</strong><span>证书信息', page, flags=re.S)
    assert "证书管理" in page and "/desk/parameter/" not in page
    operator = browse(desk.operator)
    operator.get("/desk/")
    assert "/desk/parameter/" in operator.text() and "<strong>3</strong><span>证书" in operator.text()


def test_a_school_has_no_desk_and_reads_its_tables_in_the_console(as_: As, browse: Browse) -> None:
    browser = browse(furnished(as_).school)
    assert browser.get("/desk/").status_code == 403
    assert browser.get("/desk/certificate/").status_code == 403
    assert browser.get("/console/certificate/").status_code == 200


def test_a_certificate_is_made_with_its_subjects_in_one_form(as_: As, browse: Browse, owner: Engine) -> None:
    browser = browse(furnished(as_).principal)
    with owner.begin() as connection:  # the world's certificates brought their own ids
        connection.execute(sa.text("select setval(pg_get_serial_sequence('certificate', 'id'), 100)"))
    page = browser.get("/desk/certificate/add")
    assert page.status_code == 200 and "添加一行" in browser.text()
    answer = browser.post(
        "/desk/certificate/add",
        {
            "organisation_id": "5", "code": "2002", "name": "智能财税", "level": "MIDDLE",
            "subject-0-subject_code": "098695", "subject-0-name": "理论", "subject-0-mode": "COMPUTER",
            "subject-0-full_mark": "100",
            "subject-3-subject_code": "098696", "subject-3-name": "实操", "subject-3-mode": "PRACTICAL",
            "subject-3-full_mark": "100",
            "target_group-0-name": "中职学生",
        },
    )  # fmt: skip
    assert answer.status_code == 302, re.findall(r"ui-error.*", browser.text())
    made = int(answer.location.rpartition("/")[2])
    assert subjects(owner, made) == [("098695", "理论"), ("098696", "实操")]
    shown = browser.get(answer.location)
    assert shown.status_code == 200 and "098696" in browser.text()


def test_rows_are_added_changed_and_deleted_in_the_parents_form(
    as_: As, browse: Browse, owner: Engine
) -> None:
    browser = browse(furnished(as_).principal)
    browser.get(EDIT)
    form = fields(browser.text())
    assert form["subject-0-name"] == "理论" and form["subject-0-id"] and form["subject-0-row_version"] == "1"
    new = {"subject-1-subject_code": "098697", "subject-1-name": "实操", "subject-1-mode": "PRACTICAL"}
    assert (
        browser.post(
            EDIT, {**form, **new, "subject-1-full_mark": "100", "subject-0-name": "理论知识"}
        ).status_code
        == 302
    )
    assert subjects(owner) == [("098694", "理论知识"), ("098697", "实操")]

    browser.get(EDIT)
    form = fields(browser.text())
    assert browser.post(EDIT, {**form, "del-subject-0": "1"}).status_code == 302
    assert subjects(owner) == [("098697", "实操")]


def test_saving_the_form_unchanged_changes_no_row(as_: As, browse: Browse, owner: Engine) -> None:
    browser = browse(furnished(as_).principal)
    browser.get(EDIT)
    assert browser.post(EDIT, fields(browser.text())).status_code == 302
    with owner.connect() as connection:
        versions = (
            connection.execute(
                sa.text(
                    "select version from certificate where id = :c union all select version from subject"
                    " where certificate_id = :c union all select version from target_group where certificate_id = :c"
                ),
                {"c": MINE},
            )
            .scalars()
            .all()
        )
    assert versions == [1, 1, 1]


def test_a_child_row_of_another_parent_is_not_there(as_: As, browse: Browse, owner: Engine) -> None:
    """wall.md 3: Flask-Admin would add the posted row as a new one of ours."""
    browser = browse(furnished(as_).principal)
    browser.get(EDIT)
    form = fields(browser.text())
    with owner.connect() as connection:
        foreign = connection.scalar(
            sa.text("select id from subject where certificate_id = :c"), {"c": THEIRS}
        )
    before = subjects(owner), subjects(owner, THEIRS)
    for key in (str(foreign), "999999999", "9" * 30, "x"):
        assert browser.post(EDIT, {**form, "subject-0-id": key, "subject-0-name": "改"}).status_code == 404, (
            key
        )
        assert browser.post(EDIT, {**form, "subject-0-id": key, "del-subject-0": "1"}).status_code == 404, key
    assert (subjects(owner), subjects(owner, THEIRS)) == before


def test_what_is_wrong_in_a_row_stands_in_that_row(as_: As, browse: Browse, owner: Engine) -> None:
    browser = browse(furnished(as_).principal)
    browser.get(EDIT)
    form = fields(browser.text())
    new = {"subject-1-name": "实操", "subject-1-mode": "PRACTICAL", "subject-1-full_mark": "100"}
    assert browser.post(EDIT, {**form, **new, "subject-1-subject_code": "12"}).status_code == 422
    assert re.search(r'id="subject-1-subject_code-error".*?6位', browser.text(), flags=re.S)
    # what only the database knows: the code is another subject's
    assert browser.post(EDIT, {**form, **new, "subject-1-subject_code": "098694"}).status_code == 409
    assert re.search(r'id="subject-1-subject_code-error".*?已存在', browser.text(), flags=re.S)
    assert "第2行" in browser.text()
    assert subjects(owner) == [("098694", "理论")]


def test_a_row_changed_by_somebody_else_meanwhile_is_not_overwritten(
    as_: As, browse: Browse, owner: Engine
) -> None:
    """R137 holds for child rows too."""
    browser = browse(furnished(as_).principal)
    browser.get(EDIT)
    form = fields(browser.text())
    assert browser.post(EDIT, {**form, "subject-0-name": "先改的"}).status_code == 302
    assert browser.post(EDIT, {**form, "subject-0-name": "后改的"}).status_code == 409
    assert "已被他人修改" in browser.text()
    assert subjects(owner) == [("098694", "先改的")]


def test_who_may_not_add_rows_adds_none_through_the_parents_form(
    as_: As, browse: Browse, owner: Engine
) -> None:
    """The platform may edit a certificate and its subjects, but adds no subject and touches no target group."""
    browser = browse(furnished(as_).operator)
    browser.get(EDIT)
    form = fields(browser.text())
    assert "subject-0-id" in form and not any(name.startswith("target_group") for name in form)
    new = {"subject-1-subject_code": "098697", "subject-1-name": "实操", "subject-1-mode": "PRACTICAL"}
    assert browser.post(EDIT, {**form, **new, "subject-1-full_mark": "100"}).status_code == 403
    assert browser.post(EDIT, {**form, "del-subject-0": "1"}).status_code == 403
    assert browser.post(EDIT, {**form, "target_group-0-name": "高职学生"}).status_code == 302
    assert subjects(owner) == [("098694", "理论")]


def test_a_reference_of_a_row_is_picked_through_the_parent(as_: As, browse: Browse) -> None:
    browser = browse(furnished(as_).principal)
    browser.get(EDIT)
    remote = re.search(r'data-remote="([^"]*target_group_id)"', browser.text())
    assert remote is not None
    found = browser.get(remote.group(1)).get_json()
    assert [item["text"] for item in found] == ["中职学生"]
    assert browser.get("/desk/certificate/picker/plan_subject.plan_id").status_code == 404
