"""REST from declarations: `/api/v1/<table>/` for every table some role may list (feature 30).

FAB carries the routes; the rules are those of the pages: the same doors, forms, hooks, filters and masking, behind
the same permission table and the same wall. Only a bearer token is believed, never a session cookie (F3).
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, current_app, g, jsonify, make_response, request
from flask_appbuilder import AppBuilder
from flask_appbuilder.api import BaseApi, expose
from flask_appbuilder.security.decorators import permission_name
from flask_jwt_extended import create_access_token
from sqlalchemy.orm import Session

from app.access.actor import current_actor
from app.access.roles import ROLES
from app.panel import query, rest_in, rest_out, running, saving
from app.panel.doors import Doors, drop_deleted
from app.panel.fab import shown_to_anyone
from app.panel.forms import PanelForm, form_class
from app.panel.limits import init_limits, limited
from app.panel.lists import deletable, editable
from app.panel.openapi import document
from app.panel.resolve import Resolved, resolve
from app.panel.wish import Wish
from app.services import audit, logins, second_factor
from app.services.errors import DomainError, NotFound, Refused
from config import settings
from models.kit import Declared, Mark, declared_models, formats

Answer = Any


def door(verb: str) -> Callable[[Callable[..., Answer]], Callable[..., Answer]]:
    """In front of every route: who are you (401), and may your role do this (403)."""

    def wrap(method: Callable[..., Answer]) -> Callable[..., Answer]:
        @functools.wraps(method)
        def guarded(self: DataApi, *args: Any, **kwargs: Any) -> Answer:
            known()
            if not self.appbuilder.sm.has_access(f"can_{verb}", self.resolved.table):
                raise Refused("forbidden", "没有权限进行此操作")
            return method(self, *args, **kwargs)

        named: Callable[..., Answer] = permission_name(verb)(guarded)
        return named

    return wrap


def known() -> None:
    """401 unless a valid token came along."""
    if current_actor().account is None:
        if g.get("token_expired"):
            raise DomainError("login.expired", "登录已失效,请重新登录", status=401)
        raise DomainError("login.required", "请先登录:请求头应带Authorization: Bearer <token>", status=401)


class DataApi(BaseApi):
    """The resource of one table."""

    resolved: Resolved
    doors: Doors

    # reading

    @expose("/", methods=["GET"])
    @door("list")
    def get_list(self) -> Answer:
        return self._found(rest_in.wish_of_address(self.resolved, request.args))

    @expose("/search", methods=["POST"])
    @door("list")
    def search(self) -> Answer:
        """The list by a JSON body: the only place where a masked column can be asked for, in full (R24, R25)."""
        return self._found(rest_in.wish_of_body(self.resolved, rest_in.body()))

    def _found(self, wish: Wish) -> Answer:
        found, cap = query.find(self.doors.session, self.resolved, wish), settings().count_cap
        rows = (
            found.rows if found.page == wish.page else []
        )  # past the end there is nothing, not the last page again
        return jsonify(
            items=[rest_out.list_item(self.resolved, row) for row in rows],
            page=wish.page,
            size=wish.size,
            total=min(found.total, cap),
            capped=found.total > cap,
            tabs=[
                {"name": tab.name, "label": tab.label, "count": min(count, cap)} for tab, count in found.tabs
            ],
        )

    @expose("/<int:key>", methods=["GET"])
    @door("list")
    def get(self, key: int) -> Answer:
        return jsonify(self._item(key))

    @expose("/<int:key>/file/<column>", methods=["GET"])
    @door("list")
    def file(self, key: int, column: str) -> Answer:
        return self.doors.file(key, column)

    @expose("/<int:key>/unmask", methods=["POST"])
    @door("unmask")
    def unmask(self, key: int) -> Answer:
        """The full personal numbers of one row; who asked and why stays in the trail (R23, R135)."""
        given, row = rest_in.body(), self.doors.row(key)
        rest_in.only(given, ("reason",))
        reason = formats.clean_text(given["reason"]) if isinstance(given.get("reason"), str) else ""
        if not 2 <= len(reason) <= 500:
            rest_in.wrong("请写明查看完整号码的原因,2–500个字", "reason")
        audit.note(self.doors.session, "UNMASK", row, reason)
        full = rest_out.unmasked(self.resolved, row)
        self.doors.session.commit()
        return jsonify(full)

    def _item(self, key: int) -> dict[str, Any]:
        row = self.doors.row(key)
        return rest_out.item(self.doors.session, self.resolved, current_actor(), row)

    # writing

    @expose("/", methods=["POST"])
    @door("add")
    def post(self) -> Answer:
        row = self._write(rest_in.body(), None, 0)
        answer = jsonify(self._item(row.id))
        answer.headers["Location"] = f"{rest_out.ROOT}/{self.resolved.table}/{row.id}"
        return answer, HTTPStatus.CREATED

    @expose("/<int:key>", methods=["PUT"])
    @door("edit")
    def put(self, key: int) -> Answer:
        """Change the named columns; the version that was read must still be the row's (R137)."""
        given, row = rest_in.body(), self.doors.row(key)
        version = rest_in.whole(given, "version")
        if not editable(self.resolved, current_actor(), row):
            raise DomainError("state", "当前状态不能修改", status=409)
        self._write({name: value for name, value in given.items() if name != "version"}, row, version)
        return jsonify(self._item(key))

    def _write(self, given: dict[str, Any], row: Declared | None, version: int) -> Declared:
        doors, session, adding = self.doors, self.doors.session, row is None
        children = tuple(child for child in doors.children if child.table in given)
        data, gone = rest_in.row_data(session, self.resolved, given, row, doors.children)
        omit = rest_in.omitted(self.resolved, given, adding)
        form = form_class(self.resolved, session, adding=adding, children=children, omit=omit)(data)
        for child in children:
            drop_deleted(form._fields[child.table], gone)
        check(form)
        saved = doors.save(form, row, version)
        session.commit()
        session.expire_all()
        return saved

    @expose("/<int:key>", methods=["DELETE"])
    @door("delete")
    def delete(self, key: int) -> Answer:
        row = self.doors.row(key)
        if not deletable(self.resolved, current_actor(), row):
            raise DomainError("state", "当前状态不能删除", status=409)
        saving.delete(self.doors.session, self.resolved, current_actor(), row)
        self.doors.session.commit()
        return "", HTTPStatus.NO_CONTENT

    @expose("/action/<name>", methods=["POST"])
    @door("list")
    def action(self, name: str) -> Answer:
        """A button: `rows` and what it asks. Rows whose state does not allow it are skipped, as on the page."""
        item, session = running.opened(self.resolved, name), self.doors.session
        given = rest_in.body()
        asks = {ask.name: ask for ask in item.asks}
        rest_in.only(given, {"rows", *asks} if item.on != "list" else set(asks))
        rows = [] if item.on == "list" else self._rows(given.get("rows"), item.on == "one")
        fit = running.fitting(self.resolved, item, rows)
        form = running.form_class(session, item)(rest_in.asked_data(asks, given))
        check(form)
        outcome = running.carry_out(session, self.resolved, item, fit, form)
        return jsonify(
            message=outcome.message,
            location=outcome.location or None,
            done=len(fit),
            skipped=len(rows) - len(fit),
        )

    def _rows(self, keys: Any, one: bool) -> list[Declared]:
        if not isinstance(keys, list) or not keys or not all(type(key) is int for key in keys):
            rest_in.wrong("rows应为编号的列表", "rows")
        if one and len(keys) != 1:
            rest_in.wrong("这个操作一次只能处理一条", "rows")
        if not all(0 < key < 10**17 for key in keys):
            raise NotFound()
        return running.named(self.doors.session, self.resolved, {str(key) for key in keys})


class Invalid(DomainError):
    """A body that fails the checks of its form: every field's reason, the first one in front."""

    def __init__(self, errors: list[tuple[str, str]]) -> None:
        field, message = errors[0]
        super().__init__("invalid", message, field)
        self.errors = errors


def check(form: PanelForm) -> None:
    if not form.validate():
        raise Invalid(list(_errors(form.errors)))


def _errors(errors: dict[Any, Any], prefix: str = "") -> Any:
    """(field, message) of every field; those of child rows as `subject.0.name`."""
    for name, reasons in errors.items():
        for number, reason in enumerate(reasons):
            if isinstance(reason, dict):
                yield from _errors(reason, f"{prefix}{name}.{number}.")
            else:
                yield f"{prefix}{name or ''}", str(reason)


def invalid(error: Invalid) -> Answer:
    errors = [{"field": field, "message": message} for field, message in error.errors]
    return jsonify(code=error.code, message=error.message, field=error.field, errors=errors), error.status


class Token(BaseApi):
    """`POST /api/v1/security/login`: a name and a password for a token, with the lockout of the log-in page (R4)."""

    route_base = "/api/v1/security"
    session: Any

    @expose("/login", methods=["POST"])
    def login(self) -> Answer:
        with limited(settings().login_rate, "login"):
            given = rest_in.body()
        rest_in.only(given, ("username", "password", "code"))
        for name, label in (("username", "账号"), ("password", "密码")):
            if not isinstance(given.get(name), str) or not given[name].strip():
                rest_in.wrong(f"请填写{label}", name, "required")
        session: Session = self.session()
        address = request.remote_addr or ""
        try:
            account = logins.authenticate(
                session, given["username"].strip(), given["password"][:200], address
            )
        except logins.SecondStep as step:
            if not isinstance(given.get("code"), str) or not given["code"].strip():
                raise
            account = logins.second_step(session, step.account, given["code"], address)
        if logins.must_change(session, account.id):
            raise Refused("password.first", "首次登录须先在网页上修改密码")
        if second_factor.owed(session, account):
            raise Refused("second_factor.owed", "须先在网页上开启动态验证码")
        actor, minutes = logins.actor_of(account), settings().session_idle_minutes
        claims = [
            actor.kind,
            actor.account,
            actor.tenant,
            actor.role,
            actor.name,
            list(actor.menus),
            account.epoch,
        ]
        token = create_access_token(
            str(account.id), additional_claims={"actor": claims}, expires_delta=timedelta(minutes=minutes)
        )
        return jsonify(access_token=token, token_type="Bearer", expires_in=minutes * 60)  # noqa: S106  # its kind


class Description(BaseApi):
    """`/api/v1/_openapi`: what there is, for whoever writes a program against it; it holds no data."""

    route_base = "/api/v1"

    @expose("/_openapi", methods=["GET"])
    def openapi(self) -> Answer:
        answer = make_response(jsonify(document(resources())))
        answer.headers["Cache-Control"] = "public, max-age=300"
        return answer


_DOORS = {"add": ("post",), "edit": ("put",), "delete": ("delete",)}


def api_class(resolved: Resolved, session: Any) -> type[DataApi]:
    """The resource class of one table; a door that is nobody's has no route."""
    closed = {
        route for verb, routes in _DOORS.items() if not open_to_anyone(resolved, verb) for route in routes
    }
    if not open_to_anyone(resolved, "unmask") or not resolved.marked(Mark.MASKED):
        closed.add("unmask")
    if not any(item.run for item in resolved.actions):
        closed.add("action")
    return type(
        f"{resolved.model.__name__}Api",
        (DataApi,),
        {
            "resolved": resolved,
            "doors": Doors(resolved, session),
            "resource_name": resolved.table,
            "class_permission_name": resolved.table,
            "exclude_route_methods": closed,
        },
    )


def open_to_anyone(resolved: Resolved, verb: str) -> bool:
    """Whether the table has this door and some role may use it."""
    if verb in _DOORS and verb not in resolved.allows:
        return False
    return any(verb in tables.get(resolved.table, ()) for tables in ROLES.values())


def resources() -> list[Resolved]:
    """The tables of the API, in order of declaration."""
    return [resolved for model in declared_models() if shown_to_anyone(resolved := resolve(model))]


def add_api(appbuilder: AppBuilder, session: Any) -> None:
    """Every resource, the log-in, and their description."""
    app: Flask = current_app
    init_limits(app)
    app.register_error_handler(Invalid, invalid)
    app.after_request(_challenge)
    for resolved in resources():
        appbuilder.add_api(api_class(resolved, session))
    Token.session = session
    appbuilder.add_api(Token)
    appbuilder.add_api(Description)


def _challenge(response: Response) -> Response:
    if response.status_code == HTTPStatus.UNAUTHORIZED and request.path.startswith("/api/"):
        response.headers.setdefault("WWW-Authenticate", "Bearer")
    return response
