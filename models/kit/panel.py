"""`Panel(...)`: what a table is on screen, beyond its columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from models.kit.scope import Scope

ALL = ("add", "edit", "delete", "import", "export")


@dataclass(frozen=True)
class Block:
    """One cell of a card row (7.2: 学生信息, 考试安排): a caption and the columns drawn in it, line by line.

    Columns may be dotted through references: `candidate.name`; `a_from~a_to` is a window in one line.
    `photo` names the picture column drawn beside.
    """

    caption: str
    columns: tuple[str, ...]
    photo: str = ""


@dataclass(frozen=True)
class Panel:
    """The console of one table.

    label: what one row is called (考生). menu: "area/entry", "" = reached from elsewhere only; menus: the same
    for the kinds of actor that know it under another entry (1.4), "" = none.
    title: the column that names a row in pickers, crumbs and confirmations. allows: which of the general
    doors exist at all; who may use them is the role table's matter (`app/access/roles.py`).
    desk: the table defines the business and is edited at the configuration desk (Flask-Admin);
    adds: the words of the button that adds a row.
    sorts: another order of the list for the kinds of actor that work through it from its head. opens: the tab with
    which it opens for them (a state's value); without one it opens with everything.
    told: columns that stand above the form of a row, because it is about them and does not ask them.
    children: tables edited as rows inside the parent's form; related: tables listed under its detail.
    most: how many rows a parent may have at most, where that is bounded (0 = not here).
    autosaves: what is typed into its form is kept every few seconds until it is saved (`FormDraft`).
    unique_when: unique only among the rows where an SQL condition holds (one open recheck a score).
    apart: rows equal in these columns never overlap in time (a venue's sessions); nulls do not count.
    append_only: rows refuse UPDATE and DELETE for every role (D8). frozen: SQL over OLD; rows where it holds do.
    """

    label: str
    scope: Scope
    menu: str = ""
    menus: Mapping[str, str] = field(default_factory=dict)
    icon: str = "table"
    title: str = "name"
    order: int = 50
    sort: str = "-id"
    sorts: Mapping[str, str] = field(default_factory=dict)
    opens: Mapping[str, str] = field(default_factory=dict)
    allows: tuple[str, ...] = ALL
    desk: bool = False
    cards: tuple[Block, ...] = ()
    children: tuple[str, ...] = ()
    related: tuple[str, ...] = ()
    adds: str = "新增"
    told: tuple[str, ...] = ()
    empty: str = "暂无数据"
    hint: str = ""
    unique: tuple[tuple[str, ...], ...] = ()
    checks: tuple[tuple[str, str], ...] = ()  # (SQL, what it means in Chinese)
    unique_when: tuple[tuple[tuple[str, ...], str, str], ...] = ()  # (columns, SQL, meaning)
    apart: tuple[tuple[tuple[str, ...], tuple[str, str], str], ...] = ()  # (columns, (from, to), meaning)
    most: int = 0
    autosaves: bool = False
    append_only: bool = False
    frozen: str = ""
    frozen_message: str = "记录已锁定,不能修改"
    audit: bool = True
    indexes: tuple[tuple[str, ...], ...] = field(default=())

    def menu_for(self, kind: str) -> tuple[str, str]:
        """(area, entry) under which this kind of actor finds the table; two empty words if nowhere."""
        area, _, entry = self.menus.get(kind, self.menu).partition("/")
        return area, entry
