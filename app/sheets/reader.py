"""Excel rows in (6.1): the guard first, then calamine in a child process that may die alone.

Memory here stays at one chunk; the child converts the next one while the caller stores this one.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import fields
from pathlib import Path
from typing import IO, Any

from app.services.errors import DomainError
from app.sheets import wire
from app.sheets.guard import SheetInfo, check_workbook
from app.sheets.scan import damaged
from app.sheets.spec import CellError, ReadReport, SheetChunk, SheetLimits, SheetRow, SheetSpec
from app.sheets.values import Cell
from app.sheets.wire import Request

_ROOT = Path(__file__).resolve().parents[2]
_NO_ERRORS: tuple[CellError, ...] = ()


def read_rows(
    path: Path,
    spec: SheetSpec,
    *,
    chunk: int = 2000,
    limits: SheetLimits | None = None,
    info: SheetInfo | None = None,
    start_after_row: int = 0,
    report: ReadReport | None = None,
) -> Iterator[list[SheetRow]]:
    """Checked rows in file order, `chunk` at a time. Arguments as in `read_chunks`."""
    names = tuple(column.name for column in spec.columns)
    chunks = read_chunks(
        path, spec, chunk=chunk, limits=limits, info=info, start_after_row=start_after_row, report=report
    )
    return (_as_rows(names, part) for part in chunks)


def _as_rows(names: tuple[str, ...], part: SheetChunk) -> list[SheetRow]:
    errors = part.errors
    return [
        SheetRow(number, names, cells, errors.get(number, _NO_ERRORS))
        for number, cells in zip(part.numbers, part.cells, strict=True)
    ]


def read_chunks(
    path: Path,
    spec: SheetSpec,
    *,
    chunk: int = 2000,
    limits: SheetLimits | None = None,
    info: SheetInfo | None = None,
    start_after_row: int = 0,
    report: ReadReport | None = None,
) -> Iterator[SheetChunk]:
    """The same as plain tuples. Refuses the file at once; rows are read as they are taken.

    `info` saves a second pass where `check_workbook` has already run. After an interruption `start_after_row`
    takes up behind the last stored row (E140): earlier rows are not given again but still count as seen for
    `unique`, so the outcome equals that of an uninterrupted run. `report` is filled with the last chunk.
    """
    bounds = limits or SheetLimits()
    known = info or check_workbook(path, bounds)
    request = Request(path.resolve(), known, bounds, spec, chunk, start_after_row)
    return _chunks(request, report)


def read_raw(path: Path, *, limits: SheetLimits | None = None) -> Iterator[tuple[int, list[Cell]]]:
    """Every row of the first sheet from row 1 on, as it is; cells begin at column A."""
    bounds = limits or SheetLimits()
    request = Request(path.resolve(), check_workbook(path, bounds), bounds, None, 2000)
    return _raw_rows(request)


def _chunks(request: Request, report: ReadReport | None) -> Generator[SheetChunk, None, None]:
    with _frames(request) as frames:
        for frame in frames:
            if frame[0] == "rows":
                _, numbers, cells, errors = frame
                yield SheetChunk(
                    numbers,
                    cells,
                    {number: tuple(CellError(*error) for error in found) for number, found in errors},
                )
            elif report is not None:
                for name in fields(report):
                    setattr(report, name.name, frame[1][name.name])


def _raw_rows(request: Request) -> Generator[tuple[int, list[Cell]], None, None]:
    number = 0
    with _frames(request) as frames:
        for frame in frames:
            if frame[0] == "raw":
                _, first_column, rows = frame
                for row in rows:
                    number += 1
                    yield number, [""] * first_column + row


@contextmanager
def _frames(request: Request) -> Iterator[Iterator[Any]]:
    """Start the child, hand out its frames, and leave no child behind whatever happens."""
    child = subprocess.Popen(
        [sys.executable, "-m", "app.sheets.child"],
        cwd=_ROOT,
        # no settings, no database password; the interpreter finds its packages by its own place
        env={"PATH": os.defpath, "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    if child.stdin is None or child.stdout is None:
        raise RuntimeError("the pipes to the sheet reader are missing")
    try:
        with suppress(BrokenPipeError):  # a child that died at once shows as missing frames
            pickle.dump(request, child.stdin, pickle.HIGHEST_PROTOCOL)
            child.stdin.close()
        yield _until_end(child.stdout)
    finally:
        child.kill()
        child.stdout.close()
        child.wait()


def _until_end(stream: IO[bytes]) -> Iterator[Any]:
    while True:
        frame = wire.receive(stream)
        if frame is None or frame[0] == "unreadable":
            raise damaged()
        if frame[0] == "refused":
            raise DomainError(frame[1], frame[2], status=frame[3])
        if frame[0] == "bug":
            raise RuntimeError(f"the sheet reader failed:\n{frame[1]}")
        yield frame
        if frame[0] == "end":
            return
