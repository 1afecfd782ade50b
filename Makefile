# `make submit` and `make test` need Python 3.11, 3.12 or 3.13 and nothing else.
DATA   ?= data/digits
MODELS ?=
PYTHON ?= python3
BIN    := .venv/bin
SHELL  := /bin/bash

.DEFAULT_GOAL := help

help:  ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-13s %s\n", $$1, $$2}'
	@echo
	@echo '  DATA=data/my-competition chooses the competition, MODELS="conv augmented" the recipes.'

submit: .venv/ready  ## Write the best run's submission (training first where there is none)
	@$(BIN)/pipeline submit $(DATA)

train: .venv/ready  ## Train MODELS and show the leaderboard
	@$(BIN)/pipeline train $(DATA) $(addprefix --model ,$(MODELS))

leaderboard: .venv/ready  ## Compare all runs
	@$(BIN)/pipeline leaderboard $(DATA)

report: .venv/ready  ## Write pages about all runs, for a browser
	@$(BIN)/pipeline report $(DATA)

inspect: .venv/ready  ## Show what DATA holds
	@$(BIN)/pipeline inspect $(DATA)

models: .venv/ready  ## List the recipes
	@$(BIN)/pipeline models

data: .venv/ready  ## Write data/digits anew, byte for byte
	@$(BIN)/python -m pipeline.competition.digits

test: .venv/ready-dev  ## Run the tests
	@$(BIN)/pytest

test-browser: .venv/ready-dev  ## Run the tests of the pages in Chromium, installing it where missing
	@{ command -v chromium && command -v chromedriver; } > /dev/null || \
	  { apt-get update && apt-get install --yes chromium chromium-driver; }
	@$(BIN)/pytest tests/report

pictures: .venv/ready-dev  ## Take the README's pictures anew (with Chromium)
	@$(BIN)/pipeline train data/digits --model dense --model conv --replicates 3 --runs runs/.pictures
	@$(BIN)/pipeline report data/digits --runs runs/.pictures
	@$(BIN)/python tests/report/pictures.py runs/.pictures/digits/report.html dense docs

check: .venv/ready-dev  ## Run ruff, mypy and the tests
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/pytest

bench: .venv/ready-dev  ## Measure ratios side by side (ten minutes)
	@$(BIN)/python -m benchmarks

bench-memory: .venv/ready-dev  ## Train on a CSV of four times the memory allowed (8 GB of disk, minutes)
	@$(BIN)/python -m benchmarks.memory

bench-growth: .venv/ready-dev  ## Measure and draw growth from 1,000 to 1,000,000 rows (2 GB of disk, minutes)
	@$(BIN)/python -m benchmarks.growth

bench-target: .venv/ready-dev  ## Measure the time to 99.5 % on DATA against a notebook's (three quarters of an hour)
	@$(BIN)/python -m benchmarks.target $(DATA)

lock: .venv/ready-dev  ## Renew the lock files from pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --custom-compile-command 'make lock' \
	  pyproject.toml --output-file requirements.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --custom-compile-command 'make lock' --extra dev \
	  --constraint requirements.lock pyproject.toml --output-file requirements-dev.lock

clean:  ## Remove the virtual environment (runs and submissions stay)
	rm -rf .venv

.venv/ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; assert (3, 11) <= sys.version_info < (3, 14), sys.version' || \
	  { echo 'Python 3.11, 3.12 or 3.13 is needed; name one: make PYTHON=python3.12 ...'; exit 2; }
	@echo 'Making .venv (a minute or two, once) ...'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.venv/ready-dev: requirements-dev.lock .venv/ready
	@echo 'Adding what tests need ...'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.lock
	@touch $@

.PHONY: help submit train leaderboard report inspect models data test test-browser pictures check bench bench-memory bench-growth bench-target lock clean
