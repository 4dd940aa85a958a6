"""A registered school's own data: complete once every required field is filled, and quiet while others judge by them
(4.2 完善基础信息); and what the authorities above see beside it (1.4 注册院校)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.services.actions import Figure, before_save, counted, page_link
from app.services.errors import Conflict, DomainError
from models.accounts import Account
from models.declarations import Declaration, DeclarationState
from models.directory import School, SchoolDirectory, SchoolStanding
from models.kit import clock, fields_of
from models.quotas import Quota
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


# Looked at from above

_ABOVE = ("province", "city", "platform")
_HERE = (SchoolStanding.REGISTERED, SchoolStanding.DECLARED, SchoolStanding.PILOT)

page_link(  # the school and its row of the list share the id
    SchoolDirectory,
    "open_school",
    "注册信息",
    "/console/school/{id}",
    on="one",
    icon="school",
    order=9,
    when=lambda row: row.stands in _HERE,
)


@counted(School)
def _this_year(session: Session, actor: Actor, row: School) -> list[Figure]:
    """What the school has declared this year and may examine."""
    if actor.kind not in _ABOVE:
        return []
    year = clock.today().year
    declared = sa.and_(
        Declaration.school_id == row.id,
        Declaration.year == year,
        Declaration.state != DeclarationState.DRAFT,
    )
    passed = sa.func.count().filter(Declaration.state == DeclarationState.APPROVED)
    of_quotas = sa.and_(Quota.school_id == row.id, Quota.year == year)
    count, approved = session.execute(sa.select(sa.func.count(), passed).where(declared)).one()
    granted, used = session.execute(
        sa.select(sa.func.sum(Quota.granted), sa.func.sum(Quota.used)).where(of_quotas)
    ).one()
    named = {"f_school_name": row.name, "f_year": year}
    lists = f"/console/declaration/?{urlencode({'tab': 'all', **named})}"
    passes = f"/console/declaration/?{urlencode({'tab': DeclarationState.APPROVED.value, **named})}"
    figures = [
        Figure(f"{year}年度申报", count, "blue", lists),
        Figure("审核通过", approved, "green", passes),
        Figure("现有指标", granted or 0, "green"),
        Figure("已用指标", used or 0),
    ]
    if actor.kind == "platform":
        accounts = sa.select(sa.func.count()).where(Account.school_id == row.id)
        opened = f"/console/account/?{urlencode({'f_username': row.school_code})}"
        figures.append(Figure("账号", session.scalar(accounts) or 0, "grey", opened))
    return figures
