"""The role table and the wall agree: no role holds a general door that its kind's grants keep shut."""

from __future__ import annotations

import models  # noqa: F401  declares the tables
from app.access.roles import ROLES
from models.kit import declared_models
from models.kit.scope import DELETE, INSERT, SELECT, UPDATE

NEEDS = {"list": SELECT, "add": INSERT, "edit": UPDATE, "delete": DELETE, "import": INSERT, "export": SELECT}


def test_every_general_permission_of_a_role_is_granted_to_its_kind() -> None:
    scopes = {model.__tablename__: model.panel.scope for model in declared_models()}
    shut = [
        f"{role} {table}:{verb}"
        for role, tables in ROLES.items()
        for table, verbs in tables.items()
        for verb in verbs & NEEDS.keys()
        if role.partition(".")[0] not in scopes[table].kinds(NEEDS[verb])
    ]
    assert shut == []


def test_every_permission_names_a_table_that_is_declared() -> None:
    known = {model.__tablename__ for model in declared_models()} | {"space"}  # the candidate's own pages
    assert {table for tables in ROLES.values() for table in tables} <= known
