"""Notices by the clock, weekly reports by the week (4.16, R138)."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from models.content import Notice, NoticeKind, NoticeState, ReportState, Verification, WeeklyReport
from models.kit import clock
from tests.models.world import PLATFORM, PUBLIC, QINGDAO, SHANDONG, found

DUE = datetime(2020, 3, 10, tzinfo=clock.ZONE)
PROGRESS = "完成两个班的培训,组织模拟考试"


def report(**more: Any) -> WeeklyReport:
    return WeeklyReport(**{"year": 2020, "week": 10, "progress": PROGRESS, **more})


def test_a_report_is_due_on_monday_24_00_after_its_week() -> None:
    assert (report().monday, report().due_at) == (date(2020, 3, 2), DUE)


def test_the_first_week_of_a_year_may_begin_in_the_old_one() -> None:
    assert report(year=2020, week=1).monday == date(2019, 12, 30)


def test_a_report_is_late_from_the_first_moment_after_it_was_due() -> None:
    assert not report().overdue(DUE - timedelta(microseconds=1))
    assert report().overdue(DUE)


def test_a_report_handed_in_in_time_is_never_late() -> None:
    handed_in = report(submitted_at=DUE - timedelta(hours=1))
    assert not handed_in.overdue(DUE + timedelta(days=90))


def test_a_report_belongs_to_one_tenant_only(as_: Any) -> None:
    found(as_)
    with as_(QINGDAO) as db, pytest.raises(IntegrityError, match="ck_weekly_report_rule_1"):
        db.add(report(school_id=11, organisation_id=5))
        db.flush()


def test_a_school_writes_one_report_a_week(as_: Any) -> None:
    found(as_)
    with as_(QINGDAO) as db:
        db.add_all([report(school_id=11), report(school_id=11)])
        with pytest.raises(IntegrityError, match="uq_weekly_report"):
            db.flush()


def test_a_confirmed_report_is_final(as_: Any) -> None:
    found(as_)
    with as_(QINGDAO) as db:
        db.add(report(school_id=11))
        db.flush()
        db.execute(sa.update(WeeklyReport).values(state=ReportState.SUBMITTED, submitted_at=DUE))
        db.commit()
    with as_(SHANDONG) as db:
        db.execute(sa.update(WeeklyReport).values(state=ReportState.CONFIRMED))
        db.commit()
    with as_(QINGDAO) as db, pytest.raises(IntegrityError, match="周报已确认"):
        db.execute(sa.update(WeeklyReport).values(trained=1))


def test_a_notice_appears_and_goes_by_the_clock(as_: Any) -> None:
    now = clock.now()
    shown_for = (now + timedelta(hours=1), now + timedelta(hours=2))
    with as_(PLATFORM) as db:
        db.add(
            Notice(
                kind=NoticeKind.NEWS,
                title="开考通知",
                body="<p>正文</p>",
                state=NoticeState.SCHEDULED,
                publish_from=shown_for[0],
                publish_to=shown_for[1],
            )
        )
        db.add(Notice(kind=NoticeKind.NEWS, title="草稿", body="<p>正文</p>", publish_from=now))
        db.commit()
    for hours, titles in ((0, []), (1.5, ["开考通知"]), (2.5, [])):
        with clock.travel(now + timedelta(hours=hours)), as_(PUBLIC) as db:
            assert list(db.scalars(sa.select(Notice.title))) == titles


def test_a_check_is_recorded_by_those_who_cannot_read_the_record(as_: Any, owner: sa.Engine) -> None:
    with as_(PUBLIC) as db:
        db.execute(sa.insert(Verification).values(number_hash="0" * 64, found=False).inline())
        db.commit()
    with owner.connect() as connection:
        assert connection.scalar(sa.text("select count(*) from verification")) == 1
