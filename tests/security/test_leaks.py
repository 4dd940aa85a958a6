"""Nothing foreign is counted, filtered, sorted, searched, picked, exported or answered: each number and each word a
role gets is held against what its own SQL session sees (checks 2, 3, 28; E137, R136; F2, A3)."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from openpyxl import load_workbook
from sqlalchemy.engine import Engine

from app.access.actor import acting_as
from app.access.roles import may
from app.panel import query
from app.panel.fab import shown_to_anyone
from app.panel.resolve import DESK_KINDS, Resolved, kind_of, readable, resolve, resolve_table
from app.panel.wish import ALL, PREFIX
from models.kit import Mark, declared_models
from tests.security.conftest import NOWHERE, ONE_A_KIND, TRAIL, Demo

pytestmark = pytest.mark.demo
KNOWN = [*ONE_A_KIND, "school.staff", "organisation.clerk"]
CAP = 10_000


def listed(demo: Demo, role: str) -> Iterator[tuple[Resolved, str]]:
    """Every table the role may list, and where its list is."""
    actor = demo.actor(role)
    for model in declared_models():
        resolved = resolve(model)
        if shown_to_anyone(resolved) and may(actor, resolved.table, "list") and resolved.table not in TRAIL:
            place = "desk" if resolved.panel.desk and actor.kind in DESK_KINDS else "console"
            yield resolved, f"/{place}/{resolved.table}/"


def total(page: str) -> str:
    found = re.search(r'data-total="([^"]*)"', page)
    assert found, "the page shows no list"
    return found.group(1)


@pytest.mark.parametrize("role", KNOWN)
def test_lists_and_tabs_count_what_the_role_sees(role: str, demo: Demo) -> None:
    browser, api, wrong = demo.browser(role), demo.api(role), []
    for resolved, url in listed(demo, role):
        seen = len(demo.visible(role, resolved.table))
        browser.get(f"{url}?tab={ALL}")
        answer = api.get(f"{resolved.table}/").get_json()
        shown = (total(browser.text()), answer["total"], len(answer["items"]))
        due = (str(seen) if seen <= CAP else f"{CAP}+", min(seen, CAP), min(seen, answer["size"]))
        if shown != due:
            wrong.append(f"{resolved.table}: {shown} instead of {due}")
        states = [tab["count"] for tab in answer["tabs"] if tab["name"]]
        if resolved.tab and seen <= CAP and sum(states) != seen:
            wrong.append(f"{resolved.table}: its tabs count {sum(states)} of {seen}")
    assert wrong == []


@pytest.mark.parametrize("role", KNOWN)
def test_a_filter_by_a_foreign_row_finds_no_more_than_one_sees(role: str, demo: Demo) -> None:
    """The count is that of the role's own rows with this reference; asking for what is not there is asking for
    nothing. Titles of foreign rows do not appear on the page either."""
    browser, api, wrong, tried = demo.browser(role), demo.api(role), [], 0
    for resolved, url in listed(demo, role):
        for name in resolved.filters:
            refers = resolved.fields[name].refers
            foreign = demo.foreign(role, refers) if refers else None
            if foreign is None:
                continue
            tried += 1
            due = _count(demo, role, resolved, f"{name} = {foreign}")
            answer = api.get(f"{resolved.table}/", **{PREFIX + name: str(foreign)}).get_json()
            browser.get(f"{url}?{PREFIX}{name}={foreign}")
            if (total(browser.text()), answer["total"]) != (str(due), due):
                wrong.append(f"{resolved.table}.{name}")
            if _title(demo, refers, foreign) in _options(browser.text(), name):
                wrong.append(f"{resolved.table}.{name} names the foreign row")
    assert wrong == []
    assert tried > 0 or role.startswith(("platform", "city", "candidate"))


@pytest.mark.parametrize("role", KNOWN)
def test_searching_for_a_foreign_row_finds_nothing(role: str, demo: Demo) -> None:
    """By every text a list can be searched by, with the very words of a row of somebody else's."""
    api, wrong, tried = demo.api(role), [], 0
    for resolved, _ in listed(demo, role):
        foreign = demo.foreign(role, resolved.table)
        if foreign is None:
            continue
        for name in resolved.filters:
            field = resolved.fields[name]
            if field.refers or kind_of(field) not in ("text", "code", "lines") or field.has(Mark.MASKED):
                continue
            words = _column(demo, resolved.table, name, foreign)
            if not words or len(str(words)) > 100:
                continue
            tried += 1
            literal = str(words).replace("'", "''")
            exact = field.has(Mark.EXACT)
            where = f"{name} = '{literal}'" if exact else f"position('{literal}' in {name}) > 0"
            found = api.post(f"{resolved.table}/search", {"filters": {name: str(words)}}).get_json()
            if found["total"] != _count(demo, role, resolved, where) or foreign in [
                row["id"] for row in found["items"]
            ]:
                wrong.append(f"{resolved.table}.{name}={words}")
    assert wrong == []
    assert tried > 0 or role.startswith(("platform", "candidate"))


@pytest.mark.parametrize("role", ["school.principal", "organisation.manager", "province.principal"])
def test_every_order_pages_through_one_s_own_rows_and_no_other(role: str, demo: Demo) -> None:
    """Sorting brings no foreign row to the top and loses none of one's own."""
    api, wrong = demo.api(role), []
    for resolved, _ in listed(demo, role):
        seen = set(demo.visible(role, resolved.table))
        for name in resolved.marked(Mark.SORTABLE)[:2]:
            for sort in (name, f"-{name}"):
                first = [
                    row["id"]
                    for row in api.get(f"{resolved.table}/", sort=sort, size=100).get_json()["items"]
                ]
                if not set(first) <= seen or len(first) != min(len(seen), 100):
                    wrong.append(f"{resolved.table} by {sort}")
    assert wrong == []


@pytest.mark.parametrize("role", KNOWN)
def test_a_picker_offers_only_rows_one_sees(role: str, demo: Demo) -> None:
    """F2, A3: at most twenty, none of them foreign, and a foreign title finds nothing more."""
    browser, wrong, tried = demo.browser(role), [], 0
    limit = 20
    for resolved, url in listed(demo, role):
        for name, field in resolved.fields.items():
            if not field.refers:
                continue
            seen = {str(key) for key in demo.visible(role, field.refers)}
            foreign = demo.foreign(role, field.refers)
            words = ["", "%"] + ([_title(demo, field.refers, foreign)] if foreign else [])
            for word in words:
                answer = browser.get(f"{url}picker/{name}", query_string={"q": word})
                if answer.status_code == 404:  # a column nobody picks
                    break
                tried += 1
                offered = answer.get_json()
                if len(offered) > limit or not {item["value"] for item in offered} <= seen:
                    wrong.append(f"{resolved.table}.{name} {word!r}")
    assert wrong == []
    assert tried > 0 or role == "platform.editor"


@pytest.mark.parametrize("role", KNOWN)
def test_a_form_and_the_api_refuse_a_foreign_row_as_a_missing_one(role: str, demo: Demo) -> None:
    """Check 3: every reference a role may type, given another tenant's id, is refused beside that very field in the
    words for a row that never was; given one's own, it is not."""
    actor, api, wrong, tried = demo.actor(role), demo.api(role), [], 0
    before = demo.state()
    for resolved, _ in listed(demo, role):
        if not may(actor, resolved.table, "add") or "add" not in resolved.allows:
            continue
        for name in resolved.form(adding=True):
            refers = resolved.fields[name].refers
            foreign, own = (demo.foreign(role, refers), demo.own(role, refers)) if refers else (None, None)
            if foreign is None:
                continue
            tried += 1
            answers = [_field_error(api, resolved.table, name, key) for key in (foreign, NOWHERE)]
            if answers[0] is None or answers[0] != answers[1]:
                wrong.append(f"{resolved.table}.{name}: {answers}")
            if own is not None and _field_error(api, resolved.table, name, own) == answers[0]:
                wrong.append(f"{resolved.table}.{name}: one's own is refused too")
    assert wrong == []
    assert demo.state() == before
    assert tried > 0 or role not in (
        "school.principal",
        "school.manager",
        "organisation.principal",
        "organisation.manager",
    )


@pytest.mark.parametrize("role", KNOWN)
def test_E137_an_export_holds_the_rows_one_sees(role: str, demo: Demo) -> None:
    """E137: as many lines as the role sees rows, up to what is written at once; more is a job of the same filter."""
    actor, browser, wrong, tried = demo.actor(role), demo.browser(role), [], 0
    for resolved, url in listed(demo, role):
        seen = len(demo.visible(role, resolved.table))
        if not may(actor, resolved.table, "export") or "export" not in resolved.allows:
            continue
        answer = browser.post(f"{url}export?tab={ALL}")
        if answer.status_code == 302 and seen > 2_000:
            continue
        tried += 1
        lines = list(
            load_workbook(io.BytesIO(answer.data), read_only=True).active.iter_rows(values_only=True)
        )
        if len(lines) - 1 != seen:
            wrong.append(f"{resolved.table}: {len(lines) - 1} of {seen}")
    assert wrong == []
    assert tried > 0 or role in ("province.staff", "city.staff", "platform.editor", "candidate")


def test_a_page_shows_no_title_of_a_row_behind_the_wall(demo: Demo) -> None:
    """Names of schools the province does not have, candidates of another school: in none of the lists and details."""
    role = "school.principal"
    browser = demo.browser(role)
    with demo.owner.connect() as connection:
        mine = demo.actor(role).tenant
        names = set(
            connection.scalars(sa.text("select name from candidate where school_id <> :s"), {"s": mine})
        )
        names -= set(
            connection.scalars(sa.text("select name from candidate where school_id = :s"), {"s": mine})
        )
    names = {name for name in names if len(name) > 2}
    assert len(names) > 100
    for resolved, url in listed(demo, role):
        browser.get(f"{url}?size=100")
        words = set(re.findall(r">([^<>]{3,20})<", browser.text()))
        own = _guests(demo, role)
        assert words & names <= own, resolved.table


def _guests(demo: Demo, role: str) -> set[str]:
    """Candidates of other schools who sit their exam at this one: their names are on its room lists (借考)."""
    with acting_as(demo.actor(role), demo.session):
        found: set[str] = set()
        for table in (
            "registration",
            "score",
            "seat_assignment",
            "certificate_result",
            "issuance_task",
            "e_certificate",
        ):
            found |= set(demo.session.scalars(sa.text(f"select candidate_name from {table}")))
    return found


def test_personal_numbers_are_neither_sorted_nor_searched_in_part_nor_a_title() -> None:
    """R24: exact match only; an order or a beginning would tell the number digit by digit."""
    for model in declared_models():
        for name, field in resolve(model).fields.items():
            if field.has(Mark.MASKED):
                assert not field.has(Mark.SORTABLE | Mark.SEARCHED | Mark.FILTERED | Mark.TABBED), (
                    model,
                    name,
                )
                assert model.panel.title != name


def test_there_is_no_page_longer_than_the_ceiling(demo: Demo) -> None:
    """F4, A6, check 28: sizes above the last of the offered ones are cut to it, in pages and in the API."""
    browser, api = demo.browser("school.principal"), demo.api("school.principal")
    for wanted in ("101", "100000", "99999999"):
        browser.get(f"/console/registration/?size={wanted}")
        assert browser.text().count('name="rowid"') <= 100
        assert len(api.get("registration/", size=wanted).get_json()["items"]) <= 100


# What is asked of the database


def _count(demo: Demo, role: str, resolved: Resolved, where: str) -> int:
    with acting_as(demo.actor(role), demo.session):
        return int(demo.session.scalar(sa.text(f"select count(*) from {resolved.table} where {where}")) or 0)


def _column(demo: Demo, table: str, name: str, key: int) -> Any:
    with demo.owner.connect() as connection:
        return connection.scalar(sa.text(f"select {name} from {table} where id = :k"), {"k": key})


def _title(demo: Demo, table: str, key: int | None) -> str:
    """What a row is called, as an administrator reads it."""
    resolved = resolve_table(table)
    name = resolved.panel.title
    if (
        key is None
        or name not in resolved.model.__table__.c
        or resolved.model.__table__.c[name].type.python_type is not str
    ):
        return f"no title {key}"
    return str(_column(demo, table, name, key) or f"no title {key}")[:50]


def _options(page: str, name: str) -> str:
    """The part of the page in which the filter shows what was chosen."""
    found = re.search(rf'<select[^>]*name="{PREFIX}{name}"[^>]*>(.*?)</select>', page, flags=re.S)
    return found.group(1) if found else ""


def _field_error(api: Any, table: str, name: str, key: int) -> str | None:
    answer = api.post(f"{table}/", {name: key})
    assert answer.status_code in (403, 409, 422), (table, name, key, answer.status_code)
    found = answer.get_json()
    return next((error["message"] for error in found.get("errors", []) if error["field"] == name), None)


def test_the_wall_is_asked_about_nothing_but_what_the_kind_may_read(owner: Engine) -> None:
    """A reference to a table the kind has no grant on is neither joined nor offered (else each list would be a 403)."""
    from app.access.actor import Actor, _current

    token = _current.set(Actor("school", tenant=1, role="school.principal"))
    try:
        for model in declared_models():
            resolved = resolve(model)
            blind = [f.refers for f in resolved.fields.values() if f.refers and not readable(f.refers)]
            loads = " ".join(
                str(load.path) if hasattr(load, "path") else str(load) for load in query._loads(resolved)
            )
            assert not any(f"{table}]" in loads for table in blind)
    finally:
        _current.reset(token)
