"""The official list of schools, the registered schools, the evaluation organisations. 3.1, R8–R16."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, validates

from models.kit import (
    Choice,
    Choices,
    Code,
    Declared,
    Email,
    Flag,
    Flow,
    Mobile,
    Move,
    Panel,
    Scope,
    State,
    Text,
    Url,
    add,
    change,
    exact,
    field,
    filtered,
    fixed,
    formats,
    hidden,
    imported,
    listed,
    masked,
    moves,
    put,
    read,
    readonly,
    reference,
    searched,
    tabbed,
    unique,
    wide,
    write,
)
from models.kit.scope import INSERT, SELECT, UPDATE, Rule
from models.regions import City, County, Province


class SchoolKind(Choices):
    UNDERGRADUATE = "UNDERGRADUATE", "本科院校"
    VOCATIONAL = "VOCATIONAL", "高职院校"
    SECONDARY = "SECONDARY", "中职学校"
    TECHNICIAN = "TECHNICIAN", "技工院校"
    OTHER = "OTHER", "其他"


class SchoolStanding(Choices):
    """How far a school of the list has come this year: derived, never stored (4.2, R36, D11)."""

    UNREGISTERED = "UNREGISTERED", "未注册", "amber"
    REGISTERED = "REGISTERED", "已注册", "blue"
    DECLARED = "DECLARED", "本年度已申报", "violet"
    PILOT = "PILOT", "本年度试点", "green"
    CLOSED = "CLOSED", "已停用", "grey"


class SchoolDirectory(Declared):
    """A school as the official list has it: the only source of school names (院校名录). R10, R13.

    Also the face of a school for those who may not read its own row: organisations, other schools' pages.
    What it has come to this year (`stands`, `PHASES`) follows from registration and declarations and is set beside
    the latter (models/declarations.py).
    """

    school_code: Mapped[str] = field(
        "院校代码",
        Code(10, formats.school_code),
        listed,
        searched,
        unique,
        imported,
        help="10位,第3–4位为省份代码",
        sample="4111010028",
    )
    name: Mapped[str] = field("院校名称", Text(100, 2), listed, searched, imported)
    kind: Mapped[SchoolKind] = field("院校类型", Choice(SchoolKind), listed, filtered, imported)
    province_id: Mapped[int] = reference("省份", "province", listed, filtered, imported)
    city_id: Mapped[int | None] = reference(
        "地市", "city", listed, filtered, imported, within=("province_id",)
    )
    county_id: Mapped[int | None] = reference("区县", "county", imported, within=("city_id",))
    active: Mapped[bool] = field(
        "启用", Flag(), listed, filtered, default=True, help="停用后不再出现在注册页"
    )

    panel = Panel(
        "院校名录",
        menu="院校管理/院校名录",
        icon="list-details",
        order=10,
        sort="school_code",
        scope=Scope(
            platform=write(),
            province=read("province_id"),
            city=read("city_id"),
            school=read("id"),  # a school and its directory row share the id
            organisation=read(),
            public=read(when="active"),
            auth=read(),
        ),
        related=("directory_report",),
        unique=(("province_id", "name"),),
        checks=(("school_code ~ '^[0-9]{10}$'", "院校代码为10位数字"),),
        hint="院校名称有误或缺少院校时,由各省项目联系人报平台更正",
        empty="名录中没有符合条件的院校,请换个条件,或下载模板导入院校名录",
    )
    province: Mapped[Province]
    city: Mapped[City | None]

    PHASES: ClassVar[dict[str, Callable[[datetime], sa.ColumnElement[bool]]]] = {}
    if TYPE_CHECKING:
        stands: Mapped[str]

    def phase(self, _: datetime) -> SchoolStanding:
        """The furthest it has come; the tabs count everything that holds (9.4)."""
        return SchoolStanding(self.stands)


class School(Declared):
    """A school that has registered; a tenant (院校). Its id is that of its directory row. R8–R16, 4.2.

    Only the school itself and the authorities above it read this row (R136): whoever shares a row with it
    reads the school's name copied there.
    """

    directory_id: Mapped[int] = reference(
        "院校名录", "school_directory", hidden, fixed, within=("province_id",)
    )
    name: Mapped[str] = field(
        "院校名称",
        Text(100),
        listed,
        searched,
        readonly,
        copied="directory_id.name",
        section="院校基础信息",
        help="来自院校名录;有误请联系本省项目联系人",
    )
    kind: Mapped[SchoolKind] = field(
        "院校类型",
        Choice(SchoolKind),
        listed,
        filtered,
        readonly,
        copied="directory_id.kind",
        section="院校基础信息",
    )
    school_code: Mapped[str] = field(
        "院校代码",
        Code(10),
        listed,
        searched,
        unique,
        readonly,
        copied="directory_id.school_code",
        section="院校基础信息",
    )
    uscc: Mapped[str] = field(
        "统一社会信用代码",
        Code(18, formats.uscc),
        default="",
        section="院校基础信息",
        help="18位,见单位法人证书",
    )
    website: Mapped[str | None] = field("院校网址", Url(), section="院校基础信息")
    province_id: Mapped[int] = reference(
        "省教育行政部门",
        "province",
        listed,
        filtered,
        readonly,
        copied="directory_id.province_id",
        section="院校基础信息",
    )
    city_id: Mapped[int] = reference(
        "单位所在地(地市)", "city", listed, filtered, within=("province_id",), section="院校基础信息"
    )
    county_id: Mapped[int | None] = reference(
        "单位所在地(区县)", "county", within=("city_id",), section="院校基础信息"
    )
    address: Mapped[str] = field(
        "详细地址", Text(200, 5), wide, default="", section="院校基础信息", help="街道、门牌号等"
    )
    contact_name: Mapped[str] = field(
        "联系人姓名", Text(50, 2, formats.person_name), default="", section="联系人信息"
    )
    contact_mobile: Mapped[str] = field(
        "联系人手机号", Mobile(), masked, exact, section="联系人信息", help="接收审核结果等短信"
    )
    contact_email: Mapped[str] = field("联系人邮箱", Email(), masked, default="", section="联系人信息")
    sms_reminders: Mapped[bool] = field(
        "接收提醒短信",
        Flag(),
        default=False,
        section="联系人信息",
        help="申报截止、指标到期等提醒;审核结果等通知总会发送",
    )
    platform_number: Mapped[str | None] = field(
        "院校平台编号",
        Code(6, formats.platform_number),
        listed,
        exact,
        unique,
        readonly,
        help="首次获批时由系统给出,用于准考证号和证书编号",
    )
    basics_completed: Mapped[bool] = field(
        "基础信息已完善", Flag(), listed, filtered, readonly, default=False
    )

    panel = Panel(
        "院校",
        menu="机构管理/院校信息",
        menus={
            "province": "院校管理/注册院校",
            "city": "院校管理/院校查询",
            "platform": "院校管理/注册院校",
            "organisation": "",
        },
        icon="school",
        order=10,
        allows=("edit", "export"),
        related=("declaration", "quota"),
        told=("name", "kind", "school_code", "province_id"),
        scope=Scope(
            platform=change(""),
            province=change("province_id", "platform_number"),
            city=read("city_id"),
            school=change(
                "id",
                "uscc",
                "website",
                "city_id",
                "county_id",
                "address",
                "contact_name",
                "contact_mobile",
                "contact_email",
                "sms_reminders",
                "basics_completed",
            ),
            # They meet `school_id` everywhere: it leads them to no row (R136), not to an error.
            organisation=read(when="false"),
            candidate=read(when="false"),
            auth=add(),
        ),
        unique=(("directory_id",),),
        checks=(
            ("id = directory_id", "院校与名录一一对应"),
            ("platform_number ~ '^5[0-9]{5}$'", "院校平台编号为5加省份代码加三位流水号"),
            (
                "not basics_completed or (uscc <> '' and length(address) >= 5 and length(contact_name) >= 2"
                " and contact_email <> '')",
                "基础信息完善前,统一社会信用代码、详细地址、联系人姓名和邮箱都要填写",
            ),
        ),
        empty="还没有注册的院校",
    )
    directory: Mapped[SchoolDirectory]
    province: Mapped[Province]
    city: Mapped[City]
    county: Mapped[County | None]

    @validates("directory_id")
    def _share_id(self, _key: str, directory_id: int) -> int:
        """1:1 with the directory row by a shared id, so that the wall lets a school read its own entry."""
        self.id = directory_id
        return directory_id


class ReportKind(Choices):
    """The first two are said at the registration page, the others by the province about a row of the list."""

    MISSING = "MISSING", "名录中没有本校"
    WRONG = "WRONG", "名称、代码或类型有误"
    NAME = "NAME", "名称有误"
    CODE = "CODE", "代码有误"
    CLOSED = "CLOSED", "已停办"
    OTHER = "OTHER", "其他"


class ReportState(Choices):
    OPEN = "OPEN", "待处理", "amber"
    FORWARDED = "FORWARDED", "已报平台", "blue"
    DONE = "DONE", "已更正", "green"
    DECLINED = "DECLINED", "未采纳", "grey"


_R = ReportState
REPORT_FLOW = Flow(
    ReportState,
    _R.OPEN,
    moves(
        Move(
            "forward",
            "报平台更正",
            (_R.OPEN,),
            _R.FORWARDED,
            icon="send",
            confirm="核实无误后报平台,由平台更正院校名录",
        ),
        Move("correct", "已更正", (_R.OPEN, _R.FORWARDED), _R.DONE, icon="check"),
        Move("decline", "不采纳", (_R.OPEN, _R.FORWARDED), _R.DECLINED, icon="x", danger=True),
    ),
)


class DirectoryReport(Declared):
    """A school is missing or wrong in the official list: somebody says so at the registration page, and the province's
    project contact reports it to the platform; or the province asks by itself (院校名录反馈). R10, E1; 1.1.

    `created_by` is the officer; a visitor has no account.
    """

    province_id: Mapped[int] = reference("省份", "province", listed, filtered, fixed)
    city_id: Mapped[int | None] = reference("地市", "city", listed, fixed, within=("province_id",))
    kind: Mapped[ReportKind] = field("问题", Choice(ReportKind), listed, filtered, fixed)
    school_name: Mapped[str] = field("院校名称", Text(100, 2), listed, searched, fixed)
    school_code: Mapped[str | None] = field("院校代码", Code(10, formats.school_code), listed, exact, fixed)
    right_name: Mapped[str | None] = field("正确名称", Text(100, 2), readonly)
    right_code: Mapped[str | None] = field("正确代码", Code(10, formats.school_code), readonly)
    directory_id: Mapped[int | None] = reference(
        "名录中的院校", "school_directory", readonly, within=("province_id",)
    )
    description: Mapped[str | None] = field("情况说明", Text(500), wide, fixed)
    contact_name: Mapped[str] = field("联系人姓名", Text(50, 2, formats.person_name), listed, fixed)
    contact_mobile: Mapped[str] = field("联系人手机号", Mobile(), listed, masked, exact, fixed)
    state: Mapped[ReportState] = field(
        "处理状态", State(ReportState), listed, tabbed, readonly, flow=REPORT_FLOW
    )
    answer: Mapped[str | None] = field("处理意见", Text(300), wide, readonly)

    panel = Panel(
        "名录反馈",
        menu="院校管理/名录反馈",
        icon="message-question",
        title="school_name",
        order=12,
        allows=("export",),
        scope=Scope(
            platform=change("", "state", "answer", "directory_id"),
            province=(
                change("province_id", "state", "answer"),
                Rule("province_id", (INSERT,), when="state = 'OPEN'"),
            ),
            auth=put(),
        ),
        hint="注册页面上反映的,和本省在院校名录中申请更正的;核实后报平台更正",
        empty="还没有收到名录反馈",
    )
    province: Mapped[Province]
    city: Mapped[City | None]
    directory: Mapped[SchoolDirectory | None]


class FeeChannel(Choices):
    ON_PLATFORM = "ON_PLATFORM", "平台缴费单"
    OTHER = "OTHER", "其他方式"


class Organisation(Declared):
    """Owns certificates, holds their exams, issues them: a tenant (培训评价组织). R14, 4.17."""

    code: Mapped[str] = field(
        "组织代码",
        Code(6, formats.organisation_code),
        listed,
        searched,
        unique,
        fixed,
        imported,
        help="6位数字,以6开头",
        sample="600031",
        section="机构信息",
    )
    name: Mapped[str] = field(
        "组织名称", Text(100, 2), listed, searched, unique, imported, section="机构信息"
    )
    uscc: Mapped[str | None] = field("统一社会信用代码", Code(18, formats.uscc), imported, section="机构信息")
    contact_name: Mapped[str] = field(
        "联系人姓名", Text(50, 2, formats.person_name), listed, imported, section="联系人信息"
    )
    contact_mobile: Mapped[str] = field(
        "联系人手机号",
        Mobile(),
        listed,
        masked,
        exact,
        imported,
        section="联系人信息",
        help="初始账号和密码发到这个号码",
    )
    contact_email: Mapped[str] = field("联系人邮箱", Email(), masked, imported, section="联系人信息")
    schedule_unpaid: Mapped[bool] = field(
        "允许未缴费排考", Flag(), default=True, section="考试与缴费", help="关闭后,未缴费的考生不能排考"
    )
    fee_channel: Mapped[FeeChannel] = field(
        "缴费方式", Choice(FeeChannel), listed, filtered, default=FeeChannel.ON_PLATFORM, section="考试与缴费"
    )
    bank_details: Mapped[str | None] = field(
        "收款信息", Text(500), wide, section="考试与缴费", help="开户行、户名、账号,印在缴费单上"
    )
    active: Mapped[bool] = field("启用", Flag(), listed, filtered, readonly, default=True)
    inactive_reason: Mapped[str | None] = field("停用原因", Text(500, 2), readonly)

    panel = Panel(
        "培训评价组织",
        menu="机构管理/机构信息",
        menus={"platform": "机构管理/培训评价组织", "province": "", "city": "", "school": ""},
        icon="building",
        order=11,
        sort="code",
        allows=("add", "edit", "import", "export"),
        scope=Scope(
            platform=Rule("", (SELECT, INSERT, UPDATE)),
            province=read(),
            city=read(),
            school=read(),
            organisation=change(
                "id",
                "uscc",
                "contact_name",
                "contact_mobile",
                "contact_email",
                "schedule_unpaid",
                "fee_channel",
                "bank_details",
            ),
            auth=read(),
        ),
        checks=(
            ("code ~ '^6[0-9]{5}$' and code <> '600000'", "培训评价组织代码为600001–699999"),
            ("active or inactive_reason is not null", "停用要写明原因"),
        ),
        empty="还没有培训评价组织,点“新增”准入一家",
    )


__all__ = [
    "REPORT_FLOW",
    "DirectoryReport",
    "FeeChannel",
    "Organisation",
    "ReportKind",
    "ReportState",
    "School",
    "SchoolDirectory",
    "SchoolKind",
    "SchoolStanding",
]
