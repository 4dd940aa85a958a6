"""A few rows for every table that the demonstration business leaves empty, so that no wall stands before nothing.

Rows are invented from the declarations: references point at rows that exist, everything else is of its type. What
the schema refuses is tried again differently. Written by an administrator, so no policy has a say; triggers do.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import sqlalchemy as sa

from models.kit import Declared, Field, Flag, clock, declared_models, fields_of, formats, model_named
from models.kit.types import (
    Amount,
    Choice,
    Date,
    Email,
    File,
    IdNumber,
    Int,
    Json,
    Mobile,
    Moment,
    Rich,
    State,
    Text,
    Url,
)

TRIES, ROUNDS = 200, 3
ENOUGH = 6
# Two tenants of each kind that have most in common: rows of other tenants are rarer.
FAVOURITES = {
    "school": "select school_id from registration group by 1 order by count(*) desc, 1 limit 2",
    "organisation": "select organisation_id from registration group by 1 order by count(*) desc, 1 limit 2",
    "exam_plan": "select plan_id from registration group by 1 order by count(*) desc, 1 limit 3",
}
LEFT_EMPTY = {
    "credential",
    "second_factor",
    "login_record",
    "audit_entry",
    "staged_chunk",
    "form_draft",
    "sms_code",
    "captcha",
}  # secrets and logs


def fill(connection: sa.Connection, seed: int = 7) -> list[str]:
    """Give every table at least `ENOUGH` rows; returns the tables that took none at all."""
    random = Random(seed)
    waiting = [model for model in declared_models() if model.__tablename__ not in LEFT_EMPTY]
    for _ in range(ROUNDS):  # a table may have to wait for rows of one declared after it
        waiting = [model for model in waiting if _fill(connection, model, random) == 0]
    return [model.__tablename__ for model in waiting]


def _fill(connection: sa.Connection, model: type[Declared], random: Random) -> int:
    rows = connection.scalar(sa.select(sa.func.count()).select_from(model.__table__)) or 0
    for _ in range(TRIES):
        if rows >= ENOUGH:
            break
        rows += _try(connection, model, random)
    return int(rows)


def _try(connection: sa.Connection, model: type[Declared], random: Random) -> int:
    savepoint = connection.begin_nested()
    try:
        connection.execute(sa.insert(model).values(_row(connection, model, random)))
    except (sa.exc.DBAPIError, LookupError):
        savepoint.rollback()
        return 0
    savepoint.commit()
    return 1


def _row(connection: sa.Connection, model: type[Declared], random: Random) -> dict[str, Any]:
    values: dict[str, Any] = {}
    declared = fields_of(model)
    columns = model.__table__.c
    for name, field in sorted(declared.items(), key=lambda item: (not item[1].within, not item[1].refers)):
        if field.computed or (field.copied and name not in values):
            continue
        if columns[name].nullable and random.random() < 0.4:
            continue
        if field.refers:
            _refer(connection, name, field, values, random)
        elif name not in values:
            values[name] = _value(connection, field, random)
    return {name: value for name, value in values.items() if name in columns}


def _refer(
    connection: sa.Connection, name: str, field: Field, values: dict[str, Any], random: Random
) -> None:
    """Some row of the related table, mostly of the tenants the tests log in as; where both carry the same tenant,
    that tenant comes along."""
    if name in values and not field.within:
        return
    target = model_named(field.refers).__table__
    same = [target.c[key] == values[key] for key in field.within if key in values]
    same += [target.c.id == values[name]] if name in values else []
    if random.random() < 0.8:
        known = {
            "id": FAVOURITES.get(field.refers),
            **{f"{table}_id": by for table, by in FAVOURITES.items()},
        }
        known["plan_id"] = FAVOURITES["exam_plan"]
        same += [target.c[key].in_(sa.text(f"({by})")) for key, by in known.items() if by and key in target.c]
    wanted = sa.select(target).where(*same)
    count = connection.scalar(sa.select(sa.func.count()).select_from(wanted.subquery())) or 0
    if not count:
        raise LookupError(name)
    row = (
        connection.execute(wanted.order_by(target.c.id).offset(random.randrange(count)).limit(1))
        .mappings()
        .one()
    )
    values[name] = row["id"]
    values.update({key: row[key] for key in field.within})


def _value(connection: sa.Connection, field: Field, random: Random) -> Any:  # noqa: C901  one line a type
    kind = field.type
    if isinstance(kind, State) and field.flow is not None:
        return random.choice([field.flow.start, *kind.choices])
    if isinstance(kind, Choice):
        return random.choice(list(kind.choices))
    if isinstance(kind, Moment):
        return clock.now() + timedelta(hours=random.randrange(-48, 48))
    if isinstance(kind, Date):
        return date(2026, 1, 1) + timedelta(days=random.randrange(300))
    if isinstance(kind, Flag):
        return random.random() < 0.5
    if isinstance(kind, Amount):
        return min(max(Decimal(random.randrange(1, 100)), kind.least), kind.most)
    if isinstance(kind, Int):
        return random.randint(kind.least, min(kind.most, kind.least + 50))
    if isinstance(kind, IdNumber):
        return formats.fictitious_id_number("370101", date(2003, 1, 1), random.randrange(999))
    if isinstance(kind, Mobile):
        return f"136{random.randrange(10**8):08d}"
    if isinstance(kind, Json):
        return {}
    if isinstance(kind, File):
        return connection.scalar(sa.text("select key from stored_file order by id limit 1"))
    return _text(kind, random)


def _text(kind: Any, random: Random) -> str:
    number = f"{random.randrange(10**6):06d}"
    if isinstance(kind, Email):
        return f"filled{number}@example.cn"
    if isinstance(kind, Url):
        return f"https://example.cn/{number}"
    if isinstance(kind, Rich):
        return f"<p>{'补充' * (1 + kind.least // 2)}{number}</p>"
    if isinstance(kind, Text):
        text = f"补充{number}" if kind.kind in ("text", "lines") else number
        return (text + "文" * max(0, kind.least - len(text)))[: kind.length]
    return number
