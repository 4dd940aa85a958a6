"""Loading the demonstration data once, and telling a script how to go on from there (`panel demo [--json]`)."""

from __future__ import annotations

import json
import secrets
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.access.actor import AUTH, JOB, acting_as
from app.demo import base
from app.demo.business import Business
from app.services import logins
from config import settings
from models.accounts import Account, Role
from models.candidates import Candidate
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
    "city.staff": "city330100b",
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
        open_space(session, password)
    return summary(session, password)


def open_space(session: Session, password: str) -> None:
    """The holder of the first certificate has been in the space before, and set a password there (7.3)."""
    with acting_as(JOB, session):
        holder = _first_rows(session)["candidate"]["id"]
        person = session.get_one(Candidate, holder).person_id
    with acting_as(AUTH, session):
        account = session.scalars(sa.select(sa.func.panel_candidate_account(person))).one()
        logins.set_password(session, account, password, must_change=False)
        session.commit()


def summary(session: Session, password: str) -> dict[str, Any]:
    """Accounts with their words for people, each with the page it logs in at, and a candidate, plan and certificate."""
    base_url = settings().base_url
    with acting_as(JOB, session):
        known = set(session.scalars(sa.select(Account.username)))
        accounts = [
            _account(Role(role), username, password, f"{base_url}/login/")
            for role, username in SHOWN.items()
            if username in known
        ]
        rows = _first_rows(session)
        if rows and (username := _username(session, rows["candidate"]["id"])):
            candidate = _account(Role.CANDIDATE, username, password, f"{base_url}/space/login/password")
            accounts.append(candidate | {"hint": _HINT.format(**rows["candidate"], base_url=base_url)})
        return {"accounts": accounts, **rows}


_HINT = (
    "考生在 {base_url}/space/login/password 用证件号码 {id_number} 和上面的密码登录;或在 {base_url}/space/login/"
    " 用证件号码、手机号码 {mobile} 和短信验证码登录,验证码由 operator 在“系统管理 / 短信发件箱”里查看。"
)


def _account(role: Role, username: str, password: str, login: str) -> dict[str, str]:
    return {
        "role": role.value,
        "label": role.in_full,
        "username": username,
        "password": password,
        "login": login,
    }


def _username(session: Session, candidate: int) -> str | None:
    """The name of the account of a candidate who has been in the space."""
    person = sa.select(Candidate.person_id).where(Candidate.id == candidate).scalar_subquery()
    return session.scalar(sa.select(Account.username).where(Account.person_id == person))


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
    holder = session.get_one(Candidate, result.candidate_id)
    return {
        "candidate": {
            "id": holder.id,
            "name": task.candidate_name,
            "id_number": task.id_number,
            "mobile": holder.mobile,
        },
        "plan": {"id": plan.id, "plan_code": plan.plan_code, "name": plan.name},
        "certificate": {"number": task.certificate_number, "id_number": task.id_number},
    }


def as_json(found: dict[str, Any]) -> str:
    return json.dumps(found, ensure_ascii=False)
