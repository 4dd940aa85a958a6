"""排考: the organisation's scheduling board of a plan (7.3; R85, R91, E99)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask import render_template
from flask_appbuilder import BaseView, expose
from sqlalchemy.orm import Session

from app.access.actor import Actor, current_actor
from app.access.roles import may
from app.panel.gates import opens
from app.panel.menus import add_entry
from app.panel.pages import Cell, Column, Crumb, DetailPage, Link, Related, Row
from app.services import scheduling_board
from app.services.errors import NotFound
from app.services.scheduling import window_text
from models.kit import clock
from models.plans import ExamPlan, PlanState, ScheduleState


@dataclass
class SubjectCard:
    """One subject on the board."""

    id: int
    title: str
    state: Cell
    sentence: str
    seated: int
    registered: int
    reasons: Related
    sites: Related
    links: Sequence[Link] = ()


@dataclass
class BoardPage(DetailPage):
    board: scheduling_board.Board | None = None
    subjects: Sequence[SubjectCard] = field(default_factory=list)


add_entry(
    "考试管理/排考",
    "/console/scheduling/",
    "layout-board",
    79,
    lambda actor: may(actor, "exam_plan", "schedule"),
)


class Scheduling(BaseView):
    """`/console/scheduling/`, `/console/scheduling/<plan>/`."""

    route_base = "/console/scheduling"
    default_view = "overview"
    session: Session

    @expose("/")
    @opens("exam_plan:schedule")
    def overview(self) -> Any:
        columns = [
            Column("plan_code", "计划编号"), Column("name", "计划名称"), Column("window", "排考时间"),
            Column("registered", "报考人次", "number"), Column("seated", "已排人次", "number"),
            Column("left", "未排人次", "number"), Column("state", "状态", "state"),
        ]  # fmt: skip
        rows = [_plan_row(line) for line in scheduling_board.overview(self.session)]
        page = DetailPage(
            title="排考",
            crumbs=[Crumb("首页", "/console/"), Crumb("考试管理"), Crumb("排考")],
            hint="选择考试计划,安排考场和座位",
            related=[Related("考试未结束的计划", columns, rows, empty="没有已发布且考试未结束的计划")],
        )
        return render_template("panel/detail.html", page=page)

    @expose("/<int:key>/")
    @opens("exam_plan:schedule")
    def board(self, key: int) -> Any:
        plan = self.session.get(ExamPlan, key) if key < 2**63 else None
        if plan is None or plan.state is PlanState.DRAFT:
            raise NotFound()
        found, actor = scheduling_board.board(self.session, plan), current_actor()
        page = BoardPage(
            title="排考",
            crumbs=[
                Crumb("首页", "/console/"),
                Crumb("考试管理"),
                Crumb("排考", "/console/scheduling/"),
                Crumb(plan.name),
            ],
            hint="先由院校设置考场、由本单位分配借考站点,再自动排考;草案只有本单位可见,发布后院校和考生可见",
            heading=plan.name,
            state=_phase(plan),
            facts=[
                ("计划编号", Cell(plan.plan_code or "")),
                ("排考时间", Cell(window_text(plan))),
                ("考试时间", Cell(f"{_day(plan.exam_from)} 起")),
                ("未排考", Cell(f"{found.registered - found.seated} 人次")),
            ],
            board=found,
            subjects=[_card(plan, one, actor) for one in found.subjects],
            related=[_waiting(found, key), _offers(found, key)],
            links=_links(plan, found, actor),
        )
        return render_template("scheduling/board.html", page=page)


def _plan_row(line: scheduling_board.PlanLine) -> Row:
    plan, href = line.plan, f"/console/scheduling/{line.plan.id}/"
    numbers = (line.registered, line.seated, line.registered - line.seated)
    cells = [
        Cell(plan.plan_code or ""), Cell(plan.name, href=href), Cell(window_text(plan)),
        *(Cell(str(number), "number") for number in numbers), _phase(plan),
    ]  # fmt: skip
    return Row(str(plan.id), cells, [Link("排考", href)], title=plan.name)


def _phase(plan: ExamPlan) -> Cell:
    open_now = plan.holds("scheduling", clock.now())
    return Cell("排考中" if open_now else "不在排考时间内", "state", "green" if open_now else "grey")


def _links(plan: ExamPlan, found: scheduling_board.Board, actor: Actor) -> list[Link]:
    """自动排考, 撤销, 发布: the plan's own actions, closed with the reason where they would be refused."""
    closed = "" if plan.holds("scheduling", clock.now()) else f"不在排考时间内({window_text(plan)})"
    states = {one.subject.state for one in found.subjects}
    nothing = "还没有排考" if states <= {ScheduleState.NONE} else ""
    draft = "" if ScheduleState.DRAFT in states else "没有编排中的科目"
    wanted = (
        ("auto_schedule", "自动排考", "wand", closed, False),
        ("publish_schedule", "发布排考", "send", draft, False),
        ("unschedule", "撤销排考", "arrow-back-up", closed or nothing, True),
    )
    links = [Link("借考分配", f"/console/borrowed_site/?f_plan_id={plan.id}", "arrows-exchange")]
    return links + [
        _action(
            "exam_plan", plan.id, name, label, icon, why=why, danger=danger, primary=name == "auto_schedule"
        )
        for name, label, icon, why, danger in wanted
        if may(actor, "exam_plan", name)
    ]


def _action(
    table: str,
    key: int,
    name: str,
    label: str,
    icon: str,
    *,
    why: str = "",
    danger: bool = False,
    primary: bool = False,
) -> Link:
    href = f"/console/{table}/action/{name}?rowid={key}"
    return Link(label, href, icon, "post", name=name, disabled=why, danger=danger, primary=primary)


def _card(plan: ExamPlan, one: scheduling_board.SubjectBoard, actor: Actor) -> SubjectCard:
    subject = one.subject
    links = []
    if subject.state is ScheduleState.DRAFT and may(actor, "plan_subject", "publish_schedule"):
        links.append(_action("plan_subject", subject.id, "publish_schedule", "发布", "send"))
    if subject.state is not ScheduleState.NONE and may(actor, "plan_subject", "unschedule"):
        links.append(_action("plan_subject", subject.id, "unschedule", "撤销", "arrow-back-up", danger=True))
    return SubjectCard(
        subject.id,
        f"{subject.name}({subject.code}) · {subject.certificate} · {subject.mode}",
        Cell(subject.state.label, "state", subject.state.tone),  # type: ignore[arg-type]
        one.sentence,
        subject.seated,
        subject.registered,
        _reasons(subject.reasons if subject.left else ()),
        _sites(one),
        links,
    )


def _reasons(reasons: Sequence[tuple[str, int]]) -> Related:
    rows = [
        Row(str(number), [Cell(reason), Cell(str(count), "number")])
        for number, (reason, count) in enumerate(reasons)
    ]
    return Related("未排考原因", [Column("reason", "未排考原因"), Column("count", "人数", "number")], rows)


def _sites(one: scheduling_board.SubjectBoard) -> Related:
    columns = [
        Column("when", "考试时间"), Column("site", "考核站点"), Column("rooms", "考场数", "number"),
        Column("seats", "座位数", "number"), Column("seated", "已排人数", "number"), Column("guests", "其中借考", "number"),
    ]  # fmt: skip
    rows = []
    for session in one.sessions:
        when = f"{_day(session.starts_at)} {session.starts_at:%H:%M}~{session.ends_at:%H:%M}"
        if not session.sites:
            rows.append(Row(when, [Cell(when), Cell("未安排"), *(Cell("0", "number") for _ in range(4))]))
        for use in session.sites:
            numbers = (use.rooms, use.seats, use.seated, use.guests)
            rows.append(
                Row(
                    f"{when}{use.site}",
                    [Cell(when), Cell(use.site), *(Cell(str(n), "number") for n in numbers)],
                )
            )
    return Related(f"{one.subject.name}的考点", columns, rows, empty="该科目没有场次")


def _waiting(found: scheduling_board.Board, plan_id: int) -> Related:
    columns = [Column("school", "所属院校"), Column("left", "未排考人次", "number")]
    rows = [Row(name, [Cell(name), Cell(str(count), "number")]) for name, count in found.waiting]
    link = Link("查看未排考的报考记录", f"/console/registration/?tab=未排考&f_plan_id={plan_id}")
    return Related("未排考的院校", columns, rows, link, empty="全部考生都已安排")


def _offers(found: scheduling_board.Board, plan_id: int) -> Related:
    columns = [
        Column("site", "考核站点"), Column("school", "所属院校"), Column("kind", "考场类型"),
        Column("rooms", "考场数", "number"), Column("seats", "座位数", "number"),
    ]  # fmt: skip
    used = {use.id for one in found.subjects for session in one.sessions for use in session.sites}
    rows = [
        Row(
            f"{offer.site}{kind}",
            [
                Cell(offer.site), Cell(offer.school), Cell(kind), Cell(str(rooms), "number"), Cell(str(seats), "number")
            ],
            [Link("编排总表", f"/console/exam_papers/matrix/{plan_id}/{offer.id}")] if offer.id in used else [],
        )
        for offer in found.offers
        for kind, rooms, seats in offer.kinds
    ]  # fmt: skip
    link = Link("查看考场", f"/console/room/?f_plan_id={plan_id}")
    return Related("各站点设置的考场", columns, rows, link, empty="还没有站点为本计划设置考场,请通知院校")


def _day(moment: datetime) -> str:
    return f"{moment.astimezone(clock.ZONE):%Y-%m-%d}"
