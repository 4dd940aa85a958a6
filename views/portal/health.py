"""Is it alive, is it ready, how is it doing: `/healthz`, `/readyz`, `/metrics` (section 5 of the design)."""

from __future__ import annotations

import hmac
import time
from typing import Any

import sqlalchemy as sa
from flask import Flask, Response, g, jsonify, request
from flask_appbuilder import BaseView, expose
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, Counter, Gauge, Histogram, generate_latest
from sqlalchemy.exc import SQLAlchemyError

from app.access.actor import JOB, acting_as
from app.jobs.worker import waiting
from app.services.errors import Refused
from config import settings

LATENCY = Histogram(
    "panel_request_seconds", "Time of a request by endpoint", ["endpoint"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)  # fmt: skip
ANSWERS = Counter("panel_requests", "Answered requests", ["endpoint", "method", "status"])
WAITING = Gauge("panel_jobs_waiting", "Queue entries nobody has taken yet")
LOCAL = ("127.0.0.1", "::1")


def measure(app: Flask) -> None:
    """Count and time every request; the endpoint's name is the label, so no address with an id becomes a series."""

    def begin() -> None:
        g.began = time.perf_counter()

    def end(response: Response) -> Response:
        if "began" in g:
            endpoint = request.endpoint or "none"
            LATENCY.labels(endpoint).observe(time.perf_counter() - g.began)
            ANSWERS.labels(endpoint, request.method, response.status_code).inc()
        return response

    app.before_request_funcs.setdefault(None, []).insert(0, begin)
    app.after_request(end)


class Health(BaseView):
    """For the machines that watch over ours."""

    route_base = ""
    default_view = "alive"
    session: Any

    @expose("/healthz")
    def alive(self) -> Response:
        """The process answers; it says nothing of what it needs."""
        return jsonify(status="ok")

    @expose("/readyz")
    def ready(self) -> tuple[Response, int]:
        """The database answers and holds the schema: send people here."""
        try:
            self.session.execute(sa.text("select 1 from notice limit 1"))
        except SQLAlchemyError:
            self.session.rollback()
            return jsonify(status="unavailable", database="unreachable"), 503
        return jsonify(status="ok", database="ok"), 200

    @expose("/metrics")
    def metrics(self) -> Response:
        """For the machine itself, or for who knows the token (`PANEL_METRICS_TOKEN`)."""
        if not _may_measure():
            raise Refused("metrics", "没有权限查看运行指标")
        with acting_as(JOB, self.session()):
            WAITING.set(waiting(self.session))
        return Response(generate_latest(REGISTRY), mimetype=CONTENT_TYPE_LATEST)


def _may_measure() -> bool:
    """A request that a proxy passed on is not local, whatever address it comes from."""
    token = settings().metrics_token.get_secret_value()
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if token:
        return hmac.compare_digest(given.encode(), token.encode())
    forwarded = any(name in request.headers for name in ("Forwarded", "X-Forwarded-For", "X-Real-Ip"))
    return request.remote_addr in LOCAL and not forwarded
