"""Every unsafe request carries its session's token, or nothing happens (check 6; F3, A2): derived from the URL map."""

from __future__ import annotations

import re

import pytest

from app.panel import gates
from tests.security.conftest import Demo, doors

pytestmark = pytest.mark.demo


def addresses(demo: Demo, api: bool) -> list[tuple[str, str]]:
    """(method, address) of every unsafe door, with the id of a row that exists."""
    return [
        (method, re.sub(r"<(?:\w+:)?\w+>", "1", rule.rule))
        for rule, _, method in doors(demo.app)
        if method != "GET" and rule.endpoint not in gates.UNUSED and rule.rule.startswith("/api/") is api
    ]


@pytest.mark.parametrize(
    "role", ["school.principal", "organisation.principal", "platform.operator", "public"]
)
def test_without_a_token_nothing_is_done(role: str, demo: Demo) -> None:
    """With the session cookie alone, which another site's form would bring along: 400, and every row as it was."""
    browser, before = demo.browser(role), demo.state()
    found = addresses(demo, api=False)
    assert len(found) > 200
    answers = {
        (method, url): browser.client.open(
            url, method=method, data={"confirmed": "1", "rowid": "1"}
        ).status_code
        for method, url in found
    }
    assert {key: status for key, status in answers.items() if status != 400} == {}
    assert demo.state() == before


def _altered(token: str) -> str:
    """One character of the signature changed: not the last, whose spare bits say nothing."""
    return token[:-5] + ("a" if token[-5] != "a" else "b") + token[-4:]


def test_the_token_of_another_session_does_not_help(demo: Demo) -> None:
    """An attacker has a token too: his own."""
    browser, stolen = demo.browser("school.principal"), demo.browser("school.manager").token()
    before = demo.state()
    for token in (
        stolen,
        "",
        "x" * 2000,
        _altered(browser.token()),
    ):
        answer = browser.client.post("/console/exam_site/1/delete", data={"csrf_token": token})
        assert answer.status_code == 400, token
    assert demo.state() == before


def test_a_token_in_the_header_is_as_good_as_in_the_form(demo: Demo) -> None:
    """What htmx sends; the positive half of the tests above."""
    browser = demo.browser("school.principal")
    answer = browser.client.post("/console/candidate/", headers={"X-CSRFToken": browser.token()})
    assert answer.status_code == 200


def test_the_api_believes_no_cookie(demo: Demo) -> None:
    """F3: the framework exempts the API from CSRF, so a session cookie alone, or with its token, is nobody there."""
    browser, before = demo.browser("school.principal"), demo.state()
    token = browser.token()
    found = addresses(demo, api=True)
    assert len(found) > 100
    for method, url in found:
        if url.startswith("/api/v1/security/"):
            continue
        answer = browser.client.open(
            url, method=method, json={"csrf_token": token}, headers={"X-CSRFToken": token}
        )
        assert answer.status_code == 401, (method, url)
    assert demo.state() == before
