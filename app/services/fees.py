"""Fee slips: made by the school, confirmed or sent back by the organisation (4.8; R83, R84, E87, E103–E107)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.services import notify, numbers
from app.services.actions import Ask, action, editable_when, move, page_link
from app.services.errors import Conflict, DomainError
from app.services.registrations import hold, live_slips
from app.services.sets import among, insert_rows
from models.certificates import Certificate
from models.fees import FeeBasis, FeeSlip, FeeSlipLine, SlipState
from models.jobs import MessageKind
from models.kit import Amount, Date, Flag, Text, clock
from models.plans import ExamPlan, FeeMode, PlanState
from models.registrations import Registration, RegistrationState

BY_CERTIFICATE, BY_SUBJECT = FeeBasis.BY_CERTIFICATE, FeeBasis.BY_SUBJECT
SLIPS_A_DAY = 999_999

_ALLOWS = {
    FeeMode.NONE: (),
    FeeMode.BY_CERTIFICATE: (BY_CERTIFICATE,),
    FeeMode.BY_SUBJECT: (BY_SUBJECT,),
    FeeMode.EITHER: (BY_CERTIFICATE, BY_SUBJECT),
}


# Making


def basis_problem(plan: ExamPlan, basis: FeeBasis) -> str:
    """R83: whether slips of this basis are made for the plan; empty when they are."""
    if plan.state is not PlanState.PUBLISHED:
        return "计划不存在或未发布"
    if plan.fee_mode is FeeMode.NONE:
        return "计划不收费"
    return "" if basis in _ALLOWS[plan.fee_mode] else f"该计划不{basis.label}收费"


def line_problems(session: Session, rows: Iterable[Registration]) -> dict[int, str]:
    """Why registrations cannot be put on a slip, by id (4.8, E105)."""
    rows = list(rows)
    slips = live_slips(session, [row.id for row in rows])
    found = {}
    for row in rows:
        if row.state is RegistrationState.CANCELLED:
            found[row.id] = "报考已取消"
        elif row.paid:
            found[row.id] = "已缴费"
        elif row.id in slips:
            found[row.id] = f"已在缴费单{slips[row.id]}中"
    return found


def make_slip(
    session: Session, actor: Actor, plan: ExamPlan, basis: FeeBasis, rows: Sequence[Registration]
) -> FeeSlip:
    """A slip of registrations of one plan; count, unit fee and amount are frozen with it (R83, E106).

    By certificate each person and certificate counts once, and all that the person is registered for goes along.
    """
    hold(session, plan, actor.tenant)
    if refusal := basis_problem(plan, basis):
        raise Conflict("slip.basis", refusal)
    if basis is BY_CERTIFICATE:
        rows = _whole_certificates(session, plan, rows)
    if not rows:
        raise DomainError("slip.empty", "没有可缴费的报考")
    if problems := line_problems(session, rows):
        first = next(row for row in rows if row.id in problems)
        raise Conflict("slip.line", f"{first.candidate_name}({first.subject_name}):{problems[first.id]}")
    fees = _fees(session, basis, rows)
    times = (
        len(rows) if basis is BY_SUBJECT else len({(row.candidate_id, row.certificate_id) for row in rows})
    )
    units, lines = set(fees.values()), _priced(basis, rows, fees)
    slip = FeeSlip(
        slip_number=_number(session),
        school_id=actor.tenant,
        plan_id=plan.id,
        basis=basis,
        person_times=times,
        unit_fee=units.pop() if len(units) == 1 else None,
        amount=None if None in fees.values() else sum(fee for _, fee in lines if fee is not None),
    )
    session.add(slip)
    session.flush()
    priced = [{"registration_id": row.id, "fee": fee} for row, fee in lines]
    session.execute(insert_rows(FeeSlipLine, priced, slip_id=slip.id))
    return slip


def _whole_certificates(session: Session, plan: ExamPlan, rows: Sequence[Registration]) -> list[Registration]:
    """All registrations of the people and certificates among `rows`."""
    pairs = {(row.candidate_id, row.certificate_id) for row in rows}
    own = session.scalars(
        sa.select(Registration)
        .where(Registration.plan_id == plan.id, among(Registration.candidate_id, {c for c, _ in pairs}))
        .order_by(Registration.id)
    )
    return [row for row in own if (row.candidate_id, row.certificate_id) in pairs]


def _fees(session: Session, basis: FeeBasis, rows: Sequence[Registration]) -> Mapping[int, Decimal | None]:
    """The tariff of each certificate on the slip; none where the organisation entered none (9.23)."""
    column = Certificate.fee_per_subject if basis is BY_SUBJECT else Certificate.fee_per_certificate
    found = session.execute(
        sa.select(Certificate.id, column).where(Certificate.id.in_({r.certificate_id for r in rows}))
    )
    return {key: fee for key, fee in found}  # noqa: C416  # rows, not pairs


def _priced(
    basis: FeeBasis, rows: Sequence[Registration], fees: Mapping[int, Decimal | None]
) -> list[tuple[Registration, Decimal | None]]:
    """Each line with its fee; by certificate it stands with the first subject of the certificate."""
    seen: set[tuple[int, int]] = set()
    lines = []
    for row in rows:
        pair = (row.candidate_id, row.certificate_id)
        counts = basis is BY_SUBJECT or pair not in seen
        seen.add(pair)
        lines.append((row, fees[row.certificate_id] if counts else None))
    return lines


def _number(session: Session) -> str:
    """Date and six digits: easy to write into a bank transfer."""
    day = f"{clock.today():%Y%m%d}"
    return f"{day}{numbers.take(session, f'slip:{day}', ceiling=SLIPS_A_DAY)[0]:06d}"


def _basis_options(session: Session) -> list[tuple[str, str]]:
    return [(basis.value, basis.label) for basis in FeeBasis]


@action(
    Registration,
    "make_slip",
    "生成缴费申请单",
    icon="receipt",
    order=20,
    when=lambda row: (
        row.state is not RegistrationState.CANCELLED
        and not row.paid
        and row.plan.fee_mode is not FeeMode.NONE  # R83
    ),
    asks=(
        Ask("basis", "缴费方式", None, options=_basis_options, help="按证书缴费时,该证书的全部科目一并列入"),
    ),
    confirm="为所选的{n}条报考生成缴费申请单,须属于同一考试计划",
)
def _make_slip(session: Session, actor: Actor, rows: Sequence[Registration], basis: str) -> str:
    if len({row.plan_id for row in rows}) > 1:
        raise DomainError("slip.plans", "一张缴费单只能有一个考试计划,请先按考试计划筛选")
    if basis not in list(FeeBasis):
        raise DomainError("slip.basis", "请选择缴费方式", "basis")
    slip = make_slip(session, actor, session.get_one(ExamPlan, rows[0].plan_id), FeeBasis(basis), rows)
    return f"已生成缴费单{slip.slip_number},共{slip.person_times}人次"


# Deciding


@move(FeeSlip, "confirm", order=10, primary=True)
def confirm(session: Session, actor: Actor, rows: Sequence[FeeSlip]) -> str:
    """待确认 → 已确认: the full amount has arrived; the registrations are paid (4.8)."""
    _confirm(session, actor, [(slip, slip.amount, clock.today()) for slip in rows])
    return f"已确认{len(rows)}张缴费单"


@action(
    FeeSlip,
    "record_payment",
    "登记到账",
    on="one",
    icon="cash-banknote",
    order=11,
    when=lambda row: row.state is SlipState.PENDING,
    asks=(
        Ask("received_amount", "实收金额(元)", Amount(12, 2)),
        Ask("received_on", "到账日期", Date()),
        Ask("accept_difference", "与应缴金额不符,仍确认", Flag(), required=False, default=False),
    ),
)
def record_payment(
    session: Session,
    actor: Actor,
    rows: Sequence[FeeSlip],
    received_amount: Decimal,
    received_on: date,
    accept_difference: bool = False,
) -> str:
    """Confirm with what really arrived; another amount only with an explicit word (E107)."""
    (slip,) = rows
    if (warning := difference(slip, received_amount)) and not accept_difference:
        raise DomainError("slip.difference", f"{warning},确认无误请勾选“仍确认”", "received_amount")
    if received_on > clock.today():
        raise DomainError("slip.date", "到账日期不能晚于今天", "received_on")
    _confirm(session, actor, [(slip, received_amount, received_on)])
    return f"已确认缴费单{slip.slip_number}"


def difference(slip: FeeSlip, received: Decimal | None) -> str:
    """E107; nothing to compare where the slip has no amount or none was told."""
    if received is None or slip.amount is None or received == slip.amount:
        return ""
    return f"实收金额与应收不符(应收{slip.amount:.2f})"


def confirm_with(
    session: Session, actor: Actor, told: Sequence[tuple[FeeSlip, Decimal | None, date | None]]
) -> None:
    """Confirm many slips with what the organisation's sheet says of each."""
    _confirm(
        session,
        actor,
        [(slip, amount if amount is not None else slip.amount, day) for slip, amount, day in told],
    )


def _confirm(
    session: Session, actor: Actor, told: Sequence[tuple[FeeSlip, Decimal | None, date | None]]
) -> None:
    for slip, amount, day in told:
        if slip.state is not SlipState.PENDING:
            raise Conflict("slip.state", f"缴费单{slip.slip_number}{slip.state.label},不能再确认")
        slip.state, slip.confirmed_at, slip.confirmed_by_id = SlipState.CONFIRMED, clock.now(), actor.account
        slip.received_amount, slip.received_on = amount, day
    ids = [slip.id for slip, _, _ in told]
    paid = sa.select(FeeSlipLine.registration_id).where(among(FeeSlipLine.slip_id, ids))
    session.execute(
        sa.update(Registration).where(Registration.id.in_(paid)).values(paid=True),
        execution_options={"synchronize_session": False},
    )
    session.flush()
    _tell(session, [slip for slip, _, _ in told], "已确认", "对应报考已记为已缴费")


@move(FeeSlip, "send_back", order=12, asks=(Ask("reason", "退回原因", Text(500, 2)),))
def send_back(session: Session, actor: Actor, rows: Sequence[FeeSlip], reason: str) -> str:
    """待确认 → 已退回: the registrations are free for another slip."""
    for slip in rows:
        slip.state, slip.refusal_reason = SlipState.RETURNED, reason
    session.flush()
    _tell(session, rows, "已退回", reason)
    return f"已退回{len(rows)}张缴费单"


def _tell(session: Session, slips: Sequence[FeeSlip], what: str, body: str) -> None:
    by_school: dict[int, list[FeeSlip]] = defaultdict(list)
    for slip in slips:
        by_school[slip.school_id].append(slip)
    for school_id, own in by_school.items():
        shown = "、".join(slip.slip_number for slip in own[:3]) + ("等" if len(own) > 3 else "")
        link = f"/console/fee_slip/{own[0].id}" if len(own) == 1 else "/console/fee_slip/"
        notify.message(
            session, f"缴费单{shown}{what}", body, kind=MessageKind.RESULT, link=link, school_id=school_id
        )


@editable_when(FeeSlip)
def deletable(slip: FeeSlip) -> bool:
    """R84: a confirmed slip never changes."""
    return slip.state is not SlipState.CONFIRMED


page_link(FeeSlip, "print", "打印", "/console/fee_slip/{id}/print", on="one", icon="printer", order=5)


__all__ = [
    "BY_CERTIFICATE",
    "BY_SUBJECT",
    "basis_problem",
    "confirm",
    "confirm_with",
    "difference",
    "line_problems",
    "make_slip",
    "record_payment",
    "send_back",
]
