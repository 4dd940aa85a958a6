"""Scores by the sheet: 科目成绩 (6.2; R97–R99, E110–E112). A row is matched by plan, subject, ticket number and name."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.services import scores
from app.services.errors import DomainError
from app.services.exam_rows import NAME, PLAN, SUBJECT
from app.services.imports import Context, Importer, register
from app.services.staging import Row, Staged
from app.sheets.spec import SheetColumn, SheetSpec
from models.kit import clock, formats
from models.plans import ExamPlan, PlanState, PlanSubject
from models.registrations import Registration, RegistrationState
from models.scores import ExamStatus, Score, ScoreChange

STATUSES = tuple(status.label for status in ExamStatus)
SHEET = SheetSpec(
    "score",
    "科目成绩",
    (
        PLAN,
        SUBJECT,
        SheetColumn("ticket_number", "准考证号", "code", True, sample="20600002253700400057", width=24),
        NAME,
        SheetColumn("exam_status", "考试状态", "choice", True, STATUSES, sample="正常"),
        SheetColumn("value", "考试分数", "decimal", sample="87.5", help="最多一位小数;缺考、违纪不填"),
        SheetColumn("remark", "备注"),
    ),
    notes=("只在成绩登记时间内导入;再次导入会更正已登记的成绩并留下记录。", "缺考、违纪不填分数。"),
)


def _check(session: Session, actor: Actor, rows: list[Row], context: Context) -> None:
    known = _registrations(session, rows)
    plans = {
        plan.plan_code: plan
        for plan in session.scalars(
            sa.select(ExamPlan).where(
                ExamPlan.plan_code.in_({row.values["plan_code"] for row in rows}),
                ExamPlan.state == PlanState.PUBLISHED,
            )
        )
    }
    recorded = _recorded(session, [entry.id for entry, _, _ in known.values()])
    for row in rows:
        v = row.values
        plan = plans.get(v["plan_code"])
        if plan is None:
            row.refuse("计划不存在或未发布")
            continue
        if not plan.holds("recording", clock.now()):
            row.refuse(scores.NOT_RECORDING)
            continue
        found = known.get((v["plan_code"], v["subject_code"], v["ticket_number"]))
        if found is None:
            row.refuse("考生未排考")
            continue
        _examine(row, *found, recorded.get(found[0].id))


def _examine(
    row: Row, entry: Registration, full_mark: Decimal, registration_id: int, score: Score | None
) -> None:
    """R98, R99: the name must be the ticket's, the value must fit the status."""
    v = row.values
    if entry.candidate_name != v["name"]:
        row.refuse("姓名与准考证号不符")
    if entry.state is not RegistrationState.SCHEDULED or entry.ends_at is None:
        row.refuse("考生未排考")
    elif entry.ends_at > clock.now():
        row.refuse("该场考试尚未结束")
    status = ExamStatus.by_label(v["exam_status"]) or ExamStatus.NORMAL
    try:
        scores.check_value(status, v.get("value"), full_mark)
    except DomainError as error:
        row.refuse(error.message)
    if score is not None and score.locked_at is not None:
        row.refuse("成绩已锁定")
    if row.outcome == "refused":
        return
    v["registration_id"] = registration_id
    if score is None:
        return
    if (score.exam_status, score.value) == (status, v.get("value")):
        row.unchanged(score.id)
    else:
        row.change(score.id)


def _registrations(
    session: Session, rows: Sequence[Row]
) -> dict[tuple[str, str, str], tuple[Registration, Decimal, int]]:
    tickets = {row.values["ticket_number"] for row in rows}
    found = session.execute(
        sa.select(ExamPlan.plan_code, PlanSubject.subject_code, PlanSubject.full_mark, Registration)
        .join(Registration, Registration.plan_id == ExamPlan.id)
        .join(PlanSubject, PlanSubject.id == Registration.plan_subject_id)
        .where(Registration.ticket_number.in_(tickets), Registration.state != RegistrationState.CANCELLED)
    )
    return {
        (plan or "", subject, entry.ticket_number): (entry, full_mark, entry.id)
        for plan, subject, full_mark, entry in found
    }


def _recorded(session: Session, registrations: Sequence[int]) -> dict[int, Score]:
    rows = session.scalars(sa.select(Score).where(Score.registration_id.in_(registrations)))
    return {score.registration_id: score for score in rows}


def _apply(session: Session, actor: Actor, staged: Staged) -> None:
    """New scores in one insert a chunk; corrections inside the window leave their trace (R102)."""
    for rows in staged.rows():
        new: list[Row] = []
        changed: list[Row] = []
        for row in rows:
            (changed if row.target_id else new).append(row)
        if new:
            session.execute(sa.insert(Score), [_values(row, actor, staged.job_id) for row in new])
        _change(session, actor, changed)


def _values(row: Row, actor: Actor, job_id: int) -> dict[str, Any]:
    v = row.values
    return {
        "registration_id": v["registration_id"],
        "exam_status": ExamStatus.by_label(v["exam_status"]),
        "value": v.get("value"),
        "remark": v.get("remark"),
        "recorded_by_id": actor.account,
        "recorded_at": clock.now(),
        "import_job": job_id,
    }


def _change(session: Session, actor: Actor, rows: Sequence[Row]) -> None:
    if not rows:
        return
    known = {
        s.id: s
        for s in session.scalars(sa.select(Score).where(Score.id.in_([row.target_id for row in rows])))
    }
    traces = []
    for row in rows:
        score, v = known[row.target_id or 0], row.values
        status = ExamStatus.by_label(v["exam_status"]) or ExamStatus.NORMAL
        traces.append(
            {
                "score_id": score.id, "old_status": score.exam_status, "old_value": score.value, "new_status": status,
                "new_value": v.get("value"), "reason": "登记期内重新导入", "account_id": actor.account, "at": clock.now(),
                "school_id": score.school_id, "organisation_id": score.organisation_id,
            }
        )  # fmt: skip
        score.exam_status, score.value, score.remark = status, v.get("value"), v.get("remark")
        score.recorded_at, score.recorded_by_id = clock.now(), actor.account
    session.execute(sa.insert(ScoreChange).inline(), traces)
    session.flush()


score = register(
    Importer(
        table="score",
        name="score",
        label="科目成绩",
        sheet=SHEET,
        check=_check,
        apply=_apply,
        clean={
            "plan_code": formats.plan_code,
            "subject_code": formats.subject_code,
            "ticket_number": formats.ticket_number,
            "name": formats.person_name,
        },
        key=("plan_code", "subject_code", "ticket_number"),
        hints=SHEET.notes,
    )
)
