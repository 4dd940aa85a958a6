"""Writing a revision: what the declarations ask that the newest migration does not give yet (`panel migration`)."""

from __future__ import annotations

import io
import re
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import produce_migrations
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.operations.ops import OpContainer
from alembic.script import ScriptDirectory
from sqlalchemy.dialects import postgresql

from app.access import database, wall
from app.access.database import VERSIONS
from models.kit import Base


def wall_text() -> str:
    """The whole wall as SQL text, for a revision's file."""
    parts = [wall.functions(), *wall.render(), *wall.secure_functions()]
    return ";\n".join(part.rstrip().rstrip(";") for part in parts) + ";\n"


def write_revision(url: str, message: str, folder: Path = VERSIONS) -> list[Path]:
    """Compare the database at `url` (at head, administrator) with the declarations and write the next revision."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        up, down = table_changes(connection)
    config = database.alembic_config(url, folder)
    heads = ScriptDirectory.from_config(config).get_heads()
    number = f"{len(list(VERSIONS.glob('*.py'))) + 1:04d}"
    command.revision(
        config, message=message, rev_id=number, head=heads[0] if heads else "base", version_path=str(folder)
    )
    written = []
    for part, text in (("up", up), ("down", down), ("wall", wall_text())):
        path = folder / f"{number}.{part}.sql"
        path.write_text(text)
        written.append(path)
    return written


def table_changes(connection: sa.Connection) -> tuple[str, str]:
    """The SQL that brings the tables to the declarations, and back."""
    if not sa.inspect(connection).get_table_names():
        return _create_all(), _drop_all()
    context = MigrationContext.configure(connection, opts={"compare_type": False, "include_name": _ours})
    script = produce_migrations(context, Base.metadata)
    return _sql(script.upgrade_ops), _sql(script.downgrade_ops)


def _ours(name: str | None, kind: str, parents: object) -> bool:
    return kind != "table" or name in Base.metadata.tables


def _sql(ops: OpContainer | None) -> str:
    out = io.StringIO()
    context = MigrationContext.configure(
        dialect_name="postgresql", opts={"as_sql": True, "output_buffer": out, "literal_binds": True}
    )
    operations = Operations(context)
    for op in ops.ops if ops is not None else ():
        for item in getattr(op, "ops", [op]):
            operations.invoke(item)
    return re.sub(r"\n{3,}", "\n\n", out.getvalue())


def _create_all() -> str:
    """Every table, index and key; keys in a circle follow their tables."""
    statements: list[str] = []

    def collect(statement: sa.schema.ExecutableDDLElement, *_: object, **__: object) -> None:
        statements.append(str(statement.compile(dialect=postgresql.dialect())).strip())  # type: ignore[no-untyped-call]

    Base.metadata.create_all(sa.create_mock_engine("postgresql+psycopg://", collect), checkfirst=False)
    return ";\n\n".join(statements) + ";\n"


def _drop_all() -> str:
    return "".join(f"drop table {table} cascade;\n" for table in sorted(Base.metadata.tables))
