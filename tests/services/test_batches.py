"""The life of a declaration batch (4.1)."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa

import app.services.registry  # noqa: F401  the rules of declarations too
from app.access.actor import Actor
from app.panel import saving
from app.panel.resolve import resolve
from app.services import batches
from app.services.errors import Conflict, DomainError
from models.accounts import AuditEntry
from models.declarations import BatchPhase, Declaration, DeclarationBatch
from models.kit import clock
from tests.factories_declarations import WORDS, apart, at, batch, cast, declaration

BATCH = resolve(DeclarationBatch)
FORM = {
    "name": "2020年第一次",
    "year": 2020,
    "ordinal": 1,
    "window_from": at("2020-04-01 00:00"),
    "window_to": at("2020-04-05 00:00"),
}


def change(db: Any, actor: Actor, row: DeclarationBatch, **values: Any) -> None:
    saving.update(db, BATCH, actor, row, values, row.version)


def test_a_province_drafts_publishes_and_the_phases_follow_the_clock(as_: Any) -> None:
    people = cast(as_)
    with clock.travel(at("2020-03-20 09:00")), as_(people.province) as db:
        made = saving.create(db, BATCH, people.province, FORM)
        assert (made.province_id, made.phase(clock.now())) == (2, BatchPhase.DRAFT)
        batches.publish(db, people.province, [made])
        assert made.phase(clock.now()) is BatchPhase.COMING
        assert made.phase(at("2020-04-01 00:00")) is BatchPhase.OPEN
        with pytest.raises(Conflict, match="已发布"):
            batches.publish(db, people.province, [made])


def test_a_window_that_ends_before_it_begins_is_refused_beside_its_field(as_: Any) -> None:
    people = cast(as_)
    with as_(people.province) as db, pytest.raises(DomainError, match="申报开始应早于申报截止") as refusal:
        saving.create(db, BATCH, people.province, {**FORM, "window_to": FORM["window_from"]})
    assert refusal.value.field == "window_to"


def test_a_window_ends_within_the_year_its_quotas_are_for(as_: Any) -> None:
    people = cast(as_)
    with as_(people.province) as db:
        with pytest.raises(DomainError, match="最晚到2020年12月31日24:00") as refusal:
            saving.create(db, BATCH, people.province, {**FORM, "window_to": at("2021-01-01 00:01")})
        assert refusal.value.field == "window_to"
        assert saving.create(db, BATCH, people.province, {**FORM, "window_to": at("2021-01-01 00:00")}).id


def test_a_batch_whose_end_has_passed_is_not_published(as_: Any) -> None:
    people = cast(as_)
    with clock.travel(at("2020-04-05 00:00")), as_(people.province) as db:
        made = saving.create(db, BATCH, people.province, FORM)
        with pytest.raises(DomainError, match="应晚于当前时间"):
            batches.publish(db, people.province, [made])


def test_once_it_has_begun_a_batch_is_extended_not_edited(as_: Any) -> None:
    people = cast(as_)
    with clock.travel(at("2020-03-31 23:59")), as_(people.province) as db:
        made = batch(db)
        change(db, people.province, made, requires_majors=True)
        db.commit()
    with clock.travel(at("2020-04-01 00:00")), as_(people.province) as db:
        made = db.get_one(DeclarationBatch, made.id)
        with pytest.raises(Conflict, match="不能修改"):
            change(
                db,
                people.province,
                made,
                window_from=at("2020-04-10 00:00"),
                window_to=at("2020-04-20 00:00"),
            )
        db.rollback()
        made = db.get_one(DeclarationBatch, made.id)
        with pytest.raises(DomainError, match="原因"):
            batches.extend(db, people.province, [made], at("2020-04-11 00:00"), " ")
        batches.extend(db, people.province, [made], at("2020-04-11 00:00"), "部分院校断网")
        assert made.window_to == at("2020-04-11 00:00")


def test_reopening_names_its_reason_and_stays_within_the_year(as_: Any) -> None:
    people = cast(as_)
    with clock.travel(at("2020-05-01 09:00")), as_(people.province) as db:
        made = batch(db)
        assert made.phase(clock.now()) is BatchPhase.OVER
        for window_to, reason, field in (
            (at("2020-05-10 00:00"), "", "reason"),
            (at("2020-04-30 00:00"), "补报", "window_to"),
            (at("2021-01-01 00:01"), "补报", "window_to"),
        ):
            with pytest.raises(DomainError) as refusal:
                batches.extend(db, people.province, [made], window_to, reason)
            assert refusal.value.field == field
        batches.extend(db, people.province, [made], at("2021-01-01 00:00"), "部分院校补报")
        assert made.phase(clock.now()) is BatchPhase.OPEN
        db.commit()
    with as_(people.province) as db:
        assert "部分院校补报" in db.scalars(sa.select(AuditEntry.reason)).all()


def test_a_batch_somebody_declares_in_is_not_withdrawn_even_if_only_in_a_draft(as_: Any) -> None:
    people = cast(as_)
    with clock.travel(at("2020-04-02 09:00")):
        with as_(people.province) as db:
            used, unused = batch(db), batch(db)
            db.commit()
        with as_(people.school) as db:
            declaration(db, used.id)
            db.commit()
        with as_(people.province) as db:
            with pytest.raises(Conflict, match="已有院校申报"):
                batches.withdraw(db, people.province, [db.get_one(DeclarationBatch, used.id)])
            free = db.get_one(DeclarationBatch, unused.id)
            batches.withdraw(db, people.province, [free])
            assert free.phase(clock.now()) is BatchPhase.DRAFT


def test_withdrawing_waits_for_a_declaration_on_its_way(
    as_: Any, engine: sa.Engine, owner: sa.Engine
) -> None:
    people = cast(as_)
    with as_(people.province) as db:
        made = batch(db)
        db.commit()

    def withdraw() -> None:
        with clock.travel(at("2020-04-02 09:00")), apart(engine, people.province) as db:
            batches.withdraw(db, people.province, [db.get_one(DeclarationBatch, made.id)])
            db.commit()

    with ThreadPoolExecutor(1) as pool:
        with clock.travel(at("2020-04-02 09:00")), as_(people.school) as db:
            declare(db, people.school, made.id)
            other = pool.submit(withdraw)
            until_it_waits(other, owner)
            db.commit()
        with pytest.raises(Conflict, match="已有院校申报"):
            other.result()


def test_a_declaration_waits_for_the_withdrawal_and_then_finds_no_batch(
    as_: Any, engine: sa.Engine, owner: sa.Engine
) -> None:
    people = cast(as_)
    with as_(people.province) as db:
        made = batch(db)
        db.commit()

    def late() -> None:
        with clock.travel(at("2020-04-02 09:00")), apart(engine, people.school) as db:
            declare(db, people.school, made.id)
            db.commit()

    with ThreadPoolExecutor(1) as pool:
        with clock.travel(at("2020-04-02 09:00")), as_(people.province) as db:
            batches.withdraw(db, people.province, [db.get_one(DeclarationBatch, made.id)])
            other = pool.submit(late)
            until_it_waits(other, owner)
            db.commit()
        with pytest.raises(DomainError, match="没有找到该申报批次"):
            other.result()
    with as_(people.school) as db:
        assert db.scalars(sa.select(Declaration)).all() == []


def declare(db: Any, school: Actor, batch_id: int) -> None:
    values = {
        "batch_id": batch_id,
        "certificate_id": 1,
        "applied_count": 100,
        "teachers_description": WORDS,
        "venue_description": WORDS,
    }
    saving.create(db, resolve(Declaration), school, values)


def until_it_waits(other: Future[None], owner: sa.Engine) -> None:
    """Until the other's transaction stands before a lock of ours."""
    waiting = sa.text(
        "select count(*) from pg_stat_activity"
        " where datname = current_database() and wait_event_type = 'Lock' and pid <> pg_backend_pid()"
    )
    with owner.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while not connection.scalar(waiting):
            assert not other.done(), other.exception()


def test_a_published_batch_is_withdrawn_before_it_is_deleted(as_: Any) -> None:
    people = cast(as_)
    with as_(people.province) as db:
        made = batch(db)
        with pytest.raises(Conflict, match="先撤回"):
            saving.delete(db, BATCH, people.province, made)
