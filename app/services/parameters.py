"""Values the operators may change while the platform runs (系统参数), each with the default it has without a row."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from models.platform import Parameter


def text(session: Session, key: str, default: str) -> str:
    found = session.scalar(sa.select(Parameter.value).where(Parameter.key == key))
    return found if found is not None else default


def integer(session: Session, key: str, default: int) -> int:
    return int(text(session, key, str(default)))


def flag(session: Session, key: str, default: bool) -> bool:
    return text(session, key, str(default).lower()) == "true"
