"""The seal of a principal: uploaded, looked at on a specimen, saved with the letter of authorisation. R122–R126, 9.16."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.roles import may
from app.documents.records import Certificate, certificate_picture
from app.documents.seals import Seal as Checked
from app.documents.seals import check_seal
from app.gateways import storage
from app.services import files
from app.services.actions import page_link
from app.services.errors import DomainError, NotFound, Refused
from config import settings
from models.directory import Organisation, School
from models.issuance import Position, Seal
from models.kit import clock, formats

PAGE: Final = "/console/seal/"

# R125: vice-president or above of a school; of an organisation its head or deputy.
POSITIONS: Final = {
    "school": (
        Position.PRESIDENT,
        Position.PARTY_SECRETARY,
        Position.VICE_PRESIDENT,
        Position.VICE_SECRETARY,
    ),
    "organisation": (Position.HEAD, Position.DEPUTY_HEAD),
}


@dataclass(frozen=True)
class Letter:
    """The letter of authorisation (电子签名章使用授权委托书); its version is kept with the seal (R123)."""

    version: str
    title: str
    paragraphs: tuple[str, ...]


LETTER: Final = Letter(
    "2020-1",
    "电子签名章使用授权委托书",
    (
        "本单位授权本平台在本单位负责人逐次确认签发后,将所上传的电子签名章用于职业技能等级证书的电子证书。",
        "本单位确认:签名章由负责人本人保管和使用,仅限初始账号上传、查看和使用;每次签发须由负责人本人手写签名确认。",
        "更换签名章后,新的签名章只用于此后的签发;已签发的证书保留签发时的签名章。",
    ),
)


def require_principal(actor: Actor) -> None:
    """The seal is the principal account's alone (R124, E11); the wall says so too."""
    if not may(actor, "seal", "upload") or actor.kind not in POSITIONS:
        raise Refused("seal.principal", "签名章仅限负责人账号上传、查看和使用")


def current(session: Session, actor: Actor) -> Seal | None:
    """The newest edition: the one that signs (R126)."""
    return session.scalars(_editions(actor).limit(1)).one_or_none()


def editions(session: Session, actor: Actor) -> list[Seal]:
    """All editions, newest first."""
    require_principal(actor)
    return list(session.scalars(_editions(actor)))


def _editions(actor: Actor) -> sa.Select[Seal]:
    own = Seal.school_id if actor.kind == "school" else Seal.organisation_id
    return sa.select(Seal).where(own == actor.tenant).order_by(Seal.edition.desc())


def picture(session: Session, actor: Actor, key: int) -> bytes:
    """The image of one edition, for the principal's eyes (R124)."""
    require_principal(actor)
    seal = session.get(Seal, key)
    if seal is None:
        raise NotFound()
    return storage.get(seal.image)


def check(actor: Actor, data: bytes, holder_name: str, position: str) -> tuple[Checked, str, Position]:
    """Judge what was given before it is shown on the specimen; the same again when it is saved."""
    require_principal(actor)
    if not data:
        raise DomainError("seal.missing", "请选择签名章图片", "image")
    try:
        name = formats.person_name(holder_name)
    except formats.FormatError as error:
        raise DomainError("seal.holder", error.message, "holder_name") from error
    if position not in POSITIONS[actor.kind]:
        lowest = "副校长及以上" if actor.kind == "school" else "组织负责人或副负责人"
        raise DomainError("seal.position", f"职务须从列表中选择,应为{lowest}", "holder_position")
    return check_seal(data), name, Position(position)


def specimen(session: Session, actor: Actor, image: bytes) -> bytes:
    """A sample certificate that carries the seal, as PNG: looked at before the seal is saved (R123)."""
    require_principal(actor)
    own = str(_tenant_name(session, actor))
    school = own if actor.kind == "school" else "某某职业技术学院"
    organisation = own if actor.kind == "organisation" else "某某培训评价组织"
    sample = Certificate(
        number="15" + "0" * 21,
        name="张三",
        id_number="110101********0000",
        certificate="职业技能等级证书样张",
        level="初级",
        photo=None,
        organisation=organisation,
        organisation_seal=image if actor.kind == "organisation" else None,
        site_school=school,
        site_seal=image if actor.kind == "school" else None,
        issued_on=clock.today(),
        verify_url=f"{settings().base_url}/verify",
        specimen=True,
    )
    return certificate_picture(sample, issued_at=clock.now())


def _tenant_name(session: Session, actor: Actor) -> str:
    model = School if actor.kind == "school" else Organisation
    return session.scalar(sa.select(model.name).where(model.id == actor.tenant)) or ""


def upload(
    session: Session, actor: Actor, data: bytes, holder_name: str, position: str, *, accepted: bool
) -> tuple[Seal, str]:
    """Save the next edition; returns it and a hint about its size. Without the letter nothing is saved (E133)."""
    checked, name, held = check(actor, data, holder_name, position)
    if not accepted:
        raise DomainError("seal.letter", f"请阅读并勾选《{LETTER.title}》", "accepted")
    last = current(session, actor)
    seal = Seal(
        image=files.keep(session, actor, "签名章.png", "png", checked.image),
        holder_name=name,
        holder_position=held,
        authorisation_text=LETTER.version,
        authorisation_accepted_at=clock.now(),
        edition=1 if last is None else last.edition + 1,
        active_from=clock.now(),
        school_id=actor.tenant if actor.kind == "school" else None,
        organisation_id=actor.tenant if actor.kind == "organisation" else None,
    )
    session.add(seal)
    session.flush()
    return seal, checked.hint or ""


page_link(Seal, "upload", "上传签名章", page=PAGE, on="list", icon="rubber-stamp")
