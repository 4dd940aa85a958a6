"""Who sits where and when: sites, room sessions, seats, invigilators (3.6, 4.9; R85–R96).

The state of a subject's schedule is `PlanSubject.schedule_state`; what is not published yet is seen by the
organisation alone, so each row carries `schedule_published_at`.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, column_property

from models.candidates import PICTURES
from models.certificates import ExamMode
from models.kit import (
    Block,
    Choice,
    Choices,
    Code,
    Declared,
    File,
    Flag,
    IdNumber,
    Int,
    Mobile,
    Moment,
    Panel,
    Scope,
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
    sortable,
    write,
)
from models.plans import ExamPlan, ExamSession, PlanSubject
from models.registrations import AdmissionTicket, Attendance, Registration
from models.sites import ExamSite, Room

_OPEN = "schedule_published_at is not null"


class SiteAllocation(Declared):
    """Places of a site in a session of a subject, for its own school or for guests (考点编排). 4.9."""

    plan_subject_id: Mapped[int] = reference(
        "开考科目", "plan_subject", listed, filtered, within=("organisation_id", "plan_id")
    )
    session_id: Mapped[int] = reference("场次", "exam_session", listed, within=("plan_subject_id",))
    site_id: Mapped[int] = reference("考核站点", "exam_site", listed, filtered, within=("organisation_id",))
    guest_school_id: Mapped[int | None] = reference(
        "借考院校", "school_directory", listed, help="留空即站点所属院校的考生"
    )
    places: Mapped[int] = field("人数", Int(1, 99999), listed)
    plan_id: Mapped[int] = reference("考试计划", "exam_plan", hidden, copied="plan_subject_id.plan_id")
    host_school_id: Mapped[int] = reference("站点院校", "school", hidden, copied="site_id.school_id")
    organisation_id: Mapped[int] = reference(
        "考核单位", "organisation", hidden, copied="plan_subject_id.organisation_id"
    )
    schedule_published_at: Mapped[datetime | None] = field(
        "发布时间", Moment(), hidden, copied="plan_subject_id.schedule_published_at"
    )

    panel = Panel(
        "考点安排",
        icon="map-2",
        title="id",
        unique=(("session_id", "site_id", "guest_school_id"),),
        unique_when=((("session_id", "site_id"), "guest_school_id is null", "同一场次同一站点只安排一次"),),
        checks=(
            ("places between 1 and 99999", "人数应为1–99999"),
            ("guest_school_id <> host_school_id", "借考院校不能是站点所属院校"),
        ),
        scope=Scope(
            platform=read(),
            school=(read("host_school_id", when=_OPEN), read("guest_school_id", when=_OPEN)),
            organisation=write("organisation_id"),
        ),
        empty="该科目还没有安排考点",
    )

    plan_subject: Mapped[PlanSubject]
    session: Mapped[ExamSession]
    site: Mapped[ExamSite]


class RoomSession(Declared):
    """A room in a session: one subject sits there (考场编排). R86–R88, R91–R96.

    The same physical room is never used twice at one time, whichever plan or organisation asks.
    """

    plan_id: Mapped[int] = reference(
        "考试计划", "exam_plan", listed, filtered, copied="plan_subject_id.plan_id"
    )
    plan_subject_id: Mapped[int] = reference(
        "开考科目", "plan_subject", hidden, within=("organisation_id", "plan_id")
    )
    session_id: Mapped[int] = reference("场次", "exam_session", hidden, within=("plan_subject_id",))
    room_id: Mapped[int] = reference("考场", "room", hidden, within=("organisation_id", "plan_id"))
    room_name: Mapped[str] = field("考场名称", Text(50), listed, searched, copied="room_id.name")
    site_id: Mapped[int] = reference("考核站点", "exam_site", filtered, hidden, copied="room_id.site_id")
    site_name: Mapped[str] = field("考核站点", Text(80), listed, copied="room_id.site_name")
    subject_id: Mapped[int] = reference(
        "考试科目", "subject", listed, filtered, copied="plan_subject_id.subject_id"
    )
    certificate_id: Mapped[int] = reference(
        "考试证书", "certificate", listed, filtered, copied="plan_subject_id.certificate_id"
    )
    mode: Mapped[ExamMode] = field("考试方式", Choice(ExamMode), copied="plan_subject_id.mode")
    room_kind: Mapped[ExamMode] = field("考场类型", Choice(ExamMode), hidden, copied="room_id.kind")
    starts_at: Mapped[datetime] = field(
        "开始时间", Moment(), listed, filtered, sortable, copied="session_id.starts_at"
    )
    ends_at: Mapped[datetime] = field("结束时间", Moment(), listed, copied="session_id.ends_at")
    consecutive: Mapped[bool] = field("多场连考", Flag(), hidden, copied="plan_subject_id.consecutive")
    seats: Mapped[int] = field("座位数", Int(), listed, copied="room_id.seats")
    expected: Mapped[int] = field("应考人数", Int(), listed, readonly, default=0)
    attended: Mapped[int | None] = field("实考人数", Int(), readonly)
    absent: Mapped[int | None] = field("缺考人数", Int(), readonly)
    recorded_at: Mapped[datetime | None] = field("考勤登记时间", Moment(), readonly)
    invigilators: Mapped[str | None] = field("监考老师", Text(300), listed, searched, readonly)
    patrols: Mapped[str | None] = field("巡考老师", Text(300), listed, searched, readonly)
    address: Mapped[str] = field("考场地址", Text(200), copied="room_id.address")
    exam_year: Mapped[int] = field("考试年度", Int(), filtered, copied="plan_subject_id.exam_year")
    venue_id: Mapped[int | None] = reference("物理考场", "venue", hidden, copied="room_id.venue_id")
    host_school_id: Mapped[int] = reference("所属院校", "school", hidden, copied="room_id.school_id")
    host_school_name: Mapped[str] = field("所属院校", Text(100), searched, copied="room_id.school_name")
    organisation_id: Mapped[int] = reference(
        "考核单位", "organisation", hidden, copied="plan_subject_id.organisation_id"
    )
    schedule_published_at: Mapped[datetime | None] = field(
        "发布时间", Moment(), hidden, copied="plan_subject_id.schedule_published_at"
    )

    panel = Panel(
        "考场编排",
        menu="考试管理/考场编排",
        icon="layout-grid",
        title="room_name",
        order=81,
        sort="-starts_at",
        allows=("export",),
        cards=(
            Block("考试计划", ("plan_id",)),
            Block("考场", ("room_name", "site_name")),
            Block("考场安排", ("subject_id", "certificate_id", "starts_at", "ends_at")),
            Block("人数", ("seats", "expected")),
            Block("监考/巡考", ("invigilators", "patrols")),
        ),
        related=("seat_assignment", "invigilator"),
        unique=(("room_id", "session_id"),),
        apart=(
            (("room_id",), ("starts_at", "ends_at"), "同一考场的考试时间不能重叠"),
            (("venue_id",), ("starts_at", "ends_at"), "同一物理考场的考试时间不能重叠"),
        ),
        checks=(
            ("mode = room_kind", "考场类型应与科目的考试方式一致"),
            ("expected between 0 and seats", "应考人数不能超过座位数"),
            ("attended >= 0 and absent >= 0", "人数不能为负数"),
            (
                "recorded_at is null or (attended + absent) is not distinct from expected",
                "应考人数=实考人数+缺考人数",
            ),
        ),
        scope=Scope(
            platform=read(),
            school=change(
                "host_school_id", "attended", "absent", "recorded_at", "invigilators", "patrols", when=_OPEN
            ),
            organisation=write("organisation_id"),
        ),
        empty="还没有考场编排;考核单位发布排考后在此设置监考人员、下载签到表和准考证",
    )

    plan: Mapped[ExamPlan]
    plan_subject: Mapped[PlanSubject]
    session: Mapped[ExamSession]
    room: Mapped[Room]
    site: Mapped[ExamSite]


class InvigilatorKind(Choices):
    INVIGILATOR = "INVIGILATOR", "监考"
    PATROL = "PATROL", "巡考"


class Invigilator(Declared):
    """Who watches a room session, named by the host school (监考老师, 巡考老师). R93."""

    room_session_id: Mapped[int] = reference(
        "考场", "room_session", hidden, within=("host_school_id", "organisation_id"), ondelete="CASCADE"
    )
    kind: Mapped[InvigilatorKind] = field("类别", Choice(InvigilatorKind), listed, filtered)
    ordinal: Mapped[int] = field("序号", Int(1, 5), listed)
    name: Mapped[str] = field("姓名", Text(50, least=2, check=formats.person_name), listed, searched)
    mobile: Mapped[str | None] = field("手机号码", Mobile(), listed, masked)
    starts_at: Mapped[datetime] = field("开始时间", Moment(), listed, copied="room_session_id.starts_at")
    ends_at: Mapped[datetime] = field("结束时间", Moment(), copied="room_session_id.ends_at")
    room_name: Mapped[str] = field("考场名称", Text(50), listed, copied="room_session_id.room_name")
    host_school_id: Mapped[int] = reference(
        "站点院校", "school", hidden, copied="room_session_id.host_school_id"
    )
    organisation_id: Mapped[int] = reference(
        "考核单位", "organisation", hidden, copied="room_session_id.organisation_id"
    )

    panel = Panel(
        "监考人员",
        icon="eye",
        sort="kind,ordinal",
        unique=(("room_session_id", "kind", "ordinal"), ("room_session_id", "name", "mobile")),
        checks=(("ordinal between 1 and 5", "监考、巡考老师各最多5人"),),
        indexes=(("host_school_id", "starts_at"),),
        scope=Scope(platform=read(), school=write("host_school_id"), organisation=read("organisation_id")),
        empty="未分配,点“设置监考人员”",
    )

    room_session: Mapped[RoomSession]


class SeatAssignment(Declared):
    """A registration's seat in a room session (排考明细). R86–R92.

    One seat a registration, or one a session where all sessions are sat (多场连考, 9.5). A person
    is never in two places at one time, whichever plan or school it is.
    """

    plan_id: Mapped[int] = reference(
        "考试计划", "exam_plan", listed, filtered, copied="registration_id.plan_id"
    )
    plan_subject_id: Mapped[int] = reference(
        "开考科目", "plan_subject", hidden, copied="registration_id.plan_subject_id"
    )
    registration_id: Mapped[int] = reference(
        "报考记录", "registration", hidden, within=("school_id", "organisation_id", "plan_id")
    )
    room_session_id: Mapped[int] = reference(
        "考场编排", "room_session", hidden, within=("host_school_id", "organisation_id", "plan_subject_id")
    )
    candidate_name: Mapped[str] = field(
        "学生姓名", Text(50), listed, searched, copied="registration_id.candidate_name"
    )
    id_number: Mapped[str] = field(
        "证件号码", IdNumber(), hidden, exact, masked, indexed, copied="registration_id.id_number"
    )
    id_masked: Mapped[str] = field("证件号码", Code(18), listed, copied="registration_id.id_masked")
    photo: Mapped[str | None] = field("照片", File(PICTURES, picture=True), copied="registration_id.photo")
    ticket_number: Mapped[str] = field(
        "准考证号", Code(20), listed, exact, copied="registration_id.ticket_number"
    )
    school_name: Mapped[str] = field(
        "所属院校", Text(100), listed, searched, copied="registration_id.school_name"
    )
    subject_id: Mapped[int] = reference(
        "考试科目", "subject", listed, filtered, copied="registration_id.subject_id"
    )
    certificate_id: Mapped[int] = reference(
        "考核证书", "certificate", listed, filtered, copied="registration_id.certificate_id"
    )
    mode: Mapped[ExamMode] = field("考试方式", Choice(ExamMode), filtered, copied="registration_id.mode")
    site_id: Mapped[int] = reference(
        "考核站点", "exam_site", filtered, hidden, copied="room_session_id.site_id"
    )
    site_name: Mapped[str] = field("考核站点", Text(80), listed, copied="room_session_id.site_name")
    room_name: Mapped[str] = field("考场名称", Text(50), listed, searched, copied="room_session_id.room_name")
    seat_number: Mapped[int] = field("座位号", Int(1, 1000), listed)
    starts_at: Mapped[datetime] = field(
        "开始时间", Moment(), listed, filtered, sortable, copied="room_session_id.starts_at"
    )
    ends_at: Mapped[datetime] = field("结束时间", Moment(), listed, copied="room_session_id.ends_at")
    address: Mapped[str] = field("考场地址", Text(200), copied="room_session_id.address")
    attendance: Mapped[Attendance] = field(
        "考勤", Choice(Attendance), listed, filtered, readonly, default=Attendance.UNKNOWN
    )
    room_seats: Mapped[int] = field("考场座位数", Int(), hidden, copied="room_session_id.seats")
    consecutive: Mapped[bool] = field("多场连考", Flag(), hidden, copied="room_session_id.consecutive")
    session_id: Mapped[int] = reference("场次", "exam_session", hidden, copied="room_session_id.session_id")
    school_id: Mapped[int] = reference("所属院校", "school", hidden, copied="registration_id.school_id")
    host_school_id: Mapped[int] = reference(
        "站点院校", "school", hidden, copied="room_session_id.host_school_id"
    )
    organisation_id: Mapped[int] = reference(
        "考核单位", "organisation", hidden, copied="registration_id.organisation_id"
    )
    person_id: Mapped[int] = reference("人员", "person", hidden, copied="registration_id.person_id")
    schedule_published_at: Mapped[datetime | None] = field(
        "发布时间", Moment(), hidden, copied="room_session_id.schedule_published_at"
    )

    panel = Panel(
        "排考明细",
        menu="考试管理/排考明细",
        icon="armchair",
        title="candidate_name",
        order=82,
        allows=("export",),
        cards=(
            Block("考试计划", ("plan_id",)),
            Block("学生信息", ("candidate_name", "id_masked", "ticket_number", "school_name"), photo="photo"),
            Block("科目信息", ("subject_id", "certificate_id")),
            Block("考场安排", ("site_name", "room_name", "seat_number", "starts_at", "ends_at")),
        ),
        unique=(("room_session_id", "seat_number"), ("registration_id", "session_id")),
        unique_when=((("registration_id",), "not consecutive", "每条报考只安排一个座位"),),
        apart=((("person_id",), ("starts_at", "ends_at"), "考生的考试时间不能重叠"),),
        checks=(("seat_number between 1 and room_seats", "座位号应在1与考场座位数之间"),),
        scope=Scope(
            platform=read(),
            school=(read("school_id", when=_OPEN), change("host_school_id", "attendance", when=_OPEN)),
            organisation=write("organisation_id"),
            candidate=mine(when=_OPEN),
        ),
        empty="还没有排考明细,考核单位发布排考后显示每位考生的考场和座位",
    )

    registration: Mapped[Registration]
    room_session: Mapped[RoomSession]
    plan: Mapped[ExamPlan]


AdmissionTicket.scheduled = column_property(
    sa.exists()
    .where(
        Registration.ticket_id == AdmissionTicket.id,
        SeatAssignment.registration_id == Registration.id,
        SeatAssignment.schedule_published_at.is_not(None),
    )
    .correlate_except(Registration, SeatAssignment),
    deferred=True,
)
"""Whether a sitting of this ticket is published: only then is there anything to print (R95, E109). Read where tickets
are shown, not wherever they are loaded."""
