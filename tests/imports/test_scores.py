"""科目成绩 by the sheet: R97–R99, E110–E112, and the same file twice (check 15)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from app.access.actor import JOB, Actor
from app.jobs.running import run_pending
from app.services.scores_import import SHEET
from models.accounts import Role
from models.jobs import Job, JobState
from models.kit import clock
from models.plans import ExamPlan, PlanSubject
from models.registrations import Registration
from models.scores import ExamStatus, Score, ScoreChange
from tests import factories
from tests.models import exams
from tests.services.test_scores import RECORDING, a_seated_plan

LABELS = [column.label for column in SHEET.columns]


@pytest.fixture
def clerk(as_: Any) -> Callable[[], Actor]:
    def made() -> Actor:
        with as_() as db:
            account = factories.account(db, Role.ORGANISATION_CLERK, organisation_id=5)
            db.commit()
        return Actor("organisation", account.id, 5, "organisation.clerk")

    return made


def rows(as_: Any, plan_id: int, *marks: tuple[str, Any]) -> list[list[Any]]:
    """A line for each registration, in order, with (考试状态, 考试分数)."""
    with as_(JOB) as db:
        code = db.get_one(ExamPlan, plan_id).plan_code
        found = db.execute(
            sa.select(PlanSubject.subject_code, Registration.ticket_number, Registration.candidate_name)
            .join(Registration, Registration.plan_subject_id == PlanSubject.id)
            .order_by(Registration.candidate_id, PlanSubject.id)
        ).all()
    return [[code, *line, status, value, None] for line, (status, value) in zip(found, marks, strict=False)]


def test_scores_are_recorded_corrected_and_left_alone(
    as_: Any, factory: Any, clerk: Any, upload: Any, see: Any, confirm: Any
) -> None:
    plan_id = a_seated_plan(as_)
    actor = clerk()
    with clock.travel(RECORDING):
        first = rows(as_, plan_id, ("正常", 87.5), ("正常", 60), ("缺考", None))
        job = upload(actor, first, labels=LABELS, table="score")
        run_pending(factory)
        assert see(job).counts["new"] == 3, see(job).error
        assert confirm(actor, job).state is JobState.DONE

        again = upload(actor, first, labels=LABELS, table="score")
        run_pending(factory)
        assert see(again).counts["unchanged"] == 3

        second = rows(as_, plan_id, ("正常", 90), ("正常", 60), ("缺考", None))
        changed = upload(actor, second, labels=LABELS, table="score")
        run_pending(factory)
        assert (see(changed).counts["changed"], see(changed).counts["unchanged"]) == (1, 2)
        confirm(actor, changed)
    with as_(JOB) as db:
        assert [str(v) for v in db.scalars(sa.select(Score.value).order_by(Score.id)) if v is not None] == [
            "90.0",
            "60.0",
        ]
        assert (
            db.scalar(
                sa.select(sa.func.count()).select_from(Score).where(Score.exam_status == ExamStatus.ABSENT)
            )
            == 1
        )
        assert [(str(c.old_value), str(c.new_value)) for c in db.scalars(sa.select(ScoreChange))] == [
            ("87.5", "90.0")
        ]


@pytest.mark.parametrize(
    ("status", "value", "words"),
    [
        ("正常", -1, "分数应为0–100"),
        ("正常", 100.5, "分数应为0–100"),
        ("正常", 87.55, "最多一位小数"),
        ("正常", None, "正常考生须填写分数"),
        ("缺考", 0, "缺考/违纪不应填写分数"),
        ("优", 90, "考试状态"),
        ("正常", "优", "考试分数"),
    ],
)
def test_e111_e112_a_row_that_makes_no_score_is_refused(
    as_: Any, factory: Any, clerk: Any, upload: Any, see: Any, status: str, value: Any, words: str
) -> None:
    plan_id = a_seated_plan(as_)
    actor = clerk()
    with clock.travel(RECORDING):
        job = upload(actor, rows(as_, plan_id, (status, value)), labels=LABELS, table="score")
        run_pending(factory)
    found: Job = see(job)
    assert found.counts["refused"] == 1
    assert words in str(found.errors)


def test_r99_a_name_that_is_not_the_tickets_is_refused(
    as_: Any, factory: Any, clerk: Any, upload: Any, see: Any
) -> None:
    plan_id = a_seated_plan(as_)
    actor = clerk()
    with clock.travel(RECORDING):
        line = rows(as_, plan_id, ("正常", 80))[0]
        line[3] = "王冒名"
        job = upload(actor, [line], labels=LABELS, table="score")
        run_pending(factory)
    assert "姓名与准考证号不符" in str(see(job).errors)


def test_e110_the_sheet_is_refused_outside_the_window(
    as_: Any, factory: Any, clerk: Any, upload: Any, see: Any
) -> None:
    plan_id = a_seated_plan(as_)
    actor = clerk()
    with clock.travel(exams.at("2020-12-26T00:00")):
        job = upload(actor, rows(as_, plan_id, ("正常", 80)), labels=LABELS, table="score")
        run_pending(factory)
    assert "不在成绩登记时间内" in str(see(job).errors)
