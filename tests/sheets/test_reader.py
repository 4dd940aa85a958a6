"""Rows in: every cell refused by its address, nothing guessed, nothing lost (6.1, E50–E52, E138–E140)."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from app.services.errors import DomainError
from app.sheets.reader import read_chunks, read_raw, read_rows
from app.sheets.spec import ReadReport, SheetColumn, SheetRow, SheetSpec
from tests.sheets import forge

ID = "4101011990010100{:02d}"
SMALL = SheetSpec(
    "small", "小表", (SheetColumn("name", "姓名", required=True), SheetColumn("code", "科目编号", "code"))
)


def read(path: Path, spec: SheetSpec = forge.CANDIDATES, **options: Any) -> tuple[list[SheetRow], ReadReport]:
    report = ReadReport()
    return [row for part in read_rows(path, spec, report=report, **options) for row in part], report


def sentences(row: SheetRow) -> list[str]:
    return [error.sentence(row.number) for error in row.errors]


def forged(tmp_path: Path, rows: str, tail: str = "", labels: tuple[str, ...] = ("姓名", "科目编号")) -> Path:
    return forge.package(tmp_path / "a.xlsx", forge.sheet_xml(forge.header_row(labels) + rows, tail))


def test_a_row_of_every_kind_arrives_typed(tmp_path: Path) -> None:
    start = datetime(2020, 7, 18, 13)
    path = forge.workbook(
        tmp_path / "a.xlsx",
        [["张三", ID.format(1), "本科", 2020, 85.5, datetime(2020, 7, 1), start, "备注一"]],
    )
    rows, report = read(path)
    assert rows[0].number == 2
    assert rows[0].errors == ()
    assert rows[0].values == {
        "name": "张三",
        "id_number": ID.format(1),
        "level": "本科",
        "year": 2020,
        "score": Decimal("85.5"),
        "day": date(2020, 7, 1),
        "start": start,
        "note": "备注一",
    }
    assert (report.rows, report.notes) == (1, [])


def test_e50_an_id_typed_as_a_number_is_refused_with_the_text_format_hint(tmp_path: Path) -> None:
    rows, _ = read(forge.workbook(tmp_path / "a.xlsx", [["张三", 340524198001010019]]))
    assert sentences(rows[0]) == [
        "第2行 证件号码:单元格为数字格式,长号码会丢失末位,请将该列设为“文本”格式后重新填写"
    ]
    assert rows[0].errors[0].address == "B2"
    assert rows[0].values["id_number"] is None


def test_e73_a_subject_code_keeps_its_leading_zero_as_text_and_is_refused_as_a_number(tmp_path: Path) -> None:
    rows, _ = read(
        forge.workbook(tmp_path / "a.xlsx", [["甲", "098694"], ["乙", 98694]], ("姓名", "科目编号")), SMALL
    )
    assert rows[0].values["code"] == "098694"
    assert "“文本”格式" in rows[1].error_text


def test_e51_spaces_tabs_zero_width_and_full_width_characters_are_cleaned(tmp_path: Path) -> None:
    path = forge.workbook(tmp_path / "a.xlsx", [["\u3000张三 ", "4101\u200b01 199001\t010011"]])
    rows, _ = read(path)
    assert (rows[0].values["name"], rows[0].values["id_number"]) == ("张三", "410101199001010011")


def test_e52_the_same_id_twice_in_one_file_points_to_the_first_row(tmp_path: Path) -> None:
    people = [["甲", ID.format(1)], ["乙", ID.format(2)], ["丙", f" {ID.format(1)} "], ["丁", ID.format(1)]]
    rows, _ = read(forge.workbook(tmp_path / "a.xlsx", people), chunk=2)
    assert [sentences(row) for row in rows] == [[], [], ["第4行:与第2行重复"], ["第5行:与第2行重复"]]


def test_required_cells_and_wrong_choices_name_their_column(tmp_path: Path) -> None:
    rows, _ = read(forge.workbook(tmp_path / "a.xlsx", [["", ID.format(1), "博士"]]))
    assert sentences(rows[0]) == [
        "第2行:专业层次不在可选范围(可填:专科(高职)、本科、中职)",
        "第2行:姓名不能为空",
    ]
    assert [error.address for error in rows[0].errors] == ["C2", "A2"]


def test_a_formula_refuses_its_row_by_address_although_calamine_shows_only_its_text(tmp_path: Path) -> None:
    rows = (
        '<row r="2"><c r="A2" t="str"><f>"张"&amp;"三"</f><v>张三</v></c></row>'
        f'<row r="3">{forge.text_cell("A3", "李四")}</row>'
    )
    read_back, _ = read(forged(tmp_path, rows), SMALL)
    assert sentences(read_back[0]) == ["第2行:不支持公式(A2),请改为填写结果"]
    assert read_back[1].errors == ()


def test_an_array_formula_refuses_every_row_it_fills(tmp_path: Path) -> None:
    rows = (
        '<row r="2"><c r="A2"><f t="array" ref="A2:A4">B2:B4</f><v>1</v></c></row>'
        '<row r="3"><c r="A3"><v>2</v></c></row><row r="4"><c r="A4"><v>3</v></c></row>'
    )
    read_back, _ = read(forged(tmp_path, rows), SMALL)
    assert all("不支持公式" in row.error_text for row in read_back)
    assert len(read_back) == 3


def test_a_formula_is_found_under_another_namespace_prefix(tmp_path: Path) -> None:
    sheet = (
        f'<x:worksheet xmlns:x="{forge.MAIN}"><x:sheetData>'
        '<x:row r="1"><x:c r="A1" t="inlineStr"><x:is><x:t>姓名</x:t></x:is></x:c></x:row>'
        '<x:row r="2" hidden="1"><x:c r="A2" t="str"><x:f>A1</x:f><x:v>张三</x:v></x:c></x:row>'
        "</x:sheetData></x:worksheet>"
    )
    rows, report = read(forge.package(tmp_path / "a.xlsx", sheet), SMALL)
    assert sentences(rows[0]) == ["第2行:不支持公式(A2),请改为填写结果"]
    assert report.hidden_rows == (2,)


def test_merged_data_cells_refuse_each_of_their_rows_by_address(tmp_path: Path) -> None:
    rows = f'<row r="2">{forge.text_cell("A2", "张三")}</row><row r="3"/><row r="4">{forge.text_cell("A4", "李四")}</row>'
    path = forged(tmp_path, rows, '<mergeCells count="1"><mergeCell ref="A2:A3"/></mergeCells>')
    read_back, _ = read(path, SMALL)
    merged = "不支持合并单元格(A2:A3),请取消合并后逐格填写"
    assert [sentences(row) for row in read_back] == [[f"第2行:{merged}"], [f"第3行:{merged}"], []]


def test_an_error_value_refuses_its_row_instead_of_reading_as_blank(tmp_path: Path) -> None:
    rows = f'<row r="2">{forge.text_cell("A2", "张三")}<c r="B2" t="e"><v>#N/A</v></c></row>'
    read_back, _ = read(forged(tmp_path, rows), SMALL)
    assert sentences(read_back[0]) == ["第2行:单元格是错误值(B2),请改为实际内容"]


def test_hidden_rows_are_read_counted_and_named(tmp_path: Path) -> None:
    rows = "".join(
        f'<row r="{n}"{" hidden=" + chr(34) + "1" + chr(34) if n in (3, 4, 7) else ""}>{forge.text_cell(f"A{n}", "某")}</row>'
        for n in range(2, 9)
    )
    read_back, report = read(forged(tmp_path, rows), SMALL)
    assert len(read_back) == 7
    assert report.hidden_rows == (3, 4, 7)
    assert report.notes == ["有3个隐藏行,已照常读取:第3–4、7行"]


def test_blank_rows_are_skipped_and_numbers_stay_those_of_excel(tmp_path: Path) -> None:
    path = forge.workbook(
        tmp_path / "a.xlsx", [["甲", "1"], [], [" ", "\u3000"], ["乙", "2"]], ("姓名", "科目编号")
    )
    rows, report = read(path, SMALL)
    assert [(row.number, row.values["name"]) for row in rows] == [(2, "甲"), (5, "乙")]
    assert report.blank_rows == 2


def test_a_table_that_does_not_begin_in_a1_reads_with_true_addresses(tmp_path: Path) -> None:
    cells = f'<row r="3">{forge.text_cell("C3", "科目编号")}{forge.text_cell("D3", "姓名*")}</row>'
    cells += f'<row r="4"><c r="C4"><v>98694</v></c>{forge.text_cell("D4", "张三")}</row>'
    rows, _ = read(forge.package(tmp_path / "a.xlsx", forge.sheet_xml(cells)), SMALL)
    assert (rows[0].number, rows[0].errors[0].address, rows[0].values["name"]) == (4, "C4", "张三")


def test_columns_in_any_order_with_unknown_ones_named_in_the_report(tmp_path: Path) -> None:
    path = forge.workbook(
        tmp_path / "a.xlsx", [["x", "098694", "张三", "旧错误"]], ("序号", "科目编号", "姓名*", "错误原因")
    )
    rows, report = read(path, SMALL)
    assert rows[0].values == {"name": "张三", "code": "098694"}
    assert report.unknown_columns == ("序号",)


def test_the_wrong_template_is_refused_naming_the_missing_labels(tmp_path: Path) -> None:
    path = forge.workbook(tmp_path / "a.xlsx", [["a", "b"]], ("站点代码", "考场名称"))
    with pytest.raises(DomainError, match="缺少列:姓名、证件号码") as caught:
        read(path)
    assert caught.value.code == "sheet.missing_columns"


def test_a_label_given_twice_is_refused(tmp_path: Path) -> None:
    path = forge.workbook(tmp_path / "a.xlsx", [["甲", "乙"]], ("姓名", "姓名*"))
    with pytest.raises(DomainError, match="列名重复:姓名"):
        read(path, SMALL)


@pytest.mark.parametrize("rows", [[], [["", " "]]], ids=["header only", "blank rows only"])
def test_a_sheet_without_data_rows_is_refused(tmp_path: Path, rows: list[list[str]]) -> None:
    with pytest.raises(DomainError, match="没有数据行"):
        read(forge.workbook(tmp_path / "a.xlsx", rows, ("姓名", "科目编号")), SMALL)


def test_the_first_visible_sheet_counts(tmp_path: Path) -> None:
    import xlsxwriter

    with xlsxwriter.Workbook(tmp_path / "a.xlsx") as book:
        hidden, shown = book.add_worksheet("旧"), book.add_worksheet("新")
        shown.write_row(0, 0, ["姓名"])
        shown.write_row(1, 0, ["张三"])
        shown.activate()
        shown.set_first_sheet()
        hidden.hide()
    assert [row.values["name"] for row in read(tmp_path / "a.xlsx", SMALL)[0]] == ["张三"]


def test_e140_reading_on_after_an_interruption_gives_the_rest_of_an_uninterrupted_run(tmp_path: Path) -> None:
    people = [[f"人{n}", ID.format(n % 7)] for n in range(20)]
    path = forge.workbook(tmp_path / "a.xlsx", people)
    whole, full_report = read(path, chunk=6)
    for stop in (2, 7, 13, 20):
        rest, report = read(path, chunk=6, start_after_row=stop)
        assert rest == [row for row in whole if row.number > stop]
        assert report == full_report


def test_chunks_are_plain_tuples_with_errors_by_row_number(tmp_path: Path) -> None:
    path = forge.workbook(tmp_path / "a.xlsx", [["甲", "1"], ["", "2"], ["丙", 3]], ("姓名", "科目编号"))
    chunks = list(read_chunks(path, SMALL, chunk=2))
    assert [chunk.numbers for chunk in chunks] == [[2, 3], [4]]
    assert [chunk.cells for chunk in chunks] == [[("甲", "1"), (None, "2")], [("丙", None)]]
    assert [list(chunk.errors) for chunk in chunks] == [[3], [4]]


def test_the_file_is_refused_at_the_call_not_at_the_first_row(tmp_path: Path) -> None:
    (tmp_path / "a.xlsx").write_text("姓名\n张三\n")
    with pytest.raises(DomainError):
        read_rows(tmp_path / "a.xlsx", SMALL)


def test_a_caller_that_stops_early_leaves_no_child_behind(tmp_path: Path) -> None:
    path = forge.workbook(tmp_path / "a.xlsx", [["甲", str(n)] for n in range(20_000)], ("姓名", "科目编号"))
    parts = read_chunks(path, SMALL, chunk=10)
    assert next(parts).numbers[0] == 2
    parts.close()  # type: ignore[attr-defined]  # a generator, by its documented behaviour
    children = Path(f"/proc/self/task/{__import__('os').getpid()}/children").read_text().split()
    names = [
        Path(f"/proc/{child}/cmdline").read_text() for child in children if Path(f"/proc/{child}").exists()
    ]
    assert not any("app.sheets.child" in name for name in names)


def test_the_child_loads_neither_the_framework_nor_the_schema() -> None:
    """It starts once a file, and what it has not loaded a hostile file cannot reach."""
    code = "import sys, app.sheets.child; print(sorted({'flask', 'sqlalchemy', 'psycopg', 'models'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_old_template_is_taken_with_a_note_while_its_columns_suffice(tmp_path: Path) -> None:
    name = '<definedNames><definedName name="SheetTemplate" hidden="1">"small:1"</definedName></definedNames>'
    book = forge.WORKBOOK.replace("</workbook>", f"{name}</workbook>")
    sheet = forge.sheet_xml(forge.header_row(("姓名",)) + f'<row r="2">{forge.text_cell("A2", "张三")}</row>')
    path = forge.package(tmp_path / "a.xlsx", sheet, {"xl/workbook.xml": book})
    assert read(path, replace(SMALL, version=2))[1].notes == ["使用的是旧版模板,建议重新下载"]
    assert read(path, SMALL)[1].notes == []
    with pytest.raises(DomainError, match="另一种模板"):
        read(path)


def test_raw_rows_are_the_cells_as_they_are_from_column_a(tmp_path: Path) -> None:
    sheet = forge.sheet_xml(f'<row r="2">{forge.text_cell("B2", "=1+1")}<c r="C2"><v>5</v></c></row>')
    assert list(read_raw(forge.package(tmp_path / "a.xlsx", sheet))) == [
        (1, ["", "", ""]),
        (2, ["", "=1+1", 5.0]),
    ]
