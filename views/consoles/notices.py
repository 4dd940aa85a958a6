"""What an editor has beyond the generated pages: preview, pictures of a text, and clean pasting (4.16, R19)."""

from __future__ import annotations

from typing import Any

from flask import jsonify, request
from flask_appbuilder import BaseView, expose

from app.access.actor import current_actor
from app.panel.doors import Doors
from app.panel.gates import opens
from app.panel.pages import Link
from app.panel.resolve import resolve
from app.services import notices, portal
from app.services.errors import DomainError
from app.services.richtext import clean_html
from config import settings
from models.content import Notice, NoticeState
from models.kit import clock
from views.portal.news import notice_page
from views.portal.shell import draw


class Editing(BaseView):
    """Notices before everybody sees them."""

    route_base = "/console"
    default_view = "preview"
    session: Any

    @expose("/notice/<int:key>/preview")
    @opens("notice:preview")
    def preview(self, key: int) -> str:
        """The page as the portal will show it."""
        row = Doors(resolve(Notice), self.session).row(key)
        assert isinstance(row, Notice)  # noqa: S101  what that door reads
        attached = portal.attachments(self.session, key)
        page = notice_page(row, attached)
        page.files = [Link(file.name, f"/console/notice_file/{file.id}/file/file") for file in attached]
        page.when = page.when or str(clock.today())
        page.banner = _standing(row)
        page.back = [
            Link("返回", f"/console/notice/{key}", "arrow-left"),
            Link("编辑", f"/console/notice/{key}/edit", "edit"),
        ]
        return draw("portal/notice.html", page, noindex=True)

    @expose("/pictures", methods=["POST"])
    @opens("notice:add", "notice:edit")
    def picture(self) -> Any:
        """A picture for the text being written: its address, for the editor's script."""
        upload = request.files.get("file")
        if upload is None:
            raise DomainError("picture", "请选择图片", "file")
        data = upload.stream.read(settings().upload_photo_bytes + 1)
        url = notices.keep_picture(self.session, current_actor(), upload.filename or "", data)
        self.session.commit()
        return jsonify(url=url), 201


class RichText(BaseView):
    """For the editor's script, wherever rich text is written."""

    route_base = "/console/rich"
    default_view = "clean"
    session: Any

    @expose("/clean", methods=["POST"])
    def clean(self) -> Any:
        """What was pasted, as it would be kept."""
        return jsonify(html=clean_html(request.form.get("html", "")))


def _standing(row: Notice) -> str:
    if row.state is NoticeState.SCHEDULED:
        return f"预览:定时发布,{row.publish_from:%Y-%m-%d %H:%M}起在门户显示"
    if row.state is NoticeState.PUBLISHED:
        return "预览:已发布,门户显示的就是这个样子"
    return "预览:草稿,还没有发布,只有编辑能看到"
