"""Every template of the gallery, read as text: no inline code, sound structure, nothing unescaped."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

import pytest
from flask import Flask, render_template
from flask.testing import FlaskClient

from app.panel import pages as p
from tools import gallery_pages, gallery_public
from tools.gallery import PAGES

VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"]
)


class Reading(HTMLParser):
    """What a page says, as the tests ask it: ids, labels, forms, inline code, headings, unclosed tags."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.targets: list[str] = []
        self.inline: list[str] = []
        self.headings: list[str] = []
        self.pictures_without_alt: list[str] = []
        self.forms: list[tuple[str, list[str]]] = []
        self.open: list[str] = []
        self.crossed: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.inline += [f"{tag} {name}" for name in values if name == "style" or name.startswith("on")]
        self.inline += [f"{tag} {v}" for v in values.values() if v and v.startswith("javascript:")]
        if tag == "style" or (tag == "script" and "src" not in values):
            self.inline.append(tag)
        if "id" in values and "template" not in self.open:
            self.ids.append(values["id"] or "")
        if tag == "label" and "for" in values and "template" not in self.open:
            self.targets.append(values["for"] or "")
        if tag == "h1":
            self.headings.append(tag)
        if tag == "img" and "alt" not in values:
            self.pictures_without_alt.append(str(values))
        if tag == "form":
            self.forms.append((values.get("method") or "get", []))
        if tag == "input" and self.forms and "form" in self.open:
            self.forms[-1][1].append(values.get("name") or "")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1] == tag:
            self.open.pop()
        else:
            self.crossed.append(f"</{tag}> within {self.open[-3:]}")


def read(html: str) -> Reading:
    reading = Reading()
    reading.feed(html)
    return reading


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_sound(client: FlaskClient, name: str) -> None:
    answer = client.get(f"/{name}")
    page = read(answer.text)
    assert page.inline == []
    assert page.crossed == []
    assert page.open == []
    assert len(page.headings) == 1
    assert page.pictures_without_alt == []
    assert len(page.ids) == len(set(page.ids))
    assert set(page.targets) <= set(page.ids)


@pytest.mark.parametrize("name", PAGES)
def test_every_posted_form_carries_the_token(client: FlaskClient, name: str) -> None:
    for method, names in read(client.get(f"/{name}").text).forms:
        assert method != "post" or "csrf_token" in names


def test_a_partial_list_is_only_the_region_and_its_buttons(client: FlaskClient) -> None:
    whole = client.get("/list").text
    part = client.get("/list", headers={"HX-Request": "true", "HX-Target": "list"}).text
    assert "<html" not in part
    assert 'id="filter"' not in part
    assert 'id="list"' in part
    assert 'hx-swap-oob="true"' in part
    assert len(part) < len(whole)


def test_a_restored_history_page_is_whole(client: FlaskClient) -> None:
    headers = {"HX-Request": "true", "HX-Target": "list", "HX-History-Restore-Request": "true"}
    assert "<html" in client.get("/list", headers=headers).text


def draw(gallery: Flask, template: str, page: p.Page) -> str:
    with gallery.test_request_context("/"):
        return render_template(template, page=page, menu=gallery_pages.MENU, who=gallery_pages.WHO)


def test_a_private_filter_never_goes_into_the_address(gallery: Flask) -> None:
    page = p.ListPage(
        title="考生", action="/list", filters=[p.Filter("id_number", "证件号码", "exact", private=True)]
    )
    drawn = draw(gallery, "panel/list.html", page)
    form = drawn[drawn.index('<form id="filter"') : drawn.index("</form>", drawn.index('<form id="filter"'))]
    assert 'method="post"' in form
    assert "hx-push-url" not in form


def test_open_filters_go_into_the_address(gallery: Flask) -> None:
    page = p.ListPage(title="考生", action="/list", filters=[p.Filter("name", "姓名", "text", value='"><b>')])
    drawn = draw(gallery, "panel/list.html", page)
    assert 'hx-push-url="true"' in drawn
    assert "<b>" not in drawn.split('id="list"')[0].split('id="filter"')[1].replace("<b>0</b>", "")


@pytest.mark.parametrize("kind", ["text", "state", "reference", "lines", "file"])
def test_a_value_is_escaped(gallery: Flask, kind: p.Kind) -> None:
    cell = p.Cell("<script>alert(1)</script>", kind, href="/x", title='"><i>')
    page = p.DetailPage(title="<u>", sections=[p.Section("<u>", [p.Item("<u>", cell)])])
    drawn = draw(gallery, "panel/detail.html", page)
    assert "<script>alert" not in drawn
    assert "<u>" not in drawn
    assert "<i>" not in drawn


def test_an_empty_value_is_a_dash(gallery: Flask) -> None:
    page = p.DetailPage(title="考生", sections=[p.Section("", [p.Item("成绩", p.Cell("", "number"))])])
    assert '<span class="ui-none">—</span>' in draw(gallery, "panel/detail.html", page)


def test_a_hidden_column_is_only_in_the_chooser(gallery: Flask) -> None:
    page = p.ListPage(
        title="考生",
        columns=[p.Column("a", "甲"), p.Column("b", "乙", hidden=True)],
        rows=[p.Row("1", [p.Cell("可见"), p.Cell("不可见")])],
        chooser="/columns",
    )
    drawn = draw(gallery, "panel/list.html", page)
    assert "不可见" not in drawn
    assert "乙" in drawn


def test_a_button_that_cannot_be_pressed_says_why(gallery: Flask) -> None:
    page = p.ListPage(
        title="申报", buttons=[p.Link("申报证书试点", "/add", disabled="目前没有开放的申报批次")]
    )
    drawn = draw(gallery, "panel/list.html", page)
    assert 'data-why="目前没有开放的申报批次"' in drawn
    assert 'href="/add"' not in drawn


def test_an_empty_list_offers_the_next_step(client: FlaskClient) -> None:
    text = client.get("/list-empty").text
    assert "没有符合条件的考生" in text
    assert "清除筛选" in text
    assert "下载模板" in text
    assert "<table" not in text


def test_the_summary_names_what_is_wrong_in_the_order_of_the_page(client: FlaskClient) -> None:
    text = client.get("/form-errors").text
    summary = text[text.index('id="ui-errors"') :]
    summary = summary[: summary.index("</div></div>")]
    assert "有 3 项需要修改" in summary
    assert summary.index("证件号码") < summary.index("所属院校") < summary.index("报考证书")


def test_a_conflict_shows_both_versions_side_by_side(client: FlaskClient) -> None:
    """R137: after a concurrent edit the form comes back with mine and theirs."""
    text = client.get("/form-stale").text
    assert "数据已被他人修改" in text
    assert "<ins>王雨桐</ins>" in text
    assert "王雨彤" in text


@pytest.mark.parametrize("status", [401, 403, 404, 409, 413, 415, 422, 429, 500])
def test_a_refusal_is_told_without_log_in(gallery: Flask, status: int) -> None:
    with gallery.test_request_context("/"):
        text = render_template("panel/error.html", page=p.ErrorPage("", status=status))
    assert "data-error" in text
    assert "<h1>系统出错</h1>" not in text or status == 500


def test_a_finished_job_stops_asking(client: FlaskClient) -> None:
    assert 'hx-trigger="every 1s"' in client.get("/job-running").text
    assert "hx-trigger" not in client.get("/job").text


def test_a_miss_says_nothing_of_which_part_was_wrong(gallery: Flask) -> None:
    """One uniform answer for a wrong number and for a wrong ID number."""
    _, context = gallery_public.verify("missing")()
    page = replace(context["page"], form=gallery_public.VerifyForm())
    text = draw(gallery, "portal/verify.html", page)
    assert "未查询到" in text
    assert "证书真实有效" not in text


def test_the_cookie_decides_the_theme_before_the_first_paint(client: FlaskClient) -> None:
    client.set_cookie("theme", "dark")
    assert '<html lang="zh-CN" data-bs-theme="dark">' in client.get("/list").text
    client.set_cookie("theme", '"><script>')
    assert '<html lang="zh-CN">' in client.get("/list").text
