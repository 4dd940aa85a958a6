"""Looking changes nothing (check 7): every GET and HEAD of the URL map with a row of one's own, linked or not."""

from __future__ import annotations

import re
from typing import Any

import pytest

from app.access.actor import Actor
from app.access.roles import may
from app.panel import gates
from app.panel.resolve import Resolved
from models.kit import Base
from tests.security.conftest import Demo, doors

pytestmark = pytest.mark.demo
# What a visitor has to be given leaves a row of its own: the answer to a picture; a link of the operator is used up.
GIVES = {"Login.captcha", "Login.link"}
_headed: set[str] = set()  # doors asked with HEAD: once each, by the first role that opens them


@pytest.mark.parametrize(
    "role",
    [
        "school.principal",
        "organisation.principal",
        "province.principal",
        "city.principal",
        "platform.operator",
        "candidate",
    ],
)
def test_no_get_changes_a_row(role: str, demo: Demo) -> None:
    actor, browser, api, faults, asked = demo.actor(role), demo.browser(role), demo.api(role), [], 0
    before = demo.state()
    for rule, view, method in doors(demo.app):
        if method != "GET" or rule.endpoint in GIVES | gates.UNUSED or _barred(actor, rule.endpoint, view):
            continue
        url = _address(demo, role, rule.rule, view)
        client = api.client if url.startswith("/api/") else browser.client
        headers = {"Authorization": f"Bearer {api.token}"} if url.startswith("/api/") else {}
        verbs = ("GET",) if rule.endpoint in _headed else ("GET", "HEAD")
        _headed.add(rule.endpoint)
        for verb in verbs:
            answer = client.open(url, method=verb, headers=headers, buffered=True)
            asked += 1
            if answer.status_code >= 500 and answer.status_code != 503:
                faults.append((verb, url, answer.status_code))
            if verb == "HEAD" and answer.get_data():
                faults.append((verb, url, "has a body"))
    assert faults == []
    assert demo.state() == before
    assert asked > (20 if role == "candidate" else 50)


def _barred(actor: Actor, endpoint: str, view: Any) -> bool:
    """A door that the guard keeps shut: nothing of the view runs (test_routes.py)."""
    if endpoint in gates.PUBLIC | gates.SIGNED_IN:
        return False
    return not any(may(actor, *name.split(":")) for name in gates.permissions_of(view))


def _address(demo: Demo, role: str, rule: str, view: Any) -> str:
    resolved = getattr(getattr(view, "__self__", None), "resolved", None)
    permissions = gates.permissions_of(view)
    table = resolved.table if isinstance(resolved, Resolved) else (permissions or ("",))[0].partition(":")[0]
    own = demo.own(role, table) if table in Base.metadata.tables else None
    return re.sub(
        r"<(?:(\w+):)?(\w+)>", lambda part: str(own or 1) if part.group(1) == "int" else "photo", rule
    )
