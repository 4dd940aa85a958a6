"""Fee slips by the sheet (6.2; R83, E105–E107)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from app.access.actor import JOB, Actor
from app.jobs.running import run_pending
from app.services import imports
from app.services.errors import Refused
from app.services.fees_import import CONFIRMATIONS, FOR_CERTIFICATES, FOR_SUBJECTS
from app.services.logins import actor_of
from models.accounts import Role
from models.candidates import Candidate
from models.certificates import Certificate
from models.fees import FeeSlip, SlipState
from models.jobs import Job, JobState
from models.kit import clock
from models.plans import ExamPlan, FeeMode, PlanSubject
from tests import factories
from tests import factories_registrations as make
from tests.factories_registrations import IN_REGISTRATION
from tests.models.world import QINGDAO

PYTHON = "Python程序开发"
LABELS = {
    "by_certificate": [column.label for column in FOR_CERTIFICATES.columns],
    "by_subject": [column.label for column in FOR_SUBJECTS.columns],
    "confirmations": [column.label for column in CONFIRMATIONS.columns],
}


@pytest.fixture(autouse=True)
def december() -> Iterator[None]:
    with clock.travel(IN_REGISTRATION):
        yield


class Counter:
    """A school that pays and an organisation that is paid, both by sheets."""

    def __init__(self, as_: Any, school: Actor, factory: Any, upload: Any, see: Any, confirm: Any) -> None:
        self.as_, self.school, self.factory = as_, school, factory
        self._upload, self._see, self._confirm = upload, see, confirm
        make.a_pilot_school_with_quota(as_)
        self.plan_id = make.a_published_plan(as_, fee_mode=FeeMode.EITHER)
        with as_(JOB) as db:
            db.get_one(Certificate, 1).fee_per_certificate = Decimal(100)
            self.organisation = actor_of(factories.account(db, Role.ORGANISATION_MANAGER, organisation_id=5))
            db.commit()

    def enter(self, number: int) -> list[Candidate]:
        ids = make.registered_candidates(self.as_, number, plan_id=self.plan_id)
        with self.as_(QINGDAO) as db:
            return list(db.scalars(sa.select(Candidate).where(Candidate.id.in_(ids)).order_by(Candidate.id)))

    def code(self, plan_id: int = 0) -> str:
        with self.as_(QINGDAO) as db:
            return str(db.get_one(ExamPlan, plan_id or self.plan_id).plan_code)

    def subjects(self) -> list[str]:
        with self.as_(QINGDAO) as db:
            codes = sa.select(PlanSubject.subject_code).where(PlanSubject.plan_id == self.plan_id)
            return list(db.scalars(codes.order_by(PlanSubject.subject_id)))

    def check(self, name: str, rows: Sequence[Sequence[Any]], actor: Actor | None = None) -> Job:
        job = self._upload(actor or self.school, rows, labels=LABELS[name], table="fee_slip", name=name)
        run_pending(self.factory)
        found: Job = self._see(job)
        return found

    def confirm(self, job: Job, actor: Actor | None = None, mode: str | None = None) -> Job:
        found: Job = self._confirm(actor or self.school, job.id, mode)
        return found

    def slips(self) -> list[FeeSlip]:
        with self.as_(QINGDAO) as db:
            return list(db.scalars(sa.select(FeeSlip).order_by(FeeSlip.id)))


@pytest.fixture
def counter(as_: Any, manager: Any, factory: Any, upload: Any, see: Any, confirm: Any) -> Counter:
    return Counter(as_, manager, factory, upload, see, confirm)


def errors(job: Job) -> dict[int, str]:
    return {number: reason for number, _, reason in job.errors or []}


def test_one_file_makes_one_slip(counter: Counter) -> None:
    people = counter.enter(3)
    job = counter.check(
        "by_certificate", [[counter.code(), PYTHON, "中级", p.id_number, p.name] for p in people]
    )
    done = counter.confirm(job)
    (slip,) = counter.slips()
    assert (slip.person_times, slip.amount) == (3, Decimal(300))
    assert done.notes == [f"已生成缴费单{slip.slip_number},共3人次,应缴300.00元"]


def test_e106_by_subject_each_subject_counts(counter: Counter) -> None:
    people = counter.enter(2)
    rows = [[counter.code(), subject, p.id_number, p.name] for p in people for subject in counter.subjects()]
    counter.confirm(counter.check("by_subject", rows))
    (slip,) = counter.slips()
    assert (slip.person_times, slip.amount) == (4, None)


def test_e105_a_row_already_on_a_slip_or_paid_is_refused_by_its_number(counter: Counter) -> None:
    first, second, third = counter.enter(3)

    def row(person: Candidate) -> list[Any]:
        return [counter.code(), PYTHON, "中级", person.id_number, person.name]

    for person in (first, second):
        counter.confirm(counter.check("by_certificate", [row(person)]))
    one, other = counter.slips()
    job = counter.check("confirmations", [[one.slip_number, None, None, None]], counter.organisation)
    counter.confirm(job, counter.organisation)
    assert errors(counter.check("by_certificate", [row(first), row(second), row(third)])) == {
        2: "已缴费",
        3: f"已在缴费单{other.slip_number}中",
    }


def test_who_is_not_registered_and_another_plan_are_refused(counter: Counter) -> None:
    (entered,), (stranger,) = counter.enter(1), make.candidates(counter.as_, 1)
    with counter.as_(QINGDAO) as db:
        other = db.get_one(Candidate, stranger)
    elsewhere = make.a_published_plan(counter.as_, fee_mode=FeeMode.NONE)
    rows = [
        [counter.code(), PYTHON, "中级", entered.id_number, entered.name],
        [counter.code(), PYTHON, "中级", other.id_number, other.name],
        [counter.code(elsewhere), PYTHON, "中级", entered.id_number, entered.name],
    ]
    assert errors(counter.check("by_certificate", rows)) == {
        3: "未报考该证书",
        4: "一个文件只能填写一个考试计划;计划不收费",
    }
    rows = [[counter.code(), counter.subjects()[0], other.id_number, other.name]]
    assert errors(counter.check("by_subject", rows)) == {2: "未报考该科目"}


def test_e107_slips_are_confirmed_by_number_and_a_difference_only_with_an_explicit_word(
    counter: Counter,
) -> None:
    for person in counter.enter(3):
        row = [counter.code(), PYTHON, "中级", person.id_number, person.name]
        counter.confirm(counter.check("by_certificate", [row]))
    full, less, never = counter.slips()
    rows = [
        [full.slip_number, "100.00", "2020-12-09", None],
        [less.slip_number, "90.00", "2020-12-09", None],
        ["20200101000009", None, None, None],
    ]
    job = counter.check("confirmations", rows, counter.organisation)
    assert errors(job) == {
        3: "实收金额与应收不符(应收100.00),仍要确认请在“差额确认”列填“是”",
        4: "缴费单不存在",
    }
    counter.confirm(job, counter.organisation, imports.GOOD)
    rows = [[full.slip_number, None, None, None], [less.slip_number, "90.00", "2020-12-09", "是"]]
    again = counter.check("confirmations", rows, counter.organisation)
    assert errors(again) == {2: "已确认"}
    counter.confirm(again, counter.organisation, imports.GOOD)
    states = {slip.slip_number: (slip.state, slip.received_amount) for slip in counter.slips()}
    assert states == {
        full.slip_number: (SlipState.CONFIRMED, 100),
        less.slip_number: (SlipState.CONFIRMED, 90),
        never.slip_number: (SlipState.PENDING, None),
    }


def test_a_school_cannot_confirm_by_sheet(counter: Counter) -> None:
    with pytest.raises(Refused):
        counter.check("confirmations", [["20201210000001", None, None, None]])


def test_a_slip_made_meanwhile_takes_the_import_back(counter: Counter) -> None:
    (person,) = counter.enter(1)
    row = [counter.code(), PYTHON, "中级", person.id_number, person.name]
    late = counter.check("by_certificate", [row])
    counter.confirm(counter.check("by_certificate", [row]))
    failed = counter.confirm(late)
    assert (failed.state, len(counter.slips())) == (JobState.FAILED, 1)
    assert "已在缴费单" in (failed.error or "")
