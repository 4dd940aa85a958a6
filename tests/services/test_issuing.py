"""Who signs, in which order, by phone, all or nothing (4.12, 4.13, R113–R121, E121–E129)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.access.actor import AUTH, JOB
from app.services import issuing, signing
from app.services.errors import Conflict, DomainError, NotFound, Refused
from models.accounts import Account, AccountState
from models.candidates import Candidate, IdentityState
from models.issuance import (
    Decision,
    IssuanceState,
    IssuanceTask,
    Party,
    Signature,
    SigningRequest,
    SigningState,
)
from models.jobs import Message
from models.kit import clock
from tests import factories_issuing as make
from tests.factories_issuing import WHEN, actor

As = Callable[..., Any]


def ask(as_: As, account: Account, ids: list[int]) -> str:
    """The principal ticks the tasks and gets a QR code; its token."""
    with as_(actor(account)) as db:
        rows = list(db.scalars(sa.select(IssuanceTask).where(IssuanceTask.id.in_(ids))))
        request = signing.request_signature(db, actor(account), rows)
        db.commit()
        return signing.token_of(request)


def scan(as_: As, token: str, phone: str = "phone-1") -> signing.Summary:
    with as_(AUTH) as db:
        ticket = signing.find(db, token, "10.0.0.9")
    with as_(ticket.actor) as db:
        summary = signing.open_on_phone(db, ticket, phone)
        db.commit()
    return summary


def write(as_: As, token: str, phone: str = "phone-1", image: bytes | None = None) -> int:
    with as_(AUTH) as db:
        ticket = signing.find(db, token, "10.0.0.9")
    with as_(ticket.actor) as db:
        count = signing.sign_on_phone(db, ticket, phone, make.written() if image is None else image, [14, 9])
        db.commit()
    return count


def sign(as_: As, account: Account, ids: list[int]) -> None:
    token = ask(as_, account, ids)
    scan(as_, token)
    write(as_, token)


def decide(as_: As, account: Account, ids: list[int], how: Callable[..., Any], words: str) -> None:
    with as_(actor(account)) as db:
        rows = list(db.scalars(sa.select(IssuanceTask).where(IssuanceTask.id.in_(ids))))
        how(db, actor(account), rows, words)
        db.commit()


@pytest.fixture(autouse=True)
def after_the_lock() -> Any:
    with clock.travel(WHEN):
        yield


def test_the_organisation_signs_first_and_then_the_site_school(as_: As) -> None:
    """R115, R118: both by phone, each with its seal of that moment."""
    people, ids = make.signers(as_), make.tasks(as_, 3)
    token = ask(as_, people.organisation, ids)
    summary = scan(as_, token)
    assert (summary.school, summary.count, len(summary.names)) == ("评价组织", 3, 3)
    assert write(as_, token) == 3
    assert set(make.state_of(as_, *ids)) == {IssuanceState.WAITING_SITE}
    sign(as_, people.school, ids)
    assert set(make.state_of(as_, *ids)) == {IssuanceState.SIGNED}
    with as_(JOB) as db:
        rows = db.scalars(sa.select(Signature).order_by(Signature.party, Signature.task_id)).all()
        assert [row.party for row in rows] == [Party.ORGANISATION] * 3 + [Party.SITE_SCHOOL] * 3
        assert {row.account_id for row in rows} == {people.organisation.id, people.school.id}
        assert all(row.hand_signature and row.seal_id and row.decision is Decision.SIGNED for row in rows)
        issued = {row.issued_at for row in db.scalars(sa.select(IssuanceTask))}
        assert len(issued) == 1 and None not in issued
        told = db.scalars(sa.select(Message.title).where(Message.school_id == 11)).all()
        assert told == ["有3张证书待签发"]


def test_the_first_signature_settles_what_the_certificate_says(as_: As) -> None:
    """R51: until then the school may correct the name; from then on the candidate is signed for."""
    people, ids = make.signers(as_), make.tasks(as_)
    with as_(JOB) as db:
        db.scalars(sa.select(Candidate)).one().name = "更正名"
        db.commit()
    sign(as_, people.organisation, ids)
    with as_(JOB) as db:
        assert db.scalars(sa.select(IssuanceTask.candidate_name)).one() == "更正名"
        assert db.scalars(sa.select(Candidate.signed_at)).one() is not None


def test_whose_identity_is_not_settled_is_not_certified(as_: As) -> None:
    """R52: the message names the person, and nobody of the batch is signed."""
    people, ids = make.signers(as_), make.tasks(as_, 2)
    with as_(JOB) as db:
        changed = db.scalars(sa.select(Candidate).order_by(Candidate.id)).all()[1]
        changed.identity_state = IdentityState.WAITING
        name = changed.name
        db.commit()
    token = ask(as_, people.organisation, ids)
    scan(as_, token)
    with pytest.raises(Conflict, match=f"{name}未通过实名认证,全部未签发"):
        write(as_, token)
    assert set(make.state_of(as_, *ids)) == {IssuanceState.WAITING_ORGANISATION}
    with as_(JOB) as db:
        assert db.scalars(sa.select(Candidate.signed_at)).all() == [None, None]


def test_e121_nothing_is_signed_while_scores_are_not_locked(as_: As) -> None:
    people = make.signers(as_)
    ids = make.tasks(as_, state=IssuanceState.WAITING_LOCK, certificate_number=None)
    with pytest.raises(Conflict, match="成绩尚未锁定"):
        ask(as_, people.organisation, ids)


def test_e122_the_site_school_does_not_sign_before_the_organisation(as_: As) -> None:
    people, ids = make.signers(as_), make.tasks(as_)
    with pytest.raises(Conflict, match="待培训评价组织签发"):
        ask(as_, people.school, ids)


def test_e123_the_own_school_does_not_sign_for_a_guest_the_host_school_does(as_: As) -> None:
    people, ids = make.signers(as_), make.tasks(as_, school_id=10)
    sign(as_, people.organisation, ids)
    with pytest.raises(Refused, match="考核站点所属院校签发"):
        ask(as_, people.own_school, ids)
    with pytest.raises(Refused):
        decide(as_, people.own_school, ids, issuing.refuse, "不是我们的")
    sign(as_, people.school, ids)
    assert make.state_of(as_, *ids) == [IssuanceState.SIGNED]


def test_e124_without_a_seal_nobody_signs_and_is_told_where_to_upload_it(as_: As) -> None:
    people, ids = make.signers(as_, sealed=False), make.tasks(as_)
    with pytest.raises(Conflict, match="请先在“机构管理/签章管理”上传签名章"):
        ask(as_, people.organisation, ids)


@pytest.mark.parametrize("account", ["manager", "organisation_manager", "clerk", "operator"])
def test_only_principals_sign(as_: As, account: str) -> None:
    """R2, R124."""
    people, ids = make.signers(as_), make.tasks(as_)
    with pytest.raises((Refused, Conflict)):
        ask(as_, getattr(people, account), ids)


def test_e125_a_qr_code_is_good_for_ten_minutes(as_: As) -> None:
    people, ids = make.signers(as_), make.tasks(as_)
    token = ask(as_, people.organisation, ids)
    with as_(JOB) as db:
        shown = db.scalars(sa.select(SigningRequest.expires_at)).one() - timedelta(minutes=10)
    with clock.travel(shown + timedelta(minutes=9)):
        scan(as_, token)
    with (
        clock.travel(shown + timedelta(minutes=10, seconds=1)),
        pytest.raises(Conflict, match="二维码已失效"),
    ):
        write(as_, token)
    assert make.state_of(as_, *ids) == [IssuanceState.WAITING_ORGANISATION]


def test_e125_a_qr_code_belongs_to_the_first_phone(as_: As) -> None:
    people, ids = make.signers(as_), make.tasks(as_)
    token = ask(as_, people.organisation, ids)
    scan(as_, token, "phone-1")
    for deed in (scan, write):
        with pytest.raises(Conflict, match="另一部手机"):
            deed(as_, token, "phone-2")
    scan(as_, token, "phone-1")
    assert write(as_, token, "phone-1") == 1


def test_e125_a_qr_code_signs_once(as_: As) -> None:
    people, ids = make.signers(as_), make.tasks(as_)
    sign(as_, people.organisation, ids)
    with as_(JOB) as db:
        request = db.scalars(sa.select(SigningRequest)).one()
        token = signing.token_of(request)
    with pytest.raises(Conflict, match="不能重复使用"):
        write(as_, token)


def test_a_token_that_nobody_made_leads_nowhere(as_: As) -> None:
    make.signers(as_)
    with pytest.raises(NotFound):
        scan(as_, "x" * 43)


def test_the_row_of_a_request_does_not_hold_its_token(as_: As, owner: Any) -> None:
    """Whoever reads the table cannot sign with it."""
    people, ids = make.signers(as_), make.tasks(as_)
    token = ask(as_, people.organisation, ids)
    with owner.connect() as db:
        assert token not in str(db.execute(sa.text("select * from signing_request")).one())
        assert token not in str(db.execute(sa.text("select * from audit_entry")).all())


def test_a_desk_that_is_left_leaves_no_qr_code_behind(as_: As) -> None:
    """4.13: desktop session still logged in."""
    people, ids = make.signers(as_), make.tasks(as_)
    token = ask(as_, people.organisation, ids)
    with as_(actor(people.organisation)) as db:
        signing.cancel_all(db, actor(people.organisation))
        db.commit()
    with pytest.raises(Conflict, match="二维码已失效"):
        scan(as_, token)


def test_ended_sessions_and_disabled_accounts_end_their_qr_codes(as_: As) -> None:
    """4.13, R5: the account is looked at again when the phone answers."""
    people, ids = make.signers(as_), make.tasks(as_)
    token = ask(as_, people.organisation, ids)
    scan(as_, token)
    with as_(JOB) as db:
        db.get_one(Account, people.organisation.id).epoch += 1
        db.commit()
    with pytest.raises(Conflict, match="电脑上的登录已结束"):
        write(as_, token)
    with as_(JOB) as db:
        db.get_one(Account, people.organisation.id).state = AccountState.DISABLED
        db.commit()
    with pytest.raises(Refused, match="已停用"):
        write(as_, token)
    assert make.state_of(as_, *ids) == [IssuanceState.WAITING_ORGANISATION]


def test_a_blank_page_and_a_tap_are_no_signature(as_: As) -> None:
    """4.13: at least two strokes or thirty points."""
    people, ids = make.signers(as_), make.tasks(as_)
    token = ask(as_, people.organisation, ids)
    scan(as_, token)
    for image, words in ((_canvas(0), "请先手写签名"), (_canvas(8), "笔画太少"), (b"GIF89a", "无法识别")):
        with pytest.raises(DomainError, match=words):
            write(as_, token, image=image)
    assert write(as_, token) == 1


def _canvas(blot: int) -> bytes:
    """A transparent canvas with a blot of so many dots."""
    import io

    from PIL import Image, ImageDraw

    image = Image.new("RGBA", (600, 300), (0, 0, 0, 0))
    if blot:
        ImageDraw.Draw(image).ellipse((50, 50, 50 + blot, 50 + blot), fill=(16, 24, 44, 255))
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def test_e126_one_refused_meanwhile_and_none_of_the_hundred_is_signed(as_: As) -> None:
    people, ids = make.signers(as_), make.tasks(as_, 100)
    token = ask(as_, people.organisation, ids)
    scan(as_, token)
    decide(as_, people.organisation, [ids[41]], issuing.refuse, "照片与本人不符")
    with as_(JOB) as db:
        name = db.scalar(sa.select(IssuanceTask.candidate_name).where(IssuanceTask.id == ids[41]))
    with pytest.raises(Conflict, match=f"{name}的证书已变为“培训评价组织拒绝签发”,全部未签发"):
        write(as_, token)
    with as_(JOB) as db:
        assert db.scalar(sa.select(sa.func.count()).where(Signature.decision == Decision.SIGNED)) == 0
    states = make.state_of(as_, *ids)
    assert states.count(IssuanceState.WAITING_ORGANISATION) == 99


def test_e126_a_task_refused_and_reissued_meanwhile_is_not_what_was_shown(as_: As) -> None:
    people, ids = make.signers(as_), make.tasks(as_)
    token = ask(as_, people.organisation, ids)
    scan(as_, token)
    decide(as_, people.organisation, ids, issuing.refuse, "照片与本人不符")
    decide(as_, people.organisation_manager, ids, issuing.reissue, "已更换照片")
    with pytest.raises(Conflict, match="已进入新一轮签发"):
        write(as_, token)


@pytest.mark.parametrize("reason", ["", " ", "否", "长" * 501])
def test_e127_refusing_needs_a_reason(as_: As, reason: str) -> None:
    people, ids = make.signers(as_), make.tasks(as_)
    with pytest.raises(DomainError, match="拒绝原因"):
        decide(as_, people.organisation, ids, issuing.refuse, reason)


def test_e128_refused_by_the_site_school_then_reissued_under_the_same_number(as_: As) -> None:
    people, ids = make.signers(as_), make.tasks(as_)
    sign(as_, people.organisation, ids)
    decide(as_, people.school, ids, issuing.refuse, "姓名与学籍不一致")
    assert make.state_of(as_, *ids) == [IssuanceState.REFUSED_SITE]
    with as_(JOB) as db:
        before = db.get_one(IssuanceTask, ids[0]).certificate_number
        assert db.scalars(sa.select(Message.title).where(Message.organisation_id == 5)).all()
    decide(as_, people.organisation_manager, ids, issuing.reissue, "已核对学籍,姓名无误")
    sign(as_, people.organisation, ids)
    sign(as_, people.school, ids)
    with as_(JOB) as db:
        task = db.get_one(IssuanceTask, ids[0])
        assert (task.state, task.round, task.certificate_number) == (IssuanceState.SIGNED, 2, before)
        rounds = db.execute(sa.select(Signature.round, Signature.decision).order_by(Signature.id)).all()
        assert [tuple(row) for row in rounds] == [
            (1, Decision.SIGNED), (1, Decision.REFUSED), (2, Decision.SIGNED), (2, Decision.SIGNED),
        ]  # fmt: skip


def test_a_terminated_task_is_over(as_: As) -> None:
    people, ids = make.signers(as_), make.tasks(as_)
    decide(as_, people.organisation, ids, issuing.refuse, "考生放弃证书")
    decide(as_, people.organisation, ids, issuing.terminate, "与院校确认后终止")
    assert make.state_of(as_, *ids) == [IssuanceState.TERMINATED]
    with pytest.raises(Conflict, match="已终止"):
        decide(as_, people.organisation, ids, issuing.reissue, "再来一次")


def test_e129_a_given_signature_is_not_taken_back(as_: As) -> None:
    people, ids = make.signers(as_), make.tasks(as_)
    sign(as_, people.organisation, ids)
    for how in (issuing.refuse, issuing.reissue, issuing.terminate):
        with pytest.raises(Conflict):
            decide(as_, people.organisation, ids, how, "想撤回签发")
    sign(as_, people.school, ids)
    for how in (issuing.refuse, issuing.reissue, issuing.terminate):
        with pytest.raises((Conflict, Refused)):
            decide(as_, people.school, ids, how, "想撤回签发")
    assert make.state_of(as_, *ids) == [IssuanceState.SIGNED]


def test_a_plan_is_signed_in_one_batch(as_: As) -> None:
    """R118."""
    people = make.signers(as_)
    make.tasks(as_, 4)
    with as_(actor(people.organisation)) as db:
        assert signing.plans_waiting(db) == [("1", "2020年12月考试(4张待签发)")]
        signing.sign_batch(db, actor(people.organisation), [], "1")
        db.commit()
        request = db.scalars(sa.select(SigningRequest)).one()
        assert request.task_count == 4
        token = signing.token_of(request)
    scan(as_, token)
    assert write(as_, token) == 4
    with as_(actor(people.organisation)) as db, pytest.raises(Conflict, match="没有待签发的证书"):
        signing.sign_batch(db, actor(people.organisation), [], "1")


def test_late_requests_are_closed_by_the_clock(as_: As) -> None:
    people, ids = make.signers(as_), make.tasks(as_)
    ask(as_, people.organisation, ids)
    with clock.travel(WHEN + timedelta(minutes=11)), as_(JOB) as db:
        signing.expire(db)
        db.commit()
        assert db.scalars(sa.select(SigningRequest.state)).one() is SigningState.EXPIRED
