"""The portal as Lighthouse sees it, and every page of the declaration business as axe sees it.

Lighthouse comes from npm (bench/package.json, for measuring only) and drives the machine's Chromium with its default
mobile preset: a slow phone on a slow network. Each page is measured three times; the median counts, and the worst page
is the figure.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, Literal

from bench.figures import Figure
from bench.ground import ROOT
from bench.site import Site, chromium, running_site

if TYPE_CHECKING:
    from playwright.sync_api import Page

ROUNDS = int(os.environ.get("BENCH_LIGHTHOUSE_ROUNDS", "3"))
PAGES = ("/", "/notices/policy/", "/notices/1", "/certificates/", "/certificates/1")
BOUNDS = {"performance": 95, "accessibility": 100, "best-practices": 100, "seo": 95}
_TOOL = ROOT / "bench" / "node_modules" / "lighthouse" / "cli" / "index.js"


def lighthouse() -> Iterator[Figure]:
    """Four figures: of each category the worst page, each page the median of its rounds."""
    with running_site() as site:
        scores = {path: _scores(site.address + path) for path in PAGES}
    for category, bound in BOUNDS.items():
        worst = min(PAGES, key=lambda path: scores[path][category])
        beside = ", ".join(f"{path} {scores[path][category]:.0f}" for path in PAGES)
        name = f"lighthouse_{category.replace('-', '_')}"
        yield Figure(name, scores[worst][category], "points", bound, "least", beside)


def _scores(url: str) -> dict[str, float]:
    rounds = [_measured(url) for _ in range(ROUNDS)]
    return {name: median(found[name] for found in rounds) for name in BOUNDS}


def _measured(url: str) -> dict[str, float]:
    from tools.setup import node

    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [*node(), str(_TOOL), url, "--quiet", "--output=json", f"--output-path={report}"]
        command += [f"--only-categories={','.join(BOUNDS)}", "--chrome-flags=--headless=new --no-sandbox"]
        environment = {**os.environ, "CHROME_PATH": chromium()}
        subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
        told: dict[str, Any] = json.loads(report.read_text("utf-8"))
        if kept := os.environ.get("BENCH_LIGHTHOUSE_KEEP"):
            name = url.split("/", 3)[3].strip("/").replace("/", "-") or "home"
            (Path(kept) / f"{name}.json").write_text(json.dumps(told), encoding="utf-8")
    return {name: (told["categories"][name]["score"] or 0) * 100 for name in BOUNDS}


# Every page of the declaration business: who looks, and where he begins. From there what the page itself offers is
# followed: the first row, the form that adds one.
VISITORS: dict[str, tuple[str, ...]] = {
    "": ("/", "/notices/policy/", "/notices/1", "/certificates/", "/certificates/1", "/search?q=证书", "/verify",
         "/login/", "/register/", "/forgot/", "/declare/", "/space/login/"),
    "editor": ("/console/notice/", "/console/notice/1/edit", "/console/notice/1/preview"),
    "operator": ("/console/school_directory/", "/console/directory_report/", "/console/declaration_batch/",
                 "/console/sms_message/", "/desk/sms_template/1/edit"),
    "province33": ("/console/", "/console/declaration_batch/", "/console/declaration/", "/console/quota/",
                   "/console/school/", "/console/school_directory/", "/console/directory_report/",
                   "/console/city_accounts/", "/console/message/", "/console/reviewing/",
                   "/console/declaration/import/decisions", "/console/declaration_report/",
                   "/console/batch_progress/"),
    "city330100": ("/console/", "/console/declaration/", "/console/school/", "/console/school_directory/",
                   "/console/reviewing/", "/console/declaration_report/", "/console/batch_progress/"),
    "school01": ("/console/", "/console/declaring/", "/console/declaration/", "/console/quota/", "/console/school/"),
}  # fmt: skip


_SCHEMES: tuple[Literal["light"], Literal["dark"]] = ("light", "dark")


def axe() -> Iterator[Figure]:
    """axe-core's serious and critical findings over all those pages, light and dark."""
    from playwright.sync_api import sync_playwright

    found: list[str] = []
    pages = 0
    with running_site() as site, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        for username, places in VISITORS.items():
            for scheme in _SCHEMES:
                context = browser.new_context(color_scheme=scheme, locale="zh-CN", reduced_motion="reduce")
                page = context.new_page()
                if username:
                    page.goto(site.login_link(username))
                seen = _look(page, site, places)
                pages += len(seen)
                found += [
                    f"{scheme} {username} {path}: {what}" for path, whats in seen.items() for what in whats
                ]
                context.close()
        browser.close()
    beside = f"{pages} pages" + "".join(f"; {what}" for what in found[:20])
    yield Figure("axe_serious", len(found), "findings", 0, "most", beside)


def _look(page: Page, site: Site, places: tuple[str, ...]) -> dict[str, list[str]]:
    """Address → findings. A place that does not answer would be a page not looked at: an error."""
    from tools.axe import findings

    seen: dict[str, list[str]] = {}
    waiting = list(places)
    while waiting:
        path = waiting.pop(0)
        if path in seen:
            continue
        answer = page.goto(site.address + path)
        if answer is None or not answer.ok:
            raise RuntimeError(f"{path} does not answer with a page")
        seen[path] = [f"{found[1]} {found[2]}" for found in findings(page)]
        waiting += [next_ for next_ in _offers(page, path) if next_ not in seen]
    return seen


def _offers(page: Page, path: str) -> list[str]:
    """Of a list: the page of its first row, and the form that adds one."""
    if not path.startswith("/console/") or path.count("/") != 3 or path.endswith("/add"):
        return []
    links = (f"#list tbody a[href^='{path}']", f"a[href='{path}add']")
    first = (page.locator(link).first for link in links)
    return [str(link.get_attribute("href")) for link in first if link.count()]


MEASURES: tuple[Callable[[], Iterator[Figure]], ...] = (lighthouse, axe)
