"""What a page shows, as plain data: the one thing both frameworks hand to the one set of templates.

FAB's console views and Flask-Admin's desk views both build these objects (see `crud.py`) and render
`panel/list.html`, `panel/form.html`, `panel/detail.html` with them. A template reads these fields and
nothing else, so a page can be drawn in a test or a gallery without a database.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Tone = Literal["amber", "green", "red", "blue", "violet", "grey"]
Kind = Literal[
    "text",
    "number",
    "date",
    "moment",
    "choice",
    "state",
    "flag",
    "reference",
    "masked",
    "photo",
    "rich",
    "file",
    "lines",
]


@dataclass(frozen=True)
class Link:
    """A link or a button. `method="post"` submits the shell's one hidden POST form to `href`.

    `confirm` is the text of the confirmation dialog ("" = none); `danger` marks the irreversible.
    `primary` is given to at most one per region. `disabled` is the reason shown in its place.
    """

    label: str
    href: str
    icon: str = ""
    method: Literal["get", "post"] = "get"
    confirm: str = ""
    primary: bool = False
    danger: bool = False
    disabled: str = ""
    name: str = ""
    sheet: bool = False  # opens over the list (a detail or a form), still a link without script


@dataclass(frozen=True)
class Cell:
    """One value of a row, already masked and formatted; `href` where it leads somewhere.

    Of a photo or file `href` is the address of the content ("" = none).
    """

    text: str
    kind: Kind = "text"
    tone: Tone = "grey"
    href: str = ""
    title: str = ""
    html: str = ""  # sanitised rich text (kind "rich") only

    @property
    def bare(self) -> bool:
        """Nothing but its text: what most cells of a list are, drawn without asking the macro `value`."""
        return bool(self.text) and not (
            self.href or self.title or self.kind in ("state", "photo", "rich") or self.text == "—"
        )


@dataclass(frozen=True)
class Column:
    """A list column. `sort` is the link that sorts by it ("" = not sortable), `sorted` its aria-sort."""

    name: str
    label: str
    kind: Kind = "text"
    sort: str = ""
    sorted: Literal["", "ascending", "descending"] = ""
    hidden: bool = False  # switched off in the column chooser
    fixed: bool = False  # always shown, last: not in the chooser


@dataclass(frozen=True)
class Block:
    """One cell of a card row: a caption and label/value lines, as the handbook shows 学生信息 or 考试安排."""

    caption: str
    lines: Sequence[tuple[str, Cell]]
    photo: str = ""  # address of a picture, "" = none, "none" = placeholder


@dataclass(frozen=True)
class Row:
    key: str
    cells: Sequence[Cell]
    links: Sequence[Link] = ()
    blocks: Sequence[Block] = ()  # used when ListPage.cards
    title: str = ""  # what a screen reader calls this row's checkbox


@dataclass(frozen=True)
class Tab:
    label: str
    href: str
    count: str  # "238", "10000+"
    active: bool = False


@dataclass(frozen=True)
class Filter:
    """One field of the filter block. `kind` decides the control.

    text (contains) · exact · choice (options) · dates (two values: name_from, name_to) ·
    remote (tom-select on `remote`, current choice in `options`) · flag.
    A `private` filter (masked column) makes the whole form submit by POST.
    """

    name: str
    label: str
    kind: Literal["text", "exact", "choice", "dates", "remote", "flag"]
    value: str = ""
    value_to: str = ""
    options: Sequence[tuple[str, str]] = ()
    remote: str = ""
    private: bool = False
    hint: str = ""


@dataclass(frozen=True)
class Pager:
    page: int  # 1-based
    pages: int
    size: int
    total: str  # "238", "10000+"
    numbers: Sequence[tuple[str, str]]  # (label, href); ("…", "") is a gap; current has href ""
    previous: str = ""
    next: str = ""
    sizes: Sequence[tuple[int, str]] = ()  # (10, href) …
    goto: str = ""  # address with "{page}" where the number goes


@dataclass(frozen=True)
class Empty:
    """What an empty list says: why, and the link to what comes next."""

    text: str
    hint: str = ""
    link: Link | None = None


@dataclass(frozen=True)
class Crumb:
    label: str
    href: str = ""


@dataclass
class Page:
    title: str
    crumbs: Sequence[Crumb] = ()
    hint: str = ""


@dataclass
class ListPage(Page):
    action: str = ""  # where the filter form goes (GET, or POST when any filter is private)
    tabs: Sequence[Tab] = ()
    filters: Sequence[Filter] = ()
    columns: Sequence[Column] = ()
    rows: Sequence[Row] = ()
    buttons: Sequence[Link] = ()  # top right: 新增, 批量导入 …
    bulk: Sequence[Link] = ()  # act on the ticked rows (inputs name="rowid"), POST
    pager: Pager | None = None
    empty: Empty = field(default_factory=lambda: Empty("暂无数据"))
    cards: bool = False
    state: Sequence[tuple[str, str]] = ()  # hidden inputs that travel with the filter form: tab, sort, size
    chooser: str = ""  # POST address of the column chooser ("" = none)
    filtered: bool = False
    reset: str = ""  # address without any filter; `action` when empty
    whole: bool = False  # bulk actions may take everything the filter matches (input whole="1")


@dataclass
class Item:
    label: str
    cell: Cell
    wide: bool = False
    error: str = ""
    remark: str = ""  # what a reviewer says about it


@dataclass
class Section:
    title: str
    items: Sequence[Item] = ()


@dataclass
class Related:
    """A table of child rows under a detail."""

    title: str
    columns: Sequence[Column]
    rows: Sequence[Row]
    link: Link | None = None  # "查看全部"
    empty: str = "暂无数据"
    remark: str = ""  # what a reviewer says about these rows
    tabs: Sequence[Link] = ()  # other parts of the same, e.g. other years; the one shown has no address


@dataclass
class Step:
    label: str
    when: str = ""
    state: Literal["done", "current", "todo"] = "todo"


@dataclass(frozen=True)
class Closing:
    """The end of the time in which a page can be used: the last minutes are counted down."""

    seconds: int
    text: str  # 申报截止


@dataclass
class DetailPage(Page):
    heading: str = ""
    state: Cell | None = None
    photo: str = ""
    facts: Sequence[tuple[str, Cell]] = ()
    steps: Sequence[Step] = ()
    sections: Sequence[Section] = ()
    related: Sequence[Related] = ()
    links: Sequence[Link] = ()  # head: actions, 编辑
    history: Sequence[tuple[str, str, str]] = ()  # (when, who, what)
    on_sight: str = ""  # an action's address, posted by the script once the page is seen
    notice: str = ""  # what is to be known before anything else
    figures: Sequence[tuple[str, int, str, str]] = ()  # (label, number, tone, address of what is counted)
    figures_url: str = ""  # where fresh figures are to be had while the page is open
    closes: Closing | None = None


@dataclass
class FormPage(Page):
    """`form` is a WTForms form whose Meta draws our controls; `sections` name its fields in order."""

    form: Any = None
    sections: Sequence[tuple[str, Sequence[str]]] = ()
    action: str = ""
    back: str = ""
    submit: str = "保存"
    extra: Sequence[Link] = ()
    multipart: bool = False
    stale: Sequence[tuple[str, str, str]] = ()  # (label, yours, theirs) after a concurrent edit (R137)
    rules: Sequence[str] = ()  # what a new password must be (password.html)
    steps: Sequence[Step] = ()  # where this form stands among others
    facts: Sequence[tuple[str, Cell]] = ()  # what the form is about and does not ask
    next: str = ""  # where saving leads, if not to the row
    notes: Mapping[str, str] = field(default_factory=dict)  # remarks beside fields; "" is about the whole
    autosave: str = ""  # POST address that keeps what is typed ("" = nothing is kept)
    restored: str = ""  # when what stands in the form was typed; it was never saved
    kept: bool = False  # what was typed has just been kept, though it could not be saved
    key: str = ""  # the row the form is about
    closes: Closing | None = None


@dataclass
class SecondFactorPage(Page):
    """账号安全: one-time codes off, waiting for the first code, or on; `codes` are recovery codes, shown once."""

    state: Literal["off", "waiting", "on"] = "off"
    qr: str = ""
    secret: str = ""  # in groups of four, for a phone that cannot scan
    form: Any = None
    left: int = 0  # recovery codes not used yet
    codes: Sequence[str] = ()
    required: bool = False


@dataclass
class MessagePage(Page):
    """A question or an answer: what an action will do (preview), an error, a result."""

    text: str = ""
    lines: Sequence[tuple[str, str]] = ()  # figures: ("将处理", "120 条")
    rows: Sequence[str] = ()  # names of what is affected, the first few
    form: Any = None
    action: str = ""
    submit: str = "确认"
    back: str = ""
    danger: bool = False
    multipart: bool = False
    hidden: Sequence[tuple[str, str]] = ()
    columns: Sequence[Column] = ()  # of `each`
    each: Sequence[tuple[Row, Sequence[Any]]] = ()  # rows that are asked one by one, with their form fields


@dataclass(frozen=True)
class MenuItem:
    label: str
    href: str
    icon: str = ""
    active: bool = False


@dataclass(frozen=True)
class MenuArea:
    """An area of the top menu; its items are the side menu while it is the active one."""

    label: str
    href: str
    icon: str = ""
    active: bool = False
    items: Sequence[MenuItem] = ()


@dataclass(frozen=True)
class Who:
    """The person in the user menu."""

    name: str
    tenant: str
    role: str
    unread: int = 0
    notices_url: str = "/console/message/"
    password_url: str = "/password/"  # noqa: S105  # an address
    security_url: str = "/security/"
    logout_url: str = "/logout/"  # POST


@dataclass
class JobPage(Page):
    """A running or finished job; the page asks `poll_url` for itself every second while `polling`."""

    state: str = ""
    tone: Tone = "grey"
    percent: int = 0
    counts: Sequence[tuple[str, int, Tone]] = ()  # ("新增", 120, "green") …
    errors: Sequence[tuple[str, str, str]] = ()  # (row, column, message), the first 50
    errors_total: int = 0
    links: Sequence[Link] = ()  # result files, 取消, 确认导入, 返回
    text: str = ""  # what is being done, or what to do next
    polling: bool = False
    poll_url: str = ""


@dataclass
class PreviewPage(Page):
    """A document to look at: `frame` is the address of what it shows, drawn in a sandbox."""

    frame: str = ""
    links: Sequence[Link] = ()


@dataclass
class ImportPage(Page):
    """The upload step of an Excel import (domain 6.1)."""

    action: str = ""
    template: Link | None = None  # 下载模板
    filled: bool = False  # it comes with the rows there are to work on
    hints: Sequence[str] = ()
    accept: str = ".xlsx"
    field: str = "file"
    multiple: bool = False
    max_bytes: int = 0
    modes: Sequence[tuple[str, str, str]] = ()  # (value, label, help); the first is the default
    back: str = ""
    error: str = ""
    submit: str = "上传并检查"


@dataclass(frozen=True)
class Todo:
    """A counter on the home page that leads to the list it counts."""

    label: str
    count: int
    href: str
    icon: str = "clipboard-list"
    tone: Tone = "blue"


@dataclass(frozen=True)
class Window:
    """A time window now open or coming, on the home page's time line."""

    label: str
    when: str
    left: str = ""  # "还剩 3 天"
    state: Literal["open", "soon", "closed"] = "open"
    href: str = ""


@dataclass(frozen=True)
class Quota:
    label: str
    used: int
    granted: int
    href: str = ""


@dataclass(frozen=True)
class Slice:
    """A part of a whole; `start` and `size` are its place on the ring in percent (size 0 = not drawn)."""

    label: str
    count: str  # "238", "10000+"
    tone: Tone
    href: str
    start: float = 0.0
    size: float = 0.0


@dataclass(frozen=True)
class Share:
    """How the rows of a table divide into their states: a ring and its legend, each part leading to its list."""

    title: str
    total: str
    slices: Sequence[Slice]
    href: str


@dataclass(frozen=True)
class News:
    title: str
    when: str
    href: str
    tag: str = ""


@dataclass
class HomePage(Page):
    """The console's first page: what waits, what is open, how much quota is left, what is new."""

    todos: Sequence[Todo] = ()
    windows: Sequence[Window] = ()
    shares: Sequence[Share] = ()
    quotas: Sequence[Quota] = ()
    quotas_title: str = "指标使用"
    news: Sequence[News] = ()
    news_url: str = ""
    shortcuts: Sequence[Link] = ()


@dataclass(frozen=True)
class Entrance:
    """A way in: on the portal, and beside the log-in form."""

    label: str
    href: str
    icon: str = ""
    hint: str = ""


@dataclass(frozen=True)
class Note:
    """What stands under a field of a short form while it holds (a choice that is `marked`), with ways out."""

    text: str
    links: Sequence[Link] = ()
    shown: bool = False


@dataclass(frozen=True)
class Way:
    """An identity on the front page and the doors it has (院校: 申报, 业务平台)."""

    label: str
    icon: str
    hint: str
    doors: Sequence[Entrance] = ()


@dataclass
class LoginPage(Page):
    """Any page before log-in that is one short form: 登录, 注册账号, 忘记密码, 动态口令, candidate log-in.

    A field named `captcha` gets the picture; `render_kw={"data-sms": address}` gives a field the
    button 获取验证码, which posts the form there.
    """

    form: Any = None
    action: str = ""
    captcha: str = ""  # address of the picture, "" = none asked
    submit: str = "登录"
    error: str = ""
    links: Sequence[Link] = ()  # 立即注册, 忘记密码, 证书查询
    notes: Mapping[str, Note] = field(default_factory=dict)  # by the field they stand under
    entrances: Sequence[Entrance] = ()  # the other ways in


@dataclass
class ErrorPage(Page):
    """A refused request. The template knows the words for each status; `message` adds the reason."""

    status: int = 500
    message: str = ""
    field: str = ""
    back: str = ""
    request_id: str = ""


@dataclass(frozen=True)
class CertificateCard:
    name: str
    href: str
    organisation: str
    levels: str = ""
    code: str = ""


@dataclass
class PortalHome(Page):
    """The public front page: verification, entrances, three lists of news, certificates."""

    verify_action: str = "/verify"
    scores_url: str = ""  # 成绩查询: the candidate's log-in
    search_action: str = ""
    pinned: News | None = None  # stands above everything
    entrances: Sequence[Entrance] = ()
    ways: Sequence[Way] = ()
    lists: Sequence[tuple[str, str, Sequence[News]]] = ()  # (政策文件, address of 更多, items)
    certificates: Sequence[CertificateCard] = ()
    certificates_url: str = ""
    organisations: Sequence[Link] = ()
    figures: Sequence[tuple[str, str]] = ()  # ("已发证书", "1,024,310")


@dataclass
class VerifyPage(Page):
    """Public verification: number and ID number and captcha; one and the same answer for every miss."""

    form: Any = None  # fields number, id_number, captcha
    action: str = "/verify"
    captcha: str = ""
    asked: bool = False
    found: Sequence[tuple[str, Cell]] = ()  # empty after asking = 未查询到
    heading: str = ""
    state: Cell | None = None
    photo: str = ""
    links: Sequence[Link] = ()
    error: str = ""


@dataclass
class NoticePage(Page):
    when: str = ""
    source: str = ""
    html: str = ""  # sanitised
    files: Sequence[Link] = ()
    older: Link | None = None
    newer: Link | None = None
    kind: str = ""
    banner: str = ""  # of a preview: that and why it is not on the portal
    back: Sequence[Link] = ()  # of a preview: where to go on


@dataclass(frozen=True)
class Pick:
    """A drop-down of a public search; `value` is what is chosen now."""

    name: str
    label: str
    options: Sequence[tuple[str, str]]
    value: str = ""


@dataclass
class NewsList(Page):
    """A public list: news of one kind, or certificates (`cards`)."""

    tabs: Sequence[Tab] = ()
    items: Sequence[News] = ()
    cards: Sequence[CertificateCard] = ()
    action: str = ""
    query: str = ""
    placeholder: str = "输入名称搜索"
    selects: Sequence[Pick] = ()
    narrowed: Sequence[Link] = ()  # what is chosen, each a link that takes it back
    count: str = ""  # "共 12 个证书"
    pager: Pager | None = None
    empty: Empty = field(default_factory=lambda: Empty("暂无内容"))


@dataclass
class LevelPart:
    """One level of a certificate: its subjects and the rule by which one passes."""

    title: str
    state: Cell | None = None
    html: str = ""  # sanitised
    rule: str = ""
    table: Related | None = None


@dataclass
class CertificatePage(Page):
    """What the public may know of a certificate: facts, introduction, levels and subjects."""

    heading: str = ""
    facts: Sequence[tuple[str, Cell]] = ()
    texts: Sequence[tuple[str, str]] = ()  # (title, sanitised html)
    levels: Sequence[LevelPart] = ()
    tags: Sequence[Link] = ()  # majors, each leading to the certificates meant for it
    tables: Sequence[Related] = ()


@dataclass
class ChoicePage(Page):
    """Two or more large cards to choose from (选择身份)."""

    choices: Sequence[Entrance] = ()
    links: Sequence[Link] = ()


@dataclass
class RegisteredPage(Page):
    """注册成功: the account and its first password, shown this once (R6)."""

    school: str = ""
    username: str = ""
    password: str = ""
    links: Sequence[Link] = ()


@dataclass
class SignPhonePage(Page):
    """The signing page on a phone. The token is in the fragment; the script posts it (never in a URL).

    POST `lookup_url` {token} → {school, count, names, expires}; POST `sign_url` {token, image} → {message}.
    """

    lookup_url: str = ""
    sign_url: str = ""


@dataclass
class SignDeskPage(Page):
    """The desk side of signing: QR picture, waiting, result; asks `poll_url` every two seconds."""

    qr: str = ""
    state: Literal["waiting", "opened", "signed", "expired", "refused"] = "waiting"
    text: str = ""
    lines: Sequence[tuple[str, str]] = ()
    expires: str = ""
    polling: bool = False
    poll_url: str = ""
    links: Sequence[Link] = ()


@dataclass
class SpaceCard:
    """One exam, ticket, result or certificate in the candidate's space."""

    title: str
    state: Cell | None = None
    lines: Sequence[tuple[str, Cell]] = ()
    columns: Sequence[Column] = ()
    rows: Sequence[Row] = ()
    links: Sequence[Link] = ()
    note: str = ""


@dataclass
class SpacePage(Page):
    cards: Sequence[SpaceCard] = ()
    note: str = ""
    empty: Empty = field(default_factory=lambda: Empty("暂无数据"))
