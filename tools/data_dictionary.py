"""`python -m tools.data_dictionary`: docs/data-dictionary.md, made from the declarations (a test keeps it current)."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import app.services.registry  # noqa: F401  registers what services add
import models  # noqa: F401  declares the tables
from app.panel.describing import (
    KIND_OF_ACTOR,
    choices_of,
    kind_words,
    mark_words,
    origin,
    rule_words,
)
from app.panel.resolve import Resolved, resolve
from models.kit import Mark, declared_models
from models.kit.scope import KINDS

FILE = Path(__file__).resolve().parents[1] / "docs" / "data-dictionary.md"
HEAD = """# 数据字典

由数据声明(`models/`)生成,请勿手工修改;修改声明后运行 `.venv/bin/python -m tools.data_dictionary` 更新。
每张表另有 `id`、`version`(版本,用于防止互相覆盖)、`created_at`、`created_by`、`updated_at`、`updated_by`,由数据库维护。
数据范围写明各类使用者能读、增、改、删哪些行;这由数据库强制,与网页和接口无关。
"""


def text() -> str:
    """The whole dictionary."""
    groups: dict[str, list[Resolved]] = {}
    for model in declared_models():
        groups.setdefault(model.__module__, []).append(resolve(model))
    parts = [HEAD, *_contents(groups)]
    for module, tables in groups.items():
        parts.append(f"## {_title(module)}\n")
        parts += ["\n".join(_table(resolved)) for resolved in tables]
    return "\n".join(parts)


def _title(module: str) -> str:
    """What the file is about, in Chinese: the words in brackets of its docstring, else the labels of its tables."""
    words = re.search(r"[((]([^()()]*[\u4e00-\u9fff][^()()]*)[))]", inspect.getdoc(sys.modules[module]) or "")
    labels = [m.panel.label for m in declared_models() if m.__module__ == module]
    return words.group(1) if words else "、".join(labels[:4])


def _contents(groups: dict[str, list[Resolved]]) -> Iterator[str]:
    yield "| 表 | 名称 | 说明文件 |\n|---|---|---|"
    for module, tables in groups.items():
        for resolved in tables:
            yield f"| [`{resolved.table}`](#{resolved.table}) | {resolved.panel.label} | `{module.replace('.', '/')}.py` |"
    yield ""


def _table(resolved: Resolved) -> Iterator[str]:
    panel, model = resolved.panel, resolved.model
    yield f'### <a id="{resolved.table}"></a>{panel.label} `{resolved.table}`\n'
    if rules := re.findall(r"\b[RE]\d+(?:–[RE]?\d+)?|\b\d+\.\d+\b", inspect.getdoc(model) or ""):
        yield f"依据:{'、'.join(dict.fromkeys(rules))}。\n"
    if panel.hint:
        yield f"{panel.hint}。\n"
    yield "| 列 | 名称 | 类型 | 必填 | 用途 | 说明 |\n|---|---|---|---|---|---|"
    for name, declared in resolved.fields.items():
        column = model.__table__.c[name]
        words = "、".join(mark_words(declared))
        about = ";".join(part for part in (declared.help, origin(declared)) if part)
        kind = f"引用 [`{declared.refers}`](#{declared.refers})" if declared.refers else kind_words(declared)
        yield f"| `{name}` | {declared.label} | {kind} | {'' if column.nullable else '是'} | {words} | {_cell(about)} |"
    yield ""
    yield from _lists(resolved)
    yield from _rules(resolved)
    yield "数据范围:\n"
    for kind in KINDS:
        for rule in panel.scope.rules(kind) if kind not in ("job", "auth") else ():
            yield f"- {rule_words(kind, rule)}"
    if not any(panel.scope.rules(kind) for kind in KINDS if kind not in ("job", "auth")):
        yield f"- 只有{KIND_OF_ACTOR['auth']}和{KIND_OF_ACTOR['job']}使用"
    yield ""


def _lists(resolved: Resolved) -> Iterator[str]:
    for name, pairs in choices_of(resolved).items():
        yield f"`{name}`:{'、'.join(f'{value} {label}' for value, label in pairs)}。\n"
    for declared in resolved.fields.values():
        if declared.flow and declared.flow.moves:
            yield f"{declared.label}的流转:\n"
            for move in declared.flow.moves:
                yield f"- {move.label}:{'、'.join(state.label for state in move.sources)} → {move.target.label}"
            yield ""


def _rules(resolved: Resolved) -> Iterator[str]:
    panel = resolved.panel
    labels = {name: declared.label for name, declared in resolved.fields.items()}
    unique = [*((name,) for name, f in resolved.fields.items() if f.has(Mark.UNIQUE)), *panel.unique]
    lines = [f"{'、'.join(labels.get(name, name) for name in names)}不重复" for names in unique]
    lines += [meaning for _, _, meaning in panel.unique_when] + [meaning for _, _, meaning in panel.apart]
    lines += [meaning for _, meaning in panel.checks]
    if panel.append_only or panel.frozen:
        lines.append(panel.frozen_message)
    if lines:
        yield "规则:\n"
        yield from (f"- {line}" for line in dict.fromkeys(lines))
        yield ""


def _cell(words: str) -> str:
    return words.replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
