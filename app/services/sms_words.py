"""The words of a text message: operators write them in Chinese, so what stands in the braces is Chinese too.

One table says which variable is which parameter of the sender, what it means, and what it may look like.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from string import Formatter
from typing import Any

from app.services.errors import DomainError


@dataclass(frozen=True)
class Variable:
    """`{name}` in a template is the sender's parameter `key`."""

    key: str
    name: str
    meaning: str
    sample: str


VARIABLES = (
    Variable("username", "账号", "登录账号", "4137010028"),
    Variable("password", "密码", "初始密码", "Kq7mD3xW9t"),
    Variable("certificate", "证书", "证书名称和等级", "Python程序开发(中级)"),
    Variable("count", "人数", "批准的人数,或调整后的指标", "80"),
    Variable("reason", "原因", "不通过或取消的原因", "师资情况描述不完整"),
    Variable("year", "年度", "四位年份", "2026"),
    Variable("site", "考点", "考点名称", "青岛一中机考站点"),
    Variable("result", "结果", "审核或处理的结果,不通过时带原因", "已通过"),
    Variable("subject", "科目", "考试科目名称", "Python理论"),
    Variable("plan", "考试计划", "考试计划名称", "2026年春季考试"),
    Variable("code", "验证码", "六位数字", "305712"),
    Variable("minutes", "分钟", "验证码几分钟内有效", "5"),
    Variable("school", "院校", "院校名称", "青岛一中"),
    Variable("answer", "答复", "给反映人的答复", "已按主管部门批文更正"),
    Variable("items", "项数", "有几项证书或申报", "3"),
    Variable("left", "剩余人数", "未使用的指标", "46"),
    Variable("batch", "批次", "申报批次名称", "2026年第一次"),
    Variable("until", "截止时间", "批次截止的日期和时间", "04月04日23:59"),
)
_BY_KEY = {one.key: one for one in VARIABLES}
_BY_NAME = {one.name: one for one in VARIABLES}


def used(words: str) -> list[Variable]:
    """What stands in the braces, in order, each once."""
    names = (name for _, name, _, _ in Formatter().parse(words) if name is not None)
    return [_BY_NAME[name] for name in dict.fromkeys(names)]


def render(words: str, params: Mapping[str, Any]) -> str:
    """The words with the sender's parameters in them, as long as an outbox entry may be."""
    return words.format(**{_BY_KEY[key].name: value for key, value in params.items() if key in _BY_KEY})[:500]


def braced(variables: list[Variable]) -> str:
    return "、".join(f"{{{one.name}}}" for one in variables)


def tidy(words: str) -> str:
    """As a Chinese keyboard writes them, braces are full-width, and a space slips in: `｛ 账号 ｝` is `{账号}`."""
    words = words.replace("｛", "{").replace("｝", "}")
    return re.sub(r"\{\s*(\w+)\s*\}", r"{\1}", words)


def check(words: str, known: list[Variable]) -> None:
    """Refuse what the sender does not give, or what is more than a plain name in braces."""
    try:
        parsed = list(Formatter().parse(words))
    except ValueError:
        raise DomainError(
            "template.braces", f"花括号不成对,请检查变量写法,可用的有{braced(known)}", "body"
        ) from None
    names = {one.name for one in known}
    for _, name, layout, conversion in parsed:
        if name is not None and (name not in names or layout or conversion):
            raise DomainError("template.unknown", f"不能使用变量{{{name}}},可用的有{braced(known)}", "body")
