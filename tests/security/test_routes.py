"""Every door × every role × own row, another's row, no row; the cases are derived from the URL map and the role table
(checks 1–3, E29, E137). A new endpoint that declares no permission fails here before anybody finds it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask

from app.access.actor import Actor, acting_as
from app.access.roles import ROLES, may
from app.panel import gates
from app.panel.resolve import DESK_KINDS, Resolved, kind_of, resolve_table
from app.services.actions import Action
from app.services.errors import DomainError
from models.kit import Base
from tests.conftest import Browser
from tests.security.conftest import EVERY_ROLE, NOWHERE, ONE_A_KIND, Demo, doors, first_of_its_kind

pytestmark = pytest.mark.demo
SHORT = {"Accept": "application/json"}  # refusals without a page around them
WORDS = {"token": "x.y.z", "kind": "city", "column": "no_such_column"}


def test_every_endpoint_says_who_may_come_in(app: Flask) -> None:
    declared = gates.PUBLIC | gates.SIGNED_IN | gates.UNUSED
    silent = {
        endpoint
        for endpoint, view in app.view_functions.items()
        if endpoint not in declared and not gates.permissions_of(view)
    }
    assert silent == set(), "declare them: app/panel/gates.py"


def test_every_declared_permission_is_some_roles(app: Flask) -> None:
    """A mistyped permission would close a door for everybody without anybody noticing."""
    known = {
        f"{table}:{verb}" for tables in ROLES.values() for table, verbs in tables.items() for verb in verbs
    }
    closed = gates.PUBLIC | gates.SIGNED_IN | gates.UNUSED
    nobodys = {
        f"{endpoint}: {name}"
        for endpoint, view in app.view_functions.items()
        if endpoint not in closed
        for name in gates.permissions_of(view)
        if name not in known and not _generated(view)
    }
    assert nobodys == set()


def test_the_lists_of_open_endpoints_name_nothing_that_is_gone(app: Flask) -> None:
    assert (gates.PUBLIC | gates.SIGNED_IN | gates.UNUSED) - set(app.view_functions) == set()


# An entrance of the portal: who is not a candidate is led to the candidates' log-in (1.3).
LED_ELSEWHERE = {("GET", "/space/", 302), ("GET", "/space/scores/", 302)}


@pytest.mark.parametrize("role", EVERY_ROLE)
def test_every_door_lets_in_whom_the_role_table_names_and_nobody_else(role: str, demo: Demo) -> None:
    """No row: the answer depends on the role alone. 403 for those who may not, log-in for those who are nobody."""
    actor, browser, api = demo.actor(role), demo.browser(role), demo.api(role)
    before, wrong, closed = demo.state(), [], 0
    for rule, view, method in doors(demo.app):
        permissions = gates.permissions_of(view)
        if rule.endpoint in gates.PUBLIC | gates.SIGNED_IN:
            continue  # who may is no question here; what they do is the other tests'
        expected = {404} if rule.endpoint in gates.UNUSED else _expected(actor, rule, view, permissions)
        for url, codes in _addresses(actor, rule, view, expected):
            barred = actor.account is None or not any(may(actor, *name.split(":")) for name in permissions)
            if not barred and _generated(view) and not _looks(role, rule, permissions):
                if _at_the_gate(demo, actor, method, url) != 200:  # what is behind was looked at by its kind
                    wrong.append(f"{method} {url}: closed")
                continue
            status = _at_the_gate(demo, actor, method, url) if barred else _ask(browser, api, method, url)
            if (
                barred
                and (closed := closed + 1) % 10 == 0
                and status != (real := _ask(browser, api, method, url))
            ):
                wrong.append(f"{method} {url}: the gate says {status}, the answer is {real}")
            if status not in codes and (method, url, status) not in LED_ELSEWHERE:
                wrong.append(f"{method} {url}: {status} instead of {sorted(codes)}")
    assert wrong == [], "\n".join(wrong)
    before.pop("message")  # 全部标为已读 asks nothing and is about one's own alone
    assert {table: now for table, now in demo.state().items() if table in before} == before


@pytest.mark.parametrize("role", [role for role in EVERY_ROLE if role != "public"])
def test_E137_another_tenants_row_is_not_there_behind_any_door(role: str, demo: Demo) -> None:
    """E137, R136: the answer is 404, or whatever a row that never was gets, and nothing changes (checks 2, 3; F1, A1)."""
    actor, browser, api = demo.actor(role), demo.browser(role), demo.api(role)
    before, wrong, tried = demo.state(), [], 0
    for rule, view, method in doors(demo.app):
        permissions = gates.permissions_of(view)
        table = permissions[0].partition(":")[0] if permissions else ""
        if table not in Base.metadata.tables or not any(may(actor, *name.split(":")) for name in permissions):
            continue
        if not _looks(role, rule, permissions):
            continue
        foreign = demo.foreign(role, table)
        if foreign is None or (_is_desk(view) and actor.kind not in DESK_KINDS):
            continue
        for url, data in _attacks(actor, rule, view, foreign, demo.own(role, table)):
            status = _ask(browser, api, method, url, data)
            tried += 1
            if status != 404 and status != _ask(browser, api, method, *_nobodys(url, data, foreign)):
                wrong.append(f"{method} {url} {data or ''}: {status}")
    assert wrong == [], "\n".join(wrong)
    assert demo.state() == before
    assert tried > 0 or role not in ONE_A_KIND


@pytest.mark.parametrize("role", [role for role in EVERY_ROLE if role != "public"])
def test_ones_own_row_is_there_for_those_who_may_see_it(role: str, demo: Demo) -> None:
    """The other half of 404: the same doors open for the rows one has."""
    actor, browser, api = demo.actor(role), demo.browser(role), demo.api(role)
    wrong, tried = [], 0
    for rule, view, method in doors(demo.app):
        resolved = _generated(view)
        if resolved is None or method != "GET" or not rule.rule.endswith(("<int:key>", "<int:key>/edit")):
            continue
        if not may(actor, *gates.permissions_of(view)[0].split(":")) or not _looks(
            role, rule, gates.permissions_of(view)
        ):
            continue
        own = demo.own(role, resolved.table)
        if own is None or (_is_desk(view) and actor.kind not in DESK_KINDS):
            continue
        codes = {200, 409} if rule.rule.endswith("/edit") else {200}
        status = _ask(browser, api, method, rule.rule.replace("<int:key>", str(own)))
        tried += 1
        if status not in codes:
            wrong.append(f"{rule.rule} {own}: {status}")
    assert wrong == [], "\n".join(wrong)
    assert tried > 0 or role not in ONE_A_KIND


# How the cases are made


def _looks(role: str, rule: Any, permissions: tuple[str, ...]) -> bool:
    """Actions are permissions of their own, so behind a door of actions every role looks."""
    return rule.rule.endswith("/action/<name>") or any(
        first_of_its_kind(role, *name.split(":")) for name in permissions
    )


def _nobodys(url: str, data: dict[str, Any] | None, foreign: int) -> tuple[str, dict[str, Any] | None]:
    """The same question about a row that never was: a door may refuse both alike before it looks."""
    swapped = {name: [type(v)(NOWHERE) if str(v) == str(foreign) else v for v in value] if isinstance(value, list) else value
               for name, value in (data or {}).items()}  # fmt: skip
    return url.replace(f"/{foreign}", f"/{NOWHERE}"), swapped if data is not None else None


def _generated(view: Any) -> Resolved | None:
    """The table of a generated door."""
    found = getattr(getattr(view, "__self__", None), "resolved", None)
    return found if isinstance(found, Resolved) else None


def _is_desk(view: Any) -> bool:
    return (
        hasattr(getattr(view, "__self__", None), "keeps_desk") or type(view.__self__).__name__ == "DeskView"
    )


def _expected(actor: Actor, rule: Any, view: Any, permissions: tuple[str, ...]) -> set[int]:
    if actor.account is None:
        return {401} if rule.rule.startswith("/api/") else {302}
    if not any(may(actor, *name.split(":")) for name in permissions):
        return {403}
    if _is_desk(view) and actor.kind not in DESK_KINDS:
        return {403}
    if rule.arguments:
        return {404}
    return {200, 201, 302, 415, 422} if rule.rule.startswith("/api/") else {200, 302, 422}


def _addresses(actor: Actor, rule: Any, view: Any, expected: set[int]) -> list[tuple[str, set[int]]]:
    """The addresses of a rule: an action is a door of its own for each action of the table."""
    resolved = _generated(view)
    if resolved is not None and rule.rule.endswith("/action/<name>"):
        found = [(rule.rule.replace("<name>", "no_such_action"), expected - {404} or {403, 404})]
        return found + [
            (rule.rule.replace("<name>", item.name), _of_action(actor, rule, resolved, item, expected))
            for item in resolved.actions
        ]
    return [(re.sub(r"<(?:(\w+):)?(\w+)>", lambda part: _filled(*part.groups()), rule.rule), expected)]


def _filled(kind: str | None, name: str) -> str:
    """What stands in an address where nothing is meant."""
    return str(NOWHERE) if kind == "int" else WORDS.get(name, "none")


def _of_action(actor: Actor, rule: Any, resolved: Resolved, item: Action, expected: set[int]) -> set[int]:
    if expected != {404}:  # the table itself is closed
        return expected
    if item.run is None:  # a button that leads to a page: there is nothing to run
        return {403, 404}
    if not may(actor, resolved.table, item.name):
        return {403}
    return {200, 302, 409, 415, 422}


def _attacks(
    actor: Actor, rule: Any, view: Any, foreign: int, own: int | None
) -> list[tuple[str, dict[str, Any] | None]]:
    """Everything that can be asked of another tenant's row through this door."""
    resolved = _generated(view)
    if resolved is not None and rule.rule.endswith("/action/<name>"):
        found: list[tuple[str, dict[str, Any] | None]] = []
        for item in resolved.actions:
            if item.run is None or item.on == "list" or not may(actor, resolved.table, item.name):
                continue
            url = rule.rule.replace("<name>", item.name)
            groups = [[foreign]] if own is None or item.on == "one" else [[foreign], [own, foreign]]
            for rows in groups:
                found += (
                    [(url, {"rows": rows})]
                    if "/api/" in url
                    else [
                        (url, {"rowid": [str(row) for row in rows]}),
                        (url, {"rowid": [str(row) for row in rows], "confirmed": "1"}),
                    ]
                )
        return found
    if "<int:key>" not in rule.rule:
        return []
    url = rule.rule.replace("<int:key>", str(foreign))
    if "<column>" in url:
        files = [
            name
            for name, f in (resolved.fields if resolved else {}).items()
            if kind_of(f) in ("file", "photo")
        ]
        return [(url.replace("<column>", name), None) for name in files]
    if "<" in url:
        return []
    if url.endswith("/unmask"):
        return [(url, {"reason": "查看原因"})]
    return [(url, {"version": 1} if "/api/" in url else None)]


def _at_the_gate(demo: Demo, actor: Actor, method: str, url: str) -> int:
    """What the guard in front of the view says; every tenth refusal is asked again as a whole request."""
    with demo.app.test_request_context(url, method=method), acting_as(actor, demo.session):
        try:
            answer = gates.guard()
        except DomainError as refusal:
            return refusal.status
        return 200 if answer is None else int(answer.status_code)


def _ask(browser: Browser, api: Any, method: str, url: str, data: dict[str, Any] | None = None) -> int:
    if url.startswith("/api/"):
        body = {"json": data or {}} if method != "GET" else {}
        return int(api(method, url.removeprefix("/api/v1/"), **body).status_code)
    if method == "GET":
        return int(browser.get(url, headers=SHORT).status_code)
    return int(browser.post(url, data, headers=SHORT).status_code)


def test_the_cases_reach_every_kind_of_door(app: Flask) -> None:
    """So that the tests above cannot pass by deriving nothing."""
    shapes = {
        rule.rule.replace(f"/{r.table}/", "/T/") for rule, view, _ in doors(app) if (r := _generated(view))
    }
    for place in ("/console/T/", "/desk/T/", "/api/v1/T/"):
        for door in ("", "<int:key>", "action/<name>", "<int:key>/file/<column>"):
            assert place + door in shapes
    assert resolve_table("candidate").actions
