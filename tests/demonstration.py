"""The demonstration database as a template: a year of business for many tenants, made once per state of the code and
day, copied in a fraction of a second by each test marked `demo`."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa

from app.access import wall
from app.access.actor import JOB, WalledSession, acting_as, make_engine
from app.access.embedded import EmbeddedPostgres
from app.demo import base
from app.demo.business import Business
from models.accounts import Role
from models.kit import Email, Rich, Text, Url, clock, declared_models, fields_of
from tests.security import filling

ROOT = Path(__file__).resolve().parents[1]
LOCK, PREFIX = 714, "panel_demo_"
# The account that stands for a role in the tests: all of them have business in common.
ACCOUNTS = {
    "platform.operator": "operator",
    "platform.auditor": "auditor",
    "platform.editor": "editor",
    "province.principal": "province33",
    "province.staff": "province33b",
    "city.principal": "city330100",
    "city.staff": "city330100b",
    "school.principal": "school01",
    "school.manager": "school01m",
    "school.staff": "school01s",
    "organisation.principal": "org1",
    "organisation.manager": "org1m",
    "organisation.clerk": "org1c",
    "candidate": "candidate1",
}


def fingerprint(schema: str) -> str:
    """Changes with the schema, with whatever carries the business out, and with the day it is relative to."""
    digest = hashlib.sha256(f"{schema} {clock.today()}".encode())
    for folder in (
        "app/demo",
        "app/services",
        "app/scheduling",
        "tests/security/filling.py",
        "tests/demonstration.py",
    ):
        path = ROOT / folder
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def ensure(server: EmbeddedPostgres, template: str, admin_url: str) -> str:
    """The name of the template, made now if nobody has yet; whoever comes meanwhile waits."""
    name = f"{PREFIX}{fingerprint(template)}"
    with psycopg.connect(admin_url, autocommit=True) as admin:
        admin.execute("select pg_advisory_lock(%s)", (LOCK,))
        if not admin.execute("select 1 from pg_database where datname = %s", (name,)).fetchone():
            for (old,) in admin.execute(
                "select datname from pg_database where starts_with(datname, %s)", (PREFIX,)
            ).fetchall():
                _drop(admin, old)
            draft = f"{name}_draft"
            admin.execute(f'drop database if exists "{draft}" with (force)')
            admin.execute(f'create database "{draft}" template "{template}" strategy file_copy')
            admin.execute(
                f'grant connect, temporary on database "{draft}" to {wall.LOGIN}, {", ".join(wall.ROLES)}'
            )
            # In a thread of its own: signing PDFs runs an event loop, and Playwright's may live in this one.
            with ThreadPoolExecutor(1) as apart:
                apart.submit(_furnish, server, draft).result()
            admin.execute(f'alter database "{draft}" rename to "{name}"')
        admin.execute("select pg_advisory_unlock(%s)", (LOCK,))
    return name


def _drop(admin: psycopg.Connection[Any], name: str) -> None:
    try:
        admin.execute(f'drop database if exists "{name}"')
    except psycopg.Error:  # another run still copies from it
        return


def _furnish(server: EmbeddedPostgres, name: str) -> None:
    engine = make_engine(server.url(name, wall.LOGIN))
    with WalledSession(engine, expire_on_commit=False) as session:
        with acting_as(JOB, session):
            ground = base.lay(session, 1, "Demo1234")
            session.commit()
        Business(session, ground).run()
        with acting_as(JOB, session):
            _an_account_more(session, ground)
            session.commit()
    engine.dispose()
    admin = sa.create_engine(server.url(name), poolclass=sa.NullPool)
    with admin.begin() as connection:
        left = filling.fill(connection)
        assert not left, f"no row could be invented for {left}"
    with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("analyze")
    admin.dispose()


# Text that code looks rows up by, or reads as numbers; and places where only our own sanitised HTML is kept.
UNMARKED = {
    "account.username", "stored_file.key", "stored_file.kind", "job.kind", "audit_entry.action", "audit_entry.table_name",
}  # fmt: skip
UNMARKED_TABLES = {"parameter", "number_sequence", "credential", "captcha", "sms_code", "staged_chunk"}


def mark(connection: sa.Connection) -> int:
    """Put a marker into every text column of every row: what comes out as an element was not escaped. Keys and
    triggers are asleep meanwhile; a column whose rules refuse it stays as it was. Returns the columns marked."""
    marked = 0
    connection.exec_driver_sql("set session_replication_role = replica")
    for model in declared_models():
        table = model.__tablename__
        for name, field in fields_of(model).items():
            value = _marker(field.type)
            if not value or field.computed or table in UNMARKED_TABLES or f"{table}.{name}" in UNMARKED:
                continue
            savepoint = connection.begin_nested()
            try:
                connection.execute(sa.text(f"update {table} set {name} = {value} where {name} is not null"))
            except sa.exc.DBAPIError:
                savepoint.rollback()
                continue
            savepoint.commit()
            marked += 1
    connection.exec_driver_sql("set session_replication_role = origin")
    return marked


def _marker(kind: object) -> str:
    """A SQL expression that fits the column and differs from row to row."""
    if isinstance(kind, Rich):
        return "'<p>' || id || '</p>'"
    if not isinstance(kind, Text) or isinstance(kind, Email):
        return ""
    if isinstance(kind, Url):
        return "'https://x.cn/\"><xss ' || id"
    if kind.length >= 24:
        return "'<xss id=\"' || id || '\"'''"
    return "'<xss ' || id % 1000" if kind.length >= 9 else ""


def _an_account_more(session: Any, ground: base.Ground) -> None:
    """A candidate with results, at the school that the tests look at."""
    person = session.scalar(
        sa.text(
            "select r.person_id from certificate_result r join school s on s.id = r.school_id"
            " join account a on a.school_id = s.id and a.username = :school"
            " where r.visible_from <= app_now() order by r.id limit 1"
        ),
        {"school": ACCOUNTS["school.principal"]},
    )
    base.add_account(session, ground, Role.CANDIDATE, ACCOUNTS["candidate"], "代办人", "", person_id=person)
