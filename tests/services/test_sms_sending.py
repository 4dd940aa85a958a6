"""The outbox: words kept at the desk, states, retries, caps, reminders for those who asked, and a carrier that checks
the signature (3.1, R25, D12, check 29)."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.access.actor import AUTH, JOB
from app.panel import saving
from app.panel.resolve import resolve
from app.services import accounts, notify, reminders, sms_sending, sms_words
from app.services.actions import action_named
from app.services.errors import Conflict, DomainError
from config import reset_settings
from models.accounts import Account, Role
from models.directory import School
from models.jobs import Message
from models.kit import clock
from models.platform import Parameter, ParameterKind, SmsMessage, SmsState, SmsTemplate
from tests import tencent
from tests.factories import account
from tests.factories_declarations import at, batch, cast, declaration
from tests.models import world

MOBILE = "13800000088"
QUOTA = ("quota_changed", {"certificate": "Python", "count": 5})


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[tencent.Carrier]:
    """The settings of a platform that sends through Tencent Cloud; the cloud is next door."""
    with tencent.carrier() as made:
        for name, value in {
            "SMS": "tencent",
            "TENCENT_SECRET_ID": tencent.SECRET_ID,
            "TENCENT_SECRET_KEY": tencent.SECRET_KEY,
            "TENCENT_SMS_APP_ID": "1400006666",
            "TENCENT_SMS_SIGN_NAME": "证书平台",
            "TENCENT_SMS_ENDPOINT": made.address,
            "TENCENT_SMS_TEMPLATES": '{"quota_changed": "449739", "first_password": "449740", "code": "449741"}',
        }.items():
            monkeypatch.setenv(f"PANEL_{name}", value)
        reset_settings()
        yield made
    monkeypatch.undo()
    reset_settings()


def queue(as_: Any, template: str, params: dict[str, Any], mobile: str = MOBILE) -> None:
    with as_(JOB) as db:
        notify.sms(db, mobile, template, params)
        db.commit()


def turn(as_: Any) -> int:
    with as_(JOB) as db:
        return sms_sending.send_due(db)


def only(as_: Any) -> SmsMessage:
    with as_(JOB) as db:
        return db.scalars(sa.select(SmsMessage)).one()


def parameter(as_: Any, key: str, value: int) -> None:
    with as_(world.PLATFORM) as db:
        db.add(Parameter(key=key, name=key, kind=ParameterKind.INTEGER, value=str(value)))
        db.commit()


# The embedded carrier


def test_without_a_carrier_the_message_stays_where_the_operator_reads_it(as_: Any) -> None:
    queue(as_, "first_password", {"username": "4237010030", "password": "abcDEF2345"})
    assert turn(as_) == 1 and turn(as_) == 0
    with as_(world.PLATFORM) as db:
        row = db.scalars(sa.select(SmsMessage)).one()
        assert (row.state, row.receipt, row.attempts) == (SmsState.DELIVERED, "outbox", 1)
        assert row.reported_at == row.sent_at
        assert "abcDEF2345" in row.body


def test_a_password_in_the_outbox_is_forgotten_after_a_day(as_: Any) -> None:
    queue(as_, "first_password", {"username": "4237010030", "password": "abcDEF2345"})
    turn(as_)
    with clock.travel(timedelta(hours=23)), as_(JOB) as db:
        assert sms_sending.forget_secrets(db) == 0
    with clock.travel(timedelta(hours=25)), as_(JOB) as db:
        assert sms_sending.forget_secrets(db) == 1
        db.commit()
    row = only(as_)
    assert "abcDEF2345" not in row.body and "4237010030" in row.body and row.secrets is None


def test_a_message_waits_for_its_time_and_codes_go_first(as_: Any, service: tencent.Carrier) -> None:
    with as_(JOB) as db:
        notify.sms(db, MOBILE, *QUOTA, send_after=clock.now() + timedelta(minutes=10))
        db.commit()
    queue(as_, *QUOTA)
    queue(as_, "code", {"code": "123456", "minutes": 5})
    assert turn(as_) == 2
    assert [asked["TemplateId"] for asked in service.sent] == ["449741", "449739"]
    with clock.travel(timedelta(minutes=11)):
        assert turn(as_) == 1


def test_a_code_that_is_late_is_not_sent(as_: Any) -> None:
    queue(as_, "code", {"code": "123456", "minutes": 5})
    with clock.travel(timedelta(minutes=6)):
        assert turn(as_) == 0
    assert (only(as_).state, only(as_).error) == (SmsState.FAILED, "验证码已过期,未发送")


# A carrier that checks


def test_tencent_takes_what_is_signed_and_nothing_secret_is_kept(as_: Any, service: tencent.Carrier) -> None:
    queue(as_, "first_password", {"username": "4237010030", "password": "abcDEF2345"})
    assert turn(as_) == 1
    assert service.refused == []
    assert service.sent == [
        {
            "PhoneNumberSet": ["+8613800000088"],
            "SmsSdkAppId": "1400006666",
            "SignName": "证书平台",
            "TemplateId": "449740",
            "TemplateParamSet": ["4237010030", "abcDEF2345"],
        }
    ]
    row = only(as_)
    assert (row.state, row.receipt) == (SmsState.SENT, "2019:1")
    assert "abcDEF2345" not in row.body and row.secrets is None


def test_a_wrong_key_is_refused_by_the_signature_and_tried_again(
    as_: Any, service: tencent.Carrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server checks the signature: with another key nothing is let in."""
    monkeypatch.setenv("PANEL_TENCENT_SECRET_KEY", "not the key")
    reset_settings()
    queue(as_, *QUOTA)
    assert turn(as_) == 0
    assert service.refused == ["AuthFailure.SignatureFailure"] and service.sent == []
    row = only(as_)
    assert (row.state, row.attempts) == (SmsState.QUEUED, 1)
    assert row.error == "服务商暂时不能发送(AuthFailure.SignatureFailure)"
    assert row.send_after and row.send_after > clock.now() + timedelta(seconds=50)


def test_a_busy_carrier_is_tried_three_times_then_the_operator_may_try_once_more(
    as_: Any, service: tencent.Carrier
) -> None:
    service.code = "LimitExceeded.PhoneNumberThirtySecondLimit"
    queue(as_, *QUOTA)
    for hours in range(4):
        with clock.travel(timedelta(hours=hours)):
            turn(as_)
    assert len(service.sent) == 3
    assert (only(as_).state, only(as_).attempts) == (SmsState.FAILED, 3)
    service.code = "Ok"
    resend(as_)
    with clock.travel(timedelta(hours=5)):
        assert turn(as_) == 1
    assert (only(as_).state, only(as_).error) == (SmsState.SENT, None)


def test_what_the_carrier_will_never_take_is_not_tried_again(as_: Any, service: tencent.Carrier) -> None:
    service.code = "FailedOperation.PhoneNumberInBlacklist"
    queue(as_, *QUOTA)
    turn(as_)
    assert (only(as_).state, only(as_).attempts) == (SmsState.FAILED, 1)
    assert MOBILE not in (only(as_).error or "")


def test_a_template_the_carrier_does_not_know_fails_with_what_to_do(
    as_: Any, service: tencent.Carrier
) -> None:
    queue(as_, "became_pilot", {"year": 2026})
    turn(as_)
    assert only(as_).error == "该短信模板没有填写服务商模板编号"
    with as_(JOB) as db:
        notify.lay_templates(db)
        db.scalars(
            sa.select(SmsTemplate).where(SmsTemplate.key == "became_pilot")
        ).one().vendor_template = "9"
        db.commit()
    resend(as_)
    assert turn(as_) == 1 and service.sent[0]["TemplateId"] == "9"


def test_a_carrier_that_is_not_there_is_no_error_of_ours(
    as_: Any, service: tencent.Carrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Check 29."""
    monkeypatch.setenv("PANEL_TENCENT_SMS_ENDPOINT", "http://127.0.0.1:9")
    reset_settings()
    queue(as_, *QUOTA)
    assert turn(as_) == 0
    assert (only(as_).state, only(as_).error) == (SmsState.QUEUED, "服务商暂时不能发送(ClientNetworkError)")


def resend(as_: Any) -> None:
    with as_(world.PLATFORM) as db:
        action_named(SmsMessage, "resend").run(db, world.PLATFORM, db.scalars(sa.select(SmsMessage)).all())
        db.commit()


def test_a_message_whose_secret_is_gone_is_not_sent_again(as_: Any, service: tencent.Carrier) -> None:
    service.code = "FailedOperation.ContainSensitiveWord"
    queue(as_, "code", {"code": "123456", "minutes": 5})
    turn(as_)
    with clock.travel(timedelta(hours=25)), as_(JOB) as db:
        sms_sending.forget_secrets(db)
        db.commit()
    with pytest.raises(Conflict, match="已清除"):
        resend(as_)


# What arrived


def reports(as_: Any) -> int:
    with as_(JOB) as db:
        taken = sms_sending.take_reports(db)
        db.commit()
        return taken


def told(as_: Any) -> list[tuple[str, str | None]]:
    with as_(JOB) as db:
        rows = db.execute(sa.select(Message.title, Message.link).where(Message.for_platform)).all()
        return [(title, link) for title, link in rows]


def test_the_vendors_report_says_that_it_arrived_and_when(as_: Any, service: tencent.Carrier) -> None:
    queue(as_, *QUOTA)
    turn(as_)
    assert reports(as_) == 0, "nothing has come in yet"
    service.report(1, "SUCCESS", "DELIVRD")
    assert reports(as_) == 1
    assert service.refused == [], "signed as the sending is"
    assert service.pulled == [{"SmsSdkAppId": "1400006666", "Limit": 100}] * 2
    row = only(as_)
    assert (row.state, row.error) == (SmsState.DELIVERED, None)
    assert row.reported_at and row.reported_at.timestamp() == 1_620_734_188
    assert told(as_) == []


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("UNDELIV", "手机关机、停机或号码状态异常(UNDELIV)"),
        ("MK:0001", "运营商未能送达(MK:0001)"),
        ("号码13800000088是空号", "运营商未能送达(号码…是空号)"),
        ("", "原因不明,请联系服务商(UNKNOWN)"),
    ],
)
def test_what_did_not_arrive_says_why_in_chinese_and_is_sent_again(
    as_: Any, service: tencent.Carrier, code: str, said: str
) -> None:
    queue(as_, *QUOTA)
    turn(as_)
    service.report(1, "FAIL", code)
    assert reports(as_) == 1
    row = only(as_)
    assert (row.state, row.error) == (SmsState.UNDELIVERED, said)
    assert told(as_) == [("有1条重要短信未送达", "/console/sms_message/?tab=需处理")]
    resend(as_)
    assert (only(as_).state, only(as_).sent_at, only(as_).reported_at) == (SmsState.QUEUED, None, None)
    assert turn(as_) == 1
    service.report(1, "SUCCESS", "DELIVRD")  # late, and about the first attempt
    service.report(2, "SUCCESS", "DELIVRD")
    assert reports(as_) == 1
    assert (only(as_).state, only(as_).receipt) == (SmsState.DELIVERED, "2019:2")


def test_reports_of_others_and_for_lost_codes_trouble_nobody(as_: Any, service: tencent.Carrier) -> None:
    queue(as_, "code", {"code": "123456", "minutes": 5})
    turn(as_)
    service.report(1, "FAIL", "EXPIRED")
    service.reports += [{**service.reports[0], "SerialNo": f"other:{n}"} for n in range(150)]
    assert reports(as_) == 1 and service.reports == [], (
        "more than one call where there are more than a hundred"
    )
    assert only(as_).state is SmsState.UNDELIVERED
    assert told(as_) == []


def test_a_vendor_that_cannot_be_asked_is_asked_again(
    as_: Any, service: tencent.Carrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue(as_, *QUOTA)
    turn(as_)
    service.report(1, "SUCCESS", "DELIVRD")
    with monkeypatch.context() as patch:
        patch.setenv("PANEL_TENCENT_SECRET_KEY", "not the key")
        reset_settings()
        assert reports(as_) == 0
    reset_settings()
    assert service.refused == ["AuthFailure.SignatureFailure"]
    assert reports(as_) == 1


def test_a_password_that_did_not_arrive_is_made_anew(as_: Any, service: tencent.Carrier) -> None:
    """R6: it is not kept, so it cannot be sent again; the account gets another."""
    world.found(as_)
    with as_(JOB) as db:
        made = account(db, Role.SCHOOL_PRINCIPAL, school_id=11)
        db.commit()
    with as_(world.PLATFORM) as db:
        accounts.set_first_password(db, db.get_one(Account, made.id))
        db.commit()
    turn(as_)
    service.report(1, "FAIL", "UNDELIV")
    reports(as_)
    resend(as_)
    with as_(JOB) as db:
        first, second = db.scalars(sa.select(SmsMessage).order_by(SmsMessage.id))
        assert first.state is SmsState.CANCELLED and "已重置密码并另发短信" in (first.error or "")
        assert second.state is SmsState.QUEUED and second.secrets
    turn(as_)
    before, after = (asked["TemplateParamSet"] for asked in service.sent)
    assert before[0] == after[0] and before[1] != after[1]
    service.report(2, "FAIL", "UNDELIV")
    reports(as_)
    with as_(JOB) as db:
        db.get_one(Account, made.id).last_login_at = clock.now()
        db.commit()
    with as_(world.PLATFORM) as db:
        rows = db.scalars(sa.select(SmsMessage).where(SmsMessage.state == SmsState.UNDELIVERED)).all()
        with pytest.raises(Conflict, match="已登录过"):
            sms_sending.resend(db, world.PLATFORM, rows)


def test_the_outbox_has_a_tab_with_what_needs_looking_after(
    as_: Any, browse: Any, service: tencent.Carrier
) -> None:
    queue(as_, *QUOTA)
    queue(as_, "code", {"code": "123456", "minutes": 5}, mobile="13800000077")
    turn(as_)
    service.report(1, "FAIL", "UNDELIV")
    service.report(2, "FAIL", "UNDELIV")
    reports(as_)
    with as_(JOB) as db:
        made = account(db, Role.PLATFORM_OPERATOR)
        db.commit()
    page = browse(made).get("/console/sms_message/?tab=需处理").get_data(as_text=True)
    assert re.search(r"需处理.{0,80}1", page, re.DOTALL) and re.search(r"未送达.{0,80}2", page, re.DOTALL)
    assert "手机关机、停机或号码状态异常(UNDELIV)" in page and "重新发送" in page


# Caps


def test_what_is_over_a_mobiles_daily_cap_goes_out_the_next_morning(as_: Any) -> None:
    parameter(as_, "sms.mobile_per_day", 2)
    noon = clock.now().replace(hour=12, minute=0)
    with clock.travel(noon):
        for _ in range(3):
            queue(as_, *QUOTA)
        queue(as_, "code", {"code": "123456", "minutes": 5})
        queue(as_, *QUOTA, mobile="13800000099")
        assert turn(as_) == 4
        with as_(JOB) as db:
            late = db.scalars(sa.select(SmsMessage).where(SmsMessage.state == SmsState.QUEUED)).one()
            assert late.error == "已达每日上限,顺延至次日发送"
            assert late.send_after == (noon + timedelta(days=1)).replace(
                hour=8, minute=0, second=0, microsecond=0
            )
    with clock.travel(noon + timedelta(days=1)):
        assert turn(as_) == 1


def test_the_platform_has_a_daily_cap_and_codes_know_none(as_: Any) -> None:
    parameter(as_, "sms.per_day", 1)
    with clock.travel(clock.now().replace(hour=12, minute=0)):
        queue(as_, *QUOTA)
        queue(as_, *QUOTA, mobile="13800000099")
        queue(as_, "code", {"code": "123456", "minutes": 5}, mobile="13800000077")
        assert turn(as_) == 1, "the code; what was sent before counts too"
        with as_(JOB) as db:
            assert db.scalars(
                sa.select(SmsMessage.template).where(SmsMessage.sent_at.is_not(None))
            ).all() == ["code"]


# The words


def test_every_kind_of_message_has_a_name_and_a_row_at_the_desk(as_: Any) -> None:
    assert set(notify.NAMES) == set(notify.TEXTS)
    assert set(notify.TEXTS) >= notify.CODES | notify.REMINDERS
    with as_(JOB) as db:
        notify.lay_templates(db)
        db.execute(sa.update(SmsTemplate).where(SmsTemplate.key == "code").values(body="{验证码}!"))
        notify.lay_templates(db)
        rows = {row.key: row for row in db.scalars(sa.select(SmsTemplate))}
    assert set(rows) == set(notify.TEXTS)
    assert rows["code"].body == "{验证码}!", "the operators' own words stay"
    assert rows["first_password"].variables == "账号、密码"


@pytest.mark.parametrize(
    ("key", "words", "said"),
    [
        ("quota_changed", "指标为{人数}人,{secret}", "不能使用变量{secret},可用的有{证书}、{人数}"),
        ("quota_changed", "指标为{count}人", "不能使用变量{count},可用的有{证书}、{人数}"),
        ("quota_changed", "指标为{人数.__class__}", "不能使用变量"),
        ("quota_changed", "指标为{人数!r:>9}", "不能使用变量"),
        ("quota_changed", "指标为{}", "不能使用变量"),
        ("quota_changed", "指标为{人数", "花括号不成对"),
        ("quota_changed", "贵校{院校}的指标", "不能使用变量{院校},可用的有{证书}、{人数}"),
        ("code", "您的验证码已生成", "缺少变量{验证码}"),
    ],
)
def test_the_variables_of_a_template_are_checked(as_: Any, key: str, words: str, said: str) -> None:
    with as_(JOB) as db:
        notify.lay_templates(db)
        db.commit()
    with as_(world.PLATFORM) as db:
        row = db.scalars(sa.select(SmsTemplate).where(SmsTemplate.key == key)).one()
        with pytest.raises(DomainError) as refused:
            saving.update(db, resolve(SmsTemplate), world.PLATFORM, row, {"body": words}, None)
    assert said in refused.value.message


def test_what_the_operators_write_is_what_is_sent_and_what_they_switch_off_is_not(as_: Any) -> None:
    with as_(JOB) as db:
        notify.lay_templates(db)
        db.commit()
    with as_(world.PLATFORM) as db:
        row = db.scalars(sa.select(SmsTemplate).where(SmsTemplate.key == "quota_changed")).one()
        saving.update(db, resolve(SmsTemplate), world.PLATFORM, row, {"body": "【指标】｛ 人数 ｝人"}, None)
        db.commit()
    queue(as_, *QUOTA)
    assert only(as_).body == "【指标】5人"
    with as_(world.PLATFORM) as db:
        row = db.scalars(sa.select(SmsTemplate).where(SmsTemplate.key == "quota_changed")).one()
        saving.update(db, resolve(SmsTemplate), world.PLATFORM, row, {"active": False}, None)
        db.commit()
        code = db.scalars(sa.select(SmsTemplate).where(SmsTemplate.key == "code")).one()
        with pytest.raises(DomainError, match="不能停用"):
            saving.update(db, resolve(SmsTemplate), world.PLATFORM, code, {"active": False}, None)
        db.rollback()
    queue(as_, *QUOTA)
    with as_(JOB) as db:
        assert db.scalar(sa.select(sa.func.count(SmsMessage.id))) == 1
        assert db.scalar(sa.select(SmsTemplate.active).where(SmsTemplate.key == "code")) is True


def test_every_variable_of_our_own_words_is_in_the_table_and_every_name_is_of_one_variable() -> None:
    names = [one.name for one in sms_words.VARIABLES]
    keys = [one.key for one in sms_words.VARIABLES]
    assert len(set(names)) == len(names) and len(set(keys)) == len(keys)
    for template, words in notify.TEXTS.items():
        known = notify.variables(template)
        samples = {one.key: one.sample for one in known}
        assert "{" not in sms_words.render(words, samples)
        assert all(len(one.meaning) > 3 and one.sample for one in known)


def test_the_form_says_what_may_stand_in_the_braces(as_: Any, browse: Any) -> None:
    with as_(JOB) as db:
        notify.lay_templates(db)
        made = account(db, Role.PLATFORM_OPERATOR)
        key = db.scalars(sa.select(SmsTemplate.id).where(SmsTemplate.key == "first_password")).one()
        db.commit()
    browser = browse(made)
    page = html.unescape(browser.get(f"/console/sms_template/{key}/edit").get_data(as_text=True))
    assert "{账号} 登录账号;{密码} 初始密码" in page
    assert 'data-samples="{"账号": "4137010028", "密码": ' in page


# Reminders


def test_a_reminder_says_the_same_in_the_console_as_in_the_text_message(as_: Any) -> None:
    """As the operators have worded it; switched off is only the text message."""
    world.found(as_)
    words = {"items": 2, "batch": "2026年第一次", "until": "3月20日24:00"}
    with as_(JOB) as db:
        notify.lay_templates(db)
        db.get_one(School, 11).sms_reminders = True
        template = db.scalars(sa.select(SmsTemplate).where(SmsTemplate.key == "declaration_closing")).one()
        template.body = "请于{截止时间}前提交{批次}的{项数}项申报。"
        db.flush()
        notify.remind(db, 11, "declaration_closing", words, "申报即将截止")
        template.active = False
        db.flush()
        notify.remind(db, 11, "declaration_closing", words, "申报即将截止")
        db.commit()
        said = "请于3月20日24:00前提交2026年第一次的2项申报。"
        assert db.scalars(sa.select(Message.body)).all() == [said, said]
        assert db.scalars(sa.select(SmsMessage.body)).all() == [said]


def test_reminders_are_text_messages_only_to_those_who_asked_for_them(as_: Any) -> None:
    world.found(as_)
    words = {"items": 2, "batch": "2026年第一次", "until": "3月20日24:00"}
    with as_(JOB) as db:
        db.get_one(School, 11).sms_reminders = True
        db.flush()
        for school in (10, 11):
            notify.remind(db, school, "declaration_closing", words, "申报即将截止")
        db.commit()
        assert db.scalars(sa.select(Message.school_id).order_by(Message.school_id)).all() == [10, 11]
        (sms,) = db.scalars(sa.select(SmsMessage))
        assert sms.mobile == "13900000011" and "贵校有2项申报尚未提交" in sms.body


def test_nobody_but_the_platform_reads_the_outbox_or_words_it(as_: Any) -> None:
    queue(as_, *QUOTA)
    with as_(JOB) as db:
        notify.lay_templates(db)
        db.commit()
    for actor in (world.QINGDAO, world.SHANDONG, world.ORGANISATION):
        with as_(actor) as db:
            assert db.scalars(sa.select(SmsMessage)).all() == []
            with pytest.raises(sa.exc.ProgrammingError):
                db.execute(sa.update(SmsTemplate).values(body="x"))
    with as_(AUTH) as db, pytest.raises(sa.exc.ProgrammingError):
        db.execute(sa.update(SmsTemplate).values(body="x"))


def test_a_school_with_drafts_is_reminded_once_before_the_batch_closes(as_: Any) -> None:
    """R28: in the daytime of the last three days; what is submitted needs no reminder."""
    cast(as_)
    with as_(JOB) as db:
        db.get_one(School, 11).sms_reminders = True
        closing = batch(db)
        declaration(db, closing.id)
        db.commit()
    for moment, told in (("04-01 10:00", 0), ("04-02 07:30", 0), ("04-02 10:00", 1), ("04-03 10:00", 0)):
        with clock.travel(at(f"2020-{moment}")), as_(JOB) as db:
            assert reminders.remind_of_drafts(db) == told
            db.commit()
    with as_(JOB) as db:
        (message,) = db.scalars(sa.select(Message))
        assert message.school_id == 11 and "04月04日23:59截止" in (message.body or "")
        assert "贵校有1项申报尚未提交" in db.scalars(sa.select(SmsMessage.body)).one()
