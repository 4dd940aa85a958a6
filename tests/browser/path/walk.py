"""What the chapters share: who takes part, what they call things, and what they hold in their hands."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

from models.platform import SmsMessage
from tests.browser.installation import Installation
from tests.browser.people import People
from tests.browser.workbooks import Student, students

CERTIFICATE, LEVEL = "人工智能数据处理", "中级"
FULL = f"{CERTIFICATE}({LEVEL})"
SUBJECTS = (("600101", "数据处理基础理论", "机考"), ("600102", "数据标注与质检实操", "实操"))
PLAN = "2026年春季人工智能数据处理考试"
SITE = "杭州厚朴信息职业技术学院AI数据考核站点"

SCHOOL_PRINCIPAL, SCHOOL_MANAGER = "school01", "school01m"
ORGANISATION_PRINCIPAL, ORGANISATION_MANAGER, CLERK = "org1", "org1m", "org1c"
PROVINCE, OPERATOR = "province33", "operator"


@dataclass
class Walk:
    """What the chapters share."""

    people: People
    installation: Installation
    folder: Path
    students: list[Student] = field(default_factory=lambda: students(300))
    plan_code: str = ""
    certificate_number: str = ""

    @property
    def holder(self) -> Student:
        """The one whose certificate is looked at."""
        return self.students[0]

    def text_message(self, mobile: str) -> str:
        """The code in the newest text message on this phone."""
        with self.installation.session() as session:
            newest = (
                sa.select(SmsMessage.body).where(SmsMessage.mobile == mobile).order_by(SmsMessage.id.desc())
            )
            found = re.search(r"\d{6}", session.scalars(newest.limit(1)).one())
        assert found
        return found[0]
