"""Scheduling a plan: by machine, taken back, published (4.9; R85–R92, R94, E99–E103).

`schedule_plan` seats everybody it can and tells why the others are left; what it writes is a draft only the
organisation sees, until `publish_schedule` shows it to schools and candidates.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.jobs import queue
from app.jobs.registry import task
from app.jobs.running import Run
from app.scheduling.check import check
from app.scheduling.explain import summary
from app.scheduling.solve import solve
from app.services import notify
from app.services import scheduling_rows as rows
from app.services.actions import Ask, Outcome, action, move, page_link
from app.services.errors import Conflict, DomainError
from app.services.scheduling_ground import as_scheduled, to_schedule
from app.services.sets import among
from models.kit import Flag, Moment, clock
from models.plans import ExamPlan, PlanState, PlanSubject, ScheduleState
from models.registrations import Registration, RegistrationState
from models.scheduling import RoomSession, SeatAssignment

_OPEN = (ScheduleState.NONE, ScheduleState.ALLOCATED, ScheduleState.DRAFT)


@dataclass(frozen=True)
class SubjectProgress:
    """One subject of a plan: how many registered, how many have a seat, why the others have none (R91)."""

    id: int
    code: str
    name: str
    certificate: str
    mode: str
    state: ScheduleState
    registered: int
    seated: int
    reasons: tuple[tuple[str, int], ...]

    @property
    def left(self) -> int:
        return self.registered - self.seated

    @property
    def sentence(self) -> str:
        return f"尚余{self.left}人未排考" if self.left else ""


@dataclass(frozen=True)
class Progress:
    """A plan's scheduling in figures; a person with two subjects counts twice."""

    subjects: tuple[SubjectProgress, ...]

    @property
    def registered(self) -> int:
        return sum(one.registered for one in self.subjects)

    @property
    def seated(self) -> int:
        return sum(one.seated for one in self.subjects)

    @property
    def left(self) -> int:
        return self.registered - self.seated

    @property
    def sentence(self) -> str:
        """已安排60人次,尚余1人未排考 (E99)."""
        return f"已安排{self.seated}人次" + (f",尚余{self.left}人未排考" if self.left else "")


def progress(session: Session, plan: ExamPlan) -> Progress:
    """How far the plan's scheduling is, from the rows as they stand."""
    seated = Registration.state == RegistrationState.SCHEDULED
    counts = {
        subject: (registered, done)
        for subject, registered, done in session.execute(
            sa.select(Registration.plan_subject_id, sa.func.count(), sa.func.count().filter(seated))
            .where(Registration.plan_id == plan.id, Registration.state != RegistrationState.CANCELLED)
            .group_by(Registration.plan_subject_id)
        )
    }
    return Progress(
        tuple(
            SubjectProgress(
                one.id,
                one.subject_code,
                one.subject_name,
                one.certificate_name,
                one.mode.label,
                one.schedule_state,
                *counts.get(one.id, (0, 0)),
                tuple((str(reason), int(number)) for reason, number in one.left_reasons or ()),
            )
            for one in subjects_of(session, plan)
        )
    )


# By machine


def schedule_plan(session: Session, plan: ExamPlan) -> Progress:
    """Seat everybody of the plan who has no published seat; drafts are made anew, published seats stay (R85–R92).

    Raises Conflict outside the scheduling window, and where another plan took a person or room meanwhile.
    """
    lock(session, plan)
    require_window(plan)
    subjects = subjects_of(session, plan)
    rows.clear_subjects(session, [one.id for one in subjects if one.schedule_state in _OPEN])
    ground = to_schedule(session, plan, clock.now())
    result = ground.reworded(solve(ground.problem, ground.params))
    subject_of = {one.id: one.subject for one in ground.problem.registrations}
    rows.write_seats(session, plan, result.seats, subject_of)
    used = {subject_of[seat.registration] for seat in result.seats}
    rows.rebuild_allocations(session, used)
    reasons = {one.subject: [list(pair) for pair in one.reasons] for one in summary(ground.problem, result)}
    for one in subjects:
        one.left_reasons = reasons.get(one.id) or None
    as_drafts(session, subjects, used)
    shown = {one.id for one in subjects if one.schedule_state is ScheduleState.PUBLISHED} & used
    if shown:
        added = [seat.registration for seat in result.seats if subject_of[seat.registration] in shown]
        rows.flag_tickets(session, among(Registration.id, added))
        tell_schools(session, plan, shown, "排考有新增安排")
    session.expire_all()
    return progress(session, plan)


def as_drafts(session: Session, subjects: list[PlanSubject], used: Collection[int]) -> None:
    """未排考 → 已编排考点 → 编排中 where somebody was seated, back to 未排考 where nobody was."""
    for state in (ScheduleState.ALLOCATED, ScheduleState.DRAFT):
        for one in subjects:
            if (
                one.id in used
                and one.schedule_state in _OPEN
                and one.schedule_state is not ScheduleState.DRAFT
            ):
                one.schedule_state = state
        session.flush()
    for one in subjects:
        if one.id not in used and one.schedule_state in _OPEN:
            one.schedule_state = ScheduleState.NONE
    session.flush()


# Taken back


def unschedule(session: Session, plan: ExamPlan, subject_ids: Collection[int] = ()) -> int:
    """Take back the seats of the plan, or of some subjects, while none of their sessions has begun (4.7); returns
    how many registrations wait again. A published schedule goes too: tickets are flagged, schools are told."""
    lock(session, plan)
    require_window(plan)
    begun = set(
        session.scalars(
            sa.select(RoomSession.plan_subject_id).where(
                RoomSession.plan_id == plan.id,
                RoomSession.starts_at <= clock.now(),
                RoomSession.schedule_published_at.is_not(None),
            )
        )
    )
    asked = [one for one in subjects_of(session, plan) if not subject_ids or one.id in subject_ids]
    chosen = [one for one in asked if one.id not in begun and one.schedule_state is not ScheduleState.NONE]
    if subject_ids and begun & set(subject_ids):
        raise Conflict("scheduling.begun", "已有场次开始,不能撤销该科目的排考")
    if not chosen:
        raise Conflict("scheduling.nothing", "没有可以撤销的排考,或考试已经开始")
    ids = [one.id for one in chosen]
    count = session.scalar(
        sa.select(sa.func.count(sa.distinct(SeatAssignment.registration_id))).where(
            SeatAssignment.plan_subject_id.in_(ids)
        )
    )
    shown = [one.id for one in chosen if one.schedule_state is ScheduleState.PUBLISHED]
    if shown:
        seated = Registration.state == RegistrationState.SCHEDULED
        rows.flag_tickets(session, Registration.plan_subject_id.in_(shown), seated)
        tell_schools(session, plan, shown, "排考已撤回,将重新安排")
    rows.clear_subjects(session, ids)
    for one in chosen:
        one.schedule_state, one.schedule_published_at, one.left_reasons = ScheduleState.NONE, None, None
    session.flush()
    session.expire_all()
    return count or 0


# Shown to schools and candidates


def publish_schedule(
    session: Session, plan: ExamPlan, subject_ids: Collection[int] = (), *, accept_left: bool = False
) -> Progress:
    """编排中 → 已发布 (R94): checked once more for conflicts; tickets can be printed from now on.

    Where people are left it warns, and goes on once that is accepted (E99).
    """
    lock(session, plan)
    if plan.state is not PlanState.PUBLISHED or clock.now() < plan.scheduling_from:
        raise Conflict("scheduling.window", f"排考时间为{window_text(plan)},现在不能发布")
    chosen = [
        one
        for one in subjects_of(session, plan)
        if one.schedule_state is ScheduleState.DRAFT and (not subject_ids or one.id in subject_ids)
    ]
    if not chosen:
        raise Conflict("scheduling.nothing", "没有编排中的科目可以发布,请先排考")
    ids = {one.id for one in chosen}
    _require_sound(session, plan, ids)
    left = sum(one.left for one in progress(session, plan).subjects if one.id in ids)
    if left and not accept_left:
        raise DomainError("scheduling.left", f"尚余{left}人未排考,仍要发布请勾选", "accept_left")
    moment = clock.now()
    for one in chosen:
        one.schedule_state, one.schedule_published_at = ScheduleState.PUBLISHED, moment
    session.flush()
    tell_schools(session, plan, ids, "排考已发布")
    session.expire_all()
    return progress(session, plan)


def _require_sound(session: Session, plan: ExamPlan, subject_ids: set[int]) -> None:
    """No conflict (4.9), whoever made the seats: the independent checker, and no session that has begun."""
    late = session.scalar(
        sa.select(RoomSession.id).where(
            RoomSession.plan_subject_id.in_(subject_ids), RoomSession.starts_at <= clock.now()
        )
    )
    if late is not None:
        raise Conflict("scheduling.begun", "草案中有场次已经开始,请重新排考后发布")
    ground, standing = as_scheduled(session, plan, subject_ids)
    found = check(ground.problem, standing, ground.params, automatic=False)
    if found:
        words = ";".join(dict.fromkeys(one.message for one in found[:50]))[:400]
        raise Conflict("scheduling.conflicts", f"排考有{len(found)}处冲突,请调整后发布:{words}")


def tell_schools(session: Session, plan: ExamPlan, subject_ids: Collection[int], what: str) -> None:
    """Own and host schools learn of it once each."""
    seat = SeatAssignment
    seats = seat.plan_subject_id.in_(subject_ids)
    own = dict(
        session.execute(
            sa.select(seat.school_id, sa.func.count()).where(seats).group_by(seat.school_id)
        ).all()
    )
    hosted = dict(
        session.execute(
            sa.select(seat.host_school_id, sa.func.count(sa.distinct(seat.room_session_id)))
            .where(seats)
            .group_by(seat.host_school_id)
        ).all()
    )
    for school in sorted({*own, *hosted}):
        parts = [f"本校考生{own[school]}人次"] if school in own else []
        parts += [f"本校站点承担{hosted[school]}个考场场次,请设置监考人员"] if school in hosted else []
        notify.message(
            session, f"“{plan.name}”{what}", ";".join(parts), link="/console/room_session/", school_id=school
        )


# Guards


def lock(session: Session, plan: ExamPlan) -> None:
    """One at a time on a plan; the caller's row becomes what the database holds."""
    session.flush()
    session.execute(sa.select(ExamPlan.id).where(ExamPlan.id == plan.id).with_for_update())
    session.refresh(plan)


def require_window(plan: ExamPlan) -> None:
    """R85."""
    if not plan.holds("scheduling", clock.now()):
        raise Conflict("scheduling.window", f"不在排考时间内({window_text(plan)})")


def window_text(plan: ExamPlan) -> str:
    """排考时间 as people read it."""
    return f"{Moment().shown(plan.scheduling_from)}~{Moment(closing=True).shown(plan.scheduling_to)}"


def subjects_of(session: Session, plan: ExamPlan) -> list[PlanSubject]:
    return list(
        session.scalars(
            sa.select(PlanSubject).where(PlanSubject.plan_id == plan.id).order_by(PlanSubject.id)
        ).unique()
    )


# Buttons


def in_window(plan: Any) -> bool:
    """Whether to offer what R85 allows now; the service asks again."""
    return bool(plan.holds("scheduling", clock.now()))


def may_publish(plan: Any) -> bool:
    return plan.state is PlanState.PUBLISHED and plan.scheduling_from <= clock.now() < plan.exam_to


page_link(
    ExamPlan,
    "schedule",
    "排考",
    "/console/scheduling/{id}/",
    on="one",
    icon="layout-grid",
    order=30,
    when=lambda plan: plan.state is PlanState.PUBLISHED and clock.now() >= plan.scheduling_from,
)


@action(
    ExamPlan,
    "auto_schedule",
    "自动排考",
    on="one",
    icon="wand",
    order=31,
    primary=True,
    when=in_window,
    confirm="为全部未发布的科目重新安排考场和座位;已发布的安排不变",
)
def _auto_schedule(session: Session, actor: Actor, chosen: list[ExamPlan]) -> Outcome:
    plan = chosen[0]
    require_window(plan)
    job = queue.enqueue(
        session,
        actor,
        f"自动排考:{plan.name}",
        "schedule.plan",
        {"plan_id": plan.id},
        permission="exam_plan:auto_schedule",
        link=_board(plan.id),
    )
    return Outcome("已开始自动排考", f"/console/jobs/{job.id}/")


@task("schedule.plan")
def _work(run: Run) -> None:
    """All or nothing: the whole plan is one chunk."""
    with run.chunk() as session:
        plan = session.get(ExamPlan, run.params["plan_id"])
        if plan is None:
            raise Conflict("scheduling.plan", "考试计划已不存在")
        done = schedule_plan(session, plan)
        notes = [f"{one.certificate} {one.name}:{one.sentence}" for one in done.subjects if one.left]
        run.finish(
            session,
            total=done.registered,
            done=done.registered,
            notes=[done.sentence, *notes],
        )


@action(
    ExamPlan,
    "unschedule",
    "撤销排考",
    on="one",
    icon="arrow-back-up",
    order=32,
    danger=True,
    when=in_window,
    confirm="撤销本计划的全部座位安排,考生回到未排考;已发布的安排也会撤回并通知院校",
)
def _unschedule(session: Session, actor: Actor, chosen: list[ExamPlan]) -> Outcome:
    return Outcome(f"已撤销{unschedule(session, chosen[0])}人次的排考", _board(chosen[0].id))


_ACCEPT = Ask(
    "accept_left", "还有人未排考也发布", Flag(), required=False, help="未排考的考生在排考时间内仍可继续安排"
)


@action(
    ExamPlan,
    "publish_schedule",
    "发布排考",
    on="one",
    icon="send",
    order=33,
    when=may_publish,
    asks=(_ACCEPT,),
    confirm="发布后院校和考生即可看到考场与座位,准考证地址随之确定",
)
def _publish_plan(
    session: Session, actor: Actor, chosen: list[ExamPlan], accept_left: bool = False
) -> Outcome:
    done = publish_schedule(session, chosen[0], accept_left=bool(accept_left))
    return Outcome(f"排考已发布,{done.sentence}", _board(chosen[0].id))


def _board(plan_id: int) -> str:
    return f"/console/scheduling/{plan_id}/"


@move(
    PlanSubject,
    "publish_schedule",
    when=lambda subject: subject.schedule_state is ScheduleState.DRAFT and may_publish(subject.plan),
    asks=(_ACCEPT,),
    order=33,
)
def _publish_subjects(
    session: Session, actor: Actor, chosen: list[PlanSubject], accept_left: bool = False
) -> Outcome:
    for plan_id, ids in _by_plan(chosen).items():
        publish_schedule(session, session.get_one(ExamPlan, plan_id), ids, accept_left=bool(accept_left))
    return Outcome(f"已发布{len(chosen)}个科目的排考", _board(chosen[0].plan_id))


@action(
    PlanSubject,
    "unschedule",
    "撤销排考",
    icon="arrow-back-up",
    order=32,
    danger=True,
    when=lambda subject: subject.schedule_state is not ScheduleState.NONE and in_window(subject.plan),
    confirm="撤销所选科目的全部座位安排,考生回到未排考",
)
def _unschedule_subjects(session: Session, actor: Actor, chosen: list[PlanSubject]) -> Outcome:
    plan_id = chosen[0].plan_id
    count = sum(
        unschedule(session, session.get_one(ExamPlan, key), ids) for key, ids in _by_plan(chosen).items()
    )
    return Outcome(f"已撤销{count}人次的排考", _board(plan_id))


def _by_plan(subjects: list[PlanSubject]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for one in subjects:
        found.setdefault(one.plan_id, []).append(one.id)
    return found
