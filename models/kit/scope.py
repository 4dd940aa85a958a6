"""Who may see and write which rows of a table (D2, D3; section 1.5), said once and made into policies and grants.

A `Scope` names, for each kind of actor, one rule or several. A rule is an equality between a column of the row
and the actor's tenant, so the database can use an index for it; it is never a join.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

KINDS: Final = (
    "platform",
    "province",
    "city",
    "school",
    "organisation",
    "candidate",
    "public",
    "auth",
    "job",
)
TENANTS: Final = ("province", "city", "school", "organisation", "candidate")

SELECT, INSERT, UPDATE, DELETE = "select", "insert", "update", "delete"


def of_own(tenant: str, column: str) -> str:
    """For `when`: a column of the actor's own tenant row, `of_own("school", "province_id")`.

    Asked once a statement (an uncorrelated sub-select), so it is as cheap as the tenant itself.
    """
    return f"(select own.{column} from {tenant} own where own.id = (select app_tenant()))"  # noqa: S608


# For `when`: a candidate who sees the whole space, not one school's rows alone (3.5).
WHOLE: Final = "(select app_schools()) is null"


@dataclass(frozen=True)
class Rule:
    """Rows where `column` equals the actor's tenant ("" = every row) and `when` (SQL over the row) holds.

    `columns`: the only ones it may UPDATE (empty = all). `roles`: only these roles of the tenant
    (`principal`), else all. The web layer narrows further by permission; the wall never widens.
    `school`: for candidates, the column with the school of the row: a log-in by a mobile that only one school knows
    sees that school's rows alone (3.5).
    """

    column: str = ""
    may: tuple[str, ...] = (SELECT,)
    columns: tuple[str, ...] = ()
    when: str = ""
    roles: tuple[str, ...] = ()
    school: str = ""


def read(column: str = "", when: str = "", roles: tuple[str, ...] = ()) -> Rule:
    """See rows of one's own (or, without a column, all rows)."""
    return Rule(column, (SELECT,), when=when, roles=roles)


def write(column: str = "", when: str = "", roles: tuple[str, ...] = ()) -> Rule:
    """See, add, change and delete them."""
    return Rule(column, (SELECT, INSERT, UPDATE, DELETE), when=when, roles=roles)


def add(column: str = "", when: str = "") -> Rule:
    """See and add, never change: append-only facts."""
    return Rule(column, (SELECT, INSERT), when=when)


def mine(*may: str, columns: tuple[str, ...] = (), when: str = "") -> Rule:
    """Of a candidate: one's own rows, those of the school by whose mobile one came in, else all (3.5)."""
    return Rule("person_id", (SELECT, *may), columns, when, school="school_id")


def put(when: str = "") -> Rule:
    """Add without seeing: a message to somebody else's inbox. Insert without RETURNING."""
    return Rule("", (INSERT,), when=when)


def change(column: str, *columns: str, when: str = "") -> Rule:
    """See, and change only the named columns: a decision on somebody else's row."""
    return Rule(column, (SELECT, UPDATE), columns=columns, when=when)


@dataclass(frozen=True)
class Scope:
    """The row of section 1.5's matrix for one table. A kind that is not named sees nothing.

    The worker (`job`) may do everything that triggers do not forbid, since it carries out what is due by time.
    """

    platform: Rule | tuple[Rule, ...] = ()
    province: Rule | tuple[Rule, ...] = ()
    city: Rule | tuple[Rule, ...] = ()
    school: Rule | tuple[Rule, ...] = ()
    organisation: Rule | tuple[Rule, ...] = ()
    candidate: Rule | tuple[Rule, ...] = ()
    public: Rule | tuple[Rule, ...] = ()
    auth: Rule | tuple[Rule, ...] = ()
    job: Rule | tuple[Rule, ...] = field(default=Rule("", (SELECT, INSERT, UPDATE, DELETE)))

    def rules(self, kind: str) -> tuple[Rule, ...]:
        rules = getattr(self, kind)
        return rules if isinstance(rules, tuple) else (rules,)

    def kinds(self, verb: str) -> tuple[str, ...]:
        """The kinds of actor that may do `verb` on some row."""
        return tuple(kind for kind in KINDS if any(verb in rule.may for rule in self.rules(kind)))

    def columns(self) -> set[str]:
        """The tenant columns the wall compares: each is indexed."""
        return {rule.column for kind in KINDS for rule in self.rules(kind) if rule.column}
