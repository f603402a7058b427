# Two commands do everything: `make demo` shows the product, `make test` checks it. Both set up what they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO_HOME ?= .demo

.PHONY: help demo test check lint bench screenshot clean

help:
	@echo "make demo        set up, then run the whole product on the bundled sample papers"
	@echo "make test        set up, then run the fast tests"
	@echo "make check       everything CI runs: all tests, linters, types, import contracts"
	@echo "make bench       speed and memory, printed as figures"
	@echo "make screenshot  docs/issue.png, a picture of one issue (needs Debian's chromium)"
	@echo "make clean       remove the environment and the demo's files"

$(VENV)/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "paper-digest needs Python 3.11 or newer; try make PYTHON=python3.12")'
	@echo "Setting up $(VENV) (about a minute the first time) …"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install -qq --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed
	@echo "Adding the test tools …"
	@$(BIN)/pip install -qq --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@
