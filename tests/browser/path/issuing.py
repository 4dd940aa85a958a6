"""Scores lock, both sides sign, the certificate is there, a stranger verifies it."""

from __future__ import annotations

import base64
import re
from itertools import pairwise

import sqlalchemy as sa

from app.documents import codes
from app.documents.drawn import demo_seal
from app.services import signing
from models.issuance import SigningRequest
from tests.browser.papers import picture_of, pictures_of, shows_code, text_of
from tests.browser.path.walk import (
    CERTIFICATE,
    FULL,
    LEVEL,
    ORGANISATION_PRINCIPAL,
    SCHOOL_MANAGER,
    SCHOOL_PRINCIPAL,
    Walk,
)
from tests.browser.people import Person

STROKES = (
    ((0.25, 0.3), (0.25, 0.7)),
    ((0.2, 0.45), (0.35, 0.35), (0.4, 0.7)),
    ((0.5, 0.3), (0.6, 0.65), (0.75, 0.35)),
)


def results_are_locked_and_tasks_appear(walk: Walk) -> None:
    walk.installation.travel_to("2026-06-02 00:10")
    principal = walk.people.as_person(ORGANISATION_PRINCIPAL)
    principal.go("考试管理", "考证结果")
    principal.reloads_until(
        principal.page.locator(".ui-tabs a", has_text="已通过").locator(".ui-count:not(:text-is('0'))")
    )
    principal.shot("results")
    principal.go("证书管理", "证书发放管理")
    principal.reloads_until(
        principal.page.locator(".ui-tabs a", has_text="培训评价组织待签发").locator(
            ".ui-count:not(:text-is('0'))"
        )
    )
    principal.shot("issuance-waiting")


def the_organisation_signs(walk: Walk) -> None:
    walk.installation.travel_to("2026-06-02 09:00")
    principal = walk.people.as_person(ORGANISATION_PRINCIPAL)
    upload_seal(walk, principal, ("机构管理", "签章管理"), "华信智能软件评价中心")
    sign_all(walk, principal, "organisation")


def the_school_signs(walk: Walk) -> None:
    walk.installation.travel_to("2026-06-03 09:00")
    principal = walk.people.as_person(SCHOOL_PRINCIPAL)
    upload_seal(walk, principal, ("机构管理", "试点院校管理"), "杭州厚朴信息职业技术学院")
    sign_all(walk, principal, "school")


def upload_seal(walk: Walk, principal: Person, menu: tuple[str, str], text: str) -> None:
    picture = walk.folder / "seal.png"
    picture.write_bytes(demo_seal(text))
    principal.go(*menu)
    principal.shot("seal-none")
    principal.attach("签名章图片", picture)
    principal.fill({"负责人姓名": "陈明远"})
    principal.page.get_by_label("职务").select_option(index=1)
    principal.press("预览样张")
    principal.shot("seal-specimen", whole=True)
    principal.tick("我已阅读并同意")
    principal.press("保存签名章")
    principal.told("签名章已保存")
    principal.shot("seal-saved")


def sign_all(walk: Walk, principal: Person, name: str) -> None:
    """The code is shown at the desk; the phone that scans it draws."""
    principal.go("证书管理", "证书发放管理")
    principal.press("批量确认签发")
    principal.page.get_by_label("考试计划").select_option(index=1)
    principal.shot(f"sign-{name}-ask")
    principal.press("批量确认签发")
    principal.sees("等待扫码")
    principal.shot(f"sign-{name}-code")
    phone = walk.people.window(phone=True)
    phone.page.goto(scanned(walk, principal), wait_until="load")
    phone.sees("请在框内手写签名")
    draw(phone)
    phone.shot(f"sign-{name}-phone")
    phone.press("确认签字")
    phone.sees("可关闭本页")
    phone.shot(f"sign-{name}-phone-done")
    principal.sees("签字完成")
    principal.shot(f"sign-{name}-done")


def scanned(walk: Walk, principal: Person) -> str:
    """What the code on the screen says: made here anew, and the picture compared with the one shown."""
    with walk.installation.session() as session:
        newest = sa.select(SigningRequest).order_by(SigningRequest.id.desc()).limit(1)
        token = signing.token_of(session.scalars(newest).one())
    address = f"{principal.address}/sign/#t={token}"
    shown = principal.page.get_by_alt_text("签字二维码").get_attribute("src")
    assert shown == f"data:image/svg+xml;base64,{base64.b64encode(codes.qr(address)).decode()}"
    return address


def draw(phone: Person) -> None:
    """A few strokes with a finger."""
    pad = phone.page.locator("canvas").bounding_box()
    assert pad is not None
    finger = phone.page.context.new_cdp_session(phone.page)

    def touch(kind: str, *place: float) -> None:
        x, y = (pad["x"] + pad["width"] * place[0], pad["y"] + pad["height"] * place[1]) if place else (0, 0)
        points = [{"x": x, "y": y}] if place else []
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    for stroke in STROKES:
        touch("touchStart", *stroke[0])
        for (x0, y0), (x1, y1) in pairwise(stroke):
            for step in range(1, 6):
                touch("touchMove", x0 + (x1 - x0) * step / 5, y0 + (y1 - y0) * step / 5)
        touch("touchEnd")


def the_certificate_is_there(walk: Walk) -> None:
    walk.installation.travel_to("2026-06-03 10:00")
    manager = walk.people.as_person(SCHOOL_MANAGER)
    manager.go("证书管理", "证书发放管理")
    manager.shot("issuance-signed")
    manager.go("证书管理", "电子证书")
    manager.reloads_until(manager.page.locator("#list tbody tr").first)
    manager.shot("certificates-issued")
    manager.search("姓名", walk.holder.name)
    row = manager.row(walk.holder.name)
    number = row.get_by_text(re.compile(r"^\d{23}$")).inner_text()
    paper = manager.download("下载", row)
    words = text_of(paper)
    for word in (
        walk.holder.name,
        number,
        CERTIFICATE,
        LEVEL,
        "华信智能软件评价中心",
        "杭州厚朴信息职业技术学院",
    ):
        assert word in words.replace(" ", "")
    # the photo and both seals, in colours
    assert len(pictures_of(paper)) >= 3
    picture = walk.people.album.folder / "certificate.png"
    picture_of(paper, picture)
    assert shows_code(picture, f"{manager.address}/verify?number={number}", (0.11, 0.55, 0.23, 0.68))
    walk.certificate_number = number


def a_stranger_verifies(walk: Walk) -> None:
    stranger = walk.people.window()
    stranger.visit("/")
    stranger.shot("portal", whole=True)
    stranger.page.get_by_placeholder("请输入证书编号").fill(walk.certificate_number)
    stranger.press("查验")
    stranger.shot("verify")
    ask(walk, stranger, walk.students[1].id_number)
    stranger.sees("未查询到")
    stranger.shot("verify-nothing")
    ask(walk, stranger, walk.holder.id_number)
    stranger.sees("证书真实有效", walk.holder.name, FULL.removesuffix(f"({LEVEL})"))
    stranger.shot("verify-found")


def ask(walk: Walk, stranger: Person, id_number: str) -> None:
    """Number, ID number and the picture's letters."""
    stranger.fill({"证书编号": walk.certificate_number, "证件号码": id_number})
    stranger.fill({"验证码": walk.people.read_captcha(stranger)})
    stranger.press("查验")
