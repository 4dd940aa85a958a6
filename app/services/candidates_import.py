"""Candidates by the sheet: 院校考生, 社会考生, 批量修改考生信息 (6.2; R40–R46, R51, R53–R55, R58).

The two that add candidates stay inside the database after the check: one statement finds or makes the people and
inserts the candidates, whatever their number.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from functools import partial
from operator import mul
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.services.imports import Context, Importer, expect, register
from app.services.staging import NEW, Row, Staged
from app.sheets.spec import SheetColumn, SheetSpec
from models.candidates import Candidate, CandidateKind, IdentityState, Sex
from models.certificates import EducationLevel
from models.kit import clock, formats
from models.kit.cipher import cipher

LEVELS = tuple(level.label for level in EducationLevel)
CLEAR = "清空"

_PLAIN_NAME = re.compile("[\u4e00-\u9fff]{2,20}")
_PLAIN_PINYIN = re.compile("[A-Za-z]{2,40}(?: [A-Za-z]{1,40})?")
_PLAIN_MOBILE = re.compile("1[3-9][0-9]{9}", re.ASCII)


def _quick(plain: re.Pattern[str], normalise: Callable[[str], str]) -> Callable[[str], str]:
    """Nearly every cell is right as it stands: only the others pay for the full treatment."""
    return lambda text: text if plain.fullmatch(text) else normalise(text)


def _text(length: int) -> Callable[[str], str]:
    def normalise(text: str) -> str:
        if len(text) > length:
            raise formats.FormatError(f"不能超过{length}个字")
        return text

    return normalise


def _level(label: str) -> str:
    level = EducationLevel.by_label(label)
    if level is None:
        raise formats.FormatError("专业层次不在可选范围")
    return level.value


def _year(this_year: int, value: Any) -> int:
    """R40: from 1990 to this year."""
    year = int(value) if str(value).isdecimal() and len(str(value)) <= 4 else 0
    if not 1990 <= year <= this_year:
        raise formats.FormatError(f"入学年份应在1990–{this_year}之间")
    return year


_name = _quick(_PLAIN_NAME, formats.person_name)
_pinyin = _quick(_PLAIN_PINYIN, formats.name_pinyin)
_mobile = _quick(_PLAIN_MOBILE, formats.mobile)

_NAME = SheetColumn("name", "姓名", required=True, sample="张三")
_PINYIN = SheetColumn("name_pinyin", "姓名拼音", required=True, sample="Zhang San")
_NUMBER = SheetColumn(
    "id_number", "身份证号", "code", True, help="18位身份证号", sample="34052419800101001X", width=24
)
_MOBILE = SheetColumn("mobile", "手机号", "code", True, sample="13800000000")

STUDENTS = SheetSpec(
    "candidate",
    "院校考生",
    (
        _NAME,
        _PINYIN,
        _NUMBER,
        _MOBILE,
        SheetColumn("major", "就读专业", required=True, sample="软件技术"),
        SheetColumn("education_level", "专业层次", "choice", True, LEVELS, sample="高职"),
        SheetColumn("enrolment_year", "入学年份", "integer", True, help="四位数字", sample="2019"),
    ),
    notes=("已存在的考生不会被修改,请使用“批量修改考生信息”。", "照片另行批量导入。"),
)
SOCIAL = SheetSpec(
    "social_candidate",
    "社会考生",
    (
        _NAME,
        _PINYIN,
        _NUMBER,
        _MOBILE,
        SheetColumn("work_unit", "工作单位", sample="青岛某公司"),
        SheetColumn("major", "专业", sample="软件技术"),
        SheetColumn("education_level", "学历层次", "choice", False, LEVELS, sample="本科"),
    ),
    notes=STUDENTS.notes,
)


_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
_ZEROS = sum(_WEIGHTS) * ord("0")
_PLAIN_NUMBER = re.compile("[1-8][0-9]{16}[0-9X]", re.ASCII)


def _number(today: date, known: dict[str, bool], text: str) -> str:
    """An ID number (R41–R45). One that is right as it stands is recognised in a fifteenth of the time; all others go
    the full way, which also knows what to say."""
    if (
        _PLAIN_NUMBER.fullmatch(text)
        and _CHECKS[(sum(map(mul, text[:17].encode(), _WEIGHTS)) - _ZEROS) % 11] == text[17]
        and known.get(text[6:14])
        and text[:2] in formats.PROVINCE_CODES
    ):
        return text
    number = formats.id_number(text, today)
    known[number[6:14]] = True  # this birth date is a real one of the right age
    return number


# Adding


def _check_new(
    kind: CandidateKind, session: Session, actor: Actor, rows: list[Row], context: Context
) -> None:
    """R46: a candidate already entered is pointed to the other import; what the number tells is kept with the row."""
    sealed: dict[bytes, Row] = {}
    for row in rows:
        _add_facts(row.values)
        sealed[row.values["id_number"]] = row
    for number in _existing(session, list(sealed)):
        sealed[number].refuse("考生已存在,请使用批量修改")


def _add_facts(values: dict[str, Any]) -> None:
    number = values["id_number"]
    values["id_masked"] = formats.mask_id(number)
    values["birth_date"] = f"{number[6:10]}-{number[10:12]}-{number[12:14]}"
    values["sex"] = Sex.MALE.value if number[16] in "13579" else Sex.FEMALE.value
    values["id_number"] = cipher.encrypt(number, "id")


# One text is many times as quick on its way as an array of as many byte strings.
_AMONG = "id_number in (select decode(number, 'hex') from unnest(string_to_array(:numbers, ',')) as number)"


def _existing(session: Session, numbers: list[bytes]) -> list[bytes]:
    known = sa.text(f"select id_number from candidate where {_AMONG}")  # noqa: S608
    return list(session.scalars(known, {"numbers": ",".join(number.hex() for number in numbers)}))


def _apply_new(kind: CandidateKind, session: Session, actor: Actor, staged: Staged) -> None:
    rows = staged.table(
        NEW, name="text", name_pinyin="text", id_number="bytea", mobile="bytea", major="text", education_level="text",
        enrolment_year="integer", work_unit="text", id_masked="text", birth_date="date", sex="text",
    )  # fmt: skip
    insert = sa.text(
        f"with staged as materialized {rows},"  # noqa: S608  # columns of ours only
        " people as materialized (select p.* from"
        " (select array_agg(id_number) n, array_agg(id_masked) m, array_agg(name) a, array_agg(birth_date) b,"
        " array_agg(sex) s from staged) f cross join lateral panel_people(f.n, f.m, f.a, f.b, f.s) p)"
        " insert into candidate (kind, name, name_pinyin, id_number, mobile, major, education_level, enrolment_year,"
        " work_unit, identity_state, id_masked, birth_date, sex, person_id, school_id, school_name, province_id,"
        " created_at, updated_at, created_by, updated_by)"
        " select :kind, s.name, s.name_pinyin, s.id_number, s.mobile, s.major, s.education_level, s.enrolment_year,"
        " s.work_unit, :state, s.id_masked, s.birth_date, s.sex, p.person_id, own.id, d.name, own.province_id,"
        " app_now(), app_now(), app_account(), app_account()"
        " from staged s join people p on p.id_number = s.id_number"
        " cross join school own join school_directory d on d.id = own.directory_id"
        " where own.id = app_tenant() order by s.row_number"
        " on conflict (school_id, id_number) do nothing"
    )
    values = {"job": staged.job_id, "kind": kind.value, "state": IdentityState.INCOMPLETE.value}
    session.execute(sa.text("set local work_mem = '64MB'"))  # the rows are sorted once, in memory
    result = session.execute(insert, values)
    expect(result.rowcount, staged.count(NEW))  # type: ignore[attr-defined]


def _cleaners() -> dict[str, Callable[[Any], Any]]:
    today = clock.today()
    return {
        "name": _name,
        "name_pinyin": _pinyin,
        "id_number": partial(_number, today, {}),
        "mobile": _mobile,
        "major": _text(100),
        "education_level": _level,
        "enrolment_year": partial(_year, today.year),
        "work_unit": _text(100),
    }


_PERSONAL = {"id_number": "id", "mobile": "mobile"}

students = register(
    Importer(
        table="candidate",
        name="candidate",
        label="院校考生",
        sheet=STUDENTS,
        check=partial(_check_new, CandidateKind.STUDENT),
        apply=partial(_apply_new, CandidateKind.STUDENT),
        clean=_cleaners,
        key=("id_number",),
        personal=_PERSONAL,
    )
)
social = register(
    Importer(
        table="candidate",
        name="social",
        label="社会考生",
        sheet=SOCIAL,
        check=partial(_check_new, CandidateKind.SOCIAL),
        apply=partial(_apply_new, CandidateKind.SOCIAL),
        clean=_cleaners,
        key=("id_number",),
        personal=_PERSONAL,
    )
)


# Changing


def _unless_clear(normalise: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: value if value == CLEAR else normalise(value)


CHANGES = SheetSpec(
    "candidate_changes",
    "批量修改考生信息",
    (
        _NUMBER,
        SheetColumn("name", "姓名"),
        SheetColumn("name_pinyin", "姓名拼音"),
        SheetColumn("mobile", "手机号", "code"),
        SheetColumn("major", "就读专业"),
        SheetColumn("education_level", "专业层次", "choice", False, (*LEVELS, CLEAR)),
        SheetColumn("enrolment_year", "入学年份"),
        SheetColumn("work_unit", "工作单位"),
        SheetColumn("class_name", "班级"),
    ),
    notes=("身份证号用于查找考生,不能修改。", f"不修改的单元格留空;要清除选填内容,填写“{CLEAR}”。"),
)
_LABELS = {column.name: column.label for column in CHANGES.columns}
_CHANGEABLE = tuple(name for name in _LABELS if name != "id_number")


def _check_changes(session: Session, actor: Actor, rows: list[Row], context: Context) -> None:
    found = candidates_by_number(session, [row.values["id_number"] for row in rows])
    for row in rows:
        candidate = found.get(row.values["id_number"])
        if candidate is None:
            row.refuse("考生不存在", _LABELS["id_number"])
            continue
        _refuse_clearing(row, candidate)
        changes = changes_of(row, candidate)
        if "name" in changes and candidate.signed_at is not None:
            row.refuse("已签发证书,姓名请走更正流程", _LABELS["name"])
        if not row.reason:
            row.change(candidate.id) if changes else row.unchanged(candidate.id)
    session.expunge_all()


def candidates_by_number(session: Session, numbers: list[str]) -> dict[str, Candidate]:
    """The actor's candidates with these ID numbers; another school's are not there (E67)."""
    sealed = ",".join(cipher.encrypt(number, "id").hex() for number in numbers)
    mine = sa.select(Candidate).where(sa.text(_AMONG)).execution_options(populate_existing=True)
    return {candidate.id_number: candidate for candidate in session.scalars(mine, {"numbers": sealed})}


def _refuse_clearing(row: Row, candidate: Candidate) -> None:
    """E55: what the kind of candidate needs (R40) cannot be cleared."""
    for name in Candidate.REQUIRED[candidate.kind]:
        if row.values.get(name) == CLEAR:
            row.refuse("必填内容不能清空", _LABELS[name])


def changes_of(row: Row, candidate: Candidate) -> dict[str, Any]:
    """What the row changes: blank says nothing, 清空 empties."""
    given = {name: row.values.get(name) for name in _CHANGEABLE}
    wanted = {name: None if value == CLEAR else value for name, value in given.items() if value is not None}
    return {name: value for name, value in wanted.items() if getattr(candidate, name) != value}


def _apply_changes(session: Session, actor: Actor, staged: Staged) -> None:
    for rows in staged.rows():
        found = candidates_by_number(session, [row.values["id_number"] for row in rows])
        expect(len(found), len(rows))
        for row in rows:
            candidate = found[row.values["id_number"]]
            changes = changes_of(row, candidate)
            if "name" in changes and candidate.signed_at is not None:
                expect(0, 1)
            for name, value in changes.items():
                setattr(candidate, name, value)
            candidate.identity_state = state_after(candidate, voided="name" in changes)
        session.flush()
        session.expunge_all()


def state_after(candidate: Candidate, *, voided: bool) -> IdentityState:
    """The real-name state after a change (4.6): complete data wait for the check, and a change of name, ID number
    or photo voids the one that was made (R53, R54)."""
    state = candidate.identity_state
    if state is IdentityState.INCOMPLETE:
        return state if candidate.missing else IdentityState.WAITING
    return IdentityState.WAITING if voided else state


def _change_cleaners() -> dict[str, Callable[[Any], Any]]:
    cleaners = _cleaners()
    optional = {name: _unless_clear(cleaners[name]) for name in _CHANGEABLE if name in cleaners}
    return {**optional, "id_number": cleaners["id_number"], "class_name": _text(30)}


changes = register(
    Importer(
        table="candidate",
        name="changes",
        label="批量修改考生信息",
        sheet=CHANGES,
        check=_check_changes,
        apply=_apply_changes,
        clean=_change_cleaners,
        key=("id_number",),
        personal=_PERSONAL,
        verb="import_changes",
        hints=CHANGES.notes,
    )
)
