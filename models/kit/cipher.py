"""Encryption of personal numbers in their columns (D10): AES-SIV, deterministic, so equality can be searched.

A key-version byte stands before the ciphertext. The associated data is the kind of number ("id", "mobile"),
not the column, so that the same number can be compared and copied between tables inside the database.
"""

from __future__ import annotations

from cryptography.hazmat.primitives.ciphers.aead import AESSIV


class Cipher:
    """Holds the keys; `current` encrypts, all decrypt. Without keys, use of a personal column is an error."""

    def __init__(self) -> None:
        self._keys: dict[int, AESSIV] = {}
        self._current = 0

    def load(self, keys: dict[int, bytes]) -> None:
        """Set the keys by version (32, 48 or 64 bytes each); the highest version encrypts."""
        self._keys = {version: AESSIV(key) for version, key in keys.items()}
        self._current = max(keys)

    def encrypt(self, text: str, kind: str) -> bytes:
        if not self._keys:
            raise RuntimeError("no key for personal numbers is loaded (Cipher.load)")
        sealed = self._keys[self._current].encrypt(text.encode(), [kind.encode()])
        return bytes([self._current]) + sealed

    def decrypt(self, sealed: bytes, kind: str) -> str:
        return self._keys[sealed[0]].decrypt(bytes(sealed[1:]), [kind.encode()]).decode()


cipher = Cipher()
