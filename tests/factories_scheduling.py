"""Sites, rooms and borrowed places for a published plan, and whole schedules, on `factories_registrations`.

Everything is arranged as the job actor; `IN_SCHEDULING` (2020-12-16) is a moment at which one may schedule.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.access.actor import JOB, Actor
from app.services import scheduling
from models.accounts import Account, Role
from models.certificates import Certificate, ExamMode
from models.kit import clock
from models.plans import ExamPlan
from models.sites import BorrowedSite, ExamSite, ExamSiteCertificate, SiteState
from tests import factories
from tests import factories_registrations as made
from tests.models import exams
from tests.models.world import ORGANISATION

As = Callable[..., Any]
at = exams.at
IN_SCHEDULING = made.IN_SCHEDULING
EXAM_DAY = at("2020-12-21T07:00")

_count = itertools.count(1)


def a_site(
    as_: As,
    *,
    school_id: int = 11,
    certificates: Sequence[int] = (1,),
    organisation_id: int = 5,
    approved: bool = True,
    **values: Any,
) -> int:
    """A site of the school, approved for the certificates unless said otherwise."""
    number = next(_count)
    moment = at("2020-12-02")
    with as_(JOB) as db:
        site = exams.site(
            **{
                "id": None,
                "site_code": f"{15000 + number:05d}",
                "school_id": school_id,
                "name": f"考核站点{number}",
                "organisation_id": organisation_id,
                "place_city_id": 2 if school_id == 11 else 1,
                "state": SiteState.APPROVED if approved else SiteState.PENDING,
                "approved_at": moment if approved else None,
                "certificate_count": len(certificates),
                **values,
            }
        )
        db.add(site)
        db.flush()
        for certificate in certificates:
            db.add(
                ExamSiteCertificate(
                    site_id=site.id,
                    certificate_id=certificate,
                    school_id=school_id,
                    organisation_id=organisation_id,
                    approved_at=moment if approved else None,
                )
            )
        db.commit()
        return int(site.id)


def rooms(
    as_: As, plan_id: int, site_id: int, *seats: int, kind: ExamMode = ExamMode.COMPUTER, **values: Any
) -> list[int]:
    """A room of each size."""
    with as_(JOB) as db:
        site = db.get_one(ExamSite, site_id)
        rows = [
            exams.room(
                **{
                    "id": None,
                    "plan_id": plan_id,
                    "site_id": site_id,
                    "name": f"{next(_count)}号考场",
                    "kind": kind,
                    "seats": size,
                    "venue_id": None,
                    "school_id": site.school_id,
                    "organisation_id": site.organisation_id,
                    **values,
                }
            )
            for size in seats
        ]
        db.add_all(rows)
        db.commit()
        return [int(row.id) for row in rows]


def both_kinds(as_: As, plan_id: int, site_id: int, *seats: int) -> list[int]:
    """Rooms for the two subjects of certificate 1: computer and practical ones of these sizes."""
    computer = rooms(as_, plan_id, site_id, *seats)
    return computer + rooms(as_, plan_id, site_id, *seats, kind=ExamMode.PRACTICAL)


def lent(
    as_: As, plan_id: int, site_id: int, places: int, *, guest: int = 10, certificate_id: int = 1
) -> None:
    """The school `guest` may send so many people to the site."""
    with as_(JOB) as db:
        db.add(
            BorrowedSite(
                plan_id=plan_id,
                certificate_id=certificate_id,
                guest_school_id=guest,
                site_id=site_id,
                places=places,
                organisation_id=5,
            )
        )
        db.commit()


def a_plan_with(
    as_: As, people: int, *seats: int, school_id: int = 11, organisation: bool = True, **plan: Any
) -> tuple[int, int]:
    """A pilot school with that many people registered for both subjects of certificate 1 and rooms of these sizes of
    both kinds at its site: (plan, site)."""
    made.a_pilot_school_with_quota(as_, 2000, school_id=school_id)
    plan_id = made.a_published_plan(as_, **plan)
    site_id = a_site(as_, school_id=school_id)
    both_kinds(as_, plan_id, site_id, *seats)
    if people:
        made.registered_candidates(as_, people, plan_id=plan_id, school_id=school_id)
    return plan_id, site_id


def scheduled(
    as_: As, plan_id: int, *, publish: bool = False, moment: datetime = IN_SCHEDULING
) -> scheduling.Progress:
    """Scheduled as its organisation, and published if asked."""
    with clock.travel(moment), as_(ORGANISATION) as db:
        plan = db.get_one(ExamPlan, plan_id)
        done = scheduling.schedule_plan(db, plan)
        if publish:
            done = scheduling.publish_schedule(db, plan, accept_left=True)
        db.commit()
        return done


def a_second_organisation(as_: As) -> int:
    """Organisation 6 with certificate 2, for plans that meet the first one's."""
    from models.certificates import CertificateState, Level
    from models.directory import Organisation

    with as_(JOB) as db:
        if db.get(Organisation, 6) is None:
            db.add(
                Organisation(
                    id=6,
                    code="600032",
                    name="第二评价组织",
                    contact_name="李四",
                    contact_mobile="13800000006",
                    contact_email="b@example.cn",
                )
            )
            db.flush()
            db.add(
                Certificate(
                    id=2,
                    organisation_id=6,
                    code="1002",
                    name="网络运维",
                    level=Level.MIDDLE,
                    state=CertificateState.ENABLED,
                )
            )
            db.commit()
    return 6


def with_account(as_: As, actor: Actor) -> Actor:
    """The same actor with an account of its role: who sends a text message or starts a job has one."""
    with as_(JOB) as db:
        tenant = {f"{actor.kind}_id": actor.tenant}
        known = sa.select(Account).filter_by(role=Role(actor.role), **tenant).limit(1)
        account = db.scalar(known) or factories.account(db, Role(actor.role), **tenant)
        db.commit()
        return replace(actor, account=account.id, name=account.name)


def count(db: Any, model: Any, *where: Any) -> int:
    return int(db.scalar(sa.select(sa.func.count()).select_from(model).where(*where)) or 0)
