"""账号安全: one-time codes of one's own account, switched on, renewed and off (design 7)."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from flask import flash, redirect, render_template, request
from flask import session as cookie
from flask_appbuilder import BaseView, expose
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response
from wtforms import StringField

from app.access.actor import AUTH, acting_as, current_actor
from app.documents import codes
from app.panel.forms import PanelForm, Required
from app.panel.limits import limited
from app.panel.pages import Crumb, SecondFactorPage
from app.services import audit, second_factor
from app.services.errors import DomainError, NotFound, Refused
from config import settings
from models.accounts import Account

PAGE = "/security/"
TEMPLATE = "panel/security.html"


class CodeForm(PanelForm):
    code = StringField(
        "动态验证码",
        [Required("动态验证码")],
        render_kw={"autocomplete": "one-time-code", "maxlength": 20},
    )


class Security(BaseView):
    """For every account but candidates', who log in by a code to their phone. The secrets are read as `auth`."""

    route_base = "/security"
    default_view = "page"
    session: Any

    @expose("/")
    def page(self) -> Any:
        return self._page(CodeForm())

    @expose("/begin", methods=["POST"])
    def begin(self) -> Response:
        self._as_auth(lambda session, account: second_factor.begin(session, account.id))
        return redirect(PAGE)

    @expose("/confirm", methods=["POST"])
    def confirm(self) -> Any:
        return self._with_code(
            lambda session, account, code: second_factor.confirm(session, account.id, code),
            "开启动态验证码",
        )

    @expose("/renew", methods=["POST"])
    def renew(self) -> Any:
        return self._with_code(
            lambda session, account, code: second_factor.renew_recovery(session, account.id, code),
            "重新生成恢复码",
        )

    @expose("/end", methods=["POST"])
    def end(self) -> Any:
        return self._with_code(second_factor.end, "关闭动态验证码")

    def _with_code(self, change: Callable[[Session, Account, str], list[str] | None], deed: str) -> Any:
        """A change that a one-time code must prove; it leaves its trace in the account's history (R135)."""
        form = CodeForm(request.form)
        if not form.validate():
            return self._page(form), 422
        try:
            with limited(settings().login_rate, "login"):
                shown = self._as_auth(lambda session, account: change(session, account, form.code.data or ""))
        except DomainError as refusal:
            form.blame(refusal)
            form.code.data = ""
            return self._page(form), refusal.status
        audit.note(self.session, "SECURITY", self._own(self.session), deed)
        self.session.commit()
        cookie.pop("owes_code", None)
        if shown:
            return self._page(CodeForm(), shown)
        flash(f"已{deed}", "success")
        return redirect(PAGE)

    def _as_auth(self, change: Callable[[Session, Account], Any]) -> Any:
        key, session = self._key(), self.session()
        with acting_as(AUTH, session):
            answer = change(session, session.get_one(Account, key))
            session.commit()
        return answer

    def _page(self, form: CodeForm, shown: list[str] | None = None) -> str:
        key, session = self._key(), self.session()
        with acting_as(AUTH, session):
            account, factor = session.get_one(Account, key), second_factor.of(session, key)
            page = SecondFactorPage(
                title="账号安全",
                crumbs=[Crumb("首页", "/console/"), Crumb("账号安全")],
                form=form,
                codes=shown or (),
                required=settings().second_factor_required and second_factor.obliged(account),
            )
            if factor is not None and factor.active:
                page.state, page.left = "on", len(factor.recovery)
            elif factor is not None:
                drawn = codes.qr(second_factor.address(factor, account))
                page.state = "waiting"
                page.qr = f"data:image/svg+xml;base64,{base64.b64encode(drawn).decode()}"
                page.secret = " ".join(factor.secret[i : i + 4] for i in range(0, len(factor.secret), 4))
        return render_template(TEMPLATE, page=page)

    def _key(self) -> int:
        actor = current_actor()
        if actor.account is None:
            raise Refused("login.required", "请先登录")
        if actor.kind == "candidate":
            raise NotFound("没有找到该页面")
        return actor.account

    def _own(self, session: Session) -> Account:
        return session.get_one(Account, self._key())
