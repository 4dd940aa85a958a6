"""The top and side menu of an actor: every table with a `menu` that the role may list, and pages views add."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

from app.access.actor import Actor
from app.access.roles import may
from app.panel.pages import MenuArea, MenuItem
from app.panel.resolve import resolve
from models.kit import declared_models

AREAS = (
    "首页",
    "申报管理",
    "指标管理",
    "院校管理",
    "机构管理",
    "标准管理",
    "证书管理",
    "培训管理",
    "考试管理",
    "周报管理",
    "内容管理",
    "系统管理",
)


HOME = "/console/"


@dataclass(frozen=True)
class Entry:
    """A menu entry: `area/label`, its address, and who sees it: a question of the actor's kind, role and ticked
    menus alone, so that the answer is the same for all who share them."""

    menu: str
    href: str
    icon: str
    order: int
    sees: Callable[[Actor], bool]

    @property
    def start(self) -> str:
        """What the addresses of its pages begin with."""
        return self.href[: self.href.rindex("/") + 1]


_extra: list[Entry] = []


_under: dict[str, str] = {}


def stands_under(path: str, href: str) -> None:
    """Pages without an entry of their own are found under another's: the menu shows that one as where one is."""
    _under[path] = href


def add_entry(menu: str, href: str, icon: str, order: int, sees: Callable[[Actor], bool]) -> None:
    """A hand-made page in the menu."""
    _extra.append(Entry(menu, href, icon, order, sees))


add_entry(
    "首页/工作台", HOME, "home", 0, lambda actor: actor.account is not None and actor.kind != "candidate"
)


def _tables(actor: Actor) -> list[Entry]:
    """One's own institution is a single row: the entry leads to it, not to a list of one."""
    entries = []
    for model in declared_models():
        resolved = resolve(model)
        area, entry = resolved.menu
        if entry:
            panel, table = resolved.panel, resolved.table
            own = actor.tenant if table == actor.kind else ""
            entries.append(
                Entry(
                    f"{area}/{entry}",
                    f"{resolved.url}/{own or ''}",
                    panel.icon,
                    panel.order,
                    lambda actor, table=table: may(actor, table, "list"),  # type: ignore[misc]
                )
            )
    return entries


@lru_cache(maxsize=256)
def _seen(actor: Actor, models: int) -> tuple[Entry, ...]:
    """The entries of whoever shares this actor's institution, role and menus, in their order. `models`: how many
    there are, for a table declared later asks anew."""
    seen = (entry for entry in [*_tables(actor), *_extra] if entry.sees(actor))
    return tuple(sorted(seen, key=lambda entry: (_rank(entry), entry.order)))


def _nameless(actor: Actor) -> Actor:
    """What of an actor a menu depends on."""
    return replace(actor, account=actor.account and 0, name="", address="", request="")


def menu(actor: Actor, path: str) -> list[MenuArea]:
    """What this actor sees, the active area and entry marked by the path."""
    seen = _seen(_nameless(actor), len(declared_models()))
    areas: dict[str, list[Entry]] = {}
    for entry in seen:
        areas.setdefault(entry.menu.partition("/")[0], []).append(entry)
    path = next((href for start, href in _under.items() if path.startswith(start)), path)
    here = max(
        (e.href for e in seen if path.startswith(e.start) and (e.href != HOME or path == HOME)),
        key=len,
        default="",
    )
    return [
        MenuArea(
            area,
            entries[0].href,
            entries[0].icon,
            any(e.href == here for e in entries),
            [MenuItem(e.menu.partition("/")[2], e.href, e.icon, e.href == here) for e in entries],
        )
        for area, entries in areas.items()
    ]


def _rank(entry: Entry) -> int:
    area = entry.menu.partition("/")[0]
    return AREAS.index(area) if area in AREAS else len(AREAS)
