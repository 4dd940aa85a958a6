"""What the database refuses reaches people as a sentence with the right status, never as a fault: every rule that a
table declares is broken once and explained."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.engine import Engine
from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    InternalError,
    OperationalError,
    ProgrammingError,
)

from app.access.actor import acting_as
from app.panel.resolve import resolve, resolve_table
from app.panel.saving import explain, refusals
from app.services.errors import Conflict, DomainError
from models.kit import declared_models
from tests.security.conftest import Demo


class Diagnosis:
    """What the server says beside its message."""

    def __init__(self, constraint: str, column: str = "") -> None:
        self.constraint_name, self.column_name, self.message_primary = (
            constraint,
            column,
            "the server's words",
        )


class ServerError(Exception):
    def __init__(self, sqlstate: str, constraint: str = "", column: str = "") -> None:
        super().__init__("the server's words")
        self.sqlstate, self.diag = sqlstate, Diagnosis(constraint, column)


def error(kind: type[DBAPIError], sqlstate: str, constraint: str = "", column: str = "") -> DBAPIError:
    return kind("insert", {}, ServerError(sqlstate, constraint, column))


MEANINGS = sorted(
    (
        model.__tablename__,
        str(key.name),
        str(key.info["meaning"]),
        "23P01" if isinstance(key, ExcludeConstraint) else "23505",
    )
    for model in declared_models()
    for key in [*model.__table__.indexes, *model.__table__.constraints]  # type: ignore[attr-defined]
    if "meaning" in key.info and not isinstance(key, sa.CheckConstraint)
)


@pytest.mark.parametrize(("table", "constraint", "meaning", "sqlstate"), MEANINGS)
def test_a_rule_about_keys_and_times_is_told_in_its_own_words(
    table: str, constraint: str, meaning: str, sqlstate: str
) -> None:
    """23505 of a conditional key, 23P01 of an exclusion: 409 with what the declaration says it means."""
    told = explain(error(IntegrityError, sqlstate, constraint), resolve_table(table))
    assert isinstance(told, Conflict)
    assert (told.status, told.message) == (409, meaning)


def test_there_are_such_rules() -> None:
    assert {sqlstate for *_, sqlstate in MEANINGS} == {"23505", "23P01"}
    assert {"exam_session", "room_session", "seat_assignment"} <= {table for table, *_ in MEANINGS}


@pytest.mark.parametrize("model", declared_models(), ids=lambda model: model.__tablename__)
def test_every_check_of_a_table_is_told_in_its_own_words(model: type) -> None:
    resolved = resolve(model)
    for number, (_, meaning) in enumerate(resolved.panel.checks, 1):
        told = explain(error(IntegrityError, "23514", f"ck_{resolved.table}_rule_{number}"), resolved)
        assert (told.status, told.message) == (422, meaning)


@pytest.mark.parametrize(
    ("kind", "sqlstate", "constraint", "status"),
    [
        (ProgrammingError, "42501", "", 403), (IntegrityError, "23503", "fk_room_site_id", 409),
        (IntegrityError, "23514", "panel_flow", 409), (IntegrityError, "23514", "panel_frozen", 409),
        (IntegrityError, "23514", "panel_numbers", 409), (DataError, "22003", "", 422), (DataError, "22P02", "", 422),
        (DataError, "22021", "", 422), (IntegrityError, "23502", "", 422), (IntegrityError, "23505", "unheard_of", 409),
    ],
)  # fmt: skip
def test_a_refusal_has_its_status_and_a_chinese_sentence(
    kind: type[DBAPIError], sqlstate: str, constraint: str, status: int
) -> None:
    told = explain(error(kind, sqlstate, constraint))
    assert told.status == status
    assert constraint == "panel_frozen" or re.search(r"[一-鿿]{4}", told.message)
    assert "insert" not in told.message


@pytest.mark.parametrize(
    ("kind", "sqlstate"), [(OperationalError, "57P01"), (InternalError, "XX000"), (ProgrammingError, "42703")]
)
def test_a_fault_of_ours_stays_a_fault(kind: type[DBAPIError], sqlstate: str) -> None:
    """It must reach the log, not the person as if they had typed something wrong."""
    with pytest.raises(DBAPIError):
        explain(error(kind, sqlstate))


@pytest.mark.demo
def test_overlapping_sessions_are_refused_by_the_database_and_explained(demo: Demo) -> None:
    """The whole way: a second exam in the room at the time of the first."""
    resolved = resolve_table("exam_session")
    with acting_as(demo.actor("organisation.manager"), demo.session):
        with pytest.raises(DomainError) as told, refusals(resolved):
            demo.session.execute(
                sa.text(
                    "update exam_session s set starts_at = o.starts_at + interval '1 minute', ends_at = o.ends_at"
                    " from exam_session o where s.plan_subject_id = o.plan_subject_id and s.id > o.id"
                )
            )
        demo.session.rollback()
    assert (told.value.status, told.value.message) == (409, "同一科目的场次时间不能重叠")


def test_every_declared_exclusion_stands_in_the_database(owner: Engine) -> None:
    with owner.connect() as connection:
        there = set(
            connection.scalars(sa.text("select conname::text from pg_constraint where contype = 'x'"))
        )
    assert {name for _, name, _, sqlstate in MEANINGS if sqlstate == "23P01"} == there
