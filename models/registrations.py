"""Who sits which subject of which plan, and the ticket that says so (3.5, 4.7; R69–R78)."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from models.candidates import PICTURES, Candidate, CandidateKind
from models.certificates import Certificate, ExamMode, Subject, TargetGroup
from models.directory import Organisation
from models.kit import (
    Amount,
    Block,
    Choice,
    Choices,
    Code,
    Declared,
    File,
    Flag,
    Flow,
    IdNumber,
    Int,
    Moment,
    Panel,
    Rule,
    Scope,
    State,
    Text,
    change,
    exact,
    field,
    filtered,
    formats,
    hidden,
    indexed,
    listed,
    masked,
    mine,
    read,
    readonly,
    reference,
    searched,
    unique,
    write,
)
from models.kit.scope import INSERT, SELECT
from models.plans import ExamPlan, Phases, PlanSubject
from models.sites import ExamSite


class Attendance(Choices):
    UNKNOWN = "UNKNOWN", "未登记", "grey"
    PRESENT = "PRESENT", "实考", "green"
    ABSENT = "ABSENT", "缺考", "red"
    MISCONDUCT = "MISCONDUCT", "违纪", "red"


class RegistrationState(Choices):
    REGISTERED = "REGISTERED", "已报考", "amber"
    SCHEDULED = "SCHEDULED", "已排考", "green"
    CANCELLED = "CANCELLED", "已取消", "red"


_R = RegistrationState
REGISTRATION_FLOW = Flow(
    RegistrationState,
    _R.REGISTERED,
    moves=(),  # scheduling, its withdrawal and the plan's cancellation move it; no button of its own
    also=((_R.REGISTERED, _R.SCHEDULED), (_R.SCHEDULED, _R.REGISTERED), (_R.REGISTERED, _R.CANCELLED)),
)


class AdmissionTicket(Declared):
    """The number under which a candidate sits a certificate in a plan (准考证). R75, R76, E90–E93.

    The row outlives the registrations: a number is never given to another, and the same one comes back.
    """

    number: Mapped[str] = field(
        "准考证号", Code(20, check=formats.ticket_number), listed, searched, unique, readonly
    )
    plan_id: Mapped[int] = reference("考试计划", "exam_plan", listed, filtered, within=("organisation_id",))
    candidate_id: Mapped[int] = reference(
        "考生", "candidate", hidden, within=("school_id",), ondelete="CASCADE"
    )
    certificate_id: Mapped[int] = reference(
        "证书", "certificate", listed, filtered, within=("organisation_id",)
    )
    candidate_name: Mapped[str] = field("姓名", Text(50), listed, searched, copied="candidate_id.name")
    changed_at: Mapped[datetime | None] = field(
        "安排变更时间", Moment(), listed, readonly, help="发布后考场有调整,准考证须重新打印"
    )
    school_id: Mapped[int] = reference("院校", "school", hidden)
    organisation_id: Mapped[int] = reference(
        "考核单位", "organisation", hidden, copied="plan_id.organisation_id"
    )
    person_id: Mapped[int] = reference("人员", "person", hidden, copied="candidate_id.person_id")

    panel = Panel(
        "准考证",
        icon="id-badge-2",
        title="number",
        allows=("export",),
        unique=(("plan_id", "candidate_id", "certificate_id"),),
        checks=(("number ~ '^[0-9]{20}$'", "准考证号应为20位数字"),),
        scope=Scope(
            platform=read(),
            school=Rule("school_id", (SELECT, INSERT)),
            organisation=change("organisation_id", "changed_at"),
            candidate=mine(),
        ),
        empty="报考后自动生成准考证号",
    )

    plan: Mapped[ExamPlan]
    candidate: Mapped[Candidate]
    certificate: Mapped[Certificate]
    if TYPE_CHECKING:  # read with the row from what is scheduled: models/scheduling.py
        scheduled: Mapped[bool]


class Registration(Declared):
    """A candidate's entry for one subject of a plan (报考). 4.7, R69–R78.

    The row the school shares with organisation and host school: it carries what they may see of the
    candidate, and what scheduling decided (site and span of its seats, attendance).
    """

    plan_id: Mapped[int] = reference("考试计划", "exam_plan", listed, filtered, within=("organisation_id",))
    candidate_id: Mapped[int] = reference("考生", "candidate", hidden, within=("school_id",))
    candidate_name: Mapped[str] = field("学生姓名", Text(50), listed, searched, copied="candidate_id.name")
    id_number: Mapped[str] = field(
        "证件号码", IdNumber(), hidden, exact, masked, indexed, copied="candidate_id.id_number"
    )  # only to be searched by (R24): what is shown of it is the mask
    id_masked: Mapped[str] = field("证件号码", Code(18), listed, copied="candidate_id.id_masked")
    photo: Mapped[str | None] = field("照片", File(PICTURES, picture=True), copied="candidate_id.photo")
    candidate_kind: Mapped[CandidateKind] = field(
        "学生类型", Choice(CandidateKind), filtered, copied="candidate_id.kind"
    )
    subject_id: Mapped[int] = reference("考试科目", "subject", listed, filtered, within=("certificate_id",))
    subject_name: Mapped[str] = field("科目名称", Text(100), hidden, copied="subject_id.name")
    mode: Mapped[ExamMode] = field("考试方式", Choice(ExamMode), filtered, copied="subject_id.mode")
    certificate_id: Mapped[int] = reference(
        "考核证书", "certificate", listed, filtered, within=("organisation_id",)
    )
    target_group_id: Mapped[int | None] = reference(
        "参考对象类型", "target_group", within=("certificate_id",)
    )
    plan_subject_id: Mapped[int] = reference(
        "开考科目", "plan_subject", hidden, within=("plan_id", "subject_id")
    )
    ticket_id: Mapped[int] = reference(
        "准考证", "admission_ticket", hidden, within=("plan_id", "candidate_id", "certificate_id")
    )
    ticket_number: Mapped[str] = field("准考证号", Code(20), listed, exact, copied="ticket_id.number")
    paid: Mapped[bool] = field("已缴费", Flag(), listed, filtered, readonly, default=False)
    state: Mapped[RegistrationState] = field(
        "报考状态", State(RegistrationState), listed, readonly, flow=REGISTRATION_FLOW
    )
    site_id: Mapped[int | None] = reference(
        "考核站点", "exam_site", filtered, readonly, within=("organisation_id",)
    )
    site_name: Mapped[str | None] = field("考核站点", Text(80), listed, copied="site_id.name")
    starts_at: Mapped[datetime | None] = field("考试开始", Moment(), readonly)
    ends_at: Mapped[datetime | None] = field("考试结束", Moment(), readonly)
    attendance: Mapped[Attendance] = field(
        "考勤", Choice(Attendance), filtered, readonly, default=Attendance.UNKNOWN
    )
    exam_year: Mapped[int] = field("考试年度", Int(), filtered, copied="plan_id.exam_year")
    plan_exam_to: Mapped[datetime] = field("计划考试结束", Moment(), hidden, copied="plan_id.exam_to")
    publicity_from: Mapped[datetime] = field("公示开始", Moment(), hidden, copied="plan_id.publicity_from")
    publicity_to: Mapped[datetime] = field("公示结束", Moment(), hidden, copied="plan_id.publicity_to")
    full_mark: Mapped[Decimal] = field("满分", Amount(5, 1), hidden, copied="plan_subject_id.full_mark")
    school_id: Mapped[int] = reference("所属院校", "school", hidden)
    school_name: Mapped[str] = field(
        "所属院校", Text(100), listed, searched, copied="candidate_id.school_name"
    )
    host_school_id: Mapped[int | None] = reference("站点院校", "school", hidden, copied="site_id.school_id")
    organisation_id: Mapped[int] = reference(
        "考试单位", "organisation", listed, filtered, copied="plan_id.organisation_id"
    )
    person_id: Mapped[int] = reference("人员", "person", hidden, copied="candidate_id.person_id")

    panel = Panel(
        "报考记录",
        menu="考试管理/报考管理",
        menus={"organisation": "考试管理/报考查询", "platform": "考试管理/报考查询"},
        icon="clipboard-list",
        order=60,
        title="candidate_name",
        allows=("export",),
        cards=(
            Block("考试计划", ("plan_id",)),
            Block("学生信息", ("candidate_name", "id_masked", "school_name"), photo="photo"),
            Block("报考信息", ("subject_id", "certificate_id", "ticket_number", "paid")),
            Block("考试单位", ("organisation_id", "site_name")),
        ),
        related=("seat_assignment",),
        unique=(("plan_id", "candidate_id", "subject_id"),),
        indexes=(("organisation_id", "ticket_number"), ("school_id", "plan_id", "id")),
        checks=(
            (
                "(state = 'SCHEDULED') = (site_id is not null)"
                " and (site_id is null) = (starts_at is null) and (starts_at is null) = (ends_at is null)",
                "已排考的报考有站点和考试时间,未排考的没有",
            ),
            ("starts_at < ends_at", "考试开始应早于考试结束"),
            ("attendance = 'UNKNOWN' or state = 'SCHEDULED'", "只有已排考的考生登记考勤"),
        ),
        scope=Scope(
            platform=read(),
            school=(write("school_id"), change("host_school_id", "attendance")),
            organisation=change(
                "organisation_id", "state", "paid", "site_id", "starts_at", "ends_at", "attendance"
            ),
            candidate=mine(),
        ),
        hint="报考和删除报考只在计划的报考时间内进行",
        empty="还没有报考记录,点“批量导入报考数据”按证书或按科目报考",
    )

    plan: Mapped[ExamPlan]
    candidate: Mapped[Candidate]
    subject: Mapped[Subject]
    certificate: Mapped[Certificate]
    target_group: Mapped[TargetGroup | None]
    plan_subject: Mapped[PlanSubject]
    ticket: Mapped[AdmissionTicket]
    site: Mapped[ExamSite | None]
    organisation: Mapped[Organisation]

    PHASES: ClassVar[Phases] = {
        "未排考": lambda _: Registration.state == _R.REGISTERED,
        "已排考": lambda moment: sa.and_(Registration.state == _R.SCHEDULED, Registration.starts_at > moment),
        "考试中": lambda moment: sa.and_(
            Registration.state == _R.SCHEDULED,
            Registration.starts_at <= moment,
            Registration.ends_at > moment,
        ),
        "已考": lambda moment: sa.and_(
            Registration.state == _R.SCHEDULED,
            Registration.ends_at <= moment,
            Registration.attendance != Attendance.ABSENT,
        ),
        "缺考": lambda moment: sa.and_(
            Registration.state == _R.SCHEDULED,
            Registration.ends_at <= moment,
            Registration.attendance == Attendance.ABSENT,
        ),
    }

    def phase(self, moment: datetime) -> str:
        """The word for where the registration stands at a moment (4.7; the last four are derived)."""
        if self.state == _R.CANCELLED:
            return "已取消"
        if self.starts_at is None or self.ends_at is None:
            return "未排考" if moment < self.plan_exam_to else "未安排"
        if moment < self.starts_at:
            return "已排考"
        if moment < self.ends_at:
            return "考试中"
        return "缺考" if self.attendance == Attendance.ABSENT else "已考"
