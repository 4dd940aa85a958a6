"""The schema, one file per business area; it reads like the data dictionary. Importing this declares every table."""

from models import accounts, certificates, content, declarations, directory, jobs, platform, quotas, regions
from models import candidates, e_certificates, fees, issuance, plans, registrations, scheduling, scores, sites
from models.kit.base import complete

complete()
