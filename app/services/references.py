"""Words of a sheet that mean a row of another table: looked up set-wise, within the wall."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.services.staging import Row
from models.kit import Declared, Field, Mark, fields_of, model_named


@dataclass
class Finder:
    """Replaces the words in reference columns by the id of the row whose title or code they are."""

    columns: Mapping[str, Field]

    def resolve(self, session: Session, rows: list[Row]) -> None:
        """In column order, so that a narrower reference (区县) is sought under the wider one already found (市)."""
        for name, declared in self.columns.items():
            if declared.refers:
                self._resolve(
                    session, name, declared, [row for row in rows if row.values.get(name) is not None]
                )

    def _resolve(self, session: Session, name: str, declared: Field, rows: list[Row]) -> None:
        target = model_named(declared.refers)
        within = tuple(column for column in declared.within if column in self.columns)
        found = self._candidates(session, target, {str(row.values[name]) for row in rows}, within)
        for row in rows:
            word = str(row.values[name])
            fitting = [key for key, tenants in found.get(word, ()) if self._fits(row, within, tenants)]
            row.values[name] = fitting[0] if len(fitting) == 1 else None
            if not fitting:
                row.refuse(f"{declared.label}“{word}”不存在", declared.label)
            elif len(fitting) > 1:
                row.refuse(f"有多个{declared.label}名为“{word}”,请填写代码", declared.label)

    def _candidates(
        self, session: Session, target: type[Declared], words: set[str], within: tuple[str, ...]
    ) -> dict[str, list[tuple[int, tuple[Any, ...]]]]:
        names = naming_columns(target)
        scope = [getattr(target, column) for column in within]
        found: dict[str, list[tuple[int, tuple[Any, ...]]]] = {}
        for name in names if words else ():
            column = getattr(target, name)
            for key, word, *tenants in session.execute(
                sa.select(target.id, column, *scope).where(column.in_(words))
            ):
                entry = (key, tuple(tenants))
                if entry not in found.setdefault(str(word), []):
                    found[str(word)].append(entry)
        return found

    def _fits(self, row: Row, within: tuple[str, ...], tenants: tuple[Any, ...]) -> bool:
        wanted = tuple(row.values.get(column) for column in within)
        return all(value is None or value == given for value, given in zip(wanted, tenants, strict=True))


def naming_columns(target: type[Declared]) -> list[str]:
    """The columns by which people name a row of the table: its title, its name, and its unique codes."""
    fields = fields_of(target)
    codes = [
        n for n, f in fields.items() if f.has(Mark.UNIQUE) and getattr(f.type, "kind", "") in ("code", "text")
    ]
    titles = [n for n in (target.panel.title, "name") if n in fields and not fields[n].refers]
    return list(dict.fromkeys([*titles, *codes]))
