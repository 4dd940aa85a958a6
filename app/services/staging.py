"""Rows between the dry run and the confirmation: JSON by the chunk, personal numbers encrypted (`StagedChunk`)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.access.actor import Actor
from models.jobs import StagedChunk
from models.kit.cipher import cipher

if TYPE_CHECKING:
    from app.services.imports import Importer

NEW, CHANGED, UNCHANGED, REFUSED = "new", "changed", "unchanged", "refused"

Seen = dict[tuple[str, ...], dict[Any, int]]
"""For each set of key columns: value → number of the first row that has it."""

_KEEP = sa.text(
    "insert into staged_chunk (job_id, account_id, first, last, rows)"
    " values (:job, :account, :first, :last, cast(:rows as jsonb))"
)


@dataclass(slots=True)
class Row:
    """A row of an upload. `values` may gain columns on its way: what `apply` needs and the sheet does not say."""

    number: int
    values: dict[str, Any]
    outcome: str = NEW
    reason: str = ""
    column: str = ""
    target_id: int | None = None
    repeats: int = 0  # the earlier row of the same key

    def refuse(self, message: str, column: str = "") -> None:
        """One more reason; `column` is the label of the column at fault."""
        text = message if not column or message.startswith(column) else f"{column}:{message}"
        if self.outcome == REFUSED:
            self.reason += f";{text}"
        else:
            self.outcome, self.reason, self.column = REFUSED, text, column

    def change(self, target_id: int) -> None:
        """The row will change an existing one."""
        self.outcome, self.target_id = CHANGED, target_id

    def unchanged(self, target_id: int | None = None) -> None:
        """All that the row says is already so."""
        self.outcome, self.target_id = UNCHANGED, target_id

    def key(self, names: tuple[str, ...]) -> Any:
        """The values that make rows the same; None while one is missing."""
        if len(names) == 1:
            return self.values.get(names[0])
        found = tuple(self.values.get(name) for name in names)
        return None if None in found else found


def keep_rows(session: Session, job_id: int, actor: Actor, importer: Importer, rows: list[Row]) -> None:
    """One chunk, in the transaction that also records how far the job is."""
    # of rows that will not be applied
    less = {*(name for names in importer.keys for name in names), *(name for name, _ in importer.shown)}
    kept = [_encoded(row, importer, None if row.outcome in (NEW, CHANGED) else less) for row in rows]
    text = json.dumps(kept, ensure_ascii=False, separators=(",", ":"), default=_plain)
    session.execute(
        _KEEP,
        {
            "job": job_id,
            "account": actor.account,
            "first": rows[0].number,
            "last": rows[-1].number,
            "rows": text,
        },
    )


def _encoded(row: Row, importer: Importer, only: set[str] | None) -> dict[str, Any]:
    personal = importer.personal
    values = row.values if only is None else {name: row.values.get(name) for name in only}
    if importer.dropped and only is None:
        values = {name: value for name, value in values.items() if name not in importer.dropped}
    if only is None or not only.isdisjoint(personal):
        values = dict(values)
        for name, kind in personal.items():
            value = values.get(name)
            if value is not None:  # a check that needed the ciphertext has left it there
                sealed = value if isinstance(value, bytes) else cipher.encrypt(value, kind)
                values[name] = "\\x" + sealed.hex()
    found: dict[str, Any] = {"n": row.number, "o": row.outcome, "v": values}
    if row.target_id is not None:
        found["t"] = row.target_id
    if row.reason:
        found["r"] = row.reason
    return found


def _plain(value: Any) -> Any:
    """As PostgreSQL reads it from JSON text."""
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, bytes):
        return "\\x" + value.hex()
    raise TypeError(f"{type(value).__name__} cannot be staged")


_RESTORE: dict[str, Callable[[Any], Any]] = {
    "date": date.fromisoformat,
    "moment": datetime.fromisoformat,
    "decimal": Decimal,
}


@dataclass
class Staged:
    """What `apply` works with: the accepted rows, as objects or, for large imports, as a set inside the database."""

    session: Session
    job_id: int
    personal: Mapping[str, str]
    kinds: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)
    carry: Mapping[str, Any] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def rows(self, *outcomes: str) -> Iterator[list[Row]]:
        """The rows of these outcomes (else: new and changed), a chunk at a time, values as the check left them."""
        wanted = set(outcomes or (NEW, CHANGED))
        for found in _chunks(self.session, self.job_id):
            rows = [self._decoded(item) for item in found if item["o"] in wanted]
            if rows:
                yield rows

    def count(self, *outcomes: str) -> int:
        """How many rows there are of these outcomes (else: new and changed), as the dry run counted them."""
        return sum(self.counts.get(outcome, 0) for outcome in outcomes or (NEW, CHANGED))

    def table(self, outcome: str, **columns: str) -> str:
        """SQL of a sub-select over the rows of one outcome: `row_number`, `target_id` and the named columns with
        their SQL types; personal columns are `bytea`. Its parameter is `:job`. Names come from code, never from
        an upload."""
        shape = ", ".join(f"{name} {kind}" for name, kind in columns.items())
        return (
            "(select s.n as row_number, s.t as target_id, v.* from staged_chunk c"  # noqa: S608
            " cross join lateral jsonb_to_recordset(c.rows) as s(n integer, o text, t bigint, v jsonb)"
            f" cross join lateral jsonb_to_record(s.v) as v({shape})"
            f" where c.job_id = :job and s.o = '{outcome}')"
        )

    def _decoded(self, item: dict[str, Any]) -> Row:
        values = item["v"]
        for name, value in values.items():
            if value is None:
                continue
            if name in self.personal:
                values[name] = _opened(value, self.personal[name])
            elif self.kinds.get(name) in _RESTORE and isinstance(value, str):
                values[name] = _RESTORE[self.kinds[name]](value)
        return Row(item["n"], values, item["o"], item.get("r", ""), target_id=item.get("t"))


def _opened(text: str, kind: str) -> str:
    return cipher.decrypt(bytes.fromhex(text[2:]), kind)


def _chunks(session: Session, job_id: int) -> Iterator[list[dict[str, Any]]]:
    """Chunk by chunk in file order, never all at once in memory."""
    firsts = session.scalars(
        sa.select(StagedChunk.first).where(StagedChunk.job_id == job_id).order_by(StagedChunk.first)
    ).all()
    for first in firsts:
        yield session.scalars(
            sa.select(StagedChunk.rows).where(StagedChunk.job_id == job_id, StagedChunk.first == first)
        ).one()


def refused_rows(session: Session, job_id: int, importer: Importer) -> list[Row]:
    """Every refused row with its reason, in file order."""
    staged = Staged(session, job_id, importer.personal)
    return [row for rows in staged.rows(REFUSED) for row in rows]


def seen_keys(session: Session, job_id: int, importer: Importer) -> Seen:
    """The keys of all rows kept so far: what a run that takes up again must know of the part before it."""
    seen: Seen = {names: {} for names in importer.keys}
    for rows in Staged(session, job_id, importer.personal).rows(NEW, CHANGED, UNCHANGED, REFUSED):
        for names, known in seen.items():
            for row in rows:
                key = row.key(names)
                if key is not None:
                    known.setdefault(key, row.number)
    return seen
