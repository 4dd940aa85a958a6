"""Certificates of the demonstration: seals, hand signatures and PDFs, by the same steps as in life (4.12–4.14).

Of the certificates that wait, some are left with the organisation, some with the site, one is refused and some are
issued, so that every tab of 证书发放管理, the public check and the candidate's space have something to show.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.access.actor import AUTH, JOB, Actor, acting_as
from app.documents.drawn import demo_hand_signature, demo_seal
from app.services import e_certificates, issuing, seals, signing
from models.accounts import Account
from models.directory import Organisation, School
from models.issuance import IssuanceState, IssuanceTask, Position
from models.kit import clock

SIGNED_FIRST = 90  # by the organisation; the others wait for it
SITES = 3
ISSUED_A_SITE = 6
PHONE = "demonstration"
STROKES = [24, 31, 18]  # points of each, as a phone counts them


def issue(
    session: Session, plan: int, organisation: int, moment: datetime, principal: Callable[..., Actor]
) -> None:
    """Sign some of a plan's certificates as both parties, at `moment`; `principal` finds an account's actor."""
    with acting_as(JOB, session):
        of_plan = (IssuanceTask.plan_id == plan, IssuanceTask.state == IssuanceState.WAITING_ORGANISATION)
        rows = session.execute(
            sa.select(IssuanceTask.id, IssuanceTask.host_school_id)
            .where(*of_plan)
            .order_by(IssuanceTask.id)
            .limit(SIGNED_FIRST)
        ).all()
    hosts = list(dict.fromkeys(host for _, host in rows if host is not None))[:SITES]
    with clock.travel(moment):
        owner = principal(organisation_id=organisation, role="organisation.principal")
        _seal(session, owner, Organisation, Position.HEAD)
        _sign(session, owner, [task for task, _ in rows])
        for number, host in enumerate(hosts):
            site = principal(school_id=host, role="school.principal")
            _seal(session, site, School, Position.VICE_PRESIDENT)
            own = [task for task, at in rows if at == host]
            _sign(session, site, own[:ISSUED_A_SITE])
            if number == 0 and len(own) > ISSUED_A_SITE:
                _refuse(session, site, own[ISSUED_A_SITE])
        _print(session)


def _seal(session: Session, actor: Actor, model: type[Organisation | School], position: Position) -> None:
    with acting_as(actor, session):
        if seals.current(session, actor) is not None:  # of an earlier plan
            return
        name = str(session.get_one(model, actor.tenant))
        holder = session.get_one(Account, actor.account).name
        seals.upload(session, actor, demo_seal(name), holder, position.value, accepted=True)
        session.commit()


def _sign(session: Session, actor: Actor, tasks: list[int]) -> None:
    with acting_as(actor, session):
        rows = session.scalars(sa.select(IssuanceTask).where(IssuanceTask.id.in_(tasks))).all()
        token = signing.token_of(signing.request_signature(session, actor, rows))
        holder = session.get_one(Account, actor.account).name
        session.commit()
    with acting_as(AUTH, session):
        ticket = signing.find(session, token, "")
    with acting_as(ticket.actor, session):
        signing.open_on_phone(session, ticket, PHONE)
        signing.sign_on_phone(session, ticket, PHONE, demo_hand_signature(holder), STROKES)
        session.commit()


def _refuse(session: Session, actor: Actor, task: int) -> None:
    with acting_as(actor, session):
        issuing.refuse(session, actor, [session.get_one(IssuanceTask, task)], "照片与本人不符,请核实")
        session.commit()


def _print(session: Session) -> None:
    with acting_as(JOB, session):
        signed = sa.select(IssuanceTask.id).where(IssuanceTask.state == IssuanceState.SIGNED)
        for task in session.scalars(signed.order_by(IssuanceTask.id)).all():
            e_certificates.make_certificate(session, task)
        session.commit()
