"""Registrations and tickets (4.7, R75, E91, E101)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, ProgrammingError

from models.candidates import Candidate
from models.registrations import AdmissionTicket, Attendance, Registration, RegistrationState
from tests.models.exams import CANDIDATE, at, registered, registration
from tests.models.world import BEIJING, ORGANISATION, PLATFORM, QINGDAO, SHANDONG

SPAN = {"starts_at": at("2020-12-21T09:00"), "ends_at": at("2020-12-21T10:00")}
CASES = [
    (RegistrationState.REGISTERED, {}, "2020-12-21T09:00", "未排考"),
    (RegistrationState.REGISTERED, {}, "2020-12-23T00:00", "未安排"),
    (RegistrationState.SCHEDULED, SPAN, "2020-12-21T08:59", "已排考"),
    (RegistrationState.SCHEDULED, SPAN, "2020-12-21T09:00", "考试中"),
    (RegistrationState.SCHEDULED, SPAN, "2020-12-21T10:00", "已考"),
    (RegistrationState.SCHEDULED, {**SPAN, "attendance": Attendance.ABSENT}, "2020-12-21T10:00", "缺考"),
    (RegistrationState.CANCELLED, {}, "2020-12-21T09:00", "已取消"),
]


@pytest.mark.parametrize(("state", "values", "moment", "word"), CASES, ids=[case[3] for case in CASES])
def test_time_tells_how_far_a_registration_is(
    state: RegistrationState, values: dict[str, Any], moment: str, word: str
) -> None:
    made = Registration(state=state, plan_exam_to=at("2020-12-23"), **values)
    assert made.phase(at(moment)) == word


def tabs(db: Any, moment: datetime) -> dict[str, int]:
    found = {
        label: db.scalar(sa.select(sa.func.count(Registration.id)).where(condition(moment)))
        for label, condition in Registration.PHASES.items()
    }
    return {label: count for label, count in found.items() if count}


def test_the_tabs_count_by_the_same_words(as_: Any) -> None:
    registered(as_)
    with as_(ORGANISATION) as db:
        scheduled = db.get_one(Registration, 1)
        scheduled.state, scheduled.site_id = RegistrationState.SCHEDULED, 1
        scheduled.starts_at, scheduled.ends_at = SPAN["starts_at"], SPAN["ends_at"]
        db.commit()
        assert tabs(db, at("2020-12-21T08:00")) == {"未排考": 1, "已排考": 1}
        assert tabs(db, at("2020-12-21T09:30")) == {"未排考": 1, "考试中": 1}
        assert tabs(db, at("2020-12-21T10:00")) == {"未排考": 1, "已考": 1}
        scheduled.attendance = Attendance.ABSENT
        db.commit()
        assert tabs(db, at("2020-12-21T10:00")) == {"未排考": 1, "缺考": 1}


def test_the_shared_row_carries_what_others_may_see(as_: Any) -> None:
    """D3: and it follows a corrected name."""
    registered(as_)
    with as_(QINGDAO) as db:
        db.get_one(Candidate, 1).name = "张叁"
        db.commit()
    with as_(ORGANISATION) as db:
        shared = db.get_one(Registration, 1)
        assert (shared.candidate_name, shared.id_masked, shared.school_name, shared.ticket_number) == (
            "张叁", "340524********001X", "青岛学院", "20600031253700400057",
        )  # fmt: skip


def test_a_registration_is_seen_by_those_concerned(as_: Any) -> None:
    registered(as_)
    seen = ((QINGDAO, 2), (ORGANISATION, 2), (PLATFORM, 2), (CANDIDATE, 2), (BEIJING, 0))
    for actor, count in seen:
        with as_(actor) as db:
            assert len(db.scalars(sa.select(Registration)).all()) == count, actor.kind
    with as_(SHANDONG) as db, pytest.raises(ProgrammingError, match="permission denied"):
        db.scalars(sa.select(Registration)).all()


def test_one_registration_a_candidate_and_subject(as_: Any) -> None:
    registered(as_)
    with as_(QINGDAO) as db, pytest.raises(IntegrityError, match="uq_registration"):
        db.add(registration(id=9, subject_id=1, plan_subject_id=1))
        db.flush()


def test_a_registration_fits_its_plan_subject(as_: Any) -> None:
    registered(as_)
    with as_(QINGDAO) as db:
        db.execute(sa.delete(Registration).where(Registration.id == 2))
        with pytest.raises(IntegrityError, match="fk_registration_plan_subject_id"):
            db.add(registration(id=9, subject_id=2, plan_subject_id=1))
            db.flush()


def test_a_scheduled_registration_knows_site_and_time(as_: Any) -> None:
    registered(as_)
    with as_(ORGANISATION) as db, pytest.raises(IntegrityError, match="ck_registration_rule_1"):
        db.execute(sa.update(Registration).values(state=RegistrationState.SCHEDULED))


def test_a_ticket_outlives_its_registrations(as_: Any) -> None:
    """R76."""
    registered(as_)
    with as_(QINGDAO) as db:
        db.execute(sa.delete(Registration))
        db.commit()
        with pytest.raises(ProgrammingError, match="permission denied"):
            db.execute(sa.delete(AdmissionTicket))
