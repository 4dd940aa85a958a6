"""Public verification: number and ID number together, one answer for every miss (R129–R131, E135, E136)."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from config import settings
from models.certificates import Level
from models.content import Verification
from models.kit import clock, formats
from models.kit.cipher import cipher

LONGEST = 40
_CALL = sa.text("select * from panel_verify(:asked, :holder)")


@dataclass(frozen=True)
class Found:
    """What the public may know of a certificate (R130); the newest edition of its number (R131)."""

    number: str
    name: str
    id_masked: str
    certificate: str
    level: Level
    organisation: str
    site: str
    issued_at: datetime
    photo: str | None
    reissued_at: datetime | None
    revoked_at: datetime | None


def verify(session: Session, number: str, id_number: str, address: str) -> Found | None:
    """Ask as `public`; the caller commits. A wrong pair, an unknown number and a malformed one take the same steps
    and get the same answer, so that nobody learns which numbers exist (E135)."""
    asked = "".join(formats.half_width(number).split())[:LONGEST] or "-"
    holder = "".join(formats.half_width(id_number).split()).upper()[:LONGEST] or "-"
    row = session.execute(_CALL, {"asked": asked, "holder": cipher.encrypt(holder, "id")}).one_or_none()
    noted = {
        "number_hash": _digest(asked),
        "found": row is not None,
        "address": address or None,
        "verified_at": clock.now(),
    }
    session.execute(sa.insert(Verification).values(**noted).inline())
    if row is None:
        return None
    return Found(
        number=row.certificate_number,
        name=row.candidate_name,
        id_masked=row.id_masked,
        certificate=row.certificate_name,
        level=Level(row.level),
        organisation=row.organisation_name,
        site=row.site_name or "",
        issued_at=row.issued_at,
        photo=row.photo,
        reissued_at=row.reissued_at,
        revoked_at=row.revoked_at,
    )


def _digest(number: str) -> str:
    """With the platform's key: numbers follow a pattern, and a bare digest of one could be tried out (R25)."""
    key = settings().secret_key.get_secret_value().encode()
    return hmac.new(key, f"verify:{number}".encode(), "sha256").hexdigest()
