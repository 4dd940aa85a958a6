"""The demonstration leaves nothing empty that a visitor is shown first, and tells a script how to go on."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from app.access.actor import JOB
from app.demo import loading
from app.gateways import storage
from models.e_certificates import ECertificate
from models.issuance import IssuanceState, IssuanceTask
from models.plans import ExamPlan
from models.scores import CertificateResult

pytestmark = pytest.mark.demo


def test_certificates_of_the_demonstration_stand_in_every_state_of_signing(as_: Any) -> None:
    """4.12: also issued ones, whose PDF is there."""
    with as_(JOB) as db:
        states = set(db.scalars(sa.select(IssuanceTask.state).distinct()))
        assert states >= {
            IssuanceState.WAITING_LOCK,
            IssuanceState.WAITING_ORGANISATION,
            IssuanceState.WAITING_SITE,
            IssuanceState.REFUSED_SITE,
            IssuanceState.SIGNED,
        }
        signed = sa.select(sa.func.count()).where(IssuanceTask.state == IssuanceState.SIGNED)
        made = db.scalars(sa.select(ECertificate)).all()
        assert db.scalar(signed) == len(made) > 10
        assert storage.get(made[0].file).startswith(b"%PDF")


def test_a_script_can_go_on_from_what_the_demonstration_prints(session: Any, as_: Any) -> None:
    """`demo --json`: accounts, and one candidate, plan and certificate that belong together."""
    found = loading.summary(session, "Password2026")
    roles = {account["role"] for account in found["accounts"]}
    assert {"platform.operator", "province.principal", "school.principal", "organisation.clerk"} <= roles
    with as_(JOB) as db:
        certificate = db.scalars(
            sa.select(ECertificate).where(
                ECertificate.certificate_number == found["certificate"]["number"],
                ECertificate.id_number == found["certificate"]["id_number"],
            )
        ).one()
        result = db.get_one(CertificateResult, db.get_one(IssuanceTask, certificate.task_id).result_id)
        assert (result.candidate_id, result.plan_id) == (found["candidate"]["id"], found["plan"]["id"])
        assert db.get_one(ExamPlan, result.plan_id).plan_code == found["plan"]["plan_code"]
