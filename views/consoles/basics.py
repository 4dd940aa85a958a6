"""完善基础信息: the form of a school's own data as the first step of declaring (7.2), and the steps themselves (4.2)."""

from __future__ import annotations

from collections.abc import Collection

from app.access.actor import Actor, current_actor
from app.panel.doors import dresses
from app.panel.pages import FormPage, Step
from app.panel.web import DECLARING_HOME
from models.declarations import DeclarationState
from models.directory import School
from models.kit import Declared

_LABELS = ("完善基础信息", "申报证书试点", "查看审批结果", "开通业务平台")
_DECIDED = (DeclarationState.APPROVED, DeclarationState.REFUSED)


def steps(school: School, states: Collection[DeclarationState], actor: Actor) -> list[Step]:
    """完善基础信息 → 申报证书试点 → 查看审批结果 → 试点院校."""
    done = [
        school.basics_completed,
        any(state is not DeclarationState.DRAFT for state in states),
        any(state in _DECIDED for state in states),
        not actor.declaring,
    ]
    here = done.index(False) if False in done else len(done)
    return [
        Step(label, state="current" if number == here else "done" if finished else "todo")
        for number, (label, finished) in enumerate(zip(_LABELS, done, strict=True))
    ]


@dresses(School)
def _first_step(page: FormPage, row: Declared | None) -> None:
    """Until it has been done once it is a step; afterwards a form like every other."""
    actor = current_actor()
    if actor.kind != "school" or not isinstance(row, School):
        return
    page.form["county_id"].flags.required = True  # where the city has counties (app/services/schools.py)
    if not row.basics_completed:
        page.title = "完善基础信息"
        page.steps = steps(row, (), actor)
        page.submit = "保存,进入下一步"
        page.next = page.next or DECLARING_HOME
        page.hint = "院校名称、类型、代码来自院校名录,不能修改;有误请联系本省项目联系人"
