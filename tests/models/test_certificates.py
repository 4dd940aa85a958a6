"""Certificates and subjects (R59, 4.17, 9.1)."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, IntegrityError

from app.access.actor import Actor
from models.certificates import Certificate, CertificateState, ExamMode, Level, Subject, TargetGroup
from tests.models.world import ORGANISATION, PUBLIC, QINGDAO, found

OTHER_ORGANISATION = Actor("organisation", tenant=6, role="organisation.principal")


def test_levels_are_numbered_one_to_three() -> None:
    assert [level.number for level in (Level.JUNIOR, Level.MIDDLE, Level.SENIOR)] == [1, 2, 3]


def test_a_certificate_is_called_by_name_and_level(as_: Any) -> None:
    found(as_)
    with as_(PUBLIC) as db:
        certificate = db.scalars(sa.select(Certificate)).one()
        assert (str(certificate), certificate.organisation_name) == ("Python程序开发(中级)", "评价组织")


def test_a_certificate_not_yet_approved_is_seen_by_its_organisation_alone(as_: Any) -> None:
    found(as_)
    with as_(ORGANISATION) as db:
        db.add(Certificate(id=2, organisation_id=5, code="1002", name="Web前端开发", level=Level.JUNIOR))
        db.commit()
        assert db.get(Certificate, 2) is not None
    for actor in (QINGDAO, PUBLIC):
        with as_(actor) as db:
            assert db.get(Certificate, 2) is None


def test_a_certificate_moves_only_along_its_flow(as_: Any) -> None:
    found(as_)
    with as_(ORGANISATION) as db, pytest.raises(IntegrityError, match="cannot become"):
        db.execute(sa.update(Certificate).values(state=CertificateState.PENDING))


def test_leading_zeros_of_a_subject_code_stay(as_: Any) -> None:
    """E73."""
    found(as_)
    with as_(ORGANISATION) as db:
        db.add(Subject(subject_code="098694", name="理论", mode=ExamMode.WRITTEN, certificate_id=1))
        db.commit()
        assert db.scalars(sa.select(Subject.subject_code)).one() == "098694"


@pytest.mark.parametrize("claimed", [None, 6])
def test_no_organisation_adds_a_subject_to_anothers_certificate(as_: Any, claimed: int | None) -> None:
    """Neither openly nor by writing its own number into the copied column."""
    found(as_)
    with as_(OTHER_ORGANISATION) as db, pytest.raises(DBAPIError):
        db.add(
            Subject(
                subject_code="098695",
                name="实操",
                mode=ExamMode.PRACTICAL,
                certificate_id=1,
                organisation_id=claimed,
            )
        )
        db.flush()


def test_a_subject_names_a_group_of_its_own_certificate(as_: Any) -> None:
    """R60."""
    found(as_)
    with as_(ORGANISATION) as db:
        db.add(Certificate(id=2, organisation_id=5, code="1002", name="Web前端开发", level=Level.JUNIOR))
        db.flush()
        db.add(TargetGroup(id=9, certificate_id=2, name="中职学生"))
        db.flush()
        db.add(
            Subject(
                subject_code="000001",
                name="理论",
                mode=ExamMode.COMPUTER,
                certificate_id=1,
                target_group_id=9,
            )
        )
        with pytest.raises(IntegrityError):
            db.flush()
