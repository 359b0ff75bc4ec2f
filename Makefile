# Everything a developer or a CI machine asks of this tree. Each job does its own set-up: a virtual environment,
# made once and installed anew when pyproject.toml changes. `make help` lists the jobs.

PYTHON  ?= python3
VENV    ?= .venv
WORKERS ?= auto
ENGINE  ?= docker

# `-m tool` rather than `bin/tool`: a script's first line holds a path, which is wrong once the tree has moved.
RUN := $(VENV)/bin/python
# One stamp an extra, inside the environment so that both go together.
STAMPS := $(VENV)/installed
FOLDERS := mocks clients contracts scenarios src/vendorlab tests benchmarks

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help up test lint types mypy pyright bench docs image clean python-agrees

help: ## list the jobs
	@echo 'make JOB [ARGS="…"] [PYTHON=python3.12] [VENV=.venv]'
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 10

# `exec`: the program takes the shell's place, so that a signal sent to make reaches it and nothing stands between.
up: $(STAMPS)/all ## start the vendors; ARGS go to `vendorlab up`
	@exec $(RUN) -m vendorlab up $(ARGS)

test: $(STAMPS)/dev ## run the tests; ARGS go to pytest
	@exec $(RUN) -m pytest -n $(WORKERS) $(ARGS)

lint: $(STAMPS)/dev ## ruff's rules, its formatting, and the floors
	$(RUN) -m ruff check $(ARGS) .
	$(RUN) -m ruff format --check .
	$(RUN) -c 'from importlinter.cli import lint_imports_command; lint_imports_command()'

types: mypy pyright ## mypy and pyright, both strict

# Two jobs, so that `make -j2` has them side by side: each keeps one core busy for the better part of a minute.
mypy: $(STAMPS)/dev
	$(RUN) -m mypy

pyright: $(STAMPS)/dev
	$(RUN) -m pyright --pythonpath $(RUN) $(ARGS)

bench: $(STAMPS)/dev ## run every benchmark; ARGS go to each
	@set -e; for script in $(sort $(wildcard benchmarks/[a-z]*.py)); do \
	  echo "== $$script"; $(RUN) "$$script" $(ARGS); done

docs: $(STAMPS)/dev ## run what the documents show, check their links and build the site; ARGS go to pytest
	@$(RUN) -m pytest tests/docs $(ARGS)
	@NO_MKDOCS_2_WARNING=1 $(RUN) -m mkdocs build --strict --quiet
	@echo 'The site is in site/: open site/index.html, or to search it: python3 -m http.server -d site'

# Without an engine, tests/containers runs the Dockerfile's own steps; this is for machines that have one.
image: ## build the container image; ARGS="--target slv" one vendor's, ENGINE=podman by another engine
	@exec $(ENGINE) build --tag vendorlab:local $(ARGS) .

clean: ## remove everything that make, the tests and the tools made, the environment too
	rm -rf build dist site htmlcov .coverage .coverage.* .import_linter_cache .schemathesis
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find $(wildcard $(FOLDERS)) -name __pycache__ -prune -exec rm -rf {} +
	@if [ -d "$(STAMPS)" ]; then echo 'rm -rf "$(VENV)"'; rm -rf "$(VENV)"; fi

# ---- set-up ---------------------------------------------------------------------------------------------------------

# An environment has one Python for its life; asking for another must not be passed over in silence.
ifneq ($(origin PYTHON),file)
SETUP := python-agrees
endif

python-agrees:
	@[ ! -x "$(RUN)" ] || \
	  [ "$$($(RUN) -c 'import sys; print(sys.version_info)')" = "$$($(PYTHON) -c 'import sys; print(sys.version_info)')" ] || { \
	  echo 'make: $(VENV) was made with another Python than $(PYTHON): run "make clean", or name a second one: VENV=.venv2' >&2; \
	  exit 1; }

$(STAMPS)/all: pyproject.toml | $(SETUP) $(RUN)
	@echo 'Installing vendorlab and what it needs to run into $(VENV): once, for about half a minute'
	@$(RUN) -m pip install -qq --disable-pip-version-check --editable '.[all]'
	@mkdir -p $(STAMPS) && touch $@

# What developing needs includes what running needs: hence two stamps.
$(STAMPS)/dev: pyproject.toml | $(SETUP) $(RUN)
	@echo 'Installing vendorlab and what its development needs into $(VENV): once, for about a minute'
	@$(RUN) -m pip install -qq --disable-pip-version-check --editable '.[dev]'
	@mkdir -p $(STAMPS) && touch $@ $(STAMPS)/all

# .DELETE_ON_ERROR takes the target away when this is interrupted, so that half an environment never passes for a whole one.
$(RUN):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo 'make: vendorlab needs Python 3.11 or later, which $(PYTHON) is not. To name another: make PYTHON=python3.12 …' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo 'make: $(PYTHON) cannot make virtual environments. On Debian and Ubuntu: apt-get install python3-venv' >&2; exit 1; }
	@$(PYTHON) -m venv --clear "$(VENV)"
