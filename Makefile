# Everything a person does here, by name. Bare `make` lists it. Works with GNU make 3.81 and later.

PYTHON ?= python3
JOBS ?= 4
BIN := .venv/bin
STAMP := .venv/.stamp
CLIENTS := .venv/.clients

.DEFAULT_GOAL := help
.PHONY: help setup run test check test-fast fuzz compat campaign bench simulate lock clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: $(STAMP) $(CLIENTS) ## Make the environment in .venv (again only when the lock or pyproject.toml changes)

run: $(STAMP) ## Serve the gateway on this machine, with a sample clinic in .local
	@FHIR_GATEWAY_QUIET_HOURS= exec $(BIN)/fhir-gateway serve --seed demo --data-dir .local

test: $(STAMP) $(CLIENTS) ## Run every test
	@$(BIN)/python -m pytest -n $(JOBS) --dist worksteal

check: $(STAMP) ## Format, lint, types, floors, file length, claims = generated
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m pytest tests/house

test-fast: $(STAMP) ## Run the tests that start no processes and take less than two seconds
	@$(BIN)/python -m pytest -n $(JOBS) --dist worksteal -m 'not slow and not fuzz'

fuzz: $(STAMP) ## Ask the server some 20 000 things that it should refuse (half an hour)
	@$(BIN)/python -m pytest -m fuzz

compat: $(STAMP) ## Let the FHIR and HL7 v2 clients that people use talk to the gateway
	@$(BIN)/python -m tests.compat.installing
	@$(BIN)/python -m pytest tests/compat tests/api/test_clients.py

campaign: $(STAMP) ## Kill the gateway 100 times while 8 hospitals send 50 000 messages (half an hour or more)
	@$(BIN)/python -m conformance.campaign

bench: $(STAMP) ## Measure speed beside the bare limits of this machine (FULL=1 for the whole method)
	@$(BIN)/python -m bench $(if $(FULL),--full)

simulate: $(STAMP) ## Play queue, waitlist and a clinic's month against simpler rules, write a report to .local
	@$(BIN)/python -m simulation

lock: $(STAMP) ## Resolve the dependencies anew into requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	  --no-annotate --upgrade --extra dev pyproject.toml -o requirements.lock
	@$(BIN)/python -m tests.compat.installing --lock

clean: ## Remove the environment, the local data and everything that was built
	@rm -rf .venv .local tests/compat/node_modules build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis \
	  .import_linter_cache *.egg-info
	@find fhir_gateway tests conformance bench simulation -name __pycache__ -type d -prune -exec rm -rf {} +

# uv is used where it is already in the environment, and never required.
$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "fhir-gateway needs Python 3.11 or newer; '$(PYTHON)' is not. Try: make PYTHON=python3.12" >&2; \
	  exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
	  package=$$($(PYTHON) -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])'); \
	  echo "'$(PYTHON)' cannot make environments; on Debian or Ubuntu: apt install $$package" >&2; \
	  exit 1; }
	@$(BIN)/python -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Making the environment in .venv"; $(PYTHON) -m venv --clear .venv; }
	@echo "Installing the locked packages (about a minute the first time)"
	@if [ -x $(BIN)/uv ]; then \
	  $(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes --no-deps -r requirements.lock; \
	else \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps \
	    -r requirements.lock; \
	fi
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# The JavaScript clients of the tests are tried once; a machine without npm does without.
$(CLIENTS): tests/compat/package-lock.json | $(STAMP)
	@$(BIN)/python -m tests.compat.installing
	@touch $@
