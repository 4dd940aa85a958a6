"""学生个人空间: exams, tickets, scores, certificates, wishes, own data (7.3; R100, E115)."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request
from flask import session as cookie
from flask_appbuilder import BaseView, expose
from werkzeug.wrappers import Response

from app.access.actor import current_actor
from app.panel.forms import PanelForm, control
from app.panel.gates import opens
from app.panel.pages import Cell, Crumb, Empty, FormPage, MenuArea, SpaceCard, SpacePage
from app.services import exam_papers, files, scores, space
from app.services.errors import Conflict, DomainError, NotFound
from models.kit import fields_of, formats
from models.scores import Recheck, RecheckState
from views.consoles.papers import pdf
from views.space import cards

MENU = (
    ("我的考试", "/space/", "calendar-event"),
    ("准考证", "/space/tickets/", "id"),
    ("我的成绩", "/space/scores/", "calculator"),
    ("我的证书", "/space/certificates/", "certificate"),
    ("复核与更正", "/space/requests/", "message-2-question"),
    ("个人信息", "/space/profile/", "user-circle"),
)


class Space(BaseView):
    """The candidates' alone (`space:open`). Each page shows the own rows: the wall lets a candidate see no others."""

    route_base = "/space"
    default_view = "exams"
    session: Any

    @expose("/")
    @opens("space:open")
    def exams(self) -> str:
        found = space.exams(self.session)
        empty = Empty("还没有报考记录", "由所在院校统一报考,报考后在这里查看考试安排")
        return _draw("我的考试", [cards.exam_card(exam) for exam in found], empty)

    @expose("/tickets/")
    @opens("space:open")
    def tickets(self) -> str:
        found = space.exams(self.session)
        empty = Empty("还没有准考证", "报考后由系统生成准考证号,排考发布后可以下载")
        note = "考试当天请携带准考证和有效身份证件;考场有调整时须重新下载"
        return _draw("准考证", [cards.ticket_card(exam) for exam in found], empty, note)

    @expose("/tickets/<int:key>.pdf")
    @opens("space:open")
    def ticket(self, key: int) -> Response:
        return pdf(exam_papers.ticket_papers(self.session, [min(key, 2**63 - 1)]), "准考证")

    @expose("/scores/")
    @opens("space:open")
    def scores(self) -> str:
        asked = {one.score_id for one in space.rechecks(self.session) if one.state is RecheckState.OPEN}
        drawn = [cards.marks_card(found, asked) for found in space.marks(self.session)]
        empty = Empty("还没有可查询的成绩", "成绩从公示开始之日起可以查询")
        return _draw("我的成绩", drawn, empty, "公示期内对成绩有异议的,可以申请复核")

    @expose("/scores/<int:key>/recheck", methods=["GET", "POST"])
    @opens("space:open")
    def recheck(self, key: int) -> Any:
        actor, form, status = current_actor(), RecheckForm(request.form), 200
        score = space.score(self.session, key)
        if request.method == "POST":
            status = 422
            if form.validate():
                try:
                    scores.ask_recheck(self.session, actor, score, form.reason.data)
                    self.session.commit()
                    flash("已提交复核申请,答复前该成绩不会锁定", "success")
                    return redirect("/space/requests/")
                except DomainError as refusal:
                    self.session.rollback()
                    form.blame(refusal)
                    status = refusal.status
        page = FormPage(
            title="申请复核",
            crumbs=[Crumb("我的成绩", "/space/scores/"), Crumb("申请复核")],
            hint=f"{score.subject}:{cards.mark(score)}",
            form=form,
            sections=[("申请", ["reason"])],
            action=request.path,
            back="/space/scores/",
            submit="提交申请",
        )
        return draw_page("panel/form.html", page, frame="space/shell.html"), status

    @expose("/certificates/")
    @opens("space:open")
    def certificates(self) -> str:
        drawn = [cards.certificate_card(issue) for issue in space.certificates(self.session)]
        empty = Empty("还没有证书", "考核合格并完成签发后,电子证书会出现在这里")
        return _draw("我的证书", drawn, empty)

    @expose("/certificates/<int:key>/download", methods=["POST"])
    @opens("space:open")
    def download(self, key: int) -> Response:
        one = space.download(self.session, current_actor(), key)
        self.session.commit()
        return files.respond(self.session, one.file or "", name=f"{one.certificate_number}.pdf")

    @expose("/requests/")
    @opens("space:open")
    def requests(self) -> str:
        drawn = [
            *cards.recheck_cards(space.rechecks(self.session)),
            *cards.correction_cards(space.corrections(self.session)),
        ]
        return _draw(
            "复核与更正", drawn, Empty("没有复核、更正或补办申请", "公示期内可在“我的成绩”中申请复核")
        )

    @expose("/requests/<int:key>/withdraw", methods=["POST"])
    @opens("space:open")
    def withdraw(self, key: int) -> Response:
        actor = current_actor()
        found = [one for one in space.rechecks(self.session) if one.id == key]
        if not found:
            raise NotFound("没有找到该申请")
        if found[0].state is not RecheckState.OPEN:
            raise Conflict("state", "该申请已结束,不能撤回")
        flash(str(scores.withdraw_recheck(self.session, actor, found)), "success")
        self.session.commit()
        return redirect("/space/requests/")

    @expose("/profile/")
    @opens("space:open")
    def profile(self) -> str:
        actor = current_actor()
        who, rows = space.person(self.session, actor)
        bound = "用绑定手机登录后显示" if actor.schools else formats.mask_mobile(who.mobile or "") or "—"
        mobiles = cards.Mobiles(who.mobile, space.confirmed(self.session), _by_bound_mobile())
        about = SpaceCard(
            "本人信息",
            lines=[
                ("姓名", Cell(who.name)),
                ("证件号码", Cell(who.id_masked, "masked")),
                ("绑定手机", Cell(bound, "masked")),
            ],
            note="信息有误请联系所在院校更正",
        )
        return _draw(
            "个人信息", [about, *(cards.school_card(row, mobiles) for row in rows)], Empty("暂无数据")
        )

    @expose("/profile/<int:key>/mobile", methods=["POST"])
    @opens("space:open")
    def confirm_mobile(self, key: int) -> Response:
        space.confirm_mobile(self.session, current_actor(), key, bound=_by_bound_mobile())
        self.session.commit()
        flash("已确认,用这个手机号码登录也可以查看全部记录", "success")
        return redirect("/space/profile/")

    @expose("/profile/<int:key>/mobile/forget", methods=["POST"])
    @opens("space:open")
    def forget_mobile(self, key: int) -> Response:
        space.forget_mobile(self.session, current_actor(), key, bound=_by_bound_mobile())
        self.session.commit()
        flash("已取消确认,用这个手机号码登录只能查看该校的记录", "success")
        return redirect("/space/profile/")

    @expose("/profile/<int:key>/photo")
    @opens("space:open")
    def photo(self, key: int) -> Response:
        return files.respond(self.session, space.photo(self.session, key), inline=True, name="照片.jpg")


class RecheckForm(PanelForm):
    reason = control(fields_of(Recheck)["reason"], required=True, session=None)  # type: ignore[arg-type]


def _by_bound_mobile() -> bool:
    """Whether this log-in went by a code to the bound mobile (views/space/login.py)."""
    return bool(cookie.get("by_bound_mobile"))


def draw_page(template: str, page: Any, **context: Any) -> str:
    here = max((href for _, href, _ in MENU if request.path.startswith(href)), key=len)
    menu = [MenuArea(label, href, icon, href == here) for label, href, icon in MENU]
    narrowed = bool(current_actor().schools)
    return render_template(template, page=page, menu=menu, home_url="/space/", narrowed=narrowed, **context)


def _draw(title: str, drawn: list[SpaceCard], empty: Empty, note: str = "") -> str:
    return draw_page("space/cards.html", SpacePage(title=title, cards=drawn, note=note, empty=empty))
