"""Declarations on the school's side: drafts, what they must hold, submission (4.3, R26–R31, E13–E25)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.services import notify
from app.services.actions import (
    after_save,
    before_delete,
    before_save,
    deletable_when,
    editable_when,
    move,
    noted,
    offered_when,
)
from app.services.batches import window_text
from app.services.errors import Conflict, DomainError
from app.services.richtext import visible_length
from config import settings
from models.certificates import Certificate, CertificateState, Major
from models.declarations import (
    BatchPhase,
    Decision,
    Declaration,
    DeclarationBatch,
    DeclarationBatchCertificate,
    DeclarationFile,
    DeclarationMajor,
    DeclarationState,
    Review,
)
from models.directory import School
from models.jobs import MessageKind, StoredFile
from models.kit import Moment, clock

_MOST_MAJORS = 30
_OPEN_STATES = (DeclarationState.DRAFT, DeclarationState.REFUSED)


# When and what may be declared


def require_open(batch: DeclarationBatch | None) -> DeclarationBatch:
    """The batch, if its window is open now; else a refusal that names the window (R27, R28, E13–E15)."""
    phase = batch.phase(clock.now()) if batch is not None else BatchPhase.DRAFT
    if batch is None or phase is BatchPhase.DRAFT:
        raise DomainError(
            "batch.none", "没有找到该申报批次,请等待省级教育行政部门发布", "batch_id", status=409
        )
    if phase is BatchPhase.COMING:
        raise DomainError(
            "batch.early", f"未到申报时间(申报时间:{window_text(batch)})", "batch_id", status=409
        )
    if phase is BatchPhase.OVER:
        raise DomainError("batch.late", f"申报已截止(申报时间:{window_text(batch)})", "batch_id", status=409)
    return batch


def _require_certificate(session: Session, batch: DeclarationBatch, certificate_id: int) -> None:
    """Enabled, and within the batch's list where it has one (4.3, 3.2)."""
    certificate = session.get(Certificate, certificate_id)
    if certificate is None or certificate.state is not CertificateState.ENABLED:
        raise DomainError("certificate.disabled", "该证书未启用,不能申报", "certificate_id")
    listed = set(
        session.scalars(
            sa.select(DeclarationBatchCertificate.certificate_id).where(
                DeclarationBatchCertificate.batch_id == batch.id
            )
        )
    )
    if listed and certificate_id not in listed:
        raise DomainError(
            "certificate.batch", f"“{certificate.full_name}”不在本批次可申报的证书内", "certificate_id"
        )


def _require_once(session: Session, row: Declaration) -> None:
    """One declaration per school, batch and certificate (R29, E25)."""
    with session.no_autoflush:
        other = session.scalar(
            sa.select(Declaration.id).where(
                Declaration.school_id == row.school_id,
                Declaration.batch_id == row.batch_id,
                Declaration.certificate_id == row.certificate_id,
                Declaration.id.is_distinct_from(row.id),
            )
        )
    if other is not None:
        raise DomainError(
            "declaration.twice", "本批次已申报该证书,不能重复申报", "certificate_id", status=409
        )


@editable_when(Declaration)
def _editable(row: Declaration) -> bool:
    """未提交 and 审核不通过 (E16); outside the window saving answers with the window, not with a closed door (R28)."""
    return row.state in _OPEN_STATES


@deletable_when(Declaration)
def _never_submitted(row: Declaration) -> bool:
    """What was ever submitted has a history that is kept (4.3): it is corrected and submitted again, or left alone."""
    return row.state is DeclarationState.DRAFT and row.submitted_at is None


@offered_when(Declaration)
def _in_window(row: Declaration) -> bool:
    """Outside the window nothing is offered; a request that comes all the same is told the window (R28)."""
    return bool(row.batch is not None and row.batch.phase(clock.now()) is BatchPhase.OPEN)


@noted(Declaration)
def _remarks(session: Session, actor: Actor, row: Declaration) -> dict[str, str]:
    """While a refused declaration is corrected: why it was refused, and the reviewer's remarks beside the columns."""
    if row.state not in _OPEN_STATES:
        return {}
    last = session.scalars(
        sa.select(Review).where(Review.declaration_id == row.id).order_by(Review.id.desc()).limit(1)
    ).one_or_none()
    if last is None or last.decision is not Decision.REFUSED:
        return {}
    when = Moment().shown(last.decided_at)
    return {"": f"{last.stage.label}不通过({when}):{last.reason}", **(last.remarks or {})}


@before_save(Declaration)
def _check(session: Session, actor: Actor, row: Declaration, values: dict[str, Any]) -> None:
    """A draft, new or changed; a refused declaration that is changed is a draft again, its reviews are kept."""
    if row.id is not None and row.state not in _OPEN_STATES:
        raise Conflict("declaration.submitted", "已提交审核的申报不能修改")
    batch = require_open(_batch(session, row.batch_id))
    _require_certificate(session, batch, row.certificate_id)
    _require_once(session, row)
    if row.state is DeclarationState.REFUSED:
        row.state = DeclarationState.DRAFT


@after_save(Declaration)
def _still_published(session: Session, actor: Actor, row: Declaration, values: dict[str, Any]) -> None:
    """Withdrawn in the same moment: the row written here has waited for it, and is looked at once more."""
    published = sa.select(DeclarationBatch.published_at).where(DeclarationBatch.id == row.batch_id)
    if session.scalar(published) is None:
        require_open(None)


@before_delete(Declaration)
def _deletable(session: Session, actor: Actor, row: Declaration) -> None:
    require_open(_batch(session, row.batch_id))
    if not _never_submitted(row):
        raise Conflict("declaration.submitted", "只有从未提交的申报可以删除;审核不通过的申报请修改后再次提交")


def _batch(session: Session, key: int) -> DeclarationBatch | None:
    with session.no_autoflush:
        return session.get(DeclarationBatch, key)


# Majors and files inside the form


def _parent(session: Session, row: DeclarationMajor | DeclarationFile) -> Declaration:
    """The draft a child row belongs to."""
    with session.no_autoflush:
        parent = session.get(Declaration, row.declaration_id) if row.declaration_id is not None else None
    if parent is None:
        raise DomainError("declaration.none", "请在申报表单中填写")
    if parent.state is not DeclarationState.DRAFT:
        raise Conflict("declaration.submitted", "已提交审核的申报不能修改")
    require_open(_batch(session, parent.batch_id))
    return parent


@before_save(DeclarationMajor)
def _major(session: Session, actor: Actor, row: DeclarationMajor, values: dict[str, Any]) -> None:
    """From the catalogue's active majors, at most thirty, none twice (R30, E19)."""
    parent = _parent(session, row)
    with session.no_autoflush:
        major = session.get(Major, row.major_id)
        others = session.scalars(
            sa.select(DeclarationMajor.major_id).where(
                DeclarationMajor.declaration_id == parent.id, DeclarationMajor.id.is_distinct_from(row.id)
            )
        ).all()
    if major is None or not major.active:
        raise DomainError("major.inactive", "该专业已停用,请另选", "major_id")
    if row.major_id in others:
        raise DomainError("major.twice", "该专业已在列表中,不用重复添加", "major_id")
    if len(others) >= _MOST_MAJORS:
        raise DomainError("major.many", f"最多填写{_MOST_MAJORS}个专业", "major_id")


@before_save(DeclarationFile)
def _file(session: Session, actor: Actor, row: DeclarationFile, values: dict[str, Any]) -> None:
    """One to five; the row carries the name the file was uploaded under (R18)."""
    parent, most = _parent(session, row), settings().upload_support_files
    with session.no_autoflush:
        others = session.scalar(
            sa.select(sa.func.count())
            .select_from(DeclarationFile)
            .where(DeclarationFile.declaration_id == parent.id, DeclarationFile.id.is_distinct_from(row.id))
        )
        name = session.scalar(sa.select(StoredFile.name).where(StoredFile.key == row.file))
    if (others or 0) >= most:
        raise DomainError("file.many", f"最多上传{most}个佐证材料", "file")
    if name is None:
        raise DomainError("file.none", "请重新上传文件", "file")
    row.name = name


@before_delete(DeclarationMajor)
def _drop_major(session: Session, actor: Actor, row: DeclarationMajor) -> None:
    _parent(session, row)


@before_delete(DeclarationFile)
def _drop_file(session: Session, actor: Actor, row: DeclarationFile) -> None:
    _parent(session, row)


# Submission


def _lacking(declaration: Declaration, batch: DeclarationBatch, majors: int) -> Iterable[tuple[str, str]]:
    """What a declaration still lacks: (field, sentence)."""
    if batch.requires_majors and not majors:
        yield "declaration_major", "本批次要求按专业填报,请至少添加一个专业"
    if not 1 <= declaration.applied_count <= 99_999:
        yield "applied_count", "拟申报的培训人数为1–99999"
    for name, label in (("teachers_description", "师资情况描述"), ("venue_description", "场地情况描述")):
        if not 10 <= visible_length(getattr(declaration, name)) <= 5000:
            yield name, f"{label}为10–5000字"


def _require_ready(session: Session, actor: Actor, rows: Sequence[Declaration]) -> None:
    """All that a submission needs; asked before the confirmation and again with it."""
    school = session.get(School, actor.tenant) if actor.tenant is not None else None
    if school is None or not school.basics_completed:
        raise DomainError(
            "school.basics", "请先在“机构管理-院校信息”中完善院校基础信息,再提交审核", status=409
        )
    batches = {b.id: b for b in session.scalars(_select_batches(rows))}
    majors: dict[int, int] = dict(session.execute(_count_majors(rows)).all())
    for row in rows:
        batch = require_open(batches.get(row.batch_id))
        if row.state is not DeclarationState.DRAFT:
            raise Conflict("declaration.state", "只有未提交的申报可以提交审核")
        _require_certificate(session, batch, row.certificate_id)
        for column, sentence in _lacking(row, batch, majors.get(row.id, 0)):
            raise DomainError("declaration.incomplete", sentence, column)


@move(
    Declaration,
    "submit",
    order=10,
    primary=True,
    in_form=True,
    offered=_in_window,
    ready=_require_ready,
)
def submit(session: Session, actor: Actor, rows: list[Declaration]) -> str:
    """未提交 → 待地市审核 where the batch asks for it, else 待审核; frozen from then on (R31)."""
    _require_ready(session, actor, rows)
    batches = {b.id: b for b in session.scalars(_select_batches(rows))}
    for row in rows:
        first = batches[row.batch_id].requires_city_review
        row.state = DeclarationState.CITY_PENDING if first else DeclarationState.PENDING
        row.submitted_at, row.submitted_by_id, row.refusal_reason = clock.now(), actor.account, None
        tell_reviewers(session, [row], "city_id" if first else "province_id")
    session.flush()
    return f"已提交{len(rows)}项申报,请等待审核"


def tell_reviewers(session: Session, rows: Sequence[Declaration], whose: str) -> None:
    """An in-app task for whoever decides next: the `province_id` or the `city_id` of each."""
    notify.messages(
        session,
        [
            notify.Note(
                f"证书试点申报待审核:{row.school_name}",
                kind=MessageKind.TODO,
                link=f"/console/reviewing/{row.id}/",
                to={whose: getattr(row, whose)},
            )
            for row in rows
        ],
    )


def _select_batches(rows: Sequence[Declaration]) -> sa.Select[Any]:
    return sa.select(DeclarationBatch).where(DeclarationBatch.id.in_({row.batch_id for row in rows}))


def _count_majors(rows: Sequence[Declaration]) -> sa.Select[int, int]:
    ids = [row.id for row in rows]
    return (
        sa.select(DeclarationMajor.declaration_id, sa.func.count())
        .where(DeclarationMajor.declaration_id.in_(ids))
        .group_by(DeclarationMajor.declaration_id)
    )
