"""What registrations would take of the quotas, without taking it: the dry run of an import (R37–R39, E40)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from models.candidates import Candidate
from models.quotas import Quota, QuotaKind, QuotaUse

_ANY = QuotaKind.ANY.value


class Forecast:
    """Places of a school in a year. `spent` (JSON, kept by the import) holds what earlier rows would take:
    certificate → pot → the persons."""

    def __init__(self, session: Session, school_id: int, year: int, spent: dict[str, Any]) -> None:
        self.session, self.school_id, self.year = session, school_id, year
        self.spent: dict[str, dict[str, list[int]]] = spent.setdefault(str(year), {})
        self.free: dict[int, dict[str, int]] = {}
        self.counted: set[tuple[int, int]] = set()

    def prepare(self, asked: Iterable[tuple[int, int]]) -> None:
        """Read pots and earlier uses for all (certificate, person) at once."""
        persons: dict[int, set[int]] = defaultdict(set)
        for certificate, person in asked:
            persons[certificate].add(person)
        pots = self.session.scalars(
            sa.select(Quota).where(
                Quota.school_id == self.school_id,
                Quota.year == self.year,
                Quota.certificate_id.in_(persons),
                Quota.granted > 0,
            )
        )
        for pot in pots:
            self.free.setdefault(pot.certificate_id, {})[pot.kind.value] = pot.remaining
        uses = self.session.execute(
            sa.select(QuotaUse.certificate_id, QuotaUse.person_id).where(
                QuotaUse.school_id == self.school_id,
                QuotaUse.year == self.year,
                QuotaUse.certificate_id.in_(persons),
                QuotaUse.person_id.in_(set().union(*persons.values())),
            )
        )
        self.counted |= {(certificate, person) for certificate, person in uses}
        for certificate in persons:
            for pot_name, taken in self.spent.get(str(certificate), {}).items():
                self.counted |= {(certificate, person) for person in taken}
                if pot_name in self.free.get(certificate, {}):
                    self.free[certificate][pot_name] -= len(taken)

    def problem(self, certificate_id: int, candidate: Candidate, *, counting: bool) -> str:
        """Why the person has no place; empty if there is one, which is then counted as taken. Without `counting`
        only whether the certificate is approved for the year at all is asked (R26, E89)."""
        pots = self.free.get(certificate_id)
        if pots is None:
            return "本年度未批准该证书"
        if not counting or (certificate_id, candidate.person_id) in self.counted:
            return ""
        pot = next((name for name in (candidate.kind.value, _ANY) if pots.get(name, 0) > 0), None)
        if pot is None:
            return f"本年度该证书指标不足(剩余{sum(pots.values())})"
        pots[pot] -= 1
        self.counted.add((certificate_id, candidate.person_id))
        self.spent.setdefault(str(certificate_id), {}).setdefault(pot, []).append(candidate.person_id)
        return ""
