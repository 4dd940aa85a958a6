"""Applying for a site and setting rooms in the browser (4.4, R80; E94–E96)."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from models.accounts import Account, Role
from models.kit import clock
from models.sites import BorrowedSite, ExamSite, ExamSiteFile, Room
from tests import factories
from tests import factories_registrations as made
from tests.factories_scheduling import IN_SCHEDULING, a_site, count, rooms
from tests.imports.conftest import data_folder
from tests.models.world import QINGDAO

__all__ = ["data_folder"]

PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"
SITE = {
    "organisation_id": "5", "name": "青岛学院Python考核站点", "place_city_id": "2", "address": "市南区一号路1号",
    "intro": "机房三间,设备齐全,交通便利", "contact_name": "李站长", "contact_mobile": "13900000012",
    "contact_email": "site@example.cn",
}  # fmt: skip


@pytest.fixture(autouse=True)
def in_scheduling() -> Iterator[None]:
    with clock.travel(IN_SCHEDULING):
        yield


def somebody(as_: Any, role: Role, **tenant: int) -> Account:
    with as_() as db:
        account = factories.account(db, role, **tenant)
        db.commit()
        return account


def test_a_site_is_applied_for_approved_and_gets_rooms(as_: Any, browse: Any) -> None:
    made.a_pilot_school_with_quota(as_)
    plan = made.a_published_plan(as_)
    school = browse(somebody(as_, Role.SCHOOL_PRINCIPAL, school_id=11))
    answer = school.post("/console/exam_site/add", SITE)
    assert answer.status_code == 422 and "请至少添加一个申请考试的证书" in school.text()
    files = {
        f"exam_site_file-{number}-file": (io.BytesIO(PDF), f"场地照片{number}.pdf") for number in range(2)
    }
    rows = {**SITE, "exam_site_certificate-0-certificate_id": "1", **files}
    answer = school.post("/console/exam_site/add", rows, content_type="multipart/form-data")
    assert answer.status_code == 302, re.findall(r"ui-error[^<]*<[^>]*>([^<]*)", school.text())
    key = int(answer.location.rsplit("/", 1)[1])
    organisation = browse(somebody(as_, Role.ORGANISATION_MANAGER, organisation_id=5))
    assert organisation.act("exam_site", "approve", [key]).status_code == 302
    room = {
        "plan_id": str(plan), "site_id": str(key), "name": "13号机房", "kind": "COMPUTER", "seats": "30",
        "address": "实训楼三层",
    }  # fmt: skip
    answer = school.post("/console/room/add", room)
    assert answer.status_code == 302, school.text()
    assert school.post("/console/room/add", {**room, "name": "测试"}).status_code == 422
    assert school.post("/console/room/add", {**room, "name": "14号机房", "seats": "1001"}).status_code == 422
    assert school.get(f"/console/exam_site/{key}/edit").status_code == 409
    with as_(QINGDAO) as db:
        assert db.get_one(ExamSite, key).usable and count(db, Room) == 1
        kept = db.execute(
            sa.select(ExamSiteFile.ordinal, ExamSiteFile.file_name).order_by(ExamSiteFile.ordinal)
        )
        assert kept.all() == [(1, "场地照片0.pdf"), (2, "场地照片1.pdf")]


def test_the_organisation_refuses_with_a_reason_and_cannot_apply_itself(as_: Any, browse: Any) -> None:
    made.a_pilot_school_with_quota(as_)
    key = a_site(as_, approved=False)
    organisation = browse(somebody(as_, Role.ORGANISATION_MANAGER, organisation_id=5))
    assert organisation.act("exam_site", "refuse", [key], {"refusal_reason": "不"}).status_code == 422
    assert organisation.act("exam_site", "refuse", [key], {"refusal_reason": "设备不足"}).status_code == 302
    assert organisation.act("exam_site", "approve", [key]).status_code == 409
    assert organisation.post("/console/exam_site/add", SITE).status_code == 403
    school = browse(somebody(as_, Role.SCHOOL_PRINCIPAL, school_id=11))
    assert school.act("exam_site", "approve", [key]).status_code == 403
    assert school.act("exam_site", "resubmit", [key]).status_code == 302


def test_e96_rooms_are_taken_over_by_the_button(as_: Any, browse: Any) -> None:
    made.a_pilot_school_with_quota(as_)
    plan, site = made.a_published_plan(as_), a_site(as_)
    rooms(as_, plan, site, 30, 40)
    later = made.a_published_plan(as_)
    school = browse(somebody(as_, Role.SCHOOL_PRINCIPAL, school_id=11))
    wanted = {"plan_id": str(later), "site_id": str(site), "source_id": ""}
    assert school.act("room", "copy_rooms", [], wanted).status_code == 302
    school.get("/console/room/")
    assert "已沿用2个考场" in school.text()
    school.act("room", "copy_rooms", [], wanted)
    school.get("/console/room/")
    assert "已沿用0个考场,跳过已存在的2个" in school.text()


def test_the_lists_of_this_area_open_for_those_who_have_them(as_: Any, browse: Any) -> None:
    made.a_pilot_school_with_quota(as_)
    school = browse(somebody(as_, Role.SCHOOL_PRINCIPAL, school_id=11))
    organisation = browse(somebody(as_, Role.ORGANISATION_MANAGER, organisation_id=5))
    common = (
        "exam_site",
        "room",
        "borrow_request",
        "borrowed_site",
        "room_session",
        "seat_assignment",
        "plan_subject",
    )
    for table in common:
        assert school.get(f"/console/{table}/").status_code == 200, table
        assert organisation.get(f"/console/{table}/").status_code == 200, table
    assert school.get("/console/admission_ticket/").status_code == 200
    assert "准考证" in school.text()


def test_e101_a_school_asks_for_places_and_the_organisation_assigns_them(as_: Any, browse: Any) -> None:
    made.a_pilot_school_with_quota(as_)
    made.a_pilot_school_with_quota(as_, school_id=10)
    plan, site = made.a_published_plan(as_), a_site(as_)
    guest = browse(somebody(as_, Role.SCHOOL_PRINCIPAL, school_id=10))
    wish = {"plan_id": str(plan), "certificate_id": "1", "places": "12", "reason": "本校没有机房"}
    answer = guest.post("/console/borrow_request/add", wish)
    assert answer.status_code == 302, guest.text()
    key = int(answer.location.rsplit("/", 1)[1])
    organisation = browse(somebody(as_, Role.ORGANISATION_MANAGER, organisation_id=5))
    answer = organisation.act("borrow_request", "assign", [key], {"site_id": str(site), "places": ""})
    assert answer.status_code == 302, organisation.text()
    guest.get("/console/borrowed_site/")
    assert "考核站点" in guest.text() and ">12<" in guest.text()
    again = {
        "plan_id": str(plan),
        "certificate_id": "1",
        "guest_school_id": "10",
        "site_id": str(site),
        "places": "5",
    }
    assert organisation.post("/console/borrowed_site/add", again).status_code == 409
    with as_() as db:
        assert count(db, BorrowedSite) == 1
