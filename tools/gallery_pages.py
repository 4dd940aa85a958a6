"""Invented data for the gallery: one function per page, named after what it shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from flask import jsonify, request
from werkzeug.datastructures import MultiDict
from wtforms import (
    BooleanField,
    DateField,
    DecimalField,
    FieldList,
    FileField,
    Form,
    FormField,
    HiddenField,
    IntegerField,
    RadioField,
    SelectChoice,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, Optional

from app.panel import pages as p
from app.panel.look import LookMeta

BRAND = "1+X 证书信息管理服务平台"
Drawn = tuple[str, dict[str, Any]]

SIDE = [
    ("申报计划", "calendar"),
    ("考试计划", "calendar-event"),
    ("考生管理", "users"),
    ("报考管理", "clipboard-list"),
    ("考点申报", "map-pin"),
    ("考场管理", "building"),
    ("缴费管理", "coin"),
    ("科目成绩", "calculator"),
    ("考证结果", "award"),
]
AREAS = [
    ("首页", "home"),
    ("机构管理", "building-bank"),
    ("标准管理", "book"),
    ("证书管理", "certificate"),
    ("培训管理", "school"),
    ("考试管理", "clipboard-check"),
    ("周报管理", "report"),
    ("系统管理", "settings"),
]
MENU = [
    p.MenuArea(
        label,
        f"/{label}",
        symbol,
        active=label == "考试管理",
        items=[p.MenuItem(t, f"/{t}", i, active=t == "考生管理") for t, i in SIDE]
        if label == "考试管理"
        else (),
    )
    for label, symbol in AREAS
]
WHO = p.Who("李明", "杭州职业技术学院", "院校负责人", unread=3)
CRUMBS = [p.Crumb("首页", "/"), p.Crumb("考试管理", "/list"), p.Crumb("考生管理", "/list")]
NAMES = ["何嘉怡", "周磊", "李浩然", "张雨桐", "李俊杰", "陈嘉怡", "林佳琪", "李天宇", "罗雨桐", "欧阳欣怡"]
STATES: list[tuple[str, p.Tone]] = [
    ("待补全", "grey"),
    ("认证通过", "green"),
    ("认证失败", "red"),
    ("待认证", "amber"),
    ("人工确认", "blue"),
    ("已发证", "violet"),
]
COLUMNS = [
    p.Column("name", "姓名", sort="/list?sort=name", sorted="ascending"),
    p.Column("id_number", "证件号码", "masked"),
    p.Column("school", "所属院校", "reference"),
    p.Column("certificate", "报考证书"),
    p.Column("level", "等级", sort="/list?sort=level"),
    p.Column("score", "总成绩", "number", sort="/list?sort=score"),
    p.Column("fee", "应缴（元）", "number"),
    p.Column("entered", "报名日期", "date", sort="/list?sort=entered"),
    p.Column("state", "状态", "state"),
    p.Column("remark", "备注", hidden=True),
]


def portrait(i: int) -> str:
    """A drawn face as a data address; the product serves real photos."""
    shirt = ("2f4a73", "8a2f3c", "33475f", "e9edf2")[i % 4]
    ground = ("4c8bd0", "ffffff", "c94b4b")[i % 3]
    return (
        "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 60 80'%3E"
        f"%3Crect width='60' height='80' fill='%23{ground}'/%3E%3Ccircle cx='30' cy='32' r='15' fill='%23f1c9a5'/%3E"
        f"%3Cpath d='M14 30a16 17 0 0 1 32 0c-6-6-26-6-32 0z' fill='%23231f20'/%3E"
        f"%3Cpath d='M4 80c2-22 14-26 26-26s24 4 26 26z' fill='%23{shirt}'/%3E%3C/svg%3E"
    )


def _links(i: int) -> list[p.Link]:
    gone = p.Link(
        "删除", f"/delete/{i}", method="post", confirm=f"删除考生“{NAMES[i]}”？删除后不能恢复。", danger=True
    )
    if i == 1:
        gone = p.Link("删除", "", disabled="已通过认证的考生不能删除", danger=True)
    return [
        p.Link("查看", "/detail", sheet=True),
        p.Link("编辑", "/form", sheet=True),
        gone,
    ]


def _row(i: int) -> p.Row:
    text, tone = STATES[i % len(STATES)]
    cells = [
        p.Cell(NAMES[i], href="/detail"),
        p.Cell(f"330106********{8628 - 137 * i}", "masked"),
        p.Cell("杭州职业技术学院" if i % 3 else "浙江交通高级技工学校"),
        p.Cell(["工业机器人操作与运维", "Web前端开发", "老年照护"][i % 3]),
        p.Cell(["初级", "中级", "高级"][i % 3]),
        p.Cell("75.50" if i % 2 else "", "number"),
        p.Cell("180.00", "number"),
        p.Cell(f"2026-10-{10 + i}", "date"),
        p.Cell(text, "state", tone),
        p.Cell(""),
    ]
    blocks = [
        p.Block(
            "学生信息",
            [("姓名", cells[0]), ("证件号码", cells[1]), ("手机号码", p.Cell("139****7765", "masked"))],
            photo=portrait(i) if i != 4 else "none",
        ),
        p.Block(
            "学籍信息",
            [("专业", p.Cell("工业机器人技术")), ("层次", p.Cell("高职")), ("入学年份", p.Cell("2025"))],
        ),
        p.Block("已获得证书", [("", p.Cell("Web前端开发（初级）" if i % 3 else ""))]),
        p.Block("来源", [("院校", cells[2]), ("状态", cells[8])]),
    ]
    return p.Row(str(i), cells, _links(i), blocks, title=NAMES[i])


FILTERS = [
    p.Filter("name", "学生姓名", "text"),
    p.Filter("id_number", "证件号码", "exact", private=True),
    p.Filter("school", "所属院校", "remote", remote="/choices", options=[("1", "杭州职业技术学院")]),
    p.Filter(
        "certificate", "报考证书", "choice", options=[("1", "工业机器人操作与运维"), ("2", "Web前端开发")]
    ),
    p.Filter("level", "等级", "choice", options=[("1", "初级"), ("2", "中级"), ("3", "高级")]),
    p.Filter("entered", "报名日期", "dates"),
    p.Filter("social", "社会考生", "flag"),
    p.Filter("major", "就读专业", "choice", options=[(str(i), f"专业 {i}") for i in range(20)]),
    p.Filter("year", "入学年份", "choice", options=[("2025", "2025"), ("2024", "2024")]),
]


def pager(page: int = 1) -> p.Pager:
    numbers = [
        (n, "" if n == str(page) or n == "…" else f"/list?page={n}")
        for n in ("1", "2", "3", "4", "5", "…", "24")
    ]
    return p.Pager(
        page,
        24,
        10,
        "238",
        numbers,
        previous=f"/list?page={page - 1}" if page > 1 else "",
        next=f"/list?page={page + 1}",
        sizes=[(n, f"/list?size={n}") for n in (10, 20, 50, 100)],
        goto="/list?page={page}",
    )


def _list() -> p.ListPage:
    tabs = [
        ("全部", "238"),
        ("待补全", "19"),
        ("待认证", "57"),
        ("认证通过", "124"),
        ("待人工确认", "9"),
        ("已确认", "29"),
    ]
    chosen = request.args.get("tab", "全部")
    number = request.args.get("page", "1")
    return p.ListPage(
        title="考生管理",
        crumbs=CRUMBS,
        action="/list",
        filters=FILTERS,
        columns=COLUMNS,
        rows=[_row(i) for i in range(10)],
        tabs=[p.Tab(t, f"/list?tab={t}", n, active=t == chosen) for t, n in tabs],
        buttons=[
            p.Link("批量导入考生信息", "/import", "upload"),
            p.Link("批量导入学生照片", "/import", "photo"),
            p.Link("批量导出考生信息", "/export", "download", method="post"),
            p.Link("新增", "/form", "plus", primary=True),
        ],
        bulk=[
            p.Link("确认无误", "/bulk/confirm", "check", method="post", name="confirm"),
            p.Link(
                "删除",
                "/bulk/delete",
                "trash",
                method="post",
                confirm="删除所选考生?",
                danger=True,
                name="delete",
            ),
        ],
        pager=pager(int(number) if number.isdigit() else 1),
        state=[("tab", chosen)],
        chooser="/columns",
        whole=True,
    )


def list_page() -> Drawn:
    return "panel/list.html", {"page": _list()}


def list_cards() -> Drawn:
    return "panel/list.html", {"page": replace(_list(), cards=True)}


def list_empty() -> Drawn:
    blank = p.Empty(
        "没有符合条件的考生",
        "调整筛选条件，或先下载模板、导入考生信息。",
        p.Link("下载模板", "/template", "download", primary=True),
    )
    found = replace(_list(), rows=[], pager=None, empty=blank, filtered=True)
    return "panel/list.html", {
        "page": replace(found, filters=[replace(FILTERS[0], value="无此人"), *FILTERS[1:]])
    }


def list_bare() -> Drawn:
    """A list with nothing optional: no tabs, no filters, no bulk actions."""
    page = p.ListPage(
        title="登录日志",
        columns=COLUMNS[:4],
        rows=[replace(_row(i), links=(), cells=_row(i).cells[:4]) for i in range(3)],
        action="/list",
    )
    return "panel/list.html", {"page": page}


class LookForm(Form):
    class Meta(LookMeta):
        locales = ("zh",)


class LevelForm(LookForm):
    id = HiddenField()
    number = IntegerField("序号", [InputRequired()])
    name = StringField("等级名称", [InputRequired(), Length(max=20)])
    kind = SelectField("考试方式", choices=[SelectChoice("1", "机考"), SelectChoice("2", "实操")])
    minutes = IntegerField("考试时长（分）", [Optional()])
    fee = DecimalField("收费（元）", [Optional()])


class CandidateForm(LookForm):
    version = HiddenField(default="3")
    name = StringField("姓名", [InputRequired("请填写姓名")])
    sex = SelectField(
        "性别", choices=[SelectChoice("", "请选择"), SelectChoice("1", "男"), SelectChoice("2", "女")]
    )
    id_number = StringField(
        "证件号码",
        [InputRequired(), Length(18, 18, "证件号码应为 18 位，请检查第 18 位校验码")],
        description="18 位居民身份证号码，末位 X 用大写",
    )
    born = DateField("出生日期", [Optional()])
    mobile = StringField(
        "手机号码",
        description="用于接收考试通知短信",
        render_kw={"pattern": r"1[3-9]\d{9}", "data-says": "手机号应为11位,以13–19开头"},
    )
    kind = RadioField(
        "考生来源", choices=[SelectChoice("1", "院校考生"), SelectChoice("2", "社会考生")], default="1"
    )
    school = SelectField(
        "所属院校",
        [InputRequired("请选择所属院校")],
        choices=[SelectChoice("", "")],
        render_kw={"data-remote": "/choices"},
    )
    certificate = SelectField(
        "报考证书",
        [InputRequired("请选择报考证书")],
        choices=[SelectChoice("", "请选择"), SelectChoice("1", "Web前端开发")],
    )
    majors = SelectMultipleField(
        "适用专业", choices=[SelectChoice(str(i), f"专业 {i}") for i in range(12)], default=["1", "4"]
    )
    count = IntegerField("拟培训人数", [Optional()], render_kw={"data-unit": "人"})
    agreed = BooleanField("已核对学籍", default=True)
    photo = FileField(
        "照片",
        description="JPG,40–500 KB,宽高比 3:4",
        render_kw={"data-max": "512000", "accept": "image/jpeg"},
    )
    remark = TextAreaField("备注", description="选填")


class CertificateForm(LookForm):
    name = StringField("证书名称", [InputRequired()], default="工业机器人操作与运维")
    code = StringField(
        "证书代码", [InputRequired()], default="JQR001", description="印在证书编号前，启用后不可修改"
    )
    open = BooleanField("开放报考", default=True)
    years = IntegerField(
        "有效期", [Optional()], default=0, description="0 表示长期有效", render_kw={"data-unit": "年"}
    )
    intro = TextAreaField("说明", default="<p>面向职业院校在校学生。</p>", render_kw={"data-rich": True})
    levels = FieldList(
        FormField(LevelForm), "证书等级", description="保存时一并提交；勾选“删除”的行在保存后移除"
    )


SECTIONS = [
    ("基本信息", ["name", "sex", "id_number", "born", "mobile", "kind"]),
    ("报考信息", ["school", "certificate", "majors", "count"]),
    ("其他", ["agreed", "photo", "remark"]),
]


def _form(wrong: bool) -> p.FormPage:
    form = CandidateForm(
        data={
            "name": "王雨桐",
            "id_number": "33010620080101",
            "mobile": "13912345678",
            "agreed": True,
            "kind": "1",
        }
    )
    if wrong:
        form = CandidateForm(
            MultiDict(
                {
                    "name": "王雨桐",
                    "sex": "2",
                    "id_number": "33010620080101",
                    "mobile": "13912345678",
                    "kind": "1",
                }
            )
        )
        form.validate()
    return p.FormPage(
        title="新增考生",
        crumbs=[*CRUMBS, p.Crumb("新增考生")],
        form=form,
        sections=SECTIONS,
        action="/form-errors",
        back="/list",
        multipart=True,
        extra=[p.Link("保存并继续新增", "", method="post", name="again")],
    )


def form_page() -> Drawn:
    return "panel/form.html", {"page": _form(False)}


def form_errors() -> Drawn:
    return "panel/form.html", {"page": _form(True)}


def form_stale() -> Drawn:
    stale = [("姓名", "王雨桐", "王雨彤"), ("手机号码", "13912345678", "13800001111")]
    return "panel/form.html", {"page": replace(_form(False), title="编辑考生", stale=stale)}


def form_rows() -> Drawn:
    levels = [
        {"id": i + 1, "number": i + 1, "name": n, "minutes": 90, "fee": 180 + 40 * i}
        for i, n in enumerate(("初级", "中级", "高级"))
    ]
    page = p.FormPage(
        title="编辑证书 · 工业机器人操作与运维",
        crumbs=[p.Crumb("配置台", "/"), p.Crumb("证书", "/")],
        form=CertificateForm(
            data={
                "name": "工业机器人操作与运维",
                "code": "JQR001",
                "open": True,
                "years": 0,
                "intro": "<p>面向职业院校在校学生。</p>",
                "levels": levels,
            }
        ),
        sections=[("基本信息", ["name", "code", "years", "open", "intro"]), ("证书等级", ["levels"])],
        action="/form-rows",
        back="/list",
    )
    return "panel/form.html", {"page": page}


def detail() -> Drawn:
    def lines(*pairs: tuple[str, str]) -> list[p.Item]:
        return [p.Item(label, p.Cell(text)) for label, text in pairs]

    page = p.DetailPage(
        title="考生详情",
        crumbs=[*CRUMBS, p.Crumb("张雨桐")],
        heading="张雨桐",
        state=p.Cell("待认证", "state", "amber"),
        photo=portrait(1),
        facts=[
            ("证件号码", p.Cell("330106********8301", "masked")),
            ("所属院校", p.Cell("杭州职业技术学院")),
            ("报考证书", p.Cell("Web前端开发（中级）")),
        ],
        steps=[
            p.Step("录入", "2026-09-23", "done"),
            p.Step("待认证", "2026-09-26", "current"),
            p.Step("报考"),
            p.Step("考试"),
            p.Step("发证"),
        ],
        sections=[
            p.Section(
                "基本信息",
                [
                    *lines(
                        ("姓名", "张雨桐"),
                        ("性别", "女"),
                        ("证件号码", "330106********8301"),
                        ("出生日期", "2008-12-14"),
                    ),
                    p.Item("手机号码", p.Cell("139****7765", "masked"), error="不是有效的手机号码"),
                ],
            ),
            p.Section(
                "学籍信息",
                [
                    *lines(("专业", "工业机器人技术"), ("层次", "高职"), ("入学年份", "2025")),
                    p.Item(
                        "师资情况",
                        p.Cell(
                            "x",
                            "rich",
                            html="<p>专任教师 <span class='ink-red'>12</span> 人:</p><ul><li>教授 2 人</li></ul>",
                        ),
                        wide=True,
                    ),
                ],
            ),
        ],
        related=[
            p.Related(
                "报考记录",
                COLUMNS[3:9],
                [p.Row("1", _row(1).cells[3:9], [p.Link("查看", "/detail")])],
                p.Link("查看全部", "/list"),
            ),
            p.Related("已获得证书", COLUMNS[:2], [], empty="还没有获得证书"),
        ],
        links=[
            p.Link("打印", "/print", "printer"),
            p.Link("确认无误", "/x", "check", method="post", confirm="确认该考生信息无误?"),
            p.Link("提交审核", "", "send", disabled="信息不完善，请先补全手机号码"),
            p.Link("编辑", "/form", "edit", primary=True),
        ],
        history=[
            ("2026-09-26 10:22", "李明", "手机号码 由“—”改为“139****7765”"),
            ("2026-09-23 09:01", "李明", "导入新增"),
        ],
    )
    return "panel/detail.html", {"page": page}


def message() -> Drawn:
    page = p.MessagePage(
        title="批量确认签发",
        crumbs=CRUMBS,
        text="签发后证书不可更改。请核对下面的数量，再确认签发。",
        rows=NAMES[:6],
        lines=[("将签发", "120 张"), ("无照片，跳过", "3 张"), ("涉及院校", "4 所")],
        action="/message",
        submit="确认签发",
        back="/list",
        danger=True,
    )
    return "panel/message.html", {"page": page}


PAGES: dict[str, Callable[[], Drawn]] = {
    "list": list_page,
    "list-cards": list_cards,
    "list-empty": list_empty,
    "list-bare": list_bare,
    "form": form_page,
    "form-errors": form_errors,
    "form-stale": form_stale,
    "form-rows": form_rows,
    "detail": detail,
    "message": message,
}


def _choices() -> Any:
    found = [
        {"value": str(i), "text": f"杭州第 {i} 职业学校", "hint": f"浙江省 杭州市 · 33{i:04}"}
        for i in range(8)
    ]
    return jsonify([c for c in found if request.args.get("q", "") in c["text"]])


ANSWERS: dict[str, Callable[[], Any]] = {"choices": _choices}
