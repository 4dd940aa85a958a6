"""The outbox is emptied: codes first, then what is due; retries, daily caps, what arrived, and nothing secret kept
(3.1, R25).

Caps are parameters (系统参数): `sms.mobile_per_day`, what one mobile gets a day beside codes, and `sms.per_day`, what
the whole platform sends. What is over them goes out the next morning.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.gateways import sms
from app.jobs.registry import periodic
from app.services import accounts, notify, parameters
from app.services.actions import move
from app.services.errors import Conflict
from config import settings
from models.accounts import Account
from models.jobs import MessageKind
from models.kit import clock
from models.platform import PASSING_SMS, SmsMessage, SmsState, SmsTemplate

log = logging.getLogger(__name__)

A_TURN = 200  # messages of one turn; the next one comes in five seconds
MORNING = 8  # o'clock
MOBILE_PER_DAY, PER_DAY = 20, 200_000
_LATE = "验证码已过期,未发送"
ATTENTION = "/console/sms_message/?tab=需处理"
_OVER = "已达每日上限,顺延至次日发送"


@periodic("sms.send", every=5)
def send_due(session: Session) -> int:
    """Send what is due, one transaction a message: what has gone out is known to have gone out. How many went."""
    sent = 0
    for _ in range(A_TURN):
        due = session.scalars(_next_due(clock.now())).one_or_none()
        if due is None:
            break
        sent += _deliver(session, due)
        session.commit()
    return sent


def _next_due(now: datetime) -> sa.Select[Any]:
    code = sa.case((SmsMessage.template.in_(notify.CODES), 0), else_=1)
    return (
        sa.select(SmsMessage)
        .where(SmsMessage.state == SmsState.QUEUED, sa.func.coalesce(SmsMessage.send_after, now) <= now)
        .order_by(code, SmsMessage.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )


def _deliver(session: Session, row: SmsMessage) -> bool:
    now, config = clock.now(), settings()
    if row.template == "code" and now - row.created_at > timedelta(minutes=config.sms_code_minutes):
        _fail(session, row, _LATE)
        return False
    if row.template not in notify.CODES and _over_a_cap(session, row, now):
        tomorrow = (now + timedelta(days=1)).replace(hour=MORNING, minute=0, second=0, microsecond=0)
        row.send_after, row.error = tomorrow, _OVER
        return False
    row.attempts = min(row.attempts + 1, 100)
    try:
        row.receipt = sms.send(_text(session, row))[:120]
    except sms.Undeliverable as reason:
        _fail(session, row, str(reason))
    except sms.Unreachable as reason:
        if row.attempts >= config.sms_tries:
            _fail(session, row, str(reason))
        else:
            row.error = str(reason)[:500]
            row.send_after = now + timedelta(seconds=config.sms_retry_seconds * 4 ** (row.attempts - 1))
    else:
        row.sent_at, row.error = now, None
        if sms.leaves_the_platform():
            row.state = SmsState.SENT
            _forget(session, row)
        else:  # it has arrived where it is read
            row.state, row.reported_at = SmsState.DELIVERED, now
    return row.sent_at is not None


def _text(session: Session, row: SmsMessage) -> sms.Text:
    vendor = session.scalar(sa.select(SmsTemplate.vendor_template).where(SmsTemplate.key == row.template))
    vendor = vendor or settings().tencent_sms_templates.get(row.template, "")
    given = {**row.params, **(row.secrets or {})}
    return sms.Text(
        row.mobile, row.body, vendor, [str(given.get(one.key, "")) for one in notify.variables(row.template)]
    )


def _over_a_cap(session: Session, row: SmsMessage, now: datetime) -> bool:
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    sent = sa.select(sa.func.count()).where(SmsMessage.sent_at >= today)
    mine = sent.where(SmsMessage.mobile == row.mobile, SmsMessage.template.not_in(notify.CODES))
    to_mobile, in_all = session.execute(sa.select(mine.scalar_subquery(), sent.scalar_subquery())).one()
    if to_mobile >= parameters.integer(session, "sms.mobile_per_day", MOBILE_PER_DAY):
        return True
    return bool(in_all >= parameters.integer(session, "sms.per_day", PER_DAY))


def _fail(session: Session, row: SmsMessage, reason: str) -> None:
    row.state, row.error = SmsState.FAILED, reason[:500]


def _forget(session: Session, row: SmsMessage) -> None:
    """Passwords and codes are not kept once they are out (R6)."""
    if row.secrets is not None:
        row.body = notify.without_secrets(session, row.template, row.params)
        row.secrets = sa.null()  # SQL's null, not JSON's


@periodic("sms.forget", "23 * * * *")
def forget_secrets(session: Session) -> int:
    """What stayed in the outbox for the operator to pass on: after a day nobody needs the secret any more."""
    old = sa.select(SmsMessage).where(
        SmsMessage.secrets.is_not(sa.null()),
        SmsMessage.created_at < clock.now() - timedelta(hours=settings().sms_secret_hours),
    )
    rows = session.scalars(old.limit(5_000)).all()
    for row in rows:
        _forget(session, row)
    return len(rows)


# What arrived

A_ROUND = 50  # calls of one turn; the next one comes in a minute


@periodic("sms.reports", every=60)
def take_reports(session: Session) -> int:
    """Fetch the carrier's delivery reports; how many were ours. Each call is committed before the next: the carrier
    tells every report only once."""
    ours = lost = 0
    for _ in range(A_ROUND):
        try:
            reports = sms.reports()
        except sms.Unreachable as reason:
            log.warning("no delivery reports: %s", reason)
            break
        for report in reports:
            row = session.scalars(_reported(report.receipt)).one_or_none()
            if row is not None:
                ours += 1
                lost += _settle(row, report)
        session.commit()
        if len(reports) < sms.MOST_REPORTS:
            break
    if lost:
        title = f"有{lost}条重要短信未送达"
        body = "请在短信发件箱的“需处理”中查看原因,核对手机号码后重新发送"
        notify.message(session, title, body, kind=MessageKind.TODO, link=ATTENTION, for_platform=True)
    return ours


def _reported(receipt: str) -> sa.Select[Any]:
    """The message a report is about. One that was sent again meanwhile has another receipt."""
    return (
        sa.select(SmsMessage)
        .where(SmsMessage.receipt == receipt[:120], SmsMessage.state == SmsState.SENT)
        .limit(1)
        .with_for_update()
    )


def _settle(row: SmsMessage, report: sms.Report) -> bool:
    """Whether somebody has to look after it: it matters, and it did not arrive."""
    row.reported_at = report.at
    if report.delivered:
        row.state = SmsState.DELIVERED
        return False
    row.state, row.error = SmsState.UNDELIVERED, report.reason[:500]
    return row.template not in PASSING_SMS


@move(SmsMessage, "resend")
def resend(session: Session, actor: Actor, rows: Sequence[SmsMessage]) -> str:
    """Once more. A password is not kept: its account gets a new one, in a message of its own; a code is asked for
    again by whoever needs it."""
    for row in rows:
        if row.secrets is None and any(one.key in notify.SECRETS for one in notify.variables(row.template)):
            _new_password(session, actor, row)
            continue
        row.state, row.sent_at, row.reported_at, row.receipt = SmsState.QUEUED, None, None, None
    session.flush()
    return f"已重新排队{len(rows)}条短信"


def _new_password(session: Session, actor: Actor, row: SmsMessage) -> None:
    account = session.get(Account, row.about_id or 0) if row.about_table == "account" else None
    if account is None:
        raise Conflict("sms.forgotten", "短信中的密码或验证码已清除,请重置密码或重新获取验证码")
    if account.last_login_at is not None and account.last_login_at > row.created_at:
        raise Conflict("sms.in_use", f"账号“{account.username}”此后已登录过,不需要重新发送密码")
    accounts.reset_password(session, actor, [account])
    row.state, row.error = SmsState.CANCELLED, f"已重置密码并另发短信。原因:{row.error or '未送达'}"[:500]
    row.sent_at = row.reported_at = None
