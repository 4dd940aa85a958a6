"""Signature of certificate PDFs (PAdES B-B, R127) and its verification.

A certificate is certified with "no changes allowed" as the last step; a signed file is never rewritten.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from app.documents.keys import FolderKey, SigningKey
from app.documents.render import local

if TYPE_CHECKING:
    from pyhanko.sign.signers import SimpleSigner
    from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
    from pyhanko_certvalidator.path import ValidationPath

__all__ = ["FolderKey", "SigningKey", "Verdict", "sign_pdf", "verify_pdf"]

_FIELD = "Signature"
_RESERVED = 8192  # room for the signature; without it pyHanko signs twice, once to measure
_LARGEST = 20 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a PDF's signature is worth. Only `valid` counts: `intact` alone also holds for extended files."""

    valid: bool
    intact: bool
    signer: str | None
    when: datetime | None
    message_zh: str


def sign_pdf(pdf: bytes, key: SigningKey, *, reason: str, location: str, when: datetime) -> bytes:
    """The PDF with one certifying signature that forbids every change; `when` is the claimed signing time."""
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter
    from pyhanko.sign.signers import PdfSignatureMetadata

    metadata = PdfSignatureMetadata(
        field_name=_FIELD,
        md_algorithm="sha256",
        subfilter=SigSeedSubFilter.PADES,
        reason=reason,
        location=location,
        certify=True,
        docmdp_permissions=MDPPerm.NO_CHANGES,
    )
    out = io.BytesIO()
    _pdf_signer(metadata, _signer(key), local(when)).sign_pdf(
        IncrementalPdfFileWriter(io.BytesIO(pdf)), output=out, bytes_reserved=_RESERVED
    )
    return out.getvalue()


def verify_pdf(pdf: bytes, trust_roots: Sequence[bytes], *, moment: datetime | None = None) -> Verdict:
    """Judge a PDF somebody hands in, against root certificates (DER). Never raises: what cannot be read is invalid."""
    if len(pdf) > _LARGEST:
        return _invalid("文件过大,不是本平台签发的电子证书")
    # pyHanko logs a traceback for each untrusted chain; that a stranger's file is untrusted is no event of ours.
    logging.getLogger("pyhanko_certvalidator").setLevel(logging.CRITICAL)
    logging.getLogger("pyhanko").setLevel(logging.CRITICAL)
    try:
        return _judge(pdf, trust_roots, moment)
    except Exception:  # noqa: BLE001  a hostile file can fail anywhere in two parsers; all of it means "not valid"
        return _invalid("文件已损坏或不是PDF,无法验证签名")


def _judge(pdf: bytes, trust_roots: Sequence[bytes], moment: datetime | None) -> Verdict:
    from asn1crypto.x509 import Certificate
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko_certvalidator import ValidationContext

    signatures = PdfFileReader(io.BytesIO(pdf), strict=True).embedded_signatures
    if not signatures:
        return _invalid("文件没有电子签名")
    signature = signatures[0]
    roots = [Certificate.load(root) for root in trust_roots]
    context = ValidationContext(
        trust_roots=roots, allow_fetching=False, moment=local(moment) if moment else None
    )
    status = validate_pdf_signature(signature, context)
    signer = status.signing_cert.subject.native.get("common_name")
    when = signature.self_reported_timestamp
    path = status.validation_path
    sound = bool(status.bottom_line) and len(signatures) == 1
    valid = sound and path is not None and _is_exact(pdf, signature, path)
    return Verdict(valid, bool(status.intact), signer, when, _message(status, valid))


def _message(status: Any, valid: bool) -> str:
    if valid:
        return "签名有效,文件自签发后未被修改"
    if not status.intact or not status.valid:
        return "签名无效:文件内容已被修改"
    if not status.trusted:
        return "签名无效:不是本平台签发的文件"
    return "签名无效:文件签发后被追加或修改过"


def _is_exact(pdf: bytes, signature: EmbeddedPdfSignature, path: ValidationPath) -> bool:
    """Whether the bytes the signature does not cover, those of the signature itself, are as we write them.

    A reader ignores padding, the case of hexadecimal digits and several fields of the signature's envelope, so
    a file altered there would still count as unaltered. Here every byte of a certificate is protected.
    """
    start, length, rest, tail = (int(number) for number in signature.byte_range)
    if start != 0 or rest + tail != len(pdf):
        return False
    gap = pdf[length:rest]
    digits = _envelope(signature, path).hex().upper().encode()
    return gap == b"<" + digits.ljust(len(gap) - 2, b"0") + b">"


def _envelope(signature: EmbeddedPdfSignature, path: ValidationPath) -> bytes:
    """The signature's envelope built anew from what was verified: certificates, signed attributes, signature."""
    from asn1crypto import cms

    info, signer = signature.signer_info, signature.signer_cert
    known = {certificate.dump() for certificate in path}
    given = [choice.chosen for choice in signature.signed_data["certificates"]]
    digest = {"algorithm": info["digest_algorithm"]["algorithm"].native}
    signer_info = {
        "version": "v1",
        "sid": cms.SignerIdentifier(
            "issuer_and_serial_number", {"issuer": signer.issuer, "serial_number": signer.serial_number}
        ),
        "digest_algorithm": digest,
        "signed_attrs": cms.CMSAttributes.load(info["signed_attrs"].untag().dump()),
        "signature_algorithm": {"algorithm": info["signature_algorithm"]["algorithm"].native},
        "signature": info["signature"].native,
    }
    signed_data = {
        "version": "v1",
        "digest_algorithms": [digest],
        "encap_content_info": {"content_type": "data"},
        "certificates": [certificate for certificate in given if certificate.dump() in known],
        "signer_infos": [signer_info],
    }
    return bytes(cms.ContentInfo({"content_type": "signed_data", "content": signed_data}).dump())


def _invalid(message: str) -> Verdict:
    return Verdict(valid=False, intact=False, signer=None, when=None, message_zh=message)


def _signer(key: SigningKey) -> SimpleSigner:
    """pyHanko's signer with the key left at its holder (its own one parses the key anew for each signature)."""
    from asn1crypto.x509 import Certificate
    from pyhanko.sign.signers import SimpleSigner
    from pyhanko_certvalidator.registry import SimpleCertificateStore

    class HeldKeySigner(SimpleSigner):
        async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
            return key.sign(data, digest_algorithm)

    registry = SimpleCertificateStore()  # type: ignore[no-untyped-call]
    registry.register_multiple([Certificate.load(certificate) for certificate in key.chain])
    return HeldKeySigner(
        signing_cert=Certificate.load(key.certificate),
        signing_key=None,
        cert_registry=registry,
        embed_roots=False,
    )


def _pdf_signer(metadata: Any, signer: SimpleSigner, when: datetime) -> Any:
    """pyHanko takes the system's clock; ours is injected (D11)."""
    from pyhanko.sign.signers import PdfSigner

    class TimedPdfSigner(PdfSigner):
        def init_signing_session(self, *args: Any, **kwargs: Any) -> Any:
            session = super().init_signing_session(*args, **kwargs)
            session.system_time = when
            return session

    return TimedPdfSigner(metadata, signer=signer)
