"""申报进度: a batch city by city (4.1, 7.3; issue 4: the province sees live progress)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from python_calamine import CalamineWorkbook

from app.access.actor import AUTH, JOB
from app.services import batch_progress
from models.accounts import Account, Role
from models.certificates import Certificate, CertificateState, Level
from models.declarations import (
    Decision,
    Declaration,
    DeclarationBatch,
    DeclarationState,
    Review,
    ReviewStage,
)
from models.directory import School, SchoolDirectory, SchoolKind
from models.kit import clock
from tests.conftest import Browser
from tests.factories import account
from tests.factories_declarations import at, batch, cast, declaration
from tests.models.world import PLATFORM, QINGDAO_CITY, SHANDONG

PAGE = "/console/batch_progress/"
As = Callable[..., Any]


@pytest.fixture(autouse=True)
def in_the_window() -> Any:
    with clock.travel(at("2020-04-03 09:00")):
        yield


@pytest.fixture
def made(as_: As) -> int:
    """Two schools of Jinan and two of Qingdao in the list; one of each registered; four declarations, one a draft."""
    cast(as_)
    with as_(PLATFORM) as db:
        for key, city in ((12, 3), (13, 3), (14, 2), (15, None)):
            db.add(
                SchoolDirectory(
                    id=key, school_code=f"41370100{key}", name=f"学院{key}", kind=SchoolKind.VOCATIONAL,
                    province_id=2, city_id=city,
                )
            )  # fmt: skip
        for key in (2, 3, 4):
            db.add(
                Certificate(
                    id=key, organisation_id=5, code=f"100{key}", name=f"证书{key}", level=Level.JUNIOR,
                    state=CertificateState.ENABLED,
                )
            )  # fmt: skip
        db.commit()
    with as_(AUTH) as db:
        db.add(School(directory_id=12, contact_mobile="13900000012", city_id=3))
        db.commit()
    with as_(JOB) as db:
        made = batch(db, requires_city_review=True)
        states = DeclarationState
        given: list[tuple[int, int, DeclarationState, str]] = [
            (11, 1, states.PENDING, "2020-04-02 08:00"), (11, 2, states.REFUSED, "2020-04-01 08:00"),
            (11, 3, states.DRAFT, ""), (12, 1, states.CITY_PENDING, "2020-04-01 09:00"),
            (12, 2, states.APPROVED, "2020-04-01 10:00"), (12, 4, states.REFUSED, "2020-04-01 11:00"),
        ]  # fmt: skip
        rows: list[Declaration] = []
        for school, certificate, state, submitted in given:
            values: dict[str, Any] = {"submitted_at": at(submitted)} if submitted else {}
            if state is states.APPROVED:
                values["approved_count"] = 60
            if state is states.REFUSED:
                values["refusal_reason"] = "材料不全"
            rows.append(
                declaration(db, made.id, school_id=school, certificate_id=certificate, state=state, **values)
            )
        for row, decision in (
            (rows[0], Decision.APPROVED), (rows[1], Decision.REFUSED), (rows[4], Decision.REFUSED),
            (rows[4], Decision.APPROVED), (rows[5], Decision.APPROVED),
        ):  # fmt: skip
            reason = "材料不全" if decision is Decision.REFUSED else None
            db.add(Review(declaration_id=row.id, stage=ReviewStage.CITY, decision=decision, reason=reason))
            db.flush()
        db.commit()
        return made.id


def test_each_city_is_counted_and_what_waits_longest_comes_first(as_: As, made: int) -> None:
    """A school is counted once, a draft not at all; of a city's decisions on one declaration the last counts."""
    with as_(SHANDONG) as db:
        found = batch_progress.progress(db, db.get_one(DeclarationBatch, made))
    assert [line.city for line in found.lines] == ["济南市", "青岛市", batch_progress.ELSEWHERE]
    jinan, qingdao, elsewhere = found.lines
    assert (jinan.directory, jinan.registered, jinan.declared, jinan.idle) == (2, 1, 1, 0)
    assert (jinan.city_waiting, jinan.city_agreed, jinan.city_refused) == (1, 2, 0)
    assert (jinan.waiting, jinan.approved, jinan.refused, jinan.granted) == (0, 1, 1, 60)
    assert jinan.since == at("2020-04-01 09:00")
    assert (qingdao.directory, qingdao.registered, qingdao.declared, qingdao.waiting) == (2, 1, 1, 1)
    assert (qingdao.city_agreed, qingdao.city_refused, qingdao.refused) == (1, 1, 0)
    assert (qingdao.applied, qingdao.since) == (200, at("2020-04-02 08:00"))
    assert (elsewhere.directory, elsewhere.registered, elsewhere.since) == (1, 0, None)
    assert (found.total.directory, found.total.declared, found.total.applied) == (5, 2, 500)


def test_a_city_sees_itself_only(as_: As, made: int) -> None:
    """1.5: the wall says which schools there are."""
    with as_(QINGDAO_CITY) as db:
        found = batch_progress.progress(db, db.get_one(DeclarationBatch, made))
    assert [line.city for line in found.lines] == ["青岛市"] and found.total.declared == 1


def test_it_is_one_statement(as_: As, made: int, engine: Any) -> None:
    asked: list[str] = []

    def note(conn: Any, cursor: Any, statement: str, *rest: Any) -> None:
        asked.append(statement)

    with as_(SHANDONG) as db:
        row = db.get_one(DeclarationBatch, made)
        sa.event.listen(engine, "before_cursor_execute", note)
        batch_progress.progress(db, row)
        sa.event.remove(engine, "before_cursor_execute", note)
    assert len(asked) == 1


def _opened(as_: As, browse: Any, role: Role, **tenant: Any) -> Browser:
    with as_(JOB) as db:
        person = account(db, role, **tenant)
        db.commit()
        return browse(db.get_one(Account, person.id))  # type: ignore[no-any-return]


def test_the_page_its_links_and_its_workbook(as_: As, made: int, browse: Any, tmp_path: Any) -> None:
    officer = _opened(as_, browse, Role.PROVINCE_STAFF, province_id=2)
    page = officer.get(PAGE).get_data(as_text=True)
    assert "等待最久的是济南市" in page and "data-chart" in page and "地市退回" in page
    assert f"tab=CITY_PENDING&amp;f_batch_id={made}&amp;f_city_id=3" in page
    assert f"{PAGE}?batch={made}" in officer.get(f"/console/declaration_batch/{made}").get_data(as_text=True)
    answer = officer.post(f"{PAGE}excel?batch={made}")
    path = tmp_path / "progress.xlsx"
    path.write_bytes(answer.data)
    head, *lines = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
    assert head[:3] == ["地市", "名录院校", "已注册"] and head[-1] == "最早待审"
    assert [line[0] for line in lines] == ["济南市", "青岛市", batch_progress.ELSEWHERE, "合计"]


def test_without_a_batch_it_says_so_and_schools_have_no_such_page(as_: As, browse: Any) -> None:
    cast(as_)
    officer = _opened(as_, browse, Role.PROVINCE_STAFF, province_id=1)
    assert "还没有发布的申报批次" in officer.get(PAGE).get_data(as_text=True)
    assert officer.post(f"{PAGE}excel").status_code == 422
    school = _opened(as_, browse, Role.SCHOOL_STAFF, school_id=11, menus=["证书管理/证书试点申报"])
    assert school.get(PAGE).status_code == 403 and school.post(f"{PAGE}excel").status_code == 403


def test_another_provinces_batch_is_not_offered(as_: As, made: int, browse: Any) -> None:
    """E28: an address that names it shows one's own."""
    beijing = _opened(as_, browse, Role.PROVINCE_PRINCIPAL, province_id=1)
    assert "济南市" not in beijing.get(f"{PAGE}?batch={made}").get_data(as_text=True)
