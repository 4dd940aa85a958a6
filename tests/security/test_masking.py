"""Personal numbers, field by field (check 4; R20–R25): in full only in the owner's form; elsewhere masked, in JSON,
in workbooks and in what is logged, whoever asks. Pages are walked by test_crawl.py."""

from __future__ import annotations

import io
import json
import logging
import re

import pytest
import sqlalchemy as sa
from openpyxl import load_workbook

from app.access.actor import JOB, acting_as
from app.access.roles import ROLES, may
from app.panel.fab import shown_to_anyone
from app.panel.resolve import DESK_KINDS, resolve
from models.accounts import AuditEntry
from models.candidates import Candidate
from models.kit import Mark, declared_models
from tests.security.conftest import ONE_A_KIND, Demo
from tests.security.test_crawl import _personal, _shown

pytestmark = pytest.mark.demo
KNOWN = [*ONE_A_KIND, "school.staff", "organisation.clerk"]


@pytest.mark.parametrize("role", KNOWN)
def test_the_api_answers_no_number_in_full(role: str, demo: Demo) -> None:
    actor, api, numbers, wrong, tried = demo.actor(role), demo.api(role), _personal(demo), [], 0
    for model in declared_models():
        resolved = resolve(model)
        if not shown_to_anyone(resolved) or not may(actor, resolved.table, "list"):
            continue
        tried += 1
        texts = [json.dumps(api.get(f"{resolved.table}/", size=100).get_json(), ensure_ascii=False)]
        if (own := demo.own(role, resolved.table)) is not None:
            texts.append(json.dumps(api.get(f"{resolved.table}/{own}").get_json(), ensure_ascii=False))
        if any(_shown(text) & numbers for text in texts):
            wrong.append(resolved.table)
    assert wrong == []
    assert tried > 0


@pytest.mark.parametrize(
    "role", [role for role in KNOWN if any("export" in verbs for verbs in ROLES[role].values())]
)
def test_an_export_holds_no_number_in_full(role: str, demo: Demo) -> None:
    """The export with full numbers is another door, which asks why (R23)."""
    actor, browser, numbers, wrong, tried = demo.actor(role), demo.browser(role), _personal(demo), [], 0
    for model in declared_models():
        resolved = resolve(model)
        if not may(actor, resolved.table, "export") or not resolved.marked(Mark.MASKED):
            continue
        place = "desk" if resolved.panel.desk and actor.kind in DESK_KINDS else "console"
        answer = browser.post(f"/{place}/{resolved.table}/export")
        if answer.status_code != 200:
            continue
        tried += 1
        for row in load_workbook(io.BytesIO(answer.data), read_only=True).active.iter_rows(values_only=True):
            if _shown(" ".join(str(cell) for cell in row if cell is not None)) & numbers:
                wrong.append(resolved.table)
                break
    assert wrong == []
    assert tried > 0 or role.startswith(("province", "city", "platform", "organisation.clerk"))


def test_the_owners_form_alone_shows_the_whole_number(demo: Demo) -> None:
    """R23, and that the walk of test_crawl.py would have seen it elsewhere."""
    browser = demo.browser("school.principal")
    with acting_as(demo.actor("school.principal"), demo.session):
        row = demo.session.scalars(sa.select(Candidate).order_by(Candidate.id)).first()
        assert row is not None
        key, number = row.id, row.id_number
    browser.get(f"/console/candidate/{key}")
    assert number not in browser.text() and f"{number[:6]}********{number[-4:]}" in browser.text()
    browser.get(f"/console/candidate/{key}/edit")
    assert number in _shown(browser.text())


@pytest.mark.parametrize("role", KNOWN)
def test_full_numbers_are_given_to_those_with_the_right_who_say_why(role: str, demo: Demo) -> None:
    """`unmask` (R23): everybody else is refused; the reason and the asker stay in the trail (R135)."""
    api, own = demo.api(role), demo.own(role, "candidate")
    if own is None:
        assert api.post("candidate/1/unmask", {"reason": "核对身份证件"}).status_code in (403, 404)
        return
    answer = api.post(f"candidate/{own}/unmask", {"reason": "核对身份证件"})
    allowed = "unmask" in ROLES[role].get("candidate", ())
    assert answer.status_code == (200 if allowed else 403)
    if not allowed:
        return
    assert re.fullmatch(r"\d{17}[\dX]", answer.get_json()["id_number"])
    assert api.post(f"candidate/{own}/unmask", {}).status_code == 422
    with acting_as(JOB, demo.session):
        last = demo.session.scalars(
            sa.select(AuditEntry).where(AuditEntry.action == "UNMASK").order_by(AuditEntry.id.desc())
        ).first()
        assert last is not None
        assert (last.row_id, last.reason, last.account_id) == (own, "核对身份证件", demo.account(role).id)


def test_a_number_in_an_address_is_not_obeyed(demo: Demo) -> None:
    """R25: what stands in an address is written into logs and histories; the filter travels in the body alone."""
    browser = demo.browser("school.principal")
    with acting_as(demo.actor("school.principal"), demo.session):
        number = demo.session.scalars(sa.select(Candidate.id_number).order_by(Candidate.id)).first()
    every = len(demo.visible("school.principal", "candidate"))
    browser.get(f"/console/candidate/?f_id_number={number}")
    assert f'data-total="{every}"' in browser.text()
    browser.post("/console/candidate/", {"f_id_number": number})
    assert 'data-total="1"' in browser.text()
    links = re.findall(r'(?:href|action|hx-get|hx-post)="([^"]*)"', browser.text())
    assert links and not any(str(number) in link for link in links)


def test_nothing_that_is_logged_holds_a_number(demo: Demo, caplog: pytest.LogCaptureFixture) -> None:
    """Not the statement, not its parameters, not the refusal: every logger at its most talkative."""
    caplog.set_level(logging.DEBUG)
    browser, api = demo.browser("school.manager"), demo.api("school.manager")
    with acting_as(demo.actor("school.manager"), demo.session):
        row = demo.session.scalars(sa.select(Candidate).order_by(Candidate.id)).first()
        assert row is not None
        number, mobile = row.id_number, row.mobile
    browser.post("/console/candidate/", {"f_id_number": number})
    api.post("candidate/search", {"filters": {"id_number": number, "mobile": mobile}})
    again = {"name": "李四", "id_number": number, "mobile": mobile, "kind": "STUDENT"}
    assert browser.post("/console/candidate/add", again).status_code in (409, 422)
    assert api.post("candidate/", again).status_code in (409, 422)
    browser.post("/console/candidate/add", {**again, "enrolment_year": "x" * 400})
    logged = caplog.text + "".join(str(record.__dict__) for record in caplog.records)
    assert "SELECT" not in caplog.text or str(number) not in logged
    assert str(number) not in logged and str(mobile) not in logged


def test_the_trail_names_changed_numbers_without_keeping_them(demo: Demo) -> None:
    """Neither encrypted columns nor addresses of mail that are shown masked (R22)."""
    numbers = _personal(demo)
    with acting_as(JOB, demo.session):
        demo.session.execute(
            sa.text("update school set contact_email = 'new@example.cn', contact_mobile = contact_mobile")
        )
        demo.session.execute(sa.text("update exam_site set contact_email = 'other@example.cn'"))
        changes = demo.session.scalars(
            sa.select(AuditEntry.changes).where(AuditEntry.changes.is_not(None))
        ).all()
        texts = [json.dumps(change, ensure_ascii=False) for change in changes]
        demo.session.rollback()
    assert any('"contact_email": ["***", "***"]' in text for text in texts)
    assert not any("@example.cn" in text or _shown(text) & numbers for text in texts)
