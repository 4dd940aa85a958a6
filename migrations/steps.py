"""How a revision is carried out: its tables, then the whole wall of that revision in place of the one before.

`<revision>.up.sql` and `<revision>.down.sql` change the tables; `<revision>.wall.sql` is the complete wall
(functions, grants, policies, triggers) as it is after the revision. They stand beside the revision.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic import op

OWNER = "panel_owner"

# Everything of the wall goes; tables and rows stay.
CLEAR = """
do $$
declare
    item record;
begin
    for item in select c.relname, p.polname from pg_policy p join pg_class c on c.oid = p.polrelid
            where c.relnamespace = 'public'::regnamespace loop
        execute format('drop policy %I on %I', item.polname, item.relname);
    end loop;
    for item in select c.relname, t.tgname from pg_trigger t join pg_class c on c.oid = t.tgrelid
            where not t.tgisinternal and c.relnamespace = 'public'::regnamespace loop
        execute format('drop trigger %I on %I', item.tgname, item.relname);
    end loop;
    for item in select p.oid::regprocedure as name from pg_proc p
            where p.pronamespace = 'public'::regnamespace
              and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e') loop
        execute format('drop function %s', item.name);
    end loop;
    for item in select distinct c.relname, a.grantee::regrole::text as grantee
            from pg_class c, aclexplode(c.relacl) a
            where c.relnamespace = 'public'::regnamespace and a.grantee <> c.relowner loop
        execute format('revoke all on %I from %s', item.relname, item.grantee);
    end loop;
end $$
"""


def _run(sql: str) -> None:
    bind = op.get_bind()
    driver: Any = bind.connection.driver_connection
    bind.exec_driver_sql(f"set local role {OWNER}")
    driver.execute(sql.encode())
    bind.exec_driver_sql("reset role")


def _text(revision: str, part: str) -> str:
    environment: Any = op.get_context().environment_context
    path = Path(environment.script.get_revision(revision).path).with_name(f"{revision}.{part}.sql")
    return path.read_text() if path.exists() else ""


def upgrade_with(revision: str) -> None:
    if wall := _text(revision, "wall"):
        _run(CLEAR)
        _run(_text(revision, "up"))
        _run(wall)
    else:
        _run(_text(revision, "up"))


def downgrade_with(revision: str, previous: str | None) -> None:
    _run(CLEAR)
    _run(_text(revision, "down"))
    if previous is not None:
        _run(_text(previous, "wall"))
