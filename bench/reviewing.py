"""Figures of reviewing: the work list at size, the report, a thousand approvals, the race for the last places."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
from sqlalchemy.dialects import postgresql

from bench import ground, review_ground
from bench.engine import browser
from bench.figures import Figure, in_turn

BIG, SMALL, ROWS = 100_000, 1_000, 1_000
THREADS, PLACES, ROUNDS = 50, 30, 5
PAGES = {
    "waiting": "",
    "everything": "?tab=all",
    "by school": "?f_school_name=院校12",
    "by certificate": "?f_certificate_id=1",
    "page 20": "?page=20",
}


def worklist() -> Iterator[Figure]:
    """The province's work list, its counters, filters and a later page, and the page of one declaration: 100,000
    declarations of one province against 1,000 of the same 500 schools."""
    with ground.server() as running:
        big, small = review_ground.ensure(running, BIG), review_ground.ensure(running, SMALL)
        large, little = browser(running.url(big, ground.LOGIN)), browser(running.url(small, ground.LOGIN))
        addresses = {name: f"/console/declaration/{query}" for name, query in PAGES.items()}
        addresses["reviewing"] = "/console/reviewing/500/"
        ratios: dict[str, tuple[float, dict[str, float]]] = {}
        for name, address in addresses.items():
            works: dict[str, Callable[[], object]] = {
                "big": lambda url=address: _expect(large.get(url), "申报"),  # type: ignore[misc]
                "small": lambda url=address: _expect(little.get(url), "申报"),  # type: ignore[misc]
            }
            taken = in_turn(works)
            ratios[name] = (taken["big"] / taken["small"], taken)
        worst = max(ratios, key=lambda name: ratios[name][0])
        beside = ", ".join(
            f"{name} {t['big'] * 1000:.1f} ms against {t['small'] * 1000:.1f} ms"
            for name, (_, t) in ratios.items()
        )
        yield Figure(
            "worklist_100k_vs_1k", ratios[worst][0], "ratio", 1.5, "most", f"worst: {worst}; {beside}"
        )


def _expect(answer: Any, words: str) -> None:
    assert answer.status_code == 200 and words in answer.get_data(as_text=True), answer.status


def report() -> Iterator[Figure]:
    """The report's page at 100,000 declarations against its two statements, asked by the owner without the wall."""
    from app.services.declaration_reports import PAGE, declared_by, quota_by
    from models.kit import clock

    with ground.server() as running:
        name, year = review_ground.ensure(running, BIG), clock.today().year
        ours = browser(running.url(name, ground.LOGIN))
        dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
        bare = [
            str(statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
            for statement in (declared_by("school", year), quota_by("school", year))
        ]
        with psycopg.connect(ground.plain(running.url(name)), autocommit=True) as owner:
            taken = in_turn(
                {
                    "page": lambda: _expect(ours.get(f"{PAGE}?by=school"), "明细"),
                    "bare": lambda: [owner.execute(text.encode()).fetchall() for text in bare],
                }
            )
        yield Figure(
            "report_vs_bare_sql", taken["page"] / taken["bare"], "ratio", 2, "most",
            f"{BIG:,} declarations by school: page {taken['page'] * 1000:.1f} ms, bare {taken['bare'] * 1000:.1f} ms",
        )  # fmt: skip


def batch_approve() -> Iterator[Figure]:
    """A thousand declarations approved in one transaction, with reviews, quotas, messages and trail, against a bare
    UPDATE a row with every trigger off. Both are taken back afterwards."""
    from app.access.actor import Actor, WalledSession, acting_as, make_engine
    from app.panel import running as actions
    from app.panel.resolve import resolve
    from app.services import reviews
    from models.declarations import Declaration

    actor = Actor("province", 1, 1, "province.principal", "负责人")
    with ground.server() as server:
        name = review_ground.ensure(server, BIG)
        engine = make_engine(server.url(name, ground.LOGIN))
        ids = [10 * n + 1 for n in range(ROWS)]

        def ours() -> None:
            with WalledSession(engine, expire_on_commit=False) as session, acting_as(actor, session):
                rows = actions.named(session, resolve(Declaration), {str(key) for key in ids})
                counts = {row.id: row.applied_count for row in rows}  # type: ignore[attr-defined]
                reviews.approve(session, actor, rows, approved_count=counts)
                session.flush()
                session.rollback()

        def bare() -> None:
            with psycopg.connect(ground.plain(server.url(name))) as owner:
                owner.execute("set session_replication_role = replica")
                for key in ids:
                    owner.execute(
                        "update declaration set state = 'APPROVED', approved_count = applied_count where id = %s",
                        (key,),
                    )
                owner.rollback()

        taken = in_turn({"ours": ours, "bare": bare}, rounds=5)
        engine.dispose()
        yield Figure(
            "batch_approve_vs_bare_update", taken["ours"] / taken["bare"], "ratio", 6, "most",
            f"{ROWS:,} rows: ours {taken['ours'] * 1000:.0f} ms, bare updates {taken['bare'] * 1000:.0f} ms",
        )  # fmt: skip


def quota_oversell() -> Iterator[Figure]:
    """Fifty threads want the last thirty places of a quota, several times over: places given beyond what there were,
    and uses that the quota does not know of (check 17, R37, E36)."""
    from app.access.actor import Actor, WalledSession, acting_as, make_engine
    from app.services import quotas
    from models.kit import clock

    with ground.server() as running:
        name, year = ground.ensure(running, SMALL), clock.today().year
        engine = make_engine(running.url(name, ground.LOGIN), pool_size=THREADS)
        school = Actor("school", 1, 1, "school.principal", "测试员")
        oversold = given = 0
        for number in range(ROUNDS):
            _pot(running.url(name), year)
            gate = threading.Barrier(THREADS)

            def take(person: int, gate: threading.Barrier = gate) -> int:
                with WalledSession(engine) as session, acting_as(school, session):
                    gate.wait()
                    won = quotas.use_places(session, 1, year, [(person, "STUDENT")])
                    session.commit()
                    return len(won)

            with ThreadPoolExecutor(THREADS) as pool:
                won = sum(pool.map(take, range(number * THREADS + 1, (number + 1) * THREADS + 1)))
            used, uses = _counted(running.url(name), year)
            oversold += max(0, won - PLACES) + abs(used - won) + abs(uses - won)
            given += won
        engine.dispose()
        yield Figure(
            "quota_oversell", oversold, "places", 0, "most",
            f"{ROUNDS} rounds of {THREADS} threads for {PLACES} places: {given} given",
        )  # fmt: skip


def _pot(url: str, year: int) -> None:
    with psycopg.connect(ground.plain(url), autocommit=True) as owner:
        owner.execute("delete from quota_use")
        owner.execute("delete from quota")
        owner.execute(
            "insert into quota (school_id, school_name, province_id, city_id, certificate_id, organisation_id, year,"
            " kind, granted, used) values (1, '院校1', 1, 1, 1, 1, %s, 'ANY', %s, 0)",
            (year, PLACES),
        )


def _counted(url: str, year: int) -> tuple[int, int]:
    with psycopg.connect(ground.plain(url)) as owner:
        used = owner.execute("select used from quota where year = %s", (year,)).fetchone()
        uses = owner.execute("select count(*) from quota_use where year = %s", (year,)).fetchone()
    return (used or (0,))[0], (uses or (0,))[0]


MEASURES = (worklist, report, batch_approve, quota_oversell)
