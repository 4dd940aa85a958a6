"""Rooms, seats and who may see them (4.9, R86–R88, R93, E97–E101)."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, ProgrammingError

from models.certificates import ExamMode
from models.plans import ExamSession, PlanCertificate, PlanSubject
from models.registrations import Attendance
from models.scheduling import Invigilator, InvigilatorKind, RoomSession, SeatAssignment
from models.sites import Room
from tests.models.exams import CANDIDATE, at, plan, registered, room, seat, seated
from tests.models.world import BEIJING, ORGANISATION, QINGDAO


def room_session(**values: Any) -> RoomSession:
    return RoomSession(**{"id": 2, "plan_subject_id": 2, "session_id": 2, "room_id": 1, **values})


def second_room(as_: Any, **values: Any) -> None:
    with as_(QINGDAO) as db:
        db.add(room(**{"id": 2, "name": "107室", "venue_id": None, **values}))
        db.commit()


def test_a_draft_schedule_is_seen_by_the_organisation_alone(as_: Any) -> None:
    seated(as_, publish=False)
    for actor in (QINGDAO, CANDIDATE):
        with as_(actor) as db:
            assert not db.scalars(sa.select(SeatAssignment)).all()
    with as_(ORGANISATION) as db:
        assert db.scalars(sa.select(SeatAssignment)).one().candidate_name == "张三"


def test_a_published_schedule_is_seen_by_school_and_candidate(as_: Any) -> None:
    seated(as_)
    for actor in (QINGDAO, CANDIDATE):
        with as_(actor) as db:
            found = db.scalars(sa.select(SeatAssignment)).one()
            assert (found.site_name, found.room_name, found.seat_number) == (
                "青岛学院考核站点",
                "13号机房",
                1,
            )
    with as_(BEIJING) as db:
        assert not db.scalars(sa.select(SeatAssignment)).all()


def test_a_room_takes_one_subject_at_a_time(as_: Any) -> None:
    """Session 1 of subject 1 ends as session 2 of subject 2 begins: both fit; moved earlier they meet."""
    seated(as_)
    with as_(ORGANISATION) as db:
        db.add(room_session())
        db.commit()
        with pytest.raises(IntegrityError, match="ex_room_session"):
            db.execute(
                sa.update(ExamSession).where(ExamSession.id == 2).values(starts_at=at("2020-12-21T09:30"))
            )


def test_two_plans_never_use_one_physical_room_at_one_time(as_: Any) -> None:
    """Each plan has its own room in the same machine room; the database compares the venue."""
    seated(as_)
    with as_(ORGANISATION) as db:
        db.add(plan(id=2, name="另一计划", plan_code="K202012010002"))
        db.flush()
        db.add(PlanCertificate(id=2, plan_id=2, certificate_id=1, total_pass_mark=60))
        db.flush()
        db.add(PlanSubject(id=3, plan_id=2, plan_certificate_id=2, subject_id=1, pass_mark=60, weight=100))
        db.flush()
        for number, starts, ends in ((4, "09:59", "11:00"), (5, "11:00", "12:00")):
            db.add(
                ExamSession(
                    id=number,
                    plan_subject_id=3,
                    starts_at=at(f"2020-12-21T{starts}"),
                    ends_at=at(f"2020-12-21T{ends}"),
                )
            )
        db.commit()
    second_room(as_, plan_id=2, venue_id=1)
    with as_(ORGANISATION) as db:
        db.add(room_session(id=2, plan_subject_id=3, session_id=5, room_id=2))
        db.commit()
        with pytest.raises(IntegrityError, match="ex_room_session_venue_id"):
            db.add(room_session(id=3, plan_subject_id=3, session_id=4, room_id=2))
            db.flush()


def test_a_computer_subject_does_not_go_into_a_workshop(as_: Any) -> None:
    """E98."""
    seated(as_)
    second_room(as_, kind=ExamMode.PRACTICAL)
    with as_(ORGANISATION) as db, pytest.raises(IntegrityError, match="ck_room_session_rule_1"):
        db.add(room_session(room_id=2))
        db.flush()


def test_a_seat_is_taken_once_and_exists(as_: Any) -> None:
    seated(as_)
    with as_(ORGANISATION) as db:
        with pytest.raises(IntegrityError, match="uq_seat_assignment_registration_id"):
            db.add(seat(id=2, seat_number=2))
            db.flush()
        db.rollback()
        with pytest.raises(IntegrityError, match="ck_seat_assignment_rule_1"):
            db.execute(sa.update(SeatAssignment).values(seat_number=31))


def test_seats_are_not_lowered_below_those_taken(as_: Any) -> None:
    """E97."""
    seated(as_)
    with as_(ORGANISATION) as db:
        db.execute(sa.update(SeatAssignment).values(seat_number=30))
        db.commit()
    with as_(QINGDAO) as db, pytest.raises(IntegrityError, match="ck_seat_assignment_rule_1"):
        db.execute(sa.update(Room).where(Room.id == 1).values(seats=29))


def test_a_seat_of_another_subject_is_refused(as_: Any) -> None:
    registered(as_)
    with as_(ORGANISATION) as db, pytest.raises(IntegrityError, match="fk_seat_assignment_room_session_id"):
        db.add(RoomSession(id=1, plan_subject_id=1, session_id=1, room_id=1, expected=1))
        db.flush()
        db.add(seat(id=1, registration_id=2))
        db.flush()


def test_a_candidate_is_never_in_two_places_at_once(as_: Any) -> None:
    """R88, E100: whichever plan; the database answers even to SQL."""
    seated(as_)
    second_room(as_)
    with as_(ORGANISATION) as db:
        db.add(room_session(room_id=2))
        db.flush()
        db.add(seat(id=2, registration_id=2, room_session_id=2))
        db.commit()
        with pytest.raises(IntegrityError, match="ex_seat_assignment_person_id"):
            db.execute(
                sa.update(ExamSession).where(ExamSession.id == 2).values(starts_at=at("2020-12-21T09:30"))
            )


def test_the_site_school_notes_attendance_and_nothing_else(as_: Any) -> None:
    seated(as_)
    with as_(QINGDAO) as db:
        db.execute(sa.update(SeatAssignment).values(attendance=Attendance.PRESENT))
        db.execute(sa.update(RoomSession).values(attended=1, absent=0, recorded_at=at("2020-12-21T10:00")))
        db.commit()
        with pytest.raises(ProgrammingError, match="permission denied"):
            db.execute(sa.update(SeatAssignment).values(seat_number=2))


def test_attended_and_absent_make_the_expected(as_: Any) -> None:
    """R96."""
    seated(as_)
    with as_(QINGDAO) as db, pytest.raises(IntegrityError, match="ck_room_session_rule_4"):
        db.execute(sa.update(RoomSession).values(attended=1, absent=1, recorded_at=at("2020-12-21T10:00")))


def test_the_site_school_names_at_most_five_invigilators(as_: Any) -> None:
    """R93."""
    seated(as_)
    with as_(QINGDAO) as db:
        for ordinal in range(1, 6):
            db.add(
                Invigilator(
                    room_session_id=1,
                    kind=InvigilatorKind.INVIGILATOR,
                    ordinal=ordinal,
                    name=f"王老师{'一二三四五'[ordinal - 1]}",
                )
            )
        db.commit()
        with pytest.raises(IntegrityError, match="ck_invigilator_rule_1"):
            db.add(
                Invigilator(room_session_id=1, kind=InvigilatorKind.INVIGILATOR, ordinal=6, name="王老师六")
            )
            db.flush()


def test_a_room_of_another_plan_is_refused(as_: Any) -> None:
    seated(as_)
    with as_(ORGANISATION) as db:
        db.add(plan(id=2, name="另一计划", plan_code="K202012010002"))
        db.commit()
    second_room(as_, plan_id=2)
    with as_(ORGANISATION) as db, pytest.raises(IntegrityError, match="fk_room_session_room_id"):
        db.add(room_session(room_id=2))
        db.flush()
