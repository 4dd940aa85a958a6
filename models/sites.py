"""Exam sites, the sites lent to guests, and the rooms set for each plan (3.4, 4.4; R79–R82, E94–E102)."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Mapped

from models.certificates import Certificate, ExamMode
from models.directory import Organisation, School
from models.kit import (
    Choice,
    Choices,
    Code,
    Declared,
    Email,
    File,
    Flow,
    Int,
    Json,
    Mobile,
    Moment,
    Move,
    Panel,
    Scope,
    State,
    Text,
    change,
    field,
    filtered,
    fixed,
    formats,
    hidden,
    imported,
    listed,
    masked,
    moves,
    read,
    readonly,
    reference,
    searched,
    tabbed,
    unique,
    wide,
    write,
)
from models.plans import ExamPlan
from models.regions import City, County


class SiteState(Choices):
    PENDING = "PENDING", "待审核", "amber"
    APPROVED = "APPROVED", "审核通过", "green"
    REFUSED = "REFUSED", "审核不通过", "red"
    DISABLED = "DISABLED", "已停用", "grey"


_S = SiteState
SITE_FLOW = Flow(
    SiteState,
    _S.PENDING,
    moves(
        Move("approve", "通过", (_S.PENDING,), _S.APPROVED, confirm="通过后该站点即可安排考试", icon="check"),
        Move("refuse", "不通过", (_S.PENDING,), _S.REFUSED, reason="refusal_reason", danger=True, icon="x"),
        Move("resubmit", "再次提交", (_S.REFUSED,), _S.PENDING, confirm="提交后由考核单位审核", icon="send"),
        Move(
            "amend",
            "变更申请",
            (_S.APPROVED,),
            _S.PENDING,
            icon="edit",
            confirm="变更由考核单位审核,审核期间原有信息继续有效",
        ),
        Move(
            "disable",
            "停用",
            (_S.APPROVED,),
            _S.DISABLED,
            danger=True,
            icon="player-pause",
            confirm="停用后不能再安排考试",
        ),
    ),
)


class ExamSite(Declared):
    """A place where a school holds an organisation's exams, as applied for and reviewed (考核站点). 4.4, R79.

    A change of an approved site waits in `pending_change` while the approved data stay valid: `approved_at`
    tells that the site may be used.
    """

    site_code: Mapped[str] = field(
        "站点代码", Code(5, check=formats.site_code), listed, searched, unique, readonly
    )
    organisation_id: Mapped[int] = reference(
        "申报对象", "organisation", listed, filtered, fixed, help="考核单位"
    )
    name: Mapped[str] = field(
        "站点名称", Text(80, least=4), listed, searched, wide, help="建议:学校名称+证书简称+考核站点"
    )
    place_city_id: Mapped[int] = reference("所在区域", "city", listed, filtered)
    county_id: Mapped[int | None] = reference("区县", "county")
    address: Mapped[str] = field("详细地址", Text(200, least=5), wide, help="精确到门牌号,准考证上打印该地址")
    intro: Mapped[str] = field("考点简介", Text(2000, least=10), wide, help="10–2000字")
    contact_name: Mapped[str] = field(
        "联系人姓名", Text(50, least=2, check=formats.person_name), listed, section="联系人"
    )
    contact_mobile: Mapped[str] = field(
        "联系人手机号", Mobile(), masked, section="联系人", help="接收审核结果短信"
    )
    contact_email: Mapped[str] = field("联系人邮箱", Email(), masked, section="联系人")
    certificate_count: Mapped[int] = field("证书数", Int(), listed, readonly, default=0)
    state: Mapped[SiteState] = field("审核状态", State(SiteState), listed, tabbed, readonly, flow=SITE_FLOW)
    refusal_reason: Mapped[str | None] = field("不通过原因", Text(500, least=2), readonly)
    pending_change: Mapped[dict[str, Any] | None] = field("变更内容", Json(), hidden)
    change_text: Mapped[str | None] = field("待审核的变更", Text(500), readonly, wide)
    approved_at: Mapped[datetime | None] = field("首次通过时间", Moment(), readonly)
    decided_at: Mapped[datetime | None] = field("审核时间", Moment(), readonly)
    school_id: Mapped[int] = reference("所属院校", "school", hidden)
    school_name: Mapped[str] = field("所属院校", Text(100), searched, copied="school_id.name")
    province_id: Mapped[int] = reference("省", "province", hidden, copied="school_id.province_id")
    city_id: Mapped[int] = reference("地市", "city", hidden, copied="school_id.city_id")

    panel = Panel(
        "考核站点",
        menu="考试管理/考点申报",
        menus={"organisation": "考试管理/考点审核"},
        icon="map-pin",
        order=40,
        allows=("add", "edit", "delete", "export"),
        children=("exam_site_certificate", "exam_site_file"),
        related=("room",),
        unique=(("organisation_id", "name"),),
        checks=(
            ("site_code ~ '^[0-9]{5}$'", "站点代码应为5位数字"),
            ("state <> 'APPROVED' or approved_at is not null", "审核通过的站点有通过时间"),
            ("state <> 'REFUSED' or refusal_reason is not null", "审核不通过须说明原因"),
        ),
        scope=Scope(
            platform=read(),
            province=read("province_id"),
            city=read("city_id"),
            school=write("school_id"),
            organisation=change(
                "organisation_id",
                "state",
                "refusal_reason",
                "pending_change",
                "change_text",
                "approved_at",
                "decided_at",
                "place_city_id",
                "county_id",
                "address",
                "certificate_count",
            ),
        ),
        adds="申报考核站点",
        empty="还没有考核站点,点“申报考核站点”向考核单位申请",
    )

    organisation: Mapped[Organisation]
    school: Mapped[School]
    place_city: Mapped[City]
    county: Mapped[County | None]

    @property
    def usable(self) -> bool:
        """Once approved, valid through reviews of its changes until it is disabled (4.4, R79)."""
        return self.approved_at is not None and self.state != SiteState.DISABLED


class ExamSiteCertificate(Declared):
    """A certificate a site examines; added ones count from their own approval (申请考试的证书). E94."""

    site_id: Mapped[int] = reference(
        "考核站点", "exam_site", hidden, within=("school_id", "organisation_id"), ondelete="CASCADE"
    )
    certificate_id: Mapped[int] = reference(
        "证书", "certificate", listed, filtered, within=("organisation_id",)
    )
    certificate_name: Mapped[str] = field("证书名称", Text(110), hidden, copied="certificate_id.full_name")
    approved_at: Mapped[datetime | None] = field("通过时间", Moment(), listed, readonly)
    school_id: Mapped[int] = reference("院校", "school", hidden, copied="site_id.school_id")
    organisation_id: Mapped[int] = reference(
        "考核单位", "organisation", hidden, copied="site_id.organisation_id"
    )
    province_id: Mapped[int] = reference("省", "province", hidden, copied="site_id.province_id")
    city_id: Mapped[int] = reference("地市", "city", hidden, copied="site_id.city_id")

    panel = Panel(
        "申请考试的证书",
        icon="certificate",
        title="certificate_name",
        unique=(("site_id", "certificate_id"),),
        scope=Scope(
            platform=read(),
            province=read("province_id"),
            city=read("city_id"),
            school=write("school_id"),
            organisation=change("organisation_id", "approved_at"),
        ),
        empty="还没有证书,点“确认添加”选择要在此考试的证书",
    )

    site: Mapped[ExamSite]
    certificate: Mapped[Certificate]


class ExamSiteFile(Declared):
    """A supporting document of a site's application, at most five (其他佐证材料). R18."""

    site_id: Mapped[int] = reference(
        "考核站点", "exam_site", hidden, within=("school_id", "organisation_id"), ondelete="CASCADE"
    )
    ordinal: Mapped[int] = field("序号", Int(1, 5), listed, readonly)
    file: Mapped[str] = field("佐证材料", File(), listed, help="pdf、doc、docx,不超过20 MB")
    file_name: Mapped[str] = field("文件名", Text(200), listed, readonly)
    school_id: Mapped[int] = reference("院校", "school", hidden, copied="site_id.school_id")
    organisation_id: Mapped[int] = reference(
        "考核单位", "organisation", hidden, copied="site_id.organisation_id"
    )

    panel = Panel(
        "佐证材料",
        icon="paperclip",
        title="file_name",
        sort="ordinal",
        unique=(("site_id", "ordinal"),),
        checks=(("ordinal between 1 and 5", "佐证材料最多5个"),),
        scope=Scope(platform=read(), school=write("school_id"), organisation=read("organisation_id")),
        empty="没有佐证材料(选填)",
    )

    site: Mapped[ExamSite]


class BorrowedSite(Declared):
    """Students of one school sit at the site of another, by the organisation (借考分配). R89, E101."""

    plan_id: Mapped[int] = reference("考试计划", "exam_plan", listed, filtered, within=("organisation_id",))
    certificate_id: Mapped[int] = reference(
        "证书", "certificate", listed, filtered, within=("organisation_id",)
    )
    guest_school_id: Mapped[int] = reference("借考院校", "school_directory", filtered)
    guest_school_name: Mapped[str] = field(
        "借考院校", Text(100), listed, searched, copied="guest_school_id.name"
    )
    site_id: Mapped[int] = reference("考核站点", "exam_site", filtered, within=("organisation_id",))
    site_name: Mapped[str] = field("考核站点", Text(80), listed, searched, copied="site_id.name")
    address: Mapped[str] = field("站点地址", Text(200), copied="site_id.address")
    places: Mapped[int] = field("人数", Int(1, 99999), listed, help="最多可在该站点考试的人数")
    host_school_id: Mapped[int] = reference("承办院校", "school", hidden, copied="site_id.school_id")
    host_school_name: Mapped[str] = field("承办院校", Text(100), listed, copied="site_id.school_name")
    organisation_id: Mapped[int] = reference(
        "考核单位", "organisation", hidden, copied="plan_id.organisation_id"
    )

    panel = Panel(
        "借考分配",
        menu="考试管理/借考分配",
        icon="arrows-exchange",
        title="guest_school_name",
        order=45,
        allows=("add", "edit", "delete", "export"),
        unique=(("plan_id", "guest_school_id", "certificate_id", "site_id"),),
        checks=(
            ("guest_school_id <> host_school_id", "借考院校不能是站点所属院校"),
            ("places between 1 and 99999", "人数应为1–99999"),
        ),
        scope=Scope(
            platform=read(),
            school=(read("guest_school_id"), read("host_school_id")),
            organisation=write("organisation_id"),
        ),
        empty="还没有借考安排;没有合适站点的院校可由考核单位分配到其他院校的站点",
    )

    plan: Mapped[ExamPlan]
    certificate: Mapped[Certificate]
    site: Mapped[ExamSite]


class BorrowState(Choices):
    PENDING = "PENDING", "待处理", "amber"
    ASSIGNED = "ASSIGNED", "已分配", "green"
    REFUSED = "REFUSED", "已拒绝", "red"


_B = BorrowState
BORROW_FLOW = Flow(
    BorrowState,
    _B.PENDING,
    moves(
        Move("assign", "分配站点", (_B.PENDING,), _B.ASSIGNED, icon="map-pin"),
        Move("refuse", "拒绝", (_B.PENDING,), _B.REFUSED, reason="answer", plain=True, danger=True, icon="x"),
    ),
)


class BorrowRequest(Declared):
    """A school without a fit site asks to sit elsewhere (借考申请). 3.4."""

    plan_id: Mapped[int] = reference(
        "考试计划", "exam_plan", listed, filtered, fixed, within=("organisation_id",)
    )
    certificate_id: Mapped[int] = reference(
        "证书", "certificate", listed, filtered, fixed, within=("organisation_id",)
    )
    places: Mapped[int] = field("人数", Int(1, 99999), listed)
    reason: Mapped[str] = field("申请原因", Text(500, least=2), wide)
    state: Mapped[BorrowState] = field("状态", State(BorrowState), listed, tabbed, readonly, flow=BORROW_FLOW)
    answer: Mapped[str | None] = field("处理说明", Text(500, least=2), readonly)
    school_id: Mapped[int] = reference("申请院校", "school", hidden)
    school_name: Mapped[str] = field("申请院校", Text(100), listed, searched, copied="school_id.name")
    organisation_id: Mapped[int] = reference(
        "考核单位", "organisation", hidden, copied="plan_id.organisation_id"
    )

    panel = Panel(
        "借考申请",
        menu="考试管理/借考申请",
        icon="message-question",
        title="school_name",
        order=46,
        allows=("add", "edit", "delete", "export"),
        checks=(
            ("places between 1 and 99999", "人数应为1–99999"),
            ("state <> 'REFUSED' or answer is not null", "拒绝须说明原因"),
        ),
        unique_when=(
            (
                ("plan_id", "certificate_id", "school_id"),
                "state = 'PENDING'",
                "同一计划同一证书已有待处理的申请",
            ),
        ),
        scope=Scope(
            platform=read(),
            school=(write("school_id", when="state = 'PENDING'"), read("school_id")),
            organisation=change("organisation_id", "state", "answer"),
        ),
        empty="没有借考申请;本校没有合适站点时,点“新增”请考核单位安排",
    )

    plan: Mapped[ExamPlan]
    certificate: Mapped[Certificate]
    school: Mapped[School]


class Venue(Declared):
    """The physical room behind the rooms of many plans, so that no two use it at one time (物理考场). 3.4."""

    name: Mapped[str] = field("物理考场", Text(50), listed, searched)
    building: Mapped[str] = field("楼宇", Text(30), listed, default="")
    school_id: Mapped[int] = reference("院校", "school", hidden)

    panel = Panel(
        "物理考场",
        icon="building",
        unique=(("school_id", "building", "name"),),
        scope=Scope(platform=read(), school=write("school_id")),
        empty="设置考场时自动建立",
    )

    school: Mapped[School]


def room_name(text: str) -> str:
    """A room name says which room: 107室, 13号机房; not only punctuation, not 考场 or 测试 alone (R82)."""
    if not re.search(r"\w", text.replace("_", "")):
        raise formats.FormatError("考场名称不能只有标点,请写明机房、教室或车间,如“13号机房”", "room_name")
    if text in ("考场", "测试"):
        raise formats.FormatError(
            f"考场名称不能只写“{text}”,请写明机房、教室或车间,如“13号机房”", "room_name"
        )
    return text


class Room(Declared):
    """A room of a site, set anew for every plan (考场). R80–R82, E95–E97."""

    plan_id: Mapped[int] = reference(
        "考试计划", "exam_plan", listed, filtered, imported, fixed, within=("organisation_id",)
    )
    site_id: Mapped[int] = reference(
        "站点名称", "exam_site", listed, filtered, imported, fixed, within=("school_id", "organisation_id")
    )
    name: Mapped[str] = field(
        "考场名称",
        Text(50, check=room_name),
        listed,
        searched,
        imported,
        help="写明机房、教室或车间,如“107室”“13号机房”",
    )
    kind: Mapped[ExamMode] = field(
        "考场类型", Choice(ExamMode), listed, filtered, imported, help="与科目的考试方式一致"
    )
    seats: Mapped[int] = field("考场座位数", Int(1, 1000), listed, imported, help="请提供足够的座位")
    place_city_id: Mapped[int | None] = reference("考场地址(地市)", "city", imported, help="留空同站点")
    county_id: Mapped[int | None] = reference("考场地址(区县)", "county", imported)
    address: Mapped[str] = field(
        "详细地址", Text(200, least=2), listed, imported, wide, help="精确到门牌号,准考证上打印该地址"
    )
    building: Mapped[str | None] = field("楼宇", Text(30))
    certificate_names: Mapped[str | None] = field(
        "考试的证书", Text(300), listed, imported, readonly, help="站点证书中的若干个,留空即全部"
    )
    venue_id: Mapped[int | None] = reference("物理考场", "venue", hidden, within=("school_id",))
    copied_from_id: Mapped[int | None] = reference("沿用自", "room", hidden, ondelete="SET NULL")
    school_id: Mapped[int] = reference("院校", "school", hidden, copied="site_id.school_id")
    school_name: Mapped[str] = field("所属院校", Text(100), searched, copied="site_id.school_name")
    site_name: Mapped[str] = field("站点", Text(80), hidden, copied="site_id.name")
    organisation_id: Mapped[int] = reference(
        "考核单位", "organisation", hidden, copied="site_id.organisation_id"
    )
    province_id: Mapped[int] = reference("省", "province", hidden, copied="site_id.province_id")
    city_id: Mapped[int] = reference("地市", "city", hidden, copied="site_id.city_id")

    panel = Panel(
        "考场",
        menu="考试管理/考场管理",
        icon="door",
        order=50,
        children=("room_certificate",),
        related=("room_session",),
        unique=(("plan_id", "site_id", "name"),),
        unique_when=(
            (("plan_id", "venue_id"), "venue_id is not null", "同一物理考场在一个计划中只设置一次"),
        ),
        checks=(("seats between 1 and 1000", "座位数应为1–1000"),),
        scope=Scope(
            platform=read(),
            province=read("province_id"),
            city=read("city_id"),
            school=write("school_id"),
            organisation=read("organisation_id"),
        ),
        adds="设置考场",
        empty="还没有考场,点“设置考场”或“沿用历史考场”",
    )

    plan: Mapped[ExamPlan]
    site: Mapped[ExamSite]
    venue: Mapped[Venue | None]


class RoomCertificate(Declared):
    """A certificate a room is kept for; none means all of its site (考试的证书). R87."""

    room_id: Mapped[int] = reference(
        "考场", "room", hidden, within=("school_id", "organisation_id", "site_id"), ondelete="CASCADE"
    )
    site_certificate_id: Mapped[int] = reference(
        "考试的证书",
        "exam_site_certificate",
        listed,
        within=("site_id",),
        ondelete="CASCADE",
        help="站点已申请的证书",
    )
    certificate_id: Mapped[int] = reference(
        "证书", "certificate", hidden, copied="site_certificate_id.certificate_id"
    )
    certificate_name: Mapped[str] = field(
        "证书名称", Text(110), hidden, copied="site_certificate_id.certificate_name"
    )
    site_id: Mapped[int] = reference("考核站点", "exam_site", hidden, copied="room_id.site_id")
    school_id: Mapped[int] = reference("院校", "school", hidden, copied="room_id.school_id")
    organisation_id: Mapped[int] = reference(
        "考核单位", "organisation", hidden, copied="room_id.organisation_id"
    )

    panel = Panel(
        "考场的证书",
        icon="certificate",
        title="certificate_name",
        unique=(("room_id", "site_certificate_id"),),
        scope=Scope(platform=read(), school=write("school_id"), organisation=read("organisation_id")),
        empty="未指定证书:该站点的全部证书都可在此考试",
    )

    room: Mapped[Room]
    site_certificate: Mapped[ExamSiteCertificate]
    certificate: Mapped[Certificate]
