"""FAB consoles from declarations: one view class a table, routing to `Doors` behind FAB's permission check."""

from __future__ import annotations

from typing import Any

from flask import abort
from flask_appbuilder import AppBuilder, BaseView, expose, has_access, permission_name

from app.access.actor import current_actor
from app.access.roles import may
from app.panel import exporting, importing
from app.panel.doors import Doors, require
from app.panel.resolve import Resolved, has_files, resolve
from models.kit import declared_models


class ConsoleView(BaseView):
    """The generated console of one table. Every route names its permission; a table without a door has no route."""

    resolved: Resolved
    doors: Doors

    @expose("/", methods=["GET", "POST"])
    @has_access
    @permission_name("list")
    def list(self) -> Any:
        return self.doors.index()

    @expose("/<int:key>")
    @has_access
    @permission_name("list")
    def show(self, key: int) -> Any:
        return self.doors.show(key)

    @expose("/columns", methods=["POST"])
    @has_access
    @permission_name("list")
    def columns(self) -> Any:
        return self.doors.columns()

    @expose("/picker/<column>")
    @has_access
    @permission_name("list")
    def picker(self, column: str) -> Any:
        return self.doors.picker(column)

    @expose("/<int:key>/file/<column>")
    @has_access
    @permission_name("list")
    def file(self, key: int, column: str) -> Any:
        return self.doors.file(key, column)

    @expose("/<int:key>/preview/<column>")
    @has_access
    @permission_name("list")
    def preview(self, key: int, column: str) -> Any:
        return self.doors.preview(key, column)

    @expose("/add", methods=["GET", "POST"])
    @has_access
    @permission_name("add")
    def add(self) -> Any:
        return self.doors.add()

    @expose("/draft", methods=["POST"])
    @has_access
    @permission_name("add")
    def draft(self) -> Any:
        return self.doors.draft()

    @expose("/upload/<column>", methods=["POST"])
    @has_access
    @permission_name("add")
    def upload(self, column: str) -> Any:
        return self.doors.upload(column)

    @expose("/<int:key>/edit", methods=["GET", "POST"])
    @has_access
    @permission_name("edit")
    def edit(self, key: int) -> Any:
        return self.doors.edit(key)

    @expose("/<int:key>/delete", methods=["POST"])
    @has_access
    @permission_name("delete")
    def delete(self, key: int) -> Any:
        return self.doors.delete(key)

    @expose("/action/<name>", methods=["POST"])
    @has_access
    @permission_name("list")
    def action(self, name: str) -> Any:
        require(self.resolved, name)  # each action is a permission of its own
        return self.doors.action(name)

    @expose("/export", methods=["POST"])
    @has_access
    @permission_name("export")
    def export(self) -> Any:
        return exporting.start(self.doors)

    @expose("/template")
    @has_access
    @permission_name("import")
    def template(self) -> Any:
        return importing.template(self.doors, self.resolved.table)

    @expose("/import", methods=["GET", "POST"])
    @has_access
    @permission_name("import")
    def import_(self) -> Any:
        return importing.page(self.doors, self.resolved.table)


_DOORS = {
    "add": ("add", "draft", "upload"),
    "edit": ("edit",),
    "delete": ("delete",),
    "export": ("export",),
    "import": ("template", "import_"),
}


def console_class(resolved: Resolved, session: Any) -> type[ConsoleView]:
    """The view class of one table."""
    closed = {route for verb, routes in _DOORS.items() if verb not in resolved.allows for route in routes}
    if not resolved.panel.autosaves:
        closed.add("draft")
    if not has_files(resolved):
        closed.add("upload")
    return type(
        f"{resolved.model.__name__}Console",
        (ConsoleView,),
        {
            "resolved": resolved,
            "doors": Doors(resolved, session),
            "route_base": f"/console/{resolved.table}",
            "class_permission_name": resolved.table,
            "exclude_route_methods": closed,
        },
    )


def add_consoles(appbuilder: AppBuilder, session: Any) -> None:
    """A console for every declared table that some role may list."""
    for model in declared_models():
        resolved = resolve(model)
        if shown_to_anyone(resolved):
            appbuilder.add_view_no_menu(console_class(resolved, session))


def shown_to_anyone(resolved: Resolved) -> bool:
    """Tables that no role may list are plumbing: they get no page."""
    from app.access.roles import ROLES

    return any("list" in verbs.get(resolved.table, ()) for verbs in ROLES.values())


def forbid_unless(table: str, verb: str) -> None:
    """For hand-made views: 403 unless the role table opens this door."""
    if not may(current_actor(), table, verb):
        abort(403)
