"""Figures of the engine: lists at size and beside their frameworks, imports beside others, idle memory."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

from bench import ground
from bench.figures import Figure, in_turn, seconds

BIG, SMALL = 1_000_000, 10_000
IMPORT_ROWS = int(os.environ.get("BENCH_IMPORT_ROWS", "100000"))


def browser(url: str) -> Any:
    """Our application on a database, with account 1 logged in."""
    from app.access.actor import AUTH, acting_as, make_engine
    from app.services import logins
    from models.accounts import Account
    from run import create_app

    app = create_app(make_engine(url), TESTING=True)
    session = app.extensions["panel_session"]
    with acting_as(AUTH, session()):
        token = logins.login_token(session.get(Account, 1))
    client = app.test_client()
    assert client.get(f"/login/link/{token}").status_code == 302
    return client


def _expect(answer: Any, words: str) -> None:
    assert answer.status_code == 200 and words in answer.get_data(as_text=True), answer.status


def lists() -> Iterator[Figure]:
    """The candidate list of a school with 1,000 of 1,000,000 candidates: scoped, filters and counters on."""
    from bench.peers import vanilla_fab, vanilla_flask_admin

    with ground.server() as running:
        big, small = ground.ensure(running, BIG), ground.ensure(running, SMALL)
        login = ground.LOGIN
        ours, ours_small = browser(running.url(big, login)), browser(running.url(small, login))
        fab, flask_admin = vanilla_fab(running.url(big)), vanilla_flask_admin(running.url(big))
        page = "/console/candidate/"
        taken = in_turn(
            {
                "ours": lambda: _expect(ours.get(page), "考生"),
                "fab": lambda: _expect(fab(), "330106"),
                "flask_admin": lambda: _expect(flask_admin(), "330106"),
            }
        )
        beside = "vanilla FAB list {fab:.1f} ms, vanilla Flask-Admin list {flask_admin:.1f} ms, ours {ours:.1f} ms".format(
            **{name: value * 1000 for name, value in taken.items()}
        )
        yield Figure("list_vs_fab", taken["ours"] / taken["fab"], "ratio", 0.5, "most", beside)
        yield _size_does_not_show(ours, ours_small, page)


def _size_does_not_show(big: Any, small: Any, page: str) -> Figure:
    pages = {
        "first": "",
        "filtered": "?tab=待补全&f_education_level=VOCATIONAL",
        "searched": "?f_name=考生12",
        "last": "?page=100",
    }
    ratios = {}
    for name, query in pages.items():
        works: dict[str, Callable[[], object]] = {
            "big": lambda q=query: _expect(big.get(page + q), "考生"),  # type: ignore[misc]
            "small": lambda q=query: _expect(small.get(page + q), "考生"),  # type: ignore[misc]
        }
        taken = in_turn(works)
        ratios[name] = (taken["big"] / taken["small"], taken)
    worst = max(ratios, key=lambda name: ratios[name][0])
    beside = ", ".join(
        f"{name} {t['big'] * 1000:.1f} ms against {t['small'] * 1000:.1f} ms at {SMALL:,} rows"
        for name, (_, t) in ratios.items()
    )
    return Figure("list_1m_vs_10k", ratios[worst][0], "ratio", 1.5, "most", f"worst: {worst}; {beside}")


def imports() -> Iterator[Figure]:
    """Dry run and apply of a workbook of candidates, beside django-import-export and bare calamine + COPY."""
    from bench import peers

    with ground.server() as running, tempfile.TemporaryDirectory() as folder:
        name = ground.ensure(running, SMALL)
        path = Path(folder) / "candidates.xlsx"
        peers.write_workbook(path, IMPORT_ROWS, SMALL)

        def afresh(work: Callable[[], object]) -> float:
            peers.clear(running, name)
            return seconds(work)

        pairs = [  # in turn, so that a drift of the machine meets both alike
            (
                afresh(lambda: peers.import_ours(running, name, path, IMPORT_ROWS)),
                afresh(lambda: peers.raw_copy(running.url(name), path, IMPORT_ROWS)),
            )
            for _ in range(3)
        ]
        ours, raw = (median(taken) for taken in zip(*pairs, strict=True))
        peers.clear(running, name)
        bare = seconds(lambda: peers.raw_copy_unindexed(running.url(name), path, IMPORT_ROWS))
        django = seconds(lambda: peers.django_import(running, path, IMPORT_ROWS))
        rows = f"{IMPORT_ROWS:,} rows, dry run + apply: ours {ours:.1f} s"
        yield Figure(
            "import_vs_django_import_export", django / ours, "times faster", 10, "least",
            f"{rows}, django-import-export {django:.1f} s",
        )  # fmt: skip
        yield Figure(
            "import_vs_raw_copy", ours / raw, "ratio", 3, "most",
            f"{rows}, calamine + COPY into the same tables {raw:.1f} s, into one without a key {bare:.1f} s",
        )  # fmt: skip


def memory() -> Iterator[Figure]:
    """Web and worker, idle, after the demonstration data was loaded; PostgreSQL not counted."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "DATA_DIR": folder, "PORT": "8765"}
        panel = [sys.executable, "-m", "flask", "--app", "run", "panel"]
        subprocess.run([*panel, "init"], env=environment, cwd=ground.ROOT, check=True, capture_output=True)
        subprocess.run(
            [*panel, "demo", "--json"], env=environment, cwd=ground.ROOT, check=True, capture_output=True
        )
        from app.supervisor import commands
        from config import Settings

        children = [
            subprocess.Popen(child.command, env=environment, cwd=ground.ROOT, start_new_session=True,
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            for child in commands(Settings(data_dir=Path(folder), port=8765))
        ]  # fmt: skip
        try:
            _await("http://127.0.0.1:8765/healthz")
            for path in ("/", "/login/", "/verify"):
                urllib.request.urlopen(f"http://127.0.0.1:8765{path}").read()
            _settle([child.pid for child in children])
            megabytes = sum(_memory(child.pid) for child in children) / 1024
        finally:
            for child in children:
                os.killpg(child.pid, signal.SIGTERM)
            for child in children:
                child.wait(20)
    yield Figure(
        "idle_memory_mb", megabytes, "MB", 350, "most", "proportional set size of web and worker, idle"
    )


def _await(url: str) -> None:
    for _ in range(600):
        try:
            urllib.request.urlopen(url).read()
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"{url} does not answer")


def _settle(pids: list[int]) -> None:
    """Wait until the processes no longer use the processor."""
    before = -1.0
    for _ in range(60):
        time.sleep(1)
        now = sum(_ticks(pid) for root in pids for pid in _tree(root))
        if now - before < 3:
            return
        before = now


def _ticks(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return float(fields[11]) + float(fields[12])


def _tree(pid: int) -> list[int]:
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            found += _tree(int(child))
    return found


def _memory(root: int) -> float:
    total = 0.0
    for pid in _tree(root):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += float(line.split()[1])
    return total


MEASURES = (lists, imports, memory)
