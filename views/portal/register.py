"""Before a school has an account: 选择身份, 注册账号, 名录反馈, 忘记密码 (7.1, R5, R7, R9–R13, E1–E9)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from flask import flash, jsonify, redirect, render_template, request
from flask_appbuilder import BaseView, expose
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response
from wtforms import PasswordField, SelectField, StringField
from wtforms.fields.choices import SelectChoice

from app.panel.forms import PanelForm, Required, choices, control
from app.panel.limits import limited
from app.panel.pages import ChoicePage, Crumb, Entrance, Link, LoginPage, Note, RegisteredPage
from app.services import directory_reports, registering
from app.services.errors import DomainError
from config import settings
from models.directory import DirectoryReport, SchoolDirectory
from models.kit import fields_of, formats
from views.portal.login import check_captcha
from views.portal.shell import draw

LOGIN, REGISTER, FORGOT, REPORT = "/login/", "/register/", "/forgot/", "/register/feedback"
_MOBILE = {"autocomplete": "tel-national", "inputmode": "numeric", "maxlength": 20}
_CAPTCHA_HELP = "获取手机验证码前填写"
SENT = "验证码已发送,请查收短信"
SENT_IF_KNOWN = "如账号与登记的手机号码相符,验证码已发送"


def region_fields(session: Session, remote: str) -> dict[str, Any]:
    """省份, and the 地市 searched within it."""
    declared = fields_of(DirectoryReport)
    return {
        "province_id": SelectField(
            "省份",
            [Required("省份")],
            choices=choices([(str(key), name) for key, name in registering.provinces(session)]),
        ),
        "city_id": control(
            replace(declared["city_id"], label="地市"), required=True, session=session, remote=remote
        ),
    }


def register_form(session: Session) -> type[PanelForm]:
    """In the order of R9: the region, the school in it, its code, the phone, the picture, the code on the phone."""
    school = {
        "data-remote": "/register/schools",
        "data-within": "province_id city_id",
        "data-note": "note-school",
    }
    return type(
        "RegisterForm",
        (PanelForm,),
        {
            **region_fields(session, "/register/cities"),
            "school": SelectField(
                "院校名称",
                [Required("院校名称")],
                choices=[],
                validate_choice=False,
                render_kw={**school, "placeholder": "输入名称或代码查找"},
            ),
            "school_code": StringField(
                "院校代码",
                [Required("院校代码")],
                description="10位,用来核对所选院校",
                render_kw={"maxlength": 20, "inputmode": "numeric", "autocomplete": "off"},
            ),
            "mobile": StringField("+86 手机号码", [Required("手机号码")], render_kw=_MOBILE),
            "captcha": StringField("验证码", description=_CAPTCHA_HELP),
            "code": StringField(
                "手机验证码", [Required("手机验证码")], render_kw={"data-sms": "/register/code"}
            ),
        },
    )


def report_form(session: Session) -> type[PanelForm]:
    declared, region = fields_of(DirectoryReport), region_fields(session, "/register/cities")
    required = {"kind": True, "school_name": True, "school_code": False, "description": False}
    asked = {
        name: control(declared[name], required=needed, session=session) for name, needed in required.items()
    }
    asked["kind"].kwargs["choices"] = choices([(k.value, k.label) for k in directory_reports.VISITORS])
    contact = {
        name: control(declared[name], required=True, session=session)
        for name in ("contact_name", "contact_mobile")
    }
    members = {
        **region,
        **asked,
        **contact,
        "captcha": StringField("验证码", [Required("验证码")]),
    }
    return type("ReportForm", (PanelForm,), members)


class ForgotForm(PanelForm):
    username = StringField("账号", [Required("账号")], render_kw={"autocomplete": "username"})
    mobile = StringField(
        "+86 手机号码", [Required("手机号码")], render_kw=_MOBILE, description="账号登记的手机号码"
    )
    captcha = StringField("验证码", description=_CAPTCHA_HELP)
    code = StringField("手机验证码", [Required("手机验证码")], render_kw={"data-sms": "/forgot/code"})
    password = PasswordField(
        "新密码",
        [Required("新密码")],
        render_kw={"autocomplete": "new-password"},
        description="至少8位,含字母和数字",
    )
    repeat = PasswordField(
        "再次输入新密码", [Required("再次输入新密码")], render_kw={"autocomplete": "new-password"}
    )


class Registering(BaseView):
    """Public pages; they act as `auth`, which reads the official list and writes no more than an account's beginning."""

    route_base = ""
    default_view = "choose"
    session: Any

    @expose("/declare/")
    def choose(self) -> str:
        """选择身份, the first page of the declaration system (1.3)."""
        page = ChoicePage(
            title="选择身份",
            hint="职业技能等级证书试点申报系统",
            crumbs=[Crumb("首页", "/"), Crumb("试点申报系统")],
            choices=[
                Entrance("院校", "/login/?next=/console/declaring/", "school", "申报证书试点,点击选择"),
                Entrance("培训评价组织", LOGIN, "building-bank", "查看本组织证书的试点情况,点击选择"),
            ],
            links=[Link("院校首次使用?立即注册", REGISTER), Link("忘记密码", FORGOT)],
        )
        return draw("portal/choose.html", page)

    def _answered(self, form: PanelForm, rate: str, what: str, act: Callable[[Any], Any]) -> tuple[Any, int]:
        """What `act` makes of a posted form that holds; else nothing, the refusal at its field, and the status."""
        if request.method != "POST":
            return None, 200
        with limited(rate, what):
            try:
                return (act(form), 200) if form.validate() else (None, 422)
            except DomainError as refusal:
                self.session.rollback()
                form.blame(refusal)
                return None, refusal.status

    # 注册账号

    @expose("/register/", methods=["GET", "POST"])
    def register(self) -> Any:
        form = register_form(self.session())(request.form)
        made, status = self._answered(form, settings().login_rate, "register", self._registered)
        if made is not None:
            return made
        self._keep_school(form)
        note = Note(
            "该院校已注册,不能重复注册。",
            [Link("直接登录", LOGIN), Link("忘记密码", FORGOT)],
            shown=status == 409,
        )
        page = LoginPage(
            title="注册账号",
            hint="每所院校只能注册一次,得到院校负责人账号",
            form=form,
            action=REGISTER,
            captcha="/captcha.png",
            submit="注册",
            error=";".join(form.form_errors),
            notes={"school": note},
            links=[Link("已有账号,立即登录", LOGIN), Link("没有找到院校?名录反馈", REPORT)],
        )
        return render_template("panel/login.html", page=page), status

    def _registered(self, form: PanelForm) -> str:
        data = form.data
        made = registering.register(
            self.session(),
            school=_key(data["school"]),
            province=_key(data["province_id"]),
            city=_key(data["city_id"]),
            school_code=data["school_code"] or "",
            mobile=data["mobile"] or "",
            code=data["code"] or "",
        )
        page = RegisteredPage(
            title="注册成功",
            crumbs=[Crumb("首页", "/"), Crumb("注册成功")],
            school=made.school,
            username=made.username,
            password=made.password,
            links=[
                Link("开始申报试点证书", "/login/?next=/console/declaring/", "flag", primary=True),
                Link("查看审批结果", "/login/?next=/console/declaration/", "list-check"),
            ],
        )
        return draw("portal/registered.html", page)

    def _keep_school(self, form: PanelForm) -> None:
        """The chosen school is still chosen when the form comes back."""
        field: Any = form._fields["school"]
        entry = self.session.get(SchoolDirectory, _key(field.data))
        field.choices = [SelectChoice("", "")]
        if entry is not None:
            field.choices.append(SelectChoice(str(entry.id), entry.name))

    @expose("/register/cities")
    def cities(self) -> Response:
        found = registering.cities(self.session(), _asked("province_id"), _words())
        return _options(
            [{"value": str(row.id), "text": row.name} for row in found],
            "" if _asked("province_id") else "请先选择省份",
        )

    @expose("/register/schools")
    def schools(self) -> Response:
        """Only of the chosen region (R9, E4); one that has its account says so (R11)."""
        province, city = _asked("province_id"), _asked("city_id")
        found = registering.schools(self.session(), province, city, _words()) if province and city else ()
        return _options(
            [
                {
                    "value": str(entry.id),
                    "text": entry.name,
                    "hint": f"{entry.school_code}{' · 已注册' if entry.registered else ''}",
                    "marked": entry.registered,
                }
                for entry in found
            ],
            "没有找到院校,请核对省份和地市,或点“名录反馈”" if province and city else "请先选择省份和地市",
        )

    @expose("/register/code", methods=["POST"])
    def register_code(self) -> Response:
        """获取验证码: none without a right picture (R7, E6)."""
        check_captcha(self.session, request.form.get("captcha", ""))
        waits = registering.send_code(self.session(), request.form.get("mobile", ""))
        self.session.commit()
        return jsonify(message=SENT, wait=waits)

    # 名录反馈

    @expose("/register/feedback", methods=["GET", "POST"])
    def feedback(self) -> Any:
        form = report_form(self.session())(request.form)
        made, status = self._answered(form, settings().report_rate, "report", self._reported)
        if made is not None:
            return made
        form._fields["captcha"].data = ""
        page = LoginPage(
            title="院校名录反馈",
            hint="名录中没有本校,或名称、代码有误时填写;由所在省的项目联系人核实后报平台更正",
            form=form,
            action=REPORT,
            captcha="/captcha.png",
            submit="提交反馈",
            error=";".join(form.form_errors),
            links=[Link("返回注册", REGISTER), Link("立即登录", LOGIN)],
        )
        return render_template("panel/login.html", page=page), status

    def _reported(self, form: PanelForm) -> Response:
        check_captcha(self.session, form.data["captcha"] or "")
        said = {name: value for name, value in form.data.items() if name != "captcha"}
        said["province_id"] = _key(said["province_id"])
        directory_reports.report(self.session(), **{name: value or None for name, value in said.items()})
        self.session.commit()
        flash("反馈已提交,处理意见将短信告知联系人", "success")
        return redirect(REGISTER)

    # 忘记密码

    @expose("/forgot/", methods=["GET", "POST"])
    def forgot(self) -> Any:
        form = ForgotForm(request.form)
        made, status = self._answered(form, settings().login_rate, "forgot", self._reset)
        if made is not None:
            return made
        page = LoginPage(
            title="忘记密码",
            hint="通过账号登记的手机号码重设密码",
            form=form,
            action=FORGOT,
            captcha="/captcha.png",
            submit="重设密码",
            error=";".join(form.form_errors),
            links=[Link("返回登录", LOGIN), Link("立即注册", REGISTER)],
            entrances=[Entrance("学生个人空间", "/space/", "school"), Entrance("门户首页", "/", "home")],
        )
        return render_template("panel/login.html", page=page), status

    def _reset(self, form: ForgotForm) -> Response:
        if form.password.data != form.repeat.data:
            raise DomainError("password.repeat", "两次输入的新密码不一致", "repeat")
        registering.reset_password(
            self.session(),
            form.username.data or "",
            form.mobile.data or "",
            form.code.data or "",
            form.password.data or "",
        )
        flash("密码已重设,请用新密码登录", "success")
        return redirect(LOGIN)

    @expose("/forgot/code", methods=["POST"])
    def forgot_code(self) -> Response:
        check_captcha(self.session, request.form.get("captcha", ""))
        waits = registering.send_forgot_code(
            self.session(), request.form.get("username", ""), request.form.get("mobile", "")
        )
        self.session.commit()
        return jsonify(message=SENT_IF_KNOWN, wait=waits)


def _key(value: Any) -> int:
    """An id out of a form; what is none is nobody's."""
    return formats.row_id(value) or 0


def _asked(name: str) -> int:
    return _key(request.args.get(name))


def _words() -> str:
    return formats.clean_text(request.args.get("q", "")[:50])


def _options(found: list[dict[str, Any]], message: str) -> Response:
    return jsonify(results=found, message=message)
