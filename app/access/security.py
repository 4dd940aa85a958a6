"""FAB's security manager over our own accounts and the one role table: no ab_* tables, no permission rows (F5, F9).

FAB asks `has_access("can_<verb>", "<table>")`; the answer is `roles.may(actor, table, verb)`. Views that are not
about a table name their permission themselves (`class_permission_name`, or public by being in `PUBLIC_VIEWS`).
"""

from __future__ import annotations

from typing import Any

from flask import g
from flask_appbuilder.security.manager import BaseSecurityManager

from app.access.actor import PUBLIC, current_actor
from app.access.roles import may

PREFIX = "can_"


class Person:
    """What Flask-Login and FAB know of the one who is logged in."""

    def __init__(self, account: int | None, name: str) -> None:
        self.id, self.name = account, name
        self.is_authenticated = self.is_active = account is not None
        self.is_anonymous = not self.is_authenticated

    def get_id(self) -> str:
        return str(self.id or "")


class PanelSecurity(BaseSecurityManager):
    """No rows, no writes at start: what may be done stands in `roles.py` alone."""

    def __init__(self, appbuilder: Any) -> None:
        super().__init__(appbuilder)
        self.lm.anonymous_user = lambda: Person(None, "")
        self.lm.request_loader(lambda request: g.get("person"))
        self.menu_access: dict[str, set[str]] = {}

    def register_views(self) -> None:
        """The log-in pages are ours (`views/portal/login.py`)."""

    def has_access(self, permission_name: str, view_name: str) -> bool:
        return may(current_actor(), view_name, permission_name.removeprefix(PREFIX))

    def is_item_public(self, permission_name: str, view_name: str) -> bool:
        return may(PUBLIC, view_name, permission_name.removeprefix(PREFIX))

    def get_user_menu_access(self, menu_names: list[str] | None = None) -> set[str]:
        """Menu entries whose table the actor may list; an area is there when one of its entries is."""
        actor = current_actor()
        return {
            name
            for name in menu_names or []
            if any(may(actor, t, "list") for t in self.menu_access.get(name, ()))
        }

    def add_permissions_view(self, base_permissions: Any, view_menu: str) -> None:
        """Nothing to write: permissions are declared, not stored."""

    def add_permissions_menu(self, view_menu_name: str) -> None:
        """As above."""

    def load_user(self, pk: int) -> Any | None:
        return g.get("person")

    def load_user_jwt(self, _jwt_header: Any, jwt_data: Any) -> Any | None:
        """Whom a token names; whether the account is still good is asked afterwards (`web.enter`)."""
        claims = jwt_data.get("actor")
        return Person(claims[1], claims[4]) if claims else None

    @staticmethod
    def before_request() -> None:
        g.user = g.get("person") or Person(None, "")
