# `make serve` sets up everything and serves; `make test` sets up everything and tests.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
LOCK := requirements.lock
# Compiled when first imported: compiling everything takes longer than installing it.
PIP := $(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check --constraint $(LOCK)

.PHONY: serve test check audit format settings bench loadtest container test-container lock clean

serve: $(VENV)/train
	$(BIN)/rebracket models install
	$(BIN)/rebracket serve --demo-key

test: $(VENV)/dev
	$(BIN)/python -m pytest

check: $(VENV)/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive rebracket export loadtests service.py

# Asks PyPI's database of advisories, which not every machine can reach: no part of `check`.
audit: $(VENV)/dev
	$(BIN)/python -m pip_audit --requirement requirements.serve.lock --no-deps --disable-pip --strict

format: $(VENV)/dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The README's table and the schema in deploy/, from the settings tree.
settings: $(VENV)/dev
	$(BIN)/python -m rebracket.config

bench: $(VENV)/dev
	$(BIN)/rebracket models install
	$(BIN)/python -m loadtests.bench

# PROFILE is steady, spike, soak or mixed.
PROFILE ?= steady
loadtest: $(VENV)/dev
	$(BIN)/rebracket models install
	$(BIN)/python -m loadtests $(PROFILE)

# The image rebracket:VERSION, by the first of these that works here, and what is in it beside it.
BACKEND ?= $(firstword $(foreach name,docker podman buildah,$(shell $(name) info >/dev/null 2>&1 && echo $(name))))
VERSION = $(shell $(BIN)/python -c 'import rebracket; print(rebracket.__version__)')
IMAGE ?= rebracket:$(VERSION)
SBOM := build/sbom.cdx.json
container: $(VENV)/container
	test -n '$(BACKEND)' || { echo 'rebracket: needs docker, podman or buildah' >&2; exit 2; }
	$(BIN)/python -m rebracket.cli models install
	mkdir -p build
	$(BIN)/python -W ignore -m cyclonedx_py requirements requirements.serve.lock --pyproject pyproject.toml \
		--mc-type application --output-reproducible --output-file $(SBOM)
	$(BIN)/python -m bentoml build --output tag > build/bento
	rm -rf build/context && mkdir build/context # BentoML takes a template only from below where it runs
	cd build/context && TMPDIR=$$PWD BUILDAH_FORMAT=docker ../../$(BIN)/python -m bentoml containerize \
		--backend $(BACKEND) --image-tag $(IMAGE) --opt label=org.opencontainers.image.version=$(VERSION) \
		"$$(sed -n 's/^__tag__://p' ../bento)" 2>&1 | tee ../containerize.log
	! grep -q '^Traceback\|Encountered exception' build/containerize.log # BentoML exits with 0 all the same

test-container: $(VENV)/dev $(VENV)/container
	$(BIN)/python -m pytest -m container tests/container

# Serving and export: the export of the committed model needs PyTorch, the server does not load it.
$(VENV)/train: pyproject.toml $(LOCK)
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) --editable '.[train]'
	touch $@

$(VENV)/dev: pyproject.toml $(LOCK)
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) --editable '.[dev]'
	touch $@ $(VENV)/train

$(VENV)/container: $(VENV)/train
	$(PIP) --editable '.[container]'
	touch $@

# Everything resolved together, then what a Bento and the image install of it: the serving part, and what
# keys in PostgreSQL need; torch without its local version, so that any build of it serves. Sorted here, since
# versions of pip differ in it.
FREEZE := -m pip freeze --exclude-editable | LC_ALL=C sort --ignore-case
lock:
	rm -rf build/lock && $(PYTHON) -m venv build/lock
	build/lock/bin/python -m pip install --quiet --editable '.[dev]'
	build/lock/bin/python $(FREEZE) | sed 's/^\(torch==[0-9.]*\)+.*/\1/' > $(LOCK)
	rm -rf build/lock && $(PYTHON) -m venv build/lock
	build/lock/bin/python -m pip install --quiet --constraint $(LOCK) --editable '.[postgres]'
	build/lock/bin/python $(FREEZE) > requirements.serve.lock

clean:
	rm -rf $(VENV) build *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
