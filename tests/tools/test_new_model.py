"""`make new-model` gives a start that declares a table as it stands."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools import new_model

ROOT = Path(__file__).resolve().parents[2]
DECLARE = """
import models
from sqlalchemy.orm import configure_mappers
configure_mappers()
from models.exam_kit import ExamKit
print(ExamKit.__tablename__, ExamKit.panel.scope.columns())
"""


@pytest.fixture
def schema(tmp_path: Path) -> Path:
    """A copy of models/ that may be written to."""
    return Path(
        shutil.copytree(ROOT / "models", tmp_path / "models", ignore=shutil.ignore_patterns("__pycache__"))
    )


def test_the_start_is_declared_with_the_schema_and_says_what_to_do_next(schema: Path) -> None:
    told = new_model.main("ExamKit", schema)
    environment = {**os.environ, "PYTHONPATH": str(schema.parent)}
    answer = subprocess.run(
        [sys.executable, "-c", DECLARE], cwd=schema.parent, env=environment, capture_output=True, text=True
    )
    assert answer.stdout == "exam_kit {'school_id'}\n", answer.stderr
    assert "exam_kit: list add edit delete" in told


def test_the_start_is_written_as_the_house_writes(schema: Path) -> None:
    new_model.main("ExamKit", schema)
    for check in (["check"], ["format", "--check"]):
        written = [str(schema / "exam_kit.py"), str(schema / "__init__.py")]
        command = [sys.executable, "-m", "ruff", *check, "--config", str(ROOT / "pyproject.toml"), *written]
        answer = subprocess.run(command, cwd=schema.parent, capture_output=True, text=True)
        assert answer.returncode == 0, answer.stdout


@pytest.mark.parametrize("name", ["", "equipment", "Exam Kit", "考试设备"])
def test_what_is_no_class_name_is_refused(schema: Path, name: str) -> None:
    with pytest.raises(SystemExit):
        new_model.main(name, schema)


def test_a_file_that_is_there_is_never_written_over(schema: Path) -> None:
    new_model.main("ExamKit", schema)
    with pytest.raises(SystemExit):
        new_model.main("ExamKit", schema)
