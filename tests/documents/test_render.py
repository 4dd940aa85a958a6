"""Rendering: the same bytes again, nothing injected, no hole in a name, no warning, no cost before first use."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.documents import kinds
from app.documents.fonts import missing_characters, replace_unprintable
from app.documents.render import render, render_each, render_with_warnings
from app.services.errors import DomainError
from tests.documents import samples

LAYOUTS = sorted(path.stem for path in Path("app/documents/layouts").glob("*.typ") if path.stem != "common")

PAPERS = {
    "admission_tickets": lambda: kinds.admission_tickets([samples.ticket()], printed_at=samples.PRINTED),
    "certificate": lambda: kinds.certificate(samples.certificate(), issued_at=samples.PRINTED),
    "declaration_form": lambda: kinds.declaration_form(samples.declaration(), printed_at=samples.PRINTED),
    "desk_labels": lambda: kinds.desk_labels([samples.desk(1)], printed_at=samples.PRINTED),
    "door_label": lambda: kinds.door_label(samples.door(30), printed_at=samples.PRINTED),
    "fee_slip": lambda: kinds.fee_slip(samples.slip(), printed_at=samples.PRINTED),
    "result_list": lambda: kinds.result_list(samples.results(3, numbered=True), printed_at=samples.PRINTED),
    "schedule_matrix": lambda: kinds.schedule_matrix(samples.matrix(2), printed_at=samples.PRINTED),
    "sign_in_sheet": lambda: kinds.sign_in_sheet(samples.sign_in(3), printed_at=samples.PRINTED),
    "transcript": lambda: kinds.transcript(samples.transcript(), printed_at=samples.PRINTED),
}


def test_every_layout_is_a_document_of_section_6_4_tested_here() -> None:
    assert sorted(PAPERS) == LAYOUTS


@pytest.mark.parametrize("layout", sorted(PAPERS))
def test_the_same_data_at_the_same_time_give_the_same_bytes(layout: str) -> None:
    assert PAPERS[layout]() == PAPERS[layout]()


@pytest.mark.parametrize("layout", sorted(set(PAPERS) - {"certificate"}))
def test_the_footer_tells_the_page_and_when_it_was_printed(layout: str) -> None:
    first = samples.pages(PAPERS[layout]())[0]
    assert "第1页/共1页" in first
    assert "打印时间2020-07-1809:30" in first


@pytest.mark.parametrize("layout", sorted(PAPERS))
def test_typst_has_nothing_to_warn_about(layout: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unknown font family is only a warning, and the page would come out in another face."""
    heard: list[str] = []

    def listening(name: str, data: object, **options: object) -> bytes:
        pdf, warnings = render_with_warnings(name, data, **options)  # type: ignore[arg-type]
        heard.extend(warnings)
        return pdf

    monkeypatch.setattr("app.documents.records.render", listening)
    monkeypatch.setattr("app.documents.exam_papers.render", listening)
    monkeypatch.setattr("app.documents.render.render", listening)
    PAPERS[layout]()
    assert heard == []


@pytest.mark.parametrize("name", ['张#panic("x")*_$', "#import sys", "李`*_[]{}\\n", "</p><script>"])
def test_a_name_that_looks_like_markup_is_printed_as_it_is(name: str) -> None:
    pdf = kinds.admission_tickets([samples.ticket(name=name)], printed_at=samples.PRINTED)
    assert name.replace(" ", "") in samples.text(pdf)


def test_e58_rare_characters_are_drawn_and_found_again_in_the_text() -> None:
    tickets = [samples.ticket(name=name) for name in samples.RARE_NAMES]
    printed = samples.pages(kinds.admission_tickets(tickets, printed_at=samples.PRINTED))
    assert [name in page for name, page in zip(samples.RARE_NAMES, printed, strict=True)] == [True] * 4


def test_a_character_no_font_has_is_refused_by_name_before_printing() -> None:
    with pytest.raises(DomainError) as refusal:
        kinds.certificate(samples.certificate(name="张\ue863"), issued_at=samples.PRINTED)
    assert refusal.value.code == "document.character"
    assert "U+E863" in refusal.value.message


def test_missing_characters_names_each_once_and_passes_variation_selectors() -> None:
    assert missing_characters("张三abc·,()–~𠮷\n葛\U000e0100") == ""
    assert missing_characters("\ue000张\ue001\ue000") == "\ue000\ue001"


def test_free_text_keeps_its_place_where_a_character_cannot_be_printed() -> None:
    assert replace_unprintable("师资😀雄厚") == "师资□雄厚"


def test_a_layout_cannot_read_files_outside_its_folder() -> None:
    with pytest.raises(ValueError, match="JPEG, PNG or SVG"):
        render("certificate", {"photo": b"/etc/passwd"}, printed_at=samples.PRINTED)


def test_many_threads_may_print_at_once() -> None:
    expected = PAPERS["desk_labels"]()
    with ThreadPoolExecutor(4) as pool:
        printed = list(pool.map(lambda _: PAPERS["desk_labels"](), range(8)))
    assert printed == [expected] * 8


def test_a_long_run_is_joined_from_parts_in_order_with_its_own_page_numbers() -> None:
    tickets = [samples.ticket(1, name=f"考生{index}", photo=None) for index in range(85)]
    pdf = kinds.admission_tickets(tickets, printed_at=samples.PRINTED)
    printed = samples.pages(pdf)
    assert len(printed) == 85
    assert all(f"考生{index}" in page for index, page in enumerate(printed))
    assert all("第1页/共1页" in page for page in printed)
    assert pdf == kinds.admission_tickets(tickets, printed_at=samples.PRINTED)


def test_no_items_still_make_a_readable_file() -> None:
    assert len(samples.pages(render_each("transcript", [], printed_at=samples.PRINTED))) == 1


def test_importing_the_documents_loads_no_engine_and_no_font() -> None:
    code = (
        "import sys, app.documents.kinds, app.documents.signing, app.documents.photos,"
        " app.documents.photo_archive, app.documents.seals, app.documents.captcha, app.documents.drawn;"
        "print([m for m in ('typst', 'PIL', 'fontTools', 'pyhanko', 'pypdf', 'segno') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
