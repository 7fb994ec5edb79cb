# `make help` lists the targets.
.DEFAULT_GOAL := help

PYTHON ?= python3
# The build of torch to install. It takes the registry's; a CPU machine needs
# torch==2.13.0, whose torchaudio is repaired at import. In an environment of
# your own (`pip install -e .`) your torch is left alone.
TORCH ?= torch==2.13.0
BIN := .venv/bin
YAML ?= bifsmnv2
RECIPE := recipes/SpeechCommands/BiFSMNv2

help:  ## List the targets
	@grep -hE '^[a-z.-]+:.*##' $(MAKEFILE_LIST) | \
		awk -F ':.*## ' '{printf "make %-12s %s\n", $$1, $$2}'

.venv: .venv/.complete  ## Make the environment

.venv/.complete: setup.cfg pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet "$(TORCH)"
	$(BIN)/pip install --quiet -e ".[recipe,test]"
	touch $@

train: .venv  ## Train BiFSMNv2 (YAML=v2_12 ARGS="--data_folder=DATA")
	cd $(RECIPE) && ../../../$(BIN)/python train.py \
		hparams/$(YAML).yaml $(ARGS)

test: lint  ## Run every check
	$(BIN)/python -m pytest -q

bench-training: .venv  ## Time training against the released code's step
	cd benchmarks && ../$(BIN)/python training.py $(ARGS)

lint: .venv  ## Check style, types and spelling
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/yamllint --strict .
	$(BIN)/codespell
	$(BIN)/mypy

format: .venv  ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

tables: .venv  ## Write the tables of README and docs from docs/results
	$(BIN)/python docs/make_tables.py

clean:  ## Remove the environment and caches; keep data and results
	rm -rf .venv build dist *.egg-info .*_cache .hypothesis

.PHONY: help .venv train test bench-training lint format tables clean
