"""The console's first page: what waits, what is open, what is left (7.2 首页)."""

from __future__ import annotations

from typing import Any

from flask import redirect, render_template, url_for
from flask_appbuilder import BaseView, expose

from app.access.actor import current_actor
from app.panel.pages import Crumb, HomePage


class Home(BaseView):
    """`/console/`: the actor's own console."""

    route_base = "/console"
    default_view = "home"
    session: Any

    @expose("/")
    def home(self) -> Any:
        actor = current_actor()
        if actor.account is None:
            return redirect(url_for("Login.login", next="/console/"))
        if actor.kind == "candidate":
            return redirect("/space/")
        page = HomePage(title="首页", crumbs=[Crumb("首页")])
        return render_template("panel/home.html", page=page)
