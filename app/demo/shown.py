"""The demonstration's accounts as a terminal shows them; imports nothing of ours, for the supervisor stays small."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence


def lines(accounts: Sequence[dict[str, str]]) -> Iterator[str]:
    """Role, name and password under each other, then what else is to be known."""
    rows = [
        (account.get("label", account["role"]), account["username"], account["password"])
        for account in accounts
    ]
    wide, long = max(_width(role) for role, _, _ in rows), max(len(name) for _, name, _ in rows)
    for role, name, password in rows:
        yield f"  {role}{' ' * (wide - _width(role))}  {name:<{long}}  {password}"
    for account in accounts:
        if hint := account.get("hint"):
            yield f"  {hint}"


def _width(text: str) -> int:
    """A Chinese character is two wide."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)
