"""The worked example of docs/architecture.md: ten fields, a scope and three states; nothing else is written."""

from datetime import date  # noqa: I001  # the names below stand in lines, not one by one
from decimal import Decimal

from sqlalchemy.orm import Mapped

from models.kit import (
    Amount, Choices, Code, Date, Declared, Flow, Int, Mobile, Move, Panel, Scope, State, Text, exact, field, filtered,
    hidden, imported, listed, masked, moves, read, readonly, reference, searched, sortable, tabbed, write,
)  # fmt: skip


class Use(Choices):
    STORED, USED, SCRAPPED = (
        ("STORED", "在库", "grey"),
        ("USED", "在用", "green"),
        ("SCRAPPED", "已报废", "red"),
    )


FLOW = Flow(Use, Use.STORED, moves(
    Move("take", "领用", (Use.STORED,), Use.USED, plain=True),
    Move("scrap", "报废", (Use.STORED, Use.USED), Use.SCRAPPED, confirm="报废后不能恢复", reason="reason", plain=True),
))  # fmt: skip


class Equipment(Declared):
    """What a school examines with (考试设备)."""

    school_id: Mapped[int] = reference("院校", "school", hidden)
    code: Mapped[str] = field("设备编号", Code(20), listed, searched, imported, sample="SB001")
    name: Mapped[str] = field("设备名称", Text(50, 2), listed, searched, imported, help="2–50个字")
    seats: Mapped[int] = field("可供座位数", Int(1, 1000), listed, sortable, imported)
    price: Mapped[Decimal | None] = field("价格(元)", Amount(8, 2), imported)
    bought_on: Mapped[date] = field("购置日期", Date(), listed, filtered, imported)
    keeper: Mapped[str] = field("保管人手机", Mobile(), listed, masked, exact, imported)
    remark: Mapped[str | None] = field("备注", Text(200))
    state: Mapped[Use] = field("状态", State(Use), listed, tabbed, readonly, flow=FLOW)
    reason: Mapped[str | None] = field("报废原因", Text(500, 2), readonly)
    panel = Panel("考试设备", Scope(platform=read(), school=write("school_id")), menu="考试管理/考试设备", icon="device-desktop",
                  unique=(("school_id", "code"),), empty="还没有设备,点“新增”登记")  # fmt: skip
