"""A platform really running, people at browsers, pictures of what they saw."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from app.access import wall
from app.access.embedded import EmbeddedPostgres
from app.demo import base
from config import settings
from tests.browser.installation import Installation
from tests.browser.people import PICTURES, Album, People

PASSWORD = "Password2026"


@pytest.fixture
def installation(
    request: pytest.FixtureRequest,
    server: EmbeddedPostgres,
    database_name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Installation]:
    """Web server and worker on a fresh database with divisions, schools, organisations and their accounts, in March
    of a year; `demo(fresh=True)`: on the demonstration's year of business, now."""
    made = Installation(server.url(database_name, wall.LOGIN), tmp_path)
    monkeypatch.setenv("PANEL_CLOCK_FILE", str(made.clock_file))
    if request.node.get_closest_marker("demo") is not None:
        (tmp_path / "files").symlink_to(settings().files_dir)  # the demonstration's photos
    else:
        made.travel_to("2026-03-02 09:00")
        with made.session() as session:
            base.lay(session, 7, PASSWORD)
            session.commit()
    with made:
        yield made


@pytest.fixture
def album(request: pytest.FixtureRequest) -> Album:
    """The main path's pictures in var/screenshots itself; each other module's in a folder of its own, so that two
    modules at once never mix theirs."""
    name = request.path.stem.removeprefix("test_")
    return Album(PICTURES if name == "main_path" else PICTURES / name)


@pytest.fixture
def people(chromium: Browser, installation: Installation, album: Album) -> Iterator[People]:
    made = People(chromium, installation, album)
    yield made
    made.leave()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A machine busy with two browsers sometimes keeps a page waiting beyond its five seconds: what failed is tried
    once more, and the summary names it (R), because a second failure or a name that keeps coming back is a defect."""
    for item in items:
        if item.get_closest_marker("browser") is not None:
            item.add_marker(pytest.mark.flaky(reruns=1))
