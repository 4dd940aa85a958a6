from typing import Any


def add_desk(app: Any, session: Any) -> None:
    return None
