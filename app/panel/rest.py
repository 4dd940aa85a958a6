"""REST from declarations (placeholder until the consoles run)."""

from typing import Any


def add_api(appbuilder: Any, session: Any) -> None:
    return None
