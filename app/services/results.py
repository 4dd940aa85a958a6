"""Results and what follows from them: computed from the scores alone, final when all scores are locked, one issuance
task for each that passed (4.11, R106–R116, E113, E114, E116, E120).

Everything here is set-based SQL over one plan, exact in decimals, and may run again without harm.
"""

from __future__ import annotations

from collections import defaultdict

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.services import numbers, parameters
from app.services.errors import Conflict
from models.certificates import Level
from models.issuance import IssuanceState
from models.kit import clock, formats
from models.plans import ExamPlan

_RESULTS = 7301  # the class of our advisory locks on a plan's results

# One row a ticket: how far its scores are, and what they come to by the rule of the plan.
_COMPUTED = """
    select r.plan_id, r.candidate_id, r.certificate_id, r.ticket_id, r.school_id, r.organisation_id,
        max(r.site_id) as site_id,
        case
            when count(*) > count(s.id) then 'PENDING'
            when bool_or(s.exam_status = 'MISCONDUCT') or bool_and(s.exam_status = 'ABSENT') then 'FAILED'
            when pc.pass_mode = 'EACH' then
                case when bool_and(coalesce(s.value, 0) >= ps.pass_mark) then 'PASSED' else 'FAILED' end
            when sum(coalesce(s.value, 0) * ps.weight) / 100 >= pc.total_pass_mark then 'PASSED'
            else 'FAILED'
        end as outcome,
        case when pc.pass_mode = 'WEIGHTED' and count(*) = count(s.id)
            then (sum(coalesce(s.value, 0) * ps.weight) / 100)::numeric(6, 3) end as total,
        case when bool_or(s.exam_status = 'MISCONDUCT') then 'MISCONDUCT'
            when bool_and(s.exam_status = 'ABSENT') then 'ABSENT' else 'NORMAL' end as exam_status,
        string_agg(ps.subject_name || ' ' || case
            when s.id is null then '未登记' when s.exam_status = 'ABSENT' then '缺考'
            when s.exam_status = 'MISCONDUCT' then '违纪' else s.value::text end, ';' order by ps.subject_code)
            as subject_scores,
        jsonb_build_object('mode', pc.pass_mode, 'total_pass_mark', pc.total_pass_mark, 'subjects', jsonb_agg(
            jsonb_build_object('code', ps.subject_code, 'weight', ps.weight, 'pass_mark', ps.pass_mark, 'score', s.value)
            order by ps.subject_code)) as rule_snapshot
    from registration r
    join plan_subject ps on ps.id = r.plan_subject_id
    join plan_certificate pc on pc.plan_id = r.plan_id and pc.certificate_id = r.certificate_id
    left join score s on s.registration_id = r.id
    where r.plan_id = :plan and r.state <> 'CANCELLED' {narrow}
    group by r.plan_id, r.candidate_id, r.certificate_id, r.ticket_id, r.school_id, r.organisation_id,
        pc.pass_mode, pc.total_pass_mark
"""

_UPSERT = """
    insert into certificate_result as c (plan_id, candidate_id, certificate_id, ticket_id, school_id, organisation_id,
        site_id, outcome, total, exam_status, subject_scores, rule_snapshot)
    select plan_id, candidate_id, certificate_id, ticket_id, school_id, organisation_id, site_id, outcome, total,
        exam_status, subject_scores, rule_snapshot from ({computed}) computed
    on conflict (plan_id, candidate_id, certificate_id) do update set site_id = excluded.site_id,
        outcome = excluded.outcome, total = excluded.total, exam_status = excluded.exam_status,
        subject_scores = excluded.subject_scores, rule_snapshot = excluded.rule_snapshot
        where c.final_at is null and (c.outcome, c.total, c.subject_scores, c.site_id) is distinct from
            (excluded.outcome, excluded.total, excluded.subject_scores, excluded.site_id)
"""

_NEW_TASKS = """
    insert into issuance_task (result_id, candidate_name, id_number, id_masked, photo, candidate_kind, school_name,
        certificate_name, level, organisation_name, site_name, plan_id, site_id, certificate_id, candidate_id,
        visible_from, school_id, host_school_id, organisation_id, person_id)
    select c.id, c.candidate_name, c.id_number, c.id_masked, c.photo, c.candidate_kind, c.school_name, k.name, k.level,
        k.organisation_name, c.site_name, c.plan_id, c.site_id, c.certificate_id, c.candidate_id, c.visible_from,
        c.school_id, c.host_school_id, c.organisation_id, c.person_id
    from certificate_result c join certificate k on k.id = c.certificate_id
    where c.plan_id = :plan and c.outcome = 'PASSED'
        and not exists (select 1 from issuance_task t where t.result_id = c.id)
"""

_WITHDRAWN = """
    delete from issuance_task t using certificate_result c
    where t.result_id = c.id and c.plan_id = :plan and c.outcome <> 'PASSED' and t.state = 'WAITING_LOCK'
"""


def hold(session: Session, plan_id: int) -> None:
    """One at a time computes or locks a plan's results: what is read after this cannot change before the commit.

    Without it two corrections of one candidate, or a correction and the lock, would each compute from scores that
    the other is just changing (write skew; check 18).
    """
    session.execute(sa.select(sa.func.pg_advisory_xact_lock(_RESULTS, sa.cast(plan_id % 2**31, sa.Integer))))


def compute(session: Session, plan_id: int, ticket_ids: list[int] | None = None) -> None:
    """Compute or recompute the results of a plan (or of some tickets), and make or withdraw their issuance tasks.

    Nothing final is touched. Runs as the organisation (R107: in the transaction of a correction) or as a job.
    """
    narrow = "and r.ticket_id = any(:tickets)" if ticket_ids is not None else ""
    values: dict[str, object] = {"plan": plan_id}
    if ticket_ids is not None:
        values["tickets"] = ticket_ids
    session.flush()
    session.execute(sa.text(_UPSERT.format(computed=_COMPUTED.format(narrow=narrow))), values)
    session.execute(sa.text(_WITHDRAWN), {"plan": plan_id})
    session.execute(sa.text(_NEW_TASKS), {"plan": plan_id})
    session.expire_all()


def finalise(session: Session, plan: ExamPlan) -> int:
    """Results all of whose scores are locked become final; those that passed get their certificate number (R116).

    Returns how many became final. A pending result stays pending (E120).
    """
    final = (
        session.execute(
            sa.text(
                "update certificate_result c set final_at = app_now()"
                " where c.plan_id = :plan and c.final_at is null and c.outcome <> 'PENDING' and not exists ("
                "   select 1 from registration r left join score s on s.registration_id = r.id"
                "   where r.ticket_id = c.ticket_id and r.state <> 'CANCELLED' and s.locked_at is null)"
                " returning c.id"
            ),
            {"plan": plan.id},
        )
        .scalars()
        .all()
    )
    _number(session, plan, list(final))
    session.expire_all()
    return len(final)


def _number(session: Session, plan: ExamPlan, results: list[int]) -> None:
    """Numbers in the order of the tickets, one counter per organisation, level, school and year (R116, E131). Where
    one is used up its tasks stay without (E92)."""
    rows = session.execute(
        sa.text(
            "select t.id, t.level, coalesce(sc.platform_number, hs.platform_number) as school, o.code as organisation"
            " from issuance_task t join certificate_result c on c.id = t.result_id"
            " join organisation o on o.id = t.organisation_id join school sc on sc.id = t.school_id"
            " left join school hs on hs.id = t.host_school_id"
            " where t.result_id = any(:results) and t.state = 'WAITING_LOCK' order by c.ticket_number"
        ),
        {"results": results},
    ).all()
    groups: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    for row in rows:
        groups[(row.organisation, row.level, row.school)].append(row.id)
    prefix = parameters.text(session, "certificate.prefix", "15")
    given = []
    for (organisation, level, school), tasks in sorted(groups.items()):
        number = Level(level).number
        scope = f"certificate:{organisation}:{number:02d}:{school}:{plan.exam_year % 100:02d}"
        try:
            serials = numbers.take_watched(session, "证书编号", scope, len(tasks))
        except Conflict:  # their scores are locked all the same, and nobody else's certificate waits for it
            body = f"{len(tasks)}名成绩合格的考生没有证书编号,不能签发"
            numbers.alarm(session, f"证书编号已用完:{scope}", body)
            continue
        for task, serial in zip(tasks, serials, strict=True):
            made = formats.make_certificate_number(
                plan.exam_year, organisation, number, school, serial, prefix
            )
            given.append({"key": task, "number": made})
    if given:
        session.connection().execute(
            sa.text("update issuance_task set certificate_number = :number, state = :state where id = :key"),
            [{**item, "state": IssuanceState.WAITING_ORGANISATION.value} for item in given],
        )


def due_for_results(session: Session) -> list[int]:
    """Published plans whose recording is over and whose publicity is not, still without computed results (R108)."""
    now = clock.now()
    return list(
        session.scalars(
            sa.select(ExamPlan.id).where(
                ExamPlan.recording_to <= now,
                ExamPlan.state == "PUBLISHED",
                sa.text(
                    "exists (select 1 from registration r where r.plan_id = exam_plan.id and r.state <> 'CANCELLED'"
                    " and not exists (select 1 from certificate_result c where c.ticket_id = r.ticket_id))"
                ),
            )
        )
    )
