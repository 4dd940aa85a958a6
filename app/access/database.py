"""A database made ready for the wall: roles, owner, queue, migrations. Needs an administrator's connection.

`flask panel database prepare` runs `prepare()` once against an ordinary PostgreSQL 15+ (docs/operations.md);
with the embedded server `panel init` does it by itself.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from procrastinate.schema import SchemaManager
from psycopg import sql
from sqlalchemy.engine import make_url

from app.access import wall
from config import Settings, settings
from models.kit import Base

if TYPE_CHECKING:
    from app.access.embedded import EmbeddedPostgres

ROOT = Path(__file__).resolve().parents[2]
VERSIONS = ROOT / "migrations" / "versions"
QUEUE_SCHEMA = "queue"
COMMAND = ".venv/bin/flask --app run panel"


class NotAdministered(RuntimeError):
    """Only DATABASE_URL is set: this process may use the database, not change what it is made of."""

    def __init__(self) -> None:
        super().__init__(
            "这一步需要数据库管理员的地址,请设置 PANEL_ADMIN_DATABASE_URL 后重新执行(见 docs/operations.md)"
        )


def _embedded(config: Settings) -> EmbeddedPostgres:
    from app.access.embedded import EmbeddedPostgres  # the server's wheel is not needed with DATABASE_URL

    return EmbeddedPostgres(config.data_dir)


def login_url(config: Settings | None = None, database: str = "panel") -> str:
    """The address the web and the worker use: DATABASE_URL, or the embedded server as `panel_login`."""
    config = config or settings()
    if config.database_url:
        return _with_driver(config.database_url)
    return _embedded(config).url(database, wall.LOGIN)


def admin_url(config: Settings | None = None, database: str = "panel") -> str:
    """The address migrations use: PANEL_ADMIN_DATABASE_URL, or the embedded server's superuser."""
    config = config or settings()
    if config.admin_database_url:
        return _with_driver(config.admin_database_url)
    if config.database_url:
        raise NotAdministered
    return _embedded(config).url(database)


def _with_driver(url: str) -> str:
    return make_url(url).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


def login_password(config: Settings | None = None) -> str:
    """The password the login role is given by `prepare`: the one in DATABASE_URL, or the embedded server's."""
    return make_url(login_url(config)).password or ""


def prepare(connection: sa.Connection, password: str) -> None:
    """Roles and rights of a database: idempotent, needs a superuser (set_config is taken from PUBLIC, wall.md 2)."""
    for role in (wall.OWNER, *wall.ROLES):
        _role(connection, role, "nologin noinherit nosuperuser")
    _role(connection, wall.LOGIN, "login noinherit nosuperuser")
    driver: Any = connection.connection.driver_connection
    driver.execute(
        sql.SQL("alter role {} password {}").format(sql.Identifier(wall.LOGIN), sql.Literal(password))
    )
    for role in wall.ROLES:
        connection.execute(sa.text(f"grant {role} to {wall.LOGIN}"))
    name = connection.dialect.identifier_preparer.quote(
        connection.scalar(sa.text("select current_database()")) or ""
    )
    set_config = "pg_catalog.set_config(text, text, boolean)"
    for statement in (
        f"grant {wall.OWNER} to current_user",
        f"grant connect, temporary on database {name} to {', '.join((wall.LOGIN, *wall.ROLES))}",
        f"grant create on database {name} to {wall.OWNER}",
        f"revoke connect, temporary on database {name} from public",
        f"alter database {name} set jit = off",  # our statements are short: compiling them costs more than it saves
        f"grant usage, create on schema public to {wall.OWNER}",
        "revoke create on schema public from public",
        f"grant usage on schema public to {wall.LOGIN}",
        f"revoke execute on function {set_config} from public",
        f"grant execute on function {set_config} to {wall.LOGIN}",
        f"create schema if not exists {QUEUE_SCHEMA} authorization {wall.OWNER}",
    ):
        connection.exec_driver_sql(statement)
    prepare_queue(connection)


def _role(connection: sa.Connection, name: str, options: str) -> None:
    known = connection.execute(
        sa.text("select 1 from pg_roles where rolname = :name"), {"name": name}
    ).scalar()
    if not known:
        try:
            with connection.begin_nested():
                connection.execute(sa.text(f"create role {name} {options}"))
        except sa.exc.ProgrammingError as error:  # another process made it meanwhile
            if "already exists" not in str(error.orig):
                raise


def prepare_queue(connection: sa.Connection) -> None:
    """Procrastinate's tables in a schema of their own; the roles of the wall may only enqueue (wall.md 5)."""
    exists = connection.exec_driver_sql("select to_regclass('queue.procrastinate_jobs')").scalar()
    connection.exec_driver_sql(f"set local search_path = {QUEUE_SCHEMA}, public")
    if not exists:
        connection.exec_driver_sql(f"set local role {wall.OWNER}")
        driver: Any = connection.connection.driver_connection
        driver.execute(SchemaManager.get_schema().encode())
        connection.exec_driver_sql("reset role")
    roles = ", ".join(role for role in wall.ROLES if role != "panel_job")
    for statement in (
        f"grant usage on schema {QUEUE_SCHEMA} to {', '.join(wall.ROLES)}",
        f"grant all on all tables in schema {QUEUE_SCHEMA} to panel_job",
        f"grant all on all sequences in schema {QUEUE_SCHEMA} to panel_job",
        f"revoke execute on all functions in schema {QUEUE_SCHEMA} from public",
        f"grant execute on all functions in schema {QUEUE_SCHEMA} to panel_job",
        f"alter function procrastinate_defer_jobs_v1 security definer set search_path = {QUEUE_SCHEMA}, pg_temp",
        f"grant execute on function procrastinate_defer_jobs_v1 to {roles}",
        "set local search_path = public",
    ):
        connection.exec_driver_sql(statement)


def build(connection: sa.Connection) -> None:
    """All tables and the wall straight from the declarations: what the migrations must arrive at (drift test)."""
    import models  # noqa: F401  declares the tables

    connection.exec_driver_sql(f"set local role {wall.OWNER}")
    for statement in [wall.functions(), None, *wall.render(), *wall.secure_functions()]:
        if statement is None:
            Base.metadata.create_all(connection)
        else:
            connection.exec_driver_sql(statement.replace("%", "%%"))
    connection.exec_driver_sql("reset role")


def alembic_config(url: str, folder: Path = VERSIONS) -> Config:
    """Alembic's view of our revisions, and of those in another folder (tried before they are ours)."""
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", "\n".join(map(str, dict.fromkeys((VERSIONS, folder)))))
    config.attributes["url"] = url
    return config


def migrate(url: str, revision: str = "head", folder: Path = VERSIONS) -> None:
    """Bring the database at `url` (administrator) to a revision."""
    command.upgrade(alembic_config(url, folder), revision)


def show_revision(connection: sa.Connection) -> None:
    """Let web and worker see which revision the database is at; each migration takes such rights away (as owner)."""
    connection.exec_driver_sql(f"grant select on alembic_version to {wall.LOGIN}")


def behind(connection: sa.Connection) -> str:
    """What the login role can say of a database that is not at our revision, and what to do; "" when it is."""
    todo = f"请由管理员设置 PANEL_ADMIN_DATABASE_URL 后执行 {COMMAND} init"
    if connection.scalar(sa.text("select to_regclass('public.alembic_version')")) is None:
        return f"数据库中还没有表,{todo}"
    try:
        with connection.begin_nested():
            at = connection.scalar(sa.text("select version_num from alembic_version"))
    except sa.exc.ProgrammingError:  # last migrated before this could be seen
        return f"无法确认数据库结构的版本,{todo}"
    wanted = ScriptDirectory.from_config(alembic_config("")).get_current_head()
    return "" if at == wanted else f"数据库结构的版本是 {at},程序需要 {wanted},{todo}"
