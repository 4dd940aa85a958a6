"""What is missing or wrong in the official list of schools: told at the registration page or asked by the province
itself, checked by the province, corrected by the platform, answered (R10, E1; 1.1, 1.3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.access.actor import Actor, current_actor
from app.access.roles import may
from app.services import notify
from app.services.actions import Ask, Outcome, action, move, noted
from app.services.errors import Conflict, DomainError
from models.accounts import Account
from models.directory import DirectoryReport, ReportKind, ReportState, SchoolDirectory, SchoolKind
from models.jobs import MessageKind
from models.kit import Code, Text, clock, formats
from models.regions import City, Province

VISITORS = (ReportKind.MISSING, ReportKind.WRONG)
"""What the registration page offers: a visitor speaks of the own school, and of all that is wrong at once."""
_OFFICERS = (ReportKind.NAME, ReportKind.CODE, ReportKind.CLOSED, ReportKind.OTHER)
_WAITING = (ReportState.OPEN, ReportState.FORWARDED)


# Told


def report(session: Session, **said: Any) -> None:
    """Keep it and tell the province. As the visitor at the registration page, who reads nothing of it afterwards."""
    province = session.get(Province, said["province_id"])
    if province is None:
        raise DomainError("report.province", "请选择省份", "province_id")
    if said.get("city_id") is not None:
        city = session.get(City, said["city_id"])
        if city is None or city.province_id != province.id:
            raise DomainError("report.city", "请选择该省份的地市", "city_id")
    if said["kind"] not in VISITORS:
        raise DomainError("report.kind", "请选择要反映的问题", "kind")
    known = _known(session, province.id, said.get("school_code"), said["school_name"])
    session.execute(
        sa.insert(DirectoryReport)
        .values(**said, directory_id=known, state=ReportState.OPEN, created_at=clock.now())
        .inline()
    )
    _tell_province(session, province.id, said["school_name"], said["kind"])


def _known(session: Session, province: int, code: str | None, name: str) -> int | None:
    """The row of the list that a report speaks of: that of its code, else of its name."""
    alike = sa.or_(SchoolDirectory.school_code == code, SchoolDirectory.name == name)
    found = sa.select(SchoolDirectory.id).where(SchoolDirectory.province_id == province, alike)
    return session.scalar(found.order_by((SchoolDirectory.school_code == code).desc().nulls_last()).limit(1))


def _tell_province(session: Session, province: int, school: str, kind: ReportKind) -> None:
    notify.message(
        session,
        f"院校名录反馈:{school}",
        kind.label,
        kind=MessageKind.TODO,
        link="/console/directory_report/",
        province_id=province,
    )


# Asked by the province


@action(
    SchoolDirectory,
    "ask_correction",
    "申请更正",
    on="one",
    icon="file-pencil",
    order=10,
    confirm="名录由平台更正,处理意见会在消息中告知",
    asks=(
        Ask(
            "kind",
            "问题",
            Text(24),
            options=lambda session: [(kind.value, kind.label) for kind in _OFFICERS],
        ),
        Ask("right_name", "正确的院校名称", Text(100, 2), required=False, help="名称有误时填写"),
        Ask(
            "right_code",
            "正确的院校代码",
            Code(10, formats.school_code),
            required=False,
            help="代码有误时填写,10位",
        ),
        Ask(
            "description",
            "情况说明",
            Text(500),
            required=False,
            help="依据的文件名称和文号;已停办和其他必填",
        ),
    ),
)
def ask_correction(
    session: Session,
    actor: Actor,
    rows: Sequence[SchoolDirectory],
    kind: str,
    right_name: str | None = None,
    right_code: str | None = None,
    description: str | None = None,
) -> Outcome:
    """An officer asks for a row of the list to be corrected; no second time while the first waits."""
    (entry,), asked = rows, ReportKind(kind)
    right_code = _code(session, entry.province_id, right_code, "right_code")
    if asked is ReportKind.NAME and not right_name:
        raise DomainError("report.right", "请填写正确的院校名称", "right_name")
    if asked is ReportKind.CODE and not right_code:
        raise DomainError("report.right", "请填写正确的院校代码", "right_code")
    if asked in (ReportKind.CLOSED, ReportKind.OTHER) and not description:
        raise DomainError("report.description", "请写明情况", "description")
    if right_name == entry.name:
        raise DomainError("report.right", "名录中已是这个名称", "right_name")
    if right_code == entry.school_code:
        raise DomainError("report.right", "名录中已是这个代码", "right_code")
    waiting = sa.exists().where(DirectoryReport.directory_id == entry.id, DirectoryReport.state.in_(_WAITING))
    if session.scalar(sa.select(waiting)):
        raise Conflict("report.waiting", f"“{entry.name}”已有更正申请正在处理,见“名录反馈”")
    return _asked(
        session,
        actor,
        DirectoryReport(
            province_id=entry.province_id,
            city_id=entry.city_id,
            directory_id=entry.id,
            kind=asked,
            school_name=entry.name,
            school_code=entry.school_code,
            right_name=right_name or None,
            right_code=right_code,
            description=description or None,
        ),
    )


def _own_cities(session: Session) -> list[tuple[str, str]]:
    own = sa.select(City).where(City.province_id == current_actor().tenant).order_by(City.code)
    return [(str(city.id), city.name) for city in session.scalars(own)]


@action(
    SchoolDirectory,
    "ask_missing",
    "申请新增院校",
    on="list",
    icon="plus",
    order=11,
    confirm="名录由平台更正,处理意见会在消息中告知",
    asks=(
        Ask("school_name", "院校名称", Text(100, 2)),
        Ask("school_code", "院校代码", Code(10, formats.school_code), help="10位,第3–4位为省份代码"),
        Ask("city_id", "地市", Text(20), required=False, options=_own_cities),
        Ask("description", "情况说明", Text(500, 2), help="院校类型,批准设立的文件名称和文号"),
    ),
)
def ask_missing(
    session: Session,
    actor: Actor,
    rows: Sequence[SchoolDirectory],
    school_name: str,
    school_code: str,
    description: str,
    city_id: str | None = None,
) -> Outcome:
    """An officer asks for a school that the list lacks."""
    province = session.get_one(Province, actor.tenant)
    code = _code(session, province.id, school_code, "school_code")
    city = session.get(City, key) if (key := formats.row_id(city_id)) else None
    if city is not None and city.province_id != province.id:
        raise DomainError("report.city", "请选择本省的地市", "city_id")
    if (known := _known(session, province.id, code, school_name)) is not None:
        entry = session.get_one(SchoolDirectory, known)
        raise Conflict(
            "report.known", f"名录中已有“{entry.name}”({entry.school_code}),有误时请在该行“申请更正”"
        )
    return _asked(
        session,
        actor,
        DirectoryReport(
            province_id=province.id,
            city_id=city.id if city else None,
            kind=ReportKind.MISSING,
            school_name=school_name,
            school_code=code,
            description=description,
        ),
    )


def _code(session: Session, province: int, code: str | None, field: str) -> str | None:
    """A school's code carries its province (R13)."""
    if not code:
        return None
    try:
        return formats.school_code(code, session.get_one(Province, province).prefix)
    except formats.FormatError as error:
        raise DomainError("report.code", str(error), field) from None


def _asked(session: Session, actor: Actor, row: DirectoryReport) -> Outcome:
    """The officer is its source; whoever may report to the platform has checked it by asking."""
    officer = session.get_one(Account, actor.account)
    if officer.mobile is None:
        raise Conflict("report.mobile", "您的账号没有手机号码,请负责人先在“账号管理”中补上")
    row.contact_name, row.contact_mobile = officer.name, officer.mobile
    session.add(row)
    session.flush()
    link = f"/console/directory_report/{row.id}"
    if may(actor, "directory_report", "forward"):
        forward(session, actor, [row])
        return Outcome("已报平台更正", link)
    _tell_province(session, row.province_id, row.school_name, row.kind)
    return Outcome("已提交,由负责人核实后报平台", link)


# Checked and answered


@move(DirectoryReport, "forward")
def forward(session: Session, actor: Actor, rows: Sequence[DirectoryReport]) -> str:
    """The province has checked it: the platform is to correct the list."""
    for row in rows:
        row.state = ReportState.FORWARDED
        notify.message(
            session,
            f"请更正院校名录:{row.school_name}",
            f"{row.province.name}已核实:{row.kind.label}",
            kind=MessageKind.TODO,
            link=f"/console/directory_report/{row.id}",
            for_platform=True,
        )
    session.flush()
    return f"已报平台{len(rows)}条"


_ANSWER = Ask("answer", "处理意见", Text(300, 2), help="会告知反映的人和所在省")


@move(DirectoryReport, "correct", asks=(_ANSWER,))
def correct(session: Session, actor: Actor, rows: Sequence[DirectoryReport], answer: str) -> str:
    return _answer(session, actor, rows, ReportState.DONE, answer)


@move(DirectoryReport, "decline", asks=(_ANSWER,))
def decline(session: Session, actor: Actor, rows: Sequence[DirectoryReport], answer: str) -> str:
    return _answer(session, actor, rows, ReportState.DECLINED, answer)


def _answer(
    session: Session, actor: Actor, rows: Sequence[DirectoryReport], state: ReportState, answer: str
) -> str:
    """A visitor learns it by text message; the province in its messages, unless it is its own answer."""
    for row in rows:
        row.state, row.answer = state, answer
        if row.created_by is None:
            params = {"school": row.school_name, "result": state.label, "answer": answer}
            about = ("directory_report", row.id)
            notify.sms(session, row.contact_mobile, "directory_answered", params, about=about)
        if actor.kind == "platform":
            notify.message(
                session,
                f"院校名录{state.label}:{row.school_name}",
                answer,
                kind=MessageKind.RESULT,
                link=f"/console/directory_report/{row.id}",
                province_id=row.province_id,
            )
    session.flush()
    return f"已答复{len(rows)}条,处理意见已告知"


# Corrected


def _changes(row: DirectoryReport) -> dict[str, Any]:
    """What the row of the list becomes where the report says it."""
    asked = {"name": row.right_name, "school_code": row.right_code}
    changes: dict[str, Any] = {name: value for name, value in asked.items() if value}
    return changes | ({"active": False} if row.kind is ReportKind.CLOSED else {})


def _is_new(row: DirectoryReport) -> bool:
    return row.kind is ReportKind.MISSING and row.directory_id is None and row.school_code is not None


def _waits(row: DirectoryReport) -> bool:
    return row.state in _WAITING


@action(
    DirectoryReport,
    "adopt",
    "采用并更正",
    on="one",
    icon="checks",
    primary=True,
    order=10,
    when=lambda row: _waits(row) and (_is_new(row) or bool(row.directory_id and _changes(row))),
    confirm="按反馈的内容改写院校名录(缺少的院校加入名录),并答复为“已更正”",
    asks=(
        Ask(
            "school_kind",
            "院校类型",
            Text(24),
            options=lambda session: [(kind.value, kind.label) for kind in SchoolKind],
            when=lambda rows: any(_is_new(row) for row in rows),
        ),
        Ask("answer", "处理意见", Text(300, 2), help=_ANSWER.help, default="已按反馈更正"),
    ),
)
def adopt(
    session: Session,
    actor: Actor,
    rows: Sequence[DirectoryReport],
    answer: str,
    school_kind: str = "",
) -> str:
    """The list becomes what the report says, and the report is answered: one step for the platform."""
    for row in rows:
        if _is_new(row):
            entry = SchoolDirectory(
                school_code=row.school_code,
                name=row.school_name,
                kind=SchoolKind(school_kind),
                province_id=row.province_id,
                city_id=row.city_id,
            )
            session.add(entry)
            session.flush()
            row.directory_id = entry.id
            continue
        entry = session.get_one(SchoolDirectory, row.directory_id)
        for name, value in _changes(row).items():
            setattr(entry, name, value)
    return _answer(session, actor, rows, ReportState.DONE, answer)


@action(
    DirectoryReport,
    "open_entry",
    "修改名录",
    on="one",
    icon="list-details",
    order=11,
    at_once=True,
    when=_waits,
)
def open_entry(session: Session, actor: Actor, rows: Sequence[DirectoryReport]) -> Outcome:
    """To the form of the row it speaks of, or to what the list has under that name."""
    (row,) = rows
    if row.directory_id is not None:
        return Outcome("", f"/console/school_directory/{row.directory_id}/edit")
    return Outcome("", f"/console/school_directory/?f_name={quote(row.school_name)}")


@noted(DirectoryReport)
def _beside(session: Session, actor: Actor, row: DirectoryReport) -> dict[str, str]:
    """What the list says now, for who has to judge the report."""
    if not _waits(row):
        return {}
    if row.directory is None:
        return {"": "名录中没有名称或代码相同的院校"}
    now = f"名录现为:{row.directory.name}({row.directory.school_code})"
    return {"": now if row.directory.active else f"{now},已停用"}
