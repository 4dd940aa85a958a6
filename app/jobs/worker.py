"""The worker process: Procrastinate fetches queue entries, `running` does the work, a rescuer looks for the dead.

The queue's own connection logs in as the web does and takes the role `panel_job` at once; the work itself goes
through walled sessions like every request.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import threading
from contextlib import suppress
from functools import partial
from typing import Any

import procrastinate
import sqlalchemy as sa
from procrastinate.worker import Worker
from sqlalchemy.engine import make_url
from sqlalchemy.orm import sessionmaker

from app.access.actor import JOB, WalledSession, acting_as, make_engine
from app.access.database import QUEUE_SCHEMA, login_url
from app.jobs.queue import QUEUE, RUN_JOB
from app.jobs.registry import Periodic, periodic_tasks
from app.jobs.running import Factory, run_job
from config import Settings, settings
from models.kit.cipher import cipher

log = logging.getLogger(__name__)

# One statement locks and hands back what dead workers left, so that two rescuers never give the same job twice.
_RESCUE = """
    with stalled as (
        select j.id from procrastinate_jobs j left join procrastinate_workers w on w.id = j.worker_id
        where j.status = 'doing' and (w.id is null or w.last_heartbeat < now() - make_interval(secs => %(seconds)s))
        for update of j skip locked
    )
    select id, procrastinate_retry_job_v2(id, now(), null, null, null) from stalled
"""

# A job whose entry is gone (given up while the database was away, or an operator emptied the queue) gets a new one.
_ADOPT = """
    select procrastinate_defer_jobs_v1(array_agg(
        row(%(queue)s, %(task)s, 0, null, null, jsonb_build_object('job_id', j.id), null)::procrastinate_job_to_defer_v1
    )) as ids
    from public.job j
    where j.state in ('WAITING', 'RUNNING') and pg_try_advisory_xact_lock(7100)
        and not exists (
            select from procrastinate_jobs q
            where q.task_name = %(task)s and q.status in ('todo', 'doing') and (q.args ->> 'job_id')::bigint = j.id
        )
    having count(*) > 0
"""


def run_worker(url: str | None = None, config: Settings | None = None) -> None:
    """Work until SIGTERM or SIGINT: then each job ends its chunk and goes back to the queue (`flask panel worker`)."""
    config = config or settings()
    url = url or login_url(config)
    cipher.load({1: config.personal_data_key.get_secret_value()})
    engine = make_engine(url, pool_size=config.worker_concurrency + 1)
    try:
        asyncio.run(_work(url, config, sessionmaker(engine, class_=WalledSession, expire_on_commit=False)))
    finally:
        engine.dispose()


async def _work(url: str, config: Settings, factory: Factory) -> None:
    leaving = threading.Event()
    app = make_queue(url, factory, leaving, config)
    async with app.open_async():
        worker: Any = Worker(
            app,
            name="panel",
            concurrency=config.worker_concurrency,
            update_heartbeat_interval=config.worker_heartbeat_seconds,
            stalled_worker_timeout=config.worker_rescue_seconds,
            delete_jobs="successful",
            install_signal_handlers=False,
        )

        def leave() -> None:
            leaving.set()
            worker.stop()

        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, leave)
        rescuer = asyncio.create_task(_rescue_forever(app, config))
        try:
            await worker.run()
        finally:
            rescuer.cancel()
            with suppress(asyncio.CancelledError):
                await rescuer


async def _rescue_forever(app: procrastinate.App, config: Settings) -> None:
    """Every worker looks after the others; a failed look is only repeated."""
    while True:
        try:
            await rescue(app, config.worker_rescue_seconds)
        except procrastinate.exceptions.ConnectorException:
            log.warning("could not look for stalled jobs", exc_info=True)
        await asyncio.sleep(config.worker_heartbeat_seconds)


async def rescue(app: procrastinate.App, seconds: float) -> list[int]:
    """Queue entries of workers silent for longer than `seconds` go back to the queue, and jobs without an entry get
    one; the entries' ids."""
    found = await app.connector.execute_query_all_async(_RESCUE, seconds=seconds)
    ids = [row["id"] for row in found]
    for row in await app.connector.execute_query_all_async(_ADOPT, queue=QUEUE, task=RUN_JOB):
        ids += row["ids"]
    if ids:
        log.warning("rescued queue entries %s", ids)
    return ids


def make_queue(
    url: str, factory: Factory, leaving: threading.Event | None = None, config: Settings | None = None
) -> procrastinate.App:
    """The Procrastinate application: one task for all jobs, and one for each thing due by the clock."""
    config = config or settings()
    options = f"-c search_path={QUEUE_SCHEMA},public -c role=panel_job"
    connector = procrastinate.PsycopgConnector(
        conninfo=make_url(url).set(drivername="postgresql").render_as_string(hide_password=False),
        kwargs={"options": options},
        min_size=1,
        max_size=config.worker_concurrency + 3,
    )
    app = procrastinate.App(connector=connector)
    gone = leaving.is_set if leaving is not None else lambda: False

    @app.task(name=RUN_JOB, queue=QUEUE)
    def _run_job(job_id: int) -> None:
        run_job(job_id, factory, gone)

    for due in periodic_tasks():
        task: Any = app.task(name=f"due.{due.name}", queue=QUEUE)(partial(run_due, due, factory))
        app.periodic(cron=due.cron, queueing_lock=due.name)(task)
    return app


def run_due(due: Periodic, factory: Factory, timestamp: int = 0) -> None:
    """One turn of a periodic task, as `job`, in one transaction."""
    session = factory()
    with acting_as(JOB, session):
        due.run(session)
        session.commit()


def waiting(session: Any) -> int:
    """How many queue entries nobody has taken yet (readiness page, metrics); asked as `job`."""
    count = sa.text(f"select count(*) from {QUEUE_SCHEMA}.procrastinate_jobs where status = 'todo'")  # noqa: S608
    return int(session.scalar(count))
