"""The traps found in Flask-AppBuilder 5.3.0, each with a test that shows we are out of it (F1–F10). Those of
Flask-Admin (A1–A8) have theirs in tests/http/test_desk_traps.py."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_appbuilder.views import ModelView
from sqlalchemy.engine import Engine

from app.access.security import PanelSecurity
from config import settings
from models.kit import declared_models
from tests.security.conftest import Demo
from tests.security.test_queries import counted

pytestmark = pytest.mark.demo
ROLE = "school.principal"


def test_F1_an_action_runs_on_no_row_its_actor_does_not_see(demo: Demo) -> None:
    """The framework's action_post asks datamodel.get(pk) without filters: foreign ids run."""
    browser, before = demo.browser(ROLE), demo.state()
    foreign, own = demo.foreign(ROLE, "candidate"), demo.own(ROLE, "candidate")
    for rows in ([foreign], [own, foreign], [foreign, 10**16]):
        assert browser.act("candidate", "recheck", rows).status_code == 404  # type: ignore[arg-type]
    assert demo.state() == before


def test_F1_the_frameworks_own_action_routes_are_not_there(app: Flask) -> None:
    rules = {rule.rule for rule in app.url_map.iter_rules()}
    assert not [
        rule for rule in rules if "action_post" in rule or re.search(r"/action/<string:name>/<pk>", rule)
    ]


def test_F2_no_form_and_no_filter_embeds_the_rows_of_a_related_table(demo: Demo) -> None:
    """All 60 schools stood in the framework's add form; ours holds the chosen row alone and asks for the rest."""
    for role, url in ((ROLE, "/console/exam_site/add"), ("organisation.manager", "/console/registration/"),
                      ("platform.operator", "/desk/subject/"), ("province.principal", "/console/declaration/")):  # fmt: skip
        browser = demo.browser(role)
        assert browser.get(url).status_code == 200
        for select in re.findall(r"<select[^>]*data-remote[^>]*>.*?</select>", browser.text(), flags=re.S):
            assert select.count("<option") <= 2, url
        assert "data-remote" in browser.text(), url


def test_F2_a_post_with_another_tenants_id_is_refused_beside_its_field(demo: Demo) -> None:
    """In the derived test of test_leaks.py for every reference; here once as the page shows it."""
    browser, before = demo.browser("organisation.manager"), demo.state()
    foreign = demo.foreign("organisation.manager", "exam_plan")
    browser.post("/console/borrowed_site/add", {"plan_id": str(foreign)})
    assert "没有找到所选的" in browser.text()
    assert demo.state() == before


def test_F3_a_session_cookie_writes_nothing_through_the_api(demo: Demo) -> None:
    browser, before = demo.browser("platform.operator"), demo.state()
    major = {"code": "519998", "name": "虚构专业", "level": "VOCATIONAL"}
    assert browser.client.post("/api/v1/major/", json=major).status_code == 401
    assert browser.client.get("/api/v1/major/").status_code == 401
    assert demo.state() == before


@pytest.mark.parametrize(
    "path", ["users", "roles", "groups", "permissions", "viewmenus", "permissionsresources", "refresh"]
)
def test_F3_the_frameworks_security_api_is_not_there(path: str, demo: Demo) -> None:
    """F7 too: it does not even start beside marshmallow 4, and would let a cookie make roles."""
    api = demo.api("platform.operator")
    assert api.get(f"security/{path}/").status_code == 404
    assert api.post(f"security/{path}/", {}).status_code in (404, 405)


def test_F4_no_parameter_of_any_name_lengthens_a_page(demo: Demo) -> None:
    """?psize_View=100000 was obeyed."""
    browser = demo.browser(ROLE)
    for name in ("size", "psize_RegistrationConsole", "page_size", "psize", "limit", "per_page"):
        browser.get(f"/console/registration/?{name}=100000")
        assert 0 < browser.text().count('name="rowid"') <= settings().page_sizes[-1], name


def test_F5_a_page_costs_a_few_statements(demo: Demo, engine: Engine) -> None:
    """The framework needed 23 for a list and 18 for a form of a table of two columns."""
    browser = demo.browser("platform.operator")
    for url, most in (("/desk/major/", 5), (f"/desk/major/{demo.own('platform.operator', 'major')}/edit", 4)):
        browser.get(url)
        with counted(engine) as sent:
            browser.get(url)
        assert len(sent) <= most, sent


def test_F6_rows_are_counted_once_a_list_and_not_at_all_on_a_form(demo: Demo, engine: Engine) -> None:
    browser = demo.browser("organisation.manager")
    browser.get("/console/registration/")
    with counted(engine) as sent:
        browser.get("/console/registration/")
    assert sum("FROM registration" in s and "count(" in s for s in sent) == 1
    with counted(engine) as sent:
        browser.get("/console/exam_plan/add")
    assert not any("count(" in s and "FROM exam_plan" in s for s in sent)


def test_F7_the_application_starts_without_the_frameworks_security_views(app: Flask) -> None:
    for name in ("FAB_ADD_SECURITY_API", "FAB_ADD_MENU_API", "FAB_ADD_OPENAPI_VIEWS"):
        assert app.config[name] is False
    found = [
        view
        for view in app.appbuilder.baseviews
        if type(view).__module__.startswith("flask_appbuilder.security")
    ]  # type: ignore[attr-defined]
    assert found == []


def test_F8_related_rows_on_a_detail_are_those_one_sees(demo: Demo) -> None:
    """The framework skips base_filters in related lists; a plan is seen by all its schools, its rooms are each one's own."""
    browser = demo.browser(ROLE)
    with demo.owner.connect() as connection:
        plan, school = connection.execute(
            sa.text(
                "select plan_id, max(school_name) from room where school_id <> :mine and plan_id in"
                " (select plan_id from room where school_id = :mine) group by 1 order by 1 limit 1"
            ),
            {"mine": demo.actor(ROLE).tenant},
        ).one()
    assert browser.get(f"/console/exam_plan/{plan}").status_code == 200
    assert school not in browser.text()


def test_F8_no_view_of_ours_is_built_on_the_frameworks_queries(app: Flask) -> None:
    for view in app.appbuilder.baseviews:  # type: ignore[attr-defined]
        assert not isinstance(view, ModelView), view
        assert not isinstance(getattr(view, "datamodel", None), SQLAInterface), view


def test_F9_starting_writes_no_permission(app: Flask, owner: Engine) -> None:
    """Several workers starting together raced; there is nothing to write, and no table to write it into."""
    assert app.config["FAB_UPDATE_PERMS"] is False and app.config["FAB_CREATE_DB"] is False
    assert isinstance(app.appbuilder.sm, PanelSecurity)  # type: ignore[attr-defined]
    assert not [table for table in sa.inspect(owner).get_table_names() if table.startswith("ab_")]
    assert not [model for model in declared_models() if model.__tablename__.startswith("ab_")]


def test_F10_none_of_its_assets_is_served_and_no_other_host_is_asked(demo: Demo) -> None:
    """Bootstrap 3.4, jQuery 3.6, Select2 and the chart loader from the network."""
    browser = demo.browser("platform.operator")
    for path in ("js/jquery-latest.js", "css/bootstrap.min.css", "js/google_charts.js", "select2/select2.js"):
        assert browser.get(f"/static/appbuilder/{path}").status_code == 404
    for url in ("/console/", "/desk/", "/desk/certificate/add", "/", "/login/", "/space/login/"):
        browser.get(url)
        page = browser.text()
        assert "appbuilder" not in page and "jquery" not in page.lower(), url
        hosts = re.findall(r'(?:src|href|action)="(?:https?:)?//([^/"]+)', page)
        assert set(hosts) <= {urlsplit(settings().base_url).netloc}, (url, hosts)  # canonical addresses


@pytest.mark.parametrize(
    "path", ["/back", "/lang/en", "/lang/../x", "/_index/", "/static/appbuilder/css/ab.css"]
)
def test_F10_addresses_the_framework_brings_lead_nowhere(path: str, demo: Demo) -> None:
    """/back follows a history, /lang changes the session by GET: both have led elsewhere in the past."""
    assert demo.browser("platform.operator").get(path).status_code == 404
