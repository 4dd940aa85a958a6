"""A person's browser and a program against a real server, with nothing but the standard library."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from http.client import HTTPMessage
from http.cookiejar import CookieJar
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote, urlencode
from urllib.request import HTTPCookieProcessor, HTTPRedirectHandler, Request, build_opener


@dataclass
class Answer:
    status: int
    headers: HTTPMessage
    data: bytes

    @property
    def text(self) -> str:
        return self.data.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.data)

    @property
    def location(self) -> str:
        return self.headers["Location"] or ""


class _Stay(HTTPRedirectHandler):
    def redirect_request(self, *args: Any) -> None:
        return None


class Visitor:
    """`get`, `post` (a form with its CSRF token) and `api` (JSON with a bearer token) at one address."""

    def __init__(self, port: int) -> None:
        self.base, self.bearer, self._csrf = f"http://127.0.0.1:{port}", "", ""
        self._opener = build_opener(HTTPCookieProcessor(CookieJar()), _Stay())

    def _ask(self, method: str, path: str, data: bytes | None = None, kind: str = "") -> Answer:
        request = Request(self.base + quote(path, safe="/?&=%:"), data, method=method)  # our own server
        if kind:
            request.add_header("Content-Type", kind)
        if self.bearer:
            request.add_header("Authorization", f"Bearer {self.bearer}")
        try:
            with self._opener.open(request, timeout=60) as response:
                return Answer(response.status, response.headers, response.read())
        except HTTPError as error:
            with error:
                return Answer(error.code, error.headers, error.read())

    def get(self, path: str) -> Answer:
        answer = self._ask("GET", path)
        if found := re.search(rb'name="csrf-token" content="([^"]+)"', answer.data):
            self._csrf = found.group(1).decode()
        return answer

    def post(self, path: str, **form: Any) -> Answer:
        body = urlencode({"csrf_token": self._csrf, **form}, doseq=True).encode()
        return self._ask("POST", path, body, "application/x-www-form-urlencoded")

    def upload(self, path: str, name: str, data: bytes, **form: str) -> Answer:
        """A form with a file in its field `file`."""
        edge, parts = (
            "edge-of-a-part",
            [
                f'Content-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode()
                for key, value in {"csrf_token": self._csrf, **form}.items()
            ],
        )
        head = f'Content-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode()
        body = b"".join(f"--{edge}\r\n".encode() + part for part in [*parts, head + data + b"\r\n"])
        return self._ask(
            "POST", path, body + f"--{edge}--\r\n".encode(), f"multipart/form-data; boundary={edge}"
        )

    def api(self, method: str, path: str, data: Any = None) -> Answer:
        body = None if data is None else json.dumps(data).encode()
        return self._ask(method, f"/api/v1/{path}", body, "application/json" if body else "")
