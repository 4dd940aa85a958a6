"""The e-certificate: made once from two signatures, with the seals of their time, and never lost (4.14, R121, R126, R127)."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from pypdf import PdfReader
from sqlalchemy.orm import Session

from app.access.actor import JOB, WalledSession
from app.documents.drawn import demo_seal
from app.documents.signing import verify_pdf
from app.gateways import storage
from app.services import e_certificates
from models.e_certificates import ECertificate
from models.issuance import IssuanceState, IssuanceTask, Position, Seal
from models.jobs import Message
from models.kit import clock
from models.platform import SmsMessage
from tests import factories_issuing as make
from tests.factories_issuing import WHEN, People
from tests.services.test_issuing import sign

As = Callable[..., Any]


@pytest.fixture(autouse=True)
def after_the_lock() -> Any:
    with clock.travel(WHEN):
        yield


def signed(as_: As, number: int = 1, **values: Any) -> tuple[People, list[int]]:
    people, ids = make.signers(as_), make.tasks(as_, number, **values)
    sign(as_, people.organisation, ids)
    sign(as_, people.school, ids)
    return people, ids


def made(as_: As) -> list[ECertificate]:
    with as_(JOB) as db:
        return list(db.scalars(sa.select(ECertificate).order_by(ECertificate.task_id)))


def work(as_: As) -> int:
    with as_(JOB) as db:
        return e_certificates.make_due(db)


def test_a_signed_task_becomes_a_signed_pdf_of_the_second_signatures_time(as_: As) -> None:
    _, ids = signed(as_)
    with clock.travel(WHEN + timedelta(hours=3)):
        assert work(as_) == 1
    (one,) = made(as_)
    with as_(JOB) as db:
        task = db.get_one(IssuanceTask, ids[0])
    assert one.issued_at == task.issued_at and one.certificate_number == task.certificate_number
    pdf = storage.get(one.file)
    assert hashlib.sha256(pdf).hexdigest() == one.digest
    verdict = verify_pdf(pdf, e_certificates.signing_key().chain)
    assert verdict.valid, verdict.message_zh
    assert verdict.when == task.issued_at.replace(microsecond=0)
    text = "".join(PdfReader(io.BytesIO(pdf)).pages[0].extract_text().split())
    for words in (task.candidate_name, task.id_number, task.certificate_number, "评价组织", "青岛学院"):
        assert words in text


def test_its_holder_is_told_by_message_and_text_message_without_an_id_number(as_: As) -> None:
    """4.12, R25."""
    signed(as_)
    work(as_)
    with as_(JOB) as db:
        (message,) = db.scalars(sa.select(SmsMessage))
        assert "证书已签发" in message.body
        assert db.scalars(sa.select(Message.title).where(Message.person_id.is_not(None))).all() == [
            "Python程序开发(中级)证书已签发"
        ]


def test_a_task_signed_by_one_party_is_not_made(as_: As) -> None:
    """R117."""
    people, ids = make.signers(as_), make.tasks(as_)
    sign(as_, people.organisation, ids)
    assert work(as_) == 0 and made(as_) == []
    with as_(JOB) as db:
        assert e_certificates.make_certificate(db, ids[0]) is None


def test_e134_each_partys_seal_is_the_one_valid_when_it_signed(as_: As) -> None:
    """R126: both seals are replaced after their party has signed."""
    people, ids = make.signers(as_), make.tasks(as_)
    sign(as_, people.organisation, ids)
    make.seal(as_, people.organisation, demo_seal("换了的章"), Position.HEAD)
    sign(as_, people.school, ids)
    make.seal(as_, people.school, demo_seal("又换的章"))
    with as_(JOB) as db:
        first = {
            s.organisation_id or s.school_id: s.image
            for s in db.scalars(sa.select(Seal).where(Seal.edition == 1))
        }
        task = db.get_one(IssuanceTask, ids[0])
        used = e_certificates._seals(db, task)
        assert (used.organisation, used.site_school) == (storage.get(first[5]), storage.get(first[11]))


def test_made_twice_it_is_one(as_: As) -> None:
    _, ids = signed(as_)
    work(as_)
    assert work(as_) == 0
    with as_(JOB) as db:
        assert e_certificates.make_certificate(db, ids[0]) is None
    assert len(made(as_)) == 1


@pytest.mark.parametrize("step", ["certificate", "sign_pdf", "keep", "sms"])
def test_killed_at_any_step_nothing_is_lost_or_doubled(
    as_: As, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Check 23: the worker dies while the second of three is drawn, signed, stored, told."""
    _, ids = signed(as_, 3)
    owner = {"keep": e_certificates.files, "sms": e_certificates.notify}.get(step, e_certificates)
    real, calls = getattr(owner, step), []

    def dies(*args: Any, **kwargs: Any) -> Any:
        calls.append(step)
        if len(calls) == 2:
            raise KeyboardInterrupt  # as far from an orderly end as a process gets to see
        return real(*args, **kwargs)

    with monkeypatch.context() as patched:
        patched.setattr(owner, step, dies)
        with pytest.raises(KeyboardInterrupt):
            work(as_)
    assert [one.task_id for one in made(as_)] == ids[:1]
    assert work(as_) == 2
    assert [one.task_id for one in made(as_)] == ids
    with as_(JOB) as db:
        numbers = set(db.scalars(sa.select(ECertificate.certificate_number)))
        assert numbers == set(db.scalars(sa.select(IssuanceTask.certificate_number)))
        assert db.scalar(sa.select(sa.func.count(SmsMessage.id))) == 3
    for one in made(as_):
        assert hashlib.sha256(storage.get(one.file)).hexdigest() == one.digest


def test_one_that_cannot_be_made_does_not_hold_up_the_others(as_: As) -> None:
    _, ids = signed(as_, 3)
    with as_(JOB) as db:
        missing = db.get_one(IssuanceTask, ids[0]).photo
        picture = storage.get(missing)
    storage.delete(missing)
    assert work(as_) == 2
    assert [one.task_id for one in made(as_)] == ids[1:]
    storage.put(missing, picture)
    assert work(as_) == 1
    assert [one.task_id for one in made(as_)] == ids


def test_two_workers_make_one_certificate(as_: As, engine: Any) -> None:
    """The second finds the task locked and leaves it."""
    _, ids = signed(as_)
    with as_(JOB) as db:
        assert e_certificates.make_certificate(db, ids[0]) is not None  # not committed yet
        with WalledSession(engine) as other:
            _try_meanwhile(other, ids[0])
        db.commit()
    assert len(made(as_)) == 1


def _try_meanwhile(other: Session, task_id: int) -> None:
    other.info["actor"] = JOB
    assert e_certificates.make_certificate(other, task_id) is None
    other.rollback()


def test_the_qr_code_of_a_certificate_holds_its_number_only(as_: As) -> None:
    """R25."""
    _, ids = signed(as_)
    with as_(JOB) as db:
        task = db.get_one(IssuanceTask, ids[0])
        address = e_certificates.verify_url(task.certificate_number)
        assert address.endswith(f"/verify?number={task.certificate_number}") and task.id_number not in address
        assert task.state is IssuanceState.SIGNED
