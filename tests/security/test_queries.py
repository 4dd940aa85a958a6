"""The query budget (check 28, F5, F6): what a page asks of the database is counted, pinned, and does not grow with
its rows. Times are measured by `make bench`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from app.access.roles import may
from tests.security.conftest import Demo
from tests.security.test_leaks import listed

pytestmark = pytest.mark.demo
ROLES = ["school.principal", "organisation.manager", "province.principal", "platform.operator"]
# The actor of the request, its account, the pilot's standing, unread messages, and the page itself.
LIST, DETAIL, FORM, API = 12, 40, 30, 8
MAIN = (
    "candidate",
    "registration",
    "exam_plan",
    "score",
    "certificate",
    "declaration",
    "quota",
    "room_session",
)


@contextmanager
def counted(engine: Engine) -> Iterator[list[str]]:
    """The statements sent meanwhile, those that only open a transaction as the actor left out."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if "set_config(" not in statement:
            sent.append(statement)

    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)


@pytest.mark.parametrize("role", ROLES)
def test_a_list_asks_as_much_for_a_hundred_rows_as_for_ten(role: str, demo: Demo, engine: Engine) -> None:
    browser, api, wrong, grown = demo.browser(role), demo.api(role), [], 0
    for resolved, url in listed(demo, role):
        browser.get(url)  # what is asked once a process
        counts = {}
        for size in (10, 100):
            with counted(engine) as sent:
                browser.get(f"{url}?size={size}")
            with counted(engine) as by_api:
                api.get(f"{resolved.table}/", size=size)
            counts[size] = (len(sent), len(by_api))
        grown += len(demo.visible(role, resolved.table)) >= 50
        if counts[10] != counts[100]:
            wrong.append(f"{resolved.table}: {counts[10]} for ten, {counts[100]} for a hundred")
        if counts[10][0] > LIST or counts[10][1] > API:
            wrong.append(f"{resolved.table}: {counts[10]} of {LIST, API}")
    assert wrong == []
    assert grown > 0


@pytest.mark.parametrize("role", ROLES)
def test_a_detail_and_a_form_stay_within_their_budget(role: str, demo: Demo, engine: Engine) -> None:
    actor, browser, wrong, tried = demo.actor(role), demo.browser(role), [], 0
    for resolved, url in listed(demo, role):
        own = demo.own(role, resolved.table)
        if own is None:
            continue
        for address, most, open_ in (
            (f"{url}{own}", DETAIL, True),
            (f"{url}{own}/edit", FORM, "edit" in resolved.allows and may(actor, resolved.table, "edit")),
            (f"{url}add", FORM, "add" in resolved.allows and may(actor, resolved.table, "add")),
        ):
            if not open_:
                continue
            browser.get(address)
            with counted(engine) as sent:
                browser.get(address)
            tried += 1
            if len(sent) > most:
                wrong.append(f"{address}: {len(sent)} of {most}")
    assert wrong == []
    assert tried > 10


@pytest.mark.parametrize("table", MAIN)
def test_ten_times_the_rows_ask_no_more(table: str, demo: Demo, engine: Engine) -> None:
    """The list with its counters at ten to a hundred rows a page, turned, and searched; and the export, which asks
    for its rows as one stream however many they are (check 28)."""
    role = (
        "platform.operator"
        if table in ("certificate",)
        else "organisation.manager"
        if table == "room_session"
        else "school.principal"
    )
    browser = demo.browser(role)
    url = next(url for resolved, url in listed(demo, role) if resolved.table == table)
    counts = []
    browser.get(url)
    for size in (10, 20, 50, 100):
        with counted(engine) as sent:
            browser.get(f"{url}?size={size}")
        counts.append(len(sent))
    assert len(set(counts)) == 1
    with counted(engine) as sent:
        browser.get(f"{url}?page=2&size=10")
    assert len(sent) <= counts[0]
    with counted(engine) as sent:
        browser.get(f"{url}?q=一")
    assert len(sent) <= counts[0]
    if not may(demo.actor(role), table, "export"):
        return
    asked = []
    for narrowed in ("?q=一", ""):
        with counted(engine) as sent:
            assert browser.post(f"{url}export{narrowed}").status_code == 200
        asked.append(len(sent))
    assert abs(asked[0] - asked[1]) <= 1, asked


def test_counting_stops_at_the_cap(demo: Demo, engine: Engine) -> None:
    """F6: the framework counts every row of a table each time; ours stops one above what it shows."""
    browser = demo.browser("platform.operator")
    with counted(engine) as sent:
        browser.get("/console/audit_entry/")
    counts = [statement for statement in sent if "count(" in statement.lower()]
    assert counts and all("LIMIT" in statement for statement in counts)
    assert 'data-total="10000+"' in browser.text()


def test_a_refusal_costs_little(demo: Demo, engine: Engine) -> None:
    """Being shown the door asks who it is and writes one line."""
    browser = demo.browser("organisation.clerk")
    browser.get("/console/quota/add", headers={"Accept": "application/json"})
    with counted(engine) as sent:
        browser.get("/console/parameter/", headers={"Accept": "application/json"})
    assert len(sent) <= 4
