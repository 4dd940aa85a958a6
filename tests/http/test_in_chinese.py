"""No English left-over (issue 3): what every generated form, dialog and import page, every hand-made page and every
refusal says for itself, read without a browser. A table's pages are read with the first kind of actor that opens them,
hand-made pages with each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from lxml import html
from werkzeug.test import TestResponse

from app.access.roles import may
from app.panel import gates
from app.panel.resolve import Resolved
from models.kit import Base
from tests.conftest import Browser
from tests.http.filled import controls
from tests.security.conftest import ONE_A_KIND, Demo, demo, doors

__all__ = ["demo"]

pytestmark = pytest.mark.demo(fresh=True)
# Words of the trade and of the keyboard that are written so in Chinese texts too.
KNOWN = {
    "Excel", "PDF", "Word", "SMS", "ID", "IP", "API", "REST", "JSON", "Python", "Web", "WPS", "Enter",
    "Ctrl", "Esc", "Tab", "MB", "KB", "ISO", "SHA", "PNG", "JPEG", "JPG", "GIF", "RSS", "QR", "URL", "pdf",
    "doc", "docx", "xls", "xlsx", "csv", "zip", "rar", "jpg", "jpeg", "png", "gif", "https", "http", "www",
    "example", "com", "cn", "edu", "gov", "Zhang", "San",
    "TOTP", "true", "false",
}  # fmt: skip
# Where people's own words stand, and what no eye sees.
THEIRS = {
    "td", "dd", "tbody", "script", "style", "template", "svg", "kbd", "code", "h1", "option", "textarea", "title",
}  # fmt: skip
THEIR_CLASSES = frozenset(
    ["ui-user", "ui-space-user", "ui-intro", "ui-crumbs", "ui-rich", "ui-history", "ui-names"]
)
SPOKEN = ("placeholder", "title", "aria-label", "alt")
SAMPLE = re.compile(r"^如[：:].*|[\w.]+@[\w.]+")  # what an entry may look like
# A constant, a column or a permission as code writes them: INSERT, total_pass_mark, school.principal.
CODE = re.compile(r"[A-Z]+(?:_[A-Z]+)+|[A-Z]{5,}|[a-z]+(?:_[a-z]+)+|(?:school|organisation|platform)\.[a-z]+")
TRIES = 5  # rows looked at for one that may be edited
WRONG = {"select": "no-such", "textarea": "a"}  # what no control takes


def theirs(element: Any) -> bool:
    """Whether an element holds words of people, not of the platform."""
    for one in (element, *element.iterancestors()):
        if one.tag in THEIRS or THEIR_CLASSES & set((one.get("class") or "").split()):
            return True
    return False


def said(page: str) -> Iterator[str]:
    """What a page says of its own accord."""
    for element in html.fromstring(page).iter():
        if not isinstance(element.tag, str):
            continue
        if element.text and element.text.strip() and not theirs(element):
            yield element.text
        around = element.getparent()
        if element.tail and element.tail.strip() and around is not None and not theirs(around):
            yield element.tail
        for name in SPOKEN:
            if element.get(name) and (element.tag == "textarea" or not theirs(element)):
                yield element.get(name)


def faults(answer: TestResponse) -> list[str]:
    """English, or code, on a page; nothing for what is no page."""
    if answer.status_code in (301, 302) or not answer.content_type.startswith("text/html") or not answer.data:
        return []
    page = answer.get_data(as_text=True)
    found = [
        f"“{' '.join(text.split())[:60]}”"
        for text in said(page)
        if set(re.findall(r"[A-Za-z]{2,}", SAMPLE.sub("", text))) - KNOWN
    ]
    cells = {
        " ".join(cell.text_content().split()) for cell in html.fromstring(page).iter("td", "dd", "option")
    }
    return found + sorted(f"as code writes it: {cell}" for cell in cells if CODE.fullmatch(cell))


class Reader:
    """Somebody of a role who opens every page that nobody has read yet; `wrong` is what is not Chinese there."""

    def __init__(self, demo: Demo, role: str, seen: set[Any]) -> None:
        self.demo, self.role, self.seen = demo, role, seen
        self.browser, self.actor = demo.browser(role), demo.actor(role)
        self.pages, self.wrong = 0, list[str]()

    def note(self, what: str, answer: TestResponse) -> TestResponse:
        self.pages += 1
        self.wrong += [f"{self.role} {what} ({answer.status_code}): {fault}" for fault in faults(answer)]
        return answer

    def first(self, *key: Any) -> bool:
        new = key not in self.seen
        self.seen.add(key)
        return new

    def read(self) -> None:
        for rule, view, method in doors(self.demo.app):
            resolved = getattr(getattr(view, "__self__", None), "resolved", None)
            if method != "GET" or not self.may_open(rule, view):
                continue
            made = isinstance(resolved, Resolved)
            if self.first(rule.endpoint, "" if made else self.role):
                self.page(rule, view)
            if made and rule.rule.endswith(f"/{resolved.table}/"):
                self.dialogs(resolved, rule.rule)

    def may_open(self, rule: Any, view: Any) -> bool:
        if rule.endpoint in gates.UNUSED | {"static", "Login.link"} or rule.rule.startswith("/api/"):
            return False
        return rule.endpoint in gates.PUBLIC | gates.SIGNED_IN or any(
            may(self.actor, *name.split(":")) for name in gates.permissions_of(view)
        )

    def page(self, rule: Any, view: Any) -> None:
        """The page with a row of one's own in it; of a form also what it says of what is typed wrongly."""
        address = re.sub(r"<(?!int:)[^>]+>", "photo", rule.rule)
        for row in self.rows(view)[: TRIES if address.endswith("/edit") else 1] or [1]:
            url = re.sub(r"<int:\w+>", str(row), address)
            answer = self.note(url, self.browser.get(url, buffered=True))
            if answer.status_code == 200:
                break
        if answer.status_code == 200 and rule.rule.endswith(("/add", "/edit")):
            self.note(f"POST {url}", self.browser.post(url, wrongly(answer)))

    def rows(self, view: Any) -> list[int]:
        """The rows of one's own that a door is about."""
        resolved = getattr(getattr(view, "__self__", None), "resolved", None)
        permissions = gates.permissions_of(view)
        table = (
            resolved.table if isinstance(resolved, Resolved) else (permissions or ("",))[0].partition(":")[0]
        )
        return self.demo.visible(self.role, table) if table in Base.metadata.tables else []

    def dialogs(self, resolved: Resolved, url: str) -> None:
        """What each button asks before it does anything, of all rows at once: some of them will do."""
        for item in resolved.actions:
            if item.run is None or item.at_once or not may(self.actor, resolved.table, item.name):
                continue
            if self.first(resolved.table, item.name):
                rows = [] if item.on == "list" else self.demo.visible(self.role, resolved.table)[:1000]
                ask = f"{url}action/{item.name}"
                self.note(ask, self.browser.post(ask, {"rowid": [str(key) for key in rows]}))


def wrongly(answer: TestResponse) -> dict[str, str]:
    """The form of a page, every control of it filled in with what it cannot take."""
    found = controls(answer.get_data(as_text=True))
    return {name: WRONG.get(tag, "?") for name, tag in found.items()}


def test_the_platform_speaks_chinese(demo: Demo) -> None:
    seen: set[Any] = set()
    readers = [Reader(demo, role, seen) for role in (*ONE_A_KIND, "public")]
    for reader in readers:
        reader.read()
    wrong = [fault for reader in readers for fault in reader.wrong]
    assert wrong == [], "\n".join(wrong[:60])
    assert sum(reader.pages for reader in readers) > 400


def test_refusals_speak_chinese(demo: Demo) -> None:
    """Not there, not allowed, not so, too much, not logged in, without a token; for somebody and for anybody."""
    school, nobody = demo.browser("school.principal"), demo.browser("public")
    tried: list[tuple[int, TestResponse]] = [
        (404, school.get("/console/nothing/")),
        (404, nobody.get("/nothing")),
        (404, school.get(f"/console/candidate/{10**12}")),
        (404, school.get("/console/candidate/999999999999999999999")),
        (403, school.get("/console/number_sequence/")),
        (405, school.get("/console/candidate/export")),
        (400, school.client.post("/console/candidate/add", data={})),
        (422, school.post("/console/candidate/action/confirm")),
        (403, nobody.get("/login/link/nothing")),
        (422, nobody.post("/login/", {"username": "school01", "password": "x", "captcha": "nope"})),
        (422, nobody.post("/register/", {"username": "?"})),
        (422, nobody.post("/verify", {"number": "1"})),
    ]
    for status, answer in tried:
        page: Browser | TestResponse = answer
        assert page.status_code == status, answer.request.path
        assert faults(answer) == [], answer.request.path


def test_english_would_be_found() -> None:
    page = "<body><label>Name</label><p>共 3 条 PDF</p><table><td>Smith</td><td>total_pass_mark</td></table></body>"
    assert list(said(page)) == ["Name", "共 3 条 PDF"]
