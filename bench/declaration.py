"""Figures of declaring, from registration to approval; whoever adds one adds it to MEASURES."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from typing import Any

import psycopg
import sqlalchemy as sa

from bench import ground, lighthouse, reviewing
from bench.figures import Figure

BROWSERS = 50
ROUNDS = 5  # schools registered in turn, each by all browsers together
SMALLEST = 1_000  # candidates of the database that is measured on


def double_accounts() -> Iterator[Figure]:
    """Fifty browsers register the same school at the same moment, each with a right code on its own phone: every
    principal account beyond the first, every answer that is neither the account nor the refusal (E9, R11)."""
    with ground.server() as running:
        name = ground.ensure(running, SMALLEST)
        schools = _unregistered(running.url(name))
        wrong, answers = 0, 0
        for school, code in schools:
            told = _race(running.url(name, ground.LOGIN), school, code)
            answers += len(told)
            wrong += abs(told.count(code) - 1)
            wrong += sum(answer not in (code, "school.registered") for answer in told)
            wrong += abs(_principals(running.url(name), school) - 1)
        yield Figure(
            "double_accounts", wrong, "accounts", 0, "most",
            f"{len(schools)} schools, {BROWSERS} browsers at once each, {answers} answers",
        )  # fmt: skip


def _unregistered(url: str) -> list[tuple[int, str]]:
    """New rows of the official list (id, code), in city 1 of province 1."""
    with psycopg.connect(ground.plain(url)) as connection:
        (last,) = connection.execute("select max(id) from school_directory").fetchone() or (0,)
        made = [(last + number, f"4133{last + number:06d}") for number in range(1, ROUNDS + 1)]
        for key, code in made:
            connection.execute(
                "insert into school_directory (id, school_code, name, kind, province_id, city_id)"
                " values (%s, %s, %s, 'VOCATIONAL', 1, 1)",
                (key, code, f"待注册院校{key}"),
            )
    return made


def _principals(url: str, school: int) -> int:
    with psycopg.connect(ground.plain(url)) as connection:
        row = connection.execute(
            "select count(*) from account where school_id = %s and is_principal", (school,)
        ).fetchone()
    return int(row[0]) if row else 0


def _race(url: str, school: int, school_code: str) -> list[str]:
    """What each browser is answered: the user name, or the code of the refusal."""
    from app.access.actor import AUTH, WalledSession, acting_as, make_engine
    from app.services import registering
    from app.services.errors import DomainError

    engine = make_engine(url, pool_size=BROWSERS)
    phones = [f"13{school % 10**4:04d}{number:05d}" for number in range(BROWSERS)]
    with WalledSession(engine) as session, acting_as(AUTH, session):
        for phone in phones:
            registering.send_code(session, phone)
        session.commit()
    codes = _codes(engine, phones)
    gate, answers = threading.Barrier(BROWSERS), [""] * BROWSERS

    def one(number: int) -> None:
        with WalledSession(engine, expire_on_commit=False) as session, acting_as(AUTH, session):
            session.execute(sa.select(1))
            gate.wait()
            try:
                answers[number] = registering.register(
                    session,
                    school=school,
                    province=1,
                    city=1,
                    school_code=school_code,
                    mobile=phones[number],
                    code=codes[phones[number]],
                ).username
            except DomainError as refused:
                session.rollback()
                answers[number] = refused.code
            except sa.exc.SQLAlchemyError as fault:
                answers[number] = type(fault).__name__

    threads = [threading.Thread(target=one, args=(number,)) for number in range(BROWSERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    engine.dispose()
    return answers


def _codes(engine: Any, phones: list[str]) -> dict[str, str]:
    """What stands in the message on each phone."""
    from app.access.actor import JOB, WalledSession, acting_as
    from models.platform import SmsMessage

    with WalledSession(engine) as session, acting_as(JOB, session):
        rows = session.execute(
            sa.select(SmsMessage.mobile, SmsMessage.body)
            .where(SmsMessage.mobile.in_(phones), SmsMessage.template == "code")
            .order_by(SmsMessage.id)
        ).all()
    return {mobile: found[0] for mobile, body in rows if (found := re.search(r"\d{6}", body))}


MEASURES = (double_accounts, *reviewing.MEASURES, *lighthouse.MEASURES)
