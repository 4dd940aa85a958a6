"""A filled-in form → a written row: tenant keys, hooks, child rows, version check, and errors beside their fields."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.roles import ROLES, may
from app.panel.forms import PanelForm, UploadField, declared_default, parent_column
from app.panel.resolve import Resolved
from app.panel.uploads import kept_uploads
from app.services.actions import hooks_of
from app.services.errors import Conflict, DomainError, NotFound, Refused
from models.kit import Declared, Mark, formats

INVALID = "提交的数据不符合要求,请检查后重试"
STALE = "数据已被他人修改,请刷新"


def create(session: Session, resolved: Resolved, actor: Actor, values: dict[str, Any]) -> Declared:
    """A new row of the actor's own tenant. Raises DomainError; commits nothing. Declared defaults are there
    before the hooks look."""
    row = resolved.model()
    defaults = {name: declared_default(resolved, name) for name in resolved.fields if name not in values}
    known = {
        name: value for name, value in defaults.items() if value is not None and _settable(resolved, name)
    }
    for name, value in {**known, **owner_values(resolved, actor), **values}.items():
        setattr(row, name, value)
    _write(session, resolved, actor, row, values)
    return row


def _settable(resolved: Resolved, name: str) -> bool:
    """A column whose name a property of the class takes is the database's to fill (`field(name=…)`)."""
    return not isinstance(getattr(resolved.model, name, None), property)


def owner_values(resolved: Resolved, actor: Actor) -> dict[str, Any]:
    """The tenant column by which this kind of actor owns rows it inserts."""
    for rule in resolved.panel.scope.rules(actor.kind):
        if "insert" in rule.may and rule.column and rule.column != "id":
            return {rule.column: actor.tenant}
    return {}


def update(
    session: Session,
    resolved: Resolved,
    actor: Actor,
    row: Declared,
    values: dict[str, Any],
    version: int | None,
) -> None:
    """Change a row; a stale version is refused (R137)."""
    if version is not None and version != row.version:
        raise Conflict("stale", STALE)
    for name, value in values.items():
        setattr(row, name, value)
    _write(session, resolved, actor, row, values)


def _write(session: Session, resolved: Resolved, actor: Actor, row: Declared, values: dict[str, Any]) -> None:
    with refusals(resolved):
        for hook in hooks_of(resolved.model).prepare:
            hook(session, actor, row, values)
        session.add(row)
        session.flush()
        for hook in hooks_of(resolved.model).after:
            hook(session, actor, row, values)
        session.flush()


def delete(session: Session, resolved: Resolved, actor: Actor, row: Declared) -> None:
    """Remove a row; one that others refer to stays, with a sentence that says so."""
    with refusals(resolved):
        for hook in hooks_of(resolved.model).delete:
            hook(session, actor, row)
        session.delete(row)
        session.flush()


def form_values(resolved: Resolved, form: PanelForm) -> dict[str, Any]:
    """What the form gives to the columns (files and child rows are handled apart); a blank that may be is null."""
    columns = resolved.model.__table__.c
    fields = {name: form._fields[name] for name in resolved.fields if name in form._fields}
    return {
        name: None if field.data == "" and columns[name].nullable else field.data
        for name, field in fields.items()
        if not isinstance(field, UploadField)
    }


def child_may(actor: Actor, parent: Resolved, child: Resolved, verb: str) -> bool:
    """Whether child rows may be added, edited or deleted inside the parent's form: the child's own permissions
    decide; a child table that no role names belongs to its parent."""
    if any(child.table in tables for tables in ROLES.values()):
        return may(actor, child.table, verb)
    return may(actor, parent.table, "edit") or may(actor, parent.table, "add")


def inline_children(actor: Actor, parent: Resolved, children: Iterable[Resolved]) -> tuple[Resolved, ...]:
    """The child tables this actor may change at all: only these stand in the form."""
    verbs = ("add", "edit", "delete")
    return tuple(child for child in children if any(child_may(actor, parent, child, verb) for verb in verbs))


def save_children(
    session: Session, parent: Resolved, actor: Actor, row: Declared, form: PanelForm, child: Resolved
) -> bool:
    """The rows of one child table: new ones added, ticked ones deleted, the rest changed. A refusal stands beside
    the row it is about. Whether anything changed."""
    column = parent_column(child, parent)
    existing = {
        item.id: item
        for item in session.scalars(sa.select(child.model).where(getattr(child.model, column) == row.id))
    }
    owned = {column: row.id, **_shared(child, parent, row)}
    changed = False
    for number, entry in enumerate(form._fields[child.table].entries, 1):
        try:
            changed |= _save_child(session, parent, actor, child, entry.form, owned, existing)
        except DomainError as error:
            if error.status in (403, 404):
                raise
            entry.form.blame(error)
            message = f"第{number}行:{error.message}"
            raise DomainError(error.code, message, child.table, error.status) from error
    return changed


def touch(session: Session, resolved: Resolved, row: Declared) -> None:
    """A row whose child rows have changed has changed: who has its form open as well is told, and a decision on it that
    comes in the same moment is refused."""
    row.version += 1
    with refusals(resolved):
        session.flush()


def _save_child(
    session: Session,
    parent: Resolved,
    actor: Actor,
    child: Resolved,
    form: PanelForm,
    owned: dict[str, Any],
    existing: dict[int, Declared],
) -> bool:
    """One child row, and whether it changed. An id that is not this parent's is 404, whoever's it is (wall.md 3)."""
    key = str(form._fields["id"].data or "")
    found = existing.get(formats.row_id(key) or 0)
    if key and found is None:
        raise NotFound()
    if found is not None and form.deleted:
        _child_door(actor, parent, child, "delete")
        delete(session, child, actor, found)
        return True
    values = {**form_values(child, form), **kept_uploads(session, actor, child, form, adding=found is None)}
    if found is None:
        _child_door(actor, parent, child, "add")
        create(session, child, actor, {**values, **owned})
        return True
    changed = {
        name: value
        for name, value in values.items()
        if not child.fields[name].has(Mark.FIXED) and not _same(value, getattr(found, name))
    }
    if changed:
        _child_door(actor, parent, child, "edit")
        version = str(form._fields["row_version"].data or "")
        update(session, child, actor, found, changed, int(version) if version.isdecimal() else None)
    return bool(changed)


def _same(one: Any, other: Any) -> bool:
    return one == other or (one in (None, "") and other in (None, ""))


def _child_door(actor: Actor, parent: Resolved, child: Resolved, verb: str) -> None:
    if not child_may(actor, parent, child, verb):
        raise Refused("forbidden", f"没有权限修改{child.panel.label}")


def _shared(child: Resolved, parent: Resolved, row: Declared) -> dict[str, Any]:
    """Tenant columns both rows carry: the child's are the parent's."""
    columns = (parent.panel.scope.columns() | {"organisation_id", "school_id"}) - {"id"}
    return {name: getattr(row, name) for name in columns if name in child.fields and name in parent.fields}


class refusals:  # noqa: N801  reads as `with refusals(resolved):`
    """Turns what the database refuses into the sentence a person understands."""

    def __init__(self, resolved: Resolved) -> None:
        self.resolved = resolved

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, sa.orm.exc.StaleDataError):
            raise Conflict("stale", STALE) from error
        if isinstance(error, sa.exc.NoResultFound):  # a row the rules ask for is not there for this actor
            raise NotFound() from error
        if isinstance(error, DBAPIError):
            raise explain(error, self.resolved) from error


def explain(error: DBAPIError, resolved: Resolved | None = None) -> DomainError:
    """The domain error behind a database refusal; anything unexpected is raised again as it is."""
    state = getattr(error.orig, "sqlstate", "") or ""
    diagnosis = getattr(error.orig, "diag", None)
    constraint = getattr(diagnosis, "constraint_name", "") or ""
    if state == "42501":
        return Refused("wall", "没有权限进行此操作")
    if state == "23514" and constraint in ("panel_flow", "panel_frozen", "panel_numbers"):
        message = (diagnosis.message_primary or "") if diagnosis else ""
        return Conflict(
            constraint, message if constraint == "panel_frozen" else "当前状态不允许此操作,请刷新页面"
        )
    if (
        state == "23502"
        and resolved is not None
        and (column := getattr(diagnosis, "column_name", "")) in resolved.fields
    ):
        return DomainError("required", f"请填写{resolved.fields[column].label}", column)
    if isinstance(error, DataError) or state.startswith("22"):  # a value no column of that type can hold
        return DomainError("invalid", INVALID)
    if not isinstance(error, IntegrityError):
        raise error
    return _constraint(state, constraint, resolved)


def _constraint(state: str, constraint: str, resolved: Resolved | None) -> DomainError:
    if state in ("23505", "23P01"):
        if meaning := _meaning(constraint, resolved):
            return Conflict("duplicate", meaning)
        labels, field = _columns(constraint, resolved)
        return DomainError("duplicate", f"{labels or '该记录'}已存在,不能重复", field, status=409)
    if state == "23503" and (column := _pointing(constraint, resolved)):
        label = resolved.fields[column].label if resolved is not None else ""
        return DomainError("reference", f"没有找到所选的{label},请重新选择", column)
    if state in ("23503", "23001"):  # PostgreSQL 18 tells a key that restricts apart
        return Conflict("referenced", "该记录正被其他数据使用,不能删除;或所引用的数据不存在")
    if state == "23514" and resolved is not None:
        for number, (_, meaning) in enumerate(resolved.panel.checks, 1):
            if constraint.endswith(f"_rule_{number}"):
                return DomainError("check", meaning)
    return DomainError("invalid", INVALID)


def _pointing(constraint: str, resolved: Resolved | None) -> str:
    """The column of this form whose foreign key was broken: it points at nothing, or at something elsewhere."""
    if resolved is None:
        return ""
    table: sa.Table = resolved.model.__table__  # type: ignore[assignment]
    broken = (key for key in table.foreign_key_constraints if key.name == constraint)
    return next((name for key in broken for name in key.column_keys if name in resolved.form(True)), "")


def _meaning(constraint: str, resolved: Resolved | None) -> str:
    """What a conditional key or a rule about time means, as declared (`unique_when`, `apart`)."""
    if resolved is None:
        return ""
    table = resolved.model.__table__
    known = [*table.indexes, *table.constraints]  # type: ignore[attr-defined]
    return next((str(k.info["meaning"]) for k in known if k.name == constraint and "meaning" in k.info), "")


def _columns(constraint: str, resolved: Resolved | None) -> tuple[str, str | None]:
    """The labels of the columns of a unique key, from its name's table."""
    if resolved is None:
        return "", None
    table: sa.Table = resolved.model.__table__  # type: ignore[assignment]
    for key in table.constraints:
        if isinstance(key, sa.UniqueConstraint) and re.fullmatch(str(_name(key)), constraint):
            names = [c.name for c in key.columns if c.name in resolved.fields]
            shown = [name for name in names if name in resolved.form(adding=True)]
            return "、".join(resolved.fields[name].label for name in shown), shown[-1] if shown else None
    return "", None


def _name(key: sa.UniqueConstraint) -> str:
    return str(key.name or f"uq_{key.table.name}_{'_'.join(column.name for column in key.columns)}")
