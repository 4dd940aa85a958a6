"""The doors of one table, whichever framework opens them: list, detail, form, delete, action, picker, file.

`fab.py` and `desk.py` only route to these methods after checking the permission.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

from flask import abort, flash, jsonify, redirect, render_template, request
from flask import session as cookie
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from app.access.actor import current_actor
from app.access.roles import may
from app.panel import drafts, form_pages, picking, query, running, saving
from app.panel.details import detail_page
from app.panel.forms import PanelForm, form_class, sole_column
from app.panel.lists import crumbs, deletable, editable, list_page
from app.panel.pages import Crumb, FormPage, Link, PreviewPage
from app.panel.resolve import Resolved, kind_of, resolve_table
from app.panel.uploads import kept_uploads, posted, sent_ahead
from app.panel.wish import read_wish
from app.services import files
from app.services.actions import action_named
from app.services.errors import DomainError, NotFound
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
        """The columns the page asks a person for."""
        return form_pages.asked(self.resolved, adding)

    def _form_class(self, adding: bool) -> type[PanelForm]:
        settled = form_pages.settled(self.resolved) if adding else ()
        return form_class(
            self.resolved,
            self.session,
            adding=adding,
            children=self.children,
            omit=(self.resolved.own,),
            settled=settled,
        )

    def add(self) -> Any:
        form_type = self._form_class(adding=True)
        if request.method == "GET":
            return self._begin(form_type, form_pages.defaults(self.resolved), None)
        form, status = form_type(posted()), 422
        if self._valid(form):
            try:
                row = self._save(form, None)
                drafts.forget(self, None)
                self.session.commit()
                return self._saved(row, f"已新增{self.resolved.panel.label}“{row}”")
            except DomainError as error:
                status = self._refused(form, error)
        return self._form_page(form, kept=drafts.keep_posted(self, None)), status

    def edit(self, key: int) -> Any:
        row = self.row(key)
        if not editable(self.resolved, current_actor(), row):
            kept = request.method == "POST" and drafts.keep_posted(self, row)
            raise DomainError("state", f"当前状态不能修改{drafts.KEPT if kept else ''}", status=409)
        form_type = self._form_class(adding=False)
        if request.method == "GET":
            now = form_pages.Saved(self.session, self.resolved, row)
            data = form_pages.row_data(self.resolved, self.children, row, now)
            return self._begin(form_type, data, row, now)
        form, status = form_type(posted()), 422
        saved: form_pages.Saved | None = None
        stale: Sequence[tuple[str, str, str]] = ()
        if self._valid(form):
            try:
                self._save(form, row)
                drafts.forget(self, row)
                self.session.commit()
                return self._saved(row, "已保存")
            except DomainError as error:
                status = self._refused(form, error)
                row = self.row(key)
                if error.code == "stale":
                    saved = form_pages.Saved(self.session, self.resolved, row)
                    around = (self.resolved, self.children, form, row, saved)
                    form_pages.link_files(*around)
                    stale = form_pages.differences(*around)
                    form_pages.rebase(*around)
        kept = drafts.keep_posted(self, row)
        return self._form_page(form, row, saved, stale=stale, kept=kept), status

    def _begin(
        self,
        form_type: type[PanelForm],
        data: dict[str, Any],
        row: Declared | None,
        saved: form_pages.Saved | None = None,
    ) -> str:
        """The form as it is opened: with what was typed into it before and never saved, else with `data`."""
        typed = drafts.find(self, row)
        if typed is None:
            return self._form_page(form_type(data=data), row, saved)
        form = form_type(MultiDict(typed.values))
        for child in self.children:
            drop_deleted(form._fields[child.table], {name for name, _ in typed.values})
        return self._form_page(form, row, saved, typed=typed)

    def _saved(self, row: Declared, told: str) -> Any:
        """After saving: the row's page, or on to the action whose button was pressed (保存并提交)."""
        item = action_named(self.resolved.model, request.form.get("then", ""))
        if item is None or not item.in_form or not may(current_actor(), self.resolved.table, item.name):
            flash(told, "success")
            return redirect(safe_next(f"{self.resolved.url}/{row.id}"))
        self.session.expire_all()  # what triggers have filled in meanwhile
        row = self.row(row.id)
        try:
            return running.asked_first(self.session, self.resolved, item, [row])
        except DomainError as error:
            self.session.rollback()
            row = self.row(row.id)
            saved = form_pages.Saved(self.session, self.resolved, row)
            data = form_pages.row_data(self.resolved, self.children, row, saved)
            form = self._form_class(adding=False)(data=data)
            form.blame(error)
            flash("内容已保存为草稿,还没有提交", "warning")
            return self._form_page(form, row, saved), error.status

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
            if repeated := drop_repeated(form._fields[child.table], sole_column(child, self.resolved)):
                flash(f"{child.panel.label}“{'、'.join(repeated)}”重复,只保留一行", "warning")
        return bool(form.validate())

    def _save(self, form: PanelForm, row: Declared | None) -> Declared:
        text = form._fields["row_version"].data or "" if row is not None else ""
        return self.save(form, row, int(text) if text.isdecimal() else 0)

    def save(self, form: PanelForm, row: Declared | None, version: int) -> Declared:
        """Write what a valid form says, child rows and files included; commits nothing. The API saves so too."""
        actor, adding = current_actor(), row is None
        uploads = kept_uploads(self.session, actor, self.resolved, form, adding=adding)
        values = {**saving.form_values(self.resolved, form), **uploads}
        before = None if row is None else row.version
        if row is None:
            row = saving.create(self.session, self.resolved, actor, values)
        else:
            saving.update(self.session, self.resolved, actor, row, values, version)
        held = [child for child in self.children if child.table in form._fields]
        changed = [saving.save_children(self.session, self.resolved, actor, row, form, one) for one in held]
        if any(changed) and row.version == before:
            saving.touch(self.session, self.resolved, row)
        return row

    def _form_page(
        self,
        form: PanelForm,
        row: Declared | None = None,
        saved: form_pages.Saved | None = None,
        **said: Any,
    ) -> str:
        saved = saved or form_pages.Saved(self.session, self.resolved, row)
        page = form_pages.form_page(
            self.session, self.resolved, current_actor(), self.children, form, row=row, saved=saved, **said
        )
        page.next = safe_next("")
        for dress in _dresses.get(self.resolved.table, ()):
            dress(page, row)
        return render_template("panel/form.html", page=page)

    def draft(self) -> Response:
        """POST: keep what is typed so far, or `forget` it."""
        return drafts.door(self)

    def upload(self, column: str) -> Response:
        """POST `file`: take in one file of a form that is still being filled in."""
        table, _, name = column.rpartition(".")
        owner = next((c for c in self.children if c.table == table), None) if table else self.resolved
        declared = owner.fields.get(name) if owner is not None else None
        if owner is None or declared is None or kind_of(declared) not in ("file", "photo"):
            raise NotFound()
        given = request.files.get("file")
        if name not in owner.form(adding=True) or given is None or not given.filename:
            raise DomainError("upload.none", "请选择文件", name)
        token, shown = sent_ahead(self.session, current_actor(), owner, name, given)
        self.session.commit()
        return jsonify(token=token, name=shown)

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
        """At most 20 rows of the related table, searched by words; `row` is the one whose form asks."""
        owner, name = picking.asked_column(self.resolved, self._children, column)
        given = dict(request.args)
        if (key := formats.row_id(given.get("row"))) is not None:
            row = self.row(key)
            given |= {other: str(getattr(row, other)) for other in picking.needs(owner, name)}
        return jsonify(picking.found(self.session, current_actor(), owner, name, given))

    def file(self, key: int, column: str) -> Response:
        """A file through the row that names it: whoever sees the row may fetch it, nobody else (StoredFile)."""
        row = self.row(key)
        stored = self._stored(row, column)
        photo = kind_of(self.resolved.fields[column]) == "photo"
        return files.respond(self.session, stored, inline=photo, name=_known_name(row, stored))

    def preview(self, key: int, column: str) -> Any:
        """The file to look at: a page with the document in a sandboxed frame, and (`frame`) what stands in the frame."""
        row = self.row(key)
        stored = self._stored(row, column)
        if not files.previewable(stored):
            raise NotFound("该文件不能预览,请下载后查看")
        if request.args.get("frame"):
            return files.respond_preview(stored)
        name = _known_name(row, stored) or files.name_of(self.session, stored)
        here = f"{self.resolved.url}/{row.id}"
        page = PreviewPage(
            title=name,
            crumbs=crumbs(self.resolved, Crumb(name)),
            frame=f"{here}/preview/{column}?frame=1",
            links=[Link("下载", f"{here}/file/{column}", "download", primary=True)],
        )
        return render_template("panel/preview.html", page=page)

    def _stored(self, row: Declared, column: str) -> str:
        """The key of the file in this column, if there is one. One that is not shown has a door of its own, or none:
        seeing an e-certificate's row is not downloading it (R23)."""
        declared = self.resolved.fields.get(column)
        if declared is None or kind_of(declared) not in ("file", "photo") or declared.has(Mark.HIDDEN):
            raise NotFound()
        stored = getattr(row, column)
        if not stored:
            raise NotFound("没有文件")
        return str(stored)


def _known_name(row: Declared, stored: str) -> str:
    """The file's own name, where its row carries it: its reader may not read the uploader's files."""
    name, kind = str(getattr(row, "name", "")), stored.rpartition(".")[2]
    return name if name.lower().endswith(f".{kind}") else ""


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


def drop_repeated(rows: Any, column: str) -> list[str]:
    """What was picked twice is one row (E19); returns the words for what was dropped."""
    seen, kept, dropped = set(), [], []
    for entry in sorted(rows.entries, key=lambda entry: not entry.form.id.data) if column else ():
        field = entry.form._fields[column]
        if not hasattr(field, "picked"):
            return []
        if field.data and str(field.data) in seen and not entry.form.id.data:
            dropped.append(str(field.picked() or field.data))
            continue
        seen.add(str(field.data))
        kept.append(entry)
    if dropped:
        rows.entries = kept
    return dropped


def is_partial(region: str) -> bool:
    return request.headers.get("HX-Target") == region and "HX-History-Restore-Request" not in request.headers


def safe_next(default: str) -> str:
    """Where to go afterwards: only a path of ours, never another site. Browsers drop tabs and line ends out of an
    address and read a backslash as a slash, so "/<tab>/elsewhere" would lead elsewhere."""
    wanted = request.form.get("next", "") or request.args.get("next", "")
    plain = wanted.isprintable() and "\\" not in wanted and " " not in wanted
    return wanted if plain and wanted.startswith("/") and not wanted.startswith("//") else default


def require(resolved: Resolved, verb: str) -> None:
    """The one check in front of every door (403)."""
    if not may(current_actor(), resolved.table, verb):
        abort(403)
