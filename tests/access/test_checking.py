"""`panel check` finds what an installation lacks, and a wall changed by hand."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from app.access import checking
from config import settings


def _found(engine: Engine, word: str) -> list[str]:
    return [finding for finding in checking.findings(engine, settings()) if finding.startswith(word)]


def test_a_sealed_wall_is_whole_until_somebody_touches_it(engine: Engine, owner: Engine) -> None:
    with owner.begin() as connection:
        checking.seal(connection)
    assert _found(engine, "wall") == []
    with owner.begin() as connection:
        connection.execute(sa.text("drop policy school_1 on candidate"))
    assert "changed by hand" in _found(engine, "wall")[0]


def test_an_administrators_connection_is_refused_by_name(owner: Engine) -> None:
    assert any("walks through the wall" in finding for finding in checking.findings(owner, settings()))


def test_set_config_given_back_to_everybody_is_found(engine: Engine, owner: Engine) -> None:
    assert not [f for f in checking.findings(engine, settings()) if "set_config" in f]
    with owner.begin() as connection:
        connection.execute(
            sa.text("grant execute on function pg_catalog.set_config(text, text, boolean) to public")
        )
    assert [f for f in checking.findings(engine, settings()) if "set_config" in f]


def test_an_unreachable_database_is_said_in_words() -> None:
    nowhere = sa.create_engine("postgresql+psycopg://panel_login@/panel?host=/nonexistent")
    assert any("cannot be reached" in finding for finding in checking.findings(nowhere, settings()))
