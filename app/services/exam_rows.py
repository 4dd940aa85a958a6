"""Rows of the sheets about registrations: plan code, certificate or subject, ID number and name, and what they mean.

One reading of the database for a whole chunk of rows; each row is refused with the sentence of 6.2 where a word names
nothing. Used by the imports of registrations, of deletions and of fee slips.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.services.registrations import NOT_PUBLISHED
from app.services.staging import Row
from app.sheets.spec import SheetColumn
from models.candidates import Candidate
from models.certificates import Certificate, Level, TargetGroup
from models.kit import clock, formats
from models.plans import ExamPlan, PlanCertificate, PlanState, PlanSubject

LEVELS = tuple(level.label for level in Level)

PLAN = SheetColumn("plan_code", "计划编号", "code", True, sample="K202005229994", help="K加12位数字")
CERTIFICATE = SheetColumn("certificate_name", "证书名称", required=True, sample="Python程序开发")
LEVEL = SheetColumn("certificate_level", "证书等级", "choice", True, LEVELS, sample="中级")
SUBJECT = SheetColumn("subject_code", "科目编号", "code", True, sample="098694", help="6位文本,首位的0要保留")
SUBJECT_NAME = SheetColumn("subject_name", "科目名称", sample="理论知识", help="仅供核对,可不填")
ID_NUMBER = SheetColumn("id_number", "身份证号", "code", True, sample="34052419800101001X", width=24)
NAME = SheetColumn("name", "姓名", required=True, sample="张三")
GROUP = SheetColumn("target_group", "参考对象类型", help="科目因参考对象不同时必填,否则不填")

LABELS = {
    column.name: column.label
    for column in (PLAN, CERTIFICATE, LEVEL, SUBJECT, SUBJECT_NAME, ID_NUMBER, NAME, GROUP)
}
PERSONAL = {"id_number": "id"}


def cleaners() -> dict[str, Callable[[Any], Any]]:
    """Cells to values, for the day on which they are read."""
    today = clock.today()
    return {
        "plan_code": formats.plan_code,
        "certificate_name": formats.clean_text,
        "subject_code": formats.subject_code,
        "id_number": lambda text: formats.id_number(text, today),
        "name": formats.person_name,
        "target_group": formats.clean_text,
    }


class Meaning:
    """What the words of a chunk mean, for this actor."""

    def __init__(self, session: Session, rows: Sequence[Row]) -> None:
        self._session = session
        codes = {row.values.get("plan_code") for row in rows}
        numbers = {row.values["id_number"] for row in rows}
        plans = session.scalars(
            sa.select(ExamPlan).where(ExamPlan.plan_code.in_(codes), ExamPlan.state == PlanState.PUBLISHED)
        )
        self.plans = {plan.plan_code: plan for plan in plans}
        people = session.scalars(sa.select(Candidate).where(Candidate.id_number.in_(numbers)))
        self.candidates = {candidate.id_number: candidate for candidate in people}
        self._read_offers([plan.id for plan in self.plans.values()])

    def _read_offers(self, plans: Sequence[int]) -> None:
        certificates = self._session.execute(
            sa.select(PlanCertificate.plan_id, Certificate.name, Certificate.level, Certificate.id)
            .join(Certificate, Certificate.id == PlanCertificate.certificate_id)
            .where(PlanCertificate.plan_id.in_(plans))
        ).all()
        self.certificates = {(plan, name, level.label): key for plan, name, level, key in certificates}
        subjects = self._session.scalars(sa.select(PlanSubject).where(PlanSubject.plan_id.in_(plans)))
        self.subjects = {(subject.plan_id, subject.subject_code): subject for subject in subjects}
        groups = self._session.execute(
            sa.select(TargetGroup.certificate_id, TargetGroup.name, TargetGroup.id).where(
                TargetGroup.certificate_id.in_({row.id for row in certificates})
            )
        )
        self.groups = {(certificate, name): key for certificate, name, key in groups}

    def plan(self, row: Row) -> ExamPlan | None:
        plan = self.plans.get(row.values["plan_code"])
        if plan is None:
            row.refuse(NOT_PUBLISHED)
        return plan

    def candidate(self, row: Row) -> Candidate | None:
        """The school's candidate of this number; the name must be the same, no guess (6.2)."""
        candidate = self.candidates.get(row.values["id_number"])
        if candidate is None:
            row.refuse("考生不存在")
        elif row.values.get("name") not in (None, candidate.name):
            row.refuse("姓名与身份证号不一致")
            return None
        return candidate

    def certificate(self, row: Row, plan: ExamPlan) -> int | None:
        key = self.certificates.get(
            (plan.id, row.values["certificate_name"], row.values["certificate_level"])
        )
        if key is None:
            row.refuse("证书不在该计划内")
        return key

    def subject(self, row: Row, plan: ExamPlan) -> PlanSubject | None:
        subject = self.subjects.get((plan.id, row.values["subject_code"]))
        if subject is None:
            row.refuse("科目不在该计划内")
        return subject

    def subject_id(self, row: Row, plan: ExamPlan) -> int | None:
        subject = self.subject(row, plan)
        return subject.subject_id if subject is not None else None

    def group(self, row: Row, certificate_id: int) -> int | None:
        """The target group the row names; 所有考生 and a blank name none."""
        name = row.values.get("target_group")
        if name in (None, "所有考生"):
            return None
        key = self.groups.get((certificate_id, name))
        if key is None:
            row.refuse(f"该证书没有参考对象类型“{name}”")
        return key
