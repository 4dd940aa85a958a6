"""What a declaration's form offers: certificates open in its batch, majors of the school's kind, the batch to declare in
(R27–R30, 9.1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.services.actions import AddOffer, Offer, adds_by, choices_of, closes_at
from app.services.batches import window_text
from models.certificates import Certificate, CertificateState, EducationLevel, Major
from models.declarations import (
    BatchPhase,
    Declaration,
    DeclarationBatch,
    DeclarationBatchCertificate,
    DeclarationMajor,
    DeclarationState,
)
from models.directory import School, SchoolKind
from models.kit import clock, formats

ADD = "/console/declaration/add?batch_id={id}"
HOME = "/console/declaring/"

# Which levels of the catalogue a kind of school teaches; of the others everything is offered.
_TAUGHT: dict[SchoolKind, tuple[EducationLevel, ...]] = {
    SchoolKind.UNDERGRADUATE: (
        EducationLevel.UNDERGRADUATE,
        EducationLevel.GRADUATE,
        EducationLevel.VOCATIONAL,
    ),
    SchoolKind.VOCATIONAL: (EducationLevel.VOCATIONAL, EducationLevel.UNDERGRADUATE),
    SchoolKind.SECONDARY: (EducationLevel.SECONDARY,),
    SchoolKind.TECHNICIAN: (EducationLevel.SECONDARY, EducationLevel.VOCATIONAL),
}


# When


def open_batches(session: Session) -> Sequence[DeclarationBatch]:
    """The batches in which one can declare now, the first to close first."""
    is_open = DeclarationBatch.PHASES[BatchPhase.OPEN.label](clock.now())
    return session.scalars(
        sa.select(DeclarationBatch).where(is_open).order_by(DeclarationBatch.window_to)
    ).all()


def closed_reason(session: Session) -> str:
    """Why there is nothing to declare in now, with the window that comes next or was the last (R28, E15)."""
    batch = session.scalars(
        sa.select(DeclarationBatch)
        .where(DeclarationBatch.published_at.is_not(None))
        .order_by(DeclarationBatch.window_from.desc())
        .limit(1)
    ).one_or_none()
    if batch is None:
        return "当前没有开放的申报批次,请等待省级教育行政部门发布"
    coming = batch.phase(clock.now()) is BatchPhase.COMING
    word = "下一批次" if coming else "最近的批次"
    return f"当前没有开放的申报批次;{word}“{batch.name}”的申报时间:{window_text(batch)}"


@adds_by(Declaration)
def _adding(session: Session, actor: Actor) -> AddOffer:
    batches = open_batches(session)
    if not batches:
        return AddOffer(refusal=closed_reason(session))
    return AddOffer(ADD.format(id=batches[0].id) if len(batches) == 1 else HOME)


@closes_at(Declaration)
def _closing(session: Session, values: Mapping[str, Any]) -> datetime | None:
    """The last minutes of the window are counted down while a form is open."""
    key = formats.row_id(values.get("batch_id"))
    batch = session.get(DeclarationBatch, key) if key is not None else None
    return batch.window_to if batch is not None else None


# What


@choices_of(Declaration, "batch_id")
def _batches(session: Session, actor: Actor, given: Mapping[str, str]) -> Offer:
    return Offer(order=(DeclarationBatch.window_from.desc(),), searched=(DeclarationBatch.name,))


@choices_of(Declaration, "certificate_id", "batch_id")
def _certificates(session: Session, actor: Actor, given: Mapping[str, str]) -> Offer:
    """Enabled, on the batch's list where it has one, not declared in it yet; searched by name, level, organisation
    and code. One that was approved earlier in the year is an increase (R29)."""
    batch = session.get(DeclarationBatch, formats.row_id(given["batch_id"]))
    if batch is None:
        return Offer(where=(sa.false(),))
    listed = sa.select(DeclarationBatchCertificate.certificate_id).where(
        DeclarationBatchCertificate.batch_id == batch.id
    )
    own = formats.row_id(given.get("row")) or 0
    declared = sa.select(Declaration.certificate_id).where(
        Declaration.batch_id == batch.id, Declaration.id != own
    )
    where = [Certificate.state == CertificateState.ENABLED, Certificate.id.not_in(declared)]
    if session.scalar(sa.select(listed.exists())):
        where.append(Certificate.id.in_(listed))

    def hints(rows: Sequence[Certificate]) -> dict[int, str]:
        granted = _granted(session, batch.year, [row.id for row in rows])
        return {row.id: _hint(row, granted.get(row.id, 0)) for row in rows}

    return Offer(where, _BY_NAME, _SEARCHED, hints)


_BY_NAME = (Certificate.name, Certificate.level)
_SEARCHED = (Certificate.full_name, Certificate.organisation_name, Certificate.code)


def _hint(row: Certificate, granted: int) -> str:
    before = f" · 本年度已批准{granted}人,再次申报为增加指标" if granted else ""
    return f"{row.organisation_name} · {row.code}{before}"


def _granted(session: Session, year: int, keys: list[int]) -> dict[int, int]:
    """What was approved in the year, by certificate; of this school, since the wall shows no other's."""
    found = session.execute(
        sa.select(Declaration.certificate_id, sa.func.sum(Declaration.approved_count))
        .where(
            Declaration.year == year,
            Declaration.state == DeclarationState.APPROVED,
            Declaration.certificate_id.in_(keys),
        )
        .group_by(Declaration.certificate_id)
    )
    return {key: count or 0 for key, count in found}


@choices_of(DeclarationBatchCertificate, "certificate_id")
def _open_certificates(session: Session, actor: Actor, given: Mapping[str, str]) -> Offer:
    return Offer(
        (Certificate.state == CertificateState.ENABLED,),
        _BY_NAME,
        _SEARCHED,
        lambda rows: {row.id: _hint(row, 0) for row in rows},
    )


@choices_of(DeclarationMajor, "major_id")
def _majors(session: Session, actor: Actor, given: Mapping[str, str]) -> Offer:
    """Active majors of the levels the school teaches, searched by name, code and category (R30)."""
    school = session.get(School, actor.tenant) if actor.kind == "school" and actor.tenant else None
    taught = _TAUGHT.get(school.kind, ()) if school is not None else ()
    levels = [Major.level.in_(taught)] if taught else []
    return Offer(
        (Major.active, *levels),
        (Major.code,),
        (Major.name, Major.code, Major.category),
        lambda rows: {row.id: f"{row.code} · {row.level.label}" for row in rows},
    )
