"""Registering and taking back (4.7, R69–R78, E34–E40, E81–E93)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.access.actor import JOB, Actor, WalledSession, acting_as, make_engine
from app.services import numbers, plan_cancel, registrations
from app.services.errors import DomainError
from app.services.logins import actor_of
from app.services.registrations import Wish
from models.accounts import Role
from models.candidates import CandidateKind
from models.certificates import ExamMode, Level
from models.declarations import DeclarationBatch
from models.directory import Organisation
from models.jobs import Message
from models.kit import clock
from models.plans import ExamPlan, PlanState
from models.quotas import Quota, QuotaKind
from models.registrations import AdmissionTicket, Registration, RegistrationState
from tests import factories
from tests import factories_registrations as make
from tests.factories_registrations import IN_REGISTRATION, at
from tests.models.world import BEIJING, PLATFORM, QINGDAO

PYTHON = 1


@pytest.fixture(autouse=True)
def december() -> Iterator[None]:
    with clock.travel(IN_REGISTRATION):
        yield


@pytest.fixture
def plan(as_: Any) -> int:
    """A published plan of certificate 1 and a pilot school with a hundred places."""
    make.a_pilot_school_with_quota(as_)
    return make.a_published_plan(as_)


def enter(db: Session, plan: int, *people: int, certificate: int = PYTHON, group: int | None = None) -> int:
    made = registrations.register_for_certificate(
        db, QINGDAO, db.get_one(ExamPlan, plan), certificate, people, group
    )
    db.commit()
    return made


def leave(db: Session, *people: int) -> None:
    registrations.unregister(db, QINGDAO, make.registrations_of(db, *people))
    db.commit()


def used(db: Session, certificate: int = PYTHON) -> int:
    return int(db.scalar(sa.select(sa.func.sum(Quota.used)).where(Quota.certificate_id == certificate)) or 0)


def tickets(db: Session) -> list[str]:
    return list(db.scalars(sa.select(AdmissionTicket.number).order_by(AdmissionTicket.id)))


# Tickets


def test_e90_the_fifty_seventh_ticket_reads_as_in_the_handbook(as_: Any, plan: int) -> None:
    with as_(JOB) as db:
        db.get_one(Organisation, 5).code = "600002"
        numbers.take(db, "ticket:20:600002:2:537004", 56)
        db.commit()
    people = make.candidates(as_, 1)
    with as_(QINGDAO) as db:
        enter(db, plan, *people)
        assert tickets(db) == ["20600002253700400057"]


def test_e91_one_ticket_a_certificate_and_plan(as_: Any, plan: int) -> None:
    other = make.a_certificate(as_, level=Level.JUNIOR)
    make.a_pilot_school_with_quota(as_, certificate_id=other)
    both = make.a_published_plan(as_, certificates=(PYTHON, other))
    (person,) = make.candidates(as_, 1)
    with as_(QINGDAO) as db:
        enter(db, plan, person)
        enter(db, both, person)
        enter(db, both, person, certificate=other)
        assert tickets(db) == ["20600031253700400001", "20600031253700400002", "20600031153700400001"]
        numbers = {(r.plan_id, r.certificate_id): r.ticket_number for r in make.registrations_of(db, person)}
        assert len(make.registrations_of(db, person)) == 6
        assert len(set(numbers.values())) == 3


def test_r76_a_number_comes_back_to_its_candidate_and_to_nobody_else(as_: Any, plan: int) -> None:
    first, second = make.candidates(as_, 2)
    with as_(QINGDAO) as db:
        enter(db, plan, first)
        leave(db, first)
        enter(db, plan, second)
        enter(db, plan, first)
        shown = {r.candidate_id: r.ticket_number[-5:] for r in make.registrations_of(db, first, second)}
        assert shown == {first: "00001", second: "00002"}


def test_e92_the_hundred_thousandth_ticket_is_refused_and_nothing_wraps(as_: Any, plan: int) -> None:
    with as_(JOB) as db:
        numbers.take(db, "ticket:20:600031:2:537004", 99_998)
        db.commit()
    first, second = make.candidates(as_, 2)
    with as_(QINGDAO) as db:
        enter(db, plan, first)
        assert tickets(db) == ["20600031253700499999"]
        with pytest.raises(DomainError, match="编号已用完") as refused:
            enter(db, plan, second)
        assert refused.value.status == 409
        db.rollback()
        assert used(db) == 1


def test_e92_the_operator_is_told_before_a_counter_runs_out(as_: Any, plan: int) -> None:
    with as_(JOB) as db:
        numbers.take(db, "ticket:20:600031:2:537004", 94_999)
        db.commit()
    people = make.candidates(as_, 2)
    with as_(QINGDAO) as db:
        enter(db, plan, *people)
    with as_(PLATFORM) as db:
        assert db.scalars(sa.select(Message.title)).all() == ["准考证号即将用完:ticket:20:600031:2:537004"]


def test_e81_the_year_is_that_of_the_first_session(as_: Any) -> None:
    windows = {
        "registration_from": at("2019-12-01"), "registration_to": at("2019-12-20"),
        "scheduling_from": at("2019-12-10"), "scheduling_to": at("2019-12-20"), "exam_from": at("2020-01-10"),
        "exam_to": at("2020-01-12"), "recording_from": at("2020-01-12"), "recording_to": at("2020-01-20"),
        "publicity_from": at("2020-01-20"), "publicity_to": at("2020-02-01"), "exam_year": 2020,
    }  # fmt: skip
    make.a_pilot_school_with_quota(as_, year=2019)
    plan = make.a_published_plan(as_, **windows)
    people = make.candidates(as_, 1)
    with (
        clock.travel(at("2019-12-05")),
        as_(QINGDAO) as db,
        pytest.raises(DomainError, match="不是2020年度的试点院校"),
    ):
        enter(db, plan, *people)
    make.a_pilot_school_with_quota(as_, year=2020)
    with clock.travel(at("2019-12-05")), as_(JOB) as db:
        batch = db.scalars(sa.select(DeclarationBatch).where(DeclarationBatch.year == 2020)).one()
        batch.window_from, batch.window_to = at("2019-11-01"), at("2019-11-20")
        db.commit()
    with clock.travel(at("2019-12-05")), as_(QINGDAO) as db:
        enter(db, plan, *people)
        assert tickets(db)[0].startswith("20600031")
        assert dict(db.execute(sa.select(Quota.year, Quota.used)).all()) == {2019: 0, 2020: 1}


# Quotas


def test_e37_e39_a_person_uses_one_place_a_year_and_gives_it_back_with_the_last_registration(
    as_: Any, plan: int
) -> None:
    other = make.a_published_plan(as_)
    (person,) = make.candidates(as_, 1)
    with as_(QINGDAO) as db:
        enter(db, plan, person)
        enter(db, other, person)
        assert used(db) == 1
        registrations.unregister(
            db, QINGDAO, [r for r in make.registrations_of(db, person) if r.plan_id == plan]
        )
        assert used(db) == 1
        registrations.unregister(db, QINGDAO, make.registrations_of(db, person)[:1])
        assert used(db) == 1
        registrations.unregister(db, QINGDAO, make.registrations_of(db, person))
        assert used(db) == 0


def test_e38_two_levels_of_one_name_are_two_places(as_: Any, plan: int) -> None:
    junior = make.a_certificate(as_, name="Python程序开发", level=Level.JUNIOR)
    make.a_pilot_school_with_quota(as_, certificate_id=junior)
    both = make.a_published_plan(as_, certificates=(PYTHON, junior))
    (person,) = make.candidates(as_, 1)
    with as_(QINGDAO) as db:
        enter(db, both, person)
        enter(db, both, person, certificate=junior)
        assert (used(db), used(db, junior)) == (1, 1)


def test_r39_social_candidates_use_their_own_pot(as_: Any) -> None:
    make.a_pilot_school_with_quota(as_, 1, kind=QuotaKind.STUDENT)
    make.a_pilot_school_with_quota(as_, 1, kind=QuotaKind.SOCIAL)
    plan = make.a_published_plan(as_)
    social = make.candidates(as_, 2, kind=CandidateKind.SOCIAL)
    student = make.candidates(as_, 1)
    wishes = [Wish(person, PYTHON) for person in (*social, *student)]
    with as_(QINGDAO) as db:
        registrations.register(db, QINGDAO, db.get_one(ExamPlan, plan), wishes)
        assert [wish.problem for wish in wishes] == ["", "本年度该证书指标不足(剩余0)", ""]


def test_a_short_quota_serves_the_wishes_in_their_order_and_says_so_to_the_others(as_: Any) -> None:
    make.a_pilot_school_with_quota(as_, 2)
    plan = make.a_published_plan(as_)
    people = make.candidates(as_, 3)
    wishes = [Wish(person, PYTHON) for person in reversed(people)]
    with as_(QINGDAO) as db:
        assert registrations.register(db, QINGDAO, db.get_one(ExamPlan, plan), wishes) == 4
        assert [wish.problem for wish in wishes] == ["", "", "本年度该证书指标不足(剩余0)"]


# Guards


def test_e34_a_school_that_is_not_pilot_in_the_year_of_the_exam_cannot_register(as_: Any) -> None:
    make.a_pilot_school_with_quota(as_, year=2019)
    plan = make.a_published_plan(as_)
    people = make.candidates(as_, 1)
    with as_(QINGDAO) as db, pytest.raises(DomainError, match="不是2020年度的试点院校"):
        enter(db, plan, *people)


def test_another_schools_candidate_is_as_good_as_none(as_: Any, plan: int) -> None:
    people = make.candidates(as_, 1, school_id=10)
    with as_(QINGDAO) as db, pytest.raises(DomainError, match="考生不存在"):
        enter(db, plan, *people)
    with as_(BEIJING) as db:
        assert db.scalars(sa.select(Registration)).all() == []


def test_e86_a_scheduled_registration_stays(as_: Any, plan: int) -> None:
    (person,) = make.registered_candidates(as_, 1, plan_id=plan)
    with as_(QINGDAO) as db:
        key = make.registrations_of(db, person)[0].id
    make.scheduled(as_, key)
    with as_(QINGDAO) as db, pytest.raises(DomainError, match="已排考,不能删除"):
        leave(db, person)


@pytest.mark.parametrize("moment", ["2020-12-07T23:59", "2020-12-22T00:00"])
def test_e83_r69_outside_the_window_nobody_enters_and_nobody_leaves(as_: Any, plan: int, moment: str) -> None:
    (entered,) = make.registered_candidates(as_, 1, plan_id=plan)
    (fresh,) = make.candidates(as_, 1)
    with clock.travel(at(moment)), as_(QINGDAO) as db:
        for attempt in (lambda: enter(db, plan, fresh), lambda: leave(db, entered)):
            with pytest.raises(DomainError, match="不在报考时间内") as refused:
                attempt()
            assert refused.value.status == 409
            db.rollback()


def test_r78_only_subjects_of_which_no_two_sessions_fit_together_clash(as_: Any) -> None:
    subjects = [(name, ExamMode.COMPUTER) for name in ("甲", "乙")]
    make.a_pilot_school_with_quota(as_)
    certificate = make.a_certificate(as_, subjects=subjects)
    make.a_pilot_school_with_quota(as_, certificate_id=certificate)
    apart = make.a_published_plan(
        as_,
        certificates=(certificate,),
        sessions=[("2020-12-21T09:00", "2020-12-21T10:00"), ("2020-12-21T14:00", "2020-12-21T15:00")],
    )
    together = make.a_published_plan(
        as_, certificates=(certificate,), sessions=[("2020-12-22T09:00", "2020-12-22T10:00")]
    )
    (person,) = make.candidates(as_, 1)
    with as_(QINGDAO) as db:
        found = []
        for plan in (apart, together):
            wish = Wish(person, certificate)
            registrations.register(db, QINGDAO, db.get_one(ExamPlan, plan), [wish])
            found.append((wish.problem, wish.clash))
        assert found == [("", ""), ("", "“甲”与“乙”考试时间冲突")]


# Many at once


@pytest.fixture
def at_once(server: Any, database_name: str) -> Iterator[Callable[..., list[Any]]]:
    """Run a deed for each argument, all at the same time, each in a transaction of its own actor."""
    engine = make_engine(server.url(database_name, "panel_login"), pool_size=40)

    def run(deed: Callable[[Session, Any], Any], arguments: list[Any], actor: Actor = QINGDAO) -> list[Any]:
        def one(argument: Any) -> Any:
            with clock.travel(IN_REGISTRATION), WalledSession(engine) as db, acting_as(actor, db):
                try:
                    found = deed(db, argument)
                    db.commit()
                    return found
                except DomainError as error:
                    return error.message

        with ThreadPoolExecutor(40) as pool:
            return list(pool.map(one, arguments))

    yield run
    engine.dispose()


def test_e93_two_hundred_at_once_have_two_hundred_numbers(as_: Any, at_once: Any) -> None:
    make.a_pilot_school_with_quota(as_, 200)
    plan = make.a_published_plan(as_)
    people = make.candidates(as_, 200)
    answers = at_once(lambda db, person: enter(db, plan, person), people)
    assert answers == [2] * 200
    with as_(QINGDAO) as db:
        assert sorted(tickets(db)) == [f"206000312537004{serial:05d}" for serial in range(1, 201)]
        assert used(db) == 200


def test_e36_the_last_places_are_won_once_each(as_: Any, at_once: Any) -> None:
    make.a_pilot_school_with_quota(as_, 5)
    plan = make.a_published_plan(as_)
    answers = at_once(lambda db, person: enter(db, plan, person), make.candidates(as_, 30))
    assert sorted(answers, key=str) == [2] * 5 + ["本年度该证书指标不足(剩余0)"] * 25
    with as_(QINGDAO) as db:
        assert (used(db), len(set(tickets(db)))) == (5, 5)


def test_the_same_person_entered_by_several_at_once_is_entered_once(
    as_: Any, plan: int, at_once: Any
) -> None:
    (person,) = make.candidates(as_, 1)
    answers = at_once(lambda db, _: enter(db, plan, person), list(range(8)))
    assert answers.count(2) == 1
    assert all("已报考" in answer for answer in answers if answer != 2)
    with as_(QINGDAO) as db:
        assert (used(db), len(make.registrations_of(db, person))) == (1, 2)


def test_who_registers_while_the_plan_is_cancelled_is_cancelled_with_it_or_refused(
    as_: Any, plan: int, at_once: Any
) -> None:
    people: list[Any] = list(make.candidates(as_, 20))
    with as_(JOB) as db:
        principal = actor_of(factories.account(db, Role.ORGANISATION_PRINCIPAL, organisation_id=5))
        db.commit()

    def deed(db: Session, person: int | None) -> Any:
        if person is not None:
            return enter(db, plan, person)
        with acting_as(principal, db):
            plan_cancel.cancel(db, principal, [db.get_one(ExamPlan, plan)], "考场不足")
            db.commit()
        return "cancelled"

    answers = at_once(deed, [*people[:10], None, *people[10:]])
    assert answers.count("cancelled") == 1
    with as_(QINGDAO) as db:
        assert db.get_one(ExamPlan, plan).state is PlanState.CANCELLED
        assert set(db.scalars(sa.select(Registration.state))) <= {RegistrationState.CANCELLED}
        assert used(db) == 0
    assert all(answer in (2, "cancelled", "计划不存在或未发布") for answer in answers)


def test_as_many_statements_for_a_thousand_as_for_ten(as_: Any, engine: Any) -> None:
    """Check 28: registering is set-based."""
    make.a_pilot_school_with_quota(as_, 2000)
    plan = make.a_published_plan(as_)
    counts = []
    for number in (10, 400):
        people = make.candidates(as_, number)
        statements: list[str] = []

        def note(conn: Any, cursor: Any, statement: str, *rest: Any, seen: list[str] = statements) -> None:
            seen.append(statement)

        sa.event.listen(engine, "before_cursor_execute", note)
        with as_(QINGDAO) as db:
            enter(db, plan, *people)
            leave(db, *people)
        sa.event.remove(engine, "before_cursor_execute", note)
        counts.append(len(statements))
    assert counts[0] == counts[1]
