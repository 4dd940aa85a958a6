"""Invigilators by the sheet (6.2 监考安排): 计划编号, 考场名称, 场次, 监考老师, 巡考老师."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.services.errors import Conflict, DomainError
from app.services.imports import STALE, Context, Importer, register
from app.services.invigilators import Watch, Watcher, clashes, read_people, watch, write
from app.services.staging import Row, Staged
from app.sheets.spec import SheetColumn, SheetSpec
from models.kit import clock, formats
from models.plans import ExamPlan
from models.scheduling import RoomSession

SHEET = SheetSpec(
    "invigilator",
    "监考安排",
    (
        SheetColumn("plan_code", "计划编号", "code", True, sample="K202005229994"),
        SheetColumn("room", "考场名称", required=True, sample="13号机房"),
        SheetColumn(
            "session",
            "场次",
            required=True,
            help="开始时间,或开始~结束时间",
            sample="2020-07-18 13:00",
            width=28,
        ),
        SheetColumn(
            "invigilators",
            "监考老师",
            required=True,
            help="1–5人,用顿号隔开",
            sample="王老师 13800000000、李老师",
            width=30,
        ),
        SheetColumn("patrols", "巡考老师", help="0–5人,用顿号隔开", width=30),
    ),
    notes=("一行一个考场场次,原有安排将被替换。", "姓名后可写手机号,以空格隔开;同名老师请填写手机号。"),
)
_LABELS = {column.name: column.label for column in SHEET.columns}


def _session(text: Any) -> str:
    """The beginning, as 2020-07-18 13:00."""
    start = formats.half_width(str(text)).replace("至", "~").partition("~")[0].strip().replace("/", "-")[:16]
    try:
        return f"{datetime.fromisoformat(start):%Y-%m-%d %H:%M}"
    except ValueError:
        raise formats.FormatError("场次应为开始时间,如 2020-07-18 13:00") from None


def _check(session: Session, actor: Actor, rows: list[Row], context: Context) -> None:
    found = _room_sessions(session, {row.values["plan_code"] for row in rows})
    named: dict[int, tuple[Row, Watch]] = {}
    for row in rows:
        same = found.get((row.values["plan_code"], row.values["room"], row.values["session"]), [])
        if len(same) != 1:
            row.refuse("没有找到该考场场次" if not same else "有多个同名考场,请在页面上设置")
            continue
        _check_row(row, same[0], named)
    _refuse_clashes(session, {one.id: one for same in found.values() for one in same}, named, context)


def _check_row(row: Row, one: RoomSession, named: dict[int, tuple[Row, Watch]]) -> None:
    if clock.now() >= one.ends_at:
        row.refuse("考试已结束,不能设置监考人员")
        return
    try:
        people = watch(read_people(row.values["invigilators"]), read_people(row.values.get("patrols")))
    except DomainError as error:
        row.refuse(error.message, _LABELS.get(error.field or "", ""))
        return
    except formats.FormatError as error:
        row.refuse(str(error))
        return
    row.values["people"] = asdict(people)
    row.change(one.id)
    named[one.id] = (row, people)


def _refuse_clashes(
    session: Session, known: dict[int, RoomSession], named: dict[int, tuple[Row, Watch]], context: Context
) -> None:
    """监考老师时间冲突, with what stands and with the rows before, those of earlier chunks included: the later row goes."""
    wanted = {int(key): _watch(kept) for key, kept in context.carry.get("named", {}).items()}
    for key in wanted.keys() - known.keys():
        known[key] = session.get_one(RoomSession, key)
    wanted |= {key: people for key, (_, people) in named.items()}

    def number(key: int) -> int:
        return named[key][0].number if key in named else 0

    found = clashes(session, [known[key] for key in wanted], wanted)
    for clash in sorted(found, key=lambda clash: max(number(clash.one.room), number(clash.other.room))):
        first, later = sorted((clash.one, clash.other), key=lambda duty: number(duty.room))
        if later.room in wanted and (first.room in wanted or number(first.room) == 0) and number(later.room):
            named[later.room][0].refuse(f"监考老师时间冲突:{first.room_name}({first.span})")
            del wanted[later.room]
    context.carry["named"] = {str(key): asdict(people) for key, people in wanted.items()}


def _watch(kept: dict[str, Any]) -> Watch:
    invigilators, patrols = (
        tuple(Watcher(**one) for one in kept[name]) for name in ("invigilators", "patrols")
    )
    return Watch(invigilators, patrols)


def _room_sessions(session: Session, codes: set[Any]) -> dict[tuple[str, str, str], list[RoomSession]]:
    rows = session.execute(
        sa.select(RoomSession, ExamPlan.plan_code)
        .join(ExamPlan, ExamPlan.id == RoomSession.plan_id)
        .where(ExamPlan.plan_code.in_(codes), RoomSession.schedule_published_at.is_not(None))
    )
    found: dict[tuple[str, str, str], list[RoomSession]] = {}
    for row, code in rows.unique():
        key = (str(code), row.room_name, f"{row.starts_at.astimezone(clock.ZONE):%Y-%m-%d %H:%M}")
        found.setdefault(key, []).append(row)
    return found


def _apply(session: Session, actor: Actor, staged: Staged) -> None:
    wanted = {
        row.target_id: _watch(row.values["people"])
        for chunk in staged.rows()
        for row in chunk
        if row.target_id is not None
    }
    rows = list(session.scalars(sa.select(RoomSession).where(RoomSession.id.in_(wanted))).unique())
    if len(rows) != len(wanted) or clashes(session, rows, wanted):
        raise Conflict("import.stale", STALE)
    write(session, wanted)


importer = register(
    Importer(
        table="invigilator",
        name="invigilator",
        label="监考安排",
        sheet=SHEET,
        check=_check,
        apply=_apply,
        clean={"session": _session},
        key=("plan_code", "room", "session"),
        hints=SHEET.notes,
    )
)
