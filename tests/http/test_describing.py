"""`flask panel describe` and `flask panel roles` say what follows from the declarations."""

from __future__ import annotations

import pytest
from click.testing import CliRunner
from flask import Flask

from app.access.roles import ROLES
from app.panel.describing import describe, roles
from models.kit import declared_models


@pytest.mark.parametrize("name", ["Subject", "subject", "考试科目"])
def test_a_declaration_is_described_by_any_of_its_names(app: Flask, name: str) -> None:
    told = CliRunner().invoke(describe, [name]).output
    for part in (
        "考试科目  Subject  (table subject)", "subject_code", "编码(6)", "COMPUTER 机考", "已启用 → 已停用", "check full_mark",
        "columns: subject_code, name", "tabs: 全部, 已启用, 已停用", "import subject (subject:import): 科目编号*",
        "考试管理/考试科目: ", "/desk/subject/", "/api/v1/subject/{key}", "edit     organisation.principal",
        "create policy organisation_1 on subject", "grant insert on subject to panel_organisation",
        "create trigger c_flow_state", "app.services.certificates._subject_group",
    ):  # fmt: skip
        assert part in told, part


def test_every_declaration_can_be_described(app: Flask) -> None:
    for model in declared_models():
        told = CliRunner().invoke(describe, [model.__name__])
        assert told.exit_code == 0, (model, told.exception)
        assert all(column.name in told.output for column in model.__table__.c if "field" in column.info)


def test_an_unknown_name_is_told_the_nearest(app: Flask) -> None:
    told = CliRunner().invoke(describe, ["Subj"])
    assert told.exit_code != 0 and "Subject" in told.output


def test_the_roles_are_listed_with_their_permissions(app: Flask) -> None:
    told = CliRunner().invoke(roles).output
    assert all(f"{role}  " in told for role in ROLES)
    one = CliRunner().invoke(roles, ["organisation.clerk"]).output
    assert all(table in one for table in ROLES["organisation.clerk"]) and "school.manager" not in one
    line = next(line for line in one.splitlines() if line.split()[0] == "score")
    assert ROLES["organisation.clerk"]["score"] <= set(line.split())
    assert CliRunner().invoke(roles, ["nobody"]).exit_code != 0
