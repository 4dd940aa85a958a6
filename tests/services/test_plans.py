"""Exam plans: what publishing asks of them (4.5, R61–R68, E74–E82)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from app.services import plans
from app.services.errors import DomainError
from models.certificates import Certificate, CertificateState, ExamMode, Subject, SubjectState
from models.kit import clock
from models.plans import ExamPlan, ExamSession, PassMode, PlanCertificate, PlanState, PlanSubject
from tests import factories_registrations as made
from tests.models import exams
from tests.models.world import ORGANISATION, found

As = Callable[..., Any]
at = exams.at
DRAFTED = {"plan_code": None, "published_at": None, "state": PlanState.DRAFT}
BEFORE = at("2020-12-01T09:00")
THREE = (("物流基础", ExamMode.COMPUTER), ("物流专业", ExamMode.COMPUTER), ("物流实务", ExamMode.PRACTICAL))


def a_draft(as_: As, **values: Any) -> int:
    """A draft of organisation 5 with certificate 1 and its three subjects, without sessions."""
    found(as_)
    with as_() as db:
        made.add_subjects(db, 1, THREE)
        db.commit()
    with clock.travel(BEFORE), as_(ORGANISATION) as db:
        plan = exams.plan(**{**DRAFTED, **values})
        db.add(plan)
        db.flush()
        plans.add_certificate(db, plan, db.get_one(Certificate, 1))
        db.commit()
        return int(plan.id)


def subjects_of(db: Any, plan_id: int) -> list[PlanSubject]:
    return list(
        db.scalars(sa.select(PlanSubject).where(PlanSubject.plan_id == plan_id).order_by(PlanSubject.id))
    )


def with_sessions(as_: As, plan_id: int, starts: str = "2020-12-21T08:30", minutes: int = 90) -> None:
    with clock.travel(BEFORE), as_(ORGANISATION) as db:
        plan = db.get_one(ExamPlan, plan_id)
        for number, subject in enumerate(subjects_of(db, plan_id)):
            begins = at(starts) + timedelta(hours=2 * number)
            plans.add_session(db, plan, subject, begins, begins + timedelta(minutes=minutes))
        db.commit()


def publish(as_: As, plan_id: int) -> ExamPlan:
    with clock.travel(BEFORE), as_(ORGANISATION) as db:
        plan = db.get_one(ExamPlan, plan_id)
        plans.publish(db, ORGANISATION, [plan])
        db.commit()
        return plan


def refused(as_: As, plan_id: int) -> str:
    with pytest.raises(DomainError) as refusal:
        publish(as_, plan_id)
    with as_() as db:
        assert db.get_one(ExamPlan, plan_id).state is PlanState.DRAFT
    return refusal.value.message


def set_weights(as_: As, plan_id: int, *weights: int) -> None:
    with as_(ORGANISATION) as db:
        for subject, weight in zip(subjects_of(db, plan_id), weights, strict=True):
            subject.weight = weight
        db.commit()


def test_e74_weights_of_40_30_20_are_refused_and_40_30_30_published(as_: As) -> None:
    plan_id = a_draft(as_)
    with_sessions(as_, plan_id)
    set_weights(as_, plan_id, 40, 30, 20)
    assert "合计为90,应为100" in refused(as_, plan_id)
    set_weights(as_, plan_id, 40, 30, 30)
    plan = publish(as_, plan_id)
    assert plan.state is PlanState.PUBLISHED
    assert plan.plan_code is not None and plan.plan_code.startswith("K20201201") and len(plan.plan_code) == 13


def test_a_certificate_comes_with_its_enabled_subjects_and_even_weights(as_: As) -> None:
    plan_id = a_draft(as_)
    with as_() as db:
        assert [s.weight for s in subjects_of(db, plan_id)] == [34, 33, 33]


@pytest.mark.parametrize(
    ("starts", "ends"),
    [
        ("2020-12-21T10:30", "2020-12-21T10:30"),
        ("2020-12-21T10:30", "2020-12-21T09:00"),
        ("2020-12-21T23:00", "2020-12-22T01:00"),
    ],
)
def test_e75_a_session_must_begin_before_it_ends_on_the_same_day(as_: As, starts: str, ends: str) -> None:
    plan_id = a_draft(as_)
    with clock.travel(BEFORE), as_(ORGANISATION) as db:
        plan, subject = db.get_one(ExamPlan, plan_id), subjects_of(db, plan_id)[0]
        with pytest.raises(DomainError):
            plans.add_session(db, plan, subject, at(starts), at(ends))
        db.rollback()
        assert db.scalar(sa.select(sa.func.count()).select_from(ExamSession)) == 0


def test_e76_a_session_outside_the_exam_window_is_named(as_: As) -> None:
    plan_id = a_draft(as_)
    with_sessions(as_, plan_id)
    with as_() as db:  # the window moved after the sessions were set
        plan = db.get_one(ExamPlan, plan_id)
        plan.exam_from = at("2020-12-21T09:00")
        db.commit()
    assert "场次2020-12-21 08:30~10:00不在考试时间内" in refused(as_, plan_id)


def test_e77_the_duration_of_a_subject_is_the_sum_of_its_sessions(as_: As) -> None:
    plan_id = a_draft(
        as_, exam_to=at("2020-12-25"), recording_to=at("2020-12-28"), publicity_from=at("2020-12-28")
    )
    with clock.travel(BEFORE), as_(ORGANISATION) as db:
        plan, (one, other, _) = db.get_one(ExamPlan, plan_id), subjects_of(db, plan_id)
        for day in ("2020-12-21", "2020-12-22"):
            plans.add_session(db, plan, one, at(f"{day}T14:00"), at(f"{day}T23:55"))
            plans.add_session(db, plan, other, at(f"{day}T10:30"), at(f"{day}T11:30"))
        db.commit()
        db.expire_all()
        assert one.total_minutes == 1190
        assert other.total_minutes == 120


def test_e78_overlapping_windows_are_legal_and_each_phase_counts(as_: As) -> None:
    plan_id = a_draft(as_)
    with_sessions(as_, plan_id)
    plan = publish(as_, plan_id)
    moment = at("2020-12-21T12:00")
    assert plan.phases(moment) == ["报考中", "排考中", "考试中"]
    with as_(ORGANISATION) as db:
        for label in ("报考中", "排考中", "考试中"):
            where = ExamPlan.PHASES[label](moment)
            assert db.scalar(sa.select(sa.func.count()).select_from(ExamPlan).where(where)) == 1


def test_e79_publicity_before_recording_ends_is_refused(as_: As) -> None:
    early = exams.plan(**DRAFTED, publicity_from=at("2020-12-25T23:00"))
    assert plans.window_problems(early) == ["成绩公示不能早于成绩登记结束"]
    found(as_)
    with as_(ORGANISATION) as db:
        db.add(early)
        with pytest.raises(sa.exc.IntegrityError):  # the database holds it too
            db.flush()


def test_e80_a_window_of_a_single_day_is_24_hours(as_: As) -> None:
    plan_id = a_draft(
        as_, exam_from=at("2020-12-21"), exam_to=at("2020-12-22"), recording_from=at("2020-12-30"),
        recording_to=at("2020-12-31"), publicity_from=at("2021-01-05"), publicity_to=at("2021-01-08"),
    )  # fmt: skip
    with_sessions(as_, plan_id)
    plan = publish(as_, plan_id)
    assert plan.recording_to - plan.recording_from == timedelta(hours=24)
    assert plan.holds("recording", at("2020-12-30T00:00")) and plan.holds("recording", at("2020-12-30T23:59"))
    assert not plan.holds("recording", at("2020-12-31T00:00"))


def test_e81_the_year_is_that_of_the_first_session(as_: As) -> None:
    plan_id = a_draft(
        as_, exam_from=at("2020-12-30"), exam_to=at("2021-01-04"), recording_from=at("2021-01-04"),
        recording_to=at("2021-01-08"), publicity_from=at("2021-02-01"), publicity_to=at("2021-02-08"),
    )  # fmt: skip
    with_sessions(as_, plan_id, starts="2021-01-02T08:30")
    assert publish(as_, plan_id).exam_year == 2021


def test_e82_a_disabled_subject_stays_out_of_new_plans(as_: As) -> None:
    plan_id = a_draft(as_)
    with_sessions(as_, plan_id)
    with as_() as db:
        subject = db.scalars(sa.select(Subject).order_by(Subject.id)).first()
        subject.state = SubjectState.DISABLED
        db.commit()
    assert "科目“物流基础”已停用" in refused(as_, plan_id)
    with clock.travel(BEFORE), as_(ORGANISATION) as db:
        plan = exams.plan(**{**DRAFTED, "name": "另一计划"})
        db.add(plan)
        db.flush()
        plans.add_certificate(db, plan, db.get_one(Certificate, 1))
        assert [s.subject_name for s in subjects_of(db, plan.id)] == ["物流专业", "物流实务"]


def test_r61_a_plan_without_certificate_or_sessions_is_refused(as_: As) -> None:
    plan_id = a_draft(as_)
    assert "科目“物流基础”没有场次" in refused(as_, plan_id)
    with as_() as db:
        db.execute(sa.delete(PlanCertificate))
        db.commit()
    assert "计划还没有考核证书" in refused(as_, plan_id)


def test_r67_each_needs_no_weights(as_: As) -> None:
    plan_id = a_draft(as_)
    with_sessions(as_, plan_id)
    set_weights(as_, plan_id, 0, 0, 0)
    with as_(ORGANISATION) as db:
        rule = db.scalars(sa.select(PlanCertificate)).one()
        rule.pass_mode, rule.total_pass_mark = PassMode.EACH, None
        db.commit()
    assert publish(as_, plan_id).state is PlanState.PUBLISHED


def test_a_certificate_that_is_not_enabled_cannot_join(as_: As) -> None:
    plan_id = a_draft(as_)
    with as_() as db:
        db.get_one(Certificate, 1).state = CertificateState.DISABLED
        db.commit()
    with clock.travel(BEFORE), as_(ORGANISATION) as db, pytest.raises(DomainError, match="未启用"):
        plans.add_certificate(db, db.get_one(ExamPlan, plan_id), db.get_one(Certificate, 1))


def test_withdrawing_is_refused_once_registration_begins(as_: As) -> None:
    plan_id = a_draft(as_)
    with_sessions(as_, plan_id)
    publish(as_, plan_id)
    refusal = pytest.raises(DomainError, match="报考已开始,不能撤回")
    with clock.travel(at("2020-12-08T00:00")), as_(ORGANISATION) as db, refusal:
        plans.withdraw(db, ORGANISATION, [db.get_one(ExamPlan, plan_id)])
    with clock.travel(at("2020-12-07T23:00")), as_(ORGANISATION) as db:
        plan = db.get_one(ExamPlan, plan_id)
        plans.withdraw(db, ORGANISATION, [plan])
        assert plan.state is PlanState.DRAFT


def test_a_window_is_extended_in_order_and_never_after_the_lock(as_: As) -> None:
    plan_id = a_draft(as_)
    with_sessions(as_, plan_id)
    plan = publish(as_, plan_id)
    with clock.travel(at("2020-12-20T10:00")), as_(ORGANISATION) as db:
        plan = db.get_one(ExamPlan, plan_id)
        with pytest.raises(DomainError, match="应晚于现在的结束时间"):
            plans.extend(db, plan, "registration", plan.registration_to)
        with pytest.raises(DomainError, match="报考时间应在考试结束前结束"):
            plans.extend(db, plan, "registration", plan.exam_to + timedelta(days=1))
    with (
        clock.travel(plan.publicity_to),
        as_(ORGANISATION) as db,
        pytest.raises(DomainError, match="成绩已锁定"),
    ):
        plans.extend(db, db.get_one(ExamPlan, plan_id), "publicity", plan.publicity_to + timedelta(days=1))


def test_marks_are_exact_decimals(as_: As) -> None:
    plan_id = a_draft(as_)
    with as_() as db:
        assert {s.pass_mark for s in subjects_of(db, plan_id)} == {Decimal("60.0")}
