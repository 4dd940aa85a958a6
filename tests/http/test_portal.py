"""The portal: entrances, news, certificates, health (7.1, 4.16)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from app.access.actor import JOB
from app.services import files
from models.accounts import Role
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
        assert [browser.get(f"/notices/{key}").status_code for key in hidden] == [404] * 4


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
