"""The data dictionary in docs is what the declarations say now."""

from __future__ import annotations

from models.kit import declared_models
from tools import data_dictionary


def test_the_dictionary_is_current() -> None:
    assert data_dictionary.FILE.read_text(encoding="utf-8") == data_dictionary.text(), (
        "run `python -m tools.data_dictionary` and commit docs/data-dictionary.md"
    )


def test_every_table_and_column_is_in_it() -> None:
    text = data_dictionary.text()
    for model in declared_models():
        assert f'<a id="{model.__tablename__}">' in text
        for column in model.__table__.columns:
            assert "field" not in column.info or f"| `{column.name}` | {column.info['field'].label} |" in text
