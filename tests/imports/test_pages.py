"""The pages of an import and of a job, through the browser (6.1, 7.2; checks 2, 6, 11, 12)."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from python_calamine import CalamineWorkbook

from app.access.actor import JOB
from app.jobs.running import run_pending
from app.panel import exporting, importing
from app.services.registrations_import import DELETIONS
from config import GB, MB, reset_settings
from models.accounts import Account, Role
from models.candidates import Candidate
from models.jobs import Job, JobState
from models.kit import formats
from tests import factories
from tests import factories_registrations as made
from tests.imports.conftest import STUDENT, book, id_number, student


@pytest.fixture
def browser(as_: Any, manager: Any, browse: Any) -> Any:
    """The manager's browser; the school is pilot, else it would only see the declaration system."""
    made.a_pilot_school_with_quota(as_)
    with as_(JOB) as db:
        account = db.get_one(Account, manager.account)
        db.expunge(account)
    return browse(account)


def workbook(tmp_path: Path, rows: list[list[Any]]) -> tuple[io.BytesIO, str]:
    return io.BytesIO(book(tmp_path / "u.xlsx", STUDENT, rows).read_bytes()), "名单.xlsx"


def send(browser: Any, file: Any, url: str = "/console/candidate/import", **data: Any) -> Any:
    return browser.post(url, {"file": file, **data}, content_type="multipart/form-data")


def test_e88_deleting_by_sheet_leaves_out_what_is_not_there_unless_told_otherwise(
    browser: Any, tmp_path: Path, as_: Any
) -> None:
    """R77: the rows that are not there are errors, the others go; every other import is all or nothing (R134)."""
    checked = re.compile(r'name="mode" value="(\w+)" checked')
    browser.get("/console/registration/import/deletions")
    assert checked.findall(browser.text()) == ["good"]
    browser.get("/console/registration/import/by_certificate")
    assert checked.findall(browser.text()) == ["all"]
    data = book(
        tmp_path / "d.xlsx",
        [column.label for column in DELETIONS.columns],
        [["K1", None, "甲", "中级", id_number(1)]],
    ).read_bytes()
    url = "/console/registration/import/deletions"
    for given, mode in (({}, "good"), ({"mode": "all"}, "all"), ({"mode": "no_such"}, "good")):
        answer = send(browser, (io.BytesIO(data), "删除.xlsx"), url, **given)
        assert answer.status_code == 302
        with as_(JOB) as db:
            assert db.scalars(sa.select(Job).order_by(Job.id.desc()).limit(1)).one().params["mode"] == mode


def sheet(data: bytes, tmp_path: Path) -> list[list[Any]]:
    path = tmp_path / "down.xlsx"
    path.write_bytes(data)
    return CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()


def test_from_the_template_to_the_confirmed_import(
    browser: Any, factory: Any, tmp_path: Path, candidates: Any
) -> None:
    page = browser.get("/console/candidate/import")
    assert page.status_code == 200
    assert "/console/candidate/template" in browser.text()
    template = browser.get("/console/candidate/template")
    assert sheet(template.data, tmp_path)[0][0] == "姓名*"
    answer = send(browser, workbook(tmp_path, [student(1), student(2)]))
    assert answer.status_code == 302
    job = answer.location
    assert re.fullmatch(r"/console/jobs/\d+/", job)
    browser.get(job)
    assert "排队中" in browser.text()
    assert "hx-get" in browser.text()
    run_pending(factory)
    browser.get(job)
    assert "待确认" in browser.text()
    assert "确认导入2行" in browser.text()
    assert browser.post(f"{job}confirm").status_code == 302
    run_pending(factory)
    browser.get(job)
    assert "已完成" in browser.text()
    assert len(candidates()) == 2


def test_a_file_with_errors_shows_them_and_offers_the_right_rows_alone(
    browser: Any, factory: Any, tmp_path: Path, candidates: Any
) -> None:
    job = send(browser, workbook(tmp_path, [student(1), student(2, 姓名="王2")])).location
    run_pending(factory)
    browser.get(job)
    assert "姓名不能含数字" in browser.text()
    assert "仅导入正确的1行" in browser.text()
    assert browser.post(f"{job}confirm").status_code == 409
    result = browser.get(f"{job}result")
    assert sheet(result.data, tmp_path)[2][-1] == "姓名不能含数字"
    assert browser.post(f"{job}confirm?mode=good").status_code == 302
    run_pending(factory)
    assert len(candidates()) == 1


def test_a_file_of_another_kind_is_refused_on_the_same_page(browser: Any) -> None:
    answer = send(browser, (io.BytesIO(b"a,b\n1,2\n"), "a.csv"))
    assert answer.status_code == 415
    assert "请使用下载的 .xlsx 模板" in browser.text()
    assert send(browser, (io.BytesIO(b""), "")).status_code == 422
    assert "请选择要上传的文件" in browser.text()


def test_e139_a_body_beyond_the_limit_is_refused_before_it_is_read(browser: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("PANEL_UPLOAD_XLSX_BYTES", "1000")
    reset_settings()
    answer = send(browser, (io.BytesIO(b"PK" + b"\0" * 200_000), "a.xlsx"))
    assert answer.status_code == 413


def test_every_upload_page_says_how_large_its_body_may_be(browser: Any) -> None:
    xlsx, archive = (importing.body_limit(f"/console/candidate/import{rest}") for rest in ("", "/photos"))
    assert (xlsx, archive) == (100 * MB + importing.FORM_BYTES, 2 * GB + importing.FORM_BYTES)
    others = (
        "/console/candidate/",
        "/console/nothing/import",
        "/console/candidate/import/nothing",
        "/login/",
    )
    assert [importing.body_limit(path) for path in others] == [None] * 4


def test_cancelled_on_its_page_a_job_writes_nothing(
    browser: Any, factory: Any, tmp_path: Path, see: Any, candidates: Any
) -> None:
    job = send(browser, workbook(tmp_path, [student(1)])).location
    run_pending(factory)
    assert browser.post(f"{job}cancel").status_code == 302
    assert browser.post(f"{job}confirm").status_code == 409
    assert see(int(job.split("/")[3])).state is JobState.CANCELLED
    assert candidates() == []


def test_another_schools_job_is_not_there_and_nobody_may_import_without_the_right(
    as_: Any, browser: Any, browse: Any, beijing: Any, tmp_path: Path
) -> None:
    job = send(browser, workbook(tmp_path, [student(1)])).location
    with as_(JOB) as db:
        stranger = db.get_one(Account, beijing.account)
        clerk = factories.account(db, Role.ORGANISATION_CLERK, organisation_id=5)
        db.commit()
        db.expunge_all()
    other = browse(stranger)
    for address in (job, f"{job}result"):
        assert other.get(address).status_code == 404
    for deed in ("cancel", "confirm"):
        assert other.post(f"{job}{deed}").status_code == 404
    outsider = browse(clerk)
    assert outsider.get("/console/candidate/import").status_code == 403
    assert outsider.get("/console/candidate/import/changes").status_code == 403
    assert send(outsider, workbook(tmp_path, [student(1)])).status_code == 403
    with as_(JOB) as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(Job)) == 1


def test_the_special_imports_have_their_own_page_and_button(browser: Any, tmp_path: Path) -> None:
    browser.get("/console/candidate/")
    for name, label in (("changes", "批量修改考生信息"), ("photos", "批量导入考生照片")):
        assert f"/console/candidate/import/{name}" in browser.text()
        assert label in browser.text()
    assert browser.get("/console/candidate/import/changes").status_code == 200
    assert "/console/candidate/import/changes/template" in browser.text()
    answer = browser.get("/console/candidate/import/changes/template")
    assert sheet(answer.data, tmp_path)[0][0] == "身份证号*"
    assert browser.get("/console/candidate/import/photos").status_code == 200
    assert browser.get("/console/candidate/import/photos/template").status_code == 404
    assert browser.get("/console/candidate/import/nothing").status_code == 404
    assert browser.get("/console/nothing/import/nothing").status_code == 404


# exports


@pytest.fixture
def entered(manager: Any, factory: Any, upload: Any, confirm: Any) -> None:
    job_id = upload(manager, [student(1), student(2, 姓名="李小红"), student(3, 手机号="")][:2])
    run_pending(factory)
    confirm(manager, job_id)


def test_an_export_is_the_list_as_filtered_masked_and_within_the_wall(
    browser: Any, entered: None, tmp_path: Path
) -> None:
    answer = browser.post("/console/candidate/export")
    head, *rows = sheet(answer.data, tmp_path)
    assert {"姓名", "证件号码", "手机号码", "就读专业", "实名认证"} <= set(head)
    assert [row[head.index("证件号码")] for row in rows] == [formats.mask_id(id_number(n)) for n in (2, 1)]
    assert id_number(1) not in answer.data.decode("latin-1")
    filtered = browser.post("/console/candidate/export?f_name=李小红")
    assert [row[head.index("姓名")] for row in sheet(filtered.data, tmp_path)[1:]] == ["李小红"]
    private = browser.post("/console/candidate/export", {"f_id_number": id_number(1)})
    assert [row[head.index("姓名")] for row in sheet(private.data, tmp_path)[1:]] == ["王小明"]


def test_a_large_export_is_a_job_whose_result_can_be_fetched(
    browser: Any, entered: None, factory: Any, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setattr(exporting, "AT_ONCE", 1)
    monkeypatch.setattr(exporting, "CHUNK", 1)
    job = browser.post("/console/candidate/export?f_name=小").location
    run_pending(factory)
    browser.get(job)
    assert "已完成" in browser.text()
    head, *rows = sheet(browser.get(f"{job}result").data, tmp_path)
    assert [row[head.index("姓名")] for row in rows] == ["李小红", "王小明"]


def test_r55_a_full_export_asks_why_leaves_a_trace_and_can_be_filled_in_and_sent_back(
    as_: Any,
    browser: Any,
    manager: Any,
    entered: None,
    factory: Any,
    tmp_path: Path,
    owner: Any,
    candidates: Any,
) -> None:
    answer = browser.act("candidate", exporting.FULL, [], {"reason": "补全旧数据"})
    run_pending(factory)
    rows = sheet(browser.get(f"{answer.location}result").data, tmp_path)
    head = rows[0]
    assert {row[head.index("证件号码")] for row in rows[1:]} == {id_number(1), id_number(2)}
    with owner.connect() as admin:
        trace = admin.execute(
            sa.text("select action, table_name, reason from audit_entry where reason is not null")
        ).all()
    assert ("EXPORT", "candidate", "补全旧数据") in [tuple(row) for row in trace]


def test_e138_a_cell_that_looks_like_a_formula_leaves_as_text(
    as_: Any, browser: Any, entered: None, tmp_path: Path
) -> None:
    with as_(JOB) as db:
        db.execute(sa.update(Candidate).values(major="=cmd()"))
        db.commit()
    head, *rows = sheet(browser.post("/console/candidate/export").data, tmp_path)
    assert {row[head.index("就读专业")] for row in rows} == {"'=cmd()"}
