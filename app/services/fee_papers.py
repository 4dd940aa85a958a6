"""The fee slip as a paper (缴费单, 6.4)."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.documents.records import FeeLine, fee_slip
from app.documents.records import FeeSlip as Paper
from app.services.errors import NotFound
from models.certificates import Certificate
from models.fees import FeeBasis, FeeSlip, FeeSlipLine
from models.kit import clock


def slip_paper(session: Session, key: int) -> tuple[str, bytes]:
    """File name and PDF of a slip the actor may see."""
    slip = session.get(FeeSlip, key)
    if slip is None:
        raise NotFound()
    plan, organisation = slip.plan, slip.organisation
    paper = Paper(
        slip_number=slip.slip_number,
        school=slip.school_name,
        organisation=organisation.name,
        plan=plan.name,
        plan_code=plan.plan_code or "",
        basis=slip.basis.label,
        person_times=slip.person_times,
        unit_fee=slip.unit_fee,
        amount=slip.amount,
        bank_text=organisation.bank_details or "",
        created_at=f"{slip.created_at.astimezone(clock.ZONE):%Y-%m-%d %H:%M}",
        lines=_lines(session, slip),
    )
    return f"缴费单{slip.slip_number}", fee_slip(paper, printed_at=clock.now())


def _lines(session: Session, slip: FeeSlip) -> list[FeeLine]:
    """A line for each that is counted: a person and certificate, or a person and subject (R83)."""
    rows = session.execute(
        sa.select(FeeSlipLine, Certificate.name, Certificate.level)
        .join(Certificate, Certificate.id == FeeSlipLine.certificate_id)
        .where(FeeSlipLine.slip_id == slip.id)
        .order_by(FeeSlipLine.ticket_number, FeeSlipLine.id)
    )
    lines: dict[object, FeeLine] = {}
    for line, name, level in rows:
        by_subject = slip.basis is FeeBasis.BY_SUBJECT
        lines.setdefault(
            line.id if by_subject else line.ticket_number,
            FeeLine(
                name=line.candidate_name,
                id_masked=line.id_masked,
                certificate=name,
                level=level.label,
                subject=line.subject_name if by_subject else None,
            ),
        )
    return list(lines.values())
