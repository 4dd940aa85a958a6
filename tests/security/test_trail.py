"""The trail (R135, D9, check 22): every write of every door leaves who, when, from where and what; looking at full
numbers, taking a table away and being refused leave a line too. Nobody changes a line."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from app.access.actor import JOB, acting_as
from models.accounts import AuditEntry
from models.kit import declared_models
from tests.security.conftest import EVERY_ROLE, Demo

# Secrets, the trail itself, plumbing of jobs, what nobody has sent yet, pictures of a text that is watched, and rows
# that are a log already.
UNWATCHED = {
    "audit_entry", "captcha", "credential", "form_draft", "job", "login_record", "message", "notice_picture", "quota_use",
    "second_factor",
    "sms_code", "staged_chunk",
    "signing_request_task", "stored_file", "verification", "number_sequence", "sms_message",
}  # fmt: skip


def newest(demo: Demo, count: int = 1, **where: object) -> list[AuditEntry]:
    with acting_as(JOB, demo.session):
        conditions = [getattr(AuditEntry, name) == value for name, value in where.items()]
        rows = demo.session.scalars(
            sa.select(AuditEntry).where(*conditions).order_by(AuditEntry.id.desc()).limit(count)
        )
        return list(rows)


def test_every_table_is_watched_but_those_named_here(owner: Engine) -> None:
    """The three triggers stand in the database itself."""
    with owner.connect() as connection:
        rows = connection.execute(
            sa.text(
                "select c.relname, count(*) from pg_trigger g join pg_class c on c.oid = g.tgrelid"
                " where g.tgname like 'z_audit_%' and g.tgenabled = 'O' group by 1"
            )
        ).all()
    watched = {name for name, triggers in rows if triggers == 3}
    assert {model.__tablename__ for model in declared_models()} - watched <= UNWATCHED


@pytest.mark.demo(fresh=True)
def test_adding_changing_and_deleting_leave_who_when_where_and_what(demo: Demo) -> None:
    browser, account = demo.browser("platform.operator"), demo.account("platform.operator")
    browser.client.environ_base["REMOTE_ADDR"] = "10.1.2.3"
    form = {"code": "519999", "name": "数字孪生技术", "level": "VOCATIONAL"}
    answer = browser.post("/desk/major/add", form)
    assert answer.status_code == 302, browser.text()[:500]
    key = int(answer.location.rpartition("/")[2])
    browser.get(f"/desk/major/{key}/edit")
    assert (
        browser.post(f"/desk/major/{key}/edit", {**form, "name": "数字孪生", "row_version": "1"}).status_code
        == 302
    )
    assert browser.post(f"/desk/major/{key}/delete").status_code == 302
    deleted, changed, added = newest(demo, 3, table_name="major", row_id=key)
    assert [added.action, changed.action, deleted.action] == ["INSERT", "UPDATE", "DELETE"]
    assert changed.changes == {"name": ["数字孪生技术", "数字孪生"]}
    assert deleted.changes is not None and deleted.changes["name"] == "数字孪生"
    for entry in (added, changed, deleted):
        assert (entry.account_id, entry.actor, entry.address) == (account.id, "platform.operator", "10.1.2.3")
        assert entry.request and entry.at
    assert len({entry.request for entry in (added, changed, deleted)}) == 3


@pytest.mark.demo(fresh=True)
def test_an_action_leaves_a_line_for_every_row_it_changed(demo: Demo) -> None:
    browser = demo.browser("platform.operator")
    with acting_as(JOB, demo.session):
        rows = list(
            demo.session.scalars(
                sa.text("select id from certificate where state = 'ENABLED' order by id limit 3")
            )
        )
    answer = browser.post(
        "/desk/certificate/action/disable", {"rowid": [str(row) for row in rows], "confirmed": "1"}
    )
    assert answer.status_code == 302
    found = newest(demo, 3, table_name="certificate", action="UPDATE")
    assert {entry.row_id for entry in found} == set(rows)
    assert all(entry.changes and entry.changes["state"] == ["ENABLED", "DISABLED"] for entry in found)
    assert len({entry.request for entry in found}) == 1


@pytest.mark.demo
def test_an_export_leaves_a_line(demo: Demo) -> None:
    browser = demo.browser("school.principal")
    assert browser.post("/console/registration/export").status_code == 200
    (entry,) = newest(demo, action="EXPORT")
    assert (entry.table_name, entry.account_id) == ("registration", demo.account("school.principal").id)


@pytest.mark.demo
@pytest.mark.parametrize(
    ("role", "url"),
    [
        ("school.manager", "/console/seal/"),
        ("school.staff", "/console/account/"),
        ("organisation.clerk", "/desk/certificate/add"),
    ],
)
def test_being_refused_leaves_a_line(role: str, url: str, demo: Demo) -> None:
    """E11: who tried what, though nothing came of it."""
    browser = demo.browser(role)
    assert browser.get(url).status_code == 403
    (entry,) = newest(demo, action="REFUSED")
    assert entry.account_id == demo.account(role).id
    assert entry.reason is not None and entry.reason.startswith(f"GET {url}")


@pytest.mark.demo
@pytest.mark.parametrize("role", EVERY_ROLE)
def test_nobody_writes_changes_or_deletes_a_line(role: str, demo: Demo) -> None:
    """No grant for any role; the worker may add through triggers alone, and change nothing."""
    with acting_as(demo.actor(role), demo.session):
        for statement in (
            "insert into audit_entry (action, table_name, rows) values ('INSERT', 'candidate', 1)",
            "update audit_entry set reason = 'nothing happened'",
            "delete from audit_entry",
        ):
            savepoint = demo.session.begin_nested()
            with pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
                demo.session.execute(sa.text(statement))
            savepoint.rollback()


@pytest.mark.demo
def test_not_even_an_administrator_changes_a_line(demo: Demo) -> None:
    """D8, D9: the trigger knows no superuser."""
    for statement in (
        "update audit_entry set reason = 'x'",
        "delete from audit_entry",
        "truncate audit_entry",
    ):
        with demo.owner.connect() as connection, pytest.raises(sa.exc.DBAPIError):
            connection.execute(sa.text(statement))


@pytest.mark.demo
def test_a_line_cannot_be_dated_back_or_written_in_another_name(demo: Demo) -> None:
    """Who and when are the database's word, whatever a statement says."""
    with acting_as(JOB, demo.session):
        demo.session.execute(
            sa.text(
                "insert into audit_entry (action, table_name, rows, at, account_id, actor, tenant_id)"
                " values ('FORGED', 'candidate', 1, '2000-01-01', 1, 'platform.operator', 1)"
            )
        )
        entry = demo.session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "FORGED")).one()
        assert (entry.account_id, entry.actor, entry.tenant_id) == (None, "job", None)
        assert entry.at.year > 2000
        demo.session.rollback()
