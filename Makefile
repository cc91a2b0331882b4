# Every target first makes .venv, or brings it up to date. Tools are run as modules, because the #! line of an
# installed script breaks if the path has a space.
PYTHON := .venv/bin/python
INSTALL := $(PYTHON) -m pip install --quiet --disable-pip-version-check --require-hashes
FAULTS := DEBUG=on $(PYTHON) -m tests.faults
COMPILE := $(PYTHON) -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--custom-compile-command 'make requirements' $(ARGS)

# Compiled modules are kept, whatever the environment says: without them, each process takes half as long again to start.
export PYTHONDONTWRITEBYTECODE =

.DEFAULT_GOAL := help
.PHONY: help run test test-partitions e2e mutants faults chaos contention disk-full followers fuzz fuzz-statements hostile \
	killed-workers large-imports memory pooled races outage replica slow-clients issuer-hangs statements clients client-packages bench \
	bench-capacity bench-poolers bench-search bench-sizes bench-instructions lint types requirements

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "make %-19s %s\n", $$1, $$2 }' Makefile

run: .venv/stamp-run ## serve on PORT (5000); DEBUG is on unless the environment or .env says otherwise
	@if [ -z "$${DEBUG+set}" ] && ! grep -qsE '^[[:space:]]*(export[[:space:]]+)?DEBUG[[:space:]]*=' .env; then \
		export DEBUG=on; \
	fi; \
	exec $(PYTHON) manage.py run

# Stolen work leaves most tests of a file to one process, which starts the server of the file only once.
test: .venv/stamp-dev ## run the tests; ARGS goes to pytest: make test ARGS="-k summary"; CASES=all tries all cases of property tests
	@$(PYTHON) -m pytest --numprocesses auto --maxprocesses 4 --dist worksteal $(ARGS)

test-partitions: .venv/stamp-dev ## run the tests on DATABASE_URL, a PostgreSQL, with owned tables in hash partitions
	@TEST_PARTITIONS=4 $(PYTHON) -m pytest --numprocesses auto --maxprocesses 4 --dist worksteal $(ARGS)

e2e: .venv/stamp-dev ## run the tests in Debian's chromium; SCREENSHOTS=1 takes the README's screenshots again
	@$(PYTHON) -m pytest -m e2e $(ARGS)

mutants: .venv/stamp-dev ## break the code in small ways and fail if the tests notice less than 90 % of it; ONLY=ledgers/querysets, LENGTH breakages a module (24)
	@CASES=all DEBUG=on $(PYTHON) -m tests.mutants

# Each run is as short as is still useful.
faults: .venv/stamp-dev ## try all of the next fourteen briefly, in some minutes; as root
	@LENGTH=3 $(FAULTS).chaos
	@LENGTH=3 $(FAULTS).contention
	@$(FAULTS).disk_full
	@LENGTH=5 $(FAULTS).followers
	@LENGTH=400 $(FAULTS).fuzz
	@LENGTH=4000 DJANGO_SETTINGS_MODULE=cashman_project.settings $(FAULTS).fuzz_statements
	@LENGTH=400 $(FAULTS).hostile
	@LENGTH=5 $(FAULTS).killed_workers
	@LENGTH=5000 $(FAULTS).large_imports
	@LENGTH=1000 $(FAULTS).memory
	@LENGTH=20 $(FAULTS).races
	@LENGTH=4 $(FAULTS).outage
	@LENGTH=4 $(FAULTS).replica
	@LENGTH=3 $(FAULTS).slow_clients

chaos: .venv/stamp-dev ## kill workers and crash PostgreSQL while clients write; LENGTH kills (100) on each database
	@$(FAULTS).chaos

contention: .venv/stamp-dev ## let 16 clients write to one SQLite file; LENGTH seconds (60)
	@$(FAULTS).contention

disk-full: .venv/stamp-dev ## fill the disk of an SQLite file while clients write and read; as root
	@$(FAULTS).disk_full

followers: .venv/stamp-dev ## let clients follow /changes while others write and workers are killed, on SQLite or DATABASE_URL; LENGTH seconds (30)
	@$(FAULTS).followers

fuzz: .venv/stamp-dev ## try every operation with schemathesis, on SQLite or DATABASE_URL; LENGTH cases (20000)
	@$(FAULTS).fuzz

fuzz-statements: .venv/stamp-dev ## read broken bank statements; LENGTH files (100000), made of the samples in SAMPLES (the project's own)
	@DJANGO_SETTINGS_MODULE=cashman_project.settings $(FAULTS).fuzz_statements

hostile: .venv/stamp-dev ## compare the CPU time of hostile inputs with harmless ones, on SQLite or DATABASE_URL; LENGTH pairs (all)
	@$(FAULTS).hostile

killed-workers: .venv/stamp-dev ## kill a worker a second for LENGTH seconds (60), and all at once
	@$(FAULTS).killed_workers

large-imports: .venv/stamp-dev ## bring large files in while others write and read, on SQLite or DATABASE_URL; LENGTH lines (99000)
	@$(FAULTS).large_imports

memory: .venv/stamp-dev ## watch a worker's memory over LENGTH mixed requests (50000), on SQLite or DATABASE_URL
	@$(FAULTS).memory

pooled: .venv/stamp-dev ## run TARGET (test) through a PgBouncer of its own in front of DATABASE_URL's server; needs Debian's pgbouncer
	@$(PYTHON) -m tests.pooled $(MAKE) $${TARGET:-test}

races: .venv/stamp-dev ## let clients race against a server of several processes, on SQLite or DATABASE_URL; LENGTH changes of each (500)
	@$(FAULTS).races

outage: .venv/stamp-dev ## stop and start PostgreSQL under a server, LENGTH times (20)
	@$(FAULTS).outage

replica: .venv/stamp-dev ## let a PostgreSQL standby lag, stop and be promoted while clients write and read; LENGTH seconds each (20)
	@$(FAULTS).replica

slow-clients: .venv/stamp-dev ## hold clients that send slowly or never read, with nginx and without, LENGTH seconds each (20); needs Debian's nginx
	@$(FAULTS).slow_clients

issuer-hangs: .venv/stamp-dev ## measure our own tokens while the identity provider hangs; two minutes
	@DEBUG=on DJANGO_SETTINGS_MODULE=cashman_project.settings $(PYTHON) -m tests.faults.issuer_hangs

statements: .venv/stamp-dev ## read samples of bank statements, and compare with what must be read; SAMPLES is their directory (the project's own)
	@DEBUG=on DJANGO_SETTINGS_MODULE=cashman_project.settings $(PYTHON) -m statements.tests.table

clients: .venv/stamp-dev tests/clients/.venv/stamp tests/clients/node_modules/stamp ## try the clients that others' generators make; as root; ONLY=go,java shortens it
	@DEBUG=on $(PYTHON) -m tests.clients.run

client-packages:
	@tests/clients/packages

bench: .venv/stamp-run benchmarks/.venv/stamp ## measure the speed beside other frameworks; ROUNDS=, ONLY=W1,W2 and SCALE= shorten it
	@benchmarks/.venv/bin/python -m benchmarks.run

bench-capacity: .venv/stamp-run ## reckon how many owners a machine carries; READS, ROWS, YEARS and others change what is assumed
	@$(PYTHON) -m benchmarks.capacity

bench-poolers: .venv/stamp-dev ## measure 1,000 idle and 64 busy database clients, directly and through PgBouncer; ROUNDS, SECONDS shorten it
	@$(PYTHON) -m benchmarks.poolers

bench-search: .venv/stamp-run ## measure what a search takes beside a bare scan, on SQLite or DATABASE_URL
	@DEBUG=on DJANGO_SETTINGS_MODULE=cashman_project.settings $(PYTHON) -m benchmarks.search

bench-sizes: .venv/stamp-dev ## measure the bytes of rows and the processor time of requests, on a PostgreSQL of its own; ROUNDS shortens it
	@DEBUG=on DJANGO_SETTINGS_MODULE=cashman_project.settings $(PYTHON) -m benchmarks.sizes

bench-instructions: .venv/stamp-run benchmarks/.venv/stamp ## count the instructions of a request beside other frameworks; ONLY=cashman,ninja shortens it
	@benchmarks/.venv/bin/python -m benchmarks.instructions

messages: .venv/stamp-dev ## merge new texts into the catalogues of translations, compile these, and tell what they lack
	@DEBUG=on $(PYTHON) -m translations.catalogues

lint: .venv/stamp-dev ## check style and formatting
	@$(PYTHON) -m ruff check
	@$(PYTHON) -m ruff format --check
	@.venv/bin/hadolint Dockerfile

# DEBUG, because the plugins read the settings, which need keys without it.
types: .venv/stamp-dev ## check types
	@DEBUG=on $(PYTHON) -m mypy

requirements: .venv/stamp-dev ## pin the packages of the .in files; ARGS=--upgrade takes newer versions
	@$(COMPILE) --output-file requirements.txt requirements.in
	@$(COMPILE) --output-file requirements-dev.txt requirements-dev.in
	@$(COMPILE) --output-file benchmarks/requirements.txt benchmarks/requirements.in
	@$(COMPILE) --output-file tests/clients/requirements.txt tests/clients/requirements.in

# A stamp is touched last, so an interrupted step is run again. --clear removes a half-made environment.
.venv/stamp-venv:
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo 'Cashman needs Python 3.11 or later, as python3 on the PATH.' >&2; exit 1; }
	@python3 -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo 'Python cannot make a virtual environment; on Debian: apt install python3-venv' >&2; exit 1; }
	@python3 -m venv --clear .venv
	@touch $@

.venv/stamp-run: .venv/stamp-venv requirements.txt
	@echo 'Installing requirements.txt into .venv'
	@$(INSTALL) -r requirements.txt
	@touch $@

.venv/stamp-dev: .venv/stamp-run requirements-dev.txt
	@echo 'Installing requirements-dev.txt into .venv'
	@$(INSTALL) -r requirements-dev.txt
	@touch $@

benchmarks/.venv/stamp: benchmarks/requirements.txt
	@echo 'Installing benchmarks/requirements.txt into benchmarks/.venv'
	@python3 -m venv --clear benchmarks/.venv
	@benchmarks/.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

tests/clients/.venv/stamp: tests/clients/requirements.txt
	@echo 'Installing tests/clients/requirements.txt into tests/clients/.venv'
	@python3 -m venv --clear tests/clients/.venv
	@tests/clients/.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

tests/clients/node_modules/stamp: tests/clients/package-lock.json | client-packages
	@echo 'Installing tests/clients/package-lock.json into tests/clients/node_modules'
	@cd tests/clients && npm ci --silent
	@touch $@
