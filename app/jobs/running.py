"""One attempt at a job: claim it, act as its account chunk by chunk, and end it; whoever is killed leaves no half.

Each chunk is one transaction of the job's own actor. Its first statement locks the job row and succeeds only
while this attempt still owns the running job and the account is what it was: a second worker that took over
after a rescue, a cancelled job and a disabled account all stop the first one there, before it writes.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app.access.actor import JOB, Actor, acting_as
from app.access.roles import may
from app.jobs.queue import defer, owner
from app.jobs.registry import task_named
from app.services.errors import DomainError, Refused
from models.accounts import Account, AccountState
from models.jobs import Job, JobState, StagedChunk
from models.kit import clock

log = logging.getLogger(__name__)

Factory = Callable[[], Session]
PAUSES = (1.0, 2.0, 4.0)
"""Seconds before a job is tried again after the database broke off."""


class Stopped(Exception):  # not an error: somebody else has the say
    """The job is no longer this attempt's: cancelled, taken over, or its account has changed."""


class Released(Exception):
    """The worker is told to go: the job goes back to the queue."""


class Run:
    """What a task works with. `params`, `cursor` and `carry` are as the last committed chunk left them."""

    def __init__(
        self, job: Job, attempt: str, actor: Actor, factory: Factory, leaving: Callable[[], bool]
    ) -> None:
        self.job_id, self.attempt, self.actor = job.id, attempt, actor
        self.title, self.params = job.title, dict(job.params)
        self.cursor, self.done, self.total = job.cursor, job.done, job.total
        self.carry: dict[str, Any] = dict(job.carry or {})
        self.counts: dict[str, int] = dict(job.counts or {})
        self.errors: list[list[Any]] = list(job.errors or [])
        self.notes: list[str] = list(job.notes or [])
        self.ended = False
        self._factory, self._leaving = factory, leaving

    @contextmanager
    def chunk(self) -> Iterator[Session]:
        """A transaction of the job's actor, committed at the end of the block."""
        if self._leaving():
            raise Released
        session = self._factory()
        with acting_as(self.actor, session):
            self._own(session)
            yield session
            session.commit()

    def record(self, session: Session, **values: Any) -> None:
        """Keep columns of the job row with the chunk: `done`, `total`, `cursor`, `carry`, `counts`, `notes`, …"""
        for name in ("done", "total", "cursor", "carry", "counts", "errors"):
            if name in values:
                setattr(self, name, values[name])
        session.execute(sa.update(Job).where(Job.id == self.job_id).values(**values))

    def progress(self, done: int, total: int) -> None:
        """Tell how far the work is where it has no transaction of its own; also notices a cancellation."""
        with self.chunk() as session:
            self.record(session, done=done, total=total)

    def seal(self) -> None:
        """From here on the job cannot be cancelled (6.1: cancel is possible until applying begins)."""
        with self.chunk() as session:
            self.record(session, sealed=True)

    def finish(self, session: Session, state: JobState = JobState.DONE, **values: Any) -> None:
        """End the job, or hand it to its owner (READY), in the transaction of its last chunk."""
        if state is not JobState.READY:
            values["finished_at"] = clock.now()
            session.execute(sa.delete(StagedChunk).where(StagedChunk.job_id == self.job_id))
        self.record(session, state=state, attempt=None, **values)
        self.ended = True

    def _own(self, session: Session) -> None:
        mine = sa.update(Job).where(
            Job.id == self.job_id, Job.attempt == self.attempt, Job.state == JobState.RUNNING
        )
        if self.actor.account is not None:
            menus = sa.cast(list(self.actor.menus), ARRAY(sa.String))
            mine = mine.where(
                sa.exists().where(
                    Account.id == Job.account_id,
                    Account.state == AccountState.ACTIVE,
                    Account.role == self.actor.role,
                    sa.func.coalesce(Account.menus, sa.cast([], ARRAY(sa.String))) == menus,
                )
            )
        if session.execute(mine.values(attempt=self.attempt).returning(Job.id)).scalar() is None:
            raise Stopped


def run_job(job_id: int, factory: Factory, leaving: Callable[[], bool] = lambda: False) -> None:
    """Carry out a job, or leave it alone where it is not waiting for anybody. Raises nothing of the task's."""
    attempt = secrets.token_hex(16)
    for pause in (*PAUSES, None):
        try:
            _attempt(job_id, attempt, factory, leaving)
            return
        except (
            OperationalError
        ):  # the database went away, or chose us in a deadlock: all is as the last chunk left it
            if pause is None:
                raise
            log.warning("job %s: the database broke off, trying again in %s s", job_id, pause, exc_info=True)
            time.sleep(pause)


def _attempt(job_id: int, attempt: str, factory: Factory, leaving: Callable[[], bool]) -> None:
    claimed = _claim(job_id, attempt, factory)
    if claimed is None:
        return
    job, account = claimed
    try:
        actor = _actor(job, account)
        work = task_named(job.task)
        if work is None:
            raise LookupError(f"no task is called {job.task}")
        run = Run(job, attempt, actor, factory, leaving)
        work(run)
        if not run.ended:
            with run.chunk() as session:
                run.finish(session)
    except Stopped:
        _fail(job_id, attempt, factory, "发起人的账号已停用或权限已变化,任务终止")
    except Released:
        _release(job_id, attempt, factory)
    except DomainError as error:
        _fail(job_id, attempt, factory, error.message)
    except OperationalError:
        raise
    except Exception:
        number = secrets.token_hex(4)
        log.exception("job %s failed, number %s", job_id, number)
        _fail(
            job_id,
            attempt,
            factory,
            f"系统出现故障,未写入本次任务余下的内容。请联系平台运营人员,编号{number}",
        )


@contextmanager
def _as_job(factory: Factory) -> Iterator[Session]:
    session = factory()
    with acting_as(JOB, session):
        yield session
        session.commit()


def _claim(job_id: int, attempt: str, factory: Factory) -> tuple[Job, Account | None] | None:
    """Take a waiting job, or one whose worker is gone. The newest claim wins: an older attempt stops at its next
    chunk, and this update waits while it is in the middle of one."""
    with _as_job(factory) as session:
        taken = session.execute(
            sa.update(Job)
            .where(Job.id == job_id, Job.state.in_((JobState.WAITING, JobState.RUNNING)))
            .values(
                state=JobState.RUNNING,
                attempt=attempt,
                started_at=sa.func.coalesce(Job.started_at, clock.now()),
            )
            .returning(Job.id)
        ).scalar()
        if taken is None:
            return None
        job = session.get_one(Job, job_id)
        account = session.get(Account, job.account_id) if job.account_id is not None else None
        session.commit()
        session.expunge_all()
        return job, account


def _actor(job: Job, account: Account | None) -> Actor:
    """Whom the job acts as. A row that names an account of another tenant is nobody's: it could only have been
    written past the application."""
    if job.account_id is None:
        actor = JOB
    elif account is None or account.state is not AccountState.ACTIVE:
        raise Refused("job.account", "发起人的账号已停用,任务终止")
    else:
        kind = account.kind.value
        tenant = getattr(account, "person_id" if kind == "candidate" else f"{kind}_id", None)
        menus = tuple(account.menus or ())
        actor = Actor(
            kind, account.id, tenant, account.role.value, account.name, menus, request=f"job-{job.id}"
        )
    columns = ("province_id", "city_id", "school_id", "organisation_id", "person_id")
    mine = owner(actor)
    if any(getattr(job, name) != mine.get(name) for name in columns):
        raise Refused("job.tenant", "任务与发起人的机构不符,任务终止")
    table, _, verb = job.permission.partition(":")
    if job.permission and actor is not JOB and not may(actor, table, verb):
        raise Refused("job.permission", "发起人已没有进行此操作的权限,任务终止")
    return actor


def _fail(job_id: int, attempt: str, factory: Factory, message: str) -> None:
    """FAILED with the sentence for people, if the job is still this attempt's (it may have been cancelled)."""
    with _as_job(factory) as session:
        failed = session.execute(
            sa.update(Job)
            .where(Job.id == job_id, Job.attempt == attempt, Job.state == JobState.RUNNING)
            .values(state=JobState.FAILED, attempt=None, error=message[:2000], finished_at=clock.now())
            .returning(Job.id)
        ).scalar()
        if failed is not None:
            session.execute(sa.delete(StagedChunk).where(StagedChunk.job_id == job_id))


def _release(job_id: int, attempt: str, factory: Factory) -> None:
    """Back to the queue, where the next worker takes up after the last chunk."""
    with _as_job(factory) as session:
        released = session.execute(
            sa.update(Job)
            .where(Job.id == job_id, Job.attempt == attempt, Job.state == JobState.RUNNING)
            .values(state=JobState.WAITING, attempt=None)
            .returning(Job.id)
        ).scalar()
        if released is not None:
            defer(session, job_id)


def run_pending(factory: Factory) -> int:
    """Carry out every waiting job in this process, oldest first; returns how many (tests, command line).

    The queue entries stay; a worker that meets one finds its job no longer waiting and lets it be.
    """
    count = 0
    while True:
        with _as_job(factory) as session:
            oldest = sa.select(Job.id).where(Job.state == JobState.WAITING).order_by(Job.id).limit(1)
            job_id = session.scalar(oldest)
        if job_id is None:
            return count
        run_job(job_id, factory)
        count += 1
