"""Delegation inside a tenant: sub-accounts, first passwords, hand-over (1.2, R1, R2, R6, E12)."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, ProgrammingError

from app.access.actor import AUTH, JOB, Actor
from app.access.roles import ROLES, grantable, permissions
from app.services import accounts, logins
from app.services.errors import Conflict, DomainError, Refused
from config import settings
from models.accounts import Account, AccountState, AuditEntry, Kind, Role
from models.platform import SmsMessage
from tests.factories import account
from tests.factories_declarations import Cast, cast
from tests.models.world import PLATFORM

CANDIDATES = "考试管理/考生管理"
WHO = {"name": "赵业务", "mobile": "13700000001"}


def staff(as_: Any, actor: Actor, **values: Any) -> accounts.Opened:
    with as_(actor) as db:
        opened = accounts.create(
            db, actor, **{"role": "school.staff", "menus": [CANDIDATES], **WHO, **values}
        )
        db.commit()
        return opened


def state_of(as_: Any, key: int) -> Account:
    with as_(JOB) as db:
        return db.get_one(Account, key)  # type: ignore[no-any-return]


def log_in(as_: Any, username: str, password: str) -> bool:
    with as_(AUTH) as db:
        try:
            logins.authenticate(db, username, password, "127.0.0.1")
            return True
        except DomainError:
            return False


def test_a_sub_account_gets_a_platform_made_name_and_password_told_once_and_by_message(as_: Any) -> None:
    people = cast(as_)
    opened = staff(as_, people.school)
    assert opened.account.username == "4137010028-01"
    assert len(opened.password) == 10
    assert log_in(as_, opened.account.username, opened.password)
    with as_(AUTH) as db:
        assert logins.must_change(db, opened.account.id)
    with as_(PLATFORM) as db:
        message = db.scalars(sa.select(SmsMessage)).one()
        assert opened.password in message.body
        assert (message.mobile, "password" in message.params) == (WHO["mobile"], False)
    assert staff(as_, people.school).account.username == "4137010028-02"


@pytest.mark.parametrize("role", [*ROLES, "school.nobody", ""])
def test_e12_nobody_gives_a_role_that_is_not_his_to_give(as_: Any, role: str) -> None:
    """Check 5: for a school's principal and manager, every role there is."""
    people = cast(as_)
    for actor, may_give in (
        (people.school, {"school.manager", "school.staff"}),
        (people.manager, {"school.staff"}),
    ):
        if role in may_give:
            assert staff(as_, actor, role=role).account.role.value == role
        else:
            with pytest.raises(Refused, match="不能开通该角色"):
                staff(as_, actor, role=role)


@pytest.mark.parametrize("creator", [role for role in ROLES if role not in ("public", "candidate")])
def test_a_sub_account_never_has_more_rights_than_its_creator(creator: str) -> None:
    kind = creator.partition(".")[0]
    for role in grantable(creator):
        assert role.partition(".")[0] == kind
        assert not role.endswith(".principal")
        assert kind == "platform" or permissions(role) <= permissions(creator)


def test_r1_a_second_principal_is_impossible_even_past_the_services(as_: Any) -> None:
    people = cast(as_)
    with as_(people.school) as db, pytest.raises(IntegrityError):
        db.add(
            Account(
                username="second",
                kind=Kind.SCHOOL,
                role=Role.SCHOOL_PRINCIPAL,
                is_principal=True,
                school_id=11,
                **WHO,
            )
        )
        db.flush()


def test_a_manager_writes_the_rows_of_staff_alone(as_: Any) -> None:
    people = cast(as_)
    with as_(people.manager) as db:
        principal = sa.update(Account).where(Account.id == people.school.account).values(mobile="13700000009")
        assert db.execute(principal).rowcount == 0


def test_staff_see_only_menus_their_creator_ticked(as_: Any) -> None:
    people = cast(as_)
    assert staff(as_, people.manager).account.menus == [CANDIDATES]
    for menus in ([], ["系统管理/账号管理"], ["指标管理/没有"]):
        with pytest.raises(DomainError) as refusal:
            staff(as_, people.manager, menus=menus)
        assert refusal.value.field == "menus"


def test_at_most_fifty_sub_accounts_are_active(as_: Any) -> None:
    people = cast(as_)
    with as_(JOB) as db:
        kept = [
            account(db, Role.SCHOOL_STAFF, school_id=11) for _ in range(settings().sub_accounts - 1)
        ]  # and a manager
        db.commit()
    with pytest.raises(Conflict, match="已达50个"):
        staff(as_, people.school)
    with as_(people.school) as db:
        accounts.disable(db, people.school, [db.get_one(Account, kept[0].id)])
        db.commit()
    staff(as_, people.school)
    with as_(people.school) as db, pytest.raises(Conflict, match="已达50个"):
        accounts.enable(db, people.school, [db.get_one(Account, kept[0].id)])


def test_disabling_a_creator_leaves_what_it_created(as_: Any) -> None:
    people = cast(as_)
    made = staff(as_, people.manager)
    with as_(people.school) as db:
        accounts.disable(db, people.school, [db.get_one(Account, people.manager.account)])
        db.commit()
    assert state_of(as_, people.manager.account or 0).state is AccountState.DISABLED
    assert log_in(as_, made.account.username, made.password)


def test_nobody_closes_itself_its_principal_or_its_equals(as_: Any) -> None:
    people = cast(as_)
    for actor, target in (
        (people.school, people.school),
        (people.manager, people.school),
        (people.manager, people.manager),
    ):
        with as_(actor) as db, pytest.raises(Refused):
            accounts.disable(db, actor, [db.get_one(Account, target.account)])


def test_a_new_password_goes_to_the_accounts_own_mobile_and_ends_its_sessions(as_: Any) -> None:
    people = cast(as_)
    made = staff(as_, people.school)
    with as_(people.school) as db:
        accounts.reset_password(db, people.school, [db.get_one(Account, made.account.id)])
        db.commit()
    assert not log_in(as_, made.account.username, made.password)
    assert state_of(as_, made.account.id).epoch == made.account.epoch + 1
    with as_(PLATFORM) as db:
        assert db.scalars(sa.select(SmsMessage.mobile)).all() == [WHO["mobile"]] * 2


def test_the_principal_account_is_handed_over_with_proof_and_stays_the_only_one(as_: Any) -> None:
    people = cast(as_)
    with as_(people.school) as db:
        principal = db.get_one(Account, people.school.account)
        accounts.hand_over(
            db, people.school, [principal], name="钱校长", mobile="13700000002", proof="青院任〔2020〕3号"
        )
        db.commit()
    with as_(PLATFORM) as db:
        holders = db.scalars(sa.select(Account).where(Account.school_id == 11, Account.is_principal)).all()
        assert [(holder.name, holder.mobile) for holder in holders] == [("钱校长", "13700000002")]
        assert "青院任〔2020〕3号" in db.scalars(sa.select(AuditEntry.reason)).all()
        assert db.scalars(sa.select(SmsMessage.mobile)).all() == ["13700000002"]


def test_a_changed_role_ends_the_sessions_a_changed_name_does_not(as_: Any) -> None:
    people = cast(as_)
    made = staff(as_, people.school)
    for role, ended in (("school.staff", 0), ("school.manager", 1)):
        before = state_of(as_, made.account.id).epoch
        with as_(people.school) as db:
            row = db.get_one(Account, made.account.id)
            accounts.change(
                db, people.school, row, role=role, name="孙业务", mobile=WHO["mobile"], menus=[CANDIDATES]
            )
            db.commit()
        assert state_of(as_, made.account.id).epoch == before + ended


def province_opens_city(as_: Any, people: Cast, city: int) -> accounts.Opened:
    with as_(people.province) as db:
        opened = accounts.open_principal(db, "city", city, name="周地市", mobile="13700000003")
        db.commit()
        return opened


def test_a_province_opens_the_accounts_of_its_own_cities(as_: Any) -> None:
    people = cast(as_)
    opened = province_opens_city(as_, people, 3)
    assert (opened.account.username, opened.account.role) == ("370100", Role.CITY_PRINCIPAL)
    assert log_in(as_, "370100", opened.password)
    with pytest.raises(Conflict, match="已有负责人账号"):
        province_opens_city(as_, people, 3)
    with pytest.raises(ProgrammingError, match="row-level security"):
        province_opens_city(as_, people, 1)  # Beijing's


@pytest.mark.parametrize("who", ["staff", "city", "school", "manager"])
def test_nobody_sets_a_password_of_an_account_that_is_not_his_to_manage(as_: Any, who: str) -> None:
    people = cast(as_)
    actor = getattr(people, who)
    with as_(actor) as db, pytest.raises(ProgrammingError, match="not this actor's"):
        db.execute(sa.select(sa.func.panel_set_credential(people.province.account, "x")))
