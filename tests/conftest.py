"""The test database: one server for all runs, one template for all tests, one fresh copy a test."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
os.environ.setdefault("DATA_DIR", str(ROOT / "var" / "test"))
os.environ.setdefault("PANEL_WORKER_HEARTBEAT_SECONDS", "1")
os.environ.setdefault("PANEL_WORKER_RESCUE_SECONDS", "4")

import psycopg  # noqa: E402
import pytest  # noqa: E402
import sqlalchemy as sa  # noqa: E402
from flask import Flask  # noqa: E402
from playwright.sync_api import Browser as Chromium  # noqa: E402
from playwright.sync_api import sync_playwright  # noqa: E402
from sqlalchemy.engine import Engine, make_url  # noqa: E402
from sqlalchemy.orm import Session  # noqa: E402
from werkzeug.test import TestResponse  # noqa: E402

import models  # noqa: E402,F401
from app.access import database, wall  # noqa: E402
from app.access.actor import AUTH, JOB, Actor, WalledSession, acting_as, make_engine  # noqa: E402
from app.access.embedded import EmbeddedPostgres  # noqa: E402
from app.services import logins  # noqa: E402
from config import settings  # noqa: E402
from models.accounts import Account  # noqa: E402
from models.kit.cipher import cipher  # noqa: E402
from tools.machine import BROWSERS  # noqa: E402

QUIET = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Chromium]:
    """The machine's Chromium, for one module's tests: Playwright's event loop stays with the thread while it is open,
    and what signs PDFs in the same process runs one of its own."""
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)))
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found, args=list(QUIET))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def server() -> Iterator[EmbeddedPostgres]:
    """The embedded server of the tests; its last user stops it."""
    with EmbeddedPostgres(ROOT / "var" / "test", durable=False) as running:
        cipher.load({1: settings().personal_data_key.get_secret_value()})
        yield running


def _fingerprint() -> str:
    """Changes with anything that shapes the schema."""
    digest = hashlib.sha256()
    for folder in ("models", "app/access"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".py", ".sql"):
                digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


@pytest.fixture(scope="session")
def template(server: EmbeddedPostgres) -> str:
    """A database with the whole schema and wall, made once per state of the code."""
    name = f"panel_template_{_fingerprint()}"
    with psycopg.connect(_plain(server.url("postgres")), autocommit=True) as admin:
        admin.execute("select pg_advisory_lock(712)")
        if not admin.execute("select 1 from pg_database where datname = %s", (name,)).fetchone():
            _drop_old(admin)
            draft = f"{name}_draft"
            admin.execute(f'drop database if exists "{draft}" with (force)')
            admin.execute(f'create database "{draft}"')
            engine = sa.create_engine(server.url(draft), poolclass=sa.NullPool)
            with engine.begin() as connection:
                database.prepare(connection, server.password(wall.LOGIN))
                database.build(connection)
            admin.execute(f'alter database "{draft}" rename to "{name}"')
        admin.execute("select pg_advisory_unlock(712)")
    return name


def _drop_old(admin: psycopg.Connection) -> None:
    for (name,) in admin.execute(
        "select datname from pg_database where datname like 'panel_template_%'"
    ).fetchall():
        try:
            admin.execute(f'drop database if exists "{name}"')
        except psycopg.Error:  # another run still copies from it
            continue


def _plain(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def demo_template(server: EmbeddedPostgres, template: str) -> str:
    """The same with the demonstration's year of business in it, for tests marked `demo`."""
    from tests import demonstration  # needs every service

    return demonstration.ensure(server, template, _plain(server.url("postgres")))


@contextmanager
def copied(server: EmbeddedPostgres, template: str) -> Iterator[str]:
    """A database made from a template, dropped afterwards."""
    name = f"t_{secrets.token_hex(8)}"
    with psycopg.connect(_plain(server.url("postgres")), autocommit=True) as admin:
        admin.execute("select pg_advisory_lock_shared(713)")
        admin.execute(f'create database "{name}" template "{template}" strategy file_copy')
        admin.execute("select pg_advisory_unlock_shared(713)")
        # rights on the database itself do not travel with a template
        admin.execute(
            f'grant connect, temporary on database "{name}" to {wall.LOGIN}, {", ".join(wall.ROLES)}'
        )
        try:
            yield name
        finally:
            admin.execute(f'drop database if exists "{name}" with (force)')


@pytest.fixture(scope="session")
def demo_database(server: EmbeddedPostgres, demo_template: str) -> Iterator[str]:
    """One copy of the demonstration for all tests of this process that only look."""
    with copied(server, demo_template) as name:
        yield name


@pytest.fixture(scope="session")
def marked_database(server: EmbeddedPostgres, demo_template: str) -> Iterator[str]:
    """A copy in which every text is a marker that would show if it were not escaped (check 10)."""
    from tests import demonstration

    with copied(server, demo_template) as name:
        admin = sa.create_engine(server.url(name), poolclass=sa.NullPool)
        with admin.begin() as connection:
            assert demonstration.mark(connection) > 100
        yield name


@pytest.fixture
def database_name(server: EmbeddedPostgres, template: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """A fresh database of this test alone; `demo`: the common copy of the demonstration, `demo(fresh=True)`: a copy
    of its own, for tests that change it; `demo(marked=True)`: the common copy full of markers."""
    demo = request.node.get_closest_marker("demo")
    if demo is not None and not demo.kwargs.get("fresh"):
        yield request.getfixturevalue("marked_database" if demo.kwargs.get("marked") else "demo_database")
        return
    with copied(server, request.getfixturevalue("demo_template") if demo is not None else template) as name:
        yield name


@pytest.fixture
def engine(server: EmbeddedPostgres, database_name: str) -> Iterator[Engine]:
    """Logged in as the web is: a role that owns nothing."""
    made = make_engine(server.url(database_name, wall.LOGIN))
    yield made
    made.dispose()


@pytest.fixture
def owner(server: EmbeddedPostgres, database_name: str) -> Iterator[Engine]:
    """An administrator's engine: for looking at what the database really holds, never for acting."""
    made = sa.create_engine(server.url(database_name))
    yield made
    made.dispose()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """A walled session; it needs an actor: `with acting_as(actor, session):`."""
    with WalledSession(engine, expire_on_commit=False) as made:
        yield made


As = Callable[..., object]


@pytest.fixture
def as_(session: Session) -> As:
    """`with as_(actor):` acts on the test's session."""

    @contextmanager
    def entered(actor: Actor = JOB) -> Iterator[Session]:
        with acting_as(actor, session):
            yield session

    return entered


@pytest.fixture(scope="session")
def application(server: EmbeddedPostgres) -> Flask:
    """The web application, made once a process; `app` points it at the test's database."""
    from run import create_app  # only tests of pages need every part

    return create_app(
        make_engine(server.url("postgres", wall.LOGIN)), TESTING=True, PROPAGATE_EXCEPTIONS=False
    )


@pytest.fixture
def app(application: Flask, engine: Engine) -> Iterator[Flask]:
    session = application.extensions["panel_session"]
    session.remove()
    session.session_factory.configure(bind=engine)
    yield application
    session.remove()


class Browser:
    """A person's browser without a screen: cookies, CSRF token, forms. `b.get(url)`, `b.post(url, {...})`."""

    def __init__(self, app: Flask) -> None:
        self.client = app.test_client()
        self.last: TestResponse | None = None

    def get(self, url: str, **kwargs: Any) -> TestResponse:
        self.last = self.client.get(url, **kwargs)
        return self.last

    def token(self) -> str:
        """The CSRF token of this browser's session, as any page carries it."""
        page = self.client.get("/password/" if self.logged_in() else "/login/")
        found = re.search(r'name="csrf-token" content="([^"]+)"', page.get_data(as_text=True))
        return found.group(1) if found else ""

    def logged_in(self) -> bool:
        with self.client.session_transaction() as cookie:
            return "actor" in cookie

    def post(self, url: str, data: dict[str, Any] | None = None, **kwargs: Any) -> TestResponse:
        self.last = self.client.post(url, data={"csrf_token": self.token(), **(data or {})}, **kwargs)
        return self.last

    def act(self, table: str, name: str, rows: list[int], data: dict[str, Any] | None = None) -> TestResponse:
        """Run an action as its button does, past the preview."""
        return self.post(
            f"/console/{table}/action/{name}",
            {"rowid": [str(r) for r in rows], "confirmed": "1", **(data or {})},
        )

    def text(self) -> str:
        assert self.last is not None
        return self.last.get_data(as_text=True)


@pytest.fixture
def browse(app: Flask, session: Session) -> Callable[..., Browser]:
    """`browse(account)` is a browser in which that account has logged in; `browse()` one in which nobody has."""

    def opened(account: Account | None = None) -> Browser:
        browser = Browser(app)
        if account is not None:
            with acting_as(AUTH, session):
                token = logins.login_token(session.get_one(Account, account.id))
            answer = browser.get(f"/login/link/{token}")
            assert answer.status_code == 302, browser.text()
        return browser

    return opened
