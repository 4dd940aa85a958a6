"""Request and frames over the pipe between the reader and its child process.

The parent unpickles dates and decimals, no other class.
"""

from __future__ import annotations

import io
import pickle
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from app.sheets.guard import SheetInfo
from app.sheets.spec import SheetLimits, SheetSpec

_LENGTH = struct.Struct(">Q")
_LONGEST_FRAME = 1 << 30
_ALLOWED = {
    ("datetime", "date"),
    ("datetime", "datetime"),
    ("datetime", "time"),
    ("datetime", "timedelta"),
    ("decimal", "Decimal"),
}


@dataclass(frozen=True, slots=True)
class Request:
    """What the parent wants. Without a `spec` the cells come as they are (for the error workbook)."""

    path: Path
    info: SheetInfo
    limits: SheetLimits
    spec: SheetSpec | None
    chunk: int
    start_after_row: int = 0


class _Unpickler(pickle.Unpickler):
    """The child handles files of strangers, so what it sends may hold data but name no other class."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"{module}.{name} is not allowed in a frame")
        return super().find_class(module, name)


def send(stream: IO[bytes], frame: Any) -> None:
    content = pickle.dumps(frame, pickle.HIGHEST_PROTOCOL)
    stream.write(_LENGTH.pack(len(content)))
    stream.write(content)
    stream.flush()


def receive(stream: IO[bytes]) -> Any | None:
    """The next frame; None when the child is gone, in the middle of a frame or between two."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    if length > _LONGEST_FRAME:
        return None
    content = stream.read(length)
    if len(content) < length:
        return None
    return _Unpickler(io.BytesIO(content)).load()
