"""Borrowed sites: a school asks, the organisation assigns, also unasked (借考; R85, R89, E101, E102)."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.services import notify, pilot
from app.services.actions import Ask, after_save, before_delete, before_save, editable_when, move
from app.services.errors import Conflict, DomainError, Refused
from models.jobs import MessageKind
from models.kit import Int, clock, formats
from models.plans import ExamPlan, PlanCertificate, PlanState
from models.scheduling import SeatAssignment
from models.sites import BorrowedSite, BorrowRequest, BorrowState, ExamSite, ExamSiteCertificate, SiteState


@before_save(BorrowedSite)
def _may_lend(session: Session, actor: Actor, row: BorrowedSite, values: dict[str, Any]) -> None:
    """R85, E102: the organisation alone, in the scheduling window, at a site approved for the certificate."""
    if actor.kind not in ("organisation", "job"):
        raise Refused("borrowed.organisation", "借考站点由考核单位分配")
    plan = session.get_one(ExamPlan, row.plan_id)
    _require_window(plan)
    _require_certificate(session, plan, row.certificate_id)
    site = session.get(ExamSite, row.site_id)
    if site is None or site.organisation_id != plan.organisation_id:
        raise DomainError("borrowed.site", "没有找到该站点", "site_id")
    if site.school_id == row.guest_school_id:
        raise DomainError("borrowed.own", "借考院校不能是站点所属院校", "guest_school_id")
    approved = sa.select(ExamSiteCertificate.id).where(
        ExamSiteCertificate.site_id == site.id,
        ExamSiteCertificate.certificate_id == row.certificate_id,
        ExamSiteCertificate.approved_at.is_not(None),
    )
    if not site.usable or session.scalar(approved) is None:
        raise DomainError("borrowed.site", f"站点“{site.name}”未通过该证书的审批", "site_id")


@after_save(BorrowedSite)
def _tell_both(session: Session, actor: Actor, row: BorrowedSite, values: dict[str, Any]) -> None:
    session.refresh(row)
    plan = session.get_one(ExamPlan, row.plan_id)
    body = f"{row.guest_school_name}的考生(至多{row.places}人)在“{row.site_name}”参加“{plan.name}”"
    for school_id in (row.guest_school_id, row.host_school_id):
        notify.message(session, "借考安排", body, link="/console/borrowed_site/", school_id=school_id)


@before_delete(BorrowedSite)
def _grant_goes(session: Session, actor: Actor, row: BorrowedSite) -> None:
    _require_window(session.get_one(ExamPlan, row.plan_id))
    seated = sa.select(SeatAssignment.id).where(
        SeatAssignment.plan_id == row.plan_id,
        SeatAssignment.site_id == row.site_id,
        SeatAssignment.school_id == row.guest_school_id,
        SeatAssignment.certificate_id == row.certificate_id,
    )
    if session.scalar(seated.limit(1)) is not None:
        raise Conflict("borrowed.seated", f"{row.guest_school_name}已有考生排在该站点,请先撤销排考")


@editable_when(BorrowedSite)
def _grant_open(row: BorrowedSite) -> bool:
    return row.plan.holds("scheduling", clock.now())


# Asking


@before_save(BorrowRequest)
def _may_ask(session: Session, actor: Actor, row: BorrowRequest, values: dict[str, Any]) -> None:
    plan = session.get_one(ExamPlan, row.plan_id)
    if plan.state is not PlanState.PUBLISHED or clock.now() >= plan.scheduling_to:
        raise Conflict("borrow.closed", "该计划的排考已结束,不能再申请借考")
    pilot.require_pilot(session, row.school_id, plan.exam_year)
    _require_certificate(session, plan, row.certificate_id)


@after_save(BorrowRequest)
def _tell_organisation(session: Session, actor: Actor, row: BorrowRequest, values: dict[str, Any]) -> None:
    session.refresh(row)
    plan = session.get_one(ExamPlan, row.plan_id)
    notify.message(
        session,
        f"{row.school_name}申请借考",
        f"“{plan.name}”{row.places}人:{row.reason}",
        kind=MessageKind.TODO,
        link=f"/console/borrow_request/{row.id}",
        organisation_id=row.organisation_id,
    )


@editable_when(BorrowRequest)
def _undecided(row: BorrowRequest) -> bool:
    return row.state is BorrowState.PENDING


def _sites_to_lend(session: Session) -> list[tuple[str, str]]:
    rows = session.scalars(
        sa.select(ExamSite)
        .where(ExamSite.approved_at.is_not(None), ExamSite.state != SiteState.DISABLED)
        .order_by(ExamSite.site_code)
    )
    return [(str(row.id), f"{row.site_code} {row.name}({row.school_name})") for row in rows]


@move(
    BorrowRequest,
    "assign",
    on="one",
    order=20,
    primary=True,
    when=lambda row: _undecided(row) and row.plan.holds("scheduling", clock.now()),
    asks=(
        Ask("site_id", "考核站点", None, options=_sites_to_lend),
        Ask("places", "人数", Int(1, 99999), required=False, help="留空即申请的人数"),
    ),
)
def _assign(
    session: Session, actor: Actor, rows: list[BorrowRequest], site_id: str, places: int | None = None
) -> str:
    site = formats.row_id(site_id)
    if site is None:
        raise DomainError("borrowed.site", "没有找到该站点", "site_id")
    grant = assign(session, actor, rows[0], site, places)
    return f"已将{rows[0].school_name}分配到“{grant.site_name}”"


def assign(
    session: Session, actor: Actor, request: BorrowRequest, site_id: int, places: int | None = None
) -> BorrowedSite:
    """待处理 → 已分配: a grant of places at a site (3.4)."""
    if request.state is not BorrowState.PENDING:
        raise Conflict("borrow.decided", f"该申请{request.state.label},不能再分配")
    plan = session.get_one(ExamPlan, request.plan_id)
    grant = session.scalars(
        sa.select(BorrowedSite).where(
            BorrowedSite.plan_id == plan.id,
            BorrowedSite.guest_school_id == request.school_id,
            BorrowedSite.certificate_id == request.certificate_id,
            BorrowedSite.site_id == site_id,
        )
    ).one_or_none() or BorrowedSite(
        plan_id=plan.id, guest_school_id=request.school_id, certificate_id=request.certificate_id, site_id=site_id,
        organisation_id=plan.organisation_id, places=0,
    )  # fmt: skip
    grant.places += places or request.places
    _may_lend(session, actor, grant, {})
    session.add(grant)
    session.flush()
    _tell_both(session, actor, grant, {})
    request.state = BorrowState.ASSIGNED
    request.answer = f"分配到“{grant.site_name}”,{places or request.places}人"
    session.flush()
    return grant


def _require_window(plan: ExamPlan) -> None:
    if not plan.holds("scheduling", clock.now()):
        raise Conflict("scheduling.window", "不在排考时间内,不能调整借考安排")


def _require_certificate(session: Session, plan: ExamPlan, certificate_id: int) -> None:
    found = sa.select(PlanCertificate.id).where(
        PlanCertificate.plan_id == plan.id, PlanCertificate.certificate_id == certificate_id
    )
    if session.scalar(found) is None:
        raise DomainError("plan.certificate", "该证书不在所选的考试计划内", "certificate_id")
