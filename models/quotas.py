"""Quotas: how many people a school may enter for a certificate in a year (指标). 3.2, R33–R39."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import ClassVar

import sqlalchemy as sa
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped

from models.certificates import Certificate
from models.directory import Organisation, School
from models.kit import (
    Choice,
    Choices,
    Declared,
    Int,
    Moment,
    Panel,
    Scope,
    Text,
    add,
    change,
    clock,
    field,
    filtered,
    fixed,
    hidden,
    listed,
    read,
    readonly,
    reference,
    searched,
    sortable,
)
from models.kit.scope import INSERT, Rule


class QuotaKind(Choices):
    """Whom the places are for: one pot, or a separate one for social candidates (R39)."""

    ANY = "ANY", "不限"
    STUDENT = "STUDENT", "院校考生"
    SOCIAL = "SOCIAL", "社会考生"


class QuotaPhase(Choices):
    """How a quota stands: derived from the day and its numbers, never stored (D11, R35)."""

    LIVE = "LIVE", "有效", "green"
    EXPIRING = "EXPIRING", "即将作废", "amber"
    FULL = "FULL", "已用完", "blue"
    VOID = "VOID", "已作废", "grey"


EXPIRING_DAYS = 60
"""So many days before the end of its year an unused quota is said to be expiring."""


def _expiring_year(moment: datetime) -> int:
    """The year whose quotas are about to expire; 0 when none are."""
    year = moment.astimezone(clock.ZONE).year
    ends = datetime(year + 1, 1, 1, tzinfo=clock.ZONE)
    return year if ends - moment <= timedelta(days=EXPIRING_DAYS) else 0


class Quota(Declared):
    """The places of a school for a certificate and year (指标). Only its province grants them (R33).

    `used` is moved by registrations alone, in one atomic statement under a definer function (R37, 9.8).
    """

    school_id: Mapped[int] = reference("院校", "school", hidden, fixed, within=("province_id",))
    school_name: Mapped[str] = field(
        "院校名称", Text(100), listed, searched, readonly, copied="school_id.name"
    )
    province_id: Mapped[int] = reference("省厅", "province", hidden, copied="school_id.province_id")
    city_id: Mapped[int] = reference("地市", "city", filtered, readonly, copied="school_id.city_id")
    certificate_id: Mapped[int] = reference(
        "证书", "certificate", listed, filtered, fixed, within=("organisation_id",)
    )
    organisation_id: Mapped[int] = reference(
        "颁证机构", "organisation", listed, filtered, readonly, copied="certificate_id.organisation_id"
    )
    year: Mapped[int] = field("年度", Int(2019, 2100), listed, filtered, fixed)
    kind: Mapped[QuotaKind] = field(
        "考生类型",
        Choice(QuotaKind),
        listed,
        filtered,
        fixed,
        default=QuotaKind.ANY,
        help="批次规定社会考生单列指标时,分院校考生和社会考生两项",
    )
    granted: Mapped[int] = field("批准人数", Int(), listed, sortable, readonly, default=0)
    used: Mapped[int] = field("已用", Int(), listed, sortable, readonly, default=0)
    unspent: Mapped[int] = field(
        "剩余",
        Int(),
        listed,
        sortable,
        computed="granted - used",
        name="remaining",
        help="年度结束后剩余指标作废",
    )

    panel = Panel(
        "指标",
        menu="指标管理/指标",
        menus={"school": "证书管理/证书信息管理", "organisation": "证书管理/院校指标", "city": ""},
        icon="chart-pie",
        title="school_name",
        order=40,
        allows=("export",),
        related=("quota_change",),
        scope=Scope(
            platform=read(),
            province=(change("province_id", "granted"), Rule("province_id", (INSERT,), when="used = 0")),
            city=read("city_id"),
            school=read("school_id"),
            organisation=read("organisation_id"),
        ),
        unique=(("school_id", "certificate_id", "year", "kind"),),
        checks=(
            ("used >= 0", "已用人数不能为负"),
            ("used <= granted", "已用人数不能超过批准人数"),
            ("year between 2019 and 2100", "年度应为四位年份"),
        ),
        indexes=(("province_id", "year", "certificate_id"),),
        hint="指标由省级教育行政部门审批和调整,当年有效;不足时请联系本省",
        empty="本年度还没有批准的指标。申报审核通过后自动生成",
    )
    school: Mapped[School]
    certificate: Mapped[Certificate]
    organisation: Mapped[Organisation]

    PHASES: ClassVar[dict[str, Callable[[datetime], sa.ColumnElement[bool]]]] = {
        QuotaPhase.LIVE.label: lambda moment: sa.and_(
            Quota.year >= moment.astimezone(clock.ZONE).year,
            Quota.year != _expiring_year(moment),
            Quota.used < Quota.granted,
        ),
        QuotaPhase.EXPIRING.label: lambda moment: sa.and_(
            Quota.year == _expiring_year(moment), Quota.used < Quota.granted
        ),
        QuotaPhase.FULL.label: lambda moment: sa.and_(
            Quota.year >= moment.astimezone(clock.ZONE).year, Quota.used >= Quota.granted
        ),
        QuotaPhase.VOID.label: lambda moment: Quota.year < moment.astimezone(clock.ZONE).year,
    }

    def phase(self, moment: datetime) -> QuotaPhase:
        """Exactly one holds at a moment; a quota of a past year is void whatever is left of it (E35)."""
        if self.year < moment.astimezone(clock.ZONE).year:
            return QuotaPhase.VOID
        if self.used >= self.granted:
            return QuotaPhase.FULL
        return QuotaPhase.EXPIRING if self.year == _expiring_year(moment) else QuotaPhase.LIVE

    @hybrid_property
    def remaining(self) -> int:
        """What may still be used: nothing once the year is over, though the figures stay readable (R35, E35)."""
        return self.granted - self.used if self.year >= clock.today().year else 0

    @remaining.inplace.expression
    @classmethod
    def _remaining(cls) -> sa.ColumnElement[int]:
        return sa.case((cls.year >= clock.today().year, cls.granted - cls.used), else_=0)


class QuotaChange(Declared):
    """Why a quota became larger or smaller, kept for ever (指标调整). R33, R34."""

    quota_id: Mapped[int] = reference("指标", "quota", hidden, fixed, within=("school_id",))
    school_id: Mapped[int] = reference("院校", "school", hidden, copied="quota_id.school_id")
    province_id: Mapped[int] = reference("省厅", "province", hidden, copied="quota_id.province_id")
    organisation_id: Mapped[int] = reference(
        "颁证机构", "organisation", hidden, copied="quota_id.organisation_id"
    )
    declaration_id: Mapped[int | None] = reference(
        "来自申报", "declaration", listed, within=("school_id",), help="审核通过带来的指标;人工调整则为空"
    )
    delta: Mapped[int] = field("增减人数", Int(-99_999, 99_999), listed)
    reason: Mapped[str] = field("原因", Text(500, 2), listed)
    changed_by_id: Mapped[int | None] = reference("调整人", "account", hidden)
    changed_by_name: Mapped[str | None] = field(
        "调整人", Text(50), listed, readonly, copied="changed_by_id.name"
    )
    changed_at: Mapped[datetime] = field("时间", Moment(), listed, filtered, readonly, default=clock.now)

    panel = Panel(
        "指标调整记录",
        icon="history",
        title="reason",
        order=41,
        allows=("export",),
        scope=Scope(
            platform=read(),
            province=add("province_id"),
            school=read("school_id"),
            organisation=read("organisation_id"),
        ),
        checks=(
            ("delta <> 0", "增减人数不能为0"),
            ("length(reason) between 2 and 500", "调整指标要写明原因(2–500字)"),
        ),
        append_only=True,
        frozen_message="指标调整记录不能修改或删除",
        empty="这项指标还没有调整过",
    )
    quota: Mapped[Quota]


class QuotaUse(Declared):
    """A person counted in a quota, once however often they register (指标使用). 9.8, R37, R38."""

    quota_id: Mapped[int] = reference("指标", "quota", listed, readonly, within=("school_id",))
    school_id: Mapped[int] = reference("院校", "school", hidden, readonly)
    certificate_id: Mapped[int] = reference("证书", "certificate", listed, readonly)
    year: Mapped[int] = field("年度", Int(), listed, readonly)
    person_id: Mapped[int] = reference("考生", "person", hidden, readonly)

    panel = Panel(
        "指标使用",
        icon="user-check",
        title="id",
        allows=(),
        audit=False,
        scope=Scope(platform=read(), school=read("school_id")),
        unique=(("school_id", "certificate_id", "year", "person_id"),),
        empty="还没有考生使用这项指标",
    )
    quota: Mapped[Quota]


__all__ = ["EXPIRING_DAYS", "Quota", "QuotaChange", "QuotaKind", "QuotaPhase", "QuotaUse"]
