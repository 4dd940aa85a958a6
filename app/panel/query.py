"""Rows, counts and tab counters of a list. No tenant appears here: the wall below decides what exists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session, joinedload, undefer

from app.access.actor import current_actor
from app.access.roles import may
from app.panel.resolve import Resolved, kind_of, readable, resolve, resolve_table
from app.panel.wish import Wish
from config import settings
from models.kit import Declared, Mark, clock, formats
from models.kit.scope import SELECT

_NOBODY = sa.false()
_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]
_TEXTS = ("text", "code", "lines", "rich", "email", "url")


@dataclass(frozen=True)
class TabSpec:
    """One tab: what its address says, its words, and its condition (None = all)."""

    name: str
    label: str
    where: Any = None

    @property
    def narrows(self) -> list[Any]:
        return [] if self.where is None else [self.where]


@dataclass
class Found:
    rows: list[Declared]
    total: int  # capped: above `count_cap` it is count_cap + 1
    tabs: list[tuple[TabSpec, int]]
    page: int


def tabs_of(resolved: Resolved) -> Sequence[TabSpec]:
    """全部 and one tab per state; a model with derived phases brings its own (`PHASES`, 9.4)."""
    return _lasting(resolved.model) or _tabs(resolved.model, clock.now())


def _tabs(model: type[Declared], now: datetime) -> tuple[TabSpec, ...]:
    resolved, whole = resolve(model), TabSpec("", "全部")
    phases: Mapping[str, Any] | None = getattr(model, "PHASES", None)
    if phases:
        return (whole, *(TabSpec(label, label, where(now)) for label, where in phases.items()))
    if not resolved.tab:
        return ()
    column, choices = getattr(model, resolved.tab), resolved.fields[resolved.tab].type.choices
    return (whole, *(TabSpec(c.value, c.label, column == c) for c in choices))


@cache
def _lasting(model: type[Declared]) -> tuple[TabSpec, ...]:
    """The tabs of a table, put together once where they mean the same at every moment; none where time decides."""
    now = clock.now()
    tabs, later = _tabs(model, now), _tabs(model, now + timedelta(days=500))
    return tabs if [_said(tab) for tab in tabs] == [_said(tab) for tab in later] else ()


def _said(tab: TabSpec) -> Any:
    compiled = None if tab.where is None else tab.where.compile(dialect=_DIALECT)
    return compiled and (str(compiled), compiled.params)


def conditions(resolved: Resolved, wish: Wish) -> list[Any]:
    """The filters as SQL; input that cannot match anything matches nothing."""
    found = []
    for name, value in wish.every.items():
        if name in resolved.fields:
            found.append(_condition(resolved, name, value))
        else:
            base, _, side = name.rpartition("_")
            found.append(_range(getattr(resolved.model, base), kind_of(resolved.fields[base]), side, value))
    return found


def _condition(resolved: Resolved, name: str, value: str) -> Any:
    declared, column = resolved.fields[name], getattr(resolved.model, name)
    kind = kind_of(declared)
    if kind == "reference":
        key = formats.row_id(value)
        return column == key if key is not None else _NOBODY
    if kind in ("choice", "state"):
        return column == value if value in list(declared.type.choices) else _NOBODY
    if kind == "flag":
        return column == (value == "1")
    if declared.has(Mark.EXACT) or kind in ("id_number", "mobile", "integer", "decimal"):
        try:
            return column == declared.type.normalise(value)
        except formats.FormatError:
            return _NOBODY
    if kind not in _TEXTS:  # a date without _from or _to, and whatever else knows no part of itself
        return _NOBODY
    if declared.has(Mark.SOURCED) and _reads_source(resolved, name):
        return _at_source(resolved, name, formats.clean_text(value))
    return column.contains(formats.clean_text(value), autoescape=True)


def _reads_source(resolved: Resolved, name: str) -> bool:
    """Whether the wall shows this actor the source of every row it sees: only then does the search there miss none."""
    reference = resolved.fields[name].copied.partition(".")[0]
    source = resolve_table(resolved.fields[reference].refers)
    rules = source.panel.scope.rules(current_actor().kind)
    return any(SELECT in rule.may and not rule.when for rule in rules)


def _at_source(resolved: Resolved, name: str, words: str) -> Any:
    """A copied text, searched where it was copied from: the rows of the few sources that match, by the index of the
    reference, instead of every row."""
    reference, _, source = resolved.fields[name].copied.partition(".")
    target = resolve_table(resolved.fields[reference].refers).model
    found = sa.select(target.id).where(getattr(target, source).contains(words, autoescape=True))
    return getattr(resolved.model, reference).in_(found)


def _range(column: Any, kind: str, side: str, value: str) -> Any:
    try:
        day = date.fromisoformat(value)
    except ValueError:
        return _NOBODY
    if kind == "date":
        return column >= day if side == "from" else column <= day
    moment = datetime(day.year, day.month, day.day, tzinfo=clock.ZONE)
    return column >= moment if side == "from" else column < moment + timedelta(days=1)


def within(resolved: Resolved, wish: Wish) -> list[Any]:
    """The filters and the tab as SQL: what the list counts as its total."""
    chosen = next((tab for tab in tabs_of(resolved) if tab.name == wish.tab), None)
    return [*conditions(resolved, wish), *(chosen.narrows if chosen is not None else [])]


def find(session: Session, resolved: Resolved, wish: Wish) -> Found:
    """The page of rows, its counters in one statement, the rows in a second."""
    where, tabs = conditions(resolved, wish), tabs_of(resolved)
    filtered = [[*where, *tab.narrows] for tab in tabs] or [where]
    here = next((place for place, tab in enumerate(tabs) if tab.name == wish.tab), 0)  # none such: 全部
    if not where and _lasting(resolved.model):
        counts = list(session.execute(_unfiltered(resolved.model, settings().count_cap)).one())
    else:
        counts = _counts(session, resolved, filtered[_parted(resolved.model) :])
    if _parted(resolved.model):
        counts.insert(0, min(sum(counts), settings().count_cap + 1))
    total = counts[here]
    pages = max(1, -(-total // wish.size))
    page = wish.page if total > settings().count_cap else min(wish.page, pages)
    rows = session.scalars(_page(resolved, filtered[here], wish, page, total)).unique().all()
    return Found(list(rows), total, list(zip(tabs, counts, strict=bool(tabs))), page)


def _counts(session: Session, resolved: Resolved, wheres: list[list[Any]]) -> list[int]:
    """Counts that stop at the cap, all in one statement."""
    return list(session.execute(_counting(resolved, wheres)).one())


def _counting(resolved: Resolved, wheres: Iterable[list[Any]]) -> Any:
    return sa.select(*(_capped(resolved, where) for where in wheres))


@cache
def _unfiltered(model: type[Declared], cap: int) -> Any:  # the cap stands in the statement
    """The counters of a list that nobody filtered: the statement asked most, put together once."""
    return _counting(resolve(model), [tab.narrows for tab in _lasting(model)[_parted(model) :]])


@cache
def _parted(model: type[Declared]) -> bool:
    """Whether every row stands under exactly one tab beside 全部, whose count is then their sum: by the state that a
    column holds, not by phases."""
    tab = resolve(model).tab
    return bool(tab) and not hasattr(model, "PHASES") and not sa.inspect(model).columns[tab].nullable


def _capped(resolved: Resolved, where: list[Any]) -> Any:
    limit = settings().count_cap + 1
    few = sa.select(sa.literal(1)).select_from(resolved.model).where(*where).limit(limit).subquery()
    return sa.select(sa.func.count()).select_from(few).scalar_subquery()


def tab_counts(session: Session, tables: list[Resolved]) -> list[list[tuple[TabSpec, int]]]:
    """The tabs of several lists and how many rows stand under each, in one statement."""
    asked = [(resolved, tab, tab.narrows) for resolved in tables for tab in tabs_of(resolved)]
    if not asked:
        return []
    counts = iter(
        session.execute(sa.select(*(_capped(resolved, where) for resolved, _, where in asked))).one()
    )
    return [[(tab, next(counts)) for other, tab, _ in asked if other is resolved] for resolved in tables]


def order(resolved: Resolved, sort: str) -> list[Any]:
    """The order of a list: the wish, else the declaration's; always ends in the id, so pages never overlap."""
    names = [sort] if sort else resolved.sort.split(",")
    if "id" not in (name.lstrip("-") for name in names):
        names = [*names, "-id" if names[-1].startswith("-") else "id"]
    columns = [(getattr(resolved.model, name.lstrip("-")), name.startswith("-")) for name in names]
    return [column.desc() if down else column.asc() for column, down in columns]


def _page(resolved: Resolved, where: list[Any], wish: Wish, page: int, total: int) -> Any:
    model, by, offset = resolved.model, order(resolved, wish.sort), (page - 1) * wish.size
    if offset < 1000:
        return (
            sa.select(model)
            .where(*where)
            .order_by(*by)
            .limit(wish.size)
            .offset(offset)
            .options(*shown(resolved))
        )
    # far pages: walk the index for the ids alone (from the nearer end), then fetch the few rows
    backwards = total <= settings().count_cap and offset > total // 2
    size = min(wish.size, total - offset) if backwards else wish.size
    walk = [_flip(key) for key in by] if backwards else by
    skip = total - offset - size if backwards else offset
    ids = sa.select(model.id).where(*where).order_by(*walk).limit(size).offset(skip).subquery()
    return sa.select(model).join(ids, model.id == ids.c.id).order_by(*by).options(*shown(resolved))


def _flip(key: Any) -> Any:
    return key.element.asc() if key.modifier is sa.sql.operators.desc_op else key.element.desc()


def shown(resolved: Resolved) -> list[Any]:
    """What a row needs that is shown as itself. Who merely picks one by its name, or filters by it, may not be allowed
    to read what the database derives it from."""
    derives = derived(resolved.model) if may(current_actor(), resolved.table, "list") else ()
    return [*_loads(resolved), *derives]


def _loads(resolved: Resolved) -> list[Any]:
    """The references that the list draws, joined: the number of statements does not grow with the rows (F5)."""
    names = dict.fromkeys([*resolved.listed, *(c for block in resolved.panel.cards for c in block.columns)])
    loads = []
    for name in names:
        head, _, rest = name.partition(".")
        column = head if not rest else f"{head}_id"
        declared = resolved.fields.get(column)
        if declared is None or not declared.refers or not readable(declared.refers):
            continue
        load, target = (
            joinedload(getattr(resolved.model, column.removesuffix("_id"))),
            resolve_table(declared.refers),
        )
        loads += [load.joinedload(getattr(target.model, relation)) for relation in named_by(target)]
        nested = f"{rest.partition('.')[0]}_id" if "." in rest else rest
        inner = target.fields.get(nested) if nested else None
        if inner is not None and inner.refers and readable(inner.refers):
            load = load.joinedload(getattr(target.model, nested.removesuffix("_id")))
        loads.append(load)
    return loads


@cache
def derived(model: type[Declared]) -> tuple[Any, ...]:
    """What the database derives of a row, read only where rows are shown: their buttons may ask for it."""
    found = sa.inspect(model).column_attrs
    return tuple(undefer(getattr(model, column.key)) for column in found if column.deferred)


def named_by(target: Resolved) -> tuple[str, ...]:
    """The relations a row's own title reads."""
    return tuple(getattr(target.model, "NAMED_BY", ()))


def capped(count: int) -> str:
    return f"{settings().count_cap}+" if count > settings().count_cap else str(count)


def get(session: Session, resolved: Resolved, key: int) -> Declared | None:
    """A row by its id, within the wall."""
    if not 0 < key < 2**63:
        return None
    return (
        session.scalars(sa.select(resolved.model).where(resolved.model.id == key).options(*shown(resolved)))
        .unique()
        .one_or_none()
    )
