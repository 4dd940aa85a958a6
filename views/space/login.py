"""The way into the candidate's space: ID number with a mobile code, or with a password (7.3). Never a number in a URL."""

from __future__ import annotations

from typing import Any

from flask import jsonify, redirect, render_template, request
from flask import session as cookie
from flask_appbuilder import BaseView, expose
from werkzeug.wrappers import Response
from wtforms import HiddenField, PasswordField, StringField

from app.access.actor import AUTH, Actor, acting_as
from app.panel import pages
from app.panel.doors import safe_next
from app.panel.forms import PanelForm, Required
from app.panel.limits import limited
from app.panel.pages import Link, LoginPage
from app.panel.web import log_in
from app.services import logins, space_login
from app.services.errors import DomainError
from app.services.space_login import Entrance
from config import settings
from views.portal.login import check_captcha

HOME = "/space/"
BY_CODE, BY_PASSWORD, SEND = "/space/login/", "/space/login/password", "/space/login/code"
_ID = {"autocomplete": "off", "maxlength": 40}


class CodeForm(PanelForm):
    id_number = StringField("证件号码", [Required("证件号码")], render_kw=_ID)
    mobile = StringField(
        "手机号码", [Required("手机号码")], render_kw={"autocomplete": "tel", "inputmode": "numeric"}
    )
    captcha = StringField("图形验证码", description="获取手机验证码前填写")
    code = StringField("手机验证码", [Required("手机验证码")], render_kw={"data-sms": SEND})
    next = HiddenField()


class PasswordForm(PanelForm):
    id_number = StringField("证件号码", [Required("证件号码")], render_kw=_ID)
    password = PasswordField("密码", [Required("密码")], render_kw={"autocomplete": "current-password"})
    captcha = StringField("验证码", [Required("验证码")])
    next = HiddenField()


class SpaceLogin(BaseView):
    """Public: whoever has the number and the phone, or the password, is the person."""

    route_base = "/space/login"
    default_view = "login"
    session: Any

    @expose("/", methods=["GET", "POST"])
    def login(self) -> Any:
        form = CodeForm(request.form, next=request.args.get("next", ""))
        return self._answer(form, self._by_code, BY_CODE, Link("使用密码登录", BY_PASSWORD))

    @expose("/password", methods=["GET", "POST"])
    def password(self) -> Any:
        form = PasswordForm(request.form, next=request.args.get("next", ""))
        return self._answer(form, self._by_password, BY_PASSWORD, Link("使用手机验证码登录", BY_CODE))

    @expose("/code", methods=["POST"])
    def code(self) -> Response:
        """获取验证码: none is sent without a right captcha (R7). The answer does not tell who is known."""
        rate = f"{settings().sms_per_address_per_day} per day"
        with limited(rate, "sms"), acting_as(self._auth(), self.session()):
            check_captcha(self.session, request.form.get("captcha", ""))
            waits = space_login.send_code(
                self.session(), request.form.get("id_number", ""), request.form.get("mobile", "")
            )
            self.session.commit()
        return jsonify(message="如证件号码与登记的手机号码相符,验证码已发送", wait=waits)

    def _answer(self, form: PanelForm, enter: Any, action: str, other: Link) -> Any:
        error, status = "", 200
        if request.method == "POST":
            try:
                with limited(settings().login_rate, "login"), acting_as(self._auth(), self.session()):
                    if form.validate():
                        entrance = enter(form)
                        answer = self._enter(entrance)
                        cookie["by_code"] = isinstance(form, CodeForm)
                        cookie["by_bound_mobile"] = entrance.bound
                        return answer
                    status = 422
            except DomainError as refusal:
                error, status = refusal.message, refusal.status
        form._fields["captcha"].data = ""
        page = LoginPage(
            title="学生个人空间",
            hint="使用报考时登记的证件号码登录",
            form=form,
            action=action,
            captcha="/captcha.png",
            error=error,
            links=[other, Link("证书查验", "/verify")],
            entrances=[
                pages.Entrance("院校与机构登录", "/login/", "school"),
                pages.Entrance("门户首页", "/", "home"),
            ],
        )
        return render_template("panel/login.html", page=page), status

    def _by_code(self, form: CodeForm) -> Entrance:
        return space_login.by_code(
            self.session(),
            form.id_number.data or "",
            form.mobile.data or "",
            form.code.data or "",
            _address(),
        )

    def _by_password(self, form: PasswordForm) -> Entrance:
        check_captcha(self.session, form.captcha.data or "")
        return space_login.by_password(
            self.session(), form.id_number.data or "", form.password.data or "", _address()
        )

    def _enter(self, entrance: Entrance) -> Response:
        must_change = logins.must_change(self.session(), entrance.account.id)
        must_change = must_change and not entrance.schools  # a password opens everything
        log_in(entrance.account, must_change, schools=entrance.schools)
        return redirect("/password/" if must_change else safe_next(HOME))

    def _auth(self) -> Actor:
        return Actor(AUTH.kind, role=AUTH.role, address=_address())


def _address() -> str:
    return request.remote_addr or ""
