"""Certificates, their subjects and what belongs to them (证书, 考试科目, 证书标准, 专业目录). 3.3, 4.17."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Mapped

from models.directory import Organisation
from models.kit import (
    Amount,
    Choice,
    Choices,
    Code,
    Date,
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
    clock,
    exact,
    field,
    filtered,
    fixed,
    formats,
    hidden,
    imported,
    listed,
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
from models.kit.scope import DELETE, INSERT, SELECT, UPDATE, Rule


class Level(Choices):
    """证书等级; in numbers 1–3 (glossary 3)."""

    JUNIOR = "JUNIOR", "初级"
    MIDDLE = "MIDDLE", "中级"
    SENIOR = "SENIOR", "高级"

    @property
    def number(self) -> int:
        """The digit of ticket and certificate numbers (R75, R116)."""
        return list(Level).index(self) + 1


class ExamMode(Choices):
    """考试方式, and the kind of room it needs (R81)."""

    COMPUTER = "COMPUTER", "机考"
    PRACTICAL = "PRACTICAL", "实操"
    WRITTEN = "WRITTEN", "笔试"


class EducationLevel(Choices):
    """专业层次 of a major and of the candidate who studies it."""

    SECONDARY = "SECONDARY", "中专"
    VOCATIONAL = "VOCATIONAL", "高职"
    UNDERGRADUATE = "UNDERGRADUATE", "本科"
    GRADUATE = "GRADUATE", "研究生"
    OTHER = "OTHER", "其他"


class CertificateState(Choices):
    DRAFT = "DRAFT", "草稿", "grey"
    PENDING = "PENDING", "待审核", "amber"
    ENABLED = "ENABLED", "已启用", "green"
    DISABLED = "DISABLED", "已停用", "red"


_C = CertificateState
CERTIFICATE_FLOW = Flow(
    CertificateState,
    _C.DRAFT,
    moves(
        Move(
            "submit",
            "提交审核",
            (_C.DRAFT,),
            _C.PENDING,
            confirm="提交后由平台审核,审核前不能再修改",
            icon="send",
        ),
        Move("approve", "通过", (_C.PENDING,), _C.ENABLED, confirm="通过后院校即可申报该证书", icon="check"),
        Move("refuse", "不通过", (_C.PENDING,), _C.DRAFT, reason="refusal_reason", danger=True, icon="x"),
        Move(
            "disable",
            "停用",
            (_C.ENABLED,),
            _C.DISABLED,
            plain=True,
            danger=True,
            icon="player-pause",
            confirm="停用后不能再用于新的申报和考试计划,已开始的不受影响",
        ),
        Move("enable", "启用", (_C.DISABLED,), _C.ENABLED, plain=True, icon="player-play"),
    ),
)

# What is not approved yet is nobody's business but the organisation's and the platform's.
_PUBLISHED = "state in ('ENABLED', 'DISABLED')"
_OF_PUBLISHED = f"certificate_{_PUBLISHED}"


class Certificate(Declared):
    """One certificate name at one level: unit of declaration, quota, plan and issuance (证书). 9.1, 9.35."""

    organisation_id: Mapped[int] = reference("颁证机构", "organisation", listed, filtered, fixed)
    organisation_name: Mapped[str] = field("颁证机构", Text(100), hidden, copied="organisation_id.name")
    code: Mapped[str] = field(
        "证书编号", Code(20), listed, searched, unique, imported, help="证书目录中的编号,4–20位"
    )
    name: Mapped[str] = field("证书名称", Text(100, 2), listed, searched, imported, sample="Python程序开发")
    short_name: Mapped[str | None] = field("证书简称", Text(30), imported, sample="Python")
    level: Mapped[Level] = field("证书等级", Choice(Level), listed, filtered, imported)
    full_name: Mapped[str] = field(
        "证书",
        Text(110),
        hidden,
        computed="name || case level when 'JUNIOR' then '(初级)' when 'MIDDLE' then '(中级)'"
        " else '(高级)' end",
    )
    state: Mapped[CertificateState] = field(
        "状态", State(CertificateState), listed, tabbed, readonly, flow=CERTIFICATE_FLOW
    )
    refusal_reason: Mapped[str | None] = field("不通过原因", Text(500, 2), readonly)
    fee_per_certificate: Mapped[Decimal | None] = field(
        "每证书收费(元)",
        Amount(8, 2),
        imported,
        section="收费",
        help="按证书缴费时缴费单的单价,不填则不显示金额",
    )
    fee_per_subject: Mapped[Decimal | None] = field(
        "每科目收费(元)", Amount(8, 2), imported, section="收费", help="按科目缴费时缴费单的单价"
    )
    standard_file: Mapped[str | None] = field("证书标准", File(), section="标准与介绍", help="pdf、doc或docx")
    intro: Mapped[str | None] = field(
        "证书介绍", Rich(), wide, section="标准与介绍", help="展示在门户的证书信息中"
    )

    panel = Panel(
        "证书",
        menu="证书管理/证书信息管理",
        menus={
            "school": "标准管理/证书目录",
            "province": "标准管理/证书目录",
            "city": "标准管理/证书目录",
            "platform": "证书管理/证书目录",
        },
        icon="certificate",
        title="full_name",
        order=20,
        sort="code",
        desk=True,
        children=("subject", "target_group", "certificate_major"),
        related=("standard", "certificate_version"),
        scope=Scope(
            platform=Rule("", (SELECT, INSERT, UPDATE)),
            province=read(when=_PUBLISHED),
            city=read(when=_PUBLISHED),
            school=read(when=_PUBLISHED),
            organisation=(
                Rule("organisation_id", (SELECT, INSERT, UPDATE)),
                Rule("organisation_id", (DELETE,), when="state = 'DRAFT'"),
            ),
            candidate=read(when=_PUBLISHED),
            public=read(when=_PUBLISHED),
        ),
        unique=(("organisation_id", "name", "level"),),
        checks=(
            ("length(code) >= 4", "证书编号为4–20位"),
            ("fee_per_certificate >= 0 and fee_per_subject >= 0", "收费不能为负数"),
        ),
        empty="还没有证书,点“新增”填写名称和等级,再添加考试科目并提交审核",
    )
    organisation: Mapped[Organisation]


class CertificateVersion(Declared):
    """A certificate and its subjects as approved; running plans stay on theirs (证书版本). 4.17."""

    certificate_id: Mapped[int] = reference(
        "证书", "certificate", listed, filtered, readonly, within=("organisation_id",)
    )
    organisation_id: Mapped[int] = reference(
        "颁证机构", "organisation", hidden, copied="certificate_id.organisation_id"
    )
    number: Mapped[int] = field("版本", Int(1), listed, readonly)
    content: Mapped[dict[str, Any]] = field("内容", Json(), readonly)
    approved_at: Mapped[datetime] = field("通过时间", Moment(), listed, readonly, default=clock.now)

    panel = Panel(
        "证书版本",
        icon="versions",
        title="number",
        allows=("export",),
        scope=Scope(platform=add(), organisation=read("organisation_id")),
        unique=(("certificate_id", "number"),),
        append_only=True,
        frozen_message="证书版本是审核时的留存,不能修改",
        empty="证书通过审核后,这里会留存每次通过时的内容",
    )
    certificate: Mapped[Certificate]


class TargetGroup(Declared):
    """A kind of candidate some subjects of a certificate are for (参考对象类型). R60, R73."""

    certificate_id: Mapped[int] = reference(
        "证书", "certificate", listed, filtered, fixed, within=("organisation_id",)
    )
    organisation_id: Mapped[int] = reference(
        "颁证机构", "organisation", hidden, copied="certificate_id.organisation_id"
    )
    name: Mapped[str] = field(
        "参考对象类型", Text(50), listed, searched, help="如中职学生、Web方向;不分类型则不必设置"
    )

    panel = Panel(
        "参考对象类型",
        icon="users-group",
        sort="name",
        desk=True,
        scope=Scope(
            platform=read(),
            province=read(),
            city=read(),
            school=read(),
            organisation=write("organisation_id"),
            candidate=read(),
        ),
        unique=(("certificate_id", "name"),),
        checks=(("name <> '所有考生'", "“所有考生”不必设为类型,科目的参考对象留空即可"),),
        empty="该证书的科目面向所有考生;科目因对象不同时,在这里添加类型",
    )
    certificate: Mapped[Certificate]


class SubjectState(Choices):
    ENABLED = "ENABLED", "已启用", "green"
    DISABLED = "DISABLED", "已停用", "red"


_S = SubjectState
SUBJECT_FLOW = Flow(
    SubjectState,
    _S.ENABLED,
    moves(
        Move(
            "disable",
            "停用",
            (_S.ENABLED,),
            _S.DISABLED,
            plain=True,
            danger=True,
            icon="player-pause",
            confirm="停用后新的考试计划不能再选用该科目",
        ),
        Move("enable", "启用", (_S.DISABLED,), _S.ENABLED, plain=True, icon="player-play"),
    ),
)


class Subject(Declared):
    """A subject examined for a certificate (考试科目). R59, R60."""

    subject_code: Mapped[str] = field(
        "科目编号",
        Code(6, formats.subject_code),
        listed,
        exact,
        unique,
        imported,
        help="6位数字,首位的0要保留",
        sample="098694",
    )
    name: Mapped[str] = field("科目名称", Text(100), listed, searched, imported)
    mode: Mapped[ExamMode] = field("考试方式", Choice(ExamMode), listed, filtered, imported)
    certificate_id: Mapped[int] = reference(
        "考核证书", "certificate", listed, filtered, imported, within=("organisation_id",)
    )
    organisation_id: Mapped[int] = reference(
        "考核单位", "organisation", listed, readonly, copied="certificate_id.organisation_id"
    )
    target_group_id: Mapped[int | None] = reference(
        "参考对象", "target_group", within=("certificate_id",), help="留空即面向所有考生"
    )
    full_mark: Mapped[Decimal] = field(
        "满分", Amount(5, 1, Decimal(1), Decimal(1000)), imported, default=Decimal(100)
    )
    state: Mapped[SubjectState] = field(
        "科目状态", State(SubjectState), listed, tabbed, readonly, flow=SUBJECT_FLOW
    )

    panel = Panel(
        "考试科目",
        menu="考试管理/考试科目",
        icon="book",
        order=30,
        sort="subject_code",
        desk=True,
        scope=Scope(
            platform=Rule("", (SELECT, INSERT, UPDATE)),
            province=read(),
            city=read(),
            school=read(),
            organisation=write("organisation_id"),
            candidate=read(),
        ),
        checks=(
            ("subject_code ~ '^[0-9]{6}$'", "科目编号为6位数字"),
            ("full_mark between 1 and 1000", "满分为1–1000"),
        ),
        indexes=(("certificate_id", "subject_code"),),
        empty="还没有考试科目,在证书里添加,或下载模板导入",
    )
    certificate: Mapped[Certificate]
    organisation: Mapped[Organisation]
    target_group: Mapped[TargetGroup | None]


class Standard(Declared):
    """The published standard document of a certificate, edition by edition (证书标准). 9.32."""

    certificate_id: Mapped[int] = reference(
        "证书", "certificate", listed, filtered, fixed, within=("organisation_id",)
    )
    organisation_id: Mapped[int] = reference(
        "颁证机构", "organisation", listed, readonly, copied="certificate_id.organisation_id"
    )
    name: Mapped[str] = field("标准名称", Text(100, 2), listed, searched)
    edition: Mapped[str] = field("版本", Text(30), listed, sample="2020年1.0版")
    published_on: Mapped[date] = field("发布日期", Date(), listed, filtered)
    file: Mapped[str] = field("标准文件", File(), help="pdf、doc或docx")
    requirements: Mapped[str | None] = field("等级要求", Rich(), wide)

    panel = Panel(
        "证书标准",
        menu="标准管理/证书标准",
        icon="file-certificate",
        order=25,
        sort="-published_on",
        scope=Scope(
            platform=read(),
            province=read(),
            city=read(),
            school=read(),
            organisation=write("organisation_id"),
            candidate=read(),
            public=read(),
        ),
        unique=(("certificate_id", "edition"),),
        empty="还没有发布证书标准",
    )
    certificate: Mapped[Certificate]
    organisation: Mapped[Organisation]


class Major(Declared):
    """An entry of the catalogue of majors (专业目录). R30."""

    code: Mapped[str] = field("专业代码", Code(10), listed, searched, imported, sample="610205")
    name: Mapped[str] = field("专业名称", Text(60), listed, searched, imported, sample="软件技术")
    level: Mapped[EducationLevel] = field("专业层次", Choice(EducationLevel), listed, filtered, imported)
    category: Mapped[str | None] = field("专业大类", Text(60), listed, searched, imported)
    active: Mapped[bool] = field(
        "启用", Flag(), listed, filtered, default=True, help="停用后不能再选,已选的保留"
    )

    panel = Panel(
        "专业",
        menu="系统管理/专业目录",
        icon="books",
        order=72,
        sort="code",
        desk=True,
        scope=Scope(
            platform=write(),
            province=read(),
            city=read(),
            school=read(),
            organisation=read(),
            candidate=read(),
        ),
        unique=(("level", "code"),),
        empty="专业目录是空的,请下载模板导入",
    )


class CertificateMajor(Declared):
    """A major whose students a certificate is meant for (适用专业): the portal's catalogue is browsed by it."""

    certificate_id: Mapped[int] = reference(
        "证书", "certificate", listed, filtered, fixed, within=("organisation_id",), ondelete="CASCADE"
    )
    organisation_id: Mapped[int] = reference(
        "颁证机构", "organisation", hidden, copied="certificate_id.organisation_id"
    )
    certificate_state: Mapped[str] = field("证书状态", Text(24), hidden, copied="certificate_id.state")
    major_id: Mapped[int] = reference("专业", "major", listed, help="从专业目录中选,门户可按专业查找证书")
    code: Mapped[str] = field("专业代码", Code(10), hidden, copied="major_id.code")
    name: Mapped[str] = field("专业名称", Text(60), hidden, copied="major_id.name")
    category: Mapped[str | None] = field("专业大类", Text(60), hidden, copied="major_id.category")

    panel = Panel(
        "适用专业",
        icon="books",
        scope=Scope(
            platform=write(),
            province=read(when=_OF_PUBLISHED),
            city=read(when=_OF_PUBLISHED),
            school=read(when=_OF_PUBLISHED),
            organisation=write("organisation_id"),
            candidate=read(when=_OF_PUBLISHED),
            public=read(when=_OF_PUBLISHED),
        ),
        unique=(("certificate_id", "major_id"),),
        indexes=(("code",),),
        empty="还没有填写适用专业",
    )
    certificate: Mapped[Certificate]
    major: Mapped[Major]


__all__ = [
    "CERTIFICATE_FLOW",
    "SUBJECT_FLOW",
    "Certificate",
    "CertificateMajor",
    "CertificateState",
    "CertificateVersion",
    "EducationLevel",
    "ExamMode",
    "Level",
    "Major",
    "Standard",
    "Subject",
    "SubjectState",
    "TargetGroup",
]
