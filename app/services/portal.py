"""What the portal shows: notices by kind, certificates by name (7.1, 4.16). Asked as `public`; the wall hides drafts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.services.errors import NotFound
from models.certificates import Certificate, CertificateState, Level, Standard
from models.content import Notice, NoticeFile, NoticeKind


@dataclass(frozen=True)
class Card:
    """A certificate name of an organisation with its levels (9.1: the picker groups levels under the name)."""

    key: int
    name: str
    organisation: str
    levels: list[Level]


def notices(session: Session, kind: NoticeKind, *, start: int = 0, limit: int = 5) -> list[Notice]:
    """The newest first."""
    found = (
        sa.select(Notice).where(Notice.kind == kind).order_by(Notice.publish_from.desc(), Notice.id.desc())
    )
    return list(session.scalars(found.offset(start).limit(limit)))


def count_notices(session: Session, kind: NoticeKind) -> int:
    return session.scalar(sa.select(sa.func.count(Notice.id)).where(Notice.kind == kind)) or 0


def notice(session: Session, key: int) -> tuple[Notice, list[NoticeFile]]:
    found = session.get(Notice, key) if key < 2**63 else None
    if found is None:
        raise NotFound("没有找到该文章,可能已下线")
    files = session.scalars(sa.select(NoticeFile).where(NoticeFile.notice_id == key).order_by(NoticeFile.id))
    return found, list(files)


def _grouped(words: str) -> sa.Select[int, str, str, Sequence[str]]:
    levels = sa.func.array_agg(sa.cast(Certificate.level, sa.String), type_=sa.ARRAY(sa.String))
    grouped = (
        sa.select(sa.func.min(Certificate.id), Certificate.name, Certificate.organisation_name, levels)
        .where(Certificate.state == CertificateState.ENABLED)
        .group_by(Certificate.organisation_id, Certificate.organisation_name, Certificate.name)
    )
    if words:
        named = Certificate.name.contains(words, autoescape=True)
        grouped = grouped.where(named | Certificate.organisation_name.contains(words, autoescape=True))
    return grouped


def certificates(session: Session, words: str = "", *, start: int = 0, limit: int = 8) -> list[Card]:
    """Enabled certificates whose name or organisation contains the words, by name."""
    rows = session.execute(
        _grouped(words).order_by(Certificate.name, Certificate.organisation_name).offset(start).limit(limit)
    )
    return [
        Card(key, name, organisation, [level for level in Level if level.value in levels])
        for key, name, organisation, levels in rows
    ]


def count_certificates(session: Session, words: str = "") -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(_grouped(words).subquery())) or 0


def figures(session: Session) -> list[tuple[str, str]]:
    """How much there is, for the front page."""
    names, organisations = session.execute(
        sa.select(
            sa.func.count(sa.func.distinct(Certificate.name)),
            sa.func.count(sa.func.distinct(Certificate.organisation_id)),
        ).where(Certificate.state == CertificateState.ENABLED)
    ).one()
    return [("证书", f"{names:,}"), ("培训评价组织", f"{organisations:,}")]


def certificate(session: Session, key: int) -> tuple[list[Certificate], list[Standard]]:
    """All levels of the certificate, lowest first, and the published standards."""
    one = session.get(Certificate, key) if key < 2**63 else None
    if one is None:
        raise NotFound("没有找到该证书")
    same = sa.select(Certificate).where(
        Certificate.organisation_id == one.organisation_id, Certificate.name == one.name
    )
    levels = sorted(session.scalars(same), key=lambda row: row.level.number)
    standards = session.scalars(
        sa.select(Standard)
        .where(Standard.certificate_id.in_([row.id for row in levels]))
        .order_by(Standard.published_on.desc(), Standard.id.desc())
    )
    return levels, list(standards)
