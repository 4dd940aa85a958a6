"""What the derived tests share: who stands for a role, which rows that role sees, what the database held before."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_jwt_extended import create_access_token
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from app.access.actor import AUTH, JOB, PUBLIC, Actor, acting_as
from app.access.roles import ROLES
from app.services.logins import actor_of
from models.accounts import Account
from models.kit import declared_models
from tests.conftest import Browser
from tests.demonstration import ACCOUNTS
from tests.http.api import Client

EVERY_ROLE = [*(role for role in ROLES if role != "public"), "public"]
ONE_A_KIND = list({role.partition(".")[0]: role for role in reversed(EVERY_ROLE[:-1])}.values())[::-1]


def first_of_its_kind(role: str, table: str, verb: str) -> bool:
    """Whether no role named earlier of the same kind of actor holds this permission: the wall tells kinds apart, the
    role table roles, so what is behind a door is looked at once a kind."""
    kind = role.partition(".")[0]
    earlier = EVERY_ROLE[: EVERY_ROLE.index(role)]
    return not any(r.partition(".")[0] == kind and verb in ROLES[r].get(table, ()) for r in earlier)


NOWHERE = 10**15 + 7
TRAIL = (
    "audit_entry",
    "login_record",
    "job",
    "staged_chunk",
)  # grow by what is tried; all else stays as it was


_SEEN: dict[
    str, dict[tuple[str, str], list[int]]
] = {}  # what a role sees, by database: the common one stays as it is


class Demo:
    """The demonstration database of one test, seen by the roles and by an administrator."""

    def __init__(self, app: Flask, session: Session, owner: Engine, browse: Callable[..., Browser]) -> None:
        self.app, self.session, self.owner, self._browse = app, session, owner, browse
        self._seen = _SEEN.setdefault(str(owner.url.database), {})

    def account(self, role: str) -> Account:
        with acting_as(JOB, self.session):
            return self.session.scalars(sa.select(Account).where(Account.username == ACCOUNTS[role])).one()

    def actor(self, role: str) -> Actor:
        return PUBLIC if role == "public" else actor_of(self.account(role))

    def browser(self, role: str) -> Browser:
        """A browser in which the role's account is logged in; its CSRF token is asked for once."""
        browser = self._browse(None if role == "public" else self.account(role))
        token = browser.token()
        browser.token = lambda: token  # type: ignore[method-assign]
        return browser

    def api(self, role: str) -> Client:
        """A program with the role's token."""
        client = Client(self.app)
        if role == "public":
            return client
        with acting_as(AUTH, self.session):
            account = self.session.scalars(sa.select(Account).where(Account.username == ACCOUNTS[role])).one()
            actor, epoch = actor_of(account), account.epoch
        claims = [actor.kind, actor.account, actor.tenant, actor.role, actor.name, list(actor.menus), epoch]
        with self.app.app_context():
            client.token = create_access_token(str(actor.account), additional_claims={"actor": claims})
        return client

    def visible(self, role: str, table: str) -> list[int]:
        """The ids the role's own SQL session sees."""
        key = (role, table)
        if key not in self._seen or table in TRAIL:
            with acting_as(self.actor(role), self.session):
                try:
                    self._seen[key] = list(
                        self.session.scalars(sa.text(f"select id from {table} order by id"))
                    )
                except sa.exc.ProgrammingError:  # no grant: nothing is there
                    self._seen[key] = []
        return self._seen[key]

    def every(self, table: str) -> list[int]:
        """All ids, as an administrator sees them."""
        with self.owner.connect() as connection:
            return list(connection.scalars(sa.text(f"select id from {table} order by id")))

    def own(self, role: str, table: str) -> int | None:
        return next(iter(self.visible(role, table)), None)

    def foreign(self, role: str, table: str) -> int | None:
        """A row that exists and is not this role's to see."""
        seen = set(self.visible(role, table))
        return next((key for key in self.every(table) if key not in seen), None)

    def state(self) -> dict[str, tuple[int, int]]:
        """Rows and versions of every table but the trail: equal before and after, or something was changed."""
        tables = [model.__tablename__ for model in declared_models() if model.__tablename__ not in TRAIL]
        union = " union all ".join(
            f"select '{table}', count(*), coalesce(sum(version), 0) from {table}" for table in tables
        )
        with self.owner.connect() as connection:
            return {name: (rows, versions) for name, rows, versions in connection.execute(sa.text(union))}


@pytest.fixture
def demo(app: Flask, session: Session, owner: Engine, browse: Callable[..., Browser]) -> Iterator[Demo]:
    """For tests marked `demo`."""
    return Demo(app, session, owner, browse)


def doors(app: Flask) -> list[tuple[Any, Any, str]]:
    """(rule, view function, method) of every door of the URL map that is neither static nor automatic."""
    return [
        (rule, app.view_functions[rule.endpoint], method)
        for rule in app.url_map.iter_rules()
        for method in sorted(rule.methods - {"HEAD", "OPTIONS"})
    ]
