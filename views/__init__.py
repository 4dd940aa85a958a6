"""What declarations cannot say: hand-made pages, each a small view on top of the services."""

from __future__ import annotations

from typing import Any

from flask import Flask
from flask_appbuilder import AppBuilder

from views.consoles import (
    accounts,
    attendance,
    batch_progress,
    certificates,
    city_accounts,
    declaration_reports,
    declarations,
    exam_papers,
    home,
    jobs,
    notices,
    papers,
    review,
    scheduling,
    seals,
)
from views.portal import catalogue, feeds, health, login, news, security, verify
from views.portal import home as portal
from views.portal import register as registration
from views.signing import desk, phone
from views.space import login as space_login
from views.space import space, wishes

VIEWS = (
    login.Login, security.Security, registration.Registering,
    portal.Portal, news.News, catalogue.Catalogue, feeds.Feeds, notices.Editing, notices.RichText,
    verify.Verify, health.Health, space_login.SpaceLogin, space.Space, wishes.SpaceWishes,
    home.Home, accounts.Accounts, declarations.Declaring, seals.Seals, certificates.CertificateFiles, desk.Decisions,
    review.ReviewDesk, declaration_reports.DeclarationReports, batch_progress.BatchProgress,
    city_accounts.CityAccounts,
    desk.SigningDesk, phone.SigningPhone, papers.FeePapers, scheduling.Scheduling, attendance.Attendances,
    exam_papers.ExamPapers, jobs.Jobs, jobs.SpecialImports,
)  # fmt: skip


def register(app: Flask, appbuilder: AppBuilder, session: Any) -> None:
    """Add every hand-made view to the application."""
    health.measure(app)
    for view in VIEWS:
        view.session = session
        appbuilder.add_view_no_menu(view)
    appbuilder.sm.auth_view = next(v for v in appbuilder.baseviews if isinstance(v, login.Login))
