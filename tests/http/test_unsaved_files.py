"""Files sent ahead of a form and never saved are removed by night, and never one that is in use (R18)."""

from __future__ import annotations

import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from PIL import Image
from sqlalchemy.engine import Engine

from app.access.actor import JOB, WalledSession, acting_as
from app.gateways import storage
from app.services import files, files_unsaved
from models.accounts import Role
from models.content import Notice, NoticePicture
from models.declarations import DeclarationFile
from models.jobs import FileStanding, StoredFile
from models.kit import clock
from tests.documents import given
from tests.factories import account
from tests.http.test_declaring import JSON, OPEN, Scene, scene, upload
from tests.imports.conftest import data_folder
from tests.jobs.processes import until

__all__ = ["data_folder", "scene"]
pytestmark = pytest.mark.usefixtures("data_folder")


def night(as_: Any, hours: float) -> int:
    """The nightly job so many hours later."""
    with clock.travel(OPEN + timedelta(hours=hours)), as_(JOB) as db:
        return files_unsaved.remove_unsaved(db)


def stored(key: str) -> bool:
    try:
        storage.get(key)
    except FileNotFoundError:
        return False
    return True


@pytest.fixture
def sent(scene: Scene) -> Iterator[tuple[str, str]]:
    """A file that was sent ahead: its token and its key."""
    token = upload(scene.opened(), "师资.pdf", given.pdf()).json["token"]
    yield token, scene.all(StoredFile)[0].key


def form(scene: Scene, token: str) -> dict[str, Any]:
    return scene.draft(**{"declaration_file-0-id": "", "declaration_file-0-file": token})


def test_what_is_never_saved_goes_after_three_days_row_and_bytes(
    scene: Scene, as_: Any, sent: tuple[str, str]
) -> None:
    assert night(as_, 71) == 0 and stored(sent[1])
    assert night(as_, 73) == 1
    assert scene.all(StoredFile) == [] and not stored(sent[1])
    assert night(as_, 73) == 0
    school = scene.opened()
    assert school.post(scene.add, form(scene, sent[0])).status_code == 422
    assert "“师资.pdf”上传后长时间没有保存,已被清除,请重新选择" in school.text()


def test_what_is_saved_stays(scene: Scene, as_: Any, sent: tuple[str, str]) -> None:
    assert scene.opened().post(scene.add, form(scene, sent[0])).status_code == 302
    assert night(as_, 1000) == 0 and stored(sent[1])
    assert scene.all(StoredFile)[0].standing is FileStanding.KEPT


def test_what_a_form_that_is_still_being_filled_in_holds_stays_with_it(
    scene: Scene, as_: Any, sent: tuple[str, str]
) -> None:
    school, place = scene.opened(), f"add%26batch_id={scene.batch}"
    school.post(f"/console/declaration/draft?place={place}", form(scene, sent[0]))
    assert night(as_, 1000) == 0 and stored(sent[1])
    school.post(f"/console/declaration/draft?place={place}&forget=1")
    assert night(as_, 1000) == 1 and not stored(sent[1])


def test_a_file_that_a_row_names_stays_whatever_its_standing(
    scene: Scene, as_: Any, sent: tuple[str, str]
) -> None:
    assert scene.opened().post(scene.add, form(scene, sent[0])).status_code == 302
    with as_(JOB) as db:
        db.execute(sa.update(StoredFile).values(standing=FileStanding.AHEAD))
        db.commit()
    assert night(as_, 1000) == 0 and stored(sent[1])


def test_a_night_that_broke_off_is_finished_by_the_next(
    scene: Scene, as_: Any, sent: tuple[str, str]
) -> None:
    with as_(JOB) as db:
        db.execute(sa.update(StoredFile).values(standing=FileStanding.GOING))
        db.commit()
    storage.delete(sent[1])  # the bytes had gone, the row had not
    assert night(as_, 0) == 1
    assert scene.all(StoredFile) == []


def test_a_picture_of_a_text_goes_unless_the_text_is_saved(scene: Scene, as_: Any, browse: Any) -> None:
    with as_(JOB) as db:
        editor = account(db, Role.PLATFORM_EDITOR)
        db.commit()
    browser, addresses = browse(editor), []
    for _ in range(2):
        drawn = io.BytesIO()
        Image.new("RGB", (20, 20), "blue").save(drawn, "PNG")
        picture = {"file": (io.BytesIO(drawn.getvalue()), "图.png")}
        addresses.append(browser.post("/console/pictures", picture, headers=JSON).json["url"])
    body = f'<p>正文</p><img src="{addresses[0]}" alt="图">'
    answer = browser.post("/console/notice/add", {"title": "通知", "kind": "ANNOUNCEMENT", "body": body})
    assert answer.status_code == 302, browser.text()
    assert night(as_, 1000) == 1
    kept = scene.all(StoredFile)
    assert [one.file for one in scene.all(NoticePicture)] == [kept[0].key]
    assert addresses[0].endswith(kept[0].key) and stored(kept[0].key)
    assert len(scene.all(Notice)) == 1


# At the same moment


def test_a_form_that_is_being_saved_just_now_keeps_its_file(
    scene: Scene, as_: Any, engine: Engine, sent: tuple[str, str]
) -> None:
    with WalledSession(engine) as saving, acting_as(scene.people.school, saving):
        assert files.claim(saving, [sent[1]]) == {sent[1]}
        with WalledSession(engine) as job, ThreadPoolExecutor(1) as pool:
            assert pool.submit(_by_night, job).result() == 0, "it neither waits nor takes"
        saving.commit()
    assert night(as_, 1000) == 0 and stored(sent[1])


def test_a_form_that_is_saved_while_its_file_is_being_chosen_is_told(
    scene: Scene, as_: Any, engine: Engine, owner: Engine, sent: tuple[str, str]
) -> None:
    def claim() -> set[str]:
        with WalledSession(engine) as saving, acting_as(scene.people.school, saving):
            return files.claim(saving, [sent[1]])

    with ThreadPoolExecutor(1) as pool:
        with as_(JOB) as db:
            db.execute(sa.update(StoredFile).values(standing=FileStanding.GOING))
            claimed = pool.submit(claim)
            until(owner, "select count(*) from pg_stat_activity where wait_event_type = 'Lock'", 1)
            db.commit()
        assert claimed.result() == set()
    assert night(as_, 0) == 1
    assert scene.all(DeclarationFile) == []


def _by_night(session: WalledSession) -> int:
    with clock.travel(OPEN + timedelta(hours=1000)), acting_as(JOB, session):
        return files_unsaved.remove_unsaved(session)
