"""Imports every service that registers actions, importers, tasks or hooks, so that they exist."""

import app.services.batches
import app.services.candidates
import app.services.certificates
import app.services.declarations
import app.services.identity
import app.services.pilot
import app.services.plans
import app.services.quotas
import app.services.registrations
import app.services.reviews
import app.services.scheduling
import app.services.scores  # noqa: F401
