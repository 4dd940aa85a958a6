"""Batches, declarations, quotas and the people who use them, on top of `world.found`."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.access.actor import JOB, Actor, WalledSession, acting_as
from app.services.logins import actor_of
from models.accounts import Role
from models.candidates import Candidate, CandidateKind, Person
from models.declarations import Declaration, DeclarationBatch, DeclarationState
from models.directory import School
from models.kit.clock import ZONE
from models.kit.formats import fictitious_id_number
from models.quotas import Quota
from tests.factories import account
from tests.models.world import found

_count = itertools.count(1)


@contextmanager
def apart(engine: sa.Engine, actor: Actor) -> Iterator[Session]:
    """Somebody else's session at the same time (`as_` is one session, whoever acts on it)."""
    with WalledSession(engine, expire_on_commit=False) as session, acting_as(actor, session):
        yield session


def at(text: str) -> datetime:
    """A moment in Asia/Shanghai: `at("2020-04-05 00:00")`."""
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


def people(
    session: Session, number: int, school_id: int = 11, kind: CandidateKind = CandidateKind.STUDENT
) -> list[int]:
    """Candidates of a school, as the job actor; returns the ids of their persons."""
    persons = []
    for _ in range(number):
        serial = next(_count)
        id_number = fictitious_id_number(
            "340524", date(1980, 1, 1) + timedelta(days=serial // 900), serial % 900
        )
        persons.append(Person(id_number=id_number, name="李考生"))
    session.add_all(persons)
    session.flush()
    session.add_all(
        Candidate(
            school_id=school_id, person_id=person.id, name=person.name, id_number=person.id_number, kind=kind
        )
        for person in persons
    )
    session.flush()
    return [person.id for person in persons]


def quota(session: Session, granted: int, **values: Any) -> Quota:
    """A quota of the school of Qingdao for 2020, as its province."""
    made = Quota(**{"school_id": 11, "certificate_id": 1, "year": 2020, "granted": granted, **values})
    session.add(made)
    session.flush()
    return made


@dataclass(frozen=True)
class Cast:
    """Those who take part in a declaration in Shandong, each with an account of his own."""

    province: Actor
    staff: Actor
    city: Actor
    school: Actor
    manager: Actor


def cast(as_: Callable[..., Any]) -> Cast:
    """The world of `found`, its people, and a school that has completed its basics."""
    found(as_)
    with as_(JOB) as db:
        db.execute(
            sa.update(School)
            .where(School.id == 11)
            .values(
                uscc="12370000495570303U",
                address="青岛市市南区江西路1号",
                contact_name="王联系",
                contact_email="a@example.cn",
                basics_completed=True,
            )
        )
        made = [
            account(db, Role.PROVINCE_PRINCIPAL, province_id=2),
            account(db, Role.PROVINCE_STAFF, province_id=2),
            account(db, Role.CITY_PRINCIPAL, city_id=2),
            account(db, Role.SCHOOL_PRINCIPAL, school_id=11),
            account(db, Role.SCHOOL_MANAGER, school_id=11),
        ]
        db.commit()
    return Cast(*map(actor_of, made))


def batch(session: Session, **values: Any) -> DeclarationBatch:
    """A published batch of Shandong, 2020-04-01 00:00 ~ 04-04 23:59, as its province."""
    made = DeclarationBatch(
        **{
            "province_id": 2,
            "name": f"2020年第{next(_count)}次",
            "year": 2020,
            "window_from": at("2020-04-01 00:00"),
            "window_to": at("2020-04-05 00:00"),
            "published_at": at("2020-03-20 09:00"),
            **values,
        }
    )
    session.add(made)
    session.flush()
    return made


WORDS = "<p>专任教师十二人,均取得相应证书</p>"


def declaration(session: Session, batch_id: int, **values: Any) -> Declaration:
    """A draft of the school of Qingdao, as the school."""
    made = Declaration(
        **{
            "school_id": 11,
            "batch_id": batch_id,
            "certificate_id": 1,
            "applied_count": 100,
            "teachers_description": WORDS,
            "venue_description": WORDS,
            **values,
        }
    )
    session.add(made)
    session.flush()
    return made


def make_pilot(session: Session, school_id: int = 11, year: int = 2020) -> None:
    """A school whose business platform is open: approved in a batch of the year that is over. As the job actor."""
    province = session.scalars(sa.select(School.province_id).where(School.id == school_id)).one()
    over = batch(
        session,
        province_id=province,
        year=year,
        window_from=at(f"{year}-01-01 00:00"),
        window_to=at(f"{year}-01-02 00:00"),
    )
    declaration(
        session,
        over.id,
        school_id=school_id,
        state=DeclarationState.APPROVED,
        approved_count=100,
        submitted_at=at(f"{year}-01-01 09:00"),
    )
    session.flush()
