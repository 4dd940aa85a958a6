"""Downloads of e-certificates, one by one and in bulk, and what is noted of paper (4.14, 6.3, R127, R128)."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from openpyxl import load_workbook
from sqlalchemy.orm import sessionmaker

from app.access.actor import JOB, WalledSession
from app.gateways import storage
from app.jobs.running import run_pending
from app.services import certificate_events, e_certificates
from models.e_certificates import CertificateEvent, ECertificate, EventKind
from models.jobs import Job, JobState
from models.kit import clock
from tests import factories_issuing as make
from tests.factories_issuing import WHEN, People
from tests.services.test_issuing import sign

As = Callable[..., Any]


@pytest.fixture(autouse=True)
def after_the_lock() -> Any:
    with clock.travel(WHEN):
        yield


def issued(as_: As, number: int = 1) -> tuple[People, list[ECertificate]]:
    people, ids = make.signers(as_), make.tasks(as_, number)
    sign(as_, people.organisation, ids)
    sign(as_, people.school, ids)
    with as_(JOB) as db:
        e_certificates.make_due(db)
        return people, list(db.scalars(sa.select(ECertificate).order_by(ECertificate.certificate_number)))


def facts(as_: As) -> list[EventKind]:
    with as_(JOB) as db:
        return list(db.scalars(sa.select(CertificateEvent.kind).order_by(CertificateEvent.id)))


def test_school_and_organisation_download_one_by_one_and_it_is_noted(as_: As, browse: Any) -> None:
    people, (one,) = issued(as_)
    for account in (people.manager, people.organisation_manager):
        browser = browse(account)
        browser.get(f"/console/e_certificate/{one.id}")
        assert f"action/download?rowid={one.id}" in browser.text()
        answer = browser.post(f"/console/e_certificate/action/download?rowid={one.id}")
        assert answer.status_code == 200 and answer.data == storage.get(one.file)
        assert f"{one.certificate_number}.pdf" in answer.headers["Content-Disposition"]
    assert facts(as_) == [EventKind.DOWNLOADED] * 2


def test_who_may_only_look_does_not_get_the_paper_with_its_full_id_number(as_: As, browse: Any) -> None:
    """R23."""
    people, (one,) = issued(as_)
    for account in (people.clerk, people.operator):
        browser = browse(account)
        assert browser.get(f"/console/e_certificate/{one.id}").status_code == 200
        assert one.id_number not in browser.text() and "/file/file" not in browser.text()
        assert browser.get(f"/console/e_certificate/{one.id}/file/file").status_code == 403
        assert browser.post(f"/console/e_certificate/action/download?rowid={one.id}").status_code == 403
    assert browse(people.own_school).get(f"/console/e_certificate/{one.id}/file/file").status_code == 404


def test_r128_only_the_organisation_downloads_in_bulk(as_: As, browse: Any) -> None:
    people, (one,) = issued(as_)
    assert browse(people.school).act("e_certificate", "bulk_download", [one.id]).status_code == 403


def test_a_plans_certificates_come_as_a_zip_with_an_index(as_: As, browse: Any, engine: Any) -> None:
    """6.3: named by certificate number; ID numbers masked in the index."""
    people, made = issued(as_, 3)
    browser = browse(people.organisation_manager)
    answer = browser.post("/console/e_certificate/action/download_plan", {"confirmed": "1", "plan": "1"})
    assert answer.status_code == 302 and "/console/jobs/" in answer.location, browser.text()
    assert run_pending(sessionmaker(engine, class_=WalledSession, expire_on_commit=False)) == 1
    with as_(JOB) as db:
        job = db.scalars(sa.select(Job)).one()
        assert job.state is JobState.DONE, job.error
    with zipfile.ZipFile(io.BytesIO(storage.get(job.result))) as book:
        assert sorted(book.namelist()) == sorted(
            [*(f"{one.certificate_number}.pdf" for one in made), "清单.xlsx"]
        )
        assert book.read(f"{made[0].certificate_number}.pdf") == storage.get(made[0].file)
        sheet = load_workbook(io.BytesIO(book.read("清单.xlsx"))).active
        rows = list(sheet.iter_rows(values_only=True))
    assert [row[0] for row in rows[1:]] == [one.certificate_number for one in made]
    assert rows[1][2] == made[0].id_masked and rows[1][10] == made[0].digest
    assert facts(as_) == [EventKind.DOWNLOADED] * 3


def test_r128_more_than_a_zip_holds_goes_into_several(
    as_: As, browse: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    people, _ = issued(as_, 3)
    monkeypatch.setattr(certificate_events, "MOST", 2)
    browser = browse(people.organisation_manager)
    browser.post("/console/e_certificate/action/download_plan", {"confirmed": "1", "plan": "1"})
    with as_(JOB) as db:
        assert sorted(len(job.params["ids"]) for job in db.scalars(sa.select(Job))) == [1, 2]


def test_printing_posting_and_handing_over_are_facts(as_: As, browse: Any) -> None:
    people, (one,) = issued(as_)
    browser = browse(people.organisation_manager)
    for name, words in (
        ("record_print", ""),
        ("record_posting", "顺丰 SF123456"),
        ("record_handover", "本人领取"),
    ):
        assert browser.act("e_certificate", name, [one.id], {"words": words}).status_code == 302, (
            browser.text()
        )
    assert browser.act("e_certificate", "record_posting", [one.id], {"words": ""}).status_code == 422
    assert facts(as_) == [EventKind.PRINTED, EventKind.POSTED, EventKind.HANDED_OVER]
    browser.get(f"/console/e_certificate/{one.id}")
    assert "顺丰 SF123456" in browser.text()
    assert (
        browse(people.manager).act("e_certificate", "record_print", [one.id], {"words": ""}).status_code
        == 403
    )
    assert (
        browse(people.manager).act("e_certificate", "record_handover", [one.id], {"words": ""}).status_code
        == 302
    )
