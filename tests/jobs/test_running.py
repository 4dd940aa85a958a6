"""A job acts as its account, chunk by chunk, and only while it is its attempt's (D4, wall.md 5)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError

from app.access.actor import JOB, Actor
from app.jobs import queue, registry
from app.jobs.running import Run, run_job, run_pending
from app.services.errors import Conflict, DomainError
from models.accounts import Account, AccountState
from models.jobs import Job, JobState, Message, StagedChunk


@pytest.fixture
def working() -> Iterator[Callable[..., Any]]:
    """`working(function)` is the work of the task `test.work` during this test."""

    @contextmanager
    def entered() -> Iterator[Callable[..., Any]]:
        def put(work: Callable[[Run], None]) -> None:
            registry._tasks["test.work"] = work

        yield put
        registry._tasks.pop("test.work", None)

    with entered() as put:
        yield put


def ask(as_: Any, actor: Actor, **values: Any) -> int:
    """A waiting job of this actor."""
    with as_(actor) as db:
        job = queue.enqueue(
            db, actor, "试算", values.pop("task", "test.work"), values.pop("params", {}), **values
        )
        db.commit()
        return job.id


def state(as_: Any, job_id: int) -> Job:
    with as_(JOB) as db:
        job = db.get_one(Job, job_id)
        db.expunge(job)
        return job


def say(run: Run, text: str) -> None:
    """Something to see afterwards: a message to the actor's own school."""
    with run.chunk() as db:
        db.execute(sa.insert(Message).values(title=text, school_id=run.actor.tenant).inline())
        run.record(db, done=run.done + 1, cursor=run.cursor + 1)


def said(as_: Any) -> list[str]:
    with as_(JOB) as db:
        return list(db.scalars(sa.select(Message.title).order_by(Message.id)))


def test_a_job_is_queued_only_when_its_transaction_is_committed(
    as_: Any, manager: Actor, owner: Engine
) -> None:
    with as_(manager) as db:
        queue.enqueue(db, manager, "试算", "test.work", {})
        db.rollback()
    ask(as_, manager)
    with owner.connect() as admin:
        assert admin.scalar(sa.text("select count(*) from queue.procrastinate_jobs")) == 1
        args = admin.scalar(sa.text("select args from queue.procrastinate_jobs"))
    assert set(args) == {"job_id"}


def test_the_work_acts_as_the_account_and_sees_only_its_rows(
    as_: Any, manager: Actor, factory: Any, working: Any
) -> None:
    seen: list[Any] = []

    def work(run: Run) -> None:
        with run.chunk() as db:
            seen.append(db.scalar(sa.text("select current_user")))
            seen.append(db.scalars(sa.text("select id from school")).all())

    working(work)
    job_id = ask(as_, manager, permission="candidate:import")
    assert run_pending(factory) == 1
    assert seen == ["panel_school", [11]]
    assert state(as_, job_id).state is JobState.DONE


def test_a_colleague_does_not_see_the_job_and_another_school_cannot_forge_one(
    as_: Any, manager: Actor, beijing: Actor, factory: Any, working: Any
) -> None:
    working(lambda run: say(run, "假的"))
    ask(as_, manager)
    with as_(beijing) as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(Job)) == 0
        forged = sa.insert(Job).values(
            title="假的", task="test.work", params={}, account_id=manager.account, school_id=10
        )
        with pytest.raises(DBAPIError, match="row-level security"):
            db.execute(forged)
    with as_(JOB) as db:  # even where such a row were there, its work would not be done
        forged_id = db.execute(forged.returning(Job.id)).scalar()
        db.commit()
    run_job(forged_id, factory)
    assert state(as_, forged_id).error == "任务与发起人的机构不符,任务终止"
    assert said(as_) == []


@pytest.mark.parametrize(
    ("values", "permission", "reason"),
    [
        ({"state": AccountState.DISABLED}, "", "账号已停用"),
        ({}, "candidate:fly", "没有进行此操作的权限"),
    ],
)
def test_an_account_that_may_no_longer_do_it_stops_its_jobs(
    as_: Any, manager: Actor, factory: Any, working: Any, values: Any, permission: str, reason: str
) -> None:
    working(lambda run: say(run, "做了"))
    job_id = ask(as_, manager, permission=permission)
    with as_(JOB) as db:
        db.execute(sa.update(Account).where(Account.id == manager.account).values(version=1, **values))
        db.commit()
    run_pending(factory)
    assert (state(as_, job_id).state, reason in (state(as_, job_id).error or "")) == (JobState.FAILED, True)
    assert said(as_) == []


def test_an_account_disabled_in_the_middle_stops_the_job_at_its_next_chunk(
    as_: Any, manager: Actor, factory: Any, working: Any
) -> None:
    def work(run: Run) -> None:
        say(run, "一")
        disable(run)
        say(run, "二")

    def disable(run: Run) -> None:
        from app.jobs.running import _as_job

        with _as_job(factory) as db:
            db.execute(sa.update(Account).values(state=AccountState.DISABLED))

    working(work)
    job_id = ask(as_, manager)
    run_pending(factory)
    assert said(as_) == ["一"]
    assert state(as_, job_id).state is JobState.FAILED


def test_an_attempt_that_was_taken_over_writes_nothing_more(
    as_: Any, manager: Actor, factory: Any, working: Any
) -> None:
    turns: list[str] = []

    def work(run: Run) -> None:
        turns.append(run.attempt)
        say(run, f"第{len(turns)}次")
        if len(turns) == 1:
            run_job(run.job_id, factory)  # a second worker takes over and finishes
        say(run, f"{len(turns)}次之后")

    working(work)
    job_id = ask(as_, manager)
    run_pending(factory)
    assert said(as_) == ["第1次", "第2次", "2次之后"]
    assert state(as_, job_id).state is JobState.DONE


def test_a_new_attempt_takes_up_after_the_last_chunk(
    as_: Any, manager: Actor, factory: Any, working: Any
) -> None:
    def work(run: Run) -> None:
        for number in range(run.cursor, 4):
            if number == 2 and "broken" not in once:
                once.add("broken")
                raise SystemExit  # as sudden as a kill: nothing is written about it
            say(run, str(number))

    once: set[str] = set()
    working(work)
    job_id = ask(as_, manager)
    with pytest.raises(SystemExit):
        run_job(job_id, factory)
    assert state(as_, job_id).state is JobState.RUNNING
    run_job(job_id, factory)
    assert said(as_) == ["0", "1", "2", "3"]


def test_cancelled_between_two_chunks_the_work_stops_and_nothing_staged_is_left(
    as_: Any, manager: Actor, factory: Any, working: Any
) -> None:
    def work(run: Run) -> None:
        with run.chunk() as db:
            db.add(StagedChunk(job_id=run.job_id, account_id=manager.account, first=1, last=2, rows=[]))
        other = factory()
        from app.access.actor import acting_as

        with acting_as(manager, other):
            queue.cancel(other, run.job_id)
            other.commit()
        say(run, "还在做")

    working(work)
    job_id = ask(as_, manager)
    run_pending(factory)
    assert (state(as_, job_id).state, said(as_)) == (JobState.CANCELLED, [])
    with as_(JOB) as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(StagedChunk)) == 0


def test_a_sealed_job_and_an_ended_one_cannot_be_cancelled(
    as_: Any, manager: Actor, factory: Any, working: Any
) -> None:
    refused: list[str] = []

    def work(run: Run) -> None:
        run.seal()
        with run.chunk() as db, pytest.raises(Conflict) as error:
            queue.cancel(db, run.job_id)
        refused.append(error.value.message)

    working(work)
    job_id = ask(as_, manager)
    run_pending(factory)
    assert refused == ["任务已开始写入或已结束,不能取消"]
    with as_(manager) as db, pytest.raises(Conflict):
        queue.cancel(db, job_id)


def test_a_worker_told_to_go_puts_the_job_back_into_the_queue(
    as_: Any, manager: Actor, factory: Any, working: Any, owner: Engine
) -> None:
    def work(run: Run) -> None:
        for number in range(run.cursor, 3):
            say(run, str(number))

    working(work)
    job_id = ask(as_, manager)
    run_job(job_id, factory, leaving=lambda: len(said_by(owner)) == 2)
    assert state(as_, job_id).state is JobState.WAITING
    with owner.connect() as admin:
        assert admin.scalar(sa.text("select count(*) from queue.procrastinate_jobs")) == 2
    run_pending(factory)
    assert said(as_) == ["0", "1", "2"]


def said_by(owner: Engine) -> list[str]:
    with owner.connect() as admin:
        return list(admin.scalars(sa.text("select title from message")))


def test_a_refusal_is_told_in_its_own_words_and_a_bug_by_a_number_that_stands_in_the_log(
    as_: Any, manager: Actor, factory: Any, working: Any, caplog: Any
) -> None:
    def refuse(run: Run) -> None:
        raise DomainError("x", "指标不足")

    working(refuse)
    first = ask(as_, manager)
    run_pending(factory)

    def crash(run: Run) -> None:
        raise KeyError("oh")

    working(crash)
    second = ask(as_, manager)
    run_pending(factory)
    assert state(as_, first).error == "指标不足"
    shown = state(as_, second).error or ""
    number = shown.rpartition("编号")[2]
    assert len(number) == 8
    assert number in caplog.text


def test_a_broken_connection_is_tried_again(
    as_: Any, manager: Actor, factory: Any, working: Any, owner: Engine, monkeypatch: Any
) -> None:
    monkeypatch.setattr("app.jobs.running.PAUSES", (0.0, 0.0))
    broken: list[int] = []

    def work(run: Run) -> None:
        for number in range(run.cursor, 2):
            with run.chunk() as db:
                if number == 1 and not broken:
                    broken.append(1)
                    with owner.connect() as admin:
                        admin.execute(
                            sa.text("select pg_terminate_backend(:pid)"),
                            {"pid": db.scalar(sa.text("select pg_backend_pid()"))},
                        )
                db.execute(sa.insert(Message).values(title=str(number), school_id=11).inline())
                run.record(db, cursor=number + 1)

    working(work)
    job_id = ask(as_, manager)
    run_pending(factory)
    assert said(as_) == ["0", "1"]
    assert state(as_, job_id).state is JobState.DONE
