"""Exam plans: what is examined, by which rule, on which days (3.3, 4.5; R61–R68)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, relationship, validates

from models.certificates import Certificate, ExamMode, Subject, TargetGroup
from models.directory import Organisation
from models.kit import (
    Amount,
    Block,
    Choice,
    Choices,
    Code,
    Declared,
    Flag,
    Flow,
    Int,
    Json,
    Moment,
    Move,
    Panel,
    Rich,
    Scope,
    State,
    Text,
    field,
    filtered,
    formats,
    hidden,
    listed,
    moves,
    read,
    readonly,
    reference,
    searched,
    sortable,
    tabbed,
    unique,
    wide,
    write,
)
from models.kit.clock import ZONE

Phases = dict[str, Callable[[datetime], sa.ColumnElement[bool]]]


class PlanState(Choices):
    DRAFT = "DRAFT", "草稿", "grey"
    PUBLISHED = "PUBLISHED", "已发布", "green"
    CANCELLED = "CANCELLED", "已取消", "red"


class FeeMode(Choices):
    """How the plan's fees are put on slips (R83)."""

    NONE = "NONE", "不收费"
    BY_CERTIFICATE = "BY_CERTIFICATE", "按证书收费"
    BY_SUBJECT = "BY_SUBJECT", "按科目收费"
    EITHER = "EITHER", "按证书或按科目收费"


class PassMode(Choices):
    """R66, R67; 9.6: the subjects' own marks decide only in EACH."""

    WEIGHTED = "WEIGHTED", "综合成绩合格"
    EACH = "EACH", "各科目均合格"


class ScheduleState(Choices):
    """4.9; 已考 is a matter of time and not stored."""

    NONE = "NONE", "未排考", "amber"
    ALLOCATED = "ALLOCATED", "已编排考点", "amber"
    DRAFT = "DRAFT", "编排中", "blue"
    PUBLISHED = "PUBLISHED", "已发布", "green"


_P, _S = PlanState, ScheduleState
PLAN_FLOW = Flow(
    PlanState,
    _P.DRAFT,
    moves(
        Move(
            "publish",
            "发布",
            (_P.DRAFT,),
            _P.PUBLISHED,
            confirm="发布后院校即可看到,确定发布该计划?",
            icon="send",
        ),
        Move(
            "withdraw",
            "撤回",
            (_P.PUBLISHED,),
            _P.DRAFT,
            confirm="撤回后院校不再看到该计划",
            icon="arrow-back-up",
        ),
        Move(
            "cancel",
            "取消计划",
            (_P.PUBLISHED,),
            _P.CANCELLED,
            confirm="全部报考将被取消,指标退回,不能恢复",
            reason="cancel_reason",
            danger=True,
            icon="ban",
        ),
    ),
)
SCHEDULE_FLOW = Flow(
    ScheduleState,
    _S.NONE,
    moves(
        Move(
            "publish_schedule",
            "发布排考",
            (_S.DRAFT,),
            _S.PUBLISHED,
            confirm="发布后院校和考生即可看到考场与座位,准考证地址随之确定",
            icon="send",
        ),
    ),
    also=(
        (_S.NONE, _S.ALLOCATED),
        (_S.ALLOCATED, _S.DRAFT),
        (_S.ALLOCATED, _S.NONE),
        (_S.DRAFT, _S.ALLOCATED),
        (_S.DRAFT, _S.NONE),  # a draft taken back
        (_S.PUBLISHED, _S.NONE),  # a published schedule taken back before its first session
    ),
)

# The candidate's own plans: the wall of `registration` narrows the sub-select to the person's own rows.
_OWN = read(when="exists (select 1 from registration r where r.plan_id = exam_plan.id)")
_PUBLISHED = read(when="published_at is not null")


def _own_part(table: str) -> Scope:
    """Parts of a plan are seen by those who see the plan."""
    own = f"exists (select 1 from registration r where r.plan_id = {table}.plan_id)"  # noqa: S608 (a constant)
    return Scope(
        platform=read(),
        province=_PUBLISHED,
        city=_PUBLISHED,
        school=_PUBLISHED,
        organisation=write("organisation_id"),
        candidate=read(when=own),
    )


def _during(window: str) -> Callable[[datetime], sa.ColumnElement[bool]]:
    def condition(moment: datetime) -> sa.ColumnElement[bool]:
        opens, closes = getattr(ExamPlan, f"{window}_from"), getattr(ExamPlan, f"{window}_to")
        return sa.and_(ExamPlan.state == PlanState.PUBLISHED, opens <= moment, closes > moment)

    return condition


class ExamPlan(Declared):
    """Certificates examined together, and the five windows of the work on them (考试计划). 4.5, R61–R65.

    Whether it is drafted, published or cancelled is stored; in which windows it stands is asked of `phases`
    (D11, 9.4: several may hold at once). `exam_year` and `subject_count` follow the sessions and subjects.
    """

    organisation_id: Mapped[int] = reference("考核单位", "organisation", listed, filtered, readonly)
    plan_code: Mapped[str | None] = field(
        "计划编号",
        Code(13, check=formats.plan_code),
        listed,
        searched,
        unique,
        readonly,
        help="发布时自动生成",
    )
    name: Mapped[str] = field("计划名称", Text(100, least=2), listed, searched, wide)
    exam_year: Mapped[int] = field("考试年度", Int(2000, 2999), filtered, readonly, help="首场考试所在年份")
    subject_count: Mapped[int] = field("开考科目", Int(), listed, readonly, default=0)
    registration_from: Mapped[datetime] = field("报考开始", Moment(), sortable, section="考试安排")
    registration_to: Mapped[datetime] = field("报考结束", Moment(closing=True), section="考试安排")
    scheduling_from: Mapped[datetime] = field(
        "排考开始", Moment(), section="考试安排", help="可与报考时间重叠"
    )
    scheduling_to: Mapped[datetime] = field("排考结束", Moment(closing=True), section="考试安排")
    exam_from: Mapped[datetime] = field("考试开始", Moment(), sortable, section="考试安排")
    exam_to: Mapped[datetime] = field(
        "考试结束", Moment(closing=True), section="考试安排", help="所有场次都应在考试时间内"
    )
    recording_from: Mapped[datetime] = field("成绩登记开始", Moment(), section="考试安排")
    recording_to: Mapped[datetime] = field("成绩登记结束", Moment(closing=True), section="考试安排")
    publicity_from: Mapped[datetime] = field(
        "成绩公示开始", Moment(), section="考试安排", help="不早于成绩登记结束;考生从此时起可查成绩"
    )
    publicity_to: Mapped[datetime] = field(
        "成绩公示结束", Moment(closing=True), section="考试安排", help="公示结束且无未处理的复核,成绩永久锁定"
    )
    fee_mode: Mapped[FeeMode] = field(
        "缴费方式",
        Choice(FeeMode),
        filtered,
        section="报考要求",
        default=FeeMode.NONE,
        help="决定院校能否生成缴费申请单",
    )
    requirements: Mapped[str | None] = field("要求", Rich(5000), wide, section="报考要求")
    state: Mapped[PlanState] = field("计划状态", State(PlanState), listed, readonly, flow=PLAN_FLOW)
    published_at: Mapped[datetime | None] = field("发布时间", Moment(), readonly)
    cancelled_at: Mapped[datetime | None] = field("取消时间", Moment(), readonly)
    cancel_reason: Mapped[str | None] = field("取消原因", Text(500, least=2), readonly)

    panel = Panel(
        "考试计划",
        menu="考试管理/考试计划",
        icon="calendar-event",
        order=20,
        sort="-exam_from",
        allows=("add", "edit", "delete", "export"),
        cards=(
            Block("考试计划", ("plan_code", "name", "subject_count")),
            Block(
                "考试安排",
                (
                    "registration_from~registration_to",
                    "scheduling_from~scheduling_to",
                    "exam_from~exam_to",
                    "recording_from~recording_to",
                    "publicity_from~publicity_to",
                ),
            ),
            Block("考核单位", ("organisation_id", "fee_mode")),
        ),
        children=("plan_certificate", "plan_subject"),
        related=("exam_session",),
        unique=(("organisation_id", "exam_year", "name"),),
        checks=(
            ("registration_from < registration_to", "报考开始应早于报考结束"),
            ("scheduling_from < scheduling_to", "排考开始应早于排考结束"),
            ("exam_from < exam_to", "考试开始应早于考试结束"),
            ("recording_from < recording_to", "成绩登记开始应早于成绩登记结束"),
            ("publicity_from < publicity_to", "成绩公示开始应早于成绩公示结束"),
            ("registration_from <= scheduling_from", "报考不能晚于排考开始"),
            ("scheduling_from <= exam_from", "排考不能晚于考试开始"),
            ("exam_from <= recording_from", "成绩登记不能早于考试开始"),
            ("registration_to <= exam_to", "报考应在考试结束前结束"),
            ("recording_to <= publicity_from", "成绩公示不能早于成绩登记结束"),
            ("(state = 'DRAFT') = (published_at is null)", "发布时间与计划状态一致"),
            ("state = 'DRAFT' or plan_code is not null", "已发布的计划有计划编号"),
            ("(state = 'CANCELLED') = (cancelled_at is not null)", "取消时间与计划状态一致"),
            ("exam_year between 2000 and 2999", "考试年度应为四位年份"),
        ),
        scope=Scope(
            platform=read(),
            province=_PUBLISHED,
            city=_PUBLISHED,
            school=_PUBLISHED,
            organisation=write("organisation_id"),
            candidate=_OWN,
        ),
        frozen="OLD.state = 'CANCELLED'",
        frozen_message="计划已取消,不能修改",
        empty="还没有考试计划,点“新增”建立计划,填好证书、科目、场次后发布",
    )

    organisation: Mapped[Organisation]
    certificates: Mapped[list[PlanCertificate]] = relationship(
        "PlanCertificate", primaryjoin="ExamPlan.id == foreign(PlanCertificate.plan_id)", viewonly=True
    )
    subjects: Mapped[list[PlanSubject]] = relationship(
        "PlanSubject", primaryjoin="ExamPlan.id == foreign(PlanSubject.plan_id)", viewonly=True
    )

    WINDOWS: ClassVar[dict[str, str]] = {
        "registration": "报考中",
        "scheduling": "排考中",
        "exam": "考试中",
        "recording": "登记中",
        "publicity": "公示中",
    }
    PHASES: ClassVar[Phases] = {
        "草稿": lambda _: ExamPlan.state == PlanState.DRAFT,
        "未开始": lambda moment: sa.and_(
            ExamPlan.state == PlanState.PUBLISHED, ExamPlan.registration_from > moment
        ),
        "报考中": _during("registration"),
        "排考中": _during("scheduling"),
        "考试中": _during("exam"),
        "登记/公示中": lambda moment: sa.or_(_during("recording")(moment), _during("publicity")(moment)),
        "已结束": lambda moment: sa.and_(
            ExamPlan.state == PlanState.PUBLISHED, ExamPlan.publicity_to <= moment
        ),
        "已取消": lambda _: ExamPlan.state == PlanState.CANCELLED,
    }

    @validates("exam_from")
    def _year_of_exam(self, _: str, opens: datetime) -> datetime:
        """Until the first session is known the exam window tells the year (9.7)."""
        if opens and not self.exam_year:
            self.exam_year = opens.astimezone(ZONE).year
        return opens

    def holds(self, window: str, moment: datetime) -> bool:
        """Whether a published plan stands inside a window: `plan.holds("recording", clock.now())`."""
        opens, closes = getattr(self, f"{window}_from"), getattr(self, f"{window}_to")
        return self.state == PlanState.PUBLISHED and bool(opens <= moment < closes)

    def phases(self, moment: datetime) -> list[str]:
        """The words for where the plan stands, several at once where windows overlap (E78)."""
        if self.state != PlanState.PUBLISHED:
            return [self.state.label]
        if moment < self.registration_from:
            return ["未开始"]
        if moment >= self.publicity_to:
            return ["已结束"]
        return [label for window, label in self.WINDOWS.items() if self.holds(window, moment)] or [
            "待下一阶段"
        ]


class PlanCertificate(Declared):
    """A certificate of a plan and the rule by which one passes it (考核方案). R61, R66, R67."""

    plan_id: Mapped[int] = reference(
        "考试计划", "exam_plan", hidden, within=("organisation_id",), ondelete="CASCADE"
    )
    certificate_id: Mapped[int] = reference(
        "考核证书", "certificate", listed, filtered, within=("organisation_id",)
    )
    certificate_name: Mapped[str] = field("证书", Text(110), hidden, copied="certificate_id.full_name")
    pass_mode: Mapped[PassMode] = field("考核通过条件", Choice(PassMode), listed, default=PassMode.WEIGHTED)
    total_pass_mark: Mapped[Decimal | None] = field(
        "综合成绩合格分数", Amount(5, 1, most=Decimal(100)), listed, help="“综合成绩合格”时必填,0–100"
    )
    organisation_id: Mapped[int] = reference(
        "考核单位", "organisation", hidden, copied="plan_id.organisation_id"
    )
    published_at: Mapped[datetime | None] = field("发布时间", Moment(), hidden, copied="plan_id.published_at")

    panel = Panel(
        "考核方案",
        icon="checklist",
        title="certificate_name",
        unique=(("plan_id", "certificate_id"),),
        checks=(
            ("pass_mode <> 'WEIGHTED' or total_pass_mark is not null", "综合成绩合格须填写合格分数"),
            ("total_pass_mark between 0 and 100", "综合成绩合格分数应为0–100"),
        ),
        scope=_own_part("plan_certificate"),
        empty="还没有证书,添加本计划考核的证书",
    )

    plan: Mapped[ExamPlan]
    certificate: Mapped[Certificate]


class PlanSubject(Declared):
    """A subject examined in a plan, and how far its scheduling is (开考科目). R60, R63, R68, 4.9, 9.5."""

    plan_id: Mapped[int] = reference(
        "考试计划", "exam_plan", listed, filtered, within=("organisation_id",), ondelete="CASCADE"
    )
    plan_certificate_id: Mapped[int] = reference(
        "考核方案", "plan_certificate", hidden, within=("plan_id", "certificate_id"), ondelete="CASCADE"
    )
    subject_id: Mapped[int] = reference("考试科目", "subject", filtered, within=("certificate_id",))
    certificate_id: Mapped[int] = reference(
        "考核证书", "certificate", listed, filtered, readonly, copied="subject_id.certificate_id"
    )
    certificate_name: Mapped[str] = field(
        "证书", Text(110), hidden, copied="plan_certificate_id.certificate_name"
    )
    subject_code: Mapped[str] = field("科目编号", Code(6), listed, searched, copied="subject_id.subject_code")
    subject_name: Mapped[str] = field("科目名称", Text(100), listed, searched, copied="subject_id.name")
    mode: Mapped[ExamMode] = field("考试方式", Choice(ExamMode), listed, filtered, copied="subject_id.mode")
    target_group_id: Mapped[int | None] = reference(
        "参考对象", "target_group", readonly, copied="subject_id.target_group_id"
    )
    full_mark: Mapped[Decimal] = field("满分", Amount(5, 1), default=100)
    pass_mark: Mapped[Decimal] = field("合格分数", Amount(5, 1), listed, help="“综合成绩合格”时仅供参考")
    weight: Mapped[int | None] = field(
        "所占总成绩比例",
        Int(0, 100),
        listed,
        unit="%",
        help="整数百分比,同一证书同一参考对象合计100",
    )
    consecutive: Mapped[bool] = field(
        "多场连考", Flag(), default=False, help="勾选后每场各安排一个座位,否则只考其中一场"
    )
    schedule_state: Mapped[ScheduleState] = field(
        "编排状态", State(ScheduleState), listed, tabbed, readonly, flow=SCHEDULE_FLOW
    )
    schedule_published_at: Mapped[datetime | None] = field("排考发布时间", Moment(), readonly)
    left_reasons: Mapped[list[list[Any]] | None] = field(
        "未排考原因", Json(), hidden, help="最近一次自动排考:[原因, 人数]"
    )
    exam_year: Mapped[int] = field("考试年度", Int(), filtered, copied="plan_id.exam_year")
    organisation_id: Mapped[int] = reference(
        "考核单位", "organisation", hidden, copied="plan_id.organisation_id"
    )
    published_at: Mapped[datetime | None] = field("发布时间", Moment(), hidden, copied="plan_id.published_at")

    panel = Panel(
        "开考科目",
        menu="考试管理/考点编排",
        icon="map-2",
        title="subject_name",
        order=80,
        allows=("add", "edit", "delete", "export"),
        cards=(
            Block("考试计划", ("plan_id",)),
            Block("科目信息", ("subject_code", "subject_name", "certificate_id", "mode")),
        ),
        children=("exam_session",),
        related=("site_allocation", "room_session"),
        unique=(("plan_id", "subject_id"),),
        checks=(
            ("full_mark > 0", "满分应大于0"),
            ("pass_mark between 0 and full_mark", "合格分数应在0与满分之间"),
            ("weight between 0 and 100", "所占总成绩比例应为0–100"),
            (
                "(schedule_state = 'PUBLISHED') = (schedule_published_at is not null)",
                "排考发布时间与编排状态一致",
            ),
        ),
        scope=_own_part("plan_subject"),
        empty="还没有开考科目;考试计划发布后在此编排考点",
    )

    plan: Mapped[ExamPlan]
    plan_certificate: Mapped[PlanCertificate]
    subject: Mapped[Subject]
    certificate: Mapped[Certificate]
    target_group: Mapped[TargetGroup | None]
    sessions: Mapped[list[ExamSession]] = relationship(
        "ExamSession",
        primaryjoin="PlanSubject.id == foreign(ExamSession.plan_subject_id)",
        order_by="ExamSession.starts_at",
        viewonly=True,
    )

    @property
    def total_minutes(self) -> int:
        """考试时长: the sum of all sessions (R64, E77)."""
        return sum(session.minutes for session in self.sessions)


class ExamSession(Declared):
    """A dated span in which a subject of a plan is examined (场次). R63, R64."""

    plan_id: Mapped[int] = reference(
        "考试计划", "exam_plan", hidden, copied="plan_subject_id.plan_id", ondelete="CASCADE"
    )
    plan_subject_id: Mapped[int] = reference(
        "考试科目", "plan_subject", listed, filtered, within=("plan_id",), ondelete="CASCADE"
    )
    starts_at: Mapped[datetime] = field("开始时间", Moment(), listed, filtered, sortable)
    ends_at: Mapped[datetime] = field("结束时间", Moment(), listed, help="与开始时间在同一天")
    minutes: Mapped[int] = field(
        "时长(分钟)", Int(), listed, computed="(extract(epoch from ends_at - starts_at) / 60)::int"
    )
    organisation_id: Mapped[int] = reference(
        "考核单位", "organisation", hidden, copied="plan_subject_id.organisation_id"
    )
    published_at: Mapped[datetime | None] = field(
        "发布时间", Moment(), hidden, copied="plan_subject_id.published_at"
    )

    panel = Panel(
        "场次",
        icon="clock",
        title="starts_at",
        sort="starts_at",
        unique=(("plan_subject_id", "starts_at"),),
        apart=((("plan_subject_id",), ("starts_at", "ends_at"), "同一科目的场次时间不能重叠"),),
        checks=(
            ("starts_at < ends_at", "开始时间应早于结束时间"),
            (
                "(starts_at at time zone 'Asia/Shanghai')::date"
                " = (ends_at at time zone 'Asia/Shanghai')::date",
                "一场考试应在同一天内",
            ),
        ),
        scope=_own_part("exam_session"),
        empty="还没有场次,添加每场考试的开始和结束时间",
    )

    plan: Mapped[ExamPlan]
    plan_subject: Mapped[PlanSubject]

    def __str__(self) -> str:
        starts, ends = self.starts_at.astimezone(ZONE), self.ends_at.astimezone(ZONE)
        return f"{starts:%Y-%m-%d %H:%M}~{ends:%H:%M}"
