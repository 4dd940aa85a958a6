"""The child process that opens a stranger's document; started as `python -m app.documents.preview_child pdf`.

It reads the document from standard input and writes HTML to standard output. Parsers of such formats are large and the
files hostile: this process may use little memory and time, and may write no file.
"""

from __future__ import annotations

import base64
import io
import resource
import sys
from contextlib import suppress
from typing import Any

MEMORY, SECONDS = 1024**3, 20
PAGES, WIDTH, QUALITY = 20, 1000, 72
_TAGS = {
    "p", "br", "strong", "b", "em", "i", "u", "s", "sup", "sub", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li",
    "table", "thead", "tbody", "tr", "th", "td", "img",
}  # fmt: skip


def main(kind: str) -> None:
    """Answer with the HTML of the document; whatever goes wrong ends the process with an error."""
    _confine()
    data = sys.stdin.buffer.read()
    html = pictures(data) if kind == "pdf" else text(data)
    sys.stdout.buffer.write(html.encode())


def _confine() -> None:
    for what, value in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        with suppress(ValueError, OSError):  # macOS has no limit on address space
            resource.setrlimit(what, (value, value))


def pictures(data: bytes) -> str:
    """The first pages of a PDF as pictures: whatever it wants to run stays behind."""
    import pypdfium2  # type: ignore[import-untyped]

    document = pypdfium2.PdfDocument(data)
    shown = [_picture(document[number], number + 1) for number in range(min(len(document), PAGES))]
    more = (
        f'<p class="more">共{len(document)}页,这里显示前{PAGES}页;其余请下载查看</p>'
        if len(document) > PAGES
        else ""
    )
    return "".join(shown) + more


def _picture(page: Any, number: int) -> str:
    width, height = page.get_size()
    scale = min(WIDTH / width, 2 * WIDTH / height)
    held = io.BytesIO()
    page.render(scale=scale).to_pil().convert("RGB").save(held, "JPEG", quality=QUALITY)
    return (
        f'<img alt="第{number}页" src="data:image/jpeg;base64,{base64.b64encode(held.getvalue()).decode()}">'
    )


def text(data: bytes) -> str:
    """The text of a .docx with its tables and pictures, cleaned; no links, no styles, no scripts."""
    import mammoth  # type: ignore[import-untyped]
    import nh3

    html = mammoth.convert_to_html(io.BytesIO(data)).value
    attributes = {"img": {"src", "alt"}, "td": {"colspan", "rowspan"}, "th": {"colspan", "rowspan"}}
    kept = nh3.clean(
        html, tags=_TAGS, attributes=attributes, attribute_filter=_inline_pictures_only, url_schemes={"data"}
    )
    return f'<div class="text">{kept or "<p>(空白文档)</p>"}</div>'


def _inline_pictures_only(tag: str, name: str, value: str) -> str | None:
    if name == "src":
        return value if value.startswith(("data:image/png;", "data:image/jpeg;", "data:image/gif;")) else None
    return value


if __name__ == "__main__":
    main(sys.argv[1])
