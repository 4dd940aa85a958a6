"""The workbook people download, fill in and upload (6.1): empty with a sample, or with the rows there are to work on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO
from typing import Any

import xlsxwriter

from app.sheets.export import safe_text
from app.sheets.guard import VERSION_NAME
from app.sheets.spec import DATA_SHEET, NUMBER_FORMATS, Kind, SheetColumn, SheetLimits, SheetSpec
from app.sheets.values import converter

GUIDE_SHEET = "填写说明"
CHOICES_SHEET = "选项"
_KIND_TEXTS: dict[Kind, str] = {
    "text": "文本",
    "code": "文本格式的号码,请勿改为数字格式",
    "choice": "从下拉列表中选择",
    "integer": "整数",
    "decimal": "数字",
    "date": "日期,如2020-07-18",
    "moment": "日期时间,如2020-07-18 13:00",
}
_EMPTY_NOTES = (
    "请在第一张工作表中填写,一行一条;不要改动表头文字,列的先后可以调整。",
    "带红色 * 的列必填。灰色的示例行可以改写或删除,不改动时导入会跳过它。",
)
_FILLED_NOTES = (
    "请在第一张工作表中填写;不要改动表头文字,列的先后可以调整,行可以排序、筛选和删除。",
    "灰底的列已填好,供核对,请勿改动;在白底的列中填写。",
)
_GENERAL_NOTES = (
    "请勿使用公式和合并单元格;隐藏的行同样会被导入。",
    "证件号码、手机号码、编号等列已设为文本格式,粘贴时请选择“只保留文本”或“值”。",
)


Given = Iterable[Mapping[str, Any]]
"""Rows to work on: column → value."""


def template(spec: SheetSpec, limits: SheetLimits | None = None, rows: Given | None = None) -> bytes:
    """The template of an import; the same declaration always gives the same bytes. With `rows`: filled with them,
    instead of the sample."""
    bounds = limits or SheetLimits()
    target = BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True, "strings_to_formulas": False}) as book:
        book.set_properties({"title": spec.title, "created": datetime(2020, 1, 1, tzinfo=UTC)})
        formats = {kind: book.add_format({"num_format": text}) for kind, text in NUMBER_FORMATS.items()}
        sheet = book.add_worksheet(DATA_SHEET)
        guide = book.add_worksheet(GUIDE_SHEET)
        for index, column in enumerate(spec.columns):
            sheet.set_column(index, index, column.width, formats[column.kind])
            _write_head(book, sheet, index, column)
            if rows is None:
                _write_sample(book, sheet, index, column)
        _write_rows(book, sheet, spec, rows or ())
        _write_choices(book, sheet, spec, bounds.max_rows)
        sheet.freeze_panes(1, 0)
        _write_guide(book, guide, spec, (*(_EMPTY_NOTES if rows is None else _FILLED_NOTES), *_GENERAL_NOTES))
        book.define_name(VERSION_NAME, f'="{spec.name}:{spec.version}"')
        book.defined_names[-1][3] = 1  # hidden: XlsxWriter has no argument for it
    return target.getvalue()


def _write_head(book: Any, sheet: Any, index: int, column: SheetColumn) -> None:
    head = book.add_format(
        {"bold": True, "bg_color": "#EAF1FB", "border": 1, "align": "center", "valign": "vcenter"}
    )
    if column.starred:
        bold, red = book.add_format({"bold": True}), book.add_format({"bold": True, "font_color": "#D63939"})
        sheet.write_rich_string(0, index, bold, column.label, red, "*", head)
    else:
        sheet.write_string(0, index, column.label, head)
    if column.help:
        sheet.write_comment(0, index, column.help, {"author": "", "x_scale": 1.5})


def _write_sample(book: Any, sheet: Any, index: int, column: SheetColumn) -> None:
    if not column.sample:
        return
    grey = book.add_format({"font_color": "#9AA0A6", "num_format": NUMBER_FORMATS[column.kind]})
    value = converter(column)([column.sample], {})[0]
    if isinstance(value, (date, datetime)):
        sheet.write_datetime(1, index, value, grey)
    elif isinstance(value, (int, Decimal)):
        sheet.write_number(1, index, value, grey)
    else:
        sheet.write_string(1, index, column.sample, grey)


def _write_rows(book: Any, sheet: Any, spec: SheetSpec, rows: Given) -> None:
    """What is given stands on grey; a text is never a formula (E138)."""
    styles = [
        book.add_format(
            {"num_format": NUMBER_FORMATS[column.kind], **({"bg_color": "#F1F3F5"} if column.given else {})}
        )
        for column in spec.columns
    ]
    number = 0
    for number, row in enumerate(rows, 1):
        for index, (column, style) in enumerate(zip(spec.columns, styles, strict=True)):
            value = row.get(column.name)
            if value is None:
                sheet.write_blank(number, index, None, style)
            elif isinstance(value, int):
                sheet.write_number(number, index, value, style)
            else:
                sheet.write_string(number, index, safe_text(value) or "", style)
    if number:
        sheet.autofilter(0, 0, number, len(spec.columns) - 1)


def _write_choices(book: Any, sheet: Any, spec: SheetSpec, max_rows: int) -> None:
    """Drop-downs point to a hidden sheet: an inline list ends at 255 characters and breaks at a comma."""
    listed = [(index, column) for index, column in enumerate(spec.columns) if column.choices]
    if not listed:
        return
    store = book.add_worksheet(CHOICES_SHEET)
    store.hide()
    for place, (index, column) in enumerate(listed):
        store.write_column(0, place, column.choices, book.add_format({"num_format": "@"}))
        letters = xlsxwriter.utility.xl_col_to_name(place, col_abs=True)
        name = f"Choices_{place + 1}"
        book.define_name(name, f"='{CHOICES_SHEET}'!{letters}$1:{letters}${len(column.choices)}")
        sheet.data_validation(
            1,
            index,
            max_rows,
            index,
            {
                "validate": "list",
                "source": f"={name}",
                "error_title": "不在可选范围",
                "error_message": f"请从下拉列表中选择{column.label}"[:255],
            },
        )


def _write_guide(book: Any, guide: Any, spec: SheetSpec, notes: Iterable[str]) -> None:
    bold, wrap = book.add_format({"bold": True}), book.add_format({"text_wrap": True, "valign": "top"})
    guide.set_column(0, 0, 18, wrap)
    guide.set_column(1, 1, 8, wrap)
    guide.set_column(2, 4, 36, wrap)
    guide.write_string(0, 0, f"{spec.title} {GUIDE_SHEET}", bold)
    row = 1
    for text in (*notes, *spec.notes):
        guide.merge_range(row, 0, row, 4, text, wrap)
        row += 1
    for place, text in enumerate(("列名", "必填", "格式", "说明", "示例")):
        guide.write_string(row + 1, place, text, bold)
    for number, column in enumerate(spec.columns, start=row + 2):
        required = "已填" if column.given else "是" if column.required else "否"
        for place, text in enumerate(
            (column.label, required, _KIND_TEXTS[column.kind], column.help, column.sample)
        ):
            guide.write_string(number, place, text)
