"""One declaration of under forty lines is a whole console: driven over HTTP against a server of its own (D5, 9)."""

from __future__ import annotations

import io
import json
import os
import re
import secrets
import subprocess
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import openpyxl
import psycopg
import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy.engine import make_url

from app.access import wall
from app.access.embedded import EmbeddedPostgres
from models.kit import declared_models
from tests.http.api import PASSWORD
from tests.http.visitor import Visitor

ROOT = Path(__file__).resolve().parents[2]
URL = "/console/equipment"
_numbers = count(1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the example's revision is written."""
    return tmp_path_factory.mktemp("versions")


@pytest.fixture(scope="module")
def site(server: EmbeddedPostgres, folder: Path) -> Iterator[dict[str, Any]]:
    """The server process; its database is its own. `ask(command)` has it run a command of `flask`, `ask()` the waiting
    jobs."""
    name = f"t_{secrets.token_hex(8)}"
    plain = (
        make_url(server.url("postgres")).set(drivername="postgresql").render_as_string(hide_password=False)
    )
    with psycopg.connect(plain, autocommit=True) as admin:
        admin.execute(f'create database "{name}"')
        admin.execute(
            "select pg_advisory_lock(712)"
        )  # roles are the whole server's: as when the template is made
        given = [server.url(name, wall.LOGIN), server.password(wall.LOGIN), str(folder)]
        command = [sys.executable, "-m", "tests.http.example_server", *given]
        environment = {**os.environ, "PANEL_ADMIN_DATABASE_URL": server.url(name)}
        pipe = subprocess.PIPE
        with subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=pipe, stdout=pipe, text=True
        ) as process:
            try:
                assert process.stdin is not None and process.stdout is not None
                told, answers = process.stdin, process.stdout
                line = answers.readline()
                admin.execute("select pg_advisory_unlock(712)")

                def ask(*words: str) -> str:
                    told.write(json.dumps(words or None) + "\n")
                    told.flush()
                    return str(json.loads(answers.readline()))

                yield {**json.loads(line), "ask": ask}
            finally:
                process.kill()
        admin.execute(f'drop database if exists "{name}" with (force)')


@pytest.fixture(scope="module")
def person(site: dict[str, Any]) -> Visitor:
    """Qingdao's manager in a browser."""
    return _entered(site, "qingdao")


@pytest.fixture(scope="module")
def neighbour(site: dict[str, Any]) -> Visitor:
    """Beijing's manager."""
    return _entered(site, "beijing")


def _entered(site: dict[str, Any], name: str) -> Visitor:
    visitor = Visitor(site["port"])
    assert visitor.get(site["people"][name]["link"]).status == 302
    visitor.get("/console/")
    return visitor


@pytest.fixture(scope="module")
def program(site: dict[str, Any]) -> Visitor:
    """The same manager's program."""
    visitor = Visitor(site["port"])
    given = {"username": site["people"]["qingdao"]["username"], "password": PASSWORD}
    visitor.bearer = visitor.api("POST", "security/login", given).json["access_token"]
    return visitor


def equipment(**values: str) -> dict[str, str]:
    number = next(_numbers)
    return {
        "code": f"SB{number:03}", "name": f"考试用机{number:03}", "seats": "50", "price": "120000.50", "bought_on": "2025-09-01",
        "keeper": "13800000001", **values,
    }  # fmt: skip


def made(visitor: Visitor, **values: str) -> int:
    answer = visitor.post(f"{URL}/add", **equipment(**values))
    assert answer.status == 302, re.findall(r"ui-error.*", answer.text)
    return int(answer.location.rpartition("/")[2])


def test_the_declaration_is_short_and_nobody_elses() -> None:
    source = (ROOT / "tests" / "worked_example.py").read_text().splitlines()
    assert len(source) < 45 and sum(bool(line.strip()) for line in source) < 40
    assert "equipment" not in {model.__tablename__ for model in declared_models()}
    assert sum("Mapped[" in line for line in source) == 10


def test_it_stands_in_the_menu_and_an_empty_list_says_what_to_do(neighbour: Visitor) -> None:
    page = neighbour.get(f"{URL}/")
    assert page.status == 200
    assert "还没有设备,点“新增”登记" in page.text and "考试设备" in neighbour.get("/console/").text


def test_a_form_tells_the_browser_what_the_declaration_says(person: Visitor) -> None:
    """Lengths, ranges, shapes and what is required, from the same line as the server's checks."""
    form = person.get(f"{URL}/add").text
    controls = {name: tag for tag, name in re.findall(r'(<input[^>]* name="(\w+)"[^>]*>)', form)}
    due = {
        "name": ('minlength="2"', 'maxlength="50"', 'aria-required="true"'),
        "seats": ('data-least="1"', 'data-most="1000"', 'data-places="0"', 'aria-required="true"'),
        "price": ('data-least="0"', 'data-most="999999.99"', 'data-places="2"'),
        "keeper": ('pattern="', 'data-says="手机号应为11位', 'aria-required="true"'),
    }
    for name, marks in due.items():
        assert all(mark in controls[name] for mark in marks), controls[name]
    assert "aria-required" not in controls["price"] and "aria-required" not in controls["remark"]


def test_a_form_says_what_is_wrong_beside_the_field_and_saves_what_is_right(person: Visitor) -> None:
    form = person.get(f"{URL}/add").text
    assert (
        'maxlength="50"' in form
        and "2–50个字" in form
        and "院校" not in re.findall(r"<label[^>]*>([^<]+)", form)
    )
    answer = person.post(
        f"{URL}/add", **equipment(name="", seats="1001", keeper="12345", bought_on="2025-02-30")
    )
    assert answer.status == 422
    for field, words in (
        ("name", "请填写设备名称"),
        ("seats", "1–1000"),
        ("keeper", "手机"),
        ("bought_on", "日期格式"),
    ):
        assert re.search(rf'id="{field}-error".*?{words}', answer.text, flags=re.S), field
    key = made(person, name=" 考试用机A ", price="")
    page = person.get(f"{URL}/{key}").text
    assert "考试用机A" in page and "138****0001" in page and "13800000001" not in page and "在库" in page
    answer = person.post(f"{URL}/add", **equipment(code="SB900"))
    assert answer.status == 302
    answer = person.post(f"{URL}/add", **equipment(code="SB900"))
    assert answer.status == 409 and "设备编号已存在" in answer.text


def test_an_edit_meets_the_version_that_was_read(person: Visitor) -> None:
    """R137."""
    key = made(person)
    form = person.get(f"{URL}/{key}/edit").text
    assert "13800000001" in form  # the owner's form shows the whole number (R23)
    version = re.search(r'name="row_version"[^>]*value="(\d+)"', form)
    assert version is not None
    changed = equipment(seats="60", row_version=version.group(1))
    assert person.post(f"{URL}/{key}/edit", **changed).status == 302
    assert ">60<" in person.get(f"{URL}/{key}").text
    answer = person.post(f"{URL}/{key}/edit", **changed)
    assert answer.status == 409 and "已被他人修改" in answer.text


def test_buttons_move_it_through_its_states_and_no_further(person: Visitor) -> None:
    key = made(person)
    assert "领用" in person.get(f"{URL}/{key}").text
    asked = person.post(f"{URL}/action/take", rowid=key)
    assert (
        'name="confirmed"' in asked.text and "在库" in person.get(f"{URL}/{key}").text
    )  # first it only asks
    assert person.post(f"{URL}/action/take", rowid=key, confirmed="1").status == 302
    page = person.get(f"{URL}/{key}").text
    assert "在用" in page and "action/take" not in page and "action/scrap" in page
    assert "报废后不能恢复" in person.post(f"{URL}/action/scrap", rowid=key).text
    assert person.post(f"{URL}/action/scrap", rowid=key, confirmed="1", reason="").status == 422
    assert person.post(f"{URL}/action/scrap", rowid=key, confirmed="1", reason="主板损坏").status == 302
    page = person.get(f"{URL}/{key}").text
    assert (
        "已报废" in page
        and "主板损坏" in page
        and "action/" not in page.partition("操作记录")[0].partition('id="detail"')[2]
    )
    for name in ("take", "scrap"):
        assert person.post(f"{URL}/action/{name}", rowid=key, confirmed="1", reason="再来一次").status == 409


def test_lists_are_filtered_sorted_and_counted_by_tabs(person: Visitor) -> None:
    few, many = (
        made(person, name="投影仪甲", seats="3"),
        made(person, name="投影仪乙", seats="300", bought_on="2020-01-01"),
    )
    person.post(f"{URL}/action/take", rowid=many, confirmed="1")
    found = person.get(f"{URL}/?f_name=投影仪&sort=-seats").text
    assert [int(k) for k in dict.fromkeys(re.findall(rf'href="{URL}/(\d+)"', found))] == [many, few]
    counts = dict(re.findall(r"(全部|在库|在用|已报废)\s*<[^>]*>\s*(\d+)", found))
    assert counts == {"全部": "2", "在库": "1", "在用": "1", "已报废": "0"}
    one = person.get(f"{URL}/?f_name=投影仪&tab=USED").text
    assert "投影仪乙" in one and "投影仪甲" not in one
    assert "投影仪乙" in person.get(f"{URL}/?f_bought_on_from=2019-12-31&f_bought_on_to=2020-01-01").text
    assert "投影仪乙" not in person.get(f"{URL}/?f_bought_on_from=2020-01-02&f_name=投影仪").text


def test_another_schools_row_is_not_there(person: Visitor, neighbour: Visitor, program: Visitor) -> None:
    """E137."""
    key = made(neighbour, name="邻校设备")
    for path in (f"{URL}/{key}", f"{URL}/{key}/edit"):
        assert person.get(path).status == 404
    assert person.post(f"{URL}/{key}/delete").status == 404
    assert person.post(f"{URL}/action/take", rowid=key, confirmed="1").status == 404
    assert "邻校设备" not in person.get(f"{URL}/?f_name=邻校").text
    assert program.api("GET", f"equipment/{key}").status == 404
    assert program.api("POST", "equipment/action/take", {"rows": [key]}).status == 404
    assert neighbour.get(f"{URL}/{key}").status == 200


def test_the_same_is_there_for_programs(program: Visitor) -> None:
    wrong = program.api("POST", "equipment/", {**equipment(), "seats": 0})
    assert (wrong.status, wrong.json["field"]) == (422, "seats")
    row = program.api("POST", "equipment/", {**equipment(), "seats": 20}).json
    assert (row["state"], row["keeper"], row["price"]) == ("STORED", "138****0001", "120000.50")
    assert row["actions"] == ["take", "scrap"]
    changed = program.api("PUT", f"equipment/{row['id']}", {"version": row["version"], "seats": 30})
    assert (changed.status, changed.json["seats"]) == (200, 30)
    assert (
        program.api("PUT", f"equipment/{row['id']}", {"version": row["version"], "seats": 40}).status == 409
    )
    assert program.api("POST", "equipment/action/take", {"rows": [row["id"]]}).json["done"] == 1
    found = program.api(
        "POST", "equipment/search", {"filters": {"keeper": "13800000001"}, "tab": "USED", "size": 100}
    )
    assert row["id"] in [item["id"] for item in found.json["items"]]
    assert program.api("DELETE", f"equipment/{row['id']}").status == 204
    schema = program.api("GET", "_openapi").json["components"]["schemas"]["EquipmentNew"]
    assert schema["required"] == ["code", "name", "seats", "bought_on", "keeper"]


def test_its_revision_was_written_by_the_command_and_holds_table_policies_and_grants(
    site: dict[str, Any], folder: Path
) -> None:
    """All the other tests here run on the database it made."""
    assert {path.name.partition(".")[2] for path in folder.glob("*.sql")} == {
        "up.sql",
        "down.sql",
        "wall.sql",
    }
    assert [path.read_text().partition("\n")[0] for path in folder.glob("*.py")] == ['"""equipment']
    assert all(path.name in site["written"] for path in folder.glob("*.sql"))
    up, down, wall_text = (next(folder.glob(f"*.{part}.sql")).read_text() for part in ("up", "down", "wall"))
    assert re.findall(r"CREATE TABLE (\w+)", up) == ["equipment"]
    assert all(f"\n    {name} " in up for name in ("code", "seats", "price", "keeper", "state"))
    assert re.findall(r"DROP TABLE (\w+)", down) == ["equipment"]
    for words in (
        "create policy school_1 on equipment", "create policy platform_1_select on equipment",
        "grant select on equipment to panel_platform", "grant insert on equipment to panel_school",
        "create policy school_1 on room",
    ):  # fmt: skip
        assert words in wall_text.lower(), words


def sheet(data: bytes) -> list[list[Any]]:
    return CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0).to_python()


def filled(template: bytes, *rows: dict[str, str]) -> bytes:
    """The downloaded workbook with these rows below its labels."""
    names = {
        "设备编号": "code", "设备名称": "name", "可供座位数": "seats", "价格(元)": "price", "购置日期": "bought_on",
        "保管人手机": "keeper",
    }  # fmt: skip
    book = openpyxl.load_workbook(io.BytesIO(template))
    page = book.worksheets[0]
    for column in page.iter_cols(max_row=1):
        name = names.pop(str(column[0].value).rstrip("*"))
        for at, row in enumerate(rows, 2):
            page.cell(at, column[0].column).value = row[name]
    assert not names
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


def test_its_workbook_goes_from_the_template_through_the_dry_run_into_the_list_and_out_again(
    site: dict[str, Any], person: Visitor, neighbour: Visitor
) -> None:
    known = equipment(name="打印机旧")
    made(person, **known)
    template = person.get(f"{URL}/template")
    assert template.status == 200
    person.get(f"{URL}/import")
    rows = [
        equipment(name="打印机新"),
        {**known, "name": "打印机改"},
        equipment(name="打印机错", keeper="12345"),
    ]
    answer = person.upload(f"{URL}/import", "设备.xlsx", filled(template.data, *rows))
    assert answer.status == 302
    job = answer.location
    assert site["ask"]() == "1 jobs"
    page = person.get(job).text
    assert all(words in page for words in ("待确认", "仅导入正确的2行", "保管人手机"))
    assert "手机" in str(sheet(person.get(f"{job}result").data)[3][-1])
    assert "打印机新" not in person.get(f"{URL}/?f_name=打印机").text  # so far it was only tried
    assert neighbour.get(job).status == 404
    person.get(job)
    assert person.post(f"{job}confirm").status == 409  # one row is refused: all or nothing
    assert person.post(f"{job}confirm?mode=good").status == 302
    assert site["ask"]() == "1 jobs"
    assert "已完成" in person.get(job).text

    head, *lines = sheet(person.post(f"{URL}/export?f_name=打印机").data)
    found = {line[head.index("设备名称")]: line for line in lines}
    assert set(found) == {"打印机新", "打印机改"}
    changed = found["打印机改"]
    assert changed[head.index("设备编号")] == known["code"]
    assert changed[head.index("保管人手机")] == "138****0001" and changed[head.index("状态")] == "在库"
    head, *lines = sheet(neighbour.post(f"{URL}/export").data)
    assert not {"打印机新", "打印机改"} & {line[head.index("设备名称")] for line in lines}


def test_describe_prints_what_followed_from_it(site: dict[str, Any]) -> None:
    told = site["ask"]("panel", "describe", "Equipment")
    for part in (
        "考试设备  Equipment  (table equipment)", "在库 → 在用", "tabs: 全部, 在库, 在用, 已报废",
        "import equipment (equipment:import): 设备编号*", "考试管理/考试设备: school", "/console/equipment/",
        "/api/v1/equipment/{key}",
        "take    school.principal, school.manager",
        "unique school_id, code", "create policy school_1 on equipment",
    ):  # fmt: skip
        assert part in told, part


def test_the_page_of_the_architecture_shows_exactly_this() -> None:
    """The declaration as it stands, less what only the linter reads; the line of the roles is read from the page."""
    page = (
        (ROOT / "docs" / "architecture.md")
        .read_text()
        .partition("## Worked example")[2]
        .partition("\n## ")[0]
    )
    shown = re.search(r"```python\n(.*?)```", page, flags=re.S)
    source = (ROOT / "tests" / "worked_example.py").read_text().partition('"""\n\n')[2]
    assert shown is not None and shown.group(1) == re.sub(r"  # (noqa|fmt).*", "", source)


def test_who_may_not_is_refused(site: dict[str, Any]) -> None:
    nobody = Visitor(site["port"])
    assert nobody.get(f"{URL}/").status == 302
    assert nobody.api("GET", "equipment/").status == 401


def test_a_class_says_all_of_it(site: dict[str, Any]) -> None:
    """Nothing of the example stands anywhere else in the code."""
    assert site["table"] == "equipment"
    for path in [
        *(ROOT / "app").rglob("*.py"),
        *(ROOT / "views").rglob("*.py"),
        *(ROOT / "models").rglob("*.py"),
    ]:
        assert '"equipment"' not in path.read_text(encoding="utf-8"), path
