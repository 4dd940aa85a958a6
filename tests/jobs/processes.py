"""Real worker processes and what the database says of them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine

ROOT = Path(__file__).resolve().parents[2]
GATE = 7077
"""The advisory lock at which a trigger of the test stops the worker."""


class Workers:
    """Starts workers on the test's database; `kill` is SIGKILL."""

    def __init__(self, url: str, log: Path) -> None:
        self.url, self.log = url, log
        self.running: list[subprocess.Popen[bytes]] = []

    def start(self) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.jobs.worker_process", self.url],
                cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stderr=log, stdout=log,
            )  # fmt: skip
        self.running.append(process)
        return process

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        process.kill()
        process.wait()

    def stop(self, process: subprocess.Popen[bytes]) -> int:
        """SIGTERM, and the exit code."""
        process.send_signal(signal.SIGTERM)
        return process.wait(timeout=60)

    def end(self) -> None:
        for process in self.running:
            if process.poll() is None:
                self.kill(process)


def until(owner: Engine, question: str, wanted: Any = True, **values: Any) -> None:
    """Ask the database until it answers as wanted; a minute without that answer fails the test."""
    deadline, answer = time.monotonic() + 60, None
    pause = threading.Event()
    while time.monotonic() < deadline:
        with owner.connect() as admin:
            answer = admin.scalar(sa.text(question), values)
        if answer == wanted:
            return
        pause.wait(0.05)
    raise AssertionError(f"{question}: {answer!r}, not {wanted!r}")


@contextmanager
def gate(owner: Engine, table: str, when: str, event: str = "after insert") -> Iterator[Callable[[], None]]:
    """Whoever writes a row of `table` for which `when` holds waits in the middle of it until the block has ended
    or the yielded function is called."""
    with owner.begin() as admin:
        for statement in (
            "create or replace function test_gate() returns trigger language plpgsql security definer as"
            f" $$ begin perform pg_advisory_xact_lock({GATE}); return coalesce(new, old); end $$",
            "grant execute on function test_gate() to public",
            f"create trigger zz_gate {event} on {table} for each row when ({when}) execute function test_gate()",
        ):
            admin.exec_driver_sql(statement)
    holder = owner.connect()
    holder.exec_driver_sql(f"select pg_advisory_lock({GATE})")

    def open_gate() -> None:
        holder.exec_driver_sql(f"select pg_advisory_unlock({GATE})")

    try:
        yield open_gate
    finally:
        holder.exec_driver_sql("select pg_advisory_unlock_all()")
        holder.close()
        with owner.begin() as admin:
            admin.exec_driver_sql(f"drop trigger zz_gate on {table}")


AT_THE_GATE = f"select count(*) from pg_locks where locktype = 'advisory' and objid = {GATE} and not granted"
