"""选择列: the columns of a list that a person wants, in that person's order, for that list alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from lxml import html

from app.access.actor import JOB
from models.accounts import Role
from models.kit import clock
from tests.conftest import Browser
from tests.factories import account
from tests.factories_declarations import at, batch
from tests.models.world import found

LIST = "/console/declaration_batch/"


@pytest.fixture
def province(as_: Callable[..., Any], browse: Any) -> Any:
    found(as_)
    with as_(JOB) as db:
        batch(db, name="春季批次")
        made = account(db, Role.PROVINCE_PRINCIPAL, province_id=2)
        db.commit()
    with clock.travel(at("2020-04-02 09:00")):
        yield browse(made)


def heads(browser: Browser, url: str = LIST) -> list[str]:
    """The heads of the table's columns; the column of ticks and the one of buttons have no words of their own."""
    page = html.fromstring(browser.get(url).get_data(as_text=True))
    return [text for head in page.xpath("//table//thead//th") if (text := head.text_content().strip())]


def chooser(browser: Browser) -> Any:
    page = html.fromstring(browser.get(LIST).get_data(as_text=True))
    (form,) = page.xpath("//form[@action=$url]", url=f"{LIST}columns")
    return form


def names(form: Any) -> list[tuple[str, str]]:
    """(column, label) of every column the chooser offers, in its order."""
    return [
        (line.xpath(".//input[@name='column']/@value")[0], line.xpath(".//label")[0].text_content().strip())
        for line in form.xpath(".//li")
    ]


def test_the_columns_chosen_are_those_shown_in_their_order(province: Browser) -> None:
    before = heads(province)
    offered = names(chooser(province))
    assert len(offered) > 3 and {label for _, label in offered} <= set(before)
    (first, one), (_, two), (third, three), *_ = offered
    answer = province.post(f"{LIST}columns", {"column": [third, first]})
    assert (answer.status_code, answer.location) == (302, LIST)
    after = heads(province)
    assert [label for label in after if label in {one, two, three}] == [three, one]
    assert "春季批次" in province.text()
    form = chooser(province)
    assert [key for key, _ in names(form)][:2] == [third, first]
    assert form.xpath(".//input[@name='column'][@checked]/@value") == [third, first]


def test_where_a_batch_stands_is_always_shown_and_so_not_offered(province: Browser) -> None:
    assert "状态" in heads(province)
    assert "状态" not in dict(map(reversed, names(chooser(province))))
    province.post(f"{LIST}columns", {"column": [names(chooser(province))[0][0]]})
    assert "状态" in heads(province)


def test_the_choice_is_kept_for_later_and_is_of_this_list_alone(province: Browser) -> None:
    others = heads(province, "/console/declaration/")
    province.post(f"{LIST}columns", {"column": [names(chooser(province))[0][0]]})
    chosen = heads(province)
    assert heads(province, f"{LIST}?sort=-name") == chosen
    assert heads(province, "/console/declaration/") == others


def test_restoring_the_default_shows_all_again(province: Browser) -> None:
    before = heads(province)
    key = names(chooser(province))[1][0]
    province.post(f"{LIST}columns", {"column": [key]})
    assert heads(province) != before
    province.post(f"{LIST}columns", {"column": [key], "reset": "1"})
    assert heads(province) == before
    province.post(f"{LIST}columns", {"column": [key]})
    province.post(f"{LIST}columns", {})  # none at all is no list
    assert heads(province) == before


def test_only_columns_of_the_list_are_taken(province: Browser) -> None:
    """What stands in the form is not believed: no column that the list does not show, and no way out of the site."""
    before = heads(province)
    answer = province.post(f"{LIST}columns?next=//evil.example", {"column": ["id", "created_by", "password"]})
    assert (answer.status_code, answer.location) == (302, LIST)
    assert heads(province) == before


def test_a_list_of_another_role_has_no_chooser_to_ask(province: Browser) -> None:
    assert province.post("/console/score/columns", {"column": ["name"]}).status_code == 403
