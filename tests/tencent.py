"""A server that answers as Tencent Cloud's SMS service does, and lets nobody in whose TC3-HMAC-SHA256 signature is not
right: the check is written from the vendor's description of the scheme, apart from its SDK."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SECRET_ID, SECRET_KEY = "AKIDexample", "Gu5t9xGARNpq86cd98joQYCN3example"
SERVICE = "sms"


@dataclass
class Carrier:
    """What the server was told, what it answers next (`code`), and the delivery reports it still holds: as the vendor's,
    each is handed out once."""

    port: int = 0
    sent: list[dict[str, Any]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    code: str = "Ok"
    reports: list[dict[str, Any]] = field(default_factory=list)
    pulled: list[dict[str, Any]] = field(default_factory=list)

    def report(self, number: int, status: str, description: str, at: int = 1_620_734_188) -> None:
        """What became of the message that was sent as the n-th."""
        mobile = self.sent[number - 1]["PhoneNumberSet"][0]
        self.reports.append(
            {
                "UserReceiveTime": at,
                "CountryCode": "86",
                "SubscriberNumber": mobile.removeprefix("+86"),
                "PhoneNumber": mobile,
                "SerialNo": f"2019:{number}",
                "ReportStatus": status,
                "Description": description,
                "SessionContext": "",
            }
        )

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def signature(secret: str, headers: dict[str, str], signed: list[str], body: bytes, stamp: str) -> str:
    """TC3-HMAC-SHA256 over method, path, query, the signed headers and the body."""
    canonical = "\n".join(
        [
            "POST",
            "/",
            "",
            *[f"{name}:{headers[name].strip().lower()}" for name in signed],
            "",
            ";".join(signed),
            hashlib.sha256(body).hexdigest(),
        ]
    )
    day = datetime.fromtimestamp(int(stamp), UTC).strftime("%Y-%m-%d")
    scope = f"{day}/{SERVICE}/tc3_request"
    text = "\n".join(["TC3-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = f"TC3{secret}".encode()
    for part in (day, SERVICE, "tc3_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def _problem(headers: dict[str, str], body: bytes) -> str:
    """Why a request is not let in; empty when its signature is right."""
    found = re.fullmatch(
        r"TC3-HMAC-SHA256 Credential=([^/]+)/(\d{4}-\d\d-\d\d)/(\w+)/tc3_request, "
        r"SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})",
        headers.get("authorization", ""),
    )
    if found is None:
        return "AuthFailure.SignatureFailure"
    who, _, service, signed, given = found.groups()
    names = signed.split(";")
    if who != SECRET_ID or service != SERVICE or not {"content-type", "host"} <= set(names):
        return "AuthFailure.SecretIdNotFound"
    right = signature(SECRET_KEY, headers, names, body, headers.get("x-tc-timestamp", "0"))
    return "" if hmac.compare_digest(right, given) else "AuthFailure.SignatureFailure"


@contextmanager
def carrier() -> Iterator[Carrier]:
    """`with carrier() as service:` — the server runs until the block ends."""
    service = Carrier()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            problem = _problem(headers, body)
            answers = {"SendSms": self._send, "PullSmsSendStatus": self._pull}
            answer = answers.get(headers.get("x-tc-action", ""))
            if not problem and answer is None:
                problem = "InvalidAction"
            self._answer(_error(problem) if problem or answer is None else answer(json.loads(body)))
            if problem:
                service.refused.append(problem)

        def _send(self, asked: dict[str, Any]) -> dict[str, Any]:
            service.sent.append(asked)
            status = {
                "SerialNo": f"2019:{len(service.sent)}" if service.code == "Ok" else "",
                "PhoneNumber": asked["PhoneNumberSet"][0],
                "Fee": 1,
                "SessionContext": "",
                "Code": service.code,
                "Message": "as asked",
                "IsoCode": "CN",
            }
            return {"Response": {"SendStatusSet": [status], "RequestId": "1"}}

        def _pull(self, asked: dict[str, Any]) -> dict[str, Any]:
            service.pulled.append(asked)
            given, service.reports = service.reports[: asked["Limit"]], service.reports[asked["Limit"] :]
            return {"Response": {"PullSmsSendStatusSet": given, "RequestId": "1"}}

        def _answer(self, answer: dict[str, Any]) -> None:
            data = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            return None

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        service.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield service
        finally:
            server.shutdown()
            thread.join()


def _error(code: str) -> dict[str, Any]:
    return {"Response": {"Error": {"Code": code, "Message": "refused"}, "RequestId": "1"}}
