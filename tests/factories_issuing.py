"""Passed candidates whose certificates wait to be signed, and the people who sign. World of `exams.with_site`.

Plan 1 of organisation 5 was sat at site 1 of school 11 (Qingdao); school 10 (Beijing) sent guests there.
`WHEN` is a moment after the lock. Each takes the `as_` fixture, commits, and returns ids or accounts.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from app.access.actor import JOB, Actor
from app.documents.drawn import demo_hand_signature, demo_seal, placeholder_photo
from app.gateways import storage
from app.services import files, logins, seals
from models.accounts import Account, Role
from models.candidates import Candidate, IdentityState, Person
from models.certificates import Level
from models.issuance import IssuanceState, IssuanceTask, Position
from models.kit import formats
from models.registrations import AdmissionTicket
from models.scores import CertificateResult, ResultOutcome
from tests import factories
from tests.factories_registrations import a_pilot_school_with_quota
from tests.models.exams import at, with_site

As = Callable[..., Any]
WHEN = at("2021-01-05T10:00")
SCHOOLS = {10: ("北京学院", "511001"), 11: ("青岛学院", "537004")}

_count = itertools.count(1)


@dataclass(frozen=True)
class People:
    """Accounts by what they are; `actor(...)` is whom an account acts as."""

    organisation: Account
    organisation_manager: Account
    clerk: Account
    school: Account
    manager: Account
    own_school: Account
    operator: Account


def actor(account: Account) -> Actor:
    return logins.actor_of(account)


def signers(as_: As, *, sealed: bool = True) -> People:
    """The plan, the site, and an account of each role; both schools are pilot; the principals have their seals."""
    with_site(as_)
    for school in SCHOOLS:
        a_pilot_school_with_quota(as_, school_id=school)
    with as_(JOB) as db:
        people = People(
            organisation=factories.account(db, Role.ORGANISATION_PRINCIPAL, organisation_id=5, name="何组织"),
            organisation_manager=factories.account(db, Role.ORGANISATION_MANAGER, organisation_id=5),
            clerk=factories.account(db, Role.ORGANISATION_CLERK, organisation_id=5),
            school=factories.account(db, Role.SCHOOL_PRINCIPAL, school_id=11, name="王校长"),
            manager=factories.account(db, Role.SCHOOL_MANAGER, school_id=11),
            own_school=factories.account(db, Role.SCHOOL_PRINCIPAL, school_id=10, name="北校长"),
            operator=factories.account(db, Role.PLATFORM_OPERATOR),
        )
        db.commit()
    if sealed:
        for account, name, position in (
            (people.organisation, "评价组织", Position.HEAD),
            (people.school, "青岛学院", Position.VICE_PRESIDENT),
            (people.own_school, "北京学院", Position.PRESIDENT),
        ):
            seal(as_, account, demo_seal(name), position)
    return people


def seal(as_: As, account: Account, image: bytes, position: Position = Position.VICE_PRESIDENT) -> int:
    with as_(actor(account)) as db:
        made, _ = seals.upload(db, actor(account), image, account.name, position, accepted=True)
        db.commit()
        return int(made.id)


def tasks(
    as_: As,
    number: int = 1,
    *,
    school_id: int = 11,
    state: IssuanceState = IssuanceState.WAITING_ORGANISATION,
    **values: Any,
) -> list[int]:
    """Candidates of a school who passed at site 1, with their issuance tasks; all scores are locked."""
    with as_(JOB) as db:
        made = [_task(db, school_id, state, values) for _ in range(number)]
        db.flush()
        ids = [task.id for task in made]
        db.commit()
    return ids


def _task(db: Any, school_id: int, state: IssuanceState, values: dict[str, Any]) -> IssuanceTask:
    serial = next(_count)
    id_number = formats.fictitious_id_number(
        "340524", date(1997, 1, 1) + timedelta(days=serial // 900), serial % 900
    )
    name, (school, platform_number) = values.get("candidate_name", f"考生{_han(serial)}"), SCHOOLS[school_id]
    photo = files.keep(db, JOB, "照片.jpg", "jpg", placeholder_photo(name, serial % 3))
    person = Person(id_number=id_number, name=name)
    db.add(person)
    db.flush()
    candidate = Candidate(
        school_id=school_id, person_id=person.id, name=name, name_pinyin="Kao Sheng", id_number=id_number,
        mobile=f"137{serial:08d}", major="软件技术", enrolment_year=2019, photo=photo, identity_state=IdentityState.VERIFIED,
    )  # fmt: skip
    db.add(candidate)
    db.flush()
    ticket = AdmissionTicket(
        number=f"206000312{platform_number}{serial:05d}", plan_id=1, candidate_id=candidate.id, certificate_id=1,
        school_id=school_id,
    )  # fmt: skip
    db.add(ticket)
    db.flush()
    result = CertificateResult(
        plan_id=1, candidate_id=candidate.id, certificate_id=1, ticket_id=ticket.id, site_id=1, total=Decimal(80),
        outcome=ResultOutcome.PASSED, final_at=at("2020-12-31"), school_id=school_id, organisation_id=5,
    )  # fmt: skip
    db.add(result)
    db.flush()
    task = IssuanceTask(
        **{
            "result_id": result.id, "candidate_name": name, "id_number": id_number, "photo": photo, "school_name": school,
            "certificate_name": "Python程序开发", "level": Level.MIDDLE, "organisation_name": "评价组织",
            "site_name": "青岛学院考核站点", "state": state, "school_id": school_id, "organisation_id": 5,
            "certificate_number": formats.make_certificate_number(2020, "600031", 2, platform_number, serial),
            **values,
        }
    )  # fmt: skip
    db.add(task)
    return task


def _han(number: int) -> str:
    return "".join("零一二三四五六七八九"[int(digit)] for digit in str(number))


def state_of(as_: As, *ids: int) -> list[IssuanceState]:
    with as_(JOB) as db:
        return list(
            db.scalars(
                sa.select(IssuanceTask.state).where(IssuanceTask.id.in_(ids)).order_by(IssuanceTask.id)
            )
        )


def written() -> bytes:
    """A hand signature as the phone's canvas gives it."""
    return demo_hand_signature("王校长")


def stored(key: str) -> bytes:
    return storage.get(key)
