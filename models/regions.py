"""Administrative divisions; a province and a city bureau are tenants too (行政区划; 省厅, 地市局). 3.1."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Mapped

from models.kit import (
    Code,
    Declared,
    Panel,
    Scope,
    Text,
    change,
    field,
    filtered,
    fixed,
    hidden,
    imported,
    listed,
    read,
    reference,
    searched,
    unique,
    write,
)
from models.kit.scope import KINDS

# Names of places are no secret: portal, registration form and every console read them.
_READERS: dict[str, Any] = {kind: read() for kind in KINDS if kind not in ("platform", "job")}
_CODE_HELP = "六位行政区划代码"


class Province(Declared):
    """A province: a division, and the education authority that alone decides on quotas (省厅). R33."""

    code: Mapped[str] = field(
        "区划代码", Code(6), listed, searched, unique, fixed, imported, help=_CODE_HELP, sample="110000"
    )
    name: Mapped[str] = field("省份", Text(30), listed, searched, unique, imported, sample="北京市")
    authority: Mapped[str | None] = field(
        "省教育行政部门", Text(60), listed, imported, sample="北京市教育委员会"
    )
    contact_name: Mapped[str | None] = field(
        "项目联系人", Text(50, 2), listed, help="院校名录有误时院校找的联系人"
    )
    contact_phone: Mapped[str | None] = field("联系电话", Text(30), listed)

    panel = Panel(
        "省份",
        menu="系统管理/行政区划",
        icon="map",
        order=70,
        sort="code",
        scope=Scope(
            **{
                **_READERS,
                "platform": write(),
                "province": (read(), change("id", "authority", "contact_name", "contact_phone")),
            }
        ),
        children=("city",),
        checks=(("code ~ '^[1-9][0-9]0000$'", "省级区划代码为六位数字,后四位为0"),),
        empty="还没有行政区划,请导入",
    )

    @property
    def prefix(self) -> str:
        """The two digits of the province inside school codes and platform numbers (R13, R15)."""
        return self.code[:2]


class City(Declared):
    """A city: a division, and the bureau that reviews first where a batch asks for it (地市局). 4.3."""

    province_id: Mapped[int] = reference("省份", "province", listed, filtered, imported, fixed)
    code: Mapped[str] = field(
        "区划代码", Code(6), listed, searched, unique, fixed, imported, help=_CODE_HELP, sample="370200"
    )
    name: Mapped[str] = field("地市", Text(30), listed, searched, imported, sample="青岛市")
    authority: Mapped[str | None] = field("地市级教育局", Text(60), listed, imported)
    contact_name: Mapped[str | None] = field("联系人", Text(50, 2), listed)
    contact_phone: Mapped[str | None] = field("联系电话", Text(30), listed)

    panel = Panel(
        "地市",
        menu="院校管理/地市",
        menus={"province": "", "city": ""},  # a province finds its cities under 地市账号
        icon="building-community",
        order=71,
        sort="code",
        scope=Scope(
            **{
                **_READERS,
                "platform": write(),
                "province": (read(), change("province_id", "authority", "contact_name", "contact_phone")),
                "city": (read(), change("id", "authority", "contact_name", "contact_phone")),
            }
        ),
        children=("county",),
        unique=(("province_id", "name"),),
        checks=(("code ~ '^[1-9][0-9]{5}$'", "区划代码为六位数字"),),
        empty="本省还没有地市,请联系平台运营人员导入行政区划",
    )
    province: Mapped[Province]


class County(Declared):
    """A county or district of a city (区县)."""

    city_id: Mapped[int] = reference("地市", "city", listed, filtered, imported, within=("province_id",))
    province_id: Mapped[int] = reference("省份", "province", hidden, filtered, copied="city_id.province_id")
    code: Mapped[str] = field(
        "区划代码", Code(6), listed, searched, unique, fixed, imported, help=_CODE_HELP, sample="370202"
    )
    name: Mapped[str] = field("区县", Text(30), listed, searched, imported, sample="市南区")

    panel = Panel(
        "区县",
        icon="map-pin",
        order=72,
        sort="code",
        scope=Scope(**{**_READERS, "platform": write()}),
        unique=(("city_id", "name"),),
        checks=(("code ~ '^[1-9][0-9]{5}$'", "区划代码为六位数字"),),
        empty="该地市还没有区县",
    )
    city: Mapped[City]
    province: Mapped[Province]


__all__ = ["City", "County", "Province"]
