"""审核: declarations side by side with what they are judged by, one after the other (7.3, R32–R34, E26–E28)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from flask import flash, redirect, render_template, request
from flask_appbuilder import BaseView, expose
from sqlalchemy.orm import Session

from app.access.actor import Actor, current_actor
from app.access.roles import may
from app.panel import query, running
from app.panel.cells import NOTHING, cell, plain
from app.panel.forms import PanelForm, control
from app.panel.gates import opens
from app.panel.menus import stands_under
from app.panel.pages import Cell, Column, Crumb, Item, Link, MessagePage, Page, Related, Row
from app.panel.resolve import resolve
from app.panel.uploads import posted
from app.panel.wish import Wish, read_wish
from app.services import recommendations, review_desk, reviews
from app.services.actions import action_named
from app.services.errors import Conflict, DomainError, NotFound
from app.services.review_desk import PAGE, Case, YearFigures
from app.services.review_records import REMARKED
from models.declarations import Declaration, DeclarationFile, DeclarationState, Opinion
from models.kit import Field, Int, Mark, Moment, Text, formats

stands_under(PAGE, "/console/declaration/")
_OPINION = {"recommend_for": Opinion.FOR, "recommend_against": Opinion.AGAINST}
_REFUSALS = ("refuse", "disagree", "recommend_against")


@dataclass
class Piece:
    """One part of the declaration on the left, and the remark on it; `name` is the school's field."""

    item: Item
    name: str = ""
    remark: str = ""


@dataclass(frozen=True)
class Button:
    """A way to decide; `key` presses it."""

    name: str
    label: str
    icon: str
    key: str = ""
    primary: bool = False
    danger: bool = False


@dataclass
class ReviewPage(Page):
    heading: str = ""
    state: Cell | None = None
    facts: Sequence[tuple[str, Cell]] = ()
    pieces: Sequence[Piece] = ()
    tables: Sequence[Related] = ()
    place: review_desk.Place | None = None
    before: str = ""
    after: str = ""
    form: Any = None
    fields: Sequence[str] = ()
    buttons: Sequence[Button] = ()
    deed: str = "审核"  # what the buttons are for
    opinion: Sequence[str] = ()
    note: str = ""  # why nothing can be decided here
    decided: Link | None = None  # the declaration decided just now, which may be taken back
    links: Sequence[Link] = field(default_factory=list)
    version: int = 0


class ReviewDesk(BaseView):
    """`/console/reviewing/`, `/console/reviewing/<declaration>/`."""

    route_base = PAGE.rstrip("/")
    default_view = "first"
    session: Session

    @expose("/")
    @opens("declaration:review")
    def first(self) -> Any:
        """The one that has waited longest, within the filters of the list it was called from."""
        wish, where = _wish()
        key = review_desk.oldest(self.session, _kind(), where)
        if key is not None:
            return redirect(_address(wish, key))
        page = MessagePage(
            title="审核",
            crumbs=_crumbs("审核"),
            text="没有符合条件的待审核申报" if wish.every else "待审核的申报都已处理完",
            back="/console/declaration/",
        )
        return render_template("panel/message.html", page=page)

    @expose("/<int:key>/", methods=["GET", "POST"])
    @opens("declaration:review")
    def show(self, key: int) -> Any:
        actor = current_actor()
        wish, where = _wish()
        found = review_desk.case(self.session, _kind(), key, where) if key < 2**63 else None
        if found is None:
            raise NotFound()
        form_type = _form_class(self.session, found, actor)
        if request.method == "GET":
            return self._page(found, wish, form_type(data=_proposed(found)))
        form, status = form_type(posted()), 422
        try:
            message = self._decide(found, form, actor)
        except DomainError as error:
            self.session.rollback()
            if error.status in (403, 404):
                raise
            form.blame(error)
            status = error.status
            fresh = review_desk.case(self.session, _kind(), key, where)
            return self._page(fresh or found, wish, form), status
        flash(message, "success")
        following = found.place.after or found.place.before
        target = _address(wish, following) if following else wish.address(PAGE)
        return redirect(f"{target}{'&' if '?' in target else '?'}done={key}")

    def _decide(self, found: Case, form: PanelForm, actor: Actor) -> str:
        """What the pressed button says, with what the form holds for it."""
        name = request.form.get("decision", "")
        opinion = _OPINION.get(name)
        resolved = resolve(Declaration)
        item = running.opened(resolved, "recommend" if opinion else name)
        if name not in {button.name for button in _buttons(found, actor)}:
            raise Conflict("state", "当前状态不能这样处理")
        if request.form.get("row_version") != str(found.row.version):
            raise Conflict("stale", "这项申报刚被他人处理或修改,请核对后再决定")
        if name in _REFUSALS and not form.reason.data:
            raise DomainError("refuse.reason", "请填写原因(2–500字)", "reason")
        if not form.validate():
            raise DomainError("form", "请检查填写的内容")
        asked: dict[str, Any] = {"opinion": opinion.value} if opinion else {}
        names = {ask.name for ask in item.asks} | ({"social_count"} if opinion else set())
        asked |= {n: f.data for n, f in form._fields.items() if n in names}
        if opinion:
            asked["suggested_count"] = (
                form._fields["approved_count"].data if "approved_count" in form._fields else None
            )
        if opinion or name in _REFUSALS:
            asked["remarks"] = _remarks()
        return running.done(self.session, resolved, item, [found.row], asked).message

    def _page(self, found: Case, wish: Wish, form: PanelForm) -> str:
        actor, row = current_actor(), found.row
        resolved = resolve(Declaration)
        buttons = _buttons(found, actor)
        said = _remarks() if request.method == "POST" else _said(found)
        page = ReviewPage(
            title=f"审核 · {row}",
            crumbs=_crumbs(str(row)),
            heading=str(row.certificate),
            state=cell(resolved, row, "state"),
            facts=_facts(found),
            pieces=_pieces(found, said),
            tables=[*_figures(found), _reviews(found)],
            place=found.place,
            before=_address(wish, found.place.before) if found.place.before else "",
            after=_address(wish, found.place.after) if found.place.after else "",
            form=form,
            fields=[name for name in form._fields if name != "exceed" or form._fields[name].errors],
            buttons=buttons,
            deed=_deed(buttons),
            opinion=_opinion(found),
            note="" if buttons else _why_not(found, actor),
            decided=self._decided(),
            links=_links(found, wish, actor),
            version=row.version,
        )
        return render_template("declaring/review.html", page=page)

    def _decided(self) -> Link | None:
        """The way back from the decision made just now."""
        done = formats.row_id(request.args.get("done"))
        item = action_named(Declaration, "retract")
        if done is None or item is None:
            return None
        row = query.get(self.session, resolve(Declaration), done)
        if (
            not isinstance(row, Declaration)
            or not item.when(row)
            or not may(current_actor(), "declaration", "retract")
        ):
            return None
        href = f"/console/declaration/action/retract?rowid={row.id}"
        return Link(f"{row}:{row.state.label}", href, "arrow-back-up", "post", name="retract")


def _kind() -> str:
    return current_actor().kind


def _wish() -> tuple[Wish, list[Any]]:
    """The filters the list was called with: they narrow the queue, whatever tab was open."""
    resolved = resolve(Declaration)
    asked = read_wish(resolved, request.args, {})
    wish = Wish(filters=asked.filters)
    return wish, query.conditions(resolved, wish)


def _address(wish: Wish, key: int | None) -> str:
    return wish.address(f"{PAGE}{key}/")


def _crumbs(last: str) -> list[Crumb]:
    area, entry = resolve(Declaration).menu
    return [Crumb("首页", "/console/"), Crumb(area), Crumb(entry, "/console/declaration/"), Crumb(last)]


# What may be decided


def _buttons(found: Case, actor: Actor) -> list[Button]:
    """The principal decides; staff, who may not, recommend. Nothing where it is not this reviewer's turn."""
    if found.row.state is not recommendations.STAGES[actor.kind][1]:
        return []
    city = actor.kind == "city"
    yes, no = ("agree", "disagree") if city else ("approve", "refuse")
    if may(actor, "declaration", yes):
        words = ("同意,转省级审核", "不同意") if city else ("通过", "不通过")
        return [
            Button(yes, words[0], "check", "a", primary=True),
            Button(no, words[1], "x", "r", danger=True),
        ]
    return [
        Button("recommend_for", "建议通过", "check", "a", primary=True),
        Button("recommend_against", "建议不通过", "x", "r", danger=True),
    ]


def _deed(buttons: Sequence[Button]) -> str:
    if not buttons:
        return "审核"
    return "经办意见" if buttons[0].name in _OPINION else "审核决定"


def _why_not(found: Case, actor: Actor) -> str:
    if found.row.state is DeclarationState.CITY_PENDING:
        return "本批次须先由地市级教育局审核,同意后由省级教育行政部门决定"
    return f"这项申报当前为“{found.row.state.label}”,不需要审核"


def _form_class(session: Session, found: Case, actor: Actor) -> type[PanelForm]:
    """The numbers where the province decides or its staff suggest, and the reason."""
    members: dict[str, Any] = {}
    decides = may(actor, "declaration", "agree" if actor.kind == "city" else "approve")
    if actor.kind == "province":
        members["approved_count"] = _asked(
            session,
            "批准人数" if decides else "建议批准人数",
            Int(1, 99_999),
            f"申报{found.row.applied_count}人",
        )
        if reviews.separate([found.row]):
            members["social_count"] = _asked(
                session, "其中社会考生", Int(0, 99_999), "本批次社会考生单列指标"
            )
        if decides:
            exceed = next(ask for ask in action_named(Declaration, "approve").asks if ask.name == "exceed")  # type: ignore[union-attr]
            members["exceed"] = _asked(session, exceed.label, exceed.type, "")
    told = "会短信告知院校" if decides else "供负责人采用,院校看不到"
    members["reason"] = _asked(
        session, "原因", Text(500, 2), f"{'不通过' if decides else '建议不通过'}时必填,2–500字,{told}"
    )
    return type("ReviewForm", (PanelForm,), members)


def _asked(session: Session, label: str, type_: Any, help_: str) -> Any:
    return control(Field(label, type_, Mark.NONE, help=help_), required=False, session=session)


def _proposed(found: Case) -> dict[str, Any]:
    """What staff prepared stands in the form already."""
    said = found.opinion
    return {
        "approved_count": recommendations.proposed_count(found.row, said),
        "social_count": said.social_count if said else None,
        "reason": (said.reason or "") if said and said.opinion is Opinion.AGAINST else "",
    }


def _said(found: Case) -> dict[str, str]:
    return dict(found.opinion.remarks or {}) if found.opinion else {}


def _remarks() -> dict[str, str]:
    return {name: request.form.get(f"remark-{name}", "") for name in REMARKED}


def _opinion(found: Case) -> list[str]:
    said = found.opinion
    if said is None:
        return []
    number = f" {said.suggested_count}人" if said.suggested_count else ""
    return [
        f"{said.author_name or '经办人'} {said.opinion.label}{number}",
        *([said.reason] if said.reason else []),
        Moment().shown(said.made_at),
    ]


def _links(found: Case, wish: Wish, actor: Actor) -> list[Link]:
    row, by_sheet = found.row, action_named(Declaration, "review_by_sheet")
    return [
        Link("申报详情", f"/console/declaration/{row.id}", "file-text"),
        *(
            [Link("申报表", f"/console/declaring/{row.id}/print", "printer")]
            if may(actor, "declaration", "print")
            else []
        ),
        *(
            [Link(by_sheet.label, wish.address(by_sheet.page), "file-spreadsheet")]
            if by_sheet is not None and may(actor, "declaration", by_sheet.name)
            else []
        ),
    ]


# What is judged


def _facts(found: Case) -> list[tuple[str, Cell]]:
    row, school = found.row, found.school
    return [
        ("院校", Cell(row.school_name, href=f"/console/school/{school.id}")),
        ("院校类型", Cell(school.kind.label)),
        ("地市", Cell(str(row.city))),
        ("颁证机构", Cell(str(row.organisation))),
        ("批次", Cell(row.batch.name)),
        ("提交时间", Cell(Moment().shown(row.submitted_at) if row.submitted_at else NOTHING)),
    ]


def _pieces(found: Case, said: dict[str, str]) -> list[Piece]:
    """The school's fields, each with the place for a remark."""
    row = found.row
    files = [
        Piece(Item("佐证材料", replace(cell(resolve(DeclarationFile), one, "file"), text=one.name)))
        for one in found.files
    ]
    shown = {
        "certificate_id": Cell(f"{row.certificate}({row.organisation})"),
        "declaration_major": Cell("\n".join(found.majors) or "没有按专业填报", "lines"),
        "applied_count": Cell(f"{row.applied_count}人"),
        "teachers_description": Cell("", "rich", html=row.teachers_description),
        "venue_description": Cell("", "rich", html=row.venue_description),
    }
    pieces = [
        Piece(Item(REMARKED[name], drawn, wide=drawn.kind == "rich"), name, said.get(name, ""))
        for name, drawn in shown.items()
    ]
    none = [] if files else [Piece(Item("佐证材料", Cell("没有上传(选填)")))]
    last = "declaration_file"
    listed = files or none
    listed[-1].name, listed[-1].remark = last, said.get(last, "")
    return [*pieces, *listed]


def _figures(found: Case) -> list[Related]:
    year = found.row.year
    last = Related(
        f"{year - 1}年度情况",
        [
            Column("certificate", "证书"),
            Column("approved", "批准", "number"),
            Column("used", "已用", "number"),
            Column("sat", "参考", "number"),
            Column("passed", "合格", "number"),
        ],
        [
            _year_row(line, (line.granted or line.approved, line.used, line.sat, line.passed))
            for line in found.last_year
        ],
        empty=f"{year - 1}年度没有申报和指标",
    )
    now = Related(
        f"{year}年度其他申报",
        [
            Column("certificate", "证书"),
            Column("applied", "申报", "number"),
            Column("granted", "已批准", "number"),
            Column("used", "已用", "number"),
        ],
        [_year_row(line, (line.applied, line.granted, line.used)) for line in found.this_year],
        empty="没有其他申报",
    )
    return [last, now]


def _year_row(line: YearFigures, numbers: tuple[int, ...]) -> Row:
    name = f"{line.certificate}(本证书)" if line.here else line.certificate
    return Row("", [Cell(name), *(Cell(plain(number), "number") for number in numbers)], title=name)


def _reviews(found: Case) -> Related:
    rows = [
        Row(
            str(one.id),
            [
                Cell(one.stage.label),
                Cell(one.decision.label, "state", one.decision.tone),  # type: ignore[arg-type]
                Cell(one.reason or (f"批准{one.approved_count}人" if one.approved_count else NOTHING)),
                Cell(Moment().shown(one.decided_at), "moment"),
            ],
        )
        for one in found.reviews
    ]
    columns = [
        Column("stage", "环节"),
        Column("decision", "决定", "state"),
        Column("reason", "说明"),
        Column("at", "时间"),
    ]
    return Related("审核记录", columns, rows, empty="还没有审核记录")
