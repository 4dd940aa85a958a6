"""Quotas belong to the province (R33, R37)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, ProgrammingError

from models.kit import clock
from models.quotas import Quota, QuotaChange
from tests.models.world import BEIJING, ORGANISATION, PLATFORM, QINGDAO, SHANDONG, found


def grant(as_: Any) -> None:
    found(as_)
    with as_(SHANDONG) as db:
        db.add(Quota(id=1, school_id=11, certificate_id=1, year=2020, granted=20))
        db.commit()


def test_what_remains_follows_what_is_granted(as_: Any) -> None:
    grant(as_)
    with clock.travel(datetime(2020, 6, 1)), as_(SHANDONG) as db:
        db.execute(sa.update(Quota).values(granted=25))
        assert db.scalars(sa.select(Quota.remaining)).one() == 25


def test_nothing_remains_once_the_year_is_over_though_the_figures_stay(as_: Any) -> None:
    """R35, E35."""
    grant(as_)
    for moment, left in ((datetime(2020, 12, 31, 23, 59, 30), 20), (datetime(2021, 1, 1), 0)):
        with clock.travel(moment), as_(SHANDONG) as db:
            quota = db.scalars(sa.select(Quota)).one()
            assert (quota.remaining, quota.granted) == (left, 20)
            assert db.scalars(sa.select(Quota.remaining)).one() == left


@pytest.mark.parametrize("actor", [PLATFORM, QINGDAO, ORGANISATION], ids=lambda actor: actor.kind)
def test_nobody_but_the_province_grants(as_: Any, actor: Any) -> None:
    grant(as_)
    with as_(actor) as db, pytest.raises(ProgrammingError, match="permission denied"):
        db.execute(sa.update(Quota).values(granted=99))


def test_not_even_the_province_writes_what_is_used(as_: Any) -> None:
    grant(as_)
    with as_(SHANDONG) as db, pytest.raises(ProgrammingError, match="permission denied"):
        db.execute(sa.update(Quota).values(used=1))


def test_a_quota_never_falls_below_what_is_used(as_: Any, owner: sa.Engine) -> None:
    grant(as_)
    with owner.begin() as connection:
        connection.execute(sa.text("update quota set used = 20"))
    with as_(SHANDONG) as db, pytest.raises(IntegrityError, match="ck_quota_rule_2"):
        db.execute(sa.update(Quota).values(granted=19))


def test_a_quota_is_seen_by_its_school_its_organisation_and_its_province(as_: Any) -> None:
    grant(as_)
    for actor, seen in ((QINGDAO, 1), (ORGANISATION, 1), (SHANDONG, 1), (PLATFORM, 1), (BEIJING, 0)):
        with as_(actor) as db:
            assert len(db.scalars(sa.select(Quota)).all()) == seen


def test_a_change_of_a_quota_names_its_reason(as_: Any) -> None:
    grant(as_)
    with as_(SHANDONG) as db, pytest.raises(IntegrityError, match="ck_quota_change_rule_2"):
        db.add(QuotaChange(quota_id=1, delta=5, reason=""))
        db.flush()
