"""The WTForms hook: every field of either framework comes out as our control."""

from __future__ import annotations

import re

import pytest
from markupsafe import Markup
from werkzeug.datastructures import MultiDict
from wtforms import (
    BooleanField,
    DateField,
    FieldList,
    FileField,
    Form,
    FormField,
    HiddenField,
    IntegerField,
    PasswordField,
    RadioField,
    SelectChoice,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired

from app.panel.look import LookMeta, icon, kind_of


class ScoreField(IntegerField):
    """A subclass has a name of its own, as FAB's and Flask-Admin's fields have."""


class LookForm(Form):
    class Meta(LookMeta):
        pass


class Level(LookForm):
    id = HiddenField()
    name = StringField("等级名称", [InputRequired()])


class Sample(LookForm):
    name = StringField("姓名", [InputRequired("请填写姓名")], description="与身份证一致")
    score = ScoreField("分数")
    born = DateField("出生日期")
    sex = SelectField("性别", choices=[SelectChoice("1", "男"), SelectChoice("2", "女")])
    school = SelectField("院校", choices=[SelectChoice("", "")], render_kw={"data-remote": "/choices"})
    majors = SelectMultipleField("专业", choices=[SelectChoice("1", "电工")])
    source = RadioField("来源", choices=[SelectChoice("1", "院校"), SelectChoice("2", "<社会>")], default="2")
    agreed = BooleanField("已核对")
    secret = PasswordField("密码")
    photo = FileField("照片")
    note = TextAreaField("备注")
    text = TextAreaField("说明", render_kw={"data-rich": True})
    token = HiddenField(default="t")
    levels = FieldList(FormField(Level), "等级")
    aliases = FieldList(StringField("别名"))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("name", "text"),
        ("score", "number"),
        ("born", "date"),
        ("sex", "select"),
        ("school", "remote"),
        ("majors", "selects"),
        ("source", "radios"),
        ("agreed", "check"),
        ("secret", "password"),
        ("photo", "file"),
        ("note", "area"),
        ("text", "rich"),
        ("token", "hidden"),
        ("levels", "rows"),
        ("aliases", "list"),
    ],
)
def test_a_field_is_known_by_its_ancestors(name: str, kind: str) -> None:
    assert kind_of(Sample()[name]) == kind


def test_a_required_field_says_so_without_the_browsers_bubble() -> None:
    drawn = Sample().name()
    assert 'aria-required="true"' in drawn
    assert " required" not in drawn.replace("aria-required", "")


def test_a_refused_field_is_tied_to_its_error_and_help() -> None:
    form = Sample(MultiDict({"name": ""}))
    form.validate()
    drawn = form.name()
    assert 'aria-describedby="name-error name-help"' in drawn
    assert 'aria-invalid="true"' in drawn
    assert 'class="form-control is-invalid"' in drawn


def test_an_accepted_field_claims_no_error() -> None:
    drawn = Sample().score()
    assert "aria-invalid" not in drawn
    assert "aria-describedby" not in drawn


def test_a_call_may_add_attributes_but_keeps_ours() -> None:
    drawn = Sample().name(**{"aria-label": "姓名"})
    assert 'aria-label="姓名"' in drawn
    assert 'class="form-control"' in drawn


def test_radios_keep_their_choice_and_escape_labels() -> None:
    drawn = Sample().source()
    assert isinstance(drawn, Markup)
    assert drawn.count('type="radio"') == 2
    assert "&lt;社会&gt;" in drawn
    assert re.findall(r'<input[^>]*checked[^>]*value="(\d)"', drawn) == ["2"]


def test_a_blank_row_carries_the_mark_the_script_numbers() -> None:
    form = Sample()
    blank = form.meta.blank_row(form.levels)
    assert blank.form.name.name == "levels-__n__-name"
    assert 'id="levels-__n__-name"' in blank.form.name()
    assert len(form.levels.entries) == 0


def test_an_icon_of_another_set_draws_nothing() -> None:
    assert icon("/s.svg", "fa-users") == ""
    assert icon("/s.svg", "") == ""
    assert '<use href="/s.svg#users">' in icon("/s.svg", "users")
