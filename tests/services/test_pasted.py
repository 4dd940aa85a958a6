"""Text pasted from word processors (R19): structure survives, decoration and rubbish do not."""

from __future__ import annotations

import pytest

from app.services.pasted import ink, unfold
from app.services.richtext import clean_html, visible_length

BULLET = (
    "<span style='mso-list:Ignore'>{}<span style='font:7.0pt \"Times New Roman\"'>&nbsp;&nbsp;</span></span>"
)


def item(level: int, bullet: str, text: str) -> str:
    return (
        f"<p class=MsoListParagraph style='margin-left:21pt;text-indent:-21pt;mso-list:l0 level{level} lfo1'>"
        f"<![if !supportLists]>{BULLET.format(bullet)}<![endif]>{text}<o:p></o:p></p>\n"
    )


def test_a_word_list_becomes_a_list_with_its_levels() -> None:
    pasted = "".join([item(1, "1.", "甲"), item(2, "l", "甲一"), item(2, "l", "甲二"), item(1, "2.", "乙")])
    assert clean_html(pasted) == "<ol><li>甲<ul><li>甲一</li><li>甲二</li></ul></li><li>乙</li></ol>"


def test_two_lists_with_a_paragraph_between_stay_two() -> None:
    pasted = item(1, "·", "甲") + "<p class=MsoNormal>说明</p>" + item(1, "（一）", "乙")
    assert clean_html(pasted) == "<ul><li>甲</li></ul><p>说明</p><ol><li>乙</li></ol>"


def test_headings_alignment_weight_and_colour_are_put_into_our_words() -> None:
    pasted = (
        "<h1 style='mso-pagination:widow-orphan'>总则</h1><h2>分则</h2><h3>细则</h3>"
        "<p align=right style='text-align:right'>二〇二六年</p>"
        "<p class=MsoNormal><span style='color:#C00000;font-weight:bold'>截止</span><font color=blue>日期</font></p>"
    )
    assert clean_html(pasted) == (
        '<h3>总则</h3><h3>分则</h3><h4>细则</h4><p class="align-right">二〇二六年</p>'
        '<p><span class="ink-red"><strong>截止</strong></span><span class="ink-blue">日期</span></p>'
    )


def test_style_sheets_comments_and_office_elements_leave_nothing() -> None:
    pasted = (
        "<!--[if gte mso 9]><xml><w:WordDocument><w:View>Normal</w:View></w:WordDocument></xml><![endif]-->"
        "<style>p.MsoNormal {mso-style-parent:''; margin:0cm}</style><meta charset=utf-8><link rel=File-List href='file:///c:/x'>"
        "<div class=WordSection1><p class=MsoNormal>正文<o:p></o:p></p><p class=MsoNormal><o:p>&nbsp;</o:p></p></div>"
        "<img src='file:///C:/Users/x/clip_image001.png'>"
    )
    kept = clean_html(pasted)
    assert kept == "<p>正文</p>"
    assert visible_length(pasted) == 2


def test_a_table_keeps_its_cells_and_loses_its_borders() -> None:
    pasted = (
        "<table class=MsoTableGrid border=1 style='border-collapse:collapse;mso-yfti-tbllook:1184'><tr style='height:1cm'>"
        "<td width=200 colspan=2 style='border:solid windowtext 1.0pt'><p class=MsoNormal>事项</p></td></tr></table>"
    )
    assert clean_html(pasted) == '<table><tbody><tr><td colspan="2"><p>事项</p></td></tr></tbody></table>'


def test_what_the_editor_writes_comes_back_as_it_was() -> None:
    ours = (
        '<h3 class="align-center">题</h3><p>字<span class="ink-red">红</span></p><ul><li><p>一</p></li></ul>'
    )
    assert unfold(ours) == ours and clean_html(ours) == ours


@pytest.mark.parametrize(
    "pasted", ["<p style=''", "<div style=x>" * 3000 + "深", "<o:p>", "<!--[if mso]>", "mso-\x01"]
)
def test_torn_markup_never_stops_anybody(pasted: str) -> None:
    assert "<div" not in clean_html(pasted)


@pytest.mark.parametrize(
    ("colour", "tone"),
    [
        ("#000000", ""), ("black", ""), ("#fff", ""), ("#FF0000", "red"), ("rgb(255, 192, 0)", "amber"),
        ("#00B050", "green"), ("#0070C0", "blue"), ("#7030A0", "violet"), ("#808080", "grey"), ("windowtext", ""),
    ],
)  # fmt: skip
def test_a_colour_becomes_the_nearest_of_six_tones(colour: str, tone: str) -> None:
    assert ink(colour) == tone
