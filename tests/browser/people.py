"""People at their browsers: each has a window of its own and does what a person can do on a page, by its words."""

from __future__ import annotations

import re
from pathlib import Path

from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from playwright.sync_api import Browser, BrowserContext, Download, Locator, Page, expect

from app.services import logins
from config import settings
from tests.browser.installation import ROOT, Installation
from tools.axe import findings

PICTURES = ROOT / "var" / "screenshots"
JOB_MS = 60_000
PICTURES_SHOWN = """Promise.all([...document.images]
    .filter(i => !i.complete && i.getBoundingClientRect().top < innerHeight)
    .map(i => new Promise(done => { i.onload = i.onerror = done })))"""


class Album:
    """Pictures in a folder of var/screenshots, numbered where they tell a story from its `begin`; every page pictured
    is also checked to be readable for all."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.numbered = folder, False
        self.folder.mkdir(parents=True, exist_ok=True)
        self.findings: list[str] = []
        self.taken: list[str] = []

    def begin(self) -> None:
        self.numbered = True
        for old in self.folder.glob("[0-9][0-9]-*.png"):
            old.unlink()

    def take(self, page: Page, name: str, *, whole: bool = False) -> None:
        expect(page.locator(".is-leaving, .htmx-request, [aria-busy=true]:visible")).to_have_count(0)
        number = f"{len(self.taken) + 1:02d}-" if self.numbered else ""
        path, window = self.folder / f"{number}{name}.png", page.viewport_size
        if (
            whole and window is not None
        ):  # a window as high as the page, so that what sticks to an edge is in place
            page.set_viewport_size(
                {**window, "height": page.evaluate("document.documentElement.scrollHeight")}
            )
        page.evaluate(PICTURES_SHOWN)
        page.screenshot(path=path, animations="disabled")
        if whole and window is not None:
            page.set_viewport_size(window)
        self.taken.append(path.name)
        self.findings += [f"{path.name}: {finding}" for finding in findings(page)]


class Person:
    """One person in one window. Methods are what hands do; words are what stands on the page."""

    def __init__(self, page: Page, address: str, album: Album) -> None:
        self.page, self.address, self.album = page, address, album

    # Going places

    def go(self, *menu: str) -> None:
        """By the menu: `go("考试管理", "考生管理")`."""
        area = self.page.get_by_role("navigation", name="业务领域")
        link = area.get_by_role("link", name=menu[0], exact=True)
        if not link.is_visible():
            area.locator("summary").click()
        link.click()
        for entry in menu[1:]:
            side = self.page.get_by_role("navigation", name=menu[0], exact=True)
            side.get_by_role("link", name=entry, exact=True).click()
            expect(side.get_by_role("link", name=entry, exact=True)).to_have_attribute("aria-current", "page")

    def visit(self, path: str) -> None:
        self.page.goto(self.address + path, wait_until="load")

    def follow(self, text: str, within: Locator | None = None) -> None:
        (within or self.page).get_by_role("link", name=text, exact=True).first.click()

    def row(self, text: str) -> Locator:
        """The row of a list that shows this text."""
        return self.page.locator("#list tbody tr", has_text=text).first

    def value(self, text: str, label: str) -> str:
        """What stands in a column of the row that shows this text."""
        return self.row(text).locator(f"[data-label={label}]").inner_text()

    def open(self, text: str) -> None:
        """The full page of the row that shows this text."""
        link = self.row(text).get_by_role("link", name="查看", exact=True)
        self.page.goto(self.address + str(link.get_attribute("href")), wait_until="load")

    # Filling in

    def fill(self, values: dict[str, str]) -> None:
        for label, value in values.items():
            control = self.control(label)
            control.fill(value)
            if control.get_attribute("data-date"):
                control.press("Tab")  # the calendar closes

    def control(self, label: str) -> Locator:
        return self.page.get_by_label(re.compile(rf"^{re.escape(label)}(\*?(（必填）)?)$")).first

    def choose(self, label: str, option: str) -> None:
        self.control(label).select_option(label=option)

    def pick(self, control: Locator | str, words: str) -> None:
        """From a list that is searched on the server: type, wait for the answer, take it."""
        box = self.control(control) if isinstance(control, str) else control
        box.click()
        box.fill(words)
        self.page.locator(".ts-dropdown .option", has_text=words).first.click()

    def write(self, label: str, text: str) -> None:
        """In the rich-text editor."""
        editor = self.page.locator(".ui-editor").get_by_role("textbox", name=label)
        editor.click()
        expect(editor).to_be_focused()
        editor.fill(text)
        expect(editor).to_contain_text(text)

    def tick(self, label: str) -> None:
        self.page.get_by_label(label).check()

    def attach(self, label: str, *files: Path) -> None:
        self.page.get_by_label(label).set_input_files(list(files))

    def search(self, label: str, words: str) -> None:
        """In the filter of a list."""
        self.page.locator("#filter").get_by_label(label, exact=True).fill(words)
        self.press("搜索")
        expect(self.row(words)).to_be_visible()

    def upload(self, path: Path) -> None:
        """On the page of an import."""
        self.attach("选择文件", path)
        self.press("上传并检查")

    # Doing

    def press(self, name: str, within: Locator | None = None) -> None:
        """A button or a link that looks like one."""
        place = within or self.page
        place.get_by_role("button", name=name, exact=True).or_(
            place.get_by_role("link", name=name, exact=True)
        ).first.click()

    def agree(self) -> None:
        """To the dialogue that asks whether one is sure."""
        self.page.locator("#ui-confirm").get_by_role("button", name="确定").click()

    def download(self, name: str, within: Locator | None = None) -> Path:
        with self.page.expect_download(timeout=JOB_MS) as waiting:
            self.press(name, within)
        return self._kept(waiting.value)

    def paper(self, name: str, within: Locator | None = None) -> Path:
        """Press it; a PDF opens. The file."""
        with self.page.expect_response(
            lambda answer: answer.headers.get("content-type", "") == "application/pdf"
        ) as waiting:
            self.press(name, within)
        answer = self.page.context.request.get(waiting.value.url)
        path = self.album.folder / f"{name}.pdf"
        path.write_bytes(answer.body())
        return path

    def _kept(self, download: Download) -> Path:
        path = Path(str(download.path())).with_name(download.suggested_filename)
        download.save_as(path)
        return path

    # Seeing

    def sees(self, *texts: str) -> None:
        for text in texts:
            expect(self.page.get_by_text(text).filter(visible=True).first).to_be_visible()

    def told(self, text: str) -> None:
        """A short message, wherever it appears: it tells that something has been done."""
        expect(self.page.locator("#ui-toasts")).to_contain_text(text)

    def reloads_until(self, locator: Locator, tries: int = 30) -> None:
        """What the worker does by itself appears sooner or later; a person presses F5 meanwhile."""
        for _ in range(tries):
            try:
                return expect(locator).to_be_visible(timeout=1_500)
            except AssertionError:
                self.page.reload(wait_until="load")
        return expect(locator).to_be_visible()

    def job(self, state: str) -> None:
        """The page of a job, which follows it by itself."""
        expect(self.page.locator("#job .ui-state")).to_have_text(state, timeout=JOB_MS)

    def shot(self, name: str, *, whole: bool = False) -> None:
        self.album.take(self.page, name, whole=whole)


class People:
    """Everybody who takes part, each with a browser window of their own."""

    def __init__(self, browser: Browser, installation: Installation, album: Album) -> None:
        self.browser, self.installation, self.album = browser, installation, album
        self.complaints: list[str] = []
        self._contexts: list[BrowserContext] = []

    def window(self, *, dark: bool = False, phone: bool = False) -> Person:
        """A new window in which nobody has logged in."""
        context = self.browser.new_context(
            viewport={"width": 390, "height": 844} if phone else {"width": 1440, "height": 900},
            color_scheme="dark" if dark else "light",
            has_touch=phone,
            is_mobile=phone,
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            reduced_motion="reduce",
            accept_downloads=True,
        )
        self._contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("console", lambda m: self._complain(page, m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: self._complain(page, str(error)))
        return Person(page, self.installation.address, self.album)

    def read_captcha(self, person: Person) -> str:
        """The answer of this window's picture. A picture is there to be unreadable for machines, so its place is taken
        by one whose answer is known; it is stored, checked and used up like every other."""
        answer = "ABCD"
        with self.installation.session() as session:
            token = logins.issue_captcha(session, answer)
            session.commit()
        app = Flask(__name__)
        app.secret_key = settings().secret_key.get_secret_value()
        signer = SecureCookieSessionInterface().get_signing_serializer(app)
        assert signer is not None
        context = person.page.context
        (cookie,) = (c for c in context.cookies(person.address) if c["name"] == "session")
        values = signer.loads(cookie["value"])
        context.add_cookies([{**cookie, "value": str(signer.dumps({**values, "captcha": token}))}])  # type: ignore[list-item]
        return answer

    def as_person(self, username: str, **look: bool) -> Person:
        """In a new window, logged in by the operator's one-time link."""
        person = self.window(**look)
        person.page.goto(self.installation.login_link(username), wait_until="load")
        expect(person.page.locator(".ui-user, .ui-space-user").first).to_be_visible()
        return person

    def _complain(self, page: Page, text: str) -> None:
        self.complaints.append(f"{page.url}: {text}")

    def leave(self) -> None:
        for context in self._contexts:
            context.close()
        self._contexts.clear()
