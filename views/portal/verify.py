"""证书查验: `/verify`, prefilled by the QR code of a certificate; the ID number only ever travels in a body (R25, R129)."""

from __future__ import annotations

import base64
from typing import Any

from flask import request
from flask_appbuilder import BaseView, expose
from wtforms import StringField

from app.access.actor import Actor, acting_as
from app.gateways import storage
from app.panel.forms import PanelForm, Required
from app.panel.limits import limited
from app.panel.pages import Cell, Crumb, VerifyPage
from app.services.errors import DomainError
from app.services.verification import LONGEST, Found, verify
from config import settings
from models.kit import clock
from views.portal.login import check_captcha
from views.portal.shell import as_public, draw


class VerifyForm(PanelForm):
    number = StringField(
        "证书编号",
        [Required("证书编号")],
        render_kw={"maxlength": LONGEST, "autocomplete": "off", "inputmode": "numeric"},
    )
    id_number = StringField(
        "证件号码", [Required("证件号码")], render_kw={"maxlength": LONGEST, "autocomplete": "off"}
    )
    captcha = StringField("验证码", [Required("验证码")], render_kw={"autocomplete": "off", "maxlength": 8})


class Verify(BaseView):
    """Anybody's question about one certificate."""

    route_base = ""
    default_view = "verify"
    session: Any

    @expose("/verify", methods=["GET", "POST"])
    def verify(self) -> Any:
        if request.method == "GET":
            form = VerifyForm(data={"number": request.args.get("number", "")[:LONGEST]})
            return draw("portal/verify.html", _page(form))
        with limited(settings().verify_rate, "verify"):
            return self._answer(VerifyForm(request.form))

    def _answer(self, form: VerifyForm) -> Any:
        if not form.validate():
            return draw("portal/verify.html", _page(form)), 422
        address = request.remote_addr or ""
        try:
            with acting_as(Actor("auth", role="auth", address=address), self.session()):
                check_captcha(self.session, form.captcha.data or "")
        except DomainError as refusal:
            form.blame(refusal)
            form.captcha.data = ""
            return draw("portal/verify.html", _page(form)), refusal.status
        with as_public(self.session) as session:
            found = verify(session, form.number.data or "", form.id_number.data or "", address)
            session.commit()
        form.captcha.data = form.id_number.data = ""
        return draw("portal/verify.html", _page(form, asked=True, found=found))


def _page(form: VerifyForm, *, asked: bool = False, found: Found | None = None) -> VerifyPage:
    page = VerifyPage(
        title="证书查验",
        crumbs=[Crumb("首页", "/"), Crumb("证书查验")],
        form=form,
        captcha="/captcha.png",
        asked=asked,
    )
    if found is not None:
        page.heading = "证书已注销" if found.revoked_at else "证书真实有效"
        page.state = Cell("已注销", "state", "red") if found.revoked_at else Cell("有效", "state", "green")
        page.found = facts(found)
        page.photo = _picture(found.photo)
    return page


def facts(found: Found) -> list[tuple[str, Cell]]:
    """R130: not the phone, not the school's contacts, not the scores."""
    shown = [
        ("姓名", Cell(found.name)),
        ("证件号码", Cell(found.id_masked, "masked")),
        ("证书编号", Cell(found.number)),
        ("证书名称", Cell(found.certificate)),
        ("证书等级", Cell(found.level.label)),
        ("颁证机构", Cell(found.organisation)),
        ("考核站点", Cell(found.site or "—")),
        ("发证日期", Cell(_day(found.issued_at), "date")),
    ]
    if found.reissued_at:
        shown.append(("补办日期", Cell(_day(found.reissued_at), "date")))
    if found.revoked_at:
        shown.append(("注销日期", Cell(_day(found.revoked_at), "date")))
    return shown


def _day(moment: Any) -> str:
    return str(moment.astimezone(clock.ZONE).date())


def _picture(key: str | None) -> str:
    """The photo inside the page: it has no address of its own that others could try."""
    if not key:
        return "none"
    try:
        data = storage.get(key)
    except FileNotFoundError:
        return "none"
    kind = "png" if data.startswith(b"\x89PNG") else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
