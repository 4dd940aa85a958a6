"""Running an action: ask what it needs, show what it will touch in numbers, run it, say what happened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from flask import abort, flash, redirect, render_template, request
from sqlalchemy.orm import Session
from wtforms import SelectField

from app.access.actor import current_actor
from app.access.roles import may
from app.panel import query, saving
from app.panel.cells import cell
from app.panel.forms import PanelForm, Required, choices, control
from app.panel.lists import column, crumbs
from app.panel.pages import Column, Crumb, MessagePage, Row
from app.panel.resolve import Resolved, kind_of
from app.panel.uploads import posted
from app.panel.wish import Wish, read_wish
from app.services.actions import Action, Ask, Outcome, action_named
from app.services.errors import DomainError, NotFound
from models.kit import Declared, Field, Mark, formats

MOST_ROWS = 1000
TOO_MANY = f"一次最多处理{MOST_ROWS}条"


def run(session: Session, resolved: Resolved, name: str) -> Any:
    """POST: without `confirmed` the preview, with it the deed."""
    item = opened(resolved, name)
    rows = [] if item.on == "list" else chosen(session, resolved)
    fit = fitting(resolved, item, rows)
    confirmed = item.at_once or request.form.get("confirmed") == "1"
    if not confirmed:
        return asked_first(session, resolved, item, rows, fit)
    form = form_class(session, item, fit)(posted())
    if item.asks and not form.validate():
        return _preview(resolved, item, rows, fit, form), 422
    if item.moves and (other := next((row for row in fit if not _as_shown(row)), None)) is not None:
        flash(f"“{other}”在您确认之前已有变化,请核对后再次确认", "warning")
        return _preview(resolved, item, rows, fit, form), 409
    try:
        outcome = carry_out(session, resolved, item, fit, form)
    except DomainError as error:
        session.rollback()
        if not item.asks:
            raise
        form.blame(error)
        return _preview(resolved, item, rows, fit, form), error.status
    if outcome.message:
        flash(outcome.message, "success")
    back = f"{resolved.url}/{fit[0].id}" if len(fit) == 1 else f"{resolved.url}/"
    return redirect(outcome.location or back)


_SEEN = "seen"


def _as_shown(row: Declared) -> bool:
    """Whether the row still is as the page that asked has shown it; a request that shows nothing has none to compare."""
    shown = dict(pair.split(":", 1) for pair in request.form.get(_SEEN, "").split(",") if ":" in pair)
    return shown.get(str(row.id), str(row.version)) == str(row.version)


def asked_first(
    session: Session,
    resolved: Resolved,
    item: Action,
    rows: list[Declared],
    fit: list[Declared] | None = None,
) -> str:
    """The page that asks, once more or for what the action needs; what would be refused anyhow is refused now."""
    fit = fitting(resolved, item, rows) if fit is None else fit
    if item.ready is not None:
        item.ready(session, current_actor(), fit)
    return _preview(resolved, item, rows, fit, form_class(session, item, fit)(None))


def opened(resolved: Resolved, name: str) -> Action:
    """The action of that name: 404 when there is none to run, 403 when it is not this actor's."""
    item = action_named(resolved.model, name)
    if item is None or item.run is None:
        raise NotFound()
    if not may(current_actor(), resolved.table, name):
        abort(403)
    return item


def fitting(resolved: Resolved, item: Action, rows: Sequence[Declared]) -> list[Declared]:
    """The rows whose state allows the action; the others are skipped, but one must be left (409)."""
    fit = [row for row in rows if item.when(row)]
    if item.on != "list" and not fit:
        raise DomainError("state", f"所选的{resolved.panel.label}当前状态不能{item.label}", status=409)
    return fit


def carry_out(
    session: Session, resolved: Resolved, item: Action, rows: Sequence[Declared], form: PanelForm
) -> Outcome:
    """Run it with what a valid form says, and commit."""
    return done(session, resolved, item, rows, answers(item, rows, form))


def done(
    session: Session, resolved: Resolved, item: Action, rows: Sequence[Declared], asked: Mapping[str, Any]
) -> Outcome:
    """Run it with these answers, and commit; what the database refuses is said in words."""
    run = item.run
    if run is None:  # a button that leads to a page
        raise NotFound()
    with saving.refusals(resolved):
        answer = run(session, current_actor(), rows, **asked)
        session.commit()
    return answer if isinstance(answer, Outcome) else Outcome(answer)


def answers(item: Action, rows: Sequence[Declared], form: PanelForm) -> dict[str, Any]:
    """What was asked and answered: of all rows together, or by row id."""
    found: dict[str, Any] = {}
    for ask in item.asks:
        if ask.name in form._fields:
            found[ask.name] = form._fields[ask.name].data
        elif each := {row.id: form._fields[key] for row in rows if (key := _own(ask, row)) in form._fields}:
            found[ask.name] = {key: control.data for key, control in each.items()}
    return found


def chosen(session: Session, resolved: Resolved) -> list[Declared]:
    """The ticked rows, or all that the list's filter matches (选择全部)."""
    if request.form.get("whole") == "1":
        return matching(session, resolved, read_wish(resolved, request.args, {}))
    return named(session, resolved, {*request.form.getlist("rowid"), *request.args.getlist("rowid")})


def matching(session: Session, resolved: Resolved, wish: Wish) -> list[Declared]:
    """Every row of a list, whatever page it stands on."""
    rows = sa.select(resolved.model).where(*query.within(resolved, wish)).order_by(resolved.model.id)
    found = session.scalars(rows.limit(MOST_ROWS + 1).options(*query.shown(resolved))).unique().all()
    if len(found) > MOST_ROWS:
        raise DomainError("too_many", TOO_MANY)
    return list(found)


def named(session: Session, resolved: Resolved, keys: set[str]) -> list[Declared]:
    """The rows of these ids; one that is not there for this actor makes the whole request 404 (F1, check 3)."""
    if not keys:
        raise DomainError("nothing", "请先勾选要处理的数据")
    if len(keys) > MOST_ROWS:
        raise DomainError("too_many", TOO_MANY)
    ids = [key for text in keys if (key := formats.row_id(text)) is not None]
    if len(ids) < len(keys):
        raise NotFound()
    rows = (
        session.scalars(
            sa.select(resolved.model)
            .where(resolved.model.id.in_(ids))
            .order_by(resolved.model.id)
            .options(*query.shown(resolved))
        )
        .unique()
        .all()
    )
    if len(rows) != len(ids):
        raise NotFound()
    return list(rows)


def form_class(session: Session, item: Action, rows: Sequence[Declared] = ()) -> type[PanelForm]:
    """What the action asks, as a form; with several rows, what is asked of each of them apart."""
    members: dict[str, Any] = {}
    for ask in item.asks:
        if rows and not ask.when(rows):
            continue
        if ask.each is None or not rows:
            members[ask.name] = _asked(session, ask)
            continue
        proposed = ask.each(session, rows)
        for row in rows:
            own = replace(ask, default=proposed.get(row.id, ask.default))
            members[ask.name if len(rows) == 1 else _own(ask, row)] = _asked(session, own)
    return type("ActionForm", (PanelForm,), members)


def _own(ask: Ask, row: Declared) -> str:
    """The name of a row's own control."""
    return f"{ask.name}-{row.id}"


def _asked(session: Session, ask: Ask) -> Any:
    if ask.options is not None:
        checks = [Required(ask.label)] if ask.required else []
        options = choices(ask.options(session))
        return SelectField(
            ask.label, validators=checks, choices=options, description=ask.help, default=ask.default
        )
    made = control(_declared(ask), required=ask.required, session=session)
    if ask.default is not None:
        made.kwargs["default"] = ask.default
    return made


def _each(
    resolved: Resolved, item: Action, rows: Sequence[Declared], form: PanelForm
) -> tuple[list[Column], list[tuple[Row, list[Any]]]]:
    """The rows as a table, with the controls of what is asked of each."""
    asks = [ask for ask in item.asks if rows and _own(ask, rows[0]) in form._fields]
    if not asks:
        return [], []
    names = [
        name
        for name in resolved.listed
        if name not in {*resolved.same, resolved.state}
        and any(getattr(row, name) is not None for row in rows)
    ]
    columns = [*(column(resolved, name, Wish()) for name in names), *(Column(a.name, a.label) for a in asks)]
    drawn = [
        (
            Row(str(row.id), [cell(resolved, row, name) for name in names], title=str(row)),
            [form._fields[_own(ask, row)] for ask in asks],
        )
        for row in rows
    ]
    return columns, drawn


def _declared(ask: Ask) -> Field:
    return Field(ask.label, ask.type, Mark.NONE, help=ask.help)


def _preview(
    resolved: Resolved, item: Action, rows: list[Declared], fit: list[Declared], form: PanelForm
) -> str:
    lines = []
    if item.on != "list" and len(rows) > 1:
        lines.append(("将处理", f"{len(fit)} 条"))
        if len(rows) > len(fit):
            lines.append(("状态不符,跳过", f"{len(rows) - len(fit)} 条"))
    columns, each = _each(resolved, item, fit, form)
    page = MessagePage(
        title=f"{item.label} · {resolved.panel.label}",
        crumbs=crumbs(resolved, Crumb(item.label)),
        text=item.confirm.format(n=len(fit)) if item.confirm else f"确认{item.label}?",
        lines=lines,
        rows=[] if each else [str(row) for row in fit[:10]],
        form=form if item.asks else None,
        action=f"{resolved.url}/action/{item.name}",
        submit=item.label,
        back=f"{resolved.url}/{fit[0].id}" if len(fit) == 1 else f"{resolved.url}/",
        danger=item.danger,
        multipart=any(
            kind_of(_declared(ask)) in ("file", "photo") for ask in item.asks if ask.options is None
        ),
        hidden=[
            ("confirmed", "1"),
            *(("rowid", str(row.id)) for row in fit),
            (_SEEN, ",".join(f"{row.id}:{row.version}" for row in fit)),
        ],
        columns=columns,
        each=each,
    )
    return render_template("panel/message.html", page=page)
