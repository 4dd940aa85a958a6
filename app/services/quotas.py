"""Quotas: granted by the province, used by registrations, void after their year. R33–R39, E26–E40."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from app.access.actor import current_actor
from models.quotas import Quota


def use_places(
    session: Session, certificate_id: int, year: int, persons: Sequence[tuple[int, str]], school_id: int | None = None
) -> set[int]:
    """Give each `(person_id, kind)` a place of the school's quota, in the given order (E40); who has one comes back.

    Someone counted already in this year takes no further place (E37). One atomic statement under a lock: the last
    place is never given twice (R37, E36). `kind` is the candidate's, STUDENT or SOCIAL (R39). Callers that use
    several certificates go in the order of their ids, so that two of them never wait for each other.
    """
    if not persons:
        return set()
    ids, kinds = [person for person, _ in persons], [str(kind) for _, kind in persons]
    call = sa.func.panel_use_quota(
        _school(school_id), certificate_id, year, sa.cast(ids, _BIGINTS), sa.cast(kinds, _TEXTS)
    )
    session.flush()
    return set(session.scalars(sa.select(call)))


def return_places(
    session: Session, certificate_id: int, year: int, persons: Sequence[int], school_id: int | None = None
) -> set[int]:
    """After registrations were deleted: those who have none left for the certificate and year give their place
    back (R38, E39); who did comes back."""
    if not persons:
        return set()
    session.flush()
    call = sa.func.panel_return_quota(_school(school_id), certificate_id, year, sa.cast(list(persons), _BIGINTS))
    return set(session.scalars(sa.select(call)))


def return_place(
    session: Session, certificate_id: int, year: int, person_id: int, school_id: int | None = None
) -> bool:
    """`return_places` of one person."""
    return bool(return_places(session, certificate_id, year, [person_id], school_id))


_BIGINTS, _TEXTS = ARRAY(sa.BigInteger), ARRAY(sa.Text)


def _school(school_id: int | None) -> int:
    """The school meant: the actor's own, unless a job or an organisation names one (the database checks)."""
    actor = current_actor()
    if school_id is None and actor.kind == "school":
        school_id = actor.tenant
    if school_id is None:
        raise ValueError("whose quota?")
    return school_id


def places_left(session: Session, school_id: int, certificate_id: int, year: int) -> int | None:
    """What is left of all pots together; None when the certificate was not approved for the year at all (R26, E89)."""
    left = sa.select(sa.func.sum(Quota.remaining)).where(
        Quota.school_id == school_id, Quota.certificate_id == certificate_id, Quota.year == year, Quota.granted > 0
    )
    found = session.scalar(left)
    return None if found is None else int(found)


__all__ = ["places_left", "return_place", "return_places", "use_places"]
