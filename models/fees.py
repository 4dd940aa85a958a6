"""Fee slips: what a school owes an organisation for a plan, paid off-line (3.5, 4.8; R83, R84, E103–E107)."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy.orm import Mapped

from models.certificates import Certificate
from models.directory import Organisation
from models.kit import (
    Amount,
    Block,
    Choice,
    Choices,
    Code,
    Date,
    Declared,
    Flow,
    Int,
    Moment,
    Move,
    Panel,
    Scope,
    State,
    Text,
    change,
    exact,
    field,
    filtered,
    fixed,
    hidden,
    listed,
    moves,
    read,
    readonly,
    reference,
    searched,
    tabbed,
    unique,
)
from models.kit.scope import DELETE, INSERT, Rule
from models.plans import ExamPlan
from models.registrations import Registration


class FeeBasis(Choices):
    """What is counted: people × certificates, or people × subjects (R83, E106)."""

    BY_CERTIFICATE = "BY_CERTIFICATE", "按证书"
    BY_SUBJECT = "BY_SUBJECT", "按科目"


class SlipState(Choices):
    PENDING = "PENDING", "待确认", "amber"
    CONFIRMED = "CONFIRMED", "已确认", "blue"
    RETURNED = "RETURNED", "已退回", "red"


_F = SlipState
SLIP_FLOW = Flow(
    SlipState,
    _F.PENDING,
    moves(
        Move(
            "confirm",
            "确认缴费",
            (_F.PENDING,),
            _F.CONFIRMED,
            icon="cash",
            confirm="确认后不能再修改,对应报考记为已缴费",
        ),
        Move(
            "send_back",
            "退回",
            (_F.PENDING,),
            _F.RETURNED,
            icon="arrow-back-up",
            reason="refusal_reason",
            plain=True,
            danger=True,
        ),
    ),
)


class FeeSlip(Declared):
    """The registrations of one plan a school pays for with one transfer (缴费单). 4.8, R83, R84."""

    slip_number: Mapped[str] = field(
        "缴费单号", Code(20), listed, searched, unique, readonly, help="汇款时请在附言中注明缴费单号"
    )
    plan_id: Mapped[int] = reference(
        "考试计划", "exam_plan", listed, filtered, fixed, within=("organisation_id",)
    )
    basis: Mapped[FeeBasis] = field("缴费方式", Choice(FeeBasis), listed, filtered, fixed)
    person_times: Mapped[int] = field("报考人次", Int(1), listed, readonly)
    unit_fee: Mapped[Decimal | None] = field(
        "单价(元)", Amount(8, 2), readonly, help="收费标准不一时不显示单价,金额为各项之和"
    )
    amount: Mapped[Decimal | None] = field("应缴金额(元)", Amount(12, 2), listed, readonly)
    state: Mapped[SlipState] = field("缴费状态", State(SlipState), listed, tabbed, readonly, flow=SLIP_FLOW)
    received_amount: Mapped[Decimal | None] = field("实收金额(元)", Amount(12, 2), readonly)
    received_on: Mapped[date | None] = field("到账日期", Date(), readonly)
    confirmed_at: Mapped[datetime | None] = field("确认时间", Moment(), readonly)
    confirmed_by_id: Mapped[int | None] = reference("确认人", "account", readonly)
    refusal_reason: Mapped[str | None] = field("退回原因", Text(500, least=2), readonly)
    school_id: Mapped[int] = reference("缴费院校", "school", hidden)
    school_name: Mapped[str] = field("缴费院校", Text(100), listed, searched, copied="school_id.name")
    organisation_id: Mapped[int] = reference(
        "考核单位", "organisation", listed, filtered, copied="plan_id.organisation_id"
    )

    panel = Panel(
        "缴费单",
        menu="考试管理/缴费管理",
        menus={"organisation": "考试管理/缴费确认"},
        icon="receipt",
        title="slip_number",
        order=70,
        allows=("delete", "export"),
        related=("fee_slip_line",),
        checks=(
            ("person_times >= 1", "缴费单至少有一人次"),
            ("unit_fee >= 0 and amount >= 0", "金额不能为负数"),
            ("unit_fee is null or amount is not distinct from person_times * unit_fee", "应缴金额=人次×单价"),
            ("(state = 'CONFIRMED') = (confirmed_at is not null)", "确认时间与缴费状态一致"),
            ("state <> 'RETURNED' or refusal_reason is not null", "退回须说明原因"),
        ),
        scope=Scope(
            school=(read("school_id"), Rule("school_id", (INSERT, DELETE), when="state <> 'CONFIRMED'")),
            organisation=change(
                "organisation_id",
                "state",
                "received_amount",
                "received_on",
                "confirmed_at",
                "confirmed_by_id",
                "refusal_reason",
            ),
        ),
        frozen="OLD.state = 'CONFIRMED'",
        frozen_message="缴费单已确认,不能修改或删除",
        empty="还没有缴费单,点“按报考证书生成缴费申请单”或“按报考科目生成缴费申请单”",
    )

    plan: Mapped[ExamPlan]
    organisation: Mapped[Organisation]


class FeeSlipLine(Declared):
    """A registration on a slip; on at most one that is not sent back (缴费明细). E87, E105."""

    slip_id: Mapped[int] = reference(
        "缴费单", "fee_slip", listed, within=("school_id", "organisation_id", "plan_id"), ondelete="CASCADE"
    )
    registration_id: Mapped[int] = reference(
        "报考记录", "registration", hidden, within=("school_id", "organisation_id", "plan_id")
    )
    candidate_name: Mapped[str] = field(
        "学生姓名", Text(50), listed, searched, copied="registration_id.candidate_name"
    )
    id_masked: Mapped[str] = field("证件号码", Code(18), listed, copied="registration_id.id_masked")
    ticket_number: Mapped[str] = field(
        "准考证号", Code(20), listed, exact, copied="registration_id.ticket_number"
    )
    certificate_id: Mapped[int] = reference(
        "证书", "certificate", listed, copied="registration_id.certificate_id"
    )
    subject_name: Mapped[str] = field("科目", Text(100), listed, copied="registration_id.subject_name")
    fee: Mapped[Decimal | None] = field(
        "金额(元)", Amount(8, 2), listed, readonly, help="按证书缴费时记在该证书的第一个科目上"
    )
    slip_state: Mapped[SlipState] = field("缴费状态", Choice(SlipState), listed, copied="slip_id.state")
    plan_id: Mapped[int] = reference("考试计划", "exam_plan", hidden, copied="slip_id.plan_id")
    school_id: Mapped[int] = reference("缴费院校", "school", hidden, copied="slip_id.school_id")
    organisation_id: Mapped[int] = reference(
        "考核单位", "organisation", hidden, copied="slip_id.organisation_id"
    )

    panel = Panel(
        "缴费明细",
        icon="list",
        title="candidate_name",
        allows=("export",),
        cards=(
            Block("学生信息", ("candidate_name", "id_masked", "ticket_number")),
            Block("报考信息", ("certificate_id", "subject_name", "fee")),
        ),
        unique=(("slip_id", "registration_id"),),
        unique_when=((("registration_id",), "slip_state <> 'RETURNED'", "一条报考只能在一张有效的缴费单中"),),
        scope=Scope(
            school=(read("school_id"), Rule("school_id", (INSERT, DELETE), when="slip_state <> 'CONFIRMED'")),
            organisation=read("organisation_id"),
        ),
        frozen="OLD.slip_state = 'CONFIRMED'",
        frozen_message="缴费单已确认,不能修改或删除",
        empty="缴费单没有明细",
    )

    slip: Mapped[FeeSlip]
    registration: Mapped[Registration]
    certificate: Mapped[Certificate]
