"""Extending and withdrawing a batch, as its page asks for it (4.1, R27, R28)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from app.access.actor import JOB, Actor
from models.accounts import Account, AuditEntry
from models.declarations import DeclarationBatch
from models.kit import clock
from tests.conftest import Browser
from tests.factories_declarations import Cast, at, batch, cast, declaration
from tests.http import filled

LIST = "/console/declaration_batch/"
As = Callable[..., Any]


@pytest.fixture(autouse=True)
def in_the_window() -> Any:
    with clock.travel(at("2020-04-03 09:00")):
        yield


@pytest.fixture
def people(as_: As) -> Cast:
    return cast(as_)


@pytest.fixture
def opened(as_: As, browse: Any) -> Callable[[Actor], Browser]:
    def entered(actor: Actor) -> Browser:
        with as_(JOB) as db:
            found = db.get_one(Account, actor.account)
        return browse(found)  # type: ignore[no-any-return]

    return entered


@pytest.fixture
def made(as_: As, people: Cast) -> int:
    with as_(people.province) as db:
        row = batch(db)
        db.commit()
        return row.id


def stored(as_: As, key: int) -> DeclarationBatch:
    with as_(JOB) as db:
        return db.get_one(DeclarationBatch, key)  # type: ignore[no-any-return]


def asked(browser: Browser, name: str, key: int) -> str:
    """The page behind the button."""
    answer = browser.post(f"{LIST}action/{name}", {"rowid": str(key)})
    assert answer.status_code == 200, browser.text()
    return browser.text()


def test_an_end_typed_to_the_minute_includes_that_minute(
    as_: As, people: Cast, made: int, opened: Any
) -> None:
    """R28: 23:59 is what people write, the first moment outside is what is stored; the reason stays in the trail."""
    province = opened(people.province)
    page = asked(province, "extend", made)
    assert "延长期间院校可以继续新增、修改和提交申报" in page
    address, data = filled.form(page, window_to="2020-04-10 23:59", reason="部分院校断网")
    answer = province.post(address, data)
    assert (answer.status_code, answer.location) == (302, f"{LIST}{made}")
    assert stored(as_, made).window_to == at("2020-04-11 00:00")
    shown = province.get(answer.location).get_data(as_text=True)
    assert "已延长,申报时间:2020-04-01 00:00 ~ 2020-04-10 23:59" in shown
    with as_(JOB) as db:
        entry = db.scalars(sa.select(AuditEntry).where(AuditEntry.action == "extend")).one()
    assert (entry.table_name, entry.row_id, entry.reason) == ("declaration_batch", made, "部分院校断网")
    assert entry.account_id == people.province.account
    with clock.travel(at("2020-04-10 23:59")):
        home = opened(people.school).get("/console/declaring/").get_data(as_text=True)
    assert f"/console/declaration/add?batch_id={made}" in home


@pytest.mark.parametrize(
    ("window_to", "reason", "told"),
    [
        ("2020-04-10 23:59", "", "请填写原因"),
        ("2020-04-10 23:59", "断", "至少2个字"),
        ("2020-04-04 23:58", "部分院校断网", "新的申报截止应晚于当前时间和原申报截止"),
        ("2021-01-01 00:00", "部分院校断网", "2020年度的批次最晚到2020年12月31日24:00截止"),
        ("4月10日", "部分院校断网", "时间格式应为"),
        ("", "部分院校断网", "请填写新的申报截止"),
    ],
)
def test_what_is_refused_is_said_and_what_was_typed_stays(
    as_: As, people: Cast, made: int, opened: Any, window_to: str, reason: str, told: str
) -> None:
    province = opened(people.province)
    address, data = filled.form(asked(province, "extend", made), window_to=window_to, reason=reason)
    assert province.post(address, data).status_code == 422
    assert told in province.text()
    again = filled.form(province.text())[1]
    assert (again["window_to"], again["reason"]) == ([window_to], [reason])
    assert stored(as_, made).window_to == at("2020-04-05 00:00")


def test_a_batch_nobody_declares_in_goes_back_to_a_draft(
    as_: As, people: Cast, made: int, opened: Any
) -> None:
    school, province = opened(people.school), opened(people.province)
    name = stored(as_, made).name
    assert name in school.get("/console/declaring/").get_data(as_text=True)
    page = asked(province, "withdraw", made)
    assert "撤回后批次回到草稿,院校不再看到" in page
    answer = province.post(*filled.form(page))
    assert answer.status_code == 302
    assert stored(as_, made).published_at is None
    shown = province.get(answer.location).get_data(as_text=True)
    assert "已撤回1个批次" in shown and "草稿" in shown
    assert name not in school.get("/console/declaring/").get_data(as_text=True)


def test_a_batch_somebody_has_begun_to_declare_in_stays(
    as_: As, people: Cast, made: int, opened: Any
) -> None:
    """A draft counts, though the province does not see it."""
    with as_(people.school) as db:
        declaration(db, made)
        db.commit()
    province = opened(people.province)
    answer = province.post(*filled.form(asked(province, "withdraw", made)))
    assert answer.status_code == 409
    assert "中已有院校申报,不能撤回" in province.text()
    assert stored(as_, made).published_at == at("2020-03-20 09:00")


@pytest.mark.parametrize("name", ["extend", "withdraw"])
def test_only_the_provinces_principal_moves_a_batch(
    as_: As, people: Cast, made: int, opened: Any, name: str
) -> None:
    for actor in (people.staff, people.city, people.school):
        assert opened(actor).act("declaration_batch", name, [made]).status_code == 403
    assert stored(as_, made).published_at is not None
