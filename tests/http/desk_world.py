"""Two organisations at the configuration desk, each with a certificate; the people who sit there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from models.accounts import Account, Role
from models.certificates import Certificate, ExamMode, Level, Subject, TargetGroup
from models.directory import Organisation
from tests import factories
from tests.factories_declarations import make_pilot
from tests.models import world

MINE, THEIRS = 20, 30  # drafts of organisation 5 and of organisation 6


@dataclass
class Desk:
    """Accounts by what they are at the desk."""

    principal: Account
    clerk: Account
    operator: Account
    auditor: Account
    school: Account


def furnished(as_: Callable[..., Any]) -> Desk:
    """The world of the models' tests, a draft certificate of ours with a subject, and another organisation's."""
    world.found(as_)
    with as_(world.PLATFORM) as db:
        db.add(
            Organisation(
                id=6,
                code="600032",
                name="另一组织",
                contact_name="李四",
                contact_mobile="13800000001",
                contact_email="b@example.cn",
            )
        )
        db.flush()
        db.add_all(
            [
                Certificate(id=MINE, organisation_id=5, code="2001", name="智能财税", level=Level.JUNIOR),
                Certificate(id=THEIRS, organisation_id=6, code="3001", name="网店运营", level=Level.JUNIOR),
            ]
        )
        db.flush()
        db.commit()
    with as_() as db:
        make_pilot(db)
        db.add_all([subject(MINE, "098694", "理论"), subject(THEIRS, "198694", "实务")])
        db.add_all(
            [
                TargetGroup(certificate_id=MINE, name="中职学生"),
                TargetGroup(certificate_id=THEIRS, name="高职学生"),
            ]
        )
        made = Desk(
            principal=factories.account(db, Role.ORGANISATION_PRINCIPAL, organisation_id=5),
            clerk=factories.account(db, Role.ORGANISATION_CLERK, organisation_id=5),
            operator=factories.account(db, Role.PLATFORM_OPERATOR),
            auditor=factories.account(db, Role.PLATFORM_AUDITOR),
            school=factories.account(db, Role.SCHOOL_PRINCIPAL, school_id=11),
        )
        db.commit()
    return made


def subject(certificate: int, code: str, name: str) -> Subject:
    return Subject(certificate_id=certificate, subject_code=code, name=name, mode=ExamMode.COMPUTER)
