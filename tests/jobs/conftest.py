"""A school with two accounts, and a way to make sessions as the worker does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session, sessionmaker

from app.access.actor import Actor, WalledSession
from app.services.logins import actor_of
from models.accounts import Role
from tests import factories
from tests.models import world


@pytest.fixture
def factory(engine: Engine) -> Callable[[], Session]:
    return sessionmaker(engine, class_=WalledSession, expire_on_commit=False)


@pytest.fixture
def manager(as_: Any) -> Actor:
    """The business manager of the school in Qingdao."""
    world.found(as_)
    with as_() as db:
        made = actor_of(factories.account(db, Role.SCHOOL_MANAGER, school_id=11))
        db.commit()
    return made


@pytest.fixture
def beijing(as_: Any, manager: Actor) -> Actor:
    """The business manager of the school in Beijing."""
    with as_() as db:
        made = actor_of(factories.account(db, Role.SCHOOL_MANAGER, school_id=10))
        db.commit()
    return made
