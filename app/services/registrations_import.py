"""Registrations by the sheet: 按证书批量导入报考, 按科目批量导入报考, 批量删除报考数据 (6.2; R69–R78, E83–E89)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import partial

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.services import exam_rows, registrations
from app.services.exam_rows import (
    CERTIFICATE,
    GROUP,
    ID_NUMBER,
    LEVEL,
    NAME,
    PLAN,
    SUBJECT,
    SUBJECT_NAME,
    Meaning,
)
from app.services.imports import Context, Importer, expect, register
from app.services.registrations import Wish
from app.services.sets import among
from app.services.staging import REFUSED, Row, Staged
from app.sheets.spec import SheetColumn, SheetSpec
from models.plans import ExamPlan
from models.registrations import Registration

BY_CERTIFICATE = SheetSpec(
    "registration_by_certificate",
    "按证书批量导入报考",
    (PLAN, CERTIFICATE, LEVEL, ID_NUMBER, NAME, GROUP),
    notes=("按计划中该证书的全部科目报考。", "证书的科目因参考对象不同时,须填写参考对象类型。"),
)
BY_SUBJECT = SheetSpec(
    "registration_by_subject",
    "按科目批量导入报考",
    (PLAN, SUBJECT, SUBJECT_NAME, ID_NUMBER, NAME, GROUP),
    notes=("只报考所填的科目。",),
)


def _optional(column: SheetColumn) -> SheetColumn:
    return SheetColumn(
        column.name,
        column.label,
        column.kind,
        False,
        column.choices,
        column.help,
        column.sample,
        column.width,
    )


DELETIONS = SheetSpec(
    "registration_deletions",
    "批量删除报考数据",
    (PLAN, _optional(SUBJECT), _optional(CERTIFICATE), _optional(LEVEL), ID_NUMBER),
    notes=("科目编号留空时,按证书名称和证书等级删除该证书的全部科目。",),
)

MOST_CLASHES = 20


# Registering


def _wish(meaning: Meaning, row: Row, plan: ExamPlan, *, by_subject: bool) -> Wish | None:
    """What the row asks for; None where one of its words names nothing."""
    candidate = meaning.candidate(row)
    subject = meaning.subject(row, plan) if by_subject else None
    if subject is not None:
        certificate: int | None = subject.certificate_id
    else:
        certificate = None if by_subject else meaning.certificate(row, plan)
    group = meaning.group(row, certificate) if certificate is not None else None
    if row.outcome == REFUSED or candidate is None or certificate is None:
        return None
    return Wish(candidate.id, certificate, (subject.subject_id,) if subject else (), group)


def _check(by_subject: bool, session: Session, actor: Actor, rows: list[Row], context: Context) -> None:
    meaning = Meaning(session, rows)
    asked: dict[int, list[tuple[Row, Wish]]] = defaultdict(list)
    plans: dict[int, ExamPlan] = {}
    for row in rows:
        if (plan := meaning.plan(row)) is None:
            continue
        plans[plan.id] = plan
        if (wish := _wish(meaning, row, plan, by_subject=by_subject)) is not None:
            asked[plan.id].append((row, wish))
    spent = context.carry.setdefault("spent", {})
    for plan_id, pairs in asked.items():
        registrations.examine(session, actor, plans[plan_id], [wish for _, wish in pairs], spent)
        for row, wish in pairs:
            if wish.problem:
                row.refuse(wish.problem)
            else:
                row.values |= {
                    "plan_id": plan_id, "candidate_id": wish.candidate_id, "certificate_id": wish.certificate_id,
                    "group_id": wish.group_id, "subject_ids": list(wish.subject_ids),
                }  # fmt: skip


def _apply(session: Session, actor: Actor, staged: Staged) -> None:
    """Register in the order of the file; what is no longer possible since the check takes all of it back."""
    clashes: list[str] = []
    for rows in staged.rows():
        asked: dict[int, list[tuple[Row, Wish]]] = defaultdict(list)
        for row in rows:
            v = row.values
            wish = Wish(v["candidate_id"], v["certificate_id"], tuple(v["subject_ids"]), v["group_id"])
            asked[v["plan_id"]].append((row, wish))
        for plan_id, pairs in sorted(asked.items()):
            plan = session.get_one(ExamPlan, plan_id)
            registrations.register(session, actor, plan, [wish for _, wish in pairs])
            expect(sum(not wish.problem for _, wish in pairs), len(pairs))
            clashes += [
                f"第{row.number}行{row.values['name']}:{wish.clash}" for row, wish in pairs if wish.clash
            ]
        session.expunge_all()
    staged.notes += _clash_notes(clashes)


def _clash_notes(clashes: Sequence[str]) -> list[str]:
    """R78: a warning, since scheduling decides."""
    if not clashes:
        return []
    shown = [*clashes[:MOST_CLASHES], *(["…"] if len(clashes) > MOST_CLASHES else [])]
    return [f"{len(clashes)}人次所报科目的考试时间冲突,排考时须调整:" + ";".join(shown)]


by_certificate = register(
    Importer(
        table="registration",
        name="by_certificate",
        label="批量导入报考数据(按证书)",
        sheet=BY_CERTIFICATE,
        check=partial(_check, False),
        apply=_apply,
        clean=exam_rows.cleaners,
        key=("plan_code", "certificate_name", "certificate_level", "id_number"),
        personal=exam_rows.PERSONAL,
        verb="import_by_certificate",
        hints=BY_CERTIFICATE.notes,
    )
)
by_subject = register(
    Importer(
        table="registration",
        name="by_subject",
        label="批量导入报考数据(按科目)",
        sheet=BY_SUBJECT,
        check=partial(_check, True),
        apply=_apply,
        clean=exam_rows.cleaners,
        key=("plan_code", "subject_code", "id_number"),
        personal=exam_rows.PERSONAL,
        verb="import_by_subject",
        hints=BY_SUBJECT.notes,
    )
)


# Deleting


def _check_deletions(session: Session, actor: Actor, rows: list[Row], context: Context) -> None:
    """R77, E86–E88: each row names one registration or all of a certificate."""
    meaning = Meaning(session, rows)
    entered = _entered(session, meaning)
    named = {row.number: _named(meaning, entered, row) for row in rows}
    problems = registrations.deletion_problems(
        session, [entry for found in named.values() for entry in found]
    )
    gone: list[int] = context.carry.setdefault("gone", [])
    taken = set(gone)
    for row in rows:
        found = named[row.number]
        for problem in dict.fromkeys(problems[entry.id] for entry in found if entry.id in problems):
            row.refuse(problem)
        if found and not taken.isdisjoint(entry.id for entry in found):
            row.refuse("与前面的行重复")
        if row.outcome == REFUSED:
            continue
        row.values["registration_ids"] = [entry.id for entry in found]
        taken |= {entry.id for entry in found}
        gone += row.values["registration_ids"]


def _entered(session: Session, meaning: Meaning) -> dict[tuple[int, int], list[Registration]]:
    """All registrations of the candidates in the plans, by both."""
    plans, people = [p.id for p in meaning.plans.values()], [c.id for c in meaning.candidates.values()]
    found: dict[tuple[int, int], list[Registration]] = defaultdict(list)
    rows = sa.select(Registration).where(
        among(Registration.plan_id, plans), among(Registration.candidate_id, people)
    )
    for entry in session.scalars(rows.order_by(Registration.id)):
        found[entry.plan_id, entry.candidate_id].append(entry)
    return found


def _named(
    meaning: Meaning, entered: dict[tuple[int, int], list[Registration]], row: Row
) -> list[Registration]:
    """The registrations a row means; it is refused where there are none."""
    by_subject = row.values.get("subject_code") is not None
    if not by_subject and None in (row.values.get("certificate_name"), row.values.get("certificate_level")):
        row.refuse("请填写科目编号,或证书名称和证书等级")
        return []
    plan = meaning.plan(row)
    candidate = meaning.candidate(row) if plan is not None else None
    if plan is None or candidate is None:
        return []
    subject = meaning.subject_id(row, plan) if by_subject else None
    certificate = None if by_subject else meaning.certificate(row, plan)
    if row.outcome == REFUSED:
        return []
    found = [entry for entry in entered[plan.id, candidate.id] if _fits(entry, subject, certificate)]
    if not found:
        row.refuse("没有该报考记录")
    return found


def _fits(entry: Registration, subject: int | None, certificate: int | None) -> bool:
    return entry.subject_id == subject if subject is not None else entry.certificate_id == certificate


def _apply_deletions(session: Session, actor: Actor, staged: Staged) -> None:
    for rows in staged.rows():
        ids = [key for row in rows for key in row.values["registration_ids"]]
        entries = _by_ids(session, ids)
        expect(len(entries), len(ids))
        registrations.unregister(session, actor, entries)
        session.expunge_all()


def _by_ids(session: Session, ids: Iterable[int]) -> list[Registration]:
    return list(
        session.scalars(sa.select(Registration).where(among(Registration.id, ids)).order_by(Registration.id))
    )


deletions = register(
    Importer(
        table="registration",
        name="deletions",
        label="批量删除报考数据",
        sheet=DELETIONS,
        check=_check_deletions,
        apply=_apply_deletions,
        clean=exam_rows.cleaners,
        personal=exam_rows.PERSONAL,
        verb="delete_by_sheet",
        skips=True,
        hints=DELETIONS.notes,
    )
)
