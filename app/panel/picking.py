"""Pickers: the few rows of a related table that a person may choose from while typing (F2, A3)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.panel import query
from app.panel.resolve import Resolved, readable, resolve_table
from app.services.actions import Offer, hooks_of
from app.services.errors import NotFound
from config import settings
from models.kit import Declared, Field, formats

_WORDS = 5


def asked_column(resolved: Resolved, children: Collection[Resolved], column: str) -> tuple[Resolved, str]:
    """The table and column a picker is for. `child.column` asks for a reference of a child row: the parent's form is
    where it is picked. Plumbing that no form and no filter asks for is not there."""
    table, _, name = column.rpartition(".")
    owner = next((child for child in children if child.table == table), None) if table else resolved
    declared = owner.fields.get(name) if owner is not None else None
    if owner is None or declared is None or not declared.refers or not readable(declared.refers):
        raise NotFound()
    if name not in owner.form(adding=True) and (table or name not in owner.filters):
        raise NotFound()
    return owner, name


def needs(owner: Resolved, name: str) -> tuple[str, ...]:
    """The other columns of the form that what may be picked depends on."""
    return hooks_of(owner.model).choices.get(name, ((), None))[0]


def found(
    session: Session, actor: Actor, owner: Resolved, name: str, given: Mapping[str, str]
) -> list[dict[str, str]]:
    """At most 20 rows whose columns contain the words `q`, within the wall; a filter (`given` without the needed
    columns) offers everything."""
    declared: Field = owner.fields[name]
    target = resolve_table(declared.refers)
    offer = _offer(session, actor, owner, name, given)
    where = [*offer.where, *getattr(target.model, "PICKABLE", list)()]
    where += [
        getattr(target.model, above) == key
        for above in declared.within
        if (key := formats.row_id(given.get(above))) is not None
    ]
    where += _matching(target, offer, formats.clean_text(given.get("q", "")[:50]))
    rows = (
        session.scalars(
            sa.select(target.model)
            .where(*where)
            .order_by(*offer.order, target.model.id)
            .limit(settings().picker_limit)
            .options(*query._loads(target))
        )
        .unique()
        .all()
    )
    hints = offer.hints(rows)
    return [_option(row, hints.get(row.id, "")) for row in rows]


def _option(row: Declared, hint: str) -> dict[str, str]:
    return {"value": str(row.id), "text": str(row), "hint": hint or getattr(row, "hint", "")}


def _offer(session: Session, actor: Actor, owner: Resolved, name: str, given: Mapping[str, str]) -> Offer:
    wanted, function = hooks_of(owner.model).choices.get(name, ((), None))
    if function is None or any(formats.row_id(given.get(other)) is None for other in wanted):
        return Offer()
    return function(session, actor, given)


def _matching(target: Resolved, offer: Offer, words: str) -> list[Any]:
    columns: Sequence[Any] = offer.searched or _title(target)
    if not words or not columns:
        return []
    return [
        sa.or_(*(sa.cast(column, sa.String).contains(word, autoescape=True) for column in columns))
        for word in (words.split()[:_WORDS] if offer.searched else [words])
    ]


def _title(target: Resolved) -> list[Any]:
    title = getattr(target.model, target.panel.title, None)
    return [title] if title is not None and not target.fields[target.panel.title].refers else []
