"""Exam sites: applied for by a school, decided by the organisation, changed without losing what is valid (4.4, R79)."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.services import notify, numbers, pilot
from app.services.actions import (
    Ask,
    after_save,
    before_delete,
    before_save,
    deletable_when,
    editable_when,
    move,
)
from app.services.completeness import at_commit
from app.services.errors import Conflict, DomainError
from models.certificates import Certificate, CertificateState
from models.directory import Organisation
from models.jobs import MessageKind, StoredFile
from models.kit import Text, clock, formats
from models.sites import ExamSite, ExamSiteCertificate, ExamSiteFile, SiteState

_FIRST_CODE, _CODES = 10_000, 89_999
MOST_FILES = 5


# Applying


@before_save(ExamSite)
def _may_apply(session: Session, actor: Actor, row: ExamSite, values: dict[str, Any]) -> None:
    """– → 待审核: pilot this year, the organisation works; the code is given once (4.4)."""
    if not sa.inspect(row).transient:
        _require_undecided(row)
        return
    pilot.require_pilot(session, row.school_id, clock.today().year)
    organisation = session.get(Organisation, row.organisation_id)
    if organisation is None or not organisation.active:
        raise DomainError("site.organisation", "该培训评价组织不存在或已停用", "organisation_id")
    row.site_code = f"{_FIRST_CODE + numbers.take(session, 'site', ceiling=_CODES)[0]:05d}"
    row.certificate_count = 0


@after_save(ExamSite)
def _with_certificates(session: Session, actor: Actor, row: ExamSite, values: dict[str, Any]) -> None:
    site_id, fresh = row.id, row.version == 1
    at_commit(session, lambda committing: _complete(committing, site_id, fresh))


def _complete(session: Session, site_id: int, fresh: bool) -> None:
    """E94: at least one certificate; the organisation learns of a new application."""
    site = session.get(ExamSite, site_id)
    if site is None:
        return
    count = session.scalar(
        sa.select(sa.func.count())
        .select_from(ExamSiteCertificate)
        .where(ExamSiteCertificate.site_id == site_id)
    )
    if not count:
        raise DomainError("site.certificates", "请至少添加一个申请考试的证书", "exam_site_certificate")
    if site.certificate_count != count:
        site.certificate_count = count
    if fresh:
        _tell_organisation(session, site, "申报了考核站点")


@before_save(ExamSiteCertificate)
def _own_certificate(
    session: Session, actor: Actor, row: ExamSiteCertificate, values: dict[str, Any]
) -> None:
    """E94: certificates of the organisation applied to, enabled."""
    site = session.get_one(ExamSite, row.site_id)
    _require_undecided(site)
    certificate = session.get(Certificate, row.certificate_id)
    if certificate is None or certificate.organisation_id != site.organisation_id:
        raise DomainError("site.certificate", "只能添加申报对象(考核单位)的证书", "certificate_id")
    if certificate.state is not CertificateState.ENABLED:
        raise DomainError("site.certificate", f"“{certificate}”未启用,不能申请", "certificate_id")


@before_save(ExamSiteFile)
def _supporting_file(session: Session, actor: Actor, row: ExamSiteFile, values: dict[str, Any]) -> None:
    """At most five; the row carries its number and the name the file was uploaded under (R18)."""
    with session.no_autoflush:
        _require_undecided(session.get_one(ExamSite, row.site_id))
        name = session.scalar(sa.select(StoredFile.name).where(StoredFile.key == row.file))
        taken = set(
            session.scalars(sa.select(ExamSiteFile.ordinal).where(ExamSiteFile.site_id == row.site_id))
        )
    if name is None:
        raise DomainError("file.none", "请重新上传文件", "file")
    row.file_name = name
    if sa.inspect(row).transient:
        free = [number for number in range(1, MOST_FILES + 1) if number not in taken]
        if not free:
            raise DomainError("file.many", f"最多上传{MOST_FILES}个佐证材料", "file")
        row.ordinal = free[0]


@before_delete(ExamSiteFile)
def _file_goes(session: Session, actor: Actor, row: ExamSiteFile) -> None:
    _require_undecided(session.get_one(ExamSite, row.site_id))


@before_delete(ExamSiteCertificate)
def _certificate_goes(session: Session, actor: Actor, row: ExamSiteCertificate) -> None:
    _require_undecided(session.get_one(ExamSite, row.site_id))


@before_delete(ExamSite)
def _application_goes(session: Session, actor: Actor, row: ExamSite) -> None:
    """待审核 → 撤销 (4.4)."""
    _require_undecided(row)


@editable_when(ExamSite)
def editable(site: ExamSite) -> bool:
    """Until it is approved for the first time; afterwards changes are applied for (变更申请)."""
    return site.approved_at is None and site.state in (SiteState.PENDING, SiteState.REFUSED)


deletable_when(ExamSite)(editable)


def _require_undecided(site: ExamSite) -> None:
    if not editable(site):
        raise Conflict("site.decided", "站点已通过审核,修改请使用“变更申请”")


# Decisions


@move(ExamSite, "approve", order=20, primary=True)
def approve(session: Session, actor: Actor, rows: list[ExamSite]) -> str:
    """待审核 → 审核通过: the site may be used; of a change, what it asks becomes true (R79)."""
    moment = clock.now()
    for site in rows:
        _require(site, SiteState.PENDING)
        change = site.pending_change
        fresh = ExamSiteCertificate.site_id == site.id, ExamSiteCertificate.approved_at.is_(None)
        asked = ExamSiteCertificate.certificate_id.in_((change or {}).get("certificates", []))
        session.execute(
            sa.update(ExamSiteCertificate)
            .where(*fresh, *([asked] if change is not None else []))
            .values(approved_at=moment)
            .execution_options(synchronize_session=False)
        )
        for column in ("address", "place_city_id", "county_id"):
            if change is not None and column in change:
                setattr(site, column, change[column])
        site.state, site.refusal_reason = SiteState.APPROVED, None
        site.pending_change, site.change_text = None, None
        site.approved_at, site.decided_at = site.approved_at or moment, moment
        site.certificate_count = _approved(session, site)
        _tell_school(session, site, "变更已通过审核" if change is not None else "已通过审核")
    session.flush()
    return f"已通过{len(rows)}个站点"


@move(ExamSite, "refuse", order=21, asks=(Ask("refusal_reason", "原因", Text(500, 2)),))
def refuse(session: Session, actor: Actor, rows: list[ExamSite], refusal_reason: str) -> str:
    """待审核 → 审核不通过; a refused change leaves the site approved as it was."""
    for site in rows:
        _require(site, SiteState.PENDING)
        changed = site.pending_change is not None
        site.state = SiteState.APPROVED if changed else SiteState.REFUSED
        site.pending_change, site.change_text = None, None
        site.refusal_reason, site.decided_at = refusal_reason, clock.now()
        _tell_school(session, site, "变更未通过审核" if changed else "未通过审核", refusal_reason)
    session.flush()
    return f"已退回{len(rows)}个站点"


@move(ExamSite, "resubmit", order=22, primary=True)
def resubmit(session: Session, actor: Actor, rows: list[ExamSite]) -> str:
    """审核不通过 → 待审核."""
    for site in rows:
        _require(site, SiteState.REFUSED)
        pilot.require_pilot(session, site.school_id, clock.today().year)
        site.state, site.refusal_reason, site.decided_at = SiteState.PENDING, None, None
        _tell_organisation(session, site, "再次提交了考核站点")
    session.flush()
    return f"已提交{len(rows)}个站点"


# Changing an approved site


def _certificates_to_add(session: Session) -> list[tuple[str, str]]:
    rows = session.scalars(
        sa.select(Certificate).where(Certificate.state == CertificateState.ENABLED).order_by(Certificate.code)
    )
    return [(str(row.id), row.full_name) for row in rows]


@move(
    ExamSite,
    "amend",
    on="one",
    order=23,
    asks=(
        Ask(
            "certificate_id",
            "增加证书",
            None,
            required=False,
            options=_certificates_to_add,
            help="考核单位的证书",
        ),
        Ask("address", "新的详细地址", Text(200, 5), required=False, help="不变更地址则留空"),
    ),
)
def _amend(
    session: Session, actor: Actor, rows: list[ExamSite], certificate_id: str = "", address: str = ""
) -> str:
    chosen = formats.row_id(certificate_id)
    certificates = [chosen] if chosen is not None else []
    amend(session, actor, rows[0], certificates=certificates, address=address or "")
    return "变更已提交,审核期间原有信息继续有效"


def amend(
    session: Session,
    actor: Actor,
    site: ExamSite,
    *,
    certificates: list[int] | None = None,
    address: str = "",
) -> None:
    """审核通过 → 待审核 for the change only: more certificates, another address (4.4)."""
    _require(site, SiteState.APPROVED)
    pilot.require_pilot(session, site.school_id, clock.today().year)
    known = set(
        session.scalars(
            sa.select(ExamSiteCertificate.certificate_id).where(
                ExamSiteCertificate.site_id == site.id, ExamSiteCertificate.approved_at.is_not(None)
            )
        )
    )
    added = [key for key in certificates or [] if key not in known]
    change: dict[str, Any] = {"certificates": added} if added else {}
    if address and address != site.address:
        change["address"] = address
    if not change:
        raise DomainError("site.amend", "没有变更内容:该证书已在站点中,地址也未变化", "certificate_id")
    words = [f"地址变更为“{address}”"] if "address" in change else []
    for key in added:
        certificate = session.get(Certificate, key)
        if certificate is None or certificate.organisation_id != site.organisation_id:
            raise DomainError("site.certificate", "只能添加申报对象(考核单位)的证书", "certificate_id")
        words.append(f"增加证书“{certificate.full_name}”")
    if added:
        values = [
            {
                "site_id": site.id,
                "certificate_id": key,
                "school_id": site.school_id,
                "organisation_id": site.organisation_id,
            }
            for key in added
        ]
        session.execute(insert(ExamSiteCertificate).values(values).on_conflict_do_nothing())
    site.state, site.refusal_reason = SiteState.PENDING, None
    site.pending_change, site.change_text = change, ";".join(words)[:500]
    session.flush()
    _tell_organisation(session, site, "申请变更考核站点")


@move(ExamSite, "disable", order=24)
def disable(session: Session, actor: Actor, rows: list[ExamSite]) -> str:
    """审核通过 → 已停用, when no exam is to come there (4.4)."""
    for site in rows:
        _require(site, SiteState.APPROVED)
        if session.scalar(sa.select(sa.func.panel_site_in_use(site.id))):
            raise Conflict("site.in_use", f"站点“{site.name}”还有未结束的考场安排,不能停用")
        site.state, site.decided_at = SiteState.DISABLED, clock.now()
        if actor.kind == "organisation":
            _tell_school(session, site, "已被考核单位停用")
        else:
            _tell_organisation(session, site, "停用了考核站点")
    session.flush()
    return f"已停用{len(rows)}个站点"


# Telling


def _require(site: ExamSite, state: SiteState) -> None:
    if site.state is not state:
        raise Conflict("site.state", f"站点“{site.name}”现为{site.state.label},不能进行此操作")


def _approved(session: Session, site: ExamSite) -> int:
    return (
        session.scalar(
            sa.select(sa.func.count())
            .select_from(ExamSiteCertificate)
            .where(ExamSiteCertificate.site_id == site.id, ExamSiteCertificate.approved_at.is_not(None))
        )
        or 0
    )


def _tell_school(session: Session, site: ExamSite, result: str, reason: str = "") -> None:
    title = f"考核站点“{site.name}”{result}"
    link = f"/console/exam_site/{site.id}"
    notify.message(session, title, reason, kind=MessageKind.RESULT, link=link, school_id=site.school_id)
    params = {"site": site.name, "result": result + (f":{reason}" if reason else "")}
    notify.sms(session, site.contact_mobile, "site_decided", params, about=("exam_site", site.id))


def _tell_organisation(session: Session, site: ExamSite, what: str) -> None:
    title = f"{site.school_name}{what}“{site.name}”"
    link = f"/console/exam_site/{site.id}"
    notify.message(session, title, kind=MessageKind.TODO, link=link, organisation_id=site.organisation_id)
