"""The guide shows what there is, in few and small pictures; a chapter for everybody who has work to do here."""

from __future__ import annotations

import re

from models.accounts import Kind
from tools import guide

CHAPTERS = {
    Kind.SCHOOL: "school",
    Kind.ORGANISATION: "organisation",
    Kind.PROVINCE: "province",
    Kind.CITY: "city",
    Kind.CANDIDATE: "candidate",
    Kind.PLATFORM: "operator",
}
OTHERS = ("public", "registration", "editor")


def test_every_picture_shown_is_there_and_none_is_left_over() -> None:
    assert guide.problems() == []


def test_pictures_are_small() -> None:
    heavy = [path.name for path in guide.KEPT.glob("*.png") if path.stat().st_size > guide.LARGEST]
    assert heavy == []


def test_every_kind_of_account_the_public_a_new_school_and_the_editor_have_a_chapter_that_the_contents_lead_to() -> (
    None
):
    contents = (guide.CHAPTERS / "README.md").read_text("utf-8")
    assert set(CHAPTERS) == set(Kind)
    for name in (*CHAPTERS.values(), *OTHERS):
        assert (guide.CHAPTERS / f"{name}.md").exists()
        assert f"({name}.md)" in contents


def test_links_between_chapters_lead_somewhere() -> None:
    for page in guide.CHAPTERS.glob("*.md"):
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
