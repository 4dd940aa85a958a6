"""`Declared`: the base of every table. Turns one declaration into columns, keys, checks and indexes.

Nothing here knows Flask or the database connection; what a declaration means on screen is `app/panel`,
what it means for the wall is `app/access/wall.py`. Both read `declaration(model)`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedColumn, declared_attr, mapped_column, relationship

from models.kit import clock
from models.kit.fields import Field, Mark
from models.kit.panel import Panel
from models.kit.types import Choice, State

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    metadata = sa.MetaData(naming_convention=NAMING)


def table_name(class_name: str) -> str:
    """`ExamPlan` → `exam_plan`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", class_name).lower()


def _stamp(order: int) -> MappedColumn[datetime]:
    return mapped_column(
        sa.DateTime(timezone=True), default=clock.now, server_default=sa.func.now(), sort_order=order
    )


class Declared(Base):
    """A table declared by `field`, `reference` and one `panel`. Every row also carries who, when and a version
    (optimistic lock, R137); the database keeps these up to date itself."""

    __abstract__ = True

    panel: ClassVar[Panel]

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True, sort_order=-1)
    created_at: Mapped[datetime] = _stamp(900)
    created_by: Mapped[int | None] = mapped_column(sa.BigInteger, sort_order=901)
    updated_at: Mapped[datetime] = _stamp(902)
    updated_by: Mapped[int | None] = mapped_column(sa.BigInteger, sort_order=903)
    version: Mapped[int] = mapped_column(sa.Integer, default=1, server_default="1", sort_order=904)

    @declared_attr.directive
    @classmethod
    def __mapper_args__(cls) -> dict[str, Any]:
        return {"version_id_col": cls.version}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        if "panel" in cls.__dict__:
            name = table_name(cls.__name__)
            cls.__tablename__ = name
            cls.__table_args__ = tuple(_table_args(cls, name))
            for attribute, target in _relations(cls):
                setattr(cls, attribute, target)
        super().__init_subclass__(**kwargs)
        if "panel" in cls.__dict__:
            _registry[cls.__tablename__] = cls

    def __str__(self) -> str:
        title = getattr(self, self.panel.title, None)
        return str(getattr(title, "label", title) if title is not None else f"{self.panel.label}{self.id}")


_registry: dict[str, type[Declared]] = {}


def declared_models() -> list[type[Declared]]:
    """Every declared table, in order of declaration."""
    return list(_registry.values())


def model_named(table: str) -> type[Declared]:
    return _registry[table]


def fields_of(model: type[Declared]) -> dict[str, Field]:
    """Column name → what was declared of it, in order; plumbing columns (id, version, …) are left out."""
    return {column.name: column.info["field"] for column in model.__table__.columns if "field" in column.info}


def complete() -> None:
    """Once all tables are declared: give each target of a composite reference its unique key (D3)."""
    for model in declared_models():
        for declared in fields_of(model).values():
            if declared.within:
                key = ("id", *declared.within)
                target: sa.Table = Base.metadata.tables[declared.refers]
                known = {
                    tuple(c.name for c in u.columns)
                    for u in target.constraints
                    if isinstance(u, sa.UniqueConstraint)
                }
                if key not in known:
                    target.append_constraint(sa.UniqueConstraint(*key))


def _own_columns(cls: type[Declared]) -> Iterator[tuple[str, sa.Column[Any]]]:
    """The columns declared in the class body and its mix-ins, before mapping."""
    for klass in reversed(cls.__mro__):
        if klass in (Declared, Base, DeclarativeBase, object):
            continue
        for name, value in list(klass.__dict__.items()):
            if isinstance(value, MappedColumn):
                yield name, value.column


def _table_args(cls: type[Declared], table: str) -> Iterator[sa.schema.SchemaItem]:
    columns = dict(_own_columns(cls))
    yield from _panel_rules(cls.panel, table)
    for name, column in columns.items():
        yield from _column_rules(cls.panel, table, name, column)
    yield from _wall_indexes(cls.panel, table, columns)


def _panel_rules(panel: Panel, table: str) -> Iterator[sa.schema.SchemaItem]:
    """Keys, checks and indexes the panel names."""
    for names in panel.unique:
        yield sa.UniqueConstraint(*names)
    for number, (rule, meaning) in enumerate(panel.checks, 1):
        yield sa.CheckConstraint(rule, name=f"rule_{number}", info={"meaning": meaning})
    for names, condition, meaning in panel.unique_when:
        index = f"uq_{table}_{'_'.join(names)}_when"
        where = sa.text(condition)
        yield sa.Index(index, *names, unique=True, postgresql_where=where, info={"meaning": meaning})
    for names, span, meaning in panel.apart:
        yield _apart(table, names, span, meaning)
    for names in panel.indexes:
        yield sa.Index(f"ix_{table}_{'_'.join(name.lstrip('-') for name in names)}", *names)


def _column_rules(
    panel: Panel, table: str, name: str, column: sa.Column[Any]
) -> Iterator[sa.schema.SchemaItem]:
    """What follows from one column: its composite key, its closed list, the index of a reference."""
    declared: Field | None = column.info.get("field")
    if declared is None:
        return
    if declared.refers and declared.within:
        targets = [f"{declared.refers}.{key}" for key in ("id", *declared.within)]
        yield sa.ForeignKeyConstraint([name, *declared.within], targets, ondelete=column.info["ondelete"])
    if isinstance(declared.type, Choice):
        values = ", ".join(f"'{member.value}'" for member in declared.type.choices)
        yield sa.CheckConstraint(f"{name} in ({values})", name=f"{name}_known")
    if declared.refers and name not in panel.scope.columns():
        yield sa.Index(f"ix_{table}_{name}", name)


def _wall_indexes(panel: Panel, table: str, columns: dict[str, sa.Column[Any]]) -> Iterator[sa.Index]:
    """For each tenant column the wall compares: one to list by, and one for each state that tabs count."""
    for tenant in sorted(panel.scope.columns() - {"id"}):
        yield sa.Index(f"ix_{table}_wall_{tenant}", tenant, "id")
        for name, column in columns.items():
            declared: Field | None = column.info.get("field")
            if declared and (declared.has(Mark.TABBED) or isinstance(declared.type, State)):
                yield sa.Index(f"ix_{table}_wall_{tenant}_{name}", tenant, name, "id")


def _apart(table: str, equal: tuple[str, ...], span: tuple[str, str], meaning: str) -> ExcludeConstraint:
    """No two rows equal in `equal` overlap in `span`. A number is written as a range of one, since PostgreSQL
    compares ranges in GiST without an extension; an unbounded range of nulls would meet every other."""
    elements = [(sa.text(f"int8range({name}, {name}, '[]')"), "&&") for name in equal]
    elements.append((sa.text(f"tstzrange({span[0]}, {span[1]})"), "&&"))
    given = sa.text(" and ".join(f"{name} is not null" for name in (*equal, *span)))
    constraint = ExcludeConstraint(*elements, name=f"ex_{table}_{'_'.join(equal)}", using="gist", where=given)
    constraint.info["meaning"] = meaning
    return constraint


def _relations(cls: type[Declared]) -> Iterator[tuple[str, Any]]:
    for name, column in _own_columns(cls):
        declared: Field | None = column.info.get("field")
        attribute = name.removesuffix("_id")
        if declared and declared.refers and attribute not in cls.__dict__:
            yield attribute, _relation(cls.__name__, name, declared)


def _relation(owner: str, column: str, declared: Field) -> Any:
    target = "".join(part.capitalize() for part in declared.refers.split("_"))
    return relationship(
        target,
        primaryjoin=f"foreign({owner}.{column}) == remote({target}.id)",
        viewonly=True,
        lazy="select",
    )
