"""Signing by phone: a QR code at the desk, one hand signature, every task decided at once (4.13, R118, E125, E126).

The phone has no login. Its token only finds the request; everything after that runs as the account that asked, with
that account's own database role and rights, checked anew at that moment. A definer function would have had the owner's
power over every tenant's tasks; this way a mistake here can at most sign what the principal could sign.

Only digests are stored. The desk page makes the token again from the request and the platform's secret, so it is in no
row, no URL and no log; the QR code carries it in the address's fragment, which browsers do not send.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.access.actor import Actor, current_actor
from app.access.roles import may
from app.documents.handwriting import check_signature, check_strokes
from app.jobs.registry import periodic
from app.services import files, issuing, logins
from app.services.actions import Ask, Outcome, action, move
from app.services.errors import Conflict, DomainError, NotFound, Refused
from config import settings
from models.accounts import Account, AccountState
from models.directory import Organisation, School
from models.issuance import IssuanceState, IssuanceTask, SigningRequest, SigningRequestTask, SigningState
from models.kit import Code, clock
from models.plans import ExamPlan

OPEN: Final = (SigningState.WAITING, SigningState.OPENED)
NAMES_SHOWN: Final = 5
OVER: Final = "二维码已失效,请在电脑上重新发起签发"


@dataclass(frozen=True)
class Summary:
    """What the phone shows before one signs."""

    school: str
    count: int
    names: list[str]
    expires: str


# At the desk


def request_signature(session: Session, actor: Actor, tasks: Sequence[IssuanceTask]) -> SigningRequest:
    """A QR code for one hand signature over these tasks (R118)."""
    issuing.require_decidable(actor, tasks)
    issuing.require_seal(session, actor)
    return _request(session, actor, [task.id for task in tasks])


def _request(session: Session, actor: Actor, ids: Sequence[int]) -> SigningRequest:
    most = settings().batch_signing_limit
    if not ids:
        raise Conflict("signing.none", "没有待签发的证书")
    if len(ids) > most:
        raise DomainError("signing.many", f"一次最多签发{most}张证书")
    now = clock.now()
    request = SigningRequest(
        party=issuing.side_of(actor).party,
        task_count=len(ids),
        account_id=actor.account,
        session_hash=_desk(session, actor.account),
        expires_at=now + timedelta(minutes=settings().signing_minutes),
        school_id=actor.tenant if actor.kind == "school" else None,
        organisation_id=actor.tenant if actor.kind == "organisation" else None,
    )
    request.token_hash = _digest(token_of(request))
    session.add(request)
    session.flush()
    session.execute(
        sa.insert(SigningRequestTask).inline(), [{"request_id": request.id, "task_id": task} for task in ids]
    )
    return request


def token_of(request: SigningRequest) -> str:
    """The token of the QR code: 256 bits that nobody without the platform's secret can make from the row."""
    moment = request.expires_at.timestamp()
    text = f"signing:{request.account_id}:{request.session_hash}:{request.party}:{moment:.6f}"
    key = settings().secret_key.get_secret_value().encode()
    return base64.urlsafe_b64encode(hmac.digest(key, text.encode(), "sha256")).decode().rstrip("=")


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _desk(session: Session, account: int | None) -> str:
    """The log-in at the desk: over when the account's sessions end (R5, 4.13)."""
    epoch = session.scalar(sa.select(Account.epoch).where(Account.id == account))
    return _digest(f"desk:{account}:{epoch}")


def is_over(request: SigningRequest) -> bool:
    return request.state is SigningState.EXPIRED or (
        request.state in OPEN and request.expires_at <= clock.now()
    )


def cancel_all(session: Session, actor: Actor) -> None:
    """The desk is left (log-out): its QR codes are worth nothing any more."""
    if may(actor, "signing_request", "cancel"):
        open_ones = sa.update(SigningRequest).where(
            SigningRequest.account_id == actor.account, SigningRequest.state.in_(OPEN)
        )
        session.execute(
            open_ones.values(state=SigningState.EXPIRED).execution_options(synchronize_session=False)
        )


@periodic("signing.expire", "* * * * *")
def expire(session: Session) -> None:
    """Requests whose time is over say so (4.13)."""
    late = sa.update(SigningRequest).where(
        SigningRequest.state.in_(OPEN), SigningRequest.expires_at <= clock.now()
    )
    session.execute(late.values(state=SigningState.EXPIRED).execution_options(synchronize_session=False))


def _host(row: IssuanceTask) -> bool:
    return row.state is IssuanceState.WAITING_SITE and issuing.is_ours(current_actor(), row)


@move(IssuanceTask, "sign_organisation", order=10)
def sign_as_organisation(session: Session, actor: Actor, rows: Sequence[IssuanceTask]) -> Outcome:
    return _to_desk(request_signature(session, actor, rows))


@move(IssuanceTask, "sign_site", when=_host, order=10)
def sign_as_site(session: Session, actor: Actor, rows: Sequence[IssuanceTask]) -> Outcome:
    return _to_desk(request_signature(session, actor, rows))


def _to_desk(request: SigningRequest) -> Outcome:
    return Outcome(f"请用手机扫码,为{request.task_count}张证书签字", f"/console/signing/{request.id}")


def plans_waiting(session: Session) -> list[tuple[str, str]]:
    """The plans that have certificates waiting for this actor, with how many."""
    actor = current_actor()
    count = sa.func.count(IssuanceTask.id)
    rows = session.execute(
        sa.select(ExamPlan.id, ExamPlan.name, count)
        .join(IssuanceTask, IssuanceTask.plan_id == ExamPlan.id)
        .where(*_waiting_for(actor))
        .group_by(ExamPlan.id, ExamPlan.name)
        .order_by(ExamPlan.id.desc())
        .limit(200)
    )
    return [(str(plan), f"{name}({number}张待签发)") for plan, name, number in rows]


def _waiting_for(actor: Actor) -> list[Any]:
    own = IssuanceTask.host_school_id if actor.kind == "school" else IssuanceTask.organisation_id
    return [own == actor.tenant, IssuanceTask.state == issuing.side_of(actor).waiting]


@action(
    IssuanceTask,
    "sign_batch",
    "批量确认签发",
    on="list",
    icon="signature",
    order=5,
    asks=(
        Ask(
            "plan",
            "考试计划",
            Code(20),
            options=plans_waiting,
            help="签发该计划全部待签发的证书,一次最多5000张",
        ),
    ),
)
def sign_batch(session: Session, actor: Actor, rows: Sequence[IssuanceTask], plan: str) -> Outcome:
    """All that wait in a plan, the first so many of them at once (R118)."""
    issuing.require_seal(session, actor)
    waiting = sa.select(IssuanceTask.id).where(*_waiting_for(actor), IssuanceTask.plan_id == int(plan))
    ids = session.scalars(waiting.order_by(IssuanceTask.id).limit(settings().batch_signing_limit)).all()
    return _to_desk(_request(session, actor, ids))


# On the phone


@dataclass(frozen=True)
class Ticket:
    """What a token leads to: a request and the account that asked for it."""

    request_id: int
    actor: Actor


def find(session: Session, token: str, address: str) -> Ticket:
    """Whose request this token belongs to (runs as `auth`). The account must still be the principal it was."""
    known = session.execute(
        sa.select(SigningRequest.id, SigningRequest.account_id, SigningRequest.session_hash).where(
            SigningRequest.token_hash == _digest(token[:100])
        )
    ).one_or_none()
    if known is None:
        raise NotFound("链接无效,请重新扫描电脑上的二维码")
    account = session.get(Account, known.account_id)
    if account is None or account.state is not AccountState.ACTIVE:
        raise Refused("signing.account", "发起签发的账号已停用")
    if not hmac.compare_digest(_desk(session, account.id), known.session_hash):
        raise Conflict("signing.desk", "电脑上的登录已结束,请重新登录后再发起签发")
    actor = logins.actor_of(account, address)
    if not may(actor, "seal", "upload"):
        raise Refused("signing.account", "发起签发的账号不再是负责人账号")
    return Ticket(known.id, actor)


def open_on_phone(session: Session, ticket: Ticket, phone: str) -> Summary:
    """The first phone that scans is the one that signs; it may look again, another is refused (E125)."""
    request = _open_request(session, ticket)
    if request.state is SigningState.WAITING:
        opened = sa.update(SigningRequest).where(
            SigningRequest.id == request.id, SigningRequest.state == SigningState.WAITING
        )
        values = {"state": SigningState.OPENED, "opened_at": clock.now(), "phone_hash": _digest(phone)}
        session.execute(opened.values(**values).execution_options(synchronize_session=False))
        session.refresh(request)
    _require_phone(request, phone)
    return Summary(
        _institution(session, ticket.actor),
        request.task_count,
        _names(session, request),
        request.expires_at.astimezone(clock.ZONE).strftime("%H:%M"),
    )


def sign_on_phone(session: Session, ticket: Ticket, phone: str, image: bytes, strokes: object) -> int:
    """The hand signature: all tasks decided in this transaction, or none. Returns how many."""
    request = _open_request(session, ticket, lock=True)
    _require_phone(request, phone)
    check_strokes(strokes)
    written = check_signature(image)
    key = files.keep(session, ticket.actor, "手写签名.png", "png", written)
    ids = issuing.sign_all(session, ticket.actor, request, key)
    request.state, request.hand_signature = SigningState.SIGNED, key
    session.flush()
    return len(ids)


def fail(session: Session, ticket: Ticket) -> None:
    """What cannot be signed as it was shown is not signed later either: the desk is told to choose again."""
    request = session.get(SigningRequest, ticket.request_id)
    if request is not None and request.state in OPEN:
        request.state = SigningState.EXPIRED
        session.flush()


def _open_request(session: Session, ticket: Ticket, *, lock: bool = False) -> SigningRequest:
    request = session.get(SigningRequest, ticket.request_id, with_for_update=lock or None)
    if request is None:
        raise NotFound("链接无效,请重新扫描电脑上的二维码")
    if request.state is SigningState.SIGNED:
        raise Conflict("signing.used", "该二维码已完成签字,不能重复使用")
    if is_over(request):
        raise Conflict("signing.expired", OVER)
    return request


def _require_phone(request: SigningRequest, phone: str) -> None:
    if request.phone_hash is None or not hmac.compare_digest(request.phone_hash, _digest(phone)):
        raise Conflict("signing.phone", "该二维码已在另一部手机上打开,请在电脑上重新发起签发")


def _institution(session: Session, actor: Actor) -> str:
    model = School if actor.kind == "school" else Organisation
    return session.scalar(sa.select(model.name).where(model.id == actor.tenant)) or ""


def _names(session: Session, request: SigningRequest) -> list[str]:
    names = list(
        session.scalars(
            sa.select(IssuanceTask.candidate_name)
            .join(SigningRequestTask, SigningRequestTask.task_id == IssuanceTask.id)
            .where(SigningRequestTask.request_id == request.id)
            .order_by(IssuanceTask.id)
            .limit(NAMES_SHOWN)
        )
    )
    return [*names[:-1], f"{names[-1]}等"] if request.task_count > NAMES_SHOWN else names
