"""The console's first page: what waits, what is open, what is left, what is new (7.2, 7.3 首页)."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from flask import redirect, render_template, url_for
from flask_appbuilder import BaseView, expose

from app.access.actor import current_actor
from app.access.roles import may
from app.panel.pages import Crumb, HomePage, News, Quota, Todo, Window
from app.panel.resolve import resolve
from app.services import todos
from models.content import Notice
from models.kit import Moment, clock


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
        page = HomePage(
            title="首页",
            crumbs=[Crumb("首页")],
            todos=[_todo(item, count) for item, count in todos.waiting(self.session, actor)],
            windows=[_window(*item) for item in todos.open_windows(self.session, actor)],
            quotas=[
                Quota(str(quota.certificate), quota.used, quota.granted, f"/console/quota/{quota.id}")
                for quota in (
                    todos.quotas_of_year(self.session, actor) if may(actor, "quota", "list") else ()
                )
            ],
            news=self._news(),
            news_url="/notices/announcement/",
        )
        return render_template("panel/home.html", page=page)

    def _news(self) -> list[News]:
        rows = self.session.scalars(
            sa.select(Notice).where(Notice.state == "PUBLISHED").order_by(Notice.publish_from.desc()).limit(6)
        )
        return [News(n.title, f"{n.publish_from:%Y-%m-%d}", f"/notices/{n.id}", n.kind.label) for n in rows]


def _todo(item: todos.Waiting, count: int) -> Todo:
    href = f"{resolve(item.model).url}/?tab={quote(item.tab)}"
    tone: Any = item.tone if count else "grey"
    return Todo(item.label, count, href, item.icon, tone)


def _window(name: str, label: str, starts: datetime, ends: datetime) -> Window:
    now = clock.now()
    opened = starts <= now
    away = (ends if opened else starts) - now
    left = f"{away.days}天" if away.days else f"{away.seconds // 3600}小时"
    return Window(
        f"{name} · {label}",
        f"{Moment().shown(starts)} ~ {Moment(closing=True).shown(ends)}",
        f"还剩{left}" if opened else f"{left}后开始",
        "open" if opened else "soon",
    )
