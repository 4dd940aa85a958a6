"""Every icon that a declaration, a view or a template names is in the sprite."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LISTED = set((ROOT / "views" / "static" / "src" / "icons.txt").read_text("utf-8").split())
# Where an icon's name stands among the positional arguments.
PLACES = {"Link": 2, "Entrance": 2, "MenuArea": 2, "MenuItem": 2, "add_entry": 2, "Todo": 3}


def named_in_python() -> Iterator[tuple[str, str]]:
    for folder in ("models", "app", "views"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Call):
                    yield from ((f"{path.relative_to(ROOT)}:{node.lineno}", name) for name in icons_of(node))


def icons_of(call: ast.Call) -> Iterator[str]:
    function = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    place = PLACES.get(function)
    given = [k.value for k in call.keywords if k.arg == "icon"]
    given += call.args[place : place + 1] if place is not None else []
    yield from (
        v.value for v in given if isinstance(v, ast.Constant) and isinstance(v.value, str) and v.value
    )


def named_in_templates() -> Iterator[tuple[str, str]]:
    for path in (ROOT / "views" / "templates").rglob("*.html"):
        for name in re.findall(r'icon\("([a-z0-9-]+)"', path.read_text("utf-8")):
            yield str(path.relative_to(ROOT)), name


def test_every_icon_named_is_in_the_sprite() -> None:
    missing = [
        (where, name) for where, name in [*named_in_python(), *named_in_templates()] if name not in LISTED
    ]
    assert missing == []
