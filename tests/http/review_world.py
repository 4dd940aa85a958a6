"""The reviewers of Shandong and what waits for them, for the tests of the review desk."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from app.access.actor import JOB, Actor
from app.services import declarations
from models.accounts import Account
from models.certificates import Certificate, CertificateState, Level
from models.declarations import Declaration, DeclarationState
from models.kit import clock
from tests.conftest import Browser
from tests.factories_declarations import at, batch, cast, declaration
from tests.models.world import PLATFORM

NOW = at("2020-04-02 09:00")
THREE = ("2020-04-01 10:00", "2020-04-01 09:00", "2020-04-01 11:00")


class Desk:
    """The reviewers of Shandong at their browsers, and declarations that wait for them, the oldest first."""

    def __init__(self, as_: Any, browse: Any) -> None:
        self.as_, self.browse, self.people = as_, browse, cast(as_)

    def opened(self, actor: Actor) -> Browser:
        with self.as_(JOB) as db:
            found = db.get_one(Account, actor.account)
        return self.browse(found)  # type: ignore[no-any-return]

    def waiting(self, *moments: str, **of_batch: Any) -> list[int]:
        """One submitted declaration a moment, each for a certificate of its own."""
        with self.as_(self.people.province) as db:
            made = batch(db, **of_batch)
            db.commit()
        keys = []
        for number, moment in enumerate(moments):
            key = number + 1
            with self.as_(PLATFORM) as db:
                if db.get(Certificate, key) is None:
                    db.add(
                        Certificate(
                            id=key, organisation_id=5, code=f"10{key:02d}", name=f"证书{key}号",
                            level=Level.JUNIOR, state=CertificateState.ENABLED,
                        )
                    )  # fmt: skip
                    db.commit()
            with clock.travel(at(moment)), self.as_(self.people.school) as db:
                row = declaration(db, made.id, certificate_id=key, applied_count=100 + number)
                declarations.submit(db, self.people.school, [row])
                db.commit()
                keys.append(row.id)
        return keys

    def row(self, key: int) -> Declaration:
        with self.as_(JOB) as db:
            return db.get_one(Declaration, key)  # type: ignore[no-any-return]

    def batch_name(self, key: int) -> str:
        with self.as_(JOB) as db:
            return str(db.get_one(Declaration, key).batch.name)

    def resubmit(self, key: int) -> None:
        """The school corrects what was refused and submits it again."""
        with self.as_(self.people.school) as db:
            row = db.get_one(Declaration, key)
            row.state = DeclarationState.DRAFT
            db.flush()
            declarations.submit(db, self.people.school, [row])
            db.commit()

    def all(self, model: Any) -> list[Any]:
        with self.as_(JOB) as db:
            return list(db.scalars(sa.select(model).order_by(model.id)))

    def decide(self, browser: Browser, key: int, decision: str, **form: Any) -> int:
        version = self.row(key).version
        answer = browser.post(
            f"/console/reviewing/{key}/", {"decision": decision, "row_version": version, **form}
        )
        return answer.status_code
