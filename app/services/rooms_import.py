"""Rooms by the sheet (6.2 考场): 计划编号, 站点代码, 考场名称, 考场类型, 座位数, 区域, 详细地址, 考试的证书."""

from __future__ import annotations

import re
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.services import rooms
from app.services.imports import Context, Importer, expect, register
from app.services.staging import Row, Staged
from app.sheets.spec import SheetColumn, SheetSpec
from models.certificates import ExamMode
from models.kit import Text, formats
from models.plans import ExamPlan
from models.regions import City, County, Province
from models.sites import ExamSite, ExamSiteCertificate, Room, RoomCertificate, Venue, room_name

SHEET = SheetSpec(
    "room",
    "考场",
    (
        SheetColumn("plan_code", "计划编号", "code", True, sample="K202005229994"),
        SheetColumn("site_code", "站点代码", "code", True, sample="15003"),
        SheetColumn("name", "考场名称", required=True, help="写明机房、教室或车间", sample="13号机房"),
        SheetColumn(
            "kind", "考场类型", "choice", True, tuple(mode.label for mode in ExamMode), sample="机考"
        ),
        SheetColumn("seats", "座位数", "integer", True, help="1–1000", sample="30"),
        SheetColumn("province", "省", help="省、市、区县留空即与站点相同"),
        SheetColumn("city", "市"),
        SheetColumn("county", "区县"),
        SheetColumn(
            "address",
            "详细地址",
            required=True,
            help="精确到门牌号",
            sample="市南区一号路1号实训楼三层",
            width=30,
        ),
        SheetColumn("certificates", "考试的证书", help="多个证书用顿号隔开,留空即站点的全部证书", width=30),
    ),
    notes=("一行一个考场;考场类型与科目的考试方式一致才能排考。",),
)
_LABELS = {column.name: column.label for column in SHEET.columns}
_SEPARATORS = re.compile(r"[、,,;;\n]+")


def _seats(value: Any) -> int:
    if not str(value).isdecimal() or not 1 <= int(value) <= 1000:
        raise formats.FormatError("座位数应为1–1000")
    return int(value)


def _check(session: Session, actor: Actor, rows: list[Row], context: Context) -> None:
    plans = _by(session, ExamPlan, ExamPlan.plan_code, {row.values["plan_code"] for row in rows})
    sites = _by(session, ExamSite, ExamSite.site_code, {row.values["site_code"] for row in rows})
    named = _named(session, {plan.id for plan in plans.values()})
    certificates = _site_certificates(session, [site.id for site in sites.values()])
    places = _Places(session, rows)
    for row in rows:
        plan, site = plans.get(row.values["plan_code"]), sites.get(row.values["site_code"])
        if plan is None or site is None:
            label = _LABELS["plan_code" if plan is None else "site_code"]
            row.refuse("考试计划不存在或未发布" if plan is None else "站点不存在", label)
            continue
        if problem := rooms.refusal(plan, site):
            row.refuse("站点未通过审批" if problem == rooms.NOT_APPROVED else problem)
        _check_certificates(row, certificates.get(site.id, {}))
        places.check(row, site)
        row.values |= {
            "plan_id": plan.id,
            "site_id": site.id,
            "kind": ExamMode.by_label(row.values["kind"] or ""),
        }
        _check_name(row, named.get((plan.id, row.values["name"]), []))


def _by(session: Session, model: Any, column: Any, codes: set[Any]) -> dict[str, Any]:
    rows = session.scalars(sa.select(model).where(column.in_({code for code in codes if code})))
    return {getattr(row, column.key): row for row in rows.unique()}


def _named(session: Session, plan_ids: set[int]) -> dict[tuple[int, str], list[Room]]:
    found: dict[tuple[int, str], list[Room]] = {}
    for room in session.scalars(sa.select(Room).where(Room.plan_id.in_(plan_ids))):
        found.setdefault((room.plan_id, room.name), []).append(room)
    return found


def _site_certificates(session: Session, site_ids: list[int]) -> dict[int, dict[str, int]]:
    found: dict[int, dict[str, int]] = {}
    rows = session.scalars(sa.select(ExamSiteCertificate).where(ExamSiteCertificate.site_id.in_(site_ids)))
    for row in rows:
        found.setdefault(row.site_id, {})[formats.half_width(row.certificate_name)] = row.id
    return found


def _check_certificates(row: Row, known: dict[str, int]) -> None:
    words = [word.strip() for word in _SEPARATORS.split(row.values.get("certificates") or "") if word.strip()]
    keys = [known.get(formats.half_width(word)) for word in words]
    for word, key in zip(words, keys, strict=True):
        if key is None:
            row.refuse(f"站点没有申请“{word}”", _LABELS["certificates"])
    row.values["certificate_ids"] = sorted({key for key in keys if key is not None})


def _check_name(row: Row, same: list[Room]) -> None:
    """The same room again is nothing new; another of its name is refused."""
    for room in same:
        if room.site_id != row.values["site_id"]:
            row.refuse(
                f"同名考场已设置在“{room.site_name}”,不同楼宇的同名考场请在页面上填写楼宇", _LABELS["name"]
            )
        elif all(getattr(room, name) == row.values[name] for name in ("kind", "seats", "address")):
            row.unchanged(room.id)
        else:
            row.refuse("考场名称重复", _LABELS["name"])


class _Places:
    """省, 市, 区县 by name, each within the one before."""

    def __init__(self, session: Session, rows: list[Row]) -> None:
        names = {
            name: {row.values.get(name) for row in rows} - {None} for name in ("province", "city", "county")
        }
        self.provinces = dict(
            session.execute(
                sa.select(Province.name, Province.id).where(Province.name.in_(names["province"]))
            ).all()
        )
        self.cities = list(session.scalars(sa.select(City).where(City.name.in_(names["city"]))))
        self.counties = list(session.scalars(sa.select(County).where(County.name.in_(names["county"]))))

    def check(self, row: Row, site: ExamSite) -> None:
        province, city, county = (row.values.get(name) for name in ("province", "city", "county"))
        found_city, found_county = site.place_city_id, site.county_id
        if city:
            fit = [one for one in self.cities if one.name == city and self._in_province(one, province)]
            found_city, found_county = (fit[0].id if len(fit) == 1 else 0), None
            if not found_city:
                row.refuse(f"没有找到“{city}”,请同时填写省", _LABELS["city"])
        if county:
            near = [one for one in self.counties if one.name == county and one.city_id == found_city]
            found_county = near[0].id if near else None
            if not near:
                row.refuse(f"没有找到“{county}”", _LABELS["county"])
        row.values |= {"place_city_id": found_city or None, "county_id": found_county}

    def _in_province(self, city: City, province: Any) -> bool:
        return not province or city.province_id == self.provinces.get(province)


_COLUMNS = ("plan_id", "site_id", "name", "kind", "seats", "place_city_id", "county_id", "address")


def _apply(session: Session, actor: Actor, staged: Staged) -> None:
    for chunk in staged.rows():
        sites = {row.values["site_id"] for row in chunk}
        school = dict(
            session.execute(sa.select(ExamSite.id, ExamSite.school_id).where(ExamSite.id.in_(sites))).all()
        )
        venues = _venues(session, {(school[row.values["site_id"]], row.values["name"]) for row in chunk})
        made = session.execute(
            sa.insert(Room).returning(Room.id, Room.plan_id, Room.site_id, Room.name, Room.organisation_id),
            [
                {
                    **{name: row.values[name] for name in _COLUMNS},
                    "school_id": school[row.values["site_id"]],
                    "venue_id": venues[school[row.values["site_id"]], row.values["name"]],
                }
                for row in chunk
            ],
        ).all()
        expect(len(made), len(chunk))
        _keep_certificates(session, chunk, made, school)


def _venues(session: Session, wanted: set[tuple[int, str]]) -> dict[tuple[int, str], int]:
    values = [{"school_id": school, "building": "", "name": name} for school, name in sorted(wanted)]
    session.execute(insert(Venue).values(values).on_conflict_do_nothing())
    rows = session.scalars(
        sa.select(Venue).where(Venue.building == "", Venue.name.in_({name for _, name in wanted}))
    )
    return {(row.school_id, row.name): row.id for row in rows}


def _keep_certificates(session: Session, chunk: list[Row], made: Any, school: dict[int, int]) -> None:
    rooms_made = {(row.plan_id, row.site_id, row.name): row for row in made}
    values = []
    for row in chunk:
        room = rooms_made[row.values["plan_id"], row.values["site_id"], row.values["name"]]
        values += [
            {
                "room_id": room.id, "site_certificate_id": key, "site_id": room.site_id,
                "school_id": school[room.site_id], "organisation_id": room.organisation_id,
            }
            for key in row.values["certificate_ids"]
        ]  # fmt: skip
    if values:
        session.execute(sa.insert(RoomCertificate), values)
        rooms.note_certificates(session, [room.id for room in made])


importer = register(
    Importer(
        table="room",
        name="room",
        label="考场",
        sheet=SHEET,
        check=_check,
        apply=_apply,
        clean={
            "name": Text(50, check=room_name).normalise,
            "address": Text(200, least=2).normalise,
            "seats": _seats,
        },
        key=("plan_code", "name"),
        hints=SHEET.notes,
    )
)
