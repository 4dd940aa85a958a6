"""What we are measured against, set up as its own documentation says: vanilla FAB, vanilla Flask-Admin,
django-import-export, and bare calamine + COPY."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa
import xlsxwriter
from python_calamine import CalamineWorkbook
from sqlalchemy.orm import DeclarativeBase, sessionmaker

from bench import ground

HEADERS = ("姓名", "姓名拼音", "身份证号", "手机号", "就读专业", "专业层次", "入学年份")
PAGE = "考生"
COPIED = 20_000_000  # where the keys of bare copies begin


def _model(base: Any) -> type[Any]:
    """The same table, as a newcomer would map it."""

    class Candidate(base):
        __tablename__ = "candidate"
        id = sa.Column(sa.BigInteger, primary_key=True)
        school_id = sa.Column(sa.BigInteger)
        kind = sa.Column(sa.String(24))
        name = sa.Column(sa.String(50))
        id_masked = sa.Column(sa.String(18))
        major = sa.Column(sa.String(100))
        education_level = sa.Column(sa.String(24))
        enrolment_year = sa.Column(sa.Integer)
        school_name = sa.Column(sa.String(100))
        identity_state = sa.Column(sa.String(24))

    return Candidate


COLUMNS = ["name", "id_masked", "major", "education_level", "enrolment_year", "school_name", "identity_state"]


def vanilla_fab(url: str) -> Callable[[], Any]:
    """FAB as its quick start has it: its own security tables, a ModelView with base_filters for the school."""
    from flask import Flask
    from flask_appbuilder import AppBuilder, Model, ModelView
    from flask_appbuilder.models.sqla.filters import FilterEqual
    from flask_appbuilder.models.sqla.interface import SQLAInterface
    from flask_sqlalchemy import SQLAlchemy

    with sa.create_engine(url).begin() as connection:
        connection.exec_driver_sql("create schema if not exists fab")
    app = Flask("vanilla_fab")
    app.config.update(
        SECRET_KEY="bench", SQLALCHEMY_DATABASE_URI=url, WTF_CSRF_ENABLED=False,
        SQLALCHEMY_ENGINE_OPTIONS={"connect_args": {"options": "-c search_path=fab,public"}},
    )  # fmt: skip
    db = SQLAlchemy()
    db.init_app(app)
    mapped = _model(Model)
    with app.app_context():
        appbuilder = AppBuilder(app, db.session)
        view = type(
            "CandidateView",
            (ModelView,),
            {
                "datamodel": SQLAInterface(mapped), "list_columns": COLUMNS, "search_columns": COLUMNS,
                "base_filters": [["school_id", FilterEqual, 1]], "page_size": 10,
            },
        )  # fmt: skip
        appbuilder.add_view(view, "Candidates")
        if appbuilder.sm.find_user("bench") is None:
            appbuilder.sm.add_user(
                "bench", "b", "b", "b@example.cn", appbuilder.sm.find_role("Admin"), "bench-1"
            )
    client = app.test_client()
    client.post("/login/", data={"username": "bench", "password": "bench-1"})
    return lambda: client.get("/candidateview/list/")


def vanilla_flask_admin(url: str) -> Callable[[], Any]:
    """Flask-Admin as its quick start has it, scoped by get_query; it has no log-in of its own."""
    from flask import Flask
    from flask_admin import Admin
    from flask_admin.contrib.sqla import ModelView
    from flask_babel import Babel

    class Base(DeclarativeBase):
        pass

    mapped = _model(Base)
    session = sa.orm.scoped_session(sessionmaker(sa.create_engine(url)))

    class View(ModelView):
        column_list = COLUMNS
        column_filters = COLUMNS
        page_size = 10

        def get_query(self) -> Any:
            return self.session.query(self.model).filter(self.model.school_id == 1)

        def get_count_query(self) -> Any:
            return (
                self.session.query(sa.func.count("*"))
                .select_from(self.model)
                .filter(self.model.school_id == 1)
            )

    app = Flask("vanilla_flask_admin")
    app.secret_key = "bench"
    Babel(app)  # installed beside FAB, it must be initialised, else every page is a KeyError (A7)
    Admin(app).add_view(View(mapped, session, endpoint="candidates"))
    client = app.test_client()

    def get() -> Any:
        try:
            return client.get("/admin/candidates/")
        finally:
            session.remove()

    return get


# Imports


def write_workbook(path: Path, rows: int, after: int) -> None:
    """A workbook of new candidates, beyond the ones the database has."""
    book = xlsxwriter.Workbook(str(path), {"constant_memory": True})
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, HEADERS)
    for n in range(rows):
        number, _ = ground.id_number(after + n)
        values = (f"考生{'甲乙丙丁'[n % 4]}", "Kao Sheng", number, f"139{n:08d}", "软件技术", "高职")
        for column, text in enumerate(values):
            sheet.write_string(n + 1, column, text)
        sheet.write_number(n + 1, 6, 2022)
    book.close()


def clear(running: Any, name: str) -> None:
    """The database as it was made: what an import added is gone."""
    with psycopg.connect(ground.plain(running.url(name))) as admin:
        admin.execute("set session_replication_role = replica")
        for table in ("candidate", "person"):
            admin.execute(f"delete from {table} where id > 10000000")
        admin.execute("truncate staged_chunk, job, audit_entry cascade")


def import_ours(running: Any, name: str, path: Path, rows: int) -> None:
    """Upload, dry run, confirmation, apply: what a person's import does, in one process."""
    import app.services.registry  # noqa: F401  the importers
    from app.access.actor import AUTH, WalledSession, acting_as, make_engine
    from app.jobs.running import run_pending
    from app.services import imports, logins
    from models.accounts import Account
    from models.candidates import Candidate
    from models.jobs import Job

    engine = make_engine(running.url(name, ground.LOGIN))
    factory = sessionmaker(engine, class_=WalledSession, expire_on_commit=False)
    with factory() as session:
        with acting_as(AUTH, session):
            actor = logins.actor_of(session.get_one(Account, 1))
        with acting_as(actor, session):
            job = imports.start(
                session, actor, imports.importer_named("candidate", "candidate"), path, "考生.xlsx"
            )
            session.commit()
            key = job.id
        run_pending(factory)
        with acting_as(actor, session):
            job = session.get_one(Job, key)
            assert job.counts and job.counts.get("new") == rows, (job.state, job.counts, job.error)
            imports.confirm(session, job)
            session.commit()
        run_pending(factory)
        with acting_as(actor, session):
            added = session.scalar(
                sa.select(sa.func.count()).select_from(Candidate).where(Candidate.created_by == 1)
            )
            assert added == rows, added
    engine.dispose()


def raw_copy(url: str, path: Path, rows: int) -> None:
    """The least that brings the same rows to the same place: read the cells, COPY them as they are (nothing checked,
    nothing encrypted) into the two tables where a candidate stands, with their keys, indexes and triggers."""
    with psycopg.connect(ground.plain(url)) as connection:
        with connection.cursor().copy(
            "copy person (id, id_number, id_masked, name, birth_date, sex) from stdin"
        ) as copy:
            for n, (name, _, number, *_) in enumerate(_cells(path)):
                copy.write_row((COPIED + n, number.encode(), number, name, "2000-01-01", "MALE"))
        with connection.cursor().copy(
            "copy candidate (id, school_id, province_id, school_name, person_id, kind, name, name_pinyin, id_number,"
            " id_masked, mobile, major, education_level, enrolment_year, identity_state, birth_date, sex) from stdin"
        ) as copy:
            for n, (name, pinyin, number, mobile, major, _, year) in enumerate(_cells(path)):
                copy.write_row(
                    (
                        COPIED + n, 1, 1, "院校1", COPIED + n, "STUDENT", name, pinyin, number.encode(), number,
                        mobile.encode(), major, "VOCATIONAL", int(year), "INCOMPLETE", "2000-01-01", "MALE",
                    )
                )  # fmt: skip
        assert connection.execute("select count(*) from candidate where id >= %s", (COPIED,)).fetchone() == (
            rows,
        )


def raw_copy_unindexed(url: str, path: Path, rows: int) -> None:
    """Less than the least: into a temporary table without a key, where no candidate could stay."""
    with psycopg.connect(ground.plain(url)) as connection:
        connection.execute(
            "create temporary table raw (a text, b text, c text, d text, e text, f text, g text)"
        )
        with connection.cursor().copy("copy raw from stdin") as copy:
            for row in _cells(path):
                copy.write_row(row)
        assert connection.execute("select count(*) from raw").fetchone() == (rows,)


def _cells(path: Path) -> Iterator[list[Any]]:
    cells = iter(CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).iter_rows())
    next(cells)
    return cells


def django_import(running: Any, path: Path, rows: int) -> None:
    """django-import-export into the same server, dry run then import, in a process of its own."""
    with psycopg.connect(ground.plain(running.url("postgres")), autocommit=True) as admin:
        admin.execute("drop database if exists bench_django with (force)")
        admin.execute("create database bench_django")
    done = subprocess.run(
        [sys.executable, "-m", "bench.django_peer", ground.plain(running.url("bench_django")), str(path), str(rows)],
        cwd=ground.ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
