"""Seats by the sheet (6.2 排考明细, manual scheduling): 计划编号, 科目编号, 准考证号, 站点代码, 考场名称, 场次开始, 座位号."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.scheduling.model import Seat
from app.services.errors import Conflict
from app.services.imports import STALE, Context, Importer, register
from app.services.seats import give_seats, problems
from app.services.staging import Row, Staged
from app.sheets.spec import SheetColumn, SheetSpec
from models.kit import clock, formats
from models.plans import ExamPlan, ExamSession, PlanSubject
from models.registrations import Registration, RegistrationState
from models.sites import ExamSite, Room

SHEET = SheetSpec(
    "seat_assignment",
    "排考明细",
    (
        SheetColumn("plan_code", "计划编号", "code", True, sample="K202005229994"),
        SheetColumn("subject_code", "科目编号", "code", True, sample="098694"),
        SheetColumn("ticket_number", "准考证号", "code", True, sample="20600002253700400057", width=26),
        SheetColumn("site_code", "站点代码", "code", True, sample="15003"),
        SheetColumn("room", "考场名称", required=True, sample="13号机房"),
        SheetColumn("starts_at", "场次开始", "moment", True, sample="2020-07-18 13:00", width=22),
        SheetColumn("seat_number", "座位号", "integer", True, sample="1"),
    ),
    notes=("一行一个座位;考生原有的座位将被替换。",),
)


def _number(value: Any) -> int:
    if not str(value).isdecimal() or not 1 <= int(value) <= 1000:
        raise formats.FormatError("座位号应为1–1000")
    return int(value)


def _check(session: Session, actor: Actor, rows: list[Row], context: Context) -> None:
    plans = {
        plan.plan_code: plan
        for plan in session.scalars(
            sa.select(ExamPlan).where(ExamPlan.plan_code.in_({row.values["plan_code"] for row in rows}))
        ).unique()
    }
    by_plan: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        plan = plans.get(row.values["plan_code"])
        if plan is None:
            row.refuse("考试计划不存在")
        elif not plan.holds("scheduling", clock.now()):
            row.refuse("不在排考时间内")
        else:
            by_plan[row.values["plan_code"]].append(row)
    for code, own in by_plan.items():
        _check_plan(session, plans[code], own, context)


def _check_plan(session: Session, plan: ExamPlan, rows: list[Row], context: Context) -> None:
    """With the rows accepted before, those of earlier chunks included; a row that clashes with them is refused."""
    entries, sessions, rooms = _entries(session, plan, rows), _sessions(session, plan), _rooms(session, plan)
    wanted: dict[int, Row] = {}
    for row in rows:
        values = row.values
        entry = entries.get((values["ticket_number"], values["subject_code"]))
        room = rooms.get((values["site_code"], values["room"]))
        when = sessions.get((values["subject_code"], _moment(values["starts_at"])))
        if entry is None:
            row.refuse("没有该报考记录")
        elif room is None:
            row.refuse("该计划没有这个站点和考场")
        elif when is None:
            row.refuse("该科目没有这个时间开始的场次")
        else:
            row.values["seat"] = [when, room, values["seat_number"], entry]
            row.change(entry)
            wanted[entry] = row
    earlier = [Seat(*kept) for kept in context.carry.setdefault("placed", {}).get(str(plan.id), [])]
    good = _refused(session, plan, earlier, wanted)
    context.carry["placed"][str(plan.id)] = [
        *([s.session, s.room, s.number, s.registration] for s in earlier),
        *good,
    ]


def _refused(
    session: Session, plan: ExamPlan, earlier: list[Seat], wanted: dict[int, Row]
) -> list[list[int]]:
    """Refuse every row that breaks a rule; of two for one seat the later. Taking seats away breaks no rule, so what
    is left is sound."""
    taken = {(seat.session, seat.room, seat.number) for seat in earlier}
    for key, row in list(wanted.items()):
        place = tuple(row.values["seat"][:3])
        if place in taken:
            wanted.pop(key).refuse(f"座位已被占用:{place[2]}号")
        taken.add(place)
    seats = [Seat(*row.values["seat"]) for row in wanted.values()]
    for key, reason in problems(session, plan, [*earlier, *seats]).items():
        if key in wanted:
            wanted.pop(key).refuse(reason)
    return [row.values["seat"] for row in wanted.values()]


def _entries(session: Session, plan: ExamPlan, rows: list[Row]) -> dict[tuple[str, str], int]:
    found = session.execute(
        sa.select(Registration.ticket_number, PlanSubject.subject_code, Registration.id)
        .join(PlanSubject, PlanSubject.id == Registration.plan_subject_id)
        .where(
            Registration.plan_id == plan.id,
            Registration.state != RegistrationState.CANCELLED,
            Registration.ticket_number.in_({row.values["ticket_number"] for row in rows}),
        )
    )
    return {(ticket, subject): key for ticket, subject, key in found}


def _sessions(session: Session, plan: ExamPlan) -> dict[tuple[str, datetime], int]:
    found = session.execute(
        sa.select(PlanSubject.subject_code, ExamSession.starts_at, ExamSession.id)
        .join(PlanSubject, PlanSubject.id == ExamSession.plan_subject_id)
        .where(ExamSession.plan_id == plan.id)
    )
    return {(subject, starts.astimezone(clock.ZONE)): key for subject, starts, key in found}


def _rooms(session: Session, plan: ExamPlan) -> dict[tuple[str, str], int]:
    found = session.execute(
        sa.select(ExamSite.site_code, Room.name, Room.id)
        .join(ExamSite, ExamSite.id == Room.site_id)
        .where(Room.plan_id == plan.id)
    )
    return {(site, name): key for site, name, key in found}


def _moment(value: datetime) -> datetime:
    return value.replace(tzinfo=clock.ZONE) if value.tzinfo is None else value


def _apply(session: Session, actor: Actor, staged: Staged) -> None:
    by_plan: dict[str, list[Seat]] = defaultdict(list)
    for chunk in staged.rows():
        for row in chunk:
            by_plan[row.values["plan_code"]].append(Seat(*row.values["seat"]))
    for code, seats in by_plan.items():
        plan = session.scalars(sa.select(ExamPlan).where(ExamPlan.plan_code == code)).unique().one()
        if problems(session, plan, seats):
            raise Conflict("import.stale", STALE)
        give_seats(session, plan, seats)


importer = register(
    Importer(
        table="seat_assignment",
        name="manual",
        label="排考明细",
        sheet=SHEET,
        check=_check,
        apply=_apply,
        clean={"seat_number": _number},
        key=("plan_code", "subject_code", "ticket_number"),
        hints=SHEET.notes,
    )
)
