"""Two provinces, two schools and an organisation with one enabled certificate: enough for the walls to matter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from app.access.actor import AUTH, Actor
from models.certificates import Certificate, CertificateState, Level
from models.directory import Organisation, School, SchoolDirectory, SchoolKind
from models.regions import City, Province

PLATFORM = Actor("platform", role="platform.operator")
SHANDONG = Actor("province", tenant=2, role="province.principal")
QINGDAO_CITY = Actor("city", tenant=2, role="city.principal")
QINGDAO = Actor("school", tenant=11, role="school.principal")
BEIJING = Actor("school", tenant=10, role="school.principal")
ORGANISATION = Actor("organisation", tenant=5, role="organisation.principal")
PUBLIC = Actor("public", role="public")


def found(as_: Callable[..., Any]) -> None:
    """Put them into the database of this test."""
    with as_(PLATFORM) as db:
        db.add_all(
            [Province(id=1, code="110000", name="北京市"), Province(id=2, code="370000", name="山东省")]
        )
        db.flush()
        db.add_all(
            [
                City(id=1, province_id=1, code="110100", name="北京市"),
                City(id=2, province_id=2, code="370200", name="青岛市"),
                City(id=3, province_id=2, code="370100", name="济南市"),
            ]
        )
        db.flush()
        db.add_all(
            [
                SchoolDirectory(
                    id=10,
                    school_code="4111010028",
                    name="北京学院",
                    kind=SchoolKind.UNDERGRADUATE,
                    province_id=1,
                    city_id=1,
                ),
                SchoolDirectory(
                    id=11,
                    school_code="4137010028",
                    name="青岛学院",
                    kind=SchoolKind.VOCATIONAL,
                    province_id=2,
                    city_id=2,
                ),
                Organisation(
                    id=5,
                    code="600031",
                    name="评价组织",
                    contact_name="张三",
                    contact_mobile="13800000000",
                    contact_email="a@example.cn",
                ),
            ]
        )
        db.flush()
        db.add(
            Certificate(
                id=1,
                organisation_id=5,
                code="1001",
                name="Python程序开发",
                level=Level.MIDDLE,
                state=CertificateState.ENABLED,
            )
        )
        db.commit()
    with as_(AUTH) as db:
        db.add(School(directory_id=10, contact_mobile="13900000010", city_id=1))
        db.add(School(directory_id=11, contact_mobile="13900000011", city_id=2))
        db.commit()
