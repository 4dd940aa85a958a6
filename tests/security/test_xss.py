"""What people type is never taken for markup or a formula (checks 10, 11; E138). Stored text is walked over in
test_crawl.py, papers print it as it is (tests/documents/test_render.py); here: what comes in with the address, what
a refused form shows again, and what leaves as a workbook."""

from __future__ import annotations

import io
import re
from typing import Any
from urllib.parse import quote

import pytest
import sqlalchemy as sa
from openpyxl import load_workbook

from app.panel import gates
from app.panel.resolve import DESK_KINDS, kind_of, resolve
from app.panel.wish import PREFIX
from app.services.richtext import clean_html
from models.kit import declared_models
from tests.security.conftest import Demo, doors
from tests.security.test_leaks import listed

MARKER = "<xss a='\">"
LIVE = re.compile(r"<xss\b")
ROLE = "school.principal"


@pytest.mark.demo
@pytest.mark.parametrize("role", [ROLE, "organisation.principal", "platform.operator"])
def test_no_argument_of_an_address_comes_back_as_markup(role: str, demo: Demo) -> None:
    browser, shown = demo.browser(role), 0
    for resolved, url in listed(demo, role):
        names = [PREFIX + name for name in resolved.filters] + [
            f"{PREFIX}{name}_from" for name in resolved.filters
        ]
        for arguments in (
            dict.fromkeys([*names, "tab", "sort", "page", "size", "next", "q"], MARKER),
            {name + MARKER: MARKER for name in names[:2]},
        ):
            answer = browser.get(url, query_string=arguments)
            assert answer.status_code == 200, (url, arguments)
            assert not LIVE.search(browser.text()), (url, arguments)
            shown += "&lt;xss" in browser.text()
    assert shown > 0


@pytest.mark.demo
def test_no_address_that_does_not_exist_comes_back_as_markup(demo: Demo) -> None:
    browser = demo.browser(ROLE)
    marker = quote(MARKER)
    urls = {
        re.sub(r"<[^>]+>", marker, rule.rule)
        for rule, _, method in doors(demo.app)
        if method == "GET" and rule.arguments
    }
    for url in sorted(
        urls | {f"/{marker}", f"/console/{marker}", f"/login/?next={marker}", f"/verify?number={marker}"}
    ):
        browser.get(url, headers={"Referer": f"http://localhost/{MARKER}"})
        assert not LIVE.search(browser.text()), url


@pytest.mark.demo
def test_what_a_refused_form_shows_again_is_text(demo: Demo) -> None:
    """Every form of the principal, every field filled with the marker; the answer is 422 with the marker as text."""
    seen = 0
    for role in (ROLE, "organisation.principal", "platform.operator", "province.principal"):
        actor, browser = demo.actor(role), demo.browser(role)
        for resolved, url in listed(demo, role):
            if "add" not in resolved.allows or browser.get(f"{url}add").status_code != 200:
                continue
            form = {
                name: MARKER
                for name in resolved.form(adding=True)
                if kind_of(resolved.fields[name]) not in ("file", "photo")
            }
            answer = browser.post(f"{url}add", form)
            if answer.status_code == 302:
                continue
            assert answer.status_code in (403, 409, 422), url
            assert not LIVE.search(browser.text()), url
            seen += "&lt;xss" in browser.text()
        assert actor.kind in DESK_KINDS or seen
    assert seen > 5


def test_an_api_refusal_is_json_whatever_was_asked(app: Any) -> None:
    """No browser takes it for a page, though the words come back (nosniff, test_headers.py)."""
    client = app.test_client()
    answer = client.post("/api/v1/security/login", json={MARKER: MARKER, "username": MARKER})
    assert answer.status_code == 422 and answer.mimetype == "application/json"


@pytest.mark.demo
def test_the_log_in_page_shows_what_was_typed_as_text(demo: Demo) -> None:
    browser = demo.browser("public")
    browser.post("/login/", {"username": MARKER, "password": MARKER, "captcha": MARKER, "next": MARKER})
    assert not LIVE.search(browser.text()) and "&lt;xss" in browser.text()


@pytest.mark.parametrize(
    "typed",
    [
        "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<a href='javascript:alert(1)'>x</a>",
        "<svg><script>alert(1)</script></svg>", "<iframe src=//evil.example></iframe>", "<p style='background:url(//x)'>x</p>",
        "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>", "<a href='data:text/html,<script>x</script>'>x</a>",
        "<form action=//evil.example><input name=p></form>", "<base href=//evil.example>", "<meta http-equiv=refresh content=0>",
        "<p onclick=alert(1)>x</p>", "<object data=x></object>", "<img src='//evil.example/track.gif'>",
    ],
)  # fmt: skip
def test_rich_text_keeps_no_script_no_frame_no_address_of_another_kind(typed: str) -> None:
    """R19, E22: cleaned when it comes in, since it is shown as it is kept."""
    kept = clean_html(typed)
    assert not re.search(
        r"<(script|iframe|svg|math|form|base|meta|object|input)|\son\w+=|javascript:|data:|style=", kept, re.I
    )


def test_rich_text_is_the_only_markup_that_is_kept() -> None:
    """Every other text goes through the template's escaping; only this kind is drawn as HTML."""
    rich = {
        (m.__tablename__, n)
        for m in declared_models()
        for n, f in resolve(m).fields.items()
        if kind_of(f) == "rich"
    }
    assert ("notice", "body") in rich and ("candidate", "name") not in rich


DANGEROUS = ("=1+1", "+1+1", "-1+1", "@SUM(1)", "\t=1+1", "\r=1+1", "=cmd|'/c calc'!A1", "＝1+1")


@pytest.mark.demo(fresh=True)
def test_E138_no_cell_of_an_export_is_a_formula(demo: Demo) -> None:
    """Names and notes that begin as formulas do are written as text in every export of every table."""
    with demo.owner.begin() as connection:
        connection.exec_driver_sql("set session_replication_role = replica")
        for number, text in enumerate(DANGEROUS):
            for table, column in (("candidate", "name"), ("candidate", "class_name"), ("registration", "candidate_name"),
                                  ("exam_site", "name"), ("fee_slip", "school_name"), ("score", "candidate_name")):  # fmt: skip
                connection.execute(
                    sa.text(f"update {table} set {column} = :t where id % {len(DANGEROUS)} = :n"),
                    {"t": text, "n": number},
                )
    browser, cells = demo.browser(ROLE), 0
    for resolved, url in listed(demo, ROLE):
        answer = browser.post(f"{url}export") if "export" in resolved.allows else None
        if answer is None or answer.status_code != 200:
            continue
        for row in load_workbook(io.BytesIO(answer.data)).active.iter_rows():
            for cell in row:
                cells += 1
                assert cell.data_type != "f", (resolved.table, cell.value)
                assert not str(cell.value or "").startswith(("=", "+", "@", "\t", "\r")), (
                    resolved.table,
                    cell.value,
                )
    assert cells > 1000


@pytest.mark.demo
def test_the_doors_that_answer_json_or_files_cannot_be_read_as_pages(demo: Demo) -> None:
    """A picker echoes names: as JSON, never as HTML."""
    browser = demo.browser("organisation.principal")
    answer = browser.get("/console/exam_plan/picker/organisation_id?q=" + quote(MARKER))
    assert answer.status_code in (200, 404)
    assert answer.mimetype == "application/json" or answer.status_code == 404
    assert gates.PUBLIC
