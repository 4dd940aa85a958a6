"""The candidate's space: the way in, own exams, tickets, scores from publicity on, certificates (7.3, R100, E115)."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from app.access.actor import AUTH, JOB
from app.panel.limits import limiter
from app.services import e_certificates, files, logins
from models.accounts import Account, LoginRecord, Role
from models.candidates import Candidate, Person
from models.e_certificates import CertificateEvent, EventKind
from models.kit import clock
from models.platform import SmsMessage
from models.scores import CertificateResult, Recheck, RecheckState, ResultOutcome, Score
from tests import factories
from tests import factories_issuing as make
from tests.conftest import Browser
from tests.models import exams
from tests.models.exams import ID_NUMBER, at
from tests.services.test_issuing import sign

As = Callable[..., Any]
MOBILE = "13800000001"
CAPTCHA = "3FK9"


@pytest.fixture(autouse=True)
def fresh_limits(app: Any) -> None:
    limiter.reset()


def candidate(as_: As) -> Account:
    """The account of person 1."""
    with as_(JOB) as db:
        account = factories.account(db, Role.CANDIDATE, person_id=1, name="张三")
        db.commit()
        return account


def bound(as_: As) -> None:
    """Person 1 is registered; the space is bound to the mobile."""
    exams.registered(as_)
    with as_(JOB) as db:
        db.get_one(Person, 1).mobile = MOBILE
        db.commit()


def solve(browser: Browser, as_: As) -> str:
    with as_(AUTH) as db:
        token = logins.issue_captcha(db, CAPTCHA)
        db.commit()
    with browser.client.session_transaction() as cookie:
        cookie["captcha"] = token
    return CAPTCHA


def send_code(browser: Browser, as_: As, id_number: str = ID_NUMBER, mobile: str = MOBILE) -> Any:
    given = {"id_number": id_number, "mobile": mobile, "captcha": solve(browser, as_)}
    return browser.post("/space/login/code", given, headers={"Accept": "application/json"})


def sent(as_: As) -> str:
    with as_(JOB) as db:
        body = db.scalars(sa.select(SmsMessage.body).order_by(SmsMessage.id.desc()).limit(1)).one()
    found = re.search(r"\d{6}", body)
    assert found
    return found.group()


# The way in


def test_the_id_number_with_a_code_to_the_bound_mobile_opens_the_space(as_: As, browse: Any) -> None:
    """7.3: the account is made at the first time, and is the same at the next."""
    bound(as_)
    for later in (timedelta(), timedelta(minutes=2)):
        with clock.travel(later):
            browser = browse()
            told = send_code(browser, as_)
            assert told.status_code == 200 and told.json["wait"] == 60
            answer = browser.post(
                "/space/login/", {"id_number": ID_NUMBER, "mobile": MOBILE, "code": sent(as_)}
            )
            assert answer.status_code == 302 and answer.location == "/space/", browser.text()
            assert browser.get("/space/").status_code == 200 and "2020年12月考试" in browser.text()
    with as_(JOB) as db:
        (account,) = db.scalars(sa.select(Account))
        assert (account.person_id, account.role) == (1, Role.CANDIDATE)
        assert ID_NUMBER not in account.username


def test_who_is_not_known_gets_the_same_answer_and_no_message(as_: As, browse: Any) -> None:
    bound(as_)
    known = send_code(browse(), as_).json
    with as_(JOB) as db:
        before = db.scalar(sa.select(sa.func.count(SmsMessage.id)))
    for pair in ((ID_NUMBER, "13899999999"), ("11010119900101001X", "13899999998"), ("12", "13899999997")):
        assert send_code(browse(), as_, *pair).json == known
    with as_(JOB) as db:
        assert db.scalar(sa.select(sa.func.count(SmsMessage.id))) == before == 1


def test_a_code_asked_again_within_a_minute_is_refused(as_: As, browse: Any) -> None:
    """R7."""
    bound(as_)
    browser = browse()
    send_code(browser, as_)
    assert send_code(browser, as_).status_code == 429


def test_no_code_is_sent_without_a_right_captcha(as_: As, browse: Any) -> None:
    """R7."""
    bound(as_)
    browser = browse()
    solve(browser, as_)
    given = {"id_number": ID_NUMBER, "mobile": MOBILE, "captcha": "AAAA"}
    assert browser.post("/space/login/code", given, headers={"Accept": "application/json"}).status_code == 422
    with as_(JOB) as db:
        assert db.scalars(sa.select(SmsMessage)).all() == []


def test_five_wrong_codes_burn_it(as_: As, browse: Any) -> None:
    """R7."""
    bound(as_)
    browser = browse()
    send_code(browser, as_)
    right = sent(as_)
    wrong = f"{(int(right) + 1) % 10**6:06d}"
    for _ in range(5):
        answer = browser.post("/space/login/", {"id_number": ID_NUMBER, "mobile": MOBILE, "code": wrong})
        assert answer.status_code == 401
    assert (
        browser.post("/space/login/", {"id_number": ID_NUMBER, "mobile": MOBILE, "code": right}).status_code
        == 401
    )


def test_a_code_is_good_for_five_minutes_and_for_once(as_: As, browse: Any) -> None:
    """R7."""
    bound(as_)
    browser = browse()
    send_code(browser, as_)
    given = {"id_number": ID_NUMBER, "mobile": MOBILE, "code": sent(as_)}
    with clock.travel(timedelta(minutes=5, seconds=1)):
        assert browser.post("/space/login/", given).status_code == 401
    assert browser.post("/space/login/", given).status_code == 302
    assert browse().post("/space/login/", given).status_code == 401


def test_a_code_does_not_open_another_persons_space(as_: As, browse: Any) -> None:
    """The code belongs to the mobile, the mobile to one person."""
    bound(as_)
    browser = browse()
    send_code(browser, as_)
    given = {"id_number": "11010119900101001X", "mobile": MOBILE, "code": sent(as_)}
    assert browser.post("/space/login/", given).status_code == 401


def test_the_id_number_with_a_password_opens_the_space(as_: As, browse: Any) -> None:
    bound(as_)
    account = candidate(as_)
    with as_(AUTH) as db:
        logins.set_password(db, account.id, "geheim1234", must_change=False)
        db.commit()
    for number, password, status in (
        (ID_NUMBER, "geheim1234", 302),
        (ID_NUMBER, "wrong12345", 401),
        ("12", "geheim1234", 401),
    ):
        browser = browse()
        given = {"id_number": number, "password": password, "captcha": solve(browser, as_)}
        assert browser.post("/space/login/password", given).status_code == status
        if status == 401:
            assert "证件号码或密码不正确" in browser.text()
    with as_(JOB) as db:
        assert not [row for row in db.scalars(sa.select(LoginRecord)) if ID_NUMBER in row.username]


def test_who_came_in_by_a_code_sets_a_password_and_comes_in_by_it_next_time(as_: As, browse: Any) -> None:
    """7.3: the account is opened without one; the code to the bound mobile stands for the old password."""
    bound(as_)
    browser = browse()
    send_code(browser, as_)
    browser.post("/space/login/", {"id_number": ID_NUMBER, "mobile": MOBILE, "code": sent(as_)})
    browser.get("/password/")
    assert 'name="old"' not in browser.text() and 'href="/space/"' in browser.text()
    weak = {"password": "kurz1", "repeat": "kurz1"}
    assert browser.post("/password/", weak).status_code == 422
    chosen = {"password": "geheim1234", "repeat": "geheim1234"}
    assert browser.post("/password/", chosen).location == "/space/"
    again = browse()
    given = {"id_number": ID_NUMBER, "password": "geheim1234", "captcha": solve(again, as_)}
    assert again.post("/space/login/password", given).location == "/space/"
    again.get("/password/")
    assert 'name="old"' in again.text()
    assert again.post("/password/", {"password": "anders1234", "repeat": "anders1234"}).status_code in (
        200,
        422,
    )
    with as_(AUTH) as db:
        account = db.scalars(sa.select(Account)).one()
        assert logins.authenticate(db, account.username, "geheim1234", "").id == account.id


def test_a_stranger_is_led_to_the_candidates_log_in(as_: As, browse: Any) -> None:
    for address in ("/space/", "/space/scores/", "/space/certificates/"):
        answer = browse().get(address)
        assert answer.status_code == 302 and answer.location.startswith("/space/login/")


def test_the_space_is_the_candidates_alone(as_: As, browse: Any) -> None:
    people = make.signers(as_)
    for account in (people.school, people.organisation, people.operator):
        browser = browse(account)
        for page in ("tickets/", "certificates/", "requests/", "profile/"):
            assert browser.get(f"/space/{page}").status_code == 403
        for entrance in ("", "scores/"):  # refused, or led to the candidates' log-in
            assert browser.get(f"/space/{entrance}").status_code in (302, 403)


# What is in it


def test_exams_show_seats_once_they_are_published_and_the_ticket_can_be_printed(as_: As, browse: Any) -> None:
    exams.seated(as_, publish=False)
    browser = browse(candidate(as_))
    browser.get("/space/")
    assert "待安排" in browser.text() and "13号机房" not in browser.text()
    browser.get("/space/tickets/")
    assert "排考尚未发布" in browser.text()
    assert browser.get("/space/tickets/1.pdf").status_code == 409


def test_a_published_seat_is_shown_with_the_ticket(as_: As, browse: Any) -> None:
    exams.seated(as_)
    with as_(JOB) as db:
        db.get_one(Candidate, 1).photo = files.keep(
            db, JOB, "照片.jpg", "jpg", make.placeholder_photo("张三", 1)
        )
        db.commit()
    browser = browse(candidate(as_))
    browser.get("/space/")
    assert (
        "13号机房" in browser.text()
        and "2020-12-21" in browser.text()
        and "20600031253700400057" in browser.text()
    )
    browser.get("/space/tickets/")
    assert "/space/tickets/1.pdf" in browser.text()
    answer = browser.get("/space/tickets/1.pdf")
    assert answer.status_code == 200 and answer.data.startswith(b"%PDF")
    assert browser.get("/space/tickets/999.pdf").status_code == 404


def test_e115_a_score_is_shown_from_the_first_second_of_publicity(as_: As, browse: Any) -> None:
    exams.scored(as_, "87.5")
    account, starts = candidate(as_), at("2020-12-27")
    with clock.travel(starts - timedelta(seconds=5)):
        browser = browse(account)
        browser.get("/space/scores/")
        assert "87.5" not in browser.text() and "还没有可查询的成绩" in browser.text()
    with clock.travel(starts + timedelta(seconds=1)):
        browser = browse(_again(as_))
        browser.get("/space/scores/")
        assert "87.5" in browser.text() and "公示中" in browser.text()


def _again(as_: As) -> Account:
    with as_(JOB) as db:
        return db.scalars(sa.select(Account).where(Account.person_id == 1)).one()


def test_a_result_is_told_with_its_scores_and_no_sooner(as_: As, browse: Any) -> None:
    exams.scored(as_)
    with as_(JOB) as db:
        db.add(
            CertificateResult(
                id=1, plan_id=1, candidate_id=1, certificate_id=1, ticket_id=1, site_id=1, total=Decimal("77.250"),
                outcome=ResultOutcome.PASSED, school_id=11, organisation_id=5,
            )
        )  # fmt: skip
        db.commit()
    account = candidate(as_)
    with clock.travel(at("2020-12-26T12:00")):
        browser = browse(account)
        browser.get("/space/scores/")
        assert "77.25" not in browser.text()
    with clock.travel(at("2020-12-28T12:00")):
        browser = browse(_again(as_))
        browser.get("/space/scores/")
        assert "77.25" in browser.text() and "已通过" in browser.text() and "暂定" in browser.text()


def test_a_score_is_doubted_while_it_is_public_and_the_doubt_taken_back(as_: As, browse: Any) -> None:
    """R101, 4.15."""
    exams.scored(as_)
    account = candidate(as_)
    with clock.travel(at("2020-12-28T12:00")):
        browser = browse(account)
        browser.get("/space/scores/")
        assert "/space/scores/1/recheck" in browser.text()
        assert browser.get("/space/scores/1/recheck").status_code == 200
        assert browser.post("/space/scores/1/recheck", {"reason": "不服"}).status_code == 422
        assert browser.post("/space/scores/1/recheck", {"reason": "第三题应当得分"}).status_code == 302
        browser.get("/space/scores/")
        assert "复核中" in browser.text() and "/space/scores/1/recheck" not in browser.text()
        browser.get("/space/requests/")
        assert "第三题应当得分" in browser.text()
        assert browser.post("/space/requests/1/withdraw").status_code == 302
        assert browser.post("/space/requests/1/withdraw").status_code == 409
    with as_(JOB) as db:
        assert db.scalars(sa.select(Recheck.state)).one() is RecheckState.WITHDRAWN


def test_after_publicity_nothing_can_be_doubted(as_: As, browse: Any) -> None:
    exams.scored(as_)
    account = candidate(as_)
    with clock.travel(at("2021-01-02T12:00")):
        browser = browse(account)
        assert browser.post("/space/scores/1/recheck", {"reason": "第三题应当得分"}).status_code == 409


def test_anothers_score_is_not_there(as_: As, browse: Any) -> None:
    """R136."""
    exams.scored(as_)
    with as_(JOB) as db:
        db.add(Person(id=2, id_number="11010119900101001X", name="李四"))
        db.flush()
        other = factories.account(db, Role.CANDIDATE, person_id=2)
        db.commit()
    with clock.travel(at("2020-12-28T12:00")):
        browser = browse(other)
        browser.get("/space/scores/")
        assert "还没有可查询的成绩" in browser.text()
        assert browser.get("/space/scores/1/recheck").status_code == 404
        assert browser.get("/space/profile/1/photo").status_code == 404
    with as_(JOB) as db:
        assert db.scalar(sa.select(Score.id)) == 1


def test_a_certificate_is_followed_to_its_download(as_: As, browse: Any) -> None:
    with clock.travel(make.WHEN):
        people, ids = make.signers(as_), make.tasks(as_)
        with as_(JOB) as db:
            person = db.scalars(sa.select(Candidate.person_id)).one()
            account = factories.account(db, Role.CANDIDATE, person_id=person)
            db.commit()
        browser = browse(account)
        browser.get("/space/certificates/")
        assert "待培训评价组织签发" in browser.text() and "下载电子证书" not in browser.text()
        sign(as_, people.organisation, ids)
        sign(as_, people.school, ids)
        browser.get("/space/certificates/")
        assert "制证中" in browser.text()
        with as_(JOB) as db:
            e_certificates.make_due(db)
        browser.get("/space/certificates/")
        assert "有效" in browser.text() and "/verify?number=" in browser.text()
        (link,) = re.findall(r"/space/certificates/\d+/download", browser.text())
        answer = browser.post(link)
        assert answer.status_code == 200 and answer.data.startswith(b"%PDF")
        assert ".pdf" in answer.headers["Content-Disposition"]
        with as_(JOB) as db:
            noted = db.scalars(sa.select(CertificateEvent)).one()
            assert (noted.kind, noted.account_id) == (EventKind.DOWNLOADED, account.id)
        assert browse(people.manager).post(link).status_code == 403


def test_a_copy_and_a_correction_are_asked_for_in_the_space(as_: As, browse: Any) -> None:
    """4.14, 7.3."""
    with clock.travel(make.WHEN):
        people, ids = make.signers(as_), make.tasks(as_)
        sign(as_, people.organisation, ids)
        sign(as_, people.school, ids)
        with as_(JOB) as db:
            e_certificates.make_due(db)
            person = db.scalars(sa.select(Candidate.person_id)).one()
            account = factories.account(db, Role.CANDIDATE, person_id=person)
            db.commit()
        browser = browse(account)
        browser.get("/space/certificates/")
        (link,) = re.findall(r"/space/certificates/\d+/request", browser.text())
        assert browser.get(link).status_code == 200
        assert "补办" in browser.text() and "注销" not in browser.text()

        def ask(**values: str) -> int:
            given = {"kind": "CORRECTION", "reason": "姓名登记有误", "csrf_token": browser.token(), **values}
            paper = FileStorage(io.BytesIO(b"%PDF-1.4 %%EOF"), "证明.pdf")
            boundary, body = encode_multipart({**given, "evidence": paper})
            kind = f"multipart/form-data; boundary={boundary}"
            browser.last = browser.client.post(link, data=body, content_type=kind)
            return browser.last.status_code

        assert ask() == 422 and "请填写更正后的" in browser.text()
        assert ask(kind="REVOCATION") == 422
        assert ask(new_name="更正名") == 302
        assert ask(kind="REISSUE") == 409
        browser.get("/space/requests/")
        assert (
            "证书更正申请" in browser.text() and "当前处理方" in browser.text() and "院校" in browser.text()
        )


def test_own_data_are_shown_masked(as_: As, browse: Any) -> None:
    """R20, R21."""
    bound(as_)
    browser = browse(candidate(as_))
    browser.get("/space/profile/")
    assert "340524********001X" in browser.text() and "138****0001" in browser.text()
    assert ID_NUMBER not in browser.text() and MOBILE not in browser.text()
