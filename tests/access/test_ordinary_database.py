"""An ordinary PostgreSQL: prepared once by its administrator, used by DATABASE_URL alone (docs/operations.md)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import psycopg
import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy.engine import URL, make_url

from app.access import database, wall
from app.access.actor import JOB, acting_as, make_engine
from app.access.embedded import EmbeddedPostgres
from config import reset_settings
from models.accounts import Role
from tests import factories

PASSWORD = "it's:half\\50%@/\"?&"  # every sign that means something to somebody on the way
Run = Callable[..., Result]


@pytest.fixture(scope="module")
def administrator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[URL]:
    """A server of its own, for roles are the whole server's; the address of its new database, as administrator."""
    with EmbeddedPostgres(tmp_path_factory.mktemp("ordinary"), durable=False) as server:
        address = make_url(server.url("postgres")).set(drivername="postgresql")
        with psycopg.connect(address.render_as_string(hide_password=False), autocommit=True) as admin:
            admin.execute("create database ordinary")
        yield address.set(database="ordinary")


@pytest.fixture(scope="module")
def ours(administrator: URL) -> str:
    """DATABASE_URL."""
    login = administrator.set(username=wall.LOGIN, password=PASSWORD)
    return login.render_as_string(hide_password=False)


@pytest.fixture
def flask(
    application: Flask, administrator: URL, ours: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Run]:
    """`flask("init")` runs `panel init` with DATABASE_URL alone, `flask("init", admin=True)` with the administrator's."""
    session = application.extensions["panel_session"]
    session.remove()
    engine = make_engine(database._with_driver(ours))
    session.session_factory.configure(bind=engine)
    monkeypatch.setenv("DATABASE_URL", ours)

    def run(*words: str, admin: bool = False) -> Result:
        with monkeypatch.context() as given:
            if admin:
                address = administrator.render_as_string(hide_password=False)
                given.setenv("PANEL_ADMIN_DATABASE_URL", address)
            reset_settings()
            return application.test_cli_runner().invoke(args=["panel", *words])

    yield run
    session.remove()
    engine.dispose()
    monkeypatch.undo()
    reset_settings()


def refused(done: Result, *words: str) -> None:
    """It ended with a sentence in Chinese, not with a traceback."""
    assert done.exit_code == 1 and isinstance(done.exception, SystemExit), (done.output, done.exception)
    assert all(word in done.output for word in words), done.output


def done(result: Result) -> str:
    assert result.exit_code == 0, (result.output, result.exception)
    return result.output


def test_from_an_empty_database_to_one_that_web_and_worker_use_alone(
    flask: Run, application: Flask, administrator: URL, ours: str
) -> None:
    refused(flask("init"), "无法以 DATABASE_URL 连接数据库", "panel database prepare")
    for words in (("database", "prepare"), ("migration", "why")):
        refused(flask(*words), "PANEL_ADMIN_DATABASE_URL")

    done(flask("database", "prepare", admin=True))
    with psycopg.connect(ours) as connection:  # the password is the one in DATABASE_URL, sign for sign
        assert connection.execute("select current_user").fetchone() == (wall.LOGIN,)
    refused(
        flask("init"), "数据库中还没有表", "PANEL_ADMIN_DATABASE_URL", ".venv/bin/flask --app run panel init"
    )
    refused(flask("check"), "数据库中还没有表")

    done(flask("init", admin=True))
    assert done(flask("init")) == "database ready\n"
    assert done(flask("check")) == "all is well\n"

    session = application.extensions["panel_session"]
    with acting_as(JOB, session()):
        username = factories.account(session(), Role.PLATFORM_OPERATOR).username
        session.commit()
    refused(flask("login-link", "nobody"), "nobody")
    link = done(flask("login-link", username)).strip()
    answer = application.test_client().get("/" + link.split("/", 3)[3])
    assert answer.status_code == 302 and answer.location.startswith("/console/"), link

    plain = administrator.render_as_string(hide_password=False)
    with psycopg.connect(plain) as admin:
        admin.execute("update alembic_version set version_num = '0001'")
    refused(flask("init"), "数据库结构的版本是 0001", "PANEL_ADMIN_DATABASE_URL")
    with psycopg.connect(plain) as admin:
        admin.execute(f"revoke select on alembic_version from {wall.LOGIN}")
    refused(flask("init"), "无法确认数据库结构的版本")
