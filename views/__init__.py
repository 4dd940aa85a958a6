"""What declarations cannot say: hand-made pages, each a small view on top of the services."""

from __future__ import annotations

from typing import Any

from flask import Flask
from flask_appbuilder import AppBuilder

from views.consoles import home
from views.portal import login


def register(app: Flask, appbuilder: AppBuilder, session: Any) -> None:
    """Add every hand-made view to the application."""
    for view in (login.Login, home.Home):
        view.session = session
        appbuilder.add_view_no_menu(view)
    appbuilder.sm.auth_view = next(v for v in appbuilder.baseviews if isinstance(v, login.Login))
