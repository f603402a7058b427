# Two commands do everything: `make demo` shows the product, `make test` checks it. Both set up what they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
NODE := $(VENV)/node
DEMO_HOME ?= .demo

.PHONY: help demo test check check-slow check-postgres check-fast lint templates node-tools browser nginx smtp-sink bench screenshot clean

help:
	@echo "make demo        set up, then run the whole product on the bundled sample papers"
	@echo "make test        set up, then run the fast tests"
	@echo "make check       everything CI runs: all tests, linters, types, import contracts"
	@echo "make templates   write the mails' HTML from templates/source"
	@echo "make node-tools  what checks mails and pages for mail programs, HTML and accessibility (needs npm)"
	@echo "make browser     Debian's chromium, for the tests that look at pages (needs root)"
	@echo "make nginx       Debian's nginx, for the tests of the recipes (needs root)"
	@echo "make smtp-sink   Postfix's server to measure mail clients with, for bench/delivery.py (needs apt)"
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

demo: $(VENV)/installed
	@DIGEST_HOME=$(DEMO_HOME) $(BIN)/digest ingest digest/sample/papers --as-of 2025-05-09
	@DIGEST_HOME=$(DEMO_HOME) $(BIN)/digest run --date 2025-05-09
	@echo "The papers are real, their summaries and votes were made up for this demo (digest/sample/README.md)."
	@echo "Look at" $(DEMO_HOME)/pages/2025-05-09-ada-*.html "in a browser, or at the mails in $(DEMO_HOME)/outbox."

test: $(VENV)/installed-dev
	@$(BIN)/pytest -q -m "not slow" --numprocesses=auto --maxprocesses=4 --dist=loadfile

templates: $(VENV)/installed-dev
	@$(BIN)/python templates/build.py

lint: $(VENV)/installed-dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

check: lint
	@$(MAKE) --no-print-directory node-tools || echo "Going on without: the tests that need them are skipped."
	@$(MAKE) --no-print-directory browser || echo "Going on without: the tests that need it are skipped."
	@$(MAKE) --no-print-directory nginx || echo "Going on without: the tests that need it are skipped."
	@# Many slow tests wait: for schedules, for leases, for what was killed. The fast ones run meanwhile.
	@$(MAKE) --no-print-directory --keep-going --jobs=3 check-slow check-postgres check-fast

check-slow:
	@$(BIN)/pytest -q -m "slow and not postgres" --durations=10

check-postgres:
	@$(BIN)/pytest -q -m "slow and postgres" --durations=5 > $(VENV)/postgres.log 2>&1; failed=$$?; cat $(VENV)/postgres.log; exit $$failed

check-fast:
	@$(BIN)/pytest -q -m "not slow" > $(VENV)/fast.log 2>&1; failed=$$?; cat $(VENV)/fast.log; exit $$failed

node-tools: $(NODE)/installed

$(NODE)/installed: tests/node/package.json
	@command -v npm >/dev/null || { echo "npm is missing: apt-get install npm"; exit 1; }
	@echo "Setting up $(NODE) …"
	@mkdir -p $(NODE)
	@cp tests/node/package.json $(NODE)/
	@npm install --prefix $(NODE) --no-package-lock --no-audit --no-fund --ignore-scripts --fetch-retries=1 --loglevel=error
	@touch $@

browser:
	@command -v chromium >/dev/null || { echo "Installing chromium …"; apt-get -qq update && apt-get -qq install -y chromium >/dev/null; }

nginx:
	@command -v nginx >/dev/null || { echo "Installing nginx …"; apt-get -qq update && apt-get -qq install -y --no-install-recommends nginx-light >/dev/null; }

# Unpacked, not installed: nobody wants a mail server for the sake of a figure.
smtp-sink: $(VENV)/postfix/usr/sbin/smtp-sink

$(VENV)/postfix/usr/sbin/smtp-sink: | $(VENV)/installed
	@mkdir -p $(VENV)/postfix
	@cd $(VENV)/postfix && apt-get -qq -o APT::Sandbox::User=root download postfix && dpkg -x postfix_*.deb . && rm postfix_*.deb

bench: $(VENV)/installed-dev
	@$(BIN)/python bench/ingest.py
	@$(BIN)/python bench/day.py
	@$(BIN)/python bench/ranking.py
	@$(BIN)/python bench/growth.py
	@$(BIN)/python bench/render.py
	@$(BIN)/python bench/site.py
	@$(BIN)/python bench/smtp.py
	@$(BIN)/python bench/delivery.py
	@$(BIN)/python bench/signing.py
	@$(BIN)/python bench/dispatch.py
	@$(BIN)/python bench/scale.py
	@$(BIN)/python bench/machines.py

screenshot: $(VENV)/installed-dev demo
	@$(BIN)/python bench/screenshot.py $(DEMO_HOME)/outbox/2025-05-09-ada.eml --height 900 --output docs/issue.png

clean:
	@rm -rf $(VENV) $(DEMO_HOME)
