"""A province with so many declarations to measure reviewing on: the same 500 schools, whatever the number."""

from __future__ import annotations

import psycopg

from app.access.embedded import EmbeddedPostgres
from app.services.logins import hash_password
from bench import ground
from models.kit import clock
from models.kit.cipher import cipher

SCHOOLS = 500
"""Schools of province 1; account 1 is its principal, account 2 the principal of school 1."""


def ensure(running: EmbeddedPostgres, declarations: int) -> str:
    return ground.made(
        running, f"declared_{declarations}", lambda connection: _fill(connection, declarations)
    )


def _fill(connection: psycopg.Connection, declarations: int) -> None:
    """Straight into the tables, triggers off: what stands there is what the services would have written."""
    run, year = connection.execute, clock.today().year
    mobile = cipher.encrypt("13800000000", "mobile")
    certificates = max(2, declarations // SCHOOLS)
    run("set session_replication_role = replica")
    run("insert into province (id, code, name) values (1, '330000', '浙江省')")
    run("insert into city (id, code, name, province_id) values (1, '330100', '杭州市', 1)")
    run(
        "insert into school_directory (id, school_code, name, kind, province_id, city_id)"
        " select n, '42330' || lpad(n::text, 5, '0'), '院校' || n, 'VOCATIONAL', 1, 1 from generate_series(1, %s) n",
        (SCHOOLS,),
    )
    run(
        "insert into school (id, directory_id, name, kind, school_code, contact_mobile, province_id, city_id)"
        " select id, id, name, kind, school_code, %s, 1, 1 from school_directory",
        (mobile,),
    )
    run(
        "insert into account (id, username, name, kind, role, is_principal, province_id, school_id) values"
        " (1, 'bench', '负责人', 'province', 'province.principal', true, 1, null),"
        " (2, 'school', '测试员', 'school', 'school.principal', true, null, 1)"
    )
    run(
        "insert into credential (account_id, password_hash, must_change) select n, %s, false"
        " from generate_series(1, 2) n",
        (hash_password("bench-1"),),
    )
    run(
        "insert into organisation (id, code, name, contact_name, contact_mobile, contact_email)"
        " values (1, '600031', '评价组织', '张三', %s, 'a@example.cn')",
        (mobile,),
    )
    run(
        "insert into certificate (id, organisation_id, organisation_name, code, name, level, state)"
        " select n, 1, '评价组织', (1000 + n)::text, '证书' || n, 'MIDDLE', 'ENABLED' from generate_series(1, %s) n",
        (certificates,),
    )
    run(
        "insert into declaration_batch (id, province_id, name, year, window_from, window_to, published_at)"
        " values (1, 1, '第一次', %s, now() - interval '9 days', now() + interval '9 days', now() - interval '10 days')",
        (year,),
    )
    _declare(connection, declarations, year)
    run(
        "select setval(pg_get_serial_sequence(t, 'id'), 10000000) from unnest(array["
        "'account', 'school', 'certificate', 'declaration_batch', 'declaration', 'quota']) t"
    )


def _declare(connection: psycopg.Connection, declarations: int, year: int) -> None:
    """Six in ten wait, three are approved and have their quota, one is refused."""
    connection.execute(
        "insert into declaration (id, school_id, school_name, province_id, city_id, batch_id, year, certificate_id,"
        " organisation_id, applied_count, approved_count, teachers_description, venue_description, state,"
        " refusal_reason, submitted_at)"
        " select n, s, '院校' || s, 1, 1, 1, %s, (n - 1) / %s + 1, 1, 20 + n %% 200,"
        " case when n %% 10 in (6, 7, 8) then 20 + n %% 200 end, '<p>教师十人工位一百</p>', '<p>机房两间工位一百</p>',"
        " case when n %% 10 < 6 then 'PENDING' when n %% 10 < 9 then 'APPROVED' else 'REFUSED' end,"
        " case when n %% 10 = 9 then '师资不足' end, now() - interval '9 days' + n * interval '1 second'"
        " from generate_series(1, %s) n, lateral (select (n - 1) %% %s + 1 as s) school",
        (year, SCHOOLS, declarations, SCHOOLS),
    )
    connection.execute(
        "insert into quota (school_id, school_name, province_id, city_id, certificate_id, organisation_id, year,"
        " kind, granted, used) select school_id, school_name, 1, 1, certificate_id, 1, year, 'ANY', approved_count,"
        " approved_count / 2 from declaration where state = 'APPROVED'"
    )
