"""更正, 补办, 注销: asked by one, decided by others, the number never changes (4.14, R131, R132)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from app.access.actor import JOB, Actor
from app.documents.drawn import placeholder_photo
from app.documents.signing import verify_pdf
from app.gateways import storage
from app.panel import saving
from app.panel.resolve import resolve
from app.services import corrections, e_certificates, files, issuing
from app.services.errors import Conflict, DomainError, Refused
from models.accounts import Account, Role
from models.candidates import Candidate, Person
from models.e_certificates import (
    CertificateEvent,
    CorrectionKind,
    CorrectionRequest,
    CorrectionState,
    ECertificate,
    EventKind,
    Stage,
)
from models.issuance import IssuanceTask
from models.kit import clock
from models.platform import SmsMessage
from tests import factories
from tests import factories_issuing as make
from tests.factories_issuing import WHEN, People, actor
from tests.services.test_issuing import sign

As = Callable[..., Any]
NEW_ID = "11010119900101001X"


@pytest.fixture(autouse=True)
def after_the_lock() -> Any:
    with clock.travel(WHEN):
        yield


def issued(as_: As) -> tuple[People, int]:
    people, ids = make.signers(as_), make.tasks(as_)
    sign(as_, people.organisation, ids)
    sign(as_, people.school, ids)
    with as_(JOB) as db:
        e_certificates.make_due(db)
        return people, db.scalars(sa.select(ECertificate.id)).one()


def ask(as_: As, who: Actor, certificate: int | None, kind: CorrectionKind, **values: Any) -> int:
    """As the form saves it."""
    given = {
        "kind": kind,
        "e_certificate_id": certificate,
        "reason": "登记有误",
        "evidence": "e.pdf",
        **values,
    }
    with as_(who) as db:
        row = saving.create(db, resolve(CorrectionRequest), who, given)
        db.commit()
        return int(row.id)


def decide(as_: As, account: Account, key: int, how: Callable[..., Any], words: str = "情况属实") -> None:
    with as_(actor(account)) as db:
        how(db, actor(account), [db.get_one(CorrectionRequest, key)], words)
        db.commit()


def work(as_: As) -> int:
    with as_(JOB) as db:
        return corrections.correct_due(db)


def candidate(as_: As) -> Account:
    with as_(JOB) as db:
        person = db.scalars(sa.select(Candidate.person_id)).one()
        account = factories.account(db, Role.CANDIDATE, person_id=person)
        db.commit()
        return account


def test_a_school_asks_the_organisation_agrees_the_platform_decides_and_a_new_edition_is_made(
    as_: As,
) -> None:
    people, certificate = issued(as_)
    key = ask(
        as_,
        actor(people.manager),
        certificate,
        CorrectionKind.CORRECTION,
        new_name="更正名",
        new_id_number=NEW_ID,
    )
    decide(as_, people.organisation_manager, key, corrections.agree)
    with as_(JOB) as db:
        row = db.get_one(CorrectionRequest, key)
        assert (row.state, row.stage) == (CorrectionState.IN_PROGRESS, Stage.PLATFORM)
    assert work(as_) == 0
    decide(as_, people.operator, key, corrections.agree)
    assert work(as_) == 1 and work(as_) == 0
    with as_(JOB) as db:
        first, second = db.scalars(sa.select(ECertificate).order_by(ECertificate.edition)).all()
        assert first.certificate_number == second.certificate_number and second.edition == 2
        assert (second.candidate_name, second.id_number, second.correction_id) == ("更正名", NEW_ID, key)
        assert second.issued_at == first.issued_at and first.candidate_name != "更正名"
        assert verify_pdf(storage.get(second.file), e_certificates.signing_key().chain).valid
        who = db.scalars(sa.select(Candidate)).one()
        assert (who.name, who.id_number) == ("更正名", NEW_ID)
        assert (
            who.person_id
            == second.person_id
            == db.scalar(sa.select(Person.id).where(Person.id_number == NEW_ID))
        )


def test_a_candidates_wish_goes_by_the_school(as_: As) -> None:
    people, certificate = issued(as_)
    own = candidate(as_)
    with as_(actor(own)) as db:
        photo = files.keep(db, actor(own), "照片.jpg", "jpg", placeholder_photo("新", 2))
        db.commit()
    key = ask(as_, actor(own), certificate, CorrectionKind.CORRECTION, new_photo=photo)
    with pytest.raises(Refused, match="当前由院校处理"):
        decide(as_, people.organisation_manager, key, corrections.agree)
    for account in (people.manager, people.organisation_manager, people.operator):
        decide(as_, account, key, corrections.agree)
    assert work(as_) == 1
    with as_(JOB) as db:
        assert db.scalar(sa.select(ECertificate.photo).where(ECertificate.edition == 2)) == photo


def test_a_copy_is_the_organisations_word_and_a_fact_beside_the_certificate(as_: As) -> None:
    people, certificate = issued(as_)
    key = ask(as_, actor(candidate(as_)), certificate, CorrectionKind.REISSUE)
    decide(as_, people.organisation_manager, key, corrections.agree)
    with as_(JOB) as db:
        (fact,) = db.scalars(sa.select(CertificateEvent))
        assert (fact.kind, fact.correction_id) == (EventKind.REISSUED, key)
        assert db.scalar(sa.select(sa.func.count(ECertificate.id))) == 1


def test_a_revocation_is_asked_by_the_organisation_and_decided_by_the_platform(as_: As) -> None:
    people, certificate = issued(as_)
    key = ask(as_, actor(people.organisation_manager), certificate, CorrectionKind.REVOCATION)
    with pytest.raises(Refused):
        decide(as_, people.organisation, key, corrections.agree)
    decide(as_, people.operator, key, corrections.agree)
    with as_(JOB) as db:
        assert db.scalars(sa.select(CertificateEvent.kind)).all() == [EventKind.REVOKED]
        assert "已注销" in db.scalars(sa.select(SmsMessage.body).order_by(SmsMessage.id.desc())).first()
    with pytest.raises(Conflict, match="已注销"):
        ask(as_, actor(people.manager), certificate, CorrectionKind.REISSUE)


def test_what_is_rejected_changes_nothing_and_is_over(as_: As) -> None:
    people, certificate = issued(as_)
    key = ask(as_, actor(people.manager), certificate, CorrectionKind.CORRECTION, new_name="更正名")
    with pytest.raises(DomainError, match="驳回原因"):
        decide(as_, people.organisation_manager, key, corrections.reject, "否")
    decide(as_, people.organisation_manager, key, corrections.reject, "材料不足")
    with pytest.raises(Conflict, match="已办结"):
        decide(as_, people.organisation_manager, key, corrections.agree)
    assert work(as_) == 0


@pytest.mark.parametrize(
    ("who", "kind", "values", "words"),
    [
        ("manager", CorrectionKind.REVOCATION, {}, "注销由颁证机构申请"),
        (
            "organisation_manager",
            CorrectionKind.CORRECTION,
            {"new_name": "更正名"},
            "更正由考生或所在院校申请",
        ),
        ("manager", CorrectionKind.CORRECTION, {}, "请填写更正后的"),
        ("manager", CorrectionKind.REISSUE, {"new_name": "更正名"}, "不能填写更正内容"),
    ],
)
def test_a_wish_that_cannot_be_is_refused(
    as_: As, who: str, kind: CorrectionKind, values: Any, words: str
) -> None:
    people, certificate = issued(as_)
    with pytest.raises(DomainError, match=words):
        ask(as_, actor(getattr(people, who)), certificate, kind, **values)


def test_one_wish_at_a_time(as_: As) -> None:
    people, certificate = issued(as_)
    ask(as_, actor(people.manager), certificate, CorrectionKind.REISSUE)
    with pytest.raises(Conflict, match="已有待处理的申请"):
        ask(as_, actor(people.manager), certificate, CorrectionKind.REISSUE)


def test_who_is_signed_for_but_not_issued_is_corrected_too(as_: As) -> None:
    """R51, E72: after the first signature only a correction changes name, ID number or photo."""
    people, ids = make.signers(as_), make.tasks(as_)
    sign(as_, people.organisation, ids)
    with as_(JOB) as db:
        who = db.scalars(sa.select(Candidate.id)).one()
    key = ask(
        as_, actor(people.manager), None, CorrectionKind.CORRECTION, candidate_id=who, new_name="更正名"
    )
    decide(as_, people.organisation_manager, key, corrections.agree)
    decide(as_, people.operator, key, corrections.agree)
    assert work(as_) == 1 and work(as_) == 0
    with as_(JOB) as db:
        assert db.scalars(sa.select(Candidate.name)).one() == "更正名"
        assert db.scalars(sa.select(IssuanceTask.candidate_name)).one() == "更正名"
    assert issuing.SIDES
