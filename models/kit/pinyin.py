"""A suggestion for the pinyin of a name, surnames read as surnames (单 is Shan, 仇 is Qiu)."""

from __future__ import annotations

from typing import Final

# Surnames whose reading differs from the everyday one of the character, which is all the library knows.
_SINGLE: Final[dict[str, str]] = {
    "单": "shan", "曾": "zeng", "解": "xie", "仇": "qiu", "查": "zha", "区": "ou", "朴": "piao", "翟": "zhai",
    "盖": "ge", "乐": "yue", "覃": "qin", "员": "yun", "缪": "miao", "冼": "xian", "洗": "xian", "黑": "he",
    "折": "she", "召": "shao", "繁": "po", "秘": "bi", "种": "chong", "祭": "zhai", "能": "nai", "牟": "mu",
    "宿": "su", "隗": "wei", "谌": "chen", "葛": "ge", "贾": "jia", "都": "du", "薄": "bo", "撒": "sa",
    "任": "ren", "宁": "ning", "应": "ying", "燕": "yan", "於": "yu", "石": "shi", "那": "na", "重": "chong",
    "行": "xing", "郗": "xi", "宓": "mi", "卜": "bu", "车": "che", "粘": "nian", "逄": "pang", "逯": "lu",
}  # fmt: skip
_COMPOUND: Final[dict[str, tuple[str, str]]] = {
    "尉迟": ("yu", "chi"), "万俟": ("mo", "qi"), "长孙": ("zhang", "sun"), "澹台": ("tan", "tai"),
    "单于": ("chan", "yu"), "乐正": ("yue", "zheng"), "亓官": ("qi", "guan"), "令狐": ("ling", "hu"),
    "欧阳": ("ou", "yang"), "司马": ("si", "ma"), "上官": ("shang", "guan"), "诸葛": ("zhu", "ge"),
    "东方": ("dong", "fang"), "皇甫": ("huang", "fu"), "宇文": ("yu", "wen"), "司徒": ("si", "tu"),
    "慕容": ("mu", "rong"), "夏侯": ("xia", "hou"), "公孙": ("gong", "sun"), "轩辕": ("xuan", "yuan"),
    "端木": ("duan", "mu"), "独孤": ("du", "gu"), "南宫": ("nan", "gong"), "闻人": ("wen", "ren"),
    "申屠": ("shen", "tu"), "钟离": ("zhong", "li"), "淳于": ("chun", "yu"), "呼延": ("hu", "yan"),
    "赫连": ("he", "lian"), "濮阳": ("pu", "yang"), "西门": ("xi", "men"), "拓跋": ("tuo", "ba"),
    "司空": ("si", "kong"), "鲜于": ("xian", "yu"), "宗政": ("zong", "zheng"), "公冶": ("gong", "ye"),
}  # fmt: skip


def suggest_pinyin(name: str) -> str:
    """张三丰 -> Zhang Sanfeng; parts around `·` one word each; '' when a character has no known reading.

    A suggestion only: the candidate decides how the name is read, so the form leaves the field editable.
    """
    if name.isascii():
        return name
    words = [_readings(part) for part in name.split("·")] if "·" in name else _surname_and_given(name)
    known = all(syllable for syllables in words for syllable in syllables)
    return " ".join(_word(syllables) for syllables in words if syllables) if known else ""


def _surname_and_given(name: str) -> list[list[str]]:
    if len(name) > 2 and name[:2] in _COMPOUND:
        return [list(_COMPOUND[name[:2]]), _readings(name[2:])]
    surname = _SINGLE.get(name[0]) or _readings(name)[0]
    return [[surname], _readings(name)[1:]]


def _readings(text: str) -> list[str]:
    """One syllable a character, [''] if any is unknown; ü is written yu as on passports (吕 -> lyu)."""
    from pypinyin import lazy_pinyin  # reads a dictionary of 40,000 characters: only when somebody asks

    found = [syllable.replace("v", "yu") for syllable in lazy_pinyin(text, errors="ignore")]
    return found if len(found) == len(text) else [""]


def _word(syllables: list[str]) -> str:
    """One capitalised word, an apostrophe before an inner a, e or o (Xi'an)."""
    joined = "".join(f"'{s}" if place and s[0] in "aoe" else s for place, s in enumerate(syllables))
    return joined.capitalize()
