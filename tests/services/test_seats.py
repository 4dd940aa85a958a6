"""Seats by hand and by the sheet (4.9 调整; R86–R92; E98, E100, E103; 6.2 排考明细)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from app.scheduling.model import Seat
from app.services import seats, seats_import
from app.services.errors import Conflict
from models.certificates import ExamMode
from models.directory import Organisation
from models.kit import clock
from models.plans import ExamPlan, ExamSession, FeeMode, PlanSubject, ScheduleState
from models.registrations import AdmissionTicket, Registration, RegistrationState
from models.scheduling import RoomSession, SeatAssignment, SiteAllocation
from models.sites import ExamSite, Room
from tests import factories_registrations as made
from tests.factories_scheduling import (
    IN_SCHEDULING,
    a_plan_with,
    a_site,
    count,
    rooms,
    scheduled,
    with_account,
)
from tests.imports.conftest import confirm, data_folder, see, upload
from tests.jobs.conftest import factory
from tests.models.world import ORGANISATION

__all__ = ["confirm", "data_folder", "factory", "see", "upload"]

LABELS = [column.label for column in seats_import.SHEET.columns]


@pytest.fixture(autouse=True)
def in_scheduling() -> Iterator[None]:
    with clock.travel(IN_SCHEDULING):
        yield


def theory(db: Any, plan: int) -> tuple[list[int], int, int]:
    """Registrations of the first subject, its session, the first computer room."""
    subject = db.scalar(sa.select(sa.func.min(PlanSubject.id)).where(PlanSubject.plan_id == plan))
    entries = db.scalars(
        sa.select(Registration.id).where(Registration.plan_subject_id == subject).order_by(Registration.id)
    )
    session = db.scalar(sa.select(ExamSession.id).where(ExamSession.plan_subject_id == subject))
    room = db.scalar(
        sa.select(sa.func.min(Room.id)).where(Room.plan_id == plan, Room.kind == ExamMode.COMPUTER)
    )
    return list(entries), session, room


def give(as_: Any, plan: int, *wanted: Seat) -> None:
    with as_(ORGANISATION) as db:
        seats.give_seats(db, db.get_one(ExamPlan, plan), wanted)
        db.commit()


def test_a_seat_given_by_hand_opens_the_room_and_makes_a_draft(as_: Any) -> None:
    plan, site = a_plan_with(as_, 2, 30)
    with as_(ORGANISATION) as db:
        (first, second), session, room = theory(db, plan)
    give(as_, plan, Seat(session, room, 7, first), Seat(session, room, 9, second))
    with as_(ORGANISATION) as db:
        opened = db.scalars(sa.select(RoomSession)).one()
        assert (opened.expected, opened.site_id) == (2, site)
        assert db.get_one(Registration, first).state is RegistrationState.SCHEDULED
        assert db.scalars(sa.select(SiteAllocation.places)).one() == 2
        assert db.get_one(PlanSubject, opened.plan_subject_id).schedule_state is ScheduleState.DRAFT


def test_a_published_seat_that_moves_flags_the_ticket(as_: Any) -> None:
    plan, _ = a_plan_with(as_, 1, 30)
    scheduled(as_, plan, publish=True)
    with as_(ORGANISATION) as db:
        (entry,), session, room = theory(db, plan)
    give(as_, plan, Seat(session, room, 12, entry))
    with as_(ORGANISATION) as db:
        seat = db.scalars(sa.select(SeatAssignment).where(SeatAssignment.registration_id == entry)).one()
        assert (seat.seat_number, seat.schedule_published_at is not None) == (12, True)
        assert db.scalars(sa.select(AdmissionTicket.changed_at)).one() is not None


def test_the_room_left_empty_is_closed(as_: Any) -> None:
    plan, site = a_plan_with(as_, 1, 30)
    scheduled(as_, plan)
    other = rooms(as_, plan, site, 20)[0]
    with as_(ORGANISATION) as db:
        (entry,), session, _ = theory(db, plan)
    give(as_, plan, Seat(session, other, 1, entry))
    with as_(ORGANISATION) as db:
        assert db.scalars(sa.select(RoomSession.room_id).where(RoomSession.session_id == session)).all() == [
            other
        ]


@pytest.mark.parametrize(
    ("kind", "number", "words"),
    [
        (ExamMode.PRACTICAL, 1, "考场类型与考试方式不符"),  # E98
        (ExamMode.COMPUTER, 31, "座位号应为1–30"),
    ],
)
def test_an_unfit_seat_is_refused(as_: Any, kind: ExamMode, number: int, words: str) -> None:
    plan, site = a_plan_with(as_, 1)
    room = rooms(as_, plan, site, 30, kind=kind)[0]
    with as_(ORGANISATION) as db:
        (entry,), session, _ = theory(db, plan)
    with pytest.raises(Conflict, match=words):
        give(as_, plan, Seat(session, room, number, entry))


def test_a_taken_seat_is_refused(as_: Any) -> None:
    plan, _ = a_plan_with(as_, 2, 30)
    with as_(ORGANISATION) as db:
        (first, second), session, room = theory(db, plan)
    give(as_, plan, Seat(session, room, 1, first))
    with pytest.raises(Conflict, match="座位已被占用:1号"):
        give(as_, plan, Seat(session, room, 1, second))


def test_e103_an_unpaid_candidate_is_refused_by_hand_too(as_: Any) -> None:
    plan, _ = a_plan_with(as_, 1, 30, fee_mode=FeeMode.BY_SUBJECT)
    with as_(ORGANISATION) as db:
        db.get_one(Organisation, 5).schedule_unpaid = False
        db.commit()
        (entry,), session, room = theory(db, plan)
    with pytest.raises(Conflict, match="未缴费考生不可排考"):
        give(as_, plan, Seat(session, room, 1, entry))


def test_r89_nobody_is_seated_at_a_strangers_site(as_: Any) -> None:
    plan, _ = a_plan_with(as_, 1)
    made.a_pilot_school_with_quota(as_, school_id=10)
    room = rooms(as_, plan, a_site(as_, school_id=10), 30)[0]
    with as_(ORGANISATION) as db:
        (entry,), session, _ = theory(db, plan)
    with pytest.raises(Conflict, match="该考生不能在此站点考试"):
        give(as_, plan, Seat(session, room, 1, entry))


def test_r88_ten_minutes_from_room_to_room(as_: Any) -> None:
    """Two subjects five minutes apart: the same room is allowed, another is not."""
    certificate = None
    made.a_pilot_school_with_quota(as_)
    certificate = made.a_certificate(as_, subjects=(("甲", ExamMode.COMPUTER), ("乙", ExamMode.COMPUTER)))
    made.a_pilot_school_with_quota(as_, certificate_id=certificate)
    plan = made.a_published_plan(as_, certificates=(certificate,))
    one, other = rooms(as_, plan, a_site(as_, certificates=(certificate,)), 30, 30)
    made.registered_candidates(as_, 1, plan_id=plan, certificate_id=certificate)
    with as_() as db:
        first, second = db.scalars(sa.select(ExamSession).order_by(ExamSession.id)).all()
        second.starts_at, second.ends_at = made.at("2020-12-21T10:05"), made.at("2020-12-21T11:00")
        db.commit()
        entries = db.scalars(sa.select(Registration.id).order_by(Registration.plan_subject_id)).all()
        sessions = first.id, second.id
    give(as_, plan, Seat(sessions[0], one, 1, entries[0]))
    with pytest.raises(Conflict, match="考生时间冲突"):
        give(as_, plan, Seat(sessions[1], other, 1, entries[1]))
    give(as_, plan, Seat(sessions[1], one, 1, entries[1]))


def test_a_seat_whose_session_has_begun_stays(as_: Any) -> None:
    plan, _ = a_plan_with(as_, 1, 30)
    scheduled(as_, plan, publish=True)
    with as_(ORGANISATION) as db:
        (entry,), session, room = theory(db, plan)
    with clock.travel(made.at("2020-12-21T08:45")):
        with pytest.raises(Conflict, match="场次已开始"):
            give(as_, plan, Seat(session, room, 5, entry))
        with as_(ORGANISATION) as db, pytest.raises(Conflict, match="场次已开始"):
            seats.take_seats(db, db.get_one(ExamPlan, plan), [entry])


def test_a_seat_taken_back_leaves_a_hole_and_a_waiting_registration(as_: Any) -> None:
    plan, _ = a_plan_with(as_, 3, 30)
    scheduled(as_, plan)
    with as_(ORGANISATION) as db:
        entries, _, _ = theory(db, plan)
        assert seats.take_seats(db, db.get_one(ExamPlan, plan), [entries[1]]) == 1
        db.commit()
        assert db.get_one(Registration, entries[1]).state is RegistrationState.REGISTERED
        numbers = sa.select(SeatAssignment.seat_number).where(SeatAssignment.registration_id.in_(entries))
        assert sorted(db.scalars(numbers)) == [1, 3]
        assert min(db.scalars(sa.select(RoomSession.expected))) == 2


# The sheet


def lines(db: Any, plan: int, site: int, *rows: tuple[int, dict[str, Any]]) -> list[list[Any]]:
    entries, _, room = theory(db, plan)
    tickets = {key: db.get_one(Registration, key).ticket_number for key in entries}
    subject = db.scalar(
        sa.select(PlanSubject.subject_code).where(PlanSubject.plan_id == plan).order_by(PlanSubject.id)
    )
    right = {
        "计划编号": db.get_one(ExamPlan, plan).plan_code, "科目编号": subject,
        "站点代码": db.get_one(ExamSite, site).site_code, "考场名称": db.get_one(Room, room).name,
        "场次开始": "2020-12-21 08:30", "座位号": 1,
    }  # fmt: skip
    return [
        [{**right, "准考证号": tickets[entries[at]], **row}[label] for label in LABELS] for at, row in rows
    ]


def test_a_sheet_of_seats_is_checked_as_a_whole_and_written(
    as_: Any, factory: Any, upload: Any, see: Any, confirm: Any
) -> None:
    from app.jobs.running import run_pending

    plan, site = a_plan_with(as_, 3, 30)
    actor = with_account(as_, ORGANISATION)
    with as_(ORGANISATION) as db:
        rows = lines(db, plan, site, (0, {"座位号": 3}), (1, {"座位号": 3}), (2, {"座位号": 31}))
        good = lines(db, plan, site, (0, {"座位号": 3}), (1, {"座位号": 4}))
    job = upload(actor, rows, labels=LABELS, table="seat_assignment", name="manual")
    run_pending(factory)
    assert [(number, reason) for number, _, reason in see(job).errors] == [
        (3, "座位已被占用:3号"), (4, "座位号应为1–30"),
    ], see(job).error  # fmt: skip
    job = upload(actor, good, labels=LABELS, table="seat_assignment", name="manual")
    run_pending(factory)
    confirm(actor, job)
    with as_(ORGANISATION) as db:
        assert sorted(db.scalars(sa.select(SeatAssignment.seat_number))) == [3, 4]
        assert count(db, Registration, Registration.state == RegistrationState.SCHEDULED) == 2
