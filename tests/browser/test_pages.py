"""The pages people spend their days on, in the dark and on a phone, with a year of business in them."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.people import People

pytestmark = [pytest.mark.browser, pytest.mark.demo(fresh=True)]

# (picture, who looks, where): a home, a list of cards, a plain list, a form with child rows, the board of a plan.
PAGES = (
    ("home", "school01", "/console/"),
    ("candidates", "school01m", "/console/candidate/"),
    ("quotas", "province33", "/console/quota/"),
    ("certificate-form", "org1m", "/desk/certificate/add"),
    ("scheduling", "org2m", "/console/scheduling/"),
)


@pytest.mark.parametrize(
    "look", [{"dark": True}, {"phone": True}, {"dark": True, "phone": True}], ids="-".join
)
def test_main_pages_are_readable_and_never_scroll_sideways(people: People, look: dict[str, bool]) -> None:
    for name, username, address in PAGES:
        person = people.as_person(username, **look)
        person.visit(address)
        expect(person.page.get_by_role("heading", level=1)).to_be_visible()
        people.album.take(person.page, f"{'-'.join(look)}-{name}")
        assert person.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
        people.leave()
    assert people.album.findings == []
    assert people.complaints == []


def test_a_sheet_over_a_list_is_readable_in_the_dark(people: People) -> None:
    manager = people.as_person("school01m", dark=True)
    manager.visit("/console/candidate/")
    manager.follow("查看", manager.page.locator("#list tbody"))
    expect(manager.page.locator("#ui-sheet #detail")).to_be_visible()
    people.album.take(manager.page, "dark-sheet")
    assert people.album.findings == []
    assert people.complaints == []
