"""More than one mobile for one ID number: another school's opens only that school's rows until it is confirmed from the
bound one (3.5 Person, E54)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from app.access.actor import AUTH, JOB, Actor
from app.documents.drawn import placeholder_photo
from app.panel.limits import limiter
from app.services import files, space_login
from models.accounts import Account
from models.candidates import Candidate, Person, PersonMobile
from models.kit import clock, declared_models
from models.platform import SmsMessage
from models.registrations import AdmissionTicket
from models.scores import Score
from tests.conftest import Browser
from tests.http.test_space import MOBILE, send_code, sent
from tests.models import exams
from tests.models.exams import ID_NUMBER, NUMBER, at

As = Callable[..., Any]
OTHER = "13800000002"
BEIJING, QINGDAO = 10, 11
TICKETS = {QINGDAO: "20600031253700400057", BEIJING: "20600031251100400058"}
PAGES = ("", "tickets/", "scores/", "certificates/", "requests/", "profile/")
SECOND_ID = "110101199003070038"


@pytest.fixture(autouse=True)
def fresh_limits(app: Any) -> None:
    limiter.reset()


@pytest.fixture(autouse=True)
def scene(as_: As) -> Any:
    """Person 1 at Qingdao, bound to its mobile, with a result and a task; at Beijing with another mobile and a score.
    Person 2 at Qingdao, bound to a third mobile."""
    exams.passed(as_)
    with as_(JOB) as db:
        photo = files.keep(db, JOB, "照片.jpg", "jpg", placeholder_photo("张三", 1))
        db.get_one(Person, 1).mobile = MOBILE
        db.get_one(Candidate, 1).photo = photo
        db.add(Person(id=2, id_number=SECOND_ID, name="李四", mobile="13800000003"))
        db.flush()
        db.add(exams.candidate(id=2, school_id=BEIJING, mobile=OTHER, photo=photo))
        db.add(exams.candidate(id=3, person_id=2, id_number=SECOND_ID, name="李四", mobile="13800000003"))
        db.flush()
        db.add(
            AdmissionTicket(
                id=2, number=TICKETS[BEIJING], plan_id=1, candidate_id=2, certificate_id=1, school_id=BEIJING
            )
        )
        db.flush()
        db.add(
            exams.registration(
                id=3, candidate_id=2, ticket_id=2, subject_id=1, plan_subject_id=1, school_id=BEIJING
            )
        )
        db.flush()
        db.add(Score(id=2, registration_id=3, value=Decimal(61), organisation_id=5))
        db.commit()
    with clock.travel(at("2020-12-28 09:00")):
        yield


def came_in(browse: Any, as_: As, mobile: str, number: str = ID_NUMBER) -> Browser:
    browser: Browser = browse()
    send_code(browser, as_, number, mobile)
    given = {"id_number": number, "mobile": mobile, "code": sent(as_)}
    assert browser.post("/space/login/", given).location == "/space/", browser.text()
    return browser


def later(minutes: int) -> Any:
    return clock.travel(at("2020-12-28 09:00") + timedelta(minutes=minutes))


def shown(browser: Browser) -> set[int]:
    """The schools whose rows any page of the space shows."""
    text = ""
    for page in PAGES:
        assert browser.get(f"/space/{page}").status_code == 200
        text += browser.text()
    found = {school for school, ticket in TICKETS.items() if ticket in text}
    assert (NUMBER in text) == (QINGDAO in found), "the certificate is Qingdao's"
    for school, key in ((QINGDAO, 1), (BEIJING, 2)):
        assert (f"/space/profile/{key}/photo" in text) == (school in found), "so is the photo"
    return found


def test_e54_the_bound_mobile_opens_the_rows_of_all_schools(as_: As, browse: Any) -> None:
    browser = came_in(browse, as_, MOBILE)
    assert shown(browser) == {BEIJING, QINGDAO}
    assert "只有该校的记录" not in browser.text()


def test_e54_another_schools_mobile_opens_that_schools_rows_alone(as_: As, browse: Any) -> None:
    browser = came_in(browse, as_, OTHER)
    assert shown(browser) == {BEIJING}
    assert "这里只有该校的记录" in browser.text() and "用绑定手机登录后显示" in browser.text()
    assert "138****0001" not in browser.text(), "nor does it tell the bound mobile"
    for own, foreign in (
        ("/space/profile/2/photo", "/space/profile/1/photo"),
        ("/space/scores/2/recheck", "/space/scores/1/recheck"),
    ):
        assert browser.get(own).status_code == 200, own
        assert browser.get(foreign).status_code == 404, foreign
    assert browser.get("/space/tickets/1.pdf").status_code == 404
    for table in ("candidate", "registration", "score", "issuance_task", "certificate_result"):
        assert browser.get(f"/console/{table}/1").status_code == 404, table


def test_the_wall_narrows_every_table_of_a_candidates_rows(as_: As) -> None:
    """Whatever page is added: the database shows no other school's rows. A file is seen through its row only."""
    narrowed = Actor("candidate", tenant=1, role="candidate", schools=(BEIJING,))
    by_file = {"stored_file", "job"}
    seen = set()
    for model in declared_models():
        rules = [rule for rule in model.panel.scope.rules("candidate") if rule.column == "person_id"]
        if not rules or model.__tablename__ in by_file | {"message", "person_mobile"}:
            continue
        assert all(rule.school == "school_id" for rule in rules), model.__tablename__
        with as_(narrowed) as db:
            schools = set(db.scalars(sa.select(model.__table__.c.school_id)))
        with as_(exams.CANDIDATE) as db:
            whole = set(db.scalars(sa.select(model.__table__.c.school_id)))
        assert schools == whole & {BEIJING}, model.__tablename__
        seen |= whole
    assert seen == {BEIJING, QINGDAO}


def test_after_confirming_it_from_the_bound_one_it_opens_everything(as_: As, browse: Any) -> None:
    first = came_in(browse, as_, MOBILE)
    first.get("/space/profile/")
    assert "/space/profile/2/mobile" in first.text() and "/space/profile/1/mobile" not in first.text()
    assert first.post("/space/profile/2/mobile").location == "/space/profile/"
    first.get("/space/profile/")
    assert "您已确认是本人的" in first.text()
    with later(2):
        assert shown(came_in(browse, as_, OTHER)) == {BEIJING, QINGDAO}
    with later(4):
        again = came_in(browse, as_, MOBILE)
        assert again.post("/space/profile/2/mobile/forget").status_code == 302
    with later(6):
        assert shown(came_in(browse, as_, OTHER)) == {BEIJING}


def test_what_the_school_corrects_afterwards_is_not_confirmed(as_: As, browse: Any) -> None:
    came_in(browse, as_, MOBILE).post("/space/profile/2/mobile")
    with as_(JOB) as db:
        db.get_one(Candidate, 2).mobile = "13800000009"
        db.commit()
    with later(2), as_(AUTH) as db:
        assert space_login._found(db, ID_NUMBER, OTHER) is None, "no school knows it any more"
        found = space_login._found(db, ID_NUMBER, "13800000009")
        assert found is not None and found.schools == [BEIJING]


def test_a_narrowed_log_in_confirms_nothing_and_sets_no_password(as_: As, browse: Any) -> None:
    """Else it could open the rest for itself."""
    browser = came_in(browse, as_, OTHER)
    browser.get("/space/profile/")
    assert "/mobile" not in browser.text()
    assert browser.post("/space/profile/2/mobile").status_code == 403
    assert browser.get("/password/").status_code == 403
    given = {"password": "Neu12345pass", "repeat": "Neu12345pass"}
    assert browser.post("/password/", given).status_code == 403
    with as_(JOB) as db:
        key = db.scalars(sa.select(Account.id)).one()
    narrowed = Actor("candidate", key, 1, "candidate", schools=(BEIJING,))
    with as_(narrowed) as db, pytest.raises(sa.exc.ProgrammingError, match="row-level security"):
        db.execute(
            sa.insert(PersonMobile).values(person_id=1, mobile=OTHER, confirmed_at=clock.now()).inline()
        )


def test_a_password_confirms_no_mobile(as_: As, browse: Any) -> None:
    """The bound mobile does: who has the phone has shown it."""
    browser = came_in(browse, as_, MOBILE)
    given = {"password": "Neu12345pass", "repeat": "Neu12345pass"}
    assert browser.post("/password/", given).status_code == 302, browser.text()
    assert browser.post("/space/profile/2/mobile").status_code == 403
    assert shown(browser) == {BEIJING, QINGDAO}


def test_another_persons_mobile_never_works(as_: As, browse: Any) -> None:
    came_in(browse, as_, MOBILE).post("/space/profile/2/mobile")
    with as_(JOB) as db:
        before = db.scalar(sa.select(sa.func.count(SmsMessage.id)))
    for number, mobile in ((ID_NUMBER, "13800000003"), (SECOND_ID, OTHER), (SECOND_ID, MOBILE)):
        assert send_code(browse(), as_, number, mobile).status_code in (200, 429)
        with as_(AUTH) as db:
            assert space_login._found(db, number, mobile) is None
    with as_(JOB) as db:
        assert db.scalar(sa.select(sa.func.count(SmsMessage.id))) == before
    with later(2):
        browser = came_in(browse, as_, "13800000003", SECOND_ID)
        assert browser.post("/space/profile/2/mobile").status_code == 404, "nor can one confirm another's"
        assert shown(browser) == set()


def test_nobody_but_the_log_in_asks_whose_a_mobile_is(as_: As) -> None:
    for actor in (exams.CANDIDATE, exams.QINGDAO, JOB):
        with as_(actor) as db, pytest.raises(sa.exc.ProgrammingError, match="only the log-in"):
            space_login._found(db, ID_NUMBER, MOBILE)
