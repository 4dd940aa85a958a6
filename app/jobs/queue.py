"""Into the queue and out of it: a job row under the wall, and the one queue entry that names it (wall.md 5)."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.services.errors import Conflict
from models.jobs import Job, JobState, StagedChunk
from models.kit import clock

QUEUE = "jobs"
RUN_JOB = "run_job"
OPEN = (JobState.WAITING, JobState.RUNNING, JobState.READY)

# The definer function is all a restricted role may do to the queue, so an entry says nothing but the id of our
# own row: what will be done, and with whose rights, is read from there and checked again.
_DEFER = sa.text(
    "select queue.procrastinate_defer_jobs_v1(array[row("
    f"'{QUEUE}', '{RUN_JOB}', 0, null, null, jsonb_build_object('job_id', cast(:id as bigint)), null"
    ")]::queue.procrastinate_job_to_defer_v1[])"
)


def enqueue(
    session: Session,
    actor: Actor,
    title: str,
    task: str,
    params: dict[str, Any],
    *,
    permission: str = "",
    link: str = "",
) -> Job:
    """A new job of this actor, run once the caller's transaction is committed and never if it is not.

    `permission` (`candidate:import`) is asked again whenever the job runs; `link` is where the job page leads
    back to. Personal numbers do not belong in `title` or `params`.
    """
    job = Job(
        title=title[:120],
        task=task,
        params=params,
        permission=permission,
        link=link or None,
        **owner(actor),
    )
    session.add(job)
    session.flush()
    defer(session, job.id)
    return job


def owner(actor: Actor) -> dict[str, Any]:
    """The account and tenant columns of a job of this actor; none for the platform's own (`job`)."""
    column = "person_id" if actor.kind == "candidate" else f"{actor.kind}_id"
    return {"account_id": actor.account, **({column: actor.tenant} if actor.tenant is not None else {})}


def defer(session: Session, job_id: int) -> None:
    """One queue entry for a waiting job, in the caller's transaction."""
    session.execute(_DEFER, {"id": job_id})


def requeue(session: Session, job_id: int, task: str, params: dict[str, Any]) -> None:
    """A job that waited for its owner's word goes on with another task (READY → WAITING); only one word counts."""
    moved = session.execute(
        sa.update(Job)
        .where(Job.id == job_id, Job.state == JobState.READY)
        .values(state=JobState.WAITING, task=task, params=params)
        .returning(Job.id)
    ).scalar()
    if moved is None:
        raise Conflict("job.not_ready", "该任务已确认或已结束,请刷新页面")
    defer(session, job_id)


def cancel(session: Session, job_id: int) -> None:
    """Cancel a job that has not begun what cannot be undone; the worker notices at its next chunk.

    The update waits for a chunk under way, so what is removed here is all there will ever be.
    """
    cancelled = session.execute(
        sa.update(Job)
        .where(Job.id == job_id, Job.state.in_(OPEN), Job.sealed == sa.false())
        .values(state=JobState.CANCELLED, attempt=None, finished_at=clock.now())
        .returning(Job.id)
    ).scalar()
    if cancelled is None:
        raise Conflict("job.sealed", "任务已开始写入或已结束,不能取消")
    session.execute(sa.delete(StagedChunk).where(StagedChunk.job_id == job_id))
