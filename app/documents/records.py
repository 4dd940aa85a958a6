"""Documents that say how things stand (6.4): fee slip, certificate, lists, transcript, declaration form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from app.documents import codes
from app.documents.amounts import amount_in_capitals
from app.documents.fonts import replace_unprintable, serif_family
from app.documents.ornament import certificate_ground
from app.documents.render import members, render, render_each, render_picture


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeLine:
    """A registration on the slip; `subject` only when the basis is 按科目."""

    name: str
    id_masked: str
    certificate: str
    level: str
    subject: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeSlip:
    """Fee slip (缴费单, R78–R84); without a tariff there is no unit fee and no amount (9.23)."""

    slip_number: str
    school: str
    organisation: str
    plan: str
    plan_code: str
    basis: str
    person_times: int
    unit_fee: Decimal | None
    amount: Decimal | None
    bank_text: str
    created_at: str
    lines: Sequence[FeeLine]


def fee_slip(*slips: FeeSlip, printed_at: datetime) -> bytes:
    """缴费单: number big and as QR code, amount in figures and capitals, list of names as appendix."""
    items = [
        members(slip)
        | {
            "qr": codes.qr(slip.slip_number),
            "unit_fee": None if slip.unit_fee is None else f"{slip.unit_fee:,.2f}",
            "amount": None if slip.amount is None else f"{slip.amount:,.2f}",
            "capitals": None if slip.amount is None else amount_in_capitals(slip.amount),
        }
        for slip in slips
    ]
    return render_each("fee_slip", items, printed_at=printed_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """E-certificate (电子证书, R121, R127): the ID number in full, the seals valid when each party signed (R126).

    `specimen` marks the preview shown before a seal is saved (R123).
    """

    number: str
    name: str
    id_number: str
    certificate: str
    level: str
    photo: bytes | None
    organisation: str
    organisation_seal: bytes | None
    site_school: str
    site_seal: bytes | None
    issued_on: date
    verify_url: str
    specimen: bool = False


def certificate(item: Certificate, *, issued_at: datetime) -> bytes:
    """职业技能等级证书: A4 landscape, PDF/A-2b, to be signed afterwards and never rewritten.

    `issued_at` is the PDF's date: the same task always gives the same bytes, so a reissue can be compared.
    """
    return render("certificate", _printed_certificate(item), printed_at=issued_at, archival=True)


def certificate_picture(item: Certificate, *, issued_at: datetime) -> bytes:
    """The same certificate as PNG, to be looked at before a seal is saved (R123)."""
    return render_picture("certificate", _printed_certificate(item), printed_at=issued_at)


def _printed_certificate(item: Certificate) -> dict[str, object]:
    day = item.issued_on
    return members(item) | {
        "ground": certificate_ground(),
        "face": serif_family(),
        "qr": codes.qr(item.verify_url),
        "issued_on": f"{day.year}年{day.month}月{day.day}日",
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultRow:
    """A person of a result list; `number` is the certificate number once there is one."""

    name: str
    id_masked: str
    school: str
    certificate: str
    level: str
    result: str
    number: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultList:
    """证书公示 or 发放名单 of one plan and certificate; `note` says until when and where to object."""

    title: str
    plan: str
    organisation: str
    certificate: str
    level: str
    note: str
    rows: Sequence[ResultRow]


def result_list(*lists: ResultList, printed_at: datetime) -> bytes:
    """证书公示 / 发放名单: the column of certificate numbers appears when a row has one."""
    items = [members(one) | {"numbered": any(row.number for row in one.rows)} for one in lists]
    return render_each("result_list", items, printed_at=printed_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscriptSubject:
    """One subject's score; `score` is the text to print (87.5, 缺考, 违纪)."""

    code: str
    name: str
    mode: str
    status: str
    score: str
    full_mark: str
    pass_mark: str
    weight: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """Transcript (成绩单) of one candidate in one plan, printed only after lock."""

    name: str
    id_masked: str
    ticket_number: str
    school: str
    organisation: str
    plan: str
    certificate: str
    level: str
    photo: bytes | None
    subjects: Sequence[TranscriptSubject]
    pass_mode: str
    total: str
    total_pass_mark: str | None
    result: str
    locked_on: str


def transcript(*transcripts: Transcript, printed_at: datetime) -> bytes:
    """成绩单: subjects, scores, weights, total, result."""
    return render_each("transcript", transcripts, printed_at=printed_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewEntry:
    """A decision in the review trail (审核记录)."""

    stage: str
    decision: str
    by: str
    at: str
    reason: str = ""
    approved_count: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclarationForm:
    """Declaration (申报表) with its rich text already reduced to paragraphs."""

    batch: str
    year: str
    school: str
    school_code: str
    province: str
    contact_name: str
    contact_mobile: str
    certificate: str
    level: str
    organisation: str
    majors: Sequence[str]
    applied_count: int
    approved_count: int | None
    state: str
    submitted_at: str | None
    teachers: Sequence[str]
    venue: Sequence[str]
    files: Sequence[str] = ()
    reviews: Sequence[ReviewEntry] = ()


def declaration_form(*forms: DeclarationForm, printed_at: datetime) -> bytes:
    """申报表: all fields, quota, review trail. An odd character in free text is boxed, not refused."""
    return render_each(
        "declaration_form", [_printable(members(form)) for form in forms], printed_at=printed_at
    )


def _printable(data: dict[str, object]) -> dict[str, object]:
    for key in ("teachers", "venue", "files"):
        data[key] = [replace_unprintable(text) for text in data[key]]  # type: ignore[attr-defined]
    return data
