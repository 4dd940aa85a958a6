"""What is missing or wrong in the official list of schools: told at the registration page, checked by the province,
corrected by the platform, answered by text message (R10, E1; 1.3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.services import notify
from app.services.actions import Ask, move
from app.services.errors import DomainError
from models.directory import DirectoryReport, ReportState
from models.jobs import MessageKind
from models.kit import Text, clock
from models.regions import City, Province


def report(session: Session, **said: Any) -> None:
    """Keep it and tell the province. As the visitor at the registration page, who reads nothing of it afterwards."""
    province = session.get(Province, said["province_id"])
    if province is None:
        raise DomainError("report.province", "请选择省份", "province_id")
    if said.get("city_id") is not None:
        city = session.get(City, said["city_id"])
        if city is None or city.province_id != province.id:
            raise DomainError("report.city", "请选择该省份的地市", "city_id")
    session.execute(
        sa.insert(DirectoryReport).values(**said, state=ReportState.OPEN, created_at=clock.now()).inline()
    )
    notify.message(
        session,
        f"院校名录反馈:{said['school_name']}",
        said["kind"].label,
        kind=MessageKind.TODO,
        link="/console/directory_report/",
        province_id=province.id,
    )


@move(DirectoryReport, "forward")
def forward(session: Session, actor: Actor, rows: Sequence[DirectoryReport]) -> str:
    """The province has checked it: the platform is to correct the list."""
    for row in rows:
        row.state = ReportState.FORWARDED
        notify.message(
            session,
            f"请更正院校名录:{row.school_name}",
            f"{row.province.name}已核实:{row.kind.label}",
            kind=MessageKind.TODO,
            link=f"/console/directory_report/{row.id}",
            for_platform=True,
        )
    session.flush()
    return f"已报平台{len(rows)}条"


_ANSWER = Ask("answer", "处理意见", Text(300, 2), help="会短信告知联系人")


@move(DirectoryReport, "correct", asks=(_ANSWER,))
def correct(session: Session, actor: Actor, rows: Sequence[DirectoryReport], answer: str) -> str:
    return _answer(session, rows, ReportState.DONE, answer)


@move(DirectoryReport, "decline", asks=(_ANSWER,))
def decline(session: Session, actor: Actor, rows: Sequence[DirectoryReport], answer: str) -> str:
    return _answer(session, rows, ReportState.DECLINED, answer)


def _answer(session: Session, rows: Sequence[DirectoryReport], state: ReportState, answer: str) -> str:
    for row in rows:
        row.state, row.answer = state, answer
        params = {"school": row.school_name, "result": state.label, "answer": answer}
        notify.sms(
            session, row.contact_mobile, "directory_answered", params, about=("directory_report", row.id)
        )
    session.flush()
    return f"已答复{len(rows)}条,处理意见已短信告知联系人"
