"""`flask panel database upgrade`: carry an embedded database from one PostgreSQL major version to ours.

Dump from a server of the old version, load into a new one, keep the old folder. The wheel holds the version before
ours too; an older one needs an older release of the platform in between.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from app.access.embedded import DATABASE, SUPERUSER, EmbeddedPostgres, EmbeddedPostgresError
from app.access.embedded_host import MAJOR, binaries


def upgrade(data_dir: Path) -> Path:
    """Upgrade the database of a data folder and return where the old one is kept; on any failure it is put back."""
    new = EmbeddedPostgres(data_dir)
    old_major = _recorded_major(new.cluster)
    kept = new.cluster.with_name(f"postgres-{old_major}")
    if kept.exists():
        raise EmbeddedPostgresError(f"{kept} 已存在:上次升级留下的旧数据,确认不再需要后请移走再升级")
    dump = new.data_dir / f"postgres-{old_major}.sql"
    try:
        with EmbeddedPostgres(data_dir, major=old_major) as old:
            _dump(old, dump)
        if old.is_running():
            raise EmbeddedPostgresError("旧数据库仍被其他进程使用,请先停止网站和后台任务再升级")
        _replace(new, kept, dump)
    finally:
        dump.unlink(missing_ok=True)
    return kept


def _replace(new: EmbeddedPostgres, kept: Path, dump: Path) -> None:
    new.cluster.rename(kept)
    try:
        with new:
            _load(new, dump)
    except BaseException:
        shutil.rmtree(new.cluster, ignore_errors=True)
        kept.rename(new.cluster)
        raise


def _recorded_major(cluster: Path) -> int:
    version = cluster / "PG_VERSION"
    if not version.exists():
        raise EmbeddedPostgresError(f"{cluster} 中没有数据库,无需升级")
    found = int(version.read_text())
    if found == MAJOR:
        raise EmbeddedPostgresError(f"数据库已经是 PostgreSQL {MAJOR},无需升级")
    return found


def _dump(server: EmbeddedPostgres, target: Path) -> None:
    """Roles and all databases, by the newer program, as PostgreSQL advises; without the role that initdb makes."""
    whole = target.with_suffix(".all")
    try:
        _client(server, "pg_dumpall", "--quote-all-identifiers", f"--file={whole}")
        creates_superuser = f'CREATE ROLE "{SUPERUSER}";\n'.encode()
        with whole.open("rb") as lines, target.open("wb") as kept:
            target.chmod(0o600)
            for line in lines:
                if line == creates_superuser:
                    break
                kept.write(line)
            shutil.copyfileobj(lines, kept)
    finally:
        whole.unlink(missing_ok=True)


def _load(server: EmbeddedPostgres, dump: Path) -> None:
    """All or an error: the first one stops it."""
    _client(server, "psql", f'--command=drop database "{DATABASE}"')  # the empty one of the first start
    options = ["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--output=/dev/null"]
    _client(server, "psql", *options, f"--file={dump}")


def _client(server: EmbeddedPostgres, program: str, *arguments: str) -> None:
    finished = subprocess.run(  # noqa: S603 - our own words only
        [str(binaries(None) / program), *arguments],
        env=_environment(server),
        umask=0o077,
        capture_output=True,
        text=True,
        check=False,
    )
    if finished.returncode != 0:
        raise EmbeddedPostgresError(f"{program} 失败,旧数据库保持不变:{finished.stderr.strip()}")


def _environment(server: EmbeddedPostgres) -> dict[str, str]:
    """The connection, in the variables that every client reads: a password is no argument for all to see."""
    host, port = server.address
    return {
        "PGHOST": host,
        "PGPORT": port,
        "PGUSER": SUPERUSER,
        "PGPASSWORD": server.password(),
        "PGDATABASE": "postgres",
        "PATH": "/usr/bin:/bin",
        "LC_ALL": "C.UTF-8",
    }
