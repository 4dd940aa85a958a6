"""The REST API: tokens only (F3), the same rows, rules and masking as the pages, bounded pages (F4), no extras of FAB (F7)."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_jwt_extended import create_access_token
from sqlalchemy.engine import Engine

from app.panel.limits import limiter
from config import settings
from models.accounts import Account, AccountState, Role
from models.candidates import Candidate, Person
from models.certificates import TargetGroup
from models.kit import clock
from tests import factories
from tests.factories_registrations import a_pilot_school_with_quota
from tests.http.api import PASSWORD, Client, client_of, refusal
from tests.http.desk_world import MINE, THEIRS, furnished
from tests.models import world

As = Callable[..., Any]
Browse = Callable[..., Any]
ID_NUMBER, BEIJING_NUMBER = "34052419800101001X", "11010519491231002X"

ZHANG_SAN = {
    "name": "张三", "id_number": ID_NUMBER, "mobile": "13800000001", "major": "软件技术", "education_level": "VOCATIONAL",
    "enrolment_year": 2024,
}  # fmt: skip


@pytest.fixture(autouse=True)
def _nobody_has_tried_yet() -> Iterator[None]:
    yield
    limiter.reset()


@pytest.fixture
def api(app: Flask, as_: As, owner: Engine) -> Client:
    """The organisation's principal, whose certificate MINE is a draft."""
    desk = furnished(as_)
    with owner.begin() as connection:  # the world's rows brought their own ids
        for table in ("certificate", "organisation"):
            connection.execute(sa.text(f"select setval(pg_get_serial_sequence('{table}', 'id'), 100)"))
    return client_of(app, desk.principal)


@pytest.fixture
def school(app: Flask, as_: As) -> Client:
    """The manager of Qingdao; Beijing has a candidate of its own."""
    a_pilot_school_with_quota(as_)
    with as_() as db:
        account = factories.account(db, Role.SCHOOL_MANAGER, school_id=11)
        enter(db, 900, "李四", BEIJING_NUMBER)
        db.commit()
    return client_of(app, account)


def enter(db: Any, key: int, name: str, id_number: str, school_id: int = 10) -> None:
    """A candidate of a school, and the person behind."""
    db.add(Person(id=key, id_number=id_number, name=name))
    db.flush()
    db.add(Candidate(id=key, name=name, id_number=id_number, school_id=school_id, person_id=key))
    db.flush()


# Who is it


def test_nothing_is_answered_without_a_token(app: Flask) -> None:
    for method, path in (
        ("GET", "certificate/"),
        ("POST", "certificate/"),
        ("PUT", "certificate/1"),
        ("DELETE", "standard/1"),
    ):
        answer = Client(app)(method, path)
        assert refusal(answer)[0] == 401, path
        assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_session_cookie_alone_opens_no_api(browse: Browse, as_: As, owner: Engine) -> None:
    """F3: what a page of another site could make a browser send."""
    browser = browse(furnished(as_).principal)
    assert browser.client.get("/api/v1/certificate/").status_code == 401
    body = {"organisation_id": 5, "code": "2002", "name": "智能财税", "level": "MIDDLE"}
    assert browser.client.post("/api/v1/certificate/", json=body).status_code == 401
    with owner.connect() as connection:
        assert connection.scalar(sa.text("select count(*) from certificate where code = '2002'")) == 0


def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(app: Flask, api: Client) -> None:
    with_name = Client(app).log_in("organisation-principal-1", "Falsch2026")
    without = Client(app).log_in("nobody", "Falsch2026")
    assert with_name.status_code == without.status_code == 401
    assert with_name.get_json() == without.get_json()


def test_five_wrong_passwords_lock_the_account_here_too(app: Flask, as_: As) -> None:
    """R4."""
    account = furnished(as_).principal
    client_of(app, account)
    client = Client(app)
    assert [client.log_in(account.username, "Falsch2026").status_code for _ in range(5)] == [401] * 5
    assert client.log_in(account.username, PASSWORD).status_code == 429


def test_one_address_may_not_try_for_ever(app: Flask) -> None:
    client = Client(app)
    allowed = int(settings().login_rate.partition(" ")[0])
    answers = [client.log_in(f"name{number}").status_code for number in range(allowed + 1)]
    assert set(answers[:allowed]) == {401} and answers[-1] == 429


def test_a_first_password_gives_no_token(app: Flask, as_: As) -> None:
    """R6: it must be changed first, on the page."""
    account = furnished(as_).principal
    client_of(app, account)
    with as_() as db:
        db.execute(
            sa.text("update credential set must_change = true where account_id = :a"), {"a": account.id}
        )
        db.commit()
    assert refusal(Client(app).log_in(account.username))[0] == 403


def test_a_token_ends_with_the_account_and_with_the_password(app: Flask, as_: As) -> None:
    """R5."""
    desk = furnished(as_)
    principal, clerk = client_of(app, desk.principal), client_of(app, desk.clerk)
    assert principal.get("certificate/").status_code == 200
    client_of(app, desk.principal)  # sets the password anew
    assert principal.get("certificate/").status_code == 401
    with as_() as db:
        db.get_one(Account, desk.clerk.id).state = AccountState.DISABLED
        db.commit()
    assert clerk.get("certificate/").status_code == 401


def test_a_token_that_is_late_forged_or_of_another_kind_is_nobodys(app: Flask, api: Client) -> None:
    good = api.token
    with app.app_context():
        late = create_access_token("1", additional_claims={"actor": []}, expires_delta=timedelta(seconds=-1))
        nameless = create_access_token("1")
    header, payload, signature = good.split(".")
    for token in (
        late,
        nameless,
        f"{header}.{payload}.{signature[:-4]}AAAA",
        f"{header}.{payload}.",
        "x",
        "ü",
    ):
        api.token = token
        assert api.get("certificate/").status_code == 401, token
    api.token = late
    assert api.get("certificate/").get_json()["code"] == "login.expired"
    assert api("GET", "certificate/", headers={"Authorization": f"Basic {good}"}).status_code == 401


def test_the_frameworks_own_api_is_not_there(app: Flask, api: Client) -> None:
    """F7: its security API fails with marshmallow 4 and hands out roles and users with 3; ours needs neither."""
    for path in (
        "security/users/",
        "security/roles/",
        "security/permissions/",
        "security/refresh",
        "menu/",
        "_info",
    ):
        assert api.get(path).status_code == 404, path
        assert api.post(path).status_code == 404, path
    assert not any(name.startswith("ab_") for name in _tables(app))


def _tables(app: Flask) -> list[str]:
    engine = app.extensions["panel_session"].get_bind()
    return sa.inspect(engine).get_table_names() if engine is not None else []


def test_outside_the_api_every_unsafe_request_needs_its_csrf_token(
    app: Flask, browse: Browse, as_: As
) -> None:
    browser = browse(furnished(as_).principal)
    unsafe = [
        rule for rule in app.url_map.iter_rules() if {"POST", "PUT", "DELETE"} & (rule.methods or set())
    ]
    pages = [rule for rule in unsafe if not rule.rule.startswith("/api/")]
    assert len(pages) > 100
    for rule in pages:
        with app.test_request_context():
            values = dict.fromkeys(rule.arguments, 1 if "int:" in rule.rule else "x")
            path = app.url_map.bind("localhost").build(rule.endpoint, values)
        assert browser.client.post(path).status_code == 400, rule


# Reading


def test_a_list_is_of_the_actors_rows_with_tabs_and_totals(api: Client) -> None:
    found = api.get("certificate/", sort="-code").get_json()
    assert [item["code"] for item in found["items"]] == ["2001", "1001"]
    assert (found["total"], found["capped"], found["page"]) == (2, False, 1)
    counts = {tab["name"]: tab["count"] for tab in found["tabs"]}
    assert counts == {"": 2, "DRAFT": 1, "PENDING": 0, "ENABLED": 1, "DISABLED": 0}
    assert [item["code"] for item in api.get("certificate/", tab="DRAFT").get_json()["items"]] == ["2001"]
    assert [item["code"] for item in api.get("certificate/", f_name="Python").get_json()["items"]] == ["1001"]
    assert api.get("certificate/", f_level="SENIOR").get_json()["total"] == 0


def test_a_page_has_a_ceiling_and_an_end(api: Client, as_: As) -> None:
    """F4."""
    with as_() as db:
        db.add_all([TargetGroup(certificate_id=MINE, name=f"对象{number:03}") for number in range(119)])
        db.commit()
    for size in ("100", "101", "100000", "9" * 30):
        found = api.get("target_group/", size=size).get_json()
        assert (len(found["items"]), found["size"], found["total"]) == (100, 100, 120), size
    assert len(api.get("target_group/", size=7).get_json()["items"]) == 7
    assert len(api.get("target_group/").get_json()["items"]) == 10
    assert len(api.get("target_group/", size=100, page=2).get_json()["items"]) == 20
    assert api.get("target_group/", size=100, page=3).get_json()["items"] == []
    assert api.get("target_group/", page=10**9).get_json()["items"] == []


def test_what_a_list_does_not_know_is_refused_by_name(api: Client) -> None:
    wrong = {
        "page": ("0", "-1", "x", "1.5", "²"), "size": ("0", "-5", ""), "sort": ("nope", "--id", "password_hash"),
        "tab": ("NOPE",), "f_state": ("DRAFT",), "f_level": ("NOPE", "JUNIOR' or 1=1"), "f_organisation_id": ("x", "1" * 40),
        "f_nope": ("1",), "order": ("id",), "f_name": ("\0", "x" * 101), "f_code_from": ("2020-01-01",),
    }  # fmt: skip
    for name, values in wrong.items():
        for value in values:
            assert refusal(api.get("certificate/", **{name: value})) == (422, name.removeprefix("f_")), (
                name,
                value,
            )


def test_another_tenants_row_is_not_there(api: Client, owner: Engine) -> None:
    """E137, by every door."""
    before = _snapshot(owner)
    answers = [
        api.get(f"certificate/{THEIRS}"),
        api.put(f"certificate/{THEIRS}", {"version": 1, "short_name": "改"}),
        api.delete(f"certificate/{THEIRS}"),
        api.get(f"certificate/{THEIRS}/file/standard_file"),
        api.post("certificate/action/submit", {"rows": [MINE, THEIRS]}),
        api.get("certificate/999999999"),
        api.get(f"certificate/{10**30}"),
        api.post("certificate/action/submit", {"rows": [10**30]}),
    ]
    assert [refusal(answer)[0] for answer in answers] == [404] * len(answers)
    assert api.get("subject/", f_certificate_id=THEIRS).get_json()["total"] == 0
    assert _snapshot(owner) == before


def _snapshot(owner: Engine) -> list[Any]:
    with owner.connect() as connection:
        return list(connection.execute(sa.text("select id, version, state from certificate order by id")))


def test_what_the_role_does_not_hold_is_403(app: Flask, as_: As) -> None:
    clerk = client_of(app, furnished(as_).clerk)
    assert clerk.get("certificate/").status_code == 200
    body = {"version": 1, "short_name": "改"}
    for answer in (
        clerk.post("certificate/", {}), clerk.put(f"certificate/{MINE}", body), clerk.delete(f"certificate/{MINE}"),
        clerk.post("certificate/action/submit", {"rows": [MINE]}), clerk.get("account/"), clerk.get("parameter/"),
    ):  # fmt: skip
        assert refusal(answer)[0] == 403


def test_a_door_that_is_nobodys_is_405_and_names_the_open_ones(api: Client) -> None:
    answer = api.delete("certificate_result/1")
    assert refusal(answer)[0] == 405
    assert "GET" in answer.headers["Allow"]


# Personal numbers


def test_numbers_are_masked_in_list_and_item_and_full_ones_leave_a_trace(school: Client, as_: As) -> None:
    """R20–R23, R135."""
    made = school.post("candidate/", ZHANG_SAN)
    assert made.status_code == 201, made.get_json()
    key = made.get_json()["id"]
    assert made.headers["Location"].endswith(f"/api/v1/candidate/{key}")
    for answer in (made, school.get("candidate/"), school.get(f"candidate/{key}")):
        text = answer.get_data(as_text=True)
        assert ID_NUMBER not in text and "13800000001" not in text and "138****0001" in text
    for given in ({}, {"reason": "x"}, {"reason": "x" * 501}, {"reason": 5}, {"reason": "\u200b \u200b"}):
        assert refusal(school.post(f"candidate/{key}/unmask", given)) == (422, "reason")
    full = school.post(f"candidate/{key}/unmask", {"reason": "核对报名信息"}).get_json()
    assert full["id_number"] == ID_NUMBER and full["mobile"] == "13800000001"
    with as_() as db:
        noted = db.execute(sa.text("select row_id, reason from audit_entry where action = 'UNMASK'")).all()
    assert noted == [(key, "核对报名信息")]


def test_unmasking_is_a_right(app: Flask, as_: As) -> None:
    world.found(as_)
    with as_() as db:
        enter(db, 900, "李四", ID_NUMBER)
        auditor = factories.account(db, Role.PLATFORM_AUDITOR)
        db.commit()
    client = client_of(app, auditor)
    assert client.get("candidate/900").get_json()["id_number"].count("*") > 4
    assert refusal(client.post("candidate/900/unmask", {"reason": "核对报名信息"}))[0] == 403


def test_a_number_is_searched_in_the_body_never_in_the_address(school: Client) -> None:
    """R24, R25."""
    assert school.post("candidate/", ZHANG_SAN).status_code == 201
    answer = school.get("candidate/", f_id_number=ID_NUMBER)
    assert refusal(answer) == (422, "id_number") and answer.get_json()["code"] == "private"
    found = school.post("candidate/search", {"filters": {"id_number": ID_NUMBER.lower()}}).get_json()
    assert [item["name"] for item in found["items"]] == ["张三"]
    other = school.post("candidate/search", {"filters": {"id_number": BEIJING_NUMBER}}).get_json()
    assert other["items"] == [] and other["total"] == 0  # Beijing's candidate
    assert refusal(school.post("candidate/search", {"filters": {"id_number": "340524"}})) == (
        422,
        "id_number",
    )


# Writing


def test_a_row_is_made_changed_and_deleted(api: Client, owner: Engine) -> None:
    made = api.post(
        "certificate/", {"organisation_id": 5, "code": "2002", "name": " 智能财税 ", "level": "MIDDLE"}
    )
    assert made.status_code == 201, made.get_json()
    row = made.get_json()
    assert (row["name"], row["state"], row["version"], row["short_name"]) == ("智能财税", "DRAFT", 1, None)
    changed = api.put(
        f"certificate/{row['id']}", {"version": 1, "short_name": "财税", "fee_per_subject": "120.50"}
    )
    assert changed.status_code == 200
    assert (changed.get_json()["fee_per_subject"], changed.get_json()["version"]) == ("120.50", 2)
    assert changed.get_json()["name"] == "智能财税"  # what was not named stays
    answer = api.delete(f"certificate/{row['id']}")
    assert (answer.status_code, answer.get_data()) == (204, b"")
    assert api.get(f"certificate/{row['id']}").status_code == 404


def test_ones_own_tenant_goes_without_saying(api: Client) -> None:
    made = api.post("certificate/", {"code": "2003", "name": "智能财税", "level": "SENIOR"})
    assert made.status_code == 201 and made.get_json()["organisation_id"] == 5


def test_defaults_stand_where_nothing_is_said(api: Client) -> None:
    body = {"certificate_id": MINE, "subject_code": "098700", "name": "综合", "mode": "WRITTEN"}
    assert api.post("subject/", body).get_json()["full_mark"] in ("100", "100.0")


def test_a_stale_version_is_refused(api: Client) -> None:
    """R137."""
    assert api.put(f"certificate/{MINE}", {"version": 1, "short_name": "先"}).status_code == 200
    answer = api.put(f"certificate/{MINE}", {"version": 1, "short_name": "后"})
    assert refusal(answer)[0] == 409 and answer.get_json()["code"] == "stale"
    assert refusal(api.put(f"certificate/{MINE}", {"short_name": "后"})) == (422, "version")
    assert api.get(f"certificate/{MINE}").get_json()["short_name"] == "先"


def test_child_rows_are_saved_with_their_parent(api: Client, owner: Engine) -> None:
    row = api.get(f"certificate/{MINE}").get_json()
    first = row["subject"][0]
    new = {"subject_code": "098701", "name": "实操", "mode": "PRACTICAL"}
    answer = api.put(
        f"certificate/{MINE}",
        {"version": row["version"], "subject": [{"id": first["id"], "name": "理论知识"}, new]},
    )
    assert answer.status_code == 200, answer.get_json()
    assert [s["name"] for s in answer.get_json()["subject"]] == ["理论知识", "实操"]
    gone = {"id": first["id"], "delete": True}
    answer = api.put(f"certificate/{MINE}", {"version": answer.get_json()["version"], "subject": [gone]})
    assert [s["name"] for s in answer.get_json()["subject"]] == ["实操"]
    with owner.connect() as connection:
        foreign = connection.scalar(
            sa.text("select id from subject where certificate_id = :c"), {"c": THEIRS}
        )
    version = answer.get_json()["version"]
    for rows in ([{"id": foreign, "name": "改"}], [{"id": foreign, "delete": True}]):
        assert refusal(api.put(f"certificate/{MINE}", {"version": version, "subject": rows}))[0] == 404
    wrong = api.put(f"certificate/{MINE}", {"version": version, "subject": [{**new, "subject_code": "12"}]})
    assert refusal(wrong) == (422, "subject.0.subject_code")


def test_a_reference_to_another_tenants_row_is_refused(api: Client) -> None:
    """Check 3, F2."""
    body = {"certificate_id": THEIRS, "subject_code": "098700", "name": "综合", "mode": "WRITTEN"}
    assert refusal(api.post("subject/", body)) == (422, "certificate_id")
    assert refusal(api.post("certificate/", {"organisation_id": 6, "code": "2002", "name": "智能财税", "level": "MIDDLE"})) == (
        422, "organisation_id",
    )  # fmt: skip


def test_a_file_comes_in_the_body_and_goes_out_by_its_row(api: Client) -> None:
    """R18: by content, not by name."""
    pdf = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"

    def sent(name: str, data: bytes) -> dict[str, str]:
        return {"name": name, "content": base64.b64encode(data).decode()}

    url = f"certificate/{MINE}"
    assert refusal(api.put(url, {"version": 1, "standard_file": sent("标准.pdf", b"MZ\x90")}))[0] in (
        415,
        422,
    )
    for bad in ("x", {"name": "a.pdf"}, {"name": "a.pdf", "content": "%%%"}, {"name": 1, "content": ""}, []):
        assert refusal(api.put(url, {"version": 1, "standard_file": bad})) == (422, "standard_file")
    row = api.put(url, {"version": 1, "standard_file": sent("标准.pdf", pdf)}).get_json()
    answer = api("GET", row["standard_file"].removeprefix("/api/v1/"))
    assert (answer.status_code, answer.get_data()) == (200, pdf)


def test_duplicates_and_rules_of_the_database_are_told_in_words(api: Client) -> None:
    body = {"certificate_id": MINE, "subject_code": "098694", "name": "又一科", "mode": "WRITTEN"}
    answer = api.post("subject/", body)
    assert refusal(answer) == (409, "subject_code") and "科目编号" in answer.get_json()["message"]
    answer = api.post("target_group/", {"certificate_id": MINE, "name": "所有考生"})
    assert refusal(answer)[0] == 422 and "留空" in answer.get_json()["message"]


# Actions


def test_a_button_is_an_action_and_its_refusals_are_the_pages(api: Client, as_: As) -> None:
    answer = api.post("certificate/action/submit", {"rows": [MINE]})
    assert refusal(answer)[0] == 422 and "证书介绍" in answer.get_json()["message"]
    assert (
        api.put(f"certificate/{MINE}", {"version": 1, "intro": "<p>介绍</p><script>x</script>"}).status_code
        == 200
    )
    assert "script" not in api.get(f"certificate/{MINE}").get_json()["intro"]
    assert api.get(f"certificate/{MINE}").get_json()["actions"] == ["submit"]
    done = api.post("certificate/action/submit", {"rows": [MINE, 1]}).get_json()
    assert (done["done"], done["skipped"]) == (1, 1)  # certificate 1 is enabled already
    assert api.get(f"certificate/{MINE}").get_json()["state"] == "PENDING"
    assert refusal(api.post("certificate/action/submit", {"rows": [MINE]}))[0] == 409
    version = api.get(f"certificate/{MINE}").get_json()["version"]
    assert refusal(api.put(f"certificate/{MINE}", {"version": version, "short_name": "改"}))[0] == 409


def test_an_action_asks_and_checks_what_it_asks(app: Flask, api: Client, as_: As) -> None:
    api.put(f"certificate/{MINE}", {"version": 1, "intro": "<p>介绍</p>"})
    api.post("certificate/action/submit", {"rows": [MINE]})
    with as_() as db:
        operator = factories.account(db, Role.PLATFORM_OPERATOR)
        db.commit()
    platform = client_of(app, operator)
    for given, field in (
        ({}, "rows"), ({"rows": []}, "rows"), ({"rows": MINE}, "rows"), ({"rows": ["20"]}, "rows"), ({"rows": [True]}, "rows"),
        ({"rows": [MINE]}, "reason"), ({"rows": [MINE], "reason": ""}, "reason"), ({"rows": [MINE], "reason": 5}, "reason"),
        ({"rows": [MINE], "reason": "x" * 501}, "reason"), ({"rows": [MINE], "reason": "不全", "nope": 1}, "nope"),
    ):  # fmt: skip
        assert refusal(platform.post("certificate/action/refuse", given)) == (422, field), given
    assert (
        platform.post("certificate/action/refuse", {"rows": [MINE], "reason": "介绍不完整"}).get_json()[
            "done"
        ]
        == 1
    )
    assert api.get(f"certificate/{MINE}").get_json()["refusal_reason"] == "介绍不完整"
    assert refusal(platform.post("certificate/action/nope", {"rows": [MINE]}))[0] == 404


def test_the_api_travels_in_time_with_the_platform(app: Flask, api: Client) -> None:
    """D11: moments are of the injected clock; the token is bound to the wall clock and stays good."""
    with clock.travel(timedelta(days=400)):
        made = api.post("target_group/", {"certificate_id": MINE, "name": "来年"})
        assert made.status_code == 201
        assert made.get_json()["created_at"][:4] == str(clock.now().year)
