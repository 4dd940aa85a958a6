"""Money in Chinese capitals (大写金额), as on bank forms."""

from __future__ import annotations

from decimal import Decimal

_DIGITS = "零壹贰叁肆伍陆柒捌玖"
_PLACES = ("", "拾", "佰", "仟")
_GROUPS = ("", "万", "亿", "兆")
_LIMIT = Decimal(10) ** 16


def amount_in_capitals(amount: Decimal) -> str:
    """`1234.50` → `壹仟贰佰叁拾肆元伍角整`. Raises ValueError for what is not an amount of yuan and fen."""
    if not amount.is_finite() or amount < 0 or amount >= _LIMIT:
        raise ValueError(f"no amount of money: {amount}")
    cents = amount * 100
    if cents != cents.to_integral_value():
        raise ValueError(f"an amount has at most two decimals: {amount}")
    yuan, rest = divmod(int(cents), 100)
    jiao, fen = divmod(rest, 10)
    if not rest:
        return f"{_whole(yuan)}元整" if yuan else "零元整"
    text = f"{_whole(yuan)}元" if yuan else ""
    if jiao:
        text += f"{_DIGITS[jiao]}角"
    elif yuan:
        text += "零"
    return text + (f"{_DIGITS[fen]}分" if fen else "整")


def _whole(number: int) -> str:
    """The integer in capitals, one 零 for each run of zeros inside it."""
    text, index, gap = "", 0, False
    while number:
        number, group = divmod(number, 10_000)
        if group:
            link = "零" if gap and text else ""
            text = _group(group) + _GROUPS[index] + link + text
        gap = group < 1_000
        index += 1
    return text


def _group(number: int) -> str:
    """One to four digits, without leading or trailing 零."""
    text, gap = "", False
    for place, digit in enumerate(map(int, reversed(str(number)))):
        if digit:
            text = _DIGITS[digit] + _PLACES[place] + ("零" if gap and text else "") + text
        gap = digit == 0
    return text
