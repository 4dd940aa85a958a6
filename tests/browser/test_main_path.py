"""The main path, from a province's batch to a stranger who checks a certificate, every step by the right person."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser.installation import Installation
from tests.browser.path import configuring, declaring, entering, examining, issuing
from tests.browser.path.walk import Walk
from tests.browser.people import People

pytestmark = pytest.mark.browser

CHAPTERS = (
    configuring.an_organisation_describes_its_certificate,
    configuring.the_platform_approves_the_certificate,
    declaring.a_province_publishes_a_batch,
    declaring.a_school_declares,
    declaring.the_province_approves_a_quota,
    entering.the_school_enters_300_candidates,
    configuring.the_organisation_publishes_a_plan,
    entering.the_school_applies_for_a_site,
    entering.the_organisation_approves_the_site,
    entering.the_school_sets_rooms,
    entering.the_school_registers_by_workbook,
    examining.the_organisation_schedules,
    examining.the_school_prints_tickets,
    examining.the_school_records_attendance,
    examining.the_clerk_imports_scores,
    examining.a_candidate_sees_the_scores,
    issuing.results_are_locked_and_tasks_appear,
    issuing.the_organisation_signs,
    issuing.the_school_signs,
    issuing.the_certificate_is_there,
    issuing.a_stranger_verifies,
)


def test_the_main_path(people: People, installation: Installation, tmp_path: Path) -> None:
    people.album.begin()
    walk = Walk(people, installation, tmp_path)
    for chapter in CHAPTERS:
        chapter(walk)
        people.leave()
    assert people.complaints == []
    assert people.album.findings == []
    assert "Traceback" not in installation.logs()
