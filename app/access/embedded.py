"""The embedded PostgreSQL: a real server from the wheel's binaries, for one machine, development and tests.

Every process that wants it makes a handle and calls `start()`. The first one starts the server; each holds a
shared lock for as long as it lives (the kernel drops it, whatever kills the process); the last to `stop()`
stops the server. There is no TCP port: only a socket in a folder of our own (0700), always with a password
(scram). Production sets DATABASE_URL instead. D1.
"""

from __future__ import annotations

import atexit
import fcntl
import hashlib
import hmac
import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import psycopg
from sqlalchemy import URL

from app.access.embedded_host import (
    MAJOR,
    SHORT_ROOT,
    EmbeddedPostgresError,
    binaries,
    make_private,
    processes_in,
    server_account,
    socket_folder,
)

__all__ = ["DATABASE", "SUPERUSER", "EmbeddedPostgres", "EmbeddedPostgresError"]

DATABASE = "panel"
SUPERUSER = "postgres"
START_SECONDS = 120.0  # crash recovery of a large database takes its time
STOP_SECONDS = 120.0
POLL_SECONDS = 0.02
LOG_BYTES = 10 * 1024**2

SETTINGS = {
    "listen_addresses": "",
    "port": "5432",
    "unix_socket_permissions": "0700",
    "password_encryption": "scram-sha-256",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "random_page_cost": "1.1",
    "jit": "off",
    # Parallel workers share memory through /dev/shm, which containers keep at a few megabytes.
    "max_parallel_workers_per_gather": "0",
    "max_parallel_maintenance_workers": "0",
    "timezone": "Asia/Shanghai",
    "log_timezone": "Asia/Shanghai",
    # No statement, parameter or key value in the log: they hold personal numbers (R25).
    "log_min_error_statement": "panic",
    "log_parameter_max_length_on_error": "0",
    "log_error_verbosity": "terse",
}
NOT_DURABLE = {"fsync": "off", "full_page_writes": "off"}  # survives a killed server, not a power cut


class EmbeddedPostgres:
    """A handle on the one server of a data folder; cheap, one per process is enough."""

    def __init__(self, data_dir: Path, *, durable: bool = True, major: int = MAJOR) -> None:
        """`durable=False` trades safety against power loss for speed: tests only. `major`: for upgrades."""
        self.data_dir = data_dir.resolve()
        self.cluster = self.data_dir / "postgres"
        self.log = self.data_dir / "logs" / "postgres.log"
        self.durable = durable
        self.major = major
        self._socket = socket_folder(self.data_dir)
        self._used: IO[str] | None = None
        self._pid = 0

    def start(self) -> None:
        """Have the server running and count ourselves among its users. Calling it again changes nothing."""
        if self._holds_it() and self.is_running():
            return
        for folder in (self.data_dir, self.log.parent, self._password_file.parent):
            folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            make_private(folder)
        with self._one_at_a_time():
            self._check_version()
            self._use()
            try:
                self._ensure_running()
            except BaseException:
                self._leave()
                self._remove_short_folder()
                raise

    def stop(self) -> None:
        """Give the server up; it stops with the last process that uses it. Safe to call twice."""
        if not self._holds_it():
            return
        with self._one_at_a_time():
            if self._am_last_user() and self.is_running():
                self._shut_down()
            self._leave()

    def is_running(self) -> bool:
        """Whether a real connection succeeds: the only test of life that a stale file cannot fool."""
        return self._failure() is None

    @property
    def address(self) -> tuple[str, str]:
        """Host (the socket's folder) and port, for client programs."""
        return str(self._socket), SETTINGS["port"]

    def password(self, user: str = SUPERUSER) -> str:
        """The superuser's stored secret; for another role one derived from it, to be given to that role."""
        secret = self._password_file.read_text().strip()
        if user == SUPERUSER:
            return secret
        return hmac.new(secret.encode(), user.encode(), hashlib.sha256).hexdigest()

    def url(self, database: str = DATABASE, user: str = SUPERUSER) -> str:
        """The address for SQLAlchemy. Percent signs stand in it: double them in an ini file."""
        return URL.create(
            "postgresql+psycopg",
            username=user,
            password=self.password(user),
            database=database,
            query={"host": str(self._socket), "port": SETTINGS["port"]},
        ).render_as_string(hide_password=False)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.stop()

    # Users: a shared lock each; whoever can make it exclusive is the last one.

    @property
    def _password_file(self) -> Path:
        return self.data_dir / "keys" / "postgres_password"

    def _holds_it(self) -> bool:
        return (
            self._used is not None and self._pid == os.getpid()
        )  # a forked child is not the user, its parent is

    def _use(self) -> None:
        if not self._holds_it():
            self._used = (self.data_dir / "postgres.users").open("w")
            self._pid = os.getpid()
            fcntl.flock(self._used, fcntl.LOCK_SH)
            atexit.register(self.stop)

    def _am_last_user(self) -> bool:
        assert self._used is not None  # noqa: S101 - for the type checker; _holds_it was asked
        try:
            fcntl.flock(self._used, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _leave(self) -> None:
        if self._used is not None:
            self._used.close()
            self._used = None
        atexit.unregister(self.stop)

    @contextmanager
    def _one_at_a_time(self) -> Iterator[None]:
        with (self.data_dir / "postgres.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    # The server

    def _check_version(self) -> None:
        recorded = self.cluster / "PG_VERSION"
        if recorded.exists() and (found := recorded.read_text().strip()) != str(self.major):
            raise EmbeddedPostgresError(
                f"数据库目录 {self.cluster} 是 PostgreSQL {found} 的,当前程序使用 PostgreSQL {self.major}。"
                f"数据未被改动,请执行:.venv/bin/flask --app run panel database upgrade"
            )

    def _ensure_running(self) -> None:
        if not (self.cluster / "PG_VERSION").exists():
            self._create_cluster()
        if self.is_running():
            return
        if not self._postmaster_alive():
            self._clear_leftovers()
            self._launch()
        self._await_life()
        self._create_database()

    def _create_cluster(self) -> None:
        """initdb into a folder beside, renamed when complete: a half-made cluster is never taken for one."""
        draft = self.cluster.with_name("postgres.new")
        shutil.rmtree(draft, ignore_errors=True)
        account = server_account(self.cluster)
        make_private(draft, account)
        if not self._password_file.exists():
            _write_secret(self._password_file, secrets.token_urlsafe(32))
        reader, writer = os.pipe()  # the server's account may not read our secrets: hand it over
        try:
            if account is not None:
                os.fchown(reader, account.pw_uid, account.pw_gid)
            os.write(writer, self.password().encode() + b"\n")
            os.close(writer)
            made = self._run(
                "initdb", draft, *_initdb(self.major), f"--pwfile=/dev/fd/{reader}", pass_fds=(reader,)
            )
        finally:
            os.close(reader)
        if made.returncode != 0:
            raise EmbeddedPostgresError(f"数据库初始化失败:{_hint(made.stdout)}")
        draft.rename(self.cluster)

    def _launch(self) -> None:
        """Start the postmaster on its own: nobody's child, in no terminal's process group."""
        make_private(self._socket, server_account(self.cluster))
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        quoted = '"' + str(self._socket).replace('"', '""') + '"'
        values = {**SETTINGS, "unix_socket_directories": quoted, **({} if self.durable else NOT_DURABLE)}
        options = [word for name, value in values.items() for word in ("-c", f"{name}={value}")]
        with self.log.open("ab") as log:
            self._run("postgres", self.cluster, *options, log=log, background=True)

    def _run(
        self,
        program: str,
        folder: Path,
        *arguments: str,
        log: IO[bytes] | None = None,
        background: bool = False,
        pass_fds: tuple[int, ...] = (),
    ) -> subprocess.CompletedProcess[str]:
        """Run one of the wheel's programs on a data folder, as the server's account."""
        account = server_account(folder)
        # As another account the folder is reachable only from inside: it need not pass the parents.
        named = "/proc/self/cwd" if account is not None else str(folder)
        command = [str(binaries(account, self.major) / program), "-D", named, *arguments]
        if background:
            command = ["/bin/sh", "-c", '"$@" &', "sh", *command]
        as_account: dict[str, Any] = {}
        if account is not None:
            as_account = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        return subprocess.run(  # noqa: S603 - our own words only
            command,
            cwd=folder,
            env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin", "HOME": "/nonexistent"},
            stdin=subprocess.DEVNULL,
            stdout=log or subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            text=True,
            pass_fds=pass_fds,
            check=False,
            **as_account,
        )

    def _await_life(self) -> None:
        """Wait for a connection; give up at once when the server has died or refuses our password."""
        logged = self.log.stat().st_size if self.log.exists() else 0

        def answered() -> bool:
            alive = bool(processes_in(self.cluster))
            failure = self._failure()
            if failure and "password authentication failed" in failure:
                raise EmbeddedPostgresError(f"数据库拒绝了 {self._password_file} 中的口令,请恢复原来的文件")
            if failure and not alive:
                raise EmbeddedPostgresError(
                    f"数据库没有启动:{_hint(self._log_tail(logged))}(日志:{self.log})"
                )
            return failure is None

        if not _until(answered, START_SECONDS):
            raise EmbeddedPostgresError(f"数据库在 {START_SECONDS:.0f} 秒内没有就绪,请查看日志 {self.log}")

    def _create_database(self) -> None:
        with self._connect() as connection:
            known = connection.execute("select 1 from pg_database where datname = %s", (DATABASE,)).fetchone()
            if known is None:
                connection.execute(f'create database "{DATABASE}"')

    def _connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(
            host=str(self._socket),
            port=SETTINGS["port"],
            user=SUPERUSER,
            password=self.password(),
            dbname="postgres",
            autocommit=True,
            connect_timeout=10,
        )

    def _failure(self) -> str | None:
        """Why no connection can be made; None when one can."""
        if not (self.cluster / "PG_VERSION").exists():
            return "no data folder"
        if not self._password_file.exists():
            raise EmbeddedPostgresError(f"缺少数据库口令文件 {self._password_file},请从备份恢复")
        try:
            self._connect().close()
        except psycopg.OperationalError as error:
            return str(error)
        return None

    def _recorded_pid(self) -> int | None:
        """The postmaster's number by its own file, which may be stale, half-written or gone."""
        try:
            return int((self.cluster / "postmaster.pid").read_text().split("\n")[0])
        except (OSError, ValueError):
            return None

    def _postmaster_alive(self) -> bool:
        return self._recorded_pid() in processes_in(self.cluster)

    def _clear_leftovers(self) -> None:
        """After a crash: wait for the last orphan to leave the data folder, then drop what names the dead.

        PostgreSQL itself would take a reused process number for a running server and refuse to start.
        """
        if not _until(lambda: not processes_in(self.cluster), START_SECONDS):
            raise EmbeddedPostgresError(
                f"仍有进程占用 {self.cluster}:{processes_in(self.cluster)},请先结束它们"
            )
        (self.cluster / "postmaster.pid").unlink(missing_ok=True)
        for path in self._socket.glob(".s.PGSQL.*"):
            path.unlink(missing_ok=True)

    def _shut_down(self) -> None:
        pid = self._recorded_pid()
        if pid is None or pid not in processes_in(self.cluster):
            raise EmbeddedPostgresError(f"找不到 {self.cluster} 的数据库主进程,请查看日志 {self.log}")
        os.kill(pid, signal.SIGINT)  # "fast": open transactions are rolled back, then a clean checkpoint
        if not _until(lambda: not processes_in(self.cluster), STOP_SECONDS):
            raise EmbeddedPostgresError(f"数据库在 {STOP_SECONDS:.0f} 秒内没有停止,请查看日志 {self.log}")
        self._remove_short_folder()

    def _remove_short_folder(self) -> None:
        if self._socket.parent == SHORT_ROOT:
            with suppress(OSError):  # still holds a socket, or was never made
                self._socket.rmdir()

    def _log_tail(self, start: int) -> str:
        with self.log.open("rb") as file:
            file.seek(start if start < self.log.stat().st_size else 0)
            return file.read().decode(errors="replace")


def _initdb(major: int) -> list[str]:
    options = ["--encoding=UTF8", "--locale=C.UTF-8", "--auth=scram-sha-256", f"--username={SUPERUSER}"]
    if major >= 17:
        # The server's own C.UTF-8: code point order, LIKE 'x%' by a plain index, whatever the C library.
        options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    return [*options, "--data-checksums"]


def _until(done: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


def _write_secret(path: Path, value: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(value)


def _hint(output: str) -> str:
    """What went wrong, in one line, with the remedy where we know it."""
    if "No space left on device" in output:
        return "磁盘已满,请腾出空间后重新启动"
    lines = [
        line for line in output.splitlines() if "FATAL" in line or "error" in line.lower()
    ] or output.splitlines()
    return lines[-1].strip() if lines else "没有输出"
