"""Registering and taking back (4.7, R69–R78, E34–E40, E83–E93)."""

from __future__ import annotations

import sqlalchemy as sa

from app.services import registrations
from models.kit import clock
from models.plans import ExamPlan
from models.quotas import Quota
from tests import factories_registrations as make
from tests.factories_registrations import IN_REGISTRATION, school_actor
from tests.models.world import QINGDAO


def test_smoke(as_):
    make.a_pilot_school_with_quota(as_, 60)
    plan = make.a_published_plan(as_)
    people = make.registered_candidates(as_, 5, plan_id=plan)
    with as_(QINGDAO) as db:
        rows = make.registrations_of(db, *people)
        assert len(rows) == 10
        print([r.ticket_number for r in rows])
        assert db.scalar(sa.select(Quota.used)) == 5
    with clock.travel(IN_REGISTRATION), as_(QINGDAO) as db:
        registrations.unregister(db, QINGDAO, make.registrations_of(db, people[0]))
        db.commit()
        assert db.scalar(sa.select(Quota.used)) == 4
