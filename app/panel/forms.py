"""Forms from declarations: one WTForms class per table and use, checked by the kit's types."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy.orm import Session
from wtforms import (
    BooleanField,
    Field,
    FieldList,
    FileField,
    Form,
    FormField,
    HiddenField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.fields import DateField, DateTimeField, DecimalField
from wtforms.fields.choices import Choice, SelectChoice
from wtforms.validators import StopValidation, ValidationError

from app.panel import cells
from app.panel.look import LookMeta
from app.panel.pages import Link
from app.panel.picking import needs
from app.panel.resolve import Resolved, kind_of, resolve_table
from app.panel.uploads import name_ahead
from app.services.errors import DomainError
from app.services.richtext import clean_html, visible_length
from config import settings
from models.kit import Declared, Mark, formats
from models.kit import Field as Declaration
from models.kit.types import Kinded

REQUIRED = "请填写{label}"


class PanelForm(Form):
    """Every generated form: our look, and Chinese messages."""

    deleted = False  # a child row ticked for deletion
    form_errors: list[str]

    def blame(self, error: DomainError) -> None:
        """Put a refusal beside its field, or above the form where there is nothing to change in the field."""
        field = self._fields.get(error.field or "")
        if field is not None and "data-fixed" not in (field.render_kw or {}):
            field.errors = [*field.errors, error.message]
        else:
            self.form_errors = [*self.form_errors, error.message]

    class Meta(LookMeta):
        locales = ("zh",)

        def render_field(self, field: Field, render_kw: dict[str, Any]) -> Any:
            return LookMeta.render_field(self, field, render_kw)


class Typed:
    """Mixed into a WTForms field: the text typed goes through the declared type, whose reason is the message."""

    declared: Declaration
    data: Any
    render_kw: dict[str, Any] | None

    def process_formdata(self, valuelist: list[Any]) -> None:
        self.typed = str(valuelist[0]) if valuelist else ""
        self.data = self.typed

    def pre_validate(self, form: Form) -> None:
        type_: Kinded = self.declared.type
        try:
            self.data = type_.normalise(self.data or "")
        except formats.FormatError as error:
            raise ValidationError(str(error)) from None
        if self.data == "" and kind_of(self.declared) not in ("text", "lines"):
            self.data = None

    def _value(self) -> str:
        typed = getattr(self, "typed", None)
        if typed is not None:
            return str(typed)
        return "" if self.data is None else cells.plain(self.data)


class TypedField(Typed, StringField):
    """Text, codes, numbers, personal numbers."""


class NumberField(Typed, DecimalField):
    """Integers and exact decimals."""


class LinesField(Typed, TextAreaField):
    pass


class RichField(Typed, TextAreaField):
    """Rich text: cleaned on the server whatever the browser sent (R19, E21, E22)."""

    def pre_validate(self, form: Form) -> None:
        self.data = clean_html(self.data or "")
        length, type_ = visible_length(self.data), self.declared.type
        if length > type_.most:
            raise ValidationError(f"不能超过{type_.most}个字(现有{length}个)")
        if not length:
            self.data = None
        elif length < type_.least:
            raise ValidationError(f"至少{type_.least}个字(现有{length}个)")


class DayField(Typed, DateField):
    pass


class MomentField(Typed, DateTimeField):
    """A moment to the minute in Asia/Shanghai; the end of a window is typed as its last minute inside."""

    def _value(self) -> str:
        if getattr(self, "typed", None) is not None or self.data is None:
            return super()._value()
        return str(self.declared.type.shown(self.data))


class PickField(SelectField):
    """One of a closed list; blank means nothing chosen."""

    declared: Declaration

    def process_formdata(self, valuelist: list[Any]) -> None:
        self.data = valuelist[0] if valuelist else None

    def pre_validate(self, form: Form) -> None:
        if not self.data:
            self.data = None
        elif self.data not in list(self.declared.type.choices):
            raise ValidationError("请从列表中选择")
        else:
            self.data = self.declared.type.choices(self.data)


class ReferenceField(SelectField):
    """A related row, picked by remote search; the row must exist for this actor (F2, check 3)."""

    declared: Declaration
    session: Session

    def process_formdata(self, valuelist: list[Any]) -> None:
        self.data = valuelist[0] if valuelist else None

    def pre_validate(self, form: Form) -> None:
        if not self.data:
            self.data = None
            return
        row = self.picked()
        if row is None:
            raise ValidationError(f"没有找到所选的{self.label.text},请重新选择")
        for name in self.declared.within:
            above = form._fields.get(name)
            if above is not None and above.data and str(getattr(row, name)) != str(above.data):
                raise ValidationError(f"所选的{self.label.text}不属于所选的{above.label.text},请重新选择")
        self.data = row.id

    def picked(self) -> Declared | None:
        """The row chosen so far, if it is one."""
        key = formats.row_id(self.data)
        return self.session.get(resolve_table(self.declared.refers).model, key) if key is not None else None

    def iter_choices(self) -> Any:
        row = self.picked()
        yield Choice("", "", row is None, {})
        if row is not None:
            yield Choice(str(row.id), str(row), True, {})


class FlagField(BooleanField):
    pass


class UploadField(FileField):
    """A file, or the token of one sent ahead. `kept` is the link to the file that a saved row has already."""

    kept: Link | None = None

    @property
    def ahead(self) -> str:
        """The name of the file that was sent ahead."""
        return name_ahead(self.data)


class Required:
    """Blank after trimming is refused, in the words of the label (R17)."""

    field_flags = {"required": True}

    def __init__(self, label: str) -> None:
        self.label = label

    def __call__(self, form: Form, field: Field) -> None:
        data = field.data
        if data is None or (isinstance(data, str) and not formats.half_width(data).strip()):
            field.errors = []
            raise StopValidation(REQUIRED.format(label=self.label))


_CONTROLS: dict[str, type[Field]] = {
    "text": TypedField,
    "code": TypedField,
    "email": TypedField,
    "url": TypedField,
    "id_number": TypedField,
    "mobile": TypedField,
    "integer": NumberField,
    "decimal": NumberField,
    "lines": LinesField,
    "rich": RichField,
    "date": DayField,
    "moment": MomentField,
    "choice": PickField,
    "state": PickField,
    "flag": FlagField,
    "reference": ReferenceField,
    "file": UploadField,
    "photo": UploadField,
}


def choices(pairs: Iterable[tuple[str, str]]) -> list[SelectChoice]:
    """The options of a drop-down, after the one that says to choose."""
    return [SelectChoice(value, label) for value, label in [("", "请选择"), *pairs]]


def control(
    declared: Declaration,
    *,
    required: bool,
    session: Session,
    remote: str = "",
    needed: Collection[str] = (),
    settled: bool = False,
) -> Any:
    """The unbound field of one declared column; a `settled` one is shown and not asked."""
    kind = kind_of(declared)
    checks = [Required(declared.label)] if required and kind not in ("flag", "file", "photo") else []
    marks: dict[str, Any] = {}
    options: dict[str, Any] = {}
    if declared.has(Mark.WIDE):
        marks["data-wide"] = True
    if kind == "rich":
        marks["data-rich"] = True
        if declared.type.pictures:
            marks["data-rich-upload"] = "/console/pictures"
    if getattr(declared.type, "closing", False):
        marks["data-closing"] = True
    if kind == "reference":
        marks["data-fixed" if settled else "data-remote"] = remote
        options["choices"] = []
        if declared.within:
            marks["data-within"] = " ".join(declared.within)
    if needed:
        marks["data-needs"] = " ".join(needed)
    if kind in ("choice", "state"):
        options["choices"] = choices(declared.type.choices.pairs())
    marks |= _bounds(kind, declared.type)
    if declared.sample:
        marks["placeholder"] = f"如：{declared.sample}"
    base = _CONTROLS[kind]
    made = type(base.__name__, (base,), {"declared": declared, "session": session})
    return made(declared.label, validators=checks, description=declared.help, render_kw=marks, **options)


# What a browser can tell of a number before it is sent; the kit's type judges it on the server.
_SHAPES = {
    "mobile": (r"(?:(?:\+|00)86)?1[3-9]\d{9}", "手机号应为11位,以13–19开头"),
    "id_number": (r"\d{17}[\dXx]", "证件号码须为18位,最后一位为数字或X"),
    "email": (r"[^@]+@[^@]+\.[^@.]+", "邮箱格式不正确,应如 name@example.com"),
}


def _bounds(kind: str, type_: Any) -> dict[str, Any]:
    """What the type says of lengths, ranges and shapes, for the browser (js/checks.js)."""
    marks: dict[str, Any] = {}
    if isinstance(getattr(type_, "length", None), int):
        marks["maxlength"] = type_.length
    if kind in ("text", "lines") and type_.least:
        marks["minlength"] = type_.least
    if kind in ("integer", "decimal"):
        places = type_.places if kind == "decimal" else 0
        marks |= {"data-least": str(type_.least), "data-most": str(type_.most), "data-places": str(places)}
    if kind in _SHAPES:
        marks["pattern"], marks["data-says"] = _SHAPES[kind]
    return marks


def form_class(
    resolved: Resolved,
    session: Session,
    *,
    adding: bool,
    children: tuple[Resolved, ...] = (),
    omit: Collection[str] = (),
    settled: Collection[str] = (),
    picker: str = "",
) -> type[PanelForm]:
    """The form of a table: its typed columns in order, then its child tables as rows (feature 3).

    `picker` is what stands before a reference's name in the address of its remote search.
    """
    members: dict[str, Any] = {"row_version": HiddenField()} if not adding else {}
    for name in resolved.form(adding):
        if name in omit:
            continue
        members[name] = control(
            resolved.fields[name],
            required=not resolved.model.__table__.c[name].nullable,
            session=session,
            remote=f"{picker or f'{resolved.url}/picker/'}{name}",
            needed=needs(resolved, name),
            settled=name in settled,
        )
    for child in children:
        members[child.table] = FieldList(
            FormField(_child_class(child, resolved, session), label=child.panel.label),
            label=child.panel.label,
            render_kw=_rows_marks(child, resolved),
        )
    return type(f"{resolved.model.__name__}Form", (PanelForm,), members)


def parent_column(child: Resolved, parent: Resolved) -> str:
    """The child's column that refers to the parent."""
    return next(name for name, declared in child.fields.items() if declared.refers == parent.table)


def sole_column(child: Resolved, parent: Resolved) -> str:
    """The one thing a child row says besides its parent, if it is one: then rows are picked from a list, or are files
    dropped in, instead of lines to fill in."""
    names = [name for name in child.form(adding=True) if name != parent_column(child, parent)]
    return names[0] if len(names) == 1 and kind_of(child.fields[names[0]]) in ("reference", "file") else ""


def _rows_marks(child: Resolved, parent: Resolved) -> dict[str, Any]:
    """How the rows of a child table are drawn: picked, dropped in, or lines."""
    marks: dict[str, Any] = {"data-max": child.panel.most} if child.panel.most else {}
    if sole := sole_column(child, parent):
        declared = child.fields[sole]
        marks["data-rows-as"] = "picks" if declared.refers else "files"
        if not declared.refers:
            marks["data-upload"] = f"{parent.url}/upload/{child.table}.{sole}"
            marks["data-bytes"] = settings().upload_support_bytes
            marks["data-accept"] = ",".join(f".{kind}" for kind in declared.type.accepts)
            marks["data-help"] = declared.help
    return marks


def declared_default(resolved: Resolved, name: str) -> Any:
    """What a new row has in this column when nothing is said of it."""
    default = resolved.model.__table__.c[name].default
    if default is None:
        return None
    return default.arg(None) if default.is_callable else default.arg


def _child_class(child: Resolved, parent: Resolved, session: Session) -> type[PanelForm]:
    """One child row: `id` and `row_version` say which saved row it is, and as of when (R137)."""
    above, picker = parent_column(child, parent), f"{parent.url}/picker/{child.table}."
    made = form_class(child, session, adding=True, omit=(above,), picker=picker)
    for name in child.form(adding=True):
        if name != above and (default := declared_default(child, name)) is not None:
            getattr(made, name).kwargs["default"] = default
    return type(f"{child.model.__name__}Row", (made,), {"id": HiddenField(), "row_version": HiddenField()})
