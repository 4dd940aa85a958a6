"""The e-certificate: made once both have signed, stored for ever, told to its holder (4.14, R121, R126, R127).

制证中 is a signed task without an e-certificate. What will be signed is on record before the key is used: the task with
its number and both signatures. Each certificate is one transaction that holds its task's lock, so whoever is killed
leaves the task for the next turn, and nobody makes the same certificate twice (check 23).
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from app.access.actor import JOB
from app.documents.records import Certificate, certificate
from app.documents.signing import FolderKey, SigningKey, sign_pdf
from app.gateways import storage
from app.jobs.registry import periodic
from app.services import files, notify
from app.services.errors import DomainError
from config import settings
from models.candidates import Candidate
from models.directory import School
from models.e_certificates import ECertificate
from models.issuance import IssuanceState, IssuanceTask, Party, Seal, Signature
from models.jobs import MessageKind
from models.kit import clock

log = logging.getLogger(__name__)
A_TURN: Final = 500  # about so many certificates one turn of the periodic task makes
A_LOOK: Final = 100  # tasks looked up at once


@cache
def _folder_key(folder: Path) -> FolderKey:
    return FolderKey(folder)


def signing_key() -> SigningKey:
    """The key that signs certificates (D12)."""
    return _folder_key(settings().keys_dir / "certificates")


@dataclass(frozen=True)
class Contents:
    """What a correction may change."""

    name: str
    id_number: str
    photo: str | None


@dataclass(frozen=True)
class Seals:
    """Each party's seal as it was when that party signed this round (R126, E134)."""

    organisation: bytes
    site_school: bytes


def make_certificate(session: Session, task_id: int) -> ECertificate | None:
    """Make the e-certificate of a signed task, as `job`; the caller commits.

    Returns None when there is nothing to do: already made, being made by somebody else, or not signed by both.
    """
    task = session.scalars(
        sa.select(IssuanceTask)
        .where(IssuanceTask.id == task_id, IssuanceTask.state == IssuanceState.SIGNED)
        .with_for_update(skip_locked=True)
    ).one_or_none()
    if task is None or _made(session, task.id):
        return None
    made = _edition(
        session, task, Contents(task.candidate_name, task.id_number, task.photo), person_id=task.person_id
    )
    _tell_holder(session, task)
    return made


def make_corrected(
    session: Session, before: ECertificate, contents: Contents, correction_id: int, person_id: int
) -> ECertificate:
    """The next edition of an issued certificate: the same number, signatures and seals, other contents (R131, R132)."""
    task = session.get_one(IssuanceTask, before.task_id, with_for_update=True)
    return _edition(
        session, task, contents, person_id=person_id, edition=before.edition + 1, correction_id=correction_id
    )


def _edition(session: Session, task: IssuanceTask, contents: Contents, **values: Any) -> ECertificate:
    """Draw, sign, store, record; the caller holds the task's lock and commits."""
    signed = _signed_pdf(session, task, contents)
    made = ECertificate(
        certificate_number=task.certificate_number,
        candidate_name=contents.name,
        id_number=contents.id_number,
        photo=contents.photo,
        certificate_name=task.certificate_name,
        level=task.level,
        organisation_name=task.organisation_name,
        school_name=task.school_name,
        site_name=task.site_name,
        issued_at=task.issued_at,
        file=files.keep(session, JOB, f"{task.certificate_number}.pdf", "pdf", signed),
        digest=hashlib.sha256(signed).hexdigest(),
        task_id=task.id,
        organisation_id=task.organisation_id,
        **values,
    )
    session.add(made)
    session.flush()
    return made


def _made(session: Session, task_id: int) -> bool:
    return bool(session.scalar(sa.select(sa.exists().where(ECertificate.task_id == task_id))))


def _signed_pdf(session: Session, task: IssuanceTask, contents: Contents) -> bytes:
    """Draw and sign; the PDF's date is the second signature's (4.14)."""
    if task.issued_at is None or task.certificate_number is None:
        raise DomainError("certificate.task", "发放记录没有发证时间或证书编号")
    seals = _seals(session, task)
    printed = certificate(
        Certificate(
            number=task.certificate_number,
            name=contents.name,
            id_number=contents.id_number,
            certificate=task.certificate_name,
            level=task.level.label,
            photo=_photo(contents.photo),
            organisation=task.organisation_name,
            organisation_seal=seals.organisation,
            site_school=site_school_name(session, task),
            site_seal=seals.site_school,
            issued_on=task.issued_at.astimezone(clock.ZONE).date(),
            verify_url=verify_url(task.certificate_number),
        ),
        issued_at=task.issued_at,
    )
    return sign_pdf(
        printed, signing_key(), reason="证书签发", location=task.organisation_name, when=task.issued_at
    )


def verify_url(number: str) -> str:
    """Where the QR code of a certificate leads: the number only, never the holder's ID number (R25)."""
    return f"{settings().base_url}/verify?{urlencode({'number': number})}"


def site_school_name(session: Session, task: IssuanceTask) -> str:
    """The site's school, whose principal signed (R115)."""
    name = session.scalar(sa.select(School.name).where(School.id == task.host_school_id))
    return name or task.site_name or task.school_name


def _seals(session: Session, task: IssuanceTask) -> Seals:
    rows = session.execute(
        sa.select(Signature.party, Seal.image)
        .join(Seal, Seal.id == Signature.seal_id)
        .where(Signature.task_id == task.id, Signature.round == task.round)
    )
    found = {row.party: row.image for row in rows}
    if set(found) != {Party.ORGANISATION, Party.SITE_SCHOOL}:
        raise DomainError("certificate.signatures", "双方签发记录不完整,不能制证")
    return Seals(storage.get(found[Party.ORGANISATION]), storage.get(found[Party.SITE_SCHOOL]))


def _photo(key: str | None) -> bytes | None:
    return storage.get(key) if key else None


def _tell_holder(session: Session, task: IssuanceTask) -> None:
    about = ("issuance_task", task.id)
    mobile = session.scalar(sa.select(Candidate.mobile).where(Candidate.id == task.candidate_id))
    name = f"{task.certificate_name}({task.level.label})"
    notify.sms(session, mobile, "certificate_issued", {"certificate": name}, about=about)
    notify.message(
        session,
        f"{name}证书已签发",
        "可在“我的证书”下载电子证书",
        kind=MessageKind.RESULT,
        link="/space/certificates",
        person_id=task.person_id,
    )


def due(session: Session, beyond: int = 0) -> list[int]:
    """The next signed tasks without an e-certificate, after the id `beyond`."""
    made = aliased(ECertificate)
    waiting = sa.select(IssuanceTask.id).where(
        IssuanceTask.state == IssuanceState.SIGNED,
        IssuanceTask.id > beyond,
        ~sa.exists().where(made.task_id == IssuanceTask.id),
    )
    return list(session.scalars(waiting.order_by(IssuanceTask.id).limit(A_LOOK)))


@periodic("certificates.make", 10)
def make_due(session: Session) -> int:
    """Make what is due, each in a transaction of its own. One that cannot be made does not hold up the others: it
    stays 制证中, is logged, and is tried again at the next turn."""
    count = last = 0
    while count < A_TURN and (tasks := due(session, last)):
        for last in tasks:
            count += _made_alone(session, last)
    return count


def _made_alone(session: Session, task_id: int) -> bool:
    session.commit()  # the lock of the task before is given back
    try:
        made = make_certificate(session, task_id)
        session.commit()
    except Exception:
        session.rollback()
        log.exception("the certificate of issuance task %s could not be made", task_id)
        return False
    return made is not None
