"""Buttons that services add to tables: `@action(Candidate, "confirm", label="确认无误", …)`.

The panel draws a registered action as a row button, a bulk button or a page button, asks the permission
`<table>:<name>` of the role table, shows what will be affected, and then calls the function. Models never
import services; services never import the panel.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy.orm import Session

from models.kit import Declared, Move, Text, fields_of

Run = Callable[..., "str | Outcome"]


@dataclass(frozen=True)
class Ask:
    """One thing an action asks before it runs: drawn as a form field, checked by the kit's type.

    `wide` and `required` as in a declaration; `options` (session → pairs) makes it a drop-down.
    `each` (session, rows → what to propose, by row id): where several rows are acted on, every one has a control of
    its own beside it, and the function gets a mapping of row id → answer. `when(rows)`: asked only if it holds.
    """

    name: str
    label: str
    type: Any
    required: bool = True
    help: str = ""
    default: Any = None
    options: Callable[[Session], Sequence[tuple[str, str]]] | None = None
    each: Callable[[Session, Sequence[Any]], Mapping[int, Any]] | None = None
    when: Callable[[Sequence[Any]], bool] = lambda rows: True


@dataclass(frozen=True)
class Outcome:
    """What an action answers: a sentence, and where to go (a file to download, a page, a job)."""

    message: str
    location: str = ""


@dataclass(frozen=True)
class Action:
    """`on`: "row" (row and bulk), "one" (row only), "list" (no rows: a page button).

    `when(row)` hides the button where the state does not allow it; the service checks again. `offered(row)` hides it
    too, but whoever asks all the same learns the reason from the service. `ready(session, actor, rows)` refuses before
    anything is asked. `in_form`: the form has a button that saves and goes on to this action. `confirm` may hold
    `{n}`; `page` is an endpoint path the button leads to instead of running (`/console/…/{id}`). `at_once`: nothing
    to think about, so nothing is previewed; `on_sight`: done by itself when somebody looks at the row's detail.
    `aside`: no word of its own in the rows of a list, which have a nearer way to it. `moves`: a step of the rows' flow,
    decided of them as they were shown.
    """

    model: type[Declared]
    name: str
    label: str
    run: Run | None
    on: str = "row"
    icon: str = ""
    confirm: str = ""
    danger: bool = False
    primary: bool = False
    when: Callable[[Any], bool] = lambda row: True
    offered: Callable[[Any], bool] = lambda row: True
    ready: Callable[[Session, Any, Sequence[Any]], None] | None = None
    in_form: bool = False
    asks: tuple[Ask, ...] = ()
    page: str = ""
    at_once: bool = False
    on_sight: bool = False
    aside: bool = False
    moves: bool = False
    order: int = 50


_actions: dict[str, dict[str, Action]] = {}


def action(model: type[Declared], name: str, label: str, **options: Any) -> Callable[[Run], Run]:
    """Register a function `(session, actor, rows, **asked) -> str | Outcome` (for on="list": rows is empty)."""

    def register(run: Run) -> Run:
        _register(Action(model, name, label, run, **options))
        return run

    return register


def _register(item: Action) -> None:
    _actions.setdefault(item.model.__tablename__, {})[item.name] = item
    actions_of.cache_clear()


def move(model: type[Declared], name: str, **options: Any) -> Callable[[Run], Run]:
    """Register the function that carries out a declared move of the model's flow: label, icon, confirmation and the
    states it starts from come from the declaration. It sets the state itself; the database checks the move."""
    column, declared = _flow_move(model, name)
    inherited = {
        "when": lambda row: getattr(row, column) in declared.sources,
        "confirm": declared.confirm,
        "icon": declared.icon,
        "danger": declared.danger,
    }
    return action(model, name, declared.label, **{**inherited, "moves": True, **options})


def _flow_move(model: type[Declared], name: str) -> tuple[str, Move]:
    for column, declared in fields_of(model).items():
        for item in declared.flow.moves if declared.flow else ():
            if item.name == name:
                return column, item
    raise LookupError(f"{model.__name__} declares no move {name}")


def _plain_moves(model: type[Declared]) -> Iterator[Action]:
    """Moves that need no service: the panel sets the state, and asks the reason where one is declared."""
    for column, declared in fields_of(model).items():
        for item in declared.flow.moves if declared.flow else ():
            if item.plain:
                yield _plain(model, column, item)


def _plain(model: type[Declared], column: str, item: Move) -> Action:
    def run(session: Session, actor: Any, rows: Sequence[Any], **asked: Any) -> str:
        for row in rows:
            setattr(row, column, item.target)
            for name, value in asked.items():
                setattr(row, name, value)
        session.flush()
        return f"已{item.label}{len(rows)}条"

    asks = (Ask(item.reason, "原因", Text(500, 2)),) if item.reason else ()
    return Action(
        model,
        item.name,
        item.label,
        run,
        icon=item.icon,
        confirm=item.confirm,
        danger=item.danger,
        asks=asks,
        moves=True,
        when=lambda row: getattr(row, column) in item.sources,
    )


def page_link(model: type[Declared], name: str, label: str, page: str, **options: Any) -> None:
    """Register a button that leads to a hand-made page (`{id}` is the row's)."""
    _register(Action(model, name, label, None, page=page, **options))


@cache
def actions_of(model: type[Declared]) -> tuple[Action, ...]:
    """The actions of a table: registered ones, and the plain moves of its flows, in order."""
    found = {item.name: item for item in _plain_moves(model)} | _actions.get(model.__tablename__, {})
    return tuple(sorted(found.values(), key=lambda item: item.order))


def action_named(model: type[Declared], name: str) -> Action | None:
    return next((item for item in actions_of(model) if item.name == name), None)


@dataclass
class Hooks:
    """What a service adds to the generated save: `prepare(session, actor, row, values)` before a new or changed
    row is written (fill in, refuse), `after(...)` in the same transaction."""

    prepare: list[Callable[..., None]] = field(default_factory=list)
    after: list[Callable[..., None]] = field(default_factory=list)
    delete: list[Callable[..., None]] = field(default_factory=list)
    editable: list[Callable[[Any], bool]] = field(default_factory=list)
    deletable: list[Callable[[Any], bool]] = field(default_factory=list)
    offered: list[Callable[[Any], bool]] = field(default_factory=list)
    addable: list[Callable[[Session, Any], AddOffer]] = field(default_factory=list)
    closing: list[Callable[[Session, Mapping[str, Any]], datetime | None]] = field(default_factory=list)
    notes: list[Callable[[Session, Any, Any], Mapping[str, str]]] = field(default_factory=list)
    aids: list[Callable[[Any], Mapping[str, Aid]]] = field(default_factory=list)
    figures: list[Callable[[Session, Any, Any], Sequence[Figure]]] = field(default_factory=list)
    choices: dict[str, tuple[tuple[str, ...], Callable[..., Offer]]] = field(default_factory=dict)


@dataclass(frozen=True)
class AddOffer:
    """The button that adds a row: where it leads instead of the plain form, or why there is nothing to add now."""

    href: str = ""
    refusal: str = ""


@dataclass(frozen=True)
class Aid:
    """What the form of a row says under one field, where that depends on the row. `samples`: what stands in braces is
    shown with these in its place while it is typed."""

    text: str
    samples: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Figure:
    """One number of a row that is counted, not stored; `href` is the list it counts."""

    label: str
    value: int
    tone: str = "grey"
    href: str = ""


@dataclass(frozen=True)
class Offer:
    """What a picker offers: only rows `where`, in this `order`, searched in these columns (each word in any of them);
    `hints(rows)` says more about some of them, by id."""

    where: Sequence[Any] = ()
    order: Sequence[Any] = ()
    searched: Sequence[Any] = ()
    hints: Callable[[Sequence[Any]], Mapping[int, str]] = lambda rows: {}


_hooks: dict[str, Hooks] = {}


def hooks_of(model: type[Declared]) -> Hooks:
    return _hooks.setdefault(model.__tablename__, Hooks())


def before_save(model: type[Declared]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """`(session, actor, row, values)`: fill in or refuse (DomainError) before the row is written."""

    def register(function: Callable[..., None]) -> Callable[..., None]:
        hooks_of(model).prepare.append(function)
        return function

    return register


def after_save(model: type[Declared]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    def register(function: Callable[..., None]) -> Callable[..., None]:
        hooks_of(model).after.append(function)
        return function

    return register


def before_delete(model: type[Declared]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """`(session, actor, row)`: refuse (DomainError) what may not go."""

    def register(function: Callable[..., None]) -> Callable[..., None]:
        hooks_of(model).delete.append(function)
        return function

    return register


def editable_when(model: type[Declared]) -> Callable[[Callable[[Any], bool]], Callable[[Any], bool]]:
    """`(row) -> bool`: while it is false, the general edit and delete doors are closed for the row."""

    def register(function: Callable[[Any], bool]) -> Callable[[Any], bool]:
        hooks_of(model).editable.append(function)
        return function

    return register


def deletable_when(model: type[Declared]) -> Callable[[Callable[[Any], bool]], Callable[[Any], bool]]:
    """`(row) -> bool`: while it is false, the delete door is closed for the row (edit may still be open)."""

    def register(function: Callable[[Any], bool]) -> Callable[[Any], bool]:
        hooks_of(model).deletable.append(function)
        return function

    return register


def offered_when(model: type[Declared]) -> Callable[[Callable[[Any], bool]], Callable[[Any], bool]]:
    """`(row) -> bool`: while it is false, edit and delete are not offered; who asks all the same learns the reason."""

    def register(function: Callable[[Any], bool]) -> Callable[[Any], bool]:
        hooks_of(model).offered.append(function)
        return function

    return register


def adds_by(model: type[Declared]) -> Callable[[Callable[..., AddOffer]], Callable[..., AddOffer]]:
    """`(session, actor) -> AddOffer`: what the button that adds a row says and where it leads."""

    def register(function: Callable[..., AddOffer]) -> Callable[..., AddOffer]:
        hooks_of(model).addable.append(function)
        return function

    return register


def closes_at(model: type[Declared]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """`(session, values) -> moment | None`: until when a form with these values can be saved."""

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        hooks_of(model).closing.append(function)
        return function

    return register


def noted(model: type[Declared]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """`(session, actor, row) -> {column: remark}`: what stands beside columns of a row; "" is about the whole."""

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        hooks_of(model).notes.append(function)
        return function

    return register


def aided(model: type[Declared]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """`(row) -> {column: Aid}`: what helps to fill in the form of this row."""

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        hooks_of(model).aids.append(function)
        return function

    return register


def counted(model: type[Declared]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """`(session, actor, row) -> [Figure]`: numbers on top of a row's page, kept fresh while it is open."""

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        hooks_of(model).figures.append(function)
        return function

    return register


def choices_of(
    model: type[Declared], column: str, *needs: str
) -> Callable[[Callable[..., Offer]], Callable[..., Offer]]:
    """`(session, actor, given) -> Offer`: what may be picked for a reference. `needs` names the other columns of the
    same form that it depends on; `given` has them as typed."""

    def register(function: Callable[..., Offer]) -> Callable[..., Offer]:
        hooks_of(model).choices[column] = (needs, function)
        return function

    return register


def notes_of(session: Session, actor: Any, row: Declared) -> dict[str, str]:
    """All remarks about a row."""
    found: dict[str, str] = {}
    for hook in hooks_of(type(row)).notes:
        found.update(hook(session, actor, row))
    return found


def aids_of(row: Declared) -> dict[str, Aid]:
    """All that helps to fill in the form of a row."""
    return {name: aid for hook in hooks_of(type(row)).aids for name, aid in hook(row).items()}
