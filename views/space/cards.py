"""One card an exam, a ticket, a set of scores, a certificate, a wish: what the pages of the space are made of."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from app.access.actor import current_actor
from app.access.roles import may
from app.panel.cells import plain
from app.panel.pages import Cell, Column, Link, Row, SpaceCard
from app.services import exam_papers
from app.services.space import Exam, Issue, Marks
from models.candidates import Candidate
from models.certificates import Level
from models.e_certificates import CorrectionRequest
from models.issuance import IssuanceState
from models.kit import Choices, clock, formats
from models.scores import Recheck, RecheckState, Score


def _state(value: Choices) -> Cell:
    return Cell(value.label, "state", value.tone)  # type: ignore[arg-type]


def exam_card(exam: Exam) -> SpaceCard:
    now = clock.now()
    names = ("subject", "mode", "time", "site", "room", "seat", "state")
    labels = ("科目", "考试方式", "考试时间", "考核站点", "考场", "座位号", "状态")
    return SpaceCard(
        exam.plan.name,
        lines=[
            ("考核证书", Cell(exam.certificate.full_name)),
            ("考核单位", Cell(exam.certificate.organisation_name)),
            ("准考证号", Cell(exam.ticket.number)),
        ],
        columns=[Column(name, label) for name, label in zip(names, labels, strict=True)],
        rows=list(_sittings(exam, now)),
        note="" if exam.is_seated else "考试时间和考场在排考发布后显示",
    )


def _sittings(exam: Exam, now: datetime) -> Iterator[Row]:
    """A line a seat; a subject without a published seat has its own."""
    for entry in exam.registrations:
        seats = exam.seats.get(entry.id)
        first = [entry.subject_name, entry.mode.label]
        lines = [
            [
                exam_papers.span(seat.starts_at, seat.ends_at),
                seat.site_name,
                seat.room_name,
                str(seat.seat_number),
                entry.phase(now),
            ]
            for seat in seats or []
        ] or [["待安排", "—", "—", "—", "未排考"]]
        for texts in lines:
            yield Row(str(entry.id), [Cell(text) for text in first + texts])


def ticket_card(exam: Exam) -> SpaceCard:
    link = Link("下载准考证", f"/space/tickets/{exam.ticket.id}.pdf", "download", primary=True)
    return SpaceCard(
        exam.plan.name,
        state=Cell("可下载", "state", "green") if exam.is_seated else Cell("排考尚未发布", "state", "amber"),
        lines=[("考核证书", Cell(exam.certificate.full_name)), ("准考证号", Cell(exam.ticket.number))],
        links=[link] if exam.is_seated else [],
        note="考场安排有调整,请重新下载准考证" if exam.ticket.changed_at else "",
    )


_MARKS = (
    Column("subject", "科目"),
    Column("score", "成绩"),
    Column("exam", "考试状态"),
    Column("state", "成绩状态"),
)


def marks_card(found: Marks, asked: set[int]) -> SpaceCard:
    now, result = clock.now(), found.result
    rows = []
    for score in found.scores:
        phase = "复核中" if score.id in asked else score.phase(now)
        cells = [Cell(str(score.subject)), Cell(mark(score)), Cell(score.exam_status.label), Cell(phase)]
        open_to_doubt = phase == "公示中" and may(current_actor(), "score", "ask_recheck")
        links = [Link("申请复核", f"/space/scores/{score.id}/recheck")] if open_to_doubt else []
        rows.append(Row(str(score.id), cells, links))
    lines = [("考核证书", Cell(found.certificate))]
    if result is not None:
        lines.append(("总成绩", Cell(plain(result.total) if result.total is not None else "—", "number")))
    return SpaceCard(
        found.plan,
        state=_state(result.outcome) if result else None,
        lines=lines,
        columns=_MARKS,
        rows=rows,
        note="考证结果在成绩锁定前为暂定" if result is not None and result.final_at is None else "",
    )


def mark(score: Score) -> str:
    return plain(score.value) if score.value is not None else score.exam_status.label


def certificate_card(issue: Issue) -> SpaceCard:
    task, made = issue.task, issue.made
    source: Any = made or task
    lines = [
        ("证书编号", Cell(source.certificate_number or "—")),
        ("颁证机构", Cell(source.organisation_name)),
        (
            "发证日期",
            Cell(str(source.issued_at.astimezone(clock.ZONE).date()) if source.issued_at else "—", "date"),
        ),
    ]
    return SpaceCard(
        f"{source.certificate_name}({Level(source.level).label})",
        state=_certificate_state(issue),
        lines=lines,
        links=_certificate_links(issue),
        note="双方已签发,电子证书正在制作"
        if task is not None and made is None and task.state is IssuanceState.SIGNED
        else "",
    )


def _certificate_state(issue: Issue) -> Cell:
    if issue.made is not None:
        revoked = issue.made.revoked_at is not None
        return Cell("已注销", "state", "red") if revoked else Cell("有效", "state", "green")
    state = issue.task.state if issue.task is not None else IssuanceState.SIGNED
    if state is IssuanceState.SIGNED:
        return Cell("制证中", "state", "blue")
    return _state(state)


def _certificate_links(issue: Issue) -> list[Link]:
    made = issue.made
    if made is None:
        return []
    check = Link("查验", f"/verify?{urlencode({'number': made.certificate_number})}", "shield-check")
    if made.file is None or made.revoked_at is not None:
        return [check]
    download = Link(
        "下载电子证书", f"/space/certificates/{made.id}/download", "download", "post", primary=True
    )
    return [download, check, Link("申请更正或补办", f"/space/certificates/{made.id}/request", "file-pencil")]


def recheck_cards(found: Sequence[Recheck]) -> Iterator[SpaceCard]:
    for one in found:
        withdraw = Link(
            "撤回",
            f"/space/requests/{one.id}/withdraw",
            "arrow-back-up",
            "post",
            confirm="撤回后该成绩按期锁定",
        )
        yield SpaceCard(
            f"成绩复核:{one.subject}",
            state=_state(one.state),
            lines=[
                ("申请理由", Cell(one.reason, "lines")),
                ("结论", Cell(one.outcome.label if one.outcome else "—")),
                ("答复", Cell(one.answer or "—", "lines")),
            ],
            links=[withdraw] if one.state is RecheckState.OPEN else [],
        )


def correction_cards(found: Sequence[CorrectionRequest]) -> Iterator[SpaceCard]:
    for one in found:
        yield SpaceCard(
            f"证书{one.kind.label}申请",
            state=_state(one.state),
            lines=[
                ("证书编号", Cell(one.certificate_number or "—")),
                ("申请原因", Cell(one.reason, "lines")),
                ("当前处理方", Cell(one.stage.label)),
                ("驳回原因", Cell(one.answer or "—", "lines")),
            ],
        )


@dataclass(frozen=True)
class Mobiles:
    """The bound mobile, those confirmed beside it, and whether this log-in may confirm more (3.5)."""

    bound: str | None
    confirmed: Collection[str]
    may_confirm: bool


def school_card(row: Candidate, mobiles: Mobiles) -> SpaceCard:
    note, links = _other_mobile(row, mobiles)
    return SpaceCard(
        row.school_name,
        state=_state(row.identity_state),
        lines=[
            ("照片", Cell("照片", "photo", href=f"/space/profile/{row.id}/photo" if row.photo else "")),
            ("姓名", Cell(row.name)),
            ("学生类型", Cell(row.kind.label)),
            ("手机号码", Cell(formats.mask_mobile(row.mobile) if row.mobile else "—", "masked")),
            ("就读专业", Cell(row.major or "—")),
            ("入学年份", Cell(str(row.enrolment_year or "—"))),
        ],
        links=links,
        note=note,
    )


def _other_mobile(row: Candidate, mobiles: Mobiles) -> tuple[str, list[Link]]:
    """Where the school has another mobile than the bound one: what it opens, and the button to change that."""
    if current_actor().schools or not mobiles.bound or not row.mobile or row.mobile == mobiles.bound:
        return "", []
    door = f"/space/profile/{row.id}/mobile"
    if row.mobile in mobiles.confirmed:
        note = "该校登记的手机号码与绑定手机不同,您已确认是本人的,用它登录可以查看全部记录。"
        link = Link("取消确认", f"{door}/forget", "x", "post", "取消后,用这个号码登录只能查看该校的记录")
    else:
        note = "该校登记的手机号码与绑定手机不同,用它登录只能查看该校的记录。"
        question = "请确认这是您本人使用的手机号码。确认后,用它登录可以查看您在各院校的全部记录"
        link = Link("确认是本人的手机", door, "check", "post", question)
    if not mobiles.may_confirm:
        return f"{note}用绑定手机的验证码登录后可以更改。", []
    return note, [link]
