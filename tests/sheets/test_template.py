"""The template, and the round trip: download, fill in, upload (6.1; the import property test)."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.services.errors import DomainError
from app.sheets.guard import check_workbook
from app.sheets.reader import read_rows
from app.sheets.spec import ReadReport, SheetColumn, SheetSpec
from app.sheets.template import template
from tests.sheets import forge

SPEC = forge.CANDIDATES


def opened(spec: SheetSpec = SPEC) -> openpyxl.Workbook:
    return openpyxl.load_workbook(BytesIO(template(spec)), rich_text=True)


def fill(path: Path, rows: list[tuple[Any, ...]], spec: SheetSpec = SPEC) -> Path:
    """Fill in the downloaded file as a person does: over the sample row, keeping the columns' formats."""
    book = openpyxl.load_workbook(BytesIO(template(spec)))
    sheet = book.worksheets[0]
    sheet.delete_rows(2)
    for number, row in enumerate(rows, start=2):
        for place, value in enumerate(row, start=1):
            sheet.cell(number, place).value = value
            if isinstance(value, str) and value:
                sheet.cell(number, place).data_type = "s"  # typed into a text column, `=1` stays text
    book.save(path)
    return path


def test_the_header_carries_the_labels_with_a_red_star_on_required_columns() -> None:
    sheet = opened().worksheets[0]
    assert [str(cell.value) for cell in sheet[1]] == [column.header for column in SPEC.columns]
    label, star = sheet["A1"].value
    assert (str(star), star.font.color.rgb) == ("*", "FFD63939")
    assert str(label) == "姓名"


def test_code_columns_are_text_before_anything_is_typed_and_helps_are_comments() -> None:
    sheet = opened().worksheets[0]
    assert sheet.column_dimensions["B"].number_format == "@"
    assert sheet.column_dimensions["F"].number_format == "yyyy-mm-dd"
    assert sheet["B1"].comment.text == "18位"


def test_a_long_list_with_commas_becomes_a_drop_down_through_the_hidden_sheet() -> None:
    choices = tuple(f"专业{n},方向{n}" for n in range(300))
    book = opened(SheetSpec("x", "表", (SheetColumn("major", "专业", "choice", choices=choices),)))
    rule = book.worksheets[0].data_validations.dataValidation[0]
    name = book.defined_names[rule.formula1.lstrip("=")]
    assert (rule.type, str(rule.sqref)) == ("list", "A2:A200001")
    assert name.attr_text == "'选项'!$A$1:$A$300"
    assert book["选项"].sheet_state == "hidden"
    assert [cell.value for cell in book["选项"]["A"]] == list(choices)


def test_the_second_sheet_explains_every_column() -> None:
    guide = opened().worksheets[1]
    texts = {str(cell.value) for row in guide.iter_rows() for cell in row if cell.value}
    assert guide.title == "填写说明"
    assert {column.label for column in SPEC.columns} <= texts
    assert "照片另行上传。" in texts


def test_the_version_travels_in_a_hidden_name(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(template(SPEC))
    assert check_workbook(path).template == ("candidates", 2)
    assert opened().defined_names["SheetTemplate"].hidden


def test_the_same_declaration_gives_the_same_bytes() -> None:
    assert template(SPEC) == template(SPEC)


def test_the_template_as_downloaded_holds_no_data(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(template(SPEC))
    with pytest.raises(DomainError, match="没有数据行"):
        list(read_rows(path, SPEC))


def test_the_sample_row_is_skipped_unchanged_and_read_once_changed(tmp_path: Path) -> None:
    book = openpyxl.load_workbook(BytesIO(template(SPEC)))
    sheet = book.worksheets[0]
    sheet["A3"], sheet["B3"] = "李四", "410101199001010022"
    book.save(tmp_path / "a.xlsx")
    report = ReadReport()
    rows = [row for part in read_rows(tmp_path / "a.xlsx", SPEC, report=report) for row in part]
    assert [row.number for row in rows] == [3]
    assert report.notes == ["示例行未修改,已跳过"]
    sheet["A2"] = "王五"
    book.save(tmp_path / "a.xlsx")
    rows = [row for part in read_rows(tmp_path / "a.xlsx", SPEC) for row in part]
    assert [row.values["name"] for row in rows] == ["王五", "李四"]


NAMES = st.text(
    st.one_of(
        st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF),
        st.sampled_from("𠮷䶮㛃·()abcZ09=+-@"),
    ),
    min_size=1,
    max_size=8,
)
ROWS = st.tuples(
    NAMES,
    st.integers(0, 10**18 - 1).map(lambda number: f"{number:018d}"),
    st.sampled_from(["专科(高职)", "本科", "中职", None]),
    st.one_of(st.none(), st.integers(1990, 2030)),
    st.one_of(st.none(), st.decimals(0, 1000, places=1).map(lambda number: number.normalize())),
    st.one_of(st.none(), st.dates(date(1950, 1, 1), date(2100, 1, 1))),
    st.one_of(
        st.none(),
        st.datetimes(datetime(1950, 1, 1), datetime(2100, 1, 1)).map(lambda at: at.replace(microsecond=0)),
    ),
    st.one_of(st.none(), NAMES),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(ROWS, min_size=1, max_size=6, unique_by=lambda row: row[1]))
def test_what_is_filled_in_is_what_is_read(tmp_path: Path, rows: list[tuple[Any, ...]]) -> None:
    typed = [tuple(float(v) if isinstance(v, Decimal) else v for v in row) for row in rows]
    path = fill(tmp_path / "a.xlsx", typed)
    read = [row for part in read_rows(path, SPEC, chunk=4) for row in part]
    assert [row.errors for row in read] == [()] * len(rows)
    assert [row.cells for row in read] == rows
    assert [row.number for row in read] == list(range(2, len(rows) + 2))
