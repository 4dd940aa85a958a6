"""What happens to issued certificates: downloads one by one and in bulk, printing, posting, handing over (4.14, R127, R128)."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from app.access.actor import Actor
from app.gateways import storage
from app.jobs import queue
from app.jobs.registry import task
from app.jobs.running import Run
from app.services import files
from app.services.actions import Ask, Outcome, action
from app.services.errors import Conflict, NotFound
from app.sheets.export import export
from models.e_certificates import CertificateEvent, ECertificate, EventKind
from models.issuance import IssuanceTask
from models.kit import Code, Text, clock
from models.plans import ExamPlan

MOST: Final = 2_000  # R128: certificates in one zip
A_CHUNK: Final = 100
INDEX: Final = (
    ("证书编号", "code"), ("姓名", "text"), ("证件号码", "code"), ("所属院校", "text"), ("证书名称", "text"),
    ("证书等级", "text"), ("颁证机构", "text"), ("考核站点", "text"), ("发证时间", "moment"), ("文件", "text"),
    ("SHA-256", "code"),
)  # fmt: skip


def note(
    session: Session, actor: Actor, rows: Sequence[ECertificate], kind: EventKind, words: str | None = None
) -> None:
    """One fact a certificate; never changed (D8)."""
    given = [
        {
            "e_certificate_id": row.id, "kind": kind, "note": words, "account_id": actor.account, "at": clock.now(),
            "organisation_id": row.organisation_id,
        }
        for row in rows
    ]  # fmt: skip
    session.execute(sa.insert(CertificateEvent).inline(), given)


# Downloads


@action(
    ECertificate,
    "download",
    "下载",
    on="one",
    icon="download",
    order=10,
    when=lambda row: row.file is not None,
)
def download(session: Session, actor: Actor, rows: Sequence[ECertificate]) -> Outcome:
    """One certificate (R128); the console answers with the file itself."""
    if rows[0].file is None:
        raise NotFound("历史证书没有电子文件")
    note(session, actor, rows, EventKind.DOWNLOADED)
    return Outcome("已登记下载", f"/console/e_certificate/{rows[0].id}/file/file")


@action(
    ECertificate,
    "bulk_download",
    "下载电子证书",
    icon="file-zip",
    order=20,
    when=lambda row: row.file is not None,
    confirm="将{n}张电子证书和清单打包,完成后在任务中心下载",
)
def bulk_download(session: Session, actor: Actor, rows: Sequence[ECertificate]) -> Outcome:
    """The ticked ones as a zip with an index (R127, R128); the organisation alone has the right."""
    return _start(session, actor, sorted(row.id for row in rows))


def plans_issued(session: Session) -> list[tuple[str, str]]:
    count = sa.func.count(ECertificate.id)
    rows = session.execute(
        sa.select(ExamPlan.id, ExamPlan.name, count)
        .join(IssuanceTask, IssuanceTask.plan_id == ExamPlan.id)
        .join(ECertificate, ECertificate.task_id == IssuanceTask.id)
        .group_by(ExamPlan.id, ExamPlan.name)
        .order_by(ExamPlan.id.desc())
        .limit(200)
    )
    return [(str(plan), f"{name}({number}张)") for plan, name, number in rows]


@action(
    ECertificate,
    "download_plan",
    "按计划下载电子证书",
    on="list",
    icon="file-zip",
    order=20,
    asks=(
        Ask(
            "plan",
            "考试计划",
            Code(20),
            options=plans_issued,
            help=f"每{MOST}张一个压缩包,完成后在任务中心下载",
        ),
    ),
)
def download_plan(session: Session, actor: Actor, rows: Sequence[ECertificate], plan: str) -> Outcome:
    """All certificates of a plan in their newest edition, in as many jobs as R128 asks for."""
    newer = aliased(ECertificate)
    ids = session.scalars(
        sa.select(ECertificate.id)
        .join(IssuanceTask, IssuanceTask.id == ECertificate.task_id)
        .where(
            IssuanceTask.plan_id == int(plan),
            ~sa.exists().where(newer.task_id == ECertificate.task_id, newer.edition > ECertificate.edition),
        )
        .order_by(ECertificate.certificate_number)
    ).all()
    if not ids:
        raise Conflict("certificates.none", "该计划还没有电子证书")
    parts = [list(ids[start : start + MOST]) for start in range(0, len(ids), MOST)]
    outcomes = [
        _start(session, actor, part, f"({n}/{len(parts)})" if len(parts) > 1 else "")
        for n, part in enumerate(parts, 1)
    ]
    return (
        outcomes[0]
        if len(outcomes) == 1
        else Outcome(f"已分为{len(parts)}个任务,请在任务中心下载", "/console/job/")
    )


def _start(session: Session, actor: Actor, ids: list[int], part: str = "") -> Outcome:
    if len(ids) > MOST:
        raise Conflict("certificates.many", f"一次最多下载{MOST}张电子证书")
    job = queue.enqueue(
        session, actor, f"下载电子证书{len(ids)}张{part}", "certificates.zip", {"ids": ids},
        permission="e_certificate:bulk_download", link="/console/e_certificate/",
    )  # fmt: skip
    return Outcome("正在打包电子证书,完成后可下载", f"/console/jobs/{job.id}/")


@task("certificates.zip")
def make_zip(run: Run) -> None:
    """PDFs named by certificate number and the index workbook (6.3). Begun anew if the worker was killed; the facts
    of the download are written once, with the result."""
    ids = [int(key) for key in run.params["ids"]]
    listed: list[list[Any]] = []
    with TemporaryDirectory(prefix="certificates-") as folder:
        path, index = Path(folder) / "certificates.zip", Path(folder) / "index.xlsx"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as book:  # PDF is compressed already
            for start in range(0, len(ids), A_CHUNK):
                with run.chunk() as session:
                    rows = _rows(session, ids[start : start + A_CHUNK])
                    run.record(session, done=min(start + A_CHUNK, len(ids)), total=len(ids))
                for row in rows:
                    name = _name(row)
                    book.writestr(zipfile.ZipInfo(name, _stamp(row)), storage.get(row.file or ""))
                    listed.append(_line(row, name))
            export(INDEX, listed, index)
            book.write(index, "清单.xlsx")
        with run.chunk() as session:
            for start in range(0, len(ids), A_CHUNK):
                note(
                    session,
                    run.actor,
                    _rows(session, ids[start : start + A_CHUNK]),
                    EventKind.DOWNLOADED,
                    "批量下载",
                )
            stamp = clock.now().strftime("%Y%m%d%H%M")
            title = f"电子证书_{stamp}.zip"
            run.finish(session, result=files.keep(session, run.actor, title, "zip", path), result_name=title)


def _rows(session: Session, ids: Sequence[int]) -> list[ECertificate]:
    found = sa.select(ECertificate).where(ECertificate.id.in_(ids), ECertificate.file.is_not(None))
    return list(session.scalars(found.order_by(ECertificate.certificate_number, ECertificate.edition)))


def _name(row: ECertificate) -> str:
    """By certificate number (6.3), never by a personal number (R25)."""
    return f"{row.certificate_number}{f'_{row.edition}' if row.edition > 1 else ''}.pdf"


def _stamp(row: ECertificate) -> Any:
    return row.issued_at.astimezone(clock.ZONE).timetuple()[:6]


def _line(row: ECertificate, name: str) -> list[Any]:
    return [
        row.certificate_number, row.candidate_name, row.id_masked, row.school_name, row.certificate_name, row.level.label,
        row.organisation_name, row.site_name, row.issued_at, name, row.digest,
    ]  # fmt: skip


# Paper: printed, posted, handed over


def _record(name: str, label: str, kind: EventKind, icon: str, order: int, asks: tuple[Ask, ...]) -> None:
    @action(
        ECertificate, name, label, icon=icon, order=order, asks=asks, confirm=f"为{{n}}张证书登记{kind.label}"
    )
    def run(session: Session, actor: Actor, rows: Sequence[ECertificate], words: str | None = None) -> str:
        require_valid(session, rows)
        note(session, actor, rows, kind, words or None)
        return f"已登记{kind.label}{len(rows)}张"


_record(
    "record_print", "打印登记", EventKind.PRINTED, "printer", 30,
    (Ask("words", "说明", Text(500), required=False, help="打印批次、盖章和钢印情况等"),),
)  # fmt: skip
_record(
    "record_posting", "邮寄登记", EventKind.POSTED, "package", 31,
    (Ask("words", "快递单号", Text(500, 2), help="快递公司和单号,考生所在院校可见"),),
)  # fmt: skip
_record(
    "record_handover", "发放登记", EventKind.HANDED_OVER, "hand-grab", 32,
    (Ask("words", "说明", Text(500), required=False, help="领取人、代领情况等"),),
)  # fmt: skip


def require_valid(session: Session, rows: Sequence[ECertificate]) -> None:
    """Nothing is done any more with a certificate that was revoked (R131)."""
    gone = session.scalar(
        sa.select(CertificateEvent.certificate_number)
        .where(
            CertificateEvent.kind == EventKind.REVOKED,
            CertificateEvent.certificate_number.in_([row.certificate_number for row in rows]),
        )
        .limit(1)
    )
    if gone is not None:
        raise Conflict("certificate.revoked", f"证书{gone}已注销,不能再登记")
