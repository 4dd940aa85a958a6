"""The one error a rule raises. Views, jobs, API and CLI turn it into their own answer; nobody else makes one up."""

from __future__ import annotations


class DomainError(Exception):
    """A request the rules refuse; nothing has been changed.

    `code` is a stable English identifier for programs (`quota.short`), `message` the Chinese sentence for
    people (what to fix and where), `field` the form field or column it belongs to, `status` the HTTP answer:
    403 not yours to do, 404 not there for you, 409 state forbids it (R137), 413 and 415 uploads, 422 input, 429 limits.
    """

    def __init__(self, code: str, message: str, field: str | None = None, status: int = 422) -> None:
        super().__init__(message)
        self.code, self.message, self.field, self.status = code, message, field, status


class Conflict(DomainError):
    """The row's state does not allow the action (section 4: any action not listed is refused with 409)."""

    def __init__(self, code: str, message: str, field: str | None = None) -> None:
        super().__init__(code, message, field, status=409)


class Refused(DomainError):
    """The actor may not do this at all (403)."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message, status=403)


class NotFound(DomainError):
    """Not there, or not there for this actor: the same answer (R136)."""

    def __init__(self, message: str = "没有找到该记录,可能已被删除") -> None:
        super().__init__("not_found", message, status=404)
