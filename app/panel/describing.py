"""`flask panel describe MODEL` and `flask panel roles`: what follows from a declaration, and who may do what.

Also the text of the data dictionary (`tools/data_dictionary.py`). Everything is read from the declarations; nothing
here asks a database.
"""

from __future__ import annotations

import inspect
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import click

from app.access import wall
from app.access.roles import ROLES
from app.panel import query
from app.panel.openapi import document
from app.panel.resolve import VERBS, Resolved, kind_of, resolve
from app.services.actions import hooks_of
from app.services.errors import NotFound
from app.services.imports import importer_named, importers_of
from models.accounts import Role
from models.kit import Declared, Field, Mark, declared_models
from models.kit.scope import KINDS, TENANTS, Rule
from models.kit.types import Choice

Table = list[list[str]]

KIND_WORDS = {
    "text": "文字", "lines": "多行文字", "code": "编码", "email": "邮箱", "url": "网址", "rich": "富文本", "integer": "整数",
    "decimal": "小数", "flag": "是否", "date": "日期", "moment": "时间", "choice": "选项", "state": "状态", "json": "数据",
    "file": "文件", "photo": "照片", "id_number": "证件号码", "mobile": "手机号码", "reference": "引用",
    "secret": "密钥",
}  # fmt: skip
MARK_WORDS = {
    Mark.LISTED: "列表", Mark.SEARCHED: "搜索", Mark.EXACT: "精确搜索", Mark.FILTERED: "筛选", Mark.TABBED: "标签页",
    Mark.SORTABLE: "排序", Mark.MASKED: "脱敏", Mark.READONLY: "只读", Mark.HIDDEN: "不显示", Mark.UNIQUE: "唯一",
    Mark.IMPORTED: "导入", Mark.SOURCED: "在源表搜索", Mark.FIXED: "新增后不改",
}  # fmt: skip
KIND_OF_ACTOR = {
    "platform": "平台", "province": "省厅", "city": "地市", "school": "院校", "organisation": "评价组织", "candidate": "考生",
    "public": "公众", "auth": "登录", "job": "后台任务",
}  # fmt: skip
VERB_WORDS = {
    "list": "查看", "add": "新增", "edit": "修改", "delete": "删除", "import": "导入", "export": "导出", "unmask": "查看完整号码",
}  # fmt: skip


def found(name: str) -> Resolved:
    """The table called `Room`, `room` or 考场; LookupError with the nearest names when there is none."""
    for model in declared_models():
        if name in (model.__name__, model.__tablename__, model.panel.label):
            return resolve(model)
    near = [
        m.__name__ for m in declared_models() if name.lower() in m.__name__.lower() or name in m.panel.label
    ]
    raise LookupError(f"no table {name}" + (f"; did you mean {', '.join(near)}?" if near else ""))


# The parts


def kind_words(declared: Field) -> str:
    """The type as the dictionary says it: 文字(50), 整数 1–1000, 引用 考场(room)."""
    kind, type_ = kind_of(declared), declared.type
    words = KIND_WORDS[kind]
    if declared.refers:
        return f"{words} {declared.refers}"
    if isinstance(type_, Choice):
        return f"{words} {type_.choices.__name__}"
    if kind == "integer":
        return f"{words} {type_.least}–{type_.most}" if type_.most < 2**31 - 1 else words
    if kind == "decimal":
        return f"{words} {type_.least}–{type_.most}"
    length = getattr(type_, "length", None)
    return f"{words}({length})" if isinstance(length, int) and kind in ("text", "lines", "code") else words


def mark_words(declared: Field) -> list[str]:
    return [words for mark, words in MARK_WORDS.items() if declared.has(mark)]


def origin(declared: Field) -> str:
    """Where a value comes from when nobody types it."""
    if declared.computed:
        return f"计算:{declared.computed}"
    if declared.copied:
        return f"随{declared.copied}"
    return "按流程" if declared.flow else ""


def choices_of(resolved: Resolved) -> dict[str, list[tuple[str, str]]]:
    """The closed lists of a table by name, each once."""
    found_lists: dict[str, list[tuple[str, str]]] = {}
    for declared in resolved.fields.values():
        if isinstance(declared.type, Choice):
            found_lists[declared.type.choices.__name__] = declared.type.choices.pairs()
    return found_lists


def rule_words(kind: str, rule: Rule) -> str:
    """A rule of the scope: 院校 读写 school_id = 本单位 (principal)."""
    verbs = {"select": "读", "insert": "增", "update": "改", "delete": "删"}
    may = "".join(verbs[verb] for verb in rule.may)
    rows = (
        f"{rule.column}为本{'人' if kind == 'candidate' else '单位'}"
        if rule.column and kind in TENANTS
        else "全部"
    )
    parts = [f"{KIND_OF_ACTOR[kind]}:{may},{rows}的行"]
    if rule.school:
        parts.append("用某校登记的手机登录的,只有该校的行")
    if rule.when:
        parts.append(f"且 {rule.when}")
    if rule.columns:
        parts.append(f"只改 {'、'.join(rule.columns)}")
    if rule.roles:
        parts.append(f"限 {'、'.join(rule.roles)}")
    return ";".join(parts)


def holders(resolved: Resolved) -> dict[str, list[str]]:
    """Each permission of the table and the roles that hold it."""
    held = {verb for tables in ROLES.values() for verb in tables.get(resolved.table, ())} | {
        name.partition(":")[2] for name in resolved.permissions
    }
    order = [*VERBS, *sorted(held - set(VERBS))]
    return {
        verb: [role for role, tables in ROLES.items() if verb in tables.get(resolved.table, ())]
        for verb in order
        if verb in held
    }


# What `describe` prints


def described(resolved: Resolved) -> Iterator[str]:
    """Everything derived from one declaration, section by section."""
    panel, model = resolved.panel, resolved.model
    yield f"{panel.label}  {model.__name__}  (table {resolved.table})"
    yield from _indented([(inspect.getdoc(model) or "").splitlines()[0]])
    yield from _section("Columns", _aligned(_column(model, name, f) for name, f in resolved.fields.items()))
    yield from _section("Closed lists", _choices(resolved))
    yield from _section("Flow", _aligned(_moves(resolved)))
    yield from _section("Keys and checks", _rules(model))
    yield from _section("List", _list(resolved))
    yield from _section("Form", _form(resolved))
    yield from _section("Sheets", _sheets(resolved))
    yield from _section("Actions", _aligned(_actions(resolved)))
    yield from _section("Hooks", _hooks(resolved))
    yield from _section("Menu", _menu(resolved))
    yield from _section("Pages", _pages(resolved))
    yield from _section("REST", _rest(resolved))
    yield from _section(
        "Permissions", _aligned([verb, ", ".join(roles) or "-"] for verb, roles in holders(resolved).items())
    )
    yield from _section(
        "Scope",
        (rule_words(k, r) for k in KINDS for r in panel.scope.rules(k) if r.may and r != Rule(may=())),
    )
    yield from _section("Wall", wall._table(model))


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    body = list(lines)
    if body:
        yield ""
        yield title
        yield from _indented(body)


def _indented(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        yield f"  {line}"


def _column(model: type[Declared], name: str, declared: Field) -> list[str]:
    column = model.__table__.c[name]
    needed = "" if column.nullable else "必填"
    return [
        name,
        declared.label,
        kind_words(declared),
        needed,
        " ".join(mark_words(declared)),
        origin(declared),
    ]


def _choices(resolved: Resolved) -> Iterator[str]:
    for name, pairs in choices_of(resolved).items():
        yield f"{name}: {', '.join(f'{value} {label}' for value, label in pairs)}"


def _moves(resolved: Resolved) -> Table:
    return [
        [
            move.name,
            move.label,
            f"{'/'.join(s.label for s in move.sources)} → {move.target.label}",
            "plain" if move.plain else "",
        ]
        for declared in resolved.fields.values()
        if declared.flow
        for move in declared.flow.moves
    ]


def _rules(model: type[Declared]) -> Iterator[str]:
    panel = model.panel
    singles = [name for name, f in resolve(model).fields.items() if f.has(Mark.UNIQUE)]
    for names in [*((name,) for name in singles), *panel.unique]:
        yield f"unique {', '.join(names)}"
    for names, condition, meaning in panel.unique_when:
        yield f"unique {', '.join(names)} when {condition}: {meaning}"
    for names, span, meaning in panel.apart:
        yield f"no overlap of {', '.join(names)} in {span[0]}–{span[1]}: {meaning}"
    for condition, meaning in panel.checks:
        yield f"check {condition}: {meaning}"
    if panel.append_only:
        yield f"append only: {panel.frozen_message}"
    elif panel.frozen:
        yield f"frozen when {panel.frozen}: {panel.frozen_message}"


def _list(resolved: Resolved) -> Iterator[str]:
    yield f"columns: {', '.join(resolved.listed)}"
    if resolved.filters:
        yield f"filters: {', '.join(resolved.filters)}"
    if tabs := query.tabs_of(resolved):
        yield f"tabs: {', '.join(tab.label for tab in tabs)}"
    yield f"order: {resolved.panel.sort}; title of a row: {resolved.panel.title}"
    for block in resolved.panel.cards:
        yield f"card {block.caption}: {', '.join(block.columns)}"


def _form(resolved: Resolved) -> Iterator[str]:
    adding, editing = resolved.form(adding=True), resolved.form(adding=False)
    if adding:
        yield f"new: {', '.join(adding)}"
    if editing != adding:
        yield f"edit: {', '.join(editing)}"
    if resolved.panel.children:
        yield f"child rows: {', '.join(resolved.panel.children)}"


def _sheets(resolved: Resolved) -> Iterator[str]:
    try:
        own = importer_named(resolved.table, resolved.table)
    except NotFound:
        own = None
    for importer in [*([own] if own else []), *importers_of(resolved.table)]:
        columns = getattr(
            importer.sheet, "columns", ()
        )  # a sheet that depends on the actor has them at run time
        words = ", ".join(column.header for column in columns) or importer.accept
        yield f"import {importer.name} ({importer.permission}): {words}"


def _actions(resolved: Resolved) -> Table:
    return [
        [
            item.name, item.label, {"row": "rows", "one": "one row", "list": "page"}[item.on],
            f"asks {', '.join(ask.label for ask in item.asks)}" if item.asks else "", item.page,
        ]
        for item in resolved.actions
    ]  # fmt: skip


def _hooks(resolved: Resolved) -> Iterator[str]:
    hooks = hooks_of(resolved.model)
    choices = [(f"choices of {column}", [choice]) for column, (_, choice) in hooks.choices.items()]
    registered: list[tuple[str, Sequence[Any]]] = [
        ("before save", hooks.prepare),
        ("after save", hooks.after),
        ("before delete", hooks.delete),
        ("remarks", hooks.notes),
        ("counted", hooks.figures),
        *choices,
    ]
    for when, functions in registered:
        for function in functions:
            yield f"{when}: {function.__module__}.{function.__qualname__}"


def _menu(resolved: Resolved) -> Iterator[str]:
    by_entry: dict[str, list[str]] = {}
    seeing = {role.partition(".")[0] for role in holders(resolved).get("list", ())}
    for kind in KINDS:
        entry = "/".join(resolved.panel.menu_for(kind)).strip("/")
        if kind in seeing and entry:
            by_entry.setdefault(entry, []).append(kind)
    for entry, kinds in by_entry.items():
        yield f"{entry}: {', '.join(kinds)}"


def _pages(resolved: Resolved) -> Iterator[str]:
    if any("list" in tables.get(resolved.table, ()) for tables in ROLES.values()):
        yield f"/console/{resolved.table}/"
        if resolved.panel.desk:
            yield f"/desk/{resolved.table}/ (platform, organisation)"


def _rest(resolved: Resolved) -> Iterator[str]:
    if not any("list" in tables.get(resolved.table, ()) for tables in ROLES.values()):
        return
    for path, item in document([resolved])["paths"].items():
        methods = [how.upper() for how in item if how != "parameters"]
        if f"/{resolved.table}/" in path:
            yield f"{'/'.join(methods):9} {path}"


def _aligned(rows: Iterable[list[str]]) -> Iterator[str]:
    """Columns under each other; a Chinese character is two wide."""
    table = [list(row) for row in rows]
    if not table:
        return
    widths = [max(width(row[at]) for row in table) for at in range(len(table[0]))]
    for row in table:
        padded = [cell + " " * (wide - width(cell)) for cell, wide in zip(row, widths, strict=True)]
        yield "  ".join(padded).rstrip()


def width(text: str) -> int:
    """How many columns of a terminal a text takes."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


# Commands


@click.command("describe")
@click.argument("model")
def describe(model: str) -> None:
    """Print everything derived from the declaration of MODEL (Room, room or 考场)."""
    try:
        resolved = found(model)
    except LookupError as error:
        raise click.ClickException(str(error)) from None
    for line in described(resolved):
        click.echo(line)


@click.command("roles")
@click.argument("role", required=False)
def roles(role: str | None) -> None:
    """Print who may do what: every role with its tables and permissions, or one ROLE (school.manager)."""
    if role is not None and role not in ROLES:
        raise click.ClickException(f"no role {role}; there are {', '.join(ROLES)}")
    labels = {model.__tablename__: model.panel.label for model in declared_models()} | {
        "space": "学生个人空间"
    }
    for name in [role] if role else ROLES:
        words = Role(name).label if name in list(Role) else KIND_OF_ACTOR[name]
        click.echo(f"{name}  {words}")
        rows = [
            [f"  {table}", labels[table], " ".join(_ordered(verbs))] for table, verbs in ROLES[name].items()
        ]
        for line in _aligned(rows):
            click.echo(line)
        click.echo("")


def _ordered(verbs: Iterable[str]) -> list[str]:
    held = set(verbs)
    return [*(verb for verb in VERBS if verb in held), *sorted(held - set(VERBS))]
