# The daily habits. Needs Python 3.11+ and make; everything else is installed into the checkout.
PYTHON ?= python3
BIN := .venv/bin
SETUP := $(PYTHON) tools/setup.py
.DEFAULT_GOAL := help

.PHONY: help setup run test check fix bench docs shot new-model lock clean

help: ## list these targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r name text; do printf '%-18s %s\n' "$$name" "$$text"; done

setup: ## install everything (skipped when current)
	@$(SETUP) base

run: setup ## serve http://127.0.0.1:8000 with a worker (PORT, DATA_DIR, DATABASE_URL)
	@exec $(BIN)/python -m app.supervisor

test: ## set up, check style, types and layers, run every test (ARGS="-k name")
	@$(SETUP) test
	@$(BIN)/python -m tools.machine
	@$(MAKE) --no-print-directory check
	$(BIN)/python -m pytest -n 2 $(ARGS)

check: ## style, types and layers, in seconds
	@$(SETUP) test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fix: ## repair what ruff can repair
	@$(SETUP) test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: ## print one JSON line a figure (ONLY=area)
	@$(SETUP) bench >&2
	@$(BIN)/python -m bench $(ONLY)

docs: ## make the generated parts of docs/ anew, screenshots included
	@$(SETUP) test
	@$(BIN)/python -m tools.guide

shot: ## screenshot of a page of the running platform (PAGE=/console/ ARGS="--user org1m --dark")
	@$(SETUP) test
	@$(BIN)/python -m tools.shot $(PAGE) $(ARGS)

new-model: setup ## worked example of a model as a start (NAME=Thing)
	@$(BIN)/python -m tools.new_model $(NAME)

lock: ## renew requirements/*.txt and package-lock.json
	@$(SETUP) lock

clean: ## remove what setup made (data in var/ stays)
	rm -rf .venv node_modules views/static/dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
