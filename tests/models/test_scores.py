"""Scores lock for ever; candidates see them from the publicity on (4.10, 4.15, R98–R105)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, ProgrammingError

from models.candidates import Candidate
from models.kit import clock
from models.scores import (
    CertificateResult,
    ExamStatus,
    Recheck,
    RecheckState,
    ResultOutcome,
    Score,
    ScoreChange,
    ScoreState,
)
from tests.models.exams import CANDIDATE, at, lock, passed, scored
from tests.models.world import BEIJING, ORGANISATION, PLATFORM, QINGDAO, SHANDONG


def test_publicity_is_a_matter_of_time() -> None:
    score = Score(state=ScoreState.RECORDED, visible_from=at("2020-12-27"))
    assert score.phase(at("2020-12-26T23:59")) == "已登记"
    assert score.phase(at("2020-12-27")) == "公示中"
    score.state = ScoreState.LOCKED
    assert score.phase(at("2020-12-28")) == "已锁定"


def test_absence_counts_nothing() -> None:
    """R98."""
    assert Score(exam_status=ExamStatus.ABSENT, value=None).counted == 0
    assert Score(value=Decimal("87.5")).counted == Decimal("87.5")


def test_the_tabs_count_by_the_same_words(as_: Any) -> None:
    scored(as_)
    with as_(ORGANISATION) as db:

        def held(moment: str) -> list[str]:
            return [
                label
                for label, condition in Score.PHASES.items()
                if db.scalars(sa.select(Score.id).where(condition(at(moment)))).all()
            ]

        assert held("2020-12-26T23:59") == ["已登记"]
        assert held("2020-12-27") == ["公示中"]


def test_a_candidate_sees_the_score_from_the_publicity_on(as_: Any) -> None:
    """E115: one second before, no row."""
    scored(as_)
    for moment, seen in (("2020-12-26T23:59:59", 0), ("2020-12-27T00:00:01", 1)):
        with clock.travel(at(moment)), as_(CANDIDATE) as db:
            assert len(db.scalars(sa.select(Score)).all()) == seen, moment


def test_a_score_is_seen_by_those_concerned(as_: Any) -> None:
    scored(as_)
    for actor, seen in ((QINGDAO, 1), (ORGANISATION, 1), (PLATFORM, 1), (BEIJING, 0)):
        with as_(actor) as db:
            assert len(db.scalars(sa.select(Score)).all()) == seen, actor.kind
    with as_(SHANDONG) as db, pytest.raises(ProgrammingError, match="permission denied"):
        db.scalars(sa.select(Score)).all()


@pytest.mark.parametrize(
    ("status", "value"),
    [(ExamStatus.NORMAL, None), (ExamStatus.ABSENT, Decimal(0)), (ExamStatus.NORMAL, Decimal("100.5")),
     (ExamStatus.NORMAL, Decimal(-1))],
    ids=["normal without value", "E112", "E111 above", "E111 below"],
)  # fmt: skip
def test_a_score_out_of_shape_is_refused(as_: Any, status: ExamStatus, value: Decimal | None) -> None:
    scored(as_)
    with as_(ORGANISATION) as db, pytest.raises(IntegrityError, match="ck_score_rule"):
        db.execute(sa.update(Score).values(exam_status=status, value=value))


@pytest.mark.parametrize("actor", ["organisation", "job"])
def test_a_locked_score_changes_for_nobody(as_: Any, actor: str) -> None:
    """R105, E117."""
    scored(as_)
    lock(as_)
    with as_(*([ORGANISATION] if actor == "organisation" else [])) as db:
        for statement in (sa.update(Score).values(value=99), sa.delete(Score)):
            with pytest.raises(IntegrityError, match="成绩已锁定"):
                db.execute(statement)
            db.rollback()


def test_a_locked_score_does_not_hinder_a_corrected_name(as_: Any) -> None:
    """R51: the school may correct it until the first signature; the locked row keeps what it was locked with."""
    scored(as_)
    lock(as_)
    with as_(QINGDAO) as db:
        db.get_one(Candidate, 1).name = "张叁"
        db.commit()
        assert db.scalars(sa.select(Score.candidate_name)).one() == "张三"


def test_a_change_is_kept(as_: Any) -> None:
    """R102."""
    scored(as_)
    with as_(ORGANISATION) as db:
        db.add(
            ScoreChange(
                id=1,
                score_id=1,
                old_status=ExamStatus.NORMAL,
                old_value=Decimal(58),
                new_status=ExamStatus.NORMAL,
                new_value=Decimal(62),
                reason="阅卷漏分",
            )
        )
        db.commit()
        with pytest.raises(ProgrammingError, match="permission denied"):
            db.execute(sa.delete(ScoreChange))
    with as_() as db, pytest.raises(IntegrityError):
        db.execute(sa.update(ScoreChange).values(reason="改写历史"))


def test_one_open_recheck_a_score(as_: Any) -> None:
    """4.15: a candidate asks, and may withdraw; it cannot answer itself."""
    scored(as_)
    with clock.travel(at("2020-12-28")), as_(CANDIDATE) as db:
        db.add(Recheck(id=1, score_id=1, reason="与估分相差较大"))
        db.commit()
        with pytest.raises(IntegrityError, match="uq_recheck_score_id_when"):
            db.add(Recheck(id=2, score_id=1, reason="请再核对一次"))
            db.flush()
        db.rollback()
        with pytest.raises(ProgrammingError, match="permission denied"):
            db.execute(sa.update(Recheck).values(answer="维持原分"))
        db.rollback()
        db.execute(sa.update(Recheck).values(state=RecheckState.WITHDRAWN))
        db.commit()
        db.add(Recheck(id=2, score_id=1, reason="请再核对一次"))
        db.commit()


def test_a_final_result_stays(as_: Any) -> None:
    passed(as_)
    with as_(ORGANISATION) as db:
        db.execute(sa.update(CertificateResult).values(final_at=at("2020-12-31")))
        db.commit()
        with pytest.raises(IntegrityError, match="考证结果已最终确定"):
            db.execute(sa.update(CertificateResult).values(outcome=ResultOutcome.FAILED))
