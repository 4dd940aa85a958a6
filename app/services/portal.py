"""What the portal shows: notices by kind, certificates by name (7.1, 4.16). Asked as `public`; the wall hides drafts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.services.errors import DomainError, NotFound
from models.certificates import Certificate, CertificateMajor, CertificateState, ExamMode, Level, Standard
from models.content import Notice, NoticeFile, NoticeKind
from models.plans import PassMode

LARGEST_ID = 2**63
FEED = 30
SITEMAP = 10_000


@dataclass(frozen=True)
class Card:
    """A certificate name of an organisation with its levels (9.1: the picker groups levels under the name)."""

    key: int
    name: str
    organisation: str
    levels: list[Level]


# Notices


def _having(words: str) -> list[sa.ColumnElement[bool]]:
    """Each word in the title or in the text."""
    return [
        Notice.title.contains(word, autoescape=True) | Notice.words.contains(word, autoescape=True)
        for word in words.split()[:5]
    ]


def notices(
    session: Session, kind: NoticeKind | None, words: str = "", *, start: int = 0, limit: int = 6
) -> list[Notice]:
    """Pinned ones, then the newest; of one kind or of all."""
    found = sa.select(Notice).where(*_having(words))
    if kind is not None:
        found = found.where(Notice.kind == kind)
    ordered = found.order_by(Notice.pinned.desc(), Notice.publish_from.desc(), Notice.id.desc())
    return list(session.scalars(ordered.options(sa.orm.defer(Notice.words)).offset(start).limit(limit)))


def count_notices(session: Session, kind: NoticeKind | None, words: str = "") -> int:
    found = sa.select(sa.func.count(Notice.id)).where(*_having(words))
    if kind is not None:
        found = found.where(Notice.kind == kind)
    return session.scalar(found) or 0


def notice(session: Session, key: int) -> tuple[Notice, list[NoticeFile]]:
    """One notice and its files; 410 when it has been on the portal and is no longer, else 404."""
    found = session.get(Notice, key) if key < LARGEST_ID else None
    if found is None:
        if key < LARGEST_ID and session.scalar(sa.select(sa.func.panel_notice_was_shown(key))):
            raise DomainError("notice.gone", "该内容已下线", status=410)
        raise NotFound("没有找到该文章")
    return found, attachments(session, key)


def attachments(session: Session, key: int) -> list[NoticeFile]:
    return list(
        session.scalars(sa.select(NoticeFile).where(NoticeFile.notice_id == key).order_by(NoticeFile.id))
    )


def neighbours(session: Session, row: Notice) -> tuple[Notice | None, Notice | None]:
    """The one published before it in its list, and the one after."""
    same = sa.select(Notice).where(Notice.kind == row.kind, Notice.id != row.id)
    place = sa.tuple_(Notice.publish_from, Notice.id)
    here = sa.tuple_(sa.literal(row.publish_from), sa.literal(row.id))
    older = same.where(place < here).order_by(Notice.publish_from.desc(), Notice.id.desc()).limit(1)
    newer = same.where(place > here).order_by(Notice.publish_from, Notice.id).limit(1)
    return session.scalars(older).first(), session.scalars(newer).first()


def latest(session: Session) -> list[Notice]:
    """For the feed: the newest of all kinds."""
    return list(
        session.scalars(sa.select(Notice).order_by(Notice.publish_from.desc(), Notice.id.desc()).limit(FEED))
    )


def addresses(session: Session) -> tuple[list[tuple[int, datetime]], list[int]]:
    """For the site map: every notice with the day it was last changed, and a certificate of each name."""
    noticed = sa.select(Notice.id, sa.func.greatest(Notice.updated_at, Notice.publish_from))
    named = _grouped(Catalogue()).order_by(sa.func.min(Certificate.id))
    return (
        [(key, when) for key, when in session.execute(noticed.order_by(Notice.id.desc()).limit(SITEMAP))],
        [row[0] for row in session.execute(named.limit(SITEMAP))],
    )


# Certificates


@dataclass(frozen=True)
class Catalogue:
    """How the catalogue is narrowed; what is empty narrows nothing."""

    words: str = ""
    organisation: int | None = None
    level: Level | None = None
    major: str = ""  # its code


def _grouped(wanted: Catalogue) -> sa.Select[int, str, str, Sequence[str]]:
    levels = sa.func.array_agg(sa.cast(Certificate.level, sa.String), type_=sa.ARRAY(sa.String))
    grouped = (
        sa.select(sa.func.min(Certificate.id), Certificate.name, Certificate.organisation_name, levels)
        .where(Certificate.state == CertificateState.ENABLED)
        .group_by(Certificate.organisation_id, Certificate.organisation_name, Certificate.name)
    )
    if wanted.words:
        named = Certificate.name.contains(wanted.words, autoescape=True)
        grouped = grouped.where(named | Certificate.organisation_name.contains(wanted.words, autoescape=True))
    if wanted.organisation is not None:
        grouped = grouped.where(Certificate.organisation_id == wanted.organisation)
    if wanted.level is not None:
        grouped = grouped.where(Certificate.level == wanted.level)
    if wanted.major:
        meant = sa.select(CertificateMajor.certificate_id).where(CertificateMajor.code == wanted.major)
        grouped = grouped.where(Certificate.id.in_(meant))
    return grouped


def certificates(
    session: Session, wanted: Catalogue | None = None, *, start: int = 0, limit: int = 8
) -> list[Card]:
    """Enabled certificates by name, one card a name of an organisation."""
    found = _grouped(wanted or Catalogue())
    rows = session.execute(
        found.order_by(Certificate.name, Certificate.organisation_name).offset(start).limit(limit)
    )
    return [
        Card(key, name, organisation, [level for level in Level if level.value in levels])
        for key, name, organisation, levels in rows
    ]


def count_certificates(session: Session, wanted: Catalogue | None = None) -> int:
    grouped = _grouped(wanted or Catalogue()).subquery()
    return session.scalar(sa.select(sa.func.count()).select_from(grouped)) or 0


def organisations(session: Session) -> list[tuple[str, str]]:
    """(id, name) of those that have an enabled certificate."""
    found = sa.select(Certificate.organisation_id, Certificate.organisation_name).distinct()
    rows = session.execute(
        found.where(Certificate.state == CertificateState.ENABLED).order_by(Certificate.organisation_name)
    )
    return [(str(key), name) for key, name in rows]


def majors(session: Session) -> list[tuple[str, str]]:
    """(code, name) of the majors that enabled certificates are meant for."""
    found = sa.select(CertificateMajor.code, sa.func.min(CertificateMajor.name)).where(
        CertificateMajor.certificate_state == CertificateState.ENABLED.value
    )
    rows = session.execute(found.group_by(CertificateMajor.code).order_by(CertificateMajor.code))
    return [(code, name) for code, name in rows]


def figures(session: Session) -> list[tuple[str, str]]:
    """How much there is, for the front page."""
    names, organisations_ = session.execute(
        sa.select(
            sa.func.count(sa.func.distinct(Certificate.name)),
            sa.func.count(sa.func.distinct(Certificate.organisation_id)),
        ).where(Certificate.state == CertificateState.ENABLED)
    ).one()
    return [("证书", f"{names:,}"), ("培训评价组织", f"{organisations_:,}")]


@dataclass(frozen=True)
class ExamSubject:
    code: str
    name: str
    mode: ExamMode
    target: str
    full_mark: Decimal
    pass_mark: Decimal | None = None
    weight: int | None = None


@dataclass(frozen=True)
class Examination:
    """What is examined for one level, and by which rule one passes: as in the newest published plan."""

    subjects: list[ExamSubject]
    year: int | None = None
    mode: PassMode | None = None
    total: Decimal | None = None


@dataclass(frozen=True)
class Described:
    """A certificate name with all that everybody may know of it."""

    levels: list[Certificate]
    standards: list[Standard]
    majors: list[tuple[str, str]] = field(default_factory=list)  # (code, name)
    examinations: dict[int, Examination] = field(default_factory=dict)  # by certificate


def certificate(session: Session, key: int) -> Described:
    """All levels of the certificate, lowest first, with subjects, rule, majors and published standards."""
    one = session.get(Certificate, key) if key < LARGEST_ID else None
    if one is None:
        raise NotFound("没有找到该证书")
    same = sa.select(Certificate).where(
        Certificate.organisation_id == one.organisation_id, Certificate.name == one.name
    )
    levels = sorted(session.scalars(same), key=lambda row: row.level.number)
    keys = [row.id for row in levels]
    standards = session.scalars(
        sa.select(Standard)
        .where(Standard.certificate_id.in_(keys))
        .order_by(Standard.published_on.desc(), Standard.id.desc())
    )
    meant = sa.select(CertificateMajor.code, CertificateMajor.name).where(
        CertificateMajor.certificate_id.in_(keys)
    )
    return Described(
        levels,
        list(standards),
        sorted({(code, name) for code, name in session.execute(meant)}),
        {row.id: _examination(session, row.id) for row in levels},
    )


_SUBJECTS = sa.text("select * from panel_certificate_subjects(:asked)")
_RULE = sa.text("select * from panel_certificate_rule(:asked)")


def _examination(session: Session, key: int) -> Examination:
    rule = {row.subject_code: row for row in session.execute(_RULE, {"asked": key})}
    subjects = []
    for row in session.execute(_SUBJECTS, {"asked": key}):
        planned = rule.get(row.subject_code)
        subjects.append(
            ExamSubject(
                row.subject_code,
                row.subject_name,
                ExamMode(row.mode),
                row.target_group or "所有考生",
                row.full_mark,
                planned.pass_mark if planned else None,
                planned.weight if planned else None,
            )
        )
    if not rule:
        return Examination(subjects)
    first = next(iter(rule.values()))
    return Examination(subjects, first.exam_year, PassMode(first.pass_mode), first.total_pass_mark)
