"""A form as its page gives it, filled in by its controls' names."""

from __future__ import annotations

from typing import Any

from lxml import html


def form(page: str, key: str = "form", **values: str) -> tuple[str, dict[str, Any]]:
    """(address, data) of the form with this id; what is filled in must be there to fill in."""
    found = html.fromstring(page).get_element_by_id(key)
    missing = set(values) - set(found.fields)
    assert not missing, f"the form does not ask for {sorted(missing)}"
    data: dict[str, Any] = {}
    for name, value in found.form_values():
        data.setdefault(name, []).append(
            value.removeprefix("\n")
        )  # a text area's first line end is not its text
    return found.action, {**data, **values}


def controls(page: str, key: str = "form") -> dict[str, str]:
    """Name → kind (`select`, `textarea`, an input's type) of what a form lets people fill in."""
    found: dict[str, str] = {}
    for one in html.fromstring(page).get_element_by_id(key).inputs:
        kind = one.get("type", "text") if one.tag == "input" else one.tag
        if one.name and kind not in ("hidden", "submit", "button", "file"):
            found[one.name] = kind
    return found
