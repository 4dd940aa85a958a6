"""Who carries text messages. A port (D12) with one call; settings choose who answers.

`outbox`, the embedded default, sends nothing anywhere: the message stays in the outbox, where the platform's operator
reads it and passes it on. `tencent` is Tencent Cloud's service through its own SDK, which signs with TC3-HMAC-SHA256.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from config import settings


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


Send = Callable[[Text], str]


def send(text: Text) -> str:
    """Hand a message over; the carrier's receipt. Raises Unreachable or Undeliverable."""
    adapter = _ADAPTERS.get(settings().sms)
    if adapter is None:
        raise Unreachable(f"没有安装名为{settings().sms}的短信通道")
    return adapter(text)


def leaves_the_platform() -> bool:
    """Whether messages really go out; in the outbox they wait for the operator to read them."""
    return settings().sms != "outbox"


def keep(text: Text) -> str:
    return "outbox"


def tencent(text: Text) -> str:
    """Tencent Cloud SMS, `SendSms`."""
    # Seconds to import, and only where it is chosen.
    from tencentcloud.common import credential
    from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
    from tencentcloud.common.profile.client_profile import ClientProfile
    from tencentcloud.common.profile.http_profile import HttpProfile
    from tencentcloud.sms.v20210111 import models, sms_client

    if not text.vendor_template:
        raise Undeliverable("该短信模板没有填写服务商模板编号")
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
    request = models.SendSmsRequest()
    request.from_json_string(
        json.dumps(
            {
                "SmsSdkAppId": config.tencent_sms_app_id,
                "SignName": config.tencent_sms_sign_name,
                "TemplateId": text.vendor_template,
                "TemplateParamSet": list(text.params),
                "PhoneNumberSet": [f"+86{text.mobile}"],
            }
        )
    )
    try:
        status = client.SendSms(request).SendStatusSet[0]
    except TencentCloudSDKException as error:
        _raise(str(error.code), str(error.message))
    if status.Code != "Ok":
        _raise(status.Code, status.Message)
    return str(status.SerialNo)


def _raise(code: str, message: str) -> None:
    """The vendor's codes: what is wrong with this message stays wrong; all else may pass. Its words may name the
    number, so only the code is kept."""
    if code.startswith(("FailedOperation", "InvalidParameterValue", "MissingParameter")):
        raise Undeliverable(f"服务商拒绝发送({code})")
    raise Unreachable(f"服务商暂时不能发送({code})")


_ADAPTERS: dict[str, Send] = {"outbox": keep, "tencent": tencent}


def adapter(name: str, function: Send) -> None:
    """Add a carrier under the name the setting `sms` uses."""
    _ADAPTERS[name] = function
