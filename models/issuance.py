"""Issuing: seals, tasks, signatures, signing by phone (3.7, 4.12, 4.13; R113–R126)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import ClassVar

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, relationship, validates

from models.candidates import PICTURES, CandidateKind
from models.certificates import Level
from models.kit import (
    Block,
    Choice,
    Choices,
    Code,
    Declared,
    File,
    Flow,
    IdNumber,
    Int,
    Moment,
    Move,
    Panel,
    Rule,
    Scope,
    State,
    Text,
    change,
    clock,
    exact,
    field,
    filtered,
    formats,
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
    unique,
    wide,
    write,
)
from models.kit.scope import INSERT, SELECT, UPDATE
from models.plans import ExamPlan, Phases
from models.scores import CertificateResult

_PRINCIPAL = ("principal",)
_VISIBLE = "visible_from <= (select app_now())"


class Position(Choices):
    """A site principal is a vice-president or above (R125); an organisation's is its head or deputy."""

    PRESIDENT = "PRESIDENT", "校长"
    PARTY_SECRETARY = "PARTY_SECRETARY", "党委书记"
    VICE_PRESIDENT = "VICE_PRESIDENT", "副校长"
    VICE_SECRETARY = "VICE_SECRETARY", "党委副书记"
    HEAD = "HEAD", "组织负责人"
    DEPUTY_HEAD = "DEPUTY_HEAD", "组织副负责人"


class Seal(Declared):
    """The seal of a school's or an organisation's principal; the newest edition signs (签名章). R122–R126, 9.16.

    Editions are only added: what was signed keeps the seal of its time (R126, E134).
    """

    image: Mapped[str] = field(
        "签名章", File(("png",), picture=True), help="透明底PNG,正方形,建议95×95像素,不超过1 MB"
    )
    holder_name: Mapped[str] = field("负责人姓名", Text(50, least=2, check=formats.person_name), listed)
    holder_position: Mapped[Position] = field("职务", Choice(Position), listed, help="副校长及以上")
    authorisation_text: Mapped[str] = field("委托书版本", Code(20), readonly)
    authorisation_accepted_at: Mapped[datetime] = field("同意委托书时间", Moment(), listed, readonly)
    edition: Mapped[int] = field("版本", Int(1), listed, readonly)
    active_from: Mapped[datetime] = field("启用时间", Moment(), listed, readonly, default=clock.now)
    school_id: Mapped[int | None] = reference("院校", "school", hidden)
    organisation_id: Mapped[int | None] = reference("培训评价组织", "organisation", hidden)

    panel = Panel(
        "签名章",  # its pages are hand-made: nobody but the principal gets there (R124)
        icon="rubber-stamp",
        title="holder_name",
        allows=(),
        append_only=True,
        frozen_message="签名章不能修改或删除,更换请上传新的签名章",
        unique=(("school_id", "edition"), ("organisation_id", "edition")),
        checks=(("num_nonnulls(school_id, organisation_id) = 1", "签名章只属于一个机构"),),
        scope=Scope(
            school=Rule("school_id", (SELECT, INSERT), roles=_PRINCIPAL),
            organisation=Rule("organisation_id", (SELECT, INSERT), roles=_PRINCIPAL),
        ),
        empty="还没有签名章,上传后才能签发证书",
    )


class IssuanceState(Choices):
    WAITING_LOCK = "WAITING_LOCK", "待锁定", "grey"
    WAITING_ORGANISATION = "WAITING_ORGANISATION", "待培训评价组织签发", "amber"
    REFUSED_ORGANISATION = "REFUSED_ORGANISATION", "培训评价组织拒绝签发", "red"
    WAITING_SITE = "WAITING_SITE", "待考核站点签发", "amber"
    REFUSED_SITE = "REFUSED_SITE", "考核站点拒绝签发", "red"
    SIGNED = "SIGNED", "已签发", "violet"
    TERMINATED = "TERMINATED", "已终止", "grey"


_S = IssuanceState
_REFUSED = (_S.REFUSED_ORGANISATION, _S.REFUSED_SITE)
ISSUANCE_FLOW = Flow(
    IssuanceState,
    _S.WAITING_LOCK,
    moves(
        Move("sign_organisation", "确认签发", (_S.WAITING_ORGANISATION,), _S.WAITING_SITE, icon="signature"),
        Move(
            "refuse_organisation",
            "拒绝签发",
            (_S.WAITING_ORGANISATION,),
            _S.REFUSED_ORGANISATION,
            reason="decision_reason",
            danger=True,
            icon="x",
        ),
        Move("sign_site", "确认签发", (_S.WAITING_SITE,), _S.SIGNED, icon="signature"),
        Move(
            "refuse_site",
            "拒绝签发",
            (_S.WAITING_SITE,),
            _S.REFUSED_SITE,
            reason="decision_reason",
            danger=True,
            icon="x",
        ),
        Move(
            "reissue",
            "重新签发",
            _REFUSED,
            _S.WAITING_ORGANISATION,
            reason="settlement",
            icon="refresh",
            confirm="请填写处理情况;新一轮由培训评价组织和考核站点重新签发",
        ),
        Move(
            "terminate",
            "终止",
            _REFUSED,
            _S.TERMINATED,
            reason="settlement",
            danger=True,
            icon="ban",
            confirm="终止后不能恢复,证书编号不再使用",
        ),
    ),
    also=((_S.WAITING_LOCK, _S.WAITING_ORGANISATION),),
)


def _in(state: IssuanceState) -> Callable[[datetime], sa.ColumnElement[bool]]:
    return lambda _: IssuanceTask.state == state


class IssuanceTask(Declared):
    """A certificate on its way from a passed result to two signatures (证书发放记录). 4.12, R113–R120.

    What stands on the certificate is a snapshot taken when the scores lock; the number is given then (R116).
    The task of a result that fails before the lock is deleted, with no number burnt (9.13).
    """

    result_id: Mapped[int] = reference(
        "考证结果", "certificate_result", hidden, within=("school_id", "organisation_id")
    )
    candidate_name: Mapped[str] = field("学生姓名", Text(50), listed, searched, readonly)
    id_number: Mapped[str] = field("证件号码", IdNumber(), listed, exact, masked, indexed, readonly)
    id_masked: Mapped[str] = field("证件号码", Code(18), hidden)
    photo: Mapped[str | None] = field("照片", File(PICTURES, picture=True), readonly)
    candidate_kind: Mapped[CandidateKind] = field(
        "学生类型", Choice(CandidateKind), filtered, readonly, default=CandidateKind.STUDENT
    )
    school_name: Mapped[str] = field("所属院校", Text(100), listed, searched, readonly)
    certificate_number: Mapped[str | None] = field(
        "证书编号", Code(23, check=formats.certificate_number), listed, searched, unique, readonly
    )
    certificate_name: Mapped[str] = field("证书名称", Text(100), listed, searched, readonly)
    level: Mapped[Level] = field("证书等级", Choice(Level), listed, filtered, readonly)
    organisation_name: Mapped[str] = field("颁证机构", Text(100), listed, searched, readonly)
    issued_at: Mapped[datetime | None] = field("发证时间", Moment(), listed, filtered, readonly)
    plan_id: Mapped[int] = reference("考试计划", "exam_plan", listed, filtered, copied="result_id.plan_id")
    site_id: Mapped[int | None] = reference("考核站点", "exam_site", filtered, copied="result_id.site_id")
    site_name: Mapped[str | None] = field("考核站点", Text(80), listed, readonly)
    state: Mapped[IssuanceState] = field(
        "证书状态", State(IssuanceState), listed, readonly, flow=ISSUANCE_FLOW
    )
    round: Mapped[int] = field("签发轮次", Int(1), readonly, default=1)
    decision_reason: Mapped[str | None] = field("拒绝原因", Text(500, least=2), readonly, wide)
    settlement: Mapped[str | None] = field("处理情况", Text(500, least=2), readonly, wide)
    certificate_id: Mapped[int] = reference("证书", "certificate", hidden, copied="result_id.certificate_id")
    candidate_id: Mapped[int] = reference("考生", "candidate", hidden, copied="result_id.candidate_id")
    visible_from: Mapped[datetime] = field("公示开始", Moment(), hidden, copied="result_id.visible_from")
    school_id: Mapped[int] = reference("所属院校", "school", hidden, copied="result_id.school_id")
    host_school_id: Mapped[int | None] = reference(
        "签发院校", "school", hidden, copied="result_id.host_school_id"
    )
    organisation_id: Mapped[int] = reference(
        "颁证机构", "organisation", hidden, copied="result_id.organisation_id"
    )
    person_id: Mapped[int] = reference("人员", "person", hidden, copied="result_id.person_id")

    panel = Panel(
        "证书发放记录",
        menu="证书管理/证书发放管理",
        icon="certificate-2",
        title="candidate_name",
        order=30,
        allows=("export",),
        cards=(
            Block("学生信息", ("candidate_name", "id_number", "school_name"), photo="photo"),
            Block(
                "证书信息",
                ("certificate_number", "certificate_name", "level", "organisation_name", "issued_at"),
            ),
            Block("考证结果", ("plan_id", "site_name")),
        ),
        related=("signature", "e_certificate"),
        unique=(("result_id",),),
        checks=(
            ("certificate_number ~ '^[0-9]{23}$'", "证书编号应为23位数字"),
            (
                "state = 'WAITING_LOCK' or certificate_number is not null",
                "成绩锁定后的发放记录有证书编号",
            ),
            ("(state = 'SIGNED') = (issued_at is not null)", "发证时间与证书状态一致"),
            ("round >= 1", "签发轮次从1开始"),
            (
                "state not in ('REFUSED_ORGANISATION', 'REFUSED_SITE') or decision_reason is not null",
                "拒绝签发须说明原因",
            ),
        ),
        scope=Scope(
            platform=read(),
            school=(
                read("school_id"),
                read("host_school_id"),
                Rule(
                    "host_school_id",
                    (SELECT, UPDATE),
                    columns=("state", "issued_at", "decision_reason"),
                    roles=_PRINCIPAL,
                ),
            ),
            organisation=write("organisation_id"),
            candidate=mine(when=_VISIBLE),
        ),
        frozen="OLD.state in ('SIGNED', 'TERMINATED')",
        frozen_message="签发已完成,不能撤销或修改",
        empty="还没有证书发放记录;考证结果通过后自动生成",
    )

    result: Mapped[CertificateResult]
    plan: Mapped[ExamPlan]

    PHASES: ClassVar[Phases] = {
        "待锁定": _in(_S.WAITING_LOCK),
        "培训评价组织待签发": _in(_S.WAITING_ORGANISATION),
        "培训评价组织拒绝签发": _in(_S.REFUSED_ORGANISATION),
        "考核站点待签发": _in(_S.WAITING_SITE),
        "考核站点拒绝签发": _in(_S.REFUSED_SITE),
        "已签发": _in(_S.SIGNED),
        "已终止": _in(_S.TERMINATED),
    }

    @validates("id_number")
    def _derive(self, _: str, number: str) -> str:
        self.id_masked = formats.mask_id(number)
        return number


class Party(Choices):
    """Both must sign, the organisation first (R115, R117)."""

    ORGANISATION = "ORGANISATION", "培训评价组织"
    SITE_SCHOOL = "SITE_SCHOOL", "考核站点"


class Decision(Choices):
    SIGNED = "SIGNED", "确认签发", "green"
    REFUSED = "REFUSED", "拒绝签发", "red"


class Signature(Declared):
    """One party's decision in one round of a task; never undone (签发记录). R117–R121, E129."""

    task_id: Mapped[int] = reference(
        "证书发放记录", "issuance_task", listed, within=("school_id", "organisation_id")
    )
    round: Mapped[int] = field("轮次", Int(1), listed)
    party: Mapped[Party] = field("签发方", Choice(Party), listed, filtered)
    decision: Mapped[Decision] = field("决定", Choice(Decision), listed, filtered)
    reason: Mapped[str | None] = field("拒绝原因", Text(500, least=2), listed)
    hand_signature: Mapped[str | None] = field("手写签名", File(("png",)), help="只用于本次签发,不印在证书上")
    seal_id: Mapped[int | None] = reference("签名章", "seal", hidden)
    account_id: Mapped[int] = reference("签发人", "account", listed)
    at: Mapped[datetime] = field("时间", Moment(), listed, filtered, default=clock.now)
    school_id: Mapped[int] = reference("所属院校", "school", hidden, copied="task_id.school_id")
    host_school_id: Mapped[int | None] = reference(
        "签发院校", "school", hidden, copied="task_id.host_school_id"
    )
    organisation_id: Mapped[int] = reference(
        "颁证机构", "organisation", hidden, copied="task_id.organisation_id"
    )

    panel = Panel(
        "签发记录",
        icon="signature",
        title="at",
        sort="at",
        allows=("export",),
        append_only=True,
        frozen_message="签发记录不能修改或删除",
        unique=(("task_id", "round", "party"),),
        checks=(
            ("decision = 'SIGNED' or coalesce(length(reason), 0) >= 2", "拒绝签发须说明原因"),
            (
                "decision = 'REFUSED' or (hand_signature is not null and seal_id is not null)",
                "确认签发须有签名章和手写签名",
            ),
        ),
        scope=Scope(
            platform=read(),
            school=(
                read("school_id"),
                read("host_school_id"),
                Rule("host_school_id", (INSERT,), when="party = 'SITE_SCHOOL'", roles=_PRINCIPAL),
            ),
            organisation=(
                read("organisation_id"),
                Rule("organisation_id", (INSERT,), when="party = 'ORGANISATION'", roles=_PRINCIPAL),
            ),
        ),
        empty="还没有签发记录",
    )

    task: Mapped[IssuanceTask]


class SigningState(Choices):
    WAITING = "WAITING", "待扫码", "amber"
    OPENED = "OPENED", "已打开", "blue"
    SIGNED = "SIGNED", "已签", "green"
    EXPIRED = "EXPIRED", "已失效", "grey"


_Q = SigningState
SIGNING_FLOW = Flow(
    SigningState,
    _Q.WAITING,
    moves(Move("cancel", "取消", (_Q.WAITING, _Q.OPENED), _Q.EXPIRED, plain=True, icon="x")),
    also=((_Q.WAITING, _Q.OPENED), (_Q.OPENED, _Q.SIGNED)),
)


class SigningRequest(Declared):
    """A QR code shown at the desk, for one hand signature on a phone (扫码签字). 4.13, R118, E125, E126.

    Only digests of token, phone and desktop session are kept: whoever reads the row cannot sign with it.
    """

    token_hash: Mapped[str] = field("令牌摘要", Code(64), unique, hidden)
    party: Mapped[Party] = field("签发方", Choice(Party), listed, readonly)
    task_count: Mapped[int] = field("证书数", Int(1, 5000), listed, readonly)
    account_id: Mapped[int] = reference("发起人", "account", listed, readonly)
    session_hash: Mapped[str] = field("桌面会话摘要", Code(64), hidden)
    expires_at: Mapped[datetime] = field("有效期至", Moment(), listed, readonly)
    opened_at: Mapped[datetime | None] = field("打开时间", Moment(), readonly)
    phone_hash: Mapped[str | None] = field("手机摘要", Code(64), hidden)
    hand_signature: Mapped[str | None] = field("手写签名", File(("png",)), hidden)
    state: Mapped[SigningState] = field("状态", State(SigningState), listed, readonly, flow=SIGNING_FLOW)
    school_id: Mapped[int | None] = reference("院校", "school", hidden)
    organisation_id: Mapped[int | None] = reference("培训评价组织", "organisation", hidden)

    panel = Panel(
        "扫码签字",
        icon="qrcode",
        title="id",
        allows=(),
        checks=(
            ("num_nonnulls(school_id, organisation_id) = 1", "签字请求只属于一个机构"),
            ("(party = 'ORGANISATION') = (organisation_id is not null)", "签发方与机构一致"),
            ("task_count between 1 and 5000", "一次最多签发5000张"),
            ("state in ('WAITING', 'EXPIRED') or opened_at is not null", "已打开的请求有打开时间"),
        ),
        scope=Scope(
            school=write("school_id", roles=_PRINCIPAL),
            organisation=write("organisation_id", roles=_PRINCIPAL),
            auth=change("", "state", "opened_at", "phone_hash", "hand_signature"),
        ),
        frozen="OLD.state in ('SIGNED', 'EXPIRED')",
        frozen_message="签字请求已结束",
        empty="没有签字请求",
    )

    tasks: Mapped[list[SigningRequestTask]] = relationship(
        "SigningRequestTask",
        primaryjoin="SigningRequest.id == foreign(SigningRequestTask.request_id)",
        viewonly=True,
    )


class SigningRequestTask(Declared):
    """A task decided by a signing request: all of them in one transaction, or none (E126)."""

    request_id: Mapped[int] = reference("签字请求", "signing_request", hidden, ondelete="CASCADE")
    task_id: Mapped[int] = reference("证书发放记录", "issuance_task", hidden, ondelete="CASCADE")
    school_id: Mapped[int | None] = reference("院校", "school", hidden, copied="request_id.school_id")
    organisation_id: Mapped[int | None] = reference(
        "培训评价组织", "organisation", hidden, copied="request_id.organisation_id"
    )

    panel = Panel(
        "签字请求的证书",
        icon="list",
        title="id",
        allows=(),
        audit=False,
        unique=(("request_id", "task_id"),),
        scope=Scope(
            school=write("school_id", roles=_PRINCIPAL),
            organisation=write("organisation_id", roles=_PRINCIPAL),
            auth=read(),
        ),
    )

    request: Mapped[SigningRequest]
    task: Mapped[IssuanceTask]
