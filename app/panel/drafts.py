"""Forms that keep what is typed: the door the page writes to every few seconds, and what is left of it afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import jsonify, request
from werkzeug.wrappers import Response

from app.access.actor import current_actor
from app.panel.cells import plain
from app.panel.form_pages import place
from app.services import form_drafts
from app.services.errors import DomainError
from app.services.form_drafts import Typed
from models.kit import Declared

if TYPE_CHECKING:
    from app.panel.doors import Doors

KEPT = ";您刚才填写的内容已保留"


def door(doors: Doors) -> Response:
    """Keep the posted form under its `place`, or `forget` it."""
    here = request.args.get("place", "")[:120]
    if not doors.resolved.panel.autosaves or not here:
        raise DomainError("draft.none", "该表单不自动保存")
    actor, table = current_actor(), doors.resolved.table
    if request.args.get("forget"):
        form_drafts.forget(doors.session, actor, table, here)
        doors.session.commit()
        return jsonify(saved="")
    moment = form_drafts.keep(doors.session, actor, table, here, request.form.items(multi=True))
    if moment is None:
        raise DomainError("draft.empty", "还没有填写内容")
    doors.session.commit()
    return jsonify(saved=plain(moment))


def keep_posted(doors: Doors, row: Declared | None) -> bool:
    """Keep what was posted and could not be saved; whether it is kept."""
    if not doors.resolved.panel.autosaves:
        return False
    actor, here = current_actor(), place(doors.resolved, row)
    pairs = request.form.items(multi=True)
    try:
        moment = form_drafts.keep(doors.session, actor, doors.resolved.table, here, pairs)
    except DomainError:  # more than is ever kept; the page still shows it
        return False
    doors.session.commit()
    return moment is not None


def find(doors: Doors, row: Declared | None) -> Typed | None:
    if not doors.resolved.panel.autosaves:
        return None
    return form_drafts.find(doors.session, current_actor(), doors.resolved.table, place(doors.resolved, row))


def forget(doors: Doors, row: Declared | None) -> None:
    """It is saved now; in the same transaction."""
    if doors.resolved.panel.autosaves:
        form_drafts.forget(doors.session, current_actor(), doors.resolved.table, place(doors.resolved, row))
