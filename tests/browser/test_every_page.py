"""Everybody opens every entry of their menu: readable for all, in Chinese, without a complaint of the browser. A table
that several roles keep is looked at with the first of them; its first row is opened too."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.people import People, Person, findings

pytestmark = [pytest.mark.browser, pytest.mark.demo(fresh=True)]

PEOPLE = ("school01", "org1", "province33", "city330100", "operator", "editor")
# Words of the trade that are written so in Chinese texts too.
KNOWN = frozenset(["Excel", "PDF", "pdf", "doc", "docx", "xlsx", "zip", "jpg", "png", "PNG"])
UNITS = frozenset(["MB", "KB", "ISO", "Ctrl", "API", "SHA"])
SAMPLES = frozenset(
    ["Zhang", "San", "Python", "Web", "example", "cn", "com", "https"]
)  # in placeholders and names
# What the platform itself says: everything outside the cells that hold people's own words.
OWN_WORDS = """() => {
  const said = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const text = walk.currentNode.textContent.trim();
    if (text && !walk.currentNode.parentElement.closest(
      'td, dd, tbody, script, template, svg, kbd, h1, option, ' +
      '.ui-user, .ui-intro, .ui-crumbs, .ui-rich, .ui-history'
    )) said.push(text);
  }
  for (const name of ['placeholder', 'title', 'aria-label', 'alt'])
    for (const one of document.querySelectorAll(`main [${name}]`))
      if (!one.closest('td, dd, tbody')) said.push(one.getAttribute(name));
  return said;
}"""
CELLS = "() => [...document.querySelectorAll('td, dd, option')].map(cell => cell.textContent.trim())"
# A constant, a column or a permission as code writes them: INSERT, total_pass_mark, school.principal.
CODE = re.compile(r"[A-Z]+(?:_[A-Z]+)+|[A-Z]{5,}|[a-z]+(?:_[a-z]+)+|(?:school|organisation|platform)\.[a-z]+")


def test_every_entry_of_every_menu(people: People) -> None:
    """Issue 3: no dead entry, no English left-over; check 18: axe finds nothing serious."""
    seen: set[str] = set()
    wrong: list[str] = []
    for username in PEOPLE:
        person = people.as_person(username)
        for path in _entries(person):
            table = path.strip("/").split("/")[1] if path.count("/") > 2 else path
            if table in seen:
                continue
            seen.add(table)
            person.visit(path)
            wrong += [f"{username} {path}: {fault}" for fault in _faults(person.page)]
            wrong += [f"{username} {path}: {finding}" for finding in findings(person.page)]
            row = person.page.locator("#list").get_by_role("link", name="查看", exact=True)
            if row.count():
                person.page.goto(person.address + str(row.first.get_attribute("href")), wait_until="load")
                wrong += [f"{username} {person.page.url}: {fault}" for fault in _faults(person.page)]
        people.leave()
    assert wrong == [], "\n".join(wrong)
    assert people.complaints == []
    assert len(seen) > 45


def _entries(person: Person) -> list[str]:
    """The addresses of the menu: each area opened once, its side menu read."""
    person.visit("/console/")
    areas = (
        person.page.get_by_role("navigation", name="业务领域")
        .locator("a")
        .evaluate_all("links => links.map(link => link.getAttribute('href'))")
    )
    found: dict[str, None] = {}
    for area in areas:
        answer = person.page.context.request.get(person.address + area)
        side = re.search(r'<aside class="ui-side">(.*?)</aside>', answer.text(), re.DOTALL)
        if side is not None:
            found.update(dict.fromkeys(re.findall(r'<a href="([^"]+)"', side[1])))
    return list(found)


def _faults(page: Page) -> list[str]:
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    found = []
    said = " ".join(page.evaluate(OWN_WORDS))
    english = set(re.findall(r"[A-Za-z]{2,}", said)) - KNOWN - UNITS - SAMPLES
    if english:
        found.append(f"English: {sorted(english)}")
    if raw := sorted({cell for cell in page.evaluate(CELLS) if CODE.fullmatch(cell)}):
        found.append(f"as code writes it: {raw[:5]}")
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        found.append("scrolls sideways")
    if page.locator(".ui-empty").count() and not page.locator(".ui-empty-hint").count():
        found.append("empty, without a word on what comes next")
    return found
