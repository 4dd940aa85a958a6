"""How a form field is drawn: one WTForms hook for FAB's forms and for Flask-Admin's.

`LookMeta` is mixed into a form's `Meta`. WTForms asks `Meta.render_field` for every field, so neither
framework's own widgets are ever called and one set of CSS classes serves both.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache, lru_cache
from typing import Any

from jinja2 import Environment
from markupsafe import Markup
from wtforms import Field, widgets
from wtforms.fields import FieldList, FormField

from app.panel.pages import MenuArea

# First match along the field class's MRO decides; a subclass (FAB, Flask-Admin, ours) has another name.
_KINDS: dict[str, str] = {
    "HiddenField": "hidden",
    "CSRFTokenField": "hidden",
    "FormField": "nested",
    "PasswordField": "password",
    "MultipleFileField": "files",
    "FileField": "file",
    "BooleanField": "check",
    "RadioField": "radios",
    "SelectMultipleField": "selects",
    "QuerySelectMultipleField": "selects",
    "AjaxSelectMultipleField": "selects",
    "AJAXSelectField": "remote",
    "AjaxSelectField": "remote",
    "QuerySelectField": "select",
    "SelectFieldBase": "select",
    "TextAreaField": "area",
    "DateTimeField": "moment",
    "DateTimeLocalField": "moment",
    "TimeField": "time",
    "MonthField": "month",
    "DateField": "date",
    "IntegerField": "number",
    "DecimalField": "number",
    "FloatField": "number",
    "SubmitField": "submit",
}

_WIDGETS: dict[str, Any] = {
    "text": widgets.TextInput(),
    "number": widgets.TextInput(),
    "date": widgets.TextInput(),
    "moment": widgets.TextInput(),
    "month": widgets.TextInput(),
    "time": widgets.TextInput(),
    "password": widgets.PasswordInput(),
    "area": widgets.TextArea(),
    "rich": widgets.TextArea(),
    "select": widgets.Select(),
    "remote": widgets.Select(),
    "selects": widgets.Select(multiple=True),
    "check": widgets.CheckboxInput(),
    "file": widgets.FileInput(),
    "files": widgets.FileInput(multiple=True),
    "hidden": widgets.HiddenInput(),
    "submit": widgets.SubmitInput(),
}

_CLASSES: dict[str, str] = {
    "select": "form-select",
    "remote": "form-select",
    "selects": "form-select",
    "check": "form-check-input",
    "submit": "btn btn-primary",
    "hidden": "",
}

_WIDE = frozenset({"area", "rich", "rows", "files", "radios"})
_OWN_WIDGET = frozenset({"nested", "rows", "list"})


def kind_of(field: Field) -> str:
    """The kind of control a field gets; `data-rich`, `data-remote` and `data-fixed` in its `render_kw` win over its class.

    "rows" is a list of child forms, which the templates draw as an inline table; "fixed" is settled already: shown,
    and sent along.
    """
    marks = field.render_kw or {}
    if "data-rich" in marks:
        return "rich"
    if "data-remote" in marks:
        return "remote"
    if "data-fixed" in marks:
        return "fixed"
    if isinstance(field, FieldList):
        return "rows" if issubclass(field.unbound_field.field_class, FormField) else "list"
    return next((_KINDS[c.__name__] for c in type(field).__mro__ if c.__name__ in _KINDS), "text")


def is_wide(field: Field) -> bool:
    """Whether a field takes both columns of the form (`data-wide` in `render_kw` asks for it)."""
    return kind_of(field) in _WIDE or bool((field.render_kw or {}).get("data-wide"))


@cache  # a list draws a hundred out of a few dozen names, all from templates and declarations
def icon(sprite: str, name: str) -> Markup:
    """A decorative icon out of the sprite at address `sprite`; an empty or foreign (`fa-…`) name draws nothing."""
    if not name or name.startswith("fa"):
        return Markup("")
    return Markup(
        '<svg class="icon" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>'
    ).format(sprite, name)


def finder(environment: Environment, areas: Iterable[MenuArea]) -> Markup:
    """What the palette (Ctrl+K) offers: every entry of the menu. The same on every page of everybody who has the same
    menu, so it is drawn once."""
    names = ((a.label, tuple((i.label, i.href, i.icon) for i in a.items or (a,))) for a in areas)
    return _finder(environment, tuple(names))


@lru_cache(maxsize=256)
def _finder(
    environment: Environment, areas: tuple[tuple[str, tuple[tuple[str, str, str], ...]], ...]
) -> Markup:
    return Markup(environment.get_template("panel/_finder.html").render(areas=areas))  # noqa: S704  # a template


class LookMeta:
    """Mix-in for a form's `Meta`. FAB: `DynamicForm.Meta = LookMeta`; Flask-Admin: extend `BaseForm.Meta` with it."""

    def kind(self, field: Field) -> str:
        return kind_of(field)

    def wide(self, field: Field) -> bool:
        return is_wide(field)

    def blank_row(self, rows: FieldList) -> Field:
        """An empty child row named `<field>-__n__`, for the `<template>` that new rows are cloned from."""
        blank = rows.meta.bind_field(
            None,
            rows.unbound_field,
            {"name": f"{rows.name}-__n__", "id": f"{rows.id}-__n__", "_meta": rows.meta},
        )
        blank.process(None)
        return blank

    def render_field(self, field: Field, render_kw: dict[str, Any]) -> Markup:
        """Draw a control with our classes and its ties to label, help and error."""
        attributes = {**(field.render_kw or {}), **render_kw}
        kind = kind_of(field)
        if kind in _OWN_WIDGET:
            return Markup(field.widget(field, **attributes))  # noqa: S704  # a widget's answer is markup
        attributes = {**_basics(field, kind), **_particulars(kind), **attributes}
        # The browser's own bubble cannot appear on a select that a script has hidden, so the tag never
        # says `required`; the flag would put it there unless the attribute is switched off.
        attributes["required"] = False
        if kind == "radios":
            return _radios(field, attributes)
        if kind == "fixed":
            shown = Markup('<span class="ui-fixed">{}</span>').format(field.picked() or "—")
            return Markup('{}<input type="hidden" name="{}" value="{}">').format(
                shown, field.name, field.data or ""
            )
        return Markup(_WIDGETS[kind](field, **attributes))  # noqa: S704  # a widget's answer is markup


def _basics(field: Field, kind: str) -> dict[str, Any]:
    """Class and ARIA attributes every control has."""
    attributes: dict[str, Any] = {"class": _CLASSES.get(kind, "form-control")}
    if kind in ("hidden", "submit"):
        return attributes
    ties = []
    if field.errors:
        attributes["class"] += " is-invalid"
        attributes["aria-invalid"] = "true"
        ties.append(f"{field.id}-error")
    if field.description:
        ties.append(f"{field.id}-help")
    if ties:
        attributes["aria-describedby"] = " ".join(ties)
    if field.flags.required:
        attributes["aria-required"] = "true"
    return attributes


def _particulars(kind: str) -> dict[str, Any]:
    """What the scripts and the phone's keyboard need to know about a kind of control."""
    return _PARTICULARS.get(kind, {})


_PARTICULARS: dict[str, dict[str, Any]] = {
    "number": {"inputmode": "decimal", "data-number": True, "autocomplete": "off"},
    "date": {"data-date": "date", "placeholder": "请选择日期", "autocomplete": "off"},
    "moment": {"data-date": "moment", "placeholder": "请选择时间", "autocomplete": "off"},
    "month": {"data-date": "month", "placeholder": "请选择月份", "autocomplete": "off"},
    "time": {"data-date": "time", "placeholder": "请选择时间", "autocomplete": "off"},
    "select": {"data-choice": True},
    "selects": {"data-choice": True},
    "remote": {"data-choice": True},
    "area": {"rows": 3},
    "rich": {"rows": 8},
    "password": {"autocomplete": "current-password"},
}


def _radios(field: Field, attributes: dict[str, Any]) -> Markup:
    """A radio group as a row of labelled inputs; the group itself carries the ARIA attributes."""
    group = Markup("").join(
        Markup(' {}="{}"').format(k, v) for k, v in attributes.items() if k.startswith("aria-")
    )
    choice = widgets.RadioInput()
    options = Markup("").join(
        Markup('<label class="form-check">{} <span class="form-check-label">{}</span></label>').format(
            choice(option, class_="form-check-input"), option.label.text
        )
        for option in field
    )
    return Markup('<div class="ui-radios" role="radiogroup" id="{}"{}>{}</div>').format(
        field.id, group, options
    )
