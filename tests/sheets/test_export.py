"""Rows out (6.3, E73, E138, formula injection)."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from app.services.errors import DomainError
from app.sheets import export as module
from app.sheets.export import export, safe_text
from app.sheets.reader import read_rows
from app.sheets.spec import Kind
from tests.sheets import forge

COLUMNS: list[tuple[str, Kind]] = [(column.label, column.kind) for column in forge.CANDIDATES.columns]


def sheet_of(path: Path) -> Any:
    return openpyxl.load_workbook(path).worksheets[0]


@pytest.mark.parametrize("text", ["=cmd()", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\nx", "=1", "-"])
def test_e138_text_that_could_be_a_formula_goes_out_with_an_apostrophe_and_as_text(
    tmp_path: Path, text: str
) -> None:
    export([("备注", "text"), ("编号", "code")], [(text, text)], tmp_path / "a.xlsx")
    xml = zipfile.ZipFile(tmp_path / "a.xlsx").read(forge.SHEET)
    assert b"<f" not in xml
    assert safe_text(text) == f"'{text}"
    assert all(str(cell.value).startswith("'") for cell in sheet_of(tmp_path / "a.xlsx")[2])


def test_ordinary_text_goes_out_unchanged() -> None:
    assert [safe_text(text) for text in ("张三", "a=b", "1-2", "", None)] == [
        "张三",
        "a=b",
        "1-2",
        None,
        None,
    ]


def test_what_is_exported_can_be_imported_again(tmp_path: Path) -> None:
    row = (
        "=张三",
        "098694000000000000",
        "本科",
        2020,
        Decimal("85.5"),
        date(2020, 7, 1),
        datetime(2020, 7, 18, 13),
        "-无",
    )
    assert export(COLUMNS, [row], tmp_path / "a.xlsx") == 1
    [part] = read_rows(tmp_path / "a.xlsx", forge.CANDIDATES)
    assert (part[0].cells, part[0].errors) == (row, ())


def test_cells_are_typed_and_codes_are_text(tmp_path: Path) -> None:
    export(
        [("编号", "code"), ("数", "decimal"), ("日", "date"), ("长", "integer"), ("是否", "text")],
        [("098694", Decimal("60.0"), date(2020, 1, 2), 10**17, True)],
        tmp_path / "a.xlsx",
    )
    cells = sheet_of(tmp_path / "a.xlsx")[2]
    assert [cell.value for cell in cells] == ["098694", 60, datetime(2020, 1, 2), "100000000000000000", "是"]
    assert (cells[0].number_format, cells[2].number_format) == ("@", "yyyy-mm-dd")


def test_moments_go_out_in_local_time(tmp_path: Path) -> None:
    export([("时间", "moment")], [(datetime(2020, 7, 18, 5, tzinfo=UTC),)], tmp_path / "a.xlsx")
    assert sheet_of(tmp_path / "a.xlsx")["A2"].value == datetime(2020, 7, 18, 13)


def test_an_empty_result_still_has_its_styled_headers(tmp_path: Path) -> None:
    assert export(COLUMNS, [], tmp_path / "a.xlsx") == 0
    sheet = sheet_of(tmp_path / "a.xlsx")
    assert [cell.value for cell in sheet[1]] == list(forge.LABELS)
    assert sheet["A1"].font.bold
    assert sheet.freeze_panes == "A2"
    assert sheet.max_row == 1


def test_text_longer_than_a_cell_holds_is_cut_visibly(tmp_path: Path) -> None:
    export([("备注", "text")], [("字" * 40_000,)], tmp_path / "a.xlsx")
    value = sheet_of(tmp_path / "a.xlsx")["A2"].value
    assert (len(value), value[-1]) == (32_767, "…")


def test_a_failure_on_the_way_leaves_no_half_file(tmp_path: Path) -> None:
    def rows() -> Iterator[tuple[str]]:
        yield ("甲",)
        raise ConnectionError("the database has gone")

    with pytest.raises(ConnectionError):
        export([("姓名", "text")], rows(), tmp_path / "a.xlsx")
    assert list(tmp_path.iterdir()) == []


def test_more_rows_than_a_sheet_holds_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_ROWS", 10)
    with pytest.raises(DomainError, match="缩小筛选范围"):
        export([("姓名", "text")], (("甲",) for _ in range(11)), tmp_path / "a.xlsx")
    assert list(tmp_path.iterdir()) == []
