"""A server of its own process with one table more than ours: `python -m tests.http.example_server LOGIN PASSWORD FOLDER`.

The worked example must not be declared where other tests look at the declarations, so it lives here alone. Its table
comes into the database (PANEL_ADMIN_DATABASE_URL) as a developer brings it there: by the revision that `panel migration`
writes, here into FOLDER. Prints one JSON line when it answers: its port, and the name and one-time link of two schools'
managers. Then each line it reads is a command of `flask`, as a JSON list, or `null` for the waiting jobs; it answers
with what was said, a JSON string.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session, sessionmaker
from werkzeug.serving import make_server

import models  # noqa: F401  declares the tables
from app.access import database
from app.access.actor import AUTH, JOB, Actor, WalledSession, acting_as, make_engine
from app.access.roles import ROLES, _parse
from app.jobs.running import run_pending
from app.services import logins
from config import settings
from models.accounts import Account, Role
from models.kit import complete
from models.kit.cipher import cipher
from tests import factories, worked_example
from tests.factories_registrations import a_pilot_school_with_quota
from tests.http.api import PASSWORD

PAGE = database.ROOT / "docs" / "architecture.md"


def main(login: str, password: str, folder: str) -> None:
    complete()
    (line,) = re.findall(r"^equipment: .*$", PAGE.read_text(), flags=re.M)  # as the page says, and no more
    for role in ("school.manager", "school.principal"):
        ROLES[role] |= _parse(line)
    cipher.load({1: settings().personal_data_key.get_secret_value()})
    admin = database.admin_url()
    with sa.create_engine(admin, poolclass=sa.NullPool).begin() as connection:
        database.prepare(connection, password)
    database.migrate(admin)

    from run import create_app  # only now: it makes a console of every table declared so far

    app = create_app(make_engine(login))
    written = _command(app, ["panel", "migration", "equipment", "--folder", folder])
    database.migrate(admin, folder=Path(folder))
    people = _people(login)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    Thread(target=server.serve_forever, daemon=True).start()
    table = worked_example.Equipment.__tablename__
    _tell({"port": server.server_port, "table": table, "people": people, "written": written})
    factory = sessionmaker(make_engine(login), class_=WalledSession, expire_on_commit=False)
    for line in sys.stdin:
        command = json.loads(line)
        _tell(_command(app, command) if command else f"{run_pending(factory)} jobs")


def _command(app: Flask, words: list[str]) -> str:
    """What a command of `flask` prints."""
    done = app.test_cli_runner().invoke(args=words)
    if done.exit_code:
        raise RuntimeError(done.output) from done.exception
    return done.output


def _tell(what: Any) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def _people(url: str) -> dict[str, dict[str, str]]:
    """Two pilot schools, each with a manager."""
    engine = make_engine(url)
    with WalledSession(engine, expire_on_commit=False) as session:

        @contextmanager
        def as_(actor: Actor = JOB) -> Iterator[Session]:
            with acting_as(actor, session):
                yield session

        found: dict[str, dict[str, str]] = {}
        for name, school in (("qingdao", 11), ("beijing", 10)):
            a_pilot_school_with_quota(as_, school_id=school)
            found[name] = _manager(as_, school)
    engine.dispose()
    return found


def _manager(as_: Any, school: int) -> dict[str, str]:
    with as_() as db:
        account = factories.account(db, Role.SCHOOL_MANAGER, school_id=school)
        db.commit()
    with as_(AUTH) as db:
        logins.set_password(db, account.id, PASSWORD, must_change=False)
        db.commit()
        token = logins.login_token(db.get_one(Account, account.id))
        return {"username": account.username, "link": f"/login/link/{token}"}


if __name__ == "__main__":
    main(*sys.argv[1:])
