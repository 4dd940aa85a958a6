"""Copied columns: one step each (D3)."""

from __future__ import annotations

from models.kit import declared_models, fields_of


def test_no_column_is_copied_through_a_copy() -> None:
    """The triggers of one row run in the order of their names: a copied reference may not be there yet."""
    chains = [
        f"{model.__tablename__}.{name}"
        for model in declared_models()
        for name, declared in fields_of(model).items()
        if declared.copied and fields_of(model)[declared.copied.partition(".")[0]].copied
    ]
    assert chains == []


def test_a_copy_has_the_type_of_its_source() -> None:
    for model in declared_models():
        for name, declared in fields_of(model).items():
            if not declared.copied:
                continue
            reference, _, source = declared.copied.partition(".")
            target = fields_of(model)[reference].refers
            origin = next(fields_of(m)[source] for m in declared_models() if m.__tablename__ == target)
            kinds = [getattr(one.type, "kind", "") for one in (declared, origin)]
            shown = kinds[0] in ("choice", "text") and kinds[1] == "state"  # the flow stays with the source
            assert declared.refers == origin.refers, f"{model.__tablename__}.{name}"
            assert kinds[0] == kinds[1] or shown, f"{model.__tablename__}.{name}"
            if getattr(origin.type, "length", None) and kinds[0] == kinds[1]:
                assert declared.type.length >= origin.type.length, f"{model.__tablename__}.{name}"
