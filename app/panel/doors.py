"""The doors of one table, whichever framework opens them: list, detail, form, delete, action, picker, file.

`fab.py` and `desk.py` only route to these methods after checking the permission.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa
from flask import abort, flash, jsonify, redirect, render_template, request
from flask import session as cookie
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.access.actor import current_actor
from app.access.roles import may
from app.panel import query, running, saving
from app.panel.details import detail_page
from app.panel.forms import PanelForm, declared_default, form_class
from app.panel.lists import crumbs, deletable, editable, list_page
from app.panel.pages import Crumb, FormPage
from app.panel.resolve import Resolved, kind_of, readable, resolve_table
from app.panel.uploads import kept_uploads, posted
from app.panel.wish import read_wish
from app.services import files
from app.services.errors import DomainError, NotFound
from config import settings
from models.kit import Declared, Mark, formats

Dress = Callable[[FormPage, Declared | None], None]
_dresses: dict[str, list[Dress]] = {}


def dresses(model: type[Declared]) -> Callable[[Dress], Dress]:
    """For a table whose form is a step of something: a function that adds to its page before it is drawn (steps, other
    words on the button, where saving leads)."""

    def register(dress: Dress) -> Dress:
        _dresses.setdefault(model.__tablename__, []).append(dress)
        return dress

    return register


class Doors:
    """The generated pages of one table for the current actor."""

    def __init__(self, resolved: Resolved, session: Any) -> None:
        self.resolved = resolved
        self.session: Session = session
        self._children = tuple(resolve_table(name) for name in resolved.panel.children)

    @property
    def children(self) -> tuple[Resolved, ...]:
        """The child tables whose rows this actor may change inside the form."""
        return saving.inline_children(current_actor(), self.resolved, self._children)

    # lists

    def index(self) -> str:
        wish = read_wish(self.resolved, request.args, request.form if request.method == "POST" else {})
        shown = cookie.get("columns", {}).get(self.resolved.table, ())
        page = list_page(self.session, self.resolved, current_actor(), wish, shown)
        return render_template("panel/list.html", page=page, partial=is_partial("list"))

    def columns(self) -> Response:
        """The column chooser: the columns this person wants, in order, kept in the cookie; `reset` forgets them."""
        chosen = dict(cookie.get("columns", {}))
        wanted = [name for name in request.form.getlist("column") if name in self.resolved.listed][:40]
        if wanted and not request.form.get("reset"):
            chosen[self.resolved.table] = wanted
        else:
            chosen.pop(self.resolved.table, None)
        cookie["columns"] = chosen
        return redirect(safe_next(self.resolved.url + "/"))

    def show(self, key: int) -> str:
        row = self.row(key)
        page = detail_page(self.session, self.resolved, current_actor(), row)
        return render_template("panel/detail.html", page=page)

    def row(self, key: int) -> Declared:
        """The row, or 404 whether it is missing or another tenant's (R136)."""
        row = query.get(self.session, self.resolved, key)
        if row is None:
            raise NotFound()
        return row

    # forms

    def asked(self, adding: bool) -> list[str]:
        """The columns the page asks a person for: one's own tenant goes without saying."""
        return [name for name in self.resolved.form(adding) if name != self.resolved.own]

    def _form_class(self, adding: bool) -> type[PanelForm]:
        own = (self.resolved.own,)
        return form_class(self.resolved, self.session, adding=adding, children=self.children, omit=own)

    def add(self) -> Any:
        form_type = self._form_class(adding=True)
        if request.method == "GET":
            return self._form_page(form_type(data=defaults(self.resolved)), adding=True)
        form, status = form_type(posted()), 422
        if self._valid(form):
            try:
                row = self._save(form, None)
                self.session.commit()
                flash(f"已新增{self.resolved.panel.label}“{row}”", "success")
                return redirect(f"{self.resolved.url}/{row.id}")
            except DomainError as error:
                status = self._refused(form, error)
        return self._form_page(form, adding=True), status

    def edit(self, key: int) -> Any:
        row = self.row(key)
        if not editable(self.resolved, current_actor(), row):
            raise DomainError("state", "当前状态不能修改", status=409)
        form_type = self._form_class(adding=False)
        if request.method == "GET":
            return self._form_page(form_type(data=self._data(row)), row=row)
        form, status = form_type(posted()), 422
        stale: Sequence[tuple[str, str, str]] = ()
        if self._valid(form):
            try:
                self._save(form, row)
                self.session.commit()
                flash("已保存", "success")
                return redirect(safe_next(f"{self.resolved.url}/{key}"))
            except DomainError as error:
                status = self._refused(form, error)
                row = self.row(key)
                if error.code == "stale":
                    stale = self._differences(form, row)
                    form._fields["row_version"].data = str(row.version)
        return self._form_page(form, row=row, stale=stale), status

    def _refused(self, form: PanelForm, error: DomainError) -> int:
        """Take everything back and say why in the form; what is not this actor's at all is no form's matter."""
        self.session.rollback()
        if error.status in (403, 404):
            raise error
        form.blame(error)
        return error.status

    def _valid(self, form: PanelForm) -> bool:
        for child in self.children:
            drop_deleted(form._fields[child.table], set(request.form))
        return bool(form.validate())

    def _save(self, form: PanelForm, row: Declared | None) -> Declared:
        text = form._fields["row_version"].data or "" if row is not None else ""
        return self.save(form, row, int(text) if text.isdecimal() else 0)

    def save(self, form: PanelForm, row: Declared | None, version: int) -> Declared:
        """Write what a valid form says, child rows and files included; commits nothing. The API saves so too."""
        actor, adding = current_actor(), row is None
        uploads = kept_uploads(self.session, actor, self.resolved, form, adding=adding)
        values = {**saving.form_values(self.resolved, form), **uploads}
        if row is None:
            row = saving.create(self.session, self.resolved, actor, values)
        else:
            saving.update(self.session, self.resolved, actor, row, values, version)
        for child in self.children:
            if child.table in form._fields:
                saving.save_children(self.session, self.resolved, actor, row, form, child)
        return row

    def _data(self, row: Declared) -> dict[str, Any]:
        data = {name: getattr(row, name) for name in self.asked(adding=False)}
        data["row_version"] = str(row.version)
        for child in self.children:
            column = next(n for n, f in child.fields.items() if f.refers == self.resolved.table)
            rows = self.session.scalars(
                sa.select(child.model).where(getattr(child.model, column) == row.id).order_by(child.model.id)
            )
            data[child.table] = [
                {
                    **{name: getattr(item, name) for name in child.form(adding=True)},
                    "id": str(item.id),
                    "row_version": str(item.version),
                }
                for item in rows
            ]
        return data

    def _differences(self, form: PanelForm, row: Declared) -> Sequence[tuple[str, str, str]]:
        """What the other person's saving changed against what stands in this form (R137)."""
        found = []
        for name in self.asked(adding=False):
            mine, theirs = form._fields[name].data, getattr(row, name)
            if mine != theirs and kind_of(self.resolved.fields[name]) not in ("file", "photo"):
                found.append((self.resolved.fields[name].label, _text(mine), _text(theirs)))
        return found

    def _form_page(
        self, form: PanelForm, *, adding: bool = False, row: Declared | None = None, stale: Any = ()
    ) -> str:
        if row is not None:
            self._link_files(form, row)
            self._keep_within(form, row)
        sections: dict[str, list[str]] = {}
        for name in self.asked(adding):
            sections.setdefault(self.resolved.section(name), []).append(name)
        for child in self.children:
            sections[child.panel.label] = [child.table]
        verb = "新增" if adding else "编辑"
        page = FormPage(
            title=f"{verb}{self.resolved.panel.label}",
            crumbs=crumbs(
                self.resolved,
                *([Crumb(str(row), f"{self.resolved.url}/{row.id}")] if row else []),
                Crumb(verb),
            ),
            form=form,
            sections=list(sections.items()),
            action=request.path,
            back=f"{self.resolved.url}/{row.id}" if row is not None else self.resolved.url + "/",
            multipart=any(
                kind_of(part.fields[name]) in ("file", "photo")
                for part in (self.resolved, *self.children)
                for name in part.form(adding=True)
            ),
            stale=stale,
            next=safe_next(""),
        )
        for dress in _dresses.get(self.resolved.table, ()):
            dress(page, row)
        return render_template("panel/form.html", page=page)

    def _keep_within(self, form: PanelForm, row: Declared) -> None:
        """A reference within something the form does not ask (a school's city: its province's) searches there."""
        for name, declared in self.resolved.fields.items():
            fixed = {n: getattr(row, n) for n in declared.within if n not in form._fields}
            if name in form._fields and fixed:
                control = form._fields[name]
                remote = f"{control.render_kw['data-remote']}?{urlencode(fixed)}"
                control.render_kw = {**control.render_kw, "data-remote": remote}

    def _link_files(self, form: PanelForm, row: Declared) -> None:
        """Beside a file control: the file that is there already."""
        for name, declared in self.resolved.fields.items():
            if kind_of(declared) in ("file", "photo") and name in form._fields and getattr(row, name):
                control = form._fields[name]
                control.render_kw = {
                    **(control.render_kw or {}),
                    "data-file": f"{self.resolved.url}/{row.id}/file/{name}",
                }

    # other doors

    def delete(self, key: int) -> Response:
        row = self.row(key)
        if not deletable(self.resolved, current_actor(), row):
            raise DomainError("state", "当前状态不能删除", status=409)
        title = str(row)
        saving.delete(self.session, self.resolved, current_actor(), row)
        self.session.commit()
        flash(f"已删除{self.resolved.panel.label}“{title}”", "success")
        return redirect(self.resolved.url + "/")

    def action(self, name: str) -> Any:
        return running.run(self.session, self.resolved, name)

    def picker(self, column: str) -> Response:
        """At most 20 rows of the related table whose title contains the words, within the wall (F2, A3).

        `child.column` asks for a reference of a child row: the parent's form is where it is picked.
        """
        table, _, name = column.rpartition(".")
        owner = (
            next((child for child in self._children if child.table == table), None)
            if table
            else self.resolved
        )
        declared = owner.fields.get(name) if owner is not None else None
        if owner is None or declared is None or not declared.refers or not readable(declared.refers):
            raise NotFound()
        if name not in owner.form(adding=True) and (table or name not in owner.filters):
            raise NotFound()  # plumbing that no form and no filter asks for
        target = resolve_table(declared.refers)
        title = getattr(target.model, target.panel.title, None)
        words = formats.clean_text(request.args.get("q", "")[:50])
        where = []
        if words and title is not None and not target.fields[target.panel.title].refers:
            where.append(sa.cast(title, sa.String).contains(words, autoescape=True))
        where += getattr(target.model, "PICKABLE", list)()
        for above in declared.within:
            if (value := request.args.get(above, "")).isdecimal() and len(value) < 18:
                where.append(getattr(target.model, above) == int(value))
        rows = self.session.scalars(
            sa.select(target.model)
            .where(*where)
            .order_by(target.model.id)
            .limit(settings().picker_limit)
            .options(*query._loads(target))
        ).unique()
        return jsonify(
            [{"value": str(row.id), "text": str(row), "hint": getattr(row, "hint", "")} for row in rows]
        )

    def file(self, key: int, column: str) -> Response:
        """A file through the row that names it: whoever sees the row may fetch it, nobody else (StoredFile). One that
        is not shown has a door of its own, or none: seeing an e-certificate's row is not downloading it (R23)."""
        declared = self.resolved.fields.get(column)
        if declared is None or kind_of(declared) not in ("file", "photo") or declared.has(Mark.HIDDEN):
            raise NotFound()
        stored = getattr(self.row(key), column)
        if not stored:
            raise NotFound("没有文件")
        return files.respond(self.session, stored, inline=kind_of(declared) == "photo")


def defaults(resolved: Resolved) -> dict[str, Any]:
    """What a new form starts with: declared defaults, and what the address proposes for references."""
    found: dict[str, Any] = {}
    for name in resolved.form(adding=True):
        if (default := declared_default(resolved, name)) is not None:
            found[name] = default
        if resolved.fields[name].refers and request.args.get(name, "").isdecimal():
            found[name] = request.args[name]
    return found


def drop_deleted(rows: Any, ticked: Collection[str]) -> None:
    """Child rows ticked for deletion are not validated; those without an id were never there."""
    kept = []
    for entry in rows.entries:
        if f"del-{entry.name}" in ticked:
            if not entry.form.id.data:
                continue
            entry.form.deleted = True
            entry.validate = lambda *a, **k: True
        kept.append(entry)
    rows.entries = kept


def is_partial(region: str) -> bool:
    return request.headers.get("HX-Target") == region and "HX-History-Restore-Request" not in request.headers


def safe_next(default: str) -> str:
    """Where to go afterwards: only a path of ours, never another site. Browsers drop tabs and line ends out of an
    address and read a backslash as a slash, so "/<tab>/elsewhere" would lead elsewhere."""
    wanted = request.form.get("next", "") or request.args.get("next", "")
    plain = wanted.isprintable() and "\\" not in wanted and " " not in wanted
    return wanted if plain and wanted.startswith("/") and not wanted.startswith("//") else default


def _text(value: Any) -> str:
    from app.panel.cells import plain

    return "(空)" if value in (None, "") else plain(value)


def require(resolved: Resolved, verb: str) -> None:
    """The one check in front of every door (403)."""
    if not may(current_actor(), resolved.table, verb):
        abort(403)
