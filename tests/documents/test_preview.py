"""Uploaded documents are looked at as pictures and cleaned text; a PDF that acts is no supporting file (R18, E23)."""

from __future__ import annotations

import pytest

from app.documents import preview
from app.documents.content import acts, check_supporting_file
from app.services.errors import DomainError
from tests.documents import given


def test_a_pdf_is_shown_as_pictures_of_its_first_pages() -> None:
    shown = preview.html_of("pdf", given.pdf(22))
    assert shown.count('src="data:image/jpeg;base64,') == 20
    assert "共22页" in shown
    assert "<script" not in shown


def test_a_word_document_is_shown_as_its_text_and_nothing_that_acts() -> None:
    document = given.docx("师资情况", "&lt;script&gt;alert(1)&lt;/script&gt;", link="javascript:alert(2)")
    shown = preview.html_of("docx", document)
    assert "师资情况" in shown
    assert "&lt;script&gt;" in shown
    assert "<script" not in shown
    assert "javascript:" not in shown


@pytest.mark.parametrize(("kind", "data"), [("pdf", b"%PDF-1.7\nnothing\n%%EOF"), ("docx", b"PK\x03\x04")])
def test_what_cannot_be_opened_is_for_downloading(kind: str, data: bytes) -> None:
    with pytest.raises(DomainError, match="请下载后查看"):
        preview.html_of(kind, data)


@pytest.mark.parametrize("packed", [False, True])
def test_e23_a_pdf_with_a_script_is_refused_with_what_to_do(packed: bool) -> None:
    with pytest.raises(DomainError, match="打印为PDF") as refusal:
        check_supporting_file("师资.pdf", given.acting_pdf(packed=packed))
    assert refusal.value.status == 415


def test_e23_a_script_spelled_with_escapes_is_seen() -> None:
    spelled = given.acting_pdf().replace(b"/JavaScript", b"/Java#53cript")
    assert b"/JavaScript" not in spelled
    with pytest.raises(DomainError, match="打印为PDF"):
        check_supporting_file("师资.pdf", spelled)


def test_an_ordinary_pdf_does_not_act() -> None:
    import io

    assert not acts(io.BytesIO(given.pdf(3)))
