"""`make run`'s supervisor with real processes: what dies comes back, what should stop stops, all of it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app import supervisor
from app.access.embedded import EmbeddedPostgres
from app.supervisor import Child, Supervisor
from config import Settings

FOREVER = [sys.executable, "-c", "import signal; signal.pause()"]


@pytest.fixture(autouse=True)
def quick_ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "TICK_SECONDS", 0.01)
    monkeypatch.setattr(supervisor, "DATABASE_TICKS", 1)


@pytest.fixture
def patient(request: pytest.FixtureRequest) -> Iterator[None]:
    """A limit for a test that waits for something that would never come."""

    def give_up(*_: object) -> None:
        raise AssertionError("waited in vain")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(getattr(request, "param", 60))
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def until(
    done: Callable[[], bool], run: Callable[[], None] = lambda: None
) -> Callable[[Supervisor], Callable[[], None]]:
    """A tick that does `run` once and stops the supervisor when `done`."""
    state = {"ran": False}

    def bind(made: Supervisor) -> Callable[[], None]:
        def tick() -> None:
            if not state["ran"]:
                state["ran"] = True
                run()
            elif done():
                made.stop()

        return tick

    return bind


def supervise(
    children: list[Child],
    tick: Callable[[Supervisor], Callable[[], None]],
    database: EmbeddedPostgres | None = None,
) -> None:
    made = Supervisor(children, database)
    made.each_tick = tick(made)
    made.run()


def number(child: Child) -> int:
    assert child.process is not None
    return child.process.pid


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_for_the_end_of(pid: int) -> None:
    """Another process's child cannot be waited for; `patient` fails the test that waits in vain."""
    while alive(pid):
        os.sched_yield()


@pytest.mark.usefixtures("patient")
class TestSupervisor:
    def test_a_child_that_is_killed_is_started_again(self) -> None:
        child = Child("one", FOREVER)
        supervise([child], until(lambda: child.starts == 2, lambda: os.kill(number(child), signal.SIGKILL)))
        assert child.starts == 2
        assert not alive(number(child))

    def test_the_other_children_are_left_alone(self) -> None:
        dying, other = Child("dying", FOREVER), Child("other", FOREVER)
        supervise(
            [dying, other], until(lambda: dying.starts == 2, lambda: os.kill(number(dying), signal.SIGKILL))
        )
        assert other.starts == 1

    def test_stopping_ends_a_child_s_own_children_too(self, tmp_path: Path) -> None:
        note = tmp_path / "grandchild"
        code = (
            "import subprocess, sys, signal, pathlib;"
            "made = subprocess.Popen([sys.executable, '-c', 'import signal; signal.pause()']);"
            f"pathlib.Path({str(note)!r}).write_text(str(made.pid)); signal.pause()"
        )
        supervise(
            [Child("one", [sys.executable, "-c", code])],
            until(lambda: note.exists() and bool(note.read_text())),
        )
        wait_for_the_end_of(int(note.read_text()))

    def test_a_child_that_ignores_sigterm_is_killed_after_its_grace(self, tmp_path: Path) -> None:
        ready = tmp_path / "ready"
        code = (
            "import signal, pathlib; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
            f"pathlib.Path({str(ready)!r}).touch(); signal.pause(); signal.pause()"
        )
        child = Child("deaf", [sys.executable, "-c", code])
        child.start()
        while not ready.exists():
            os.sched_yield()
        child.stop(grace=0.1)
        assert child.process is not None
        assert child.process.returncode == -signal.SIGKILL

    def test_a_killed_supervisor_leaves_no_child_behind(self, tmp_path: Path) -> None:
        note = tmp_path / "child"
        keeper = os.fork()
        if keeper == 0:
            child = Child("one", FOREVER)
            child.start()
            note.write_text(str(number(child)))
            os.kill(os.getpid(), signal.SIGKILL)
        os.waitpid(keeper, 0)
        wait_for_the_end_of(int(note.read_text()))

    def test_a_database_that_died_is_started_again(self, tmp_path: Path) -> None:
        with EmbeddedPostgres(tmp_path, durable=False) as database:
            first = (database.cluster / "postmaster.pid").read_text().split()[0]
            kill = until(database.is_running, lambda: os.kill(int(first), signal.SIGKILL))
            supervise([], kill, database=database)
            assert (database.cluster / "postmaster.pid").read_text().split()[0] != first


def test_a_taken_port_is_said_before_anything_starts() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        chosen = Settings.model_construct(host="127.0.0.1", port=taken.getsockname()[1])
        with pytest.raises(SystemExit, match="换一个端口"):
            supervisor.refuse_taken_port(chosen)


def descendants(pid: int) -> set[int]:
    found: set[int] = set()
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, task.read_text().split()):
            found |= {child, *descendants(child)}
    return found


@pytest.mark.parametrize("patient", [500], indirect=True)
@pytest.mark.usefixtures("patient")
def test_make_run_starts_everything_says_where_it_is_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """On an empty folder: database, schema, web and worker; Ctrl+C ends all of them. The demonstration is taken as
    loaded: loading it has its own tests and takes a minute."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    account = {
        "role": "school.principal",
        "label": "院校负责人",
        "username": "school01",
        "password": "Demo2345",
    }
    (tmp_path / "demo.json").write_text(json.dumps({"accounts": [account]}))
    environment = {**os.environ, "DATA_DIR": str(tmp_path), "PORT": port}
    with subprocess.Popen(
        [sys.executable, "-m", "app.supervisor"],
        cwd=supervisor.ROOT, env=environment, stdout=subprocess.PIPE, text=True,
    ) as made:  # fmt: skip
        try:
            assert made.stdout is not None
            said = []
            for line in made.stdout:
                said.append(line.strip())
                if "school01" in line:
                    break
            assert said[-3:] == [
                f"已启动:http://127.0.0.1:{port}    (Ctrl+C 停止)",
                "演示账号:",
                "院校负责人  school01  Demo2345",
            ], said
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=60) as answer:
                assert answer.status == 200
            running = descendants(made.pid) | {
                int(file.read_text().split()[0]) for file in tmp_path.rglob("postmaster.pid")
            }
            assert len(running) >= 3 and all(map(alive, running))  # the web, the worker, the database
            made.send_signal(signal.SIGINT)
            assert made.stdout.read().strip() == "已停止"
            assert made.wait() == 0
        finally:
            made.terminate()
    assert not [pid for pid in running if alive(pid)]
    assert not list(tmp_path.rglob("postmaster.pid"))
