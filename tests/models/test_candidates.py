"""What is known of a candidate, and who may see it (R40, R46, R52, E54, E56)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from app.access.actor import JOB
from models.candidates import Candidate, CandidateKind, IdentityState, Person, Photo, Sex
from tests.models.exams import CANDIDATE, ID_NUMBER, candidate, published, registered
from tests.models.world import BEIJING, ORGANISATION, PLATFORM, QINGDAO, SHANDONG


def test_an_id_number_tells_mask_birth_date_and_sex() -> None:
    made = candidate()
    assert (made.id_masked, made.birth_date, made.sex) == ("340524********001X", date(1980, 1, 1), Sex.MALE)


def test_an_old_record_of_name_and_id_names_what_is_missing() -> None:
    """E56."""
    old = Candidate(kind=CandidateKind.STUDENT, name="张三", id_number=ID_NUMBER)
    assert old.missing == ["name_pinyin", "mobile", "major", "education_level", "enrolment_year", "photo"]
    old.kind = CandidateKind.SOCIAL
    assert old.missing == ["name_pinyin", "mobile", "photo"]


@pytest.mark.parametrize(
    ("state", "real"),
    [(IdentityState.VERIFIED, True), (IdentityState.CONFIRMED, True), (IdentityState.WAITING, False)],
)
def test_a_candidate_is_real_once_checked_or_confirmed(state: IdentityState, real: bool) -> None:
    assert candidate(identity_state=state).is_real is real


def test_one_person_entered_by_two_schools_is_two_candidates(as_: Any) -> None:
    """E54, R46: each school sees its own; the same school enters nobody twice."""
    registered(as_)
    with as_(BEIJING) as db:
        db.add(candidate(id=2, school_id=10))
        db.commit()
        assert db.scalars(sa.select(Candidate.school_id)).all() == [10]
        with pytest.raises(IntegrityError, match="uq_candidate_school_id_id_number"):
            db.add(candidate(id=3, school_id=10))
            db.flush()
    with as_(CANDIDATE) as db:
        assert len(db.scalars(sa.select(Candidate)).all()) == 2


def test_a_candidate_is_found_by_the_whole_id_number(as_: Any) -> None:
    """R24."""
    registered(as_)
    with as_(QINGDAO) as db:
        assert db.scalars(sa.select(Candidate.name).where(Candidate.id_number == ID_NUMBER)).one() == "张三"


def test_the_organisation_sees_a_candidate_only_once_registered(as_: Any) -> None:
    published(as_)
    with as_(JOB) as db:
        db.add(Person(id=1, id_number=ID_NUMBER, name="张三"))
        db.commit()
    with as_(QINGDAO) as db:
        db.add(candidate(id=1))
        db.commit()
    with as_(ORGANISATION) as db:
        assert db.get(Candidate, 1) is None


def test_a_registered_candidate_is_seen_by_those_concerned(as_: Any) -> None:
    registered(as_)
    for actor, seen in (
        (QINGDAO, 1),
        (ORGANISATION, 1),
        (SHANDONG, 1),
        (PLATFORM, 1),
        (CANDIDATE, 1),
        (BEIJING, 0),
    ):
        with as_(actor) as db:
            assert len(db.scalars(sa.select(Candidate)).all()) == seen, actor.kind


def test_only_one_photo_is_in_use(as_: Any) -> None:
    registered(as_)

    def photo(**values: Any) -> Photo:
        return Photo(
            candidate_id=1, file="f", original="o", width=295, height=413, size=1000, red_share=0.9, **values
        )

    with as_(QINGDAO) as db:
        db.add_all([photo(current=False), photo(current=True)])
        db.flush()
        with pytest.raises(IntegrityError, match="uq_photo_candidate_id_when"):
            db.add(photo(current=True))
            db.flush()


def test_without_a_photo_nobody_leaves_the_incomplete(as_: Any) -> None:
    registered(as_)
    with as_(QINGDAO) as db, pytest.raises(IntegrityError, match="ck_candidate_rule_2"):
        db.execute(sa.update(Candidate).values(photo=None))
