"""Issued certificates, what happens to them, and wishes to change them (3.7, 4.14; R127–R132)."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, aliased, relationship, validates

from models.candidates import PICTURES
from models.certificates import Level
from models.issuance import IssuanceTask
from models.kit import (
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
    Moment,
    Move,
    Panel,
    Rule,
    Scope,
    State,
    Text,
    add,
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
    tabbed,
    wide,
)
from models.kit.scope import INSERT, SELECT
from models.plans import Phases

EVIDENCE = ("pdf", "doc", "docx", "jpg", "jpeg", "png")


class ECertificate(Declared):
    """An issued certificate as a signed PDF (电子证书). 4.14, R127–R131; it never changes.

    A correction adds the next edition of the same number; printing, posting and revocation are `events`.
    Certificates from before on-line signing have neither task nor PDF (历史证书, 9.34).
    """

    certificate_number: Mapped[str] = field(
        "证书编号", Code(23, check=formats.certificate_number), listed, searched
    )
    edition: Mapped[int] = field("版本", Int(1), listed, default=1)
    candidate_name: Mapped[str] = field("姓名", Text(50), listed, searched)
    id_number: Mapped[str] = field("证件号码", IdNumber(), listed, exact, masked, indexed)
    id_masked: Mapped[str] = field("证件号码", Code(18), hidden)
    photo: Mapped[str | None] = field("照片", File(PICTURES, picture=True))
    certificate_name: Mapped[str] = field("证书名称", Text(100), listed, searched)
    level: Mapped[Level] = field("证书等级", Choice(Level), listed, filtered)
    organisation_name: Mapped[str] = field("颁证机构", Text(100), listed)
    school_name: Mapped[str | None] = field("所属院校", Text(100), listed, searched)
    site_name: Mapped[str | None] = field("考核站点", Text(80))
    issued_at: Mapped[datetime] = field("发证时间", Moment(), listed, filtered)
    file: Mapped[str | None] = field("电子证书", File(("pdf",)), hidden)  # behind 下载, which leaves a fact
    digest: Mapped[str | None] = field("SHA-256", Code(64))
    historic: Mapped[bool] = field("历史证书", Flag(), filtered, default=False)
    correction_id: Mapped[int | None] = reference("依据的更正申请", "correction_request", hidden)
    task_id: Mapped[int | None] = reference(
        "证书发放记录", "issuance_task", hidden, within=("organisation_id",)
    )
    school_id: Mapped[int | None] = reference("所属院校", "school", hidden, copied="task_id.school_id")
    host_school_id: Mapped[int | None] = reference(
        "考核站点院校", "school", hidden, copied="task_id.host_school_id"
    )
    organisation_id: Mapped[int] = reference("颁证机构", "organisation", filtered)
    person_id: Mapped[int | None] = reference("人员", "person", hidden)

    panel = Panel(
        "电子证书",
        menu="证书管理/电子证书",
        icon="file-certificate",
        title="certificate_number",
        order=35,
        allows=("export",),
        cards=(
            Block("学生信息", ("candidate_name", "id_number", "school_name"), photo="photo"),
            Block("证书信息", ("certificate_number", "certificate_name", "level", "issued_at")),
            Block("颁证机构", ("organisation_name", "site_name")),
        ),
        related=("certificate_event",),
        append_only=True,
        frozen_message="已签发的证书不能修改或删除,请走更正、补办或注销",
        unique=(("certificate_number", "edition"), ("task_id", "edition")),
        checks=(
            ("certificate_number ~ '^[0-9]{23}$' or historic", "证书编号应为23位数字"),
            ("edition >= 1", "版本从1开始"),
            ("historic = (task_id is null)", "历史证书没有发放记录"),
            ("historic or (file is not null and digest is not null)", "电子证书有文件和摘要"),
        ),
        scope=Scope(
            platform=add(),
            school=(read("school_id"), read("host_school_id")),
            organisation=read("organisation_id"),
            candidate=mine(),
        ),
        empty="还没有电子证书;双方签发后自动生成",
    )

    task: Mapped[IssuanceTask | None]
    events: Mapped[list[CertificateEvent]] = relationship(
        "CertificateEvent",
        primaryjoin="ECertificate.certificate_number == foreign(CertificateEvent.certificate_number)",
        order_by="CertificateEvent.at",
        viewonly=True,
    )

    PHASES: ClassVar[Phases] = {
        "有效": lambda _: sa.and_(sa.not_(_revoked()), sa.not_(_superseded())),
        "已更新": lambda _: _superseded(),
        "已注销": lambda _: _revoked(),
    }

    @validates("id_number")
    def _derive(self, _: str, number: str) -> str:
        self.id_masked = formats.mask_id(number)
        return number

    @property
    def revoked_at(self) -> datetime | None:
        """When the number became void, whichever edition (R131)."""
        return next((event.at for event in self.events if event.kind == EventKind.REVOKED), None)


class EventKind(Choices):
    PRINTED = "PRINTED", "打印"
    POSTED = "POSTED", "邮寄"
    HANDED_OVER = "HANDED_OVER", "发放"
    DOWNLOADED = "DOWNLOADED", "下载"
    REISSUED = "REISSUED", "补办", "blue"
    REVOKED = "REVOKED", "注销", "red"


class CertificateEvent(Declared):
    """What happened to an issued certificate afterwards (证书事项). 4.14, R132; only ever added."""

    e_certificate_id: Mapped[int] = reference(
        "电子证书", "e_certificate", listed, within=("organisation_id",)
    )
    certificate_number: Mapped[str] = field(
        "证书编号", Code(23), listed, searched, indexed, copied="e_certificate_id.certificate_number"
    )
    kind: Mapped[EventKind] = field("事项", Choice(EventKind), listed, filtered)
    note: Mapped[str | None] = field("说明", Text(500), listed, help="注销原因、快递单号等")
    account_id: Mapped[int | None] = reference("经办人", "account", listed)
    at: Mapped[datetime] = field("时间", Moment(), listed, filtered, default=clock.now)
    correction_id: Mapped[int | None] = reference("依据的申请", "correction_request", hidden)
    school_id: Mapped[int | None] = reference(
        "所属院校", "school", hidden, copied="e_certificate_id.school_id"
    )
    host_school_id: Mapped[int | None] = reference(
        "考核站点院校", "school", hidden, copied="e_certificate_id.host_school_id"
    )
    organisation_id: Mapped[int] = reference(
        "颁证机构", "organisation", hidden, copied="e_certificate_id.organisation_id"
    )
    person_id: Mapped[int | None] = reference("人员", "person", hidden, copied="e_certificate_id.person_id")

    panel = Panel(
        "证书事项",
        icon="timeline-event",
        title="at",
        sort="-at",
        allows=("export",),
        append_only=True,
        unique_when=((("certificate_number",), "kind = 'REVOKED'", "证书已注销"),),
        checks=(("kind <> 'REVOKED' or coalesce(length(note), 0) >= 2", "注销须说明原因"),),
        scope=Scope(
            platform=add(),
            school=(
                read("school_id"),
                read("host_school_id"),
                Rule("school_id", (INSERT,), when="kind in ('DOWNLOADED', 'HANDED_OVER')"),
            ),
            organisation=(
                read("organisation_id"),
                Rule("organisation_id", (INSERT,), when="kind <> 'REVOKED'"),
            ),
            candidate=(
                mine(),
                Rule("person_id", (INSERT,), when="kind = 'DOWNLOADED'", school="school_id"),
            ),
        ),
        empty="该证书还没有打印、邮寄等记录",
    )

    e_certificate: Mapped[ECertificate]


def _revoked() -> sa.ColumnElement[bool]:
    return (
        sa.select(CertificateEvent.id)
        .where(
            CertificateEvent.certificate_number == ECertificate.certificate_number,
            CertificateEvent.kind == EventKind.REVOKED,
        )
        .exists()
    )


def _superseded() -> sa.ColumnElement[bool]:
    newer = aliased(ECertificate)
    same = newer.certificate_number == ECertificate.certificate_number
    return sa.select(newer.id).where(same, newer.edition > ECertificate.edition).exists()


class CorrectionKind(Choices):
    CORRECTION = "CORRECTION", "更正"
    REISSUE = "REISSUE", "补办"
    REVOCATION = "REVOCATION", "注销"


class CorrectionState(Choices):
    PENDING = "PENDING", "待处理", "amber"
    IN_PROGRESS = "IN_PROGRESS", "处理中", "blue"
    APPROVED = "APPROVED", "已通过", "green"
    REJECTED = "REJECTED", "已驳回", "red"


class Stage(Choices):
    """Who decides next (4.14)."""

    SCHOOL = "SCHOOL", "院校"
    ORGANISATION = "ORGANISATION", "培训评价组织"
    PLATFORM = "PLATFORM", "平台"


_X = CorrectionState
_LIVE = (_X.PENDING, _X.IN_PROGRESS)
CORRECTION_FLOW = Flow(
    CorrectionState,
    _X.PENDING,
    moves(
        Move("agree", "同意", _LIVE, _X.APPROVED, confirm="同意后转下一级,或在最后一级生效", icon="check"),
        Move("reject", "驳回", _LIVE, _X.REJECTED, reason="answer", danger=True, icon="x"),
    ),
    also=((_X.PENDING, _X.IN_PROGRESS),),
)


class CorrectionRequest(Declared):
    """A wish to correct, reissue or revoke, decided by others than who asks (更正/补办/注销申请). 4.14, R132."""

    kind: Mapped[CorrectionKind] = field("类型", Choice(CorrectionKind), listed, filtered)
    e_certificate_id: Mapped[int | None] = reference("电子证书", "e_certificate", within=("organisation_id",))
    certificate_number: Mapped[str | None] = field(
        "证书编号", Code(23), listed, searched, copied="e_certificate_id.certificate_number"
    )
    candidate_id: Mapped[int | None] = reference("考生", "candidate", within=("school_id",))
    candidate_name: Mapped[str] = field("姓名", Text(50), listed, searched, readonly)
    new_name: Mapped[str | None] = field(
        "更正后的姓名", Text(50, least=2, check=formats.person_name), section="更正内容"
    )
    old_id_number: Mapped[str | None] = field("原证件号码", IdNumber(), masked, readonly, section="更正内容")
    new_id_number: Mapped[str | None] = field("更正后的证件号码", IdNumber(), masked, section="更正内容")
    new_photo: Mapped[str | None] = field("更正后的照片", File(PICTURES, picture=True), section="更正内容")
    reason: Mapped[str] = field("申请原因", Text(500, least=2), wide, section="申请")
    evidence: Mapped[str] = field("证明材料", File(EVIDENCE), section="申请")
    requested_by_id: Mapped[int | None] = reference("申请人", "account", readonly)
    state: Mapped[CorrectionState] = field(
        "状态", State(CorrectionState), listed, tabbed, readonly, flow=CORRECTION_FLOW
    )
    stage: Mapped[Stage] = field("当前处理方", Choice(Stage), listed, filtered, readonly)
    school_opinion: Mapped[str | None] = field("院校意见", Text(500), readonly, wide)
    organisation_opinion: Mapped[str | None] = field("培训评价组织意见", Text(500), readonly, wide)
    platform_opinion: Mapped[str | None] = field("平台意见", Text(500), readonly, wide)
    answer: Mapped[str | None] = field("驳回原因", Text(500, least=2), readonly, wide)
    decided_at: Mapped[datetime | None] = field("办结时间", Moment(), listed, readonly)
    decided_by_id: Mapped[int | None] = reference("办结人", "account", hidden)
    school_id: Mapped[int | None] = reference("所属院校", "school", hidden)
    organisation_id: Mapped[int | None] = reference("颁证机构", "organisation", hidden)
    person_id: Mapped[int | None] = reference("人员", "person", hidden)

    panel = Panel(
        "更正/补办/注销申请",
        menu="证书管理/更正补办注销",
        icon="file-pencil",
        title="candidate_name",
        order=40,
        allows=("add", "export"),
        checks=(
            ("num_nonnulls(e_certificate_id, candidate_id) >= 1", "须指明证书或考生"),
            ("kind = 'CORRECTION' or e_certificate_id is not null", "补办、注销须指明证书"),
            (
                "(kind = 'CORRECTION') = (num_nonnulls(new_name, new_id_number, new_photo) > 0)",
                "更正须填写更正后的姓名、证件号码或照片",
            ),
            ("length(reason) >= 2", "须说明申请原因"),
            ("(state in ('APPROVED', 'REJECTED')) = (decided_at is not null)", "办结时间与状态一致"),
            ("state <> 'REJECTED' or answer is not null", "驳回须说明原因"),
            ("decided_by_id <> requested_by_id", "申请人不能自己办结"),
        ),
        scope=Scope(
            platform=change(
                "", "state", "stage", "platform_opinion", "answer", "decided_at", "decided_by_id"
            ),
            school=(
                Rule("school_id", (SELECT, INSERT)),
                change(
                    "school_id", "state", "stage", "school_opinion", "answer", "decided_at", "decided_by_id"
                ),
            ),
            organisation=(
                Rule("organisation_id", (SELECT, INSERT)),
                change(
                    "organisation_id",
                    "state",
                    "stage",
                    "organisation_opinion",
                    "answer",
                    "decided_at",
                    "decided_by_id",
                ),
            ),
            candidate=mine(INSERT),
        ),
        frozen="OLD.state in ('APPROVED', 'REJECTED')",
        frozen_message="申请已办结,不能修改",
        empty="没有更正、补办或注销申请",
    )

    e_certificate: Mapped[ECertificate | None]
