"""Who may come in through which endpoint. Everything is closed unless it says otherwise (check 1).

An endpoint says so in one of four ways: it stands in `PUBLIC`; in `SIGNED_IN` (any account, its own affairs alone); it
is a generated door, whose verb is known (FAB's own `permission_name` too); or its hand-made method is marked
`@opens("exam_plan:schedule")`. The guard
asks before the view runs, so a view that forgets its own check lets nobody in, and every refusal of somebody known
leaves a row in the trail (E11, R135).
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar

import sqlalchemy as sa
from flask import current_app, g, redirect, request, url_for
from sqlalchemy.exc import SQLAlchemyError

from app.access.actor import Actor, current_actor
from app.access.roles import may
from app.services.errors import DomainError, NotFound, Refused

log = logging.getLogger(__name__)

# Anybody, without an account. Nothing here may show or change a tenant's rows.
PUBLIC = frozenset(
    {
        "static",
        "Login.login", "Login.second", "Login.link", "Login.captcha", "Login.logout",
        "Registering.choose", "Registering.register", "Registering.cities", "Registering.schools",
        "Registering.register_code", "Registering.feedback", "Registering.forgot", "Registering.forgot_code",
        "Token.login", "Description.openapi",
        "Portal.home", "Portal.icon", "News.notices", "News.notice", "News.notice_file", "News.picture", "News.search",
        "Catalogue.certificates", "Catalogue.certificate", "Catalogue.standard",
        "Feeds.feed", "Feeds.site_map", "Feeds.robots", "Verify.verify",
        "SpaceLogin.login", "SpaceLogin.password", "SpaceLogin.code",
        "Health.alive", "Health.ready", "Health.metrics",  # the last asks for its own address or token
        "SigningPhone.page", "SigningPhone.lookup", "SigningPhone.submit",  # the one-time token is the right (E125)
    }
)  # fmt: skip

# Every account, whatever its role: its own affairs, and pages that show each role only what it may list.
SIGNED_IN = frozenset(
    {
        "Home.home", "Login.password", "desk.index", "RichText.clean",
        "Security.page", "Security.begin", "Security.confirm", "Security.renew", "Security.end",
    }
)  # fmt: skip

# What the frameworks bring and nobody uses: these addresses answer 404 (F10, A8).
UNUSED = frozenset({"NoIndex.index", "UtilView.back", "LocaleView.index", "appbuilder.static"})

Method = TypeVar("Method", bound=Callable[..., Any])


def opens(*permissions: str) -> Callable[[Method], Method]:
    """For a method of a hand-made view: one of these permissions (`<table>:<verb>`) lets in; it may ask for more."""

    def mark(method: Method) -> Method:
        method.permissions = permissions  # type: ignore[attr-defined]
        return method

    return mark


def permissions_of(view: Any) -> tuple[str, ...]:
    """The permissions a view function declares; none means that nobody may come in."""
    if marked := getattr(view, "permissions", ()):
        return tuple(marked)
    owner = getattr(view, "__self__", None)
    table = getattr(getattr(owner, "resolved", None), "table", "") or getattr(
        owner, "class_permission_name", ""
    )
    verb = getattr(view, "_permission_name", "") or getattr(owner, "gates", {}).get(view.__name__, "")
    return (f"{table}:{verb}",) if table and verb else ()


def guard() -> Any:
    """Before every view: may this actor come in? Nothing of the view has run yet."""
    endpoint = request.endpoint
    if endpoint is None or endpoint in PUBLIC:
        return None  # no such page: the router answers
    if endpoint in UNUSED:
        raise NotFound("没有找到该页面")
    actor = current_actor()
    if endpoint not in SIGNED_IN:
        wanted = permissions_of(current_app.view_functions[endpoint])
        if not wanted:
            log.error("endpoint %s is closed: it declares no permission (app/panel/gates.py)", endpoint)
            raise NotFound("没有找到该页面")
        if actor.account is not None and any(may(actor, *name.split(":")) for name in wanted):
            return None
    return _not_for(actor, endpoint)


def _not_for(actor: Actor, endpoint: str) -> Any:
    if actor.account is not None:
        if endpoint in SIGNED_IN:
            return None
        if request.path in ("/space/", "/space/scores/") and request.method == "GET":
            return redirect(
                url_for("SpaceLogin.login")
            )  # the portal's link: whoever clicks it has another account there
        raise Refused("forbidden", "没有权限进行此操作")
    if request.path.startswith("/api/"):
        if g.get("token_expired"):
            raise DomainError("login.expired", "登录已失效,请重新登录", status=401)
        raise DomainError("login.required", "请先登录:请求头应带Authorization: Bearer <token>", status=401)
    way_in = "SpaceLogin.login" if request.path.startswith("/space") else "Login.login"
    return redirect(url_for(way_in, next=request.full_path.rstrip("?") if request.method == "GET" else None))


def note_refusal(session: Any, status: int) -> None:
    """A 403 to somebody known stays in the trail: who tried what (E11)."""
    if status != 403 or "person" not in g:
        return
    try:
        session.rollback()
        area, _, rest = request.path.strip("/").partition("/")
        table = rest.partition("/")[0][:60] or area[:60] or "/"
        what = f"{request.method} {request.path}"[:500]
        session.execute(sa.select(sa.func.panel_note("REFUSED", table, sa.null(), what)))
        session.commit()
    except SQLAlchemyError:  # the refusal itself stands whatever becomes of its trace
        session.rollback()
        log.exception("a refusal left no trace")
