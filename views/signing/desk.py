"""The desk side of issuing: what a decision asks before it is taken, and the QR code that waits for the phone (4.13)."""

from __future__ import annotations

import base64
from typing import Any

from flask import render_template, request
from flask_appbuilder import BaseView, expose
from sqlalchemy.orm import Session
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from app.access.actor import Actor, current_actor
from app.documents import codes
from app.panel import running
from app.panel.doors import is_partial
from app.panel.fab import forbid_unless
from app.panel.gates import opens
from app.panel.lists import crumbs
from app.panel.menus import stands_under
from app.panel.pages import Crumb, Link, SignDeskPage
from app.panel.resolve import resolve
from app.services import issuing, seals, signing
from app.services.errors import Conflict, NotFound
from config import settings
from models.issuance import IssuanceTask, SigningRequest, SigningState
from models.kit import clock

TEMPLATE = "signing/desk.html"


stands_under("/console/signing/", issuing.LIST)


class Decisions(BaseView):
    """The buttons 确认签发 and 拒绝签发: the general way, with the answers that only issuing knows (E121–E124)."""

    route_base = "/console/issuance_task/action"
    default_view = "sign_organisation"
    session: Session

    @expose("/sign_organisation", methods=["POST"])
    @opens("issuance_task:sign_organisation")
    def sign_organisation(self) -> Any:
        return self._sign("sign_organisation")

    @expose("/sign_site", methods=["POST"])
    @opens("issuance_task:sign_site")
    def sign_site(self) -> Any:
        return self._sign("sign_site")

    @expose("/sign_batch", methods=["POST"])
    @opens("issuance_task:sign_batch")
    def sign_batch(self) -> Any:
        return self._sign("sign_batch")

    @expose("/refuse_organisation", methods=["POST"])
    @opens("issuance_task:refuse_organisation")
    def refuse_organisation(self) -> Any:
        return self._decide("refuse_organisation")

    @expose("/refuse_site", methods=["POST"])
    @opens("issuance_task:refuse_site")
    def refuse_site(self) -> Any:
        return self._decide("refuse_site")

    def _sign(self, name: str) -> Any:
        forbid_unless("issuance_task", name)
        try:
            issuing.require_seal(self.session, current_actor())
        except Conflict as refusal:
            page = SignDeskPage(
                title="确认签发",
                crumbs=crumbs(resolve(IssuanceTask), Crumb("确认签发")),
                state="refused",
                text=refusal.message,
                links=[
                    Link("上传签名章", seals.PAGE, "rubber-stamp", primary=True),
                    Link("返回", issuing.LIST),
                ],
            )
            return render_template(TEMPLATE, page=page), refusal.status
        return self._decide(name)

    def _decide(self, name: str) -> Any:
        """As every action runs; where no ticked row fits, the reason is told exactly instead of "state" alone."""
        forbid_unless("issuance_task", name)
        resolved = resolve(IssuanceTask)
        item = running.opened(resolved, name)
        if item.on != "list":
            rows = running.chosen(self.session, resolved)
            if not any(item.when(row) for row in rows):
                issuing.require_decidable(
                    current_actor(), [row for row in rows if isinstance(row, IssuanceTask)]
                )
        return running.run(self.session, resolved, name)


class SigningDesk(BaseView):
    """The QR code, and what became of it."""

    route_base = "/console/signing"
    default_view = "show"
    session: Session

    @expose("/<int:key>")
    @opens("signing_request:list")
    def show(self, key: int) -> str:
        actor, asked = self._request(key)
        page = _page(actor, asked)
        return render_template(TEMPLATE, page=page, partial=is_partial("desk"))

    @expose("/<int:key>/cancel", methods=["POST"])
    @opens("signing_request:list")
    def cancel(self, key: int) -> Response:
        _, asked = self._request(key)
        if asked.state in signing.OPEN:
            asked.state = SigningState.EXPIRED
            self.session.commit()
        return redirect(issuing.LIST)

    def _request(self, key: int) -> tuple[Actor, SigningRequest]:
        """One's own request: a colleague's QR code is nobody else's to show."""
        forbid_unless("signing_request", "list")
        actor, asked = current_actor(), self.session.get(SigningRequest, key)
        if asked is None or asked.account_id != actor.account:
            raise NotFound()
        return actor, asked


_TEXTS = {
    "waiting": "",
    "opened": "手机已打开签字页,请在手机上手写签名后确认。",
    "signed": "签字完成,所选证书已全部签发。",
    "expired": "二维码已失效,没有签发任何证书。请返回列表重新选择。",
}


def _page(actor: Actor, asked: SigningRequest) -> SignDeskPage:
    state: Any = "expired" if signing.is_over(asked) else asked.state.value.lower()
    live = state in ("waiting", "opened")
    here = f"/console/signing/{asked.id}"
    back = Link("返回证书发放管理", issuing.LIST, "arrow-left", primary=not live)
    stop = Link("取消签字", f"{here}/cancel", "x", "post", confirm="取消后二维码立即失效")
    return SignDeskPage(
        title="扫码签字",
        crumbs=crumbs(resolve(IssuanceTask), Crumb("扫码签字")),
        qr=_qr(asked) if live else "",
        state=state,
        text=_TEXTS[state],
        lines=[("本次签发", f"{asked.task_count} 张"), ("签发方", asked.party.label)],
        expires=asked.expires_at.astimezone(clock.ZONE).strftime("%H:%M"),
        polling=live,
        poll_url=here,
        links=[stop, back] if live else [back],
    )


def _qr(asked: SigningRequest) -> str:
    """The phone's address; the token stands in the fragment, which no server ever sees in a request line."""
    root = settings().public_url.rstrip("/") or request.host_url.rstrip("/")
    drawn = codes.qr(f"{root}/sign/#t={signing.token_of(asked)}")
    return f"data:image/svg+xml;base64,{base64.b64encode(drawn).decode()}"
