"""A walk through every page a browser is shown: follows each shape of address once."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.conftest import Browser

LINK = re.compile(r'<a\b[^>]*?\shref="(/[^"#]*)')
ELSEWHERE = ("/static/", "/logout/", "/api/")


@dataclass(frozen=True)
class Page:
    """One answer of the walk, and the page that linked to it."""

    url: str
    source: str
    status: int
    headers: Any
    text: str


def walk(browser: Browser, start: str, most: int) -> Iterator[Page]:
    """Pages in the order they are found; addresses that differ only in numbers or in their query's values count once,
    and those that combine several wishes are left out. A walk of more than `most` has lost its way: it is not cut
    short in silence."""
    seen, waiting = {shape(start)}, [(start, "")]
    while waiting:
        assert len(seen) <= most, f"more than {most} kinds of pages, the last {waiting[-1]}"
        url, source = waiting.pop(0)
        answer = browser.get(url)
        kind = answer.headers.get("Content-Type", "")
        text = answer.get_data(as_text=True) if kind.startswith(("text/", "application/json")) else ""
        yield Page(url, source, answer.status_code, answer.headers, text)
        for link in LINK.findall(text):
            link = html.unescape(link)
            if shape(link) not in seen and not link.startswith(ELSEWHERE) and link.count("&") == 0:
                seen.add(shape(link))
                waiting.append((link, url))


def shape(url: str) -> str:
    """What is the same of addresses that lead to the same kind of page."""
    path, _, query = url.partition("?")
    names = sorted(part.partition("=")[0] for part in query.split("&") if part)
    return re.sub(r"\d+", "0", path) + "?" + "&".join(names)
