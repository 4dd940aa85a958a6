"""`field(...)` and `reference(...)`: one line a column, in the order of the form (the data dictionary)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Flag, auto
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import MappedColumn, mapped_column

from models.kit.choices import Flow
from models.kit.types import State


class Mark(Flag):
    """What a column takes part in. Marks are the whole vocabulary; a column without marks is in form and detail."""

    NONE = 0
    LISTED = auto()  # a column of the list
    SEARCHED = auto()  # in the filter block: contains / begins with
    EXACT = auto()  # in the filter block: exact match only (R24)
    FILTERED = auto()  # in the filter block with the control of its type (choice, dates, related object)
    TABBED = auto()  # tabs with counters by its values
    SORTABLE = auto()  # the list can be sorted by it
    MASKED = (
        auto()
    )  # shown masked everywhere but the owner's form (R20–R23); its filters travel in a POST body
    READONLY = auto()  # shown, never typed
    HIDDEN = auto()  # neither in form nor detail nor list: plumbing
    WIDE = auto()  # takes the form's whole width
    UNIQUE = auto()
    INDEXED = auto()
    IMPORTED = auto()  # a column of the import template
    SOURCED = (
        auto()
    )  # a copy that is searched in the row it comes from: fewer rows, where all readers may read that row
    FIXED = auto()  # typed when the row is made, never changed afterwards


listed, searched, exact, filtered, tabbed = Mark.LISTED, Mark.SEARCHED, Mark.EXACT, Mark.FILTERED, Mark.TABBED
sortable, masked, readonly, hidden, wide = Mark.SORTABLE, Mark.MASKED, Mark.READONLY, Mark.HIDDEN, Mark.WIDE
unique, indexed, imported, fixed = Mark.UNIQUE, Mark.INDEXED, Mark.IMPORTED, Mark.FIXED
sourced = Mark.SOURCED


@dataclass(frozen=True)
class Field:
    """What was declared of one column; `column.info["field"]`."""

    label: str
    type: Any
    marks: Mark
    help: str = ""
    sample: str = ""
    section: str = ""
    refers: str = ""  # table the column refers to
    within: tuple[str, ...] = ()  # columns that must be equal on both rows (composite key: D3)
    flow: Flow | None = None
    copied: str = ""  # "candidate_id.name": the database copies it through that reference, and keeps it true
    unit: str = ""  # drawn behind a number: "%"
    computed: str = ""  # SQL over the row: the database keeps it as a stored generated column

    def has(self, mark: Mark) -> bool:
        return self.marks.value & mark.value != 0  # plain numbers: asked hundreds of times a page


def _merge(marks: tuple[Mark, ...]) -> Mark:
    merged = Mark.NONE
    for mark in marks:
        merged |= mark
    return merged


def field(
    label: str,
    type_: Any,
    *marks: Mark,
    help: str = "",
    sample: str = "",
    section: str = "",
    default: Any = None,
    flow: Flow | None = None,
    copied: str = "",
    computed: str = "",
    unit: str = "",
    name: str = "",
) -> MappedColumn[Any]:
    """A column with its label on screen. Required unless annotated `Mapped[... | None]`.

    A `State` starts at its flow's start; other defaults are values or callables. `copied="candidate_id.name"`:
    those who may not read the candidate read this copy; a trigger fills it and follows changes (D3).
    `computed="granted - used"`: a stored generated column, so that lists can show and search it. `name` is the
    column's where a property of the class takes that name and says what is shown (it may ask the clock).
    """
    if isinstance(type_, State) and flow is not None and default is None:
        default = flow.start
    merged = _merge(marks)
    if computed:
        merged |= Mark.READONLY
    declared = Field(
        label,
        type_,
        merged,
        help=help,
        sample=sample,
        section=section,
        flow=flow,
        copied=copied,
        computed=computed,
        unit=unit,
    )
    generated = (sa.Computed(computed, persisted=True),) if computed else ()
    extra: dict[str, Any] = {}
    if default is not None:
        extra["insert_default"] = default
        if isinstance(default, (bool, int, str)):
            literal = str(default).lower() if isinstance(default, bool) else str(default)
            extra["server_default"] = literal
    if copied:
        extra["server_default"] = sa.FetchedValue()  # by a trigger: the row in memory gets it back
    named: tuple[Any, ...] = (name,) if name else ()
    return mapped_column(
        *named,
        type_,
        *generated,
        unique=bool(merged & Mark.UNIQUE) or None,
        index=bool(merged & Mark.INDEXED) or None,
        info={"field": declared},
        **extra,
    )


def reference(
    label: str,
    table: str,
    *marks: Mark,
    within: tuple[str, ...] = (),
    help: str = "",
    section: str = "",
    copied: str = "",
    ondelete: str = "RESTRICT",
) -> MappedColumn[Any]:
    """A column that refers to a row of `table` by its id; a relationship of the same name without `_id` follows.

    `within=("school_id",)` makes the key composite, so a row can never point into another tenant (D3).
    """
    declared = Field(
        label, None, _merge(marks), help=help, section=section, refers=table, within=within, copied=copied
    )
    info = {"field": declared, "ondelete": ondelete}
    keys = () if within else (sa.ForeignKey(f"{table}.id", ondelete=ondelete),)
    fetched = sa.FetchedValue() if copied else None
    return mapped_column(sa.BigInteger, *keys, server_default=fetched, info=info)
