"""What is refused before it is read (6.1, E139; hostile uploads)."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path

import pytest

from app.services.errors import DomainError
from app.services.imports import limits as limits_of_the_product
from app.sheets.guard import check_container, check_workbook
from app.sheets.reader import read_rows
from app.sheets.spec import SheetLimits
from tests.sheets import forge

ROW = '<row r="2">' + forge.text_cell("A2", "李四") + forge.text_cell("B2", "410101199001010011") + "</row>"
GOOD = forge.sheet_xml(forge.header_row() + ROW)


LIMITS = limits_of_the_product()


def refusal(path: Path, limits: SheetLimits = LIMITS) -> DomainError:
    with pytest.raises(DomainError) as caught:
        check_workbook(path, limits)
    return caught.value


def test_what_is_read_without_the_settings_has_the_limits_of_the_product() -> None:
    assert SheetLimits() == LIMITS


def test_an_honest_workbook_passes_and_its_rows_are_known_before_reading(tmp_path: Path) -> None:
    info = check_workbook(forge.package(tmp_path / "a.xlsx", GOOD))
    assert (info.sheet, info.data_rows, info.last_row, info.faults) == ("数据", 1, 2, {})


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        ("姓名,证件号码\n张三,1\n".encode("gbk"), "sheet.format", "请使用下载的 .xlsx 模板"),
        (b"", "sheet.empty_file", "请使用下载的 .xlsx 模板"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4096), "sheet.format", "旧版 .xls"),
        (b"PK\x03\x04 and nothing more", "sheet.damaged", "文件损坏"),
    ],
    ids=["a .csv renamed", "an empty file", "an old .xls", "a zip without directory"],
)
def test_other_formats_are_refused_in_chinese(tmp_path: Path, content: bytes, code: str, words: str) -> None:
    path = tmp_path / "upload.xlsx"
    path.write_bytes(content)
    error = refusal(path)
    assert error.code == code
    assert words in error.message


def test_an_encrypted_workbook_is_refused_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "secret.xlsx"
    stream = "EncryptedPackage".encode("utf-16-le")
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2_000_000) + stream + bytes(512))
    error = refusal(path)
    assert (error.code, error.status) == ("sheet.encrypted", 415)
    assert "密码" in error.message


def test_a_zip_with_encrypted_entries_is_refused(tmp_path: Path) -> None:
    path = forge.package(tmp_path / "a.xlsx", GOOD)
    content = path.read_bytes()
    directory = content.index(b"PK\x01\x02")
    path.write_bytes(content[: directory + 8] + b"\x01" + content[directory + 9 :])
    assert refusal(path).code == "sheet.encrypted"


def test_e139_a_file_over_the_size_limit_is_refused_by_its_size_alone(tmp_path: Path) -> None:
    path = tmp_path / "big.xlsx"
    with path.open("wb") as file:
        file.truncate(LIMITS.max_bytes + 1)
    error = refusal(path)
    assert (error.code, error.status) == ("sheet.too_large", 413)
    assert "100MB" in error.message


def test_e139_a_small_file_that_expands_beyond_the_bound_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "bomb.xlsx"
    blanks = b" " * (1024 * 1024)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("[Content_Types].xml", forge.CONTENT_TYPES)
        with archive.open(forge.SHEET, "w") as part:
            for _ in range(LIMITS.max_expanded // len(blanks)):
                part.write(blanks)
    assert path.stat().st_size < LIMITS.max_bytes // 20
    with pytest.raises(DomainError) as caught:
        check_container(path, LIMITS)
    assert (caught.value.code, caught.value.status) == ("sheet.expands", 413)


def test_a_part_that_lies_about_its_size_is_refused(tmp_path: Path) -> None:
    rows = "".join(f'<row r="{n}">{forge.text_cell(f"A{n}", "x" * 50)}</row>' for n in range(2, 2000))
    path = forge.package(tmp_path / "a.xlsx", forge.sheet_xml(forge.header_row() + rows))
    content = bytearray(path.read_bytes())
    at = content.rindex(b"PK\x01\x02", 0, content.rindex(forge.SHEET.encode()))
    content[at + 24 : at + 28] = (1000).to_bytes(4, "little")
    path.write_bytes(content)
    assert refusal(path).code == "sheet.damaged"


def test_a_directory_of_very_many_entries_is_refused_before_it_is_listed(tmp_path: Path) -> None:
    path = forge.package(tmp_path / "a.xlsx", GOOD)
    with zipfile.ZipFile(path) as archive:
        own = len(archive.namelist())
    for more, codes in (
        (LIMITS.max_entries - own, []),
        (LIMITS.max_entries - own + 1, ["sheet.too_many_parts"]),
    ):
        path = forge.package(tmp_path / "a.xlsx", GOOD, {f"xl/media/{n}.png": b"" for n in range(more)})
        try:
            check_container(path, LIMITS)
            found = []
        except DomainError as error:
            found = [error.code]
        assert found == codes


def test_e139_more_rows_than_allowed_are_refused(tmp_path: Path) -> None:
    rows = "".join(f'<row r="{n}"><c r="A{n}"><v>1</v></c></row>' for n in range(2, 103))
    path = forge.package(tmp_path / "a.xlsx", forge.sheet_xml(forge.header_row() + rows))
    assert check_workbook(path, SheetLimits(max_rows=101)).data_rows == 101
    error = refusal(path, SheetLimits(max_rows=100))
    assert (error.code, error.status) == ("sheet.too_many_rows", 413)
    assert "100行" in error.message


def test_e139_200001_rows_are_refused_by_the_default_limit(tmp_path: Path) -> None:
    rows = "".join(f'<row r="{n}"/>' for n in range(2, LIMITS.max_rows + 3))
    path = forge.package(tmp_path / "a.xlsx", forge.sheet_xml(forge.header_row() + rows))
    assert refusal(path).code == "sheet.too_many_rows"


def test_rows_that_carry_no_number_are_counted(tmp_path: Path) -> None:
    path = forge.package(tmp_path / "a.xlsx", forge.sheet_xml("<row><c><v>1</v></c></row>" * 50))
    assert check_workbook(path).last_row == 50
    assert refusal(path, SheetLimits(max_rows=40)).code == "sheet.too_many_rows"


def test_e139_a_sparse_sheet_with_cells_a1_and_xfd1048576_is_refused(tmp_path: Path) -> None:
    far = '<row r="1048576">' + forge.text_cell("XFD1048576", "x") + "</row>"
    path = forge.package(tmp_path / "a.xlsx", forge.sheet_xml(forge.header_row() + far))
    assert refusal(path).code == "sheet.too_many_rows"


def test_a_row_as_wide_as_excel_allows_is_refused(tmp_path: Path) -> None:
    wide = '<row r="2">' + forge.text_cell("A2", "x") + forge.text_cell("XFD2", "x") + "</row>"
    path = forge.package(tmp_path / "a.xlsx", forge.sheet_xml(forge.header_row() + wide))
    error = refusal(path)
    assert (error.code, error.status) == ("sheet.too_wide", 413)
    assert "XFD" in error.message


@pytest.mark.parametrize(
    "rows",
    [
        "<row r='1'><c r='A1'><v>1</v></c></row><row r='1'><c r='XFD1048576'><v>1</v></c></row>",
        f"<y:row xmlns:y='{forge.MAIN}' r='1048576'><y:c r='XFD1048576'><y:v>1</y:v></y:c></y:row>",
        '<row r="1"><c s="0"   r = "XFD1048576"><v>1</v></c></row>',
    ],
    ids=["a cell that contradicts its row", "another namespace prefix", "unusual spacing"],
)
def test_a_far_cell_hidden_from_the_scan_kills_only_the_child(tmp_path: Path, rows: str) -> None:
    """The sheet would fill all memory; the answer is a refusal and this process goes on."""
    path = forge.package(tmp_path / "a.xlsx", forge.sheet_xml(forge.header_row() + rows))
    with pytest.raises(DomainError, match="文件损坏或过大"):
        list(read_rows(path, forge.CANDIDATES))


def test_a_sheet_that_needs_more_memory_than_the_child_has_is_refused(tmp_path: Path) -> None:
    rows = "".join(f'<row r="{n}">{forge.text_cell(f"A{n}", "字" * 9000)}</row>' for n in range(2, 4000))
    path = forge.package(tmp_path / "a.xlsx", forge.sheet_xml(forge.header_row() + rows))
    with pytest.raises(DomainError, match="文件损坏或过大"):
        list(read_rows(path, forge.CANDIDATES, limits=SheetLimits(max_memory=150 * 1024 * 1024)))


@pytest.mark.parametrize("part", [forge.SHEET, "xl/sharedStrings.xml", "xl/workbook.xml", "xl/styles.xml"])
def test_billion_laughs_are_refused_in_every_part(tmp_path: Path, part: str) -> None:
    entities = '<!ENTITY a0 "ha">' + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    bomb = f'<?xml version="1.0"?><!DOCTYPE worksheet [{entities}]>{GOOD.replace("李四", "&a9;")}'
    path = forge.package(tmp_path / "a.xlsx", GOOD, {part: bomb})
    assert refusal(path).code == "sheet.damaged"


def test_a_document_type_cannot_hide_in_utf16(tmp_path: Path) -> None:
    bomb = f'<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE w [<!ENTITY a "ha">]>{forge.WORKBOOK}'
    path = forge.package(tmp_path / "a.xlsx", GOOD, {"xl/workbook.xml": bomb.encode("utf-16")})
    assert refusal(path).code == "sheet.damaged"


@pytest.mark.parametrize("part", [forge.SHEET, "xl/sharedStrings.xml"])
def test_a_text_no_cell_can_hold_is_refused_unread(tmp_path: Path, part: str) -> None:
    huge = forge.sheet_xml(
        forge.header_row() + '<row r="2">' + forge.text_cell("A2", "x" * 3_000_000) + "</row>"
    )
    path = forge.package(tmp_path / "a.xlsx", GOOD, {part: huge})
    assert refusal(path).code == "sheet.damaged"


@pytest.mark.parametrize("keep", [0.3, 0.6, 0.95])
def test_a_truncated_upload_is_refused(tmp_path: Path, keep: float) -> None:
    path = forge.workbook(tmp_path / "a.xlsx", [["张三", "410101199001010011"]] * 50)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * keep)])
    assert refusal(path).code == "sheet.damaged"


def test_a_sheet_cut_off_inside_its_xml_is_refused(tmp_path: Path) -> None:
    path = forge.package(tmp_path / "a.xlsx", GOOD[:-60])
    with pytest.raises(DomainError, match="文件损坏"):
        list(read_rows(path, forge.CANDIDATES))


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ({"xl/vbaProject.bin": b"macro"}, "sheet.macro"),
        (
            {
                "[Content_Types].xml": forge.CONTENT_TYPES.replace(
                    "spreadsheetml.sheet.main", "sheet.macroEnabled.main"
                )
            },
            "sheet.macro",
        ),
        ({"xl/externalLinks/externalLink1.xml": "<externalLink/>"}, "sheet.external"),
        ({"xl/embeddings/oleObject1.bin": b"ole"}, "sheet.external"),
        ({"xl/connections.xml": "<connections/>"}, "sheet.external"),
        ({"xl/workbook.bin": b"xlsb"}, "sheet.format"),
        ({"[Content_Types].xml": "<Types/>"}, "sheet.format"),
    ],
    ids=[
        "macro",
        "macro by type",
        "outside link",
        "embedded object",
        "data connection",
        ".xlsb",
        "not a sheet",
    ],
)
def test_active_and_foreign_content_is_refused(
    tmp_path: Path, parts: dict[str, str | bytes], code: str
) -> None:
    error = refusal(forge.package(tmp_path / "a.xlsx", GOOD, parts))
    assert (error.code, error.status) == (code, 415)
    assert "请使用下载的 .xlsx 模板" in error.message


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "/etc/passwd", "xl\\..\\..\\secret", "xl/WORKSHEETS/Sheet1.xml"]
)
def test_entry_names_that_leave_the_package_or_repeat_another_are_refused(tmp_path: Path, name: str) -> None:
    assert refusal(forge.package(tmp_path / "a.xlsx", GOOD, {name: "x"})).code == "sheet.damaged"


def test_a_symbolic_link_in_the_package_is_refused(tmp_path: Path) -> None:
    path = forge.package(tmp_path / "a.xlsx", GOOD)
    link = zipfile.ZipInfo("xl/media/image1.png")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(link, "/etc/passwd")
    assert refusal(path).code == "sheet.damaged"


def test_formulas_error_values_merged_cells_and_hidden_rows_are_found_wherever_a_chunk_ends(
    tmp_path: Path,
) -> None:
    """The scan reads in pieces of half a megabyte; nothing may be lost at a joint."""

    def row(number: int) -> str:
        filler = forge.text_cell(f"A{number}", "填" * (number % 90))
        formula = f'<c r="B{number}" t="str"><f>1+1</f><v>2</v></c>' if number % 1000 == 0 else ""
        wrong = f'<c r="C{number}" t="e"><v>#N/A</v></c>' if number % 1001 == 0 else ""
        hidden = ' hidden="1"' if number % 999 == 0 else ""
        return f'<row r="{number}" spans="1:3"{hidden}>{filler}{formula}{wrong}</row>'

    tail = (
        "<mergeCells>"
        + "".join(f'<mergeCell ref="A{n}:A{n + 1}"/>' for n in range(5, 30_000, 997))
        + "</mergeCells>"
    )
    rows = "".join(row(number) for number in range(2, 30_002))
    info = check_workbook(
        forge.package(tmp_path / "a.xlsx", forge.sheet_xml(forge.header_row() + rows, tail))
    )
    assert info.last_row == info.rows == 30_001
    assert info.hidden == frozenset(range(999, 30_002, 999))
    found = {(number, address) for number, faults in info.faults.items() for address, _ in faults}
    expected = {(n, f"B{n}") for n in range(1000, 30_002, 1000)} | {
        (n, f"C{n}") for n in range(1001, 30_002, 1001)
    }
    for n in range(5, 30_000, 997):
        expected |= {(n, f"A{n}:A{n + 1}"), (n + 1, f"A{n}:A{n + 1}")}
    assert found == expected


def test_millions_of_short_strings_are_refused_unread(tmp_path: Path) -> None:
    strings = f'<sst xmlns="{forge.MAIN}">{"<si><t>a</t></si>" * 2001}</sst>'
    path = forge.package(tmp_path / "a.xlsx", GOOD, {"xl/sharedStrings.xml": strings})
    assert check_workbook(path).data_rows == 1
    assert refusal(path, SheetLimits(max_rows=100)).code == "sheet.damaged"


def test_a_sheet_made_of_formulas_is_refused_as_a_whole_with_the_way_out(tmp_path: Path) -> None:
    cells = "".join(f'<c r="{letter}2"><f>1</f><v>1</v></c>' for letter in "ABCDEFGHIJKL")
    path = forge.package(
        tmp_path / "a.xlsx", forge.sheet_xml(f'{forge.header_row()}<row r="2">{cells}</row>')
    )
    assert list(check_workbook(path).faults) == [2]
    error = refusal(path, SheetLimits(max_rows=10))
    assert error.code == "sheet.too_many_faults"
    assert "选择性粘贴" in error.message


def test_merged_ranges_laid_over_one_another_are_refused_instead_of_counted_out(tmp_path: Path) -> None:
    merged = "<mergeCells>" + '<mergeCell ref="A1:B1000"/>' * 500 + "</mergeCells>"
    rows = "".join(f'<row r="{n}"/>' for n in range(1, 1001))
    path = forge.package(tmp_path / "a.xlsx", forge.sheet_xml(rows, merged))
    assert refusal(path, SheetLimits(max_rows=1000)).code == "sheet.too_many_faults"
