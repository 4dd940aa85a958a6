"""The application boots and shows a person only the console of their own role."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from models.accounts import Role
from tests import factories
from tests.factories_declarations import make_pilot
from tests.models import world


def test_a_school_principal_enters_and_sees_the_school_console(
    as_: Callable[..., Any], browse: Callable[..., Any]
) -> None:
    world.found(as_)
    with as_() as db:
        principal = factories.account(db, Role.SCHOOL_PRINCIPAL, school_id=11)
        make_pilot(db)
        db.commit()
    browser = browse(principal)
    page = browser.get("/console/")
    assert page.status_code == 200
    assert "考试管理" in browser.text() and "指标管理" not in browser.text()


def test_nobody_is_sent_to_the_login_page(browse: Callable[..., Any]) -> None:
    answer = browse().get("/console/candidate/")
    assert answer.status_code == 302 and "/login/" in answer.location
