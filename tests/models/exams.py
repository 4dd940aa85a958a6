"""A published plan of two subjects, a site with a room at Qingdao, and one candidate of it registered for both."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

from app.access.actor import JOB, Actor
from models.candidates import Candidate, IdentityState, Person
from models.certificates import ExamMode, Level, Subject
from models.issuance import IssuanceState, IssuanceTask
from models.kit.clock import ZONE
from models.plans import ExamPlan, ExamSession, PlanCertificate, PlanState, PlanSubject, ScheduleState
from models.registrations import AdmissionTicket, Registration, RegistrationState
from models.scheduling import RoomSession, SeatAssignment
from models.scores import CertificateResult, ResultOutcome, Score, ScoreState
from models.sites import ExamSite, ExamSiteCertificate, Room, SiteState, Venue
from tests.factories_declarations import make_pilot
from tests.models.world import ORGANISATION, QINGDAO, found

CANDIDATE = Actor("candidate", tenant=1, role="candidate")
ID_NUMBER = "34052419800101001X"
NUMBER = "15600031025370012000045"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


def plan(**values: Any) -> ExamPlan:
    """The windows of E78: registration, scheduling and exam meet on 12-21."""
    windows = {
        "registration_from": at("2020-12-08"),
        "registration_to": at("2020-12-22"),
        "scheduling_from": at("2020-12-15"),
        "scheduling_to": at("2020-12-22"),
        "exam_from": at("2020-12-21"),
        "exam_to": at("2020-12-23"),
        "recording_from": at("2020-12-22"),
        "recording_to": at("2020-12-26"),
        "publicity_from": at("2020-12-27"),
        "publicity_to": at("2020-12-31"),
    }
    published = {
        "plan_code": "K202012010001",
        "name": "2020年12月考试",
        "state": PlanState.PUBLISHED,
        "published_at": at("2020-12-01"),
    }
    return ExamPlan(**{"organisation_id": 5, **published, **windows, **values})


def published(as_: Callable[..., Any]) -> None:
    """Plan 1 with certificate 1, subjects 1 (one session) and 2 (two sessions)."""
    found(as_)
    with as_(JOB) as db:
        make_pilot(db)
        db.commit()
    with as_(ORGANISATION) as db:
        for number, name in ((1, "理论"), (2, "实操")):
            db.add(
                Subject(
                    id=number,
                    subject_code=f"09869{number}",
                    name=name,
                    mode=ExamMode.COMPUTER,
                    certificate_id=1,
                )
            )
        db.add(plan(id=1))
        db.flush()
        db.add(PlanCertificate(id=1, plan_id=1, certificate_id=1, total_pass_mark=60))
        db.flush()
        for number in (1, 2):
            db.add(
                PlanSubject(
                    id=number, plan_id=1, plan_certificate_id=1, subject_id=number, pass_mark=60, weight=50
                )
            )
        db.flush()
        for number, subject, hours in ((1, 1, ("09", "10")), (2, 2, ("10", "11")), (3, 2, ("14", "15"))):
            starts, ends = (at(f"2020-12-21T{hour}:00") for hour in hours)
            db.add(ExamSession(id=number, plan_subject_id=subject, starts_at=starts, ends_at=ends))
        db.commit()


def site(**values: Any) -> ExamSite:
    given = {
        "id": 1,
        "site_code": "15003",
        "organisation_id": 5,
        "school_id": 11,
        "name": "青岛学院考核站点",
        "place_city_id": 2,
        "address": "青岛市市南区一号路1号",
        "intro": "机房三间,设备齐全,交通便利",
        "contact_name": "李站长",
        "contact_mobile": "13900000012",
        "contact_email": "site@example.cn",
    }
    return ExamSite(**{**given, **values})


def room(**values: Any) -> Room:
    given = {
        "id": 1, "plan_id": 1, "site_id": 1, "name": "13号机房", "kind": ExamMode.COMPUTER, "seats": 30,
        "address": "实训楼三层", "venue_id": 1,
    }  # fmt: skip
    return Room(**{**given, **values})


def with_site(as_: Callable[..., Any]) -> None:
    """Site 1 of Qingdao, approved for certificate 1, with room 1."""
    published(as_)
    with as_(QINGDAO) as db:
        db.add(site())
        db.flush()
        db.add(ExamSiteCertificate(id=1, site_id=1, certificate_id=1))
        db.commit()
    with as_(ORGANISATION) as db:
        approved = db.get_one(ExamSite, 1)
        approved.state, approved.approved_at = SiteState.APPROVED, at("2020-12-02")
        db.commit()
    with as_(QINGDAO) as db:
        db.add(Venue(id=1, school_id=11, name="13号机房"))
        db.flush()
        db.add(room())
        db.commit()


def candidate(**values: Any) -> Candidate:
    given = {
        "name": "张三", "name_pinyin": "Zhang San", "id_number": ID_NUMBER, "mobile": "13800000001", "major": "软件技术",
        "enrolment_year": 2019, "photo": "p1", "identity_state": IdentityState.VERIFIED, "person_id": 1,
        "school_id": 11,
    }  # fmt: skip
    return Candidate(**{**given, **values})


def registered(as_: Callable[..., Any]) -> None:
    """Candidate 1 of Qingdao, registered for both subjects under one ticket."""
    with_site(as_)
    with as_(JOB) as db:
        db.add(Person(id=1, id_number=ID_NUMBER, name="张三"))
        db.commit()
    with as_(QINGDAO) as db:
        db.add(candidate(id=1))
        db.flush()
        db.add(
            AdmissionTicket(
                id=1, number="20600031253700400057", plan_id=1, candidate_id=1, certificate_id=1, school_id=11
            )
        )
        db.flush()
        for number in (1, 2):
            db.add(registration(id=number, subject_id=number, plan_subject_id=number))
        db.commit()


def registration(**values: Any) -> Registration:
    given = {"plan_id": 1, "candidate_id": 1, "certificate_id": 1, "ticket_id": 1, "school_id": 11}
    return Registration(**{**given, **values})


def seat(**values: Any) -> SeatAssignment:
    given = {"registration_id": 1, "room_session_id": 1, "seat_number": 1}
    return SeatAssignment(**{**given, **values})


def seated(as_: Callable[..., Any], publish: bool = True) -> None:
    """Registration 1 at seat 1 of room session 1; its subject's schedule is published."""
    registered(as_)
    with as_(ORGANISATION) as db:
        db.add(RoomSession(id=1, plan_subject_id=1, session_id=1, room_id=1, expected=1))
        db.flush()
        db.add(seat(id=1))
        entry = db.get_one(Registration, 1)
        entry.state, entry.site_id = RegistrationState.SCHEDULED, 1
        entry.starts_at, entry.ends_at = at("2020-12-21T09:00"), at("2020-12-21T10:00")
        subject = db.get_one(PlanSubject, 1)
        for state in (ScheduleState.ALLOCATED, ScheduleState.DRAFT):
            subject.schedule_state = state
            db.flush()
        if publish:
            subject.schedule_state = ScheduleState.PUBLISHED
            subject.schedule_published_at = at("2020-12-16")
        db.commit()


def scored(as_: Callable[..., Any], value: str = "80") -> None:
    seated(as_)
    with as_(ORGANISATION) as db:
        db.add(Score(id=1, registration_id=1, value=Decimal(value)))
        db.commit()


def passed(as_: Callable[..., Any]) -> None:
    """Result 1 is final and its task waits for the organisation."""
    scored(as_)
    with as_(ORGANISATION) as db:
        db.add(
            CertificateResult(
                id=1,
                plan_id=1,
                candidate_id=1,
                certificate_id=1,
                ticket_id=1,
                site_id=1,
                total=Decimal(80),
                outcome=ResultOutcome.PASSED,
            )
        )
        db.flush()
        db.add(
            IssuanceTask(
                id=1,
                result_id=1,
                candidate_name="张三",
                id_number=ID_NUMBER,
                photo="p1",
                school_name="青岛学院",
                certificate_name="Python程序开发",
                level=Level.MIDDLE,
                organisation_name="评价组织",
                site_name="青岛学院考核站点",
                certificate_number=NUMBER,
            )
        )
        db.flush()
        db.get_one(IssuanceTask, 1).state = IssuanceState.WAITING_ORGANISATION
        db.commit()


def lock(as_: Callable[..., Any]) -> None:
    with as_(JOB) as db:
        score = db.get_one(Score, 1)
        score.state, score.locked_at = ScoreState.LOCKED, at("2020-12-31")
        db.commit()
