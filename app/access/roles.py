"""The one table of who may do what (1.2, 1.4, 1.5). A permission is `<table>:<verb>`; what is not here is refused.

Verbs: `list` (see list and detail), `add`, `edit`, `delete`, `import`, `export`, `unmask`, and the names of a
table's actions. The wall (policies) decides which rows; this decides which doors. A staff account has what its
tenant's manager has, less what `_NOT_STAFF` names, and only within the menus ticked for it.
"""

from __future__ import annotations

from functools import cache

from app.access.actor import Actor
from models.kit import declared_models


def _parse(text: str) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for line in filter(str.strip, text.splitlines()):
        table, _, verbs = line.partition(":")
        found[table.strip()] = found.get(table.strip(), frozenset()) | frozenset(verbs.split())
    return found


_EVERYONE = """
message: list read follow read_all
job: list cancel
login_record: list
"""

_SCHOOL_MANAGER = (
    _EVERYONE
    + """
school: list edit
account: list add edit disable enable reset_password
declaration_batch: list declare
declaration: list add edit delete submit export print
declaration_major: list add edit delete
declaration_file: list add edit delete
declaration_batch_certificate: list
review: list
quota: list
quota_change: list
certificate: list
subject: list
standard: list
exam_plan: list
plan_certificate: list
plan_subject: list
exam_session: list
candidate: list add edit delete import export export_full unmask confirm recheck import_photos import_changes
photo: list
identity_check: list
exam_site: list add edit delete resubmit amend disable
exam_site_file: list add edit delete
borrow_request: list add edit delete
borrowed_site: list
venue: list add edit delete
room: list add edit delete import export copy_rooms
registration: list export import_by_certificate import_by_subject delete_by_sheet delete_registration make_slip
admission_ticket: list print
fee_slip: list delete print export import_by_certificate import_by_subject
fee_slip_line: list export
site_allocation: list
room_session: list attendance print_sign_in print_desk print_door print_tickets set_invigilators import_invigilators
invigilator: list import
seat_assignment: list export
score: list export ask_recheck
recheck: list withdraw export
certificate_result: list export
issuance_task: list export
e_certificate: list download record_handover
correction_request: list add agree reject
training_class: list add edit delete
trainee: list add edit delete
weekly_report: list add edit submit
audit_entry: list export
"""
)

_SCHOOL_PRINCIPAL = (
    _SCHOOL_MANAGER
    + """
seal: upload
issuance_task: sign_site refuse_site sign_batch
signing_request: list cancel
signature: list
account: hand_over
"""
)

_ORGANISATION_READ = """
organisation: list
certificate: list
subject: list
target_group: list
standard: list
school: list
exam_plan: list
plan_certificate: list
plan_subject: list
exam_session: list
declaration: list
declaration_major: list
declaration_file: list
quota: list
quota_change: list
candidate: list
registration: list export
exam_site: list
exam_site_file: list
room: list
borrow_request: list
borrowed_site: list
fee_slip: list
fee_slip_line: list
site_allocation: list
room_session: list print_sign_in print_desk print_door print_tickets
invigilator: list
seat_assignment: list export
score: list export
recheck: list
certificate_result: list export
issuance_task: list export
e_certificate: list
"""

_ORGANISATION_MANAGER = (
    _EVERYONE
    + _ORGANISATION_READ
    + """
organisation: edit
certificate: add edit delete submit export import
major: list
subject: add edit delete enable disable export import
target_group: add edit delete
standard: add edit delete
exam_plan: add edit delete add_certificate add_session publish withdraw extend export
exam_plan: schedule auto_schedule publish_schedule unschedule
plan_certificate: add edit delete
plan_subject: add edit delete publish_schedule unschedule
exam_session: add edit delete
exam_site: approve refuse disable
borrow_request: assign refuse
borrowed_site: add edit delete
fee_slip: confirm send_back record_payment import_confirmations print
seat_assignment: import move_seat take_seat
registration: give_seat
issuance_task: reissue
e_certificate: download bulk_download download_plan record_print record_posting record_handover
certificate_event: list
correction_request: list add agree reject
training_class: list
weekly_report: list add edit submit
audit_entry: list export
"""
)

_ORGANISATION_CLERK = (
    _EVERYONE
    + _ORGANISATION_READ
    + """
score: import correct
score_change: list
recheck: keep correct export
"""
)

_ORGANISATION_PRINCIPAL = (
    _ORGANISATION_MANAGER
    + _ORGANISATION_CLERK
    + """
exam_plan: cancel
certificate: disable
issuance_task: sign_organisation refuse_organisation sign_batch terminate
seal: upload
signing_request: list cancel
signature: list
account: list add edit disable enable reset_password hand_over
"""
)

_PROVINCE_STAFF = (
    _EVERYONE
    + """
directory_report: list export
province: list
city: list
school_directory: list export open_school ask_correction ask_missing
school: list export
certificate: list
declaration_batch: list add edit delete export progress
declaration_batch_certificate: list add edit delete
declaration: list export print recommend review review_next review_by_sheet report
declaration_major: list
declaration_file: list
review: list
recommendation: list
quota: list export
quota_change: list
subject: list
exam_plan: list
exam_site: list
room: list
candidate: list
weekly_report: list export
major: list
"""
)

_PROVINCE_PRINCIPAL = (
    _PROVINCE_STAFF
    + """
province: edit
city: edit open_account accounts
declaration_batch: publish extend withdraw
declaration: approve refuse retract
quota: adjust
directory_report: forward decline
weekly_report: confirm return
account: list add edit disable enable reset_password hand_over
audit_entry: list export
"""
)

_CITY_STAFF = (
    _EVERYONE
    + """
city: list
school_directory: list export open_school
school: list
declaration_batch: list progress
declaration_batch_certificate: list
declaration: list export print recommend review review_next review_by_sheet report
declaration_major: list
declaration_file: list
review: list
recommendation: list
quota: list
certificate: list
subject: list
exam_plan: list
exam_site: list
room: list
"""
)

_CITY_PRINCIPAL = (
    _CITY_STAFF
    + """
declaration: agree disagree retract
account: list add edit disable enable reset_password hand_over
audit_entry: list export
"""
)

_PLATFORM_READ = (
    _EVERYONE
    + """
province: list
city: list
county: list
school_directory: list export open_school
directory_report: list export
school: list export
organisation: list export
account: list
certificate: list export
subject: list
target_group: list
standard: list
declaration_batch: list progress
declaration_batch_certificate: list
declaration: list export report
declaration_major: list
declaration_file: list
review: list
recommendation: list
quota: list
quota_change: list
exam_plan: list
plan_certificate: list
plan_subject: list
exam_session: list
candidate: list
person: list
exam_site: list
exam_site_file: list
room: list
registration: list
room_session: list
seat_assignment: list
score: list
score_change: list
certificate_result: list
issuance_task: list
signature: list
e_certificate: list
certificate_event: list
correction_request: list
sms_message: list export
sms_template: list
notice: list
notice_file: list
verification: list
major: list
parameter: list
dictionary_item: list
number_sequence: list
audit_entry: list export
weekly_report: list
training_class: list
"""
)

_PLATFORM_AUDITOR = _PLATFORM_READ

_PLATFORM_OPERATOR = (
    _PLATFORM_READ
    + """
province: edit open_account
city: edit add open_account
school_directory: add edit import
organisation: add edit import suspend resume
certificate: approve refuse disable enable edit
subject: edit
major: add edit delete import
parameter: edit add
dictionary_item: add edit delete
correction_request: agree reject
candidate: unmask
account: add edit disable enable reset_password hand_over
sms_message: resend
sms_template: edit export
directory_report: correct decline adopt open_entry
weekly_report: confirm return
number_sequence: list
"""
)

_PLATFORM_EDITOR = (
    _EVERYONE
    + """
notice: list add edit delete publish withdraw revise preview
notice_file: list add edit delete
"""
)

_CANDIDATE = """
space: open
candidate: list
registration: list
admission_ticket: list print
score: list ask_recheck
recheck: list withdraw
certificate_result: list
issuance_task: list
e_certificate: list download
correction_request: list add
message: list read follow read_all
"""

_PUBLIC = """
notice: list
certificate: list
"""

ROLES: dict[str, dict[str, frozenset[str]]] = {
    "school.principal": _parse(_SCHOOL_PRINCIPAL),
    "school.manager": _parse(_SCHOOL_MANAGER),
    "organisation.principal": _parse(_ORGANISATION_PRINCIPAL),
    "organisation.manager": _parse(_ORGANISATION_MANAGER),
    "organisation.clerk": _parse(_ORGANISATION_CLERK),
    "province.principal": _parse(_PROVINCE_PRINCIPAL),
    "province.staff": _parse(_PROVINCE_STAFF),
    "city.principal": _parse(_CITY_PRINCIPAL),
    "city.staff": _parse(_CITY_STAFF),
    "platform.operator": _parse(_PLATFORM_OPERATOR),
    "platform.auditor": _parse(_PLATFORM_AUDITOR),
    "platform.editor": _parse(_PLATFORM_EDITOR),
    "candidate": _parse(_CANDIDATE),
    "public": _parse(_PUBLIC),
}

_NOT_STAFF = {
    "declaration": {"submit"},
    "candidate": {"confirm", "unmask"},
    "account": {"list", "add", "edit", "disable", "enable", "reset_password"},
}
ROLES["school.staff"] = {
    table: verbs - _NOT_STAFF.get(table, set()) for table, verbs in ROLES["school.manager"].items()
}


# What a school uses before it becomes pilot (1.4 declaration system, R8, E10).
DECLARING = frozenset(
    {
        "message",
        "job",
        "login_record",
        "audit_entry",
        "account",
        "school",
        "declaration",
        "declaration_major",
        "declaration_file",
        "declaration_batch",
        "declaration_batch_certificate",
        "review",
        "quota",
        "quota_change",
        "certificate",
        "standard",
    }
)


@cache
def _menus() -> dict[str, str]:
    return {
        model.__tablename__: "/".join(model.panel.menu_for("school")).strip("/")
        for model in declared_models()
    }


def may(actor: Actor, table: str, verb: str) -> bool:
    """Whether the actor's role opens this door. Unknown roles and verbs: no."""
    if verb not in ROLES.get(actor.role, {}).get(table, frozenset()):
        return False
    if actor.declaring and table not in DECLARING:
        return False
    return actor.role != "school.staff" or _ticked(actor, table)


def _ticked(actor: Actor, table: str) -> bool:
    """Within the menus ticked for the account; one's own messages and jobs need no tick."""
    if table in _parse(_EVERYONE):
        return True
    menu = _menus().get(table, "")
    return not menu or menu.startswith("首页") or menu in actor.menus


def permissions(role: str) -> set[str]:
    """Every `<table>:<verb>` of a role."""
    return {f"{table}:{verb}" for table, verbs in ROLES.get(role, {}).items() for verb in verbs}


def grantable(creator: str) -> list[str]:
    """The roles an account may give to sub-accounts: of its own kind, never a second principal (R1, R2),
    never more than it has itself."""
    kind, _, own = creator.partition(".")
    if kind == "school" and own == "manager":
        return ["school.staff"]
    if own not in ("principal", "operator"):
        return []
    return [
        role
        for role in ROLES
        if role.partition(".")[0] == kind
        and not role.endswith(".principal")
        and (kind == "platform" or permissions(role) <= permissions(creator))
    ]
