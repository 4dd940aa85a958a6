"""试点院校管理 / 签章管理: the principal's seal, and nobody else's sight of it (7.2, R122–R126, E11, E132–E134)."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Any

from flask import flash, redirect, render_template, request
from flask_appbuilder import BaseView, expose
from sqlalchemy.orm import Session
from werkzeug.datastructures import CombinedMultiDict
from werkzeug.wrappers import Response
from wtforms import BooleanField, FileField, HiddenField, SelectField, StringField

from app.access.actor import Actor, current_actor
from app.access.roles import may
from app.panel.cells import plain
from app.panel.forms import PanelForm, Required, choices
from app.panel.gates import opens
from app.panel.menus import add_entry
from app.panel.pages import Cell, Column, Crumb, FormPage, Link, Row
from app.services import seals
from app.services.errors import DomainError
from config import settings
from models.directory import School
from models.issuance import Seal

MENUS = {"school": "机构管理/试点院校管理", "organisation": "机构管理/签章管理"}
STEP = "预览样张"


def may_seal(actor: Actor) -> bool:
    return actor.kind in MENUS and may(actor, "seal", "upload")


def _entry(kind: str, menu: str) -> None:
    add_entry(menu, seals.PAGE, "rubber-stamp", 15, lambda actor: actor.kind == kind and may_seal(actor))


for _kind, _menu in MENUS.items():
    _entry(_kind, _menu)


class UploadForm(PanelForm):
    image = FileField(
        "签名章图片",
        description="透明底PNG,正方形,建议95×95像素,不超过1 MB",
        render_kw={"accept": "image/png"},
    )
    holder_name = StringField("负责人姓名", [Required("负责人姓名")], render_kw={"maxlength": 50})
    holder_position = SelectField("职务", [Required("职务")])


class SaveForm(PanelForm):
    """The second step: what was looked at travels with it and is judged again."""

    picture = HiddenField()
    holder_name = HiddenField()
    holder_position = HiddenField()
    accepted = BooleanField(f"我已阅读并同意《{seals.LETTER.title}》")


@dataclass
class SealPage(FormPage):
    heading: str = ""
    image: str = ""
    facts: Any = ()
    links: Any = ()
    columns: Any = ()
    rows: Any = ()
    specimen: str = ""
    letter: Any = None


class Seals(BaseView):
    """The only way to a seal; the guard refuses everybody else, and each refusal leaves a row in the trail (E11)."""

    route_base = "/console/seal"
    default_view = "seal"
    session: Session

    @expose("/", methods=["GET", "POST"])
    @opens("seal:upload")
    def seal(self) -> Any:
        actor = current_actor()
        if request.method == "GET":
            return self._upload_page(actor, self._upload_form(actor))
        return self._save(actor) if "picture" in request.form else self._preview(actor)

    @expose("/<int:key>/image")
    @opens("seal:upload")
    def image(self, key: int) -> Response:
        actor = current_actor()
        answer = Response(seals.picture(self.session, actor, key), mimetype="image/png")
        answer.headers["Cache-Control"] = "private, no-store"
        return answer

    # the three steps

    def _upload_form(self, actor: Actor, data: Any = None) -> UploadForm:
        form = UploadForm(data)
        form.holder_position.choices = choices([(p.value, p.label) for p in seals.POSITIONS[actor.kind]])
        return form

    def _preview(self, actor: Actor) -> Any:
        form = self._upload_form(actor, CombinedMultiDict([request.files, request.form]))
        if not form.validate():
            return self._upload_page(actor, form), 422
        given = request.files.get("image")
        data = given.stream.read(settings().upload_seal_bytes + 1) if given else b""
        try:
            checked, name, position = seals.check(
                actor, data, form.holder_name.data or "", form.holder_position.data
            )
        except DomainError as error:
            form.blame(error)
            return self._upload_page(actor, form), error.status
        step = SaveForm(
            data={
                "picture": base64.b64encode(checked.image).decode(),
                "holder_name": name,
                "holder_position": position.value,
            }
        )
        return self._save_page(actor, step, checked.image, checked.hint or "")

    def _save(self, actor: Actor) -> Any:
        form = SaveForm(request.form)
        data = _decoded(form.picture.data or "")
        given = (form.holder_name.data or "", form.holder_position.data or "")
        try:
            _, hint = seals.upload(self.session, actor, data, *given, accepted=bool(form.accepted.data))
        except DomainError as error:
            self.session.rollback()
            if error.code != "seal.letter":
                raise
            form.blame(error)
            return self._save_page(actor, form, data), error.status
        self.session.commit()
        flash(f"签名章已保存,此后的签发使用新的签名章{';' + hint if hint else ''}", "success")
        return redirect(seals.PAGE)

    # pages

    def _upload_page(self, actor: Actor, form: UploadForm) -> str:
        found = seals.editions(self.session, actor)
        newest = found[0] if found else None
        page = SealPage(
            title=MENUS[actor.kind].partition("/")[2],
            crumbs=self._crumbs(actor),
            hint="签名章仅限负责人账号上传、查看和使用;更换后只用于此后的签发",
            form=form,
            sections=[
                (
                    "上传签名章" if newest is None else "更换签名章",
                    ["image", "holder_name", "holder_position"],
                )
            ],
            action=seals.PAGE,
            back="/console/",
            submit=STEP,
            multipart=True,
            heading=newest.holder_name if newest else "还没有签名章",
            image=f"{seals.PAGE}{newest.id}/image" if newest else "",
            facts=_facts(newest) + self._tenant_facts(actor),
            links=[Link("账号管理", "/console/account/", "user-cog")],
            columns=[Column(name, label) for name, label in _COLUMNS],
            rows=[_row(seal) for seal in found],
        )
        return render_template("issuing/seal.html", page=page)

    def _save_page(self, actor: Actor, form: SaveForm, image: bytes, hint: str = "") -> str:
        drawn = base64.b64encode(seals.specimen(self.session, actor, image)).decode()
        page = SealPage(
            title=STEP,
            crumbs=[*self._crumbs(actor), Crumb(STEP)],
            hint=hint or "请核对签名章在证书上的效果,阅读委托书后保存",
            form=form,
            sections=[("保存", ["accepted"])],
            action=seals.PAGE,
            back=seals.PAGE,
            submit="保存签名章",
            specimen=f"data:image/png;base64,{drawn}",
            letter=seals.LETTER,
        )
        return render_template("issuing/seal.html", page=page)

    def _crumbs(self, actor: Actor) -> list[Crumb]:
        area, _, name = MENUS[actor.kind].partition("/")
        return [Crumb("首页", "/console/"), Crumb(area), Crumb(name, seals.PAGE)]

    def _tenant_facts(self, actor: Actor) -> list[tuple[str, Cell]]:
        """The school's card (7.2)."""
        school = self.session.get(School, actor.tenant) if actor.kind == "school" else None
        if school is None:
            return []
        shown = {
            "院校名称": school.name,
            "院校代码": school.school_code,
            "院校平台编号": school.platform_number,
        }
        return [(label, Cell(text or "—")) for label, text in shown.items()]


_COLUMNS = (
    ("edition", "版本"),
    ("holder", "负责人姓名"),
    ("position", "职务"),
    ("letter", "委托书版本"),
    ("from", "启用时间"),
)


def _facts(seal: Seal | None) -> list[tuple[str, Cell]]:
    if seal is None:
        return []
    return [
        ("职务", Cell(seal.holder_position.label)),
        ("版本", Cell(str(seal.edition))),
        ("启用时间", Cell(plain(seal.active_from))),
    ]


def _row(seal: Seal) -> Row:
    texts = (
        str(seal.edition), seal.holder_name, seal.holder_position.label, seal.authorisation_text, plain(seal.active_from),
    )  # fmt: skip
    return Row(str(seal.id), [Cell(text) for text in texts])


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
