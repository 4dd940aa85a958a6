"""Rows out (6.3): what the list shows now, as a workbook; at once while it is small, as a job when it is large.

Masked unless the actor may see full numbers and says why, which the trail keeps (R23). No cell can be taken for a
formula (`app/sheets/export.py`, E138).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from flask import Response, redirect, request
from sqlalchemy.orm import Session, joinedload

from app.access.actor import Actor, current_actor
from app.access.roles import ROLES, may
from app.jobs import queue
from app.jobs.registry import task
from app.jobs.running import Run
from app.panel import query
from app.panel.cells import standing
from app.panel.doors import Doors
from app.panel.resolve import Resolved, kind_of, resolve, resolve_table
from app.panel.wish import Wish, read_wish
from app.services import files
from app.services.actions import Ask, Outcome, action
from app.services.errors import Refused
from app.sheets import export
from app.sheets.spec import Kind
from models.jobs import Job, JobState
from models.kit import Declared, Field, Mark, Text, clock, declared_models
from models.kit.cipher import cipher

AT_ONCE = 2_000
CHUNK = 1_000
FULL = "export_full"
"""The permission, and the action, of an export with full numbers."""

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_NOT_EXPORTED = ("file", "photo", "rich", "json")
_SECRET = "export"  # noqa: S105  # the associated data of filters that travel encrypted
_KINDS: dict[str, Kind] = {
    "integer": "integer", "decimal": "decimal", "date": "date", "code": "code", "id_number": "code", "mobile": "code",
}  # fmt: skip


def start(doors: Doors) -> Any:
    """Export what the filter matches: the file itself, or the page of the job that makes it."""
    resolved, session, actor = doors.resolved, doors.session, current_actor()
    wish = read_wish(resolved, request.args, request.form)
    where = _where(resolved, wish)
    session.execute(
        sa.select(sa.func.panel_note("EXPORT", resolved.table, sa.null(), "导出(号码已掩码)"))
    )  # R135
    session.commit()
    few = sa.select(resolved.model.id).where(*where).limit(AT_ONCE + 1).subquery()
    if int(session.scalar(sa.select(sa.func.count()).select_from(few)) or 0) > AT_ONCE:
        job = enqueue(session, actor, resolved, wish)
        session.commit()
        return redirect(f"/console/jobs/{job.id}/")
    rows = session.scalars(_select(resolved, where, wish)).unique()
    return workbook(_columns(resolved), _lines(resolved, rows, unmasked=False), file_name(resolved))


def workbook(columns: Sequence[tuple[str, Kind]], lines: Iterable[Sequence[Any]], name: str) -> Response:
    """A small export as an answer: the file itself, under this name."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "export.xlsx"
        export.export(columns, lines, path)
        answer = Response(path.read_bytes(), mimetype=XLSX)
    answer.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
    return answer


def enqueue(session: Session, actor: Actor, resolved: Resolved, wish: Wish, reason: str = "") -> Job:
    """An export as a job. A filter by a personal number waits encrypted. With a `reason`: full numbers."""
    kept = asdict(wish) | {
        "private": {name: cipher.encrypt(value, _SECRET).hex() for name, value in wish.private.items()}
    }
    return queue.enqueue(
        session,
        actor,
        f"导出{resolved.panel.label}",
        "export.table",
        {"table": resolved.table, "wish": kept, "reason": reason},
        permission=f"{resolved.table}:{FULL if reason else 'export'}",
        link=f"{resolved.url}/",
    )


@task("export.table")
def _export(run: Run) -> None:
    resolved, kept = resolve_table(run.params["table"]), dict(run.params["wish"])
    secret = {name: cipher.decrypt(bytes.fromhex(value), _SECRET) for name, value in kept["private"].items()}
    wish = Wish(**{**kept, "private": secret})
    with TemporaryDirectory() as folder:
        path = Path(folder) / "export.xlsx"
        lines = _lines(resolved, _walk(run, resolved, wish), unmasked=bool(run.params["reason"]))
        export.export(_columns(resolved), lines, path)
        with run.chunk() as session:
            key = files.keep(session, run.actor, file_name(resolved), "xlsx", path)
            run.finish(session, JobState.DONE, result=key, result_name=file_name(resolved), total=run.done)


def _walk(run: Run, resolved: Resolved, wish: Wish) -> Iterator[Declared]:
    """All rows by id, newest first, some thousand a transaction: a long export holds no snapshot open."""
    model: Any = resolved.model
    with run.chunk() as session:
        where = _where(resolved, wish)
        total = int(session.scalar(sa.select(sa.func.count()).select_from(model).where(*where)) or 0)
        run.record(session, total=total, done=0)
    last: int | None = None
    while True:
        with run.chunk() as session:
            beyond = [] if last is None else [model.id < last]
            page = sa.select(model).where(*where, *beyond).order_by(model.id.desc()).limit(CHUNK)
            rows = session.scalars(page.options(*_loads(resolved))).unique().all()
            session.expunge_all()
            run.record(session, done=run.done + len(rows))
        if not rows:
            return
        last = rows[-1].id
        yield from rows


def _where(resolved: Resolved, wish: Wish) -> list[Any]:
    """The filter and the tab of the list."""
    tab = next((tab for tab in query.tabs_of(resolved) if tab.name == wish.tab), None)
    return [
        *query.conditions(resolved, wish),
        *([tab.where] if tab is not None and tab.where is not None else []),
    ]


def _select(resolved: Resolved, where: Sequence[Any], wish: Wish) -> Any:
    return (
        sa.select(resolved.model)
        .where(*where)
        .order_by(*query.order(resolved, wish.sort))
        .limit(AT_ONCE)
        .options(*_loads(resolved))
    )


def exported(resolved: Resolved) -> dict[str, Field]:
    """The columns of an export: those of the import template, so that what went out can come back in (R55), then
    those of the list."""
    names = dict.fromkeys(
        [*resolved.marked(Mark.IMPORTED), *resolved.listed, *([resolved.state] if resolved.state else [])]
    )
    return {
        name: resolved.fields[name] for name in names if kind_of(resolved.fields[name]) not in _NOT_EXPORTED
    }


def _columns(resolved: Resolved) -> list[tuple[str, Kind]]:
    columns: dict[str, Kind] = {}
    for name, declared in exported(resolved).items():
        label = declared.label if declared.label not in columns else f"{declared.label}({name})"
        columns[label] = _KINDS.get(kind_of(declared), "text")
    return [*columns.items(), *([("状态", "text")] if resolved.derived else [])]  # type: ignore[list-item]


def _lines(resolved: Resolved, rows: Iterator[Any] | Any, *, unmasked: bool) -> Iterator[list[Any]]:
    values = [_value(name, declared, unmasked) for name, declared in exported(resolved).items()]
    if resolved.derived:  # as the list does, after its columns
        values.append(lambda row: None if (stands := standing(row)) is None else stands.text)
    return ([value(row) for value in values] for row in rows)


def _value(name: str, declared: Field, unmasked: bool) -> Callable[[Any], Any]:
    """How a column's value goes into its cell."""
    kind = kind_of(declared)
    if kind == "reference":
        relation = name.removesuffix("_id")
        return lambda row: None if (target := getattr(row, relation, None)) is None else str(target)
    if declared.has(Mark.MASKED) and declared.type.mask and not unmasked:
        mask = declared.type.mask
        return lambda row: None if (value := getattr(row, name)) in (None, "") else mask(value)
    if kind in ("choice", "state"):
        return lambda row: None if (value := getattr(row, name)) is None else value.label
    if kind == "moment":
        return lambda row: _moment(declared, getattr(row, name))
    if say := getattr(declared.type, "say", None):
        return lambda row: None if (value := getattr(row, name)) is None else say(value)
    return lambda row: getattr(row, name)


def _moment(declared: Field, value: datetime | None) -> str | None:
    return None if value is None else declared.type.shown(value)


def _loads(resolved: Resolved) -> list[Any]:
    """References are joined, so that the number of statements does not grow with the rows (F5)."""
    loads: list[Any] = [*query.derived(resolved.model)] if resolved.derived else []
    for name, declared in exported(resolved).items():
        if declared.refers:
            load, target = (
                joinedload(getattr(resolved.model, name.removesuffix("_id"))),
                resolve_table(declared.refers),
            )
            loads += [
                load,
                *(load.joinedload(getattr(target.model, relation)) for relation in query.named_by(target)),
            ]
    return loads


def file_name(resolved: Resolved) -> str:
    """Never a personal number in it (R25)."""
    return f"{resolved.panel.label}{clock.now():%Y%m%d%H%M}.xlsx"


# With full numbers


def _full(resolved: Resolved) -> Callable[..., Outcome]:
    def run(session: Session, actor: Actor, rows: Sequence[Declared], reason: str) -> Outcome:
        if not may(actor, resolved.table, FULL):
            raise Refused("export.full", "没有权限导出完整号码")
        job = enqueue(session, actor, resolved, Wish(), reason)
        session.execute(sa.select(sa.func.panel_note("EXPORT", resolved.table, None, reason)))
        return Outcome("正在导出,完成后可在此页下载", f"/console/jobs/{job.id}/")

    return run


def register_full_exports() -> None:
    """The button 导出完整号码 of every table that masks something, where some role may press it (R23)."""
    for model in declared_models():
        resolved = resolve(model)
        if resolved.marked(Mark.MASKED) and any(FULL in of.get(resolved.table, ()) for of in ROLES.values()):
            asks = (Ask("reason", "导出原因", Text(200, 2), help="记入操作日志"),)
            action(model, FULL, "导出完整号码", on="list", icon="eye", asks=asks, order=90)(_full(resolved))


register_full_exports()
