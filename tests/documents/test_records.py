"""Fee slip, certificate, lists, transcript, declaration form: what 6.4 asks to be on them."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from app.documents import kinds
from app.documents.codes import code128
from tests.documents import samples
from tests.documents.samples import PRINTED


def test_a_fee_slip_shows_the_amount_in_figures_and_capitals() -> None:
    printed = samples.text(kinds.fee_slip(samples.slip(3), printed_at=PRINTED))
    for expected in (
        "F20200718000123", "¥780.00元", "人民币(大写):柒佰捌拾元整", "3人次", "K202005229994",
        "账号:020000000000", "附言中注明缴费单号", "考生2",
    ):  # fmt: skip
        assert expected in printed


def test_a_fee_slip_without_tariff_claims_no_amount() -> None:
    printed = samples.text(kinds.fee_slip(samples.slip(amount=None, unit_fee=None), printed_at=PRINTED))
    assert "以培训评价组织核定为准" in printed
    assert "大写" not in printed


def test_a_fee_slip_by_subject_lists_the_subjects() -> None:
    line = kinds.FeeLine(
        name="张三", id_masked=samples.MASKED, certificate="证书", level="中级", subject="理论科目"
    )
    slip = replace(samples.slip(1), basis="按科目", lines=[line])
    printed = samples.text(kinds.fee_slip(slip, printed_at=PRINTED))
    assert "理论科目" in printed


@pytest.mark.parametrize(
    ("amount", "capitals"),
    [
        ("0", "零元整"),
        ("0.05", "伍分"),
        ("0.50", "伍角整"),
        ("1", "壹元整"),
        ("10", "壹拾元整"),
        ("105", "壹佰零伍元整"),
        ("1000.01", "壹仟元零壹分"),
        ("1234.56", "壹仟贰佰叁拾肆元伍角陆分"),
        ("10005", "壹万零伍元整"),
        ("78060.50", "柒万捌仟零陆拾元伍角整"),
        ("100000000", "壹亿元整"),
        ("100010000.30", "壹亿零壹万元叁角整"),
        ("20030400", "贰仟零叁万零肆佰元整"),
        ("9999999999999999.99", "玖仟玖佰玖拾玖兆玖仟玖佰玖拾玖亿玖仟玖佰玖拾玖万玖仟玖佰玖拾玖元玖角玖分"),
    ],
)
def test_amounts_in_capitals(amount: str, capitals: str) -> None:
    assert kinds.amount_in_capitals(Decimal(amount)) == capitals


@pytest.mark.parametrize("amount", ["-1", "0.001", "NaN", "Infinity", "10000000000000000"])
def test_what_is_no_amount_of_money_has_no_capitals(amount: str) -> None:
    with pytest.raises(ValueError, match="amount"):
        kinds.amount_in_capitals(Decimal(amount))


@given(st.integers(0, 10**16 - 1))
@settings(max_examples=300, deadline=None)
def test_capitals_read_back_give_the_amount(cents: int) -> None:
    capitals = kinds.amount_in_capitals(Decimal(cents) / 100)
    assert _read_capitals(capitals) == cents
    assert "零零" not in capitals


def _read_capitals(text: str) -> int:
    """The amount in fen, read the way a bank clerk does: digit times place, groups of four."""
    digits = {character: value for value, character in enumerate("零壹贰叁肆伍陆柒捌玖")}
    places = {"拾": 10, "佰": 100, "仟": 1000}
    groups = {"万": 10**4, "亿": 10**8, "兆": 10**12}
    total = group = digit = fen = 0
    for character in text:
        if character in digits:
            digit = digits[character]
        elif character in places:
            group, digit = group + digit * places[character], 0
        elif character in groups:
            total, group, digit = total + (group + digit) * groups[character], 0, 0
        elif character == "元":
            fen, total, group, digit = (total + group + digit) * 100, 0, 0, 0
        elif character in "角分":
            fen, digit = fen + digit * (10 if character == "角" else 1), 0
    return fen


def test_a_certificate_shows_all_its_parts() -> None:
    printed = samples.text(kinds.certificate(samples.certificate(), issued_at=PRINTED))
    for expected in (
        "职业技能等级证书", "王小明", samples.ID_NUMBER, "Python程序开发", "中级", "考核合格",
        "北京时代教育科技有限公司", samples.SCHOOL, samples.CERTIFICATE_NUMBER, "2020年8月1日",
    ):  # fmt: skip
        assert expected in printed


def test_a_certificate_is_one_lying_page_of_pdf_a_with_its_number_in_the_title() -> None:
    pdf = kinds.certificate(samples.certificate(), issued_at=PRINTED)
    reader = PdfReader(io.BytesIO(pdf))
    assert [round(float(side)) for side in reader.pages[0].mediabox[2:]] == [842, 595]
    assert len(reader.pages) == 1
    assert reader.metadata is not None
    assert reader.metadata.title == f"职业技能等级证书 {samples.CERTIFICATE_NUMBER}"
    assert reader.metadata.creation_date == datetime(2020, 7, 18, 1, 30, tzinfo=UTC)
    assert reader.xmp_metadata is not None
    assert b"pdfaid" in pdf


@pytest.mark.parametrize("name", [*samples.RARE_NAMES, samples.LONG_NAME])
def test_e58_names_of_every_kind_fit_on_a_certificate(name: str) -> None:
    printed = samples.pages(kinds.certificate(samples.certificate(name=name), issued_at=PRINTED))
    assert len(printed) == 1
    assert name in printed[0]


def test_a_certificate_of_a_long_organisation_without_photo_and_seals_stays_one_page() -> None:
    item = samples.certificate(
        organisation=samples.LONG_SCHOOL,
        site_school=samples.LONG_SCHOOL,
        certificate="智能网联汽车计算平台与传感器融合系统集成测试及新能源动力驱动装调",
        photo=None,
        organisation_seal=None,
        site_seal=None,
    )
    assert len(samples.pages(kinds.certificate(item, issued_at=PRINTED))) == 1


def test_r123_only_a_preview_is_marked_as_specimen() -> None:
    assert "样张" in samples.text(kinds.certificate(samples.certificate(specimen=True), issued_at=PRINTED))
    assert "样张" not in samples.text(kinds.certificate(samples.certificate(), issued_at=PRINTED))


def test_a_result_list_has_a_column_of_numbers_only_when_there_are_any() -> None:
    public = samples.text(kinds.result_list(samples.results(3, numbered=False), printed_at=PRINTED))
    issued = samples.text(kinds.result_list(samples.results(3, numbered=True), printed_at=PRINTED))
    assert "证书编号" not in public
    assert issued.count(samples.CERTIFICATE_NUMBER) == 3


def test_a_result_list_repeats_its_head_on_every_page() -> None:
    printed = samples.pages(kinds.result_list(samples.results(120, numbered=False), printed_at=PRINTED))
    assert len(printed) > 2
    assert all("所属院校" in page for page in printed)


def test_a_transcript_shows_scores_weights_total_and_result() -> None:
    printed = samples.text(kinds.transcript(samples.transcript(), printed_at=PRINTED))
    for expected in ("098694", "043194", "609371", "87.5", "缺考", "40%", "60.01", "综合成绩合格", "合格"):
        assert expected in printed


def test_a_declaration_shows_quota_and_review_trail() -> None:
    printed = samples.text(kinds.declaration_form(samples.declaration(), printed_at=PRINTED))
    for expected in (
        "4111010028",
        "100人",
        "80人",
        "软件技术、计算机应用技术",
        "师资情况描述",
        "省级审核",
        "同意",
    ):
        assert expected in printed


def test_an_odd_character_in_a_description_does_not_stop_the_form() -> None:
    printed = samples.text(kinds.declaration_form(samples.declaration(["师资😀雄厚"]), printed_at=PRINTED))
    assert "师资□雄厚" in printed


def test_a_description_of_5000_characters_flows_over_pages() -> None:
    form = samples.declaration(["本校现有专任教师。" * 55] * 10)
    assert len(samples.pages(kinds.declaration_form(form, printed_at=PRINTED))) > 2


def test_the_barcode_of_the_ticket_number_is_code_128_set_c() -> None:
    """Bars and spaces of 9.90's ticket, as an independent encoder and a reader give them."""
    assert _widths(code128("2060")) == "211232221231314111211313" + "2331112"


@pytest.mark.parametrize("digits", ["", "123", "12a4", "１２"])
def test_the_barcode_takes_pairs_of_digits_only(digits: str) -> None:
    with pytest.raises(ValueError, match="pairs"):
        code128(digits)


def _widths(svg: bytes) -> str:
    """Bar and space widths read back from the drawing."""
    moves = svg.decode().split('d="')[1].split('"')[0].split("M")[1:]
    bars = [(int(move.split()[0]), int(move.split("h")[1].split("v")[0])) for move in moves]
    widths = []
    for index, (start, width) in enumerate(bars):
        widths.append(width)
        if index + 1 < len(bars):
            widths.append(bars[index + 1][0] - start - width)
    return "".join(map(str, widths))
