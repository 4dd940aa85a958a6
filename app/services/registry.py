"""Imports every service that registers actions, importers, tasks or hooks, so that they exist."""

import app.services.accounts
import app.services.attendance
import app.services.batches
import app.services.borrowing
import app.services.candidates
import app.services.certificates
import app.services.declarations
import app.services.e_certificates
import app.services.exam_prints
import app.services.fees
import app.services.fees_import
import app.services.identity
import app.services.invigilators
import app.services.invigilators_import
import app.services.jobs
import app.services.organisations
import app.services.photos_import
import app.services.pilot
import app.services.plan_cancel
import app.services.plans
import app.services.quotas
import app.services.registrations
import app.services.registrations_import
import app.services.reviews
import app.services.rooms
import app.services.rooms_import
import app.services.scheduling
import app.services.schools
import app.services.scores
import app.services.scores_import
import app.services.seals
import app.services.seats
import app.services.seats_import
import app.services.signing
import app.services.sites  # noqa: F401
