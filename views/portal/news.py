"""政策文件, 工作动态, 通知公告 (4.16): lists, pages, search, attachments and the pictures of texts."""

from __future__ import annotations

import re
from typing import Any

from flask_appbuilder import BaseView, expose
from werkzeug.wrappers import Response

from app.access.actor import current_actor
from app.panel.pages import Crumb, Empty, Link, NewsList, NoticePage, Tab
from app.panel.pages import News as Headline
from app.services import files, notices, portal
from app.services.errors import NotFound
from app.services.richtext import clean_html
from models.content import Notice, NoticeFile
from views.portal.catalogue import card
from views.portal.shell import NOTICES, PAGE_SIZE, as_public, day, draw, number_of_page, pager, words_asked

_KEY = re.compile(r"[0-9a-f]{2}/[0-9a-f]{40}\.(?:png|jpg)")
_PICTURE_SECONDS = 300
FOUND_CERTIFICATES = 6


class News(BaseView):
    """Texts that everybody may read; the wall hides what is not, or no longer, published."""

    route_base = ""
    default_view = "notices"
    session: Any

    @expose("/notices/<kind>/")
    def notices(self, kind: str) -> str:
        if kind not in NOTICES:
            raise NotFound("没有找到该栏目")
        number, words = number_of_page(), words_asked()
        with as_public(self.session) as session:
            rows = portal.notices(
                session, NOTICES[kind], words, start=(number - 1) * PAGE_SIZE, limit=PAGE_SIZE
            )
            total = portal.count_notices(session, NOTICES[kind], words)
            items = [news(row) for row in rows]
        asked = {"q": words} if words else {}
        page = NewsList(
            title=NOTICES[kind].label,
            crumbs=[Crumb("首页", "/"), Crumb(NOTICES[kind].label)],
            tabs=[Tab(other.label, f"/notices/{slug}/", "", slug == kind) for slug, other in NOTICES.items()],
            items=items,
            action=f"/notices/{kind}/",
            query=words,
            placeholder=f"在{NOTICES[kind].label}中搜索",
            pager=pager(f"/notices/{kind}/", asked, number, total),
            empty=_nothing(words, f"/notices/{kind}/"),
        )
        return draw("portal/list.html", page)

    @expose("/search")
    def search(self) -> str:
        """All kinds of notices, and the certificates of that name."""
        number, words = number_of_page(), words_asked()
        with as_public(self.session) as session:
            rows = portal.notices(session, None, words, start=(number - 1) * PAGE_SIZE, limit=PAGE_SIZE)
            items = [news(row, tagged=True) for row in rows] if words else []
            total = portal.count_notices(session, None, words) if words else 0
            named = portal.Catalogue(words=words)
            cards = portal.certificates(session, named, limit=FOUND_CERTIFICATES) if words else []
        page = NewsList(
            title="搜索",
            crumbs=[Crumb("首页", "/"), Crumb("搜索")],
            items=items,
            cards=[card(found) for found in cards] if number == 1 else [],
            action="/search",
            query=words,
            placeholder="搜索公告、政策和证书",
            count=f"“{words}”:{total}篇文章" if words else "",
            pager=pager("/search", {"q": words}, number, total),
            empty=_nothing(words, "") if words else Empty("输入要找的内容", "在公告、政策、动态和证书中查找"),
        )
        return draw("portal/list.html", page, noindex=True)

    @expose("/notices/<int:key>")
    def notice(self, key: int) -> str:
        with as_public(self.session) as session:
            found, attached = portal.notice(session, key)
            page = notice_page(found, attached)
            older, newer = portal.neighbours(session, found)
            page.older = Link(older.title, f"/notices/{older.id}") if older else None
            page.newer = Link(newer.title, f"/notices/{newer.id}") if newer else None
        return draw("portal/notice.html", page)

    @expose("/notices/<int:key>/files/<int:file>")
    def notice_file(self, key: int, file: int) -> Response:
        with as_public(self.session) as session:
            attached = session.get(NoticeFile, file) if file < portal.LARGEST_ID else None
            if attached is None or attached.notice_id != key:
                raise NotFound("没有找到该附件")
            return files.respond(session, attached.file, name=attached.name)

    @expose("/notices/pictures/<path:key>")
    def picture(self, key: str) -> Response:
        """For those who may read a text that shows it; its writer sees it before."""
        if not _KEY.fullmatch(key):
            raise NotFound("没有找到该图片")
        actor = current_actor()
        mine = actor.account is not None and notices.may_see_picture(self.session, actor, key)
        with as_public(self.session) as session:
            if not mine and not notices.may_see_picture(session, current_actor(), key):
                raise NotFound("没有找到该图片")
            answer = files.respond(session, key, inline=True, name=key.rpartition("/")[2])
        answer.headers["Cache-Control"] = f"private, max-age={_PICTURE_SECONDS}"
        return answer


def notice_page(found: Notice, attached: list[NoticeFile]) -> NoticePage:
    """A text as it stands on the portal; the editor's preview is the same page."""
    return NoticePage(
        title=found.title,
        crumbs=[
            Crumb("首页", "/"), Crumb(found.kind.label, f"/notices/{_slug(found)}/"), Crumb("正文"),
        ],
        kind=found.kind.label,
        when=day(found.publish_from),
        source=found.source or "",
        html=_below_the_title(clean_html(found.body)),
        files=[Link(file.name, f"/notices/{found.id}/files/{file.id}") for file in attached],
    )  # fmt: skip


def _below_the_title(html: str) -> str:
    """A text's headings begin one below the page's own: nothing is skipped for those who go from one to the next."""
    return re.sub(r"(</?)h([34])\b", lambda found: f"{found[1]}h{int(found[2]) - 1}", html)


def news(row: Notice, *, tagged: bool = False) -> Headline:
    tag = "置顶" if row.pinned and not tagged else row.kind.label if tagged else ""
    return Headline(row.title, day(row.publish_from), f"/notices/{row.id}", tag)


def _slug(row: Notice) -> str:
    return next(slug for slug, kind in NOTICES.items() if kind is row.kind)


def _nothing(words: str, everything: str) -> Empty:
    if not words:
        return Empty("暂无内容")
    link = Link("查看全部", everything) if everything else None
    return Empty(f"没有找到包含“{words}”的内容", "换个说法,或减少几个字再搜索", link)
