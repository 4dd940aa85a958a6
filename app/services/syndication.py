"""The portal for machines: an Atom feed of what is new, and the site map of search engines."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from xml.etree import ElementTree as ET

from app.services.richtext import plain_text
from models.content import Notice
from models.kit import clock

ATOM = "http://www.w3.org/2005/Atom"
SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
SUMMARY = 200


def feed(base: str, title: str, notices: Iterable[Notice]) -> bytes:
    """Atom (RFC 4287): the newest first; an entry's id is its address, which never changes."""
    rows = list(notices)
    root = ET.Element("feed", {"xmlns": ATOM, "xml:lang": "zh-CN"})
    _child(root, "title", title)
    _child(root, "id", f"{base}/")
    _child(root, "link", rel="self", type="application/atom+xml", href=f"{base}/feed.xml")
    _child(root, "link", rel="alternate", type="text/html", href=f"{base}/")
    changed = [max(row.publish_from, row.updated_at) for row in rows if row.publish_from]
    _child(root, "updated", _stamp(max(changed, default=clock.now())))
    _child(_child(root, "author"), "name", title)
    for row in rows:
        root.append(_entry(base, row))
    return _document(root)


def _entry(base: str, row: Notice) -> ET.Element:
    published = row.publish_from or row.updated_at
    entry = ET.Element("entry")
    _child(entry, "title", row.title)
    _child(entry, "id", f"{base}/notices/{row.id}")
    _child(entry, "link", rel="alternate", type="text/html", href=f"{base}/notices/{row.id}")
    _child(entry, "published", _stamp(published))
    _child(entry, "updated", _stamp(max(published, row.updated_at)))
    _child(entry, "category", term=row.kind.value, label=row.kind.label)
    _child(entry, "summary", summary(row.body))
    return entry


def summary(body: str) -> str:
    """The beginning of a text in one line; without what XML cannot carry."""
    words = " ".join(plain_text(body).split())
    printable = "".join(char for char in words if char.isprintable())
    return printable if len(printable) <= SUMMARY else f"{printable[: SUMMARY - 1]}…"


def site_map(base: str, pages: Iterable[tuple[str, datetime | None]]) -> bytes:
    """Addresses and, where known, the day of the last change."""
    root = ET.Element("urlset", {"xmlns": SITEMAP})
    for path, changed in pages:
        url = _child(root, "url")
        _child(url, "loc", f"{base}{path}")
        if changed is not None:
            _child(url, "lastmod", _stamp(changed))
    return _document(root)


def robots(base: str) -> str:
    """What search engines may read: the portal, not the consoles."""
    closed = (
        "/console/",
        "/desk/",
        "/space/",
        "/login/",
        "/api/",
        "/password/",
        "/security/",
        "/sign/",
        "/search",
    )
    return "\n".join(
        ["User-agent: *", *(f"Disallow: {path}" for path in closed), f"Sitemap: {base}/sitemap.xml", ""]
    )


def _child(parent: ET.Element, tag: str, text: str | None = None, **attributes: str) -> ET.Element:
    made = ET.SubElement(parent, tag, attributes)
    made.text = text
    return made


def _stamp(moment: datetime) -> str:
    return moment.astimezone(clock.ZONE).isoformat(timespec="seconds")


def _document(root: ET.Element) -> bytes:
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True))
