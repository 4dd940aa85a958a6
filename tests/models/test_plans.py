"""Where a plan stands is a matter of its windows (4.5, R62–R64, E75–E81)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from models.plans import ExamPlan, ExamSession, PlanState, PlanSubject
from tests.models.exams import CANDIDATE, at, plan, published, registered
from tests.models.world import BEIJING, ORGANISATION, QINGDAO, found

MOMENTS = {
    "2020-12-01T00:00": {"未开始"},
    "2020-12-08T00:00": {"报考中"},
    "2020-12-15T00:00": {"报考中", "排考中"},
    "2020-12-21T12:00": {"报考中", "排考中", "考试中"},
    "2020-12-22T00:00": {"考试中", "登记中"},
    "2020-12-25T23:59": {"登记中"},
    "2020-12-26T00:00": {"待下一阶段"},
    "2020-12-30T23:59": {"公示中"},
    "2020-12-31T00:00": {"已结束"},
}


@pytest.mark.parametrize(("moment", "words"), MOMENTS.items(), ids=MOMENTS)
def test_several_phases_hold_at_once(moment: str, words: set[str]) -> None:
    """E78: on 12-21 registration, scheduling and exam are all open."""
    assert set(plan().phases(at(moment))) == words


def test_the_tabs_of_the_list_count_what_the_plan_says_of_itself(as_: Any) -> None:
    """E78: all three tabs count it; 登记/公示中 is one tab for two windows."""
    published(as_)
    tabs = {"登记中": "登记/公示中", "公示中": "登记/公示中"}
    with as_(ORGANISATION) as db:
        for text, words in MOMENTS.items():
            counted = {
                label
                for label, condition in ExamPlan.PHASES.items()
                if db.scalar(sa.select(sa.func.count()).where(condition(at(text))).select_from(ExamPlan))
            }
            assert counted == {tabs.get(word, word) for word in words} - {"待下一阶段"}, text


def test_a_draft_or_cancelled_plan_is_in_no_window() -> None:
    moment = at("2020-12-21T12:00")
    assert plan(state=PlanState.DRAFT).phases(moment) == ["草稿"]
    assert plan(state=PlanState.CANCELLED).phases(moment) == ["已取消"]
    assert not plan(state=PlanState.CANCELLED).holds("exam", moment)


def test_the_exam_window_tells_the_year_until_a_session_does() -> None:
    """E81, 9.7: an exam on 1 January belongs to the new year, in Shanghai's time."""
    made = ExamPlan(exam_from=datetime.fromisoformat("2019-12-31T16:30+00:00"))
    assert made.exam_year == 2020
    made.exam_year = 2019
    made.exam_from = at("2020-01-02")
    assert made.exam_year == 2019


@pytest.mark.parametrize(
    "windows",
    [
        {"registration_to": "2020-12-08"},
        {"scheduling_from": "2020-12-07"},
        {"registration_to": "2020-12-24"},
        {"recording_to": "2020-12-28"},
    ],
    ids=["E75 an empty window", "scheduling before registration", "registration after the exam", "E79"],
)
def test_windows_out_of_order_are_refused(as_: Any, windows: dict[str, str]) -> None:
    found(as_)
    with as_(ORGANISATION) as db, pytest.raises(IntegrityError, match="ck_exam_plan_rule"):
        db.add(plan(**{name: at(text) for name, text in windows.items()}))
        db.flush()


@pytest.mark.parametrize(
    ("starts", "ends", "rule"),
    [
        ("2020-12-21T10:30", "2020-12-21T10:30", "rule_1"),
        ("2020-12-21T10:30", "2020-12-21T09:00", "rule_1"),
        ("2020-12-21T23:00", "2020-12-22T01:00", "rule_2"),
        ("2020-12-21T09:30", "2020-12-21T10:30", "ex_exam_session"),
    ],
    ids=["no length", "backwards", "past midnight", "overlapping"],
)
def test_a_session_out_of_shape_is_refused(as_: Any, starts: str, ends: str, rule: str) -> None:
    """E75, R63."""
    published(as_)
    with as_(ORGANISATION) as db, pytest.raises(IntegrityError, match=rule):
        db.add(ExamSession(id=9, plan_subject_id=1, starts_at=at(starts), ends_at=at(ends)))
        db.flush()


def test_the_duration_is_the_sum_of_the_sessions(as_: Any) -> None:
    """R64, E77: 10:00–11:00 and 14:00–15:00 make 120 minutes."""
    published(as_)
    with as_(ORGANISATION) as db:
        assert db.get_one(PlanSubject, 2).total_minutes == 120


def test_drafts_are_seen_by_their_organisation_alone(as_: Any) -> None:
    found(as_)
    with as_(ORGANISATION) as db:
        db.add(plan(state=PlanState.DRAFT, published_at=None, plan_code=None))
        db.commit()
        assert db.scalars(sa.select(ExamPlan)).all()
    with as_(QINGDAO) as db:
        assert not db.scalars(sa.select(ExamPlan)).all()


def test_publishing_a_plan_publishes_its_parts(as_: Any) -> None:
    published(as_)
    for actor in (QINGDAO, BEIJING):
        with as_(actor) as db:
            assert len(db.scalars(sa.select(ExamSession)).all()) == 3
    with as_(ORGANISATION) as db:
        withdrawn = db.get_one(ExamPlan, 1)
        withdrawn.state, withdrawn.published_at = PlanState.DRAFT, None
        db.commit()
    with as_(QINGDAO) as db:
        assert not db.scalars(sa.select(ExamSession)).all()


def test_a_candidate_sees_the_plans_it_is_registered_for(as_: Any) -> None:
    registered(as_)
    with as_(ORGANISATION) as db:
        db.add(plan(id=2, name="另一计划", plan_code="K202012010002"))
        db.commit()
    with as_(CANDIDATE) as db:
        assert db.scalars(sa.select(ExamPlan.id)).all() == [1]
        assert len(db.scalars(sa.select(ExamSession)).all()) == 3


def test_a_cancelled_plan_never_comes_back(as_: Any) -> None:
    published(as_)
    with as_(ORGANISATION) as db:
        cancelled = db.get_one(ExamPlan, 1)
        cancelled.state, cancelled.cancelled_at = PlanState.CANCELLED, at("2020-12-03")
        cancelled.cancel_reason = "报考人数不足"
        db.commit()
        cancelled.name = "改名"
        with pytest.raises(IntegrityError, match="计划已取消"):
            db.flush()
