"""What word processors paste, put into the few elements our texts know (R19): lists that Word writes as paragraphs,
headings by number, alignment, colour and weight out of style attributes. It only rewrites; cleaning comes after it."""

from __future__ import annotations

import colorsys
import re
from collections.abc import Iterator
from typing import Any

from lxml import etree, html

FOREIGN = re.compile(r"\bstyle\s*=|<(?:h[1256]|font|div|center|del|strike|o:|w:|v:)\b|Mso|mso-", re.I)
_GONE = ("style", "script", "meta", "link", "title", "xml", "head")
_HEADINGS = {"h1": "h3", "h2": "h3", "h3": "h4", "h5": "h4", "h6": "h4"}
_RENAMED = {"strike": "s", "del": "s", "center": "p", "font": "span"}
_BLOCKS = {"p", "div", "ul", "ol", "table", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote"}
_LEVEL = re.compile(r"mso-list:[^;]*level(\d)")
_NUMBERED = re.compile(
    r"^[(\uff08]?(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{1,5}|[一二三四五六七八九十]{1,3})[.)\uff09、．]"
)
_DEEPEST = 3
_HUES = ((20, "red"), (65, "amber"), (170, "green"), (255, "blue"), (340, "violet"), (361, "red"))
_NAMED = {
    "red": "red", "darkred": "red", "orange": "amber", "green": "green", "blue": "blue", "navy": "blue",
    "purple": "violet", "gray": "grey", "grey": "grey",
}  # fmt: skip


def unfold(markup: str) -> str:
    """The same text in our own elements and classes; ours comes back as it was."""
    if not FOREIGN.search(markup):
        return markup
    bare = re.sub(r"<!--.*?-->|<!\[(?:if|endif)[^>]*>", "", markup, flags=re.S)
    try:
        root = html.fragment_fromstring(bare, create_parent="div")
    except (etree.ParserError, ValueError):
        return markup
    _drop(root)
    _lists(root)
    for element in list(root.iterdescendants(etree.Element)):
        _translate(element)
    return _inner(root)


def _drop(root: Any) -> None:
    """What is no text: style sheets, notes of the program, drawings."""
    for element in list(root.iterdescendants()):
        if element is root or element.getparent() is None:
            continue
        if not isinstance(element.tag, str) or element.tag in _GONE:
            element.drop_tree()
        elif ":" in element.tag:
            element.drop_tag()


def _lists(root: Any) -> None:
    """Word's list is a row of paragraphs that say their level and bring their own bullet: make lists of them."""
    for first in list(root.iterdescendants("p")):
        if first.getparent() is None or not _level(first):
            continue
        stack: list[Any] = []
        for paragraph in list(_run(first)):
            _hang(paragraph, stack)


def _run(first: Any) -> Iterator[Any]:
    item = first
    while item is not None and item.tag == "p" and _level(item):
        following = item.getnext()
        yield item
        item = following


def _hang(paragraph: Any, stack: list[Any]) -> None:
    """The paragraph becomes an item of the list at its level; a deeper one hangs below the item before it."""
    level = min(_level(paragraph), len(stack) + 1, _DEEPEST)
    kind = _bullet(paragraph)
    del stack[level:]
    if len(stack) < level:
        made = html.Element(kind)
        if stack:
            stack[-1][-1].append(made)
        else:
            paragraph.addprevious(made)
        stack.append(made)
    tail, paragraph.tail = paragraph.tail, None
    previous = stack[0]
    paragraph.tag = "li"
    paragraph.attrib.clear()
    stack[-1].append(paragraph)
    previous.tail = tail


def _level(paragraph: Any) -> int:
    found = _LEVEL.search((paragraph.get("style") or "").replace(" level", "level"))
    return min(int(found[1]), _DEEPEST) if found else 0


def _bullet(paragraph: Any) -> str:
    """Take the bullet out; a number, a letter or 一、 makes a numbered list."""
    for span in list(paragraph.iterdescendants("span")):
        if "mso-list:ignore" in (span.get("style") or "").replace(" ", "").lower():
            text = span.text_content().strip()
            span.drop_tree()
            return "ol" if _NUMBERED.match(text) else "ul"
    return "ul"


def _translate(element: Any) -> None:
    """One element: its name, and what its style says, in our words."""
    tag, style = element.tag, _style(element)
    if tag == "p" and "MsoTitle" in (element.get("class") or ""):
        element.tag = "h3"
    elif tag == "div":
        element.tag = "p"
        if any(child.tag in _BLOCKS for child in element):
            element.drop_tag()
            return
    else:
        element.tag = _HEADINGS.get(tag, _RENAMED.get(tag, tag))
    classes = [word for word in (element.get("class") or "").split() if re.match(r"(align|ink)-", word)]
    align = style.get("text-align", element.get("align") or ("center" if tag == "center" else "")).lower()
    if align in ("center", "right") and element.tag in ("p", "h3", "h4", "li"):
        classes.append(f"align-{align}")
    tone = ink(style.get("color") or element.get("color") or "")
    if tone and element.tag == "span":
        classes.append(f"ink-{tone}")
    for name in list(element.attrib):
        if name not in ("href", "title", "src", "alt", "colspan", "rowspan"):
            del element.attrib[name]
    if classes:
        element.set("class", " ".join(dict.fromkeys(classes)))
    if element.tag == "span":
        _weigh(element, style)


def _weigh(span: Any, style: dict[str, str]) -> None:
    """Bold, italic, underlined and struck text that is so by style alone."""
    decoration = style.get("text-decoration", "") + style.get("text-decoration-line", "")
    wanted = (
        ("strong", style.get("font-weight", "") in ("bold", "bolder", "600", "700", "800", "900")),
        ("em", style.get("font-style") == "italic"),
        ("u", "underline" in decoration),
        ("s", "line-through" in decoration),
    )
    for tag in [tag for tag, so in wanted if so]:
        inner = html.Element(tag)
        inner.text, span.text = span.text, None
        for child in list(span):
            inner.append(child)
        span.append(inner)


def _style(element: Any) -> dict[str, str]:
    pairs = (part.partition(":") for part in (element.get("style") or "").split(";"))
    return {name.strip().lower(): value.strip().lower() for name, _, value in pairs if value}


def ink(colour: str) -> str:
    """The one of our six tones a colour is nearest to; black and white are none."""
    colour = colour.strip().lower()
    if colour in _NAMED:
        return _NAMED[colour]
    if found := re.fullmatch(r"#([0-9a-f]{6})", colour):
        red, green, blue = (int(found[1][at : at + 2], 16) for at in (0, 2, 4))
    elif found := re.match(r"rgba?\((\d{1,3})[, ]+(\d{1,3})[, ]+(\d{1,3})", colour):
        red, green, blue = (min(int(part), 255) for part in found.groups())
    else:
        return ""
    hue, light, full = colorsys.rgb_to_hls(red / 255, green / 255, blue / 255)
    if light < 0.13 or light > 0.93:
        return ""
    if full < 0.15:
        return "grey" if light > 0.3 else ""
    return next(tone for most, tone in _HUES if hue * 360 < most)


def _inner(root: Any) -> str:
    """The markup inside; paragraphs that only make room are dropped, line ends inside a paragraph are spaces."""
    for empty in list(root.iterdescendants("p")):
        if not len(empty) and not (empty.text or "").strip("\xa0 \t\r\n"):
            empty.drop_tree()
    for block in [
        root,
        *root.iter("p", "h3", "h4", "ul", "ol", "li", "table", "tbody", "tr", "td", "th", "blockquote"),
    ]:
        if block.tail and not block.tail.strip():
            block.tail = None
    root.text = (root.text or "").lstrip()
    parts = [root.text, *(etree.tostring(child, encoding="unicode", method="html") for child in root)]
    return re.sub(r"\s*\n\s*", " ", "".join(parts)).strip()
