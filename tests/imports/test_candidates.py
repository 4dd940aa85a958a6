"""Candidates by the sheet (6.1, 6.2; E40–E55)."""

from __future__ import annotations

import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from python_calamine import CalamineWorkbook

from app.access.actor import JOB
from app.gateways import storage
from app.jobs.running import run_pending
from app.services import imports
from app.services.errors import DomainError
from models.candidates import Candidate, CandidateKind, IdentityState, Person, Sex
from models.jobs import JobState, StagedChunk, StoredFile
from models.kit import clock
from tests.imports.conftest import STUDENT, book, id_number, student

CHANGES = ["身份证号", "姓名", "手机号", "就读专业", "专业层次", "入学年份", "工作单位"]


def errors(job: Any) -> list[tuple[int, str]]:
    return [(number, reason) for number, _, reason in job.errors]


def test_a_right_file_waits_for_confirmation_and_is_then_written_whole(
    manager: Any, factory: Any, upload: Any, see: Any, confirm: Any, candidates: Any
) -> None:
    job_id = upload(manager, [student(1), student(2), student(3)])
    run_pending(factory)
    job = see(job_id)
    assert (job.state, job.counts, job.total) == (JobState.READY, {"new": 3}, 3)
    assert candidates() == []
    assert confirm(manager, job_id).state is JobState.DONE
    assert [number for _, number, _ in candidates()] == [id_number(1), id_number(2), id_number(3)]
    (first, *_) = candidates(
        Candidate.kind, Candidate.name_pinyin, Candidate.education_level, Candidate.enrolment_year, Candidate.birth_date,
        Candidate.sex, Candidate.identity_state, Candidate.school_id, Candidate.school_name, Candidate.province_id,
    )  # fmt: skip
    assert first == (
        CandidateKind.STUDENT, "Wang Xiaoming", "VOCATIONAL", 2019, datetime(1998, 1, 1).date(), Sex.MALE,
        IdentityState.INCOMPLETE, 11, "青岛学院", 2,
    )  # fmt: skip


def test_e50_a_number_typed_as_a_number_is_refused_with_the_hint_and_never_guessed(
    manager: Any, factory: Any, upload: Any, see: Any
) -> None:
    job_id = upload(manager, [student(1, 身份证号=3.40524e17), student(2)])
    run_pending(factory)
    ((number, reason),) = errors(see(job_id))
    assert (number, "请将该列设为“文本”格式后重新填写" in reason) == (2, True)


def test_e51_e41_spaces_invisible_and_full_width_characters_and_a_small_x_are_cleaned(
    manager: Any, factory: Any, upload: Any, confirm: Any, candidates: Any
) -> None:
    typed = ["340524 19800101 001x", "37020219980101 002\u200b" + id_number(2)[-1]]
    job_id = upload(manager, [student(1, 身份证号=typed[0]), student(2, 身份证号=typed[1])])
    run_pending(factory)
    confirm(manager, job_id)
    assert [number for _, number, _ in candidates()] == ["34052419800101001X", id_number(2)]


def test_e52_the_second_row_of_a_number_points_to_the_first(
    manager: Any, factory: Any, upload: Any, see: Any
) -> None:
    same = "34052419800101001X"
    rows = [
        student(1, 身份证号=same),
        student(2),
        student(3, 身份证号=same.lower()),
        student(4, 身份证号="110"),
    ]
    job_id = upload(manager, rows)
    run_pending(factory)
    assert errors(see(job_id)) == [(4, "与第2行重复"), (5, "身份证号须为18位,现为3位")]


@pytest.mark.parametrize(
    ("cell", "value", "reason"),
    [
        ("身份证号", "340524198001010010", "身份证号校验位错误"),  # E42
        ("身份证号", "513023199502290019", "身份证号出生日期无效"),  # E43
        ("身份证号", "110101209912310015", "身份证号出生日期无效:晚于今天"),  # E44
        ("身份证号", "00010119900101001X", "身份证号地区码无效"),  # E46
        ("手机号", "1390000000", "手机号应为11位"),
        ("专业层次", "博士后", "专业层次不在可选范围(可填:中专、高职、本科、研究生、其他)"),
        ("入学年份", 1989, f"入学年份应在1990–{clock.today().year}之间"),
        ("入学年份", clock.today().year + 1, f"入学年份应在1990–{clock.today().year}之间"),
        ("姓名", "", "姓名不能为空"),
        ("姓名", "王2", "姓名不能含数字"),
    ],
)
def test_a_wrong_cell_is_refused_in_its_own_words(
    manager: Any, factory: Any, upload: Any, see: Any, cell: str, value: Any, reason: str
) -> None:
    job_id = upload(manager, [student(1, **{cell: value})])
    run_pending(factory)
    job = see(job_id)
    assert (job.state, job.errors) == (JobState.FAILED, [[2, cell, reason]])


def test_e53_a_candidate_already_present_is_refused_and_nothing_is_overwritten(
    manager: Any, factory: Any, upload: Any, see: Any, confirm: Any, candidates: Any
) -> None:
    first = upload(manager, [student(1)])
    run_pending(factory)
    confirm(manager, first)
    before = candidates(Candidate.id, Candidate.name, Candidate.mobile, Candidate.version)
    again = upload(manager, [student(1, 姓名="李四")])
    run_pending(factory)
    job = see(again)
    assert (job.state, errors(job)) == (JobState.FAILED, [(2, "考生已存在,请使用批量修改")])
    assert candidates(Candidate.id, Candidate.name, Candidate.mobile, Candidate.version) == before


def test_e54_the_same_person_at_two_schools_is_two_candidates_and_one_person_and_each_sees_its_own(
    as_: Any, manager: Any, beijing: Any, factory: Any, upload: Any, confirm: Any
) -> None:
    for actor in (manager, beijing):
        job_id = upload(actor, [student(1)])
        run_pending(factory)
        assert confirm(actor, job_id).state is JobState.DONE
    with as_(JOB) as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(Person)) == 1
        assert db.scalars(sa.select(Candidate.school_id).order_by(Candidate.id)).all() == [11, 10]
    for actor in (manager, beijing):
        with as_(actor) as db:
            assert db.scalars(sa.select(Candidate.school_id)).all() == [actor.tenant]


def test_one_wrong_row_holds_up_the_whole_file_unless_only_the_right_ones_are_wanted(
    manager: Any, factory: Any, upload: Any, see: Any, confirm: Any, candidates: Any
) -> None:
    job_id = upload(manager, [student(1), student(2, 姓名=""), student(3)])
    run_pending(factory)
    with pytest.raises(DomainError, match="有1行不能导入"):
        confirm(manager, job_id)
    assert candidates() == []
    assert confirm(manager, job_id, imports.GOOD).state is JobState.DONE
    assert [number for _, number, _ in candidates()] == [id_number(1), id_number(3)]


def test_the_error_workbook_is_the_upload_with_the_reason_beside_the_row(
    manager: Any, factory: Any, upload: Any, see: Any, tmp_path: Path
) -> None:
    job_id = upload(manager, [student(1), student(2, 姓名="王2"), student(3)])
    run_pending(factory)
    job = see(job_id)
    path = tmp_path / "errors.xlsx"
    path.write_bytes(storage.get(job.result))
    rows = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
    assert job.result_name == "院校考生错误明细.xlsx"
    assert rows[0] == [*STUDENT, "错误原因"]
    assert [row[-1] for row in rows[1:]] == ["", "姓名不能含数字", ""]
    assert rows[2][0] == "王2"


def test_a_second_confirmation_is_refused_and_staging_is_empty_afterwards(
    as_: Any, manager: Any, factory: Any, upload: Any, confirm: Any, candidates: Any
) -> None:
    job_id = upload(manager, [student(1)])
    run_pending(factory)
    confirm(manager, job_id)
    with pytest.raises(DomainError, match="已确认或已结束"):
        confirm(manager, job_id)
    with as_(JOB) as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(StagedChunk)) == 0
    assert len(candidates()) == 1


def test_what_changed_between_check_and_confirmation_undoes_the_whole_import(
    as_: Any, manager: Any, factory: Any, upload: Any, confirm: Any, candidates: Any
) -> None:
    slow, fast = upload(manager, [student(1), student(2)]), upload(manager, [student(2)])
    run_pending(factory)
    confirm(manager, fast)
    job = confirm(manager, slow)
    assert (job.state, job.error) == (JobState.FAILED, imports.STALE)
    assert [number for _, number, _ in candidates()] == [id_number(2)]


def test_no_full_number_waits_in_the_staging_table(
    as_: Any, manager: Any, factory: Any, upload: Any, owner: Any
) -> None:
    upload(manager, [student(1), student(2, 姓名="")])
    run_pending(factory)
    with owner.connect() as admin:
        text = admin.scalar(sa.text("select string_agg(rows::text, '') from staged_chunk"))
    assert id_number(1) not in text
    assert id_number(2) not in text
    assert "13900000001" not in text


def test_uploads_go_when_their_job_has_ended(
    as_: Any, manager: Any, factory: Any, upload: Any, confirm: Any, see: Any
) -> None:
    job_id = upload(manager, [student(1)])
    run_pending(factory)
    confirm(manager, job_id)
    key = see(job_id).params["file"]
    assert storage.get(key)
    for moved in (0, 2):
        with clock.travel(clock.now() + imports.timedelta(hours=moved)), as_(JOB) as db:
            imports.tidy(db)
            db.commit()
    with pytest.raises(FileNotFoundError):
        storage.get(key)
    with as_(JOB) as db:
        assert db.scalars(sa.select(StoredFile.key).where(StoredFile.key == key)).all() == []


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600), "旧版 .xls"),
        (lambda path: path.write_text("姓名,身份证号\n"), "请使用下载的 .xlsx 模板"),
        (lambda path: path.write_bytes(b""), "文件是空的"),
    ],
)
def test_another_kind_of_file_is_refused_at_once(
    as_: Any, manager: Any, tmp_path: Path, make: Any, message: str
) -> None:
    path = tmp_path / "x.xlsx"
    make(path)
    with as_(manager) as db, pytest.raises(DomainError, match=message):
        imports.start(db, manager, imports.importer_named("candidate", "candidate"), path, "x.xlsx")


def test_a_missing_column_is_named_by_the_job(manager: Any, factory: Any, upload: Any, see: Any) -> None:
    job_id = upload(manager, [["王小明"]], labels=["姓名"])
    run_pending(factory)
    job = see(job_id)
    assert job.state is JobState.FAILED
    assert job.error.startswith("缺少列:姓名拼音、身份证号")


def test_somebody_without_the_right_cannot_begin(as_: Any, manager: Any, tmp_path: Path) -> None:
    from dataclasses import replace

    path = book(tmp_path / "a.xlsx", STUDENT, [student(1)])
    auditor = replace(manager, role="platform.auditor")
    with as_(manager) as db, pytest.raises(DomainError, match="没有权限"):
        imports.start(db, auditor, imports.importer_named("candidate", "candidate"), path, "a.xlsx")


# 批量修改


@pytest.fixture
def entered(manager: Any, factory: Any, upload: Any, confirm: Any) -> None:
    job_id = upload(manager, [student(1), student(2)])
    run_pending(factory)
    confirm(manager, job_id)


def change(upload: Any, manager: Any, factory: Any, see: Any, *rows: list[Any]) -> Any:
    job_id = upload(manager, list(rows), labels=CHANGES, name="changes")
    run_pending(factory)
    return see(job_id)


def test_e55_a_blank_cell_changes_nothing_and_an_unknown_number_is_an_error(
    manager: Any, factory: Any, upload: Any, see: Any, confirm: Any, candidates: Any, entered: None
) -> None:
    rows = [
        [id_number(1), "", "", "机械设计", "", "", "青岛公司"],
        [id_number(9), "", "", "机械设计", "", "", ""],
        [id_number(2), "王小明", "", "", "高职", "2019", ""],
    ]
    job = change(upload, manager, factory, see, *rows)
    assert job.counts == {"changed": 1, "refused": 1, "unchanged": 1}
    assert job.errors == [[3, "身份证号", "身份证号:考生不存在"]]
    confirm(manager, job.id, imports.GOOD)
    found = candidates(Candidate.mobile, Candidate.major, Candidate.work_unit)
    assert found == [("13900000001", "机械设计", "青岛公司"), ("13900000002", "软件技术", None)]


def test_e55_clearing_empties_what_is_optional_and_is_refused_for_what_is_required(
    manager: Any, factory: Any, upload: Any, see: Any, confirm: Any, candidates: Any, entered: None
) -> None:
    first = change(upload, manager, factory, see, [id_number(1), "", "", "", "", "", "青岛公司"])
    confirm(manager, first.id)
    rows = [[id_number(1), "", "", "", "", "", "清空"], [id_number(2), "", "", "", "清空", "", ""]]
    job = change(upload, manager, factory, see, *rows)
    assert job.errors == [[3, "专业层次", "专业层次:必填内容不能清空"]]
    confirm(manager, job.id, imports.GOOD)
    assert candidates(Candidate.work_unit) == [(None,), (None,)]


def test_after_the_first_signature_a_name_is_corrected_not_changed(
    as_: Any, manager: Any, factory: Any, upload: Any, see: Any, entered: None
) -> None:
    with as_(JOB) as db:
        db.execute(sa.update(Candidate).values(signed_at=clock.now()))
        db.commit()
    job = change(
        upload, manager, factory, see,
        [id_number(1), "王大明", "", "", "", "", ""], [id_number(2), "", "13911112222", "", "", "", ""],
    )  # fmt: skip
    assert job.counts == {"refused": 1, "changed": 1}
    assert job.errors == [[2, "姓名", "姓名:已签发证书,姓名请走更正流程"]]


def test_a_new_name_voids_the_real_name_check_and_a_new_mobile_does_not(
    as_: Any, manager: Any, factory: Any, upload: Any, see: Any, confirm: Any, candidates: Any, entered: None
) -> None:
    with as_(JOB) as db:
        for state in (IdentityState.WAITING, IdentityState.VERIFIED):
            db.execute(sa.update(Candidate).values(identity_state=state, photo="a.jpg"))
        db.commit()
    job = change(
        upload, manager, factory, see,
        [id_number(1), "王大明", "", "", "", "", ""], [id_number(2), "", "13911112222", "", "", "", ""],
    )  # fmt: skip
    confirm(manager, job.id)
    assert candidates(Candidate.identity_state) == [(IdentityState.WAITING,), (IdentityState.VERIFIED,)]


def test_the_same_file_of_changes_a_second_time_changes_nothing(
    manager: Any, factory: Any, upload: Any, see: Any, confirm: Any, candidates: Any, entered: None
) -> None:
    row = [id_number(1), "", "13911112222", "机械设计", "", "", "青岛公司"]
    first = change(upload, manager, factory, see, row)
    confirm(manager, first.id)
    before = candidates(Candidate.id, Candidate.version)
    again = change(upload, manager, factory, see, row)
    assert (again.state, again.counts) == (JobState.DONE, {"unchanged": 1})
    assert candidates(Candidate.id, Candidate.version) == before


def test_the_template_is_a_workbook_with_the_columns_of_the_sheet(tmp_path: Path) -> None:
    from app.services import candidates_import
    from app.sheets.template import template

    path = tmp_path / "t.xlsx"
    path.write_bytes(template(candidates_import.SOCIAL))
    assert zipfile.is_zipfile(path)
    assert CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()[0][:3] == [
        "姓名*",
        "姓名拼音*",
        "身份证号*",
    ]
