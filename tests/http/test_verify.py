"""Public verification: number and ID number and captcha; one answer for every miss (R129–R131, E135, E136)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from app.access.actor import AUTH, JOB
from app.panel.limits import limiter
from app.services import e_certificates, logins, verification
from models.content import Verification
from models.e_certificates import CertificateEvent, ECertificate, EventKind
from models.issuance import IssuanceTask
from models.kit import clock
from tests import factories_issuing as make
from tests.conftest import Browser
from tests.factories_issuing import WHEN
from tests.models.world import ORGANISATION, PUBLIC, QINGDAO
from tests.services.test_issuing import sign

As = Callable[..., Any]


@pytest.fixture(autouse=True)
def after_the_lock(app: Any) -> Any:
    limiter.reset()
    with clock.travel(WHEN):
        yield


def issued(as_: As) -> tuple[str, str]:
    """Number and ID number of an issued certificate."""
    people, ids = make.signers(as_), make.tasks(as_)
    sign(as_, people.organisation, ids)
    sign(as_, people.school, ids)
    with as_(JOB) as db:
        e_certificates.make_due(db)
        (one,) = db.scalars(sa.select(ECertificate))
        return one.certificate_number, one.id_number


def ask(browser: Browser, as_: As, number: str, id_number: str, *, captcha: str = "3FK9") -> int:
    """Fill in the form with a captcha whose answer is known."""
    with as_(AUTH) as db:
        token = logins.issue_captcha(db, "3FK9")
        db.commit()
    with browser.client.session_transaction() as cookie:
        cookie["captcha"] = token
    return browser.post("/verify", {"number": number, "id_number": id_number, "captcha": captcha}).status_code


def shape(page: str) -> str:
    """The page without what differs each time: tokens, and what was typed."""
    page = re.sub(r'(csrf[_-]token"[^>]*(?:value|content)=)"[^"]+"', r"\1", page)
    return re.sub(r'(name="number"[^>]*value=)"[^"]*"', r"\1", page)


def test_the_right_pair_shows_what_the_public_may_know(as_: As, browse: Any) -> None:
    """R130."""
    number, id_number = issued(as_)
    browser = browse()
    assert ask(browser, as_, number, id_number) == 200
    page = browser.text()
    with as_(JOB) as db:
        task = db.scalars(sa.select(IssuanceTask)).one()
    for words in (
        task.candidate_name,
        task.id_masked,
        number,
        "Python程序开发",
        "中级",
        "评价组织",
        "2021-01-05",
        "有效",
    ):
        assert words in page
    assert "data:image/jpeg;base64," in page
    assert id_number not in page and "137000" not in page and "80" not in re.findall(r"成绩\D*(\d+)", page)


def test_a_qr_code_leads_to_the_form_with_its_number(as_: As, browse: Any) -> None:
    browser = browse()
    assert browser.get("/verify?number=15600031015370040000001").status_code == 200
    assert 'value="15600031015370040000001"' in browser.text()
    assert "未查询到" not in browser.text()


def test_a_number_typed_wide_and_an_x_in_small_are_understood(as_: As, browse: Any) -> None:
    """R17."""
    number, id_number = issued(as_)
    browser = browse()
    wide = "".join(chr(ord(digit) + 0xFEE0) for digit in number)
    assert ask(browser, as_, f" {wide} ", id_number.lower()) == 200
    assert "证书真实有效" in browser.text()


def test_e135_every_miss_gets_the_same_answer(as_: As, browse: Any) -> None:
    number, id_number = issued(as_)
    other = "11010119900101001X"
    browser = browse()
    misses = [
        (number, other), ("15600031019999990000001", id_number), (number[:-1], id_number),
        (number, f"{id_number[:6]}********{id_number[-4:]}"), ("'; select 1 --", id_number), (number, "1" * 40),
    ]  # fmt: skip
    pages = []
    for pair in misses:
        assert ask(browser, as_, *pair) == 200
        pages.append(shape(browser.text()))
    assert "未查询到" in pages[0]
    assert len(set(pages)) == 1


def test_e135_a_hit_and_a_miss_take_the_same_steps_in_the_database(as_: As) -> None:
    """Not a clock's word but the work: one question, one note, whatever the answer."""
    number, id_number = issued(as_)
    seen: list[list[str]] = []
    for asked in (number, number[:-1]):
        statements: list[str] = []
        with as_(PUBLIC) as db:
            engine = db.get_bind()

            def note(_c: Any, _cursor: Any, statement: str, *_: Any, kept: list[str] = statements) -> None:
                kept.append(statement)

            sa.event.listen(engine, "before_cursor_execute", note)
            verification.verify(db, asked, id_number, "10.0.0.1")
            sa.event.remove(engine, "before_cursor_execute", note)
            db.commit()
        seen.append(statements)
    assert seen[0] == seen[1] and len(seen[0]) >= 2


def test_e136_a_task_not_yet_signed_by_both_is_not_found(as_: As, browse: Any) -> None:
    people, ids = make.signers(as_), make.tasks(as_)
    sign(as_, people.organisation, ids)
    with as_(JOB) as db:
        e_certificates.make_due(db)
        task = db.get_one(IssuanceTask, ids[0])
    browser = browse()
    assert ask(browser, as_, task.certificate_number, task.id_number) == 200
    assert "未查询到" in browser.text()


def test_e136_a_revoked_certificate_is_shown_as_such(as_: As, browse: Any) -> None:
    """R131."""
    number, id_number = issued(as_)
    with as_(JOB) as db:
        one = db.scalars(sa.select(ECertificate)).one()
        db.add(
            CertificateEvent(
                e_certificate_id=one.id, kind=EventKind.REVOKED, note="冒名顶替", organisation_id=5
            )
        )
        db.commit()
    browser = browse()
    assert ask(browser, as_, number, id_number) == 200
    assert (
        "证书已注销" in browser.text() and "注销日期" in browser.text() and "冒名顶替" not in browser.text()
    )


def test_a_corrected_certificate_shows_its_newest_edition(as_: As, browse: Any) -> None:
    """R131."""
    number, id_number = issued(as_)
    with as_(JOB) as db:
        one = db.scalars(sa.select(ECertificate)).one()
        kept = {
            c.name: getattr(one, c.name)
            for c in ECertificate.__table__.columns
            if c.name not in ("id", "version")
        }
        db.add(ECertificate(**{**kept, "edition": 2, "candidate_name": "更正后"}))
        db.commit()
    browser = browse()
    ask(browser, as_, number, id_number)
    assert "更正后" in browser.text()


def test_a_wrong_captcha_asks_again_and_tells_nothing(as_: As, browse: Any) -> None:
    number, id_number = issued(as_)
    browser = browse()
    assert ask(browser, as_, number, id_number, captcha="AAAA") == 422
    assert (
        "验证码不正确" in browser.text()
        and "证书真实有效" not in browser.text()
        and "未查询到" not in browser.text()
    )


def test_a_captcha_is_good_for_one_question(as_: As, browse: Any) -> None:
    number, id_number = issued(as_)
    browser = browse()
    ask(browser, as_, number, id_number)
    again = browser.post("/verify", {"number": number, "id_number": id_number, "captcha": "3FK9"})
    assert again.status_code == 422


def test_every_question_is_noted_without_its_numbers(as_: As, browse: Any, owner: Any) -> None:
    """R25, 3.8."""
    number, id_number = issued(as_)
    browser = browse()
    ask(browser, as_, number, id_number)
    ask(browser, as_, number, "11010119900101001X")
    with owner.connect() as db:
        rows = db.execute(sa.text("select found, number_hash, address from verification order by id")).all()
        assert [row.found for row in rows] == [True, False]
        assert number not in str(rows) and id_number not in str(rows)


def test_too_many_questions_from_one_address_are_refused(as_: As, browse: Any) -> None:
    browser = browse()
    make.with_site(as_)
    answers = [ask(browser, as_, str(n), "1") for n in range(32)]
    assert answers[0] == 200 and answers[-1] == 429


def test_only_the_public_may_ask_the_database_that_way(as_: As) -> None:
    """The wall: tenants read their own certificates, nobody asks about others'."""
    make.with_site(as_)
    for actor in (QINGDAO, ORGANISATION, JOB):
        with as_(actor) as db, pytest.raises(DBAPIError, match="only the public"):
            verification.verify(db, "1", "2", "")
    with as_(PUBLIC) as db, pytest.raises(DBAPIError, match="permission denied"):
        db.execute(sa.select(ECertificate.id))
    with as_(PUBLIC) as db, pytest.raises(DBAPIError, match="permission denied"):
        db.execute(sa.select(Verification.id))
