"""A registered school's own data: complete once every required field is filled (4.2 完善基础信息)."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.services.actions import before_save
from app.services.errors import DomainError
from models.directory import School
from models.kit import fields_of

REQUIRED = ("uscc", "city_id", "address", "contact_name", "contact_mobile", "contact_email")


@before_save(School)
def _complete(session: Session, actor: Actor, row: School, values: dict[str, Any]) -> None:
    """What the school saves is complete, or it is not saved; from then on it may submit declarations (4.3)."""
    if actor.kind != "school":
        return
    for name in REQUIRED:
        if not getattr(row, name):
            raise DomainError("school.basics", f"请填写{fields_of(School)[name].label}", name)
    row.basics_completed = True
