"""地市账号: which of its cities a province has given an account, and the button that gives one (1.1, 1.4; R1)."""

from __future__ import annotations

from typing import Any

from flask import render_template, request
from flask_appbuilder import BaseView, expose
from sqlalchemy.orm import Session
from wtforms import SelectField

from app.access.actor import current_actor
from app.access.roles import may
from app.panel.cells import cell
from app.panel.forms import PanelForm, Required, choices
from app.panel.gates import opens
from app.panel.lists import row_links
from app.panel.menus import add_entry
from app.panel.pages import Cell, Column, Crumb, Empty, FormPage, Link, ListPage, Row, Tab
from app.panel.resolve import resolve
from app.services import accounts
from app.services.accounts import CITIES as PAGE
from app.services.accounts import CityAccount
from app.services.errors import DomainError, NotFound
from models.accounts import Account, AccountState
from models.kit import formats
from views.consoles.accounts import person_fields, shown_once

TITLE, AREA = "地市账号", "院校管理"
_NONE = "未开通"
_TABS = ("", _NONE, AccountState.ACTIVE.label, AccountState.DISABLED.label)
_SHOWN = ("username", "name", "mobile", "last_login_at")


add_entry(f"{AREA}/{TITLE}", PAGE, "user-cog", 13, lambda actor: may(actor, "city", "accounts"))


class CityAccounts(BaseView):
    """`/console/city_accounts/`."""

    route_base = PAGE.rstrip("/")
    default_view = "page"
    session: Session

    @expose("/")
    @opens("city:accounts")
    def page(self) -> str:
        found = accounts.city_accounts(self.session, _province())
        tab = request.args.get("tab", "")
        tab = tab if tab in _TABS else ""
        counts = {name: sum(_state(one) == name for one in found) for name in _TABS} | {"": len(found)}
        free = counts[_NONE] > 0
        declared = resolve(Account).fields
        page = ListPage(
            title=TITLE,
            crumbs=_crumbs(),
            hint="每个地市一个负责人账号;更换负责人用“移交”,经办人账号由地市负责人自己开通",
            action=PAGE,
            tabs=[
                Tab(name or "全部", f"{PAGE}?tab={name}" if name else PAGE, str(counts[name]), name == tab)
                for name in _TABS
            ],
            columns=[
                Column("city", "地市"),
                Column("code", "区划代码"),
                *(Column(name, declared[name].label) for name in _SHOWN),
                Column("state", "账号状态", "state"),
            ],
            rows=[_row(one) for one in found if tab in ("", _state(one))],
            buttons=[
                Link(
                    "新增账号", f"{PAGE}add", "user-plus", primary=True, name="add",
                    disabled="" if free else "本省各地市都已有负责人账号",
                )
            ],
            empty=Empty("没有这样的地市" if found else "本省还没有地市,请联系平台运营人员导入行政区划"),
        )  # fmt: skip
        return render_template("panel/list.html", page=page)

    @expose("/add", methods=["GET", "POST"])
    @opens("city:accounts")
    def add(self) -> Any:
        found = accounts.city_accounts(self.session, _province())
        free = {str(one.city.id): one.city.name for one in found if one.account is None}
        form_type = _form(free, request.args.get("city", ""))
        form, status = form_type(request.form), 200
        if request.method == "POST":
            status = 422
            if form.validate():
                city = formats.row_id(form._fields["city"].data)
                try:
                    opened = accounts.open_principal(
                        self.session, "city", city or 0, name=form.data["name"], mobile=form.data["mobile"]
                    )
                    self.session.commit()
                    return shown_once(opened, PAGE, _crumbs(Crumb("账号已开通")))
                except DomainError as error:
                    self.session.rollback()
                    form.blame(error)
                    status = error.status
        page = FormPage(
            title="新增地市账号",
            crumbs=_crumbs(Crumb("新增账号")),
            form=form,
            action=f"{PAGE}add",
            back=PAGE,
        )
        return render_template("panel/form.html", page=page), status


def _form(free: dict[str, str], chosen: str) -> type[PanelForm]:
    """The province's own cities that have no principal yet; another's is no choice (R1)."""
    city = SelectField(
        "地市",
        [Required("地市")],
        choices=choices(list(free.items())),
        default=chosen if chosen in free else None,
        description="只列出还没有负责人账号的地市",
    )
    return type("CityAccountForm", (PanelForm,), {"city": city, **person_fields()})


def _province() -> int:
    tenant = current_actor().tenant
    if tenant is None:
        raise NotFound()
    return tenant


def _state(one: CityAccount) -> str:
    return one.account.state.label if one.account else _NONE


def _row(one: CityAccount) -> Row:
    resolved, city = resolve(Account), Cell(one.city.name, href=f"/console/city/{one.city.id}")
    if one.account is None:
        link = Link("新增账号", f"{PAGE}add?city={one.city.id}", "user-plus", name="add")
        cells = [Cell("—") for _ in _SHOWN]
        return Row("", [city, Cell(one.city.code), *cells, Cell(_NONE, "state", "amber")], [link])
    cells = [cell(resolved, one.account, name) for name in _SHOWN]
    state = cell(resolved, one.account, "state")
    links = row_links(resolved, current_actor(), one.account)
    return Row("", [city, Cell(one.city.code), *cells, state], links, title=one.city.name)


def _crumbs(*more: Crumb) -> list[Crumb]:
    return [Crumb("首页", "/console/"), Crumb(AREA), Crumb(TITLE, PAGE if more else ""), *more]
