"""Fee slips (4.8; R83, R84, E87, E103–E107)."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from app.access.actor import JOB, Actor
from app.panel import saving
from app.panel.resolve import resolve
from app.services import fee_papers, fees, registrations
from app.services.errors import DomainError
from models.accounts import Role
from models.certificates import Certificate, ExamMode
from models.fees import FeeBasis, FeeSlip, FeeSlipLine, SlipState
from models.jobs import Message
from models.kit import clock
from models.plans import ExamPlan, FeeMode
from tests import factories
from tests import factories_registrations as make
from tests.documents.samples import text
from tests.factories_registrations import IN_REGISTRATION
from tests.models.world import ORGANISATION, QINGDAO

BY_CERTIFICATE, BY_SUBJECT = FeeBasis.BY_CERTIFICATE, FeeBasis.BY_SUBJECT
THREE = [(name, ExamMode.COMPUTER) for name in ("理论", "实操", "综合")]


@pytest.fixture(autouse=True)
def december() -> Iterator[None]:
    with clock.travel(IN_REGISTRATION):
        yield


class Office:
    """Three people of Qingdao, registered for a certificate of three subjects at 100 a certificate, 40 a subject."""

    def __init__(self, as_: Any, fee_mode: FeeMode = FeeMode.EITHER) -> None:
        make.a_pilot_school_with_quota(as_)
        self.certificate = make.a_certificate(
            as_, subjects=THREE, fee_per_certificate=Decimal(100), fee_per_subject=Decimal(40)
        )
        make.a_pilot_school_with_quota(as_, certificate_id=self.certificate)
        self.plan_id = make.a_published_plan(as_, certificates=(self.certificate,), fee_mode=fee_mode)
        self.people = make.registered_candidates(
            as_, 3, plan_id=self.plan_id, certificate_id=self.certificate
        )
        with as_(JOB) as db:
            account = factories.account(db, Role.ORGANISATION_MANAGER, organisation_id=5)
            db.commit()
            self.organisation = Actor("organisation", account.id, 5, "organisation.manager", account.name)

    def slip(self, db: Any, basis: FeeBasis, *people: int) -> FeeSlip:
        rows = make.registrations_of(db, *(people or self.people))
        made = fees.make_slip(db, QINGDAO, db.get_one(ExamPlan, self.plan_id), basis, rows)
        db.commit()
        return made


@pytest.fixture
def office(as_: Any) -> Office:
    return Office(as_)


@pytest.mark.parametrize(
    ("basis", "times", "unit", "amount"), [(BY_CERTIFICATE, 3, 100, 300), (BY_SUBJECT, 9, 40, 360)]
)
def test_e106_certificates_or_subjects_are_counted_and_priced(
    as_: Any, office: Office, basis: FeeBasis, times: int, unit: int, amount: int
) -> None:
    with as_(QINGDAO) as db:
        slip = office.slip(db, basis)
        assert (slip.person_times, slip.unit_fee, slip.amount) == (times, Decimal(unit), Decimal(amount))
        lines = db.scalars(sa.select(FeeSlipLine.fee)).all()
        assert (len(lines), sum(fee for fee in lines if fee is not None)) == (9, amount)
        assert slip.slip_number == "20201210000001"


def test_by_certificate_all_subjects_of_the_person_go_along(as_: Any, office: Office) -> None:
    with as_(QINGDAO) as db:
        only_first = make.registrations_of(db, office.people[0])[:1]
        slip = fees.make_slip(db, QINGDAO, db.get_one(ExamPlan, office.plan_id), BY_CERTIFICATE, only_first)
        assert (slip.person_times, db.scalar(sa.select(sa.func.count()).select_from(FeeSlipLine))) == (1, 3)


def test_without_a_tariff_the_slip_shows_the_count_alone(as_: Any, office: Office) -> None:
    with as_(ORGANISATION) as db:
        db.get_one(Certificate, office.certificate).fee_per_subject = None
        db.commit()
    with as_(QINGDAO) as db:
        slip = office.slip(db, BY_SUBJECT)
        assert (slip.person_times, slip.unit_fee, slip.amount) == (9, None, None)


def test_the_tariff_of_the_day_stays_with_the_slip(as_: Any, office: Office) -> None:
    with as_(QINGDAO) as db:
        key = office.slip(db, BY_CERTIFICATE).id
    with as_(ORGANISATION) as db:
        db.get_one(Certificate, office.certificate).fee_per_certificate = Decimal(500)
        db.commit()
    with as_(QINGDAO) as db:
        assert db.get_one(FeeSlip, key).amount == 300
        with pytest.raises(DBAPIError, match="permission denied"):
            db.execute(sa.update(FeeSlip).values(amount=1, unit_fee=None))


@pytest.mark.parametrize(
    ("mode", "basis", "refusal"),
    [
        (FeeMode.NONE, BY_SUBJECT, "计划不收费"),
        (FeeMode.BY_SUBJECT, BY_CERTIFICATE, "该计划不按证书收费"),
        (FeeMode.BY_CERTIFICATE, BY_SUBJECT, "该计划不按科目收费"),
    ],
)
def test_r83_the_plan_says_which_slips_there_are(
    as_: Any, mode: FeeMode, basis: FeeBasis, refusal: str
) -> None:
    office = Office(as_, mode)
    with as_(QINGDAO) as db, pytest.raises(DomainError, match=refusal):
        office.slip(db, basis)


def test_e105_a_registration_is_on_one_slip_until_that_is_sent_back(as_: Any, office: Office) -> None:
    with as_(QINGDAO) as db:
        slip = office.slip(db, BY_SUBJECT, office.people[0])
        key, number = slip.id, slip.slip_number
        with pytest.raises(DomainError, match=f"已在缴费单{number}中"):
            office.slip(db, BY_CERTIFICATE, *office.people)
    with as_(office.organisation) as db:
        fees.send_back(db, office.organisation, [db.get_one(FeeSlip, key)], "请按证书缴费")
        db.commit()
    with as_(QINGDAO) as db:
        assert office.slip(db, BY_CERTIFICATE, *office.people).person_times == 3
        assert db.scalars(sa.select(Message.title)).all() == [f"缴费单{number}已退回"]


def test_e87_a_registration_on_a_slip_is_deleted_only_after_the_slip(as_: Any, office: Office) -> None:
    with as_(QINGDAO) as db:
        slip = office.slip(db, BY_SUBJECT)
        first = make.registrations_of(db, office.people[0])
        with pytest.raises(DomainError, match=f"已在缴费单{slip.slip_number}中"):
            registrations.unregister(db, QINGDAO, first)
        db.rollback()
        saving.delete(db, resolve(FeeSlip), QINGDAO, db.get_one(FeeSlip, slip.id))
        assert registrations.unregister(db, QINGDAO, make.registrations_of(db, office.people[0])) == 3
        db.commit()


def test_a_registration_on_a_slip_sent_back_can_be_deleted(as_: Any, office: Office) -> None:
    with as_(QINGDAO) as db:
        slip = office.slip(db, BY_SUBJECT)
    with as_(office.organisation) as db:
        fees.send_back(db, office.organisation, [db.get_one(FeeSlip, slip.id)], "金额有误")
        db.commit()
    with as_(QINGDAO) as db:
        registrations.unregister(db, QINGDAO, make.registrations_of(db, office.people[0]))
        db.commit()
        assert db.scalar(sa.select(sa.func.count()).select_from(FeeSlipLine)) == 6


def test_a_confirmed_slip_makes_its_registrations_paid_and_tells_the_school(as_: Any, office: Office) -> None:
    with as_(QINGDAO) as db:
        slip = office.slip(db, BY_CERTIFICATE, *office.people[:2])
    with as_(office.organisation) as db:
        row = db.get_one(FeeSlip, slip.id)
        fees.confirm(db, office.organisation, [row])
        db.commit()
        assert (row.state, row.confirmed_by_id, row.received_amount) == (
            SlipState.CONFIRMED,
            office.organisation.account,
            200,
        )
    with as_(QINGDAO) as db:
        paid = {row.candidate_id: row.paid for row in make.registrations_of(db, *office.people)}
        assert paid == {office.people[0]: True, office.people[1]: True, office.people[2]: False}
        assert db.scalars(sa.select(Message.title)).all() == [f"缴费单{slip.slip_number}已确认"]
        with pytest.raises(DomainError, match="已缴费"):
            office.slip(db, BY_SUBJECT, office.people[0])


def test_e104_nobody_deletes_or_changes_a_confirmed_slip(as_: Any, office: Office) -> None:
    with as_(QINGDAO) as db:
        key = office.slip(db, BY_CERTIFICATE).id
    with as_(office.organisation) as db:
        fees.confirm(db, office.organisation, [db.get_one(FeeSlip, key)])
        db.commit()
        with pytest.raises(DomainError, match="不能再确认"):
            fees.confirm(db, office.organisation, [db.get_one(FeeSlip, key)])
    assert not fees.deletable(FeeSlip(state=SlipState.CONFIRMED))
    for statement in (
        sa.delete(FeeSlip),
        sa.update(FeeSlip).values(amount=1, unit_fee=None),
        sa.delete(FeeSlipLine),
    ):
        with as_(JOB) as db, pytest.raises(DBAPIError, match="缴费单已确认,不能修改或删除"):
            db.execute(statement)


def test_e107_another_amount_than_due_needs_an_explicit_word(as_: Any, office: Office) -> None:
    with as_(QINGDAO) as db:
        key = office.slip(db, BY_CERTIFICATE, office.people[0]).id
    day = clock.today()
    with as_(office.organisation) as db:
        row = db.get_one(FeeSlip, key)
        with pytest.raises(DomainError, match="实收金额与应收不符") as refused:
            fees.record_payment(db, office.organisation, [row], Decimal(90), day)
        assert (refused.value.field, row.state) == ("received_amount", SlipState.PENDING)
        fees.record_payment(db, office.organisation, [row], Decimal(90), day, accept_difference=True)
        db.commit()
        assert (row.state, row.received_amount, row.received_on) == (SlipState.CONFIRMED, 90, day)


def test_the_paper_says_number_count_and_amount_in_capitals(as_: Any, office: Office) -> None:
    with as_(QINGDAO) as db:
        slip = office.slip(db, BY_CERTIFICATE)
        name, data = fee_papers.slip_paper(db, slip.id)
        shown = text(data)
    assert name == f"缴费单{slip.slip_number}"
    for words in (slip.slip_number, "青岛学院", "评价组织", "300.00", "叁佰元整"):
        assert words in shown
