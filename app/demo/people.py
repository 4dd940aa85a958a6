"""Invented candidates with valid but plainly fictitious ID numbers and drawn photos (R40–R50)."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import count

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.access.actor import JOB
from app.demo import words
from app.demo.base import MAJORS, Ground
from app.documents.drawn import placeholder_photo
from app.services import files
from models.candidates import Candidate, CandidateKind, IdentityState, Person
from models.directory import SchoolDirectory
from models.kit import formats

PHOTOS = 48
_serial = count(1)


def draw_photos(session: Session) -> list[str]:
    """Some drawn portraits; the candidates share them. Returns the keys."""
    return [
        files.keep(session, JOB, f"演示照片{number}.jpg", "jpg", placeholder_photo(f"考生{number}", number))
        for number in range(PHOTOS)
    ]


def enter(
    session: Session,
    ground: Ground,
    school: SchoolDirectory,
    number: int,
    photos: list[str],
    *,
    complete: bool = True,
) -> list[int]:
    """`number` candidates of a school, entered as the job; incomplete ones lack photo or mobile. Returns their ids."""
    random, rows = ground.random, []
    for _ in range(number):
        serial = next(_serial)
        born = date(2003, 1, 1) + timedelta(days=serial % 1500)
        id_number = formats.fictitious_id_number(f"{school.school_code[2:4]}0101", born, serial % 999)
        name = words.person_name(random)
        rows.append((serial, id_number, name))
    people = [Person(id_number=id_number, name=name) for _, id_number, name in rows]
    session.add_all(people)
    session.flush()
    major = random.choice(MAJORS)
    made = []
    for (serial, id_number, name), person in zip(rows, people, strict=True):
        social = random.random() < 0.04
        made.append(
            Candidate(
                school_id=school.id,
                person_id=person.id,
                kind=CandidateKind.SOCIAL if social else CandidateKind.STUDENT,
                name=name,
                name_pinyin=formats.suggest_pinyin(name) or "Xing Ming",
                id_number=id_number,
                mobile=f"131{serial:08d}" if complete else None,
                major=major[1],
                education_level=major[2],
                enrolment_year=2023,
                class_name=f"2023级{serial % 4 + 1}班",
                photo=random.choice(photos) if complete else None,
                identity_state=IdentityState.VERIFIED if complete else IdentityState.INCOMPLETE,
            )
        )
    session.add_all(made)
    session.flush()
    return [candidate.id for candidate in made]


def bind_mobiles(session: Session) -> None:
    """Each person's candidate space is bound to the mobile of the first verified candidate row (3.5)."""
    session.execute(
        sa.text(
            "update person p set mobile = c.mobile, bound_at = app_now() from (select distinct on (person_id) person_id,"
            " mobile from candidate where mobile is not null order by person_id, id) c"
            " where c.person_id = p.id and p.mobile is null"
        )
    )
