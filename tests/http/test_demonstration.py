"""The demonstration leaves nothing empty that a visitor is shown first, and tells a script how to go on."""

from __future__ import annotations

import re
from typing import Any

import pytest
import sqlalchemy as sa

from app.access.actor import JOB
from app.demo import base, loading, shown
from app.gateways import storage
from app.panel.limits import limiter
from models.accounts import Account, Role
from models.candidates import Candidate
from models.certificates import Certificate
from models.directory import Organisation, School
from models.e_certificates import ECertificate
from models.issuance import IssuanceState, IssuanceTask
from models.kit import clock, formats
from models.plans import ExamPlan, PlanCertificate, PlanSubject
from models.regions import City, Province
from models.scores import CertificateResult
from tests.http.test_space import send_code, solve

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


def test_the_demonstration_looks_like_the_country(as_: Any) -> None:
    """Issue 3, 9: all provinces and cities, 60 schools, 3 organisations, 物流管理 weighed 40/30/30 with pass mark 60."""
    with as_(JOB) as db:

        def count(model: Any, *where: Any) -> int:
            return db.scalar(sa.select(sa.func.count()).select_from(model).where(*where)) or 0

        assert count(Province) >= 31 and count(City) > 300
        assert count(School) == 60
        names = {name for _, name, _ in base.ORGANISATIONS}
        assert len(names) == 3 and set(db.scalars(sa.select(Organisation.name))) >= names
        for code, province in db.execute(sa.select(School.school_code, Province.code).join(School.province)):
            assert formats.school_code(code, province[:2]) == code
        assert count(Candidate) >= 2_000
        phases = {phase for plan in db.scalars(sa.select(ExamPlan)) for phase in plan.phases(clock.now())}
        assert len(phases) > 4, phases
        weighed = db.execute(
            sa.select(PlanCertificate.total_pass_mark, sa.func.array_agg(PlanSubject.weight))
            .join(PlanSubject, PlanSubject.plan_certificate_id == PlanCertificate.id)
            .join(Certificate, Certificate.id == PlanCertificate.certificate_id)
            .where(Certificate.name == "物流管理")
            .group_by(PlanCertificate.id)
        ).all()
        assert weighed and {(mark, *sorted(weights)) for mark, weights in weighed} == {(60, 30, 30, 40)}


def test_a_province_reads_its_candidates_masked(as_: Any, browse: Any) -> None:
    """1.5: R masked; a city has no door to them at all."""
    with as_(JOB) as db:
        accounts = {
            name: db.scalars(sa.select(Account).where(Account.username == name)).one()
            for name in ("province33", "city330100")
        }
        db.expunge_all()
    province = browse(accounts["province33"])
    page = province.get("/console/candidate/").get_data(as_text=True)
    assert re.search(r"\d{2,6}\*{4,}\w{2,4}", page)
    assert not re.search(r"(?<!\d)\d{17}[\dX](?!\d)", page)
    assert not re.search(r"(?<!\d)1[3-9]\d{9}(?!\d)", page)
    assert province.get("/console/candidate/export").status_code in (403, 404, 405)
    city = browse(accounts["city330100"])
    assert city.get("/console/candidate/").status_code == 403
    assert city.get("/console/exam_site/").status_code == 200


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


@pytest.mark.demo(fresh=True)
def test_every_role_can_be_tried_and_is_told_in_chinese(session: Any, as_: Any, browse: Any) -> None:
    """Also the candidate's, whose way in is another: ID number with the password, or with a code that the operator
    reads in the outbox."""
    limiter.reset()
    loading.open_space(session, "Password2026")
    found = loading.summary(session, "Password2026")
    accounts = {Role(account["role"]): account for account in found["accounts"]}
    assert set(accounts) == set(Role)
    with as_(JOB) as db:
        for role, told in accounts.items():
            account = db.scalars(sa.select(Account).where(Account.username == told["username"])).one()
            assert account.role is role
    text = "\n".join(shown.lines(found["accounts"]))
    assert not [role for role in Role if role.value in text], text
    assert re.search(r"^  地市级教育局 · 经办人 +city330100b +Password2026$", text, flags=re.M), text

    holder = found["candidate"]
    assert f"证件号码 {holder['id_number']}" in text and f"手机号码 {holder['mobile']}" in text
    assert "/space/login/password" in text and "系统管理 / 短信发件箱" in text
    browser = browse()
    given = {"id_number": holder["id_number"], "password": "Password2026"}
    answer = browser.post("/space/login/password", {**given, "captcha": solve(browser, as_)})
    assert answer.location == "/space/", browser.text()
    assert browser.get("/space/certificates/").status_code == 200
    assert found["certificate"]["number"] in browser.text()

    browser = browse()
    assert send_code(browser, as_, holder["id_number"], holder["mobile"]).status_code == 200
    with as_(JOB) as db:
        operator = db.scalars(sa.select(Account).where(Account.username == "operator")).one()
        db.expunge(operator)
    desk = browse(operator)
    desk.get("/console/sms_message/")
    code = re.search(r"验证码\D{0,4}(\d{6})", desk.text())
    assert code is not None, desk.text()
    given = {"id_number": holder["id_number"], "mobile": holder["mobile"], "code": code.group(1)}
    assert browser.post("/space/login/", given).location == "/space/", browser.text()
