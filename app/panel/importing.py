"""The pages before an import's job: download the template, upload the filled-in file (6.1). The job page follows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from flask import Response, redirect, render_template, request

from app.access.actor import current_actor
from app.panel import query
from app.panel.doors import Doors, require
from app.panel.lists import crumbs
from app.panel.pages import Crumb, ImportPage, Link
from app.panel.resolve import Resolved
from app.panel.wish import Wish, read_wish
from app.services import imports
from app.services.errors import DomainError, NotFound
from app.services.imports import ALL, GOOD, Importer, importer_named
from app.sheets import template as sheet_template
from models.kit import clock

_PATH = re.compile(r"/(?:console|desk)/(?P<table>[a-z_]+)/import(?:/(?P<name>[a-z_]+))?")
FIELD = "file"
FORM_BYTES = 64 * 1024
"""What the form may hold beside the file."""

MODES = (
    (ALL, "全部正确才导入", "有一行错误就整个文件不导入"),
    (GOOD, "仅导入正确行", "错误的行列在错误明细中,其余照常导入"),
)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def template(doors: Doors, name: str) -> Response:
    """The workbook to fill in, with this actor's drop-downs."""
    importer = _importer(doors, name)
    spec = importer.spec(doors.session, current_actor())
    return _book(sheet_template.template(spec, imports.limits()), f"{importer.label}模板.xlsx")


def worklist(doors: Doors, name: str) -> Response:
    """The workbook with the rows there are to work on, within the filters of the list; it leaves a trace as every
    export does (R135)."""
    importer, actor = _importer(doors, name), current_actor()
    if importer.filled is None:
        raise NotFound()
    where = query.conditions(doors.resolved, _filters(doors.resolved))
    rows = list(importer.filled(doors.session, actor, where))
    if not rows:
        raise DomainError("worklist.empty", "没有符合条件的待处理数据", status=409)
    data = sheet_template.template(importer.spec(doors.session, actor), imports.limits(), rows)
    note = f"下载{importer.title}({len(rows)}行)"
    doors.session.execute(sa.select(sa.func.panel_note("EXPORT", doors.resolved.table, sa.null(), note)))
    doors.session.commit()
    return _book(data, f"{importer.title}{clock.now():%Y%m%d%H%M}.xlsx")


def _filters(resolved: Resolved) -> Wish:
    """The filters the page was called with, from the list."""
    return Wish(filters=read_wish(resolved, request.args, {}).filters)


def _book(data: bytes, name: str) -> Response:
    answer = Response(data, mimetype=XLSX)
    answer.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
    return answer


def page(doors: Doors, name: str) -> Any:
    """GET the upload page; POST takes the file, refuses what is no workbook, and leads to the job."""
    importer = _importer(doors, name)
    if request.method == "GET":
        return render_template("panel/import.html", page=_page(doors.resolved, importer))
    try:
        job_id = _take(doors, importer)
    except DomainError as error:
        doors.session.rollback()
        refused = _page(doors.resolved, importer, error.message)
        return render_template("panel/import.html", page=refused), error.status
    return redirect(f"/console/jobs/{job_id}/")


def body_limit(path: str) -> int | None:
    """The largest body an upload page takes; None for all other addresses. To be set on the request before anything
    looks at its form, the CSRF check included: werkzeug reads a form only once."""
    found = _PATH.fullmatch(path)
    try:
        importer = importer_named(found["table"], found["name"] or found["table"]) if found else None
    except (NotFound, KeyError):
        return None
    return importer.max_bytes() + FORM_BYTES if importer is not None else None


def _importer(doors: Doors, name: str) -> Importer:
    importer = importer_named(doors.resolved.table, name)
    require(doors.resolved, importer.verb)
    return importer


def _take(doors: Doors, importer: Importer) -> int:
    upload = request.files.get(FIELD)
    if upload is None or not upload.filename:
        raise DomainError("import.no_file", "请选择要上传的文件", FIELD)
    offered = [mode for mode, _, _ in _modes(importer)] or [ALL]
    mode = request.form.get("mode", "") if request.form.get("mode") in offered else offered[0]
    with _kept(upload, importer.accept) as path:
        back = f"{doors.resolved.url}/"
        job = imports.start(doors.session, current_actor(), importer, path, upload.filename, mode, back)
        doors.session.commit()
    return job.id


@contextmanager
def _kept(upload: Any, suffix: str) -> Iterator[Path]:
    """The upload as a file: werkzeug has already written a large one to disk while it came in."""
    with NamedTemporaryFile(prefix="panel-upload-", suffix=suffix) as file:
        upload.save(file)
        file.flush()
        yield Path(file.name)


def _page(resolved: Resolved, importer: Importer, error: str = "") -> ImportPage:
    here, wish = request.path.rstrip("/"), _filters(resolved) if importer.filled else Wish()
    return ImportPage(
        title=importer.title,
        crumbs=crumbs(resolved, Crumb(importer.title if importer.filled else "批量导入")),
        action=wish.address(here),
        template=_download(resolved, importer, wish),
        filled=importer.filled is not None,
        hints=importer.hints or _hints(importer),
        accept=importer.accept,
        field=FIELD,
        max_bytes=importer.max_bytes(),
        modes=_modes(importer),
        back=f"{resolved.url}/",
        error=error,
    )


def _download(resolved: Resolved, importer: Importer, wish: Wish) -> Link | None:
    """What is filled in: an empty template, or what there is to work on."""
    here = request.path.rstrip("/")
    if importer.filled is not None:
        narrowed = "(按列表的筛选)" if wish.filters else ""
        return Link(f"下载待处理的数据{narrowed}", wish.address(f"{here}/worklist"), "download", "post")
    own = f"{resolved.url}/template" if importer.name == importer.table else f"{here}/template"
    return Link("下载模板", own, "download") if importer.sheet is not None else None


def _modes(importer: Importer) -> tuple[tuple[str, str, str], ...]:
    """What may be chosen, the default first."""
    if not importer.may_skip:
        return ()
    return MODES[::-1] if importer.skips else MODES


def _hints(importer: Importer) -> tuple[str, ...]:
    config = imports.limits()
    size = f"只接受 {importer.accept} 文件,不超过{config.max_bytes // 1024**2} MB、{config.max_rows:,}行。"
    return (size, "上传后先检查,不会写入数据;确认后才导入。", "同一文件重复上传不会产生重复数据。")
