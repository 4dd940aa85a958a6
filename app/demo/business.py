"""A year of business, carried out by the services at moments of the past: batches, declarations, exams, certificates.

Plans stand in every phase relative to today, so that every page of every console has something to show.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.access.actor import JOB, Actor, acting_as
from app.demo import issuing, news, people
from app.demo.base import Ground
from app.services import (
    batches,
    declarations,
    numbers,
    plans,
    registrations,
    results,
    reviews,
    scheduling,
    scores,
)
from app.services.logins import actor_of
from models.accounts import Account
from models.certificates import Certificate, ExamMode
from models.content import Notice, NoticeState
from models.declarations import Declaration, DeclarationBatch
from models.directory import SchoolDirectory
from models.kit import clock
from models.plans import ExamPlan, FeeMode, PlanCertificate, PlanSubject
from models.registrations import Registration, RegistrationState
from models.scores import ExamStatus, Score
from models.sites import ExamSite, ExamSiteCertificate, Room, SiteState

WORDS = "<p>专任教师十二名,均持有相应证书;双师型教师八名,企业兼职教师四名。</p>"
VENUE = "<p>实训机房三间,共一百八十个工位;综合实训室两间,设备齐全。</p>"


@dataclass(frozen=True)
class Phase:
    """A plan relative to today, in days: (from, to) of registration, scheduling, exam, recording, publicity."""

    name: str
    windows: tuple[tuple[int, int], ...]
    organisation: int
    certificates: tuple[int, ...]
    schools: int
    candidates: int


PHASES = (
    Phase("夏季考试", ((-170, -150), (-155, -142), (-141, -138), (-138, -130), (-129, -122)), 0, (0,), 4, 15),
    Phase(
        "第一次统一考试", ((-120, -100), (-105, -92), (-91, -88), (-88, -80), (-79, -72)), 1, (5, 6), 8, 45
    ),
    Phase("第二次统一考试", ((-45, -30), (-32, -22), (-20, -17), (-17, -10), (-3, 4)), 0, (0, 1), 6, 40),
    Phase("秋季考试", ((-40, -22), (-24, -12), (-6, -2), (-5, 5), (6, 12)), 2, (9,), 4, 40),
    Phase("冬季考试", ((-25, 2), (-4, 8), (12, 15), (15, 22), (23, 29)), 1, (5,), 6, 35),
    Phase("十二月考试", ((-6, 12), (10, 18), (20, 23), (23, 30), (31, 37)), 0, (1, 3), 6, 30),
    Phase("年末考试", ((14, 26), (22, 30), (33, 36), (36, 44), (45, 51)), 2, (9, 11), 0, 0),
)


class Business:
    """Carries the phases out. `session` belongs to nobody; each step acts as whoever does it in life."""

    def __init__(self, session: Session, ground: Ground) -> None:
        self.session, self.ground = session, ground
        self.today = clock.now().replace(hour=9, minute=0, second=0, microsecond=0)
        self.photos: list[str] = []
        self.years: set[int] = set()

    def run(self) -> None:
        with self.acting(JOB):
            self.photos = people.draw_photos(self.session)
            self.session.commit()
        self.declare()
        for phase in PHASES:
            self.examine(phase)
        self.leave_drafts()
        self.write_news()
        with self.acting(JOB):
            people.bind_mobiles(self.session)
            self.session.commit()

    @contextmanager
    def acting(self, actor: Actor, moment: datetime | None = None) -> Iterator[Session]:
        with clock.travel(moment or clock.now()), acting_as(actor, self.session):
            yield self.session

    def actor(self, **where: Any) -> Actor:
        """The actor of an account, found by its columns."""
        with acting_as(JOB, self.session):
            conditions = [getattr(Account, name) == value for name, value in where.items()]
            found = self.session.scalars(sa.select(Account).where(*conditions).order_by(Account.id).limit(1))
            return actor_of(found.one())

    def at(self, days: int, hour: int = 0) -> datetime:
        return self.today.replace(hour=hour) + timedelta(days=days)

    def phase_schools(self, phase: Phase) -> list[SchoolDirectory]:
        return self.ground.schools[: phase.schools]

    # Declaration

    def declare(self) -> None:
        """Every exam year gets its batch in every province; the first schools declare what they will examine."""
        wanted: dict[int, dict[int, set[int]]] = {}
        for phase in PHASES:
            year = self.at(phase.windows[2][0]).year
            for school in self.ground.schools[: max(phase.schools, 8)]:
                wanted.setdefault(year, {}).setdefault(school.id, set()).update(phase.certificates)
        for year, schools in wanted.items():
            self.years.add(year)
            begins = self.at(-200)
            self.hold_batch(year, f"{year}年第一次", begins, begins + timedelta(days=20), schools)
        self.hold_batch(
            self.today.year, f"{self.today.year}年补报", self.at(-5), self.at(9), {}, open_now=True
        )
        self.hold_batch(self.today.year, f"{self.today.year}年第三次", self.at(15), self.at(25), {})

    def hold_batch(
        self,
        year: int,
        name: str,
        opens: datetime,
        closes: datetime,
        schools: dict[int, set[int]],
        *,
        open_now: bool = False,
    ) -> None:
        for province_id in dict.fromkeys(school.province_id for school in self.ground.schools):
            principal = self.actor(province_id=province_id, role="province.principal")
            with self.acting(principal, opens - timedelta(days=2)):
                batch = DeclarationBatch(
                    province_id=province_id,
                    name=name,
                    year=year,
                    ordinal=1 if "第一次" in name else 2,
                    window_from=opens,
                    window_to=closes,
                )
                self.session.add(batch)
                self.session.flush()
                batches.publish(self.session, principal, [batch])
                self.session.commit()
                batch_id = batch.id
            for school in (s for s in self.ground.schools if s.province_id == province_id):
                if school.id in schools:
                    self.declare_for(
                        school, batch_id, schools[school.id], opens + timedelta(days=1), principal
                    )
                elif open_now and self.ground.random.random() < 0.5:
                    self.wait_for_review(school, batch_id)

    def declare_for(
        self,
        school: SchoolDirectory,
        batch_id: int,
        certificates: set[int],
        moment: datetime,
        province: Actor,
    ) -> None:
        actor = self.actor(school_id=school.id, role="school.principal")
        with self.acting(actor, moment):
            rows = [self.declaration(school, batch_id, number, 150) for number in sorted(certificates)]
            declarations.submit(self.session, actor, rows)
            self.session.commit()
            ids = [row.id for row in rows]
        with self.acting(province, moment + timedelta(days=3)):
            for row in self.session.scalars(sa.select(Declaration).where(Declaration.id.in_(ids))).all():
                reviews.approve(self.session, province, [row], approved_count=120)
            self.session.commit()

    def declaration(
        self, school: SchoolDirectory, batch_id: int, certificate: int, count: int
    ) -> Declaration:
        row = Declaration(
            school_id=school.id,
            batch_id=batch_id,
            certificate_id=self.ground.certificates[certificate].id,
            applied_count=count,
            teachers_description=WORDS,
            venue_description=VENUE,
        )
        self.session.add(row)
        self.session.flush()
        return row

    def wait_for_review(self, school: SchoolDirectory, batch_id: int) -> None:
        actor = self.actor(school_id=school.id, role="school.principal")
        random = self.ground.random
        with self.acting(actor, self.at(-random.randrange(1, 4), 10)):
            rows = [
                self.declaration(school, batch_id, number, random.randrange(20, 200))
                for number in random.sample(range(12), 2)
            ]
            declarations.submit(self.session, actor, rows[:1])
            self.session.commit()

    # Exams

    def examine(self, phase: Phase) -> None:
        organisation = self.ground.organisations[phase.organisation]
        manager = self.actor(organisation_id=organisation.id, role="organisation.manager")
        plan_id = self.publish_plan(phase, manager)
        registration, schedule, exam, recording, publicity = phase.windows
        if not phase.schools:
            return
        entered = {}
        for number, school in enumerate(self.phase_schools(phase)):
            self.open_site(phase, school, plan_id, organisation.id, self.at(registration[0]))
            entered[school.id] = self.register(
                phase, school, plan_id, self.at(registration[0] + 1, 10 + number % 6)
            )
        if schedule[0] > -2:
            return
        with self.acting(manager, self.at(schedule[0] + 1, 10)):
            plan = self.session.get_one(ExamPlan, plan_id)
            scheduling.schedule_plan(self.session, plan)
            if schedule[1] < 0:
                scheduling.publish_schedule(self.session, plan, accept_left=True)
            self.session.commit()
        if recording[0] < 0 and exam[1] <= 0:
            self.record(phase, plan_id, organisation.id)
        if publicity[1] < 0:
            with self.acting(JOB, self.at(publicity[1] + 1)):
                scores.lock_plan(self.session, self.session.get_one(ExamPlan, plan_id))
                self.session.commit()
            issuing.issue(self.session, plan_id, organisation.id, self.at(publicity[1] + 3, 10), self.actor)

    def publish_plan(self, phase: Phase, manager: Actor) -> int:
        names = ("registration", "scheduling", "exam", "recording", "publicity")
        windows = {}
        for name, (first, last) in zip(names, phase.windows, strict=True):
            windows[f"{name}_from"], windows[f"{name}_to"] = self.at(first), self.at(last)
        published = self.at(min(phase.windows[0][0] - 5, -1), 15)
        with self.acting(manager, published):
            plan = ExamPlan(
                organisation_id=manager.tenant,
                name=f"{windows['exam_from'].year}年{phase.name}",
                fee_mode=FeeMode.EITHER if phase.organisation == 1 else FeeMode.NONE,
                requirements="<p>请携带准考证和身份证,提前三十分钟到达考场。</p>",
                **windows,
            )
            self.session.add(plan)
            self.session.flush()
            for number in phase.certificates:
                plans.add_certificate(
                    self.session, plan, self.session.get_one(Certificate, self.ground.certificates[number].id)
                )
            self.set_rules(plan)
            self.add_sessions(plan)
            plans.publish(self.session, manager, [plan])
            self.session.commit()
            return int(plan.id)

    def set_rules(self, plan: ExamPlan) -> None:
        """物流管理 as in the handbook: three subjects at 40/30/30, pass mark 60."""
        for rule in self.session.scalars(
            sa.select(PlanCertificate).where(PlanCertificate.plan_id == plan.id)
        ):
            rule.total_pass_mark = Decimal(60)
            subjects = self.session.scalars(
                sa.select(PlanSubject)
                .where(PlanSubject.plan_certificate_id == rule.id)
                .order_by(PlanSubject.id)
            ).all()
            if len(subjects) == 3:
                for subject, weight in zip(subjects, (40, 30, 30), strict=True):
                    subject.weight = weight
        self.session.flush()

    def add_sessions(self, plan: ExamPlan) -> None:
        hours = ((8, 30), (10, 30), (14, 0), (16, 0))
        subjects = self.session.scalars(
            sa.select(PlanSubject).where(PlanSubject.plan_id == plan.id).order_by(PlanSubject.id)
        ).all()
        for number, subject in enumerate(subjects):
            for day in (0, 1):
                hour, minute = hours[number % 4]
                starts = plan.exam_from.astimezone(clock.ZONE) + timedelta(
                    days=day, hours=hour, minutes=minute
                )
                plans.add_session(self.session, plan, subject, starts, starts + timedelta(minutes=90))

    def open_site(
        self, phase: Phase, school: SchoolDirectory, plan_id: int, organisation_id: int, moment: datetime
    ) -> None:
        """An approved site of the school with this organisation, and rooms of the kinds the plan needs."""
        certificates = [self.ground.certificates[number] for number in phase.certificates]
        with self.acting(JOB, moment):
            site = self.session.scalars(
                sa.select(ExamSite).where(
                    ExamSite.school_id == school.id, ExamSite.organisation_id == organisation_id
                )
            ).one_or_none()
            if site is None:
                code = numbers.take(self.session, "site", ceiling=84_999)[0] + 15_000
                site = ExamSite(
                    site_code=f"{code:05d}",
                    school_id=school.id,
                    organisation_id=organisation_id,
                    name=f"{school.name}{certificates[0].short_name}考核站点",
                    place_city_id=school.city_id,
                    address="职教大道1号实训楼",
                    intro="校内独立考区,设备齐全,交通便利,可同时容纳一百八十人考试。",
                    contact_name="赵考务",
                    contact_mobile="13811112222",
                    contact_email="site@example.cn",
                    state=SiteState.APPROVED,
                    approved_at=moment,
                    decided_at=moment,
                )
                self.session.add(site)
                self.session.flush()
            known = set(
                self.session.scalars(
                    sa.select(ExamSiteCertificate.certificate_id).where(
                        ExamSiteCertificate.site_id == site.id
                    )
                )
            )
            for certificate in certificates:
                if certificate.id not in known:
                    self.session.add(
                        ExamSiteCertificate(
                            site_id=site.id, certificate_id=certificate.id, approved_at=moment
                        )
                    )
            site.certificate_count = len(known | {c.id for c in certificates})
            self.session.flush()
            modes = set(
                self.session.scalars(sa.select(PlanSubject.mode).where(PlanSubject.plan_id == plan_id))
            )
            for mode in sorted(modes):
                for room in range(2):
                    kind = ExamMode(mode)
                    self.session.add(
                        Room(
                            plan_id=plan_id,
                            site_id=site.id,
                            name=f"{kind.label}{101 + room}室",
                            kind=kind,
                            seats=30,
                            address=f"实训楼{room + 1}层",
                            school_id=school.id,
                            organisation_id=organisation_id,
                        )
                    )
            self.session.commit()

    def register(self, phase: Phase, school: SchoolDirectory, plan_id: int, moment: datetime) -> list[int]:
        with self.acting(JOB, moment):
            ids = people.enter(self.session, self.ground, school, phase.candidates, self.photos)
            self.session.commit()
        actor = self.actor(school_id=school.id, role="school.principal")
        with self.acting(actor, moment):
            plan = self.session.get_one(ExamPlan, plan_id)
            for number, certificate in enumerate(phase.certificates):
                share = ids[number :: len(phase.certificates)]
                registrations.register_for_certificate(
                    self.session, actor, plan, self.ground.certificates[certificate].id, share
                )
            self.session.commit()
        return ids

    def record(self, phase: Phase, plan_id: int, organisation_id: int) -> None:
        """Scores of all seated whose session is over; in the phase now recording, of half of them."""
        random, clerk = (
            self.ground.random,
            self.actor(organisation_id=organisation_id, role="organisation.clerk"),
        )
        recording = phase.windows[3]
        moment = self.at(min(recording[0] + 1, -1), 11)
        half = recording[1] > 0
        with self.acting(JOB, moment):
            rows = (
                self.session.execute(
                    sa.select(Registration.id)
                    .where(
                        Registration.plan_id == plan_id,
                        Registration.state == RegistrationState.SCHEDULED,
                        Registration.ends_at < moment,
                    )
                    .order_by(Registration.id)
                )
                .scalars()
                .all()
            )
            for number, registration_id in enumerate(rows):
                if half and number % 2:
                    continue
                absent = random.random() < 0.03
                mark = min(200, max(40, round(random.gauss(70, 13) * 2)))  # in halves of a point
                value = None if absent else Decimal(mark) / 2
                self.session.add(
                    Score(
                        registration_id=registration_id,
                        exam_status=ExamStatus.ABSENT if absent else ExamStatus.NORMAL,
                        value=value,
                        recorded_by_id=clerk.account,
                    )
                )
            self.session.flush()
            if not half:
                results.compute(self.session, plan_id)
            self.session.commit()

    # The rest

    def leave_drafts(self) -> None:
        """A draft plan, and candidates still to be completed."""
        with self.acting(JOB):
            for school in self.ground.schools[:12]:
                people.enter(self.session, self.ground, school, 8, self.photos, complete=False)
                people.enter(self.session, self.ground, school, 60, self.photos)
            self.session.commit()

    def write_news(self) -> None:
        with self.acting(JOB):
            for written in news.NOTICES:
                draft = written.state is NoticeState.DRAFT
                self.session.add(
                    Notice(
                        kind=written.kind,
                        title=written.title,
                        body=written.body,
                        source=written.source or None,
                        pinned=written.pinned,
                        state=written.state,
                        publish_from=None if draft else self.at(-written.days),
                    )
                )
            self.session.commit()
