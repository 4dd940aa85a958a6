"""What a person asked of a list, cleaned: unknown columns, wild page numbers and sizes never get further."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import urlencode

from app.panel.resolve import Resolved
from config import settings
from models.kit import Mark

ALL = "all"
"""What an address says of the tab that shows everything, where a list opens with another one."""
PREFIX = "f_"  # filters: f_<column>, f_<column>_from, f_<column>_to


@dataclass(frozen=True)
class Wish:
    """Tab, filters, order and page of one list request. `private` filters never become part of an address (R25)."""

    tab: str = ""
    filters: dict[str, str] = field(default_factory=dict)
    private: dict[str, str] = field(default_factory=dict)
    sort: str = ""
    page: int = 1
    size: int = 10
    first: str = ""  # the tab of a list whose address names none

    @property
    def said(self) -> str:
        """The tab as an address has to name it."""
        return self.tab or (ALL if self.first else "")

    @property
    def every(self) -> dict[str, str]:
        return {**self.filters, **self.private}

    def address(self, url: str, **changes: object) -> str:
        """The same list with something changed; a change of anything but the page goes back to page 1."""
        wish = replace(self, **{"page": 1, **changes})  # type: ignore[arg-type]
        pairs = [("tab", wish.said), *((PREFIX + k, v) for k, v in wish.filters.items()), ("sort", wish.sort)]
        pairs += [("page", str(wish.page) if wish.page > 1 else "")]
        pairs += [("size", str(wish.size) if wish.size != settings().page_sizes[0] else "")]
        query = urlencode([(name, value) for name, value in pairs if value])
        return f"{url}?{query}" if query else url


def read_wish(resolved: Resolved, args: Mapping[str, str], posted: Mapping[str, str]) -> Wish:
    """From the query string, and the posted form where private filters travel."""
    known = set(resolved.filters)
    sizes = settings().page_sizes
    given = {**args, **posted}
    filters: dict[str, str] = {}
    private: dict[str, str] = {}
    for name, value in given.items():
        value = value.strip()
        if not name.startswith(PREFIX) or not value:
            continue
        column = name.removeprefix(PREFIX)
        base = column.removesuffix("_from").removesuffix("_to")
        if column not in known and base not in known:
            continue
        declared = resolved.fields[column if column in known else base]
        if not declared.has(Mark.MASKED):
            filters[column] = value[:100]
        elif name in posted:  # a personal number in an address is ignored, not obeyed
            private[column] = value[:100]
    sort = given.get("sort", "")
    sortable = {
        *resolved.marked(Mark.SORTABLE),
        "id",
        *(name.lstrip("-") for name in resolved.sort.split(",")),
    }
    size = _number(given.get("size", ""), sizes[0])
    return Wish(
        tab="" if (tab := given.get("tab", resolved.first)) == ALL and resolved.first else tab[:40],
        filters=filters,
        private=private,
        sort=sort if sort.lstrip("-") in sortable else "",
        page=max(1, min(_number(given.get("page", ""), 1), 10**7)),
        size=min((s for s in sizes if s >= size), default=sizes[-1]),
        first=resolved.first,
    )


def _number(text: str, default: int) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else default
