"""Accounts, their secrets, and the trail of who did what (3.1, 1.2)."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, INT8MULTIRANGE
from sqlalchemy.orm import Mapped, mapped_column

from models.kit import (
    Choice,
    Choices,
    Code,
    Declared,
    Flag,
    Int,
    Json,
    Mobile,
    Moment,
    Panel,
    Said,
    Scope,
    Secret,
    Text,
    add,
    change,
    declared_models,
    exact,
    field,
    filtered,
    formats,
    hidden,
    listed,
    masked,
    read,
    readonly,
    reference,
    searched,
    sortable,
    tabbed,
    unique,
    wide,
    write,
)
from models.kit.scope import TENANTS


class Kind(Choices):
    """The kinds of actor that log in (1.1)."""

    PLATFORM = "platform", "平台"
    PROVINCE = "province", "省级教育行政部门"
    CITY = "city", "地市级教育局"
    SCHOOL = "school", "院校"
    ORGANISATION = "organisation", "培训评价组织"
    CANDIDATE = "candidate", "考生"


class Role(Choices):
    """The roles inside each kind of tenant (1.2). What each may do is the table in `app/access/roles.py`."""

    PLATFORM_OPERATOR = "platform.operator", "运营"
    PLATFORM_AUDITOR = "platform.auditor", "审计员"
    PLATFORM_EDITOR = "platform.editor", "编辑"
    PROVINCE_PRINCIPAL = "province.principal", "负责人"
    PROVINCE_STAFF = "province.staff", "经办人"
    CITY_PRINCIPAL = "city.principal", "负责人"
    CITY_STAFF = "city.staff", "经办人"
    SCHOOL_PRINCIPAL = "school.principal", "院校负责人"
    SCHOOL_MANAGER = "school.manager", "院校业务管理员"
    SCHOOL_STAFF = "school.staff", "业务员"
    ORGANISATION_PRINCIPAL = "organisation.principal", "组织负责人"
    ORGANISATION_MANAGER = "organisation.manager", "业务管理员"
    ORGANISATION_CLERK = "organisation.clerk", "成绩登记员"
    CANDIDATE = "candidate", "考生"

    @property
    def kind(self) -> str:
        return self.value.partition(".")[0]

    @property
    def in_full(self) -> str:
        """With its kind, where the label does not say it: 地市级教育局 · 经办人."""
        kind = Kind(self.kind).label
        return self.label if self.label.startswith(kind) else f"{kind} · {self.label}"


class AccountState(Choices):
    ACTIVE = "ACTIVE", "正常", "green"
    DISABLED = "DISABLED", "已停用", "red"


_OWN = read(when="id = (select app_account())")
# A province opens and closes the accounts of its city bureaus (1.1).
_CITIES = "kind = 'city' and city_id in (select c.id from city c where c.province_id = (select app_tenant()))"


class Account(Declared):
    """A login of a tenant; its secrets are in `Credential` (账号). R1, R2, R6; 1.2 delegation."""

    username: Mapped[str] = field("账号", Code(40), listed, searched, unique, readonly, help="由系统生成")
    name: Mapped[str] = field("姓名", Text(50, 2, formats.person_name), listed, searched)
    mobile: Mapped[str | None] = field(
        "手机号码", Mobile(), listed, masked, exact, help="重置密码的短信发到这个号码"
    )
    kind: Mapped[Kind] = field("类别", Choice(Kind), hidden, filtered)
    role: Mapped[Role] = field("角色", Choice(Role), listed, filtered)
    is_principal: Mapped[bool] = field("负责人账号", Flag(), readonly, default=False)
    menus: Mapped[list[str] | None] = mapped_column(ARRAY(sa.String(60)))
    state: Mapped[AccountState] = field(
        "状态", Choice(AccountState), listed, tabbed, readonly, default=AccountState.ACTIVE
    )
    province_id: Mapped[int | None] = reference("省厅", "province", hidden)
    city_id: Mapped[int | None] = reference("地市局", "city", hidden)
    school_id: Mapped[int | None] = reference("院校", "school", hidden)
    organisation_id: Mapped[int | None] = reference("培训评价组织", "organisation", hidden)
    person_id: Mapped[int | None] = reference("考生", "person", hidden)
    last_login_at: Mapped[datetime | None] = field("最近登录", Moment(), listed, readonly)
    epoch: Mapped[int] = field("会话代次", Int(), hidden, default=1)

    panel = Panel(
        "账号",
        menu="系统管理/账号管理",
        icon="user-cog",
        order=90,
        sort="id",
        allows=(),  # opened and changed on pages of their own (views/consoles/accounts.py)
        scope=Scope(
            platform=write(),
            province=(
                write("province_id", roles=("principal",)),
                write(when=_CITIES, roles=("principal",)),
                read("province_id"),
                _OWN,
            ),
            city=(write("city_id", roles=("principal",)), read("city_id"), _OWN),
            school=(
                write("school_id", roles=("principal",)),
                write("school_id", when="role = 'school.staff'", roles=("manager",)),
                read("school_id"),
                _OWN,
            ),
            organisation=(write("organisation_id", roles=("principal",)), read("organisation_id"), _OWN),
            candidate=_OWN,
            auth=change("", "last_login_at", "name", "mobile", "epoch"),
        ),
        empty="还没有下级账号,点“新增”为同事开通",
        checks=(
            (
                "num_nonnulls(province_id, city_id, school_id, organisation_id, person_id) = (kind <> 'platform')::int",
                "账号只属于一个机构",
            ),
            ("split_part(role, '.', 1) = kind", "角色与类别一致"),
            ("is_principal = (split_part(role, '.', 2) = 'principal')", "负责人账号就是负责人角色的账号"),
            (
                "kind = case when province_id is not null then 'province' when city_id is not null then 'city'"
                " when school_id is not null then 'school' when organisation_id is not null then 'organisation'"
                " when person_id is not null then 'candidate' else 'platform' end",
                "账号的类别与所属机构一致",
            ),
        ),
        unique_when=tuple(
            ((f"{kind}_id",), "is_principal", "每个机构只有一个负责人账号")
            for kind in ("province", "city", "school", "organisation")
        ),
    )


class Credential(Declared):
    """Password hash and lockout of an account: read before the actor is known, by nobody else.

    R4: five wrong passwords in 15 minutes lock for 15 minutes. Raising `Account.epoch` ends all sessions (R5)."""

    account_id: Mapped[int] = reference("账号", "account", hidden)
    password_hash: Mapped[str] = field("密码", Text(200), hidden)
    must_change: Mapped[bool] = field("首次登录须改密", Flag(), hidden, default=True)
    failures: Mapped[int] = field("失败次数", Int(), hidden, default=0)
    first_failure_at: Mapped[datetime | None] = field("首次失败", Moment(), hidden)
    locked_until: Mapped[datetime | None] = field("锁定至", Moment(), hidden)
    panel = Panel(
        "凭据",
        scope=Scope(auth=write()),
        title="id",
        allows=(),
        audit=False,
        unique=(("account_id",),),
    )


class SecondFactor(Declared):
    """One-time codes of an authenticator app for an account, asked after its password (design 7).

    Read before the actor is known, by nobody else. `last_step` is the newest half minute whose code was used: no code
    opens twice. `recovery` holds keyed hashes of the codes for a lost phone, each gone when it is used."""

    account_id: Mapped[int] = reference("账号", "account", hidden)
    secret: Mapped[str] = field("密钥", Secret(), hidden)
    active: Mapped[bool] = field("已启用", Flag(), hidden, default=False)
    last_step: Mapped[int] = field("最近使用", Int(), hidden, default=0)
    recovery: Mapped[list[str]] = mapped_column(ARRAY(sa.String(64)), server_default="{}")
    panel = Panel(
        "动态验证码",
        scope=Scope(auth=write()),
        title="id",
        allows=(),
        audit=False,
        unique=(("account_id",),),
    )


class LoginRecord(Declared):
    """A log-in, successful or not (登录日志)."""

    account_id: Mapped[int | None] = reference("账号", "account", hidden)
    username: Mapped[str] = field("账号", Text(60), listed, searched)
    outcome: Mapped[str] = field("结果", Text(40), listed)
    address: Mapped[str] = field("地址", Text(60), listed)
    school_id: Mapped[int | None] = reference("院校", "school", hidden)
    organisation_id: Mapped[int | None] = reference("培训评价组织", "organisation", hidden)
    province_id: Mapped[int | None] = reference("省厅", "province", hidden)
    city_id: Mapped[int | None] = reference("地市局", "city", hidden)
    at: Mapped[datetime] = field("时间", Moment(), listed, filtered)

    panel = Panel(
        "登录日志",
        indexes=(("username", "at"),),  # the lock of names nobody has counts them (R4)
        menu="系统管理/登录日志",
        icon="login",
        order=92,
        title="username",
        allows=("export",),
        append_only=True,
        audit=False,
        scope=Scope(
            platform=read(),
            province=read("province_id"),
            city=read("city_id"),
            school=read("school_id"),
            organisation=read("organisation_id"),
            auth=add(),
        ),
    )


_DEEDS = {
    "INSERT": "新增", "UPDATE": "修改", "DELETE": "删除", "EXPORT": "导出", "UNMASK": "查看完整号码",
    "REFUSED": "越权被拒", "hand_over": "移交账号", "extend": "延长",
}  # fmt: skip
_NOBODY = {"auth": "登录与认证", "job": "系统任务", "public": "公众"}


def _who(actor: str) -> str:
    """`school.principal` → 院校 · 院校负责人."""
    if actor in _NOBODY or actor not in list(Role):
        return _NOBODY.get(actor, actor)
    return Role(actor).in_full


def _tables() -> list[tuple[str, str]]:
    return sorted(
        ((model.__tablename__, model.panel.label) for model in declared_models() if model.panel.audit),
        key=lambda pair: pair[1],
    )


def _table(name: str) -> str:
    labels = {model.__tablename__: model.panel.label for model in declared_models()}
    return labels.get(name, name)


class AuditEntry(Declared):
    """Who did what, when, from where; written by triggers, changed by nobody (审计). R135, D9."""

    at: Mapped[datetime] = field("时间", Moment(), listed, filtered, sortable)
    actor: Mapped[str] = field("身份", Said(40, _who), listed)
    account_id: Mapped[int | None] = reference("账号", "account", listed)
    tenant_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    address: Mapped[str | None] = field("来源地址", Text(60), listed)
    request: Mapped[str | None] = field("请求编号", Text(40))
    action: Mapped[str] = field(
        "动作", Said(40, lambda deed: _DEEDS.get(deed, deed), lambda: list(_DEEDS.items())), listed, exact
    )
    table_name: Mapped[str] = field("对象", Said(60, _table, _tables), listed, exact)
    row_id: Mapped[int | None] = field("对象编号", Int(), listed)
    keys: Mapped[str | None] = mapped_column(INT8MULTIRANGE)
    rows: Mapped[int] = field("行数", Int(), default=1)
    changes: Mapped[dict[str, object] | None] = field("变更", Json(), wide)
    reason: Mapped[str | None] = field("原因", Text(500), listed)

    panel = Panel(
        "操作日志",
        menu="系统管理/操作日志",
        icon="history",
        order=93,
        title="action",
        allows=("export",),
        append_only=True,
        audit=False,
        indexes=(("table_name", "row_id"), ("at",)),
        scope=Scope(
            platform=read(),
            **{kind: read("tenant_id", when=f"split_part(actor, '.', 1) = '{kind}'") for kind in TENANTS},
            job=add(),
        ),
    )

    def __str__(self) -> str:
        return f"{_DEEDS.get(self.action, self.action)}{_table(self.table_name)}"
