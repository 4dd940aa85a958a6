"""A pilot school with a quota, a published plan, real candidates, registered ones: what the exam work stands on.

Each takes the `as_` fixture, acts as whoever may, commits, and returns ids. The world is `world.found`: school 11 of
Qingdao, organisation 5, certificate 1. The plan's windows are those of E78, registration from 2020-12-08 to 12-21;
`IN_REGISTRATION` is a moment inside.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from app.access.actor import JOB, Actor
from app.services import plans, registrations
from models.candidates import Candidate, CandidateKind, IdentityState, Person
from models.certificates import (
    Certificate,
    CertificateState,
    EducationLevel,
    ExamMode,
    Level,
    Subject,
    TargetGroup,
)
from models.declarations import Declaration, DeclarationBatch, DeclarationState
from models.directory import School
from models.kit import clock
from models.kit.formats import fictitious_id_number
from models.plans import ExamPlan, ExamSession, FeeMode, PlanCertificate, PlanState, PlanSubject
from models.quotas import Quota, QuotaKind
from models.registrations import Registration, RegistrationState
from models.sites import ExamSite, SiteState
from tests.models import exams
from tests.models.world import ORGANISATION, found

As = Callable[..., Any]
at = exams.at

IN_REGISTRATION = at("2020-12-10T09:00")
IN_SCHEDULING = at("2020-12-16T09:00")
PLATFORM_NUMBERS = {10: "511001", 11: "537004"}

_count = itertools.count(1)


def school_actor(school_id: int = 11, role: str = "school.manager") -> Actor:
    return Actor("school", tenant=school_id, role=role)


def a_pilot_school_with_quota(
    as_: As,
    granted: int = 100,
    *,
    school_id: int = 11,
    certificate_id: int = 1,
    year: int = 2020,
    kind: QuotaKind = QuotaKind.ANY,
) -> None:
    """The school has an approved declaration of a batch that is over, a platform number and places."""
    if _missing(as_, School, school_id):
        found(as_)
    with as_(JOB) as db:
        school = db.get_one(School, school_id)
        school.platform_number = PLATFORM_NUMBERS[school_id]
        batch = db.scalars(
            sa.select(DeclarationBatch).where(
                DeclarationBatch.province_id == school.province_id, DeclarationBatch.year == year
            )
        ).first() or DeclarationBatch(
            province_id=school.province_id, name=f"{year}年第一次", year=year, window_from=_spring(year, 3),
            window_to=_spring(year, 4), published_at=_spring(year, 2),
        )  # fmt: skip
        db.add(batch)
        db.flush()
        words = "<p>教师十人,都有证书;机房两间,工位一百</p>"
        if db.scalar(_declared(school_id, batch.id, certificate_id)) is None:
            db.add(
                Declaration(
                    school_id=school_id,
                    batch_id=batch.id,
                    certificate_id=certificate_id,
                    applied_count=granted or 1,
                    approved_count=granted or 1,
                    teachers_description=words,
                    venue_description=words,
                    state=DeclarationState.APPROVED,
                    submitted_at=_spring(year, 3),
                )
            )
        db.add(
            Quota(school_id=school_id, certificate_id=certificate_id, year=year, kind=kind, granted=granted)
        )
        db.commit()


def _declared(school_id: int, batch_id: int, certificate_id: int) -> sa.Select[Any]:
    return sa.select(Declaration.id).where(
        Declaration.school_id == school_id,
        Declaration.batch_id == batch_id,
        Declaration.certificate_id == certificate_id,
    )


def _spring(year: int, month: int) -> datetime:
    return datetime(year, month, 1, tzinfo=clock.ZONE)


def _missing(as_: As, model: Any, key: int) -> bool:
    with as_(JOB) as db:
        return db.get(model, key) is None


def a_certificate(
    as_: As,
    *,
    subjects: Sequence[tuple[str, ExamMode]] = (("理论", ExamMode.COMPUTER), ("实操", ExamMode.PRACTICAL)),
    groups: Sequence[str | None] | None = None,
    **values: Any,
) -> int:
    """One more enabled certificate of organisation 5 with its subjects; `groups` names the target group of each."""
    number = next(_count)
    with as_(JOB) as db:
        made = Certificate(
            **{
                "id": 100 + number,
                "organisation_id": 5,
                "code": f"2{number:03d}",
                "name": f"证书{number}",
                "level": Level.JUNIOR,
                "state": CertificateState.ENABLED,
                **values,
            }
        )
        db.add(made)
        db.flush()
        add_subjects(db, made.id, subjects, groups)
        db.commit()
        return made.id


def add_subjects(
    db: Any,
    certificate_id: int,
    subjects: Sequence[tuple[str, ExamMode]],
    groups: Sequence[str | None] | None = None,
) -> None:
    known = {
        name: TargetGroup(certificate_id=certificate_id, organisation_id=5, name=name)
        for name in dict.fromkeys(groups or ())
        if name
    }
    db.add_all(known.values())
    db.flush()
    for (name, mode), group in zip(subjects, groups or [None] * len(subjects), strict=True):
        db.add(
            Subject(
                subject_code=f"{100_000 + next(_count)}",
                name=name,
                mode=mode,
                certificate_id=certificate_id,
                target_group_id=known[group].id if group else None,
            )
        )
    db.flush()


def a_published_plan(
    as_: As,
    *,
    certificates: Sequence[int] = (1,),
    sessions: Sequence[tuple[str, str]] = (),
    fee_mode: FeeMode = FeeMode.NONE,
    **windows: Any,
) -> int:
    """A plan of organisation 5, published by its service; certificate 1 gets two subjects if it has none.

    Every subject is examined at all `sessions` (two texts each); by default the subjects follow one another on
    2020-12-21: 08:30–10:00, 10:30–12:00, …"""
    if _missing(as_, Certificate, certificates[0]):
        found(as_)
    with as_(JOB) as db:
        if 1 in certificates and not db.scalar(
            sa.select(Subject.id).where(Subject.certificate_id == 1).limit(1)
        ):
            add_subjects(db, 1, (("理论", ExamMode.COMPUTER), ("实操", ExamMode.PRACTICAL)))
            db.commit()
    with clock.travel(at("2020-12-01T09:00")), as_(ORGANISATION) as db:
        drafted = {"plan_code": None, "published_at": None, "state": PlanState.DRAFT}
        plan = exams.plan(**{**drafted, "name": f"考试计划{next(_count)}", "fee_mode": fee_mode, **windows})
        db.add(plan)
        db.flush()
        for certificate in certificates:
            plans.add_certificate(db, plan, db.get_one(Certificate, certificate))
        for number, subject in enumerate(_subjects(db, plan)):
            for starts, ends in [(at(one), at(other)) for one, other in sessions] or [_hour(plan, number)]:
                plans.add_session(db, plan, subject, starts, ends)
        for rule in db.scalars(sa.select(PlanCertificate).where(PlanCertificate.plan_id == plan.id)):
            rule.total_pass_mark = Decimal(60)
        _share_weights(db, plan)
        plans.publish(db, ORGANISATION, [plan])
        db.commit()
        return int(plan.id)


def _subjects(db: Any, plan: ExamPlan) -> list[PlanSubject]:
    return list(
        db.scalars(sa.select(PlanSubject).where(PlanSubject.plan_id == plan.id).order_by(PlanSubject.id))
    )


def _share_weights(db: Any, plan: ExamPlan) -> None:
    """Common subjects count in every group (R66): they get nothing where a group has its own."""
    by_certificate: dict[int, list[PlanSubject]] = {}
    for subject in _subjects(db, plan):
        by_certificate.setdefault(subject.certificate_id, []).append(subject)
    for subjects in by_certificate.values():
        if any(s.target_group_id is not None for s in subjects):
            for subject in subjects:
                if subject.target_group_id is None:
                    subject.weight = 0
    db.flush()


def _hour(plan: ExamPlan, number: int) -> tuple[datetime, datetime]:
    starts = plan.exam_from + timedelta(hours=8, minutes=30 + 120 * (number % 6), days=number // 6)
    return starts, starts + timedelta(minutes=90)


def candidates(
    as_: As, number: int, *, school_id: int = 11, kind: CandidateKind = CandidateKind.STUDENT, **values: Any
) -> list[int]:
    """Complete candidates whom the identity check has passed (R52); returns their ids."""
    made = []
    with as_(JOB) as db:
        for _ in range(number):
            serial = next(_count)
            id_number = fictitious_id_number(
                "340524", date(1996, 1, 1) + timedelta(days=serial // 900), serial % 900
            )
            person = Person(id_number=id_number, name="李考生")
            db.add(person)
            db.flush()
            made.append(
                Candidate(
                    **{
                        "school_id": school_id,
                        "person_id": person.id,
                        "kind": kind,
                        "name": "李考生",
                        "name_pinyin": "Li Kaosheng",
                        "id_number": id_number,
                        "mobile": f"138{serial:08d}",
                        "major": "软件技术",
                        "education_level": EducationLevel.VOCATIONAL,
                        "enrolment_year": 2019,
                        "photo": f"photo-{serial}.jpg",
                        "identity_state": IdentityState.VERIFIED,
                        **values,
                    }
                )
            )
        db.add_all(made)
        db.flush()
        ids = [candidate.id for candidate in made]
        db.commit()
    return ids


def registered_candidates(
    as_: As,
    number: int,
    *,
    plan_id: int,
    certificate_id: int = 1,
    school_id: int = 11,
    group_id: int | None = None,
    **values: Any,
) -> list[int]:
    """That many candidates, registered for all subjects of the certificate inside the window; returns their ids.

    The school must be pilot and have the places: `a_pilot_school_with_quota` first."""
    ids = candidates(as_, number, school_id=school_id, **values)
    actor = school_actor(school_id)
    with clock.travel(IN_REGISTRATION), as_(actor) as db:
        plan = db.get_one(ExamPlan, plan_id)
        registrations.register_for_certificate(db, actor, plan, certificate_id, ids, group_id)
        db.commit()
    return ids


def scheduled(as_: As, *registration_ids: int, site_id: int = 901) -> None:
    """The registrations have a place and a time, as scheduling leaves them (no room: see the scheduling factories)."""
    with as_(JOB) as db:
        rows = db.scalars(sa.select(Registration).where(Registration.id.in_(registration_ids))).all()
        if db.get(ExamSite, site_id) is None:
            db.add(
                exams.site(
                    id=site_id,
                    site_code="15102",
                    name="青岛学院第二考核站点",
                    state=SiteState.APPROVED,
                    approved_at=at("2020-12-02"),
                )
            )
            db.flush()
        for row in rows:
            session = db.scalars(
                sa.select(ExamSession)
                .where(ExamSession.plan_subject_id == row.plan_subject_id)
                .order_by(ExamSession.starts_at)
                .limit(1)
            ).one()
            row.state, row.site_id = RegistrationState.SCHEDULED, site_id
            row.starts_at, row.ends_at = session.starts_at, session.ends_at
        db.commit()


def registrations_of(db: Any, *candidate_ids: int) -> list[Registration]:
    """In the order of candidates and subjects."""
    rows = sa.select(Registration).where(Registration.candidate_id.in_(candidate_ids))
    return list(db.scalars(rows.order_by(Registration.candidate_id, Registration.subject_id)))
