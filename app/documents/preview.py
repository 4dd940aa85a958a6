"""What an uploaded document looks like, as plain HTML that can do nothing: the pages of a PDF as pictures, a .docx as
its cleaned text (R18). Strangers' files are opened in a process of their own, with bounded memory and time."""

from __future__ import annotations

import subprocess
import sys

from app.services.errors import DomainError

KINDS = ("pdf", "docx")
SECONDS = 30
_STYLE = (
    "body{margin:0;padding:16px;background:#f2f4f7;color:#1d2433;font:15px/1.7 sans-serif}"
    "img{display:block;max-width:100%;margin:0 auto 16px;background:#fff;box-shadow:0 1px 4px #0003}"
    ".text{max-width:800px;margin:0 auto;padding:24px 32px;background:#fff;box-shadow:0 1px 4px #0003}"
    ".text img{margin:8px 0;box-shadow:none}"
    "table{border-collapse:collapse}td,th{border:1px solid #b8c0cc;padding:4px 8px}"
    "p.more{text-align:center;color:#4a5568}"
)


def html_of(kind: str, data: bytes) -> str:
    """The document as a page without scripts, links or addresses; DomainError where it cannot be opened."""
    command = [sys.executable, "-m", "app.documents.preview_child", kind]
    try:
        answer = subprocess.run(  # noqa: S603  our own module; the document is data on its standard input
            command, input=data, capture_output=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise _unreadable() from None
    if answer.returncode != 0 or not answer.stdout:
        raise _unreadable()
    body = answer.stdout.decode()
    return f'<!doctype html><html lang="zh"><meta charset="utf-8"><title>预览</title><style>{_STYLE}</style>{body}</html>'


def _unreadable() -> DomainError:
    return DomainError("preview.unreadable", "文件不能在线预览,请下载后查看")
