"""Papers of an exam session (6.4, R94): admission tickets, sign-in sheet, desk and door labels, schedule matrix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.documents import codes
from app.documents.render import members, render, render_each

TICKET_RULES = (
    "考生须持本准考证和有效身份证件原件参加考试,证件不齐者不得入场。",
    "请提前30分钟到达考点,开考15分钟后不得入场。",
    "对号入座,将准考证和身份证件放在桌面左上角备查,并在签到表上签名。",
    "不得将手机等通讯工具、电子设备和与考试无关的物品带入考场座位。",
    "服从监考老师安排,遵守考场纪律;违纪、作弊者取消成绩,并按有关规定处理。",
    "请核对准考证上的个人信息和考场安排,如有误请立即联系所在院校。",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketSubject:
    """One sitting on a ticket: where and when, with the room's full address."""

    code: str
    name: str
    mode: str
    time: str
    site: str
    room: str
    seat: int
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """Admission ticket (准考证, R75, R95); the ID number is printed in full (R23)."""

    number: str
    name: str
    id_number: str
    school: str
    plan: str
    certificate: str
    level: str
    photo: bytes | None
    subjects: Sequence[TicketSubject]
    rules: Sequence[str] = TICKET_RULES


def admission_tickets(tickets: Sequence[Ticket], *, printed_at: datetime) -> bytes:
    """准考证: one page a candidate up to six subjects, ticket number also as Code 128."""
    items = [members(ticket) | {"barcode": codes.code128(ticket.number)} for ticket in tickets]
    return render_each("admission_tickets", items, printed_at=printed_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInRow:
    """A seated candidate; `school` is the candidate's own, which differs for borrowed sites."""

    name: str
    id_masked: str
    ticket_number: str
    school: str
    seat: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInSheet:
    """Sign-in sheet (签到表) of one room session; unknown invigilators and counts stay blank lines (E108)."""

    plan: str
    room: str
    site: str
    school: str
    subject: str
    certificate: str
    level: str
    time: str
    expected: int
    rows: Sequence[SignInRow]
    invigilators: Sequence[str] = ()
    patrols: Sequence[str] = ()
    attended: int | None = None
    absent: int | None = None


def sign_in_sheet(*sheets: SignInSheet, printed_at: datetime) -> bytes:
    """签到表: 25 rows a page under a repeated head; several sheets are paged each for itself."""
    return render_each("sign_in_sheet", sheets, printed_at=printed_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskLabel:
    """Desk label (桌贴) of one seat."""

    seat: int
    room: str
    name: str
    ticket_number: str
    id_masked: str
    subject: str
    time: str
    photo: bytes | None


def desk_labels(labels: Sequence[DeskLabel], *, printed_at: datetime) -> bytes:
    """桌贴: eight labels a page, to be cut along the dashes."""
    return render("desk_labels", labels, printed_at=printed_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatedPerson:
    """A line of the door label."""

    seat: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorLabel:
    """Door label (门贴) of one room session; `seats` and `tickets` are ranges such as "1–30"."""

    room: str
    site: str
    subject: str
    certificate: str
    level: str
    time: str
    seats: str
    tickets: str
    people: Sequence[SeatedPerson]


def door_label(*labels: DoorLabel, printed_at: datetime) -> bytes:
    """门贴: landscape, up to 60 names on the first page."""
    return render_each("door_label", labels, printed_at=printed_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixCell:
    """A room session in the matrix: its subject and how many sit there."""

    subject: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixRoom:
    """A row of the matrix; one cell a session, None where the room is free."""

    name: str
    kind: str
    seats: int
    cells: Sequence[MatrixCell | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleMatrix:
    """Overview of a plan at one site (考场编排总表): rooms × sessions."""

    plan: str
    plan_code: str
    site: str
    school: str
    sessions: Sequence[str]
    rooms: Sequence[MatrixRoom]


def schedule_matrix(*matrices: ScheduleMatrix, printed_at: datetime) -> bytes:
    """考场编排总表: landscape; more than six sessions go on in a further block of columns."""
    for matrix in matrices:
        if any(len(room.cells) != len(matrix.sessions) for room in matrix.rooms):
            raise ValueError("every room needs one cell a session")
    return render_each("schedule_matrix", matrices, printed_at=printed_at)
