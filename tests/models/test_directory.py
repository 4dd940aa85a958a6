"""Schools and their directory rows (R10, R136)."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, ProgrammingError

from models.directory import Organisation, School, SchoolDirectory
from tests.models.world import BEIJING, ORGANISATION, QINGDAO, SHANDONG, found


def test_a_school_has_name_code_and_province_from_its_directory_row(as_: Any) -> None:
    found(as_)
    with as_(QINGDAO) as db:
        school = db.get(School, 11)
        assert (school.name, school.school_code, school.province_id) == ("青岛学院", "4137010028", 2)


def test_a_school_sees_only_itself_and_its_own_entry_of_the_directory(as_: Any) -> None:
    found(as_)
    with as_(QINGDAO) as db:
        assert db.get(School, 10) is None
        assert [row.name for row in db.scalars(sa.select(SchoolDirectory))] == ["青岛学院"]


def test_an_organisation_knows_schools_by_the_directory_alone(as_: Any) -> None:
    found(as_)
    with as_(ORGANISATION) as db:
        assert db.get(School, 11) is None
        assert db.get(SchoolDirectory, 11).name == "青岛学院"


def test_a_school_can_neither_rename_itself_nor_give_itself_a_platform_number(as_: Any) -> None:
    found(as_)
    for column, value in (("name", "北京大学"), ("platform_number", "537001")):
        with as_(QINGDAO) as db, pytest.raises(ProgrammingError, match="permission denied"):
            db.execute(sa.text(f"update school set {column} = :value"), {"value": value})


def test_the_city_of_a_school_is_of_its_province(as_: Any) -> None:
    found(as_)
    with as_(QINGDAO) as db, pytest.raises(IntegrityError):
        db.execute(sa.update(School).values(city_id=1))


def test_a_province_gives_numbers_to_its_own_schools_only(as_: Any) -> None:
    found(as_)
    with as_(SHANDONG) as db:
        assert db.execute(sa.update(School).values(platform_number="537001")).rowcount == 1
        db.commit()
    with as_(BEIJING) as db:
        assert db.get(School, 10).platform_number is None


def test_basics_are_complete_only_with_every_required_field(as_: Any) -> None:
    found(as_)
    with as_(QINGDAO) as db, pytest.raises(IntegrityError, match="ck_school_rule"):
        db.execute(sa.update(School).values(basics_completed=True))


def test_every_school_can_read_an_organisation_and_none_can_change_it(as_: Any) -> None:
    found(as_)
    with as_(QINGDAO) as db:
        assert db.get(Organisation, 5).name == "评价组织"
        with pytest.raises(ProgrammingError, match="permission denied"):
            db.execute(sa.update(Organisation).values(schedule_unpaid=False))
