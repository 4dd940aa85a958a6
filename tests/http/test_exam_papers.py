"""Printing and the exam day in the browser: papers (R94, R95, E109), attendance (R96), guests (E101)."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from pypdf import PdfReader

from app.access.actor import JOB
from app.gateways import storage
from app.jobs.running import run_pending
from app.services import exam_prints
from models.accounts import Account, Role
from models.certificates import ExamMode
from models.jobs import Job
from models.kit import clock
from models.registrations import AdmissionTicket, Registration
from models.scheduling import RoomSession, SeatAssignment
from tests import factories
from tests import factories_registrations as made
from tests.factories_scheduling import IN_SCHEDULING, a_plan_with, lent, scheduled
from tests.imports.conftest import data_folder
from tests.jobs.conftest import factory

__all__ = ["data_folder", "factory"]

KINDS = ("sign_in", "desk", "door", "tickets")


@pytest.fixture(autouse=True)
def in_scheduling() -> Iterator[None]:
    with clock.travel(IN_SCHEDULING):
        yield


def somebody(as_: Any, role: Role, **tenant: int) -> Account:
    with as_() as db:
        account = factories.account(db, role, **tenant)
        db.commit()
        return account


def school(as_: Any, school_id: int = 11) -> Account:
    return somebody(as_, Role.SCHOOL_PRINCIPAL, school_id=school_id)


def computer_room(as_: Any) -> int:
    with as_(JOB) as db:
        return int(db.scalar(sa.select(RoomSession.id).where(RoomSession.mode == ExamMode.COMPUTER)))


def text_of(answer: Any) -> str:
    assert answer.status_code == 200, answer.get_data(as_text=True)[:500]
    assert answer.mimetype == "application/pdf" and "no-store" in answer.headers["Cache-Control"]
    return "".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.data)).pages)


def test_every_paper_of_a_room_is_a_pdf(as_: Any, browse: Any) -> None:
    """R94."""
    plan, _ = a_plan_with(as_, 3, 30)
    scheduled(as_, plan, publish=True)
    browser, room = browse(school(as_)), computer_room(as_)
    with as_(JOB) as db:
        entry = db.scalars(sa.select(Registration)).first()
        number, masked, ticket = entry.id_number, entry.id_masked, entry.ticket_number
    texts = {kind: text_of(browser.get(f"/console/exam_papers/{kind}/{room}")) for kind in KINDS}
    assert ticket in texts["sign_in"] and masked in texts["sign_in"] and number not in texts["sign_in"]
    assert ticket in texts["desk"] and "李考生" in texts["door"]
    assert number in texts["tickets"], "the ticket prints the ID number in full (R23)"
    assert "2020-12-21 08:30~10:00" in texts["tickets"] and "2020-12-21 10:30~12:00" in texts["tickets"]


@pytest.mark.parametrize("kind", KINDS)
def test_e109_nothing_is_printed_before_publication(as_: Any, browse: Any, kind: str) -> None:
    """A school does not even see the draft; the organisation is told."""
    plan, _ = a_plan_with(as_, 1, 30)
    scheduled(as_, plan)
    room = computer_room(as_)
    with as_(JOB) as db:
        ticket = db.scalar(sa.select(AdmissionTicket.id))
    browser = browse(school(as_))
    assert browser.get(f"/console/exam_papers/{kind}/{room}").status_code == 404
    assert browser.get(f"/console/exam_papers/ticket/{ticket}").status_code == 409
    assert "排考尚未发布" in browser.text()
    organisation = browse(somebody(as_, Role.ORGANISATION_MANAGER, organisation_id=5))
    assert organisation.get(f"/console/exam_papers/{kind}/{room}").status_code == 409


def test_the_ticket_button_stands_only_where_there_is_something_to_print(as_: Any, browse: Any) -> None:
    """R95, E109: 打印准考证 stands at a row with the published schedule; above the list it is for whichever are ticked."""
    address = "/console/exam_papers/ticket/"
    plan, _ = a_plan_with(as_, 1, 30)
    scheduled(as_, plan)
    browser = browse(school(as_))
    assert browser.get("/console/admission_ticket/").status_code == 200
    assert address not in browser.text()
    scheduled(as_, plan, publish=True)
    browser.get("/console/admission_ticket/")
    assert address in browser.text()


def test_e101_guests_are_masked_at_the_host_and_get_their_tickets_at_home(as_: Any, browse: Any) -> None:
    plan, site = a_plan_with(as_, 1, 20)
    made.a_pilot_school_with_quota(as_, school_id=10)
    (guest,) = made.registered_candidates(as_, 1, plan_id=plan, school_id=10)
    lent(as_, plan, site, 1)
    scheduled(as_, plan, publish=True)
    room = computer_room(as_)
    with as_(JOB) as db:
        entry = db.scalars(sa.select(Registration).where(Registration.candidate_id == guest)).first()
        number, masked, ticket = entry.id_number, entry.id_masked, entry.ticket_id
    host = browse(school(as_))
    assert masked in text_of(host.get(f"/console/exam_papers/sign_in/{room}"))
    assert number not in text_of(host.get(f"/console/exam_papers/tickets/{room}"))
    assert host.get(f"/console/exam_papers/ticket/{ticket}").status_code == 404
    home = browse(school(as_, 10))
    assert number in text_of(home.get(f"/console/exam_papers/ticket/{ticket}"))
    assert home.get(f"/console/exam_papers/sign_in/{room}").status_code == 404
    assert home.get("/console/seat_assignment/").status_code == 200
    assert "考核站点" in home.text() and "1号座" not in home.text() and masked in home.text()


def test_a_small_bulk_download_is_one_pdf_and_a_large_one_a_job_with_a_zip(
    as_: Any, browse: Any, factory: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, _ = a_plan_with(as_, 3, 2, 2)
    scheduled(as_, plan, publish=True)
    browser = browse(school(as_))
    with as_(JOB) as db:
        rooms = list(db.scalars(sa.select(RoomSession.id)))
    answer = browser.act("room_session", "print_sign_in", rooms)
    assert answer.status_code == 302 and answer.location.startswith("/console/exam_papers/sign_in/")
    assert len(PdfReader(io.BytesIO(browser.get(answer.location).data)).pages) == len(rooms)
    monkeypatch.setattr(exam_prints, "AT_ONCE", 2)
    answer = browser.act("room_session", "print_tickets", rooms)
    assert answer.location.startswith("/console/jobs/")
    run_pending(factory)
    with as_(JOB) as db:
        job = db.scalars(sa.select(Job)).one()
        assert (job.state.value, job.done, job.error) == ("DONE", len(rooms), None)
        names = zipfile.ZipFile(io.BytesIO(storage.get(job.result))).namelist()
    assert len(names) == len(rooms) and all(name.endswith(".pdf") and "准考证" in name for name in names)


@pytest.mark.parametrize("keys", ["0", "1.x", "9" * 19, "1.2.3", ".".join(["1"] * 121)])
def test_wild_addresses_are_not_found(as_: Any, browse: Any, keys: str) -> None:
    plan, _ = a_plan_with(as_, 1, 30)
    scheduled(as_, plan, publish=True)
    browser = browse(school(as_))
    assert browser.get(f"/console/exam_papers/desk/{keys}").status_code == 404
    assert browser.get(f"/console/exam_papers/ticket/{keys}").status_code == 404


def test_the_matrix_of_a_site_is_printed(as_: Any, browse: Any) -> None:
    plan, site = a_plan_with(as_, 2, 30)
    scheduled(as_, plan)
    organisation = browse(somebody(as_, Role.ORGANISATION_MANAGER, organisation_id=5))
    assert "2020-12-21 08:30~10:00" in text_of(organisation.get(f"/console/exam_papers/matrix/{plan}/{site}"))
    assert browse(school(as_)).get(f"/console/exam_papers/matrix/{plan}/{site}").status_code == 409


# The exam day


def test_the_host_school_records_attendance_on_one_page(as_: Any, browse: Any) -> None:
    """R96."""
    plan, _ = a_plan_with(as_, 3, 30)
    scheduled(as_, plan, publish=True)
    account, room = school(as_), computer_room(as_)
    here = f"/console/room_session/{room}/attendance"
    assert browse(account).get(here).status_code == 409
    with clock.travel(made.at("2020-12-21T08:35")):
        browser = browse(account)
        assert browser.get(here).status_code == 200
        assert browser.text().count('value="PRESENT"') == 3 and browser.text().count(" checked") == 3
        with as_(JOB) as db:
            ids = list(db.scalars(sa.select(SeatAssignment.id).where(SeatAssignment.room_session_id == room)))
        marks = {f"seat-{key}": "PRESENT" for key in ids} | {f"seat-{ids[0]}": "ABSENT"}
        assert browser.post(here, marks).location == f"/console/room_session/{room}"
        assert browser.post(here, {**marks, f"seat-{ids[1]}": "MAYBE"}).status_code == 422
        browser.get(here)
        assert "已登记" in browser.text()
    with as_(JOB) as db:
        row = db.get_one(RoomSession, room)
        assert (row.attended, row.absent) == (2, 1)


def test_invigilators_are_set_by_the_button(as_: Any, browse: Any) -> None:
    """R93."""
    plan, _ = a_plan_with(as_, 1, 30)
    scheduled(as_, plan, publish=True)
    browser, room = browse(school(as_)), computer_room(as_)
    answer = browser.act(
        "room_session", "set_invigilators", [room], {"invigilators": "王老师 13800000000\r\n李老师"}
    )
    assert answer.status_code == 302, browser.text()
    browser.get(f"/console/room_session/{room}")
    assert "王老师、李老师" in browser.text()
    answer = browser.act("room_session", "set_invigilators", [room], {"invigilators": "王"})
    assert answer.status_code == 422


def test_others_neither_record_nor_print(as_: Any, browse: Any) -> None:
    """R136: another school's room is not there; another role has no such door."""
    plan, _ = a_plan_with(as_, 1, 30)
    scheduled(as_, plan, publish=True)
    room = computer_room(as_)
    stranger = browse(school(as_, 10))
    province = browse(somebody(as_, Role.PROVINCE_STAFF, province_id=2))
    with clock.travel(made.at("2020-12-21T08:35")):
        assert stranger.get(f"/console/room_session/{room}/attendance").status_code in (302, 404)
        assert stranger.get(f"/console/exam_papers/desk/{room}").status_code in (302, 404)
        assert province.get(f"/console/exam_papers/desk/{room}").status_code in (302, 403)
