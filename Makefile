# `make help` lists the targets.
.DEFAULT_GOAL := help

PYTHON ?= python3
# The build of torch to install. It takes the registry's; a CPU machine needs
# torch==2.13.0, whose torchaudio is repaired at import. In an environment of
# your own (`pip install -e .`) your torch is left alone.
TORCH ?= torch==2.13.0
BIN := .venv/bin
YAML ?= bifsmnv2
SECONDS ?= 60
RECIPE := recipes/SpeechCommands/BiFSMNv2

help:  ## List the targets
	@grep -hE '^[a-z.-]+:.*##' $(MAKEFILE_LIST) | \
		awk -F ':.*## ' '{printf "make %-12s %s\n", $$1, $$2}'

.venv: .venv/.complete  ## Make the environment

.venv/.torch:
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --no-compile "$(TORCH)"
	touch $@

# Python's part is used where it is; what is compiled is made anew when it has
# changed. Without a C++ compiler the library is left out: torch does its work.
.venv/.engine: .venv/.torch $(shell find arm_kernel/CMakeLists.txt \
		arm_kernel/pyproject.toml arm_kernel/include arm_kernel/src -type f)
	@if command -v c++ > /dev/null; then \
		$(BIN)/pip install --quiet -e "./arm_kernel[audio]"; \
	else \
		echo "No C++ compiler (c++): the engine's library is left out"; \
		$(BIN)/pip install --quiet -e "./arm_kernel[audio]" \
			-C wheel.cmake=false; \
	fi
	touch $@

.venv/.complete: .venv/.engine setup.cfg pyproject.toml
	$(BIN)/pip install --quiet --no-compile -e ".[recipe,voices,test,docs]"
	touch $@

train: .venv  ## Train BiFSMNv2 (YAML=v2_12 ARGS="--data_folder=DATA")
	cd $(RECIPE) && ../../../$(BIN)/python train.py \
		hparams/$(YAML).yaml $(ARGS)

evaluate: .venv  ## Measure a model (DATA=FOLDER MODEL=FILE OUT=FILE)
	@test -n "$(DATA)" || { echo "Give DATA=<Speech Commands folder>"; exit 2; }
	$(BIN)/bifsmn evaluate "$(DATA)" \
		$(if $(MODEL),"--model=$(MODEL)") $(if $(OUT),"--out=$(OUT)") $(ARGS)

test: lint  ## Run every check, but those of the lines below
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -rs -n auto --dist=worksteal
	@if command -v c++ > /dev/null; then \
		PATH="$(CURDIR)/$(BIN):$$PATH" arm_kernel/tests/sanitize.sh; \
	fi

test-wheels:  ## Test the wheels where nothing else is installed
	scripts/test_wheels.sh

release: .venv  ## Build, check and list what a release publishes (TAG=v0.1.0)
	PYTHON=$(CURDIR)/$(BIN)/python scripts/release.sh $(TAG)

coverage: .venv  ## Say which lines the fast tests do not run
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n auto -m "not slow" \
		--cov --cov-report=term:skip-covered --cov-report=html:build/coverage

test-arm:  ## Prove the engine on emulated ARMv8 (Debian, root)
	arm_kernel/tests/arm/run.sh

test-mcu:  ## Prove the engine on emulated microcontrollers (Debian, root)
	arm_kernel/mcu/run.sh $(ARGS)

test-fuzz: .venv  ## Fuzz model files and wav files (SECONDS=60 each; Debian, root)
	arm_kernel/fuzz/run.sh $(SECONDS)
	OMP_NUM_THREADS=1 $(BIN)/python tests/engine/fuzz_readers.py $(SECONDS)

wasm:  ## Build the page for browsers, build/wasm/index.html (Debian, root)
	arm_kernel/wasm/run.sh

test-wasm: .venv  ## ... and test it in Chromium (Debian, root)
	PATH="$(CURDIR)/$(BIN):$$PATH" PYTHON=$(CURDIR)/$(BIN)/python \
		arm_kernel/wasm/run.sh --test

bench-training: .venv  ## Time training against the released code's step
	$(BIN)/python -m benchmarks.training $(ARGS)

bench-keywords: .venv  ## Train keywords, measure them and other spotters on people (ARGS="RECORDINGS --negatives TRAIN --other MEASURE")
	$(BIN)/python -m benchmarks.keywords $(ARGS)

# Backends that cannot be installed are reported as missing; so is what counts
# instructions on ARM, where `make test-arm` has not run before. A run that was
# stopped goes on after its last part.
bench: .venv  ## Measure the engine and other backends (DATA=FOLDER; 25 min)
	$(BIN)/python -m benchmarks $(if $(DATA),"--data_folder=$(DATA)") $(ARGS)

CPP = $(shell git ls-files 'arm_kernel/*.h' 'arm_kernel/*.c' 'arm_kernel/*.cpp')

lint: .venv  ## Check style, types and spelling
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/yamllint --strict .
	$(BIN)/codespell
	$(BIN)/mypy
	$(BIN)/clang-format --dry-run --Werror $(CPP)
	$(BIN)/python -m pytest -q --noconftest tests/house

format: .venv  ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/clang-format -i $(CPP)

docs: .venv  ## Build the site of these documents in docs/_build/html
	$(BIN)/sphinx-build -q -W --keep-going docs docs/_build/html
	@echo docs/_build/html/index.html

tutorial: .venv  ## Run the tutorial, and keep what it prints and draws
	OMP_NUM_THREADS=1 $(BIN)/jupyter execute --inplace docs/tutorials/tutorial.ipynb

tables: .venv  ## Write the tables of README and docs from docs/results
	$(BIN)/python -m benchmarks.reports

clean:  ## Remove the environment and caches; keep data and results
	rm -rf .venv build dist *.egg-info .*_cache .hypothesis

.PHONY: help .venv train evaluate test test-wheels release coverage test-arm test-mcu test-fuzz wasm test-wasm bench-training bench-keywords \
	bench lint format docs tutorial tables clean
