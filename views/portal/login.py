"""Logging in and out, the captcha, changing the password (7.1, R3–R6)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask import session as cookie
from flask_appbuilder import BaseView, expose
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response
from wtforms import HiddenField, PasswordField, StringField

from app.access.actor import AUTH, acting_as, current_actor
from app.documents.captcha import captcha
from app.panel.doors import safe_next
from app.panel.forms import PanelForm, Required
from app.panel.limits import limited
from app.panel.pages import Entrance, FormPage, Link, LoginPage
from app.panel.web import log_in
from app.services import logins, second_factor, signing
from app.services.errors import DomainError, Refused
from config import settings
from models.accounts import Account
from models.kit import clock

HOMES = {"candidate": "/space/"}


class LoginForm(PanelForm):
    username = StringField(
        "账号", [Required("账号")], render_kw={"autocomplete": "username", "autofocus": True}
    )
    password = PasswordField("密码", [Required("密码")], render_kw={"autocomplete": "current-password"})
    captcha = StringField("验证码", [Required("验证码")], render_kw={"autocomplete": "off", "maxlength": 8})
    next = HiddenField()


class CodeForm(PanelForm):
    code = StringField(
        "动态验证码",
        [Required("动态验证码")],
        description="打开手机上的验证器,输入本账号的6位数字;手机不在身边时可用恢复码",
        render_kw={"autocomplete": "one-time-code", "autofocus": True, "maxlength": 20},
    )
    next = HiddenField()


class PasswordForm(PanelForm):
    old = PasswordField("原密码", [Required("原密码")])
    password = PasswordField("新密码", [Required("新密码")], render_kw={"autocomplete": "new-password"})
    repeat = PasswordField(
        "再次输入新密码", [Required("再次输入新密码")], render_kw={"autocomplete": "new-password"}
    )


def check_captcha(session: Any, answer: str) -> None:
    """The picture of this browser, used once whatever the answer (R3, E8). Commits."""
    token = cookie.pop("captcha", "")
    right = logins.use_captcha(session, token, answer) if token else False
    session.commit()
    if not right:
        raise DomainError("captcha", "验证码不正确或已过期", "captcha")


class Login(BaseView):
    """Everything before and around being logged in; all of it public."""

    route_base = ""
    default_view = "login"
    session: Any

    @expose("/login/", methods=["GET", "POST"])
    def login(self) -> Any:
        form = LoginForm(request.form, next=request.args.get("next", ""))
        error, status = "", 200
        if request.method == "POST" and form.validate():
            try:
                with limited(settings().login_rate, "login"):
                    check_captcha(self.session, form.captcha.data or "")
                username, password = (form.username.data or "").strip(), form.password.data or ""
                return self._enter(
                    logins.authenticate(self.session, username, password, request.remote_addr or "")
                )
            except logins.SecondStep as step:
                self.session.rollback()
                return self._ask_code(step.account, form.next.data or "")
            except DomainError as refusal:
                self.session.rollback()
                error, status = refusal.message, refusal.status
        form.captcha.data = ""
        page = LoginPage(
            title="登录",
            form=form,
            action="/login/",
            captcha="/captcha.png",
            error=error,
            links=[Link("立即注册", "/register/"), Link("忘记密码", "/forgot/"), Link("证书查询", "/verify")],
            entrances=[Entrance("学生个人空间", "/space/", "school"), Entrance("门户首页", "/", "home")],
        )
        return render_template("panel/login.html", page=page), status

    def _ask_code(self, account: Account, wanted: str) -> Response:
        """The password was right: the cookie remembers for a few minutes whose code is awaited."""
        until = clock.now() + timedelta(minutes=settings().second_factor_minutes)
        cookie["awaited"] = [account.id, account.epoch, until.timestamp()]
        return redirect(url_for("Login.second", next=wanted or None))

    @expose("/login/code/", methods=["GET", "POST"])
    def second(self) -> Any:
        """The second step of those who have one-time codes."""
        account = self._awaited()
        if account is None:
            cookie.pop("awaited", None)
            return redirect(url_for("Login.login"))
        form = CodeForm(request.form, next=request.args.get("next", ""))
        error, status = "", 200
        if request.method == "POST" and form.validate():
            try:
                with limited(settings().login_rate, "login"):
                    address = request.remote_addr or ""
                    return self._enter(
                        logins.second_step(self.session, account, form.code.data or "", address)
                    )
            except DomainError as refusal:
                self.session.rollback()
                error, status = refusal.message, refusal.status
        form.code.data = ""
        page = LoginPage(
            title="动态验证码",
            form=form,
            action="/login/code/",
            error=error,
            links=[Link("返回登录", "/login/")],
        )
        return render_template("panel/login.html", page=page), status

    def _awaited(self) -> Account | None:
        """The account whose password was right a moment ago, unless its sessions have ended since."""
        key, epoch, until = cookie.get("awaited") or (0, 0, 0)
        account: Account | None = self.session.get(Account, key)
        late = until <= clock.now().timestamp()
        return None if account is None or late or account.epoch != epoch else account

    def _enter(self, account: Account) -> Response:
        must_change = logins.must_change(self.session, account.id)
        log_in(account, must_change, second_factor.owed(self.session, account))
        home = HOMES.get(account.kind.value, "/console/")
        return redirect("/password/" if must_change else safe_next(home))

    @expose("/login/link/<token>")
    def link(self, token: str) -> Response:
        """The operator's one-time link (`panel login-link`)."""
        return self._enter(logins.use_login_token(self.session, token, request.remote_addr or ""))

    @expose("/captcha.png")
    def captcha(self) -> Response:
        """A new picture (看不清,换一张); its token stays in the signed cookie, its answer nowhere but as a hash."""
        answer, picture = captcha()
        cookie["captcha"] = logins.issue_captcha(self.session, answer)
        self.session.commit()
        return Response(picture, mimetype="image/png")

    @expose("/logout/", methods=["POST"])
    def logout(self) -> Response:
        signing.cancel_all(self.session, current_actor())
        self.session.commit()
        cookie.clear()
        flash("已退出登录", "success")
        return redirect(url_for("Login.login"))

    @expose("/password/", methods=["GET", "POST"])
    def password(self) -> Any:
        account_id = current_actor().account
        if account_id is None:
            return redirect(url_for("Login.login", next="/password/"))
        if current_actor().schools:  # a password opens the whole space, this log-in does not
            raise Refused("password.narrow", "请用绑定的手机号码登录后再设置密码")
        form, proved = PasswordForm(request.form), bool(cookie.get("by_code"))
        if proved:
            del form.old
        first, status = bool(cookie.get("must_change")), 200
        if request.method == "POST" and form.validate():
            try:
                return self._change_password(account_id, form)
            except DomainError as refusal:
                status = refusal.status
                field = form._fields.get(refusal.field or "password")
                field.errors = [refusal.message]
        page = FormPage(
            title="修改密码",
            hint="首次登录请先修改密码" if first else "",
            form=form,
            action="/password/",
            back="" if first else HOMES.get(current_actor().kind, "/console/"),
            submit="保存新密码",
        )
        return render_template("panel/password.html", page=page), status

    def _change_password(self, account_id: int, form: PasswordForm) -> Response:
        if form.password.data != form.repeat.data:
            raise DomainError("password.repeat", "两次输入的新密码不一致", "repeat")
        session: Session = self.session()
        with acting_as(AUTH, session):
            account = session.get_one(Account, account_id)
            if "old" in form._fields:
                logins.change_password(session, account, form.old.data or "", form.password.data or "")
            else:
                logins.choose_password(session, account, form.password.data or "")
            session.commit()
            account = session.get_one(Account, account_id, populate_existing=True)
            log_in(account, False, second_factor.owed(session, account))
            home = HOMES.get(account.kind.value, "/console/")
        flash("密码已修改", "success")
        return redirect(home)
