"""Papers as PDF files, made when they are asked for (6.4). Each route asks the permission its button asks."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from flask import Response
from flask_appbuilder import BaseView, expose

from app.panel.fab import forbid_unless
from app.panel.gates import opens
from app.services import fee_papers


def pdf(data: bytes, name: str) -> Response:
    """The paper, shown in the browser and never kept by it."""
    answer = Response(data, mimetype="application/pdf")
    answer.headers["Content-Disposition"] = f"inline; filename*=UTF-8''{quote(name)}.pdf"
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


class FeePapers(BaseView):
    """缴费单."""

    route_base = "/console/fee_slip"
    session: Any

    @expose("/<int:key>/print")
    @opens("fee_slip:print")
    def print(self, key: int) -> Response:
        forbid_unless("fee_slip", "print")
        name, data = fee_papers.slip_paper(self.session, key)
        return pdf(data, name)
