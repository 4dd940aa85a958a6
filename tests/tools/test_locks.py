"""What is installed is locked: every package by its hash, no host named, and the front end as well."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.stem)
def test_every_python_package_is_locked_by_version_and_hash(lock: Path) -> None:
    text = re.sub(r"\\\n\s*", " ", lock.read_text())
    pinned = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
    assert pinned
    for line in pinned:
        assert re.match(r"[A-Za-z0-9._-]+(\[[^]]*])?==\S+.* --hash=sha256:[0-9a-f]{64}", line), line


@pytest.mark.parametrize(
    "lock",
    [*LOCKS, ROOT / "package-lock.json", ROOT / "bench" / "package-lock.json"],
    ids=lambda path: path.name,
)
def test_no_lock_names_a_host(lock: Path) -> None:
    assert not re.search(r"https?://", unfunded(lock))


def unfunded(lock: Path) -> str:
    """The lock without the packages' own words about where to give them money."""
    if lock.suffix != ".json":
        return lock.read_text()
    packages = json.loads(lock.read_text())["packages"]
    return json.dumps([{k: v for k, v in each.items() if k != "funding"} for each in packages.values()])


@pytest.mark.parametrize("folder", [ROOT, ROOT / "bench"], ids=["panel", "bench"])
def test_every_package_of_the_front_end_is_locked_by_its_hash(folder: Path) -> None:
    packages = json.loads((folder / "package-lock.json").read_text())["packages"]
    locked = {name: each for name, each in packages.items() if name}
    assert locked
    for name, each in locked.items():
        assert each.get("integrity", "").startswith("sha512-"), name
        assert "resolved" not in each, name
