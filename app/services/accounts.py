"""Sub-accounts and principals: opening, changing, closing, new passwords, handing over (1.2, R1, R2, R6, E12)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.access.actor import Actor, current_actor
from app.access.roles import ROLES, grantable
from app.services import audit, logins, notify, numbers
from app.services.actions import Ask, action, before_save, page_link
from app.services.errors import Conflict, DomainError, NotFound, Refused
from config import settings
from models.accounts import Account, AccountState, Kind, Role
from models.directory import Organisation, School
from models.kit import Declared, Mobile, Text, declared_models, formats
from models.regions import City, Province

CITIES = "/console/city_accounts/"
TENANT_MODELS: dict[str, type[Declared]] = {
    "province": Province,
    "city": City,
    "school": School,
    "organisation": Organisation,
}
_MENUS_OF = {
    Role.SCHOOL_STAFF: "school.manager"
}  # roles that see only ticked menus, and whose menus are offered


@dataclass(frozen=True)
class Opened:
    """A new account and its first password, to be shown once (R6)."""

    account: Account
    password: str


# What may be given


def offered_menus(role: Role) -> list[str]:
    """The menus that can be ticked for a role, in the order of the declarations; empty = it sees all its own."""
    if role not in _MENUS_OF:
        return []
    doors, own = ROLES[_MENUS_OF[role]], ROLES[role.value]
    menus = (
        "/".join(model.panel.menu_for(role.kind)).strip("/")
        for model in declared_models()
        if "list" in doors.get(model.__tablename__, ()) and "list" in own.get(model.__tablename__, ())
    )
    return [menu for menu in dict.fromkeys(menus) if menu and not menu.startswith("首页")]


def _role(actor: Actor, role: str) -> Role:
    """A role of the actor's own kind that it may give; never a second principal (R1, R2, E12)."""
    if role not in grantable(actor.role):
        raise Refused("account.role", "不能开通该角色的账号")
    return Role(role)


def _menus(role: Role, menus: Collection[str]) -> list[str] | None:
    offered = offered_menus(role)
    if not offered:
        return None
    if not menus:
        raise DomainError("account.menus", "请至少勾选一个菜单", "menus")
    if unknown := set(menus) - set(offered):
        raise DomainError("account.menus", f"不能授予菜单:{'、'.join(sorted(unknown))}", "menus")
    return [menu for menu in offered if menu in menus]


def _person(name: str, mobile: str) -> tuple[str, str]:
    """Every account has its own name and mobile: password resets go there (1.2)."""
    try:
        name = Text(50, 2, formats.person_name).normalise(name)
    except formats.FormatError as error:
        raise DomainError("account.name", str(error), "name") from None
    try:
        mobile = formats.mobile(mobile)
    except formats.FormatError as error:
        raise DomainError("account.mobile", str(error), "mobile") from None
    if not name:
        raise DomainError("account.name", "请填写姓名", "name")
    return name, mobile


def _require_room(session: Session, actor: Actor) -> None:
    """At most fifty active sub-accounts a tenant (1.2); one at a time asks."""
    session.execute(
        sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext(f"accounts:{actor.kind}:{actor.tenant}")))
    )
    active = session.scalar(
        sa.select(sa.func.count())
        .select_from(Account)
        .where(
            Account.kind == actor.kind,
            *_of_tenant(actor),
            ~Account.is_principal,
            Account.state == AccountState.ACTIVE,
        )
    )
    if (active or 0) >= settings().sub_accounts:
        raise Conflict("account.many", f"下级账号已达{settings().sub_accounts}个,请先停用不再使用的账号")


def _of_tenant(actor: Actor) -> list[sa.ColumnElement[bool]]:
    return [] if actor.kind == "platform" else [getattr(Account, f"{actor.kind}_id") == actor.tenant]


# Opening and changing


def create(
    session: Session, actor: Actor, *, role: str, name: str, mobile: str, menus: Collection[str] = ()
) -> Opened:
    """A sub-account of the actor's own tenant; the user name is the platform's, the password is told once (R2, R6)."""
    given = _role(actor, role)
    name, mobile = _person(name, mobile)
    ticked = _menus(given, menus)
    _require_room(session, actor)
    tenant = {} if actor.kind == "platform" else {f"{actor.kind}_id": actor.tenant}
    account = Account(
        username=_username(session, actor.kind, actor.tenant),
        name=name,
        mobile=mobile,
        kind=Kind(actor.kind),
        role=given,
        is_principal=False,
        menus=ticked,
        **tenant,
    )
    session.add(account)
    session.flush()
    return Opened(account, set_first_password(session, account))


def open_principal(session: Session, kind: str, tenant_id: int, *, name: str, mobile: str) -> Opened:
    """The one principal account of a tenant, as whoever admits it: the platform's operator, or the province for its
    cities (R1, 1.1). The user name is the tenant's code."""
    name, mobile = _person(name, mobile)
    tenant = session.get(TENANT_MODELS[kind], tenant_id)
    if tenant is None:
        raise NotFound()
    column = getattr(Account, f"{kind}_id")
    if session.scalar(sa.select(Account.id).where(column == tenant_id, Account.is_principal)) is not None:
        raise Conflict("account.principal", "该单位已有负责人账号;更换负责人请用“移交”")
    account = Account(
        username=_code(tenant),
        name=name,
        mobile=mobile,
        kind=Kind(kind),
        role=Role(f"{kind}.principal"),
        is_principal=True,
        **{f"{kind}_id": tenant_id},
    )
    session.add(account)
    session.flush()
    return Opened(account, set_first_password(session, account))


@dataclass(frozen=True)
class CityAccount:
    """A city of a province, and the account of its bureau if it has one."""

    city: City
    account: Account | None


def city_accounts(session: Session, province: int) -> list[CityAccount]:
    """Every city of a province, those without an account first: one statement (1.1)."""
    found = (
        sa.select(City, Account)
        .join(Account, sa.and_(Account.city_id == City.id, Account.is_principal), isouter=True)
        .where(City.province_id == province)
        .order_by(Account.id.is_not(None), City.code)
    )
    return [CityAccount(city, account) for city, account in session.execute(found)]


def _code(tenant: Any) -> str:
    return str(tenant.school_code if isinstance(tenant, School) else tenant.code)


def _username(session: Session, kind: str, tenant: int | None) -> str:
    """The tenant's code and a running number that is never given twice: 4137010028-01."""
    number = numbers.take(session, f"account:{kind}:{tenant or 0}")[0]
    prefix = "platform" if tenant is None else _code(session.get_one(TENANT_MODELS[kind], tenant))
    return f"{prefix}-{number:02d}"


def set_first_password(session: Session, account: Account) -> str:
    """A platform-made password, sent to the account's mobile, to be changed at first log-in; returned to be shown
    once. Its sessions end (R5, R6)."""
    password = logins.first_password()
    session.execute(sa.select(sa.func.panel_set_credential(account.id, logins.hash_password(password))))
    notify.sms(
        session,
        account.mobile,
        "first_password",
        {"username": account.username, "password": password},
        about=("account", account.id),
    )
    session.refresh(account, ["epoch", "version", "updated_at", "updated_by"])
    return password


def change(
    session: Session,
    actor: Actor,
    account: Account,
    *,
    role: str,
    name: str,
    mobile: str,
    menus: Collection[str] = (),
) -> None:
    """Another name, mobile, role or set of menus; with other rights it must log in anew."""
    _require_mine(actor, account)
    if account.is_principal:
        raise Conflict("account.principal", "负责人账号只能移交,不能修改")
    given = account.role if role == account.role.value else _role(actor, role)
    ticked = _menus(given, menus)
    account.name, account.mobile = _person(name, mobile)
    if (given, ticked) != (account.role, account.menus):
        account.role, account.menus = given, ticked
        account.epoch += 1
    session.flush()


@before_save(Account)
def _guard(session: Session, actor: Actor, row: Account, values: dict[str, Any]) -> None:
    """Whatever way an account is saved: never a role above one's own, never a second principal (E12)."""
    if row.is_principal or row.role.value not in grantable(actor.role):
        raise Refused("account.role", "不能开通该角色的账号")


# Closing, opening again, new passwords


def manages(actor: Actor, account: Account) -> bool:
    """Whom an actor may close, reset or change: never itself; a manager only staff, a principal all of its tenant,
    a province also its cities, the platform's operator everybody."""
    if account.id == actor.account:
        return False
    own = actor.kind == account.kind.value and getattr(account, f"{actor.kind}_id", None) == actor.tenant
    match actor.role:
        case "platform.operator":
            return True
        case "school.manager":
            return own and account.role is Role.SCHOOL_STAFF
        case "province.principal":
            return own or account.kind is Kind.CITY  # the wall shows it none but its own
        case _:
            return own and actor.role.endswith(".principal")


def _require_mine(actor: Actor, account: Account) -> None:
    if not manages(actor, account):
        raise Refused("account.not_yours", f"不能管理账号“{account.username}”")


def _mine(state: AccountState | None, row: Account) -> bool:
    """Whether to draw a button; its service asks again."""
    return state in (None, row.state) and manages(current_actor(), row)


@action(
    Account,
    "disable",
    "停用",
    icon="user-off",
    order=20,
    danger=True,
    when=partial(_mine, AccountState.ACTIVE),
    confirm="停用后该账号立即退出且不能登录;由它开通的账号不受影响",
)
def disable(session: Session, actor: Actor, rows: Sequence[Account]) -> str:
    for account in rows:
        _require_mine(actor, account)
        if account.is_principal and account.kind.value == actor.kind and actor.kind != "platform":
            raise Conflict("account.principal", "负责人账号不能停用")
        account.state = AccountState.DISABLED
        account.epoch += 1
    session.flush()
    return f"已停用{len(rows)}个账号"


@action(Account, "enable", "启用", icon="user-check", order=21, when=partial(_mine, AccountState.DISABLED))
def enable(session: Session, actor: Actor, rows: Sequence[Account]) -> str:
    for account in rows:
        _require_mine(actor, account)
        if not account.is_principal and account.kind.value == actor.kind:
            _require_room(session, actor)
        account.state = AccountState.ACTIVE
        session.flush()
    return f"已启用{len(rows)}个账号"


@action(
    Account,
    "reset_password",
    "重置密码",
    icon="key",
    order=22,
    when=partial(_mine, AccountState.ACTIVE),
    confirm="新密码将短信发送到该账号的手机,原密码立即失效",
)
def reset_password(session: Session, actor: Actor, rows: Sequence[Account]) -> str:
    """A new first password, told to the account's own mobile and to nobody else."""
    for account in rows:
        _require_mine(actor, account)
        if not account.mobile:
            raise DomainError("account.mobile", f"账号“{account.username}”没有手机号码,不能重置密码")
        set_first_password(session, account)
    return f"已重置{len(rows)}个账号的密码,新密码已短信发送"


@action(
    Account,
    "hand_over",
    "移交",
    on="one",
    icon="transfer",
    order=23,
    when=lambda row: (
        row.is_principal and (row.id == current_actor().account or manages(current_actor(), row))
    ),
    asks=(
        Ask("name", "新负责人姓名", Text(50, 2, formats.person_name)),
        Ask("mobile", "新负责人手机号码", Mobile(), help="新密码将短信发送到这个号码"),
        Ask("proof", "移交依据", Text(500, 2), help="任免文件名称、文号和日期"),
    ),
    confirm="移交后原负责人立即退出,账号不变,由新负责人凭短信中的新密码登录",
)
def hand_over(
    session: Session, actor: Actor, rows: Sequence[Account], name: str, mobile: str, proof: str
) -> str:
    """The principal account passes to another holder; there is never a second one (R1, 9.16)."""
    for account in rows:
        if not account.is_principal:
            raise Conflict("account.principal", "只有负责人账号可以移交")
        if account.id != actor.account:
            _require_mine(actor, account)
        account.name, account.mobile = _person(name, mobile)
        session.flush()
        audit.note(session, "hand_over", account, proof)
        set_first_password(session, account)
    return "账号已移交,新密码已短信发送给新负责人"


# Pages of their own (views/consoles/accounts.py)

page_link(
    Account, "add", "新增账号", "/console/accounts/add", on="list", icon="user-plus", primary=True, order=1
)
page_link(
    Account,
    "edit",
    "编辑",
    "/console/accounts/{id}/edit",
    on="one",
    icon="edit",
    order=10,
    when=lambda row: not row.is_principal and _mine(None, row),
)
page_link(City, "accounts", "地市账号", CITIES, on="list", icon="user-cog", order=41)
for _model in (City, Province):
    page_link(
        _model,
        "open_account",
        "开通负责人账号",
        f"/console/accounts/principal/{_model.__tablename__}/{{id}}",
        on="one",
        icon="user-plus",
        order=40,
    )
