"""The list page of a table, from its declaration."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.roles import may
from app.panel import query
from app.panel.cells import cell, state_cell
from app.panel.pages import Block, Cell, Column, Crumb, Empty, Filter, Link, ListPage, Pager, Row, Tab
from app.panel.resolve import Resolved, kind_of, readable, resolve_table
from app.panel.wish import PREFIX, Wish
from app.services.actions import Action, AddOffer, hooks_of
from app.services.imports import importer_named, is_imported
from config import settings
from models.kit import Declared, Mark, formats
from models.kit.scope import DELETE, UPDATE

_QUOTED, _STOP = re.compile("“([^”]+)”"), re.compile("[,,;。]")
_KINDS = {
    "integer": "number",
    "decimal": "number",
    "date": "date",
    "moment": "moment",
    "choice": "choice",
    "state": "state",
    "flag": "flag",
    "reference": "reference",
    "photo": "photo",
    "file": "file",
    "rich": "rich",
    "lines": "lines",
}


def list_page(
    session: Session, resolved: Resolved, actor: Actor, wish: Wish, shown: Sequence[str] = ()
) -> ListPage:
    """Everything the list shows to this actor: two or three statements whatever the number of rows (check 28).

    `shown`: the columns this person wants, in order (none chosen = all as declared); the others come last, hidden.
    """
    found = query.find(session, resolved, wish)
    same, buttons = resolved.same, _buttons(session, resolved, actor, wish)
    listed = [name for name in resolved.listed if name not in same]
    asked = [name for name in resolved.filters if name not in same and _askable(resolved, name)]
    chosen = [name for name in shown if name in listed] or listed
    names = [*chosen, *(name for name in listed if name not in chosen)]
    return ListPage(
        title=resolved.name,
        crumbs=crumbs(resolved),
        hint=resolved.panel.hint,
        action=resolved.url + "/",
        tabs=[_tab(resolved, wish, tab, count) for tab, count in found.tabs],
        filters=[_filter(session, resolved, name, wish) for name in asked],
        columns=[
            *(replace(column(resolved, name, wish), hidden=name not in chosen) for name in names),
            *([Column("standing", "状态", "state", fixed=True)] if resolved.derived else []),
        ],
        rows=[_row(resolved, actor, row, names) for row in found.rows],
        buttons=buttons,
        bulk=[
            _bulk(resolved, item, wish)
            for item in resolved.actions
            if item.on == "row"
            and _allowed(actor, resolved, item)
            and (not found.rows or any(item.offered(row) for row in found.rows))
        ],
        pager=_pager(resolved, wish, found),
        empty=Empty("") if found.rows else _empty(resolved, buttons, bool(wish.every)),
        cards=bool(resolved.panel.cards),
        state=[("tab", wish.said), ("sort", wish.sort), ("size", str(wish.size))],
        chooser=f"{resolved.url}/columns",
        filtered=bool(wish.every),
        whole=not wish.private,  # a filter by a personal number travels in no address
    )


def crumbs(resolved: Resolved, *more: Crumb) -> list[Crumb]:
    first = Crumb("首页", "/console/")
    area = [Crumb(resolved.menu[0])] if resolved.menu[0] not in ("", first.label) else []
    here = Crumb(resolved.name, resolved.url + "/" if more else "")
    return [first, *area, here, *more]


def _tab(resolved: Resolved, wish: Wish, tab: query.TabSpec, count: int) -> Tab:
    return Tab(
        tab.label, wish.address(resolved.url + "/", tab=tab.name), query.capped(count), tab.name == wish.tab
    )


def column(resolved: Resolved, name: str, wish: Wish) -> Column:
    """The head of a column."""
    declared = resolved.fields[name]
    kind: Any = "masked" if declared.has(Mark.MASKED) else _KINDS.get(kind_of(declared), "text")
    if not declared.has(Mark.SORTABLE):
        return Column(name, declared.label, kind)
    now: Any = {name: "ascending", f"-{name}": "descending"}.get(wish.sort, "")
    then = f"-{name}" if now == "ascending" else name
    return Column(name, declared.label, kind, wish.address(resolved.url + "/", sort=then), now)


def _askable(resolved: Resolved, name: str) -> bool:
    """A reference only to those who may read what it refers to."""
    refers = resolved.fields[name].refers
    return not refers or readable(refers)


def _filter(session: Session, resolved: Resolved, name: str, wish: Wish) -> Filter:
    declared, kind, value = resolved.fields[name], kind_of(resolved.fields[name]), wish.every.get(name, "")
    private, key = declared.has(Mark.MASKED), PREFIX + name
    if kind == "reference":
        picked = formats.row_id(value)
        chosen = query.get(session, resolve_table(declared.refers), picked) if picked is not None else None
        options = [(value, str(chosen))] if chosen is not None else []
        return Filter(
            key, declared.label, "remote", value, options=options, remote=f"{resolved.url}/picker/{name}"
        )
    if kind in ("choice", "state"):
        return Filter(key, declared.label, "choice", value, options=declared.type.choices.pairs())
    if kind == "flag":
        return Filter(key, declared.label, "flag", value, options=[("1", "是"), ("0", "否")])
    if kind in ("date", "moment"):
        given = wish.every
        return Filter(
            key, declared.label, "dates", given.get(f"{name}_from", ""), given.get(f"{name}_to", "")
        )
    if offers := getattr(declared.type, "offers", None):
        return Filter(key, declared.label, "choice", value, options=offers())
    exact = declared.has(Mark.EXACT) or private
    hint = "完整号码,精确查找" if private else ""
    return Filter(key, declared.label, "exact" if exact else "text", value, private=private, hint=hint)


def _row(resolved: Resolved, actor: Actor, row: Declared, names: list[str]) -> Row:
    blocks = [
        Block(
            block.caption,
            [_line(resolved, row, column, block.caption) for column in block.columns],
            photo=_photo(resolved, row, block.photo),
        )
        for block in resolved.panel.cards
    ]
    # a list draws its cards or its cells, never both
    cells: list[Cell] = [] if blocks else [cell(resolved, row, name, link=True) for name in names]
    state = state_cell(resolved, row)
    if state is not None and not blocks and resolved.derived:
        cells.append(state)
    if (
        state is not None
        and blocks
        and not any(resolved.state in block.columns for block in resolved.panel.cards)
    ):
        blocks.append(Block("状态", [("", state)]))
    return Row(str(row.id), cells, row_links(resolved, actor, row), blocks, str(row))


def _line(resolved: Resolved, row: Declared, column: str, caption: str) -> tuple[str, Cell]:
    """A line of a card; `a_from~a_to` is a window in one line. What the caption says already is not said again."""
    first, _, last = column.partition("~")
    if not last:
        label = _label(resolved, column)
        return "" if label == caption else label, cell(resolved, row, column)
    return window(resolved, row, first, last)


def window(resolved: Resolved, row: Declared, first: str, last: str) -> tuple[str, Cell]:
    """Two columns as the one window they are: 报考开始 and 报考结束 → 报考时间."""
    ends = [cell(resolved, row, name).text for name in (first, last)]
    return resolved.fields[first].label.removesuffix("开始") + "时间", Cell(" ~ ".join(ends), "moment")


def _label(resolved: Resolved, column: str) -> str:
    head, _, rest = column.partition(".")
    if not rest:
        return resolved.fields[head].label
    return _label(resolve_table(resolved.fields[f"{head}_id"].refers), rest)


def _photo(resolved: Resolved, row: Declared, column: str) -> str:
    if not column:
        return ""
    return f"{resolved.url}/{row.id}/file/{column}" if getattr(row, column) else "none"


def row_links(resolved: Resolved, actor: Actor, row: Declared, *, detail: bool = False) -> list[Link]:
    """查看, 编辑, what the state and the role allow, 删除."""
    here, allows, table = f"{resolved.url}/{row.id}", resolved.allows, resolved.table
    links = [] if detail else [Link("查看", here, name="show")]
    if (
        "edit" in allows
        and may(actor, table, "edit")
        and editable(resolved, actor, row)
        and _offered(resolved, row)
    ):
        links.append(Link("编辑", f"{here}/edit", icon="edit", name="edit", primary=detail))
    fit = (
        item
        for item in resolved.actions
        if item.on != "list"
        and (detail or not item.aside)
        and _allowed(actor, resolved, item)
        and item.when(row)
        and item.offered(row)
    )
    links += [_action_link(resolved, item, row) for item in fit]
    if (
        "delete" in allows
        and may(actor, table, "delete")
        and deletable(resolved, actor, row)
        and _offered(resolved, row)
    ):
        title = f"删除{resolved.panel.label}“{row}”?删除后不能恢复。"
        links.append(Link("删除", f"{here}/delete", "trash", "post", title, danger=True, name="delete"))
    return links


def _offered(resolved: Resolved, row: Declared) -> bool:
    """Whether edit and delete are offered at all now (`@offered_when`); asked only for those who may."""
    return all(rule(row) for rule in hooks_of(resolved.model).offered)


def editable(resolved: Resolved, actor: Actor, row: Declared) -> bool:
    """Whether the general edit door is open for this row (`@editable_when`), and it is one's own."""
    return all(rule(row) for rule in hooks_of(resolved.model).editable) and _owned(
        resolved, actor, row, UPDATE
    )


def deletable(resolved: Resolved, actor: Actor, row: Declared) -> bool:
    """Whether the delete door is open: what may not be edited may not go either, nor what `@deletable_when` keeps."""
    hooks = hooks_of(resolved.model)
    return all(rule(row) for rule in [*hooks.editable, *hooks.deletable]) and _owned(
        resolved, actor, row, DELETE
    )


def _owned(resolved: Resolved, actor: Actor, row: Declared, verb: str) -> bool:
    rules = resolved.panel.scope.rules(actor.kind)
    return any(
        verb in rule.may and (not rule.column or getattr(row, rule.column) == actor.tenant) for rule in rules
    )


def _allowed(actor: Actor, resolved: Resolved, item: Action) -> bool:
    return may(actor, resolved.table, item.name)


def _action_link(resolved: Resolved, item: Action, row: Declared) -> Link:
    if item.page:
        return Link(item.label, item.page.format(id=row.id), item.icon, name=item.name, primary=item.primary)
    return Link(
        item.label,
        f"{resolved.url}/action/{item.name}?rowid={row.id}",
        item.icon,
        "post",
        danger=item.danger,
        name=item.name,
        primary=item.primary,
    )


def _bulk(resolved: Resolved, item: Action, wish: Wish) -> Link:
    address = wish.address(f"{resolved.url}/action/{item.name}")
    return Link(item.label, address, item.icon, "post", danger=item.danger, name=item.name)


def _buttons(session: Session, resolved: Resolved, actor: Actor, wish: Wish) -> list[Link]:
    table, allows = resolved.table, resolved.allows
    links = []
    if "add" in allows and may(actor, table, "add"):
        offer = next((hook(session, actor) for hook in hooks_of(resolved.model).addable), AddOffer())
        href, refusal = offer.href or f"{resolved.url}/add", offer.refusal
        links.append(Link(resolved.panel.adds, href, "plus", primary=True, name="add", disabled=refusal))
    imported = bool(resolved.marked(Mark.IMPORTED)) or is_imported(table)
    if "import" in allows and may(actor, table, "import") and imported:
        label = importer_named(table, table).label
        links.append(Link(f"批量导入{label}", f"{resolved.url}/import", "upload", name="import"))
    for item in resolved.actions:
        if item.on == "list" and _allowed(actor, resolved, item):
            href = wish.address(item.page) if item.page else f"{resolved.url}/action/{item.name}"
            links.append(Link(item.label, href, item.icon, "get" if item.page else "post", name=item.name))
    if "export" in allows and may(actor, table, "export"):
        links.append(Link("导出", wish.address(f"{resolved.url}/export"), "download", "post", name="export"))
    return links


def _empty(resolved: Resolved, buttons: Sequence[Link], filtered: bool) -> Empty:
    if filtered:
        return Empty("没有符合条件的数据", "换个条件再搜索,或重置筛选", Link("重置筛选", resolved.url + "/"))
    hint, link = first_step(resolved, buttons)
    return Empty("暂无数据", hint if hint != "暂无数据" else "", link)


def first_step(resolved: Resolved, buttons: Sequence[Link]) -> tuple[str, Link | None]:
    """The words of an empty list, and the button they name. Who has no such button is only told that there is nothing
    yet: another's next step is not theirs."""
    hint = resolved.panel.empty
    named = _QUOTED.findall(hint)
    if not named:
        return hint, next((link for link in buttons if link.name == "add"), None)
    link = next((link for name in named for link in buttons if link.label.startswith(name)), None)
    if link is None:
        hint = _STOP.split(hint)[0]
    return hint, link if link is not None and link.method == "get" else None


def _pager(resolved: Resolved, wish: Wish, found: query.Found) -> Pager:
    url, pages, page = (
        resolved.url + "/",
        max(1, -(-min(found.total, settings().count_cap) // wish.size)),
        found.page,
    )
    over = found.total > settings().count_cap
    shown = sorted({1, pages, *range(max(1, page - 2), min(pages, page + 2) + 1)} - {0})
    numbers: list[tuple[str, str]] = []
    for before, number in zip([0, *shown], shown, strict=False):
        if number - before > 1:
            numbers.append(("…", ""))
        numbers.append((str(number), "" if number == page else wish.address(url, page=number)))
    more = page < pages or (over and len(found.rows) == wish.size)
    return Pager(
        page=page,
        pages=max(pages, page),
        size=wish.size,
        total=query.capped(found.total),
        numbers=numbers,
        previous=wish.address(url, page=page - 1) if page > 1 else "",
        next=wish.address(url, page=page + 1) if more else "",
        sizes=[(size, wish.address(url, size=size)) for size in settings().page_sizes],
        goto=wish.address(url, page=98989898).replace("98989898", "{page}"),
    )
