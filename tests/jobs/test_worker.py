"""The worker process: what is due by the clock, and what it finds when it starts (D4, check 29)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from app.access import wall
from app.jobs import registry
from app.jobs.registry import Periodic
from app.jobs.worker import make_queue, rescue, run_due
from models.jobs import Message
from tests.jobs.processes import Workers, until


@pytest.fixture
def workers(server: Any, database_name: str, tmp_path: Path) -> Iterator[Workers]:
    made = Workers(server.url(database_name, wall.LOGIN), tmp_path / "worker.log")
    yield made
    made.end()


def test_a_worker_adopts_a_job_whose_queue_entry_is_gone(
    as_: Any, manager: Any, owner: Engine, workers: Workers
) -> None:
    with owner.begin() as admin:
        admin.execute(
            sa.text(
                "insert into job (title, task, params, state, account_id, school_id)"
                " values ('旧任务', 'no.such.task', '{}', 'RUNNING', :account, 11)"
            ),
            {"account": manager.account},
        )
    process = workers.start()
    until(owner, "select state from job", "FAILED")
    until(owner, "select count(*) from queue.procrastinate_jobs where task_name = 'run_job'", 0)
    assert workers.stop(process) == 0
    assert "no task is called no.such.task" in workers.log.read_text()


def test_only_entries_of_silent_workers_are_rescued(
    server: Any, database_name: str, factory: Any, owner: Engine, manager: Any
) -> None:
    with owner.begin() as admin:
        admin.exec_driver_sql("set local search_path = queue, public")
        admin.exec_driver_sql(
            "insert into procrastinate_workers (last_heartbeat) values (now()), (now() - interval '5 seconds')"
        )
        admin.exec_driver_sql(
            "insert into procrastinate_jobs (queue_name, task_name, status, worker_id)"
            " select 'jobs', 'other', 'doing', id from procrastinate_workers order by id"
        )
        admin.exec_driver_sql(
            "insert into procrastinate_jobs (queue_name, task_name, status) values ('jobs', 'other', 'doing')"
        )

    async def look() -> list[int]:
        app = make_queue(server.url(database_name, wall.LOGIN), factory)
        async with app.open_async():
            return await rescue(app, 4)

    assert asyncio.run(look()) == [2, 3]
    assert asyncio.run(look()) == []


def test_what_is_due_runs_as_the_job_actor_in_one_transaction(factory: Any, as_: Any, manager: Any) -> None:
    def due(session: Any) -> None:
        session.execute(sa.insert(Message).values(title="到期", school_id=11).inline())
        if session.scalar(sa.select(sa.func.count()).select_from(Message)) == 2:
            raise KeyError

    run_due(Periodic("test", "* * * * *", due), factory)
    with pytest.raises(KeyError):
        run_due(Periodic("test", "* * * * *", due), factory)
    with as_() as db:
        assert db.scalars(sa.select(Message.title)).all() == ["到期"]


def test_seconds_become_a_cron_line_and_a_name_is_given_once() -> None:
    assert [registry._cron(every) for every in (5, 60, "0 3 * * *")] == [
        "* * * * * */5",
        "* * * * *",
        "0 3 * * *",
    ]
    with pytest.raises(ValueError, match="divide"):
        registry._cron(7)
    registry.task("test.once")(lambda run: None)
    try:
        with pytest.raises(ValueError, match="twice"):
            registry.task("test.once")(lambda run: None)
    finally:
        registry._tasks.pop("test.once")
