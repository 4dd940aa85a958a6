"""The pages before an import's job: download the template, upload the filled-in file (6.1). The job page follows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any
from urllib.parse import quote

from flask import Response, redirect, render_template, request

from app.access.actor import current_actor
from app.panel.doors import Doors, require
from app.panel.lists import crumbs
from app.panel.pages import Crumb, ImportPage, Link
from app.panel.resolve import Resolved
from app.services import imports
from app.services.errors import DomainError, NotFound
from app.services.imports import ALL, GOOD, Importer, importer_named
from app.sheets import template as sheet_template

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
    answer = Response(sheet_template.template(spec, imports.limits()), mimetype=XLSX)
    answer.headers["Content-Disposition"] = (
        f"attachment; filename*=UTF-8''{quote(f'{importer.label}模板.xlsx')}"
    )
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
    here = request.path.rstrip("/")
    own = f"{resolved.url}/template" if importer.name == importer.table else f"{here}/template"
    link = Link("下载模板", own, "download") if importer.sheet is not None else None
    return ImportPage(
        title=f"批量导入{importer.label}" if not importer.label.startswith("批量") else importer.label,
        crumbs=crumbs(resolved, Crumb("批量导入")),
        action=here,
        template=link,
        hints=importer.hints or _hints(importer),
        accept=importer.accept,
        field=FIELD,
        max_bytes=importer.max_bytes(),
        modes=_modes(importer),
        back=f"{resolved.url}/",
        error=error,
    )


def _modes(importer: Importer) -> tuple[tuple[str, str, str], ...]:
    """What may be chosen, the default first."""
    if not importer.may_skip:
        return ()
    return MODES[::-1] if importer.skips else MODES


def _hints(importer: Importer) -> tuple[str, ...]:
    config = imports.limits()
    size = f"只接受 {importer.accept} 文件,不超过{config.max_bytes // 1024**2} MB、{config.max_rows:,}行。"
    return (size, "上传后先检查,不会写入数据;确认后才导入。", "同一文件重复上传不会产生重复数据。")
