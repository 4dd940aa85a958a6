"""`/api/v1/_openapi`: the OpenAPI 3.1 document, from the declarations alone (feature 31).

It says for programs what the pages say for people: Chinese titles, closed lists with their words, lengths and
bounds, which columns may be written, which roles hold which door, and the one shape of a refusal.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from app.access.roles import ROLES
from app.panel.openapi_schemas import Schema, object_, or_null, parameters, ref, schemas, written
from app.panel.resolve import Resolved, kind_of, resolve_table
from app.panel.rest_out import ROOT
from app.services.actions import Action, Ask
from config import settings
from models.kit import Field, Mark

ABOUT = """1+X 证书信息管理服务平台的数据接口,由数据声明生成,与网页遵守同样的权限、校验和数据范围。

- **登录**:`POST /api/v1/security/login` 取得令牌,之后每次请求带 `Authorization: Bearer <token>`;网页的登录状态在这里无效。
- **范围**:只能看到本单位的数据;别的单位的编号与不存在的编号一样,都是404。
- **列表**:`page`、`size`(最多{ceiling})、`sort`(降序加 `-`)、`tab`、`f_列名` 筛选,日期用 `f_列名_from` 和 `f_列名_to`。`total` 数到{cap}为止,`capped` 为真表示更多。
- **号码**:证件号码、手机号码一律脱敏;按完整号码精确查找用 `POST /search`,号码不得出现在地址中。
- **修改**:`PUT` 只写要改的列,并带上读到的 `version`;数据已被他人修改时返回409。
- **数值**:小数以文字传递,不用浮点数;时间带时区,时间段都是左闭右开。
- **出错**:返回 `code`(给程序)、`message`(给人看的中文)、`field`(哪一项);不合法的输入一律是422。
"""  # noqa: E501  # prose

_ERRORS = {
    "401": ("Unauthorized", "没有登录,或令牌无效、已过期"),
    "403": ("Forbidden", "角色没有这项权限"),
    "404": ("NotFound", "没有这条数据,或不在可见范围内"),
    "409": ("Conflict", "当前状态不允许,已被他人修改,或与已有数据重复"),
    "413": ("TooLarge", "请求体太大"),
    "415": ("NotJson", "请求体不是application/json"),
    "422": ("Invalid", "请求的内容有误"),
    "429": ("TooOften", "操作过于频繁"),
}


@cache
def _document(tables: tuple[str, ...]) -> Schema:
    resources = [resolve_table(table) for table in tables]
    paths: dict[str, Schema] = {f"{ROOT}/security/login": _login(), f"{ROOT}/_openapi": _self()}
    components: dict[str, Schema] = {"Error": _error(), "Tab": _tab()}
    for resolved in resources:
        paths |= _paths(resolved)
        components |= schemas(resolved)
    ceiling, cap = settings().page_sizes[-1], settings().count_cap
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "1+X 证书信息管理服务平台",
            "version": "v1",
            "description": ABOUT.format(ceiling=ceiling, cap=cap),
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "tags": [{"name": r.table, "description": r.panel.label} for r in resources],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
            "schemas": components,
            "responses": {
                name: {"description": words, "content": _json(ref("Error"))}
                for name, words in _ERRORS.values()
            },
        },
    }


def document(resources: Sequence[Resolved]) -> Schema:
    """The whole document; made once, since declarations do not change while we run."""
    return _document(tuple(resolved.table for resolved in resources))


def _json(schema: Schema) -> Schema:
    return {"application/json": {"schema": schema}}


def _error() -> Schema:
    text = {"type": "string"}
    one = object_({"field": text, "message": text})
    return object_(
        {
            "code": {**text, "description": "给程序的代码,不变", "examples": ["stale"]},
            "message": {**text, "description": "给人看的中文,说明改什么"},
            "field": {"type": ["string", "null"], "description": "有误的那一项"},
            "errors": {"type": "array", "items": one, "description": "各项的问题;子表行写作 subject.0.name"},
        },
        ("code", "message", "field"),
    )


def _tab() -> Schema:
    return object_({"name": {"type": "string"}, "label": {"type": "string"}, "count": {"type": "integer"}})


def _refusals(*codes: str) -> Schema:
    return {code: {"$ref": f"#/components/responses/{_ERRORS[code][0]}"} for code in codes}


def _login() -> Schema:
    text = {"type": "string"}
    asked = object_(
        {
            "username": {**text, "title": "账号"},
            "password": {**text, "title": "密码", "format": "password"},
            "code": {**text, "title": "动态验证码,已开启的账号须填"},
        },
        ("username", "password"),
    )
    given = object_(
        {"access_token": text, "token_type": text, "expires_in": {"type": "integer", "title": "有效秒数"}}
    )
    return {
        "post": {
            "operationId": "login", "summary": "登录,取得令牌", "security": [], "tags": ["security"],
            "requestBody": {"required": True, "content": _json(asked)},
            "responses": {
                "200": {"description": "令牌", "content": _json(given)},
                **_refusals("401", "403", "413", "415", "422", "429"),
            },
        }
    }  # fmt: skip


def _self() -> Schema:
    answer = {"description": "OpenAPI文档", "content": _json({"type": "object"})}
    return {
        "get": {
            "operationId": "openapi", "summary": "本文档", "security": [], "tags": ["security"],
            "responses": {"200": answer},
        }
    }  # fmt: skip


# Operations


def _holders(resolved: Resolved, verb: str) -> list[str]:
    """The roles that may go through this door."""
    return sorted(
        role for role, tables in ROLES.items() if role != "public" and verb in tables.get(resolved.table, ())
    )


def _operation(resolved: Resolved, verb: str, name: str, summary: str, answer: Schema, **more: Any) -> Schema:
    codes = {"401", "403", *more.pop("refuses", ())}
    if "requestBody" in more:
        codes |= {"413", "415", "422"}
    return {
        "operationId": f"{name}_{resolved.table}",
        "summary": summary,
        "tags": [resolved.table],
        "x-permission": f"{resolved.table}:{verb}",
        "x-roles": _holders(resolved, verb),
        **more,
        "responses": {**answer, **_refusals(*sorted(codes))},
    }


def _answer(schema: Schema, words: str = "成功", code: str = "200", **more: Any) -> Schema:
    return {code: {"description": words, "content": _json(schema), **more}}


def _asks(schema: Schema) -> Schema:
    return {"required": True, "content": _json(schema)}


_KEY = {
    "name": "key",
    "in": "path",
    "required": True,
    "schema": {"type": "integer", "format": "int64", "minimum": 1},
}


def _paths(resolved: Resolved) -> dict[str, Schema]:
    name, label, base = resolved.model.__name__, resolved.panel.label, f"{ROOT}/{resolved.table}"
    held: Callable[[str], bool] = lambda verb: bool(_holders(resolved, verb))  # noqa: E731  # said five times below
    allows, listed = resolved.allows, _answer(ref(f"{name}List"))
    many: Schema = {
        "get": _operation(
            resolved,
            "list",
            "list",
            f"{label}列表",
            listed,
            parameters=parameters(resolved),
            refuses=("422",),
        )
    }
    one = {"get": _operation(resolved, "list", "get", f"查看{label}", _answer(ref(name)), refuses=("404",))}
    found: dict[str, Schema] = {
        f"{base}/": many,
        f"{base}/search": {
            "post": _operation(
                resolved,
                "list",
                "search",
                f"按条件查找{label}",
                listed,
                requestBody=_asks(ref(f"{name}Search")),
            )
        },
        f"{base}/{{key}}": {"parameters": [_KEY], **one},
    }
    if "add" in allows and held("add"):
        place = {"Location": {"schema": {"type": "string"}, "description": "新数据的地址"}}
        many["post"] = _operation(
            resolved, "add", "add", f"新增{label}", _answer(ref(name), "已新增", "201", headers=place),
            requestBody=_asks(ref(f"{name}New")), refuses=("404", "409"),
        )  # fmt: skip
    if "edit" in allows and held("edit"):
        found[f"{base}/{{key}}"]["put"] = _operation(
            resolved, "edit", "change", f"修改{label}", _answer(ref(name)),
            requestBody=_asks(ref(f"{name}Change")), refuses=("404", "409"),
        )  # fmt: skip
    if "delete" in allows and held("delete"):
        found[f"{base}/{{key}}"]["delete"] = _operation(
            resolved,
            "delete",
            "delete",
            f"删除{label}",
            {"204": {"description": "已删除"}},
            refuses=("404", "409"),
        )
    return {**found, **_unmask_path(resolved), **_file_paths(resolved), **_action_paths(resolved)}


def _unmask_path(resolved: Resolved) -> dict[str, Schema]:
    names = resolved.marked(Mark.MASKED)
    if not names or not _holders(resolved, "unmask"):
        return {}
    reason = {"type": "string", "title": "原因", "minLength": 2, "maxLength": 500}
    full = object_(
        {name: or_null({"type": "string", "title": resolved.fields[name].label}) for name in names}
    )
    operation = _operation(
        resolved, "unmask", "unmask", "查看完整号码(记入操作日志)", _answer(full),
        requestBody=_asks(object_({"reason": reason})), refuses=("404",),
    )  # fmt: skip
    return {f"{ROOT}/{resolved.table}/{{key}}/unmask": {"parameters": [_KEY], "post": operation}}


def _file_paths(resolved: Resolved) -> dict[str, Schema]:
    found = {}
    for name in resolved.shown:
        if kind_of(resolved.fields[name]) in ("file", "photo"):
            answer = {"200": {"description": "文件", "content": {"application/octet-stream": {}}}}
            operation = _operation(
                resolved,
                "list",
                f"file_{name}",
                f"下载{resolved.fields[name].label}",
                answer,
                refuses=("404",),
            )
            found[f"{ROOT}/{resolved.table}/{{key}}/file/{name}"] = {"parameters": [_KEY], "get": operation}
    return found


def _action_paths(resolved: Resolved) -> dict[str, Schema]:
    found = {}
    for action in resolved.actions:
        if action.run is not None and _holders(resolved, action.name):
            operation = _operation(
                resolved, action.name, action.name, action.label, _answer(_outcome()),
                requestBody=_asks(_action_body(action)), refuses=("404", "409"),
            )  # fmt: skip
            found[f"{ROOT}/{resolved.table}/action/{action.name}"] = {"post": operation}
    return found


def _outcome() -> Schema:
    return object_(
        {
            "message": {"type": "string"},
            "location": {"type": ["string", "null"], "description": "结果的地址"},
            "done": {"type": "integer", "title": "已处理"},
            "skipped": {"type": "integer", "title": "状态不符,跳过"},
        }
    )


def _action_body(action: Action) -> Schema:
    asked = {ask.name: _asked(ask) for ask in action.asks}
    needed = [ask.name for ask in action.asks if ask.required and ask.default is None]
    if action.on == "list":
        return object_(asked, needed)
    most = 1 if action.on == "one" else 1000
    keys = {"type": "array", "items": {"type": "integer", "format": "int64"}, "minItems": 1, "maxItems": most}
    return object_({"rows": {**keys, "title": "编号"}, **asked}, ["rows", *needed])


def _asked(ask: Ask) -> Schema:
    if ask.options is not None:
        return {"type": "string", "title": ask.label}
    schema = written(Field(ask.label, ask.type, Mark.NONE, help=ask.help))
    return schema if ask.required else or_null(schema)
