"""Batches, declarations, quotas and the people who use them, on top of `world.found`."""

from __future__ import annotations

import itertools
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from models.candidates import Candidate, CandidateKind, Person
from models.kit.clock import ZONE
from models.kit.formats import fictitious_id_number
from models.quotas import Quota

_count = itertools.count(1)


def at(text: str) -> datetime:
    """A moment in Asia/Shanghai: `at("2020-04-05 00:00")`."""
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


def people(session: Session, number: int, school_id: int = 11, kind: CandidateKind = CandidateKind.STUDENT) -> list[int]:
    """Candidates of a school, as the job actor; returns the ids of their persons."""
    persons = []
    for _ in range(number):
        serial = next(_count)
        number = fictitious_id_number("340524", date(1980, 1, 1) + timedelta(days=serial // 900), serial % 900)
        persons.append(Person(id_number=number, name="李考生"))
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
