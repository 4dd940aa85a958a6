"""Automatic scheduling, taking it back, publishing it (4.9, R79, R85–R92, R94; E98–E103)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from app.services import scheduling
from app.services.errors import Conflict, DomainError
from models.certificates import ExamMode
from models.directory import Organisation
from models.jobs import Message
from models.kit import clock
from models.plans import ExamPlan, FeeMode, PlanSubject, ScheduleState
from models.registrations import AdmissionTicket, Registration, RegistrationState
from models.scheduling import RoomSession, SeatAssignment, SiteAllocation
from tests import factories_registrations as made
from tests.factories_scheduling import (
    EXAM_DAY,
    IN_SCHEDULING,
    a_plan_with,
    a_site,
    both_kinds,
    count,
    lent,
    rooms,
    scheduled,
)
from tests.models.world import BEIJING, ORGANISATION, QINGDAO

AT_10 = "2020-12-21T10:00"
ONE_HOUR = (("2020-12-21T09:00", "2020-12-21T10:00"),)


@pytest.fixture(autouse=True)
def in_scheduling() -> Iterator[None]:
    with clock.travel(IN_SCHEDULING):
        yield


def seats_of(db: Any, plan_id: int) -> list[SeatAssignment]:
    order = (SeatAssignment.room_session_id, SeatAssignment.seat_number)
    return list(
        db.scalars(sa.select(SeatAssignment).where(SeatAssignment.plan_id == plan_id).order_by(*order))
    )


def states(db: Any, plan_id: int) -> set[ScheduleState]:
    return set(db.scalars(sa.select(PlanSubject.schedule_state).where(PlanSubject.plan_id == plan_id)))


def test_everybody_gets_one_seat_a_subject_in_a_room_of_its_mode(as_: Any) -> None:
    """R81, R86, R87."""
    plan, site = a_plan_with(as_, 5, 3, 4)
    done = scheduled(as_, plan)
    assert (done.registered, done.seated, done.left, done.sentence) == (10, 10, 0, "已安排10人次")
    with as_(ORGANISATION) as db:
        seats = seats_of(db, plan)
        assert len({seat.registration_id for seat in seats}) == 10
        assert {seat.site_id for seat in seats} == {site}
        assert {(room.mode, room.room_kind) for room in db.scalars(sa.select(RoomSession))} == {
            (ExamMode.COMPUTER, ExamMode.COMPUTER),
            (ExamMode.PRACTICAL, ExamMode.PRACTICAL),
        }
        entry = db.scalars(sa.select(Registration).limit(1)).one()
        assert (entry.state, entry.site_id, entry.host_school_id) == (RegistrationState.SCHEDULED, site, 11)
        assert entry.ends_at > entry.starts_at > clock.now()
        assert sum(room.expected for room in db.scalars(sa.select(RoomSession))) == 10
        assert sum(row.places for row in db.scalars(sa.select(SiteAllocation))) == 10
        assert states(db, plan) == {ScheduleState.DRAFT}


def test_seats_run_without_holes_by_school_then_ticket(as_: Any) -> None:
    """R92."""
    plan, _ = a_plan_with(as_, 5, 10)
    scheduled(as_, plan)
    with as_(ORGANISATION) as db:
        rows = seats_of(db, plan)[:5]
        assert [row.seat_number for row in rows] == [1, 2, 3, 4, 5]
        assert [row.ticket_number for row in rows] == sorted(row.ticket_number for row in rows)


def test_e99_who_does_not_fit_is_left_with_the_reason_and_publishing_warns(as_: Any) -> None:
    plan, _ = a_plan_with(as_, 61, 30, 30)
    done = scheduled(as_, plan)
    theory = done.subjects[0]
    assert (theory.registered, theory.seated, theory.sentence) == (61, 60, "尚余1人未排考")
    assert [number for _, number in theory.reasons] == [1]
    assert "60个座位" in theory.reasons[0][0]
    assert done.sentence == "已安排120人次,尚余2人未排考"
    with as_(ORGANISATION) as db:
        row = db.get_one(ExamPlan, plan)
        with pytest.raises(DomainError, match="尚余2人未排考") as refused:
            scheduling.publish_schedule(db, row)
        assert refused.value.field == "accept_left"
        scheduling.publish_schedule(db, row, accept_left=True)
        assert states(db, plan) == {ScheduleState.PUBLISHED}


def test_e98_a_computer_subject_never_goes_into_a_workshop(as_: Any) -> None:
    made.a_pilot_school_with_quota(as_)
    plan = made.a_published_plan(as_)
    rooms(as_, plan, a_site(as_), 30, kind=ExamMode.PRACTICAL)
    made.registered_candidates(as_, 2, plan_id=plan)
    theory, practice = scheduled(as_, plan).subjects
    assert (theory.seated, theory.reasons) == (0, (("站点没有机考考场", 2),))
    assert practice.seated == 2
    with as_(ORGANISATION) as db:
        assert states(db, plan) == {ScheduleState.NONE, ScheduleState.DRAFT}


def test_no_exam_at_a_site_that_is_not_approved_for_the_certificate(as_: Any) -> None:
    """R79."""
    made.a_pilot_school_with_quota(as_)
    plan = made.a_published_plan(as_)
    both_kinds(as_, plan, a_site(as_, approved=False), 30)
    made.registered_candidates(as_, 1, plan_id=plan)
    done = scheduled(as_, plan)
    assert done.seated == 0
    assert done.subjects[0].reasons == (("所在院校没有该证书的考核站点,也未分配借考站点", 1),)


def test_e101_guests_sit_at_the_lent_site_as_far_as_places_go(as_: Any) -> None:
    """R89: the first two of three have places; the hosts sit beside them."""
    plan, site = a_plan_with(as_, 2, 20)
    made.a_pilot_school_with_quota(as_, school_id=10)
    made.registered_candidates(as_, 3, plan_id=plan, school_id=10)
    lent(as_, plan, site, 2)
    done = scheduled(as_, plan, publish=True)
    assert (done.seated, done.left) == (8, 2)
    assert done.subjects[0].reasons == (("借考名额已用完,请增加借考人数或安排其他站点", 1),)
    with as_(BEIJING) as db:
        seats = seats_of(db, plan)
        assert len(seats) == 4 and {seat.host_school_id for seat in seats} == {11}
        assert {row.places for row in db.scalars(sa.select(SiteAllocation))} == {2}
    with as_(QINGDAO) as db:
        guests = [seat for seat in seats_of(db, plan) if seat.school_id == 10]
        assert len(guests) == 4 and all("********" in seat.id_masked for seat in guests)


def test_two_sites_of_a_school_share_its_people_by_their_seats(as_: Any) -> None:
    plan, first = a_plan_with(as_, 61, 30)
    second = a_site(as_)
    both_kinds(as_, plan, second, 31)
    assert scheduled(as_, plan).left == 0
    with as_(ORGANISATION) as db:
        people = sa.func.count(sa.distinct(SeatAssignment.person_id))
        found = dict(
            db.execute(sa.select(SeatAssignment.site_id, people).group_by(SeatAssignment.site_id)).all()
        )
        assert found == {first: 30, second: 31}


def test_e103_unpaid_people_are_left_where_the_organisation_says_so(as_: Any) -> None:
    """R90; with the switch on they are seated."""
    plan, _ = a_plan_with(as_, 2, 30, fee_mode=FeeMode.BY_CERTIFICATE)
    with as_(ORGANISATION) as db:
        db.get_one(Organisation, 5).schedule_unpaid = False
        db.commit()
    done = scheduled(as_, plan)
    assert (done.seated, done.subjects[0].reasons[0]) == (0, ("未缴费,按培训评价组织的设置不安排考试", 2))
    with as_(ORGANISATION) as db:
        db.get_one(Organisation, 5).schedule_unpaid = True
        db.commit()
    assert scheduled(as_, plan).seated == 4


def test_a_plan_without_fees_ignores_the_switch(as_: Any) -> None:
    """9.22."""
    plan, _ = a_plan_with(as_, 1, 30)
    with as_(ORGANISATION) as db:
        db.get_one(Organisation, 5).schedule_unpaid = False
        db.commit()
    assert scheduled(as_, plan).left == 0


def test_e100_who_sits_in_another_plan_at_that_time_is_left_with_both_times(as_: Any) -> None:
    plan, _ = a_plan_with(as_, 1, 30, sessions=ONE_HOUR)
    scheduled(as_, plan)
    other = made.a_published_plan(as_, sessions=(("2020-12-21T09:30", "2020-12-21T10:30"),))
    both_kinds(as_, other, a_site(as_), 30)
    with clock.travel(made.IN_REGISTRATION), as_(made.school_actor()) as db:
        from app.services import registrations

        candidate = db.scalar(sa.select(Registration.candidate_id).limit(1))
        registrations.register_for_certificate(
            db, made.school_actor(), db.get_one(ExamPlan, other), 1, [candidate], None
        )
        db.commit()
    done = scheduled(as_, other)
    assert done.seated == 0
    reason = done.subjects[0].reasons[0][0]
    assert "2020-12-21 09:30~10:30" in reason and "其他计划2020-12-21 09:00~10:00" in reason


def test_a_physical_room_another_plan_uses_is_not_free(as_: Any) -> None:
    """R86: the venue behind two plans' rooms."""
    from models.sites import Venue

    plan, site = a_plan_with(as_, 1, sessions=ONE_HOUR)
    with as_(QINGDAO) as db:
        venue = Venue(school_id=11, name="13号机房")
        db.add(venue)
        db.commit()
        venue_id = venue.id
    rooms(as_, plan, site, 30, venue_id=venue_id)
    assert scheduled(as_, plan).subjects[0].seated == 1
    other = made.a_published_plan(as_, sessions=ONE_HOUR)
    rooms(as_, other, site, 30, venue_id=venue_id)
    made.registered_candidates(as_, 1, plan_id=other)
    done = scheduled(as_, other)
    assert done.subjects[0].reasons == (("站点的机考考场在该科目的场次已被其他计划占用", 1),)


def test_scheduling_again_makes_the_draft_anew(as_: Any) -> None:
    plan, _ = a_plan_with(as_, 4, 30)
    first = scheduled(as_, plan)
    made.registered_candidates(as_, 2, plan_id=plan)
    again = scheduled(as_, plan)
    assert (first.seated, again.seated) == (8, 12)
    with as_(ORGANISATION) as db:
        assert count(db, RoomSession) == 2
        assert count(db, SeatAssignment) == 12


def test_scheduling_after_publication_leaves_published_seats_and_flags_new_tickets(as_: Any) -> None:
    """4.9: adjusting; late registrations get seats of their own, schools are told."""
    plan, _ = a_plan_with(as_, 2, 2, 2)
    scheduled(as_, plan, publish=True)
    with as_(ORGANISATION) as db:
        before = {(s.registration_id, s.room_session_id, s.seat_number) for s in seats_of(db, plan)}
    late = made.registered_candidates(as_, 1, plan_id=plan)
    assert scheduled(as_, plan).left == 0
    with as_(ORGANISATION) as db:
        after = {(s.registration_id, s.room_session_id, s.seat_number) for s in seats_of(db, plan)}
        assert before < after
        flagged = db.scalars(
            sa.select(AdmissionTicket.candidate_id).where(AdmissionTicket.changed_at.is_not(None))
        )
        assert list(flagged) == late
    with as_(QINGDAO) as db:
        titles = list(db.scalars(sa.select(Message.title).order_by(Message.id)))
        assert ["排考已发布" in titles[0], "新增安排" in titles[1]] == [True, True]


def test_taking_back_sets_everybody_free_again(as_: Any) -> None:
    """4.7 撤销排考."""
    plan, _ = a_plan_with(as_, 3, 30)
    scheduled(as_, plan, publish=True)
    with as_(ORGANISATION) as db:
        assert scheduling.unschedule(db, db.get_one(ExamPlan, plan)) == 6
        db.commit()
        assert (count(db, SeatAssignment), count(db, RoomSession), count(db, SiteAllocation)) == (0, 0, 0)
        assert set(db.scalars(sa.select(Registration.state))) == {RegistrationState.REGISTERED}
        assert states(db, plan) == {ScheduleState.NONE}
        assert count(db, AdmissionTicket, AdmissionTicket.changed_at.is_not(None)) == 3


def test_a_subject_whose_published_session_has_begun_is_not_taken_back(as_: Any) -> None:
    plan, _ = a_plan_with(as_, 1, 30)
    scheduled(as_, plan, publish=True)
    with clock.travel(made.at(AT_10).replace(hour=8, minute=45)), as_(ORGANISATION) as db:
        theory, practice = db.scalars(sa.select(PlanSubject).order_by(PlanSubject.id)).all()
        row = db.get_one(ExamPlan, plan)
        with pytest.raises(Conflict, match="已有场次开始"):
            scheduling.unschedule(db, row, [theory.id])
        assert scheduling.unschedule(db, row) == 1
        assert (theory.schedule_state, practice.schedule_state) == (
            ScheduleState.PUBLISHED,
            ScheduleState.NONE,
        )


@pytest.mark.parametrize("moment", ["2020-12-14T23:59", "2020-12-22T00:00"])
def test_outside_the_scheduling_window_nothing_is_scheduled(as_: Any, moment: str) -> None:
    """R85: `from` is inside, `to` is not."""
    plan, _ = a_plan_with(as_, 1, 30)
    with pytest.raises(Conflict, match=r"不在排考时间内\(2020-12-15 00:00~2020-12-21 23:59\)"):
        scheduled(as_, plan, moment=made.at(moment))


def test_only_sessions_still_to_come_are_used(as_: Any) -> None:
    """On the exam day itself (E78): the first session is over, everybody goes to the second."""
    plan, _ = a_plan_with(as_, 2, 30, sessions=(*ONE_HOUR, ("2020-12-21T14:00", "2020-12-21T15:00")))
    done = scheduled(as_, plan, moment=made.at("2020-12-21T09:05"))
    assert done.subjects[0].seated == 2
    with as_(ORGANISATION) as db:
        assert {room.starts_at.hour for room in db.scalars(sa.select(RoomSession))} == {14}


def test_a_draft_is_seen_by_the_organisation_alone_and_published_by_all(as_: Any) -> None:
    plan, _ = a_plan_with(as_, 1, 30)
    scheduled(as_, plan)
    with as_(QINGDAO) as db:
        assert count(db, SeatAssignment) == 0
    with as_(ORGANISATION) as db:
        scheduling.publish_schedule(db, db.get_one(ExamPlan, plan))
        db.commit()
    with as_(QINGDAO) as db:
        assert count(db, SeatAssignment) == 2
        assert "本校考生2人次" in str(db.scalar(sa.select(Message.body)))


def test_publishing_refuses_conflicts_made_by_hand(as_: Any) -> None:
    """4.9 "no conflict": a guest whose grant was taken away may not sit there any more."""
    from models.sites import BorrowedSite

    plan, site = a_plan_with(as_, 0, 20)
    made.a_pilot_school_with_quota(as_, school_id=10)
    made.registered_candidates(as_, 1, plan_id=plan, school_id=10)
    lent(as_, plan, site, 1)
    scheduled(as_, plan)
    with as_(ORGANISATION) as db:
        db.execute(sa.delete(BorrowedSite))
        with pytest.raises(Conflict, match="该考生不能在此站点考试"):
            scheduling.publish_schedule(db, db.get_one(ExamPlan, plan))


def test_a_draft_whose_session_has_begun_is_not_published(as_: Any) -> None:
    plan, _ = a_plan_with(as_, 1, 30)
    scheduled(as_, plan)
    with (
        clock.travel(EXAM_DAY.replace(hour=9)),
        as_(ORGANISATION) as db,
        pytest.raises(Conflict, match="场次已经开始"),
    ):
        scheduling.publish_schedule(db, db.get_one(ExamPlan, plan))


def test_a_school_cannot_schedule_not_even_past_the_application(as_: Any) -> None:
    """R85: the wall refuses what only the organisation may write."""
    plan, _ = a_plan_with(as_, 1, 30)
    with as_(QINGDAO) as db, pytest.raises(sa.exc.ProgrammingError, match="not this actor's"):
        db.execute(sa.select(sa.func.panel_busy_people(plan)))
