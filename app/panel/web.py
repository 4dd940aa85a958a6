"""What every request goes through: one actor, one session, security headers, one kind of error page.

A request comes in → who is it (signed cookie, or bearer token for the API) → the session acts as that actor →
the door checks the permission → the wall decides about rows → the session is closed whatever happened.
"""

from __future__ import annotations

import json
import logging
import secrets
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import (
    Flask,
    Response,
    current_app,
    g,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask import session as cookie
from flask_wtf.csrf import CSRFError, CSRFProtect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import scoped_session, sessionmaker
from werkzeug.exceptions import HTTPException
from whitenoise import WhiteNoise

from app.access.actor import AUTH, PUBLIC, Actor, WalledSession, acting_as, current_actor
from app.access.roles import DECLARING
from app.access.security import Person
from app.panel import gates, importing, look, menus
from app.panel.pages import ErrorPage, Who
from app.panel.saving import explain
from app.services.errors import DomainError
from app.services.logins import actor_of
from app.services.pilot import was_ever_pilot
from config import settings
from models.accounts import Account, AccountState, Role
from models.directory import Organisation
from models.jobs import Message
from models.kit import Base, clock

log = logging.getLogger(__name__)
csrf = CSRFProtect()
DIST = Path(__file__).resolve().parents[2] / "views" / "static" / "dist"
BRAND = "1+X 证书信息管理服务平台"
CSP = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self';"
    " connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none';"
    " frame-src 'self'"
)
DECLARING_HOME = "/console/declaring/"
_UNREAD = (
    sa.select(sa.literal(1)).select_from(Message).where(Message.read_at.is_(None)).limit(100)
)  # "99+" at most
_STANDING = sa.select(
    Account.state,
    Account.epoch,
    Account.role,
    sa.select(sa.func.count()).select_from(_UNREAD.subquery()).scalar_subquery(),
).where(Account.id == sa.bindparam("account"))
_AS_AUTH = ("/login/", "/register/", "/forgot/", "/captcha.png", "/api/v1/security/")


def make_session(engine: sa.Engine) -> scoped_session[Any]:
    """One walled session a thread; FAB, Flask-Admin and our views share it."""
    return scoped_session(sessionmaker(engine, class_=WalledSession, expire_on_commit=False))


def init_web(app: Flask, session: scoped_session[Any]) -> None:
    """Hook everything into the app."""
    app.before_request(bound)  # before anything reads the form
    csrf.init_app(app)
    app.extensions["panel_session"] = session
    app.before_request(lambda: enter(session))
    app.before_request(gates.guard)
    app.teardown_request(lambda error: leave(session))
    app.after_request(headers)
    app.register_error_handler(DomainError, refused)
    app.register_error_handler(CSRFError, lambda e: answer(400, "csrf", "页面已过期,请刷新后重试"))
    app.register_error_handler(DBAPIError, database_refused)
    app.register_error_handler(HTTPException, http_refused)
    app.register_error_handler(Exception, broken)
    app.context_processor(context)
    app.jinja_env.globals.update(
        asset=asset, icon=icon, brand=BRAND, finder=partial(look.finder, app.jinja_env)
    )


def bound() -> None:
    """How large this request's body may be: an import its file, a form with files their sum, all else a few MB."""
    config = settings()
    limit = importing.body_limit(request.path)
    if limit is None:
        pages = request.path.startswith(("/console/", "/desk/"))
        with_files = pages and request.path.endswith(("/add", "/edit"))
        files = (
            config.upload_support_files if with_files else 1 if pages and "/upload/" in request.path else 0
        )
        limit = config.upload_support_bytes * files
        limit += config.request_body_bytes
    request.max_content_length = limit


# Who is it


def enter(session: scoped_session[Any]) -> Any:
    """Find the actor and let the session act as it for this request."""
    if request.path.startswith(("/static/", "/healthz")):
        return None
    g.request_id = secrets.token_hex(8)
    g.doors = ExitStack()
    actor = _actor()
    g.doors.enter_context(acting_as(actor, session()))
    if actor.account is not None and not _still_valid(session, actor):
        leave(session)
        g.doors = ExitStack()
        cookie.clear()
        g.doors.enter_context(acting_as(PUBLIC, session()))
        if request.path.startswith("/api/"):
            return answer(401, "login.expired", "登录已失效,请重新登录")
        if request.path.startswith(("/console", "/desk", "/space")):
            return redirect(url_for("Login.login", next=request.full_path))
        return None
    if _before_pilot(session, actor):
        leave(session)
        g.doors = ExitStack()
        g.doors.enter_context(acting_as(replace(actor, declaring=True), session()))
    if _suspended(session, actor):
        return answer(403, "organisation.suspended", "本机构已被平台停用,只能查看,不能办理业务")
    if actor.account is not None:
        g.person = Person(actor.account, actor.name)
        if first := _first():
            return redirect(first)
        if current_actor().declaring and request.method == "GET" and _business(request.path):
            return redirect(DECLARING_HOME)
    return None


def _first() -> str:
    """What an account must do before anything else: its own password (R6), then its one-time codes (design 7)."""
    for owed, page in (("must_change", "/password/"), ("owes_code", "/security/")):
        if cookie.get(owed):
            return "" if request.path.startswith((page, "/password/", "/logout/", "/api/")) else page
    return ""


def _suspended(session: scoped_session[Any], actor: Actor) -> bool:
    """A suspended organisation still logs in and reads; its writing stops (4.17)."""
    if (
        actor.kind != "organisation"
        or request.method in ("GET", "HEAD")
        or request.path in ("/logout/", "/password/")
    ):
        return False
    return not session.scalar(sa.select(Organisation.active).where(Organisation.id == actor.tenant))


def _before_pilot(session: scoped_session[Any], actor: Actor) -> bool:
    """A school whose business platform is not open yet (R8). Once open it stays open, so the cookie remembers."""
    if actor.kind != "school" or actor.tenant is None:
        return False
    browsing = not request.path.startswith("/api/")
    if browsing and cookie.get("pilot"):
        return False
    opened = was_ever_pilot(session(), actor.tenant)
    if opened and browsing:
        cookie["pilot"] = True
    return not opened


def _business(path: str) -> bool:
    """Pages of the business platform, from which a school that is only declaring is led back (E10)."""
    area, _, rest = path.strip("/").partition("/")
    page = rest.partition("/")[0]
    return area == "console" and (not page or (page in Base.metadata.tables and page not in DECLARING))


def _actor() -> Actor:
    address = request.remote_addr or ""
    if request.path.startswith(_AS_AUTH):
        return Actor("auth", role="auth", address=address, request=g.request_id)
    if request.path.startswith("/api/"):
        return _bearer(address)
    known = cookie.get("actor")
    if not known or not _fresh():
        return Actor("public", role="public", address=address, request=g.request_id)
    kind, account, tenant, role, name, menu = known
    schools = tuple(cookie.get("schools", ()))
    return Actor(kind, account, tenant, role, name, tuple(menu), address, g.request_id, schools=schools)


def _bearer(address: str) -> Actor:
    """The API knows only bearer tokens, never the session cookie (F3)."""
    from flask_jwt_extended import get_jwt, verify_jwt_in_request
    from flask_jwt_extended.exceptions import JWTExtendedException
    from jwt import ExpiredSignatureError, PyJWTError

    claims = None
    try:
        if verify_jwt_in_request(optional=True):
            claims = get_jwt().get("actor")
    except ExpiredSignatureError:
        g.token_expired = True
    except (JWTExtendedException, PyJWTError):
        pass  # somebody else's token, or none at all: nobody
    if claims is None:
        return Actor("public", role="public", address=address, request=g.request_id)
    kind, account, tenant, role, name, menu, epoch = claims
    g.epoch = epoch
    return Actor(kind, account, tenant, role, name, tuple(menu), address, g.request_id)


def _fresh() -> bool:
    """Idle and absolute limits of a session."""
    now, config = clock.now().timestamp(), settings()
    seen, began = cookie.get("seen", 0), cookie.get("began", 0)
    if now - seen > config.session_idle_minutes * 60 or now - began > config.session_absolute_hours * 3600:
        return False
    if (
        now - seen > 60 and "X-Background" not in request.headers
    ):  # a page that refreshes itself is nobody's activity
        cookie["seen"] = now
    return True


def _still_valid(session: scoped_session[Any], actor: Actor) -> bool:
    """The account is still active, in the same role, and its sessions were not ended (R5). The same statement counts
    the unread messages that every page shows."""
    row = session.execute(_STANDING, {"account": actor.account}).one_or_none()
    if row is None:
        return False
    state, epoch, role, g.unread = row
    known = g.epoch if "epoch" in g else cookie.get("epoch")
    return state is AccountState.ACTIVE and epoch == known and role.value == actor.role


def log_in(
    account: Account, must_change: bool, owes_code: bool = False, schools: tuple[int, ...] = ()
) -> None:
    """A new session cookie for the account: nothing of the old one survives (fixation). `owes_code`: it must set up
    one-time codes first. `schools`: a candidate sees only their rows (`Actor`)."""
    actor = actor_of(account)
    cookie.clear()
    cookie.permanent = True
    now = clock.now().timestamp()
    cookie.update(
        actor=[actor.kind, actor.account, actor.tenant, actor.role, actor.name, list(actor.menus)],
        epoch=account.epoch,
        began=now,
        seen=now,
        must_change=must_change,
        owes_code=owes_code,
        schools=list(schools),
        tenant_name=tenant_name(account),
    )


def tenant_name(account: Account) -> str:
    for relation in ("school", "organisation", "province", "city"):
        if getattr(account, f"{relation}_id") is not None:
            found = getattr(account, relation)
            return str(found) if found is not None else ""
    return "平台" if account.kind.value == "platform" else ""


def leave(session: scoped_session[Any]) -> None:
    doors = g.pop("doors", None)
    if doors is not None:
        doors.close()
    session.remove()


# What every page shows


def context() -> dict[str, Any]:
    if "person" not in g:
        return {"menu": [], "who": None, "home_url": "/"}
    actor = current_actor()
    role = Role(actor.role)
    who = Who(actor.name, cookie.get("tenant_name", ""), role.label, g.unread)
    if actor.kind == "candidate":  # who logs in by a code to the phone; the space has a menu of its own
        who = replace(who, security_url="", password_url="" if actor.schools else who.password_url)
        return {"menu": [], "who": who, "home_url": "/space/"}
    return {"menu": menus.menu(actor, request.path), "who": who, "home_url": "/console/"}


@cache
def _manifest() -> dict[str, str]:
    path = DIST / "manifest.json"
    return dict(json.loads(path.read_text())) if path.exists() else {}


def asset(name: str) -> str:
    """The address of a bundled file, with its hash."""
    return f"/static/dist/{_manifest().get(name, name)}"


def icon(name: str) -> Any:
    return look.icon(asset("icons.svg"), name)


# Answers


def static_files(app: Flask) -> WhiteNoise:
    """Bundled files before any of our work: compressed as they were built, kept by browsers for a year, since their
    names change with their content."""
    return WhiteNoise(
        app.wsgi_app,
        root=app.static_folder,
        prefix="static/",
        max_age=3600,
        allow_all_origins=False,
        immutable_file_test=lambda path, url: url.startswith("/static/dist/"),
        add_headers_function=lambda found, path, url: _secure(found),
        mimetypes={".txt": "text/plain; charset=utf-8"},
    )


def _secure(found: Any) -> None:
    """Security headers of every answer (check 9)."""
    found.setdefault("Content-Security-Policy", CSP)
    found["X-Content-Type-Options"] = "nosniff"
    found.setdefault("X-Frame-Options", "DENY")
    found["Referrer-Policy"] = "same-origin"
    found["Cross-Origin-Opener-Policy"] = "same-origin"
    found["Permissions-Policy"] = "camera=(), microphone=(), geolocation=()"
    if settings().production:
        found["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"


def headers(response: Response) -> Response:
    """Security headers, and who may keep the answer."""
    _secure(response.headers)
    if request.path.startswith("/static/dist/"):
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    elif "person" in g or not request.path.startswith("/static/"):
        response.headers.setdefault("Cache-Control", "private, no-store")
        response.vary.add("Cookie")
        response.vary.add("HX-Request")
    return response


_WORDS = {
    400: "请求不完整或页面已过期,请刷新后重试",
    401: "请先登录",
    403: "没有权限进行此操作",
    404: "没有找到该页面或记录",
    405: "不支持这样的操作",
    409: "当前状态不允许此操作",
    410: "该内容已下线",
    413: "上传的内容太大",
    415: "不支持的文件类型",
    422: "提交的内容有误",
    429: "操作过于频繁,请稍后再试",
    500: "系统出现故障,请稍后再试",
}


def _words(code: int) -> str:
    return _WORDS.get(code, _WORDS[500] if code >= 500 else _WORDS[400])


def refused(error: DomainError) -> Any:
    return answer(error.status, error.code, error.message, error.field)


def http_refused(error: HTTPException) -> Any:
    """What the framework refused: no such page, not this method (and which ones), too large, too often."""
    code = error.code or 500
    response = make_response(answer(code, f"http.{code}", _words(code)))
    if methods := getattr(error, "valid_methods", None):
        response.headers["Allow"] = ", ".join(methods)
    return response


def database_refused(error: DBAPIError) -> Any:
    """What the database refused: the wall (403), a state (409), a rule (422); anything else is a fault (500)."""
    try:
        return refused(explain(error))
    except DBAPIError:
        return broken(error)


def broken(error: Exception) -> Any:
    log.exception("request %s failed", g.get("request_id", ""))
    return answer(500, "fault", _WORDS[500])


def answer(status: int, code: str, message: str, field: str | None = None) -> Any:
    """A refusal in the form the asker reads: JSON for the API and scripts, a page for people."""
    gates.note_refusal(current_app.extensions["panel_session"], status)
    if request.path.startswith("/api/") or request.accept_mimetypes.best == "application/json":
        return jsonify(code=code, message=message, field=field), status
    back = request.referrer if request.referrer and request.referrer.startswith(request.host_url) else ""
    number = g.get("request_id", "") if status >= 500 else ""
    page = ErrorPage(
        title=message, status=status, message=message, field=field or "", back=back, request_id=number
    )
    return render_template("panel/error.html", page=page), status


def lifetime() -> timedelta:
    return timedelta(hours=settings().session_absolute_hours)


__all__ = ["AUTH", "asset", "csrf", "init_web", "lifetime", "log_in", "make_session"]
