"""Rich text as the editor may send it, cleaned on the server (R19): what is not named here is removed."""

from __future__ import annotations

import re

import nh3

from app.services.pasted import unfold

_TAGS = {
    "p",
    "br",
    "b",
    "strong",
    "i",
    "em",
    "u",
    "s",
    "span",
    "h3",
    "h4",
    "blockquote",
    "ul",
    "ol",
    "li",
    "a",
    "img",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
}
_ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
}
# Alignment and colour travel as the editor's own classes, so no style attribute is ever stored (strict CSP).
_CLASSES = {"p", "span", "h3", "h4", "li"}
PICTURES = "/notices/pictures/"
_PICTURE = re.compile(re.escape(PICTURES) + r"([0-9a-f]{2}/[0-9a-f]{40}\.(?:png|jpg))")
_NO_PICTURE = re.compile(r"<img(?![^>]*\ssrc=)[^>]*>")
_CLASS = re.compile(r"align-(?:center|right|justify)|ink-(?:red|amber|green|blue|violet|grey)")


def _attribute(tag: str, name: str, value: str) -> str | None:
    if name == "class":
        kept = [word for word in value.split() if _CLASS.fullmatch(word)]
        return " ".join(kept) if tag in _CLASSES and kept else None
    if tag == "img" and name == "src":
        return value if _PICTURE.fullmatch(value) else None
    return value


def clean_html(html: str) -> str:
    """The allowed part of `html`; scripts, styles, events, frames and foreign pictures are gone (E22). What a word
    processor wrote is put into our own elements first, so that its lists and headings survive."""
    attributes = {tag: set(names) for tag, names in _ATTRIBUTES.items()}
    for tag in _CLASSES:
        attributes.setdefault(tag, set()).add("class")
    kept = nh3.clean(
        unfold(html),
        tags=_TAGS,
        attributes=attributes,
        attribute_filter=_attribute,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer",
    )
    return _NO_PICTURE.sub("", kept)


def pictures(html: str) -> set[str]:
    """The keys of the pictures a text shows."""
    return set(_PICTURE.findall(html))


def plain_text(html: str) -> str:
    """The visible text, for lengths, lists and documents."""
    text = nh3.clean(re.sub(r"</(p|h\d|li|tr)>|<br\s*/?>", "\n", html), tags=set())
    for entity, character in (
        ("&nbsp;", " "),
        ("\xa0", " "),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", '"'),
        ("&amp;", "&"),
    ):
        text = text.replace(entity, character)
    return text.strip()


def visible_length(html: str) -> int:
    """Visible characters, white space not counted (E21: `<p><br></p>` is blank)."""
    return len(re.sub(r"[\s\u200b-\u200f\ufeff]", "", plain_text(html)))
