"""What a plan offers for registration: its subjects by certificate and target group, and which cannot both be sat."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from itertools import combinations, product

import sqlalchemy as sa
from sqlalchemy.orm import Session, selectinload

from models.certificates import TargetGroup
from models.plans import ExamSession, PlanSubject


class Offer:
    """The subjects of a plan, read once for a whole set of candidates (R60, R71–R73, R78)."""

    def __init__(self, session: Session, plan_id: int) -> None:
        rows = session.scalars(
            sa.select(PlanSubject)
            .where(PlanSubject.plan_id == plan_id)
            .order_by(PlanSubject.subject_code)
            .options(selectinload(PlanSubject.sessions))
        )
        self.subjects = {row.subject_id: row for row in rows}
        self._session = session

    @cached_property
    def groups(self) -> dict[int, int]:
        """Target group → its certificate, of the certificates of this plan."""
        certificates = {subject.certificate_id for subject in self.subjects.values()}
        rows = self._session.execute(
            sa.select(TargetGroup.id, TargetGroup.certificate_id).where(
                TargetGroup.certificate_id.in_(certificates)
            )
        )
        return {row.id: row.certificate_id for row in rows}

    def subjects_for(self, certificate_id: int, group_id: int | None) -> tuple[tuple[int, ...], str]:
        """All subjects of a certificate for a group, or why they cannot be named so (R71, R73)."""
        own = [subject for subject in self.subjects.values() if subject.certificate_id == certificate_id]
        if not own:
            return (), "证书不在该计划内"
        if problem := self._group_problem(certificate_id, group_id):
            return (), problem
        if group_id is None and any(subject.target_group_id is not None for subject in own):
            return (), "该证书须填写参考对象类型"
        fit = tuple(s.subject_id for s in own if s.target_group_id in (None, group_id))
        return fit, "" if fit else "该证书没有适用于该参考对象的科目"

    def refusal(self, subject_id: int, certificate_id: int, group_id: int | None) -> str:
        """Why a candidate of this group may not take the subject; empty if it may (R60, R72, E84)."""
        subject = self.subjects.get(subject_id)
        if subject is None or subject.certificate_id != certificate_id:
            return "科目不在该计划内"
        if problem := self._group_problem(certificate_id, group_id):
            return problem
        if subject.target_group_id is None or subject.target_group_id == group_id:
            return ""
        return "该证书须填写参考对象类型" if group_id is None else "科目不适用于该参考对象"

    def _group_problem(self, certificate_id: int, group_id: int | None) -> str:
        known = group_id is None or self.groups.get(group_id) == certificate_id
        return "" if known else "参考对象类型不属于该证书"

    def clash(self, entered: Iterable[int], fresh: Iterable[int]) -> str:
        """The names of two subjects of a candidate that cannot both be sat, one of them new; empty if there are
        none. Of several sessions one is enough, except 多场连考 (9.5)."""
        new = set(fresh)
        for one, other in combinations(sorted(entered), 2):
            if (one in new or other in new) and frozenset((one, other)) in self._clashes:
                return (
                    f"“{self.subjects[one].subject_name}”与“{self.subjects[other].subject_name}”考试时间冲突"
                )
        return ""

    @cached_property
    def _clashes(self) -> set[frozenset[int]]:
        choices = {key: _choices(subject) for key, subject in self.subjects.items()}
        return {
            frozenset(pair)
            for pair in combinations(self.subjects, 2)
            if all(_meet(one, other) for one, other in product(choices[pair[0]], choices[pair[1]]))
        }


def _choices(subject: PlanSubject) -> list[list[ExamSession]]:
    """The ways to sit a subject, each as the sessions it takes."""
    return [subject.sessions] if subject.consecutive else [[session] for session in subject.sessions]


def _meet(one: list[ExamSession], other: list[ExamSession]) -> bool:
    return any(a.starts_at < b.ends_at and b.starts_at < a.ends_at for a, b in product(one, other))
