"""The gallery in Chromium under the product's policy: accessibility, no complaints, and what scripts add."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tools.gallery import DIST, PAGES

pytestmark = pytest.mark.browser
Opener = Callable[..., Page]
ADDRESS_OF_A_SIGNATURE = "sign-phone#t=good"


# One page of refusal stands for all nine: only their words differ.
DISTINCT = [name for name in PAGES if not name.startswith("error-") or name == "error-500"]


def fits(page: Page) -> bool:
    """No sideways scrolling of the page itself."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


def findings(page: Page) -> list[Any]:
    """axe-core's serious and critical findings. It is evaluated by the debugger, past the page's policy."""
    session = page.context.new_cdp_session(page)
    session.send("Runtime.evaluate", {"expression": Path(DIST / "axe.min.js").read_text("utf-8")})
    found = page.evaluate(
        "axe.run().then(r => r.violations.map(v => [v.impact, v.id, v.nodes.map(n => n.target)]))"
    )
    return [v for v in found if v[0] in ("serious", "critical")]


@pytest.mark.parametrize("name", DISTINCT)
def test_a_page_is_readable_for_all_and_breaks_no_policy(look: Opener, name: str) -> None:
    page = look(name)
    assert findings(page) == []
    assert page.complaints == []
    assert fits(page)


@pytest.mark.parametrize(
    "name",
    ["list", "list-cards", "form-errors", "form-rows", "detail", "home", "job", "login", "portal", "space"],
)
def test_a_page_is_readable_in_the_dark_on_a_phone(look: Opener, name: str) -> None:
    page = look(name, dark=True, phone=True)
    assert findings(page) == []
    assert page.complaints == []
    assert fits(page)


@pytest.mark.parametrize(
    "name", [name for name in DISTINCT if name not in ("list-bare", "space-empty", "login-wrong")]
)
def test_a_page_never_scrolls_sideways_on_a_phone(look: Opener, name: str) -> None:
    assert fits(look(name, phone=True))


@pytest.mark.parametrize("name", ["list", "form-rows", "detail", "verify-found"])
def test_a_page_is_readable_in_the_dark_on_a_wide_screen(look: Opener, name: str) -> None:
    assert findings(look(name, dark=True)) == []


def test_a_tab_swaps_the_list_and_keeps_what_was_typed(look: Opener) -> None:
    page = look("list")
    page.fill("#f-name", "张")
    page.click(".ui-tabs >> text=待认证")
    expect(page.locator(".ui-tabs .is-active")).to_contain_text("待认证")
    assert "tab=%E5%BE%85%E8%AE%A4%E8%AF%81" in page.url
    assert page.input_value("#f-name") == "张"
    page.go_back()
    expect(page.locator(".ui-tabs .is-active")).to_contain_text("全部")


def test_goto_stays_within_the_pages(look: Opener) -> None:
    page = look("list")
    page.fill("#goto", "999")
    page.press("#goto", "Enter")
    expect(page.locator(".ui-pager [aria-current=page]")).to_have_text("24")
    assert page.url.endswith("page=24")


def test_ticks_wake_the_bulk_actions_and_offer_everything(look: Opener) -> None:
    page = look("list")
    confirm = page.locator("button[form=bulk] >> text=确认无误").locator("xpath=ancestor-or-self::button")
    expect(confirm).to_be_disabled()
    page.check("[data-tick] >> nth=1")
    expect(page.locator("[data-ticked]")).to_have_text("已选 1 条")
    expect(confirm).to_be_enabled()
    page.check("[data-tick-all]")
    expect(page.locator("[data-ticked]")).to_have_text("已选 10 条")
    page.click("[data-tick-whole]")
    expect(page.locator("[data-ticked]")).to_have_text("已选 238 条")
    assert page.input_value("[data-whole]") == "1"
    page.uncheck("[data-tick] >> nth=1")
    assert page.input_value("[data-whole]") == ""


def test_a_form_is_checked_before_it_is_sent_and_says_so_beside_the_field(look: Opener) -> None:
    """What the declaration says of a field is asked in the browser first; full-width digits are digits (R17)."""
    page = look("form")
    sent: list[str] = []
    page.on("request", lambda r: sent.append(r.url) if r.method == "POST" else None)
    page.fill("#name", " ")
    page.fill("#mobile", "12345")
    page.locator("#form button.btn-primary").last.click()
    expect(page.locator("#name-error")).to_have_text("请填写姓名")
    expect(page.locator("#mobile-error")).to_have_text("手机号应为11位,以13–19开头")
    expect(page.locator("#name")).to_be_focused()
    assert "mobile-error" in (page.get_attribute("#mobile", "aria-describedby") or "")
    assert sent == [] and findings(page) == []
    page.fill("#mobile", "１３８００００１２３４")
    page.press("#mobile", "Tab")
    expect(page.locator("#mobile-error")).to_have_count(0)
    assert page.get_attribute("#mobile", "aria-invalid") is None


def test_a_dangerous_command_asks_first(look: Opener) -> None:
    page = look("list")
    sent: list[str] = []
    page.on("request", lambda r: sent.append(r.url) if r.method == "POST" else None)
    page.locator("tbody tr").first.get_by_text("删除").click()
    expect(page.locator("#ui-confirm-text")).to_have_text("删除考生“何嘉怡”？删除后不能恢复。")
    page.click("#ui-confirm >> text=取消")
    expect(page.locator("#ui-confirm")).not_to_be_visible()
    assert sent == []
    page.locator("tbody tr").first.get_by_text("删除").click()
    with page.expect_request(lambda r: r.method == "POST") as request:
        page.click("#ui-confirm [data-yes]")
    assert request.value.url.endswith("/delete/0")
    assert "csrf_token=" in (request.value.post_data or "")


def test_view_opens_a_sheet_over_the_list(look: Opener) -> None:
    page = look("list")
    page.locator("tbody tr").first.get_by_text("查看").click()
    expect(page.locator("#ui-sheet .ui-intro-name")).to_contain_text("张雨桐")
    assert page.url.endswith("/list")
    page.keyboard.press("Escape")
    expect(page.locator("#ui-sheet")).not_to_be_visible()


def test_a_form_may_be_filled_in_a_sheet(look: Opener) -> None:
    """Features row 4: edit without leaving the list; a refused form comes back with its errors."""
    page = look("list")
    page.locator("tbody tr").nth(2).get_by_text("编辑").click()
    expect(page.locator("#ui-sheet #name")).to_have_value("王雨桐")
    unchecked(page)
    page.locator("#ui-sheet .ui-foot .btn-primary").click()
    expect(page.locator("#ui-sheet #ui-errors")).to_contain_text("有 3 项需要修改")
    assert page.url.endswith("/list")
    assert page.complaints == []


def unchecked(page: Page) -> None:
    """The browser lets everything through, so that the server's word is heard."""
    page.locator(".ui-foot button").evaluate_all("all => all.forEach((b) => (b.formNoValidate = true))")


def test_cards_by_choice_are_remembered(look: Opener) -> None:
    page = look("list")
    page.click("[data-view=cards]")
    page.reload()
    expect(page.locator("#list")).to_have_class("ui-card ui-list as-cards")
    assert page.complaints == []


def test_columns_are_put_in_order(look: Opener) -> None:
    page = look("list")
    page.click(".ui-chooser summary")
    page.click("[data-up][aria-label='上移 证件号码']")
    with page.expect_request(lambda r: r.url.endswith("/columns")) as request:
        page.click(".ui-chooser >> text=应用")
    assert (request.value.post_data or "").index("id_number") < (request.value.post_data or "").index(
        "column=name"
    )


def test_the_theme_is_a_cookie(look: Opener) -> None:
    page = look("list")
    page.click("[data-theme-toggle]")
    assert page.get_attribute("html", "data-bs-theme") == "dark"
    assert {c["name"]: c["value"] for c in page.context.cookies()}["theme"] == "dark"
    page.reload()
    assert page.get_attribute("html", "data-bs-theme") == "dark"


def test_the_keyboard_reaches_filter_and_menu(look: Opener) -> None:
    page = look("list")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "f-name"
    page.keyboard.press("Control+k")
    page.keyboard.type("缴费")
    expect(page.locator("#ui-palette [aria-selected=true]")).to_contain_text("缴费管理")
    with page.expect_navigation():
        page.keyboard.press("Enter")


def test_areas_that_do_not_fit_are_under_more(look: Opener) -> None:
    page = look("list")
    expect(page.locator(".ui-areas-more")).not_to_be_visible()
    page.set_viewport_size({"width": 1024, "height": 768})
    page.click(".ui-areas-more summary")
    expect(page.locator(".ui-areas-more >> text=系统管理")).to_be_visible()
    assert fits(page)
    page.set_viewport_size({"width": 1440, "height": 768})
    expect(page.locator(".ui-areas > a >> text=系统管理")).to_be_visible()


def test_more_filters_unfold(look: Opener) -> None:
    page = look("list")
    expect(page.locator("#f-year")).not_to_be_visible()
    page.click("[data-fold]")
    expect(page.locator("#f-year")).to_be_visible()


def test_a_remote_choice_is_searched_for(look: Opener) -> None:
    page = look("form")
    page.click("#school-ts-control")
    page.keyboard.type("第 3")
    page.click(".ts-dropdown .option >> text=杭州第 3 职业学校")
    assert page.input_value("#school") == "3"
    assert page.complaints == []


def test_child_rows_are_added_numbered_struck_and_removed(look: Opener) -> None:
    page = look("form-rows")
    page.click("[data-row-add]")
    page.click("[data-row-add]")
    names = page.eval_on_selector_all("tbody [name$='-name']", "es => es.map(e => e.name)")
    assert names == [f"levels-{n}-name" for n in range(5)]
    page.click("tbody tr:nth-child(4) [data-row-remove]")
    page.check("#levels-1 [data-strike]")
    expect(page.locator("#levels-1")).to_have_class("is-struck")
    assert (
        page.eval_on_selector_all("tbody [name$='-name']", "es => es.map(e => e.name)")[-1] == "levels-4-name"
    )


def test_the_editor_saves_classes_and_never_styles(look: Opener) -> None:
    page = look("form-rows")
    editor = page.locator(".ui-editor-text")
    editor.click()
    page.keyboard.press("Control+a")
    page.select_option("[aria-label=文字颜色]", "red")
    page.click("[aria-label=居中]")
    page.click("[aria-label=插入表格]")
    saved = page.input_value("#intro")
    assert '<span class="ink-red">' in saved
    assert '<p class="align-center">' in saved
    assert "<table>" in saved
    assert "style=" not in saved
    assert page.complaints == []


def test_pasted_text_is_cut_down_to_what_a_text_may_hold(look: Opener) -> None:
    page = look("form-rows")
    page.locator(".ui-editor-text").click()
    dirty = '<h1 style="color:red" onclick="x()">题</h1><script>x()</script><p class="Mso"><font>文</font><img src="http://a/b.png"></p>'
    page.evaluate(
        """html => {
          const data = new DataTransfer();
          data.setData("text/html", html);
          const paste = new ClipboardEvent("paste", { clipboardData: data, bubbles: true });
          document.querySelector(".ui-editor-text").dispatchEvent(paste);
        }""",
        dirty,
    )
    expect(page.locator("#intro")).to_have_value(re.compile("文"))
    saved = page.input_value("#intro")
    for bad in ("style", "onclick", "script", "Mso", "font", "img"):
        assert bad not in saved


def test_leaving_with_unsaved_changes_asks(look: Opener) -> None:
    page = look("form")
    asked: list[str] = []
    page.on("dialog", lambda d: (asked.append(d.type), d.accept()))
    page.locator("#name").press_sequentially("李")
    page.goto(page.url.replace("/form", "/list"))
    assert asked == ["beforeunload"]


def test_saving_does_not_ask(look: Opener) -> None:
    page = look("form")
    asked: list[str] = []
    page.on("dialog", lambda d: (asked.append(d.type), d.accept()))
    page.locator("#name").press_sequentially("李")
    unchecked(page)
    with page.expect_navigation():
        page.click(".ui-foot .btn-primary")
    assert asked == []


def test_the_summary_leads_to_the_field(look: Opener) -> None:
    page = look("form-errors")
    page.click("#ui-errors >> text=所属院校")
    assert page.evaluate("document.activeElement.id") == "school-ts-control"


def test_a_reason_is_told_on_click(look: Opener) -> None:
    page = look("detail")
    page.click("[data-why]", force=True)  # aria-disabled: it cannot be pressed, but it can answer
    expect(page.locator(".ui-toast")).to_contain_text("信息不完善，请先补全手机号码")


def test_flashes_are_toasts_and_errors_stay_until_closed(look: Opener) -> None:
    page = look("list?flash=1")
    expect(page.locator(".ui-toast")).to_have_count(3)
    page.locator(".ui-toast[data-tone=red] [data-close]").click()
    expect(page.locator(".ui-toast[data-tone=red]")).to_have_count(0)


def test_menus_live_in_a_drawer_on_a_phone(look: Opener) -> None:
    page = look("list", phone=True)
    expect(page.locator(".ui-side")).not_to_be_visible()
    page.click(".ui-burger")
    expect(page.locator("#ui-drawer >> text=考试计划")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#ui-drawer")).not_to_be_visible()


def test_a_running_job_asks_for_itself(look: Opener) -> None:
    page = look("job-running")
    with page.expect_request(lambda r: r.headers.get("hx-target") == "job"):
        expect(page.locator("#job progress")).to_have_attribute("value", "42")
    assert page.complaints == []


def test_the_sms_button_counts_down(look: Opener) -> None:
    page = look("register")
    page.click("[data-sms-send]")
    expect(page.locator("[data-sms-send]")).to_contain_text("秒后重发")
    expect(page.locator("[data-sms-send]")).to_be_disabled()


def test_a_signature_is_drawn_cleared_and_posted_without_the_token_in_an_address(look: Opener) -> None:
    page = look(ADDRESS_OF_A_SIGNATURE, phone=True)
    expect(page.locator("[data-field=count]")).to_have_text("120")
    expect(page.locator("button[data-sign]")).to_be_disabled()
    draw_a_line(page)
    page.click("[data-clear]")
    expect(page.locator("button[data-sign]")).to_be_disabled()
    draw_a_line(page)
    expect(page.locator("button[data-sign]")).to_be_disabled()  # one short stroke is no name (4.13)
    draw_a_line(page, 120)
    with page.expect_request(lambda r: r.url.endswith("/sign/confirm")) as request:
        page.click("button[data-sign]")
    body = json.loads(request.value.post_data or "{}")
    assert body["token"] == "good"
    assert body["image"].startswith("data:image/png;base64,")
    assert len(body["strokes"]) == 2 and all(points > 1 for points in body["strokes"])
    expect(page.locator("[data-part=done]")).to_contain_text("已为 120 张证书签字")


def draw_a_line(page: Page, right: int = 0) -> None:
    box = page.locator("canvas").bounding_box()
    assert box
    page.mouse.move(box["x"] + 40 + right, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 180 + right, box["y"] + 140, steps=8)
    page.mouse.up()


def test_an_old_code_is_told_apart_from_a_broken_network(look: Opener) -> None:
    page = look("sign-phone#t=old", phone=True)
    expect(page.locator("[data-part=failed]")).to_contain_text("二维码已过期")
