"""Using a quota and giving it back (R35, R37–R39, E34–E40)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from app.access.actor import JOB, WalledSession, acting_as, make_engine
from app.services import quotas
from app.services.errors import DomainError
from models.candidates import CandidateKind
from models.jobs import Message, MessageKind
from models.kit import clock
from models.platform import SmsMessage, SmsState
from models.quotas import Quota, QuotaChange, QuotaKind, QuotaPhase, QuotaUse
from tests.factories_declarations import at, cast, people, quota
from tests.models.world import BEIJING, ORGANISATION, PLATFORM, QINGDAO, SHANDONG, found

SUMMER = at("2020-06-01 09:00")
STUDENT, SOCIAL = CandidateKind.STUDENT, CandidateKind.SOCIAL


@pytest.fixture(autouse=True)
def summer() -> Any:
    with clock.travel(SUMMER):
        yield


def arrange(as_: Any, granted: int, persons: int) -> list[int]:
    found(as_)
    with as_(JOB) as db:
        made = people(db, persons)
        db.commit()
    with as_(SHANDONG) as db:
        quota(db, granted)
        db.commit()
    return made


def used(db: Session) -> dict[str, int]:
    return {kind.value: number for kind, number in db.execute(sa.select(Quota.kind, Quota.used))}


def test_e40_places_are_given_in_the_order_of_the_file_as_far_as_they_go(as_: Any) -> None:
    persons = arrange(as_, granted=60, persons=100)
    with as_(QINGDAO) as db:
        asked = [(person, STUDENT) for person in reversed(persons)]
        assert quotas.use_places(db, 1, 2020, asked) == set(persons[40:])
        assert used(db) == {"ANY": 60}
        assert quotas.places_left(db, 11, 1, 2020) == 0


def test_e37_a_person_counts_once_a_year_however_often_named(as_: Any) -> None:
    persons = arrange(as_, granted=1, persons=2)
    with as_(QINGDAO) as db:
        for _ in range(2):
            assert quotas.use_places(db, 1, 2020, [(persons[0], STUDENT)] * 2) == {persons[0]}
        assert quotas.use_places(db, 1, 2020, [(persons[1], STUDENT), (persons[0], STUDENT)]) == {persons[0]}
        assert used(db) == {"ANY": 1}


def test_e34_a_quota_serves_its_own_year_alone(as_: Any) -> None:
    persons = arrange(as_, granted=10, persons=1)
    with as_(QINGDAO) as db:
        assert quotas.use_places(db, 1, 2021, [(persons[0], STUDENT)]) == set()
        assert quotas.places_left(db, 11, 1, 2021) is None


def test_e35_what_was_not_used_is_void_after_the_year(as_: Any) -> None:
    persons = arrange(as_, granted=10, persons=2)
    with as_(QINGDAO) as db:
        quotas.use_places(db, 1, 2020, [(persons[0], STUDENT)])
        db.commit()
    with clock.travel(at("2021-01-01 00:00")), as_(QINGDAO) as db:
        assert quotas.places_left(db, 11, 1, 2020) == 0
        assert quotas.use_places(db, 1, 2020, [(person, STUDENT) for person in persons]) == {persons[0]}


def test_r39_social_candidates_have_their_own_pot_where_the_province_made_one(as_: Any) -> None:
    found(as_)
    with as_(JOB) as db:
        students, social = people(db, 3), people(db, 3, kind=SOCIAL)
        db.commit()
    with as_(SHANDONG) as db:
        quota(db, 1, kind=QuotaKind.STUDENT)
        quota(db, 1, kind=QuotaKind.SOCIAL)
        quota(db, 1, kind=QuotaKind.ANY)
        db.commit()
    with as_(QINGDAO) as db:
        asked = [*((p, SOCIAL) for p in social), *((p, STUDENT) for p in students)]
        assert quotas.use_places(db, 1, 2020, asked) == {social[0], social[1], students[0]}
        assert used(db) == {"STUDENT": 1, "SOCIAL": 1, "ANY": 1}


def test_a_place_given_back_can_be_used_by_another(as_: Any) -> None:
    persons = arrange(as_, granted=1, persons=2)
    with as_(QINGDAO) as db:
        quotas.use_places(db, 1, 2020, [(persons[0], STUDENT)])
        assert quotas.return_place(db, 1, 2020, persons[0])
        assert not quotas.return_place(db, 1, 2020, persons[0])
        assert quotas.use_places(db, 1, 2020, [(persons[1], STUDENT)]) == {persons[1]}
        assert db.scalars(sa.select(QuotaUse.person_id)).all() == [persons[1]]


def test_a_school_cannot_spend_places_on_somebody_who_is_not_its_candidate(as_: Any) -> None:
    arrange(as_, granted=5, persons=1)
    with as_(JOB) as db:
        strangers = people(db, 1, school_id=10)
        db.commit()
    with as_(QINGDAO) as db:
        assert quotas.use_places(db, 1, 2020, [(strangers[0], STUDENT)]) == set()


@pytest.mark.parametrize("actor", [BEIJING, PLATFORM, SHANDONG], ids=lambda actor: actor.kind)
def test_nobody_moves_the_quota_of_a_school_that_is_not_his(as_: Any, actor: Any) -> None:
    persons = arrange(as_, granted=5, persons=1)
    with as_(actor) as db, pytest.raises(ProgrammingError, match="not this actor's"):
        quotas.use_places(db, 1, 2020, [(persons[0], STUDENT)], school_id=11)


def test_the_organisation_of_a_cancelled_plan_gives_places_back(as_: Any) -> None:
    persons = arrange(as_, granted=5, persons=1)
    with as_(QINGDAO) as db:
        quotas.use_places(db, 1, 2020, [(persons[0], STUDENT)])
        db.commit()
    with as_(ORGANISATION) as db:
        assert quotas.return_places(db, 1, 2020, persons, school_id=11) == set(persons)


def test_e36_fifty_at_once_never_take_more_than_is_left(as_: Any, server: Any, database_name: str) -> None:
    """Check 17: quota_oversell = 0."""
    persons = arrange(as_, granted=30, persons=50)
    engine = make_engine(server.url(database_name, "panel_login"), pool_size=50)

    def register(person: int) -> bool:
        with clock.travel(SUMMER), WalledSession(engine) as db, acting_as(QINGDAO, db):
            won = quotas.use_places(db, 1, 2020, [(person, STUDENT)]) == {person}
            db.commit()
            return won

    with ThreadPoolExecutor(50) as pool:
        winners = sum(pool.map(register, persons))
    engine.dispose()
    with as_(QINGDAO) as db:
        assert (winners, used(db)) == (30, {"ANY": 30})
        assert db.scalar(sa.select(sa.func.count()).select_from(QuotaUse)) == 30


def test_r35_schools_are_reminded_of_what_will_expire_once_for_each_stage(as_: Any) -> None:
    persons = arrange(as_, granted=10, persons=1)
    with as_(QINGDAO) as db:
        quotas.use_places(db, 1, 2020, [(persons[0], STUDENT)])
        db.commit()
    told = []
    for day in (
        "2020-10-31",
        "2020-11-02",
        "2020-11-03",
        "2020-12-01",
        "2020-12-02",
        "2020-12-25",
        "2020-12-26",
        "2021-01-01",
    ):
        with clock.travel(at(f"{day} 09:00")), as_(JOB) as db:
            told.append(quotas.remind(db))
            db.commit()
    assert told == [0, 1, 0, 0, 1, 1, 0, 0]
    with as_(QINGDAO) as db:
        titles = db.scalars(sa.select(Message.title).order_by(Message.id)).all()
        bodies = set(db.scalars(sa.select(Message.body)))
    assert titles == [f"2020年度指标将在{days}天内作废" for days in (60, 30, 7)]
    assert bodies == {"贵校2020年度有1项证书共9人的指标未使用,12月31日24:00作废。"}


@pytest.mark.parametrize(
    ("moment", "used_up", "phase"),
    [
        ("2020-06-01 09:00", False, QuotaPhase.LIVE),
        ("2020-11-02 00:00", False, QuotaPhase.EXPIRING),
        ("2020-12-31 23:59", False, QuotaPhase.EXPIRING),
        ("2020-12-31 23:59", True, QuotaPhase.FULL),
        ("2021-01-01 00:00", False, QuotaPhase.VOID),
    ],
)
def test_e35_exactly_one_tab_counts_a_quota_and_says_how_it_stands(
    as_: Any, moment: str, used_up: bool, phase: QuotaPhase
) -> None:
    persons = arrange(as_, granted=1, persons=1)
    with as_(QINGDAO) as db:
        if used_up:
            quotas.use_places(db, 1, 2020, [(persons[0], STUDENT)])
        db.commit()
        found = db.scalars(sa.select(Quota)).one()
        assert found.phase(at(moment)) is phase
        holding = [
            label
            for label, where in Quota.PHASES.items()
            if db.scalar(sa.select(Quota.id).where(where(at(moment))))
        ]
        assert holding == [phase.label]


def test_an_adjusted_quota_is_told_to_its_school_in_the_platform_and_by_sms(as_: Any) -> None:
    """4.3: quota_changed; another school hears nothing, an adjustment that is refused tells nobody."""
    province = cast(as_).province
    with as_(province) as db:
        row = quota(db, 10)
        with pytest.raises(DomainError):
            quotas.adjust(db, province, [row], 10, "没有变化")
        quotas.adjust(db, province, [row], 80, "本年度核增")
        db.commit()
    with as_(QINGDAO) as db:
        told = db.scalars(sa.select(Message)).one()
        assert (told.kind, told.school_id) == (MessageKind.RESULT, 11)
        assert told.title.startswith("2020年度") and told.title.endswith("的指标调整为80人")
        assert (told.body, told.link) == ("本年度核增", f"/console/quota/{row.id}")
    with as_(BEIJING) as db:
        assert db.scalars(sa.select(Message)).all() == []
    with as_(PLATFORM) as db:
        sms = db.scalars(sa.select(SmsMessage)).one()
        assert (sms.mobile, sms.template, sms.state) == ("13900000011", "quota_changed", SmsState.QUEUED)
        assert sms.body == f"贵校{sms.params['certificate']}本年度指标调整为80人。"
        assert (sms.about_table, sms.about_id) == ("quota", row.id)
    with as_(SHANDONG) as db:
        (change,) = db.execute(sa.select(QuotaChange.delta, QuotaChange.reason)).all()
    assert tuple(change) == (70, "本年度核增")
