"""更正 and 补办 as a candidate asks for them: the generated form over one's own certificate (4.14, 7.3)."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, request
from flask_appbuilder import BaseView, expose

from app.access.actor import Actor, current_actor
from app.panel import saving
from app.panel.forms import PanelForm, choices, form_class
from app.panel.gates import opens
from app.panel.pages import Crumb, FormPage
from app.panel.resolve import resolve
from app.panel.uploads import kept_uploads, posted
from app.services import space
from app.services.errors import DomainError
from models.e_certificates import CorrectionKind, CorrectionRequest, ECertificate
from views.space.space import draw_page

KINDS = (CorrectionKind.REISSUE, CorrectionKind.CORRECTION)
ABOUT = ("e_certificate_id", "candidate_id")


class SpaceWishes(BaseView):
    """One wish a form; who decides stands in `services/corrections.py`."""

    route_base = "/space/certificates"
    default_view = "ask"
    session: Any

    @expose("/<int:key>/request", methods=["GET", "POST"])
    @opens("space:open")
    def ask(self, key: int) -> Any:
        actor, one, status = current_actor(), space.certificate(self.session, key), 200
        form = self._form()
        if request.method == "POST":
            status = 422
            if form.validate():
                try:
                    self._save(actor, form, one)
                    flash("申请已提交,可在“复核与更正”查看进度", "success")
                    return redirect("/space/requests/")
                except DomainError as refusal:
                    self.session.rollback()
                    form.blame(refusal)
                    status = refusal.status
        resolved = resolve(CorrectionRequest)
        sections: dict[str, list[str]] = {}
        for name in resolved.form(adding=True):
            if name not in ABOUT:
                sections.setdefault(resolved.section(name), []).append(name)
        page = FormPage(
            title="申请更正或补办",
            crumbs=[Crumb("我的证书", "/space/certificates/"), Crumb("申请更正或补办")],
            hint=f"证书编号 {one.certificate_number};更正由院校、培训评价组织和平台依次处理,补办由培训评价组织处理",
            form=form,
            sections=list(sections.items()),
            action=request.path,
            back="/space/certificates/",
            submit="提交申请",
            multipart=True,
        )
        return draw_page("panel/form.html", page, frame="space/shell.html"), status

    def _form(self) -> PanelForm:
        made = form_class(resolve(CorrectionRequest), self.session, adding=True, omit=ABOUT)
        form = made(posted() if request.method == "POST" else None)
        form._fields["kind"].choices = choices([(kind.value, kind.label) for kind in KINDS])
        return form

    def _save(self, actor: Actor, form: PanelForm, one: ECertificate) -> None:
        resolved = resolve(CorrectionRequest)
        values = {
            **saving.form_values(resolved, form),
            **kept_uploads(self.session, actor, resolved, form, adding=True),
            "e_certificate_id": one.id,
        }
        saving.create(self.session, resolved, actor, values)
        self.session.commit()
