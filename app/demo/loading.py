"""Loading the demonstration data once, and telling a script how to go on from there (`panel demo [--json]`)."""

from __future__ import annotations

import json
import secrets
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.access.actor import JOB, acting_as
from app.demo import base
from app.demo.business import Business
from config import settings
from models.accounts import Account
from models.e_certificates import ECertificate
from models.issuance import IssuanceTask
from models.plans import ExamPlan
from models.regions import Province
from models.scores import CertificateResult

SEED = 20260101
SHOWN = {
    "platform.operator": "operator",
    "platform.auditor": "auditor",
    "platform.editor": "editor",
    "province.principal": "province33",
    "province.staff": "province33b",
    "city.principal": "city330100",
    "school.principal": "school01",
    "school.manager": "school01m",
    "school.staff": "school01s",
    "organisation.principal": "org1",
    "organisation.manager": "org1m",
    "organisation.clerk": "org1c",
}


def load(session: Session) -> dict[str, Any]:
    """Load everything unless it is there already; returns what `demo --json` prints."""
    kept = settings().data_dir / "keys" / "demo_password"
    kept.parent.mkdir(parents=True, exist_ok=True)
    if not kept.exists():
        kept.touch(mode=0o600)
        kept.write_text(
            "Demo" + "".join(secrets.choice("23456789abcdefghjkmnpqrstuvwxyz") for _ in range(8)) + "7"
        )
    password = kept.read_text().strip()
    with acting_as(JOB, session):
        loaded = session.scalar(sa.select(Province.id).limit(1)) is not None
        if not loaded:
            ground = base.lay(session, SEED, password)
            session.commit()
    if not loaded:
        Business(session, ground).run()
    return summary(session, password)


def summary(session: Session, password: str) -> dict[str, Any]:
    with acting_as(JOB, session):
        known = set(session.scalars(sa.select(Account.username)))
        accounts = [
            {"role": role, "username": username, "password": password}
            for role, username in SHOWN.items()
            if username in known
        ]
        return {"accounts": accounts, **_first_rows(session)}


def _first_rows(session: Session) -> dict[str, Any]:
    """Identifiers a script can go on from: the holder, the plan and the number of one issued certificate."""
    task = session.scalars(
        sa.select(IssuanceTask)
        .join(ECertificate, ECertificate.task_id == IssuanceTask.id)
        .order_by(ECertificate.id)
        .limit(1)
    ).one_or_none()
    if task is None:  # the installation holds other data than the demonstration's
        return {}
    result = session.get_one(CertificateResult, task.result_id)
    plan = session.get_one(ExamPlan, result.plan_id)
    return {
        "candidate": {"id": result.candidate_id, "name": task.candidate_name, "id_number": task.id_number},
        "plan": {"id": plan.id, "plan_code": plan.plan_code, "name": plan.name},
        "certificate": {"number": task.certificate_number, "id_number": task.id_number},
    }


def as_json(found: dict[str, Any]) -> str:
    return json.dumps(found, ensure_ascii=False)
