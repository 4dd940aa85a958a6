"""An editor's text on its way: draft, preview, schedule, publication, withdrawal; a reader looks on (4.16, R19)."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser.installation import Installation
from tests.browser.people import People, Person

pytestmark = pytest.mark.browser

TITLE = "关于开展2026年度证书试点申报工作的通知"
WORD = """<html xmlns:o="urn:schemas-microsoft-com:office:office"><body>
<h1 style='mso-pagination:widow-orphan'>一、申报范围</h1>
<p class=MsoNormal style='text-indent:24pt'>高等职业学校和应用型本科高校
<span style='color:#C00000;font-weight:bold'>均可申报</span>。<o:p></o:p></p>
<p class=MsoListParagraph style='mso-list:l0 level1 lfo1'><span style='mso-list:Ignore'>1.</span>填写师资情况</p>
<p class=MsoListParagraph style='mso-list:l0 level1 lfo1'><span style='mso-list:Ignore'>2.</span>填写场地情况</p>
<p class=MsoNormal align=right style='text-align:right'>试点工作办公室</p></body></html>"""
PASTE = """(editor, html) => {
    const data = new DataTransfer();
    data.setData("text/html", html);
    data.setData("text/plain", "");
    editor.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
}"""


def test_an_editor_publishes_and_a_reader_reads(
    people: People, installation: Installation, tmp_path: Path
) -> None:
    editor, reader = people.as_person("editor"), people.window()
    write(editor, tmp_path)
    address = preview(editor)
    key = address.rpartition("/")[2]
    schedule(editor, reader, installation, address, key)
    read(reader, key)
    withdraw(people.as_person("editor"), reader, address, key)  # days have gone by: the old session is over
    gone = [complaint for complaint in people.complaints if "404" not in complaint and "410" not in complaint]
    assert gone == [] and people.album.findings == []
    assert "Traceback" not in installation.logs()


def write(editor: Person, folder: Path) -> None:
    """Title and text, the text pasted from Word, a picture, a second thought saved as a draft."""
    editor.visit("/console/notice/add")
    editor.choose("类型", "政策文件")
    editor.fill({"标题": TITLE, "来源": "试点工作办公室", "发布时间": "2026-03-05 08:00"})
    text = editor.page.get_by_role("textbox", name="正文")
    text.click()
    text.evaluate(PASTE, WORD)
    expect(text.get_by_role("heading", name="一、申报范围")).to_be_visible()
    expect(text.locator("ol li")).to_have_text(["填写师资情况", "填写场地情况"])
    expect(text.locator("strong")).to_have_text("均可申报")
    expect(text.locator(".align-right")).to_have_text("试点工作办公室")
    picture = folder / "流程.png"
    Image.new("RGB", (640, 160), "#1b5fb8").save(picture)
    with editor.page.expect_file_chooser() as chooser:
        editor.press("插入图片")
    chooser.value.set_files(picture)
    expect(text.locator("img")).to_be_visible()
    editor.album.take(editor.page, "notice-writing", whole=True)
    editor.press("保存")
    editor.told("已新增公告")


def preview(editor: Person) -> str:
    """As it will look, told to be a draft; returns the address of the notice's own page."""
    editor.press("预览")
    editor.sees("预览:草稿", TITLE, "填写师资情况")
    editor.album.take(editor.page, "notice-preview")
    editor.press("返回")
    expect(editor.page.get_by_role("link", name="预览")).to_be_visible()
    return editor.page.url.removeprefix(editor.address)


def schedule(editor: Person, reader: Person, installation: Installation, address: str, key: str) -> None:
    """Published now, it waits for its time; at that time it is there."""
    editor.press("发布")
    editor.press("发布")
    editor.told("已安排定时发布")
    reader.visit(f"/notices/{key}")
    reader.sees("没有找到该文章")
    installation.travel_to("2026-03-05 08:01")
    reader.visit("/")
    reader.sees(TITLE)


def read(reader: Person, key: str) -> None:
    reader.follow(TITLE)
    expect(reader.page).to_have_url(f"{reader.address}/notices/{key}")
    reader.sees("来源：试点工作办公室", "2026-03-05", "一、申报范围")
    assert reader.page.locator("article img").evaluate("i => i.complete && i.naturalWidth") == 640
    reader.album.take(reader.page, "notice-read")
    reader.visit("/search?q=师资")
    reader.sees(TITLE)


def withdraw(editor: Person, reader: Person, address: str, key: str) -> None:
    editor.visit(address)
    editor.press("下线")
    editor.press("下线")
    editor.told("已下线1条")
    reader.visit(f"/notices/{key}")
    reader.sees("内容已下线")
    reader.visit("/notices/policy/")
    reader.sees("暂无内容")
