"""Batches, declarations and who sees them when (4.1, 4.3; R26–R36)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError

from models.declarations import (
    BatchPhase,
    Decision,
    Declaration,
    DeclarationBatch,
    DeclarationMajor,
    DeclarationState,
    Review,
    ReviewStage,
)
from models.kit import clock
from tests.models.world import BEIJING, ORGANISATION, QINGDAO, QINGDAO_CITY, SHANDONG, found

OPENS = datetime(2020, 3, 1, tzinfo=clock.ZONE)
CLOSES = datetime(2020, 4, 1, tzinfo=clock.ZONE)
TICK = timedelta(microseconds=1)


def batch(**more: Any) -> DeclarationBatch:
    values = {
        "id": 1,
        "province_id": 2,
        "name": "2020年第一次",
        "year": 2020,
        "window_from": OPENS,
        "window_to": CLOSES,
        "published_at": OPENS - timedelta(days=1),
    }
    return DeclarationBatch(**{**values, **more})


def declare(as_: Any) -> None:
    """The school of Qingdao declares the certificate in an open batch of its province."""
    found(as_)
    with as_(SHANDONG) as db:
        db.add(batch())
        db.commit()
    with as_(QINGDAO) as db:
        db.add(
            Declaration(
                id=1,
                school_id=11,
                batch_id=1,
                certificate_id=1,
                applied_count=30,
                teachers_description="<p>教师十人,都有证书</p>",
                venue_description="<p>机房两间,工位一百</p>",
            )
        )
        db.commit()


def move(as_: Any, actor: Any, **values: Any) -> None:
    with as_(actor) as db:
        assert db.execute(sa.update(Declaration).values(**values)).rowcount == 1
        db.commit()


MOMENTS = [
    (OPENS - TICK, BatchPhase.COMING),
    (OPENS, BatchPhase.OPEN),
    (CLOSES - TICK, BatchPhase.OPEN),
    (CLOSES, BatchPhase.OVER),
]


@pytest.mark.parametrize(("moment", "phase"), MOMENTS)
def test_a_published_batch_is_open_from_its_first_moment_to_before_its_last(
    moment: datetime, phase: BatchPhase
) -> None:
    assert batch().phase(moment) is phase
    assert batch().phase(moment.astimezone(UTC)) is phase


def test_an_unpublished_batch_is_a_draft_whatever_the_time() -> None:
    assert {batch(published_at=None).phase(moment) for moment, _ in MOMENTS} == {BatchPhase.DRAFT}


def test_the_tabs_of_batches_agree_with_the_phase_of_each(as_: Any) -> None:
    found(as_)
    with as_(SHANDONG) as db:
        db.add_all([batch(), batch(id=2, name="草稿", published_at=None)])
        db.commit()
        for moment, _ in MOMENTS:
            tabs = {
                label: set(db.scalars(sa.select(DeclarationBatch.id).where(condition(moment))))
                for label, condition in DeclarationBatch.PHASES.items()
            }
            for row in db.scalars(sa.select(DeclarationBatch)):
                assert [label for label, ids in tabs.items() if row.id in ids] == [row.phase(moment).label]


def test_a_window_that_ends_before_it_begins_is_refused(as_: Any) -> None:
    found(as_)
    with as_(SHANDONG) as db, pytest.raises(IntegrityError, match="ck_declaration_batch_rule_1"):
        db.add(batch(window_to=OPENS))
        db.flush()


def test_schools_see_the_published_batches_of_their_own_province(as_: Any) -> None:
    found(as_)
    with as_(SHANDONG) as db:
        db.add_all([batch(), batch(id=2, name="草稿", published_at=None)])
        db.commit()
    for actor, seen in ((QINGDAO, [1]), (QINGDAO_CITY, [1]), (BEIJING, []), (SHANDONG, [1, 2])):
        with as_(actor) as db:
            assert list(db.scalars(sa.select(DeclarationBatch.id).order_by(DeclarationBatch.id))) == seen


def test_a_school_cannot_declare_in_another_provinces_batch(as_: Any) -> None:
    declare(as_)
    with as_(BEIJING) as db, pytest.raises(IntegrityError, match="fk_declaration_batch_id"):
        db.add(
            Declaration(
                id=2,
                school_id=10,
                batch_id=1,
                certificate_id=1,
                applied_count=30,
                teachers_description="x" * 20,
                venue_description="x" * 20,
            )
        )
        db.flush()


def test_a_declaration_appears_to_each_reviewer_in_its_turn(as_: Any) -> None:
    declare(as_)

    def seen(actor: Any) -> bool:
        with as_(actor) as db:
            return db.get(Declaration, 1) is not None

    assert [seen(actor) for actor in (QINGDAO_CITY, SHANDONG, ORGANISATION, BEIJING)] == [False] * 4
    move(as_, QINGDAO, state=DeclarationState.CITY_PENDING, submitted_at=OPENS)
    move(as_, QINGDAO_CITY, state=DeclarationState.PENDING)
    assert [seen(actor) for actor in (QINGDAO_CITY, SHANDONG, ORGANISATION, BEIJING)] == [
        True,
        True,
        False,
        False,
    ]
    move(as_, SHANDONG, state=DeclarationState.APPROVED, approved_count=20)
    assert [seen(actor) for actor in (QINGDAO_CITY, SHANDONG, ORGANISATION, BEIJING)] == [
        True,
        True,
        True,
        False,
    ]


def test_only_the_province_can_approve(as_: Any) -> None:
    declare(as_)
    move(as_, QINGDAO, state=DeclarationState.PENDING, submitted_at=OPENS)
    with as_(QINGDAO_CITY) as db, pytest.raises(ProgrammingError, match="permission denied"):
        db.execute(sa.update(Declaration).values(state=DeclarationState.APPROVED, approved_count=20))
    with as_(SHANDONG) as db, pytest.raises(ProgrammingError, match="permission denied"):
        db.execute(sa.update(Declaration).values(applied_count=99))


def test_a_refusal_names_its_reason(as_: Any) -> None:
    declare(as_)
    move(as_, QINGDAO, state=DeclarationState.PENDING, submitted_at=OPENS)
    with as_(SHANDONG) as db, pytest.raises(IntegrityError):
        db.execute(sa.update(Declaration).values(state=DeclarationState.REFUSED))


def test_a_school_may_delete_a_draft_and_nothing_later(as_: Any) -> None:
    declare(as_)
    move(as_, QINGDAO, state=DeclarationState.PENDING, submitted_at=OPENS)
    with as_(QINGDAO) as db:
        assert db.execute(sa.delete(Declaration)).rowcount == 0


def test_a_city_reviews_its_own_stage_only(as_: Any) -> None:
    declare(as_)
    with as_(QINGDAO_CITY) as db:
        db.add(Review(declaration_id=1, stage=ReviewStage.CITY, decision=Decision.APPROVED))
        db.commit()
        db.add(
            Review(declaration_id=1, stage=ReviewStage.PROVINCE, decision=Decision.APPROVED, approved_count=1)
        )
        with pytest.raises(ProgrammingError, match="row-level security"):
            db.flush()


def test_a_major_of_a_declaration_is_hidden_as_long_as_the_declaration_is(as_: Any, owner: sa.Engine) -> None:
    declare(as_)
    with owner.begin() as connection:
        connection.execute(
            sa.text(
                "insert into major (id, code, name, level) values (1, '610205', '软件技术', 'VOCATIONAL')"
            )
        )
    with as_(QINGDAO) as db:
        db.add(DeclarationMajor(declaration_id=1, major_id=1))
        db.commit()
    with as_(SHANDONG) as db:
        assert db.scalars(sa.select(DeclarationMajor)).all() == []
    move(as_, QINGDAO, state=DeclarationState.PENDING, submitted_at=OPENS)
    with as_(SHANDONG) as db:
        assert [row.major_id for row in db.scalars(sa.select(DeclarationMajor))] == [1]


def test_an_approval_makes_the_school_pilot_once_the_batch_is_over(as_: Any) -> None:
    """R36, 9.3: approval within the window counts from its end on, for its own year only."""
    declare(as_)
    move(as_, QINGDAO, state=DeclarationState.PENDING, submitted_at=OPENS)
    with as_(QINGDAO) as db:
        assert not db.scalars(sa.select(Declaration).where(Declaration.makes_pilot(2020, CLOSES))).all()
    move(as_, SHANDONG, state=DeclarationState.APPROVED, approved_count=20)
    with as_(QINGDAO) as db:
        for year, moment, pilot in (
            (2020, CLOSES - TICK, False),
            (2020, CLOSES, True),
            (2021, CLOSES, False),
        ):
            rows = db.scalars(sa.select(Declaration).where(Declaration.makes_pilot(year, moment))).all()
            assert bool(rows) is pilot


def test_a_review_is_kept_for_ever(as_: Any, owner: sa.Engine) -> None:
    declare(as_)
    with as_(QINGDAO_CITY) as db:
        db.add(Review(declaration_id=1, stage=ReviewStage.CITY, decision=Decision.APPROVED))
        db.commit()
    with owner.begin() as connection, pytest.raises(DBAPIError, match="审核记录不能修改或删除"):
        connection.execute(sa.text("delete from review"))
