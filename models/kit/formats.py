"""Formats of the domain's texts and numbers (R12-R17, R20-R22, R41-R45, R58, R59, R65, R75, R116).

Each function takes what a person typed or a sheet holds and returns the one form that is stored, or raises
`FormatError` with the Chinese sentence the person reads. Nothing here knows of rows, sessions or screens.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from models.kit.pinyin import suggest_pinyin as suggest_pinyin  # one door for all formats

SHANGHAI: Final = timezone(timedelta(hours=8), "Asia/Shanghai")

# R43: every province code ever used; county codes change over the years and are not checked.
PROVINCE_CODES: Final = frozenset(
    f"{code}"
    for first, last in ((11, 15), (21, 23), (31, 37), (41, 46), (50, 54), (61, 65), (71, 71), (81, 83))
    for code in range(first, last + 1)
)
NUMERIC_CELL: Final = "单元格为数字格式,长号码会丢失末位,请将该列设为“文本”格式后重新填写"

_ID_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECKS: Final = "10X98765432"
_USCC_ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_SERIAL_MAX: Final = 99_999


class FormatError(ValueError):
    """A text that has not the form the domain asks for; `message` is Chinese, `code` is for programs."""

    def __init__(self, message: str, code: str = "format") -> None:
        super().__init__(message)
        self.message, self.code = message, code


# --- texts ------------------------------------------------------------------------------------------------


def half_width(text: str) -> str:
    """Full-width forms to half width (R17), invisible characters removed (E51); for numbers and codes."""
    return "".join(_narrow(char) for char in text if not _invisible(char)).strip()


def clean_text(text: str, *, lines: bool = False) -> str:
    """Ordinary text: trimmed, visible, single spaces; full-width letters and digits narrowed (R17).

    Chinese punctuation stays as typed. `lines` keeps line breaks, for texts of more than one line.
    """
    if lines:
        return "\n".join(clean_text(line) for line in text.strip().splitlines())
    # A line break or tab parts two words, so white space is judged before control characters are dropped.
    words = "".join(char for char in " ".join(text.split()) if not _invisible(char)).split()
    return unicodedata.normalize("NFC", "".join(_narrow_word(char) for char in " ".join(words)))


def _narrow(char: str) -> str:
    if "！" <= char <= "～":
        return chr(ord(char) - 0xFEE0)
    return " " if char == "\u3000" else char


def _narrow_word(char: str) -> str:
    narrowed = _narrow(char)
    return narrowed if narrowed.isalnum() else char


def _invisible(char: str) -> bool:
    """Control, format (zero-width, direction marks) and lone surrogate characters, and the no-break space."""
    return char == "\u00a0" or unicodedata.category(char) in ("Cc", "Cf", "Cs")


def _compact(text: str) -> str:
    """A code with no white space; what Excel makes of a long number is refused, never guessed (E50)."""
    if not isinstance(text, str) or re.fullmatch(r"\d+(\.\d+)?[eE]\+?\d+", half_width(text)):
        raise FormatError(NUMERIC_CELL, "numeric_cell")
    return "".join(half_width(text).split())


def _digits(text: str, count: int, message: str) -> str:
    number = _compact(text)
    if not re.fullmatch(rf"[0-9]{{{count}}}", number):
        raise FormatError(message)
    return number


# --- identity numbers (GB 11643) --------------------------------------------------------------------------


class Sex(StrEnum):
    """As the 17th digit of an ID number tells it."""

    MALE = "男"
    FEMALE = "女"


@dataclass(frozen=True)
class IdFacts:
    """What an ID number says about its holder."""

    birth_date: date
    sex: Sex
    region2: str
    last4: str


def id_number(text: str, today: date | None = None) -> str:
    """The 18 characters of a resident ID, residence permit or foreigner's card (R41-R45); X is a capital.

    `today` bounds birth date and age (R42); left out, it is the present day in Shanghai.
    """
    number = _compact(text).upper()
    if len(number) != 18:
        raise FormatError(f"身份证号须为18位,现为{len(number)}位", "id.length")
    if not re.fullmatch(r"[0-9]{17}[0-9X]", number):
        raise FormatError("身份证号须为17位数字加1位数字或X", "id.characters")
    # The check digit comes first: while it is wrong, date and region may just be mistyped.
    if number[17] != id_check_digit(number[:17]):
        raise FormatError("身份证号校验位错误", "id.check_digit")
    if _region2(number) not in PROVINCE_CODES:
        raise FormatError("身份证号地区码无效", "id.region")
    _check_birth_date(number, today or datetime.now(SHANGHAI).date())
    return number


def id_facts(number: str) -> IdFacts:
    """Birth date, sex, province code and last four characters of a number that `id_number` has accepted."""
    sex = Sex.MALE if int(number[16]) % 2 else Sex.FEMALE
    return IdFacts(_birth_date(number), sex, _region2(number), number[-4:])


def id_check_digit(first17: str) -> str:
    """MOD 11-2 (GB 11643): the 18th character that belongs to 17 digits."""
    total = sum(int(digit) * weight for digit, weight in zip(first17, _ID_WEIGHTS, strict=True))
    return _ID_CHECKS[total % 11]


def fictitious_id_number(region6: str, birth: date, serial: int) -> str:
    """A well-formed number that nobody was given on purpose: for demonstration data and tests."""
    first17 = f"{region6}{birth:%Y%m%d}{serial:03d}"
    return first17 + id_check_digit(first17)


def _region2(number: str) -> str:
    """Province code; on a foreigner's card (R45) it follows the leading 9."""
    return number[1:3] if number[0] == "9" else number[:2]


def _birth_date(number: str) -> date:
    try:
        return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        raise FormatError("身份证号出生日期无效", "id.birth_date") from None


def _check_birth_date(number: str, today: date) -> None:
    birth = _birth_date(number)
    if birth > today:
        raise FormatError("身份证号出生日期无效:晚于今天", "id.birth_date")
    age = today.year - birth.year - ((today.month, today.day) < (birth.month, birth.day))
    if not 10 <= age <= 100:
        raise FormatError(f"身份证号出生日期无效:年龄{age}岁,应为10–100岁", "id.birth_date")


# --- people and addresses ---------------------------------------------------------------------------------

_HAN: Final = "\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_DOTS: Final = "·•・.‧⋅∙･"


def person_name(text: str) -> str:
    """A name of 2-50 Chinese or Latin letters, spaces and `·` (R58, E57, E58); no digits."""
    name = re.sub(r"[\ufe00-\ufe0f\U000e0100-\U000e01ef]", "", clean_text(text)).replace("．", ".")
    name = re.sub(rf"(?<=[{_HAN}])\s*[{_DOTS}]\s*(?=[{_HAN}])", "·", name)
    # 张 三 is typed to line up with three-character names; the register knows no such space.
    name = re.sub(rf"(?<=[{_HAN}]) (?=[{_HAN}])", "", name)
    if not 2 <= len(name) <= 50:
        raise FormatError(f"姓名应为2–50个字符,现为{len(name)}个", "name.length")
    if any(char.isdigit() for char in name):
        raise FormatError("姓名不能含数字", "name.digits")
    if not all(char in " ·" or re.match(rf"[{_HAN}]", char) or _latin(char) for char in name):
        raise FormatError("姓名只能含汉字、字母、空格和间隔号“·”", "name.characters")
    if not re.fullmatch(r"[^·]+(·[^·]+)*", name):
        raise FormatError("姓名中的间隔号“·”应在两个字之间", "name.dot")
    return name


def name_pinyin(text: str) -> str:
    """Latin letters, spaces, apostrophe; 2-100 characters (R58)."""
    pinyin = re.sub("[’‘ʼ`′]", "'", unicodedata.normalize("NFC", " ".join(half_width(text).split())))
    if not 2 <= len(pinyin) <= 100:
        raise FormatError("姓名拼音应为2–100个字符", "pinyin.length")
    if not all(char in " '" or _latin(char) for char in pinyin) or not any(map(_latin, pinyin)):
        raise FormatError("姓名拼音只能含拉丁字母、空格和撇号", "pinyin.characters")
    return pinyin


def _latin(char: str) -> bool:
    return char.isalpha() and unicodedata.name(char, "").startswith("LATIN")


def mobile(text: str) -> str:
    """Eleven digits of a mainland mobile (R12, E5); a typed +86 is taken off."""
    number = re.sub(r"^(\+|00)86", "", _compact(text).replace("-", ""))
    if not re.fullmatch(r"[0-9]{11}", number):
        raise FormatError("手机号应为11位", "mobile.length")
    if not re.match(r"1[3-9]", number):
        raise FormatError("手机号应为11位,以13–19开头", "mobile.prefix")
    return number


def email(text: str) -> str:
    """An e-mail address; the domain in lower case."""
    address = half_width(text)
    label = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
    atoms = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
    pattern = rf"(?=.{{1,64}}@){atoms}(\.{atoms})*@({label}\.)+[A-Za-z]{{2,63}}"
    if len(address) > 254 or not re.fullmatch(pattern, address):
        raise FormatError("邮箱格式不正确,应如 name@example.com", "email")
    local, _, domain = address.rpartition("@")
    return f"{local}@{domain.lower()}"


def url(text: str) -> str:
    """A web address of at most 200 characters; http:// is added when left out, other schemes are refused."""
    address = half_width(text)
    if address and not re.match(r"[A-Za-z][A-Za-z0-9+.-]*:(?![0-9])", address):
        address = f"http://{address}"
    try:
        parts = urlsplit(address)
        host = (parts.hostname or "").encode("idna").decode()
        _ = parts.port  # out of range raises
    except ValueError:
        raise FormatError("网址格式不正确,应如 https://www.example.edu.cn", "url") from None
    known_scheme = parts.scheme in ("http", "https")
    dotted_host = re.fullmatch(r"([A-Za-z0-9-]+\.)+[A-Za-z0-9-]+", host)
    if not known_scheme or not dotted_host or "@" in parts.netloc or re.search(r"""[\s<>"'\\]""", address):
        raise FormatError("网址格式不正确,应如 https://www.example.edu.cn", "url")
    if len(address) > 200:
        raise FormatError("网址不能超过200个字符", "url.length")
    return address


# --- codes ------------------------------------------------------------------------------------------------


def school_code(text: str, province2: str | None = None) -> str:
    """Ten digits, 2 kind + 2 province + 1 + 5 serial; the province as in `province2` when given (R13, E3)."""
    code = _digits(text, 10, "院校代码应为10位")
    if province2 is not None and code[2:4] != province2:
        raise FormatError(f"代码与省份不符:第3–4位应为{province2}", "school_code.province")
    return code


def organisation_code(text: str) -> str:
    """Six digits, 600001-699999 (R14)."""
    code = _digits(text, 6, "培训评价组织代码应为6位数字")
    if code[0] != "6" or code == "600000":
        raise FormatError("培训评价组织代码应在600001–699999之间", "organisation_code.range")
    return code


def platform_number(text: str) -> str:
    """The school's number on the platform: 5PPnnn, PP a province, nnn from 001 (R15)."""
    number = _digits(text, 6, "院校平台编号应为6位数字")
    if number[0] != "5" or number[1:3] not in PROVINCE_CODES or number[3:] == "000":
        raise FormatError("院校平台编号应为5+2位省份代码+3位序号", "platform_number.parts")
    return number


def uscc(text: str) -> str:
    """Uniform social credit code: 18 characters of the GB 32100 alphabet with its check character (R16)."""
    code = _compact(text).upper()
    if len(code) != 18:
        raise FormatError(f"统一社会信用代码须为18位,现为{len(code)}位", "uscc.length")
    if not set(code) <= set(_USCC_ALPHABET):
        raise FormatError("统一社会信用代码只能含数字和大写字母(不含I、O、S、V、Z)", "uscc.characters")
    if code[17] != uscc_check_character(code[:17]):
        raise FormatError("统一社会信用代码校验位错误", "uscc.check_character")
    return code


def uscc_check_character(first17: str) -> str:
    """MOD 31 with weights 3^i (GB 32100)."""
    total = sum(_USCC_ALPHABET.index(char) * pow(3, place, 31) for place, char in enumerate(first17))
    return _USCC_ALPHABET[-total % 31]


def plan_code(text: str) -> str:
    """K + date + four digits (R65)."""
    code = _compact(text).upper()
    if not re.fullmatch(r"K[0-9]{12}", code):
        raise FormatError("计划编号应为K加8位日期加4位数字", "plan_code")
    try:
        date(int(code[1:5]), int(code[5:7]), int(code[7:9]))
    except ValueError:
        raise FormatError("计划编号中的日期无效", "plan_code.date") from None
    return code


def subject_code(text: str) -> str:
    """Six digits, leading zeros kept (R59, E73)."""
    return _digits(text, 6, "科目编号应为6位文本")


def site_code(text: str) -> str:
    """The five digits of an exam site."""
    return _digits(text, 5, "站点代码应为5位数字")


def ticket_number(text: str) -> str:
    """Twenty digits (R75)."""
    return _digits(text, 20, "准考证号应为20位数字")


def certificate_number(text: str) -> str:
    """Twenty-three digits (R116)."""
    return _digits(text, 23, "证书编号应为23位数字")


# --- numbers made by the platform -------------------------------------------------------------------------


def make_plan_code(published: date, number: int) -> str:
    """K202005229994 (R65)."""
    return f"K{published:%Y%m%d}{_serial(number, 9_999, 4, '计划编号', lowest=0)}"


def make_platform_number(province2: str, serial: int) -> str:
    """5PPnnn (R15); the 1000th school of a province is refused (E92)."""
    return platform_number(f"5{province2}{_serial(serial, 999, 3, '院校平台编号')}")


def make_ticket_number(year: int, organisation: str, level: int, school_number: str, serial: int) -> str:
    """YY + organisation + level + school + serial (R75, E90); the 100,000th is refused (E92)."""
    parts = organisation_code(organisation), _level(level), platform_number(school_number)
    return f"{year % 100:02d}{parts[0]}{parts[1]}{parts[2]}{_serial(serial, _SERIAL_MAX, 5, '准考证号')}"


def make_certificate_number(
    year: int, organisation: str, level: int, school_number: str, serial: int, prefix: str = "15"
) -> str:
    """Prefix + organisation + level + school + YY + serial (R116, E130); the 100,000th is refused (E92)."""
    parts = organisation_code(organisation), _level(level), platform_number(school_number)
    tail = _serial(serial, _SERIAL_MAX, 5, "证书编号")
    return f"{prefix}{parts[0]}{parts[1]:02d}{parts[2]}{year % 100:02d}{tail}"


def _level(level: int) -> int:
    if level not in (1, 2, 3):
        raise FormatError("证书等级应为初级、中级或高级", "level")
    return level


def _serial(serial: int, highest: int, width: int, what: str, lowest: int = 1) -> str:
    """Numbers never wrap around (E92)."""
    if not lowest <= serial <= highest:
        raise FormatError(f"{what}的流水号已用完(最多{highest}),请联系平台运营人员", "number.exhausted")
    return f"{serial:0{width}d}"


# --- masks ------------------------------------------------------------------------------------------------


def row_id(text: object) -> int | None:
    """The id that something typed or sent names; none where it is no id. Longer than 17 digits no key of ours gets,
    and a longer one would not fit the database's."""
    given = str(text or "")
    return int(given) if given.isascii() and given.isdecimal() and len(given) < 18 else None


def mask_id(number: str) -> str:
    """First 6, eight stars, last 4 (R20); anything shorter than an ID number shows nothing."""
    return f"{number[:6]}{'*' * 8}{number[-4:]}" if len(number) == 18 else "*" * len(number)


def mask_mobile(number: str) -> str:
    """First 3, four stars, last 4 (R21)."""
    return f"{number[:3]}****{number[-4:]}" if len(number) == 11 else "*" * len(number)


def mask_email(address: str) -> str:
    """First character and the domain (R22)."""
    local, at, domain = address.rpartition("@")
    return f"{local[:1]}***@{domain}" if at and local else "*" * len(address)
