"""A declaration, resolved once: what every generated part (list, form, sheet, API, menu) asks of a table."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property

from app.access.actor import current_actor
from app.services.actions import Action, actions_of
from models.kit import Declared, Field, Mark, Panel, State, declared_models, fields_of, model_named
from models.kit.scope import DELETE, INSERT, SELECT, UPDATE

DESK_KINDS = ("platform", "organisation")
VERBS = ("list", "add", "edit", "delete", "import", "export", "unmask")


@dataclass(frozen=True)
class Resolved:
    """Everything derived from one declaration. `flask panel describe` prints it."""

    model: type[Declared]
    table: str
    panel: Panel
    fields: dict[str, Field]

    def marked(self, *marks: Mark) -> list[str]:
        return [name for name, declared in self.fields.items() if any(declared.has(mark) for mark in marks)]

    @cached_property
    def listed(self) -> list[str]:
        return self.marked(Mark.LISTED) or list(self.fields)[:1]

    @cached_property
    def filters(self) -> list[str]:
        return self.marked(Mark.SEARCHED, Mark.EXACT, Mark.FILTERED)

    @cached_property
    def tab(self) -> str:
        return next(iter(self.marked(Mark.TABBED)), "")

    @cached_property
    def state(self) -> str:
        """The column that holds the row's state, if any."""
        return next((name for name, declared in self.fields.items() if isinstance(declared.type, State)), "")

    @cached_property
    def derived(self) -> bool:
        """Whether rows have a state that no column holds: it follows from time and facts (D11)."""
        return not self.state and (hasattr(self.model, "phase") or hasattr(self.model, "phases"))

    def form(self, adding: bool) -> list[str]:
        """The columns a person types, in order."""
        return [
            name
            for name, declared in self.fields.items()
            if not declared.has(Mark.HIDDEN)
            and not declared.has(Mark.READONLY)
            and not declared.copied
            and not (declared.flow or (declared.has(Mark.FIXED) and not adding))
            and kind_of(declared) != "json"
        ]

    @property
    def own(self) -> str:
        """The tenant column by which alone the current actor sees rows: it says the same in each of them, so nobody
        is shown it as a column or asked for it on a page; saving fills it in."""
        columns = {rule.column for rule in self.panel.scope.rules(current_actor().kind)}
        return columns.pop() if len(columns) == 1 else ""

    @property
    def same(self) -> frozenset[str]:
        """The columns that say the same in every row this actor sees: one's own tenant and what is copied of it."""
        own = self.own
        if not own:
            return frozenset()
        copies = (name for name, declared in self.fields.items() if declared.copied.partition(".")[0] == own)
        return frozenset((own, *copies))

    @property
    def shown(self) -> list[str]:
        return [name for name, declared in self.fields.items() if not declared.has(Mark.HIDDEN)]

    def section(self, name: str) -> str:
        return self.fields[name].section or "基本信息"

    @property
    def actions(self) -> tuple[Action, ...]:
        return actions_of(self.model)

    @cached_property
    def allows(self) -> tuple[str, ...]:
        """The general doors that exist: as declared, but a child row whose parent is no field of its form is made in
        the parent's form only."""
        return tuple(verb for verb in self.panel.allows if verb != "add" or _made_alone(self.model))

    @property
    def permissions(self) -> list[str]:
        """Every permission this table knows: general doors that exist, and its actions."""
        scope, allows = self.panel.scope, self.allows
        writable = {"add": INSERT, "edit": UPDATE, "delete": DELETE, "import": INSERT}
        verbs = ["list"]
        verbs += [v for v in allows if v == "export" or scope.kinds(writable[v])]
        if self.marked(Mark.MASKED):
            verbs.append("unmask")
        moves = [
            move.name for declared in self.fields.values() if declared.flow for move in declared.flow.moves
        ]
        extra = [item.name for item in self.actions]
        return [f"{self.table}:{verb}" for verb in dict.fromkeys([*verbs, *moves, *extra])]

    @property
    def menu(self) -> tuple[str, str]:
        """(area, entry) of the menu under which the current actor finds this table."""
        return self.panel.menu_for(current_actor().kind)

    @property
    def sort(self) -> str:
        """The order of the list for the current actor, when nothing else is asked."""
        return self.panel.sorts.get(current_actor().kind, self.panel.sort)

    @property
    def first(self) -> str:
        """The tab with which the list opens for the current actor ("" = everything)."""
        return self.panel.opens.get(current_actor().kind, "")

    @property
    def name(self) -> str:
        """What the current actor's menu calls the table, else what one row is called."""
        return self.menu[1] or self.panel.label

    @property
    def url(self) -> str:
        """Where this table's pages are for the current actor: what defines the business is at the desk for those
        who keep it, in the console for those who only read it."""
        desk = self.panel.desk and current_actor().kind in DESK_KINDS
        return f"/{'desk' if desk else 'console'}/{self.table}"


def kind_of(declared: Field) -> str:
    """The one word that decides control, filter, cell, sheet column and API type."""
    return "reference" if declared.refers else str(declared.type.kind)


@cache
def resolve(model: type[Declared]) -> Resolved:
    return Resolved(model, model.__tablename__, model.panel, fields_of(model))


def resolve_table(table: str) -> Resolved:
    return resolve(model_named(table))


def has_files(resolved: Resolved) -> bool:
    """Whether files come with the table's form, in a row of its own or of its child tables."""
    parts = (resolved, *map(resolve_table, resolved.panel.children))
    return any(kind_of(part.fields[name]) in ("file", "photo") for part in parts for name in part.form(True))


@cache
def _made_alone(model: type[Declared]) -> bool:
    form = resolve(model).form(adding=True)
    parents = {
        parent.__tablename__ for parent in declared_models() if model.__tablename__ in parent.panel.children
    }
    above = [name for name, declared in fields_of(model).items() if declared.refers in parents]
    return not above or any(name in form for name in above)


def readable(table: str) -> bool:
    """Whether the current actor's kind may read rows of the table at all: the wall refuses even to ask otherwise."""
    return current_actor().kind in resolve_table(table).panel.scope.kinds(SELECT)


def related(resolved: Resolved, row: object, name: str) -> Declared | None:
    """The row a reference points at; none where there is none, or the wall hides it from this actor."""
    if not readable(resolved.fields[name].refers):
        return None
    found: Declared | None = getattr(row, name.removesuffix("_id"))
    return found
