"""Made-up people and papers for the document tests; every ID number is synthetic."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

from PIL import Image
from pypdf import PdfReader

from app.documents import kinds
from app.documents.drawn import demo_seal, placeholder_photo

PRINTED = datetime(2020, 7, 18, 9, 30)
ID_NUMBER = "34052419800101001X"
MASKED = "340524********001X"
TICKET_NUMBER = "20600002253700400057"
CERTIFICATE_NUMBER = "15600031015610012000045"
SCHOOL = "北京信息职业技术学院"
LONG_SCHOOL = "新疆维吾尔自治区克孜勒苏柯尔克孜自治州阿图什市中等职业技术学校(阿图什市职业教育中心)"
LONG_NAME = "阿卜杜热合曼江·图尔荪尼亚孜麦麦提·阿卜杜拉·买买提艾力江·玉素甫江"
RARE_NAMES = ("王𠮷", "赵𬱖𫖯", "㛃䶮", "阿卜杜拉·买买提")
ADDRESS = "北京市朝阳区芳园西路5号北京信息职业技术学院东校区实训楼3层301室"
TIME = "2020-07-18 13:00~16:50"


def pages(pdf: bytes) -> list[str]:
    """The text of each page without the blanks between the pieces."""
    reader = PdfReader(io.BytesIO(pdf))
    return ["".join(page.extract_text().split()) for page in reader.pages]


def text(pdf: bytes) -> str:
    return "".join(pages(pdf))


def jpeg(
    size: tuple[int, int] = (295, 413), colour: tuple[int, int, int] = (200, 20, 30), **options: object
) -> bytes:
    return encoded(Image.new("RGB", size, colour), "JPEG", **options)


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def ticket(sittings: int = 3, **changes: object) -> kinds.Ticket:
    one = kinds.Ticket(
        number=TICKET_NUMBER,
        name="张三",
        id_number=ID_NUMBER,
        school=SCHOOL,
        plan="2020年第一次Python程序开发考试",
        certificate="Python程序开发",
        level="中级",
        photo=placeholder_photo("张三", 1),
        subjects=[ticket_subject(index) for index in range(sittings)],
    )
    return replace(one, **changes)  # type: ignore[arg-type]


def ticket_subject(index: int, **changes: object) -> kinds.TicketSubject:
    one = kinds.TicketSubject(
        code=f"09869{index}",
        name="Python程序开发理论",
        mode="机考",
        time=TIME,
        site="北京信息职业技术学院Python考核站点",
        room="第一机房",
        seat=57 + index,
        address=ADDRESS,
    )
    return replace(one, **changes)  # type: ignore[arg-type]


def sign_in(rows: int, **changes: object) -> kinds.SignInSheet:
    one = kinds.SignInSheet(
        plan="2020年第一次Python程序开发考试",
        room="第一机房",
        site="北京信息职业技术学院Python考核站点",
        school=SCHOOL,
        subject="Python程序开发理论",
        certificate="Python程序开发",
        level="中级",
        time=TIME,
        expected=rows,
        rows=[
            kinds.SignInRow(
                name=f"考生甲{index}",
                id_masked=MASKED,
                ticket_number=TICKET_NUMBER,
                school=SCHOOL,
                seat=index + 1,
            )
            for index in range(rows)
        ],
    )
    return replace(one, **changes)  # type: ignore[arg-type]


def desk(seat: int, **changes: object) -> kinds.DeskLabel:
    one = kinds.DeskLabel(
        seat=seat,
        room="第一机房",
        name="张三",
        ticket_number=TICKET_NUMBER,
        id_masked=MASKED,
        subject="Python程序开发理论",
        time=TIME,
        photo=None,
    )
    return replace(one, **changes)  # type: ignore[arg-type]


def door(people: int, **changes: object) -> kinds.DoorLabel:
    one = kinds.DoorLabel(
        room="第一机房",
        site="北京信息职业技术学院Python考核站点",
        subject="Python程序开发理论",
        certificate="Python程序开发",
        level="中级",
        time=TIME,
        seats=f"1–{people}",
        tickets="20600002253700400001–20600002253700400060",
        people=[kinds.SeatedPerson(seat=seat, name=f"考生{seat}") for seat in range(1, people + 1)],
    )
    return replace(one, **changes)  # type: ignore[arg-type]


def matrix(sessions: int, rooms: int = 3) -> kinds.ScheduleMatrix:
    return kinds.ScheduleMatrix(
        plan="2020年第一次Python程序开发考试",
        plan_code="K202005229994",
        site="北京信息职业技术学院Python考核站点",
        school=SCHOOL,
        sessions=[f"2020-07-{18 + index} 09:00~11:00" for index in range(sessions)],
        rooms=[
            kinds.MatrixRoom(
                name=f"第{room}机房",
                kind="机考",
                seats=60,
                cells=[kinds.MatrixCell(subject="Python程序开发理论", count=50 + room)] * sessions,
            )
            for room in range(rooms)
        ],
    )


def slip(lines: int = 3, **changes: object) -> kinds.FeeSlip:
    one = kinds.FeeSlip(
        slip_number="F20200718000123",
        school=SCHOOL,
        organisation="北京时代教育科技有限公司",
        plan="2020年第一次Python程序开发考试",
        plan_code="K202005229994",
        basis="按证书",
        person_times=lines,
        unit_fee=Decimal("260.00"),
        amount=Decimal("260.00") * lines,
        bank_text="户名:北京时代教育科技有限公司\n账号:0200 0000 0000",
        created_at="2020-07-01 10:00",
        lines=[
            kinds.FeeLine(name=f"考生{index}", id_masked=MASKED, certificate="Python程序开发", level="中级")
            for index in range(lines)
        ],
    )
    return replace(one, **changes)  # type: ignore[arg-type]


def certificate(**changes: object) -> kinds.Certificate:
    one = kinds.Certificate(
        number=CERTIFICATE_NUMBER,
        name="王小明",
        id_number=ID_NUMBER,
        certificate="Python程序开发",
        level="中级",
        photo=placeholder_photo("王小明", 1),
        organisation="北京时代教育科技有限公司",
        organisation_seal=demo_seal("北京时代教育科技有限公司"),
        site_school=SCHOOL,
        site_seal=demo_seal(SCHOOL),
        issued_on=date(2020, 8, 1),
        verify_url=f"https://example.org/verify?number={CERTIFICATE_NUMBER}",
    )
    return replace(one, **changes)  # type: ignore[arg-type]


def results(rows: int, *, numbered: bool) -> kinds.ResultList:
    return kinds.ResultList(
        title="职业技能等级证书发放名单" if numbered else "职业技能等级证书考核结果公示",
        plan="2020年第一次Python程序开发考试",
        organisation="北京时代教育科技有限公司",
        certificate="Python程序开发",
        level="中级",
        note="公示期:2020-08-01 ~ 2020-08-07",
        rows=[
            kinds.ResultRow(
                name=f"考生{index}",
                id_masked=MASKED,
                school=SCHOOL,
                certificate="Python程序开发",
                level="中级",
                result="合格",
                number=CERTIFICATE_NUMBER if numbered else None,
            )
            for index in range(rows)
        ],
    )


def transcript(**changes: object) -> kinds.Transcript:
    scores = (("098694", "87.5", "40%"), ("043194", "60", "30%"), ("609371", "缺考", "30%"))
    one = kinds.Transcript(
        name="张三",
        id_masked=MASKED,
        ticket_number=TICKET_NUMBER,
        school=SCHOOL,
        organisation="北京时代教育科技有限公司",
        plan="2020年第一次Python程序开发考试",
        certificate="Python程序开发",
        level="中级",
        photo=None,
        subjects=[
            kinds.TranscriptSubject(
                code=code,
                name="Python程序开发理论",
                mode="机考",
                status="缺考" if score == "缺考" else "正常",
                score=score,
                full_mark="100",
                pass_mark="60",
                weight=weight,
            )
            for code, score, weight in scores
        ],
        pass_mode="综合成绩合格",
        total="60.01",
        total_pass_mark="60",
        result="合格",
        locked_on="2020-08-08",
    )
    return replace(one, **changes)  # type: ignore[arg-type]


def declaration(teachers: Sequence[str] = ("本校现有专任教师32人。",)) -> kinds.DeclarationForm:
    return kinds.DeclarationForm(
        batch="2020年第一次",
        year="2020",
        school=SCHOOL,
        school_code="4111010028",
        province="北京市教育委员会",
        contact_name="李老师",
        contact_mobile="138****0000",
        certificate="Python程序开发",
        level="中级",
        organisation="北京时代教育科技有限公司",
        majors=["软件技术", "计算机应用技术"],
        applied_count=100,
        approved_count=80,
        state="审核通过",
        submitted_at="2020-04-02 12:00",
        teachers=teachers,
        venue=["实训楼共有机房12间。"],
        files=["师资证明.pdf"],
        reviews=[
            kinds.ReviewEntry(
                stage="省级审核",
                decision="审核通过",
                by="北京市教育委员会",
                at="2020-04-05 09:00",
                reason="同意",
                approved_count=80,
            )
        ],
    )
