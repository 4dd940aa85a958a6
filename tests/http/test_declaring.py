"""The form of a declaration when things go wrong, and what its pages offer when (R27–R31, E13–E25)."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from app.access.actor import JOB
from models.accounts import Account
from models.certificates import Certificate, CertificateState, EducationLevel, Level, Major
from models.declarations import Declaration, DeclarationFile, DeclarationMajor, DeclarationState
from models.directory import School
from models.jobs import FormDraft, StoredFile
from models.kit import clock
from tests.conftest import Browser
from tests.documents import given
from tests.documents.test_content import compound
from tests.factories_declarations import WORDS, Cast, at, batch, cast, declaration
from tests.models.world import PLATFORM
from tests.security.test_queries import counted

OPEN, LATE = at("2020-04-02 09:00"), at("2020-04-05 00:00")
WINDOW = "2020-04-01 00:00 ~ 2020-04-04 23:59"
JSON = {"Accept": "application/json"}


class Scene:
    """Shandong with an open batch, and a browser for whichever of its people."""

    def __init__(self, as_: Any, browse: Any, people: Cast, batch_id: int) -> None:
        self.as_, self.browse, self.people, self.batch = as_, browse, people, batch_id
        self.add = f"/console/declaration/add?batch_id={batch_id}"

    def opened(self, name: str = "school") -> Browser:
        with self.as_(JOB) as db:
            account = db.get_one(Account, getattr(self.people, name).account)
        return self.browse(account)  # type: ignore[no-any-return]

    def draft(self, **values: Any) -> dict[str, Any]:
        return {
            "batch_id": str(self.batch),
            "certificate_id": "1",
            "applied_count": "100",
            "teachers_description": WORDS,
            "venue_description": WORDS,
            **values,
        }

    def all(self, model: Any) -> list[Any]:
        with self.as_(JOB) as db:
            return list(db.scalars(sa.select(model).order_by(model.id)))

    def saved(self, **values: Any) -> int:
        """A draft in the database."""
        with self.as_(self.people.school) as db:
            row = declaration(db, self.batch, **values)
            db.commit()
            return row.id


@pytest.fixture
def scene(as_: Any, browse: Any) -> Any:
    people = cast(as_)
    with as_(PLATFORM) as db:
        db.add_all(
            [
                Major(id=1, code="610201", name="计算机应用技术", level=EducationLevel.VOCATIONAL),
                Major(id=2, code="080901", name="计算机科学与技术", level=EducationLevel.UNDERGRADUATE),
                Major(id=3, code="710201", name="计算机应用", level=EducationLevel.SECONDARY),
            ]
        )
        db.commit()
    with as_(people.province) as db:
        made = batch(db, name="2020年第一次")
        db.commit()
    with clock.travel(OPEN):
        yield Scene(as_, browse, people, made.id)


def major(number: int, key: int) -> dict[str, str]:
    return {f"declaration_major-{number}-major_id": str(key), f"declaration_major-{number}-id": ""}


def version(page: str) -> str:
    found = re.search(r'name="row_version" type="hidden" value="(\d+)"', page)
    assert found
    return found[1]


def upload(browser: Browser, name: str, data: bytes) -> Any:
    return browser.post(
        "/console/declaration/upload/declaration_file.file", {"file": (io.BytesIO(data), name)}, headers=JSON
    )


# What is typed is kept


def test_what_is_typed_is_kept_for_who_typed_it_until_it_is_saved_or_dropped(scene: Scene) -> None:
    school, place = scene.opened(), f"add%26batch_id={scene.batch}"
    page = school.get(scene.add).get_data(as_text=True)
    assert f'data-autosave="/console/declaration/draft?place={place}"' in page
    typed = scene.draft(applied_count="77", teachers_description="<p>写到一半</p>", **major(0, 1))
    assert school.post(f"/console/declaration/draft?place={place}", typed).json == {
        "saved": "2020-04-02 09:00"
    }
    school = scene.opened()  # logged in once more, after the crash
    again = school.get(scene.add).get_data(as_text=True)
    for part in ("尚未保存的内容", 'value="77"', "写到一半", "计算机应用技术"):
        assert part in again
    assert "写到一半" not in scene.opened("manager").get(scene.add).get_data(as_text=True)
    assert "写到一半" not in school.get("/console/declaration/add?batch_id=999").get_data(as_text=True)
    school.post(f"/console/declaration/draft?place={place}&forget=1")
    assert scene.all(FormDraft) == []
    school.post(f"/console/declaration/draft?place={place}", typed)
    assert school.post(scene.add, scene.draft()).location == "/console/declaration/1", school.text()
    assert scene.all(FormDraft) == []


def test_who_may_not_declare_keeps_no_form(scene: Scene) -> None:
    for name in ("province", "city"):
        browser = scene.opened(name)
        assert browser.post("/console/declaration/draft?place=add", {"applied_count": "1"}).status_code == 403
    assert scene.all(FormDraft) == []


def test_e13_the_window_closes_while_the_form_is_open_and_nothing_typed_is_lost(scene: Scene) -> None:
    school = scene.opened()
    school.get(scene.add)
    with clock.travel(LATE):
        school = scene.opened()
        assert school.post(scene.add, scene.draft(applied_count="88")).status_code == 409
        page = school.text()
        assert f"申报已截止(申报时间:{WINDOW})" in page
        assert "您填写的内容已保留" in page
        assert 'value="88"' in page
        assert "尚未保存的内容" in school.get(scene.add).get_data(as_text=True)
    assert scene.all(Declaration) == []


def test_e16_a_second_tab_that_saves_after_submission_is_refused_and_its_text_kept(scene: Scene) -> None:
    key, school = scene.saved(), scene.opened()
    page = school.get(f"/console/declaration/{key}/edit").get_data(as_text=True)
    assert school.act("declaration", "submit", [key]).status_code == 302, school.text()
    changed = scene.draft(applied_count="5", row_version=version(page))
    assert school.post(f"/console/declaration/{key}/edit", changed).status_code == 409
    assert "您刚才填写的内容已保留" in school.text()
    assert scene.all(Declaration)[0].applied_count == 100
    assert ["applied_count", "5"] in scene.all(FormDraft)[0].values


def test_two_people_edit_one_declaration_and_the_second_sees_what_differs(scene: Scene) -> None:
    key = scene.saved()
    edit = f"/console/declaration/{key}/edit"
    principal, manager = scene.opened(), scene.opened("manager")
    seen = version(principal.get(edit).get_data(as_text=True))
    theirs = scene.draft(applied_count="200", row_version=seen, **major(0, 1))
    assert manager.post(edit, theirs).status_code == 302, manager.text()
    mine = scene.draft(
        applied_count="300", venue_description="<p>新建实训室<b>两间</b>,共六十个工位</p>", row_version=seen
    )
    assert principal.post(edit, {**mine, **major(0, 2)}).status_code == 409
    page = principal.text()
    for part in ("数据已被他人修改", "<ins>300</ins>", ">200<", "新建实训室两间,共六十个工位</ins>"):
        assert part in page
    row = re.search(r'<th scope="row">拟申请的专业</th>(.*?)</tr>', page, flags=re.S)
    assert row and "计算机科学与技术" in row[1] and "计算机应用技术" in row[1]
    assert scene.all(Declaration)[0].applied_count == 200
    saved = scene.all(DeclarationMajor)[0]
    again = {"declaration_major-1-id": str(saved.id), "declaration_major-1-major_id": "1"}
    mine = {**mine, **major(0, 2), **again, "row_version": version(page)}
    assert principal.post(edit, mine).status_code == 302, principal.text()
    assert scene.all(Declaration)[0].applied_count == 300
    assert {one.major_id for one in scene.all(DeclarationMajor)} == {1, 2}


def test_two_people_edit_one_declaration_and_the_first_has_changed_nothing_but_its_majors(
    scene: Scene,
) -> None:
    """What stands in the rows of a form is part of it: added by one, it is shown to the other; taken away by one, the
    other's form is still answered."""
    key = scene.saved()
    edit = f"/console/declaration/{key}/edit"
    principal, manager = scene.opened(), scene.opened("manager")
    seen = version(principal.get(edit).get_data(as_text=True))
    assert manager.post(edit, scene.draft(row_version=seen, **major(0, 1))).status_code == 302, manager.text()
    mine = scene.draft(applied_count="300", row_version=seen)
    assert principal.post(edit, {**mine, **major(0, 2)}).status_code == 409
    page = principal.text()
    assert "数据已被他人修改" in page
    row = re.search(r'<th scope="row">拟申请的专业</th>(.*?)</tr>', page, flags=re.S)
    assert row and "计算机科学与技术" in row[1] and "计算机应用技术" in row[1]

    (saved,) = scene.all(DeclarationMajor)
    kept = {"declaration_major-0-id": str(saved.id), "declaration_major-0-major_id": "1"}
    seen = version(manager.get(edit).get_data(as_text=True))
    gone = scene.draft(row_version=seen, **kept, **{"del-declaration_major-0": "1"})
    assert manager.post(edit, gone).status_code == 302, manager.text()
    assert scene.all(DeclarationMajor) == []
    again = scene.draft(applied_count="300", row_version=seen, **kept)
    assert principal.post(edit, again).status_code == 409
    assert "数据已被他人修改" in principal.text()
    assert scene.all(Declaration)[0].applied_count == 100


def test_a_form_that_is_behind_leaves_no_rows_behind_either(scene: Scene, owner: sa.Engine) -> None:
    """Nothing of it is written, neither its fields nor its rows (4.3)."""
    key = scene.saved()
    edit = f"/console/declaration/{key}/edit"
    manager = scene.opened("manager")
    seen = version(manager.get(edit).get_data(as_text=True))
    with owner.begin() as connection:  # somebody else's change
        connection.execute(sa.text("update declaration set applied_count = 120"))
    assert manager.post(edit, scene.draft(row_version=seen, **major(0, 1))).status_code == 409
    assert scene.all(DeclarationMajor) == []


# Files


def test_e23_a_file_sent_ahead_is_judged_at_once_and_belongs_to_the_form(scene: Scene) -> None:
    school = scene.opened()
    for name, data, status, word in (
        ("安装程序.docx", b"MZ\x90\x00" * 64, 415, "内容不是docx文件"),
        ("带脚本.pdf", given.acting_pdf(), 415, "含有脚本"),
        ("说明.txt", b"words", 415, "类型不支持"),
        ("空.pdf", b"", 422, "空文件"),
    ):
        answer = upload(school, name, data)
        assert (answer.status_code, word in answer.json["message"]) == (status, True), answer.json
    assert scene.all(StoredFile) == []
    token = upload(school, "材料/师资.pdf", given.pdf()).json
    assert token["name"] == "师资.pdf"
    sent = {"declaration_file-0-id": "", "declaration_file-0-file": token["token"]}
    refused = scene.draft(applied_count="-1", **sent)
    assert school.post(scene.add, refused).status_code == 422
    assert "师资.pdf" in school.text()  # still there
    assert school.post(scene.add, scene.draft(**sent)).status_code == 302, school.text()
    kept = scene.all(DeclarationFile)[0]
    assert (kept.name, kept.file) == ("师资.pdf", scene.all(StoredFile)[0].key)


def test_the_form_says_in_which_batch_it_declares_and_reads_its_files_once(
    scene: Scene, engine: sa.Engine
) -> None:
    """7.2 "申报批次 (fixed)": told, not asked, in a new form and in every later one."""
    school = scene.opened()
    told = re.compile(r"申报批次/学期</dt>\s*<dd[^>]*>2020年第一次")
    assert "2020年第一次" in school.get(scene.add).get_data(as_text=True)
    token = upload(school, "师资.pdf", given.pdf()).json["token"]
    sent = {"declaration_file-0-id": "", "declaration_file-0-file": token}
    assert school.post(scene.add, scene.draft(**sent, **major(0, 1))).status_code == 302, school.text()
    with counted(engine) as asked:
        page = school.get("/console/declaration/1/edit").get_data(as_text=True)
    assert told.search(page)
    assert "师资.pdf" in page
    assert 'name="batch_id"' not in page
    assert sum("FROM declaration_file" in statement for statement in asked) == 1
    assert sum("FROM declaration_major" in statement for statement in asked) == 1


def test_a_token_is_good_for_nobody_else(scene: Scene) -> None:
    token = upload(scene.opened(), "师资.pdf", given.pdf()).json["token"]
    manager = scene.opened("manager")
    for stolen in (token, token[:-2] + "xx", "1.abc"):
        sent = {"declaration_file-0-id": "", "declaration_file-0-file": stolen}
        assert manager.post(scene.add, scene.draft(**sent)).status_code == 422
        assert "请重新选择" in manager.text()
    assert scene.all(Declaration) == []


def test_r18_a_sixth_file_is_refused(scene: Scene) -> None:
    school = scene.opened()
    sent = {}
    for number in range(6):
        sent[f"declaration_file-{number}-id"] = ""
        sent[f"declaration_file-{number}-file"] = upload(school, f"{number}.pdf", given.pdf()).json["token"]
    assert school.post(scene.add, scene.draft(**sent)).status_code == 422
    assert "最多上传5个" in school.text()
    assert scene.all(Declaration) == []


@pytest.mark.parametrize(
    "path", ["/console/declaration/add", "/console/declaration/upload/declaration_file.file"]
)
def test_an_upload_of_300_megabytes_is_refused_before_it_is_read(scene: Scene, path: str) -> None:
    school = scene.opened()
    answer = school.client.post(
        path,
        headers={**JSON, "X-CSRFToken": school.token()},
        content_type="multipart/form-data; boundary=x",
        input_stream=io.BytesIO(b"--x\r\n"),
        environ_overrides={"CONTENT_LENGTH": str(300 * 1024**2)},
    )
    assert (answer.status_code, answer.json["message"]) == (413, "上传的内容太大")
    assert scene.all(StoredFile) == []


def test_a_file_is_looked_at_in_a_frame_that_can_do_nothing(scene: Scene) -> None:
    school = scene.opened()
    sent: dict[str, str] = {}
    for number, (name, data) in enumerate(
        (("师资.pdf", given.pdf()), ("场地.docx", given.docx("工位六十个")))
    ):
        token = upload(school, name, data).json["token"]
        sent |= {f"declaration_file-{number}-id": "", f"declaration_file-{number}-file": token}
    assert school.post(scene.add, scene.draft(**sent)).status_code == 302, school.text()
    key = scene.all(Declaration)[0].id
    school.act("declaration", "submit", [key])
    province = scene.opened("province")
    for row, part in zip(scene.all(DeclarationFile), ("data:image/jpeg", "工位六十个"), strict=True):
        here = f"/console/declaration_file/{row.id}/preview/file"
        page = province.get(here).get_data(as_text=True)
        assert row.name in page and f'src="{here}?frame=1" sandbox=""' in page
        frame = province.get(f"{here}?frame=1")
        policy = frame.headers["Content-Security-Policy"]
        assert policy.startswith("sandbox; default-src 'none'") and "frame-ancestors 'self'" in policy
        assert frame.headers["X-Frame-Options"] == "SAMEORIGIN"
        assert part in frame.get_data(as_text=True)
        loaded = province.get(f"/console/declaration_file/{row.id}/file/file")
        assert loaded.headers["Content-Disposition"].startswith("attachment")
        loaded.close()


def test_r18_a_doc_is_taken_and_only_downloaded(scene: Scene) -> None:
    school = scene.opened()
    token = upload(school, "师资.doc", compound("WordDocument")).json["token"]
    sent = {"declaration_file-0-id": "", "declaration_file-0-file": token}
    assert school.post(scene.add, scene.draft(**sent)).status_code == 302, school.text()
    (row,) = scene.all(DeclarationFile)
    here = f"/console/declaration_file/{row.id}"
    page = school.get(f"/console/declaration/{row.declaration_id}").get_data(as_text=True)
    assert f"{here}/file/file" in page
    assert f"{here}/preview/file" not in page
    assert school.get(f"{here}/preview/file").status_code == 404
    loaded = school.get(f"{here}/file/file")
    assert loaded.headers["Content-Disposition"].startswith("attachment")
    loaded.close()


def test_a_draft_is_deleted_from_its_page_and_only_while_the_window_is_open(scene: Scene) -> None:
    school, key = scene.opened(), scene.saved()
    with clock.travel(at("2020-06-01 09:00")):
        assert scene.opened().post(f"/console/declaration/{key}/delete").status_code == 409
    school = scene.opened()
    assert school.post(f"/console/declaration/{key}/delete").status_code == 302
    assert scene.all(Declaration) == []


def test_what_was_submitted_once_keeps_its_history_and_is_not_deleted(scene: Scene) -> None:
    """4.3 "old review kept": neither refused nor corrected; the button is not there."""
    school, key = scene.opened(), scene.saved()
    assert school.act("declaration", "submit", [key]).status_code == 302
    assert (
        scene.opened("province").act("declaration", "refuse", [key], {"reason": "师资不足"}).status_code
        == 302
    )
    for _ in range(2):
        page = school.get(f"/console/declaration/{key}").get_data(as_text=True)
        assert f"/console/declaration/{key}/edit" in page
        assert f"/console/declaration/{key}/delete" not in page
        assert school.post(f"/console/declaration/{key}/delete").status_code == 409
        form = school.get(f"/console/declaration/{key}/edit").get_data(as_text=True)
        corrected = scene.draft(applied_count="90", row_version=version(form))
        assert school.post(f"/console/declaration/{key}/edit", corrected).status_code == 302, school.text()
    assert [row.applied_count for row in scene.all(Declaration)] == [90]


# What is offered


def test_e19_a_major_posted_twice_is_one_row_with_a_hint(scene: Scene) -> None:
    school = scene.opened()
    assert school.post(scene.add, scene.draft(**major(0, 1), **major(1, 1))).status_code == 302
    assert [row.major_id for row in scene.all(DeclarationMajor)] == [1]
    assert "“计算机应用技术”重复,只保留一行" in school.get("/console/declaration/").get_data(as_text=True)


def test_majors_are_searched_in_the_catalogue_of_the_schools_kind(scene: Scene) -> None:
    kinds = {"UNDERGRADUATE": {1, 2}, "VOCATIONAL": {1, 2}, "SECONDARY": {3}, "OTHER": {1, 2, 3}}
    for kind, keys in kinds.items():
        with scene.as_(JOB) as db:
            directory = db.scalars(sa.select(School.directory_id).where(School.id == 11)).one()
            db.execute(sa.text(f"update school_directory set kind = '{kind}' where id = {directory}"))
            db.commit()
        answer = scene.opened().get("/console/declaration/picker/declaration_major.major_id?q=计算机")
        assert {int(row["value"]) for row in answer.json} == keys, kind
    assert answer.json[0]["hint"] == "080901 · 本科"


def test_certificates_are_searched_by_name_organisation_and_level_and_once_a_batch(
    scene: Scene, as_: Any
) -> None:
    with as_(JOB) as db:
        first = db.get_one(Certificate, 1)
        senior = Certificate(
            id=50,
            organisation_id=first.organisation_id,
            code="SENIOR01",
            name=first.name,
            level=Level.SENIOR,
            state=CertificateState.ENABLED,
        )
        db.add(senior)
        db.commit()
    school = scene.opened()
    address = f"/console/declaration/picker/certificate_id?batch_id={scene.batch}&q="

    def found(words: str, more: str = "") -> set[str]:
        return {row["text"] for row in school.get(address + words + more).json}

    assert found(f"{first.organisation_name[:4]} 高级") == {senior.full_name}
    assert {first.full_name, senior.full_name} <= found(first.name[:3])
    assert found("没有这样的证书") == set()
    key = scene.saved(certificate_id=1)
    assert first.full_name not in found(first.name)  # declared already (R29)
    assert first.full_name in found(first.name, f"&row={key}")  # but it is this declaration's own


def test_r29_a_certificate_approved_earlier_in_the_year_is_offered_as_an_increase(
    scene: Scene, as_: Any
) -> None:
    with as_(JOB) as db:
        over = batch(db, window_from=at("2020-01-01 00:00"), window_to=at("2020-02-01 00:00"))
        declaration(
            db,
            over.id,
            state=DeclarationState.APPROVED,
            approved_count=50,
            submitted_at=at("2020-01-05 09:00"),
        )
        db.commit()
    answer = scene.opened().get(f"/console/declaration/picker/certificate_id?batch_id={scene.batch}")
    assert any("本年度已批准50人,再次申报为增加指标" in row["hint"] for row in answer.json)


def test_the_page_opens_with_the_year_in_which_something_can_be_declared(scene: Scene, as_: Any) -> None:
    """7.2 "with year/term switch": a batch of the next year that is announced or over does not hide the open one."""
    with as_(scene.people.province) as db:
        batch(
            db,
            name="2021年第一次",
            year=2021,
            window_from=at("2020-03-01 00:00"),
            window_to=at("2020-03-09 00:00"),
        )
        db.commit()
    school = scene.opened()
    page = school.get("/console/declaring/").get_data(as_text=True)
    assert "2020年第一次" in page
    assert "2021年第一次" not in page
    assert "2021年第一次" in school.get("/console/declaring/?year=2021").get_data(as_text=True)
    with clock.travel(at("2020-06-01 09:00")):
        assert "2021年第一次" in scene.opened().get("/console/declaring/").get_data(as_text=True)


def test_r28_outside_the_window_nothing_is_offered_and_forged_posts_are_told_the_window(scene: Scene) -> None:
    key = scene.saved()
    here = f"/console/declaration/{key}"
    doors = (f'href="{here}/edit"', f'formaction="{here}/delete"', "/action/submit")
    school = scene.opened()
    for page in (here, "/console/declaration/", "/console/declaring/"):
        text = school.get(page).get_data(as_text=True)
        assert all(door in text for door in doors), page
    with clock.travel(LATE):
        school = scene.opened()
        for page in (here, "/console/declaration/", "/console/declaring/"):
            text = school.get(page).get_data(as_text=True)
            assert not any(door in text for door in doors), page
        assert f"申报时间:{WINDOW}" in school.get("/console/declaration/").get_data(as_text=True)
        forged: list[Callable[[], Any]] = [
            lambda: school.post(f"{here}/edit", scene.draft(row_version="1")),
            lambda: school.post(f"{here}/delete"),
            lambda: school.post("/console/declaration/action/submit", {"rowid": str(key)}),
            lambda: school.act("declaration", "submit", [key]),
            lambda: school.post(scene.add, scene.draft()),
        ]
        for post in forged:
            assert post().status_code == 409
            assert WINDOW in school.text()
    assert [row.state for row in scene.all(Declaration)] == [DeclarationState.DRAFT]


def test_e18_what_a_submission_lacks_is_said_in_the_form_and_the_draft_is_kept(
    scene: Scene, as_: Any
) -> None:
    with as_(scene.people.province) as db:
        strict = batch(db, requires_majors=True)
        db.commit()
    school = scene.opened()
    add = f"/console/declaration/add?batch_id={strict.id}"
    answer = school.post(add, scene.draft(batch_id=str(strict.id), then="submit"))
    assert answer.status_code == 422
    assert "请至少添加一个专业" in school.text()
    row = scene.all(Declaration)[0]
    assert row.state is DeclarationState.DRAFT
    edit = f'action="/console/declaration/{row.id}/edit"'
    assert edit in school.text()
    answer = school.post(
        f"/console/declaration/{row.id}/edit",
        scene.draft(row_version=str(row.version), then="submit", **major(0, 1)),
    )
    assert answer.status_code == 200
    assert "审核不通过时可以修改后再次提交" in school.text()  # asks before it submits (R31)
    assert scene.all(Declaration)[0].state is DeclarationState.DRAFT


def test_a_province_sees_how_far_its_batch_has_come(scene: Scene) -> None:
    page = f"/console/declaration_batch/{scene.batch}"
    province, school, key = scene.opened("province"), scene.opened(), scene.saved(applied_count=120)

    def figures() -> dict[str, str]:
        text = province.get(page).get_data(as_text=True)
        drawn = re.search(r'id="figures".*?</section>', text, flags=re.S)
        assert drawn
        pairs = re.findall(r"<dt>(.*?)</dt><dd>(?:<a [^>]*>)?(\d+)", drawn[0])
        return dict(pairs)

    before = figures()
    assert (before["已提交院校"], before["待审核"], before["申报人数"]) == (
        "0",
        "0",
        "0",
    )  # drafts are the school's
    assert school.act("declaration", "submit", [key]).status_code == 302, school.text()
    assert (figures()["已提交院校"], figures()["待审核"], figures()["申报人数"]) == ("1", "1", "120")
    assert province.act("declaration", "approve", [key], {"approved_count": "80"}).status_code == 302
    assert (figures()["待审核"], figures()["审核通过"], figures()["已批准人数"]) == ("0", "1", "80")
    assert 'id="figures"' not in school.get(page).get_data(as_text=True)
