"""What people prepare outside the platform: workbooks filled in from its templates, a zip of photos."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random

import xlsxwriter
from openpyxl import load_workbook

from app.demo import words
from app.documents.drawn import placeholder_photo
from models.kit import formats

FACES = 10


@dataclass(frozen=True)
class Student:
    name: str
    pinyin: str
    id_number: str
    mobile: str


def students(number: int) -> list[Student]:
    """Invented people with valid but plainly fictitious ID numbers."""
    random = Random(2026)
    found = []
    for serial in range(number):
        name = words.person_name(random)
        born = date(2005, 1, 1) + timedelta(days=serial)
        id_number = formats.fictitious_id_number("330101", born, serial)
        pinyin = formats.suggest_pinyin(name) or "Xing Ming"
        found.append(Student(name, pinyin, id_number, f"131{serial:08d}"))
    return found


def filled(template: Path, rows: Iterable[Mapping[str, object]], name: str) -> Path:
    """A workbook with the template's own headings and these rows below, beside the template."""
    head = next(load_workbook(template).worksheets[0].iter_rows(max_row=1))
    labels = [str(cell.value or "").removesuffix("*") for cell in head]
    path = template.with_name(f"{name}.xlsx")
    with xlsxwriter.Workbook(path) as book:
        text, page = book.add_format({"num_format": "@"}), book.add_worksheet("数据")
        page.write_row(0, 0, labels)
        for number, row in enumerate(rows, 1):
            unknown = set(row) - set(labels)
            assert not unknown, f"the template has no column {unknown}"
            for column, label in enumerate(labels):
                value = row.get(label)
                if isinstance(value, str):
                    page.write_string(number, column, value, text)
                elif value is not None:
                    page.write(number, column, value)
    return path


def sheet_rows(path: Path) -> list[dict[str, object]]:
    """The rows of an exported workbook by their headings."""
    labels, *rows = load_workbook(path).worksheets[0].iter_rows(values_only=True)
    return [dict(zip(map(str, labels), row, strict=True)) for row in rows]


def photo_zip(people: Iterable[Student], path: Path) -> Path:
    """One photo each, named by ID number; some faces serve several times."""
    faces = [placeholder_photo(f"考生{number}", number) for number in range(FACES)]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for number, student in enumerate(people):
            archive.writestr(f"{student.id_number}.jpg", faces[number % FACES])
    return path
