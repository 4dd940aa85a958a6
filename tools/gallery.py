"""Every template with invented data, to be looked at and tested without the product.

`python -m tools.gallery` serves it; `make_gallery()` is what the tests drive. Nothing here knows the
database: a page is drawn from the dataclasses of `app.panel.pages` alone.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from flask import Flask, Response, abort, flash, jsonify, make_response, render_template, request
from flask_wtf.csrf import CSRFProtect
from markupsafe import Markup

from app.panel.look import finder, icon
from app.services.richtext import clean_html
from tools import gallery_pages, gallery_public

ROOT = Path(__file__).resolve().parent.parent
DIST = Path(os.environ.get("DIST", ROOT / "views" / "static" / "dist"))
PAGES = {**gallery_pages.PAGES, **gallery_public.PAGES}
ANSWERS = {**gallery_pages.ANSWERS, **gallery_public.ANSWERS}
POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


def make_gallery() -> Flask:
    """The gallery as a Flask application under the product's own Content-Security-Policy."""
    app = Flask(
        "gallery",
        template_folder=str(ROOT / "views" / "templates"),
        static_folder=str(DIST),
        static_url_path="/static",
    )
    app.config.update(SECRET_KEY=os.urandom(16), WTF_CSRF_CHECK_DEFAULT=False, TEMPLATES_AUTO_RELOAD=True)
    CSRFProtect(app)
    app.jinja_env.globals.update(
        asset=_asset,
        icon=lambda name: icon(_asset("icons.svg"), name),
        brand=gallery_pages.BRAND,
        finder=partial(finder, app.jinja_env),
    )
    app.after_request(_policy)
    app.add_url_rule("/", "index", _index)
    app.add_url_rule("/console/rich/clean", "clean", _clean, methods=["POST"])
    app.add_url_rule("/<path:name>", "page", _page, methods=["GET", "POST"])
    return app


def _asset(name: str) -> str:
    """Address of a built file; the manifest is read anew so that a rebuild shows without a restart."""
    names = json.loads((DIST / "manifest.json").read_text("utf-8"))
    return f"/static/{names[name]}"


def _policy(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = POLICY
    return response


def _clean() -> Response:
    """What was pasted from a word processor, as the product keeps it."""
    return jsonify(html=clean_html(request.form.get("html", "")))


def _index() -> str:
    links = Markup("").join(Markup('<li><a href="/{0}">{0}</a></li>').format(n) for n in PAGES)
    return Markup("<!doctype html><html lang=zh-CN><title>gallery</title><ul>{}</ul></html>").format(links)


def _page(name: str) -> Response:
    draw: Callable[[], tuple[str, dict[str, Any]]] | None = PAGES.get(name)
    if name in ANSWERS:
        return make_response(ANSWERS[name]())
    if draw is None:
        abort(404)
    template, context = draw()
    if "flash" in request.args:
        flash("已保存。", "success")
        flash("有 3 名考生信息不完善，请补全后再提交。", "warning")
        flash("缴费单已确认，不能删除。", "error")
    partial = (
        request.headers.get("HX-Target") == "list" and "HX-History-Restore-Request" not in request.headers
    )
    context.setdefault("menu", gallery_pages.MENU)
    context.setdefault("who", gallery_pages.WHO)
    return make_response(render_template(template, partial=partial, **context))


if __name__ == "__main__":
    make_gallery().run(port=int(os.environ.get("PORT", "8123")), threaded=True)
