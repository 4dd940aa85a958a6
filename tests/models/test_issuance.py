"""Who signs, in which order, and that nothing is undone (4.12–4.14, R113–R121, E122–E134)."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, ProgrammingError

from app.access.actor import Actor
from models.accounts import Role
from models.e_certificates import CertificateEvent, ECertificate, EventKind
from models.issuance import (
    Decision,
    IssuanceState,
    IssuanceTask,
    Party,
    Position,
    Seal,
    Signature,
)
from tests import factories
from tests.models.exams import CANDIDATE, ID_NUMBER, NUMBER, at, passed
from tests.models.world import BEIJING, ORGANISATION, PLATFORM, QINGDAO

MANAGER = Actor("school", tenant=11, role="school.manager")


def seal(**values: Any) -> Seal:
    given = {
        "holder_name": "王校长", "holder_position": Position.VICE_PRESIDENT, "image": "s1", "edition": 1,
        "authorisation_text": "2020-1", "authorisation_accepted_at": at("2020-12-01"),
    }  # fmt: skip
    return Seal(**{**given, **values})


def ready(as_: Any) -> None:
    passed(as_)
    with as_() as db:
        factories.account(db, Role.SCHOOL_PRINCIPAL, school_id=11)
        factories.account(db, Role.ORGANISATION_PRINCIPAL, organisation_id=5)
        db.commit()
    with as_(QINGDAO) as db:
        db.add(seal(id=1, school_id=11))
        db.commit()
    with as_(ORGANISATION) as db:
        db.add(seal(id=2, organisation_id=5))
        db.commit()


def signature(**values: Any) -> Signature:
    given = {"task_id": 1, "round": 1, "decision": Decision.SIGNED, "hand_signature": "h", "account_id": 1}
    return Signature(**{**given, **values})


def sign_both(as_: Any) -> None:
    with as_(ORGANISATION) as db:
        db.add(signature(party=Party.ORGANISATION, seal_id=2))
        db.get_one(IssuanceTask, 1).state = IssuanceState.WAITING_SITE
        db.commit()
    with as_(QINGDAO) as db:
        db.add(signature(party=Party.SITE_SCHOOL, seal_id=1))
        task = db.get_one(IssuanceTask, 1)
        task.state, task.issued_at = IssuanceState.SIGNED, at("2021-01-05")
        db.commit()


def test_both_parties_sign_and_then_nothing_changes(as_: Any) -> None:
    """E129."""
    ready(as_)
    sign_both(as_)
    with as_(QINGDAO) as db:
        assert db.scalar(sa.select(sa.func.count(Signature.id))) == 2
    for statement, words in (
        (sa.update(IssuanceTask).values(issued_at=None), "签发已完成"),
        (sa.delete(IssuanceTask), "签发已完成"),
        (sa.delete(Signature), "签发记录"),
    ):
        with as_() as db, pytest.raises(IntegrityError, match=words):
            db.execute(statement)


def test_the_site_school_does_not_sign_first(as_: Any) -> None:
    """E122: no such move."""
    ready(as_)
    with as_(QINGDAO) as db, pytest.raises(IntegrityError, match="cannot become SIGNED"):
        db.execute(sa.update(IssuanceTask).values(state=IssuanceState.SIGNED, issued_at=at("2021-01-05")))


def test_another_school_or_a_manager_signs_nothing(as_: Any) -> None:
    """E123, R124: the wall lets only the principal of the host school move the task or leave a signature."""
    ready(as_)
    with as_(ORGANISATION) as db:
        db.get_one(IssuanceTask, 1).state = IssuanceState.WAITING_SITE
        db.commit()
    for actor in (BEIJING, MANAGER):
        with as_(actor) as db:
            change = sa.update(IssuanceTask).values(state=IssuanceState.SIGNED, issued_at=at("2021-01-05"))
            assert db.execute(change).rowcount == 0
            with pytest.raises((ProgrammingError, IntegrityError), match="row-level security"):
                db.add(signature(party=Party.SITE_SCHOOL, seal_id=1))
                db.flush()


def test_nobody_signs_for_the_other_party(as_: Any) -> None:
    ready(as_)
    for actor, party in ((QINGDAO, Party.ORGANISATION), (ORGANISATION, Party.SITE_SCHOOL)):
        with as_(actor) as db, pytest.raises(ProgrammingError, match="row-level security"):
            db.add(signature(party=party, seal_id=1))
            db.flush()


@pytest.mark.parametrize(
    ("values", "rule"),
    [
        ({"decision": Decision.REFUSED}, "rule_1"),
        ({"decision": Decision.REFUSED, "reason": "否"}, "rule_1"),
        ({"decision": Decision.SIGNED, "seal_id": None}, "rule_2"),
    ],
    ids=["E127 no reason", "E127 one character", "E124 no seal"],
)
def test_a_decision_without_its_due_is_refused(as_: Any, values: dict[str, Any], rule: str) -> None:
    ready(as_)
    with as_(ORGANISATION) as db, pytest.raises(IntegrityError, match=f"ck_signature_{rule}"):
        db.add(signature(party=Party.ORGANISATION, **values))
        db.flush()


def test_a_seal_is_seen_by_its_principal_alone(as_: Any) -> None:
    """R124, E11."""
    ready(as_)
    for actor, seen in ((QINGDAO, [1]), (MANAGER, []), (BEIJING, []), (ORGANISATION, [2])):
        with as_(actor) as db:
            assert db.scalars(sa.select(Seal.id)).all() == seen
    with as_(PLATFORM) as db, pytest.raises(ProgrammingError, match="permission denied"):
        db.scalars(sa.select(Seal)).all()


def test_a_seal_is_replaced_by_a_new_edition_only(as_: Any) -> None:
    """R126, E134."""
    ready(as_)
    with as_(QINGDAO) as db:
        db.add(seal(id=3, school_id=11, edition=2, image="s2"))
        db.commit()
        with pytest.raises(ProgrammingError, match="permission denied"):
            db.execute(sa.update(Seal).values(image="s3"))


def issued(as_: Any) -> None:
    ready(as_)
    sign_both(as_)
    with as_() as db:
        db.add(
            ECertificate(
                id=1,
                certificate_number=NUMBER,
                candidate_name="张三",
                id_number=ID_NUMBER,
                certificate_name="Python程序开发",
                level="MIDDLE",
                organisation_name="评价组织",
                issued_at=at("2021-01-05"),
                file="f",
                digest="d",
                task_id=1,
                organisation_id=5,
                person_id=1,
            )
        )
        db.commit()


def test_an_issued_certificate_is_seen_by_those_it_belongs_to(as_: Any) -> None:
    issued(as_)
    for actor, seen in ((QINGDAO, 1), (ORGANISATION, 1), (PLATFORM, 1), (CANDIDATE, 1), (BEIJING, 0)):
        with as_(actor) as db:
            assert len(db.scalars(sa.select(ECertificate)).all()) == seen, actor.kind


def test_an_issued_certificate_never_changes(as_: Any) -> None:
    issued(as_)
    for statement in (sa.update(ECertificate).values(candidate_name="李四"), sa.delete(ECertificate)):
        with as_() as db, pytest.raises(IntegrityError, match="已签发的证书"):
            db.execute(statement)


def test_revocation_is_a_fact_beside_the_certificate(as_: Any) -> None:
    """D8, R131: of the organisation's word, but the platform's deed; and only once."""
    issued(as_)
    revoked = {"e_certificate_id": 1, "kind": EventKind.REVOKED, "note": "冒名顶替"}
    with as_(ORGANISATION) as db, pytest.raises(ProgrammingError, match="row-level security"):
        db.add(CertificateEvent(**revoked))
        db.flush()
    with as_(PLATFORM) as db:
        db.add(CertificateEvent(**revoked))
        db.commit()
        with pytest.raises(IntegrityError, match="uq_certificate_event_certificate_number_when"):
            db.add(CertificateEvent(**revoked))
            db.flush()
    with as_(CANDIDATE) as db:
        assert db.get_one(ECertificate, 1).revoked_at is not None


def test_the_tabs_of_certificates_follow_their_events(as_: Any) -> None:
    issued(as_)

    def tabs(db: Any) -> dict[str, list[int]]:
        return {
            label: list(db.scalars(sa.select(ECertificate.edition).where(condition(at("2021-02-01")))))
            for label, condition in ECertificate.PHASES.items()
        }

    with as_() as db:
        assert tabs(db) == {"有效": [1], "已更新": [], "已注销": []}
        db.add(
            ECertificate(
                id=2,
                edition=2,
                certificate_number=NUMBER,
                candidate_name="张叁",
                id_number=ID_NUMBER,
                certificate_name="Python程序开发",
                level="MIDDLE",
                organisation_name="评价组织",
                issued_at=at("2021-01-05"),
                file="f2",
                digest="d2",
                task_id=1,
                organisation_id=5,
                person_id=1,
            )
        )
        db.flush()
        assert tabs(db) == {"有效": [2], "已更新": [1], "已注销": []}
        db.add(CertificateEvent(e_certificate_id=2, kind=EventKind.REVOKED, note="冒名顶替"))
        db.flush()
        assert tabs(db)["有效"] == []
