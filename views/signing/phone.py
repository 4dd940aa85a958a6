"""The phone side of signing: no log-in, a one-time token in the fragment, one hand signature (4.13, E125, E126)."""

from __future__ import annotations

import base64
import binascii
import secrets
from typing import Any

from flask import jsonify, render_template, request
from flask import session as cookie
from flask_appbuilder import BaseView, expose
from sqlalchemy.orm import scoped_session
from werkzeug.wrappers import Response

from app.access.actor import Actor, acting_as
from app.documents import handwriting
from app.panel.limits import limited
from app.panel.pages import SignPhonePage
from app.services import signing
from app.services.errors import DomainError
from config import settings

PREFIX = "data:image/png;base64,"
LARGEST_BODY = handwriting.MAX_BYTES * 2  # base64 and the token around it


class SigningPhone(BaseView):
    """Everything here is public: the token is the right. The page posts with its CSRF token like every page."""

    route_base = "/sign"
    default_view = "page"
    session: scoped_session[Any]

    @expose("/")
    def page(self) -> str:
        shown = SignPhonePage(title="签字确认", lookup_url="/sign/lookup", sign_url="/sign/submit")
        return render_template("signing/phone.html", page=shown)

    @expose("/lookup", methods=["POST"])
    def lookup(self) -> Response:
        given = _body()
        ticket = self._ticket(given)
        with acting_as(ticket.actor, self.session()):
            summary = signing.open_on_phone(self.session(), ticket, _phone())
            self.session.commit()
        return jsonify(
            school=summary.school, count=summary.count, names=summary.names, expires=summary.expires
        )

    @expose("/submit", methods=["POST"])
    def submit(self) -> Response:
        given = _body()
        ticket, image = self._ticket(given), _image(given)
        with acting_as(ticket.actor, self.session()):
            try:
                count = signing.sign_on_phone(self.session(), ticket, _phone(), image, given.get("strokes"))
                self.session.commit()
            except DomainError as refusal:
                self.session.rollback()
                if refusal.code.startswith("issuing."):
                    signing.fail(self.session(), ticket)
                    self.session.commit()
                raise
        return jsonify(message=f"已为{count}张证书签字,可关闭本页。")

    def _ticket(self, given: dict[str, Any]) -> signing.Ticket:
        address = request.remote_addr or ""
        with (
            limited(settings().login_rate, "signing"),
            acting_as(Actor("auth", role="auth", address=address), self.session()),
        ):
            return signing.find(self.session(), str(given.get("token", "")), address)


def _body() -> dict[str, Any]:
    """The posted JSON, bounded before it is read."""
    if (request.content_length or 0) > LARGEST_BODY:
        raise DomainError("signing.large", "签名图片太大,请重新签名", status=413)
    given = request.get_json(silent=True) if request.content_length else None
    if not isinstance(given, dict):
        raise DomainError("signing.body", "提交的内容有误,请重新扫描二维码")
    return given


def _image(given: dict[str, Any]) -> bytes:
    text = str(given.get("image", ""))
    try:
        return base64.b64decode(text.removeprefix(PREFIX), validate=True) if text.startswith(PREFIX) else b""
    except binascii.Error:
        return b""


def _phone() -> str:
    """What this browser is known by: a secret in its signed cookie (4.13: the same phone)."""
    if "phone" not in cookie:
        cookie["phone"] = secrets.token_urlsafe(24)
    return str(cookie["phone"])
