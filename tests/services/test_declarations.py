"""Drafting, submitting and reviewing declarations (4.3; R26–R36, E13–E33)."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import ProgrammingError

from app.access.actor import Actor
from app.panel import saving
from app.panel.resolve import resolve
from app.services import batches, declarations, notify, pilot, quotas, recommendations, reviews
from app.services.errors import Conflict, DomainError, Refused
from models.certificates import Certificate, CertificateState, EducationLevel, Level, Major
from models.declarations import (
    BatchPhase,
    Decision,
    Declaration,
    DeclarationBatch,
    DeclarationBatchCertificate,
    DeclarationMajor,
    DeclarationState,
    Review,
    SocialQuotaMode,
)
from models.directory import School
from models.jobs import Message
from models.kit import clock
from models.platform import SmsMessage, SmsState, SmsTemplate
from models.quotas import Quota, QuotaChange
from tests.factories_declarations import WORDS, Cast, apart, at, batch, cast, declaration
from tests.models.world import PLATFORM

DECLARATION, MAJOR = resolve(Declaration), resolve(DeclarationMajor)
OPEN = at("2020-04-02 09:00")


class Stage:
    """One declaration on its way: `by(actor, name, …)` runs an action on it in a transaction of its own."""

    def __init__(self, as_: Any, people: Cast, key: int) -> None:
        self.as_, self.people, self.key = as_, people, key

    def by(self, actor: Actor, run: Any, **asked: Any) -> Declaration:
        with self.as_(actor) as db:
            row = db.get_one(Declaration, self.key)
            run(db, actor, [row], **asked)
            db.commit()
        return self.seen(actor)

    def seen(self, actor: Actor) -> Declaration:
        with self.as_(actor) as db:
            return db.get_one(Declaration, self.key)


def stage(as_: Any, *, people: Cast | None = None, submitted: bool = True, **of_batch: Any) -> Stage:
    """A declaration of 100 in a batch that is open."""
    people = people or cast(as_)
    with as_(people.province) as db:
        made = batch(db, **of_batch)
        db.commit()
    with as_(people.school) as db:
        row = declaration(db, made.id)
        db.commit()
    on = Stage(as_, people, row.id)
    if submitted:
        on.by(people.school, declarations.submit)
    return on


@pytest.fixture(autouse=True)
def in_the_window() -> Any:
    with clock.travel(OPEN):
        yield


def form(batch_id: int, **values: Any) -> dict[str, Any]:
    return {
        "batch_id": batch_id,
        "certificate_id": 1,
        "applied_count": 100,
        "teachers_description": WORDS,
        "venue_description": WORDS,
        **values,
    }


def states(db: Any) -> list[str]:
    return [state.value for state in db.scalars(sa.select(SmsMessage.state).order_by(SmsMessage.id))]


# Drafts


@pytest.mark.parametrize(
    ("moment", "refusal"),
    [
        ("2020-03-31 23:59:59", "未到申报时间"),
        ("2020-04-04 23:59:30", None),
        ("2020-04-05 00:00:00", "申报已截止(申报时间:2020-04-01 00:00 ~ 2020-04-04 23:59)"),
    ],
)
def test_e13_e14_the_window_is_open_from_its_first_moment_through_its_last_minute(
    as_: Any, moment: str, refusal: str | None
) -> None:
    people = cast(as_)
    with as_(people.province) as db:
        made = batch(db)
        db.commit()
    with clock.travel(at(moment)), as_(people.school) as db:
        if refusal is None:
            assert saving.create(db, DECLARATION, people.school, form(made.id)).school_id == 11
        else:
            with pytest.raises(DomainError) as refused:
                saving.create(db, DECLARATION, people.school, form(made.id))
            assert refusal in refused.value.message
            assert refused.value.status == 409


def test_e15_an_unpublished_batch_is_not_there_for_schools(as_: Any) -> None:
    people = cast(as_)
    with as_(people.province) as db:
        made = batch(db, published_at=None)
        db.commit()
    with as_(people.school) as db, pytest.raises(DomainError, match="没有找到该申报批次"):
        saving.create(db, DECLARATION, people.school, form(made.id))


def test_e16_what_was_submitted_is_neither_edited_nor_deleted(as_: Any) -> None:
    on = stage(as_)
    with as_(on.people.school) as db:
        row = db.get_one(Declaration, on.key)
        with pytest.raises(Conflict, match="不能修改"):
            saving.update(db, DECLARATION, on.people.school, row, {"applied_count": 5}, row.version)
        db.rollback()
        with pytest.raises(Conflict, match="只有从未提交"):
            saving.delete(db, DECLARATION, on.people.school, db.get_one(Declaration, on.key))
        db.rollback()
        assert db.get_one(Declaration, on.key).applied_count == 100


def test_a_draft_is_changed_and_deleted_while_the_batch_is_open(as_: Any) -> None:
    on = stage(as_, submitted=False)
    with as_(on.people.school) as db:
        row = db.get_one(Declaration, on.key)
        saving.update(db, DECLARATION, on.people.school, row, {"applied_count": 5}, row.version)
        db.commit()
        with clock.travel(at("2020-04-05 00:00")), pytest.raises(DomainError, match="2020-04-04 23:59"):
            saving.delete(db, DECLARATION, on.people.school, row)
        saving.delete(db, DECLARATION, on.people.school, row)
        db.commit()
        assert db.scalars(sa.select(Declaration)).all() == []


def test_a_submission_in_the_same_moment_locks_out_the_row_it_has_not_seen(
    as_: Any, engine: sa.Engine
) -> None:
    """4.3: a major that is being added while a colleague submits is not left behind under the submitted declaration."""
    on = stage(as_, submitted=False)
    with as_(PLATFORM) as db:
        db.add(Major(id=1, code="610201", name="计算机应用技术", level=EducationLevel.VOCATIONAL))
        db.commit()
    with as_(on.people.manager) as db:
        draft = db.get_one(Declaration, on.key)
        saving.create(db, MAJOR, on.people.manager, {"declaration_id": on.key, "major_id": 1})
        with apart(engine, on.people.school) as other:
            declarations.submit(other, on.people.school, [other.get_one(Declaration, on.key)])
            other.commit()
        with pytest.raises(Conflict, match="已被他人修改"):
            saving.touch(db, DECLARATION, draft)
    with as_(on.people.school) as db:
        assert db.get_one(Declaration, on.key).state is DeclarationState.PENDING
        assert db.scalars(sa.select(DeclarationMajor)).all() == []


def test_e17_a_refused_declaration_is_revised_and_submitted_again_while_the_batch_is_open(as_: Any) -> None:
    on = stage(as_)
    on.by(on.people.province, reviews.refuse, reason="师资不足")
    for moment, allowed in ((at("2020-04-05 00:00"), False), (OPEN, True)):
        with clock.travel(moment), as_(on.people.school) as db:
            row = db.get_one(Declaration, on.key)
            if not allowed:
                with pytest.raises(DomainError, match="申报已截止"):
                    saving.update(db, DECLARATION, on.people.school, row, {"applied_count": 60}, row.version)
                continue
            saving.update(db, DECLARATION, on.people.school, row, {"applied_count": 60}, row.version)
            assert row.state is DeclarationState.DRAFT
            db.commit()
    again = on.by(on.people.school, declarations.submit)
    assert (again.state, again.refusal_reason) == (DeclarationState.PENDING, None)
    with as_(on.people.school) as db:
        assert db.scalars(sa.select(Review.reason)).all() == ["师资不足"]


def test_e25_a_certificate_is_declared_once_a_batch(as_: Any) -> None:
    on = stage(as_, submitted=False)
    with as_(on.people.school) as db, pytest.raises(DomainError, match="不能重复申报") as refusal:
        saving.create(db, DECLARATION, on.people.school, form(on.seen(on.people.school).batch_id))
    assert refusal.value.field == "certificate_id"


def test_a_disabled_certificate_is_not_declared(as_: Any) -> None:
    people = cast(as_)
    with as_(people.province) as db:
        made = batch(db)
        db.commit()
    with as_(PLATFORM) as db:
        db.execute(sa.update(Certificate).values(state=CertificateState.DISABLED))
        db.commit()
    with as_(people.school) as db, pytest.raises(DomainError, match="未启用"):
        saving.create(db, DECLARATION, people.school, form(made.id))


def test_a_batch_with_a_list_takes_only_the_certificates_on_it(as_: Any) -> None:
    people = cast(as_)
    with as_(PLATFORM) as db:
        db.add(
            Certificate(
                id=2,
                organisation_id=5,
                code="1002",
                name="Java程序开发",
                level=Level.JUNIOR,
                state=CertificateState.ENABLED,
            )
        )
        db.commit()
    with as_(people.province) as db:
        made = batch(db)
        db.add(DeclarationBatchCertificate(batch_id=made.id, province_id=2, certificate_id=2))
        db.commit()
    with as_(people.school) as db:
        with pytest.raises(DomainError, match="不在本批次"):
            saving.create(db, DECLARATION, people.school, form(made.id))
        db.rollback()
        assert saving.create(db, DECLARATION, people.school, form(made.id, certificate_id=2)).id


# Submission


def test_e18_a_batch_that_asks_for_majors_is_not_submitted_without_one(as_: Any) -> None:
    on = stage(as_, submitted=False, requires_majors=True)
    with pytest.raises(DomainError, match="请至少添加一个专业"):
        on.by(on.people.school, declarations.submit)
    with as_(PLATFORM) as db:
        db.add(Major(id=1, code="610201", name="计算机应用技术", level=EducationLevel.VOCATIONAL))
        db.commit()
    with as_(on.people.school) as db:
        values = {"declaration_id": on.key, "school_id": 11, "major_id": 1}
        saving.create(db, MAJOR, on.people.school, values)
        db.commit()
        with pytest.raises(DomainError, match="已在列表中"):  # E19
            saving.create(db, MAJOR, on.people.school, values)
    assert on.by(on.people.school, declarations.submit).state is DeclarationState.PENDING


def test_a_school_completes_its_basics_before_it_submits(as_: Any) -> None:
    on = stage(as_, submitted=False)
    with as_(on.people.school) as db:
        db.execute(sa.update(School).values(basics_completed=False))
        db.commit()
    with pytest.raises(DomainError, match="完善院校基础信息"):
        on.by(on.people.school, declarations.submit)


def test_e27_where_the_city_reviews_first_the_province_waits_for_it(as_: Any) -> None:
    on = stage(as_, requires_city_review=True)
    people = on.people
    assert on.seen(people.city).state is DeclarationState.CITY_PENDING
    with pytest.raises(Conflict, match="须先由地市级教育局审核"):
        on.by(people.province, reviews.approve, approved_count=80)
    assert on.by(people.city, reviews.agree).state is DeclarationState.PENDING
    assert on.by(people.province, reviews.approve, approved_count=80).state is DeclarationState.APPROVED


def test_e27_what_the_city_refuses_the_school_learns_by_message_and_the_province_never_decides(
    as_: Any,
) -> None:
    on = stage(as_, requires_city_review=True)
    row = on.by(on.people.city, reviews.disagree, reason="场地不足")
    assert (row.state, row.refusal_reason) == (DeclarationState.REFUSED, "场地不足")
    with as_(PLATFORM) as db:
        message = db.scalars(sa.select(SmsMessage)).one()
        assert (message.mobile, message.template) == ("13900000011", "declaration_refused")
    with pytest.raises(Conflict):
        on.by(on.people.province, reviews.approve, approved_count=80)


# Decision


def test_e26_the_number_approved_becomes_quota_and_the_school_gets_its_platform_number(as_: Any) -> None:
    on = stage(as_)
    row = on.by(on.people.province, reviews.approve, approved_count=80)
    assert (row.state, row.approved_count) == (DeclarationState.APPROVED, 80)
    with as_(on.people.school) as db:
        quota = db.scalars(sa.select(Quota)).one()
        assert (quota.year, quota.granted, quota.remaining) == (2020, 80, 80)
        assert db.get_one(School, 11).platform_number == "537001"
        assert db.scalars(sa.select(QuotaChange.delta)).all() == [80]
        assert "证书试点申报审核通过" in db.scalars(sa.select(Message.title)).one()


def test_e92_the_thousandth_school_number_of_a_province_is_an_alarm_not_a_wrap(
    as_: Any, owner: sa.Engine
) -> None:
    on = stage(as_)
    with owner.begin() as connection:
        connection.execute(sa.text("insert into number_sequence (scope_key, last) values ('school:37', 999)"))
    assert (
        on.by(on.people.province, reviews.approve, approved_count=80).state is DeclarationState.APPROVED
    )  # the province's decision stands: it is not its province's fault
    for _ in range(2):  # however often the clock comes by
        with as_() as db:
            assert pilot.number_pilots(db) == 0
            db.commit()
    with as_(PLATFORM) as db:
        alarm = db.scalars(sa.select(Message)).one()
        assert (alarm.title, "1所" in (alarm.body or "")) == ("院校平台编号已用完:山东省", True)
    with as_(on.people.school) as db:
        assert db.get_one(School, 11).platform_number is None


def test_r15_a_school_that_went_without_gets_its_number_from_the_worker_once(
    as_: Any, owner: sa.Engine
) -> None:
    on = stage(as_)
    on.by(on.people.province, reviews.approve, approved_count=80)
    with owner.begin() as connection:
        connection.execute(sa.text("update school set platform_number = null"))
    numbered = []
    for _ in range(2):
        with as_() as db:
            numbered.append(pilot.number_pilots(db))
            db.commit()
    assert numbered == [1, 0]
    with as_(on.people.school) as db:
        assert db.get_one(School, 11).platform_number == "537002"  # 537001 is never given again


def test_e26_more_than_was_applied_for_is_asked_again(as_: Any) -> None:
    on = stage(as_)
    with pytest.raises(DomainError, match="仍然批准") as refusal:
        on.by(on.people.province, reviews.approve, approved_count=150)
    assert refusal.value.field == "exceed"
    assert on.by(on.people.province, reviews.approve, approved_count=150, exceed=True).approved_count == 150


@pytest.mark.parametrize("number", [None, 0, 100_000])
def test_an_approval_names_a_number_from_1_to_99999(as_: Any, number: int | None) -> None:
    on = stage(as_)
    with pytest.raises(DomainError) as refusal:
        on.by(on.people.province, reviews.approve, approved_count=number, exceed=True)
    assert refusal.value.field == "approved_count"


def test_e33_a_later_batch_of_the_year_adds_to_the_quota(as_: Any) -> None:
    first = stage(as_)
    first.by(first.people.province, reviews.approve, approved_count=50)
    second = stage(as_, people=first.people)
    second.by(first.people.province, reviews.approve, approved_count=30)
    with as_(first.people.school) as db:
        assert db.scalars(sa.select(Quota.granted)).all() == [80]
        assert db.get_one(School, 11).platform_number == "537001"


def test_several_declarations_are_approved_at_once_each_with_its_own_number(as_: Any) -> None:
    first = stage(as_)
    second = stage(as_, people=first.people)
    with as_(first.people.province) as db:
        rows = list(db.scalars(sa.select(Declaration)))
        reviews.approve(db, first.people.province, rows)
        db.commit()
        assert {row.id for row in rows} == {first.key, second.key}
        assert db.scalars(sa.select(Quota.granted)).all() == [200]


def test_each_of_several_is_approved_with_a_number_of_its_own(as_: Any) -> None:
    first = stage(as_)
    second = stage(as_, people=first.people)
    with as_(first.people.province) as db:
        rows = list(db.scalars(sa.select(Declaration).order_by(Declaration.id)))
        with pytest.raises(DomainError, match="请填写"):
            reviews.approve(db, first.people.province, rows, approved_count={first.key: 70, second.key: None})
        reviews.approve(db, first.people.province, rows, approved_count={first.key: 70, second.key: 5})
        db.commit()
        assert [row.approved_count for row in rows] == [70, 5]
        assert db.scalars(sa.select(Quota.granted)).all() == [75]
        assert db.scalars(sa.select(Review.approved_count).order_by(Review.id)).all() == [70, 5]


def test_what_somebody_else_has_decided_meanwhile_is_not_decided_over(as_: Any, owner: sa.Engine) -> None:
    on = stage(as_)
    with as_(on.people.province) as db:
        row = db.get_one(Declaration, on.key)
        with owner.begin() as connection:
            connection.execute(sa.text("update declaration set version = version + 1"))
        with pytest.raises(Conflict, match="刚被他人处理"):
            reviews.approve(db, on.people.province, [row], approved_count=80)
        db.rollback()
        assert db.scalars(sa.select(Review)).all() == []


def test_staff_recommend_and_the_principal_decides_on_what_they_prepared(as_: Any) -> None:
    on = stage(as_)
    staff = on.people.staff
    remarks = {"venue_description": "工位数量请核实", "no_such_column": "x", "applied_count": "  "}
    on.by(staff, recommendations.recommend, opinion="FOR", suggested_count=60, remarks=remarks)
    assert on.seen(staff).state is DeclarationState.PENDING
    with as_(on.people.province) as db:
        row = db.get_one(Declaration, on.key)
        assert recommendations.proposed_counts(db, [row]) == {on.key: 60}
        said = recommendations.latest(db, [on.key])[on.key]
        assert (said.author_id, said.remarks) == (staff.account, {"venue_description": "工位数量请核实"})
    for outsider in (on.people.school, on.people.city):
        with as_(outsider) as db, pytest.raises((ProgrammingError, LookupError)):
            assert recommendations.latest(db, [on.key])[on.key]


def test_staff_who_advise_against_say_why(as_: Any) -> None:
    on = stage(as_)
    with pytest.raises(DomainError, match="写明理由"):
        on.by(on.people.staff, recommendations.recommend, opinion="AGAINST")


def test_remarks_on_fields_reach_the_school_with_the_refusal(as_: Any) -> None:
    on = stage(as_)
    on.by(
        on.people.province,
        reviews.refuse,
        reason="请补充场地",
        remarks={"venue_description": "缺少工位数量", "applied_count": ""},
    )
    with as_(on.people.school) as db:
        assert db.scalars(sa.select(Review.remarks)).all() == [{"venue_description": "缺少工位数量"}]


def test_r39_a_batch_may_keep_social_candidates_apart(as_: Any) -> None:
    on = stage(as_, social_quota_mode=SocialQuotaMode.SEPARATE)
    on.by(on.people.province, reviews.approve, approved_count=80, social_count=20)
    with as_(on.people.school) as db:
        found = {kind.value: granted for kind, granted in db.execute(sa.select(Quota.kind, Quota.granted))}
        assert found == {"STUDENT": 60, "SOCIAL": 20}


def test_social_places_are_not_asked_where_all_share(as_: Any) -> None:
    on = stage(as_)
    with pytest.raises(DomainError, match="共用指标"):
        on.by(on.people.province, reviews.approve, approved_count=80, social_count=20)


# Taking a decision back


def test_a_decision_is_taken_back_within_ten_minutes_and_its_message_never_leaves(as_: Any) -> None:
    on = stage(as_)
    on.by(on.people.province, reviews.approve, approved_count=80)
    with clock.travel(at("2020-04-02 09:09")):
        row = on.by(on.people.province, reviews.retract)
    assert (row.state, row.approved_count) == (DeclarationState.PENDING, None)
    with as_(PLATFORM) as db:
        assert states(db) == [SmsState.CANCELLED]
        assert db.scalars(sa.select(Quota.granted)).all() == [0]
        assert db.scalars(sa.select(QuotaChange.delta).order_by(QuotaChange.id)).all() == [80, -80]
        decisions = db.scalars(sa.select(Review.decision).order_by(Review.id)).all()
        assert decisions == [Decision.APPROVED, Decision.RETRACTED]


def test_after_ten_minutes_a_decision_stands(as_: Any) -> None:
    on = stage(as_)
    on.by(on.people.province, reviews.refuse, reason="师资不足")
    with clock.travel(at("2020-04-02 09:11")), pytest.raises(Conflict, match="不能收回"):
        on.by(on.people.province, reviews.retract)


def test_a_decision_without_a_text_message_is_taken_back_as_well(as_: Any) -> None:
    on = stage(as_)
    switch_off(as_, "declaration_approved")
    on.by(on.people.province, reviews.approve, approved_count=80)
    with clock.travel(at("2020-04-02 09:09")):
        assert on.by(on.people.province, reviews.retract).state is DeclarationState.PENDING


def test_the_message_of_an_earlier_decision_that_has_gone_does_not_hold_the_later_one(
    as_: Any, owner: sa.Engine
) -> None:
    on = stage(as_)
    on.by(on.people.province, reviews.refuse, reason="师资不足")
    with owner.begin() as connection:  # it is sent, and the school submits again
        connection.execute(sa.text("update sms_message set state = 'SENT', sent_at = now()"))
    with clock.travel(at("2020-04-02 10:00")):
        with as_(on.people.school) as db:
            row = db.scalars(sa.select(Declaration)).one()
            saving.update(db, DECLARATION, on.people.school, row, {"applied_count": 90}, None)
            declarations.submit(db, on.people.school, [row])
            db.commit()
        on.by(on.people.province, reviews.approve, approved_count=80)
        assert on.by(on.people.province, reviews.retract).state is DeclarationState.PENDING


def test_a_message_that_has_gone_before_its_time_holds_the_decision(as_: Any, owner: sa.Engine) -> None:
    on = stage(as_)
    on.by(on.people.province, reviews.approve, approved_count=80)
    with owner.begin() as connection:
        connection.execute(sa.text("update sms_message set state = 'SENT', sent_at = now()"))
    with pytest.raises(Conflict, match="已通知院校"):
        on.by(on.people.province, reviews.retract)


def test_a_decision_whose_places_are_in_use_stands(as_: Any, owner: sa.Engine) -> None:
    on = stage(as_)
    on.by(on.people.province, reviews.approve, approved_count=80)
    with owner.begin() as connection:
        connection.execute(sa.text("update quota set used = 1"))
    with pytest.raises(Conflict, match="已被使用"):
        on.by(on.people.province, reviews.retract)


def test_only_who_decided_takes_it_back(as_: Any) -> None:
    on = stage(as_, requires_city_review=True)
    on.by(on.people.city, reviews.disagree, reason="场地不足")
    with pytest.raises(Refused, match="作出决定的人"):
        on.by(on.people.province, reviews.retract)
    assert on.by(on.people.city, reviews.retract).state is DeclarationState.CITY_PENDING


# Quotas


def test_e30_a_quota_is_never_lowered_below_what_is_used(as_: Any, owner: sa.Engine) -> None:
    on = stage(as_)
    on.by(on.people.province, reviews.approve, approved_count=80)
    with owner.begin() as connection:
        connection.execute(sa.text("update quota set used = 60"))
    with as_(on.people.province) as db:
        quota = db.scalars(sa.select(Quota)).one()
        with pytest.raises(DomainError, match="至少为60"):
            quotas.adjust(db, on.people.province, [quota], 50, "压缩指标")
        quotas.adjust(db, on.people.province, [quota], 60, "压缩指标")
        db.commit()
        assert db.scalars(sa.select(Quota.granted)).one() == 60
        assert db.scalars(sa.select(QuotaChange.reason).order_by(QuotaChange.id.desc())).first() == "压缩指标"
    with (
        clock.travel(at("2021-01-01 00:00")),
        as_(on.people.province) as db,
        pytest.raises(Conflict, match="已作废"),
    ):
        quotas.adjust(db, on.people.province, [db.scalars(sa.select(Quota)).one()], 100, "追加指标")


# Pilot status


def test_e32_a_school_is_pilot_from_the_end_of_the_batch(as_: Any) -> None:
    on = stage(as_)
    on.by(on.people.province, reviews.approve, approved_count=80)
    for moment, pilot_now in (
        (OPEN, False),
        (at("2020-04-04 23:59:59"), False),
        (at("2020-04-05 00:00"), True),
    ):
        with clock.travel(moment), as_(on.people.school) as db:
            assert pilot.is_pilot(db, 11, 2020) is pilot_now
            assert pilot.was_ever_pilot(db, 11) is pilot_now
            assert not pilot.is_pilot(db, 11, 2021)
            assert not pilot.is_pilot(db, 10, 2020)


def test_r36_an_approval_after_the_end_of_the_batch_counts_at_once(as_: Any) -> None:
    on = stage(as_)
    with clock.travel(at("2020-04-20 10:00")):
        with as_(on.people.school) as db:
            assert not pilot.is_pilot(db, 11, 2020)
        on.by(on.people.province, reviews.approve, approved_count=80)
        with as_(on.people.school) as db:
            assert pilot.is_pilot(db, 11, 2020)


def test_r36_a_batch_that_opens_again_takes_no_pilot_status_back(as_: Any) -> None:
    on = stage(as_)
    on.by(on.people.province, reviews.approve, approved_count=80)
    with clock.travel(at("2020-04-20 10:00")):
        with as_(on.people.province) as db:
            reopened = db.scalars(sa.select(DeclarationBatch)).one()
            batches.extend(db, on.people.province, [reopened], at("2020-05-01 00:00"), "部分院校补报")
            db.commit()
            assert reopened.phase(clock.now()) is BatchPhase.OPEN
        with as_(on.people.school) as db:
            assert pilot.is_pilot(db, 11, 2020)
            assert pilot.was_ever_pilot(db, 11)
            assert db.scalars(sa.select(Declaration).where(Declaration.makes_pilot(2020, clock.now()))).all()


def test_a_batch_that_is_extended_before_its_end_makes_pilot_at_the_later_one(as_: Any) -> None:
    on = stage(as_)
    on.by(on.people.province, reviews.approve, approved_count=80)
    with as_(on.people.province) as db:
        batch = db.scalars(sa.select(DeclarationBatch)).one()
        batches.extend(db, on.people.province, [batch], at("2020-05-01 00:00"), "部分院校断网")
        db.commit()
    for moment, pilot_now in ((at("2020-04-05 00:00"), False), (at("2020-05-01 00:00"), True)):
        with clock.travel(moment), as_(on.people.school) as db:
            assert pilot.is_pilot(db, 11, 2020) is pilot_now


def test_e31_without_an_approval_a_school_is_not_pilot(as_: Any) -> None:
    on = stage(as_)
    on.by(on.people.province, reviews.refuse, reason="师资不足")
    with (
        clock.travel(at("2020-05-01 00:00")),
        as_(on.people.school) as db,
        pytest.raises(Refused, match="还不是试点院校"),
    ):
        pilot.require_pilot(db, 11, 2020)


def test_a_new_pilot_school_is_told_once_however_often_the_clock_comes_by(as_: Any) -> None:
    on = stage(as_)
    on.by(on.people.province, reviews.approve, approved_count=80)
    told = []
    for moment in (OPEN, at("2020-04-05 00:00"), at("2020-04-05 00:01")):
        with clock.travel(moment), as_() as db:
            told.append(pilot.announce(db))
            db.commit()
    assert told == [0, 1, 0]
    with as_(PLATFORM) as db:
        sent = db.scalars(sa.select(SmsMessage).where(SmsMessage.template == "became_pilot")).one()
        assert (sent.mobile, "2020" in sent.body) == ("13900000011", True)


def test_a_school_learns_of_a_late_approval_when_it_can_no_longer_be_taken_back(as_: Any) -> None:
    on = stage(as_)
    told = []
    with clock.travel(at("2020-04-20 10:00")):
        on.by(on.people.province, reviews.approve, approved_count=80)
    for moment in ("10:01", "10:09", "10:11", "10:12"):
        with clock.travel(at(f"2020-04-20 {moment}")), as_() as db:
            told.append(pilot.announce(db))
            db.commit()
    assert told == [0, 0, 1, 0]


def test_where_the_text_message_is_switched_off_the_school_is_still_told_once(as_: Any) -> None:
    on = stage(as_)
    on.by(on.people.province, reviews.approve, approved_count=80)
    switch_off(as_, "became_pilot")
    told = []
    for moment in ("00:00", "00:01", "00:02"):
        with clock.travel(at(f"2020-04-05 {moment}")), as_() as db:
            told.append(pilot.announce(db))
            db.commit()
    assert told == [1, 0, 0]


def switch_off(as_: Any, template: str) -> None:
    with as_() as db:
        notify.lay_templates(db)
        db.scalars(sa.select(SmsTemplate).where(SmsTemplate.key == template)).one().active = False
        db.commit()
