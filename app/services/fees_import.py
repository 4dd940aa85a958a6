"""Fee slips by the sheet: 按报考证书/按报考科目生成缴费申请单, 批量确认缴费 (6.2; R83, E105–E107)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.services import exam_rows, fees
from app.services.actions import page_link
from app.services.exam_rows import CERTIFICATE, ID_NUMBER, LEVEL, NAME, PLAN, SUBJECT, Meaning
from app.services.imports import Context, Importer, expect, register
from app.services.sets import among
from app.services.staging import REFUSED, Row, Staged
from app.sheets.spec import SheetColumn, SheetSpec
from models.fees import FeeBasis, FeeSlip, SlipState
from models.kit import Amount, formats
from models.plans import ExamPlan
from models.registrations import Registration

ONE_PLAN = "一个文件只能填写一个考试计划"

FOR_CERTIFICATES = SheetSpec(
    "fee_slip_by_certificate",
    "按报考证书生成缴费申请单",
    (PLAN, CERTIFICATE, LEVEL, ID_NUMBER, NAME),
    notes=("一个文件生成一张缴费单,只能填写一个考试计划。", "人次按考生和证书计算。"),
)
FOR_SUBJECTS = SheetSpec(
    "fee_slip_by_subject",
    "按报考科目生成缴费申请单",
    (PLAN, SUBJECT, ID_NUMBER, NAME),
    notes=("一个文件生成一张缴费单,只能填写一个考试计划。", "人次按考生和科目计算。"),
)


# Making a slip


def _check(basis: FeeBasis, session: Session, actor: Actor, rows: list[Row], context: Context) -> None:
    meaning = Meaning(session, rows)
    named = {row.number: _named(basis, meaning, row, context) for row in rows}
    entered = _entered(session, meaning)
    found = {number: _lines(basis, entered, *wanted) if wanted else [] for number, wanted in named.items()}
    problems = fees.line_problems(session, [entry for own in found.values() for entry in own])
    for row in rows:
        own = found[row.number]
        if row.outcome != REFUSED and not own:
            row.refuse("未报考该科目" if basis is fees.BY_SUBJECT else "未报考该证书")
        for problem in dict.fromkeys(problems[entry.id] for entry in own if entry.id in problems):
            row.refuse(problem)
        row.values["registration_ids"] = [entry.id for entry in own]


def _named(basis: FeeBasis, meaning: Meaning, row: Row, context: Context) -> tuple[int, int, int] | None:
    """Plan, candidate and certificate or subject of a row; None where it is refused."""
    plan = meaning.plan(row)
    if plan is None:
        return None
    if context.carry.setdefault("plan_id", plan.id) != plan.id:
        row.refuse(ONE_PLAN)
    if refusal := fees.basis_problem(plan, basis):
        row.refuse(refusal)
    candidate = meaning.candidate(row)
    key = meaning.subject_id(row, plan) if basis is fees.BY_SUBJECT else meaning.certificate(row, plan)
    if row.outcome == REFUSED or candidate is None or key is None:
        return None
    return plan.id, candidate.id, key


def _entered(session: Session, meaning: Meaning) -> Sequence[Registration]:
    plans, people = [plan.id for plan in meaning.plans.values()], [c.id for c in meaning.candidates.values()]
    rows = sa.select(Registration).where(
        among(Registration.plan_id, plans), among(Registration.candidate_id, people)
    )
    return session.scalars(rows.order_by(Registration.id)).all()


def _lines(
    basis: FeeBasis, entered: Sequence[Registration], plan: int, candidate: int, key: int
) -> list[Registration]:
    column = "subject_id" if basis is fees.BY_SUBJECT else "certificate_id"
    return [
        entry
        for entry in entered
        if (entry.plan_id, entry.candidate_id, getattr(entry, column)) == (plan, candidate, key)
    ]


def _apply(basis: FeeBasis, session: Session, actor: Actor, staged: Staged) -> None:
    """One file, one slip."""
    ids = [key for rows in staged.rows() for row in rows for key in row.values["registration_ids"]]
    entries = session.scalars(
        sa.select(Registration).where(among(Registration.id, ids)).order_by(Registration.id)
    ).all()
    expect(len(entries), len(ids))
    plan = session.get_one(ExamPlan, entries[0].plan_id)
    slip = fees.make_slip(session, actor, plan, basis, entries)
    amount = "" if slip.amount is None else f",应缴{slip.amount:.2f}元"
    staged.notes.append(f"已生成缴费单{slip.slip_number},共{slip.person_times}人次{amount}")


def _maker(basis: FeeBasis, sheet: SheetSpec, name: str, label: str, key: tuple[str, ...]) -> Importer:
    importer = register(
        Importer(
            table="fee_slip",
            name=name,
            label=label,
            sheet=sheet,
            check=partial(_check, basis),
            apply=partial(_apply, basis),
            clean=exam_rows.cleaners,
            key=key,
            personal=exam_rows.PERSONAL,
            verb=f"import_{name}",
            hints=sheet.notes,
        )
    )
    page_link(
        FeeSlip,
        importer.verb,
        sheet.title,
        f"/console/fee_slip/import/{name}",
        on="list",
        icon="upload",
        order=20,
    )
    return importer


by_certificate = _maker(
    fees.BY_CERTIFICATE,
    FOR_CERTIFICATES,
    "by_certificate",
    "缴费申请单(按证书)",
    ("plan_code", "certificate_name", "certificate_level", "id_number"),
)
by_subject = _maker(
    fees.BY_SUBJECT,
    FOR_SUBJECTS,
    "by_subject",
    "缴费申请单(按科目)",
    ("plan_code", "subject_code", "id_number"),
)


# Confirming


CONFIRMATIONS = SheetSpec(
    "fee_slip_confirmations",
    "批量确认缴费",
    (
        SheetColumn("slip_number", "缴费单号", "code", True, sample="20201210000001"),
        SheetColumn("received_amount", "实收金额", "decimal", sample="100.00", help="不填即与应收相同"),
        SheetColumn("received_on", "到账日期", "date", sample="2020-12-15"),
        SheetColumn("accepted", "差额确认", "choice", False, ("是",), help="实收与应收不符仍要确认时填“是”"),
    ),
    notes=("实收金额与应收不符的缴费单不会确认,除非在“差额确认”列填“是”。",),
)


def _received(value: Any) -> Decimal | None:
    return Amount(12, 2).normalise(str(value))


def _confirmation_cleaners() -> dict[str, Callable[[Any], Any]]:
    return {"slip_number": formats.half_width, "received_amount": _received}


def _check_confirmations(session: Session, actor: Actor, rows: list[Row], context: Context) -> None:
    slips = _by_number(session, rows)
    for row in rows:
        slip = slips.get(row.values["slip_number"])
        if slip is None:
            row.refuse("缴费单不存在")
        elif slip.state is SlipState.CONFIRMED:
            row.refuse("已确认")
        elif slip.state is not SlipState.PENDING:
            row.refuse(slip.state.label)
        elif (warning := fees.difference(slip, row.values.get("received_amount"))) and not row.values.get(
            "accepted"
        ):
            row.refuse(f"{warning},仍要确认请在“差额确认”列填“是”")
        else:
            row.change(slip.id)


def _by_number(session: Session, rows: Sequence[Row]) -> dict[str, FeeSlip]:
    found = session.scalars(
        sa.select(FeeSlip).where(FeeSlip.slip_number.in_({r.values["slip_number"] for r in rows}))
    )
    return {slip.slip_number: slip for slip in found}


def _apply_confirmations(session: Session, actor: Actor, staged: Staged) -> None:
    for rows in staged.rows():
        slips = _by_number(session, rows)
        expect(len(slips), len(rows))
        told: list[tuple[FeeSlip, Decimal | None, date | None]] = [
            (
                slips[row.values["slip_number"]],
                row.values.get("received_amount"),
                row.values.get("received_on"),
            )
            for row in rows
        ]
        fees.confirm_with(session, actor, told)
        session.expunge_all()


confirmations = register(
    Importer(
        table="fee_slip",
        name="confirmations",
        label="批量确认缴费",
        sheet=CONFIRMATIONS,
        check=_check_confirmations,
        apply=_apply_confirmations,
        clean=_confirmation_cleaners,
        key=("slip_number",),
        verb="import_confirmations",
        hints=CONFIRMATIONS.notes,
    )
)
