"""The embedded PostgreSQL, tried hard: crashes, stale files, odd paths, other users' folders (D1)."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine, make_url, text

from app.access import embedded_host
from app.access.embedded import EmbeddedPostgres
from app.access.embedded_host import (
    MAJOR,
    PACKAGE,
    SOCKET_NAME,
    SOCKET_PATH_BYTES,
    EmbeddedPostgresError,
    binaries,
    make_private,
    processes_in,
    socket_folder,
)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    """A running server on a folder of the test's own."""
    with EmbeddedPostgres(tmp_path / "var", durable=False) as made:
        yield made


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """One server for the tests that only look."""
    with EmbeddedPostgres(tmp_path_factory.mktemp("running"), durable=False) as made:
        yield made


def value(handle: EmbeddedPostgres, statement: str) -> object:
    """The first column of the first row, through the address that the platform itself would use."""
    engine = create_engine(handle.url())
    try:
        with engine.begin() as connection:
            return connection.execute(text(statement)).scalar()
    finally:
        engine.dispose()


def run(handle: EmbeddedPostgres, statement: str) -> None:
    engine = create_engine(handle.url())
    try:
        with engine.begin() as connection:
            connection.execute(text(statement))
    finally:
        engine.dispose()


def postmaster(handle: EmbeddedPostgres) -> int:
    return int((handle.cluster / "postmaster.pid").read_text().split("\n")[0])


class TestStartAndStop:
    def test_data_outlives_a_stop_and_a_start(self, server: EmbeddedPostgres) -> None:
        run(server, "create table kept as select 7 as n")
        server.stop()
        assert not server.is_running()
        server.start()
        assert value(server, "select n from kept") == 7

    def test_starting_twice_is_one_start(self, running: EmbeddedPostgres) -> None:
        first = postmaster(running)
        running.start()
        assert postmaster(running) == first

    def test_a_second_handle_uses_the_running_server_and_the_last_one_stops_it(
        self, server: EmbeddedPostgres
    ) -> None:
        second = EmbeddedPostgres(server.data_dir, durable=False)
        first_pid = postmaster(server)
        second.start()
        assert postmaster(second) == first_pid
        server.stop()
        assert second.is_running()
        second.stop()
        assert not second.is_running()

    def test_a_user_killed_without_warning_does_not_keep_the_server_up(
        self, server: EmbeddedPostgres
    ) -> None:
        code = (
            "import os, signal, sys; from pathlib import Path;"
            "from app.access.embedded import EmbeddedPostgres;"
            "EmbeddedPostgres(Path(sys.argv[1])).start(); os.kill(os.getpid(), signal.SIGKILL)"
        )
        killed = subprocess.run([sys.executable, "-c", code, str(server.data_dir)], check=False)
        assert killed.returncode == -signal.SIGKILL
        server.stop()
        assert not server.is_running()

    def test_processes_that_start_together_share_one_server(self, tmp_path: Path) -> None:
        code = (
            "import sys; from pathlib import Path; from app.access.embedded import EmbeddedPostgres;"
            "made = EmbeddedPostgres(Path(sys.argv[1]), durable=False); made.start();"
            "print((made.cluster / 'postmaster.pid').read_text().split()[0], flush=True); sys.stdin.read()"
        )
        command = [sys.executable, "-c", code, str(tmp_path)]
        pipe = subprocess.PIPE
        both = [subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) for _ in range(2)]
        numbers = {one.stdout.readline() for one in both if one.stdout}
        for one in both:
            one.communicate()
        assert len(numbers) == 1
        assert [one.returncode for one in both] == [0, 0]
        assert processes_in(tmp_path / "postgres") == []

    def test_a_forked_child_does_not_stop_its_parent_s_server(self, server: EmbeddedPostgres) -> None:
        child = os.fork()
        if child == 0:
            server.stop()
            os._exit(0)
        os.waitpid(child, 0)
        assert server.is_running()


class TestCrashes:
    def test_it_starts_again_after_the_postmaster_was_killed(self, server: EmbeddedPostgres) -> None:
        run(server, "create table kept as select 7 as n")
        killed = postmaster(server)
        os.kill(killed, signal.SIGKILL)
        server.start()
        assert postmaster(server) != killed
        assert value(server, "select n from kept") == 7

    @pytest.mark.parametrize("content", ["", "12", "nonsense\n/x\n"])
    def test_a_half_written_pid_file_does_not_stop_a_start(
        self, server: EmbeddedPostgres, content: str
    ) -> None:
        server.stop()
        (server.cluster / "postmaster.pid").write_text(content)
        server.start()
        assert value(server, "select 1") == 1

    def test_a_pid_file_that_names_another_living_process_does_not_stop_a_start(
        self, server: EmbeddedPostgres
    ) -> None:
        server.stop()
        (server.cluster / "postmaster.pid").write_text(f"{os.getpid()}\n{server.cluster}\n")
        server.start()
        assert value(server, "select 1") == 1

    def test_a_cluster_whose_making_was_cut_short_is_made_anew(self, tmp_path: Path) -> None:
        (tmp_path / "postgres.new" / "base").mkdir(parents=True)
        with EmbeddedPostgres(tmp_path, durable=False) as made:
            assert value(made, "select 1") == 1

    def test_a_server_that_cannot_start_says_why(self, server: EmbeddedPostgres) -> None:
        server.stop()
        with (server.cluster / "postgresql.conf").open("a") as file:
            file.write("no_such_setting = 1\n")
        with pytest.raises(EmbeddedPostgresError, match="configuration file"):
            server.start()


class TestFolders:
    @pytest.mark.parametrize(
        "name", ["with a space", "数据目录", 'it\'s $HOME "q"', "comma,comma", "x" * 120]
    )
    def test_any_path_will_do(self, tmp_path: Path, name: str) -> None:
        with EmbeddedPostgres(tmp_path / name, durable=False) as made:
            assert value(made, "select 1") == 1

    def test_nobody_else_may_look_in(self, running: EmbeddedPostgres) -> None:
        private = [
            running.data_dir,
            running.cluster,
            running.data_dir / "keys",
            socket_folder(running.data_dir),
        ]
        assert {stat.S_IMODE(path.stat().st_mode) for path in private} == {0o700}
        secret = running.data_dir / "keys" / "postgres_password"
        assert stat.S_IMODE(secret.stat().st_mode) == 0o600
        assert stat.S_IMODE((socket_folder(running.data_dir) / SOCKET_NAME).stat().st_mode) == 0o700

    def test_the_server_never_runs_as_root(self, running: EmbeddedPostgres) -> None:
        owners = {Path(f"/proc/{pid}").stat().st_uid for pid in processes_in(running.cluster)}
        assert owners == {running.cluster.stat().st_uid}
        assert 0 not in owners

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server under another account")
    def test_as_root_it_runs_though_its_account_cannot_reach_the_installation(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A project under /root: pytest's own folder is as closed."""
        installed = binaries(None).parents[2]
        for name in (PACKAGE, f"{PACKAGE}.libs"):
            shutil.copytree(installed / name, tmp_path / "site" / name, symlinks=True)
        monkeypatch.syspath_prepend(tmp_path / "site")
        with tempfile.TemporaryDirectory() as reachable:
            Path(reachable).chmod(0o755)
            monkeypatch.setattr(embedded_host, "SHARED_CACHE", Path(reachable))
            with EmbeddedPostgres(tmp_path / "var", durable=False) as made:
                program = Path(f"/proc/{postmaster(made)}/exe").readlink()
            assert program.is_relative_to(reachable)

    def test_a_socket_path_always_fits(self, tmp_path: Path) -> None:
        for name in ("short", "长" * 60, "a,b"):
            folder = socket_folder(tmp_path / name)
            assert len(os.fsencode(folder / SOCKET_NAME)) <= SOCKET_PATH_BYTES
            assert "," not in str(folder)

    def test_a_private_folder_that_someone_linked_elsewhere_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "link").symlink_to(tmp_path)
        with pytest.raises(EmbeddedPostgresError, match="已被他人占用"):
            make_private(tmp_path / "link")

    def test_a_folder_of_another_major_version_stops_with_the_command_that_upgrades(
        self, tmp_path: Path
    ) -> None:
        (tmp_path / "postgres").mkdir()
        (tmp_path / "postgres" / "PG_VERSION").write_text(f"{MAJOR - 2}\n")
        with pytest.raises(EmbeddedPostgresError, match="panel database upgrade"):
            EmbeddedPostgres(tmp_path).start()
        assert [path.name for path in (tmp_path / "postgres").iterdir()] == ["PG_VERSION"]

    def test_a_lost_password_file_is_named(self, server: EmbeddedPostgres) -> None:
        server.stop()
        (server.data_dir / "keys" / "postgres_password").unlink()
        with pytest.raises(EmbeddedPostgresError, match="postgres_password"):
            server.start()


class TestDoors:
    def test_a_wrong_password_is_refused_even_on_the_own_socket(self, running: EmbeddedPostgres) -> None:
        query = make_url(running.url()).query
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(host=str(query["host"]), user="postgres", password="guess", dbname="postgres")

    def test_there_is_no_port_to_knock_at(self, running: EmbeddedPostgres) -> None:
        assert value(running, "show listen_addresses") == ""
        assert _tcp_listeners(running) == []

    def test_each_role_has_a_password_of_its_own(self, running: EmbeddedPostgres) -> None:
        assert len({running.password(user) for user in ("postgres", "panel_login", "panel_owner")}) == 3
        run(running, f"create role panel_login login password '{running.password('panel_login')}'")
        engine = create_engine(running.url("postgres", "panel_login"))
        with engine.connect() as connection:
            assert connection.execute(text("select current_user")).scalar() == "panel_login"
        engine.dispose()


class TestSettings:
    def test_text_is_sorted_by_code_point_and_found_by_prefix_through_a_plain_index(
        self, running: EmbeddedPostgres
    ) -> None:
        run(running, "create table word as select 'w' || n as t from generate_series(1, 20000) n")
        run(running, "create index on word (t)")
        run(running, "analyze word")
        assert "Index" in str(value(running, "explain (costs off) select t from word where t like 'w777%'"))

    def test_parallel_plans_are_off_because_containers_have_little_shared_memory(
        self, running: EmbeddedPostgres
    ) -> None:
        assert value(running, "show max_parallel_workers_per_gather") == "0"

    def test_only_tests_give_up_durability(self, server: EmbeddedPostgres) -> None:
        assert value(server, "show fsync") == "off"
        server.stop()
        with EmbeddedPostgres(server.data_dir) as durable:
            assert value(durable, "show fsync") == "on"

    def test_a_failing_statement_leaves_no_value_in_the_log(self, running: EmbeddedPostgres) -> None:
        """R25: personal numbers never appear in logs."""
        run(running, "create table person (id_number text primary key)")
        run(running, "insert into person values ('110101199001011237')")
        with pytest.raises(Exception, match="duplicate key"):
            run(running, "insert into person values ('110101199001011237')")
        log = running.log.read_text()
        assert "duplicate key" in log
        assert "110101199001011237" not in log


def _tcp_listeners(server: EmbeddedPostgres) -> list[str]:
    """Lines of the kernel's TCP tables (state 0A: listening) whose socket the postmaster holds."""
    held = {str(entry.readlink()) for entry in Path(f"/proc/{postmaster(server)}/fd").iterdir()}
    tables = [Path("/proc/net/tcp"), Path("/proc/net/tcp6")]
    lines = [line for table in tables if table.exists() for line in table.read_text().splitlines()[1:]]
    return [line for line in lines if line.split()[3] == "0A" and f"socket:[{line.split()[9]}]" in held]
