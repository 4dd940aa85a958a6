"""A registered school's own data: complete once every required field is filled, and quiet while others judge by them
(4.2 完善基础信息)."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.services.actions import before_save
from app.services.errors import Conflict, DomainError
from models.declarations import Declaration, DeclarationState
from models.directory import School
from models.kit import fields_of
from models.regions import County

REQUIRED = ("uscc", "city_id", "address", "contact_name", "contact_mobile", "contact_email")
JUDGED = ("uscc", "website", "city_id", "county_id", "address")
_UNDER_REVIEW = (DeclarationState.CITY_PENDING, DeclarationState.PENDING)


@before_save(School)
def _complete(session: Session, actor: Actor, row: School, values: dict[str, Any]) -> None:
    """What the school saves is complete, or it is not saved; from then on it may submit declarations (4.3)."""
    if actor.kind != "school":
        return
    for name in REQUIRED:
        if not getattr(row, name):
            raise DomainError("school.basics", f"请填写{fields_of(School)[name].label}", name)
    with session.no_autoflush:
        if row.county_id is None and _has_counties(session, row.city_id):
            raise DomainError("school.basics", "请选择单位所在地的区县", "county_id")
        _require_quiet(session, row)
    row.basics_completed = True


def _has_counties(session: Session, city: int) -> bool:
    return session.scalar(sa.select(sa.exists().where(County.city_id == city))) or False


def _require_quiet(session: Session, row: School) -> None:
    """While a declaration is under review only the contact may change (4.2)."""
    changed = [name for name in JUDGED if sa.inspect(row).attrs[name].history.has_changes()]
    if not changed:
        return
    waiting = sa.exists().where(Declaration.school_id == row.id, Declaration.state.in_(_UNDER_REVIEW))
    if session.scalar(sa.select(waiting)):
        raise Conflict(
            "school.under_review", "有申报正在审核,院校基础信息暂不能修改;联系人信息可以修改", changed[0]
        )
