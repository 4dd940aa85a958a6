"""JSON → what a form or a list understands. Everything wrong ends here as 422 with the field it is about.

Values become the text a person would type, so the kit's types, the forms and the hooks judge both alike.
"""

from __future__ import annotations

import base64
import binascii
import io
import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, NoReturn

import sqlalchemy as sa
from flask import request
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage, MultiDict

from app.panel import query
from app.panel.forms import declared_default, parent_column
from app.panel.resolve import Resolved, kind_of
from app.panel.wish import PREFIX, Wish
from app.services.actions import Ask
from app.services.errors import DomainError, NotFound
from config import settings
from models.kit import Declared, Field, Mark, formats
from models.kit.clock import ZONE
from models.kit.types import Moment

MOST_CHILDREN = 1000
_SHORT = 60  # characters a number, a date or a choice may have: more is no such thing
_LONGEST = 2**63


def wrong(message: str, field: str | None = None, code: str = "invalid") -> NoReturn:
    raise DomainError(code, message, field[:_SHORT] if field else None)


# The body


def body() -> dict[str, Any]:
    """The JSON object of the request: bounded, of the right type, without what a database cannot hold."""
    request.max_content_length = settings().request_body_bytes
    if request.mimetype != "application/json":
        raise DomainError("content_type", "请求体应为JSON(Content-Type: application/json)", status=415)
    try:
        found = json.loads(request.get_data(), parse_float=Decimal, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        wrong("请求体不是有效的JSON", code="json")
    if not isinstance(found, dict):
        wrong("请求体应为JSON对象", code="json")
    _check_text(found)
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _check_text(value: Any, field: str | None = None) -> None:
    """No NUL and no half of a surrogate pair, in names as in values."""
    if isinstance(value, str) and ("\0" in value or any("\ud800" <= char <= "\udfff" for char in value)):
        wrong("含有不能保存的字符", field)
    elif isinstance(value, dict):
        for name, part in value.items():
            _check_text(name)
            _check_text(part, field or name)
    elif isinstance(value, list):
        for part in value:
            _check_text(part, field)


def only(given: Mapping[str, Any], known: Collection[str]) -> None:
    """Names nobody knows are refused: a mistyped column must not be lost silently."""
    for name in given:
        if name not in known:
            wrong(f"没有“{name[:_SHORT]}”这一项", name, "unknown_field")


def whole(given: Mapping[str, Any], name: str, default: int | None = None) -> int:
    """An integer of the body."""
    value = given.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int):
        wrong(f"{name}应为整数", name)
    if not 0 <= value < _LONGEST:
        wrong(f"{name}超出范围", name)
    return value


# Lists


def wish_of_address(resolved: Resolved, args: Mapping[str, str]) -> Wish:
    """The query string; a masked column never stands there (R25)."""
    filters = {}
    for name, value in args.items():
        _check_text(value, name.removeprefix(PREFIX))
        if name.startswith(PREFIX):
            filters[name.removeprefix(PREFIX)] = value
        elif name not in ("page", "size", "sort", "tab"):
            wrong(f"没有“{name[:_SHORT]}”这个参数", name, "unknown_field")
    numbers = {name: _number(args[name], name) for name in ("page", "size") if name in args}
    return _wish(resolved, filters, args.get("tab", ""), args.get("sort", ""), numbers, private=False)


def wish_of_body(resolved: Resolved, given: Mapping[str, Any]) -> Wish:
    """The same from a JSON body, where personal numbers may be asked for in full."""
    only(given, ("filters", "tab", "sort", "page", "size"))
    filters = given.get("filters", {})
    if not isinstance(filters, dict):
        wrong("filters应为对象", "filters")
    texts = {name: _filter_text(name, value) for name, value in filters.items()}
    words = {name: given.get(name, "") for name in ("tab", "sort")}
    for name, value in words.items():
        if not isinstance(value, str):
            wrong(f"{name}应为文字", name)
    numbers = {name: whole(given, name) for name in ("page", "size") if name in given}
    return _wish(resolved, texts, words["tab"], words["sort"], numbers, private=True)


def _filter_text(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, int) and abs(value) < _LONGEST:
        return str(value)
    if not isinstance(value, str):
        wrong("筛选条件应为文字、整数或是否", name)
    return value


def _number(text: str, name: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        wrong(f"{name}应为整数", name)
    return int(text[:18])


def _wish(
    resolved: Resolved,
    filters: Mapping[str, str],
    tab: str,
    sort: str,
    numbers: Mapping[str, int],
    *,
    private: bool,
) -> Wish:
    wish = Wish(tab=tab, sort=sort)
    for column, value in filters.items():
        base = _filtered_column(resolved, column, private)
        value = value.strip()
        if value:
            _check_filter(resolved.fields[base], column, value)
            kept = wish.private if resolved.fields[base].has(Mark.MASKED) else wish.filters
            kept[column] = value
    if tab not in ("", *(spec.name for spec in query.tabs_of(resolved))):
        wrong("没有这个标签页", "tab")
    if sort and sort.removeprefix("-") not in sorts(resolved):
        wrong("不能按这一项排序", "sort")
    page, size = numbers.get("page", 1), numbers.get("size", settings().page_sizes[0])
    if page < 1 or size < 1:
        wrong("page和size从1起", "page" if page < 1 else "size")
    return replace(wish, page=min(page, 10**7), size=min(size, settings().page_sizes[-1]))


def sorts(resolved: Resolved) -> set[str]:
    """The columns a list can be sorted by."""
    return {
        *resolved.marked(Mark.SORTABLE),
        "id",
        *(
            name.lstrip("-")
            for order in (resolved.panel.sort, *resolved.panel.sorts.values())
            for name in order.split(",")
        ),
    }


def _filtered_column(resolved: Resolved, column: str, private: bool) -> str:
    """The column a filter is about; dates and moments are asked by `_from` and `_to`."""
    base = column
    if column not in resolved.filters:
        base = column.removesuffix("_from").removesuffix("_to")
        if base not in resolved.filters or kind_of(resolved.fields[base]) not in ("date", "moment"):
            wrong(f"不能按“{column[:_SHORT]}”筛选", column, "unknown_field")
    elif kind_of(resolved.fields[base]) in ("date", "moment"):
        wrong(f"请用{column}_from和{column}_to筛选", column)
    if resolved.fields[base].has(Mark.MASKED) and not private:
        message = f"{resolved.fields[base].label}不能出现在地址中,请用POST /{resolved.table}/search查询"
        wrong(message, column, "private")
    return base


def _check_filter(declared: Field, column: str, value: str) -> None:
    """What cannot be meant is refused, where a console's list would just be empty."""
    kind = kind_of(declared)
    if len(value) > 100:
        wrong("筛选条件最多100个字", column)
    if kind == "reference" and formats.row_id(value) is None:
        wrong("应为编号(整数)", column)
    if kind in ("choice", "state") and value not in list(declared.type.choices):
        wrong("没有这个选项", column)
    if kind == "flag" and value not in ("1", "0"):
        wrong("应为1或0", column)
    try:
        if kind in ("date", "moment"):
            date.fromisoformat(value)
        elif kind in ("integer", "decimal", "id_number", "mobile"):
            declared.type.normalise(value[:_SHORT])
    except formats.FormatError as error:
        wrong(str(error), column)
    except (ValueError, OverflowError):
        wrong("日期格式应为 2026-01-31", column)


# Rows


def row_data(
    session: Session,
    resolved: Resolved,
    given: Mapping[str, Any],
    row: Declared | None,
    children: Collection[Resolved],
) -> tuple[MultiDict[str, Any], set[str]]:
    """The form data of a new row (`row` is none) or of a change, and which child rows are to go."""
    writable = resolved.form(adding=row is None)
    by_table = {child.table: child for child in children}
    data: MultiDict[str, Any] = MultiDict()
    gone: set[str] = set()
    for name, value in given.items():
        if name in by_table:
            gone |= _child_rows(session, resolved, by_table[name], value, row, data)
        elif name in writable:
            data.add(name, typed(resolved.fields[name], name, value))
        elif name in resolved.shown:
            wrong(f"“{resolved.fields[name].label}”不能修改", name, "read_only")
        else:
            only((name,), ())  # type: ignore[arg-type]
    return data, gone


def omitted(resolved: Resolved, given: Collection[str], adding: bool) -> set[str]:
    """The columns the form leaves out: those a change does not name, and of a new row those that need not be said
    (one's own tenant among them: saving fills it in)."""
    silent = {name for name in resolved.form(adding) if name not in given}
    if not adding:
        return silent
    return {name for name in silent if not needed(resolved, name) or name == resolved.own}


def needed(resolved: Resolved, name: str) -> bool:
    """Whether a new row must say it."""
    column = resolved.model.__table__.c[name]
    return not column.nullable and column.default is None


def asked_data(asks: Mapping[str, Ask], given: Mapping[str, Any]) -> MultiDict[str, Any]:
    """The form data of what an action asks; what is not said has the default of its question."""
    data: MultiDict[str, Any] = MultiDict()
    for name, ask in asks.items():
        declared = Field(ask.label, ask.type, Mark.NONE)
        if name not in given:
            data.add(name, as_typed(declared, ask.default))
        elif ask.options is None:
            data.add(name, typed(declared, name, given[name]))
        elif isinstance(given[name], str | int) and len(str(given[name])) <= _SHORT:
            data.add(name, str(given[name]))
        else:
            wrong(f"{ask.label}应为文字", name)
    return data


def _child_rows(
    session: Session,
    parent: Resolved,
    child: Resolved,
    value: Any,
    row: Declared | None,
    data: MultiDict[str, Any],
) -> set[str]:
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        wrong("应为对象的列表", child.table)
    if len(value) > MOST_CHILDREN:
        wrong(f"一次最多{MOST_CHILDREN}行", child.table)
    above = parent_column(child, parent)
    names = [name for name in child.form(adding=True) if name != above]
    saved = {} if row is None else _saved(session, child, above, row)
    gone = set()
    for number, entry in enumerate(value):
        prefix = f"{child.table}-{number}"
        only(entry, {*names, "id", "version", "delete"})
        old = None
        if "id" in entry:
            old = saved.get(whole(entry, "id"))
            if old is None:
                raise NotFound()
            data.add(f"{prefix}-id", str(old.id))
            data.add(f"{prefix}-row_version", str(whole(entry, "version", old.version)))
            if entry.get("delete") is True:
                gone.add(f"del-{prefix}")
        for name in names:
            declared = child.fields[name]
            if name in entry:
                data.add(f"{prefix}-{name}", typed(declared, name, entry[name]))
            elif kind_of(declared) not in ("file", "photo"):
                known = getattr(old, name) if old is not None else declared_default(child, name)
                data.add(f"{prefix}-{name}", as_typed(declared, known))
    return gone


def _saved(session: Session, child: Resolved, above: str, row: Declared) -> dict[int, Declared]:
    rows = session.scalars(sa.select(child.model).where(getattr(child.model, above) == row.id))
    return {found.id: found for found in rows}


# Values


def typed(declared: Field, name: str, value: Any) -> Any:
    """A JSON value as it would be typed; a value of the wrong kind is refused, never guessed."""
    kind = kind_of(declared)
    if value is None:
        return ""
    if kind == "flag":
        if not isinstance(value, bool):
            wrong(f"{declared.label}应为true或false", name)
        return "y" if value else ""
    if kind in ("file", "photo"):
        return _file(declared, name, value)
    if kind in ("integer", "reference", "decimal"):
        return _numeral(declared, name, value, kind)
    if not isinstance(value, str):
        wrong(f"{declared.label}应为文字", name)
    if kind in ("date", "choice", "state", "moment") and len(value) > _SHORT:
        wrong(f"{declared.label}格式不正确", name)
    return _moment(declared, name, value) if kind == "moment" else value


def _numeral(declared: Field, name: str, value: Any, kind: str) -> str:
    known = (int, str, Decimal) if kind == "decimal" else (int, str)
    if isinstance(value, bool) or not isinstance(value, known):
        wrong(f"{declared.label}应为{'数字' if kind == 'decimal' else '整数'}", name)
    if isinstance(value, Decimal):
        value = f"{value:f}" if abs(value.adjusted()) < _SHORT else "9" * (_SHORT + 1)
    text = str(value)
    if len(text) > _SHORT:
        wrong(f"{declared.label}超出范围", name)
    return text


def _moment(declared: Field, name: str, value: str) -> str:
    """An ISO moment; without a zone it is of Asia/Shanghai. The end of a window is the first moment outside it."""
    try:
        moment = datetime.fromisoformat(value.strip())
        moment = moment.replace(tzinfo=ZONE) if moment.tzinfo is None else moment.astimezone(ZONE)
    except (ValueError, OverflowError):
        wrong(f"{declared.label}应为时间,如2026-01-31T08:30:00+08:00", name)
    if not 1900 <= moment.year < 3000:
        wrong(f"{declared.label}超出范围", name)
    return as_typed(declared, moment)


def _file(declared: Field, name: str, value: Any) -> FileStorage:
    if not isinstance(value, dict) or set(value) != {"name", "content"}:
        wrong(f"{declared.label}应为{{name, content}},content为base64", name)
    title, content = value["name"], value["content"]
    if not isinstance(title, str) or not isinstance(content, str) or not title.strip():
        wrong(f"{declared.label}应为{{name, content}},content为base64", name)
    try:
        data = base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError):
        wrong(f"{declared.label}的content不是base64", name)
    return FileStorage(io.BytesIO(data), filename=title[:200])


def as_typed(declared: Field, value: Any) -> str:
    """A saved value as it would be typed again."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "y" if value else ""
    if isinstance(value, datetime):
        closing = isinstance(declared.type, Moment) and declared.type.closing
        moment = value.astimezone(ZONE) - (timedelta(minutes=1) if closing else timedelta())
        return moment.replace(tzinfo=None).isoformat(" ")
    return f"{value:f}" if isinstance(value, Decimal) else str(value)
