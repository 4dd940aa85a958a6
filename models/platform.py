"""What the platform itself runs on: parameters, dictionaries, counters, text messages and codes. 3.1, 3.8."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from models.kit import (
    Choice,
    Choices,
    Code,
    Declared,
    Flag,
    Flow,
    Int,
    Json,
    Mobile,
    Moment,
    Move,
    Panel,
    Said,
    Scope,
    State,
    Text,
    add,
    exact,
    field,
    filtered,
    fixed,
    hidden,
    imported,
    listed,
    masked,
    moves,
    read,
    readonly,
    searched,
    tabbed,
    unique,
    wide,
    write,
)
from models.kit.scope import INSERT, KINDS, SELECT, TENANTS, UPDATE, Rule

_READERS: dict[str, Any] = {kind: read() for kind in KINDS if kind not in ("platform", "job")}


class ParameterKind(Choices):
    TEXT = "TEXT", "文字"
    INTEGER = "INTEGER", "整数"
    FLAG = "FLAG", "是否"


class Parameter(Declared):
    """A value the operators may change while the platform runs, never a secret (系统参数). 9.12."""

    key: Mapped[str] = field("参数键", Code(60), listed, searched, unique, fixed, sample="certificate.prefix")
    name: Mapped[str] = field("参数名称", Text(60), listed, searched)
    kind: Mapped[ParameterKind] = field(
        "类型", Choice(ParameterKind), listed, fixed, default=ParameterKind.TEXT
    )
    value: Mapped[str] = field("值", Text(300), listed, help="“是否”类填true或false")
    description: Mapped[str | None] = field("说明", Text(500), wide)

    panel = Panel(
        "系统参数",
        menu="系统管理/系统参数",
        icon="adjustments",
        order=80,
        sort="key",
        allows=("add", "edit", "export"),
        desk=True,
        scope=Scope(**_READERS, platform=Rule("", (SELECT, INSERT, UPDATE))),
        checks=(
            ("kind <> 'INTEGER' or value ~ '^-?[0-9]+$'", "整数参数的值应为整数"),
            ("kind <> 'FLAG' or value in ('true', 'false')", "是否参数的值应为true或false"),
        ),
        empty="还没有系统参数",
    )


class DictionaryItem(Declared):
    """A word of a list the operators keep, such as the positions of a site principal (数据字典). R125."""

    dictionary: Mapped[str] = field("字典", Code(40), listed, searched, fixed, imported, sample="position")
    code: Mapped[str] = field("编码", Code(40), listed, searched, fixed, imported)
    label: Mapped[str] = field("显示文字", Text(60), listed, searched, imported)
    position: Mapped[int] = field("顺序", Int(0, 9999), listed, imported, default=0)
    active: Mapped[bool] = field(
        "启用", Flag(), listed, filtered, default=True, help="停用后不能再选,已选的保留"
    )

    panel = Panel(
        "字典项",
        menu="系统管理/数据字典",
        icon="vocabulary",
        title="label",
        order=81,
        sort="dictionary",
        desk=True,
        scope=Scope(**_READERS, platform=write()),
        unique=(("dictionary", "code"),),
        empty="还没有字典项",
    )


_SCOPES = {
    "account": ("账号", ("", "所属编号")),
    "slip": ("缴费单号", ("日期",)),
    "site": ("站点代码", ()),
    "school": ("院校平台编号", ("前缀",)),
    "certificate": ("证书编号", ("机构", "等级", "院校", "年份")),
    "ticket": ("准考证号", ("年份", "机构", "等级", "院校")),
    "plan": ("计划编号", ("日期",)),
}


def _scope(key: str) -> str:
    """`certificate:600002:01:511001:26` → 证书编号(机构600002,等级01,院校511001,年份26)."""
    name, *parts = key.split(":")
    label, names = _SCOPES.get(name, (name, ()))
    said = [f"{words}{part}" for words, part in zip(names, parts, strict=False) if words]
    return f"{label}({','.join(said)})" if said else label


class NumberSequence(Declared):
    """The last number given in a scope; numbers are never given twice (编号规则). R15, R65, R75, R76, R116.

    Advanced by the definer function `panel_take_numbers` alone: no role may write here.
    """

    scope_key: Mapped[str] = field("编号范围", Said(120, _scope), listed, searched, unique, readonly)
    last: Mapped[int] = field("最后编号", Int(), listed, readonly, default=0)

    panel = Panel(
        "编号",
        menu="系统管理/编号规则",
        icon="hash",
        title="scope_key",
        order=82,
        sort="scope_key",
        allows=("export",),
        desk=True,
        audit=False,
        scope=Scope(platform=read(), job=read()),
        checks=(("last >= 0", "编号不能为负"),),
        hint="编号由系统连续给出,不能修改,也不重复使用",
        empty="还没有给出过编号",
    )

    def __str__(self) -> str:
        return _scope(self.scope_key)


class SmsKind(Choices):
    """What a text message is about: codes go first and never wait, reminders go to those who asked for them."""

    CODE = "CODE", "验证码与密码"
    NOTICE = "NOTICE", "业务通知"
    REMINDER = "REMINDER", "提醒"


class SmsTemplate(Declared):
    """The words of one kind of text message, kept by the operators (短信模板). Which there are, and what may stand in
    the braces, is the code's matter (`app/services/notify.py`); `panel init` brings in the missing ones. R25."""

    key: Mapped[str] = field("模板标识", Code(40), hidden, unique, readonly)
    name: Mapped[str] = field("用途", Text(60), listed, searched, readonly)
    kind: Mapped[SmsKind] = field("类别", Choice(SmsKind), listed, filtered, readonly)
    body: Mapped[str] = field(
        "短信内容", Text(400, 2), listed, wide, help="花括号内为变量,只能使用“可用变量”中的,如{账号}"
    )
    variables: Mapped[str] = field(
        "可用变量", Text(200), listed, readonly, help="服务商模板中的{1}、{2}…依次为这些变量"
    )
    vendor_template: Mapped[str | None] = field(
        "服务商模板编号", Code(40), help="接入短信服务商时填写;未填写的模板不能经服务商发送"
    )
    active: Mapped[bool] = field(
        "启用", Flag(), listed, filtered, default=True, help="停用后不再发送这类短信"
    )

    panel = Panel(
        "短信模板",
        menu="系统管理/短信模板",
        icon="template",
        order=84,
        sort="kind,key",
        allows=("edit", "export"),
        told=("name", "kind", "variables"),
        desk=True,
        scope=Scope(**_READERS, platform=Rule("", (SELECT, UPDATE))),
        empty="还没有短信模板,请在服务器上运行 panel init",
    )


# Nobody misses these for long: a code is asked for again, a reminder stands in the console too.
PASSING_SMS = ("code", "declaration_closing", "quota_expiring")


class SmsState(Choices):
    """已发送 is what the carrier took; 已送达 and 未送达 are its delivery report."""

    QUEUED = "QUEUED", "待发送", "amber"
    SENT = "SENT", "已发送", "blue"
    DELIVERED = "DELIVERED", "已送达", "green"
    UNDELIVERED = "UNDELIVERED", "未送达", "red"
    FAILED = "FAILED", "发送失败", "red"
    CANCELLED = "CANCELLED", "已撤回", "grey"


_M = SmsState
SMS_FLOW = Flow(
    SmsState,
    _M.QUEUED,
    moves(Move("resend", "重新发送", (_M.FAILED, _M.UNDELIVERED), _M.QUEUED, icon="refresh")),
    also=(
        (_M.QUEUED, _M.SENT),
        (_M.QUEUED, _M.DELIVERED),
        (_M.QUEUED, _M.FAILED),
        (_M.QUEUED, _M.CANCELLED),
        (_M.SENT, _M.DELIVERED),
        (_M.SENT, _M.UNDELIVERED),
        (_M.FAILED, _M.CANCELLED),
        (_M.UNDELIVERED, _M.CANCELLED),
    ),
)


def _in_state(state: SmsState) -> Callable[[datetime], sa.ColumnElement[bool]]:
    return lambda _: SmsMessage.state == state


# A tenant's account sees the messages its own actions queued, and may take back one that still waits (4.3).
_SENDER = Rule("", (SELECT, INSERT, UPDATE), columns=("state",), when="created_by = (select app_account())")


class SmsMessage(Declared):
    """A text message in the outbox, queued in the transaction it tells about (短信). R25, R32."""

    mobile: Mapped[str] = field("手机号码", Mobile(), listed, masked, exact, readonly)
    template: Mapped[str] = field("模板", Code(40), hidden)
    subject: Mapped[str] = field("用途", Text(60), listed, searched, readonly, default="")
    params: Mapped[dict[str, Any]] = field("参数", Json(), hidden, default=dict)
    secrets: Mapped[dict[str, str] | None] = field("敏感参数", Json(), hidden, help="密码和验证码,发送后清除")
    body: Mapped[str] = field("内容", Text(500), listed, wide, readonly)
    state: Mapped[SmsState] = field("状态", State(SmsState), listed, tabbed, readonly, flow=SMS_FLOW)
    send_after: Mapped[datetime | None] = field(
        "不早于", Moment(), readonly, help="审核结果先等几分钟再发,其间可以收回决定"
    )
    sent_at: Mapped[datetime | None] = field("发送时间", Moment(), listed, filtered, readonly)
    reported_at: Mapped[datetime | None] = field(
        "回执时间", Moment(), listed, readonly, help="服务商告知已送达或未送达的时间"
    )
    attempts: Mapped[int] = field("尝试次数", Int(0, 100), readonly, default=0)
    receipt: Mapped[str | None] = field("服务商回执", Text(120), readonly)
    error: Mapped[str | None] = field("失败原因", Text(500), listed, readonly)
    about_table: Mapped[str | None] = field("相关对象", Code(60), hidden)
    about_id: Mapped[int | None] = field("相关记录", Int(), hidden)

    panel = Panel(
        "短信",
        menu="系统管理/短信发件箱",
        icon="message",
        title="body",
        order=83,
        allows=("export",),
        audit=False,
        scope=Scope(
            platform=(
                read(),
                Rule("", (UPDATE,), columns=("state", "sent_at", "reported_at", "receipt", "error")),
                Rule("", (INSERT,)),
            ),
            auth=add(),
            **dict.fromkeys(TENANTS, _SENDER),
        ),
        checks=(
            ("body !~ '(^|[^0-9])[0-9]{17}[0-9Xx]($|[^0-9])'", "短信内容不能含证件号码"),
            (
                "(state in ('SENT', 'DELIVERED', 'UNDELIVERED')) = (sent_at is not null)",
                "已发送的短信有发送时间",
            ),
            ("(state in ('DELIVERED', 'UNDELIVERED')) = (reported_at is not null)", "有回执的短信有回执时间"),
        ),
        indexes=(("state", "send_after"), ("about_table", "about_id"), ("mobile", "sent_at"), ("receipt",)),
        hint="每5秒发送一次;失败的自动重试,仍失败和未送达的可以“重新发送”。“需处理”中是没有到达的重要短信",
        empty="发件箱是空的",
    )
    PHASES: ClassVar[dict[str, Callable[[datetime], sa.ColumnElement[bool]]]] = {
        "需处理": lambda _: sa.and_(
            SmsMessage.state.in_((_M.FAILED, _M.UNDELIVERED)), SmsMessage.template.not_in(PASSING_SMS)
        ),
        **{state.label: _in_state(state) for state in SmsState},
    }


class CodePurpose(Choices):
    REGISTER = "REGISTER", "注册"
    LOGIN = "LOGIN", "登录"
    FORGOT = "FORGOT", "找回密码"
    SIGN = "SIGN", "签发"


class SmsCode(Declared):
    """A code sent to a mobile: six digits, five minutes, five tries (手机验证码). R7."""

    purpose: Mapped[CodePurpose] = field("用途", Choice(CodePurpose), readonly)
    target: Mapped[str] = field("手机号码", Mobile(), masked, readonly)
    code_hash: Mapped[str] = field("验证码摘要", Code(128), hidden)
    expires_at: Mapped[datetime] = field("失效时间", Moment(), readonly)
    attempts: Mapped[int] = field("尝试次数", Int(0, 5), readonly, default=0)
    used_at: Mapped[datetime | None] = field("使用时间", Moment(), readonly)
    address: Mapped[str | None] = field("来源地址", Text(60), hidden)

    panel = Panel(
        "手机验证码",
        icon="device-mobile-message",
        title="purpose",
        allows=(),
        audit=False,
        scope=Scope(auth=write()),
        checks=(("attempts between 0 and 5", "验证码最多试5次"),),
        indexes=(("target", "created_at"), ("address", "created_at"), ("expires_at",)),
    )


class Captcha(Declared):
    """A picture code that was shown: five minutes, once (图形验证码). R3, R129."""

    token: Mapped[str] = field("标识", Code(64), unique, hidden)
    code_hash: Mapped[str] = field("验证码摘要", Code(128), hidden)
    expires_at: Mapped[datetime] = field("失效时间", Moment(), hidden)
    used_at: Mapped[datetime | None] = field("使用时间", Moment(), hidden)

    panel = Panel(
        "图形验证码",
        icon="shield-half",
        title="token",
        allows=(),
        audit=False,
        scope=Scope(auth=write()),
        indexes=(("expires_at",),),
    )


__all__ = [
    "PASSING_SMS",
    "SMS_FLOW",
    "Captcha",
    "CodePurpose",
    "DictionaryItem",
    "NumberSequence",
    "Parameter",
    "ParameterKind",
    "SmsCode",
    "SmsKind",
    "SmsMessage",
    "SmsState",
    "SmsTemplate",
]
