"""The error workbook: the uploaded rows plus a last column 错误原因 (6.1)."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl

from app.sheets.errors_book import annotate
from app.sheets.reader import read_rows
from tests.sheets import forge

LABELS = ("证件号码*", "姓名*", "专业层次", "到账日期", "我的备注", "")


def annotated(
    tmp_path: Path, rows: list[list[Any]], errors: dict[int, str], labels: tuple[str, ...] = LABELS
) -> Any:
    path = forge.workbook(tmp_path / "a.xlsx", rows, labels)
    annotate(path, forge.CANDIDATES, errors, tmp_path / "errors.xlsx")
    return openpyxl.load_workbook(tmp_path / "errors.xlsx").worksheets[0]


def test_every_uploaded_row_keeps_its_number_and_refused_ones_carry_their_reason(tmp_path: Path) -> None:
    rows = [
        ["1", "甲"],
        [],
        ["2", "=乙", "本科", datetime(2020, 7, 1), "x", "无名列"],
        [340524198001010019, "丙"],
    ]
    sheet = annotated(tmp_path, rows, {4: "与第2行重复", 5: "证件号码:单元格为数字格式"})
    assert [cell.value for cell in sheet[1]] == [*LABELS[:5], "(F列)", "错误原因"]
    assert [cell.value for cell in sheet[2]] == ["1", "甲", None, None, None, None, None]
    assert [cell.value for cell in sheet[3]] == [None] * 7
    assert [cell.value for cell in sheet[4]] == [
        "2",
        "=乙",
        "本科",
        datetime(2020, 7, 1),
        "x",
        "无名列",
        "与第2行重复",
    ]
    assert sheet["A5"].data_type == "n"  # as uploaded: what Excel had already lost stays lost
    assert sheet["B4"].data_type == "s"


def test_refused_rows_are_tinted_and_others_are_not(tmp_path: Path) -> None:
    sheet = annotated(tmp_path, [["1", "甲"], ["2", "乙"]], {3: "考生已存在"})
    assert sheet["A3"].fill.start_color.rgb == sheet["F3"].fill.start_color.rgb == "FFFDECEA"
    assert sheet["A2"].fill.fill_type is None


def test_code_columns_stay_text_so_that_a_correction_stays_text(tmp_path: Path) -> None:
    sheet = annotated(tmp_path, [["1", "甲"]], {2: "x"})
    assert sheet.column_dimensions["A"].number_format == "@"
    assert sheet.data_validations.dataValidation[0].type == "list"


def test_a_corrected_error_workbook_can_be_uploaded_as_it_is(tmp_path: Path) -> None:
    annotated(tmp_path, [["410101199001010011", "甲"], ["2", ""]], {3: "姓名不能为空"})
    book = openpyxl.load_workbook(tmp_path / "errors.xlsx")
    book.worksheets[0]["B3"] = "乙"
    book.save(tmp_path / "again.xlsx")
    [rows] = read_rows(tmp_path / "again.xlsx", forge.CANDIDATES)
    assert [(row.number, row.values["name"], row.errors) for row in rows] == [(2, "甲", ()), (3, "乙", ())]
    annotate(tmp_path / "again.xlsx", forge.CANDIDATES, {3: "新原因"}, tmp_path / "third.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "third.xlsx").worksheets[0]
    assert [cell.value for cell in sheet[1]] == [*LABELS[:5], "错误原因"]
    assert sheet["F3"].value == "新原因"


def test_a_header_further_down_and_repeated_labels_keep_their_places(tmp_path: Path) -> None:
    cells = f'<row r="3">{forge.text_cell("A3", "姓名")}{forge.text_cell("B3", "旧")}{forge.text_cell("C3", "旧")}</row>'
    cells += f'<row r="4">{forge.text_cell("A4", "甲")}{forge.text_cell("C4", "c")}</row>'
    path = forge.package(tmp_path / "a.xlsx", forge.sheet_xml(cells))
    annotate(path, forge.CANDIDATES, {4: "考生不存在"}, tmp_path / "errors.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "errors.xlsx").worksheets[0]
    assert [cell.value for cell in sheet[3]] == ["姓名", "旧", "旧(C列)", "错误原因"]
    assert [cell.value for cell in sheet[4]] == ["甲", None, "c", "考生不存在"]
