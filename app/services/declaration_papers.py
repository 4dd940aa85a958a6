"""申报表: one declaration with its quota and its reviews, to be printed and stamped (6.4)."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from app.documents.records import DeclarationForm, ReviewEntry, declaration_form
from app.services.actions import page_link
from app.services.errors import NotFound
from app.services.richtext import plain_text
from models.certificates import Major
from models.declarations import Declaration, DeclarationFile, DeclarationMajor, Review
from models.directory import School
from models.kit import clock, formats
from models.kit.types import Moment

page_link(
    Declaration,
    "print",
    "打印申报表",
    "/console/declaring/{id}/print",
    on="one",
    icon="printer",
    order=60,
    aside=True,
)
_shown = Moment().shown


def printed(session: Session, key: int) -> tuple[bytes, str]:
    """The PDF and its name, of a declaration the actor sees."""
    loads = [joinedload(getattr(Declaration, name)) for name in ("batch", "certificate", "organisation")]
    row = session.scalars(sa.select(Declaration).where(Declaration.id == key).options(*loads)).one_or_none()
    school = (
        session.get(School, row.school_id, options=[joinedload(School.province)]) if row is not None else None
    )
    if row is None or school is None:
        raise NotFound()
    form = DeclarationForm(
        batch=row.batch.name,
        year=str(row.year),
        school=row.school_name,
        school_code=school.school_code,
        province=school.province.authority or school.province.name,
        contact_name=school.contact_name,
        contact_mobile=formats.mask_mobile(school.contact_mobile),
        certificate=row.certificate.name,
        level=row.certificate.level.label,
        organisation=row.organisation.name,
        majors=majors(session, key),
        applied_count=row.applied_count,
        approved_count=row.approved_count,
        state=row.state.label,
        submitted_at=_shown(row.submitted_at) if row.submitted_at else None,
        teachers=_paragraphs(row.teachers_description),
        venue=_paragraphs(row.venue_description),
        files=session.scalars(
            sa.select(DeclarationFile.name)
            .where(DeclarationFile.declaration_id == key)
            .order_by(DeclarationFile.id)
        ).all(),
        reviews=_reviews(session, key),
    )
    return declaration_form(form, printed_at=clock.now()), f"申报表-{row.certificate.full_name}"


def majors(session: Session, key: int) -> list[str]:
    """The majors of a declaration, each with its code."""
    rows = session.execute(
        sa.select(Major.code, Major.name)
        .join(DeclarationMajor, DeclarationMajor.major_id == Major.id)
        .where(DeclarationMajor.declaration_id == key)
        .order_by(Major.code)
    )
    return [f"{code} {name}" for code, name in rows]


def _paragraphs(html: str) -> list[str]:
    return [line.strip() for line in plain_text(html).splitlines() if line.strip()]


def _reviews(session: Session, key: int) -> list[ReviewEntry]:
    rows = session.scalars(sa.select(Review).where(Review.declaration_id == key).order_by(Review.id))
    return [
        ReviewEntry(
            stage=row.stage.label,
            decision=row.decision.label,
            approved_count=row.approved_count,
            reason=row.reason or "",
            by=row.reviewer_name or "",
            at=_shown(row.decided_at),
        )
        for row in rows
    ]
