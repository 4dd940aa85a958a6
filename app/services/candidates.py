"""Candidates in the school's own hands: entering, changing, confirming, deleting (4.6, R40–R58, E53–E72)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.services import identity
from app.services.actions import action, after_save, before_delete, before_save, move
from app.services.candidate_photos import keep_history
from app.services.candidates_import import state_after
from app.services.errors import Conflict, DomainError
from models.candidates import (
    Candidate,
    IdentityCheck,
    IdentityMethod,
    IdentityOutcome,
    IdentityState,
)
from models.kit import clock, fields_of, formats
from models.kit.cipher import cipher
from models.registrations import Registration

PROVED = ("name", "id_number", "photo")
"""What the real-name check is made for (R53, R54), and what is frozen by the first signature (R51)."""


# Entering and changing


@before_save(Candidate)
def prepare(session: Session, actor: Actor, row: Candidate, values: dict[str, Any]) -> None:
    """Everything a form must satisfy and what follows from it: person, pinyin, real-name state."""
    changed, new = _changed(row, values), not sa.inspect(row).persistent
    if new:
        row.identity_state = IdentityState.INCOMPLETE
        _refuse_known(session, actor, row)
        _require(row, except_for=("photo",))  # photos may come later, many at a time
    else:
        _refuse_after_signature(row, changed)
        _refuse_other_kind(session, row, changed)
        if row.identity_state is not IdentityState.INCOMPLETE:
            _require(row)
    _check_year(row)
    if not row.name_pinyin:
        row.name_pinyin = formats.suggest_pinyin(row.name) or None
    if new or "id_number" in changed:
        _settle_person(session, row, new=new)
    row.identity_state = state_after(row, voided=not changed.isdisjoint(PROVED))
    if row.identity_state is IdentityState.WAITING:
        row.identity_reason = None


@after_save(Candidate)
def _follow_up(session: Session, actor: Actor, row: Candidate, values: dict[str, Any]) -> None:
    if "photo" in values and row.photo:
        keep_history(session, row)


def _changed(row: Candidate, values: dict[str, Any]) -> set[str]:
    """The columns this form really changes."""
    state = sa.inspect(row)
    return {name for name in values if name in state.attrs and state.attrs[name].history.has_changes()}


def _refuse_known(session: Session, actor: Actor, row: Candidate) -> None:
    """R46, E53: a person is entered once a school."""
    known = sa.select(Candidate.id).where(
        Candidate.id_number == row.id_number, Candidate.school_id == actor.tenant
    )
    with session.no_autoflush:
        if session.scalar(known) is not None:
            raise DomainError("candidate.exists", "考生已存在,请使用批量修改", "id_number", status=409)


def _require(row: Candidate, except_for: tuple[str, ...] = ()) -> None:
    """R40; the pinyin is suggested where it is left out."""
    row.name_pinyin = row.name_pinyin or formats.suggest_pinyin(row.name) or None
    missing = [name for name in row.missing if name not in except_for]
    if missing:
        label = fields_of(Candidate)[missing[0]].label
        raise DomainError("candidate.incomplete", f"请填写{label}", missing[0])


def _check_year(row: Candidate) -> None:
    """E59: nobody enrols before 1990 or next year."""
    this_year = clock.today().year
    if row.enrolment_year is not None and not 1990 <= row.enrolment_year <= this_year:
        raise DomainError("candidate.year", f"入学年份应在1990–{this_year}之间", "enrolment_year")


def _refuse_after_signature(row: Candidate, changed: set[str]) -> None:
    """R51, E72: what stands on a certificate is changed by 更正 only."""
    if row.signed_at is None:
        return
    for name in PROVED:
        if name in changed:
            label = fields_of(Candidate)[name].label
            raise Conflict("candidate.signed", f"已签发证书,{label}请走更正流程", name)


def _refuse_other_kind(session: Session, row: Candidate, changed: set[str]) -> None:
    """R56: the kind is fixed while there is a registration (the quota was used for it)."""
    if "kind" in changed and is_registered(session, row):
        raise Conflict("candidate.kind", "考生已有报考,不能更改学生类型", "kind")


def is_registered(session: Session, row: Candidate) -> bool:
    with session.no_autoflush:
        return bool(session.scalar(sa.select(sa.exists().where(Registration.candidate_id == row.id))))


def _settle_person(session: Session, row: Candidate, *, new: bool) -> None:
    """A corrected ID number is another person, who takes the places already used along (9.8)."""
    person = person_of(session, row)
    if not new:
        with session.no_autoflush:
            session.execute(sa.select(sa.func.panel_move_places(row.id, person)))
    row.person_id = person


def person_of(session: Session, row: Candidate) -> int:
    """The human being with this ID number, found or made (E54)."""
    call = sa.func.panel_people(
        *(sa.cast([value], ARRAY(kind)) for value, kind in (
            (cipher.encrypt(row.id_number, "id"), sa.LargeBinary), (row.id_masked, sa.Text), (row.name, sa.Text),
            (row.birth_date, sa.Date), (row.sex.value, sa.Text),
        ))
    ).table_valued("id_number", sa.column("person_id", sa.BigInteger))  # fmt: skip
    with session.no_autoflush:
        return int(session.execute(sa.select(call.c.person_id)).scalar_one())


@before_delete(Candidate)
def refuse_deletion(session: Session, actor: Actor, row: Candidate) -> None:
    """R57."""
    if is_registered(session, row):
        raise Conflict("candidate.registered", "考生已有报考记录,不能删除")


# The real-name state


@move(Candidate, "confirm", order=10, primary=True)
def confirm(session: Session, actor: Actor, rows: Sequence[Candidate]) -> str:
    """确认无误: who, when, and the values confirmed are kept (R54, E69)."""
    for row in rows:
        row.identity_state, row.identity_reason = IdentityState.CONFIRMED, None
        session.add(
            IdentityCheck(
                candidate_id=row.id,
                school_id=row.school_id,
                method=IdentityMethod.MANUAL,
                outcome=IdentityOutcome.PASSED,
                made_for=identity.digest(row),
                account_id=actor.account,
            )
        )
    session.flush()
    identity.bind(session, [row.id for row in rows])
    return f"已确认{len(rows)}位考生"


@action(
    Candidate,
    "recheck",
    "重新认证",
    icon="refresh",
    order=11,
    when=lambda row: row.identity_state is IdentityState.FAILED,
    confirm="将重新自动认证所选的{n}位考生",
)
def recheck(session: Session, actor: Actor, rows: Sequence[Candidate]) -> str:
    """认证失败 → 待认证: once more, after an outage of the gateway (E71)."""
    for row in rows:
        row.identity_state, row.identity_reason = IdentityState.WAITING, None
    session.flush()
    return f"{len(rows)}位考生等待重新认证"


__all__ = ["PROVED", "confirm", "is_registered", "person_of", "prepare", "recheck", "refuse_deletion"]
