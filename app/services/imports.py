"""The import pipeline (6.1): upload → dry run in chunks into a staging table → confirm → apply in one transaction.

An `Importer` says what one kind of upload means; this module carries it out so that whoever kills the worker at
any point finds either nothing or everything applied, and the report of a run that was interrupted equals that of
one that was not (E140). The same file twice changes nothing the second time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.roles import may
from app.gateways import storage
from app.jobs import queue
from app.jobs.registry import periodic, task
from app.jobs.running import Run
from app.services import files
from app.services.actions import page_link
from app.services.errors import Conflict, DomainError, NotFound, Refused
from app.services.staging import CHANGED, NEW, REFUSED, Row, Seen, Staged, keep_rows, refused_rows, seen_keys
from app.sheets import errors_book, export, guard, reader
from app.sheets.spec import ReadReport, SheetLimits, SheetSpec
from app.sheets.template import Given
from config import settings
from models.jobs import Job, JobState, StoredFile
from models.kit import clock, formats, model_named

ALL, GOOD = "all", "good"
"""Modes: the whole file or nothing; or what is right (仅导入正确行)."""

SHOWN_ERRORS = 50
STALE = "数据在检查之后发生了变化,未写入任何数据,请重新上传检查"
DAYS_TO_CONFIRM = 3


@dataclass
class Context:
    """What the chunks of one upload share. `carry` is kept with each chunk, so it survives a killed worker
    (what earlier rows of the file have used up of a quota); it holds JSON."""

    params: dict[str, Any]
    carry: dict[str, Any]


@dataclass(frozen=True)
class Report:
    """What the page of a dry run says of it, where 新增、修改、无变化 are not the words: what was counted, what confirming
    will do in numbers, and what there is to say where it would do nothing."""

    figures: Sequence[tuple[str, int, str]]  # (label, number, tone)
    deed: str
    idle: str


Cleaners = Mapping[str, Callable[[Any], Any]]
Reader = Callable[[Path, int], Iterator[list[Row]]]
"""(file, number of the last row already kept) → chunks of later rows; numbers rise."""


@dataclass(frozen=True)
class Importer:
    """One kind of upload. Without `sheet`, `read` gives the rows of another kind of file.

    Each chunk passes three stations. `clean` maps columns to functions that normalise a filled cell or raise
    FormatError (or makes such a mapping for each chunk, where it depends on the day); then rows that agree in all
    `key` columns are refused from the second on (E52); then `check(session, actor, rows, context)` looks at the
    rows still good, set-wise, and calls `row.refuse(…)`, `row.unchanged()` or `row.change(id)`.
    `apply(session, actor, staged)` writes all accepted rows in the caller's one transaction; where the data have
    moved on since the check it raises, and nothing is written.

    `personal` columns (name → kind of number, as `cipher` knows it) are encrypted while they wait.

    With `filled` its workbook comes with the rows there are to work on, `filled(session, actor, where)`, instead of
    empty: those within the filters of the list. `report(actor, counts, carry)` puts the dry run into words of its own.
    """

    table: str
    name: str
    label: str
    check: Callable[[Session, Actor, list[Row], Context], None]
    apply: Callable[[Session, Actor, Staged], None]
    sheet: SheetSpec | Callable[[Session, Actor], SheetSpec] | None = None
    read: Reader | None = None
    count: Callable[[Path], int] | None = (
        None  # with `read`: how many rows there will be, for the progress bar
    )
    shown: tuple[tuple[str, str], ...] = ()  # with `read`: (column, label) of the error workbook
    dropped: tuple[str, ...] = ()  # with `read`: columns the check needs and nothing after it
    clean: Cleaners | Callable[[], Cleaners] = field(default_factory=dict)
    key: tuple[str, ...] = ()
    also: tuple[tuple[str, ...], ...] = ()  # further sets of columns in which no two rows may agree
    personal: Mapping[str, str] = field(default_factory=dict)
    verb: str = "import"
    accept: str = ".xlsx"
    guard: Callable[[Path], None] | None = None
    max_bytes: Callable[[], int] = lambda: settings().upload_xlsx_bytes
    may_skip: bool = True  # whether 仅导入正确行 is offered
    skips: bool = False  # whether it is what happens unless the other is chosen (R77, E88)
    hints: tuple[str, ...] = ()
    filled: Callable[[Session, Actor, Sequence[Any]], Given] | None = None
    report: Callable[[Actor, Mapping[str, int], Mapping[str, Any]], Report] | None = None

    @property
    def title(self) -> str:
        """What its button and its page are called."""
        return self.label if self.label.startswith("批量") else f"批量导入{self.label}"

    def spec(self, session: Session, actor: Actor) -> SheetSpec:
        """The sheet, for this actor (drop-downs may come from its rows)."""
        if self.sheet is None:
            raise NotFound("该导入没有模板")
        return self.sheet if isinstance(self.sheet, SheetSpec) else self.sheet(session, actor)

    @property
    def keys(self) -> tuple[tuple[str, ...], ...]:
        """Every set of columns in which two rows of a file must differ."""
        return (self.key, *self.also) if self.key else self.also

    @property
    def permission(self) -> str:
        return f"{self.table}:{self.verb}"


_importers: dict[tuple[str, str], Importer] = {}


def register(importer: Importer) -> Importer:
    """Make it reachable at `/console/<table>/import/<name>`, with a button for those who have its permission; named
    like its table it replaces the derived one."""
    _importers[importer.table, importer.name] = importer
    if importer.name != importer.table:  # the table's own has its button from the panel
        address = f"/console/{importer.table}/import/{importer.name}"
        page_link(
            model_named(importer.table),
            importer.verb,
            importer.title,
            address,
            on="list",
            icon="upload",
            order=20,
        )
    return importer


def importer_named(table: str, name: str) -> Importer:
    """The registered importer, or the one derived from the table's declaration."""
    if (table, name) in _importers:
        return _importers[table, name]
    if name != table:
        raise NotFound()
    from app.services.imports_derived import derived  # it builds on this module

    return _importers.setdefault((table, name), derived(table))


def is_imported(table: str) -> bool:
    """Whether the table has an import of its own, beside those derived from imported columns."""
    return (table, table) in _importers


def importers_of(table: str) -> list[Importer]:
    """The special importers of a table, in order of registration."""
    return [found for (owner, name), found in _importers.items() if owner == table and name != table]


def limits() -> SheetLimits:
    """How large a workbook may be (E139), from the settings."""
    config = settings()
    return SheetLimits(
        max_bytes=config.upload_xlsx_bytes,
        max_rows=config.upload_xlsx_rows,
        max_expanded=config.upload_xlsx_expanded_bytes,
        max_entries=config.upload_xlsx_entries,
        max_memory=config.sheet_reader_memory_bytes,
    )


# Steps of the person who imports


def start(
    session: Session,
    actor: Actor,
    importer: Importer,
    path: Path,
    name: str,
    mode: str = ALL,
    link: str = "",
    **params: Any,
) -> Job:
    """Take an upload: refuse at once what no reader should open, else store it and queue the dry run. `link` is
    where the job's page leads back to, `params` what the importer's check is told beside the rows."""
    table, _, verb = importer.permission.partition(":")
    if not may(actor, table, verb):
        raise Refused("import.permission", "没有权限进行此操作")
    if importer.guard is not None:
        importer.guard(path)
    else:
        guard.check_container(path, limits())
    key = files.keep(session, actor, name, importer.accept.lstrip("."), path)
    kept = {"table": importer.table, "importer": importer.name, "file": key, "name": name[-100:]}
    return queue.enqueue(
        session,
        actor,
        importer.title.replace("批量导入", "导入", 1),
        "import.check",
        {**params, **kept, "mode": mode if importer.may_skip else ALL},
        permission=importer.permission,
        link=link or f"/console/{importer.table}/",
    )


def confirm(session: Session, job: Job, mode: str | None = None) -> None:
    """Apply what the dry run accepted. A file with refused rows is applied only in the mode 仅导入正确行."""
    if job.state is not JobState.READY or "importer" not in job.params:
        raise Conflict("job.not_ready", "该任务已确认或已结束,请刷新页面")
    mode = mode or job.params.get("mode", ALL)
    refused = (job.counts or {}).get(REFUSED, 0)
    if refused and (mode != GOOD or not importer_named(job.params["table"], job.params["importer"]).may_skip):
        raise Conflict("import.refused_rows", f"有{refused}行不能导入,请改正后重新上传,或选择“仅导入正确行”")
    queue.requeue(session, job.id, "import.apply", {**job.params, "mode": mode})


# The dry run


# A chunk that a power cut takes back is read again: cursor and rows go together, so nobody need wait for the disk.
_NOT_URGENT = sa.text("set local synchronous_commit = off")


@task("import.check")
def _check(run: Run) -> None:
    importer = importer_named(run.params["table"], run.params["importer"])
    context = Context(run.params, run.carry)
    with fetched(run.params["file"]) as path:
        source = _Source(importer, path, run)
        seen: Seen = {}
        if importer.keys and run.cursor:
            with run.chunk() as session:
                seen = seen_keys(session, run.job_id, importer)
        for rows in source:
            _clean(importer, rows, source.labels)
            _refuse_repeated(importer, rows, seen)
            with run.chunk() as session:
                session.execute(_NOT_URGENT)
                importer.check(session, run.actor, [row for row in rows if row.outcome != REFUSED], context)
                keep_rows(session, run.job_id, run.actor, importer, rows)
                run.record(
                    session,
                    cursor=rows[-1].number,
                    done=run.done + len(rows),
                    counts=_counted(run.counts, rows),
                    errors=_first_errors(run.errors, rows),
                    carry=context.carry,
                )
        _conclude(run, importer, source)


class _Source:
    """The rows of the upload behind the last chunk kept; the sheet's own notes once all have been taken."""

    def __init__(self, importer: Importer, path: Path, run: Run) -> None:
        self.importer, self.path, self.run = importer, path, run
        self.report = ReadReport()
        self.sheet: SheetSpec | None = None
        if importer.read is None:
            with run.chunk() as session:
                self.sheet = importer.spec(session, run.actor)
            self.info = guard.check_workbook(path, limits())
            run.progress(run.done, max(self.info.data_rows, run.done))
        elif importer.count is not None:
            run.progress(run.done, importer.count(path))
        self.labels = dict(importer.shown) or {
            c.name: c.label for c in (self.sheet.columns if self.sheet else ())
        }

    def __iter__(self) -> Iterator[list[Row]]:
        if self.importer.read is not None:
            yield from self.importer.read(self.path, self.run.cursor)
        elif self.sheet is not None:
            yield from self._sheet_rows(self.sheet)

    def _sheet_rows(self, sheet: SheetSpec) -> Iterator[list[Row]]:
        names = tuple(column.name for column in sheet.columns)
        chunks = reader.read_chunks(
            self.path,
            sheet,
            chunk=settings().import_chunk_rows,
            limits=limits(),
            info=self.info,
            start_after_row=self.run.cursor,
            report=self.report,
        )
        for chunk in chunks:
            rows = [
                Row(n, dict(zip(names, c, strict=True)))
                for n, c in zip(chunk.numbers, chunk.cells, strict=True)
            ]
            if chunk.errors:
                for row in rows:
                    for error in chunk.errors.get(row.number, ()):
                        row.refuse(error.message, error.label)
            yield rows


def _clean(importer: Importer, rows: list[Row], labels: Mapping[str, str]) -> None:
    cleaners = importer.clean() if callable(importer.clean) else importer.clean
    for name, normalise in cleaners.items():
        known: dict[Any, Any] = {}  # years, majors and names repeat
        for row in rows:
            value = row.values.get(name)
            if value is None:
                continue
            if value in known:
                row.values[name] = known[value]
                continue
            try:
                row.values[name] = known[value] = normalise(value)
            except formats.FormatError as error:
                row.refuse(error.message, labels.get(name, ""))
                row.values[name] = None


def _refuse_repeated(importer: Importer, rows: list[Row], seen: Seen) -> None:
    """E52: the first row of a key stands, whether it is right or wrong; later ones point to it."""
    for names in importer.keys:
        known = seen.setdefault(names, {})
        for row in rows:
            key = row.key(names)
            if key is None:
                continue
            first = known.setdefault(key, row.number)
            if first != row.number and not row.repeats:
                row.repeats = first
                row.refuse(f"与第{first}行重复")


def _counted(counts: Mapping[str, int], rows: Iterable[Row]) -> dict[str, int]:
    total = dict(counts)
    for row in rows:
        total[row.outcome] = total.get(row.outcome, 0) + 1
    return total


def _first_errors(errors: list[list[Any]], rows: Iterable[Row]) -> list[list[Any]]:
    room = SHOWN_ERRORS - len(errors)
    if room <= 0:
        return errors
    wrong = (row for row in rows if row.outcome == REFUSED)
    return errors + [[row.number, row.column, row.reason] for row, _ in zip(wrong, range(room), strict=False)]


def _conclude(run: Run, importer: Importer, source: _Source) -> None:
    """The report: an error workbook where rows were refused, then the owner's word, or the end."""
    counts = run.counts
    refused, accepted = counts.get(REFUSED, 0), counts.get(NEW, 0) + counts.get(CHANGED, 0)
    values: dict[str, Any] = {"notes": source.report.notes, "total": run.done}
    with TemporaryDirectory() as folder:
        book = Path(folder) / "errors.xlsx"
        if refused:
            with run.chunk() as session:
                reasons = refused_rows(session, run.job_id, importer)
            _write_errors(importer, source, reasons, book)
        with run.chunk() as session:
            if refused:
                title = f"{importer.label}错误明细.xlsx"
                values |= {
                    "result": files.keep(session, run.actor, title, "xlsx", book),
                    "result_name": title,
                }
            if accepted:
                run.finish(session, JobState.READY, **values)
            elif refused:
                message = f"{refused}行都不能导入,未写入任何数据,请按错误明细改正后重新上传"
                run.finish(session, JobState.FAILED, error=message, **values)
            else:
                run.finish(session, JobState.DONE, **values)


def _write_errors(importer: Importer, source: _Source, reasons: list[Row], out: Path) -> None:
    if source.sheet is not None:
        texts = {row.number: row.reason for row in reasons}
        errors_book.annotate(source.path, source.sheet, texts, out, limits=limits())
        return
    columns: list[tuple[str, Any]] = [*((label, "text") for _, label in importer.shown), ("错误原因", "text")]
    lines = ([*(row.values.get(name) for name, _ in importer.shown), row.reason] for row in reasons)
    export.export(columns, lines, out)


# Applying


@task("import.apply")
def _apply(run: Run) -> None:
    importer = importer_named(run.params["table"], run.params["importer"])
    run.seal()
    with run.chunk() as session:
        kinds = {}
        if importer.sheet is not None:
            kinds = {column.name: column.kind for column in importer.spec(session, run.actor).columns}
        staged = Staged(session, run.job_id, importer.personal, kinds, run.params, run.carry, run.counts)
        try:
            importer.apply(session, run.actor, staged)
            session.flush()
        except IntegrityError as error:
            raise _refusal(error) from error
        run.finish(session, notes=[*run.notes, *staged.notes])


def _refusal(error: IntegrityError) -> DomainError:
    """What the database refused although the dry run had accepted it: somebody was faster, or a row is locked."""
    diagnosis = getattr(error.orig, "diag", None)
    if diagnosis is not None and diagnosis.constraint_name == "panel_frozen":
        return Conflict("panel_frozen", diagnosis.message_primary or STALE)
    return Conflict("import.stale", STALE)


def expect(written: int, wanted: int) -> None:
    """For `apply`: as many rows written as were accepted, or nothing at all."""
    if written != wanted:
        raise Conflict("import.stale", STALE)


# Files


@contextmanager
def fetched(key: str) -> Iterator[Path]:
    """The stored upload as a file of this machine."""
    with TemporaryDirectory(prefix="panel-import-") as folder:
        path = Path(folder) / f"upload.{key.rpartition('.')[2]}"
        with path.open("wb") as out:
            for piece in storage.stream(key):
                out.write(piece)
        yield path


@periodic("imports.tidy", "17 * * * *")
def tidy(session: Session) -> int:
    """Uploads hold personal numbers: they go when their job has ended, and unconfirmed jobs end after some days."""
    old = clock.now() - timedelta(days=DAYS_TO_CONFIRM)
    late = sa.select(Job.id).where(Job.state == JobState.READY, Job.updated_at < old)
    for job_id in session.scalars(late).all():
        queue.cancel(session, job_id)
    hour_ago = clock.now() - timedelta(hours=1)
    done = (Job.task.like("import.%"), Job.finished_at < hour_ago, sa.func.jsonb_exists(Job.params, "file"))
    ended = session.execute(
        sa.select(Job.id, Job.params).where(*done).with_for_update(skip_locked=True)
    ).all()
    for job_id, params in ended:
        storage.delete(params["file"])
        session.execute(sa.delete(StoredFile).where(StoredFile.key == params["file"]))
        rest = {name: value for name, value in params.items() if name != "file"}
        session.execute(sa.update(Job).where(Job.id == job_id).values(params=rest))
    return len(ended)
