"""Cells become values strictly (6.1, E50, E51, E73)."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.sheets.spec import Kind, SheetColumn
from app.sheets.values import NUMERIC_CODE, Cell, clean_code, clean_text, converter


def convert(kind: Kind, *cells: Cell, choices: tuple[str, ...] = ()) -> tuple[list[Any], dict[int, str]]:
    errors: dict[int, str] = {}
    values = converter(SheetColumn("x", "列", kind, choices=choices))(cells, errors)
    return values, errors


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  张三 ", "张三"),
        ("\u3000张\u00a0三\u200b", "张 三"),
        ("阿卜杜拉·买买提", "阿卜杜拉·买买提"),
        ("𠮷田\ufeff", "𠮷田"),
        ("Python3班", "Python3班"),
        ("软件技术(嵌入式),二班", "软件技术(嵌入式),二班"),
        ("一行\r\n二行", "一行\n二行"),
        ("坏\x00字\x0b符", "坏字符"),
        ("'=1+1", "=1+1"),
        ("'张三", "'张三"),
    ],
)
def test_text_is_trimmed_and_chinese_is_left_alone(typed: str, kept: str) -> None:
    assert clean_text(typed) == kept
    assert convert("text", typed, "干净")[0] == [kept, "干净"]


@pytest.mark.parametrize(
    "typed",
    [
        "41 0101 1990 0101 0011",
        "410101\t199001010011",
        "\u200b410101199001010011\ufeff",
        "410101199001010011",
    ],
)
def test_e51_a_code_loses_inner_spaces_tabs_and_zero_width_characters(typed: str) -> None:
    assert clean_code(typed) == "410101199001010011"
    assert convert("code", typed)[0] == ["410101199001010011"]


@pytest.mark.parametrize("cell", [3.40524e17, 98694.0, True, date(2020, 7, 18), float("nan")])
def test_e50_e73_a_code_cell_that_is_no_text_is_refused_never_guessed(cell: Cell) -> None:
    assert convert("code", "098694", cell) == (["098694", None], {1: NUMERIC_CODE})


def test_e73_leading_zeros_and_twenty_digits_are_kept() -> None:
    codes = ["098694", "20600002253700400057", "4111010028", "K202005229994"]
    assert convert("code", *codes) == (codes, {})


def test_a_number_typed_in_a_text_column_reads_as_excel_shows_it() -> None:
    assert convert("text", 2020.0, 1.5, "一班", date(2020, 7, 18), True) == (
        ["2020", "1.5", "一班", "2020-07-18", "TRUE"],
        {},
    )


@pytest.mark.parametrize("cell", [1e15, 3.4e17, float("inf"), float("nan")])
def test_a_number_too_long_to_be_exact_is_refused_in_a_text_column_too(cell: float) -> None:
    assert convert("text", cell) == ([None], {0: NUMERIC_CODE})


def test_choices_ignore_width_and_spaces_and_refuse_everything_else() -> None:
    values, errors = convert(
        "choice", "专科(高职)", "专科(高职) ", "", "博士", 5.0, choices=("专科(高职)", "本科")
    )
    assert values == ["专科(高职)", "专科(高职)", None, None, None]
    assert set(errors) == {3, 4}
    assert errors[3].startswith("列不在可选范围")
    assert "本科" in errors[3]


def test_a_yes_no_choice_takes_excels_true_and_false() -> None:
    assert convert("choice", True, False, choices=("是", "否")) == (["是", "否"], {})


@pytest.mark.parametrize(
    ("cell", "value"), [(2020.0, 2020), ("2020", 2020), (" -3 ", -3), ("", None), ("  ", None)]
)
def test_integers(cell: Cell, value: int | None) -> None:
    assert convert("integer", cell) == ([value], {})


@pytest.mark.parametrize("cell", [1.5, "1.5", "一", "1e3", True, float("inf"), 1e300, date(2020, 1, 1), "²"])
def test_what_is_no_integer_is_refused(cell: Cell) -> None:
    assert convert("integer", cell) == ([None], {0: "列应为整数"})


def test_true_is_not_one_even_after_a_one() -> None:
    assert convert("integer", 1.0, True) == ([1, None], {1: "列应为整数"})


@pytest.mark.parametrize(
    ("cell", "value"),
    [(85.3, Decimal("85.3")), (85.0, Decimal(85)), ("85.5", Decimal("85.5")), ("85.50", Decimal("85.50"))],
)
def test_decimals_are_what_was_typed(cell: Cell, value: Decimal) -> None:
    assert convert("decimal", cell) == ([value], {})


@pytest.mark.parametrize("cell", ["八十", "1,000", "5%", "NaN", float("nan"), True, ".5."])
def test_what_is_no_number_is_refused(cell: Cell) -> None:
    assert convert("decimal", cell) == ([None], {0: "列应为数字"})


@pytest.mark.parametrize(
    "cell",
    [
        "2020-07-08",
        "2020/7/8",
        "2020.7.8",
        "20200708",
        "2020年7月8日",
        "2020/07/08",
        date(2020, 7, 8),
        datetime(2020, 7, 8),
    ],
)
def test_dates_as_people_write_them(cell: Cell) -> None:
    assert convert("date", cell) == ([date(2020, 7, 8)], {})


@pytest.mark.parametrize(
    "cell",
    [
        "2020-02-30",
        "2020-7",
        "20-7-8",
        "2020-07/08",
        44020.0,
        datetime(2020, 7, 8, 9),
        timedelta(1),
        "今天",
        "0001-01-01",
    ],
)
def test_what_is_no_date_is_refused(cell: Cell) -> None:
    values, errors = convert("date", cell)
    assert (values, list(errors)) == ([None], [0])


@pytest.mark.parametrize(
    "cell",
    [
        "2020-07-18 13:00",
        "2020/7/18 13:00:00",
        "2020年7月18日 13:00",
        "2020-07-18T13:00",
        datetime(2020, 7, 18, 12, 59, 59, 999_600),
    ],
)
def test_moments_as_people_and_excel_write_them(cell: Cell) -> None:
    assert convert("moment", cell) == ([datetime(2020, 7, 18, 13)], {})


def test_a_moment_without_time_is_midnight() -> None:
    assert convert("moment", "2020-04-01", date(2020, 4, 1))[0] == [datetime(2020, 4, 1)] * 2


@pytest.mark.parametrize(
    "cell", ["2020-07-18 25:00", "13:00", "2020-07-18 13:00 左右", 44020.5, timedelta(1)]
)
def test_what_is_no_moment_is_refused(cell: Cell) -> None:
    values, errors = convert("moment", cell)
    assert (values, list(errors)) == ([None], [0])


CELLS = st.one_of(
    st.text(max_size=12),
    st.floats(),
    st.booleans(),
    st.dates(),
    st.datetimes(),
    st.sampled_from(["", " ", "410101199001010011", "2020-07-18", "85.5", "本科", "=1", "'=1"]),
)


@given(
    st.sampled_from(["text", "code", "integer", "decimal", "date", "moment", "choice"]),
    st.lists(CELLS, max_size=8),
)
def test_a_column_at_once_gives_what_its_cells_give_one_by_one(kind: Kind, cells: list[Cell]) -> None:
    """The short cut for clean columns and the memory for repeated cells may change nothing."""
    choices = ("本科", "专科")
    values, errors = convert(kind, *cells, choices=choices)
    for index, cell in enumerate(cells):
        alone, wrong = convert(kind, cell, choices=choices)
        assert (values[index], errors.get(index)) == (alone[0], wrong.get(0))
        assert values[index] is None or index not in errors


@given(st.text())
def test_cleaning_twice_is_cleaning_once_and_leaves_nothing_the_database_refuses(text: str) -> None:
    once = clean_code(text)
    assert "\x00" not in clean_text(text)
    assert clean_code(once) == once or once.startswith("'")
