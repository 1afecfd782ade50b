# `make submit` and `make test` need Python 3.11, 3.12 or 3.13 and nothing else.
DATA   ?= data/digits
MODELS ?=
EPOCHS ?=
BUDGET ?=
SEED   ?=
TRIALS ?=
PYTHON ?= python3
BIN    := .venv/bin
# Recipes say "$$DATA", so that names with spaces and quotes work.
export DATA

# What was last installed, cpu or gpu, is reused until GPU=1 or GPU=0 asks for the other.
READY := $(wildcard .venv/ready-cpu .venv/ready-gpu)
BUILD := $(if $(GPU),$(if $(filter 0,$(GPU)),cpu,gpu),$(or $(READY:.venv/ready-%=%),cpu))
READY := .venv/ready-$(BUILD)
# If Python cannot write bytecode when it imports a package, it is written at installation.
SYNC   = $(BIN)/uv sync --quiet --frozen --python $(BIN)/python --extra $(BUILD) \
         --no-default-groups $(if $(PYTHONDONTWRITEBYTECODE),--compile-bytecode)
RAY    = $(BIN)/python -c 'import ray' 2> /dev/null || $(SYNC) --group dev --extra cluster
export UV_PROJECT_ENVIRONMENT := .venv
# The lock file names PyPI, independent of mirrors configured on the machine.
PYPI  := --default-index https://pypi.org/simple

# A misspelt variable on the command line would have no effect.
KNOWN   := DATA MODELS EPOCHS SEED BUDGET TRIALS PYTHON GPU UPGRADE
GIVEN   := $(foreach name,$(.VARIABLES),$(if $(filter command line,$(origin $(name))),$(name)))
UNKNOWN := $(filter-out $(KNOWN),$(GIVEN))
$(if $(UNKNOWN),$(error Unknown variable $(firstword $(UNKNOWN)). Expected one of $(KNOWN)))
# So would one that the target does not use.
UNUSED  := $(if $(filter train tune,$(MAKECMDGOALS)),,$(filter MODELS EPOCHS SEED,$(GIVEN)))
$(if $(UNUSED),$(error make $(or $(MAKECMDGOALS),help) has no variable $(firstword $(UNUSED)): only make train and make tune have it))
UNUSED  := $(if $(filter train tune submit,$(MAKECMDGOALS)),,$(filter BUDGET,$(GIVEN)))
$(if $(UNUSED),$(error make $(or $(MAKECMDGOALS),help) has no variable BUDGET: only make train, make tune and make submit have it))
UNUSED  := $(if $(filter tune,$(MAKECMDGOALS)),,$(filter TRIALS,$(GIVEN)))
$(if $(UNUSED),$(error make $(or $(MAKECMDGOALS),help) has no variable TRIALS: only make tune has it))

.DEFAULT_GOAL := help

help:  ## Show this list
	@grep -hE '^[a-z-]+:.*## ' Makefile | awk -F ':.*## ' '{printf "  make %-13s %s\n", $$1, $$2}'
	@echo
	@echo '  Options: DATA=data/my-competition MODELS="conv augmented" EPOCHS=20 SEED=1 BUDGET=10m'
	@echo '           TRIALS=40, PYTHON=python3.12 (makes .venv), GPU=1 (TensorFlow for NVIDIA GPUs; GPU=0: CPU)'

submit: $(READY)  ## Write the best run's submission file, training first if there is no run (BUDGET)
	@$(BIN)/pipeline submit "$$DATA" $(addprefix --budget ,$(BUDGET))

train: $(READY)  ## Train recipes and show the leaderboard (MODELS, EPOCHS, SEED, BUDGET)
	@$(BIN)/pipeline train "$$DATA" $(addprefix --model ,$(MODELS)) \
	  $(addprefix --epochs ,$(EPOCHS)) $(addprefix --seed ,$(SEED)) \
	  $(addprefix --budget ,$(BUDGET))

tune: $(READY)  ## Search the settings of a recipe, and train the best (MODELS, TRIALS, BUDGET, EPOCHS, SEED)
	@$(BIN)/pipeline tune "$$DATA" $(addprefix --model ,$(MODELS)) \
	  $(addprefix --trials ,$(TRIALS)) $(addprefix --budget ,$(BUDGET)) \
	  $(addprefix --epochs ,$(EPOCHS)) $(addprefix --seed ,$(SEED))

leaderboard: $(READY)  ## Show the leaderboard: all runs on the same validation rows
	@$(BIN)/pipeline leaderboard "$$DATA"

ensemble: $(READY)  ## Combine the runs that help into one, with a score estimated on other rows
	@$(BIN)/pipeline ensemble "$$DATA"

report: $(READY)  ## Write HTML pages with learning curves and confusion matrices of all runs
	@$(BIN)/pipeline report "$$DATA"

draw: $(READY)  ## Draw in the browser, and see live what the best run makes of it
	@$(BIN)/pipeline draw "$$DATA"

inspect: $(READY)  ## Show what was found in the CSV files: columns, image shape, classes, duplicates
	@$(BIN)/pipeline inspect "$$DATA"

models: $(READY)  ## List the recipes: layers, parameters, published scores
	@$(BIN)/pipeline models --data "$$DATA"

doctor: $(READY)  ## Check the installation: versions, processor, memory, folders
	@$(BIN)/pipeline doctor

install: $(READY)  ## Make .venv with the locked versions of all packages
	@echo 'Ready: .venv/bin/pipeline --help'

test: .venv/ready-dev  ## Run the tests
	@$(BIN)/pytest --numprocesses logical --dist worksteal

faults: .venv/ready-dev  ## Run the long proofs of reliability, and write docs/reliability.md (about two hours)
	@$(BIN)/pytest -m faults

mutation: .venv/ready-dev  ## Change the code, and list the changes that no test notices (hours)
	@$(BIN)/uv run --quiet --frozen --no-sync --with mutmut==3.8.1 \
	  python tests/mutation.py build/mutants

test-forms: .venv/ready-dev  ## Train and submit with small copies of the files of public competitions
	@$(BIN)/pytest -m forms

docs: .venv/ready-docs  ## Build the documentation into site/ (warnings and broken links are errors)
	@$(BIN)/python -m sphinx --fail-on-warning --keep-going --fresh-env --write-all --quiet -b html docs site
	@echo site/index.html

test-docs: .venv/ready-docs  ## Run the examples of the documentation: tutorial, scripts, notebook
	@$(BIN)/pytest -m docs tests/docs

docs-outputs: .venv/ready-docs  ## Run the commands of the tutorial and the notebook, and save what they print
	@$(BIN)/python tests/docs/consoles.py docs/tutorial.md
	@$(BIN)/python tests/docs/notebooks.py docs/quickstart.ipynb

test-browser: .venv/ready-dev  ## Run the tests of the HTML pages in Chromium, installing it if missing
	@{ command -v chromium && command -v chromedriver; } > /dev/null || \
	  { apt-get update && apt-get install --yes chromium chromium-driver; }
	@$(BIN)/pytest tests/report tests/drawing

test-database: .venv/ready-dev  ## Run the test of tuning with PostgreSQL, installing it if missing
	@ls /usr/lib/postgresql/*/bin/pg_ctl > /dev/null 2>&1 || command -v pg_ctl > /dev/null || \
	  { apt-get update && apt-get install --yes postgresql; }
	@$(BIN)/pytest -m database tests/tuning

test-cluster: .venv/ready-dev  ## Train on a Ray cluster of several nodes, installing Ray if it is missing
	@$(RAY)
	@$(BIN)/pytest -m cluster

lint: .venv/ready-dev  ## Check style, types (ruff, mypy) and that uv.lock fits pyproject.toml
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/uv lock --quiet --check $(PYPI) || { echo 'uv.lock is out of date: make lock'; exit 1; }

format: .venv/ready-dev  ## Format the code and sort its imports (ruff)
	@$(BIN)/ruff check --quiet --fix-only
	@$(BIN)/ruff format

lock: $(BIN)/uv  ## Update uv.lock from pyproject.toml (UPGRADE=1: with the newest versions)
	@$(BIN)/uv lock $(PYPI) --python $(BIN)/python $(if $(UPGRADE),--upgrade)

data: $(READY)  ## Regenerate data/digits, byte for byte
	@$(BIN)/python data/digits.py

pictures: .venv/ready-dev  ## Retake the pictures of the documentation (with Chromium)
	@$(BIN)/pipeline train data/digits --model dense --model conv --replicates 3 --runs runs/.pictures
	@$(BIN)/pipeline report data/digits --runs runs/.pictures
	@$(BIN)/python tests/pictures.py data/digits runs/.pictures dense docs

bench: .venv/ready-dev  ## Measure speed, memory and accuracy against pandas and Keras (three quarters of an hour)
	@$(BIN)/python -m benchmarks

bench-memory: .venv/ready-dev  ## Train on a CSV of four times the memory allowed (8 GB of disk, minutes)
	@$(BIN)/python -m benchmarks.memory

bench-growth: .venv/ready-dev  ## Measure and draw growth from 1,000 to 1,000,000 rows (2 GB of disk, minutes)
	@$(BIN)/python -m benchmarks.growth

bench-scaling: .venv/ready-dev  ## Simulate 1,000 jobs on a cluster, and compute what a billion rows need (minutes)
	@$(BIN)/python -m benchmarks.scaling

bench-target: .venv/ready-dev  ## Measure the time to 99.5 % on DATA compared with a notebook (three quarters of an hour)
	@$(BIN)/python -m benchmarks.target "$$DATA"

bench-ingredients: .venv/ready-dev  ## Measure what TTA, folds and so on bring on DATA (half an hour)
	@$(BIN)/python -m benchmarks.ingredients "$$DATA"

bench-engines: .venv/ready-dev  ## Measure a job's overhead in each engine, installing Ray if it is missing (an hour)
	@$(RAY)
	@$(BIN)/python -m benchmarks.engines

bench-tuning: .venv/ready-dev  ## Measure what tuning brings on DATA of 12,000 rows or more (half an hour)
	@$(BIN)/python -m benchmarks.tuning "$$DATA"

clean:  ## Remove caches (keeps .venv, runs and submissions)
	@rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist site jupyter_execute docs/_generated *.egg-info
	@find benchmarks pipeline tests -name __pycache__ -prune -exec rm -rf {} +

distclean: clean  ## Remove caches and .venv (keeps runs and submissions)
	@rm -rf .venv

$(BIN)/uv:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || \
	  { echo 'Python 3.11, 3.12 or 3.13 is needed; name one: make PYTHON=python3.12 ...'; exit 2; }
	@$(BIN)/python -m pip --version > /dev/null 2>&1 || $(PYTHON) -m venv --clear .venv
	@$(BIN)/python -m pip install -qq --disable-pip-version-check \
	  uv==$$(awk '/^name = "uv"$$/ {getline; gsub(/"/, ""); print $$3}' uv.lock)

$(READY): uv.lock pyproject.toml | $(BIN)/uv
	@echo 'Installing packages into .venv (a minute or two, once) ...'
	@rm -f $(filter-out $@,$(wildcard .venv/ready-*))
	@$(SYNC)
	@touch $@

.venv/ready-dev: $(READY)
	@echo 'Adding what tests need ...'
	@$(SYNC) --group dev
	@touch $@

.venv/ready-docs: .venv/ready-dev
	@echo 'Adding what the documentation needs ...'
	@$(SYNC) --group dev --group docs
	@touch $@

.PHONY: help submit train tune leaderboard ensemble report draw inspect models doctor install test docs test-docs docs-outputs faults mutation test-forms test-browser test-database test-cluster lint format lock data pictures bench bench-memory bench-growth bench-scaling bench-target bench-ingredients bench-engines bench-tuning clean distclean
