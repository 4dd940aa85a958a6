"""`make run`: database, migrations, demonstration data, one web server and one worker, until Ctrl+C.

Production runs the same two commands under its own service manager, on as many machines as it wants.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from types import FrameType
from typing import Any

from app.access.embedded import EmbeddedPostgres, EmbeddedPostgresError
from app.demo import shown
from config import Settings, settings

ROOT = Path(__file__).resolve().parent.parent
GRACE_SECONDS = 30.0  # a request or a chunk of a job may be finished
QUICK_DEATH_SECONDS = 10.0
LONGEST_PAUSE_SECONDS = 30.0
TICK_SECONDS = 0.5
DATABASE_TICKS = 10  # looking means connecting: not at every tick
PR_SET_PDEATHSIG = 1


class Child:
    """A process that should be running: started, started again when it dies, stopped with its descendants.

    It has a session of its own, so Ctrl+C reaches the supervisor alone, which then decides the order; should
    the supervisor itself be killed, the kernel sends the child SIGTERM.
    """

    def __init__(self, name: str, command: Sequence[str]) -> None:
        self.name, self.command = name, list(command)
        self.process: subprocess.Popen[bytes] | None = None
        self.starts = 0
        self._started_at = 0.0
        self._pause = 0.0

    def start(self) -> None:
        self._started_at = time.monotonic()
        self.starts += 1
        self.process = subprocess.Popen(  # noqa: S603 - our own commands
            self.command,
            cwd=ROOT,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            start_new_session=True,
            preexec_fn=_die_with_parent,  # safe: the supervisor has one thread
        )

    def look_after(self) -> None:
        """Start it again if it has died; one that dies at once is given longer and longer pauses."""
        if self.process is None or self.process.poll() is None:
            return
        lived = time.monotonic() - self._started_at
        if lived < self._pause:
            return
        self._pause = (
            min(max(1.0, self._pause * 2), LONGEST_PAUSE_SECONDS) if lived < QUICK_DEATH_SECONDS else 0.0
        )
        say(f"{self.name} 已退出(代码 {self.process.returncode}),重新启动")
        self.start()

    def stop(self, grace: float = GRACE_SECONDS) -> None:
        """Ask it to finish; after the grace end its whole process group."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(grace)
        except subprocess.TimeoutExpired:
            say(f"{self.name} 没有在 {grace:.0f} 秒内停止,强制结束")
        with suppress(ProcessLookupError):  # nothing of the group is left
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class Supervisor:
    """Keeps the children running until told to stop."""

    def __init__(
        self,
        children: Sequence[Child],
        database: EmbeddedPostgres | None = None,
        each_tick: Callable[[], None] | None = None,
    ) -> None:
        self.children = list(children)
        self.database = database
        self.each_tick = each_tick
        self.stopping = False

    def run(self) -> None:
        """Start all, look after them, stop all: the last started goes first."""
        try:
            for child in self.children:
                child.start()
            ticks = 0
            while not self.stopping:
                time.sleep(TICK_SECONDS)
                ticks += 1
                if ticks % DATABASE_TICKS == 0:
                    self._look_after_database()
                for child in self.children:
                    child.look_after()
                if self.each_tick is not None:
                    self.each_tick()
        finally:
            for child in reversed(self.children):
                child.stop()

    def stop(self, _signal: int = 0, _frame: FrameType | None = None) -> None:
        """A signal handler: leave `run` at the next tick."""
        self.stopping = True

    def _look_after_database(self) -> None:
        if self.database is None or self.database.is_running():
            return
        try:
            self.database.start()
        except EmbeddedPostgresError as error:  # a full disk, say: come back when there is room
            say(f"{error}")
        else:
            say("数据库已重新启动")


_LIBC = ctypes.CDLL(None)


def _die_with_parent() -> None:
    _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def say(text: str) -> None:
    print(text, flush=True)


def panel(*arguments: str, output: Any = None) -> None:
    """Run `flask panel …` and stop here if it fails: it has said why."""
    command = [sys.executable, "-m", "flask", "--app", "run", "panel", *arguments]
    finished = subprocess.run(command, cwd=ROOT, stdout=output, check=False)  # noqa: S603 - our own commands
    if finished.returncode != 0:
        sys.exit(f"flask panel {' '.join(arguments)} 失败(代码 {finished.returncode}),见上")


def load_demonstration(chosen: Settings) -> None:
    """On the first start of an embedded database; one of the operator's own is never filled by itself."""
    kept = chosen.data_dir / "demo.json"
    if kept.exists() or chosen.database_url or chosen.production:
        return
    say("载入演示数据 …")
    draft = kept.with_suffix(".draft")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        panel("demo", "--json", output=file)
    draft.replace(kept)


def commands(chosen: Settings) -> list[Child]:
    """The web server and the worker."""
    web = [sys.executable, "-m", "granian", "--interface", "wsgi", "--factory", "run:create_app"]
    web += ["--host", chosen.host, "--port", str(chosen.port), "--http", "1", "--no-ws"]
    # One process with threads beat two processes with half of them on two cores.
    web += ["--workers", "1", "--blocking-threads", str(chosen.web_threads)]
    web += ["--workers-kill-timeout", "20", "--log-level", "error"]
    worker = [sys.executable, "-m", "flask", "--app", "run", "panel", "worker"]
    return [Child("网站", web), Child("后台任务", worker)]


def refuse_taken_port(chosen: Settings) -> None:
    """Say it before anything is started: a server that cannot bind would only be started again and again."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((chosen.host, chosen.port))
        except OSError as error:
            sys.exit(
                f"无法监听 {chosen.host}:{chosen.port}({error.strerror});可用 PORT=8001 make run 换一个端口"
            )


class Announcement:
    """Once the site answers, say where it is and with which accounts one may look around."""

    def __init__(self, chosen: Settings) -> None:
        self.address = f"http://{chosen.host}:{chosen.port}"
        self.demonstration = chosen.data_dir / "demo.json"
        self.said = False

    def tick(self) -> None:
        if self.said or not _answers(f"{self.address}/healthz"):
            return
        self.said = True
        say(f"\n已启动:{self.address}    (Ctrl+C 停止)")
        if self.demonstration.exists():
            say("演示账号:")
            for line in shown.lines(json.loads(self.demonstration.read_text())["accounts"]):
                say(line)


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=2) as answer:  # noqa: S310 - our own address
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def main() -> None:
    """Everything, in order; leaving in reverse order whatever happens."""
    chosen = settings()
    refuse_taken_port(chosen)
    with ExitStack() as stack:
        database = None
        if chosen.database_url is None:
            database = EmbeddedPostgres(chosen.data_dir)
            try:
                stack.enter_context(database)
            except EmbeddedPostgresError as error:
                sys.exit(str(error))
        # Ctrl+C during set-up unwinds like any error; afterwards it is an order to stop.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
        panel("init")
        load_demonstration(chosen)
        supervisor = Supervisor(commands(chosen), database, Announcement(chosen).tick)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, supervisor.stop)
        supervisor.run()
        say("已停止")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
