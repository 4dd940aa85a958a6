"""Invented data for the gallery: log-in, errors, home, jobs, portal, signing, candidate space."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import segno
from flask import jsonify, request
from wtforms import PasswordField, SelectChoice, SelectField, StringField
from wtforms.validators import InputRequired

from app.panel import pages as p
from tools.gallery_pages import CRUMBS, NAMES, LookForm, detail, form_errors, pager, portrait

Drawn = tuple[str, dict[str, Any]]
CAPTCHA = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 120 40'%3E"
    "%3Crect width='120' height='40' fill='%23eef3fa'/%3E"
    "%3Ctext x='20' y='28' font-size='24' font-family='serif' fill='%231b5fb8'%3E7 k P 4%3C/text%3E%3C/svg%3E"
)
WAYS = [
    p.Entrance("试点申报系统", "/login", "flag", "院校与培训评价组织申报试点"),
    p.Entrance("试点院校业务平台", "/login", "school", "考生、报考、排考、发证"),
    p.Entrance("培训评价组织业务平台", "/login", "building-bank", "考试计划、成绩、签发"),
    p.Entrance("省级 / 地市级管理平台", "/login", "building-community", "申报审核、指标管理"),
    p.Entrance("学生个人空间", "/space", "user-circle", "准考证、成绩、证书"),
]
PORTAL_MENU = [
    p.MenuArea("首页", "/portal", active=True),
    p.MenuArea("政策文件", "/portal-list"),
    p.MenuArea("工作动态", "/portal-list"),
    p.MenuArea("通知公告", "/portal-list"),
    p.MenuArea("证书信息", "/portal-certificates"),
    p.MenuArea("证书查验", "/verify"),
]
SPACE_MENU = [
    p.MenuArea("我的考试", "/space", "calendar-event", active=True),
    p.MenuArea("准考证", "/space", "id"),
    p.MenuArea("我的成绩", "/space", "calculator"),
    p.MenuArea("我的证书", "/space", "certificate"),
    p.MenuArea("个人信息", "/space", "user-circle"),
]
STUDENT = p.Who("张雨桐", "杭州职业技术学院", "考生", logout_url="/logout/")
NEWS = [
    p.News("关于开展 2026 年度第二批证书试点申报工作的通知", "2026-10-12", "/notice", "置顶"),
    p.News("关于做好年度考核计划编制工作的函", "2026-09-28", "/notice"),
    p.News("职业技能等级证书考核站点建设规范（试行）", "2026-09-02", "/notice"),
    p.News("证书查验服务升级公告", "2026-08-20", "/notice"),
]
CARDS = [
    p.CertificateCard(name, "/certificate", owner, "初级 · 中级 · 高级")
    for name, owner in (
        ("工业机器人操作与运维", "北京新奥时代科技"),
        ("Web前端开发", "工业和信息化部教育与考试中心"),
        ("老年照护", "北京中民福祉教育科技"),
        ("建筑信息模型（BIM）", "廊坊市中科建筑产业化创新研究中心"),
    )
]


class LoginForm(LookForm):
    username = StringField("账号", [InputRequired("请填写账号")], render_kw={"autocomplete": "username"})
    password = PasswordField("密码", [InputRequired("请填写密码")])
    captcha = StringField("验证码", [InputRequired("请填写验证码")])


class RegisterForm(LookForm):
    province = SelectField("省 / 市", choices=[SelectChoice("", "请选择"), SelectChoice("33", "浙江省")])
    school = SelectField(
        "院校名称", choices=[SelectChoice("", "输入名称查找")], render_kw={"data-remote": "/choices"}
    )
    code = StringField("院校代码", description="学校标识码，10 位数字")
    mobile = StringField("手机号码")
    captcha = StringField("验证码")
    sms = StringField("手机验证码", render_kw={"data-sms": "/sms"})


class PasswordForm(LookForm):
    old = PasswordField("原密码", [InputRequired()])
    new = PasswordField("新密码", [InputRequired()], render_kw={"autocomplete": "new-password"})
    again = PasswordField("再次输入新密码", [InputRequired()], render_kw={"autocomplete": "new-password"})


class VerifyForm(LookForm):
    number = StringField("证书编号", [InputRequired()])
    id_number = StringField("证件号码", [InputRequired()])
    captcha = StringField("验证码", [InputRequired()])


def login() -> Drawn:
    return "panel/login.html", {
        "page": p.LoginPage(
            title="账号登录",
            hint="请使用所属单位分配的账号",
            form=LoginForm(),
            action="/login",
            captcha=CAPTCHA,
            entrances=WAYS[:4],
            links=[
                p.Link("立即注册", "/register"),
                p.Link("证书查验", "/verify"),
                p.Link("忘记密码", "/forgot"),
            ],
        )
    }


def login_wrong() -> Drawn:
    form = LoginForm()
    form.validate()
    template, context = login()
    return template, {
        "page": replace(context["page"], form=form, error="账号、密码或验证码不正确，请重新输入。")
    }


def register() -> Drawn:
    return "panel/login.html", {
        "page": p.LoginPage(
            title="注册账号",
            hint="试点申报系统 · 院校",
            form=RegisterForm(),
            action="/register",
            captcha=CAPTCHA,
            submit="注册",
            links=[p.Link("已有账号，立即登录", "/login")],
        )
    }


def password() -> Drawn:
    return "panel/password.html", {
        "page": p.FormPage(
            "修改密码", form=PasswordForm(), action="/password", submit="修改密码", back="/list"
        )
    }


def error(status: int, message: str = "") -> Callable[[], Drawn]:
    found = p.ErrorPage(
        "", status=status, message=message, back="/list", request_id="3f9c21" if status == 500 else ""
    )
    return lambda: ("panel/error.html", {"page": found, "menu": [], "who": None})


def job() -> Drawn:
    errors = [
        (
            str(7 + i),
            ("证件号码", "手机号码", "就读专业")[i % 3],
            (
                "第 18 位校验码不符，请核对后改正",
                "应为 11 位数字",
                "没有名为“机器人”的专业，请从下拉列表中选择",
            )[i % 3],
        )
        for i in range(9)
    ]
    return "panel/job.html", {
        "page": p.JobPage(
            title="批量导入考生信息",
            crumbs=CRUMBS,
            state="检查完成，等待确认",
            tone="amber",
            percent=100,
            text="尚未写入任何数据。确认后导入检查通过的 1180 行；未通过的行请在错误文件中改正后重新上传。",
            counts=[
                ("新增", 1120, "green"),
                ("修改", 60, "blue"),
                ("不变", 411, "grey"),
                ("未通过", 9, "red"),
            ],
            errors=errors,
            errors_total=9,
            links=[
                p.Link("确认导入", "/job/confirm", "check", method="post", primary=True),
                p.Link("下载错误文件", "/x.xlsx", "file-spreadsheet"),
                p.Link("取消", "/job/cancel", "x", method="post", confirm="取消本次导入？"),
            ],
        )
    }


def job_running() -> Drawn:
    return "panel/job.html", {
        "page": p.JobPage(
            title="批量下载准考证",
            crumbs=CRUMBS,
            state="正在生成",
            tone="blue",
            percent=42,
            text="已完成 420 / 1000 份",
            polling=True,
            poll_url="/job-running",
            links=[p.Link("取消", "/job/cancel", "x", method="post", confirm="取消本次任务？")],
        )
    }


def importing() -> Drawn:
    return "panel/import.html", {
        "page": p.ImportPage(
            title="批量导入考生信息",
            crumbs=CRUMBS,
            action="/import",
            template=p.Link("下载模板", "/t.xlsx", "file-spreadsheet"),
            max_bytes=20_000_000,
            hints=[
                "第一行是列名，第二行起每行一名考生",
                "证件号码按文本填写，末位 X 用大写",
                "同一证件号码已存在时，按行修改",
                "一次最多 5000 行、20 MB",
            ],
            modes=[
                ("all", "全部正确才导入", "任何一行有错，都不写入"),
                ("valid", "仅导入正确行", "有错的行写入错误文件，改正后再传"),
            ],
            back="/list",
        )
    }


def home() -> Drawn:
    return "panel/home.html", {
        "page": p.HomePage(
            title="首页",
            todos=[
                p.Todo("待补全考生", 19, "/list", "user-plus", "amber"),
                p.Todo("待人工确认", 9, "/list", "user-check", "blue"),
                p.Todo("待签发证书", 120, "/list", "signature", "violet"),
                p.Todo("未排考", 0, "/list", "calendar-time"),
            ],
            windows=[
                p.Window("2026 年第二批试点申报", "2026-10-12 – 2026-11-30", "还剩 6 天", href="/list"),
                p.Window("Web前端开发（中级）报考", "2026-11-01 – 2026-12-05", "还剩 11 天", href="/list"),
                p.Window("工业机器人（初级）成绩公示", "2026-12-01 – 2026-12-07", "7 天后开始", "soon"),
            ],
            shares=[
                p.Share(
                    "考生管理",
                    "1,230",
                    [
                        p.Slice("待补全", "123", "amber", "/list", 0.0, 10.0),
                        p.Slice("认证通过", "1,107", "green", "/list", 10.0, 90.0),
                    ],
                    "/list",
                ),
                p.Share("报考管理", "10000+", [p.Slice("已排考", "10000+", "blue", "/list")], "/list"),
            ],
            quotas=[
                p.Quota("Web前端开发（中级）", 182, 300, "/list"),
                p.Quota("老年照护（初级）", 96, 100),
                p.Quota("工业机器人操作与运维（初级）", 50, 50),
            ],
            news=NEWS,
            news_url="/portal-list",
            shortcuts=[p.Link("新增考生", "/form", "plus", primary=True)],
        )
    }


def portal() -> Drawn:
    return "portal/home.html", {
        "menu": PORTAL_MENU,
        "who": None,
        "page": p.PortalHome(
            title="",
            hint="申报、报考、考试、发证一体管理，每一张证书都可公开查验",
            entrances=WAYS,
            certificates=CARDS,
            certificates_url="/portal-certificates",
            lists=[
                ("政策文件", "/portal-list", NEWS),
                ("工作动态", "/portal-list", NEWS[1:]),
                ("通知公告", "/portal-list", []),
            ],
            figures=[("试点院校", "4,862"), ("职业技能等级证书", "447"), ("已发证书", "1,024,310")],
        ),
    }


def portal_list() -> Drawn:
    return "portal/list.html", {
        "menu": PORTAL_MENU,
        "who": None,
        "page": p.NewsList(
            title="通知公告",
            crumbs=[p.Crumb("首页", "/portal"), p.Crumb("通知公告")],
            items=NEWS,
            pager=pager(),
            action="/portal-list",
            tabs=[
                p.Tab("政策文件", "/portal-list", ""),
                p.Tab("工作动态", "/portal-list", ""),
                p.Tab("通知公告", "/portal-list", "", active=True),
            ],
        ),
    }


def portal_certificates() -> Drawn:
    return "portal/list.html", {
        "menu": PORTAL_MENU,
        "who": None,
        "page": p.NewsList(title="证书信息", cards=CARDS, action="/portal-certificates"),
    }


def notice() -> Drawn:
    return "portal/notice.html", {
        "menu": PORTAL_MENU,
        "who": None,
        "page": p.NoticePage(
            title=NEWS[0].title,
            crumbs=[p.Crumb("首页", "/portal"), p.Crumb("通知公告", "/portal-list"), p.Crumb("正文")],
            when="2026-10-12 09:00",
            source="职业教育与成人教育司",
            html="<p>各有关单位：</p><p>为做好<strong>2026 年度</strong>证书试点工作，现将有关事项通知如下。</p>"
            "<ol><li>申报时间</li><li>申报条件</li></ol>"
            "<table><tr><th>批次</th><th>时间</th></tr><tr><td>第二批</td><td>10 月 12 日至 11 月 30 日</td></tr></table>",
            files=[p.Link("附件1 申报指南.pdf", "/a.pdf")],
        ),
    }


def certificate() -> Drawn:
    rows = [
        p.Row(str(i), [p.Cell(f"KM00{i}"), p.Cell(n), p.Cell(w), p.Cell("60.00", "number")])
        for i, (n, w) in enumerate((("理论知识", "机考"), ("操作技能", "实操")), 1)
    ]
    columns = [
        p.Column("c", "科目编号"),
        p.Column("n", "科目名称"),
        p.Column("w", "考试方式"),
        p.Column("s", "合格分数", "number"),
    ]
    return "portal/certificate.html", {
        "menu": PORTAL_MENU,
        "who": None,
        "page": p.CertificatePage(
            title="Web前端开发",
            crumbs=[
                p.Crumb("首页", "/portal"),
                p.Crumb("证书信息", "/portal-certificates"),
                p.Crumb("Web前端开发"),
            ],
            facts=[
                ("颁证机构", p.Cell("工业和信息化部教育与考试中心")),
                ("等级", p.Cell("初级、中级、高级")),
            ],
            texts=[("证书介绍", "<p>面向 Web 前端开发岗位群。</p>")],
            tables=[p.Related("中级科目", columns, rows)],
        ),
    }


def verify(state: str) -> Callable[[], Drawn]:
    page = p.VerifyPage(
        title="证书查验",
        hint="证书编号与证件号码同时相符，才显示证书信息。",
        form=VerifyForm(),
        captcha=CAPTCHA,
        asked=state != "ask",
    )
    if state == "found":
        lines = [
            ("姓名", "张*桐"),
            ("证书编号", "3300012026100001"),
            ("证书名称", "Web前端开发"),
            ("等级", "中级"),
            ("颁证机构", "工业和信息化部教育与考试中心"),
            ("发证日期", "2026-10-30"),
        ]
        page = replace(
            page,
            photo=portrait(1),
            state=p.Cell("有效", "state", "green"),
            found=[(label, p.Cell(text)) for label, text in lines],
            links=[p.Link("下载电子证书", "/x.pdf", "file-type-pdf")],
        )
    return lambda: ("portal/verify.html", {"menu": PORTAL_MENU, "who": None, "page": page})


def choose() -> Drawn:
    cards = [
        p.Entrance("院校", "/login", "school", "职业院校、应用型本科高校"),
        p.Entrance("培训评价组织", "/login", "building-bank", "证书的开发与评价机构"),
    ]
    return "portal/choose.html", {
        "menu": PORTAL_MENU,
        "who": None,
        "page": p.ChoicePage("选择身份", choices=cards, links=[p.Link("返回门户", "/portal")]),
    }


def sign_phone() -> Drawn:
    return "signing/phone.html", {
        "menu": [],
        "who": None,
        "page": p.SignPhonePage("签字确认", lookup_url="/sign/lookup", sign_url="/sign/confirm"),
    }


def sign_desk() -> Drawn:
    code = segno.make("https://example.invalid/sign#t=abc").svg_data_uri(scale=6, dark="#10305a")
    return "signing/desk.html", {
        "page": p.SignDeskPage(
            title="批量确认签发",
            crumbs=CRUMBS,
            qr=code,
            lines=[("待签发", "120 张"), ("证书", "Web前端开发（中级）")],
            expires="10:42",
            links=[
                p.Link("拒绝签发", "/refuse", "x", danger=True),
                p.Link("返回列表", "/list", "arrow-left"),
            ],
        )
    }


def sign_done() -> Drawn:
    template, context = sign_desk()
    return template, {"page": replace(context["page"], state="signed", text="签字已完成，正在逐张签发。")}


def space() -> Drawn:
    lines = [
        ("考试计划", p.Cell("2026 年下半年全国统考")),
        ("报考科目", p.Cell("理论知识、操作技能")),
        ("准考证号", p.Cell("2026330100001", "masked")),
        ("考点", p.Cell("杭州职业技术学院")),
    ]
    row = p.Row("1", [p.Cell("理论知识"), p.Cell("2026-12-12 09:00"), p.Cell("1 号机房"), p.Cell("12")])
    columns = [
        p.Column("n", "科目"),
        p.Column("t", "时间", "moment"),
        p.Column("r", "考场"),
        p.Column("s", "座位号", "number"),
    ]
    card = p.SpaceCard(
        "Web前端开发（中级）",
        p.Cell("已排考", "state", "green"),
        lines,
        columns,
        [row],
        [p.Link("下载准考证", "/x.pdf", "download", primary=True), p.Link("查看考点地图", "/x", "map-pin")],
    )
    waiting = p.SpaceCard(
        "老年照护（初级）",
        p.Cell("未排考", "state", "amber"),
        lines[:2],
        note="考场安排发布后，可在此下载准考证。",
    )
    return "space/cards.html", {
        "menu": SPACE_MENU,
        "who": STUDENT,
        "page": p.SpacePage(
            "我的考试", cards=[card, waiting], note="考试当天请带身份证与准考证，提前 30 分钟到场。"
        ),
    }


def space_empty() -> Drawn:
    return "space/cards.html", {
        "menu": SPACE_MENU,
        "who": STUDENT,
        "page": p.SpacePage("我的证书", empty=p.Empty("还没有证书", "通过考核并签发后，证书会出现在这里。")),
    }


class OneTimeForm(LookForm):
    code = StringField("动态验证码", [InputRequired("请填写动态验证码")])


def security(state: str) -> Callable[[], Drawn]:
    """账号安全 as it stands: off, waiting for the first code, on, or showing recovery codes."""

    def drawn() -> Drawn:
        codes = [f"{a}{b}{a}7K-{b}QW{a}5" for a in "ABCDE" for b in "MN"] if state == "codes" else []
        page = p.SecondFactorPage("账号安全", form=OneTimeForm(), left=9, codes=codes)
        page.state = "on" if state == "codes" else state  # type: ignore[assignment]
        page.qr = segno.make("otpauth://totp/x?secret=JBSWY3DP").svg_data_uri(scale=6)
        page.secret = " ".join(["JBSW", "Y3DP", "EHPK", "3PXP"] * 2)
        return "panel/security.html", {"page": page}

    return drawn


def _framed(draw: Callable[[], Drawn]) -> Callable[[], Drawn]:
    def drawn() -> Drawn:
        template, context = draw()
        return template, {**context, "frame": "space/shell.html", "menu": SPACE_MENU, "who": STUDENT}

    return drawn


PAGES: dict[str, Callable[[], Drawn]] = {
    "home": home,
    "job": job,
    "job-running": job_running,
    "import": importing,
    "password": password,
    **{f"security-{state}": security(state) for state in ("off", "waiting", "on", "codes")},
    "login": login,
    "login-wrong": login_wrong,
    "register": register,
    **{f"error-{status}": error(status) for status in (401, 403, 404, 413, 415, 422, 429, 500)},
    "error-409": error(409, "该缴费单已被确认，不能再修改。"),
    "portal": portal,
    "portal-list": portal_list,
    "portal-certificates": portal_certificates,
    "notice": notice,
    "certificate": certificate,
    "verify": verify("ask"),
    "verify-found": verify("found"),
    "verify-missing": verify("missing"),
    "choose": choose,
    "sign-phone": sign_phone,
    "sign-desk": sign_desk,
    "sign-done": sign_done,
    "space": space,
    "space-empty": space_empty,
    "space-form": _framed(form_errors),
    "space-detail": _framed(detail),
}


def _lookup() -> Any:
    if (request.get_json(silent=True) or {}).get("token") != "good":
        return jsonify(code="E_SIGN_TOKEN", message="二维码已过期，请在电脑上重新生成。"), 410
    return jsonify(school="杭州职业技术学院", count=120, names=NAMES[:3], expires="10:42")


ANSWERS: dict[str, Callable[[], Any]] = {
    "sign/lookup": _lookup,
    "sign/confirm": lambda: jsonify(message="已为 120 张证书签字，可关闭本页。"),
    "sms": lambda: jsonify(message="验证码已发送至 139****7765", wait=60),
}
