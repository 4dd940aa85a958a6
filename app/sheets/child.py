"""The child process that opens a stranger's workbook; started as `python -m app.sheets.child`.

calamine builds the whole sheet in memory and aborts the process when it cannot: here that process is this
one, with bounded memory and time, and no right to write files.
"""

from __future__ import annotations

import pickle
import resource
import sys
import traceback
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from typing import IO, Any

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from app.services.errors import DomainError
from app.sheets.rows import RowReader
from app.sheets.spec import SheetLimits
from app.sheets.wire import Request, send


def main(source: IO[bytes], sink: IO[bytes]) -> None:
    """Answer the request with frames: `rows` or `raw`, then `end`; or `refused`, `unreadable`, `bug`."""
    request: Request = pickle.load(source)  # noqa: S301  # from our own parent
    _confine(request.limits)
    try:
        for frame in _answer(request):
            send(sink, frame)
    except DomainError as error:
        send(sink, ("refused", error.code, error.message, error.status))
    except BrokenPipeError:
        sys.exit(0)  # the reader has seen enough
    except (CalamineError, MemoryError, OSError):
        send(sink, ("unreadable",))
    except Exception:  # noqa: BLE001  # our own mistake: the parent raises it with this traceback
        send(sink, ("bug", traceback.format_exc()))


def _confine(limits: SheetLimits) -> None:
    for kind, value in (
        (resource.RLIMIT_AS, limits.max_memory),
        (resource.RLIMIT_CPU, limits.max_seconds),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        with suppress(ValueError, OSError):  # macOS has no limit on address space
            resource.setrlimit(kind, (value, value))


def _answer(request: Request) -> Iterator[tuple[Any, ...]]:
    with CalamineWorkbook.from_path(request.path) as workbook:
        sheet = workbook.get_sheet_by_name(request.info.sheet)
    _check_extent(sheet, request)
    first_column = sheet.start[1] if sheet.start else 0
    if request.spec is None:
        yield from _raw(sheet, first_column, request.chunk)
        yield ("end", {})
        return
    reader = RowReader(request.spec, request.info, request.chunk, request.start_after_row)
    for numbers, rows, errors in reader.frames(sheet.iter_rows(), first_column):
        yield ("rows", numbers, rows, errors)
    yield ("end", reader.report())


def _check_extent(sheet: CalamineSheet, request: Request) -> None:
    """Rows the scan has not seen mean a file made to be read in two ways."""
    end = sheet.end
    if end and (end[0] + 1 > request.info.last_row or end[1] >= request.limits.max_columns):
        raise CalamineError("extent differs from the scan")


def _raw(sheet: CalamineSheet, first_column: int, chunk: int) -> Iterator[tuple[Any, ...]]:
    rows = sheet.iter_rows()
    while batch := list(islice(rows, chunk)):
        yield ("raw", first_column, batch)


if __name__ == "__main__":
    main(sys.stdin.buffer, sys.stdout.buffer)
