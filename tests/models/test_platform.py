"""Counters and the outbox (R25, R76)."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, ProgrammingError

from app.access.actor import Actor
from models.platform import NumberSequence, SmsMessage, SmsState
from tests.models.world import PLATFORM, QINGDAO

MOBILE = "13900000000"
DECIDER = Actor("province", account=77, tenant=2, role="province.principal")
COLLEAGUE = Actor("province", account=78, tenant=2, role="province.staff")


def test_a_counter_moves_by_its_function_alone(as_: Any) -> None:
    with as_(QINGDAO) as db:
        assert db.scalar(sa.text("select panel_take_numbers('ticket', 3, 99999)")) == 1
        assert db.scalar(sa.text("select panel_take_numbers('ticket', 1, 99999)")) == 4
        db.commit()
    for actor in (QINGDAO, PLATFORM):
        with as_(actor) as db, pytest.raises(ProgrammingError, match="permission denied"):
            db.execute(sa.update(NumberSequence).values(last=0))


def test_no_message_holds_an_id_number(as_: Any) -> None:
    with as_(DECIDER) as db, pytest.raises(IntegrityError, match="ck_sms_message_rule_1"):
        db.add(SmsMessage(mobile=MOBILE, template="free", body="证件号11010119900307001X已通过"))
        db.flush()


def test_a_certificate_number_in_a_message_is_not_taken_for_an_id_number(as_: Any) -> None:
    with as_(DECIDER) as db:
        db.add(SmsMessage(mobile=MOBILE, template="issued", body="证书编号15600031015610012000045已签发"))
        db.commit()


def test_the_one_who_queued_a_message_may_take_it_back_while_it_waits(as_: Any) -> None:
    """4.3: 收回决定 drops the message."""
    with as_(DECIDER) as db:
        db.add(SmsMessage(mobile=MOBILE, template="approved", body="审核通过"))
        db.commit()
    cancel = sa.update(SmsMessage).values(state=SmsState.CANCELLED)
    with as_(COLLEAGUE) as db:
        assert db.execute(cancel).rowcount == 0
    with as_(DECIDER) as db:
        assert db.execute(cancel).rowcount == 1
