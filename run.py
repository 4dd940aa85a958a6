"""The composition root: the only file that knows every part. `flask --app run …`, `granian … run:create_app`."""

from __future__ import annotations

from typing import Any

from flask import Flask
from flask_appbuilder import AppBuilder, IndexView
from sqlalchemy.engine import Engine
from werkzeug.middleware.proxy_fix import ProxyFix

import app.services.registry  # noqa: F401  registers every action, importer, task and hook
import models  # noqa: F401  declares every table
from app.access.actor import PUBLIC, acting_as, make_engine
from app.access.database import login_url
from app.access.embedded import EmbeddedPostgres
from app.access.security import PanelSecurity
from app.cli import panel
from app.panel import desk, fab, rest
from app.panel.web import BRAND, init_web, lifetime, make_session, static_files
from config import Settings, settings
from models.kit.cipher import cipher
from views import register


class NoIndex(IndexView):
    """FAB wants an index view; ours are the portal and the consoles."""

    route_base = "/_index"


def _engine(config: Settings) -> Engine:
    """The database of the settings; the embedded server is started by whoever comes first."""
    if config.database_url is None:
        EmbeddedPostgres(config.data_dir).start()
    return make_engine(login_url(config), pool_size=config.database_pool_size, pool_pre_ping=True)


def create_app(engine: Engine | None = None, **overrides: Any) -> Flask:
    """The whole web application; tests pass their own engine."""
    config = settings()
    cipher.load({1: config.personal_data_key.get_secret_value()})
    app = Flask(__name__, template_folder="views/templates", static_folder="views/static")
    app.config.update(
        SECRET_KEY=config.secret_key.get_secret_value(),
        JWT_SECRET_KEY=config.jwt_key.get_secret_value(),
        JWT_TOKEN_LOCATION=["headers"],
        APP_NAME=BRAND,
        BABEL_DEFAULT_LOCALE="zh_Hans_CN",
        BABEL_DEFAULT_TIMEZONE=config.time_zone,
        LANGUAGES={"zh_Hans_CN": {"flag": "cn", "name": "简体中文"}},
        FAB_UPDATE_PERMS=False,
        FAB_CREATE_DB=False,
        FAB_ADD_SECURITY_API=False,
        FAB_ADD_MENU_API=False,
        FAB_ADD_OPENAPI_VIEWS=False,
        FAB_SAFE_REDIRECT_HOSTS=[],
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=config.production,
        PERMANENT_SESSION_LIFETIME=lifetime(),
        SESSION_REFRESH_EACH_REQUEST=False,  # what changes in it is said then; idleness is counted in it (`_fresh`)
        MAX_CONTENT_LENGTH=config.upload_zip_bytes,
        MAX_FORM_MEMORY_SIZE=config.request_body_bytes,
        MAX_FORM_PARTS=2000,
        WTF_CSRF_TIME_LIMIT=None,
    )
    app.config.update(overrides)
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.wsgi_app = static_files(app)  # type: ignore[method-assign]
    if config.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=config.trusted_proxies, x_proto=1, x_host=1)  # type: ignore[method-assign]
    session = make_session(engine or _engine(config))
    init_web(app, session)
    with app.app_context(), acting_as(PUBLIC, session()):
        appbuilder = AppBuilder(
            app, session, indexview=NoIndex, security_manager_class=PanelSecurity, update_perms=False
        )
        fab.add_consoles(appbuilder, session)
        rest.add_api(appbuilder, session)
        desk.add_desk(app, session)
        register(app, appbuilder, session)
    session.remove()
    app.cli.add_command(panel)
    return app
