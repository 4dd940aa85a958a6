"""`make new-model NAME=Equipment`: a declared table to start from, and what to do next.

The start is the worked example of docs/architecture.md in small: a school's own rows, a unique code, a flow of two
states. It is yours from the first line; nothing generated is ever written over it again.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from models.kit.base import table_name

ROOT = Path(__file__).resolve().parent.parent
MODELS = ROOT / "models"

START = '''"""{name}: say in a sentence what a row is, and the rules it keeps."""

from __future__ import annotations

from sqlalchemy.orm import Mapped

from models.kit import (
    Choices,
    Code,
    Declared,
    Flow,
    Move,
    Panel,
    Scope,
    State,
    Text,
    field,
    hidden,
    imported,
    listed,
    moves,
    read,
    readonly,
    reference,
    searched,
    tabbed,
    wide,
    write,
)


class {name}State(Choices):
    """Stored value, word, tone."""

    ACTIVE = "ACTIVE", "在用", "green"
    RETIRED = "RETIRED", "已停用", "grey"


_FLOW = Flow(
    {name}State,
    {name}State.ACTIVE,
    moves(
        Move(
            "retire",
            "停用",
            ({name}State.ACTIVE,),
            {name}State.RETIRED,
            confirm="停用后不能再选用",
            plain=True,
        ),
    ),
)


class {name}(Declared):
    """One row is … (中文名称)."""

    school_id: Mapped[int] = reference("院校", "school", hidden)
    code: Mapped[str] = field("编号", Code(20), listed, searched, imported, sample="A001")
    name: Mapped[str] = field("名称", Text(50, 2), listed, searched, imported, help="2–50个字")
    remark: Mapped[str | None] = field("备注", Text(200), wide)
    state: Mapped[{name}State] = field("状态", State({name}State), listed, tabbed, readonly, flow=_FLOW)

    panel = Panel(
        "{name}",
        menu="机构管理/{name}",
        icon="table",
        scope=Scope(platform=read(), school=write("school_id")),
        unique=(("school_id", "code"),),
        empty="还没有数据,点“新增”登记,或下载模板批量导入",
    )
'''

NEXT = """models/{file}.py is written and models/__init__.py imports it. Next:

  1. Say what a row is: labels, types, marks, panel (models/sites.py is a full example; models/kit is the vocabulary).
  2. .venv/bin/flask --app run panel migration "{table}"   writes the revision: the table and the wall around it
  3. app/access/roles.py, for the roles that need it:
       {table}: list add edit delete import export retire
  4. make run, log in as a school: list, form, template, import, export, REST and trail are there.
  5. Rules beyond the declaration: app/services/{file}.py with @before_save / @move, and tests/services/test_{file}.py.
  6. .venv/bin/python -m tools.data_dictionary && make check
"""


def main(name: str, folder: Path = MODELS) -> str:
    """Write the start and import it; returns what to do next. Refuses what is no class name or already there."""
    if not re.fullmatch(r"[A-Z][A-Za-z0-9]{2,40}", name):
        sys.exit("NAME is a class name such as Equipment: make new-model NAME=Equipment")
    table = table_name(name)
    path = folder / f"{table}.py"
    if path.exists():
        sys.exit(f"{path.relative_to(folder.parent)} is there already")
    path.write_text(START.format(name=name))
    _import(folder / "__init__.py", table)
    return NEXT.format(file=table, table=table)


def _import(package: Path, module: str) -> None:
    """Among the others, in order: importing is declaring."""
    text = package.read_text()
    found = re.search(r"from models import \((.*?)\)", text, re.DOTALL)
    if found is None:
        sys.exit(f"{package} does not import the models in one bracket: add {module} by hand")
    names = sorted({*re.findall(r"\w+", found[1]), module})
    listed = "".join(f"    {name},\n" for name in names)
    package.write_text(text.replace(found[0], f"from models import (\n{listed})"))


if __name__ == "__main__":
    print(main(sys.argv[1] if len(sys.argv) > 1 else ""))
