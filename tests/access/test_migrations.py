"""The migrations arrive at exactly what the declarations say: tables, constraints, wall (drift fails here)."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import psycopg
import pytest
import sqlalchemy as sa
from alembic import command
from sqlalchemy.engine import make_url

from app.access import database, wall
from app.access.embedded import EmbeddedPostgres


@pytest.fixture
def empty_database(server: EmbeddedPostgres) -> Iterator[str]:
    name = f"m_{secrets.token_hex(6)}"
    plain = (
        make_url(server.url("postgres")).set(drivername="postgresql").render_as_string(hide_password=False)
    )
    with psycopg.connect(plain, autocommit=True) as admin:
        admin.execute(f'create database "{name}"')
        yield name
        admin.execute(f'drop database "{name}" with (force)')


def _catalog(url: str) -> list[str]:
    with sa.create_engine(url, poolclass=sa.NullPool).connect() as connection:
        return wall.catalog(connection)


def _migrated(server: EmbeddedPostgres, name: str, revision: str = "head") -> str:
    url = server.url(name)
    with sa.create_engine(url, poolclass=sa.NullPool).begin() as connection:
        database.prepare(connection, server.password(wall.LOGIN))
    command.upgrade(database.alembic_config(url), revision)
    return url


def test_migrations_and_declarations_agree_on_tables_and_wall(
    server: EmbeddedPostgres, template: str, empty_database: str
) -> None:
    """A difference here means: run `panel migration "why"` (CONTRIBUTING), or find out who changed the wall by hand."""
    declared = set(_catalog(server.url(template)))
    migrated = set(_catalog(_migrated(server, empty_database)))
    assert sorted(declared - migrated) == []
    assert sorted(migrated - declared) == []


def test_every_revision_goes_down_and_up_again(server: EmbeddedPostgres, empty_database: str) -> None:
    url = _migrated(server, empty_database)
    before = _catalog(url)
    command.downgrade(database.alembic_config(url), "base")
    assert [line for line in _catalog(url) if line.startswith(("table", "policy", "column"))] == []
    database.migrate(url)
    assert _catalog(url) == before


def test_0002_brings_along_what_a_platform_in_use_holds(
    server: EmbeddedPostgres, empty_database: str
) -> None:
    """Templates as their operators worded them, and an outbox with messages in every state."""
    url = _migrated(server, empty_database, "0001")
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.execute(
            sa.text(
                "insert into sms_template (key, name, kind, body, variables, active) values"
                " ('first_password', '账号', 'CODE', '【平台】{username}的密码{password}', 'username、password', true),"
                " ('quota_expiring', '指标', 'REMINDER', '{year}年{count}项{left}人', 'year、count、left', false),"
                " ('quota_changed', '指标', 'NOTICE', '调整为{count}人({certificate})', 'certificate、count', true),"
                " ('site_decided', '考点', 'NOTICE', '没有变量,也没有codes', 'site、result', true)"
            )
        )
        connection.exec_driver_sql(
            "insert into sms_message (mobile, template, params, body, state, sent_at, receipt) values"
            " ('x', 'quota_changed', '{\"count\": 5}', 'a', 'SENT', now(), 'outbox'),"
            " ('x', 'quota_changed', '{\"count\": 5}', 'b', 'SENT', now(), '2019:1'),"
            " ('x', 'quota_expiring', '{\"count\": 2, \"left\": 7}', 'c', 'QUEUED', null, null),"
            " ('x', 'code', '{}', 'd', 'FAILED', null, null)"
        )
    database.migrate(url)
    with engine.connect() as connection:
        words = {key: (body, names) for key, body, names in connection.execute(
            sa.text("select key, body, variables from sms_template")
        )}  # fmt: skip
        messages = [tuple(row) for row in connection.execute(
            sa.text("select state, reported_at is not null, params from sms_message order by id")
        )]  # fmt: skip
    assert words == {
        "first_password": ("【平台】{账号}的密码{密码}", "账号、密码"),
        "quota_expiring": ("{年度}年{项数}项{剩余人数}人", "年度、项数、剩余人数"),
        "quota_changed": ("调整为{人数}人({证书})", "证书、人数"),
        "site_decided": ("没有变量,也没有codes", "考点、结果"),
    }
    assert messages == [
        ("DELIVERED", True, {"count": 5}),
        ("SENT", False, {"count": 5}),
        ("QUEUED", False, {"items": 2, "left": 7}),
        ("FAILED", False, {}),
    ]
    command.downgrade(database.alembic_config(url), "0001")
    with engine.connect() as connection:
        states = connection.scalars(sa.text("select state from sms_message order by id")).all()
        body = connection.scalar(sa.text("select body from sms_template where key = 'quota_expiring'"))
    assert (states, body) == (["SENT", "SENT", "QUEUED", "FAILED"], "{year}年{count}项{left}人")
