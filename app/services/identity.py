"""The automatic real-name check of candidates who wait for it (4.6, R53, R54, E69–E71).

Found by state, not by a queue entry: whatever made a candidate complete — a form, a sheet, a thousand photos — the
next turn finds it. A turn is one transaction; its rows are locked, so a check is always for the values it saw.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from app.documents.photos import check_photo
from app.gateways import storage
from app.gateways.identity import Answer, Claim, Unreachable, Verdict, check, compares_faces
from app.jobs.registry import periodic
from app.services.errors import DomainError
from config import settings
from models.candidates import Candidate, IdentityCheck, IdentityMethod, IdentityOutcome, IdentityState
from models.kit import clock, formats

log = logging.getLogger(__name__)

BATCH, SECONDS = 500, 8
"""How many candidates a turn takes up, and for how long; whom it did not reach the next turn finds."""

PAUSE = timedelta(minutes=1)
"""Between two tries for the same candidate while the gateway does not answer."""

GAVE_UP = "技术原因未能自动认证,请人工核对后点“确认无误”,或稍后重新认证"


def digest(candidate: Candidate) -> str:
    """What a check was made for: changes with name, ID number or photo (R54)."""
    text = "\x1f".join((candidate.name, candidate.id_number, candidate.photo or ""))
    return hashlib.sha256(text.encode()).hexdigest()


def bind(session: Session, candidates: Sequence[int]) -> None:
    """The first candidate row known to be real gives its person the mobile of the candidate space (3.5)."""
    session.execute(sa.select(sa.func.panel_bind_people(sa.cast(list(candidates), ARRAY(sa.BigInteger)))))


@periodic("identity.check", every=10)
def check_waiting(session: Session) -> int:
    """One turn: a batch of those who wait is checked; how many got an answer. When the gateway does not
    answer, nobody else of the turn is sent to it, and all count one try (E71)."""
    waiting, ends = _waiting(session), time.monotonic() + SECONDS
    tries = _tries(session, waiting)
    answered: list[Candidate] = []
    reachable = True
    for candidate in waiting:
        if reachable and time.monotonic() > ends:
            break
        verdict = _verdict(candidate) if reachable else None
        reachable = verdict is not None
        if verdict is not None:
            answered.append(candidate)
            _settle(session, candidate, verdict)
        else:
            _count_try(session, candidate, tries.get(candidate.id, 0) + 1)
    session.flush()
    bind(session, [candidate.id for candidate in answered])
    return len(answered)


def _verdict(candidate: Candidate) -> Verdict | None:
    """What can be judged on the premises, and then the gateway's word; None where it could not be had."""
    try:
        formats.person_name(candidate.name)
        formats.id_number(candidate.id_number, clock.today())
        photo = storage.get(candidate.photo or "")
        check_photo(photo)
        return check(Claim(candidate.name, candidate.id_number, photo))
    except formats.FormatError as error:
        return Verdict(Answer.FAILED, error.message)
    except DomainError as error:
        return Verdict(Answer.FAILED, f"照片不符合要求:{error.message}")
    except FileNotFoundError:
        return Verdict(Answer.FAILED, "没有找到照片文件,请重新上传照片")
    except (Unreachable, OSError):
        log.warning("identity check had no answer", exc_info=True)
        return None


def _waiting(session: Session) -> Sequence[Candidate]:
    """A batch of those in 待认证, less those tried a moment ago; rows another worker holds are left to it."""
    just_tried = sa.exists().where(
        IdentityCheck.candidate_id == Candidate.id,
        IdentityCheck.outcome == IdentityOutcome.UNREACHABLE,
        IdentityCheck.at > clock.now() - PAUSE,
    )
    rows = (
        sa.select(Candidate)
        .where(Candidate.identity_state == IdentityState.WAITING, ~just_tried)
        .order_by(Candidate.id)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    return session.scalars(rows).all()


def _tries(session: Session, candidates: Sequence[Candidate]) -> dict[int, int]:
    """Tries without an answer since the last one that had one, for the present values."""
    rows = session.execute(
        sa.select(IdentityCheck.candidate_id, IdentityCheck.outcome)
        .where(
            IdentityCheck.candidate_id.in_([c.id for c in candidates]),
            IdentityCheck.method != IdentityMethod.MANUAL,
        )
        .order_by(IdentityCheck.id)
    )
    found: dict[int, int] = {}
    for candidate, outcome in rows:
        found[candidate] = found.get(candidate, 0) + 1 if outcome is IdentityOutcome.UNREACHABLE else 0
    return found


def _settle(session: Session, candidate: Candidate, verdict: Verdict) -> None:
    passed = verdict.answer is Answer.PASSED
    candidate.identity_state = IdentityState.VERIFIED if passed else IdentityState.FAILED
    candidate.identity_reason = None if passed else verdict.reason[:500]
    _note(
        session,
        candidate,
        outcome=IdentityOutcome.PASSED if passed else IdentityOutcome.FAILED,
        reason=verdict.reason[:500] or None,
        score=None if verdict.score is None else Decimal(str(verdict.score)).quantize(Decimal("0.01")),
    )


def _count_try(session: Session, candidate: Candidate, number: int) -> None:
    """Three tries, then the manual path stays open (4.6); a renewed check has three of its own."""
    _note(session, candidate, outcome=IdentityOutcome.UNREACHABLE, reason=f"核验服务无应答(第{number}次)")
    if number % settings().identity_tries == 0:
        candidate.identity_state, candidate.identity_reason = IdentityState.FAILED, GAVE_UP


def _note(session: Session, candidate: Candidate, **values: Any) -> None:
    session.add(
        IdentityCheck(
            candidate_id=candidate.id,
            school_id=candidate.school_id,
            method=IdentityMethod.FACE if compares_faces() else IdentityMethod.LOCAL,
            made_for=digest(candidate),
            **values,
        )
    )


__all__ = ["bind", "check_waiting", "digest"]
