"""The console's first page: what waits, what is open, what is left, what is new (7.2, 7.3 首页)."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from flask import redirect, render_template, url_for
from flask_appbuilder import BaseView, expose

from app.access.actor import Actor, current_actor
from app.access.roles import may
from app.panel import query
from app.panel.cells import tab_tone
from app.panel.pages import Crumb, HomePage, Link, News, Quota, Share, Slice, Todo, Window
from app.panel.resolve import Resolved, resolve, resolve_table
from app.services import todos
from config import settings
from models.content import Notice
from models.kit import Moment, clock

# The tables whose states are drawn as rings, by kind of actor.
_SHARES = {
    "platform": ("declaration", "certificate_result", "issuance_task"),
    "province": ("declaration", "weekly_report"),
    "city": ("declaration",),
    "school": ("candidate", "registration", "issuance_task"),
    "organisation": ("registration", "certificate_result", "issuance_task"),
}
_QUOTAS = {"school": "本年指标使用", "platform": "本年各省指标使用"}
_TONES = ("green", "blue", "amber", "violet", "red", "grey")

# (kind of actor, permission, label, address, icon): what people come here to begin.
_SHORTCUTS = (
    ("school", "candidate:import", "批量导入考生", "/console/candidate/import", "upload"),
    ("school", "registration:import_by_certificate", "批量报考", "/console/registration/import/by_certificate", "clipboard-plus"),
    ("school", "fee_slip:import_by_certificate", "生成缴费申请单", "/console/fee_slip/import/by_certificate", "receipt"),
    ("organisation", "exam_plan:add", "新增考试计划", "/console/exam_plan/add", "calendar-event"),
    ("organisation", "score:import", "导入成绩", "/console/score/import", "upload"),
    ("province", "declaration_batch:add", "新增申报批次", "/console/declaration_batch/add", "calendar-event"),
    ("platform", "organisation:add", "新增培训评价组织", "/console/organisation/add", "plus"),
    ("platform", "notice:add", "新增公告", "/console/notice/add", "plus"),
)  # fmt: skip


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
            hint=_today(actor),
            crumbs=[Crumb("首页")],
            todos=[_todo(item, count) for item, count in todos.waiting(self.session, actor)],
            windows=[_window(*item) for item in todos.open_windows(self.session, actor)],
            shares=self._shares(actor),
            quotas=[
                Quota(use.label, use.used, use.granted, use.href)
                for use in (todos.quotas_of_year(self.session, actor) if may(actor, "quota", "list") else ())
            ],
            quotas_title=_QUOTAS.get(actor.kind, "本年各证书指标使用"),
            news=self._news(),
            news_url="/notices/announcement/",
            shortcuts=[
                Link(label, href, icon)
                for kind, permission, label, href, icon in _SHORTCUTS
                if kind == actor.kind and may(actor, *permission.split(":"))
            ],
        )
        return render_template("panel/home.html", page=page)

    def _shares(self, actor: Actor) -> list[Share]:
        """The tables this actor works through, by state; an empty one says nothing."""
        tables = [resolve_table(name) for name in _SHARES.get(actor.kind, ()) if may(actor, name, "list")]
        found = zip(tables, query.tab_counts(self.session, tables), strict=True)
        return [share for share in (_share(resolved, tabs) for resolved, tabs in found) if share.slices]

    def _news(self) -> list[News]:
        rows = self.session.scalars(
            sa.select(Notice).where(Notice.state == "PUBLISHED").order_by(Notice.publish_from.desc()).limit(6)
        )
        return [News(n.title, f"{n.publish_from:%Y-%m-%d}", f"/notices/{n.id}", n.kind.label) for n in rows]


def _today(actor: Actor) -> str:
    now = clock.now()
    hello = "上午好" if now.hour < 12 else "下午好" if now.hour < 18 else "晚上好"
    return f"{hello}!今天是{now.year}年{now.month}月{now.day}日,星期{'一二三四五六日'[now.weekday()]}"


def _share(resolved: Resolved, tabs: list[tuple[query.TabSpec, int]]) -> Share:
    """Beyond the cap no count is exact: the legend says so, and no ring is drawn."""
    parts = [(tab, count) for tab, count in tabs if tab.name and count]
    exact = all(count <= settings().count_cap for _, count in tabs)
    whole = sum(count for _, count in parts) if exact else 0
    slices, start, free = [], 0.0, list(_TONES)
    for tab, count in parts:
        wanted = tab_tone(resolved, tab.name)
        tone: Any = wanted if wanted in free or not free else free[0]
        if tone in free:
            free.remove(tone)  # neighbours that mean the same kind of thing still look different
        size = 100 * count / whole if whole else 0.0
        href = f"{resolved.url}/?tab={quote(tab.name)}"
        slices.append(Slice(tab.label, query.capped(count), tone, href, start, size))
        start += size
    total = next((count for tab, count in tabs if not tab.name), whole)
    return Share(resolved.name, query.capped(total), slices, f"{resolved.url}/")


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
