"""登记考勤: everybody of a room on one page, present unless said otherwise (R96)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import flash, redirect, render_template, request
from flask_appbuilder import BaseView, expose
from sqlalchemy.orm import Session

from app.panel.gates import opens
from app.panel.pages import Cell, Crumb, DetailPage
from app.services import attendance
from app.services.errors import Conflict, NotFound
from app.services.exam_papers import span
from models.registrations import Attendance
from models.scheduling import RoomSession


@dataclass(frozen=True)
class SeatRow:
    """One candidate: what is shown, and what is ticked."""

    id: int
    number: int
    name: str
    id_masked: str
    ticket: str
    school: str
    mark: str


@dataclass
class AttendancePage(DetailPage):
    seats: Sequence[SeatRow] = field(default_factory=list)
    marks: Sequence[tuple[str, str]] = tuple((mark.value, mark.label) for mark in attendance.MARKS)
    action: str = ""
    back: str = ""


class Attendances(BaseView):
    """`/console/room_session/<id>/attendance`."""

    route_base = "/console/room_session"
    session: Session

    @expose("/<int:key>/attendance", methods=["GET", "POST"])
    @opens("room_session:attendance")
    def attendance(self, key: int) -> Any:
        row = self.session.get(RoomSession, key) if key < 2**63 else None
        if row is None:
            raise NotFound()
        if not attendance.is_open(row):
            raise Conflict("attendance.early", "考试开始后才能登记考勤")
        if request.method == "POST":
            attendance.record(self.session, row, _marks())
            self.session.commit()
            flash(f"考勤已登记:应考{row.expected}人,实考{row.attended}人,缺考{row.absent}人", "success")
            return redirect(f"/console/room_session/{key}")
        return render_template("scheduling/attendance.html", page=self._page(row))

    def _page(self, row: RoomSession) -> AttendancePage:
        here = f"/console/room_session/{row.id}"
        done = row.recorded_at is not None
        return AttendancePage(
            title="登记考勤",
            crumbs=[
                Crumb("首页", "/console/"), Crumb("考试管理"), Crumb("考场编排", "/console/room_session/"),
                Crumb(row.room_name, here), Crumb("登记考勤"),
            ],
            hint="默认全部实考,只需改动缺考和违纪的考生;违纪计入实考人数",
            heading=row.room_name,
            state=Cell("已登记" if done else "未登记", "state", "green" if done else "amber"),
            facts=[
                ("考核站点", Cell(row.site_name)),
                ("考试时间", Cell(span(row.starts_at, row.ends_at))),
                ("应考", Cell(str(row.expected))),
                ("实考", Cell("" if row.attended is None else str(row.attended))),
                ("缺考", Cell("" if row.absent is None else str(row.absent))),
            ],
            seats=[
                SeatRow(
                    seat.id, seat.seat_number, seat.candidate_name, seat.id_masked, seat.ticket_number, seat.school_name,
                    (Attendance.PRESENT if seat.attendance is Attendance.UNKNOWN else seat.attendance).value,
                )
                for seat in attendance.seats_of(self.session, row)
            ],
            action=f"{here}/attendance",
            back=here,
        )  # fmt: skip


def _marks() -> dict[int, Attendance]:
    """seat-<id>=PRESENT, as the radio buttons say it; anything else makes the list incomplete."""
    known = {mark.value: mark for mark in attendance.MARKS}
    found = {}
    for name, value in request.form.items():
        key = name.removeprefix("seat-")
        if (
            name.startswith("seat-")
            and key.isascii()
            and key.isdecimal()
            and len(key) < 19
            and value in known
        ):
            found[int(key)] = known[value]
    return found
