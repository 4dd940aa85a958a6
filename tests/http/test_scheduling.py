"""The scheduling board in the browser: run, warn, publish, take back (7.3; R85, E99, E102)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from app.jobs.running import run_pending
from models.accounts import Account, Role
from models.kit import clock
from models.scheduling import SeatAssignment
from tests import factories
from tests import factories_registrations as made
from tests.factories_scheduling import IN_SCHEDULING, a_plan_with, count, scheduled
from tests.jobs.conftest import factory
from tests.models.world import ORGANISATION

__all__ = ["factory"]


@pytest.fixture(autouse=True)
def in_scheduling() -> Iterator[None]:
    with clock.travel(IN_SCHEDULING):
        yield


def somebody(as_: Any, role: Role, **tenant: int) -> Account:
    with as_() as db:
        account = factories.account(db, role, **tenant)
        db.commit()
        return account


def test_a_plan_is_scheduled_by_the_button_and_published_after_the_warning(
    as_: Any, browse: Any, factory: Any
) -> None:
    """E99."""
    plan, _ = a_plan_with(as_, 3, 2)
    browser = browse(somebody(as_, Role.ORGANISATION_MANAGER, organisation_id=5))
    board = f"/console/scheduling/{plan}/"
    assert browser.get(board).status_code == 200
    assert "还没有排考" in browser.text() and 'aria-label="全部科目已排人次"' in browser.text()
    answer = browser.act("exam_plan", "auto_schedule", [plan])
    assert answer.status_code == 302 and answer.location.startswith("/console/jobs/")
    run_pending(factory)
    browser.get(board)
    for words in ("该科目共安排了1个考点,已安排2人,尚余1人未排考", "座位不足", "青岛学院", "编排中"):
        assert words in browser.text()
    answer = browser.act("exam_plan", "publish_schedule", [plan])
    assert answer.status_code == 422 and "尚余2人未排考,仍要发布请勾选" in browser.text()
    answer = browser.act("exam_plan", "publish_schedule", [plan], {"accept_left": "y"})
    assert (answer.status_code, answer.location) == (302, board)
    browser.get(board)
    assert "已发布" in browser.text()
    answer = browser.act("exam_plan", "unschedule", [plan])
    assert answer.location == board
    with as_(ORGANISATION) as db:
        assert count(db, SeatAssignment) == 0


def test_outside_the_window_the_buttons_say_why(as_: Any, browse: Any) -> None:
    plan, _ = a_plan_with(as_, 1, 2)
    with clock.travel(made.at("2020-12-25T09:00")):
        browser = browse(somebody(as_, Role.ORGANISATION_MANAGER, organisation_id=5))
        browser.get(f"/console/scheduling/{plan}/")
        assert "不在排考时间内(2020-12-15 00:00~2020-12-21 23:59)" in browser.text()
        assert browser.act("exam_plan", "auto_schedule", [plan]).status_code == 409


def test_after_the_window_no_row_offers_what_would_be_refused(as_: Any, browse: Any) -> None:
    """R85: a button is there only where state, role and window allow it."""
    plan, _ = a_plan_with(as_, 3, 2)
    scheduled(as_, plan)
    account = somebody(as_, Role.ORGANISATION_MANAGER, organisation_id=5)
    offered = {
        "registration": ["手工排考"],
        "seat_assignment": ["调整座位", "撤销座位"],
        "plan_subject": ["撤销排考"],
    }
    for moment, due in ((IN_SCHEDULING, True), (made.at("2020-12-22T00:00"), False)):
        with clock.travel(moment):
            browser = browse(account)
            for table, words in offered.items():
                browser.get(f"/console/{table}/")
                rows = browser.text().partition("<tbody")[2]
                assert rows, table
                for word in words:
                    assert (word in rows) is due, (table, word, moment)


@pytest.mark.parametrize(
    ("role", "tenant"),
    [(Role.SCHOOL_PRINCIPAL, {"school_id": 11}), (Role.ORGANISATION_CLERK, {"organisation_id": 5})],
)
def test_e102_others_have_no_board_and_no_such_action(as_: Any, browse: Any, role: Role, tenant: Any) -> None:
    plan, _ = a_plan_with(as_, 1, 2)
    browser = browse(somebody(as_, role, **tenant))
    assert browser.get(f"/console/scheduling/{plan}/").status_code == 403
    assert browser.act("exam_plan", "auto_schedule", [plan]).status_code == 403
    assert browser.act("borrowed_site", "add", [1]).status_code in (403, 404)
    assert browser.post("/console/borrowed_site/add", {"plan_id": plan}).status_code in (403, 404)


def test_the_number_of_statements_of_the_board_does_not_grow(
    as_: Any, browse: Any, engine: sa.Engine
) -> None:
    plan, _ = a_plan_with(as_, 12, 3, 3, 3)
    scheduled(as_, plan)
    browser = browse(somebody(as_, Role.ORGANISATION_MANAGER, organisation_id=5))
    asked: list[str] = []
    sa.event.listen(engine, "before_cursor_execute", lambda *a: asked.append(a[2]))
    browser.get(f"/console/scheduling/{plan}/")
    assert len(asked) < 20


def test_another_organisations_plan_is_not_there(as_: Any, browse: Any) -> None:
    from tests.factories_scheduling import a_second_organisation

    plan, _ = a_plan_with(as_, 1, 2)
    a_second_organisation(as_)
    browser = browse(somebody(as_, Role.ORGANISATION_MANAGER, organisation_id=6))
    assert browser.get(f"/console/scheduling/{plan}/").status_code == 404


def test_the_overview_leads_to_the_boards(as_: Any, browse: Any) -> None:
    plan, _ = a_plan_with(as_, 3, 2)
    scheduled(as_, plan)
    browser = browse(somebody(as_, Role.ORGANISATION_MANAGER, organisation_id=5))
    browser.get("/console/scheduling/")
    assert f'href="/console/scheduling/{plan}/"' in browser.text() and ">排考<" in browser.text()
    browser.get(f"/console/scheduling/{plan}/")
    assert "编排总表" in browser.text()
