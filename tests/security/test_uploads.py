"""Uploads through the doors people use (check 12; R18, E23, E64–E66, E139): by content, within bounds, refused in
Chinese, and nothing of a refused file is kept. What a parser does with each is tested beside the parser."""

from __future__ import annotations

import base64
import io
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlalchemy.orm import sessionmaker
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from app.access.actor import WalledSession
from app.access.roles import ROLES, may
from app.gateways import storage
from app.jobs.running import run_pending
from app.panel.fab import shown_to_anyone
from app.panel.resolve import resolve_table
from config import MB, reset_settings, settings
from models.kit import Mark, declared_models, fields_of
from tests.documents import samples
from tests.http.test_desk import fields
from tests.imports.conftest import data_folder
from tests.security.conftest import EVERY_ROLE, Demo
from tests.sheets import forge

__all__ = ["data_folder"]  # files of a test in a folder of its own, so that they can be counted
pytestmark = pytest.mark.demo(fresh=True)
PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"


def archive(**parts: bytes) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in parts.items():
            made.writestr(name, data)
    return held.getvalue()


def png(width: int, height: int) -> bytes:
    """A picture that claims to be so large, in a few hundred bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\0" * 100))
        + chunk(b"IEND", b"")
    )


SUPPORTING = {
    "an EXE called pdf": ("a.pdf", b"MZ\x90\x00" + b"\0" * 600),
    "a zip called docx": ("a.docx", archive(a=b"x")),
    "a text": ("a.txt", b"hello"),
    "a page called pdf": ("a.pdf", b"<html><script>alert(1)</script></html>"),
    "a picture that is a script": (
        "a.svg",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>",
    ),
    "a page": ("a.html", b"<html></html>"),
    "a document with macros": ("a.docm", archive(**{"word/vbaProject.bin": b"x"})),
    "two endings": ("a.pdf.exe", PDF),
    "nothing": ("a.pdf", b""),
    "half a pdf": ("a.pdf", b"%PDF-1.7\n" + b"x" * 4000),
    "more than 20 MB": ("a.pdf", PDF[:-6] + b" " * (20 * MB) + b"%%EOF\n"),
    "no ending": ("pdf", PDF),
}
PHOTOS = {
    "a page called jpg": ("a.jpg", b"<html><script>alert(1)</script></html>"),
    "a gif": ("a.gif", b"GIF89a" + b"\0" * 200),
    "a bomb of pixels": ("a.png", png(60_000, 60_000)),
    "half a photo": ("a.jpg", samples.jpeg()[: len(samples.jpeg()) // 2]),
    "a script": ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"),
    "a pdf": ("a.jpg", PDF),
    "more than 5 MB": ("a.jpg", samples.jpeg() + b"\0" * (5 * MB)),
    "a zip": ("a.png", archive(a=b"x")),
    "nothing": ("a.jpg", b""),
}


def kept(demo: Demo) -> tuple[int, int]:
    """Rows of stored files, and files on the disk."""
    with demo.owner.connect() as connection:
        rows = connection.scalar(sa.text("select count(*) from stored_file")) or 0
    return rows, sum(1 for path in settings().files_dir.rglob("*") if path.is_file())


def beside(page: str, field: str) -> str:
    """What stands beside a field of a refused form."""
    found = re.search(rf'id="{field}-error">.*?<span>(.*?)</span>', page, flags=re.S)
    return found.group(1) if found else ""


@pytest.fixture
def certificate(demo: Demo) -> tuple[Any, str, dict[str, str]]:
    """The organisation's browser in the form of a certificate of its own, filled in as it stands."""
    browser = demo.browser("organisation.principal")
    with demo.owner.begin() as connection:
        key = demo.own("organisation.principal", "certificate")
        connection.exec_driver_sql("set session_replication_role = replica")
        connection.execute(sa.text("update certificate set state = 'DRAFT' where id = :k"), {"k": key})
    url = f"/desk/certificate/{key}/edit"
    assert browser.get(url).status_code == 200
    return browser, url, fields(browser.text())


@pytest.fixture
def candidate(demo: Demo) -> tuple[Any, str, dict[str, str]]:
    browser = demo.browser("school.principal")
    key = demo.own("school.principal", "candidate")
    with demo.owner.begin() as connection:
        connection.exec_driver_sql("set session_replication_role = replica")
        connection.execute(
            sa.text("update candidate set identity_state = 'INCOMPLETE', signed_at = null where id = :k"),
            {"k": key},
        )
    url = f"/console/candidate/{key}/edit"
    assert browser.get(url).status_code == 200
    return browser, url, fields(browser.text())


def send(browser: Any, url: str, form: dict[str, str], field: str, name: str, data: bytes) -> Any:
    """The form with this file, as a browser encodes it."""
    upload = FileStorage(io.BytesIO(data), filename=name)
    boundary, body = encode_multipart({**form, "csrf_token": browser.token(), field: upload})
    kind = f'multipart/form-data; boundary="{boundary}"'
    browser.last = browser.client.post(url, data=body, content_type=kind)
    return browser.last


def refused(
    browser: Any, url: str, form: dict[str, str], field: str, files: dict[str, tuple[str, bytes]]
) -> list[str]:
    """The files that were not refused with a Chinese sentence beside the field."""
    wrong = []
    for what, (name, data) in files.items():
        answer = send(browser, url, form, field, name, data)
        if answer.status_code not in (413, 415, 422) or not re.search(
            r"[一-鿿]{4}", beside(browser.text(), field)
        ):
            wrong.append(f"{what}: {answer.status_code} {beside(browser.text(), field)}")
    return wrong


def test_a_supporting_file_that_is_not_what_it_says_is_refused(
    certificate: tuple[Any, str, dict[str, str]], demo: Demo
) -> None:
    before, rows = kept(demo), demo.state()
    assert refused(*certificate, "standard_file", SUPPORTING) == []
    assert (kept(demo), demo.state()) == (before, rows)


def test_a_photo_that_is_none_is_refused(candidate: tuple[Any, str, dict[str, str]], demo: Demo) -> None:
    before, rows = kept(demo), demo.state()
    assert refused(*candidate, "photo", PHOTOS) == []
    assert (kept(demo), demo.state()) == (before, rows)


@pytest.mark.parametrize(
    "name",
    [
        "../../../etc/passwd.pdf",
        "..\\..\\x.pdf",
        "一" * 300 + ".pdf",
    ],
)
def test_a_good_file_is_kept_under_a_name_of_ours_and_comes_back_as_a_download(
    name: str, certificate: tuple[Any, str, dict[str, str]], demo: Demo
) -> None:
    """The name people gave is shown, never followed; the answer is no page and has no rights of our origin."""
    browser, url, form = certificate
    before = kept(demo)
    assert send(browser, url, form, "standard_file", name, PDF).status_code == 302
    assert kept(demo) == (before[0] + 1, before[1] + 1)
    with demo.owner.connect() as connection:
        key = connection.scalar(sa.text("select key from stored_file order by id desc limit 1"))
    assert re.fullmatch(r"[0-9a-f]{2}/[0-9a-f]{40}\.pdf", str(key))
    answer = browser.get(url.replace("/edit", "/file/standard_file"), buffered=True)
    assert answer.data == PDF
    assert re.fullmatch(r"attachment; filename\*=UTF-8''[\w%.~-]+", answer.headers["Content-Disposition"])
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"].startswith("sandbox")
    assert "no-store" in answer.headers["Cache-Control"]


def test_the_api_judges_a_file_as_the_page_does(demo: Demo) -> None:
    """base64 in JSON: the same checks, the same bounds."""
    api, before = demo.api("school.principal"), kept(demo)
    for what, (name, data) in SUPPORTING.items():
        if len(data) > MB:
            continue
        file = {"name": name, "content": base64.b64encode(data).decode()}
        answer = api.post(
            "exam_site_file/", {"site_id": demo.own("school.principal", "exam_site"), "file": file}
        )
        assert answer.status_code in (403, 405, 409, 413, 415, 422), what
    assert kept(demo) == before


HIDDEN = [
    (model.__tablename__, name)
    for model in declared_models()
    for name, field in fields_of(model).items()
    if getattr(field.type, "kind", "") in ("file", "photo") and field.has(Mark.HIDDEN)
    if any("list" in of.get(model.__tablename__, ()) for of in ROLES.values())  # else there is no door at all
]


def stored(demo: Demo, columns: list[tuple[str, str]]) -> None:
    """Every row has a file in these columns, and it is there."""
    key = storage.new_key("jpg")
    storage.put(key, samples.jpeg())
    with demo.owner.begin() as connection:
        connection.exec_driver_sql("set session_replication_role = replica")
        for table, column in columns:
            connection.execute(sa.text(f"update {table} set {column} = :key"), {"key": key})


# The doors of their own through which a hidden file is fetched, and the permission each asks (R23).
OWN_DOORS = {("e_certificate", "file"): "download"}


@pytest.mark.parametrize(("table", "column"), HIDDEN)
def test_a_hidden_file_is_fetched_through_its_own_door_alone(table: str, column: str, demo: Demo) -> None:
    """An e-certificate's PDF carries the full ID number, a hand signature serves one decision (R121): seeing the row
    fetches neither, whatever the role, in the console, at the desk or through the API."""
    stored(demo, [(table, column)])
    verb, seen = OWN_DOORS.get((table, column), ""), 0
    for role in EVERY_ROLE:
        own = demo.own(role, table)
        if own is None or not may(demo.actor(role), table, "list"):
            continue
        seen += 1
        address = f"{table}/{own}/file/{column}"
        assert demo.api(role).get(address).status_code == 404, role
        assert demo.browser(role).get(f"/desk/{address}").status_code in (403, 404), role
        opened = bool(verb) and may(demo.actor(role), table, verb)
        if not opened:
            assert demo.browser(role).get(f"/console/{address}").status_code in (403, 404), role
    assert seen > 0


SHOWN = [
    (model.__tablename__, name)
    for model in declared_models()
    for name, field in fields_of(model).items()
    if getattr(field.type, "kind", "") in ("file", "photo") and not field.has(Mark.HIDDEN)
]


def test_every_shown_file_is_fetched_by_those_who_see_its_row_and_by_nobody_else(demo: Demo) -> None:
    """Each file column × each role: 200 for a row of one's own, 404 for a foreign one, 403 without the table."""
    stored(demo, SHOWN)
    wrong, tried = [], set()
    for role in EVERY_ROLE[:-1]:
        api = demo.api(role)
        for table, column in SHOWN:
            rows = {200: demo.own(role, table), 404: demo.foreign(role, table)}
            lists = may(demo.actor(role), table, "list")
            for due, row in rows.items():
                if row is None or not shown_to_anyone(resolve_table(table)):
                    continue
                answer = api.get(f"{table}/{row}/file/{column}")
                tried.add((table, column, due))
                if answer.status_code != (due if lists else 403):
                    wrong.append(f"{role} {table}.{column} {row}: {answer.status_code}")
                answer.close()
    assert wrong == [], "\n".join(wrong)
    assert {(table, column) for table, column, due in tried if due == 200} >= {
        ("candidate", "photo"), ("declaration_file", "file"), ("e_certificate", "photo"), ("standard", "file"),
    }  # fmt: skip


@pytest.mark.parametrize(
    "kind", ["bomb", "macro", "outside link", "truncated", "a page", "billion laughs", "sparse"]
)
def test_E139_a_workbook_that_is_dangerous_is_never_read_into_rows(
    kind: str, tmp_path: Path, demo: Demo, worker: Callable[[], None], little_room: None
) -> None:
    """E139: the upload or its dry run is refused with a sentence; no candidate comes of it."""
    browser, rows = demo.browser("school.principal"), demo.state()["candidate"]
    answer = browser.post(
        "/console/candidate/import",
        {"file": (io.BytesIO(dangerous(kind, tmp_path / "book.xlsx")), "名单.xlsx")},
        content_type="multipart/form-data",
    )
    assert answer.status_code in (302, 413, 415, 422)
    if answer.status_code == 302:
        worker()
        browser.get(answer.location)
        assert "失败" in browser.text() or "不能" in browser.text()
        assert "确认导入" not in browser.text()
    else:
        assert re.search(r"[一-鿿]", browser.text())
    assert demo.state()["candidate"] == rows


def dangerous(kind: str, path: Path) -> bytes:
    row = forge.header_row()
    if kind == "bomb":
        return forge.package(path, forge.sheet_xml(row + " " * 8 * MB)).read_bytes()
    if kind == "macro":
        return forge.package(path, forge.sheet_xml(row), {"xl/vbaProject.bin": b"x"}).read_bytes()
    if kind == "outside link":
        return forge.package(
            path, forge.sheet_xml(row), {"xl/externalLinks/externalLink1.xml": "<x/>"}
        ).read_bytes()
    if kind == "truncated":
        return forge.package(path, forge.sheet_xml(row)).read_bytes()[:-300]
    if kind == "billion laughs":
        entity = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
        return forge.package(path, entity + forge.sheet_xml(row)).read_bytes()
    if kind == "sparse":
        return forge.package(
            path,
            forge.sheet_xml(
                row + '<row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t>x</t></is></c></row>'
            ),
        ).read_bytes()
    return b"<html><table><tr><td>x</td></tr></table></html>"


@pytest.fixture
def worker(engine: Engine) -> Callable[[], None]:
    """Does what waits in the queue, as a worker would."""
    return lambda: run_pending(sessionmaker(engine, class_=WalledSession, expire_on_commit=False))


@pytest.fixture
def little_room(data_folder: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A workbook may unpack to 5 MB, so that a bomb of 8 MB is one."""
    monkeypatch.setenv("PANEL_UPLOAD_XLSX_EXPANDED_BYTES", str(5 * MB))
    reset_settings()
    yield
