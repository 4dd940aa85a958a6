"""Column types of the domain (section 3, "Notation"). Each knows how it is stored, checked, shown and masked.

`kind` is what the panel asks for: it decides control, filter, cell, sheet column and API type in one place each.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator

from models.kit import clock, formats
from models.kit.choices import Choices
from models.kit.cipher import cipher


class Kinded:
    """Mixed into every type. `normalise` takes text typed by a person and returns the value or raises
    `formats.FormatError` with the Chinese reason."""

    kind: str = "text"
    mask: Callable[[str], str] | None = None

    def normalise(self, text: str) -> Any:
        return formats.clean_text(text)


class Text(Kinded, TypeDecorator[str]):
    """Text(n): at most n characters, at least `least`; `check` normalises further."""

    impl = sa.String
    cache_ok = True

    def __init__(self, length: int, least: int = 0, check: Callable[[str], str] | None = None) -> None:
        super().__init__(length)
        self.length, self.least, self.check = length, least, check
        self.kind = "lines" if length > 300 else "text"

    def normalise(self, text: str) -> str:
        text = text.strip() if self.kind == "lines" else formats.clean_text(text)
        if len(text) > self.length:
            raise formats.FormatError(f"不能超过{self.length}个字")
        if text and len(text) < self.least:
            raise formats.FormatError(f"至少{self.least}个字")
        return self.check(text) if self.check and text else text


class Code(Text):
    """A string of digits or letters that only looks like a number: leading zeros stay (R59), sheets keep it as text."""

    cache_ok = True

    def __init__(self, length: int, check: Callable[[str], str] | None = None) -> None:
        super().__init__(length, check=check)
        self.kind = "code"

    def normalise(self, text: str) -> str:
        return super().normalise(formats.half_width(text))


class Said(Text):
    """A code the platform writes and people read as words: `say` turns one into the other, `offers` are all there are
    to look for (none = too many to choose from)."""

    cache_ok = True

    def __init__(
        self,
        length: int,
        say: Callable[[str], str],
        offers: Callable[[], list[tuple[str, str]]] | None = None,
    ) -> None:
        super().__init__(length)
        self.say, self.offers = say, offers


class Email(Text):
    cache_ok = True

    def __init__(self) -> None:
        super().__init__(120, check=formats.email)
        self.kind = "email"

    mask = staticmethod(formats.mask_email)


class Url(Text):
    cache_ok = True

    def __init__(self) -> None:
        super().__init__(200, check=formats.url)
        self.kind = "url"


class Rich(Kinded, TypeDecorator[str]):
    """Sanitised HTML (R19); `least` and `most` count visible characters. `pictures`: the editor may insert some."""

    impl = sa.Text
    cache_ok = True
    kind = "rich"

    def __init__(self, most: int = 5000, least: int = 0, pictures: bool = False) -> None:
        super().__init__()
        self.most, self.least, self.pictures = most, least, pictures


class Int(Kinded, TypeDecorator[int]):
    impl = sa.Integer
    cache_ok = True
    kind = "integer"

    def __init__(self, least: int = 0, most: int = 2_147_483_647) -> None:
        super().__init__()
        self.least, self.most = least, most

    def normalise(self, text: str) -> int | None:
        text = formats.half_width(text).strip()
        if not text:
            return None
        if not re.fullmatch(r"[-+]?[0-9]{1,18}", text) or not self.least <= int(text) <= self.most:
            raise formats.FormatError(f"应为{self.least}–{self.most}的整数")
        return int(text)


class Amount(Kinded, TypeDecorator[Decimal]):
    """Exact decimals: marks, weights, money. Never floats (R109)."""

    impl = sa.Numeric
    cache_ok = True
    kind = "decimal"

    def __init__(
        self, precision: int, scale: int, least: Decimal = Decimal(0), most: Decimal | None = None
    ) -> None:
        super().__init__(precision, scale)
        self.places, self.least = scale, least
        self.most = most if most is not None else Decimal(10) ** (precision - scale) - Decimal(10) ** -scale

    def normalise(self, text: str) -> Decimal | None:
        text = formats.half_width(text).strip()
        if not text:
            return None
        if not re.fullmatch(r"[-+]?[0-9]{0,30}\.?[0-9]{0,30}", text) or not any(
            char.isdigit() for char in text
        ):
            raise formats.FormatError("应为数字")
        value = Decimal(text)
        if not self.least <= value <= self.most or -int(value.as_tuple().exponent) > self.places:
            raise formats.FormatError(f"应为{self.least}–{self.most},最多{self.places}位小数")
        return value


class Flag(Kinded, TypeDecorator[bool]):
    impl = sa.Boolean
    cache_ok = True
    kind = "flag"


class Date(Kinded, TypeDecorator[Any]):
    impl = sa.Date
    cache_ok = True
    kind = "date"

    def normalise(self, text: str) -> date | None:
        text = formats.half_width(text).strip()
        try:
            return date.fromisoformat(text) if text else None
        except ValueError:
            raise formats.FormatError("日期格式应为 2026-01-31") from None


class Moment(Kinded, TypeDecorator[datetime]):
    """A point in time, stored with zone, shown in Asia/Shanghai to the minute.

    `closing`: the end of a window. Stored is the first moment outside it, [from, to); typed and shown is the last
    minute inside it: 04-04 23:59 is stored as 04-05 00:00, and a bare date means its 24:00.
    """

    impl = sa.DateTime
    cache_ok = True
    kind = "moment"

    def __init__(self, closing: bool = False) -> None:
        super().__init__(timezone=True)
        self.closing = closing

    def normalise(self, text: str) -> datetime | None:
        text = formats.half_width(text).strip().replace("T", " ")
        if not text:
            return None
        try:
            moment = datetime.fromisoformat(text).replace(tzinfo=clock.ZONE)
        except ValueError:
            raise formats.FormatError("时间格式应为 2026-01-31 08:30") from None
        if not 1900 <= moment.year < 3000:
            raise formats.FormatError("年份应在1900–2999之间")
        if self.closing:
            moment += timedelta(days=1) if len(text) == 10 else timedelta(minutes=1)
        return moment

    def shown(self, value: datetime) -> str:
        """The words for it, as they are typed."""
        moment = value.astimezone(clock.ZONE) - (timedelta(minutes=1) if self.closing else timedelta())
        return moment.strftime("%Y-%m-%d %H:%M")

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        return value.astimezone(clock.ZONE) if value is not None else None


class Choice(Kinded, TypeDecorator[Choices]):
    """One of a closed list; the database checks it too."""

    impl = sa.String
    cache_ok = True
    kind = "choice"

    def __init__(self, choices: type[Choices]) -> None:
        super().__init__(max(24, *(len(member.value) for member in choices)))
        self.choices = choices

    def process_bind_param(self, value: str | None, dialect: Any) -> str | None:
        return None if value is None else self.choices(value).value

    def process_result_value(self, value: str | None, dialect: Any) -> Choices | None:
        return None if value is None else self.choices(value)


class State(Choice):
    """A choice with a flow: tabs, coloured word, buttons, and a trigger that knows the moves."""

    cache_ok = True
    kind = "state"


class Json(Kinded, TypeDecorator[Any]):
    """`say` puts the content into words, a line each; without it nobody is shown it."""

    impl = JSONB
    cache_ok = True
    kind = "json"

    def __init__(self, say: Callable[[Any], str] | None = None) -> None:
        super().__init__()
        self.say = say


class File(Kinded, TypeDecorator[str]):
    """The key of a stored file (see `StoredFile`): a random name, never the user's."""

    impl = sa.String
    cache_ok = True
    kind = "file"

    def __init__(self, accepts: tuple[str, ...] = ("pdf", "doc", "docx"), picture: bool = False) -> None:
        super().__init__(80)
        self.accepts = accepts
        if picture:
            self.kind = "photo"


class Personal(Kinded, TypeDecorator[str]):
    """An encrypted personal number. Only equality can be asked of the database; order and LIKE are errors."""

    impl = sa.LargeBinary
    cache_ok = True
    operator_classes = sa.types.OperatorClass.BASE | sa.types.OperatorClass.EQUALITY
    name = ""

    def process_bind_param(self, value: str | None, dialect: Any) -> bytes | None:
        return None if value is None else cipher.encrypt(value, self.name)

    def process_result_value(self, value: bytes | None, dialect: Any) -> str | None:
        return None if value is None else cipher.decrypt(value, self.name)


class IdNumber(Personal):
    """证件号码 (R41–R45), masked as R20."""

    cache_ok = True
    kind, name = "id_number", "id"
    mask = staticmethod(formats.mask_id)

    def normalise(self, text: str) -> str:
        return formats.id_number(text, clock.today()) if text.strip() else ""


class Secret(Personal):
    """A key that only the log-in reads: never shown, never searched for."""

    cache_ok = True
    kind, name = "secret", "secret"


class Mobile(Personal):
    """手机号码 (R12), masked as R21."""

    cache_ok = True
    kind, name = "mobile", "mobile"
    mask = staticmethod(formats.mask_mobile)

    def normalise(self, text: str) -> str:
        return formats.mobile(text) if text.strip() else ""
