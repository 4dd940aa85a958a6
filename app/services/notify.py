"""Telling people: in-app messages and text messages, queued in the transaction they tell about (section 4, R25, R32)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.services import sms_words
from app.services.actions import Aid, aided, before_save
from app.services.errors import DomainError
from app.services.sets import insert_rows
from app.services.sms_words import Variable
from models.directory import School
from models.jobs import Message, MessageKind
from models.kit import clock
from models.platform import SmsKind, SmsMessage, SmsTemplate

# What each kind of text message says until the operators word it otherwise. What stands in the braces here is what
# the sender gives (app/services/sms_words.py), in the order in which a vendor's template counts it.
TEXTS = {
    "first_password": "您的账号{账号}已开通,初始密码{密码},首次登录请修改。",
    "declaration_approved": "贵校申报的{证书}已通过审核,批准{人数}人。",
    "declaration_refused": "贵校申报的{证书}未通过审核:{原因}",
    "quota_changed": "贵校{证书}本年度指标调整为{人数}人。",
    "became_pilot": "贵校已成为{年度}年试点院校,可使用原账号登录业务平台。",
    "site_decided": "贵校考点{考点}的申报{结果}。",
    "score_corrected": "您的{科目}成绩已更正,请登录学生个人空间查看。",
    "certificate_issued": "您的{证书}证书已签发,请登录学生个人空间查看。",
    "plan_cancelled": "考试计划{考试计划}已取消:{原因}",
    "code": "验证码{验证码},{分钟}分钟内有效。请勿告诉他人。",
    "certificate_revoked": "您的{证书}证书已注销,如有疑问请联系颁证机构。",
    "directory_answered": "您反映的{院校}名录问题{结果}:{答复}",
    "quota_expiring": "贵校{年度}年度有{项数}项证书共{剩余人数}人的指标未使用,12月31日24:00作废。",
    "declaration_closing": "贵校有{项数}项申报尚未提交,{批次}将于{截止时间}截止。",
}
NAMES = {
    "first_password": "账号开通和重置密码",
    "declaration_approved": "申报审核通过",
    "declaration_refused": "申报审核不通过",
    "quota_changed": "指标调整",
    "became_pilot": "成为试点院校",
    "site_decided": "考点审核结果",
    "score_corrected": "成绩更正",
    "certificate_issued": "证书签发",
    "plan_cancelled": "考试计划取消",
    "code": "手机验证码",
    "certificate_revoked": "证书注销",
    "directory_answered": "名录反馈答复",
    "quota_expiring": "指标到期提醒",
    "declaration_closing": "申报截止提醒",
}
CODES = frozenset({"code", "first_password"})  # cannot be switched off, go first, know no daily cap
REMINDERS = frozenset({"declaration_closing", "quota_expiring"})  # for those who asked for them
SECRETS = frozenset({"password", "code"})  # parameters that do not outlive the sending
_HIDDEN = "******"


@dataclass(frozen=True)
class Note:
    """An in-app message; `to` says whose: `{"school_id": …}`, `organisation_id`, `province_id`, `city_id`, `person_id`
    or `for_platform`."""

    title: str
    body: str = ""
    link: str = ""
    kind: MessageKind = MessageKind.NOTICE
    to: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Sms:
    """A text message to one mobile. `about` (table, row) is what it tells of; it waits until `send_after`."""

    mobile: str | None
    params: Mapping[str, Any]
    about: tuple[str, int] | None = None
    send_after: datetime | None = None


def message(
    session: Session,
    title: str,
    body: str = "",
    *,
    link: str = "",
    kind: MessageKind = MessageKind.NOTICE,
    **to: Any,
) -> None:
    """One in-app message: `school_id=…` and the like say whose (see `Note`)."""
    messages(session, [Note(title, body, link, kind, to)])


def messages(session: Session, notes: Sequence[Note]) -> None:
    """Many in-app messages in one statement, all of them to the same kind of tenant."""
    if notes:
        values = [
            {
                "title": note.title[:120],
                "body": note.body[:2000],
                "link": note.link,
                "kind": note.kind,
                **note.to,
            }
            for note in notes
        ]
        session.execute(insert_rows(Message, values).inline())


def sms(
    session: Session,
    mobile: str | None,
    template: str,
    params: dict[str, Any],
    *,
    about: tuple[str, int] | None = None,
    send_after: datetime | None = None,
) -> None:
    """Queue a text message; never with a full ID number in it (R25). Without a mobile, or where the operators have
    switched this kind off, nothing is queued."""
    sms_each(session, template, [Sms(mobile, params, about, send_after)])


def sms_each(session: Session, template: str, texts: Sequence[Sms]) -> None:
    """Queue the same kind of text message to many mobiles in one statement."""
    sent = [text for text in texts if text.mobile]
    words = wording(session, template) if sent else None
    if words is not None:
        session.execute(insert_rows(SmsMessage, [_queued(template, words, text) for text in sent]).inline())


def _queued(template: str, words: str, text: Sms) -> dict[str, Any]:
    table, key = text.about or (None, None)
    secrets = {name: str(value) for name, value in text.params.items() if name in SECRETS}
    return {
        "mobile": text.mobile,
        "template": template,
        "subject": NAMES.get(template, template),
        "params": {name: value for name, value in text.params.items() if name not in SECRETS},
        "body": sms_words.render(words, text.params),
        "send_after": text.send_after or clock.now(),
        "about_table": table,
        "about_id": key,
        **({"secrets": secrets} if secrets else {}),
    }


def remind(
    session: Session, school_id: int, template: str, params: dict[str, Any], title: str, *, link: str = ""
) -> None:
    """An in-app message to a school, and a text message if it asked for reminders: the same words, as the operators
    have them now; switched off is only the text message."""
    body = sms_words.render(_kept(session, template)[0], params)
    message(session, title, body, link=link, kind=MessageKind.TODO, school_id=school_id)
    wants, mobile = session.execute(
        sa.select(School.sms_reminders, School.contact_mobile).where(School.id == school_id)
    ).one()
    if wants:
        sms(session, mobile, template, params, about=("school", school_id))


# The words


def wording(session: Session, template: str) -> str | None:
    """What this kind of text message says now; None where it is switched off."""
    words, active = _kept(session, template)
    return words if active or template in CODES else None


def _kept(session: Session, template: str) -> tuple[str, bool]:
    row = session.execute(
        sa.select(SmsTemplate.body, SmsTemplate.active).where(SmsTemplate.key == template)
    ).one_or_none()
    return (row.body, row.active) if row is not None else (TEXTS[template], True)


def without_secrets(session: Session, template: str, params: dict[str, Any]) -> str:
    """The body again, as it may be kept."""
    words, _ = _kept(session, template)
    hidden = {one.key: _HIDDEN for one in variables(template) if one.key in SECRETS}
    return sms_words.render(words, {**params, **hidden})


def variables(template: str) -> list[Variable]:
    """What may stand in the braces, in order."""
    return sms_words.used(TEXTS.get(template, ""))


def kind(template: str) -> SmsKind:
    if template in CODES:
        return SmsKind.CODE
    return SmsKind.REMINDER if template in REMINDERS else SmsKind.NOTICE


def lay_templates(session: Session) -> None:
    """A row at the desk for every kind of text message; how the operators worded what is there already stays."""
    rows = [
        {
            "key": key,
            "name": NAMES.get(key, key),
            "kind": kind(key),
            "body": body,
            "variables": "、".join(one.name for one in variables(key)),
            "active": True,
        }
        for key, body in TEXTS.items()
    ]
    session.execute(insert(SmsTemplate).values(rows).on_conflict_do_nothing(index_elements=["key"]))


@aided(SmsTemplate)
def _explain_words(row: SmsTemplate) -> dict[str, Aid]:
    """Beside the words: what may stand in them, and what comes of it."""
    known = variables(row.key)
    said = ";".join(f"{{{one.name}}} {one.meaning}" for one in known)
    return {"body": Aid(f"花括号内为变量,可以使用:{said}", {one.name: one.sample for one in known})}


@before_save(SmsTemplate)
def _check_words(session: Session, actor: Actor, row: SmsTemplate, values: dict[str, Any]) -> None:
    """Only variables that the sender gives, plainly written; what a message is for must be in it."""
    row.body = sms_words.tidy(row.body)
    known = variables(row.key)
    sms_words.check(row.body, known)
    said = sms_words.used(row.body)
    if missing := [one for one in known if one.key in SECRETS and one not in said]:
        raise DomainError("template.needed", f"短信内容中缺少变量{{{missing[0].name}}}", "body")
    if row.key in CODES and not row.active:
        raise DomainError("template.code", "验证码和密码短信不能停用", "active")
