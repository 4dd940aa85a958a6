"""The page around a form: what stands in it, what a colleague has changed meanwhile, what was kept of it."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa
from flask import request
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.roles import may
from app.panel.cells import cell, plain
from app.panel.forms import PanelForm, declared_default, parent_column, sole_column
from app.panel.lists import crumbs
from app.panel.pages import Closing, Crumb, FormPage, Link
from app.panel.resolve import Resolved, kind_of, related
from app.services.actions import aids_of, hooks_of, notes_of
from app.services.files import previewable
from app.services.form_drafts import Typed
from app.services.richtext import plain_text
from models.kit import Declared, Mark, clock, formats

FILES = ("file", "photo")


def asked(resolved: Resolved, adding: bool) -> list[str]:
    """The columns the page asks a person for: one's own tenant goes without saying."""
    return [name for name in resolved.form(adding) if name != resolved.own]


def proposals(resolved: Resolved) -> dict[str, str]:
    """The references that the address of a new form proposes."""
    names = (name for name in resolved.form(adding=True) if resolved.fields[name].refers)
    return {name: request.args[name] for name in names if formats.row_id(request.args.get(name)) is not None}


def settled(resolved: Resolved) -> set[str]:
    """Columns that an address settles for good: they stay as they are once the row exists, so they are not asked."""
    return {name for name in proposals(resolved) if resolved.fields[name].has(Mark.FIXED)}


def defaults(resolved: Resolved) -> dict[str, Any]:
    """What a new form starts with: declared defaults, and what the address proposes for references."""
    declared = {name: declared_default(resolved, name) for name in resolved.form(adding=True)}
    return {
        **{name: value for name, value in declared.items() if value is not None},
        **proposals(resolved),
    }


def place(resolved: Resolved, row: Declared | None) -> str:
    """Which form this is, among those of its table that a person may have open."""
    if row is not None:
        return str(row.id)
    return "&".join(["add", *(f"{name}={value}" for name, value in sorted(proposals(resolved).items()))])


class Saved:
    """The child rows of a row as they stand in the database, each table read once however often a page asks."""

    def __init__(self, session: Session, parent: Resolved, row: Declared | None) -> None:
        self._session, self._parent, self._row = session, parent, row
        self._known: dict[str, Sequence[Declared]] = {}

    def of(self, child: Resolved) -> Sequence[Declared]:
        if self._row is None:
            return ()
        if child.table not in self._known:
            above = getattr(child.model, parent_column(child, self._parent))
            rows = sa.select(child.model).where(above == self._row.id).order_by(child.model.id)
            self._known[child.table] = self._session.scalars(rows).all()
        return self._known[child.table]


def row_data(
    resolved: Resolved, children: Collection[Resolved], row: Declared, saved: Saved
) -> dict[str, Any]:
    """What an edit form starts with."""
    data = {name: getattr(row, name) for name in asked(resolved, adding=False)}
    data["row_version"] = str(row.version)
    for child in children:
        data[child.table] = [child_data(child, item) for item in saved.of(child)]
    return data


def child_data(child: Resolved, item: Declared) -> dict[str, Any]:
    values = {name: getattr(item, name) for name in child.form(adding=True)}
    return {**values, "id": str(item.id), "row_version": str(item.version)}


# A colleague was faster (R137)


def differences(
    resolved: Resolved, children: Collection[Resolved], form: PanelForm, row: Declared, saved: Saved
) -> list[tuple[str, str, str]]:
    """What the other person's saving changed against what stands in this form: (label, yours, theirs)."""
    found = []
    for name in asked(resolved, adding=False):
        declared, mine, theirs = resolved.fields[name], form._fields[name].data, getattr(row, name)
        if mine == theirs or kind_of(declared) in FILES:
            continue
        if declared.refers:
            mine, theirs = form._fields[name].picked(), related(resolved, row, name)
        found.append((declared.label, _text(declared, mine), _text(declared, theirs)))
    for child in filter(lambda child: sole_column(child, resolved), children):
        column = sole_column(child, resolved)
        ours = [
            _entry_text(child, column, entry)
            for entry in form._fields[child.table].entries
            if not entry.form.deleted
        ]
        theirs = [_child_text(child, column, item) for item in saved.of(child)]
        if sorted(ours) != sorted(theirs):
            found.append((child.panel.label, "、".join(ours) or "(空)", "、".join(theirs) or "(空)"))
    return found


def rebase(
    resolved: Resolved, children: Collection[Resolved], form: PanelForm, row: Declared, saved: Saved
) -> None:
    """Put the refused form on top of what is saved now: the next saving goes through. Rows a colleague has removed
    are new ones here, rows he has added are listed too."""
    form._fields["row_version"].data = str(row.version)
    for child in children:
        column = sole_column(child, resolved)
        is_file = bool(column) and kind_of(child.fields[column]) in FILES
        left = {str(item.id): item for item in saved.of(child)}
        entries = form._fields[child.table]
        for entry in list(entries.entries):
            item = left.pop(str(entry.form.id.data or ""), None)
            if item is None and is_file and entry.form.id.data:
                entries.entries.remove(entry)  # its file is gone with it
                continue
            entry.form.id.data = str(item.id) if item is not None else ""
            entry.form.row_version.data = str(item.version) if item is not None else ""
        for item in left.values():
            entries.append_entry(child_data(child, item))


def _text(declared: Any, value: Any) -> str:
    if value in (None, ""):
        return "(空)"
    return plain_text(value) if kind_of(declared) == "rich" else plain(value)


def _entry_text(child: Resolved, column: str, entry: Any) -> str:
    field = entry.form._fields[column]
    if child.fields[column].refers:
        return str(field.picked() or "")
    return (
        field.ahead or (field.kept.label if field.kept else "") or getattr(field.data, "filename", "") or ""
    )


def _child_text(child: Resolved, column: str, item: Declared) -> str:
    if child.fields[column].refers:
        return str(related(child, item, column) or "")
    return str(getattr(item, "name", "")) or "文件"


# The page


def form_page(
    session: Session,
    resolved: Resolved,
    actor: Actor,
    children: Collection[Resolved],
    form: PanelForm,
    *,
    row: Declared | None,
    saved: Saved,
    stale: Sequence[tuple[str, str, str]] = (),
    typed: Typed | None = None,
    kept: bool = False,
) -> FormPage:
    """The form of a new row (`row` is none) or of a change, with all that is said around it."""
    link_files(resolved, children, form, row, saved)
    if row is not None:
        _keep_within(resolved, form, row)
        _aid(form, row)
    verb = "新增" if row is None else "编辑"
    here = f"{resolved.url}/{row.id}" if row is not None else ""
    return FormPage(
        title=f"{verb}{resolved.panel.label}"
        if row is not None or resolved.panel.adds == "新增"
        else resolved.panel.adds,
        crumbs=crumbs(resolved, *([Crumb(str(row), here)] if row is not None else []), Crumb(verb)),
        form=form,
        sections=_sections(resolved, children, adding=row is None),
        action=f"{here}/edit" if row is not None else request.full_path.rstrip("?"),
        back=here or resolved.url + "/",
        submit="保存,暂不提交" if any(item.in_form for item in resolved.actions) else "保存",
        extra=_goes_on(resolved, actor),
        multipart=any(
            kind_of(part.fields[name]) in FILES
            for part in (resolved, *children)
            for name in part.form(adding=True)
        ),
        stale=stale,
        facts=[
            (resolved.fields[name].label, cell(resolved, row, name))
            for name in (resolved.panel.told if row is not None else ())
        ],
        notes=notes_of(session, actor, row) if row is not None else {},
        autosave=f"{resolved.url}/draft?place={place(resolved, row)}".replace("&", "%26")
        if resolved.panel.autosaves
        else "",
        restored=plain(typed.saved_at) if typed is not None else "",
        kept=kept,
        key=str(row.id) if row is not None else "",
        closes=closing(session, resolved, {name: f.data for name, f in form._fields.items()}, row),
    )


def _sections(
    resolved: Resolved, children: Collection[Resolved], *, adding: bool
) -> list[tuple[str, list[str]]]:
    sections: dict[str, list[str]] = {}
    for name in asked(resolved, adding):
        sections.setdefault(resolved.section(name), []).append(name)
    for child in children:
        sections[child.panel.label] = [child.table]
    return list(sections.items())


def _goes_on(resolved: Resolved, actor: Actor) -> list[Link]:
    """Buttons that save and go on to an action."""
    return [
        Link(item.label, "", item.icon, "post", name=item.name)
        for item in resolved.actions
        if item.in_form and may(actor, resolved.table, item.name)
    ]


def closing(
    session: Session, resolved: Resolved, values: Mapping[str, Any], row: Declared | None
) -> Closing | None:
    """How long the form can still be saved, where that is bounded."""
    known = {**values, **({name: getattr(row, name) for name in resolved.fields} if row is not None else {})}
    ends = [moment for hook in hooks_of(resolved.model).closing if (moment := hook(session, known))]
    if not ends:
        return None
    left = int((min(ends) - clock.now()).total_seconds())
    return Closing(left, "截止") if left > 0 else None


def _keep_within(resolved: Resolved, form: PanelForm, row: Declared) -> None:
    """A reference within something the form does not ask (a school's city: its province's) searches there; not within
    what only follows from it (a certificate's organisation)."""
    for name, declared in resolved.fields.items():
        above = [n for n in declared.within if not resolved.fields[n].copied.startswith(f"{name}.")]
        fixed = {n: getattr(row, n) for n in above if n not in form._fields}
        if name in form._fields and fixed:
            control = form._fields[name]
            remote = f"{control.render_kw['data-remote']}?{urlencode(fixed)}"
            control.render_kw = {**control.render_kw, "data-remote": remote}


def _aid(form: PanelForm, row: Declared) -> None:
    """What the row itself says of how a field is filled in (`aided`)."""
    for name, aid in aids_of(row).items():
        if (control := form._fields.get(name)) is not None:
            control.description = aid.text
            if aid.samples:
                samples = json.dumps(aid.samples, ensure_ascii=False)
                control.render_kw = {**(control.render_kw or {}), "data-samples": samples}


def link_files(
    resolved: Resolved,
    children: Collection[Resolved],
    form: PanelForm,
    row: Declared | None,
    saved: Saved,
) -> None:
    """Beside a file control: the file that is there already."""
    if row is None:
        return
    for name, declared in resolved.fields.items():
        if kind_of(declared) in FILES and name in form._fields and getattr(row, name):
            control = form._fields[name]
            control.render_kw = {
                **(control.render_kw or {}),
                "data-file": f"{resolved.url}/{row.id}/file/{name}",
            }
    for child in children:
        column = sole_column(child, resolved)
        if not column or child.fields[column].refers:
            continue
        known = {str(item.id): item for item in saved.of(child)}
        for entry in form._fields[child.table].entries:
            item = known.get(str(entry.form.id.data or ""))
            if item is not None:
                door = "preview" if previewable(getattr(item, column)) else "file"
                href = f"{child.url}/{item.id}/{door}/{column}"
                entry.form._fields[column].kept = Link(_child_text(child, column, item), href)
