"""Papers of an exam session: what 6.4 asks to be on them, and how they break into pages."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from pypdf import PdfReader

from app.documents import kinds
from tests.documents import samples
from tests.documents.samples import PRINTED


def test_a_ticket_shows_the_full_id_number_and_where_and_when_each_subject_is_sat() -> None:
    printed = samples.text(kinds.admission_tickets([samples.ticket()], printed_at=PRINTED))
    for expected in (
        "准考证", "张三", samples.ID_NUMBER, samples.TICKET_NUMBER, samples.SCHOOL, "Python程序开发(中级)",
        "098690", "098692", "机考", "2020-07-1813:00~16:50", "第一机房", "58", samples.ADDRESS, "考生须知",
    ):  # fmt: skip
        assert expected in printed


def test_a_ticket_of_six_subjects_fits_one_page_even_with_long_names() -> None:
    subjects = [
        samples.ticket_subject(
            index, name="智能网联汽车计算平台与传感器融合实操综合项目", address=samples.ADDRESS * 2
        )
        for index in range(6)
    ]
    ticket = samples.ticket(name=samples.LONG_NAME, school=samples.LONG_SCHOOL, subjects=subjects)
    assert len(samples.pages(kinds.admission_tickets([ticket], printed_at=PRINTED))) == 1


def test_a_ticket_of_many_subjects_goes_on_and_counts_its_own_pages() -> None:
    printed = samples.pages(
        kinds.admission_tickets([samples.ticket(), samples.ticket(14)], printed_at=PRINTED)
    )
    assert ["第1页/共1页" in printed[0], "第1页/共2页" in printed[1], "第2页/共2页" in printed[2]] == [
        True
    ] * 3


def test_a_ticket_without_photo_leaves_the_place_for_it() -> None:
    printed = samples.text(kinds.admission_tickets([samples.ticket(photo=None)], printed_at=PRINTED))
    assert "照片" in printed


def test_a_sign_in_sheet_has_25_rows_a_page_and_repeats_its_head() -> None:
    printed = samples.pages(kinds.sign_in_sheet(samples.sign_in(63), printed_at=PRINTED))
    assert [page.count(samples.MASKED) for page in printed] == [25, 25, 13]
    for page in printed:
        for expected in ("考场名称", "第一机房", "应考63人", "监考老师签名", "巡考老师签名", "座位号"):
            assert expected in page


def test_e108_without_invigilators_the_sheet_prints_blank_lines() -> None:
    printed = samples.text(kinds.sign_in_sheet(samples.sign_in(2), printed_at=PRINTED))
    assert "实考人" in printed
    assert "监考老师签名" in printed


def test_a_sign_in_sheet_shows_the_counts_once_they_are_known() -> None:
    sheet = samples.sign_in(25, attended=24, absent=1, invigilators=("王老师", "李老师"))
    printed = samples.text(kinds.sign_in_sheet(sheet, printed_at=PRINTED))
    assert "实考24人" in printed
    assert "缺考1人" in printed
    assert "王老师、李老师" in printed


def test_a_room_nobody_sits_in_still_has_its_sheet() -> None:
    assert len(samples.pages(kinds.sign_in_sheet(samples.sign_in(0), printed_at=PRINTED))) == 1


def test_several_sheets_print_together_each_with_its_own_page_numbers() -> None:
    printed = samples.pages(kinds.sign_in_sheet(samples.sign_in(26), samples.sign_in(5), printed_at=PRINTED))
    assert ["第2页/共2页" in printed[1], "第1页/共1页" in printed[2]] == [True, True]


def test_desk_labels_are_eight_a_page() -> None:
    labels = [samples.desk(seat) for seat in range(1, 18)]
    printed = samples.pages(kinds.desk_labels(labels, printed_at=PRINTED))
    assert [page.count(samples.MASKED) for page in printed] == [8, 8, 1]


def test_a_desk_label_with_a_long_name_stays_in_its_place() -> None:
    labels = [samples.desk(1000, name=samples.LONG_NAME, room="实训楼三层东侧第一计算机综合实训室(大)")] * 8
    assert len(samples.pages(kinds.desk_labels(labels, printed_at=PRINTED))) == 1


@pytest.mark.parametrize(("people", "expected"), [(1, 1), (60, 1), (61, 2), (186, 2), (187, 3)])
def test_a_door_label_has_a_second_page_only_for_more_than_60(people: int, expected: int) -> None:
    printed = samples.pages(kinds.door_label(samples.door(people), printed_at=PRINTED))
    assert len(printed) == expected
    assert f"考生{people}" in printed[-1]


def test_a_door_label_lies_and_names_room_subject_time_seats_and_tickets() -> None:
    pdf = kinds.door_label(samples.door(60), printed_at=PRINTED)
    page = PdfReader(io.BytesIO(pdf)).pages[0]
    assert page.mediabox.width > page.mediabox.height
    printed = samples.text(pdf)
    for expected in ("第一机房", "Python程序开发(中级)", "1–60", "20600002253700400001–20600002253700400060"):
        assert expected in printed


def test_the_matrix_adds_up_each_session() -> None:
    printed = samples.text(kinds.schedule_matrix(samples.matrix(2, rooms=3), printed_at=PRINTED))
    assert "合计人数153153" in printed


def test_the_matrix_goes_on_in_a_second_block_after_six_sessions() -> None:
    printed = samples.pages(kinds.schedule_matrix(samples.matrix(9), printed_at=PRINTED))
    assert ["2020-07-23" in page for page in printed] == [True, False]
    assert ["2020-07-26" in page for page in printed] == [False, True]


def test_a_matrix_with_a_cell_too_few_is_a_mistake_of_the_caller() -> None:
    matrix = samples.matrix(2)
    short = replace(matrix.rooms[0], cells=matrix.rooms[0].cells[:1])
    with pytest.raises(ValueError, match="one cell a session"):
        kinds.schedule_matrix(replace(matrix, rooms=[short]), printed_at=PRINTED)
