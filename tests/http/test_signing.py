"""From the ticked rows over the QR code to the phone and back (4.12, 4.13, E121–E129)."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from app.access.actor import JOB
from app.panel.limits import limiter
from app.services import signing
from models.issuance import IssuanceState, SigningRequest
from models.kit import clock
from tests import factories_issuing as make
from tests.conftest import Browser
from tests.factories_issuing import WHEN

As = Callable[..., Any]


@pytest.fixture(autouse=True)
def after_the_lock(app: Any) -> Any:
    limiter.reset()
    with clock.travel(WHEN):
        yield


def latest_token(as_: As) -> str:
    with as_(JOB) as db:
        return signing.token_of(
            db.scalars(sa.select(SigningRequest).order_by(SigningRequest.id.desc()).limit(1)).one()
        )


def post(phone: Browser, what: str, **body: str) -> Any:
    """As the phone's script posts: JSON, with the page's CSRF token."""
    page = phone.get("/sign/").get_data(as_text=True)
    token = re.search(r'name="csrf-token" content="([^"]+)"', page)
    assert token
    headers = {"X-CSRFToken": token.group(1), "Accept": "application/json"}
    return phone.client.post(f"/sign/{what}", json=body, headers=headers)


STROKES = [14, 9]  # points of each, as the phone counts them


def signature() -> str:
    return "data:image/png;base64," + base64.b64encode(make.written()).decode()


def begin(browser: Browser, name: str, ids: list[int]) -> str:
    answer = browser.act("issuance_task", name, ids)
    assert answer.status_code == 302, browser.text()
    assert re.fullmatch(r"/console/signing/\d+", answer.location)
    return str(answer.location)


def test_the_way_of_a_signature(as_: As, browse: Any) -> None:
    people, ids = make.signers(as_), make.tasks(as_, 7)
    desk, phone = browse(people.organisation), browse()
    desk.get("/console/issuance_task/")
    assert "确认签发" in desk.text() and "批量确认签发" in desk.text()
    page = begin(desk, "sign_organisation", ids)
    assert desk.get(page).status_code == 200
    token = latest_token(as_)
    assert "等待扫码" in desk.text() and "data:image/svg+xml" in desk.text() and token not in desk.text()
    told = post(phone, "lookup", token=token)
    assert told.status_code == 200
    assert told.json["school"] == "评价组织" and told.json["count"] == 7
    assert len(told.json["names"]) == 5 and told.json["names"][-1].endswith("等")
    desk.get(page, headers={"HX-Target": "desk", "HX-Request": "true"})
    assert "已扫码" in desk.text() and "<header" not in desk.text()
    done = post(phone, "submit", token=token, image=signature(), strokes=STROKES)
    assert done.status_code == 200 and "7张" in done.json["message"]
    desk.get(page)
    assert "签字完成" in desk.text() and "签字二维码" not in desk.text()
    assert set(make.state_of(as_, *ids)) == {IssuanceState.WAITING_SITE}


def test_a_page_of_the_plan_signs_all_that_wait(as_: As, browse: Any) -> None:
    people, ids = make.signers(as_), make.tasks(as_, 3)
    desk, phone = browse(people.organisation), browse()
    answer = desk.post("/console/issuance_task/action/sign_batch", {"confirmed": "1", "plan": "1"})
    assert answer.status_code == 302, desk.text()
    token = latest_token(as_)
    post(phone, "lookup", token=token)
    assert post(phone, "submit", token=token, image=signature(), strokes=STROKES).status_code == 200
    assert set(make.state_of(as_, *ids)) == {IssuanceState.WAITING_SITE}


def test_e121_the_reason_is_told(as_: As, browse: Any) -> None:
    people = make.signers(as_)
    ids = make.tasks(as_, state=IssuanceState.WAITING_LOCK, certificate_number=None)
    desk = browse(people.organisation)
    assert desk.act("issuance_task", "sign_organisation", ids).status_code == 409
    assert "成绩尚未锁定" in desk.text()


def test_e122_the_site_school_sees_no_button_before_the_organisation_has_signed(as_: As, browse: Any) -> None:
    people, ids = make.signers(as_), make.tasks(as_)
    desk = browse(people.school)
    desk.get(f"/console/issuance_task/{ids[0]}")
    assert "action/sign_site" not in desk.text()
    assert desk.act("issuance_task", "sign_site", ids).status_code == 409


def test_e123_the_own_school_of_a_guest_gets_403_the_host_school_signs(as_: As, browse: Any) -> None:
    people = make.signers(as_)
    ids = make.tasks(as_, school_id=10, state=IssuanceState.WAITING_SITE)
    own = browse(people.own_school)
    own.get(f"/console/issuance_task/{ids[0]}")
    assert "action/sign_site" not in own.text()
    assert own.act("issuance_task", "sign_site", ids).status_code == 403
    assert own.act("issuance_task", "refuse_site", ids, {"reason": "不归我们"}).status_code == 403
    host, phone = browse(people.school), browse()
    begin(host, "sign_site", ids)
    token = latest_token(as_)
    post(phone, "lookup", token=token)
    assert post(phone, "submit", token=token, image=signature(), strokes=STROKES).status_code == 200
    assert make.state_of(as_, *ids) == [IssuanceState.SIGNED]


def test_e124_without_a_seal_the_page_leads_to_it(as_: As, browse: Any) -> None:
    people, ids = make.signers(as_, sealed=False), make.tasks(as_)
    desk = browse(people.organisation)
    assert desk.act("issuance_task", "sign_organisation", ids).status_code == 409
    assert 'href="/console/seal/"' in desk.text() and "还没有签名章" in desk.text()


@pytest.mark.parametrize("account", ["manager", "organisation_manager", "clerk", "operator"])
def test_other_accounts_get_403(as_: As, browse: Any, account: str) -> None:
    people, ids = make.signers(as_), make.tasks(as_)
    desk = browse(getattr(people, account))
    for name in (
        "sign_organisation",
        "sign_site",
        "sign_batch",
        "refuse_organisation",
        "refuse_site",
        "terminate",
    ):
        assert (
            desk.act("issuance_task", name, ids, {"reason": "无权处理", "settlement": "无权处理"}).status_code
            == 403
        ), name


def test_e125_a_second_phone_and_a_second_use_are_refused(as_: As, browse: Any) -> None:
    people, ids = make.signers(as_), make.tasks(as_)
    desk, phone, other = browse(people.organisation), browse(), browse()
    begin(desk, "sign_organisation", ids)
    token = latest_token(as_)
    assert post(phone, "lookup", token=token).status_code == 200
    assert post(other, "lookup", token=token).status_code == 409
    assert post(other, "submit", token=token, image=signature(), strokes=STROKES).status_code == 409
    assert post(phone, "lookup", token=token).status_code == 200
    assert post(phone, "submit", token=token, image=signature(), strokes=STROKES).status_code == 200
    assert post(phone, "submit", token=token, image=signature(), strokes=STROKES).status_code == 409


def test_e126_the_phone_is_told_who_and_the_desk_chooses_again(as_: As, browse: Any) -> None:
    people, ids = make.signers(as_), make.tasks(as_, 3)
    desk, phone = browse(people.organisation), browse()
    page = begin(desk, "sign_organisation", ids)
    token = latest_token(as_)
    post(phone, "lookup", token=token)
    assert (
        desk.act("issuance_task", "refuse_organisation", ids[:1], {"reason": "照片有误"}).status_code == 302
    )
    told = post(phone, "submit", token=token, image=signature(), strokes=STROKES)
    assert told.status_code == 409 and "全部未签发" in told.json["message"]
    desk.get(page)
    assert "二维码已失效" in desk.text()
    assert make.state_of(as_, *ids)[1:] == [IssuanceState.WAITING_ORGANISATION] * 2


def test_e127_refusing_asks_for_a_reason(as_: As, browse: Any) -> None:
    people, ids = make.signers(as_), make.tasks(as_)
    desk = browse(people.organisation)
    for reason in ("", "否"):
        assert desk.act("issuance_task", "refuse_organisation", ids, {"reason": reason}).status_code == 422
    assert make.state_of(as_, *ids) == [IssuanceState.WAITING_ORGANISATION]


def test_e129_a_signed_task_offers_nothing_to_undo(as_: As, browse: Any) -> None:
    people, ids = make.signers(as_), make.tasks(as_)
    desk, phone = browse(people.organisation), browse()
    begin(desk, "sign_organisation", ids)
    token = latest_token(as_)
    post(phone, "lookup", token=token)
    post(phone, "submit", token=token, image=signature(), strokes=STROKES)
    desk.get(f"/console/issuance_task/{ids[0]}")
    assert not re.findall(rf"issuance_task/action/\w+\?rowid={ids[0]}", desk.text())
    for name in ("refuse_organisation", "reissue", "terminate"):
        words = {"reason": "想要撤回", "settlement": "想要撤回"}
        assert desk.act("issuance_task", name, ids, words).status_code == 409, name


def test_the_phones_posts_need_the_pages_csrf_token(as_: As, browse: Any) -> None:
    """Check 6."""
    people, ids = make.signers(as_), make.tasks(as_)
    begin(browse(people.organisation), "sign_organisation", ids)
    bare = browse().client.post(
        "/sign/lookup", json={"token": latest_token(as_)}, headers={"Accept": "application/json"}
    )
    assert bare.status_code == 400


@pytest.mark.parametrize(
    "strokes", [None, [], [29], "[9, 9]", [9, 0], [9, -30], [9, "9"], [True, 9], [1] * 1001]
)
def test_too_few_strokes_sign_nothing_and_the_phone_may_try_again(strokes: Any, as_: As, browse: Any) -> None:
    """4.13: two strokes, or thirty points in one."""
    people, ids = make.signers(as_), make.tasks(as_)
    desk, phone = browse(people.organisation), browse()
    begin(desk, "sign_organisation", ids)
    token = latest_token(as_)
    assert post(phone, "lookup", token=token).status_code == 200
    told = post(phone, "submit", token=token, image=signature(), strokes=strokes)
    assert told.status_code == 422 and "签名" in told.json["message"]
    assert make.state_of(as_, *ids) == [IssuanceState.WAITING_ORGANISATION]
    assert post(phone, "submit", token=token, image=signature(), strokes=[30]).status_code == 200


def test_forged_bodies_are_refused_without_a_fault(as_: As, browse: Any) -> None:
    make.signers(as_)
    phone = browse()
    assert post(phone, "lookup", token="nobody's").status_code == 404
    assert post(phone, "submit", token="x", image="data:image/png;base64,%%%").status_code == 404
    page = phone.get("/sign/").get_data(as_text=True)
    headers = {"X-CSRFToken": re.search(r'csrf-token" content="([^"]+)"', page).group(1)}  # type: ignore[union-attr]
    assert (
        phone.client.post(
            "/sign/lookup", data=b"[1]", headers=headers, content_type="application/json"
        ).status_code
        == 422
    )
    big = phone.client.post("/sign/submit", json={"token": "x", "image": "A" * 3_000_000}, headers=headers)
    assert big.status_code == 413


def test_another_accounts_qr_code_is_not_shown(as_: As, browse: Any) -> None:
    people, ids = make.signers(as_), make.tasks(as_)
    page = begin(browse(people.organisation), "sign_organisation", ids)
    assert browse(people.school).get(page).status_code == 404
    assert browse(people.manager).get(page).status_code == 403


def test_logging_out_at_the_desk_ends_the_qr_code(as_: As, browse: Any) -> None:
    """4.13."""
    people, ids = make.signers(as_), make.tasks(as_)
    desk, phone = browse(people.organisation), browse()
    begin(desk, "sign_organisation", ids)
    token = latest_token(as_)
    assert post(phone, "lookup", token=token).status_code == 200
    desk.post("/logout/")
    assert post(phone, "submit", token=token, image=signature(), strokes=STROKES).status_code == 409
    assert make.state_of(as_, *ids) == [IssuanceState.WAITING_ORGANISATION]


def test_guessing_tokens_is_slowed_down(as_: As, browse: Any) -> None:
    make.signers(as_)
    phone = browse()
    answers = [post(phone, "lookup", token=f"guess-{n}").status_code for n in range(40)]
    assert answers[0] == 404 and answers[-1] == 429
