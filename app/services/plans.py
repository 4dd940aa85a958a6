"""Exam plans: what they examine, when, and what publishing asks of them (4.5, R61–R68, E74–E82)."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.services import numbers
from app.services.actions import Ask, action, after_save, before_delete, before_save, editable_when, move
from app.services.errors import Conflict, DomainError
from models.certificates import Certificate, CertificateState, Subject, SubjectState
from models.kit import Flag, Moment, clock, formats
from models.plans import ExamPlan, ExamSession, PassMode, PlanCertificate, PlanState, PlanSubject
from models.registrations import Registration

WINDOWS = {
    "registration": "报考时间",
    "scheduling": "排考时间",
    "exam": "考试时间",
    "recording": "成绩登记时间",
    "publicity": "成绩公示时间",
}
EXTENSION_DAYS = 30


# What a plan examines


def add_certificate(session: Session, plan: ExamPlan, certificate: Certificate) -> PlanCertificate:
    """A certificate of the plan's own organisation with all its enabled subjects; weights as even as whole percents
    allow, marks at 60 % — to be corrected in the form (R61, E82)."""
    _require_draft(plan)
    if certificate.organisation_id != plan.organisation_id:
        raise DomainError("plan.certificate", "只能添加本组织的证书", "certificate_id")
    if certificate.state is not CertificateState.ENABLED:
        raise DomainError("plan.certificate", f"“{certificate}”未启用,不能用于新的考试计划", "certificate_id")
    subjects = session.scalars(
        sa.select(Subject)
        .where(Subject.certificate_id == certificate.id, Subject.state == SubjectState.ENABLED)
        .order_by(Subject.subject_code)
    ).all()
    if not subjects:
        raise DomainError("plan.subjects", f"“{certificate}”没有已启用的考试科目", "certificate_id")
    rule = PlanCertificate(plan_id=plan.id, certificate_id=certificate.id, total_pass_mark=Decimal(60))
    session.add(rule)
    session.flush()
    for subject, weight in zip(subjects, _even_weights(subjects), strict=True):
        session.add(
            PlanSubject(
                plan_id=plan.id,
                plan_certificate_id=rule.id,
                subject_id=subject.id,
                full_mark=subject.full_mark,
                pass_mark=(subject.full_mark * Decimal("0.6")).quantize(Decimal("0.1")),
                weight=weight,
            )
        )
    session.flush()
    _count_subjects(session, plan)
    return rule


def _count_subjects(session: Session, plan: ExamPlan) -> None:
    """开考科目, as lists and details show it."""
    subjects = sa.select(sa.func.count()).select_from(PlanSubject).where(PlanSubject.plan_id == plan.id)
    plan.subject_count = session.scalar(subjects) or 0
    session.flush()


def _even_weights(subjects: Any) -> list[int]:
    """Whole percents that sum to 100 within each target group."""
    sizes: dict[int | None, int] = {}
    for subject in subjects:
        sizes[subject.target_group_id] = sizes.get(subject.target_group_id, 0) + 1
    given: dict[int | None, int] = {}
    weights = []
    for subject in subjects:
        group = subject.target_group_id
        size, number = sizes[group], given.get(group, 0)
        weights.append(100 // size + (1 if number < 100 % size else 0))
        given[group] = number + 1
    return weights


def _own_certificates(session: Session) -> list[tuple[str, str]]:
    rows = session.scalars(
        sa.select(Certificate).where(Certificate.state == CertificateState.ENABLED).order_by(Certificate.code)
    )
    return [(str(row.id), row.full_name) for row in rows]


@action(
    ExamPlan,
    "add_certificate",
    "添加证书",
    on="one",
    icon="certificate",
    order=10,
    when=lambda plan: plan.state is PlanState.DRAFT,
    asks=(
        Ask("certificate_id", "考核证书", None, options=_own_certificates, help="带入该证书全部已启用的科目"),
    ),
    confirm="选择本计划要考核的证书",
)
def _add_certificate(session: Session, actor: Actor, rows: list[ExamPlan], certificate_id: str) -> str:
    chosen = formats.row_id(certificate_id)
    certificate = session.get(Certificate, chosen) if chosen is not None else None
    if certificate is None:
        raise DomainError("plan.certificate", "没有找到该证书", "certificate_id")
    add_certificate(session, rows[0], certificate)
    return f"已添加“{certificate}”及其科目,请设置通过条件、比例和场次"


@action(
    ExamPlan,
    "add_session",
    "添加场次",
    on="one",
    icon="clock-plus",
    order=11,
    when=lambda plan: plan.state is PlanState.DRAFT,
    asks=(
        Ask("starts_at", "开始时间", Moment()),
        Ask("ends_at", "结束时间", Moment(), help="与开始时间在同一天"),
        Ask("only_empty", "只加给还没有场次的科目", Flag(), required=False, default=True),
    ),
    confirm="为本计划的科目添加同一场次;个别科目的场次在“开考科目”中修改",
)
def _add_session(
    session: Session,
    actor: Actor,
    rows: list[ExamPlan],
    starts_at: datetime,
    ends_at: datetime,
    only_empty: bool,
) -> str:
    plan = rows[0]
    subjects = session.scalars(sa.select(PlanSubject).where(PlanSubject.plan_id == plan.id)).all()
    added = 0
    for subject in subjects:
        if only_empty and subject.sessions:
            continue
        add_session(session, plan, subject, starts_at, ends_at)
        added += 1
    return f"已为{added}个科目添加场次"


def add_session(
    session: Session, plan: ExamPlan, subject: PlanSubject, starts_at: datetime, ends_at: datetime
) -> ExamSession:
    """A dated span of a subject (R63, E75)."""
    _require_draft(plan)
    _check_session(plan, starts_at, ends_at)
    made = ExamSession(plan_subject_id=subject.id, starts_at=starts_at, ends_at=ends_at)
    session.add(made)
    session.flush()
    return made


def _check_session(plan: ExamPlan, starts_at: datetime, ends_at: datetime) -> None:
    if starts_at >= ends_at:
        raise DomainError("session.order", "场次的开始时间应早于结束时间", "ends_at")
    if starts_at.astimezone(clock.ZONE).date() != ends_at.astimezone(clock.ZONE).date():
        raise DomainError("session.day", "一场考试应在同一天内", "ends_at")
    if starts_at < plan.exam_from or ends_at > plan.exam_to:
        span = f"{_shown(starts_at)}~{ends_at.astimezone(clock.ZONE):%H:%M}"
        raise DomainError("session.outside", f"场次{span}不在考试时间内", "starts_at")


# Checks at publishing


def problems(session: Session, plan: ExamPlan) -> list[str]:
    """Everything that keeps a plan from being published, in words (R61–R68)."""
    found = window_problems(plan)
    rules = session.scalars(sa.select(PlanCertificate).where(PlanCertificate.plan_id == plan.id)).all()
    if not rules:
        found.append("计划还没有考核证书")
    for rule in rules:
        found += _rule_problems(session, plan, rule)
    return found


def window_problems(plan: ExamPlan) -> list[str]:
    """R62, E78–E80: the order of the five windows."""
    found = []
    for name, label in WINDOWS.items():
        if getattr(plan, f"{name}_from") >= getattr(plan, f"{name}_to"):
            found.append(f"{label}的开始应早于结束")
    names = list(WINDOWS)
    for before, after in pairwise(names):
        if getattr(plan, f"{before}_from") > getattr(plan, f"{after}_from"):
            found.append(f"{WINDOWS[after]}不能早于{WINDOWS[before]}开始")
    if plan.registration_to > plan.exam_to:
        found.append("报考时间应在考试结束前结束")
    if plan.recording_to > plan.publicity_from:
        found.append("成绩公示不能早于成绩登记结束")
    return found


def _rule_problems(session: Session, plan: ExamPlan, rule: PlanCertificate) -> list[str]:
    name, found = rule.certificate_name, []
    certificate = session.get(Certificate, rule.certificate_id)
    if certificate is None or certificate.state is not CertificateState.ENABLED:
        found.append(f"{name}:证书未启用")
    subjects = session.scalars(sa.select(PlanSubject).where(PlanSubject.plan_certificate_id == rule.id)).all()
    if not subjects:
        found.append(f"{name}:没有开考科目")
    sums: dict[int | None, int] = {}
    for subject in subjects:
        found += [f"{name}:{problem}" for problem in _subject_problems(session, plan, subject)]
        sums[subject.target_group_id] = sums.get(subject.target_group_id, 0) + (subject.weight or 0)
    if rule.pass_mode is PassMode.WEIGHTED:
        if rule.total_pass_mark is None:
            found.append(f"{name}:请填写综合成绩合格分数")
        common = sums.pop(None, 0)  # subjects for 所有考生 count in every group (R66)
        for total in sums.values() or [0]:
            if total + common != 100:
                found.append(f"{name}:所占总成绩比例合计为{total + common},应为100")
    return found


def _subject_problems(session: Session, plan: ExamPlan, subject: PlanSubject) -> list[str]:
    source = session.get(Subject, subject.subject_id)
    if source is None or source.state is not SubjectState.ENABLED:
        return [f"科目“{subject.subject_name}”已停用"]
    sessions = session.scalars(
        sa.select(ExamSession)
        .where(ExamSession.plan_subject_id == subject.id)
        .order_by(ExamSession.starts_at)
    ).all()
    if not sessions:
        return [f"科目“{subject.subject_name}”没有场次"]
    found = []
    for item in sessions:
        try:
            _check_session(plan, item.starts_at, item.ends_at)
        except DomainError as error:
            found.append(f"科目“{subject.subject_name}”:{error.message}")
    for before, after in pairwise(sessions):
        if after.starts_at < before.ends_at:
            found.append(f"科目“{subject.subject_name}”的场次时间重叠")
    return found


# Moves


@move(ExamPlan, "publish", order=20, primary=True)
def publish(session: Session, actor: Actor, rows: list[ExamPlan]) -> str:
    """草稿 → 已发布: checks, plan code K + date + 4 digits (R65), exam year from the first session (9.7)."""
    for plan in rows:
        if found := problems(session, plan):
            raise DomainError("plan.problems", f"“{plan.name}”还不能发布:" + ";".join(found))
        now = clock.now()
        first = session.scalar(
            sa.select(sa.func.min(ExamSession.starts_at)).where(ExamSession.plan_id == plan.id)
        )
        plan.exam_year = first.astimezone(clock.ZONE).year if first else plan.exam_year
        _count_subjects(session, plan)
        if plan.plan_code is None:
            number = numbers.take(session, f"plan:{now:%Y%m%d}", ceiling=9999)[0]
            plan.plan_code = formats.make_plan_code(now.date(), number)
        plan.published_at = now
        plan.state = PlanState.PUBLISHED
    session.flush()
    return f"已发布{len(rows)}个计划"


@move(ExamPlan, "withdraw", order=21)
def withdraw(session: Session, actor: Actor, rows: list[ExamPlan]) -> str:
    """已发布 → 草稿, only before registration begins and while nobody is registered (4.5)."""
    for plan in rows:
        _require_untouched(session, plan, "撤回")
        plan.state, plan.published_at = PlanState.DRAFT, None
    session.flush()
    return f"已撤回{len(rows)}个计划"


def _window_options(session: Session) -> list[tuple[str, str]]:
    return list(WINDOWS.items())


@action(
    ExamPlan,
    "extend",
    "延长窗口",
    on="one",
    icon="calendar-plus",
    order=22,
    when=lambda plan: plan.state is PlanState.PUBLISHED and clock.now() < plan.publicity_to,
    asks=(
        Ask("window", "窗口", None, options=_window_options),
        Ask("until", "延长至", Moment(closing=True), help="含所填的这一分钟;只填日期表示当天24:00"),
    ),
)
def _extend(session: Session, actor: Actor, rows: list[ExamPlan], window: str, until: datetime) -> str:
    extend(session, rows[0], window, until)
    return f"已延长{WINDOWS[window]}"


def extend(session: Session, plan: ExamPlan, window: str, until: datetime) -> None:
    """Move a window's end later; the order rule holds, not more than 30 days past its end, never after lock (4.5)."""
    ends = getattr(plan, f"{window}_to")
    if until <= ends:
        raise DomainError(
            "plan.extend", f"应晚于现在的结束时间{_shown(ends - timedelta(minutes=1))}", "until"
        )
    if clock.now() > ends + timedelta(days=EXTENSION_DAYS):
        raise Conflict("plan.extend", f"该窗口结束已超过{EXTENSION_DAYS}天,不能再延长")
    if clock.now() >= plan.publicity_to:
        raise Conflict("plan.extend", "公示已结束、成绩已锁定,不能再延长")
    setattr(plan, f"{window}_to", until)
    if found := window_problems(plan):
        raise DomainError("plan.extend", ";".join(found), "until")
    session.flush()


# Guards of the generated forms


@editable_when(ExamPlan)
def editable(plan: ExamPlan) -> bool:
    """A draft, or a published plan before anything of it began (4.5)."""
    return plan.state is PlanState.DRAFT or (
        plan.state is PlanState.PUBLISHED and clock.now() < plan.registration_from
    )


def _require_draft(plan: ExamPlan) -> None:
    if plan.state is not PlanState.DRAFT:
        raise Conflict("plan.published", "计划已发布,请先撤回再修改")


def _require_untouched(session: Session, plan: ExamPlan, verb: str) -> None:
    if clock.now() >= plan.registration_from:
        raise Conflict("plan.begun", f"报考已开始,不能{verb}")
    if session.scalar(sa.select(Registration.id).where(Registration.plan_id == plan.id).limit(1)) is not None:
        raise Conflict("plan.registered", f"已有考生报考,不能{verb}")


@before_save(ExamPlan)
def _plan_may_change(session: Session, actor: Actor, row: ExamPlan, values: dict[str, Any]) -> None:
    if row.id is not None and row.state is PlanState.PUBLISHED:
        _require_untouched(session, row, "修改")
    if found := window_problems(row):
        raise DomainError("plan.windows", ";".join(found))


@before_save(PlanCertificate)
def _rule_of_draft(session: Session, actor: Actor, row: PlanCertificate, values: dict[str, Any]) -> None:
    _require_draft(session.get_one(ExamPlan, row.plan_id))


@before_save(PlanSubject)
def _subject_of_plan(session: Session, actor: Actor, row: PlanSubject, values: dict[str, Any]) -> None:
    """A subject joins through its certificate, which the plan must already have (R61)."""
    plan = session.get_one(ExamPlan, row.plan_id)
    _require_draft(plan)
    subject = session.get_one(Subject, row.subject_id)
    if not row.plan_certificate_id:
        rule = session.scalars(
            sa.select(PlanCertificate).where(
                PlanCertificate.plan_id == plan.id, PlanCertificate.certificate_id == subject.certificate_id
            )
        ).one_or_none()
        if rule is None:
            raise DomainError("plan.subject", "请先把该科目的证书加入本计划", "subject_id")
        row.plan_certificate_id = rule.id
    if subject.state is not SubjectState.ENABLED and row.id is None:
        raise DomainError("plan.subject", f"科目“{subject.name}”已停用,不能用于新的计划", "subject_id")


@before_save(ExamSession)
def _session_inside(session: Session, actor: Actor, row: ExamSession, values: dict[str, Any]) -> None:
    subject = session.get_one(PlanSubject, row.plan_subject_id)
    plan = session.get_one(ExamPlan, subject.plan_id)
    _require_draft(plan)
    if row.starts_at is not None and row.ends_at is not None:
        _check_session(plan, row.starts_at, row.ends_at)


@before_delete(ExamPlan)
def _only_drafts_go(session: Session, actor: Actor, row: ExamPlan) -> None:
    if row.plan_code is not None:
        raise Conflict("plan.published", "发布过的计划不能删除")


@before_delete(PlanCertificate)
def _rule_goes_with_draft(session: Session, actor: Actor, row: PlanCertificate) -> None:
    _require_draft(session.get_one(ExamPlan, row.plan_id))


@before_delete(PlanSubject)
def _subject_goes_with_draft(session: Session, actor: Actor, row: PlanSubject) -> None:
    _require_draft(session.get_one(ExamPlan, row.plan_id))


@after_save(PlanSubject)
def _subject_is_counted(session: Session, actor: Actor, row: PlanSubject, values: dict[str, Any]) -> None:
    _count_subjects(session, session.get_one(ExamPlan, row.plan_id))


@before_delete(ExamSession)
def _session_goes_with_draft(session: Session, actor: Actor, row: ExamSession) -> None:
    _require_draft(session.get_one(ExamPlan, row.plan_id))


def _shown(moment: datetime) -> str:
    return f"{moment.astimezone(clock.ZONE):%Y-%m-%d %H:%M}"
