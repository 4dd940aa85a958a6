"""Rooms of a plan: guards, taking over earlier ones, the sheet (R79–R82; E95–E97; 6.2 考场)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from app.access.actor import Actor
from app.panel import saving
from app.panel.resolve import resolve
from app.services import rooms as service
from app.services import rooms_import
from app.services.errors import Conflict, DomainError
from models.certificates import ExamMode
from models.kit import clock, formats
from models.plans import ExamPlan
from models.sites import ExamSite, ExamSiteCertificate, Room, RoomCertificate, Venue
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
from tests.models.world import QINGDAO

__all__ = ["confirm", "data_folder", "factory", "see", "upload"]

LABELS = [column.label for column in rooms_import.SHEET.columns]


@pytest.fixture(autouse=True)
def in_scheduling() -> Iterator[None]:
    with clock.travel(IN_SCHEDULING):
        yield


def a_plan_and_site(as_: Any) -> tuple[int, int]:
    made.a_pilot_school_with_quota(as_)
    return made.a_published_plan(as_), a_site(as_)


def set_up(db: Any, plan: int, site: int, **values: Any) -> Room:
    given = {
        "plan_id": plan, "site_id": site, "name": "13号机房", "kind": ExamMode.COMPUTER, "seats": 30,
        "address": "实训楼三层", **values,
    }  # fmt: skip
    row = saving.create(db, resolve(Room), QINGDAO, given)
    assert isinstance(row, Room)
    return row


def test_a_room_stands_on_a_physical_room_and_in_its_sites_place(as_: Any) -> None:
    """R80: the same room in two plans is one venue."""
    plan, site = a_plan_and_site(as_)
    other = made.a_published_plan(as_)
    with as_(QINGDAO) as db:
        first, second = set_up(db, plan, site), set_up(db, other, site)
        db.commit()
        assert first.venue_id == second.venue_id and first.place_city_id == 2
        assert db.scalars(sa.select(Venue.name)).all() == ["13号机房"]


def test_e95_no_room_at_a_site_that_is_not_approved(as_: Any) -> None:
    plan, _ = a_plan_and_site(as_)
    waiting = a_site(as_, approved=False)
    with as_(QINGDAO) as db, pytest.raises(DomainError, match="站点未通过审批"):
        set_up(db, plan, waiting)


@pytest.mark.parametrize("seats", [0, 1001])
def test_e95_seats_are_1_to_1000(as_: Any, seats: int) -> None:
    plan, site = a_plan_and_site(as_)
    with as_(QINGDAO) as db, pytest.raises(DomainError, match="1–1000"):
        set_up(db, plan, site, seats=seats)


def test_one_physical_room_is_set_once_a_plan(as_: Any) -> None:
    plan, site = a_plan_and_site(as_)
    second = a_site(as_)
    with as_(QINGDAO) as db:
        set_up(db, plan, site)
        with pytest.raises(DomainError, match="已设置同一物理考场") as refused:
            set_up(db, plan, second)
        assert refused.value.field == "building"
        assert set_up(db, plan, second, building="二号楼").id


def change(db: Any, room: int, **values: Any) -> None:
    row = db.get_one(Room, room)
    saving.update(db, resolve(Room), QINGDAO, row, values, None)


def test_e97_seats_are_not_lowered_below_those_taken_not_even_in_a_draft(as_: Any) -> None:
    plan, _ = a_plan_with(as_, 35, 40)
    scheduled(as_, plan)
    with as_(QINGDAO) as db:
        room = db.scalar(sa.select(Room.id).where(Room.kind == ExamMode.COMPUTER))
        with pytest.raises(DomainError, match="不能少于35") as refused:
            change(db, room, seats=30)
        assert refused.value.field == "seats"
        db.rollback()
        change(db, room, seats=35)


def test_what_stands_on_published_tickets_does_not_change(as_: Any) -> None:
    """4.9: ticket addresses are fixed with publication."""
    plan, _ = a_plan_with(as_, 1, 40)
    scheduled(as_, plan, publish=True)
    with as_(QINGDAO) as db:
        room = db.scalar(sa.select(Room.id))
        with pytest.raises(DomainError, match="准考证上的考场名称和地址不能修改"):
            change(db, room, address="别的楼一层")


def test_a_room_in_use_is_not_deleted(as_: Any) -> None:
    plan, _ = a_plan_with(as_, 1, 40)
    scheduled(as_, plan)
    with as_(QINGDAO) as db, pytest.raises(Conflict, match="已安排考试,不能删除"):
        saving.delete(db, resolve(Room), QINGDAO, db.scalars(sa.select(Room).limit(1)).one())


def test_certificates_of_a_room_are_named_and_belong_to_its_site(as_: Any) -> None:
    """R87."""
    plan, site = a_plan_and_site(as_)
    elsewhere = a_site(as_)
    with as_(QINGDAO) as db:
        room = set_up(db, plan, site)
        own, foreign = (
            db.scalar(sa.select(ExamSiteCertificate.id).where(ExamSiteCertificate.site_id == key))
            for key in (site, elsewhere)
        )
        owned = {"room_id": room.id, "site_id": site, "school_id": 11, "organisation_id": 5}
        saving.create(db, resolve(RoomCertificate), QINGDAO, {**owned, "site_certificate_id": own})
        db.commit()
        db.refresh(room)
        assert room.certificate_names == "Python程序开发(中级)"
        with pytest.raises(DomainError, match="只能选择该站点已申请的证书"):
            saving.create(db, resolve(RoomCertificate), QINGDAO, {**owned, "site_certificate_id": foreign})


@pytest.mark.parametrize("name", ["考场", "测试", "——", "。"])
def test_r82_names_say_which_room(name: str) -> None:
    with pytest.raises(formats.FormatError, match="13号机房"):
        Room.__table__.c.name.type.normalise(name)


# 沿用历史考场


def test_e96_rooms_are_taken_over_once(as_: Any) -> None:
    plan, site = a_plan_and_site(as_)
    rooms(as_, plan, site, 30, 40)
    later = made.a_published_plan(as_)
    with as_(QINGDAO) as db:
        own = db.scalar(sa.select(ExamSiteCertificate.id))
        first = db.scalar(sa.select(sa.func.min(Room.id)))
        db.add(
            RoomCertificate(
                room_id=first, site_certificate_id=own, site_id=site, school_id=11, organisation_id=5
            )
        )
        db.flush()
        args = (db.get_one(ExamPlan, later), db.get_one(ExamSite, site))
        assert service.copy_rooms(db, *args) == (2, 0)
        assert service.copy_rooms(db, *args) == (0, 2)
        db.commit()
        taken = db.scalars(sa.select(Room).where(Room.plan_id == later).order_by(Room.id)).all()
        assert [(room.seats, room.copied_from_id) for room in taken] == [(30, first), (40, first + 1)]
        assert count(db, RoomCertificate, RoomCertificate.room_id == taken[0].id) == 1


def test_there_must_be_something_to_take_over(as_: Any) -> None:
    plan, site = a_plan_and_site(as_)
    with as_(QINGDAO) as db, pytest.raises(DomainError, match="没有考场"):
        service.copy_rooms(db, db.get_one(ExamPlan, plan), db.get_one(ExamSite, site))


# The sheet


def sheet(as_: Any, plan: int, site: int, *rows: dict[str, Any]) -> tuple[Actor, list[list[Any]]]:
    actor = with_account(as_, QINGDAO)
    with as_(actor) as db:
        codes = db.get_one(ExamPlan, plan).plan_code, db.get_one(ExamSite, site).site_code
    right = {
        "计划编号": codes[0], "站点代码": codes[1], "考场名称": "107室", "考场类型": "机考", "座位数": 30,
        "详细地址": "教学楼一层107", "考试的证书": "Python程序开发(中级)",
    }  # fmt: skip
    return actor, [[{**right, **row}.get(label) for label in LABELS] for row in rows]


def test_a_sheet_of_rooms_is_checked_and_written(
    as_: Any, factory: Any, upload: Any, see: Any, confirm: Any
) -> None:
    from app.jobs.running import run_pending

    plan, site = a_plan_and_site(as_)
    actor, lines = sheet(as_, plan, site, {}, {"考场名称": "108室", "考试的证书": None, "市": "济南市"})
    job = upload(actor, lines, labels=LABELS, table="room")
    run_pending(factory)
    assert see(job).counts == {"new": 2}, see(job).error
    confirm(actor, job)
    with as_(QINGDAO) as db:
        one, other = db.scalars(sa.select(Room).order_by(Room.id)).all()
        assert (one.name, one.seats, one.place_city_id, one.certificate_names) == (
            "107室",
            30,
            2,
            "Python程序开发(中级)",
        )
        assert (other.name, other.place_city_id, other.certificate_names) == ("108室", 3, None)
        assert one.venue_id != other.venue_id
    again = upload(actor, lines[:1], labels=LABELS, table="room")
    run_pending(factory)
    assert see(again).counts == {"unchanged": 1}


def test_wrong_rows_are_refused_in_the_handbooks_words(as_: Any, factory: Any, upload: Any, see: Any) -> None:
    from app.jobs.running import run_pending

    plan, site = a_plan_and_site(as_)
    waiting = a_site(as_, approved=False)
    with as_(QINGDAO) as db:
        set_up(db, plan, site, name="107室")
        db.commit()
        code = db.get_one(ExamSite, waiting).site_code
    actor, lines = sheet(
        as_, plan, site,
        {}, {"考场名称": "109室", "座位数": 1001}, {"考场名称": "110室", "站点代码": code}, {"考场名称": "测试"},
        {"考场名称": "111室", "考试的证书": "Java"},
    )  # fmt: skip
    job = upload(actor, lines, labels=LABELS, table="room")
    run_pending(factory)
    reasons = [reason for _, _, reason in see(job).errors]
    for reason, words in zip(
        reasons,
        ("考场名称重复", "座位数应为1–1000", "站点未通过审批", "不能只写“测试”", "站点没有申请“Java”"),
        strict=True,
    ):
        assert words in reason
