"""Every role walks through everything it is shown, in a database whose every text is a marker. On each page: no fault,
no dead link, none that it may not follow (check 8); nothing changed by looking (check 7); the headers (check 9); no
text of a row taken for markup (check 10); no script or style of the page's own; no personal number in full (check 4)."""

from __future__ import annotations

import re

import pytest

from app.access.actor import JOB, acting_as
from models.accounts import Account
from models.candidates import Candidate, Person
from models.directory import Organisation, School
from models.kit import Declared, Mark, fields_of
from models.platform import SmsMessage
from models.scheduling import Invigilator
from models.sites import ExamSite
from tests.security.conftest import EVERY_ROLE, Demo
from tests.security.crawler import Page, walk

pytestmark = pytest.mark.demo(marked=True)
MOST_PAGES = 500
STARTS = {"candidate": "/space/", "public": "/"}
HOLDERS: tuple[type[Declared], ...] = (
    Person, Candidate, Account, School, Organisation, ExamSite, Invigilator, SmsMessage,
)  # fmt: skip
OWN_FORM = re.compile(r"/edit($|\?)|^/console/accounts/")  # the one place where full numbers stand (R23)
OF_ITS_OWN = re.compile(
    r"<script(?![^>]*\ssrc=)|<style\b|<[^>]+\s(?:style|on[a-z]+)\s*=\s*[\"']|href=\"javascript:",
    re.IGNORECASE,
)


@pytest.mark.parametrize("role", EVERY_ROLE)
def test_a_walk_through_all_one_is_shown(role: str, demo: Demo) -> None:
    browser, numbers = demo.browser(role), _personal(demo)
    before, pages, wrong = demo.state(), 0, []
    for page in walk(browser, STARTS.get(role, "/console/"), MOST_PAGES):
        pages += 1
        wrong += [f"{page.url} (from {page.source}): {fault}" for fault in _faults(page, numbers, role)]
    assert wrong == [], "\n".join(wrong[:40])
    assert demo.state() == before
    assert pages > (5 if role in ("public", "candidate", "platform.editor") else 25)


def _faults(page: Page, numbers: set[str], role: str) -> list[str]:
    found = []
    if page.status >= 400 and page.status != 409:  # what the state does not allow yet says so on a page
        return [str(page.status)]
    if "default-src" not in page.headers.get("Content-Security-Policy", ""):
        found.append("no policy")
    if page.headers.get("X-Content-Type-Options") != "nosniff":
        found.append("may be sniffed")
    if re.search(r"<xss\b", page.text):
        found.append(f"not escaped: {re.findall(r'.{40}<xss.{20}', page.text, flags=re.S)[:2]}")
    if inline := OF_ITS_OWN.findall(page.text):
        found.append(f"of its own: {inline[:2]}")
    if role != "candidate" and not OWN_FORM.search(page.url) and (shown := _shown(page.text) & numbers):
        found.append(f"in full: {sorted(shown)[:3]}")
    return found


def _shown(text: str) -> set[str]:
    return set(re.findall(r"(?<!\d)(?:\d{17}[\dXx]|1\d{10})(?!\d)|[\w.]+@[\w.]+", text))


def _personal(demo: Demo) -> set[str]:
    """Every personal value of the demonstration, in full."""
    found: set[str] = set()
    with acting_as(JOB, demo.session):
        for model in HOLDERS:
            names = [name for name, field in fields_of(model).items() if field.has(Mark.MASKED)]
            for row in demo.session.query(*(getattr(model, name) for name in names)):
                found |= {str(value) for value in row if value}
    assert len(found) > 1000
    return found
