"""The editor's work over HTTP: draft, preview, schedule, publish, withdraw; pasted text, pictures, attachments (4.16, R19)."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from PIL import Image

from app.access.actor import JOB
from app.documents.pictures import web_picture
from app.services import files
from app.services.errors import DomainError
from models.accounts import Role
from models.content import Notice, NoticeFile, NoticePicture, NoticeState
from models.kit import clock
from tests import factories
from tests.conftest import Browser
from tests.documents.test_content import docx
from tests.models.world import found

As = Callable[..., Any]


@pytest.fixture
def editor(as_: As, browse: Callable[..., Browser]) -> Browser:
    found(as_)
    with as_(JOB) as db:
        account = factories.account(db, Role.PLATFORM_EDITOR)
        db.commit()
    return browse(account)


def write(editor: Browser, title: str = "关于开展试点的通知", **values: Any) -> int:
    answer = editor.post(
        "/console/notice/add", {"kind": "POLICY", "title": title, "body": "<p>正文</p>", **values}
    )
    assert answer.status_code == 302, editor.text()
    return int(answer.location.rpartition("/")[2])


def png(width: int = 40, mode: str = "RGB") -> io.BytesIO:
    out = io.BytesIO()
    Image.new(mode, (width, 20), "blue" if mode == "RGB" else (0, 0, 255, 90)).save(out, "PNG")
    out.seek(0)
    return out


def upload(browser: Browser, data: io.BytesIO, name: str = "图.png") -> Any:
    return browser.post("/console/pictures", {"file": (data, name)}, content_type="multipart/form-data")


def state(as_: As, key: int) -> NoticeState:
    with as_(JOB) as db:
        return db.get_one(Notice, key).state


def test_from_draft_through_preview_and_publication_to_withdrawal(
    editor: Browser, browse: Callable[..., Browser], as_: As
) -> None:
    key, reader = write(editor), browse()
    assert reader.get(f"/notices/{key}").status_code == 404
    assert editor.get(f"/console/notice/{key}/preview").status_code == 200
    assert "预览:草稿" in editor.text() and "关于开展试点的通知" in editor.text()
    editor.act("notice", "publish", [key])
    assert state(as_, key) is NoticeState.PUBLISHED
    assert reader.get(f"/notices/{key}").status_code == 200
    reader.get("/notices/policy/")
    assert "关于开展试点的通知" in reader.text()
    editor.act("notice", "withdraw", [key])
    assert state(as_, key) is NoticeState.WITHDRAWN
    assert reader.get(f"/notices/{key}").status_code == 410
    reader.get("/notices/policy/")
    assert "关于开展试点的通知" not in reader.text()
    assert editor.get(f"/console/notice/{key}/edit").status_code == 409
    editor.act("notice", "revise", [key])
    assert state(as_, key) is NoticeState.DRAFT
    assert editor.get(f"/console/notice/{key}/edit").status_code == 200


def test_a_time_to_come_makes_it_wait_and_a_published_one_cannot_be_sent_back_to_the_future(
    editor: Browser, as_: As
) -> None:
    later = f"{clock.now() + timedelta(days=1):%Y-%m-%d %H:%M}"
    waiting = write(editor, publish_from=later)
    editor.act("notice", "publish", [waiting])
    assert state(as_, waiting) is NoticeState.SCHEDULED
    editor.get(f"/console/notice/{waiting}/preview")
    assert f"定时发布,{later}起" in editor.text()
    published = write(editor, "马上发布的通知")
    editor.act("notice", "publish", [published])
    form = {"kind": "POLICY", "title": "马上发布的通知", "body": "<p>正文</p>", "publish_from": later}
    editor.get(f"/console/notice/{published}/edit")
    version = re.search(r'name="row_version"[^>]*value="(\d+)"', editor.text())
    assert version
    answer = editor.post(f"/console/notice/{published}/edit", {**form, "row_version": version[1]})
    assert answer.status_code == 422 and "不能改成将来发布" in editor.text()
    over = write(editor, "过期的通知", publish_to=f"{clock.now() - timedelta(days=1):%Y-%m-%d %H:%M}")
    editor.act("notice", "publish", [over])
    assert state(as_, over) is NoticeState.DRAFT


def test_E22_handlers_scripts_and_foreign_pictures_do_not_reach_the_portal(
    editor: Browser, browse: Callable[..., Browser]
) -> None:
    typed = (
        '<p onclick="alert(1)">请<a href="javascript:alert(2)">点击</a></p><script>alert(3)</script>'
        '<img src="//evil.example/x.gif"><img src="/logout/"><iframe src="/x"></iframe><p style="color:red">红字</p>'
    )
    key = write(editor, body=typed)
    editor.act("notice", "publish", [key])
    reader = browse()
    reader.get(f"/notices/{key}")
    article = re.search(r"<article.*?</article>", reader.text(), re.S)
    assert article and "请" in article[0] and "红字" in article[0]
    assert not re.search(r"alert|onclick|javascript|evil|<img|<iframe|style=", article[0])


def test_what_is_pasted_from_word_is_cleaned_for_the_editor_and_kept_so(editor: Browser, as_: As) -> None:
    pasted = (
        "<p class=MsoListParagraph style='mso-list:l0 level1 lfo1'><span style='mso-list:Ignore'>1.</span>报送</p>"
        "<p class=MsoNormal align=center style='text-align:center'>"
        "<b><span style='font-family:宋体'>标题</span></b><o:p></o:p></p>"
    )
    answer = editor.post("/console/rich/clean", {"html": pasted})
    assert answer.json == {
        "html": '<ol><li>报送</li></ol><p class="align-center"><b><span>标题</span></b></p>'
    }
    key = write(editor, body=pasted)
    with as_(JOB) as db:
        assert db.get_one(Notice, key).body == answer.json["html"]


def test_a_picture_is_seen_by_its_writer_until_the_text_is_published_and_gone_with_it(
    editor: Browser, browse: Callable[..., Browser], as_: As
) -> None:
    answer = upload(editor, png())
    assert answer.status_code == 201
    url = answer.json["url"]
    reader = browse()
    seen = [reader.get(url).status_code]
    assert editor.get(url, buffered=True).status_code == 200
    key = write(editor, body=f'<p>看图</p><img src="{url}" alt="图">')
    seen.append(reader.get(url).status_code)
    editor.act("notice", "publish", [key])
    answer = reader.get(url, buffered=True)
    seen.append(answer.status_code)
    assert answer.data.startswith(b"\x89PNG") and answer.mimetype == "image/png"
    reader.get(f"/notices/{key}")
    assert f'src="{url}"' in reader.text()
    editor.act("notice", "withdraw", [key])
    seen.append(reader.get(url).status_code)
    assert seen == [404, 404, 200, 404]


def test_nobodys_file_becomes_public_by_writing_its_address_into_a_text(
    editor: Browser, browse: Callable[..., Browser], as_: As
) -> None:
    """A stored file is the secret of those whose row names it (StoredFile)."""
    with as_(JOB) as db:
        foreign = files.keep(db, JOB, "照片.jpg", "jpg", b"\xff\xd8\xff secret")
        db.commit()
    key = write(editor, body=f'<p>字</p><img src="/notices/pictures/{foreign}">')
    editor.act("notice", "publish", [key])
    assert browse().get(f"/notices/pictures/{foreign}").status_code == 404
    assert editor.get(f"/notices/pictures/{foreign}").status_code == 404
    with as_(JOB) as db:
        assert db.scalar(sa.select(sa.func.count(NoticePicture.id))) == 0


@pytest.mark.parametrize(
    ("data", "status", "words"),
    [
        (b"MZ\x90\x00 an installer", 415, "jpg或png"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", 415, "jpg或png"),
        (b"\x89PNG\r\n\x1a\n torn", 422, "已损坏"),
    ],
)
def test_what_is_no_picture_is_refused_with_the_reason(
    editor: Browser, data: bytes, status: int, words: str
) -> None:
    answer = editor.post(
        "/console/pictures",
        {"file": (io.BytesIO(data), "图.png")},
        content_type="multipart/form-data",
        headers={"Accept": "application/json"},
    )
    assert answer.status_code == status and words in answer.json["message"]


def test_a_picture_of_more_than_five_megabytes_is_refused() -> None:
    with pytest.raises(DomainError, match="不能超过5M"):
        web_picture(b"\xff\xd8\xff" + bytes(5 * 1024 * 1024))


def test_a_picture_loses_its_notes_and_its_excess(editor: Browser) -> None:
    """Where it was taken is nobody's business; nobody needs 4000 pixels on a page."""
    out = io.BytesIO()
    picture = Image.new("RGB", (4000, 100), "red")
    exif = picture.getexif()
    exif[0x010E] = "secret place"
    picture.save(out, "JPEG", exif=exif)
    out.seek(0)
    url = upload(editor, out, "图.jpg").json["url"]
    kept = editor.get(url, buffered=True).data
    assert b"secret place" not in kept and Image.open(io.BytesIO(kept)).size == (1600, 40)


def test_attachments_are_judged_by_content(editor: Browser, browse: Callable[..., Browser], as_: As) -> None:
    def attach(name: str, data: bytes) -> Any:
        body = {
            "kind": "POLICY", "title": "带附件的通知", "body": "<p>正文</p>", "notice_file-0-name": name,
            "notice_file-0-file": (io.BytesIO(data), name),
        }  # fmt: skip
        return editor.post("/console/notice/add", body, content_type="multipart/form-data")

    assert attach("申报指南.docx", b"MZ\x90\x00 an installer").status_code == 415
    assert "内容不是docx文件" in editor.text()
    assert attach("宏.xlsm", docx()).status_code == 415
    answer = attach("申报指南.docx", docx())
    assert answer.status_code == 302, editor.text()
    key = int(answer.location.rpartition("/")[2])
    editor.act("notice", "publish", [key])
    with as_(JOB) as db:
        file_id = db.scalar(sa.select(NoticeFile.id).where(NoticeFile.notice_id == key))
    reader = browse()
    reader.get(f"/notices/{key}")
    assert "申报指南.docx" in reader.text()
    answer = reader.get(f"/notices/{key}/files/{file_id}", buffered=True)
    assert answer.status_code == 200 and answer.headers["Content-Disposition"].startswith("attachment")
    editor.act("notice", "withdraw", [key])
    assert reader.get(f"/notices/{key}/files/{file_id}").status_code == 404


def test_only_editors_preview_and_upload(editor: Browser, browse: Callable[..., Browser], as_: As) -> None:
    key = write(editor)
    with as_(JOB) as db:
        auditor = factories.account(db, Role.PLATFORM_AUDITOR)
        db.commit()
    other, nobody = browse(auditor), browse()
    assert other.get(f"/console/notice/{key}/preview").status_code == 403
    assert upload(other, png()).status_code == 403
    assert nobody.get(f"/console/notice/{key}/preview").status_code == 302
    assert upload(nobody, png()).status_code == 302
    assert nobody.post("/console/rich/clean", {"html": "x"}).status_code == 302
