"""Workbooks as people fill them in, and a school that uploads them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import xlsxwriter

from app.access.actor import JOB, Actor
from app.jobs.running import run_pending
from app.services import candidates_import, imports
from config import reset_settings, settings
from models.candidates import Candidate
from models.jobs import Job
from models.kit import formats
from tests.jobs.conftest import beijing, factory, manager

__all__ = ["beijing", "factory", "manager"]

STUDENT = [column.label for column in candidates_import.STUDENTS.columns]


@pytest.fixture(autouse=True)
def data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Files of a test in a folder of its own; the keys stay those of the session."""
    keys = settings()
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("PANEL_PERSONAL_DATA_KEY", _text(keys.personal_data_key.get_secret_value()))
    reset_settings()
    yield
    monkeypatch.undo()
    reset_settings()


def _text(key: bytes) -> str:
    import base64

    return base64.b64encode(key).decode()


def id_number(serial: int, birth: date = date(1998, 1, 1)) -> str:
    """A well-formed ID number for each serial."""
    days, rest = divmod(serial, 1000)
    return formats.fictitious_id_number(
        "370202", birth.replace(month=1 + days // 28 % 12, day=1 + days % 28), rest
    )


def student(serial: int, **other: Any) -> list[Any]:
    """A row of 院校考生 that is right."""
    values = {
        "姓名": "王小明",
        "姓名拼音": "Wang Xiaoming",
        "身份证号": id_number(serial),
        "手机号": f"139{serial:08d}",
        "就读专业": "软件技术",
        "专业层次": "高职",
        "入学年份": 2019,
        **other,
    }
    return [values[label] for label in STUDENT]


def book(path: Path, labels: Sequence[str], rows: Sequence[Sequence[Any]]) -> Path:
    """A workbook with these rows under these headers."""
    with xlsxwriter.Workbook(path, {"constant_memory": True, "strings_to_formulas": False}) as made:
        sheet = made.add_worksheet("数据")
        for number, row in enumerate([labels, *rows]):
            sheet.write_row(number, 0, row)
    return path


@pytest.fixture
def upload(as_: Any, tmp_path: Path) -> Callable[..., int]:
    """`upload(actor, rows, …)` uploads a workbook and returns the id of its waiting job."""

    def uploaded(
        actor: Actor,
        rows: Sequence[Sequence[Any]],
        *,
        labels: Sequence[str] = STUDENT,
        table: str = "candidate",
        name: str = "",
        mode: str = imports.ALL,
    ) -> int:
        path = book(tmp_path / "upload.xlsx", labels, rows)
        with as_(actor) as db:
            importer = imports.importer_named(table, name or table)
            job = imports.start(db, actor, importer, path, "名单.xlsx", mode)
            db.commit()
            return job.id

    return uploaded


@pytest.fixture
def see(as_: Any) -> Callable[[int], Job]:
    """The job as it stands."""

    def seen(job_id: int) -> Job:
        with as_(JOB) as db:
            job = db.get_one(Job, job_id)
            db.expunge(job)
            return job

    return seen


@pytest.fixture
def confirm(as_: Any, factory: Any, see: Any) -> Callable[..., Job]:
    """The owner's word, and the worker's deed."""

    def confirmed(actor: Actor, job_id: int, mode: str | None = None) -> Job:
        with as_(actor) as db:
            imports.confirm(db, db.get_one(Job, job_id), mode)
            db.commit()
        run_pending(factory)
        return see(job_id)

    return confirmed


@pytest.fixture
def candidates(as_: Any) -> Callable[..., list[tuple[Any, ...]]]:
    """Name, number and mobile of every candidate, by row."""

    def found(*columns: Any) -> list[tuple[Any, ...]]:
        shown = columns or (Candidate.name, Candidate.id_number, Candidate.mobile)
        with as_(JOB) as db:
            return [tuple(row) for row in db.execute(sa.select(*shown).order_by(Candidate.id))]

    return found
