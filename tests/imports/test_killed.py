"""A worker killed with `kill -9` in the middle of an import: nothing lost, nothing twice (E140, checks 14 and 29)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from python_calamine import CalamineWorkbook
from sqlalchemy.engine import Engine

from app.access import wall
from app.gateways import storage
from app.jobs.running import run_pending
from app.services import imports
from models.candidates import Candidate
from models.jobs import Job, JobState
from tests.imports.conftest import id_number, student
from tests.jobs.processes import AT_THE_GATE, Workers, gate, until

ROWS = 450
CHUNK = 100
STATE = "select state from job where id = :id"


@pytest.fixture
def workers(
    server: Any, database_name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Workers]:
    monkeypatch.setenv("PANEL_IMPORT_CHUNK_ROWS", str(CHUNK))
    monkeypatch.setenv("PANEL_WORKER_RESCUE_SECONDS", "3")
    imports.settings.cache_clear()
    made = Workers(server.url(database_name, wall.LOGIN), tmp_path / "worker.log")
    yield made
    made.end()


def rows() -> list[list[Any]]:
    """Mostly right; wrong ones and repeated ones in every chunk, repeated across chunks too."""
    found = [student(serial) for serial in range(ROWS)]
    for place in range(50, ROWS, 70):
        found[place] = student(place, 姓名="王2")
    for place in range(99, ROWS, 90):
        found[place] = student(place - 60)
    return found


def report(job: Job, tmp_path: Path) -> Any:
    """All that the importer is told."""
    path = tmp_path / "report.xlsx"
    path.write_bytes(storage.get(job.result or ""))
    reasons = [line[-1] for line in CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()]
    return job.state, job.counts, job.errors, job.total, job.done, job.notes, reasons


@pytest.mark.parametrize("place", [2, 150, ROWS])
def test_killed_in_the_middle_of_the_check_the_report_equals_that_of_an_uninterrupted_run(
    manager: Any, beijing: Any, factory: Any, upload: Any, see: Any, owner: Engine, workers: Workers, tmp_path: Path,
    place: int,
) -> None:  # fmt: skip
    undisturbed = upload(beijing, rows())
    run_pending(factory)
    with gate(owner, "staged_chunk", f"new.first <= {place} and new.last >= {place}") as open_gate:
        job_id = upload(manager, rows())
        first = workers.start()
        until(owner, AT_THE_GATE, 1)
        workers.kill(first)
        workers.start()
        open_gate()
        until(owner, STATE, "READY", id=job_id)
    assert report(see(job_id), tmp_path) == report(see(undisturbed), tmp_path)


def test_killed_in_the_middle_of_applying_nothing_is_applied_and_the_next_worker_applies_all(
    as_: Any,
    manager: Any,
    factory: Any,
    upload: Any,
    see: Any,
    owner: Engine,
    workers: Workers,
    candidates: Callable[..., Any],
) -> None:
    job_id = upload(manager, [student(serial) for serial in range(ROWS)])
    run_pending(factory)
    with as_(manager) as db:
        imports.confirm(db, db.get_one(Job, job_id))
        db.commit()
    count = "select count(*) from candidate"
    with gate(owner, "candidate", "new.mobile is not null", "before insert") as open_gate:
        first = workers.start()
        until(owner, AT_THE_GATE, 1)
        with as_(manager) as db, pytest.raises(imports.Conflict, match="不能取消"):
            imports.queue.cancel(db, job_id)
        workers.kill(first)
        open_gate()
        until(owner, "select count(*) from pg_stat_activity where wait_event_type = 'Lock'", 0)
        with owner.connect() as admin:
            assert admin.scalar(sa.text(count)) == 0
            assert admin.scalar(sa.text(STATE), {"id": job_id}) == "RUNNING"
        workers.start()
        until(owner, STATE, "DONE", id=job_id)
    assert [number for (number,) in candidates(Candidate.id_number)] == [
        id_number(serial) for serial in range(ROWS)
    ]
    assert see(job_id).counts == {"new": ROWS}


def test_killed_after_applying_before_the_queue_knew_the_job_is_not_done_again(
    as_: Any,
    manager: Any,
    factory: Any,
    upload: Any,
    see: Any,
    confirm: Any,
    owner: Engine,
    workers: Workers,
    candidates: Any,
) -> None:
    job_id = upload(manager, [student(serial) for serial in range(20)])
    run_pending(factory)
    with owner.begin() as admin:
        admin.exec_driver_sql("set local search_path = queue, public")
        admin.exec_driver_sql("delete from procrastinate_jobs")  # of what `run_pending` has done
    with as_(manager) as db:
        imports.confirm(db, db.get_one(Job, job_id))
        db.commit()
    # what the worker does by the clock passes by the gate
    with gate(owner, "queue.procrastinate_jobs", "old.task_name = 'run_job'", "before delete") as open_gate:
        first = workers.start()
        until(owner, AT_THE_GATE, 1)
        workers.kill(first)
        open_gate()
        until(owner, AT_THE_GATE, 0)
        before = candidates(Candidate.id, Candidate.version)
        workers.start()
        until(owner, "select count(*) from queue.procrastinate_jobs where task_name = 'run_job'", 0)
    assert len(before) == 20
    assert candidates(Candidate.id, Candidate.version) == before
    assert see(job_id).state is JobState.DONE


def test_a_worker_told_to_end_finishes_its_chunk_and_another_takes_up_at_once(
    manager: Any, upload: Any, see: Any, owner: Engine, workers: Workers
) -> None:
    job_id = upload(manager, rows())
    with gate(owner, "staged_chunk", "new.first = 2") as open_gate:
        first = workers.start()
        until(owner, AT_THE_GATE, 1)
        first.terminate()
        open_gate()
        assert first.wait(timeout=60) == 0
    job = see(job_id)
    assert (job.state, job.done) == (JobState.WAITING, CHUNK)
    workers.start()
    until(owner, STATE, "READY", id=job_id)
    assert see(job_id).done == ROWS


def test_two_workers_share_the_queue_and_do_each_job_once(
    manager: Any, beijing: Any, upload: Any, see: Any, owner: Engine, workers: Workers
) -> None:
    workers.start()
    workers.start()
    jobs = [upload(actor, [student(serial) for serial in range(30)]) for actor in (manager, beijing) * 3]
    for job_id in jobs:
        until(owner, STATE, "READY", id=job_id)
    assert {see(job_id).counts["new"] for job_id in jobs} == {30}
