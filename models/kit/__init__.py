"""The vocabulary of declarations. It imports nothing of ours; see docs/architecture.md, "The declaration"."""

from models.kit.base import Base, Declared, complete, declared_models, fields_of, model_named, table_name
from models.kit.choices import Choices, Flow, Move, moves
from models.kit.fields import (
    Field,
    Mark,
    exact,
    field,
    filtered,
    fixed,
    hidden,
    imported,
    indexed,
    listed,
    masked,
    readonly,
    reference,
    searched,
    sortable,
    tabbed,
    unique,
    wide,
)
from models.kit.panel import ALL, Block, Panel
from models.kit.scope import Rule, Scope, add, change, of_own, put, read, write
from models.kit.types import (
    Amount,
    Choice,
    Code,
    Date,
    Email,
    File,
    Flag,
    IdNumber,
    Int,
    Json,
    Mobile,
    Moment,
    Rich,
    State,
    Text,
    Url,
)

__all__ = [
    "ALL", "Amount", "Base", "Block", "Choice", "Choices", "Code", "Date", "Declared", "Email", "Field", "File",
    "Flag", "Flow", "IdNumber", "Int", "Json", "Mark", "Mobile", "Moment", "Move", "Panel", "Rich", "Rule", "Scope",
    "State", "Text", "Url", "add", "change", "complete", "declared_models", "exact", "field", "fields_of", "filtered", "fixed",
    "hidden", "imported", "indexed", "listed", "masked", "model_named", "moves", "of_own", "put", "read", "readonly", "reference",
    "searched", "sortable", "tabbed", "table_name", "unique", "wide", "write",
]
