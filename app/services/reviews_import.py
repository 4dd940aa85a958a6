"""Reviewing by Excel (7.3; R32–R35, R39, E26–E28): what waits goes out as a workbook (review_sheets), comes back with
a decision in each row, and is decided by the functions that decide a selection. The principal decides; staff note
opinions (1.2)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.services import recommendations, reviews
from app.services.errors import Conflict, DomainError
from app.services.imports import Context, Importer, Report, expect, register
from app.services.recommendations import STAGES, latest
from app.services.review_sheets import LOADS, MOST, MOST_PLACES, Paper, paper_of, rows_to_review
from app.services.sets import among
from app.services.staging import REFUSED, Row, Staged
from app.sheets.spec import SheetSpec
from app.sheets.values import clean_text
from models.declarations import Declaration, DeclarationState, Opinion, Recommendation
from models.kit import Int, Text

Pairs = list[tuple[Row, Declaration]]


def _check(session: Session, actor: Actor, rows: list[Row], context: Context) -> None:
    """Rows without a decision are left alone; all others must name a declaration that still waits as it was seen."""
    paper, found = paper_of(actor), _by_id(session, [row.values["declaration_id"] for row in rows])
    opinions = {} if paper.final else latest(session, list(found))
    carry = context.carry
    for row in rows:
        if row.values.get("result") is None:
            _undecided(paper, row, carry)
            continue
        declaration = found.get(row.values["declaration_id"])
        if declaration is None:
            row.refuse("没有这项申报,或不由您审核", "申报编号")
            continue
        _compare(row, declaration)
        if row.outcome == REFUSED:
            continue
        said = opinions.get(declaration.id)
        if _already_so(paper, row, declaration) if paper.final else _already_said(paper, row, said):
            _count(carry, "same")
            row.unchanged(declaration.id)
            continue
        _still_waits(actor, row, declaration)
        _examine(paper, row, declaration)
        if row.outcome != REFUSED:
            yes = row.values["result"] == paper.yes
            _count(carry, "yes" if yes else "no")
            _count(carry, "places", (row.values.get("count") or 0) if yes else 0)
            row.change(declaration.id)


def _count(carry: dict[str, Any], name: str, more: int = 1) -> None:
    carry[name] = carry.get(name, 0) + more


def _by_id(session: Session, keys: Sequence[int]) -> dict[int, Declaration]:
    """The declarations the wall shows this reviewer, as they stand now."""
    rows = sa.select(Declaration).where(among(Declaration.id, keys)).options(*LOADS)
    return {row.id: row for row in session.scalars(rows.execution_options(populate_existing=True))}


def _undecided(paper: Paper, row: Row, carry: dict[str, Any]) -> None:
    """No result, nothing to do; a reason without one is a slip."""
    if row.values.get("reason"):
        row.refuse(f"填写了{paper.reason},请选择{paper.yes}或{paper.no}", paper.result)
        return
    _count(carry, "blank")
    row.unchanged()


def _compare(row: Row, declaration: Declaration) -> None:
    """Who sorts a single column of the sheet would decide on another school: what stands in the row must agree."""
    certificate = declaration.certificate
    for name, label, true in (
        ("school_name", "院校", declaration.school_name),
        ("certificate_name", "证书", certificate.name),
        ("level", "等级", certificate.level.label),
    ):
        given = row.values.get(name)
        if given is not None and given != clean_text(true):
            row.refuse(f"与申报编号{declaration.id}的“{true}”不符,请核对行是否错位", label)


def _already_so(paper: Paper, row: Row, declaration: Declaration) -> bool:
    """The same file sent a second time decides nothing."""
    if row.values["result"] == paper.no:
        return declaration.state is DeclarationState.REFUSED and declaration.refusal_reason == row.values.get(
            "reason"
        )
    if paper.number:
        return (
            declaration.state is DeclarationState.APPROVED
            and declaration.approved_count == row.values.get("count")
        )
    return declaration.state is DeclarationState.PENDING


def _already_said(paper: Paper, row: Row, said: Recommendation | None) -> bool:
    """The same opinion once more is none."""
    if said is None:
        return False
    v, agreed = row.values, row.values["result"] == paper.yes
    numbers = (v.get("count"), v.get("social")) if agreed and paper.number else (None, None)
    return (said.opinion, said.suggested_count, said.social_count, said.reason) == (
        _opinion(agreed),
        *numbers,
        v.get("reason"),
    )


def _still_waits(actor: Actor, row: Row, declaration: Declaration) -> None:
    try:
        reviews.require_turn(declaration, STAGES[actor.kind][1])
    except DomainError as error:
        row.refuse(error.message, "申报编号")
        return
    if declaration.version != row.values["version"]:
        row.refuse("下载之后有变化(院校修改后再次提交,或决定被收回),请重新下载核对", "版本")


def _examine(paper: Paper, row: Row, declaration: Declaration) -> None:
    """What the decision needs: the number with a yes, the reason with a no."""
    v = row.values
    if v["result"] == paper.no:
        if v.get("reason") is None:
            row.refuse(f"{paper.no}时必填,2–500字", paper.reason)
        return
    if v.get("reason") is not None and paper.final:  # an opinion may be explained either way
        row.refuse(f"结果为“{paper.yes}”时不填,请清空或改为“{paper.no}”", paper.reason)
    if not paper.number:
        return
    if v.get("count") is None:
        row.refuse(f"{paper.yes}时必填", paper.number)
        return
    try:
        count = reviews.granted(declaration, v["count"], not paper.final or v.get("exceed") is not None)
        reviews.split(declaration, count, v.get("social"))
    except DomainError as error:
        _refuse_number(paper, row, declaration, error)


def _refuse_number(paper: Paper, row: Row, declaration: Declaration, error: DomainError) -> None:
    if error.field == "exceed":
        count, applied = row.values["count"], declaration.applied_count
        row.refuse(f"批准{count}人,多于申报的{applied}人;如确定,请在“超额批准”列填“是”", paper.number)
    else:
        row.refuse(error.message, {"social_count": "其中社会考生"}.get(error.field or "", paper.number))


# Applying


def _apply(session: Session, actor: Actor, staged: Staged) -> None:
    paper = paper_of(actor)
    (_decide if paper.final else _recommend)(session, actor, paper, staged)


def _accepted(session: Session, staged: Staged) -> Iterator[Pairs]:
    """The accepted rows with their declarations, each still as the dry run saw it; else nothing at all is done."""
    for rows in staged.rows():
        found = _by_id(session, [row.values["declaration_id"] for row in rows])
        expect(len(found), len(rows))
        pairs = [(row, found[row.values["declaration_id"]]) for row in rows]
        for row, declaration in pairs:
            if declaration.version != row.values["version"]:
                message = f"“{declaration}”在检查之后被他人处理或修改,未作任何决定,请重新上传检查"
                raise Conflict("import.stale", message)
        yield pairs


def _decide(session: Session, actor: Actor, paper: Paper, staged: Staged) -> None:
    """As the selection is decided; what exceeds the application has been asked twice in the sheet (E26)."""
    yes, no = (
        (reviews.approve, reviews.refuse) if actor.kind == "province" else (reviews.agree, reviews.disagree)
    )
    for pairs in _accepted(session, staged):
        agreed, refused = _sides(paper, pairs)
        if agreed:
            numbers: dict[str, Any] = {}
            if paper.number:
                numbers = {
                    "approved_count": _values(agreed, "count"),
                    "social_count": _values(agreed, "social"),
                    "exceed": True,
                }
            yes(session, actor, [row for _, row in agreed], **numbers)
        if refused:
            no(session, actor, [row for _, row in refused], reason=_values(refused, "reason"))
        session.flush()
    told = (
        "结果" if paper.number else "退回的"
    )  # what a city agrees to goes on to the province, and no further
    staged.notes.append(f"{_deed(paper, staged.carry)}。{told}10分钟后短信告知院校,此前可在列表中勾选收回。")


def _recommend(session: Session, actor: Actor, paper: Paper, staged: Staged) -> None:
    for pairs in _accepted(session, staged):
        for agreed, side in zip((True, False), _sides(paper, pairs), strict=True):
            if side:
                recommendations.recommend(
                    session,
                    actor,
                    [row for _, row in side],
                    _opinion(agreed).value,
                    suggested_count=_values(side, "count"),
                    social_count=_values(side, "social"),
                    reason=_values(side, "reason"),
                )
        session.flush()
    staged.notes.append(f"{_deed(paper, staged.carry)}。由负责人决定。")


def _sides(paper: Paper, pairs: Pairs) -> tuple[Pairs, Pairs]:
    """Those with a yes, those with a no."""
    agreed = [pair for pair in pairs if pair[0].values["result"] == paper.yes]
    return agreed, [pair for pair in pairs if pair[0].values["result"] != paper.yes]


def _values(pairs: Pairs, name: str) -> dict[int, Any]:
    return {declaration.id: row.values.get(name) for row, declaration in pairs}


def _opinion(agreed: bool) -> Opinion:
    return Opinion.FOR if agreed else Opinion.AGAINST


# In words


def _deed(paper: Paper, carry: Mapping[str, Any]) -> str:
    """How many yes with how many places, how many no."""
    places = f",共{carry.get('places', 0)}人" if paper.number else ""
    return f"{paper.yes}{carry.get('yes', 0)}项{places};{paper.no}{carry.get('no', 0)}项"


def _report(actor: Actor, counts: Mapping[str, int], carry: Mapping[str, Any]) -> Report:
    paper = paper_of(actor)
    figures = [
        (paper.yes, carry.get("yes", 0), "green"),
        *([("人数合计", carry.get("places", 0), "blue")] if paper.number else []),
        (paper.no, carry.get("no", 0), "amber"),
        ("未填", carry.get("blank", 0), "grey"),
        *([("已是此结果", carry["same"], "grey")] if carry.get("same") else []),
        ("错误", counts.get(REFUSED, 0), "red"),
    ]
    idle = f"没有需要处理的行:请在“{paper.result}”列填写后重新上传。"
    return Report(figures, _deed(paper, carry), idle)


def _sheet(session: Session, actor: Actor) -> SheetSpec:
    return paper_of(actor).spec


def _cells() -> dict[str, Callable[[Any], Any]]:
    """The bounds are those of the form."""
    places, social, reason = Int(1, MOST_PLACES), Int(0, MOST_PLACES), Text(500, 2)
    return {
        "count": lambda value: places.normalise(str(value)),
        "social": lambda value: social.normalise(str(value)),
        "reason": reason.normalise,
    }


decisions = register(
    Importer(
        table="declaration",
        name="decisions",
        label="批量审核(Excel)",
        sheet=_sheet,
        check=_check,
        apply=_apply,
        clean=_cells,
        key=("declaration_id",),
        verb="review_by_sheet",
        hints=(
            "负责人填写“审核结果”,作出决定;经办人填写“经办结论”,供负责人采用。不填的行保持不变。",
            "不通过的须写明理由,会短信告知院校。",
            f"每个工作簿最多{MOST:,}项,等待最久的在前;行可以排序、筛选和删除。",
            "上传后先检查,列出各项的数目,确认后才生效。",
            "下载之后被他人处理或修改过的申报不会处理。",
        ),
        filled=rows_to_review,
        report=_report,
    )
)
