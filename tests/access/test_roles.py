"""The role table names only doors that exist, and every door has somebody (checks 1 and 5)."""

from __future__ import annotations

import app.services.registry  # noqa: F401  registers every action
from app.access.actor import Actor
from app.access.roles import ROLES, grantable, may, permissions
from app.panel.resolve import resolve
from models.kit import declared_models


def known() -> set[str]:
    from app.services.imports import importers_of

    found = {permission for model in declared_models() for permission in resolve(model).permissions}
    for model in declared_models():
        found |= {f"{model.__tablename__}:{importer.verb}" for importer in importers_of(model.__tablename__)}
    return found


# Doors of hand-made views, which no declaration and no action names.
VIEWS = {
    "admission_ticket:print",
    "candidate:export_full",
    "candidate:unmask",
    "declaration:print",
    "declaration_batch:declare",
    "e_certificate:bulk_download",
    "e_certificate:download",
    "fee_slip:print",
    "room_session:attendance",
    "seal:upload",
    "space:open",
}


def child_doors() -> set[str]:
    """Rows inside a parent's form have no page of their own, but who may add, change and delete them is said."""
    tables = {table for model in declared_models() for table in model.panel.children}
    return {f"{table}:{verb}" for table in tables for verb in ("add", "edit", "delete")}


def test_every_permission_of_the_table_exists() -> None:
    granted = set().union(*(permissions(role) for role in ROLES))
    assert sorted(granted - known() - VIEWS - child_doors()) == []


def test_every_action_belongs_to_some_role() -> None:
    granted = set().union(*(permissions(role) for role in ROLES))
    actions = {
        f"{model.__tablename__}:{item.name}" for model in declared_models() for item in resolve(model).actions
    }
    assert sorted(actions - granted) == []


def test_an_unknown_role_table_or_verb_opens_nothing() -> None:
    assert not may(Actor("platform", role="platform.god"), "candidate", "list")
    assert not may(Actor("platform", role="platform.operator"), "nothing", "list")
    assert not may(Actor("platform", role="platform.operator"), "quota", "adjust")


def test_nobody_grants_more_than_they_have_nor_a_second_principal() -> None:
    for role in ROLES:
        for given in grantable(role):
            assert not given.endswith(".principal")
            assert given.partition(".")[0] == role.partition(".")[0]
            if not role.startswith("platform."):
                assert permissions(given) <= permissions(role)


def test_a_staff_account_has_only_the_ticked_menus() -> None:
    staff = Actor("school", tenant=1, role="school.staff", menus=("考试管理/考生管理",))
    assert may(staff, "candidate", "list") and not may(staff, "registration", "list")
    assert not may(Actor("school", tenant=1, role="school.staff"), "candidate", "list")
    assert not may(staff, "declaration", "submit")
