"""更正, 补办, 注销: a wish with reason and evidence, decided by others than who asks, kept for ever (4.14, R132).

Who decides in which order stands in `ROUTES`. The last word is carried out at once where it is a fact (reissue,
revocation); a corrected certificate is drawn and signed by the worker, which alone may reach seals and candidates.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from app.access.actor import Actor, current_actor
from app.jobs.registry import periodic
from app.services import candidates, certificate_events, e_certificates, notify
from app.services.actions import Ask, before_save, move
from app.services.errors import Conflict, DomainError, NotFound, Refused
from models.candidates import Candidate
from models.e_certificates import (
    CertificateEvent,
    CorrectionKind,
    CorrectionRequest,
    CorrectionState,
    ECertificate,
    EventKind,
    Stage,
)
from models.issuance import IssuanceState, IssuanceTask
from models.jobs import MessageKind
from models.kit import Text, clock

log = logging.getLogger(__name__)
OPEN: Final = (CorrectionState.PENDING, CorrectionState.IN_PROGRESS)
LIST: Final = "/console/correction_request/"

# Who may ask for what, and whose word it needs, in order (4.14).
ROUTES: Final[dict[tuple[str, CorrectionKind], tuple[Stage, ...]]] = {
    ("candidate", CorrectionKind.CORRECTION): (Stage.SCHOOL, Stage.ORGANISATION, Stage.PLATFORM),
    ("candidate", CorrectionKind.REISSUE): (Stage.ORGANISATION,),
    ("school", CorrectionKind.CORRECTION): (Stage.ORGANISATION, Stage.PLATFORM),
    ("school", CorrectionKind.REISSUE): (Stage.ORGANISATION,),
    ("organisation", CorrectionKind.REVOCATION): (Stage.PLATFORM,),
}
_OF_KIND = {"school": Stage.SCHOOL, "organisation": Stage.ORGANISATION, "platform": Stage.PLATFORM}
_AFTER = {Stage.SCHOOL: Stage.ORGANISATION, Stage.ORGANISATION: Stage.PLATFORM}
_OPINION = {
    Stage.SCHOOL: "school_opinion", Stage.ORGANISATION: "organisation_opinion", Stage.PLATFORM: "platform_opinion",
}  # fmt: skip


@before_save(CorrectionRequest)
def _ask(session: Session, actor: Actor, row: CorrectionRequest, values: dict[str, Any]) -> None:
    """Fill in what the wish is about and who decides first; what cannot be asked so is refused."""
    route = ROUTES.get((actor.kind, row.kind))
    if route is None:
        raise DomainError("correction.kind", _WHO_ASKS[row.kind], "kind")
    row.requested_by_id, row.stage = actor.account, route[0]
    if row.e_certificate_id is not None:
        _about_certificate(session, row)
    elif row.candidate_id is not None and actor.kind == "school":
        _about_candidate(session, row)
    else:
        raise DomainError("correction.about", "请选择要更正、补办或注销的电子证书", "e_certificate_id")
    changes = [row.new_name, row.new_id_number, row.new_photo]
    if row.kind is CorrectionKind.CORRECTION and not any(changes):
        raise DomainError("correction.empty", "请填写更正后的姓名、证件号码或照片", "new_name")
    if row.kind is not CorrectionKind.CORRECTION and any(changes):
        raise DomainError("correction.extra", "补办和注销不能填写更正内容", "new_name")


_WHO_ASKS = {
    CorrectionKind.CORRECTION: "更正由考生或所在院校申请",
    CorrectionKind.REISSUE: "补办由考生或所在院校申请",
    CorrectionKind.REVOCATION: "注销由颁证机构申请",
}


def _about_certificate(session: Session, row: CorrectionRequest) -> None:
    with session.no_autoflush:
        one = session.get(ECertificate, row.e_certificate_id)
        if one is None:
            raise NotFound("没有找到该电子证书")
        certificate_events.require_valid(session, [one])
        same = sa.select(CorrectionRequest.id).where(
            CorrectionRequest.certificate_number == one.certificate_number, CorrectionRequest.state.in_(OPEN)
        )
        if session.scalar(same.limit(1)) is not None:
            raise Conflict("correction.open", "该证书已有待处理的申请", "e_certificate_id")
        if one.task_id is None and row.kind is CorrectionKind.CORRECTION:
            raise DomainError("correction.historic", "历史证书不能在线更正", "e_certificate_id")
    row.candidate_id = None
    row.candidate_name, row.old_id_number = one.candidate_name, one.id_number
    row.school_id, row.organisation_id, row.person_id = one.school_id, one.organisation_id, one.person_id


def _about_candidate(session: Session, row: CorrectionRequest) -> None:
    """Signed for, not issued yet: name, ID number and photo are settled all the same (R51)."""
    with session.no_autoflush:
        who = session.get(Candidate, row.candidate_id)
        if who is None:
            raise NotFound("没有找到该考生")
        if who.signed_at is None:
            raise DomainError("correction.early", "该考生尚未签发,请直接在考生管理中修改", "candidate_id")
        task = sa.select(IssuanceTask.organisation_id).where(IssuanceTask.candidate_id == who.id)
        row.organisation_id = session.scalar(task.order_by(IssuanceTask.id.desc()).limit(1))
    row.candidate_name, row.old_id_number = who.name, who.id_number
    row.school_id, row.person_id = who.school_id, who.person_id


# Deciding


def _mine(row: CorrectionRequest) -> bool:
    return row.state in OPEN and row.stage == _OF_KIND.get(current_actor().kind)


@move(
    CorrectionRequest,
    "agree",
    when=_mine,
    on="one",
    asks=(Ask("opinion", "意见", Text(500), required=False),),
)
def agree(session: Session, actor: Actor, rows: Sequence[CorrectionRequest], opinion: str = "") -> str:
    """The next in line takes over, or the wish is carried out."""
    row = rows[0]
    _require_turn(actor, row)
    setattr(row, _OPINION[row.stage], opinion or "同意")
    if not _is_last(row):
        row.stage, row.state = _AFTER[row.stage], CorrectionState.IN_PROGRESS
        session.flush()
        _tell_next(session, row)
        return f"已同意,转{row.stage.label}处理"
    _end(session, actor, row, CorrectionState.APPROVED)
    if row.kind is not CorrectionKind.CORRECTION:
        _state_fact(session, actor, row)
    return f"{row.kind.label}申请已通过"


@move(CorrectionRequest, "reject", when=_mine, on="one", asks=(Ask("answer", "驳回原因", Text(500, 2)),))
def reject(session: Session, actor: Actor, rows: Sequence[CorrectionRequest], answer: str) -> str:
    row = rows[0]
    _require_turn(actor, row)
    if len(answer.strip()) < 2:
        raise DomainError("correction.answer", "请填写驳回原因(2–500字)", "answer")
    row.answer = answer.strip()
    _end(session, actor, row, CorrectionState.REJECTED)
    return "已驳回"


def _require_turn(actor: Actor, row: CorrectionRequest) -> None:
    if row.state not in OPEN:
        raise Conflict("correction.over", "申请已办结")
    if row.stage != _OF_KIND.get(actor.kind):
        raise Refused("correction.turn", f"当前由{row.stage.label}处理")
    if row.requested_by_id is not None and row.requested_by_id == actor.account:
        raise Refused("correction.self", "申请人不能处理自己的申请")


def _is_last(row: CorrectionRequest) -> bool:
    """The organisation has the last word on a copy, the platform on what others rely on."""
    return row.stage is Stage.PLATFORM or (
        row.stage is Stage.ORGANISATION and row.kind is CorrectionKind.REISSUE
    )


def _end(session: Session, actor: Actor, row: CorrectionRequest, state: CorrectionState) -> None:
    row.state, row.decided_at, row.decided_by_id = state, clock.now(), actor.account
    session.flush()
    title, body = f"证书{row.kind.label}申请{state.label}", row.answer or ""
    for tenant in ("school_id", "organisation_id", "person_id"):
        if getattr(row, tenant) is not None:
            notify.message(
                session, title, body, link=LIST, kind=MessageKind.RESULT, **{tenant: getattr(row, tenant)}
            )


def _tell_next(session: Session, row: CorrectionRequest) -> None:
    to: dict[str, Any] = {"organisation_id": row.organisation_id}
    if row.stage is Stage.PLATFORM:
        to = {"for_platform": True}
    notify.message(session, f"有证书{row.kind.label}申请待处理", link=LIST, kind=MessageKind.TODO, **to)


def _state_fact(session: Session, actor: Actor, row: CorrectionRequest) -> None:
    """Reissued or revoked: a row of its own beside the certificate, which never changes (D8)."""
    revoked = row.kind is CorrectionKind.REVOCATION
    session.execute(
        sa.insert(CertificateEvent)
        .values(
            e_certificate_id=row.e_certificate_id,
            kind=EventKind.REVOKED if revoked else EventKind.REISSUED,
            note=row.reason,
            account_id=actor.account,
            at=clock.now(),
            correction_id=row.id,
            organisation_id=row.organisation_id,
        )
        .inline()
    )
    if revoked:
        _tell_holder(session, row)


def _tell_holder(session: Session, row: CorrectionRequest) -> None:
    """4.14: a text message to the holder, whom the platform reads masked but may tell."""
    one = session.get_one(ECertificate, row.e_certificate_id)
    name = f"{one.certificate_name}({one.level.label})"
    mobile = session.scalar(
        sa.select(Candidate.mobile)
        .join(IssuanceTask, IssuanceTask.candidate_id == Candidate.id)
        .where(IssuanceTask.id == one.task_id)
    )
    notify.sms(session, mobile, "certificate_revoked", {"certificate": name}, about=("e_certificate", one.id))


# Carrying out corrections, as `job`


def due(session: Session) -> list[int]:
    """Approved corrections not carried out yet: no edition is made from them, or the candidate still differs."""
    made = aliased(ECertificate)
    unmade = ~sa.exists().where(made.correction_id == CorrectionRequest.id)
    waiting = sa.select(CorrectionRequest.id).where(
        CorrectionRequest.kind == CorrectionKind.CORRECTION,
        CorrectionRequest.state == CorrectionState.APPROVED,
        sa.or_(
            CorrectionRequest.e_certificate_id.is_not(None) & unmade,
            CorrectionRequest.candidate_id.is_not(None) & sa.or_(*(_differs(*pair) for pair in _CORRECTED)),
        ),
    )
    return list(session.scalars(waiting.order_by(CorrectionRequest.id).limit(100)))


_CORRECTED = (("new_name", "name"), ("new_id_number", "id_number"), ("new_photo", "photo"))


def _differs(wished: str, column: str) -> sa.ColumnElement[bool]:
    """The candidate has another value than the newest correction of this column says. Nothing else changes it once
    somebody has signed (R51)."""
    later = aliased(CorrectionRequest)
    newer = sa.exists().where(
        later.candidate_id == CorrectionRequest.candidate_id,
        later.state == CorrectionState.APPROVED,
        later.id > CorrectionRequest.id,
        getattr(later, wished).is_not(None),
    )
    other = sa.exists().where(
        Candidate.id == CorrectionRequest.candidate_id,
        getattr(Candidate, column) != getattr(CorrectionRequest, wished),
    )
    return other & ~newer


@periodic("certificates.correct", 20)
def correct_due(session: Session) -> int:
    """Each in a transaction of its own; one that fails does not hold up the others."""
    count = 0
    for key in due(session):
        session.commit()
        try:
            count += carry_out(session, key)
            session.commit()
        except Exception:
            session.rollback()
            log.exception("correction %s could not be carried out", key)
    return count


def carry_out(session: Session, key: int) -> bool:
    """The candidate's data and, if one was issued, the next edition of the certificate. Once, whoever runs it."""
    row = session.scalars(
        sa.select(CorrectionRequest).where(CorrectionRequest.id == key).with_for_update(skip_locked=True)
    ).one_or_none()
    if row is None or session.scalar(sa.select(sa.exists().where(ECertificate.correction_id == key))):
        return False
    who = session.get(Candidate, row.candidate_id) if row.candidate_id is not None else _holder(session, row)
    if who is not None:
        _correct_candidate(session, who, row)
    if row.e_certificate_id is None:
        return True
    before = _newest(session, row)
    contents = e_certificates.Contents(
        row.new_name or before.candidate_name,
        row.new_id_number or before.id_number,
        row.new_photo or before.photo,
    )
    person = who.person_id if who is not None else before.person_id
    e_certificates.make_corrected(session, before, contents, row.id, person or 0)
    return True


def _newest(session: Session, row: CorrectionRequest) -> ECertificate:
    same = sa.select(ECertificate).where(ECertificate.certificate_number == row.certificate_number)
    return session.scalars(same.order_by(ECertificate.edition.desc()).limit(1)).one()


def _holder(session: Session, row: CorrectionRequest) -> Candidate | None:
    held = (
        sa.select(Candidate)
        .join(IssuanceTask, IssuanceTask.candidate_id == Candidate.id)
        .join(ECertificate, ECertificate.task_id == IssuanceTask.id)
        .where(ECertificate.id == row.e_certificate_id)
    )
    return session.scalars(held).one_or_none()


def _correct_candidate(session: Session, who: Candidate, row: CorrectionRequest) -> None:
    """What was decided becomes the candidate's data, and stands on what is not signed by both yet."""
    who.name = row.new_name or who.name
    who.photo = row.new_photo or who.photo
    if row.new_id_number and row.new_id_number != who.id_number:
        _become_another(session, who, row.new_id_number)
    session.flush()
    unsigned = sa.update(IssuanceTask).where(
        IssuanceTask.candidate_id == who.id,
        IssuanceTask.state.not_in((IssuanceState.SIGNED, IssuanceState.TERMINATED)),
    )
    contents = {
        "candidate_name": who.name,
        "id_number": who.id_number,
        "id_masked": who.id_masked,
        "photo": who.photo,
    }
    session.execute(unsigned.values(**contents).execution_options(synchronize_session=False))


def _become_another(session: Session, who: Candidate, id_number: str) -> None:
    """A corrected ID number is another person, who takes the places already used along (9.8)."""
    with session.no_autoflush:
        who.id_number = id_number
        person = candidates.person_of(session, who)
        session.execute(sa.select(sa.func.panel_move_places(who.id, person)))
        who.person_id = person
