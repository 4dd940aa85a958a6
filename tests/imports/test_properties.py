"""Random sheets: what the dry run promises is what happens, however often the worker dies on the way (checks 13–15)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy.engine import Engine

from app.jobs import running
from app.jobs.running import run_job
from app.services import imports
from config import reset_settings
from models.candidates import Candidate
from models.jobs import JobState
from tests.imports.conftest import id_number, student

NAMES = ("王小明", "欧阳娜娜", "买买提·热合曼", "Mary Brown", "王2", "")
MOBILES = ("13912345678", "1391234567", "139 1234 5678")
WRONG_NAMES = {"王2": "姓名不能含数字", "": "姓名不能为空"}
WRONG_MOBILES = {"1391234567": "手机号应为11位"}

row = st.tuples(st.integers(0, 12), st.sampled_from(NAMES), st.sampled_from(MOBILES), st.booleans())
sheets = st.lists(row, min_size=1, max_size=15)


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("PANEL_IMPORT_CHUNK_ROWS", "3")
    reset_settings()
    yield
    monkeypatch.undo()
    reset_settings()


def typed(sheet: list[Any]) -> list[list[Any]]:
    """The sheet as a person fills it in; a small x and spaces are as good as none."""
    rows = []
    for serial, name, mobile, untidy in sheet:
        number = id_number(serial)
        shown = f" {number[:6]} {number[6:].lower()}" if untidy else number
        rows.append(student(serial, 姓名=name, 手机号=mobile, 身份证号=shown))
    return rows


Errors = list[list[Any]]


def expected(sheet: list[Any], present: set[str]) -> tuple[dict[str, int], Errors, list[str]]:
    """An independent account of the rules: counts; row, column and reason of what is refused; the numbers that will
    be written, in order."""
    first: dict[str, int] = {}
    written: list[str] = []
    errors: Errors = []
    for row_number, (serial, name, mobile, _) in enumerate(sheet, start=2):
        number = id_number(serial)
        wrong = [
            (label, text)
            for label, text in (("姓名", WRONG_NAMES.get(name)), ("手机号", WRONG_MOBILES.get(mobile)))
            if text
        ]
        if first.setdefault(number, row_number) != row_number:
            wrong.append(("", f"与第{first[number]}行重复"))
        elif not wrong and number in present:
            wrong.append(("", "考生已存在,请使用批量修改"))
        if wrong:
            errors.append([row_number, wrong[0][0], ";".join(text for _, text in wrong)])
        else:
            written.append(number)
    counts = {"new": len(written), "refused": len(errors)}
    return {key: count for key, count in counts.items() if count}, errors, written


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # a database a try: too slow to shrink
)
@given(first=sheets, second=sheets, deaths=st.lists(st.integers(1, 6), max_size=3))
def test_the_dry_run_tells_what_applying_does(
    manager: Any, factory: Any, upload: Any, see: Any, confirm: Any, candidates: Any, owner: Engine, small_chunks: None,
    first: list[Any], second: list[Any], deaths: list[int],
) -> None:  # fmt: skip
    with owner.begin() as admin:
        admin.exec_driver_sql("delete from candidate")
        admin.exec_driver_sql("delete from person")
    present: list[str] = []
    for sheet in (first, second, second):
        counts, errors, written = expected(sheet, set(present))
        job_id = upload(manager, typed(sheet), mode=imports.GOOD)
        die(deaths, job_id, factory)
        run_job(job_id, factory)
        job = see(job_id)
        assert (job.counts, job.done) == (counts, len(sheet))
        assert list(job.errors or []) == errors  # what is wrong with a cell names its row and its column
        assert (job.state is JobState.READY) is bool(written)
        if written:
            assert confirm(manager, job_id).state is JobState.DONE
        present += written
        assert [number for (number,) in candidates(Candidate.id_number)] == present


def die(deaths: list[int], job_id: int, factory: Any) -> None:
    """Workers that end without a word at their n-th transaction, one after the other."""
    for nth in deaths:
        count = 0

        def killed() -> bool:
            nonlocal count
            count += 1
            if count > nth:  # noqa: B023
                raise SystemExit
            return False

        try:
            run_job(job_id, factory, killed)
        except SystemExit:
            continue


def test_a_chunk_that_fails_leaves_no_trace_of_itself(
    manager: Any, factory: Any, upload: Any, see: Any, owner: Engine, small_chunks: None, monkeypatch: Any
) -> None:
    job_id = upload(manager, [student(serial) for serial in range(7)])
    with owner.begin() as admin:
        admin.exec_driver_sql(
            "create function test_full() returns trigger language plpgsql as"
            " $$ begin raise exception 'disk full' using errcode = '53100'; end $$"
        )
        admin.exec_driver_sql("grant execute on function test_full() to public")
        admin.exec_driver_sql(
            "create trigger zz_full before insert on staged_chunk for each row when (new.first = 5) execute function test_full()"
        )
    monkeypatch.setattr(running, "PAUSES", ())
    with pytest.raises(sa.exc.OperationalError):
        run_job(job_id, factory)
    job = see(job_id)
    assert (job.state, job.done, job.cursor) == (JobState.RUNNING, 3, 4)
    with owner.begin() as admin:
        assert admin.scalar(sa.text("select count(*) from staged_chunk")) == 1
        admin.exec_driver_sql("drop trigger zz_full on staged_chunk")
    run_job(job_id, factory)
    assert see(job_id).counts == {"new": 7}
