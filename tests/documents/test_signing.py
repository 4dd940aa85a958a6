"""The signature of certificate PDFs: made once, and broken by any change (R127)."""

from __future__ import annotations

import io
import stat
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pypdf import PdfReader

from app.documents import kinds
from app.documents.signing import FolderKey, SigningKey, sign_pdf, verify_pdf
from tests.documents import samples

WHEN = datetime(2020, 8, 1, 9, 0)


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> FolderKey:
    return FolderKey(tmp_path_factory.mktemp("data") / "keys")


@pytest.fixture(scope="module")
def plain() -> bytes:
    return kinds.certificate(samples.certificate(), issued_at=samples.PRINTED)


@pytest.fixture(scope="module")
def signed(plain: bytes, key: FolderKey) -> bytes:
    return sign_pdf(plain, key, reason="签发职业技能等级证书", location="北京", when=WHEN)


def test_a_signed_certificate_is_valid_and_tells_who_signed_when(signed: bytes, key: FolderKey) -> None:
    verdict = verify_pdf(signed, key.chain)
    assert verdict.valid
    assert verdict.intact
    assert verdict.signer == "职业技能等级证书信息管理服务平台证书签发"
    assert verdict.when == datetime(2020, 8, 1, 1, 0, tzinfo=UTC)
    assert verdict.message_zh == "签名有效,文件自签发后未被修改"


def test_signing_leaves_the_certificate_as_it_was_and_appends(plain: bytes, signed: bytes) -> None:
    assert signed.startswith(plain)
    assert samples.text(signed) == samples.text(plain)


def test_the_signature_is_pades_and_forbids_every_change(signed: bytes) -> None:
    catalogue = PdfReader(io.BytesIO(signed)).trailer["/Root"]
    signature = catalogue["/Perms"]["/DocMDP"]
    assert signature["/SubFilter"] == "/ETSI.CAdES.detached"
    assert signature["/Reason"] == "签发职业技能等级证书"
    assert signature["/Reference"][0]["/TransformParams"]["/P"] == 1


@pytest.mark.parametrize("share", [0.0001, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99])
def test_a_flipped_bit_in_the_content_makes_it_invalid(signed: bytes, key: FolderKey, share: float) -> None:
    assert not verify_pdf(_flipped(signed, int(len(signed) * share)), key.chain).valid


def test_a_flipped_bit_anywhere_in_the_signature_makes_it_invalid(signed: bytes, key: FolderKey) -> None:
    """Also in the padding, in the case of a digit and in fields no reader checks."""
    start, end = _gap(signed)
    written = signed[start:end].rstrip(b"0>")
    sampled = [
        *range(0, len(written), 29),
        0,
        53,
        1427,
        1431,
        1795,
        len(written) + 40,
        end - start - 2,
        end - start - 1,
    ]
    survivors = [
        (position, bit)
        for position in sampled
        for bit in (0, 1, 5)
        if verify_pdf(_flipped(signed, start + position, bit), key.chain).valid
    ]
    assert survivors == []


def test_an_appended_update_makes_it_invalid_though_the_signed_part_is_intact(
    signed: bytes, key: FolderKey
) -> None:
    writer = IncrementalPdfFileWriter(io.BytesIO(signed))
    writer.root["/Lang"] = writer.root.raw_get("/Type")
    writer.update_root()
    out = io.BytesIO()
    writer.write(out)
    verdict = verify_pdf(out.getvalue(), key.chain)
    assert (verdict.valid, verdict.intact) == (False, True)
    assert verdict.message_zh == "签名无效:文件签发后被追加或修改过"


def test_bytes_after_the_end_make_it_invalid(signed: bytes, key: FolderKey) -> None:
    assert not verify_pdf(signed + b"\n% more", key.chain).valid


def test_a_certificate_signed_by_somebody_else_is_invalid(
    plain: bytes, key: FolderKey, tmp_path: Path
) -> None:
    stranger = FolderKey(tmp_path)
    forged = sign_pdf(plain, stranger, reason="签发", location="北京", when=WHEN)
    verdict = verify_pdf(forged, key.chain)
    assert (verdict.valid, verdict.message_zh) == (False, "签名无效:不是本平台签发的文件")


def test_without_a_trusted_root_nothing_is_valid(signed: bytes) -> None:
    assert not verify_pdf(signed, []).valid


def test_an_unsigned_certificate_says_so(plain: bytes, key: FolderKey) -> None:
    assert verify_pdf(plain, key.chain).message_zh == "文件没有电子签名"


@pytest.mark.parametrize(
    "data", [b"", b"hello", b"%PDF-1.7\n%%EOF", b"%PDF-1.7\nstartxref\n99999\n%%EOF", bytes(5000)]
)
def test_what_is_no_readable_pdf_is_invalid_and_raises_nothing(data: bytes, key: FolderKey) -> None:
    verdict = verify_pdf(data, key.chain)
    assert (verdict.valid, verdict.intact) == (False, False)
    assert verdict.message_zh == "文件已损坏或不是PDF,无法验证签名"


def test_a_truncated_certificate_is_invalid(signed: bytes, key: FolderKey) -> None:
    assert not verify_pdf(signed[: len(signed) // 2], key.chain).valid


def test_after_the_signing_certificate_has_run_out_it_is_no_longer_valid(
    signed: bytes, key: FolderKey
) -> None:
    assert not verify_pdf(signed, key.chain, moment=datetime(2100, 1, 1)).valid


def test_keys_are_made_once_and_readable_by_their_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    first, second = FolderKey(folder), FolderKey(folder)
    assert first.certificate == second.certificate
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    kept = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.glob("*.*") if path.suffix}
    assert kept == dict.fromkeys(["root.key", "root.pem", "signing.key", "signing.pem"], 0o600)


def test_two_processes_starting_at_once_share_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(lambda _: FolderKey(tmp_path / "keys").certificate, range(8)))
    assert len(set(keys)) == 1


def test_an_interrupted_creation_of_keys_is_taken_up_again(tmp_path: Path, plain: bytes) -> None:
    FolderKey(tmp_path)
    (tmp_path / "signing.pem").unlink()
    (tmp_path / "signing.key.part").write_bytes(b"half")
    again = FolderKey(tmp_path)
    signed = sign_pdf(plain, again, reason="签发", location="北京", when=WHEN)
    assert verify_pdf(signed, again.chain).valid


def test_the_certificates_say_what_they_are_for(key: FolderKey) -> None:
    signing, root = (x509.load_der_x509_certificate(der) for der in (key.certificate, key.chain[-1]))
    usage = signing.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.content_commitment
    assert not usage.key_cert_sign
    assert root.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    signing.verify_directly_issued_by(root)


def test_another_holder_of_the_key_can_take_its_place(plain: bytes, key: FolderKey) -> None:
    """What a hardware module would offer: certificates, and a signature for some bytes."""

    class Module:
        asked = 0

        @property
        def certificate(self) -> bytes:
            return key.certificate

        @property
        def chain(self) -> Sequence[bytes]:
            return key.chain

        def sign(self, data: bytes, digest: str) -> bytes:
            self.asked += 1
            return key.sign(data, digest)

    module = Module()
    holder: SigningKey = module
    assert verify_pdf(sign_pdf(plain, holder, reason="签发", location="", when=WHEN), key.chain).valid
    assert module.asked == 1


def _flipped(data: bytes, position: int, bit: int = 0) -> bytes:
    changed = bytearray(data)
    changed[position] ^= 1 << bit
    return bytes(changed)


def _gap(signed: bytes) -> tuple[int, int]:
    """Where the signature's hexadecimal digits stand, with their brackets."""
    fields = signed[signed.rindex(b"/ByteRange") :].split(b"[", 1)[1].split(b"]", 1)[0].split()
    _, length, rest, _ = map(int, fields)
    return length, rest
