"""The importer every table gets from its declaration: the columns marked `imported`, upsert by the first unique key.

The dry run really writes each chunk, hooks and database rules included, and takes it back: so what it promises
is what applying does (check 13). Made for tables of thousands of rows; larger imports are written by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.services.actions import hooks_of
from app.services.errors import DomainError, NotFound
from app.services.imports import STALE, Context, Importer
from app.services.references import Finder
from app.services.staging import CHANGED, NEW, REFUSED, Row, Staged
from app.sheets.spec import Kind, SheetColumn, SheetSpec
from models.kit import Declared, Field, Mark, fields_of, model_named
from models.kit.clock import ZONE
from models.kit.types import Choice, Personal

_KINDS: dict[str, Kind] = {
    "code": "code", "id_number": "code", "mobile": "code", "integer": "integer", "decimal": "decimal", "date": "date",
    "moment": "moment", "choice": "choice", "state": "choice", "flag": "choice",
}  # fmt: skip
_FLAGS = {"是": True, "否": False}


def derived(table: str) -> Importer:
    """The importer of a declared table; 404 where no column is marked."""
    sheet = TableSheet(model_named(table))
    if not sheet.columns:
        raise NotFound("该数据没有导入模板")
    return Importer(
        table=table,
        name=table,
        label=sheet.model.panel.label,
        sheet=sheet.spec,
        check=sheet.check,
        apply=sheet.apply,
        clean=sheet.clean,
        key=sheet.key,
        also=tuple(sheet.keys[1:]),
        personal={name: f.type.name for name, f in sheet.columns.items() if isinstance(f.type, Personal)},
    )


@dataclass
class TableSheet:
    """A declaration as a sheet: its template, and rows of it in and out of the table."""

    model: type[Declared]

    @cached_property
    def fields(self) -> dict[str, Field]:
        return fields_of(self.model)

    @cached_property
    def columns(self) -> dict[str, Field]:
        return {name: f for name, f in self.fields.items() if f.has(Mark.IMPORTED)}

    @cached_property
    def key(self) -> tuple[str, ...]:
        """The imported columns that name a row: of the first unique key made only of them and of tenant columns."""
        return self.keys[0] if self.keys else tuple(self.columns)

    @cached_property
    def keys(self) -> list[tuple[str, ...]]:
        """The imported columns of every unique key that a sheet can offend against, in order of declaration."""
        unique = [
            *((name,) for name, f in self.columns.items() if f.has(Mark.UNIQUE)),
            *self.model.panel.unique,
        ]
        known = {*self.columns, *self.model.panel.scope.columns()}
        own = [
            tuple(name for name in names if name in self.columns)
            for names in unique
            if known.issuperset(names)
        ]
        return [names for names in own if names]

    @cached_property
    def spec(self) -> SheetSpec:
        columns = tuple(self._column(name, f) for name, f in self.columns.items())
        return SheetSpec(self.model.__tablename__, self.model.panel.label, columns)

    def _column(self, name: str, declared: Field) -> SheetColumn:
        kind = getattr(declared.type, "kind", "text")
        choices: tuple[str, ...] = ()
        if isinstance(declared.type, Choice):
            choices = tuple(member.label for member in declared.type.choices)
        elif kind == "flag":
            choices = tuple(_FLAGS)
        column = self.model.__table__.c[name]
        required = not column.nullable and column.default is None and column.server_default is None
        shown = "text" if declared.refers else _KINDS.get(kind, "text")
        return SheetColumn(name, declared.label, shown, required, choices, declared.help, declared.sample)

    @cached_property
    def clean(self) -> dict[str, Callable[[Any], Any]]:
        """Cells to values, by the declared type; references are looked up later, set-wise."""
        return {name: partial(_value, f.type) for name, f in self.columns.items() if not f.refers}

    # the dry run

    def check(self, session: Session, actor: Actor, rows: list[Row], context: Context) -> None:
        Finder(self.columns).resolve(session, rows)
        self._compare(session, actor, [row for row in rows if row.outcome != REFUSED])
        self._try(session, actor, [row for row in rows if row.outcome in (NEW, CHANGED)])

    def _compare(self, session: Session, actor: Actor, rows: list[Row]) -> None:
        existing = self._existing(session, actor, rows)
        for row in rows:
            found = existing.get(row.key(self.key)) if rows else None
            if found is None:
                continue
            same = all(_same(getattr(found, name), value) for name, value in self._changes(row).items())
            row.unchanged(found.id) if same else row.change(found.id)

    def _existing(self, session: Session, actor: Actor, rows: list[Row]) -> dict[Any, Declared]:
        """The rows already there, by key; within the actor's own tenant where it owns rows of this table."""
        columns = [getattr(self.model, name) for name in self.key]
        keys = [row.key(self.key) for row in rows if row.key(self.key) is not None]
        if not keys:
            return {}
        several = len(columns) > 1
        match = sa.tuple_(*columns).in_(keys) if several else columns[0].in_(keys)
        own = [getattr(self.model, name) == value for name, value in owner_values(self.model, actor).items()]
        found = session.scalars(sa.select(self.model).where(match, *own))
        return {
            tuple(getattr(row, name) for name in self.key) if several else getattr(row, self.key[0]): row
            for row in found
        }

    def _changes(self, row: Row) -> dict[str, Any]:
        """What the row says of an existing one: a blank cell says nothing, and fixed columns stay."""
        return {
            name: value
            for name, value in row.values.items()
            if value is not None and name not in self.key and not self.columns[name].has(Mark.FIXED)
        }

    def _try(self, session: Session, actor: Actor, rows: list[Row]) -> None:
        """Write the chunk and take it back; where something is refused, find out row by row which."""
        trial = session.begin_nested()
        try:
            self._write(session, actor, rows)
        except (DomainError, DBAPIError):
            self._undo(session, trial)
            trial = session.begin_nested()
            for row in rows:
                self._try_one(session, actor, row)
        self._undo(session, trial)

    def _try_one(self, session: Session, actor: Actor, row: Row) -> None:
        """One row on top of the right ones before it, which may be what it offends against."""
        step = session.begin_nested()
        try:
            self._write(session, actor, [row])
            step.commit()
        except DomainError as error:
            self._undo(session, step)
            field = self.columns.get(error.field or "")
            row.refuse(error.message, field.label if field else "")
        except DBAPIError as error:
            self._undo(session, step)
            row.refuse(self.reason(error))

    def _undo(self, session: Session, trial: Any) -> None:
        trial.rollback()
        session.expunge_all()

    # writing

    def apply(self, session: Session, actor: Actor, staged: Staged) -> None:
        for rows in staged.rows():
            try:
                self._write(session, actor, rows)
            except DBAPIError as error:
                raise DomainError("import.stale", f"{STALE}({self.reason(error)})", status=409) from error
            session.expunge_all()

    def _write(self, session: Session, actor: Actor, rows: Sequence[Row]) -> None:
        hooks, own = hooks_of(self.model), owner_values(self.model, actor)
        targets = self._targets(session, rows)
        for row in rows:
            values = self._typed(row.values if row.outcome == NEW else self._changes(row))
            if row.outcome == NEW:
                item = self.model()
                values = {**own, **{name: value for name, value in values.items() if value is not None}}
            else:
                item = targets[row.target_id or 0]
            for name, value in values.items():
                setattr(item, name, value)
            for hook in hooks.prepare:
                hook(session, actor, item, values)
            session.add(item)
            if hooks.after:
                session.flush()
            for hook in hooks.after:
                hook(session, actor, item, values)
        session.flush()

    def _targets(self, session: Session, rows: Sequence[Row]) -> dict[int, Declared]:
        ids = [row.target_id for row in rows if row.outcome == CHANGED]
        found = {
            item.id: item for item in session.scalars(sa.select(self.model).where(self.model.id.in_(ids)))
        }
        if len(found) < len(set(ids)):
            raise DomainError("import.stale", STALE, status=409)
        return found

    def _typed(self, values: dict[str, Any]) -> dict[str, Any]:
        """Values may come back from staging: choices as their stored text, moments with their zone."""
        return {
            name: self.columns[name].type.choices(value)
            if value is not None and isinstance(self.columns[name].type, Choice)
            else value
            for name, value in values.items()
        }

    def reason(self, error: DBAPIError) -> str:
        """What a database refusal means, in a sentence for the row."""
        state = getattr(error.orig, "sqlstate", "") or ""
        diagnosis = getattr(error.orig, "diag", None)
        constraint = (diagnosis.constraint_name if diagnosis else "") or ""
        if state == "23505":
            return f"{self.model.panel.label}已存在"
        if state == "23503":
            return "所填的关联数据之间不符,请检查"
        if state == "23514":
            for number, (_, meaning) in enumerate(self.model.panel.checks, 1):
                if constraint.endswith(f"_rule_{number}"):
                    return meaning
            if constraint == "panel_frozen" and diagnosis and diagnosis.message_primary:
                return str(diagnosis.message_primary)
        if state == "42501":
            return "没有权限写入该行"
        if state[:2] in ("22", "23"):
            return "内容不符合要求"
        raise error


def owner_values(model: type[Declared], actor: Actor) -> dict[str, Any]:
    """The tenant column by which this kind of actor owns rows it inserts."""
    for rule in model.panel.scope.rules(actor.kind):
        if "insert" in rule.may and rule.column and rule.column != "id":
            return {rule.column: actor.tenant}
    return {}


def _value(type_: Any, value: Any) -> Any:
    """A cell as its column keeps it. Raises FormatError."""
    if isinstance(type_, Choice):
        member = type_.choices.by_label(value)
        return member.value if member is not None else None
    if type_.kind == "flag":
        return _FLAGS.get(value)
    if isinstance(value, datetime):
        return value.replace(tzinfo=ZONE)
    if isinstance(value, str):
        return type_.normalise(value)
    if type_.kind in ("integer", "decimal"):  # the sheet knows that it is a number, the type its bounds
        return type_.normalise(str(value))
    return value


def _same(kept: Any, given: Any) -> bool:
    return bool(kept == given)
