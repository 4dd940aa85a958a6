"""Tickets for the candidate, sheets without invigilators (R94, R95; E108, E109)."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from pypdf import PdfReader

from app.access.actor import Actor
from app.services import exam_papers
from app.services.errors import Conflict, NotFound
from models.candidates import Person
from models.kit import clock
from models.registrations import AdmissionTicket
from models.scheduling import RoomSession
from tests.factories_scheduling import IN_SCHEDULING, a_plan_with, scheduled
from tests.models.world import ORGANISATION, QINGDAO


@pytest.fixture(autouse=True)
def in_scheduling() -> Iterator[None]:
    with clock.travel(IN_SCHEDULING):
        yield


def text_of(data: bytes) -> str:
    return "".join(page.extract_text() for page in PdfReader(io.BytesIO(data)).pages)


def test_r95_a_candidate_prints_the_own_ticket_and_nobody_elses(as_: Any) -> None:
    plan, _ = a_plan_with(as_, 2, 30)
    scheduled(as_, plan, publish=True)
    with as_() as db:
        rows = db.execute(sa.select(AdmissionTicket.id, AdmissionTicket.number, AdmissionTicket.person_id))
        (own, number, person), (other, _, _) = rows.all()
        id_number = db.get_one(Person, person).id_number
    with as_(Actor("candidate", tenant=person, role="candidate")) as db:
        text = text_of(exam_papers.ticket_papers(db, [own]))
        assert number in text and id_number in text and "实训楼三层" in text
        with pytest.raises(NotFound):
            exam_papers.ticket_papers(db, [other])


def test_e109_a_candidate_has_no_ticket_before_publication(as_: Any) -> None:
    plan, _ = a_plan_with(as_, 1, 30)
    scheduled(as_, plan)
    with as_() as db:
        ticket, person = db.execute(sa.select(AdmissionTicket.id, AdmissionTicket.person_id)).one()
    with (
        as_(Actor("candidate", tenant=person, role="candidate")) as db,
        pytest.raises(Conflict, match="尚未发布"),
    ):
        exam_papers.ticket_papers(db, [ticket])


def test_e108_without_invigilators_the_sheet_has_blank_lines(as_: Any) -> None:
    plan, _ = a_plan_with(as_, 1, 30)
    scheduled(as_, plan, publish=True)
    with as_(QINGDAO) as db:
        room = db.scalar(sa.select(RoomSession.id).limit(1))
        assert "监考老师" in text_of(exam_papers.room_papers(db, QINGDAO, "sign_in", [room]))


def test_the_organisation_prints_the_tickets_of_a_room_with_its_guests(as_: Any) -> None:
    plan, _ = a_plan_with(as_, 2, 30)
    scheduled(as_, plan, publish=True)
    with as_(ORGANISATION) as db:
        room = db.scalar(sa.select(RoomSession.id).limit(1))
        assert (
            len(PdfReader(io.BytesIO(exam_papers.room_papers(db, ORGANISATION, "tickets", [room]))).pages)
            == 2
        )
