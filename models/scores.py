"""Scores, their changes and rechecks, and the results they make (3.6, 4.10, 4.11, 4.15; R97–R112)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from models.candidates import PICTURES, CandidateKind
from models.certificates import ExamMode, Subject
from models.kit import (
    Amount,
    Block,
    Choice,
    Choices,
    Code,
    Declared,
    File,
    Flag,
    Flow,
    IdNumber,
    Int,
    Json,
    Moment,
    Move,
    Panel,
    Scope,
    State,
    Text,
    add,
    change,
    clock,
    exact,
    field,
    filtered,
    hidden,
    indexed,
    listed,
    masked,
    mine,
    moves,
    read,
    readonly,
    reference,
    searched,
    tabbed,
    wide,
    write,
)
from models.kit.scope import INSERT, SELECT, UPDATE, Rule
from models.plans import ExamPlan, PassMode, Phases
from models.registrations import AdmissionTicket, Registration

# Candidates see nothing of their scores before the publicity starts (R100, E115).
_VISIBLE = "visible_from <= (select app_now())"


class ExamStatus(Choices):
    NORMAL = "NORMAL", "正常", "green"
    ABSENT = "ABSENT", "缺考", "red"
    MISCONDUCT = "MISCONDUCT", "违纪", "red"


class ScoreState(Choices):
    """公示中 is a matter of time and not stored (4.10)."""

    RECORDED = "RECORDED", "已登记", "blue"
    LOCKED = "LOCKED", "已锁定", "green"


_S = ScoreState
SCORE_FLOW = Flow(ScoreState, _S.RECORDED, moves=(), also=((_S.RECORDED, _S.LOCKED),))


def _recorded(when: Callable[[datetime], sa.ColumnElement[bool]]) -> Callable[[datetime], Any]:
    return lambda moment: sa.and_(Score.state == ScoreState.RECORDED, when(moment))


class Score(Declared):
    """What a candidate reached in one subject (科目成绩). 4.10, R97–R107; locked for ever (R103, R105)."""

    plan_id: Mapped[int] = reference(
        "考试计划", "exam_plan", listed, filtered, copied="registration_id.plan_id"
    )
    plan_subject_id: Mapped[int] = reference(
        "开考科目", "plan_subject", hidden, copied="registration_id.plan_subject_id"
    )
    registration_id: Mapped[int] = reference(
        "报考记录", "registration", hidden, within=("school_id", "organisation_id", "plan_id")
    )
    candidate_name: Mapped[str] = field(
        "学生姓名", Text(50), listed, searched, copied="registration_id.candidate_name"
    )
    id_number: Mapped[str] = field(
        "证件号码", IdNumber(), hidden, exact, masked, indexed, copied="registration_id.id_number"
    )
    id_masked: Mapped[str] = field("证件号码", Code(18), listed, copied="registration_id.id_masked")
    photo: Mapped[str | None] = field("照片", File(PICTURES, picture=True), copied="registration_id.photo")
    ticket_number: Mapped[str] = field(
        "准考证号", Code(20), listed, exact, copied="registration_id.ticket_number"
    )
    school_name: Mapped[str] = field(
        "所属院校", Text(100), listed, searched, copied="registration_id.school_name"
    )
    subject_id: Mapped[int] = reference(
        "考试科目", "subject", listed, filtered, copied="registration_id.subject_id"
    )
    mode: Mapped[ExamMode] = field("考试方式", Choice(ExamMode), filtered, copied="registration_id.mode")
    certificate_id: Mapped[int] = reference(
        "考核证书", "certificate", listed, filtered, copied="registration_id.certificate_id"
    )
    site_id: Mapped[int | None] = reference(
        "考核站点", "exam_site", filtered, copied="registration_id.site_id"
    )
    site_name: Mapped[str | None] = field("考核站点", Text(80), listed, copied="registration_id.site_name")
    starts_at: Mapped[datetime | None] = field("考试时间", Moment(), copied="registration_id.starts_at")
    exam_status: Mapped[ExamStatus] = field(
        "考试状态", Choice(ExamStatus), listed, filtered, default=ExamStatus.NORMAL
    )
    value: Mapped[Decimal | None] = field(
        "考试分数", Amount(5, 1), listed, help="最多一位小数;缺考、违纪不填"
    )
    full_mark: Mapped[Decimal] = field("满分", Amount(5, 1), copied="registration_id.full_mark")
    remark: Mapped[str | None] = field("备注", Text(200))
    state: Mapped[ScoreState] = field("成绩状态", State(ScoreState), listed, readonly, flow=SCORE_FLOW)
    recorded_at: Mapped[datetime] = field("登记时间", Moment(), readonly, default=clock.now)
    recorded_by_id: Mapped[int | None] = reference("登记人", "account", readonly)
    locked_at: Mapped[datetime | None] = field("锁定时间", Moment(), readonly)
    import_job: Mapped[int | None] = field("导入任务", Int(), hidden)  # no key: jobs are cleared, scores stay
    exam_year: Mapped[int] = field("考试年度", Int(), filtered, copied="registration_id.exam_year")
    visible_from: Mapped[datetime] = field(
        "公示开始", Moment(), hidden, copied="registration_id.publicity_from"
    )
    publicity_to: Mapped[datetime] = field(
        "公示结束", Moment(), hidden, copied="registration_id.publicity_to"
    )
    school_id: Mapped[int] = reference("所属院校", "school", hidden, copied="registration_id.school_id")
    host_school_id: Mapped[int | None] = reference(
        "站点院校", "school", hidden, copied="registration_id.host_school_id"
    )
    organisation_id: Mapped[int] = reference(
        "考核单位", "organisation", listed, filtered, copied="registration_id.organisation_id"
    )
    person_id: Mapped[int] = reference("人员", "person", hidden, copied="registration_id.person_id")

    panel = Panel(
        "科目成绩",
        menu="考试管理/科目成绩",
        menus={"organisation": "考试管理/成绩登记与公示"},
        icon="report-analytics",
        title="candidate_name",
        order=85,
        allows=("import", "export"),
        cards=(
            Block("考试计划", ("plan_id",)),
            Block("学生信息", ("candidate_name", "id_masked", "ticket_number", "school_name"), photo="photo"),
            Block("科目信息", ("subject_id", "certificate_id", "organisation_id")),
            Block("考试记录", ("starts_at", "value", "exam_status", "site_name")),
        ),
        related=("score_change", "recheck"),
        unique=(("registration_id",),),
        indexes=(("publicity_to", "state"),),
        checks=(
            ("value between 0 and full_mark", "分数应在0与满分之间"),
            ("(exam_status = 'NORMAL') = (value is not null)", "正常考生须填写分数,缺考、违纪不应填写"),
            ("(state = 'LOCKED') = (locked_at is not null)", "锁定时间与成绩状态一致"),
        ),
        scope=Scope(
            platform=read(),
            school=(read("school_id"), read("host_school_id", when="locked_at is not null")),
            organisation=write("organisation_id"),
            candidate=mine(when=_VISIBLE),
        ),
        frozen="OLD.locked_at is not null",
        frozen_message="成绩已锁定,不能修改",
        empty="还没有成绩;成绩登记时间内由考核单位按科目导入",
    )

    plan: Mapped[ExamPlan]
    registration: Mapped[Registration]
    subject: Mapped[Subject]

    PHASES: ClassVar[Phases] = {
        "已登记": _recorded(lambda moment: Score.visible_from > moment),
        "公示中": _recorded(lambda moment: Score.visible_from <= moment),
        "已锁定": lambda _: Score.state == ScoreState.LOCKED,
    }

    def phase(self, moment: datetime) -> str:
        """已登记, 公示中 or 已锁定 (4.10)."""
        if self.state == ScoreState.LOCKED:
            return self.state.label
        return "公示中" if self.visible_from <= moment else "已登记"

    @property
    def counted(self) -> Decimal:
        """What enters the result: absence and misconduct count 0 (R98)."""
        return self.value if self.value is not None else Decimal(0)


class ScoreChange(Declared):
    """A correction of a score: what it was, what it became, why (成绩更正记录). R102."""

    score_id: Mapped[int] = reference("科目成绩", "score", listed, within=("school_id", "organisation_id"))
    old_status: Mapped[ExamStatus] = field("原考试状态", Choice(ExamStatus), listed)
    old_value: Mapped[Decimal | None] = field("原分数", Amount(5, 1), listed)
    new_status: Mapped[ExamStatus] = field("新考试状态", Choice(ExamStatus), listed)
    new_value: Mapped[Decimal | None] = field("新分数", Amount(5, 1), listed)
    reason: Mapped[str] = field("更正原因", Text(500, least=2), listed, wide)
    evidence: Mapped[str | None] = field("佐证材料", File(("pdf", "doc", "docx", "jpg", "png")))
    account_id: Mapped[int | None] = reference("更正人", "account", listed)
    at: Mapped[datetime] = field("更正时间", Moment(), listed, filtered, default=clock.now)
    school_id: Mapped[int] = reference("所属院校", "school", hidden, copied="score_id.school_id")
    organisation_id: Mapped[int] = reference(
        "考核单位", "organisation", hidden, copied="score_id.organisation_id"
    )

    panel = Panel(
        "成绩更正记录",
        icon="history",
        title="at",
        allows=("export",),
        append_only=True,
        checks=(("length(reason) >= 2", "更正须说明原因"),),
        scope=Scope(platform=read(), school=read("school_id"), organisation=add("organisation_id")),
        empty="该成绩没有更正过",
    )

    score: Mapped[Score]


class RecheckState(Choices):
    OPEN = "OPEN", "待处理", "amber"
    ANSWERED = "ANSWERED", "已答复", "green"
    WITHDRAWN = "WITHDRAWN", "已撤回", "grey"


class RecheckOutcome(Choices):
    KEPT = "KEPT", "维持"
    CHANGED = "CHANGED", "更正"


_K = RecheckState
RECHECK_FLOW = Flow(
    RecheckState,
    _K.OPEN,
    moves(
        Move("keep", "维持", (_K.OPEN,), _K.ANSWERED, reason="answer", icon="check"),
        Move("correct", "更正", (_K.OPEN,), _K.ANSWERED, reason="answer", icon="edit"),
        Move(
            "withdraw", "撤回", (_K.OPEN,), _K.WITHDRAWN, confirm="撤回后该成绩按期锁定", icon="arrow-back-up"
        ),
    ),
)


class Recheck(Declared):
    """A candidate or school doubts a score; its lock waits for the answer (复核申请). 4.15, R101, R104, E118."""

    score_id: Mapped[int] = reference(
        "科目成绩", "score", hidden, within=("school_id", "organisation_id", "person_id")
    )
    candidate_name: Mapped[str] = field(
        "学生姓名", Text(50), listed, searched, copied="score_id.candidate_name"
    )
    ticket_number: Mapped[str] = field("准考证号", Code(20), listed, exact, copied="score_id.ticket_number")
    subject_id: Mapped[int] = reference("考试科目", "subject", listed, filtered, copied="score_id.subject_id")
    reason: Mapped[str] = field("申请理由", Text(500, least=5), listed, wide)
    by_school: Mapped[bool] = field("院校代为申请", Flag(), readonly, default=False)
    state: Mapped[RecheckState] = field(
        "复核状态", State(RecheckState), listed, tabbed, readonly, flow=RECHECK_FLOW
    )
    outcome: Mapped[RecheckOutcome | None] = field("复核结论", Choice(RecheckOutcome), listed, readonly)
    answer: Mapped[str | None] = field("答复", Text(500, least=2), readonly, wide)
    answered_at: Mapped[datetime | None] = field("答复时间", Moment(), readonly)
    answered_by_id: Mapped[int | None] = reference("答复人", "account", hidden)
    plan_id: Mapped[int] = reference("考试计划", "exam_plan", filtered, copied="score_id.plan_id")
    school_id: Mapped[int] = reference("所属院校", "school", hidden, copied="score_id.school_id")
    organisation_id: Mapped[int] = reference(
        "考核单位", "organisation", hidden, copied="score_id.organisation_id"
    )
    person_id: Mapped[int] = reference("人员", "person", hidden, copied="score_id.person_id")

    panel = Panel(
        "复核申请",
        menu="考试管理/复核申请",
        icon="message-2-question",
        title="candidate_name",
        order=87,
        allows=("add", "export"),
        unique_when=((("score_id",), "state = 'OPEN'", "该成绩已有待处理的复核申请"),),
        checks=(
            ("length(reason) >= 5", "申请理由至少5个字"),
            (
                "(state = 'ANSWERED') = (outcome is not null)"
                " and (outcome is null or (answer is not null and answered_at is not null))",
                "已答复的复核有结论、答复和时间",
            ),
        ),
        scope=Scope(
            platform=read(),
            school=(Rule("school_id", (SELECT, INSERT)), change("school_id", "state")),
            organisation=change(
                "organisation_id", "state", "outcome", "answer", "answered_at", "answered_by_id"
            ),
            candidate=(mine(INSERT), mine(UPDATE, columns=("state",))),
        ),
        frozen="OLD.state <> 'OPEN'",
        frozen_message="复核已结束,不能修改",
        empty="没有复核申请;考生在公示期内可对成绩申请复核",
    )

    score: Mapped[Score]
    subject: Mapped[Subject]


class ResultOutcome(Choices):
    PENDING = "PENDING", "待定", "amber"
    PASSED = "PASSED", "已通过", "green"
    FAILED = "FAILED", "未通过", "red"


_O = ResultOutcome
RESULT_FLOW = Flow(
    ResultOutcome,
    _O.PENDING,
    moves=(),  # computed from the scores alone (R108)
    also=(
        (_O.PENDING, _O.PASSED),
        (_O.PENDING, _O.FAILED),
        (_O.PASSED, _O.FAILED),
        (_O.FAILED, _O.PASSED),
    ),
)


def _basis(rule: dict[str, Any]) -> str:
    """The rule a result was computed by, in words."""
    mode, mark = PassMode(rule["mode"]), rule["total_pass_mark"]
    weighted = mode is PassMode.WEIGHTED
    lines = [f"{mode.label},综合成绩合格分数{mark}" if weighted and mark is not None else mode.label]
    for one in rule["subjects"]:
        score = "未登记或缺考" if one["score"] is None else f"{one['score']}分"
        bound = f"占{one['weight']}%" if weighted else f"合格分数{one['pass_mark']}"
        lines.append(f"科目{one['code']}:{score},{bound}")
    return "\n".join(lines)


class CertificateResult(Declared):
    """Whether a candidate passed a certificate in a plan; provisional until all scores lock (考证结果). 4.11."""

    plan_id: Mapped[int] = reference("考试计划", "exam_plan", listed, filtered, within=("organisation_id",))
    candidate_id: Mapped[int] = reference("考生", "candidate", hidden, within=("school_id",))
    candidate_name: Mapped[str] = field("学生姓名", Text(50), listed, searched, copied="candidate_id.name")
    id_number: Mapped[str] = field(
        "证件号码", IdNumber(), hidden, exact, masked, indexed, copied="candidate_id.id_number"
    )
    id_masked: Mapped[str] = field("证件号码", Code(18), listed, copied="candidate_id.id_masked")
    photo: Mapped[str | None] = field("照片", File(PICTURES, picture=True), copied="candidate_id.photo")
    candidate_kind: Mapped[CandidateKind] = field(
        "学生类型", Choice(CandidateKind), filtered, copied="candidate_id.kind"
    )
    school_name: Mapped[str] = field(
        "所属院校", Text(100), listed, searched, copied="candidate_id.school_name"
    )
    certificate_id: Mapped[int] = reference(
        "考试证书", "certificate", listed, filtered, within=("organisation_id",)
    )
    ticket_id: Mapped[int] = reference(
        "准考证", "admission_ticket", hidden, within=("plan_id", "candidate_id", "certificate_id")
    )
    ticket_number: Mapped[str] = field("准考证号", Code(20), listed, exact, copied="ticket_id.number")
    total: Mapped[Decimal | None] = field(
        "总成绩", Amount(6, 3), listed, readonly, help="按比例计算,比较前不四舍五入"
    )
    subject_scores: Mapped[str | None] = field("各科成绩", Text(1000), listed, readonly)
    exam_status: Mapped[ExamStatus] = field(
        "考试状态", Choice(ExamStatus), listed, filtered, readonly, default=ExamStatus.NORMAL
    )
    outcome: Mapped[ResultOutcome] = field(
        "考证结果", State(ResultOutcome), listed, tabbed, readonly, flow=RESULT_FLOW
    )
    rule_snapshot: Mapped[dict[str, Any] | None] = field("计算依据", Json(_basis), readonly)
    final_at: Mapped[datetime | None] = field("最终确定时间", Moment(), readonly)
    site_id: Mapped[int | None] = reference(
        "考核站点", "exam_site", filtered, readonly, within=("organisation_id",)
    )
    site_name: Mapped[str | None] = field("考核站点", Text(80), copied="site_id.name")
    exam_year: Mapped[int] = field("考试年度", Int(), filtered, copied="plan_id.exam_year")
    visible_from: Mapped[datetime] = field("公示开始", Moment(), hidden, copied="plan_id.publicity_from")
    school_id: Mapped[int] = reference("所属院校", "school", hidden, copied="candidate_id.school_id")
    host_school_id: Mapped[int | None] = reference("站点院校", "school", hidden, copied="site_id.school_id")
    organisation_id: Mapped[int] = reference(
        "考核单位", "organisation", listed, filtered, copied="plan_id.organisation_id"
    )
    person_id: Mapped[int] = reference("人员", "person", hidden, copied="candidate_id.person_id")

    panel = Panel(
        "考证结果",
        menu="考试管理/考证结果",
        icon="award",
        title="candidate_name",
        order=88,
        allows=("export",),
        cards=(
            Block("考试计划", ("plan_id",)),
            Block("学生信息", ("candidate_name", "id_masked", "ticket_number", "school_name"), photo="photo"),
            Block("考试证书", ("certificate_id", "organisation_id")),
            Block("成绩", ("total", "subject_scores", "exam_status")),
        ),
        related=("issuance_task",),
        unique=(("plan_id", "candidate_id", "certificate_id"),),
        checks=(
            ("total >= 0", "总成绩不能为负数"),
            ("outcome <> 'PENDING' or final_at is null", "待定的结果不是最终结果"),
        ),
        scope=Scope(
            platform=read(),
            school=(read("school_id"), read("host_school_id")),
            organisation=write("organisation_id"),
            candidate=mine(when=_VISIBLE),
        ),
        frozen="OLD.final_at is not null",
        frozen_message="考证结果已最终确定,不能修改",
        empty="还没有考证结果;成绩登记结束后按计划的考核方案自动计算",
    )

    plan: Mapped[ExamPlan]
    ticket: Mapped[AdmissionTicket]
