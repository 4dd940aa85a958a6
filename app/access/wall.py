"""The wall, rendered from the declarations: grants, policies and triggers of every table as SQL text (D2).

`render()` gives the statements in a fixed order; a migration stores their text. `catalog()` lists what a
database really has, normalised by PostgreSQL itself, so that two databases can be compared line by line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import resources

import sqlalchemy as sa

from models.kit import Declared, Mark, declared_models, fields_of, model_named
from models.kit.scope import DELETE, INSERT, KINDS, SELECT, TENANTS, UPDATE, Rule
from models.kit.types import Personal

OWNER = "panel_owner"
LOGIN = "panel_login"
ROLES = tuple(f"panel_{kind}" for kind in KINDS)
_PLUMBING = ("version", "updated_at", "updated_by")


def functions() -> str:
    """The hand-written SQL functions the policies and triggers use."""
    folder = resources.files("app.access") / "sql"
    return "\n".join(entry.read_text() for entry in sorted(folder.iterdir(), key=lambda e: e.name))


def render() -> list[str]:
    """Every statement of the wall over the declared tables, after the tables and functions exist."""
    statements: list[str] = []
    for model in declared_models():
        statements += _table(model)
    statements += [f"grant usage on schema public to {', '.join(ROLES)}"]
    return statements


def _table(model: type[Declared]) -> Iterator[str]:
    table = model.__tablename__
    yield f"alter table {table} enable row level security"
    for kind in KINDS:
        yield from _grants(model, kind)
        for number, rule in enumerate(model.panel.scope.rules(kind), 1):
            yield from _policies(table, kind, number, rule)
    yield from _triggers(model)


def _grants(model: type[Declared], kind: str) -> Iterator[str]:
    table, rules = model.__tablename__, model.panel.scope.rules(kind)
    verbs = {verb for rule in rules for verb in rule.may}
    whole = [rule for rule in rules if UPDATE in rule.may and not rule.columns]
    for verb in (SELECT, INSERT, UPDATE, DELETE):
        if verb not in verbs:
            continue
        columns = ""
        if verb == UPDATE and not whole:
            named = sorted({column for rule in rules for column in rule.columns})
            columns = f" ({', '.join([*named, *_PLUMBING])})"
        yield f"grant {verb}{columns} on {table} to panel_{kind}"


def condition(kind: str, rule: Rule) -> str:
    """The SQL a row must satisfy for this rule: at most one indexed equality, a candidate's schools, a time, and the
    role."""
    parts = []
    if rule.column:
        parts.append(f"{rule.column} = (select nullif(current_setting('app.tenant', true), '')::bigint)")
    if rule.school:
        parts.append(
            f"((select app_schools()) is null or {rule.school} = any ((select app_schools())::bigint[]))"
        )
    if rule.when:
        parts.append(f"({rule.when})")
    if rule.roles:
        names = ", ".join(f"'{kind}.{role}'" for role in rule.roles)
        parts.append(f"(select current_setting('app.role', true)) in ({names})")
    return " and ".join(parts) or "true"


def _policies(table: str, kind: str, number: int, rule: Rule) -> Iterator[str]:
    where = condition(kind, rule)
    if set(rule.may) == {SELECT, INSERT, UPDATE, DELETE}:
        yield f"create policy {kind}_{number} on {table} to panel_{kind} using ({where}) with check ({where})"
        return
    for verb in rule.may:
        clauses = {
            SELECT: f"using ({where})",
            DELETE: f"using ({where})",
            INSERT: f"with check ({where})",
            UPDATE: f"using ({where}) with check ({where})",
        }[verb]
        yield f"create policy {kind}_{number}_{verb} on {table} for {verb} to panel_{kind} {clauses}"


def _trigger(table: str, name: str, when: str, call: str, each: str = "row") -> str:
    return f"create trigger {name} {when} on {table} for each {each} execute function {call}"


def _triggers(model: type[Declared]) -> Iterator[str]:
    table, panel = model.__tablename__, model.panel
    yield _trigger(table, "a_touch", "before insert or update", "panel_touch()")
    yield from _copies(model)
    if table == "audit_entry":
        yield _trigger(table, "b_stamp", "before insert", "panel_audit_stamp()")
    for column, declared in fields_of(model).items():
        if declared.flow:
            pairs = ", ".join([f"'{column}'", *(f"'{a}>{b}'" for a, b in declared.flow.pairs())])
            yield _trigger(
                table, f"c_flow_{column}", f"before update of {column}", f"panel_guard_moves({pairs})"
            )
    yield from _limits(model)
    yield from _freezes(model)
    yield from _sights(model)
    if panel.audit:
        secret = ", ".join(f"'{name}'" for name in sorted(_personal(model)))
        for verb, tables, function in (
            ("insert", "new table as added", "panel_audit_insert"),
            ("update", "old table as before new table as after", "panel_audit_update"),
            ("delete", "old table as removed", "panel_audit_delete"),
        ):
            call = f"{function}({secret if verb != 'insert' else ''})"
            yield _trigger(table, f"z_audit_{verb}", f"after {verb}", call, "statement").replace(
                f"on {table} ", f"on {table} referencing {tables} "
            )


def _personal(model: type[Declared]) -> set[str]:
    """The columns whose values the trail names without keeping them."""
    columns = model.__table__.columns
    masked = {name for name, declared in fields_of(model).items() if declared.has(Mark.MASKED)}
    return masked | {column.name for column in columns if isinstance(column.type, sa.LargeBinary | Personal)}


def pointers(model: type[Declared]) -> Iterator[tuple[str, str]]:
    """(column, table) of the references that no composite key keeps inside the tenant, though the rows they point
    at are some tenant's alone. Accounts and tenants themselves are named across tenants (who decided, whose it is)."""
    tenants = model.panel.scope.columns()
    for name, declared in fields_of(model).items():
        if not declared.refers or declared.within or declared.copied or name in tenants:
            continue
        if declared.refers not in ("account", "person", *TENANTS, "school_directory"):
            target = model_named(declared.refers)
            if any(_points_blindly(model, target, kind, name) for kind in KINDS):
                yield name, declared.refers


def _points_blindly(model: type[Declared], target: type[Declared], kind: str, column: str) -> bool:
    """Whether this kind may write the column, and may not see every row it could name."""
    rules, seen = model.panel.scope.rules(kind), target.panel.scope.rules(kind)
    writes = any(
        INSERT in rule.may or (UPDATE in rule.may and (not rule.columns or column in rule.columns))
        for rule in rules
    )
    return writes and not any(SELECT in rule.may and not (rule.column or rule.when) for rule in seen)


def _sights(model: type[Declared]) -> Iterator[str]:
    """A plain key accepts another tenant's row (wall.md 4): whoever points at a row must see it. The function runs
    with the writer's own rights, so the policies of the other table answer; missing and foreign look alike."""
    table = model.__tablename__
    for column, target in pointers(model):
        name = f"panel_sees_{table}_{column}"
        yield (
            f"create or replace function {name}() returns trigger language plpgsql"  # noqa: S608
            f" set search_path = public, pg_catalog, pg_temp as $$ begin"
            f" if exists (select from written w where w.{column} is not null"
            f" and not exists (select from {target} t where t.id = w.{column})) then"
            f" raise exception 'a row of {table} points at no {target}'"
            f" using errcode = '23503', constraint = 'fk_{table}_{column}', table = '{table}';"
            f" end if; return null; end $$"
        )
        for verb in (INSERT, UPDATE):
            yield _trigger(
                table, f"g_sees_{column}_{verb}", f"after {verb}", f"{name}()", "statement"
            ).replace(f"on {table} ", f"on {table} referencing new table as written ")


def _limits(model: type[Declared]) -> Iterator[str]:
    """Where one kind may change its own rows wholly and others' partly, grants cannot tell: a trigger does."""
    for kind in KINDS:
        rules = [rule for rule in model.panel.scope.rules(kind) if UPDATE in rule.may]
        narrow = [rule for rule in rules if rule.columns]
        wide = [rule for rule in rules if not rule.columns]
        if narrow and wide:
            generated = {name for name, declared in fields_of(model).items() if declared.computed}
            columns = ",".join(sorted({column for rule in narrow for column in rule.columns} | generated))
            call = f"panel_limit_columns('{kind}', '{wide[0].column}', '{columns}')"
            yield _trigger(model.__tablename__, f"d_limit_{kind}", "before update", call)


def _freezes(model: type[Declared]) -> Iterator[str]:
    table, panel = model.__tablename__, model.panel
    message = panel.frozen_message.replace("'", "''")
    if panel.append_only:
        yield _trigger(table, "e_append_only", "before update or delete", f"panel_refuse('{message}')")
    elif panel.frozen:
        yield _trigger(table, "e_frozen", "before update or delete", f"panel_refuse('{message}')").replace(
            "for each row", f"for each row when ({panel.frozen})"
        )
    yield _trigger(table, "f_truncate", "before truncate", f"panel_refuse('{message}')", "statement")


def _copies(model: type[Declared]) -> Iterator[str]:
    """Copied columns: filled through the reference when the row is written, and following later changes."""
    table = model.__tablename__
    by_reference: dict[str, list[tuple[str, str]]] = {}
    for column, declared in fields_of(model).items():
        if declared.copied:
            reference, _, source = declared.copied.partition(".")
            by_reference.setdefault(reference, []).append((column, source))
    declared_fields = fields_of(model)
    for reference, pairs in by_reference.items():
        target = declared_fields[reference].refers
        sources, columns = ", ".join(f"s.{s}" for _, s in pairs), ", ".join(f"new.{c}" for c, _ in pairs)
        name = f"panel_copy_{table}_{reference}"
        missing = " or ".join(f"new.{c} is null" for c, _ in pairs)
        if not {c for c, _ in pairs} <= set(declared_fields[reference].within):
            missing += (
                " or current_setting('role') <> 'panel_job'"  # a copy is the source's word, not the writer's
            )
        yield (
            f"create or replace function {name}() returns trigger language plpgsql security definer"  # noqa: S608
            f" set search_path = public, pg_catalog, pg_temp as $$ begin"
            f" if tg_op = 'UPDATE' or {missing} then"
            f" select {sources} into {columns} from {target} s where s.id = new.{reference}; end if;"
            f" return new; end $$"
        )
        yield _trigger(table, f"b_copy_{reference}", f"before insert or update of {reference}", f"{name}()")
        if model.panel.append_only:
            continue  # facts keep what they were made with
        follow = f"panel_follow_{table}_{reference}"
        still = f" and not ({_of_table(model.panel.frozen, table)})" if model.panel.frozen else ""
        changed = " or ".join(f"new.{s} is distinct from old.{s}" for _, s in pairs)
        sets = ", ".join(f"{c} = new.{s}" for c, s in pairs)
        yield (
            f"create or replace function {follow}() returns trigger language plpgsql security definer"  # noqa: S608
            f" set search_path = public, pg_catalog, pg_temp as $$ begin"
            f" update {table} set {sets} where {reference} = new.id{still}; return null; end $$"
        )
        yield _trigger(
            target,
            f"y_follow_{table}_{reference}",
            f"after update of {', '.join(s for _, s in pairs)}",
            f"{follow}()",
        ).replace("for each row", f"for each row when ({changed})")


def _of_table(condition: str, table: str) -> str:
    """A condition over OLD, said of the table's rows."""
    return re.sub(r"\bold\.", f"{table}.", condition, flags=re.IGNORECASE)


def secure_functions() -> Iterator[str]:
    """Nobody but the roles of the wall may call our functions."""
    yield "revoke execute on all functions in schema public from public"
    yield f"grant execute on all functions in schema public to {', '.join(ROLES)}"


_CATALOG = sa.text(
    """
    select 'policy ' || c.relname || ' ' || p.polname || ' ' || p.polcmd::text || ' '
           || (select string_agg(r.rolname, ',' order by r.rolname) from pg_roles r where r.oid = any (p.polroles))
           || ' using ' || coalesce(pg_get_expr(p.polqual, p.polrelid), '')
           || ' check ' || coalesce(pg_get_expr(p.polwithcheck, p.polrelid), '')
      from pg_policy p join pg_class c on c.oid = p.polrelid
    union all
    select 'table ' || c.relname || ' rls=' || c.relrowsecurity::text || ' owner=' || pg_get_userbyid(c.relowner)
      from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
    union all
    select 'grant ' || c.relname || ' ' || a.grantee::regrole::text || ' ' || a.privilege_type
      from pg_class c, aclexplode(c.relacl) a
      where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'S')
    union all
    select 'grant ' || c.relname || '.' || t.attname || ' ' || a.grantee::regrole::text || ' ' || a.privilege_type
      from pg_attribute t join pg_class c on c.oid = t.attrelid, aclexplode(t.attacl) a
      where c.relnamespace = 'public'::regnamespace
    union all
    select 'trigger ' || c.relname || ' ' || pg_get_triggerdef(g.oid)
      from pg_trigger g join pg_class c on c.oid = g.tgrelid
      where not g.tgisinternal and c.relnamespace = 'public'::regnamespace
    union all
    select 'function ' || f.proname || ' ' || md5(pg_get_functiondef(f.oid)) || ' ' || coalesce(f.proacl::text, '')
      from pg_proc f where f.pronamespace = 'public'::regnamespace
    union all
    select 'column ' || c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
           || ' null=' || (not a.attnotnull)::text || ' default=' || coalesce(pg_get_expr(d.adbin, d.adrelid), '')
      from pg_attribute a join pg_class c on c.oid = a.attrelid
      left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
      where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped
    union all
    select 'constraint ' || c.relname::text || ' ' || k.conname::text || ' ' || pg_get_constraintdef(k.oid)
      from pg_constraint k join pg_class c on c.oid = k.conrelid
      where c.relnamespace = 'public'::regnamespace and k.contype <> 'n'
    union all
    select 'index ' || pg_get_indexdef(i.indexrelid)
      from pg_index i join pg_class c on c.oid = i.indrelid where c.relnamespace = 'public'::regnamespace
    order by 1
    """
)


def catalog(connection: sa.Connection) -> list[str]:
    """What the database has: policies, grants, triggers, functions, columns, constraints, indexes; sorted lines."""
    return [line for (line,) in connection.execute(_CATALOG) if "alembic_version" not in line]
