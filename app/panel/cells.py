"""A value → what is drawn for it. The only place that formats and masks."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from app.panel.pages import Cell
from app.panel.resolve import Resolved, kind_of, related, resolve
from app.services.files import previewable
from models.kit import Choices, Declared, Field, Mark, clock
from models.kit.clock import ZONE

NOTHING = "—"


def cell(resolved: Resolved, row: Any, name: str, *, link: bool = False, unmasked: bool = False) -> Cell:
    """The cell of a column; a dotted name (`candidate.name`) goes through references."""
    if "." in name:
        head, _, rest = name.partition(".")
        target: Declared | None = getattr(row, head, None)
        return Cell(NOTHING) if target is None else cell(resolve(type(target)), target, rest)
    declared, value = resolved.fields[name], getattr(row, name)
    if value is None or value == "":
        return Cell(NOTHING)
    if name == resolved.state and (derived := standing(row)) is not None:
        return derived
    shown = _draw(resolved, row, name, declared, value, unmasked)
    if link and name == resolved.panel.title:
        return Cell(shown.text, shown.kind, shown.tone, f"{resolved.url}/{row.id}")
    return shown


def _draw(resolved: Resolved, row: Any, name: str, declared: Field, value: Any, unmasked: bool) -> Cell:
    kind = kind_of(declared)
    if declared.has(Mark.MASKED) and declared.type.mask and not unmasked:
        return Cell(declared.type.mask(value), "masked")
    if kind == "reference":
        return _reference(resolved, row, name)
    if kind in ("choice", "state"):
        return Cell(value.label, "state" if kind == "state" else "choice", value.tone)
    if kind == "photo":
        return Cell("查看", "photo", href=f"{resolved.url}/{row.id}/file/{name}")
    if kind == "file":
        door = "preview" if previewable(value) else "file"
        return Cell(
            "预览" if door == "preview" else "下载", "file", href=f"{resolved.url}/{row.id}/{door}/{name}"
        )
    if kind == "rich":
        return Cell("", "rich", html=value)
    if kind in ("integer", "decimal"):
        return Cell(number(value) + declared.unit, "number")
    if kind == "moment":
        return Cell(declared.type.shown(value), "moment")
    if say := getattr(declared.type, "say", None):
        return Cell(say(value), "lines" if kind == "json" else "text")
    return Cell(plain(value), _CELL.get(kind, "text"))  # type: ignore[arg-type]


_CELL = {"date": "date", "flag": "flag", "lines": "lines"}


_TONES = {
    "草稿": "grey", "待下一阶段": "grey", "已结束": "grey", "已登记": "grey", "已考": "grey",
    "未开始": "amber", "未排考": "amber", "待补全": "amber", "待人工确认": "amber",
    "待认证": "blue", "已排考": "blue", "公示中": "blue",
    "未安排": "red", "缺考": "red", "已取消": "red",
    "待发送": "amber", "已发送": "blue", "已撤回": "grey",
    "需处理": "red", "未送达": "red", "发送失败": "red",
}  # fmt: skip


def tab_tone(resolved: Resolved, name: str) -> str:
    """The tone of the state that a tab of the list stands for."""
    choices: Any = resolved.fields[resolved.tab].type.choices if resolved.tab else ()
    return str(choices(name).tone) if name in list(choices) else _TONES.get(name, "green")


def standing(row: Any) -> Cell | None:
    """Where a row stands now, where that follows from time and facts and is stored nowhere (D11, 9.4)."""
    if hasattr(row, "phases"):
        phase: Any = "、".join(row.phases(clock.now()))
    elif hasattr(row, "phase"):
        phase = row.phase(clock.now())
    else:
        return None
    if isinstance(phase, Choices):
        return Cell(phase.label, "state", phase.tone)  # type: ignore[arg-type]
    return Cell(phase, "state", _TONES.get(phase, "green"))  # type: ignore[arg-type]


def state_cell(resolved: Resolved, row: Any) -> Cell | None:
    """The state of a row, stored or derived; none where the table knows no states."""
    return cell(resolved, row, resolved.state) if resolved.state else standing(row)


def _reference(resolved: Resolved, row: Any, name: str) -> Cell:
    target = related(resolved, row, name)
    if target is None:  # the wall hides it: show no more than there is something
        return Cell(NOTHING)
    return Cell(str(target), "reference")


def number(value: int | Decimal) -> str:
    if isinstance(value, int):
        return str(value)
    whole, _, places = f"{value:f}".partition(".")
    if len(places) > 2:  # a weighted total: exact in the database, and no zeros that say nothing
        places = places.rstrip("0") or "0"
    return f"{whole}.{places}" if places else whole


def plain(value: Any) -> str:
    """Text of a value as it stands in a cell, a sheet or a history line."""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, datetime):
        return value.astimezone(ZONE).strftime("%Y-%m-%d %H:%M")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal | int):
        return number(value)
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, Declared):
        return str(value)
    return str(getattr(value, "label", value))
