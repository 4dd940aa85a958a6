"""The schema, one file per business area; it reads like the data dictionary. Importing this declares every table."""

from models import (
    accounts,
    candidates,
    certificates,
    content,
    declarations,
    directory,
    e_certificates,
    fees,
    issuance,
    jobs,
    plans,
    platform,
    quotas,
    regions,
    registrations,
    scheduling,
    scores,
    sites,
)
from models.kit.base import complete

complete()
