"""The OpenAPI document is valid, complete and true: what is documented answers as documented (feature 31)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import jsonschema
import pytest
from flask import Flask
from openapi_spec_validator import OpenAPIV31SpecValidator

from app.access.actor import PUBLIC, acting_as
from app.panel.limits import limiter
from app.panel.openapi import document as described
from app.panel.resolve import resolve_table
from models.accounts import Kind, Role
from models.kit import declared_models
from tests import factories
from tests.factories_registrations import a_pilot_school_with_quota
from tests.http.api import Client, client_of
from tests.models import exams, world

As = Callable[..., Any]
TENANT = {"school": {"school_id": 11}, "organisation": {"organisation_id": 5}, "province": {"province_id": 2},
          "city": {"city_id": 2}, "candidate": {"person_id": 1}, "platform": {}}  # fmt: skip
ROLES = list(Role)


@pytest.fixture(autouse=True)
def _nobody_has_tried_yet() -> Iterator[None]:
    yield
    limiter.reset()


@pytest.fixture
def document(app: Flask) -> dict[str, Any]:
    answer = Client(app).get("_openapi")
    assert answer.status_code == 200  # to anyone: it describes, it holds no data
    return answer.get_json()


def test_it_is_a_valid_document(app: Flask) -> None:
    """Of tables that between them have every kind of column, child rows, files, masks, actions and phases."""
    tables = (
        "certificate",
        "candidate",
        "exam_plan",
        "declaration",
        "account",
        "weekly_report",
        "quota",
        "audit_entry",
    )
    with app.app_context(), acting_as(PUBLIC, app.extensions["panel_session"]()):
        part = described([resolve_table(table) for table in tables])
    assert part["openapi"].startswith("3.1")
    assert list(OpenAPIV31SpecValidator(part).iter_errors()) == []


def test_whatever_it_refers_to_is_there_and_no_operation_is_named_twice(document: dict[str, Any]) -> None:
    for target in set(re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(document))):
        found: Any = document
        for part in target.split("/"):
            found = found[part]
    names = [
        operation["operationId"]
        for item in document["paths"].values()
        for how, operation in item.items()
        if how != "parameters"
    ]
    assert len(names) == len(set(names))


def test_every_route_of_the_api_is_documented_and_no_other(app: Flask, document: dict[str, Any]) -> None:
    documented = {
        (re.sub(r"\{key\}", "<int:key>", path), method.upper())
        for path, item in document["paths"].items()
        for method in item
        if method != "parameters"
    }
    routed = {
        (rule.rule, method)
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    by_name = re.compile(r"/(action|file)/[a-z_]+$")  # one route, documented once for each name
    plain = {(path, method) for path, method in documented if not by_name.search(path)}
    assert plain == {
        (path, method) for path, method in routed if not path.endswith(">") or path.endswith("<int:key>")
    }


def test_what_needs_a_token_says_so_and_is_401_without_one(app: Flask, document: dict[str, Any]) -> None:
    nobody = Client(app)
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method == "parameters" or operation.get("security") == []:
                continue
            assert "401" in operation["responses"] and "403" in operation["responses"], path
            concrete = path.removeprefix("/api/v1/").replace("{key}", "1")
            assert nobody(method.upper(), concrete, json={}).status_code == 401, (method, path)


def test_it_names_columns_lists_and_bounds_in_chinese(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    new = schemas["CertificateNew"]
    assert new["required"] == [
        "code",
        "name",
        "level",
    ]  # the organisation is one's own, unless the platform writes
    assert new["properties"]["name"]["title"] == "证书名称" and new["properties"]["name"]["maxLength"] == 100
    assert new["properties"]["level"]["enum"] == ["JUNIOR", "MIDDLE", "SENIOR"]
    assert "初级" in new["properties"]["level"]["description"]
    assert "state" not in new["properties"] and "state" in schemas["Certificate"]["properties"]
    assert set(schemas["Error"]["required"]) == {"code", "message", "field"}
    parameters = {p["name"] for p in document["paths"]["/api/v1/candidate/"]["get"]["parameters"]}
    assert "f_name" in parameters and "f_id_number" not in parameters
    assert "id_number" in schemas["CandidateSearch"]["properties"]["filters"]["properties"]


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.value)
def test_every_documented_get_answers_as_documented(
    role: Role, app: Flask, document: dict[str, Any], as_: As
) -> None:
    """With a plan, seats, scores and an issuance in the database, for each role all lists and one row of each."""
    exams.passed(as_)
    a_pilot_school_with_quota(as_)
    with as_() as db:
        account = factories.account(db, role, **TENANT[Kind(role.kind).value])
        account.menus = sorted({"/".join(model.panel.menu_for(role.kind)) for model in declared_models()})
        db.commit()
    client, wrong, seen = client_of(app, account), [], 0
    for path, item in document["paths"].items():
        if "get" not in item or not path.endswith("/"):
            continue
        answer = client.get(path.removeprefix("/api/v1/"))
        if role.value not in item["get"]["x-roles"]:
            assert answer.status_code == 403, path
            continue
        wrong += _untrue(document, item["get"], answer)
        one = document["paths"][f"{path}{{key}}"]["get"]
        for row in answer.get_json().get("items", [])[:2]:
            wrong += _untrue(document, one, client.get(f"{path.removeprefix('/api/v1/')}{row['id']}"))
            seen += 1
    assert wrong == []
    assert seen >= 3 or role is Role.PLATFORM_EDITOR


def _untrue(document: dict[str, Any], operation: dict[str, Any], answer: Any) -> list[tuple[str, str]]:
    """What an answer has that the document does not say, or lacks."""
    name = operation["operationId"]
    if answer.status_code != 200:
        return [(name, answer.get_data(as_text=True)[:200])]
    schema = _whole(operation["responses"]["200"]["content"]["application/json"]["schema"], document)
    validator = jsonschema.Draft202012Validator(schema)
    return [
        (name, f"{error.json_path}: {error.message}"[:200])
        for error in validator.iter_errors(answer.get_json())
    ]


def _whole(schema: Any, document: dict[str, Any]) -> Any:
    """The schema with what it refers to put in its place."""
    if isinstance(schema, list):
        return [_whole(part, document) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _whole(document["components"]["schemas"][schema["$ref"].rpartition("/")[2]], document)
    return {name: _whole(part, document) for name, part in schema.items()}


def test_the_world_is_not_in_it(app: Flask, as_: As) -> None:
    world.found(as_)
    assert "青岛学院" not in Client(app).get("_openapi").get_data(as_text=True)
