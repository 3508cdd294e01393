# Every target works alone on a fresh clone with Python 3.11 (or newer) and make.
#
#   PYTHON   the interpreter that makes the virtual environment (default: the first that works)
#   VENV     where that environment lives (default: .venv)
#   ARGS     passed on: `make test ARGS="tests/flows -x"`, `make demo ARGS="--port 9000"`

VENV   ?= .venv
PYTHON ?= $(firstword $(foreach it,python3.11 python3 python3.12 python3.13 python3.14,$(shell \
            $(it) -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo $(it))))
PYTEST ?= -m pytest
RUN    := $(VENV)/bin/python

.DEFAULT_GOAL := help
.PHONY: help demo notebook test coverage lint types imports docs bench ci clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

demo: $(VENV)/.installed-base ## install flowws, serve the demo and print its address
	$(VENV)/bin/flowws demo $(ARGS)

notebook: $(VENV)/.installed-notebook ## open a live feed in JupyterLab
	$(VENV)/bin/jupyter lab --ServerApp.root_dir=. $(ARGS) notebooks/05_live_feed.ipynb

test: $(VENV)/.installed-test ## the whole test suite
	$(RUN) $(PYTEST) $(ARGS)

coverage: $(VENV)/.installed-test ## the suite once more, with branch coverage and its floor
	$(RUN) -m coverage erase
	$(RUN) -m coverage run -m pytest $(ARGS)
	$(RUN) -m coverage combine --quiet
	$(RUN) -m coverage report

lint: $(VENV)/.installed-lint ## ruff: rules and format
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .

types: $(VENV)/.installed-lint $(VENV)/.installed-test ## mypy strict, pyright strict, and 100 % of the public surface typed
	$(RUN) -m mypy
	PATH="$(abspath $(VENV))/bin:$$PATH" pyright
	PATH="$(abspath $(VENV))/bin:$$PATH" pyright --verifytypes flowws --ignoreexternal # which heeds no --pythonpath

imports: $(VENV)/.installed-lint ## the stairs of docs/architecture.md, by import-linter
	$(VENV)/bin/lint-imports

docs: $(VENV)/.installed-base ## write the parts of the pages that are made from the code
	$(RUN) docs/generate.py

bench: $(VENV)/.installed-bench ## every benchmark, with its peers in the same run
	@for it in benchmarks/bench_*.py; do echo "== $$it"; $(RUN) $$it || exit 1; done

ci: ## what the gate runs, all of it
	.ci/run

clean: ## remove what these targets made
	rm -rf .venv .venv-* dist .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

# ---- One environment; a stamp per set of packages, so that a second run installs nothing. -----------------------------

$(VENV)/.made:
	$(if $(PYTHON),,$(error flowws needs Python 3.11 or newer with venv; name one: make PYTHON=/path/to/python3.11))
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --upgrade 'pip>=25.1'   # the first pip that reads dependency groups
	@touch $@

$(VENV)/.installed-base: $(VENV)/.made pyproject.toml
	$(RUN) -m pip install --quiet --editable .
	@touch $@

$(VENV)/.installed-%: $(VENV)/.installed-base
	$(RUN) -m pip install --quiet --group $*
	@touch $@
