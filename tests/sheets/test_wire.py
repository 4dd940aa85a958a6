"""The pipe between the reader and the process that opens strangers' files."""

from __future__ import annotations

import io
import pickle
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from app.sheets import wire


def received(content: bytes) -> object:
    return wire.receive(io.BytesIO(len(content).to_bytes(8, "big") + content))


def test_rows_cross_the_pipe_as_they_are() -> None:
    frame = ("rows", [2], [("张三", 1, Decimal("85.5"), date(2020, 7, 1), datetime(2020, 7, 1, 9), None)], [])
    pipe = io.BytesIO()
    wire.send(pipe, frame)
    pipe.seek(0)
    assert wire.receive(pipe) == frame
    assert wire.receive(pipe) is None


@pytest.mark.parametrize("thing", [Path("/"), print, io.BytesIO, ValueError("x")])
def test_a_frame_that_names_any_other_class_or_function_is_refused(thing: object) -> None:
    with pytest.raises(pickle.UnpicklingError, match="not allowed"):
        received(pickle.dumps(("rows", thing)))


def test_a_child_that_dies_inside_a_frame_reads_as_gone() -> None:
    content = pickle.dumps(("rows",))
    assert wire.receive(io.BytesIO(len(content).to_bytes(8, "big") + content[:-1])) is None
    assert wire.receive(io.BytesIO(b"\x00\x00")) is None
    assert wire.receive(io.BytesIO(b"\xff" * 8)) is None
