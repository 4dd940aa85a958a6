"""Telling people: in-app messages and text messages, queued in the transaction they tell about (section 4, R25, R32)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from models.jobs import Message, MessageKind
from models.kit import clock
from models.platform import SmsMessage

TEXTS = {
    "first_password": "您的账号{username}已开通,初始密码{password},首次登录请修改。",
    "declaration_approved": "贵校申报的{certificate}已通过审核,批准{count}人。",
    "declaration_refused": "贵校申报的{certificate}未通过审核:{reason}",
    "quota_changed": "贵校{certificate}本年度指标调整为{count}人。",
    "became_pilot": "贵校已成为{year}年试点院校,可使用原账号登录业务平台。",
    "site_decided": "贵校考点{site}的申报{result}。",
    "score_corrected": "您的{subject}成绩已更正,请登录学生个人空间查看。",
    "certificate_issued": "您的{certificate}证书已签发,请登录学生个人空间查看。",
    "plan_cancelled": "考试计划{plan}已取消:{reason}",
    "code": "验证码{code},{minutes}分钟内有效。请勿告诉他人。",
    "certificate_revoked": "您的{certificate}证书已注销,如有疑问请联系颁证机构。",
}


def message(
    session: Session,
    title: str,
    body: str = "",
    *,
    link: str = "",
    kind: MessageKind = MessageKind.NOTICE,
    **to: Any,
) -> None:
    """An in-app message: `school_id=…`, `organisation_id=…`, `province_id=…`, `city_id=…`, `person_id=…` or
    `for_platform=True` says whose."""
    values = {"title": title[:120], "body": body[:2000], "link": link, "kind": kind, **to}
    session.execute(sa.insert(Message).values(**values).inline())


def sms(
    session: Session,
    mobile: str | None,
    template: str,
    params: dict[str, Any],
    *,
    about: tuple[str, int] | None = None,
    send_after: datetime | None = None,
) -> None:
    """Queue a text message; never with a full ID number in it (R25). Without a mobile nothing is queued."""
    if not mobile:
        return
    table, key = about or (None, None)
    kept = {name: value for name, value in params.items() if name not in ("password", "code")}
    session.execute(
        sa.insert(SmsMessage)
        .values(
            mobile=mobile,
            template=template,
            params=kept,
            body=TEXTS[template].format(**params)[:500],
            send_after=send_after or clock.now(),
            about_table=table,
            about_id=key,
        )
        .inline()
    )
