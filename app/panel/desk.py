"""The configuration desk (配置台): Flask-Admin views from declarations, routing to `Doors` as the consoles do (D5).

Tables with `panel.desk` define the business: certificates with their subjects, the catalogue of majors, dictionaries,
parameters. Flask-Admin brings the registry, the routes and the model interface; pages, rules and rows are those of
`Doors`, so nothing of its own list, form, picker or export code is reached (A1–A4, A6). Closed unless the role table
opens a door (A5).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import Flask, abort, redirect, render_template, request, url_for
from flask_admin import Admin, AdminIndexView, expose
from flask_admin.model import BaseModelView

from app.access.actor import Actor, current_actor
from app.access.roles import may
from app.panel import exporting, importing, menus, query
from app.panel.doors import Doors, require
from app.panel.fab import shown_to_anyone
from app.panel.forms import PanelForm, form_class
from app.panel.pages import Crumb, Page
from app.panel.resolve import DESK_KINDS, Resolved, resolve
from config import settings
from models.kit import Declared, Mark, declared_models, formats

HOME = "/desk/"

# Which permission each route needs; an action is a permission of its own, named in the address.
VERBS = {
    "index_view": "list", "details_view": "list", "columns": "list", "ajax_lookup": "list", "file": "list",
    "preview": "list",
    "create_view": "add", "draft": "add", "upload": "add", "edit_view": "edit", "delete_view": "delete",
    "export": "export", "template": "import", "import_view": "import",
}  # fmt: skip


def keeps_desk(actor: Actor) -> bool:
    """Whether the desk is this actor's place at all; the others read its tables in their console."""
    return actor.kind in DESK_KINDS and actor.account is not None


class DeskGate:
    """Mixed into every view of the desk: nobody is let in unless `is_accessible` says so."""

    def is_accessible(self) -> bool:
        return keeps_desk(current_actor())

    def is_visible(self) -> bool:
        return self.is_accessible()

    def inaccessible_callback(self, name: str, **kwargs: Any) -> Any:
        """The log-in page for those who are nobody yet, else 403."""
        if current_actor().account is None:
            return redirect(url_for("Login.login", next=request.full_path.rstrip("?")))
        return abort(403)

    def _run_view(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return fn(self, *args, **kwargs)  # Flask-Admin's own would hide a TypeError by calling once more


class DeskView(DeskGate, BaseModelView):
    """The desk of one table."""

    column_display_actions = False
    can_view_details = True
    gates = {**VERBS, "action_view": "list"}  # an action's own permission is asked when its name is known

    def __init__(self, resolved: Resolved, session: Any) -> None:
        self.resolved = resolved
        self.doors = Doors(resolved, session)
        panel = resolved.panel
        self.can_create, self.can_edit, self.can_delete, self.can_export = (
            verb in resolved.allows for verb in ("add", "edit", "delete", "export")
        )
        name = panel.menu_for("platform")[1] or panel.label
        super().__init__(
            resolved.model,
            name,
            panel.menu_for("platform")[0],
            endpoint=f"desk_{resolved.table}",
            url=f"/desk/{resolved.table}",
        )

    # who may

    def is_accessible(self) -> bool:
        return super().is_accessible() and may(current_actor(), self.resolved.table, "list")

    def _handle_view(self, name: str, /, **kwargs: Any) -> Any:
        """The one check in front of every route: the table's list, then the door's own permission."""
        refusal = super()._handle_view(name)  # its own arguments may be called the same as the route's
        if refusal is not None:
            return refusal
        verb = VERBS.get(name) or kwargs["name"]
        if verb in ("add", "edit", "delete", "import", "export") and verb not in self.resolved.allows:
            abort(404)
        require(self.resolved, verb)
        return None

    # the doors

    @expose("/", methods=("GET", "POST"))
    def index_view(self) -> Any:
        return self.doors.index()

    @expose("/<int:key>")
    def details_view(self, key: int) -> Any:
        return self.doors.show(key)

    @expose("/columns", methods=("POST",))
    def columns(self) -> Any:
        return self.doors.columns()

    @expose("/picker/<column>")
    def ajax_lookup(self, column: str) -> Any:
        return self.doors.picker(column)

    @expose("/<int:key>/file/<column>")
    def file(self, key: int, column: str) -> Any:
        return self.doors.file(key, column)

    @expose("/<int:key>/preview/<column>")
    def preview(self, key: int, column: str) -> Any:
        return self.doors.preview(key, column)

    @expose("/add", methods=("GET", "POST"))
    def create_view(self) -> Any:
        return self.doors.add()

    @expose("/draft", methods=("POST",))
    def draft(self) -> Any:
        return self.doors.draft()

    @expose("/upload/<column>", methods=("POST",))
    def upload(self, column: str) -> Any:
        return self.doors.upload(column)

    @expose("/<int:key>/edit", methods=("GET", "POST"))
    def edit_view(self, key: int) -> Any:
        return self.doors.edit(key)

    @expose("/<int:key>/delete", methods=("POST",))
    def delete_view(self, key: int) -> Any:
        return self.doors.delete(key)

    @expose("/action/<name>", methods=("POST",))
    def action_view(self, name: str) -> Any:
        return self.doors.action(name)

    @expose("/export", methods=("POST",))
    def export(self) -> Any:
        return exporting.start(self.doors)

    @expose("/template")
    def template(self) -> Any:
        return importing.template(self.doors, self.resolved.table)

    @expose("/import", methods=("GET", "POST"))
    def import_view(self) -> Any:
        return importing.page(self.doors, self.resolved.table)

    def ajax_update(self) -> Any:
        """Cells are not edited in the list: no route leads here (A2)."""
        return abort(404)

    # what Flask-Admin asks of a model

    def get_pk_value(self, model: Declared) -> int:
        return model.id

    def get_one(self, id: Any) -> Declared | None:  # noqa: A002  # the framework's name
        """Only through the wall: another tenant's row is not there (A1)."""
        key = formats.row_id(id)
        return query.get(self.doors.session, self.resolved, key) if key is not None else None

    def scaffold_list_columns(self) -> list[str]:
        return self.resolved.listed

    def scaffold_sortable_columns(self) -> dict[str, str]:
        return {name: name for name in self.resolved.marked(Mark.SORTABLE)}

    def scaffold_form(self) -> type[PanelForm]:
        return form_class(self.resolved, self.doors.session, adding=True, picker=f"{self.url or ''}/picker/")


@dataclass(frozen=True)
class DeskTable:
    """One table on the desk's first page."""

    label: str
    href: str
    icon: str
    count: str
    hint: str = ""


@dataclass
class DeskHome(Page):
    """`/desk/`: the actor's desk tables in the groups of the menu, with how many rows each holds."""

    groups: tuple[tuple[str, tuple[DeskTable, ...]], ...] = ()


class DeskIndex(DeskGate, AdminIndexView):
    """The desk's first page."""

    def __init__(self, session: Any) -> None:
        super().__init__("配置台", endpoint="desk", url="/desk")
        self.static_folder = None  # Flask-Admin's own assets are not served (A8)
        self.session = session

    @expose("/")
    def index(self) -> Any:
        page = DeskHome(
            title="配置台", crumbs=[Crumb("首页", "/console/"), Crumb("配置台")], groups=self._groups()
        )
        return render_template("desk/home.html", page=page)

    def _groups(self) -> tuple[tuple[str, tuple[DeskTable, ...]], ...]:
        seen = tables(current_actor())
        groups: dict[str, list[DeskTable]] = {}
        for resolved, count in zip(seen, self._counts(seen), strict=True):
            panel = resolved.panel
            entry = DeskTable(resolved.name, resolved.url + "/", panel.icon, query.capped(count), panel.hint)
            groups.setdefault(_area(resolved, seen), []).append(entry)
        rank = {area: number for number, area in enumerate(menus.AREAS)}
        return tuple(
            sorted(((a, tuple(e)) for a, e in groups.items()), key=lambda g: rank.get(g[0], len(rank)))
        )

    def _counts(self, seen: list[Resolved]) -> list[int]:
        """All counts in one statement, each stopping at the cap."""
        if not seen:
            return []
        limit = settings().count_cap + 1
        counts = [
            sa.select(sa.func.count())
            .select_from(sa.select(sa.literal(1)).select_from(resolved.model).limit(limit).subquery())
            .scalar_subquery()
            for resolved in seen
        ]
        return list(self.session.execute(sa.select(*counts)).one())


def _area(resolved: Resolved, seen: list[Resolved]) -> str:
    """The menu area of a table; one without an entry of its own stands with its parent."""
    above = (parent for parent in seen if resolved.table in parent.panel.children)
    return next((table.menu[0] for table in (resolved, *above) if table.menu[0]), "其他")


def desk_tables() -> list[Resolved]:
    """Every table of the desk that some role may list, in the order of the menus."""
    found = [resolved for model in declared_models() if (resolved := resolve(model)).panel.desk]
    return sorted((r for r in found if shown_to_anyone(r)), key=lambda r: (r.menu[0], r.panel.order))


def tables(actor: Actor) -> list[Resolved]:
    """The desk tables this actor may list."""
    return [
        resolved for resolved in desk_tables() if keeps_desk(actor) and may(actor, resolved.table, "list")
    ]


def _keeper(actor: Actor) -> bool:
    """The menu shows the desk to those who may change something there."""
    return any(may(actor, resolved.table, verb) for resolved in tables(actor) for verb in ("add", "edit"))


def add_desk(app: Flask, session: Any) -> Admin:
    """Flask-Admin after FAB, which has set up Babel by now (A7)."""
    admin = Admin(app, name="配置台", url="/desk", index_view=DeskIndex(session))
    for resolved in desk_tables():
        admin.add_view(DeskView(resolved, session))
    return admin


menus.add_entry("系统管理/配置台", HOME, "settings", 70, _keeper)


__all__ = ["DeskHome", "DeskIndex", "DeskTable", "DeskView", "add_desk", "desk_tables", "tables"]
