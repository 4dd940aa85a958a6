"""Running an action: ask what it needs, show what it will touch in numbers, run it, say what happened."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import abort, flash, redirect, render_template, request
from sqlalchemy.orm import Session
from wtforms import SelectField

from app.access.actor import current_actor
from app.access.roles import may
from app.panel import query, saving
from app.panel.forms import PanelForm, Required, control
from app.panel.lists import crumbs
from app.panel.pages import Crumb, MessagePage
from app.panel.resolve import Resolved
from app.services.actions import Action, Ask, Outcome, action_named
from app.services.errors import DomainError, NotFound
from models.kit import Declared, Field, Mark

MOST_ROWS = 1000


def run(session: Session, resolved: Resolved, name: str) -> Any:
    """POST: without `confirmed` the preview, with it the deed."""
    item = action_named(resolved.model, name)
    if item is None or item.run is None:
        raise NotFound()
    actor = current_actor()
    if not may(actor, resolved.table, name):
        abort(403)
    rows = [] if item.on == "list" else chosen(session, resolved)
    fit = [row for row in rows if item.when(row)]
    if item.on != "list" and not fit:
        raise DomainError("state", f"所选的{resolved.panel.label}当前状态不能{item.label}", status=409)
    confirmed = request.form.get("confirmed") == "1"
    form = _form(session, item)(request.form if confirmed else None)
    if not confirmed or (item.asks and not form.validate()):
        return _preview(resolved, item, rows, fit, form)
    try:
        asked = {ask.name: form._fields[ask.name].data for ask in item.asks}
        with saving.refusals(resolved):
            answer = item.run(session, actor, fit, **asked)
            session.commit()
    except DomainError as error:
        session.rollback()
        if not item.asks:
            raise
        target = form._fields.get(error.field or "")
        if target is not None:
            target.errors = [*target.errors, error.message]
        else:
            form.form_errors = [*form.form_errors, error.message]
        return _preview(resolved, item, rows, fit, form)
    outcome = answer if isinstance(answer, Outcome) else Outcome(answer)
    flash(outcome.message, "success")
    back = f"{resolved.url}/{fit[0].id}" if len(fit) == 1 else f"{resolved.url}/"
    return redirect(outcome.location or back)


def chosen(session: Session, resolved: Resolved) -> list[Declared]:
    """The ticked rows; one that is not there for this actor makes the whole request 404 (F1, check 3)."""
    keys = {text for text in [*request.form.getlist("rowid"), *request.args.getlist("rowid")]}
    if not keys:
        raise DomainError("nothing", "请先勾选要处理的数据")
    if len(keys) > MOST_ROWS:
        raise DomainError("too_many", f"一次最多处理{MOST_ROWS}条")
    if not all(text.isdecimal() and len(text) < 18 for text in keys):
        raise NotFound()
    ids = [int(text) for text in keys]
    rows = session.scalars(
        sa.select(resolved.model).where(resolved.model.id.in_(ids)).order_by(resolved.model.id)
        .options(*query._loads(resolved))
    ).unique().all()
    if len(rows) != len(ids):
        raise NotFound()
    return list(rows)


def _form(session: Session, item: Action) -> type[PanelForm]:
    members: dict[str, Any] = {}
    for ask in item.asks:
        members[ask.name] = _asked(session, ask)
    return type("ActionForm", (PanelForm,), members)


def _asked(session: Session, ask: Ask) -> Any:
    if ask.options is not None:
        checks = [Required(ask.label)] if ask.required else []
        choices = [("", "请选择"), *ask.options(session)]
        return SelectField(ask.label, validators=checks, choices=choices, description=ask.help, default=ask.default)
    declared = Field(ask.label, ask.type, Mark.NONE, help=ask.help)
    made = control(declared, required=ask.required, session=session)
    if ask.default is not None:
        made.kwargs["default"] = ask.default
    return made


def _preview(resolved: Resolved, item: Action, rows: list[Declared], fit: list[Declared], form: PanelForm) -> str:
    lines = []
    if item.on != "list":
        lines.append(("将处理", f"{len(fit)} 条"))
        if len(rows) > len(fit):
            lines.append(("状态不符,跳过", f"{len(rows) - len(fit)} 条"))
    page = MessagePage(
        title=f"{item.label} · {resolved.panel.label}",
        crumbs=crumbs(resolved, Crumb(item.label)),
        text=item.confirm.format(n=len(fit)) if item.confirm else f"确认{item.label}?",
        lines=lines,
        rows=[str(row) for row in fit[:10]],
        form=form if item.asks else None,
        action=f"{resolved.url}/action/{item.name}",
        submit=item.label,
        back=f"{resolved.url}/{fit[0].id}" if len(fit) == 1 else f"{resolved.url}/",
        danger=item.danger,
        hidden=[("confirmed", "1"), *(("rowid", str(row.id)) for row in fit)],
    )
    return render_template("panel/message.html", page=page)


