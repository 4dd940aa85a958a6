"""Why somebody has no seat, in the words staff read (R90, R91, E98-E100, E103)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.scheduling.bounds import Shortage, precheck
from app.scheduling.model import Left, Params, Plan, Problem, Registration, Room, Seat, Span, Subject

Reason = tuple[str, str, bool]
"""Code, message, and whether it is proven that no plan seats everybody here."""


@dataclass(frozen=True, slots=True)
class SubjectSummary:
    """One subject of a plan: 报考, 已排, 未排考 and the reasons, most frequent first."""

    subject: int
    registered: int
    seated: int
    left: int
    reasons: tuple[tuple[str, int], ...]

    @property
    def sentence(self) -> str:
        """R91, E99; '' when nobody is left."""
        return f"尚余{self.left}人未排考" if self.left else ""


def explain(problem: Problem, params: Params, seats: Iterable[Seat]) -> tuple[Left, ...]:
    """A reason for every registration without a seat, in the problem's order."""
    given = tuple(seats)
    reasons = _Reasons(problem, params, given)
    seated = {seat.registration for seat in given}
    return tuple(
        Left(registration.id, registration.subject, *reasons.of(registration))
        for registration in problem.registrations
        if registration.id not in seated
    )


def summary(problem: Problem, plan: Plan) -> list[SubjectSummary]:
    """Counts by subject (R91)."""
    registered = Counter(registration.subject for registration in problem.registrations)
    reasons: Mapping[int, Counter[str]] = defaultdict(Counter)
    for left in plan.left:
        reasons[left.subject][left.message] += 1
    return [
        SubjectSummary(
            subject.id,
            registered[subject.id],
            registered[subject.id] - reasons[subject.id].total(),
            reasons[subject.id].total(),
            tuple(sorted(reasons[subject.id].items(), key=lambda entry: (-entry[1], entry[0]))),
        )
        for subject in sorted(problem.subjects, key=lambda subject: subject.id)
    ]


class _Reasons:
    def __init__(self, problem: Problem, params: Params, seats: tuple[Seat, ...]) -> None:
        self.problem, self.params = problem, params
        self.short: dict[tuple[int, str, int | None], Shortage] = {
            (shortage.site, shortage.mode, shortage.subject): shortage
            for shortage in precheck(problem, params)
        }
        self.own: dict[int, list[tuple[Span, Subject]]] = defaultdict(list)
        for seat in seats:
            registration = problem.registration_by_id[seat.registration]
            subject = problem.subject_by_id[registration.subject]
            self.own[registration.candidate].append((problem.span(seat.session), subject))

    def of(self, registration: Registration) -> Reason:
        """The first obstacle in the order a person would look for it."""
        subject = self.problem.subject_by_id[registration.subject]
        if not registration.paid and not self.params.schedule_unpaid:
            return "unpaid", "未缴费,按培训评价组织的设置不安排考试", True
        if registration.site is None:
            return "no_site", "所在院校没有该证书的考核站点,也未分配借考站点", True
        if not subject.sessions:
            return "no_session", f"科目“{subject.name}”在计划中没有场次", True
        if subject.every_session and self.problem.overlap_within(subject):
            return "sessions_overlap", f"多场连考科目“{subject.name}”的场次互相重叠,请先调整场次", True
        return (
            self._without_room(registration.site, subject)
            or self._busy_elsewhere(registration, subject)
            or self._busy_here(registration, subject)
            or self._rooms_taken(registration, subject)
            or self._seats_short(registration.site, subject)
        )

    def _without_room(self, site: int, subject: Subject) -> Reason | None:
        """R81, R87, E98."""
        if self.problem.rooms_for(site, subject):
            return None
        if any(room.kind == subject.mode for room in self.problem.rooms_by_site.get(site, ())):
            return "no_room", f"站点的{subject.mode}考场均不用于该证书", True
        return "no_room", f"站点没有{subject.mode}考场", True

    def _busy_elsewhere(self, registration: Registration, subject: Subject) -> Reason | None:
        """E100: both times are named."""
        clash = _first_clash(self._spans(subject), self._busy(registration), subject, self.params)
        if clash is None:
            return None
        return "busy", f"考生时间冲突:本场次{clash[0]},其他计划{clash[1]}", True

    def _busy_here(self, registration: Registration, subject: Subject) -> Reason | None:
        """R88: with the candidate's other subjects of this plan; another arrangement may exist."""
        own = self.own.get(registration.candidate, [])
        taken = (*self._busy(registration), *(span for span, _ in own))
        clash = _first_clash(self._spans(subject), taken, subject, self.params) if own else None
        if clash is None:
            return None
        span, other = next(
            (s, o) for s, o in own if any(s.meets(m, self.params.walk) for m in self._spans(subject))
        )
        return "clash", f"考生时间冲突:各场次均与已排科目“{other.name}”({span})等冲突", False

    def _rooms_taken(self, registration: Registration, subject: Subject) -> Reason | None:
        rooms = self.problem.rooms_for(registration.site, subject)
        free = [any(_room_free(room, span) for room in rooms) for span in self._spans(subject)]
        if all(free) or (any(free) and not subject.every_session):
            return None
        return "room_busy", f"站点的{subject.mode}考场在该科目的场次已被其他计划占用", True

    def _seats_short(self, site: int, subject: Subject) -> Reason:
        """E99; `proven` where even clash-free people would not all find a seat."""
        for which in (subject.id, None):
            shortage = self.short.get((site, subject.mode, which))
            if shortage is not None:
                return "seats_short", f"座位不足:{shortage.message}", True
        return "seats_taken", f"该科目各场次的{subject.mode}考场已无考生可用的座位,未找到可行安排", False

    def _spans(self, subject: Subject) -> list[Span]:
        return sorted(self.problem.span(session) for session in subject.sessions)

    def _busy(self, registration: Registration) -> tuple[Span, ...]:
        return tuple(sorted(self.problem.busy.get(registration.candidate, ())))


def _first_clash(
    spans: list[Span], taken: tuple[Span, ...], subject: Subject, params: Params
) -> tuple[Span, Span] | None:
    """The first pair in each other's way, if no session is free (or one is not, for 多场连考)."""
    pairs = [
        next(((span, other) for other in taken if span.meets(other, params.walk)), None) for span in spans
    ]
    clashes = [pair for pair in pairs if pair is not None]
    blocked = bool(clashes) if subject.every_session else len(clashes) == len(spans)
    return clashes[0] if blocked else None


def _room_free(room: Room, span: Span) -> bool:
    return not any(span.meets(taken) for taken in room.busy)
