"""Sites, rooms and borrowed sites (4.4, R79–R82, E94–E97, E101)."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, ProgrammingError

from models.certificates import Certificate, CertificateState, Level
from models.directory import Organisation
from models.kit.formats import FormatError
from models.sites import (
    BorrowedSite,
    BorrowRequest,
    BorrowState,
    ExamSite,
    ExamSiteCertificate,
    Room,
    RoomCertificate,
    SiteState,
    room_name,
)
from tests.models.exams import at, published, room, site, with_site
from tests.models.world import BEIJING, ORGANISATION, PLATFORM, QINGDAO


@pytest.mark.parametrize("name", ["107室", "13号机房", "A_1"])
def test_a_room_name_says_which_room(name: str) -> None:
    assert room_name(name) == name


@pytest.mark.parametrize("name", ["——", "。。。", "__", "考场", "测试"])
def test_a_room_name_that_says_nothing_is_refused(name: str) -> None:
    """R82."""
    with pytest.raises(FormatError):
        room_name(name)


def test_an_approved_site_stays_usable_while_a_change_is_reviewed() -> None:
    approved = site(approved_at=at("2020-12-02"), state=SiteState.PENDING)
    assert approved.usable
    approved.state = SiteState.DISABLED
    assert not approved.usable
    assert not site(state=SiteState.PENDING).usable


def test_a_certificate_of_another_organisation_is_refused(as_: Any) -> None:
    """E94."""
    published(as_)
    with as_(PLATFORM) as db:
        db.add(
            Organisation(
                id=6,
                code="600032",
                name="另一组织",
                contact_name="李四",
                contact_mobile="13800000002",
                contact_email="b@example.cn",
            )
        )
        db.flush()
        db.add(
            Certificate(
                id=2,
                organisation_id=6,
                code="1002",
                name="Web",
                level=Level.JUNIOR,
                state=CertificateState.ENABLED,
            )
        )
        db.commit()
    with as_(QINGDAO) as db:
        db.add(site())
        db.flush()
        with pytest.raises(IntegrityError, match="fk_exam_site_certificate"):
            db.add(ExamSiteCertificate(site_id=1, certificate_id=2))
            db.flush()


def test_a_site_seen_by_its_school_and_organisation_and_no_other_school(as_: Any) -> None:
    with_site(as_)
    for actor, seen in ((QINGDAO, 1), (ORGANISATION, 1), (PLATFORM, 1), (BEIJING, 0)):
        with as_(actor) as db:
            assert len(db.scalars(sa.select(ExamSite)).all()) == seen
            assert len(db.scalars(sa.select(Room)).all()) == seen


def test_the_organisation_decides_and_does_not_rename(as_: Any) -> None:
    with_site(as_)
    with as_(ORGANISATION) as db, pytest.raises(ProgrammingError, match="permission denied"):
        db.execute(sa.update(ExamSite).values(name="别的名字"))


@pytest.mark.parametrize("seats", [0, 1001])
def test_a_room_has_between_1_and_1000_seats(as_: Any, seats: int) -> None:
    """E95."""
    with_site(as_)
    with as_(QINGDAO) as db, pytest.raises(IntegrityError, match="ck_room_rule_1"):
        db.add(room(id=2, name="107室", seats=seats))
        db.flush()


def test_a_room_at_another_schools_site_is_refused(as_: Any) -> None:
    with_site(as_)
    with as_(BEIJING) as db, pytest.raises(ProgrammingError, match="row-level security"):
        db.add(room(id=2, name="107室", venue_id=None))
        db.flush()


def test_a_room_is_kept_for_certificates_of_its_own_site(as_: Any) -> None:
    """R87."""
    with_site(as_)
    with as_(QINGDAO) as db:
        db.add(site(id=2, site_code="15004", name="青岛学院第二站点"))
        db.flush()
        db.add(ExamSiteCertificate(id=2, site_id=2, certificate_id=1))
        db.flush()
        db.add(RoomCertificate(room_id=1, site_certificate_id=1))
        db.flush()
        with pytest.raises(IntegrityError, match="fk_room_certificate"):
            db.add(RoomCertificate(room_id=1, site_certificate_id=2))
            db.flush()


def test_only_the_organisation_lends_a_site(as_: Any) -> None:
    """E102; a school never borrows from itself."""
    with_site(as_)
    with as_(BEIJING) as db, pytest.raises(ProgrammingError, match="permission denied"):
        db.add(BorrowedSite(plan_id=1, certificate_id=1, guest_school_id=10, site_id=1, places=5))
        db.flush()
    with as_(ORGANISATION) as db:
        db.add(BorrowedSite(plan_id=1, certificate_id=1, guest_school_id=10, site_id=1, places=5))
        db.commit()
        with pytest.raises(IntegrityError, match="ck_borrowed_site_rule_1"):
            db.add(BorrowedSite(plan_id=1, certificate_id=1, guest_school_id=11, site_id=1, places=5))
            db.flush()
    for actor in (BEIJING, QINGDAO):
        with as_(actor) as db:
            lent = db.scalars(sa.select(BorrowedSite)).one()
            assert (lent.guest_school_name, lent.site_name) == ("北京学院", "青岛学院考核站点")


def test_a_school_cannot_grant_its_own_request(as_: Any) -> None:
    published(as_)
    with as_(BEIJING) as db:
        db.add(
            BorrowRequest(id=1, plan_id=1, certificate_id=1, school_id=10, places=5, reason="本校没有机房")
        )
        db.commit()
        with pytest.raises(ProgrammingError, match="row-level security"):
            db.execute(sa.update(BorrowRequest).values(state=BorrowState.ASSIGNED))
        db.rollback()
        with pytest.raises(IntegrityError, match="uq_borrow_request"):
            db.add(
                BorrowRequest(id=2, plan_id=1, certificate_id=1, school_id=10, places=9, reason="再申请一次")
            )
            db.flush()
