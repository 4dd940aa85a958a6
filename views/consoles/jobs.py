"""The page of a job (任务中心, 6.1): progress, the verdict of a dry run, confirmation, result; and special imports."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request
from flask_appbuilder import BaseView, expose, has_access, permission_name
from sqlalchemy.orm import Session

from app.access.actor import current_actor
from app.jobs import queue
from app.panel import importing
from app.panel.doors import Doors, is_partial
from app.panel.menus import stands_under
from app.panel.pages import Crumb, JobPage, Link, Tone
from app.panel.resolve import resolve_table
from app.services import files, imports
from app.services.errors import Conflict, NotFound
from app.services.staging import CHANGED, NEW, REFUSED, UNCHANGED
from models.jobs import Job, JobState
from models.kit import declared_models

LIST = "/console/job/"
_COUNTS: tuple[tuple[str, str, Tone], ...] = (
    (NEW, "新增", "green"),
    (CHANGED, "修改", "blue"),
    (UNCHANGED, "无变化", "grey"),
    (REFUSED, "错误", "red"),
)


stands_under("/console/jobs/", LIST)


class Jobs(BaseView):
    """`/console/jobs/<id>/`: one job of the actor; another's is not there (404)."""

    route_base = "/console/jobs"
    default_view = "show"
    class_permission_name = "job"
    session: Any

    @expose("/<int:key>/")
    @has_access
    @permission_name("list")
    def show(self, key: int) -> Any:
        page = job_page(self._job(key))
        return render_template("panel/job.html", page=page, partial=is_partial("job"))

    @expose("/<int:key>/cancel", methods=["POST"])
    @has_access
    @permission_name("cancel")
    def cancel(self, key: int) -> Any:
        job = self._job(key)
        queue.cancel(self.session, job.id)
        self.session.commit()
        flash("任务已取消,没有写入数据", "success")
        return redirect(_page(key))

    @expose("/<int:key>/confirm", methods=["POST"])
    @has_access
    @permission_name("list")
    def confirm(self, key: int) -> Any:
        """确认导入; `mode=good` takes only the right rows. The importer's own permission is asked by the job again."""
        imports.confirm(self.session, self._job(key), request.args.get("mode"))
        self.session.commit()
        return redirect(_page(key))

    @expose("/<int:key>/result")
    @has_access
    @permission_name("list")
    def result(self, key: int) -> Any:
        job = self._job(key)
        if not job.result:
            raise NotFound("没有结果文件")
        return files.respond(self.session, job.result, name=job.result_name or "")

    def _job(self, key: int) -> Job:
        session: Session = self.session
        job = session.get(Job, key) if key < 2**63 else None
        if job is None:
            raise NotFound()
        return job


class SpecialImports(BaseView):
    """`/console/<table>/import/<name>`: the imports that are more than a table's own columns."""

    route_base = "/console"
    class_permission_name = "job"
    session: Any

    @expose("/<table>/import/<name>", methods=["GET", "POST"])
    @has_access
    @permission_name("list")
    def page(self, table: str, name: str) -> Any:
        return importing.page(self._doors(table, name), name)

    @expose("/<table>/import/<name>/template")
    @has_access
    @permission_name("list")
    def template(self, table: str, name: str) -> Any:
        return importing.template(self._doors(table, name), name)

    @expose("/<table>/import/<name>/worklist", methods=["POST"])
    @has_access
    @permission_name("list")
    def worklist(self, table: str, name: str) -> Any:
        return importing.worklist(self._doors(table, name), name)

    def _doors(self, table: str, name: str) -> Doors:
        known = {model.__tablename__ for model in declared_models()}
        if table not in known or name == table:
            raise NotFound()
        return Doors(resolve_table(table), self.session)


def job_page(job: Job) -> JobPage:
    """What the job shows now, and what its owner can do next."""
    running = job.state in (JobState.WAITING, JobState.RUNNING)
    refused = (job.counts or {}).get(REFUSED, 0)
    return JobPage(
        title=job.title,
        crumbs=[Crumb("首页", "/console/"), Crumb("任务中心", LIST), Crumb(job.title)],
        state=job.state.label,
        tone=job.state.tone,  # type: ignore[arg-type]
        percent=_percent(job),
        counts=_figures(job),
        errors=[(str(number), column, reason) for number, column, reason in job.errors or []],
        errors_total=refused,
        links=_links(job, refused),
        text=" ".join(line for line in (_text(job, refused), _deed(job), *(job.notes or [])) if line),
        polling=running,
        poll_url=_page(job.id),
    )


def _figures(job: Job) -> list[tuple[str, int, Tone]]:
    """What the dry run has counted, in the importer's words where it has its own."""
    counts = job.counts or {}
    if counts and (report := _report(job)):
        return list(report.figures)  # type: ignore[arg-type]
    return [(label, counts[name], tone) for name, label, tone in _COUNTS if name in counts]


def _deed(job: Job) -> str:
    """What confirming will do, in numbers."""
    report = _report(job) if job.state is JobState.READY else None
    return f"确认后:{report.deed}。" if report else ""


def _report(job: Job) -> imports.Report | None:
    importer = _importer(job)
    return (
        importer.report(current_actor(), job.counts or {}, job.carry or {})
        if importer and importer.report
        else None
    )


def _importer(job: Job) -> imports.Importer | None:
    try:
        return imports.importer_named(job.params["table"], job.params["importer"])
    except (KeyError, NotFound, Conflict):
        return None


def _page(key: int) -> str:
    return f"/console/jobs/{key}/"


def _percent(job: Job) -> int:
    if job.state in (JobState.DONE, JobState.READY):
        return 100
    return min(99, 100 * job.done // job.total) if job.total else 0


def _text(job: Job, refused: int) -> str:
    importing = job.task.startswith("import.")
    if job.state is JobState.FAILED:
        return job.error or "任务失败"
    if job.state is JobState.WAITING:
        return "正在排队,可离开此页,稍后在任务中心查看"
    if job.state is JobState.RUNNING:
        return "正在写入数据,请稍候" if job.sealed else f"已处理{job.done}/{job.total or '…'}"
    if job.state is JobState.READY and refused:
        return f"检查完成,尚未写入数据。有{refused}行错误:改正后重新上传,或仅导入正确行。"
    if job.state is JobState.READY:
        return "检查完成,尚未写入数据。请核对后确认导入。"
    if job.state is JobState.DONE and importing and not job.sealed:
        report = _report(job)
        return report.idle if report else "文件内容与现有数据一致,没有需要写入的变化。"
    if job.state is JobState.DONE and importing:
        return "导入完成,数据已写入。"
    return {JobState.DONE: "已完成", JobState.CANCELLED: "已取消,没有写入数据"}.get(job.state, "")


def _links(job: Job, refused: int) -> list[Link]:
    here, links = _page(job.id), []
    if job.state is JobState.READY:
        counts = job.counts or {}
        accepted = counts.get(NEW, 0) + counts.get(CHANGED, 0)
        report, importer = _report(job), _importer(job)
        deed = f"{report.deed}。" if report else ""
        if not refused:
            words = f"确认导入{accepted}行"
            links.append(
                Link(
                    words,
                    f"{here}confirm",
                    "check",
                    "post",
                    deed and f"{deed}确认?",
                    primary=True,
                    name="confirm",
                )
            )
        elif importer is not None and importer.may_skip:
            question = f"{deed}只导入正确的{accepted}行,{refused}行错误的不导入。确认?"
            links.append(
                Link(
                    f"仅导入正确的{accepted}行",
                    f"{here}confirm?mode={imports.GOOD}",
                    "check",
                    "post",
                    question,
                    name="confirm",
                )
            )
    if job.result:
        label = "下载错误明细" if job.task.startswith("import.") else "下载结果"
        links.append(
            Link(label, f"{here}result", "download", primary=job.state is JobState.DONE, name="result")
        )
    if job.state in queue.OPEN and not job.sealed:
        links.append(
            Link("取消", f"{here}cancel", "x", "post", "取消后不会写入任何数据", danger=True, name="cancel")
        )
    if job.link:
        links.append(Link(_back(job), job.link, "arrow-left", primary=not links, name="back"))
    return links


def _back(job: Job) -> str:
    """The list from which an import came, or the page that shows what the job has done."""
    try:
        return f"返回{resolve_table(job.params['table']).name}"
    except KeyError:
        return "查看结果" if job.state is JobState.DONE else "返回"
