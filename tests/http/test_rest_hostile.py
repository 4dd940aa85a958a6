"""Whatever a program sends, the answer is a refusal with words, never a fault (design section 5)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.engine import Engine

from app.panel.limits import limiter
from app.panel.resolve import resolve_table
from config import settings
from models.accounts import Role
from tests import factories
from tests.factories_registrations import a_pilot_school_with_quota
from tests.http.api import Client, client_of, refusal
from tests.http.desk_world import MINE, furnished

As = Callable[..., Any]

VALID: dict[str, dict[str, Any]] = {
    "certificate": {"organisation_id": 5, "code": "2002", "name": "智能财税", "level": "MIDDLE"},
    "subject": {"certificate_id": MINE, "subject_code": "098700", "name": "综合", "mode": "WRITTEN"},
    "standard": {"certificate_id": MINE, "name": "标准一", "edition": "1.0", "published_on": "2026-01-01"},
    "exam_plan": {"name": "2026年12月考试", "registration_from": "2026-12-01T00:00:00+08:00"},
}
HOSTILE: list[Any] = [
    True, False, 0, -1, 1.5, 10**18, 10**30, -(10**30), 1e300, 5e-324, [], [[]], {}, {"x": 1}, "", " ", "\0", "\ud800",
    "x\ud800y", "x" * 10_000, "9" * 4000, "--5", "+-5", "1e9", "0e999999", "1e999999999", "NaN", "Infinity", "-0", "²",
    "٣", "0001-01-01", "9999-12-31", "9999-12-31T23:59:59.999999-14:00", "0001-01-01T00:00:00+14:00", "2026-02-30",
    "'; drop table candidate; --", "<script>alert(1)</script>", "\u202e\u200b", "A\u0300" * 50, None,
]  # fmt: skip
NUMBERS = ("1e400", "-1e400", "0e1000000", "1E+1000000", "1e-1000000", "9" * 4000)


@pytest.fixture(autouse=True)
def _nobody_has_tried_yet() -> Iterator[None]:
    yield
    limiter.reset()


@pytest.fixture
def api(app: Flask, as_: As, owner: Engine) -> Client:
    desk = furnished(as_)
    with owner.begin() as connection:  # the world's rows brought their own ids
        connection.execute(sa.text("select setval(pg_get_serial_sequence('certificate', 'id'), 100)"))
    return client_of(app, desk.principal)


def test_only_json_of_bounded_size_is_read(api: Client) -> None:
    def sent(data: bytes, kind: str = "application/json") -> int:
        return refusal(api("POST", "certificate/", data=data, content_type=kind))[0]

    assert sent(b"name=x", "application/x-www-form-urlencoded") == 415
    assert sent(b"{}", "text/plain") == 415
    assert sent(b"{}", "") == 415
    assert sent(b'{"name": "' + b"x" * settings().request_body_bytes + b'"}') == 413
    for data in (
        b"", b"{", b"[]", b"null", b'"x"', b"{]", b"\xff\xfe", b'{"a": NaN}', b'{"a": Infinity}', b"[" * 100_000,
        b'{"a":' * 100_000, b'{"name": 9' + b"9" * 5000 + b"}", b"\x00", b'{"\\ud800": 1}', b'{"\\u0000": 1}',
    ):  # fmt: skip
        assert sent(data) == 422, data[:40]


@pytest.mark.parametrize("table", VALID)
def test_no_value_of_a_column_is_a_fault(table: str, api: Client) -> None:
    names = resolve_table(table).form(adding=True)
    for name in names:
        for value in HOSTILE:
            answer = api.post(f"{table}/", {**VALID[table], name: value})
            assert answer.status_code in (201, 409, 413, 415, 422), (
                name,
                value,
                answer.get_data(as_text=True)[:300],
            )
            if answer.status_code != 201:
                refusal(answer)
        for number in NUMBERS:  # as JSON numbers, which Python would not write
            body = json.dumps({**VALID[table], name: "@@"}).replace('"@@"', number)
            answer = api("POST", f"{table}/", data=body, content_type="application/json")
            assert answer.status_code in (201, 409, 422), (name, number, answer.get_data(as_text=True)[:300])


def test_no_change_and_no_child_row_is_a_fault(api: Client) -> None:
    for value in HOSTILE:
        for body in (
            {"version": value}, {"version": 1, "name": value}, {"version": 1, "subject": value},
            {"version": 1, "subject": [value]}, {"version": 1, "subject": [{"id": value}]},
            {"version": 1, "subject": [{"name": value}]}, {"version": 1, "subject": [{"id": 1, "version": value}]},
            {"version": 1, "subject": [{"id": 1, "target_group_id": value}]}, {"version": 1, "nope": value},
        ):  # fmt: skip
            answer = api.put(f"certificate/{MINE}", body)
            if answer.status_code == 200:  # a harmless value; the next one finds the row as it was
                assert "nope" not in body, body
                continue
            assert refusal(answer)[0] in (404, 409, 422), (body, answer.get_data(as_text=True)[:300])


def test_no_search_and_no_action_is_a_fault(api: Client) -> None:
    for value in HOSTILE:
        for name in ("code", "name", "level", "organisation_id", "nope"):
            assert api.post("certificate/search", {"filters": {name: value}}).status_code in (200, 422), (
                name,
                value,
            )
        for name in ("filters", "tab", "sort", "page", "size", "nope"):
            assert api.post("certificate/search", {name: value}).status_code in (200, 422), (name, value)
        for rows in (value, [value], [MINE, value]):
            assert refusal(api.post("certificate/action/submit", {"rows": rows}))[0] in (404, 409, 422), rows


def test_no_log_in_is_a_fault(app: Flask) -> None:
    for value in HOSTILE:
        limiter.reset()
        for body in (
            {"username": value, "password": "x"},
            {"username": "x", "password": value},
            {"nope": value},
        ):
            assert refusal(Client(app).post("security/login", body))[0] in (401, 422, 429), (
                body
            )  # 429: a name tried too often (R4)


def test_personal_numbers_of_any_form_are_no_fault(app: Flask, as_: As) -> None:
    a_pilot_school_with_quota(as_)
    with as_() as db:
        account = factories.account(db, Role.SCHOOL_MANAGER, school_id=11)
        db.commit()
    school = client_of(app, account)
    for value in HOSTILE:
        for name in ("id_number", "mobile"):
            answer = school.post("candidate/search", {"filters": {name: value}})
            assert answer.status_code in (200, 422), (name, value, answer.get_data(as_text=True)[:300])
        for name in resolve_table("candidate").form(adding=True):
            body = {
                "name": "张三", "id_number": "34052419800101001X", "mobile": "13800000001", "major": "软件技术",
                "education_level": "VOCATIONAL", "enrolment_year": 2024, name: value,
            }  # fmt: skip
            answer = school.post("candidate/", body)
            assert answer.status_code in (201, 409, 413, 415, 422), (
                name,
                value,
                answer.get_data(as_text=True)[:300],
            )
