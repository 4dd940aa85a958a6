"""Exam papers as PDF files: sign-in sheets, desk and door labels, tickets, the matrix of a site (6.4; R94, R95, E109)."""

from __future__ import annotations

from typing import Any

from flask import Response
from flask_appbuilder import BaseView, expose

from app.access.actor import current_actor
from app.access.roles import may
from app.panel.gates import opens
from app.panel.menus import add_entry
from app.services import exam_papers
from app.services.errors import Conflict, NotFound
from app.services.exam_prints import AT_ONCE, MOST
from models.kit import formats
from views.consoles.papers import pdf

# Where a school finds the tickets of its candidates, those who sit at another school's site among them (R95, E101).
add_entry(
    "考试管理/准考证",
    "/console/admission_ticket/",
    "ticket",
    83,
    lambda actor: actor.kind == "school" and may(actor, "admission_ticket", "list"),
)


class ExamPapers(BaseView):
    """`/console/exam_papers/<kind>/<ids>`: ids of room sessions (or tickets) joined by dots, as the buttons make them."""

    route_base = "/console/exam_papers"
    session: Any

    @expose("/sign_in/<keys>")
    @opens("room_session:print_sign_in")
    def sign_in(self, keys: str) -> Response:
        return self._rooms("sign_in", keys)

    @expose("/desk/<keys>")
    @opens("room_session:print_desk")
    def desk(self, keys: str) -> Response:
        return self._rooms("desk", keys)

    @expose("/door/<keys>")
    @opens("room_session:print_door")
    def door(self, keys: str) -> Response:
        return self._rooms("door", keys)

    @expose("/tickets/<keys>")
    @opens("room_session:print_tickets")
    def tickets(self, keys: str) -> Response:
        return self._rooms("tickets", keys)

    @expose("/ticket/<keys>")
    @opens("admission_ticket:print")
    def ticket(self, keys: str) -> Response:
        return pdf(exam_papers.ticket_papers(self.session, _ids(keys)), "准考证")

    @expose("/matrix/<int:plan>/<int:site>")
    @opens("room_session:print_door")
    def matrix(self, plan: int, site: int) -> Response:
        if max(plan, site) >= 2**63:
            raise NotFound()
        return pdf(exam_papers.matrix(self.session, plan, site), "考场编排总表")

    def _rooms(self, kind: str, keys: str) -> Response:
        ids = _ids(keys)
        if sum(row.expected for row in exam_papers.room_sessions(self.session, ids)) > MOST:
            raise Conflict("papers.many", "人数较多,请在列表中勾选后批量下载")
        data = exam_papers.room_papers(self.session, current_actor(), kind, ids)
        if len(ids) > 1:
            return pdf(data, exam_papers.NAMES[kind])
        (row,) = exam_papers.room_sessions(self.session, ids)
        return pdf(data, exam_papers.file_name(kind, row))


def _ids(keys: str) -> list[int]:
    parts = keys.split(".")
    ids = [key for part in parts if (key := formats.row_id(part)) is not None]
    if len(parts) > AT_ONCE or len(ids) < len(parts):
        raise NotFound()
    return ids
