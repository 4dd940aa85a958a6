"""Scores, results and the lock: E110–E120, R97–R113, check 18 and 19."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from threading import Barrier
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.access.actor import JOB, Actor, WalledSession, acting_as
from app.services import numbers, results, scores
from app.services.errors import DomainError
from models.accounts import Role
from models.certificates import Certificate, ExamMode, Level
from models.issuance import IssuanceState, IssuanceTask
from models.jobs import Message
from models.kit import clock
from models.plans import ExamPlan, PassMode, PlanCertificate, PlanSubject
from models.registrations import Registration, RegistrationState
from models.scores import (
    CertificateResult,
    ExamStatus,
    Recheck,
    ResultOutcome,
    Score,
    ScoreChange,
    ScoreState,
)
from tests import factories
from tests import factories_registrations as made
from tests import factories_scheduling as seats
from tests.models import exams

As = Callable[..., Any]
at = exams.at
CLERK = Actor("organisation", tenant=5, role="organisation.clerk")
RECORDING = at("2020-12-23T09:00")
PUBLICITY = at("2020-12-28T09:00")
OVER = at("2020-12-31T00:00")
THREE = (("职业道德", ExamMode.COMPUTER), ("专业知识", ExamMode.COMPUTER), ("综合实务", ExamMode.PRACTICAL))


def a_seated_plan(as_: As, people: int = 1, weights: tuple[int, ...] = (40, 30, 30)) -> int:
    """A plan of certificate 1 with three subjects at 40/30/30, mark 60; everybody seated, schedule published."""
    made.a_pilot_school_with_quota(as_, 500)
    with as_() as db:
        made.add_subjects(db, 1, THREE)
        db.commit()
    plan_id = made.a_published_plan(as_)
    with as_() as db:
        rows = db.scalars(
            sa.select(PlanSubject).where(PlanSubject.plan_id == plan_id).order_by(PlanSubject.id)
        )
        for subject, weight in zip(rows, weights, strict=True):
            subject.weight = weight
        db.commit()
    site = seats.a_site(as_)
    seats.both_kinds(as_, plan_id, site, 30, 30)
    made.registered_candidates(as_, people, plan_id=plan_id)
    seats.scheduled(as_, plan_id, publish=True)
    return plan_id


def entries(db: Session, plan_id: int) -> list[Registration]:
    rows = sa.select(Registration).where(Registration.plan_id == plan_id)
    return list(db.scalars(rows.order_by(Registration.candidate_id, Registration.plan_subject_id)))


def record(as_: As, plan_id: int, *values: str | None, actor: Actor = CLERK) -> None:
    """Record the values in the order of candidates and subjects; None = 缺考."""
    with clock.travel(RECORDING), as_(actor) as db:
        for registration, value in zip(entries(db, plan_id), values, strict=False):
            status = ExamStatus.ABSENT if value is None else ExamStatus.NORMAL
            scores.record(db, actor, registration, status, None if value is None else Decimal(value))
        db.commit()


def computed(as_: As, plan_id: int) -> CertificateResult:
    with clock.travel(at("2020-12-26T00:00")), as_(JOB) as db:
        results.compute(db, plan_id)
        db.commit()
        return db.scalars(sa.select(CertificateResult).where(CertificateResult.plan_id == plan_id)).one()


def locked(as_: As, plan_id: int) -> int:
    with clock.travel(OVER), as_(JOB) as db:
        count = scores.lock_plan(db, db.get_one(ExamPlan, plan_id))
        db.commit()
        return count


@pytest.mark.parametrize("moment", ["2020-12-21T23:00", "2020-12-26T00:00"])
def test_e110_recording_before_or_after_its_window_is_refused(as_: As, moment: str) -> None:
    plan_id = a_seated_plan(as_)
    with clock.travel(at(moment)), as_(CLERK) as db, pytest.raises(DomainError, match="不在成绩登记时间内"):
        scores.record(db, CLERK, entries(db, plan_id)[0], ExamStatus.NORMAL, Decimal(80))


@pytest.mark.parametrize("value", ["-1", "100.5", "87.55", "NaN"])
def test_e111_a_score_is_0_to_full_with_one_decimal(value: str) -> None:
    with pytest.raises(DomainError, match="分数应为0–100,最多一位小数"):
        scores.check_value(ExamStatus.NORMAL, Decimal(value), Decimal("100.0"))


@pytest.mark.parametrize("value", ["0", "100", "87.5"])
def test_e111_the_edges_are_accepted(value: str) -> None:
    scores.check_value(ExamStatus.NORMAL, Decimal(value), Decimal("100.0"))


def test_e112_absence_takes_no_score_and_counts_zero(as_: As) -> None:
    with pytest.raises(DomainError, match="缺考/违纪不应填写分数"):
        scores.check_value(ExamStatus.ABSENT, Decimal(0), Decimal(100))
    plan_id = a_seated_plan(as_)
    record(as_, plan_id, "100", "100", None)
    assert computed(as_, plan_id).total == Decimal("70.000")


@pytest.mark.parametrize(
    ("values", "total", "outcome"),
    [
        (("59.9", "60", "60"), "59.960", ResultOutcome.FAILED),
        (("100", "30", "36.7"), "60.010", ResultOutcome.PASSED),
        (("60", "60", "60"), "60.000", ResultOutcome.PASSED),
    ],
)
def test_e113_the_weighted_total_is_exact(as_: As, values: Any, total: str, outcome: ResultOutcome) -> None:
    plan_id = a_seated_plan(as_)
    record(as_, plan_id, *values)
    result = computed(as_, plan_id)
    assert (result.total, result.outcome) == (Decimal(total), outcome)


def test_e114_each_subject_must_reach_its_own_mark(as_: As) -> None:
    plan_id = a_seated_plan(as_)
    with as_() as db:
        db.scalars(sa.select(PlanCertificate)).one().pass_mode = PassMode.EACH
        db.commit()
    record(as_, plan_id, "60", "60", "59.9")
    assert computed(as_, plan_id).outcome is ResultOutcome.FAILED
    record(as_, plan_id, "60", "60", "60")
    assert computed(as_, plan_id).outcome is ResultOutcome.PASSED


def test_r106_misconduct_in_one_subject_fails_the_certificate(as_: As) -> None:
    plan_id = a_seated_plan(as_)
    record(as_, plan_id, "100", "100", "100")
    with clock.travel(RECORDING), as_(CLERK) as db:
        scores.record(db, CLERK, entries(db, plan_id)[2], ExamStatus.MISCONDUCT, None)
        db.commit()
    assert computed(as_, plan_id).outcome is ResultOutcome.FAILED


def test_e115_the_candidate_sees_a_score_from_publicity_on(as_: As) -> None:
    plan_id = a_seated_plan(as_)
    record(as_, plan_id, "80", "80", "80")
    with as_() as db:
        person = db.scalar(sa.select(Registration.person_id).limit(1))
    candidate = Actor("candidate", tenant=person, role="candidate")
    for moment, seen in ((at("2020-12-27") - timedelta(seconds=1), 0), (at("2020-12-27"), 3)):
        with clock.travel(moment), as_(candidate) as db:
            assert db.scalar(sa.select(sa.func.count()).select_from(Score)) == seen


def test_e116_a_correction_in_publicity_turns_the_result_and_makes_the_task(as_: As) -> None:
    plan_id = a_seated_plan(as_)
    record(as_, plan_id, "58", "60", "60")
    assert computed(as_, plan_id).outcome is ResultOutcome.FAILED
    with clock.travel(PUBLICITY), as_(CLERK) as db:
        score = db.scalars(sa.select(Score).where(Score.value == 58)).one()
        scores.correct(db, CLERK, score, ExamStatus.NORMAL, Decimal(62), "答卷漏计一题")
        db.commit()
        assert db.scalars(sa.select(CertificateResult)).one().outcome is ResultOutcome.PASSED
        assert db.scalars(sa.select(IssuanceTask)).one().state is IssuanceState.WAITING_LOCK
        change = db.scalars(sa.select(ScoreChange)).one()
        assert (change.old_value, change.new_value, change.reason) == (
            Decimal(58),
            Decimal(62),
            "答卷漏计一题",
        )


def test_a_result_that_turns_to_failed_withdraws_its_task(as_: As) -> None:
    plan_id = a_seated_plan(as_)
    record(as_, plan_id, "70", "70", "70")
    computed(as_, plan_id)
    with clock.travel(PUBLICITY), as_(CLERK) as db:
        score = db.scalars(sa.select(Score).order_by(Score.id)).first()
        scores.correct(db, CLERK, score, ExamStatus.NORMAL, Decimal(10), "评分表录入错位")
        db.commit()
        assert db.scalars(sa.select(IssuanceTask)).all() == []


def test_e117_after_publicity_service_and_trigger_refuse(as_: As, owner: Engine) -> None:
    plan_id = a_seated_plan(as_)
    record(as_, plan_id, "58", "60", "60")
    with clock.travel(OVER), as_(CLERK) as db:
        score = db.scalars(sa.select(Score).order_by(Score.id)).first()
        with pytest.raises(DomainError, match="公示已结束"):
            scores.correct(db, CLERK, score, ExamStatus.NORMAL, Decimal(62), "补登")
    locked(as_, plan_id)
    with clock.travel(OVER), as_(CLERK) as db:
        score = db.scalars(sa.select(Score).order_by(Score.id)).first()
        with pytest.raises(DomainError, match="成绩已锁定"):
            scores.correct(db, CLERK, score, ExamStatus.NORMAL, Decimal(62), "补登")
    for actor in (CLERK, JOB):  # check 19: the database itself, for every role and even its administrator
        with as_(actor) as db, pytest.raises(DBAPIError, match="成绩已锁定"):
            db.execute(sa.update(Score).values(value=Decimal(99)))
    with owner.connect() as connection, pytest.raises(DBAPIError, match="成绩已锁定"):
        connection.execute(sa.text("update score set value = 99"))


def test_e118_an_open_recheck_holds_back_one_score_and_its_result(as_: As) -> None:
    plan_id = a_seated_plan(as_, people=2)
    record(as_, plan_id, *["80"] * 6)
    computed_two(as_, plan_id)
    school = made.school_actor()
    with clock.travel(PUBLICITY), as_(school) as db:
        score = db.scalars(sa.select(Score).order_by(Score.id)).first()
        scores.ask_recheck(db, school, score, "考生认为客观题漏判")
        db.commit()
    assert locked(as_, plan_id) == 5
    with as_(JOB) as db:
        states = dict(db.execute(sa.select(Score.state, sa.func.count()).group_by(Score.state)).all())
        assert states == {ScoreState.LOCKED: 5, ScoreState.RECORDED: 1}
        final = db.scalars(sa.select(CertificateResult).where(CertificateResult.final_at.is_not(None))).all()
        assert len(final) == 1
    with clock.travel(OVER + timedelta(days=1)), as_(CLERK) as db:
        recheck = db.scalars(sa.select(Recheck)).one()
        scores.keep(db, CLERK, [recheck], answer="经复核,维持原成绩")
        db.commit()
    assert locked(as_, plan_id) == 1
    with as_(JOB) as db:
        tasks = db.scalars(sa.select(IssuanceTask)).all()
        assert {task.state for task in tasks} == {IssuanceState.WAITING_ORGANISATION}
        assert len({task.certificate_number for task in tasks}) == 2


def computed_two(as_: As, plan_id: int) -> None:
    with clock.travel(at("2020-12-26T00:00")), as_(JOB) as db:
        results.compute(db, plan_id)
        db.commit()


def test_the_recorder_does_not_answer_the_recheck_when_there_is_another_clerk(as_: As) -> None:
    plan_id = a_seated_plan(as_)
    with as_() as db:
        one = factories.account(db, Role.ORGANISATION_CLERK, organisation_id=5)
        other = factories.account(db, Role.ORGANISATION_CLERK, organisation_id=5)
        db.commit()
    recorder = Actor("organisation", one.id, 5, "organisation.clerk")
    second = Actor("organisation", other.id, 5, "organisation.clerk")
    record(as_, plan_id, "80", "80", "80", actor=recorder)
    school = made.school_actor()
    with clock.travel(PUBLICITY), as_(school) as db:
        scores.ask_recheck(
            db, school, db.scalars(sa.select(Score).order_by(Score.id)).first(), "对主观题有疑问"
        )
        db.commit()
    with clock.travel(PUBLICITY), as_(recorder) as db, pytest.raises(DomainError, match="另一位成绩登记员"):
        scores.keep(db, recorder, [db.scalars(sa.select(Recheck)).one()], answer="维持")
    with clock.travel(PUBLICITY), as_(second) as db:
        assert scores.keep(db, second, [db.scalars(sa.select(Recheck)).one()], answer="维持") == "已答复1件"


def test_e119_the_lock_may_run_again_and_numbers_stay_single(as_: As) -> None:
    plan_id = a_seated_plan(as_, people=4)
    record(as_, plan_id, *["75"] * 12)
    with clock.travel(OVER), as_(JOB) as db:
        scores.lock_plan(db, db.get_one(ExamPlan, plan_id))
        db.rollback()  # the process died before its commit
    assert locked(as_, plan_id) == 12
    assert locked(as_, plan_id) == 0
    with as_(JOB) as db:
        given = sorted(db.scalars(sa.select(IssuanceTask.certificate_number)))
        assert [number[-5:] for number in given] == ["00001", "00002", "00003", "00004"]
        assert {number[:18] for number in given} == {"156000310253700420"}


def test_e131_two_certificates_of_one_level_school_and_year_share_a_counter(as_: As) -> None:
    """R116: no certificate name is in the number, so it must tell the certificates apart by its serial."""
    made.a_pilot_school_with_quota(as_, 10)
    other = made.a_certificate(as_, subjects=(("数据库", ExamMode.COMPUTER),), level=Level.MIDDLE)
    made.a_pilot_school_with_quota(as_, 10, certificate_id=other)
    plan_id = made.a_published_plan(as_, certificates=(1, other))
    site = seats.a_site(as_, certificates=(1, other))
    seats.both_kinds(as_, plan_id, site, 10, 10)
    made.registered_candidates(as_, 2, plan_id=plan_id)
    made.registered_candidates(as_, 2, plan_id=plan_id, certificate_id=other)
    seats.scheduled(as_, plan_id, publish=True)
    with as_(JOB) as db:
        assert {c.level for c in db.scalars(sa.select(Certificate))} == {Level.MIDDLE}
        entered = len(entries(db, plan_id))
    record(as_, plan_id, *["80"] * entered)
    locked(as_, plan_id)
    with as_(JOB) as db:
        tasks = db.scalars(sa.select(IssuanceTask)).all()
        assert {task.certificate_id for task in tasks} == {1, other}
        given = sorted(str(task.certificate_number) for task in tasks)
        assert given == [f"15600031025370042000{serial:03d}" for serial in range(1, 5)]


@pytest.mark.parametrize(
    ("used", "given", "told"),
    [
        (94_998, ["94999", "95000"], ["证书编号即将用完:certificate:600031:02:537004:20"]),
        (99_997, ["99998", "99999"], []),
        (99_998, [], ["证书编号已用完:certificate:600031:02:537004:20"]),
    ],
)
def test_e92_the_hundred_thousandth_certificate_is_refused_and_the_operator_told(
    as_: As, used: int, given: list[str], told: list[str]
) -> None:
    """No number wraps; the scores are locked all the same, once, and the tasks without a number cannot be signed."""
    plan_id = a_seated_plan(as_, people=2)
    record(as_, plan_id, *["80"] * 6)
    with as_(JOB) as db:
        numbers.take(db, "certificate:600031:02:537004:20", used)
        db.commit()
    with clock.travel(OVER):
        for _ in range(2):  # however often the clock comes by
            with as_(JOB) as db:
                scores.lock_due(db)
                db.commit()
    with as_(JOB) as db:
        assert set(db.scalars(sa.select(Score.state))) == {ScoreState.LOCKED}
        tasks = db.scalars(sa.select(IssuanceTask)).all()
        assert sorted(task.certificate_number[-5:] for task in tasks if task.certificate_number) == given
        waiting = IssuanceState.WAITING_ORGANISATION if given else IssuanceState.WAITING_LOCK
        assert {task.state for task in tasks} == {waiting}
        assert db.scalars(sa.select(Message.title).where(Message.for_platform)).all() == told


def test_e120_a_missing_score_leaves_the_result_pending_and_tells_the_organisation(as_: As) -> None:
    plan_id = a_seated_plan(as_)
    record(as_, plan_id, "80", "80")
    locked(as_, plan_id)
    with as_(JOB) as db:
        result = db.scalars(sa.select(CertificateResult)).one()
        assert (result.outcome, result.final_at) == (ResultOutcome.PENDING, None)
        assert db.scalars(sa.select(IssuanceTask)).all() == []
        told = db.scalars(sa.select(Message.title).where(Message.organisation_id == 5)).all()
        assert any("1名考生缺少科目成绩" in title for title in told)


def test_the_lock_waits_for_the_end_of_publicity(as_: As) -> None:
    plan_id = a_seated_plan(as_)
    record(as_, plan_id, "80", "80", "80")
    with clock.travel(OVER - timedelta(seconds=1)), as_(JOB) as db:
        assert scores.due_for_lock(db) == []
        with pytest.raises(DomainError, match="公示未结束"):
            scores.lock_plan(db, db.get_one(ExamPlan, plan_id))


def test_recording_needs_a_seat_and_an_ended_session(as_: As) -> None:
    plan_id = a_seated_plan(as_)
    with as_() as db:
        entry = entries(db, plan_id)[0]
        db.execute(sa.text("delete from seat_assignment where registration_id = :id"), {"id": entry.id})
        entry.state, entry.site_id, entry.starts_at, entry.ends_at = (
            RegistrationState.REGISTERED,
            None,
            None,
            None,
        )
        db.commit()
    with clock.travel(RECORDING), as_(CLERK) as db, pytest.raises(DomainError, match="考生未排考"):
        scores.record(db, CLERK, entries(db, plan_id)[0], ExamStatus.NORMAL, Decimal(80))


def test_check18_no_correction_lands_after_the_lock(as_: As, engine: Engine) -> None:
    """Clerk and lock meet at a barrier, many times: a change is either before the lock or refused."""
    people = 10
    plan_id = a_seated_plan(as_, people=people)
    record(as_, plan_id, *["70"] * (3 * people))
    barrier = Barrier(2)

    def correcting() -> int:
        done = 0
        with WalledSession(engine, expire_on_commit=False) as db:
            with clock.travel(PUBLICITY), acting_as(CLERK, db):
                keys = list(db.scalars(sa.select(Score.id).order_by(Score.id)))
            barrier.wait()
            for key in keys:
                with clock.travel(PUBLICITY), acting_as(CLERK, db):
                    try:
                        scores.correct(
                            db, CLERK, db.get_one(Score, key), ExamStatus.NORMAL, Decimal(71), "并发更正"
                        )
                        db.commit()
                        done += 1
                    except (DomainError, DBAPIError, sa.orm.exc.StaleDataError):
                        db.rollback()
        return done

    def locking() -> None:
        with WalledSession(engine, expire_on_commit=False) as db:
            barrier.wait()
            with clock.travel(OVER), acting_as(JOB, db):
                scores.lock_plan(db, db.get_one(ExamPlan, plan_id))
                db.commit()

    with ThreadPoolExecutor(2) as pool:
        done, lock = pool.submit(correcting), pool.submit(locking)
        lock.result()
        corrected = done.result()
    locked(as_, plan_id)
    with as_(JOB) as db:
        changed = db.scalar(sa.select(sa.func.count()).select_from(Score).where(Score.value == 71))
        assert changed == corrected == db.scalar(sa.select(sa.func.count()).select_from(ScoreChange))
        assert (
            db.scalar(sa.select(sa.func.count()).select_from(Score).where(Score.state == ScoreState.LOCKED))
            == 3 * people
        )
        totals = db.execute(sa.select(CertificateResult.total, CertificateResult.final_at)).all()
        assert all(final is not None for _, final in totals)
        for result in db.scalars(
            sa.select(CertificateResult)
        ):  # write skew: totals agree with the locked scores
            marks = db.execute(
                sa.select(Score.value, PlanSubject.weight)
                .join(Registration, Registration.id == Score.registration_id)
                .join(PlanSubject, PlanSubject.id == Registration.plan_subject_id)
                .where(Registration.candidate_id == result.candidate_id)
            )
            assert result.total == sum(value * weight for value, weight in marks) / 100
