"""The portal: entrances, news, certificates, health (7.1, 4.16)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

import pytest
import sqlalchemy as sa

from app.access.actor import JOB, PUBLIC
from app.services import files, notices
from models.accounts import Role
from models.certificates import Certificate, ExamMode, Level, Subject
from models.content import Notice, NoticeFile, NoticeKind, NoticeState
from models.kit import clock
from tests import factories
from tests.models.world import found

As = Callable[..., Any]


def notice(as_: As, title: str, kind: NoticeKind = NoticeKind.POLICY, **values: Any) -> int:
    with as_(JOB) as db:
        made = Notice(
            **{
                "kind": kind,
                "title": title,
                "body": "<p>正文内容</p>",
                "state": NoticeState.PUBLISHED,
                "publish_from": clock.now() - timedelta(days=1),
                **values,
            }
        )
        db.add(made)
        db.commit()
        return int(made.id)


def test_the_front_page_has_entrances_news_certificates_and_verification(as_: As, browse: Any) -> None:
    found(as_)
    notice(as_, "关于开展证书试点申报工作的通知")
    notice(as_, "系统维护公告", NoticeKind.ANNOUNCEMENT)
    browser = browse()
    assert browser.get("/").status_code == 200
    for words in (
        "政策文件", "工作动态", "通知公告", "关于开展证书试点申报工作的通知", "系统维护公告", "试点院校业务平台",
        "培训评价组织业务平台", "学生个人空间", "试点申报系统", "Python程序开发", "评价组织", 'action="/verify"',
    ):  # fmt: skip
        assert words in browser.text(), words


def test_drafts_and_what_is_not_yet_or_no_longer_published_stays_inside(as_: As, browse: Any) -> None:
    """4.16; an editor who is logged in sees the portal as everybody does."""
    found(as_)
    hidden = [
        notice(as_, "草稿标题", state=NoticeState.DRAFT), notice(as_, "已下线标题", state=NoticeState.WITHDRAWN),
        notice(as_, "将来的标题", publish_from=clock.now() + timedelta(days=1)),
        notice(as_, "过期的标题", publish_to=clock.now() - timedelta(hours=1)),
    ]  # fmt: skip
    with as_(JOB) as db:
        editor = factories.account(db, Role.PLATFORM_EDITOR)
        db.commit()
    for browser in (browse(), browse(editor)):
        for address in ("/", "/notices/policy/"):
            assert browser.get(address).status_code == 200
            assert "标题" not in browser.text()
        # What was there once says so: 已下线 and expired ones are gone (410), the others never were.
        assert [browser.get(f"/notices/{key}").status_code for key in hidden] == [404, 410, 404, 410]
        assert "内容已下线" in browser.text()


def test_a_notice_is_read_with_its_files(as_: As, browse: Any) -> None:
    found(as_)
    key = notice(as_, "带附件的通知", body="<p>请看附件</p><script>alert(1)</script>")
    with as_(JOB) as db:
        stored = files.keep(db, JOB, "附件.pdf", "pdf", b"%PDF-1.4 %%EOF")
        attached = NoticeFile(notice_id=key, name="附件.pdf", file=stored)
        db.add(attached)
        db.commit()
        file_id = attached.id
    browser = browse()
    assert browser.get(f"/notices/{key}").status_code == 200
    assert "请看附件" in browser.text() and "alert(1)" not in browser.text()
    answer = browser.get(f"/notices/{key}/files/{file_id}")
    assert answer.status_code == 200 and answer.data.startswith(b"%PDF")
    assert browser.get(f"/notices/{key + 1}/files/{file_id}").status_code == 404


def test_news_are_paged(as_: As, browse: Any) -> None:
    found(as_)
    for number in range(23):
        notice(
            as_, f"动态第{number}条", NoticeKind.NEWS, publish_from=clock.now() - timedelta(days=number + 1)
        )
    browser = browse()
    browser.get("/notices/news/")
    assert (
        "动态第0条" in browser.text() and "动态第22条" not in browser.text() and "共 23 条" in browser.text()
    )
    browser.get("/notices/news/?page=2")
    assert "动态第22条" in browser.text()
    assert browser.get("/notices/news/?page=%00").status_code == 200
    assert browser.get("/notices/gossip/").status_code == 404


def test_certificates_are_found_by_name_with_their_levels(as_: As, browse: Any) -> None:
    found(as_)
    browser = browse()
    browser.get("/certificates/?q=Python")
    assert "Python程序开发" in browser.text() and "中级" in browser.text()
    browser.get("/certificates/?q=%25")
    assert "没有符合条件的证书" in browser.text()
    assert browser.get("/certificates/1").status_code == 200
    assert "评价组织" in browser.text() and "1001" in browser.text()
    assert browser.get(f"/certificates/{10**30}").status_code == 404


@pytest.mark.demo
def test_the_catalogue_is_browsed_by_organisation_level_and_major(browse: Any) -> None:
    browser = browse()

    def shown(query: str) -> list[str]:
        assert browser.get(f"/certificates/?{query}").status_code == 200
        return re.findall(r"<strong>([^<]+)</strong><span>", browser.text())

    assert len(shown("")) == 6
    assert shown("organisation=2") == ["供应链运营", "物流管理"]
    assert shown("organisation=2&level=JUNIOR") == ["物流管理"]
    assert shown("major=590302") == ["失智老年人照护", "老年照护"]
    assert "适用专业:智慧健康养老服务与管理" in browser.text()
    assert shown("major=590302&q=Python") == [] and "没有符合条件的证书" in browser.text()
    # What makes no sense narrows nothing.
    assert len(shown("organisation=x&level=HIGHEST&major=%27--")) == 6
    assert len(shown(f"organisation={10**30}")) == 6
    assert len(shown(f"organisation={'9' * 5000}")) == 6  # longer than Python reads as a number


@pytest.mark.demo
def test_a_certificate_shows_its_subjects_and_the_rule_of_its_newest_plan(browse: Any) -> None:
    browser = browse()
    assert browser.get("/certificates/1").status_code == 200
    for words in (
        "程序设计基础(初级)", "098694", "机考", "所有考生", "50%", "综合成绩达到60分为合格", "软件技术",
        "以考试计划公布的为准",  # the level no plan has examined yet
    ):  # fmt: skip
        assert words in browser.text(), words
    # Of the plan itself nothing is told (1.5: the public reads no plans).
    assert "2026年春" not in browser.text() and not re.search(r"K20\d{8}", browser.text())


def test_subjects_of_what_is_not_approved_stay_inside(as_: As, browse: Any) -> None:
    """1.5: a draft's subjects are nobody's business, asked through the catalogue's own questions either."""
    found(as_)
    with as_(JOB) as db:
        draft = Certificate(id=77, organisation_id=5, code="2002", name="还在起草", level=Level.JUNIOR)
        db.add(draft)
        db.flush()
        db.add(
            Subject(
                id=77,
                subject_code="123456",
                name="起草中的科目",
                mode=ExamMode.COMPUTER,
                certificate_id=draft.id,
            )
        )
        db.commit()
        key = draft.id
    assert browse().get(f"/certificates/{key}").status_code == 404
    with as_(PUBLIC) as db:
        assert db.execute(sa.text("select * from panel_certificate_subjects(:k)"), {"k": key}).all() == []


def test_the_four_identities_find_their_doors_and_scores_lead_to_the_candidates_log_in(
    as_: As, browse: Any
) -> None:
    found(as_)
    browser = browse()
    browser.get("/")
    for words in ("院校", "培训评价组织", "教育行政部门", "个人", "成绩查询", 'href="/space/scores/"'):
        assert words in browser.text(), words
    answer = browser.get("/space/scores/")
    assert answer.status_code == 302 and answer.location.startswith("/space/login/?next=/space/scores/")


def test_notices_are_searched_by_title_and_text_never_by_markup(as_: As, browse: Any) -> None:
    found(as_)
    notice(as_, "试点工作通知", body="<p>请在<strong>三月</strong>前报送</p>")
    notice(as_, "站点建设要求", NoticeKind.NEWS, body="<p>机房不少于两间</p>")
    notice(as_, "草稿里的机房", state=NoticeState.DRAFT, body="<p>机房</p>")
    browser = browse()
    browser.get("/search?q=三月")
    assert "试点工作通知" in browser.text() and "站点建设要求" not in browser.text()
    browser.get("/search?q=机房")
    assert "站点建设要求" in browser.text() and "草稿里的机房" not in browser.text()
    for query in ("strong", "%25", "_", "三月 机房"):
        browser.get(f"/search?q={query}")
        assert "没有找到" in browser.text(), query
    browser.get("/search?q=Python")
    assert "Python程序开发" in browser.text()
    browser.get("/notices/policy/?q=机房")
    assert "没有找到" in browser.text()
    browser.get("/notices/news/?q=机房")
    assert "站点建设要求" in browser.text()
    assert browser.get("/search?q=<script>alert(1)</script>").status_code == 200
    assert "<script>alert" not in browser.text()


def test_pinned_notices_stand_first_and_the_newest_of_them_above_everything(as_: As, browse: Any) -> None:
    found(as_)
    notice(as_, "昨天的新闻", NoticeKind.NEWS)
    notice(
        as_, "去年的重要新闻", NoticeKind.NEWS, pinned=True, publish_from=clock.now() - timedelta(days=300)
    )
    browser = browse()
    browser.get("/notices/news/")
    assert browser.text().index("去年的重要新闻") < browser.text().index("昨天的新闻")
    assert "置顶" in browser.text()
    browser.get("/")
    assert re.search(r'class="ui-pinned".*?去年的重要新闻', browser.text(), re.S)


def test_a_scheduled_notice_appears_when_its_time_comes_without_anybodys_doing(
    as_: As, browse: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """4.16; the clock all processes share is moved, no job has run."""
    found(as_)
    key = notice(
        as_, "定时公告", NoticeKind.ANNOUNCEMENT, state=NoticeState.SCHEDULED,
        publish_from=clock.now() + timedelta(hours=3), publish_to=clock.now() + timedelta(days=2),
    )  # fmt: skip
    hands = tmp_path / "clock"
    monkeypatch.setenv("PANEL_CLOCK_FILE", str(hands))
    browser = browse()
    answers = []
    for hours in (0, 2.9, 3.1, 47, 49):
        hands.write_text(str(hours * 3600))
        browser.get("/notices/announcement/")
        answers.append(("定时公告" in browser.text(), browser.get(f"/notices/{key}").status_code))
    assert answers == [(False, 404), (False, 404), (True, 200), (True, 200), (False, 410)]
    with as_(JOB) as db:
        states = []
        for _ in range(2):
            notices.turn(db)
            db.commit()
            states.append(db.scalar(sa.select(Notice.state).where(Notice.id == key)))
    assert states[-1] is NoticeState.WITHDRAWN


def test_the_feed_is_valid_atom_and_tells_only_what_is_published(as_: As, browse: Any) -> None:
    found(as_)
    key = notice(as_, "带<尖括号>&的标题", body="<p>第一段 &amp; 其他</p>", source="办公室")
    notice(as_, "草稿标题", state=NoticeState.DRAFT)
    browser = browse()
    answer = browser.get("/feed.xml")
    assert answer.content_type == "application/atom+xml; charset=utf-8"
    feed = ET.fromstring(answer.data)
    atom = {"a": "http://www.w3.org/2005/Atom"}
    for required in ("id", "title", "updated"):
        assert feed.findtext(f"a:{required}", namespaces=atom)
    (entry,) = feed.findall("a:entry", atom)
    told = {
        name: entry.findtext(f"a:{name}", namespaces=atom) or ""
        for name in ("id", "title", "updated", "summary")
    }
    assert told["title"] == "带<尖括号>&的标题" and told["summary"] == "第一段 & 其他"
    assert told["id"].endswith(f"/notices/{key}") and datetime.fromisoformat(told["updated"]).tzinfo
    browser.get("/")
    assert 'type="application/atom+xml"' in browser.text()


def test_the_site_map_and_robots_lead_search_engines_to_the_portal_alone(as_: As, browse: Any) -> None:
    found(as_)
    shown, hidden = notice(as_, "公开"), notice(as_, "草稿", state=NoticeState.DRAFT)
    browser = browse()
    answer = browser.get("/sitemap.xml")
    assert answer.mimetype == "application/xml"
    places = [item.text or "" for item in ET.fromstring(answer.data).iter() if item.tag.endswith("}loc")]
    paths = [urlsplit(place).path for place in places]
    assert {"/", "/notices/policy/", "/certificates/", f"/notices/{shown}", "/certificates/1"} <= set(paths)
    assert f"/notices/{hidden}" not in paths
    assert all(browser.get(path).status_code == 200 for path in paths)
    answer = browser.get("/robots.txt")
    assert answer.mimetype == "text/plain"
    assert "Disallow: /console/" in browser.text() and "/sitemap.xml" in browser.text()


def test_bundled_files_come_compressed_and_are_kept_for_a_year(as_: As, browse: Any) -> None:
    found(as_)
    browser = browse()
    browser.get("/")
    sheet = re.search(r'href="(/static/dist/panel-[^"]+\.css)"', browser.text())
    assert sheet
    answer = browser.get(sheet[1], headers={"Accept-Encoding": "gzip"}, buffered=True)
    assert answer.headers["Content-Encoding"] == "gzip" and answer.headers["Vary"] == "Accept-Encoding"
    assert "immutable" in answer.headers["Cache-Control"]
    assert len(answer.data) < 120_000


def test_a_person_who_is_logged_in_finds_the_way_back(as_: As, browse: Any) -> None:
    found(as_)
    with as_(JOB) as db:
        account = factories.account(db, Role.ORGANISATION_PRINCIPAL, organisation_id=5)
        db.commit()
    browser = browse(account)
    browser.get("/")
    assert "进入工作台" in browser.text() and 'href="/console/"' in browser.text()


def test_health_and_readiness_are_told_to_anybody_metrics_to_this_machine(as_: As, browse: Any) -> None:
    found(as_)
    browser = browse()
    assert browser.get("/healthz").json == {"status": "ok"}
    assert browser.get("/readyz").json["database"] == "ok"
    answer = browser.get("/metrics")
    assert answer.status_code == 200
    assert "panel_jobs_waiting 0.0" in browser.text() and 'endpoint="Health.ready"' in browser.text()
    assert browser.get("/metrics", headers={"X-Forwarded-For": "10.1.1.1"}).status_code == 403
    assert browser.get("/metrics", environ_base={"REMOTE_ADDR": "10.1.1.1"}).status_code == 403
