"""Scores: recording, correction during publicity, rechecks, the lock for ever (4.10, 4.15, R97–R107, E110–E120)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.jobs.registry import periodic
from app.services import notify, results
from app.services.actions import Ask, action, before_save, editable_when, move
from app.services.errors import Conflict, DomainError
from models.accounts import Account, AccountState, Role
from models.jobs import MessageKind
from models.kit import Amount, Choice, Text, clock
from models.plans import ExamPlan, PlanState
from models.registrations import Registration, RegistrationState
from models.scores import (
    ExamStatus,
    Recheck,
    RecheckOutcome,
    RecheckState,
    Score,
    ScoreChange,
    ScoreState,
)

NOT_RECORDING = "不在成绩登记时间内"
LOCKED = "成绩已锁定,不能修改"


# Recording (R97, R98)


def check_value(status: ExamStatus, value: Decimal | None, full_mark: Decimal) -> None:
    """R98, E111, E112: a mark of 0..full with one decimal for 正常, none for 缺考 and 违纪."""
    if status is not ExamStatus.NORMAL:
        if value is not None:
            raise DomainError("score.value", "缺考/违纪不应填写分数", "value")
        return
    if value is None:
        raise DomainError("score.value", "正常考生须填写分数", "value")
    if not value.is_finite() or not 0 <= value <= full_mark or value != value.quantize(Decimal("0.1")):
        raise DomainError("score.value", f"分数应为0–{full_mark.normalize():f},最多一位小数", "value")


def require_recording(plan: ExamPlan) -> None:
    """Only in the recording window (R97, E110)."""
    if not plan.holds("recording", clock.now()):
        raise Conflict("score.window", NOT_RECORDING)


def record(
    session: Session,
    actor: Actor,
    registration: Registration,
    status: ExamStatus,
    value: Decimal | None,
    remark: str = "",
) -> Score:
    """Enter or re-enter one score in the recording window, for a seated registration whose session is over."""
    require_recording(registration.plan)
    if registration.state is not RegistrationState.SCHEDULED or registration.ends_at is None:
        raise DomainError("score.seat", "考生未排考")
    if registration.ends_at > clock.now():
        raise Conflict("score.session", "该场考试尚未结束")
    check_value(status, value, registration.plan_subject.full_mark)
    score = session.scalars(sa.select(Score).where(Score.registration_id == registration.id)).one_or_none()
    if score is None:
        score = Score(
            registration_id=registration.id,
            exam_status=status,
            value=value,
            remark=remark or None,
            recorded_by_id=actor.account,
        )
        session.add(score)
    elif (score.exam_status, score.value) != (status, value):
        _change(session, actor, score, status, value, "登记期内重新登记")
    session.flush()
    return score


# Correction (R101, R102, R107)


def correct(
    session: Session,
    actor: Actor,
    score: Score,
    status: ExamStatus,
    value: Decimal | None,
    reason: str,
    evidence: str | None = None,
) -> None:
    """The organisation alone changes a score: in the publicity window, or while a recheck of it is open."""
    results.hold(session, score.plan_id)
    session.refresh(score)
    if score.state is ScoreState.LOCKED:
        raise Conflict("score.locked", LOCKED)
    plan = session.get_one(ExamPlan, score.plan_id)
    in_window = plan.holds("publicity", clock.now()) or plan.holds("recording", clock.now())
    if not in_window and _open_recheck(session, score) is None:
        raise Conflict("score.window", "公示已结束且没有待处理的复核,成绩不能修改")
    check_value(status, value, score.full_mark)
    if (score.exam_status, score.value) == (status, value):
        raise DomainError("score.same", "新成绩与原成绩相同", "value")
    _change(session, actor, score, status, value, reason, evidence)
    ticket = session.scalar(sa.select(Registration.ticket_id).where(Registration.id == score.registration_id))
    if clock.now() >= plan.recording_to:
        results.compute(session, plan.id, [ticket] if ticket is not None else None)
    _tell_candidate(session, score)


def _change(
    session: Session,
    actor: Actor,
    score: Score,
    status: ExamStatus,
    value: Decimal | None,
    reason: str,
    evidence: str | None = None,
) -> None:
    session.execute(
        sa.insert(ScoreChange)
        .values(
            score_id=score.id,
            old_status=score.exam_status,
            old_value=score.value,
            new_status=status,
            new_value=value,
            reason=reason,
            evidence=evidence,
            account_id=actor.account,
            at=clock.now(),
            school_id=score.school_id,
            organisation_id=score.organisation_id,
        )
        .inline()
    )
    score.exam_status, score.value = status, value
    score.recorded_at, score.recorded_by_id = clock.now(), actor.account
    session.flush()


def _tell_candidate(session: Session, score: Score) -> None:
    notify.message(
        session,
        "成绩已更正",
        "您的一门科目成绩已更正,请查看最新成绩",
        link="/space/scores",
        kind=MessageKind.RESULT,
        person_id=score.person_id,
    )


_ASK_SCORE = (
    Ask("status", "考试状态", Choice(ExamStatus), default=ExamStatus.NORMAL),
    Ask("value", "考试分数", Amount(5, 1), required=False, help="最多一位小数;缺考、违纪不填"),
)


def _correctable(score: Score) -> bool:
    """Until it locks, but not between recording and publicity, when nothing may change (4.10)."""
    open_ = any(score.plan.holds(window, clock.now()) for window in ("recording", "publicity"))
    return score.state is not ScoreState.LOCKED and (open_ or clock.now() >= score.plan.publicity_to)


@action(
    Score,
    "correct",
    "更正成绩",
    on="one",
    icon="edit",
    order=10,
    when=_correctable,
    asks=(*_ASK_SCORE, Ask("reason", "更正原因", Text(500, 2))),
    confirm="更正会留下记录并立即重新计算考证结果",
)
def _correct(session: Session, actor: Actor, rows: list[Score], status: Any, value: Any, reason: str) -> str:
    correct(session, actor, rows[0], ExamStatus(status), value, reason)
    return "成绩已更正"


@editable_when(Score)
def _never_by_form(score: Score) -> bool:
    """Scores change by recording and correction only, both with their trace."""
    return False


# Rechecks (4.15)


def _open_recheck(session: Session, score: Score) -> Recheck | None:
    return session.scalars(
        sa.select(Recheck).where(Recheck.score_id == score.id, Recheck.state == RecheckState.OPEN)
    ).one_or_none()


@action(
    Score,
    "ask_recheck",
    "申请复核",
    on="one",
    icon="message-2-question",
    order=20,
    when=lambda score: score.state is not ScoreState.LOCKED and score.phase(clock.now()) == "公示中",
    asks=(Ask("reason", "申请理由", Text(500, 5)),),
)
def _ask_recheck(session: Session, actor: Actor, rows: list[Score], reason: str) -> str:
    ask_recheck(session, actor, rows[0], reason)
    return "已提交复核申请,答复前该成绩不会锁定"


def ask_recheck(session: Session, actor: Actor, score: Score, reason: str) -> Recheck:
    """A candidate, or the own school, doubts a score during publicity; its lock waits (R101, R104)."""
    plan = session.get_one(ExamPlan, score.plan_id)
    if not plan.holds("publicity", clock.now()):
        raise Conflict("recheck.window", "只能在成绩公示期内申请复核")
    if _open_recheck(session, score) is not None:
        raise Conflict("recheck.open", "该成绩已有待处理的复核申请")
    asked = Recheck(
        score_id=score.id, reason=reason, by_school=actor.kind == "school", person_id=score.person_id
    )
    session.add(asked)
    session.flush()
    notify.message(
        session,
        "有新的成绩复核申请",
        kind=MessageKind.TODO,
        link="/console/recheck/",
        organisation_id=score.organisation_id,
    )
    return asked


@move(Recheck, "keep", asks=(Ask("answer", "答复", Text(500, 2)),))
def keep(session: Session, actor: Actor, rows: list[Recheck], answer: str) -> str:
    for recheck in rows:
        _require_second_pair_of_eyes(session, actor, recheck)
        _answer(session, actor, recheck, RecheckOutcome.KEPT, answer)
    return f"已答复{len(rows)}件"


@move(Recheck, "correct", on="one", asks=(*_ASK_SCORE, Ask("answer", "答复", Text(500, 2))))
def correct_after_recheck(
    session: Session, actor: Actor, rows: list[Recheck], status: Any, value: Any, answer: str
) -> str:
    recheck = rows[0]
    _require_second_pair_of_eyes(session, actor, recheck)
    correct(
        session,
        actor,
        session.get_one(Score, recheck.score_id),
        ExamStatus(status),
        value,
        f"复核更正:{answer}",
    )
    _answer(session, actor, recheck, RecheckOutcome.CHANGED, answer)
    return "成绩已更正并答复"


@move(Recheck, "withdraw")
def withdraw_recheck(session: Session, actor: Actor, rows: list[Recheck]) -> str:
    for recheck in rows:
        recheck.state = RecheckState.WITHDRAWN
    session.flush()
    return "已撤回"


def _answer(session: Session, actor: Actor, recheck: Recheck, outcome: RecheckOutcome, answer: str) -> None:
    recheck.state, recheck.outcome, recheck.answer = RecheckState.ANSWERED, outcome, answer
    recheck.answered_at, recheck.answered_by_id = clock.now(), actor.account
    session.flush()
    notify.message(
        session,
        f"复核已答复:{outcome.label}",
        answer,
        kind=MessageKind.RESULT,
        link="/space/scores",
        person_id=recheck.person_id,
    )


def _require_second_pair_of_eyes(session: Session, actor: Actor, recheck: Recheck) -> None:
    """4.15: answered by another than the recorder when the organisation has two clerks."""
    clerks = (Role.ORGANISATION_CLERK, Role.ORGANISATION_PRINCIPAL)
    others = session.scalar(
        sa.select(sa.func.count())
        .select_from(Account)
        .where(Account.role.in_(clerks), Account.state == AccountState.ACTIVE, Account.id != actor.account)
    )
    recorder = session.scalar(sa.select(Score.recorded_by_id).where(Score.id == recheck.score_id))
    if others and recorder is not None and recorder == actor.account:
        raise Conflict("recheck.recorder", "登记人不能答复自己登记的成绩,请由另一位成绩登记员处理")


# The lock (R103–R105)


def lock_plan(session: Session, plan: ExamPlan) -> int:
    """Lock every score of a plan whose publicity is over and which no open recheck holds back; then make final what
    is complete. May run again at any time: what is locked stays locked, once (E118, E119). Runs as the job."""
    now = clock.now()
    if plan.state is not PlanState.PUBLISHED or now < plan.publicity_to:
        raise Conflict("score.lock", "公示未结束,成绩不能锁定")
    results.hold(session, plan.id)
    results.compute(session, plan.id)
    open_rechecks = sa.select(Recheck.score_id).where(Recheck.state == RecheckState.OPEN)
    locked = (
        session.execute(
            sa.update(Score)
            .where(
                Score.plan_id == plan.id, Score.state == ScoreState.RECORDED, Score.id.not_in(open_rechecks)
            )
            .values(state=ScoreState.LOCKED, locked_at=now)
            .returning(Score.id)
            .execution_options(synchronize_session=False)
        )
        .scalars()
        .all()
    )
    results.finalise(session, plan)
    _warn_of_missing(session, plan, len(locked))
    return len(locked)


def _warn_of_missing(session: Session, plan: ExamPlan, locked: int) -> None:
    """E120: a missing score leaves the result 待定, and the organisation is told (once, with the lock)."""
    if not locked:
        return
    missing = session.scalar(
        sa.text("select count(*) from certificate_result where plan_id = :plan and outcome = 'PENDING'"),
        {"plan": plan.id},
    )
    if missing:
        notify.message(
            session,
            f"{plan.name}:{missing}名考生缺少科目成绩",
            "公示已结束,缺少成绩的考证结果保持待定",
            kind=MessageKind.TODO,
            link="/console/certificate_result/?tab=PENDING",
            organisation_id=plan.organisation_id,
        )


def due_for_lock(session: Session) -> list[ExamPlan]:
    """Published plans past their publicity that still have an unlocked score not held by a recheck."""
    held = sa.select(Recheck.score_id).where(Recheck.state == RecheckState.OPEN)
    waiting = sa.select(Score.id).where(
        Score.plan_id == ExamPlan.id, Score.state == ScoreState.RECORDED, Score.id.not_in(held)
    )
    return list(
        session.scalars(
            sa.select(ExamPlan)
            .where(
                ExamPlan.state == PlanState.PUBLISHED, ExamPlan.publicity_to <= clock.now(), waiting.exists()
            )
            .order_by(ExamPlan.id)
        )
    )


@periodic("scores.results", 10)
def compute_due(session: Session) -> None:
    """Results appear when recording ends (R108)."""
    for plan_id in results.due_for_results(session):
        results.hold(session, plan_id)
        results.compute(session, plan_id)


@periodic("scores.lock", 10)
def lock_due(session: Session) -> None:
    for plan in due_for_lock(session):
        lock_plan(session, plan)


@before_save(Score)
def _score_is_recorded(session: Session, actor: Actor, row: Score, values: dict[str, Any]) -> None:
    raise Conflict("score.form", "成绩只能通过登记或更正修改")
