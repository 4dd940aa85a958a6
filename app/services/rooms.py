"""Rooms of a site, set for each plan anew or taken over from an earlier one (R79–R82, R87; E95–E97)."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.services.actions import Ask, action, after_save, before_delete, before_save, editable_when
from app.services.completeness import at_commit
from app.services.errors import Conflict, DomainError
from models.kit import clock, formats
from models.plans import ExamPlan, PlanState
from models.sites import (
    ExamSite,
    ExamSiteCertificate,
    Room,
    RoomCertificate,
    SiteState,
    Venue,
)

NOT_APPROVED = "站点未通过审批,不能设置考场"


@before_save(Room)
def _may_set(session: Session, actor: Actor, row: Room, values: dict[str, Any]) -> None:
    """R79, E95: an approved site of the plan's organisation, while the plan's exams are to come."""
    with session.no_autoflush:  # what is asked of the database here comes before what would be written
        _check_and_complete(session, row)


def _check_and_complete(session: Session, row: Room) -> None:
    site, plan = session.get_one(ExamSite, row.site_id), session.get_one(ExamPlan, row.plan_id)
    if problem := refusal(plan, site):
        raise DomainError("room.site", problem, "site_id")
    if not sa.inspect(row).transient:
        _require_unused(session, row)
    row.school_id, row.organisation_id = site.school_id, site.organisation_id
    row.place_city_id = row.place_city_id or site.place_city_id
    if row.county_id is None and row.place_city_id == site.place_city_id:
        row.county_id = site.county_id
    row.venue_id = venue(session, site.school_id, row.building or "", row.name)
    _require_venue_free(session, row)


def refusal(plan: ExamPlan, site: ExamSite) -> str:
    """Why no room may be set for the plan at the site; empty if it may."""
    if not site.usable:
        return NOT_APPROVED
    if plan.organisation_id != site.organisation_id:
        return "站点的考核单位与考试计划不同"
    if plan.state is not PlanState.PUBLISHED or clock.now() >= plan.exam_to:
        return "考试计划未发布或考试已结束"
    return ""


def venue(session: Session, school_id: int, building: str, name: str) -> int:
    """The physical room behind the plans' rooms of one name and building, made when it is first used (3.4)."""
    keys = Venue.school_id == school_id, Venue.building == building, Venue.name == name
    made = insert(Venue).values(school_id=school_id, building=building, name=name).on_conflict_do_nothing()
    session.execute(made)
    return int(session.scalars(sa.select(Venue.id).where(*keys)).one())


def _require_venue_free(session: Session, row: Room) -> None:
    others = sa.select(Room.name, Room.site_name).where(
        Room.plan_id == row.plan_id, Room.venue_id == row.venue_id, Room.id != (row.id or 0)
    )
    other = session.execute(others).first()
    if other is not None and other.site_name is not None:
        message = f"本计划已设置同一物理考场“{other.name}”({other.site_name});不同楼宇的同名考场请填写楼宇"
        raise DomainError("room.venue", message, "building")


def _require_unused(session: Session, row: Room) -> None:
    """E97, 4.9: what is scheduled stays true; what is published is on the tickets."""
    use = session.execute(
        sa.text("select seated, scheduled, published from panel_room_use(:room)"), {"room": row.id}
    ).one()
    changed = {
        name for name in ("name", "kind", "address") if sa.inspect(row).attrs[name].history.has_changes()
    }
    if row.seats is not None and row.seats < use.seated:
        raise DomainError("room.seats", f"已安排到{use.seated}号座位,座位数不能少于{use.seated}", "seats")
    if use.scheduled and "kind" in changed:
        raise DomainError("room.kind", "考场已安排考试,不能修改考场类型", "kind")
    if use.published and changed & {"name", "address"}:
        field = "name" if "name" in changed else "address"
        raise DomainError("room.published", "排考已发布,准考证上的考场名称和地址不能修改", field)


@after_save(Room)
def _with_certificates(session: Session, actor: Actor, row: Room, values: dict[str, Any]) -> None:
    room_id = row.id
    at_commit(session, lambda committing: note_certificates(committing, [room_id]))


def note_certificates(session: Session, room_ids: list[int]) -> None:
    """The names shown in lists: those the room is kept for, nothing if for all (R87)."""
    names = (
        sa.select(sa.func.left(sa.func.string_agg(RoomCertificate.certificate_name, "、"), 300))
        .where(RoomCertificate.room_id == Room.id)
        .scalar_subquery()
    )
    session.execute(
        sa.update(Room)
        .where(Room.id.in_(room_ids), Room.certificate_names.is_distinct_from(names))
        .values(certificate_names=names)
        .execution_options(synchronize_session=False)
    )


@before_save(RoomCertificate)
def _of_the_site(session: Session, actor: Actor, row: RoomCertificate, values: dict[str, Any]) -> None:
    room = session.get_one(Room, row.room_id)
    certificate = session.get(ExamSiteCertificate, row.site_certificate_id)
    if certificate is None or certificate.site_id != room.site_id:
        raise DomainError("room.certificate", "只能选择该站点已申请的证书", "site_certificate_id")


@before_delete(Room)
def _room_goes(session: Session, actor: Actor, row: Room) -> None:
    use = session.execute(sa.text("select scheduled from panel_room_use(:room)"), {"room": row.id}).one()
    if use.scheduled:
        raise Conflict("room.used", f"考场“{row.name}”已安排考试,不能删除")


@editable_when(Room)
def editable(room: Room) -> bool:
    return clock.now() < room.plan.exam_to


# 沿用历史考场


def _plans(session: Session) -> list[tuple[str, str]]:
    rows = session.scalars(
        sa.select(ExamPlan)
        .where(ExamPlan.state == PlanState.PUBLISHED, ExamPlan.exam_to > clock.now())
        .order_by(ExamPlan.exam_from.desc())
        .limit(200)
    )
    return [(str(row.id), f"{row.plan_code} {row.name}") for row in rows]


def _sites(session: Session) -> list[tuple[str, str]]:
    rows = session.scalars(
        sa.select(ExamSite)
        .where(ExamSite.approved_at.is_not(None), ExamSite.state != SiteState.DISABLED)
        .order_by(ExamSite.site_code)
        .limit(200)
    )
    return [(str(row.id), f"{row.site_code} {row.name}") for row in rows]


def _earlier_plans(session: Session) -> list[tuple[str, str]]:
    used = sa.select(Room.plan_id)
    rows = session.scalars(
        sa.select(ExamPlan).where(ExamPlan.id.in_(used)).order_by(ExamPlan.exam_from.desc()).limit(200)
    )
    return [(str(row.id), f"{row.plan_code} {row.name}") for row in rows]


@action(
    Room,
    "copy_rooms",
    "沿用历史考场",
    on="list",
    icon="copy",
    order=10,
    confirm="把该站点以往计划的考场设置到所选计划;同名考场已存在的跳过",
    asks=(
        Ask("plan_id", "考试计划", None, options=_plans),
        Ask("site_id", "站点名称", None, options=_sites),
        Ask("source_id", "沿用的计划", None, required=False, options=_earlier_plans, help="留空即最近一次"),
    ),
)
def _copy(
    session: Session, actor: Actor, rows: list[Room], plan_id: str, site_id: str, source_id: str = ""
) -> str:
    plan, site = _asked(session, ExamPlan, plan_id, "plan_id"), _asked(session, ExamSite, site_id, "site_id")
    added, skipped = copy_rooms(session, plan, site, formats.row_id(source_id))
    return f"已沿用{added}个考场" + (f",跳过已存在的{skipped}个" if skipped else "")


def _asked(session: Session, model: type[Any], key: str, name: str) -> Any:
    chosen = formats.row_id(key)
    row = session.get(model, chosen) if chosen is not None else None
    if row is None:
        raise DomainError("room.copy", "没有找到所选的数据,请重新选择", name)
    return row


def copy_rooms(
    session: Session, plan: ExamPlan, site: ExamSite, source_id: int | None = None
) -> tuple[int, int]:
    """The rooms of an earlier plan of the same site, with their certificates (R80): (added, skipped).

    What the plan already has by name or by physical room is skipped, so a second run adds nothing (E96).
    """
    if problem := refusal(plan, site):
        raise DomainError("room.site", problem, "site_id")
    source = source_id or session.scalar(
        sa.select(Room.plan_id)
        .join(ExamPlan, ExamPlan.id == Room.plan_id)
        .where(Room.site_id == site.id, Room.plan_id != plan.id)
        .order_by(ExamPlan.exam_from.desc(), ExamPlan.id.desc())
        .limit(1)
    )
    if source is None or source == plan.id:
        raise DomainError("room.copy", "该站点在以往计划中没有考场,请直接设置", "source_id")
    old = sa.orm.aliased(Room, name="old")
    columns = (
        "site_id", "name", "kind", "seats", "place_city_id", "county_id", "address", "building", "certificate_names",
        "venue_id", "school_id", "organisation_id",
    )  # fmt: skip
    chosen = (old.plan_id == source, old.site_id == site.id)
    known = sa.exists().where(
        Room.plan_id == plan.id,
        sa.or_(sa.and_(Room.site_id == site.id, Room.name == old.name), Room.venue_id == old.venue_id),
    )
    total = session.scalar(sa.select(sa.func.count()).select_from(old).where(*chosen)) or 0
    added = session.execute(
        sa.insert(Room)
        .from_select(
            ["plan_id", "copied_from_id", *columns],
            sa.select(sa.literal(plan.id), old.id, *(getattr(old, name) for name in columns))
            .where(*chosen, ~known)
            .order_by(old.id),
        )
        .returning(Room.id)
    ).all()
    new = sa.orm.aliased(Room, name="new")
    session.execute(
        sa.insert(RoomCertificate).from_select(
            ["room_id", "site_certificate_id", "site_id", "school_id", "organisation_id"],
            sa.select(
                new.id, RoomCertificate.site_certificate_id, new.site_id, new.school_id, new.organisation_id
            )
            .join(new, new.copied_from_id == RoomCertificate.room_id)
            .where(new.id.in_([row.id for row in added])),
        )
    )
    return len(added), total - len(added)
