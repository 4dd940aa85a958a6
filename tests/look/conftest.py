"""The gallery on a port of its own, and one browser for all pages of a run."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Browser, BrowserContext, Page
from werkzeug.serving import make_server

from tools.gallery import DIST, make_gallery

Opener = Callable[..., Page]


@pytest.fixture(scope="session")
def gallery() -> Flask:
    if not (DIST / "manifest.json").exists():
        pytest.fail("views/static/dist is missing: run `make setup`")
    return make_gallery()


@pytest.fixture
def client(gallery: Flask) -> FlaskClient:
    return gallery.test_client()


@pytest.fixture(scope="session")
def address(gallery: Flask) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, gallery, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def look(chromium: Browser, address: str) -> Iterator[Opener]:
    """Opens a page of the gallery: `look("list", dark=True, phone=True)`; complaints gather in `page.complaints`."""
    contexts: list[BrowserContext] = []

    def opened(name: str, *, dark: bool = False, phone: bool = False) -> Page:
        context = chromium.new_context(
            viewport={"width": 390, "height": 844} if phone else {"width": 1440, "height": 900},
            color_scheme="dark" if dark else "light",
            locale="zh-CN",
            reduced_motion="reduce",
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.complaints = []
        page.on(
            "console", lambda m: page.complaints.append(m.text) if m.type in ("error", "warning") else None
        )
        page.on("pageerror", lambda e: page.complaints.append(str(e)))
        page.goto(f"{address}/{name}", wait_until="load")
        return page

    yield opened
    for context in contexts:
        context.close()
