"""电子证书: the button 下载 answers with the file itself, and leaves a fact (4.14, R128)."""

from __future__ import annotations

from typing import Any

from flask_appbuilder import BaseView, expose
from werkzeug.wrappers import Response

from app.access.actor import current_actor
from app.panel import running
from app.panel.fab import forbid_unless
from app.panel.gates import opens
from app.panel.resolve import resolve
from app.services import certificate_events, files
from app.services.errors import DomainError, NotFound
from models.e_certificates import ECertificate


class CertificateFiles(BaseView):
    """The PDF of a certificate: for those who may download it, not for everybody who may see the row (R23)."""

    route_base = "/console/e_certificate"
    default_view = "file"
    session: Any

    @expose("/action/download", methods=["POST"])
    @opens("e_certificate:download")
    def download(self) -> Response:
        rows = running.chosen(self.session, resolve(ECertificate))
        if len(rows) != 1:
            raise DomainError("one", "请逐张下载;批量下载请由培训评价组织使用“下载电子证书”")
        one = rows[0]
        assert isinstance(one, ECertificate)  # noqa: S101  what `chosen` reads
        certificate_events.download(self.session, current_actor(), [one])
        self.session.commit()
        return self._answer(one)

    @expose("/<int:key>/file/file")
    @opens("e_certificate:list")
    def file(self, key: int) -> Response:
        """Where a script is led after the action. A row that is not there is told before a right that is missing."""
        one = self.session.get(ECertificate, key) if key < 2**63 else None
        if one is None or one.file is None:
            raise NotFound()
        forbid_unless("e_certificate", "download")
        return self._answer(one)

    def _answer(self, one: ECertificate) -> Response:
        return files.respond(self.session, one.file or "", name=f"{one.certificate_number}.pdf")
