"""The print buttons of exam papers: at once for a few people, as a job with a zip for many (6.3, 6.4; R94, R95)."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.jobs import queue
from app.jobs.registry import task
from app.jobs.running import Run
from app.services import exam_papers, files
from app.services.actions import Outcome, action
from models.kit import clock
from models.registrations import AdmissionTicket
from models.scheduling import RoomSession, SeatAssignment

AT_ONCE = 120
"""People whose papers are made while one waits; more become a job."""
MOST = 400
"""A single room so large that its papers are not made in a request at all."""
_TICKETS_A_FILE = 200


def _published(row: RoomSession) -> bool:
    return row.schedule_published_at is not None


def _room_button(kind: str, icon: str, order: int) -> None:
    label = exam_papers.NAMES[kind]

    @action(
        RoomSession,
        f"print_{kind}",
        label,
        icon=icon,
        order=order,
        when=_published,
        page=f"/console/exam_papers/{kind}/{{id}}",
        confirm=f"下载{{n}}个考场场次的{label};人数较多时在任务中心生成压缩包",
    )
    def run(session: Session, actor: Actor, rows: Sequence[RoomSession]) -> Outcome:
        return print_rooms(session, actor, kind, rows)


for _kind, _icon, _order in (
    ("sign_in", "clipboard-list", 60), ("desk", "id-badge-2", 61), ("door", "door", 62), ("tickets", "ticket", 63)
):  # fmt: skip
    _room_button(_kind, _icon, _order)


def print_rooms(session: Session, actor: Actor, kind: str, rows: Sequence[RoomSession]) -> Outcome:
    """The papers of the chosen room sessions: an address to open, or the job that makes them."""
    ids = [row.id for row in exam_papers.room_sessions(session, [row.id for row in rows])]
    if sum(row.expected for row in rows) <= AT_ONCE:
        wanted = ".".join(str(key) for key in ids)
        return Outcome(f"已生成{exam_papers.NAMES[kind]}", f"/console/exam_papers/{kind}/{wanted}")
    return _start(session, actor, kind, ids, f"room_session:print_{kind}", "/console/room_session/")


@action(
    AdmissionTicket,
    "print",
    "打印准考证",
    icon="printer",
    order=60,
    when=lambda ticket: ticket.scheduled,
    page="/console/exam_papers/ticket/{id}",
    confirm="下载{n}张准考证;人数较多时在任务中心生成压缩包",
)
def _print_tickets(session: Session, actor: Actor, rows: Sequence[AdmissionTicket]) -> Outcome:
    ids = [row.id for row in rows]
    if len(ids) <= AT_ONCE:
        wanted = ".".join(str(key) for key in ids)
        return Outcome("已生成准考证", f"/console/exam_papers/ticket/{wanted}")
    return _start(session, actor, "ticket", ids, "admission_ticket:print", "/console/admission_ticket/")


def _start(session: Session, actor: Actor, kind: str, ids: list[int], permission: str, link: str) -> Outcome:
    label = exam_papers.NAMES.get(kind, "准考证")
    job = queue.enqueue(
        session,
        actor,
        f"生成{label}",
        "papers.make",
        {"kind": kind, "ids": ids},
        permission=permission,
        link=link,
    )
    return Outcome(f"人数较多,正在后台生成{label}", f"/console/jobs/{job.id}/")


@task("papers.make")
def _make(run: Run) -> None:
    """One PDF a room session (or 200 tickets) into a zip; begun again from the start if the worker was killed."""
    kind, ids = str(run.params["kind"]), [int(key) for key in run.params["ids"]]
    step = _TICKETS_A_FILE if kind == "ticket" else 1
    parts = [ids[start : start + step] for start in range(0, len(ids), step)]
    with TemporaryDirectory(prefix="papers-") as folder:
        path = Path(folder) / "papers.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as book:  # PDF is compressed already
            for number, part in enumerate(parts, 1):
                with run.chunk() as session:
                    made = _part(session, run.actor, kind, part, number)
                    run.record(session, done=min(number * step, len(ids)), total=len(ids))
                if made is not None:
                    book.writestr(zipfile.ZipInfo(made[0], _stamp()), made[1])
        title = f"{exam_papers.NAMES.get(kind, '准考证')}.zip"
        with run.chunk() as session:
            run.finish(session, result=files.keep(session, run.actor, title, "zip", path), result_name=title)


def _part(session: Session, actor: Actor, kind: str, ids: list[int], number: int) -> tuple[str, bytes] | None:
    if kind == "ticket":
        return f"准考证_{number:03d}.pdf", exam_papers.ticket_papers(session, ids)
    (row,) = exam_papers.room_sessions(session, ids)
    if kind == "tickets" and not _own_people(session, actor, row):
        return None  # a room of guests alone
    name = f"{number:03d}_{exam_papers.file_name(kind, row)}.pdf".replace("/", "-")
    return name, exam_papers.room_papers(session, actor, kind, ids)


def _own_people(session: Session, actor: Actor, row: RoomSession) -> bool:
    own = [SeatAssignment.school_id == actor.tenant] if actor.kind == "school" else []
    seats = sa.select(SeatAssignment.id).where(SeatAssignment.room_session_id == row.id, *own)
    return session.scalar(seats.limit(1)) is not None


def _stamp() -> Any:
    return clock.now().timetuple()[:6]
