"""Who holds the key that signs certificates: a port, and the embedded default, a self-made CA in a folder.

The default works on one machine without anything bought; production puts a hardware module or the key of a public
CA behind the same port (D12).
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_PLATFORM = "职业技能等级证书信息管理服务平台"
_YEARS = 30  # a signature without time stamp is valid only while its certificate is
_DIGESTS: dict[str, type[hashes.HashAlgorithm]] = {
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}


class SigningKey(Protocol):
    """A private key that never leaves its holder, and the certificates (DER) that speak for it."""

    @property
    def certificate(self) -> bytes:
        """The signing certificate."""

    @property
    def chain(self) -> Sequence[bytes]:
        """The certificates above it; the last one is the root."""

    def sign(self, data: bytes, digest: str) -> bytes:
        """The raw signature of `data` under `digest` ("sha256", …)."""


class FolderKey:
    """ECDSA P-256 key in a folder, made with its own CA on first use; several processes may start at once."""

    def __init__(self, folder: Path) -> None:
        _ensure_keys(folder)
        key = serialization.load_pem_private_key((folder / "signing.key").read_bytes(), password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise TypeError(f"{folder}/signing.key is not an EC key")
        self._key = key  # parsed once: parsing checks the key again, which costs more than signing
        self._certificate = _load_der(folder / "signing.pem")
        self._root = _load_der(folder / "root.pem")

    @property
    def certificate(self) -> bytes:
        return self._certificate

    @property
    def chain(self) -> Sequence[bytes]:
        return (self._root,)

    def sign(self, data: bytes, digest: str) -> bytes:
        return self._key.sign(data, ec.ECDSA(_DIGESTS[digest]()))


def _ensure_keys(folder: Path) -> None:
    """Make the CA and the signing key unless they are there. The last file written marks them complete."""
    if (folder / "signing.pem").exists():
        return
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _locked(folder):
        if not (folder / "signing.pem").exists():
            _make_keys(folder)


def _make_keys(folder: Path) -> None:
    root_key, signing_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root_name, signing_name = _name(f"{_PLATFORM}根证书"), _name(f"{_PLATFORM}证书签发")
    root = (
        _builder(root_name, root_name, root_key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(sign_certificates=True), critical=True)
        .sign(root_key, hashes.SHA256())
    )
    signing = (
        _builder(signing_name, root_name, signing_key)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(sign_certificates=False), critical=True)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), critical=False
        )
        .sign(root_key, hashes.SHA256())
    )
    _write(folder / "root.key", _private(root_key))
    _write(folder / "root.pem", root.public_bytes(serialization.Encoding.PEM))
    _write(folder / "signing.key", _private(signing_key))
    _write(folder / "signing.pem", signing.public_bytes(serialization.Encoding.PEM))


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=365 * _YEARS))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(*, sign_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not sign_certificates,
        content_commitment=not sign_certificates,
        key_cert_sign=sign_certificates,
        crl_sign=sign_certificates,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, _PLATFORM),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    plain = serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)


def _load_der(path: Path) -> bytes:
    return x509.load_pem_x509_certificate(path.read_bytes()).public_bytes(serialization.Encoding.DER)


def _write(path: Path, content: bytes) -> None:
    """Readable by the owner only from the first byte; whole or not there at all."""
    part = path.with_suffix(f"{path.suffix}.part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.rename(path)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Web server and worker may both meet an empty folder: only one makes the keys."""
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
