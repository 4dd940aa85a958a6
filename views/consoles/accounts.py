"""账号管理: opening and changing sub-accounts, and principals of cities and provinces (1.2, R1, R2, R6, E12)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import abort, flash, redirect, render_template, request
from flask_appbuilder import BaseView, expose
from sqlalchemy.orm import Session
from wtforms import HiddenField, SelectField, SelectMultipleField, StringField
from wtforms.fields.choices import SelectChoice

from app.access.actor import current_actor
from app.access.roles import grantable
from app.panel.fab import forbid_unless
from app.panel.forms import PanelForm, Required, choices
from app.panel.gates import opens
from app.panel.pages import Crumb, FormPage, MessagePage
from app.services import accounts
from app.services.errors import Conflict, DomainError, NotFound
from models.accounts import Account, Role

LIST = "/console/account/"


def person_fields() -> dict[str, Any]:
    """Who holds an account, as a form asks it."""
    return {
        "name": StringField("姓名", [Required("姓名")], render_kw={"maxlength": 50}),
        "mobile": StringField(
            "手机号码",
            [Required("手机号码")],
            description="初始密码和重置密码的短信发到这个号码",
            render_kw={"maxlength": 20},
        ),
    }


PrincipalForm: type[PanelForm] = type("PrincipalForm", (PanelForm,), person_fields())


def account_form(current: Account | None = None) -> type[PanelForm]:
    """Asks only what the actor may give: no role above its own, no menu that is not its tenant's (E12)."""
    roles = [Role(role) for role in grantable(current_actor().role)]
    if current is not None and current.role not in roles:
        roles.insert(0, current.role)
    members: dict[str, Any] = {
        "row_version": HiddenField(),
        "role": SelectField(
            "角色",
            [Required("角色")],
            choices=choices([(role.value, role.label) for role in roles]),
            validate_choice=False,
        ),  # the service judges what was posted (E12)
    }
    menus = next(filter(None, map(accounts.offered_menus, roles)), [])
    if menus:
        members["menus"] = SelectMultipleField(
            "可用菜单",
            choices=[SelectChoice(menu, menu) for menu in menus],
            validate_choice=False,
            description="角色为业务员时必选,可多选",
        )
    return type("AccountForm", (PrincipalForm,), members)


class Accounts(BaseView):
    """The pages behind 新增账号, 编辑 and 开通负责人账号."""

    route_base = "/console/accounts"
    default_view = "add"
    session: Session

    @expose("/add", methods=["GET", "POST"])
    @opens("account:add")
    def add(self) -> Any:
        form, status = account_form()(request.form), 200
        if request.method == "POST":
            status = 422
            if form.validate():
                try:
                    opened = accounts.create(self.session, current_actor(), **given(form))
                    self.session.commit()
                    return shown_once(opened, LIST)
                except DomainError as error:
                    status = self._refused(form, error)
        return page("新增账号", form), status

    @expose("/<int:key>/edit", methods=["GET", "POST"])
    @opens("account:edit")
    def edit(self, key: int) -> Any:
        account = self.session.get(Account, key) if key < 2**63 else None
        if account is None:
            raise NotFound()
        actor, form_type = current_actor(), account_form(account)
        if not accounts.manages(actor, account) or account.is_principal:
            abort(403)
        if request.method == "GET":
            values = {name: getattr(account, name) for name in ("name", "mobile", "menus")}
            return page(
                "编辑账号",
                form_type(data={**values, "role": account.role.value, "row_version": account.version}),
            )
        form, status = form_type(request.form), 422
        if form.validate():
            try:
                if str(form._fields["row_version"].data) != str(account.version):
                    raise Conflict("stale", "数据已被他人修改,请刷新")
                accounts.change(self.session, actor, account, **given(form))
                self.session.commit()
                flash("已保存", "success")
                return redirect(f"{LIST}{key}")
            except DomainError as error:
                status = self._refused(form, error)
        return page("编辑账号", form), status

    @expose("/principal/<kind>/<int:tenant>", methods=["GET", "POST"])
    @opens("city:open_account", "province:open_account")
    def principal(self, kind: str, tenant: int) -> Any:
        if kind not in ("city", "province"):
            raise NotFound()
        forbid_unless(kind, "open_account")
        if not 0 < tenant < 2**63 or self.session.get(accounts.TENANT_MODELS[kind], tenant) is None:
            raise NotFound()
        form, status, back = PrincipalForm(request.form), 200, f"/console/{kind}/{tenant}"
        if request.method == "POST":
            status = 422
            if form.validate():
                try:
                    opened = accounts.open_principal(self.session, kind, tenant, **given(form))
                    self.session.commit()
                    return shown_once(opened, back)
                except DomainError as error:
                    status = self._refused(form, error)
        return page("开通负责人账号", form, back), status

    def _refused(self, form: PanelForm, error: DomainError) -> int:
        self.session.rollback()
        if error.status in (403, 404):
            raise error
        form.blame(error)
        return error.status


def given(form: PanelForm) -> dict[str, Any]:
    """What the form says, as the service takes it."""
    return {
        name: field.data
        for name, field in form._fields.items()
        if name in ("name", "mobile", "role", "menus")
    }


def page(title: str, form: PanelForm, back: str = LIST) -> str:
    crumbs = [Crumb("首页", "/console/"), Crumb("账号管理", LIST), Crumb(title)]
    return render_template(
        "panel/form.html",
        page=FormPage(title=title, crumbs=crumbs, form=form, action=request.path, back=back),
    )


def shown_once(opened: accounts.Opened, back: str, crumbs: Sequence[Crumb] = ()) -> str:
    """The one page that shows a first password (R6); it is not kept anywhere, and the answer is never cached."""
    shown = MessagePage(
        title="账号已开通",
        crumbs=crumbs or [Crumb("首页", "/console/"), Crumb("账号管理", LIST), Crumb("账号已开通")],
        text="请记下初始密码,它只显示这一次;密码也已短信发送,首次登录须修改。",
        lines=[
            ("账号", opened.account.username),
            ("初始密码", opened.password),
            ("姓名", opened.account.name),
        ],
        back=back,
    )
    return render_template("panel/message.html", page=shown)
