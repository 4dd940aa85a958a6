"""The seal's page: the principal's alone, looked at on a specimen, saved with the letter (R122–R126, E11, E132–E134)."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from PIL import Image
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from app.access.actor import JOB
from app.documents.drawn import demo_seal
from models.accounts import AuditEntry
from models.issuance import Position, Seal
from tests import factories_issuing as make
from tests.conftest import Browser

As = Callable[..., Any]
PAGE = "/console/seal/"


def picture(side: int = 95, height: int | None = None, *, mode: str = "RGBA", kind: str = "PNG") -> bytes:
    image = Image.new(mode, (side, height or side), (0, 0, 0, 0) if mode == "RGBA" else (200, 0, 0))
    if mode == "RGBA":
        image.paste((200, 0, 0, 255), (10, 10, side - 10, (height or side) // 2))
    out = io.BytesIO()
    image.save(out, kind)
    return out.getvalue()


def preview(browser: Browser, data: bytes, **values: str) -> int:
    given = {
        "holder_name": "王校长",
        "holder_position": "VICE_PRESIDENT",
        "csrf_token": browser.token(),
        **values,
    }
    boundary, body = encode_multipart({**given, "image": FileStorage(io.BytesIO(data), "章.png")})
    browser.last = browser.client.post(
        PAGE, data=body, content_type=f"multipart/form-data; boundary={boundary}"
    )
    return browser.last.status_code


def carried(browser: Browser) -> dict[str, str]:
    """The hidden fields of the specimen page."""
    found = re.findall(r'name="(picture|holder_name|holder_position)"[^>]*value="([^"]*)"', browser.text())
    return dict(found)


def seals(as_: As) -> list[Seal]:
    with as_(JOB) as db:
        return list(db.scalars(sa.select(Seal).order_by(Seal.edition)))


def test_a_seal_is_uploaded_looked_at_and_saved_with_the_letter(as_: As, browse: Any) -> None:
    people = make.signers(as_, sealed=False)
    browser = browse(people.school)
    assert browser.get(PAGE).status_code == 200
    assert "试点院校管理" in browser.text() and "未上传" in browser.text() and "4137010028" in browser.text()
    assert preview(browser, picture()) == 200
    shown = re.search(r'src="data:image/png;base64,([^"]+)"', browser.text())
    assert shown and base64.b64decode(shown.group(1)).startswith(b"\x89PNG")
    assert "电子签名章使用授权委托书" in browser.text()
    assert seals(as_) == []
    answer = browser.post(PAGE, {**carried(browser), "accepted": "y"})
    assert answer.status_code == 302 and answer.location == PAGE
    (seal,) = seals(as_)
    assert (seal.edition, seal.holder_name, seal.holder_position) == (1, "王校长", Position.VICE_PRESIDENT)
    assert seal.authorisation_accepted_at is not None and seal.authorisation_text
    browser.get(PAGE)
    assert f"{PAGE}{seal.id}/image" in browser.text()
    image = browser.get(f"{PAGE}{seal.id}/image")
    assert (
        image.status_code == 200
        and image.mimetype == "image/png"
        and "no-store" in image.headers["Cache-Control"]
    )


def test_e133_without_the_ticked_letter_nothing_is_saved(as_: As, browse: Any) -> None:
    people = make.signers(as_, sealed=False)
    browser = browse(people.school)
    preview(browser, picture())
    assert browser.post(PAGE, carried(browser)).status_code == 422
    assert "请阅读并勾选《电子签名章使用授权委托书》" in browser.text()
    assert seals(as_) == []


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (picture(mode="RGB", kind="JPEG"), "须为PNG"),
        (picture(mode="RGB"), "透明"),
        (picture(95, 80), "正方形"),
        (picture() + b"\0" * 1_048_577, "1M"),
    ],
    ids=["jpeg", "no alpha", "95x80", "over 1 MB"],
)
def test_e132_what_is_no_seal_is_refused_beside_its_field(
    as_: As, browse: Any, data: bytes, words: str
) -> None:
    people = make.signers(as_, sealed=False)
    browser = browse(people.school)
    assert preview(browser, data) in (413, 422)
    assert words in browser.text()


def test_e132_another_square_is_accepted_with_a_hint(as_: As, browse: Any) -> None:
    people = make.signers(as_, sealed=False)
    browser = browse(people.school)
    assert preview(browser, demo_seal("青岛学院")) == 200
    assert "当前190×190,将自动缩放" in browser.text()


def test_what_travels_with_the_specimen_page_is_judged_again(as_: As, browse: Any) -> None:
    """A forged second step is no way round the check."""
    people = make.signers(as_, sealed=False)
    browser = browse(people.school)
    forged = base64.b64encode(picture(mode="RGB", kind="JPEG")).decode()
    given = {"picture": forged, "holder_name": "王校长", "holder_position": "VICE_PRESIDENT", "accepted": "y"}
    assert browser.post(PAGE, given).status_code == 422
    given |= {"picture": base64.b64encode(picture()).decode(), "holder_position": "DEAN"}
    assert browser.post(PAGE, given).status_code == 422
    assert seals(as_) == []


def test_r125_a_schools_holder_is_vice_president_or_above(as_: As, browse: Any) -> None:
    people = make.signers(as_, sealed=False)
    browser = browse(people.school)
    browser.get(PAGE)
    assert "副校长" in browser.text() and "组织负责人" not in browser.text()
    assert preview(browser, picture(), holder_position="HEAD") == 422


@pytest.mark.parametrize("account", ["manager", "organisation_manager", "clerk", "operator"])
def test_e11_everybody_else_gets_403_and_leaves_a_row_in_the_trail(
    as_: As, browse: Any, account: str
) -> None:
    people = make.signers(as_)
    (key,) = [seal.id for seal in seals(as_) if seal.school_id == 11]
    browser = browse(getattr(people, account))
    assert browser.get(PAGE).status_code == 403
    assert browser.post(PAGE, {"picture": "x"}).status_code == 403
    assert browser.get(f"{PAGE}{key}/image").status_code == 403
    with as_(JOB) as db:
        trail = db.scalars(sa.select(AuditEntry).where(AuditEntry.action == "REFUSED")).all()
        assert [entry.table_name for entry in trail] == ["seal"] * 3
        assert {entry.account_id for entry in trail} == {getattr(people, account).id}


def test_another_institutions_seal_is_not_there(as_: As, browse: Any) -> None:
    """R136."""
    people = make.signers(as_)
    (key,) = [seal.id for seal in seals(as_) if seal.school_id == 11]
    assert browse(people.own_school).get(f"{PAGE}{key}/image").status_code == 404


def test_nobody_reaches_a_seal_without_logging_in(as_: As, browse: Any) -> None:
    make.signers(as_)
    answer = browse().get(PAGE)
    assert answer.status_code == 302 and "/login/" in answer.location


def test_the_menu_leads_principals_there(as_: As, browse: Any) -> None:
    people = make.signers(as_)
    for account, word in ((people.school, "试点院校管理"), (people.organisation, "签章管理")):
        browser = browse(account)
        browser.get(PAGE)
        assert word in browser.text()
    browser = browse(people.manager)
    browser.get("/console/")
    assert "试点院校管理" not in browser.text()
