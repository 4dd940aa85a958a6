"""The wall itself, below every framework: what each role's raw SQL sees and may write, table by table, held against
an oracle that knows nothing of policies (E137, D2, wall.md 2–4)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.orm import Session

from app.access import wall
from app.access.actor import Actor, ActorError, WalledSession, acting_as, make_engine
from app.access.embedded import EmbeddedPostgres
from models.candidates import Candidate
from models.kit import Declared, declared_models, fields_of, model_named
from models.kit.scope import INSERT, SELECT, UPDATE, Rule
from tests.security.conftest import EVERY_ROLE, NOWHERE, Demo

pytestmark = pytest.mark.demo
ROOT = Path(__file__).resolve().parents[2]
KNOWN = [role for role in EVERY_ROLE if role != "public"]


# What is visible


@pytest.mark.parametrize("role", EVERY_ROLE)
def test_E137_raw_sql_sees_exactly_the_rows_the_declarations_give_to_the_role(role: str, demo: Demo) -> None:
    actor, wrong, seen = demo.actor(role), [], 0
    with oracle(demo.owner, actor) as expected:
        for model in declared_models():
            table = model.__tablename__
            visible, due = set(demo.visible(role, table)), expected(model)
            seen += len(visible)
            if visible != due:
                wrong.append(f"{table}: sees {len(visible - due)} too many, {len(due - visible)} too few")
    assert wrong == []
    assert seen > 0


@contextmanager
def oracle(owner: Engine, actor: Actor) -> Iterator[Any]:
    """Evaluates Scope rules as an administrator, whom no policy binds: a condition that reads another table reads
    there what the actor would see, through a view made from that table's own rules."""
    with owner.connect() as connection:
        connection.execute(
            sa.text(
                "select set_config('app.tenant', :t, false), set_config('app.account', :a, false),"
                " set_config('app.role', :r, false)"
            ),
            {"t": str(actor.tenant or ""), "a": str(actor.account or ""), "r": actor.role},
        )
        connection.execute(sa.text("create schema oracle"))
        for model in _by_dependence(actor.kind):
            table = model.__tablename__
            connection.execute(sa.text("set search_path = oracle, public"))
            where = _condition(actor, model)
            connection.execute(
                sa.text(
                    f"create view oracle.made as select {table}.* from public.{table} as {table} where {where}"
                )
            )
            connection.execute(sa.text(f"alter view oracle.made rename to {table}"))

        def expected(model: type[Declared]) -> set[int]:
            return set(connection.scalars(sa.text(f"select id from oracle.{model.__tablename__}")))

        yield expected


def _condition(actor: Actor, model: type[Declared]) -> str:
    """The rows of the model some rule lets this actor read, in plain SQL over the tenant's number."""
    found = []
    for rule in model.panel.scope.rules(actor.kind):
        if SELECT not in rule.may or (rule.roles and actor.role.partition(".")[2] not in rule.roles):
            continue
        parts = [f"{rule.column} = {actor.tenant}"] if rule.column else []
        parts += [f"({rule.when})"] if rule.when else []
        found.append(" and ".join(parts) or "true")
    return " or ".join(f"({part})" for part in found) or "false"


def _by_dependence(kind: str) -> list[type[Declared]]:
    """Tables in an order in which each comes after those its conditions read."""
    waiting = {model.__tablename__: model for model in declared_models()}
    order: list[type[Declared]] = []
    while waiting:
        ready = [
            model
            for table, model in waiting.items()
            if not any(other in waiting and other != table for other in _reads(kind, model))
        ]
        assert ready, f"conditions that read each other: {sorted(waiting)}"
        order += [waiting.pop(model.__tablename__) for model in ready]
    return order


def _reads(kind: str, model: type[Declared]) -> set[str]:
    words = " ".join(rule.when for rule in model.panel.scope.rules(kind) if rule.when)
    return set(re.findall(r"\b(?:from|join)\s+(\w+)", words))


MATRIX = """
                      platform province city school organisation candidate public
school_directory      W R R R R - R
declaration_batch     R W R R - - -
declaration           R D D W R - -
quota                 R W R R R - -
certificate           W R R R W R R
subject               W R R R W R -
exam_plan             R R R R W R -
exam_site             R R R W D - -
room                  R R R W R - -
candidate             R R - W R R -
registration          R - - W D R -
fee_slip              - - - W D - -
room_session          R - - D W - -
score                 R - - R W R -
certificate_result    R - - R W R -
issuance_task         R - - D W R -
e_certificate         W - - R R R -
seal                  - - - W W - -
"""


def test_who_reads_and_writes_what_is_the_matrix_of_the_handbook(owner: Engine) -> None:
    """1.5, typed here by hand: R reads, W adds, D changes what others added, - has no grant at all. The public sees
    certificates by number and ID through one function alone; statistics are no rows. The platform adds editions of
    certificates when it decides a correction."""
    head, *lines = MATRIX.strip().splitlines()
    found = {}
    with owner.connect() as connection:
        for line in lines:
            table, *marks = line.split()
            for kind, mark in zip(head.split(), marks, strict=True):
                found[table, kind] = (_rights(connection, table, kind), mark)
    assert {key: pair for key, pair in found.items() if pair[0] != pair[1]} == {}


def _rights(connection: Connection, table: str, kind: str) -> str:
    asked = sa.text(
        "select has_any_column_privilege(:r, :t, 'select'), has_table_privilege(:r, :t, 'insert'),"
        " has_any_column_privilege(:r, :t, 'update')"
    )
    reads, adds, changes = connection.execute(asked, {"r": f"panel_{kind}", "t": table}).one()
    return "W" if adds else "D" if changes else "R" if reads else "-"


# What may be written


@pytest.mark.parametrize("role", KNOWN)
def test_no_statement_reaches_another_tenants_row(role: str, demo: Demo) -> None:
    """UPDATE and DELETE of rows one does not see change nothing, whether the table is granted or not."""
    before = demo.state()
    with acting_as(demo.actor(role), demo.session):
        for model in declared_models():
            table, foreign = model.__tablename__, demo.foreign(role, model.__tablename__)
            if foreign is None:
                continue
            for statement in (
                f"update {table} set version = version where id = :id",
                f"delete from {table} where id = :id",
            ):
                assert _affected(demo.session, statement, {"id": foreign}) == 0, statement
    assert demo.state() == before


@pytest.mark.parametrize("role", KNOWN)
def test_no_row_can_be_moved_to_another_tenant(role: str, demo: Demo) -> None:
    """Every rule that lets the role change or add rows by its tenant column refuses that column another value."""
    actor, tried, wrong = demo.actor(role), 0, []
    before = demo.state()
    with acting_as(actor, demo.session):
        for model in declared_models():
            for rule in _own_rules(actor, model, UPDATE):
                own, other = demo.own(role, model.__tablename__), _other(demo, model, rule, actor)
                if own is None or other is None:
                    continue
                moved = f"update {model.__tablename__} set {rule.column} = :other where {rule.column} = {actor.tenant}"
                tried += 1
                if _affected(demo.session, moved, {"other": other}) > 0:
                    wrong.append(moved)
    assert wrong == []
    assert demo.state() == before
    assert tried > 0 or actor.kind in ("platform", "city", "candidate")


@pytest.mark.parametrize("role", KNOWN)
def test_no_row_can_be_put_into_another_tenant(role: str, demo: Demo) -> None:
    """A copy of an existing foreign row, however complete, is refused by the wall before any key is compared."""
    actor, tried, wrong = demo.actor(role), 0, []
    before = demo.state()
    with acting_as(actor, demo.session):
        for model in declared_models():
            rules = [rule for rule in model.panel.scope.rules(actor.kind) if INSERT in rule.may]
            foreign = demo.foreign(role, model.__tablename__)
            if foreign is None or not rules or not all(rule.column for rule in rules):
                continue  # without a tenant column the row becomes the writer's own by who it is
            tried += 1
            with demo.owner.connect() as administrator:
                values = _copy(administrator, model, foreign)
            if not _refused(demo.session, sa.insert(model.__table__).values(values)):
                wrong.append(model.__tablename__)
    assert wrong == []
    assert demo.state() == before
    assert tried > 0 or actor.kind == "platform"


def _copy(connection: Connection, model: type[Declared], key: int) -> dict[str, Any]:
    columns = [
        c
        for c in model.__table__.c
        if c.computed is None and c.name not in ("id", "created_by", "updated_by")
    ]
    row = connection.execute(sa.select(*columns).where(model.__table__.c.id == key)).mappings().one()
    return dict(row)


def _refused(session: Session, statement: Any) -> bool:
    """By the wall (42501), by the guard that follows a reference across it (23503: not there for this actor)."""
    savepoint = session.begin_nested()
    try:
        session.execute(statement)
    except sa.exc.DBAPIError as error:
        savepoint.rollback()
        return getattr(error.orig, "sqlstate", "") in ("42501", "23502", "23503", "23514")
    savepoint.rollback()
    return False


def _own_rules(actor: Actor, model: type[Declared], verb: str) -> list[Rule]:
    return [
        rule
        for rule in model.panel.scope.rules(actor.kind)
        if verb in rule.may
        and rule.column not in ("", "id")
        and (not rule.columns or rule.column in rule.columns)
    ]


def _other(demo: Demo, model: type[Declared], rule: Rule, actor: Actor) -> int | None:
    target = fields_of(model)[rule.column].refers if rule.column in fields_of(model) else ""
    return next((key for key in demo.every(target) if key != actor.tenant), None) if target else None


def _affected(session: Session, statement: str, values: dict[str, Any]) -> int:
    savepoint = session.begin_nested()
    try:
        count = int(getattr(session.execute(sa.text(statement), values), "rowcount", 0))
    except sa.exc.DBAPIError:
        count = 0
    savepoint.rollback()
    return count


@pytest.mark.parametrize("role", EVERY_ROLE)
def test_no_role_truncates_a_table(role: str, demo: Demo) -> None:
    with acting_as(demo.actor(role), demo.session):
        for model in declared_models():
            savepoint = demo.session.begin_nested()
            with pytest.raises(sa.exc.DBAPIError, match=r"permission denied|row-level|不能"):
                demo.session.execute(sa.text(f"truncate {model.__tablename__} cascade"))
            savepoint.rollback()


def test_irreversible_tables_refuse_even_the_administrators_truncate(owner: Engine) -> None:
    """D8: a script with the administrator's password meets the trigger."""
    for model in declared_models():
        with (
            owner.connect() as connection,
            pytest.raises(sa.exc.DBAPIError, match=model.panel.frozen_message),
        ):
            connection.execute(sa.text(f"truncate {model.__tablename__} cascade"))


def test_a_reference_never_points_into_another_school(demo: Demo) -> None:
    """wall.md 4: a plain key would accept another tenant's row; composite keys answer as for a row that is missing,
    and where there is none, a trigger looks with the writer's own eyes."""
    role = "school.principal"
    plain = []
    for model in declared_models():
        if not any(INSERT in rule.may for rule in model.panel.scope.rules("school")):
            continue
        tenant = {rule.column for rule in model.panel.scope.rules("school")} - {"", "id"}
        watched = set(wall.pointers(model))
        for name, field in fields_of(model).items():
            target = model_named(field.refers) if field.refers else None
            if (
                target is None
                or field.within
                or field.copied
                or name in tenant
                or (name, field.refers) in watched
            ):
                continue
            owned = {rule.column for rule in target.panel.scope.rules("school")} & tenant
            if owned and demo.foreign(role, field.refers) is not None and not _shared(target):
                plain.append(f"{model.__tablename__}.{name} → {field.refers}")
    assert plain == [], plain


@pytest.mark.parametrize("role", KNOWN)
def test_whoever_points_at_a_row_must_see_it(role: str, demo: Demo) -> None:
    """signature.seal_id, room.copied_from_id and their like: naming a foreign row is answered as naming none."""
    actor, tried = demo.actor(role), 0
    for model in declared_models():
        for column, target in wall.pointers(model):
            table, own, foreign = (
                model.__tablename__,
                demo.own(role, model.__tablename__),
                demo.foreign(role, target),
            )
            rules = model.panel.scope.rules(actor.kind)
            if (
                own is None
                or foreign is None
                or not any(UPDATE in rule.may and not rule.columns for rule in rules)
            ):
                continue
            tried += 1
            answers: list[str] = []
            with acting_as(actor, demo.session):
                for key in (foreign, NOWHERE):
                    with pytest.raises(sa.exc.DBAPIError) as refused:
                        demo.session.execute(
                            sa.text(f"update {table} set {column} = :key where id = :own"),
                            {"key": key, "own": own},
                        )
                    answers.append(getattr(refused.value.orig, "sqlstate", ""))
                    demo.session.rollback()
            assert answers[0] == answers[1] and answers[0] in ("23503", "42501"), (table, column)
    assert tried > 0 or actor.kind != "school"


def _shared(target: type[Declared]) -> bool:
    """Tables of which every school sees all rows, and accounts and people, who are nobody's tenant rows."""
    whole = any(not rule.column and not rule.when for rule in target.panel.scope.rules("school"))
    return whole or target.__tablename__ in ("account", "person", "school")


# Getting around it


@pytest.mark.parametrize(
    "statement",
    [
        "select set_config('app.tenant', '2', true)",
        "select set_config('role', 'panel_platform', true)",
        "select 1 union all select length(set_config('app.role', 'platform.operator', true))",
        "select pg_catalog.set_config('app.account', '1', false)",
    ],
)
def test_an_injected_set_config_is_refused(statement: str, demo: Demo) -> None:
    with (
        acting_as(demo.actor("school.principal"), demo.session),
        pytest.raises(sa.exc.ProgrammingError) as refused,
    ):
        demo.session.execute(sa.text(statement))
    assert getattr(refused.value.orig, "sqlstate", "") == "42501"


@pytest.mark.parametrize(
    "statement",
    [
        "select 1; set local role panel_platform",
        "select 1; select 2",
        "select count(*) from candidate; reset role; select count(*) from candidate",
    ],
)
def test_a_stacked_statement_is_refused(statement: str, demo: Demo) -> None:
    with (
        acting_as(demo.actor("school.principal"), demo.session),
        pytest.raises(sa.exc.ProgrammingError) as refused,
    ):
        demo.session.execute(sa.text(statement))
    assert isinstance(refused.value.orig, psycopg.errors.SyntaxError)


@pytest.mark.parametrize(
    "statement", ["set role", "set local role", "reset role", "set app.", "set local app."]
)
def test_a_lone_set_does_not_widen_what_is_seen(statement: str, demo: Demo) -> None:
    """SET is no function and cannot stand inside a statement of ours; even run by itself it shows no foreign row
    unless our own code sends it, which the statement test below looks for."""
    sources = [path for folder in ("app", "views", "models") for path in (ROOT / folder).rglob("*.py")]
    allowed = {
        "app/access/actor.py",
        "app/access/database.py",
        "app/access/wall.py",
        "app/access/embedded.py",
    }
    pattern = re.compile(rf"\b{re.escape(statement)}", re.IGNORECASE)
    found = {
        str(path.relative_to(ROOT))
        for path in sources
        if pattern.search(path.read_text()) and str(path.relative_to(ROOT)) not in allowed
    }
    assert found == set()


def test_the_login_role_alone_reads_nothing(server: EmbeddedPostgres, database_name: str) -> None:
    """No actor, no role: the connection of the web owns nothing and inherits nothing."""
    engine = make_engine(server.url(database_name, wall.LOGIN))
    with engine.connect() as connection:
        for model in declared_models():
            savepoint = connection.begin_nested()
            with pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
                connection.execute(sa.text(f"select 1 from {model.__tablename__} limit 1"))
            savepoint.rollback()
    engine.dispose()


def test_a_session_without_an_actor_sends_nothing(engine: Engine) -> None:
    with WalledSession(engine) as session, pytest.raises(ActorError):
        session.execute(sa.text("select 1"))


def test_a_row_in_memory_is_not_another_actors(demo: Demo) -> None:
    """The identity map answers get() without a statement: the session refuses before it does."""
    with acting_as(demo.actor("school.principal"), demo.session):
        key = demo.session.scalars(sa.select(Candidate.id).order_by(Candidate.id)).first()
        assert demo.session.get(Candidate, key) is not None
        other = Actor("school", tenant=2, role="school.principal")
        from app.access.actor import _current

        token = _current.set(other)
        try:
            with pytest.raises(ActorError):
                demo.session.get(Candidate, key)
        finally:
            _current.reset(token)


def test_the_actor_leaves_with_its_transaction(demo: Demo, engine: Engine) -> None:
    """The pooled connection comes back as the login role, settings empty, after commit, rollback and error."""
    for end in ("commit", "rollback", "error"):
        with acting_as(demo.actor("school.principal"), demo.session):
            try:
                demo.session.execute(sa.text("select 1 / :n"), {"n": 0 if end == "error" else 1})
                getattr(demo.session, end, lambda: None)()
            except sa.exc.DataError:
                pass
        with engine.connect() as connection:
            asked = (
                "select current_user, current_setting('app.tenant', true), current_setting('app.role', true)"
            )
            user, tenant, role = connection.execute(sa.text(asked)).one()
        assert (user, tenant or "", role or "") == (wall.LOGIN, "", "")


def test_only_the_roles_of_the_wall_may_call_our_functions(owner: Engine) -> None:
    """And every function that acts with the owner's rights pins its search path (wall.md 4)."""
    with owner.connect() as connection:
        rows = connection.execute(
            sa.text(
                "select p.proname, p.prosecdef, coalesce(p.proconfig::text, ''),"
                " has_function_privilege('public', p.oid, 'execute') from pg_proc p where p.pronamespace = 'public'::regnamespace"
            )
        ).all()
    assert rows
    assert [name for name, _, _, anybody in rows if anybody] == []
    assert [
        name for name, definer, config, _ in rows if definer and "search_path=" not in config.replace(" ", "")
    ] == []
    assert [name for name, definer, config, _ in rows if definer and "pg_temp" not in config] == []


@pytest.mark.parametrize("role", EVERY_ROLE)
def test_no_role_reads_secrets_or_the_queue(role: str, demo: Demo) -> None:
    with acting_as(demo.actor(role), demo.session):
        for table in (
            "credential",
            "captcha",
            "sms_code",
            "queue.procrastinate_jobs",
            "pg_catalog.pg_authid",
        ):
            savepoint = demo.session.begin_nested()
            with pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
                demo.session.execute(sa.text(f"select * from {table} limit 1"))
            savepoint.rollback()


def test_copied_tenant_keys_are_the_sources_word_in_every_row(owner: Engine) -> None:
    """D3: what the wall compares is what the reference says; over the whole demonstration no copy differs."""
    wrong = []
    with owner.connect() as connection:
        for model in declared_models():
            declared = fields_of(model)
            for name, field in declared.items():
                reference, _, source = field.copied.partition(".")
                if not source or name not in model.panel.scope.columns():
                    continue
                target = declared[reference].refers
                differs = connection.scalar(
                    sa.text(
                        f"select count(*) from {model.__tablename__} r join {target} s on s.id = r.{reference}"
                        f" where r.{name} is distinct from s.{source}"
                    )
                )
                if differs:
                    wrong.append(f"{model.__tablename__}.{name}: {differs}")
    assert wrong == []
