"""A worker as it really runs, in a process of its own that a test can kill: `python -m tests.jobs.worker_process URL`."""

from __future__ import annotations

import logging
import sys

import models  # noqa: F401
from app.jobs.worker import run_worker
from app.services import candidates_import  # noqa: F401

if __name__ == "__main__":
    logging.basicConfig(stream=sys.stderr, level=logging.INFO)
    run_worker(sys.argv[1])
