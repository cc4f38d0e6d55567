# Handful: `make run` starts everything, `make test` tests it; `make` alone lists the rest.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help run page test check format openapi lock clean

PYTHON ?= python3
BIN := .venv/bin
NPM := frontend/with-node npm --prefix frontend
PIP := $(BIN)/pip --disable-pip-version-check
PYTHON_FILES := models service worker tests

# A stamp is named by the hash of what went in: while that is the same nothing is done again.
hash_of = $(shell $(1) | sha256sum | cut -c1-16)
LOCK := $(call hash_of,cat pyproject.toml constraints.txt)
PAGE_LOCK := $(call hash_of,cat frontend/package-lock.json)
PAGE_SOURCE := $(call hash_of,find frontend \( -name node_modules -o -name dist \) -prune -o -type f -print0 | sort -z | xargs -0 sha256sum)

TO_RUN := .venv/.run-$(LOCK)
TO_TEST := .venv/.test-$(LOCK)
NODE_MODULES := frontend/node_modules/.installed-$(PAGE_LOCK)
PAGE := frontend/dist/.built-$(PAGE_SOURCE)

help: ## List the targets
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile

run: $(TO_RUN) $(PAGE) ## Start the service, a worker and the page; Ctrl-C stops them all
	@exec $(BIN)/handful up

page: $(PAGE) ## Build the page into frontend/dist

test: $(TO_TEST) $(PAGE) ## Run every test that needs neither Docker nor a GPU
	$(NPM) test
	@# A process a core, each with one thread of its own: more would wait for each other.
	OMP_NUM_THREADS=1 $(BIN)/pytest --numprocesses auto --dist worksteal

check: $(TO_TEST) $(NODE_MODULES) ## Format, lint, types, import rules, the client's staleness
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m service.cli openapi | diff frontend/openapi.json - || { echo "make openapi makes it anew"; exit 1; }
	$(NPM) run generate -- --check
	$(NPM) run lint
	$(NPM) run typecheck

format: $(TO_TEST) ## Format and fix what can be fixed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

openapi: $(TO_TEST) $(NODE_MODULES) ## Make the page's client anew from the service's contract
	$(BIN)/python -m service.cli openapi > frontend/openapi.json
	$(NPM) run generate

lock: .venv ## Pin what the installs take; UPGRADE=--upgrade takes newer versions
	$(PIP) install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --universal --all-extras --python-version 3.11 \
	  --no-annotate --custom-compile-command "make lock" $(UPGRADE) --output-file constraints.txt --quiet

clean: ## Remove what was installed and built, not the data
	rm -rf .venv build *.egg-info frontend/node_modules frontend/dist

.venv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Handful needs Python 3.11 or newer, and this is %s." % sys.version.split()[0])'
	$(PYTHON) -m venv .venv

$(TO_RUN): EXTRAS := data,torch,up
$(TO_RUN): MADE := $(TO_RUN)
$(TO_TEST): EXTRAS := data,dev,postgres,s3,torch,up
$(TO_TEST): MADE := $(TO_RUN) $(TO_TEST)
$(TO_RUN) $(TO_TEST): | .venv
	@echo "Installing into .venv: the first time fetches about 3 GB."
	@rm -f .venv/.run-* .venv/.test-*
	$(PIP) install --constraint constraints.txt setuptools
	$(PIP) install --constraint constraints.txt --no-build-isolation --editable ".[$(EXTRAS)]"
	@touch $(MADE)

$(NODE_MODULES): | .venv
	$(NPM) ci --no-audit --no-fund
	@touch $@

$(PAGE): | $(NODE_MODULES)
	$(NPM) run build
	@touch $@
