"""Workbooks for the tests: honest ones by XlsxWriter, forged ones part by part."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import xlsxwriter

from app.sheets.spec import SheetColumn, SheetSpec

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"

CANDIDATES = SheetSpec(
    name="candidates",
    title="院校考生",
    columns=(
        SheetColumn("name", "姓名", required=True, sample="张三"),
        SheetColumn("id_number", "证件号码", "code", required=True, help="18位", sample="410101199001010011"),
        SheetColumn("level", "专业层次", "choice", choices=("专科(高职)", "本科", "中职"), sample="本科"),
        SheetColumn("year", "入学年份", "integer", sample="2020"),
        SheetColumn("score", "考试分数", "decimal"),
        SheetColumn("day", "到账日期", "date", sample="2020-07-18"),
        SheetColumn("start", "场次开始", "moment"),
        SheetColumn("note", "备注"),
    ),
    notes=("照片另行上传。",),
    version=2,
    unique=("id_number",),
)
"""One column of every kind."""

LABELS = tuple(column.label for column in CANDIDATES.columns)

CONTENT_TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/xl/workbook.xml" ContentType='
    '"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>'
)
WORKBOOK = (
    f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><sheets>'
    '<sheet name="数据" sheetId="1" r:id="rId1"/></sheets></workbook>'
)
WORKBOOK_RELATIONS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    f'<Relationship Id="rId1" Type="{RELATIONS}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>'
)
ROOT_RELATIONS = WORKBOOK_RELATIONS.replace("/worksheet", "/officeDocument").replace(
    "worksheets/sheet1.xml", "xl/workbook.xml"
)
SHEET = "xl/worksheets/sheet1.xml"


def text_cell(address: str, text: str) -> str:
    return f'<c r="{address}" t="inlineStr"><is><t>{escape(text)}</t></is></c>'


def header_row(labels: Sequence[str] = LABELS) -> str:
    cells = "".join(text_cell(f"{chr(65 + place)}1", label) for place, label in enumerate(labels))
    return f'<row r="1">{cells}</row>'


def sheet_xml(rows: str, tail: str = "") -> str:
    return f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData>{tail}</worksheet>'


def package(path: Path, sheet: str | bytes, parts: dict[str, str | bytes] | None = None) -> Path:
    """A minimal workbook around one sheet part; `parts` replaces or adds."""
    content: dict[str, str | bytes] = {
        "[Content_Types].xml": CONTENT_TYPES,
        "_rels/.rels": ROOT_RELATIONS,
        "xl/workbook.xml": WORKBOOK,
        "xl/_rels/workbook.xml.rels": WORKBOOK_RELATIONS,
        SHEET: sheet,
        **(parts or {}),
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in content.items():
            archive.writestr(name, part)
    return path


def workbook(path: Path, rows: Sequence[Sequence[Any]], labels: Sequence[str] = LABELS) -> Path:
    """A workbook as a person would make it: header in row 1, data from row 2."""
    with xlsxwriter.Workbook(
        path, {"default_date_format": "yyyy-mm-dd hh:mm", "strings_to_formulas": False}
    ) as book:
        sheet = book.add_worksheet("数据")
        sheet.write_row(0, 0, labels)
        for number, row in enumerate(rows, start=1):
            sheet.write_row(number, 0, row)
    return path
