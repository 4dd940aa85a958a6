"""The schemas of the OpenAPI document: what a column, a row, a list and a search look like to a program."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.panel import query, rest_in
from app.panel.forms import parent_column
from app.panel.resolve import Resolved, kind_of, resolve_table
from app.panel.wish import PREFIX
from config import settings
from models.kit import Field, Mark
from models.kit.scope import INSERT, TENANTS

Schema = dict[str, Any]


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def object_(properties: Schema, required: Sequence[str] | None = None, *, open_: bool = False) -> Schema:
    found: Schema = {"type": "object", "properties": properties, "additionalProperties": open_}
    needed = list(properties) if required is None else list(required)
    return {**found, "required": needed} if needed else found


def parameters(resolved: Resolved) -> list[Schema]:
    sizes, sorts = settings().page_sizes, sorted(rest_in.sorts(resolved))
    tabs = [tab.name for tab in query.tabs_of(resolved)]
    whole = {"type": "integer", "minimum": 1}
    found = [
        _query("page", {**whole, "default": 1}, "第几页"),
        _query("size", {**whole, "default": sizes[0]}, f"每页条数,超过{sizes[-1]}按{sizes[-1]}"),
        _query("sort", {"type": "string", "enum": [*sorts, *(f"-{name}" for name in sorts)]}, "排序"),
    ]
    if tabs:
        found.append(_query("tab", {"type": "string", "enum": tabs}, "标签页"))
    filters = _filters(resolved, private=False)
    return found + [
        _query(PREFIX + name, schema, schema.get("title", "")) for name, schema in filters.items()
    ]


def _query(name: str, schema: Schema, words: str) -> Schema:
    return {"name": name, "in": "query", "required": False, "schema": schema, "description": words}


# Schemas


def schemas(resolved: Resolved) -> dict[str, Schema]:
    name, own = resolved.model.__name__, dict[str, Schema]()
    children = [resolve_table(table) for table in resolved.panel.children]
    key: Schema = {
        "id": {"type": "integer", "format": "int64"},
        "version": {"type": "integer", "title": "版本"},
    }
    stamps = {which: {"type": "string", "format": "date-time"} for which in ("created_at", "updated_at")}
    rows = {child.table: {"type": "array", "title": child.panel.label} for child in children}
    shown = {
        child.table: {**rows[child.table], "items": ref(f"{child.model.__name__}Of{name}")}
        for child in children
    }
    typed = {
        child.table: {**rows[child.table], "items": ref(f"{child.model.__name__}In{name}")}
        for child in children
    }
    new, change = resolved.form(adding=True), resolved.form(adding=False)
    owners = {
        rule.column for kind in TENANTS for rule in resolved.panel.scope.rules(kind) if INSERT in rule.may
    }
    needed = [
        column
        for column in new
        if rest_in.needed(resolved, column)
        and kind_of(resolved.fields[column]) != "flag"
        and column not in owners
    ]
    stands: Schema = {"standing": {"type": "string", "title": "状态"}} if resolved.derived else {}
    own[f"{name}Row"] = object_({**key, **_read(resolved, resolved.listed), **stands})
    own[f"{name}List"] = _list(ref(f"{name}Row"))
    own[name] = object_(
        {
            **key, **_read(resolved, resolved.shown), **stands, **stamps, **shown,
            "actions": {"type": "array", "items": {"type": "string"}, "title": "现在可以进行的操作"},
        }
    )  # fmt: skip
    own[f"{name}Search"] = _search(resolved)
    own[f"{name}New"] = object_({**_write(resolved, new), **typed}, needed)
    own[f"{name}Change"] = object_(
        {"version": key["version"], **_write(resolved, change), **typed}, ["version"]
    )
    for child in children:
        own |= _child_schemas(resolved, child, key)
    for schema in own.values():
        schema.setdefault("title", resolved.panel.label)
    return own


def _child_schemas(parent: Resolved, child: Resolved, key: Schema) -> dict[str, Schema]:
    name, above = f"{child.model.__name__}%s{parent.model.__name__}", parent_column(child, parent)
    writable = [column for column in child.form(adding=True) if column != above]
    row = {
        **key, **_write(child, writable),
        "delete": {"type": "boolean", "description": "为真则删除id所指的这一行"},
    }  # fmt: skip
    return {
        name % "Of": object_({**key, **_read(child, [column for column in child.shown if column != above])}),
        name % "In": {**object_(row, ()), "description": "带id为修改,不带为新增;没有写到的行不变"},
    }


def _list(row: Schema) -> Schema:
    whole = {"type": "integer"}
    return object_(
        {
            "items": {"type": "array", "items": row, "maxItems": settings().page_sizes[-1]},
            "page": whole, "size": whole, "total": whole, "capped": {"type": "boolean"},
            "tabs": {"type": "array", "items": ref("Tab")},
        }
    )  # fmt: skip


def _search(resolved: Resolved) -> Schema:
    found: Schema = {"filters": object_(_filters(resolved, private=True), ())}
    for parameter in parameters(resolved):
        if not parameter["name"].startswith(PREFIX):
            found[parameter["name"]] = {**parameter["schema"], "title": parameter["description"]}
    return object_(found, ())


def _filters(resolved: Resolved, *, private: bool) -> dict[str, Schema]:
    """The filters of the list; those of masked columns only where they cannot reach an address."""
    found: dict[str, Schema] = {}
    for name in resolved.filters:
        declared = resolved.fields[name]
        kind, title = kind_of(declared), {"title": declared.label}
        if declared.has(Mark.MASKED) and not private:
            continue
        if kind in ("date", "moment"):
            for side, words in (("from", "起"), ("to", "止(含)")):
                found[f"{name}_{side}"] = {
                    "type": "string",
                    "format": "date",
                    "title": f"{declared.label}{words}",
                }
        elif kind == "reference":
            found[name] = {"type": "integer", "format": "int64", "minimum": 1, **title}
        elif kind in ("choice", "state"):
            found[name] = {**_choice(declared), **title}
        elif kind == "flag":
            found[name] = {"type": "integer", "enum": [0, 1], **title}
        else:
            found[name] = {"type": "string", "maxLength": 100, **title}
    return found


def _read(resolved: Resolved, names: Sequence[str]) -> dict[str, Schema]:
    """The columns as they are answered; a reference brings its title."""
    found: dict[str, Schema] = {}
    for name in names:
        declared, column = resolved.fields[name], resolved.model.__table__.c[name]
        schema = _described(declared, _answered(declared))
        found[name] = or_null(schema) if column.nullable else schema
        if declared.refers:
            found[name.removesuffix("_id")] = {"type": ["string", "null"], "title": declared.label}
    return found


def _write(resolved: Resolved, names: Sequence[str]) -> dict[str, Schema]:
    columns = resolved.model.__table__.c
    return {
        name: or_null(written(resolved.fields[name]))
        if columns[name].nullable
        else written(resolved.fields[name])
        for name in names
    }


def or_null(schema: Schema) -> Schema:
    """The same, or nothing."""
    found = dict(schema)
    if isinstance(found.get("type"), str):
        found["type"] = [found["type"], "null"]
    elif isinstance(found.get("type"), list):
        found["type"] = [*found["type"], "null"]
    if "enum" in found:
        found["enum"] = [*found["enum"], None]
    return found


def _described(declared: Field, schema: Schema) -> Schema:
    found = {**schema, "title": declared.label}
    words = [declared.help] if declared.help else []
    if "x-labels" in schema:
        words.append(";".join(f"{value} {label}" for value, label in schema["x-labels"].items()))
    if declared.has(Mark.MASKED):
        words.append("脱敏")
    if words:
        found["description"] = ";".join(words)
    return found


def _choice(declared: Field) -> Schema:
    pairs = dict(declared.type.choices.pairs())
    return {"type": "string", "enum": list(pairs), "x-labels": pairs}


_SIMPLE: dict[str, Schema] = {
    "flag": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "moment": {"type": "string", "format": "date-time"},
    "reference": {"type": "integer", "format": "int64"},
    "json": {},
    "rich": {"type": "string", "contentMediaType": "text/html"},
}


def _answered(declared: Field) -> Schema:
    """The type of a column in an answer."""
    kind, type_ = kind_of(declared), declared.type
    if kind in _SIMPLE:
        return dict(_SIMPLE[kind])
    if kind in ("choice", "state"):
        return _choice(declared)
    if kind == "integer":
        return {"type": "integer", "minimum": type_.least, "maximum": type_.most}
    if kind == "decimal":
        return {"type": "string", "format": "decimal"}
    if kind in ("file", "photo"):
        return {"type": "string", "format": "uri-reference"}
    return {"type": "string"} if declared.has(Mark.MASKED) else {"type": "string", **_length(type_)}


def _length(type_: Any) -> Schema:
    length = getattr(type_, "length", None)
    return {"maxLength": length} if isinstance(length, int) else {}


def written(declared: Field) -> Schema:
    """The type of a column in a request."""
    kind, schema = kind_of(declared), _answered(declared)
    if kind == "decimal":
        schema = {
            "type": ["string", "number"],
            "minimum": float(declared.type.least),
            "maximum": float(declared.type.most),
        }
    if kind in ("file", "photo"):
        text = {"type": "string"}
        schema = object_({"name": text, "content": {**text, "contentEncoding": "base64"}})
    if schema.get("type") == "string" and "maxLength" not in schema:
        schema |= _length(declared.type)
    if declared.sample:
        schema["examples"] = [declared.sample]
    return (
        {**_described(declared, schema), "writeOnly": True}
        if kind in ("file", "photo")
        else _described(declared, schema)
    )
