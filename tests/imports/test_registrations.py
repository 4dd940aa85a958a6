"""Registrations by the sheet: by certificate, by subject, deletions (6.2; R69–R78, E40, E56, E73, E83–E89)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
import sqlalchemy as sa

from app.jobs.running import run_pending
from app.services import imports
from app.services.errors import Conflict
from app.services.registrations_import import BY_CERTIFICATE, BY_SUBJECT, DELETIONS
from models.candidates import Candidate, IdentityState
from models.certificates import ExamMode
from models.jobs import Job, JobState
from models.kit import clock
from models.plans import ExamPlan, PlanSubject
from models.quotas import Quota
from models.registrations import Registration, RegistrationState
from tests import factories_registrations as make
from tests.factories_registrations import IN_REGISTRATION, at
from tests.models.world import QINGDAO

CERTIFICATE_LABELS = [column.label for column in BY_CERTIFICATE.columns]
SUBJECT_LABELS = [column.label for column in BY_SUBJECT.columns]
DELETION_LABELS = [column.label for column in DELETIONS.columns]
PYTHON = "Python程序开发"


@pytest.fixture(autouse=True)
def december() -> Iterator[None]:
    with clock.travel(IN_REGISTRATION):
        yield


class Desk:
    """A school with a published plan that uploads sheets about it."""

    def __init__(self, as_: Any, manager: Any, factory: Any, upload: Any, see: Any, confirm: Any) -> None:
        self.as_, self.manager, self.factory = as_, manager, factory
        self._upload, self._see, self._confirm = upload, see, confirm
        self.plan_id = 0

    def open(self, granted: int = 100, **plan: Any) -> None:
        make.a_pilot_school_with_quota(self.as_, granted)
        self.plan_id = make.a_published_plan(self.as_, **plan)

    def people(self, number: int = 1, **values: Any) -> list[Candidate]:
        ids = make.candidates(self.as_, number, **values)
        with self.as_(QINGDAO) as db:
            return list(db.scalars(sa.select(Candidate).where(Candidate.id.in_(ids)).order_by(Candidate.id)))

    def code(self, plan_id: int = 0) -> str:
        with self.as_(QINGDAO) as db:
            return str(db.get_one(ExamPlan, plan_id or self.plan_id).plan_code)

    def subjects(self) -> list[str]:
        with self.as_(QINGDAO) as db:
            codes = sa.select(PlanSubject.subject_code).where(PlanSubject.plan_id == self.plan_id)
            return list(db.scalars(codes.order_by(PlanSubject.subject_id)))

    def by_certificate(self, rows: Sequence[Sequence[Any]], mode: str = imports.ALL) -> Job:
        return self._check(rows, "by_certificate", CERTIFICATE_LABELS, mode)

    def by_subject(self, rows: Sequence[Sequence[Any]], mode: str = imports.ALL) -> Job:
        return self._check(rows, "by_subject", SUBJECT_LABELS, mode)

    def deletions(self, rows: Sequence[Sequence[Any]], mode: str = imports.ALL) -> Job:
        return self._check(rows, "deletions", DELETION_LABELS, mode)

    def _check(self, rows: Sequence[Sequence[Any]], name: str, labels: list[str], mode: str) -> Job:
        job = self._upload(self.manager, rows, labels=labels, table="registration", name=name, mode=mode)
        run_pending(self.factory)
        found: Job = self._see(job)
        return found

    def confirm(self, job: Job, mode: str | None = None) -> Job:
        found: Job = self._confirm(self.manager, job.id, mode)
        return found

    def entered(self) -> list[Registration]:
        with self.as_(QINGDAO) as db:
            return list(db.scalars(sa.select(Registration).order_by(Registration.id)))

    def used(self) -> int:
        with self.as_(QINGDAO) as db:
            return int(db.scalar(sa.select(sa.func.sum(Quota.used))) or 0)


@pytest.fixture
def desk(as_: Any, manager: Any, factory: Any, upload: Any, see: Any, confirm: Any) -> Desk:
    return Desk(as_, manager, factory, upload, see, confirm)


def errors(job: Job) -> dict[int, str]:
    return {number: reason for number, _, reason in job.errors or []}


def test_r71_by_certificate_enters_all_subjects_under_one_ticket(desk: Desk) -> None:
    desk.open()
    people = desk.people(3)
    job = desk.by_certificate([[desk.code(), PYTHON, "中级", p.id_number, p.name, None] for p in people])
    assert (job.state, job.counts, desk.entered()) == (JobState.READY, {"new": 3}, [])
    assert desk.confirm(job).state is JobState.DONE
    entered = desk.entered()
    assert [entry.candidate_id for entry in entered] == [p.id for p in people for _ in range(2)]
    assert len({entry.ticket_number for entry in entered}) == desk.used() == 3


def test_r72_e91_by_subject_enters_what_is_named_and_a_second_subject_has_the_same_ticket(desk: Desk) -> None:
    desk.open()
    (person,) = desk.people()
    for subject in desk.subjects():
        desk.confirm(
            desk.by_subject([[desk.code(), subject, "名称不核对", person.id_number, person.name, None]])
        )
    first, second = desk.entered()
    assert (first.subject_id != second.subject_id, first.ticket_number) == (True, second.ticket_number)
    assert desk.used() == 1


def test_the_words_of_a_row_that_name_nothing_are_refused_with_the_sentence_of_the_handbook(
    desk: Desk,
) -> None:
    desk.open()
    known, other = desk.people(2)
    rows = [
        ["K202001019999", PYTHON, "中级", known.id_number, known.name, None],
        [desk.code(), PYTHON, "高级", known.id_number, known.name, None],
        [desk.code(), PYTHON, "中级", "34052419800101001X", known.name, None],
        [desk.code(), PYTHON, "中级", known.id_number, "王五", None],
        [desk.code(), PYTHON, "中级", other.id_number[:17], other.name, None],
    ]
    assert errors(desk.by_certificate(rows)) == {
        2: "计划不存在或未发布",
        3: "证书不在该计划内",
        4: "考生不存在",
        5: "姓名与身份证号不一致",
        6: "身份证号须为18位,现为17位",
    }
    rows = [[desk.code(), "098694", None, known.id_number, known.name, None]]
    assert errors(desk.by_subject(rows)) == {2: "科目不在该计划内"}


def test_e56_e70_incomplete_and_unproved_candidates_are_told_what_is_missing(desk: Desk) -> None:
    desk.open()
    (old,) = desk.people(identity_state=IdentityState.INCOMPLETE, photo=None, mobile=None)
    (waiting,) = desk.people(identity_state=IdentityState.WAITING)
    rows = [[desk.code(), PYTHON, "中级", p.id_number, p.name, None] for p in (old, waiting)]
    assert errors(desk.by_certificate(rows)) == {
        2: "信息或照片不完善(缺手机号码、照片)",
        3: "未通过实名认证(现为待认证)",
    }


def test_e40_a_short_quota_serves_the_first_rows_of_the_file(desk: Desk) -> None:
    desk.open(granted=6)
    people = desk.people(10)
    rows = [[desk.code(), PYTHON, "中级", p.id_number, p.name, None] for p in people]
    job = desk.by_certificate(rows)
    assert errors(job) == dict.fromkeys(range(8, 12), "本年度该证书指标不足(剩余0)")
    with pytest.raises(Conflict, match="有4行不能导入"):
        desk.confirm(job)
    assert desk.entered() == []
    desk.confirm(job, imports.GOOD)
    assert {entry.candidate_id for entry in desk.entered()} == {p.id for p in people[:6]}
    assert desk.used() == 6


def test_e40_the_count_goes_on_over_the_chunks_of_a_large_file(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    from config import reset_settings

    monkeypatch.setenv("PANEL_IMPORT_CHUNK_ROWS", "2")
    reset_settings()
    desk.open(granted=3)
    people = desk.people(5)
    first, second = desk.subjects()
    rows = [[desk.code(), s, None, p.id_number, p.name, None] for p in people for s in (first, second)]
    job = desk.by_subject(rows)
    assert list(errors(job)) == [8, 9, 10, 11]
    desk.confirm(job, imports.GOOD)
    assert (len(desk.entered()), desk.used()) == (6, 3)


def test_places_gone_since_the_check_take_the_whole_import_back(desk: Desk) -> None:
    desk.open(granted=2)
    people, (other,) = desk.people(2), desk.people()
    job = desk.by_certificate([[desk.code(), PYTHON, "中级", p.id_number, p.name, None] for p in people])
    desk.confirm(desk.by_certificate([[desk.code(), PYTHON, "中级", other.id_number, other.name, None]]))
    late = desk.confirm(job)
    assert (late.state, late.error) == (JobState.FAILED, imports.STALE)
    assert {entry.candidate_id for entry in desk.entered()} == {other.id}


def test_e89_a_certificate_the_school_was_not_granted_is_refused(desk: Desk) -> None:
    desk.open()
    other = make.a_certificate(desk.as_, name="网店运营")
    desk.plan_id = make.a_published_plan(desk.as_, certificates=(1, other))
    (person,) = desk.people()
    rows = [[desk.code(), "网店运营", "初级", person.id_number, person.name, None]]
    assert errors(desk.by_certificate(rows)) == {2: "本年度未批准该证书"}


@pytest.mark.parametrize(
    ("moment", "refused"),
    [
        ("2020-12-07T23:59", "不在报考时间内"),
        ("2020-12-08T00:00", ""),
        ("2020-12-21T23:59", ""),
        ("2020-12-22T00:00", "不在报考时间内"),
    ],
)
def test_e83_the_window_opens_at_its_first_moment_and_is_shut_at_its_end(
    desk: Desk, moment: str, refused: str
) -> None:
    desk.open()
    (person,) = desk.people()
    rows = [[desk.code(), PYTHON, "中级", person.id_number, person.name, None]]
    with clock.travel(at(moment)):
        assert errors(desk.by_certificate(rows)) == ({2: refused} if refused else {})


def test_e84_groups_must_be_named_and_fit(desk: Desk) -> None:
    make.a_pilot_school_with_quota(desk.as_)
    certificate = make.a_certificate(
        desk.as_,
        name="财务共享",
        subjects=[(name, ExamMode.COMPUTER) for name in ("公共", "会计", "税务")],
        groups=(None, "会计方向", "税务方向"),
    )
    make.a_pilot_school_with_quota(desk.as_, certificate_id=certificate)
    desk.plan_id = make.a_published_plan(desk.as_, certificates=(certificate,))
    common, _, tax = desk.subjects()
    first, second = desk.people(2)

    def row(person: Candidate, group: str | None) -> list[Any]:
        return [desk.code(), "财务共享", "初级", person.id_number, person.name, group]

    def subject(code: str, person: Candidate, group: str | None) -> list[Any]:
        return [desk.code(), code, None, person.id_number, person.name, group]

    assert errors(desk.by_certificate([row(first, None), row(second, "其他方向")])) == {
        2: "该证书须填写参考对象类型",
        3: "该证书没有参考对象类型“其他方向”",
    }
    assert errors(
        desk.by_subject(
            [subject(tax, first, None), subject(tax, second, "会计方向"), subject(common, first, None)]
        )
    ) == {2: "该证书须填写参考对象类型", 3: "科目不适用于该参考对象"}
    desk.confirm(desk.by_certificate([row(first, "会计方向")]))
    with desk.as_(QINGDAO) as db:
        assert [r.subject_name for r in make.registrations_of(db, first.id)] == ["公共", "会计"]
    assert errors(desk.by_subject([subject(tax, first, "税务方向")])) == {
        2: "参考对象类型与该考生已报科目的不一致"
    }


def test_e85_one_subject_already_entered_refuses_the_whole_row(desk: Desk) -> None:
    desk.open()
    (person,) = desk.people()
    first, _ = desk.subjects()
    desk.confirm(desk.by_subject([[desk.code(), first, None, person.id_number, person.name, None]]))
    job = desk.by_certificate([[desk.code(), PYTHON, "中级", person.id_number, person.name, None]])
    assert errors(job) == {2: "已报考(理论)"}
    assert len(desk.entered()) == 1


def test_e73_a_subject_code_typed_as_a_number_is_refused_with_the_hint(desk: Desk) -> None:
    desk.open()
    (person,) = desk.people()
    (reason,) = errors(
        desk.by_subject([[desk.code(), 98694, None, person.id_number, person.name, None]])
    ).values()
    assert "请将该列设为“文本”格式后重新填写" in reason


def test_r78_clashing_sessions_are_told_and_do_not_keep_anybody_out(desk: Desk) -> None:
    desk.open(sessions=[("2020-12-21T09:00", "2020-12-21T10:00")])
    (person,) = desk.people()
    job = desk.by_certificate([[desk.code(), PYTHON, "中级", person.id_number, person.name, None]])
    done = desk.confirm(job)
    assert done.notes == ["1人次所报科目的考试时间冲突,排考时须调整:第2行李考生:“理论”与“实操”考试时间冲突"]
    assert len(desk.entered()) == 2


# Deleting


def test_e88_rows_that_are_not_there_are_errors_and_the_others_are_deleted(desk: Desk) -> None:
    desk.open()
    gone, kept, never = desk.people(3)
    first, _ = desk.subjects()
    desk.confirm(
        desk.by_certificate([[desk.code(), PYTHON, "中级", p.id_number, p.name, None] for p in (gone, kept)])
    )
    job = desk.deletions(
        [
            [desk.code(), None, PYTHON, "中级", gone.id_number],
            [desk.code(), None, PYTHON, "中级", never.id_number],
            [desk.code(), first, None, None, kept.id_number],
            [desk.code(), first, None, None, gone.id_number],
            [desk.code(), None, None, None, kept.id_number],
        ],
        imports.GOOD,
    )
    assert errors(job) == {3: "没有该报考记录", 5: "与前面的行重复", 6: "请填写科目编号,或证书名称和证书等级"}
    desk.confirm(job)
    assert [(entry.candidate_id, entry.subject_name) for entry in desk.entered()] == [(kept.id, "实操")]
    assert desk.used() == 1


def test_e86_what_is_scheduled_is_not_deleted(desk: Desk) -> None:
    desk.open()
    (person,) = desk.people()
    desk.confirm(desk.by_certificate([[desk.code(), PYTHON, "中级", person.id_number, person.name, None]]))
    make.scheduled(desk.as_, desk.entered()[0].id)
    row = [desk.code(), None, PYTHON, "中级", person.id_number]
    assert errors(desk.deletions([row])) == {2: "已排考,不能删除"}
    assert {entry.state for entry in desk.entered()} == {
        RegistrationState.REGISTERED,
        RegistrationState.SCHEDULED,
    }


def test_r69_nothing_is_deleted_outside_the_window(desk: Desk) -> None:
    desk.open()
    (person,) = desk.people()
    desk.confirm(desk.by_certificate([[desk.code(), PYTHON, "中级", person.id_number, person.name, None]]))
    with clock.travel(at("2020-12-22T00:00")):
        job = desk.deletions([[desk.code(), None, PYTHON, "中级", person.id_number]])
    assert errors(job) == {2: "不在报考时间内"}
