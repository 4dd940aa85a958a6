"""Declaration batches, declarations and their reviews (申报批次, 证书试点申报, 审核记录). 3.2, 4.1, 4.3."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, column_property

from models.certificates import Certificate, Major
from models.directory import Organisation, School, SchoolDirectory, SchoolStanding
from models.kit import (
    Choice,
    Choices,
    Declared,
    File,
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
    add,
    change,
    clock,
    field,
    filtered,
    fixed,
    hidden,
    listed,
    moves,
    of_own,
    read,
    readonly,
    reference,
    searched,
    sourced,
    tabbed,
    wide,
    write,
)
from models.kit.scope import DELETE, INSERT, SELECT, UPDATE, Rule
from models.regions import City, Province


class SocialQuotaMode(Choices):
    """Whose places social candidates use (R39)."""

    SHARED = "SHARED", "与院校考生共用指标"
    SEPARATE = "SEPARATE", "社会考生单列指标"


class BatchPhase(Choices):
    """The status of a batch: derived from time and facts, never stored (4.1, D11)."""

    DRAFT = "DRAFT", "草稿", "grey"
    COMING = "COMING", "未开始", "amber"
    OPEN = "OPEN", "申报中", "green"
    OVER = "OVER", "已结束", "grey"


_PUBLISHED_HERE = "published_at is not null and province_id = "


class DeclarationBatch(Declared):
    """A province's timetable for declaring certificates (申报批次, 申报计划). R26–R30, 4.1."""

    province_id: Mapped[int] = reference("省厅", "province", hidden, filtered, fixed)
    name: Mapped[str] = field("申报批次/学期", Text(50, 2), listed, searched, sample="2020年第一次")
    year: Mapped[int] = field(
        "年度", Int(2019, 2100), listed, filtered, sample="2020", help="指标只在本年度有效,12月31日24:00作废"
    )
    ordinal: Mapped[int] = field(
        "第几次", Int(1, 99), default=1, help="本年度第几次申报;新增证书的补报另开一次"
    )
    window_from: Mapped[datetime] = field("申报开始", Moment(), listed, filtered)
    window_to: Mapped[datetime] = field(
        "申报截止", Moment(closing=True), listed, help="截止后不能再新增、修改和提交申报"
    )
    requires_majors: Mapped[bool] = field("是否要求按专业填报", Flag(), listed, default=False)
    requires_city_review: Mapped[bool] = field(
        "是否需要地市级教育局审批", Flag(), listed, default=False, help="选“是”则先由院校所在地市初审"
    )
    social_quota_mode: Mapped[SocialQuotaMode] = field(
        "社会考生指标", Choice(SocialQuotaMode), default=SocialQuotaMode.SHARED
    )
    notes: Mapped[str | None] = field("申报说明", Rich(5000), wide, help="显示在院校的申报页上方")
    published_at: Mapped[datetime | None] = field("发布时间", Moment(), readonly)
    first_over_at: Mapped[datetime | None] = field(
        "首次截止", Moment(), hidden, readonly
    )  # of one that reopened

    panel = Panel(
        "申报批次",
        menu="申报管理/申报批次",
        menus={"school": "", "platform": "申报管理/批次总览"},  # schools have a page of their own for it
        icon="calendar-event",
        order=30,
        sort="-window_from",
        children=("declaration_batch_certificate",),
        related=("declaration",),
        scope=Scope(
            platform=read(),
            province=(
                Rule("province_id", (SELECT, INSERT, UPDATE)),
                Rule("province_id", (DELETE,), when="published_at is null"),
            ),
            city=read(when=_PUBLISHED_HERE + of_own("city", "province_id")),
            school=read(when=_PUBLISHED_HERE + of_own("school", "province_id")),
        ),
        unique=(("province_id", "year", "name"),),
        checks=(
            ("window_from < window_to", "申报开始应早于申报截止"),
            ("length(name) >= 2", "批次名称至少2个字"),
            ("year between 2019 and 2100", "年度应为四位年份"),
            ("ordinal between 1 and 99", "次数为1–99"),
        ),
        indexes=(("province_id", "window_to"),),
        empty="还没有申报批次。省厅发布批次后,院校才能申报",
    )
    province: Mapped[Province]

    PHASES: ClassVar[dict[str, Callable[[datetime], sa.ColumnElement[bool]]]] = {
        BatchPhase.DRAFT.label: lambda moment: DeclarationBatch.published_at.is_(None),
        BatchPhase.COMING.label: lambda moment: sa.and_(
            DeclarationBatch.published_at.is_not(None), DeclarationBatch.window_from > moment
        ),
        BatchPhase.OPEN.label: lambda moment: sa.and_(
            DeclarationBatch.published_at.is_not(None),
            DeclarationBatch.window_from <= moment,
            DeclarationBatch.window_to > moment,
        ),
        BatchPhase.OVER.label: lambda moment: sa.and_(
            DeclarationBatch.published_at.is_not(None), DeclarationBatch.window_to <= moment
        ),
    }

    def phase(self, moment: datetime) -> BatchPhase:
        """Exactly one phase holds at a moment; the window is half open."""
        if self.published_at is None:
            return BatchPhase.DRAFT
        if moment < self.window_from:
            return BatchPhase.COMING
        return BatchPhase.OPEN if moment < self.window_to else BatchPhase.OVER


class DeclarationBatchCertificate(Declared):
    """A certificate a batch is limited to; a batch without any is open to all (批次证书). 3.2."""

    batch_id: Mapped[int] = reference(
        "申报批次", "declaration_batch", listed, fixed, within=("province_id",), ondelete="CASCADE"
    )
    province_id: Mapped[int] = reference("省厅", "province", hidden, copied="batch_id.province_id")
    certificate_id: Mapped[int] = reference("证书", "certificate", listed, filtered)

    panel = Panel(
        "批次证书",
        icon="certificate",
        title="id",
        order=31,
        scope=Scope(
            platform=read(),
            province=write("province_id"),
            city=read(when="province_id = " + of_own("city", "province_id")),
            school=read(when="province_id = " + of_own("school", "province_id")),
        ),
        unique=(("batch_id", "certificate_id"),),
        empty="未限定证书:本批次可申报所有已启用的证书",
    )
    batch: Mapped[DeclarationBatch]
    certificate: Mapped[Certificate]


class DeclarationState(Choices):
    DRAFT = "DRAFT", "未提交", "grey"
    CITY_PENDING = "CITY_PENDING", "待地市审核", "amber"
    PENDING = "PENDING", "待审核", "amber"
    APPROVED = "APPROVED", "审核通过", "green"
    REFUSED = "REFUSED", "审核不通过", "red"


_D = DeclarationState
DECLARATION_FLOW = Flow(
    DeclarationState,
    _D.DRAFT,
    moves(
        Move(
            "submit",
            "提交审核",
            (_D.DRAFT,),
            _D.PENDING,
            confirm="提交后在审核结束前不能修改或删除:试点证书、专业、人数、师资和场地描述、佐证材料都不再变动。"
            "审核不通过时可以修改后再次提交。确定提交审核吗?",
            icon="send",
        ),
        Move("revise", "修改", (_D.REFUSED,), _D.DRAFT, icon="edit"),
        Move(
            "agree",
            "同意",
            (_D.CITY_PENDING,),
            _D.PENDING,
            confirm="同意后转省级教育行政部门审核",
            icon="check",
        ),
        Move(
            "disagree",
            "不同意",
            (_D.CITY_PENDING,),
            _D.REFUSED,
            reason="refusal_reason",
            danger=True,
            icon="x",
        ),
        Move("approve", "通过", (_D.PENDING,), _D.APPROVED, icon="check"),
        Move("refuse", "不通过", (_D.PENDING,), _D.REFUSED, reason="refusal_reason", danger=True, icon="x"),
        Move(
            "retract",
            "收回决定",
            (_D.APPROVED, _D.REFUSED),
            _D.PENDING,
            danger=True,
            icon="arrow-back-up",
            confirm="收回后重新审核,尚未发出的短信不再发送",
        ),
    ),
    # Submitting goes to the city first where the batch asks for it; a city takes its refusal back to itself.
    also=((_D.DRAFT, _D.CITY_PENDING), (_D.REFUSED, _D.CITY_PENDING)),
)

_SUBMITTED = "state <> 'DRAFT'"
_APPROVED = "state = 'APPROVED'"
_DECISION = ("state", "refusal_reason")


class Declaration(Declared):
    """One school asks, in one batch, to pilot one certificate (证书试点申报). R26–R32, 4.3."""

    school_id: Mapped[int] = reference("院校", "school", hidden, fixed, within=("province_id",))
    school_name: Mapped[str] = field(
        "院校名称", Text(100), listed, searched, sourced, readonly, copied="school_id.name"
    )
    province_id: Mapped[int] = reference("省厅", "province", hidden, copied="school_id.province_id")
    city_id: Mapped[int] = reference("地市", "city", filtered, readonly, copied="school_id.city_id")
    batch_id: Mapped[int] = reference(
        "申报批次/学期", "declaration_batch", listed, filtered, fixed, within=("province_id",)
    )
    year: Mapped[int] = field("年度", Int(), filtered, readonly, copied="batch_id.year")
    certificate_id: Mapped[int] = reference(
        "试点证书", "certificate", listed, filtered, within=("organisation_id",), help="只列出已启用的证书"
    )
    organisation_id: Mapped[int] = reference(
        "颁证机构", "organisation", listed, filtered, readonly, copied="certificate_id.organisation_id"
    )
    applied_count: Mapped[int] = field("拟申报的培训人数", Int(1, 99_999), listed)
    approved_count: Mapped[int | None] = field("已批准培训人数", Int(1, 99_999), listed, readonly)
    teachers_description: Mapped[str] = field(
        "师资情况描述", Rich(5000, 10), wide, help="10–5000字:教师人数、职称、相关证书和经验"
    )
    venue_description: Mapped[str] = field(
        "场地情况描述", Rich(5000, 10), wide, help="10–5000字:实训场地、设备和工位数量"
    )
    state: Mapped[DeclarationState] = field(
        "申报状态", State(DeclarationState), listed, tabbed, readonly, flow=DECLARATION_FLOW
    )
    refusal_reason: Mapped[str | None] = field("不通过原因", Text(500, 2), readonly)
    submitted_at: Mapped[datetime | None] = field("提交时间", Moment(), listed, filtered, readonly)
    submitted_by_id: Mapped[int | None] = reference("提交人", "account", hidden)

    panel = Panel(
        "证书试点申报",
        menu="证书管理/证书试点申报",
        menus={
            "province": "申报管理/申报审核",
            "city": "申报管理/申报初审",
            "platform": "申报管理/申报总览",
            "organisation": "证书管理/试点院校",
        },
        icon="clipboard-list",
        title="school_name",
        order=32,
        sorts={"province": "submitted_at", "city": "submitted_at"},  # who has waited longest comes first
        opens={"province": "PENDING", "city": "CITY_PENDING"},
        children=("declaration_major", "declaration_file"),
        autosaves=True,
        related=("review", "recommendation"),
        scope=Scope(
            platform=read(),
            province=change("province_id", *_DECISION, "approved_count", when=_SUBMITTED),
            city=change("city_id", *_DECISION, when=_SUBMITTED),
            school=(
                Rule("school_id", (SELECT,)),
                Rule("school_id", (INSERT, DELETE), when="state = 'DRAFT'"),
                Rule(
                    "school_id", (UPDATE,), when="state <> 'APPROVED'"
                ),  # neither approves itself nor touches it
            ),
            organisation=read("organisation_id", when=_APPROVED),
        ),
        unique=(("school_id", "batch_id", "certificate_id"),),
        checks=(
            ("applied_count between 1 and 99999", "拟申报的培训人数为1–99999"),
            ("approved_count between 1 and 99999", "批准人数为1–99999"),
            ("(state = 'APPROVED') = (approved_count is not null)", "审核通过时才有批准人数"),
            ("state <> 'REFUSED' or refusal_reason is not null", "审核不通过要写明原因"),
            ("state = 'DRAFT' or submitted_at is not null", "提交后才能审核"),
        ),
        indexes=(
            ("school_id", "year", "certificate_id"),
            ("batch_id", "state"),
            ("province_id", "state", "submitted_at", "id"),
            ("city_id", "state", "submitted_at", "id"),
            ("province_id", "submitted_at", "id"),
            ("city_id", "submitted_at", "id"),
        ),
        adds="申报证书试点",
        told=("batch_id",),  # fixed (7.2): one declares in a batch, and sees in which
        empty="还没有申报。批次开放后,院校在“申报计划”中申报",
    )
    school: Mapped[School]
    city: Mapped[City]
    batch: Mapped[DeclarationBatch]
    certificate: Mapped[Certificate]
    organisation: Mapped[Organisation]

    NAMED_BY = ("certificate",)  # what a list that names declarations has to load with them

    def __str__(self) -> str:
        return f"{self.school_name} · {self.certificate}"

    @classmethod
    def makes_pilot(cls, year: Any, moment: Any) -> sa.ColumnElement[bool]:
        """The declarations that make their school pilot for the year: approved, the batch over (R36, 9.3). One that
        has been over stays so for them when it opens again: nobody loses in June what opened in March."""
        over_at = sa.func.coalesce(DeclarationBatch.first_over_at, DeclarationBatch.window_to)
        batch_over = (
            sa.select(DeclarationBatch.id)
            .where(DeclarationBatch.id == cls.batch_id, over_at <= moment)
            .exists()
        )
        return sa.and_(cls.year == year, cls.state == DeclarationState.APPROVED, batch_over)


def _this_year() -> sa.ColumnElement[int]:
    """The year of now in China, said in the database's words: it stands in columns, which know no clock of ours."""
    return sa.cast(sa.extract("year", sa.func.timezone(clock.ZONE.key, sa.func.app_now())), sa.Integer)


_REGISTERED = sa.exists().where(School.id == SchoolDirectory.id).correlate_except(School)
_DECLARED = (
    sa.exists()
    .where(
        Declaration.school_id == SchoolDirectory.id,
        Declaration.year == _this_year(),
        Declaration.state != DeclarationState.DRAFT,
    )
    .correlate_except(Declaration)
)
_PILOT = (
    sa.exists()
    .where(
        Declaration.school_id == SchoolDirectory.id, Declaration.makes_pilot(_this_year(), sa.func.app_now())
    )
    .correlate_except(Declaration)
)
SchoolDirectory.PHASES.update(
    {
        SchoolStanding.UNREGISTERED.label: lambda _: sa.and_(SchoolDirectory.active, ~_REGISTERED),
        SchoolStanding.REGISTERED.label: lambda _: _REGISTERED,
        SchoolStanding.DECLARED.label: lambda _: _DECLARED,
        SchoolStanding.PILOT.label: lambda _: _PILOT,
        SchoolStanding.CLOSED.label: lambda _: ~SchoolDirectory.active,
    }
)
# Deferred: visitors and organisations read the list, and no registrations or declarations.
SchoolDirectory.stands = column_property(
    sa.case(
        (~SchoolDirectory.active, SchoolStanding.CLOSED.value),
        (_PILOT, SchoolStanding.PILOT.value),
        (_DECLARED, SchoolStanding.DECLARED.value),
        (_REGISTERED, SchoolStanding.REGISTERED.value),
        else_=SchoolStanding.UNREGISTERED.value,
    ),
    deferred=True,
)


class DeclarationMajor(Declared):
    """A major a declaration is made for (拟申请的专业). R30."""

    declaration_id: Mapped[int] = reference(
        "证书试点申报", "declaration", hidden, fixed, within=("school_id",), ondelete="CASCADE"
    )
    school_id: Mapped[int] = reference("院校", "school", hidden, copied="declaration_id.school_id")
    province_id: Mapped[int] = reference("省厅", "province", hidden, copied="declaration_id.province_id")
    city_id: Mapped[int] = reference("地市", "city", hidden, copied="declaration_id.city_id")
    organisation_id: Mapped[int] = reference(
        "颁证机构", "organisation", hidden, copied="declaration_id.organisation_id"
    )
    state: Mapped[str] = field("申报状态", Text(24), hidden, copied="declaration_id.state")
    major_id: Mapped[int] = reference("专业名称", "major", listed, help="从专业目录中选,不能重复")

    panel = Panel(
        "拟申请的专业",
        icon="books",
        title="id",
        allows=("add", "edit", "delete"),
        scope=Scope(
            platform=read(),
            province=read("province_id", when=_SUBMITTED),
            city=read("city_id", when=_SUBMITTED),
            school=(read("school_id"), write("school_id", when="state = 'DRAFT'")),
            organisation=read("organisation_id", when=_APPROVED),
        ),
        unique=(("declaration_id", "major_id"),),
        most=30,
        empty="没有按专业填报",
    )
    declaration: Mapped[Declaration]
    major: Mapped[Major]


class DeclarationFile(Declared):
    """A supporting file of a declaration (其他佐证材料). R18: one to five, optional."""

    declaration_id: Mapped[int] = reference(
        "证书试点申报", "declaration", hidden, fixed, within=("school_id",), ondelete="CASCADE"
    )
    school_id: Mapped[int] = reference("院校", "school", hidden, copied="declaration_id.school_id")
    province_id: Mapped[int] = reference("省厅", "province", hidden, copied="declaration_id.province_id")
    city_id: Mapped[int] = reference("地市", "city", hidden, copied="declaration_id.city_id")
    organisation_id: Mapped[int] = reference(
        "颁证机构", "organisation", hidden, copied="declaration_id.organisation_id"
    )
    state: Mapped[str] = field("申报状态", Text(24), hidden, copied="declaration_id.state")
    name: Mapped[str] = field("文件名", Text(200), listed, readonly)
    file: Mapped[str] = field("文件", File(), listed, help="pdf、doc或docx,每个不超过20M,最多5个")

    panel = Panel(
        "其他佐证材料",
        icon="paperclip",
        sort="id",
        allows=("add", "edit", "delete"),
        scope=Scope(
            platform=read(),
            province=read("province_id", when=_SUBMITTED),
            city=read("city_id", when=_SUBMITTED),
            school=(read("school_id"), write("school_id", when="state = 'DRAFT'")),
            organisation=read("organisation_id", when=_APPROVED),
        ),
        unique=(("declaration_id", "file"),),
        most=5,
        empty="没有上传佐证材料(选填)",
    )
    declaration: Mapped[Declaration]


class ReviewStage(Choices):
    CITY = "CITY", "地市初审"
    PROVINCE = "PROVINCE", "省级审核"


class Decision(Choices):
    APPROVED = "APPROVED", "通过", "green"
    REFUSED = "REFUSED", "不通过", "red"
    RETRACTED = "RETRACTED", "收回决定", "grey"


class Review(Declared):
    """A decision on a declaration, kept for ever (审核记录). R34, 4.3."""

    declaration_id: Mapped[int] = reference(
        "证书试点申报", "declaration", hidden, fixed, within=("school_id",)
    )
    school_id: Mapped[int] = reference("院校", "school", hidden, copied="declaration_id.school_id")
    province_id: Mapped[int] = reference("省厅", "province", hidden, copied="declaration_id.province_id")
    city_id: Mapped[int] = reference("地市", "city", hidden, copied="declaration_id.city_id")
    stage: Mapped[ReviewStage] = field("环节", Choice(ReviewStage), listed, filtered)
    decision: Mapped[Decision] = field("决定", Choice(Decision), listed, filtered)
    approved_count: Mapped[int | None] = field("批准人数", Int(1, 99_999), listed)
    reason: Mapped[str | None] = field("原因", Text(500, 2), listed)
    remarks: Mapped[dict[str, str] | None] = field(
        "批注", Json(), hidden, help="栏目 → 批注,院校修改时显示在该栏目旁"
    )
    reviewer_id: Mapped[int | None] = reference("审核人", "account", hidden)
    reviewer_name: Mapped[str | None] = field("审核人", Text(50), listed, readonly, copied="reviewer_id.name")
    decided_at: Mapped[datetime] = field("审核时间", Moment(), listed, readonly, default=clock.now)

    panel = Panel(
        "审核记录",
        icon="history",
        title="stage",
        allows=("export",),
        scope=Scope(
            platform=read(),
            province=(read("province_id"), Rule("province_id", (INSERT,), when="stage = 'PROVINCE'")),
            city=(read("city_id"), Rule("city_id", (INSERT,), when="stage = 'CITY'")),
            school=read("school_id"),
        ),
        checks=(
            ("decision = 'APPROVED' or approved_count is null", "只有通过时才有批准人数"),
            (
                "stage = 'CITY' or decision <> 'APPROVED' or approved_count is not null",
                "省级通过时要填批准人数",
            ),
            (
                "decision <> 'REFUSED' or (reason is not null and length(reason) between 2 and 500)",
                "不通过要写明原因(2–500字)",
            ),
        ),
        append_only=True,
        frozen_message="审核记录不能修改或删除",
        empty="还没有审核记录",
    )
    declaration: Mapped[Declaration]


class Opinion(Choices):
    FOR = "FOR", "建议通过", "green"
    AGAINST = "AGAINST", "建议不通过", "red"


class Recommendation(Declared):
    """What a member of staff has prepared for the one who decides (经办意见): the authority's own, never shown to the
    school; the latest of a stage counts. 1.2, 4.3."""

    declaration_id: Mapped[int] = reference(
        "证书试点申报", "declaration", hidden, fixed, within=("school_id",)
    )
    school_id: Mapped[int] = reference("院校", "school", hidden, copied="declaration_id.school_id")
    province_id: Mapped[int] = reference("省厅", "province", hidden, copied="declaration_id.province_id")
    city_id: Mapped[int] = reference("地市", "city", hidden, copied="declaration_id.city_id")
    stage: Mapped[ReviewStage] = field("环节", Choice(ReviewStage), listed)
    opinion: Mapped[Opinion] = field("意见", Choice(Opinion), listed)
    suggested_count: Mapped[int | None] = field("建议批准人数", Int(1, 99_999), listed)
    social_count: Mapped[int | None] = field("其中社会考生", Int(0, 99_999))
    reason: Mapped[str | None] = field("说明", Text(500, 2), listed)
    remarks: Mapped[dict[str, str] | None] = field("批注", Json(), hidden)
    author_id: Mapped[int | None] = reference("经办人", "account", hidden)
    author_name: Mapped[str | None] = field("经办人", Text(50), listed, readonly, copied="author_id.name")
    made_at: Mapped[datetime] = field("时间", Moment(), listed, readonly, default=clock.now)

    panel = Panel(
        "经办意见",
        icon="message-2",
        title="opinion",
        allows=(),
        scope=Scope(
            platform=read(),
            province=add("province_id", when="stage = 'PROVINCE'"),
            city=add("city_id", when="stage = 'CITY'"),
        ),
        checks=(
            ("opinion = 'FOR' or suggested_count is null", "建议通过时才有建议人数"),
            (
                "opinion <> 'AGAINST' or (reason is not null and length(reason) between 2 and 500)",
                "建议不通过要写明理由(2–500字)",
            ),
        ),
        append_only=True,
        frozen_message="经办意见不能修改或删除,可以再提一次",
        empty="还没有经办意见",
    )
    declaration: Mapped[Declaration]


__all__ = [
    "DECLARATION_FLOW",
    "BatchPhase",
    "Decision",
    "Declaration",
    "DeclarationBatch",
    "DeclarationBatchCertificate",
    "DeclarationFile",
    "DeclarationMajor",
    "DeclarationState",
    "Opinion",
    "Recommendation",
    "Review",
    "ReviewStage",
    "SocialQuotaMode",
]
