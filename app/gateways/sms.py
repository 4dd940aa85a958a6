"""Who carries text messages. A port (D12) with two calls, sending and asking what arrived; settings choose who answers.

`outbox`, the embedded default, sends nothing anywhere: the message stays in the outbox, where the platform's operator
reads it and passes it on. `tencent` is Tencent Cloud's service through its own SDK, which signs with TC3-HMAC-SHA256.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NoReturn
from urllib.parse import urlsplit

from config import settings
from models.kit import clock


class Unreachable(Exception):  # to be tried again later
    """No answer, or one that says to come back."""


class Undeliverable(Exception):  # trying again would change nothing
    """The carrier will not take this message; the text says why."""


@dataclass(frozen=True)
class Text:
    """One message: the carrier that knows templates takes `vendor_template` and `params`, others the `body`."""

    mobile: str
    body: str
    vendor_template: str
    params: Sequence[str]


@dataclass(frozen=True)
class Report:
    """What became of a message the carrier took: `receipt` is what it was taken under, `reason` why it did not
    arrive, in Chinese."""

    receipt: str
    delivered: bool
    reason: str
    at: datetime


Send = Callable[[Text], str]
Reports = Callable[[], list[Report]]


@dataclass(frozen=True)
class Carrier:
    """Who sends; `leaves`: messages really go out, and delivery reports come later."""

    send: Send
    reports: Reports
    leaves: bool = True


def send(text: Text) -> str:
    """Hand a message over; the carrier's receipt. Raises Unreachable or Undeliverable."""
    return _carrier().send(text)


def reports() -> list[Report]:
    """The delivery reports that came in since they were last asked for, at most a hundred: the carrier tells each only
    once. Raises Unreachable."""
    return _carrier().reports()


def leaves_the_platform() -> bool:
    """Whether messages really go out; in the outbox they have arrived where the operator reads them."""
    return _carrier().leaves


def _carrier() -> Carrier:
    found = _CARRIERS.get(settings().sms)
    if found is None:
        raise Unreachable(f"没有安装名为{settings().sms}的短信通道")
    return found


def keep(text: Text) -> str:
    return "outbox"


MOST_REPORTS = 100  # the vendor's limit of one call

# The carriers' words for what did not arrive, as the vendor lists them.
_REASONS = {
    "UNDELIV": "手机关机、停机或号码状态异常",
    "EXPIRED": "手机长时间关机或无信号,已超时",
    "REJECTD": "被运营商拒收,请检查短信签名、模板和内容是否已报备",
    "DELETED": "手机终端未能接收",
    "SUBFAIL": "运营商提交失败,请核对手机号码",
    "UNKNOWN": "原因不明,请联系服务商",
    "COMFAIL": "与运营商的连接异常",
    "WTNFAIL": "运营商网络异常",
}


def tencent(text: Text) -> str:
    """Tencent Cloud SMS, `SendSms`."""
    if not text.vendor_template:
        raise Undeliverable("该短信模板没有填写服务商模板编号")
    config = settings()
    answer = _call(
        "SendSms",
        {
            "SmsSdkAppId": config.tencent_sms_app_id,
            "SignName": config.tencent_sms_sign_name,
            "TemplateId": text.vendor_template,
            "TemplateParamSet": list(text.params),
            "PhoneNumberSet": [f"+86{text.mobile}"],
        },
    )
    status = answer.SendStatusSet[0]
    if status.Code != "Ok":
        _raise(status.Code, status.Message)
    return str(status.SerialNo)


def tencent_reports() -> list[Report]:
    """`PullSmsSendStatus`: a queue at the vendor's, which hands each report out once."""
    asked = {"SmsSdkAppId": settings().tencent_sms_app_id, "Limit": MOST_REPORTS}
    try:
        answer = _call("PullSmsSendStatus", asked)
    except Undeliverable as refused:  # as refused as a message: nothing to be had now
        raise Unreachable(str(refused)) from None
    return [_report(status) for status in answer.PullSmsSendStatusSet or ()]


def _report(status: Any) -> Report:
    at = datetime.fromtimestamp(status.UserReceiveTime, clock.ZONE) if status.UserReceiveTime else clock.now()
    arrived = status.ReportStatus == "SUCCESS"
    return Report(
        str(status.SerialNo), arrived, "" if arrived else _reason(str(status.Description or "")), at
    )


def _reason(code: str) -> str:
    """In Chinese where it is a code we know; never a number that may be the mobile."""
    said = re.sub(r"\d{7,}", "…", code).strip()[:100] or "UNKNOWN"
    known = _REASONS.get(said.upper())
    return f"{known}({said})" if known else f"运营商未能送达({said})"


def _call(name: str, asked: dict[str, Any]) -> Any:
    """One call of the vendor's service, signed by its own SDK."""
    # Seconds to import, and only where it is chosen.
    from tencentcloud.common import credential
    from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
    from tencentcloud.common.profile.client_profile import ClientProfile
    from tencentcloud.common.profile.http_profile import HttpProfile
    from tencentcloud.sms.v20210111 import models, sms_client

    config = settings()
    endpoint = urlsplit(config.tencent_sms_endpoint)
    profile = HttpProfile(
        endpoint=endpoint.netloc or None, protocol=endpoint.scheme or "https", reqTimeout=10
    )
    client = sms_client.SmsClient(
        credential.Credential(config.tencent_secret_id, config.tencent_secret_key.get_secret_value()),
        config.tencent_region,
        ClientProfile(signMethod="TC3-HMAC-SHA256", httpProfile=profile),
    )
    request = getattr(models, f"{name}Request")()
    request.from_json_string(json.dumps(asked))
    try:
        return getattr(client, name)(request)
    except TencentCloudSDKException as error:
        _raise(str(error.code), str(error.message))


def _raise(code: str, message: str) -> NoReturn:
    """The vendor's codes: what is wrong with this message stays wrong; all else may pass. Its words may name the
    number, so only the code is kept."""
    if code.startswith(("FailedOperation", "InvalidParameterValue", "MissingParameter")):
        raise Undeliverable(f"服务商拒绝发送({code})")
    raise Unreachable(f"服务商暂时不能发送({code})")


_CARRIERS = {
    "outbox": Carrier(keep, list, leaves=False),
    "tencent": Carrier(tencent, tencent_reports),
}


def carrier(name: str, made: Carrier) -> None:
    """Add a carrier under the name the setting `sms` uses."""
    _CARRIERS[name] = made
