"""What declarations cannot say: hand-made pages, each a small view on top of the services."""

from __future__ import annotations

from typing import Any

from flask import Flask
from flask_appbuilder import AppBuilder

from views.consoles import accounts, declarations, home, jobs, papers, scheduling, seals
from views.portal import login
from views.signing import desk, phone

VIEWS = (
    login.Login, home.Home, accounts.Accounts, declarations.Declaring, seals.Seals, desk.Decisions, desk.SigningDesk,
    phone.SigningPhone, papers.FeePapers, scheduling.Scheduling, jobs.Jobs, jobs.SpecialImports,
)


def register(app: Flask, appbuilder: AppBuilder, session: Any) -> None:
    """Add every hand-made view to the application."""
    for view in VIEWS:
        view.session = session
        appbuilder.add_view_no_menu(view)
    appbuilder.sm.auth_view = next(v for v in appbuilder.baseviews if isinstance(v, login.Login))
