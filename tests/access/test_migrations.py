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


def _migrated(server: EmbeddedPostgres, name: str) -> str:
    url = server.url(name)
    with sa.create_engine(url, poolclass=sa.NullPool).begin() as connection:
        database.prepare(connection, server.password(wall.LOGIN))
    database.migrate(url)
    return url


def test_migrations_and_declarations_agree_on_tables_and_wall(
    server: EmbeddedPostgres, template: str, empty_database: str
) -> None:
    """A difference here means: run `make migration MESSAGE=…` (or find out who changed the wall by hand)."""
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
