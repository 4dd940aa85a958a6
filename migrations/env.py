"""Alembic's entry: migrations run as the owner of the schema, in one transaction each.

Revisions hold plain SQL text (`versions/<revision>.sql`), never our code: an old revision means for ever what it
meant when it was written.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context

OWNER = "panel_owner"


def run() -> None:
    engine = sa.create_engine(context.config.attributes["url"], poolclass=sa.NullPool)
    with engine.connect() as connection:
        context.configure(
            connection=connection, transaction_per_migration=True, version_table_schema="public"
        )
        with context.begin_transaction():
            context.run_migrations()


run()
