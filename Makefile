# Everything a newcomer needs: `make demo` to see it, `make test` to trust it. `make help` lists all.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# Tests that wait for processes of theirs leave a core idle: one worker more than there are cores.
WORKERS := $(shell echo $$(($$(nproc) + 1)))
.DEFAULT_GOAL := help
.PHONY: help secrets setup check test drills demo district bench bench-vision clean-demo schemas dashboards dashboard-drawings example-pictures test-grafana

help: ## say what each target does
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(STAMP): requirements-dev.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "Missing: python3 (3.11 or newer). On Debian: sudo apt-get install python3"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Missing: Python 3.11 or newer; $$($(PYTHON) --version) is too old."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "Missing: python3-venv. On Debian: sudo apt-get install python3-venv"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing pinned dependencies into $(VENV) (once, about a minute) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

setup: $(STAMP) ## install the pinned dependencies into .venv

check: setup ## lint, types, architecture
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/mypy

test: setup ## all tests; what needs a missing server is skipped by name
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

drills: setup ## the kill drills at full length, then their table
	$(BIN)/python -m pytest tests/drills --full-drills -o junit_family=xunit1 --junit-xml=var/drills.xml; \
	state=$$?; $(BIN)/python -m tests.drills.table; exit $$state

secrets: ## make the passwords of docker-compose.yml (.env, for its owner alone)
	@$(PYTHON) -m huanwei.compose_secrets .env

demo: setup ## the whole loop with a simulated district, then open http://127.0.0.1:8000
	@$(BIN)/huanwei demo $(DEMO)

district: setup ## a whole district: PostgreSQL, InfluxDB, Grafana where found, and the simulator
	@$(BIN)/huanwei district $(DISTRICT)

bench: setup ## speed and memory, with machine and versions
	$(BIN)/python -m tests.benchmarks

bench-vision: setup ## how well vision does on pictures with known truth: DATA=folder
	$(BIN)/python -m tests.benchmarks.vision $(DATA)

clean-demo: ## remove the data of all runs of demo and district
	rm -rf var/demo var/simulated-district

schemas: setup ## write the JSON Schemas of the wire again
	$(BIN)/python -m wire.json_schemas

dashboards: setup ## write the dashboards' JSON again, in both languages
	$(BIN)/python -m dashboards.write
	$(BIN)/python -m dashboards.panel_guide

dashboard-drawings: setup ## draw every dashboard with the simulated district's data, for the manual
	$(BIN)/python -m tests.dashboards.draw

example-pictures: setup ## make the example pictures of vision and its pages again (Chromium; no other demo running)
	$(BIN)/python -m tests.pictures

test-grafana: setup ## put adapter, dashboards and queries to the Grafana of docker-compose.yml
	@test -n "$$GRAFANA_URL" || test -r .env || { echo "Missing: .env (make secrets), or GRAFANA_URL with GRAFANA_TOKEN"; exit 1; }
	@set -a; test ! -r .env || . ./.env; set +a; \
	export GRAFANA_URL="$${GRAFANA_URL:-$${HUANWEI_PUBLIC_URL:-http://127.0.0.1:8080}/grafana}"; \
	export GRAFANA_USER="$${GRAFANA_USER:-huanwei}" GRAFANA_PASSWORD="$${GRAFANA_PASSWORD:-$$HUANWEI_GRAFANA_PASSWORD}"; \
	$(BIN)/python -m pytest tests/contract/test_grafana.py tests/integration/dashboards/test_live_grafana.py
