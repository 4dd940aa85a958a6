"""Invigilators and patrols, attendance (R93, R96; E108; 6.2 监考安排)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from app.services import attendance, invigilators_import
from app.services import invigilators as service
from app.services.errors import Conflict, DomainError
from models.certificates import ExamMode
from models.kit import clock
from models.plans import ExamPlan
from models.registrations import Attendance, Registration
from models.scheduling import Invigilator, InvigilatorKind, RoomSession, SeatAssignment
from tests import factories_registrations as made
from tests.factories_scheduling import IN_SCHEDULING, a_plan_with, count, lent, scheduled, with_account
from tests.imports.conftest import confirm, data_folder, see, upload
from tests.jobs.conftest import factory
from tests.models.world import BEIJING, QINGDAO

__all__ = ["confirm", "data_folder", "factory", "see", "upload"]

LABELS = [column.label for column in invigilators_import.SHEET.columns]
BEGUN = made.at("2020-12-21T08:35")


@pytest.fixture(autouse=True)
def in_scheduling() -> Iterator[None]:
    with clock.travel(IN_SCHEDULING):
        yield


def two_rooms(as_: Any) -> list[int]:
    """Two computer rooms at the same time, published."""
    plan, _ = a_plan_with(as_, 4, 2, 2)
    scheduled(as_, plan, publish=True)
    with as_(QINGDAO) as db:
        rooms = (
            sa.select(RoomSession.id).where(RoomSession.mode == ExamMode.COMPUTER).order_by(RoomSession.id)
        )
        return list(db.scalars(rooms))


def name(as_: Any, room: int, text: str, patrols: str = "") -> None:
    with as_(QINGDAO) as db:
        people = service.watch(service.read_people(text), service.read_people(patrols))
        service.set_invigilators(db, QINGDAO, db.get_one(RoomSession, room), people)
        db.commit()


def test_the_host_school_names_them_and_the_lists_show_the_names(as_: Any) -> None:
    room, _ = two_rooms(as_)
    name(as_, room, "王老师 13800000000\n李老师", "赵巡考")
    name(as_, room, "王老师", "")
    name(as_, room, "王老师 13800000000、李老师", "赵巡考")
    with as_(QINGDAO) as db:
        row = db.get_one(RoomSession, room)
        assert (row.invigilators, row.patrols) == ("王老师、李老师", "赵巡考")
        found = db.execute(
            sa.select(Invigilator.kind, Invigilator.ordinal, Invigilator.name).order_by(Invigilator.id)
        )
        assert found.all() == [
            (InvigilatorKind.INVIGILATOR, 1, "王老师"), (InvigilatorKind.INVIGILATOR, 2, "李老师"),
            (InvigilatorKind.PATROL, 1, "赵巡考"),
        ]  # fmt: skip


def test_e108_nobody_is_in_two_rooms_at_one_time(as_: Any) -> None:
    one, other = two_rooms(as_)
    name(as_, one, "王老师 13800000000")
    with pytest.raises(Conflict, match="监考老师时间冲突"):
        name(as_, other, "王老师")
    with pytest.raises(Conflict, match="监考老师时间冲突"):
        name(as_, other, "李老师", "王姓老师 13800000000")
    name(as_, other, "王老师 13900000000")  # another person of that name


def test_one_after_the_other_is_no_conflict(as_: Any) -> None:
    one, _ = two_rooms(as_)
    with as_(QINGDAO) as db:
        later = db.scalar(sa.select(RoomSession.id).where(RoomSession.mode == ExamMode.PRACTICAL).limit(1))
    name(as_, one, "王老师")
    name(as_, later, "王老师")


@pytest.mark.parametrize(
    ("invigilators", "patrols", "words"),
    [
        ("", "", "监考老师应为1–5人"),
        ("、".join(f"王老师{number}" for number in "一二三四五六"), "", "监考老师应为1–5人"),
        ("王老师", "、".join(f"李老师{number}" for number in "一二三四五六"), "巡考老师最多5人"),
        ("王老师", "王老师", "只填写一次"),
    ],
)
def test_r93_one_to_five_and_none_to_five(invigilators: str, patrols: str, words: str) -> None:
    with pytest.raises(DomainError, match=words):
        service.watch(service.read_people(invigilators), service.read_people(patrols))


def test_after_the_session_nobody_is_named_any_more(as_: Any) -> None:
    room, _ = two_rooms(as_)
    with clock.travel(made.at("2020-12-21T10:00")), pytest.raises(Conflict, match="考试已结束"):
        name(as_, room, "王老师")


def test_a_sheet_of_invigilators_refuses_the_later_of_two_rooms(
    as_: Any, factory: Any, upload: Any, see: Any, confirm: Any
) -> None:
    from app.jobs.running import run_pending
    from app.services import imports

    one, other = two_rooms(as_)
    actor = with_account(as_, QINGDAO)
    with as_(QINGDAO) as db:
        code = db.scalars(sa.select(ExamPlan.plan_code)).one()
        names = {key: db.get_one(RoomSession, key).room_name for key in (one, other)}
    rows = [
        [code, names[one], "2020-12-21 08:30~10:00", "王老师 13800000000、李老师", "赵巡考"],
        [code, names[other], "2020-12-21 08:30", "李老师", None],
        [code, "没有的考场", "2020-12-21 08:30", "孙老师", None],
    ]
    job = upload(actor, rows, labels=LABELS, table="invigilator", mode=imports.GOOD)
    run_pending(factory)
    reasons = [reason for _, _, reason in see(job).errors]
    assert reasons == [f"监考老师时间冲突:{names[one]}(2020-12-21 08:30~10:00)", "没有找到该考场场次"], see(
        job
    ).error
    confirm(actor, job)
    with as_(QINGDAO) as db:
        assert db.get_one(RoomSession, one).invigilators == "王老师、李老师"
        assert count(db, Invigilator) == 3


# Attendance


def everybody(db: Any, room: int, *absent: int) -> dict[int, Attendance]:
    seats = attendance.seats_of(db, db.get_one(RoomSession, room))
    return {
        seat.id: Attendance.ABSENT if seat.seat_number in absent else Attendance.PRESENT for seat in seats
    }


def test_r96_expected_is_attended_and_absent(as_: Any) -> None:
    room, _ = two_rooms(as_)
    with clock.travel(BEGUN), as_(QINGDAO) as db:
        row = db.get_one(RoomSession, room)
        attendance.record(db, row, everybody(db, room, 2))
        db.commit()
        assert (row.expected, row.attended, row.absent) == (2, 1, 1)
        entry = db.scalar(
            sa.select(SeatAssignment.registration_id).where(SeatAssignment.attendance == Attendance.ABSENT)
        )
        assert db.get_one(Registration, entry).phase(made.at("2020-12-21T12:00")) == "缺考"
        attendance.record(db, row, everybody(db, room))
        assert (row.attended, row.absent) == (2, 0)


def test_misconduct_counts_as_attended(as_: Any) -> None:
    room, _ = two_rooms(as_)
    with clock.travel(BEGUN), as_(QINGDAO) as db:
        row = db.get_one(RoomSession, room)
        marks = everybody(db, room)
        marks[min(marks)] = Attendance.MISCONDUCT
        attendance.record(db, row, marks)
        assert (row.attended, row.absent) == (2, 0)


def test_attendance_waits_for_the_session_to_begin(as_: Any) -> None:
    room, _ = two_rooms(as_)
    with (
        clock.travel(made.at("2020-12-21T08:29")),
        as_(QINGDAO) as db,
        pytest.raises(Conflict, match="考试开始后"),
    ):
        attendance.record(db, db.get_one(RoomSession, room), everybody(db, room))


def test_nobody_of_the_room_is_left_out(as_: Any) -> None:
    room, _ = two_rooms(as_)
    with clock.travel(BEGUN), as_(QINGDAO) as db:
        marks = everybody(db, room)
        marks.popitem()
        with pytest.raises(DomainError, match="请刷新后重新登记"):
            attendance.record(db, db.get_one(RoomSession, room), marks)


def test_e101_the_host_records_the_guests(as_: Any) -> None:
    plan, site = a_plan_with(as_, 0, 20)
    made.a_pilot_school_with_quota(as_, school_id=10)
    made.registered_candidates(as_, 1, plan_id=plan, school_id=10)
    lent(as_, plan, site, 1)
    scheduled(as_, plan, publish=True)
    with clock.travel(BEGUN), as_(QINGDAO) as db:
        room = db.scalar(sa.select(RoomSession.id).where(RoomSession.mode == ExamMode.COMPUTER))
        attendance.record(db, db.get_one(RoomSession, room), everybody(db, room))
        db.commit()
    with as_(BEIJING) as db:
        assert Attendance.PRESENT in set(db.scalars(sa.select(Registration.attendance)))
