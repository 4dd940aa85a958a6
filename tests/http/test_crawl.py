"""Every role walks through everything it is shown: no fault, no dead link, no link to a page it may not see (check 8),
and looking changes nothing (check 7)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from app.demo import base
from models.accounts import Role
from models.kit import declared_models

ROLES = [role for role in Role if role is not Role.CANDIDATE]
MOST_PAGES = 150


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.value)
def test_no_link_of_a_console_leads_nowhere(
    role: Role, as_: Callable[..., Any], browse: Callable[..., Any], owner: Engine
) -> None:
    with as_() as db:
        ground = base.lay(db, 1, "Demo1234")
        db.commit()
    browser = browse(ground.accounts[role.value])
    before = _rows(owner)
    seen, waiting, bad = set(), ["/console/"], []
    while waiting and len(seen) < MOST_PAGES:
        url = waiting.pop(0)
        answer = browser.get(url)
        if answer.status_code >= 400:
            bad.append((url, answer.status_code))
        for link in re.findall(r'<a[^>]+href="(/(?:console|desk)/[^"#]*)"', answer.get_data(as_text=True)):
            link = link.replace("&amp;", "&")
            shape = re.sub(r"\d+", "0", link)
            if shape not in seen:
                seen.add(shape)
                waiting.append(link)
    assert bad == []
    assert _rows(owner) == before


def _rows(owner: Engine) -> dict[str, tuple[int, int]]:
    """Rows and versions of every table: a GET leaves both as they were."""
    with owner.connect() as connection:
        return {
            model.__tablename__: tuple(
                connection.execute(
                    sa.text(f"select count(*), coalesce(sum(version), 0) from {model.__tablename__}")
                ).one()
            )
            for model in declared_models()
            if model.__tablename__ not in ("login_record", "audit_entry")
        }
