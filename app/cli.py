"""`.venv/bin/flask --app run panel …`: what an operator does at the machine."""

from __future__ import annotations

from pathlib import Path

import click
import sqlalchemy as sa
from flask import current_app
from flask.cli import AppGroup

from app.access import checking, database
from app.access.actor import AUTH, JOB, acting_as, make_engine
from app.access.embedded_upgrade import upgrade
from app.demo import loading, shown
from app.jobs.worker import run_worker
from app.panel.describing import describe, roles
from app.services import logins, notify
from config import settings
from models.accounts import Account

panel = AppGroup("panel", help="Operate the 1+X certificate platform.")
panel.add_command(describe)
panel.add_command(roles)


@panel.command()
def init() -> None:
    """Prepare the database (roles, queue) and migrate it to the newest schema; with DATABASE_URL alone, only see that
    both were done."""
    try:
        url = database.admin_url()
    except database.NotAdministered:
        _demand_current()
    else:
        _bring_up(url)
    session = current_app.extensions["panel_session"]
    with acting_as(JOB, session()):
        notify.lay_templates(session())
        session.commit()
    click.echo("database ready")


def _bring_up(url: str) -> None:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        database.prepare(connection, database.login_password())
    database.migrate(url)
    with engine.begin() as connection:
        database.show_revision(connection)
        checking.seal(connection)


def _demand_current() -> None:
    """Stop here, and say what to do, unless the database is ready for this program."""
    try:
        with sa.create_engine(database.login_url(), poolclass=sa.NullPool).connect() as connection:
            problem = database.behind(connection)
    except sa.exc.OperationalError as error:
        problem = (
            f"无法以 DATABASE_URL 连接数据库:{error.orig}请检查地址和密码;新的数据库先由管理员设置"
            f" PANEL_ADMIN_DATABASE_URL 后执行 {database.COMMAND} database prepare"
        )
    if problem:
        click.echo(problem, err=True)
        raise SystemExit(1)


def _admin_url() -> str:
    try:
        return database.admin_url()
    except database.NotAdministered as error:
        raise click.ClickException(str(error)) from None


@panel.command()
def check() -> None:
    """Verify this installation: database, migrations, wall, queue, files, keys, fonts. Exit code 1 with what to do."""
    engine = make_engine(database.login_url())
    found = list(checking.findings(engine, settings()))
    engine.dispose()
    for finding in found:
        click.echo(finding, err=True)
    if found:
        raise SystemExit(1)
    click.echo("all is well")


@panel.group("database")
def database_group() -> None:
    """The database server."""


@database_group.command("prepare")
def prepare_database() -> None:
    """Create the wall's roles and rights in the database of PANEL_ADMIN_DATABASE_URL (once, as administrator)."""
    engine = sa.create_engine(_admin_url(), poolclass=sa.NullPool)
    with engine.begin() as connection:
        database.prepare(connection, database.login_password())
    click.echo("roles and rights are in place")


@database_group.command("upgrade")
def upgrade_database() -> None:
    """Carry an embedded database of an older PostgreSQL major to this one; the old folder is kept."""
    click.echo(upgrade(settings().data_dir))


@panel.command("worker")
def worker() -> None:
    """Run background jobs until stopped."""
    run_worker()


@panel.command("login-link")
@click.argument("username")
def login_link(username: str) -> None:
    """Print a one-time link, valid two minutes, that logs USERNAME in."""
    if not settings().login_link_allowed:
        raise click.ClickException("login links are switched off (PANEL_LOGIN_LINK_ALLOWED)")
    session = current_app.extensions["panel_session"]
    with acting_as(AUTH, session()):
        account = session.scalars(sa.select(Account).where(Account.username == username)).one_or_none()
        if account is None:
            raise click.ClickException(f"no account {username}")
        click.echo(f"{settings().base_url}/login/link/{logins.login_token(account)}")


@panel.command()
@click.argument("message")
@click.option("--folder", type=click.Path(path_type=Path, file_okay=False), default=database.VERSIONS)
def migration(message: str, folder: Path) -> None:
    """Write the next revision from the difference between the declarations and a database at head."""
    from app.access.migrating import write_revision

    for path in write_revision(_admin_url(), message, folder):
        click.echo(path.name)


@panel.command()
@click.option("--json", "as_json", is_flag=True, help="Print accounts and identifiers for a script.")
def demo(as_json: bool) -> None:
    """Load the demonstration data, once."""
    found = loading.load(current_app.extensions["panel_session"]())
    if as_json:
        click.echo(loading.as_json(found))
    else:
        click.echo("\n".join(shown.lines(found["accounts"])))
