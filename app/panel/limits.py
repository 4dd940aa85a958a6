"""How often one address may try: logging in, asking for codes, verifying (section 7 of the design; checks 26 and 27).

Counters live in this process; with several processes each counts for itself, so a setting is the limit of one.
"""

from __future__ import annotations

from contextlib import AbstractContextManager

from flask import Flask, request
from flask_limiter import Limiter

limiter = Limiter(lambda: request.remote_addr or "", storage_uri="memory://")


def init_limits(app: Flask) -> None:
    """FAB switches limits off unless told otherwise; ours are on."""
    app.config["RATELIMIT_ENABLED"] = True
    limiter.init_app(app)


def limited(rate: str, what: str) -> AbstractContextManager[object]:
    """`with limited(settings().login_rate, "login"):` counts this request; 429 when there were too many."""
    found: AbstractContextManager[object] = limiter.shared_limit(rate, scope=what)
    return found
