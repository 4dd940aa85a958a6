"""What runs in the background and what it leaves: jobs, imports, stored files, messages (3.8, D4)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Mapped

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
from models.kit.scope import TENANTS

_OWN = {
    "platform": write(when="account_id = (select app_account())"),
    **{kind: write(f"{'person' if kind == 'candidate' else kind}_id") for kind in TENANTS},
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
        Move("cancel", "取消", (_J.WAITING, _J.RUNNING, _J.READY), _J.CANCELLED, confirm="取消后不会写入任何数据", danger=True),
    ),
    also=(
        (_J.WAITING, _J.RUNNING), (_J.WAITING, _J.FAILED), (_J.RUNNING, _J.READY), (_J.RUNNING, _J.DONE),
        (_J.RUNNING, _J.FAILED), (_J.READY, _J.RUNNING), (_J.READY, _J.FAILED), (_J.RUNNING, _J.WAITING),
    ),
)


class Job(Declared):
    """One piece of background work, on behalf of one account (任务). The queue carries only its id (D4).

    `attempt` is the token of the process that works on it: each chunk first checks that it still owns the job.
    """

    title: Mapped[str] = field("任务", Text(120), listed)
    task: Mapped[str] = field("种类", Code(60), hidden)
    params: Mapped[dict[str, object]] = field("参数", Json(), hidden)
    state: Mapped[JobState] = field("状态", State(JobState), listed, tabbed, readonly, flow=JOB_FLOW)
    total: Mapped[int] = field("总数", Int(), readonly, default=0)
    done: Mapped[int] = field("已处理", Int(), readonly, default=0)
    cursor: Mapped[int] = field("断点", Int(), hidden, default=0)
    attempt: Mapped[str | None] = field("执行者", Code(40), hidden)
    counts: Mapped[dict[str, int] | None] = field("计数", Json(), hidden)
    notes: Mapped[list[str] | None] = field("说明", Json(), hidden)
    error: Mapped[str | None] = field("错误", Text(2000), readonly)
    result: Mapped[str | None] = field("结果文件", File(), readonly)
    result_name: Mapped[str | None] = field("结果文件名", Text(120), hidden)
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
        scope=Scope(**_OWN),
        empty="还没有任务。导入、导出等较大的操作会在这里显示进度",
    )


class StagedRow(Declared):
    """A row of an uploaded workbook, read and checked but not yet applied (6.1). Gone when its job ends."""

    job_id: Mapped[int] = reference("任务", "job", hidden, ondelete="CASCADE")
    number: Mapped[int] = field("行号", Int(), hidden)
    outcome: Mapped[str] = field("结果", Code(10), hidden)
    reason: Mapped[str | None] = field("错误原因", Text(2000), hidden)
    target_id: Mapped[int | None] = field("记录", Int(), hidden)
    values: Mapped[dict[str, object]] = field("内容", Json(), hidden)

    panel = Panel(
        "导入行", scope=Scope(job=write()), title="number", allows=(), audit=False, unique=(("job_id", "number"),)
    )


class StoredFile(Declared):
    """A file kept under a random key outside the web root; the key is what rows refer to (文件).

    Whoever may read a row that names the key may fetch the file through that row; nobody can list others' files."""

    key: Mapped[str] = field("键", Code(80), unique, hidden)
    name: Mapped[str] = field("文件名", Text(200), listed)
    kind: Mapped[str] = field("类型", Code(20), listed)
    size: Mapped[int] = field("大小", Int(), listed)
    digest: Mapped[str] = field("SHA-256", Code(64), hidden)
    account_id: Mapped[int | None] = reference("上传人", "account", hidden)
    province_id: Mapped[int | None] = reference("省厅", "province", hidden)
    city_id: Mapped[int | None] = reference("地市局", "city", hidden)
    school_id: Mapped[int | None] = reference("院校", "school", hidden)
    organisation_id: Mapped[int | None] = reference("培训评价组织", "organisation", hidden)
    person_id: Mapped[int | None] = reference("考生", "person", hidden)

    panel = Panel("文件", scope=Scope(**_OWN), allows=(), append_only=False)


class MessageKind(Choices):
    NOTICE = "NOTICE", "通知", "blue"
    TODO = "TODO", "待办", "amber"
    RESULT = "RESULT", "结果", "green"


class Message(Declared):
    """An in-app message to a tenant (站内消息)."""

    kind: Mapped[MessageKind] = field("类型", Choice(MessageKind), listed, filtered, default=MessageKind.NOTICE)
    title: Mapped[str] = field("标题", Text(120), listed)
    body: Mapped[str | None] = field("内容", Text(2000))
    link: Mapped[str | None] = field("链接", Text(200), hidden)
    read_at: Mapped[datetime | None] = field("已读", Moment(), listed)
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
            **{kind: (write(f"{'person' if kind == 'candidate' else kind}_id"), put()) for kind in TENANTS},
        ),
        empty="暂无消息",
    )


__all__ = ["JOB_FLOW", "Job", "JobState", "Message", "MessageKind", "StagedRow", "StoredFile"]
