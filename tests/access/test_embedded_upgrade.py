"""An embedded database of the version before ours is carried over whole, or stays as it was (D1)."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from app.access import embedded_upgrade
from app.access.embedded import DATABASE, EmbeddedPostgres, EmbeddedPostgresError
from app.access.embedded_host import MAJOR

BEFORE = 16


def connect(server: EmbeddedPostgres, user: str = "postgres") -> psycopg.Connection[tuple[object, ...]]:
    host, port = server.address
    return psycopg.connect(
        host=host, port=port, user=user, password=server.password(user), dbname=DATABASE, autocommit=True
    )


@pytest.fixture
def old_folder(tmp_path: Path) -> Path:
    """A data folder of PostgreSQL 16 with a role, a right taken away and a row."""
    with EmbeddedPostgres(tmp_path, durable=False, major=BEFORE) as server, connect(server) as connection:
        connection.execute("create table kept as select '张三' as name")
        connection.execute(f"create role panel_login login password '{server.password('panel_login')}'")
        connection.execute("grant select on kept to panel_login")
        connection.execute(
            "revoke execute on function pg_catalog.set_config(text, text, boolean) from public"
        )
    return tmp_path


def test_rows_roles_passwords_and_rights_are_carried_over(old_folder: Path) -> None:
    with pytest.raises(EmbeddedPostgresError, match="panel database upgrade"):
        EmbeddedPostgres(old_folder).start()
    embedded_upgrade.upgrade(old_folder)
    with EmbeddedPostgres(old_folder, durable=False) as server, connect(server, "panel_login") as connection:
        assert connection.info.server_version // 10000 == MAJOR
        assert connection.execute("select name from kept").fetchone() == ("张三",)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("select set_config('app.tenant', '2', true)")


def test_the_old_folder_is_kept_and_no_dump_is_left(old_folder: Path) -> None:
    kept = embedded_upgrade.upgrade(old_folder)
    assert (kept / "PG_VERSION").read_text().strip() == str(BEFORE)
    assert list(old_folder.glob("*.sql")) == list(old_folder.glob("*.all")) == []


def test_a_failed_load_puts_the_old_database_back(old_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(server: EmbeddedPostgres, dump: Path) -> None:
        with dump.open("a") as file:
            file.write("select no_such_function();\n")
        load(server, dump)

    load = embedded_upgrade._load
    monkeypatch.setattr(embedded_upgrade, "_load", broken)
    with pytest.raises(EmbeddedPostgresError, match="no_such_function"):
        embedded_upgrade.upgrade(old_folder)
    with EmbeddedPostgres(old_folder, durable=False, major=BEFORE) as server, connect(server) as connection:
        assert connection.execute("select name from kept").fetchone() == ("张三",)


def test_a_database_of_our_version_is_left_alone(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path, durable=False), pytest.raises(EmbeddedPostgresError, match="无需升级"):
        embedded_upgrade.upgrade(tmp_path)
