# `make demo` and `make test` set everything up by themselves; all that they make stands in .venv/ and var/.
.DEFAULT_GOAL := help
.PHONY: help setup demo serve test test-thorough check bench test-faults test-litellm test-site test-ui docs test-docs docs-serve lock clean

PYTHON ?= python3.11
BIN := .venv/bin
unexport PYTHONDONTWRITEBYTECODE # or every process compiles everything anew
MKDOCS := NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

setup: .venv/ready ## install the locked packages into .venv

.venv/ready: requirements.lock pyproject.toml tools/setup
	@PYTHON=$(PYTHON) sh tools/setup
	@touch $@

demo: setup ## retire a SIMULATED model end to end, in about three minutes
	@$(BIN)/emeritus demo

serve: setup ## Prefect UI and a worker, every deployment ready to trigger; Ctrl-C stops
	@$(BIN)/emeritus serve

test: setup ## the whole test suite
	@$(BIN)/python -m pytest -n auto --dist loadgroup

test-thorough: setup ## the same with ten times the examples of each property
	@HYPOTHESIS_PROFILE=thorough $(BIN)/python -m pytest -n auto --dist loadgroup

check: setup ## ruff, mypy --strict, import-linter
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy --strict
	@$(BIN)/lint-imports

test-faults: setup ## servers, workers and databases killed while a pass is at work; twenty minutes
	@EMERITUS_TEST_FAULTS=1 EMERITUS_TEST_ROUNDS=100 $(BIN)/python -m pytest -n 0 tests/operation

test-litellm: setup ## the gateway hooks against the real LiteLLM proxy, in an environment of its own
	@EMERITUS_LITELLM_ENV=$$(tools/litellm-env) $(BIN)/python -m pytest -n 0 tests/litellm

test-site: setup ## the essay site and the dossiers in Chromium, with axe-core and html-validate, in an environment of its own
	@EMERITUS_SITE_ENV=$$(tools/site-env) $(BIN)/python -m pytest -n 0 tests/site

test-ui: setup ## a retirement run from the Prefect UI alone, in Chromium; EMERITUS_SCREENSHOTS=folder keeps pictures
	@CHROMIUM=$$(tools/chromium) EMERITUS_TEST_UI=1 $(BIN)/python -m pytest -n 0 tests/ui

docs: setup ## build the documentation into var/docs-site; a broken link ends it
	@$(MKDOCS) build

test-docs: setup ## do what the tutorial says, and compare what is printed; a minute or two
	@EMERITUS_TEST_TUTORIAL=1 $(BIN)/python -m pytest -n 0 tests/docs/test_tutorial.py

docs-serve: setup ## show the documentation on http://127.0.0.1:8010, built anew at each change
	@$(MKDOCS) serve

bench: ## every bench; JSON=path also writes the figures
	@$(MAKE) --no-print-directory bench-records
	@$(MAKE) --no-print-directory bench-preservation APPEND=--append
	@$(MAKE) --no-print-directory bench-interviews APPEND=--append
	@$(MAKE) --no-print-directory bench-access APPEND=--append
	@$(MAKE) --no-print-directory bench-usage APPEND=--append
	@$(MAKE) --no-print-directory bench-essays APPEND=--append
	@$(MAKE) --no-print-directory bench-essay_site APPEND=--append
	@$(MAKE) --no-print-directory bench-same_model APPEND=--append
	@$(MAKE) --no-print-directory bench-monitoring_scale APPEND=--append
	@$(MAKE) --no-print-directory bench-monitoring APPEND=--append
	@$(MAKE) --no-print-directory bench-fleet APPEND=--append

bench-%: setup ## bench-records, -preservation, -interviews, -access, -usage, -essays, -essay_site, -same_model, -monitoring_scale, -monitoring, -fleet: one of them, peers measured in the same run
	@$(BIN)/python -m tests.bench.$* $(if $(JSON),--json $(JSON) $(APPEND))

LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
  --no-emit-index-url --no-header

lock: ## resolve requirements.lock and deployments/requirements.lock again, with hashes, without an index
	@$(BIN)/python -m pip install --quiet uv
	@$(LOCK) --extra dev --output-file requirements.lock pyproject.toml
	@$(LOCK) --extra build --extra dask --extra kubernetes --constraint requirements.lock \
	  --output-file deployments/requirements.lock pyproject.toml

clean: ## remove .venv and all that the demo made
	@find configs flows tasks tests -name __pycache__ -prune -exec rm -rf {} +
	@rm -rf .venv var .mypy_cache .pytest_cache .ruff_cache .import_linter_cache build *.egg-info
