"""A program that talks to the REST API: a token, JSON in and out."""

from __future__ import annotations

import json
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from app.access.actor import AUTH, acting_as
from app.services import logins
from models.accounts import Account

PASSWORD = "Muster2026"


class Client:
    """`api.get("candidate/")` → the answer; `api.token` is sent along when there is one."""

    def __init__(self, app: Flask) -> None:
        self.client = app.test_client()
        self.token = ""

    def __call__(self, method: str, path: str, **kwargs: Any) -> TestResponse:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        headers |= kwargs.pop("headers", {})
        return self.client.open(f"/api/v1/{path}", method=method, headers=headers, **kwargs)

    def get(self, path: str, **args: Any) -> TestResponse:
        return self("GET", path, query_string=args)

    def post(self, path: str, data: Any = None) -> TestResponse:
        return self(
            "POST", path, data=json.dumps({} if data is None else data), content_type="application/json"
        )

    def put(self, path: str, data: Any) -> TestResponse:
        return self("PUT", path, data=json.dumps(data), content_type="application/json")

    def delete(self, path: str) -> TestResponse:
        return self("DELETE", path)

    def log_in(self, username: str, password: str = PASSWORD) -> TestResponse:
        answer = self.post("security/login", {"username": username, "password": password})
        if answer.status_code == 200:
            self.token = answer.get_json()["access_token"]
        return answer


def client_of(app: Flask, account: Account) -> Client:
    """A client that has logged in with the account's password."""
    session = app.extensions["panel_session"]()
    with acting_as(AUTH, session):
        logins.set_password(session, account.id, PASSWORD, must_change=False)
        session.commit()
    client = Client(app)
    answer = client.log_in(account.username)
    assert answer.status_code == 200, answer.get_json()
    return client


def refusal(answer: TestResponse) -> tuple[int, str | None]:
    """(status, field) of a refusal, after checking its shape."""
    body = answer.get_json()
    assert set(body) >= {"code", "message", "field"} and body["message"], body
    assert any("\u4e00" <= char <= "\u9fff" for char in body["message"]), body
    return answer.status_code, body["field"]
