"""A school registers once, by the official list and a code on the phone (R5–R13, E1–E9; check 27)."""

from __future__ import annotations

import re
import threading
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.access import wall
from app.access.actor import AUTH, JOB, Actor, WalledSession, acting_as, make_engine
from app.access.embedded import EmbeddedPostgres
from app.services import logins, registering
from app.services.errors import DomainError
from models.accounts import Account, Credential, Role
from models.directory import School, SchoolDirectory, SchoolKind
from models.kit import clock
from models.platform import SmsCode, SmsMessage
from tests.factories import account
from tests.models import world

pytestmark = pytest.mark.usefixtures("ground")
MOBILE = "13800000088"
FORM = {"school": 12, "province": 2, "city": 2, "school_code": "4237010030", "mobile": MOBILE}


@pytest.fixture
def ground(as_: Any) -> None:
    world.found(as_)
    with as_(JOB) as db:
        db.add(
            SchoolDirectory(
                id=12,
                school_code="4237010030",
                name="青岛明德学院",
                kind=SchoolKind.VOCATIONAL,
                province_id=2,
                city_id=2,
            )
        )
        account(db, Role.SCHOOL_PRINCIPAL, school_id=11, username="4137010028", mobile="13900000011")
        db.commit()


@pytest.fixture
def login_url(server: EmbeddedPostgres, database_name: str) -> str:
    return server.url(database_name, wall.LOGIN)


def code_on(as_: Any, mobile: str = MOBILE) -> str:
    """What stands in the newest message on this phone."""
    with as_(JOB) as db:
        newest = sa.select(SmsMessage.body).where(SmsMessage.mobile == mobile).order_by(SmsMessage.id.desc())
        found = re.search(r"\d{6}", db.scalars(newest.limit(1)).one())
    assert found
    return found[0]


def send(as_: Any, mobile: str = MOBILE) -> int:
    with as_(AUTH) as db:
        waits = registering.send_code(db, mobile)
        db.commit()
    return waits


def register(as_: Any, **changed: Any) -> registering.Registered:
    with as_(AUTH) as db:
        return registering.register(db, **{**FORM, **changed})


def refusal(as_: Any, **changed: Any) -> DomainError:
    with pytest.raises(DomainError) as refused:
        register(as_, **changed)
    return refused.value


def test_a_school_registers_and_logs_in_with_what_it_was_given(as_: Any) -> None:
    send(as_)
    made = register(as_, code=code_on(as_))
    assert (made.school, made.username) == ("青岛明德学院", "4237010030")
    assert re.fullmatch(r"[A-Za-z0-9]{10}", made.password)
    with as_(AUTH) as db:
        entered = logins.authenticate(db, made.username, made.password, "127.0.0.1")
        assert (entered.role, entered.is_principal, entered.school_id) == (Role.SCHOOL_PRINCIPAL, True, 12)
        assert logins.must_change(db, entered.id)
        assert made.password not in db.scalars(sa.select(Credential.password_hash)).all()
    with as_(JOB) as db:
        school = db.get_one(School, 12)
        assert (school.name, school.province_id, school.contact_mobile) == ("青岛明德学院", 2, MOBILE)
        assert not school.basics_completed
        body = db.scalars(sa.select(SmsMessage.body).where(SmsMessage.template == "first_password")).one()
        assert made.username in body and made.password in body


def test_e1_a_school_that_is_not_in_the_list_is_refused_with_a_hint(as_: Any) -> None:
    refused = refusal(as_, school=99, code="000000")
    assert (refused.code, refused.field) == ("school.unknown", "school")
    assert "项目联系人" in refused.message
    with as_(JOB) as db:
        db.get_one(SchoolDirectory, 12).active = False
        db.commit()
    assert refusal(as_, code="000000").code == "school.unknown"


def test_e2_a_second_registration_is_refused_and_points_to_the_log_in(as_: Any) -> None:
    send(as_)
    refused = refusal(as_, school=11, school_code="4137010028", code=code_on(as_))
    assert (refused.code, refused.status) == ("school.registered", 409)
    assert "登录" in refused.message and "忘记密码" in refused.message
    assert register(as_, code=code_on(as_)).username == "4237010030", (
        "the code was not used up by the refusal"
    )


def test_e3_a_code_of_another_province_or_another_school_is_refused(as_: Any) -> None:
    beijing = refusal(as_, school=10, province=1, city=1, school_code="4137010028", code="000000")
    assert (beijing.code, beijing.field) == ("school_code", "school_code")
    assert "第3–4位应为11" in beijing.message
    assert refusal(as_, school_code="4137010028", code="0").code == "school_code.other"
    assert refusal(as_, school_code="423701003", code="0").message == "院校代码应为10位"


def test_e4_only_schools_of_the_chosen_region_are_offered_and_registered_ones_are_marked(as_: Any) -> None:
    with as_(AUTH) as db:
        assert registering.schools(db, 0, 0) == []
        offered = {entry.name: entry.registered for entry in registering.schools(db, 2, 2)}
        assert offered == {"青岛学院": True, "青岛明德学院": False}
        assert [entry.name for entry in registering.schools(db, 2, 2, "明德")] == ["青岛明德学院"]
        assert [entry.id for entry in registering.schools(db, 2, 2, "41370")] == [11]
        assert registering.schools(db, 2, 2, "%") == []
        assert [city.name for city in registering.cities(db, 2)] == ["济南市", "青岛市"]
    assert refusal(as_, city=3, code="0").code == "school.region"
    assert refusal(as_, province=1, city=1, code="0").code == "school.region"


@pytest.mark.parametrize("mobile", ["1234567890", "12345678901", "+11380000008", "1380000008x", ""])
def test_e5_what_is_no_mobile_gets_no_code(as_: Any, mobile: str) -> None:
    with pytest.raises(DomainError) as refused:
        send(as_, mobile)
    assert (refused.value.code, refused.value.field) == ("mobile", "mobile")
    with as_(JOB) as db:
        assert db.scalars(sa.select(SmsMessage)).all() == []


def test_e5_full_width_digits_are_taken_for_what_they_mean(as_: Any) -> None:
    send(as_, "１３８０００００ ０８８")
    assert register(as_, code=code_on(as_), mobile="+8613800000088").username == "4237010030"


def test_e6_a_second_code_within_a_minute_is_refused_with_the_seconds_left(as_: Any) -> None:
    assert send(as_) == 60
    with as_(JOB) as db:
        free = db.scalars(sa.select(SmsCode.created_at)).one() + timedelta(seconds=60)
    with clock.travel(clock.now() + timedelta(seconds=20)):
        before = clock.now()
        with pytest.raises(DomainError) as refused:
            send(as_)
        after = clock.now()
    assert refused.value.status == 429
    seconds = re.search(r"请(\d+)秒后", refused.value.message)
    least, most = (int((free - moment).total_seconds()) + 1 for moment in (after, before))
    assert seconds and least <= int(seconds[1]) <= most <= 41
    with as_(JOB) as db:
        assert len(db.scalars(sa.select(SmsMessage)).all()) == 1


def test_e6_of_twenty_requests_in_the_same_instant_one_sends(as_: Any, login_url: str) -> None:
    answers = at_once(login_url, 20, lambda db, number: registering.send_code(db, MOBILE))
    assert sorted(answers, key=str)[:1] == [60]
    assert [a for a in answers if a != 60] == ["sms.wait"] * 19
    with as_(JOB) as db:
        assert len(db.scalars(sa.select(SmsMessage)).all()) == 1


def test_e7_a_code_is_good_for_five_minutes_and_once(as_: Any) -> None:
    send(as_)
    code = code_on(as_)
    with clock.travel(clock.now() + timedelta(minutes=5, seconds=1)):
        assert refusal(as_, code=code).message == "手机验证码不正确或已过期"
        send(as_)
        again = code_on(as_)
        register(as_, code=again)
        other = {"school": 10, "province": 1, "city": 1, "school_code": "4111010028"}
        assert refusal(as_, **other, code=again).code == "sms.code"


def test_e7_a_code_that_is_guessed_at_is_burnt_after_five_tries(as_: Any) -> None:
    send(as_)
    code = code_on(as_)
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    for _ in range(5):
        assert refusal(as_, code=wrong).code == "sms.code"
    assert refusal(as_, code=code).code == "sms.code"
    with as_(AUTH) as db:
        assert db.scalars(sa.select(SmsCode.attempts)).all() == [5]


def test_a_code_for_registering_is_none_for_a_forgotten_password(as_: Any) -> None:
    send(as_, "13900000011")
    with as_(AUTH) as db, pytest.raises(DomainError) as refused:
        registering.reset_password(
            db, "4137010028", "13900000011", code_on(as_, "13900000011"), "Another2026"
        )
    assert refused.value.code == "forgot.wrong"


def test_ten_codes_a_day_to_a_mobile_and_so_many_to_an_address(
    as_: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = clock.now().replace(hour=9, minute=0)
    for minute in range(10):
        with clock.travel(start + timedelta(minutes=minute * 2)):
            send(as_)
    with clock.travel(start + timedelta(hours=1)), pytest.raises(DomainError) as refused:
        send(as_)
    assert refused.value.code == "sms.day"
    visitor = Actor("auth", role="auth", address="203.0.113.9")
    with clock.travel(start + timedelta(hours=2)), as_(visitor) as db:
        for number in range(200):
            registering.send_code(db, f"137{number:08d}")
        with pytest.raises(DomainError) as refused:
            registering.send_code(db, "13700009999")
    assert refused.value.code == "sms.address"


def test_e9_of_fifty_browsers_at_once_one_gets_the_account(as_: Any, login_url: str) -> None:
    phones = [f"136{number:08d}" for number in range(50)]
    for phone in phones:
        send(as_, phone)
    codes = [code_on(as_, phone) for phone in phones]

    def register_one(db: Any, number: int) -> str:
        return registering.register(db, **{**FORM, "mobile": phones[number]}, code=codes[number]).username

    answers = at_once(login_url, 50, register_one)
    assert answers.count("4237010030") == 1
    assert answers.count("school.registered") == 49
    with as_(JOB) as db:
        (one,) = db.scalars(sa.select(Account).where(Account.school_id == 12))
        passwords = db.scalars(sa.select(SmsMessage).where(SmsMessage.template == "first_password")).all()
        assert [message.mobile for message in passwords] == [one.mobile]
    with as_(AUTH) as db:
        assert db.scalar(sa.select(sa.func.count()).where(Credential.account_id == one.id)) == 1


def test_only_the_registration_page_may_register(as_: Any) -> None:
    for actor in (world.PUBLIC, world.PLATFORM, world.QINGDAO):
        with as_(actor) as db, pytest.raises(sa.exc.ProgrammingError):
            db.scalar(sa.select(sa.func.panel_register_school(12, 2, b"x", "hash")))


def test_a_forgotten_password_is_set_anew_and_all_sessions_end(as_: Any) -> None:
    with as_(AUTH) as db:
        known = db.scalars(sa.select(Account).where(Account.school_id == 11)).one()
        logins.set_password(db, known.id, "forgotten1", must_change=False)
        db.commit()
        epoch = db.get_one(Account, known.id, populate_existing=True).epoch
        registering.send_forgot_code(db, "4137010028", "13900000011")
        db.commit()
        code = code_on(as_, "13900000011")
    with as_(AUTH) as db:
        with pytest.raises(DomainError, match="8–128个字符"):
            registering.reset_password(db, "4137010028", "13900000011", code, "short1")
        registering.reset_password(db, "4137010028", "13900000011", code, "Another2026")
        entered = logins.authenticate(db, "4137010028", "Another2026", "")
        assert entered.epoch > epoch and not logins.must_change(db, entered.id)


@pytest.mark.parametrize(
    ("username", "mobile"), [("nobody", "13900000011"), ("4137010028", "13900000099"), ("", "13900000011")]
)
def test_who_is_unknown_gets_the_same_answer_and_no_message(as_: Any, username: str, mobile: str) -> None:
    with as_(AUTH) as db:
        assert registering.send_forgot_code(db, username, mobile) == 60
        db.commit()
        with pytest.raises(DomainError) as refused:
            registering.reset_password(db, username, mobile, "123456", "Another2026")
    assert refused.value.message == registering.WRONG_FORGOT
    with as_(JOB) as db:
        assert db.scalars(sa.select(SmsMessage)).all() == []


def at_once(url: str, count: int, work: Any) -> list[Any]:
    """What each of so many browsers, let loose together, is answered."""
    gate, answers = threading.Barrier(count), [None] * count
    engine = make_engine(url, pool_size=count)

    def one(number: int) -> None:
        with WalledSession(engine, expire_on_commit=False) as session, acting_as(AUTH, session):
            session.execute(sa.select(1))
            gate.wait()
            try:
                answers[number] = work(session, number)
                session.commit()
            except DomainError as refused:
                session.rollback()
                answers[number] = refused.code

    threads = [threading.Thread(target=one, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    engine.dispose()
    return answers
