"""Flask-Admin's own ways past the rules (A1–A8 of the traps) lead nowhere at the desk."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.engine import Engine

from app.panel.desk import DeskView
from models.accounts import Account
from models.certificates import TargetGroup
from models.kit import declared_models
from tests.http.desk_world import MINE, THEIRS, furnished

As = Callable[..., Any]
Browse = Callable[..., Any]
DESK = sorted(model.__tablename__ for model in declared_models() if model.panel.desk)


def _rows(owner: Engine) -> list[Any]:
    with owner.connect() as connection:
        return [
            connection.execute(sa.text(f"select id, version from {table} order by id")).all()
            for table in ("certificate", "subject", "target_group")
        ]


def test_a1_no_door_reaches_another_organisations_row(as_: As, browse: Browse, owner: Engine) -> None:
    """Flask-Admin's get_one asks the session, past the list's filter: its delete of a foreign row succeeds."""
    browser = browse(furnished(as_).principal)
    before = _rows(owner)
    base = "/desk/certificate"
    for path in (f"{base}/{THEIRS}", f"{base}/{THEIRS}/edit", f"{base}/{THEIRS}/file/standard_file"):
        assert browser.get(path).status_code == 404, path
    form = {"code": "9999", "name": "改", "level": "JUNIOR", "row_version": "1"}
    assert browser.post(f"{base}/{THEIRS}/edit", form).status_code == 404
    assert browser.post(f"{base}/{THEIRS}/delete").status_code == 404
    assert (
        browser.post(
            f"{base}/action/submit", {"rowid": [str(MINE), str(THEIRS)], "confirmed": "1"}
        ).status_code
        == 404
    )
    assert browser.get(f"{base}/?f_organisation_id=6").status_code == 200 and "网店运营" not in browser.text()
    assert _rows(owner) == before


def test_a2_every_unsafe_request_needs_its_token_and_no_cell_is_edited_in_the_list(
    app: Flask, as_: As, browse: Browse, owner: Engine
) -> None:
    browser = browse(furnished(as_).principal)
    before = _rows(owner)
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/desk/") and "POST" in (rule.methods or ()):
            path = (
                re.sub(r"<[^>]*key>", str(MINE), rule.rule)
                .replace("<name>", "submit")
                .replace("<column>", "state")
            )
            assert browser.client.post(path, data={"name": "改"}).status_code == 400, path
    for path in ("/desk/certificate/ajax/update/", "/desk/certificate/new/", "/desk/certificate/edit/?id=20"):
        assert browser.post(path, {"list_form_pk": str(MINE), "name": "改"}).status_code in (404, 405), path
    assert _rows(owner) == before


def test_a3_related_rows_are_picked_by_search_never_listed_whole(as_: As, browse: Browse) -> None:
    browser = browse(furnished(as_).principal)
    with as_() as db:
        db.add_all([TargetGroup(certificate_id=MINE, name=f"对象{number:03}") for number in range(60)])
        db.commit()
    browser.get("/desk/subject/add")
    assert "对象001" not in browser.text() and "网店运营" not in browser.text()
    for address in ("?limit=100000", "?q=对象&limit=100000&offset=0", "?q=" + "对" * 500):
        found = browser.get(f"/desk/subject/picker/target_group_id{address}").get_json()
        assert len(found) <= 20, address
    groups = browser.get("/desk/subject/picker/target_group_id?q=高职").get_json()
    assert groups == []  # the other organisation's
    certificates = browser.get("/desk/subject/picker/certificate_id").get_json()
    assert {item["value"] for item in certificates} == {"1", str(MINE)}
    for path in (
        "picker/name",
        "picker/nope",
        "picker/certificate_id.name",
        "ajax/lookup/?name=certificate_id&query=a",
    ):
        assert browser.get(f"/desk/subject/{path}").status_code == 404, path


def test_a4_flask_admins_own_export_is_not_there(as_: As, browse: Browse) -> None:
    """It writes cells that start with "=" as they are."""
    browser = browse(furnished(as_).principal)
    for kind in ("csv", "xlsx", "json"):
        assert browser.get(f"/desk/certificate/export/{kind}/").status_code == 404
    assert browser.get("/desk/certificate/export").status_code == 405


def test_a5_the_desk_is_closed_to_whom_it_was_not_opened(app: Flask, as_: As, browse: Browse) -> None:
    desk = furnished(as_)
    nobody, school = browse(), browse(desk.school)
    for rule in app.url_map.iter_rules():
        if not rule.rule.startswith("/desk/") or "GET" not in (rule.methods or ()):
            continue
        path = (
            re.sub(r"<[^>]*key>", str(MINE), rule.rule)
            .replace("<name>", "submit")
            .replace("<column>", "state")
        )
        answer = nobody.get(path)
        assert answer.status_code == 302 and "/login/" in answer.location, path
        assert school.get(path).status_code in (403, 404), path


@pytest.mark.parametrize(
    ("who", "table", "opens", "refuses"),
    [
        ("auditor", "parameter", ("",), ("add", "import", "template")),
        ("auditor", "major", ("",), ("add", "import", "template")),
        ("operator", "parameter", ("", "add"), ("import", "template")),
        ("principal", "certificate", ("", "add"), ()),
        ("principal", "parameter", (), ("", "add")),
        ("clerk", "certificate", ("", str(MINE)), ("add", f"{MINE}/edit")),
        ("operator", "number_sequence", ("",), ("add", "import", "template")),
    ],
)
def test_a5_each_door_asks_its_own_permission(
    who: str, table: str, opens: tuple[str, ...], refuses: tuple[str, ...], as_: As, browse: Browse
) -> None:
    account: Account = getattr(furnished(as_), who)
    browser = browse(account)
    for path in opens:
        assert browser.get(f"/desk/{table}/{path}").status_code == 200, path
    for path in refuses:
        assert browser.get(f"/desk/{table}/{path}").status_code in (403, 404), path
    if who in ("auditor", "clerk"):
        for path in (f"{MINE}/delete", "action/submit", "action/disable", "export"):
            assert browser.post(f"/desk/{table}/{path}", {"rowid": [str(MINE)]}).status_code in (403, 404), (
                path
            )


def test_a5_a_view_says_no_by_itself(app: Flask) -> None:
    """Flask-Admin's default is open: ours asks who acts, and outside a request nobody does."""
    views = [view for admin in app.extensions["admin"] for view in admin._views]
    assert {view.resolved.table for view in views if isinstance(view, DeskView)} <= set(DESK)
    with app.test_request_context("/desk/"):
        app.preprocess_request()
        assert [view.name for view in views if view.is_accessible() or view.is_visible()] == []
        app.do_teardown_request()


def test_a6_a_page_has_a_ceiling_and_its_statements_do_not_grow(as_: As, browse: Browse, app: Flask) -> None:
    browser = browse(furnished(as_).principal)
    counted: list[str] = []
    engine = app.extensions["panel_session"]().get_bind()

    def count(*args: Any) -> None:
        counted.append(args[2])

    sa.event.listen(engine, "before_cursor_execute", count)
    try:
        browser.get("/desk/target_group/?size=100")
        few = len(counted)
        with as_() as db:
            db.add_all([TargetGroup(certificate_id=MINE, name=f"对象{number:03}") for number in range(150)])
            db.commit()
        counted.clear()
        browser.get("/desk/target_group/?size=100000&page_size=100000")
        assert len(counted) == few
    finally:
        sa.event.remove(engine, "before_cursor_execute", count)
    assert len(set(re.findall(r'href="/desk/target_group/(\d+)"', browser.text()))) == 100


def test_a7_both_frameworks_stand_in_one_application_and_speak_chinese(as_: As, browse: Browse) -> None:
    """Flask-Admin raises KeyError on every page where flask-babel is installed but not set up before it."""
    browser = browse(furnished(as_).operator)
    for table in ("certificate", "subject", "major", "parameter", "dictionary_item"):
        assert browser.get(f"/desk/{table}/").status_code == 200, table
    browser.get("/desk/major/add")
    browser.post("/desk/major/add", {"code": "", "name": ""})
    assert "请填写专业代码" in browser.text() and "This field is required" not in browser.text()


def test_a8_none_of_its_old_assets_is_served_or_asked_for(app: Flask, as_: As, browse: Browse) -> None:
    browser = browse(furnished(as_).operator)
    for path in ("/desk/", "/desk/certificate/", "/desk/certificate/add", f"/desk/certificate/{MINE}"):
        browser.get(path)
        page = browser.text()
        assert not re.search(
            r"jquery|select2|bootstrap[34]?[./]|x-editable|font-?awesome|glyphicon", page, flags=re.I
        ), path
        assert (
            "/static/admin" not in page
            and "desk.static" not in page
            and "//" not in re.findall(r'(?:src|href)="(//?)', page)
        )
    for path in (
        "/desk/static/admin/js/form.js",
        "/desk/static/vendor/jquery.min.js",
        "/static/admin/js/form.js",
    ):
        assert browser.get(path).status_code == 404, path
    assert not any(
        "static" in rule.endpoint and rule.rule.startswith("/desk") for rule in app.url_map.iter_rules()
    )


def test_what_the_database_refuses_is_told_in_words_not_in_sql(as_: As, browse: Browse) -> None:
    browser = browse(furnished(as_).principal)
    answer = browser.post("/desk/target_group/add", {"certificate_id": str(MINE), "name": "所有考生"})
    assert answer.status_code == 422 and "不必设为类型" in browser.text()
    texts = [browser.text()]
    answer = browser.post("/desk/target_group/add", {"certificate_id": str(MINE), "name": "中职学生"})
    assert answer.status_code == 409 and "已存在" in browser.text()
    texts.append(browser.text())
    for name in ("--5", "9" * 5000, "0e999999", "NaN", "1e400", "²"):
        form = {
            "certificate_id": str(MINE),
            "subject_code": "098700",
            "name": "综合",
            "mode": "WRITTEN",
            "full_mark": name,
        }
        assert browser.post("/desk/subject/add", form).status_code == 422, name
        texts.append(browser.text())
    for text in texts:
        assert not re.search(
            r"psycopg|sqlalchemy|insert into|update [a-z_]+ set|select .* from|constraint|traceback",
            text,
            flags=re.I,
        )
