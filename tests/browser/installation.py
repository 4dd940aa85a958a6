"""The real thing on a database of its own: web server, worker, and a clock that all of them read (PANEL_CLOCK_FILE)."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.access.actor import AUTH, JOB, WalledSession, acting_as, make_engine
from app.services import logins
from config import settings
from models.accounts import Account
from models.kit import clock

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 60
END_SECONDS = 20


class Installation:
    """`with Installation(url, folder) as running:` — what `make run` starts, with `folder` as its DATA_DIR."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.folder = url, folder
        self.port = _free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.clock_file = folder / "clock"
        self.engine = make_engine(url)
        self._processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Installation:
        # The keys of this process: what it signs and encrypts, the server must be able to read.
        shutil.copytree(settings().keys_dir, self.folder / "keys", dirs_exist_ok=True)
        server = [sys.executable, "-m", "granian", "--interface", "wsgi", "--factory", "run:create_app"]
        server += ["--host", "127.0.0.1", "--port", str(self.port), "--http", "1", "--no-ws"]
        server += ["--workers", "1", "--blocking-threads", "8", "--log-level", "error"]
        self._start("web", server)
        self._start("worker", [sys.executable, "-m", "flask", "--app", "run", "panel", "worker"])
        self._wait_for_web()
        return self

    def __exit__(self, *_: object) -> None:
        for process in reversed(self._processes):
            process.terminate()
        for process in self._processes:
            with suppress(subprocess.TimeoutExpired):
                process.wait(END_SECONDS)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self.engine.dispose()

    def _start(self, name: str, command: list[str]) -> None:
        environment = {
            **os.environ,
            "DATABASE_URL": self.url,
            "DATA_DIR": str(self.folder),
            "PORT": str(self.port),
            "PANEL_CLOCK_FILE": str(self.clock_file),
            "PANEL_DATABASE_POOL_SIZE": "8",
            "PYTHONUNBUFFERED": "1",
        }
        with (self.folder / f"{name}.log").open("wb") as log:
            self._processes.append(
                subprocess.Popen(
                    command, cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True
                )
            )

    def _wait_for_web(self) -> None:
        pause = threading.Event()
        for _ in range(START_SECONDS * 10):
            if any(process.poll() is not None for process in self._processes):
                break
            with suppress(urllib.error.URLError, OSError):
                urllib.request.urlopen(f"{self.address}/login/", timeout=2).close()
                return
            pause.wait(0.1)
        raise RuntimeError(f"the server does not answer:\n{self.logs()}")

    def logs(self) -> str:
        """What the processes had to say; nothing when all is well."""
        return "".join((self.folder / f"{name}.log").read_text() for name in ("web", "worker"))

    # The clock

    def travel_to(self, moment: str) -> None:
        """All processes go on from this moment of Asia/Shanghai: `2026-03-02 09:00`."""
        there = datetime.fromisoformat(moment).replace(tzinfo=clock.ZONE)
        seconds = (there - datetime.now(clock.ZONE)).total_seconds()
        draft = self.clock_file.with_suffix(".draft")
        draft.write_text(str(seconds))
        draft.replace(self.clock_file)

    # The database

    @contextmanager
    def session(self) -> Iterator[Session]:
        """For laying the ground and for what a person has in hand (a text message, a number on paper)."""
        with WalledSession(self.engine, expire_on_commit=False) as session, acting_as(JOB, session):
            yield session

    def login_link(self, username: str) -> str:
        """What `flask panel login-link` prints."""
        with WalledSession(self.engine) as session, acting_as(AUTH, session):
            account = session.scalars(sa.select(Account).where(Account.username == username)).one()
            return f"{self.address}/login/link/{logins.login_token(account)}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
