"""Databases to measure on: the real schema and wall with as many candidates as asked, made once and kept."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
os.environ.setdefault("DATA_DIR", str(ROOT / "var" / "bench"))

import psycopg  # noqa: E402
import sqlalchemy as sa  # noqa: E402
from sqlalchemy.engine import make_url  # noqa: E402

import models  # noqa: E402, F401
from app.access import database, wall  # noqa: E402
from app.access.embedded import EmbeddedPostgres  # noqa: E402
from app.services.logins import hash_password  # noqa: E402
from config import settings  # noqa: E402
from models.kit import clock, formats  # noqa: E402
from models.kit.cipher import cipher  # noqa: E402

PER_SCHOOL = 1000
LOGIN = wall.LOGIN
STATES = ("VERIFIED", "VERIFIED", "VERIFIED", "CONFIRMED", "INCOMPLETE", "WAITING", "FAILED")


def plain(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


@contextmanager
def server() -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres(settings().data_dir, durable=False) as running:
        cipher.load({1: settings().personal_data_key.get_secret_value()})
        yield running


def ensure(running: EmbeddedPostgres, candidates: int) -> str:
    """The name of a database with so many candidates, 1,000 a school; school 1 has the account `bench`."""
    return made(running, f"bench_{candidates}", lambda connection: _fill(connection, candidates))


def made(running: EmbeddedPostgres, kind: str, fill: Callable[[psycopg.Connection], None]) -> str:
    """The name of a database of this kind, made and filled once for each state of the code."""
    name = f"{kind}_{_fingerprint()}"
    with psycopg.connect(plain(running.url("postgres")), autocommit=True) as admin:
        if admin.execute("select 1 from pg_database where datname = %s", (name,)).fetchone():
            return name
        admin.execute(f'create database "{name}_draft"')
    try:
        engine = sa.create_engine(running.url(f"{name}_draft"), poolclass=sa.NullPool)
        with engine.begin() as connection:
            database.prepare(connection, running.password(wall.LOGIN))
            database.build(connection)
        with psycopg.connect(plain(running.url(f"{name}_draft"))) as connection:
            fill(connection)
        with psycopg.connect(plain(running.url(f"{name}_draft")), autocommit=True) as connection:
            connection.execute("vacuum analyze")
    except BaseException:
        with psycopg.connect(plain(running.url("postgres")), autocommit=True) as admin:
            admin.execute(f'drop database if exists "{name}_draft" with (force)')
        raise
    with psycopg.connect(plain(running.url("postgres")), autocommit=True) as admin:
        admin.execute(f'alter database "{name}_draft" rename to "{name}"')
    return name


def _fingerprint() -> str:
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*ground.py")):
        digest.update(path.read_bytes())
    for folder in ("models", "app/access"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".py", ".sql"):
                digest.update(path.read_bytes())
    return digest.hexdigest()[:10]


def _fill(connection: psycopg.Connection, candidates: int) -> None:
    """Straight into the tables, triggers off: what stands there is what the services would have written."""
    schools = max(1, candidates // PER_SCHOOL)
    run = connection.execute
    run("set session_replication_role = replica")
    run("insert into province (id, code, name) values (1, '330000', '浙江省')")
    run("insert into city (id, code, name, province_id) values (1, '330100', '杭州市', 1)")
    run(
        "insert into school_directory (id, school_code, name, kind, province_id, city_id)"
        " select n, '42330' || lpad(n::text, 5, '0'), '院校' || n, 'VOCATIONAL', 1, 1 from generate_series(1, %s) n",
        (schools,),
    )
    run(
        "insert into school (id, directory_id, name, kind, school_code, contact_mobile, province_id, city_id,"
        " platform_number) select id, id, name, kind, school_code, %(mobile)s, 1, 1, '533' || lpad(id::text, 3, '0')"
        " from school_directory where id < 1000 union all select id, id, name, kind, school_code, %(mobile)s, 1, 1, null"
        " from school_directory where id >= 1000",
        {"mobile": cipher.encrypt("13800000000", "mobile")},
    )
    run(
        "insert into account (id, username, name, kind, role, is_principal, school_id)"
        " values (1, 'bench', '测试员', 'school', 'school.principal', true, 1)"
    )
    run(
        "insert into credential (account_id, password_hash, must_change) values (1, %s, false)",
        (hash_password("bench-1"),),
    )
    _pilot(connection)
    _copy_candidates(connection, candidates)
    run(
        "select setval(pg_get_serial_sequence(t, 'id'), 10000000) from unnest(array['person', 'candidate']) t"
    )


def _pilot(connection: psycopg.Connection) -> None:
    """School 1 is pilot this year, so that its whole console is open."""
    year = clock.today().year
    connection.execute(
        "insert into organisation (id, code, name, contact_name, contact_mobile, contact_email)"
        " values (1, '600031', '评价组织', '张三', %s, 'a@example.cn')",
        (cipher.encrypt("13800000000", "mobile"),),
    )
    connection.execute(
        "insert into certificate (id, organisation_id, organisation_name, code, name, level, state)"
        " values (1, 1, '评价组织', '1001', 'Python程序开发', 'MIDDLE', 'ENABLED')"
    )
    connection.execute(
        "insert into declaration_batch (id, province_id, name, year, window_from, window_to, published_at)"
        " values (1, 1, '第一次', %s, now() - interval '9 days', now() - interval '2 days', now() - interval '10 days')",
        (year,),
    )
    connection.execute(
        "insert into declaration (id, school_id, school_name, province_id, city_id, batch_id, year, certificate_id,"
        " organisation_id, applied_count, approved_count, teachers_description, venue_description, state, submitted_at)"
        " values (1, 1, '院校1', 1, 1, 1, %s, 1, 1, 100, 100, '<p>教师十人工位一百</p>', '<p>机房两间工位一百</p>',"
        " 'APPROVED', now() - interval '5 days')",
        (year,),
    )


def _copy_candidates(connection: psycopg.Connection, candidates: int) -> None:
    with connection.cursor().copy(
        "copy person (id, id_number, id_masked, name, birth_date, sex) from stdin"
    ) as copy:
        for n in range(candidates):
            number, born = id_number(n)
            copy.write_row(
                (n + 1, cipher.encrypt(number, "id"), formats.mask_id(number), f"考生{n % 977}", born, "MALE")
            )
    columns = (
        "id, school_id, province_id, school_name, person_id, kind, name, name_pinyin, id_number, id_masked, mobile, major,"
        " education_level, enrolment_year, identity_state, photo, birth_date, sex"
    )
    with connection.cursor().copy(f"copy candidate ({columns}) from stdin") as copy:
        for n in range(candidates):
            number, born = id_number(n)
            school = n // PER_SCHOOL + 1
            copy.write_row(
                (
                    n + 1, school, 1, f"院校{school}", n + 1, "STUDENT", f"考生{n % 977}", "Kao Sheng",
                    cipher.encrypt(number, "id"), formats.mask_id(number),
                    cipher.encrypt(f"138{n:08d}", "mobile"), "软件技术", "VOCATIONAL", 2020 + n % 5,
                    STATES[n % len(STATES)], None if STATES[n % len(STATES)] == "INCOMPLETE" else "be/nch.jpg", born, "MALE",
                )
            )  # fmt: skip


def id_number(n: int) -> tuple[str, date]:
    """The n-th fictitious ID number and its birth date."""
    born = date(1995, 1, 1) + timedelta(days=n // 900)
    return formats.fictitious_id_number("330106", born, n % 900), born
