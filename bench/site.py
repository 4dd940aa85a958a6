"""The platform really running on the demonstration's year of business, for what only a browser can measure."""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from app.access.embedded import EmbeddedPostgres
from bench import ground

START_SECONDS = 60


@dataclass(frozen=True)
class Site:
    """Where it answers, and how to log in."""

    address: str
    database: str

    def login_link(self, username: str) -> str:
        import sqlalchemy as sa

        from app.access.actor import AUTH, WalledSession, acting_as, make_engine
        from app.services import logins
        from models.accounts import Account

        with WalledSession(make_engine(self.database)) as session, acting_as(AUTH, session):
            account = session.scalars(sa.select(Account).where(Account.username == username)).one()
            return f"{self.address}/login/link/{logins.login_token(account)}"


@contextmanager
def running_site() -> Iterator[Site]:
    """What `make run` starts, without the worker, on a free port."""
    with ground.server() as server:
        database = server.url(_demonstration(server), ground.LOGIN)
        address = f"http://127.0.0.1:{(port := _free_port())}"
        command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--factory", "run:create_app"]
        command += ["--host", "127.0.0.1", "--port", str(port), "--http", "1", "--no-ws"]
        command += ["--workers", "1", "--blocking-threads", "8", "--log-level", "error"]
        process = subprocess.Popen(
            command, cwd=ground.ROOT, env={**os.environ, "DATABASE_URL": database, "PORT": str(port)}
        )
        try:
            _wait(process, f"{address}/healthz")
            yield Site(address, database)
        finally:
            process.terminate()
            process.wait(20)


def _demonstration(server: EmbeddedPostgres) -> str:
    """A database with the demonstration in it, made once for a state of the code and kept."""
    import psycopg
    import sqlalchemy as sa

    from app.access import database
    from app.access.actor import WalledSession, make_engine
    from app.demo import loading

    name = f"bench_site_{_fingerprint()}"
    with psycopg.connect(ground.plain(server.url("postgres")), autocommit=True) as admin:
        if admin.execute("select 1 from pg_database where datname = %s", (name,)).fetchone():
            return name
        admin.execute(f'drop database if exists "{name}_draft" with (force)')
        admin.execute(f'create database "{name}_draft"')
    engine = sa.create_engine(server.url(f"{name}_draft"), poolclass=sa.NullPool)
    with engine.begin() as connection:
        database.prepare(connection, server.password(ground.LOGIN))
        database.build(connection)
    import app.services.registry  # noqa: F401  registers every action the business uses

    working = make_engine(server.url(f"{name}_draft", ground.LOGIN))
    with WalledSession(working, expire_on_commit=False) as session:
        loading.load(session)
    working.dispose()
    with psycopg.connect(ground.plain(server.url("postgres")), autocommit=True) as admin:
        admin.execute(f'alter database "{name}_draft" rename to "{name}"')
    return name


def _fingerprint() -> str:
    digest = hashlib.sha256()
    for folder in ("models", "app/access", "app/demo", "app/services"):
        for path in sorted((ground.ROOT / folder).rglob("*")):
            if path.suffix in (".py", ".sql"):
                digest.update(path.read_bytes())
    return digest.hexdigest()[:10]


def _wait(process: subprocess.Popen[bytes], url: str) -> None:
    for _ in range(START_SECONDS * 5):
        if process.poll() is not None:
            break
        try:
            urllib.request.urlopen(url, timeout=2).close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise RuntimeError("the server does not answer")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def chromium() -> str:
    """The machine's browser."""
    from tools.machine import BROWSERS

    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)))
