"""The importer every table gets from its declaration: upsert by its unique key, tried for real in the dry run."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from app.access.actor import JOB, Actor
from app.jobs.running import run_pending
from app.services import actions, imports
from app.services.errors import DomainError, NotFound
from app.services.logins import actor_of
from models.accounts import Role
from models.certificates import Certificate, Subject
from models.directory import SchoolDirectory
from models.jobs import JobState
from tests import factories

SUBJECT = ["科目编号", "科目名称", "考试方式", "考核证书"]
DIRECTORY = ["院校代码", "院校名称", "院校类型", "省份", "地市"]


@pytest.fixture
def operator(as_: Any, manager: Any) -> Actor:
    """The platform's operator, who keeps the directory."""
    with as_() as db:
        made = actor_of(factories.account(db, Role.PLATFORM_OPERATOR))
        db.commit()
    return made


def directory(code: str, name: str, **other: Any) -> list[Any]:
    values = {
        "院校代码": code,
        "院校名称": name,
        "院校类型": "本科院校",
        "省份": "山东省",
        "地市": "青岛市",
        **other,
    }
    return [values[label] for label in DIRECTORY]


@pytest.fixture
def load(operator: Any, upload: Any, factory: Any, see: Any) -> Any:
    def loaded(*rows: list[Any]) -> Any:
        labels = imports.importer_named("school_directory", "school_directory").sheet
        kinds = {column.label: column for column in labels.columns}
        assert set(DIRECTORY) <= set(kinds)
        job_id = upload(operator, rows, labels=DIRECTORY, table="school_directory")
        run_pending(factory)
        return see(job_id)

    return loaded


def schools(as_: Any) -> list[tuple[Any, ...]]:
    shown = (SchoolDirectory.school_code, SchoolDirectory.name, SchoolDirectory.city_id)
    with as_(JOB) as db:
        return [tuple(row) for row in db.execute(sa.select(*shown).order_by(SchoolDirectory.school_code))]


def test_new_rows_are_added_existing_ones_changed_and_equal_ones_left_alone(
    as_: Any, operator: Any, load: Any, confirm: Any
) -> None:
    job = load(
        directory("4137010029", "烟台学院"),
        directory("4137010028", "青岛学院", 地市="济南市", 院校类型=kind_of(as_, "4137010028")),
        directory(
            "4111010028", "北京学院", 省份="北京市", 地市="北京市", 院校类型=kind_of(as_, "4111010028")
        ),
    )
    assert job.counts == {"new": 1, "changed": 1, "unchanged": 1}
    confirm(operator, job.id)
    assert schools(as_) == [
        ("4111010028", "北京学院", 1),
        ("4137010028", "青岛学院", 3),
        ("4137010029", "烟台学院", 2),
    ]
    again = load(directory("4137010029", "烟台学院"))
    assert (again.state, again.counts) == (JobState.DONE, {"unchanged": 1})


def kind_of(as_: Any, code: str) -> str:
    with as_(JOB) as db:
        return str(
            db.scalar(sa.select(SchoolDirectory.kind).where(SchoolDirectory.school_code == code)).label
        )


def test_a_word_that_names_no_row_and_a_value_the_type_refuses_are_told(load: Any) -> None:
    job = load(directory("4137010029", "烟台学院", 省份="齐国"), directory("413701002", "威海学院"))
    assert [reason for _, _, reason in job.errors] == ["省份“齐国”不存在", "院校代码应为10位"]


def test_what_the_database_would_refuse_is_found_in_the_dry_run_and_only_that_row_is_wrong(
    as_: Any, load: Any
) -> None:
    before = schools(as_)
    job = load(
        directory("4137010029", "青岛学院"),
        directory("4137010031", "威海学院"),
        directory("4137010032", "威海学院"),
    )
    assert job.errors == [[2, "", "院校名录已存在"], [4, "", "与第3行重复"]]
    assert schools(as_) == before


def test_a_rule_of_a_service_refuses_rows_as_it_refuses_a_form(as_: Any, load: Any, monkeypatch: Any) -> None:
    def rule(session: Any, actor: Any, row: Any, values: Any) -> None:
        if row.name == "威海学院":
            raise DomainError("no", "威海学院已合并", "name")

    monkeypatch.setattr(actions.hooks_of(SchoolDirectory), "prepare", [rule])
    job = load(directory("4137010029", "烟台学院"), directory("4137010031", "威海学院"))
    assert job.errors == [[3, "院校名称", "院校名称:威海学院已合并"]]
    assert job.counts == {"new": 1, "refused": 1}


def test_e73_codes_keep_their_leading_zeros(
    as_: Any, factory: Any, upload: Any, see: Any, confirm: Any, manager: Any
) -> None:
    with as_() as db:
        clerk = actor_of(factories.account(db, Role.ORGANISATION_MANAGER, organisation_id=5))
        mode = Subject.__table__.c.mode.info["field"].type.choices
        db.commit()
    rows = [["098694", "Python基础", next(iter(mode)).label, "Python程序开发"]]
    job_id = upload(clerk, rows, labels=SUBJECT, table="subject")
    run_pending(factory)
    job = see(job_id)
    assert job.state is JobState.READY, (job.error, job.errors)
    confirm(clerk, job_id)
    with as_(JOB) as db:
        assert db.scalars(sa.select(Subject.subject_code)).all() == ["098694"]
        assert db.scalars(sa.select(Certificate.organisation_id)).all() == [5]


def test_a_table_without_import_columns_has_no_importer() -> None:
    with pytest.raises(NotFound):
        imports.importer_named("review", "review")
