"""People a school enters for exams, their photos and real-name checks (3.5, 4.6; R40–R58)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar

from sqlalchemy.orm import Mapped, validates

from models.certificates import EducationLevel
from models.directory import School
from models.kit import (
    Amount,
    Block,
    Choice,
    Choices,
    Code,
    Date,
    Declared,
    File,
    Flag,
    Flow,
    IdNumber,
    Int,
    Mobile,
    Moment,
    Move,
    Panel,
    Rule,
    Scope,
    State,
    Text,
    clock,
    exact,
    field,
    filtered,
    fixed,
    formats,
    hidden,
    imported,
    listed,
    masked,
    mine,
    moves,
    read,
    readonly,
    reference,
    searched,
    unique,
    write,
)
from models.kit.scope import DELETE, INSERT, SELECT, WHOLE
from models.plans import Phases

if TYPE_CHECKING:
    import sqlalchemy as sa

PICTURES = ("jpg", "jpeg", "png")


class Sex(Choices):
    MALE = "MALE", "男"
    FEMALE = "FEMALE", "女"


class CandidateKind(Choices):
    """Chosen by the tab in which one adds or imports (R56)."""

    STUDENT = "STUDENT", "院校考生"
    SOCIAL = "SOCIAL", "社会考生"


class IdentityState(Choices):
    INCOMPLETE = "INCOMPLETE", "信息不完善", "grey"
    WAITING = "WAITING", "待认证", "blue"
    VERIFIED = "VERIFIED", "认证通过", "green"
    FAILED = "FAILED", "认证失败", "red"
    CONFIRMED = "CONFIRMED", "人工确认", "green"


_I = IdentityState
IDENTITY_FLOW = Flow(
    IdentityState,
    _I.INCOMPLETE,
    moves(
        Move(
            "confirm",
            "确认无误",
            (_I.FAILED,),
            _I.CONFIRMED,
            icon="user-check",
            confirm="请核对姓名、证件号码和照片,确认与本人一致。确认人和时间将被记录",
        ),
    ),
    also=(
        (_I.INCOMPLETE, _I.WAITING),
        (_I.WAITING, _I.VERIFIED),
        (_I.WAITING, _I.FAILED),
        (_I.FAILED, _I.WAITING),
        (_I.VERIFIED, _I.WAITING),
        (_I.CONFIRMED, _I.WAITING),
    ),
)


def _facts(number: str | None) -> tuple[str | None, date | None, Sex | None]:
    """What is told by an ID number beside itself: mask, birth date, sex (R20; GB 11643)."""
    if not number:
        return None, None, None
    facts = formats.id_facts(number)
    sex = Sex.MALE if facts.sex == formats.Sex.MALE else Sex.FEMALE
    return formats.mask_id(number), facts.birth_date, sex


class Person(Declared):
    """A human being, whichever schools enter him or her; the candidate space hangs here (人员). 3.5, E54.

    `mobile` is that of the first candidate row confirmed as real; another opens only that school's rows.
    """

    id_number: Mapped[str] = field("证件号码", IdNumber(), masked, exact, unique, fixed)
    id_masked: Mapped[str] = field("证件号码", Code(18), listed, readonly)
    name: Mapped[str] = field("姓名", Text(50, least=2, check=formats.person_name), listed, searched)
    birth_date: Mapped[date] = field("出生日期", Date(), readonly)
    sex: Mapped[Sex] = field("性别", Choice(Sex), readonly)
    mobile: Mapped[str | None] = field("绑定手机", Mobile(), masked, readonly)
    bound_at: Mapped[datetime | None] = field("绑定时间", Moment(), readonly)

    panel = Panel(
        "人员",
        icon="user",
        allows=(),
        scope=Scope(
            platform=read(),
            candidate=read("id"),
            auth=read(),
        ),
        empty="院校录入考生后自动建立",
    )

    @validates("id_number")
    def _derive(self, _: str, number: str) -> str:
        self.id_masked, self.birth_date, self.sex = _facts(number)  # type: ignore[assignment]
        return number


class PersonMobile(Declared):
    """Another school's mobile that the person has confirmed, from the bound one, to be his or her own: it opens the
    whole space as long as a school has it (本人手机). 3.5."""

    person_id: Mapped[int] = reference("人员", "person", hidden)
    mobile: Mapped[str] = field("手机号码", Mobile(), masked, readonly)
    confirmed_at: Mapped[datetime] = field("确认时间", Moment(), readonly, default=clock.now)

    panel = Panel(
        "本人手机",
        icon="device-mobile",
        title="confirmed_at",
        allows=(),
        scope=Scope(candidate=Rule("person_id", (SELECT, INSERT, DELETE), when=WHOLE)),
        unique=(("person_id", "mobile"),),
    )


def _in_state(state: IdentityState) -> Callable[[datetime], sa.ColumnElement[bool]]:
    return lambda _: Candidate.identity_state == state


_PHASE_WORDS = {
    _I.INCOMPLETE: "待补全",
    _I.WAITING: "待认证",
    _I.VERIFIED: "认证通过",
    _I.FAILED: "待人工确认",
    _I.CONFIRMED: "已确认",
}
"""What the tabs call the real-name states (7.2)."""


class Candidate(Declared):
    """A person a school enters for exams, once per school and ID number (考生). R40–R58, 4.6.

    Old records may hold only name and ID number (E56): `missing` names what registration still asks for.
    """

    kind: Mapped[CandidateKind] = field(
        "学生类型", Choice(CandidateKind), filtered, default=CandidateKind.STUDENT
    )
    name: Mapped[str] = field(
        "姓名", Text(50, least=2, check=formats.person_name), listed, searched, imported, sample="张三"
    )
    name_pinyin: Mapped[str | None] = field(
        "姓名拼音", Text(100, least=2, check=formats.name_pinyin), imported, sample="Zhang San"
    )
    id_number: Mapped[str] = field(
        "证件号码",
        IdNumber(),
        listed,
        exact,
        masked,
        imported,
        help="18位身份证号",
        sample="34052419800101001X",
    )
    mobile: Mapped[str | None] = field(
        "手机号码", Mobile(), listed, exact, masked, imported, sample="13800000000"
    )
    major: Mapped[str | None] = field("就读专业", Text(100), listed, searched, imported, section="学籍信息")
    education_level: Mapped[EducationLevel | None] = field(
        "专业层次", Choice(EducationLevel), listed, filtered, imported, section="学籍信息"
    )
    enrolment_year: Mapped[int | None] = field(
        "入学年份", Int(1990, 2999), listed, filtered, imported, section="学籍信息", sample="2019"
    )
    class_name: Mapped[str | None] = field("班级", Text(30), searched, section="学籍信息")
    work_unit: Mapped[str | None] = field(
        "工作单位", Text(100), imported, section="学籍信息", help="社会考生填写"
    )
    photo: Mapped[str | None] = field(
        "照片",
        File(PICTURES, picture=True),
        section="照片",
        help="小一寸红底照片,295×413像素,jpg或png,不超过5 MB",
    )
    identity_state: Mapped[IdentityState] = field(
        "实名认证", State(IdentityState), listed, readonly, flow=IDENTITY_FLOW
    )
    identity_reason: Mapped[str | None] = field("未通过原因", Text(500), readonly)
    certificates_held: Mapped[str | None] = field("已获得证书", Text(1000), listed, readonly)
    id_masked: Mapped[str] = field("证件号码", Code(18), hidden)
    birth_date: Mapped[date] = field("出生日期", Date(), readonly)
    sex: Mapped[Sex] = field("性别", Choice(Sex), readonly)
    signed_at: Mapped[datetime | None] = field("首次签发时间", Moment(), hidden)
    person_id: Mapped[int] = reference("人员", "person", hidden)
    school_id: Mapped[int] = reference("所属机构", "school", filtered, readonly)
    school_name: Mapped[str] = field("所属院校", Text(100), listed, copied="school_id.name")
    province_id: Mapped[int] = reference("省", "province", hidden, copied="school_id.province_id")

    panel = Panel(
        "考生",
        menu="考试管理/考生管理",
        menus={"organisation": "考试管理/考生查询", "platform": "考试管理/考生查询"},
        icon="users",
        order=30,
        cards=(
            Block("学生信息", ("name", "id_number", "mobile"), photo="photo"),
            Block("学籍信息", ("major", "education_level", "enrolment_year")),
            Block("已获得证书", ("certificates_held",)),
            Block("所属院校", ("school_name", "kind")),
        ),
        related=("registration", "photo", "identity_check"),
        unique=(("school_id", "id_number"),),
        indexes=(("school_id", "name"), ("school_id", "kind", "id"), ("identity_state", "id")),
        checks=(
            ("enrolment_year >= 1990", "入学年份不早于1990"),
            ("identity_state = 'INCOMPLETE' or photo is not null", "没有照片的考生信息不完善"),
        ),
        scope=Scope(
            platform=read(),
            province=read("province_id"),
            school=write("school_id"),
            # Opened one at a time; its lists are lists of registrations, which carry what is shown.
            organisation=read(
                when="exists (select 1 from registration r where r.candidate_id = candidate.id)"
            ),
            candidate=mine(),
        ),
        hint="信息完善并通过实名认证(或人工确认)的考生才能报考",
        empty="还没有考生。先下载模板批量导入考生信息,再批量导入照片",
    )

    person: Mapped[Person]
    school: Mapped[School]

    REQUIRED: ClassVar[dict[CandidateKind, tuple[str, ...]]] = {
        CandidateKind.STUDENT: (
            "name",
            "name_pinyin",
            "id_number",
            "mobile",
            "major",
            "education_level",
            "enrolment_year",
            "photo",
        ),
        CandidateKind.SOCIAL: ("name", "name_pinyin", "id_number", "mobile", "photo"),
    }
    PHASES: ClassVar[Phases] = {word: _in_state(state) for state, word in _PHASE_WORDS.items()}

    def phase(self, _: datetime) -> str:
        """The word of the tab under which the candidate stands (7.2)."""
        return _PHASE_WORDS[self.identity_state]

    @validates("id_number")
    def _derive(self, _: str, number: str) -> str:
        self.id_masked, self.birth_date, self.sex = _facts(number)  # type: ignore[assignment]
        return number

    @property
    def missing(self) -> list[str]:
        """The columns still empty that registration and issuance ask for (R40, R52)."""
        return [name for name in self.REQUIRED[self.kind] if getattr(self, name) in (None, "")]

    @property
    def is_real(self) -> bool:
        """Checked by face or confirmed by the school: with nothing missing, fit to register (R52)."""
        return self.identity_state in (IdentityState.VERIFIED, IdentityState.CONFIRMED)


class Photo(Declared):
    """A picture of a candidate as uploaded and as normalised; older ones are kept (照片). R47–R50."""

    candidate_id: Mapped[int] = reference(
        "考生", "candidate", listed, within=("school_id",), ondelete="CASCADE"
    )
    file: Mapped[str] = field("照片", File(PICTURES, picture=True), listed, readonly)
    original: Mapped[str] = field("原始文件", File(PICTURES), readonly)
    width: Mapped[int] = field("原始宽度", Int(1), listed, readonly)
    height: Mapped[int] = field("原始高度", Int(1), listed, readonly)
    size: Mapped[int] = field("字节数", Int(1, 5_242_880), readonly)
    red_share: Mapped[Decimal] = field("红底比例", Amount(4, 3, most=Decimal(1)), readonly)
    current: Mapped[bool] = field("使用中", Flag(), listed, readonly, default=True)
    school_id: Mapped[int] = reference("院校", "school", hidden, copied="candidate_id.school_id")
    person_id: Mapped[int] = reference("人员", "person", hidden, copied="candidate_id.person_id")

    panel = Panel(
        "照片",
        icon="photo",
        title="id",
        allows=(),
        unique_when=((("candidate_id",), "current", "每位考生只有一张使用中的照片"),),
        checks=(
            ("size between 1 and 5242880", "照片不超过5 MB"),
            ("red_share between 0 and 1", "红底比例在0与1之间"),
        ),
        scope=Scope(platform=read(), school=write("school_id"), candidate=mine()),
        empty="还没有照片",
    )

    candidate: Mapped[Candidate]


class IdentityMethod(Choices):
    FACE = "FACE", "人脸核身"
    LOCAL = "LOCAL", "本机核验"
    MANUAL = "MANUAL", "人工确认"


class IdentityOutcome(Choices):
    PASSED = "PASSED", "通过", "green"
    FAILED = "FAILED", "未通过", "red"
    UNREACHABLE = "UNREACHABLE", "技术原因未完成", "amber"


class IdentityCheck(Declared):
    """One check that a candidate is who the data say, and for which data it was made (实名认证). R53, R54.

    `made_for` is a digest of name, ID number and photo: once they change the check no longer speaks for them.
    A fact nobody changes; it goes only together with its candidate (R57).
    """

    candidate_id: Mapped[int] = reference(
        "考生", "candidate", listed, within=("school_id",), ondelete="CASCADE"
    )
    method: Mapped[IdentityMethod] = field("方式", Choice(IdentityMethod), listed, filtered)
    outcome: Mapped[IdentityOutcome] = field("结果", Choice(IdentityOutcome), listed, filtered)
    score: Mapped[Decimal | None] = field("相似度", Amount(5, 2), listed)
    reason: Mapped[str | None] = field("原因", Text(500), listed)
    made_for: Mapped[str] = field("数据摘要", Code(64), hidden)
    account_id: Mapped[int | None] = reference("确认人", "account", listed)
    at: Mapped[datetime] = field("时间", Moment(), listed, default=clock.now)
    school_id: Mapped[int] = reference("院校", "school", hidden, copied="candidate_id.school_id")
    person_id: Mapped[int] = reference("人员", "person", hidden, copied="candidate_id.person_id")

    panel = Panel(
        "认证记录",
        icon="shield-check",
        title="at",
        allows=("export",),
        frozen="pg_trigger_depth() = 0",  # inside a trigger only the candidate's own deletion reaches it
        frozen_message="认证记录不能修改或删除",
        checks=(("method <> 'MANUAL' or account_id is not null", "人工确认须记录确认人"),),
        scope=Scope(platform=read(), school=Rule("school_id", (SELECT, INSERT)), candidate=mine()),
        empty="还没有认证记录",
    )

    candidate: Mapped[Candidate]
