"""Fee slips (4.8, R84, E87, E104, E105)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, ProgrammingError

from models.candidates import Candidate
from models.fees import FeeBasis, FeeSlip, FeeSlipLine, SlipState
from tests.models.exams import at, registered
from tests.models.world import BEIJING, ORGANISATION, PLATFORM, QINGDAO


def slip(number: int = 1) -> FeeSlip:
    return FeeSlip(
        id=number,
        slip_number=f"F2020{number}",
        plan_id=1,
        school_id=11,
        basis=FeeBasis.BY_SUBJECT,
        person_times=1,
        unit_fee=Decimal(50),
        amount=Decimal(50),
    )


def filed(as_: Any) -> None:
    registered(as_)
    with as_(QINGDAO) as db:
        db.add(slip())
        db.flush()
        db.add(FeeSlipLine(id=1, slip_id=1, registration_id=1))
        db.commit()


def confirm(as_: Any) -> None:
    with as_(ORGANISATION) as db:
        paid = db.get_one(FeeSlip, 1)
        paid.state, paid.confirmed_at = SlipState.CONFIRMED, at("2020-12-20")
        db.commit()


def test_a_registration_is_on_one_live_slip(as_: Any) -> None:
    """E105; once sent back it is free again."""
    filed(as_)
    with as_(QINGDAO) as db:
        db.add(slip(2))
        db.commit()
        with pytest.raises(IntegrityError, match="uq_fee_slip_line_registration_id_when"):
            db.add(FeeSlipLine(id=2, slip_id=2, registration_id=1))
            db.flush()
    with as_(ORGANISATION) as db:
        returned = db.get_one(FeeSlip, 1)
        returned.state, returned.refusal_reason = SlipState.RETURNED, "金额不符"
        db.commit()
    with as_(QINGDAO) as db:
        db.add(FeeSlipLine(id=2, slip_id=2, registration_id=1))
        db.commit()


def test_a_school_cannot_confirm_its_own_slip(as_: Any) -> None:
    filed(as_)
    with as_(QINGDAO) as db, pytest.raises(ProgrammingError, match="permission denied"):
        db.execute(sa.update(FeeSlip).values(state=SlipState.CONFIRMED, confirmed_at=at("2020-12-20")))


@pytest.mark.parametrize("table", [FeeSlip, FeeSlipLine])
def test_a_confirmed_slip_never_changes(as_: Any, table: Any) -> None:
    """E104: the school's statement meets no row; the worker's meets the trigger."""
    filed(as_)
    confirm(as_)
    with as_(QINGDAO) as db:
        assert db.execute(sa.delete(table)).rowcount == 0
    with as_() as db, pytest.raises(IntegrityError, match="缴费单已确认"):
        db.execute(sa.delete(table))


def test_an_unconfirmed_slip_goes_with_its_lines(as_: Any) -> None:
    filed(as_)
    with as_(QINGDAO) as db:
        db.execute(sa.delete(FeeSlip))
        db.commit()
        assert not db.scalars(sa.select(FeeSlipLine)).all()


def test_a_confirmed_slip_keeps_the_name_it_was_confirmed_with(as_: Any) -> None:
    """The school may still correct the candidate (R51); the slip is what was paid."""
    filed(as_)
    confirm(as_)
    with as_(QINGDAO) as db:
        db.get_one(Candidate, 1).name = "张叁"
        db.commit()
        assert db.scalars(sa.select(FeeSlipLine.candidate_name)).all() == ["张三"]


def test_slips_are_between_school_and_organisation(as_: Any) -> None:
    filed(as_)
    for actor, seen in ((QINGDAO, 1), (ORGANISATION, 1), (BEIJING, 0)):
        with as_(actor) as db:
            assert len(db.scalars(sa.select(FeeSlip)).all()) == seen
    with as_(PLATFORM) as db, pytest.raises(ProgrammingError, match="permission denied"):
        db.scalars(sa.select(FeeSlip)).all()


def test_the_amount_is_count_times_fee(as_: Any) -> None:
    registered(as_)
    with as_(QINGDAO) as db, pytest.raises(IntegrityError, match="ck_fee_slip_rule_3"):
        made = slip()
        made.amount = Decimal(60)
        db.add(made)
        db.flush()
