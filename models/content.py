"""What the portal shows and what tenants report (公告, 查询记录, 周报, 培训). 3.3, 3.8, 4.16."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Mapped

from models.candidates import Candidate
from models.certificates import Certificate
from models.directory import Organisation, School
from models.kit import (
    Choice,
    Choices,
    Code,
    Date,
    Declared,
    File,
    Flag,
    Flow,
    Int,
    Moment,
    Move,
    Panel,
    Rich,
    Scope,
    State,
    Text,
    change,
    clock,
    field,
    filtered,
    fixed,
    formats,
    hidden,
    indexed,
    listed,
    moves,
    put,
    read,
    readonly,
    reference,
    searched,
    tabbed,
    wide,
    write,
)
from models.kit.scope import KINDS, TENANTS


class NoticeKind(Choices):
    POLICY = "POLICY", "政策文件"
    NEWS = "NEWS", "工作动态"
    ANNOUNCEMENT = "ANNOUNCEMENT", "通知公告"


class NoticeState(Choices):
    DRAFT = "DRAFT", "草稿", "grey"
    SCHEDULED = "SCHEDULED", "待发布", "amber"
    PUBLISHED = "PUBLISHED", "已发布", "green"
    WITHDRAWN = "WITHDRAWN", "已下线", "grey"


_N = NoticeState
NOTICE_FLOW = Flow(
    NoticeState,
    _N.DRAFT,
    moves(
        Move("publish", "发布", (_N.DRAFT,), _N.PUBLISHED, icon="send", confirm="发布后所有人都能在门户看到"),
        Move(
            "withdraw",
            "下线",
            (_N.PUBLISHED, _N.SCHEDULED),
            _N.WITHDRAWN,
            plain=True,
            danger=True,
            icon="eye-off",
            confirm="下线后门户不再显示,已有的链接会提示内容已下线",
        ),
        Move("revise", "转为草稿", (_N.SCHEDULED, _N.WITHDRAWN), _N.DRAFT, plain=True, icon="edit"),
    ),
    also=((_N.DRAFT, _N.SCHEDULED), (_N.SCHEDULED, _N.PUBLISHED)),
)

# By the clock, so that a notice appears and goes on time even when the job that renames its state is late.
_VISIBLE = (
    "state in ('SCHEDULED', 'PUBLISHED') and publish_from <= (select app_now())"
    " and (publish_to is null or publish_to > (select app_now()))"
)
_EVERYBODY: dict[str, Any] = {
    kind: read(when=_VISIBLE) for kind in KINDS if kind not in ("platform", "auth", "job")
}


class Notice(Declared):
    """A text of the portal (公告, 政策, 动态). 4.16."""

    kind: Mapped[NoticeKind] = field("类型", Choice(NoticeKind), listed, filtered)
    title: Mapped[str] = field("标题", Text(120, 2), listed, searched)
    source: Mapped[str | None] = field("来源", Text(60), listed, help="发文单位;不填则不显示")
    pinned: Mapped[bool] = field("置顶", Flag(), listed, filtered, default=False, help="排在本栏目最前")
    body: Mapped[str] = field("正文", Rich(20_000, 1, pictures=True), wide)
    words: Mapped[str] = field(
        "正文文字", Text(10_000_000), hidden, computed="regexp_replace(body, '<[^>]*>', ' ', 'g')"
    )
    publish_from: Mapped[datetime | None] = field(
        "发布时间", Moment(), listed, filtered, help="填将来的时间即定时发布;不填则点“发布”时立即发布"
    )
    publish_to: Mapped[datetime | None] = field(
        "撤下时间", Moment(), help="到时自动从门户撤下;不填则长期显示"
    )
    state: Mapped[NoticeState] = field("状态", State(NoticeState), listed, tabbed, readonly, flow=NOTICE_FLOW)

    panel = Panel(
        "公告",
        menu="内容管理/公告与政策",
        icon="news",
        title="title",
        order=75,
        sort="-publish_from",
        children=("notice_file",),
        scope=Scope(**_EVERYBODY, platform=write()),
        checks=(
            ("publish_from < publish_to", "发布时间应早于撤下时间"),
            ("state in ('DRAFT', 'WITHDRAWN') or publish_from is not null", "发布后必有发布时间"),
            ("length(title) between 2 and 120", "标题为2–120字"),
        ),
        indexes=(("kind", "pinned", "publish_from"),),
        empty="还没有公告,点“新增”写一篇",
    )


class NoticeFile(Declared):
    """A file attached to a notice (附件)."""

    notice_id: Mapped[int] = reference("公告", "notice", hidden, fixed, ondelete="CASCADE")
    state: Mapped[str] = field("状态", Text(24), hidden, copied="notice_id.state")
    publish_from: Mapped[datetime | None] = field(
        "发布时间", Moment(), hidden, copied="notice_id.publish_from"
    )
    publish_to: Mapped[datetime | None] = field("撤下时间", Moment(), hidden, copied="notice_id.publish_to")
    name: Mapped[str] = field("文件名", Text(200), listed)
    file: Mapped[str] = field(
        "文件", File(("pdf", "doc", "docx", "xls", "xlsx")), listed, help="pdf、Word或Excel文件"
    )

    panel = Panel(
        "公告附件",
        icon="paperclip",
        sort="id",
        scope=Scope(**_EVERYBODY, platform=write()),
        unique=(("notice_id", "file"),),
        empty="没有附件",
    )
    notice: Mapped[Notice]


class NoticePicture(Declared):
    """A picture that a notice's text shows: who may read the text may see it (正文图片)."""

    notice_id: Mapped[int] = reference("公告", "notice", hidden, fixed, ondelete="CASCADE")
    state: Mapped[str] = field("状态", Text(24), hidden, copied="notice_id.state")
    publish_from: Mapped[datetime | None] = field(
        "发布时间", Moment(), hidden, copied="notice_id.publish_from"
    )
    publish_to: Mapped[datetime | None] = field("撤下时间", Moment(), hidden, copied="notice_id.publish_to")
    file: Mapped[str] = field("图片", File(("png", "jpg")), hidden, indexed)

    panel = Panel(
        "正文图片",
        icon="photo",
        title="file",
        allows=(),
        audit=False,
        scope=Scope(**_EVERYBODY, platform=write()),
        unique=(("notice_id", "file"),),
        empty="没有图片",
    )
    notice: Mapped[Notice]


class Verification(Declared):
    """A public check of a certificate: found or not, never by whom or whose (查询记录). R129, R25."""

    number_hash: Mapped[str] = field(
        "证书编号摘要", Code(64), indexed, readonly, help="只存摘要,不存编号和证件号码"
    )
    found: Mapped[bool] = field("查到", Flag(), listed, filtered, readonly)
    address: Mapped[str | None] = field("来源地址", Text(60), listed, readonly)
    verified_at: Mapped[datetime] = field("查询时间", Moment(), listed, filtered, readonly, default=clock.now)

    panel = Panel(
        "查询记录",
        menu="系统管理/查询记录",
        icon="shield-check",
        title="verified_at",
        order=95,
        allows=("export",),
        scope=Scope(platform=read(), public=put(), **{kind: put() for kind in TENANTS}),
        append_only=True,
        frozen_message="查询记录不能修改或删除",
        audit=False,
        indexes=(("verified_at",),),
        empty="还没有人查询过证书",
    )


class ReportState(Choices):
    DRAFT = "DRAFT", "草稿", "grey"
    SUBMITTED = "SUBMITTED", "已提交", "amber"
    RETURNED = "RETURNED", "已退回", "red"
    CONFIRMED = "CONFIRMED", "已确认", "green"


_R = ReportState
REPORT_FLOW = Flow(
    ReportState,
    _R.DRAFT,
    moves(
        Move("submit", "提交", (_R.DRAFT, _R.RETURNED), _R.SUBMITTED, icon="send"),
        Move(
            "return",
            "退回",
            (_R.SUBMITTED,),
            _R.RETURNED,
            reason="return_reason",
            danger=True,
            icon="arrow-back-up",
        ),
        Move("confirm", "确认", (_R.SUBMITTED,), _R.CONFIRMED, confirm="确认后不能再修改", icon="check"),
    ),
)


class WeeklyReport(Declared):
    """The progress of a school or an organisation in one ISO week (周报). R138, 4.16."""

    school_id: Mapped[int | None] = reference("院校", "school", hidden, fixed)
    organisation_id: Mapped[int | None] = reference("培训评价组织", "organisation", hidden, fixed)
    province_id: Mapped[int | None] = reference("省厅", "province", hidden, copied="school_id.province_id")
    school_name: Mapped[str | None] = field(
        "院校名称", Text(100), listed, searched, readonly, copied="school_id.name"
    )
    organisation_name: Mapped[str | None] = field(
        "培训评价组织", Text(100), listed, searched, readonly, copied="organisation_id.name"
    )
    year: Mapped[int] = field(
        "年", Int(2019, 2100), listed, filtered, fixed, help="按ISO周计,年初年末的周可能属相邻年份"
    )
    week: Mapped[int] = field("周次", Int(1, 53), listed, filtered, fixed)
    trained: Mapped[int] = field("本周培训人数", Int(0, 9_999_999), listed, section="本周人数", default=0)
    registered: Mapped[int] = field("本周报考人数", Int(0, 9_999_999), listed, section="本周人数", default=0)
    examined: Mapped[int] = field("本周考试人数", Int(0, 9_999_999), listed, section="本周人数", default=0)
    certified: Mapped[int] = field("本周获证人数", Int(0, 9_999_999), listed, section="本周人数", default=0)
    progress: Mapped[str] = field("工作进展", Text(2000, 10), wide, section="本周工作", help="10–2000字")
    problems: Mapped[str | None] = field("问题与建议", Text(2000), wide, section="本周工作")
    next_plan: Mapped[str | None] = field("下周计划", Text(2000), wide, section="本周工作")
    state: Mapped[ReportState] = field("状态", State(ReportState), listed, tabbed, readonly, flow=REPORT_FLOW)
    submitted_at: Mapped[datetime | None] = field("提交时间", Moment(), listed, readonly)
    return_reason: Mapped[str | None] = field("退回原因", Text(500, 2), readonly)

    panel = Panel(
        "周报",
        menu="周报管理/周报填报",
        menus={"province": "周报管理/周报查看", "platform": "周报管理/周报查看"},
        icon="report",
        title="week",
        order=60,
        sort="-year",
        scope=Scope(
            platform=(
                read(),
                change("", "state", "return_reason", when="organisation_id is not null and state <> 'DRAFT'"),
            ),
            province=change("province_id", "state", "return_reason", when="state <> 'DRAFT'"),
            school=write("school_id"),
            organisation=write("organisation_id"),
        ),
        unique=(("school_id", "year", "week"), ("organisation_id", "year", "week")),
        checks=(
            ("num_nonnulls(school_id, organisation_id) = 1", "周报属于一所院校或一家培训评价组织"),
            ("week between 1 and 53", "周次为1–53"),
            ("least(trained, registered, examined, certified) >= 0", "人数不能为负"),
            ("length(progress) between 10 and 2000", "工作进展为10–2000字"),
            ("state <> 'RETURNED' or return_reason is not null", "退回要写明原因"),
        ),
        frozen="OLD.state = 'CONFIRMED'",
        frozen_message="周报已确认,不能修改",
        hint="每周一24:00前提交上一周的周报,过后为逾期",
        empty="还没有周报,点“新增”填写本周进展",
    )
    school: Mapped[School | None]
    organisation: Mapped[Organisation | None]

    @property
    def monday(self) -> date:
        """The first day of the reported week."""
        return date.fromisocalendar(self.year, self.week, 1)

    @property
    def due_at(self) -> datetime:
        """Monday 24:00 after the week: the first moment that is late (4.16)."""
        tuesday = self.monday + timedelta(days=8)
        return datetime(tuesday.year, tuesday.month, tuesday.day, tzinfo=clock.ZONE)

    def overdue(self, moment: datetime) -> bool:
        """Late, if it is not handed in by then or was handed in late."""
        return (self.submitted_at or moment) >= self.due_at


class TrainingClass(Declared):
    """A class that prepares for a certificate approved to the school this year (培训班). R26."""

    school_id: Mapped[int] = reference("院校", "school", hidden, fixed, within=("province_id",))
    school_name: Mapped[str] = field(
        "院校名称", Text(100), listed, searched, readonly, copied="school_id.name"
    )
    province_id: Mapped[int] = reference("省厅", "province", hidden, copied="school_id.province_id")
    certificate_id: Mapped[int] = reference(
        "培训证书", "certificate", listed, filtered, within=("organisation_id",), help="本年度已获批准的证书"
    )
    organisation_id: Mapped[int] = reference(
        "颁证机构", "organisation", listed, readonly, copied="certificate_id.organisation_id"
    )
    name: Mapped[str] = field("培训班名称", Text(100, 2), listed, searched)
    starts_on: Mapped[date] = field("开班日期", Date(), listed, filtered)
    ends_on: Mapped[date] = field("结班日期", Date(), listed)
    teacher: Mapped[str] = field("授课教师", Text(50, 2, formats.person_name), listed, searched)
    hours: Mapped[int] = field("学时", Int(1, 2000), listed)
    notes: Mapped[str | None] = field("备注", Text(1000), wide)

    panel = Panel(
        "培训班",
        menu="培训管理/培训班",
        icon="chalkboard",
        order=56,
        related=("trainee",),
        scope=Scope(
            platform=read(),
            province=read("province_id"),
            school=write("school_id"),
            organisation=read("organisation_id"),
        ),
        unique=(("school_id", "name"),),
        checks=(
            ("starts_on <= ends_on", "开班日期不能晚于结班日期"),
            ("hours between 1 and 2000", "学时为1–2000"),
        ),
        empty="还没有培训班,点“新增”开一个班",
    )
    school: Mapped[School]
    certificate: Mapped[Certificate]
    organisation: Mapped[Organisation]


class Trainee(Declared):
    """A candidate of the school in a training class (培训学员)."""

    training_class_id: Mapped[int] = reference(
        "培训班", "training_class", listed, filtered, fixed, within=("school_id",), ondelete="CASCADE"
    )
    school_id: Mapped[int] = reference("院校", "school", hidden, copied="training_class_id.school_id")
    candidate_id: Mapped[int] = reference("考生", "candidate", fixed, within=("school_id",))
    candidate_name: Mapped[str] = field(
        "姓名", Text(50), listed, searched, readonly, copied="candidate_id.name"
    )
    id_masked: Mapped[str] = field("证件号码", Code(18), listed, readonly, copied="candidate_id.id_masked")
    completed: Mapped[bool] = field("结业", Flag(), listed, filtered, default=False)

    panel = Panel(
        "培训学员",
        menu="培训管理/培训学员",
        icon="users",
        title="candidate_name",
        order=57,
        scope=Scope(platform=read(), school=write("school_id")),
        unique=(("training_class_id", "candidate_id"),),
        empty="这个班还没有学员,从考生中添加",
    )
    training_class: Mapped[TrainingClass]
    candidate: Mapped[Candidate]


__all__ = [
    "NOTICE_FLOW",
    "REPORT_FLOW",
    "Notice",
    "NoticeFile",
    "NoticeKind",
    "NoticePicture",
    "NoticeState",
    "ReportState",
    "Trainee",
    "TrainingClass",
    "Verification",
    "WeeklyReport",
]
