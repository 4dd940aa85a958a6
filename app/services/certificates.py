"""Certificates: completeness, submission, approval and its version, subjects that plans may use (4.17, R59–R61)."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.services import notify
from app.services.actions import Ask, before_save, deletable_when, editable_when, move
from app.services.errors import DomainError
from models.certificates import (
    Certificate,
    CertificateState,
    CertificateVersion,
    Subject,
    SubjectState,
    TargetGroup,
)
from models.jobs import MessageKind
from models.kit import Text


def missing(session: Session, certificate: Certificate) -> list[str]:
    """What a certificate still lacks before it can be submitted; the words say what to add."""
    lacks = []
    subjects = session.scalars(sa.select(Subject).where(Subject.certificate_id == certificate.id)).all()
    if not any(subject.state is SubjectState.ENABLED for subject in subjects):
        lacks.append("至少一个已启用的考试科目")
    if not certificate.intro:
        lacks.append("证书介绍")
    return lacks


@move(Certificate, "submit")
def submit(session: Session, actor: Actor, rows: list[Certificate]) -> str:
    """草稿 → 待审核: the completeness check names what is missing (4.17)."""
    for certificate in rows:
        if lacks := missing(session, certificate):
            raise DomainError("certificate.incomplete", f"“{certificate}”还缺:{'、'.join(lacks)}")
        certificate.state = CertificateState.PENDING
        certificate.refusal_reason = None
        notify.message(
            session,
            f"证书待审核:{certificate}",
            kind=MessageKind.TODO,
            link=f"/desk/certificate/{certificate.id}",
            for_platform=True,
        )
    session.flush()
    return f"已提交{len(rows)}个证书"


@move(Certificate, "approve")
def approve(session: Session, actor: Actor, rows: list[Certificate]) -> str:
    """待审核 → 已启用; the approved content becomes a version, so what runs stays on its own."""
    for certificate in rows:
        certificate.state = CertificateState.ENABLED
        session.flush()
        session.add(
            CertificateVersion(
                certificate_id=certificate.id,
                number=_next_version(session, certificate),
                content=content(session, certificate),
            )
        )
        notify.message(
            session,
            f"证书已通过审核:{certificate}",
            kind=MessageKind.RESULT,
            link=f"/desk/certificate/{certificate.id}",
            organisation_id=certificate.organisation_id,
        )
    session.flush()
    return f"已通过{len(rows)}个证书"


@move(Certificate, "refuse", asks=(Ask("reason", "不通过原因", Text(500, 2)),))
def refuse(session: Session, actor: Actor, rows: list[Certificate], reason: str) -> str:
    for certificate in rows:
        certificate.state = CertificateState.DRAFT
        certificate.refusal_reason = reason
        notify.message(
            session,
            f"证书未通过审核:{certificate}",
            reason,
            kind=MessageKind.RESULT,
            link=f"/desk/certificate/{certificate.id}",
            organisation_id=certificate.organisation_id,
        )
    session.flush()
    return f"已退回{len(rows)}个证书"


def _next_version(session: Session, certificate: Certificate) -> int:
    last = sa.select(sa.func.coalesce(sa.func.max(CertificateVersion.number), 0))
    return (session.scalar(last.where(CertificateVersion.certificate_id == certificate.id)) or 0) + 1


def content(session: Session, certificate: Certificate) -> dict[str, Any]:
    """The certificate and its subjects as plain values, for the version."""
    subjects = session.scalars(
        sa.select(Subject).where(Subject.certificate_id == certificate.id).order_by(Subject.subject_code)
    )
    return {
        "name": certificate.name,
        "level": certificate.level.value,
        "subjects": [
            {
                "code": s.subject_code,
                "name": s.name,
                "mode": s.mode.value,
                "full_mark": str(s.full_mark),
                "state": s.state.value,
            }
            for s in subjects
        ],
    }


@deletable_when(Certificate)
def _only_drafts_go(row: Certificate) -> bool:
    return row.state is CertificateState.DRAFT


@editable_when(Certificate)
def _not_under_review(row: Certificate) -> bool:
    return row.state is not CertificateState.PENDING


@before_save(Subject)
def _subject_group(session: Session, actor: Actor, row: Subject, values: dict[str, Any]) -> None:
    """The target group belongs to the subject's own certificate (R60)."""
    group_id = values.get("target_group_id")
    if group_id is None:
        return
    group = session.get(TargetGroup, group_id)
    if group is None or group.certificate_id != row.certificate_id:
        raise DomainError("subject.group", "参考对象不属于该证书", "target_group_id")
