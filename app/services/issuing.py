"""Decisions about issuing: who signs, in which order, what a refusal starts (4.12, R113–R121, E121–E129).

A signature is given through a request that a phone answers (`signing.py`); a refusal is typed at the desk.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.services import notify, seals
from app.services.actions import Ask, move
from app.services.errors import Conflict, DomainError, Refused
from models.issuance import (
    Decision,
    IssuanceState,
    IssuanceTask,
    Party,
    Signature,
    SigningRequest,
    SigningRequestTask,
)
from models.jobs import MessageKind
from models.kit import Text, clock

LIST: Final = "/console/issuance_task/"
NOT_LOCKED: Final = "成绩尚未锁定,不能签发"


@dataclass(frozen=True)
class Side:
    """One party's part of the flow (R115: the organisation first, then the site school)."""

    party: Party
    waiting: IssuanceState
    signed: IssuanceState
    refused: IssuanceState


SIDES: Final = {
    "organisation": Side(
        Party.ORGANISATION,
        IssuanceState.WAITING_ORGANISATION,
        IssuanceState.WAITING_SITE,
        IssuanceState.REFUSED_ORGANISATION,
    ),
    "school": Side(
        Party.SITE_SCHOOL, IssuanceState.WAITING_SITE, IssuanceState.SIGNED, IssuanceState.REFUSED_SITE
    ),
}


def side_of(actor: Actor) -> Side:
    side = SIDES.get(actor.kind)
    if side is None:
        raise Refused("issuing.party", "只有培训评价组织和考核站点院校的负责人可以签发")
    return side


def is_ours(actor: Actor, task: IssuanceTask) -> bool:
    """Whether it is this actor's institution that decides: of schools the site's, not the candidate's own (R115)."""
    return actor.tenant == (task.host_school_id if actor.kind == "school" else task.organisation_id)


def require_decidable(actor: Actor, tasks: Sequence[IssuanceTask]) -> None:
    """Every one of the tasks waits for this actor's institution, or the sentence that says which does not and why."""
    side = side_of(actor)
    for task in tasks:
        if not is_ours(actor, task):
            raise Refused("issuing.host", f"{task.candidate_name}的证书由考核站点所属院校签发,本校不能签发")
        if task.state is IssuanceState.WAITING_LOCK:
            raise Conflict("issuing.lock", NOT_LOCKED)
        if task.state is not side.waiting:
            raise Conflict("issuing.state", f"{task.candidate_name}的证书{task.state.label},当前不能处理")


def require_seal(session: Session, actor: Actor) -> int:
    """R124, E124: without a seal nobody signs."""
    seals.require_principal(actor)
    seal = seals.current(session, actor)
    if seal is None:
        page = "试点院校管理" if actor.kind == "school" else "签章管理"
        raise Conflict("issuing.seal", f"还没有签名章,请先在“机构管理/{page}”上传签名章")
    return seal.id


# Signing, when the phone has answered


def sign_all(session: Session, actor: Actor, request: SigningRequest, hand_signature: str) -> list[int]:
    """Decide every task of a request in this transaction, or none (E126). Returns their ids."""
    side, seal, now = side_of(actor), require_seal(session, actor), clock.now()
    tasks = _locked(session, request)
    _require_unchanged(session, actor, request, tasks)
    ids = [task.id for task in tasks]
    if side.party is Party.ORGANISATION:
        _settle_contents(session, ids, {task.id: task.candidate_name for task in tasks})
    _sign(session, ids, side.party, hand_signature=hand_signature, seal_id=seal, account_id=actor.account)
    _move(session, ids, state=side.signed, **({"issued_at": now} if side.party is Party.SITE_SCHOOL else {}))
    _tell_next(session, side, tasks)
    return ids


def _locked(session: Session, request: SigningRequest) -> list[IssuanceTask]:
    """The tasks of the request, locked in one order so that two batches never wait for each other."""
    return list(
        session.scalars(
            sa.select(IssuanceTask)
            .join(SigningRequestTask, SigningRequestTask.task_id == IssuanceTask.id)
            .where(SigningRequestTask.request_id == request.id)
            .order_by(IssuanceTask.id)
            .with_for_update(of=IssuanceTask)
            .execution_options(populate_existing=True)
        )
    )


def _require_unchanged(
    session: Session, actor: Actor, request: SigningRequest, tasks: Sequence[IssuanceTask]
) -> None:
    """Each still waits as it did when the QR code was shown; the message names the one that does not (E126)."""
    if len(tasks) != request.task_count:
        raise Conflict("issuing.gone", "有证书已不在待签发之列,全部未签发。请回到电脑重新选择")
    waiting = side_of(actor).waiting
    for task in tasks:
        if task.state is not waiting or not is_ours(actor, task):
            raise Conflict(
                "issuing.changed",
                f"{task.candidate_name}的证书已变为“{task.state.label}”,全部未签发。请回到电脑重新选择",
            )
    decided = session.scalar(
        sa.select(IssuanceTask.candidate_name)
        .join(Signature, Signature.task_id == IssuanceTask.id)
        .where(IssuanceTask.id.in_([task.id for task in tasks]), Signature.created_at >= request.created_at)
        .limit(1)
    )
    if decided is not None:  # refused and reissued meanwhile: another round than the one that was shown
        raise Conflict("issuing.changed", f"{decided}的证书已进入新一轮签发,全部未签发。请回到电脑重新选择")


def _settle_contents(session: Session, ids: list[int], names: dict[int, str]) -> None:
    """What will stand on the certificates is fixed now; whose identity is not settled is not certified (R51, R52)."""
    session.flush()
    bad = session.execute(
        sa.text("select task, reason from panel_begin_issuance(:tasks)"), {"tasks": ids}
    ).first()
    if bad is not None:
        raise Conflict("issuing.candidate", f"考生{names[bad.task]}{bad.reason},全部未签发。请先由院校处理")


def _sign(session: Session, ids: Sequence[int], party: Party, **values: Any) -> None:
    """One signature row a task, for its present round."""
    given = {"party": party, "decision": Decision.SIGNED, "at": clock.now(), **values}
    columns = Signature.__table__.c
    literals = [sa.literal(value, columns[name].type) for name, value in given.items()]
    rows = sa.select(IssuanceTask.id, IssuanceTask.round, *literals).where(IssuanceTask.id.in_(ids))
    session.execute(sa.insert(Signature).from_select(["task_id", "round", *given], rows).inline())


def _move(session: Session, ids: Sequence[int], **values: Any) -> None:
    moved = sa.update(IssuanceTask).where(IssuanceTask.id.in_(ids)).values(**values)
    session.execute(moved.execution_options(synchronize_session=False))
    session.expire_all()


def _tell_next(session: Session, side: Side, tasks: Sequence[IssuanceTask]) -> None:
    """The next in line: the site schools after the organisation, the organisations after the site school."""
    if side.party is Party.ORGANISATION:
        for school, count in Counter(task.host_school_id for task in tasks).items():
            notify.message(
                session,
                f"有{count}张证书待签发",
                "培训评价组织已签发,请考核站点负责人签发",
                kind=MessageKind.TODO,
                link=f"{LIST}?tab=考核站点待签发",
                school_id=school,
            )
        return
    for organisation, count in Counter(task.organisation_id for task in tasks).items():
        notify.message(
            session,
            f"{count}张证书已由考核站点签发",
            "电子证书正在制作,完成后可下载",
            kind=MessageKind.RESULT,
            link=f"{LIST}?tab=已签发",
            organisation_id=organisation,
        )


# Refusing, and what follows (R117, R119, E127, E128)

_REASON = (Ask("reason", "拒绝原因", Text(500, 2), help="2–500字,对方和考生所在院校可见"),)
_SETTLEMENT = (Ask("settlement", "处理情况", Text(500, 2), help="2–500字"),)


@move(IssuanceTask, "refuse_organisation", asks=_REASON, order=20)
def refuse_as_organisation(session: Session, actor: Actor, rows: Sequence[IssuanceTask], reason: str) -> str:
    return refuse(session, actor, rows, reason)


@move(IssuanceTask, "refuse_site", asks=_REASON, order=20)
def refuse_as_site(session: Session, actor: Actor, rows: Sequence[IssuanceTask], reason: str) -> str:
    return refuse(session, actor, rows, reason)


def refuse(session: Session, actor: Actor, rows: Sequence[IssuanceTask], reason: str) -> str:
    """Nothing is issued; the organisation settles it and starts a new round (R117, R119)."""
    seals.require_principal(actor)
    require_decidable(actor, rows)
    reason = _words(reason, "reason", "拒绝原因")
    side = side_of(actor)
    ids = [task.id for task in rows]
    _sign(session, ids, side.party, decision=Decision.REFUSED, reason=reason, account_id=actor.account)
    told = [(task.candidate_name, task.organisation_id, task.school_id) for task in rows]
    _move(session, ids, state=side.refused, decision_reason=reason)
    _tell_of_refusal(session, side, told, reason)
    return f"已拒绝签发{len(rows)}张证书"


def _tell_of_refusal(session: Session, side: Side, told: list[tuple[str, int, int]], reason: str) -> None:
    """The organisation settles what a site refused; the own school hears of what an organisation refused."""
    at_site = side.party is Party.SITE_SCHOOL
    groups: dict[int, list[str]] = {}
    for name, organisation, school in told:
        groups.setdefault(organisation if at_site else school, []).append(name)
    for tenant, names in groups.items():
        whose = {"organisation_id": tenant} if at_site else {"school_id": tenant}
        few = "、".join(names[:3]) + ("等" if len(names) > 3 else "")
        notify.message(
            session,
            f"{side.refused.label}{few}的证书",
            reason,
            kind=MessageKind.TODO if at_site else MessageKind.NOTICE,
            link=f"{LIST}?tab={'考核站点拒绝签发' if at_site else '培训评价组织拒绝签发'}",
            **whose,
        )


@move(IssuanceTask, "reissue", asks=_SETTLEMENT, order=30)
def reissue(session: Session, actor: Actor, rows: Sequence[IssuanceTask], settlement: str) -> str:
    """A new round: both sign again, under the same number (E128). Old signatures stay, void for this round."""
    settlement = _words(settlement, "settlement", "处理情况")
    _require_refused(rows)
    _move(
        session,
        [task.id for task in rows],
        state=IssuanceState.WAITING_ORGANISATION,
        round=IssuanceTask.round + 1,
        settlement=settlement,
        decision_reason=None,
    )
    return f"已重新进入签发{len(rows)}张证书"


@move(IssuanceTask, "terminate", asks=_SETTLEMENT, order=40)
def terminate(session: Session, actor: Actor, rows: Sequence[IssuanceTask], settlement: str) -> str:
    """The end without a certificate; the number stays burnt."""
    settlement = _words(settlement, "settlement", "处理情况")
    _require_refused(rows)
    _move(session, [task.id for task in rows], state=IssuanceState.TERMINATED, settlement=settlement)
    return f"已终止{len(rows)}张证书的签发"


def _require_refused(rows: Sequence[IssuanceTask]) -> None:
    for task in rows:
        if task.state not in (IssuanceState.REFUSED_ORGANISATION, IssuanceState.REFUSED_SITE):
            raise Conflict(
                "issuing.state", f"{task.candidate_name}的证书{task.state.label},只有被拒绝签发的可以处理"
            )


def _words(text: str, field: str, label: str) -> str:
    """A reason is a sentence (E127)."""
    text = (text or "").strip()
    if not 2 <= len(text) <= 500:
        raise DomainError("issuing.reason", f"请填写{label}(2–500字)", field)
    return text
