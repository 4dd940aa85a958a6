"""Who watches a room session: named by the host school, nobody in two rooms at one time (R93, E108)."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.scheduling.invigilate import Duty, DutyConflict, conflicts
from app.scheduling.model import Span
from app.services.actions import Ask, action, page_link
from app.services.errors import Conflict, DomainError
from models.kit import Text, clock, formats
from models.scheduling import Invigilator, InvigilatorKind, RoomSession

MOST = 5
_SEPARATORS = re.compile(r"[、,,;;\n]+")
_MOBILE = re.compile(r"(\+?\d[\d-]{6,})$")


@dataclass(frozen=True)
class Watcher:
    """A person as typed: 姓名, 手机号 (may be missing)."""

    name: str
    mobile: str | None = None


@dataclass(frozen=True)
class Watch:
    """Everybody of one room session: 监考 1–5, 巡考 0–5."""

    invigilators: tuple[Watcher, ...]
    patrols: tuple[Watcher, ...] = ()

    @property
    def everybody(self) -> tuple[Watcher, ...]:
        return self.invigilators + self.patrols


def read_people(text: str | None) -> tuple[Watcher, ...]:
    """王老师 13800000000、李老师 → people; raises FormatError with the reason."""
    people = []
    for part in filter(None, (piece.strip() for piece in _SEPARATORS.split(text or ""))):
        found = _MOBILE.search(part)
        name = part[: found.start()] if found else part
        mobile = formats.mobile(found.group(1)) if found else None
        people.append(Watcher(formats.person_name(name), mobile))
    return tuple(people)


def watch(invigilators: Sequence[Watcher], patrols: Sequence[Watcher] = ()) -> Watch:
    """R93: 1–5 invigilators, 0–5 patrols, nobody twice. Raises DomainError."""
    if not 1 <= len(invigilators) <= MOST:
        raise DomainError("invigilators.count", f"监考老师应为1–{MOST}人", "invigilators")
    if len(patrols) > MOST:
        raise DomainError("invigilators.count", f"巡考老师最多{MOST}人", "patrols")
    people = [*invigilators, *patrols]
    if len({_plain(person) for person in people}) < len(people):
        raise DomainError(
            "invigilators.twice", "同一老师在一个考场只填写一次;同名老师请填写手机号", "invigilators"
        )
    return Watch(tuple(invigilators), tuple(patrols))


def _plain(person: Watcher) -> str:
    return person.mobile or person.name


def set_invigilators(session: Session, actor: Actor, row: RoomSession, people: Watch) -> None:
    """In place of those named before, until the session ends (4.9)."""
    if row.schedule_published_at is None or clock.now() >= row.ends_at:
        raise Conflict("invigilators.closed", "考试已结束或排考未发布,不能设置监考人员")
    wanted = {row.id: people}
    if found := clashes(session, [row], wanted):
        raise Conflict("invigilators.clash", found[0].message)
    write(session, wanted)


def clashes(session: Session, rows: Sequence[RoomSession], wanted: Mapping[int, Watch]) -> list[DutyConflict]:
    """Who would be in two rooms at one time, with what stands elsewhere in the schools and with each other."""
    if not rows:
        return []
    duties = [
        (p, row.id, row.room_name, Span(row.starts_at, row.ends_at))
        for row in rows
        for p in wanted[row.id].everybody
    ]
    first, last = min(row.starts_at for row in rows), max(row.ends_at for row in rows)
    standing = session.scalars(
        sa.select(Invigilator).where(
            Invigilator.host_school_id.in_({row.host_school_id for row in rows}),
            Invigilator.starts_at < last,
            Invigilator.ends_at > first,
            Invigilator.room_session_id.not_in(wanted),
        )
    )
    duties += [
        (Watcher(one.name, one.mobile), one.room_session_id, one.room_name, Span(one.starts_at, one.ends_at))
        for one in standing
    ]
    told = _told_apart([person for person, *_ in duties])
    return [
        clash
        for clash in conflicts(Duty(told[person], room, name, span) for person, room, name, span in duties)
        if {clash.one.room, clash.other.room} & set(wanted)
    ]


def _told_apart(people: Collection[Watcher]) -> dict[Watcher, str]:
    """By mobile; a name without one is taken for the only other person of that name, if there is one."""
    mobiles: dict[str, set[str]] = {}
    for person in people:
        if person.mobile:
            mobiles.setdefault(person.name, set()).add(person.mobile)
    known = {name: next(iter(numbers)) for name, numbers in mobiles.items() if len(numbers) == 1}
    return {person: person.mobile or known.get(person.name, person.name) for person in people}


def write(session: Session, wanted: Mapping[int, Watch]) -> None:
    """The people of these room sessions, and their names in the lists."""
    session.execute(
        sa.delete(Invigilator)
        .where(Invigilator.room_session_id.in_(wanted))
        .execution_options(synchronize_session=False)
    )
    values = [
        {
            "room_session_id": key,
            "kind": kind,
            "ordinal": ordinal,
            "name": person.name,
            "mobile": person.mobile,
        }
        for key, people in wanted.items()
        for kind, named in (
            (InvigilatorKind.INVIGILATOR, people.invigilators),
            (InvigilatorKind.PATROL, people.patrols),
        )
        for ordinal, person in enumerate(named, 1)
    ]
    if values:
        session.execute(sa.insert(Invigilator), values)
    for row in session.scalars(sa.select(RoomSession).where(RoomSession.id.in_(wanted))).unique():
        people = wanted[row.id]
        row.invigilators, row.patrols = _names(people.invigilators), _names(people.patrols)
    session.flush()


def _names(people: Sequence[Watcher]) -> str | None:
    return "、".join(person.name for person in people)[:300] or None


_HELP = "每行一人:姓名 手机号(手机号可不填,同名老师请填写)"


@action(
    RoomSession,
    "set_invigilators",
    "设置监考人员",
    on="one",
    icon="eye",
    order=20,
    primary=True,
    when=lambda row: row.schedule_published_at is not None and clock.now() < row.ends_at,
    confirm="重新填写全部监考和巡考老师,原有安排将被替换",
    asks=(
        Ask("invigilators", "监考老师", Text(600), help=f"1–{MOST}人,{_HELP}"),
        Ask("patrols", "巡考老师", Text(600), required=False, help=f"0–{MOST}人,{_HELP}"),
    ),
)
def _set(
    session: Session, actor: Actor, rows: list[RoomSession], invigilators: str, patrols: str = ""
) -> str:
    named = {}
    for field, text in (("invigilators", invigilators), ("patrols", patrols)):
        try:
            named[field] = read_people(text)
        except formats.FormatError as error:
            raise DomainError("invigilators.name", str(error), field) from error
    set_invigilators(session, actor, rows[0], watch(named["invigilators"], named["patrols"]))
    return f"已设置“{rows[0].room_name}”的监考人员"


page_link(
    RoomSession,
    "import_invigilators",
    "批量导入监考安排",
    "/console/invigilator/import",
    on="list",
    icon="upload",
)
