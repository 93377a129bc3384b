# kpi-streams: `make help` lists what there is. Needs Python 3.11 or newer and make; the rest comes into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STREAMS_JARS := tests/bench/kafka_streams/target/libs
UV_VERSION := 0.13.9
# Two processes: one has all that talks to servers (tests/conftest.py). PROCESSES= runs the tests in one, in their order.
PROCESSES := -n 2
.DEFAULT_GOAL := help
.PHONY: help demo test check kafka chaos bench docs lock clean

help:  ## this list
	@awk -F ':[^#]*## ' '/^[a-z]+:[^#]*## / { printf "make %-6s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/package.stamp  ## everything on this machine: simulated company, worker, metrics, wallboard (Ctrl-C ends it)
	@$(BIN)/kpi demo $(ARGS)

test: $(VENV)/package.stamp static  ## all that proves the project, on real servers where they are installed
	@$(BIN)/pytest $(PROCESSES) $(ARGS)

check: $(VENV)/package.stamp static  ## the same without Kafka, browser and Prometheus
	@$(BIN)/pytest $(PROCESSES) -m "not kafka and not browser and not prometheus" $(ARGS)

.PHONY: static
static: $(VENV)/package.stamp
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

# Only the standard library is used, so the broker needs no .venv: Java 17, and Maven for the first start.
kafka:  ## a real Apache Kafka on 127.0.0.1:9092 in the foreground (Java 17 and Maven; Ctrl-C stops it)
	@exec $(PYTHON) -m deploy.kafka.broker run $(ARGS)

chaos: $(VENV)/package.stamp  ## faults of every kind against real workers on a real Kafka (long; ARGS="--events 20000 --faults kill9")
	@$(BIN)/python -m tests.chaos $(ARGS)

bench: $(VENV)/package.stamp peers  ## the worker beside its peers on a real Kafka (long; ARGS="--events 100000 --rounds 1")
	@$(BIN)/python -m tests.bench $(ARGS)

.PHONY: peers
peers: $(VENV)-bench/lock.stamp $(STREAMS_JARS)/complete

docs: $(VENV)/package.stamp  ## the tables of the README anew from the code
	@$(BIN)/python -m deploy.docs

lock:  ## requirements.lock anew from pyproject.toml, and the benchmark's from its requirements.in
	@tools=$$(mktemp -d) && trap 'rm -rf "$$tools"' EXIT && \
	$(PYTHON) -m venv "$$tools" && "$$tools/bin/pip" install -q --disable-pip-version-check uv==$(UV_VERSION) && \
	"$$tools/bin/uv" pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	    --all-extras --group dev pyproject.toml -o requirements.lock && \
	"$$tools/bin/uv" pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	    tests/bench/requirements.in -o tests/bench/requirements.lock

clean:  ## removes .venv and caches
	@rm -rf $(VENV) $(VENV)-bench $(dir $(STREAMS_JARS))
	@rm -rf build *.egg-info .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis

# Two stamps: an edit of pyproject.toml or of what is compiled installs the package anew, only a new lock installs the
# dependencies.
$(VENV)/lock.stamp: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "kpi-streams needs Python 3.11 or newer, $(PYTHON) is " \
	    + sys.version.split()[0] + "; choose another with: make PYTHON=python3.12 ...")'
	@echo "installing into $(VENV) (once, and when requirements.lock changes)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) \
	    || { rm -rf $(VENV); echo "on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

# setuptools comes from the lock, hashed: no build backend is fetched behind our back. Its advice on editable
# installs is shown only where the install fails.
$(VENV)/package.stamp: pyproject.toml $(VENV)/lock.stamp $(wildcard schemas/events/*.pyx streams/core/*.pyx)
	@said=$$($(BIN)/pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e . 2>&1) \
	    || { echo "$$said" >&2; exit 1; }
	@touch $@

# The benchmark's peers have an environment of their own: their dependencies are none of ours. Bytewax has wheels up to
# Python 3.12.
$(VENV)-bench/lock.stamp: tests/bench/requirements.lock
	@echo "installing the benchmark's peers into $(VENV)-bench (once, and when their lock changes)"
	@test -x $(VENV)-bench/bin/python || $(PYTHON) -m venv $(VENV)-bench
	@$(VENV)-bench/bin/pip install -q --disable-pip-version-check --require-hashes -r $<
	@touch $@

$(STREAMS_JARS)/complete: tests/bench/kafka_streams/pom.xml $(wildcard tests/bench/kafka_streams/src/main/java/bench/*.java)
	@mvn -B -q -f $< package dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory=$(abspath $(@D))
	@touch $@
