"""The detail page of a row: head, progress, sections, related rows, history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.roles import may
from app.panel import query
from app.panel.cells import NOTHING, cell, plain, state_cell
from app.panel.lists import column, crumbs, first_step, row_links, window
from app.panel.pages import Cell, Crumb, DetailPage, Item, Link, Related, Row, Section, Step
from app.panel.resolve import Resolved, kind_of, readable, resolve_table
from app.panel.wish import Wish
from app.services.actions import hooks_of, notes_of
from app.services.richtext import plain_text
from models.accounts import Account, AuditEntry
from models.kit import Declared, Field, Mark, clock

_WIDE = ("rich", "lines", "json")
RELATED_ROWS = 10


def detail_page(session: Session, resolved: Resolved, actor: Actor, row: Declared) -> DetailPage:
    """What one row shows to this actor."""
    state = state_cell(resolved, row)
    photo = next((name for name in resolved.shown if kind_of(resolved.fields[name]) == "photo"), "")
    notes, figures = notes_of(session, actor, row), _figures(session, resolved, actor, row)
    return DetailPage(
        title=f"{row} · {resolved.panel.label}详情",
        crumbs=crumbs(resolved, Crumb(str(row))),
        heading=str(row),
        state=state,
        photo=(f"{resolved.url}/{row.id}/file/{photo}" if getattr(row, photo) else "none") if photo else "",
        facts=_facts(resolved, row),
        steps=_steps(resolved, row),
        sections=_sections(resolved, row, photo, notes),
        related=[
            replace(_related(session, resolved, actor, row, table), remark=notes.get(table, ""))
            for table in _tables(resolved, actor)
        ],
        notice=notes.get("", ""),
        figures=figures,
        figures_url=f"{resolved.url}/{row.id}" if figures else "",
        links=row_links(resolved, actor, row, detail=True),
        history=_history(session, resolved, actor, row),
        on_sight=_on_sight(resolved, actor, row),
    )


def _on_sight(resolved: Resolved, actor: Actor, row: Declared) -> str:
    """Looking is a GET and changes nothing; what looking means is posted by the page."""
    seen = (a for a in resolved.actions if a.on_sight and may(actor, resolved.table, a.name) and a.when(row))
    return next((f"{resolved.url}/action/{a.name}?rowid={row.id}" for a in seen), "")


def _facts(resolved: Resolved, row: Declared) -> list[tuple[str, Cell]]:
    """The first listed columns that say more than the heading beside them."""
    heading, said = str(row), {*resolved.same, resolved.state}
    drawn = [
        (resolved.fields[name].label, cell(resolved, row, name))
        for name in resolved.listed
        if name not in said
    ]
    return [
        (label, shown)
        for label, shown in drawn
        if shown.text not in (heading, NOTHING) and shown.kind != "photo"
    ][:4]


def _tables(resolved: Resolved, actor: Actor) -> list[str]:
    names = dict.fromkeys([*resolved.panel.children, *resolved.panel.related])
    return [
        table
        for table in names
        if readable(table) and (may(actor, table, "list") or table in resolved.panel.children)
    ]


def _figures(
    session: Session, resolved: Resolved, actor: Actor, row: Declared
) -> list[tuple[str, int, str, str]]:
    found = [figure for hook in hooks_of(resolved.model).figures for figure in hook(session, actor, row)]
    return [(figure.label, figure.value, figure.tone, figure.href) for figure in found]


def _sections(resolved: Resolved, row: Declared, photo: str, notes: Mapping[str, str]) -> list[Section]:
    sections: dict[str, list[Item]] = {}
    for name in resolved.shown:
        declared = resolved.fields[name]
        untold = declared.has(Mark.READONLY) and getattr(row, name) is None  # nothing has happened yet
        unsaid = kind_of(declared) == "json" and not declared.type.say and name != "changes"
        if name in {photo, *resolved.same} or untold or unsaid:
            continue
        section = sections.setdefault(resolved.section(name), [])
        if (opens := _opening(resolved, name)) and getattr(row, opens) is not None:
            section[-1] = Item(*window(resolved, row, opens, name))  # one window, not two moments
            continue
        wide, remark = kind_of(declared) in _WIDE, notes.get(name, "")
        section.append(Item(declared.label, _value(resolved, row, name), wide, remark=remark))
    return [Section(title, items) for title, items in sections.items() if items]


def _opening(resolved: Resolved, name: str) -> str:
    """The column before this one, if the two are the ends of one window: `exam_from` of `exam_to`."""
    opens, shown = f"{name.removesuffix('_to')}_from", resolved.shown
    follows = name.endswith("_to") and opens in shown and shown.index(opens) + 1 == shown.index(name)
    return opens if follows and resolved.fields[opens].label.endswith("开始") else ""


def _value(resolved: Resolved, row: Declared, name: str) -> Cell:
    if isinstance(row, AuditEntry) and name == "changes":
        return Cell(_change(resolve_table(row.table_name), row, "\n") if row.changes else NOTHING, "lines")
    return cell(resolved, row, name)


def _steps(resolved: Resolved, row: Declared) -> list[Step]:
    """The states of the flow as a progress line, where the flow is a line (at most six states)."""
    if (
        hasattr(row, "WINDOWS")
        and getattr(row, "published_at", None)
        and not getattr(row, "cancelled_at", None)
    ):
        return _windows(resolved, row)
    flow = resolved.fields[resolved.state].flow if resolved.state else None
    if flow is None or len(flow.states) > 6:
        return []
    path, here = [flow.start], getattr(row, resolved.state)
    while True:
        nexts = [
            move.target
            for move in flow.moves
            if path[-1] in move.sources and move.target not in path and not move.danger
        ]
        if not nexts:
            break
        path.append(nexts[0])
    if here not in path:
        return []
    at = path.index(here)
    if len(path) < 2:  # a line of one point leads nowhere
        return []
    return [
        Step(state.label, state="done" if i < at else "current" if i == at else "todo")
        for i, state in enumerate(path)
    ]


def _windows(resolved: Resolved, row: Any) -> list[Step]:
    """The windows of a published row as a line in time; several may be open at once (9.4)."""
    now, steps = clock.now(), []
    for name in row.WINDOWS:
        opens, closes = getattr(row, f"{name}_from"), getattr(row, f"{name}_to")
        label = resolved.fields[f"{name}_from"].label.removesuffix("开始")
        when = f"{opens:%m-%d} ~ {closes - timedelta(minutes=1):%m-%d}"
        steps.append(Step(label, when, "done" if closes <= now else "current" if opens <= now else "todo"))
    return steps


def _related(session: Session, resolved: Resolved, actor: Actor, row: Declared, table: str) -> Related:
    child = resolve_table(table)
    parent = next(name for name, declared in child.fields.items() if declared.refers == resolved.table)
    said = {resolved.fields[name].label: cell(resolved, row, name).text for name in resolved.shown}
    names = [name for name in child.listed if name not in {parent, *child.same}]
    parts = table in resolved.panel.children  # from the first on; of what merely belongs to it, the latest
    rows = (
        session.scalars(
            sa.select(child.model)
            .where(getattr(child.model, parent) == row.id)
            .order_by(child.model.id if parts else child.model.id.desc())
            .limit(RELATED_ROWS)
            .options(*query._loads(child))
        )
        .unique()
        .all()
    )
    if not parts:
        rows = rows[::-1]
    # What every row repeats of the row above them is said there.
    names = [
        name
        for name in names
        if not rows
        or (text := said.get(child.fields[name].label, NOTHING)) == NOTHING
        or any(cell(child, r, name).text != text for r in rows)
    ]
    open_door = may(actor, table, "list")
    listed = bool(rows) and open_door and parent in child.filters
    more = Link("查看全部", f"{child.url}/?f_{parent}={row.id}") if listed else None
    return Related(
        child.panel.label,
        [column(child, name, Wish()) for name in names],
        [Row(str(r.id), _cells(child, r, names, open_door)) for r in rows],
        more,
        first_step(child, ())[0] if parts else f"还没有{child.panel.label}",
    )


def _cells(child: Resolved, row: Declared, names: Sequence[str], open_door: bool) -> list[Cell]:
    """A related row; where its title goes without saying, the first column leads to it."""
    cells = [cell(child, row, name, link=open_door) for name in names]
    if open_door and cells and child.panel.title not in names and not cells[0].href:
        cells[0] = replace(cells[0], href=f"{child.url}/{row.id}")
    return cells


def _history(session: Session, resolved: Resolved, actor: Actor, row: Declared) -> list[tuple[str, str, str]]:
    """Who changed what, newest first, as far as the wall lets this actor see the trail (feature 20)."""
    entries = session.execute(
        sa.select(AuditEntry, Account.name)
        .join(Account, Account.id == AuditEntry.account_id, isouter=True)
        .where(AuditEntry.table_name == resolved.table, AuditEntry.row_id == row.id)
        .order_by(AuditEntry.id.desc())
        .limit(20)
    ).all()
    return [(plain(entry.at), name or "系统", _change(resolved, entry)) for entry, name in entries]


_LONGEST = 60
_VERBS = {"INSERT": "新建", "DELETE": "删除"}


def _change(resolved: Resolved, entry: AuditEntry, between: str = ";") -> str:
    if entry.action in _VERBS:
        return _VERBS[entry.action]
    parts = []
    for name, pair in (entry.changes or {}).items():
        declared = resolved.fields.get(name)
        if declared is None or not isinstance(pair, list) or declared.refers or declared.has(Mark.HIDDEN):
            continue
        old, new = (_word(declared, value) for value in pair)
        parts.append(f"{declared.label}:{old} → {new}")
    return between.join(parts) or (entry.reason or "更新")


def _word(declared: Field, value: object) -> str:
    """A value of the trail as the page would show it."""
    if value is None:
        return "空"
    kind = kind_of(declared)
    if kind in ("choice", "state") and value in list(declared.type.choices):
        return str(declared.type.choices(value).label)
    if isinstance(value, bool):
        return plain(value)
    if kind == "moment":
        return str(declared.type.shown(datetime.fromisoformat(str(value))))
    text = plain_text(str(value)) if kind == "rich" else str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
