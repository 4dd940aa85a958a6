"""What runs in the background and what it leaves: jobs, imports, stored files, messages (3.8, D4)."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from models.kit import (
    Choice,
    Choices,
    Code,
    Declared,
    File,
    Flag,
    Flow,
    Int,
    Json,
    Moment,
    Move,
    Panel,
    Scope,
    State,
    Text,
    clock,
    field,
    filtered,
    hidden,
    listed,
    moves,
    put,
    readonly,
    reference,
    sortable,
    tabbed,
    unique,
    write,
)
from models.kit.scope import TENANTS, WHOLE

_OWN = {
    "platform": write(when="account_id = (select app_account())"),
    **{kind: write(f"{'person' if kind == 'candidate' else kind}_id") for kind in TENANTS},
}
# A job works with its account's rights and may hold an unmasked file: nobody else's, not even a colleague's.
_MINE = "account_id = (select app_account())"
_OWN_ACCOUNT = {
    "platform": write(when=_MINE),
    **{kind: write(f"{'person' if kind == 'candidate' else kind}_id", when=_MINE) for kind in TENANTS},
}


class JobState(Choices):
    WAITING = "WAITING", "排队中", "grey"
    RUNNING = "RUNNING", "进行中", "blue"
    READY = "READY", "待确认", "amber"
    DONE = "DONE", "已完成", "green"
    FAILED = "FAILED", "失败", "red"
    CANCELLED = "CANCELLED", "已取消", "grey"


_J = JobState
JOB_FLOW = Flow(
    JobState,
    _J.WAITING,
    moves(
        Move(
            "cancel",
            "取消",
            (_J.WAITING, _J.RUNNING, _J.READY),
            _J.CANCELLED,
            confirm="取消后不会写入任何数据",
            danger=True,
        ),
    ),
    also=(
        (_J.WAITING, _J.RUNNING),
        (_J.WAITING, _J.FAILED),
        (_J.RUNNING, _J.READY),
        (_J.RUNNING, _J.DONE),
        (_J.RUNNING, _J.FAILED),
        (_J.READY, _J.WAITING),
        (_J.READY, _J.FAILED),
        (_J.RUNNING, _J.WAITING),
    ),
)


class Job(Declared):
    """One piece of background work, on behalf of one account (任务). The queue carries only its id (D4).

    `attempt` is the token of the process that works on it: each chunk first checks that it still owns the job.
    `cursor` and `carry` are where the next chunk takes up; `sealed` jobs have begun what cannot be cancelled.
    """

    title: Mapped[str] = field("任务", Text(120), listed)
    task: Mapped[str] = field("种类", Code(60), hidden)
    permission: Mapped[str] = field("权限", Code(80), hidden, default="", help="“表:动作”,执行时再次核对")
    params: Mapped[dict[str, Any]] = field("参数", Json(), hidden)
    state: Mapped[JobState] = field("状态", State(JobState), listed, tabbed, readonly, flow=JOB_FLOW)
    total: Mapped[int] = field("总数", Int(), readonly, default=0)
    done: Mapped[int] = field("已处理", Int(), readonly, default=0)
    cursor: Mapped[int] = field("断点", Int(), hidden, default=0)
    carry: Mapped[dict[str, Any] | None] = field("累计", Json(), hidden)
    attempt: Mapped[str | None] = field("执行者", Code(40), hidden)
    sealed: Mapped[bool] = field("已不能取消", Flag(), hidden, default=False)
    counts: Mapped[dict[str, int] | None] = field("计数", Json(), hidden)
    notes: Mapped[list[str] | None] = field("说明", Json(), hidden)
    errors: Mapped[list[list[Any]] | None] = field("出错的行", Json(), hidden, help="前50行:行号、列、原因")
    error: Mapped[str | None] = field("错误", Text(2000), readonly)
    result: Mapped[str | None] = field("结果文件", File(("xlsx", "zip", "pdf")), readonly)
    result_name: Mapped[str | None] = field("结果文件名", Text(120), hidden)
    link: Mapped[str | None] = field("返回", Text(200), hidden)
    started_at: Mapped[datetime | None] = field("开始", Moment(), listed, readonly, sortable)
    finished_at: Mapped[datetime | None] = field("结束", Moment(), listed, readonly)
    account_id: Mapped[int | None] = reference("发起人", "account", hidden)
    province_id: Mapped[int | None] = reference("省厅", "province", hidden)
    city_id: Mapped[int | None] = reference("地市局", "city", hidden)
    school_id: Mapped[int | None] = reference("院校", "school", hidden)
    organisation_id: Mapped[int | None] = reference("培训评价组织", "organisation", hidden)
    person_id: Mapped[int | None] = reference("考生", "person", hidden)

    panel = Panel(
        "任务",
        menu="系统管理/任务中心",
        icon="list-check",
        order=80,
        title="title",
        allows=(),
        audit=False,
        scope=Scope(**_OWN_ACCOUNT),
        indexes=(("state", "id"),),
        empty="还没有任务。导入、导出等较大的操作会在这里显示进度",
    )


class StagedChunk(Declared):
    """Rows of an upload, read and checked but not yet applied, a chunk a row (6.1). Gone when its job ends.

    A chunk is one array of {n: row number, o: outcome, t: target id, v: values, r: reason, s: stored file}: a
    database row for each uploaded row would cost as much as the import itself.
    """

    job_id: Mapped[int] = reference("任务", "job", hidden, ondelete="CASCADE")
    account_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    first: Mapped[int] = field("首行", Int(), hidden)
    last: Mapped[int] = field("末行", Int(), hidden)
    rows: Mapped[list[dict[str, Any]]] = field("内容", Json(), hidden)

    panel = Panel(
        "导入数据",
        scope=Scope(**dict.fromkeys(("platform", *TENANTS), write(when=_MINE))),
        title="first",
        allows=(),
        audit=False,
        unique=(("job_id", "first"),),
    )


class FormDraft(Declared):
    """What somebody has typed into a form and not saved yet, so that a crash costs a few seconds of typing at most
    (填写中的表单). Of the account alone; gone when the form is saved or the draft is dropped."""

    account_id: Mapped[int] = reference("账号", "account", hidden, ondelete="CASCADE")
    table_name: Mapped[str] = field("数据表", Text(60), hidden)
    place: Mapped[str] = field("表单", Text(120), hidden)
    values: Mapped[list[list[str]]] = field("内容", Json(), hidden)
    saved_at: Mapped[datetime] = field("保存时间", Moment(), hidden)

    panel = Panel(
        "填写中的表单",
        scope=Scope(**dict.fromkeys(("platform", *TENANTS), write(when=_MINE))),
        title="table_name",
        allows=(),
        audit=False,
        unique=(("account_id", "table_name", "place"),),
    )


class FileStanding(Choices):
    """Sent ahead of a form that is still being filled in; named by a row; or about to be removed by the nightly job."""

    AHEAD = "AHEAD", "尚未保存"
    KEPT = "KEPT", "已保存"
    GOING = "GOING", "待清除"


class StoredFile(Declared):
    """A file kept under a random key outside the web root; the key is what rows refer to (文件).

    Whoever may read a row that names the key may fetch the file through that row; nobody can list others' files."""

    key: Mapped[str] = field("键", Code(80), unique, hidden)
    name: Mapped[str] = field("文件名", Text(200), listed)
    kind: Mapped[str] = field("类型", Code(20), listed)
    size: Mapped[int] = field("大小", Int(), listed)
    digest: Mapped[str] = field("SHA-256", Code(64), hidden)
    standing: Mapped[FileStanding] = field("状态", Choice(FileStanding), hidden, default=FileStanding.KEPT)
    account_id: Mapped[int | None] = reference("上传人", "account", hidden)
    province_id: Mapped[int | None] = reference("省厅", "province", hidden)
    city_id: Mapped[int | None] = reference("地市局", "city", hidden)
    school_id: Mapped[int | None] = reference("院校", "school", hidden)
    organisation_id: Mapped[int | None] = reference("培训评价组织", "organisation", hidden)
    person_id: Mapped[int | None] = reference("考生", "person", hidden)

    panel = Panel(
        "文件",
        scope=Scope(**_OWN),
        allows=(),
        append_only=False,
        indexes=(("standing", "created_at"),),
    )


class MessageKind(Choices):
    NOTICE = "NOTICE", "通知", "blue"
    TODO = "TODO", "待办", "amber"
    RESULT = "RESULT", "结果", "green"


class Reading(Choices):
    UNREAD = "UNREAD", "未读", "amber"
    READ = "READ", "已读", "grey"


class Message(Declared):
    """An in-app message to a tenant (站内消息). Read by one of its people is read by the tenant."""

    kind: Mapped[MessageKind] = field(
        "类型", Choice(MessageKind), listed, filtered, default=MessageKind.NOTICE
    )
    title: Mapped[str] = field("标题", Text(120), listed)
    body: Mapped[str | None] = field("内容", Text(2000))
    at: Mapped[datetime] = field("时间", Moment(), listed, filtered, readonly, default=clock.now)
    link: Mapped[str | None] = field("链接", Text(200), hidden)
    read_at: Mapped[datetime | None] = field("阅读时间", Moment(), readonly)
    province_id: Mapped[int | None] = reference("省厅", "province", hidden)
    city_id: Mapped[int | None] = reference("地市局", "city", hidden)
    school_id: Mapped[int | None] = reference("院校", "school", hidden)
    organisation_id: Mapped[int | None] = reference("培训评价组织", "organisation", hidden)
    person_id: Mapped[int | None] = reference("考生", "person", hidden)
    for_platform: Mapped[bool] = field("平台", Flag(), hidden, default=False)

    panel = Panel(
        "消息",
        menu="首页/消息",
        icon="bell",
        order=5,
        title="title",
        allows=(),
        audit=False,
        scope=Scope(
            platform=(write(when="for_platform"), put()),
            **{kind: (write(f"{kind}_id"), put()) for kind in TENANTS if kind != "candidate"},
            candidate=(write("person_id", when=WHOLE), put()),
            auth=put(),
        ),
        empty="有新的审核结果、待办和通知时会在这里告诉您",
    )
    PHASES: ClassVar[dict[str, Any]] = {
        Reading.UNREAD.label: lambda now: Message.read_at.is_(None),
        Reading.READ.label: lambda now: Message.read_at.is_not(None),
    }

    def phase(self, now: datetime) -> Reading:
        """未读 or 已读."""
        return Reading.READ if self.read_at is not None else Reading.UNREAD


__all__ = [
    "JOB_FLOW",
    "FileStanding",
    "FormDraft",
    "Job",
    "JobState",
    "Message",
    "MessageKind",
    "Reading",
    "StagedChunk",
    "StoredFile",
]
