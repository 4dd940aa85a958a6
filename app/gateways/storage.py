"""Files behind one small port (D12): the embedded default keeps them on disk, `s3` in an object store; the same
library (obstore) speaks to both, refuses `../`, and streams."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from typing import Any

import obstore
from obstore.store import LocalStore, S3Store

from config import Settings, settings


@cache
def _store(kind: str, root: str) -> Any:
    config = settings()
    if kind == "s3":
        return S3Store(
            config.s3_bucket,
            endpoint=config.s3_endpoint or None,
            region=config.s3_region or None,
            access_key_id=config.s3_access_key_id,
            secret_access_key=config.s3_secret_access_key.get_secret_value(),
        )
    return LocalStore(root, mkdir=True)


def store(config: Settings | None = None) -> Any:
    config = config or settings()
    return _store(config.storage, str(config.files_dir))


def new_key(kind: str) -> str:
    """A name nobody can guess; the kind is its ending."""
    token = secrets.token_hex(20)
    return f"{token[:2]}/{token}.{kind}"


def put(key: str, data: Any) -> None:
    """Write bytes or a file object under a key."""
    obstore.put(store(), key, data)


def get(key: str) -> bytes:
    return bytes(obstore.get(store(), key).bytes())


def stream(key: str) -> Iterator[bytes]:
    """The file in pieces of a few MB. FileNotFoundError at once, not at the first piece."""
    pieces = obstore.get(store(), key).stream(min_chunk_size=1024 * 1024)
    return (bytes(piece) for piece in pieces)


def delete(key: str) -> None:
    """Remove a file; one that is gone already is no matter."""
    with suppress(FileNotFoundError):
        obstore.delete(store(), key)
