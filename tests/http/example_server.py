"""A server of its own process with one table more than ours: `python -m tests.http.example_server ADMIN LOGIN PASSWORD`.

The worked example must not be declared where other tests look at the declarations, so it lives here alone. Prints one
JSON line when it answers: its port, and the name and one-time link of two schools' managers.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session
from werkzeug.serving import make_server

import models  # noqa: F401  declares the tables
from app.access import database
from app.access.actor import AUTH, JOB, Actor, WalledSession, acting_as, make_engine
from app.access.roles import ROLES
from app.services import logins
from config import settings
from models.accounts import Account, Role
from models.kit import complete
from models.kit.cipher import cipher
from tests import factories, worked_example
from tests.factories_registrations import a_pilot_school_with_quota
from tests.http.api import PASSWORD


def main(admin: str, login: str, password: str) -> None:
    complete()
    for role in ("school.manager", "school.principal"):
        ROLES[role]["equipment"] = frozenset(
            ("list", "add", "edit", "delete", "import", "export", "take", "scrap")
        )
    cipher.load({1: settings().personal_data_key.get_secret_value()})
    engine = sa.create_engine(admin)
    with engine.begin() as connection:
        database.prepare(connection, password)
        database.build(connection)
    engine.dispose()
    people = _people(login)

    from run import create_app  # only now: it makes a console of every table declared so far

    server = make_server("127.0.0.1", 0, create_app(make_engine(login)), threaded=True)
    told = {"port": server.server_port, "table": worked_example.Equipment.__tablename__, "people": people}
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()
    server.serve_forever()


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
