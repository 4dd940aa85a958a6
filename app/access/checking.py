"""`flask panel check`: is this installation whole? Each finding says what to do (design section 5)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from app.access import database, wall
from config import Settings

Finding = str
SEAL = "panel wall "


def fingerprint(connection: sa.Connection) -> str:
    """One digest of everything the database has of tables, policies, grants, triggers and functions."""
    return hashlib.sha256("\n".join(wall.catalog(connection)).encode()).hexdigest()


def seal(connection: sa.Connection) -> None:
    """Remember, after a migration, how the wall stands (as the schema's comment): `check` compares."""
    connection.exec_driver_sql(f"comment on schema public is '{SEAL}{fingerprint(connection)}'")


def findings(engine: sa.Engine, config: Settings) -> Iterator[Finding]:
    """What is wrong; nothing when all is well. Asks as the login role, the way web and worker do."""
    try:
        with engine.connect() as connection:
            for check in (_roles, _set_config, _revision, _wall, _queue):
                yield from check(connection)
    except DBAPIError as error:
        yield f"database: cannot be reached ({type(error.orig).__name__}); is it running, is DATABASE_URL right?"
    yield from _folders(config)
    yield from _fonts()


def _roles(connection: sa.Connection) -> Iterator[Finding]:
    row = connection.execute(
        sa.text(
            "select rolsuper, rolinherit, rolbypassrls, rolname from pg_roles where rolname = current_user"
        )
    ).one()
    if row.rolsuper or row.rolbypassrls:
        yield f"database: {row.rolname} walks through the wall; connect as {wall.LOGIN}"
    if row.rolinherit:
        yield f"database: {row.rolname} must be NOINHERIT; run `{database.COMMAND} database prepare` as administrator"
    known = set(connection.scalars(sa.text("select rolname from pg_roles")))
    if missing := [role for role in wall.ROLES if role not in known]:
        yield f"database: roles are missing ({', '.join(missing)}); run `{database.COMMAND} database prepare`"


def _set_config(connection: sa.Connection) -> Iterator[Finding]:
    """An actor's role that may call set_config could change its tenant (wall.md 2)."""
    allowed = connection.scalars(
        sa.text(
            "select r.rolname from pg_roles r where r.rolname = any(:roles)"
            " and has_function_privilege(r.oid, 'pg_catalog.set_config(text, text, boolean)', 'execute')"
        ),
        {"roles": list(wall.ROLES)},
    ).all()
    if allowed:
        yield f"database: {', '.join(allowed)} may call set_config; run `{database.COMMAND} database prepare` as a superuser"


def _revision(connection: sa.Connection) -> Iterator[Finding]:
    if problem := database.behind(connection):
        yield f"database: {problem}"


def _wall(connection: sa.Connection) -> Iterator[Finding]:
    sealed = connection.scalar(sa.text("select obj_description('public'::regnamespace)")) or ""
    if not sealed.startswith(SEAL):
        yield f"wall: never sealed; run `{database.COMMAND} init`"
    elif sealed.removeprefix(SEAL) != fingerprint(connection):
        yield "wall: tables, policies, grants, triggers or functions were changed by hand since the last migration"


def _queue(connection: sa.Connection) -> Iterator[Finding]:
    definer = connection.scalar(
        sa.text(
            "select prosecdef from pg_proc where proname = 'procrastinate_defer_jobs_v1'"
            " and pronamespace = to_regnamespace('queue')"
        )
    )
    if not definer:
        yield f"queue: not ready (or upgraded without its rights); run `{database.COMMAND} init`"


def _folders(config: Settings) -> Iterator[Finding]:
    for folder in (config.files_dir, config.keys_dir):
        probe = folder / ".probe"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            probe.write_bytes(b"")
            probe.unlink()
        except OSError as error:
            yield f"files: {folder} cannot be written ({error.strerror})"
    loose = [
        path.name for path in config.keys_dir.glob("*") if path.is_file() and path.stat().st_mode & 0o077
    ]
    if loose:
        yield f"keys: {', '.join(loose)} can be read by others; chmod 600"


def _fonts() -> Iterator[Finding]:
    try:
        distribution("noto-cjk-sans-otc")
    except PackageNotFoundError:
        yield "fonts: the package noto-cjk-sans-otc is missing; run `make setup`"
