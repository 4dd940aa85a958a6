"""`make shot PAGE=/console/candidate/`: a page of the running platform as a picture in var/screenshots.

Logs in by the operator's one-time link, so it works beside `make run` on the same machine and data folder. Options
after the page: `--user org1m` (default school01), `--dark`, `--phone`, `--whole` (the page in its full height).
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Error, sync_playwright

from config import settings
from tools.machine import BROWSERS

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "var" / "screenshots"


def main(arguments: list[str]) -> Path:
    """Take the picture; returns where it is."""
    wanted = _parser().parse_args(arguments)
    suffix = "-dark" * wanted.dark + "-phone" * wanted.phone
    name = re.sub(r"[^a-z0-9]+", "-", wanted.page.lower()).strip("-") or "home"
    target = PICTURES / f"shot-{name}{suffix}.png"
    target.parent.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=_browser(), args=["--no-sandbox"])
        page = browser.new_page(
            viewport={"width": 390, "height": 844} if wanted.phone else {"width": 1440, "height": 900},
            color_scheme="dark" if wanted.dark else "light",
            locale="zh-CN",
            timezone_id=settings().time_zone,
            reduced_motion="reduce",
        )
        try:
            if wanted.user:
                page.goto(login_link(wanted.user))
            page.goto(settings().base_url + wanted.page, wait_until="networkidle")
        except Error as error:
            sys.exit(
                f"{settings().base_url} does not answer: start it with `make run` ({error.message.splitlines()[0]})"
            )
        page.screenshot(path=target, full_page=wanted.whole)
        browser.close()
    return target


def login_link(username: str) -> str:
    """What `flask panel login-link` prints."""
    command = [sys.executable, "-m", "flask", "--app", "run", "panel", "login-link", username]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        sys.exit(answer.stderr.strip() or f"no link for {username}")
    return answer.stdout.split()[-1]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make shot", description=__doc__)
    parser.add_argument("page", nargs="?", default="/console/", help="address on the platform")
    parser.add_argument(
        "--user", default="school01", help="who looks; an empty name looks without logging in"
    )
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--phone", action="store_true")
    parser.add_argument("--whole", action="store_true")
    return parser


def _browser() -> str:
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    return found or sys.exit("no Chromium: apt-get install chromium")


if __name__ == "__main__":
    print(main(sys.argv[1:]).relative_to(ROOT))
