"""Security headers on every kind of answer, the refusals and faults included (check 9, F10)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import Client, TestResponse

from app.panel.web import static_files
from config import reset_settings
from models.accounts import Role
from tests import factories
from tests.conftest import Browser
from tests.models import world

As = Callable[..., Any]


@pytest.fixture
def browser(as_: As, browse: Callable[..., Browser]) -> Browser:
    world.found(as_)
    with as_() as db:
        account = factories.account(db, Role.PLATFORM_OPERATOR)
        db.commit()
    return browse(account)


ANSWERS: dict[str, Callable[[Browser], TestResponse]] = {
    "a page": lambda b: b.get("/console/certificate/"),
    "the portal": lambda b: b.get("/"),
    "a redirect": lambda b: b.get("/console/certificate"),
    "no page": lambda b: b.get("/no/such/page"),
    "no row": lambda b: b.get("/desk/certificate/999"),
    "no right": lambda b: b.get("/console/candidate/add"),
    "no such method": lambda b: b.client.delete("/console/candidate/"),
    "no token": lambda b: b.client.post("/desk/major/add"),
    "the api": lambda b: b.get("/api/v1/candidate/"),
    "its description": lambda b: b.get("/api/v1/_openapi"),
    "a picture": lambda b: b.get("/captcha.png"),
    "a workbook": lambda b: b.post("/console/organisation/export"),
    "a file of ours": lambda b: b.get("/static/dist/manifest.json", buffered=True),
    "options": lambda b: b.client.options("/console/candidate/"),
}  # fmt: skip


@pytest.mark.parametrize("kind", ANSWERS)
def test_every_answer_carries_the_security_headers(kind: str, browser: Browser) -> None:
    headers = ANSWERS[kind](browser).headers
    policy = headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy or policy.startswith("sandbox")
    assert "unsafe-inline" not in policy and "unsafe-eval" not in policy and "*" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "Access-Control-Allow-Origin" not in headers
    assert "X-Powered-By" not in headers


@pytest.mark.parametrize(
    "kind", [kind for kind in ANSWERS if kind not in ("a file of ours", "its description")]
)
def test_no_answer_to_a_person_is_kept_by_anybody(kind: str, browser: Browser) -> None:
    """Personal data: neither a proxy nor the browser's back button after logging out (CVE-2024-45314)."""
    headers = ANSWERS[kind](browser).headers
    assert "no-store" in headers["Cache-Control"]
    assert "Cookie" in headers.get("Vary", "")


def test_a_fault_tells_its_number_and_nothing_else(
    browser: Browser, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> str:
        raise ZeroDivisionError("the secret is 42")

    monkeypatch.setitem(app.view_functions, "Home.home", broken)
    answer = browser.get("/console/")
    page = browser.text()
    assert answer.status_code == 500
    assert "nosniff" in answer.headers["X-Content-Type-Options"]
    assert "secret" not in page and "Traceback" not in page and "ZeroDivisionError" not in page
    assert re.search(r"[0-9a-f]{16}", page)


@pytest.fixture
def production(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("PANEL_PRODUCTION", "true")
    monkeypatch.setenv("PANEL_LOGIN_LINK_ALLOWED", "true")
    reset_settings()
    yield
    monkeypatch.undo()
    reset_settings()


@pytest.mark.usefixtures("production")
def test_in_production_browsers_are_told_to_stay_with_https(browser: Browser, app: Flask) -> None:
    for url in ("/", "/login/", "/no/such/page"):
        assert "max-age=" in browser.get(url).headers["Strict-Transport-Security"]
    bundled = Client(static_files(app))  # looks at the settings once, when the server starts
    answer = bundled.get("/static/dist/manifest.json", buffered=True)
    assert "max-age=" in answer.headers["Strict-Transport-Security"]
