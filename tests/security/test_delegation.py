"""Nobody gives what they do not have (check 5; R1, R2, E12): every creator × every role, through the page and by
raw SQL below it."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from app.access.actor import acting_as
from app.access.roles import ROLES, grantable, permissions
from models.accounts import Role
from tests.security.conftest import Demo

CREATORS = [role for role in ROLES if any(verb == "add" for verb in ROLES[role].get("account", ()))]
GIVEN = [role.value for role in Role]
TENANT = {
    "province": "province_id",
    "city": "city_id",
    "school": "school_id",
    "organisation": "organisation_id",
}


@pytest.mark.parametrize("creator", ROLES)
def test_what_may_be_given_is_of_one_s_own_kind_and_never_more_than_one_has(creator: str) -> None:
    for role in grantable(creator):
        assert role.partition(".")[0] == creator.partition(".")[0]
        assert not role.endswith(".principal")
        if not creator.startswith("platform."):
            assert permissions(role) <= permissions(creator)
    assert (creator in CREATORS) == bool(grantable(creator))


@pytest.mark.demo(fresh=True)
@pytest.mark.parametrize("creator", CREATORS)
def test_E12_a_forged_role_is_refused_and_leaves_no_account(creator: str, demo: Demo) -> None:
    browser, allowed, number = demo.browser(creator), grantable(creator), 0
    for role in [*GIVEN, "platform", "school.", "", "SCHOOL.STAFF", "school.staff "]:
        before, number = len(demo.every("account")), number + 1
        form = {
            "name": "新同事",
            "mobile": f"1360000{number:04d}",
            "role": role,
            "menus": ["考试管理/考生管理"],
        }
        answer = browser.post("/console/accounts/add", form)
        made = len(demo.every("account")) - before
        assert made == (1 if role in allowed else 0), (role, answer.status_code)
        assert answer.status_code in ((200, 302) if role in allowed else (403, 404, 409, 422)), role


@pytest.mark.demo
@pytest.mark.parametrize("creator", CREATORS)
def test_below_the_page_no_account_of_another_kind_or_tenant_can_be_written(creator: str, demo: Demo) -> None:
    """The wall and the checks of the table: kind, role and tenant belong together, and the tenant is one's own."""
    actor, wrong = demo.actor(creator), []
    own = TENANT.get(actor.kind)
    with acting_as(actor, demo.session):
        for role in GIVEN:
            kind = role.partition(".")[0]
            for column, tenant in {
                (TENANT.get(kind), 1),
                (TENANT.get(kind), 2),
                (own, actor.tenant),
                (own, 1),
            }:
                if _inserted(demo, role, kind, column, tenant):
                    fits = actor.kind == "platform" or (kind == actor.kind and tenant == actor.tenant)
                    of_a_city = creator == "province.principal" and kind == "city"
                    if not fits and not of_a_city:
                        wrong.append((role, column, tenant))
    assert wrong == []


def _inserted(demo: Demo, role: str, kind: str, column: str | None, tenant: int | None) -> bool:
    names, values = ("", "") if column is None else (f", {column}", ", :tenant")
    savepoint = demo.session.begin_nested()
    try:
        demo.session.execute(
            sa.text(
                f"insert into account (username, name, kind, role, is_principal, state, epoch{names})"
                f" values ('forged', '伪造账号', :kind, :role, :principal, 'ACTIVE', 1{values})"
            ),
            {"kind": kind, "role": role, "principal": role.endswith(".principal"), "tenant": tenant},
        )
    except sa.exc.DBAPIError:
        return False
    finally:
        if savepoint.is_active:
            savepoint.rollback()
    return True


@pytest.mark.demo
def test_an_account_s_kind_and_its_tenant_belong_together(demo: Demo) -> None:
    """Else an organisation's account could stand in a school's list, or act as nobody at all."""
    wrong = []
    with demo.owner.connect() as connection:
        for kind in TENANT:
            for other, column in TENANT.items():
                if other == kind:
                    continue
                savepoint = connection.begin_nested()
                try:
                    connection.execute(
                        sa.text(
                            f"insert into account (username, name, kind, role, is_principal, state, epoch, {column})"
                            " values ('forged', '伪造账号', :kind, :role, false, 'ACTIVE', 1, 1)"
                        ),
                        {"kind": kind, "role": f"{kind}.staff"},
                    )
                    wrong.append((kind, column))
                except sa.exc.IntegrityError:
                    pass
                finally:
                    if savepoint.is_active:
                        savepoint.rollback()
    assert wrong == []
